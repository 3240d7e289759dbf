-- A queue with three servers, simulated: events in a binary heap, closures as events, a deque, and plain lists
-- that are used as queues and as stacks (table.insert and table.remove at both ends).
local N = tonumber(arg and arg[1]) or 60
local Heap = {}
Heap.__index = Heap
function Heap.new(cmp) return setmetatable({n=0, cmp=cmp}, Heap) end
function Heap:push(v)
  local n = self.n + 1
  self.n = n
  local cmp = self.cmp
  while n > 1 do
    local p = n // 2
    if not cmp(v, self[p]) then break end
    self[n] = self[p]
    n = p
  end
  self[n] = v
end

function Heap:pop()
  local n = self.n
  if n == 0 then return nil end
  local top, v = self[1], self[n]
  self[n] = nil
  n = n - 1
  self.n = n
  if n > 0 then
    local i, cmp = 1, self.cmp
    while true do
      local c = i * 2
      if c > n then break end
      if c < n and cmp(self[c+1], self[c]) then c = c + 1 end
      if not cmp(self[c], v) then break end
      self[i] = self[c]
      i = c
    end
    self[i] = v
  end
  return top
end

local Deque = {}
Deque.__index = Deque
function Deque.new() return setmetatable({first=1, last=0}, Deque) end
function Deque:push(v)
  self.last = self.last + 1
  self[self.last] = v
end

function Deque:shift()
  if self.first > self.last then return nil end
  local v = self[self.first]
  self[self.first] = nil
  self.first = self.first + 1
  return v
end

Deque.__len = function(d) return d.last - d.first + 1 end
local seed = 7
local function rnd()
  seed = (seed * 16807) % 2147483647
  return seed / 2147483647
end

local out = 0
for round = 1, N do
  local now, q, served, waited = 0.0, Heap.new(function(a, b) return a.at < b.at end), 0, 0.0
  local waiting, busy = Deque.new(), 0
  local function schedule(dt, fn) q:push({at=now + dt, fn=fn}) end
  local function serve(c)
    busy = busy + 1
    waited = waited + (now - c.arrived)
    schedule(rnd() * 3, function()
      busy = busy - 1
      served = served + 1
      local n = waiting:shift()
      if n then serve(n) end
    end)
  end
  local id = 0
  local function arrive()
    id = id + 1
    local c = {id=id, arrived=now}
    if busy < 3 then serve(c) else waiting:push(c) end
    if id < 1500 then schedule(rnd(), arrive) end
  end
  schedule(0, arrive)
  while true do
    local e = q:pop()
    if not e then break end
    now = e.at
    e.fn()
  end
  out = out + served + waited + #waiting
  -- plain list used as queue and stack
  local list = {}
  for i = 1, 300 do
    table.insert(list, i)
    if i % 3 == 0 then out = out + table.remove(list, 1) end
    if i % 5 == 0 then table.insert(list, 1, -i) end
  end
  while #list > 0 do out = out + table.remove(list) end
end
print(string.format("%.4f", out))
