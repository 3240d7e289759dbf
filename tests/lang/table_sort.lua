-- table.sort: order, comparators in Lua and C, metamethods, errors, bad comparators, stability is not promised.
local seed = 42
local function rnd(n) seed = (seed * 16807) % 2147483647; return seed % n end
local function is_sorted(t, lt) for i = 2, #t do if lt(t[i], t[i - 1]) then return false end end return true end
local less, greater = function(a, b) return a < b end, function(a, b) return a > b end
local ok = 0
for n = 0, 60 do
  local t = {}
  for i = 1, n do t[i] = rnd(50) end
  table.sort(t)
  if is_sorted(t, less) then ok = ok + 1 end
  table.sort(t, greater)
  if is_sorted(t, greater) then ok = ok + 1 end
end
print(ok) --> 122
local big = {}
for i = 1, 3000 do big[i] = rnd(1000000) end
local calls = 0
table.sort(big, function(a, b) calls = calls + 1; return a > b end)
print(is_sorted(big, greater), calls > 3000 and calls < 200000, big[1] >= big[3000]) --> true	true	true
-- floats and integers together, strings, records by two keys
local mixed = {}
for i = 1, 300 do mixed[i] = i % 2 == 0 and rnd(100) or rnd(100) + 0.5 end
table.sort(mixed)
print(is_sorted(mixed, less), mixed[1], mixed[300]) --> true	0	99
local words = {}
for w in ("the quick brown fox jumps over the lazy dog and runs away"):gmatch("%a+") do words[#words + 1] = w end
table.sort(words)
print(table.concat(words, " ")) --> and away brown dog fox jumps lazy over quick runs the the
table.sort(words, function(a, b) if #a ~= #b then return #a < #b end return a > b end)
print(table.concat(words, " ")) --> the the fox dog and runs over lazy away quick jumps brown
local recs = {}
for i = 1, 500 do recs[i] = { k = rnd(20), id = i } end
table.sort(recs, function(a, b) if a.k ~= b.k then return a.k < b.k end return a.id < b.id end)
local fine = true
for i = 2, 500 do
  local p, q = recs[i - 1], recs[i]
  if p.k > q.k or (p.k == q.k and p.id >= q.id) then fine = false end
end
print(fine) --> true
-- already sorted, reversed, all equal, saw-tooth
local shapes = 0
for _, f in ipairs { function(i) return i end, function(i) return -i end, function() return 7 end, function(i) return i % 5 end } do
  local t = {}
  for i = 1, 400 do t[i] = f(i) end
  table.sort(t)
  if is_sorted(t, less) then shapes = shapes + 1 end
end
print(shapes) --> 4
-- errors: in the comparator, incomparable values, an invalid order function
print(pcall(table.sort, { 3, 2, 1 }, function() error("compare", 0) end)) --> false	compare
print(pcall(table.sort, { 1, "x", 2 })) --> false	attempt to compare string with number
print(pcall(table.sort, { {}, {} })) --> false	attempt to compare two table values
print(pcall(table.sort, { 1, 2, nil, 4 }, less) ~= nil) --> true
print(pcall(table.sort, { 1, 2 }, 5)) --> false	bad argument #2 to 'table.sort' (function expected, got number)
local invalid = 0
for n = 3, 60 do
  local t = {}
  for i = 1, n do t[i] = i end
  local fine, e = pcall(table.sort, t, function() return true end)
  if not fine and e == "invalid order function for sorting" then invalid = invalid + 1
  elseif not fine and not e:find("compare") then invalid = -1000 end
end
print(invalid > 0) --> true
-- a comparator that looks at upvalues which change between sorts
local key
local by = function(a, b) return a[key] < b[key] end
local rows = {}
for i = 1, 100 do rows[i] = { a = rnd(1000), b = -i, c = "s" .. i % 7 } end
local firsts = {}
for round = 1, 30 do
  key = round % 2 == 0 and "a" or "b"
  table.sort(rows, by)
  firsts[round] = rows[1].b
end
key = "c"
table.sort(rows, by)
print(firsts[1], firsts[29], rows[1].c, rows[100].c) --> -100	-100	s0	s6
-- through metamethods of the table
local raw = { 5, 3, 9, 1 }
local proxy = setmetatable({}, { __index = raw, __newindex = raw, __len = function() return #raw end })
table.sort(proxy)
print(table.concat(raw, " "), next(proxy)) --> 1 3 5 9	nil
-- with a coroutine's help: the comparator resumes one
local co = coroutine.wrap(function(a, b) while true do a, b = coroutine.yield(a < b) end end)
local t = {}
for i = 1, 200 do t[i] = rnd(1000) end
table.sort(t, function(a, b) return co(a, b) end)
print(is_sorted(t, less)) --> true
