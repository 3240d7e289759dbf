-- pairs, ipairs and next: order of the array part, early nil, __pairs, __index under ipairs, state that is passed around.
local t = {}
for i = 1, 300 do t[i] = i * 2 end
local s = 0
for i, v in ipairs(t) do s = s + i * v end
for i, v in pairs(t) do s = s + i * v end
for i, v in next, t do s = s + i * v end
for i, v in next, t, nil do s = s + i * v end
print(s) --> 72360400
-- an array by pairs comes in order
local last, ordered = 0, true
for k in pairs(t) do
  if k ~= last + 1 then ordered = false end
  last = k
end
print(ordered, last) --> true	300
-- ipairs stops at the first nil
t[100] = nil
local n = 0
for _ in ipairs(t) do n = n + 1 end
print(n) --> 99
local hash = {}
for i = 1, 300 do hash["k" .. i] = i end
local sum, count = 0, 0
for round = 1, 20 do
  for k, v in pairs(hash) do
    sum = sum + v
    if k == "k" .. v then count = count + 1 end
  end
end
print(sum, count) --> 903000	6000
-- nested traversals of one table
local pairs_count = 0
local small = { a = 1, b = 2, c = 3, 10, 20 }
for round = 1, 50 do
  for k1, v1 in pairs(small) do
    for k2, v2 in pairs(small) do
      if k1 == k2 then pairs_count = pairs_count + v1 * v2 end
    end
  end
end
print(pairs_count) --> 25700
-- an empty table, and a table that was emptied
local empties = 0
for i = 1, 300 do
  for _ in pairs({}) do empties = empties + 1 end
  local e = { x = 1 }
  e.x = nil
  for _ in pairs(e) do empties = empties + 1 end
  if next(e) == nil then empties = empties + 1000 end
end
print(empties) --> 300000
-- __pairs
local proxy = setmetatable({}, { __pairs = function(self)
  return function(_, k) k = (k or 0) + 1; if k <= 5 then return k, k * k end end, self, nil
end })
local squares = 0
for round = 1, 100 do
  for k, v in pairs(proxy) do squares = squares + v end
end
print(squares) --> 5500
-- ipairs respects __index
local idx = setmetatable({}, { __index = function(_, i) if i <= 50 then return i end end })
local is = 0
for round = 1, 20 do for i, v in ipairs(idx) do is = is + v end end
print(is) --> 25500
-- iterators in Lua, with state and without
local function range(a, b) return function(limit, i) if i < limit then return i + 1 end end, b, a - 1 end
local function each(list)
  local i = 0
  return function() i = i + 1; return list[i] end
end
local r = 0
for round = 1, 30 do
  for i in range(1, 20) do r = r + i end
  for v in each { 1, 2, 3, false, 5 } do
    if v == false then r = r + 1000 end
    if not v then break end
  end
end
print(r) --> 36300
-- the fourth value of a generic for is closed
local closed = 0
for i = 1, 300 do
  for k in next, { 1 }, nil, setmetatable({}, { __close = function() closed = closed + 1 end }) do
    if i % 2 == 0 then break end
  end
end
print(closed) --> 300
print(pcall(ipairs)) --> false	bad argument #1 to 'ipairs' (value expected)
print(pcall(pairs)) --> false	bad argument #1 to 'pairs' (value expected)
print(pcall(function() for _ in 5 do end end)) --> false	pairs_next.lua:92: attempt to call a number value (for iterator 'for iterator')
print(pcall(function() for _ in nil do end end)) --> false	pairs_next.lua:93: attempt to call a nil value (for iterator 'for iterator')
local a, b, c = pairs(small)
print(a == next, b == small, c, select("#", pairs({}))) --> true	true	nil	3
local f, st, z = ipairs(small)
print(type(f), st == small, z, f(st, 0), f(st, 2), (ipairs({})) == f) --> function	true	0	1	nil	true
