-- Varargs: select, table.pack and unpack, forwarding, nils, counts of every size, in main and coroutine functions.
local select, pack, unpack = select, table.pack, table.unpack
local function count(...) return select("#", ...) end
local function sum(...)
  local s = 0
  for i = 1, select("#", ...) do s = s + (select(i, ...) or 0) end
  return s
end
local function forward(...) return sum(...) end
local function shift(_, ...) return sum(...) end
local function both(...) return sum(...), count(...) end
local function adjust(...)
  local a, b, c = ...
  return (a or 0) * 100 + (b or 0) * 10 + (c or 0)
end
local s, c = 0, 0
for i = 1, 500 do
  s = s + forward(i, 2, 3) + shift(i, 5, 6) + sum() + adjust(i % 10) + adjust(1, i % 10) + adjust(1, 2, i % 10, 99)
  c = c + count() + count(nil) + count(nil, nil) + count(i, nil, i)
end
print(s, c) --> 493000	3000
-- the number of arguments changes in a hot loop
local list, n = { 1, 2, 3, 4, 5, 6, 7, 8 }, 0
for i = 1, 900 do n = n + sum(unpack(list, 1, i % 9)) + count(unpack(list, 1, i % 5)) end
print(n) --> 13800
print(count(unpack({}, 1, 200)), sum(unpack(list, 3)), select(-1, unpack(list)), (select(2, "a", "b", "c"))) --> 200	33	8	b
print(select(2, "a", "b", "c"), select(4, 1, 2, 3), select(-2, 1, 2, 3)) --> b	nil	2	3
print(pcall(select, 0)) --> false	bad argument #1 to 'select' (index out of range)
print(pcall(select, -2, 1)) --> false	bad argument #1 to 'select' (index out of range)
print(pcall(select)) --> false	bad argument #1 to 'select' (number expected, got no value)
local p = pack()
print(p.n, #p, pack(nil, nil).n, pack(1, nil, 3).n, unpack({ 1, 2, nil, 4 }, 1, 4)) --> 0	0	2	3	1	2	nil	4
print(pcall(unpack, {}, 1, 1e8)) --> false	too many results to unpack
print(unpack({ 1, 2, 3 }, 2), unpack({ 1, 2, 3 }, 2, 3), (unpack { 1, 2 }), unpack({}, 1, 0)) --> 2	2	1
print(unpack({ [-1] = "a", [0] = "b", "c" }, -1, 1), unpack("abc", 1, 2)) --> a	nil	nil
-- adjustments in lists: only the last one expands
local function three() return 1, 2, 3 end
local t
for i = 1, 300 do t = { three(), three(), (three()), three() } end
print(#t, t[1], t[2], t[3], t[6]) --> 6	1	1	1	3
print(three(), three()) --> 1	1	2	3
print((three())) --> 1
print(three(), nil, (three())) --> 1	nil	1
-- packed and unpacked again, a thousand times
local args = { n = 0 }
for i = 1, 1000 do args = pack(i, unpack(args, 1, i % 6)) end
print(args.n, sum(unpack(args, 1, args.n))) --> 5	4990
-- a vararg function called with too few, exactly and too many arguments
local function fixed(a, b, ...) return a, b, select("#", ...) end
for i = 1, 300 do t = { fixed(), fixed(i), fixed(i, 2), fixed(i, 2, 3, 4) } end
print(#t, fixed(1), fixed(1, 2), fixed(1, 2, nil)) --> 6	1	1	1	2	1
-- varargs in a table constructor, a call, a return, and a condition
local function all(...)
  for _, v in ipairs { ... } do if not v then return false end end
  return ... ~= nil
end
local yes = 0
for i = 1, 300 do if all(1, "x", i % 2 == 0) then yes = yes + 1 end end
print(yes) --> 150
-- recursive over varargs
local function reverse(a, ...)
  if select("#", ...) == 0 then return a end
  local r = pack(reverse(...))
  r[r.n + 1] = a
  return unpack(r, 1, r.n + 1)
end
for i = 1, 100 do t = { reverse(1, 2, 3, 4, 5, 6, 7, 8, 9, 10) } end
print(table.concat(t, " ")) --> 10 9 8 7 6 5 4 3 2 1
-- the main chunk is vararg too
print(select("#", ...), ...) --> 0
local m = 0
for i = 1, 300 do m = m + math.max(i, unpack(list)) + math.min(unpack(list, i % 8 + 1)) end
print(m) --> 46524
print(string.char(unpack { 76, 117, 97 }), ("%d-%d"):format(unpack { 7, 8 }), pcall(unpack)) --> Lua	7-8	false	attempt to get length of a nil value
print(count(pcall(count, 1, 2, 3)), pcall(count, unpack(list))) --> 2	true	8
