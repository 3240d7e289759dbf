-- Closures made in hot loops, passed around, stored, compared, composed, curried, and memoized.
local function compose(f, g) return function(...) return f(g(...)) end end
local function curry(f, a) return function(b) return f(a, b) end end
local s = 0
for i = 1, 300 do
  local add = curry(function(a, b) return a + b end, i)
  local twice = compose(add, add)
  s = s + twice(1)
end
print(s) --> 90600
-- short-lived closures that never leave the iteration
local t = 0
for i = 1, 1000 do
  local n = 0
  local function up(k) n = n + k; return n end
  for j = 1, 4 do t = t + up(j) end
end
print(t) --> 20000
-- one in a hundred leaves
local kept = {}
for i = 1, 1000 do
  local x = i
  local f = function() x = x + 1; return x end
  f()
  if i % 100 == 0 then kept[#kept + 1] = f end
end
local k = 0
for _, f in ipairs(kept) do k = k + f() end
print(#kept, k) --> 10	5520
-- map, filter, fold
local function map(l, f) local r = {}; for i = 1, #l do r[i] = f(l[i]) end return r end
local function filter(l, f) local r = {}; for i = 1, #l do if f(l[i]) then r[#r + 1] = l[i] end end return r end
local function fold(l, f, a) for i = 1, #l do a = f(a, l[i]) end return a end
local list = {}
for i = 1, 100 do list[i] = i end
local r = 0
for round = 1, 20 do
  r = r + fold(map(filter(list, function(x) return x % 3 == round % 3 end), function(x) return x * round end), function(a, b) return a + b end, 0)
end
print(r) --> 353269
-- a function that replaces itself
local function first() return "first" end
local current = first
local swaps = {}
for i = 1, 300 do
  swaps[#swaps + 1] = current()
  if i == 100 then current = function() return "second" end end
  if i == 200 then current = function() current = first; return "third" end end
end
print(swaps[100], swaps[101], swaps[200], swaps[201], swaps[202]) --> first	second	second	third	first
-- memo with a table of results
local calls = 0
local function memo(f)
  local known = {}
  return function(n)
    local v = known[n]
    if v == nil then v = f(n); known[n] = v end
    return v
  end
end
local fib
fib = memo(function(n) calls = calls + 1; if n < 2 then return n end return fib(n - 1) + fib(n - 2) end)
print(fib(80), calls) --> 23416728348467685	81
-- identity of functions
local same, different = 0, 0
local function make() return function() end end
for i = 1, 300 do
  local a, b = make(), make()
  if a == a then same = same + 1 end
  if make ~= a then different = different + 1 end
end
print(same, different) --> 300	300
-- a recursive local function and mutual recursion through upvalues
local even, odd
function even(n) if n == 0 then return true end return odd(n - 1) end
function odd(n) if n == 0 then return false end return even(n - 1) end
local evens = 0
for i = 1, 300 do if even(i) then evens = evens + 1 end end
print(evens) --> 150
-- church numerals
local zero = function() return function(x) return x end end
local function succ(n) return function(f) return function(x) return f(n(f)(x)) end end end
local num = zero
for i = 1, 100 do num = succ(num) end
print(num(function(x) return x + 1 end)(0)) --> 100
-- a closure over arguments and varargs
local function keep(a, ...)
  local n, p = select("#", ...), { ... }
  return function(i) a = a + 1; return a + n + (p[i] or 0) end
end
local q = 0
for i = 1, 300 do q = q + keep(i, 1, 2, 3)(i % 4 + 1) end
print(q) --> 46800
