-- pcall and xpcall: results, error values of every type, handlers, rethrowing, errors in handlers, hot loops with rare errors.
local function f(i) if i % 64 == 0 then error("x", 0) end return i % 5 end
local s, e = 0, 0
for i = 1, 2000 do
  local ok, v = pcall(f, i)
  if ok then s = s + v else e = e + 1 end
end
print(s, e) --> 3936	31
local values = { "text", 42, 1.5, true, false, { "t" }, print }
local kinds = {}
for round = 1, 50 do
  for i, v in ipairs(values) do
    local ok, got = pcall(error, v)
    kinds[i] = tostring(ok) .. ":" .. type(got) .. ":" .. tostring(got == v)
  end
end
print(table.concat(kinds, " ")) --> false:string:true false:number:true false:number:true false:boolean:true false:boolean:true false:table:true false:function:true
print(pcall(error), pcall(error, nil), select("#", pcall(error))) --> false	false	2
print(pcall(pcall), pcall(pcall, error), pcall(function() return pcall(error, "in") end)) --> false	true	true	false	in
print(pcall(nil), pcall(5)) --> false	false	attempt to call a number value
print(select("#", pcall(function() end)), pcall(function(...) return ... end, 1, nil, 3)) --> 1	true	1	nil	3
-- rethrow keeps the value
local t = { depth = 0 }
local function thrower(n)
  if n == 0 then error(t) end
  local ok, v = pcall(thrower, n - 1)
  v.depth = v.depth + 1
  error(v)
end
for i = 1, 100 do pcall(thrower, 10) end
print(t.depth) --> 1000
-- xpcall with arguments and handlers
print(xpcall(function(a, b) return a + b end, print, 3, 4)) --> true	7
print(xpcall(function() error("m", 0) end, function(m) return m .. "!", "dropped" end)) --> false	m!
print(xpcall(function() local x; return x.y end, function(m) return (m:gsub("^.*: ", "")) end)) --> false	attempt to index a nil value (local 'x')
print(xpcall(error, function(m) return type(m) end)) --> false	nil
print(xpcall(function() error("first", 0) end, function(m) error("second", 0) end)) --> false	error in error handling
print(pcall(xpcall)) --> false	bad argument #2 to 'xpcall' (function expected, got no value)
print(pcall(xpcall, print)) --> false	bad argument #2 to 'xpcall' (function expected, got no value)
local handled = 0
for i = 1, 600 do
  local ok, v = xpcall(f, function(m) handled = handled + 1; return m .. i end, i)
  if not ok and v ~= "x" .. i then handled = -1e9 end
end
print(handled) --> 9
-- errors with a level
local function lib(level) error("msg", level) end
local function user(level) lib(level) end
for _, level in ipairs { 0, 1, 2, 3 } do print(pcall(user, level)) end
--> false	msg
--> false	pcall_.lua:47: msg
--> false	pcall_.lua:48: msg
--> false	msg
-- assert
print(pcall(assert, false), pcall(assert, nil, "message"), pcall(assert, false, { 1 }) == false) --> false	false	true
print(assert(1, 2, 3), pcall(assert), select("#", assert(true, nil))) --> 1	false	2
local a = 0
for i = 1, 300 do
  local ok, m = pcall(assert, i % 3 ~= 0, i)
  if not ok then a = a + m end
end
print(a) --> 15150
-- locals and upvalues survive an error in the middle of a computation
local state, log = { n = 0 }, {}
for i = 1, 500 do
  local before = state.n
  local ok = pcall(function()
    state.n = state.n + 1
    log[#log + 1] = i
    if i % 10 == 0 then error() end
    state.n = state.n + 1
  end)
  if ok ~= (state.n == before + 2) then print("wrong", i) end
end
print(state.n, #log) --> 950	500
-- error objects with __tostring, and with fields
local E = setmetatable({}, { __call = function(c, m) return setmetatable({ m = m }, c) end })
E.__tostring = function(x) return "E(" .. x.m .. ")" end
local ok, obj = pcall(function() error(E "boom") end)
print(ok, tostring(obj), getmetatable(obj) == E) --> false	E(boom)	true
-- pcall as a value
local p = pcall
local c = 0
for i = 1, 300 do if p(p, p, error) then c = c + 1 end end
print(c) --> 300
