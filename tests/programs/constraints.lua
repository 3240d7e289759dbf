-- An incremental constraint solver: one-way dataflow with strengths. Every variable is determined by at most one
-- constraint; adding or removing a constraint repairs only the part of the graph that it touches, and a plan
-- (the methods in order) is extracted once and executed many times.
-- Polymorphic method calls, short loops over lists, object graphs with marks.
local N = tonumber(arg and arg[1]) or 120

local REQUIRED, STRONG, MEDIUM, WEAK, WEAKEST = 1, 2, 3, 4, 5
local strength_names = { "required", "strong", "medium", "weak", "weakest" }

local function class(base)
  local c = {}
  c.__index = c
  if base then setmetatable(c, { __index = base }) end
  return c
end

---------------------------------------------------------------- variables
local Variable = class()

local function variable(name, value)
  return setmetatable({ name = name, value = value, users = {}, count = 0, by = nil,
    walk = WEAKEST, mark = 0, stay = true }, Variable)
end

function Variable:attach(c)
  self.count = self.count + 1
  self.users[self.count] = c
end

function Variable:detach(c)
  local users, n = self.users, self.count
  for i = 1, n do
    if users[i] == c then
      users[i] = users[n]
      users[n] = nil
      self.count = n - 1
      break
    end
  end
  if self.by == c then self.by = nil end
end

function Variable:__tostring() return string.format("%s=%g(%s)", self.name, self.value, strength_names[self.walk]) end

---------------------------------------------------------------- constraints: vars is the list of variables, out the index of the one it determines
local Constraint = class()

function Constraint:init(strength, ...)
  self.strength, self.vars, self.out = strength, { ... }, nil
  return self
end

function Constraint:satisfied() return self.out ~= nil end
function Constraint:output() return self.vars[self.out] end
function Constraint:is_input() return false end
function Constraint:can_determine(i) return true end

-- chooses the output that is weakest and not yet settled in this pass
function Constraint:choose(mark)
  local best, best_walk
  for i = 1, #self.vars do
    local v = self.vars[i]
    if v.mark ~= mark and self:can_determine(i) and v.walk > self.strength and (not best or v.walk > best_walk) then
      best, best_walk = i, v.walk
    end
  end
  self.out = best
end

function Constraint:inputs_known(mark)
  for i = 1, #self.vars do
    if i ~= self.out then
      local v = self.vars[i]
      if not (v.mark == mark or v.stay or v.by == nil) then return false end
    end
  end
  return true
end

function Constraint:mark_inputs(mark)
  for i = 1, #self.vars do
    if i ~= self.out then self.vars[i].mark = mark end
  end
end

function Constraint:recalculate()
  local out, walk, stay = self:output(), self.strength, not self:is_input()
  for i = 1, #self.vars do
    local v = self.vars[i]
    if i ~= self.out then
      if v.walk > walk then walk = v.walk end
      stay = stay and v.stay
    end
  end
  out.walk, out.stay = walk, stay
  if stay then self:execute() end
end

local Stay = class(Constraint)
function Stay:execute() end

local Edit = class(Constraint)
function Edit:is_input() return true end
function Edit:execute() end

local Equal = class(Constraint)
function Equal:execute()
  local a, b = self.vars[1], self.vars[2]
  if self.out == 1 then a.value = b.value else b.value = a.value end
end

local Scale = class(Constraint) -- vars: source, factor, offset, destination
function Scale:can_determine(i) return i == 1 or i == 4 end
function Scale:execute()
  local v = self.vars
  if self.out == 4 then v[4].value = v[1].value * v[2].value + v[3].value
  else v[1].value = (v[4].value - v[3].value) / v[2].value end
end

local Sum = class(Constraint) -- vars: a, b, total
function Sum:execute()
  local v = self.vars
  if self.out == 3 then v[3].value = v[1].value + v[2].value
  elseif self.out == 1 then v[1].value = v[3].value - v[2].value
  else v[2].value = v[3].value - v[1].value end
end

local function make(class_, ...) return setmetatable({}, class_):init(...) end

---------------------------------------------------------------- solver
local Solver = class()

function Solver.new() return setmetatable({ mark = 0, overridden = 0, propagated = 0 }, Solver) end

function Solver:new_mark()
  self.mark = self.mark + 1
  return self.mark
end

function Solver:add(c)
  for i = 1, #c.vars do c.vars[i]:attach(c) end
  local mark = self:new_mark()
  local displaced = self:satisfy(c, mark)
  while displaced do displaced = self:satisfy(displaced, mark) end
  return c
end

-- makes c hold if it can; returns the constraint that it pushed out
function Solver:satisfy(c, mark)
  c:choose(mark)
  if not c:satisfied() then
    if c.strength == REQUIRED then error("a required constraint cannot be satisfied", 0) end
    return nil
  end
  c:mark_inputs(mark)
  local out = c:output()
  local displaced = out.by
  if displaced then displaced.out = nil; self.overridden = self.overridden + 1 end
  out.by = c
  self:propagate(c)
  out.mark = mark
  return displaced
end

function Solver:propagate(c)
  local todo, n = { c }, 1
  local steps = 0
  while n > 0 do
    local d = todo[n]
    todo[n] = nil
    n = n - 1
    steps = steps + 1
    if steps > 100000 then error("a cycle", 0) end
    d:recalculate()
    local out = d:output()
    for i = 1, out.count do
      local user = out.users[i]
      if user ~= d and user:satisfied() and user:output() ~= out then n = n + 1; todo[n] = user end
    end
  end
  self.propagated = self.propagated + steps
end

function Solver:remove(c)
  local out = c:satisfied() and c:output() or nil
  c.out = nil
  for i = 1, #c.vars do c.vars[i]:detach(c) end
  if not out then return end
  out.by, out.walk, out.stay = nil, WEAKEST, true
  -- everything downstream gets its strength anew, what waits upstream may now hold
  local waiting, todo, n = {}, { out }, 1
  while n > 0 do
    local v = todo[n]
    todo[n] = nil
    n = n - 1
    for i = 1, v.count do
      local user = v.users[i]
      if not user:satisfied() then waiting[#waiting + 1] = user
      elseif user:output() ~= v then
        user:recalculate()
        n = n + 1
        todo[n] = user:output()
      end
    end
  end
  for strength = REQUIRED, WEAKEST do
    for i = 1, #waiting do
      local w = waiting[i]
      if w.strength == strength and not w:satisfied() then
        local mark = self:new_mark()
        local displaced = self:satisfy(w, mark)
        while displaced do displaced = self:satisfy(displaced, mark) end
      end
    end
  end
end

-- the methods, in order, that react to the given inputs
function Solver:plan(sources)
  local mark = self:new_mark()
  local plan, todo = {}, {}
  for i = 1, #sources do if sources[i]:satisfied() then todo[#todo + 1] = sources[i] end end
  while #todo > 0 do
    local c = table.remove(todo)
    local out = c:output()
    if out.mark ~= mark and c:inputs_known(mark) then
      plan[#plan + 1] = c
      out.mark = mark
      for i = 1, out.count do
        local user = out.users[i]
        if user ~= c and user:satisfied() and user:output() ~= out then todo[#todo + 1] = user end
      end
    end
  end
  return plan
end

local function execute(plan) for i = 1, #plan do plan[i]:execute() end end

---------------------------------------------------------------- exercises
local function chain(length)
  local s, vars = Solver.new(), {}
  for i = 0, length do vars[i] = variable("v" .. i, 0) end
  for i = 0, length - 1 do s:add(make(Equal, REQUIRED, vars[i], vars[i + 1])) end
  s:add(make(Stay, STRONG, vars[length]))
  local edit = s:add(make(Edit, REQUIRED, vars[0]))
  local plan = s:plan { edit }
  local sum = 0
  for i = 1, 50 do
    vars[0].value = i
    execute(plan)
    sum = sum + vars[length].value
  end
  s:remove(edit)
  return sum, #plan, s
end

local function projection(length)
  local s = Solver.new()
  local factor, offset = variable("factor", 10), variable("offset", 1000)
  local from, to = {}, {}
  for i = 1, length do
    from[i], to[i] = variable("from" .. i, i), variable("to" .. i, i)
    s:add(make(Stay, MEDIUM, from[i]))
    s:add(make(Scale, REQUIRED, from[i], factor, offset, to[i]))
  end
  local function change(v, value)
    local edit = s:add(make(Edit, STRONG, v))
    local plan = s:plan { edit }
    for _ = 1, 10 do v.value = value; execute(plan) end
    s:remove(edit)
  end
  change(from[1], 17)
  local a = to[1].value
  change(to[2], 1050)
  local b = from[2].value
  change(factor, 5)
  local c = 0
  for i = 1, length - 1 do c = c + to[i].value end
  change(offset, 2000)
  local d = 0
  for i = 1, length - 1 do d = d + to[i].value end
  return a, b, c, d, s
end

local function layout(columns)
  -- columns side by side: left[i] + width[i] = right[i], right[i] = left[i+1]
  local s = Solver.new()
  local left, width, right = {}, {}, {}
  for i = 1, columns do
    left[i], width[i], right[i] = variable("l" .. i, 0), variable("w" .. i, 10 + i), variable("r" .. i, 0)
    s:add(make(Stay, WEAK, width[i]))
    s:add(make(Sum, REQUIRED, left[i], width[i], right[i]))
    if i > 1 then s:add(make(Equal, REQUIRED, right[i - 1], left[i])) end
  end
  local anchor = s:add(make(Edit, MEDIUM, left[1]))
  local plan, sum = s:plan { anchor }, 0
  for x = 1, 40 do
    left[1].value = x
    execute(plan)
    sum = (sum * 3 + right[columns].value) % 1000003
  end
  return sum, tostring(right[columns]), s
end

local total, work, pushed = 0, 0, 0
for i = 1, N do
  local sum, steps, s1 = chain(40 + i % 7)
  local a, b, c, d, s2 = projection(30 + i % 5)
  local e, text, s3 = layout(12 + i % 4)
  total = (total * 5 + sum + a + b + c + d + e) % 1000003
  work = work + s1.propagated + s2.propagated + s3.propagated
  pushed = pushed + s1.overridden + s2.overridden + s3.overridden
  if i <= 3 or i == N then
    print(string.format("%d: chain %g/%d projection %g %g %g %g layout %g %s", i, sum, steps, a, b, c, d, e, text))
  end
end
print(string.format("total %.0f propagated %d overridden %d", total, work, pushed))
