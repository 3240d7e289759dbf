-- hooks that raise: reported, swallowed, and nothing else changes
--= 0
local js = require "jitstat"
local function run(k) return load("local n, k = ... local s = 0 for i = 1, n do s = s + i % k end return s")(400, k) end
js.set_compile_hook(function() error("compile went wrong") end) --! jit hook (compile): errors.lua:5: compile went wrong
print(run(7)) --> 1198
js.set_compile_hook(function() error({}) end) --! jit hook (compile): (error object is a table value)
print(run(9)) --> 1594
js.set_compile_hook(function() local x = nil; return x.y end) --! jit hook (compile): errors.lua:9: attempt to index a nil value (local 'x')
print(run(8)) --> 1400
js.set_compile_hook(function() coroutine.yield(1) end) --! jit hook (compile): attempt to yield across a C-call boundary
print(run(10)) --> 1800
js.set_compile_hook(setmetatable({}, {__call = function(_, info) error(info.type, 0) end})) --! jit hook (compile): loop
print(run(11)) --> 1990
js.set_compile_hook(nil)
js.set_optimize_hook(function() error("optimize", 0) end) --! jit hook (optimize): optimize
print(run(12)) --> 2188
js.set_optimize_hook(nil)
local h = js.get_stats_snapshot().hooks
print(h.compile.failed, h.optimize.failed, h.compile.called) --> 5	1	5
print(js.get_stats_snapshot().counters.TOTAL_COMPILED_LOOPS) --> 6
print(pcall(js.set_compile_hook, 5)) --> false	bad argument #1 to 'jitstat.set_compile_hook' (function expected, got number)
