-- an optimize hook that changes the program: an addition becomes a subtraction, a constant another one
local js = require "jitstat"
local ResOperation = js.ResOperation
local code
js.set_compile_hook(function(info) code = code or js.code_bytes(info) end)
local plain = load("local n = ... local s = 0 for i = 1, n do s = s + (i | 16) end return s")
print(plain(1000)) --> 508564
local plain_code = code
-- the same program, int_or turned into int_and
code = nil
local changed = 0
js.set_optimize_hook(function(info)
  local ops = info.operations
  for i, op in ipairs(ops) do
    if op.name == "int_or" then
      ops[i] = ResOperation("int_and", op.args, op)
      changed = changed + 1
    end
  end
  return ops
end)
local twin = load("local n = ... local s = 0 for i = 1, n do s = s + (i | 16) end return s")
local s = twin(1000)
js.set_optimize_hook()
print(changed > 0, s ~= 508564, code ~= plain_code) --> true	true	true
-- interpreted iterations used |, compiled ones & : which is which shows in the sum
local ok = false
for first = 1, 200 do
  local sum = 0
  for i = 1, 1000 do sum = sum + (i < first and (i | 16) or (i & 16)) end
  ok = ok or sum == s
end
print(ok) --> true
-- a constant
js.set_optimize_hook(function(info)
  local ops = info.operations
  for i, op in ipairs(ops) do
    for j, arg in ipairs(op.args) do
      if arg == 1000003 then
        local args = op.args
        args[j] = 1
        ops[i] = ResOperation(op.name, args, op)
      end
    end
  end
  return ops
end)
local function const(n) local s = 0 for i = 1, n do s = s + 1000003 end return s end
local r = const(500)
print(r < 500 * 1000003 and r > 500, r % 1000002 == 500) --> true	true
-- a new operation with a result of its own, and operations taken away
js.set_optimize_hook(function(info)
  local out = {}
  for i, op in ipairs(info.operations) do
    if op.name == "int_mul" then
      local a = ResOperation("int_lshift", {op.args[1], 3})
      out[#out + 1] = a
      out[#out + 1] = ResOperation("int_sub", {a, op.args[1]}, op)
    elseif op.name ~= "debug_merge_point" then
      out[#out + 1] = op
    end
  end
  return out
end)
local function mul(n) local s = 0 for i = 1, n do s = s + i * 7 end return s end
print(mul(1000)) --> 3503500
js.set_optimize_hook()
local hooks = js.get_stats_snapshot().hooks.optimize
print(hooks.called >= 3, hooks.failed) --> true	0
