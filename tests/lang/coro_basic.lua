-- Coroutines: values in and out, status, wrap, isyieldable, running, errors, many at once, hot resume loops.
local yield, wrap, create, resume, status = coroutine.yield, coroutine.wrap, coroutine.create, coroutine.resume, coroutine.status
local co = wrap(function(a) local s = 0; while true do s = s + a; a = yield(s) end end)
local r
for i = 1, 1000 do r = co(i % 7) end
print(r) --> 3003
local c = create(function(a, b)
  local x, y = yield(a + b)
  local z = yield(x * y, "two")
  return z, "end"
end)
print(status(c), resume(c, 1, 2)) --> suspended	true	3
print(status(c), resume(c, 3, 4)) --> suspended	true	12	two
print(status(c), resume(c, "last")) --> suspended	true	last	end
print(status(c), resume(c)) --> dead	false	cannot resume dead coroutine
-- generators made and finished in a hot loop
local function gen(n) return wrap(function() for i = 1, n do yield(i) end end) end
local s = 0
for round = 1, 300 do for v in gen(round % 10) do s = s + v end end
print(s) --> 4950
-- many alive at once, resumed in turn
local cos, t = {}, 0
for i = 1, 100 do cos[i] = create(function() local n = i; while true do n = n + 1; yield(n) end end) end
for round = 1, 20 do for i = 1, 100 do local _, v = resume(cos[i]); t = t + v end end
print(t) --> 122000
-- a coroutine inside a coroutine inside a coroutine
local function nest(d)
  return wrap(function(x)
    local inner = d > 0 and nest(d - 1)
    while true do x = yield(inner and inner(x + 1) or x) end
  end)
end
local deep = nest(20)
local n = 0
for i = 1, 300 do n = n + deep(i) end
print(n) --> 51150
-- status from every side
local outer
outer = create(function()
  local inner = create(function() return status(outer), coroutine.isyieldable() end)
  print(status(outer), status(inner), resume(inner)) --> running	suspended	true	normal	true
  print(status(inner)) --> dead
end)
resume(outer)
print(status(outer), coroutine.isyieldable()) --> dead	false
local main, ismain = coroutine.running()
print(type(main), ismain, status(main)) --> thread	true	running
-- errors
local bad = create(function() local x = nil; return x.field end)
print(resume(bad)) --> false	coro_basic.lua:49: attempt to index a nil value (local 'x')
print(status(bad), resume(bad)) --> dead	false	cannot resume dead coroutine
local ok, e = pcall(wrap(function() error { code = 5 } end))
print(ok, type(e), e.code) --> false	table	5
print(pcall(wrap(function() error("text", 0) end))) --> false	text
local dead = wrap(function() return "once" end)
print(dead(), pcall(dead)) --> once	false	cannot resume dead coroutine
print(resume(coroutine.running())) --> false	cannot resume non-suspended coroutine
print(pcall(resume, 5)) --> false	bad argument #1 to 'coroutine.resume' (thread expected, got number)
print(pcall(create, 5)) --> false	bad argument #1 to 'coroutine.create' (function expected, got number)
print(pcall(yield, 1)) --> false	attempt to yield from outside a coroutine
-- passing many values
local echo = wrap(function(...) local p = table.pack(...); while true do p = table.pack(yield(table.unpack(p, 1, p.n))) end end)
local cnt = 0
for i = 0, 300 do cnt = cnt + select("#", echo(table.unpack({}, 1, i % 50))) end
print(cnt, echo(nil, nil, 3)) --> 7350	nil	nil	3
-- recursion inside
local function walk(tree) if tree then walk(tree[1]); yield(tree.v); walk(tree[2]) end end
local function build(a, b) if a > b then return nil end local m = (a + b) // 2; return { build(a, m - 1), build(m + 1, b), v = m } end
local last, ordered, visits = 0, true, 0
for round = 1, 5 do
  last = 0
  local tree = build(1, 127)
  for v in wrap(function() walk(tree) end) do
    if v ~= last + 1 then ordered = false end
    last = v
    visits = visits + 1
  end
end
print(ordered, last, visits) --> true	127	635
-- abandoned coroutines are collected
local weak = setmetatable({}, { __mode = "k" })
for i = 1, 200 do
  local w = create(function() yield() end)
  resume(w)
  weak[w] = true
end
collectgarbage()
collectgarbage()
print(next(weak)) --> nil
