/* The collector and the memory beneath it: what lives, what dies, when finalizers run, what is counted. */
#include <criterion/criterion.h>
#include <lua5.4/lauxlib.h>
#include <lua5.4/lualib.h>
#include "lua/guest.h"
#include "lua/collect.h"
#include "lua/pool.h"

static struct lua_State *L;

static void setup(void)
{
    L = luaL_newstate();
    luaL_openlibs(L);
    luaL_checkstack(L, 50, NULL);
}

static void teardown(void)
{
    gc_heap_check(L);
    lua_close(L);
}

TestSuite(gc, .init = setup, .fini = teardown);

static void run(const char *code)
{
    if (luaL_dostring(L, code) != LUA_OK)
        cr_assert(false, "%s", lua_tostring(L, -1));
    lua_settop(L, 0);
}

static int64_t global_int(const char *name)
{
    lua_getglobal(L, name);
    int64_t i = lua_tointeger(L, -1);
    lua_pop(L, 1);
    return i;
}

/* ---- the colour invariant, at every stage of many cycles ---- */
static int checks;
static uint32_t states_seen;

static void check_hook(lua_State *l, lua_Debug *ar)
{
    (void)ar;
    states_seen |= 1u << l->g->gc_state;
    gc_heap_check(l);
    checks++;
}

Test(gc, colours_hold_in_every_phase)
{
    lua_gc(L, LUA_GCINC, 100, 2, 6);
    lua_sethook(L, check_hook, LUA_MASKCOUNT, 151);
    run("local keep, weak = {}, setmetatable({}, {__mode = 'k'})\n"
        "for i = 1, 3000 do\n"
        "  local o = setmetatable({x = i, y = {i}}, {__index = keep, __gc = i % 50 == 0 and function() end or nil})\n"
        "  keep[i % 100] = o; keep['n' .. i % 70] = {o}; weak[o] = {o}\n"
        "  keep.f = function() keep.z = o; return i end\n"
        "  keep.co = coroutine.wrap(function(a) while true do a = coroutine.yield({a, o}) end end)\n"
        "  keep.co(i)\n"
        "  if i % 10 == 0 then keep[i % 100] = nil end\n"
        "end");
    lua_sethook(L, NULL, 0, 0);
    cr_assert(checks > 100, "%d checks", checks);
    cr_assert(states_seen & 1u << GCS_PROPAGATE, "looked while marking");
    cr_assert(states_seen & 1u << GCS_SWEEP, "looked while sweeping");
}

Test(gc, barriers_keep_what_is_stored_into_black_objects)
{
    lua_gc(L, LUA_GCSTOP);
    run("T = {}; T1 = {}; T2 = {}; T3 = {}; T4 = {y = 1}; T5 = {1.5}; T5[2.5] = 1; T6 = {}; F = (function() local u; return function(v) if v then u = v end; return u end end)()");
    gc_full(L, false);
    L->g->gc_stop = 0;
    while (L->g->gc_state != GCS_ENTER_ATOMIC) { /* everything reachable is black now */
        L->g->gc_debt = 1;
        L->g->gc_stepsize = 0;
        gc_step(L);
    }
    L->g->gc_stop = GCSTOP_USER;
    lua_getglobal(L, "T");
    cr_assert(gc_is_black(L->top[-1].t));
    lua_pop(L, 1);
    run("T.x = {1}; T1[1] = {2}; T2[{}] = 3; T3[2.5] = {6}; T4.y = {7}; T5[2.5] = {8}; T6.fresh_shape = 1; setmetatable(T5, {z = 9}); F({4}); string.newfield = {5}");
    gc_heap_check(L);
    run("collectgarbage() assert(T.x[1] == 1 and T1[1][1] == 2 and next(T2) and T3[2.5][1] == 6 and T4.y[1] == 7 and T5[2.5][1] == 8\n"
        "and getmetatable(T5).z == 9 and F()[1] == 4 and string.newfield[1] == 5)");
}

/* ---- weak tables ---- */
Test(gc, weak_values_and_keys)
{
    run("local keep = {}\n"
        "v = setmetatable({[1] = {}, [2] = keep, x = {}, y = keep, s = 'str' .. 1}, {__mode = 'v'})\n"
        "k = setmetatable({[{}] = 1, [keep] = 2, [print] = 3}, {__mode = 'k'})\n"
        "kv = setmetatable({[{}] = keep, [keep] = {}, [1] = keep}, {__mode = 'kv'})\n"
        "collectgarbage()\n"
        "assert(v[1] == nil and v[2] == keep and v.x == nil and v.y == keep and v.s == 'str1')\n"
        "local n = 0 for _ in pairs(k) do n = n + 1 end assert(n == 2 and k[keep] == 2)\n"
        "n = 0 for _ in pairs(kv) do n = n + 1 end assert(n == 1 and kv[1] == keep)");
}

Test(gc, ephemerons_converge)
{
    run("local e = setmetatable({}, {__mode = 'k'})\n"
        "local first = {}; local k = first\n"
        "for i = 1, 200 do local nk = {}; e[k] = nk; k = nk end\n"
        "local dead = {}; e[dead] = dead; dead = nil\n" /* refers to itself only */
        "collectgarbage()\n"
        "local n = 0; for _ in pairs(e) do n = n + 1 end\n"
        "assert(n == 200)\n"
        "first = nil k = nil collectgarbage() assert(next(e) == nil)");
}

/* ---- finalizers ---- */
Test(gc, finalizers_run_in_reverse_order_of_marking)
{
    run("collectgarbage('stop') order = ''; for i = 1, 5 do setmetatable({}, {__gc = function() order = order .. i end}) end\n"
        "collectgarbage() assert(order == '54321', order)");
}

Test(gc, finalizers_resurrect_and_run_once)
{
    run("n = 0; local mt = {__gc = function(o) n = n + 1; saved = o end}\n"
        "setmetatable({name = 'x', sub = {7}}, mt); collectgarbage()\n"
        "assert(n == 1 and saved.name == 'x' and saved.sub[1] == 7)\n"
        "saved = nil; collectgarbage(); assert(n == 1)\n"
        "setmetatable({}, mt); collectgarbage(); setmetatable(saved, mt); saved = nil; collectgarbage(); assert(n == 3)");
}

Test(gc, weak_entries_of_finalized_objects)
{
    /* values go before the finalizer runs, keys after it */
    run("wv = setmetatable({}, {__mode = 'v'}); wk = setmetatable({}, {__mode = 'k'})\n"
        "local o = setmetatable({}, {__gc = function(o) sawv = wv[1]; sawk = wk[o] end})\n"
        "wv[1] = o; wk[o] = 'data'; o = nil; collectgarbage()\n"
        "assert(sawv == nil and sawk == 'data'); collectgarbage(); assert(next(wk) == nil)");
}

Test(gc, an_error_in_a_finalizer_is_a_warning)
{
    run("warn('@on'); setmetatable({}, {__gc = function() error('boom') end}); collectgarbage(); after = 1");
    cr_assert_eq(global_int("after"), 1);
}

static int *closed_counter;
static int count_close(lua_State *l)
{
    (void)l;
    ++*closed_counter;
    return 0;
}

Test(gc, closing_runs_all_finalizers)
{
    int n = 0;
    closed_counter = &n;
    lua_State *l = luaL_newstate();
    for (int i = 0; i < 10; i++) {
        lua_newuserdatauv(l, 8, 0);
        lua_newtable(l);
        lua_pushcfunction(l, count_close);
        lua_setfield(l, -2, "__gc");
        lua_setmetatable(l, -2);
        if (i % 2)
            luaL_ref(l, LUA_REGISTRYINDEX);
    }
    lua_close(l);
    cr_assert_eq(n, 10);
}

/* ---- lua_gc ---- */
Test(gc, options_answer_as_the_manual_says)
{
    cr_assert_eq(lua_gc(L, LUA_GCGEN, 0, 0), LUA_GCINC);
    cr_assert_eq(lua_gc(L, LUA_GCINC, 0, 0, 0), LUA_GCGEN);
    cr_assert_eq(lua_gc(L, LUA_GCSETPAUSE, 150), 200);
    cr_assert_eq(lua_gc(L, LUA_GCSETPAUSE, 200), 148); /* kept as quarters */
    cr_assert_eq(lua_gc(L, LUA_GCSETSTEPMUL, 300), 100);
    cr_assert_eq(lua_gc(L, LUA_GCSETSTEPMUL, 100), 300);
    cr_assert_eq(lua_gc(L, LUA_GCISRUNNING), 1);
    lua_gc(L, LUA_GCSTOP);
    cr_assert_eq(lua_gc(L, LUA_GCISRUNNING), 0);
    int64_t before = L->g->total_bytes;
    run("for i = 1, 10000 do t = {i} end"); /* global: a local one would not be made */
    cr_assert(L->g->total_bytes > before + 500000);
    lua_gc(L, LUA_GCRESTART);
    cr_assert_eq(lua_gc(L, LUA_GCISRUNNING), 1);
    lua_gc(L, LUA_GCCOLLECT);
    int64_t bytes = (int64_t)lua_gc(L, LUA_GCCOUNT) * 1024 + lua_gc(L, LUA_GCCOUNTB);
    cr_assert_eq(bytes, L->g->total_bytes);
    cr_assert(bytes < before + 20000);
    cr_assert_eq(lua_gc(L, 12345), -1);
}

Test(gc, steps_finish_cycles)
{
    run("keep = {}; for i = 1, 20000 do keep[i] = {i} end");
    lua_gc(L, LUA_GCSTOP);
    lua_gc(L, LUA_GCCOLLECT);
    cr_assert_eq(lua_gc(L, LUA_GCSTEP, 20000), 1, "a very large step is a cycle");
    int small = 0, large = 0;
    for (lua_gc(L, LUA_GCCOLLECT); !lua_gc(L, LUA_GCSTEP, 5); small++)
        cr_assert(small < 10000);
    for (lua_gc(L, LUA_GCCOLLECT); !lua_gc(L, LUA_GCSTEP, 50); large++)
        cr_assert(large < 10000);
    cr_assert(large < small, "%d large, %d small steps", large, small);
    cr_assert_eq(lua_gc(L, LUA_GCISRUNNING), 0);
}

static int gc_from_finalizer(lua_State *l)
{
    lua_pushinteger(l, lua_gc(l, LUA_GCCOUNT));
    lua_setglobal(l, "answer");
    return 0;
}

Test(gc, finalizers_cannot_control_the_collector)
{
    lua_newtable(L);
    lua_newtable(L);
    lua_pushcfunction(L, gc_from_finalizer);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2);
    lua_pop(L, 1);
    lua_gc(L, LUA_GCCOLLECT);
    cr_assert_eq(global_int("answer"), -1);
}

/* ---- inline caches and classes under the collector ---- */
Test(gc, inline_caches_do_not_dangle)
{
    run("function get(o) return o.field end function set(o, v) o.field = v end\n"
        "for round = 1, 30 do\n"
        "  local class = {['c' .. round] = 1, field = round}; class.__index = class\n"
        "  for i = 1, 20 do local o = setmetatable({}, class); assert(get(o) == round); o = {['k' .. round] = 1}; set(o, i); assert(get(o) == i) end\n"
        "  class = nil collectgarbage()\n"
        "end");
    gc_heap_check(L);
}

/* ---- threads, upvalues ---- */
Test(gc, upvalues_of_a_dead_thread_live_on)
{
    run("local get; do local co = coroutine.create(function() local x = {41}; get = function() x[1] = x[1] + 1; return x[1] end; coroutine.yield() end)\n"
        "coroutine.resume(co) end\n"
        "for i = 1, 3 do collectgarbage(); local junk = {} for j = 1, 100 do junk[j] = {j} end end\n"
        "assert(get() == 42 and get() == 43)");
    lua_gc(L, LUA_GCCOLLECT);
    cr_assert_null(L->g->twups);
}

Test(gc, stacks_shrink_again)
{
    run("local function deep(n) if n > 0 then return 1 + deep(n - 1) end return 0 end deep(20000)");
    cr_assert(L->stacksize > 20000 || L->nci > 1000);
    for (int i = 0; i < 20; i++)
        lua_gc(L, LUA_GCCOLLECT);
    cr_assert(L->stacksize < 1000, "%d slots", L->stacksize);
    cr_assert(L->nci < 10, "%d frames", L->nci);
}

Test(gc, extra_space_is_the_main_threads)
{
    *(void **)lua_getextraspace(L) = &L;
    lua_State *th = lua_newthread(L);
    cr_assert_eq(*(void **)lua_getextraspace(th), &L);
    lua_pop(L, 1);
}

/* ---- other allocators: every block is one call with its size ---- */
struct book {
    size_t bytes;
    long blocks, limit;
    int kinds[16];
};

static void *bookkeeping(void *ud, void *p, size_t osize, size_t nsize)
{
    struct book *b = ud;
    size_t *head = p ? (size_t *)p - 2 : NULL;
    if (p != NULL)
        cr_assert_eq(*head, osize);
    else if (osize < 16)
        b->kinds[osize]++;
    if (nsize == 0) {
        if (p != NULL) {
            b->bytes -= osize;
            b->blocks--;
            free(head);
        }
        return NULL;
    }
    size_t old = p ? osize : 0;
    if (b->limit && nsize > old && b->bytes + nsize - old > (size_t)b->limit)
        return NULL;
    head = realloc(head, nsize + 16);
    *head = nsize;
    b->bytes += nsize - old;
    b->blocks += p == NULL;
    return head + 2;
}

Test(gc, foreign_allocators_see_every_block)
{
    struct book b = {0};
    lua_State *l = lua_newstate(bookkeeping, &b);
    cr_assert(!l->g->own_alloc);
    luaL_openlibs(l);
    cr_assert_eq(luaL_dostring(l, "t = {} for i = 1, 500 do t[i] = {x = i, 'a' .. i, function() return i end} end\n"
                                  "co = coroutine.wrap(function() coroutine.yield() end) co() io.stdout:seek() collectgarbage()"),
                 LUA_OK);
    cr_assert_eq((size_t)l->g->total_bytes, b.bytes);
    cr_assert(b.kinds[LUA_TSTRING] > 500 && b.kinds[LUA_TTABLE] > 500 && b.kinds[LUA_TFUNCTION] > 500);
    cr_assert(b.kinds[LUA_TTHREAD] >= 2 && b.kinds[LUA_TUSERDATA] > 0);
    gc_heap_check(l);
    lua_close(l);
    cr_assert(b.bytes == 0 && b.blocks == 0, "%zu bytes in %ld blocks left", b.bytes, b.blocks);
}

Test(gc, a_limit_is_met_by_emergency_collections)
{
    struct book b = {0};
    lua_State *l = lua_newstate(bookkeeping, &b);
    luaL_openlibs(l);
    lua_gc(l, LUA_GCSTOP); /* only emergencies collect */
    b.limit = (long)b.bytes + 200000;
    cr_assert_eq(luaL_dostring(l, "for i = 1, 20000 do t = {i, i .. 'x'} end"), LUA_OK);
    cr_assert_eq(luaL_loadstring(l, "local t = {} for i = 1, 1e7 do t[i] = {} end"), LUA_OK);
    cr_assert_eq(lua_pcall(l, 0, 0, 0), LUA_ERRMEM);
    cr_assert_str_eq(lua_tostring(l, -1), "not enough memory");
    lua_settop(l, 0);
    gc_heap_check(l);
    cr_assert_eq(luaL_dostring(l, "x = 'works ' .. 'again'"), LUA_OK);
    lua_close(l);
    cr_assert_eq(b.blocks, 0);
}

Test(gc, every_failing_allocation_of_a_new_state_is_survived)
{
    struct book b = {0};
    int failures = 0;
    for (long limit = 100;; limit += 100) {
        b.limit = limit;
        lua_State *l = lua_newstate(bookkeeping, &b);
        if (l != NULL) {
            lua_close(l);
            break;
        }
        failures++;
        cr_assert(b.bytes == 0 && b.blocks == 0);
    }
    cr_assert(failures > 20);
    cr_assert_eq(b.blocks, 0);
}

/* A finalizer registered for the very object behind which sweeping waits: the cursor moves with it. */
Test(gc, objects_leave_the_list_that_is_being_swept)
{
    struct global *g = L->g;
    run("for i = 1, 2000 do T = {T, i} end finals = {} for i = 1, 50 do finals[i] = setmetatable({}, {__gc = function() end}) end");
    lua_newtable(L);
    lua_pushcfunction(L, count_close);
    lua_setfield(L, -2, "__gc");
    gc_full(L, false);
    int moved = 0;
    lua_gc(L, LUA_GCINC, 0, 1, 0);
    g->gc_stepsize = 0;
    for (int i = 0; i < 100000 && moved < 3; i++) {
        g->gc_debt = 1;
        gc_step(L);
        struct gcobj *o = g->all;
        if (g->gc_state != GCS_SWEEP || g->sweep == NULL || g->sweep == &g->all)
            continue;
        while (o != NULL && &o->next != g->sweep)
            o = o->next;
        if (o == NULL || o->kind != T_TABLE || ((struct table *)o)->meta != NULL || (((struct table *)o)->flags & TF_CLASS))
            continue;
        settable(L->top++, (struct table *)o);
        lua_pushvalue(L, -2);
        lua_setmetatable(L, -2);
        cr_assert(o->mark & GC_FIN);
        gc_heap_check(L);
        while (g->gc_state != GCS_PAUSE) {
            g->gc_debt = 1;
            gc_step(L);
        }
        gc_heap_check(L); /* all of them swept */
        L->top--;
        moved++;
    }
    static int n;
    closed_counter = &n;
    cr_assert_eq(moved, 3);
}

/* ---- pools ---- */
Test(gc, garbage_is_reused_and_empty_pages_go_back)
{
    struct pool *pl = L->g->mempool;
    run("local keep = {} for i = 1, 100 do keep[i] = {i} end for i = 1, 300000 do local t = {i, {}} end");
    cr_assert(pl->npages + pl->nempty < 60, "%u pages used, %u empty", pl->npages, pl->nempty);
    run("local t = {} for i = 1, 100000 do t[i] = {i} end t = nil");
    uint32_t peak = pl->npages;
    for (int i = 0; i < 3; i++)
        lua_gc(L, LUA_GCCOLLECT);
    cr_assert(pl->npages < peak / 4, "%u of %u pages still used", pl->npages, peak);
    cr_assert(pl->cold > 0, "the system got memory back");
    run("local t = {} for i = 1, 100000 do t[i] = {i} end for i = 1, 100000 do assert(t[i][1] == i) end");
}

Test(gc, pages_that_every_other_cycle_needs_are_not_given_back)
{
    struct pool *pl = L->g->mempool;
    run("for i = 1, 10 do local head for j = 1, 30000 do head = {next = head} end end");
    lua_gc(L, LUA_GCSTEP, 0);
    cr_assert(pl->cold * 4 < pl->npages + pl->nempty, "%u of %u pages given back", pl->cold, pl->npages + pl->nempty);
}

Test(gc, the_standard_allocator_is_recognised)
{
    void *ud;
    cr_assert(L->g->own_alloc);
    cr_assert_not_null(L->g->mempool);
    cr_assert(mem_is_standard_alloc(lua_getallocf(L, &ud)));
    cr_assert(!mem_is_standard_alloc(bookkeeping));
}

Test(gc, pooled_blocks_of_userdata_are_aligned)
{
    for (size_t n = 0; n < 600; n += 7) {
        cr_assert_eq((uintptr_t)lua_newuserdatauv(L, n, (int)(n % 3)) % 16, 0, "size %zu", n);
        lua_pop(L, 1);
    }
}

static void *passing(void *ud, void *p, size_t osize, size_t nsize)
{
    (void)osize;
    ++*(int *)ud;
    if (nsize == 0) {
        free(p);
        return NULL;
    }
    return realloc(p, nsize);
}

Test(gc, a_changed_allocator_gets_new_blocks_only)
{
    static int calls;
    void *ud;
    run("old = {} for i = 1, 300 do old[i] = {i, tostring(i)} end");
    lua_setallocf(L, passing, &calls);
    cr_assert(!L->g->own_alloc);
    cr_assert(lua_getallocf(L, &ud) == passing && ud == &calls);
    run("new = {} for i = 1, 300 do new[i] = {i}; old[i][3] = 'x' .. i end");
    cr_assert(calls > 600, "%d calls", calls);
    run("for i = 1, 300, 2 do old[i] = nil end collectgarbage() for i = 2, 300, 2 do assert(old[i][2] == tostring(i) and old[i][3] == 'x' .. i) end");
    calls = 0;
    run("old = nil collectgarbage()");
    cr_assert(calls > 100, "what it gave comes back to it: %d calls", calls);
}

/* Room for a few objects more: a collection makes room for the others, in compiled loops too. (A removed object has to be made
 * where no collection can run, so a user's allocator gets all of them.) */
Test(gc, a_limit_is_met_in_compiled_loops)
{
    struct book b = {0};
    lua_State *l = lua_newstate(bookkeeping, &b);
    luaL_openlibs(l);
    cr_assert_eq(luaL_dostring(l, "function sum(p, n) for i = 1, n do p = {x = p.x + i} end return p end\n"
                                  "first = {x = 0} collectgarbage('stop') for i = 1, 20 do assert(sum(first, 100).x == 5050) end"),
                 LUA_OK);
    lua_getglobal(l, "sum");
    lua_getglobal(l, "first");
    lua_pushinteger(l, 100);
    lua_gc(l, LUA_GCCOLLECT);
    b.limit = (long)(b.bytes + 4 * (sizeof(struct table) + sizeof(struct value)));
    cr_assert_eq(lua_pcall(l, 2, 1, 0), LUA_OK);
    lua_getfield(l, -1, "x");
    cr_assert_eq(lua_tointeger(l, -1), 5050);
    b.limit = 0;
    gc_heap_check(l);
    lua_close(l);
    cr_assert(b.bytes == 0 && b.blocks == 0, "%zu bytes in %ld blocks left", b.bytes, b.blocks);
}
