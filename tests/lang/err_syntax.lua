-- A syntax error: nothing runs.
--! err_syntax.lua:6: ')' expected (to close '(' at line 5) near 'end'
print("not reached")
for i = 1, 10 do
  print(i
end
