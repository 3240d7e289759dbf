-- A recording must say what the interpreter did. What cannot be true at once in it is found by the optimizer and counted as
-- ABORT_BAD_LOOP, or as ABORT_BRIDGE in a bridge; here is the smallest program of each that was found.
local js = require "jitstat"
local before
local function watch(params)
  js.set_param(params)
  before = js.get_stats_snapshot().counters
end
local function tell(result) -- loops or bridges were made?, contradictions
  local c = js.get_stats_snapshot().counters
  local made = c.TOTAL_COMPILED_LOOPS + c.TOTAL_COMPILED_BRIDGES - before.TOTAL_COMPILED_LOOPS - before.TOTAL_COMPILED_BRIDGES
  print(result, made > 0, c.ABORT_BAD_LOOP + c.ABORT_BRIDGE - before.ABORT_BAD_LOOP - before.ABORT_BRIDGE)
end

-- A table that the trace makes gets room for its fields at once; the interpreter's grows, and has more. When another table was
-- changed in between, the recording asked the trace's table for the interpreter's room.
watch "threshold=3"
tell(load[[
local sum = 0
for i = 1, 100 do
  local t, u = {}, {}
  t.a = i
  u.b = t.a
  t.c = u.b + 1
  sum = sum + t.c
end
return sum]]()) --> 5150	true	0

-- A function with varargs in the trace's lowest frame makes a tail call: its record in memory stays as it is. Where the callee
-- returns, the recording asked for a record without varargs.
local function each(f) ("x"):rep(50):gsub("()", f) end
watch "threshold=60000,function_threshold=3,trace_eagerness=2"
local inner = load "return function(x) if x > 0 then return x end return -x end"()
each(inner)
watch "threshold=60000,function_threshold=60000,trace_eagerness=2" -- what follows is met by a bridge of inner only
tell(load[[
local inner, each = ...
local sum = 0
local function leaf(x) sum = sum + x return x end
local function any(x, ...) local y = inner(x) return leaf(y) end
each(function(x) local y = any(-x, 1, 2) sum = sum + y end)
return sum]](inner, each)) --> 2652	true	0
