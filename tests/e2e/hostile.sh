# hostile.sh: a process may lie in its block; jitstat reports, skips, and never dies of it.
. "$(dirname "$0")/lib.sh"
for what in magic size count chain seq names; do
    start loops=5 bridges=2 aborts=3 alarms=3 leave=2000 "evil=$what" wait
    line
    "$JITSTAT" snapshot -p "$PID" -j >"$TMP/$what.json" 2>"$TMP/$what.err"
    s=$?
    check "$what: no crash" test $s -le 1
    "$JITSTAT" snapshot -p "$PID" >"$TMP/$what.txt" 2>>"$TMP/$what.err"
    check "$what: no control character" test -z "$(LC_ALL=C grep -P '[\x00-\x08\x0b-\x1f\x7f-\xff]' "$TMP/$what.txt" "$TMP/$what.err")"
    "$JITSTAT" list >"$TMP/list" 2>&1
    equal "$what: list goes on" $? 0
    for view in list loops aborts exits why metrics stat; do
        "$JITSTAT" $view >"$TMP/$view" 2>&1
        s=$?
        check "$what: $view goes on, clean" test $s = 0 -a -z "$(LC_ALL=C grep -P '[\x00-\x08\x0b-\x1f\x7f-\xff]' "$TMP/$view")"
    done
    "$JITSTAT" snapshot -a -j >"$TMP/saved"
    check "$what: what was saved can be read again" "$JITSTAT" why -i "$TMP/saved" >/dev/null
    go
    wait "$PID"
done
for what in magic size; do
    has "$what: said in one line" "$TMP/$what.err" '^jitstat: process [0-9]+: its stats block cannot be trusted: '
done
json "chain: what was readable stands, the rest is counted" "$TMP/chain.json" '$v->{counters}{TOTAL_COMPILED_LOOPS} == 5 && $v->{loss}{late} >= 1'
json "seq: a record that never stands still is counted" "$TMP/seq.json" '$v->{loss}{late} == 1'
json "names: valid JSON all the same" "$TMP/names.json" '@{$v->{loop_run_times}} == 7'
json "count: the directory ends where it ends" "$TMP/count.json" '$v->{counters}{TOTAL_COMPILED_LOOPS} == 5'
finish
