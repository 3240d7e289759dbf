# packages: lighttpd lighttpd-modules-lua curl
# lighttpd's mod_magnet: a script runs for each request, in a state that lives as long as the server.
# 300 requests on loopback, some of them to a script that fails.
. "$REAL/lib.sh"
PORT=$(free_port)
mkdir -p www
echo static >www/plain.txt
touch -d @1000000000 www/plain.txt
cat >hot.lua <<'END'
local r = lighty.r
local path = r.req_attr["uri.path"]
local n = tonumber(path:match "(%d+)") or 0
local s = 0
for i = 1, 2000 do s = (s * 31 + i * n) % 1000003 end
count = (count or 0) + 1
local words = {}
for w in (r.req_attr["uri.query"] or ""):gmatch "[^&]+" do words[#words + 1] = w:upper() end
if path:find "missing" then return 404 end
if path:find "moved" then
    r.resp_header["Location"] = "/elsewhere"
    return 302
end
if path:find "error" then error("failed for " .. n) end
r.resp_header["X-Sum"] = tostring(s)
r.resp_header["Content-Type"] = "text/plain"
r.resp_body:set({ "n=", tostring(n), " agent=", r.req_header["User-Agent"] or "", " words=", table.concat(words, ","), "\n" })
return 200
END
cat >rewrite.lua <<'END'
local attr = lighty.r.req_attr
if attr["uri.path"]:match "^/old/" then
    attr["uri.path"] = "/plain.txt"
    attr["physical.rel-path"] = "/plain.txt"
    attr["physical.path"] = attr["physical.doc-root"] .. "/plain.txt"
end
END
cat >lighttpd.conf <<END
server.modules = ("mod_magnet")
server.document-root = "$PWD/www"
server.bind = "127.0.0.1"
server.port = $PORT
server.pid-file = "$PWD/pid"
server.errorlog = "$PWD/errors"
mimetype.assign = (".txt" => "text/plain")
\$HTTP["url"] =~ "^/lua" { magnet.attract-raw-url-to = ("$PWD/hot.lua") }
magnet.attract-physical-path-to = ("$PWD/rewrite.lua")
END
linked lighttpd -D -f lighttpd.conf &
SERVER=$!
fetch() { curl -s -m 20 -A tester -D - "$@" | tr -d '\r' | grep -viE '^(date|server|etag):'; }
until curl -s -o up "http://127.0.0.1:$PORT/plain.txt" || ! kill -0 "$SERVER"; do :; done
for i in 1 2 3; do fetch "http://127.0.0.1:$PORT/lua/$i?a=b&c=d$i"; done
fetch "http://127.0.0.1:$PORT/lua/[4-300]?q=x&y=z" | grep -vE '^(HTTP|Content|$)' | cksum
for p in lua/missing lua/moved lua/error7 old/x plain.txt; do fetch "http://127.0.0.1:$PORT/$p"; done
kill -TERM "$(cat pid)"
wait "$SERVER"
echo "exit $?"
sed -n 's/.*script failed.*: \(.*\)/\1/p; s/.*\(failed for [0-9]*\).*/\1/p' errors
