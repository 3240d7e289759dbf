# capi.sh: C programs, compiled once against the distribution's library, print the same on the stock library and on ours, at
# every threshold: capi calls every function of lua.h, host embeds Lua as real programs do.
. "$(dirname "$0")/lib.sh"
names() { nm -D "$@" | grep -oE '\blua_[a-z]+' | sort -u; }
STOCK=$(ldd "$BIN/e2e/capi" | sed -n 's/.*liblua5\.4\.so\.0 => \([^ ]*\).*/\1/p')
equal "capi calls all of the 98" "$(names "$BIN/e2e/capi" | tr '\n' ' ')" "$(names --defined-only "$STOCK" | tr '\n' ' ')"
for name in capi host; do
    "$BIN/e2e/$name" >"$TMP/stock" 2>"$TMP/err"
    equal "$name on the stock library" $? 0
    for mode in off default threshold=1,function_threshold=1,trace_eagerness=1 torture_guard=3,threshold=2,trace_eagerness=2; do
        JITSTAT=$mode "$JITSTAT" run --core -j -o "$TMP/out" -- "$BIN/e2e/$name" >"$TMP/ours" 2>"$TMP/err"
        equal "$name on ours, $mode" $? 0
        check "$name: the same output, $mode" diff "$TMP/stock" "$TMP/ours"
        loops='sub { my $n = 0; $n += $_->{counters}{TOTAL_COMPILED_LOOPS} for @{$p->{vms}}; $n }->()'
        if [ $mode = off ]; then json "$name: nothing compiled" "$TMP/out" "$loops == 0"; else json "$name: with compiled loops, $mode" "$TMP/out" "$loops > 5"; fi
    done
done
finish
