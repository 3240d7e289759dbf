-- broken lists are refused with a reason and the loop is compiled as it was
--= 0
local js = require "jitstat"
local ResOperation = js.ResOperation
local how
js.set_optimize_hook(function(info) return how(info.operations) end)
local text = "local n = ... local s = 0 for i = 1, n do s = s + i * 7 end return s"
local function try(name, f)
  local before = js.get_stats_snapshot()
  how = f
  local r = load(text, "=" .. name)(300)
  local after = js.get_stats_snapshot()
  print(name, r, after.hooks.optimize.failed - before.hooks.optimize.failed, after.counters.TOTAL_COMPILED_LOOPS - before.counters.TOTAL_COMPILED_LOOPS)
end
local function find(ops, name) for i, op in ipairs(ops) do if op.name == name then return i, op end end end
try("unchanged", function() end) --> unchanged	316050	0	1
try("same", function(ops) return ops end) --> same	316050	0	1
try("undefined", function(ops) --> undefined	316050	1	1
  local i, op = find(ops, "int_mul")
  ops[i] = ResOperation("int_mul", {"i999", 7}, op)
  return ops
end)
try("type", function(ops) --> type	316050	1	1
  local i, op = find(ops, "int_mul")
  ops[i] = ResOperation("int_mul", {op.args[1], 1.5}, op)
  return ops
end)
try("jump", function(ops) --> jump	316050	1	1
  table.remove(ops)
  return ops
end)
try("guard", function(ops) --> guard	316050	1	1
  local i, op = find(ops, "guard_true")
  ops[i] = ResOperation("guard_true", op.args, nil, "")
  return ops
end)
try("order", function(ops) --> order	316050	1	1
  local i = find(ops, "int_mul")
  table.insert(ops, 1, table.remove(ops, i))
  return ops
end)
try("number", function(ops) return {1, 2} end) --> number	316050	1	1
try("string", function(ops) return "ops" end) --> string	316050	1	1
try("empty", function(ops) return {} end) --> empty	316050	1	1
--! jit hook (optimize): the list for undefined:1 is refused: entry 6 (int_mul): value i999 is used but not defined before; compiled as it was
js.set_optimize_hook()
