-- With torture_guard: a guard that failed behind table.insert made the interpreter insert again.
local known, js = pcall(require, "jitstat")
local bad
for n = 20, 40 do
  if known then js.set_param("threshold=3,torture_guard=" .. n) end
  for r = 1, 20 do
    local t = {}
    for i = 1, 40 do
      table.insert(t, i * 7 % (#t + 1) + 1, i)
      if #t ~= i then bad = bad or i break end
    end
  end
end
print(bad) --> nil
