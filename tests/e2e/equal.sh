# equal.sh: 23 compiles, 11 bridges and 7 aborts, watched from the start: what BPF counted, what the
# process says of itself and what jitstat shows are the same numbers.
. "$(dirname "$0")/lib.sh"
root || { skip "equality from the start needs root"; finish; }
"$JITSTAT" run --maps -o "$TMP/out" -- "$EMITTER" loops=23 bridges=11 aborts=7 entries=5 nest free=3 flush=2 blacklist=1 exits=4 \
    snapshot >"$TMP/in" 2>"$TMP/err"
equal "exit status" $? 0
check "nothing on stderr" test ! -s "$TMP/err"
json "one process, one VM" "$TMP/out" '$j->{version} == 1 && @{$j->{processes}} == 1 && @{$p->{vms}} == 1 && $p->{comm} eq "emitter"'
json "compiles" "$TMP/out" '$v->{counters}{TOTAL_COMPILED_LOOPS} == 23 + 5 + 1 && $v->{counters}{TOTAL_COMPILED_BRIDGES} == 11'
json "aborts" "$TMP/out" 'my $n = 0; $n += $v->{counters}{$_} for grep { /^ABORT_/ } keys %{$v->{counters}}; $n == 7'
json "counters equal the in-process snapshot" "$TMP/out" "same(\$v->{counters}, load('$TMP/in')->{counters})"
json "the event carried that copy" "$TMP/out" "my \$i = load('$TMP/in'); same(\$v->{maps}{snapshot}{counters}, \$i->{counters}) && same(\$v->{maps}{snapshot}{times_ns}, \$i->{times_ns}) && same(\$v->{maps}{snapshot}{events}, \$i->{events})"
json "total == base + seen" "$TMP/out" 'adds_up($v->{maps})'
json "the base is zero" "$TMP/out" '!grep { $v->{maps}{base}{events}{$_} } keys %{$v->{maps}{base}{events}}'
json "the maps have the end of the VM" "$TMP/out" '$v->{maps}{seen}{events}{vm__end} == 1'
json "nanoseconds of the end probes are the process's" "$TMP/out" "same(\$v->{maps}{seen}{times_ns}, load('$TMP/in')->{times_ns})"
json "seconds shown are those nanoseconds" "$TMP/out" 'my $bad = grep { abs($v->{counter_times}{$_} * 1e9 - $v->{maps}{total}{times_ns}{$_}) > 0.5 } qw(TRACING BACKEND OPTIMIZE); !$bad'
json "measured from outside as well" "$TMP/out" '$v->{maps}{phases}{TRACING}{count} == 23 + 11 + 7 + 5 + 2 && $v->{maps}{phases}{BACKEND}{ns} > 0'
json "the histogram holds every phase" "$TMP/out" 'my $n = 0; $n += $_ for @{$v->{maps}{phases}{OPTIMIZE}{log2}}; $n == $v->{maps}{phases}{OPTIMIZE}{count}'
json "no loss" "$TMP/out" 'same($v->{loss}, {missed => 0, ring_full => 0, map_full => 0, late => 0})'
json "every counter of PyPy's is there by name" "$TMP/out" '26 == grep { exists $v->{counters}{$_} } qw(TRACING BACKEND OPS HEAPCACHED_OPS RECORDED_OPS GUARDS OPT_OPS OPT_GUARDS OPT_GUARDS_SHARED OPT_FORCINGS OPT_VECTORIZE_TRY OPT_VECTORIZED ABORT_TOO_LONG ABORT_BRIDGE ABORT_BAD_LOOP ABORT_ESCAPE ABORT_FORCE_QUASIIMMUT ABORT_SEGMENTED_TRACE FORCE_VIRTUALIZABLES NVIRTUALS NVHOLES NVREUSED TOTAL_COMPILED_LOOPS TOTAL_COMPILED_BRIDGES TOTAL_FREED_LOOPS TOTAL_FREED_BRIDGES)'

"$JITSTAT" run --maps -o "$TMP/vms" -- "$EMITTER" loops=3 snapshot end vm=two bridges=5 snapshot thread=7 >"$TMP/in" 2>"$TMP/err"
json "several VMs, on several threads" "$TMP/vms" '@{$p->{vms}} == 9 && !grep { !adds_up($_->{maps}) } @{$p->{vms}}'
json "the first VM's snapshot" "$TMP/vms" "same(\$p->{vms}[0]{counters}, load('$TMP/in', 0)->{counters})"
json "the second VM's snapshot" "$TMP/vms" "same(\$p->{vms}[1]{counters}, load('$TMP/in', 1)->{counters})"
json "the threads' loops" "$TMP/vms" '7 == grep { $_->{vm} > 2 && $_->{counters}{TOTAL_COMPILED_LOOPS} == 5 && @{$_->{loop_run_times}} == 5 } @{$p->{vms}}'
finish
