-- __eq, __lt and __le: when they are asked, in which order, and what their results become.
local asked = 0
local mt = {}
mt.__eq = function(a, b) asked = asked + 1; return a.v == b.v end
mt.__lt = function(a, b) return (a.v or a) < (b.v or b) end
mt.__le = function(a, b) return (a.v or a) <= (b.v or b) end
local function new(v) return setmetatable({ v = v }, mt) end
local a, b, c = new(1), new(1), new(2)
local n = 0
for i = 1, 300 do
  if a == b then n = n + 1 end
  if a ~= c then n = n + 1 end
  if a == a then n = n + 1 end
  if a < c and not (c < a) and a <= b and c >= a and c > b then n = n + 1 end
end
print(n, asked) --> 1200	600
-- never asked for other types, the same object, or raw comparison
asked = 0
print(a == 1, a == "x", a == nil, rawequal(a, b), a == setmetatable({ v = 9 }, {}), asked) --> false	false	false	false	false	1
-- the second operand's __eq is used when the first has none
print({ v = 1 } == a, a == { v = 1 }, asked) --> true	true	3
-- results become booleans
local odd = setmetatable({}, { __eq = function() return 0 end, __lt = function() return nil end, __le = function() return "yes" end })
local other = setmetatable({}, getmetatable(odd))
print(odd == other, odd ~= other, odd < other, odd <= other, odd > other, not (odd >= other)) --> true	false	false	true	false	false
-- mixed with numbers and strings for order, never for equality
local d = setmetatable({ v = 5 }, { __lt = function(x, y)
  local p, q = type(x) == "table" and x.v or tonumber(x), type(y) == "table" and y.v or tonumber(y)
  return p < q
end })
local m = 0
for i = 1, 300 do
  if d < i then m = m + 1 end
  if i < d then m = m + 1000 end
  if d < "7" then m = m + 100000 end
end
print(m, d == 5) --> 30004295	false
print(pcall(function() return d <= 5 end)) --> true	true
-- sorting by __lt
local list = {}
for i = 1, 300 do list[i] = new(i * 7919 % 1009) end
table.sort(list)
local sorted = true
for i = 2, 300 do if list[i] < list[i - 1] then sorted = false end end
print(sorted, list[1].v, list[300].v) --> true	1	1006
-- the metatable of one operand changes in a hot loop
local x, y = setmetatable({ v = 1 }, mt), setmetatable({ v = 1 }, mt)
local equal = 0
for i = 1, 400 do
  if i == 201 then setmetatable(x, nil); setmetatable(y, nil) end
  if i == 301 then setmetatable(y, mt) end
  if x == y then equal = equal + 1 end
end
print(equal) --> 300
-- __eq that becomes different
local flips = 0
for i = 1, 400 do
  if i == 300 then mt.__eq = function() return false end end
  if a == b then flips = flips + 1 end
end
print(flips) --> 299
print(pcall(function() return {} < 1 end)) --> false	meta_compare.lua:62: attempt to compare table with number
print(pcall(function() return a < "x" end)) --> false	meta_compare.lua:5: attempt to compare number with string
print(pcall(function() return print < print end)) --> false	meta_compare.lua:64: attempt to compare two function values
print(pcall(function() return true >= false end)) --> false	meta_compare.lua:65: attempt to compare two boolean values
-- errors inside a comparison while sorting
print(pcall(table.sort, { 3, 1, "x", 2 })) --> false	attempt to compare string with number
