-- An error in a finalizer at the end is a warning that is off by default: the status is 0.
--= 0
x = setmetatable({}, { __gc = function() print("finalizer runs"); error("in finalizer") end })
print("end of main")
--> end of main
--> finalizer runs
