-- A drawing program's model: a class library with inheritance, mixins and super calls, shapes with visitors, observers,
-- undo by commands, and a canvas that renders to text. Method calls on many classes, tostring and comparison metamethods.
local N = tonumber(arg and arg[1]) or 1500

local format, concat, floor = string.format, table.concat, math.floor

---------------------------------------------------------------- classes
local Object = { class_name = "Object" }
Object.__index = Object

local inherited = { "__tostring", "__eq", "__lt", "__le", "__len", "__call", "__concat", "__add" }

function Object:subclass(name, ...)
  local c = { class_name = name, super = self }
  for _, key in ipairs(inherited) do c[key] = rawget(self, key) end
  c.__index = c
  for _, mixin in ipairs { ... } do
    for k, f in pairs(mixin) do c[k] = f end
  end
  return setmetatable(c, { __index = self, __call = function(class, ...) return class:new(...) end,
    __tostring = function() return "class " .. name end })
end

function Object:new(...)
  local o = setmetatable({}, self)
  o:init(...)
  return o
end

function Object:init() end
function Object:is_a(class)
  local c = getmetatable(self)
  while c do
    if c == class then return true end
    c = c.super
  end
  return false
end
Object.__tostring = function(o) return "a " .. o.class_name end

---------------------------------------------------------------- mixins
local Observable = {}

function Observable:observe(f)
  self.observers = self.observers or {}
  self.observers[#self.observers + 1] = f
end

function Observable:changed(what, ...)
  if self.observers then
    for i = 1, #self.observers do self.observers[i](self, what, ...) end
  end
end

---------------------------------------------------------------- shapes
local Shape = Object:subclass("Shape", Observable)
local serial = 0

function Shape:init(x, y, ink)
  serial = serial + 1
  self.id, self.x, self.y, self.ink = serial, x, y, ink or "#"
end

function Shape:area() return 0 end
function Shape:move(dx, dy)
  self.x, self.y = self.x + dx, self.y + dy
  self:changed("move", dx, dy)
  return self
end
function Shape:describe() return "" end
function Shape:contains() return false end
Shape.__tostring = function(s) return format("%s#%d(%g,%g%s)", s.class_name, s.id, s.x, s.y, s:describe()) end
Shape.__eq = function(a, b) return a.class_name == b.class_name and a.x == b.x and a.y == b.y and a:area() == b:area() end
Shape.__lt = function(a, b)
  local aa, ab = a:area(), b:area()
  if aa ~= ab then return aa < ab end
  return a.id < b.id
end
Shape.__le = function(a, b) return not (b < a) end

local Rect = Shape:subclass("Rect")

function Rect:init(x, y, w, h, ink)
  Shape.init(self, x, y, ink)
  self.w, self.h = w, h
end
function Rect:area() return self.w * self.h end
function Rect:describe() return format(" %gx%g", self.w, self.h) end
function Rect:contains(px, py) return px >= self.x and px < self.x + self.w and py >= self.y and py < self.y + self.h end
function Rect:accept(v, ...) return v:rect(self, ...) end
function Rect:scale(k) self.w, self.h = self.w * k, self.h * k; self:changed("scale", k); return self end

local Square = Rect:subclass("Square")
function Square:init(x, y, side, ink) Rect.init(self, x, y, side, side, ink) end
function Square:describe() return format(" %g", self.w) end
function Square:accept(v, ...) return v.square and v:square(self, ...) or Rect.accept(self, v, ...) end

local Disc = Shape:subclass("Disc")
function Disc:init(x, y, r, ink)
  Shape.init(self, x, y, ink)
  self.r = r
end
function Disc:area() return 3 * self.r * self.r end -- as good as it gets in text
function Disc:describe() return format(" r%g", self.r) end
function Disc:contains(px, py)
  local dx, dy = px - self.x, (py - self.y) * 2
  return dx * dx + dy * dy <= self.r * self.r
end
function Disc:accept(v, ...) return v:disc(self, ...) end
function Disc:scale(k) self.r = self.r * k; self:changed("scale", k); return self end

local Group = Shape:subclass("Group")
function Group:init(...)
  Shape.init(self, 0, 0)
  self.parts = { ... }
end
function Group:area()
  local sum = 0
  for i = 1, #self.parts do sum = sum + self.parts[i]:area() end
  return sum
end
function Group:describe() return " of " .. #self.parts end
function Group:contains(px, py)
  for i = #self.parts, 1, -1 do
    local part = self.parts[i]
    local inside, ink = part:contains(px, py)
    if inside then return true, ink or part.ink end
  end
  return false
end
function Group:move(dx, dy)
  for i = 1, #self.parts do self.parts[i]:move(dx, dy) end
  return Shape.move(self, dx, dy)
end
function Group:scale(k)
  for i = 1, #self.parts do self.parts[i]:scale(k) end
  return self
end
function Group:accept(v, ...) return v:group(self, ...) end
Group.__len = function(g) return #g.parts end
Group.__call = function(g, i) return g.parts[i] end
Group.__add = function(g, s) g.parts[#g.parts + 1] = s; return g end

---------------------------------------------------------------- visitors
local Counter = Object:subclass("Counter")
function Counter:init() self.rects, self.squares, self.discs, self.groups, self.depth, self.deepest = 0, 0, 0, 0, 0, 0 end
function Counter:rect() self.rects = self.rects + 1; return self end
function Counter:square() self.squares = self.squares + 1; return self end
function Counter:disc() self.discs = self.discs + 1; return self end
function Counter:group(g)
  self.groups = self.groups + 1
  self.depth = self.depth + 1
  if self.depth > self.deepest then self.deepest = self.depth end
  for i = 1, #g do g(i):accept(self) end
  self.depth = self.depth - 1
  return self
end
Counter.__tostring = function(c)
  return format("rects %d squares %d discs %d groups %d deepest %d", c.rects, c.squares, c.discs, c.groups, c.deepest)
end

local Printer = Object:subclass("Printer")
function Printer:init() self.out, self.level = {}, 0 end
function Printer:line(s) self.out[#self.out + 1] = ("  "):rep(self.level) .. tostring(s) end
function Printer:rect(s) self:line(s) end
function Printer:disc(s) self:line(s) end
function Printer:group(g)
  self:line(g)
  self.level = self.level + 1
  for i = 1, #g do g(i):accept(self) end
  self.level = self.level - 1
end

---------------------------------------------------------------- commands with undo
local Command = Object:subclass("Command")
local Move, Scale = Command:subclass("Move"), Command:subclass("Scale")
function Move:init(s, dx, dy) self.target, self.dx, self.dy = s, dx, dy end
function Move:run() self.target:move(self.dx, self.dy) end
function Move:undo() self.target:move(-self.dx, -self.dy) end
function Scale:init(s, k) self.target, self.k = s, k end
function Scale:run() self.target:scale(self.k) end
function Scale:undo() self.target:scale(1 / self.k) end

local History = Object:subclass("History")
function History:init() self.done, self.undone = {}, {} end
function History:run(c)
  c:run()
  self.done[#self.done + 1] = c
  self.undone = {}
end
function History:undo()
  local c = table.remove(self.done)
  if not c then return false end
  c:undo()
  self.undone[#self.undone + 1] = c
  return true
end
function History:redo()
  local c = table.remove(self.undone)
  if not c then return false end
  c:run()
  self.done[#self.done + 1] = c
  return true
end

---------------------------------------------------------------- canvas
local function render(shape, width, height)
  local lines = {}
  for y = 1, height do
    local line = {}
    for x = 1, width do
      local inside, ink = shape:contains(x, y)
      line[x] = inside and (ink or shape.ink) or "."
    end
    lines[y] = concat(line)
  end
  return lines
end

---------------------------------------------------------------- work
local house = Group(Rect(4, 5, 12, 6, "H"), Square(6, 7, 2, "w"), Rect(11, 8, 2, 3, "d"))
local scene = Group(Disc(32, 4, 5, "O"), house, Disc(24, 10, 4, "b"))
for _, line in ipairs(render(scene, 40, 12)) do print(line) end
local printer = Printer()
scene:accept(printer)
print(concat(printer.out, "\n"))
print(scene:accept(Counter()), tostring(Shape), #scene, scene(2)(1) < scene(3), Square(1, 1, 2) == Square(1, 1, 2))
print(Square(0, 0, 1):is_a(Rect), Square(0, 0, 1):is_a(Disc), tostring(Object:new()), tostring(Command()))
local sorted = { Disc(0, 0, 3), Rect(0, 0, 2, 5), Square(1, 1, 4), Disc(2, 2, 1), Rect(0, 0, 1, 10) }
table.sort(sorted)
for i, s in ipairs(sorted) do sorted[i] = tostring(s) end
print(concat(sorted, " "))

local moves, scales = 0, 0
house:observe(function(_, what) if what == "move" then moves = moves + 1 end end)
for i = 1, #house do
  house(i):observe(function(_, what, k) if what == "scale" then scales = scales + k end end)
end
local history, seed, sum = History(), 12, 0
for round = 1, N do
  for i = 1, 20 do
    seed = (seed * 16807) % 2147483647
    local target = seed % 3 == 0 and scene or seed % 3 == 1 and house or house(seed % 2 + 1)
    if seed % 5 == 0 then history:run(Scale(target, 2))
    else history:run(Move(target, seed % 7 - 3, seed % 4 - 2)) end
    if i % 4 == 0 then history:undo() end
    if i % 8 == 0 then history:redo() end
  end
  local c = Counter()
  scene:accept(c)
  sum = (sum * 3 + floor(scene:area()) % 65521 + c.rects) % 1000003
  while history:undo() do end
  if round % 15 == 0 then
    for _, line in ipairs(render(scene, 40, 12)) do
      for k = 1, #line do sum = (sum * 5 + line:byte(k)) % 1000003 end
    end
  end
end
print("moves", moves, "scales", format("%.1f", scales), "sum", sum, "ids", serial)
for _, line in ipairs(render(scene, 40, 12)) do print(line) end
