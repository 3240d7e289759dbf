# packages: luarocks
# luarocks offline: a rock of our own is made, packed, installed, listed, linted and removed.
. "$REAL/lib.sh"
export LUA_PATH="/usr/share/lua/5.4/?.lua;/usr/share/lua/5.4/?/init.lua;/usr/share/lua/5.1/?.lua;/usr/share/lua/5.1/?/init.lua"
export HOME=$PWD
mkdir src
cat >src/hello.lua <<'END'
return { greet = function(n) return "hello " .. n end }
END
cat >hello-1.0-1.rockspec <<'END'
package = "hello"
version = "1.0-1"
source = { url = "file://hello.tar.gz" }
description = { summary = "A greeting", license = "MIT" }
dependencies = { "lua >= 5.1" }
build = { type = "builtin", modules = { hello = "src/hello.lua" } }
END
rocks() {
    echo "\$ luarocks $*"
    lua /usr/bin/luarocks --lua-version=5.4 --tree="$PWD/tree" "$@" 2>&1 | sed "s#$PWD#HERE#g"
    echo "exit ${PIPESTATUS[0]}"
}
rocks lint hello-1.0-1.rockspec
rocks make hello-1.0-1.rockspec
rocks list
rocks show hello
rocks which hello
rocks pack hello
rocks new_version hello-1.0-1.rockspec 2.0-1 file://hello.tar.gz
rocks install missing-rock --only-server=file:///nonexistent
rocks remove hello
rocks list
rocks nonsense
find tree -type f | LC_ALL=C sort
