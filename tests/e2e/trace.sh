# trace.sh: the events as they happen: with BPF every one, without it what the blocks tell; 23 are 23.
. "$(dirname "$0")/lib.sh"
cp "$JITSTAT" "$EMITTER" "$TMP"
chmod 755 "$TMP"/*
# follow COMMAND...: in the background as $watcher, returns when it follows; its events go into $TMP/events.
follow() {
    rm -f "$TMP/watch"
    mkfifo "$TMP/watch"
    "$@" >"$TMP/events" 2>"$TMP/watch" &
    watcher=$!
    PIDS="$PIDS $watcher"
    exec 9<"$TMP/watch"
    while IFS= read -r LINE <&9; do
        case $LINE in *following*) return ;; esac
    done
}
events() { perl -MJSON::PP -e 'my ($n, $want) = (0, shift); while (<STDIN>) { my $e = decode_json($_); $n += $e->{times} if $e->{event} eq $want } print $n' "$1" <"$TMP/events"; }
STEPS="loops=23 bridges=11 aborts=7 free=3 flush=2 blacklist=1 exits=4 alarms=1"

if root; then
    start wait $STEPS
    line
    follow "$JITSTAT" trace -p "$PID" -e all -j
    equal "with BPF there is nothing to say" "$LINE" "jitstat: following; Ctrl-C ends"
    go
    wait "$PID"
    wait $watcher
    equal "it ends with its process" $? 0
    for e in compile:34 abort:7 free:3 flush:2 blacklist:1 exit__hot:4 alarm:1 tracing__begin:41 tracing__end:41 optimize__begin:34 backend__end:34 vm__end:1; do
        equal "every ${e%%:*}" "$(events "${e%%:*}")" "${e#*:}"
    done
    tail -1 "$TMP/events" >"$TMP/one"
    json "the last line has the loss and the alarms" "$TMP/one" '$j->{event} eq "end" && $j->{events} > 100 && $j->{events_lost} == 0 && $j->{loss}{missed} == 0 && @{$j->{alarms}} == 1'
    grep '"event":"compile"' "$TMP/events" | tail -1 >"$TMP/one"
    json "with what the table says it carries" "$TMP/one" '$j->{kind} eq "b" && $j->{number} == 34 && $j->{ops} == 17 && $j->{guards} == 3 && $j->{guard_number} == 2 && $j->{size} == 128 && $j->{comm} eq "emitter"'
    grep '"event":"abort"' "$TMP/events" | head -1 >"$TMP/one"
    json "an abort has its reason" "$TMP/one" '$j->{reason} eq "ABORT_TOO_LONG" && $j->{reason_id} == 0 && exists $j->{ns}'
    grep '"event":"alarm"' "$TMP/events" >"$TMP/one"
    json "an alarm has its cause and what to do" "$TMP/one" '$j->{alarm} eq "BLACKLISTED" && $j->{detail} eq "ABORT_NYI_CALL" && $j->{advice} =~ /^move the call/'
    start wait $STEPS
    line
    follow "$JITSTAT" trace -p "$PID" -e abort,tracing
    go
    wait "$PID"
    wait $watcher
    equal "only what was asked for" "$(awk '{ print $3 }' "$TMP/events" | grep -cE '^(abort|tracing__begin|tracing__end)$')" $((7 + 41 + 41))
    check "lines are below 80 columns" test -z "$(grep -E '.{80}' "$TMP/events")"
    has "the loss at the end" "$TMP/events" '^loss: missed 0, '
    NOBODYS="${NOBODY[*]}"
else
    skip "all events need root"
    NOBODYS=
fi

# Without BPF: the same outcomes, told by the block. The process stands until the last one was seen.
mkfifo "$TMP/i" "$TMP/o"
$NOBODYS "$TMP/emitter" wait loops=23 bridges=11 aborts=7 alarms=1 wait <"$TMP/i" >"$TMP/o" &
PID=$!
PIDS="$PIDS $PID"
exec 7>"$TMP/i" 8<"$TMP/o"
line
follow $NOBODYS "$TMP/jitstat" trace -p "$PID" -e compile,abort,alarm -r 42 -j
equal "it says what is missing" "$LINE" "jitstat: following outcomes in stats blocks; all events need BPF: sudo; Ctrl-C ends"
go
wait $watcher
equal "it ends after -r events" $? 0
equal "every compile" "$(events compile)" 34
equal "every abort" "$(events abort)" 7
grep '"event":"alarm"' "$TMP/events" >"$TMP/one"
json "an alarm, as with BPF" "$TMP/one" '$j->{alarm} eq "BLACKLISTED" && $j->{detail} eq "ABORT_NYI_CALL" && $j->{advice} =~ /^move the call/'
line
go
wait "$PID"

"$JITSTAT" trace -e frob >"$TMP/out" 2>"$TMP/err"
equal "no such event" $? 2
finish
