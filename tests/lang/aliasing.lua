-- What an optimizer must not assume: two names for one table, stores through callees, lengths that change, metatables that appear.
local a = { x = 1, y = 2 }
local b = a
local s = 0
for i = 1, 1000 do
  a.x = a.x + 1
  b.x = b.x * 2 % 1009
  s = s + a.x + b.y
  if i == 500 then b = { x = 5, y = 100 } end
end
print(s, a.x, b.x) --> 838134	1318	694
-- a possible alias by index
local t = { 1, 2, 3, 4 }
local i1, i2, sum = 1, 1, 0
for i = 1, 1000 do
  t[i1] = i
  t[i2] = t[i2] + 1
  sum = sum + t[i1]
  i2 = i % 3 + 1
end
print(sum, table.concat(t, " ")) --> 500834	1001 335 336 4
-- a callee writes the field that the loop reads
local o = { n = 0, limit = 10 }
local function touch(i) if i % 100 == 0 then o.n = o.n + 1000 end end
local c = 0
for i = 1, 1000 do
  local before = o.n
  touch(i)
  c = c + o.n - before
  o.n = o.n + 1
end
print(c, o.n) --> 10000	11000
-- the length changes while the loop runs
local list = { 1, 2, 3 }
local n, seen = 0, 0
while n < #list do
  n = n + 1
  seen = seen + list[n]
  if n < 500 then list[#list + 1] = n % 7 end
end
print(n, seen, #list) --> 502	1500	502
local l2, steps = {}, 0
for i = 1, 400 do l2[i] = i end
for i = 1, #l2 do
  steps = steps + #l2
  if i % 2 == 0 then l2[#l2] = nil end
end
print(steps, #l2) --> 120200	200
-- a metatable appears in the loop: __index for missing fields, __newindex for new ones
local plain, logged = { v = 1 }, {}
local m = 0
for i = 1, 900 do
  if i == 300 then setmetatable(plain, { __index = function(_, k) return 7 end }) end
  if i == 600 then setmetatable(plain, { __index = { missing = 50 }, __newindex = function(_, k, v) logged[#logged + 1] = k end }) end
  m = m + plain.v + (plain.missing or 0)
  if i % 100 == 0 then plain["new" .. i] = i end
end
print(m, table.concat(logged, " "), plain.new100, plain.new600) --> 18050	new600 new700 new800 new900	100	nil
-- loads are not moved over stores of the same field in another object of the same shape
local p, q = { v = 1, w = 2 }, { v = 3, w = 4 }
local x = 0
for i = 1, 1000 do
  local pv = p.v
  q.v = q.v + pv
  x = x + p.v + q.w
  if i % 200 == 0 then p, q = q, p end
end
print(x, p.v & 0xffffffff, q.v & 0xffffffff) --> 326456485000	2709813403	1624121201
-- array elements: the kind of element changes through the other name
local e1 = { 1.5, 2.5, 3.5 }
local e2, es = e1, 0
for i = 1, 900 do
  es = es + (type(e1[2]) == "number" and e1[2] or 1000)
  if i == 300 then e2[2] = 7 elseif i == 600 then e2[2] = "str" end
end
print(es) --> 302850.0
-- upvalues written by a callee, read after the call in the same expression
local u = 1
local function inc() u = u + 1; return 0 end
local us = 0
for i = 1, 500 do us = us + u + inc() + u end
print(us) --> 251000
-- a global function rebinds a local's table
local cur = { k = 1 }
local function swap() cur = { k = cur.k + 1 } end
local ks = 0
for i = 1, 600 do
  ks = ks + cur.k
  if i % 60 == 0 then swap() end
end
print(ks) --> 3300
-- an array shrinks below an index that was in bounds
local arr, found, missing = {}, 0, 0
for i = 1, 300 do arr[i] = i end
for i = 1, 1000 do
  local v = arr[200]
  if v then found = found + v else missing = missing + 1 end
  if i == 500 then for k = 300, 150, -1 do arr[k] = nil end end
  if i == 800 then arr[200] = 1 end
end
print(found, missing) --> 100200	300
-- rawset, rawget, next and table functions write behind the loop's back
local rw, rs = { a = 1, 1, 2, 3 }, 0
for i = 1, 800 do
  rs = rs + rw.a + rw[1] + #rw
  if i % 100 == 0 then rawset(rw, "a", i) end
  if i % 150 == 0 then table.insert(rw, 1, i) end
  if i % 170 == 0 then table.remove(rw) end
  if i % 333 == 0 then table.sort(rw, function(y, z) return y > z end) end
end
print(rs, #rw) --> 545400	4
-- string.format and friends may call __tostring, which changes things
local ts = { n = 0 }
local obj = setmetatable({}, { __tostring = function() ts.n = ts.n + 1; return "obj" end })
local tn = 0
for i = 1, 300 do
  local before = ts.n
  local str = tostring(obj)
  tn = tn + ts.n - before
end
print(tn, ts.n) --> 300	300
