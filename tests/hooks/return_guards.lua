-- Where a trace goes on in the caller of the function in which it was entered, it asks for what it needs to know of the caller's
-- frame and for nothing else. How many varargs a function has that has none is what somebody else has left in its frame's
-- record: a trace that asked for that was left nearly always, and each number got a bridge of its own.
local js = require "jitstat"
local function each(f) ("x"):rep(300):gsub("()", f) end
js.set_param("threshold=60000,function_threshold=3,trace_eagerness=2")
local inner = load "return function(x) if x > 0 then return x end return -x end"()
each(inner)
js.set_param("function_threshold=60000") -- what follows is met by inner's bridge only
local f = load[[
local inner = ...
local sum = 0
local function some(...) return select("#", ...) end
local function mid(x) local y = inner(-x) sum = sum + y return 0 end
return function(x)
  local n = some(table.unpack({1, 2, 3, 4, 5, 6, 7}, 1, x % 7))
  local m = mid(x)
  sum = sum + n + m
  if x == 0 then return sum end
end]](inner)
each(f)
print(f(0), js.get_stats_snapshot().counters.TOTAL_COMPILED_BRIDGES) --> 46354	1
