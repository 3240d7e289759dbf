-- table.sort by Lua functions: the order of comparisons, frames, hooks, errors, changes from inside; sorts without function.
local x = 42
local function rnd(n) x = (x * 16807) % 2147483647; return x % n end
local function array(n, m) local t = {}; for i = 1, n do t[i] = rnd(m) end; return t end
local function digest(n, m, lt) -- of all comparisons and of the result
  local h, t = 0, array(n, m)
  for i = 1, n do t[i] = { key = t[i], at = i } end
  table.sort(t, function(a, b) h = (h * 31 + a.at * 7 + b.at) % 1000000007; return lt(a.key, b.key) end)
  for i = 1, n do h = (h * 31 + t[i].at) % 1000000007 end
  return h
end
for _, n in ipairs { 2, 3, 4, 5, 10, 99, 100, 101, 150, 1000 } do
  print(n, digest(n, 1000000, function(a, b) return a < b end), digest(n, 10, function(a, b) return a > b end))
end
print(pcall(table.sort, array(300, 1000), function() return true end))
print(pcall(table.sort, { 3, 1, 2 }, function() return true end))
-- frames: the comparison is called by table.sort, a C function without a name of its own
local seen = {}
for round = 1, 3 do
  local calls = 0
  table.sort(array(400, 1000), function(a, b)
    calls = calls + 1
    if calls == 300 then
      local up, self = debug.getinfo(2, "Slnf"), debug.getinfo(1, "n")
      seen[#seen + 1] = ("%s %s %s %s %s"):format(up.what, up.currentline, up.name, up.func == table.sort, self.name)
      seen[#seen + 1] = debug.traceback("here", 1):gsub("\n%s*", " | "):gsub("[^ ]*sort_frames", "sort_frames")
    end
    return a < b
  end)
end
for i = 1, #seen do print(seen[i]) end
-- errors: where, level 2, traceback, yields
local function failing(how)
  local calls = 0
  return function(a, b)
    calls = calls + 1
    if calls == 700 then how() end
    return a < b
  end
end
local function fails(how)
  local lt = failing(how)
  return select(2, pcall(table.sort, array(400, 1000), lt))
end
print(fails(function() error("level 1") end), fails(function() error("level 3", 3) end), fails(function() error({}) end) ~= nil)
print(fails(function() coroutine.yield() end))
print(coroutine.resume(coroutine.create(function() return fails(function() coroutine.yield() end) end)))
print(select(2, xpcall(table.sort, function(m) return (debug.traceback(m, 1):match("%[C%]: in [^\n]*")) end, array(400, 1000), function() return true end)))
-- hooks set from inside see the comparison and nothing of what sorts
local lines, events = {}, {}
local function hooked()
  debug.sethook(function(e, line)
    local i = debug.getinfo(2, "Sl")
    events[e .. " " .. i.what] = true
    if line then lines[line] = true end
  end, "crl")
end
local armed = false
table.sort(array(500, 100), function(a, b)
  if not armed and a > 3 then armed = true; hooked() end
  return a < b
end)
debug.sethook()
local names = {}
for e in pairs(events) do names[#names + 1] = e end
table.sort(names)
print(table.concat(names, ", "))
local first, last = math.huge, 0
for l in pairs(lines) do first, last = math.min(first, l), math.max(last, l) end
print(first, last)
-- the table changes under the sort: holes, a metatable that makes the missing elements
local log, t = 0, array(300, 1000)
local calls = 0
table.sort(t, function(a, b)
  calls = calls + 1
  if calls == 500 then
    t[7] = nil
    setmetatable(t, { __index = function(_, k) log = log + k; return 7 end })
  end
  return a < b
end)
print(log > 0, t[1], #t)
-- the elements' own order
local function sorted(t, n) table.sort(t); local h = {}; for i = 1, n or #t do h[i] = tostring(t[i]) end; return table.concat(h, " ") end
print(sorted { 3, 1, 2 }, sorted { 3.5, -1.0, 2.25, 1 / 0, -1 / 0 }, sorted { 3, 1.5, 2 }, (sorted { "b", "a", "", "ab", "a\0b", "a\0a" }:gsub("%z", "0")))
print(sorted { math.maxinteger, math.mininteger, 0, -1 }, sorted { 2 ^ 53, 2 ^ 53 + 1.0, 1e300, -0.0, 0.0 })
print(pcall(table.sort, { 1, "x", 3 }))
print(pcall(table.sort, { {}, {} }))
print(pcall(table.sort, { 1, 2, 3 }, 5))
print(pcall(table.sort, 5))
for _, n in ipairs { 2, 50, 101, 5000 } do
  local ints, flts, strs = array(n, 100000), {}, {}
  for i = 1, n do flts[i], strs[i] = ints[i] / 8, "k" .. ints[i] end
  local ok = true
  table.sort(ints); table.sort(flts); table.sort(strs)
  for i = 2, n do ok = ok and ints[i - 1] <= ints[i] and flts[i - 1] <= flts[i] and strs[i - 1] <= strs[i] end
  print(n, ok, ints[1], flts[n], strs[n // 2])
end
-- orders that are worst for the middle of three still end soon
local organ = {}
for i = 1, 20000 do organ[i] = i <= 10000 and i or 20001 - i end
local count = 0
table.sort(organ, function(a, b) count = count + 1; return a < b end)
print(organ[1], organ[20000], count < 3000000)
-- tables as classes, with __len, and sorts of sorts
local class = { 3, 2, 1 }
class.__index = class
print(setmetatable({}, class)[1], sorted(class), setmetatable({}, class)[1])
print(sorted(setmetatable({ 3, 2, 1, 0 }, { __len = function() return 3 end }), 4))
local lists = {}
for i = 1, 60 do lists[i] = array(20, 50) end
table.sort(lists, function(a, b)
  table.sort(a, function(c, d) return c > d end)
  table.sort(b, function(c, d) return c > d end)
  if a[1] ~= b[1] then return a[1] < b[1] end
  for i = 2, 20 do if a[i] ~= b[i] then return a[i] < b[i] end end
  return false
end)
print(lists[1][1], lists[1][20], lists[60][1], lists[60][20])
--> 2	14478	14448
--> 3	20825925	645812244
--> 4	271993824	870987235
--> 5	115002773	903468986
--> 10	66043366	683161127
--> 99	652318294	401462670
--> 100	287851273	932043471
--> 101	959993005	486823730
--> 150	744188220	46649361
--> 1000	664658280	976883226
--> false	invalid order function for sorting
--> true
--> C -1 sort true nil
--> here | stack traceback: | sort_frames.lua:26: in function sort_frames.lua:21> | [C]: in function 'table.sort' | sort_frames.lua:21: in main chunk | [C]: in ?
--> C -1 sort true nil
--> here | stack traceback: | sort_frames.lua:26: in function sort_frames.lua:21> | [C]: in function 'table.sort' | sort_frames.lua:21: in main chunk | [C]: in ?
--> C -1 sort true nil
--> here | stack traceback: | sort_frames.lua:26: in function sort_frames.lua:21> | [C]: in function 'table.sort' | sort_frames.lua:21: in main chunk | [C]: in ?
--> sort_frames.lua:45: level 1	level 3	true
--> attempt to yield from outside a coroutine
--> true	attempt to yield across a C-call boundary
--> [C]: in function 'table.sort'
--> call C, call Lua, line Lua, line main, return C, return Lua
--> 57	63
--> true	0	300
--> 1 2 3	-inf -1.0 2.25 3.5 inf	1.5 2 3	 a a0a a0b ab b
--> -9223372036854775808 -1 0 9223372036854775807	0.0 -0.0 9.007199254741e+15 9.007199254741e+15 1e+300
--> false	attempt to compare string with number
--> false	attempt to compare two table values
--> false	bad argument #2 to 'table.sort' (function expected, got number)
--> false	bad argument #1 to 'table.sort' (table expected, got number)
--> 2	true	10679	5518.375	k10679
--> 50	true	1457	12464.625	k52288
--> 101	true	242	12345.125	k47868
--> 5000	true	29	12492.25	k55518
--> 1	10000	true
--> 3	1 2 3	1
--> 1 2 3 0
--> 36	3	49	0
