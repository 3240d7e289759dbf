-- packages: lua-cqueues
-- cqueues: coroutines scheduled by C that yield across C with continuations; sockets, conditions, threads.
local cqueues = require "cqueues"
local socket, condition = require "cqueues.socket", require "cqueues.condition"

local loop = cqueues.new()
local log, steps = {}, 0
for k = 1, 5 do
    loop:wrap(function()
        for i = 1, 200 do
            steps = steps + i % k
            cqueues.sleep(0)
        end
        log[#log + 1] = k
    end)
end
assert(loop:loop())
table.sort(log)
print("sleepers", steps, table.concat(log, " "), loop:count(), loop:empty())

-- conditions: producer and consumer
local full, empty, slot, moved, sum = condition.new(), condition.new(), nil, 0, 0
loop:wrap(function()
    for i = 1, 500 do
        while slot do empty:wait() end
        slot = i
        full:signal()
    end
end)
loop:wrap(function()
    for i = 1, 500 do
        while not slot do full:wait() end
        sum, moved = sum + slot, moved + 1
        slot = nil
        empty:signal()
    end
end)
assert(loop:loop())
print("condition", moved, sum)

-- socket pairs: lines, blocks, modes
local a, b = socket.pair()
local got, bytes = 0, 0
loop:wrap(function()
    for i = 1, 400 do a:write("message ", i, "\n") end
    a:write(("x"):rep(5000))
    a:flush()
    a:shutdown "w"
end)
loop:wrap(function()
    for i = 1, 400 do
        local line = b:read "*l"
        if line == "message " .. i then got = got + 1 end
    end
    local rest = b:read "*a"
    bytes = #rest
end)
assert(loop:loop())
print("pair", got, bytes)
a:close() b:close()

-- TCP on loopback
local server = socket.listen { host = "127.0.0.1", port = 0 }
assert(server:listen())
local _, _, port = server:localname()
local served, answered = 0, 0
loop:wrap(function()
    for i = 1, 5 do
        local c = server:accept()
        loop:wrap(function()
            for line in c:lines "*l" do
                served = served + 1
                c:write(line:upper(), "\n")
                c:flush()
            end
            c:close()
        end)
    end
end)
for k = 1, 5 do
    loop:wrap(function()
        local c = socket.connect("127.0.0.1", port)
        for i = 1, 100 do
            c:write("hello ", k, " ", i, "\n")
            c:flush()
            if c:read "*l" == "HELLO " .. k .. " " .. i then answered = answered + 1 end
        end
        c:close()
    end)
end
assert(loop:loop())
server:close()
print("tcp", served, answered)

-- nested loops, errors in a coroutine
loop:wrap(function()
    local inner, n = cqueues.new(), 0
    for i = 1, 50 do inner:wrap(function() cqueues.sleep(0) n = n + i end) end
    assert(inner:loop())
    sum = n
end)
print(pcall(function() assert(loop:loop()) end))
print("nested", sum)
local errors = 0
for i = 1, 200 do
    local q = cqueues.new()
    q:wrap(function()
        cqueues.sleep(0)
        if i % 2 == 0 then error("number " .. i, 0) end
    end)
    for err in q:errors() do
        errors = errors + 1
        if i == 2 then print(err) end
    end
end
print("errors", errors)
-- yields through pcall, metamethods and iterators of coroutines that C resumes
local q, through = cqueues.new(), 0
q:wrap(function()
    local object = setmetatable({}, { __add = function(x, y) cqueues.sleep(0) return y end, __index = function(_, k) cqueues.sleep(0) return k end })
    for i = 1, 100 do
        local ok, v = pcall(function() return (object + i) + object[i] end)
        through = through + v
        for k in function(_, j) cqueues.sleep(0) j = (j or 0) + 1 return j < 4 and j or nil end do through = through + k end
    end
end)
assert(q:loop())
print("through", through)
print(cqueues.type(q), cqueues.type(1), q:count())
-- a thread with a state of its own
local thread = require "cqueues.thread"
local t, pipe = thread.start(function(con, n)
    local s = 0
    for i = 1, tonumber(n) do s = s + i end
    con:write(tostring(s), "\n")
end, "30000")
print("thread", pipe:read "*l", t:join())
