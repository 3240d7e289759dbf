-- A wrong argument for a library function, named as it was called.
--! err_pack_arg.lua:6: bad argument #1 to 'format' (number expected, got string)
local fmt, s = string.format, 0
for i = 1, 500 do s = s + #fmt("%d", i) end
print(s)
print(("%d"):format("not a number"))
--> 1392
