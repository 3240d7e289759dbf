-- Shifts are logical, by any distance, in both directions.
local v = 0x8000000000000001
local left, right = {}, {}
for round = 1, 10 do
  for n = -70, 70 do
    left[n], right[n] = v << n, v >> n
  end
end
for _, n in ipairs { -70, -64, -63, -33, -1, 0, 1, 31, 32, 62, 63, 64, 65, 70 } do print(n, ("%016x %016x"):format(left[n], right[n])) end
--> -70	0000000000000000 0000000000000000
--> -64	0000000000000000 0000000000000000
--> -63	0000000000000001 8000000000000000
--> -33	0000000040000000 0000000200000000
--> -1	4000000000000000 0000000000000002
--> 0	8000000000000001 8000000000000001
--> 1	0000000000000002 4000000000000000
--> 31	0000000080000000 0000000100000000
--> 32	0000000100000000 0000000080000000
--> 62	4000000000000000 0000000000000002
--> 63	8000000000000000 0000000000000001
--> 64	0000000000000000 0000000000000000
--> 65	0000000000000000 0000000000000000
--> 70	0000000000000000 0000000000000000
print(1 << math.maxinteger, 1 << math.mininteger, -1 >> math.maxinteger, -1 >> math.mininteger, 1 >> math.mininteger) --> 0	0	0	0	0
print(-1 >> 1 == math.maxinteger, -1 >> 63, -1 << 63 == math.mininteger, 3 << 62) --> true	1	true	-4611686018427387904

-- constants on either side, and distances that grow past 63 in a hot loop
local a, b, c, d = 0, 0, 0, 0
for i = 0, 600 do
  a = a ~ (1 << i)
  b = b ~ (-1 >> i)
  c = c ~ (i << 3) ~ (i >> 2)
  d = d ~ (i << 64) ~ (i >> 70) ~ (i << -2)
end
print(a, b, c, d) --> -1	-6148914691236517206	4694	150
-- arithmetic shift by hand
local s = 0
for i = -300, 300 do
  local half = i >> 1
  if i < 0 then half = half | (1 << 63) end
  s = s + (half == i // 2 and 1 or 0)
end
print(s) --> 601
local r = 1
for i = 1, 500 do r = (r << 7 | r >> 57) ~ i end
print(r) --> 1886928801443381246
print(pcall(function() return 1 << 1.5 end)) --> false	shifts.lua:47: number has no integer representation
print(pcall(function() return 1 >> "x" end)) --> false	shifts.lua:48: attempt to perform bitwise operation on a string value (constant 'x')
print(1 << 2.0, pcall(function() return "1" << 3 end), 2^3 >> 1) --> 4	false	4
