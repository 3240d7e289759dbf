-- Metatables of all kinds: a vector with every operator, sets by bitwise operators, defaults, read-only and
-- tracking proxies, chains of __index, __call, __close, __pairs and comparisons.
local N = tonumber(arg and arg[1]) or 2500
local V = {}
V.__index = V
local function vec(x, y) return setmetatable({x=x, y=y}, V) end
V.__add = function(a, b) return vec(a.x + b.x, a.y + b.y) end
V.__sub = function(a, b) return vec(a.x - b.x, a.y - b.y) end
V.__mul = function(a, b)
  if type(a) == "number" then
    return vec(a * b.x, a * b.y)
  elseif type(b) == "number" then
    return vec(a.x * b, a.y * b)
  end
  return a.x * b.x + a.y * b.y
end
V.__div = function(a, b) return vec(a.x / b, a.y / b) end
V.__idiv = function(a, b) return vec(a.x // b, a.y // b) end
V.__mod = function(a, b) return vec(a.x % b, a.y % b) end
V.__unm = function(a) return vec(-a.x, -a.y) end
V.__eq = function(a, b) return a.x == b.x and a.y == b.y end
V.__lt = function(a, b) return a.x < b.x end
V.__le = function(a, b) return a.x <= b.x end
V.__len = function(a) return a.x * a.x + a.y * a.y end
V.__concat = function(a, b) return tostring(a).."|"..tostring(b) end
V.__tostring = function(a) return "("..a.x..","..a.y..")" end
V.__call = function(a, k) return a[k] end
local Set = {}
Set.__index = Set
local function set(t)
  local s = setmetatable({}, Set)
  for _, v in ipairs(t) do s[v] = true end
  return s
end

Set.__bor = function(a, b)
  local r = set{}
  for k in pairs(a) do r[k] = true end
  for k in pairs(b) do r[k] = true end
  return r
end
Set.__band = function(a, b)
  local r = set{}
  for k in pairs(a) do
    if b[k] then r[k] = true end
  end
  return r
end
Set.__shl = function(a, v)
  a[v] = true
  return a
end
Set.__bnot = function(a) return set{} end
Set.__len = function(a)
  local n = 0
  for _ in pairs(a) do n = n + 1 end
  return n
end
local function defaults(d)
  return setmetatable({}, {__index=function(t, k)
    local v = d(k)
    rawset(t, k, v)
    return v
  end})
end

local function readonly(t)
  return setmetatable({}, {__index=t, __newindex=function(_, k)
    error("readonly "..tostring(k), 2)
  end, __len=function()
    return #t
  end, __pairs=function()
    return next, t, nil
  end})
end

local function tracked(t, log)
  return setmetatable({}, {__index=t, __newindex=function(_, k, v)
    log[#log+1] = k
    t[k] = v
  end})
end

local A = {foo=function() return 1 end}
A.__index = A
local B = setmetatable({bar=function() return 2 end}, A)
B.__index = B
local C = setmetatable({baz=function() return 3 end}, B)
C.__index = C
local s = 0
for n = 1, N do
  local a, b = vec(n, 2), vec(3, n)
  for i = 1, 20 do
    local c = a + b * i - vec(i, i) / 2
    s = s + c.x + (a * b) + #(-c) + (a == b and 1 or 0) + (a < b and 1 or 0) + (a <= b and 1 or 0)
    s = s + c("x") + (a // 2).x + (a % 3).y
    if i % 5 == 0 then s = s + #(a .. "z") + #("q" .. b) end
  end
  local u = (set{1, 2, 3} | set{3, 4, n}) & set{n, 3, 1} << 9
  s = s + #u + #~u
  local d = defaults(function(k) return k * 2 end)
  for i = 1, 30 do s = s + d[i % 10] end
  local words = defaults(function() return 0 end)
  for w in ("a b c a b a"):gmatch("%a") do words[w] = words[w] + 1 end
  s = s + words.a
  local ro = readonly{1, 2, 3, x=4}
  s = s + ro[1] + ro.x + #ro
  for k, v in pairs(ro) do s = s + v end
  if pcall(function() ro.y = 1 end) then s = s + 1000 end
  local log = {}
  local t = tracked({}, log)
  for i = 1, 20 do
    t["k"..i % 7] = i
    t.z = i
  end
  s = s + #log + t.k3
  local o = setmetatable({}, C)
  for i = 1, 30 do s = s + o.foo() + o.bar() + o.baz() end
  do
    local x <close> = setmetatable({}, {__close=function() s = s + 1 end})
    s = s + 1
  end
  local cnt = setmetatable({}, {__call=function(self, a, b)
    self.n = (self.n or 0) + a + (b or 0)
    return self.n
  end})
  for i = 1, 20 do s = s + cnt(i) + cnt(i, 2) end
end
print(string.format("%.4f", s))
