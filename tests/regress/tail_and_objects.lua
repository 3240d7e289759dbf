-- tail calls of C functions and of pcall, calls of objects, open results of changing number, mixed equality, in hot loops
local Point = setmetatable({}, {__call = function(cls, x, y) return setmetatable({x = x, y = y}, cls) end})
Point.__index = Point
Point.__eq = function(a, b) return a.x == b.x end
local s = 0
for i = 1, 300 do local p = Point(i, 2) s = s + p.x + p.y end
print(s) --> 45750
local function match(str) return string.match(str, "(%d+)-(%d+)") end
local function many(n) return string.byte("abcdefgh", 1, n) end
local function safe(f, x) return pcall(f, x) end
local function fails(x) return error({x}, 0) end
s = 0
for i = 1, 300 do
  local a, b = match("x" .. i .. "-" .. i * 2)
  s = s + a + b + select("#", many(i % 4)) + #{many(i % 3)}
  local ok, v = safe(math.abs, -i)
  if ok then s = s + v end
  ok, v = safe(fails, i)
  if not ok then s = s + v[1] end
  ok, v = safe(function(q) return q, 1 end, i)
  if ok then s = s + v end
end
print(s) --> 271650
local function gen(t) return next(t) end
local n = 0
for i = 1, 200 do local k, v = gen({[i] = 2}) n = n + k + v end
print(n) --> 20500
local eq = 0
for i = 1, 300 do local f = i % 2 == 0 and i + 0.0 or i + 0.5 if i == f then eq = eq + 1 end if f ~= i then eq = eq + 1000 end end
print(eq) --> 150150
local function vararg(...) return select("#", ...), ... end
local c = 0
for i = 1, 300 do c = c + select("#", vararg(string.byte("xyz", 1, i % 4))) end
print(c) --> 750
-- a callable as an iterator and through several levels
local Outer = setmetatable({}, {__call = Point})
print(pcall(function() local r for i = 1, 100 do r = Outer(i) end return type(r.x) end)) --> true	table
