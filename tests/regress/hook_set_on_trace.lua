-- A hook that a function sets while it is called from machine code sees the lines that follow at once, not only those
-- behind the next jump back; and when it is gone, loops are compiled and entered again.
local js = require "jitstat"
local lines, n = {}, 0
local function hook(_, line) lines[#lines + 1] = line end
local function run(count, at)
  for i = 1, count do
    if i == at then debug.sethook(hook, "l") end
    local x = i
    n = n + x
    if i == at then debug.sethook() end
  end
end
local base = debug.getinfo(run, "S").linedefined
run(300, 0)
for round = 1, 3 do
  lines = {}
  run(300, 250)
  for k, v in ipairs(lines) do lines[k] = v - base end
  print(table.concat(lines, " ")) --> 3 4 5
end
--> 3 4 5
--> 3 4 5
print(n) --> 180600
local entries = js.get_stats_snapshot().trace_entries
local s = 0
for i = 1, 300 do s = s + i end
print(s, js.get_stats_snapshot().trace_entries > entries or os.getenv("JITSTAT") == "off") --> 45150	true
