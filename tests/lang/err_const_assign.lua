-- Assignment to a constant.
--! err_const_assign.lua:4: attempt to assign to const variable 'limit'
local limit <const> = 10
limit = 11
