-- The Lua stack is reallocated while compiled code runs: open upvalues, varargs, coroutines, deep calls, many results.
local function deep(n, f) if n == 0 then return f() end local a, b, c = n, n + 1, n + 2; local r = deep(n - 1, f); return r + a - b + c - n end
local x = 0
local s = 0
for i = 1, 60 do s = s + deep(i * 30, function() x = x + 1; return x end) end
print(x, s) --> 60	56730
-- upvalues that are open on frames far below
local function nest(n, get, set)
  if n == 0 then set(get() + 1); return get() end
  local mine = n
  local r = nest(n - 1, function() return mine end, function(v) mine = v end)
  set(get() + mine)
  return r + mine
end
local top, r = 0, 0
for i = 1, 100 do r = r + nest(i * 3, function() return top end, function(v) top = v end) end
print(top, r) --> 1530250	116304225
-- many arguments and results
local function wide(n) if n == 0 then return end return n, wide(n - 1) end
local w = 0
for i = 1, 200 do w = w + select("#", wide(i)) + (select(i, wide(i))) end
print(w) --> 20300
local function sum(...) local t = 0; for i = 1, select("#", ...) do t = t + (select(i, ...)) end return t end
local t = {}
for i = 1, 200 do t[i] = i end
local z = 0
for i = 1, 200, 5 do z = z + sum(table.unpack(t, 1, i)) end
print(z, select("#", table.unpack(t, 1, 5000)), select("#", table.unpack({}, 1, 100000))) --> 262640	5000	100000
print(#{ table.unpack({}, 1, 50000) }, pcall(table.unpack, {}, 1, 10000000)) --> 0	false	too many results to unpack
-- inside coroutines, whose stacks start small
local c = 0
for i = 1, 100 do
  local co = coroutine.wrap(function(n)
    local v = deep(n, function() return coroutine.yield(n) end)
    return v
  end)
  c = c + co(i * 5)
  c = c + co(i)
end
print(c) --> 55550
-- a hot loop that calls deeper each time
local d = 0
local function down(n) if n == 0 then return 0 end return 1 + down(n - 1) end
for i = 1, 400 do d = d + down(i * 5) end
print(d) --> 401000
-- and collections at the bottom, with everything above still alive
local function tower(n, list)
  local mine = { n, tostring(n) }
  if n == 0 then collectgarbage(); return 0 end
  local v = tower(n - 1, list)
  return v + mine[1] + #mine[2]
end
local tw = 0
for i = 1, 20 do tw = tw + tower(i * 20) end
print(tw) --> 586736
-- string.rep'd code with deep expressions at run time
local e = load("local f, n = ... local s = 0 for i = 1, n do s = s + " .. ("f("):rep(60) .. "i" .. (")"):rep(60) .. " end return s")
print(e(function(v) return v + 1 end, 300)) --> 63150
-- an overflow in the middle of a hot loop, caught, and on
local function forever(n) return forever(n + 1) + 1 end
local caught, sums = 0, 0
for i = 1, 600 do
  sums = sums + down(i % 40)
  if i % 200 == 0 then
    local ok, m = pcall(forever, 1)
    if not ok and m:find("stack overflow", 1, true) then caught = caught + 1 end
  end
end
print(caught, sums) --> 3	11700
-- errors through a thousand frames restore everything
local state = { depth = 0 }
local function thrower(n) state.depth = state.depth + 1; if n == 0 then error("bottom", 0) end thrower(n - 1); state.depth = state.depth - 1 end
local total = 0
for i = 1, 50 do
  state.depth = 0
  local ok, m = pcall(thrower, i * 20)
  total = total + state.depth
end
print(total) --> 25550
