-- Every request for memory of a recording and its compilation fails once. The constant of the stack guard, the last one
-- that is made, was used all the same, and so was the constant of a gmatch iterator's program.
local known, js = pcall(require, "jitstat")
local chunks = {
  [[local s = 0
  for i = 1, 40 do
    local p = { x = i, y = i * 2 }
    local q = { p.y, p.x, sub = { p.x + 1 } }
    s = s + q[1] - q[2] + q.sub[1]
  end
  return s]],
  [[local s = 0
  for i = 1, 10 do
    for k, v in string.gmatch("a=1, b=2, c=3, d=4", "(%w+)=(%w+)") do s = s + v * #k end
  end
  return s]],
}
for _, chunk in ipairs(chunks) do
  local bad
  for n = 1, 400 do
    if known then js.set_param("threshold=2,torture_alloc=" .. n) end
    local s = load(chunk)()
    if s ~= 1680 and s ~= 100 then bad = bad or n end
  end
  if known then js.set_param("torture_alloc=0") end
  print(bad) --> nil
end
--> nil
