-- string.find and string.match: plain, anchored, classes, captures, positions, balance, frontier, back references.
local s = "hello world, hello moon"
print(s:find("hello"), s:find("hello", 2), s:find("xyz"), s:find(""), s:find("", 100), s:find("", 24)) --> 1	14	nil	1	nil	24	23
print(s:find("o w", 1, true), s:find("l+", -8), s:find("^hello", 2), s:find("moon$"), s:find(".", 1, true)) --> 5	16	nil	20	nil
print(s:match("(%a+) (%a+)"), s:match("()ll()"), s:match("^(h)(.)"), s:match("%d"), s:match("moon")) --> hello	3	h	nil	moon
print(("key = value"):match("^(%w+)%s*=%s*(%w+)$"), ("  trim  "):match("^%s*(.-)%s*$") .. "|") --> key	trim|
print(("f(a(b)c)d"):match("%b()"), ("THE (quick) fox"):find("%((%a+)%)"), ("x^2"):match("%^(%d)")) --> (a(b)c)	5	2
print(("THE (quick) fox"):gsub("%f[%a]%a+", "W"), ("[[x]]"):match("%[(%b[])%]"), ("aXb"):match("%f[%u]()")) --> W (W) W	[x]	2
print(([["it's" 'ok']]):match([[(["'])(.-)%1]]), ("abab"):match("^(ab)%1$"), ("abac"):match("^(ab)%1$")) --> "	ab	nil
print(("2024-05-06"):match("(%d+)-(%d+)-(%d+)"), ("a.b"):match("^[%w.]+$"), ("-x"):match("[^%s-]"), ("]"):match("[]]"), ("a-z"):match("[a%-z]+")) --> 2024	a.b	x	]	a-z
print(("aaab"):match("a-b"), ("aaab"):match("a*"), ("aaab"):match("a+b?"), ("aaa"):match("^a?a?a?a?$"), ("abc"):match("(a)(b)(c)")) --> aaab	aaa	aaab	aaa	a	b	c
print(("\0a\0"):find("\0", 2, true), ("\0a\0"):find("%z", 2), ("a\0b"):match("[\0]"):byte(), #("a\0b"):match(".*")) --> 3	3	0	3
print(("\195\169a"):find("a"), ("x"):rep(300):find("x-y"), ("abc"):find("b", -1), ("abc"):find("b", -10)) --> 3	nil	nil	2	2
print(s:find("l+", -8)) --> 16	17
print(s:find("(o)( )"), s:match("(%a+) (%a+)")) --> 5	hello	world
print(("x"):find("", 2)) --> 2	1
print(("f(a(b)c)d"):find("%b()")) --> 2	8

-- hot: fields of a line
local line, n, total = "alpha=12 beta=345 gamma=6789 delta=0", 0, 0
for i = 1, 300 do
  local pos = 1
  while true do
    local from, to, key, value = line:find("(%a+)=(%d+)", pos)
    if not from then break end
    n = n + #key
    total = total + tonumber(value)
    pos = to + 1
  end
end
print(n, total) --> 5700	2143800
-- classes over all bytes
local counts = {}
for _, class in ipairs { "%a", "%d", "%l", "%u", "%s", "%w", "%x", "%p", "%c", "%g", ".", "%A", "%W", "[a-f]", "[^a-f]", "[%a_]", "[%]%-]" } do
  local c = 0
  for i = 0, 255 do
    if string.char(i):find(class) then c = c + 1 end
  end
  counts[#counts + 1] = class .. "=" .. c
end
print(table.concat(counts, " ")) --> %a=52 %d=10 %l=26 %u=26 %s=6 %w=62 %x=22 %p=32 %c=33 %g=94 .=256 %A=204 %W=194 [a-f]=6 [^a-f]=250 [%a_]=53 [%]%-]=2

local results = {}
for round = 1, 30 do
  for i, p in ipairs { "%", "[a", "(a", "a)", "%b", "%bx", "%f", "[%", "%1", "(()%2)", "[]", "[^]" } do
    local ok, message = pcall(string.find, "aaa", p)
    results[i] = p .. " -> " .. tostring(message)
  end
end
for i = 1, #results do print((results[i]:gsub("^(.-) %->", "%1 :"))) end
--> % : malformed pattern (ends with '%')
--> [a : malformed pattern (missing ']')
--> (a : unfinished capture
--> a) : nil
--> %b : malformed pattern (missing arguments to '%b')
--> %bx : malformed pattern (missing arguments to '%b')
--> %f : missing '[' after '%f' in pattern
--> [% : malformed pattern (missing ']')
--> %1 : invalid capture index %1
--> (()%2) : nil
--> [] : malformed pattern (missing ']')
--> [^] : malformed pattern (missing ']')
print(pcall(string.rep, "x", -1), pcall(string.find, ("a"):rep(300000) .. "b", ("a?"):rep(300000) .. "b")) --> true	false	pattern too complex
print(pcall(string.match, "x", ("(x)"):rep(40))) --> true	nil
-- match returns the position where nothing follows
local at = 0
for i = 1, 300 do at = at + (("x"):rep(i % 20)):match("^x*()") end
print(at) --> 3150
