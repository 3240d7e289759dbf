-- __index: functions, tables, chains, missing keys, rawget, and values that appear later in the chain.
local base = { shared = 1, over = "base" }
base.__index = base
local mid = setmetatable({ over = "mid" }, base)
mid.__index = mid
local obj = setmetatable({ own = "own" }, mid)
local n = 0
for i = 1, 500 do
  n = n + obj.shared
  if obj.over == "mid" and obj.own == "own" and obj.missing == nil then n = n + 1 end
end
print(n) --> 1000
-- the chain changes while the loop is hot
local out = {}
for i = 1, 600 do
  if i == 200 then mid.shared = 100 end
  if i == 300 then obj.shared = 1000 end
  if i == 400 then obj.shared = nil end
  if i == 500 then mid.shared = nil; base.shared = 7 end
  out[#out + 1] = obj.shared
end
print(out[199], out[200], out[299], out[300], out[399], out[400], out[499], out[500], out[600]) --> 1	100	100	1000	1000	100	100	7	7
-- a function, called with the object and the key
local calls = {}
local f = setmetatable({}, { __index = function(t, k) calls[#calls + 1] = k; return k * 2 end })
local s = 0
for i = 1, 300 do s = s + f[i] end
print(s, #calls, rawget(f, 5)) --> 90300	300	nil
-- memoizing: the function stores, so it is called once per key
local made = 0
local memo = setmetatable({}, { __index = function(t, k) made = made + 1; local v = k * k; t[k] = v; return v end })
local q = 0
for round = 1, 10 do for i = 1, 100 do q = q + memo[i] end end
print(q, made) --> 3383500	100
-- a function at the end of a chain of tables
local last = setmetatable({}, { __index = function(t, k) return "dyn:" .. k end })
local chain = last
for i = 1, 10 do chain = setmetatable({ ["level" .. i] = i }, { __index = chain }) end
local hits = 0
for i = 1, 300 do
  if chain.level1 == 1 and chain.level10 == 10 and chain.nothing == "dyn:nothing" then hits = hits + 1 end
end
print(hits, chain.zzz) --> 300	dyn:zzz
-- false is found, nil is not
local defaults = setmetatable({ flag = false }, { __index = { flag = true, other = true } })
local flags = 0
for i = 1, 300 do
  if defaults.flag == false then flags = flags + 1 end
  if defaults.other then flags = flags + 1 end
end
print(flags) --> 600
-- strings have an __index; numbers and others may get one
local l = 0
for i = 1, 300 do l = l + ("abc"):len() + ("x").len("four") end
print(l, ("x").rep == string.rep, ("x").nope) --> 2100	true	nil
debug.setmetatable(0, { __index = function(v, k) return k .. v end })
local z = 0
for i = 1, 300 do z = z + #((i % 10).digit) end
print(z, (5).five, (1.5).x) --> 1800	five5	x1.5
debug.setmetatable(0, nil)
print(pcall(function() return (5).five end)) --> false	meta_index.lua:61: attempt to index a number value
-- integer keys through __index
local arr = setmetatable({ 1, 2, 3 }, { __index = function(_, i) return i * 100 end })
local sum = 0
for round = 1, 30 do for i = 1, 10 do sum = sum + arr[i] end end
print(sum, #arr) --> 147180	3
-- __index on a table whose field is set to nil again
local p = setmetatable({ v = 1 }, { __index = { v = 50 } })
local acc = 0
for i = 1, 400 do
  acc = acc + p.v
  if i % 40 == 0 then p.v = nil elseif i % 40 == 20 then p.v = 1 end
end
print(acc) --> 9220
local loop = {}
loop.__index = loop
setmetatable(loop, loop)
print(pcall(function() return loop.x end)) --> false	meta_index.lua:78: '__index' chain too long; possible loop
print(pcall(function() return setmetatable({}, { __index = 5 }).x end)) --> false	meta_index.lua:79: attempt to index a number value
print(pcall(function() return setmetatable({}, { __index = function() error("inside", 0) end }).x end)) --> false	inside
local values = setmetatable({}, { __index = function() return 1, 2, 3 end })
print(values.x, (values.y)) --> 1	1
