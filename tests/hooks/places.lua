-- one place: its counter, its trace, tracing it at once or never; calls that recordings do not follow
local js = require "jitstat"
local function compiled() return js.get_stats_snapshot().counters.TOTAL_COMPILED_LOOPS end
local function recordings() return js.get_stats_snapshot().counters.TRACING end
local cell = js.get_jitcell_at_key

-- from inside the loop: the recording begins at the next back edge, not after `threshold` of them
local inside
local function soon(n)
  local s = 0
  for i = 1, n do
    if i == 3 then inside = js.trace_next_iteration() end
    s = s + i
  end
  return s
end
print(soon(2), recordings()) --> 3	0
print(soon(9), inside, recordings() > 0, compiled()) --> 45	true	true	1

-- a loop from outside, by its position; a loop that has a trace is not asked for again
local function other(n) local s = 0 for i = 1, n do s = s + 2 end return s end
local position
for p = 1, 20 do
  local c = cell(other, p)
  if c and c.kind == "loop" then position = position or p end
end
local c = cell(other, position)
print(c.kind, c.position == position, c.counter, c.blacklisted, c.aborts, c.loop_no) --> loop	true	61	false	0	nil
print(other(11), cell(other, position).counter) --> 22	51
print(js.trace_next_iteration(other, position), cell(other, position).counter) --> true	1
print(other(9), compiled()) --> 18	2
c = cell(other, position)
print(c.loop_no, c.counter, js.trace_next_iteration(other, position)) --> 2	1	false

-- a function's entry
local function add(a, b) return a + b end
local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end
print(cell(add).kind, cell(add).counter, cell(add, 17)) --> entry	120	nil
local before = recordings()
print(js.trace_next_iteration(fib), cell(fib).counter, fib(1), recordings() - before) --> true	1	1	1
print(fib(16), cell(fib).loop_no ~= nil, js.trace_next_iteration(fib)) --> 987	true	false

-- never: nothing is recorded there, and it is no alarm
local function refusing(round) -- a new loop that asks in that round
  return load([[
    local js, round = ...
    return function(n) local s = 0 for i = 1, n do if i == round then js.dont_trace_here() end s = s + i end return s end
  ]])(js, round)
end
local never = refusing(1)
before = recordings()
print(never(100000), recordings() - before, js.get_stats_snapshot().blacklisted, #js.get_stats_snapshot().alarms) --> 5000050000	0	1	0
local _, again = never(10), js.get_stats_snapshot().blacklisted
print(again) --> 1
local function never_called(a) return a + 1 end
js.dont_trace_here(never_called)
print(cell(never_called).blacklisted, cell(never_called).kind, js.trace_next_iteration(never_called)) --> true	entry	false
js.set_param("inlining=0")
for i = 1, 50 do never_called(i) end
js.set_param("inlining=1")
print(cell(never_called).loop_no, js.get_stats_snapshot().blacklisted) --> nil	2

-- a loop around one that is not to be traced is compiled all the same
local function outer(n)
  local s = 0
  for i = 1, n do
    for j = 1, 3 do
      if i == 1 and j == 1 then js.dont_trace_here() end
      s = s + j
    end
  end
  return s
end
before = compiled()
print(outer(2000), compiled() - before, js.get_stats_snapshot().blacklisted) --> 12000	1	3

-- asked for while the place is recorded: the recording is given up
local changed = refusing(62)
before = compiled()
local released = js.get_stats_snapshot().counters.ABORT_RELEASED
print(changed(1000), compiled() - before, js.get_stats_snapshot().counters.ABORT_RELEASED - released) --> 500500	0	1

-- a call that is not followed is one operation of the trace; the called function's instructions are not in it
local function body(a, b) local t = {a, b} return t[1] + t[2], a * b, #t end
local function count(f)
  local names = {}
  js.set_compile_hook(function(info)
    if info.type ~= "loop" then return end
    for _, op in ipairs(info.operations) do
      names[op.name] = (names[op.name] or 0) + 1
      if op.text:find("descr=call_c)", 1, true) then names.call_c = (names.call_c or 0) + 1 end
    end
  end)
  local x = f(400)
  js.set_compile_hook()
  return x, names
end
local x, inlined = count(function(n) local s = 0 for i = 1, n do local a, b, c = body(i, 2) s = s + a + b + c end return s end)
local y, opaque = count(function(n) local s = 0 for i = 1, n do local a, b, c = js.residual_call(body, i, 2) s = s + a + b + c end return s end)
print(x == y, x) --> true	242200
local function mul(names) return (names.int_mul or 0) + (names.int_mul_ovf or 0) + (names.int_lshift or 0) end
print(mul(inlined) > 0, mul(opaque), inlined.call_c, opaque.call_c) --> true	0	nil	2
print(select("#", js.residual_call(body, 1, 2)), js.residual_call(setmetatable({}, {__call = function(self, a) return a end}), 7)) --> 3	7
print(pcall(js.residual_call, error, "as it is", 0)) --> false	as it is
print(coroutine.wrap(function() return pcall(js.residual_call, coroutine.yield, 1) end)()) --> false	attempt to yield across a C-call boundary

-- what is asked for wrongly
print(pcall(js.trace_next_iteration, print)) --> false	bad argument #1 to 'jitstat.trace_next_iteration' (a C function is never traced)
print(pcall(js.dont_trace_here, {})) --> false	bad argument #1 to 'jitstat.dont_trace_here' (function or level expected, got table)
print(pcall(js.dont_trace_here, "1")) --> false	bad argument #1 to 'jitstat.dont_trace_here' (function or level expected, got string)
print(pcall(js.dont_trace_here, 100)) --> false	bad argument #1 to 'jitstat.dont_trace_here' (no function at this level)
print(pcall(js.dont_trace_here, 1)) --> false	bad argument #1 to 'jitstat.dont_trace_here' (the function at this level is a C function)
print(pcall(js.dont_trace_here, add, 99)) --> false	bad argument #2 to 'jitstat.dont_trace_here' (neither a loop nor the function's entry is at this position)
print(pcall(js.get_jitcell_at_key, add, "x")) --> false	bad argument #2 to 'jitstat.get_jitcell_at_key' (number expected, got string)
print(pcall(js.residual_call, 5)) --> false	bad argument #1 to 'jitstat.residual_call' (function expected, got number)
print(pcall(js.residual_call)) --> false	bad argument #1 to 'jitstat.residual_call' (value expected)
