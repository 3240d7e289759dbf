-- To-be-closed variables: order, errors, breaks, returns, gotos, nil and false, values kept, hot loops.
local log = {}
local function c(name, f)
  return setmetatable({ name = name }, { __close = function(self, e) log[#log + 1] = name .. (e and "!" or ""); if f then f(e) end end })
end
local function flush() local s = table.concat(log, " "); log = {}; return s end
do
  local a <close> = c "a"
  local b <close> = c "b"
  do local d <close> = c "d" end
  log[#log + 1] = "body"
end
print(flush()) --> d body b a
local function early(n)
  local a <close> = c "a"
  if n == 1 then return "one" end
  local b <close> = c "b"
  if n == 2 then return "two", 2 end
  return (function() return "tail", n end)()
end
print(early(1), flush()) --> one	a
print(early(2)) --> two	2
print(flush()) --> b a
print(early(3)) --> tail	3
print(flush()) --> b a
for i = 1, 3 do
  local x <close> = c("x" .. i)
  if i == 2 then goto continue end
  if i == 3 then break end
  log[#log + 1] = "end" .. i
  ::continue::
end
print(flush()) --> end1 x1 x2 x3
while true do
  local w <close> = c "w"
  do
    local v <close> = c "v"
    break
  end
end
print(flush()) --> v w
-- errors: the object is passed, a new one replaces it
print(pcall(function()
  local a <close> = c("a", function(e) log[#log + 1] = tostring(e) end)
  local b <close> = c("b", function(e) error("from b", 0) end)
  local d <close> = c("d", function(e) log[#log + 1] = tostring(e) end)
  error("body", 0)
end)) --> false	from b
print(flush()) --> d! body b! a! from b
-- an error while closing normally
print(pcall(function()
  local a <close> = c "a"
  local b <close> = c("b", function() error("closing", 0) end)
  return "result"
end)) --> false	closing
print(flush()) --> b a!
-- nil and false are ignored, others must have the metamethod
do
  local n <close> = nil
  local f <close> = false
end
print(pcall(function() local x <close> = {} end)) --> false	tbc.lua:62: variable 'x' got a non-closable value
print(pcall(function() local x <close> = 5 end)) --> false	tbc.lua:63: variable 'x' got a non-closable value
print(load("local x <close> = nil; x = 1")) --> nil	[string "local x <close> = nil; x = 1"]:1: attempt to assign to const variable 'x'
print(load("local x <close>, y <close> = nil, nil")) --> nil	[string "local x <close>, y <close> = nil, nil"]:1: multiple to-be-closed variables in local list
-- the metamethod is looked up when closing
print(pcall(function()
  local mt = { __close = print }
  local x <close> = setmetatable({}, mt)
  mt.__close = nil
end)) --> false	tbc.lua:71: attempt to call a nil value (metamethod 'close')
-- results survive the closing
local function values() local x <close> = c("x", function() log[#log + 1] = "v" end); return 1, nil, 3 end
print(select("#", values()), values()) --> 3	1	nil	3
print(flush()) --> x v x v
-- hot: a lock taken and freed
local held, most, freed = 0, 0, 0
local mt = { __close = function() held = held - 1; freed = freed + 1 end }
local function take() held = held + 1; if held > most then most = held end return setmetatable({}, mt) end
for i = 1, 1000 do
  local a <close> = take()
  if i % 3 == 0 then
    local b <close> = take()
    if i % 9 == 0 then goto skip end
  end
  if i % 5 == 0 then pcall(function() local d <close> = take(); error() end) end
  ::skip::
end
print(held, most, freed) --> 0	2	1511
-- the object in a register of a hot loop that leaves by error at a late iteration
local closed_at = {}
local ok, e = pcall(function()
  for i = 1, 800 do
    local x <close> = setmetatable({}, { __close = function(_, err) if i > 790 then closed_at[#closed_at + 1] = i .. (err and "!" or "") end end })
    if i == 795 then error("stop", 0) end
  end
end)
print(ok, e, table.concat(closed_at, " ")) --> false	stop	791 792 793 794 795!
-- constants cannot be assigned and are folded
local K <const>, S <const>, F <const> = 7, "s", 2.5
local k = 0
for i = 1, 300 do k = k + K + #S + F end
print(k, load("local a <const> = 1; a = 2")) --> 3150.0	nil	[string "local a <const> = 1; a = 2"]:1: attempt to assign to const variable 'a'
print(load("local a <const> = 1; return function() a = 2 end")) --> nil	[string "local a <const> = 1; return function() a = 2 ..."]:1: attempt to assign to const variable 'a'
