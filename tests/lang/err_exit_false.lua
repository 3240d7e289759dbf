-- os.exit(false, true): failure, and the state is closed.
--= 1
x = setmetatable({}, { __gc = function() print("closed") end })
print("leaving")
os.exit(false, true)
--> leaving
--> closed
