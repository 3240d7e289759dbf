-- The last entry of an array becomes nil: the trace set it without a look whether there is one, and did not ask __newindex.
local function asked()
  local n, meta = 0, {}
  meta.__newindex = function(t, k, v) n = n + 1 rawset(t, k, v) end
  local t = setmetatable({ x = 1, 2, 3 }, meta)
  for i = 1, 70 do
    t[i % 3] = i
    if i % 2 == 0 then t[2] = nil end
  end
  return n
end
local bad
for r = 1, 300 do
  if asked() ~= 35 then bad = bad or r end
end
print(bad) --> nil
