-- string.dump and load: functions survive the round trip, upvalues start anew, stripped code has no lines.
local function fib(n, self) if n < 2 then return n end return self(n - 1, self) + self(n - 2, self) end
local copy = load(string.dump(fib))
print(copy(20, copy) == fib(20, fib), copy(20, copy)) --> true	6765
local function everything(a, b, ...)
  local t = { a, b, x = 1.5, s = "str", ... }
  local n = 0
  for i = 1, #t do n = n + (tonumber(t[i]) or 0) end
  for k, v in pairs({ 1, 2, 3 }) do n = n + k * v end
  while n > 100 do n = n // 2 end
  repeat n = n + 1 until n % 7 == 0
  local function inner(z) n = n + z; return n end
  goto out
  n = -1
  ::out::
  return inner(1) + inner(0x10), #t, t.s .. t.x, -a, ~b, a < b, not a, a ~= nil and 2^53 or math.mininteger
end
local again = load(string.dump(everything), "again", "b")
local wrong = 0
for i = 1, 300 do
  local p, q = { everything(i, i + 1, 5, 6, "x") }, { again(i, i + 1, 5, 6, "x") }
  for k = 1, 8 do if p[k] ~= q[k] then wrong = wrong + 1 end end
end
print(wrong, again(1, 2, 3)) --> 0	60	3	str1.5	-1	-3	true	false	9.007199254741e+15
-- upvalues are fresh and nil, except a first one that is _ENV in a main chunk
local up = 5
local function uses() up = (up or 100) + 1; return up end
local d = load(string.dump(uses))
print(pcall(d)) --> false	dump_load.lua:27: attempt to perform arithmetic on a table value
debug.setupvalue(d, 1, 10)
print(d(), d(), up) --> 11	12	5
print(load(string.dump(load("x = 1; return x, _ENV ~= nil")))()) --> 1	true
x = nil
-- stripped
local function named(a) local b = a.c; return b end
print(pcall(named)) --> false	dump_load.lua:35: attempt to index a nil value (local 'a')
print(pcall(load(string.dump(named, true)))) --> false	?:-1: attempt to index a nil value
print(pcall(load(string.dump(named, false)))) --> false	dump_load.lua:35: attempt to index a nil value (local 'a')
local info = debug.getinfo(load(string.dump(named, true)), "SlL")
print(info.source, info.short_src, info.currentline, #string.dump(named, true) < #string.dump(named)) --> =?	?	-1	true
print(debug.getlocal(load(string.dump(named)), 1), debug.getlocal(load(string.dump(named, true)), 1)) --> a	nil
-- modes
local bin, text = string.dump(named), "return 1"
print(load(bin, "b", "t")) --> nil	attempt to load a binary chunk (mode is 't')
print(load(text, "t", "b")) --> nil	attempt to load a text chunk (mode is 'b')
print(type(load(bin, "b", "bt")), type(load(text, "t", "t"))) --> function	function
-- pieces of any size from a reader
local function reader(s, n) local p = 1; return function() local piece = s:sub(p, p + n - 1); p = p + n; if piece ~= "" then return piece end end end
local src = string.dump(everything)
local ok = 0
for n = 1, 40 do if load(reader(src, n), "r", "b")(1, 2) == everything(1, 2) then ok = ok + 1 end end
print(ok) --> 40
-- truncation and damage of the header are refused
local refused, accepted = 0, 0
for n = 0, #bin - 1 do
  local f = load(bin:sub(1, n), "cut", "b")
  if f then accepted = accepted + 1 else refused = refused + 1 end
end
print(accepted, refused == #bin) --> 0	true
local damaged = 0
for i = 1, 31 do
  local s = bin:sub(1, i - 1) .. string.char(bin:byte(i) ~ 0xff) .. bin:sub(i + 1)
  if not load(s, "bad", "b") then damaged = damaged + 1 end
end
print(damaged) --> 31
print(pcall(string.dump, print)) --> false	unable to dump given function
print(pcall(string.dump, 5)) --> false	bad argument #1 to 'string.dump' (function expected, got number)
-- constants of every kind come back exactly
local f = load(string.dump(function() return 0.1, -0.0, 1e308, math.pi, 1 << 62, "a\0b", "", true, nil, 0x7fffffffffffffff, ("x"):rep(3) end))
local r = { f() }
print(r[1] == 0.1, 1 / r[2], r[3], r[5], #r[6], r[7] == "", r[8], r[9], r[10], r[11]) --> true	-inf	1e+308	4611686018427387904	3	true	true	nil	9223372036854775807	xxx
-- dump, load and run in a loop
local s = 0
for i = 1, 200 do s = s + load(string.dump(load("local a = ... return a * 2 + " .. i)))(i) end
print(s) --> 60300
