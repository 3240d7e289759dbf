-- Each object has a metatable of its own, made alike: the trace is for none of them, and everything is looked up each time.
local function scope(p) return setmetatable({}, {__index = p}) end
local root = {a = 1, b = 2}
local s = 0
for i = 1, 400 do
  local e = scope(root)
  e.c = i
  s = s + e.a + e.c + (e.missing and 1 or 0)
  local inner = scope(e)
  s = s + inner.b + inner.c
end
print(s) --> 161600
-- the metatable is written to after it was given to the object
local out = {}
for i = 1, 400 do
  local mt = {__index = function(_, k) return k .. i end}
  local o = setmetatable({}, mt)
  local first = o.x
  if i % 100 == 0 then mt.__index = {x = "table"} end
  if i % 100 == 50 then mt.__index = nil end
  if i % 100 == 75 then mt.__add = function(_, n) return n * 2 end end
  local second = o.x
  local ok, sum = pcall(function() return o + i end)
  if i % 25 == 0 then out[#out + 1] = first .. "," .. tostring(second) .. "," .. (ok and sum or "-") end
end
print(table.concat(out, " ", 9, 16)) --> x225,x225,- x250,nil,- x275,x275,550 x300,table,- x325,x325,- x350,nil,- x375,x375,750 x400,table,-
-- the object gets another metatable, and which one it has is seen
local same, other = 0, 0
for i = 1, 400 do
  local mt = {__index = {v = i}}
  local o = setmetatable({}, mt)
  if getmetatable(o) == mt then same = same + o.v end
  setmetatable(o, {__index = {v = -i}})
  if getmetatable(o) ~= mt then other = other + o.v end
end
print(same, other) --> 80200	-80200
-- calls, arithmetic, comparisons, lengths, writes, equality; functions that differ from object to object
local function object(i)
  return setmetatable({v = i}, {
    __call = function(self, a) return self.v + a end,
    __add = i % 3 == 0 and function(x, n) return x.v * n end or function(x, n) return x.v + n end,
    __lt = function(x, y) return x.v < y.v end,
    __len = function(x) return x.v % 10 end,
    __newindex = function(x, k, v) rawset(x, k, v + 1) end,
    __eq = function(x, y) return x.v % 2 == y.v % 2 end,
    __tostring = function(x) return "o" .. x.v end,
  })
end
local n, last = 0, object(0)
for i = 1, 400 do
  local o = object(i)
  n = n + o(1) + (o + 2) + #o
  if last < o then n = n + 1 end
  if o == last then n = n + 100000 end
  o.w = i
  n = n + o.w + #tostring(o)
  last = o
end
print(n) --> 272359
-- a metatable that forbids to see it, one with a finalizer, one that is shared after all
local refused, closed = 0, 0
local shared = {__index = {q = 3}}
for i = 1, 400 do
  local o = setmetatable({}, {__metatable = "no", __gc = false})
  if not pcall(setmetatable, o, {}) and getmetatable(o) == "no" then refused = refused + 1 end
  setmetatable({}, {__gc = function() closed = closed + 1 end})
  s = s + setmetatable({}, shared).q
end
collectgarbage()
print(refused, closed, s) --> 400	400	162800
-- errors name what they always name
local ok, e
for i = 1, 200 do
  local o = setmetatable({}, {__index = function(_, k) error("no " .. k, 2) end})
  ok, e = pcall(function() return o.field end)
end
print(ok, e) --> false	own_metatables.lua:75: no field
