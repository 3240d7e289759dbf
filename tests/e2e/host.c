/* host.c: a program that embeds Lua as games, servers and editors do: objects and events of the host, a budget of
 * instructions and of memory for scripts, coroutines as tasks, chunks from a stream. Compiled once against the
 * distribution's library; host.sh compares what it prints there and on ours.
 *
 * capi.c calls every function once; here they work together, with the scripts' loops hot enough to be compiled. A
 * section is one function with a state of its own. Nothing printed depends on addresses, on the number of bytecodes, or
 * on when the collector runs.
 */
#include <lua5.4/lauxlib.h>
#include <lua5.4/lua.h>
#include <lua5.4/lualib.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "sections.h"

/* Runs a script; results or the error are printed. */
static int script(lua_State *L, const char *code)
{
    int base = lua_gettop(L), status = luaL_loadbuffer(L, code, strlen(code), "=script");
    if (!status) status = lua_pcall(L, 0, LUA_MULTRET, 0);
    if (status) printf("  status %d: ", status);
    for (int i = base + 1; i <= lua_gettop(L); i++) printf("%s%s", luaL_tolstring(L, i, NULL), i + 1 < lua_gettop(L) ? " " : ""), lua_pop(L, 1);
    if (lua_gettop(L) > base) printf("\n");
    lua_settop(L, base);
    return status;
}

/* ---- objects of the host ---- */

struct body {
    double x, v;
    int hits;
};

static struct body *body_at(lua_State *L, int i) { return luaL_checkudata(L, i, "host.body"); }

static int body_new(lua_State *L)
{
    lua_settop(L, 3);
    struct body *b = lua_newuserdatauv(L, sizeof *b, 2);
    *b = (struct body){luaL_optnumber(L, 1, 0), luaL_optnumber(L, 2, 1), 0};
    luaL_setmetatable(L, "host.body");
    lua_pushvalue(L, 3);
    lua_setiuservalue(L, -2, 1); /* who is told */
    return 1;
}

static int body_step(lua_State *L)
{
    struct body *b = body_at(L, 1);
    b->x += b->v * luaL_checknumber(L, 2);
    if (b->x < 100) return 0;
    b->x = 0;
    b->hits++;
    if (lua_getiuservalue(L, 1, 1) != LUA_TFUNCTION) return 0;
    lua_pushvalue(L, 1);
    lua_pushinteger(L, b->hits);
    lua_call(L, 2, 1);
    lua_setiuservalue(L, 1, 2); /* what was said last */
    return 0;
}

static int body_index(lua_State *L)
{
    const struct body *b = body_at(L, 1);
    const char *key = luaL_checkstring(L, 2);
    if (strcmp(key, "x") == 0) lua_pushnumber(L, b->x);
    else if (strcmp(key, "hits") == 0) lua_pushinteger(L, b->hits);
    else if (strcmp(key, "said") == 0) lua_getiuservalue(L, 1, 2);
    else lua_getfield(L, lua_upvalueindex(1), key);
    return 1;
}

static int body_newindex(lua_State *L)
{
    static const char *const keys[] = {"x", "v", NULL};
    struct body *b = body_at(L, 1);
    double value = luaL_checknumber(L, 3);
    if (luaL_checkoption(L, 2, NULL, keys) == 0) b->x = value;
    else b->v = value;
    return 0;
}

static int body_add(lua_State *L)
{
    const struct body *a = luaL_testudata(L, 1, "host.body"), *b = luaL_testudata(L, 2, "host.body");
    lua_pushnumber(L, (a ? a->x : luaL_checknumber(L, 1)) + (b ? b->x : luaL_checknumber(L, 2)));
    return 1;
}

static int body_eq(lua_State *L) { return lua_pushboolean(L, body_at(L, 1)->x == body_at(L, 2)->x), 1; }

static void objects(lua_State *L)
{
    static const luaL_Reg meta[] = {{"__add", body_add}, {"__eq", body_eq}, {"__newindex", body_newindex}, {"__index", NULL}, {NULL, NULL}};
    static const luaL_Reg methods[] = {{"step", body_step}, {NULL, NULL}};
    luaL_newmetatable(L, "host.body");
    luaL_setfuncs(L, meta, 0);
    luaL_newlib(L, methods);
    lua_pushcclosure(L, body_index, 1);
    lua_setfield(L, -2, "__index");
    lua_register(L, "body", body_new);
    script(L, "local told = 0\n"
              "local b = body(0, 3, function(b, n) told = told + n return b.x + n end)\n"
              "for i = 1, 1000 do b:step(0.5) end\n"
              "return told, b.hits, b.x, b.said");
    script(L, "local a, b, s = body(1), body(2), 0\n"
              "for i = 1, 300 do s = s + (a + b) + (a + i) b.x = b.x + 1 end\n"
              "b.x = 1 return s, a == b, a ~= body(1), a ~= body(7)");
    script(L, "local b = body() for i = 1, 300 do b.x = i if i == 250 then b.y = 1 end end");
    script(L, "local b = body() for i = 1, 300 do b.step(i < 250 and b or {}, 1) end");
    script(L, "local b = body(99, 1, function() error 'from the callback' end) for i = 1, 300 do b:step(i > 200 and 1 or 0) end");
}

/* ---- events: callbacks in the registry ---- */

static int events_on(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_settop(L, 1);
    lua_pushinteger(L, luaL_ref(L, LUA_REGISTRYINDEX));
    return 1;
}

static int events_off(lua_State *L) { return luaL_unref(L, LUA_REGISTRYINDEX, (int)luaL_checkinteger(L, 1)), 0; }

/* fire(ref, ...): calls it; a failing callback is told with its traceback's first line. */
static int events_fire(lua_State *L)
{
    int n = lua_gettop(L) - 1;
    lua_rawgeti(L, LUA_REGISTRYINDEX, luaL_checkinteger(L, 1));
    lua_replace(L, 1);
    int status = lua_pcall(L, n, 1, 0);
    lua_pushboolean(L, status == LUA_OK);
    lua_insert(L, 1);
    return 2;
}

static void events(lua_State *L)
{
    lua_register(L, "on", events_on);
    lua_register(L, "off", events_off);
    lua_register(L, "fire", events_fire);
    script(L, "local n, ref = 0, on(function(k) n = n + k return n end)\n"
              "for i = 1, 500 do fire(ref, i) end off(ref) return n");
    script(L, "local refs, sum = {}, 0\n"
              "for round = 1, 5 do\n"
              "  for i = 1, 60 do refs[i] = on(function(x) sum = sum + x * i end) end\n"
              "  for i = 1, 60, 2 do off(refs[i]) end\n"
              "  for i = 2, 60, 2 do fire(refs[i], round) end\n"
              "  for i = 2, 60, 2 do off(refs[i]) end\n"
              "end return sum, on(print) == on(print)");
    script(L, "local bad, said = on(function(i) if i % 100 == 0 then error({i}) end return i end), 0\n"
              "for i = 1, 1000 do local ok, e = fire(bad, i) if not ok then said = said + e[1] end end return said");
    printf("  nil %d no %d\n", (lua_pushnil(L), luaL_ref(L, LUA_REGISTRYINDEX) == LUA_REFNIL), LUA_NOREF);
}

/* ---- buffers ---- */

static int buffer_repeat(lua_State *L)
{
    size_t n;
    luaL_Buffer b;
    const char *s = luaL_checklstring(L, 1, &n);
    lua_Integer times = luaL_checkinteger(L, 2);
    luaL_buffinit(L, &b);
    for (lua_Integer i = 0; i < times; i++) {
        luaL_addlstring(&b, s, n);
        luaL_addchar(&b, ',');
        lua_pushinteger(L, i);
        luaL_addvalue(&b);
    }
    luaL_buffsub(&b, times > 0 ? 1 : 0);
    luaL_pushresult(&b);
    return 1;
}

static int buffer_upper(lua_State *L)
{
    size_t n;
    luaL_Buffer b;
    const char *s = luaL_checklstring(L, 1, &n);
    char *p = luaL_buffinitsize(L, &b, n);
    for (size_t i = 0; i < n; i++) p[i] = (char)(s[i] >= 'a' && s[i] <= 'z' ? s[i] - 32 : s[i]);
    luaL_pushresultsize(&b, n);
    return 1;
}

/* The callback runs while the buffer's box is on the stack; it may raise. */
static int buffer_map(lua_State *L)
{
    luaL_Buffer b;
    luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_Integer n = luaL_checkinteger(L, 1);
    luaL_buffinit(L, &b);
    for (lua_Integer i = 1; i <= n; i++) {
        lua_pushvalue(L, 2);
        lua_pushinteger(L, i);
        lua_call(L, 1, 1);
        luaL_tolstring(L, -1, NULL);
        lua_remove(L, -2);
        luaL_addvalue(&b);
    }
    luaL_pushresult(&b);
    return 1;
}

static void buffers(lua_State *L)
{
    lua_register(L, "rep", buffer_repeat);
    lua_register(L, "upper", buffer_upper);
    lua_register(L, "map", buffer_map);
    script(L, "local n = 0 for i = 1, 300 do n = n + #rep('ab', i % 50) end return n, rep('x', 3), rep('', 0)");
    script(L, "local s = ('xyz '):rep(5000) local u for i = 1, 200 do u = upper(s) end return #u, u:sub(-5), upper ''");
    script(L, "local n = 0 for i = 1, 200 do n = n + #map(i, function(k) return k * i end) end return n");
    script(L, "local n = 0 for i = 1, 200 do n = n + (pcall(map, 1000, function(k) if k == 500 + i then error 'stop' end return ('y'):rep(9) end) and 1 or 2) end return n");
    luaL_gsub(L, "a.b.c", ".", "::");
    printf("  %s\n", lua_tostring(L, -1));
}

/* ---- chunks from and to streams ---- */

struct stream {
    char data[1 << 16];
    size_t n, at, step;
    int calls, limit; /* limit: of calls, then it fails; 0: none */
};

static int stream_write(lua_State *L, const void *p, size_t n, void *ud)
{
    struct stream *s = ud;
    (void)L;
    if (s->limit && ++s->calls >= s->limit) return 7;
    memcpy(s->data + s->n, p, n);
    s->n += n;
    return 0;
}

static const char *stream_read(lua_State *L, void *ud, size_t *n)
{
    struct stream *s = ud;
    if (s->limit && ++s->calls >= s->limit) luaL_error(L, "the line went dead");
    *n = s->n - s->at < s->step ? s->n - s->at : s->step;
    s->at += *n;
    return *n ? s->data + s->at - *n : NULL;
}

static void stream_load(lua_State *L, struct stream *s, size_t step, int limit, const char *mode)
{
    s->at = 0, s->step = step, s->calls = 0, s->limit = limit;
    int status = lua_load(L, stream_read, s, "=stream", mode);
    printf("  load by %zu: %d", step, status);
    if (status) printf(" %s\n", lua_tostring(L, -1));
    else lua_call(L, 0, 1), printf(" gives %lld\n", (long long)lua_tointeger(L, -1));
    lua_pop(L, 1);
}

static void streams(lua_State *L)
{
    static struct stream s;
    static const char code[] = "local s, k = 0, 'k' for i = 1, 500 do s = s + i % 7 end return s + #k";
    s.n = sizeof code - 1;
    memcpy(s.data, code, s.n);
    for (size_t step = 1; step < 100; step = step * 3 + 1) stream_load(L, &s, step, 0, NULL);
    stream_load(L, &s, 4, 5, NULL);
    stream_load(L, &s, 1000, 0, "b");
    luaL_loadstring(L, code);
    for (int strip = 0; strip < 2; strip++) {
        s = (struct stream){.n = 0};
        printf("  dump %d", lua_dump(L, stream_write, &s, strip));
        printf(" mark %d\n", memcmp(s.data, LUA_SIGNATURE, 4) == 0);
        for (size_t step = 1; step < 3000; step = step * 50 + 1) stream_load(L, &s, step, 0, "b");
        stream_load(L, &s, 100, 0, "t");
    }
    s = (struct stream){.limit = 1};
    printf("  a writer that fails %d\n", lua_dump(L, stream_write, &s, 0));
}

/* ---- a budget of instructions ---- */

static int budget;
static void spend(lua_State *L, lua_Debug *ar)
{
    if (ar->event == LUA_HOOKCOUNT && --budget <= 0) luaL_error(L, "out of instructions");
}

static void budgets(lua_State *L)
{
    static const char *const programs[] = {"while true do end", "local s = 0 for i = 1, 1 << 60 do s = s + i end", "local t = {} repeat t[#t % 10 + 1] = #t until false",
                                           "local function f() return f() end f()", "for i = 1, 1 << 60 do ('x'):rep(3):find('y') end"};
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
        budget = 100;
        lua_sethook(L, spend, LUA_MASKCOUNT, 1000);
        luaL_loadstring(L, programs[i]);
        int status = lua_pcall(L, 0, 0, 0);
        const char *said = luaL_tolstring(L, -1, NULL);
        printf("  program %zu: %d %s\n", i + 1, status, strstr(said, "out of instructions") ? "stopped" : said);
        lua_settop(L, 0);
        lua_sethook(L, NULL, 0, 0);
        script(L, "local s = 0 for i = 1, 500 do s = s + i end return s");
    }
    budget = 1 << 30;
    lua_sethook(L, spend, LUA_MASKCOUNT, 1);
    printf("  hook %d mask %d count %d\n", lua_gethook(L) == spend, lua_gethookmask(L), lua_gethookcount(L));
    script(L, "local n = 0 for i = 1, 300 do n = n + i end return n");
    printf("  it was called %d\n", budget < (1 << 30) - 300);
}

/* ---- tasks ---- */

static int task_slept(lua_State *L, int status, lua_KContext ctx)
{
    lua_pushinteger(L, lua_gettop(L) > 1 ? lua_tointeger(L, -1) : -1);
    lua_pushinteger(L, (lua_Integer)ctx + status);
    return 2;
}

/* sleep(n): yields n to the host; returns what it is resumed with, and a number of ours. */
static int task_sleep(lua_State *L)
{
    lua_Integer n = luaL_checkinteger(L, 1);
    lua_settop(L, 1);
    lua_pushinteger(L, n);
    return lua_yieldk(L, 1, (lua_KContext)n, task_slept);
}

static int task_tried(lua_State *L, int status, lua_KContext ctx)
{
    (void)ctx;
    lua_pushinteger(L, status);
    lua_insert(L, 1);
    return lua_gettop(L);
}
static int task_try(lua_State *L) { return task_tried(L, lua_pcallk(L, lua_gettop(L) - 1, LUA_MULTRET, 0, 0, task_tried), 0); }

#define TASKS 8
static void tasks(lua_State *L)
{
    static const char code[] = "local id = ...\n"
                               "local s = 0\n"
                               "for i = 1, 40 do\n"
                               "  for k = 1, 30 do s = s + k % id end\n"
                               "  local got, n = sleep(i)\n"
                               "  s = s + got + n\n"
                               "  if i == 20 then s = s + select('#', try(function() sleep(5) if id % 2 == 0 then error 'even' end return 1, 2 end)) end\n"
                               "  if id == 7 and i == 33 then error('task ' .. id) end\n"
                               "end\n"
                               "return id, s";
    lua_State *co[TASKS];
    int ref[TASKS], left = TASKS, nres;
    lua_register(L, "sleep", task_sleep);
    lua_register(L, "try", task_try);
    for (int i = 0; i < TASKS; i++) {
        co[i] = lua_newthread(L);
        ref[i] = luaL_ref(L, LUA_REGISTRYINDEX);
        luaL_loadbuffer(co[i], code, sizeof code - 1, "=task");
        lua_pushinteger(co[i], i + 1);
    }
    for (int round = 0; left > 0; round++)
        for (int i = 0; i < TASKS; i++) {
            if (!co[i]) continue;
            int status = lua_resume(co[i], L, 1, &nres);
            if (status == LUA_YIELD) {
                lua_Integer n = lua_tointeger(co[i], -1);
                lua_pop(co[i], nres);
                lua_pushinteger(co[i], n * (round + 1));
                continue;
            }
            printf("  task %d ends in round %d: %d", i + 1, round, status);
            for (int k = lua_gettop(co[i]) - nres + 1; !status && k <= lua_gettop(co[i]); k++) printf(" %lld", (long long)lua_tointeger(co[i], k));
            printf(" %s reset %d\n", status ? lua_tostring(co[i], -1) : "", lua_resetthread(co[i]));
            luaL_unref(L, LUA_REGISTRYINDEX, ref[i]);
            co[i] = NULL;
            left--;
        }
    lua_State *t = lua_newthread(L);
    luaL_loadstring(t, "local a <close> = setmetatable({}, {__close = function(_, e) print('  closed with', e) if e then error 'another' end end}) coroutine.yield(1)");
    printf("  resume %d", lua_resume(t, L, 0, &nres));
    printf(" %d reset %d\n", nres, lua_resetthread(t));
    printf("  dead %d", lua_resume(t, L, 0, &nres));
    printf(" %s\n", lua_tostring(t, -1));
}

/* ---- a budget of memory ---- */

struct heap {
    size_t used, cap;
    bool wrong; /* a size that we did not give */
};

static void *heap_alloc(void *ud, void *p, size_t osize, size_t nsize)
{
    struct heap *h = ud;
    size_t old = p ? osize : 0;
    if (p && ((size_t *)p)[-2] != osize) h->wrong = true;
    if (nsize == 0) {
        if (p) free((size_t *)p - 2);
        h->used -= old;
        return NULL;
    }
    if (h->cap && nsize > old && h->used - old + nsize > h->cap) return NULL;
    size_t *q = realloc(p ? (size_t *)p - 2 : NULL, nsize + 2 * sizeof *q);
    if (!q) return NULL;
    h->used += nsize - old;
    q[0] = nsize;
    return q + 2;
}

static void memory(lua_State *unused)
{
    static const char *const programs[] = {"local t = {} for i = 1, 1e9 do t[i] = {i} end", "local s = 'x' while true do s = s .. s end", "local t = {} for i = 1, 1e9 do t[i] = 'n' .. i end",
                                           "local t = {} for i = 1, 1e9 do t[i] = function() return i + #t end end", "return #string.rep('x', 1 << 40)",
                                           "local function f(n) return f(n + 1) + 1 end return f(1)", "local t = {} for i = 1, 1e9 do t[i] = coroutine.wrap(function() end) end"};
    struct heap h = {0};
    (void)unused;
    lua_State *L = lua_newstate(heap_alloc, &h);
    luaL_openlibs(L);
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
        lua_gc(L, LUA_GCCOLLECT);
        h.cap = h.used + (2 << 20);
        luaL_loadstring(L, programs[i]);
        int status = lua_pcall(L, 0, 0, 0);
        const char *said = lua_tostring(L, -1);
        printf("  program %zu: %d %s\n", i + 1, status, said && strstr(said, "stack overflow") ? "stack overflow" : said);
        lua_settop(L, 0);
        h.cap = 0;
        script(L, "local s = 0 for i = 1, 500 do local t = {i, i + 1} s = s + t[2] end return s");
    }
    lua_close(L);
    printf("  left %zu, sizes %s\n", h.used, h.wrong ? "wrong" : "right");
}

/* ---- panics, warnings ---- */

static jmp_buf out;
static int panicked(lua_State *L)
{
    printf("  panic: %s\n", lua_tostring(L, -1));
    longjmp(out, 1);
}

static int raise_in_loop(lua_State *L)
{
    luaL_loadstring(L, "local t = {} for i = 1, 500 do t[i] = i if i == 400 then t.x.y = 1 end end");
    lua_call(L, 0, 0);
    return 0;
}

static void panics(lua_State *unused)
{
    (void)unused;
    for (volatile int i = 0; i < 3; i++) {
        lua_State *L = luaL_newstate();
        luaL_openlibs(L);
        lua_atpanic(L, panicked);
        if (setjmp(out) == 0) {
            if (i == 0) raise_in_loop(L);
            else if (i == 1) luaL_error(L, "plain %d", 5);
            else lua_pushcfunction(L, raise_in_loop), lua_call(L, 0, 0);
        }
        lua_close(L);
    }
}

static void told(void *ud, const char *msg, int tocont)
{
    char *text = ud;
    strncat(text, msg, 400 - strlen(text));
    if (!tocont) strncat(text, "|", 400 - strlen(text));
}

static void warnings(lua_State *L)
{
    static char text[500];
    lua_setwarnf(L, told, text);
    script(L, "for i = 1, 200 do if i % 70 == 0 then warn('at ', tostring(i)) end end");
    script(L, "warn '@on' setmetatable({}, {__gc = function() error 'in the finalizer' end}) collectgarbage()");
    lua_warning(L, "from ", 1);
    lua_warning(L, "C", 0);
    printf("  %s\n", text);
    lua_setwarnf(L, NULL, NULL);
    script(L, "warn 'nobody'");
}

/* ---- finalizers that speak to the collector ---- */

static int collects(lua_State *L)
{
    printf(" collect %d step %d count %d running %d stop %d restart %d gen %d\n", lua_gc(L, LUA_GCCOLLECT), lua_gc(L, LUA_GCSTEP, 10), lua_gc(L, LUA_GCCOUNT) > 0,
           lua_gc(L, LUA_GCISRUNNING), lua_gc(L, LUA_GCSTOP), lua_gc(L, LUA_GCRESTART), lua_gc(L, LUA_GCGEN, 0, 0));
    return 0;
}

static int resurrect(lua_State *L)
{
    lua_pushvalue(L, 1);
    lua_setglobal(L, "back");
    return 0;
}

static void finalizers(lua_State *L)
{
    luaL_newmetatable(L, "collects");
    lua_pushcfunction(L, collects);
    lua_setfield(L, -2, "__gc");
    lua_newuserdatauv(L, 8, 0);
    luaL_setmetatable(L, "collects");
    lua_settop(L, 0);
    printf("  in a finalizer:");
    lua_gc(L, LUA_GCCOLLECT);
    lua_register(L, "resurrect", resurrect);
    script(L, "local n = 0\n"
              "local m = {__gc = function(t) n = n + t[1] if t[1] < 5 then setmetatable({t[1] + 1}, getmetatable(t)) end end}\n"
              "setmetatable({1}, m) for i = 1, 10 do collectgarbage() end return n");
    script(L, "setmetatable({name = 'phoenix'}, {__gc = resurrect}) collectgarbage() return back and back.name");
    script(L, "local done = 0 for i = 1, 2000 do local t = setmetatable({}, {__gc = function() done = done + 1 end}) end\n"
              "collectgarbage() collectgarbage() return done");
}

/* ---- to be closed, from C ---- */

static int closed(lua_State *L)
{
    lua_getiuservalue(L, 1, 1);
    printf("  close %s with %s\n", lua_tostring(L, -1), luaL_tolstring(L, 2, NULL));
    return lua_toboolean(L, lua_upvalueindex(1)) ? luaL_error(L, "close of %s", lua_tostring(L, -2)) : 0;
}

static int handle(lua_State *L, const char *name, bool fails)
{
    lua_newuserdatauv(L, 0, 1);
    lua_pushstring(L, name);
    lua_setiuservalue(L, -2, 1);
    lua_createtable(L, 0, 1);
    lua_pushboolean(L, fails);
    lua_pushcclosure(L, closed, 1);
    lua_setfield(L, -2, "__close");
    lua_setmetatable(L, -2);
    lua_toclose(L, -1);
    return lua_gettop(L);
}

/* with(f, name, fails): f runs with two handles open; the first is closed early. */
static int with(lua_State *L)
{
    const char *name = luaL_checkstring(L, 2);
    bool fails = lua_toboolean(L, 3);
    int first = handle(L, "first", false);
    lua_closeslot(L, first);
    printf("  slot is nil %d\n", lua_isnil(L, first));
    handle(L, name, fails);
    lua_pushvalue(L, 1);
    lua_call(L, 0, 1);
    return 1;
}

static void closing(lua_State *L)
{
    lua_register(L, "with", with);
    script(L, "return with(function() local s = 0 for i = 1, 300 do s = s + i end return s end, 'plain')");
    script(L, "return with(function() for i = 1, 300 do if i == 280 then error 'inside' end end end, 'failing')");
    script(L, "return with(function() return 1 end, 'bad', true)");
    script(L, "return with(function() error 'both' end, 'worse', true)");
    script(L, "return pcall(coroutine.wrap(function() return with(function() coroutine.yield() end, 'yield') end))");
    handle(L, "popped", false);
    lua_pop(L, 1);
    handle(L, "settop", false);
    lua_settop(L, 0);
}

/* ---- message handlers ---- */

static int traceback(lua_State *L)
{
    const char *msg = lua_tostring(L, 1);
    luaL_traceback(L, L, msg ? msg : luaL_typename(L, 1), 1);
    return 1;
}

static int failing_handler(lua_State *L) { return luaL_error(L, "handler"); }

static void handled(lua_State *L, lua_CFunction handler, const char *code)
{
    lua_pushcfunction(L, handler);
    luaL_loadbuffer(L, code, strlen(code), "=trace");
    int status = lua_pcall(L, 0, 0, -2);
    printf("  %d %s\n", status, status ? luaL_tolstring(L, -1, NULL) : "ok");
    lua_settop(L, 0);
}

static void tracebacks(lua_State *L)
{
    handled(L, traceback, "local function inner(i) if i == 190 then error 'deep' end return i end\nlocal function outer() for i = 1, 200 do inner(i) end end\nouter()");
    handled(L, traceback, "local t = setmetatable({}, {__index = function(t, k) return k.x.y end})\nfor i = 1, 200 do local v = t[i > 180 and {} or {x = {}}] end");
    handled(L, traceback, "local function down(n) if n == 0 then error 'bottom' end down(n - 1) return n end down(100)");
    handled(L, traceback, "local co = coroutine.wrap(function() for i = 1, 200 do if i > 150 then local x = nil + i end end end) co()");
    handled(L, traceback, "table.sort({3, 1, 2, 5, 4}, function(a, b) return a < b.c end)");
    handled(L, traceback, "error(setmetatable({}, {__tostring = function() return 'obj' end}))");
    handled(L, failing_handler, "for i = 1, 200 do if i == 150 then error 'x' end end");
    lua_State *t = lua_newthread(L);
    int n;
    luaL_loadbuffer(t, "local function f() for i = 1, 200 do if i == 120 then coroutine.yield() end end end f()", 88, "=other");
    lua_resume(t, L, 0, &n);
    luaL_traceback(L, t, NULL, 0);
    printf("  %s\n", lua_tostring(L, -1));
}

static const struct section sections[] = {{"objects", objects}, {"events", events}, {"buffers", buffers}, {"streams", streams}, {"budgets", budgets}, {"tasks", tasks}, {"memory", memory}, {"panics", panics}, {"warnings", warnings}, {"finalizers", finalizers}, {"closing", closing}, {"tracebacks", tracebacks}};

int main(int argc, char **argv)
{
    sections_run(sections, sizeof sections / sizeof sections[0], argc, argv);
    return 0;
}
