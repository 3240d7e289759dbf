-- An error in a comparator called by the library.
--! err_sort.lua:6: cannot compare 150
local t = {}
for i = 1, 300 do t[i] = (i * 7919) % 301 end
table.sort(t, function(a, b)
  if a == 150 then error("cannot compare 150") end
  return a < b
end)
