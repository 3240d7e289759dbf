-- {...} and {f()} with nil among the items: the length was another one in compiled code, which made hash entries of them.
local function two() return nil, "x" end
local function count(...)
  local t = {...}
  return #t
end
local a, b, c = 0, 0, 0
for i = 1, 300 do
  a = a + count(nil, i)
  b = b + #{two()}
  c = c + #{i, nil, two()}
end
print(a, b, c) --> 600	600	1200
-- extra arguments in a bridge: their number is the frame's, not that of the recording which the bridge leaves
local s = 0
local function sum(...)
  local x, y = ...
  local t = {...}
  for k = 1, #t do s = s + (t[k] or 0) end
  return x
end
for i = 1, 400 do
  if i % 3 == 0 then sum(1) elseif i % 3 == 1 then sum(1, 2, 3) else sum(i, 1, 1, 1) end
end
print(s) --> 27936
