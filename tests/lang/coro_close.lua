-- coroutine.close, to-be-closed variables in coroutines, and wrap iterators that are left early.
local yield, create, resume, status, close = coroutine.yield, coroutine.create, coroutine.resume, coroutine.status, coroutine.close
local log = {}
local function closer(name, fail)
  return setmetatable({}, { __close = function(_, e)
    log[#log + 1] = name .. ":" .. tostring(e)
    if fail then error(fail, 0) end
  end })
end
local function flush() local s = table.concat(log, " "); log = {}; return s end
local co = create(function()
  local a <close> = closer "a"
  local b <close> = closer "b"
  yield(1)
end)
resume(co)
print(close(co), status(co), flush()) --> true	dead	b:nil a:nil
print(close(co), resume(co)) --> true	false	cannot resume dead coroutine
-- never started, finished, failed
local fresh, done, failed = create(print), create(function() end), create(function() error("oops", 0) end)
resume(done)
resume(failed)
print(close(fresh), status(fresh), close(done)) --> true	dead	true
print(close(failed)) --> false	oops
print(close(failed)) --> true
-- an error while closing
local bad = create(function()
  local a <close> = closer "a"
  local b <close> = closer("b", "from b")
  local c <close> = closer("c", "from c")
  yield()
end)
resume(bad)
print(close(bad)) --> false	from b
print(flush()) --> c:nil b:from c a:from b
-- closing inside closing yields
local slow = create(function()
  local a <close> = setmetatable({}, { __close = function() yield("closing"); log[#log + 1] = "slow" end })
  yield("body")
  return "result"
end)
print(select(2, resume(slow)), select(2, resume(slow)), resume(slow)) --> body	closing	true	result
print(flush()) --> slow
-- what cannot be closed
print(pcall(close, coroutine.running())) --> false	cannot close a running coroutine
local self_close
self_close = create(function() return pcall(close, self_close) end)
print(resume(self_close)) --> true	false	cannot close a running coroutine
local normal
normal = create(function() return coroutine.wrap(function() return pcall(close, normal) end)() end)
print(resume(normal)) --> true	false	cannot close a normal coroutine
print(pcall(close, 5)) --> false	bad argument #1 to 'coroutine.close' (thread expected, got number)
-- wrap closes what an error leaves open
local w = coroutine.wrap(function() local a <close> = closer "w"; yield(); error("gone", 0) end)
w()
print(pcall(w)) --> false	gone
print(flush()) --> w:gone
-- hot: hundreds of coroutines, closed at different points
local closes = 0
local mt = { __close = function() closes = closes + 1 end }
for i = 1, 600 do
  local c = create(function()
    local a <close> = setmetatable({}, mt)
    yield()
    local b <close> = setmetatable({}, mt)
    yield()
  end)
  for _ = 1, i % 4 do resume(c) end
  close(c)
end
print(closes) --> 750
-- a generic for over a coroutine with a closing value: the loop is left early
local opened, shut = 0, 0
local function items(n)
  opened = opened + 1
  local c = create(function() for i = 1, n do yield(i) end end)
  return function() local _, v = resume(c); return v end, nil, nil, setmetatable({}, { __close = function() shut = shut + 1; close(c) end })
end
local sum = 0
for i = 1, 300 do
  for v in items(10) do
    sum = sum + v
    if v == i % 10 then break end
  end
end
print(sum, opened, shut) --> 6600	300	300
