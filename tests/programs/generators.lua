-- Generators on coroutines: permutations, pipelines of filters, a tree walked in order, values sent both ways,
-- and a round-robin of tasks that end one after the other.
local N = tonumber(arg and arg[1]) or 120
local function permgen(a, n)
  n = n or #a
  if n <= 1 then
    coroutine.yield(a)
  else
    for i = 1, n do
      a[n], a[i] = a[i], a[n]
      permgen(a, n-1)
      a[n], a[i] = a[i], a[n]
    end
  end
end

local function permutations(a)
  return coroutine.wrap(function() permgen(a) end)
end

local function range(n)
  return coroutine.wrap(function() for i = 1, n do coroutine.yield(i) end end)
end

local function filter(p, g)
  return coroutine.wrap(function()
    for x in g do
      if p(x) then coroutine.yield(x) end
    end
  end)
end

local function map(f, g)
  return coroutine.wrap(function() for x in g do coroutine.yield(f(x)) end end)
end

local function inorder(t)
  if t then
    inorder(t[1])
    coroutine.yield(t[2])
    inorder(t[3])
  end
end

local function build(lo, hi)
  if lo > hi then return nil end
  local m = (lo + hi) // 2
  return {build(lo, m-1), m, build(m+1, hi)}
end

local s = 0
for r = 1, N do
  for p in permutations{1,2,3,4,5,6} do s = s + p[1] - p[3] end
  for x in map(function(x)
    return x * x
  end, filter(function(x)
    return x % 3 == 0
  end, range(2000))) do
    s = s + x % 7
  end
  for v in coroutine.wrap(function() inorder(build(1, 1000)) end) do s = s + v end
  local prod = coroutine.create(function(a)
    for i = 1, 1000 do a = coroutine.yield(i + (a or 0)) end
    return "done"
  end)
  local v = 1
  while coroutine.status(prod) ~= "dead" do
    local ok, x = coroutine.resume(prod, v % 5)
    if type(x) == "number" then
      v = x
      s = s + x
    end
  end
  local tasks = {}
  for i = 1, 20 do
    tasks[i] = coroutine.create(function()
      local acc = 0
      for j = 1, 30 + i do
        acc = acc + j
        coroutine.yield(acc)
      end
      return -1
    end)
  end
  while #tasks > 0 do
    for i = #tasks, 1, -1 do
      local ok, x = coroutine.resume(tasks[i])
      s = s + x
      if coroutine.status(tasks[i]) == "dead" then table.remove(tasks, i) end
    end
  end
end
print(s)
