# embed.sh: programs that embed Lua and know no more of us than lua.h and jitstat/jitstat.h run on the distribution's
# library and on ours: hooks, an allocator of their own, many states, threads, fork in a hot loop, a kernel that refuses
# executable memory, and the library loaded and unloaded again.
. "$(dirname "$0")/lib.sh"
EMBED=$BIN/e2e/embed
UNLOAD=$BIN/e2e/unload
STOCK=$(ldd "$EMBED" | sed -n 's/.*liblua5\.4\.so\.0 => \([^ ]*\).*/\1/p')

equal "linked with the stock library" "$("$EMBED" kind)" stock
equal "runs on ours as well" "$(LD_LIBRARY_PATH=$BIN "$EMBED" kind)" ours
for c in hooks alloc states threads fork noexec; do
    timeout 120 "$EMBED" $c >"$TMP/stock" 2>"$TMP/stock.err"
    equal "$c: stock" $? 0
    LD_LIBRARY_PATH=$BIN timeout 120 "$EMBED" $c >"$TMP/ours" 2>"$TMP/ours.err"
    equal "$c: ours $(cat "$TMP/ours.err")" $? 0
    check "$c: the same output" cmp "$TMP/stock" "$TMP/ours"
done
timeout 120 "$UNLOAD" "$STOCK" >"$TMP/stock"
equal "unload: stock" $? 0
timeout 120 "$UNLOAD" "$BIN/liblua5.4.so.0" >"$TMP/ours" 2>"$TMP/ours.err"
equal "unload: ours $(cat "$TMP/ours.err")" $? 0
check "unload: the same output" cmp "$TMP/stock" "$TMP/ours"
finish
