-- packages: lua-yaml
-- lyaml: documents parsed in C into tables of ours, and back.
local lyaml = require "lyaml"
local parts = {}
for i = 1, 300 do parts[i] = ("- name: item %d\n  count: %d\n  ratio: %g\n  tags: [a%d, 'b', \"c\\n\"]\n  on: %s\n  none: ~\n"):format(i, i, i / 4, i, i % 2 == 0 and "yes" or "no") end
local text = table.concat(parts)
local count, ratio, tags, on, none = 0, 0, 0, 0, 0
for round = 1, 4 do
    local t = lyaml.load(text)
    for i = 1, #t do
        local r = t[i]
        count = count + r.count
        ratio = ratio + r.ratio
        for k = 1, #r.tags do tags = tags + #r.tags[k] end
        if r.on == true or r[true] == true then on = on + 1 end
        if r.none == lyaml.null then none = none + 1 end
    end
end
print(count, math.type(count), ratio, tags, on, none)

for _, v in ipairs { "1", "1.5", "0x1f", "0o17", "1e3", ".inf", "-.inf", "true", "no", "~", "'1'", "2001-01-01", "text", "[]", "!!str 5", "!!float 5", "1_000", "0b11" } do
    local ok, r = pcall(lyaml.load, v)
    print(v, ok, type(r), math.type(r), type(r) ~= "table" and tostring(r) or #r)
end
print(#lyaml.load("--- 1\n--- 2\n--- [3]\n", { all = true }))
local anchored = lyaml.load "a: &x [1, 2, 3]\nb: *x\nc: {<<: {p: 1}}\n"
print(anchored.b == anchored.a, anchored.b[3], anchored.c.p)

-- dumping: lists of lists, one key per map, since the order of keys is open
local out = {}
for i = 1, 400 do out[i] = { i, i / 2, "s" .. i, i % 2 == 0, { { k = i } } } end
local dumped = lyaml.dump { out }
local again = lyaml.load(dumped)
local same = 0
for i = 1, #out do
    if again[i][1] == out[i][1] and again[i][2] == out[i][2] and again[i][3] == out[i][3] and again[i][4] == out[i][4] and again[i][5][1].k == i then same = same + 1 end
end
print(#dumped, same)
print(dumped:sub(1, 120))
print(lyaml.dump { "multi\nline\n", "123", "", "- x", "yes" })

local bad = 0
for i = 1, 200 do if not pcall(lyaml.load, i % 2 == 0 and "a: [1, 2" or "a: [1, 2]") then bad = bad + 1 end end
print(bad)
print(pcall(lyaml.load, "a: b: c"))
print(pcall(lyaml.load, "*nothing"))
print((pcall(lyaml.dump, { print })))

-- the event parser below it
local yaml = require "yaml"
local kinds = {}
for event in yaml.parser(text) do kinds[event.type] = (kinds[event.type] or 0) + 1 end
print(kinds.SCALAR, kinds.MAPPING_START, kinds.SEQUENCE_END, kinds.STREAM_END)
