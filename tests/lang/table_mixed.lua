-- Keys of every kind: floats are normalized to integers, -0 and 0 are one key, nan and nil cannot be keys.
local t = {}
for i = 1, 300 do
  t[i] = "i" .. i
  t[i + 0.5] = "h" .. i
  t["k" .. i] = "s" .. i
  t[-i] = "n" .. i
  t[i * 1.0] = "f" .. i
end
print(t[7], t[7.0], t[7.5], t.k7, t[-7], t["-7"], #t) --> f7	f7	h7	s7	n7	nil	300
t[2^53] = "big float"
print(t[1 << 53], t[2.0^53], t[9007199254740993]) --> big float	big float	nil
t[0] = "zero"
print(t[-0.0], t[0.0], t[-0]) --> zero	zero	zero
t[true], t[false] = "yes", "no"
local f = function() end
t[f], t[print], t[t] = "function", "print", "self"
local co = coroutine.create(f)
t[co] = "thread"
t[io.stdout] = "file"
print(t[true], t[false], t[f], t[print], t[t], t[co], t[io.stdout]) --> yes	no	function	print	self	thread	file
t[1e300], t[-1e300], t[math.huge], t[2^63] = 1, 2, 3, 4
print(t[1e300], t[-1e300], t[math.huge], t[2^63], t[-math.huge], t[math.mininteger], t[-2^63]) --> 1	2	3	4	nil	nil	nil
t[-2^63] = "min"
print(t[math.mininteger]) --> min
print(pcall(function() t[nil] = 1 end)) --> false	table_mixed.lua:26: table index is nil
print(pcall(function() t[0/0] = 1 end)) --> false	table_mixed.lua:27: table index is NaN
print(t[nil], t[0/0], pcall(rawset, t, nil, 1)) --> nil	nil	false	table index is nil
print(pcall(rawset, t, 0/0, 1)) --> false	table index is NaN
print(next({}, nil), pcall(next, {}, "missing")) --> nil	false	invalid key to 'next'

-- the same slot by integer and float keys in one hot loop
local a, s = {}, 0
for i = 1, 300 do a[i] = i end
for round = 1, 10 do
  for i = 1, 300 do
    local k = i % 2 == 0 and i or i + 0.0
    a[k] = a[k] + 1
    s = s + a[i]
  end
end
print(s, a[1], a[300], #a) --> 468000	11	310	300
-- fields counted over kinds
local counts = {}
for k in pairs(t) do
  local kind = math.type(k) or type(k)
  counts[kind] = (counts[kind] or 0) + 1
end
local names = {}
for kind in pairs(counts) do names[#names + 1] = kind end
table.sort(names)
for i, kind in ipairs(names) do names[i] = kind .. "=" .. counts[kind] end
print(table.concat(names, " ")) --> boolean=2 float=304 function=2 integer=603 string=300 table=1 thread=1 userdata=1
-- a record with an array in it
local r = { 10, 20, 30, name = "r", [4] = 40, ["x y"] = 1, [-1] = 2 }
local n = 0
for i = 1, 300 do n = n + r[i % 4 + 1] + #r.name + r["x y"] + r[-1] end
print(n, #r) --> 8700	4
-- numbers as keys from strings are other keys
local d = {}
for i = 1, 300 do d[tostring(i)] = i end
print(d[1], d["1"], #d) --> nil	1	0
-- long strings as keys
local long, hits = {}, 0
for i = 1, 200 do long[("x"):rep(60) .. i] = i end
for i = 1, 200 do
  if long[("x"):rep(59) .. "x" .. i] == i then hits = hits + 1 end
  if long[("x"):rep(61) .. i] then hits = hits + 1000 end
end
print(hits) --> 200
