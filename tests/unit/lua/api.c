/* tests/unit/lua/api.c: the C API and the debug interface as a C program sees them. Only public functions are used, so
 * the same file also runs on the distribution's library, which is how its expectations were checked (all but the
 * alignment of userdata blocks, which the distribution's gives for doubles only).
 */
#include <criterion/criterion.h>
#include <limits.h>
#include <lua5.4/lauxlib.h>
#include <lua5.4/lua.h>
#include <lua5.4/lualib.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static lua_State *L;

static void setup(void)
{
    L = luaL_newstate();
    cr_assert_not_null(L);
    luaL_openlibs(L);
}

static void teardown(void)
{
    lua_close(L);
    L = NULL;
}

TestSuite(api, .init = setup, .fini = teardown);

/* Runs a chunk with no results. */
static void run(const char *code)
{
    int status = luaL_dostring(L, code);
    cr_assert_eq(status, LUA_OK, "%s", lua_tostring(L, -1));
}

static void expect_int(int idx, lua_Integer want)
{
    cr_expect(lua_isinteger(L, idx));
    cr_expect_eq(lua_tointeger(L, idx), want, "at %d: %lld, not %lld", idx, (long long)lua_tointeger(L, idx),
                 (long long)want);
}

static void expect_str(int idx, const char *want)
{
    cr_expect_eq(lua_type(L, idx), LUA_TSTRING);
    cr_expect_str_eq(lua_tostring(L, idx), want);
}

/* The stack as text: "1 2 x". */
static const char *stack_text(void)
{
    static char buf[256];
    size_t at = 0;
    buf[0] = '\0';
    for (int i = 1; i <= lua_gettop(L); i++) {
        at += (size_t)snprintf(buf + at, sizeof buf - at, "%s%s", i > 1 ? " " : "", luaL_tolstring(L, i, NULL));
        lua_pop(L, 1);
    }
    return buf;
}

static void push_ints(int n)
{
    for (int i = 1; i <= n; i++)
        lua_pushinteger(L, i);
}

/* ---- the stack ---- */

Test(api, layout_is_abi)
{
    cr_expect_eq(sizeof(lua_Debug), 136);
    cr_expect_eq(offsetof(lua_Debug, i_ci), 128);
    cr_expect_eq(sizeof(luaL_Buffer), 1056);
    cr_expect_eq(lua_version(L), 504);
    cr_expect_eq(memcmp(lua_ident, "$LuaVersion: Lua 5.4", 20), 0);
}

Test(api, settop_and_absindex)
{
    cr_expect_eq(lua_gettop(L), 0);
    push_ints(4);
    cr_expect_eq(lua_gettop(L), 4);
    cr_expect_eq(lua_absindex(L, -1), 4);
    cr_expect_eq(lua_absindex(L, -4), 1);
    cr_expect_eq(lua_absindex(L, 3), 3);
    cr_expect_eq(lua_absindex(L, LUA_REGISTRYINDEX), LUA_REGISTRYINDEX);
    cr_expect_eq(lua_absindex(L, lua_upvalueindex(2)), lua_upvalueindex(2));
    lua_settop(L, 6);
    cr_expect_str_eq(stack_text(), "1 2 3 4 nil nil");
    lua_settop(L, -4);
    cr_expect_str_eq(stack_text(), "1 2 3");
    lua_settop(L, 0);
    cr_expect_eq(lua_gettop(L), 0);
    cr_expect_eq(lua_type(L, 1), LUA_TNONE);
}

Test(api, rotate_in_every_direction)
{
    push_ints(5);
    lua_rotate(L, 1, 1);
    cr_expect_str_eq(stack_text(), "5 1 2 3 4");
    lua_rotate(L, 1, -1);
    cr_expect_str_eq(stack_text(), "1 2 3 4 5");
    lua_rotate(L, 2, 2);
    cr_expect_str_eq(stack_text(), "1 4 5 2 3");
    lua_rotate(L, -4, -2);
    cr_expect_str_eq(stack_text(), "1 2 3 4 5");
    lua_rotate(L, -3, 3);
    cr_expect_str_eq(stack_text(), "1 2 3 4 5");
    lua_rotate(L, -1, 1);
    lua_rotate(L, 3, 0);
    cr_expect_str_eq(stack_text(), "1 2 3 4 5");
    lua_remove(L, 2);
    cr_expect_str_eq(stack_text(), "1 3 4 5");
    lua_insert(L, 2);
    cr_expect_str_eq(stack_text(), "1 5 3 4");
    lua_replace(L, 1);
    cr_expect_str_eq(stack_text(), "4 5 3");
    lua_copy(L, 2, -1);
    cr_expect_str_eq(stack_text(), "4 5 5");
    lua_pushvalue(L, -3);
    cr_expect_str_eq(stack_text(), "4 5 5 4");
}

Test(api, checkstack_grows_and_refuses)
{
    cr_expect(lua_checkstack(L, 5000));
    push_ints(5000);
    expect_int(5000, 5000);
    expect_int(1, 1);
    cr_expect_not(lua_checkstack(L, LUAI_MAXSTACK));
    cr_expect_not(lua_checkstack(L, INT_MAX - 100));
    cr_expect(lua_checkstack(L, LUAI_MAXSTACK - 10000));
}

Test(api, xmove_between_threads)
{
    lua_State *T = lua_newthread(L);
    push_ints(3);
    lua_xmove(L, T, 2);
    cr_expect_eq(lua_gettop(T), 2);
    cr_expect_eq(lua_tointeger(T, 1), 2);
    cr_expect_eq(lua_tointeger(T, 2), 3);
    cr_expect_eq(lua_gettop(L), 2);
    lua_xmove(L, L, 1);
    cr_expect_eq(lua_gettop(L), 2);
    cr_expect_eq(lua_tothread(L, 1), T);
    cr_expect_eq(lua_pushthread(T), 0);
    cr_expect_eq(lua_pushthread(L), 1);
    cr_expect_eq(lua_tothread(L, -1), L);
}

/* ---- conversions ---- */

Test(api, types_of_all_values)
{
    lua_pushnil(L);
    lua_pushboolean(L, 7);
    lua_pushlightuserdata(L, &L);
    lua_pushinteger(L, -3);
    lua_pushnumber(L, 1.5);
    lua_pushstring(L, "s");
    lua_newtable(L);
    lua_pushcfunction(L, luaopen_base);
    lua_newuserdata(L, 1);
    lua_pushthread(L);
    static const int want[] = {LUA_TNIL, LUA_TBOOLEAN, LUA_TLIGHTUSERDATA, LUA_TNUMBER, LUA_TNUMBER, LUA_TSTRING,
                               LUA_TTABLE, LUA_TFUNCTION, LUA_TUSERDATA, LUA_TTHREAD};
    for (int i = 1; i <= 10; i++)
        cr_expect_eq(lua_type(L, i), want[i - 1], "slot %d", i);
    cr_expect_eq(lua_type(L, 11), LUA_TNONE);
    cr_expect_str_eq(lua_typename(L, LUA_TNONE), "no value");
    cr_expect_str_eq(lua_typename(L, LUA_TLIGHTUSERDATA), "userdata");
    cr_expect_str_eq(lua_typename(L, LUA_TTHREAD), "thread");
    cr_expect(lua_iscfunction(L, 8) && !lua_iscfunction(L, 7));
    cr_expect(lua_isuserdata(L, 3) && lua_isuserdata(L, 9) && !lua_isuserdata(L, 1));
    cr_expect(lua_isinteger(L, 4) && !lua_isinteger(L, 5) && !lua_isinteger(L, 6));
    cr_expect(lua_isstring(L, 4) && lua_isstring(L, 6) && !lua_isstring(L, 7));
    cr_expect(lua_toboolean(L, 2) && lua_toboolean(L, 4) && !lua_toboolean(L, 1) && !lua_toboolean(L, 11));
    cr_expect_null(lua_tostring(L, 7));
    cr_expect_null(lua_touserdata(L, 7));
    cr_expect_null(lua_tothread(L, 7));
    cr_expect_null(lua_tocfunction(L, 7));
    cr_expect_eq(lua_tocfunction(L, 8), luaopen_base);
    cr_expect_eq(lua_touserdata(L, 3), (void *)&L);
}

Test(api, numbers_convert_exactly)
{
    int isnum;
    lua_pushnumber(L, 3.0);
    cr_expect_eq(lua_tointegerx(L, -1, &isnum), 3);
    cr_expect(isnum);
    lua_pushnumber(L, 3.5);
    cr_expect_eq(lua_tointegerx(L, -1, &isnum), 0);
    cr_expect_not(isnum);
    lua_pushnumber(L, 9223372036854775808.0); /* 2^63 */
    lua_tointegerx(L, -1, &isnum);
    cr_expect_not(isnum);
    lua_pushnumber(L, -9223372036854775808.0);
    cr_expect_eq(lua_tointegerx(L, -1, &isnum), LUA_MININTEGER);
    cr_expect(isnum);
    lua_pushnumber(L, NAN);
    lua_tointegerx(L, -1, &isnum);
    cr_expect_not(isnum);
    lua_pushstring(L, "  0x10  ");
    cr_expect_eq(lua_tointegerx(L, -1, &isnum), 16);
    cr_expect(isnum);
    cr_expect_eq(lua_tonumber(L, -1), 16.0);
    cr_expect(lua_isnumber(L, -1));
    lua_pushstring(L, "1e1");
    cr_expect_eq(lua_tointegerx(L, -1, &isnum), 10);
    cr_expect(isnum);
    lua_pushstring(L, "1x");
    cr_expect_eq(lua_tonumberx(L, -1, &isnum), 0.0);
    cr_expect_not(isnum);
    cr_expect_not(lua_isnumber(L, -1));
    lua_pushboolean(L, 1);
    lua_tonumberx(L, -1, &isnum);
    cr_expect_not(isnum);
}

Test(api, stringtonumber)
{
    cr_expect_eq(lua_stringtonumber(L, "10"), 3);
    expect_int(-1, 10);
    cr_expect_eq(lua_stringtonumber(L, " 0x1p4 "), 8);
    cr_expect_eq(lua_tonumber(L, -1), 16.0);
    int top = lua_gettop(L);
    cr_expect_eq(lua_stringtonumber(L, "10 a"), 0);
    cr_expect_eq(lua_stringtonumber(L, ""), 0);
    cr_expect_eq(lua_gettop(L), top);
}

Test(api, tolstring_converts_in_place)
{
    size_t len;
    lua_pushinteger(L, 42);
    cr_expect_str_eq(lua_tolstring(L, 1, &len), "42");
    cr_expect_eq(len, 2);
    cr_expect_eq(lua_type(L, 1), LUA_TSTRING);
    lua_pushnumber(L, 1.0);
    cr_expect_str_eq(lua_tostring(L, -1), "1.0");
    lua_pushnumber(L, 0.1);
    cr_expect_str_eq(lua_tostring(L, -1), "0.1");
    lua_pushnumber(L, -HUGE_VAL);
    cr_expect_str_eq(lua_tostring(L, -1), "-inf");
    lua_pushnumber(L, 1e100);
    cr_expect_str_eq(lua_tostring(L, -1), "1e+100");
    lua_pushinteger(L, LUA_MININTEGER);
    cr_expect_str_eq(lua_tostring(L, -1), "-9223372036854775808");
    len = 77;
    lua_pushnil(L);
    cr_expect_null(lua_tolstring(L, -1, &len));
    cr_expect_eq(len, 0);
    lua_pushlstring(L, "a\0b", 3);
    cr_expect_eq(memcmp(lua_tolstring(L, -1, &len), "a\0b", 4), 0);
    cr_expect_eq(len, 3);
    lua_pushlstring(L, NULL, 0);
    cr_expect_str_eq(lua_tostring(L, -1), "");
    cr_expect_null(lua_pushstring(L, NULL));
    cr_expect(lua_isnil(L, -1));
}

Test(api, pushfstring_formats)
{
    char c = 'x';
    cr_expect_str_eq(lua_pushfstring(L, "%s|%d|%I|%f|%c|%%|%U", "str", -5, (LUAI_UACINT)LUA_MAXINTEGER, 1.5, c, 0x20ACL),
                     "str|-5|9223372036854775807|1.5|x|%|\xE2\x82\xAC");
    cr_expect_str_eq(lua_pushfstring(L, "%f %f", 2.0, 1e15), "2.0 1e+15");
    cr_expect_str_eq(lua_pushfstring(L, "%U%U%U%U%U", 0x7FL, 0x80L, 0x7FFL, 0x10FFFFL, 0x7FFFFFFFL),
                     "\x7f\xC2\x80\xDF\xBF\xF4\x8F\xBF\xBF\xFD\xBF\xBF\xBF\xBF\xBF");
    cr_expect_str_eq(lua_pushfstring(L, "%s", (char *)NULL), "(null)");
    char want[40];
    snprintf(want, sizeof want, "%p", (void *)L);
    cr_expect_str_eq(lua_pushfstring(L, "%p", (void *)L), want);
    cr_expect_str_eq(lua_pushfstring(L, ""), "");
    char big[3000];
    memset(big, 'z', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    const char *s = lua_pushfstring(L, "<%s-%d-%s>", big, 1, big);
    cr_expect_eq(strlen(s), 2 * (sizeof big - 1) + 5);
    cr_expect_eq(lua_rawlen(L, -1), strlen(s));
    cr_expect_eq(s[strlen(s) - 1], '>');
    cr_expect_eq(lua_gettop(L), 7);
}

static int bad_format(lua_State *S)
{
    lua_pushfstring(S, "%y", 1);
    return 1;
}

Test(api, pushfstring_refuses_unknown)
{
    lua_pushcfunction(L, bad_format);
    cr_expect_eq(lua_pcall(L, 0, 0, 0), LUA_ERRRUN);
    expect_str(-1, "invalid option '%y' to 'lua_pushfstring'");
}

Test(api, topointer_identity)
{
    lua_newtable(L);
    lua_pushvalue(L, -1);
    cr_expect_eq(lua_topointer(L, 1), lua_topointer(L, 2));
    cr_expect_not_null(lua_topointer(L, 1));
    void *p = lua_newuserdata(L, 10);
    cr_expect_eq(lua_topointer(L, -1), p);
    lua_pushinteger(L, 1);
    cr_expect_null(lua_topointer(L, -1));
    lua_pushstring(L, "abc");
    cr_expect_not_null(lua_topointer(L, -1));
    lua_pushcfunction(L, bad_format);
    cr_expect_eq((uintptr_t)lua_topointer(L, -1), (uintptr_t)bad_format);
    lua_pushlightuserdata(L, (void *)0xFFFFFFFFFFFFFFFFu);
    cr_expect_eq((uintptr_t)lua_touserdata(L, -1), UINTPTR_MAX);
}

/* ---- arithmetic, comparison, length, concatenation ---- */

static void expect_arith(int op, lua_Integer a, lua_Integer b, const char *want)
{
    lua_pushinteger(L, a);
    lua_pushinteger(L, b);
    lua_arith(L, op);
    cr_expect_str_eq(lua_tostring(L, -1), want, "op %d of %lld and %lld: %s", op, (long long)a, (long long)b,
                     lua_tostring(L, -1));
    lua_pop(L, 1);
}

Test(api, arith_all_operators)
{
    expect_arith(LUA_OPADD, 7, 3, "10");
    expect_arith(LUA_OPSUB, 7, 3, "4");
    expect_arith(LUA_OPMUL, 7, 3, "21");
    expect_arith(LUA_OPMOD, -7, 3, "2");
    expect_arith(LUA_OPPOW, 2, 10, "1024.0");
    expect_arith(LUA_OPDIV, 7, 2, "3.5");
    expect_arith(LUA_OPIDIV, -7, 2, "-4");
    expect_arith(LUA_OPBAND, 6, 3, "2");
    expect_arith(LUA_OPBOR, 6, 3, "7");
    expect_arith(LUA_OPBXOR, 6, 3, "5");
    expect_arith(LUA_OPSHL, 1, 4, "16");
    expect_arith(LUA_OPSHR, -1, 60, "15");
    expect_arith(LUA_OPADD, LUA_MAXINTEGER, 1, "-9223372036854775808");
    lua_pushinteger(L, 5);
    lua_arith(L, LUA_OPUNM);
    expect_int(-1, -5);
    lua_arith(L, LUA_OPBNOT);
    expect_int(-1, 4);
    cr_expect_eq(lua_gettop(L), 1);
    run("v = setmetatable({}, {__add = function(a, b) return 'added' end, __unm = function() return 'neg' end})");
    lua_getglobal(L, "v");
    lua_pushinteger(L, 1);
    lua_arith(L, LUA_OPADD);
    expect_str(-1, "added");
    lua_getglobal(L, "v");
    lua_arith(L, LUA_OPUNM);
    expect_str(-1, "neg");
}

Test(api, compare_and_rawequal)
{
    lua_pushinteger(L, 1);
    lua_pushnumber(L, 1.0);
    lua_pushinteger(L, 2);
    cr_expect(lua_compare(L, 1, 2, LUA_OPEQ));
    cr_expect(lua_rawequal(L, 1, 2));
    cr_expect(lua_compare(L, 1, 3, LUA_OPLT) && lua_compare(L, 2, 3, LUA_OPLE));
    cr_expect_not(lua_compare(L, 3, 2, LUA_OPLT));
    cr_expect_not(lua_compare(L, 1, 9, LUA_OPEQ));
    cr_expect_not(lua_rawequal(L, 9, 9));
    run("local mt = {__eq = function() return true end, __lt = function() return 1 end, __le = function() return nil end}"
        "a, b = setmetatable({}, mt), setmetatable({}, mt)");
    lua_getglobal(L, "a");
    lua_getglobal(L, "b");
    cr_expect(lua_compare(L, -1, -2, LUA_OPEQ));
    cr_expect_not(lua_rawequal(L, -1, -2));
    cr_expect(lua_compare(L, -1, -2, LUA_OPLT));
    cr_expect_not(lua_compare(L, -1, -2, LUA_OPLE));
}

Test(api, concat_any_number)
{
    lua_concat(L, 0);
    expect_str(-1, "");
    lua_pushinteger(L, 1);
    lua_concat(L, 1);
    expect_int(-1, 1);
    lua_pushstring(L, "a");
    lua_pushnumber(L, 2.5);
    lua_concat(L, 3);
    expect_str(-1, "1a2.5");
    cr_expect_eq(lua_gettop(L), 2);
    run("c = setmetatable({}, {__concat = function(x, y) return 'C' end})");
    lua_pushstring(L, "x");
    lua_getglobal(L, "c");
    lua_pushstring(L, "y");
    lua_concat(L, 3);
    expect_str(-1, "xC");
}

Test(api, lengths)
{
    run("t = setmetatable({1, 2, 3}, {__len = function() return 42 end})");
    lua_getglobal(L, "t");
    cr_expect_eq(lua_rawlen(L, -1), 3);
    lua_len(L, -1);
    expect_int(-1, 42);
    cr_expect_eq(luaL_len(L, -2), 42);
    lua_pushstring(L, "four");
    cr_expect_eq(lua_rawlen(L, -1), 4);
    lua_newuserdatauv(L, 17, 0);
    cr_expect_eq(lua_rawlen(L, -1), 17);
    lua_pushinteger(L, 12);
    cr_expect_eq(lua_rawlen(L, -1), 0);
}

/* ---- tables ---- */

Test(api, fields_with_and_without_metamethods)
{
    run("log = {} p = setmetatable({own = 1}, {__index = function(t, k) return k .. '!' end,"
        " __newindex = function(t, k, v) log[#log + 1] = tostring(k) .. '=' .. tostring(v) end})");
    lua_getglobal(L, "p");
    cr_expect_eq(lua_getfield(L, 1, "own"), LUA_TNUMBER);
    cr_expect_eq(lua_getfield(L, 1, "other"), LUA_TSTRING);
    expect_str(-1, "other!");
    cr_expect_eq(lua_geti(L, 1, 7), LUA_TSTRING);
    expect_str(-1, "7!");
    lua_pushstring(L, "dyn");
    cr_expect_eq(lua_gettable(L, 1), LUA_TSTRING);
    expect_str(-1, "dyn!");
    lua_pushstring(L, "dyn");
    cr_expect_eq(lua_rawget(L, 1), LUA_TNIL);
    cr_expect_eq(lua_rawgeti(L, 1, 7), LUA_TNIL);
    lua_settop(L, 1);
    lua_pushinteger(L, 10);
    lua_setfield(L, 1, "own"); /* exists: no metamethod */
    lua_pushinteger(L, 11);
    lua_setfield(L, 1, "new");
    lua_pushinteger(L, 12);
    lua_seti(L, 1, 3);
    lua_pushstring(L, "k");
    lua_pushinteger(L, 13);
    lua_settable(L, 1);
    cr_expect_eq(lua_gettop(L), 1);
    run("assert(table.concat(log, ',') == 'new=11,3=12,k=13') assert(rawget(p, 'own') == 10)");
    lua_pushstring(L, "k");
    lua_pushinteger(L, 14);
    lua_rawset(L, 1);
    run("assert(rawget(p, 'k') == 14) assert(#log == 3)");
}

Test(api, raw_integer_and_pointer_keys)
{
    static char key;
    lua_createtable(L, 4, 0);
    for (int i = 1; i <= 100; i++) {
        lua_pushinteger(L, i * i);
        lua_rawseti(L, 1, i);
    }
    cr_expect_eq(lua_rawlen(L, 1), 100);
    cr_expect_eq(lua_rawgeti(L, 1, 9), LUA_TNUMBER);
    expect_int(-1, 81);
    lua_pushnil(L);
    lua_rawseti(L, 1, 100);
    cr_expect_eq(lua_rawlen(L, 1), 99);
    cr_expect_eq(lua_rawgeti(L, 1, 100), LUA_TNIL);
    cr_expect_eq(lua_rawgeti(L, 1, LUA_MININTEGER), LUA_TNIL);
    lua_pushinteger(L, 5);
    lua_rawseti(L, 1, -1);
    cr_expect_eq(lua_rawgeti(L, 1, -1), LUA_TNUMBER);
    lua_pushstring(L, "pv");
    lua_rawsetp(L, 1, &key);
    cr_expect_eq(lua_rawgetp(L, 1, &key), LUA_TSTRING);
    cr_expect_eq(lua_rawgetp(L, 1, L), LUA_TNIL);
    lua_pushlightuserdata(L, &key);
    cr_expect_eq(lua_rawget(L, 1), LUA_TSTRING);
}

Test(api, next_visits_everything_once)
{
    run("t = {10, 20, 30, a = 1, b = 2, [2.5] = 3, [-1] = 4}");
    lua_getglobal(L, "t");
    int n = 0;
    lua_Integer sum = 0;
    lua_pushnil(L);
    while (lua_next(L, 1)) {
        n++;
        sum += lua_tointeger(L, -1);
        lua_pushvalue(L, -2); /* clear while traversing */
        lua_pushnil(L);
        lua_rawset(L, 1);
        lua_pop(L, 1);
    }
    cr_expect_eq(n, 7);
    cr_expect_eq(sum, 70);
    cr_expect_eq(lua_gettop(L), 1);
    lua_pushnil(L);
    cr_expect_not(lua_next(L, 1));
    cr_expect_eq(lua_gettop(L), 1);
}

static int next_bad_key(lua_State *S)
{
    lua_newtable(S);
    lua_pushstring(S, "not there");
    return lua_next(S, 1);
}

static int set_nil_key(lua_State *S)
{
    lua_newtable(S);
    lua_pushnil(S);
    lua_pushinteger(S, 1);
    lua_rawset(S, 1);
    return 0;
}

Test(api, table_errors)
{
    lua_pushcfunction(L, next_bad_key);
    cr_expect_eq(lua_pcall(L, 0, 0, 0), LUA_ERRRUN);
    expect_str(-1, "invalid key to 'next'");
    lua_pushcfunction(L, set_nil_key);
    cr_expect_eq(lua_pcall(L, 0, 0, 0), LUA_ERRRUN);
    cr_expect_not_null(strstr(lua_tostring(L, -1), "index is nil"));
}

Test(api, globals_and_registry)
{
    lua_pushinteger(L, 99);
    lua_setglobal(L, "gg");
    cr_expect_eq(lua_getglobal(L, "gg"), LUA_TNUMBER);
    cr_expect_eq(lua_getglobal(L, "no such"), LUA_TNIL);
    cr_expect_eq(lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS), LUA_TTABLE);
    cr_expect_eq(lua_getfield(L, -1, "gg"), LUA_TNUMBER);
    cr_expect_eq(lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_MAINTHREAD), LUA_TTHREAD);
    cr_expect_eq(lua_tothread(L, -1), L);
    lua_pushstring(L, "val");
    lua_setfield(L, LUA_REGISTRYINDEX, "my key");
    cr_expect_eq(lua_getfield(L, LUA_REGISTRYINDEX, "my key"), LUA_TSTRING);
    lua_newtable(L);
    int ref = luaL_ref(L, LUA_REGISTRYINDEX);
    cr_expect_gt(ref, 0);
    lua_rawgeti(L, LUA_REGISTRYINDEX, ref);
    cr_expect(lua_istable(L, -1));
    luaL_unref(L, LUA_REGISTRYINDEX, ref);
}

/* ---- metatables, userdata ---- */

Test(api, metatables_of_every_kind)
{
    cr_expect_not(lua_getmetatable(L, LUA_REGISTRYINDEX));
    lua_newtable(L);
    lua_newtable(L);
    lua_pushinteger(L, 5);
    lua_setfield(L, -2, "mark");
    cr_expect(lua_setmetatable(L, 1));
    cr_expect(lua_getmetatable(L, 1));
    cr_expect_eq(lua_getfield(L, -1, "mark"), LUA_TNUMBER);
    lua_settop(L, 1);
    lua_pushnil(L);
    lua_setmetatable(L, 1);
    cr_expect_not(lua_getmetatable(L, 1));
    lua_pushinteger(L, 3); /* all numbers share one */
    lua_newtable(L);
    lua_pushcfunction(L, bad_format);
    lua_setfield(L, -2, "__call");
    run("mt = {__index = function(n, k) return k .. n end}");
    lua_getglobal(L, "mt");
    lua_setmetatable(L, 2);
    run("assert((5).foo == 'foo5' and (2.5).bar == 'bar2.5')");
    lua_pushnil(L);
    lua_setmetatable(L, 2);
    run("assert(not pcall(function() return (5).foo end))");
}

Test(api, userdata_blocks)
{
    void *p[5];
    for (int i = 0; i < 5; i++) {
        p[i] = lua_newuserdatauv(L, 40, i);
        memset(p[i], i + 1, 40);
        cr_expect_eq((uintptr_t)p[i] % 16, 0, "aligned for any type");
    }
    lua_gc(L, LUA_GCCOLLECT);
    for (int i = 0; i < 5; i++) {
        cr_expect_eq(lua_touserdata(L, i + 1), p[i]);
        cr_expect_eq(((char *)p[i])[39], i + 1);
    }
    lua_pushstring(L, "uv");
    cr_expect_eq(lua_setiuservalue(L, 3, 2), 1);
    lua_pushstring(L, "uv");
    cr_expect_eq(lua_setiuservalue(L, 3, 3), 0);
    lua_pushstring(L, "uv");
    cr_expect_eq(lua_setiuservalue(L, 3, 0), 0);
    cr_expect_eq(lua_gettop(L), 5);
    cr_expect_eq(lua_getiuservalue(L, 3, 1), LUA_TNIL);
    cr_expect_eq(lua_getiuservalue(L, 3, 2), LUA_TSTRING);
    cr_expect_eq(lua_getiuservalue(L, 3, 3), LUA_TNONE);
    cr_expect(lua_isnil(L, -1));
    cr_expect_eq(lua_getiuservalue(L, 1, 1), LUA_TNONE);
    cr_expect_not_null(lua_newuserdatauv(L, 0, 1));
    cr_expect_not_null(lua_newuserdatauv(L, 1000000, 100));
}

static int finalized;
static int count_finalizer(lua_State *S)
{
    finalized += *(int *)lua_touserdata(S, 1);
    return 0;
}

Test(api, userdata_finalizers)
{
    finalized = 0;
    lua_newtable(L);
    lua_pushcfunction(L, count_finalizer);
    lua_setfield(L, -2, "__gc");
    for (int i = 0; i < 10; i++) {
        *(int *)lua_newuserdata(L, sizeof(int)) = 1;
        lua_pushvalue(L, 1);
        lua_setmetatable(L, -2);
        lua_pop(L, i < 9);
    }
    lua_gc(L, LUA_GCCOLLECT);
    lua_gc(L, LUA_GCCOLLECT);
    cr_expect_eq(finalized, 9);
    lua_settop(L, 0);
    lua_gc(L, LUA_GCCOLLECT);
    lua_gc(L, LUA_GCCOLLECT);
    cr_expect_eq(finalized, 10);
}

/* ---- functions, upvalues ---- */

static int counter(lua_State *S)
{
    lua_Integer n = lua_tointeger(S, lua_upvalueindex(1)) + 1;
    lua_pushinteger(S, n);
    lua_copy(S, -1, lua_upvalueindex(1));
    lua_pushvalue(S, lua_upvalueindex(2));
    cr_expect_eq(lua_type(S, lua_upvalueindex(3)), LUA_TNONE);
    cr_expect_eq(lua_type(S, lua_upvalueindex(256)), LUA_TNONE);
    return 2;
}

Test(api, c_closures)
{
    lua_pushinteger(L, 10);
    lua_pushstring(L, "second");
    lua_pushcclosure(L, counter, 2);
    cr_expect_eq(lua_gettop(L), 1);
    for (int i = 1; i <= 3; i++) {
        lua_pushvalue(L, 1);
        lua_call(L, 0, 2);
        expect_int(-2, 10 + i);
        expect_str(-1, "second");
        lua_settop(L, 1);
    }
    cr_expect_str_eq(lua_getupvalue(L, 1, 1), "");
    expect_int(-1, 13);
    cr_expect_null(lua_getupvalue(L, 1, 3));
    lua_pushinteger(L, 0);
    cr_expect_str_eq(lua_setupvalue(L, 1, 1), "");
    lua_pushvalue(L, 1);
    lua_call(L, 0, 1);
    expect_int(-1, 1);
    cr_expect_not_null(lua_upvalueid(L, 1, 2));
    cr_expect_null(lua_upvalueid(L, 1, 3));
    cr_expect_neq(lua_upvalueid(L, 1, 1), lua_upvalueid(L, 1, 2));
    cr_assert(lua_checkstack(L, 260));
    push_ints(255);
    lua_pushcclosure(L, luaopen_base, 255);
    cr_expect_str_eq(lua_getupvalue(L, -1, 255), "");
    expect_int(-1, 255);
}

Test(api, lua_upvalues)
{
    run("local x, y = 1, 2  function f() return x, y end  function g() return x end");
    lua_getglobal(L, "f");
    lua_getglobal(L, "g");
    cr_expect_str_eq(lua_getupvalue(L, 1, 1), "x");
    cr_expect_str_eq(lua_getupvalue(L, 1, 2), "y");
    expect_int(-1, 2);
    lua_settop(L, 2);
    cr_expect_null(lua_getupvalue(L, 1, 3));
    cr_expect_eq(lua_gettop(L), 2);
    cr_expect_eq(lua_upvalueid(L, 1, 1), lua_upvalueid(L, 2, 1));
    cr_expect_neq(lua_upvalueid(L, 1, 2), lua_upvalueid(L, 2, 1));
    lua_pushinteger(L, 50);
    cr_expect_str_eq(lua_setupvalue(L, 2, 1), "x");
    run("assert(f() == 50 and g() == 50)");
    lua_pushinteger(L, 0);
    cr_expect_null(lua_setupvalue(L, 2, 2));
    lua_settop(L, 2);
    lua_upvaluejoin(L, 2, 1, 1, 2);
    run("assert(g() == 2) local a, b = f() assert(a == 50 and b == 2)");
    cr_expect_eq(lua_upvalueid(L, 1, 2), lua_upvalueid(L, 2, 1));
}

/* ---- load and dump ---- */

struct pieces {
    const char *const *part;
};
static const char *read_pieces(lua_State *S, void *ud, size_t *size)
{
    struct pieces *p = ud;
    const char *s = *p->part;
    if (s != NULL)
        p->part++;
    *size = s != NULL ? strlen(s) : 0;
    return s;
}

Test(api, load_in_pieces)
{
    static const char *const parts[] = {"ret", "urn 1", "0 .. '", "x' ", NULL};
    struct pieces p = {parts};
    cr_expect_eq(lua_load(L, read_pieces, &p, "=pieces", NULL), LUA_OK);
    lua_call(L, 0, 1);
    expect_str(-1, "10x");
    static const char *const bad[] = {"x =", NULL};
    p.part = bad;
    cr_expect_eq(lua_load(L, read_pieces, &p, "=pieces", "bt"), LUA_ERRSYNTAX);
    expect_str(-1, "pieces:1: unexpected symbol near <eof>");
    p.part = parts;
    cr_expect_eq(lua_load(L, read_pieces, &p, NULL, "b"), LUA_ERRSYNTAX);
    cr_expect_not_null(strstr(lua_tostring(L, -1), "attempt to load a text chunk (mode is 'b')"));
}

static int write_buffer(lua_State *S, const void *p, size_t size, void *ud)
{
    luaL_addlstring(ud, p, size);
    return 0;
}

Test(api, dump_and_load_again)
{
    for (int strip = 0; strip <= 1; strip++) {
        cr_assert_eq(luaL_loadstring(L, "local a = ... return a * 2, a .. 's'"), LUA_OK);
        luaL_Buffer b;
        luaL_buffinit(L, &b);
        lua_pushvalue(L, 1);
        cr_expect_eq(lua_dump(L, write_buffer, &b, strip), 0);
        lua_pop(L, 1);
        luaL_pushresult(&b);
        size_t len;
        const char *code = lua_tolstring(L, -1, &len);
        cr_expect_eq(code[0], LUA_SIGNATURE[0]);
        cr_expect_eq(luaL_loadbufferx(L, code, len, "=dumped", "b"), LUA_OK);
        lua_pushinteger(L, 21);
        lua_call(L, 1, 2);
        expect_int(-2, 42);
        expect_str(-1, "21s");
        cr_expect_eq(luaL_loadbufferx(L, code, len, "=dumped", "t"), LUA_ERRSYNTAX);
        cr_expect_eq(luaL_loadbufferx(L, code, len - 1, "=dumped", "b"), LUA_ERRSYNTAX);
        lua_settop(L, 0);
    }
    lua_pushcfunction(L, bad_format);
    cr_expect_eq(lua_dump(L, write_buffer, NULL, 0), 1);
}

/* ---- errors, protected calls, continuations ---- */

static int raise_table(lua_State *S)
{
    lua_newtable(S);
    return lua_error(S);
}

static int add_suffix(lua_State *S)
{
    lua_pushfstring(S, "%s+handled", lua_tostring(S, 1));
    return 1;
}

Test(api, errors_and_handlers)
{
    lua_pushcfunction(L, raise_table);
    cr_expect_eq(lua_pcall(L, 0, LUA_MULTRET, 0), LUA_ERRRUN);
    cr_expect(lua_istable(L, -1));
    lua_settop(L, 0);
    lua_pushcfunction(L, add_suffix);
    luaL_loadbuffer(L, "error('e', 0)", 13, "=c");
    cr_expect_eq(lua_pcall(L, 0, 0, 1), LUA_ERRRUN);
    expect_str(-1, "e+handled");
    cr_expect_eq(lua_gettop(L), 2);
    lua_settop(L, 0);
    cr_expect_neq(luaL_dostring(L, "local t = nil; return t.x"), LUA_OK);
    expect_str(-1, "[string \"local t = nil; return t.x\"]:1: attempt to index a nil value (local 't')");
}

static int k_after(lua_State *S, int status, lua_KContext ctx)
{
    cr_expect_eq(status, LUA_YIELD);
    lua_pushinteger(S, (lua_Integer)ctx);
    return lua_gettop(S);
}

static int yields_twice(lua_State *S)
{
    lua_pushstring(S, "first");
    return lua_yieldk(S, 1, 77, k_after);
}

static int k_pcall(lua_State *S, int status, lua_KContext ctx)
{
    lua_pushinteger(S, status);
    lua_pushinteger(S, (lua_Integer)ctx);
    return 3;
}

static int pcalls_yielder(lua_State *S)
{
    lua_settop(S, 1);
    int status = lua_pcallk(S, 0, 1, 0, 5, k_pcall);
    return k_pcall(S, status, -5);
}

Test(api, continuations)
{
    int n;
    lua_State *T = lua_newthread(L);
    lua_pushcfunction(T, yields_twice);
    cr_expect_eq(lua_resume(T, L, 0, &n), LUA_YIELD);
    cr_expect_eq(n, 1);
    cr_expect_str_eq(lua_tostring(T, -1), "first");
    lua_pop(T, n);
    lua_pushstring(T, "r");
    cr_expect_eq(lua_resume(T, L, 1, &n), LUA_OK);
    cr_expect_eq(n, 2);
    cr_expect_eq(lua_tointeger(T, -1), 77);
    lua_settop(T, 0);
    lua_pushcfunction(T, pcalls_yielder);
    run("function y() return coroutine.yield(1) end");
    lua_getglobal(T, "y");
    cr_expect_eq(lua_resume(T, L, 1, &n), LUA_YIELD);
    cr_expect_eq(lua_status(T), LUA_YIELD);
    lua_pop(T, n);
    lua_pushstring(T, "back");
    cr_expect_eq(lua_resume(T, L, 1, &n), LUA_OK);
    cr_expect_eq(n, 3);
    cr_expect_str_eq(lua_tostring(T, -3), "back");
    cr_expect_eq(lua_tointeger(T, -2), LUA_YIELD);
    cr_expect_eq(lua_tointeger(T, -1), 5);
    lua_settop(T, 0);
    lua_pushcfunction(T, pcalls_yielder);
    run("function ye() coroutine.yield(1) error('x', 0) end");
    lua_getglobal(T, "ye");
    cr_expect_eq(lua_resume(T, L, 1, &n), LUA_YIELD);
    lua_pop(T, n);
    cr_expect_eq(lua_resume(T, L, 0, &n), LUA_OK);
    cr_expect_eq(lua_tointeger(T, -2), LUA_ERRRUN);
    cr_expect_str_eq(lua_tostring(T, -3), "x");
}

Test(api, yield_outside_coroutine)
{
    cr_expect_not(lua_isyieldable(L));
    lua_pushcfunction(L, yields_twice);
    cr_expect_eq(lua_pcall(L, 0, 0, 0), LUA_ERRRUN);
    expect_str(-1, "attempt to yield from outside a coroutine");
}

/* ---- to-be-closed ---- */

static char closed[64];
static int on_close(lua_State *S)
{
    lua_getiuservalue(S, 1, 1);
    strcat(closed, lua_tostring(S, -1));
    strcat(closed, lua_isnil(S, 2) ? "." : "!");
    return 0;
}

static void push_closable(lua_State *S, const char *name)
{
    lua_newuserdatauv(S, 0, 1);
    lua_pushstring(S, name);
    lua_setiuservalue(S, -2, 1);
    lua_newtable(S);
    lua_pushcfunction(S, on_close);
    lua_setfield(S, -2, "__close");
    lua_setmetatable(S, -2);
}

static int closes_on_return(lua_State *S)
{
    push_closable(S, "a");
    lua_toclose(S, -1);
    push_closable(S, "b");
    lua_toclose(S, -1);
    lua_pushstring(S, "r1");
    lua_pushstring(S, "r2");
    return 2;
}

static int closes_on_error(lua_State *S)
{
    push_closable(S, "e");
    lua_toclose(S, -1);
    return luaL_error(S, "oops");
}

Test(api, tbc_variables)
{
    closed[0] = '\0';
    lua_pushinteger(L, 1);
    push_closable(L, "s");
    lua_toclose(L, -1);
    lua_pushinteger(L, 2);
    lua_settop(L, 1);
    cr_expect_str_eq(closed, "s.");
    cr_expect_eq(lua_gettop(L), 1);
    closed[0] = '\0';
    push_closable(L, "c");
    lua_toclose(L, 2);
    lua_closeslot(L, 2);
    cr_expect_str_eq(closed, "c.");
    cr_expect(lua_isnil(L, 2));
    lua_settop(L, 0);
    cr_expect_str_eq(closed, "c.");
    closed[0] = '\0';
    lua_pushcfunction(L, closes_on_return);
    lua_call(L, 0, LUA_MULTRET);
    cr_expect_str_eq(stack_text(), "r1 r2");
    cr_expect_str_eq(closed, "b.a.");
    lua_settop(L, 0);
    lua_pushcfunction(L, closes_on_return);
    lua_call(L, 0, 1);
    cr_expect_str_eq(stack_text(), "r1");
    lua_settop(L, 0);
    closed[0] = '\0';
    lua_pushcfunction(L, closes_on_error);
    cr_expect_eq(lua_pcall(L, 0, 0, 0), LUA_ERRRUN);
    cr_expect_str_eq(closed, "e!");
    expect_str(-1, "oops");
}

static int toclose_number(lua_State *S)
{
    lua_pushinteger(S, 1);
    lua_toclose(S, -1);
    return 0;
}

Test(api, toclose_needs_metamethod)
{
    lua_pushcfunction(L, toclose_number);
    cr_expect_eq(lua_pcall(L, 0, 0, 0), LUA_ERRRUN);
    cr_expect_not_null(strstr(lua_tostring(L, -1), "got a non-closable value"));
}

/* ---- the state ---- */

static char warned[100];
static void on_warn(void *ud, const char *msg, int tocont)
{
    strcat(ud, msg);
    strcat(ud, tocont ? "~" : "|");
}

Test(api, warnings)
{
    warned[0] = '\0';
    lua_setwarnf(L, on_warn, warned);
    lua_warning(L, "a", 1);
    lua_warning(L, "b", 0);
    run("warn('x', 'y')");
    cr_expect_str_eq(warned, "a~b|x~y|");
    lua_setwarnf(L, NULL, NULL);
    lua_warning(L, "ignored", 0);
    cr_expect_str_eq(warned, "a~b|x~y|");
}

Test(api, gc_parameters)
{
    cr_expect_eq(lua_gc(L, LUA_GCISRUNNING), 1);
    lua_gc(L, LUA_GCSTOP);
    cr_expect_eq(lua_gc(L, LUA_GCISRUNNING), 0);
    lua_gc(L, LUA_GCRESTART);
    cr_expect_eq(lua_gc(L, LUA_GCISRUNNING), 1);
    cr_expect_eq(lua_gc(L, LUA_GCINC, 152, 120, 10), LUA_GCINC);
    cr_expect_eq(lua_gc(L, LUA_GCSETPAUSE, 160), 152);
    cr_expect_eq(lua_gc(L, LUA_GCSETPAUSE, 200), 160);
    cr_expect_eq(lua_gc(L, LUA_GCSETSTEPMUL, 100), 120);
    cr_expect_eq(lua_gc(L, LUA_GCGEN, 0, 0), LUA_GCINC);
    cr_expect_eq(lua_gc(L, LUA_GCINC, 0, 0, 0), LUA_GCGEN);
    int kb = lua_gc(L, LUA_GCCOUNT);
    cr_expect_gt(kb, 5);
    cr_expect_lt(lua_gc(L, LUA_GCCOUNTB), 1024);
    lua_newuserdata(L, 1000000);
    cr_expect_geq(lua_gc(L, LUA_GCCOUNT), kb + 900);
    lua_settop(L, 0);
    lua_gc(L, LUA_GCCOLLECT);
    cr_expect_lt(lua_gc(L, LUA_GCCOUNT), kb + 100);
    cr_expect_eq(lua_gc(L, 1234), -1);
}

static int too_large(lua_State *S)
{
    lua_createtable(S, (int)lua_tointeger(S, 1), (int)lua_tointeger(S, 2));
    return 1;
}

Test(api, tables_have_a_largest_size)
{
    static const int sizes[][2] = {{INT_MAX, 0}, {0, INT_MAX}, {INT_MAX, INT_MAX}, {0, (1 << 30) + 1}};
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        lua_pushcfunction(L, too_large);
        lua_pushinteger(L, sizes[i][0]);
        lua_pushinteger(L, sizes[i][1]);
        cr_expect_eq(lua_pcall(L, 2, 1, 0), LUA_ERRRUN, "%d, %d", sizes[i][0], sizes[i][1]);
        cr_expect_str_eq(lua_tostring(L, -1), "table overflow", "%d, %d: %s", sizes[i][0], sizes[i][1], lua_tostring(L, -1));
        lua_pop(L, 1);
    }
}

static size_t live_bytes;
static void *counting_alloc(void *ud, void *p, size_t osize, size_t nsize)
{
    live_bytes += nsize - (p != NULL ? osize : 0);
    if (nsize == 0) {
        free(p);
        return NULL;
    }
    (*(int *)ud)++;
    return realloc(p, nsize);
}

Test(api, own_allocator_sees_every_byte)
{
    int calls = 0;
    void *ud;
    live_bytes = 0;
    lua_State *S = lua_newstate(counting_alloc, &calls);
    cr_assert_not_null(S);
    luaL_openlibs(S);
    cr_expect_eq(lua_getallocf(S, &ud), counting_alloc);
    cr_expect_eq(ud, (void *)&calls);
    cr_expect_eq(luaL_dostring(S, "local t = {} for i = 1, 100 do t[i] = {i, tostring(i) .. ('x'):rep(50)} end"), LUA_OK);
    cr_expect_gt(calls, 100);
    lua_gc(S, LUA_GCCOLLECT);
    cr_expect_eq((size_t)lua_gc(S, LUA_GCCOUNT) * 1024 + (size_t)lua_gc(S, LUA_GCCOUNTB), live_bytes);
    lua_setallocf(S, counting_alloc, &calls);
    lua_close(S);
    cr_expect_eq(live_bytes, 0);
}

static size_t alloc_limit;
static void *limited_alloc(void *ud, void *p, size_t osize, size_t nsize)
{
    size_t old = p != NULL ? osize : 0;
    if (nsize > old && live_bytes + (nsize - old) > alloc_limit)
        return NULL;
    return counting_alloc(ud, p, osize, nsize);
}

static int needs_memory(lua_State *S)
{
    luaL_requiref(S, "_G", luaopen_base, 1);
    int status = luaL_loadstring(S, "local t = {} for i = 1, 500 do t[i] = i .. 'abc' end return #t");
    if (status != LUA_OK)
        return lua_error(S);
    lua_call(S, 0, 1);
    return 1;
}

Test(api, out_of_memory_is_an_error_value)
{
    int calls = 0, failed = 0, worked = 0;
    for (alloc_limit = 1000; alloc_limit < 400000; alloc_limit += 997) {
        live_bytes = 0;
        lua_State *S = lua_newstate(limited_alloc, &calls);
        if (S == NULL) {
            cr_assert_eq(live_bytes, 0);
            continue;
        }
        lua_pushcfunction(S, needs_memory);
        int status = lua_pcall(S, 0, 1, 0);
        if (status == LUA_OK) {
            cr_expect_eq(lua_tointeger(S, -1), 500);
            worked++;
        } else {
            cr_expect_str_eq(lua_tostring(S, -1), "not enough memory", "limit %zu: status %d", alloc_limit, status);
            failed++;
        }
        lua_close(S);
        cr_assert_eq(live_bytes, 0, "limit %zu: %zu bytes left", alloc_limit, live_bytes);
    }
    cr_expect_gt(failed, 10);
    cr_expect_gt(worked, 10);
}

/* Allocations are counted; from number fail_from on, fail_for of them fail. */
static long alloc_count, fail_from, fail_for;
static void *failing_alloc(void *ud, void *p, size_t osize, size_t nsize)
{
    size_t old = p != NULL ? osize : 0;
    if (nsize > old) {
        alloc_count++;
        if (alloc_count >= fail_from && alloc_count - fail_from < fail_for)
            return NULL;
    }
    live_bytes += nsize - old;
    if (nsize == 0) {
        free(p);
        return NULL;
    }
    return realloc(p, nsize);
}

static const char every_kind_of_object[] =
    "local t = {} for i = 1, 60 do t[i] = i .. 'abc' t['k'..i]=i end\n"
    "local C = {} C.__index = C function C.new(x) return setmetatable({x=x},C) end function C:get() return self.x end C.__gc=function() end C.__close=function() end\n"
    "local s = 0 for i=1,30 do s = s + C.new(i):get() end\n"
    "local co = coroutine.wrap(function(...) local a = {...} for i=1,5 do coroutine.yield(i, table.concat(a,',')) end end) for i=1,5 do co(1,2,3) end\n"
    "local f = load('local a,b,c = ... local function q() return a+b end return q, [[long string that is really more than forty characters]] .. tostring(c)') local q = f(1,2,3) s = s + q()\n"
    "local d = string.dump(f) s = s + load(d,'d','b')(4,5,6)()\n"
    "local fs = {} for i=1,10 do fs[i] = function() i = i + 1 return i end end for i=1,10 do s = s + fs[i]() end\n"
    "local ok, e = pcall(function() local x <close> = C.new(1) error({1}) end)\n"
    "local g = ('hello world from lua'):gsub('%w+', function(w) return w:upper() .. #w end)\n"
    "for k,v in pairs(t) do s = s + (tonumber(v) or 0) end\n"
    "local w = setmetatable({},{__mode='k'}) for i=1,20 do w[{}]=i end\n"
    "local b = {} for i=1,40 do b[i]=string.char(64+i):rep(i) end table.sort(b,function(x,y) return x>y end)\n"
    "local ok2, e2 = pcall(string.rep, 'x', -1) local ok3,e3 = pcall(function() return nil + 1 end) local tb = debug.traceback('x')\n"
    "local v = table.pack(table.unpack(b)) local z = string.format('%5.2f %s %q', 1.5, 'a', 'b\\n') local r = select('#', table.unpack(t, 1, 50))\n"
    "return s + r + #g + #z";

static int all_objects(lua_State *S)
{
    luaL_openlibs(S);
    if (luaL_loadstring(S, every_kind_of_object) != LUA_OK)
        return lua_error(S);
    lua_call(S, 0, 1);
    return 1;
}

/* Runs the program in a state of its own; its status, or -1 if there was not even a state. */
static int run_with_failures(long from, long count)
{
    fail_from = from;
    fail_for = count;
    alloc_count = 0;
    live_bytes = 0;
    int status = -1;
    lua_State *S = lua_newstate(failing_alloc, NULL);
    if (S != NULL) {
        lua_pushcfunction(S, all_objects);
        status = lua_pcall(S, 0, 1, 0);
        if (status == LUA_OK)
            cr_assert_eq(lua_tointeger(S, -1), 2459, "failure at %ld", from);
        else
            cr_assert_not_null(strstr(lua_tostring(S, -1), "not enough memory"), "failure at %ld: %s", from,
                               lua_tostring(S, -1));
        lua_close(S);
    }
    cr_assert_eq(live_bytes, 0, "failure at %ld: %zu bytes left", from, live_bytes);
    return status;
}

/* One failure is cured by an emergency collection (which therefore runs at every place that allocates); without an end
 * of failures there is an error, and nothing is lost. */
Test(api, every_allocation_may_fail)
{
    cr_assert_eq(run_with_failures(LONG_MAX, 0), LUA_OK);
    long all = alloc_count;
    int worked = 0, failed = 0;
    for (long n = 1; n <= all; n += 3) {
        int once = run_with_failures(n, 1), always = run_with_failures(n, LONG_MAX);
        worked += once == LUA_OK;
        failed += always == LUA_ERRMEM || always == LUA_ERRRUN; /* finalizers' and handlers' may come wrapped */
        cr_assert(once == LUA_OK || once == -1);
    }
    cr_expect_gt(worked, 200);
    cr_expect_gt(failed, 200);
}

Test(api, extra_space_is_copied)
{
    memcpy(lua_getextraspace(L), "12345678", 8);
    lua_State *T = lua_newthread(L);
    cr_expect_eq(memcmp(lua_getextraspace(T), "12345678", 8), 0);
    memcpy(lua_getextraspace(T), "abcdefgh", 8);
    cr_expect_eq(memcmp(lua_getextraspace(L), "12345678", 8), 0);
}

static int on_panic(lua_State *S)
{
    return 0;
}

Test(api, atpanic_returns_the_old_one)
{
    lua_CFunction old = lua_atpanic(L, on_panic);
    cr_expect_eq(lua_atpanic(L, old), on_panic);
}

/* ---- the debug interface ---- */

static lua_Debug seen;
static int look_at_caller(lua_State *S)
{
    cr_expect(lua_getstack(S, 1, &seen));
    cr_expect(lua_getinfo(S, "nSltu", &seen));
    cr_expect_not(lua_getinfo(S, "nX", &seen));
    return 0;
}

Test(api, getinfo_of_running_functions)
{
    lua_register(L, "look", look_at_caller);
    const char *code = "function f(a, b, ...)\n local x = a\n look()\n return x\nend f()";
    cr_expect_eq(luaL_loadbuffer(L, code, strlen(code), "@file.lua"), LUA_OK);
    lua_call(L, 0, 0);
    cr_expect_str_eq(seen.name, "f");
    cr_expect_str_eq(seen.namewhat, "global");
    cr_expect_str_eq(seen.what, "Lua");
    cr_expect_str_eq(seen.source, "@file.lua");
    cr_expect_eq(seen.srclen, 9);
    cr_expect_str_eq(seen.short_src, "file.lua");
    cr_expect_eq(seen.currentline, 3);
    cr_expect_eq(seen.linedefined, 1);
    cr_expect_eq(seen.lastlinedefined, 5);
    cr_expect_eq(seen.nparams, 2);
    cr_expect_eq(seen.isvararg, 1);
    cr_expect_eq(seen.istailcall, 0);
    cr_expect_eq(seen.nups, 1);
    lua_Debug ar;
    cr_expect_not(lua_getstack(L, 0, &ar));
    cr_expect_not(lua_getstack(L, -1, &ar));
    lua_getglobal(L, "f");
    lua_getinfo(L, ">SfL", &ar);
    cr_expect_eq(lua_gettop(L), 2);
    cr_expect(lua_isfunction(L, 1));
    lua_getglobal(L, "f");
    cr_expect(lua_rawequal(L, 1, -1));
    for (int line = 1; line <= 6; line++) {
        lua_rawgeti(L, 2, line);
        cr_expect_eq(lua_toboolean(L, -1), line >= 2 && line <= 5, "line %d", line);
    }
    lua_getglobal(L, "print");
    lua_getinfo(L, ">Su", &ar);
    cr_expect_str_eq(ar.what, "C");
    cr_expect_str_eq(ar.short_src, "[C]");
    cr_expect_eq(ar.isvararg, 1);
}

static const char *short_source(const char *chunkname)
{
    static lua_Debug ar;
    cr_assert_eq(luaL_loadbuffer(L, "", 0, chunkname), LUA_OK);
    lua_getinfo(L, ">S", &ar);
    return ar.short_src;
}

Test(api, short_sources)
{
    char name[200], want[100];
    cr_expect_str_eq(short_source("=name"), "name");
    cr_expect_str_eq(short_source("@name"), "name");
    cr_expect_str_eq(short_source("name"), "[string \"name\"]");
    cr_expect_str_eq(short_source("one\ntwo"), "[string \"one...\"]");
    cr_expect_str_eq(short_source(""), "[string \"\"]");
    for (int len = 40; len <= 70; len++) {
        memset(name, 'q', sizeof name);
        name[len + 1] = '\0';
        name[0] = '=';
        snprintf(want, sizeof want, "%.59s", name + 1);
        cr_expect_str_eq(short_source(name), want);
        name[0] = '@';
        if (len > 59)
            snprintf(want, sizeof want, "...%.56s", name + 1);
        cr_expect_str_eq(short_source(name), want);
        name[0] = 'q';
        if (len + 1 < 45)
            snprintf(want, sizeof want, "[string \"%s\"]", name);
        else
            snprintf(want, sizeof want, "[string \"%.45s...\"]", name);
        cr_expect_str_eq(short_source(name), want, "length %d: %s", len, short_source(name));
    }
}

static int look_at_locals(lua_State *S)
{
    lua_Debug ar;
    lua_getstack(S, 1, &ar);
    cr_expect_str_eq(lua_getlocal(S, &ar, 1), "a");
    cr_expect_eq(lua_tointeger(S, -1), 1);
    cr_expect_str_eq(lua_getlocal(S, &ar, 2), "x");
    cr_expect_str_eq(lua_tostring(S, -1), "local");
    cr_expect_str_eq(lua_getlocal(S, &ar, 3), "(temporary)");
    cr_expect_str_eq(lua_getlocal(S, &ar, -1), "(vararg)");
    cr_expect_eq(lua_tointeger(S, -1), 2);
    cr_expect_str_eq(lua_getlocal(S, &ar, -2), "(vararg)");
    cr_expect_eq(lua_tointeger(S, -1), 3);
    int top = lua_gettop(S);
    cr_expect_null(lua_getlocal(S, &ar, -3));
    cr_expect_null(lua_getlocal(S, &ar, 0));
    cr_expect_null(lua_getlocal(S, &ar, 100));
    cr_expect_eq(lua_gettop(S), top);
    lua_pushinteger(S, 100);
    cr_expect_str_eq(lua_setlocal(S, &ar, 1), "a");
    lua_pushinteger(S, 200);
    cr_expect_str_eq(lua_setlocal(S, &ar, -2), "(vararg)");
    lua_pushinteger(S, 300);
    cr_expect_null(lua_setlocal(S, &ar, 100)); /* and pops nothing */
    cr_expect_eq(lua_gettop(S), top + 1);
    lua_getstack(S, 0, &ar);
    cr_expect_str_eq(lua_getlocal(S, &ar, 1), "(C temporary)");
    return 0;
}

Test(api, locals_of_running_functions)
{
    lua_register(L, "look", look_at_locals);
    run("local function f(a, ...) local x = 'local' local t = {x, look()} return a, ... end\n"
        "local p, q, r = f(1, 2, 3) assert(p == 100 and q == 2 and r == 200)");
    run("function params(first, second, ...) local third end");
    lua_getglobal(L, "params");
    cr_expect_str_eq(lua_getlocal(L, NULL, 1), "first");
    cr_expect_str_eq(lua_getlocal(L, NULL, 2), "second");
    cr_expect_null(lua_getlocal(L, NULL, 3));
}

static int hook_lines[64], hook_count, hook_events[5];
static void on_hook(lua_State *S, lua_Debug *ar)
{
    hook_events[ar->event]++;
    if (ar->event == LUA_HOOKLINE && hook_count < 64)
        hook_lines[hook_count++] = ar->currentline;
}

static void expect_lines(const char *code, const char *want)
{
    char got[256] = "";
    cr_assert_eq(luaL_loadstring(L, code), LUA_OK);
    hook_count = 0;
    lua_sethook(L, on_hook, LUA_MASKLINE, 0);
    int status = lua_pcall(L, 0, 0, 0);
    lua_sethook(L, NULL, 0, 0);
    cr_expect_eq(status, LUA_OK);
    for (int i = 0; i < hook_count; i++)
        snprintf(got + strlen(got), sizeof got - strlen(got), "%s%d", i > 0 ? " " : "", hook_lines[i]);
    cr_expect_str_eq(got, want, "%s\n: got %s, want %s", code, got, want);
}

Test(api, line_hooks)
{
    expect_lines("local a = 1\nlocal b = 2\n\nreturn a", "1 2 4");
    expect_lines("for i = 1, 3 do\n local x = i\nend", "1 2 1 2 1 2 1 3");
    expect_lines("for i = 1, 3 do local x = i end", "1 1 1");
    expect_lines("local i = 1\nwhile i < 3 do\n i = i + 1\nend", "1 2 3 2 3 2 4");
    expect_lines("local i = 1\nrepeat\n i = i + 1\nuntil i > 3", "1 3 4 3 4 3 4");
    expect_lines("if math.sin(1)\nthen\n a = 1\nelse\n a = 2\nend\n", "1 2 3 6");
    expect_lines("local function f()\n return 1\nend\nf()\nf()", "3 4 2 5 2");
    expect_lines("for k, v in pairs{1, 2} do\n local x = k\nend", "1 2 1 2 1 3");
    expect_lines("a = 1; a = 2\na = 3 a = 4", "1 2");
}

Test(api, other_hooks)
{
    memset(hook_events, 0, sizeof hook_events);
    lua_sethook(L, on_hook, LUA_MASKCALL | LUA_MASKRET, 0);
    run("local function f() end local function g() return f() end g() math.abs(1)");
    lua_sethook(L, NULL, 0, 0);
    cr_expect_eq(hook_events[LUA_HOOKTAILCALL], 1);
    cr_expect_eq(hook_events[LUA_HOOKCALL], 3);
    cr_expect_eq(hook_events[LUA_HOOKRET], 3);
    memset(hook_events, 0, sizeof hook_events);
    cr_expect_null(lua_gethook(L));
    lua_sethook(L, on_hook, LUA_MASKCOUNT, 100);
    cr_expect_eq(lua_gethook(L), on_hook);
    cr_expect_eq(lua_gethookmask(L), LUA_MASKCOUNT);
    cr_expect_eq(lua_gethookcount(L), 100);
    run("for i = 1, 10000 do local x = i end");
    lua_sethook(L, NULL, 0, 0);
    cr_expect_gt(hook_events[LUA_HOOKCOUNT], 90);
    cr_expect_eq(lua_gethookmask(L), 0);
}

static void on_hook_yield(lua_State *S, lua_Debug *ar)
{
    lua_yield(S, 0);
}

Test(api, hooks_may_yield)
{
    int n, yields = 0, status;
    lua_State *T = lua_newthread(L);
    luaL_loadstring(T, "local a = 1\na = a + 1\na = a + 1\nresult = a");
    lua_sethook(T, on_hook_yield, LUA_MASKLINE, 0);
    while ((status = lua_resume(T, L, 0, &n)) == LUA_YIELD && yields < 100)
        yields++;
    cr_expect_eq(status, LUA_OK);
    cr_expect_eq(yields, 4);
    lua_getglobal(L, "result");
    expect_int(-1, 3);
}

static void expect_error(const char *code, const char *want)
{
    cr_assert_eq(luaL_loadbuffer(L, code, strlen(code), "=t"), LUA_OK, "%s", lua_tostring(L, -1));
    cr_expect_eq(lua_pcall(L, 0, 0, 0), LUA_ERRRUN);
    cr_expect_str_eq(lua_tostring(L, -1), want, "%s: got %s", code, lua_tostring(L, -1));
    lua_settop(L, 0);
}

Test(api, errors_name_variables)
{
    expect_error("local a; a.b = 1", "t:1: attempt to index a nil value (local 'a')");
    expect_error("local a = {} return a.b.c", "t:1: attempt to index a nil value (field 'b')");
    expect_error("local a = {} return a[1].c", "t:1: attempt to index a nil value (field 'integer index')");
    expect_error("local a local function f() return a.x end f()", "t:1: attempt to index a nil value (upvalue 'a')");
    expect_error("nope()", "t:1: attempt to call a nil value (global 'nope')");
    expect_error("local s = 'x' s:nope()", "t:1: attempt to call a nil value (method 'nope')");
    expect_error("string.nope()", "t:1: attempt to call a nil value (field 'nope')");
    expect_error("local a = {} return a + 1", "t:1: attempt to perform arithmetic on a table value (local 'a')");
    expect_error("local a = {} return 1 - a.x", "t:1: attempt to perform arithmetic on a nil value (field 'x')");
    expect_error("return 1 .. {}", "t:1: attempt to concatenate a table value");
    expect_error("local x = true return 'a' .. x", "t:1: attempt to concatenate a boolean value (local 'x')");
    expect_error("return #undefined_name", "t:1: attempt to get length of a nil value (global 'undefined_name')");
    expect_error("return {} < {}", "t:1: attempt to compare two table values");
    expect_error("return {} < 1", "t:1: attempt to compare table with number");
    expect_error("return 1 <= 'x'", "t:1: attempt to compare number with string");
    expect_error("local x = 1.5 return x & 1", "t:1: number (local 'x') has no integer representation");
    expect_error("local x = {} return x | 1", "t:1: attempt to perform bitwise operation on a table value (local 'x')");
    expect_error("for i = 'a', 2 do end", "t:1: bad 'for' initial value (number expected, got string)");
    expect_error("for i = 1, {} do end", "t:1: bad 'for' limit (number expected, got table)");
    expect_error("for i = 1, 2, print do end", "t:1: bad 'for' step (number expected, got function)");
    expect_error("for i = 1, 2, 0 do end", "t:1: 'for' step is zero");
    expect_error("for i in 3 do end", "t:1: attempt to call a number value (for iterator 'for iterator')");
    expect_error("return setmetatable({}, {__add = 4}) + 1", "t:1: attempt to call a number value (metamethod 'add')");
    expect_error("local _ENV = {} ; x.y = 1", "t:1: attempt to index a nil value (global 'x')");
    expect_error("local a, b = 1 return (a and b).x", "t:1: attempt to index a nil value");
    expect_error("local t = {} t[nil] = 1", "t:1: table index is nil");
}
