-- packages: lua-socket
-- socket: an echo server and its clients in one process on loopback, coroutines over select; then the
-- pure Lua parts over it: ltn12, mime, url, http.
local socket = require "socket"
local ltn12, mime, url, http = require "ltn12", require "mime", require "socket.url", require "socket.http"

local server = assert(socket.bind("127.0.0.1", 0))
local _, port = server:getsockname()
server:settimeout(0)

local threads, waiting = {}, {}
local function spawn(f, ...)
    local co = coroutine.create(f)
    local ok, sock = assert(coroutine.resume(co, ...))
    if coroutine.status(co) ~= "dead" then waiting[sock] = co end
end
local function step()
    local list = {}
    for s in next, waiting do list[#list + 1] = s end
    for _, s in ipairs((socket.select(list, nil, 5))) do
        local co = waiting[s]
        waiting[s] = nil
        local ok, next_sock = assert(coroutine.resume(co))
        if coroutine.status(co) ~= "dead" then waiting[next_sock] = co end
    end
end
local function receive(s)
    while true do
        local line, err, part = s:receive "*l"
        if line or err == "closed" then return line end
        coroutine.yield(s)
    end
end

local served, got, done = 0, 0, 0
local function serve(c)
    c:settimeout(0)
    for line in receive, c do
        served = served + #line
        c:send(line:reverse() .. "\n")
    end
    c:close()
end
spawn(function()
    for i = 1, 4 do
        coroutine.yield(server)
        spawn(serve, assert(server:accept()))
    end
end)
for k = 1, 4 do
    spawn(function()
        local c = assert(socket.connect("127.0.0.1", port))
        c:settimeout(0)
        for i = 1, 300 do
            c:send("client " .. k .. " line " .. i .. "\n")
            coroutine.yield(c)
            local line = receive(c)
            assert(line:reverse() == "client " .. k .. " line " .. i)
            got = got + 1
        end
        c:close()
        done = done + 1
    end)
end
while done < 4 do step() end
print("echo", got, served)
server:close()

-- udp
local a, b = assert(socket.udp()), assert(socket.udp())
a:setsockname("127.0.0.1", 0)
a:settimeout(5)
local host, aport = a:getsockname()
b:setpeername(host, aport)
local bytes = 0
for i = 1, 300 do
    b:send(("x"):rep(i))
    bytes = bytes + #a:receive()
end
print("udp", bytes, b:getpeername() == host)
a:close() b:close()

-- errors
print(socket.connect("127.0.0.1", port))
local protected = socket.protect(function(x)
    socket.try(x, "was nil")
    return x
end)
local fine = 0
for i = 1, 300 do if protected(i % 3 ~= 0 or nil) then fine = fine + 1 end end
print("protect", fine, protected(nil))

-- mime and ltn12: filters that call C for each chunk
local source = {}
for i = 1, 200 do source[i] = "line " .. i .. " with = and \200 bytes\r\n" end
local text = table.concat(source)
local function through(filter)
    local out = {}
    assert(ltn12.pump.all(ltn12.source.chain(ltn12.source.string(text), filter), (ltn12.sink.table(out))))
    return table.concat(out)
end
local b64 = through(ltn12.filter.chain(mime.encode "base64", mime.wrap "base64"))
local qp = through(mime.encode "quoted-printable")
print("mime", #b64, b64:sub(1, 40), #qp, #through(mime.normalize "\n"))
print(mime.unb64(mime.b64 "round trip"), mime.unqp(mime.qp "a=b\tc"), mime.stuff and "stuff")
local n = 0
for i = 1, 1000 do n = n + #mime.b64(("%d"):format(i)) end
print("b64", n)

-- url
for _, u in ipairs { "http://user:pw@host:8080/a/b;p?q=1#f", "//h/x", "mailto:me@here", "../up" } do
    local p = url.parse(u)
    print(p.scheme, p.host, p.port, p.path, p.query, p.fragment, url.build(p), url.absolute("http://base/one/two", u))
end
print(url.escape "a b&c/ü", url.unescape "%41%20", url.build_path(url.parse_path "/a%20b/c/"))

-- http over a sink, against a server that is a coroutine stepped from the socket's own create function
local listener = assert(socket.bind("127.0.0.1", 0))
local _, hport = listener:getsockname()
local function serve_one()
    local c = listener:accept()
    c:settimeout(5)
    local request, length = c:receive "*l", 0
    for line in function() return c:receive "*l" end do
        length = tonumber(line:match "^content%-length: (%d+)") or length
        if line == "" then break end
    end
    local body = length > 0 and c:receive(length) or ""
    local answer = request .. "|" .. #body
    c:send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: " .. #answer .. "\r\nX-Kind: test\r\n\r\n" .. answer)
    c:close()
end
local function create() -- serves when the client first waits for an answer
    local s = assert(socket.tcp())
    local proxy = { connect = function(_, ...) return s:connect(...) end, settimeout = function() return 1 end, close = function() return s:close() end,
                    send = function(_, ...) return s:send(...) end }
    local answered
    function proxy.receive(_, ...)
        if not answered then answered = true serve_one() end
        return s:receive(...)
    end
    return proxy
end
local codes, size = 0, 0
for i = 1, 60 do
    local out = {}
    local _, code, headers = http.request { url = "http://127.0.0.1:" .. hport .. "/page" .. i % 10, sink = ltn12.sink.table(out), create = create, method = i % 2 == 0 and "POST" or "GET",
                                            source = i % 2 == 0 and ltn12.source.string(("y"):rep(i)) or nil, headers = i % 2 == 0 and { ["content-length"] = i } or nil }
    codes, size = codes + code, size + #table.concat(out) + #headers["x-kind"]
end
print("http", codes, size)
