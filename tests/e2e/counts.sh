# counts.sh: run counts are on while somebody is attached to `count`, and only then.
. "$(dirname "$0")/lib.sh"
root || { skip "run counts from outside need root"; finish; }
"$JITSTAT" run -j -o "$TMP/on" -- "$EMITTER" loops=2 entries=1 bridges=1 runs=100 >/dev/null
json "every kind is counted" "$TMP/on" 'same([map { "$_->{kind}$_->{number}=$_->{runs} $_->{greenkey}" } @{$v->{loop_run_times}}], ["l1=100 prog.lua:10", "e1=1 prog.lua:10", "l2=101 prog.lua:11", "e2=1 prog.lua:11", "e3=102 prog.lua:12", "b4=103 prog.lua:13"])'
"$JITSTAT" run -j --no-counts -o "$TMP/off" -- "$EMITTER" loops=2 entries=1 bridges=1 runs=100 >/dev/null
json "--no-counts leaves them off" "$TMP/off" '@{$v->{loop_run_times}} == 4 && !grep { $_->{runs} } @{$v->{loop_run_times}}'
json "and counts nothing else less" "$TMP/off" '$v->{counters}{TOTAL_COMPILED_LOOPS} == 3 && $v->{loss}{missed} == 0'
# The machine code counts by itself as long as nobody in the process asks for more: the numbers are those of the handler.
"$BIN/jitlua" "$HERE/lua/counted.lua" debug | tail -n +2 >"$TMP/inside"
"$JITSTAT" run -j -o "$TMP/outside" -- "$BIN/jitlua" "$HERE/lua/counted.lua" >"$TMP/out"
check "many traces ran" test "$(wc -l <"$TMP/inside")" -gt 8
json "every trace's runs, counted by machine code and by the handler" "$TMP/outside" 'open my $f, "<", "'"$TMP/inside"'"; chomp(my @in = <$f>); same(\@in, [sort map { "$_->{kind} $_->{number} $_->{greenkey} $_->{runs}" } grep { $_->{runs} } @{$v->{loop_run_times}}])'
start loops=1 until=count runs=7 wait until=-count runs=1000 wait
watch "$TMP/out" --for 0 --counts -j
line
kill -INT $watcher
wait $watcher
go
line
"$JITSTAT" snapshot -p "$PID" -j >"$TMP/after"
json "on while attached, off again after" "$TMP/after" '$v->{loop_run_times}[0]{runs} == 7'
go
wait "$PID"

# `loops -c`: on for a moment, and what ran in it; what ran before does not count.
start loops=2 bridges=1 until=count runs=5 wait until=-count wait runs=7 wait
watch "$TMP/first" --for 0 --counts
line
kill -INT $watcher
wait $watcher
go
line
watch_by "$TMP/then" loops -p "$PID" -S number -c 1000 -j
go
line
kill -INT $watcher
wait $watcher
equal "loops -c ends well" $? 0
json "loops -c: the runs of the interval only" "$TMP/then" 'same([map { $_->{runs} } @{$j->{loops}}], [7, 8, 9]) && $j->{interval} > 0'
json "and the loss" "$TMP/then" '$j->{loss}{missed} == 0'
go
wait "$PID"
start loops=1 wait
line
"$JITSTAT" loops -p "$PID" -c 0.01 >"$TMP/out" 2>"$TMP/err"
has "loops -c says for how long" "$TMP/out" '^process .*, in [0-9.]+ s$'
go
wait "$PID"
finish
