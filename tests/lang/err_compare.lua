-- A comparison of a number with nil, deep in calls.
--! err_compare.lua:5: attempt to compare number with nil
local limits = {}
for i = 1, 499 do limits[i] = i end
local function within(i, x) return x <= limits[i] end
local n = 0
for i = 1, 600 do
  if within(i, i - 1) then n = n + 1 end
end
