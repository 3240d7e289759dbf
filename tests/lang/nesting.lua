-- Deep nesting of loops, functions, tables, blocks and expressions.
local c = 0
for a = 1, 3 do for b = 1, 3 do for d = 1, 3 do for e = 1, 3 do for f = 1, 3 do for g = 1, 3 do
  c = c + a * b - d * e + f * g
end end end end end end
print(c) --> 2916
-- every order of trip counts: inner hot, outer hot, both
local function loops(n, m) local s = 0; for i = 1, n do for j = 1, m do s = s + i * j end s = s - i end return s end
print(loops(1000, 1), loops(1, 1000), loops(100, 100), loops(1000, 0), loops(1000, 2), loops(2, 1000)) --> 0	500499	25497450	-500500	1001000	1501497
local function while_for(n)
  local s, i = 0, 0
  while i < n do
    i = i + 1
    for j = i, 1, -1 do
      local k = j
      repeat
        k = k - 3
        s = s + 1
      until k <= 0
    end
  end
  return s
end
print(while_for(60)) --> 13230
-- functions inside functions inside loops
local function level1(n)
  local function level2(m)
    local function level3(k)
      local function level4(j) return n + m + k + j end
      return level4(1) + level4(2)
    end
    return level3(10) * level3(20)
  end
  return level2(100) - level2(200)
end
local s = 0
for i = 1, 300 do s = s + level1(i) end
print(s) --> -76080000
-- tables inside tables
local t = {}
local p = t
for i = 1, 200 do p.next = { v = i }; p = p.next end
local sum, q = 0, t.next
for round = 1, 5 do
  q = t.next
  while q do sum = sum + q.v; q = q.next end
end
print(sum) --> 100500
local grid = {}
for x = 1, 6 do grid[x] = {}; for y = 1, 6 do grid[x][y] = {}; for z = 1, 6 do grid[x][y][z] = { v = x * y * z } end end end
local g = 0
for round = 1, 5 do
  for x = 1, 6 do for y = 1, 6 do for z = 1, 6 do g = g + grid[x][y][z].v; grid[x][y][z].v = grid[x][y][z].v + 1 end end end
end
print(g) --> 48465
-- expressions as deep as programs write them, and deeper
local depth = 150
local parens = load("return " .. ("("):rep(depth) .. "1" .. (" + 1)"):rep(depth))
print(parens()) --> 151
local nots = load("local x = ... return " .. ("not "):rep(101) .. "x")
print(nots(true), nots(nil)) --> false	true
local calls = load("local f = ... return " .. ("f("):rep(100) .. "0" .. (")"):rep(100))
print(calls(function(x) return x + 1 end)) --> 100
local chain = {}
for i = 1, 300 do chain[i] = "v" end
print(load("local v = 2 return " .. table.concat(chain, " + "))(), load("local v = 'a' return #(" .. table.concat(chain, " .. ", 1, 150) .. ")")()) --> 600	150
local blocks = load(("do "):rep(150) .. "x = 1 " .. ("end "):rep(150) .. "return x")
print(blocks()) --> 1
x = nil
local ifs = load("local n = ... " .. ("if n > 0 then n = n - 1 "):rep(100) .. ("end "):rep(100) .. "return n")
local i = 0
for n = 0, 300 do i = i + ifs(n) end
print(i) --> 20100
local whiles = load("local n, c = ..., 0 " .. ("while n > 0 do "):rep(20) .. "c = c + 1 n = n - 1 " .. ("end "):rep(20) .. "return c")
print(whiles(500)) --> 500
print(load("return " .. ("("):rep(1000) .. "1" .. (")"):rep(1000)) == nil, load(("do "):rep(1000) .. ("end "):rep(1000)) == nil) --> true	true
-- constructors
local nested = load("return " .. ("{"):rep(100) .. "7" .. ("}"):rep(100))()
local d = 0
while type(nested) == "table" do nested = nested[1]; d = d + 1 end
print(d, nested) --> 100	7
-- ten loops deep with a break in each
local n = 0
for a = 1, 2 do for b = 1, 2 do for cc = 1, 2 do for dd = 1, 2 do for e = 1, 2 do
  for f = 1, 2 do for gg = 1, 2 do for h = 1, 2 do
    n = n + 1
    if h == a then break end
  end if gg == b then break end end if f == cc then break end end
end end end end end
print(n) --> 108
