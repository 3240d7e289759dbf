-- __gc: order, resurrection, errors, objects made in finalizers, at the end of a cycle and at exit.
local log = {}
local function fin(name, f) return setmetatable({}, { __gc = function(o) log[#log + 1] = name; if f then f(o) end end }) end
local a, b, c = fin "a", fin "b", fin "c"
a, b, c = nil, nil, nil
collectgarbage()
print(table.concat(log, " ")) --> c b a
-- only what was marked when the metatable was set is finalized
local late = setmetatable({}, {})
getmetatable(late).__gc = function() log[#log + 1] = "late" end
late = nil
local early = setmetatable({}, { __gc = true })
getmetatable(early).__gc = function() log[#log + 1] = "early" end
early = nil
collectgarbage()
print(table.concat(log, " ")) --> c b a early
-- resurrection: alive again, finalized once unless marked anew
local saved
do local x = fin("phoenix", function(o) saved = o end) end
collectgarbage()
print(type(saved), log[#log]) --> table	phoenix
local n = #log
saved = nil
collectgarbage()
print(#log == n) --> true
local again = 0
local mt = {}
mt.__gc = function(o) again = again + 1; if again < 5 then setmetatable(o, mt) end end
setmetatable({}, mt)
for i = 1, 10 do collectgarbage() end
print(again) --> 5
-- references between dead objects are intact in their finalizers
local seen
do
  local child = { v = 42 }
  local parent = setmetatable({ child = child }, { __gc = function(o) seen = o.child.v end })
end
collectgarbage()
print(seen) --> 42
-- finalizers that allocate
local made = 0
for i = 1, 500 do setmetatable({}, { __gc = function() local t = {}; for k = 1, 20 do t[k] = { k } end made = made + #t end }) end
collectgarbage()
print(made) --> 10000
-- hot loop: every object is finalized exactly once
local count = 0
local cmt = { __gc = function() count = count + 1 end }
for i = 1, 3000 do setmetatable({ i }, cmt) end
collectgarbage()
collectgarbage()
print(count) --> 3000
-- weak tables: values go before finalization, keys after
local wv, wk = setmetatable({}, { __mode = "v" }), setmetatable({}, { __mode = "k" })
local states = {}
do
  local o = setmetatable({}, { __gc = function(o) states[1] = wv[1] == nil; states[2] = wk[o] end })
  wv[1] = o
  wk[o] = "still"
end
collectgarbage()
print(states[1], states[2]) --> true	still
collectgarbage()
print(next(wk)) --> nil
-- an error in a finalizer is a warning, not an error
warn("@off")
setmetatable({}, { __gc = function() error("in gc") end })
print(pcall(collectgarbage)) --> true	0
-- finalizers run inside a loop that only allocates
local ran = false
setmetatable({}, { __gc = function() ran = true end })
local turns = 0
while not ran and turns < 5000000 do
  turns = turns + 1
  local t = { turns }
end
print(ran) --> true
-- a finalizer changes what a hot loop reads
local step, total = 1, 0
local changed = false
setmetatable({}, { __gc = function() step = 100; changed = true end })
for i = 1, 1000 do
  if i == 600 then collectgarbage() end
  total = total + step
end
print(total, changed) --> 40699	true
-- closing the state calls the rest, last made first
at_exit_1 = setmetatable({}, { __gc = function() print("first made, last called") end })
at_exit_2 = setmetatable({}, { __gc = function() print("second") end })
setmetatable({}, { __gc = function() print("third") end })
print("end") --> end
--> third
--> second
--> first made, last called
