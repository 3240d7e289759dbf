-- assert without a message, in a hot loop.
--! err_assert_false.lua:3: assertion failed!
for i = 1, 1000 do assert(i < 777) end
