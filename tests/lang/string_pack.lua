-- string.pack, unpack and packsize: sizes, endianness, alignment, strings, overflow, positions, hot round trips.
local function hex(s) return (s:gsub(".", function(c) return ("%02x"):format(c:byte()) end)) end
print(hex(string.pack("<i4", 1)), hex(string.pack(">i4", 1)), hex(string.pack("<i2 >i2 =i1", 258, 258, -1))) --> 01000000	00000001	02010102ff
print(hex(string.pack("<i8", -2)), hex(string.pack(">I3", 0x123456)), hex(string.pack("<i16", -1)), hex(string.pack("<I16", 1))) --> feffffffffffffff	123456	ffffffffffffffffffffffffffffffff	01000000000000000000000000000000
print(hex(string.pack("<f", 1.5)), hex(string.pack(">d", -2.25)), hex(string.pack("<n", 0.1)), hex(string.pack("<j", 7))) --> 0000c03f	c002000000000000	9a9999999999b93f	0700000000000000
print(hex(string.pack("z", "abc")), hex(string.pack("<s1", "abc")), hex(string.pack("<s4", "ab")), hex(string.pack("c5", "abc"))) --> 61626300	03616263	020000006162	6162630000
print(hex(string.pack("<!4 i1 i4", 1, 2)), hex(string.pack("<!8 i1 !4 i8", 1, 2)), hex(string.pack("<i1 x i1 Xi4", 1, 2)), hex(string.pack("<!4 i1 Xi4 i1", 1, 2))) --> 0100000002000000	010000000200000000000000	010002	0100000002
print(string.packsize("<i4 i8"), string.packsize("!8 i1 i8"), string.packsize("c10 b h l j T f d n"), pcall(string.packsize, "s")) --> 12	16	57	false	bad argument #1 to 'string.packsize' (variable-length format)
print(string.unpack("<i4", "\1\0\0\0")) --> 1	5
print(string.unpack(">I2 I2", "\0\1\0\2\9")) --> 1	2	5
print(string.unpack("<z s1 c2", "hi\0\3abcxy")) --> hi	abc	xy	10
print(string.unpack("<i2", "\1\0\2\0\3\0", 3), string.unpack("<i2", "\1\0\2\0\3\0", -2)) --> 2	3	7
print(string.unpack("<i16", string.pack("<i16", -5)), string.unpack("<b B", "\xff\xff")) --> -5	-1	255	3
print(string.unpack("<I3 i3", "\xff\xff\xff\xff\xff\xff")) --> 16777215	-1	7
for _, case in ipairs { { "i17", 1 }, { "i0", 1 }, { "<i1", 200 }, { "<I1", -1 }, { "z", "a\0b" }, { "c2", "abc" }, { "s1", ("x"):rep(300) }, { "y", 1 }, { "i4", "x" }, { "!3 i4", 1 }, { "X", 1 }, { "Xz", 1 }, { "i4" } } do
  print(pcall(string.pack, table.unpack(case)))
end
--> false	integral size (17) out of limits [1,16]
--> false	integral size (0) out of limits [1,16]
--> false	bad argument #2 to 'string.pack' (integer overflow)
--> false	bad argument #2 to 'string.pack' (unsigned overflow)
--> false	bad argument #2 to 'string.pack' (string contains zeros)
--> false	bad argument #2 to 'string.pack' (string longer than given size)
--> false	bad argument #2 to 'string.pack' (string length does not fit in given size)
--> false	invalid format option 'y'
--> false	bad argument #2 to 'string.pack' (number expected, got string)
--> false	bad argument #1 to 'string.pack' (format asks for alignment not power of 2)
--> false	bad argument #1 to 'string.pack' (invalid next option for option 'X')
--> false	bad argument #1 to 'string.pack' (invalid next option for option 'X')
--> false	bad argument #2 to 'string.pack' (number expected, got nil)
print(pcall(string.unpack, "<i4", "abc")) --> false	bad argument #2 to 'string.unpack' (data string too short)
print(pcall(string.unpack, "<i4", "abcdef", 10)) --> false	bad argument #3 to 'string.unpack' (initial position out of string)
print(pcall(string.unpack, "z", "abc")) --> false	bad argument #2 to 'string.unpack' (unfinished string for format 'z')
print(pcall(string.unpack, "<s4", "\255\0\0\0abc")) --> false	bad argument #2 to 'string.unpack' (data string too short)
print(pcall(string.unpack, "<i9", ("\255"):rep(8) .. "\1")) --> false	9-byte integer does not fit into Lua Integer
-- hot: records in and out
local buf, n = {}, 0
for i = 1, 500 do buf[i] = string.pack("<I2 i4 d s1", i, -i * 1000, i / 8, "n" .. i % 10) end
local all = table.concat(buf)
local pos, sum, names = 1, 0, 0
while pos <= #all do
  local a, b, c, s
  a, b, c, s, pos = string.unpack("<I2 i4 d s1", all, pos)
  sum = sum + a + b + c
  names = names + #s
  n = n + 1
end
print(n, sum, names, #all) --> 500	-125109093.75	1000	8500
local wrong = 0
for i = -300, 300 do
  for _, f in ipairs { "<i2", ">i2", "<i4", ">i8", "<i3", "=j" } do
    if string.unpack(f, string.pack(f, i)) ~= i then wrong = wrong + 1 end
  end
  local x = i * 1.1
  if string.unpack("<d", string.pack("<d", x)) ~= x then wrong = wrong + 1 end
end
print(wrong) --> 0
-- bits of floats
local function bits(x) return string.unpack("<i8", string.pack("<d", x)) end
print(("%x %x %x %x"):format(bits(1.0), bits(-0.0), bits(1 / 0), bits(2^-1074))) --> 3ff0000000000000 8000000000000000 7ff0000000000000 1
local mono, last = true, bits(0.0)
for i = 1, 400 do local b = bits(i / 7); if b <= last then mono = false end last = b end
print(mono) --> true
