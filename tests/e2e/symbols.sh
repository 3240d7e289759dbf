# symbols.sh: perf sees compiled code by name: the perf map, and the jitdump file with source lines.
. "$(dirname "$0")/lib.sh"
cp "$HERE/lua/listed.lua" "$TMP"
mkfifo "$TMP/hold"
cd "$TMP"
JITSTAT=perfmap=1,jitdump=1 says "$TMP/out" '^ready' "$BIN/jitlua" listed.lua <>"$TMP/hold"
for n in $(awk '$1 == "trace" { print $2 }' "$TMP/out"); do
    "$JITSTAT" dump -p $PID -j "$n" >"$TMP/json"
    at=$(perl -MJSON::PP -0777 -ne 'my $j = decode_json($_); printf "%x %x", @$j{"code_addr", "code_size"}' "$TMP/json")
    has "trace $n is in the perf map" "/tmp/perf-$PID.map" "^$at lua:listed.lua:15 [lb]$n\$"
done
equal "each once" "$(grep -c ' lua:listed.lua:15 ' /tmp/perf-$PID.map)" "$(grep -c '^trace' "$TMP/out")"
DUMP=/tmp/jitstat-$(id -u)/jit-$PID.dump
equal "the jitdump file begins like one" "$(head -c 4 "$DUMP" | od -An -tx1 | tr -d ' ')" "4454694a"
equal "nobody else may write it" "$(stat -c %a "$DUMP")" 644
kill $PID
rm -f "/tmp/perf-$PID.map" "$DUMP"
if root; then
    # A folder that somebody else made is not used.
    mv /tmp/jitstat-65534 "$TMP/old" 2>/dev/null
    mkdir -m 777 /tmp/jitstat-65534
    chmod 755 "$TMP"
    JITSTAT=jitdump=1 nobody "$BIN/jitlua" -e 'local s = 0 for i = 1, 1000 do s = s + i end print(s)' >"$TMP/out"
    equal "the program runs without" "$(cat "$TMP/out")" 500500
    equal "nothing is written into a stranger's folder" "$(ls -A /tmp/jitstat-65534)" ""
    rmdir /tmp/jitstat-65534
fi
cat >hot.lua <<'END'
local function work(n)
  local s = 0
  for i = 1, n do
    s = s + i % 7
  end
  return s
end
local s, rounds = 0, 0
while rounds < 600 do s, rounds = s + work(1000000), rounds + 1 end
print("pid", io.open("/proc/self/stat"):read("n"))
END
JITSTAT=jitdump=1 perf record -q -k 1 -e cpu-clock -g -o "$TMP/data" -- "$BIN/jitlua" hot.lua >"$TMP/out" 2>"$TMP/err"
PID=$(awk '$1 == "pid" { print $2 }' "$TMP/out")
perf inject --jit -i "$TMP/data" -o "$TMP/jitted" >>"$TMP/out" 2>&1
perf script -i "$TMP/jitted" -F ip,sym 2>/dev/null >"$TMP/script"
has "perf inject names the samples" "$TMP/script" 'lua:hot.lua:4 l[0-9]+'
# A stack: the trace (in the trampoline's frame), who entered it, the interpreter, main.
perl -00 -ne '$a++ if /lua:hot/; $b++ if /lua:hot.*\n.* jit_run\n(?:.*\n)*?.* main\n/; END { exit !($a > 20 && $b > 0.9 * $a) }' "$TMP/script"
equal "stacks go from the trace to main" $? 0
perf annotate -i "$TMP/jitted" --stdio -l 2>/dev/null >"$TMP/annotate"
has "with source lines" "$TMP/annotate" 'hot.lua:[34]'
rm -f "/tmp/jitstat-$(id -u)/jit-$PID.dump" /tmp/jitstat-$(id -u)/jitted-$PID-*.so
JITSTAT=perfmap=1 perf record -q -e cpu-clock -g -o "$TMP/data2" -- "$BIN/jitlua" hot.lua >"$TMP/out" 2>"$TMP/err"
perf script -i "$TMP/data2" -F ip,sym 2>/dev/null >"$TMP/script"
has "the perf map names them too" "$TMP/script" 'lua:hot.lua:4 l[0-9]+'
rm -f "/tmp/perf-$(awk '$1 == "pid" { print $2 }' "$TMP/out").map"

# Code that is freed, and its addresses taken by another trace: the jitdump has times, so every sample has the name of what ran then.
cat >reuse.lua <<'END'
local function first(n)
  local s = 0
  for i = 1, n do s = s + i % 7 end
  return s
end
local function second(n)
  local s = 0
  for i = 1, n do s = s + i % 5 end
  return s
end
local function busy(f)
  local rounds = 0
  while rounds < 300 do rounds = rounds + 1 f(1000000) end
end
busy(first)
require("jitstat").releaseall()
collectgarbage()
busy(second)
print("pid", io.open("/proc/self/stat"):read("n"))
END
JITSTAT=jitdump=1,perfmap=1 perf record -q -k 1 -e cpu-clock -o "$TMP/data3" -- "$BIN/jitlua" reuse.lua >"$TMP/out" 2>"$TMP/err"
PID=$(awk '$1 == "pid" { print $2 }' "$TMP/out")
perf inject --jit -i "$TMP/data3" -o "$TMP/jitted3" >>"$TMP/out" 2>&1
perf script -i "$TMP/jitted3" -F time,ip,sym 2>/dev/null | sed -nE 's/^ *([0-9.]+): +([0-9a-f]+) lua:reuse.lua:([38]) .*/\1 \2 \3/p' >"$TMP/samples"
# Sample by sample in the order of time: the first loop, then the second, and never back; many at addresses of both.
awk '{ if ($3 == 3 && second) bad++; if ($3 == 8) second++; else first++; if ($3 == 3) at[$2] = 1; else if ($2 in at) both++ }
    END { print (first > 50), (second > 50), (both > 20), bad + 0 }' "$TMP/samples" >"$TMP/told"
equal "perf inject: each sample has the name of the trace that ran then" "$(cat "$TMP/told")" "1 1 1 0"
equal "the perf map has both names of one address" "$(grep -E ' lua:reuse.lua:[38] l' "/tmp/perf-$PID.map" | cut -d' ' -f1 | sort | uniq -d | wc -l)" 1
rm -f "/tmp/perf-$PID.map" "/tmp/jitstat-$(id -u)/jit-$PID.dump" /tmp/jitstat-$(id -u)/jitted-$PID-*.so
finish
