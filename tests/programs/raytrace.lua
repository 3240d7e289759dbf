-- A ray tracer: spheres over a chequered floor, one light, shadows and reflections, drawn as text.
-- Vectors are small tables with operators by metamethods; the inner loop is float arithmetic and short-lived objects.
local N = tonumber(arg and arg[1]) or 8 -- frames; the light moves from one to the next

local sqrt, floor, huge = math.sqrt, math.floor, math.huge

---------------------------------------------------------------- vectors
local Vec = {}
Vec.__index = Vec

local function vec(x, y, z) return setmetatable({ x = x, y = y, z = z }, Vec) end

Vec.__add = function(a, b) return vec(a.x + b.x, a.y + b.y, a.z + b.z) end
Vec.__sub = function(a, b) return vec(a.x - b.x, a.y - b.y, a.z - b.z) end
Vec.__mul = function(a, k) return vec(a.x * k, a.y * k, a.z * k) end
Vec.__unm = function(a) return vec(-a.x, -a.y, -a.z) end
Vec.__eq = function(a, b) return a.x == b.x and a.y == b.y and a.z == b.z end
Vec.__tostring = function(a) return string.format("(%.3f, %.3f, %.3f)", a.x, a.y, a.z) end
function Vec.dot(a, b) return a.x * b.x + a.y * b.y + a.z * b.z end
function Vec:length() return sqrt(self:dot(self)) end
function Vec:unit() return self * (1 / self:length()) end
function Vec.cross(a, b)
  return vec(a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x)
end
function Vec:mirror(normal) return self - normal * (2 * self:dot(normal)) end

---------------------------------------------------------------- things: hit(origin, direction) -> distance or nil
local Sphere = {}
Sphere.__index = Sphere

local function sphere(center, radius, bright, shine)
  return setmetatable({ center = center, radius = radius, bright = bright, shine = shine }, Sphere)
end

function Sphere:hit(origin, direction)
  local to = self.center - origin
  local along = to:dot(direction)
  local disc = along * along - to:dot(to) + self.radius * self.radius
  if disc < 0 then return nil end
  local root = sqrt(disc)
  if along - root > 1e-6 then return along - root end
  if along + root > 1e-6 then return along + root end
  return nil
end

function Sphere:normal(point) return (point - self.center) * (1 / self.radius) end
function Sphere:color() return self.bright end

local Floor = {}
Floor.__index = Floor

function Floor:hit(origin, direction)
  if direction.y > -1e-9 then return nil end
  local t = (self.height - origin.y) / direction.y
  if t > 1e-6 and t < 60 then return t end
  return nil
end

function Floor:normal() return vec(0.0, 1.0, 0.0) end

function Floor:color(point)
  if (floor(point.x) + floor(point.z)) % 2 == 0 then return 0.9 end
  return 0.25
end

---------------------------------------------------------------- scene
local scene = {
  sphere(vec(0.0, 0.4, 4.0), 1.2, 0.8, 0.35),
  sphere(vec(-1.9, -0.2, 3.0), 0.6, 0.6, 0.15),
  sphere(vec(1.7, -0.1, 2.7), 0.7, 1.0, 0.5),
  sphere(vec(0.4, -0.55, 2.0), 0.25, 0.9, 0.0),
  setmetatable({ height = -0.8, shine = 0.1 }, Floor),
}
local light = vec(-4.0, 6.0, -2.0)
local rays, shadows, misses = 0, 0, 0

local function nearest(origin, direction)
  rays = rays + 1
  local best, thing = huge, nil
  for i = 1, #scene do
    local t = scene[i]:hit(origin, direction)
    if t and t < best then best, thing = t, scene[i] end
  end
  return thing, best
end

local function in_shadow(point, toward, distance)
  shadows = shadows + 1
  for i = 1, #scene do
    local t = scene[i]:hit(point, toward)
    if t and t < distance then return true end
  end
  return false
end

local function trace(origin, direction, depth)
  local thing, t = nearest(origin, direction)
  if not thing then
    misses = misses + 1
    return 0.1 + 0.3 * (direction.y > 0 and direction.y or 0.0)
  end
  local point = origin + direction * t
  local normal = thing:normal(point)
  local to_light = light - point
  local distance = to_light:length()
  to_light = to_light * (1 / distance)
  local bright = 0.12
  local facing = normal:dot(to_light)
  if facing > 0 and not in_shadow(point + normal * 1e-4, to_light, distance) then
    bright = bright + 0.8 * facing
    local glint = direction:mirror(normal):dot(to_light)
    if glint > 0.9 then bright = bright + (glint - 0.9) * 4 * thing.shine end
  end
  bright = bright * thing:color(point)
  if thing.shine > 0 and depth > 0 then
    local reflected = trace(point + normal * 1e-4, direction:mirror(normal), depth - 1)
    bright = bright * (1 - thing.shine) + reflected * thing.shine
  end
  return bright
end

---------------------------------------------------------------- picture
local ramp = " .:-=+*#%@"

local function render(columns)
  local rows = floor(columns * 0.45)
  local eye = vec(0.0, 0.5, -3.0)
  local forward = (vec(0.0, 0.0, 3.0) - eye):unit()
  local right = vec(0.0, 1.0, 0.0):cross(forward):unit()
  local up = forward:cross(right)
  local lines, sum = {}, 0.0
  for row = 1, rows do
    local line = {}
    for column = 1, columns do
      local u = (column - 0.5 - columns / 2) / columns * 1.5
      local v = (rows / 2 - row + 0.5) / rows * 1.2
      local bright = trace(eye, (forward + right * u + up * v):unit(), 3)
      sum = sum + bright
      local shade = floor(bright * 10) + 1
      if shade > 10 then shade = 10 end
      line[column] = ramp:sub(shade, shade)
    end
    lines[row] = table.concat(line)
  end
  return lines, sum
end

assert(vec(1, 2, 3) + vec(1, 1, 1) == vec(2, 3, 4) and -vec(1, 0, 0) == vec(-1, 0, 0))
print(tostring(vec(1, 0, 0):cross(vec(0, 1, 0))), tostring(vec(1.0, -1.0, 0.0):mirror(vec(0.0, 1.0, 0.0))))
local _, small = render(24)
print(string.format("small %.4f rays %d", small, rays))
rays, shadows, misses = 0, 0, 0
local total = 0.0
for frame = 1, N do
  local lines, sum = render(60)
  total = total + sum
  if frame == 1 then
    for i = 1, #lines do print((lines[i]:gsub("%s+$", ""))) end
  end
  light = light + vec(0.7, 0.1, -0.2)
  scene[4].center = scene[4].center + vec(0.1, 0.05, 0.0)
end
print(string.format("sum %.3f rays %d shadows %d misses %d", total, rays, shadows, misses))
