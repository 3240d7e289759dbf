-- Recursion of many kinds: backtracking, memoizing closures, deep and mutual calls, trees built by results,
-- sorting by halves, callbacks at the bottom, and a fill many hundred calls deep.
local N = tonumber(arg and arg[1]) or 60
local function queens(n)
  local cols, d1, d2, c = {}, {}, {}, 0
  local function place(r)
    if r > n then
      c = c + 1
      return
    end
    for i = 1, n do
      if not cols[i] and not d1[r+i] and not d2[r-i+n] then
        cols[i], d1[r+i], d2[r-i+n] = true, true, true
        place(r+1)
        cols[i], d1[r+i], d2[r-i+n] = nil, nil, nil
      end
    end
  end
  place(1)
  return c
end

local function memo(f)
  local c = {}
  return function(n)
    local v = c[n]
    if v == nil then
      v = f(n)
      c[n] = v
    end
    return v
  end
end

local mf
mf = memo(function(n)
  if n < 2 then return n end
  return mf(n-1) + mf(n-2)
end)
local function ack(m, n)
  if m == 0 then
    return n + 1
  elseif n == 0 then
    return ack(m-1, 1)
  else
    return ack(m-1, ack(m, n-1))
  end
end

local function hanoi(n, a, b, c)
  if n == 0 then return 0 end
  return hanoi(n-1, a, c, b) + 1 + hanoi(n-1, c, b, a)
end

local function perms(a, n, f)
  n = n or #a
  if n <= 1 then
    f(a)
  else
    for i = 1, n do
      a[n], a[i] = a[i], a[n]
      perms(a, n-1, f)
      a[n], a[i] = a[i], a[n]
    end
  end
end

local function insert(t, k)
  if not t then return {k=k} end
  if k < t.k then t.l = insert(t.l, k) elseif k > t.k then t.r = insert(t.r, k) end
  return t
end

local function depth(t)
  if not t then return 0 end
  local a, b = depth(t.l), depth(t.r)
  return 1 + (a > b and a or b)
end

local function walk(t, f)
  if t then
    walk(t.l, f)
    f(t.k)
    walk(t.r, f)
  end
end

local function msort(t)
  local n = #t
  if n < 2 then return t end
  local a, b = {}, {}
  for i = 1, n // 2 do a[i] = t[i] end
  for i = n // 2 + 1, n do b[#b+1] = t[i] end
  a, b = msort(a), msort(b)
  local r, i, j = {}, 1, 1
  while i <= #a and j <= #b do
    if a[i] <= b[j] then
      r[#r+1] = a[i]
      i = i + 1
    else
      r[#r+1] = b[j]
      j = j + 1
    end
  end
  while i <= #a do
    r[#r+1] = a[i]
    i = i + 1
  end
  while j <= #b do
    r[#r+1] = b[j]
    j = j + 1
  end
  return r
end

local function qsort(t, lo, hi)
  if lo < hi then
    local p, i = t[hi], lo
    for j = lo, hi - 1 do
      if t[j] < p then
        t[i], t[j] = t[j], t[i]
        i = i + 1
      end
    end
    t[i], t[hi] = t[hi], t[i]
    qsort(t, lo, i-1)
    qsort(t, i+1, hi)
  end
end

local function flood(g, x, y, w, h)
  if x < 1 or y < 1 or x > w or y > h or g[y][x] then return 0 end
  g[y][x] = true
  return 1 + flood(g, x+1, y, w, h) + flood(g, x-1, y, w, h) + flood(g, x, y+1, w, h) + flood(g, x, y-1, w, h)
end

local s = 0
for r = 1, N do
  s = s + queens(7) + mf(60) % 1000 + ack(2, 12) + hanoi(10, "a", "b", "c")
  perms({1,2,3,4,5,6}, nil, function(a) s = s + a[1] * a[6] end)
  local t
  local x = r
  for i = 1, 800 do
    x = (x * 7919 + 13) % 10007
    t = insert(t, x)
  end
  s = s + depth(t)
  walk(t, function(k) s = s + k % 3 end)
  local a = {}
  for i = 1, 600 do
    x = (x * 7919 + 13) % 10007
    a[i] = x
  end
  local b = msort(a)
  s = s + b[1] + b[300]
  qsort(a, 1, #a)
  s = s + a[10]
  local g = {}
  for y = 1, 40 do
    g[y] = {}
    for xx = 1, 40 do
      if (xx * y) % 7 == 3 then g[y][xx] = true end
    end
  end
  s = s + flood(g, 1, 1, 40, 40)
end
print(s)
