-- while a hook runs no other is called; code inside it may be compiled, and what was suppressed is counted
local js = require "jitstat"
local calls, running, nested, inner = 0, false, 0, 0
local function hot(n) local s = 0 for i = 1, n do s = s + i // 3 end return s end
js.set_compile_hook(function(info)
  calls = calls + 1
  nested = nested + (running and 1 or 0)
  running = true
  inner = hot(1000)
  running = false
end)
local function outer(n) local s = 0 for i = 1, n do s = s + i * 2 end return s end
print(outer(300), inner) --> 90300	166500
js.set_compile_hook()
local s = js.get_stats_snapshot()
print(nested, s.hooks.compile.called == calls, s.hooks.compile.suppressed > 0) --> 0	true	true
print(s.hooks.compile.called + s.hooks.compile.suppressed == s.counters.TOTAL_COMPILED_LOOPS + s.counters.TOTAL_COMPILED_BRIDGES) --> true
-- hooks run on a coroutine of their own, which cannot be yielded
local co, main, yieldable
js.set_compile_hook(function() co, main = coroutine.running() yieldable = coroutine.isyieldable() end)
print(load("local s = 0 for i = 1, 100 do s = s + i end return s")()) --> 5050
js.set_compile_hook()
print(co ~= coroutine.running(), main, yieldable) --> true	false	false
