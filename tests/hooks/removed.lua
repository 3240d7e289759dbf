-- Objects that only exits need are not made: the counters say so, exits and bridges rebuild them, the collector still gets
-- its turn, and finalizers run.
local js = require "jitstat"
js.set_param("threshold=10,trace_eagerness=5,function_threshold=20")
local function counters() return js.get_stats_snapshot().counters end
local Vec = {}
Vec.__index = Vec
local function vec(x, y) return setmetatable({x = x, y = y}, Vec) end
function Vec.__add(a, b) return vec(a.x + b.x, a.y + b.y) end

-- carried around the loop; at the exit it is made
local p = vec(0, 0)
for i = 1, 300 do p = p + vec(i, 1) end
print(p.x, p.y, getmetatable(p) == Vec) --> 45150	300	true
local c = counters()
print(c.NVIRTUALS > 0, c.TOTAL_COMPILED_LOOPS) --> true	1

-- a bridge begins with removed objects: nested ones, one of them twice
local kept = {}
for i = 1, 400 do
  local inner = vec(i, -i)
  local outer = {inner, inner, name = "o" .. i}
  inner.x = inner.x + 1
  if i % 4 == 0 then kept[#kept + 1] = outer end
  if i % 3 == 0 then outer[1].y = outer[2].y + 5 end
  if outer[1].y > 5 then error("no") end
end
print(#kept, kept[3][1] == kept[3][2], kept[3][1].x, kept[3][1].y, kept[3].name) --> 100	true	13	-7	o12
print(counters().TOTAL_COMPILED_BRIDGES > 0, counters().NVREUSED > 0) --> true	true

-- the object's address is needed: it stays
local before = counters().OPT_FORCINGS
local sink
for i = 1, 100 do sink = {i} kept[1] = sink end
print(sink[1], counters().OPT_FORCINGS > before) --> 100	true

-- a program that waits for a finalizer while it makes only objects that are removed
local gone = false
setmetatable({}, {__gc = function() gone = true end})
local n = 0
repeat
  local t = vec(n, n)
  n = n + t.x - t.y + 1
until gone
print(gone) --> true

-- grown while it is filled: made with room for all of it
local sum = 0
for i = 1, 200 do
  local o = {}
  o.a = i o.b = i + 1 o.c = i + 2 o.d = i + 3 o.e = i + 4
  sum = sum + o.a + o.e
  if i == 150 then kept = o end
end
print(sum, kept.a, kept.b, kept.c, kept.d, kept.e) --> 41000	150	151	152	153	154
