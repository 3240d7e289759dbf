local q = {}
for i = 1, 600 do
  table.insert(q, i)
  if #q ~= i then print("bad", i, #q) break end
end
print(#q) --> 600
