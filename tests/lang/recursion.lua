-- Recursion: single, double, mutual, deep, through pcall, metamethods and library functions; overflow is an error.
local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end
print(fib(22)) --> 17711
local function ack(m, n)
  if m == 0 then return n + 1 end
  if n == 0 then return ack(m - 1, 1) end
  return ack(m - 1, ack(m, n - 1))
end
print(ack(2, 40), ack(1, 300)) --> 83	302
local function tak(x, y, z)
  if y >= x then return z end
  return tak(tak(x - 1, y, z), tak(y - 1, z, x), tak(z - 1, x, y))
end
print(tak(12, 8, 4)) --> 5
local isodd
local function iseven(n) if n == 0 then return true end return (isodd(n - 1)) end
function isodd(n) if n == 0 then return false end return (iseven(n - 1)) end
print(iseven(5000), isodd(5001)) --> true	true
local function sum(n) if n == 0 then return 0 end return n + sum(n - 1) end
local s = 0
for i = 1, 50 do s = s + sum(i * 20) end
print(s, sum(15000)) --> 8597750	112507500
-- trees
local function tree(d) if d == 0 then return {} end return { tree(d - 1), tree(d - 1) } end
local function check(t) if t[1] then return 1 + check(t[1]) + check(t[2]) end return 1 end
print(check(tree(10))) --> 2047
-- permutations with a callback
local perms = 0
local function permute(a, n, f)
  if n == 0 then return f(a) end
  for i = 1, n do
    a[i], a[n] = a[n], a[i]
    permute(a, n - 1, f)
    a[i], a[n] = a[n], a[i]
  end
end
permute({ 1, 2, 3, 4, 5, 6 }, 6, function(a) perms = perms + (a[1] < a[6] and 1 or 0) end)
print(perms) --> 360
-- towers, with state in tables
local pegs, moves = { {}, {}, {} }, 0
for i = 9, 1, -1 do table.insert(pegs[1], i) end
local function hanoi(n, a, b, c)
  if n == 0 then return end
  hanoi(n - 1, a, c, b)
  table.insert(pegs[b], table.remove(pegs[a]))
  moves = moves + 1
  hanoi(n - 1, c, b, a)
end
hanoi(9, 1, 2, 3)
print(moves, #pegs[1], #pegs[2], table.concat(pegs[2], "")) --> 511	0	9	987654321
-- the recursion's argument changes type half-way down
local function mixed(n, acc) if n == 0 then return acc end return (mixed(n - 1, n == 50 and acc + 0.5 or acc + n)) end
local m = 0
for i = 1, 20 do m = m + mixed(100, 0) end
print(m) --> 100010.0
-- through pcall, a metamethod, sort and gsub
local function viapcall(n) if n == 0 then return 0 end local ok, v = pcall(viapcall, n - 1); return v + 1 end
print(viapcall(150)) --> 150
local meta = setmetatable({}, { __index = function(t, k) if k == 0 then return 0 end return t[k - 1] + 1 end })
print(meta[150]) --> 150
local function viagsub(n) if n == 0 then return "" end return (("x"):gsub("x", function() return "y" .. viagsub(n - 1) end)) end
print(#viagsub(100)) --> 100
-- overflow of the Lua stack is caught, and everything works afterwards, several times
local function forever(n) return 1 + forever(n + 1) end
for i = 1, 3 do
  local ok, e = pcall(forever, 1)
  print(ok, (e:gsub("^(.-:%d+: stack overflow).*$", "%1")))
end
--> false	recursion.lua:64: stack overflow
--> false	recursion.lua:64: stack overflow
--> false	recursion.lua:64: stack overflow
print(fib(15)) --> 610
local function overflow() local ok, e = pcall(overflow); if not ok then return e end return e end
print(type(overflow())) --> string
local t = setmetatable({}, { __index = function(t, k) return t[k + 1] end })
local ok, e = pcall(function() return t[1] end)
print(ok, e:find("stack overflow", 1, true) ~= nil or e) --> false	true
