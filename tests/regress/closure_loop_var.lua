local fs = {}
for i = 1, 300 do fs[i] = function() i = i + 1; return i end end
local s = 0
for i = 1, 300 do s = s + fs[i]() + fs[i]() end
print(s)
s=0
for i = 1, 300 do s = s + fs[i]()  end
print(s)
