-- Fields may be cleared and changed while a table is traversed; what is visited is complete.
local function keys(t)
  local list = {}
  for k in pairs(t) do list[#list + 1] = tostring(k) end
  table.sort(list)
  return table.concat(list, " ")
end

-- everything is cleared on the way
local visits = 0
for round = 1, 30 do
  local t = {}
  for i = 1, 40 do t["k" .. i] = i; t[i] = i end
  for k in pairs(t) do
    t[k] = nil
    visits = visits + 1
  end
  if next(t) ~= nil then visits = visits + 100000 end
end
print(visits) --> 2400
-- every second one is cleared, the others are changed
local t = {}
for i = 1, 300 do t["x" .. i] = i end
for k, v in pairs(t) do
  if v % 2 == 0 then t[k] = nil else t[k] = v * 10 end
end
local n, sum = 0, 0
for k, v in pairs(t) do n = n + 1; sum = sum + v end
print(n, sum) --> 150	225000
-- cleared by somebody else: keys that were not visited yet may go
local a = {}
for i = 1, 100 do a[i] = i; a["s" .. i] = i end
local seen = 0
for k in pairs(a) do
  seen = seen + 1
  if seen == 50 then
    for i = 1, 100 do a[i] = nil; a["s" .. i] = nil end
  end
end
print(seen) --> 50
-- collection in the middle of a traversal with cleared keys
local g, count = {}, 0
for i = 1, 200 do g[{}] = i; g["g" .. i] = i end
for k, v in pairs(g) do
  count = count + 1
  g[k] = nil
  if count % 50 == 0 then collectgarbage() end
end
print(count, next(g)) --> 400	nil
-- next by hand, with removal of the current key
local h, steps = {}, 0
for i = 1, 500 do h[i * 3] = true end
local k = next(h)
while k do
  h[k] = nil
  steps = steps + 1
  k = next(h, k)
end
print(steps, next(h)) --> 500	nil
-- new values in existing fields while traversing arrays
local arr = {}
for i = 1, 300 do arr[i] = i end
for i, v in pairs(arr) do arr[i] = v + (arr[i + 1] or 0) end
print(arr[1], arr[2], arr[299], arr[300], #arr) --> 3	5	599	300	300
-- a field that is removed and added again in a hot loop
local r = { a = 1, b = 2, c = 3 }
local total = 0
for i = 1, 1000 do
  r.b = nil
  total = total + (r.b or 10) + r.a
  r.b = i % 7
  total = total + r.b
  if i % 100 == 0 then r["extra" .. i] = i end
  if i % 100 == 50 then r["extra" .. i - 50] = nil end
end
print(total, keys(r)) --> 14003	a b c extra1000
