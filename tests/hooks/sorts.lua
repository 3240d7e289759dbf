-- table.sort by Lua functions runs on traces: the loops of its own sort are compiled, once for each comparison.
local js = require "jitstat"
js.set_param("default")
local names = {}
js.set_compile_hook(function(info) names[#names + 1] = info.greenkey and info.greenkey.name or "" end)
local function data() local t = {}; for i = 1, 5000 do t[i] = i * 7919 % 5003 end; return t end
table.sort(data(), function(a, b) return a < b end) -- 200 elements show that it is worth it
table.sort(data(), function(a, b) return a > b end)
local t = data()
table.sort(t, function(a, b) return a < b end)
js.set_compile_hook(nil)
local loops = 0
for _, name in ipairs(names) do loops = loops + (name:find("[sort]", 1, true) and 1 or 0) end
local exits = js.get_stats_snapshot().guard_exits
assert(loops >= 3, "loops compiled in sorts: " .. loops)
assert(exits < 30000, "left too often: " .. exits)
print(t[1], t[5000]) --> 1	5002
