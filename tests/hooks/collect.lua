-- hooks are collector roots; they may collect, and the interrupted thread's registers survive
local js = require "jitstat"
local weak = setmetatable({}, {__mode = "k"})
local calls = 0
do
  local hook = function(info)
    calls = calls + 1
    collectgarbage()
    local junk = {}
    for i = 1, 200 do junk[i] = {i} end
    collectgarbage("step", 0)
  end
  weak[hook] = true
  js.set_compile_hook(hook)
end
collectgarbage()
print(next(weak) ~= nil) --> true
local function work(n)
  local t, s = {}, ""
  for i = 1, n do
    local x = {i, tostring(i)}
    t[i % 10 + 1] = x
    if i % 50 == 0 then s = s .. x[2] .. "," end
  end
  return s, t[1][1]
end
print(work(400)) --> 50,100,150,200,250,300,350,400,	400
print(select("#", table.unpack({1, 2, 3})), calls > 0) --> 3	true
js.set_compile_hook(nil)
collectgarbage()
collectgarbage()
print(next(weak)) --> nil
-- a hook that grows its stack and leaves a loop in the middle of being recorded
js.set_compile_hook(function(info)
  local function deep(n) return n == 0 and 0 or 1 + deep(n - 1) end
  calls = deep(5000)
  for i = 1, 62 do calls = calls + i end
end)
print(work(400)) --> 50,100,150,200,250,300,350,400,	400
local function again(n) local a = 0 for i = 1, n do a = a + i % 3 end return a end
print(again(600), calls) --> 600	6953
js.set_compile_hook()
