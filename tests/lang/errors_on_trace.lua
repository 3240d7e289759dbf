-- Errors that are raised and caught on the same trace: values, messages with places, levels, what stands around them
local function fail(i) if i % 3 == 0 then error("three") elseif i % 5 == 0 then error({code = i}) elseif i % 7 == 0 then error("level two", 2) end return i end
local function outer(i) local v = fail(i) return v + 1 end
local s, msgs = 0, {}
for i = 1, 600 do
  local ok, e = pcall(outer, i)
  if ok then s = s + e
  elseif type(e) == "table" then s = s + e.code * 1000
  else msgs[e] = (msgs[e] or 0) + 1 end
end
print(s) --> 24082996
local keys = {} for k, v in pairs(msgs) do keys[#keys + 1] = k .. "=" .. v end table.sort(keys) print(table.concat(keys, " ")) --> errors_on_trace.lua:2: three=200 errors_on_trace.lua:3: level two=45
-- levels, other values, no value
local function lv(i, l) error("m" .. i, l) end
local out = {}
for i = 1, 400 do
  local a, b = pcall(lv, i, i % 4)
  local c, d = pcall(lv, i)
  if i % 100 == 0 or i % 100 == 55 or i % 100 == 70 or i % 100 == 89 then out[#out + 1] = tostring(b) .. "/" .. tostring(d) end
end
print(table.concat(out, " ")) --> errors_on_trace.lua:17: m55/errors_on_trace.lua:14: m55 m70/errors_on_trace.lua:14: m70 errors_on_trace.lua:14: m89/errors_on_trace.lua:14: m89 m100/errors_on_trace.lua:14: m100 errors_on_trace.lua:17: m155/errors_on_trace.lua:14: m155 m170/errors_on_trace.lua:14: m170 errors_on_trace.lua:14: m189/errors_on_trace.lua:14: m189 m200/errors_on_trace.lua:14: m200 errors_on_trace.lua:17: m255/errors_on_trace.lua:14: m255 m270/errors_on_trace.lua:14: m270 errors_on_trace.lua:14: m289/errors_on_trace.lua:14: m289 m300/errors_on_trace.lua:14: m300 errors_on_trace.lua:17: m355/errors_on_trace.lua:14: m355 m370/errors_on_trace.lua:14: m370 errors_on_trace.lua:14: m389/errors_on_trace.lua:14: m389 m400/errors_on_trace.lua:14: m400
local n = 0
for i = 1, 300 do
  local ok, v = pcall(function() error() end) if not ok and v == nil then n = n + 1 end
  ok, v = pcall(function() error(nil, 2) end) if not ok and v == nil then n = n + 1 end
  ok, v = pcall(function() error(i) end) if not ok and v == i then n = n + 1 end
  ok, v = pcall(function() error(i + 0.5, 2) end) if not ok and v == i + 0.5 then n = n + 1 end
  ok, v = pcall(function() error(false) end) if not ok and v == false then n = n + 1 end
end
print(n) --> 1500
-- assert
local function check(x) assert(x > 0, "not positive") assert(x < 300) assert(x ~= 7, nil) assert(x ~= 8, {x}) return x end
local c = {}
for i = -50, 350 do
  local r = table.pack(pcall(check, i))
  local k = tostring(r[1]) .. r.n .. type(r[2]) .. (type(r[2]) == "string" and r[2] or "")
  c[k] = (c[k] or 0) + 1
end
keys = {} for k, v in pairs(c) do keys[#keys + 1] = k .. "=" .. v end table.sort(keys) print(table.concat(keys, " ")) --> false2nil=1 false2stringerrors_on_trace.lua:32: assertion failed!=51 false2stringerrors_on_trace.lua:32: not positive=51 false2table=1 true2number=297
-- nested, rethrown, all results, results as arguments, in a method, in a metamethod
local T = setmetatable({}, {__index = function(t, k) error("no " .. k) end, __add = function(a, b) error({b}) end})
local t, u = 0, 0
for i = 1, 400 do
  local ok, e = pcall(function()
    local ok2, e2 = pcall(fail, i)
    if not ok2 then error(e2, 0) end
    return e2
  end)
  t = t + (ok and 1 or 2) + select("#", pcall(fail, i))
  local r = {pcall(fail, i)}
  t = t + #r
  ok, e = pcall(function() return T.field end)
  if not ok then u = u + #e end
  ok, e = pcall(function() return T + i end)
  if not ok then u = u + e[1] end
end
print(t, u) --> 2217	93000
-- closures made on the way keep their variables; xpcall's handler; tail calls
local fs = {}
for i = 1, 300 do
  local x = i
  pcall(function() local y = x * 2 fs[i] = function() y = y + 1 return y end y = y + 1 if i % 2 == 0 then error("z") end end)
end
local z = 0 for i = 1, 300 do z = z + fs[i]() end print(z) --> 90900
local h = 0
for i = 1, 300 do
  local ok, e = xpcall(fail, function(m) return type(m) == "string" and #m or m.code end, i)
  if not ok then h = h + e end
  ok, e = pcall(function() return error("tail" .. i) end)
  h = h + #e
end
print(h) --> 18190
-- an error in the loop's own pcall ends the loop as ever
print(pcall(function() for i = 1, 300 do pcall(fail, i) if i == 299 then error("out " .. i) end end end)) --> false	errors_on_trace.lua:74: out 299
