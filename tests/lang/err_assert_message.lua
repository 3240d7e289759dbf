-- assert with a message, in a hot loop.
--! err_assert_message.lua:3: too large
for i = 1, 1000 do assert(i < 777, "too large") end
