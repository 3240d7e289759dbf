# doctor.sh: what is missing is named with the command that mends it, and decides the exit status.
. "$(dirname "$0")/lib.sh"
cp "$JITSTAT" "$TMP"
chmod 755 "$TMP/jitstat"
find_='my %c = map { $_->{what} => $_ } @{$j->{checks}}; '
"$JITSTAT" doctor >"$TMP/out" 2>"$TMP/err"
s=$?
"$JITSTAT" doctor -j >"$TMP/json"
json "the status says whether something is missing" "$TMP/json" "$find_"'$j->{ok} == ('"$s"' == 0) && $j->{ok} == !grep { $_->{verdict} eq "missing" } @{$j->{checks}}'
json "what is not good has a command" "$TMP/json" "$find_"'@{$j->{checks}} > 10 && !grep { $_->{verdict} ne "ok" && !$_->{mend} } @{$j->{checks}}'
json "every check found something" "$TMP/json" '!grep { !length $_->{found} } @{$j->{checks}}'
equal "as many lines" "$(grep -cE '^(ok|less|MISSING) ' "$TMP/out")" "$(grep -o '"what"' "$TMP/json" | wc -l)"
check "nothing on stderr" test ! -s "$TMP/err"
# At 40 columns only the commands, which are to be copied, may be longer.
TERM=dumb script -qec "stty cols 40; $JITSTAT doctor" /dev/null </dev/null | tr -d '\r' >"$TMP/out"
perl -MJSON::PP -ne 'print map "        $_->{mend}\n", @{decode_json($_)->{checks}}' "$TMP/json" >"$TMP/mends"
check "40 columns" test "$(wc -l <"$TMP/out")" -gt 18 -a -z "$(grep -E '.{41}' "$TMP/out" | grep -vxFf "$TMP/mends")"
start loops=1 alarms=2 wait
line
"$JITSTAT" doctor -j >"$TMP/json"
json "alarms are counted, with where to look" "$TMP/json" "$find_"'$c{alarms}{found} =~ /^(\d+) stand/ && $1 >= 2 && $c{alarms}{mend} eq "jitstat why"'
json "and what was lost" "$TMP/json" "$find_"'$c{loss}{found} =~ /^missed \d+, ring full \d+, map full \d+, late \d+$/'
go
wait "$PID"
root || { skip "taking things away needs root"; finish; }
nobody "$TMP/jitstat" doctor -j >"$TMP/json"
equal "an ordinary user has what is needed" $? 0
json "and less" "$TMP/json" "$find_"'$c{capabilities}{verdict} eq "less" && $c{capabilities}{mend} =~ /^sudo / && $c{"BPF programs"}{verdict} eq "less"'
unshare -m sh -c "mount --make-rprivate /; umount /sys/kernel/tracing /sys/kernel/debug/tracing /sys/fs/bpf 2>/dev/null; mount -t tmpfs none /sys/kernel/btf; $JITSTAT doctor -j" >"$TMP/json"
equal "no BTF: exit 1" $? 1
json "no BTF is missing" "$TMP/json" "$find_"'$c{BTF}{verdict} eq "missing" && $c{BTF}{mend} =~ /CONFIG_DEBUG_INFO_BTF/'
json "no bpffs and no tracefs: less, with the mount" "$TMP/json" "$find_"'$c{bpffs}{mend} eq "sudo mount -t bpf bpf /sys/fs/bpf" && $c{tracefs}{mend} eq "sudo mount -t tracefs tracefs /sys/kernel/tracing"'
finish
