-- A recursion that is left to several places: they get traces of their own, which the ways down lead to. Without them
-- each way down would be compiled with each way up, and the machine code left once in six calls.
local js = require "jitstat"
js.set_param("default")

local function insert(t, k)
  if not t then return { k = k } end
  if k < t.k then t.l = insert(t.l, k) elseif k > t.k then t.r = insert(t.r, k) end
  return t
end
local function walk(t, f) if t then walk(t.l, f); f(t.k); walk(t.r, f) end end
local function depth(t)
  if not t then return 0 end
  local a, b = depth(t.l), depth(t.r)
  return 1 + (a > b and a or b)
end

local sum, calls, x, root = 0, 0, 1, nil
for _ = 1, 1500 do
  x = (x * 7919 + 13) % 10007
  root = insert(root, x)
end
for _ = 1, 100 do
  sum = sum + depth(root)
  walk(root, function(k) sum = sum + k % 3; calls = calls + 4 end) -- a node and a nil, twice
end
local s = js.get_stats_snapshot()
assert(s.guard_exits * 12 < calls, "left too often: " .. s.guard_exits .. " times in " .. calls .. " calls")
print(sum, calls) --> 153000	600000
