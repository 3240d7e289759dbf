-- Arrays: growth at the end, shrinking, length, insertion before the first slot, element kinds that change.
local t = {}
for i = 1, 1000 do t[i] = i end
print(#t, t[1], t[1000], t[1001]) --> 1000	1	1000	nil
for i = 1000, 501, -1 do t[i] = nil end
print(#t, t[500], t[501]) --> 500	500	nil
for i = 1, 1000 do t[#t + 1] = i * 2 end
print(#t, t[501], t[1500]) --> 1500	2	2000
while #t > 10 do t[#t] = nil end
print(#t, table.concat(t, " ")) --> 10	1 2 3 4 5 6 7 8 9 10

-- filled from the back: everything is there once it is full
local back = {}
for i = 500, 1, -1 do back[i] = i end
local sum = 0
for i = 1, #back do sum = sum + back[i] end
print(#back, sum) --> 500	125250
-- integer elements become floats, then strings, then tables
local a, kinds = {}, {}
for i = 1, 400 do
  if i <= 100 then a[i] = i elseif i <= 200 then a[i] = i / 2 elseif i <= 300 then a[i] = "s" .. i else a[i] = { i } end
end
for i = 1, 400 do
  local k = math.type(a[i]) or type(a[i])
  kinds[k] = (kinds[k] or 0) + 1
end
print(kinds.integer, kinds.float, kinds.string, kinds.table) --> 100	100	100	100
-- one element of another kind in a hot loop over floats, then over integers
local f = {}
for i = 1, 300 do f[i] = i + 0.5 end
f[250] = 7
local acc, ints = 0.0, 0
for round = 1, 5 do
  for i = 1, #f do
    acc = acc + f[i]
    if math.type(f[i]) == "integer" then ints = ints + 1 end
  end
end
print(acc, ints) --> 225282.5	5
-- index 0, negative and huge
local z = {}
for i = -200, 200 do z[i] = i * i end
local s0 = 0
for i = -200, 200 do s0 = s0 + z[i] end
z[math.maxinteger], z[math.mininteger], z[1 << 40] = "max", "min", "big"
print(#z, z[0], z[-200], s0, z[math.maxinteger], z[math.mininteger], z[1 << 40]) --> 200	0	40000	5373400	max	min	big
-- two arrays that are the same one
local p = { 1, 2, 3 }
local q = p
for i = 1, 300 do
  p[1] = p[1] + 1
  q[1] = q[1] + q[2]
  if i == 150 then q[2] = 10 end
end
print(p[1], q[2], #p) --> 2101	10	3
-- a stack and a queue
local stack, top, popped = {}, 0, 0
for i = 1, 2000 do
  if i % 3 == 0 then
    popped = popped + stack[top]
    stack[top] = nil
    top = top - 1
  else
    top = top + 1
    stack[top] = i
  end
end
print(top, #stack, popped) --> 668	668	665667
local queue, head, tail, drained = {}, 1, 0, 0
for i = 1, 2000 do
  tail = tail + 1
  queue[tail] = i
  if i % 2 == 0 then
    drained = drained + queue[head]
    queue[head] = nil
    head = head + 1
  end
end
print(drained, queue[head], queue[tail], queue[head - 1]) --> 500500	1001	2000	nil
-- constructors with many items, nested and with calls
local function three() return 1, 2, 3 end
local c
for i = 1, 300 do c = { i, i + 1, three(), three() } end
print(#c, c[1], c[3], c[4], c[6], #{ three(), nil }, #{ (three()) }, #{ n = 1, three() }) --> 6	300	1	1	3	1	1	3
local m = {}
for i = 1, 60 do
  m[i] = {}
  for j = 1, 60 do m[i][j] = i * j end
end
local trace = 0
for i = 1, 60 do trace = trace + m[i][i] - m[i][61 - i] end
print(trace) --> 35990
-- reads past the end stop a loop
local reads, i = 0, 1
while back[i] do reads = reads + back[i]; i = i + 1 end
print(reads, i) --> 125250	501
-- booleans and false are values, nil is not
local bits = {}
for k = 1, 300 do bits[k] = k % 3 == 0 end
local yes = 0
for k = 1, #bits do if bits[k] then yes = yes + 1 end end
print(#bits, yes) --> 300	100
