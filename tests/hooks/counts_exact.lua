-- run counts are exact: known trip counts, every kind of trace, compiled before or after, from Lua and from a hook
local js = require "jitstat"
js.set_param("default,threshold=10,trace_eagerness=4,function_threshold=60000")
local function runs(line)
  local r = {l = 0, e = 0, b = 0}
  for _, x in ipairs(js.get_stats_snapshot().loop_run_times) do
    if tonumber(x.greenkey:match(":(%d+)$")) == line then r[x.kind] = r[x.kind] + x.runs end
  end
  return r
end
-- what f adds to the counts of the traces of a line
local function counted(line, f, ...)
  local a = runs(line)
  f(...)
  local b = runs(line)
  return ("l=%d e=%d b=%d"):format(b.l - a.l, b.e - a.e, b.b - a.b)
end

-- A loop. Of n rounds the first is interpreted; its back edge enters the trace, where one round stands before the label; the rest
-- are rounds of the loop behind it, and all but the first of them came from its jump back: n - 3.
local function loop(n) local s = 0 for i = 1, n do s = s + i end return s end
loop(100)
js.enable_debug() -- it was compiled before
print(counted(21, loop, 1000)) --> l=997 e=1 b=0
print(counted(21, loop, 12345)) --> l=12342 e=1 b=0
js.disable_debug()
print(counted(21, loop, 1000)) --> l=0 e=0 b=0

-- compiled after; counts are switched on by the compile hook itself, from its first entry on
js.set_compile_hook(function(info) js.enable_debug() end)
local function other(n) local s = 0 for i = 1, n do s = s + 2 * i end return s end
other(500)
js.set_compile_hook()
local first = runs(31)
print(first.e, first.l > 400, first.b) --> 1	true	0
print(counted(31, other, 500)) --> l=497 e=1 b=0

-- A bridge: every fourth round leaves the loop there. It ends in the loop's start, which is no entry: the bridge's own
-- count says it. The two rounds between are the one before the label and the one behind it, and its jump back; the last bridge's has none.
local function branch(n)
  local s = 0
  for i = 1, n do
    if i % 4 == 0 then s = s + 3 else s = s - 1 end
  end
  return s
end
branch(400)
print(counted(43, branch, 1000)) --> l=499 e=1 b=250
