-- a bridge of a vararg function recorded with another number of arguments than its parent
local function collect(flag, ...)
  local n = 0
  for i = 1, 3 do n = n + i end
  if flag then return n, ... end
  return n + select("#", ...), (...)
end
local s = 0
for i = 1, 400 do
  local a, b
  if i % 4 == 0 then a, b = collect(false, i, i, i)
  elseif i % 4 == 1 then a, b = collect(true)
  elseif i % 4 == 2 then a, b = collect(true, i)
  else a, b = collect(false) end
  s = s + a + (b or 0.5)
end
print(s) --> 43000.0
local C = {}
C.__index = C
function C.new(kind, ...) local o = setmetatable({kind = kind}, C) o:init(...) return o end
function C:init(a, b, c) self.a, self.b, self.c = a, b, c end
local t = 0
for i = 1, 500 do
  local o = i % 3 == 0 and C.new("x", i, 2, 3) or i % 3 == 1 and C.new("y", i) or C.new("z")
  t = t + (o.a or 1) + (o.b or 10) + (o.c or 100)
end
print(t) --> 121070
