-- Classes change while compiled code depends on them: methods replaced, removed, added below and above, fields that hide them.
local A = {}
A.__index = A
function A:f() return 1 end
function A:g() return 10 end
local B = setmetatable({}, A)
B.__index = B
local o = setmetatable({}, B)

-- a method is replaced in the class that has it
local s = 0
for i = 1, 1000 do
  if i == 500 then function A:f() return 2 end end
  s = s + o:f()
end
print(s) --> 1501
-- a subclass gets an overriding method, and loses it
s = 0
for i = 1, 900 do
  if i == 300 then function B:f() return 100 end end
  if i == 600 then B.f = nil end
  s = s + o:f()
end
print(s) --> 31200
-- the object itself hides the method
s = 0
for i = 1, 900 do
  if i == 300 then o.f = function() return 1000 end end
  if i == 600 then o.f = nil end
  s = s + o:f()
end
print(s) --> 301200
-- the parent is exchanged
local C = { f = function() return 7 end }
C.__index = C
s = 0
for i = 1, 900 do
  if i == 300 then setmetatable(B, C) end
  if i == 600 then setmetatable(B, A) end
  s = s + o:f()
end
print(s) --> 3300
-- the object changes its class, every third time, from inside a method
local P, Q = {}, {}
P.__index, Q.__index = P, Q
function P:step() self.n = self.n + 1; if self.n % 3 == 0 then setmetatable(self, Q) end return 1 end
function Q:step() self.n = self.n + 1; setmetatable(self, P); return 100 end
local w = setmetatable({ n = 0 }, P)
s = 0
for i = 1, 900 do s = s + w:step() end
print(s, w.n) --> 30501	900
-- __index is exchanged for a function and back
s = 0
for i = 1, 900 do
  if i == 300 then B.__index = function(_, k) return function() return 5 end end end
  if i == 600 then B.__index = B end
  s = s + o:f()
end
print(s) --> 2700
-- metatable removed: the call becomes an error, then works again
local errors = 0
s = 0
for i = 1, 900 do
  if i == 300 then setmetatable(o, nil) end
  if i == 600 then setmetatable(o, B) end
  local ok, v = pcall(function() return o:f() end)
  if ok then s = s + v else errors = errors + 1 end
end
print(s, errors) --> 1200	300
-- a class field used as a constant
A.limit = 3
s = 0
for i = 1, 1000 do
  if i == 400 then A.limit = 5 end
  if i == 700 then A.limit = nil end
  s = s + (o.limit or 0)
end
print(s) --> 2697
-- rawset goes around __newindex and must be noticed too
s = 0
for i = 1, 600 do
  if i == 300 then rawset(A, "g", function() return 20 end) end
  s = s + o:g()
end
print(s) --> 9010
-- a class filled while it is in use, by computed names
local D = {}
D.__index = D
local d = setmetatable({}, D)
s = 0
for i = 1, 1000 do
  if i % 50 == 0 then D["m" .. i // 50 % 4] = function() return i end end
  local m = d.m1
  s = s + (m and m() or 0)
end
print(s) --> 408350
-- many classes with the same method, changed one by one
local classes, objects = {}, {}
for k = 1, 8 do
  local K = {}
  K.__index = K
  K.v = function() return k end
  classes[k], objects[k] = K, setmetatable({}, K)
end
s = 0
for i = 1, 1600 do
  if i % 100 == 0 then
    local k = i // 100 % 8 + 1
    classes[k].v = function() return k * 10 end
  end
  s = s + objects[i % 8 + 1]:v()
end
print(s) --> 52245
