/* state.c: universes and threads: their making and closing, stacks and frame records.
 *
 * Invariants
 *  1. A thread's memory is [LUA_EXTRASPACE bytes | struct lua_State]; the extra space of a new thread
 *     is a copy of the main thread's.
 *  2. The main thread and struct global are one block (struct universe).
 *  3. A stack has stacksize + STACK_EXTRA slots, all initialised. Offsets, not addresses, survive
 *     anything that may grow it.
 *  4. g->nilvalue is an integer until the universe is complete.
 * Before this on the walk: nothing, lua_newstate is where a program starts. After: call.c, gc.c.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* secure_getenv */
#endif
#pragma GCC visibility push(default)
#include <lua5.4/lua.h>
#pragma GCC visibility pop
#include <stdlib.h>
#include <time.h>
#include "lua/collect.h"

#define ERROR_STACK (LUAI_MAXSTACK + 200) /* room for the message handler after an overflow */
#define MAX_C_CALLS 200 /* what lua_setcstacklimit reports, as the reference does */

struct universe {
    char extra[LUA_EXTRASPACE];
    struct lua_State L;
    struct global g;
};

/* ---- frame records ----------------------------------------------------------------------------- */
struct callinfo *ci_extend(struct lua_State *L)
{
    struct callinfo *ci = mem_alloc(L, sizeof *ci, 0);
    L->ci->next = ci;
    ci->prev = L->ci;
    ci->next = NULL;
    ci->status = 0;
    ci->trap = 0;
    L->nci++;
    return ci;
}

/* Frees every second of the idle records: a deep recursion that comes back finds some. */
static void free_half_of_ci(struct lua_State *L)
{
    struct callinfo *ci = L->ci->next;
    while (ci != NULL && ci->next != NULL) {
        struct callinfo *dead = ci->next;
        ci->next = dead->next;
        if (dead->next)
            dead->next->prev = ci;
        mem_free(L, dead, sizeof *dead);
        L->nci--;
        ci = ci->next;
    }
}

/* ---- the stack --------------------------------------------------------------------------------- */
static size_t stack_bytes(int slots) { return ((size_t)slots + STACK_EXTRA) * sizeof(struct value); }

static void move_pointers(struct lua_State *L, struct value *to, ptrdiff_t delta)
{
#define MOVED(p) ((struct value *)((char *)(p) + delta))
    L->stack = to;
    L->top = MOVED(L->top);
    for (struct upval *uv = L->openupval; uv != NULL; uv = uv->onext)
        uv->v = MOVED(uv->v);
    for (struct callinfo *ci = L->ci; ci != NULL; ci = ci->prev) {
        ci->func = MOVED(ci->func);
        ci->top = MOVED(ci->top);
    }
    if (L->jit_base != NULL)
        L->jit_base = MOVED(L->jit_base);
#undef MOVED
}

int stack_realloc(struct lua_State *L, int newsize, bool raise)
{
    struct value *old = L->stack;
    int oldsize = L->stacksize;
    struct value *s = mem_try_realloc(L, old, stack_bytes(oldsize), stack_bytes(newsize));
    if (s == NULL) {
        if (raise)
            call_throw(L, LUA_ERRMEM);
        return 0;
    }
    move_pointers(L, s, (char *)s - (char *)old);
    for (int i = oldsize + STACK_EXTRA; i < newsize + STACK_EXTRA; i++)
        setnil(&s[i]);
    L->stacksize = newsize;
    L->stack_last = s + newsize;
    return 1;
}

void stack_grow(struct lua_State *L, int n)
{
    int size = L->stacksize;
    if (size > LUAI_MAXSTACK) /* overflow while an overflow is handled */
        call_throw(L, LUA_ERRERR);
    if (n < LUAI_MAXSTACK) {
        int newsize = size * 2, needed = (int)(L->top - L->stack) + n;
        if (newsize > LUAI_MAXSTACK)
            newsize = LUAI_MAXSTACK;
        if (newsize < needed)
            newsize = needed;
        if (newsize <= LUAI_MAXSTACK) {
            stack_realloc(L, newsize, true);
            return;
        }
    }
    stack_realloc(L, ERROR_STACK, true);
    dbg_runerror(L, "stack overflow");
}

static int stack_in_use(const struct lua_State *L)
{
    const struct value *lim = L->top;
    for (const struct callinfo *ci = L->ci; ci != NULL; ci = ci->prev)
        if (lim < ci->top)
            lim = ci->top;
    int n = (int)(lim - L->stack) + 1;
    return n < LUA_MINSTACK ? LUA_MINSTACK : n;
}

/* More than three times what is used lies idle: keep twice. Not from the middle of an error's overflow room. */
void stack_shrink(struct lua_State *L)
{
    int used = stack_in_use(L);
    int max = used > LUAI_MAXSTACK / 3 ? LUAI_MAXSTACK : used * 3;
    if (used <= LUAI_MAXSTACK && L->stacksize > max && L->stacksize > BASIC_STACK)
        stack_realloc(L, used > LUAI_MAXSTACK / 2 ? LUAI_MAXSTACK : used * 2, false);
}

void stack_shrink_unused(struct lua_State *th)
{
    stack_shrink(th);
    if (th->jit_base == NULL) /* a trace that returned below its entry frame still counts from that record */
        free_half_of_ci(th);
}

/* ---- threads ----------------------------------------------------------------------------------- */
static void thread_init(struct lua_State *th, struct global *g)
{
    memset((char *)th + offsetof(struct lua_State, status), 0, sizeof *th - offsetof(struct lua_State, status));
    th->g = g;
    th->twups = th;
    th->allowhook = 1;
    th->ci = &th->base_ci;
    th->status = LUA_OK;
}

/* false: no memory. L: who pays. */
static bool make_stack(struct lua_State *L, struct lua_State *th)
{
    th->stack = mem_try_realloc(L, NULL, 0, stack_bytes(BASIC_STACK));
    if (th->stack == NULL)
        return false;
    for (int i = 0; i < BASIC_STACK + STACK_EXTRA; i++)
        setnil(&th->stack[i]);
    th->stacksize = BASIC_STACK;
    th->stack_last = th->stack + BASIC_STACK;
    struct callinfo *ci = &th->base_ci;
    ci->next = ci->prev = NULL;
    ci->status = CIST_C;
    ci->func = th->stack;
    ci->top = th->stack + 1 + LUA_MINSTACK;
    th->top = th->stack + 1;
    th->nci = 0;
    return true;
}

static void free_stack(struct lua_State *L, struct lua_State *th)
{
    if (th->stack == NULL)
        return;
    th->ci = &th->base_ci;
    struct callinfo *ci = th->base_ci.next;
    for (struct callinfo *next; ci != NULL; ci = next) {
        next = ci->next;
        mem_free(L, ci, sizeof *ci);
    }
    mem_free(L, th->stack, stack_bytes(th->stacksize));
    th->stack = NULL;
}

size_t thread_bytes(struct lua_State *th)
{
    return LUA_EXTRASPACE + sizeof *th + (th->stack ? stack_bytes(th->stacksize) : 0) + (size_t)th->nci * sizeof(struct callinfo);
}

/* Pushed on L's stack, which anchors it while its own stack is made. */
static struct lua_State *thread_new(struct lua_State *L)
{
    struct global *g = L->g;
    char *mem = mem_alloc(L, LUA_EXTRASPACE + sizeof(struct lua_State), LUA_TTHREAD);
    struct lua_State *th = (struct lua_State *)(mem + LUA_EXTRASPACE);
    memcpy(mem, (char *)g->mainthread - LUA_EXTRASPACE, LUA_EXTRASPACE);
    th->next = g->all;
    g->all = (struct gcobj *)th;
    th->kind = T_THREAD;
    th->mark = g->current_white;
    thread_init(th, g);
    th->hookmask = L->hookmask;
    th->basehookcount = th->hookcount = L->basehookcount;
    th->hook = L->hook;
    setgc(L->top++, th, T_THREAD);
    if (!make_stack(L, th))
        call_throw(L, LUA_ERRMEM);
    return th;
}

void thread_free(struct lua_State *L, struct lua_State *th)
{
    if (th->stack != NULL)
        func_close_upvals(th, th->stack);
    free_stack(L, th);
    mem_free(L, (char *)th - LUA_EXTRASPACE, LUA_EXTRASPACE + sizeof *th);
}

lua_State *lua_newthread(lua_State *L)
{
    gc_check(L);
    return thread_new(L);
}

int lua_resetthread(lua_State *L) { return call_reset_thread(L, L->status); }

int lua_setcstacklimit(lua_State *L, unsigned int limit) { return MAX_C_CALLS; }

/* ---- universes --------------------------------------------------------------------------------- */
/* Deterministic under JIT_SEED, so that a program's traces can be compared between runs. */
static uint32_t make_seed(const void *address)
{
    const char *fixed = secure_getenv("JIT_SEED");
    if (fixed != NULL)
        return (uint32_t)strtoul(fixed, NULL, 0);
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    uint64_t x = (uint64_t)(uintptr_t)address ^ (uint64_t)ts.tv_nsec << 20 ^ (uint64_t)ts.tv_sec;
    x *= 0x9E3779B97F4A7C15u;
    return (uint32_t)(x >> 32);
}

static void make_registry(struct lua_State *L)
{
    struct global *g = L->g;
    struct table *registry = table_new(L, LUA_RIDX_LAST, 0);
    struct value v;
    settable(&g->registry, registry);
    setgc(&v, L, T_THREAD);
    table_setint(L, registry, LUA_RIDX_MAINTHREAD, &v);
    settable(&v, table_new(L, 0, 0));
    table_setint(L, registry, LUA_RIDX_GLOBALS, &v);
}

/* What may run out of memory. No collection runs before the end. */
static void open_universe(struct lua_State *L, void *ud)
{
    struct global *g = L->g;
    strtab_init(L);
    g->memerrmsg = str_newz(L, "not enough memory");
    gc_fix(L, (struct gcobj *)g->memerrmsg);
    g->root_shape = shape_new_root(L);
    make_registry(L);
    meta_init(L);
    lex_init(L);
    g->gc_stop = 0;
    setnil(&g->nilvalue);
    lua_jit_open(L);
}

static void init_global(struct global *g, lua_Alloc f, void *ud)
{
    memset(g, 0, sizeof *g);
    g->frealloc = f;
    g->ud = ud;
    g->own_alloc = mem_is_standard_alloc(f);
    if (g->own_alloc)
        mem_pool_init(g);
    g->gc_state = GCS_PAUSE;
    g->current_white = 1;
    g->gc_stop = GCSTOP_INNER;
    g->gc_kind = LUA_GCINC;
    g->gc_pause = 200;
    g->gc_stepmul = 100;
    g->gc_stepsize = 13;
    g->gc_genminor = 20;
    g->gc_genmajor = 100;
    g->total_bytes = sizeof(struct universe);
    g->seed = make_seed(g);
    g->class_epoch = 1;
    setint(&g->nilvalue, 0);
}

static void free_universe(struct lua_State *L)
{
    struct global *g = L->g;
    if (L->stack != NULL) {
        gc_free_all(L);
        strtab_fini(L);
        free_stack(L, L);
    }
    vm_fields_free(g);
    free(g->patterns);
    lua_Alloc f = g->frealloc;
    void *ud = g->ud;
    mem_pool_fini(g);
    f(ud, (char *)L - LUA_EXTRASPACE, sizeof(struct universe), 0);
}

lua_State *lua_newstate(lua_Alloc f, void *ud)
{
    if (mem_probe_note(f))
        return NULL;
    struct universe *u = f(ud, NULL, LUA_TTHREAD, sizeof *u);
    if (u == NULL)
        return NULL;
    struct lua_State *L = &u->L;
    memset(u->extra, 0, sizeof u->extra);
    init_global(&u->g, f, ud);
    thread_init(L, &u->g);
    L->next = NULL;
    L->kind = T_THREAD;
    L->mark = u->g.current_white;
    u->g.mainthread = L;
    L->nCcalls += 0x10000; /* the main thread cannot yield */
    if (!make_stack(L, L) || call_protected(L, open_universe, NULL, stack_save(L, L->top), 0) != LUA_OK) {
        free_universe(L);
        return NULL;
    }
    return L;
}

void lua_close(lua_State *L)
{
    L = L->g->mainthread;
    L->ci = &L->base_ci; /* may be called from inside a call */
    call_close_protected(L, stack_save(L, L->stack + 1), CLOSE_KEEP_TOP);
    L->top = L->stack + 1;
    free_universe(L);
}
