# packages: dnsmasq-base-lua
# dnsmasq's lease script in Lua: called in a helper process for each known lease when it starts, and at its end.
. "$REAL/lib.sh"
cat >lease.lua <<'END'
local out = assert(io.open(os.getenv "EVENTS", "a"))
local function say(...) out:write(table.concat({ ... }, " "), "\n") out:flush() end
local seen = 0
function init() say("init") end
function lease(action, args)
    local sum = 0
    for i = 1, 200 do sum = (sum * 33 + i * #args.mac_address) % 65521 end
    seen = seen + 1
    say(action, args.mac_address, args.ip_address, args.hostname or "-", tostring(math.type(args.lease_expires or 0)), tostring(sum))
    if seen == 100 then say("all") end
end
function shutdown() say("shutdown", tostring(seen)) end
END
for i in $(seq 100); do printf '4000000000 02:00:00:00:%02x:%02x 127.9.0.%d host%d *\n' $((i / 16)) "$i" "$i" "$i"; done >leases
export EVENTS=$PWD/events
linked dnsmasq -k --conf-file=/dev/null --user=root --port=0 --interface=lo --dhcp-range=127.9.0.1,127.9.0.200 --dhcp-authoritative \
    --dhcp-leasefile=$PWD/leases --dhcp-luascript=$PWD/lease.lua --pid-file=$PWD/pid --log-facility=$PWD/log.txt &
SERVER=$!
until grep -qs '^all' events || ! kill -0 "$SERVER"; do :; done
kill -TERM "$(cat pid)"
wait "$SERVER"
echo "exit $?"
LC_ALL=C sort events
