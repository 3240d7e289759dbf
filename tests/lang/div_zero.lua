-- Integer division and modulo by zero are errors, float ones are not; the error must not come early or late.
print(pcall(function() return 1 // 0 end)) --> false	div_zero.lua:2: attempt to divide by zero
print(pcall(function() return 1 % 0 end)) --> false	div_zero.lua:3: attempt to perform 'n%0'
print(1 // 0.0, -1 // 0.0, 1 / 0, -1 / 0, 0 / 0 ~= 0 / 0, 1 % 0.0 ~= 1 % 0.0, 0 // 0.0 ~= 0 // 0.0) --> inf	-inf	inf	-inf	true	true	true
-- in a hot loop, at one iteration
local function run(n, zero_at, op)
  local d, done = 1, 0
  local ok, e = pcall(function()
    for i = 1, n do
      d = i == zero_at and 0 or 3
      op(i, d)
      done = done + 1
    end
  end)
  return ok, done, e
end
print(run(1000, 777, function(a, b) return a // b end)) --> false	776	div_zero.lua:17: attempt to divide by zero
print(run(1000, 777, function(a, b) return a % b end)) --> false	776	div_zero.lua:18: attempt to perform 'n%0'
print(run(1000, 777, function(a, b) return a / b end)) --> true	1000	nil
print(run(1000, 777, function(a, b) return a // (b + 0.0) end)) --> true	1000	nil
-- the division is loop-invariant, but is only reached at the end
local function guarded(d)
  local s = 0
  for i = 1, 1000 do s = s + i if i == 1000 then s = s + 10 // d end end
  return s
end
print(guarded(5), pcall(guarded, 0)) --> 500502	false	div_zero.lua:24: attempt to divide by zero
-- the result is not used, the error comes all the same
local zero = 0
print(pcall(function() for i = 1, 500 do local unused = i // (500 - i) end end)) --> false	div_zero.lua:30: attempt to divide by zero
print(pcall(function() for i = 1, 500 do local unused = 7 % zero end return "not here" end)) --> false	div_zero.lua:31: attempt to perform 'n%0'
-- side effects before the error have happened, those after have not
local before, after = 0, 0
pcall(function()
  for i = 1, 1000 do
    before = before + 1
    local x = 100 // (600 - i)
    after = after + 1
  end
end)
print(before, after) --> 600	599
-- a zero that is sometimes a float
local infs, errors = 0, 0
for i = 1, 600 do
  local z = i % 2 == 0 and 0 or 0.0
  local ok, v = pcall(function() return 5 // z end)
  if not ok then errors = errors + 1 elseif v == math.huge then infs = infs + 1 end
end
print(infs, errors) --> 300	300
print(pcall(math.fmod, 5, 0), math.fmod(5, 0.0) ~= math.fmod(5, 0.0), math.fmod(-6, 4), math.fmod(6.5, -4)) --> false	true	-2	2.5
print(math.fmod(math.mininteger, -1), math.mininteger // -1, math.mininteger % -1) --> 0	-9223372036854775808	0
-- error objects raised by a zero division in a metamethod
local mt = setmetatable({}, { __idiv = function(a, b) return 1 // 0 end })
print(pcall(function() return mt // 1 end)) --> false	div_zero.lua:53: attempt to divide by zero
