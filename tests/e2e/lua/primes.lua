-- 23 loops that are compiled, 7 that abort, 11 bridges; prints what the process itself counted as one line of JSON. Hooks are set
-- from the start, so that called + suppressed is what the probes saw.
local js = require "jitstat"
js.set_param("threshold=10,function_threshold=60000,trace_eagerness=5,max_aborts=1")
local hooks = { compile = 0, bridge = 0, abort = 0, optimize = 0 }
js.set_compile_hook(function(info) hooks[info.type == "bridge" and "bridge" or "compile"] = hooks[info.type == "bridge" and "bridge" or "compile"] + 1 end, false)
js.set_abort_hook(function() hooks.abort = hooks.abort + 1 end)
js.set_optimize_hook(function() hooks.optimize = hooks.optimize + 1 end)
local sum = 0
for i = 1, 12 do -- one loop each
  sum = sum + load("local s = 0; for i = 1, 100 do s = s + i end return s")()
end
for i = 1, 11 do -- one loop and one bridge each: the branch flips half way
  sum = sum + load("local s = 0; for i = 1, 100 do if i <= 50 then s = s + i else s = s - 1 end end return s")()
end
for i = 1, 7 do -- a variable to be closed cannot be recorded
  sum = sum + load("local s = 0; for i = 1, 40 do local c <close> = nil; s = s + i end return s")()
end
local snap = js.get_stats_snapshot()
io.write("# ", sum, " ", hooks.compile, " ", hooks.bridge, " ", hooks.abort, " ", hooks.optimize, "\n")
local parts = {}
for k, v in pairs(snap.counters) do parts[#parts + 1] = ('"%s":%d'):format(k, v) end
io.write('{"counters":{', table.concat(parts, ","), '}}\n')
