-- Yields across pcall, xpcall, metamethods, iterators, sort-free library calls, and errors that unwind through them.
local yield, wrap = coroutine.yield, coroutine.wrap
-- pcall inside a coroutine, yielding inside pcall, errors afterwards
local co = wrap(function()
  local n = 0
  while true do
    local ok, v = pcall(function()
      local got = yield(n)
      if got % 5 == 0 then error("five " .. got, 0) end
      return got
    end)
    n = n + (ok and v or 1000)
    if not ok and v ~= "five " .. (v:match("%d+")) then n = -1 end
  end
end)
local r = co()
for i = 1, 500 do r = co(i) end
print(r) --> 200000
local x = wrap(function()
  return xpcall(function(a) yield(a + 1); error("after") end, function(m) return "handled: " .. m end, 41)
end)
print(x()) --> 42
print(x()) --> false	handled: coro_pcall.lua:20: after
-- nested pcalls, a yield in the innermost
local function nest(d) if d == 0 then yield("deep"); error("bottom", 0) end local ok, e = pcall(nest, d - 1); error(e .. "<" .. d, 0) end
local deep = wrap(function() return pcall(nest, 10) end)
print(deep()) --> deep
print(deep()) --> false	bottom<1<2<3<4<5<6<7<8<9<10
-- every metamethod may yield
local mt = {}
for _, e in ipairs { "add", "sub", "mul", "div", "mod", "pow", "idiv", "band", "bor", "bxor", "shl", "shr", "concat", "lt", "le", "eq", "call" } do
  mt["__" .. e] = function(a, b) return yield(e) end
end
mt.__unm = function() return yield "unm" end
mt.__bnot = function() return yield "bnot" end
mt.__len = function() return yield "len" end
mt.__index = function(t, k) return yield("index " .. k) end
mt.__newindex = function(t, k, v) yield("newindex " .. k) end
local a, b = setmetatable({}, mt), setmetatable({}, mt)
local all = wrap(function()
  local t = {}
  t[#t + 1] = a + b
  t[#t + 1] = a - 1
  t[#t + 1] = 2 * b
  t[#t + 1] = a / b
  t[#t + 1] = a % b
  t[#t + 1] = a ^ 2
  t[#t + 1] = a // b
  t[#t + 1] = a & b
  t[#t + 1] = 1 | b
  t[#t + 1] = a ~ b
  t[#t + 1] = a << 1
  t[#t + 1] = a >> b
  t[#t + 1] = a .. b
  t[#t + 1] = "x" .. "y" .. a .. "z"
  t[#t + 1] = a < b
  t[#t + 1] = a <= b
  t[#t + 1] = a == b
  t[#t + 1] = a ~= b
  t[#t + 1] = not (a > b)
  t[#t + 1] = a(5)
  t[#t + 1] = -a
  t[#t + 1] = ~a
  t[#t + 1] = #a
  t[#t + 1] = a.field
  a.other = 5
  t[#t + 1] = "end"
  for i = 1, #t do t[i] = tostring(t[i]) end
  return "result " .. table.concat(t, " ")
end)
local events, v = {}, all()
while not v:find("^result") do
  events[#events + 1] = v
  v = all(#events)
end
print(table.concat(events, ",")) --> add,sub,mul,div,mod,pow,idiv,band,bor,bxor,shl,shr,concat,concat,lt,le,eq,eq,lt,call,unm,bnot,len,index field,newindex other
print(v) --> result 1 2 3 4 5 6 7 8 9 10 11 12 13 xy14 true true true false false 20 21 22 23 24 end
-- in conditions, hot
local cond = wrap(function()
  local n = 0
  for i = 1, 300 do
    if a < b then n = n + 1 end
    if a == b then n = n + 10 end
    while a <= b do n = n + 100 end
  end
  return "done " .. n
end)
local count = 0
v = cond()
while not v:find("^done") do
  count = count + 1
  v = cond(count % 3 == 0)
end
print(v, count) --> done 3090	901
-- iterators that yield
local iter = wrap(function()
  local s = 0
  for k, val in function(_, i) i = i + 1; yield("step"); if i <= 300 then return i, i * 2 end end, nil, 0 do s = s + val end
  for k, val in pairs(setmetatable({}, { __pairs = function(t) yield("pairs"); return next, { 1, 2, 3 }, nil end })) do s = s + val end
  return s
end)
local steps = 0
v = iter()
while type(v) == "string" do steps = steps + 1; v = iter() end
print(v, steps) --> 90306	302
-- where a yield is not possible
print(wrap(function() return pcall(table.sort, { 3, 2, 1 }, function(p, q) yield(); return p < q end) end)()) --> false	attempt to yield across a C-call boundary
print(wrap(function() return pcall(string.gsub, "x", "x", function() yield() end) end)()) --> false	attempt to yield across a C-call boundary
print(wrap(function() return pcall(load, function() yield() end) end)()) --> true	nil	attempt to yield across a C-call boundary
-- dofile, require-like loads and table functions with metamethods that yield
local tl = wrap(function() return select("#", table.unpack(setmetatable({}, { __index = function(_, i) return i end }), 1, 5)) end)
print(tl()) --> 5
-- an error passes several coroutines
local function chain(d) return wrap(function() if d == 0 then error("origin", 0) end chain(d - 1)() end) end
print(pcall(chain(10))) --> false	coro_pcall.lua:114: coro_pcall.lua:114: coro_pcall.lua:114: coro_pcall.lua:114: coro_pcall.lua:114: coro_pcall.lua:114: coro_pcall.lua:114: coro_pcall.lua:114: coro_pcall.lua:114: coro_pcall.lua:114: origin
