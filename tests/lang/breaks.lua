-- break, while, repeat and numeric loops that leave early, in every nesting, with hot inner and outer loops.
local s = 0
for i = 1, 400 do
  local j = 0
  while true do
    j = j + 1
    if j > i % 10 then break end
    s = s + j
  end
end
print(s) --> 6600
local r = 0
for i = 1, 300 do
  local k = i
  repeat
    local odd = k % 2 == 1
    k = k // 2
    if odd then r = r + 1 end
  until k == 0
end
print(r) --> 1184
-- searches that end at different places
local t = {}
for i = 1, 200 do t[i] = i * i % 101 end
local hits, steps = 0, 0
for want = 0, 300 do
  for i = 1, #t do
    steps = steps + 1
    if t[i] == want then hits = hits + i; break end
  end
end
print(hits, steps) --> 1376	51376
-- loops that never run, run once, run twice
local zero, one, two = 0, 0, 0
for i = 1, 500 do
  for j = 1, i % 3 do
    if i % 3 == 1 then one = one + 1 else two = two + 1 end
  end
  for j = 1, 0 do zero = zero + 1 end
  while false do zero = zero + 1 end
end
print(zero, one, two) --> 0	167	334
-- triangular, with the inner loop re-entered
local tri = 0
for i = 1, 120 do for j = i, 120 do tri = tri + i * j end end
print(tri) --> 26645410
-- collatz: lengths vary wildly
local longest, at = 0, 0
for i = 1, 1500 do
  local n, len = i, 1
  while n ~= 1 do
    if n % 2 == 0 then n = n // 2 else n = 3 * n + 1 end
    len = len + 1
  end
  if len > longest then longest, at = len, i end
end
print(longest, at) --> 182	1161
-- return out of nested loops in a function
local function find(m, v)
  for i = 1, #m do
    for j = 1, #m[i] do
      if m[i][j] == v then return i, j end
    end
  end
  return nil
end
local m = {}
for i = 1, 20 do
  m[i] = {}
  for j = 1, 20 do m[i][j] = (i * 20 + j) * 7 % 401 end
end
local fi, fj, none = 0, 0, 0
for v = 0, 450 do
  local i, j = find(m, v)
  if i then fi, fj = fi + i, fj + j else none = none + 1 end
end
print(fi, fj, none) --> 4200	4200	51
-- four levels with different exits
local c = 0
for a = 1, 12 do
  for b = 1, 12 do
    if b > a then break end
    local d = 0
    while d < 12 do
      d = d + 1
      if d == a then goto skip end
      repeat
        c = c + 1
        if c % 7 == 0 then break end
      until c % 5 == 0
      if c % 11 == 0 then break end
      ::skip::
    end
  end
end
print(c) --> 1870
-- conditions with side effects
local calls = 0
local function more(n) calls = calls + 1; return calls < n end
while more(300) do end
repeat until not more(600)
print(calls) --> 600
-- a while loop over a list that is consumed
local list = nil
for i = 1, 500 do list = { v = i, next = list } end
local sum, len = 0, 0
while list do
  sum = sum + list.v
  len = len + 1
  list = list.next
end
print(sum, len) --> 125250	500
