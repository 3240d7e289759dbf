-- the operations of a trace: plain ones, guards, merge points; the light mode
local js = require "jitstat"
local loop, light
js.set_compile_hook(function(info) loop = loop or info end)
local function work(n) local s = 0 for i = 1, n do s = s + i * 3 end return s end
print(work(500)) --> 375750
js.set_compile_hook(function(info) light = light or info end, false)
local function work2(n) local s = 1 for i = 1, n do s = s ~ i end return s end
print(work2(500)) --> 501
js.set_compile_hook()
print(light.operations, light.asmlen > 0) --> nil	true
local names, guards, merges, hashes, last = {}, 0, 0, {}, -1
local classes, ordered, inside, distinct = {}, true, true, true
for i, op in ipairs(loop.operations) do
  names[op.name] = (names[op.name] or 0) + 1
  classes[getmetatable(op).__name] = true
  if op.name:find("^guard_") then
    guards = guards + 1
    distinct = distinct and math.type(op.hash) == "integer" and not hashes[op.hash]
    hashes[op.hash] = true
  else
    assert(op.hash == nil)
  end
  if op.name == "debug_merge_point" then
    merges = merges + 1
    assert(op.jitdriver_name == "lua" and op.call_depth == 0 and op.call_id == loop.loop_no and math.type(op.bytecode_no) == "integer")
    assert(op.greenkey.name == "operations.lua:5" and op.greenkey.position == op.bytecode_no)
  end
  if op.offset >= 0 then
    ordered = ordered and op.offset >= last
    inside = inside and op.offset < loop.asmlen
    last = op.offset
  end
  assert(tostring(op) == op.text and op.index == i - 1 and op.text:find(op.name, 1, true))
end
print(names.int_add >= 2, names.label, names.jump, guards > 2, merges > 0) --> true	1	1	true	true
print(ordered, inside, distinct, last > 0) --> true	true	true	true
print(classes["jitstat.ResOperation"], classes["jitstat.GuardOp"], classes["jitstat.DebugMergePoint"]) --> true	true	true
-- parts of an operation
local add
for _, op in ipairs(loop.operations) do if op.name == "int_add" then add = op end end
print(#add.args, add.result:match("^i%d+$") ~= nil, add.tail) --> 2	true	
print(add.text == ("%s = int_add(%s, %s)"):format(add.result, add.args[1], add.args[2])) --> true
-- making operations
local ResOperation = js.ResOperation
print(ResOperation("int_add", {"i3", 4}, 7)) --> i7 = int_add(i3, 4)
print(ResOperation("float_mul", {2, 0.5, 3.0}, 1)) --> f1 = float_mul(2, 0.5, 3.0)
print(ResOperation("int_sub", {add, 1}, add).text == add.result .. " = int_sub(" .. add.result .. ", 1)") --> true
print(ResOperation("guard_true", {"i1"}, nil, " [pc=1 base=0]")) --> guard_true(i1) [pc=1 base=0]
print(ResOperation("jump", {})) --> jump()
print(pcall(ResOperation, "no_such", {})) --> false	bad argument #1 to 'jitstat.ResOperation' (no operation 'no_such')
print(pcall(ResOperation, "int_add", {true})) --> false	argument 1 of int_add: a number, an operation or its printed form expected, got boolean
