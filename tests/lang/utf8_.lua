-- utf8: char, codepoint, len, offset, codes, charpattern, bad sequences, and scanning loops.
local s = "a\u{e9}\u{20ac}\u{1f600}z"
print(#s, utf8.len(s), utf8.codepoint(s, 1, -1)) --> 11	5	97	233	8364	128512	122
print(utf8.char(97, 0xe9, 0x20ac, 0x1f600, 122) == s, utf8.char(), #utf8.char(0x7fffffff)) --> true		6
local offsets = {}
for i = 1, 6 do offsets[i] = tostring(utf8.offset(s, i)) end
print(table.concat(offsets, " "), utf8.offset(s, -1), utf8.offset(s, -2), utf8.offset(s, 0, 4), utf8.offset(s, 10)) --> 1 2 4 7 11 12	11	7	4	nil
local list = {}
for p, c in utf8.codes(s) do list[#list + 1] = p .. ":" .. c end
print(table.concat(list, " ")) --> 1:97 2:233 4:8364 7:128512 11:122
print(utf8.charpattern == "[\0-\x7F\xC2-\xFD][\x80-\xBF]*", select(2, s:gsub(utf8.charpattern, ""))) --> true	5
print(utf8.len("\xff"), utf8.len("ab\x80cd"), utf8.len("\xe2\x82"), utf8.len(""), utf8.len("abc", 4), utf8.len("abc", 2, 1)) --> nil	nil	nil	0	0	0
print(pcall(utf8.len, "abc", 5)) --> false	bad argument #2 to 'utf8.len' (initial position out of bounds)
print(pcall(utf8.codepoint, "\xff")) --> false	invalid UTF-8 code
print(pcall(utf8.codepoint, "abc", 4)) --> false	bad argument #3 to 'utf8.codepoint' (out of bounds)
print(pcall(utf8.char, -1)) --> false	bad argument #1 to 'utf8.char' (value out of range)
print(pcall(utf8.offset, s, 1, 3)) --> false	initial position is a continuation byte
print(pcall(utf8.offset, s, 1, 100)) --> false	bad argument #3 to 'utf8.offset' (position out of bounds)
print(pcall(function() for _ in utf8.codes("a\xffb") do end end)) --> false	utf8_.lua:19: invalid UTF-8 code
-- surrogates and large values need lax
print(utf8.len("\u{d7ff}"), utf8.len("\xed\xa0\x80"), utf8.len("\xed\xa0\x80", 1, -1, true), utf8.len("\u{7fffffff}"), utf8.len("\u{7fffffff}", 1, -1, true)) --> 1	nil	1	nil	1
print(utf8.codepoint("\u{7fffffff}", 1, 1, true), pcall(utf8.codepoint, "\u{110000}")) --> 2147483647	false	invalid UTF-8 code
-- overlong forms
print(utf8.len("\xc0\x80"), utf8.len("\xe0\x80\x80"), utf8.len("\xf0\x80\x80\x80")) --> nil	nil	nil	1
-- hot: round trip of many code points
local ok, bytes = 0, 0
for i = 0, 0x10ffff, 997 do
  if i < 0xd800 or i > 0xdfff then
    local c = utf8.char(i)
    bytes = bytes + #c
    if utf8.codepoint(c) == i and utf8.len(c) == 1 then ok = ok + 1 end
  end
end
print(ok, bytes) --> 1116	4396
local text = (s .. " "):rep(60)
local sum, n = 0, 0
for round = 1, 10 do
  for p, c in utf8.codes(text) do
    sum = (sum + p * c) % 1000003
    n = n + 1
  end
end
print(sum, n, utf8.len(text)) --> 372192	3600	360
local walked, i = 0, 1
while i and i <= #text do
  walked = walked + 1
  i = utf8.offset(text, 2, i)
end
print(walked) --> 360
-- decoding by hand with bitwise operators
local function decode(str, pos)
  local c = str:byte(pos)
  if c < 0x80 then return c, 1 end
  if c < 0xe0 then return (c & 0x1f) << 6 | str:byte(pos + 1) & 0x3f, 2 end
  if c < 0xf0 then return (c & 0xf) << 12 | (str:byte(pos + 1) & 0x3f) << 6 | str:byte(pos + 2) & 0x3f, 3 end
  return (c & 7) << 18 | (str:byte(pos + 1) & 0x3f) << 12 | (str:byte(pos + 2) & 0x3f) << 6 | str:byte(pos + 3) & 0x3f, 4
end
local p, total = 1, 0
while p <= #text do
  local c, len = decode(text, p)
  total = (total + p * c) % 1000003
  p = p + len
end
print(total * 10 % 1000003 == sum % 1000003) --> true
