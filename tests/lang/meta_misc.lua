-- __call, __len, __concat, __unm, __tostring, __name, __metatable and callable chains.
local adder = setmetatable({ n = 10 }, { __call = function(self, a, b, ...) return self.n + a + (b or 0) + select("#", ...) end })
local s = 0
for i = 1, 300 do s = s + adder(i) + adder(i, 1) + adder(1, 2, nil, nil) end
print(s) --> 101100
print(pcall(adder), select("#", adder(1, 2, 3)), pcall(adder, 5)) --> false	1	true	15
-- method call syntax on an object whose method is callable
local o = { go = setmetatable({}, { __call = function(self, obj, x) return obj.k * x end }), k = 3 }
local g = 0
for i = 1, 300 do g = g + o:go(i) end
print(g) --> 135450
-- a callable whose __call is callable
local inner = setmetatable({}, { __call = function(_, me, x) return "inner " .. type(me) .. x end })
local outer = setmetatable({}, { __call = inner })
local r
for i = 1, 300 do r = outer(i) end
print(r) --> inner table300
-- in tail position, with varargs, through pcall and in for loops
local function tail(...) return adder(...) end
print(tail(1, 2, 3), pcall(adder, 1)) --> 14	true	11
local it = setmetatable({}, { __call = function(_, limit, i) if i < limit then return i + 1 end end })
local c = 0
for i in it, 300, 0 do c = c + i end
print(c) --> 45150
-- __call appears and disappears
local mt = { __call = function() return 1 end }
local x, total, errors = setmetatable({}, mt), 0, 0
for i = 1, 600 do
  if i == 200 then mt.__call = function() return 100 end end
  if i == 400 then mt.__call = nil end
  local ok, v = pcall(function() return x() end)
  if ok then total = total + v else errors = errors + 1 end
end
print(total, errors) --> 20199	201
-- __len
local len = setmetatable({ 1, 2, 3 }, { __len = function(t) return 42 end })
local l = 0
for i = 1, 300 do l = l + #len end
print(l, rawlen(len), #setmetatable({}, { __len = function() return "odd" end })) --> 12600	3	odd
print(pcall(function() return #5 end)) --> false	meta_misc.lua:40: attempt to get length of a number value
print(pcall(function() local t; return #t end)) --> false	meta_misc.lua:41: attempt to get length of a nil value (local 't')
-- __tostring and __name
local named = setmetatable({}, { __tostring = function(self) return "me" end, __name = "Kind" })
local t = {}
for i = 1, 300 do t[i] = tostring(named) end
print(#table.concat(t), tostring(named), (tostring(setmetatable({}, { __name = "Kind" })):gsub("0x%x+", "ADDR"))) --> 600	me	Kind: ADDR
print(pcall(tostring, setmetatable({}, { __tostring = function() return {} end }))) --> false	'__tostring' must return a string
print(pcall(function() return setmetatable({}, { __name = "Kind" }) + 1 end)) --> false	meta_misc.lua:48: attempt to perform arithmetic on a Kind value
print(pcall(string.rep, setmetatable({}, { __name = "Kind" }))) --> false	bad argument #1 to 'string.rep' (string expected, got Kind)
-- __metatable protects
local locked = setmetatable({}, { __metatable = "locked" })
print(getmetatable(locked), pcall(setmetatable, locked, {})) --> locked	false	cannot change a protected metatable
print(getmetatable("x").__index == string, getmetatable(5), getmetatable(print), pcall(setmetatable, 5, {})) --> true	nil	nil	false	bad argument #1 to 'setmetatable' (table expected, got number)
print(pcall(setmetatable, {}, 5)) --> false	bad argument #2 to 'setmetatable' (nil or table expected, got number)
-- metamethods are looked up raw in the metatable
local indirect = setmetatable({}, setmetatable({}, { __index = { __call = function() return 1 end, __len = function() return 7 end } }))
print(pcall(function() return indirect() end)) --> false	meta_misc.lua:57: attempt to call a table value (upvalue 'indirect')
print(#indirect) --> 0
-- __concat with numbers on the left, __unm with one operand
local cc = setmetatable({}, { __concat = function(a, b) return (type(a) == "table" and "T" or a) .. "&" .. (type(b) == "table" and "T" or b) end })
local last
for i = 1, 300 do last = i .. cc end
print(last, cc .. "x" .. "y", 1 .. 2 .. cc) --> 300&T	T&xy	12&T
print(pcall(function() local u; u() end)) --> false	meta_misc.lua:64: attempt to call a nil value (local 'u')
print(pcall(function() local u = {}; u.f() end)) --> false	meta_misc.lua:65: attempt to call a nil value (field 'f')
print(pcall(function() local u = {}; u:m() end)) --> false	meta_misc.lua:66: attempt to call a nil value (method 'm')
print(pcall(function() return ("x")() end)) --> false	meta_misc.lua:67: attempt to call a string value (constant 'x')
