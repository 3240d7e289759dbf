-- An unfinished string.
--! err_string_token.lua:4: unfinished string near '"abc'
print("not reached")
local s = "abc
