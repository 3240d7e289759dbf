-- debug.traceback: levels, messages, names of functions, tail calls, coroutines, and truncation.
local function show(s) for line in (s .. "\n"):gmatch("(.-)\n") do print((line:gsub("^\t", "  "))) end end
local function level3() return (debug.traceback("msg")) end
local function level2() local r = level3(); return r end
function global_level1() local r = level2(); return r end
show(global_level1()) --> msg
--> stack traceback:
-->   debug_traceback.lua:3: in upvalue 'level3'
-->   debug_traceback.lua:4: in upvalue 'level2'
-->   debug_traceback.lua:5: in function 'global_level1'
-->   debug_traceback.lua:6: in main chunk
-->   [C]: in ?
local t = {}
function t.field() local r = debug.traceback("in field"); return r end
function t:method() local r = t.field(); return r end
show(t:method()) --> in field
--> stack traceback:
-->   debug_traceback.lua:14: in field 'field'
-->   debug_traceback.lua:15: in method 'method'
-->   debug_traceback.lua:16: in main chunk
-->   [C]: in ?
print(debug.traceback({}) ~= nil, type(debug.traceback({})), debug.traceback(nil) == nil, #debug.traceback(5):match("^5\n")) --> true	table	false	2
show(debug.traceback("level 0", 0):gsub("\n%s*%[C%]: in %?", "")) --> level 0
--> stack traceback:
-->   [C]: in function 'debug.traceback'
-->   debug_traceback.lua:23: in main chunk
show((debug.traceback("main only", 1):gsub("\n%s*%[C%]: in %?", ""))) --> main only
--> stack traceback:
-->   debug_traceback.lua:27: in main chunk
-- another thread
local co = coroutine.create(function(a)
  local function inside() coroutine.yield(a) end
  inside()
end)
coroutine.resume(co, 1)
show(debug.traceback(co)) --> stack traceback:
-->   [C]: in function 'coroutine.yield'
-->   debug_traceback.lua:32: in local 'inside'
-->   debug_traceback.lua:33: in function <debug_traceback.lua:31>
show(debug.traceback(co, "with message", 1)) --> with message
--> stack traceback:
-->   debug_traceback.lua:32: in local 'inside'
-->   debug_traceback.lua:33: in function <debug_traceback.lua:31>
show(debug.traceback(co, nil, 5)) --> stack traceback:
-- a dead one keeps its stack after an error
local dead = coroutine.create(function() local x = nil; x() end)
coroutine.resume(dead)
show(debug.traceback(dead)) --> stack traceback:
-->   debug_traceback.lua:46: in function <debug_traceback.lua:46>
-- deep stacks are cut in the middle
local function deep(n) if n == 0 then return (debug.traceback("deep")) end return (deep(n - 1)) end
local trace = deep(100)
local lines = 0
for _ in trace:gmatch("\n") do lines = lines + 1 end
print(lines, trace:match("%.%.%.[^\n]*"):gsub("%d+", "N")) --> 23	...	(skipping N levels)	1
-- as a handler of xpcall, from inside a hot loop
local ok, m = xpcall(function()
  local s = 0
  for i = 1, 1000 do
    s = s + i
    if i == 900 then error("hot") end
  end
end, debug.traceback)
show((m:gsub("\n%s*%[C%]: in %?", ""))) --> debug_traceback.lua:61: hot
--> stack traceback:
-->   [C]: in function 'error'
-->   debug_traceback.lua:61: in function <debug_traceback.lua:57>
-->   [C]: in function 'xpcall'
-->   debug_traceback.lua:57: in main chunk
-- many tracebacks in a loop are all alike
local same, first = 0, nil
for i = 1, 300 do
  local s = global_level1()
  first = first or s
  if s == first then same = same + 1 end
end
print(same) --> 300
