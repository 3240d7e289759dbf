#!/bin/bash
# install.sh BINDIR: `make install` below a staging folder: every file in its place, nothing outside the
# prefix; what is installed works from there, the library found beside the commands or through
# pkg-config; `make uninstall` leaves nothing.
set -u
bin=$(cd "${1:?usage: $0 BINDIR}" && pwd)
cd "$(dirname "$0")/../../.." || exit 1
tmp=$(mktemp -d /tmp/jitstat-install.XXXXXX)
trap 'rm -rf "$tmp"' EXIT
passed=0 failed=0
check() { # NAME COMMAND...
    local name=$1
    shift
    if "$@" >"$tmp/log" 2>&1; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "not ok - $name: $(tail -n 3 "$tmp/log")"; fi
}
same() { [ "$1" = "$2" ] || { echo "got '$1', wanted '$2'"; return 1; }; }
stage=$tmp/stage prefix=/opt/jit
run_make() { env -u MAKEFLAGS -u MAKELEVEL make -s "$@" B="$bin" DEPS=no DESTDIR="$stage" PREFIX=$prefix; }
at=$stage$prefix

check "make install" run_make install
for f in bin/jitlua bin/jitstat sbin/jitstatd share/man/man1/jitlua.1 share/man/man8/jitstatd.8 lib/systemd/system/jitstatd.service lib/jitstat/liblua5.4.so.0 lib/jitstat/liblua5.4.so include/jitstat/jitstat.h include/jitstat/stats.h \
    include/jitstat/counters.def share/man/man1/jitstat.1 lib/pkgconfig/jitstat.pc lib/pkgconfig/lua5.4-jitstat.pc; do
    check "$f" test -r "$at/$f"
done
check "the unit names what was installed" grep -q "^ExecStart=$prefix/sbin/jitstatd" "$at/lib/systemd/system/jitstatd.service"
check "nothing outside the prefix" same "$(cd "$stage" && find . -type f | grep -v "^\.$prefix/")" ""
check "no file of the distribution's name in a public place" test ! -e "$at/lib/liblua5.4.so.0"

# What was installed works where it stands.
check "jitlua" same "$("$at/bin/jitlua" -e 'print(require "jitstat" ~= nil, _VERSION)')" "true	Lua 5.4"
cat >"$tmp/embed.c" <<'END'
#include <jitstat/jitstat.h>
#include <lauxlib.h>
#include <lualib.h>
#include <stdio.h>
int main(void)
{
    lua_State *L = luaL_newstate();
    luaL_openlibs(L);
    if (luaL_dostring(L, "local s = 0 for i = 1, 100000 do s = s + i end print(s)")) return 1;
    struct jitstat_snapshot *s = NULL;
    if (jitstat_vm_of_lua && jitstat_get_stats_snapshot(jitstat_vm_of_lua(L), &s) == 0)
        puts(s->totals.counters[JITSTAT_C_TOTAL_COMPILED_LOOPS] > 0 ? "compiled" : "nothing compiled");
    if (s) jitstat_snapshot_free(s);
    lua_close(L);
    return 0;
}
END
export PKG_CONFIG_PATH=$at/lib/pkgconfig
pc() { pkg-config --define-variable=prefix="$at" "$@"; }
check "lua5.4-jitstat.pc links ours" gcc -o "$tmp/ours" "$tmp/embed.c" $(pc --cflags --libs lua5.4-jitstat)
check "which is found by its path" same "$("$tmp/ours")" "5000050000
compiled"
check "jitstat.pc beside the stock library" gcc -o "$tmp/stock" "$tmp/embed.c" $(pc --cflags jitstat) $(pkg-config --cflags --libs lua5.4)
check "runs there without hooks" same "$("$tmp/stock")" 5000050000
check "jitstat run --core finds the library" same "$("$at/bin/jitstat" run --core -j -o "$tmp/json" -- "$tmp/stock" 2>&1)" "5000050000
compiled"
check "and has its snapshot" grep -q '"TOTAL_COMPILED_LOOPS":1' "$tmp/json"

check "make uninstall" run_make uninstall
check "nothing is left" same "$(find "$stage" ! -type d)" ""
check "nor folders of ours" same "$(find "$stage" -type d -name '*jitstat*')" ""
echo "$passed passed, $failed failed"
[ $failed = 0 ]
