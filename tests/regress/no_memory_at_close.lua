-- The constant of a trace's stack guard is made last of all; when there was no memory left for it, the trace was compiled
-- all the same. Every request of a recording and its compilation fails once here.
local known, js = pcall(require, "jitstat")
local chunk = [[
  local s = 0
  for i = 1, 40 do
    local p = { x = i, y = i * 2 }
    local q = { p.y, p.x, sub = { p.x + 1 } }
    s = s + q[1] - q[2] + q.sub[1]
  end
  return s]]
local bad
for n = 1, 600 do
  if known then js.set_param("threshold=2,torture_alloc=" .. n) end
  if load(chunk)() ~= 1680 then bad = bad or n end
end
if known then js.set_param("torture_alloc=0") end
print(bad) --> nil
