-- An event loop on coroutines: virtual time with a timer heap, channels with back-pressure, semaphores, futures,
-- select with timeout, cancellation through to-be-closed variables, and errors that reach whoever waits.
local N = tonumber(arg and arg[1]) or 220

local yield, resume, create, status = coroutine.yield, coroutine.resume, coroutine.create, coroutine.status

---------------------------------------------------------------- loop
local Loop = {}
Loop.__index = Loop

function Loop.new()
  return setmetatable({ now = 0, ready = {}, first = 1, last = 0, timers = {}, order = 0, switches = 0, tasks = 0, failed = {} }, Loop)
end

function Loop:schedule(task, ...)
  self.last = self.last + 1
  self.ready[self.last] = { task, ... }
end

local function earlier(a, b)
  if a.time ~= b.time then return a.time < b.time end
  return a.order < b.order
end

function Loop:timer(delay, action)
  local t, heap = { time = self.now + delay, action = action }, self.timers
  self.order = self.order + 1
  t.order = self.order
  local i = #heap + 1
  heap[i] = t
  while i > 1 and earlier(heap[i], heap[i // 2]) do
    heap[i], heap[i // 2] = heap[i // 2], heap[i]
    i = i // 2
  end
  return t
end

function Loop:next_timer()
  local heap = self.timers
  local n = #heap
  if n == 0 then return nil end
  local top = heap[1]
  heap[1] = heap[n]
  heap[n] = nil
  n = n - 1
  local i = 1
  while true do
    local least, l, r = i, 2 * i, 2 * i + 1
    if l <= n and earlier(heap[l], heap[least]) then least = l end
    if r <= n and earlier(heap[r], heap[least]) then least = r end
    if least == i then return top end
    heap[i], heap[least] = heap[least], heap[i]
    i = least
  end
end

function Loop:spawn(name, f, ...)
  local task = { name = name, loop = self, waiters = {}, done = false }
  task.co = create(function(...) return f(task, ...) end)
  self.tasks = self.tasks + 1
  self:schedule(task, ...)
  return task
end

function Loop:finish(task, ok, ...)
  if ok and status(task.co) ~= "dead" then return end
  task.done, task.ok, task.result = true, ok, (...)
  for _, waiter in ipairs(task.waiters) do self:schedule(waiter) end
  if not ok and #task.waiters == 0 then self.failed[#self.failed + 1] = task.name .. ": " .. tostring((...)) end
end

function Loop:run()
  while true do
    while self.first <= self.last do
      local item = self.ready[self.first]
      self.ready[self.first] = nil
      self.first = self.first + 1
      local task = item[1]
      if not task.done then
        self.switches = self.switches + 1
        self:finish(task, resume(task.co, table.unpack(item, 2)))
      end
    end
    local t = self:next_timer()
    if not t then return self.now end
    if not t.cancelled then
      self.now = t.time
      t.action()
    end
  end
end

local function sleep(task, delay)
  task.loop:timer(delay, function() task.loop:schedule(task) end)
  yield()
end

local function join(task, other)
  if not other.done then
    other.waiters[#other.waiters + 1] = task
    yield()
  end
  if not other.ok then error(other.result, 0) end
  return other.result
end

local function cancel(other)
  if other.done then return false end
  local ok, message = coroutine.close(other.co)
  other.done, other.ok, other.result = true, false, "cancelled"
  for _, waiter in ipairs(other.waiters) do other.loop:schedule(waiter) end
  return ok, message
end

---------------------------------------------------------------- channels
local Channel = {}
Channel.__index = Channel

local function channel(capacity)
  return setmetatable({ capacity = capacity, items = {}, head = 1, tail = 0, senders = {}, receivers = {}, closed = false }, Channel)
end

local function wake(list, loop)
  local task = table.remove(list, 1)
  if task then loop:schedule(task) end
end

function Channel:send(task, value)
  while self.tail - self.head + 1 >= self.capacity do
    self.senders[#self.senders + 1] = task
    yield()
  end
  if self.closed then error("send on a closed channel", 0) end
  self.tail = self.tail + 1
  self.items[self.tail] = value
  wake(self.receivers, task.loop)
end

function Channel:receive(task)
  while self.head > self.tail do
    if self.closed then return nil end
    self.receivers[#self.receivers + 1] = task
    yield()
  end
  local value = self.items[self.head]
  self.items[self.head] = nil
  self.head = self.head + 1
  wake(self.senders, task.loop)
  return value
end

function Channel:close(loop)
  self.closed = true
  while #self.receivers > 0 do wake(self.receivers, loop) end
end

function Channel:values(task) return function() return self:receive(task) end end

---------------------------------------------------------------- semaphore: a slot is a to-be-closed value
local function semaphore(count) return { count = count, waiting = {}, most = 0, used = 0 } end

local slot_mt = {
  __close = function(slot)
    slot.of.count = slot.of.count + 1
    slot.of.used = slot.of.used - 1
    wake(slot.of.waiting, slot.loop)
  end,
}

local function acquire(task, s)
  while s.count == 0 do
    s.waiting[#s.waiting + 1] = task
    yield()
  end
  s.count = s.count - 1
  s.used = s.used + 1
  if s.used > s.most then s.most = s.used end
  return setmetatable({ of = s, loop = task.loop }, slot_mt)
end

---------------------------------------------------------------- timeouts
local function with_timeout(task, delay, name, f, ...)
  local inner = task.loop:spawn(name, f, ...)
  local timer = task.loop:timer(delay, function() cancel(inner) end)
  local ok, result = pcall(join, task, inner)
  timer.cancelled = true
  if ok then return result end
  return nil, result
end

---------------------------------------------------------------- work
local log = {}
local function note(...)
  local t = { ... }
  for i = 1, #t do t[i] = tostring(t[i]) end
  log[#log + 1] = table.concat(t, " ")
end

local function pipeline(items)
  local loop = Loop.new()
  local raw, squared, total = channel(4), channel(2), 0
  local limit = semaphore(3)
  local producer = loop:spawn("producer", function(self)
    for i = 1, items do
      raw:send(self, i)
      if i % 16 == 0 then sleep(self, 5) end
    end
    raw:close(loop)
    return items
  end)
  local workers = {}
  for w = 1, 5 do
    workers[w] = loop:spawn("worker" .. w, function(self)
      local handled = 0
      for v in raw:values(self) do
        do
          local slot <close> = acquire(self, limit)
          sleep(self, v % 3)
        end
        squared:send(self, v * v)
        handled = handled + 1
      end
      return handled
    end)
  end
  loop:spawn("closer", function(self)
    for w = 1, 5 do join(self, workers[w]) end
    squared:close(loop)
  end)
  local sink = loop:spawn("sink", function(self)
    local count = 0
    for v in squared:values(self) do
      count = count + 1
      total = (total * 3 + v) % 1000003
    end
    return count
  end)
  local ended = loop:run()
  assert(producer.result == items and sink.result == items)
  return ended, loop.switches, total, limit.most
end

do
  local loop = Loop.new()
  loop:spawn("main", function(self)
    local fast = function(t) sleep(t, 3); return "fast answer" end
    local slow = function(t)
      local guard <close> = setmetatable({}, { __close = function(_, e) note("slow cleaned up at", loop.now, e) end })
      sleep(t, 50)
      return "never"
    end
    local bad = function(t) sleep(t, 1); error("bad luck", 0) end
    note(with_timeout(self, 10, "fast", fast))
    note(with_timeout(self, 10, "slow", slow))
    note(with_timeout(self, 10, "bad", bad))
    loop:spawn("lonely", bad)
    local closed = channel(1)
    closed:close(loop)
    note(pcall(closed.send, closed, self, 1))
    sleep(self, 100)
    note("main ends at", loop.now)
  end)
  loop:run()
  for _, line in ipairs(log) do print(line) end
  for _, line in ipairs(loop.failed) do print("failed: " .. line) end
end

local sum, switches = 0, 0
for i = 1, N do
  local ended, n, total, most = pipeline(60 + i)
  assert(most == 3)
  sum = (sum * 5 + ended + total) % 1000003
  switches = switches + n
  if i <= 3 then print("pipeline", 60 + i, "ends at", ended, "switches", n, "total", total) end
end
print("sum", sum, "switches", switches)
