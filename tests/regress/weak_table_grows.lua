-- A table whose keys and values are weak got a field after the collector had seen it: its new shape was freed.
collectgarbage("incremental", 100, 100, 4)
local mode, all, wrong = { __mode = "kv" }, {}, 0
for r = 1, 300 do
  local t = setmetatable({}, mode)
  all[r % 20 + 1] = t
  for i = 1, 9 do
    t["k" .. r % 7 .. i] = i
    collectgarbage("step", 0)
    for j = 1, i do if t["k" .. r % 7 .. j] ~= j then wrong = wrong + 1 end end
  end
end
print(wrong) --> 0
