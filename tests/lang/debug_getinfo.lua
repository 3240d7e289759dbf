-- debug.getinfo, getlocal, setlocal and friends, at rest and from functions called by hot loops.
local function here() return debug.getinfo(2, "l").currentline end
print(here(), here()) --> 3	3
print(
  here(),
  here()
) --> 5	6
local lines = {}
for i = 1, 300 do
  lines[i] = here()
  if lines[i] ~= 11 then lines[i] = here() end
end
print(lines[1], lines[150], lines[300]) --> 11	11	11
local function named(a, b, ...) local c = 1; return debug.getinfo(1, "nSltufL") end
local i = named(1, 2, 3)
print(i.name, i.namewhat, i.what, i.short_src, i.linedefined, i.lastlinedefined, i.currentline) --> named	local	Lua	debug_getinfo.lua	14	14	14
print(i.nups, i.nparams, i.isvararg, i.istailcall, i.func == named, i.source) --> 1	2	true	false	true	@debug_getinfo.lua
local p = debug.getinfo(print)
print(p.what, p.short_src, p.source, p.currentline, p.linedefined, p.nparams, p.isvararg, p.name) --> C	[C]	=[C]	-1	-1	0	true	nil
local m = debug.getinfo(1)
print(m.what, m.name, m.currentline, m.linedefined, m.isvararg, m.nparams) --> main	nil	20	0	true	0
print(debug.getinfo(100), pcall(debug.getinfo, 1, "X")) --> nil	false	bad argument #2 to 'debug.getinfo' (invalid option)
print(pcall(debug.getinfo, "x")) --> false	bad argument #1 to 'debug.getinfo' (number expected, got string)
local active = {}
for l in pairs(debug.getinfo(function(x)
  if x then
    return 1
  end
end, "L").activelines) do active[#active + 1] = l end
table.sort(active)
print(table.concat(active, " ")) --> 26 27 29
-- how a function was called
local function who() local n = debug.getinfo(2, "n"); return tostring(n.name) .. " " .. n.namewhat end
local t = { who_field = function() local r = who(); return r end }
function t:who_method() local r = who(); return r end
function who_global() local r = who(); return r end
local function who_local() local r = who(); return r end
local mt = setmetatable({}, { __index = function() local r = who(); return r end, __add = function() local r = who(); return r end, __lt = function() print(who()) return true end })
print(who_local(), who_global(), t.who_field(), t:who_method()) --> who_local local	who_global global	who_field field	who_method method
print(mt.x, mt + 1, mt < mt) --> lt metamethod
--> index metamethod	add metamethod	true
for _ in (function() print(who()) end) do end --> for iterator for iterator
-- locals by level
local function f(a, b)
  local c, d = a + b, "d"
  do local hidden = 1 end
  local names = {}
  for k = 1, 10 do
    local name, value = debug.getlocal(1, k)
    if not name then break end
    names[#names + 1] = name .. "=" .. type(value)
  end
  return table.concat(names, " ")
end
print(f(1, 2)) --> a=number b=number c=number d=string names=table (for state)=number (for state)=number (for state)=number k=number
local function setter() debug.setlocal(2, 1, "changed") end
local function victim(x) for k = 1, 300 do if k == 299 then setter() end end return x end
print(victim("original")) --> changed
-- a hot loop's own locals, read and written from outside
local function poke(level) local n, v = debug.getlocal(level, 1); debug.setlocal(level, 1, v + 1000) end
local function loop() local s = 0; for k = 1, 500 do s = s + 1; if k % 100 == 0 then poke(2) end end return s end
print(loop()) --> 5500
print(debug.getlocal(f, 1), debug.getlocal(f, 2), debug.getlocal(f, 3)) --> a	b	nil
local function va(...) return debug.getlocal(1, -1), debug.getlocal(1, -2), (debug.getlocal(1, -3)) end
print(va("x", "y")) --> (vararg)	(vararg)	nil
print(pcall(debug.getlocal, 50, 1)) --> false	bad argument #1 to 'debug.getlocal' (level out of range)
-- tail calls
local function tail() return debug.getinfo(1, "t").istailcall, debug.getinfo(2, "S").what end
local function caller() return tail() end
print(caller()) --> true	main
-- transfer of values, metatables, registry, uservalues
print(debug.getmetatable("").__index == string, type(debug.getregistry()), debug.getuservalue(1)) --> true	table	nil
print(pcall(debug.setmetatable, {}, 5)) --> false	bad argument #2 to 'debug.setmetatable' (nil or table expected, got number)
print(select("#", debug.gethook()), debug.gethook()) --> 1	nil
-- a coroutine's
local co = coroutine.create(function(arg) local x = arg * 2; coroutine.yield(x) end)
coroutine.resume(co, 21)
print(debug.getinfo(co, 1, "l").currentline, debug.getlocal(co, 1, 1), debug.getlocal(co, 1, 2)) --> 76	arg	x	42
print(debug.setlocal(co, 1, 2, "new"), debug.getlocal(co, 1, 2)) --> x	x	new
