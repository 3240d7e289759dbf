-- Multiple results and multiple assignment: adjustment, order of evaluation, swaps, nested calls.
local function two() return 1, 2 end
local function none() end
local function many(n) if n == 0 then return end return n, many(n - 1) end
local a, b, c = two()
print(a, b, c) --> 1	2	nil
a, b, c = two(), 10
print(a, b, c) --> 1	10	nil
a, b, c = 0, two()
print(a, b, c) --> 0	1	2
a, b = (two())
print(a, b) --> 1	nil
local d = none()
print(d, (none()), type((none()))) --> nil	nil	nil
print(pcall(type, none())) --> false	bad argument #1 to 'type' (value expected)
print(select("#", none()), select("#", (none())), select("#", two(), two()), select("#", many(50))) --> 0	1	3	50
local s = 0
for i = 1, 500 do
  local x, y, z = two()
  local p, q = two(), i
  s = s + x + y + (z or 0) + p + q
end
print(s) --> 127250
-- swaps and rotations in a hot loop
local x, y, z = 1, 2, 3
for i = 1, 1000 do
  x, y = y, x
  x, y, z = z, x, y
end
print(x, y, z) --> 1	2	3
local t = { 1, 2, 3, 4, 5 }
for i = 1, 1000 do
  local j, k = i % 5 + 1, (i * 3) % 5 + 1
  t[j], t[k] = t[k], t[j]
end
print(table.concat(t, " ")) --> 1 2 3 4 5
-- right-hand sides and table expressions come before the assignments
local i, u = 1, {}
i, u[i] = i + 1, 20
print(i, u[1], u[2]) --> 2	20	nil
local log = {}
local function note(v) log[#log + 1] = tostring(v); return v end
local obj = {}
note(obj)["k"], note(obj).l = note(1), note(2)
print(#log, obj.k, obj.l) --> 4	1	2
-- results of different numbers reach the same place
local function vary(n) if n % 3 == 0 then return n elseif n % 3 == 1 then return n, n * 2 end end
local filled, nils = 0, 0
for k = 1, 600 do
  local p, q = vary(k)
  if q then filled = filled + q elseif p then filled = filled + p else nils = nils + 1 end
end
print(filled, nils) --> 180100	200
-- results that fill a table, an argument list and a return
local function pass(...) return ... end
local total = 0
for k = 1, 300 do
  local r = { pass(many(k % 7)) }
  total = total + #r + select("#", pass(pass(many(k % 4))))
end
print(total) --> 1353
-- divmod as libraries write it
local function divmod(p, q) return p // q, p % q end
local acc = 0
for k = 1, 1000 do
  local q, r = divmod(k, 7)
  acc = acc + q * r
end
print(acc) --> 213213
-- a fibonacci pair
local f, g = 0, 1
for k = 1, 300 do f, g = g, f + g end
print(f) --> -787873603839447536
-- too many values are dropped, missing ones are nil, extra expressions are evaluated
local seen = 0
local function effect() seen = seen + 1; return seen end
for k = 1, 100 do
  local p = effect(), effect()
  local q, r, w = effect()
  if r ~= nil or w ~= nil then seen = seen + 10000 end
end
print(seen) --> 300
print((pcall(function() local p, q <const> = 1; return q end))) --> true
print(math.modf(3.7), math.modf(-3.7)) --> 3	-3	-0.7
print(("a,b"):find(",")) --> 2	2
