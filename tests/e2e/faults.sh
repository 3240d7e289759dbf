# faults.sh [BINDIR] [all]: what can go wrong with jitstatd and its processes, made to happen: the numbers stay right, and what is
# lost is shown to the last event. `make check` kills the daemon at three phases of its start, `make check-long` at all.
. "$(dirname "$0")/lib.sh"
root || { skip "jitstatd needs root"; finish; }
. "$HERE/lib/jitstatd.sh"
gone=until=-compile
machine_watches && gone=
begin old loops=4 wait $gone loops=2 wait

# Killed while it finds processes, loads, attaches, listens and serves.
phases=(bpf:40 perf_event_open:8 listen:1)
[ "${2:-}" = all ] && phases+=(openat:30 bpf:1 bpf:80 perf_event_open:1 perf_event_open:3 perf_event_open:16 flock:1 bind:1 epoll_wait:1)
if command -v strace >/dev/null; then
    n=0
    for at in "${phases[@]}"; do
        strace -f -o /dev/null -e trace="${at%:*}" -e inject="${at%:*}:signal=SIGKILL:when=${at#*:}" \
            "$BIN/jitstatd" --files "$TMP/" >"$TMP/killed" 2>&1
        [ $? = 137 ] || { [ "$at" = epoll_wait:1 ] && grep -q ready "$TMP/killed"; } || not_ok "killed at $at: $(cat "$TMP/killed")"
        n=$((n + 1))
    done
    equal "killed in so many places" $n ${#phases[@]}
else
    skip "strace is not installed: no kill at every phase"
fi
tell old
if [ "$gone" ]; then ok "the probes of the killed are gone: nobody watches the process"; else skip "a jitstatd runs on this machine and watches every process"; fi
daemon_start
ask old
json "the next daemon starts, with right totals" "$TMP/got" '$j->{daemon} && $v->{compiles} == 6 && '"$no_loss"

# Two agents at one process.
begin both loops=3 wait loops=5 wait
mkfifo "$TMP/second.in" "$TMP/second.out"
"$BIN/e2e/source" -D -b -p "${of[both]}" line snapshot <"$TMP/second.in" >"$TMP/second.out" &
second=$!
PIDS="$PIDS $second"
exec 5>"$TMP/second.in" 4<"$TMP/second.out"
read -r LINE <&4
tell both
echo >&5
cat <&4 >"$TMP/second"
ask both
json "two agents: the daemon sees everything" "$TMP/got" '$v->{compiles} == 8 && $v->{seen} == 8 && '"$no_loss"
json "and so does the other since it came" "$TMP/second" '$v->{compiles} == 8 && $v->{seen} == 5 && '"$no_loss"

# A pid that is used again.
pid=
for try in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    rm -f "$TMP/reuse.in" "$TMP/reuse.out"
    mkfifo "$TMP/reuse.in" "$TMP/reuse.out"
    { [ -z "$pid" ] || echo $((pid - 1)) >/proc/sys/kernel/ns_last_pid; } 2>/dev/null
    "$TMP/emitter" loops=$((${pid:+20} + 3)) wait <"$TMP/reuse.in" >"$TMP/reuse.out" &
    got=$!
    exec 5>"$TMP/reuse.in" 4<"$TMP/reuse.out"
    read -r LINE <&4
    [ "$got" = "$pid" ] && break
    of[reuse]=$got
    ask reuse
    echo >&5
    wait "$got"
    pid=$got
done
if [ "$got" = "$pid" ]; then
    of[reuse]=$pid
    ask reuse
    json "a pid used again: two processes, each with its own numbers" "$TMP/got" '2 == grep { $_->{pid} == '"$pid"' } @{$j->{processes}} and same([sort map { "$_->{vms}[0]{compiles} $_->{exited}" } @{$j->{processes}}], ["23 0", "3 1"]) || (23 == $j->{processes}[-1]{vms}[0]{compiles} && $j->{processes}[0]{exited} && $j->{processes}[0]{start} != $j->{processes}[-1]{start})'
    json "and nothing mixed up or lost" "$TMP/got" "$no_loss"
    echo >&5
    wait "$pid"
else
    skip "the same pid was not given again in 20 tries: this kernel or container does not let us choose"
fi

# Blocks that lie, beside one that does not.
for what in magic size count chain seq names; do
    begin "$what" loops=5 bridges=2 aborts=3 "evil=$what" wait
done
ask old
json "lying blocks: the others are served" "$TMP/got" '$j->{daemon} && $v->{compiles} == 6 && '"$no_loss"
ask_all
json "of a lying one comes what can be read" "$TMP/got" '1 == grep { $_->{pid} == '"${of[chain]}"' && $_->{vms}[0]{compiles} == 7 && $_->{vms}[0]{loss}{late} } @{$j->{processes}}'
begin big bigkey=1000000 wait
ask big
json "a green key of 1 MB: its end" "$TMP/got" '$v->{loops} == 1 && $v->{name} =~ /^\.\.\.k+end:123$/ && length $v->{name} < 112 && '"$no_loss"
kill "$DAEMON"
wait "$DAEMON"

# No room for a third VM: each of its events is lost, and shown as that. The totals are the block's.
daemon_start --max-vms 2
begin room1 loops=3 wait
begin room2 loops=4 wait
EMITTER="prlimit --fsize=0 $TMP/emitter" begin room3 loops=5 wait
ask_all
json "a full map: every event of the third VM is counted as lost" "$TMP/got" '$j->{loss}{map_full} == 1 + 5 * 7 && $j->{loss}{missed} == 0 && $j->{loss}{ring_full} == 0'
kill "$DAEMON"
wait "$DAEMON"

# What is kept of those that ended is kept whole: with its block goes what BPF saw of a process, and the other way round.
# left N: asks until no more than N that ended are shown: jitstatd forgets every five seconds.
left() {
    local end=$((SECONDS + 60))
    until ask_all && perl "$HERE/json.pl" "$TMP/got" "$1 >= grep { \$_->{exited} } @{\$j->{processes}}" || [ $SECONDS -ge $end ]; do read -r -t 0.2 <> <(:); done
}
daemon_start --keep-processes 3
begin whole loops=4 wait
ask whole
json "it is there while it runs" "$TMP/got" '$v->{compiles} == 4 && '"$no_loss"
tell whole
await_end whole
for i in 1 2 3; do # BPF alone sees them
    EMITTER="prlimit --fsize=0 $TMP/emitter" begin "alone$i" loops=$i wait
    tell "alone$i"
    await_end "alone$i"
done
left 3
json "three that ended are kept, and no half" "$TMP/got" 'my @e = grep { $_->{exited} } @{$j->{processes}}; 3 == @e && !grep { $_->{vms}[0]{block} || grep { $_ } values %{$_->{vms}[0]{loss}} } @e'
begin again1 loops=5 wait
ask again1
tell again1
await_end again1
left 3
json "the next one, with its block, in the place of the oldest" "$TMP/got" 'my @e = grep { $_->{exited} } @{$j->{processes}}; 3 == @e && 1 == grep { $_->{vms}[0]{compiles} == 5 } @e and !grep { grep { $_ } values %{$_->{vms}[0]{loss}} } @e'
kill "$DAEMON"
wait "$DAEMON"

# No room for a third file: one that nobody maps any more makes it.
daemon_start --max-files 2
cp "$TMP/emitter" "$TMP/file1"
cp "$TMP/emitter" "$TMP/file2"
EMITTER=$TMP/file1 begin file1 loops=2 wait loops=3 wait
ask file1
tell file1
ask file1
json "a second file" "$TMP/got" '$v->{compiles} == 5 && $v->{seen} >= 3'
tell file1
await_end file1
EMITTER=$TMP/file2 begin file2 loops=2 wait loops=3 wait
ask file2
tell file2
ask file2
json "a third, in the place of the second" "$TMP/got" '$v->{compiles} == 5 && $v->{seen} >= 3 && '"$no_loss"
ask file1
json "whose numbers are kept" "$TMP/got" '$v->{compiles} == 5 && $p->{exited} && '"$no_loss"
kill "$DAEMON"
wait "$DAEMON"

# A flood that must lose: a follower that does not read. What came and what is shown as lost are all.
daemon_start
begin flood wait loops=5000 wait loops=1 wait
mkfifo "$TMP/flood.in" "$TMP/flood.out"
"$BIN/e2e/source" -d -p "${of[flood]}" ready line drain total=35007 <"$TMP/flood.in" >"$TMP/flood.out" 2>"$TMP/flood.err" &
PIDS="$PIDS $!"
exec 5>"$TMP/flood.in" 4<"$TMP/flood.out"
read -r LINE <&4
read -r LINE <&4
tell flood
echo >&5
read -r LINE <&4
tell flood
cat <&4 >"$TMP/flood"
json "a flood: received and lost are all" "$TMP/flood" '$j->{received} + $j->{late} + $j->{ring_full} == 35007'
json "it did lose" "$TMP/flood" '$j->{late} + $j->{ring_full} > 0 && $j->{received} > 100'
ask flood
json "and no total" "$TMP/got" '$v->{compiles} == 5001 && $v->{seen} == 5001 && $v->{loss}{missed} == 0'
kill "$DAEMON"
wait "$DAEMON"

# Nothing is pinned: no bpffs, or one that cannot be written, makes no difference.
for how in "umount -l /sys/fs/bpf" "mount -o remount,bind,ro /sys/fs/bpf"; do
    rm -f "$TMP/nofs"
    mkfifo "$TMP/nofs"
    unshare -m sh -c "mount --make-rprivate /; $how 2>/dev/null; exec $BIN/jitstatd --files $TMP/" >"$TMP/nofs" 2>&1 &
    DAEMON=$!
    PIDS="$PIDS $DAEMON"
    exec 6<"$TMP/nofs"
    read -r LINE <&6
    begin "fs$DAEMON" loops=6 wait
    ask "fs$DAEMON"
    json "without bpffs: ${how%% *}" "$TMP/got" '$j->{daemon} && $v->{compiles} == 6 && $v->{seen} == 6 && '"$no_loss"
    kill "$DAEMON"
    wait "$DAEMON"
done

# Places that are not to be trusted.
mkdir -m 777 "$TMP/open"
"$BIN/jitstatd" --dir "$TMP/open" >"$TMP/out" 2>&1
equal "a folder that others may write" $? 1
has "is refused with why" "$TMP/out" "must be root's, and nobody else's to write"
mkdir "$TMP/linked"
ln -s "$TMP/victim" "$TMP/linked/lock"
"$BIN/jitstatd" --dir "$TMP/linked" >"$TMP/out" 2>&1
equal "a lock that is a link" $? 1
check "is not followed" test ! -e "$TMP/victim"
"${NOBODY[@]}" "$TMP/emitter" >/dev/null 2>&1
cp "$BIN/jitstatd" "$TMP/jitstatd"
nobody "$TMP/jitstatd" >"$TMP/out" 2>&1
equal "an ordinary user's daemon" $? 1
has "says what it needs" "$TMP/out" "needs root"
finish
