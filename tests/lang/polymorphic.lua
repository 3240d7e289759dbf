-- Call sites and field accesses that see many classes, functions, shapes and key kinds.
local function class(area) local c = { area = area }; c.__index = c; return c end
local kinds = {
  class(function(s) return s.w * s.h end), class(function(s) return s.r * s.r * 3 end), class(function(s) return s.w * s.w end),
  class(function(s) return s.b * s.h / 2 end), class(function() return 1 end), class(function(s) return #s.name end),
}
local objects = {}
for i = 1, 300 do
  local o = ({ { w = i, h = 2 }, { r = i }, { w = i, x = 0 }, { b = i, h = 4 }, {}, { name = ("n"):rep(i % 7) } })[i % 6 + 1]
  objects[i] = setmetatable(o, kinds[i % 6 + 1])
end
local total = 0
for round = 1, 10 do for i = 1, #objects do total = total + objects[i]:area() end end
print(total) --> 59255520.0
-- one call site, many functions
local ops = { function(a, b) return a + b end, function(a, b) return a - b end, function(a, b) return a * b % 1009 end, math.max, math.min,
  function(a) return a end, function(...) return select("#", ...) end, setmetatable({}, { __call = function(_, a, b) return a ~ b end }) }
local acc = 1
for i = 1, 4000 do acc = ops[i % #ops + 1](acc, i) & 0xffff end
print(acc) --> 7997
-- one field name, many shapes
local shapes = {}
for i = 1, 60 do
  local t = {}
  for k = 1, i % 12 do t["f" .. k] = k end
  t.x = i
  for k = 1, i % 5 do t["g" .. k] = k end
  shapes[i] = t
end
local xs = 0
for round = 1, 50 do for i = 1, #shapes do xs = xs + shapes[i].x; shapes[i].x = shapes[i].x + 1 end end
print(xs) --> 165000
-- one access, keys of many kinds
local t = { 10, 20, 30, a = 1, b = 2, [2.5] = 3, [true] = 4 }
local keys, ks = { 1, "a", 2.5, true, 2, "b", 3.0, "none", false }, 0
for i = 1, 2700 do ks = ks + (t[keys[i % #keys + 1]] or 100) end
print(ks) --> 81000
-- one operator, many types
local vec = setmetatable({}, { __add = function() return 1000 end, __len = function() return 5 end, __concat = function() return "v" end, __eq = function() return true end })
local vals, ps, ls, cs = { 1, 2.5, "3", vec }, 0, 0, 0
for i = 1, 2000 do
  local v = vals[i % 4 + 1]
  ps = ps + (v + 1)
  if type(v) == "string" or type(v) == "table" then ls = ls + #v end
  cs = cs + #(v .. "z")
end
print(ps, ls, cs) --> 504750.0	3000	4500
-- inheritance chains of different depth to the same method
local root = { m = function(self) return self.d end }
local chain = {}
for d = 0, 9 do
  local c = root
  for k = 1, d do c = setmetatable({}, { __index = c }) end
  chain[d + 1] = setmetatable({ d = d }, { __index = c })
end
local ds = 0
for i = 1, 3000 do ds = ds + chain[i % 10 + 1]:m() end
print(ds) --> 13500
-- closures of one prototype with different upvalues
local fs = {}
for i = 1, 20 do local k = i % 3 == 0 and i / 2 or i; fs[i] = function(x) k = k + x; return k end end
local us = 0
for i = 1, 3000 do us = us + fs[i % 20 + 1](i % 3) end
print(us) --> 253325.0
-- callbacks that differ at each call of a library-like loop
local function each(list, f) local s = 0; for i = 1, #list do s = s + f(list[i], i) end return s end
local list = {}
for i = 1, 50 do list[i] = i end
local es = 0
for i = 1, 60 do
  es = es + each(list, function(v) return v * i end) + each(list, function(v, k) return k end) + each(list, math.abs)
end
print(es) --> 2486250
-- visitors by string dispatch
local node = { num = function(_, n) return n.v end }
function node.add(self, n) return self[n.a.k](self, n.a) + self[n.b.k](self, n.b) end
function node.mul(self, n) return self[n.a.k](self, n.a) * self[n.b.k](self, n.b) end
function node.neg(self, n) return -self[n.a.k](self, n.a) end
local function num(v) return { k = "num", v = v } end
local tree = num(1)
for i = 1, 30 do
  tree = i % 3 == 0 and { k = "neg", a = tree } or i % 3 == 1 and { k = "add", a = tree, b = num(i) } or { k = "mul", a = tree, b = num(i % 2 + 1) }
end
local ts = 0
for i = 1, 200 do ts = ts + node[tree.k](node, tree) end
print(ts) --> -30800
