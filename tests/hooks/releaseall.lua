-- all machine code goes, at once or when the hook has returned
local js = require "jitstat"
local function loop(n) local s = 0 for i = 1, n do s = s + i end return s end
loop(200)
local s = js.get_stats_snapshot()
print(s.counters.TOTAL_COMPILED_LOOPS, s.counters.TOTAL_FREED_LOOPS) --> 1	0
local _, used = js.get_stats_asmmemmgr()
print(used > 0) --> true
js.releaseall()
s = js.get_stats_snapshot()
print(s.counters.TOTAL_FREED_LOOPS, s.flushes, select(2, js.get_stats_asmmemmgr()) < used) --> 1	1	true
-- it is compiled again
print(loop(200)) --> 20100
print(js.get_stats_snapshot().counters.TOTAL_COMPILED_LOOPS) --> 2
-- in a hook: when the hook has returned
local inside, bytes
js.set_compile_hook(function(info)
  js.releaseall()
  inside = js.get_stats_snapshot().flushes
  bytes = js.code_bytes(info)
end)
local function loop2(n) local s = 0 for i = 1, n do s = s + i * 2 end return s end
print(loop2(100)) --> 10100
js.set_compile_hook()
s = js.get_stats_snapshot()
print(inside, #bytes > 0, s.flushes, s.counters.TOTAL_FREED_LOOPS == s.counters.TOTAL_COMPILED_LOOPS) --> 1	true	2	true
