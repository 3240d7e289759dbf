-- coroutine switches: a trace ends before one where it may, and nobody who waits for a coroutine keeps it from being recorded
local js = require "jitstat"
local yield, wrap = coroutine.yield, coroutine.wrap
local function counters() return js.get_stats_snapshot().counters end

local aborts = {}
local function place(key) return tonumber(key.name:match(":(%d+)$")) end
js.set_abort_hook(function(_, key, reason) local id = reason .. place(key) aborts[id] = (aborts[id] or 0) + 1 end)

-- A function that yields at its end gets a trace up to there, at the first try.
local function work(n)
  local a, b, c = n, n * 2, n * 3
  a = a + b * 2 - c; b = b + c * 3 - a; c = c + a * 5 - b
  a = a + b * 2 - c; b = b + c * 3 - a; c = c + a * 5 - b
  a = a % 1000; b = b % 1000; c = c % 1000
  yield(a + b + c)
  return a
end
local before = counters()
local co = wrap(function() while true do work(3) end end)
local s = 0
for i = 1, 300 do s = s + co() end
local after = counters()
print(s) --> 90000
print(after.TOTAL_COMPILED_LOOPS - before.TOTAL_COMPILED_LOOPS >= 1, aborts.ABORT_COROUTINE11) --> true	nil

-- The path of a loop that yields now and then: its bridge ends at the yield and is the only one that is tried for it.
before = counters()
co = wrap(function() local t = 0 for i = 1, 100000 do t = t + i; if i % 4 == 0 then t = t - i; yield(t) end end end)
s = 0
for i = 1, 2000 do s = s + co() end
after = counters()
print(s) --> 16012002000
print(after.TOTAL_COMPILED_BRIDGES - before.TOTAL_COMPILED_BRIDGES >= 1, aborts.ABORT_COROUTINE29) --> true	nil

-- A main program that waits in pcall, its loop being recorded (in the 62nd round), while a coroutine gets hot.
local inside
local late = wrap(function()
  local t = 0
  for i = 1, 1000 do t = t + i end
  inside = counters().TOTAL_COMPILED_LOOPS
  while true do yield(t) end
end)
local called = {}
for i = 1, 70 do called[i] = i < 62 and math.abs or late end
local outside = counters().TOTAL_COMPILED_LOOPS
for i = 1, 70 do pcall(called[i], i) end
js.set_abort_hook()
print(inside - outside, aborts.ABORT_COROUTINE47) --> 1	1
