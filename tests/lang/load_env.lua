-- load with environments, chunk names, readers, and compiled code that depends on what an environment holds.
local env = { n = 0 }
local f = load("n = n + 1; return n", "c", "t", env)
local r
for i = 1, 500 do r = f() end
print(r, env.n, n) --> 500	500	nil
-- one source, many environments
local fs = {}
for i = 1, 10 do fs[i] = load("x = (x or 0) + k; return x", "e", "t", { k = i }) end
local s = 0
for round = 1, 100 do for i = 1, 10 do s = s + fs[i]() end end
print(s) --> 277750
-- an environment with metamethods
local missing, set = {}, {}
local me = setmetatable({}, { __index = function(_, k) missing[#missing + 1] = k; return k:upper() end, __newindex = function(_, k, v) set[#set + 1] = k .. "=" .. v end })
local g = load("for i = 1, 300 do y = foo .. i end return foo, bar", "m", "t", me)
print(g()) --> FOO	BAR
print(#missing, #set, set[300]) --> 302	300	y=FOO300
-- the environment changes under a hot loop
local e = { step = 1 }
local h = load([[
  local s = 0
  for i = 1, 1000 do
    s = s + step
    if i == 500 then change() end
  end
  return s
]], "h", "t", e)
e.change = function() e.step = 10 end
print(h()) --> 5500
print(pcall(load("return undefined.x", "=c", "t", {}))) --> false	c:1: attempt to index a nil value (global 'undefined')
print(pcall(load("return x", "c", "t", nil))) --> false	[string "c"]:1: attempt to index a nil value (upvalue '_ENV')
-- a nil environment makes every global access an error
print(pcall(load("return 1 + 1", "c", "t", nil))) --> true	2
-- debug.setupvalue on _ENV
local k = load("return v")
print(debug.setupvalue(k, 1, { v = "changed" }), k()) --> _ENV	changed
-- load from a function: pieces, nil, "", errors
local parts, i = { "return ", "1 ", "+ ", "", "2" }, 0
print(load(function() i = i + 1; return parts[i] end)) --> nil	(load):1: unexpected symbol near <eof>
local q = { "return", " ", "1", "+2" }
local j = 0
print(load(function() j = j + 1; return q[j] end)()) --> 3
print(pcall(load, function() error("reader failed", 0) end)) --> true	nil	reader failed
print(pcall(load, function() return {} end)) --> true	nil	reader function must return a string
print(pcall(load, 5)) --> true	nil	[string "5"]:1: unexpected symbol near '5'
-- names of chunks in messages
for _, name in ipairs { "=plain", "@file.lua", "return\nlonger", ("x"):rep(100), "" } do print(select(2, load("= 1", name))) end
--> plain:1: unexpected symbol near '='
--> file.lua:1: unexpected symbol near '='
--> [string "return..."]:1: unexpected symbol near '='
--> [string "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx..."]:1: unexpected symbol near '='
--> [string ""]:1: unexpected symbol near '='
-- varargs and results
print(load("return ...")(1, 2, 3), load("return select('#', ...)")(nil, nil)) --> 1	2
print(load("return")(), load("")(), (load("--comment")())) --> nil	nil	nil
local many = 0
for n = 1, 300 do many = many + load("return " .. n .. " * 2")() end
print(many) --> 90300
-- _ENV as a local, a parameter and an upvalue
local function with(_ENV, n) a = n; return a + (b or 0) end
local t, total = { b = 5 }, 0
for n = 1, 300 do total = total + with(t, n) end
print(total, t.a, a) --> 46650	300	nil
do
  local print = print
  local _ENV <const> = { z = 1 }
  z = z + 1
  print(z, _ENV.z) --> 2	2
end
local function sandbox(code)
  local out = {}
  local f, m = load(code, "=box", "t", { print = function(...) out[#out + 1] = table.concat({ ... }, " ") end, pairs = pairs, string = { upper = string.upper } })
  if not f then return m end
  local ok, m2 = pcall(f)
  return table.concat(out, "|"), ok, m2
end
print(sandbox("print(1, 2) print(string.upper('x')) os.exit()")) --> 1 2|X	false	box:1: attempt to index a nil value (global 'os')
print(sandbox("x = ")) --> box:1: unexpected symbol near <eof>
