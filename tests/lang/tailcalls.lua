-- Tail calls take no stack: a hundred thousand deep, through methods, varargs, pcall-free chains and state machines.
local function down(n) if n == 0 then return "bottom" end return down(n - 1) end
print(down(200000)) --> bottom
local even, odd
function even(n) if n == 0 then return true end return odd(n - 1) end
function odd(n) if n == 0 then return false end return even(n - 1) end
print(even(150001), odd(150001)) --> false	true
local o = { n = 0 }
function o:step(k) self.n = self.n + 1; if k == 0 then return self.n end return self:step(k - 1) end
print(o:step(120000)) --> 120001
local function rotate(n, ...) if n == 0 then return ... end return rotate(n - 1, select(2, ...), (...)) end
print(rotate(7, 1, 2, 3)) --> 2	1
local function carry(n, a, b, c) if n == 0 then return a, b, c end return carry(n - 1, b, c, a) end
print(carry(100001, 1, 2, 3)) --> 3	1	2
local function widen(n, ...) if n == 0 then return select("#", ...) end return widen(n - 1, n, ...) end
print(widen(150)) --> 150
local function loop(n, acc) if n == 0 then return acc end return loop(n - 1, acc + n) end
local s = 0
for i = 1, 100 do s = s + loop(100 + i, 0) end
print(s) --> 1181700
-- the accumulator becomes a float on the way
local function grow(n, acc) if n == 0 then return acc end return grow(n - 1, n == 777 and acc / 2 or acc + 1) end
print(grow(2000, 0)) --> 1387.5
-- a state machine over a string
local states = {}
function states.start(s, i, words)
  local c = s:sub(i, i)
  if c == "" then return words end
  if c == " " then return states.start(s, i + 1, words) end
  return states.word(s, i + 1, words + 1)
end
function states.word(s, i, words)
  local c = s:sub(i, i)
  if c == "" then return words end
  if c == " " then return states.start(s, i + 1, words) end
  return states.word(s, i + 1, words)
end
print(states.start(("ab c  def "):rep(3000), 1, 0)) --> 9000
-- tail call of a C function, of a callable table, and of a Lua function through one
local callable = setmetatable({}, { __call = function(self, n) if n == 0 then return "done" end return self(n - 1) end })
print(callable(100000)) --> done
local function c(x) return tostring(x) end
local function d(...) return math.max(...) end
local t = 0
for i = 1, 300 do t = t + #c(i) + d(i, 100) end
print(t) --> 50892
-- results of a tail call are adjusted by the caller only
local function three() return 1, 2, 3 end
local function tail() return three() end
local function paren() return (three()) end
local n = 0
for i = 1, 300 do
  local a, b, e = tail()
  local p, q = paren()
  n = n + a + b + e + p + (q or 0)
end
print(n) --> 2100
-- not a tail call: the result is used
local function notail(n) if n == 0 then return 0 end return 0 + notail(n - 1) end
print(notail(10000)) --> 0
-- in the traceback a tail call leaves a mark
local function raise() error("here") end
local function through() return raise() end
local ok, trace = xpcall(function() through() end, debug.traceback)
print((trace:gsub("\n.*%(%.%.%.tail calls%.%.%.%).*", " has tail calls"))) --> tailcalls.lua:62: here has tail calls
-- continuation passing
local function map(l, f, k, i, acc)
  i, acc = i or 1, acc or {}
  if i > #l then return k(acc) end
  return f(l[i], function(v) acc[i] = v; return map(l, f, k, i + 1, acc) end)
end
local list = {}
for i = 1, 1000 do list[i] = i end
print(map(list, function(v, k) return k(v * v) end, function(r) return r[1], r[1000], #r end)) --> 1	1000000	1000
