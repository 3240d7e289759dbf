# toy.sh: a guest with the whole engine behind it, and no Lua: 23 loops, 11 bridges and 7 aborts compiled for real,
# watched with BPF. The maps, the process's own snapshot and the events are the same numbers.
. "$(dirname "$0")/lib.sh"
TOY=$BIN/toy
"$TOY" primes >"$TMP/alone" 2>"$TMP/err"
equal "the program alone" $? 0
JITSTAT=off "$TOY" primes >"$TMP/interpreted"
equal "interpreted, the same result" "$(head -n 1 "$TMP/alone")" "$(head -n 1 "$TMP/interpreted")"
root || { skip "equality from the start needs root"; finish; }
"$JITSTAT" run -j --maps -o "$TMP/out" -- "$TOY" primes >"$TMP/in" 2>"$TMP/err"
equal "exit status" $? 0
check "nothing on stderr" test ! -s "$TMP/err"
equal "watched, the same result" "$(head -n 1 "$TMP/in")" "$(head -n 1 "$TMP/interpreted")"
json "one VM" "$TMP/out" '@{$j->{processes}} == 1 && @{$p->{vms}} == 1 && $p->{comm} eq "toy"'
json "23 loops" "$TMP/out" '$v->{counters}{TOTAL_COMPILED_LOOPS} == 23'
json "11 bridges" "$TMP/out" '$v->{counters}{TOTAL_COMPILED_BRIDGES} == 11'
json "7 aborts, of one reason" "$TMP/out" \
    '$v->{counters}{ABORT_NYI_BYTECODE} == 7 && 7 == eval join "+", map { $v->{counters}{$_} } grep { /^ABORT_/ } keys %{$v->{counters}}'
# At its end the VM frees its traces: the snapshot was taken just before.
json "every counter equals the in-process snapshot, but what the end freed" "$TMP/out" \
    "my \$i = load('$TMP/in')->{counters}; !grep { \$v->{counters}{\$_} != \$i->{\$_} && !/FREED/ } keys %\$i"
json "the end freed everything" "$TMP/out" '$v->{counters}{TOTAL_FREED_LOOPS} == 23 && $v->{counters}{TOTAL_FREED_BRIDGES} == 11'
json "the snapshot event carried the copy" "$TMP/out" \
    "my \$i = load('$TMP/in'); same(\$v->{maps}{snapshot}{counters}, \$i->{counters}) &&
        same(\$v->{maps}{snapshot}{times_ns}, \$i->{times_ns}) && same(\$v->{maps}{snapshot}{events}, \$i->{events})"
json "total == base + seen" "$TMP/out" 'adds_up($v->{maps})'
json "BPF itself saw every compile and abort" "$TMP/out" '$v->{maps}{seen}{events}{compile} == 34 && $v->{maps}{seen}{events}{abort} == 7 && $v->{maps}{seen}{events}{free} == 34'
json "and nothing was there before" "$TMP/out" '!grep { $v->{maps}{base}{events}{$_} } keys %{$v->{maps}{base}{events}}'
json "every begin has its end" "$TMP/out" \
    'my $e = $v->{maps}{seen}{events}; !grep { $e->{"${_}__begin"} != $e->{"${_}__end"} || !$e->{"${_}__begin"} } qw(vm tracing optimize backend)'
json "nanoseconds of the end probes are the process's" "$TMP/out" "same(\$v->{maps}{seen}{times_ns}, load('$TMP/in')->{times_ns})"
json "no loss" "$TMP/out" 'same($v->{loss}, {missed => 0, ring_full => 0, map_full => 0, late => 0})'
json "every trace ran and was counted" "$TMP/out" '57 == grep { $_->{runs} > 0 } @{$v->{loop_run_times}}'

# Every program, every way to be traced: the maps agree with the process.
for p in fib classes flush natives; do
    "$JITSTAT" run -j --maps -o "$TMP/$p" -- "$TOY" $p >"$TMP/in" 2>"$TMP/err"
    json "$p: the event's copy is the process's" "$TMP/$p" "same(\$v->{maps}{snapshot}{counters}, load('$TMP/in')->{counters})"
    json "$p: total == base + seen, no loss" "$TMP/$p" 'adds_up($v->{maps}) && $v->{loss}{missed} == 0 && $v->{counters}{TOTAL_COMPILED_LOOPS} > 0'
done

# A process that is in one compiled loop for good and knows nothing of us.
"$TOY" long >/dev/null 2>&1 &
PID=$!
PIDS="$PIDS $PID"
until "$JITSTAT" snapshot -p "$PID" -j >"$TMP/late" 2>/dev/null && perl "$HERE/json.pl" "$TMP/late" '$v && $v->{counters}{TOTAL_COMPILED_LOOPS} == 1' 2>/dev/null; do
    kill -0 "$PID" 2>/dev/null || break
done
json "late, in one compiled loop: totals since its start" "$TMP/late" '$v->{counters}{TOTAL_COMPILED_LOOPS} == 1 && $v->{counters}{TRACING} == 1'
watch "$TMP/counted" --for 0 --counts -j --maps
runs() { "$JITSTAT" snapshot -p "$PID" -j >"$TMP/runs" 2>/dev/null && perl "$HERE/json.pl" "$TMP/runs" 'grep { $_->{kind} eq "l" && $_->{runs} > 1000 } @{$v->{loop_run_times}}'; }
until runs; do kill -0 "$PID" 2>/dev/null || break; done
kill -INT $watcher
wait $watcher
json "run counts come from the running loop" "$TMP/counted" 'grep { $_->{kind} eq "l" && $_->{runs} > 1000 } @{$v->{loop_run_times}}'
json "nothing was missed while attached" "$TMP/counted" '$v->{loss}{missed} == 0 && $v->{counters}{TOTAL_COMPILED_LOOPS} == 1'
kill -9 "$PID"
wait "$PID" 2>/dev/null
finish
