# packages: lua-check lua-busted lua-ldoc luarocks
# luacheck over every Lua file that the distribution has installed: some hundred files, thousands of warnings.
. "$REAL/lib.sh"
export LUA_PATH="/usr/share/lua/5.1/?.lua;/usr/share/lua/5.1/?/init.lua;/usr/share/lua/5.4/?.lua;/usr/share/lua/5.4/?/init.lua"
lua /usr/bin/luacheck --no-config --no-cache --no-color --codes --std max /usr/share/lua/5.1
echo "exit $?"
cat >broken.lua <<'END'
local x = 1
if x then local y end
goto nowhere
END
lua /usr/bin/luacheck --no-config --no-cache --formatter plain broken.lua -
echo "exit $?"
