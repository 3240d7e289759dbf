-- A trace on which __newindex was called did not ask again whether the entry was absent.
local function fill(key, t)
  local asked = 0
  setmetatable(t, { __newindex = function(u, k, v) asked = asked + 1; rawset(u, k, v) end })
  for i = 1, 300 do
    t[key] = i
    if i <= 200 then rawset(t, key, nil) end
  end
  return asked
end
print(fill("x", { x = 0 }), fill(2, { 1, 2, 3 }), fill(9, {}), fill(1.5, {}), fill("a name of more than forty bytes is not a short string", {})) --> 200	200	201	201	201
local asked = 0
local meta = { __newindex = function(u, k, v) asked = asked + 1; rawset(u, "x", v) end }
local list = {}
for i = 1, 300 do list[i] = setmetatable({ x = i, y = i }, meta) list[i].x = i > 150 and i % 3 ~= 0 and i or nil end
for i = 1, 300 do list[i].x = i end
print(asked) --> 200
