-- Concatenation of a field that is a table.
--! err_concat.lua:6: attempt to concatenate a table value (field '?')
local names = {}
for i = 1, 300 do names[i] = i < 250 and "n" .. i or {} end
local s = ""
for i = 1, 300 do s = s .. names[i] end
