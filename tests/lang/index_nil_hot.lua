-- Indexing, calling and comparing nil in loops that are compiled already: the error names the place, state is exact.
local function attempt(n, f)
  local i, ok, e = 0, pcall(f, n)
  return tostring(ok) .. " " .. tostring(e)
end
local list = {}
for i = 1, 500 do list[i] = { v = i, sub = { w = i } } end
list[400].sub = nil
local at, sum = 0, 0
print(attempt(500, function(n)
  for i = 1, n do
    at = i
    sum = sum + list[i].sub.w
  end
end)) --> false index_nil_hot.lua:13: attempt to index a nil value (field 'sub')
print(at, sum) --> 400	79800
list[400] = nil
at, sum = 0, 0
print(attempt(500, function(n) for i = 1, n do at = i; sum = sum + list[i].v end end)) --> false index_nil_hot.lua:19: attempt to index a nil value (field '?')
print(at, sum) --> 400	79800
-- the end of a linked list
local head
for i = 1, 400 do head = { v = i, next = head } end
local steps = 0
print(attempt(0, function()
  local p = head
  while true do
    steps = steps + p.v - p.v + 1
    p = p.next
  end
end)) --> false index_nil_hot.lua:28: attempt to index a nil value (local 'p')
print(steps) --> 400
-- a method that disappears
local C = {}
C.__index = C
function C:m() return 1 end
local o, calls = setmetatable({}, C), 0
print(attempt(0, function()
  for i = 1, 1000 do
    if i == 700 then C.m = nil end
    calls = calls + o:m()
  end
end)) --> false index_nil_hot.lua:41: attempt to call a nil value (method 'm')
print(calls) --> 699
-- a global that disappears
counter_function = function() return 1 end
calls = 0
print(attempt(0, function()
  for i = 1, 1000 do
    if i == 600 then counter_function = nil end
    calls = calls + counter_function()
  end
end)) --> false index_nil_hot.lua:51: attempt to call a nil value (global 'counter_function')
print(calls) --> 599
-- a store into nil
local rows, stores = {}, 0
for i = 1, 300 do rows[i] = {} end
print(attempt(0, function() for i = 1, 301 do rows[i].x = i; stores = stores + 1 end end)) --> false index_nil_hot.lua:58: attempt to index a nil value (field '?')
print(stores, rows[300].x) --> 300	300
-- recovered inside the loop, every tenth time
local recovered, good = 0, 0
for i = 1, 2000 do
  local t = i % 10 ~= 0 and { x = { y = 1 } } or i % 20 == 0 and { x = nil } or nil
  local ok, v = pcall(function() return t.x.y end)
  if ok then good = good + v else recovered = recovered + 1 end
end
print(good, recovered) --> 1800	200
-- and without pcall: and/or chains over missing fields
local found, missing = 0, 0
for i = 1, 2000 do
  local t = i % 7 ~= 0 and { x = i % 5 ~= 0 and { y = i } } or nil
  local v = t and t.x and t.x.y
  if v then found = found + 1 else missing = missing + 1 end
end
print(found, missing) --> 1372	628
-- numbers, booleans and functions where tables were
local kinds, messages = { {}, 5, true, print, "s" }, {}
for i = 1, 500 do
  local v = kinds[i % 5 + 1]
  local ok, e = pcall(function() return v.field end)
  messages[type(v)] = tostring(ok) .. " " .. tostring(e):gsub("^.*: ", "")
end
for _, k in ipairs { "table", "number", "boolean", "function", "string" } do print(k, messages[k]) end
--> table	true nil
--> number	false attempt to index a number value (upvalue 'v')
--> boolean	false attempt to index a boolean value (upvalue 'v')
--> function	false attempt to index a function value (upvalue 'v')
--> string	true nil
-- upvalue objects become nil
local shared = { n = 0 }
print(attempt(0, function() for i = 1, 900 do shared.n = shared.n + 1; if i == 800 then shared = nil end end end)) --> false index_nil_hot.lua:91: attempt to index a nil value (upvalue 'shared')
print(shared) --> nil
