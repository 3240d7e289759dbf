#!/bin/bash
# stays.sh BINDIR: programs that meet ever new objects, or loops of a few rounds, and still run in machine code instead of
# leaving it for each. What they print is the same either way, so this looks at the counters: how often compiled code was
# left for a guard.
set -u
bin=$(realpath -- "${1:?usage: stays.sh BINDIR}/jitlua") || exit 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset LUA_INIT LUA_INIT_5_4 JITSTAT
passed=0 failed=0
cat > "$work/count.lua" <<'LUA'
-- Runs arg[1]: prints how many traces were compiled and how often they were left.
assert(loadfile(arg[1]))()
local s = require "jitstat".get_stats_snapshot()
print(s.counters.TOTAL_COMPILED_LOOPS, s.counters.TOTAL_COMPILED_BRIDGES, s.guard_exits)
LUA
# The program on standard input makes 20,000 rounds. It compiles something, at most BRIDGES bridges, and leaves at most EXITS times.
stays() { # NAME BRIDGES EXITS
  local loops bridges exits
  cat > "$work/prog.lua"
  read -r loops bridges exits < <(timeout 60 "$bin" "$work/count.lua" "$work/prog.lua")
  if [ "${loops:-0}" -gt 0 ] && [ "$bridges" -le "$2" ] && [ "$exits" -le "$3" ]; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "FAIL $1: ${loops:-no} traces, ${bridges:-no} bridges (at most $2), left ${exits:-?} times (at most $3)"
  fi
}

stays "a scope for each round" 6 700 <<'LUA'
local root, s = {a = 1}, 0
for i = 1, 20000 do
  local e = setmetatable({}, {__index = root})
  e.b = i
  s = s + e.a + e.b
end
LUA
stays "scopes that come from elsewhere" 12 1500 <<'LUA'
local root, made, s = {a = 1}, {}, 0
for i = 1, 20000 do made[i] = setmetatable({b = i}, {__index = root}) end
for i = 1, 20000 do s = s + made[i].a + made[i].b end
LUA
stays "methods and operators of each object's own" 8 1000 <<'LUA'
local made, s = {}, 0
for i = 1, 20000 do
  made[i] = setmetatable({v = i}, {__index = function(t, k) return #k end, __call = function(t, n) return t.v + n end,
    __add = function(t, n) return t.v * n end, __newindex = function(t, k, v) s = s + v end})
end
for i = 1, 20000 do
  local o = made[i]
  s = s + o.name + o(2) + (o + 3)
  o.new = i
end
LUA
stays "a class with many objects" 2 300 <<'LUA'
local C, s = {}, 0
C.__index = C
function C:get() return self.v end
for i = 1, 20000 do s = s + setmetatable({v = i}, C):get() end
LUA
stays "a loop of few rounds in a function" 4 1000 <<'LUA'
local function sum(...)
  local s = 0
  for i = 1, select("#", ...) do s = s + (select(i, ...)) end
  return s
end
local function forward(...) return sum(...) end
local s = 0
for i = 1, 20000 do s = s + forward(i, 2, 3, 4, 5) end
LUA
stays "errors that are raised and caught in a round" 16 2000 <<'LUA'
local n = 0
local function check(i)
  if i % 3 == 0 then error("three") end
  if i % 3 == 1 then error({code = i}) end
  assert(i < 0, "not negative")
end
for i = 1, 20000 do
  local ok, e = pcall(check, i)
  if not ok then n = n + (type(e) == "table" and e.code or #e) end
end
LUA
echo "$passed passed, $failed failed, 0 skipped"
[ $failed = 0 ]
