-- An error inside a coroutine, through wrap: the position is added once for a string.
--! err_coroutine.lua:14: err_coroutine.lua:10: inside
--! stack traceback:
--! 	[C]: in local 'co'
local co = coroutine.wrap(function()
  local s = 0
  for i = 1, 1000 do
    s = s + i
    if i == 600 then coroutine.yield(s) end
    if i == 700 then error("inside") end
  end
end)
print(co())
print(co())
--> 180300
