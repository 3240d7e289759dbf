-- Hooks: line sequences, calls and returns, counts, setting and clearing inside loops that are compiled already.
local function lines_of(f, ...)
  local seen = {}
  debug.sethook(function(_, l) seen[#seen + 1] = l end, "l")
  f(...)
  debug.sethook()
  seen[#seen] = nil -- the line of the sethook call
  return table.concat(seen, " ")
end
local function straight()
  local a = 1
  local b = 2

  return a + b
end
print(lines_of(straight)) --> 5 11 12 14
local function branches(x)
  if x then
    x = 1
  else
    x = 2
  end
  while x < 3 do
    x = x + 1
  end
  repeat
    x = x - 1
  until x == 0
  return x
end
print(lines_of(branches, true)) --> 5 18 19 23 24 23 24 23 27 28 27 28 27 28 29
print(lines_of(branches, false)) --> 5 18 21 23 24 23 27 28 27 28 27 28 29
local function loop()
  for i = 1, 3 do
    local y = i
  end
end
print(lines_of(loop)) --> 5 34 35 34 35 34 35 34 37
local function iter()
  for k, v in ipairs({ 1, 2 }) do
    local z = v
  end
end
print(lines_of(iter)) --> 5 40 41 40 41 40 42 43
print(lines_of(function() for i = 1, 2 do end end)) --> 5 45 45
-- calls and returns
local events = {}
local function inner() return 1 end
local function outer() local x = inner(); return inner() end
debug.sethook(function(e) events[#events + 1] = e .. ":" .. (debug.getinfo(2, "n").name or "?") end, "cr")
outer()
debug.sethook()
print(table.concat(events, " ", 2, #events - 1)) --> call:outer call:inner return:inner tail call:? return:?
-- counts: about one event per thousand instructions
local counts = 0
debug.sethook(function(e) if e == "count" then counts = counts + 1 end end, "", 1000)
local s = 0
for i = 1, 100000 do s = s + i end
debug.sethook()
print(counts >= 90 and counts <= 1000, s) --> true	5000050000
-- a hook set from inside a compiled loop takes effect in that loop
local hits, when = 0, nil
for i = 1, 3000 do
  if i == 2000 then debug.sethook(function() hits = hits + 1 end, "l") end
  s = s + i
  if i == 2500 then debug.sethook(); when = hits end
end
print(hits > 1000, hits == when, s) --> true	true	5004551500
-- and one that ends the loop by an error
local function forever() local n = 0; while true do n = n + 1 end end
local fired = 0
debug.sethook(function() fired = fired + 1; if fired == 50 then debug.sethook(); error("enough", 0) end end, "", 1000)
print(pcall(forever)) --> false	enough
print(fired, debug.gethook()) --> 50	nil
-- a hook counts the lines of a hot loop exactly
local per_line = {}
local function work(n)
  local t = 0
  for i = 1, n do
    if i % 2 == 0 then
      t = t + i
    else
      t = t - 1
    end
  end
  return t
end
work(2000)
debug.sethook(function(_, l) per_line[l] = (per_line[l] or 0) + 1 end, "l")
work(300)
debug.sethook()
local base = debug.getinfo(work, "S").linedefined
local c = {}
for d = 1, 8 do c[d] = per_line[base + d] or 0 end
print(table.concat(c, " ")) --> 1 301 300 150 0 150 0 0
-- hooks are per coroutine
local co_lines = 0
local co = coroutine.create(function() for i = 1, 100 do coroutine.yield() end end)
debug.sethook(co, function() co_lines = co_lines + 1 end, "l")
for i = 1, 300 do s = s + 1 end
print(co_lines) --> 0
coroutine.resume(co)
print(co_lines > 0, (debug.gethook())) --> true	nil
-- inside a hook no hook runs, and what it changes is seen
local depth, deepest, flag = 0, 0, false
debug.sethook(function()
  depth = depth + 1
  if depth > deepest then deepest = depth end
  for i = 1, 10 do flag = true end
  depth = depth - 1
end, "lcr")
local x = 1
x = x + 1
debug.sethook()
print(deepest, flag) --> 1	true
-- the hook reads and changes the locals of the loop
local function victim()
  local v = 0
  for i = 1, 500 do
    v = v + 1
    if i == 300 then
      debug.sethook(function() local n, val = debug.getlocal(2, 1); if n == "v" then debug.setlocal(2, 1, val + 1000); debug.sethook() end end, "l")
    end
  end
  return v
end
print(victim()) --> 1500
print(debug.gethook()) --> nil
