/* jit.c: the guest's side of entering and leaving machine code.
 *
 * Invariants
 *  1. Machine code is entered only from the two slow paths here, in the interpreter's loop, with the
 *     frame complete and ci->pc saved.
 *  2. While a thread is recorded it runs interpreted; other threads may run machine code, and end the recording when
 *     they have a place to record themselves.
 *  3. L->jit_base and L->jit_ci describe the innermost entered activation of L and are restored by
 *     whoever ends it: here after a normal return, call_protected after an error.
 *  4. A thread with a debug hook never enters machine code. One that runs there when the hook is set (by a signal handler,
 *     by a function that it calls) leaves: vm->interrupt is up until the interpreter has the thread back, and a trace looks
 *     at hookmask behind each call of a C function.
 *
 * Before: vm.c. After: trace/, record.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include "base/dump.h"
#include "lua/fastfunc.h"
#include "lua/jit.h"
#include "lua/record.h"
#include "lua/pattern.h"
#include "lua/opcodes.h"

void lua_jit_recording(struct lua_State *L, bool on)
{
    L->g->recording = on;
    L->g->rec_L = on ? L : NULL;
}

static void hot_init(const struct jit_vm *vm, struct hot *h, int64_t threshold)
{
    h->start = vm && vm->params.jit ? (uint16_t)threshold : 65535;
    h->count = h->start;
}

static void proto_init(const struct jit_vm *vm, struct proto *p)
{
    hot_init(vm, &p->fhot, vm ? vm->params.function_threshold : 0);
    for (uint32_t i = 0; i < p->nhot; i++) hot_init(vm, &p->hot[i], vm ? vm->params.threshold : 0);
    for (uint32_t i = 0; i < p->np; i++) proto_init(vm, p->protos[i]);
}

void lua_jit_proto_init(struct lua_State *L, struct proto *p)
{
    proto_init(L->g->vm, p);
    if (jit_dump_wants("bc")) proto_print(p);
}

/* ---- open and close ---- */

/* One record per frame that a trace can have, for exits when memory is short. May collect. */
static bool reserve_fill(struct lua_State *L)
{
    struct global *g = L->g;
    while (g->ci_nreserve < JIT_REC_MAX_FRAMES) {
        struct callinfo *ci = mem_try_realloc(L, NULL, 0, sizeof *ci);
        if (!ci) return false;
        ci->next = g->ci_reserve;
        g->ci_reserve = ci;
        g->ci_nreserve++;
    }
    return true;
}

static void reserve_free(struct lua_State *L)
{
    for (struct callinfo *ci = L->g->ci_reserve, *next; ci; ci = next) {
        next = ci->next;
        mem_free(L, ci, sizeof *ci);
    }
    L->g->ci_reserve = NULL;
    L->g->ci_nreserve = 0;
}

void lua_jit_open(struct lua_State *L)
{
    struct global *g = L->g;
    if (fastfunc_in_scratch()) return;
    lua_jit_preload(L);
    g->vm = jit_vm_new(&lua_driver, g);
    if (!g->vm) return;
    const char *env = secure_getenv("JITSTAT"), *err;
    if (env && !jit_set_param(g->vm, env, &err)) fprintf(stderr, "JITSTAT=%s: %s\n", env, err);
    if (!reserve_fill(L)) lua_jit_close(L);
}

void lua_jit_close(struct lua_State *L)
{
    struct global *g = L->g;
    if (!g->vm) return;
    struct jit_vm *vm = g->vm;
    g->vm = NULL;
    lua_jit_recording(L, false);
    jit_vm_free(vm);
    mem_free(L, L->g->match, L->g->match ? sizeof *L->g->match : 0);
    L->g->match = NULL;
    reserve_free(L);
}

int lua_jit_set_param(struct lua_State *L, const char *text, const char **err)
{
    *err = "this state has no JIT (no memory for it)";
    return L->g->vm && jit_set_param(L->g->vm, text, err) ? 0 : -1;
}

/* ---- entering ---- */

static void jit_record_begin(struct lua_State *L)
{
    vm_know_functions(L);
    lua_jit_recording(L, true);
    rec_lua_start(L, L->g->vm->rec);
    if (!L->g->vm->rec) lua_jit_recording(L, false);
}

/* The collector's turn behind an instruction that allocates, as the interpreter does it: with the registers that are in use
 * there and no others, or a loop could wait for ever for the finalizer of what a temporary has left in one. */
static void collect_due(struct lua_State *L)
{
    struct callinfo *ci = L->ci;
    lua_ins i = ci->pc[-1];
    unsigned a = ins_a(i), b = ins_b(i);
    if (L->g->gc_debt <= 0) return;
    if (ins_op(i) == OP_NEWTABLE || ins_op(i) == OP_CLOSURE || ins_op(i) == OP_CONCAT) {
        L->top = ci->func + 1 + (ins_op(i) == OP_CONCAT && b > a ? b : a) + 1;
        ci->status |= CIST_EXACT;
    }
    gc_step(L);
    ci->status &= (uint16_t)~CIST_EXACT;
}

static void jit_enter(struct lua_State *L, struct callinfo *ci, struct jit_trace *t)
{
    struct jit_vm *vm = L->g->vm;
    if (unlikely(L->g->ci_nreserve < JIT_REC_MAX_FRAMES) && !reserve_fill(L)) return;
    if (unlikely(L->stack_last - (ci->func + 1) <= (ptrdiff_t)t->stack_room)) {
        L->top = ci->top;
        stack_grow(L, (int)t->stack_room);
    }
    ptrdiff_t old_base = L->jit_base ? stack_save(L, L->jit_base) : -1;
    struct callinfo *old_ci = L->jit_ci;
    ptrdiff_t old_errfunc = L->jit_errfunc;
    uint32_t old_pdepth = L->jit_pdepth;
    bool record;
    L->jit_base = ci->func + 1;
    L->jit_ci = ci;
    L->jit_errfunc = L->errfunc;
    L->jit_pdepth = L->pcall_depth;
    enum jit_exit_kind kind = jit_run(vm, L, L->jit_base, t, &record);
    L->jit_base = old_base < 0 ? NULL : stack_restore(L, old_base);
    L->jit_ci = old_ci;
    L->jit_errfunc = old_errfunc;
    L->jit_pdepth = old_pdepth;
    if (unlikely(L->jit_nomem)) {
        L->jit_nomem = 0;
        if (record) jit_record_begin(L); /* the error ends it as any other */
        call_throw(L, LUA_ERRMEM);
    }
    if (record) jit_record_begin(L);
    else if (kind == JIT_EXIT_DUE) collect_due(L);
}

static bool jit_may(struct lua_State *L)
{
    return L->g->vm && !L->hookmask && !(L->g->recording && L->g->rec_L == L);
}

/* A thread that is recorded and waits in a C function (pcall, string.gsub) for another's end or yield keeps nobody from
 * recording: the work may be here for as long as the program runs. */
static void end_waiting(const struct lua_State *L)
{
    struct global *g = L->g;
    if (g->recording && g->rec_L != L && !g->gc_quiet) lua_jit_abort(g->rec_L, JITSTAT_A_COROUTINE);
}

/* The slow path of one counter that ran out. */
static void jit_tick(struct lua_State *L, struct callinfo *ci, struct hot *h, struct jit_key key, int kind)
{
    struct jit_vm *vm = L->g->vm;
    h->count = h->start;
    if (unlikely(vm && vm->interrupt)) jit_interrupt(vm, false); /* met; a signal from here on puts it up again */
    if (!jit_may(L)) {
        if (h->trace) h->count = 1;
        return;
    }
    struct jit_trace *t = h->trace;
    bool record = false;
    if (!t) end_waiting(L);
    if (t && !vm->interrupt && t->state == JIT_TR_LIVE) h->count = 1;
    else t = jit_hot(vm, L, key, kind, &record);
    if (t) jit_enter(L, ci, t);
    else if (record) jit_record_begin(L);
}

void lua_jit_loop(struct lua_State *L, struct callinfo *ci, struct hot *h, lua_ins *pc)
{
    struct proto *p = ci->func->lcl->p;
    ci->pc = pc;
    h->pc = (uint32_t)(pc - p->code);
    jit_tick(L, ci, h, (struct jit_key){.code = p, .pc = h->pc}, JITSTAT_KIND_LOOP);
}

void lua_jit_func(struct lua_State *L, struct callinfo *ci)
{
    struct proto *p = ci->func->lcl->p;
    jit_tick(L, ci, &p->fhot, (struct jit_key){.code = p, .pc = lua_frame_pc(ci)}, JITSTAT_KIND_ENTRY);
}

/* ---- recording ---- */

void lua_jit_record(struct lua_State *L, struct callinfo *ci)
{
    struct jit_vm *vm = L->g->vm;
    if (!vm->rec) {
        lua_jit_recording(L, false);
        return;
    }
    rec_lua_ins(L, vm->rec, ci);
    if (!vm->rec) lua_jit_recording(L, false);
}

bool lua_jit_catches(struct lua_State *L)
{
    const struct jit_recorder *r = L->g->vm ? L->g->vm->rec : NULL;
    return r && r->guest && ((const struct rec_lua *)r->guest)->throws;
}

void lua_jit_abort(struct lua_State *L, int why)
{
    struct jit_vm *vm = L->g->vm;
    if (!vm || !vm->rec || L->g->rec_L != L) return;
    jit_rec_abort(vm->rec, (enum jitstat_abort)why);
    lua_jit_recording(L, false);
}

/* ---- what makes code invalid ---- */

void lua_jit_class_changed(struct lua_State *L, struct table *t)
{
    if (L->g->vm) jit_invalidate(L->g->vm, t);
}
void lua_jit_protos_free(struct lua_State *L, void **protos, uint32_t n)
{
    if (L->g->vm) jit_forget_code(L->g->vm, protos, n);
}
void lua_jit_flush(struct lua_State *L, const char *why)
{
    const char *file = NULL;
    int line = 0;
    const struct callinfo *ci = L->ci;
    while (ci && (ci->status & CIST_C)) ci = ci->prev;
    if (!L->g->vm) return;
    if (ci && ci->func->tag == T_LCL) lua_driver.place(ci->func->lcl->p, lua_frame_pc(ci) - (lua_frame_pc(ci) > 0), &file, &line);
    jit_flush(L->g->vm, why, file, line);
}
void lua_jit_hook_set(struct lua_State *L)
{
    if (L->g->vm) jit_interrupt(L->g->vm, true);
}

struct mark_arg {
    struct lua_State *L;
    void (*mark)(struct lua_State *, struct gcobj *);
};
static void mark_one(void *arg, void *object)
{
    struct mark_arg *m = arg;
    m->mark(m->L, object);
}

void lua_jit_mark(struct lua_State *L, void (*mark)(struct lua_State *, struct gcobj *))
{
    struct mark_arg m = {L, mark};
    if (L->g->vm) jit_mark(L->g->vm, mark_one, &m);
}

/* ---- unwinding ---- */

void lua_jit_unwind_save(struct lua_State *L, struct lua_jit_unwind *u)
{
    u->running = L->g->vm ? L->g->vm->running : 0;
    u->base = L->jit_base ? stack_save(L, L->jit_base) : -1;
    u->ci = L->jit_ci;
    u->errfunc = L->jit_errfunc;
    u->pdepth = L->jit_pdepth;
}

void lua_jit_unwind_restore(struct lua_State *L, const struct lua_jit_unwind *u)
{
    if (L->g->vm) L->g->vm->running = u->running;
    L->jit_base = u->base < 0 ? NULL : stack_restore(L, u->base);
    L->jit_ci = u->ci;
    L->jit_errfunc = u->errfunc;
    L->jit_pdepth = u->pdepth;
}

struct jit_vm *jitstat_vm_of_lua(struct lua_State *L);
__attribute__((visibility("default"))) struct jit_vm *jitstat_vm_of_lua(struct lua_State *L) { return L->g->vm; }
