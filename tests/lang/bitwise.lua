-- Bitwise operators on integers, on floats with integral values, and the errors for everything else.
local a, b = 0xF0F0F0F0F0F0F0F0, 0x123456789ABCDEF0
print(a & b, a | b, a ~ b, ~a, ~b) --> 1166520747883024624	-939854872990384400	-2106375620873409024	1085102592571150095	-1311768467463790321
print(("%x %x %x"):format(a & b, a | b, a ~ b)) --> 1030507090b0d0f0 f2f4f6f8fafcfef0 e2c4a6886a4c2e00

local x, mix = 0, 0
for i = 1, 500 do
  x = x ~ (i << (i % 64)) ~ (i >> 1) | (i & 0xff)
  x = ~x & 0xffffffffffff
  mix = mix * 31 + x
end
print(x, mix) --> 1	8036926384077383307

-- floats with integral values are converted, the result is an integer
local y = 0
for i = 1, 300 do
  local f = i + 0.0
  y = y + ((f & 7) | (f ~ 3)) + (~f)
end
print(y, math.type(y), 2^53 | 0, 1e15 & -1, -0.0 | 0, 3.0 << 1) --> 150	integer	9007199254740992	1000000000000000	0	6

-- strings are not converted, not even numerals
local refused = 0
for i = 1, 300 do
  if not pcall(function() return i & "12" end) then refused = refused + 1 end
  if not pcall(function() return "0x10" | i end) then refused = refused + 1 end
end
print(refused, pcall(function() return "10" | 0 end)) --> 600	false	bitwise.lua:28: attempt to perform bitwise operation on a string value (constant '10')

local bad = { 1.5, 2^63, -2^64, 1e100, 0/0, math.huge, "1.5", "abc", {}, true }
local seen = {}
for round = 1, 30 do
  for i = 1, #bad do
    local ok, message = pcall(function(v) return v & 1 end, bad[i])
    seen[i] = tostring(ok) .. " " .. message
  end
end
for i = 1, #bad do print(seen[i]) end
--> false bitwise.lua:34: number (local 'v') has no integer representation
--> false bitwise.lua:34: number (local 'v') has no integer representation
--> false bitwise.lua:34: number (local 'v') has no integer representation
--> false bitwise.lua:34: number (local 'v') has no integer representation
--> false bitwise.lua:34: number (local 'v') has no integer representation
--> false bitwise.lua:34: number (local 'v') has no integer representation
--> false bitwise.lua:34: attempt to perform bitwise operation on a string value (local 'v')
--> false bitwise.lua:34: attempt to perform bitwise operation on a string value (local 'v')
--> false bitwise.lua:34: attempt to perform bitwise operation on a table value (local 'v')
--> false bitwise.lua:34: attempt to perform bitwise operation on a boolean value (local 'v')
print(pcall(function() local t = {}; return 1 | t end)) --> false	bitwise.lua:49: attempt to perform bitwise operation on a table value (local 't')
print(pcall(function() local t = { f = 1.5 }; return t.f ~ 1 end)) --> false	bitwise.lua:50: number (field 'f') has no integer representation
print(pcall(function() return ~nil end)) --> false	bitwise.lua:51: attempt to perform bitwise operation on a nil value

-- a float that stops being integral in a hot loop
local f, steps = 0.0, 0
local ok, message = pcall(function()
  for i = 1, 1000 do
    steps = steps + (f & 1)
    f = f + (i < 800 and 1 or 0.5)
  end
end)
print(ok, message, steps) --> false	bitwise.lua:57: number (upvalue 'f') has no integer representation	400

-- population count and bit reversal
local function pop(v)
  local n = 0
  while v ~= 0 do
    v = v & (v - 1)
    n = n + 1
  end
  return n
end
local total = 0
for i = 0, 300 do total = total + pop(i) + pop(-i) + pop(i << 40) end
print(total, pop(-1), pop(math.mininteger)) --> 20388	64	1
