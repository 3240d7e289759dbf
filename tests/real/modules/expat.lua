-- packages: lua-expat
-- expat: C calls Lua for each element; the callbacks are hot functions, and raise from inside the parser.
local lxp = require "lxp"
local doc = { '<?xml version="1.0"?>\n<!DOCTYPE list [ <!ENTITY who "world"> ]>\n<list>' }
for i = 1, 1500 do
    doc[#doc + 1] = ('<item id="%d" kind="%s"><name>n%d &amp; &lt;co&gt;</name><!-- c%d --><v>%d</v></item>\n'):format(i, i % 2 == 0 and "even" or "odd", i, i, i * 3)
end
doc[#doc + 1] = "<last><![CDATA[raw <text>]]></last><?target data?></list>"
local xml = table.concat(doc)

local stack, counts, sum, chars, depth = {}, {}, 0, 0, 0
local order = {}
local handlers = {
    StartElement = function(p, name, attrs)
        stack[#stack + 1] = name
        if #stack > depth then depth = #stack end
        counts[name] = (counts[name] or 0) + 1
        if attrs.id then
            sum = sum + tonumber(attrs.id)
            if attrs[1] == "id" and attrs[2] == "kind" then counts[attrs.kind] = (counts[attrs.kind] or 0) + 1 end
        end
        if #order < 6 then order[#order + 1] = name end
    end,
    EndElement = function(p, name)
        assert(table.remove(stack) == name)
    end,
    CharacterData = function(p, text)
        chars = chars + #text
        if stack[#stack] == "v" then sum = sum + tonumber(text) end
    end,
    Comment = function(p, text) counts.comment = (counts.comment or 0) + 1 end,
    StartCdataSection = function() counts.cdata = (counts.cdata or 0) + 1 end,
    ProcessingInstruction = function(p, target, data) counts[target] = data end,
}
for round = 1, 3 do
    local p = lxp.new(handlers)
    local at = 1
    while at <= #xml do
        assert(p:parse(xml:sub(at, at + 97)))
        at = at + 98
    end
    assert(p:parse())
    p:close()
    print(round, sum, chars, depth, #stack)
end
print(counts.list, counts.item, counts.even, counts.odd, counts.comment, counts.cdata, counts.target, table.concat(order, " "))

-- positions, errors of the document, errors of a callback
local p = lxp.new {}
print(p:parse "<a>\n<b></a>")
print(p:pos())
print(pcall(p.close, p))
local bad = 0
for i = 1, 300 do
    local q = lxp.new { StartElement = function(_, name) if name == "boom" then error("boom " .. i, 0) end end }
    local ok, err = pcall(q.parse, q, i % 3 == 0 and "<a><boom/></a>" or "<a><b/></a>")
    if not ok then bad = bad + 1 end
    if i == 3 then print(ok, err) end
    pcall(q.close, q)
end
print("raised", bad)
local stopper
stopper = lxp.new { StartElement = function(p, name) if name == "s" then p:stop() end end }
print(stopper:parse "<a><s/><t/></a>")
print(pcall(stopper.close, stopper))
print(pcall(stopper.parse, stopper, "<x/>"))

-- the DOM on top of it
local lom = require "lxp.lom"
local tree = lom.parse(xml)
local n, texts = 0, 0
local function visit(node)
    n = n + 1
    for i = 1, #node do
        local c = node[i]
        if type(c) == "table" then visit(c) else texts = texts + #c end
    end
end
for round = 1, 5 do visit(tree) end
print("dom", tree.tag, n, texts, tree[3].attr.kind, tree[1].attr[1])
print(pcall(lom.parse, "<a>"))
local ns = lxp.new({ StartElement = function(_, name) io.write(name, " ") end }, "|")
ns:parse '<x:a xmlns:x="urn:one"><x:b/></x:a>'
print()
