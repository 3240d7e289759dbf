-- packages: lua-zlib
-- zlib: streams are closures of C that keep state; fed piecewise from compiled loops.
local zlib = require "zlib"
local lines = {}
for i = 1, 3000 do lines[i] = "line " .. i % 100 .. " of " .. i // 7 .. "\n" end
local text = table.concat(lines)
local packed = {}
for level = 1, 9 do
    local deflate = zlib.deflate(level)
    local out, eof, n_in, n_out = deflate(text, "finish")
    packed[level] = out
    io.write(level, ":", #out, ":", tostring(eof), ":", n_in, ":", n_out, " ")
end
print()
for level = 1, 9 do
    local out, eof, n_in, n_out = zlib.inflate()(packed[level])
    assert(out == text and eof and n_out == #text)
end
-- a piece at a time, both ways
local deflate, pieces = zlib.deflate(), {}
for i = 1, #lines do
    local out = deflate(lines[i], i % 500 == 0 and "sync" or "none")
    if #out > 0 then pieces[#pieces + 1] = out end
end
pieces[#pieces + 1] = deflate("", "finish")
local whole = table.concat(pieces)
local inflate, back, at = zlib.inflate(), {}, 1
while at <= #whole do
    back[#back + 1] = inflate(whole:sub(at, at + 36))
    at = at + 37
end
print("pieces", #pieces, #whole, #back, table.concat(back) == text)
-- checksums: all at once and line by line
local crc, adler, c, a = zlib.crc32(), zlib.adler32(), 0, 0
for i = 1, #lines do c, a = crc(lines[i]), adler(lines[i]) end
print("sums", c, a, zlib.crc32()(text) == c, zlib.adler32()(text) == a)
local sum = 0
for i = 1, 2000 do sum = sum ~ zlib.crc32()("key " .. i) end
print("xor", sum)
-- errors
print(pcall(zlib.inflate(), "not compressed"))
local bad = 0
for i = 1, 300 do
    local broken = packed[6]:sub(1, 40 + i) .. "\255\255\255\255" .. packed[6]:sub(45 + i)
    if not pcall(zlib.inflate(), broken) then bad = bad + 1 end
end
print("broken", bad)
local z = zlib.deflate()
z("x", "finish")
print(pcall(z, "more"))
