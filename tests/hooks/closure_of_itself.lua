-- A local function that calls itself captures the register that it will stand in. What an earlier local left there is
-- nobody's: the collector clears it between two instructions, and the recording must not mind.
local js = require "jitstat"
js.set_param("threshold=1,function_threshold=1,trace_eagerness=1")
collectgarbage("incremental", 100, 1000, 20)
collectgarbage("setpause", 0) -- a whole cycle for every new object
local text = [[
local sum, t = ..., {}
for r = 1, 20 do
  for k = 1, 3 do t[k] = k end
  local function one() return sum end
  local function down(n) return n == 0 and 0 or down(n - 1) end
  local function tree(n) return n == 0 and 1 or tree(n - 1) end
  sum = sum + down(r % 3) + tree(1)
end
return sum]]
local sum = 0
for i = 1, 20 do sum = sum + load(text)(i) end
print(sum, js.get_stats_snapshot().counters.ABORT_BAD_LOOP) --> 610	0
