-- Strings become numbers in arithmetic, numbers become strings in concatenation, and nothing else converts.
local s = 0
for i = 1, 300 do s = s + "10" + i .. "" end
print(s, math.type(s + 0)) --> 48150	integer
local t = 0
for i = 1, 300 do t = t + ("0x" .. i) % 7 end
print(t, math.type(t)) --> 908	integer
print("10" + 5, "10" * "2", "3.0" + 1, "0x10" + 0, " 7 " - 1, "1e1" // 1, -"2", "5" % 3, "2" ^ 2, 10 .. 20) --> 15	20	4.0	16	6	10.0	-2	2	4.0	1020
print(math.type("10" + 0), math.type("10" / 2), math.type("1e1" + 0), math.type("9223372036854775808" + 0)) --> integer	float	float	float

local bad, results = { "abc", "", " ", "1x", "0x", "1e", "--1", "1 2", "\0001", "nan", "inf" }, {}
for round = 1, 30 do
  for i = 1, #bad do
    local ok, message = pcall(function(v) return v + 1 end, bad[i])
    results[i] = tostring(ok) .. " " .. tostring(tonumber(bad[i]))
    if round == 30 and i <= 2 then results[i] = results[i] .. " " .. message end
  end
end
for i = 1, #bad do print(results[i]) end
--> false nil coerce.lua:14: attempt to add a 'string' with a 'number'
--> false nil coerce.lua:14: attempt to add a 'string' with a 'number'
--> false nil
--> false nil
--> false nil
--> false nil
--> false nil
--> false nil
--> false nil
--> false nil
--> false nil

-- the type of an operand changes from number to string in a hot loop
local mixed = 0
for i = 1, 1000 do
  local v = i % 97 == 0 and tostring(i) or i
  mixed = mixed + v
end
print(mixed) --> 500500
-- concatenation of integers and floats
local parts = {}
for i = 1, 300 do parts[i] = i .. ":" .. i / 2 .. ";" end
print(#table.concat(parts), parts[1], parts[2], parts[300]) --> 2674	1:0.5;	2:1.0;	300:150.0;
print(1 .. "", 1.0 .. "", -0.0 .. "", 2^53 .. "", 1e100 .. "", 1/0 .. "", 0.1 .. "", 100000000000000 .. "", 1e15 .. "") --> 1	1.0	-0.0	9.007199254741e+15	1e+100	inf	0.1	100000000000000	1e+15
print(tostring(3) == "3", tostring(3.0), tostring(-0.0), 1e14, 1e16, 123456.789e3, 3.14159265358979) --> true	3.0	-0.0	1e+14	1e+16	123456789.0	3.1415926535898
-- comparison never converts
print("10" == 10, pcall(function() return "10" < 5 end)) --> false	false	coerce.lua:46: attempt to compare string with number
-- table keys never convert, except floats with integral values
local k = {}
for i = 1, 300 do
  k[i] = "int"
  k[tostring(i)] = "string"
  k[i + 0.0] = "float"
end
print(k[1], k["1"], k[1.0], #k) --> float	string	float	300
print(pcall(function() return {} + 1 end)) --> false	coerce.lua:55: attempt to perform arithmetic on a table value
print(pcall(function() return "a" .. {} end)) --> false	coerce.lua:56: attempt to concatenate a table value
print(pcall(function() return "a" .. nil end)) --> false	coerce.lua:57: attempt to concatenate a nil value
print(pcall(function() local x = true; return x .. "a" end)) --> false	coerce.lua:58: attempt to concatenate a boolean value (local 'x')
