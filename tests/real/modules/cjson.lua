-- packages: lua-cjson
-- cjson: encoding and decoding in hot loops; tables made by C code become shapes and arrays of ours.
local cjson = require "cjson"
local new = cjson.new()

local list = {}
for i = 1, 200 do list[i] = i % 3 == 0 and i / 4 or i % 5 == 0 and "s" .. i or i % 7 == 0 and cjson.null or i % 2 == 0 end
local text = cjson.encode(list)
print(#text, text:sub(1, 80))
local hits = 0
for _ = 1, 200 do
    local t = cjson.decode(text)
    for i = 1, #t do
        local v = t[i]
        if v == cjson.null then hits = hits + 1
        elseif type(v) == "number" then hits = hits + v
        elseif type(v) == "string" then hits = hits + #v
        elseif v then hits = hits + 1 end
    end
end
print("read", hits)

-- records made in C, read in a compiled loop
local parts = {}
for i = 1, 1000 do parts[i] = ('{"id":%d,"name":"n%d","pos":{"x":%g,"y":%d},"list":[%d,%d]}'):format(i, i, i / 8, -i, i, i + 1) end
local records = cjson.decode("[" .. table.concat(parts, ",") .. "]")
local sum, fsum, names = 0, 0, 0
for round = 1, 20 do
    for i = 1, #records do
        local r = records[i]
        sum = sum + r.id + r.pos.y + r.list[1] + #r.list
        fsum = fsum + r.pos.x
        names = names + #r.name
        r.round = round
    end
end
print("records", #records, sum, fsum, names, records[7].round)

-- encoding of what was changed: one key per object, since the order of keys is open
local back = {}
for i, r in ipairs(records) do back[i] = { pos = { r.pos.x, r.pos.y, r.name } } end
local s = cjson.encode(back)
print("encode", #s, s:sub(1, 60), s:sub(-40))

-- numbers: integers, floats, precision, extremes
for _, v in ipairs { 0, -0.0, 1, 1.5, 1e15, 1e100, 123456789012, -7, 0.1, 2 ^ 53, 1 / 3 } do io.write(cjson.encode { v }, " ") end
print()
new.encode_number_precision(3)
print(new.encode { 1 / 3, 2 / 3 }, cjson.encode { 1 / 3 })
print(pcall(cjson.encode, { 0 / 0 }), pcall(cjson.encode, { 1 / 0 }))
for _, t in ipairs { "1", "-0", "1e3", "0x10", "1.25", "12345678901234567890", "9007199254740993" } do
    local ok, v = pcall(cjson.decode, "[" .. t .. "]")
    print(t, ok, ok and v[1] or v, ok and math.type(v[1]) or "")
end

-- strings
local all = {}
for i = 0, 255 do all[#all + 1] = string.char(i) end
all = table.concat(all)
print("bytes", cjson.decode(cjson.encode { all })[1] == all, #cjson.encode { all })
print(cjson.decode [["\u00e9\u20ac\ud83d\ude00\n\t\\\/"]], pcall(cjson.decode, [["\ud83d"]]))

-- sparse arrays, nesting, errors
print(pcall(cjson.encode, { [1] = 1, [100000] = 2 }))
new.encode_sparse_array(true)
print(new.encode { [3] = "x" }, cjson.encode {}, cjson.encode { {} })
local deep = {}
local at = deep
for i = 1, 2000 do at[1] = {} at = at[1] end
print(pcall(cjson.encode, deep))
print(pcall(cjson.decode, ("["):rep(1500) .. ("]"):rep(1500)))
local bad = 0
for i = 1, 500 do
    local ok, err = pcall(cjson.decode, '{"a": [1, 2, ' .. (i % 2 == 0 and "3]}" or "}"))
    if not ok then bad = bad + 1 end
end
print("bad", bad)
for _, t in ipairs { "", "{", "[1,]", "nul", '{"a"}', "[1 2]", '"\1"' } do print(pcall(cjson.decode, t)) end
local safe = require "cjson.safe"
print(safe.decode "[1", safe.encode(print))
