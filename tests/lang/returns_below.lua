-- Recursion that comes back to several places, from many depths: trees, searches, mutual recursion. The places that are
-- returned to have traces of their own; what they see of the frames below must be right when anything goes wrong.
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
local root, x = nil, 17
for _ = 1, 600 do
  x = (x * 7919 + 13) % 10007
  root = insert(root, x)
end
local last, sorted, n = -1, true, 0
for _ = 1, 20 do
  last = -1
  walk(root, function(k) sorted = sorted and k > last; last = k; n = n + 1 end)
end
print(sorted, n, depth(root)) --> true	12000	17

-- results of another type, and more of them, from deep inside
local function count(t, d, ...)
  if not t then return d % 3 == 0 and 1.5 or 1, ... end
  local a = count(t.l, d + 1)
  local b, c, e = count(t.r, d + 1, "x", ...)
  return a + b, c, e
end
local sum = 0
for _ = 1, 20 do sum = sum + count(root, 0) end
print(sum, select("#", count(root, 0)), (select(2, count(root, 0)))) --> 14300.0	3	x

-- an error in the depths, with its traceback; and one that is caught half way up
local function find(t, k, lines)
  if not t then error({ "no " .. k }) end
  if k == t.k then return lines end
  local r = find(k < t.k and t.l or t.r, k, lines + 1)
  return r
end
local misses, hits = 0, 0
for k = 1, 400 do
  local ok, e = pcall(find, root, k, 1)
  if ok then hits = hits + e else misses = misses + #e[1] end
end
print(misses, hits) --> 2150	262
local function down(n) if n == 0 then return debug.traceback("here") end local s = down(n - 1) return s end
local _, lines = down(15):gsub("\n", "\n")
for _ = 1, 200 do local _, m = down(15):gsub("\n", "\n"); assert(m == lines) end
print(lines) --> 19

-- a walk that yields on its way, resumed from another one
local function each(t) if t then each(t.l); coroutine.yield(t.k); each(t.r) end end
local s = 0
for k in coroutine.wrap(function() each(root) end) do s = s + k end
local t2 = nil
for k in coroutine.wrap(function() each(root) end) do t2 = insert(t2, (k * 31) % 1009) end
print(s, depth(t2)) --> 3008604	27

-- Ackermann, hanoi, and a function that returns below a vararg function
local function ack(m, k)
  if m == 0 then return k + 1 end
  if k == 0 then return ack(m - 1, 1) end
  return ack(m - 1, ack(m, k - 1))
end
local function hanoi(k, a, b, c) if k == 0 then return 0 end return hanoi(k - 1, a, c, b) + 1 + hanoi(k - 1, c, b, a) end
local function fold(f, a, ...) if select("#", ...) == 0 then return a end return f(a, (fold(f, ...))) end
print(ack(2, 30), hanoi(11, 1, 2, 3)) --> 63	2047
local f = 0
for i = 1, 300 do f = f + fold(math.max, i, 5, 290, i % 7, 3) end
print(f) --> 87055
