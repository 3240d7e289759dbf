-- packages: lua-luaossl
-- luaossl: digests, ciphers, big numbers, keys; objects of C with arithmetic metamethods in hot loops.
local digest, hmac, cipher, bignum = require "openssl.digest", require "openssl.hmac", require "openssl.cipher", require "openssl.bignum"
local function hex(s) return (s:gsub(".", function(c) return ("%02x"):format(c:byte()) end)) end
for _, name in ipairs { "md5", "sha1", "sha256", "sha512" } do print(name, hex(digest.new(name):final "abc")) end
local chain = "start"
for i = 1, 2000 do chain = digest.new("sha256"):final(chain .. i) end
print("chain", hex(chain))
local d = digest.new "sha256"
for i = 1, 5000 do d:update("line " .. i .. "\n") end
print("updates", hex(d:final()))
local sums = 0
for i = 1, 1000 do sums = sums + hmac.new("key" .. i, "sha1"):final("message"):byte(1) end
print("hmac", sums, hex(hmac.new("key", "sha256"):final "The quick brown fox jumps over the lazy dog"))

local key, iv = ("k"):rep(16), ("i"):rep(16)
local same, first = 0, nil
for i = 1, 400 do
    local plain = ("text %d "):format(i):rep(i % 20 + 1)
    local secret = cipher.new("aes-128-cbc"):encrypt(key, iv):final(plain)
    first = first or secret
    if cipher.new("aes-128-cbc"):decrypt(key, iv):final(secret) == plain then same = same + 1 end
end
print("aes", same, hex(first))
print(pcall(function() return cipher.new "no-such-cipher" end))
print((pcall(function() return cipher.new("aes-128-cbc"):decrypt(key, iv):final "short" end)))

-- big numbers: + - * / % ^ == < through metamethods of C
local a, b = bignum.new(0), bignum.new(1)
for i = 1, 300 do a, b = b, a + b end
print("fibonacci", tostring(a))
local f = bignum.new(1)
for i = 1, 100 do f = f * i end
print("100!", tostring(f))
local less = 0
for i = 1, 500 do
    local x, y = bignum.new(i * 7919), bignum.new(i * i)
    if x < y then less = less + 1 end
    if (x * y) % y == bignum.new(0) then less = less + 1 end
    if -x < y and x - x == bignum.new(0) then less = less + 1 end
end
print("compare", less, tostring(bignum.new(2) ^ 200), tostring(bignum.new "0xff" or ""))
print(pcall(function() return bignum.new(1) + {} end))

local pkey = require "openssl.pkey"
local k = pkey.new { type = "RSA", bits = 1024 }
local good = 0
for i = 1, 20 do
    local data = digest.new("sha256"):update("doc " .. i)
    local sig = k:sign(data)
    if k:verify(sig, digest.new("sha256"):update("doc " .. i)) then good = good + 1 end
    if not k:verify(sig, digest.new("sha256"):update("doc x" .. i)) then good = good + 1 end
end
print("rsa", good, k:toPEM("public"):match "^%-+BEGIN PUBLIC KEY%-+" ~= nil)
local x509, name = require "openssl.x509", require "openssl.x509.name"
local dn = name.new()
dn:add("CN", "test.example")
dn:add("O", "Org")
local cert = x509.new()
cert:setSubject(dn)
cert:setIssuer(dn)
cert:setSerial(bignum.new(42))
cert:setPublicKey(k)
cert:sign(k)
print("x509", tostring(cert:getSubject()), tostring(cert:getSerial()), tostring(x509.new(tostring(cert)):getIssuer()))
for rdn, value in dn:each() do io.write(rdn, "=", value, " ") end
print()
