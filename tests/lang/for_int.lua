-- Numerical for with integers: limits at the edges never wrap, float limits are clipped, steps of every size.
local max, min = math.maxinteger, math.mininteger
local function count(a, b, c)
  local n, first, last = 0, nil, nil
  for i = a, b, c do
    n = n + 1
    first = first or i
    last = i
    if n >= 1000 then break end
  end
  return n .. " " .. tostring(first) .. " " .. tostring(last)
end

local cases = {
  { 1, 10, 1 }, { 10, 1, -1 }, { 1, 10, 3 }, { 10, 1, -4 }, { 1, 0, 1 }, { 0, 1, -1 }, { max - 2, max, 1 }, { min + 2, min, -1 },
  { max, max, max }, { min, max, max }, { max, min, min }, { min, min, -1 }, { 1, max, max // 3 }, { max - 10, max, 7 }, { min, max, 1 << 62 },
  { 1, math.huge, 1 }, { 1, -math.huge, -1 }, { 1, -math.huge, 1 }, { -3, 2.9, 1 }, { 3, -2.9, -1 }, { 1, 1e300, 1 << 60 }, { 1, 0/0, 1 },
  { 1, 2^63, 1 << 61 }, { -1, -2^63, -(1 << 61) }, { max, 1e19, 1 }, { min, -1e19, -1 },
}
local out = {}
for round = 1, 3 do
  for i, c in ipairs(cases) do out[i] = count(c[1], c[2], c[3]) end
end
for i = 1, #out do print(i, out[i]) end
--> 1	10 1 10
--> 2	10 10 1
--> 3	4 1 10
--> 4	3 10 2
--> 5	0 nil nil
--> 6	0 nil nil
--> 7	3 9223372036854775805 9223372036854775807
--> 8	3 -9223372036854775806 -9223372036854775808
--> 9	1 9223372036854775807 9223372036854775807
--> 10	3 -9223372036854775808 9223372036854775806
--> 11	2 9223372036854775807 -1
--> 12	1 -9223372036854775808 -9223372036854775808
--> 13	4 1 9223372036854775807
--> 14	2 9223372036854775797 9223372036854775804
--> 15	4 -9223372036854775808 4611686018427387904
--> 16	1000 1 1000
--> 17	1000 1 -998
--> 18	0 nil nil
--> 19	6 -3 2
--> 20	6 3 -2
--> 21	8 1 8070450532247928833
--> 22	0 nil nil
--> 23	4 1 6917529027641081857
--> 24	4 -1 -6917529027641081857
--> 25	1 9223372036854775807 9223372036854775807
--> 26	1 -9223372036854775808 -9223372036854775808

-- sums over hot loops with every step
local s = 0
for step = 1, 30 do
  for i = 0, 1000, step do s = s + i * step end
  for i = 1000, 0, -step do s = s - i end
end
print(s) --> 13014120
-- the body cannot change the loop
local n = 0
for i = 1, 300 do
  n = n + 1
  i = i * 2
end
print(n) --> 300
-- limits and steps are evaluated once
local evaluated = 0
local function limit() evaluated = evaluated + 1; return 250 end
for i = 1, limit() do n = n + i end
print(n, evaluated) --> 31675	1
-- a loop that ends at the largest integer, hot
local t = 0
for i = max - 3000, max do t = t + (max - i) end
print(t) --> 4501500
for i = min + 3000, min, -1 do t = t + (i - min) end
print(t) --> 9003000
print(pcall(function() for i = 1, 10, 0 do end end)) --> false	for_int.lua:77: 'for' step is zero
print(pcall(function() for i = 1, "10" do end end)) --> true
print(pcall(function() for i = {}, 10 do end end)) --> false	for_int.lua:79: bad 'for' initial value (number expected, got table)
