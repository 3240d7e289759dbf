-- Sales grouped, counted and indexed: keys made at run time, pairs and next over small tables, sets, nested
-- tables, copies, and tables emptied while they are walked. No result depends on an order of keys.
local N = tonumber(arg and arg[1]) or 250
local seed = 3
local function rnd(n)
  seed = (seed * 16807) % 2147483647
  return seed % n + 1
end

local cities = {"Oslo","Rome","Paris","Bern","Wien","Prag"}
local prods = {"apple","pear","plum","fig"}
local out = 0
for r = 1, N do
  local sales = {}
  for i = 1, 300 do
    sales[i] = {city=cities[rnd(6)], prod=prods[rnd(4)], qty=rnd(9), price=rnd(500) / 100,
      day="2024-"..string.format("%02d", rnd(12)).."-"..rnd(28)}
  end
  local by = {}
  for _, s in ipairs(sales) do
    local k = s.city.."/"..s.prod
    local e = by[k] or {n=0, sum=0.0}
    e.n = e.n + s.qty
    e.sum = e.sum + s.qty * s.price
    by[k] = e
  end
  local days = {}
  for _, s in ipairs(sales) do days[s.day] = (days[s.day] or 0) + 1 end
  local keys = {}
  for k in pairs(by) do keys[#keys+1] = k end
  table.sort(keys)
  for _, k in ipairs(keys) do out = out + by[k].n end
  local best, bk = -1
  for k, v in pairs(by) do
    if v.sum > best or (v.sum == best and k < bk) then best, bk = v.sum, k end
  end
  out = out + #bk
  local cnt = 0
  for d, n in next, days do cnt = cnt + n * #d end
  out = out + cnt
  local idx = {}
  for i, s in ipairs(sales) do
    for _, f in ipairs{"city", "prod"} do
      local t = idx[f] or {}
      idx[f] = t
      local l = t[s[f]] or {}
      t[s[f]] = l
      l[#l+1] = i
    end
  end
  for f, t in pairs(idx) do
    for v, l in pairs(t) do out = out + #f * #v + #l end
  end
  local a, b = {}, {}
  for i = 1, 100 do
    a[rnd(150)] = true
    b[rnd(150)] = true
  end
  local u, x = {}, 0
  for k in pairs(a) do
    u[k] = true
    if b[k] then x = x + 1 end
  end
  for k in pairs(b) do u[k] = true end
  for _ in pairs(u) do x = x + 1 end
  out = out + x
  local copy = {}
  for k, v in pairs(by) do
    local c = {}
    for k2, v2 in pairs(v) do c[k2] = v2 end
    copy[k] = c
  end
  for k in pairs(copy) do copy[k] = nil end
  out = out + (next(copy) == nil and 1 or 0)
  local h = {}
  for i = 1, 200 do
    local b = "b"..(sales[i].qty // 3)
    h[b] = (h[b] or 0) + 1
  end
  for k, v in pairs(h) do out = out + v end
end
print(out)
