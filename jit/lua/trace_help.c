/* trace_help.c: functions that machine code calls, and the descriptors that say what they touch.
 *
 * Invariants
 *  1. Helpers without JIT_EF_SYNC never raise, never collect, never call guest code: when they cannot do
 *     their work they return NULL or 0 and a guard leaves the trace; the interpreter then does the
 *     instruction again and raises what is to be raised.
 *  2. SYNC helpers begin with lua_sync_frames and may then do anything.
 *
 * Before: record*.c. After: the guest's core.
 */
#include "lua/pool.h"
#include "lua/record.h"

CALL(d_call_pcall, "call_pcall_here", 'i', "ri", JIT_EF_READS, ALS(AL_STATE), 0);
CALL(d_call_closure, "call_closure", 'r', "rrrr", JIT_EF_ALLOC | JIT_EF_KEEP | JIT_EF_WRITES, 0, ALS(AL_STATE));
CALL(d_call_close, "call_close", 'v', "rr", JIT_EF_READS | JIT_EF_WRITES | JIT_EF_KEEP, ~0ull, ALS(AL_STATE) | ALS(AL_UPVAL) | ALS(AL_UPVALUE) | ALS(AL_GCHEAD));
CALL(d_call_barrier, "call_barrier", 'v', "rrr", JIT_EF_WRITES | JIT_EF_KEEP, 0, ALS(AL_GCHEAD));
CALL(d_call_ccall, "call_c", 'i', "riii", JIT_EF_SYNC | JIT_EF_READS | JIT_EF_WRITES | JIT_EF_KEEP, ~0ull, ~0ull);
CALL(d_call_tail_ccall, "call_tail_c", 'i', "rii", JIT_EF_SYNC | JIT_EF_READS | JIT_EF_WRITES | JIT_EF_KEEP, ~0ull, ~0ull);
CALL(d_call_i_ii, "call_i_ii", 'i', "ii", 0, 0, 0);
CALL(d_call_f_ff, "call_f_ff", 'f', "ff", 0, 0, 0);
CALL(d_call_i_if, "call_i_if", 'i', "if", 0, 0, 0);
CALL(d_call_i_fi, "call_i_fi", 'i', "fi", 0, 0, 0);
CALL(d_call_i_rr, "call_i_rr", 'i', "rr", 0, 0, 0);

jit_ref trh_context(struct rec_lua *rl)
{
    struct jit_recorder *r = rl->r;
    if (r->status >= 0) return JIT_NOREF;
    return jit_ir_emit(&r->ir, JIT_getcontext, NULL, 0, NULL, JIT_NORESUME);
}

int64_t trh_pcall_here(struct lua_State *L, int64_t n) { return call_pcall_here(L, L->jit_pdepth + (uint32_t)n); }

int64_t trh_udiv(uint64_t a, uint64_t b) { return (int64_t)(a / b); }

/* ---- allocation ----
 * The core's allocating functions raise when memory is short, after a full collection: on a trace neither may happen. Nearly
 * always the pools have free blocks of the sizes that will be asked for, which a look at two words tells; then the function
 * is called as it is. Otherwise it runs under a setjmp, with collections forbidden. */
bool trh_sure(const struct lua_State *L, size_t size, unsigned n)
{
    const struct global *g = L->g;
    if (!g->own_alloc || size > POOL_MAX) return false;
    const void *p = ((const struct pool *)g->mempool)->cur[pool_class(size)]->free;
    while (p && --n) p = *(void *const *)p;
    return p != NULL;
}

bool trh_try(struct lua_State *L, call_pfunc f, void *ud) { return call_try(L, f, ud); }

struct try_closure {
    struct proto *p;
    struct lclosure *encl, *made;
    struct value *base;
};

static void closure_body(struct lua_State *L, void *ud)
{
    struct try_closure *t = ud;
    struct lclosure *f = func_new_lua(L, t->p->nupvals);
    f->p = t->p;
    for (unsigned n = 0; n < t->p->nupvals; n++) {
        const struct upvaldesc *u = &t->p->upvals[n];
        f->upvals[n] = u->instack ? func_find_upval(L, t->base + u->idx) : t->encl->upvals[u->idx];
        gc_barrier_obj(L, f, f->upvals[n]);
    }
    t->made = f;
}

struct lclosure *trh_closure(struct lua_State *L, struct proto *p, struct lclosure *encl, struct value *base)
{
    struct try_closure t = {p, encl, NULL, base};
    size_t size = sizeof(struct lclosure) + p->nupvals * sizeof(struct upval *);
    if (trh_sure(L, size, 1) && trh_sure(L, sizeof(struct upval), p->nupvals + 1) && pool_class(size) != pool_class(sizeof(struct upval))) closure_body(L, &t);
    else trh_try(L, closure_body, &t);
    return t.made;
}

void trh_close(struct lua_State *L, struct value *level)
{
    if (L->openupval && L->openupval->v >= level) func_close_upvals(L, level);
}

void trh_barrier_back(struct lua_State *L, struct gcobj *o, struct gcobj *v)
{
    if (gc_is_black(o) && gc_is_white(v)) {
        if (o->kind == T_TABLE) gc_barrier_back_(L, o);
        else gc_barrier_(L, o, v);
    }
}

int64_t trh_ccall(struct lua_State *L, int64_t a, int64_t nargs, int64_t nresults)
{
    lua_sync_frames(L);
    struct callinfo *ci = L->ci;
    struct value *func = ci->func + 1 + a;
    ci->pc++; /* as the interpreter has it during a call */
    L->top = func + 1 + nargs;
    ptrdiff_t at = stack_save(L, func);
    call_precall(L, func, (int)nresults); /* a C function: no deeper in C than the interpreter's call of it */
    return L->top - stack_restore(L, at);
}

int64_t trh_tail_ccall(struct lua_State *L, int64_t a, int64_t nargs)
{
    lua_sync_frames(L);
    struct callinfo *ci = L->ci;
    struct value *func = ci->func + 1 + a;
    ci->pc++;
    L->top = func + 1 + nargs;
    ptrdiff_t at = stack_save(L, func);
    call_precall(L, func, LUA_MULTRET);
    int n = (int)(L->top - stack_restore(L, at));
    if (ci->status & CIST_VARARG) ci->func -= ci->nvarargs + ci->func->lcl->p->numparams + 1;
    at = stack_save(L, ci->func);
    call_poscall(L, ci, n);
    return L->top - stack_restore(L, at);
}
