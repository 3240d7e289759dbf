# capi.sh: a C program that calls every function of lua.h, compiled once against the distribution's
# library, prints the same on the stock library and on ours, at every threshold.
. "$(dirname "$0")/lib.sh"
PROGRAM=$BIN/e2e/capi
STOCK=$(ldd "$PROGRAM" | sed -n 's/.*liblua5\.4\.so\.0 => \([^ ]*\).*/\1/p')
names() { nm -D "$@" | grep -oE '\blua_[a-z]+' | sort -u; }
equal "it calls all of the 98" "$(names "$PROGRAM" | tr '\n' ' ')" "$(names --defined-only "$STOCK" | tr '\n' ' ')"
"$PROGRAM" >"$TMP/stock" 2>"$TMP/err"
equal "on the stock library" $? 0
for mode in off default threshold=1,function_threshold=1,trace_eagerness=1 torture_guard=3,threshold=2,trace_eagerness=2; do
    JITSTAT=$mode "$JITSTAT" run --core -j -o "$TMP/out" -- "$PROGRAM" >"$TMP/ours" 2>"$TMP/err"
    equal "on ours, $mode" $? 0
    check "the same output, $mode" diff "$TMP/stock" "$TMP/ours"
    loops='sub { my $n = 0; $n += $_->{counters}{TOTAL_COMPILED_LOOPS} for @{$p->{vms}}; $n }->()'
    if [ $mode = off ]; then json "nothing compiled" "$TMP/out" "$loops == 0"; else json "with compiled loops, $mode" "$TMP/out" "$loops > 5"; fi
done
finish
