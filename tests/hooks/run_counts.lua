-- loop_run_times: loops by label and entry, bridges, entry bridges; only after enable_debug
local js = require "jitstat"
print(#js.get_stats_snapshot().loop_run_times) --> 0
js.set_param("threshold=10,trace_eagerness=5,function_threshold=20")
js.enable_debug()
local function loop(n) local s = 0 for i = 1, n do if i % 4 == 0 then s = s + 3 else s = s + 1 end end return s end
print(loop(4000)) --> 6000
local function runs(kind, number)
  local sum, found = 0, 0
  for _, r in ipairs(js.get_stats_snapshot().loop_run_times) do
    if r.kind == kind and (not number or r.number == number) then sum = sum + r.runs found = found + 1 end
  end
  return sum, found
end
local l, nl = runs("l", 1)
local e, ne = runs("e", 1)
local b, nb = runs("b")
print(nl, ne, nb >= 1) --> 1	1	true
print(l > 500, e >= 1, b > 500) --> true	true	true
for _, r in ipairs(js.get_stats_snapshot().loop_run_times) do assert(r.greenkey == "run_counts.lua:6", r.greenkey) end
-- off: nothing is counted, what was counted stays
js.disable_debug()
loop(4000)
print(runs("l", 1) == l, runs("b") == b) --> true	true
js.enable_debug()
loop(400)
print(runs("l", 1) > l or runs("b") > b) --> true
