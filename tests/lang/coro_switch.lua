-- Switching between coroutines in every way that yields and resumes can meet; fields that come and go.
local y, wrap, create, resume = coroutine.yield, coroutine.wrap, coroutine.create, coroutine.resume
local f = wrap(function() y(1) end)
print(f(), select("#", f()), pcall(f)) --> 1	0	false	cannot resume dead coroutine
f = wrap(function() error({}) end)
print(type(select(2, pcall(f))), pcall(f)) --> table	false	cannot resume dead coroutine
f = wrap(function() error("plain", 0) end)
print((select(2, pcall(f)):gsub("^.*:", ""))) --> plain
print(resume(create(function(...) return select("#", ...), ... end), 1, nil, 3)) --> true	3	1	nil	3
local co = create(function(a) while true do a = y(a * 2) end end)
local got = {}
for i = 1, 300 do got[#got + 1] = select(2, resume(co, i)) end
print(#got, got[300], coroutine.status(co)) --> 300	600	suspended
print(pcall(resume, 1)) --> false	bad argument #1 to 'coroutine.resume' (thread expected, got number)
local function gen(n) return wrap(function() if n > 0 then for v in gen(n - 1) do y(v) end end y(n) end) end
local t = {}
for v in gen(8) do t[#t + 1] = v end
print(table.concat(t, ",")) --> 0,1,2,3,4,5,6,7,8
co = wrap(function()
  local r = {pcall(function() y("in pcall") error("after", 0) end)}
  local s = {pcall(table.sort, {3, 2, 1}, function(a, b) y() return a < b end)}
  local mt = setmetatable({}, {__index = function(_, k) return y(k) end})
  return r[2], s[2], mt.foo, (y(1, 2, 3)), select("#", y())
end)
print(co()) --> in pcall
print(co()) --> foo
print(co("FOO")) --> 1	2	3
print(co("x", "y")) --> 
print(co(1, 2, 3)) --> after	attempt to yield across a C-call boundary	FOO	x	3
local function res(n, log) return setmetatable({}, {__close = function(_, e) log[#log + 1] = n .. tostring(e) end}) end
local log = {}
co = create(function() local a <close> = res(1, log) local b <close> = res(2, log) y() end)
resume(co)
print(coroutine.close(co), table.concat(log, " "), coroutine.status(co)) --> true	2nil 1nil	dead
log = {}
co = wrap(function() local a <close> = res(1, log) y() error("E", 0) end)
co()
print(pcall(co), table.concat(log, " ")) --> false	1E
co = wrap(function(...) local n = select("#", ...) y(n) y(table.unpack({}, 1, 200)) end)
print(co(table.unpack({}, 1, 240)), select("#", co())) --> 240	200
local function deep(n) return n == 0 and "bottom" or select(2, resume(create(deep), n - 1)) end
print(deep(100), deep(250)) --> bottom	C stack overflow
co = wrap(function() return y(7) end)
print(co(), co(8)) --> 7	8
local events = {}
co = create(function() for i = 1, 3 do y(i) end end)
debug.sethook(co, function(e) events[#events + 1] = e end, "cr")
resume(co)
resume(co)
debug.sethook(co)
print(resume(co), table.concat(events, " ")) --> true	call call return call
-- a field that is nil now and then, of objects of two shapes with a class: found anew each time
local C = {} C.__index = C C.kind = "class"
local a, b = setmetatable({x = 1}, C), setmetatable({y = 1, x = 2}, C)
local seen = 0
for i = 1, 600 do
  local o = i % 2 == 0 and a or b
  if i % 3 == 0 then o.link = nil else o.link = i end
  if o.link then seen = seen + o.link end
  if o.none then seen = 0 end
  if i == 300 then C.link = 1000000 elseif i == 400 then C.link = nil end
end
print(seen, a.kind, rawget(b, "link")) --> 33120000	class	599
