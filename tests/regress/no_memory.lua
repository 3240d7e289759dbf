-- Every request for memory of a recording and its compilation fails once. Constants that got none were used all the same: that
-- of the stack guard, the last one that is made, that of a gmatch iterator's program, and that of a metatable with many keys.
local known, js = pcall(require, "jitstat")
local meta, objects = { __len = function() return 7 end }, {}
for i = 1, 300 do meta["k" .. i] = i end
for i = 1, 40 do objects[i] = setmetatable({}, meta) end
local chunks = {
  [[local s = 0
  for i = 1, 40 do
    local p = { x = i, y = i * 2 }
    local q = { p.y, p.x, sub = { p.x + 1 } }
    s = s + q[1] - q[2] + q.sub[1]
  end
  return s == 1680]],
  [[local s = 0
  for i = 1, 10 do
    for k, v in string.gmatch("a=1, b=2, c=3, d=4", "(%w+)=(%w+)") do s = s + v * #k end
  end
  return s == 100]],
}
-- the room for constants grows when there are so many before the metatable
for before = 4, 30 do
  local more = {}
  for i = 1, before do more[i] = "s = s + (i ~ " .. i * 1000003 .. ") * 0" end
  chunks[#chunks + 1] = "local s, objects = 0, ... for i = 1, 40 do " .. table.concat(more, " ") .. " s = s + #objects[i] end return s == 280"
end
for c, chunk in ipairs(chunks) do
  local bad
  for n = 1, c > 2 and 120 or 400 do
    local f = load(chunk)
    if known then js.set_param("threshold=2,torture_alloc=" .. n) end
    if not f(objects) then bad = bad or n end
  end
  if known then js.set_param("torture_alloc=0") end
  if bad or c <= 2 then print(c, bad) end
end
--> 1	nil
--> 2	nil
