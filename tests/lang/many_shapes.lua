-- One place of a program that meets many shapes and classes: reads, writes, methods, traversals; and lists made by unpacking.
local function objects(n, class)
  local list = {}
  for i = 1, n do
    local o = {}
    for j = 1, 1 + i % 9 do o["k" .. (i * 7 + j * 3) % 23] = j end
    o.x, o.y = i, i * 2
    list[i] = class and setmetatable(o, class(i)) or o
  end
  return list
end
local plain = objects(30)
local sum = 0
for _ = 1, 300 do
  for i = 1, #plain do
    local o = plain[i]
    sum = sum + o.x + (o.k3 or 0) -- a field that some have
    o.y = o.y + 1
  end
end
print(sum, plain[1].y, plain[30].y)
-- fields of other types, that go and come, and that are added
for r = 1, 300 do
  for i = 1, #plain do
    local o = plain[i]
    o.z = (r + i) % 3 == 0 and "s" .. i or (r + i) % 3 == 1 and i + 0.5 or nil
    o.x = r % 50 == 0 and { i } or i
  end
end
print(plain[1].z, plain[2].z, plain[3].z, type(plain[4].x))
-- methods: own, inherited from a base, through a function as __index, with __newindex
local Base = {}
Base.__index = Base
function Base:get() return self.x end
function Base:inc(k) self.x = self.x + k end
local log = 0
local classes = {}
local function class(i)
  local C = classes[i]
  if not C then
    C = setmetatable({ name = "c" .. i }, Base)
    C.__index = i % 10 == 0 and function(_, k) log = log + 1; return Base[k] end or C
    if i % 7 == 0 then C.__newindex = function(t, k, v) log = log + 1000; rawset(t, k, v) end end
    if i % 4 == 0 then function C:get() return -self.x end end
    classes[i] = C
  end
  return C
end
local typed = objects(30, class)
sum = 0
for r = 1, 300 do
  for i = 1, #typed do
    local o = typed[i]
    o:inc(2)
    sum = sum + o:get()
    o.w = r
    if r == 150 then o.w = nil end
  end
end
print(sum, log)
Base.get = function(self) return 1000 end -- classes change afterwards
classes[4].get = nil
sum = 0
for _ = 1, 100 do for i = 1, #typed do sum = sum + typed[i]:get() end end
print(sum)
-- an object that is a class, an error in the middle
local odd = objects(12)
odd[12] = 7
print(pcall(function() for _ = 1, 200 do for i = 1, #odd do sum = sum + odd[i].x end end end))
odd[12] = setmetatable({}, { __index = function() error("asked", 0) end })
print(pcall(function() for r = 1, 200 do for i = 1, (r < 200 and 11 or 12) do sum = sum + odd[i].x end end end))
-- traversals: shapes, arrays, hashes, all of it; with stores and removals on the way
local function walk(t)
  local n, s = 0, 0
  for k, v in pairs(t) do
    n = n + 1
    s = s + (type(k) == "string" and #k or k == true and 7 or type(k) == "table" and 3 or k) * (v == true and 1 or v)
    if v == 5 then t[k] = nil elseif v == 4 then t[k] = 6 end
  end
  return n, s
end
local mixed = {}
for i = 1, 40 do
  local t = {}
  for j = 1, i % 6 do t[j] = j end
  for j = 1, i % 8 do t["k" .. (i * 5 + j * 3) % 31] = j end
  for j = 1, i % 5 do t[j * 100.5] = j end
  if i % 3 == 0 then t[true] = true; t[{}] = 2 end
  if i % 11 == 0 then t[2] = nil end
  mixed[i] = t
end
local n, s = 0, 0
for _ = 1, 100 do
  for i = 1, #mixed do
    local a, b = walk(mixed[i])
    n, s = n + a, s + b
  end
end
print(n, s)
local keys = {}
for i = 1, #mixed do for k in pairs(mixed[i]) do keys[#keys + 1] = type(k) == "string" and k or nil end end
table.sort(keys)
print(#keys, keys[1], keys[#keys])
print(pcall(function() for k in pairs({ a = 1, b = 2 }) do for i = 1, 100 do next(mixed[i % 40 + 1], nil) end next({}, k) end end))
-- lists by unpacking: sizes, holes, bounds, what is in front, no plain table
local function copy(t, ...) return { table.unpack(t, ...) } end
local long = {}
for i = 1, 12000 do long[i] = i % 5 == 0 and "s" or i end
local holes = { 1, 2, nil, 4, nil, 6, 7, 8, 9, 10, nil, 12, nil, nil }
local lists = { long, holes, {}, { 1 }, { table.unpack(long, 1, 300) }, { table.unpack(long, 1, 60) } }
local h = 0
for r = 1, 120 do
  for i = 1, #lists do
    if r > 3 and i == 1 then goto next end
    local c = copy(lists[i])
    h = (h * 31 + #c) % 1000003
    for j = 1, math.min(#c, 20) do assert(c[j] == lists[i][j]) end
    c = copy(lists[i], 2)
    h = (h * 31 + #c) % 1000003
    c = copy(lists[i], 1, 30)
    h = (h * 31 + (c[30] == "s" and 1 or 0)) % 1000003
    c = { r, table.unpack(lists[i]) }
    h = (h * 31 + c[1] + (c[2] or 0)) % 1000003
    ::next::
  end
end
print(h)
local proxy = setmetatable({}, { __index = function(_, k) return k end, __len = function() return 50 end })
for _ = 1, 100 do assert(#copy(proxy) == 50) end
local bytes = ("x"):rep(200)
local total = 0
for _ = 1, 200 do
  total = total + #{ bytes:byte(1, -1) } + select("#", bytes:byte(1, 100))
end
print(total)
--> 141600	302	360
--> 1.5	nil	s3	table
--> 1709700	9800
--> 2191200
--> false	many_shapes.lua:69: attempt to index a number value (field '?')
--> false	asked
--> 32221	4839511.0
--> 125	k0	k9
--> false	invalid key to 'next'
--> 208374
--> 60000
