-- Big integers with operators by metamethods: schoolbook and Karatsuba products, long division (Knuth's algorithm D),
-- powers, modular powers and primality, decimal input and output; factorials, Fibonacci numbers and digits of pi.
local N = tonumber(arg and arg[1]) or 550

-- little-endian limbs in base 10^7 (products and carries stay far below 2^63), sign in the field neg
local BASE <const>, WIDTH <const> = 10000000, 7
local KARATSUBA <const> = 40

local Big = {}
Big.__index = Big

local function wrap(limbs, neg)
  local n = #limbs
  while n > 0 and limbs[n] == 0 do
    limbs[n] = nil
    n = n - 1
  end
  limbs.neg = neg and n > 0 or false
  return setmetatable(limbs, Big)
end

local function big(v)
  if getmetatable(v) == Big then return v end
  local limbs = {}
  if math.type(v) == "integer" then
    local neg = v < 0
    while v ~= 0 do
      local limb = math.fmod(v, BASE) -- towards zero, so that the most negative integer works too
      limbs[#limbs + 1] = neg and -limb or limb
      v = (v - limb) // BASE
    end
    return wrap(limbs, neg)
  end
  local sign, digits = tostring(v):match("^([+-]?)(%d+)$")
  if not digits then error("not an integer: " .. tostring(v), 2) end
  for i = #digits, 1, -WIDTH do
    limbs[#limbs + 1] = math.tointeger(tonumber(digits:sub(math.max(1, i - WIDTH + 1), i)))
  end
  return wrap(limbs, sign == "-")
end

local function compare_abs(a, b)
  if #a ~= #b then return #a < #b and -1 or 1 end
  for i = #a, 1, -1 do
    if a[i] ~= b[i] then return a[i] < b[i] and -1 or 1 end
  end
  return 0
end

local function compare(a, b)
  if a.neg ~= b.neg then return a.neg and -1 or 1 end
  local c = compare_abs(a, b)
  return a.neg and -c or c
end

local function add_abs(a, b)
  local out, carry = {}, 0
  for i = 1, math.max(#a, #b) do
    local s = (a[i] or 0) + (b[i] or 0) + carry
    if s >= BASE then out[i], carry = s - BASE, 1 else out[i], carry = s, 0 end
  end
  if carry > 0 then out[#out + 1] = carry end
  return out
end

local function sub_abs(a, b) -- |a| >= |b|
  local out, borrow = {}, 0
  for i = 1, #a do
    local s = a[i] - (b[i] or 0) - borrow
    if s < 0 then out[i], borrow = s + BASE, 1 else out[i], borrow = s, 0 end
  end
  return out
end

local function signed_add(a, b, b_neg)
  if a.neg == b_neg then return wrap(add_abs(a, b), a.neg) end
  local c = compare_abs(a, b)
  if c == 0 then return wrap({}, false) end
  if c > 0 then return wrap(sub_abs(a, b), a.neg) end
  return wrap(sub_abs(b, a), b_neg)
end

local function school(a, b)
  local out, na, nb = {}, #a, #b
  for i = 1, na + nb do out[i] = 0 end
  for i = 1, na do
    local x, carry = a[i], 0
    if x ~= 0 then
      for j = 1, nb do
        local v = out[i + j - 1] + x * b[j] + carry
        carry = v // BASE
        out[i + j - 1] = v - carry * BASE
      end
      out[i + nb] = carry
    end
  end
  return wrap(out)
end

local function split(a, at)
  local low, high = {}, {}
  for i = 1, math.min(at, #a) do low[i] = a[i] end
  for i = at + 1, #a do high[i - at] = a[i] end
  return wrap(low), wrap(high)
end

local function shifted(a, limbs)
  local out = {}
  if #a == 0 then return wrap(out) end
  for i = 1, limbs do out[i] = 0 end
  for i = 1, #a do out[limbs + i] = a[i] end
  return wrap(out)
end

local function product(a, b)
  if #a < KARATSUBA or #b < KARATSUBA then return school(a, b) end
  local at = math.max(#a, #b) // 2
  local a0, a1 = split(a, at)
  local b0, b1 = split(b, at)
  local low, high = product(a0, b0), product(a1, b1)
  local middle = product(a0 + a1, b0 + b1) - low - high
  return shifted(high, 2 * at) + shifted(middle, at) + low
end

local function divide_small(a, d)
  local out, rest = {}, 0
  for i = #a, 1, -1 do
    local v = rest * BASE + a[i]
    out[i] = v // d
    rest = v - out[i] * d
  end
  return wrap(out), rest
end

local function divide_abs(a, b)
  if #b == 0 then error("division by zero", 3) end
  if compare_abs(a, b) < 0 then return wrap({}), a end
  if #b == 1 then
    local q, r = divide_small(a, b[1])
    return q, big(r)
  end
  local scale = BASE // (b[#b] + 1)
  local u, v = school(a, { scale }), school(b, { scale })
  local n = #v
  local m = #u - n
  u[#u + 1] = 0
  local top, second, quotient = v[n], v[n - 1], {}
  for j = m, 0, -1 do
    local head = u[j + n + 1] or 0
    local v2 = head * BASE + u[j + n]
    local q = v2 // top
    local r = v2 - q * top
    while q >= BASE or q * second > r * BASE + u[j + n - 1] do
      q = q - 1
      r = r + top
      if r >= BASE then break end
    end
    local borrow = 0
    for i = 1, n do
      local s = u[i + j] - q * v[i] - borrow
      borrow = -(s // BASE)
      u[i + j] = s + borrow * BASE
    end
    local s = head - borrow
    if s < 0 then -- one too many: add back
      q = q - 1
      local carry = 0
      for i = 1, n do
        local t = u[i + j] + v[i] + carry
        if t >= BASE then u[i + j], carry = t - BASE, 1 else u[i + j], carry = t, 0 end
      end
      s = s + carry
    end
    u[j + n + 1] = s
    quotient[j + 1] = q
  end
  return wrap(quotient), (divide_small(wrap(u), scale))
end

-- floored, as Lua's own // and %
local function divide(a, b)
  local q, r = divide_abs(a, b)
  q, r = wrap({ table.unpack(q) }, a.neg ~= b.neg), wrap({ table.unpack(r) }, a.neg)
  if #r > 0 and a.neg ~= b.neg then q, r = q - 1, r + b end
  return q, r
end

Big.__add = function(a, b) a, b = big(a), big(b); return signed_add(a, b, b.neg) end
Big.__sub = function(a, b) a, b = big(a), big(b); return signed_add(a, b, not b.neg) end
Big.__mul = function(a, b)
  a, b = big(a), big(b)
  local p = product(wrap({ table.unpack(a) }), wrap({ table.unpack(b) }))
  return wrap(p, a.neg ~= b.neg)
end
Big.__idiv = function(a, b) return (divide(big(a), big(b))) end
Big.__mod = function(a, b) return (select(2, divide(big(a), big(b)))) end
Big.__unm = function(a) return wrap({ table.unpack(a) }, not a.neg) end
Big.__eq = function(a, b) return compare(a, b) == 0 end
Big.__lt = function(a, b) return compare(big(a), big(b)) < 0 end
Big.__le = function(a, b) return compare(big(a), big(b)) <= 0 end
Big.__pow = function(a, n)
  local result, base = big(1), big(a)
  while n > 0 do
    if n & 1 == 1 then result = result * base end
    n = n >> 1
    if n > 0 then base = base * base end
  end
  return result
end
Big.__tostring = function(a)
  local n = #a
  if n == 0 then return "0" end
  local parts = { a.neg and "-" or "", tostring(a[n]) }
  for i = n - 1, 1, -1 do parts[#parts + 1] = ("%07d"):format(a[i]) end
  return table.concat(parts)
end
Big.__concat = function(a, b) return tostring(a) .. tostring(b) end

local function power_mod(base, exponent, modulus)
  local result = big(1)
  base = big(base) % modulus
  while #exponent > 0 do
    local half, bit = divide_small(exponent, 2)
    if bit == 1 then result = result * base % modulus end
    base = base * base % modulus
    exponent = half
  end
  return result
end

local function probably_prime(n) -- Miller-Rabin with fixed bases
  local minus = n - 1
  local d, s = minus, 0
  while true do
    local half, bit = divide_small(d, 2)
    if bit == 1 then break end
    d, s = half, s + 1
  end
  for _, base in ipairs { 2, 3, 5, 7 } do
    local x = power_mod(base, d, n)
    if not (x == big(1) or x == minus) then
      local composite = true
      for _ = 1, s - 1 do
        x = x * x % n
        if x == minus then composite = false; break end
      end
      if composite then return false end
    end
  end
  return true
end

---------------------------------------------------------------- work
local function digest(v)
  local s = tostring(v)
  if #s <= 40 then return s end
  local sum = 0
  for i = 1, #s do sum = (sum * 10 + s:byte(i) - 48) % 1000003 end
  return ("%s..%s (%d digits, %d)"):format(s:sub(1, 10), s:sub(-10), #s, sum)
end

for _, p in ipairs { { 7, 3 }, { -7, 3 }, { 7, -3 }, { -7, -3 }, { 6, -3 }, { math.mininteger, 10 ^ 7 // 1 | 0 } } do
  local a, b = big(p[1]), big(p[2])
  assert(tostring(a // b) == tostring(p[1] // p[2]) and tostring(a % b) == tostring(p[1] % p[2]))
  print(p[1] .. " and " .. p[2], a + b, a - b, a * b, a // b, a % b, a < b, a <= b)
end
print(big("-00123") .. "|" .. big("0") .. "|" .. -big(5), pcall(big, "12x"))
print(pcall(function() return big(1) // 0 end))

local factorial = big(1)
for i = 2, N do factorial = factorial * i end
print("factorial", N, digest(factorial))
for i = N, 3, -1 do factorial = factorial // i end
print("and back", factorial)

local a, b = big(0), big(1)
for _ = 1, N * 2 do a, b = b, a + b end
print("fibonacci", N * 2, digest(a))
print("2^(4N)", digest(big(2) ^ (4 * N)))
local x, y = big(3) ^ (N * 3), big(7) ^ (N * 2)
assert((x * y) // y == x and (x * y + 12345) % y == big(12345) and (x + y) * (x - y) == x * x - y * y)
print("x*y", digest(x * y))

-- pi by Machin: 16 atan(1/5) - 4 atan(1/239)
local function arctan_inverse(n, unity)
  local term = unity // n
  local sum, divisor, sign = term, 1, 1
  while #term > 0 do
    term = divide_small(term, n * n)
    divisor, sign = divisor + 2, -sign
    local part = divide_small(term, divisor)
    sum = sign > 0 and sum + part or sum - part
  end
  return sum
end
local digits = N * 2
local unity = big(10) ^ (digits + 10)
local pi = (arctan_inverse(5, unity) * 16 - arctan_inverse(239, unity) * 4) // (big(10) ^ 10)
print("pi", tostring(pi):sub(1, 50), digest(pi))

local found, candidate = {}, big(10) ^ 15
candidate = candidate + 1
while #found < 2 do
  if probably_prime(candidate) then found[#found + 1] = tostring(candidate) end
  candidate = candidate + 2
end
print("primes", table.concat(found, " "))
