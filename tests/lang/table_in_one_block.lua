-- Constructors whose values lie in the table's own block: parts that grow, shrink, turn into a hash, and what the collector
-- and traces make of them.
local function check(t, n, m)
  assert(#t == n)
  for i = 1, n do assert(t[i] == i) end
  local seen = 0
  for k, v in pairs(t) do
    if type(k) == "string" then assert(v == k); seen = seen + 1 end
  end
  assert(seen == m)
end

local kept = {}
for r = 1, 300 do
  local t = {1, 2, 3, a = "a", b = "b"}
  check(t, 3, 2)
  for i = 4, 20 do t[i] = i end -- the array moves out, the fields stay
  check(t, 20, 2)
  for _, k in ipairs {"c", "d", "e", "f", "g", "h"} do t[k] = k end -- the fields move out
  check(t, 20, 8)
  for i = 20, 3, -1 do t[i] = nil end
  t.b = nil
  check(t, 2, 7)
  for i = 1, 40 do local k = "k" .. i; t[k] = k end -- a dictionary
  check(t, 2, 47)
  kept[r % 20 + 1] = t

  local u = {x = "x", y = "y"}
  u[1] = 1; u[2] = 2
  check(u, 2, 2)
  u.z = "z"
  check(u, 2, 3)
  for i = 1, 40 do local k = "j" .. i; u[k] = k end -- a dictionary, straight from the block
  check(u, 2, 43)

  local sparse = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16} -- too sparse: the array shrinks within the block
  for i = 2, 16 do sparse[i] = nil end
  for i = 1000, 1010 do sparse[i] = i end
  sparse[17] = 17
  assert(sparse[1] == 1 and sparse[17] == 17 and sparse[1005] == 1005 and sparse[2] == nil)
  for i = 2, 40 do sparse[i] = i end
  check(sparse, 40, 0)
  if r % 50 == 0 then collectgarbage() end
end
for _, t in ipairs(kept) do check(t, 2, 47) end

-- the largest that fits and the smallest that does not
local function with(n, m)
  local parts = {}
  for i = 1, n do parts[#parts + 1] = tostring(i) end
  for i = 1, m do parts[#parts + 1] = ("f%d = 'f%d'"):format(i, i) end
  return load("return {" .. table.concat(parts, ",") .. "}")
end
for n = 0, 30 do
  for m = 0, 30, 3 do
    local t = with(n, m)()
    check(t, n, m)
    t[n + 1] = n + 1
    t.more = "more"
    check(t, n + 1, m + 1)
  end
end

-- weak tables lose what lies in the block
local w = setmetatable({{}, {}, x = {}, y = "y"}, {__mode = "v"})
collectgarbage()
assert(w[1] == nil and w[2] == nil and w.x == nil and w.y == "y")
-- and so does what is counted: no block is counted twice or forgotten
collectgarbage() collectgarbage()
local before = collectgarbage("count")
for i = 1, 2000 do local t = {1, 2, a = 1}; t[3] = 3; t.b = 2; t[i + 10] = 1 end
collectgarbage() collectgarbage()
assert(math.abs(collectgarbage("count") - before) < 16)
print "ok" --> ok
