-- The error happens inside a compiled loop, in a function it calls; the traceback has every frame.
--! err_hot_loop.lua:8: attempt to index a nil value (local 'x')
--! stack traceback:
--! 	err_hot_loop.lua:8: in upvalue 'inner'
--! 	err_hot_loop.lua:9: in local 'outer'
--! 	err_hot_loop.lua:12: in main chunk
--! 	[C]: in ?
local function inner(x) return x.value end
local function outer(list, i) local v = inner(list[i]); return v end
local list, s = {}, 0
for i = 1, 900 do list[i] = { value = i } end
for i = 1, 1000 do s = s + outer(list, i) end
print("not reached")
