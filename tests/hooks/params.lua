-- parameters, times, memory and the snapshot's names
local js = require "jitstat"
print(pcall(js.set_param, "threshold=0")) --> false	bad argument #1 to 'jitstat.set_param' (threshold wants a whole number from 1 to 65000, not '0')
print(pcall(js.set_param, "nothing=1") == false, pcall(js.set_param, "threshold") == false, pcall(js.set_param) == false) --> true	true	true
print(pcall(js.set_param, 5)) --> false	bad argument #1 to 'jitstat.set_param' (string expected, got number)
print(pcall(js.set_param, "threshold=5\0,off")) --> false	bad argument #1 to 'jitstat.set_param' (a NUL in the text)
print(select(2, pcall(js.set_param, "nothing=1")):match("%(.*%(there are threshold, function_threshold, ")) --> (no parameter 'nothing' (there are threshold, function_threshold, 
js.set_param("off")
local function f(n) local s = 0 for i = 1, n do s = s + i end return s end
f(10000)
print(js.get_stats_snapshot().counters.TOTAL_COMPILED_LOOPS) --> 0
js.set_param("jit=1")
local function g(n) local s = 0 for i = 1, n do s = s + i end return s end
print(g(10000)) --> 50005000
local s = js.get_stats_snapshot()
local c, t = s.counters, s.counter_times
print(c.TRACING >= 1, c.BACKEND >= 1, c.OPS > 0, c.RECORDED_OPS > c.OPT_OPS // 4, c.GUARDS > 0, c.OPT_GUARDS > 0) --> true	true	true	true	true	true
print(t.TRACING > 0, t.BACKEND > 0, t.OPTIMIZE > 0, t.TRACING + t.BACKEND + t.OPTIMIZE < 1) --> true	true	true	true
print(c.TOTAL_COMPILED_LOOPS, c.TOTAL_FREED_LOOPS, c.ABORT_TOO_LONG, c.OPT_VECTORIZED) --> 1	0	0	0
local allocated, used = js.get_stats_asmmemmgr()
print(allocated >= used, used > 0, math.type(used)) --> true	true	integer
-- a snapshot is a copy of its moment
local before = s.counters.TOTAL_COMPILED_LOOPS
local function h(n) local s = 0 for i = 1, n do s = s + i * i end return s end
h(1000)
print(s.counters.TOTAL_COMPILED_LOOPS == before, js.get_stats_snapshot().counters.TOTAL_COMPILED_LOOPS) --> true	2
