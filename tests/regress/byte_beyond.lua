-- string.byte of a position behind the end was recorded; a position counted from the end is another matter.
require "jitstat".set_param("default,threshold=3,trace_eagerness=1,max_bridges=1000")
local none = load [[
local none = 0
for round = 1, 20 do
  local t = {}
  for x = 1, 130 do
    local s = ("%d:"):format(x)
    t[#t + 1] = s:byte(x % 7 - 3) or "z"
  end
  for i = 1, #t do none = none + (t[i] == "z" and 1 or 0) end
end
return none]]
print(none()) --> 420
