-- Numerical for with floats: counts, directions, steps that do not add up, infinities, and values seen by the body.
local function count(a, b, c)
  local n, last = 0, nil
  for x = a, b, c do
    n = n + 1
    last = x
    if n >= 2000 then break end
  end
  return n, last
end

local cases = {
  { 1.0, 10, 1 }, { 1, 10.0, 1 }, { 1, 3, 0.5 }, { 0.0, 1.0, 0.1 }, { 1.0, 0.0, -0.25 }, { 10.0, 1.0, 1 }, { 0.0, math.huge, 1 },
  { 1, 0, 0.5 }, { 0.0, -math.huge, -3 }, { 2.0^53, 2.0^53 + 10, 1 }, { 1.5, 1.5, 1 }, { 0.0, 0/0, 1 }, { -1.0, 1.0, math.huge },
}
local out = {}
for round = 1, 3 do
  for i, c in ipairs(cases) do
    local n, last = count(c[1], c[2], c[3])
    out[i] = n .. " " .. tostring(last)
  end
end
for i = 1, #out do print(i, out[i]) end
--> 1	10 10.0
--> 2	10 10
--> 3	5 3.0
--> 4	11 1.0
--> 5	5 0.0
--> 6	0 nil
--> 7	2000 1999.0
--> 8	0 nil
--> 9	2000 -5997.0
--> 10	2000 9.007199254741e+15
--> 11	1 1.5
--> 12	1 0.0
--> 13	1 -1.0

-- start and step decide: both integers make an integer loop even with a float limit
for i = 1, 2.9 do io.write(math.type(i), " ", i, " ") end
for i = 1.0, 2 do io.write(math.type(i), " ", i, " ") end
for i = 1, 2, 1.0 do io.write(math.type(i), " ", i, " ") end
print() --> integer 1 integer 2 float 1 float 2 float 1 float 2 

-- the control variable is a copy
local s = 0.0
for x = 0.5, 400 do
  s = s + x
  x = x * 100
end
print(s) --> 80000.0
-- accumulated error is that of repeated addition
local last
for x = 0, 300, 0.1 do last = x end
print(("%.17g"):format(last)) --> 299.99999999999972
-- zero-trip float loops in a hot outer loop
local trips = 0
for i = 1, 400 do
  for x = i + 0.0, 200, 50 do trips = trips + 1 end
end
print(trips) --> 500
print(pcall(function() for i = 1.0, 2, 0 do end end)) --> false	for_float.lua:61: 'for' step is zero
print(pcall(function() for i = 1, 2, 0.0 do end end)) --> false	for_float.lua:62: 'for' step is zero
print(pcall(function() for i = "1", 2 do end end)) --> true
print(pcall(function() for i = 1, {} do end end)) --> false	for_float.lua:64: bad 'for' limit (number expected, got table)
print(pcall(function() for i = 1, 2, "x" do end end)) --> false	for_float.lua:65: bad 'for' step (number expected, got string)
