-- Coroutines and compiled loops: hot loops on both sides, switches inside inlined calls, exits and errors in between.
local yield, wrap = coroutine.yield, coroutine.wrap
-- a producer with a hot loop, a consumer with a hot loop
local function producer(n) return wrap(function() for i = 1, n do for k = 1, 3 do yield(i * k) end end end) end
local s = 0
for v in producer(1000) do s = s + v end
print(s) --> 3003000
-- hundreds of turns between two loops, state on both sides
local co = wrap(function(x)
  local a, b = 0, 1
  while true do
    for i = 1, 50 do a = a + i * x end
    b = b + a % 7
    x = yield(a, b)
  end
end)
local ra, rb = 0, 0
for i = 1, 400 do
  local a, b = co(i % 5)
  ra, rb = ra + a, rb + b
end
print(ra, rb) --> 204510000	243371
-- a pipeline: filter, map, take
local function source() return wrap(function() local i = 0; while true do i = i + 1; yield(i) end end) end
local function filter(src, f) return wrap(function() for v in src do if f(v) then yield(v) end end end) end
local function map(src, f) return wrap(function() for v in src do yield(f(v)) end end) end
local function take(src, n) return wrap(function() for i = 1, n do yield(src()) end end) end
local p = 0
for v in take(map(filter(source(), function(v) return v % 3 == 0 end), function(v) return v * v end), 300) do p = p + v end
print(p) --> 81405450
-- the yield is inside calls that a loop would inline
local function step(v) if v % 10 == 0 then yield(v) end return v + 1 end
local function twice(v) return step(step(v)) end
local gen = wrap(function() local v = 0; while v < 3000 do v = twice(v) end return "end" end)
local seen, last = 0, nil
repeat
  last = gen()
  if last ~= "end" then seen = seen + last end
until last == "end"
print(seen) --> 448500
-- the same function runs hot in the main thread and in coroutines
local function hot(n, y) local t = 0; for i = 1, n do t = t + i; if y and i % 100 == 0 then yield(t) end end return t end
local h = hot(1000)
for i = 1, 20 do
  local c = coroutine.create(hot)
  local ok, v = coroutine.resume(c, 500, true)
  while coroutine.status(c) ~= "dead" do h = h + v; ok, v = coroutine.resume(c) end
  h = h + v + hot(300)
end
print(h) --> 9423500
-- upvalues shared between coroutines and loops
local shared, done = 0, 0
local workers = {}
for w = 1, 10 do workers[w] = wrap(function() for i = 1, 100 do shared = shared + w; yield() end done = done + 1; while true do yield() end end) end
for round = 1, 150 do for w = 1, 10 do workers[w]() end end
print(shared, done) --> 5500	10
-- errors in a coroutine's hot loop, seen by resume in a hot loop
local errors, oks = 0, 0
for i = 1, 400 do
  local c = coroutine.create(function(n) for k = 1, 20 do if k == n then error("at " .. k, 0) end end return n end)
  local ok, m = coroutine.resume(c, i % 25)
  if ok then oks = oks + m elseif m == "at " .. i % 25 then errors = errors + 1 end
end
print(errors, oks) --> 320	1440
-- varargs through resume and yield
local echo = wrap(function(...) local n, t = select("#", ...), 0; while true do t = t + n; n = select("#", yield(t, ...)) end end)
local e = 0
for i = 1, 600 do e = e + select("#", echo(table.unpack({}, 1, i % 7))) end
print(e) --> 1200
-- symmetric: a dispatcher in the middle
local names, log = { "a", "b", "c" }, {}
local tasks = {}
for i, name in ipairs(names) do tasks[name] = wrap(function() local k = 0; while true do k = k + 1; log[name] = (log[name] or 0) + k; yield(names[(i + k) % 3 + 1]) end end) end
local turn = "a"
for i = 1, 900 do turn = tasks[turn]() end
print(log.a, log.b, log.c, turn) --> 45150	45150	45150	a
-- collected in the middle
local cs = 0
for i = 1, 300 do
  local g = wrap(function() local t = {}; for k = 1, 50 do t[k] = { k }; yield(t[k][1]) end end)
  for k = 1, i % 50 do cs = cs + g() end
  if i % 60 == 0 then collectgarbage() end
end
print(cs) --> 124950
-- a coroutine resumed from many places, inside pcall and metamethods
local acc = wrap(function() local t = 0; while true do t = t + yield(t) end end)
acc()
local mt = setmetatable({}, { __index = function(_, k) return acc(k) end, __call = function(_, k) return acc(k) end })
local z = 0
for i = 1, 500 do
  local ok, v = pcall(acc, 1)
  z = z + v + mt[1] + mt(1)
end
print(z) --> 1125750
