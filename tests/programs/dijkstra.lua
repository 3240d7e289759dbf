-- Shortest paths: a road network as an adjacency list, Dijkstra with a binary heap (with and without decrease-key),
-- A* on a grid with walls, and a union-find spanning tree to compare with.
local N = tonumber(arg and arg[1]) or 3

local seed = 7
local function random(n)
  seed = (seed * 48271) % 2147483647
  return seed % n + 1
end

---------------------------------------------------------------- heap of (key, item); position[item] makes decrease-key possible
local Heap = {}
Heap.__index = Heap

function Heap.new() return setmetatable({ keys = {}, items = {}, position = {}, size = 0, moves = 0 }, Heap) end

function Heap:place(i, key, item)
  self.keys[i], self.items[i] = key, item
  self.position[item] = i
  self.moves = self.moves + 1
end

function Heap:up(i, key, item)
  local keys = self.keys
  while i > 1 do
    local parent = i // 2
    if keys[parent] <= key then break end
    self:place(i, keys[parent], self.items[parent])
    i = parent
  end
  self:place(i, key, item)
end

function Heap:push(key, item)
  local at = self.position[item]
  if at then
    if key < self.keys[at] then self:up(at, key, item) end
    return
  end
  self.size = self.size + 1
  self:up(self.size, key, item)
end

function Heap:pop()
  local n = self.size
  if n == 0 then return nil end
  local keys, items = self.keys, self.items
  local key, item = keys[1], items[1]
  self.position[item] = nil
  local last_key, last_item = keys[n], items[n]
  keys[n], items[n] = nil, nil
  self.size = n - 1
  n = n - 1
  if n > 0 then
    local i = 1
    while true do
      local child = 2 * i
      if child > n then break end
      if child < n and keys[child + 1] < keys[child] then child = child + 1 end
      if keys[child] >= last_key then break end
      self:place(i, keys[child], items[child])
      i = child
    end
    self:place(i, last_key, last_item)
  end
  return key, item
end

---------------------------------------------------------------- graphs
local function network(nodes, degree)
  local edges = {}
  for i = 1, nodes do edges[i] = { to = {}, cost = {} } end
  local function connect(a, b, cost)
    local e = edges[a]
    e.to[#e.to + 1], e.cost[#e.cost + 1] = b, cost
  end
  for i = 2, nodes do -- connected
    local j, cost = random(i - 1), random(100)
    connect(i, j, cost)
    connect(j, i, cost)
  end
  for _ = 1, nodes * degree do
    local a, b = random(nodes), random(nodes)
    connect(a, b, random(100))
  end
  return edges
end

local function shortest(edges, source)
  local distance, from, done = {}, {}, {}
  local heap = Heap.new()
  distance[source] = 0
  heap:push(0, source)
  local settled = 0
  while true do
    local d, node = heap:pop()
    if not node then break end
    done[node] = true
    settled = settled + 1
    local e = edges[node]
    local to, cost = e.to, e.cost
    for i = 1, #to do
      local other = to[i]
      if not done[other] then
        local through = d + cost[i]
        local old = distance[other]
        if old == nil or through < old then
          distance[other], from[other] = through, node
          heap:push(through, other)
        end
      end
    end
  end
  return distance, from, settled, heap.moves
end

-- the slow way, to compare
local function relax_all(edges, source)
  local distance = {}
  for i = 1, #edges do distance[i] = math.huge end
  distance[source] = 0
  local rounds, changed = 0, true
  while changed do
    changed = false
    rounds = rounds + 1
    for node = 1, #edges do
      local d, e = distance[node], edges[node]
      for i = 1, #e.to do
        if d + e.cost[i] < distance[e.to[i]] then
          distance[e.to[i]] = d + e.cost[i]
          changed = true
        end
      end
    end
  end
  return distance, rounds
end

local function spanning_tree(edges)
  local parent, list = {}, {}
  for i = 1, #edges do
    parent[i] = i
    for k = 1, #edges[i].to do list[#list + 1] = { edges[i].cost[k], i, edges[i].to[k] } end
  end
  local function root(i)
    while parent[i] ~= i do
      parent[i] = parent[parent[i]]
      i = parent[i]
    end
    return i
  end
  table.sort(list, function(a, b)
    if a[1] ~= b[1] then return a[1] < b[1] end
    if a[2] ~= b[2] then return a[2] < b[2] end
    return a[3] < b[3]
  end)
  local weight, used = 0, 0
  for _, e in ipairs(list) do
    local a, b = root(e[2]), root(e[3])
    if a ~= b then parent[a] = b; weight = weight + e[1]; used = used + 1 end
  end
  return weight, used
end

---------------------------------------------------------------- a grid with walls, A*
local function grid(width, height)
  local rows = {}
  for y = 1, height do
    local row = {}
    for x = 1, width do row[x] = random(100) <= 28 and "#" or "." end
    rows[y] = row
  end
  rows[1][1], rows[height][width] = ".", "."
  return rows
end

local function a_star(rows)
  local height, width = #rows, #rows[1]
  local goal = height * width
  local best, from, closed = { [1] = 0 }, {}, {}
  local heap = Heap.new()
  heap:push(width + height - 2, 1)
  local seen = 0
  local steps = { { 1, 0 }, { -1, 0 }, { 0, 1 }, { 0, -1 } }
  while true do
    local _, cell = heap:pop()
    if not cell then return nil, seen end
    seen = seen + 1
    if cell == goal then break end
    closed[cell] = true
    local y, x = (cell - 1) // width + 1, (cell - 1) % width + 1
    for _, step in ipairs(steps) do
      local nx, ny = x + step[1], y + step[2]
      local row = rows[ny]
      if row and row[nx] == "." then
        local other = (ny - 1) * width + nx
        local cost = best[cell] + 1
        if not closed[other] and (not best[other] or cost < best[other]) then
          best[other], from[other] = cost, cell
          heap:push(cost + (width - nx) + (height - ny), other)
        end
      end
    end
  end
  local cell = goal
  while cell do
    rows[(cell - 1) // width + 1][(cell - 1) % width + 1] = "o"
    cell = from[cell]
  end
  return best[goal], seen
end

---------------------------------------------------------------- work
local nodes = 4000
for round = 1, N do
  local edges = network(nodes, 3)
  local distance, from, settled, moves = shortest(edges, 1)
  local sum, far, last = 0, 0, 1
  for i = 1, nodes do
    sum = sum + distance[i]
    if distance[i] > far then far, last = distance[i], i end
  end
  local path, node = {}, last
  while node do
    table.insert(path, 1, node)
    node = from[node]
  end
  print(("round %d settled %d sum %d farthest %d at %d moves %d"):format(round, settled, sum, last, far, moves))
  print("path " .. table.concat(path, " "))
  if round == 1 then
    local slow, rounds = relax_all(edges, 1)
    for i = 1, nodes do assert(slow[i] == distance[i]) end
    print("agrees with relaxation in rounds", rounds)
  end
  print("tree", spanning_tree(edges))
end
local rows = grid(64, 24)
local length, seen = a_star(rows)
for _, row in ipairs(rows) do print(table.concat(row)) end
print("length", length, "seen", seen)
local walls = grid(12, 12)
for y = 1, 12 do walls[y][6] = "#" end
print("blocked", a_star(walls))
