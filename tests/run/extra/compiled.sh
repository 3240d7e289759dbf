#!/bin/bash
# compiled.sh BINDIR: the programs of tests/bench and tests/programs really run as machine code. Their output is the same
# without it, so this looks at the counters behind each run: something was compiled, and it was entered from the interpreter.
set -u
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
. "$here/sizes.sh"
bin=$(realpath -- "${1:?usage: compiled.sh BINDIR}/jitlua") || exit 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset LUA_INIT LUA_INIT_5_4 JITSTAT
cat > "$work/count.lua" <<'LUA'
-- Runs the program in arg[1]; the counters at its end go to the file in COUNTS.
local js = require "jitstat"
local name = arg[1]
table.move(arg, 2, #arg + 1, 1)
arg[0] = name
local ok, err = pcall(assert(loadfile(name)), table.unpack(arg))
local s = js.get_stats_snapshot()
local f <close> = assert(io.open(os.getenv "COUNTS", "w"))
f:write(ok and "ok" or "error:" .. tostring(err):gsub("%s", "_"), " ", s.counters.TOTAL_COMPILED_LOOPS, " ", s.trace_entries, " ", s.counters.ABORT_CODE_REFUSED, "\n")
LUA
passed=0 failed=0 skipped=0
for file in "$here"/../bench/*.lua "$here"/../programs/*.lua; do
  folder=$(basename "$(dirname "$file")")
  name=$folder/$(basename "$file" .lua)
  size=$(size_of 1 "$name") || { echo "FAIL $name: no size in sizes.sh"; failed=$((failed + 1)); continue; }
  rm -f "$work/counts"
  (cd "$(dirname "$file")" && COUNTS=$work/counts timeout 60 "$bin" "$work/count.lua" "$(basename "$file")" "$size") > /dev/null 2> "$work/err" < /dev/null
  status=$?
  state= loops=0 entries=0 refused=0
  [ -s "$work/counts" ] && read -r state loops entries refused < "$work/counts"
  if [ $status = 0 ] && [ "$state" = ok ] && [ "$loops" -gt 0 ] && [ "$entries" -gt 0 ] && [ "$refused" = 0 ]; then
    passed=$((passed + 1))
  elif case "$name $status $state $loops" in "bench/coro 0 ok 0" | "bench/corogen 0 ok 0") true ;; *) false ;; esac; then # passes as soon as it is compiled
    skipped=$((skipped + 1))
    echo "SKIP $name: nothing but coroutine switches in its loop, which the interpreter does without a trace"
  else
    failed=$((failed + 1))
    echo "FAIL $name: exit status $status, ${state:-no counters}, $loops traces compiled, $entries entered, $refused refused"
    head -n 3 "$work/err"
  fi
done
# the test itself must be able to fail: without the JIT nothing is counted
(cd "$here/../bench" && COUNTS=$work/counts JITSTAT=off "$bin" "$work/count.lua" intsum.lua 1000) > /dev/null 2>&1 < /dev/null
read -r state loops entries refused < "$work/counts"
if [ "$state $loops $entries" = "ok 0 0" ]; then
  passed=$((passed + 1))
else
  echo "FAIL with JITSTAT=off: $state, $loops traces compiled, $entries entered"
  failed=$((failed + 1))
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
