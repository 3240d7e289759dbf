# processes.sh: children, wrappers, scripts, libraries, exec and kill: every process of the family
# is counted on its own and to its end.
. "$(dirname "$0")/lib.sh"
root || { skip "watching families needs root"; finish; }
none='same($_[0]{loss}, {missed => 0, ring_full => 0, map_full => 0, late => 0})'
by_pid='my %h = map { $_->{pid} => $_->{vms}[0] } @{$j->{processes}}; '

"$JITSTAT" run --maps -o "$TMP/fork" -- "$EMITTER" loops=3 fork loops=2 snapshot >"$TMP/in" 2>"$TMP/err"
json "parent and child" "$TMP/fork" '@{$j->{processes}} == 2'
json "each with its own numbers" "$TMP/fork" "$by_pid"' my @i = map { load("'"$TMP/in"'", $_) } 0, 1; same([map { $h{$_->{pid}}{counters} } @i], [map { $_->{counters} } @i])'
json "the child's do not hold its parent's" "$TMP/fork" "same([sort map { \$_->{vms}[0]{counters}{TOTAL_COMPILED_LOOPS} } @{\$j->{processes}}], [2, 5])"
json "both add up" "$TMP/fork" '!grep { !adds_up($_->{vms}[0]{maps}) || $_->{vms}[0]{loss}{missed} } @{$j->{processes}}'

"$JITSTAT" run --maps -o "$TMP/kill" -- "$EMITTER" loops=5 kill=9 2>"$TMP/err"
equal "128 + 9 for SIGKILL" $? 137
json "the last numbers of a killed program" "$TMP/kill" '$v->{counters}{TOTAL_COMPILED_LOOPS} == 5 && $v->{counters}{OPS} == 155 && adds_up($v->{maps}) && $v->{loss}{missed} == 0'

# Without a memfd the block is private memory: only probes lead to it.
(ulimit -f 0; exec "$JITSTAT" run --maps -- "$EMITTER" loops=5 bridges=2 aborts=3 runs=9 kill=9) 2>&1 >/dev/null | cat >"$TMP/private"
json "private memory: BPF alone sees it" "$TMP/private" '$v->{counters}{TOTAL_COMPILED_LOOPS} == 5 && $v->{counters}{TOTAL_COMPILED_BRIDGES} == 2 && adds_up($v->{maps})'
json "its last run counts are copied when it is killed" "$TMP/private" 'join(",", sort map { $_->{runs} } grep { $_->{kind} ne "e" } @{$v->{loop_run_times}}) eq "10,11,12,13,14,15,9"'
json "and nothing is lost" "$TMP/private" 'same($v->{loss}, {missed => 0, ring_full => 0, map_full => 0, late => 0})'

"$JITSTAT" run --maps -o "$TMP/exec" -- "$EMITTER" loops=3 "exec=$EMITTER" loops=4 2>"$TMP/err"
json "an exec begins anew under the same pid" "$TMP/exec" '@{$j->{processes}} == 2 && $j->{processes}[0]{pid} == $j->{processes}[1]{pid} && same([sort map { $_->{vms}[0]{counters}{TOTAL_COMPILED_LOOPS} } @{$j->{processes}}], [3, 4])'
json "nothing of it is missed" "$TMP/exec" '!grep { !adds_up($_->{vms}[0]{maps}) || $_->{vms}[0]{loss}{missed} || $_->{vms}[0]{maps}{seen}{events}{compile} != $_->{vms}[0]{counters}{TOTAL_COMPILED_LOOPS} } @{$j->{processes}}'

# A script: its interpreter is the program with the probes.
printf '#!%s loops=6\n' "$EMITTER" >"$TMP/script"
chmod 755 "$TMP/script"
PATH=$TMP:$PATH "$JITSTAT" run --maps -o "$TMP/scr" -- script end exit=3 2>"$TMP/err"
equal "a script's status" $? 3
json "a script found by PATH, watched from the start" "$TMP/scr" '$v->{counters}{TOTAL_COMPILED_LOOPS} == 6 && $v->{maps}{seen}{events}{vm__begin} == 1 && $v->{loss}{missed} == 0'

# Probes in a shared library that only LD_LIBRARY_PATH finds.
LD_LIBRARY_PATH=$BIN/e2e "$JITSTAT" run --maps -o "$TMP/lib" -- "$BIN/e2e/emitter-dyn" loops=7 runs=5 2>"$TMP/err"
json "a library found by LD_LIBRARY_PATH" "$TMP/lib" '$v->{counters}{TOTAL_COMPILED_LOOPS} == 7 && adds_up($v->{maps}) && $v->{maps}{seen}{events}{vm__begin} == 1 && $v->{loss}{missed} == 0'
json "with run counts" "$TMP/lib" '$v->{loop_run_times}[0]{runs} == 5'

# A wrapper that nobody can see through: late for the first program, and that is shown. (`count` is attached last.)
"$JITSTAT" run --maps -o "$TMP/wrap" -- sh -c "$EMITTER loops=5 until=count loops=3; $EMITTER loops=4" 2>"$TMP/err"
json "both programs are there with right totals" "$TMP/wrap" 'same([sort map { $_->{vms}[0]{counters}{TOTAL_COMPILED_LOOPS} } @{$j->{processes}}], [4, 8])'
json "what was missed of the first is shown" "$TMP/wrap" 'my ($x) = grep { $_->{counters}{TOTAL_COMPILED_LOOPS} == 8 } map { $_->{vms}[0] } @{$j->{processes}}; my ($t, $s) = (0, 0); if ($x->{maps}) { $t += $_ for values %{$x->{maps}{total}{events}}; $s += $_ for values %{$x->{maps}{seen}{events}}; } $x->{maps} && $x->{loss}{missed} == $t - $s'
json "nothing of the second" "$TMP/wrap" 'my ($x) = grep { $_->{counters}{TOTAL_COMPILED_LOOPS} == 4 } map { $_->{vms}[0] } @{$j->{processes}}; $x->{loss}{missed} == 0 && $x->{maps}{seen}{events}{compile} == 4'

# A process of the same program outside of the family is not counted.
start wait loops=3 wait
line
"$JITSTAT" run -j -o "$TMP/other" -- sh -c "$EMITTER loops=2" 2>"$TMP/err"
go
line
json "only the family" "$TMP/other" '@{$j->{processes}} == 1 && $v->{counters}{TOTAL_COMPILED_LOOPS} == 2'
go
wait "$PID"
finish
