-- A tail call in the frame in which a trace was entered: the frame's record becomes the callee's only where the trace is
-- left. Whoever looks then sees the callee, its arguments and its "(...tail calls...)".
local seen = {}
local function look(n, what)
  if n % 50 == 0 then
    local i, up = debug.getinfo(1, "tlSn"), debug.getinfo(2, "l")
    seen[#seen + 1] = what .. ":" .. tostring(i.istailcall) .. ":" .. i.currentline .. ":" .. tostring(i.name) .. ":" .. up.currentline
  end
  return n + 1
end
local function wide(a, b, c, d, e, f)
  local x <const>, y, z = a + b, c, d
  return look(x, "wide" .. tostring(y) .. tostring(z) .. tostring(e) .. tostring(f))
end
local function spread(...) return wide(...) end
local function narrow(n)
  if n % 3 == 0 then return look(n, "narrow") end
  if n % 3 == 1 then return wide(n, 0, "c") end
  return spread(n, 1, n % 5 == 0 and "five" or nil)
end
local sum = 0
for n = 1, 300 do
  sum = sum + narrow(n)
end
print(sum) --> 45550
print(table.concat(seen, "\n"))
--> widecnilnilnil:true:6:nil:23
--> widenilnilnilnil:true:6:nil:23
--> narrow:true:6:nil:23
--> widecnilnilnil:true:6:nil:23
--> widenilnilnilnil:true:6:nil:23
--> narrow:true:6:nil:23

-- errors in the callee, from a caller that catches
local function fail(n) if n > 290 then error("at " .. n) end return n end
local function try(n) return fail(n) end
local function outer(n) local r = try(n) return r end
local ok = 0
for n = 1, 295 do
  local good, e = pcall(outer, n)
  if good then ok = ok + e elseif n == 295 then print(e) end --> tail_frames.lua:35: at 295
end
print(ok) --> 42195
print((xpcall(outer, debug.traceback, 400))) --> false
print(select(2, xpcall(outer, debug.traceback, 400)):match("%(%.%.%.tail calls%.%.%.%)")) --> (...tail calls...)

-- results go to a caller that wants none, one, three or all of them
local function three(a, b, c) return a, b, c end
local function pass(a, ...) if a % 2 == 0 then return three(a, ...) end return three(...) end
local t = {}
for i = 1, 200 do
  pass(i, 1, 2)
  local x = pass(i, 1, 2)
  local p, q, r = pass(i, 1, 2)
  t[i] = { pass(i, 1, 2) }
  assert(x == p and (r == nil) == (i % 2 == 1), i)
end
print(#t[1], #t[2], t[199][1], t[200][1], t[200][3]) --> 2	3	1	200	2

-- a callee that yields, and one that makes closures over its arguments
local function gen(a, b) coroutine.yield(a + b); return function() a = a + 1; return a + b end end
local function start(n) return gen(n, 10) end
local total = 0
for n = 1, 150 do
  local co = coroutine.wrap(start)
  total = total + co(n)
  local f = co()
  total = total + f() + f()
end
print(total) --> 38925

-- mutual recursion with other numbers of arguments and registers, longer than any trace follows
local a, b, c
function a(n, x) if n == 0 then return "a", x end return b(n - 1, x, n) end
function b(n, x, y) if n == 0 then return "b", x + y end local l1, l2, l3, l4 = x, y, n, 1 return c(n - 1, l1, l2, l3, l4) end
function c(n, ...) if n == 0 then return "c", select("#", ...) end return a(n - 1, (...)) end
for n = 98, 100 do
  for _ = 1, 100 do a(n, 5) end
  print(a(n, 5))
end
--> c	4
--> a	5
--> b	6
