-- __newindex: functions, tables, chains, rawset, existing fields, and read-only or counting proxies.
local log = {}
local t = setmetatable({ old = 1 }, { __newindex = function(t, k, v) log[#log + 1] = k .. "=" .. tostring(v); rawset(t, k, v) end })
for i = 1, 300 do
  t.old = i
  t["n" .. i % 5] = i
end
print(t.old, t.n0, t.n4, #log, table.concat(log, " ")) --> 300	300	299	5	n1=1 n2=2 n3=3 n4=4 n0=5
-- a table as __newindex takes the field
local store = {}
local front = setmetatable({}, { __newindex = store })
for i = 1, 300 do front[i] = i end
print(#front, #store, rawget(front, 1), store[300]) --> 0	300	nil	300
-- a chain
local sink = {}
local a = setmetatable({}, { __newindex = setmetatable({}, { __newindex = setmetatable({}, { __newindex = sink }) }) })
for i = 1, 300 do a["k" .. i % 3] = i end
print(sink.k0, sink.k1, sink.k2, next(a)) --> 300	298	299	nil
-- assigning nil to a missing field calls it too
local nils = 0
local m = setmetatable({}, { __newindex = function(_, _, v) if v == nil then nils = nils + 1 end end })
for i = 1, 300 do m.x = nil; m.y = 1 end
print(nils, m.y) --> 300	nil
-- once a field exists the metamethod is not asked, after its removal it is again
local asked = 0
local c = setmetatable({}, { __newindex = function(t, k, v) asked = asked + 1; rawset(t, k, v) end })
for i = 1, 400 do
  c.f = i
  if i % 100 == 0 then c.f = nil end
end
print(asked, c.f) --> 4	nil
-- a metatable that gets its __newindex while the loop is hot
local mt, target = {}, {}
local o = setmetatable({}, mt)
for i = 1, 400 do
  if i == 201 then mt.__newindex = target end
  if i == 301 then mt.__newindex = nil end
  o[i] = i
end
print(rawget(o, 400), rawget(o, 200), rawget(o, 201), rawget(o, 301), target[201], target[300], target[301]) --> 400	200	nil	301	201	300	nil
-- a read-only view
local function readonly(t)
  return setmetatable({}, { __index = t, __len = function() return #t end,
    __newindex = function(_, k) error("read-only field " .. tostring(k), 2) end })
end
local view = readonly { 1, 2, 3, x = "y" }
local ok, e
local refused = 0
for i = 1, 300 do
  ok, e = pcall(function() view[i] = i end)
  if not ok then refused = refused + 1 end
end
print(refused, e, view.x, #view, view[2]) --> 300	meta_newindex.lua:50: read-only field 300	y	3	2
-- arrays behind a proxy with table functions
local writes = 0
local raw = {}
local proxy = setmetatable({}, {
  __index = function(_, i) return raw[i] end,
  __newindex = function(_, i, v) writes = writes + 1; raw[i] = v end,
  __len = function() return #raw end,
})
for i = 1, 100 do table.insert(proxy, i) end
for i = 1, 50 do table.remove(proxy) end
table.insert(proxy, 1, "first")
print(#proxy, #raw, writes, proxy[1], proxy[51], next(proxy)) --> 51	51	201	first	50	nil
print(pcall(rawset, 5, 1, 1)) --> false	bad argument #1 to 'rawset' (table expected, got number)
print(pcall(function() local x; x.y = 1 end)) --> false	meta_newindex.lua:67: attempt to index a nil value (local 'x')
print(pcall(function() setmetatable({}, { __newindex = 5 }).x = 1 end)) --> false	meta_newindex.lua:68: attempt to index a number value
local loop = {}
loop.__newindex = loop
setmetatable(loop, loop)
print(pcall(function() loop.x = 1 end)) --> false	meta_newindex.lua:72: '__newindex' chain too long; possible loop
