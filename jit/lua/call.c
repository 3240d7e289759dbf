/* call.c: calls, errors, protected calls, coroutines and the loading of chunks.
 *
 * The obvious pcall is a C function: it sets up a setjmp, calls the interpreter recursively and so costs the most where
 * programs use it in loops, and it puts a C activation between Lua frames that neither a trace nor a deep recursion can
 * cross. Here a pcall made by a Lua function is a frame like any other (CIST_PCALL). An error jumps to the innermost
 * catcher (struct longjmp_frame); if there is such a frame above the catcher's own, the catcher takes the thread back to it
 * and goes on running frames from there, exactly as lua_resume goes on after a yield.
 *
 * Invariants
 *  1. Frames may be resumed by a catcher only if the C activations that it throws away have nothing left to do.
 *     That holds in a coroutine while it can yield (its C functions have continuations), and directly under a
 *     lua_pcallk without C functions between: L->nCcalls then equals errjmp->direct. call_pcall_possible asks for it.
 *  2. A CIST_PCALL frame with k == NULL was made by call_pcall; with k != NULL it is the frame of a C function that
 *     called lua_pcallk in a coroutine.
 *  3. L->nCcalls is restored by the catcher; L->pcall_depth by the frame that counted (saved in its ctx) or
 *     by the catcher.
 *  4. L->errfunc is what the innermost protected call set; every CIST_PCALL frame keeps the one before it.
 *  5. A coroutine that Lua code resumed has no catcher of its own (coro.c, L->resumer): an error or a jumping yield of it comes
 *     to the catcher of a thread further out, with g->thrower naming the thread. The catcher hands it to the resumer and runs
 *     threads on until its own is back at its base. Between it and them there are no C activations that it could lose.
 *
 * Before on the walk: vm.c. After: coro.c, debug.c, func.c (func_close).
 */
#pragma GCC visibility push(default)
#include <lua5.4/lua.h>
#include <lua5.4/lauxlib.h>
#pragma GCC visibility pop
#include <stdlib.h>
#include "lua/jit.h"

#define NONYIELD 0x10000u /* one non-yieldable call in nCcalls */

struct longjmp_frame {
    struct longjmp_frame *prev;
    jmp_buf env;
    volatile int status;
    uint32_t direct; /* see 1; 0: never */
    uint32_t ccalls; /* L->nCcalls as it was */
    struct lua_jit_unwind jit;
};

static inline bool is_yieldable(const struct lua_State *L) { return (L->nCcalls & 0xffff0000u) == 0; }
static inline bool is_lua(const struct callinfo *ci) { return !(ci->status & CIST_C); }

/* ---- throwing and catching ---- */

/* A thread without a catcher dies; its error goes on in the main thread, or to the panic function. */
static _Noreturn void throw_uncaught(struct lua_State *L, int status)
{
    struct lua_State *mainth = L->g->mainthread;
    status = call_reset_thread(L, status);
    if (mainth->errjmp != NULL) {
        setval(mainth->top, L->top - 1);
        mainth->top++;
        call_throw(mainth, status);
    }
    if (L->g->panic != NULL)
        L->g->panic(L);
    abort();
}

void call_throw(struct lua_State *L, int status)
{
    if (unlikely(L->g->recording && L->g->rec_L == L && !L->g->gc_quiet) /* call_try: the recorder itself tries a helper */
        && !(status == LUA_ERRRUN && lua_jit_catches(L)))
        lua_jit_abort(L, status == LUA_YIELD ? JITSTAT_A_COROUTINE : JITSTAT_A_ERROR);
    const struct lua_State *th = L;
    while (th->errjmp == NULL && th->resumer != NULL)
        th = th->resumer;
    if (th->errjmp == NULL)
        throw_uncaught(L, status);
    th->errjmp->status = status;
    L->g->thrower = L;
    _longjmp(th->errjmp->env, 1);
}

/* Runs f with a catcher. What f left behind (frames, stack) is as it was at the error; the C side is restored. */
static int run_protected(struct lua_State *L, call_pfunc f, void *ud, uint32_t direct)
{
    struct longjmp_frame lj;
    lj.prev = L->errjmp;
    lj.status = LUA_OK;
    lj.direct = direct;
    lj.ccalls = L->nCcalls;
    lua_jit_unwind_save(L, &lj.jit);
    L->errjmp = &lj;
    if (_setjmp(lj.env) == 0)
        f(L, ud);
    else
        lua_jit_unwind_restore(L, &lj.jit);
    L->errjmp = lj.prev;
    L->nCcalls = lj.ccalls;
    return lj.status;
}

bool call_try(struct lua_State *L, call_pfunc f, void *ud)
{
    ptrdiff_t top = stack_save(L, L->top);
    L->g->gc_quiet = 1;
    int status = run_protected(L, f, ud, 0);
    L->g->gc_quiet = 0;
    L->top = stack_restore(L, top);
    return status == LUA_OK;
}

void call_error(struct lua_State *L)
{
    if (L->errfunc != 0) {
        struct value *top = L->top, *handler = stack_restore(L, L->errfunc);
        setval(top, top - 1);
        setval(top - 1, handler);
        L->top = top + 1; /* there are STACK_EXTRA slots */
        call_function(L, top - 1, 1, false);
    }
    call_throw(L, LUA_ERRRUN);
}

void call_set_error(struct lua_State *L, int status, struct value *oldtop)
{
    switch (status) {
    case LUA_ERRMEM: setstr(oldtop, L->g->memerrmsg); break;
    case LUA_ERRERR: setstr(oldtop, str_newz(L, "error in error handling")); break;
    case LUA_OK: setnil(oldtop); break; /* a thread that is reset without an error */
    default: setval(oldtop, L->top - 1); break;
    }
    L->top = oldtop + 1;
}

struct close_args {
    ptrdiff_t level;
    int status;
};

static void close_body(struct lua_State *L, void *ud)
{
    struct close_args *a = ud;
    func_close(L, stack_restore(L, a->level), a->status, false);
}

int call_close_protected(struct lua_State *L, ptrdiff_t level, int status)
{
    struct callinfo *ci = L->ci;
    uint8_t allowhook = L->allowhook;
    for (;;) {
        struct close_args a = {level, status};
        int again = run_protected(L, close_body, &a, 0);
        if (likely(again == LUA_OK))
            return status;
        L->ci = ci; /* an error in a __close: it takes the place of the first one */
        L->allowhook = allowhook;
        status = again;
    }
}

/* ---- hooks ---- */

void call_hook(struct lua_State *L, int event, int line, int ftransfer, int ntransfer)
{
    lua_Hook hook = L->hook;
    struct callinfo *ci = L->ci;
    if (hook == NULL || !L->allowhook || (is_lua(ci) && ci->func->lcl->p->hidden))
        return;
    ptrdiff_t top = stack_save(L, L->top), ci_top = stack_save(L, ci->top);
    uint16_t marks = CIST_HOOKED;
    lua_Debug ar;
    ar.event = event;
    ar.currentline = line;
    ar.i_ci = (struct CallInfo *)ci;
    if (ntransfer != 0) {
        marks |= CIST_TRAN;
        ci->u2.ftransfer = (uint16_t)ftransfer;
        ci->u2.ntransfer = (uint16_t)ntransfer;
    }
    if (is_lua(ci) && L->top < ci->top)
        L->top = ci->top; /* the registers are not for the hook */
    stack_check(L, LUA_MINSTACK);
    if (ci->top < L->top + LUA_MINSTACK)
        ci->top = L->top + LUA_MINSTACK;
    L->allowhook = 0;
    ci->status |= marks;
    hook(L, &ar);
    L->allowhook = 1;
    ci->top = stack_restore(L, ci_top);
    L->top = stack_restore(L, top);
    ci->status &= (uint16_t)~marks;
}

void call_enter_hook(struct lua_State *L, struct callinfo *ci)
{
    L->oldpc = 0;
    if (L->hookmask & LUA_MASKCALL) {
        ci->pc++; /* hooks see the next instruction's pc */
        call_hook(L, ci->status & CIST_TAIL ? LUA_HOOKTAILCALL : LUA_HOOKCALL, -1, 1, ci->func->lcl->p->numparams);
        ci->pc--;
    }
}

/* Hook of a return, and the caller's place for the line hook. */
static void return_hook(struct lua_State *L, struct callinfo *ci, int nres)
{
    if (L->hookmask & LUA_MASKRET) {
        struct value *first = L->top - nres;
        ptrdiff_t moved = 0;
        if (ci->status & CIST_VARARG)
            moved = ci->nvarargs + ci->func->lcl->p->numparams + 1; /* the interpreter has undone it */
        ci->func += moved;
        call_hook(L, LUA_HOOKRET, -1, (int)(uint16_t)(first - ci->func), nres);
        ci->func -= moved;
    }
    ci = ci->prev;
    if (is_lua(ci))
        L->oldpc = (int32_t)(ci->pc - ci->func->lcl->p->code) - 1;
}

/* ---- calls ---- */

/* func is not a function: its __call takes its place and it becomes the first argument. */
struct value *call_metamethod(struct lua_State *L, struct value *func)
{
    ptrdiff_t at = stack_save(L, func);
    stack_check(L, 1);
    func = stack_restore(L, at);
    const struct value *tm = meta_of(L, func, MM_CALL);
    if (tm->tag == T_NIL)
        dbg_callerror(L, func);
    for (struct value *p = L->top; p > func; p--)
        setval(p, p - 1);
    L->top++;
    setval(func, tm);
    return func;
}

static inline struct callinfo *precall_lua(struct lua_State *L, struct value *func, int nresults)
{
    struct proto *p = func->lcl->p;
    ptrdiff_t nargs = L->top - func - 1;
    if (unlikely(L->stack_last - L->top <= p->maxstack)) {
        ptrdiff_t at = stack_save(L, func);
        stack_grow(L, p->maxstack);
        func = stack_restore(L, at);
    }
    struct callinfo *ci = ci_next(L);
    ci->func = func;
    ci->nresults = (int16_t)nresults;
    ci->status = 0;
    ci->top = func + 1 + p->maxstack;
    ci->pc = p->code;
    for (; nargs < p->numparams; nargs++)
        setnil(L->top++);
    L->ci = ci;
    return ci;
}

static void precall_c(struct lua_State *L, struct value *func, int nresults, lua_CFunction f)
{
    if (unlikely(L->stack_last - L->top <= LUA_MINSTACK)) {
        ptrdiff_t at = stack_save(L, func);
        stack_grow(L, LUA_MINSTACK);
        func = stack_restore(L, at);
    }
    struct callinfo *ci = ci_next(L);
    ci->func = func;
    ci->nresults = (int16_t)nresults;
    ci->status = CIST_C;
    ci->top = L->top + LUA_MINSTACK;
    L->ci = ci;
    if (unlikely(L->hookmask & LUA_MASKCALL))
        call_hook(L, LUA_HOOKCALL, -1, 1, (int)(L->top - func) - 1);
    call_poscall(L, ci, vm_own_function(f)(L));
}

struct callinfo *call_precall(struct lua_State *L, struct value *func, int nresults)
{
    for (;;) {
        switch (func->tag) {
        case T_LCL: return precall_lua(L, func, nresults);
        case T_LCF: precall_c(L, func, nresults, func->f); return NULL;
        case T_CCL: precall_c(L, func, nresults, func->ccl->f); return NULL;
        default: func = call_metamethod(L, func); break;
        }
    }
}

/* Results [top - nres, top) go to res; top is set behind them. */
static inline void move_results(struct lua_State *L, struct value *res, int nres, int wanted)
{
    struct value *from = L->top - nres;
    if (wanted < 0)
        wanted = nres;
    int n = nres < wanted ? nres : wanted, i;
    for (i = 0; i < n; i++)
        setval(res + i, from + i);
    for (; i < wanted; i++)
        setnil(res + i);
    L->top = res + wanted;
}

/* A C function that returns with to-be-closed slots in its frame. */
static void close_c_frame(struct lua_State *L, struct callinfo *ci, int nres)
{
    ci->status |= CIST_CLOSERET; /* a yield in a __close: finish_c does the return again */
    ci->u2.nres = nres;
    func_close(L, ci->func + 1, CLOSE_KEEP_TOP, true);
    ci->status &= (uint16_t)~CIST_CLOSERET;
}

void call_poscall(struct lua_State *L, struct callinfo *ci, int nres)
{
    if (unlikely(L->tbclist != 0 && !is_lua(ci) && L->stack + L->tbclist > ci->func))
        close_c_frame(L, ci, nres);
    if (unlikely(L->hookmask != 0))
        return_hook(L, ci, nres);
    move_results(L, ci->func, nres, ci->nresults);
    L->ci = ci->prev;
}

static void check_c_stack(struct lua_State *L)
{
    if (call_depth(L) == LUAI_MAXCCALLS)
        dbg_runerror(L, "C stack overflow");
    if (call_depth(L) >= LUAI_MAXCCALLS / 10 * 11)
        call_throw(L, LUA_ERRERR); /* while that error was handled */
}

void call_function(struct lua_State *L, struct value *func, int nresults, bool yieldable)
{
    uint32_t inc = yieldable ? 1 : NONYIELD | 1;
    L->nCcalls += inc;
    if (unlikely(call_depth(L) >= LUAI_MAXCCALLS))
        check_c_stack(L);
    struct callinfo *ci = likely(func->tag == T_LCL) ? precall_lua(L, func, nresults) : call_precall(L, func, nresults);
    if (ci != NULL) {
        ci->status |= CIST_FRESH;
        vm_execute(L, ci);
    }
    L->nCcalls -= inc;
}

/* ---- pcall as a frame ---- */

bool call_pcall_here(const struct lua_State *L, uint32_t depth)
{
    if (L->hookmask != 0 || call_depth(L) + depth >= LUAI_MAXCCALLS || (L->errjmp == NULL && L->resumer == NULL))
        return false;
    return is_yieldable(L) || (L->errjmp != NULL && L->nCcalls == L->errjmp->direct);
}

bool call_direct(const struct lua_State *L)
{
    return L->nCcalls == L->resume_ccalls || (L->errjmp != NULL && L->nCcalls == L->errjmp->direct);
}

bool call_pcall_possible(struct lua_State *L, const struct value *func, bool is_xpcall)
{
    ptrdiff_t nargs = L->top - func - 1;
    if (nargs < 1 || (is_xpcall && (nargs < 2 || !tag_is_function(func[2].tag))))
        return false;
    return call_pcall_here(L, L->pcall_depth);
}

struct value *call_pcall(struct lua_State *L, struct value *func, int nresults, bool is_xpcall)
{
    if (unlikely(L->stack_last - L->top <= LUA_MINSTACK)) {
        ptrdiff_t at = stack_save(L, func);
        stack_grow(L, LUA_MINSTACK);
        func = stack_restore(L, at);
    }
    struct callinfo *ci = ci_next(L);
    struct value *callee = func + 1;
    ci->func = func;
    ci->nresults = (int16_t)nresults;
    ci->status = CIST_C | CIST_PCALL;
    ci->top = L->top + LUA_MINSTACK;
    ci->k = NULL;
    ci->pstatus = LUA_OK;
    ci->old_errfunc = L->errfunc;
    ci->old_allowhook = L->allowhook;
    ci->ctx = L->pcall_depth++;
    L->errfunc = 0;
    if (is_xpcall) { /* xpcall f handler ... -> xpcall handler f ... */
        struct value f;
        setval(&f, callee);
        setval(callee, callee + 1);
        setval(callee + 1, &f);
        L->errfunc = stack_save(L, callee);
        callee++;
    }
    ci->u2.funcidx = (int)stack_save(L, callee);
    L->ci = ci;
    return callee;
}

struct callinfo *call_pcall_run(struct lua_State *L, struct value *callee)
{
    struct callinfo *next = call_precall(L, callee, LUA_MULTRET);
    if (next != NULL) {
        next->status |= CIST_CONT;
        return next;
    }
    call_pcall_finish(L);
    return NULL;
}

/* Status and values, which begin at `first`, become the results of the pcall frame. */
static void pcall_return(struct lua_State *L, struct callinfo *ci, struct value *first, bool ok)
{
    int n = (int)(L->top - first), wanted = ci->nresults;
    struct value *res = ci->func;
    if (unlikely(L->hookmask != 0)) { /* the hook wants to see pcall in its slot */
        for (struct value *p = L->top; p > first; p--)
            setval(p, p - 1);
        setbool(first, ok);
        L->top++;
        call_poscall(L, ci, n + 1);
        return;
    }
    setbool(res, ok);
    if (first != res + 1)
        for (int i = 0; i < n; i++)
            setval(res + 1 + i, first + i);
    for (n++; n < wanted; n++)
        setnil(res + n);
    L->top = res + (wanted < 0 ? n : wanted);
    L->ci = ci->prev;
}

/* After an error: closes down to the callee, which the error object replaces. May yield or raise. */
static void pcall_recover(struct lua_State *L, struct callinfo *ci)
{
    int status = ci->pstatus;
    ptrdiff_t level = ci->u2.funcidx;
    L->allowhook = ci->old_allowhook;
    func_close(L, stack_restore(L, level), status, true);
    call_set_error(L, status, stack_restore(L, level));
    stack_shrink(L);
    ci->pstatus = LUA_OK;
}

void call_pcall_finish(struct lua_State *L)
{
    struct callinfo *ci = L->ci;
    bool ok = ci->pstatus == LUA_OK;
    if (unlikely(!ok))
        pcall_recover(L, ci);
    L->errfunc = ci->old_errfunc;
    L->pcall_depth = (uint32_t)ci->ctx;
    pcall_return(L, ci, stack_restore(L, ci->u2.funcidx), ok);
}

/* ---- going on with frames whose C activations are gone (after a yield or an error) ---- */

/* The status for the continuation of a C function that was interrupted in lua_pcallk. */
static int finish_c_pcall(struct lua_State *L, struct callinfo *ci)
{
    int status = ci->pstatus;
    if (status == LUA_OK)
        status = LUA_YIELD;
    else {
        pcall_recover(L, ci);
        L->pcall_depth = 0;
        for (struct callinfo *p = ci->prev; p != NULL; p = p->prev)
            L->pcall_depth += (p->status & CIST_PCALL) && p->k == NULL;
    }
    ci->status &= (uint16_t)~CIST_PCALL;
    L->errfunc = ci->old_errfunc;
    return status;
}

static void finish_c(struct lua_State *L, struct callinfo *ci)
{
    if ((ci->status & CIST_PCALL) && ci->k == NULL) {
        call_pcall_finish(L);
        return;
    }
    int n;
    if (ci->status & CIST_CLOSERET) {
        n = ci->u2.nres; /* the return is done again: closing kept the results at the top */
    } else {
        int status = ci->status & CIST_PCALL ? finish_c_pcall(L, ci) : LUA_YIELD;
        if (ci->top < L->top)
            ci->top = L->top;
        n = ci->k(L, status, ci->ctx);
    }
    call_poscall(L, ci, n);
}

bool call_finish(struct lua_State *th)
{
    struct callinfo *ci;
    while (!is_lua(ci = th->ci)) {
        if (ci == &th->base_ci)
            return false;
        finish_c(th, ci);
    }
    vm_continue(th);
    return true;
}

/* Runs threads and their frames, from th on, until L->ci is `base`, or the coroutine L has yielded. th is L, or a coroutine
 * that L's Lua code resumed, or one that such a one resumed. */
static void unroll(struct lua_State *L, struct lua_State *th, struct callinfo *base)
{
    for (;;) {
        struct callinfo *ci = th->ci;
        if (ci == base) {
            return;
        } else if (ci == &th->base_ci) {
            th = coro_leave(th, (int)(th->top - (ci->func + 1)));
        } else if (!is_lua(ci)) {
            finish_c(th, ci);
        } else {
            vm_continue(th);
            vm_execute(th, th->ci);
            th = L;
            if (L->status == LUA_YIELD)
                return;
        }
    }
}

struct unroll_args {
    struct callinfo *base;
    struct lua_State *th;
    uint32_t bump;
    int status; /* of th, to be handed to its resumer; LUA_OK: it goes on */
};

static void unroll_body(struct lua_State *L, void *ud)
{
    struct unroll_args *a = ud;
    L->nCcalls += a->bump;
    unroll(L, a->status != LUA_OK ? coro_deliver(a->th, a->status) : a->th, a->base);
}

static struct callinfo *find_pcall(struct lua_State *L, struct callinfo *base)
{
    for (struct callinfo *ci = L->ci; ci != base; ci = ci->prev)
        if (ci->status & CIST_PCALL)
            return ci;
    return NULL;
}

static void die(struct lua_State *L, int status)
{
    L->status = (uint8_t)status;
    call_set_error(L, status, L->top);
    L->ci->top = L->top;
}

/* Where the thread goes on that threw to a catcher of L. False: its status is what the catcher's caller gets. */
static bool find_catcher(struct lua_State *L, struct unroll_args *a, int status)
{
    struct lua_State *th = a->th;
    struct callinfo *ci = call_is_error(status) ? find_pcall(th, th == L ? a->base : &th->base_ci) : NULL;
    a->status = LUA_OK;
    if (ci != NULL) {
        th->ci = ci;
        ci->pstatus = status;
    } else if (th != L) {
        a->status = status;
        if (call_is_error(status))
            die(th, status);
    }
    if (th != L) { /* what the C activations under the catcher had set is gone with them */
        th->nCcalls = th->resume_ccalls;
        th->jit_base = NULL;
        th->jit_ci = NULL;
    }
    return ci != NULL || th != L;
}

/* Something was thrown to the catcher whose frame is `base`: as long as there is a pcall frame above it or a resumer, that one
 * gets it and the threads go on. bump: what the calls under the catcher had added to nCcalls. */
static int recover(struct lua_State *L, struct callinfo *base, int status, uint32_t bump)
{
    struct unroll_args a = {.base = base, .th = L->g->thrower, .bump = bump};
    while (status != LUA_OK && find_catcher(L, &a, status)) {
        status = run_protected(L, unroll_body, &a, bump != 0 ? L->nCcalls + bump : 0);
        a.th = L->g->thrower;
    }
    return status;
}

/* ---- protected calls from C ---- */

static int protected_call(struct lua_State *L, call_pfunc f, void *ud, ptrdiff_t old_top, ptrdiff_t errfunc,
                          uint32_t bump)
{
    struct callinfo *ci = L->ci;
    uint8_t allowhook = L->allowhook;
    uint32_t depth = L->pcall_depth;
    ptrdiff_t old_errfunc = L->errfunc;
    L->errfunc = errfunc;
    int status = run_protected(L, f, ud, bump != 0 ? L->nCcalls + bump : 0);
    if (unlikely(status != LUA_OK) && bump != 0)
        status = recover(L, ci, status, bump);
    if (unlikely(status != LUA_OK)) {
        L->ci = ci;
        L->allowhook = allowhook;
        L->pcall_depth = depth;
        status = call_close_protected(L, old_top, status);
        call_set_error(L, status, stack_restore(L, old_top));
        stack_shrink(L);
    }
    L->errfunc = old_errfunc;
    return status;
}

int call_protected(struct lua_State *L, call_pfunc f, void *ud, ptrdiff_t old_top, ptrdiff_t errfunc)
{
    return protected_call(L, f, ud, old_top, errfunc, 0);
}

struct call_args {
    struct value *func;
    int nresults;
};

static void call_body(struct lua_State *L, void *ud)
{
    struct call_args *a = ud;
    call_function(L, a->func, a->nresults, false); /* adds NONYIELD | 1: the bump of lua_pcallk */
}

/* With LUA_MULTRET the caller's guaranteed stack grows over the results. */
static inline void adjust_top(struct lua_State *L, int nresults)
{
    if (nresults == LUA_MULTRET && L->ci->top < L->top)
        L->ci->top = L->top;
}

void lua_callk(struct lua_State *L, int nargs, int nresults, lua_KContext ctx, lua_KFunction k)
{
    struct value *func = L->top - (nargs + 1);
    bool yieldable = k != NULL && is_yieldable(L);
    if (yieldable) {
        L->ci->k = k;
        L->ci->ctx = ctx;
    }
    call_function(L, func, nresults, yieldable);
    adjust_top(L, nresults);
}

/* In a coroutine: the frame of the calling C function itself catches, with its continuation. */
static void pcall_yieldable(struct lua_State *L, struct value *func, int nresults, ptrdiff_t errfunc,
                            lua_KContext ctx, lua_KFunction k)
{
    struct callinfo *ci = L->ci;
    ci->k = k;
    ci->ctx = ctx;
    ci->u2.funcidx = (int)stack_save(L, func);
    ci->old_errfunc = L->errfunc;
    ci->old_allowhook = L->allowhook;
    ci->pstatus = LUA_OK;
    L->errfunc = errfunc;
    ci->status |= CIST_PCALL;
    call_function(L, func, nresults, true);
    ci->status &= (uint16_t)~CIST_PCALL;
    L->errfunc = ci->old_errfunc;
}

int lua_pcallk(struct lua_State *L, int nargs, int nresults, int errfunc, lua_KContext ctx, lua_KFunction k)
{
    struct value *func = L->top - (nargs + 1);
    ptrdiff_t handler = 0;
    int status = LUA_OK;
    if (errfunc != 0)
        handler = stack_save(L, errfunc > 0 ? L->ci->func + errfunc : L->top + errfunc);
    if (k != NULL && is_yieldable(L)) {
        pcall_yieldable(L, func, nresults, handler, ctx, k);
    } else {
        struct call_args a = {func, nresults};
        status = protected_call(L, call_body, &a, stack_save(L, func), handler, NONYIELD | 1);
    }
    adjust_top(L, nresults);
    return status;
}

int lua_error(struct lua_State *L)
{
    const struct value *e = L->top - 1;
    if (e->tag == T_STR && e->s == L->g->memerrmsg)
        call_throw(L, LUA_ERRMEM);
    call_error(L);
}

/* ---- coroutines ---- */

static int resume_error(struct lua_State *L, const char *msg, int nargs)
{
    L->top -= nargs;
    setstr(L->top, str_newz(L, msg));
    L->top++;
    return LUA_ERRRUN;
}

static void resume_body(struct lua_State *L, void *ud)
{
    int n = *(int *)ud;
    struct value *first = L->top - n;
    struct callinfo *ci = L->ci;
    if (L->status == LUA_OK) {
        if (unlikely(call_depth(L) >= LUAI_MAXCCALLS))
            check_c_stack(L);
        struct callinfo *body = call_precall(L, first - 1, LUA_MULTRET);
        if (body != NULL) {
            body->status |= CIST_FRESH;
            vm_execute(L, body);
        }
        return;
    }
    L->status = LUA_OK;
    if (is_lua(ci)) { /* it yielded in a hook, before an instruction */
        L->top = first;
        vm_execute(L, ci);
        if (L->status == LUA_YIELD)
            return;
    } else {
        if (ci->k != NULL)
            n = ci->k(L, LUA_YIELD, ci->ctx);
        call_poscall(L, ci, n);
    }
    unroll(L, L, &L->base_ci);
}

int lua_resume(struct lua_State *L, struct lua_State *from, int nargs, int *nresults)
{
    if (L->status == LUA_OK) {
        if (L->ci != &L->base_ci)
            return resume_error(L, "cannot resume non-suspended coroutine", nargs);
        if (L->top - (L->ci->func + 1) == nargs)
            return resume_error(L, "cannot resume dead coroutine", nargs);
    } else if (L->status != LUA_YIELD) {
        return resume_error(L, "cannot resume dead coroutine", nargs);
    }
    L->nCcalls = from != NULL ? call_depth(from) + from->pcall_depth : 0;
    if (call_depth(L) >= LUAI_MAXCCALLS)
        return resume_error(L, "C stack overflow", nargs);
    L->resume_ccalls = ++L->nCcalls;
    int status = run_protected(L, resume_body, &nargs, 0);
    if (unlikely(status != LUA_OK))
        status = recover(L, &L->base_ci, status, 0);
    if (status == LUA_OK)
        status = L->status; /* a yield that the interpreter made returns here, one of a C function jumps */
    if (unlikely(call_is_error(status)))
        die(L, status);
    *nresults = status == LUA_YIELD ? L->ci->u2.nyield : (int)(L->top - (L->ci->func + 1));
    return status;
}

int lua_yieldk(struct lua_State *L, int nresults, lua_KContext ctx, lua_KFunction k)
{
    struct callinfo *ci = L->ci;
    if (unlikely(!is_yieldable(L)))
        dbg_runerror(L, L != L->g->mainthread ? "attempt to yield across a C-call boundary"
                                              : "attempt to yield from outside a coroutine");
    L->status = LUA_YIELD;
    ci->u2.nyield = nresults;
    if (is_lua(ci))
        return 0; /* in a hook: dbg_trace_exec throws */
    ci->k = k;
    ci->ctx = ctx;
    call_throw(L, LUA_YIELD);
}

int lua_isyieldable(struct lua_State *L)
{
    return is_yieldable(L);
}

int lua_status(struct lua_State *L)
{
    return L->status;
}

int call_reset_thread(struct lua_State *L, int status)
{
    struct callinfo *ci = L->ci = &L->base_ci;
    ci->func = L->stack;
    setnil(ci->func);
    ci->status = CIST_C;
    if (status == LUA_YIELD)
        status = LUA_OK;
    L->status = LUA_OK; /* so that __close metamethods can run */
    L->pcall_depth = 0;
    status = call_close_protected(L, stack_save(L, L->stack + 1), status);
    if (status != LUA_OK)
        call_set_error(L, status, L->stack + 1);
    else
        L->top = L->stack + 1;
    ci->top = L->top + LUA_MINSTACK;
    stack_realloc(L, (int)(ci->top - L->stack), false);
    return status;
}

/* ---- loading ---- */

struct load_args {
    struct zio *z;
    const char *name, *mode;
};

static void check_mode(struct lua_State *L, const char *mode, const char *kind)
{
    if (mode != NULL && strchr(mode, kind[0]) == NULL) {
        lua_pushfstring(L, "attempt to load a %s chunk (mode is '%s')", kind, mode);
        call_throw(L, LUA_ERRSYNTAX);
    }
}

static void load_body(struct lua_State *L, void *ud)
{
    struct load_args *a = ud;
    int c = zio_getc(a->z);
    struct lclosure *f;
    if (c == LUA_SIGNATURE[0]) {
        check_mode(L, a->mode, "binary");
        f = proto_undump(L, a->z, a->name);
    } else {
        check_mode(L, a->mode, "text");
        f = compile_text(L, a->z, a->name, c);
    }
    for (int i = 0; i < f->nupvals; i++) {
        if (f->upvals[i] == NULL) {
            f->upvals[i] = func_new_upval(L);
            gc_barrier_obj(L, f, f->upvals[i]);
        }
    }
}

int load_protected(struct lua_State *L, struct zio *z, const char *chunkname, const char *mode)
{
    struct load_args a = {z, chunkname, mode};
    L->nCcalls += NONYIELD;
    int status = call_protected(L, load_body, &a, stack_save(L, L->top), L->errfunc);
    L->nCcalls -= NONYIELD;
    return status;
}
