-- Game of Life three ways: a torus of rows with neighbour closures, an unbounded plane as a sparse set of cells,
-- and rules made from strings by closures (HighLife, Day & Night); all must agree where they can.
local N = tonumber(arg and arg[1]) or 90

local floor = math.floor

---------------------------------------------------------------- rules: "B3/S23" becomes a function (alive, neighbours) -> alive
local function rule(text)
  local born, stays = {}, {}
  local b, s = text:match("^B(%d*)/S(%d*)$")
  if not b then error("bad rule " .. text, 0) end
  for i = 0, 8 do
    born[i] = b:find(i, 1, true) ~= nil
    stays[i] = s:find(i, 1, true) ~= nil
  end
  return function(alive, neighbours)
    if alive then return stays[neighbours] end
    return born[neighbours]
  end
end

---------------------------------------------------------------- a torus; every cell reads its neighbours through closures over the world
local function torus(width, height, rule_)
  local rows, spare, generation = {}, {}, 0
  for y = 1, height do
    rows[y], spare[y] = {}, {}
    for x = 1, width do rows[y][x], spare[y][x] = false, false end
  end
  local self = {}

  local function wrap(v, size)
    if v < 1 then return v + size elseif v > size then return v - size end
    return v
  end

  local function reader(dx, dy)
    return function(x, y) return rows[wrap(y + dy, height)][wrap(x + dx, width)] end
  end

  local readers = {}
  for dy = -1, 1 do
    for dx = -1, 1 do
      if dx ~= 0 or dy ~= 0 then readers[#readers + 1] = reader(dx, dy) end
    end
  end

  function self.set(x, y, alive) rows[wrap(y, height)][wrap(x, width)] = alive ~= false end
  function self.get(x, y) return rows[wrap(y, height)][wrap(x, width)] end

  function self.step_with_closures()
    for y = 1, height do
      local row, out = rows[y], spare[y]
      for x = 1, width do
        local n = 0
        for i = 1, 8 do
          if readers[i](x, y) then n = n + 1 end
        end
        out[x] = rule_(row[x], n)
      end
    end
    rows, spare = spare, rows
    generation = generation + 1
  end

  function self.step()
    for y = 1, height do
      local above, row, below = rows[wrap(y - 1, height)], rows[y], rows[wrap(y + 1, height)]
      local out = spare[y]
      for x = 1, width do
        local l, r = wrap(x - 1, width), wrap(x + 1, width)
        local n = (above[l] and 1 or 0) + (above[x] and 1 or 0) + (above[r] and 1 or 0)
          + (row[l] and 1 or 0) + (row[r] and 1 or 0)
          + (below[l] and 1 or 0) + (below[x] and 1 or 0) + (below[r] and 1 or 0)
        out[x] = rule_(row[x], n)
      end
    end
    rows, spare = spare, rows
    generation = generation + 1
  end

  function self.cells()
    local x, y = 0, 1
    return function()
      while y <= height do
        x = x + 1
        if x > width then
          x, y = 0, y + 1
        elseif rows[y][x] then
          return x, y
        end
      end
    end
  end

  function self.population()
    local n = 0
    for _ in self.cells() do n = n + 1 end
    return n
  end

  function self.hash()
    local h = generation
    for x, y in self.cells() do h = (h * 31 + x * 211 + y) % 1000003 end
    return h
  end

  function self.lines()
    local out = {}
    for y = 1, height do
      local line = {}
      for x = 1, width do line[x] = rows[y][x] and "O" or "." end
      out[y] = table.concat(line)
    end
    return out
  end
  return self
end

---------------------------------------------------------------- an unbounded plane: a set of keys, counts in a second table
local OFFSET, SPAN = 1000000, 4000000

local function plane(rule_)
  local alive, generation = {}, 0
  local self = {}

  function self.set(x, y) alive[(y + OFFSET) * SPAN + x + OFFSET] = true end

  function self.step()
    local counts, nextgen = {}, {}
    for key in pairs(alive) do
      for dy = -SPAN, SPAN, SPAN do
        for dx = -1, 1 do
          local k = key + dy + dx
          if k ~= key then counts[k] = (counts[k] or 0) + 1 end
        end
      end
    end
    for key, n in pairs(counts) do
      if rule_(alive[key], n) then nextgen[key] = true end
    end
    alive = nextgen
    generation = generation + 1
  end

  function self.each()
    local keys = {}
    for key in pairs(alive) do keys[#keys + 1] = key end
    table.sort(keys)
    local i = 0
    return function()
      i = i + 1
      local key = keys[i]
      if key then return key % SPAN - OFFSET, floor(key / SPAN) - OFFSET end
    end
  end

  function self.summary()
    local n, h, left, right, top, bottom = 0, 0, math.huge, -math.huge, math.huge, -math.huge
    for x, y in self.each() do
      n = n + 1
      h = (h * 31 + x * 7 + y) % 1000003
      left, right, top, bottom = math.min(left, x), math.max(right, x), math.min(top, y), math.max(bottom, y)
    end
    return string.format("gen %d cells %d box %.0f..%.0f %.0f..%.0f hash %d", generation, n, left, right, top, bottom, h)
  end
  return self
end

---------------------------------------------------------------- patterns
local function put(world, picture, x0, y0)
  local y = 0
  for line in picture:gmatch("%S+") do
    for x = 1, #line do
      if line:sub(x, x) == "O" then world.set(x0 + x, y0 + y) end
    end
    y = y + 1
  end
end

local glider = ".O. ..O OOO"
local r_pentomino = ".OO OO. .O."
local acorn = ".O..... ...O... OO..OOO"
local gun = [[
........................O...........
......................O.O...........
............OO......OO............OO
...........O...O....OO............OO
OO........O.....O...OO..............
OO........O...O.OO....O.O...........
..........O.....O.......O...........
...........O...O....................
............OO......................]]

---------------------------------------------------------------- work
local conway = rule "B3/S23"
local world = torus(24, 12, conway)
put(world, glider, 1, 1)
for _ = 1, 24 * 4 do world.step() end
local first = world.hash()
for _, line in ipairs(world.lines()) do print(line) end
print("population", world.population(), "hash", first)

local a, b = torus(40, 30, conway), torus(40, 30, conway)
for _, w in ipairs { a, b } do put(w, gun, 1, 5); put(w, acorn, 20, 22) end
for i = 1, N do
  a.step()
  if i <= N / 2 then b.step_with_closures() else b.step() end
  if i % 30 == 0 then
    assert(a.hash() == b.hash(), "the ways differ")
    print("generation", i, "population", a.population(), "hash", a.hash())
  end
end

local open = plane(conway)
put(open, r_pentomino, 0, 0)
for i = 1, N do
  open.step()
  if i % 45 == 0 then print(open.summary()) end
end

for _, name in ipairs { "B36/S23", "B3678/S34678", "B2/S", "B1357/S1357" } do
  local w = torus(32, 32, rule(name))
  put(w, r_pentomino, 15, 15)
  put(w, acorn, 8, 20)
  for _ = 1, floor(N / 3) do w.step() end
  print(name, w.population(), w.hash())
end
print(pcall(rule, "C3/S23"))
