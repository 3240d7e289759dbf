/* coro.c: coroutine.resume, the functions of coroutine.wrap, and switching between coroutines.
 *
 * The obvious resume is a C function that sets up a setjmp and runs the coroutine in an interpreter of its own: that costs
 * more than what most coroutines do between two switches, and it takes C stack. Here Lua code that resumes a coroutine goes on
 * in it: the interpreter's loop has the other thread in its hands (coro_enter), until that one yields or ends and the loop
 * takes up the resumer again (coro_leave). What can be seen is as the C function leaves it: its frame stays on the
 * resumer's stack, and depth counts as C calls count.
 *
 * Invariants
 *  1. L->resumer is set from coro_enter to coro_leave or coro_deliver. An error that finds no catcher in its own thread goes to
 *     the resumer's, which gives it to the resumer (call.c, 5).
 *  2. That catcher throws away C activations, so a coroutine is entered so only where the resumer has none between the
 *     catcher and this loop (call_direct). Elsewhere, with debug hooks, and for a coroutine that a hook or a C
 *     function with a continuation suspended, the C function does it, with lua_resume.
 *  3. A suspended coroutine looks the same either way, and either way can resume it.
 *  4. Below the frame that waits for the coroutine is a Lua frame at a CALL, TFORCALL or TAILCALL, or the frame of a pcall
 *     that such a one called.
 *  5. The frame on the resumer's stack that waits is of coroutine.resume if its function is a light one, else of a
 *     function of coroutine.wrap.
 *
 * Before: vm.c, call.c (lua_resume). After: nothing.
 */
#pragma GCC visibility push(default)
#include <lua5.4/lua.h>
#include <lua5.4/lauxlib.h>
#pragma GCC visibility pop
#include "lua/guest.h"
#include "lua/opcodes.h"

/* ---- the C functions ---- */

/* The n values at co's top, or the one that it died of, come to the top of L. Number of results; -1: one, an error. */
static int take_results(struct lua_State *L, struct lua_State *co, int n, int status)
{
    bool failed = call_is_error(status);
    if (failed)
        n = 1;
    if (unlikely(L->stack_last - L->top <= n + 1 && !lua_checkstack(L, n + 1))) {
        co->top -= n;
        lua_pushliteral(L, "too many results to resume");
        return -1;
    }
    lua_xmove(co, L, n);
    return failed ? -1 : n;
}

/* Moves the topmost nargs values to co and resumes it; as take_results. */
static int resume_moving(struct lua_State *L, struct lua_State *co, int nargs)
{
    int n;
    if (unlikely(co->stack_last - co->top <= nargs && !lua_checkstack(co, nargs))) {
        lua_pushliteral(L, "too many arguments to resume");
        return -1;
    }
    lua_xmove(L, co, nargs);
    int status = lua_resume(co, L, nargs, &n);
    return take_results(L, co, n, status);
}

/* What coroutine.resume returns. */
static int resume_results(struct lua_State *L, int n)
{
    lua_pushboolean(L, n >= 0);
    n = n < 0 ? 1 : n;
    lua_insert(L, -(n + 1));
    return n + 1;
}

int coro_resume(struct lua_State *L)
{
    struct value *arg = L->ci->func + 1;
    if (arg >= L->top || arg->tag != T_THREAD)
        return L->ci->func->f(L); /* says what is wrong */
    return resume_results(L, resume_moving(L, arg->th, (int)(L->top - arg) - 1));
}

/* The error on top of L, of which co died or which kept it from being resumed, goes on in L. */
static _Noreturn void wrap_failed(struct lua_State *L, struct lua_State *co)
{
    int status = co->status;
    if (call_is_error(status)) { /* it died: its variables are closed first */
        status = lua_resetthread(co);
        lua_xmove(co, L, 1);
    }
    if (status != LUA_ERRMEM && L->top[-1].tag == T_STR) {
        luaL_where(L, 1);
        lua_insert(L, -2);
        lua_concat(L, 2);
    }
    lua_error(L);
    __builtin_unreachable();
}

int coro_wrap(struct lua_State *L)
{
    struct lua_State *co = L->ci->func->ccl->upvals[0].th;
    int n = resume_moving(L, co, (int)(L->top - L->ci->func) - 1);
    if (unlikely(n < 0))
        wrap_failed(L, co);
    return n;
}

/* ---- switching ---- */

/* n values from `from` on to `to`, as many as are wanted (-1: all). Where they end. */
static inline struct value *move_values(struct value *to, const struct value *from, int n, int wanted)
{
    int i;
    if (wanted < 0)
        wanted = n;
    for (i = 0; i < n && i < wanted; i++)
        setval(to + i, from + i);
    for (; i < wanted; i++)
        setnil(to + i);
    return to + wanted;
}

/* Is there nothing to be finished in this frame when the call that it made has its results? */
static inline bool is_simple(const struct callinfo *ci)
{
    if (unlikely(ci->status & CIST_C))
        return false;
    enum opcode op = ins_op(ci->pc[-1]);
    return op == OP_CALL || op == OP_TFORCALL;
}

struct lua_State *coro_settle(struct lua_State *th)
{
    if (likely(is_simple(th->ci)) || call_finish(th))
        return th;
    return coro_leave(th, (int)(th->top - (th->ci->func + 1))); /* its end */
}

/* Suspended in a coroutine.yield, or not begun. (After a yield in a hook, or with a continuation, lua_resume does it.) */
static inline bool can_go_on(const struct lua_State *co)
{
    const struct callinfo *ci = co->ci;
    if (likely(co->status == LUA_YIELD))
        return (ci->status & CIST_C) && ci->k == NULL && !(ci->status & (CIST_PCALL | CIST_CLOSERET));
    return co->status == LUA_OK && ci == &co->base_ci && co->top - 1 > ci->func && co->top[-1].tag == T_LCL;
}

static inline bool can_enter(struct lua_State *L, const struct lua_State *co, int nargs)
{
    if (co->stack_last - co->top <= nargs || co->hookmask != 0)
        return false;
    return can_go_on(co) && call_depth(L) + L->pcall_depth + 1 < LUAI_MAXCCALLS && call_direct(L);
}

struct lua_State *coro_enter(struct lua_State *L, struct value *fn, int nres)
{
    bool wrapped = fn->tag == T_CCL;
    struct value *args = fn + 1 + !wrapped;
    if (!wrapped && (args > L->top || args[-1].tag != T_THREAD))
        return NULL;
    struct lua_State *co = wrapped ? fn->ccl->upvals[0].th : args[-1].th;
    int nargs = (int)(L->top - args);
    if (unlikely(!can_enter(L, co, nargs)))
        return NULL;
    if (unlikely(L->stack_last - L->top <= LUA_MINSTACK)) {
        stack_grow(L, LUA_MINSTACK);
        args = L->top - nargs;
    }
    struct callinfo *frame = ci_next(L), *ci = co->ci;
    frame->func = args - 1 - !wrapped;
    frame->nresults = (int16_t)nres;
    frame->status = CIST_C;
    frame->top = L->top + LUA_MINSTACK;
    L->ci = frame;
    L->top = args;
    co->resumer = L;
    co->nCcalls = co->resume_ccalls = call_depth(L) + L->pcall_depth + 1;
    if (likely(co->status == LUA_YIELD)) {
        co->status = LUA_OK;
        co->top = move_values(ci->func, args, nargs, ci->nresults);
        co->ci = ci->prev;
        return likely(is_simple(co->ci)) ? co : coro_settle(co);
    } else {
        struct value *body = co->top - 1;
        co->top = move_values(co->top, args, nargs, nargs);
        call_precall(co, body, LUA_MULTRET)->status |= CIST_FRESH;
        return co;
    }
}

struct lua_State *coro_deliver(struct lua_State *co, int status)
{
    struct lua_State *L = co->resumer;
    struct callinfo *frame = L->ci;
    int n = status == LUA_YIELD ? co->ci->u2.nyield : (int)(co->top - (co->ci->func + 1));
    bool wrapped = frame->func->tag == T_CCL;
    co->resumer = NULL;
    n = take_results(L, co, n, status);
    if (!wrapped)
        n = resume_results(L, n);
    else if (n < 0)
        wrap_failed(L, co);
    call_poscall(L, frame, n);
    return L;
}

struct lua_State *coro_leave(struct lua_State *co, int n)
{
    struct lua_State *L = co->resumer;
    struct callinfo *frame = L->ci;
    struct value *res = frame->func;
    int wanted = frame->nresults;
    if (unlikely(L->stack_last - L->top <= n + 1 || L->hookmask != 0))
        return coro_settle(coro_deliver(co, co->status));
    co->resumer = NULL;
    co->top -= n;
    if (res->tag == T_LCF && wanted != 0) {
        setbool(res, true);
        res++;
        wanted -= wanted > 0;
    }
    L->top = move_values(res, co->top, n, wanted);
    L->ci = frame->prev;
    return likely(is_simple(L->ci)) ? L : coro_settle(L);
}
