/* capi.c: every function of lua.h, called by a program that is compiled once against the distribution's library
 * and runs on both; capi.sh compares what it prints. Addresses are never printed, only whether they are equal.
 *
 * A section is one function here; the table at the end names them.
 */
#include <errno.h>
#include <limits.h>
#include <lua5.4/lauxlib.h>
#include <lua5.4/lua.h>
#include <lua5.4/lualib.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "sections.h"

#define LOOP 300 /* runs of what should be compiled in between */

static void show_value(lua_State *L, int i)
{
    switch (lua_type(L, i)) {
    case LUA_TNUMBER:
        if (lua_isinteger(L, i)) printf("%lld", (long long)lua_tointeger(L, i));
        else printf("%.14gf", lua_tonumber(L, i));
        break;
    case LUA_TSTRING: printf("'%s'", lua_tostring(L, i)); break;
    case LUA_TBOOLEAN: printf("%s", lua_toboolean(L, i) ? "true" : "false"); break;
    default: printf("%s", luaL_typename(L, i));
    }
}

/* One line: what, then the whole stack, which is cleared. */
static void show(lua_State *L, const char *what)
{
    printf("%-24s", what);
    for (int i = 1; i <= lua_gettop(L); i++) {
        printf(" ");
        show_value(L, i);
    }
    printf("\n");
    lua_settop(L, 0);
}

static void value(const char *what, long long v)
{
    printf("%-24s %lld\n", what, v);
}

static void run(lua_State *L, const char *code)
{
    int status = luaL_dostring(L, code);
    if (status) printf("error %d in: %s\n", status, code);
}

/* ---- stack and conversions ---- */

static void stack(lua_State *L)
{
    for (int i = 1; i <= 6; i++) lua_pushinteger(L, i * 10);
    printf("%d %d %d %d\n", lua_absindex(L, -1), lua_absindex(L, 2), lua_absindex(L, LUA_REGISTRYINDEX) == LUA_REGISTRYINDEX, lua_gettop(L));
    lua_rotate(L, 2, 2);
    lua_copy(L, 1, 4);
    lua_pushvalue(L, -3);
    lua_insert(L, 1);
    lua_remove(L, 3);
    lua_replace(L, 2);
    show(L, "shuffled");
    lua_settop(L, 3);
    lua_settop(L, -3);
    show(L, "settop");
    printf("checkstack %d %d %d\n", lua_checkstack(L, 10000), lua_checkstack(L, LUAI_MAXSTACK), lua_checkstack(L, 100));
    lua_State *T = lua_newthread(L);
    lua_pushliteral(T, "a");
    lua_pushliteral(T, "b");
    lua_xmove(T, L, 2);
    show(L, "xmove");
    lua_pushnil(L);
    lua_pushboolean(L, 7);
    lua_pushlightuserdata(L, &L);
    lua_pushnumber(L, 0.5);
    lua_pushthread(L);
    lua_pushcfunction(L, luaopen_base);
    lua_newtable(L);
    lua_newuserdatauv(L, 3, 2);
    lua_pushlstring(L, "a\0b", 3);
    printf("pushthread %d\n", lua_pushthread(L));
    for (int i = 0; i <= lua_gettop(L) + 1; i++)
        printf("%d:%d%d%d%d%d%d ", i ? lua_type(L, i) : -1, i ? lua_isnumber(L, i) : 0, i ? lua_isstring(L, i) : 0, i ? lua_isuserdata(L, i) : 0,
               i ? lua_iscfunction(L, i) : 0, i ? lua_toboolean(L, i) : 0, i ? (int)lua_rawlen(L, i) : 0);
    printf("\n");
    for (int t = LUA_TNONE; t < LUA_NUMTYPES; t++) printf("%s ", lua_typename(L, t));
    lua_settop(L, 0);
    printf("\nversion %g %.20s\n", lua_version(L), lua_ident);
}

static void numbers(lua_State *L)
{
    static const char *const texts[] = {"10", " 0x1p4 ", "1e308", "1e309", "9223372036854775807", "9223372036854775808", "-0x8000000000000000",
                                        "0xffffffffffffffffff", "3.0", "nan", "", "1 2", "1e", ".5", "0x.8", "5.", "\t-7\n"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        int isint, isnum;
        size_t n = lua_stringtonumber(L, texts[i]);
        if (n) show(L, "stringtonumber");
        lua_pushstring(L, texts[i]);
        lua_Integer v = lua_tointegerx(L, 1, &isint);
        lua_Number d = lua_tonumberx(L, 1, &isnum);
        printf("%zu %d %lld %d %.14g %d\n", n, isint, (long long)v, isnum, d, lua_isnumber(L, 1));
        lua_settop(L, 0);
    }
    static const double floats[] = {1.0, -0.0, 1e15, 1e16, 0.1, 1e100, 2.5e-5, 9007199254740993.0};
    for (size_t i = 0; i < sizeof floats / sizeof floats[0]; i++) {
        size_t len;
        lua_pushnumber(L, floats[i]);
        const char *s = lua_tolstring(L, 1, &len);
        printf("%s %zu %d\n", s, len, lua_type(L, 1));
        lua_settop(L, 0);
    }
    lua_pushnumber(L, HUGE_VAL);
    lua_pushinteger(L, LUA_MININTEGER);
    lua_tostring(L, 1), lua_tostring(L, 2);
    show(L, "extremes");
}

static void arithmetic(lua_State *L)
{
    static const lua_Integer ints[] = {7, -7, 0, 3, LUA_MININTEGER, -1, 64, 63};
    for (int op = LUA_OPADD; op <= LUA_OPSHR; op++)
        for (int i = 0; i < 8; i++)
            for (int k = 0; k < 8; k++) {
                if ((op == LUA_OPMOD || op == LUA_OPIDIV) && ints[k] == 0) continue;
                lua_pushinteger(L, ints[i]);
                if (k & 1 && op < LUA_OPBAND) lua_pushnumber(L, (double)ints[k]);
                else lua_pushinteger(L, ints[k]);
                lua_arith(L, op);
                show_value(L, 1);
                putchar(k == 7 ? '\n' : ' ');
                lua_settop(L, 0);
            }
    lua_pushstring(L, "10");
    lua_pushinteger(L, 3);
    lua_arith(L, LUA_OPMUL);
    lua_pushnumber(L, 2.5);
    lua_arith(L, LUA_OPUNM);
    lua_pushinteger(L, 5);
    lua_arith(L, LUA_OPBNOT);
    show(L, "coerced, unary");
}

static int compare_all(lua_State *L)
{
    for (int op = LUA_OPEQ; op <= LUA_OPLE; op++) printf("%d", lua_compare(L, 1, 2, op));
    printf("%d ", lua_rawequal(L, 1, 2));
    return 0;
}

static void comparing(lua_State *L)
{
    static const struct {
        int i;
        double n;
        const char *s;
    } all[] = {{1, 0, 0}, {2, 0, 0}, {0, 1.0, 0}, {0, 1.5, 0}, {0, 0, "1"}, {0, 0, "a"}, {0, 0, "b"}, {0, NAN, 0}};
    for (int a = 0; a < 8; a++)
        for (int b = 0; b < 8; b++) {
            lua_pushcfunction(L, compare_all);
            for (int k = 0; k < 2; k++) {
                int i = k ? b : a;
                if (all[i].s) lua_pushstring(L, all[i].s);
                else if (all[i].i) lua_pushinteger(L, all[i].i);
                else lua_pushnumber(L, all[i].n);
            }
            if (lua_pcall(L, 2, 0, 0)) show(L, "refused");
        }
    printf("\nabsent %d %d %d\n", lua_compare(L, 1, 2, LUA_OPEQ), lua_rawequal(L, 1, 1), lua_compare(L, 5, LUA_REGISTRYINDEX, LUA_OPLT));
    run(L, "m = setmetatable({}, {__eq = function() return 1 end, __lt = function() return nil end, __le = function() return 'x' end}) n = setmetatable({}, getmetatable(m))");
    lua_getglobal(L, "m");
    lua_getglobal(L, "n");
    compare_all(L);
    lua_settop(L, 0);
    printf("\n");
}

static void push_formatted(lua_State *L, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    lua_pushvfstring(L, fmt, ap);
    va_end(ap);
}

static void texts(lua_State *L)
{
    char big[700];
    memset(big, 'x', sizeof big);
    big[sizeof big - 1] = 0;
    lua_pushfstring(L, "%s|%d|%I|%f|%c|%%|%U|%U|%U", "str", -5, (LUAI_UACINT)LUA_MAXINTEGER, 1.5, 'z', 0x24L, 0x20acL, 0x7fffffffL);
    lua_pushfstring(L, "%s%s", big, (char *)NULL);
    printf("%zu\n", (size_t)lua_rawlen(L, 2));
    lua_pop(L, 1);
    lua_pushstring(L, NULL);
    lua_pushinteger(L, 1);
    lua_pushnumber(L, 2);
    lua_pushliteral(L, "end");
    lua_concat(L, 3);
    lua_concat(L, 1);
    lua_concat(L, 0);
    show(L, "concat");
    push_formatted(L, "through %s %d", "a list", 3);
    lua_pushfstring(L, "%p", (void *)0);
    show(L, "%p of NULL");
    lua_pushliteral(L, "same");
    lua_pushliteral(L, "same");
    printf("interned %d\n", lua_tostring(L, 1) == lua_tostring(L, 2));
}

/* ---- tables ---- */

static int trace_index(lua_State *L)
{
    lua_pushfstring(L, "<%s>", luaL_tolstring(L, 2, NULL));
    return 1;
}

static void tables(lua_State *L)
{
    lua_createtable(L, 4, 4);
    for (int i = 1; i <= 5; i++) {
        lua_pushinteger(L, i * i);
        lua_rawseti(L, 1, i);
    }
    lua_pushliteral(L, "v");
    lua_setfield(L, 1, "k");
    lua_pushliteral(L, "p");
    lua_rawsetp(L, 1, &L);
    lua_pushnumber(L, 2.0);
    lua_pushliteral(L, "two");
    lua_rawset(L, 1);
    printf("%d %d %d %d %d\n", lua_geti(L, 1, 2), lua_rawgeti(L, 1, 99), lua_getfield(L, 1, "k"), lua_rawgetp(L, 1, &L), lua_rawgetp(L, 1, L));
    lua_pushliteral(L, "k");
    printf("%d\n", lua_gettable(L, 1));
    lua_len(L, 1);
    lua_pushnumber(L, 3.0);
    lua_rawget(L, 1);
    show(L, "read");
    lua_newtable(L);
    lua_newtable(L);
    lua_pushcfunction(L, trace_index);
    lua_setfield(L, -2, "__index");
    printf("%d\n", lua_setmetatable(L, 1));
    lua_getfield(L, 1, "missing");
    lua_geti(L, 1, 5);
    lua_pushnumber(L, 1.5);
    lua_gettable(L, 1);
    printf("%d %d\n", lua_getmetatable(L, 1), lua_getmetatable(L, 2));
    show(L, "through __index");
    int count = 0;
    long long sum = 0;
    run(L, "t = {10, 20, 30, x = 1, y = 2, [2.5] = 3}");
    lua_getglobal(L, "t");
    lua_pushnil(L);
    while (lua_next(L, 1)) {
        count++;
        sum += lua_tointeger(L, -1);
        lua_pushnil(L);
        lua_replace(L, -2); /* clear what is being visited */
        lua_pushvalue(L, -2);
        lua_insert(L, -2);
        lua_settable(L, 1);
    }
    printf("next %d %lld\n", count, sum);
    lua_pushnil(L);
    printf("empty %d\n", lua_next(L, 1));
    lua_settop(L, 0);
    lua_pushinteger(L, 42);
    lua_setglobal(L, "g");
    printf("global %d\n", lua_getglobal(L, "g"));
    lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
    lua_pushliteral(L, "s");
    lua_seti(L, -2, 1);
    lua_geti(L, -1, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_MAINTHREAD);
    printf("main %d\n", lua_tothread(L, -1) == L);
    show(L, "globals");
    /* a table that compiled code reads, changed from C meanwhile */
    run(L, "shared = {n = 0} function read() local s = 0 for i = 1, 200 do s = s + shared.n end return s end");
    for (int i = 0; i < LOOP; i++) {
        lua_getglobal(L, "shared");
        if (i == LOOP / 2) lua_pushnumber(L, 0.5);
        else lua_pushinteger(L, i);
        lua_setfield(L, -2, "n");
        lua_getglobal(L, "read");
        lua_call(L, 0, 1);
        if (i % 50 == 0) show(L, "read by compiled code");
        lua_settop(L, 0);
    }
}

static int protected_fail(lua_State *L)
{
    switch (lua_tointeger(L, 1)) {
    case 1: lua_pushnil(L), lua_pushnil(L), lua_rawset(L, 2); break;
    case 2: lua_pushnumber(L, NAN), lua_pushnil(L), lua_settable(L, 2); break;
    case 3: lua_pushinteger(L, 5), lua_getfield(L, -1, "x"); break;
    case 4: lua_pushliteral(L, "none"), lua_next(L, 2); break;
    case 5: lua_newtable(L), lua_pushinteger(L, 1), lua_concat(L, 2); break;
    case 6: lua_pushnil(L), lua_len(L, -1); break;
    case 7: lua_newtable(L), lua_newtable(L), lua_compare(L, -1, -2, LUA_OPLT); break;
    case 8: lua_pushinteger(L, 1), lua_pushinteger(L, 0), lua_arith(L, LUA_OPMOD); break;
    case 9: lua_pushliteral(L, "x"), lua_pushinteger(L, 1), lua_arith(L, LUA_OPBAND); break;
    case 10: lua_pushnil(L), lua_call(L, 0, 0); break;
    case 11: lua_pushfstring(L, "%q", 1); break;
    case 12: return luaL_error(L, "with place");
    case 13: lua_pushinteger(L, 13); return lua_error(L);
    case 14: lua_pushnil(L); return lua_error(L);
    case 15: return lua_yield(L, 0);
    case 16: lua_pushinteger(L, 1), lua_toclose(L, -1); break;
    case 17: luaL_checkstack(L, LUAI_MAXSTACK, "much"); break;
    case 18: luaL_checkinteger(L, 2); break;
    case 19: lua_newuserdatauv(L, (size_t)1 << 62, 0); break;
    default: lua_pushliteral(L, "fine"); return 1;
    }
    return 0;
}

static void failures(lua_State *L)
{
    for (int i = 1; i <= 20; i++) {
        lua_pushcfunction(L, protected_fail);
        lua_pushinteger(L, i);
        lua_newtable(L);
        int status = lua_pcall(L, 2, 1, 0);
        printf("%d ", status);
        show(L, "failure");
    }
}

/* ---- userdata ---- */

static int finalized;
static int finalize(lua_State *L)
{
    finalized += *(int *)lua_touserdata(L, 1);
    return 0;
}

static void userdata(lua_State *L)
{
    int *block = lua_newuserdatauv(L, sizeof(int), 2);
    *block = 5;
    lua_pushliteral(L, "uv");
    printf("%d", lua_setiuservalue(L, 1, 2));
    lua_pushnil(L);
    printf("%d", lua_setiuservalue(L, 1, 3));
    printf(" %d %d %d\n", lua_getiuservalue(L, 1, 1), lua_getiuservalue(L, 1, 2), lua_getiuservalue(L, 1, 3));
    printf("%d %d %d\n", lua_touserdata(L, 1) == block, lua_topointer(L, 1) == block, ((size_t)block & 7) == 0);
    show(L, "user values");
    luaL_newmetatable(L, "thing");
    lua_pushcfunction(L, finalize);
    lua_setfield(L, -2, "__gc");
    lua_pop(L, 1);
    for (int i = 0; i < 1000; i++) {
        *(int *)lua_newuserdatauv(L, sizeof(int), 0) = 1;
        luaL_setmetatable(L, "thing");
        lua_pop(L, 1);
    }
    lua_gc(L, LUA_GCCOLLECT);
    value("finalized", finalized);
    lua_pushlightuserdata(L, (void *)(uintptr_t)0xdeadbeefcafef00d);
    printf("light %d\n", (uintptr_t)lua_touserdata(L, -1) == 0xdeadbeefcafef00d);
    lua_newtable(L);
    lua_pushliteral(L, "light");
    lua_setfield(L, -2, "__name");
    lua_setmetatable(L, -2);
    lua_pushlightuserdata(L, NULL);
    printf("shared metatable %d\n", lua_getmetatable(L, -1));
}

/* ---- functions ---- */

static int counter(lua_State *L)
{
    lua_pushinteger(L, lua_tointeger(L, lua_upvalueindex(1)) + lua_tointeger(L, lua_upvalueindex(2)));
    lua_copy(L, -1, lua_upvalueindex(1));
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_pushboolean(L, lua_isnone(L, lua_upvalueindex(3)));
    return 2;
}

static int handler(lua_State *L)
{
    lua_pushfstring(L, "handled %s", luaL_tolstring(L, 1, NULL));
    return 1;
}

static void functions(lua_State *L)
{
    lua_pushinteger(L, 100);
    lua_pushinteger(L, 11);
    lua_pushcclosure(L, counter, 2);
    lua_setglobal(L, "counter");
    run(L, "local s = 0 for i = 1, 500 do s = s + (counter()) end total = s");
    lua_getglobal(L, "total");
    lua_getglobal(L, "counter");
    printf("%d\n", lua_tocfunction(L, 2) == counter);
    for (int i = 1; i <= 3; i++) {
        const char *name = lua_getupvalue(L, 2, i);
        printf("%s\n", name ? name[0] ? name : "unnamed" : "none");
    }
    lua_settop(L, 2);
    lua_pushinteger(L, 0);
    printf("'%s'\n", lua_setupvalue(L, 2, 1));
    lua_call(L, 0, LUA_MULTRET);
    show(L, "closure");
    run(L, "do local a, b = 1, 2 function f() a = a + 1 return a, b end function g() b = b + 10 return b end end");
    lua_getglobal(L, "f");
    lua_getglobal(L, "g");
    printf("%s ", lua_getupvalue(L, 1, 1));
    printf("%s %d %d\n", lua_getupvalue(L, 1, 2), lua_upvalueid(L, 1, 2) == lua_upvalueid(L, 2, 1), lua_upvalueid(L, 1, 1) == lua_upvalueid(L, 2, 1));
    lua_settop(L, 2);
    printf("%d\n", lua_upvalueid(L, 1, 3) == NULL);
    run(L, "for i = 1, 300 do f() g() end");
    lua_upvaluejoin(L, 1, 2, 1, 1);
    run(L, "x, y = f() z = g() for i = 1, 300 do x, y = f() end");
    lua_settop(L, 0);
    lua_getglobal(L, "x"), lua_getglobal(L, "y"), lua_getglobal(L, "z");
    show(L, "joined");
    lua_pushcfunction(L, handler);
    luaL_loadstring(L, "local a <close> = setmetatable({}, {__close = function(_, e) closed = e end}) error('deep')");
    int status = lua_pcall(L, 0, 0, 1);
    lua_getglobal(L, "closed");
    printf("%d ", status);
    show(L, "handler");
    lua_pushcfunction(L, handler);
    luaL_loadstring(L, "local function r() return 1 + r() end return r()");
    status = lua_pcall(L, 0, 0, 1);
    printf("%d %d\n", status, strncmp(lua_tostring(L, -1), "handled", 7));
    lua_settop(L, 0);
    lua_pushcfunction(L, lua_error);
    luaL_loadstring(L, "error('again')");
    printf("handler raises %d\n", lua_pcall(L, 0, 0, 1));
}

/* ---- chunks ---- */

struct piece {
    const char *text;
    size_t len, step;
};
static const char *read_piece(lua_State *L, void *ud, size_t *size)
{
    struct piece *p = ud;
    const char *at = p->text;
    *size = p->len < p->step ? p->len : p->step;
    p->text += *size;
    p->len -= *size;
    return at;
}
struct sink {
    char *bytes;
    size_t len;
    int calls, stop_at;
};
static int write_piece(lua_State *L, const void *p, size_t n, void *ud)
{
    struct sink *s = ud;
    if (++s->calls == s->stop_at) return 77;
    s->bytes = realloc(s->bytes, s->len + n);
    memcpy(s->bytes + s->len, p, n);
    s->len += n;
    return 0;
}

static void chunks(lua_State *L)
{
    static const char code[] = "local a, b = ... local up = a return function(x) up = up + x + (b or 0) return up, 'text' end";
    for (size_t step = 1; step < 40; step += 13) {
        struct piece p = {code, sizeof code - 1, step};
        printf("%d ", lua_load(L, read_piece, &p, "=chunk", "t"));
        lua_pushinteger(L, 1);
        lua_pushinteger(L, 2);
        lua_call(L, 2, 1);
        lua_pushinteger(L, 3);
        lua_call(L, 1, 2);
        show(L, "loaded in pieces");
    }
    for (int strip = 0; strip <= 1; strip++) {
        struct sink s = {0};
        luaL_loadbufferx(L, code, sizeof code - 1, "@file.lua", "bt");
        printf("%d ", lua_dump(L, write_piece, &s, strip));
        struct piece p = {s.bytes, s.len, 7};
        lua_settop(L, 0);
        printf("%d ", lua_load(L, read_piece, &p, "dumped", "b"));
        lua_pushinteger(L, 10);
        lua_call(L, 1, 1);
        lua_pushinteger(L, 5);
        lua_call(L, 1, LUA_MULTRET);
        show(L, "dumped and loaded");
        int refused = 0;
        for (size_t n = 0; n < s.len; n += 3) {
            struct piece cut = {s.bytes, n, 64};
            refused += lua_load(L, read_piece, &cut, "cut", NULL) == LUA_ERRSYNTAX || n == 0;
            lua_settop(L, 0);
        }
        printf("all cuts refused %d\n", refused == (int)((s.len + 2) / 3));
        struct piece text = {code, sizeof code - 1, 99}, binary = {s.bytes, s.len, 99};
        printf("%d ", lua_load(L, read_piece, &text, "=mode", "b"));
        show(L, "mode");
        printf("%d ", lua_load(L, read_piece, &binary, "=mode", "t"));
        show(L, "mode");
        free(s.bytes);
    }
    struct sink stop = {.stop_at = 1};
    luaL_loadstring(L, code);
    printf("writer stops %d\n", lua_dump(L, write_piece, &stop, 0));
    free(stop.bytes);
    lua_pushcfunction(L, counter);
    printf("C function %d\n", lua_dump(L, write_piece, &stop, 0));
    lua_settop(L, 0);
    static const char *const broken[] = {"x = ", "goto nowhere", "for i = 1 do end", "local x <const> = 1 x = 2", "'open", "return \"\\400\"", "x = 08e", "break", "::a:: ::a::"};
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        printf("%d ", luaL_loadstring(L, broken[i]));
        show(L, "syntax");
    }
}

/* ---- coroutines ---- */

static int after(lua_State *L, int status, lua_KContext ctx)
{
    lua_pushfstring(L, "continued %d %d with %d", status, (int)ctx, lua_gettop(L));
    return 1;
}
static int yields(lua_State *L)
{
    lua_pushinteger(L, 1);
    lua_pushinteger(L, 2);
    return lua_yieldk(L, 2, 40, after);
}
static int calls(lua_State *L)
{
    lua_pushvalue(L, 1);
    lua_callk(L, 0, 2, 41, after);
    return after(L, LUA_OK, 1);
}
static int protects(lua_State *L)
{
    lua_pushvalue(L, 1);
    return after(L, lua_pcallk(L, 0, 2, 0, 42, after), 2);
}

static void resume_all(lua_State *L, const char *name, lua_CFunction f, const char *arg)
{
    lua_State *T = lua_newthread(L);
    int n, status;
    lua_pushcfunction(T, f);
    luaL_loadstring(T, arg);
    int nargs = 1;
    printf("%s:", name);
    do {
        status = lua_resume(T, L, nargs, &n);
        printf(" [%d %d", status, n);
        for (int i = -n; i < 0; i++) {
            putchar(' ');
            show_value(T, i);
        }
        printf("]");
        lua_pop(T, n);
        lua_pushliteral(T, "sent");
        nargs = 1;
    } while (status == LUA_YIELD);
    printf(" status %d\n", lua_status(T));
    lua_settop(L, 0);
}

static void coroutines(lua_State *L)
{
    printf("yieldable %d\n", lua_isyieldable(L));
    resume_all(L, "yieldk", yields, "");
    resume_all(L, "callk", calls, "return coroutine.yield('in', 'side')");
    resume_all(L, "callk without", calls, "return 5");
    resume_all(L, "pcallk", protects, "coroutine.yield(1) return coroutine.yield(2)");
    resume_all(L, "pcallk error", protects, "coroutine.yield(1) error('inside', 0)");
    resume_all(L, "pcallk at once", protects, "error('now', 0)");
    resume_all(L, "hot", protects, "local s = 0 for i = 1, 5 do s = s + coroutine.yield(i):len() end return s");
    lua_State *T = lua_newthread(L);
    int n;
    luaL_loadstring(T, "local x <close> = setmetatable({}, {__close = function() closed = (closed or 0) + 1 end}) coroutine.yield(1, 2) error 'never'");
    printf("%d", lua_resume(T, L, 0, &n));
    printf(" %d %d %d\n", n, lua_isyieldable(T), lua_gettop(T));
    printf("reset %d %d\n", lua_resetthread(T), lua_status(T));
    luaL_loadstring(T, "local x <close> = setmetatable({}, {__close = function(_, e) error('in close', 0) end}) error('body', 0)");
    printf("%d ", lua_resume(T, L, 0, &n));
    show_value(T, -1);
    printf(" reset %d ", lua_resetthread(T));
    show_value(T, -1);
    printf(" top %d\n", lua_gettop(T));
    lua_settop(T, 0);
    luaL_loadstring(T, "return 1");
    printf("again %d ", lua_resume(T, NULL, 0, &n));
    printf("dead %d ", lua_resume(T, NULL, 0, &n));
    show(T, "resumed");
    lua_settop(L, 0);
    lua_getglobal(L, "closed");
    show(L, "closed");
    /* many threads, extra space copied from the main one */
    *(void **)lua_getextraspace(L) = &finalized;
    int same = 0;
    for (int i = 0; i < 300; i++) {
        lua_State *N = lua_newthread(L);
        same += *(void **)lua_getextraspace(N) == &finalized;
        luaL_loadstring(N, "local s = 0 for i = 1, 100 do s = s + i coroutine.yield(s) end");
        for (int k = 0; k < 20; k++) lua_resume(N, L, 0, &n), lua_pop(N, n);
        lua_pop(L, 1);
    }
    printf("threads %d limit %d\n", same, lua_setcstacklimit(L, 100));
}

/* ---- to-be-closed from C ---- */

static int close_it(lua_State *L)
{
    lua_getfield(L, 1, "name");
    printf("close %s %s\n", lua_tostring(L, -1), luaL_typename(L, 2));
    return 0;
}
static void push_closable(lua_State *L, const char *name)
{
    lua_newtable(L);
    lua_pushstring(L, name);
    lua_setfield(L, -2, "name");
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, close_it);
    lua_setfield(L, -2, "__close");
    lua_setmetatable(L, -2);
}
static int opens(lua_State *L)
{
    push_closable(L, "one");
    lua_toclose(L, -1);
    push_closable(L, "two");
    lua_toclose(L, -1);
    push_closable(L, "three");
    lua_toclose(L, -1);
    lua_closeslot(L, -1);
    printf("slot %s\n", luaL_typename(L, -1));
    lua_pop(L, 2);
    printf("popped %d\n", lua_gettop(L));
    if (lua_toboolean(L, 1)) return luaL_error(L, "leaving");
    lua_pushliteral(L, "result");
    return 1;
}
static void closing(lua_State *L)
{
    for (int fail = 0; fail <= 1; fail++) {
        lua_pushcfunction(L, opens);
        lua_pushboolean(L, fail);
        printf("%d ", lua_pcall(L, 1, 1, 0));
        show(L, "closing");
    }
}

/* ---- debug interface ---- */

static char hooked[512];
static void hook(lua_State *L, lua_Debug *ar)
{
    static const char letters[] = "crlnt";
    lua_getinfo(L, "Sl", ar);
    size_t n = strlen(hooked);
    if (n < sizeof hooked - 16) snprintf(hooked + n, sizeof hooked - n, "%c%d ", letters[ar->event], ar->currentline);
}

static int inspect(lua_State *L)
{
    lua_Debug ar;
    for (int level = 0; lua_getstack(L, level, &ar); level++) {
        lua_getinfo(L, "nSlutr", &ar);
        printf("  %d %s %s %s %s %d %d %d %d %d %d %d %d %s\n", level, ar.name ? ar.name : "-", ar.namewhat, ar.what, ar.short_src, ar.currentline, ar.linedefined, ar.lastlinedefined, ar.nups,
               ar.nparams, ar.isvararg, ar.istailcall != 0, (int)ar.srclen, ar.source);
        const char *name;
        for (int i = 1; (name = lua_getlocal(L, &ar, i)); i++) {
            printf("    %s=", name);
            show_value(L, -1);
            lua_pop(L, 1);
            if (strcmp(name, "target") == 0) {
                lua_pushinteger(L, 99);
                printf(" set %s", lua_setlocal(L, &ar, i));
            }
            printf("\n");
        }
    }
    return 0;
}

static void debugging(lua_State *L)
{
    lua_register(L, "inspect", inspect);
    run(L, "local function inner(a, ...) local target, t = 5, {} inspect() return target, a end\n"
           "function outer(x) for i = 1, 2 do local y, z = inner(x, i, 'va') out = y end return inner(1) end\n"
           "outer('arg')");
    lua_getglobal(L, "out");
    show(L, "setlocal");
    run(L, "hot = 0 local function f(n) local target = 1 for i = 1, n do if i == n then inspect() end hot = hot + target end end for k = 1, 100 do f(k % 50 == 0 and 60 or 0) end");
    lua_getglobal(L, "hot");
    show(L, "setlocal in a loop");
    lua_Debug ar;
    lua_getglobal(L, "outer");
    lua_getinfo(L, ">SnuL", &ar);
    printf("%s %d %d %d\n", ar.what, ar.linedefined, ar.nups, ar.nparams);
    int lines = 0;
    lua_pushnil(L);
    while (lua_next(L, -2)) lines++, lua_pop(L, 1);
    printf("active lines %d ", lines);
    lua_pop(L, 1);
    lua_getglobal(L, "outer");
    printf("parameter %s %d\n", lua_getlocal(L, NULL, 1), lua_getlocal(L, NULL, 2) == NULL);
    lua_settop(L, 0);
    printf("no level %d bad option %d\n", lua_getstack(L, 1000, &ar), lua_getstack(L, 0, &ar));
    static const int masks[] = {LUA_MASKCALL | LUA_MASKRET, LUA_MASKLINE, LUA_MASKCOUNT};
    for (int i = 0; i < 3; i++) {
        hooked[0] = 0;
        lua_sethook(L, hook, masks[i], i == 2 ? 50 : 0);
        printf("%d %d %d\n", lua_gethook(L) == hook, lua_gethookmask(L), lua_gethookcount(L));
        run(L, "local function f(x)\nreturn x\nend\nfor i = 1, 3 do\nf(i)\nend\nlocal s = 0\nfor i = 1, 40 do s = s + i end\nreturn f(s)");
        lua_sethook(L, NULL, 0, 0);
        printf("%s\n", i == 2 ? (hooked[0] ? "counted" : "not counted") : hooked);
        lua_settop(L, 0);
    }
    luaL_traceback(L, L, "message", 0);
    show(L, "traceback");
}

/* ---- the state ---- */

static void warn(void *ud, const char *msg, int tocont)
{
    printf("warn %s %s%s", (char *)ud, msg, tocont ? "+" : "\n");
}

static long long live, blocks, wrong, tables_made;
static void *counting(void *ud, void *p, size_t osize, size_t nsize)
{
    long long *sizes = p ? (long long *)p - 2 : NULL;
    if (p) {
        if (sizes[0] != (long long)osize) wrong++;
        live -= sizes[0], blocks--;
    } else if (osize == LUA_TTABLE) {
        tables_made++; /* osize is the kind of object when a block is new */
    }
    if (nsize == 0) {
        free(sizes);
        return NULL;
    }
    sizes = realloc(sizes, nsize + 16);
    sizes[0] = (long long)nsize;
    live += (long long)nsize, blocks++;
    return sizes + 2;
}

static void states(lua_State *L)
{
    lua_setwarnf(L, warn, "ud");
    lua_warning(L, "one ", 1);
    lua_warning(L, "two", 0);
    run(L, "warn('from ', 'Lua')");
    void *ud;
    lua_Alloc f = lua_getallocf(L, &ud);
    lua_setallocf(L, f, ud);
    void *block = f(ud, NULL, 0, 10);
    printf("allocf %d %d\n", block != NULL, f(ud, block, 10, 0) == NULL);
    lua_CFunction old = lua_atpanic(L, finalize);
    printf("panic %d %d\n", old != NULL, lua_atpanic(L, old) == finalize);
    lua_State *N = lua_newstate(counting, &live);
    printf("own allocator %d %d\n", lua_getallocf(N, &ud) == counting, ud == &live);
    luaL_openlibs(N);
    run(N, "local t = {} for i = 1, 3000 do t[i] = {i, tostring(i), function() return i end} end local s = 0 for i = 1, #t do s = s + t[i][1] + t[i][3]() end x = s .. ''");
    lua_getglobal(N, "x");
    show(N, "in it");
    run(N, "for i = 1, 200 do local s = ('x'):rep(i) .. i local c = coroutine.wrap(function() coroutine.yield(s) end) c() end collectgarbage()");
    lua_close(N);
    printf("after close %lld bytes %lld blocks %lld wrong, tables told %d\n", live, blocks, wrong, tables_made >= 3000);
}

static void collector(lua_State *L)
{
    printf("%d", lua_gc(L, LUA_GCISRUNNING));
    printf(" %d", lua_gc(L, LUA_GCSTOP));
    printf(" %d", lua_gc(L, LUA_GCISRUNNING));
    printf(" %d", lua_gc(L, LUA_GCRESTART));
    printf(" %d\n", lua_gc(L, LUA_GCCOLLECT));
    printf("count %d %d\n", lua_gc(L, LUA_GCCOUNT) > 0, lua_gc(L, LUA_GCCOUNTB) < 1024);
    printf("pause %d", lua_gc(L, LUA_GCSETPAUSE, 150));
    printf(" %d", lua_gc(L, LUA_GCSETPAUSE, 2001));
    printf(" %d", lua_gc(L, LUA_GCSETPAUSE, 200));
    printf(" stepmul %d", lua_gc(L, LUA_GCSETSTEPMUL, 300));
    printf(" %d\n", lua_gc(L, LUA_GCSETSTEPMUL, 100));
    printf("generational %d", lua_gc(L, LUA_GCGEN, 30, 80) == LUA_GCINC);
    run(L, "local keep = {} for i = 1, 3000 do keep[i % 100] = {i} end");
    printf(" %d", lua_gc(L, LUA_GCGEN, 0, 0) == LUA_GCGEN);
    printf(" step %d", lua_gc(L, LUA_GCSTEP, 0));
    printf(" incremental %d", lua_gc(L, LUA_GCINC, 180, 200, 10) == LUA_GCGEN);
    printf(" %d", lua_gc(L, LUA_GCINC, 0, 0, 0) == LUA_GCINC);
    printf(" pause %d", lua_gc(L, LUA_GCSETPAUSE, 200));
    int steps = 0;
    lua_gc(L, LUA_GCSTOP);
    while (!lua_gc(L, LUA_GCSTEP, 1) && steps < 100000) steps++;
    printf(" steps end %d big step %d unknown %d\n", steps < 100000, lua_gc(L, LUA_GCSTEP, 1000000), lua_gc(L, 77));
}

static const struct section sections[] = {{"stack", stack}, {"numbers", numbers}, {"arithmetic", arithmetic}, {"comparing", comparing}, {"texts", texts}, {"tables", tables}, {"failures", failures}, {"userdata", userdata}, {"functions", functions}, {"chunks", chunks}, {"coroutines", coroutines}, {"closing", closing}, {"debugging", debugging}, {"states", states}, {"collector", collector}};

int main(int argc, char **argv)
{
    sections_run(sections, sizeof sections / sizeof sections[0], argc, argv);
    printf("finalized in all %d\n", finalized);
    return 0;
}
