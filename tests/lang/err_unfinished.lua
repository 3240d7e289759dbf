-- The end of the file comes too early.
--! err_unfinished.lua:6: 'end' expected (to close 'if' at line 4) near <eof>
local function f()
  if true then
    return 1
