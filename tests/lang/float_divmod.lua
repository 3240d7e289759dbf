-- Float /, // and % with signs, zeros, infinities and nan.
local inf, nan = math.huge, 0/0
local as = { 5.5, -5.5, 0.0, -0.0, 1e308, -1e308, inf, -inf, nan, 3, -3, 0.1 }
local bs = { 2.0, -2.0, 0.5, -0.5, 0.0, -0.0, inf, -inf, nan, 3, -3, 1e-300 }

local function text(x)
  if x ~= x then return "nan" end
  if x == 0 then return 1 / x > 0 and "0.0" or "-0.0" end
  return ("%.14g"):format(x)
end

local quot, idiv, mod = {}, {}, {}
for round = 1, 20 do
  for i = 1, #as do
    local q, d, m = {}, {}, {}
    for j = 1, #bs do
      local a, b = as[i] + 0.0, bs[j]
      q[j], d[j], m[j] = a / b, a // b, a % b
    end
    quot[i], idiv[i], mod[i] = q, d, m
  end
end
for i = 1, #as do
  for j = 1, #bs do quot[i][j], idiv[i][j], mod[i][j] = text(quot[i][j]), text(idiv[i][j]), text(mod[i][j]) end
end
for i = 1, #as do print(text(as[i]), table.concat(quot[i], " ")) end
--> 5.5	2.75 -2.75 11 -11 inf -inf 0.0 -0.0 nan 1.8333333333333 -1.8333333333333 5.5e+300
--> -5.5	-2.75 2.75 -11 11 -inf inf -0.0 0.0 nan -1.8333333333333 1.8333333333333 -5.5e+300
--> 0.0	0.0 -0.0 0.0 -0.0 nan nan 0.0 -0.0 nan 0.0 -0.0 0.0
--> -0.0	0.0 -0.0 0.0 -0.0 nan nan 0.0 -0.0 nan 0.0 -0.0 0.0
--> 1e+308	5e+307 -5e+307 inf -inf inf -inf 0.0 -0.0 nan 3.3333333333333e+307 -3.3333333333333e+307 inf
--> -1e+308	-5e+307 5e+307 -inf inf -inf inf -0.0 0.0 nan -3.3333333333333e+307 3.3333333333333e+307 -inf
--> inf	inf -inf inf -inf inf -inf nan nan nan inf -inf inf
--> -inf	-inf inf -inf inf -inf inf nan nan nan -inf inf -inf
--> nan	nan nan nan nan nan nan nan nan nan nan nan nan
--> 3	1.5 -1.5 6 -6 inf -inf 0.0 -0.0 nan 1 -1 3e+300
--> -3	-1.5 1.5 -6 6 -inf inf -0.0 0.0 nan -1 1 -3e+300
--> 0.1	0.05 -0.05 0.2 -0.2 inf -inf 0.0 -0.0 nan 0.033333333333333 -0.033333333333333 1e+299
for i = 1, #as do print(text(as[i]), table.concat(idiv[i], " ")) end
--> 5.5	2 -3 11 -11 inf -inf 0.0 -0.0 nan 1 -2 5.5e+300
--> -5.5	-3 2 -11 11 -inf inf -0.0 0.0 nan -2 1 -5.5e+300
--> 0.0	0.0 -0.0 0.0 -0.0 nan nan 0.0 -0.0 nan 0.0 -0.0 0.0
--> -0.0	0.0 -0.0 0.0 -0.0 nan nan 0.0 -0.0 nan 0.0 -0.0 0.0
--> 1e+308	5e+307 -5e+307 inf -inf inf -inf 0.0 -0.0 nan 3.3333333333333e+307 -3.3333333333333e+307 inf
--> -1e+308	-5e+307 5e+307 -inf inf -inf inf -0.0 0.0 nan -3.3333333333333e+307 3.3333333333333e+307 -inf
--> inf	inf -inf inf -inf inf -inf nan nan nan inf -inf inf
--> -inf	-inf inf -inf inf -inf inf nan nan nan -inf inf -inf
--> nan	nan nan nan nan nan nan nan nan nan nan nan nan
--> 3	1 -2 6 -6 inf -inf 0.0 -0.0 nan 1 -1 3e+300
--> -3	-2 1 -6 6 -inf inf -0.0 0.0 nan -1 1 -3e+300
--> 0.1	0.0 -1 0.0 -1 inf -inf 0.0 -0.0 nan 0.0 -1 1e+299
for i = 1, #as do print(text(as[i]), table.concat(mod[i], " ")) end
--> 5.5	1.5 -0.5 0.0 0.0 nan nan 5.5 -inf nan 2.5 -0.5 9.2975259042184e-301
--> -5.5	0.5 -1.5 -0.0 -0.0 nan nan inf -5.5 nan 0.5 -2.5 7.0247409578159e-302
--> 0.0	0.0 0.0 0.0 0.0 nan nan 0.0 0.0 nan 0.0 0.0 0.0
--> -0.0	0.0 0.0 0.0 0.0 nan nan 0.0 0.0 nan 0.0 0.0 0.0
--> 1e+308	0.0 0.0 0.0 0.0 nan nan 1e+308 -inf nan 2 -1 3.0195000970294e-301
--> -1e+308	-0.0 -0.0 -0.0 -0.0 nan nan inf -1e+308 nan 1 -2 6.9804999029706e-301
--> inf	nan nan nan nan nan nan nan nan nan nan nan nan
--> -inf	nan nan nan nan nan nan nan nan nan nan nan nan
--> nan	nan nan nan nan nan nan nan nan nan nan nan nan
--> 3	1 -1 0.0 0.0 nan nan 3 -inf nan 0.0 0.0 6.8895595841191e-301
--> -3	1 -1 -0.0 -0.0 nan nan inf -3 nan -0.0 -0.0 3.1104404158809e-301
--> 0.1	0.1 -1.9 0.1 -0.4 nan nan 0.1 -inf nan 0.1 -2.9 1.3536541695269e-301

-- 3 / 2 is always a float, 3 // 2.0 too
local s = 0
for i = 1, 300 do s = s + i / 2 + i // 2.0 + i % 2.5 end
print(s, math.type(s), 6 / 2, 7 // 2.0, -7 // 2.0, 7 % -2.5) --> 45375.0	float	3.0	3.0	-4.0	-0.5
-- powers are floats
local p = 0
for i = 1, 300 do p = p + (i % 5) ^ 2 + 2 ^ (i % 4) + 4 ^ 0.5 end
print(p, 2 ^ 63, (-8) ^ (1 / 3) ~= (-8) ^ (1 / 3), 0 ^ 0, nan ^ 0, 1 ^ nan) --> 3525.0	9.2233720368548e+18	true	1.0	1.0	1.0
-- a loop whose float stays exactly representable
local z = 0.0
for i = 1, 1000 do z = (z + 0.25) % 3 end
print(z) --> 1.0
