# lua.sh: the Lua guest watched with BPF: 23 loops, 11 bridges, 7 aborts. The maps, the process's own snapshot, its hooks and the
# probes are the same numbers, attached from the start and attached late.
. "$(dirname "$0")/lib.sh"
PROGRAM=$HERE/lua/primes.lua
"$BIN/jitlua" "$PROGRAM" >"$TMP/alone" 2>"$TMP/err"
equal "the program alone" $? 0
equal "its hooks" "$(head -n 1 "$TMP/alone" | cut -d' ' -f3-)" "23 11 7 34"
root || { skip "equality with the maps needs root"; finish; }
"$JITSTAT" run -j --maps -o "$TMP/out" -- "$BIN/jitlua" "$PROGRAM" >"$TMP/in" 2>"$TMP/err"
equal "exit status" $? 0
equal "watched, the same output" "$(head -n 1 "$TMP/in")" "$(head -n 1 "$TMP/alone")"
json "23 loops, 11 bridges, 7 aborts of one reason" "$TMP/out" '$v->{counters}{TOTAL_COMPILED_LOOPS} == 23 && $v->{counters}{TOTAL_COMPILED_BRIDGES} == 11 && $v->{counters}{ABORT_NYI_BYTECODE} == 7'
json "the snapshot event carried the in-process counters" "$TMP/out" "same(\$v->{maps}{snapshot}{counters}, load('$TMP/in')->{counters})"
json "total == base + seen for every number" "$TMP/out" 'adds_up($v->{maps})'
json "probes == hooks (none was suppressed)" "$TMP/out" '$v->{maps}{seen}{events}{compile} == 34 && $v->{maps}{seen}{events}{abort} == 7 && $v->{maps}{seen}{events}{backend__begin} == 34'
json "every begin has its end" "$TMP/out" 'my $e = $v->{maps}{seen}{events}; !grep { $e->{"${_}__begin"} != $e->{"${_}__end"} || !$e->{"${_}__begin"} } qw(vm tracing optimize backend)'
json "no loss" "$TMP/out" 'same($v->{loss}, {missed => 0, ring_full => 0, map_full => 0, late => 0})'
json "green keys name the loops" "$TMP/out" '!grep { $_->{greenkey} !~ /:\d+$/ } @{$v->{loop_run_times}}'

# A process that is busy in one compiled loop and knows nothing of us: totals since its start.
"$BIN/jitlua" -e 'for i = 1, 200 do end while true do end' >/dev/null 2>&1 &
PID=$!
PIDS="$PIDS $PID"
until "$JITSTAT" snapshot -p "$PID" -j >"$TMP/late" 2>/dev/null && perl "$HERE/json.pl" "$TMP/late" '$v && $v->{counters}{TOTAL_COMPILED_LOOPS} == 2' 2>/dev/null; do
    kill -0 "$PID" 2>/dev/null || break
done
json "late: totals since its start" "$TMP/late" '$v->{counters}{TOTAL_COMPILED_LOOPS} == 2 && $v->{counters}{TRACING} == 2'
watch "$TMP/counted" --for 0 --counts -j --maps
runs() { "$JITSTAT" snapshot -p "$PID" -j >"$TMP/runs" 2>/dev/null && perl "$HERE/json.pl" "$TMP/runs" 'grep { $_->{kind} eq "l" && $_->{runs} > 1000 } @{$v->{loop_run_times}}'; }
until runs; do kill -0 "$PID" 2>/dev/null || break; done
kill -INT $watcher
wait $watcher
json "late: run counts come from the running loop" "$TMP/counted" 'grep { $_->{kind} eq "l" && $_->{runs} > 1000 } @{$v->{loop_run_times}}'
json "late: total == base + seen" "$TMP/counted" 'adds_up($v->{maps}) && $v->{loss}{missed} == 0'
kill -9 "$PID"
wait "$PID" 2>/dev/null

# bpftrace and perf count the same compiles and aborts as jitstat.
bpftrace -q -e "usdt:$BIN/jitlua:jitstat:compile { @c = count(); } usdt:$BIN/jitlua:jitstat:abort { @a = count(); }" -c "$BIN/jitlua $PROGRAM" >"$TMP/bt" 2>"$TMP/bt.err"
has "bpftrace counts 34 compiles" "$TMP/bt" '^@c: 34$'
has "bpftrace counts 7 aborts" "$TMP/bt" '^@a: 7$'
finish
