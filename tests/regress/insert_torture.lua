-- A guard that failed behind table.insert made the interpreter insert again. Only a forced failure does that.
local known, js = pcall(require, "jitstat")
if known then js.set_param("threshold=3,torture_guard=31") end
local bad
for r = 1, 40 do
  local t = {}
  for i = 1, 40 do
    table.insert(t, i * 7 % (#t + 1) + 1, i)
    if #t ~= i then bad = bad or i break end
  end
end
print(bad) --> nil
