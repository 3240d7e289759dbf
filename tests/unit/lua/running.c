/* While compiled code runs: memory that fails at any request, stacks that overflow, hooks that come from signals, flushes
 * from inside calls. Each test looks at the counters as well: machine code was entered, so the interpreter alone cannot pass.
 *
 * RUN_LONG=1 in the environment: every request for memory fails once, not every few (make check-long). */
#include <criterion/criterion.h>
#include <lua5.4/lauxlib.h>
#include <lua5.4/lualib.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <jitstat/jitstat.h>
#include "lua/guest.h"
#include "lua/collect.h"
#include "trace/engine.h"

/* ---- states with a JIT that is soon hot ---- */

static void early(lua_State *L)
{
    const char *err = NULL;
    cr_assert_not_null(jitstat_vm_of_lua(L));
    cr_assert_eq(jitstat_set_param(jitstat_vm_of_lua(L), "threshold=2,function_threshold=3,trace_eagerness=2", &err), 0, "%s", err);
}

static uint64_t entries(lua_State *L)
{
    struct jitstat_snapshot *s;
    cr_assert_eq(jitstat_get_stats_snapshot(jitstat_vm_of_lua(L), &s), 0);
    uint64_t n = s->totals.trace_entries;
    jitstat_snapshot_free(s);
    return n;
}

static lua_State *new_state(void)
{
    lua_State *L = luaL_newstate();
    cr_assert_not_null(L);
    luaL_openlibs(L);
    early(L);
    return L;
}

/* Runs the code; machine code was entered; the heap is in order. The results are on the stack. */
static void run(lua_State *L, const char *code)
{
    uint64_t before = entries(L);
    int status = luaL_dostring(L, code);
    cr_assert_eq(status, LUA_OK, "%s", lua_tostring(L, -1));
    cr_assert_gt(entries(L), before, "no machine code was entered");
    gc_heap_check(L);
}

/* ---- memory that fails ---- */

struct failing {
    long count, from, number; /* requests so far; which fail */
    size_t live; /* bytes */
};

/* Checks as well that each block comes back with the size that it had: sizes stand in front of the blocks. */
static void *failing_alloc(void *ud, void *p, size_t osize, size_t nsize)
{
    struct failing *f = ud;
    size_t *block = p ? (size_t *)p - 2 : NULL;
    if (block)
        cr_assert_eq(*block, osize, "a block of %zu bytes comes back as one of %zu", *block, osize);
    size_t old = block ? osize : 0;
    if (nsize > old && ++f->count >= f->from && f->count - f->from < f->number)
        return NULL;
    f->live += nsize - old;
    if (nsize == 0) {
        free(block);
        return NULL;
    }
    block = realloc(block, nsize + 2 * sizeof *block);
    if (!block)
        abort();
    *block = nsize;
    return block + 2;
}

/* Programs whose loops are compiled and ask for memory in many ways. Each is a function of nothing that returns 1 value. */
static const struct {
    const char *name, *code, *result;
} programs[] = {
    {"tables", "local s = 0 for i = 1, 60 do local t = {i, i + 1, x = i, y = {i}} t.z = i t[#t + 1] = t.y[1] s = s + t[3] + t.z + #t end return s", "3840"},
    {"kept tables", "local k = {} for i = 1, 80 do k[i] = {i, n = i} end local s = 0 for i = 1, #k do s = s + k[i].n + k[i][1] end return s", "6480"},
    {"appends", "local t, u = {}, {} for i = 1, 90 do t[#t + 1] = i * 2 u['k' .. i % 30] = i end return #t + t[90] + u.k5", "335"},
    {"strings", "local s, n = '', 0 for i = 1, 70 do s = s .. i .. ',' n = n + #tostring(i * 1.5) + #(('x'):rep(i)) + #s:sub(3, i) end return #s .. ' ' .. n", "201 5109"},
    {"formats", "local n = 0 for i = 1, 60 do local s = string.format('%d:%5.2f:%s', i, i / 3, 'abc' .. i) n = n + #s + (s:byte(-1)) end return n", "3972"},
    {"closures", "local fs, s = {}, 0 for i = 1, 60 do local u = i fs[i] = function(d) u = u + d return u end end for r = 1, 3 do for i = 1, 60 do s = s + fs[i](r) end end return s", "6090"},
    {"objects", "local C = {} C.__index = C function C.new(x) return setmetatable({x = x}, C) end function C:add(o) return C.new(self.x + o.x) end C.__add = C.add "
                "local a = C.new(0) for i = 1, 80 do a = a + C.new(i) end return a.x",
     "3240"},
    {"varargs", "local function f(...) local t = {...} return select('#', ...), ... end local s = 0 for i = 1, 60 do local n, a, b = f(i, 'x', i * 2) s = s + n + a + #table.pack(f(i)) end return s", "2130"},
    {"coroutines", "local s = 0 for i = 1, 20 do local co = coroutine.wrap(function(a) for k = 1, 8 do for j = 1, 5 do a = a + #{j} end a = a + coroutine.yield({a}) [1] end return {a} end) local v = co(i) for k = 1, 8 do v = co({k}) end s = s + v[1] end return s", "1730"},
    {"caught", "local function f(i, t) if i % 7 == 0 then error({i}) end t[i] = {i} return i end local s, t = 0, {} "
               "for i = 1, 80 do local ok, v = pcall(f, i, t) if ok then s = s + v elseif type(v) == 'string' then error(v, 0) else s = s + v[1] * 2 end end return s",
     "3702"},
    {"recursion", "local function tree(n) if n == 0 then return {} end return {tree(n - 1), tree(n - 1)} end local function size(t) return t[1] and 1 + size(t[1]) + size(t[2]) or 1 end return size(tree(7))", "255"},
    {"deep", "local function down(n, t) if n == 0 then return #t end t[#t + 1] = n return 1 + down(n - 1, t) end return down(300, {})", "600"},
    {"sorting", "local s = 0 for r = 1, 4 do local t = {} for i = 1, 40 do t[i] = (i * 7919) % 101 + r / 2 end table.sort(t, function(a, b) return a > b end) s = s + t[1] - t[40] end return s", "392.0"},
    {"substitutions", "local s = 0 for i = 1, 40 do local r = ('a b' .. i):gsub('%w+', function(w) return w .. w .. i end) s = s + #r for w in r:gmatch('%d+') do s = s + #w end end return s", "768"},
    {"finalizers", "local n = 0 local mt = {__gc = function(o) n = n + o[1] end} for i = 1, 60 do setmetatable({1}, mt) if i % 20 == 0 then collectgarbage() end end return n <= 60", "true"},
    {"closed", "local n = 0 local mt = {__close = function(o) n = n + o[1] end} for i = 1, 60 do local c <close> = setmetatable({i}, mt) local d = {c} end return n", "1830"},
    {"loading", "local s = 0 for i = 1, 25 do local f, e = load('local t = {} for k = 1, ' .. i .. ' do t[k] = k end return #t') if not f then error(e, 0) end s = s + f() end return s", "325"},
};

struct program {
    const char *code;
    bool jit;
};

static int program_body(lua_State *L)
{
    const struct program *p = lua_touserdata(L, 1);
    if (luaL_loadstring(L, p->code) != LUA_OK)
        return lua_error(L);
    lua_call(L, 0, 1);
    luaL_tolstring(L, -1, NULL);
    return 1;
}

static int program_call(lua_State *L, const char *code)
{
    struct program p = {code, true};
    lua_settop(L, 0);
    lua_pushcfunction(L, program_body);
    lua_pushlightuserdata(L, &p);
    return lua_pcall(L, 1, 1, 0);
}

static lua_State *state_with(struct failing *f)
{
    *f = (struct failing){.from = LONG_MAX};
    lua_State *L = lua_newstate(failing_alloc, f);
    cr_assert_not_null(L);
    luaL_openlibs(L);
    early(L);
    return L;
}

/* One run in a state of its own, in which requests from..from+number-1 (counted from the program's start) fail. */
static int run_failing(unsigned i, long from, long number, long *requests, uint64_t *entered)
{
    struct failing f;
    lua_State *L = state_with(&f);
    f.count = 0;
    f.from = from;
    f.number = number;
    int status = program_call(L, programs[i].code);
    if (requests)
        *requests = f.count;
    f.from = LONG_MAX;
    *entered += entries(L);
    cr_assert(status == LUA_OK || status == LUA_ERRMEM || status == LUA_ERRRUN, "%s, request %ld: status %d", programs[i].name, from, status);
    const char *want = status == LUA_OK ? programs[i].result : "not enough memory";
    cr_assert_str_eq(lua_tostring(L, -1), want, "%s, requests %ld to %ld: %s", programs[i].name, from, from + number, lua_tostring(L, -1));
    gc_heap_check(L);
    cr_assert_eq(program_call(L, programs[i].code), LUA_OK, "%s again, behind a failure at %ld: %s", programs[i].name, from, lua_tostring(L, -1));
    cr_assert_str_eq(lua_tostring(L, -1), programs[i].result, "%s again, behind a failure at %ld", programs[i].name, from);
    gc_heap_check(L);
    lua_close(L);
    cr_assert_eq(f.live, 0, "%s, request %ld: %zu bytes left", programs[i].name, from, f.live);
    return status;
}

static void every_request(unsigned i)
{
    long all, worked = 0, failed = 0;
    uint64_t entered = 0;
    cr_assert_eq(run_failing(i, LONG_MAX, 0, &all, &entered), LUA_OK);
    cr_assert_gt(entered, 0, "%s: no machine code was entered", programs[i].name);
    long points = getenv("RUN_LONG") ? 1500 : 60, step = all / points + 1;
    for (long n = 1; n <= all; n += step) {
        int once = run_failing(i, n, 1, NULL, &entered); /* cured by an emergency collection */
        worked += once == LUA_OK;
        failed += run_failing(i, n, LONG_MAX / 2, NULL, &entered) != LUA_OK;
        run_failing(i, n, 2 + n % 5, NULL, &entered);
    }
    cr_assert_gt(worked, 0, "%s", programs[i].name);
    cr_assert_gt(failed, 0, "%s", programs[i].name);
}

#define EVERY(name, from, to) \
    Test(memory, name) \
    { \
        for (unsigned i = from; i < to; i++) every_request(i); \
    }
EVERY(tables_and_strings, 0, 5)
EVERY(functions_and_objects, 5, 8)
EVERY(coroutines_and_errors, 8, 10)
EVERY(recursion, 10, 12)
EVERY(library, 12, 17)
_Static_assert(sizeof programs / sizeof programs[0] == 17, "every program has its test");

/* Objects that a trace has removed are made when it is left, and that may fail: with the blocks of luaL_newstate's
 * allocator no more than with a user's. The code is run until it is hot, then once more, with an allocator behind the
 * library's back whose requests fail from number `from` on. Nothing that outlives the error may have been lost. */
static const struct {
    const char *name, *code, *result;
} leaving[] = {
    {"one", "local p = {x = 0} for i = 1, n do p = {x = p.x + 1} if i == odd then p.x = p.x + 1000 end end return p.x", "1040"},
    {"nested", "local p = {x = {0}} for i = 1, n do p = {x = {p.x[1] + 1}, y = {i}} if i == odd then p.y[2] = 1000 end end return p.x[1] + #p.y", "41"},
    {"under pcall", "F = F or function(i) if i == odd then return i + 0.5 end return i end local p, f = {x = 0}, F "
                    "for i = 1, n do p = {x = p.x + 1} local ok, v = pcall(f, i) if not ok then s = v .. p.x end end return p.x",
     "40"},
    {"called", "G = G or function(q, i) if i == odd then q.x = q.x + 1000 end return q end "
               "local p, g = {x = 0}, G for i = 1, n do p = g({x = p.x + 1}, i) end return p.x",
     "1040"},
};

/* In front of luaL_newstate's allocator, whose blocks it gets too. */
struct wrapping {
    long count, from, number; /* requests so far; which fail */
    lua_Alloc f;
    void *ud;
};

static void *wrapping_alloc(void *ud, void *p, size_t osize, size_t nsize)
{
    struct wrapping *w = ud;
    if (nsize > (p ? osize : 0) && ++w->count >= w->from && w->count - w->from < w->number)
        return NULL;
    return w->f(w->ud, p, osize, nsize);
}

static int leave_call(lua_State *L, int n, int odd)
{
    lua_pushinteger(L, n);
    lua_setglobal(L, "n");
    lua_pushinteger(L, odd);
    lua_setglobal(L, "odd");
    lua_pushvalue(L, 1);
    return lua_pcall(L, 0, 1, 0);
}

/* Returns whether it failed where machine code was left. */
static bool leave_failing(unsigned i, long from, long number, long *requests)
{
    lua_State *L = new_state();
    struct wrapping w = {.from = from, .number = number};
    w.f = lua_getallocf(L, &w.ud);
    cr_assert_eq(jitstat_set_param(jitstat_vm_of_lua(L), "function_threshold=1000", NULL), 0); /* calls are part of the loop */
    cr_assert_eq(luaL_loadstring(L, leaving[i].code), LUA_OK, "%s", lua_tostring(L, -1));
    cr_assert_eq(leave_call(L, 40, -1), LUA_OK);
    uint64_t before = entries(L);
    mem_set_alloc(L, wrapping_alloc, &w);
    int status = leave_call(L, 40, 30);
    *requests = w.count;
    w.from = LONG_MAX;
    bool entered = entries(L) > before;
    cr_assert_str_eq(lua_tostring(L, -1), status == LUA_OK ? leaving[i].result : "not enough memory", "%s, request %ld: %s", leaving[i].name, from, lua_tostring(L, -1));
    gc_heap_check(L);
    cr_assert_eq(leave_call(L, 40, 30), LUA_OK, "%s again: %s", leaving[i].name, lua_tostring(L, -1));
    cr_assert_str_eq(lua_tostring(L, -1), leaving[i].result, "%s again", leaving[i].name);
    lua_close(L);
    return entered && status != LUA_OK;
}

Test(memory, of_objects_made_at_an_exit)
{
    for (unsigned i = 0; i < sizeof leaving / sizeof *leaving; i++) {
        long all, now, failed = 0;
        cr_assert(!leave_failing(i, LONG_MAX, 0, &all));
        for (long n = 1; n <= all; n++) {
            failed += leave_failing(i, n, 1, &now); /* the interpreter would have collected */
            leave_failing(i, n, LONG_MAX / 2, &now);
        }
        cr_assert_gt(failed, 0, "%s", leaving[i].name);
    }
}

/* Blocks of a user's allocator are its own for life, also when luaL_newstate's is back. */
Test(memory, of_an_allocator_that_comes_and_goes)
{
    lua_State *L = new_state();
    struct wrapping w = {.number = 0};
    lua_Alloc own = lua_getallocf(L, &w.ud);
    w.f = own;
    for (int i = 0; i < 20; i++) {
        lua_setallocf(L, wrapping_alloc, &w);
        run(L, "K = {} for i = 1, 3000 do K[i] = {i, x = i, s = 's' .. i, f = function() return i end} end");
        lua_setallocf(L, own, w.ud);
        run(L, "for i = 1, 3000, 2 do K[i] = nil end for i = 1, 100 do K[-i] = {i .. 'n'} end");
        lua_gc(L, LUA_GCCOLLECT);
        gc_heap_check(L);
        run(L, "for i = 2, 3000, 2 do assert(K[i].x == i and K[i].f() == i and K[i].s == 's' .. i) end");
    }
    lua_close(L);
}

/* ---- the collector ---- */

static int finalized;
static int finalizer(lua_State *L)
{
    finalized++;
    cr_assert_eq(jitstat_vm_of_lua(L)->running, 0, "a finalizer runs while machine code does");
    cr_assert_neq(L->g->gc_state, GCS_ENTER_ATOMIC);
    return 0;
}

/* Loops that allocate leave for the collector's steps, and soon enough. */
Test(collector, runs_beside_machine_code_not_below_it)
{
    lua_State *L = new_state();
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, finalizer);
    lua_setfield(L, -2, "__gc");
    lua_setglobal(L, "mt");
    lua_gc(L, LUA_GCCOLLECT);
    run(L, "for i = 1, 10 do setmetatable({}, mt) end");
    int before = finalized;
    run(L, "local k = {} for i = 1, 60000 do k[i % 10] = {i, {i}} end");
    cr_assert_gt(finalized, before, "no cycle ended in 60000 rounds");
    run(L, "local k = {} for i = 1, 60000 do local f = function() return i end k[i % 10] = f k.s = 's' .. i end");
    cr_assert_eq(finalized, 10);
    lua_close(L);
}

/* ---- debug hooks that come from a signal ---- */

static lua_State *volatile signalled;
static void (*volatile on_signal)(lua_State *L);
static void handler(int sig)
{
    (void)sig;
    on_signal(signalled);
}

/* Sends the signal as soon as machine code was entered after the start: the loop then runs there, and does not end. */
struct sender {
    pthread_t to;
    struct jit_vm *vm;
    uint64_t entries;
};

static void *sender_run(void *arg)
{
    struct sender *s = arg;
    while (__atomic_load_n(&s->vm->obs->blk->total.trace_entries, __ATOMIC_RELAXED) <= s->entries) sched_yield();
    pthread_kill(s->to, SIGUSR1);
    return NULL;
}

static void stop_hook(lua_State *L, lua_Debug *ar)
{
    (void)ar;
    lua_sethook(L, NULL, 0, 0);
    luaL_error(L, "interrupted!");
}

static void stop(lua_State *L) { lua_sethook(L, stop_hook, LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT, 1); }

static int with_signal(lua_State *L, const char *code, void (*action)(lua_State *))
{
    struct sender s = {pthread_self(), jitstat_vm_of_lua(L), entries(L)};
    pthread_t thread;
    signalled = L;
    on_signal = action;
    signal(SIGUSR1, handler);
    cr_assert_eq(luaL_loadstring(L, code), LUA_OK, "%s", lua_tostring(L, -1));
    cr_assert_eq(pthread_create(&thread, NULL, sender_run, &s), 0);
    int status = lua_pcall(L, 0, LUA_MULTRET, 0);
    pthread_join(thread, NULL);
    signal(SIGUSR1, SIG_DFL);
    gc_heap_check(L);
    return status;
}

static const char *const endless[] = {
    "local n = 0 while true do n = n + 1 end",
    "local n = 0 repeat n = n + 1 until n < 0",
    "for i = 1, math.huge do local x = i * 2 end",
    "while true do for i = 1, 10 do local t = {i} end end",
    "local function f(n) return n + 1 end local n = 0 while true do n = f(f(n)) end",
    "local function f(n) return f(n + 1) end f(1)",
    "local a, b local function g(n) return a(n ~ 1) end a = function(n) return g(n) end g(1)",
    "local t = setmetatable({}, {__index = function(t, k) return k end}) local n = 0 while true do n = t[n] + 1 end",
    "local t = {1, 2, 3} while true do for i, v in ipairs(t) do t[i] = v end end",
    "local t = {a = 1, b = 2} while true do for k, v in pairs(t) do t[k] = v end end",
    "local n = 0 while true do local ok, v = pcall(math.max, n, 1) n = n + v % 2 end",
    "local n = 0 while true do n = n + #tostring(n) % 3 end",
    "local n = 0 goto a ::b:: n = n + 1 goto a ::a:: goto b",
    "local function f(...) return select('#', ...) end local n = 0 while true do n = n + f(n, n) end",
    "local t = {} while true do local s = 'k' .. #t % 10 t[s] = s end",
    "local function fib(n) return n < 2 and n or fib(n - 1) + fib(n - 2) end fib(90)",
    "local co = coroutine.wrap(function() while true do for i = 1, 20 do end coroutine.yield() end end) while true do co() end",
};

Test(signals, end_a_compiled_loop)
{
    for (unsigned i = 0; i < sizeof endless / sizeof *endless; i++) {
        lua_State *L = new_state();
        cr_assert_eq(with_signal(L, endless[i], stop), LUA_ERRRUN, "%s", endless[i]);
        /* a pcall in the loop may have caught it, and the loop failed in its next operation */
        cr_assert(strstr(lua_tostring(L, -1), "interrupted!") || strstr(endless[i], "pcall"), "%s: %s", endless[i], lua_tostring(L, -1));
        lua_settop(L, 0);
        run(L, "local s = 0 for i = 1, 1000 do s = s + i end assert(s == 500500)"); /* and compiled code goes on */
        lua_close(L);
    }
}

/* The hook lets the loop end, and looks at its variables: the registers hold what the loop has computed. */
static lua_Integer seen_n, seen_m;
static void variables_hook(lua_State *L, lua_Debug *ar)
{
    lua_getinfo(L, "Sl", ar);
    const char *name;
    for (int i = 1; (name = lua_getlocal(L, ar, i)); i++) {
        if (!strcmp(name, "n")) seen_n = lua_tointeger(L, -1);
        if (!strcmp(name, "m")) seen_m = lua_tointeger(L, -1);
        lua_pop(L, 1);
        if (!strcmp(name, "done")) {
            lua_pushboolean(L, 1);
            lua_setlocal(L, ar, i);
        }
    }
    lua_sethook(L, NULL, 0, 0);
}
static void look(lua_State *L) { lua_sethook(L, variables_hook, LUA_MASKLINE, 0); }

Test(signals, see_and_change_the_variables_of_a_compiled_loop)
{
    lua_State *L = new_state();
    cr_assert_eq(with_signal(L, "local n, m, done = 0, 0, false\nwhile not done do\nn = n + 1\nm = m + 2\nend return n, m", look), LUA_OK);
    lua_Integer n = lua_tointeger(L, -2), m = lua_tointeger(L, -1);
    cr_assert_gt(n, 2);
    cr_assert_eq(m, 2 * n);
    cr_assert(seen_n - 1 <= n && n <= seen_n + 1, "the hook saw %lld, the loop ended with %lld", seen_n, (long long)n);
    cr_assert(seen_m == 2 * seen_n || seen_m == 2 * (seen_n - 1), "%lld and %lld", seen_n, seen_m);
    lua_close(L);
}

static void flush_hook(lua_State *L, lua_Debug *ar)
{
    (void)ar;
    lua_sethook(L, NULL, 0, 0);
    jitstat_releaseall(jitstat_vm_of_lua(L));
    lua_pushboolean(L, 1);
    lua_setglobal(L, "stop");
}
static void flush(lua_State *L) { lua_sethook(L, flush_hook, LUA_MASKCOUNT, 1); }

Test(signals, a_hook_that_flushes)
{
    lua_State *L = new_state();
    cr_assert_eq(with_signal(L, "local n, m = 0, 0 while not stop do n = n + 1 m = m + 2 end return n, m", flush), LUA_OK);
    cr_assert_eq(lua_tointeger(L, -1), 2 * lua_tointeger(L, -2));
    run(L, "local s = 0 for i = 1, 100 do s = s + i end assert(s == 5050)");
    lua_close(L);
}

static void yield_hook(lua_State *L, lua_Debug *ar)
{
    (void)ar;
    lua_sethook(L, NULL, 0, 0);
    lua_yield(L, 0);
}
static void yield(lua_State *L) { lua_sethook(L, yield_hook, LUA_MASKCOUNT, 1); }

/* A thread that a hook suspends in the middle of a compiled loop goes on there when it is resumed. */
Test(signals, a_hook_that_yields)
{
    lua_State *L = new_state(), *co = lua_newthread(L);
    int n;
    cr_assert_eq(luaL_loadstring(co, "local n, m = 0, 0 while not stop do n = n + 1 m = m + 2 end return n, m"), LUA_OK);
    signal(SIGUSR1, handler);
    signalled = co;
    on_signal = yield;
    for (int round = 0; round < 5; round++) {
        struct sender s = {pthread_self(), jitstat_vm_of_lua(L), entries(L)};
        pthread_t thread;
        cr_assert_eq(pthread_create(&thread, NULL, sender_run, &s), 0);
        cr_assert_eq(lua_resume(co, L, 0, &n), LUA_YIELD, "%s", lua_tostring(co, -1));
        pthread_join(thread, NULL);
        gc_heap_check(L);
    }
    lua_pushboolean(L, 1);
    lua_setglobal(L, "stop");
    cr_assert_eq(lua_resume(co, L, 0, &n), LUA_OK);
    cr_assert_eq(n, 2);
    cr_assert_gt(lua_tointeger(co, -2), 5);
    cr_assert_eq(lua_tointeger(co, -1), 2 * lua_tointeger(co, -2));
    signal(SIGUSR1, SIG_DFL);
    lua_close(L);
}

/* ---- C functions that are called from machine code ---- */

static int c_flush(lua_State *L)
{
    jitstat_releaseall(jitstat_vm_of_lua(L));
    return lua_gettop(L);
}
static int c_collect(lua_State *L)
{
    lua_gc(L, LUA_GCCOLLECT);
    return lua_gettop(L);
}
static int c_fail(lua_State *L) { return luaL_error(L, "failed at %d", (int)luaL_checkinteger(L, 1)); }
static int c_call(lua_State *L) /* f(...) */
{
    lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
    return lua_gettop(L);
}
static int pcall_done(lua_State *L, int status, lua_KContext ctx)
{
    (void)ctx;
    lua_pushboolean(L, status == LUA_OK || status == LUA_YIELD);
    lua_replace(L, 1);
    return lua_gettop(L);
}
static int c_pcallk(lua_State *L) /* as pcall, but unknown */
{
    lua_pushnil(L);
    lua_insert(L, 1);
    return pcall_done(L, lua_pcallk(L, lua_gettop(L) - 2, LUA_MULTRET, 0, 0, pcall_done), 0);
}
static int c_yield(lua_State *L) { return lua_yield(L, lua_gettop(L)); }
static int c_grow(lua_State *L) /* the stack moves */
{
    int n = (int)luaL_checkinteger(L, 1), top = lua_gettop(L);
    luaL_checkstack(L, n, NULL);
    for (int i = 0; i < n; i++) lua_pushinteger(L, i);
    lua_settop(L, top);
    return top;
}
static int c_params(lua_State *L)
{
    const char *err;
    cr_assert_eq(jitstat_set_param(jitstat_vm_of_lua(L), luaL_checkstring(L, 1), &err), 0);
    return 0;
}
static int c_hook(lua_State *L)
{
    if (lua_toboolean(L, 1)) lua_sethook(L, variables_hook, LUA_MASKLINE, 0);
    else lua_sethook(L, NULL, 0, 0);
    return 0;
}

static lua_State *state_with_functions(void)
{
    static const luaL_Reg functions[] = {{"flush", c_flush}, {"collect", c_collect}, {"fail", c_fail}, {"call", c_call}, {"upcall", c_pcallk}, {"yield", c_yield}, {"grow", c_grow}, {"params", c_params}, {"hook", c_hook}, {NULL, NULL}};
    lua_State *L = new_state();
    lua_pushglobaltable(L);
    luaL_setfuncs(L, functions, 0);
    lua_settop(L, 0);
    return L;
}

/* What an unknown C function does while the trace that calls it waits for it. act(i) is in a loop that is compiled, in
 * an inlined call, and in a recursion; what they compute is known. */
static const char inside[] =
    "local act = ...\n"
    "local s = 0\n"
    "for i = 1, 300 do local a, b, c = i, i * 0.5, {i} act(i) s = s + a + b + c[1] end\n"
    "assert(s == 45150 * 2.5, s)\n"
    "local function inner(i, t) local u = i * 2 act(i) t[i % 10 + 1] = u return u + 1 end\n"
    "local function outer(i, t) local w = {i} local r = inner(i, t) return r + w[1] end\n"
    "s = 0 for i = 1, 300 do s = s + outer(i, {}) end\n"
    "assert(s == 45150 * 3 + 300, s)\n"
    "local function down(n) if n == 0 then return 0 end act(n) return 1 + down(n - 1) end\n"
    "s = 0 for i = 1, 40 do s = s + down(i % 30) end\n"
    "assert(s == 435 + 55, s)\n"
    "local acc = setmetatable({}, {__index = function(t, k) act(k) return k end, __add = function(a, b) act(b) return b end})\n"
    "s = 0 for i = 1, 300 do s = s + acc[i] + (acc + i) end\n"
    "assert(s == 45150 * 2, s)\n"
    "local function va(...) act((...)) return ... end\n"
    "s = 0 for i = 1, 300 do local a, b = va(i, i + 1, i + 2) s = s + a * b end\n"
    "assert(s == 9090200 - 0, s)\n"
    "local fs = {} for i = 1, 100 do local k = i fs[i] = function() act(k) k = k + 1 return k end end\n"
    "s = 0 for i = 1, 100 do s = s + fs[i]() + fs[i]() end\n"
    "assert(s == 5050 * 2 + 300, s)\n"
    "s = 0 for i = 1, 300 do local ok, v = pcall(function(x) act(x) return x + 1 end, i) s = s + v end\n"
    "assert(s == 45450, s)\n"
    "local co = coroutine.wrap(function(i) while true do act(i) i = coroutine.yield(i * 2) end end)\n"
    "s = 0 for i = 1, 300 do s = s + co(i) end\n"
    "assert(s == 90300, s)\n"
    "local t = {} for i = 1, 50 do t[i] = (i * 37) % 51 end table.sort(t, function(a, b) act(a) return a < b end)\n"
    "for i = 1, 50 do assert(t[i] == i) end\n"
    "s = ('abc '):rep(20):gsub('%a+', function(w) act(#w) return w .. w end)\n"
    "assert(s == ('abcabc '):rep(20))\n";

static void acts(const char *act)
{
    lua_State *L = state_with_functions();
    uint64_t before = entries(L);
    int status = luaL_loadstring(L, inside);
    cr_assert_eq(status, LUA_OK, "%s", lua_tostring(L, -1));
    cr_assert_eq(luaL_loadstring(L, act), LUA_OK, "%s", lua_tostring(L, -1));
    lua_call(L, 0, 1);
    status = lua_pcall(L, 1, 0, 0);
    cr_assert_eq(status, LUA_OK, "%s: %s", act, lua_tostring(L, -1));
    cr_assert_gt(entries(L), before, "%s: no machine code was entered", act);
    gc_heap_check(L);
    lua_close(L);
}

Test(calls, flush) { acts("return flush"); }
Test(calls, flush_sometimes) { acts("return function(i) if i % 7 == 3 then flush() end end"); }
Test(calls, collect) { acts("return collect"); }
Test(calls, grow) { acts("return function(i) grow(i * 20) end"); }
Test(calls, grow_directly) { acts("return grow"); }
Test(calls, errors) { acts("return function(i) local ok, m = pcall(fail, i) assert(not ok and m == 'failed at ' .. i, m) end"); }
Test(calls, errors_through_c) { acts("return function(i) local ok, m = upcall(call, call, fail, i) assert(ok == false and m == 'failed at ' .. i, m) end"); }
Test(calls, c_and_lua) { acts("local function f(i) local s = 0 for k = 1, i % 20 do s = s + call(math.max, k, 1) end return s end return function(i) call(f, i) end"); }
Test(calls, parameters) { acts("return function(i) if i % 50 == 9 then params('off') elseif i % 50 == 20 then params('jit=1,threshold=2') end end"); }
Test(calls, hooks) { acts("return function(i) if i % 9 == 3 then hook(true) elseif i % 9 == 5 then hook(false) end end"); }
Test(calls, metatables_of_basic_types) { acts("return function(i) if i % 20 == 7 then debug.setmetatable(1, i % 40 == 7 and {__index = {z = 3}} or nil) end end"); }
Test(calls, finalizers) { acts("return function(i) setmetatable({}, {__gc = function() local s = 0 for k = 1, 10 do s = s + k end if i % 3 == 0 then flush() end end}) if i % 5 == 0 then collect() end end"); }
Test(calls, finalizers_that_fail) { acts("warn('@off') return function(i) setmetatable({}, {__gc = function() local x = nil + 1 end}) if i % 5 == 0 then collectgarbage('step') end end"); }
Test(calls, coroutines) { acts("return function(i) local co = coroutine.wrap(function(a) for k = 1, 5 do yield(k) end return a end) for k = 1, 5 do co(i) end assert(co() == i) end"); }
Test(calls, dead_coroutines) { acts("return function(i) local co = coroutine.create(function() local c <close> = setmetatable({}, {__close = function() end}) for k = 1, 9 do yield(k) end end) coroutine.resume(co) coroutine.resume(co) assert(coroutine.close(co)) end"); }
Test(calls, loads) { acts("return function(i) assert(load('local s = 0 for i = 1, 9 do s = s + i end return s ' .. (' '):rep(i % 5)))() end"); }
Test(calls, debug_library) { acts("return function(i) local name, v = debug.getlocal(2, 1) debug.traceback() if i % 4 == 0 then debug.setlocal(1, 1, i) end debug.getinfo(2, 'nSltuf') end"); }

/* ---- coroutines that run in their resumer's activation ---- */

static int c_stack(lua_State *L) /* how deep the C stack is, and whether the thread was resumed without C */
{
    lua_pushinteger(L, (lua_Integer)(intptr_t)__builtin_frame_address(0));
    lua_pushboolean(L, L->resumer != NULL);
    return 2;
}

/* However deep coroutines are nested that Lua code resumes, C functions see about the same C stack (machine code between, an
 * error that has passed): a resume by C takes some hundred bytes of it. */
Test(coroutines, no_c_stack_between_them)
{
    lua_State *L = state_with_functions();
    lua_register(L, "stack", c_stack);
    run(L, "for i = 1, 50 do math.abs(i) end\n"
           "local main, direct = stack() assert(not direct)\n"
           "local function near() local at, direct = stack() return direct and math.abs(at - main) < 8192 end\n"
           "local function down(n, fails) return coroutine.wrap(function()\n"
           "  assert(near())\n"
           "  if n == fails then local ok, m = pcall(function() down(n - 1)() end) assert(not ok and m:find('failed at')) elseif n > 0 then down(n - 1, fails)() elseif not fails then fail(n) end\n"
           "  assert(near()) yield(n) assert(near()) end) end\n"
           "for r = 1, 20 do local w = down(100, 50) w() w() assert(coroutine.wrap(near)()) end\n"
           "local co = coroutine.wrap(function() while true do yield(near()) end end)\n"
           "for i = 1, 100 do assert(co()) end\n"
           "assert(not call(co)) assert(co())");
    lua_close(L);
}

/* ---- errors that end activations of machine code, and yields over them ---- */

Test(unwinding, errors_from_any_depth)
{
    lua_State *L = state_with_functions();
    run(L, "local function deep(n, at) local t = {n} if n == at then return fail(n) end local r = call(deep, n + 1, at) return r end\n"
           "for at = 1, 40 do for r = 1, 5 do local ok, m = pcall(deep, 1, at) assert(not ok and m:find('failed at ' .. at .. '$'), m) end end\n"
           "local function loop(n, at) local s = 0 for i = 1, n do s = s + i if i == at then fail(i) end end return s end\n"
           "for at = 1, 100 do local ok, m = pcall(loop, 60, at) if at <= 60 then assert(m:find('failed at ' .. at .. '$')) else assert(m == 1830) end end\n"
           "local function nest(n) local s = 0 for i = 1, 20 do if n > 0 then local ok, v = pcall(nest, n - 1) s = s + (ok and v or 1) else s = s + i if i == 15 then error('x', 0) end end end return s end\n"
           "assert(nest(3) == 8000)");
    lua_close(L);
}

Test(unwinding, stack_overflow)
{
    lua_State *L = state_with_functions();
    run(L, "local function f(n) return 1 + f(n + 1) end\n"
           "for i = 1, 3 do local ok, m = pcall(f, 1) assert(not ok and m:find('stack overflow'), m) end\n"
           "local depth = 0 local function g(...) depth = depth + 1 local a, b = g(...) return a, b end\n"
           "for i = 1, 2 do local ok, m = pcall(g, 1, 2, 3) assert(not ok and m:find('stack overflow'), m) end\n"
           "local t = setmetatable({}, {__index = function(t, k) return t[k + 1] end})\n"
           "for i = 1, 2 do local ok, m = pcall(function() return t[1] end) assert(not ok and m:find('stack overflow'), m) end\n"
           "local s = 0 for i = 1, 100 do s = s + i end assert(s == 5050)\n"
           "local co = coroutine.wrap(function() for i = 1, 3 do local ok, m = pcall(f, 1) assert(not ok and m:find('stack overflow'), m) coroutine.yield(i) end return 'end' end)\n"
           "for i = 1, 3 do assert(co() == i) end assert(co() == 'end')");
    lua_close(L);
}

Test(unwinding, c_stack_overflow)
{
    lua_State *L = state_with_functions();
    run(L, "local function f(n) for i = 1, 3 do n = n + 1 end return call(f, n) end\n"
           "for i = 1, 3 do local ok, m = pcall(f, 1) assert(not ok and m:find('C stack overflow'), m) end\n"
           "local function g(s) return (s:gsub('.', g)) end\n"
           "for i = 1, 3 do local ok, m = pcall(g, 'a') assert(not ok and m:find('C stack overflow'), m) end\n"
           "local function co() for i = 1, 3 do end return coroutine.wrap(co)() end\n"
           "for i = 1, 3 do local ok, m = pcall(co) assert(not ok and m:find('C stack overflow'), m) end\n"
           "local s = 0 for i = 1, 100 do s = s + call(math.abs, -i) end assert(s == 5050)");
    lua_close(L);
}

Test(unwinding, yields_across_continuations)
{
    lua_State *L = state_with_functions();
    run(L, "local function body(n) local s = 0 for i = 1, n do local ok, v = upcall(function(i) local x = {i} for k = 1, 50 do x[1] = x[1] + 0 end local y = yield(i) if i % 7 == 0 then fail(i) end return x[1] + y end, i) s = s + (ok and v or 1) end return s end\n"
           "for r = 1, 6 do local co = coroutine.create(body) local ok, v = coroutine.resume(co, 100) local turns = 0\n"
           "  while coroutine.status(co) ~= 'dead' do turns = turns + 1 assert(ok and v == turns, v) ok, v = coroutine.resume(co, 1) end\n"
           "  assert(ok and turns == 100 and v == 5050 + 100 - 735 - 14 + 14, v) end");
    lua_close(L);
}
