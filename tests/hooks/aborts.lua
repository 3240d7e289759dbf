-- the abort hook: one call per abort, the counter's name as the reason, also for bridges
local js = require "jitstat"
local by, total, shape = {}, 0, true
js.set_abort_hook(function(driver, key, reason, ops)
  by[reason] = (by[reason] or 0) + 1
  total = total + 1
  shape = shape and driver == "lua" and type(key.name) == "string" and type(ops) == "table" and #ops > 0
  shape = shape and key.name:find("^aborts") and (key.guard_number or (key.position and key.is_being_profiled == false))
end)
local too_long = 0
js.set_trace_too_long_hook(function(driver, key) too_long = too_long + 1 shape = shape and driver == "lua" and key.name end)
js.set_param("trace_limit=60")
local body = {}
for i = 1, 60 do body[i] = ("s = s ~ (i * %d)"):format(i) end
print(load("local s = 0 for i = 1, 300 do " .. table.concat(body, " ") .. " end return s", "=aborts_long")() ~= 0) --> true
js.set_param("trace_limit=6000")
-- a loop whose body raises
for i = 1, 200 do pcall(function() for j = 1, 70 do if j == 65 then error("x", 0) end end end) end
local function sum()
  local n = 0
  local s = js.get_stats_snapshot()
  for name, v in pairs(s.counters) do if name:find("^ABORT_") then n = n + v end end
  return n, s
end
local n, s = sum()
js.set_abort_hook()
js.set_trace_too_long_hook()
print(by.ABORT_TOO_LONG >= 1, by.ABORT_TOO_LONG == too_long, total == n, shape and true) --> true	true	true	true
print(s.hooks.abort.called == total, s.hooks.abort.failed, s.hooks.trace_too_long.called == too_long) --> true	0	true
for reason, times in pairs(by) do assert(s.counters[reason] == times, reason) end
