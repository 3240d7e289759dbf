-- packages: lua-luv
-- luv: an event loop in C that calls Lua; timers, streams on loopback, files, and threads that open
-- states of their own.
local uv = require "luv"

-- idle, prepare, check: a callback per turn of the loop
local idles, prepares, checks = 0, 0, 0
local idle, prepare, check = uv.new_idle(), uv.new_prepare(), uv.new_check()
prepare:start(function() prepares = prepares + 1 end)
check:start(function()
    checks = checks + 1
    if checks == 2000 then
        idle:stop() prepare:stop() check:stop()
    end
end)
idle:start(function()
    for i = 1, 5 do idles = idles + i end
end)
uv.run()
print("turns", idles, prepares, checks)
idle:close() prepare:close() check:close()

-- timers of nothing, coroutines over them
local ticks = 0
local function sleep()
    local co = coroutine.running()
    local t = uv.new_timer()
    t:start(0, 0, function()
        t:close()
        ticks = ticks + 1
        assert(coroutine.resume(co))
    end)
    coroutine.yield()
end
local finished = 0
for k = 1, 5 do
    coroutine.wrap(function()
        for i = 1, 100 do sleep() end
        finished = finished + 1
    end)()
end
uv.run()
print("coroutines", ticks, finished)

-- an echo server and clients
local server = uv.new_tcp()
server:bind("127.0.0.1", 0)
local port = server:getsockname().port
local echoed, lines, clients = 0, 0, 4
server:listen(16, function(err)
    assert(not err, err)
    local c = uv.new_tcp()
    server:accept(c)
    c:read_start(function(e, chunk)
        assert(not e, e)
        if chunk then
            echoed = echoed + #chunk
            c:write(chunk)
        else
            c:shutdown(function() c:close() end)
        end
    end)
end)
for k = 1, clients do
    local c = uv.new_tcp()
    c:connect("127.0.0.1", port, function(err)
        assert(not err, err)
        local n, buffer = 0, ""
        c:read_start(function(e, chunk)
            assert(not e, e)
            if not chunk then return end
            buffer = buffer .. chunk
            for line in buffer:gmatch "([^\n]*)\n" do
                lines, n = lines + 1, n + 1
                assert(line == "client " .. k .. " line " .. n)
                if n < 300 then c:write("client " .. k .. " line " .. n + 1 .. "\n") end
            end
            buffer = buffer:match "([^\n]*)$"
            if n == 300 then
                c:shutdown()
                c:close()
                clients = clients - 1
                if clients == 0 then server:close() end
            end
        end)
        c:write("client " .. k .. " line 1\n")
    end)
end
uv.run()
print("echo", echoed, lines, clients)

-- files, with and without callbacks
local path = os.tmpname()
local fd = assert(uv.fs_open(path, "w+", 384))
local wrote = 0
for i = 1, 500 do wrote = wrote + uv.fs_write(fd, "row " .. i .. "\n", -1) end
print("wrote", wrote, uv.fs_fstat(fd).size)
local reads, bytes = 0, 0
local function read_on(at)
    uv.fs_read(fd, 64, at, function(err, data)
        assert(not err, err)
        if #data == 0 then return end
        reads, bytes = reads + 1, bytes + #data
        read_on(at + #data)
    end)
end
read_on(0)
uv.run()
print("read", reads, bytes)
uv.fs_close(fd)
print(uv.fs_unlink(path), select(2, uv.fs_stat(path)) ~= nil, select(3, uv.fs_stat(path)))

-- work on the thread pool: each thread has a Lua state of its own
local results, sum = 0, 0
local work = uv.new_work(function(n)
    local s = 0
    for i = 1, n do s = s + i % 7 end
    return n, s
end, function(n, s)
    results, sum = results + 1, sum + s
end)
for i = 1, 40 do work:queue(i * 100) end
uv.run()
print("work", results, sum)

-- threads, with a channel back
local told = {}
local handle
handle = uv.new_async(function(k, v)
    told[k] = v
end)
local threads = {}
for k = 1, 3 do
    threads[k] = uv.new_thread(function(k, async)
        local t = {}
        for i = 1, 20000 do t[i % 100 + 1] = i * k end
        local s = 0
        for i = 1, 100 do s = s + t[i] end
        async:send(k, s)
    end, k, handle)
    threads[k]:join()
    uv.run "nowait"
end
for k = 1, 3 do print("thread", k, told[k]) end
handle:close()
uv.run()

-- a child process and its output
local out, code = {}, nil
local pipe = uv.new_pipe(false)
local process = uv.spawn("/bin/sh", { args = { "-c", "echo one; echo two; exit 3" }, stdio = { nil, pipe, nil } }, function(c) code = c end)
pipe:read_start(function(err, data)
    if data then out[#out + 1] = data else pipe:close() end
end)
uv.run()
process:close()
uv.run()
print("child", code, (table.concat(out):gsub("\n", "|")))

-- errors: in a callback they are reported by luv, arguments are checked by it
print(pcall(uv.new_timer().start, 1, 2))
print(uv.fs_open("/nonexistent/x", "r", 0))
print(pcall(function() uv.tcp_bind(nil, "x", 1) end))
local n = 0
for i = 1, 500 do
    local t = uv.new_timer()
    if not pcall(t.start, t, i % 2 == 0 and "x" or 0, 0, function() n = n + 1 end) then n = n + 1000 end
    if i % 2 == 0 then t:close() end
    uv.run "nowait"
end
uv.run()
print("timers", n)
uv.walk(function(h) if not h:is_closing() then h:close() end end)
uv.run()
