-- Loops of few rounds that constants fix: unrolled where they are met, although they have traces of their own.
local function sum(...)
  local s = 0
  for i = 1, select("#", ...) do s = s + (select(i, ...)) end
  return s
end
local s = 0
for i = 1, 1000 do s = s + sum(i, 2, 3, 4, 5) + sum(i) + sum() + sum(1, 2, 3, 4, 5, 6, 7, 8, 9, i) end
print(s) --> 1560500
-- left by a break, by a return, by an error
local function first(t, x)
  for i = 1, 4 do
    if t[i] == x then return i end
  end
end
local found, none, errors = 0, 0, 0
local four = { 10, 20, 30, 40 }
for i = 1, 1000 do
  local at = first(four, i % 5 * 10)
  if at then found = found + at else none = none + 1 end
  for k = 3, 1, -1 do
    if k == i % 4 then break end
    s = s + k
  end
  local ok, e = pcall(function()
    for k = 1, 3 do
      if k * 100 == i then error(k, 0) end
    end
  end)
  if not ok then errors = errors + e end
end
print(s, found, none, errors) --> 1564000	2000	200	6
-- loops in loops, and more rounds together than a trace has room for
local product = 0
for n = 1, 300 do
  for i = 1, 4 do
    for j = 4, 1, -1 do
      for k = 0, 4, 2 do product = product + i * j * k + n end
    end
  end
end
print(product) --> 2347200
-- a loop that calls its own function: each of the same head has rounds of its own
local function tree(depth)
  local n = 1
  if depth > 0 then
    for _ = 1, 3 do n = n + tree(depth - 1) end
  end
  return n
end
local nodes = 0
for i = 1, 60 do nodes = nodes + tree(i % 6) end
print(nodes) --> 5430
-- a limit that stays the same for long, and then does not
local function count(n)
  local c = 0
  for _ = 1, n do c = c + 1 end
  return c
end
local total = 0
for i = 1, 2000 do total = total + count(i < 1500 and 3 or i % 7) end
print(total) --> 6002
-- the extremes of integers, and a step of the least one
local rounds = 0
for i = 1, 500 do
  for k = math.maxinteger - 2, math.maxinteger do rounds = rounds + (k > 0 and 1 or 0) end
  for k = math.mininteger, math.mininteger + 1 do rounds = rounds + (k < 0 and 1 or 0) end
  for k = math.maxinteger, math.mininteger, math.mininteger do rounds = rounds + (k ~= i and 1 or 0) end
  for k = 5, 1 do rounds = rounds + k end
end
print(rounds) --> 3500
