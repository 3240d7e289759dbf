-- Errors as a way of working: error objects with methods, levels, rethrowing, a handler, retries, errors in
-- library functions, and to-be-closed variables that see what passes them. Messages are measured with their places.
local N = tonumber(arg and arg[1]) or 5000
local ValidationError = setmetatable({}, {__call = function(c, field, msg)
  return setmetatable({field=field, msg=msg}, c)
end})
ValidationError.__index = ValidationError
ValidationError.__tostring = function(e) return e.field..": "..e.msg end
local function validate(u)
  if type(u.name) ~= "string" then error(ValidationError("name", "must be a string")) end
  if #u.name < 3 then error(ValidationError("name", "too short"), 2) end
  if not u.age or u.age < 0 then error("invalid age: "..tostring(u.age)) end
  if u.bad then
    local x = nil
    return x.field
  end
  return true
end

local function try(f, catch, finally)
  local r = table.pack(pcall(f))
  if not r[1] and catch then r = table.pack(true, catch(r[2])) end
  if finally then finally() end
  if not r[1] then error(r[2], 0) end
  return table.unpack(r, 2, r.n)
end

local closed, stats, s = 0, {}, 0
local mt = {__close = function(o, e)
  closed = closed + 1
  if e then o.err = e end
end}
local function with(u)
  local h <close> = setmetatable({u=u}, mt)
  validate(u)
  return #u.name
end

local users = {{name="alice", age=3}, {name="al", age=4}, {name=5, age=3}, {name="carol", age=-1},
  {name="dave", age=7}, {name="erin", age=9, bad=true}, {name="frank", age=20}, {name="grace", age=44}}
for r = 1, N do
  for _, u in ipairs(users) do
    local ok, e = pcall(validate, u)
    if ok then
      s = s + 1
    elseif type(e) == "table" then
      stats[e.field] = (stats[e.field] or 0) + 1
      s = s + #tostring(e)
    else
      s = s + #e
    end
    local ok2, n = pcall(with, u)
    if ok2 then s = s + n end
    local ok3, tb = xpcall(validate, function(m) return "handled "..tostring(m) end, u)
    s = s + (ok3 and 1 or #tb)
    s = s + (try(function()
      validate(u)
      return 2
    end, function(e)
      return 3
    end, function()
      s = s + 1
    end))
  end
  for i = 1, 20 do
    local ok, v = pcall(function(a, b) return a // b end, 10, i % 4)
    s = s + (ok and v or 1)
  end
  for i = 1, 10 do
    local ok, v = pcall(tonumber, "1"..i)
    s = s + v
    s = s + select(2, pcall(string.rep, "x", i)):len()
  end
  local attempts = 0
  local function flaky()
    attempts = attempts + 1
    if attempts < 3 then error({code=attempts}) end
    return attempts
  end
  repeat local ok, v = pcall(flaky) until ok
  s = s + attempts
  if not pcall(error) then s = s + 1 end
  assert(select("#", assert(1, 2, 3)) == 3)
end
local keys = {}
for k, v in pairs(stats) do keys[#keys+1] = k.."="..v end
table.sort(keys)
print(s, closed, table.concat(keys, " "))
