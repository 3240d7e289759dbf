-- Loops in loops, branches, calls: prints how often each trace ran. With "debug" it asks for counts itself, else somebody
-- watches from outside.
local js = require "jitstat"
if arg[1] == "debug" then js.enable_debug() end
local function odd(n) return n % 2 == 1 end
local t, s = {}, 0
for i = 1, 300 do t[i] = (i * 7919) % 101 end
for round = 1, 200 do
  for i = 1, #t do
    local v = t[i]
    if odd(v) then s = s + v elseif v > 50 then s = s - 1 else s = s + round end
    for k = 1, v % 5 do s = s + k end
  end
end
local i = 0
while i < 10000 do i = i + 1; if i % 3 == 0 then s = s ~ i end end
print(s)
local lines = {}
for _, r in ipairs(js.get_stats_snapshot().loop_run_times) do if r.runs > 0 then lines[#lines + 1] = ("%s %d %s %d"):format(r.kind, r.number, r.greenkey, r.runs) end end
table.sort(lines)
print(table.concat(lines, "\n"))
