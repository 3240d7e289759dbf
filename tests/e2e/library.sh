# library.sh: liblua5.4.so.0 stands in for the distribution's file: the same symbols under the same
# versions and nothing more but our hooks; and a program that links the distribution's file runs on
# ours, watched with BPF.
. "$(dirname "$0")/lib.sh"
OURS=$BIN/liblua5.4.so.0
PROGRAM=$BIN/e2e/lua-dyn
STOCK=$(ldd "$PROGRAM" | sed -n 's/.*liblua5\.4\.so\.0 => \([^ ]*\).*/\1/p')
exported() { nm -D --with-symbol-versions --defined-only "$1" | awk '{ print $2, $3 }' | sed 's/^W /T /' | LC_ALL=C sort; }
needed() { readelf -d "$1" | sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p' | sort | tr '\n' ' '; }

exported "$STOCK" >"$TMP/stock"
exported "$OURS" >"$TMP/ours"
grep -vE ' jitstat_[a-z_]*@@JITSTAT_0$|^A JITSTAT_0$' "$TMP/ours" >"$TMP/ours.lua"
check "the stock's symbols and versions, and no others" diff "$TMP/stock" "$TMP/ours.lua"
equal "154 of them" "$(grep -c '@@LUA_5.4$' "$TMP/ours")" 154
declared=$(grep -oE '\bjitstat_[a-z_]+\(' "$HERE/../../include/jitstat/jitstat.h" | tr -d '(' | LC_ALL=C sort -u | tr '\n' ' ')
equal "every declared hook, and no others" "$(sed -n 's/^T \(jitstat_[a-z_]*\)@@JITSTAT_0$/\1/p' "$TMP/ours" | tr '\n' ' ')" "$declared"
equal "needs libc and libm only" "$(needed "$OURS")" "libc.so.6 libm.so.6 "
equal "SONAME" "$(readelf -d "$OURS" | sed -n 's/.*SONAME.*\[\(.*\)\]/\1/p')" liblua5.4.so.0
check "no text relocations" sh -c '! readelf -d "$1" | grep -qE "TEXTREL"' sh "$OURS"
check "no executable stack" sh -c 'readelf -lW "$1" | grep GNU_STACK | grep -q "RW "' sh "$OURS"
check "nothing writable and executable" sh -c '! readelf -lW "$1" | grep -q RWE' sh "$OURS"

# The same program on both: the standard streams, the modules, hooks if they are there.
cat >"$TMP/p.lua" <<'END'
local s = 0
for n = 1, 300 do for i = 1, 300 do s = s + i % n end end
io.stdout:write("sum ", s, "\n")
io.stderr:write(io.type(io.stdin), "\n")
print(io.read("l"), io.read("n"), _VERSION)
local ok, js = pcall(require, "jitstat")
io.stderr:write("jitstat ", tostring(ok), "\n")
END
printf 'a line\n42\n' >"$TMP/stdin"
"$PROGRAM" "$TMP/p.lua" <"$TMP/stdin" >"$TMP/stock.out" 2>"$TMP/stock.err"
LD_LIBRARY_PATH=$BIN "$PROGRAM" "$TMP/p.lua" <"$TMP/stdin" >"$TMP/ours.out" 2>"$TMP/ours.err"
check "the same output" cmp "$TMP/stock.out" "$TMP/ours.out"
has "the stock has no jitstat" "$TMP/stock.err" '^jitstat false'
has "ours has it" "$TMP/ours.err" '^jitstat true'
LD_PRELOAD=$OURS "$PROGRAM" "$TMP/p.lua" <"$TMP/stdin" 2>&1 >"$TMP/preload.out" | grep -q '^jitstat true'
equal "preloaded as well" $? 0
check "preloaded, the same output" cmp "$TMP/stock.out" "$TMP/preload.out"

root || { skip "watching with BPF needs root"; finish; }
"$JITSTAT" run --core -j --maps -o "$TMP/out" -- "$PROGRAM" "$TMP/p.lua" <"$TMP/stdin" >"$TMP/core.out" 2>"$TMP/core.err"
equal "run --core: exit status" $? 0
check "run --core: the same output" cmp "$TMP/stock.out" "$TMP/core.out"
json "run --core: BPF saw the compiles in the library" "$TMP/out" '$v->{counters}{TOTAL_COMPILED_LOOPS} > 0 && $v->{maps}{seen}{events}{compile} > 0'
json "run --core: total == base + seen" "$TMP/out" 'adds_up($v->{maps}) && same($v->{loss}, {missed => 0, ring_full => 0, map_full => 0, late => 0})'
json "run --core: run counts" "$TMP/out" 'grep { $_->{kind} eq "l" && $_->{runs} > 1000 } @{$v->{loop_run_times}}'
"$JITSTAT" run --core -j --maps -o "$TMP/out" -- sh -c "'$PROGRAM' '$TMP/p.lua'; :" <"$TMP/stdin" >"$TMP/core.out" 2>"$TMP/core.err"
check "run --core on a wrapper: the same output" cmp "$TMP/stock.out" "$TMP/core.out"
json "run --core on a wrapper: BPF saw the compiles" "$TMP/out" '$v->{counters}{TOTAL_COMPILED_LOOPS} > 0 && $v->{maps}{seen}{events}{compile} > 0'
cp "$JITSTAT" "$TMP/jitstat"
"$TMP/jitstat" run --core -- true 2>"$TMP/lost.err"
equal "run --core without the library: status" $? 125
has "and it says where it looked" "$TMP/lost.err" "neither in $TMP nor in"
"$JITSTAT" run -j -o "$TMP/none" -- "$PROGRAM" "$TMP/p.lua" <"$TMP/stdin" >"$TMP/core.out" 2>"$TMP/none.err"
has "without --core it is the stock library" "$TMP/none.err" 'began no VM of ours'

# bpftrace lists the library's probes with their semaphores, and attaches to a process that has it mapped.
want=$(sed -n 's/^JITSTAT_EVENT(\([a-z_]*\),.*/\1/p' "$HERE/../../include/jitstat/events.def" | sort)
equal "bpftrace lists every probe" "$(bpftrace -l "usdt:$OURS:*" 2>/dev/null | sed 's/.*:jitstat://' | sort)" "$want"
check "all with semaphores" test -z "$(readelf -n "$OURS" | grep 'Semaphore: 0x0000000000000000')"
LD_LIBRARY_PATH=$BIN says "$TMP/up" '^up$' "$PROGRAM" -e 'print "up" io.stdout:flush() while true do load("for i = 1, 9999 do end")() end'
bpftrace -q -e "usdt:$OURS:jitstat:compile { printf(\"compiled %s\\n\", str(arg3)); exit(); }" -p "$PID" >"$TMP/bt" 2>"$TMP/bt.err"
kill -9 "$PID"
wait "$PID" 2>/dev/null
has "bpftrace attaches to it in a running process" "$TMP/bt" '^compiled '
finish
