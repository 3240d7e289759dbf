-- The math library: types of results, rounding at the edges, min and max, integers against floats, errors.
local max, min, inf, nan = math.maxinteger, math.mininteger, math.huge, 0/0
print(math.floor(3.7), math.floor(-3.7), math.ceil(3.2), math.ceil(-3.2), math.floor(5), math.ceil(-0.5)) --> 3	-4	4	-3	5	0
print(math.floor(2^53), math.floor(1e300), math.floor(-inf), math.ceil(inf), math.floor(2^63), math.ceil(-2^63)) --> 9007199254740992	1e+300	-inf	inf	9.2233720368548e+18	-9223372036854775808
print(math.type(math.floor(3.5)), math.type(math.floor(1e300)), math.type(1), math.type(1.0), math.type("1"), pcall(math.type)) --> integer	float	integer	float	nil	false	bad argument #1 to 'math.type' (value expected)
print(math.tointeger(3.0), math.tointeger(3.5), math.tointeger("8"), math.tointeger(2^63), math.tointeger(-2^63), math.tointeger({}), math.tointeger(nan)) --> 3	nil	8	nil	-9223372036854775808	nil	nil
print(math.abs(-5), math.abs(-5.5), math.abs(min), math.abs(-0.0), math.abs("-3")) --> 5	5.5	-9223372036854775808	0.0	3.0
print(math.max(1, 2.5), math.max(2, 2.0), math.max(2.0, 2), math.min(1), math.min(-0.0, 0.0), math.max(nan, 1) ~= math.max(nan, 1), math.max(1, nan)) --> 2.5	2	2.0	1	-0.0	true	1
print(pcall(math.max)) --> false	bad argument #1 to 'math.max' (value expected)
print(math.ult(1, 2), math.ult(-1, 1), math.ult(1, -1), math.ult(min, max), math.ult(0, 0)) --> true	false	true	false	false
print(math.fmod(7, 3), math.fmod(-7, 3), math.fmod(7, -3), math.fmod(7.5, 2), math.fmod(-7.5, 2), math.fmod(min, -1), math.fmod(5, inf)) --> 1	-1	1	1.5	-1.5	0	5.0
print(pcall(math.fmod, 1, 0)) --> false	bad argument #2 to 'math.fmod' (zero)
local ip, fp = math.modf(3.25)
print(ip, fp, math.modf(-3.25)) --> 3	0.25	-3	-0.25
print(math.modf(5), math.modf(inf), math.modf(-inf)) --> 5	inf	-inf	0.0
print(math.sqrt(16), math.sqrt(2), math.sqrt(-1) ~= math.sqrt(-1), math.exp(0), math.exp(1), math.log(1), math.log(8, 2), math.log(1000, 10), math.log(27, 3)) --> 4.0	1.4142135623731	true	1.0	2.718281828459	0.0	3.0	3.0	3.0
print(math.sin(0), math.cos(0), math.tan(0), ("%.12f %.12f %.12f"):format(math.sin(1), math.cos(1), math.tan(1))) --> 0.0	1.0	0.0	0.841470984808 0.540302305868 1.557407724655
print(("%.12f %.12f %.12f %.12f"):format(math.asin(0.5), math.acos(0.5), math.atan(0.5), math.atan(-1, -1)), math.atan(0, -1) == math.pi) --> 0.523598775598 1.047197551197 0.463647609001 -2.356194490192	true
print(math.deg(math.pi), math.rad(180) == math.pi, ("%.15g"):format(math.pi), max, min, inf, -inf) --> 180.0	true	3.14159265358979	9223372036854775807	-9223372036854775808	inf	-inf
print(pcall(math.floor, "x")) --> false	bad argument #1 to 'math.floor' (number expected, got string)
print(pcall(math.floor)) --> false	bad argument #1 to 'math.floor' (number expected, got no value)
print(pcall(math.abs, {})) --> false	bad argument #1 to 'math.abs' (number expected, got table)
print(math.floor("3.7"), math.sqrt("16"), pcall(math.max, "10", 9)) --> 3	4.0	false	attempt to compare string with number

-- hot: every function over a range, integers and floats by turns
local s, floors, ceils, types = 0.0, 0, 0, 0
for i = -500, 500 do
  local x = i % 2 == 0 and i or i / 3
  floors = floors + math.floor(x)
  ceils = ceils + math.ceil(x)
  s = s + math.abs(x) + math.sqrt(math.abs(x)) + math.max(x, 1) - math.min(x, 1.5) + math.fmod(x, 7)
  if math.type(x) == "integer" then types = types + 1 end
end
print(("%.6f"):format(s), floors, ceils, types) --> 345865.418842	-167	167	501
local t = 0.0
for i = 1, 1000 do t = t + math.sin(i) * math.cos(i) - math.exp(-i) + math.log(i) + math.atan(i, 2) end
print(("%.9f"):format(t)) --> 7469.107681965
-- floor of floats that do not fit an integer, in the middle of a hot loop
local big, fits = 0, 0
for i = 1, 600 do
  local v = math.floor(i % 100 == 0 and 2.0 ^ 70 or i + 0.5)
  if math.type(v) == "float" then big = big + 1 else fits = fits + v end
end
print(big, fits) --> 6	178200
local ok, bad = 0, 0
for i = 1, 600 do
  local v = math.tointeger(i % 3 == 0 and i / 2 or i + 0.0)
  if v then ok = ok + v else bad = bad + 1 end
end
print(ok, bad) --> 135150	100
-- the functions replaced by a program
local floor = math.floor
math.floor = function() return 42 end
local r = 0
for i = 1, 300 do r = r + math.floor(1.5) + floor(1.5) end
math.floor = floor
for i = 1, 300 do r = r + math.floor(1.5) end
print(r) --> 13200
-- and replaced in the middle of a hot loop
local q = 0
for i = 1, 600 do
  if i == 300 then math.max = function() return 1000 end end
  q = q + math.max(i % 2, 1)
end
print(q) --> 301299
