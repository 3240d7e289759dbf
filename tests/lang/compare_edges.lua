-- Comparisons between integers and floats are exact, also where a float cannot tell two integers apart.
local max, min, inf, nan = math.maxinteger, math.mininteger, math.huge, 0/0
local two53 <const> = 1 << 53

local ints = { 0, 1, -1, two53, two53 + 1, two53 - 1, -two53, -two53 - 1, max, max - 1, min, min + 1 }
local floats = { 0.0, -0.0, 0.5, -0.5, 2^53, 2^53 + 2, -2^53, 2^63, -2^63, 2^62, inf, -inf, nan, 9007199254740993.0 }

local rows = {}
for round = 1, 20 do
  for i = 1, #ints do
    local row = {}
    for j = 1, #floats do
      local a, b = ints[i], floats[j]
      local v = 0
      if a < b then v = v + 1 end
      if a <= b then v = v + 2 end
      if a > b then v = v + 4 end
      if a >= b then v = v + 8 end
      if a == b then v = v + 16 end
      if a ~= b then v = v + 32 end
      if b < a then v = v + 64 end
      row[j] = v
    end
    rows[i] = table.concat(row, " ")
  end
end
for i = 1, #ints do print(ints[i], rows[i]) end
--> 0	26 26 35 108 35 35 108 35 108 35 35 108 32 35
--> 1	108 108 108 108 35 35 108 35 108 35 35 108 32 35
--> -1	35 35 35 35 35 35 108 35 108 35 35 108 32 35
--> 9007199254740992	108 108 108 108 26 35 108 35 108 35 35 108 32 26
--> 9007199254740993	108 108 108 108 108 35 108 35 108 35 35 108 32 108
--> 9007199254740991	108 108 108 108 35 35 108 35 108 35 35 108 32 35
--> -9007199254740992	35 35 35 35 35 35 26 35 108 35 35 108 32 35
--> -9007199254740993	35 35 35 35 35 35 35 35 108 35 35 108 32 35
--> 9223372036854775807	108 108 108 108 108 108 108 35 108 108 35 108 32 108
--> 9223372036854775806	108 108 108 108 108 108 108 35 108 108 35 108 32 108
--> -9223372036854775808	35 35 35 35 35 35 35 35 26 35 35 108 32 35
--> -9223372036854775807	35 35 35 35 35 35 35 35 108 35 35 108 32 35

print(max + 0.0 == max, max < max + 0.0, min + 0.0 == min, two53 + 1 == two53 + 1.0) --> false	true	true	false
print(0.0 == -0.0, 0 == -0.0, 1/0.0 == 1/-0.0, nan == nan, nan ~= nan, nan < nan, nan >= nan) --> true	true	false	false	true	false	false
print(1 == 1.0, "1" == 1, 0x10 == 16.0, inf == inf, -inf < min, inf > max) --> true	false	true	true	true	true

-- a counter crosses 2^53 while compared with a float
local equal, less = 0, 0
local limit = 2.0^53
for i = two53 - 200, two53 + 200 do
  if i == limit then equal = equal + 1 end
  if i < limit then less = less + 1 end
end
print(equal, less) --> 1	200
-- nan must never be taken for "not greater" when a branch is turned around
local yes, no = 0, 0
local values = { 1.5, nan, -1.5, nan, 0.0 }
for i = 1, 500 do
  local v = values[i % 5 + 1]
  if v < 1 then yes = yes + 1 else no = no + 1 end
  if not (v >= 1) then yes = yes + 100 else no = no + 100 end
  if not (v < 1) then yes = yes + 10000 end
end
print(yes, no) --> 3040200	10300
-- strings compare by bytes, also with embedded zeros
local order = { "", "\0", "\0a", "a", "a\0", "a\0b", "aa", "b", "\200" }
local wrong = 0
for round = 1, 30 do
  for i = 1, #order do
    for j = 1, #order do
      if (order[i] < order[j]) ~= (i < j) or (order[i] <= order[j]) ~= (i <= j) or (order[i] == order[j]) ~= (i == j) then
        wrong = wrong + 1
      end
    end
  end
end
print(wrong) --> 0
print(pcall(function() return 1 < "2" end)) --> false	compare_edges.lua:76: attempt to compare number with string
print(pcall(function() return {} < {} end)) --> false	compare_edges.lua:77: attempt to compare two table values
print(pcall(function() return nil > 1 end)) --> false	compare_edges.lua:78: attempt to compare number with nil
print(pcall(function() return "a" <= 1 end)) --> false	compare_edges.lua:79: attempt to compare string with number
