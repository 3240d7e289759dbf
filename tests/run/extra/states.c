/* states.c N: that many live states in one process. How many of them compiled their loop is printed: "N of N". What was
 * compiled for the first ones still runs after the last. For states.sh. */
#include <lua5.4/lauxlib.h>
#include <lua5.4/lua.h>
#include <lua5.4/lualib.h>
#include <stdio.h>
#include <stdlib.h>

static const char program[] =
    "local function f(n) local s = 0 for i = 1, n do s = s + i % 7 end return s end "
    "local s = f(300) "
    "return s, require 'jitstat'.get_stats_snapshot().counters.TOTAL_COMPILED_LOOPS, f";

static void expect(lua_State *L, int n, int at, lua_Integer want)
{
    if (lua_tointeger(L, at) == want)
        return;
    fprintf(stderr, "state %d: %s, not %lld\n", n, lua_tostring(L, at), (long long)want);
    exit(1);
}

int main(int argc, char **argv)
{
    int n = argc > 1 ? atoi(argv[1]) : 1, compiled = 0;
    lua_State **L = calloc((size_t)n, sizeof *L);

    for (int i = 0; i < n; i++) {
        L[i] = luaL_newstate();
        luaL_openlibs(L[i]);
        if (luaL_dostring(L[i], program)) {
            fprintf(stderr, "%s\n", lua_tostring(L[i], -1));
            return 1;
        }
        expect(L[i], i, 1, 903);
        compiled += lua_tointeger(L[i], 2) > 0;
    }
    for (int i = 0; i < n; i++) {
        lua_pushvalue(L[i], 3);
        lua_pushinteger(L[i], 700);
        lua_call(L[i], 1, 1);
        expect(L[i], i, -1, 2100);
        lua_close(L[i]);
    }
    printf("%d of %d\n", compiled, n);
    free(L);
    return 0;
}
