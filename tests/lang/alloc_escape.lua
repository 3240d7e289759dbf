-- Short-lived objects: never stored, stored at an exit, returned, captured, passed to unknown functions, or looked at by metamethods.
local s = 0
for i = 1, 1000 do
  local p = { x = i, y = i * 2 }
  local q = { p.y, p.x, sub = { p.x + 1 } }
  s = s + q[1] - q[2] + q.sub[1]
end
print(s) --> 1002000
-- at a rare exit the object is needed after all, with the values of that moment
local kept = {}
for i = 1, 1000 do
  local p = { x = i, y = 0 }
  p.y = p.x + 1
  p.x = p.y + 1
  if i % 150 == 0 then kept[#kept + 1] = p end
  p.x = p.x * 100
end
local out = {}
for i, p in ipairs(kept) do out[i] = p.x .. "/" .. p.y end
print(table.concat(out, " ")) --> 15200/151 30200/301 45200/451 60200/601 75200/751 90200/901
-- two objects that refer to each other, one of them escapes
local ring
for i = 1, 600 do
  local a, b = { i = i }, { i = -i }
  a.other, b.other = b, a
  if i == 555 then ring = a end
end
print(ring.i, ring.other.i, ring.other.other == ring) --> 555	-555	true
-- carried from one iteration to the next
local prev, changes = { v = 0 }, 0
for i = 1, 1000 do
  local cur = { v = prev.v + i }
  if cur.v % 7 == 0 then changes = changes + 1 end
  prev = cur
end
print(prev.v, changes) --> 500500	285
-- and through a chain of the last three
local a, b, c = { 1 }, { 2 }, { 3 }
for i = 1, 999 do a, b, c = b, c, { (a[1] + b[1] + c[1]) % 10007 } end
print(a[1], b[1], c[1]) --> 398	5257	8400
-- identity is kept
local same, differ = 0, 0
for i = 1, 500 do
  local p = {}
  local q = p
  if p == q then same = same + 1 end
  if p ~= {} then differ = differ + 1 end
  local set = { [p] = i }
  if set[q] == i and set[{}] == nil then same = same + 1 end
end
print(same, differ) --> 1000	500
-- complex numbers by functions and by methods
local C = {}
C.__index = C
local function complex(re, im) return setmetatable({ re = re, im = im }, C) end
function C:mul(o) return complex(self.re * o.re - self.im * o.im, self.re * o.im + self.im * o.re) end
function C:add(o) return complex(self.re + o.re, self.im + o.im) end
function C:abs2() return self.re * self.re + self.im * self.im end
local function iterate(re, im)
  local z, k = complex(0.0, 0.0), complex(re, im)
  for i = 1, 60 do
    z = z:mul(z):add(k)
    if z:abs2() > 4 then return i end
  end
  return 0
end
local inside, steps = 0, 0
for y = -10, 10 do
  for x = -20, 10 do
    local n = iterate(x / 10, y / 10)
    if n == 0 then inside = inside + 1 else steps = steps + n end
  end
end
print(inside, steps) --> 163	2412
-- returned through several frames, unpacked at the top
local function make(i) return { i, i + 1, n = 2 } end
local function pass(i) local t = make(i); t.n = t.n + 1; return t end
local ns = 0
for i = 1, 1000 do local t = pass(i); ns = ns + t.n + t[1] * t[2] end
print(ns) --> 334337000
-- given to a C function, which keeps, reads or changes it
local total, list = 0, {}
for i = 1, 600 do
  local t = { 3, 1, 2, i }
  table.sort(t)
  total = total + t[4] + #t + select("#", table.unpack(t))
  table.insert(list, { i })
  if rawequal(list[#list], t) then total = -1e9 end
end
print(total, #list, list[600][1]) --> 185103	600	600
-- an error while it lives
local errs = 0
for i = 1, 600 do
  local ok, e = pcall(function()
    local t = { i = i, msg = "m" .. i }
    if i % 20 == 0 then error(t) end
    return t.i
  end)
  if not ok then errs = errs + e.i + #e.msg else errs = errs + e end
end
print(errs) --> 180416
-- a metatable set on it later, __gc and __close included
local closed, indexed = 0, 0
local mt = { __index = function(_, k) indexed = indexed + 1; return k end, __close = function() closed = closed + 1 end }
for i = 1, 500 do
  local t = {}
  local before = t.foo
  setmetatable(t, mt)
  if t.foo == "foo" and before == nil then
    local guard <close> = t
  end
end
print(closed, indexed) --> 500	500
-- strings and closures that are not needed after all
local n = 0
for i = 1, 1000 do
  local str = "n" .. i
  local f = function() return str end
  if i % 100 == 0 then n = n + #f() end
end
print(n) --> 41
-- arrays built and folded in one iteration
local fold = 0
for i = 1, 400 do
  local t = {}
  for k = 1, 5 do t[k] = i * k end
  for k = 1, #t do fold = fold + t[k] end
end
print(fold) --> 1203000
