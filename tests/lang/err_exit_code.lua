-- os.exit with a status, out of a hot loop in a function; finalizers do not run without the close argument.
--= 3
x = setmetatable({}, { __gc = function() print("never") end })
local function f() for i = 1, 1000 do if i == 900 then os.exit(3) end end end
print("leaving")
f()
--> leaving
