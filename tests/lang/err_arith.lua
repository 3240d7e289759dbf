-- An uncaught error in the main chunk after a hot loop.
--! err_arith.lua:9: attempt to perform arithmetic on a nil value (field 'missing')
--! stack traceback:
--! 	err_arith.lua:9: in main chunk
--! 	[C]: in ?
local t = { n = 1 }
for i = 1, 1000 do t.n = t.n + 1 end
print(t.n)
t.n = t.missing + 1
--> 1001
