-- The integral part is an integer where it fits; a trace had a float, which showed where only its exit read the value.
local seen = {}
for i = 1, 400 do
  local a, b = math.modf(i / 4 - 20)
  if i % 83 == 0 then seen[#seen + 1] = a; seen[#seen + 1] = b end
end
for i = 1, #seen do seen[i] = tostring(seen[i]) end
print(table.concat(seen, " ")) --> 0 0.75 21 0.5 42 0.25 63 0.0
for i = 1, 200 do
  local a, b = math.modf(i % 2 == 0 and 2.0 ^ 70 or -0.5 * i)
  if i > 197 then print(a, b) end
end
--> 1.1805916207174e+21	0.0
--> -99	-0.5
--> 1.1805916207174e+21	0.0
local zeros = 0
for i = 1, 300 do
  local a, b = math.modf(i % 3 == 0 and -0.0 or 0.0)
  if 1 / b == 1 / 0 and math.type(a) == "integer" then zeros = zeros + 1 end
end
print(zeros) --> 300
