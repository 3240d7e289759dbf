-- A for loop whose limit is not a number.
--! err_for_init.lua:6: bad 'for' limit (number expected, got table)
local limits = { 10, 20, {} }
local s = 0
for i = 1, 3 do
  for j = 1, limits[i] do s = s + j end
end
