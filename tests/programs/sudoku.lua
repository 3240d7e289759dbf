-- Exact cover with dancing links: Sudoku puzzles, pentomino-like tilings and N queens put as the same problem,
-- and a constraint-propagation Sudoku solver to agree with. Doubly linked nodes as tables, deep recursion with undo.
local N = tonumber(arg and arg[1]) or 5

---------------------------------------------------------------- exact cover
local Cover = {}
Cover.__index = Cover

-- columns 1..primary must be covered exactly once, primary+1..columns at most once
function Cover.new(columns, primary)
  local root = { name = "root" }
  root.left, root.right = root, root
  local self = setmetatable({ root = root, columns = {}, steps = 0, found = 0 }, Cover)
  for i = 1, columns do
    local c = { name = i, size = 0 }
    c.up, c.down, c.column = c, c, c
    if i <= (primary or columns) then
      c.left, c.right = root.left, root
      root.left.right = c
      root.left = c
    else
      c.left, c.right = c, c
    end
    self.columns[i] = c
  end
  return self
end

function Cover:row(name, list)
  local first
  for i = 1, #list do
    local c = self.columns[list[i]]
    local node = { column = c, row = name, up = c.up, down = c }
    c.up.down = node
    c.up = node
    c.size = c.size + 1
    if first then
      node.left, node.right = first.left, first
      first.left.right = node
      first.left = node
    else
      node.left, node.right = node, node
      first = node
    end
  end
  return first
end

local function cover(c)
  c.right.left, c.left.right = c.left, c.right
  local i = c.down
  while i ~= c do
    local j = i.right
    while j ~= i do
      j.down.up, j.up.down = j.up, j.down
      j.column.size = j.column.size - 1
      j = j.right
    end
    i = i.down
  end
end

local function uncover(c)
  local i = c.up
  while i ~= c do
    local j = i.left
    while j ~= i do
      j.column.size = j.column.size + 1
      j.down.up, j.up.down = j, j
      j = j.left
    end
    i = i.up
  end
  c.right.left, c.left.right = c, c
end

function Cover:select(node)
  local n = node
  repeat
    cover(n.column)
    n = n.right
  until n == node
end

-- calls visit(rows, depth) for each solution until it returns true
function Cover:search(visit, rows, depth)
  local root = self.root
  self.steps = self.steps + 1
  if root.right == root then
    self.found = self.found + 1
    return visit(rows, depth)
  end
  local c, best = nil, math.huge
  local k = root.right
  while k ~= root do
    if k.size < best then c, best = k, k.size end
    k = k.right
  end
  if best == 0 then return false end
  cover(c)
  local stop = false
  local r = c.down
  while r ~= c and not stop do
    rows[depth + 1] = r.row
    local j = r.right
    while j ~= r do cover(j.column); j = j.right end
    stop = self:search(visit, rows, depth + 1)
    j = r.left
    while j ~= r do uncover(j.column); j = j.left end
    r = r.down
  end
  uncover(c)
  return stop
end

---------------------------------------------------------------- Sudoku as a cover
local function sudoku_cover(text)
  local cover_ = Cover.new(324)
  local nodes = {}
  for y = 0, 8 do
    for x = 0, 8 do
      local box = y // 3 * 3 + x // 3
      for d = 1, 9 do
        nodes[y * 81 + x * 9 + d] = cover_:row(y * 81 + x * 9 + d,
          { y * 9 + x + 1, 81 + y * 9 + d, 162 + x * 9 + d, 243 + box * 9 + d })
      end
    end
  end
  local given = {}
  for i = 0, 80 do
    local d = tonumber(text:sub(i + 1, i + 1)) or 0
    if d > 0 then
      cover_:select(nodes[i * 9 + d])
      given[#given + 1] = i * 9 + d
    end
  end
  return cover_, given
end

local function solve_cover(text)
  local c, given = sudoku_cover(text)
  local answer
  c:search(function(rows, depth)
    local cells = {}
    local function put(r) cells[(r - 1) // 9 + 1] = (r - 1) % 9 + 1 end
    for i = 1, #given do put(given[i]) end
    for i = 1, depth do put(rows[i]) end
    answer = table.concat(cells)
    return true
  end, {}, 0)
  return answer, c.steps
end

---------------------------------------------------------------- Sudoku by propagation on bit sets
local peers = {}
for i = 0, 80 do
  local list, y, x = {}, i // 9, i % 9
  for j = 0, 80 do
    local v, u = j // 9, j % 9
    if j ~= i and (v == y or u == x or (v // 3 == y // 3 and u // 3 == x // 3)) then list[#list + 1] = j end
  end
  peers[i] = list
end

local function single(set) return set & (set - 1) == 0 end

local function bits(set)
  local n = 0
  while set ~= 0 do
    set = set & (set - 1)
    n = n + 1
  end
  return n
end

local function assign(sets, cell, bit)
  local todo = { cell }
  sets[cell] = bit
  while #todo > 0 do
    local c = table.remove(todo)
    local b = sets[c]
    for _, p in ipairs(peers[c]) do
      local before = sets[p]
      if before & b ~= 0 then
        local after = before & ~b
        if after == 0 then return false end
        sets[p] = after
        if single(after) then todo[#todo + 1] = p end
      end
    end
  end
  return true
end

local function guess(sets)
  local best, fewest
  for i = 0, 80 do
    local s = sets[i]
    if not single(s) then
      local n = bits(s)
      if not fewest or n < fewest then best, fewest = i, n end
    end
  end
  if not best then return sets end
  for d = 0, 8 do
    local bit = 1 << d
    if sets[best] & bit ~= 0 then
      local copy = table.move(sets, 0, 80, 0, {})
      if assign(copy, best, bit) then
        local answer = guess(copy)
        if answer then return answer end
      end
    end
  end
  return nil
end

local function solve_bits(text)
  local sets = {}
  for i = 0, 80 do sets[i] = 511 end
  for i = 0, 80 do
    local d = tonumber(text:sub(i + 1, i + 1)) or 0
    if d > 0 and not assign(sets, i, 1 << (d - 1)) then return nil end
  end
  local answer = guess(sets)
  if not answer then return nil end
  local out = {}
  for i = 0, 80 do
    local d, s = 1, answer[i]
    while s > 1 do s = s >> 1; d = d + 1 end
    out[i + 1] = d
  end
  return table.concat(out)
end

---------------------------------------------------------------- puzzles: made by shuffling one grid and taking cells away
local seed = 4
local function random(n)
  seed = (seed * 16807) % 2147483647
  return seed % n + 1
end

local function puzzle(holes)
  local digits = { 1, 2, 3, 4, 5, 6, 7, 8, 9 }
  for i = 9, 2, -1 do
    local j = random(i)
    digits[i], digits[j] = digits[j], digits[i]
  end
  local rows = {}
  for band = 0, 2 do
    local turn = random(3)
    for r = 0, 2 do rows[#rows + 1] = band * 3 + (r + turn) % 3 end
  end
  local cells = {}
  for y = 0, 8 do
    for x = 0, 8 do cells[y * 9 + x + 1] = digits[(rows[y + 1] % 3 * 3 + rows[y + 1] // 3 + x) % 9 + 1] end
  end
  for _ = 1, holes do cells[random(81)] = 0 end
  return table.concat(cells)
end

local function valid(puzzle_, answer)
  for i = 1, 81 do
    local p = puzzle_:sub(i, i)
    if p ~= "0" and p ~= answer:sub(i, i) then return false end
    for _, j in ipairs(peers[i - 1]) do
      if answer:sub(i, i) == answer:sub(j + 1, j + 1) then return false end
    end
  end
  return true
end

---------------------------------------------------------------- work
local function queens(n)
  local c = Cover.new(6 * n - 2, 2 * n)
  for y = 1, n do
    for x = 1, n do c:row(y * 100 + x, { y, n + x, 2 * n + x + y - 1, 4 * n - 1 + x - y + n - 1 }) end
  end
  c:search(function() return false end, {}, 0)
  return c.found, c.steps
end

local function dominoes(width, height)
  local c = Cover.new(width * height)
  for y = 0, height - 1 do
    for x = 0, width - 1 do
      local at = y * width + x + 1
      if x + 1 < width then c:row("h", { at, at + 1 }) end
      if y + 1 < height then c:row("v", { at, at + width }) end
    end
  end
  c:search(function() return false end, {}, 0)
  return c.found, c.steps
end

local first = puzzle(60)
local answer, steps = solve_cover(first)
for y = 0, 8 do print(first:sub(y * 9 + 1, y * 9 + 9), answer:sub(y * 9 + 1, y * 9 + 9)) end
print("steps", steps)
local sum, all = 0, 0
for i = 1, N * 4 do
  local p = puzzle(50 + i % 40)
  local a, n = solve_cover(p)
  local b = solve_bits(p)
  assert(valid(p, a) and valid(p, b), "wrong answer")
  all = all + n
  for k = 1, 81 do sum = (sum * 11 + a:byte(k) + b:byte(k)) % 1000003 end
end
print("puzzles", N * 4, "steps", all, "sum", sum)
for n = 4, 5 + N do print("queens", n, queens(n)) end
print("dominoes 4x5", dominoes(4, 5))
print("dominoes 3x3", dominoes(3, 3))
print("impossible", solve_bits("11" .. ("0"):rep(79)))
