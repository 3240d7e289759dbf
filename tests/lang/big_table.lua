-- Tables with hundreds of fields, fields removed and added again, records that grow, dictionaries, sparse keys.
local t = {}
for i = 1, 300 do t["field" .. i] = i end
local s = 0
for round = 1, 10 do
  for i = 1, 300 do s = s + t["field" .. i] end
  s = s + t.field1 + t.field150 + t.field300
  t.field150 = t.field150 + 1
end
print(s, t.field150, t.field301) --> 456100	160	nil
-- delete every other one, add others, look again
for i = 1, 300, 2 do t["field" .. i] = nil end
for i = 301, 400 do t["field" .. i] = i end
local n, sum = 0, 0
for k, v in pairs(t) do n = n + 1; sum = sum + v end
print(n, sum, t.field1, t.field2, t.field400) --> 250	57710	nil	2	400
-- a record that loses and gains a field in a hot loop
local r = { a = 1, b = 2, c = 3 }
local acc = 0
for i = 1, 2000 do
  if i % 2 == 0 then r.b = nil else r.b = i end
  acc = acc + r.a + (r.b or 0) + r.c
end
print(acc, r.b) --> 1008000	nil
-- the order in which fields come does not matter
local function make(order) local o = {}; for c in order:gmatch(".") do o[c] = #order end return o end
local orders, os = { "abcd", "dcba", "badc", "cdab", "abc", "d", "" }, 0
for i = 1, 1400 do
  local o = make(orders[i % #orders + 1])
  os = os + (o.a or 0) + (o.b or 0) * 2 + (o.c or 0) * 3 + (o.d or 0) * 4
end
print(os) --> 36400
-- growing one field at a time, with reads of the first one in between
local g, gs = { first = 1 }, 0
for i = 1, 500 do
  g["n" .. i] = i
  gs = gs + g.first + (g.n1 or 0) + (g["n" .. i // 2] or 0)
  if i == 250 then g.first = 10 end
end
print(gs) --> 65750
-- objects of one constructor that get different extras later
local list, ls = {}, 0
for i = 1, 300 do
  local o = { id = i, kind = "k" }
  if i % 3 == 0 then o.extra = i end
  if i % 5 == 0 then o.other = i; o.extra = nil end
  if i % 7 == 0 then o.kind = nil end
  list[i] = o
end
for round = 1, 10 do
  for i = 1, 300 do
    local o = list[i]
    ls = ls + o.id + (o.extra or 0) + (o.other or 0) + (o.kind and 1 or 0)
  end
end
print(ls) --> 665580
-- a dictionary with turnover: keys die and others are born
local d, live = {}, 0
for i = 1, 5000 do
  d["key" .. i] = i
  if i > 100 then d["key" .. i - 100] = nil end
end
for _ in pairs(d) do live = live + 1 end
print(live, d.key4900, d.key4901, d.key5000) --> 100	nil	4901	5000
-- the same few keys removed and added thousands of times
local u, us = {}, 0
for i = 1, 3000 do
  local k = "k" .. i % 10
  if u[k] then us = us + u[k]; u[k] = nil else u[k] = i end
end
print(us, next(u)) --> 2243250	nil
-- word counts
local counts = {}
for i = 1, 3000 do local w = "w" .. (i * i) % 97; counts[w] = (counts[w] or 0) + 1 end
local distinct, most = 0, 0
for _, c in pairs(counts) do distinct = distinct + 1; if c > most then most = c end end
print(distinct, most, counts.w1, counts.w0) --> 49	62	61	30
-- sparse integers
local sp, ss = {}, 0
for i = 1, 2000 do sp[i * i * 1000003] = i end
for i = 1, 2000 do ss = ss + sp[i * i * 1000003] end
print(ss, #sp, sp[1], sp[1000003]) --> 2001000	0	nil	1
-- sets: union, intersection, difference
local A, B = {}, {}
for i = 1, 300 do A[i * 2] = true; B[i * 3] = true end
local both, either, only = 0, 0, 0
for k in pairs(A) do either = either + 1; if B[k] then both = both + 1 else only = only + 1 end end
for k in pairs(B) do if not A[k] then either = either + 1 end end
print(both, either, only) --> 100	500	200
-- keys that are reserved words, digits, empty and long strings
local odd = { ["end"] = 1, ["1"] = 2, [""] = 3, [("x"):rep(100)] = 4, ["a b"] = 5, ["\0"] = 6 }
local odds = 0
for i = 1, 300 do odds = odds + odd["end"] + odd["1"] + odd[""] + odd[("x"):rep(100)] + odd["a b"] + odd["\0"] + (odd[1] or 0) end
print(odds) --> 6300
-- a table as array, record and set at once, copied
local function copy(x) local c = {}; for k, v in pairs(x) do c[k] = type(v) == "table" and copy(v) or v end return c end
local orig = { 1, 2, { 3, x = { 4 } }, a = { b = { c = 5 } }, [10] = 6 }
local cs = 0
for i = 1, 200 do local c = copy(orig); c[3].x[1] = i; cs = cs + c[1] + c[3].x[1] + c.a.b.c + c[10] end
print(cs, orig[3].x[1]) --> 22500	4
