-- An operating-system kernel in miniature: tasks with priorities and mailboxes, two devices that answer
-- after a delay, workers that transform messages, and a scheduler that always runs the highest task that can.
-- Heavy on method calls through a small class hierarchy, linked lists and state changes.
local N = tonumber(arg and arg[1]) or 28

---------------------------------------------------------------- messages: intrusive singly linked lists
local Message = {}
Message.__index = Message

local function new_message(kind, from)
  return setmetatable({ next = nil, kind = kind, from = from, value = 0, data = { 0, 0, 0, 0 } }, Message)
end

function Message:append_to(list)
  self.next = nil
  if not list then return self end
  local m = list
  while m.next do m = m.next end
  m.next = self
  return list
end

---------------------------------------------------------------- tasks
local READY, WAITING, HELD = 1, 2, 3

local Task = {}
Task.__index = Task

function Task.new(class, kernel, name, priority)
  local t = setmetatable({ kernel = kernel, name = name, priority = priority, state = WAITING,
    inbox = nil, runs = 0, received = 0, below = nil }, class)
  kernel:add(t)
  return t
end

function Task:put(message)
  self.inbox = message:append_to(self.inbox)
  if self.state == WAITING then self.state = READY end
end

function Task:take()
  local m = self.inbox
  if m then
    self.inbox = m.next
    m.next = nil
    self.received = self.received + 1
  end
  return m
end

function Task:runnable() return self.state == READY end
function Task:step() error("abstract task " .. self.name) end
function Task:report() return string.format("%-8s runs %6d received %6d", self.name, self.runs, self.received) end

local function class(base)
  local c = setmetatable({}, { __index = base })
  c.__index = c
  return c
end

---------------------------------------------------------------- kernel
local Kernel = {}
Kernel.__index = Kernel

function Kernel.new()
  return setmetatable({ tasks = {}, top = nil, switches = 0, queued = 0, held = 0, clock = 0, trace = 0 }, Kernel)
end

function Kernel:add(task)
  self.tasks[task.name] = task
  -- kept sorted, highest priority first
  local above, at = nil, self.top
  while at and at.priority >= task.priority do above, at = at, at.below end
  task.below = at
  if above then above.below = task else self.top = task end
end

function Kernel:send(name, message)
  self.queued = self.queued + 1
  self.tasks[name]:put(message)
end

function Kernel:hold(task)
  self.held = self.held + 1
  task.state = HELD
end

function Kernel:release(name)
  local task = self.tasks[name]
  if task.state == HELD then task.state = task.inbox and READY or WAITING end
end

function Kernel:pick()
  local t = self.top
  while t do
    if t:runnable() then return t end
    t = t.below
  end
end

function Kernel:run(limit)
  local last
  while self.clock < limit do
    local t = self:pick()
    if not t then break end
    if t ~= last then self.switches = self.switches + 1; last = t end
    self.clock = self.clock + 1
    t.runs = t.runs + 1
    self.trace = (self.trace * 7 + t.priority) % 1000003
    t:step()
  end
end

---------------------------------------------------------------- the idle task: drives the devices by a shift register
local Idle = class(Task)

function Idle.start(kernel, count)
  local t = Task.new(Idle, kernel, "idle", 0)
  t.register, t.left, t.state = 1, count, READY
  return t
end

function Idle:step()
  self.left = self.left - 1
  if self.left <= 0 then self.state = WAITING; return end
  local r = self.register
  if r % 2 == 0 then
    self.register = r / 2
    self.kernel:release("disk")
  else
    self.register = (r - 1) / 2 + ((r % 3 == 0) and 26624 or 13313)
    self.kernel:release("net")
  end
end

---------------------------------------------------------------- devices: one request at a time, answered after a hold
local Device = class(Task)

function Device:step()
  local pending = self.pending
  if pending then
    self.pending = nil
    pending.value = pending.value + 1
    self.kernel:send(pending.from, pending)
    if not self.inbox then self.state = WAITING end
    return
  end
  local m = self:take()
  if not m then self.state = WAITING; return end
  self.pending = m
  self.kernel:hold(self)
end

function Device:runnable() return self.state == READY or (self.state == WAITING and self.pending ~= nil) end

---------------------------------------------------------------- handlers: take work, pass each datum through a device
local Handler = class(Task)

function Handler.start(kernel, name, priority, device)
  local t = Task.new(Handler, kernel, name, priority)
  t.device, t.work, t.index, t.idle_devices, t.sum = device, nil, 1, nil, 0
  return t
end

function Handler:step()
  local m = self:take()
  if m then
    if m.kind == "work" then self.work = m:append_to(self.work)
    else
      self.sum = (self.sum * 3 + m.value) % 65521
      self.idle_devices = m:append_to(self.idle_devices)
    end
  end
  local work, request = self.work, self.idle_devices
  if work and self.index > 4 then
    self.work, self.index = work.next, 1
    work.kind, work.from = "done", self.name
    self.kernel:send("worker", work)
  elseif work and request then
    self.idle_devices = request.next
    request.value = work.data[self.index]
    self.index = self.index + 1
    request.from = self.name
    self.kernel:send(self.device, request)
  elseif not self.inbox then
    self.state = WAITING
  end
end

---------------------------------------------------------------- the worker: fills messages with letters, alternates the handlers
local Worker = class(Task)

function Worker:step()
  local m = self:take()
  if not m then self.state = WAITING; return end
  self.turn = not self.turn
  m.kind = "work"
  for i = 1, 4 do
    self.letter = self.letter % 26 + 1
    m.data[i] = 64 + self.letter
  end
  self.kernel:send(self.turn and "handlerA" or "handlerB", m)
  if not self.inbox then self.state = WAITING end
end

---------------------------------------------------------------- one simulation
local function simulate(limit)
  local k = Kernel.new()
  Idle.start(k, limit)
  local worker = Task.new(Worker, k, "worker", 10)
  worker.letter, worker.turn = 0, false
  local a = Handler.start(k, "handlerA", 20, "disk")
  local b = Handler.start(k, "handlerB", 21, "net")
  Task.new(Device, k, "disk", 40)
  Task.new(Device, k, "net", 50)
  for i = 1, 3 do
    k:send("worker", new_message("done", "worker"))
    k:send("handlerA", new_message("reply", "handlerA"))
    k:send("handlerB", new_message("reply", "handlerB"))
  end
  k:run(limit)
  return k, a, b
end

local total = 0
local k, a, b
for i = 1, N do
  k, a, b = simulate(10000 + i)
  total = (total + k.trace + a.sum + b.sum) % 1000003
end
for _, name in ipairs { "idle", "worker", "handlerA", "handlerB", "disk", "net" } do print(k.tasks[name]:report()) end
print(string.format("clock %d switches %d queued %d held %d", k.clock, k.switches, k.queued, k.held))
print(string.format("total %d", total))
