-- Integer // and % floor, on every combination of signs and at the extremes.
local max, min = math.maxinteger, math.mininteger
local as = { 7, -7, 8, -8, 0, 1, -1, max, min, max - 1, min + 1, 1 << 62, 123456789012345 }
local bs = { 1, -1, 2, -2, 3, -3, 7, -7, max, min, 10, 1 << 40, -1000003 }

local bad, sum = 0, 0
for round = 1, 20 do
  for i = 1, #as do
    local a = as[i]
    for j = 1, #bs do
      local b = bs[j]
      local q, r = a // b, a % b
      if q * b + r ~= a then bad = bad + 1 end
      if r ~= 0 and (r < 0) ~= (b < 0) then bad = bad + 1 end
      sum = sum * 31 + q ~ r
    end
  end
end
print(bad, sum) --> 0	-8102086323303863504

print(7 // 2, -7 // 2, 7 // -2, -7 // -2) --> 3	-4	-4	3
print(7 % 2, -7 % 2, 7 % -2, -7 % -2) --> 1	1	-1	-1
print(8 // 2, -8 // 2, 8 // -2, -8 % 2, 8 % -2) --> 4	-4	-4	0	0
print(min // -1, min % -1, min // 1, min % 1, max // -1, max % min, min % max) --> -9223372036854775808	0	-9223372036854775808	0	-9223372036854775807	-1	9223372036854775806

-- constant divisors, powers of two and not, over both signs
local q2, q8, r8, q10, r10, rm3, qm1, rm1 = 0, 0, 0, 0, 0, 0, 0, 0
for i = -500, 500 do
  q2 = q2 * 3 + i // 2
  q8 = q8 * 3 + i // 8
  r8 = r8 * 3 + i % 8
  q10 = q10 * 3 + i // 10
  r10 = r10 * 3 + i % 10
  rm3 = rm3 * 3 + i % -3
  qm1 = qm1 * 3 + i // -1
  rm1 = rm1 * 3 + i % -1
end
print(q2, q8, r8, q10) --> -7705041844003597502	3244857347885133862	2462472081055139712	-4430145864978182918
print(r10, rm3, qm1, rm1) --> -1064186780920166676	7672593286954769988	8472157283282892624	0

-- the divisor becomes -1 for the smallest integer only once
local out = 0
for i = 1, 1000 do
  local a, b = i, 3
  if i == 777 then a, b = min, -1 end
  out = out ~ (a // b) ~ (a % b)
end
print(out) --> -9223372036854775731

-- digits by division
local digits, v = {}, max
while v > 0 do
  digits[#digits + 1] = v % 10
  v = v // 10
end
print(table.concat(digits)) --> 7085774586302733229
local gcds = 0
for i = 1, 300 do
  local x, y = i * 12, -i * 18
  while y ~= 0 do x, y = y, x % y end
  gcds = gcds + x
end
print(gcds) --> -270900
