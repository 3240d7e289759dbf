-- string.format: every conversion, flags, widths, and its errors.
local f = string.format
print(f("%d %5d|%-5d|%05d|%+d|% d", 42, 42, 42, 42, 42, 42)) --> 42    42|42   |00042|+42| 42
print(f("%d %d %d", -0, math.mininteger, math.maxinteger), f("%d", 3.0), f("%i", 7)) --> 0 -9223372036854775808 9223372036854775807	3	7
print(f("%x %X %#x %o %#o %08x", 255, 255, 255, 8, 8, 48879), f("%x", -1)) --> ff FF 0xff 10 010 0000beef	ffffffffffffffff
print(f("%f %.2f %10.3f|%-10.1f|%+.0f", 3.14159, 3.14159, 3.14159, 3.14159, 2.5)) --> 3.141590 3.14      3.142|3.1       |+2
print(f("%e %.3E %g %g %g %G", 12345.678, 12345.678, 1e20, 0.0001, 100000, 1e-10)) --> 1.234568e+04 1.235E+04 1e+20 0.0001 100000 1E-10
print(f("%g %g %g %f", 1/0, -1/0, 1e15, 1/0), (f("%g", 0/0):gsub("-", ""))) --> inf -inf 1e+15 inf	nan
print(f("%.14g %.17g %.3g", 0.1, 0.1, 1234.5), f("%5.1f|%-8.3f|", -0.05, 1e5)) --> 0.1 0.10000000000000001 1.23e+03	 -0.1|100000.000|
print(f("%a %A", 1.0, 0.5)) --> 0x1p+0 0X1P-1
print(f("%s %10s|%-10s|%.2s", "abc", "abc", "abc", "abc"), f("%s %s %s", nil, true, 12)) --> abc        abc|abc       |ab	nil true 12
print(f("%c%c%c", 76, 117, 97), f("%%"), f("%5c|", 65)) --> Lua	%	    A|
print(f("%q", 'a "quoted"\n\\ \0 \r \t \127 end')) --> "a \"quoted\"\
--> \\ \0 \13 \9 \127 end"
print(f("%q %q %q %q", 1, 1.5, math.mininteger, true), f("%q", 1/0), f("%q", nil)) --> 1 0x1.8p+0 0x8000000000000000 true	1e9999	nil
print(pcall(f, "%u", 4)) --> true	4
print(pcall(f, "%d", 1.5)) --> false	bad argument #2 to 'string.format' (number has no integer representation)
print(pcall(f, "%d", "1.5")) --> false	bad argument #2 to 'string.format' (number has no integer representation)
print(pcall(f, "%d", "x")) --> false	bad argument #2 to 'string.format' (number expected, got string)
print(pcall(f, "%d")) --> false	bad argument #2 to 'string.format' (no value)
print(pcall(f, "%y", 1)) --> false	invalid conversion '%y' to 'format'
print(pcall(f, "%", 1)) --> false	invalid conversion '%' to 'format'
print(pcall(f, "%0123d", 1)) --> false	invalid conversion specification: '%0123d'
print(pcall(f, "%.123d", 1)) --> false	invalid conversion specification: '%.123d'
print(pcall(f, "%s")) --> false	bad argument #2 to 'string.format' (no value)
print(pcall(f, "%q", {})) --> false	bad argument #2 to 'string.format' (value has no literal form)
print(pcall(f, "%10q", "x")) --> false	specifier '%q' cannot have modifiers
print(f("%d", "10"), f("%s", setmetatable({}, { __tostring = function() return "mine" end }))) --> 10	mine
print(pcall(f, "%s", setmetatable({}, { __tostring = function() return 1 end }))) --> true	1
print(f("%-20s|", setmetatable({}, { __name = "Kind" })):gsub("0x%x+", "ADDR"):gsub(" +", " ")) --> Kind: ADDR|	1

local t, n = {}, 0
for i = 1, 500 do
  t[#t + 1] = f("%d:%s=%5.2f;%x", i, i % 2 == 0 and "even" or "odd", i / 3, i * i)
  n = n + #t[#t]
end
print(n, t[1], t[250], t[500]) --> 9507	1:odd= 0.33;1	250:even=83.33;f424	500:even=166.67;3d090
-- values of changing type reach the same conversion
local mixed = {}
for i = 1, 300 do
  local v = i % 4 == 0 and i or i % 4 == 1 and i / 2 or i % 4 == 2 and "s" .. i or i % 3 == 0
  mixed[i] = f("%s", v)
end
print(table.concat(mixed, " ", 1, 12), #table.concat(mixed)) --> 0.5 s2 true 4 2.5 s6 false 8 4.5 s10 false 12	1142
local errors = 0
for i = 1, 300 do
  local ok = pcall(f, "%d", i % 10 == 0 and i + 0.5 or i)
  if not ok then errors = errors + 1 end
end
print(errors) --> 30
-- what %q writes, load reads back
local wrong = 0
for i = 0, 255 do
  local s = string.char(i) .. "1" .. string.char(255 - i) .. "\n"
  if load("return " .. f("%q", s))() ~= s then wrong = wrong + 1 end
end
for i = 1, 200 do
  local x = (i - 100) / 7 * 2.0 ^ i
  if load("return " .. f("%q", x))() ~= x then wrong = wrong + 1 end
end
print(wrong) --> 0
