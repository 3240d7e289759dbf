-- A loop's end that returns, through two functions, to many places: each of them needs a trace of its own first, and no
-- number of such places may make the guard one that never gets a bridge.
local js = require "jitstat"
js.set_param("default,threshold=20,trace_eagerness=5,function_threshold=30")
local function drain(n) local s = 0
  while n > 0 do s = s + n; n = n - 1 end
  return s
end
local function inner(n) local s = drain(n) return s + 1 end
local function outer(n) local s = inner(n) return s + 1 end
local function a(n) return outer(n) * 3 end
local function b(n) return outer(n) - 7 end
local function c(n) return outer(n) // 2 end
local function d(n) return outer(n) % 11 end
local function e(n) return outer(n) ~ 5 end
local function f(n) return outer(n) + 9 end
local function g(n) return outer(n) | 1 end
local function h(n) return outer(n) & 0xff end
local callers = {a, b, c, d, e, f, g, h}
local function rounds(n)
  local s = 0
  for i = 1, n do
    for k = 1, 8 do s = s + callers[k](i % 6) end
  end
  return s
end
for _ = 1, 400 do rounds(20) end
local before = js.get_stats_snapshot().guard_exits
print(rounds(1000)) --> 74300
local exits = js.get_stats_snapshot().guard_exits - before
print(exits < 100 or exits) --> true
