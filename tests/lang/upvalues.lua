-- Upvalues: shared between closures, closed at block ends, fresh in every iteration, changed by callees in hot loops.
local function counter()
  local n = 0
  return function() n = n + 1; return n end, function() return n end, function(v) n = v end
end
local inc, get, set = counter()
local other = counter()
for i = 1, 300 do inc() end
set(1000)
for i = 1, 300 do inc(); other() end
print(get(), other()) --> 1300	301
-- the loop variable is a new one each time
local fs = {}
for i = 1, 300 do fs[i] = function() i = i + 1; return i end end
local s = 0
for i = 1, 300 do s = s + fs[i]() + fs[i]() end
print(s, fs[1](), fs[300]()) --> 91200	4	303
-- a while body's local too, and a local of an outer block is shared
local gs, shared = {}, 0
local k = 0
while k < 300 do
  k = k + 1
  local mine = k * 10
  gs[k] = function(d) shared = shared + d; mine = mine + d; return mine end
end
local g = 0
for i = 1, 300 do g = g + gs[i](1) end
print(g, shared, gs[1](0)) --> 451800	300	11
-- a callee changes the local that a hot loop holds in a register
local total, step = 0, 1
local function bump() step = step + 1 end
for i = 1, 1000 do
  total = total + step
  if i % 100 == 0 then bump() end
end
print(total, step) --> 5500	11
-- an upvalue that changes type
local v = 0
local function toggle(i) if i == 500 then v = v + 0.5 elseif i == 800 then v = tostring(v) end end
local log = {}
for i = 1, 1000 do
  toggle(i)
  v = v + 1
  if i % 250 == 0 then log[#log + 1] = math.type(v) .. " " .. v end
end
print(table.concat(log, ", ")) --> integer 250, float 500.5, float 750.5, float 1000.5
-- three levels deep
local function a()
  local x = 1
  return function()
    local y = 10
    return function(z)
      x = x + 1
      y = y + x
      return x + y + z
    end
  end
end
local mk = a()
local f1, f2 = mk(), mk()
local d = 0
for i = 1, 300 do d = d + f1(i) + f2(-i) end
print(d) --> 18412450
-- repeat-until sees the body's local, and closures capture it
local hs, n = {}, 0
repeat
  local stop = n >= 299
  n = n + 1
  hs[n] = function() return stop end
until stop
print(n, hs[1](), hs[300]()) --> 300	false	true
-- goto out of a block closes
local cs = {}
do
  local i = 1
  ::again::
  local x = i * 2
  cs[i] = function() x = x + 1; return x end
  i = i + 1
  if i <= 300 then goto again end
end
local c = 0
for i = 1, 300 do c = c + cs[i]() end
print(c, cs[1](), cs[2]()) --> 90600	4	6
-- debug access
local function target() return total, step end
print(debug.getupvalue(target, 1), debug.setupvalue(target, 2, 77), step) --> total	step	77
local p, q = counter(), counter()
p(); p()
debug.upvaluejoin(q, 1, p, 1)
print(q(), p(), debug.upvalueid(p, 1) == debug.upvalueid(q, 1)) --> 3	4	true
-- setupvalue from inside a hot loop
local limit, seen = 1, 0
local function reader() return limit end
for i = 1, 600 do
  seen = seen + reader()
  if i == 300 then debug.setupvalue(reader, 1, 5) end
end
print(seen, limit) --> 1800	5
-- recursion with an upvalue that each level shares
local depth, deepest = 0, 0
local function walk(m)
  depth = depth + 1
  if depth > deepest then deepest = depth end
  if m > 0 then walk(m - 1) end
  depth = depth - 1
end
for i = 1, 20 do walk(i * 5) end
print(depth, deepest) --> 0	101
