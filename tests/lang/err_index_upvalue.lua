-- An upvalue that was emptied by a callee.
--! err_index_upvalue.lua:6: attempt to index a nil value (local 'cache')
local cache = { hits = 0 }
local function clear(i) if i == 750 then cache = nil end end
for i = 1, 1000 do
  cache.hits = cache.hits + 1
  clear(i)
end
