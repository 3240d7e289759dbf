-- Nothing that can be seen may be dropped, moved or doubled: unused results, errors, zero-trip loops, signs of zero.
local log = 0
local mt = { __index = function(_, k) log = log + 1; return k end, __add = function() log = log + 100; return 0 end,
  __eq = function() log = log + 10000; return true end, __len = function() log = log + 1000000; return 1 end }
local o, o2 = setmetatable({}, mt), setmetatable({}, mt)
for i = 1, 300 do
  local a = o.x
  local b = o + 1
  local c = o == o2
  local d = #o
end
print(log) --> 303030300
-- unused values that raise
local function raises(f, n)
  local done = 0
  local ok, e = pcall(function() for i = 1, 500 do f(i, i == n and 0 or 2); done = done + 1 end end)
  return done, ok, ok or e:gsub("^.-:%d+: ", "")
end
print(raises(function(i, d) local x = i // d end, 400)) --> 399	false	attempt to divide by zero
print(raises(function(i, d) local x = i % d end, 401)) --> 400	false	attempt to perform 'n%0'
local nothing = {}
print(raises(function(i, d) local x = nothing.a; if d == 0 then local y = x.b end end, 402)) --> 401	false	attempt to index a nil value (local 'x')
print(raises(function(i, d) local x = (d == 0 and {} or 1) + 1 end, 403)) --> 402	false	attempt to perform arithmetic on a table value
print(raises(function(i, d) local x = (d == 0 and {} or 1) < 5 end, 404)) --> 403	false	attempt to compare table with number
print(raises(function(i, d) local x = -(d == 0 and {} or 1) end, 405)) --> 404	false	attempt to perform arithmetic on a table value
print(raises(function(i, d) local x = #(d == 0 and 5 or "s") end, 406)) --> 405	false	attempt to get length of a number value
print(raises(function(i, d) local x = "s" .. (d == 0 and {} or 1) end, 407)) --> 406	false	attempt to concatenate a table value
print(raises(function(i, d) local x = ~(d == 0 and 1.5 or 1) end, 408)) --> 407	false	number has no integer representation
-- what stands before a loop that does not run must not happen in it
local t, hits = nil, 0
for i = 1, 500 do
  for j = 1, i > 400 and 1 or 0 do
    t = t or { v = 1 }
    hits = hits + t.v
  end
end
print(hits) --> 100
local function zero_trip(n, list) local s = 0; for i = 1, n do s = s + #list + list.k // list.d end return s end
local z = 0
for i = 1, 300 do z = z + zero_trip(0, nil) end
print(z, zero_trip(300, { k = 7, d = 2, 1, 2 }), (pcall(zero_trip, 1, { k = 1, d = 0 }))) --> 0	1500	false
-- signs of zero and identities that do not hold for floats
local zeros, minus = 0, 0
local vals = { 0.0, -0.0, 1.5, -1.5, 0, 1 / 0, -1 / 0 }
for i = 1, 700 do
  local x = vals[i % 7 + 1]
  if 1 / (x + 0) == 1 / 0 then zeros = zeros + 1 end
  if 1 / (x * 1) == -1 / 0 then minus = minus + 1 end
  if 1 / (0 - x) == 1 / 0 then zeros = zeros + 100 end
  if 1 / (-x) == -1 / 0 then minus = minus + 100 end
  if 1 / (x + 0.0) == 1 / 0 then zeros = zeros + 10000 end
  if 1 / (x * -1) == 1 / 0 then minus = minus + 10000 end
end
print(zeros, minus) --> 3030300	2010100
local nan, same, sub, mul, div = 0 / 0, 0, 0, 0, 0
local odd = { 1.5, 1 / 0, nan, 0.0, 3 }
for i = 1, 500 do
  local x = odd[i % 5 + 1]
  if x == x then same = same + 1 end
  if x - x == 0 then sub = sub + 1 end
  if x * 0 == 0 then mul = mul + 1 end
  if x / x == 1 then div = div + 1 end
end
print(same, sub, mul, div) --> 400	300	300	200
-- integer identities keep their type, floats theirs
local kinds = {}
for i = 1, 300 do
  local n, f = i, i + 0.0
  kinds = { math.type(n + 0), math.type(n * 1), math.type(n + 0.0), math.type(f + 0), math.type(f // 1), math.type(n // 1), math.type(n / 1), math.type(n ^ 1), math.type(f % 2), math.type(-f), math.type(f | 0) }
end
print(table.concat(kinds, " ")) --> integer integer float float float integer float float float float integer
-- float arithmetic is not associative
local big, r1, r2 = 1e16, 0, 0
for i = 1, 300 do
  r1 = (big + 1.0) - big
  r2 = (big - big) + 1.0
end
print(r1, r2, 0.1 + 0.2 == 0.3, (0.1 + 0.2) + 0.3 == 0.1 + (0.2 + 0.3)) --> 0.0	1.0	false	false
-- multiplication by powers of two and shifts agree for integers only
local bad = 0
for i = -300, 300 do
  if i * 8 ~= i << 3 or i // 8 ~= (i - i % 8) // 8 or i % 8 ~= i & 7 then bad = bad + 1 end
  if i // 2 ~= math.floor(i / 2) then bad = bad + 1 end
end
print(bad) --> 0
-- order of evaluation in a statement, with calls that note it
local order = {}
local function n(k) order[#order + 1] = k; return k end
for i = 1, 300 do
  order = {}
  local tt = { n(1), n(2), k = n(3), n(4) }
  local r = n(5) + n(6) * n(7) - (n(8) .. n(9))
  tt[n(10)] = n(11)
  n(n(12) + n(13))
end
print(table.concat(order, " ")) --> 1 2 3 4 5 6 7 8 9 10 11 12 13 25
-- a comparison's result is used twice, once as value and once as condition
local trues, falses = 0, 0
for i = 1, 600 do
  local less = i % 7 < 3
  if less then trues = trues + 1 end
  if less == false then falses = falses + 1 end
  local both = less and i % 2 == 0
  if both ~= (less and i & 1 == 0) then falses = falses + 1000 end
end
print(trues, falses) --> 257	343
