-- Arithmetic and bitwise metamethods: either side, mixed with numbers and strings, every operator, results of any type.
local calls = {}
local mt = {}
for _, event in ipairs { "add", "sub", "mul", "div", "mod", "pow", "idiv", "band", "bor", "bxor", "shl", "shr" } do
  mt["__" .. event] = function(a, b)
    calls[event] = (calls[event] or 0) + 1
    local x = type(a) == "table" and a.v or a
    local y = type(b) == "table" and b.v or b
    return event .. "(" .. tostring(x) .. "," .. tostring(y) .. ")"
  end
end
mt.__unm = function(a, b) return "unm(" .. a.v .. "," .. tostring(rawequal(a, b)) .. ")" end
mt.__bnot = function(a, b) return "bnot(" .. a.v .. "," .. tostring(rawequal(a, b)) .. ")" end
local function new(v) return setmetatable({ v = v }, mt) end
local a, b = new "a", new "b"

local r
for i = 1, 300 do
  r = { a + b, a - 1, 2 * b, a / "s", a % b, b ^ 2, 1 // a, a & b, a | 1, 1 ~ b, a << 2, 2.5 >> b, -a, ~b }
end
print(table.concat(r, " ")) --> add(a,b) sub(a,1) mul(2,b) div(a,s) mod(a,b) pow(b,2) idiv(1,a) band(a,b) bor(a,1) bxor(1,b) shl(a,2) shr(2.5,b) unm(a,true) bnot(b,true)
print(calls.add, calls.shr, calls.band) --> 300	300	300
print("10" + a, a + "10", 1.5 * a, a - {} == nil) --> add(10,a)	add(a,10)	mul(1.5,a)	false

-- vectors: many short-lived objects, some of which escape
local Vec = {}
Vec.__index = Vec
local function vec(x, y) return setmetatable({ x = x, y = y }, Vec) end
Vec.__add = function(p, q) return vec(p.x + q.x, p.y + q.y) end
Vec.__mul = function(p, k) if type(p) == "number" then p, k = k, p end return vec(p.x * k, p.y * k) end
Vec.__unm = function(p) return vec(-p.x, -p.y) end
Vec.__eq = function(p, q) return p.x == q.x and p.y == q.y end
local acc, kept = vec(0, 0), {}
for i = 1, 1000 do
  acc = acc + vec(i, -i) * 2 + 0.5 * -vec(1, 1)
  if i % 250 == 0 then kept[#kept + 1] = acc end
end
print(acc.x, acc.y, #kept, kept[1].x, kept[2].y, kept[4] == acc, kept[4] ~= vec(0, 0)) --> 1000500.0	-1001500.0	4	62625.0	-250750.0	true	true

-- the metamethod is replaced, then removed, while the loop is hot
local log = {}
for i = 1, 600 do
  if i == 200 then mt.__add = function() return "second" end end
  if i == 400 then mt.__add = nil end
  local ok, v = pcall(function() return a + b end)
  if v ~= log[#log] then log[#log + 1] = v end
end
for _, v in ipairs(log) do print(v) end
--> add(a,b)
--> second
--> meta_arith.lua:45: attempt to perform arithmetic on a table value (upvalue 'a')
-- the left operand's metamethod comes first
local left, right = setmetatable({}, { __mul = function() return "left" end }), setmetatable({}, { __mul = function() return "right" end })
local n = 0
for i = 1, 300 do
  if left * right == "left" and right * left == "right" and 2 * right == "right" then n = n + 1 end
end
print(n) --> 300
-- only the first result counts
local many = setmetatable({}, { __add = function() return 1, 2, 3 end, __sub = function() end })
print(many + 1, many - 1, (many + 1)) --> 1	nil	1
-- on booleans and nil, by debug.setmetatable
debug.setmetatable(true, { __add = function(x, y) return (x == true and 1 or 0) + (y == true and 1 or 0) end })
local t = 0
for i = 1, 300 do t = t + ((i % 2 == 0) + (i % 3 == 0)) end
print(t) --> 250
debug.setmetatable(true, nil)
print(pcall(function() return true + 1 end)) --> false	meta_arith.lua:68: attempt to perform arithmetic on a boolean value
print(pcall(function() return {} * {} end)) --> false	meta_arith.lua:69: attempt to perform arithmetic on a table value
print(pcall(function() return -{} end)) --> false	meta_arith.lua:70: attempt to perform arithmetic on a table value
print(pcall(function() return 1 & {} end)) --> false	meta_arith.lua:71: attempt to perform bitwise operation on a table value
print(pcall(function() return 2 ^ "x" end)) --> false	meta_arith.lua:72: attempt to pow a 'number' with a 'string'
