# loss.sh: losses made on purpose are shown to the last event, and the truth stays right.
. "$(dirname "$0")/lib.sh"
root || { skip "losing events needs root"; finish; }
loss() { "$BIN/e2e/loss" "$@"; }

loss 2 0 "$EMITTER" loops=3 vm=b loops=4 vm=c loops=5 >"$TMP/maps"
equal "a full map" $? 0
json "the totals are the truth all the same" "$TMP/maps" 'same([map { $_->{counters}{TOTAL_COMPILED_LOOPS} } @{$p->{vms}}], [3, 4, 5])'
json "two VMs had room" "$TMP/maps" '2 == grep { $_->{maps} && adds_up($_->{maps}) && !$_->{loss}{map_full} } @{$p->{vms}}'
json "every event of the third is counted as lost" "$TMP/maps" 'my $x = $p->{vms}[2]; !$x->{maps} && $x->{loss}{map_full} == 2 + 5 * 7 && $x->{loss}{missed} == 0'
has "in the sum as well" "$TMP/maps" '^loss missed 0 ring_full 0 map_full 37 late 0$'

# Attached when five traces had been compiled: 1 + 5 * 7 events were missed, 3 * 7 + 1 seen.
loss 16 late "$EMITTER" loops=5 until=count loops=3 >"$TMP/late"
json "what happened before is missed, to the last event" "$TMP/late" '$v->{counters}{TOTAL_COMPILED_LOOPS} == 8 && $v->{loss}{missed} == 36 && $v->{maps}{seen}{events}{compile} == 3 && $v->{maps}{seen}{events}{vm__end} == 1'

# 1 MiB of ring that nobody reads: what does not fit is counted, and everything else still adds up.
loss 16 1 "$EMITTER" loops=1000 >"$TMP/ring"
json "a full ring loses no total" "$TMP/ring" '$v->{counters}{TOTAL_COMPILED_LOOPS} == 1000 && adds_up($v->{maps}) && $v->{loss}{missed} == 0 && $v->{loss}{map_full} == 0'
json "and the loss is what did not fit" "$TMP/ring" 'my $fit = 7002 - $v->{loss}{ring_full}; $v->{loss}{ring_full} > 0 && $fit * 400 < (1 << 20) && ($fit + 1) * 700 > (1 << 20)'
loss 16 1 "$EMITTER" loops=100 >"$TMP/ring"
json "a ring with room loses nothing" "$TMP/ring" '$v->{loss}{ring_full} == 0'
finish
