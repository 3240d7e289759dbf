-- a register that nobody reads any more must not keep an object alive while a compiled loop waits for its finalizer
local function wait()
  local name
  setmetatable({}, { __gc = function() name = "collected" end })
  repeat local a = {} until name
  return name
end
local n = 0
for _ = 1, 20 do n = n + #wait() end
print(n) --> 180
