-- Calls inlined into hot loops: exits, errors, tracebacks, locals and varargs inside them, callers of every kind.
local function leaf(a, b) if a > b then return a - b end return b - a end
local function node(a, b, c) return leaf(a, b) + leaf(b, c) + leaf(c, a) end
local s = 0
for i = 1, 1000 do s = s + node(i, 500, i * 2 % 300) end
print(s) --> 984450
-- a callee with a loop of its own, of changing length
local function sum_to(n) local t = 0; for i = 1, n do t = t + i end return t end
local t = 0
for i = 1, 500 do t = t + sum_to(i % 17) + sum_to(3) end
print(t) --> 26748
-- two loops deep through two functions
local function row(y, w) local r = 0; for x = 1, w do r = r + leaf(x, y) end return r end
local function grid(h, w) local g = 0; for y = 1, h do g = g + row(y, w) end return g end
print(grid(40, 50), grid(50, 1), grid(1, 500), grid(0, 5)) --> 31320	1225	124750	0
-- early returns at different depths
local function find(l, v) for i = 1, #l do if l[i] == v then return i, "found" end end return nil, "none" end
local list = { 5, 3, 8, 1, 9, 2 }
local pos, none = 0, 0
for i = 1, 1000 do
  local p, w = find(list, i % 12)
  if w == "found" then pos = pos + p else none = none + 1 end
end
print(pos, none) --> 1755	499
-- the error's position and traceback from inlined frames
local function c(x) if x == 777 then error("seven") end return x end
local function b(x) local r = c(x) return r + 1 end
local function a(x) local r = b(x) return r + 1 end
local at = 0
local ok, trace = xpcall(function() for i = 1, 1000 do at = at + a(i) end end, debug.traceback)
print(ok, at) --> false	303028
for l in trace:gmatch("[^\n]+") do if not l:find("%[C%]: in %?") then print((l:gsub("^\t", "  "))) end end
--> inline_frames.lua:26: seven
--> stack traceback:
-->   [C]: in function 'error'
-->   inline_frames.lua:26: in upvalue 'c'
-->   inline_frames.lua:27: in upvalue 'b'
-->   inline_frames.lua:28: in upvalue 'a'
-->   inline_frames.lua:30: in function <inline_frames.lua:30>
-->   [C]: in function 'xpcall'
-->   inline_frames.lua:30: in main chunk
-- debug.getinfo and getlocal from inside
local function spy() return debug.getinfo(2, "l").currentline, select(2, debug.getlocal(2, 1)), debug.getinfo(3, "l").currentline end
local function watched(v) local l, x, up = spy(); return l + x + up end
local w = 0
for i = 1, 500 do w = w + watched(i) end
print(w) --> 170250
-- recursion inside a loop, a loop inside recursion
local function fact(n) if n <= 1 then return 1 end return n * fact(n - 1) end
local f = 0
for i = 1, 500 do f = f + fact(i % 10) end
print(f) --> 20455700
local function tree(n) if n == 0 then return 1 end local r = 0; for i = 1, 3 do r = r + tree(n - 1) end return r end
print(tree(7)) --> 2187
-- the callee is replaced while its caller is compiled
local function v1(x) return x end
local function v2(x) return x * 2, "extra" end
local cur = v1
local function caller(x) local r, e = cur(x); return r + (e and 1000 or 0) end
local q = 0
for i = 1, 900 do
  if i == 300 then cur = v2 elseif i == 600 then cur = math.abs end
  q = q + caller(i)
end
print(q) --> 840300
-- too few and too many arguments, results dropped and padded
local function three(x, y, z) return z, y, x end
local p = 0
for i = 1, 500 do
  local r1 = three(i)
  local r2, r3, r4, r5 = three(i, 2, 3, 4)
  three(i)
  p = p + (r1 or 1) + r2 + r3 + r4 + (r5 or 0)
end
print(p) --> 128250
-- varargs functions inlined with constant and changing counts
local function count(...) return select("#", ...) end
local function first(...) local x = ...; return x end
local function rest(_, ...) return ... end
local v = 0
for i = 1, 600 do
  v = v + count(i, i) + first(i, 2) + count(rest(1, 2, 3)) + (i % 3 == 0 and count() or count(1))
end
print(v) --> 183100
-- methods, fields, upvalues and globals as callees in one expression
local o = { k = 2 }
function o:m(x) return self.k * x end
function o.f(x) return x + 1 end
function glob(x) return x - 1 end
local e = 0
for i = 1, 700 do e = e + o:m(o.f(glob(leaf(i, 3)))) end
print(e) --> 486512
-- deep chains of calls
local function chain(d, x) if d == 0 then return x end return (chain(d - 1, x + 1)) end
local d = 0
for i = 1, 300 do d = d + chain(i % 60, i) end
print(d) --> 54000
-- calls in conditions, arguments, indices and bounds
local function id(x) return x end
local r = 0
for i = id(1), id(400), id(1) do
  if id(i % 2 == 0) and not id(false) then r = r + id(list)[id(i % 6) + 1] end
  while id(r) > 5000 do r = id(r - 1000) end
end
print(r) --> 1469
