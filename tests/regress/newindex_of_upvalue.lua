-- A field of a table in an upvalue is set through a __newindex that the trace inlines: its return wrote over the register
-- that has the upvalue's number.
local log = {}
local object = setmetatable({}, {__newindex = function(t, k, v) log[k] = v end})
local function set(p)
  object.field = 1
  return p
end
local s = 0
for i = 1, 300 do s = s + (set(i) or 1000000) end
print(s, log.field) --> 45150	1
