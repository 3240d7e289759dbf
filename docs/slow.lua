-- slow.lua: the program of docs/tools.md: a service that sums up its access log, as somebody in a hurry wrote it.
-- Its answers are right; three habits make it slow, and jitstat names the lines. `slow.lua fixed` is the same
-- service without them.
local fixed = arg and arg[1] == "fixed"
local rounds = tonumber(arg and arg[2]) or math.huge

-- A request is {path, status, bytes, user}. Fields come from a parser: bytes is a string in some records, a number in
-- others (habit 1: nobody converts it once, where it is read).
local function read_log(n)
  local log = {}
  for i = 1, n do
    local bytes = (i * 7919) % 5000
    log[i] = {path = "/item/" .. i % 97, status = i % 50 == 0 and 500 or 200, bytes = bytes, user = "u" .. i % 211}
    if not fixed and i % 3 == 0 then log[i].bytes = tostring(bytes) end
  end
  return log
end

-- Habit 1: arithmetic on strings.
local function traffic(log)
  local sum = 0
  for _, r in ipairs(log) do
    sum = sum + r.bytes
  end
  return sum
end

-- Habit 2: an error is raised and caught, with its traceback, for what is no exception.
local function check(r)
  if r.status >= 500 then error("server error") end
  return r.path
end

local function healthy(log)
  local n = 0
  for _, r in ipairs(log) do
    if fixed then
      if r.status < 500 then n = n + 1 end
    elseif xpcall(check, debug.traceback, r) then
      n = n + 1
    end
  end
  return n
end

-- Habit 3: a coroutine that hands over one record at a time.
local function each(log)
  return coroutine.wrap(function()
    for i = 1, #log do coroutine.yield(log[i]) end
  end)
end

local function users(log)
  local seen, n = {}, 0
  local function see(r)
    if not seen[r.user] then
      seen[r.user] = true
      n = n + 1
    end
  end
  if fixed then
    for i = 1, #log do see(log[i]) end
  else
    for r in each(log) do see(r) end
  end
  return n
end

local log = read_log(20000)
local round = 0
while round < rounds do
  round = round + 1
  local line = ("%d requests, %d healthy, %d users, %d bytes"):format(#log, healthy(log), users(log), traffic(log))
  if round == rounds then print(line) end
end
