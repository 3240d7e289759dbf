-- Precedence and associativity of all operators, and short-circuit evaluation with values.
print(2 + 3 * 4 ^ 2 / 2, 2 ^ 3 ^ 2, -2 ^ 2, not nil == true, 1 .. 2 .. 3, 2 * 3 % 4) --> 26.0	512.0	-4.0	true	123	2
print(1 + 2 < 4, "a" .. "b" == "ab", not 1 == 2, -3 % 5, -(3 % 5), 2 ^ -1, -2 ^ -2) --> true	true	false	2	-3	0.5	-0.25
print(1 | 2 & 3, 1 | 2 ~ 3, (5 & 6) == 4, 1 << 2 + 1, ~0 & 0xff, ~5 + 1, 3 ~ 5 & 1) --> 3	1	true	8	255	-5	2
print(7 // 2 * 2, 7 % 3 * 2, 2 * 7 // 3, 1 - 2 - 3, 2 / 4 / 2, 100 // 7 // 2, 5 - -3, 5 - - -3) --> 6	2	4	-4	0.25	7	8	2
print(1 < 2 == true, 1 < 2 and 2 < 3, 1 == 1 ~= false, "10" + 1 .. "", #"abc" + 1, -#"abc", not #"", - - 4) --> true	true	true	11	4	-3	false	4
print(nil and 1, false and 1, 0 and 1, nil or 1, false or nil, 1 or error("never"), nil and error("never")) --> nil	false	1	1	nil	1	nil
print(1 and 2 or 3, nil and 2 or 3, 1 and nil or 3, false or false and 1, 1 or 2 and 3, (1 or 2) and 3) --> 2	3	3	false	1	3
print(not not nil, not not 0, not (1 > 2), 1 > 2 or 3 > 2 and 4 > 3, "x" < "y" and "yes" or "no") --> false	true	true	true	yes
local t = { f = function(self, x) return x or "none" end, 10, 20, k = { 5 } }
print(t.f { 1 } == "none", t:f "s", #t.k + t[1], -t[1] ^ 2, t.k[1] * 2 .. "", t["k"][#t.k]) --> true	s	11	-100.0	10	5
print(("x"):rep(2) .. "y", #("ab" .. "cd"), (2 + 3) * 4, -(-2) ^ 2, 2 ^ (1 / 2) == 2 ^ 0.5) --> xxy	4	20	-4.0	true
-- all of it again with values from tables, in a hot loop; literals against variables
local v = { 2, 3, 4, 5, 6, 7 }
local wrong = 0
for i = 1, 400 do
  local a, b, c, d, e, f = v[1], v[2], v[3], v[4], v[5], v[6]
  if a + b * c ^ a / a ~= 2 + 3 * 4 ^ 2 / 2 then wrong = wrong + 1 end
  if a ^ b ^ a ~= 512 then wrong = wrong + 1 end
  if -a ^ a ~= -4 then wrong = wrong + 1 end
  if (d & e) ~= 4 or (d & e | a) ~= 6 then wrong = wrong + 1 end
  if (1 << a + 1) ~= 8 then wrong = wrong + 1 end
  if f // a * a ~= 6 or a * f // b ~= 4 then wrong = wrong + 1 end
  if a - b - c ~= -5 or c / a / a ~= 1 then wrong = wrong + 1 end
  if a .. b .. c ~= "234" then wrong = wrong + 1 end
  if (a < b) ~= true or not (a < b and b < c) then wrong = wrong + 1 end
  if (a > b or b > a and c > b) ~= true then wrong = wrong + 1 end
  if (~a & 0xff) ~= 253 or (b ~ d & 1) ~= 2 then wrong = wrong + 1 end
end
print(wrong) --> 0
-- and/or as values: the last operand evaluated is the result
local seen = {}
local function ev(x) seen[#seen + 1] = tostring(x); return x end
local results = {}
for i = 1, 300 do
  seen = {}
  results = { ev(nil) and ev(1) or ev(2), ev(1) and (ev(false) or ev(3)), not ev(nil) and ev(4), (ev(5) or ev(6)) and (ev(nil) or ev(false)) }
end
print(results[1], results[2], results[3], results[4], table.concat(seen, " ")) --> 2	3	4	false	nil 2 1 false 3 nil 4 5 nil false
-- conditions in loops that change truth
local counts = { 0, 0, 0, 0 }
for i = 1, 1000 do
  local a, b, c = i % 2 == 0, i % 3 == 0 and i, i % 5 == 0 or nil
  if a and b and c then counts[1] = counts[1] + 1 end
  if a or b or c then counts[2] = counts[2] + 1 end
  if not a and (b or not c) then counts[3] = counts[3] + 1 end
  local x = a and b or c and i or 0
  counts[4] = counts[4] + (x and x or 0)
end
print(table.concat(counts, " ")) --> 33 734 433 166836
