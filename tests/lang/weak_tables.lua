-- Weak tables: keys, values, both, ephemerons, strings and numbers, clearing while used by hot loops.
local function count(t) local n = 0; for _ in pairs(t) do n = n + 1 end return n end
local v = setmetatable({}, { __mode = "v" })
local keep = {}
for i = 1, 300 do
  v[i] = { i }
  if i % 10 == 0 then keep[#keep + 1] = v[i] end
end
collectgarbage()
print(count(v), v[10][1], v[11]) --> 30	10	nil
local k = setmetatable({}, { __mode = "k" })
for i = 1, 300 do k[{}] = i end
for i = 1, #keep do k[keep[i]] = i end
collectgarbage()
print(count(k), k[keep[5]]) --> 30	5
-- values that are not objects stay
local mixed = setmetatable({}, { __mode = "kv" })
for i = 1, 100 do
  mixed[i] = i * 2
  mixed["s" .. i] = "v" .. i
  mixed[{}] = 1
  mixed["o" .. i] = {}
  mixed[i + 0.5] = true
end
collectgarbage()
print(count(mixed), mixed[7], mixed.s7, mixed.o7, mixed[7.5]) --> 300	14	v7	nil	true
-- ephemerons: a value that refers to its own key does not keep it
local e = setmetatable({}, { __mode = "k" })
for i = 1, 200 do local key = {}; e[key] = { back = key, i = i } end
collectgarbage()
print(count(e)) --> 0
-- chains of ephemerons live as long as their head
local head = {}
local key = head
for i = 1, 100 do local nxt = {}; e[key] = nxt; key = nxt end
key = nil
collectgarbage()
print(count(e)) --> 100
head = nil
collectgarbage()
print(count(e)) --> 0
-- functions and coroutines as values
local f = setmetatable({}, { __mode = "v" })
local held
for i = 1, 50 do
  f[i] = function() return i end
  if i == 25 then held = f[i] end
  f["c" .. i] = coroutine.create(print)
end
collectgarbage()
print(count(f), held()) --> 1	25
-- a cache in a hot loop
local cache, made = setmetatable({}, { __mode = "v" }), 0
local function get(n)
  local o = cache[n]
  if not o then o = { n = n }; made = made + 1; cache[n] = o end
  return o
end
local pinned, s = {}, 0
for i = 1, 10 do pinned[i] = get(i) end
for round = 1, 50 do
  for i = 1, 10 do s = s + get(i).n end
  if round % 10 == 0 then collectgarbage() end
end
print(s, made) --> 2750	10
pinned = nil
collectgarbage()
print(count(cache)) --> 0
-- the mode is changed later
local late = {}
for i = 1, 100 do late[i] = {} end
collectgarbage()
print(count(late)) --> 100
setmetatable(late, { __mode = "v" })
collectgarbage()
print(count(late)) --> 0
-- removal of dead keys does not disturb a traversal
local t = setmetatable({}, { __mode = "k" })
local alive = {}
for i = 1, 200 do local o = {}; t[o] = i; if i % 2 == 0 then alive[#alive + 1] = o end end
local visited, sum = 0, 0
for o, i in pairs(t) do
  visited = visited + 1
  if i % 2 == 0 then sum = sum + i end
  if visited == 20 then collectgarbage() end
end
print(sum, visited >= 100) --> 10100	true
-- attributes by object, dropped with the object
local attr = setmetatable({}, { __mode = "k" })
local function tag(o, x) attr[o] = x; return o end
local total = 0
for i = 1, 1000 do
  local o = tag({}, i)
  total = total + attr[o]
end
collectgarbage()
print(total, next(attr)) --> 500500	nil
