-- Errors that are caught, wrapped and raised again many times before one goes out.
--! wrapped: wrapped: wrapped: innermost
local function try(f, ...) local ok, e = pcall(f, ...); if not ok then error("wrapped: " .. e, 0) end return e end
local n = 0
for i = 1, 500 do n = n + (pcall(try, error, "x") and 1 or 2) end
print(n)
try(try, try, error, "innermost")
--> 1000
