-- SHA-256, HMAC and a key derivation on 64-bit integers with masks, as a Lua 5.4 program writes them.
-- Checked against published test vectors (FIPS 180-4, RFC 4231), then run over a long message and a hash chain.
local N = tonumber(arg and arg[1]) or 90

local MASK <const> = 0xffffffff

-- the constants are the first 32 bits of the fractional parts of square and cube roots of the first primes;
-- they are computed exactly, with integer roots
local function primes(count)
  local list, n = {}, 2
  while #list < count do
    local prime = true
    for i = 1, #list do
      local p = list[i]
      if p * p > n then break end
      if n % p == 0 then prime = false; break end
    end
    if prime then list[#list + 1] = n end
    n = n + 1
  end
  return list
end

-- floor(p^(1/k) * 2^32) & MASK, by bits from the top, in two 32-bit halves so that nothing overflows
local function root_fraction(p, k)
  local function compare(x) -- is (x / 2^32)^k <= p ?   exact: multiply digit arrays in base 2^16
    local digits = { x & 0xffff, (x >> 16) & 0xffff, (x >> 32) & 0xffff }
    local acc = { 1 }
    for _ = 1, k do
      local product = {}
      for i = 1, #acc + 3 do product[i] = 0 end
      for i = 1, #acc do
        local carry = 0
        for j = 1, 3 do
          local v = product[i + j - 1] + acc[i] * digits[j] + carry
          product[i + j - 1] = v & 0xffff
          carry = v >> 16
        end
        product[i + 3] = product[i + 3] + carry
      end
      acc = product
    end
    -- compare with p * 2^(32 k): p stands at digit 2k+1
    for i = #acc, 2 * k + 2, -1 do if acc[i] ~= 0 then return false end end
    local top = acc[2 * k + 1] or 0
    if top ~= p then return top < p end
    for i = 2 * k, 1, -1 do if acc[i] ~= 0 then return false end end
    return true
  end
  local x = 0
  for bit = 36, 0, -1 do
    local try = x | (1 << bit)
    if compare(try) then x = try end
  end
  return x & MASK
end

local K, START = {}, {}
do
  local list = primes(64)
  for i = 1, 64 do K[i] = root_fraction(list[i], 3) end
  for i = 1, 8 do START[i] = root_fraction(list[i], 2) end
end

local function rotr(x, n) return ((x >> n) | (x << (32 - n))) & MASK end

local W = {}

local function compress(state, block, pos)
  local w = W
  w[1], w[2], w[3], w[4], w[5], w[6], w[7], w[8],
  w[9], w[10], w[11], w[12], w[13], w[14], w[15], w[16] = string.unpack(">I4I4I4I4I4I4I4I4I4I4I4I4I4I4I4I4", block, pos)
  for i = 17, 64 do
    local a, b = w[i - 15], w[i - 2]
    local s0 = rotr(a, 7) ~ rotr(a, 18) ~ (a >> 3)
    local s1 = rotr(b, 17) ~ rotr(b, 19) ~ (b >> 10)
    w[i] = (w[i - 16] + s0 + w[i - 7] + s1) & MASK
  end
  local a, b, c, d = state[1], state[2], state[3], state[4]
  local e, f, g, h = state[5], state[6], state[7], state[8]
  for i = 1, 64 do
    local s1 = rotr(e, 6) ~ rotr(e, 11) ~ rotr(e, 25)
    local choice = (e & f) ~ (~e & MASK & g)
    local t1 = h + s1 + choice + K[i] + w[i]
    local s0 = rotr(a, 2) ~ rotr(a, 13) ~ rotr(a, 22)
    local majority = (a & b) ~ (a & c) ~ (b & c)
    h, g, f = g, f, e
    e = (d + t1) & MASK
    d, c, b = c, b, a
    a = (t1 + s0 + majority) & MASK
  end
  state[1] = (state[1] + a) & MASK
  state[2] = (state[2] + b) & MASK
  state[3] = (state[3] + c) & MASK
  state[4] = (state[4] + d) & MASK
  state[5] = (state[5] + e) & MASK
  state[6] = (state[6] + f) & MASK
  state[7] = (state[7] + g) & MASK
  state[8] = (state[8] + h) & MASK
end

---------------------------------------------------------------- streaming interface
local Hash = {}
Hash.__index = Hash

local function new_hash()
  return setmetatable({ state = table.move(START, 1, 8, 1, {}), rest = "", length = 0 }, Hash)
end

function Hash:update(s)
  self.length = self.length + #s
  s = self.rest .. s
  local last = #s - #s % 64
  for pos = 1, last, 64 do compress(self.state, s, pos) end
  self.rest = s:sub(last + 1)
  return self
end

function Hash:digest()
  local pad = "\128" .. ("\0"):rep((55 - self.length) % 64) .. string.pack(">I8", self.length * 8)
  local tail, state = self.rest .. pad, self.state
  for pos = 1, #tail, 64 do compress(state, tail, pos) end
  return string.pack(">I4I4I4I4I4I4I4I4", table.unpack(state))
end

local function sha256(s) return new_hash():update(s):digest() end
local function hex(s) return (s:gsub(".", function(c) return ("%02x"):format(c:byte()) end)) end

local function xor_pad(key, value)
  local out = {}
  for i = 1, 64 do out[i] = string.char((key:byte(i) or 0) ~ value) end
  return table.concat(out)
end

local function hmac(key, message)
  if #key > 64 then key = sha256(key) end
  return sha256(xor_pad(key, 0x5c) .. sha256(xor_pad(key, 0x36) .. message))
end

local function xor(a, b)
  local out = {}
  for i = 1, #a do out[i] = string.char(a:byte(i) ~ b:byte(i)) end
  return table.concat(out)
end

local function derive(password, salt, rounds)
  local u = hmac(password, salt .. "\0\0\0\1")
  local result = u
  for _ = 2, rounds do
    u = hmac(password, u)
    result = xor(result, u)
  end
  return result
end

---------------------------------------------------------------- checks and work
local function expect(what, got, want)
  print(what, got == want and "ok" or ("WRONG " .. got))
end

expect("empty", hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
expect("abc", hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
expect("two blocks", hex(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")
expect("hmac", hex(hmac("Jefe", "what do ya want for nothing?")),
  "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
print("K", ("%08x %08x %08x"):format(K[1], K[2], K[64]), "start", ("%08x %08x"):format(START[1], START[8]))

local h = new_hash()
for i = 1, N * 20 do h:update(("line %d of the message\n"):format(i)) end
print("stream", hex(h:digest()), h.length)
print("derived", hex(derive("password", "salt", N * 4)))
local chain = "seed"
for i = 1, N * 10 do chain = sha256(chain .. i) end
print("chain", hex(chain))
for _, n in ipairs { 55, 56, 63, 64, 65, 119, 120 } do io.write(n, " ", hex(sha256(("x"):rep(n))):sub(1, 8), "\n") end
