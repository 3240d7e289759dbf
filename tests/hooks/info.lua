-- what a compile hook is told about a loop, a bridge and an entry bridge
local js = require "jitstat"
print(type(js), js == require "jitstat", jit) --> table	true	nil
local seen = {}
js.set_compile_hook(function(info) seen[#seen + 1] = info end)
local function loop(n) local s = 0 for i = 1, n do if i % 5 == 0 then s = s + 2.5 else s = s + 1 end end return s end
print(loop(2000)) --> 2600.0
js.set_compile_hook(nil)
local a, b = seen[1], seen[2]
print(#seen >= 2, a.type, b.type) --> true	loop	bridge
print(a.jitdriver_name, b.jitdriver_name) --> lua	lua
print(a.greenkey.code == loop, math.type(a.greenkey.position), a.greenkey.is_being_profiled) --> true	integer	false
print(a.greenkey.name, a.name) --> info.lua:6	info.lua:6
print(b.greenkey, b.name) --> nil	info.lua:6
print(a.loop_no, b.loop_no == a.loop_no, b.bridge_no > a.loop_no) --> 1	true	true
print(pcall(function() return a.bridge_no end)) --> false	info.lua:16: not a bridge
print(math.type(b.guard_number), a.guard_number) --> integer	nil
print(math.type(a.asmaddr), a.asmlen > 0, b.asmlen > 0) --> integer	true	true
print(tostring(a), tostring(b)) --> JitLoopInfo: loop 1 of info.lua:6	JitLoopInfo: bridge 1 of info.lua:6
print(#js.code_bytes(a) == a.asmlen, #js.code_bytes(b) == b.asmlen, js.code_bytes({})) --> true	true	nil
-- a function that is called in many places is compiled from its entry
local entry
js.set_compile_hook(function(info) if info.type == "entry bridge" and not entry then entry = info end end)
local function long(x)
  local a, b, c = x, x * 2, x * 3
  a = a + b; b = b ~ c; c = c * a; a = a - c; b = b + a; c = c & b
  a = a * b; b = b - c; c = c + a; a = a | c; b = b * a; c = c - b
  a = a ~ b; b = b | c; c = c ~ a; a = a & b; b = b + c; c = c * b
  if a > b then a = b end
  if b > c then b = c end
  if c > a then c = a end
  return a + b + c
end
local function call_from_c(n) return (string.gsub(("x"):rep(n), "x", function(s) long(#s) return nil end)) end
for i = 1, 20 do call_from_c(40) end
js.set_compile_hook(nil)
print(entry ~= nil, entry and entry.type, entry and entry.greenkey.is_being_profiled) --> true	entry bridge	false
