-- To-be-closed variables are closed on the way out, and their error replaces the first one.
--! from b
local a <close> = setmetatable({}, { __close = function(_, e) print("closing a", e) end })
local b <close> = setmetatable({}, { __close = function(_, e) print("closing b", e); error("from b", 0) end })
for i = 1, 400 do if i == 300 then error("first", 0) end end
--> closing b	first
--> stack traceback:
--> 	[C]: in function 'error'
--> 	err_close.lua:5: in main chunk
--> 	[C]: in ?
--> closing a	from b
--> stack traceback:
--> 	[C]: in function 'error'
--> 	err_close.lua:4: in function <err_close.lua:4>
--> 	[C]: in ?
