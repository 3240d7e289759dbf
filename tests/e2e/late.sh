# late.sh: attached to a process that has run for a while: totals since its start, and what happened
# afterwards is seen to the last event.
. "$(dirname "$0")/lib.sh"
start loops=13 aborts=4 wait loops=10 bridges=11 aborts=3 snapshot wait
line
"$JITSTAT" snapshot -p "$PID" -j >"$TMP/idle" 2>"$TMP/err"
equal "an idle process" $? 0
json "its totals since the start" "$TMP/idle" '$v->{counters}{TOTAL_COMPILED_LOOPS} == 13 && $v->{counters}{TRACING} == 17'
if root; then
    watch "$TMP/out" --for 0 --maps
    go
    line
    echo "$LINE" >"$TMP/in"
    line
    kill -INT $watcher
    wait $watcher
    equal "the watcher ends well" $? 0
    json "counters equal the in-process snapshot" "$TMP/out" "same(\$v->{counters}, load('$TMP/in')->{counters})"
    json "the event carried that copy" "$TMP/out" "same(\$v->{maps}{snapshot}{counters}, load('$TMP/in')->{counters})"
    json "total == base + seen" "$TMP/out" 'adds_up($v->{maps})'
    json "base is what was there before" "$TMP/out" '$v->{maps}{base}{events}{compile} == 13 && $v->{maps}{base}{counters}{OPS} == 13 * 31 + 4 * 13'
    json "seen is what came after" "$TMP/out" '$v->{maps}{seen}{events}{compile} == 21 && $v->{maps}{seen}{events}{abort} == 3'
    json "no loss" "$TMP/out" 'same($v->{loss}, {missed => 0, ring_full => 0, map_full => 0, late => 0})'
    json "run counts stay off unless asked for" "$TMP/out" '!grep { $_->{runs} } @{$v->{loop_run_times}}'
else
    skip "late equality needs root"
fi
go
wait "$PID"

# Attached in the middle of a recording: what it had counted before is base, what it adds is seen.
if root; then
    gone=until=-compile
    machine_watches && gone=
    start loops=2 until=compile until=abort nest loops=1 wait $gone wait
    watch "$TMP/out" --for 0 --counts --maps
    line
    kill -INT $watcher
    wait $watcher
    equal "a busy process" $? 0
    json "nothing is missed that was attached in time" "$TMP/out" '$v->{loss}{map_full} == 0 && $v->{loss}{late} == 0'
    go
    line
    go
    wait "$PID"
    # With --for, to the process's end: also what comes with it.
    start loops=5 wait loops=7 kill=9
    line
    watch "$TMP/out" --for 0 --maps
    go
    wait $watcher
    equal "the watcher ends with the process" $? 0
    json "the last numbers of a killed process" "$TMP/out" '$v->{counters}{TOTAL_COMPILED_LOOPS} == 12 && $v->{maps}{seen}{events}{compile} == 7 && adds_up($v->{maps}) && $v->{loss}{missed} == 0'
    # VMs on other threads than the one that was named.
    start loops=1 wait thread=3 loops=2 wait
    line
    watch "$TMP/out" --for 0 --maps
    go
    line
    kill -INT $watcher
    wait $watcher
    json "VMs of other threads" "$TMP/out" '4 == @{$p->{vms}} && !grep { !adds_up($_->{maps}) || $_->{loss}{missed} } @{$p->{vms}}'
    go
    wait "$PID"
    # A process without a memfd: its events alone tell of it.
    start() { mkfifo "$TMP/in.p" "$TMP/out.p"; (ulimit -f 0; exec "$EMITTER" "$@") <"$TMP/in.p" >"$TMP/out.p" & PID=$!; exec 7>"$TMP/in.p" 8<"$TMP/out.p"; }
    start loops=5 bridges=2 wait loops=3 runs=4 wait
    line
    "$JITSTAT" snapshot -p "$PID" >"$TMP/out" 2>"$TMP/err"
    equal "private memory: nothing to read" $? 1
    watch "$TMP/out" --for 0 --maps
    go
    line
    kill -INT $watcher
    wait $watcher
    json "but to watch, with totals since the start" "$TMP/out" '$v->{counters}{TOTAL_COMPILED_LOOPS} == 8 && $v->{counters}{TOTAL_COMPILED_BRIDGES} == 2 && adds_up($v->{maps}) && $v->{maps}{seen}{events}{compile} == 3 && $v->{loss}{missed} == 0'
    go
    wait "$PID"
fi
finish
