-- Integer division by zero in a hot loop.
--! err_divide.lua:4: attempt to divide by zero
local s = 0
for i = -500, 500 do s = s + 1000 // i end -- one line: the distribution reports the line of an earlier instruction
