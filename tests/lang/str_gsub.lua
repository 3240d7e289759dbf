-- string.gsub: strings, tables and functions as replacements, counts, anchors, empty matches, errors.
print(("hello world"):gsub("o", "0"), ("hello"):gsub("", "-"), ("hello"):gsub("l", "L", 1), ("abc"):gsub("%w", "%0%0")) --> hell0 w0rld	-h-e-l-l-o-	heLlo	aabbcc	3
print(("hello world"):gsub("(%w+)", "<%1>"), ("a b"):gsub("(%w) (%w)", "%2 %1"), ("abc"):gsub("b", "%%"), ("x"):gsub("x", "%1")) --> <hello> <world>	b a	a%c	x	1
print(("$name is $age"):gsub("%$(%w+)", { name = "Bob", age = 42 }), ("$a $b"):gsub("%$(%w+)", { a = false, b = "B" })) --> Bob is 42	$a B	2
print(("1 2 3"):gsub("%d", function(d) return d * 2 end), ("1 2 3"):gsub("%d", function(d) if d ~= "2" then return "x" end end)) --> 2 4 6	x 2 x	3
print(("abc"):gsub("(a)(b)(c)", function(a, b, c) return c .. b .. a end), ("abc"):gsub("()", function(p) return p end)) --> cba	1a2b3c4	4
print(("aaa"):gsub("^a", "b"), ("abc"):gsub(".", { a = 1, b = 2.5 }), ("abc"):gsub("x*", "-"), ("  x "):gsub("^%s+", "")) --> baa	12.5c	-a-b-c-	x 	1
print((("a,b,,c"):gsub(",", ";", 2)), (("a,b,,c"):gsub(",", ";", 0)), (("a"):gsub("a", "b", -1))) --> a;b;,c	a,b,,c	a

-- a function that counts, hot
local n = 0
local text = ("x1 y22 z333 "):rep(40)
for i = 1, 20 do
  local out, count = text:gsub("%d+", function(d)
    n = n + #d
    return i % 2 == 0 and "<" .. d .. ">" or nil
  end)
  n = n + #out + count
end
print(n) --> 19200
-- a table with an __index
local seen = {}
local t = setmetatable({}, { __index = function(_, k) seen[#seen + 1] = k; return k:upper() end })
local r
for i = 1, 200 do r = ("one two"):gsub("%a+", t) end
print(r, #seen) --> ONE TWO	400
-- replacement strings that are built
local out = "0"
for i = 1, 200 do out = out:gsub("%d+$", function(d) return tostring(tonumber(d) + i) end) end
print(out) --> 20100
-- escapes for a report
local map = { ["<"] = "&lt;", [">"] = "&gt;", ["&"] = "&amp;" }
local size = 0
for i = 1, 300 do size = size + #(("<a & " .. i .. ">"):gsub("[<>&]", map)) end
print(size) --> 5592
print(pcall(string.gsub, "abc", "b", "%2")) --> false	invalid capture index %2
print(pcall(string.gsub, "abc", "b", "%x")) --> false	invalid use of '%' in replacement string
print(pcall(string.gsub, "abc", "b", "%")) --> false	invalid use of '%' in replacement string
print(pcall(string.gsub, "abc", "b", function() return {} end)) --> false	invalid replacement value (a table)
print(pcall(string.gsub, "abc", "b", { b = true })) --> false	invalid replacement value (a boolean)
print(pcall(string.gsub, "abc", "b")) --> false	bad argument #3 to 'string.gsub' (string/function/table expected, got no value)
print(pcall(string.gsub, "abc", "b", true)) --> false	bad argument #3 to 'string.gsub' (string/function/table expected, got boolean)
print(pcall(string.gsub, "abc", "(b", "")) --> true	ac	1
-- an error in the callback goes out, and the loop goes on
local failed = 0
for i = 1, 300 do
  local ok, e = pcall(string.gsub, "k" .. i, "%d+", function(d)
    if d:sub(-1) == "7" then error("seven " .. d, 0) end
    return "-"
  end)
  if not ok then failed = failed + 1; if i == 297 then print(e) end end
end
--> seven 297
print(failed) --> 30
-- the callback yields through a coroutine of its own making, not through gsub
local co = coroutine.wrap(function() return pcall(string.gsub, "a", "a", function() coroutine.yield(1) end) end)
print(co()) --> false	attempt to yield across a C-call boundary
