-- The concatenation operator: chains, numbers, long results, right associativity, metamethods in the middle.
local s = ""
for i = 1, 300 do s = s .. i .. "," end
print(#s, s:sub(-8)) --> 1092	299,300,
local n = 0
for i = 1, 1000 do n = n + #("a" .. i % 100 .. "-" .. i % 7 .. "z") end
print(n) --> 5900
local t = {}
for i = 1, 300 do t[i] = i .. "/" .. i / 4 .. "/" .. tostring(i % 2 == 0) .. "/" .. ("x"):rep(i % 5) end
print(t[1], t[2], t[3], t[300]) --> 1/0.25/false/x	2/0.5/true/xx	3/0.75/false/xxx	300/75.0/true/
local e = 0
for i = 1, 300 do
  local a, b = i % 3 == 0 and "" or "k", i % 5 == 0 and "" or "v"
  if a .. b == "kv" then e = e + 1 elseif a .. b == "" then e = e + 1000 end
  if a .. "" == a and "" .. b == b then e = e + 1000000 end
end
print(e) --> 300020160
-- order of evaluation and of metamethod calls
local log = {}
local function v(x) log[#log + 1] = x; return x end
print(v "a" .. v "b" .. v "c" .. v(1) .. v(2.5), table.concat(log, " ")) --> abc12.5	a b c 1 2.5
local mt = { __concat = function(a, b)
  return "(" .. tostring(type(a) == "table" and "T" or a) .. "+" .. tostring(type(b) == "table" and "T" or b) .. ")"
end }
local o = setmetatable({}, mt)
local r
for i = 1, 300 do r = "x" .. "y" .. o .. "z" .. i end
print(r) --> xy(T+z300)
print(o .. o, 1 .. o, o .. 1.5, "a" .. (o .. "b"), (pcall(function() return o .. nil end))) --> (T+T)	(1+T)	(T+1.5)	a(T+b)	true
-- strings that are keys after being built
local count, keys = {}, 0
for i = 1, 1000 do
  local k = "key" .. i % 10
  if not count[k] then keys = keys + 1 end
  count[k] = (count[k] or 0) + 1
end
print(keys, count.key0, count.key9) --> 10	100	100
-- long ones
local long = ("x"):rep(100)
for i = 1, 8 do long = long .. long end
print(#long, #(long .. "y" .. long)) --> 25600	51201
-- a local that is captured between pieces
local x = "1"
local function change() x = x .. "!"; return x end
print(x .. change() .. x .. change()) --> 11!1!1!!
print(-1 .. 2, 2 ^ 3 .. "", 1 + 2 .. 3 + 4, "a" .. "b" == "ab", #"ab" .. "c") --> -12	8.0	37	true	2c
print(pcall(function() local a = {}; return "x" .. a.b end)) --> false	concat.lua:47: attempt to concatenate a nil value (field 'b')
print(pcall(function() return undefined_name .. "x" end)) --> false	concat.lua:48: attempt to concatenate a nil value (global 'undefined_name')
print(pcall(function() return 1 .. print end)) --> false	concat.lua:49: attempt to concatenate a function value (global 'print')
print(pcall(function() local a, b = "s", {}; return a .. b .. "t" end)) --> false	concat.lua:50: attempt to concatenate a table value (local 'b')
