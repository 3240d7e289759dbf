-- The position of the caller.
--! err_level2.lua:14: number expected
--! stack traceback:
--! 	[C]: in function 'error'
--! 	err_level2.lua:9: in local 'check'
--! 	err_level2.lua:14: in main chunk
--! 	[C]: in ?
local function check(x)
  if type(x) ~= "number" then error("number expected", 2) end
  return x
end
local s = 0
for i = 1, 500 do s = s + check(i) end
local r = check("x")
return r
