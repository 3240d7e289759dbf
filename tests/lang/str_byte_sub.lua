-- string.byte, char, sub, len, rep, reverse, upper and lower, with every kind of index.
local s = "The quick brown fox"
local parts = {}
for round = 1, 10 do
  local n = 0
  for i = -25, 25 do
    for j = -22, 22 do
      n = n + 1
      parts[n] = s:sub(i, j)
    end
  end
end
print(#parts, #table.concat(parts), table.concat(parts, "|", 1120, 1130)) --> 2295	9519	||x|x|x|x||||T|Th
print(s:sub(5), s:sub(-3), s:sub(5, 9), s:sub(0), s:sub(10, 5), s:sub(-100, 3), s:sub(17, 1000), s:sub(20)) --> quick brown fox	fox	quick	The quick brown fox		The	fox	
print(s:sub(math.mininteger, math.maxinteger) == s, s:sub(math.maxinteger) == "", s:sub(1, math.mininteger) == "") --> true	true	true
print(s:sub(2.0, 3.0), pcall(string.sub, s, 1.5)) --> he	false	bad argument #2 to 'string.sub' (number has no integer representation)
print(pcall(string.sub)) --> false	bad argument #1 to 'string.sub' (string expected, got no value)
print(("x"):rep(3), ("ab"):rep(3, ","), ("x"):rep(0), ("x"):rep(-1), (""):rep(100), ("abc"):rep(1, "zzz")) --> xxx	ab,ab,ab				abc
print(pcall(string.rep, "x", 1 << 60)) --> false	resulting string too large

-- byte: none, one, many, out of range
print(s:byte(), s:byte(2), s:byte(-1), s:byte(100), s:byte(0), s:byte(1, 4)) --> 84	104	120	nil	nil	84	104	101	32
print(select("#", s:byte(100)), select("#", s:byte(1, -1)), select("#", (""):byte())) --> 0	19	0
local h = 0
for round = 1, 100 do
  for i = 1, #s do h = (h * 33 + s:byte(i)) % 4294967291 end
  for i = 1, #s + 3 do h = h + (s:byte(i) or 1000) end
end
print(h) --> 1634722300
print(string.char(72, 105), string.char(), #string.char(0, 255, 0)) --> Hi		3
print(pcall(string.char, 256)) --> false	bad argument #1 to 'string.char' (value out of range)
print(pcall(string.char, -1)) --> false	bad argument #1 to 'string.char' (value out of range)
local t = {}
for i = 0, 255 do t[i + 1] = string.char(i) end
local all = table.concat(t)
local ok = true
for i = 0, 255 do
  if all:byte(i + 1) ~= i or all:sub(i + 1, i + 1) ~= string.char(i) then ok = false end
end
print(ok, #all, #all:upper(), all:upper():lower():sub(98, 103)) --> true	256	256	abcdef
print(("Hello"):reverse(), ("Hello"):upper(), ("HeLLo"):lower(), (""):reverse() == "", ("a\0b"):reverse():byte(1, -1)) --> olleH	HELLO	hello	true	98	0	97

-- equality of strings that come from different places, short and long
local same, different = 0, 0
local long = ("0123456789"):rep(10)
for i = 1, 300 do
  local a, b = long:sub(1, 50) .. i, ("0123456789"):rep(5) .. i
  if a == b then same = same + 1 end
  if a ~= b .. "x" and a:sub(1, -2) ~= a then different = different + 1 end
  if ("k" .. i):sub(1, 2) == "k1" then same = same + 1 end
end
print(same, different) --> 411	300
-- characters one by one, as many scanners do
local words, inside = 0, false
local text = ("one two  three "):rep(40)
for i = 1, #text do
  local c = text:sub(i, i)
  if c == " " then inside = false
  elseif not inside then inside = true; words = words + 1 end
end
print(words) --> 120
print(#"", #"abc", #"a\0b", #("x"):rep(1000)) --> 0	3	3	1000
