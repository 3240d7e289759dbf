-- collectgarbage: counts stay bounded, options and their results, modes, and what steps do.
collectgarbage()
local base = collectgarbage("count")
for i = 1, 20000 do local t = { i, i + 1, { i } } end
collectgarbage()
local after = collectgarbage("count")
print(after - base < 100, math.type(after), after > 0) --> true	float	true
-- in a loop that makes garbage the peak is bounded too
local peak = 0
for i = 1, 100000 do
  local s = { i, "x" .. i }
  if i % 1000 == 0 then
    local c = collectgarbage("count")
    if c > peak then peak = c end
  end
end
print(peak < base + 8000) --> true
-- what is kept is counted
local kept = {}
for i = 1, 10000 do kept[i] = { i, i } end
local full = collectgarbage("count")
kept = nil
collectgarbage()
print(full - collectgarbage("count") > 300) --> true
-- long strings
local s0 = collectgarbage("count")
local long = ("x"):rep(1 << 20)
print(collectgarbage("count") - s0 > 1000, #long) --> true	1048576
long = nil
collectgarbage()
print(collectgarbage("count") - s0 < 200) --> true
print(collectgarbage("isrunning")) --> true
collectgarbage("stop")
print(collectgarbage("isrunning")) --> false
local stopped = collectgarbage("count")
local last = {}
for i = 1, 20000 do last[i % 10] = { i, i } end
print(collectgarbage("count") - stopped > 800) --> true
collectgarbage("restart")
print(collectgarbage("isrunning"), collectgarbage(), collectgarbage("collect")) --> true	0	0
-- steps come to an end
local steps = 0
repeat
  steps = steps + 1
until collectgarbage("step", 1) or steps > 100000
print(steps > 0 and steps <= 100000) --> false
print(collectgarbage("setpause", 160) > 0, collectgarbage("setpause", 200)) --> true	160
print(collectgarbage("setstepmul", 200) > 0, collectgarbage("setstepmul", 100)) --> true	200
-- modes
print(collectgarbage("generational")) --> generational
local g = {}
for i = 1, 50000 do g[i % 100] = { i } end
print(collectgarbage("incremental")) --> generational
print(collectgarbage("incremental", 150, 200, 10), g[50][1]) --> incremental	49950
print(pcall(collectgarbage, "nonsense")) --> false	bad argument #1 to 'collectgarbage' (invalid option 'nonsense')
-- compiled loops whose temporary objects never exist must still let collections happen
local fin = 0
local function sentinel() setmetatable({}, { __gc = function() fin = fin + 1 end }) end
sentinel()
local sum = 0
for i = 1, 2000000 do
  local p = { x = i, y = i }
  sum = sum + p.x - p.y
  if fin > 0 then break end
end
print(fin, sum) --> 1	0
