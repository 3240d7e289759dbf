-- Numerical kernels: planets moving under gravity (symplectic steps, energy watched), LU decomposition with pivoting,
-- a Runge-Kutta integrator over closures, and Simpson's rule. Floats all the way.
local N = tonumber(arg and arg[1]) or 30000

local sqrt, abs = math.sqrt, math.abs

---------------------------------------------------------------- bodies: made-up masses and orbits, units of AU, day and solar mass
local G = 0.000295912208286

local function body(name, mass, distance, phase)
  local speed = distance > 0 and sqrt(G / distance) or 0.0
  return { name = name, mass = mass,
    x = distance * math.cos(phase), y = distance * math.sin(phase), z = distance * 0.02 * math.sin(2 * phase),
    vx = -speed * math.sin(phase), vy = speed * math.cos(phase), vz = 0.0 }
end

local function make_system()
  local s = { body("sun", 1.0, 0.0, 0.0), body("inner", 3e-6, 1.0, 0.3), body("giant", 9.5e-4, 5.2, 1.1),
    body("ringed", 2.9e-4, 9.6, 2.4), body("outer", 5.2e-5, 30.1, 4.0) }
  -- the centre of mass rests
  local px, py, pz = 0.0, 0.0, 0.0
  for _, b in ipairs(s) do px = px + b.vx * b.mass; py = py + b.vy * b.mass; pz = pz + b.vz * b.mass end
  s[1].vx, s[1].vy, s[1].vz = s[1].vx - px, s[1].vy - py, s[1].vz - pz
  return s
end

local function energy(s)
  local e = 0.0
  for i = 1, #s do
    local b = s[i]
    e = e + 0.5 * b.mass * (b.vx * b.vx + b.vy * b.vy + b.vz * b.vz)
    for j = i + 1, #s do
      local c = s[j]
      local dx, dy, dz = b.x - c.x, b.y - c.y, b.z - c.z
      e = e - G * b.mass * c.mass / sqrt(dx * dx + dy * dy + dz * dz)
    end
  end
  return e
end

local function kick(s, dt)
  local n = #s
  for i = 1, n - 1 do
    local b = s[i]
    local bx, by, bz, bm = b.x, b.y, b.z, b.mass
    local vx, vy, vz = b.vx, b.vy, b.vz
    for j = i + 1, n do
      local c = s[j]
      local dx, dy, dz = bx - c.x, by - c.y, bz - c.z
      local d2 = dx * dx + dy * dy + dz * dz
      local k = G * dt / (d2 * sqrt(d2))
      local km = c.mass * k
      vx, vy, vz = vx - dx * km, vy - dy * km, vz - dz * km
      km = bm * k
      c.vx, c.vy, c.vz = c.vx + dx * km, c.vy + dy * km, c.vz + dz * km
    end
    b.vx, b.vy, b.vz = vx, vy, vz
  end
end

local function drift(s, dt)
  for i = 1, #s do
    local b = s[i]
    b.x, b.y, b.z = b.x + dt * b.vx, b.y + dt * b.vy, b.z + dt * b.vz
  end
end

---------------------------------------------------------------- linear algebra
local function matrix(n, f)
  local m = {}
  for i = 1, n do
    local row = {}
    for j = 1, n do row[j] = f(i, j) end
    m[i] = row
  end
  return m
end

-- in place; returns the row order and the sign of the permutation, or nil for a singular matrix
local function lu(m)
  local n, order, sign = #m, {}, 1
  for i = 1, n do order[i] = i end
  for k = 1, n do
    local best, at = abs(m[k][k]), k
    for i = k + 1, n do
      local v = abs(m[i][k])
      if v > best then best, at = v, i end
    end
    if best == 0 then return nil end
    if at ~= k then
      m[k], m[at] = m[at], m[k]
      order[k], order[at] = order[at], order[k]
      sign = -sign
    end
    local pivot_row = m[k]
    local pivot = pivot_row[k]
    for i = k + 1, n do
      local row = m[i]
      local f = row[k] / pivot
      row[k] = f
      for j = k + 1, n do row[j] = row[j] - f * pivot_row[j] end
    end
  end
  return order, sign
end

local function solve(m, order, b)
  local n, x = #m, {}
  for i = 1, n do
    local sum, row = b[order[i]], m[i]
    for j = 1, i - 1 do sum = sum - row[j] * x[j] end
    x[i] = sum
  end
  for i = n, 1, -1 do
    local sum, row = x[i], m[i]
    for j = i + 1, n do sum = sum - row[j] * x[j] end
    x[i] = sum / row[i]
  end
  return x
end

---------------------------------------------------------------- integrators over functions
local function runge_kutta(f, x, t, step, count)
  for _ = 1, count do
    local k1 = f(t, x)
    local k2 = f(t + step / 2, x + step / 2 * k1)
    local k3 = f(t + step / 2, x + step / 2 * k2)
    local k4 = f(t + step, x + step * k3)
    x = x + step / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    t = t + step
  end
  return x
end

local function simpson(f, a, b, n)
  local h = (b - a) / n
  local sum = f(a) + f(b)
  for i = 1, n - 1 do sum = sum + f(a + i * h) * (i % 2 == 0 and 2 or 4) end
  return sum * h / 3
end

---------------------------------------------------------------- work
local s = make_system()
local before = energy(s)
for i = 1, N do
  kick(s, 0.5)
  drift(s, 0.5)
end
local after = energy(s)
print(string.format("energy %.9e -> %.9e", before, after), abs(after / before - 1) < 1e-3 and "kept" or "LOST")
for _, b in ipairs(s) do print(string.format("%-7s %.5f %.5f %.5f", b.name, b.x, b.y, b.z)) end

local size = 60
local seed = 5
local function random() seed = (seed * 16807) % 2147483647; return seed / 2147483647 end
local worst, logdet = 0.0, 0.0
for round = 1, math.max(1, math.floor(N / 3000)) do
  local a = matrix(size, function(i, j) return random() - 0.5 + (i == j and 2.0 or 0.0) end)
  local copy = matrix(size, function(i, j) return a[i][j] end)
  local b = {}
  for i = 1, size do b[i] = random() end
  local order, sign = lu(copy)
  local x = solve(copy, order, b)
  for i = 1, size do
    local r = -b[i]
    for j = 1, size do r = r + a[i][j] * x[j] end
    if abs(r) > worst then worst = abs(r) end
  end
  local det = sign
  for i = 1, size do det = det * copy[i][i] end
  logdet = logdet + math.log(abs(det))
end
print(string.format("lu logdet %.6f", logdet), worst < 1e-10 and "solved" or worst)
print("singular", lu(matrix(4, function(i, j) return i * j * 1.0 end)))
print(string.format("decay %.9f", runge_kutta(function(t, x) return -x + t end, 1.0, 0.0, 0.01, math.floor(2 * N / 3))))
print(string.format("circle %.9f", 4 * simpson(function(x) return sqrt(1 - x * x) end, 0.0, 1.0, 2 * N)))
print(string.format("bell %.9f", simpson(function(x) return math.exp(-x * x) end, -5.0, 5.0, 2 * math.floor(N / 2)) ^ 2))
