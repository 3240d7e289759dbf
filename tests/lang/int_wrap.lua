-- 64-bit integers wrap around in addition, subtraction, multiplication and negation.
local max, min = math.maxinteger, math.mininteger
print(max + 1 == min, min - 1 == max, -min == min, min * -1 == min) --> true	true	true	true
print(max * 2, min * 2, max * max, min * min, max * min) --> -2	0	1	0	-9223372036854775808

local x = max - 150
for i = 1, 300 do x = x + 1 end
print(x, math.type(x)) --> -9223372036854775659	integer

local a = 1
for i = 1, 400 do a = a * 3 end
print(a) --> 7263567226300384577

local h = 0xcbf29ce484222325
for i = 1, 1000 do h = (h ~ (i & 255)) * 1099511628211 end
print(h) --> 6662546664917146829

local s, n = 0, min
for i = 1, 500 do
  s = s - n
  n = n + 0x123456789abcdef
end
print(s, n) --> -8198552921648555986	-5124095576030431540

-- the overflow happens once, long after the loop is hot
local crossed
local c = max - 5000
for i = 1, 10000 do
  local before = c
  c = c + 1
  if c < before then crossed = i end
end
print(crossed, c) --> 5001	-9223372036854770809

-- factorial wraps to zero at 66
local f, zero_at = 1, nil
for i = 1, 300 do
  f = f * i
  if f == 0 and not zero_at then zero_at = i end
end
print(f, zero_at) --> 0	66

-- negation and absolute value of the smallest integer
local neg, abs = 0, 0
for i = 1, 300 do
  local v = i == 299 and min or -i
  neg = neg + (-v)
  abs = abs + math.abs(v)
end
print(neg, abs, math.abs(min)) --> -9223372036854730957	-9223372036854730957	-9223372036854775808

-- mixed with a float the same sums do not wrap
local y = max - 150 + 0.0
for i = 1, 300 do y = y + 1 end
print(y, y == 2^63) --> 9.2233720368548e+18	true
local sum = 0
for i = 1, 300 do sum = sum + (i % 2 == 0 and max or max - 1) end
print(sum) --> -450
local m = 1
for i = 1, 200 do m = m * -7 + i end
print(m) --> 6199901642361998629
