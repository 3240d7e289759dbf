-- A loop that can count its rounds in a register counts as one that cannot: the same functions with a call that may look (any C
-- function may) in each round, which makes the loop count in memory, and in bridges, which makes them count at once.
local js = require "jitstat"
local shapes = {
  plain = "for i = 1, n do CALL s = s + i end",
  leaves = "for i = 1, n do CALL if i == m then return s end s = s + i end",
  bridge = "for i = 1, n do CALL if i % 3 == 0 then s = s + 1 else s = s - i end CALL end",
  bridges = "for i = 1, n do CALL if i % 5 == 0 then s = s + 1 elseif i % 5 == 1 then s = s - i elseif i % 7 == 2 then s = s ~ i end CALL end",
  deep = [[for i = 1, n do CALL local v = i * 7919 % 1009 if v < 500 then if v < 250 then if v < 120 then if v < 60 then if v < 30 then
    if v < 15 then if v < 7 then s = s + 1 else s = s ~ 5 end else s = s + 2 end else s = s + 3 end else s = s + 4 end
    else s = s - 1 end else s = s - 2 end else s = s ~ 1 end CALL end]], -- and bridges that are counted at their end as those that are at their beginning
  floats = "local x = 0.5 for i = 1, n do CALL x = x * 1.0001 if x > 1.01 then x = x - 0.01 end end s = x",
  whiles = "while n > 0 do CALL n = n - 1 s = s + n if s > 1000 then s = s - 999 end end",
  nested = "for i = 1, n do for j = 1, i % 11 do CALL s = s + j end end",
  strings = "local t = '' for i = 1, n do CALL t = t .. 'x' if #t > 30 then t = '' end end s = #t",
}
local function make(text, call)
  return load("local look = ... return function(n, m) local s = 0 " .. text:gsub("CALL", call) .. " return s end", "=shape")(os.clock)
end
local function counts()
  local r = {l = 0, e = 0, b = 0}
  for _, x in ipairs(js.get_stats_snapshot().loop_run_times) do
    if x.greenkey:find("^shape:") then r[x.kind] = r[x.kind] + x.runs end
  end
  return r
end
local function run(f)
  js.releaseall()
  for i = 1, 30 do f(300, 17) end -- all its traces are made
  js.enable_debug()
  local a, results, out = counts(), {}, {}
  for n = 0, 30 do results[#results + 1] = f(n * n, n % 12) end
  results[#results + 1] = f(100000, -1)
  local b = counts()
  js.disable_debug()
  for k in pairs(b) do out[#out + 1] = k .. "=" .. b[k] - a[k] end
  f(5000, 3)
  local c = counts()
  for k in pairs(c) do assert(c[k] == b[k], "counted while off") end
  table.sort(out)
  return table.concat(out, " "), table.concat(results, " ")
end
js.set_param("default,threshold=10,trace_eagerness=3,function_threshold=60000")
for name, text in pairs(shapes) do
  local quick, a = run(make(text, ""))
  local slow, b = run(make(text, "look()"))
  if quick ~= slow then print(name, quick, slow) end
  assert(a == b, name)
  assert(quick:match("l=(%d+)") + quick:match("b=(%d+)") > 5000, name)
end
print("done") --> done
