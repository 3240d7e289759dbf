-- A place that meets more shapes than bridges are worth gets one that does for all: compiled code is hardly left.
local js = require "jitstat"
js.set_param("default")
local list, classes = {}, {}
for i = 1, 40 do
  local o = {}
  for j = 1, i do o["f" .. i .. "_" .. j] = j end
  o.x, o.y = i, 0
  local C = setmetatable({}, { __index = { get = function(self) return self.x end } })
  C.__index = C
  list[i] = setmetatable(o, C)
end
local sum, n = 0, 0
for _ = 1, 2000 do
  for i = 1, #list do
    local o = list[i]
    o.y = o.y + o:get()
    sum = sum + o.x
  end
end
for _ = 1, 200 do
  for i = 1, #list do for k, v in pairs(list[i]) do n = n + 1 end end
end
local copied = 0
for i = 1, 3000 do
  local t = {}
  for j = 1, i % 50 do t[j] = j end
  local u = { table.unpack(t) }
  copied = copied + #u
end
local s = js.get_stats_snapshot()
assert(s.guard_exits < 40000, "left too often: " .. s.guard_exits)
print(sum, n, copied) --> 1640000	180000	73500
