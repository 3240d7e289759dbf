-- Messages name the variable: local, upvalue, global, field, method, constant, and the kinds of value.
local function m(f, ...) local ok, e = pcall(f, ...); return (tostring(e):gsub("^error_names.lua:%d+: ", "")) end
local up
local t = { s = "x", n = 5, t = {} }
print(m(function() local l; l() end)) --> attempt to call a nil value (local 'l')
print(m(function() up() end)) --> attempt to call a nil value (upvalue 'up')
print(m(function() global_thing() end)) --> attempt to call a nil value (global 'global_thing')
print(m(function() t.field() end)) --> attempt to call a nil value (field 'field')
print(m(function() t:method() end)) --> attempt to call a nil value (method 'method')
print(m(function() t.t.deep.er = 1 end)) --> attempt to index a nil value (field 'deep')
print(m(function() local l; l.x = 1 end)) --> attempt to index a nil value (local 'l')
print(m(function() local l; return l[1] end)) --> attempt to index a nil value (local 'l')
print(m(function() return up.x end)) --> attempt to index a nil value (upvalue 'up')
print(m(function() return global_thing.x end)) --> attempt to index a nil value (global 'global_thing')
print(m(function() return t.field.x end)) --> attempt to index a nil value (field 'field')
print(m(function() return t["with space"].x end)) --> attempt to index a nil value (field 'with space')
print(m(function() return t[1].x end)) --> attempt to index a nil value (field 'integer index')
print(m(function() local k = "key"; return t[k].x end)) --> attempt to index a nil value (field '?')
print(m(function() return (nil).x end)) --> attempt to index a nil value
print(m(function() return ("x").y.z end)) --> attempt to index a nil value (field 'y')
print(m(function() return t.s + 1 end)) --> attempt to add a 'string' with a 'number'
print(m(function() return t.t + 1 end)) --> attempt to perform arithmetic on a table value (field 't')
print(m(function() return 1 + t.t end)) --> attempt to perform arithmetic on a table value (field 't')
print(m(function() local a, b = 1, {}; return a + b end)) --> attempt to perform arithmetic on a table value (local 'b')
print(m(function() return up - 1 end)) --> attempt to perform arithmetic on a nil value (upvalue 'up')
print(m(function() return -up end)) --> attempt to perform arithmetic on a nil value (upvalue 'up')
print(m(function() return global_thing * 2 end)) --> attempt to perform arithmetic on a nil value (global 'global_thing')
print(m(function() return #up end)) --> attempt to get length of a nil value (upvalue 'up')
print(m(function() return #t.n end)) --> attempt to get length of a number value (field 'n')
print(m(function() return t.n .. {} end)) --> attempt to concatenate a table value
print(m(function() return up .. "x" end)) --> attempt to concatenate a nil value (upvalue 'up')
print(m(function() return t.t < t.t end)) --> attempt to compare two table values
print(m(function() return t.n < t.s end)) --> attempt to compare number with string
print(m(function() return up <= 1 end)) --> attempt to compare nil with number
print(m(function() return 1 < "2" end)) --> attempt to compare number with string
print(m(function() return 1.5 // {} end)) --> attempt to perform arithmetic on a table value
print(m(function() return 2 ^ up end)) --> attempt to perform arithmetic on a nil value (upvalue 'up')
print(m(function() return t.n & 1.5 end)) --> number has no integer representation
print(m(function() local l = 1.5; return l | 1 end)) --> number (local 'l') has no integer representation
print(m(function() return t.s | 1 end)) --> attempt to perform bitwise operation on a string value (field 's')
print(m(function() return 1 // 0 end)) --> attempt to divide by zero
print(m(function() return 1 % 0 end)) --> attempt to perform 'n%0'
print(m(function() local z = 0; return t.n // z end)) --> attempt to divide by zero
print(m(function() t[nil] = 1 end)) --> table index is nil
print(m(function() t[0/0] = 1 end)) --> table index is NaN
print(m(function() for i = 1, "x" do end end)) --> bad 'for' limit (number expected, got string)
print(m(function() for k in up do end end)) --> attempt to call a nil value (for iterator 'for iterator')
print(m(string.rep)) --> bad argument #1 to 'string.rep' (string expected, got no value)
print(m(function() string.rep() end)) --> bad argument #1 to 'rep' (string expected, got no value)
print(m(function() ("x"):rep({}) end)) --> bad argument #1 to 'rep' (number expected, got table)
print(m(function() ("x"):bad() end)) --> attempt to call a nil value (method 'bad')
print(m(function() t.s:nothing() end)) --> attempt to call a nil value (method 'nothing')
print(m(function() io.stdout:nothing() end)) --> attempt to call a nil value (method 'nothing')
print(m(function() setmetatable(1, {}) end)) --> bad argument #1 to 'setmetatable' (table expected, got number)
print(m(function() math.floor("x") end)) --> bad argument #1 to 'floor' (number expected, got string)
print(m(function() math.floor({}) end)) --> bad argument #1 to 'floor' (number expected, got table)
print(m(function() local f = math.floor; f(nil) end)) --> bad argument #1 to 'f' (number expected, got nil)
print(m(function() table.concat({ {} }) end)) --> invalid value (table) at index 1 in table for 'concat'
print(m(function() table.concat({ 1, 2, nil, 4 }, ",", 1, 4) end)) --> invalid value (nil) at index 3 in table for 'concat'
print(m(function() table.insert({}, 5, 1) end)) --> bad argument #2 to 'insert' (position out of bounds)
print(m(function() table.insert({}) end)) --> wrong number of arguments to 'insert'
print(m(function() ipairs() end)) --> bad argument #1 to 'ipairs' (value expected)
print(m(function() tostring() end)) --> bad argument #1 to 'tostring' (value expected)
print(m(function() tonumber("z", 99) end)) --> bad argument #2 to 'tonumber' (base out of range)
print(m(function() tonumber(5, 10) end)) --> bad argument #1 to 'tonumber' (string expected, got number)
print(m(function() select(0) end)) --> bad argument #1 to 'select' (index out of range)
print(m(function() error() end)) --> nil
print(m(function() error({}) end) ~= nil) --> true
print(m(function() error("plain", 0) end)) --> plain
-- the same in hot loops: the error comes after the code is compiled
local function hot(bad, op)
  local x, i = 1, 0
  local ok, e = pcall(function()
    for k = 1, 1000 do
      i = k
      if k == 700 then x = bad end
      op(x)
    end
  end)
  return i .. " " .. (tostring(e):gsub("^error_names.lua:%d+: ", ""))
end
print(hot(nil, function(v) return v + 1 end)) --> 700 attempt to perform arithmetic on a nil value (local 'v')
print(hot({}, function(v) return v * 2 end)) --> 700 attempt to perform arithmetic on a table value (local 'v')
print(hot("z", function(v) return v - 1 end)) --> 700 attempt to sub a 'string' with a 'number'
print(hot(true, function(v) return v < 3 end)) --> 700 attempt to compare boolean with number
print(hot(nil, function(v) return v .. "" end)) --> 700 attempt to concatenate a nil value (local 'v')
print(hot(print, function(v) return -v end)) --> 700 attempt to perform arithmetic on a function value (local 'v')
print(hot(0, function(v) return 1 // v end)) --> 700 attempt to divide by zero
print(hot(1.5, function(v) return v & 1 end)) --> 700 number (local 'v') has no integer representation
local function hot_field(bad)
  local o, i = { a = { b = 1 } }, 0
  local ok, e = pcall(function()
    for k = 1, 1000 do
      i = k
      if k == 600 then o.a = bad end
      o.a.b = o.a.b + 1
    end
  end)
  return i .. " " .. (e:gsub("^error_names.lua:%d+: ", ""))
end
print(hot_field(nil)) --> 600 attempt to index a nil value (field 'a')
print(hot_field({})) --> 600 attempt to perform arithmetic on a nil value (field 'b')
print(hot_field(7)) --> 600 attempt to index a number value (field 'a')
