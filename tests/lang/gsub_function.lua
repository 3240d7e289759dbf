-- string.gsub by functions, strings and tables: matches, captures, limits, results, errors, frames, and changes from inside.
for i = 1, 100 do string.len("known by now") end
local function show(...) print((select("#", ...)), ...) end
local function id(...) return ... end
local function count(...) return select("#", ...) end
local function join(...) return "<" .. table.concat({ ... }, "|") .. ">" end
local subjects = { "", "a", "hello world from Lua", "  two  spaces ", "x=1, y=22,z=333", "((a)(b(c)))d", "THE (quick) fox", "aaa", "a\0b\0c", ("ab"):rep(400) }
local patterns = { "", "%w+", "%w*", "^%w+", "^", "$", "(%w)(%w*)", "()", "()%a()", "%b()", "%f[%a]%a+", "(a*)", "(.)%1", ".-", "%s+$", "[^%s]+", "a?", "(%w+)=(%w+)", "\0", "%z", "[a-c]+" }
local h = 0
for _, s in ipairs(subjects) do
  for _, p in ipairs(patterns) do
    for _, f in ipairs { join, id, function() end, function() return false end, count, function(a) return #tostring(a) .. "" end } do
      for _, most in ipairs { 1000, 0, 1, 2, -1 } do
        local r, n = s:gsub(p, f, most)
        for i = 1, #r do h = (h * 31 + r:byte(i)) % 1000000007 end
        h = (h * 31 + n) % 1000000007
        local r2, n2 = s:gsub(p, f)
        h = (h * 31 + #r2 + n2) % 1000000007
      end
    end
    for _, by in ipairs { "-", "%0%0", "<%1>", "%%", "", { a = "A", ["1"] = 1, hello = false, Lua = 2.5, [1] = "one" }, setmetatable({}, { __index = function(_, k) return "[" .. k .. "]" end }) } do
      local r, n = s:gsub(p, by)
      for i = 1, #r do h = (h * 31 + r:byte(i)) % 1000000007 end
      h = (h * 31 + n) % 1000000007
    end
  end
end
print(h)
show(("abc"):gsub("%w", "%0%0"))
show(("hello"):gsub("l", function(c) return c == "l" and 1 or nil end))
show(("hello"):gsub("", join))
show(string.gsub(123, "2", function(c) return c + 0.5 end))
show(("abc"):gsub("b", function() return 7 end, 2.0))
show(("x"):rep(3):gsub("x", { x = 1.5 }))
-- errors
for _, case in ipairs {
  { "abc", "b", function() return {} end }, { "abc", "b", function() return true end }, { "abc", "b", { b = {} } }, { "abc", "b", "%2" }, { "abc", "b", "%x" },
  { "abc", "(b", join }, { "abc", "b)", join }, { "abc", "[b", join }, { "abc", "%", join }, { "abc", "b" }, { "abc", "b", 5 }, { "abc", "b", true }, { {}, "b", join },
  { "abc", {}, join }, { "abc", "b", join, "x" }, { "abc", "b", join, 1.5 }, { "abc", "%1", join }, { "abc", ("()"):rep(33), join }, { "abc", ("()"):rep(20), join },
} do
  local ok, r, n = pcall(string.gsub, table.unpack(case, 1, 4))
  print(ok, r, n)
end
print(pcall(string.gsub, "abc", "b", function() error("inside") end))
print(pcall(string.gsub, "abc", "b", function() error("inside", 2) end))
print(pcall(string.gsub, "abc", "b", function() error({}, 2) end) == false)
print(coroutine.resume(coroutine.create(function() return (("abc"):gsub("b", function() coroutine.yield() end)) end)))
print((("abc"):gsub("b", function() return (debug.traceback("T", 1):gsub("\n%s*", " | "):gsub("[^ ]*gsub_function", "gsub_function")) end)))
print((("abc"):gsub("b", function() local i = debug.getinfo(2, "Snf"); return i.what .. " " .. tostring(i.name) .. " " .. tostring(i.func == string.gsub) end)))
-- inside one another, and with the collector
local function nested(s, d) return (s:gsub("%w", function(c) if d == 0 then return c:upper() end return "(" .. nested(c .. c, d - 1) .. ")" end)) end
print(nested("ab", 3))
local made = ("word "):rep(2000):gsub("%a+", function(w) local t = {}; for i = 1, 20 do t[i] = w .. i end; return t[#t] end)
print(#made, made:sub(1, 20))
print(#(("y"):rep(5000):gsub("y", function() return ("z"):rep(10) end)))
-- hooks see the function
local lines = 0
debug.sethook(function() lines = lines + 1 end, "l")
local r = ("abcdef"):gsub("%w", function(c)
  return c:upper()
end)
debug.sethook()
print(r, lines > 5)
local seen = {}
r = ("abcdef"):gsub("%w", function(c)
  if c == "b" then debug.sethook(function(e) seen[e] = (seen[e] or 0) + 1 end, "cr") end
  if c == "d" then debug.sethook() end
  return c
end)
print(r, seen["call"], seen["return"])
--> 822595115
--> 2	aabbcc	3
--> 2	he11o	2
--> 2	<>h<>e<>l<>l<>o<>	6
--> 2	12.53	1
--> 2	a7c	1
--> 2	1.51.51.5	3
--> false	invalid replacement value (a table)	nil
--> false	invalid replacement value (a boolean)	nil
--> false	invalid replacement value (a table)	nil
--> false	invalid capture index %2	nil
--> false	invalid use of '%' in replacement string	nil
--> false	unfinished capture	nil
--> false	invalid pattern capture	nil
--> false	malformed pattern (missing ']')	nil
--> false	malformed pattern (ends with '%')	nil
--> false	bad argument #3 to 'string.gsub' (string/function/table expected, got nil)	nil
--> true	a5c	1
--> false	bad argument #3 to 'string.gsub' (string/function/table expected, got boolean)	nil
--> false	bad argument #1 to 'string.gsub' (string expected, got table)	nil
--> false	bad argument #2 to 'string.gsub' (string expected, got table)	nil
--> false	bad argument #4 to 'string.gsub' (number expected, got string)	nil
--> false	bad argument #4 to 'string.gsub' (number has no integer representation)	nil
--> false	invalid capture index %1	nil
--> false	too many captures	nil
--> true	<1|1|1|1|1|1|1|1|1|1|1|1|1|1|1|1|1|1|1|1>a<2|2|2|2|2|2|2|2|2|2|2|2|2|2|2|2|2|2|2|2>b<3|3|3|3|3|3|3|3|3|3|3|3|3|3|3|3|3|3|3|3>c<4|4|4|4|4|4|4|4|4|4|4|4|4|4|4|4|4|4|4|4>	4
--> false	gsub_function.lua:44: inside
--> false	inside
--> true
--> false	attempt to yield across a C-call boundary
--> aT | stack traceback: | gsub_function.lua:48: in function gsub_function.lua:48> | [C]: in function 'string.gsub' | gsub_function.lua:48: in main chunk | [C]: in ?c
--> aC gsub truec
--> (((AA)(AA))((AA)(AA)))(((BB)(BB))((BB)(BB)))
--> 14000	word20 word20 word20
--> 50000
--> ABCDEF	true
--> abcdef	3	3
