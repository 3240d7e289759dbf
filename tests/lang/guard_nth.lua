-- Branches that are taken at every n-th iteration, for many n, and exits that become hot themselves.
local out = {}
for n = 2, 20 do
  local s = 0
  for i = 1, 1000 do
    if i % n == 0 then s = s + i * 2 else s = s - 1 end
  end
  out[#out + 1] = s
end
print(table.concat(out, " ")) --> 500500 332999 250250 200200 165498 141284 125125 110999 100100 89180 82747 75152 70639 65396 61558 57232 54495 51416 50050
-- several independent branches: all combinations occur
local s = 0
for i = 1, 3000 do
  if i & 1 == 0 then s = s + 1 else s = s + 2 end
  if i & 2 == 0 then s = s * 3 else s = s * 5 end
  if i & 4 == 0 then s = s ~ i else s = s + i end
  if i & 8 == 0 then s = s - 7 else s = s | 1 end
  s = s & 0xffffff
end
print(s) --> 597543
-- the state at the exit: every local, also those changed before the branch
local function exits(n)
  local a, b, c, d = 1, 2.5, "x", {}
  local seen = {}
  for i = 1, 1000 do
    a = a + i
    b = b * 1.001
    c = #c > 5 and "x" or c .. "y"
    d[i % 4] = i
    if i % n == 0 then seen[#seen + 1] = ("%d %.6f %s %d"):format(a, b, c, d[i % 4]) end
    a = a & 0xffff
  end
  return seen[#seen] .. " " .. #seen
end
for _, n in ipairs { 7, 97, 333, 999 } do print(exits(n)) end
--> 35764 6.751698 xyyyy 994 142
--> 12184 6.591666 xyyyy 970 10
--> 40749 6.785524 xyyy 999 3
--> 40749 6.785524 xyyy 999 1
-- exits out of inlined calls, with the callers' locals alive
local function inner(i, n) local t = i * 2; if i % n == 0 then t = t + 1000000 end return t + 1 end
local function middle(i, n) local u = i + 1; local r = inner(i, n); return r + u end
local function outer(i, n) local w = i * 3; local r = middle(i, n) - w; return r, w end
local sum, wsum = 0, 0
for n = 3, 40 do
  for i = 1, 200 do
    local r, w = outer(i, n)
    sum = sum + r
    wsum = wsum + w
  end
end
print(sum, wsum) --> 542015200	2291400
-- an exit that changes the type of a variable and comes back to the loop
local x, log = 0, 0
for i = 1, 2000 do
  if i % 50 == 0 then x = x + 0.5 elseif i % 50 == 25 then x = math.floor(x) end
  x = x + 1
  if math.type(x) == "float" then log = log + 1 end
end
print(x, log) --> 2000.5	976
-- rare branches with calls, allocation and errors
local kept = {}
for i = 1, 3000 do
  local t = { i, i * 2 }
  if i % 500 == 0 then kept[#kept + 1] = t
  elseif i % 333 == 0 then kept[#kept + 1] = select(2, pcall(error, t))
  elseif i % 250 == 125 then kept[#kept + 1] = { t[2], t[1] } end
end
local line = {}
for i = 1, #kept do line[i] = kept[i][1] .. "," .. kept[i][2] end
print(table.concat(line, " ")) --> 250,125 333,666 750,375 500,1000 1250,625 666,1332 1750,875 999,1998 1000,2000 2250,1125 1332,2664 2750,1375 1500,3000 3250,1625 1665,3330 3750,1875 1998,3996 2000,4000 4250,2125 2331,4662 4750,2375 2500,5000 5250,2625 2664,5328 5750,2875 2997,5994 3000,6000
-- thresholds: the branch turns for good in the middle
for _, at in ipairs { 10, 100, 500, 999, 1000 } do
  local t = 0
  for i = 1, 1000 do if i < at then t = t + 1 else t = t + 1000 end end
  io.write(t, " ")
end
print() --> 991009 901099 501499 2998 1999 
-- a decision tree over data
local data, seed = {}, 1
for i = 1, 500 do seed = seed * 48271 % 2147483647; data[i] = seed % 100 end
local bins = { 0, 0, 0, 0, 0 }
for round = 1, 6 do
  for i = 1, #data do
    local v = data[i]
    if v < 50 then
      if v < 10 then bins[1] = bins[1] + 1 elseif v < 30 then bins[2] = bins[2] + 1 else bins[3] = bins[3] + 1 end
    elseif v < 99 then bins[4] = bins[4] + 1
    else bins[5] = bins[5] + 1 end
  end
end
print(table.concat(bins, " ")) --> 294 570 612 1488 36
-- a loop that is entered with other types the second time
local function add(list) local t = list[1]; for i = 2, #list do t = t + list[i] end return t end
local ints, floats, mixed = {}, {}, {}
for i = 1, 300 do ints[i] = i; floats[i] = i + 0.5; mixed[i] = i == 200 and 0.25 or i end
print(add(ints), add(floats), add(mixed), add(ints), add(floats)) --> 45150	45300.0	44950.25	45150	45300.0
