-- table.insert, remove, move, concat, pack, unpack: positions, ranges, overlap, errors, metamethods.
local t = {}
for i = 1, 300 do table.insert(t, i) end
for i = 1, 100 do table.insert(t, 1, -i) end
for i = 1, 50 do table.insert(t, 200, "m" .. i) end
print(#t, t[1], t[100], t[101], t[200], t[249], t[250], t[450]) --> 450	-100	-1	1	m50	m1	100	300
local s = 0
for i = 1, 100 do s = s + table.remove(t, 1) end
for i = 1, 100 do s = s + table.remove(t) end
print(s, #t, t[1], t[#t]) --> 20000	250	1	200
print(table.remove({}), table.remove({}, 0), #t, table.remove(t, #t + 1), table.remove({ [0] = "zero" }, 0)) --> nil	nil	250	nil	zero
print(pcall(table.insert, { 1, 2 }, 4, "x")) --> false	bad argument #2 to 'table.insert' (position out of bounds)
print(pcall(table.insert, { 1, 2 }, 0, "x")) --> false	bad argument #2 to 'table.insert' (position out of bounds)
print(pcall(table.insert, { 1, 2 }, 1, 2, 3)) --> false	wrong number of arguments to 'insert'
print(pcall(table.remove, { 1, 2 }, 4)) --> false	bad argument #1 to 'table.remove' (position out of bounds)
print(pcall(table.insert, nil, 1)) --> false	bad argument #1 to 'table.insert' (table expected, got nil)
-- stack and queue use in hot loops
local stack, sum = {}, 0
for i = 1, 2000 do
  table.insert(stack, i)
  if i % 3 == 0 then sum = sum + table.remove(stack) + table.remove(stack) end
end
print(#stack, sum) --> 668	1332000
local q, out = {}, 0
for i = 1, 600 do
  table.insert(q, i)
  if i % 2 == 0 then out = out + table.remove(q, 1) end
end
print(#q, out, q[1]) --> 300	45150	301
-- move: up, down, onto itself, into another table, empty, wrap
local m = { 1, 2, 3, 4, 5 }
print(table.concat(table.move(m, 1, 5, 2), " ")) --> 1 1 2 3 4 5
print(table.concat(table.move(m, 2, 6, 1), " ")) --> 1 2 3 4 5 5
print(table.concat(table.move({ 1, 2, 3 }, 1, 3, 3, { 9, 9 }), " "), #table.move({}, 1, 0, 5)) --> 9 9 1 2 3	0
print(table.concat(table.move({ 1, 2, 3 }, 2, 3, 1), " ")) --> 2 3 3
print(pcall(table.move, {}, 1, math.maxinteger, 2)) --> false	bad argument #4 to 'table.move' (destination wrap around)
print(pcall(table.move, {}, -5, math.maxinteger, 1)) --> false	bad argument #3 to 'table.move' (too many elements to move)
print(pcall(table.move, {}, 1, 2)) --> false	bad argument #4 to 'table.move' (number expected, got no value)
local copied = 0
for i = 1, 300 do copied = copied + #table.move(m, 1, i % 6, 1, {}) end
print(copied) --> 750
-- concat
local parts = {}
for i = 1, 300 do parts[i] = i % 3 == 0 and i or i % 3 == 1 and i / 4 or "s" .. i end
print(#table.concat(parts), table.concat(parts, ",", 1, 6), table.concat(parts, "|", 299), table.concat({}, "x"), table.concat({ 1 }, "x")) --> 1065	0.25,s2,3,1.0,s5,6	s299|300		1
print(table.concat({ 1, 2, 3 }, ", ", 2, 3), table.concat({ 1, 2, 3 }, "-", 3, 2) == "", table.concat({ [5] = "a", [6] = "b" }, "+", 5, 6)) --> 2, 3	true	a+b
print(pcall(table.concat, { 1, {}, 3 })) --> false	invalid value (table) at index 2 in table for 'concat'
print(pcall(table.concat, { 1, 2 }, ",", 1, 3)) --> false	invalid value (nil) at index 3 in table for 'concat'
print(pcall(table.concat, { true })) --> false	invalid value (boolean) at index 1 in table for 'concat'
-- unpack ranges
print(table.unpack({ 1, 2, 3 }, -1, 1)) --> nil	nil	1
print(table.unpack({}, math.maxinteger, math.mininteger)) -->
print(pcall(table.unpack, {}, 1, math.maxinteger)) --> false	too many results to unpack
print(pcall(table.unpack, {}, math.mininteger, math.maxinteger)) --> false	too many results to unpack
print(select("#", table.unpack({}, 1, 100)), (table.unpack({ 1, 2 }))) --> 100	1
print(table.unpack({ 1, 2 }, math.maxinteger - 1, math.maxinteger)) --> nil	nil
-- respects metamethods
local log = {}
local p = setmetatable({}, {
  __index = function(_, k) log[#log + 1] = "r" .. k; return k <= 3 and "v" .. k or nil end,
  __newindex = function(_, k, v) log[#log + 1] = "w" .. k .. "=" .. tostring(v) end,
  __len = function() log[#log + 1] = "len"; return 3 end,
})
print(table.concat(p, ","), table.unpack(p)) --> v1,v2,v3	v1	v2	v3
table.insert(p, "x")
table.insert(p, 2, "y")
table.remove(p)
table.remove(p, 1)
table.move(p, 1, 2, 2)
print(table.concat(log, " ")) --> len r1 r2 r3 len r1 r2 r3 len w4=x len r3 w4=v3 r2 w3=v2 w2=y len r3 w3=nil len r1 r2 w1=v2 r3 w2=v3 w3=nil r2 w3=v2 r1 w2=v1
print(pcall(table.insert, setmetatable({}, { __len = function() return "x" end }), 1)) --> false	object length is not an integer
-- rotate an array by move, hot
local ring = {}
for i = 1, 50 do ring[i] = i end
for i = 1, 500 do
  local first = ring[1]
  table.move(ring, 2, 50, 1)
  ring[50] = first
end
print(ring[1], ring[50]) --> 1	50
print(pcall(table.concat, 5)) --> false	bad argument #1 to 'table.concat' (table expected, got number)
