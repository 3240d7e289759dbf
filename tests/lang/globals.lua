-- Globals: reads, writes, functions replaced, _G and _ENV, strict tables, names that come and go in hot loops.
counter = 0
for i = 1, 1000 do counter = counter + 1 end
print(counter, _G.counter, _ENV == _G, _G._G == _G, rawget(_G, "counter")) --> 1000	1000	true	true	1000
function bump(n) counter = counter + n end
for i = 1, 500 do bump(2) end
print(counter) --> 2000
-- replaced in the middle of a hot loop
function f() return 1 end
local s = 0
for i = 1, 1000 do
  if i == 500 then function f() return 10 end end
  if i == 750 then f = math.abs end
  s = s + f(-5)
end
print(s) --> 4254
-- through _G, rawset, and computed names
s = 0
for i = 1, 1000 do
  if i == 300 then _G.value = 5 end
  if i == 600 then rawset(_G, "value", 50) end
  if i == 800 then _G["val" .. "ue"] = nil end
  s = s + (value or 1)
end
print(s, value) --> 12000	nil
-- a global of changing type
g = 1
local kinds = {}
for i = 1, 900 do
  if i == 300 then g = 1.5 elseif i == 600 then g = "7" end
  local v = g + 1
  kinds[math.type(v) .. v] = (kinds[math.type(v) .. v] or 0) + 1
end
print(kinds.integer2, kinds["float2.5"], kinds.integer8) --> 299	300	301
-- many globals: more than a small table holds
for i = 1, 400 do _G["var" .. i] = i end
s = 0
for round = 1, 20 do for i = 1, 400 do s = s + _G["var" .. i] end end
s = s + var1 + var200 + var400
print(s) --> 1604601
for i = 1, 400 do _G["var" .. i] = nil end
print(var1, var400, counter) --> nil	nil	2000
-- a metatable on _G
local undefined, defined = {}, {}
setmetatable(_G, { __index = function(_, k) undefined[#undefined + 1] = k; return k .. "!" end, __newindex = function(t, k, v) defined[#defined + 1] = k; rawset(t, k, v) end })
local last
for i = 1, 300 do last = missing_name end
newly = 1
newly = 2
print(last, #undefined, #defined, newly) --> missing_name!	300	1	2
setmetatable(_G, nil)
print(missing_name) --> nil
-- a strict environment
local strict = setmetatable({}, { __index = function(_, k) if _G[k] == nil then error("undeclared " .. k, 2) end return _G[k] end, __newindex = function(_, k) error("assignment to " .. k, 2) end })
local code = load("local n = 0; for i = 1, 300 do n = n + math.abs(-i) end return n, tostring(1)", "=strict", "t", strict)
print(code()) --> 45150	1
print(pcall(load("return typo", "=strict", "t", strict))) --> false	strict:1: undeclared typo
print(pcall(load("typo = 1", "=strict", "t", strict))) --> false	strict:1: assignment to typo
-- local shadowing and restoring
local print, type = print, type
local t = 0
do
  local type = function() return "shadow" end
  for i = 1, 300 do if type(5) == "shadow" then t = t + 1 end end
end
for i = 1, 300 do if type(5) == "number" then t = t + 1 end end
print(t) --> 600
-- standard functions replaced globally, and put back
local real = tostring
tostring = function(v) return "<" .. real(v) .. ">" end
local str
for i = 1, 300 do str = tostring(i) end
tostring = real
print(str, tostring(5)) --> <300>	5
local names = {}
for k in pairs(_G) do if not k:find("^var") then names[#names + 1] = k end end
table.sort(names)
local standard = {}
for _, k in ipairs(names) do if type(_G[k]) == "table" then standard[#standard + 1] = k end end
print(table.concat(standard, " ")) --> _G arg coroutine debug io math os package string table utf8
print(_VERSION, rawequal(_G, _ENV), next({}) == nil) --> Lua 5.4	true	true
