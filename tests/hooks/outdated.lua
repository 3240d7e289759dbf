-- A loop that was recorded for integers and then runs over floats gets a second trace, not a round through a bridge each time.
local js = require "jitstat"
js.set_param("default,threshold=20,trace_eagerness=5,function_threshold=60000")
local N = 2000
local ints, floats, strings = {}, {}, {}
for i = 1, N do ints[i], floats[i], strings[i] = i, i + 0.5, tostring(i) end

local function runs(line)
  local r = {l = 0, e = 0, b = 0}
  for _, x in ipairs(js.get_stats_snapshot().loop_run_times) do
    if x.greenkey:find("outdated.lua:" .. line .. "$") then r[x.kind] = r[x.kind] + x.runs end
  end
  return r
end
local function line_of(f) return debug.getinfo(f, "S").linedefined + 1 end
-- Do most rounds of f's loop run in a loop, and hardly any through bridges?
local function counted(f, ...)
  local line = line_of(f)
  js.enable_debug()
  local a = runs(line)
  f(...)
  local b = runs(line)
  js.disable_debug()
  return b.l - a.l > N * 9 // 10, b.b - a.b < 10
end

-- elements of another type
local function sum(t) local s = 0
  for i = 1, #t do s = s + t[i] end
  return s
end
for _ = 1, 3 do sum(ints) end
print(counted(sum, ints)) --> true	true
for _ = 1, 3 do sum(floats) end
print(counted(sum, floats)) --> true	true
print(sum(ints), sum(floats)) --> 2001000	2002000.0
print(counted(sum, ints)) --> true	true

-- an argument of another type
local function scale(t, by) local s = 0
  for i = 1, #t do s = s + t[i] * by end
  return s
end
for _ = 1, 3 do scale(ints, 2) end
for _ = 1, 3 do scale(ints, 0.5) end
print(counted(scale, ints, 0.5)) --> true	true
print(scale(ints, 2), scale(ints, 0.5)) --> 4002000	1000500.0

-- only the first round is of another type: that is no other loop
local function first(t) local s = 0
  for i = 1, #t do s = s + t[i] end
  return s
end
for _ = 1, 5 do first(floats) end
print(counted(first, floats)) --> true	true
print(first(floats)) --> 2002000.0

-- types that keep changing: once more, then bridges
local mixed = {}
for i = 1, N do mixed[i] = i % 3 == 0 and i or i % 3 == 1 and i + 0.25 or strings[i] end
local function kinds(t) local s = 0
  for i = 1, #t do s = s + #math.type(tonumber(t[i])) end
  return s
end
for _, t in ipairs{ints, floats, strings, mixed, ints, floats, strings, mixed} do io.write(kinds(t), " ") end print()
--> 14000 10000 14000 12666 14000 10000 14000 12666 
local roots = 0
for _, x in ipairs(js.get_stats_snapshot().loop_run_times) do
  if x.greenkey:find("outdated.lua:" .. line_of(kinds) .. "$") and x.kind == "l" then roots = roots + 1 end
end
print(roots) --> 2
