-- Coroutines that Lua code resumes share an activation of the interpreter: errors, jumping yields, C functions between.
local y, wrap, create, resume, status = coroutine.yield, coroutine.wrap, coroutine.create, coroutine.resume, coroutine.status
for i = 1, 50 do math.abs(i) end -- the functions of the library are known from here on
-- an error below catchers in different threads
local function deep(n, at)
  if n == 0 then error("low", 0) end
  local co = create(deep)
  if n == at then
    local ok, e = pcall(function() local ok, e = resume(co, n - 1, at) if not ok then error(e .. n, 0) end end)
    y(e)
    return e .. "!"
  end
  local ok, a = resume(co, n - 1, at)
  if status(co) == "suspended" then
    y(a)
    ok, a = resume(co)
  end
  if not ok then error(a, 0) end
  return a
end
local top = wrap(deep)
print(top(9, 4)) --> low4
print(top()) --> low4!
print(pcall(wrap(deep), 5, 7)) --> false	low
-- catchers stay right while errors go through them again and again
local function again(n)
  return wrap(function()
    for i = 1, 3 do
      local w = wrap(function() y(i) error("e" .. i, 0) end)
      w()
      local ok, e = pcall(w)
      y(e)
      if n > 0 then for v in again(n - 1) do y(v) end end
    end
  end)
end
local got = {}
for v in again(2) do got[#got + 1] = v end
print(#got, table.concat(got, " ", 1, 8)) --> 39	e1 e1 e1 e2 e3 e2 e1 e2
-- a wrapped function's error passes a message handler once, in the resumer
local calls = 0
local ok, e = xpcall(function() wrap(function() wrap(function() error("x", 0) end)() end)() end, function(m) calls = calls + 1 return "handled " .. m:gsub("^.*: ", "") end)
print(ok, e, calls) --> false	handled x	1
-- yields from metamethods, from a C function under pcall, from __close: they jump, and their resumer goes on
local meta = setmetatable({}, { __index = y, __add = y, __close = y, __call = y, __lt = function() return y("lt") end })
local function all()
  local a = meta.key
  local b = meta + 1
  local c = meta(3)
  local d = meta < meta
  local ok, p = pcall(y, "in pcall")
  do local x <close> = meta end
  return a, b, c, d, ok, p
end
local co, list = create(all), {}
for i = 1, 6 do
  local r = table.pack(resume(co, i * 10))
  list[i] = type(r[r.n]) == "table" and "t" or tostring(r[r.n])
end
print(table.concat(list, " ")) --> key 1 3 lt in pcall nil
print(resume(co, 70)) --> true	20	30	40	true	true	60
-- the same coroutine resumed from Lua code and from C in turns
co = create(function(a) local s = 0 while a do s = s + a a = y(s) end return "end" end)
local r = {}
for i = 1, 6 do
  if i % 2 == 0 then table.sort({ 1, 2 }, function() r[i] = select(2, resume(co, i)) return false end)
  else r[i] = select(2, resume(co, i)) end
end
print(table.concat(r, " "), resume(co)) --> 1 3 6 10 15 21	true	end
local g = wrap(function() for i = 1, 6 do y(i) end end)
print((string.gsub("abcdef", "%l", function() return g() end)), g(), pcall(g)) --> 123456	nil	false	cannot resume dead coroutine
-- many values each way, more than the stack has room for
co = create(function(...) while true do y(select("#", ...), ...) end end)
print(select("#", resume(co, table.unpack({}, 1, 500)))) --> 502
co = create(function() local t = {} for i = 1, 3000 do t[i] = i end y(table.unpack(t)) return table.unpack(t, 1, 5) end)
print(select(3001, resume(co))) --> 3000
print(resume(co)) --> true	1	2	3	4	5
print((select(2, pcall(wrap(function() return y(table.unpack({}, 1, 2)) end)))), select("#", wrap(function() y() end)())) --> nil	0
-- what the frames look like from inside and outside
local outer, inner
outer = create(function()
  inner = create(function() 
    print(status(outer), status(inner), coroutine.isyieldable(), select(2, coroutine.running())) --> normal	running	true	false
    print(resume(outer)) --> false	cannot resume non-suspended coroutine
    print(pcall(coroutine.close, outer)) --> false	cannot close a normal coroutine
    y()
  end)
  resume(inner)
  print((debug.traceback(inner, "i"):gsub("%s+", " "))) --> i stack traceback: [C]: in function 'coroutine.yield' coro_direct.lua:86: in function <coro_direct.lua:82>
end)
resume(outer)
-- the depth of resumes is bounded as that of C calls
local depth = 0
local function endless() depth = depth + 1 return (wrap(endless)()) end
ok, e = pcall(endless)
print(ok, e:find("C stack overflow", 1, true) ~= nil, depth > 100 and depth < 250) --> false	true	true
-- variables to be closed, in coroutines that die, are closed, or are left
local log = {}
local function closing(n) return setmetatable({}, { __close = function(_, e) log[#log + 1] = n .. ":" .. tostring(e) end }) end
co = create(function() local a <close> = closing("a") y() error("died", 0) end)
resume(co)
print(resume(co)) --> false	died
print(coroutine.close(co)) --> false	died
local w = wrap(function() local b <close> = closing("b") error("wrapped", 0) end)
print(pcall(w)) --> false	wrapped
co = create(function() local c <close> = closing("c") y() end)
resume(co) print(coroutine.close(co), status(co)) --> true	dead
for v in wrap(function() local d <close> = closing("d") y(1) y(2) end) do if v == 3 then break end end
print(table.concat(log, " ")) --> a:died b:wrapped c:nil d:nil
-- a hook in one of them
co = create(function() local n = 0 for i = 1, 3 do n = n + y(n) end return n end)
local lines = 0
debug.sethook(co, function() lines = lines + 1 end, "l")
resume(co) resume(co, 1) debug.sethook(co) resume(co, 2)
print(lines > 0, select(2, resume(co, 3)), status(co)) --> true	6	dead
-- suspended ones are collected, with what only they hold
local weak = setmetatable({}, { __mode = "k" })
for i = 1, 20 do local t = {} weak[t] = i local c = wrap(function() local keep = t y() return keep end) c() end
collectgarbage() collectgarbage()
print(next(weak)) --> nil
-- tail calls of yield and resume, and pcall around them
local function get(...) return y(...) end
local function step(c, ...) return resume(c, ...) end
local function pget(...) return pcall(y, ...) end
co = create(function(a)
  local b, c = get(a, "one")
  local d, e = pget(b, c)
  local f, g = select(2, xpcall(y, print, d, e))
  error(f + g, 0)
end)
print(step(co, 1)) --> true	1	one
print(step(co, 2, 3)) --> true	2	3
print(pcall(step, co, 4)) --> true	true	true	4
print(pcall(resume, co, 5, 6)) --> true	false	11
print(pcall(resume, co)) --> true	false	cannot resume dead coroutine
local function last(n) return wrap(function() if n == 0 then return "bottom", 7 end return last(n - 1)() end) end
print(last(30)()) --> bottom	7
print(pcall(last(30))) --> true	bottom	7
print(pcall(wrap(y), 1, 2)) --> true	1	2
w = wrap(y)
print(w(1), w(2), pcall(w)) --> 1	2	false	cannot resume dead coroutine
w = wrap(pcall)
print(w(function() return y(1) end)) --> 1
print(w("back")) --> true	back
w = wrap(pcall)
print(w(y, 5)) --> 5
print(w("b1", "b2")) --> true	b1	b2
w = wrap(function(...) local n = select("#", y(...)) do return pcall(error, n) end end)
print(w(1, nil, nil), "and", w(nil, nil)) --> 1	and	false	2
local sum = 0
for i = 1, 300 do
  co = create(function(a) while true do local ok, v = pcall(get, a) if not ok then return v end a = v end end)
  for k = 1, 5 do sum = sum + select(2, step(co, k)) end
end
print(sum) --> 4500
