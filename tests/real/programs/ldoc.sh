# packages: lua-ldoc
# ldoc over Penlight: HTML of some forty modules.
. "$REAL/lib.sh"
export LUA_PATH="/usr/share/lua/5.1/?.lua;/usr/share/lua/5.1/?/init.lua"
lua /usr/bin/ldoc --date fixed --testing -d html -p penlight /usr/share/lua/5.1/pl
echo "exit $?"
find html -type f | LC_ALL=C sort | while read -r f; do echo "== $f"; cat "$f"; done
