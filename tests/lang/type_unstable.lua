-- Loops whose variables change type: integer to float, number to string, to table, to nil, and back.
local s = 0
for i = 1, 1000 do
  if i == 500 then s = s + 0.5 end
  s = s + i
end
print(s) --> 500500.5
-- the accumulator alternates
local a = 0
for i = 1, 1000 do
  if i % 2 == 0 then a = a + 0.5 else a = a // 1 | 0 end
end
print(a, math.type(a)) --> 0.5	float
-- a value that is everything in turn
local v, log = 1, {}
for i = 1, 700 do
  local k = i // 100
  if k == 1 then v = 2.5 elseif k == 2 then v = "3" elseif k == 3 then v = { 4 } elseif k == 4 then v = nil elseif k == 5 then v = true elseif k == 6 then v = print end
  local t = math.type(v) or type(v)
  log[t] = (log[t] or 0) + 1
  if type(v) == "number" then v = v + 1 - 1 end
end
print(log.integer, log.float, log.string, log.table, log["nil"], log.boolean, log["function"]) --> 99	100	100	100	100	100	101
-- mixed arrays
local list = {}
for i = 1, 300 do list[i] = i % 3 == 0 and i / 2 or i % 3 == 1 and i or tostring(i) end
local n, str = 0, 0
for round = 1, 10 do
  for i = 1, #list do
    local x = list[i]
    if type(x) == "string" then str = str + #x else n = n + x end
  end
end
print(n, str) --> 225250.0	2640
-- integer overflow to float never happens, but division and power give floats
local x = 1
for i = 1, 300 do
  x = i % 10 == 0 and x // 1 or x * 2
  if x > 1e6 then x = 1 end
  if i % 50 == 0 then x = x / 1 end
  if math.type(x) == "float" and i % 25 == 0 then x = math.tointeger(x) or 1 end
end
print(x, math.type(x)) --> 1024	integer
-- loop variables by a function that returns different types
local function give(i) if i % 5 == 0 then return i / 2 elseif i % 7 == 0 then return nil elseif i % 11 == 0 then return "x" end return i end
local ints, floats, nils, strs = 0, 0, 0, 0
for i = 1, 2000 do
  local r = give(i)
  if r == nil then nils = nils + 1
  elseif r == "x" then strs = strs + 1
  elseif math.type(r) == "float" then floats = floats + r
  else ints = ints + r end
end
print(ints, floats, nils, strs) --> 1247269	200500.0	228	125
-- a field that starts as integer and becomes float after the loop is hot
local o = { n = 0, m = 0 }
for i = 1, 1000 do
  o.n = o.n + (i > 900 and 0.25 or 1)
  o.m = o.m + o.n
end
print(o.n, o.m) --> 925.0	496712.5
-- upvalues and globals of both types
local up = 0
gl = 0
local function step(i) up = up + (i % 100 == 99 and 1.0 or 1); gl = gl + up end
for i = 1, 1000 do
  step(i)
  if i % 100 == 50 then up = math.tointeger(up) end
end
print(up, gl) --> 1000.0	500500.0
-- comparisons between changing types
local eq, lt = 0, 0
for i = 1, 1000 do
  local p = i % 3 == 0 and i + 0.0 or i
  local q = i % 4 == 0 and i + 0.0 or i
  if p == q then eq = eq + 1 end
  if p <= q and not (p < q) then lt = lt + 1 end
end
print(eq, lt) --> 1000	1000
-- for limits that are floats or integers
local c = 0
for i = 1, 400 do
  for j = 1, i % 2 == 0 and 2.5 or 2 do c = c + j end
end
print(c, math.type(c)) --> 1200	integer
-- nil to table to nil through a chain of or
local cur, made = nil, 0
for i = 1, 1000 do
  cur = cur or { i }
  made = made + cur[1]
  if i % 10 == 0 then cur = nil end
end
print(made, cur) --> 496000	nil
-- booleans as numbers by and/or
local b = 0
for i = 1, 1000 do b = b + ((i % 3 == 0 and 1) or (i % 5 == 0 and 0.5) or 0) end
print(b) --> 400.0
