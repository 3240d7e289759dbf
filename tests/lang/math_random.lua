-- math.random: ranges, kinds of results, the same sequence for the same seed, errors.
math.randomseed(42)
local first = {}
for i = 1, 300 do first[i] = math.random(1000000) end
math.randomseed(42)
local same = 0
for i = 1, 300 do if math.random(1000000) == first[i] then same = same + 1 end end
print(same) --> 300
local other = 0
math.randomseed(43)
for i = 1, 300 do if math.random(1000000) == first[i] then other = other + 1 end end
print(other < 10) --> true
local lo, hi, kinds = 1, 0, 0
for i = 1, 2000 do
  local r = math.random()
  if r < lo then lo = r end
  if r > hi then hi = r end
  if math.type(r) == "float" and r >= 0 and r < 1 then kinds = kinds + 1 end
end
print(kinds, lo < 0.05, hi > 0.95) --> 2000	true	true
local counts = {}
for i = 1, 6000 do local d = math.random(6); counts[d] = (counts[d] or 0) + 1 end
local fair, n = true, 0
for d, c in pairs(counts) do n = n + 1; if c < 700 or c > 1300 or math.type(d) ~= "integer" then fair = false end end
print(n, fair) --> 6	true
local inside = 0
for i = 1, 1000 do
  local a, b = -i, i * 3
  local r = math.random(a, b)
  if r >= a and r <= b then inside = inside + 1 end
end
print(inside) --> 1000
print(math.random(5, 5), math.random(math.mininteger, math.mininteger), math.type(math.random(0))) --> 5	-9223372036854775808	integer
local wide = 0
for i = 1, 300 do
  if math.type(math.random(math.mininteger, math.maxinteger)) == "integer" then wide = wide + 1 end
  local r = math.random(math.maxinteger)
  if r >= 1 then wide = wide + 1 end
end
print(wide) --> 600
print(pcall(math.random, 0, -1)) --> false	bad argument #1 to 'math.random' (interval is empty)
print(pcall(math.random, 2, 1)) --> false	bad argument #1 to 'math.random' (interval is empty)
print(pcall(math.random, 1, 2, 3)) --> false	wrong number of arguments
print(pcall(math.random, 1.5)) --> false	bad argument #1 to 'math.random' (number has no integer representation)
print(pcall(math.random, "x")) --> false	bad argument #1 to 'math.random' (number expected, got string)
print(pcall(math.randomseed, "x")) --> false	bad argument #1 to 'math.randomseed' (number expected, got string)
-- seeds: integers, floats, two numbers
local function draw() return math.random(1 << 30) end
math.randomseed(7, 8)
local a = draw()
math.randomseed(7, 8)
local b = draw()
math.randomseed(7, 9)
local c = draw()
print(a == b, a ~= c) --> true	true
math.randomseed(1.0)
a = draw()
math.randomseed(1)
print(a == draw(), select("#", math.randomseed(5)) == 0 or select("#", math.randomseed(5))) --> true	2
