-- rawget, rawset, rawequal, rawlen, type, tostring, getmetatable, setmetatable, assert and select in hot loops.
local t = setmetatable({ a = 1 }, { __index = function() return "meta" end, __newindex = function() error("never") end, __len = function() return 99 end, __eq = function() return true end })
local n, m = 0, 0
for i = 1, 500 do
  if rawget(t, "a") == 1 and rawget(t, "b") == nil and t.b == "meta" then n = n + 1 end
  rawset(t, "k" .. i % 3, i)
  if rawlen(t) == 0 and #t == 99 and rawlen("abc") == 3 then m = m + 1 end
  if not rawequal(t, setmetatable({}, getmetatable(t))) and rawequal(t, t) and rawequal(1, 1.0) and not rawequal("1", 1) then m = m + 1 end
end
print(n, m, t.k0, t.k1, t.k2) --> 500	1000	498	499	500
-- type, over values that change at every iteration
local values = { 1, 1.5, "s", true, false, {}, print, function() end, coroutine.create(print), io.stdout }
local counts = {}
for i = 1, 2200 do
  local k = type(values[i % 11 + 1])
  counts[k] = (counts[k] or 0) + 1
end
local keys = {}
for k in pairs(counts) do keys[#keys + 1] = k end
table.sort(keys)
for i, k in ipairs(keys) do keys[i] = k .. "=" .. counts[k] end
print(table.concat(keys, " ")) --> boolean=400 function=400 nil=200 number=400 string=200 table=200 thread=200 userdata=200
-- tostring and tonumber there and back
local bad, len = 0, 0
for i = -300, 300 do
  local s = tostring(i)
  if tonumber(s) ~= i then bad = bad + 1 end
  local f = tostring(i / 4)
  if tonumber(f) ~= i / 4 then bad = bad + 1 end
  len = len + #s + #f
end
print(bad, len, tostring(nil), tostring(true), tostring("x"), tostring(1e100)) --> 0	4810	nil	true	x	1e+100
-- metatables set, changed and taken away in every iteration
local A, B = { __index = { v = 1 } }, { __index = { v = 10 } }
local o, s = {}, 0
for i = 1, 900 do
  setmetatable(o, i % 3 == 0 and A or i % 3 == 1 and B or nil)
  s = s + (o.v or 100)
  local mt = getmetatable(o)
  if mt == A then s = s + 0.5 elseif mt == nil then s = s + 0.25 end
end
print(s) --> 33525.0
-- many objects with metatables of their own
local ps = 0
for i = 1, 1000 do
  local p = setmetatable({}, { __index = function(_, k) return i end })
  ps = ps + p.anything
end
print(ps) --> 500500
-- assert and select as filters
local as, ss = 0, 0
for i = 1, 600 do
  as = as + assert(i, "no") + select("#", assert(i, nil, nil))
  ss = ss + select(2, i, i * 2, "z") + select(-1, 5, 6, 7) + select("#") + select("#", nil)
end
print(as, ss) --> 182100	365400
-- next as a test for emptiness, and to take any element
local empties, taken = 0, 0
for i = 1, 500 do
  local q = i % 2 == 0 and { x = i } or {}
  if next(q) == nil then empties = empties + 1 else local k, v = next(q); taken = taken + v end
end
print(empties, taken) --> 250	62750
-- standard functions stored in locals, tables and upvalues
local lib, fl = { abs = math.abs, sub = string.sub, ins = table.insert }, math.floor
local function use(x) return fl(x) + lib.abs(-x) end
local u, list = 0, {}
for i = 1, 600 do
  u = u + use(i / 2) + #lib.sub("abcdef", 1, i % 7)
  lib.ins(list, i)
end
print(u, #list) --> 181950.0	600
-- replaced in their library while hot
local sub = string.sub
local r = 0
for i = 1, 600 do
  if i == 300 then string.sub = function() return "replaced" end end
  r = r + #("hello"):sub(1, 2)
end
string.sub = sub
print(r, ("hello"):sub(1, 2)) --> 3006	he
local rt, ti = type, 0
for i = 1, 600 do
  if i == 300 then type = function() return "fake" end end
  if type(i) == "fake" then ti = ti + 1 end
end
type = rt
print(ti, type(5)) --> 301	number
print(pcall(rawget, 5, 1)) --> false	bad argument #1 to 'rawget' (table expected, got number)
print(pcall(rawlen, 5)) --> false	bad argument #1 to 'rawlen' (table or string expected, got number)
print(pcall(rawequal, 1)) --> false	bad argument #2 to 'rawequal' (value expected)
print(pcall(getmetatable)) --> false	bad argument #1 to 'getmetatable' (value expected)
print(pcall(setmetatable, {})) --> false	bad argument #2 to 'setmetatable' (nil or table expected, got no value)
print(pcall(next, {}, 1)) --> false	invalid key to 'next'
print(pcall(next)) --> false	bad argument #1 to 'next' (table expected, got no value)
