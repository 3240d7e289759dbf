-- Each iteration's closure has the loop variable to itself, also when the loop that makes them and the ones that call them are compiled.
local fs = {}
for i = 1, 300 do fs[i] = function() i = i + 1; return i end end
local s = 0
for i = 1, 300 do s = s + fs[i]() + fs[i]() end
print(s) --> 91200
s = 0
for i = 1, 300 do s = s + fs[i]() end
print(s) --> 46050
