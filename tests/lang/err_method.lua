-- A method that does not exist.
--! err_method.lua:9: attempt to call a nil value (method 'nope')
local C = {}
C.__index = C
function C:ok() return 1 end
local o = setmetatable({}, C)
local s = 0
for i = 1, 500 do s = s + o:ok() end
o:nope()
