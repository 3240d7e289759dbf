-- A recursion that is left to several places: they get traces of their own, which the ways down lead to. Without them
-- each way down would be compiled with each way up, and the machine code left fifty times as often.
local js = require "jitstat"
js.set_param("default")

-- a number's partitions into parts up to k: both calls come back to a place of their own, from any depth
local calls = 0
local function parts(n, k)
  calls = calls + 1
  if n == 0 then return 1 end
  if n < 0 or k == 0 then return 0 end
  local with = parts(n - k, k)
  local without = parts(n, k - 1)
  return with + without
end
print(parts(48, 48), calls) --> 147273	1921523
local s = js.get_stats_snapshot()
assert(s.guard_exits * 100 < calls, "left too often: " .. s.guard_exits .. " times in " .. calls .. " calls")
