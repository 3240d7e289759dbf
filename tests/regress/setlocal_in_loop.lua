-- debug.setlocal on a register of a compiled loop was undone when the loop was left
local function poke(level) local _, v = debug.getlocal(level, 2) debug.setlocal(level, 2, v + 1000) end
local function loop(n)
  local s = 0
  for k = 1, n do
    s = s + 1
    if k % 100 == 0 then poke(2) end
  end
  return s
end
print(loop(500), loop(1000)) --> 5500	11000
local function one() local n, v = 0, 1 for i = 1, 2000 do n = n + v if i == 1999 then debug.setlocal(1, 2, "2") end end return n, v end
print(one()) --> 2001	2
