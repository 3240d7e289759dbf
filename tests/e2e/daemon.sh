# daemon.sh: jitstatd watches what runs, what starts and what loads us later, keeps what ended, and shows
# each user what is theirs. Has a folder of its own for lock and socket, and looks only at its own processes.
. "$(dirname "$0")/lib.sh"
root || { skip "jitstatd needs root"; finish; }
. "$HERE/lib/jitstatd.sh"

for bad in --frob --keep "--keep x" "--max-vms 0" "--max-files 0" frob; do
    "$BIN/jitstatd" $bad >"$TMP/out" 2>"$TMP/err"
    equal "jitstatd $bad" $? 2
    has "jitstatd $bad: one line says where to look" "$TMP/err" '^jitstatd: .*\(see --help\)$'
done

begin early loops=5 aborts=3 wait loops=2 wait
daemon_start
ask early
json "runs already: its totals" "$TMP/got" '$v->{compiles} == 5 && $v->{aborts} == 3 && @{$j->{processes}} == 1 && $j->{daemon} && $j->{bpf}'
json "nothing of it is lost" "$TMP/got" "$no_loss"
tell early
ask early
json "what it does then is seen" "$TMP/got" '$v->{compiles} == 7 && $v->{seen} == 2 && '"$no_loss"

begin later loops=23 bridges=11 aborts=7 wait loops=1 kill=9
ask later
json "starts later: seen from the start" "$TMP/got" '$v->{compiles} == 34 && $v->{seen} == 34 && $v->{aborts} == 7 && '"$no_loss"
follow 7 later
tell later
await_end later
ask later
json "killed: its last numbers are kept" "$TMP/got" '$v->{compiles} == 35 && $v->{seen} == 35 && $v->{loops} == 35 && $p->{exited} && $p->{comm} eq "emitter" && '"$no_loss"
followed
has "a follower got the event" "$TMP/events" '"event":"compile",.*"number":35,.*"name":"prog.lua:44"'

# Through the daemon too, trace shows a process to its end: events that the daemon had not sent when it ended are waited for.
begin traced wait loops=23
watch_by "$TMP/traced" trace -p "${of[traced]}" -e compile -j
kill -STOP "$DAEMON"
tell traced
await_end traced
kill -CONT "$DAEMON"
wait "$watcher"
equal "trace through the daemon: every event" "$(grep -c '"event":"compile"' "$TMP/traced")" 23
json "and none was late" "$TMP/traced" '$j->{event} eq "end" && $j->{events} == 23 && $j->{events_lost} == 0'

# The same program as another file: nobody has attached to it yet.
cp "$EMITTER" "$TMP/copy"
EMITTER=$TMP/copy begin copy loops=3 wait loops=4 wait
ask copy
json "a file that was not known" "$TMP/got" '$v->{compiles} == 3 && '"$no_loss"
tell copy
ask copy
json "is attached to" "$TMP/got" '$v->{compiles} == 7 && $v->{seen} >= 4 && '"$no_loss"
cp "$EMITTER" "$TMP/gone"
EMITTER=$TMP/gone begin gone "unlink=$TMP/gone" loops=3 wait loops=4 wait
ask gone
tell gone
ask gone
json "a deleted file" "$TMP/got" '$v->{compiles} == 7 && $v->{seen} >= 4 && '"$no_loss"
# It ends, and its name with it, before all probes of its file are attached: its block was found meanwhile.
cp "$EMITTER" "$TMP/brief"
EMITTER=$TMP/brief begin brief "unlink=$TMP/brief" loops=3 aborts=2 until=free
await_end brief
ask brief
json "a file that was not known, of a process that is gone" "$TMP/got" '$v->{compiles} == 3 && $v->{aborts} == 2 && $p->{exited} && '"$no_loss"
LD_LIBRARY_PATH=$TMP EMITTER=$TMP/emitter-dyn begin shared loops=3 wait
ask shared
json "a shared library" "$TMP/got" '$v->{compiles} == 3 && '"$no_loss"
cp "$BIN/e2e/libemitter.so.0" "$TMP/late.so"
EMITTER=$TMP/loader begin dlopen wait "dlopen=$TMP/late.so" loops=3 wait loops=2 wait
ask dlopen
equal "before dlopen there is nothing" $STATUS 1
tell dlopen
ask dlopen
json "a library that is loaded late" "$TMP/got" '$v->{compiles} == 3 && '"$no_loss"
tell dlopen
ask dlopen
json "is attached to" "$TMP/got" '$v->{compiles} == 5 && $v->{seen} >= 2 && '"$no_loss"

# In a mount namespace where the program's path exists for itself alone.
mkdir "$TMP/mnt"
cat >"$TMP/inside" <<X
#!/bin/sh
mount -t tmpfs none $TMP/mnt && cp $EMITTER $TMP/mnt/emitter && exec $TMP/mnt/emitter "\$@"
X
chmod 755 "$TMP/inside"
if unshare -m true 2>/dev/null; then
    EMITTER="unshare -m $TMP/inside" begin inside loops=3 wait loops=4 wait
    ask inside
    tell inside
    ask inside
    json "a mount namespace" "$TMP/got" '$v->{compiles} == 7 && $v->{seen} >= 4 && '"$no_loss"
else
    skip "no mount namespaces here"
fi
if unshare -pf true 2>/dev/null; then
    EMITTER="unshare -pf --kill-child $TMP/emitter" begin pidns loops=3 wait loops=4 wait
    PIDNS=$(pgrep -P "${of[pidns]}" | head -n 1)
    of[pidns]=$PIDNS
    ask pidns
    json "a pid namespace, by the pid that we see" "$TMP/got" '$p->{pid} == '"$PIDNS"' && $v->{compiles} == 3 && '"$no_loss"
else
    skip "no pid namespaces here"
fi

# Parent and child, both counted right.
begin fork loops=3 fork loops=2 snapshot wait
ask_all
json "a forked child and its parent" "$TMP/got" 'my @f = grep { $_->{pid} == '"${of[fork]}"' || $_->{pid} == load("'"$TMP/out.fork"'", -1)->{pid} } @{$j->{processes}}; same([sort map { $_->{vms}[0]{compiles} } @f], [2, 3]) && !grep { $_->{vms}[0]{seen} != $_->{vms}[0]{compiles} || $_->{vms}[0]{loss}{missed} } @f'

# An exec under the same pid.
begin exec loops=3 "exec=$TMP/emitter" loops=4 wait
ask exec
json "an exec: both images, one of them over" "$TMP/got" 'same([sort map { "$_->{vms}[0]{compiles} $_->{exited}" } @{$j->{processes}}], ["3 1", "4 0"]) && !grep { $_->{vms}[0]{loss}{missed} } @{$j->{processes}}'

# Too short a life for anybody to map its block.
"$EMITTER" loops=6 kill=9 2>/dev/null &
short=$!
wait $short 2>/dev/null
of[short]=$short
ask short
json "a life too short to be looked into" "$TMP/got" '$v->{compiles} == 6 && $v->{seen} == 6 && $v->{loops} == 6 && $p->{exited} && '"$no_loss"

# Private memory: only events tell of it.
EMITTER="prlimit --fsize=0 $TMP/emitter" begin private loops=5 bridges=2 aborts=3 wait
ask private
json "private memory: BPF alone sees it" "$TMP/got" '!$v->{block} && $v->{compiles} == 7 && $v->{loops} == 7 && $v->{sites} == 3 && '"$no_loss"

# Run counts while a client wants them.
begin_on counts loops=2 until=count runs=10 wait until=-count runs=1000 wait
mkfifo "$TMP/hold"
"$BIN/e2e/source" -d -c -p "${of[counts]}" sum line <"$TMP/hold" >"$TMP/counts" 2>/dev/null &
holder=$!
PIDS="$PIDS $holder"
exec 5>"$TMP/hold"
line_of counts
echo >&5
wait "$holder"
tell counts
ask counts
json "run counts while they are wanted" "$TMP/got" '$v->{runs} == 10 + 11'
json "and said so" "$TMP/counts" '$j->{counts} == 1'

# Killed and started again: the blocks have it all.
begin kept loops=9 wait loops=2 wait
kill -9 "$DAEMON"
wait "$DAEMON" 2>/dev/null
tell kept
ask kept
json "without a daemon a client does it itself" "$TMP/got" '!$j->{daemon} && $j->{bpf} && $v->{compiles} == 11'
daemon_start
ask kept
json "after SIGKILL the totals are right" "$TMP/got" '$j->{daemon} && $v->{compiles} == 11 && '"$no_loss"
ask early
json "and of those that it has never seen at work" "$TMP/got" '$v->{compiles} == 7 && '"$no_loss"

"$BIN/jitstatd" >"$TMP/second" 2>&1
equal "a second daemon ends" $? 1
has "and says why" "$TMP/second" "^jitstatd: one is running already \(process $DAEMON\)"

# Users.
cp "$BIN/e2e/source" "$TMP/source"
EMITTER="${NOBODY[*]} $TMP/emitter" begin own loops=4 wait loops=3 wait
nobody "$TMP/source" -d >"$TMP/got" 2>"$TMP/err"
json "a user sees the own processes, and no others" "$TMP/got" '@{$j->{processes}} == 1 && $p->{uid} == 65534 && $v->{compiles} == 4 && $v->{seen} == 4 && $v->{bpf} && '"$no_loss"
nobody "$TMP/source" -d -p "${of[early]}" >"$TMP/got" 2>"$TMP/err"
equal "asked for another's by its number" $? 1
has "it is refused" "$TMP/err" "process ${of[early]} \(emitter\) belongs to user 0"
SOURCE=$TMP/source follow 21 - "${NOBODY[@]}"
begin noise loops=2 wait
tell own
followed
equal "a user's events" "$(grep -c '"event":"compile"' "$TMP/events")" 3
check "and no one else's" test -z "$(grep -v "\"pid\":${of[own]}," "$TMP/events")"
ask own
json "root sees them too" "$TMP/got" '$v->{compiles} == 7'

# Clients that do not behave.
perl "$HERE/rude.pl" "$JITSTAT_DIR/socket" >"$TMP/rude" 2>&1
has "garbage is answered with the end of the connection" "$TMP/rude" '^garbage: closed$'
has "so is a request of the wrong size" "$TMP/rude" '^short: closed$'
has "a daemon has room for so many, and goes on" "$TMP/rude" '^connections: [0-9]+ of 100 served$'
has "one that reads nothing holds nobody up" "$TMP/rude" '^slow: sent'
ask early
json "all others are served" "$TMP/got" '$j->{daemon} && $v->{compiles} == 7'
kill -TERM "$DAEMON"
wait "$DAEMON"
equal "ends well when it is told to" $? 0
check "and leaves no socket" test ! -e "$JITSTAT_DIR/socket"

# Without BPF, too, it looks at nothing but its files.
EMITTER="$BIN/e2e/emitter" begin stranger loops=2 wait
daemon_start --no-bpf
ask_all
json "--no-bpf --files: its own, read from their blocks" "$TMP/got" '!$j->{bpf} && 1 == grep { $_->{pid} == '"${of[early]}"' && $_->{vms}[0]{compiles} == 7 } @{$j->{processes}}'
json "and no other file's" "$TMP/got" '!grep { $_->{pid} == '"${of[stranger]}"' } @{$j->{processes}}'
finish
