-- A value that cannot be closed.
--! err_close_value.lua:3: variable 'x' got a non-closable value
local x <close> = 42
