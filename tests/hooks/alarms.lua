-- every alarm that a program can bring about: raised with its place, its detail and advice
local js = require "jitstat"
js.set_param("default,threshold=10,trace_eagerness=4,function_threshold=1000,code_size=65536")
local function alarms(name)
  local n, last = 0
  local s = js.get_stats_snapshot()
  for _, a in ipairs(s.alarms) do if a.alarm == name then n, last = n + a.count, a end end
  return n, last
end
print(#js.get_stats_snapshot().alarms) --> 0

-- flush storm: at the eighth flush that drops code, with who asked for it
local function loop(n) local s = 0 for i = 1, n do s = s + i end return s end
for i = 1, 7 do loop(100) js.releaseall() end
js.releaseall() -- nothing to drop: does not count
print(alarms("FLUSH_STORM")) --> 0	nil
loop(100)
js.releaseall()
local n, a = alarms("FLUSH_STORM")
print(n, a.file:match("[^/]*$"), a.line, a.detail) --> 1	alarms.lua	18	releaseall

-- a loop compiled again and again: at the eighth time, the line of the loop
n, a = alarms("RECOMPILE")
print(n, a.line, a.detail) --> 1	13	8 times

-- exit storm: every bridge of the place fails to be recorded, so its guard is left every time
local function storm(n)
  local c = 0
  for i = 1, n do
    if i % 2 == 0 then c = c + select("#", load("return 1")()) end
  end
  return c
end
js.set_param("max_aborts=1")
storm(40000)
n, a = alarms("EXIT_STORM")
print(n, a.line, a.detail:find("^guard %d+ of %a+ %d+, 16384 exits$") == 1) --> 1	30	true

-- blacklisted: recording the loop fails max_aborts times in a row
js.set_param("max_aborts=3")
local function opaque(n) for i = 1, n do coroutine.wrap(coroutine.yield)() end end
opaque(400)
n, a = alarms("BLACKLISTED")
print(n, a.line, a.detail) --> 1	41	ABORT_COROUTINE

-- the machine-code area nearly full, then full
print((alarms("CODE_NEARLY_FULL"))) --> 0
local many = {}
for i = 1, 600 do many[i] = ("for i = 1, 100 do s = s + i * %d end"):format(i) end
local keep = {} -- code lives as long as its function
for i = 1, 600, 150 do keep[i] = load("local s = 0 " .. table.concat(many, "\n", i, i + 149) .. " return s", "=many" .. i) keep[i]() end
n, a = alarms("CODE_NEARLY_FULL")
print(n, a.file:match("^many"), a.line > 0) --> 1	many	true
n, a = alarms("CODE_FULL")
print(n > 0, a.file:match("^many")) --> true	many
local s = js.get_stats_snapshot()
for _, a in ipairs(s.alarms) do assert(#a.advice > 10 and a.count > 0) end
