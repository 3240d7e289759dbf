-- A program that does little but load chunks and call them is collected.
local peak, base = 0, collectgarbage("count")
for i = 1, 20000 do
  load("for i = 1, 2 do end")()
  if i % 100 == 0 then peak = math.max(peak, collectgarbage("count")) end
end
print(peak < base + 2000) --> true
-- so is one whose chunks are refused
peak = 0
for i = 1, 20000 do
  load("return +")
  if i % 100 == 0 then peak = math.max(peak, collectgarbage("count")) end
end
print(peak < base + 2000) --> true
