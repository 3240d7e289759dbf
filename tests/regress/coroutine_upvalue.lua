-- A coroutine writes a local of the main chunk that the traced loop had not read before the call.
local h = 0
local function mix(v) h = h * 7 + 1 end
local function body(a, b) mix(1) end
for r = 1, 150 do
  local co = coroutine.create(body)
  for s = 1, 30 do
    local ok, v = coroutine.resume(co, r, s / 2)
    mix(v)
    if coroutine.status(co) == "dead" then break end
  end
end
print(h) --> -7439511780544536784
