-- what is wrong with a list that is refused: entry, operation, reason; and what ResOperation itself refuses
--= 0
local js = require "jitstat"
local R = js.ResOperation
local entry
js.set_optimize_hook(function(info)
  local ops = info.operations
  table.insert(ops, #ops, entry)
  return ops
end)
local function refused(what) -- puts it before the jump
  entry = what
  local before = js.get_stats_snapshot().hooks.optimize.failed
  load("local n = ... local s = 0 for i = 1, n do s = s + i * 7 end return s", "=p")(300)
  assert(js.get_stats_snapshot().hooks.optimize.failed == before + 1)
end
refused(5) --! jit hook (optimize): entry 30 of the list is a number, no operation
refused({}) --! jit hook (optimize): entry 30 of the list is no operation (it has no text)
refused({text = "i9 = int_add(1, 2)\0"}) --! jit hook (optimize): entry 30 of the list is no operation (it has no text)
refused({text = " "}) --! jit hook (optimize): the list for p:1 is refused: entry 30: empty; compiled as it was
refused({text = "# link=interp"}) --! jit hook (optimize): the list for p:1 is refused: entry 30: not one operation; compiled as it was
refused({text = "link=interp"}) --! jit hook (optimize): the list for p:1 is refused: entry 30 (link): not one operation; compiled as it was
refused({text = "label()\nlabel()"}) --! jit hook (optimize): the list for p:1 is refused: entry 30 (label): not one operation; compiled as it was
refused({text = "what is this"}) --! jit hook (optimize): the list for p:1 is refused: entry 30 (what): unknown operation 'what'; compiled as it was
refused({text = "i9 = int_add(1, 2"}) --! jit hook (optimize): the list for p:1 is refused: entry 30 (int_add): expected ')' before ''; compiled as it was
refused({text = "i9 = int_add(1, ?)"}) --! jit hook (optimize): the list for p:1 is refused: entry 30 (int_add): expected a value before '?)'; compiled as it was
refused({text = "i99999999 = int_add(1, 2)"}) --! jit hook (optimize): the list for p:1 is refused: entry 30 (int_add): value number 99999999 is too large; compiled as it was
refused({text = "f9 = int_add(1, 2)"}) --! jit hook (optimize): the list for p:1 is refused: entry 30 (int_add): int_add gives i, not f; compiled as it was
refused(R("int_add", {1})) --! jit hook (optimize): the list for p:1 is refused: entry 30 (int_add): invariant 1: int_add has 1 arguments, too few; compiled as it was
refused(R("int_add", {1, "i77"})) --! jit hook (optimize): the list for p:1 is refused: entry 30 (int_add): value i77 is used but not defined before; compiled as it was
refused(R("int_add", {1, 2.5})) --! jit hook (optimize): the list for p:1 is refused: entry 30 (int_add): invariant 1: argument 2 is f, not i; compiled as it was
refused(R("guard_true", {1})) --! jit hook (optimize): the list for p:1 is refused: entry 30 (guard_true): invariant 3: guard_true without resume data; compiled as it was
refused(R("label", {})) --! jit hook (optimize): the list for p:1 is refused: entry 30 (label): invariant 4: a second label; compiled as it was
refused(R("jump", {})) --! jit hook (optimize): the list for p:1 is refused: entry 30 (jump): invariant 4: jump is not the last operation; compiled as it was
refused(R("getfield_gc_i", {"ptr(0x10)"})) --! jit hook (optimize): the list for p:1 is refused: entry 30 (getfield_gc_i): invariant 6: getfield_gc_i without its kind of descriptor; compiled as it was
refused(R("getfield_gc_i", {"ptr(0x10)", "descr=nix"})) --! jit hook (optimize): the list for p:1 is refused: entry 30 (getfield_gc_i): unknown descriptor 'nix'; compiled as it was
js.set_optimize_hook(function(info) return {table.unpack(info.operations, 1, #info.operations - 1)} end)
load("local n = ... local s = 0 for i = 1, n do s = s + i * 7 end return s", "=p")(300) --! jit hook (optimize): the list for p:1 is refused: behind entry 29: invariant 4: no jump at the end; compiled as it was
-- floats of every kind are taken as they are
local failed = js.get_stats_snapshot().hooks.optimize.failed
js.set_optimize_hook(function(info)
  local ops = info.operations
  for _, x in ipairs {1 / 0, -1 / 0, 0 / 0, -(0 / 0), 1e300, 2^53, -0.0, 5e-324} do table.insert(ops, #ops, R("float_add", {x, x})) end
  return ops
end)
load("local n = ... local s = 0 for i = 1, n do s = s + i * 7 end return s", "=p")(300)
print(js.get_stats_snapshot().hooks.optimize.failed - failed) --> 0
js.set_optimize_hook()
local function err(...) print((select(2, pcall(R, ...)))) end
err("int_frob", {}) --> bad argument #1 to 'jitstat.ResOperation' (no operation 'int_frob')
err("int_add") --> bad argument #2 to 'jitstat.ResOperation' (table expected, got no value)
err("int_add", {1, {}}) --> argument 2 of int_add is a table that is no operation (it has no text)
err("int_add", {R("jump", {}), 1}) --> argument 1 of int_add gives no value: jump()
err("int_add", {1, true}) --> argument 2 of int_add: a number, an operation or its printed form expected, got boolean
err("int_add", {"a\0b"}) --> argument 1 of int_add: a NUL in the text
err("int_add", {1, 2}, {}) --> bad argument #3 to 'jitstat.ResOperation' (not an operation)
err("int_add", {1, 2}, "i7") --> bad argument #3 to 'jitstat.ResOperation' (table expected, got string)
err("int_add", {1, 2}, 7, {}) --> bad argument #4 to 'jitstat.ResOperation' (string expected, got table)
