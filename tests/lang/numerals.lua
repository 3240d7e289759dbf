-- Numerals in source and in tonumber: decimal, hexadecimal, floats with exponents, overflow, bases, blanks.
print(0, 7, 007, 1234567890, 9223372036854775807, 9223372036854775808, 18446744073709551616) --> 0	7	7	1234567890	9223372036854775807	9.2233720368548e+18	1.844674407371e+19
print(0x0, 0xff, 0XFF, 0xdeadBEEF, 0x7fffffffffffffff, 0xffffffffffffffff, 0x1ffffffffffffffff) --> 0	255	255	3735928559	9223372036854775807	-1	-1
print(1., .5, 3.25, 1e3, 1E+3, 1e-3, 5e0, .5e1, 1e308, 1e309, 1e-400) --> 1.0	0.5	3.25	1000.0	1000.0	0.001	5.0	5.0	1e+308	inf	0.0
print(0x.8, 0x1.8, 0x1p4, 0x1P-4, 0xA.8p0, 0x.1p4, 0x1p1023, 0x1p1024, 0x0.000001p20) --> 0.5	1.5	16.0	0.0625	10.5	1.0	8.9884656743116e+307	inf	0.0625
print(math.type(1), math.type(1.0), math.type(1e2), math.type(0x10), math.type(0x1p0), math.type(0x10.0)) --> integer	float	float	integer	float	float
print(1e15, 1e16, 123456789012345, 0.1, 1/3, 100.0, 1e100, -1e-7, 2^53, 2^63) --> 1e+15	1e+16	123456789012345	0.1	0.33333333333333	100.0	1e+100	-1e-07	9.007199254741e+15	9.2233720368548e+18
print(3-2, 3 -2, - -2, -2^2, 2^-1, 1 ..2, 0xep1, 0xe+1) --> 1	1	2	-4.0	0.5	12	28.0	15
local cases = { "10", " 10 ", "0x10", "1e2", "-5", "+5", "- 5", "1.5e", "0x", "", " ", "10 5", "1_000", "0x1p4", "inf", "nan", "1e+", "\t7\n", ".5", "5.", ".", "0x.p1", "1e1000", "9223372036854775808", "-9223372036854775808", "0xffffffffffffffffff", "1\0" }
local out = {}
for round = 1, 20 do for i, c in ipairs(cases) do out[i] = tostring(tonumber(c)) end end
print(table.concat(out, " ")) --> 10 10 16 100.0 -5 5 nil nil nil nil nil nil nil 16.0 nil nil nil 7 0.5 5.0 nil nil inf 9.2233720368548e+18 -9223372036854775808 -1 nil
-- bases
print(tonumber("ff", 16), tonumber("zz", 36), tonumber("777", 8), tonumber("101", 2), tonumber("-7f", 16), tonumber("8", 8), tonumber(" 11 ", 2), tonumber("", 10), tonumber("1.0", 10)) --> 255	1295	511	5	-127	nil	3	nil	nil
print(tonumber("7fffffffffffffff", 16), tonumber("ffffffffffffffff", 16), tonumber("1" .. ("0"):rep(70), 2)) --> 9223372036854775807	-1	0
print(tonumber(5), tonumber(5.5), tonumber(nil), tonumber({}), tonumber(true), pcall(tonumber)) --> 5	5.5	nil	nil	nil	false	bad argument #1 to 'tonumber' (value expected)
print(pcall(tonumber, "10", 1)) --> false	bad argument #2 to 'tonumber' (base out of range)
print(pcall(tonumber, "10", 37)) --> false	bad argument #2 to 'tonumber' (base out of range)
print(pcall(tonumber, 10, 10)) --> false	bad argument #1 to 'tonumber' (string expected, got number)
-- written and read back, hot
local wrong = 0
for i = 1, 500 do
  local v = i * 7919 - 250 * 7919
  if tonumber(tostring(v)) ~= v or math.type(tonumber(tostring(v))) ~= "integer" then wrong = wrong + 1 end
  local x = v / 8
  if tonumber(tostring(x)) ~= x or math.type(tonumber(tostring(x))) ~= "float" then wrong = wrong + 1 end
  if tonumber(("%x"):format(i), 16) ~= i or tonumber(("0x%x"):format(i)) ~= i then wrong = wrong + 1 end
  local y = 2.0 ^ (i - 250) * 1.1
  if tonumber(("%.17g"):format(y)) ~= y or tonumber(("%a"):format(y)) ~= y then wrong = wrong + 1 end
end
print(wrong) --> 0
-- sums of parsed numbers
local s = 0
for w in ("1 2.5 0x10 1e2 -3 .5 7. 0x1p-1 "):rep(100):gmatch("%S+") do s = s + tonumber(w) end
print(s) --> 12450.0
local i, f = 0, 0
for n = 1, 600 do
  local v = tonumber(n % 3 == 0 and n .. ".0" or n .. "")
  if math.type(v) == "integer" then i = i + v else f = f + v end
end
print(i, f) --> 120000	60300.0
for _, bad in ipairs { "3x", "0xg", "1e", "1..2", "0x1p", "3e+", "1.2.3", "0b1", "1__0" } do print(bad, (select(2, load("return " .. bad)):gsub("^.-:1: ", ""))) end
--> 3x	malformed number near '3x'
--> 0xg	malformed number near '0xg'
--> 1e	malformed number near '1e'
--> 1..2	malformed number near '1..2'
--> 0x1p	malformed number near '0x1p'
--> 3e+	malformed number near '3e+'
--> 1.2.3	malformed number near '1.2.3'
--> 0b1	malformed number near '0b1'
--> 1__0	malformed number near '1_'
print(tostring(-0.0), tostring(0.0), -0.0 == 0, 0x8000000000000000, -9223372036854775808, math.mininteger == -9223372036854775807 - 1) --> -0.0	0.0	true	-9223372036854775808	-9.2233720368548e+18	true
