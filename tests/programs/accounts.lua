-- Accounts of several classes: inheritance, constructors by __call, methods called on a mixture of receivers,
-- a mixed-in observer with a variable number of arguments, results that are nil and a message.
local N = tonumber(arg and arg[1]) or 300
local function class(base)
  local c = {}
  c.__index = c
  if base then
    setmetatable(c, {__index = base, __call = function(cls, ...) return cls.new(...) end})
  else
    setmetatable(c, {__call = function(cls, ...) return cls.new(...) end})
  end
  c.__tostring = function(self) return self:name() end
  return c
end

local Account = class()
function Account.new(owner, balance)
  return setmetatable({owner=owner, balance=balance or 0, log={}}, Account)
end

function Account:deposit(n)
  if n <= 0 then error("bad amount: "..n) end
  self.balance = self.balance + n
  self.log[#self.log+1] = "d"..n
  return self
end

function Account:withdraw(n)
  if n > self:available() then return nil, "insufficient funds" end
  self.balance = self.balance - n
  self.log[#self.log+1] = "w"..n
  return self
end

function Account:available() return self.balance end
function Account:name() return "Account<"..self.owner..">" end
local Limited = class(Account)
function Limited.new(owner, balance, limit)
  local o = Account.new(owner, balance)
  o.limit = limit
  return setmetatable(o, Limited)
end

function Limited:available() return self.balance + self.limit end
function Limited:name()
  return "Limited<"..self.owner..","..self.limit..">"
end

local Savings = class(Account)
function Savings.new(owner, balance, rate)
  local o = Account.new(owner, balance)
  o.rate = rate
  return setmetatable(o, Savings)
end

function Savings:interest()
  return self:deposit(math.max(1, self.balance * self.rate // 100))
end

function Savings:name() return "Savings<"..self.owner..">" end
local Observer = {}
function Observer:on(ev, f)
  self.handlers = self.handlers or {}
  local h = self.handlers[ev] or {}
  self.handlers[ev] = h
  h[#h+1] = f
end

function Observer:emit(ev, ...)
  local h = self.handlers and self.handlers[ev]
  if h then
    for _, f in ipairs(h) do f(self, ...) end
  end
  return select('#', ...)
end

for k, v in pairs(Observer) do Account[k] = v end
local total, fails, events = 0, 0, 0
local seed = 42
local function rnd(n)
  seed = (seed * 1103515245 + 12345) % 2147483648
  return seed % n + 1
end

for round = 1, N do
  local bank = {}
  for i = 1, 40 do
    local k = i % 3
    local a = k == 0 and Account("a"..i, 100) or k == 1 and Limited("l"..i, 50, 200) or Savings("s"..i, 300, 5)
    a:on("tx", function(self, kind, n, ...) events = events + n + select('#', ...) end)
    bank[i] = a
  end
  for t = 1, 400 do
    local a, b, n = bank[rnd(40)], bank[rnd(40)], rnd(120)
    local ok, err = a:withdraw(n)
    if ok then
      b:deposit(n)
      a:emit("tx", "out", n)
      b:emit("tx", "in", n, a, b)
    else
      fails = fails + 1
    end
    if b.interest and t % 10 == 0 then b:interest() end
  end
  for _, a in ipairs(bank) do total = total + a.balance + #tostring(a) end
end
print(total, fails, events)
