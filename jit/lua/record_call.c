/* record_call.c: calls, returns, varargs and loops: everything that moves between frames or closes
 * a trace.
 *
 * Lua functions are inlined: their frames exist in the resume data only and become real when the
 * trace is left. Recursion is cut by a jump to the function's own entry, and a return below the
 * frame in which the trace was entered goes on in the caller after a guard on where it returns
 * to, so neither costs C stack. An error that an inlined pcall catches drops the frames above it.
 *
 * Before: record.c. After: trace/recorder.c.
 */
#include "lua/record.h"

#define MAX_RETURNS_BELOW 4
#define MANY_RESULTS 40 /* of a C function */
#define MAX_INLINE_RETURNS 2 /* the next place returned to gets a trace of its own */
#define UNROLL_OPS 300 /* recorded already: a loop of few rounds is not unrolled any more, but entered */
#define MAX_TAIL_CALLS 4 /* of the lowest frame; the next goes to the callee's own trace */

static uint64_t pc_index(const struct rec_lua *rl) { return (uint64_t)(rl->pc - rl->p->code); }

/* ---- heads of loops and functions ---- */

static bool in_entry_frame(const struct jit_recorder *r) { return r->nframes == 1 && r->base == 0 && r->frames[0].base == 0; }

static struct jit_trace *root_of(struct jit_trace *t)
{
    while (t->parent) t = t->parent;
    return t;
}

/* Ends the recording by a jump to t's start. */
static bool link_to(struct rec_lua *rl, struct jit_trace *t)
{
    jit_rec_close_link(rl->r, t);
    return true;
}

static struct jit_trace *trace_at(const struct rec_lua *rl, int place)
{
    struct jit_key key = {.code = rl->p, .pc = pc_index(rl)};
    return jit_trace_of(rl->r->vm, key, place);
}

/* The trace of the loop whose head this is, entered from wherever. */
static struct jit_trace *loop_trace(const struct rec_lua *rl, uint32_t pc)
{
    for (uint32_t i = 0; i < rl->p->nhot; i++)
        if (rl->p->hot[i].pc == pc && rl->p->hot[i].trace) return trace_at(rl, JITSTAT_KIND_LOOP);
    return NULL;
}

/* The entry of the loop whose head this is, or the free one, or the last one, which many may share. */
static uint32_t unroll_at(const struct rec_lua *rl, const lua_ins *head)
{
    uint32_t i = 0;
    while (i < 15 && rl->unroll[i].head && rl->unroll[i].head != head) i++;
    return i;
}

/* A loop of few rounds, as constants say, is part of this trace although it has one of its own: that one would be left
 * as soon as it is entered, and where its function returns then, machine code may end. */
static bool unrolls(const struct rec_lua *rl)
{
    uint32_t i = unroll_at(rl, rl->pc);
    return rl->unroll[i].head == rl->pc && rl->unroll[i].few && rl->r->ir.ops.n < UNROLL_OPS &&
           rl->unroll[i].count < (uint32_t)rl->r->vm->params.max_unroll_loops;
}

/* A back edge to a loop that has no trace, or of few rounds. A loop that began in this recording may go round a few times; any other
 * becomes hot at once and is traced from its own head, which is where this recording will then lead to. */
static void unroll(struct rec_lua *rl, uint32_t pc)
{
    struct jit_recorder *r = rl->r;
    uint32_t i = unroll_at(rl, rl->pc);
    struct jit_key key = {.code = rl->p, .pc = pc};
    /* A loop that mostly leaves in its first round gets no trace of its own: unrolled where it is met. */
    bool began_here = rl->unroll[i].head != NULL || jit_aborts_at(r->vm, key, JITSTAT_KIND_LOOP) > 0;
    rl->unroll[i].head = rl->pc;
    if (began_here && ++rl->unroll[i].count <= (uint32_t)r->vm->params.max_unroll_loops) return;
    r->vm->driver->back_off(r->vm->user, key, JITSTAT_KIND_LOOP, 2);
    rl_fail(rl, began_here ? JITSTAT_A_INNER_LOOP : JITSTAT_A_RETRY);
}

/* A loop begins in this recording: its head is the next instruction. */
static void loop_begins(struct rec_lua *rl, const lua_ins *head, bool few)
{
    uint32_t i = unroll_at(rl, head);
    if (i == 15) return;
    rl->unroll[i].head = head;
    rl->unroll[i].count = 0;
    rl->unroll[i].few = few;
}

static bool function_place(const struct jit_recorder *r, const struct proto *p)
{
    return !r->parent && r->place == JITSTAT_KIND_ENTRY && r->key.code == p && r->key.pc == (uint64_t)p->is_vararg;
}

/* The lowest frame has returned: its caller goes on here. Recursion comes back to the same few places, from everywhere:
 * they have traces of their own, which are entered by links only, so that each way down does not have to be
 * compiled with each way up. */
static bool return_head(struct rec_lua *rl)
{
    struct jit_recorder *r = rl->r;
    struct jit_key key = {.code = rl->p, .pc = pc_index(rl)};
    bool root = !r->parent && r->place == JITSTAT_KIND_ENTRY;
    if (root && r->key.code == key.code && r->key.pc == key.pc) {
        jit_rec_close_loop(r);
        return true;
    }
    struct jit_trace *t = trace_at(rl, JITSTAT_KIND_ENTRY);
    if (t) return link_to(rl, t);
    bool here = root && r->key.pc != (uint64_t)((struct proto *)r->key.code)->is_vararg; /* itself such a trace */
    if (here || rl->nret_below < MAX_INLINE_RETURNS || jit_aborts_at(r->vm, key, JITSTAT_KIND_ENTRY) > 1) return false;
    rl->restart = JITSTAT_KIND_ENTRY;
    rl_fail(rl, JITSTAT_A_RETRY);
    return false;
}

/* The lowest frame has made a tail call. A few are followed; a chain of them, or one back into the function whose tree
 * this is, goes on in the callee's own trace. */
static bool tail_head(struct rec_lua *rl)
{
    struct jit_recorder *r = rl->r;
    struct jit_trace *t = trace_at(rl, JITSTAT_KIND_ENTRY);
    bool own = function_place(r, rl->p) && in_entry_frame(r);
    if (rl->p->is_vararg) { /* the target reads its varargs from memory */
        if (rl->ntail > MAX_TAIL_CALLS) rl_fail(rl, JITSTAT_A_RECURSION);
        return false;
    }
    if (own) {
        jit_rec_close_loop(r);
        return true;
    }
    if (t && (rl->ntail > MAX_TAIL_CALLS || (r->parent && t == root_of(r->parent->code->trace)))) return link_to(rl, t);
    if (rl->ntail > 2 * MAX_TAIL_CALLS) {
        r->vm->driver->back_off(r->vm->user, (struct jit_key){.code = rl->p, .pc = pc_index(rl)}, JITSTAT_KIND_ENTRY, 2);
        rl_fail(rl, JITSTAT_A_RETRY);
    }
    return false;
}

/* The tag of the slot whose type the bridge's guard is about; 0: there is none. */
uint32_t rl_typed_tag(const struct rec_lua *rl)
{
    const struct jit_exit *e = rl->r->parent;
    return e && e->entry_type && e->typed_slot != JIT_SLOT_PART ? (rl->base - rl->r->base)[e->typed_slot].tag : 0;
}

/* Called before each instruction but the first. Are we where a trace starts? */
bool rl_at_head(struct rec_lua *rl)
{
    struct jit_recorder *r = rl->r;
    uint64_t pc = pc_index(rl);
    bool func_head = rl->entered && pc == (uint64_t)rl->p->is_vararg;
    if (rl->entered && pc >= (uint64_t)rl->p->is_vararg) rl->entered = false;
    if (rl_failed(rl)) return false;
    bool back = rl->at_loop, returned = rl->returned;
    rl->at_loop = rl->returned = false;
    if (returned) return return_head(rl);
    if (back && !r->parent && r->place == JITSTAT_KIND_LOOP && r->key.code == rl->p && r->key.pc == pc && in_entry_frame(r)) {
        jit_rec_close_loop(r);
        return true;
    }
    struct jit_trace *other, *t = loop_trace(rl, (uint32_t)pc);
    if (t && back && in_entry_frame(r) && rl->typed == rl_typed_tag(rl) && jit_rec_outdated(r, t, rl->typed, &other)) {
        if (other) return link_to(rl, other);
        rl->restart = JITSTAT_KIND_LOOP;
        rl_fail(rl, JITSTAT_A_RETRY);
        return false;
    }
    if (t && !unrolls(rl)) return link_to(rl, t);
    if (back) {
        unroll(rl, (uint32_t)pc);
        return false;
    }
    if (!func_head) return false;
    if (rl->ntail && r->nframes == 1) return tail_head(rl);
    uint32_t depth = 0;
    for (uint32_t i = 0; i < r->nframes; i++) depth += r->frames[i].code == (uint64_t)(uintptr_t)rl->p;
    bool own = function_place(r, rl->p);
    if (depth <= (uint32_t)r->vm->params.max_unroll_recursion && !(own && in_entry_frame(r))) return false;
    if (rl->p->is_vararg) { /* the target reads its varargs from memory */
        rl_fail(rl, JITSTAT_A_RECURSION);
        return false;
    }
    if (own) {
        jit_rec_close_loop(r);
        return true;
    }
    t = trace_at(rl, JITSTAT_KIND_ENTRY);
    if (t) return link_to(rl, t);
    rl_fail(rl, JITSTAT_A_RECURSION);
    return false;
}

void rl_back_edge(struct rec_lua *rl, const lua_ins *head)
{
    (void)head;
    rl->at_loop = true;
}

/* ---- numeric for ---- */

static struct rv as_float(struct rec_lua *rl, struct rv v)
{
    if (v.tag == T_INT) v.ref = jit_rec_op1(rl->r, JIT_cast_int_to_float, v.ref);
    return (struct rv){v.ref, T_FLT};
}

static void forprep_int(struct rec_lua *rl, unsigned a)
{
    struct jit_recorder *r = rl->r;
    const struct value *ra = rl->base + a;
    struct rv init = rl_get(rl, a), limit = rl_get(rl, a + 1), step = rl_get(rl, a + 2);
    if (ra[1].tag != T_INT || ra[2].i == 0) {
        rl_fail(rl, JITSTAT_A_NYI_TYPE);
        return;
    }
    int64_t s = ra[2].i; /* only its sign is fixed: a loop over primes has a new step each time */
    if (!jit_ref_is_const(step.ref)) jit_rec_guard_true(r, jit_rec_op2(r, s > 0 ? JIT_int_gt : JIT_int_lt, step.ref, jit_rec_ki(r, 0)));
    bool skip = s > 0 ? ra[0].i > ra[1].i : ra[0].i < ra[1].i;
    jit_ref c = jit_rec_op2(r, s > 0 ? JIT_int_gt : JIT_int_lt, init.ref, limit.ref);
    if (skip) {
        jit_rec_guard_true(r, c);
        return;
    }
    jit_rec_guard_false(r, c);
    jit_ref d = s > 0 ? jit_rec_op2(r, JIT_int_sub, limit.ref, init.ref) : jit_rec_op2(r, JIT_int_sub, init.ref, limit.ref);
    if (!jit_ref_is_const(step.ref) || (s != 1 && s != -1)) {
        jit_ref args[2] = {d, s > 0 ? step.ref : jit_rec_op1(r, JIT_int_neg, step.ref)};
        d = jit_rec_call(r, &d_call_i_ii, (const void *)trh_udiv, args, 2);
    }
    rl_set(rl, a + 1, (struct rv){d, T_INT});
    rl_set(rl, a + 3, init);
}

static void forprep_float(struct rec_lua *rl, unsigned a)
{
    struct jit_recorder *r = rl->r;
    const struct value *ra = rl->base + a;
    for (int i = 0; i < 3; i++)
        if (!tag_is_number(ra[i].tag)) {
            rl_fail(rl, JITSTAT_A_NYI_TYPE);
            return;
        }
    double s = ra[2].tag == T_INT ? (double)ra[2].i : ra[2].n, lim = ra[1].tag == T_INT ? (double)ra[1].i : ra[1].n,
           ini = ra[0].tag == T_INT ? (double)ra[0].i : ra[0].n;
    if (s == 0) {
        rl_fail(rl, JITSTAT_A_ERROR);
        return;
    }
    struct rv init = as_float(rl, rl_get(rl, a)), limit = as_float(rl, rl_get(rl, a + 1)), step = as_float(rl, rl_get(rl, a + 2));
    jit_ref zero = jit_rec_kf(r, 0.0);
    jit_ref pos = jit_rec_op2(r, JIT_float_gt, step.ref, zero);
    if (s > 0) jit_rec_guard_true(r, pos);
    else jit_rec_guard_true(r, jit_rec_op2(r, JIT_float_lt, step.ref, zero));
    jit_ref c = s > 0 ? jit_rec_op2(r, JIT_float_lt, limit.ref, init.ref) : jit_rec_op2(r, JIT_float_lt, init.ref, limit.ref);
    if (s > 0 ? lim < ini : ini < lim) {
        jit_rec_guard_true(r, c);
        return;
    }
    jit_rec_guard_false(r, c);
    rl_set(rl, a, init);
    rl_set(rl, a + 1, limit);
    rl_set(rl, a + 2, step);
    rl_set(rl, a + 3, init);
}

/* Do constants say that the loop goes round no more often than may be unrolled? */
static bool few_rounds(struct rec_lua *rl, unsigned a)
{
    const struct value *ra = rl->base + a;
    uint64_t most = (uint64_t)rl->r->vm->params.max_unroll_loops;
    for (unsigned i = 0; i < 3; i++)
        if (ra[i].tag != T_INT || !jit_ref_is_const(rl_get(rl, a + i).ref)) return false;
    uint64_t init = (uint64_t)ra[0].i, limit = (uint64_t)ra[1].i, step = (uint64_t)ra[2].i;
    if (ra[2].i > 0) return ra[0].i <= ra[1].i && (limit - init) / step <= most;
    return ra[2].i < 0 && ra[0].i >= ra[1].i && (init - limit) / -step <= most;
}

void rl_op_forprep(struct rec_lua *rl)
{
    unsigned a = ins_a(*rl->pc);
    loop_begins(rl, rl->pc + 1, few_rounds(rl, a));
    if (rl->base[a].tag == T_INT && rl->base[a + 2].tag == T_INT) forprep_int(rl, a);
    else forprep_float(rl, a);
}

static bool forloop_int(struct rec_lua *rl, unsigned a)
{
    struct jit_recorder *r = rl->r;
    struct rv idx = rl_get(rl, a), left = rl_get(rl, a + 1), step = rl_get(rl, a + 2);
    jit_ref c = jit_rec_op1(r, JIT_int_is_true, left.ref);
    if (rl->base[a + 1].i == 0) {
        jit_rec_guard_false(r, c);
        return false;
    }
    jit_rec_guard_true(r, c);
    struct rv n = {jit_rec_op2(r, JIT_int_add, idx.ref, step.ref), T_INT};
    rl_set(rl, a, n);
    rl_set(rl, a + 1, (struct rv){jit_rec_op2(r, JIT_int_sub, left.ref, jit_rec_ki(r, 1)), T_INT});
    rl_set(rl, a + 3, n);
    return true;
}

static bool forloop_float(struct rec_lua *rl, unsigned a)
{
    struct jit_recorder *r = rl->r;
    const struct value *ra = rl->base + a;
    struct rv idx = rl_get(rl, a), limit = rl_get(rl, a + 1), step = rl_get(rl, a + 2);
    bool up = ra[2].n > 0;
    jit_ref pos = jit_rec_op2(r, JIT_float_gt, step.ref, jit_rec_kf(r, 0.0));
    if (up) jit_rec_guard_true(r, pos);
    else jit_rec_guard_false(r, pos);
    jit_ref n = jit_rec_op2(r, JIT_float_add, idx.ref, step.ref);
    double next = ra[0].n + ra[2].n;
    bool taken = up ? next <= ra[1].n : ra[1].n <= next;
    jit_ref c = up ? jit_rec_op2(r, JIT_float_le, n, limit.ref) : jit_rec_op2(r, JIT_float_le, limit.ref, n);
    if (taken) jit_rec_guard_true(r, c);
    else jit_rec_guard_false(r, c);
    if (!taken) return false;
    rl_set(rl, a, (struct rv){n, T_FLT});
    rl_set(rl, a + 3, (struct rv){n, T_FLT});
    return true;
}

void rl_op_forloop(struct rec_lua *rl)
{
    lua_ins i = *rl->pc;
    unsigned a = ins_a(i);
    bool taken = rl->base[a + 2].tag == T_INT ? forloop_int(rl, a) : forloop_float(rl, a);
    if (taken) rl_back_edge(rl, rl->pc + 1 + ins_e(i));
}

/* ---- calls ---- */

static void frame_of(struct jit_resume_frame *f, int32_t base, const struct proto *p, int nresults, uint32_t status)
{
    *f = (struct jit_resume_frame){.base = base, .code = (uint64_t)(uintptr_t)p, .flags = status, .aux = {(uint16_t)(nresults + 1), 0}};
}

void rl_guard_func(struct rec_lua *rl, jit_ref f, const struct value *now)
{
    struct jit_recorder *r = rl->r;
    if (jit_ref_is_const(f)) return;
    if (now->tag == T_LCL) jit_rec_guard_value(r, jit_rec_get(r, &d_lcl_proto, f), jit_rec_kr(r, now->lcl->p, true));
    else if (now->tag == T_CCL) jit_rec_guard_value(r, jit_rec_get(r, &d_ccl_f, f), jit_rec_kr(r, (void *)(uintptr_t)now->ccl->f, false));
    else jit_rec_guard_value(r, f, jit_rec_kr(r, now->p, false));
}

/* The present frame waits for a call's results. */
static void suspend_frame(struct rec_lua *rl, uint32_t status)
{
    struct jit_recorder *r = rl->r;
    r->frames[r->nframes - 1].pc = pc_index(rl) + 1;
    if (!(status & CIST_TAIL)) r->frames[r->nframes - 1].flags &= ~(LJF_OPEN | LJF_KEEPTOP);
}

static bool may_inline(const struct rec_lua *rl, const struct proto *p) { return rl->r->vm->params.inlining && !p->nojit; }

/* p's first instruction is next; its frame is there, its function in fslot and nargs arguments behind it. */
static void enter_lua(struct rec_lua *rl, int32_t fslot, struct proto *p, int nargs)
{
    struct jit_recorder *r = rl->r;
    jit_rec_keep(r, p);
    for (int n = nargs; n < p->numparams; n++) jit_rec_set(r, fslot + 1 + n, JIT_NOREF, T_NIL);
    if (!p->is_vararg) jit_rec_forget(r, fslot + 1 + p->numparams, r->slot_hi);
    rl->nargs = (uint32_t)(nargs > p->numparams ? nargs : p->numparams);
    rl->entered = true;
    rl->open = rl->opened = p->is_vararg; /* VARARGPREP takes what is up to top */
    rl->open_top = fslot + 1 + (int32_t)rl->nargs;
}

static void push_lua(struct rec_lua *rl, int32_t fslot, struct proto *p, int nargs, int nresults, uint32_t status)
{
    struct jit_resume_frame f;
    frame_of(&f, fslot + 1, p, nresults, status);
    if (!jit_rec_push_frame(rl->r, &f)) return;
    enter_lua(rl, fslot, p, nargs);
    rl->caller = rl->L->ci;
    rl->ci_new = true;
}

/* Inlines a Lua function whose frame the interpreter is about to make: func in abs slot fslot, nargs arguments behind it,
 * nresults wanted (-1 all). status: CIST_CONT for metamethods. The closure's identity must be guarded by rl_guard_func. */
static void call_lua(struct rec_lua *rl, int32_t fslot, struct lclosure *cl, int nargs, int nresults, uint32_t status)
{
    if (!may_inline(rl, cl->p)) {
        rl_fail(rl, JITSTAT_A_NYI_CALL);
        return;
    }
    suspend_frame(rl, status);
    push_lua(rl, fslot, cl->p, nargs, nresults, status);
}

/* As call_pcall sets it up: the callee's frame stands on a C frame that catches. Both become real only where the trace is
 * left, so a call that does not fail costs nothing. */
bool rl_call_pcall(struct rec_lua *rl, int32_t fslot, const struct value *f, int nargs, int nresults, bool is_xpcall)
{
    struct jit_recorder *r = rl->r;
    const struct value *callee = f + 1;
    uint32_t depth = 0;
    if (rl->tail || nargs < 1 + is_xpcall || callee->tag != T_LCL || (is_xpcall && !tag_is_function(f[2].tag))) return false;
    if (!may_inline(rl, callee->lcl->p) || r->nframes + 2 > JIT_REC_MAX_FRAMES || !call_pcall_here(rl->L, rl->L->pcall_depth)) return false;
    for (uint32_t i = 0; i < r->nframes; i++) depth += (r->frames[i].flags & CIST_C) != 0;
    jit_ref args[2] = {trh_context(rl), jit_rec_ki(r, depth)};
    jit_rec_guard_true(r, jit_rec_call(r, &d_call_pcall, (const void *)trh_pcall_here, args, 2));
    struct jit_rec_slot fn = *jit_rec_slot(r, fslot + 1);
    rl_guard_func(rl, fn.ref, callee);
    if (is_xpcall) { /* xpcall f handler ... -> xpcall handler f ... */
        struct jit_rec_slot h = *jit_rec_slot(r, fslot + 2);
        jit_rec_set(r, fslot + 1, h.ref, h.tag);
        jit_rec_set(r, fslot + 2, fn.ref, fn.tag);
    }
    suspend_frame(rl, 0);
    struct jit_resume_frame c = {.base = fslot + 1, .flags = CIST_C | CIST_PCALL, .aux = {(uint16_t)(nresults + 1), is_xpcall}};
    if (!jit_rec_push_frame(r, &c)) return true;
    push_lua(rl, fslot + 1 + is_xpcall, callee->lcl->p, nargs - 1 - is_xpcall, -1, CIST_CONT);
    rl->via_pcall = true;
    return true;
}

/* Results of a C call: their tags are known now that the interpreter has made it. */
static void ccall_results(struct rec_lua *rl)
{
    struct jit_recorder *r = rl->r;
    const struct value *entry = rl->base - r->base;
    int32_t from = rl->pend_slot, n = rl->pend_n;
    struct jit_resume_frame *f = &r->frames[r->nframes - 1];
    if (n < 0) {
        n = (int32_t)(rl->L->top - (entry + from));
        if (n > MANY_RESULTS) { /* each would be an operation or two; they are in memory, where the interpreter takes them */
            f->flags = (f->flags & ~LJF_OPEN) | LJF_KEEPTOP;
            r->resume_dirty = true;
            rl_end_before(rl, JITSTAT_A_FRAMES);
            return;
        }
        f->flags = (f->flags & ~LJF_OPEN) | LJF_KEEPTOP;
        r->resume_dirty = true;
        jit_rec_guard_value(r, rl->pend_ref, jit_rec_ki(r, n));
        rl->open = true;
        rl->open_top = from + n;
        f->flags = (f->flags & ~LJF_KEEPTOP) | LJF_OPEN;
        f->aux[1] = (uint32_t)rl->open_top;
        r->resume_dirty = true;
        if (r->top < rl->open_top) r->top = rl->open_top;
    }
    jit_rec_guard_value(r, jit_rec_get(r, &d_state_hookmask, trh_context(rl)), jit_rec_ki(r, 0));
    jit_rec_depend(r, r->ndeps ? r->deps[0] : rl->p); /* the called code may have changed what the trace relies on */
    for (int32_t s = from; s < from + n; s++) jit_rec_reload(r, s, entry[s].tag, tag_type(entry[s].tag));
    rl_reload_captured(rl);
}

void rl_results_at_top(struct rec_lua *rl)
{
    struct jit_recorder *r = rl->r;
    struct jit_resume_frame *f = &r->frames[r->nframes - 1];
    const struct value *entry = rl->base - r->base;
    rl->open_top = (int32_t)(rl->L->top - entry);
    f->flags = (f->flags & ~LJF_OPEN) | LJF_KEEPTOP;
    r->resume_dirty = true;
    jit_ref k = jit_rec_ki(r, rl->open_top);
    jit_rec_guard_true(r, jit_rec_op2(r, JIT_ptr_eq, jit_rec_get(r, &d_state_top, trh_context(rl)), jit_rec_op1(r, JIT_getframeaddr, k)));
    f->flags = (f->flags & ~LJF_KEEPTOP) | LJF_OPEN;
    f->aux[1] = (uint32_t)rl->open_top;
    r->resume_dirty = true;
    if (r->top < rl->open_top) r->top = rl->open_top;
    rl->open = true;
}

/* The call has been emitted: its results will be in memory from slot `from` on. */
static void expect_results(struct rec_lua *rl, int32_t from, int n)
{
    struct jit_recorder *r = rl->r;
    jit_rec_forget(r, from, r->slot_hi);
    /* The call has stored all registers: an exit behind it leaves them as they are, also if debug.setlocal changed one. */
    for (int32_t s = r->slot_lo; s < r->slot_hi; s++) jit_rec_slot(r, s)->flags &= (uint8_t)~JIT_SL_WRITTEN;
    rl->nfresh = 0; /* the collector may run there */
    rl->pending = ccall_results;
    rl->pend_slot = from;
    rl->pend_n = n;
    rl->open = false;
}

/* A call of a C function through SYNC: results are read back before the next instruction. */
static void call_c(struct rec_lua *rl, int32_t fslot, int nargs, int nresults)
{
    struct jit_recorder *r = rl->r;
    jit_ref args[4] = {trh_context(rl), jit_rec_ki(r, fslot - r->base), jit_rec_ki(r, nargs), jit_rec_ki(r, nresults)};
    rl->pend_ref = jit_rec_call(r, &d_call_ccall, (const void *)trh_ccall, args, 4);
    expect_results(rl, fslot, nresults);
}

static int call_nargs(struct rec_lua *rl, unsigned a, unsigned b)
{
    if (b) return (int)b - 1;
    return rl->open_top - rl_slot(rl, a) - 1;
}

/* The interpreter switches coroutines without C calls; a call from a trace would need C stack and a setjmp each time. */
static bool switches(const struct rec_lua *rl, const struct value *f)
{
    int id = fastfunc_id(rl->L, f->tag == T_LCF ? f->f : f->ccl->f);
    return id == FF_coroutine_resume || id == FF_wrap_func || id == FF_coroutine_yield;
}

/* An object with __call: it becomes the first argument of what stands there. */
static void call_object(struct rec_lua *rl, unsigned a, int nargs, int nresults)
{
    struct jit_recorder *r = rl->r;
    const struct value *f;
    int32_t fslot = rl_slot(rl, a);
    jit_ref fref;
    struct rv v[256];
    if (nargs > 250) rl_fail(rl, JITSTAT_A_FRAMES);
    for (int n = 0; n <= nargs && n <= 250; n++) v[n] = rl_get(rl, a + (unsigned)n);
    if (rl_failed(rl)) return;
    if (!rl_metamethod(rl, v[0], &rl->base[a], MM_CALL, &f, &fref)) rl_fail(rl, JITSTAT_A_ERROR);
    else if (!tag_is_function(f->tag) || switches(rl, f)) rl_fail(rl, JITSTAT_A_NYI_META);
    if (rl_failed(rl)) return;
    rl_guard_func(rl, fref, f);
    jit_rec_set(r, fslot, fref, f->tag);
    for (int n = 0; n <= nargs; n++) jit_rec_set(r, fslot + 1 + n, v[n].ref, v[n].tag);
    if (f->tag == T_LCL) call_lua(rl, fslot, f->lcl, nargs + 1, nresults, 0);
    else call_c(rl, fslot, nargs + 1, nresults);
}

static void call_value(struct rec_lua *rl, unsigned a, int nargs, int nresults)
{
    const struct value *f = &rl->base[a];
    int32_t fslot = rl_slot(rl, a);
    if (!tag_is_function(f->tag)) {
        call_object(rl, a, nargs, nresults);
        return;
    }
    struct rv fv = rl_get(rl, a);
    for (int n = 1; n <= nargs; n++) rl_get(rl, a + (unsigned)n); /* known: they move with the frame */
    rl_guard_func(rl, fv.ref, f);
    if (f->tag == T_LCL) {
        call_lua(rl, fslot, f->lcl, nargs, nresults, 0);
        return;
    }
    if (rl_fast_call(rl, fslot, fslot + 1, f, nargs, nresults) || rl_failed(rl)) return;
    if (switches(rl, f)) rl_end_before(rl, JITSTAT_A_COROUTINE);
    else call_c(rl, fslot, nargs, nresults);
}

void rl_op_call(struct rec_lua *rl)
{
    lua_ins i = *rl->pc;
    call_value(rl, ins_a(i), call_nargs(rl, ins_a(i), ins_b(i)), (int)ins_c(i) - 1);
}

void rl_op_tforcall(struct rec_lua *rl)
{
    lua_ins i = *rl->pc;
    unsigned a = ins_a(i);
    struct jit_recorder *r = rl->r;
    int32_t fslot = rl_slot(rl, a + 4);
    const struct value *f = &rl->base[a];
    if (!tag_is_function(f->tag)) {
        rl_fail(rl, JITSTAT_A_NYI_META);
        return;
    }
    struct rv v[3] = {rl_get(rl, a), rl_get(rl, a + 1), rl_get(rl, a + 2)};
    rl_guard_func(rl, v[0].ref, f);
    if (f->tag != T_LCL && (rl_fast_call(rl, fslot, fslot - 3, f, 2, (int)ins_c(i)) || rl_failed(rl))) return;
    if (f->tag != T_LCL && switches(rl, f)) {
        rl_end_before(rl, JITSTAT_A_COROUTINE);
        return;
    }
    for (int n = 0; n < 3; n++) jit_rec_set(r, fslot + n, v[n].ref, v[n].tag);
    if (f->tag == T_LCL) call_lua(rl, fslot, f->lcl, 2, (int)ins_c(i), 0);
    else call_c(rl, fslot, 2, (int)ins_c(i));
}

void rl_op_tforloop(struct rec_lua *rl)
{
    lua_ins i = *rl->pc;
    unsigned a = ins_a(i);
    struct rv v = rl_get(rl, a + 4);
    if (v.tag == T_NIL) return;
    rl_set(rl, a + 2, v);
    rl_back_edge(rl, rl->pc + 1 + ins_e(i));
}

void rl_call_meta(struct rec_lua *rl, const struct value *f, jit_ref fref, const struct rv *args, int nargs)
{
    rl_call_meta_n(rl, f, fref, args, nargs, 1);
}

void rl_call_meta_n(struct rec_lua *rl, const struct value *f, jit_ref fref, const struct rv *args, int nargs, int nresults)
{
    int32_t fslot = rl->r->base + rl->p->maxstack; /* where the interpreter puts it: at the frame's top */
    if (f->tag != T_LCL) {
        rl_fail(rl, JITSTAT_A_NYI_META);
        return;
    }
    rl_guard_func(rl, fref, f);
    jit_rec_set(rl->r, fslot, fref, f->tag);
    for (int n = 0; n < nargs; n++) jit_rec_set(rl->r, fslot + 1 + n, args[n].ref, args[n].tag);
    call_lua(rl, fslot, f->lcl, nargs, nresults, CIST_CONT);
}

/* ---- varargs ---- */

void rl_op_varargprep(struct rec_lua *rl)
{
    struct jit_recorder *r = rl->r;
    struct jit_resume_frame *f = &r->frames[r->nframes - 1];
    int32_t nfix = rl->p->numparams, n = (int32_t)rl->nargs, from = r->base - 1;
    struct rv func = {rl_func(rl), T_LCL};
    int32_t to = from + 1 + n;
    for (int32_t j = 1; j <= nfix; j++) {
        struct jit_rec_slot *s = jit_rec_slot(r, from + j);
        struct rv v = {s->ref, s->tag};
        jit_rec_set(r, to + j, v.ref, v.tag);
    }
    for (int32_t j = 1; j <= nfix; j++) jit_rec_set(r, from + j, JIT_NOREF, T_NIL);
    jit_rec_set(r, to, func.ref, T_LCL);
    f->base = r->base = to + 1;
    f->flags |= CIST_VARARG;
    f->aux[0] = (f->aux[0] & 0xffff) | (uint32_t)(n - nfix) << 16;
    r->resume_dirty = true;
}

void rl_op_vararg(struct rec_lua *rl)
{
    lua_ins i = *rl->pc;
    struct jit_recorder *r = rl->r;
    const struct jit_resume_frame *f = &r->frames[r->nframes - 1];
    /* the entry frame's count is not what it was when the parent of a bridge was recorded */
    int32_t n = r->nframes == 1 ? rl->L->ci->nvarargs : (int32_t)(f->aux[0] >> 16), want = (int32_t)ins_c(i) - 1, a = rl_slot(rl, ins_a(i)), from = r->base - 1 - n;
    const struct value *entry = rl->base - r->base;
    if (r->nframes == 1 && !(f->flags & JIT_FRAME_MAKE)) {
        jit_ref ci = jit_rec_get(r, &d_state_jitci, trh_context(rl));
        if (f->base != 0) {
            rl_fail(rl, JITSTAT_A_NYI_BYTECODE);
            return;
        }
        jit_rec_guard_value(r, jit_rec_get(r, &d_ci_nvarargs, ci), jit_rec_ki(r, n));
    }
    struct rv v[256];
    if (want < 0) want = n;
    if (want > 250) {
        rl_fail(rl, JITSTAT_A_FRAMES);
        return;
    }
    for (int32_t j = 0; j < want && j < n; j++) {
        uint32_t tag = entry[from + j].tag;
        struct jit_rec_slot *s = jit_rec_slot(r, from + j);
        v[j] = s->flags & JIT_SL_KNOWN ? (struct rv){s->ref, s->tag} : (struct rv){jit_rec_load(r, from + j, tag, tag_type(tag)), tag};
    }
    for (int32_t j = 0; j < want; j++) {
        if (j < n) jit_rec_set(r, a + j, v[j].ref, v[j].tag);
        else jit_rec_set(r, a + j, JIT_NOREF, T_NIL);
    }
    if (ins_c(i) == 0) {
        rl->open = rl->opened = true;
        rl->open_top = a + want;
    }
}

/* ---- returns ---- */

/* What the instruction that a CIST_CONT frame finishes does with the value (vm_continue's twin). */
static void finish_cont(struct rec_lua *rl, struct rv v)
{
    struct jit_recorder *r = rl->r;
    const struct proto *p = (const struct proto *)(uintptr_t)r->frames[r->nframes - 1].code;
    lua_ins i = p->code[r->frames[r->nframes - 1].pc - 1];
    enum opcode op = ins_op(i);
    if (op == OP_SETTABUP || op == OP_SETTABLE || op == OP_SETFIELD || op == OP_SETINT) return;
    if ((op >= OP_ADD && op <= OP_KSHR) || op == OP_UNM || op == OP_BNOT || op == OP_LEN || op == OP_GETTABUP || op == OP_GETTABLE || op == OP_GETFIELD || op == OP_GETINT || op == OP_SELF) {
        jit_rec_set(r, r->base + (int32_t)ins_a(i), v.ref, v.tag);
        return;
    }
    if (op_compares(op)) { /* the tag decided; where it goes is a constant */
        bool jump = !tag_is_false(v.tag) != op_negates(op);
        if (jump) r->frames[r->nframes - 1].pc += (uint64_t)(int64_t)ins_e(i);
        r->pc = r->frames[r->nframes - 1].pc;
        return;
    }
    rl_fail(rl, JITSTAT_A_NYI_META);
}

static int32_t original_func(const struct jit_resume_frame *f)
{
    const struct proto *p = (const struct proto *)(uintptr_t)f->code;
    int32_t func = f->base - 1;
    if (f->flags & CIST_VARARG) func -= (int32_t)(f->aux[0] >> 16) + p->numparams + 1;
    return func;
}

/* Puts the results where the caller (now the current frame) wants them. */
void rl_place_results(struct rec_lua *rl, int32_t to, const struct rv *v, int32_t n, int want)
{
    struct jit_recorder *r = rl->r;
    int32_t w = want < 0 ? n : want;
    for (int32_t j = 0; j < w; j++) {
        if (j < n) jit_rec_set(r, to + j, v[j].ref, v[j].tag);
        else jit_rec_set(r, to + j, JIT_NOREF, T_NIL);
    }
    jit_rec_forget(r, to + w, r->slot_hi);
    if (want < 0) {
        rl->open = rl->opened = true;
        rl->open_top = to + w;
    }
}

/* The callee of an inlined pcall has returned: its frame goes as well, and the results follow a true. */
static void return_pcall(struct rec_lua *rl, const struct rv *v, int32_t n)
{
    struct jit_recorder *r = rl->r;
    struct jit_resume_frame c = r->frames[r->nframes - 1];
    struct rv out[257];
    out[0] = RV_BOOL(true);
    if (n) memcpy(out + 1, v, (size_t)n * sizeof *v);
    jit_rec_pop_frame(r);
    rl->ci = rl->ci->prev;
    rl_place_results(rl, c.base - 1, out, n + 1, (int)(c.aux[0] & 0xffff) - 1);
}

/* ---- errors that are caught where the trace is ---- */

/* The innermost frame of a pcall, 0: none. */
static uint32_t catching_frame(const struct jit_recorder *r)
{
    uint32_t k = r->nframes - 1;
    while (k > 0 && !(r->frames[k].flags & CIST_C)) k--;
    return k;
}

/* Not with a message handler, and not where a function on the way may have made closures, whose variables would have to be closed. */
bool rl_can_throw(const struct rec_lua *rl)
{
    const struct jit_recorder *r = rl->r;
    uint32_t k = catching_frame(r);
    if (k == 0 || rl->tail || r->frames[k].aux[1] != 0) return false;
    for (uint32_t i = k + 1; i < r->nframes; i++)
        if (((const struct proto *)(uintptr_t)r->frames[i].code)->np > 0) return false;
    return true;
}

void rl_throw(struct rec_lua *rl, struct rv v)
{
    struct jit_recorder *r = rl->r;
    uint32_t k = catching_frame(r);
    struct jit_resume_frame c = r->frames[k];
    struct rv out[2] = {RV_BOOL(false), v};
    rl->ci = rl->L->ci;
    while (r->nframes > k) {
        jit_rec_pop_frame(r);
        rl->ci = rl->ci->prev;
    }
    rl->open = false;
    rl->throws = true;
    rl_place_results(rl, c.base - 1, out, 2, (int)(c.aux[0] & 0xffff) - 1);
}

/* Returns from an inlined frame. */
static void return_inlined(struct rec_lua *rl, const struct rv *v, int32_t n)
{
    struct jit_recorder *r = rl->r;
    struct jit_resume_frame f = r->frames[r->nframes - 1];
    int32_t to = original_func(&f);
    int want = (int)(f.aux[0] & 0xffff) - 1;
    jit_rec_pop_frame(r);
    rl->ci = rl->L->ci->prev;
    if (r->frames[r->nframes - 1].flags & CIST_C) {
        return_pcall(rl, v, n);
        return;
    }
    if (f.flags & CIST_CONT) {
        struct rv first = n > 0 ? v[0] : RV_NIL;
        jit_rec_forget(r, to, r->slot_hi);
        finish_cont(rl, first);
        return;
    }
    rl_place_results(rl, to, v, n, want);
}

/* The record of the lowest frame. */
static jit_ref lowest_record(struct rec_lua *rl)
{
    struct jit_recorder *r = rl->r;
    jit_ref ci = jit_rec_get(r, &d_state_jitci, trh_context(rl));
    for (uint32_t hops = r->frames[0].flags >> 16 & 0xff; hops; hops--) ci = jit_rec_get(r, &d_ci_prev, ci);
    return ci;
}

static bool can_return_below(const struct rec_lua *rl, const struct callinfo *ci)
{
    const struct callinfo *prev = ci->prev;
    if (ci->status & (CIST_FRESH | CIST_CONT | CIST_VARARG | CIST_FIN | CIST_HOOKED | CIST_CLOSERET | CIST_TAILRET)) return false;
    if (!prev || prev->status & CIST_C || prev->func->tag != T_LCL || prev == &rl->L->base_ci) return false;
    enum opcode op = ins_op(prev->pc[-1]);
    return (op == OP_CALL || op == OP_TFORCALL) && rl->nret_below < MAX_RETURNS_BELOW;
}

/* Goes on in the caller's frame, guarded to be the one that is there now. */
static void return_below(struct rec_lua *rl, const struct rv *v, int32_t n)
{
    struct jit_recorder *r = rl->r;
    struct callinfo *ci = rl->L->ci, *prev = ci->prev;
    struct proto *p = prev->func->lcl->p;
    struct jit_resume_frame old = r->frames[0], f;
    jit_ref rci = lowest_record(rl);
    uint32_t hops = old.flags >> 16 & 0xff;
    /* a tail call may not show in memory yet, and then the record there may be that of a function with varargs */
    int hidden = CIST_TAIL | (old.flags & JIT_FRAME_MAKE ? CIST_VARARG : 0);
    jit_ref status = jit_rec_op2(r, JIT_int_and, jit_rec_get(r, &d_ci_status, rci), jit_rec_ki(r, 0xffff & ~hidden));
    jit_rec_guard_value(r, status, jit_rec_ki(r, ci->status & ~hidden));
    jit_rec_guard_value(r, jit_rec_get(r, &d_ci_nresults, rci), jit_rec_ki(r, ci->nresults));
    jit_ref rprev = jit_rec_get(r, &d_ci_prev, rci);
    jit_rec_guard_value(r, jit_rec_get(r, &d_ci_pc, rprev), jit_rec_kr(r, prev->pc, false));
    /* How the caller was called itself matters when it returns. Where there are no varargs, nobody has set how many. */
    int called = CIST_TAIL | CIST_CONT, nvarargs = prev->status & CIST_VARARG ? prev->nvarargs : 0;
    status = jit_rec_op2(r, JIT_int_and, jit_rec_get(r, &d_ci_status, rprev), jit_rec_ki(r, 0xffff & ~called));
    jit_rec_guard_value(r, status, jit_rec_ki(r, prev->status & ~called));
    if (prev->status & CIST_VARARG) jit_rec_guard_value(r, jit_rec_get(r, &d_ci_nvarargs, rprev), jit_rec_ki(r, nvarargs));
    int32_t to = old.base - 1;
    int want = ci->nresults;
    frame_of(&f, old.base - (int32_t)(ci->func - prev->func), p, prev->nresults, (prev->status & ~(uint32_t)called) | (hops + 1) << 16);
    f.aux[0] |= (uint32_t)nvarargs << 16;
    f.pc = (uint64_t)(prev->pc - p->code);
    if (f.base < -JIT_REC_SLOTS_BELOW + 8) {
        rl_fail(rl, JITSTAT_A_FRAMES);
        return;
    }
    jit_rec_keep(r, p); /* the guard knows its code by address */
    jit_rec_return_below(r, &f);
    rl->ci = prev;
    rl->nret_below++;
    rl_place_results(rl, to, v, n, want);
    rl->returned = want >= 0;
}

void rl_op_return(struct rec_lua *rl)
{
    lua_ins i = *rl->pc;
    struct jit_recorder *r = rl->r;
    unsigned a = ins_a(i);
    int32_t n = ins_op(i) == OP_RETURN0 ? 0 : ins_op(i) == OP_RETURN1 ? 1
                                          : ins_b(i)                  ? (int32_t)ins_b(i) - 1
                                                                      : rl->open_top - rl_slot(rl, a);
    struct callinfo *ci = rl->L->ci;
    if (n > 250) {
        rl_fail(rl, JITSTAT_A_FRAMES);
        return;
    }
    if (r->nframes == 1 && !can_return_below(rl, ci)) {
        if (!r->parent && r->place == JITSTAT_KIND_LOOP) rl_fail(rl, JITSTAT_A_ESCAPE);
        else rl->end = true;
        return;
    }
    if (r->nframes == 1 && !r->parent && r->place == JITSTAT_KIND_LOOP) {
        rl_fail(rl, JITSTAT_A_ESCAPE);
        return;
    }
    if (ins_op(i) == OP_RETURN && ins_c(i)) {
        if (rl->L->tbclist > rl->base - rl->L->stack) {
            rl_end_before(rl, JITSTAT_A_NYI_BYTECODE);
            return;
        }
    }
    struct rv v[256];
    for (int32_t j = 0; j < n; j++) v[j] = rl_get(rl, a + (unsigned)j);
    if (rl_failed(rl)) return;
    if (ins_op(i) == OP_RETURN && ins_c(i) && rl->p->np) rl_close_upvalues(rl, r->base);
    rl->open = false;
    if (r->nframes > 1) return_inlined(rl, v, n);
    else return_below(rl, v, n);
}

/* A tail call of a known C function: the call and the return in one. Guards on where it returns to come after the
 * call's effects, so they resume at the RETURN behind the TAILCALL. */
static bool tail_fast_call(struct rec_lua *rl, unsigned a, const struct value *f, int nargs)
{
    struct jit_recorder *r = rl->r;
    struct callinfo *ci = rl->L->ci;
    int32_t fslot = rl_slot(rl, a);
    if (r->nframes == 1 && ((!r->parent && r->place == JITSTAT_KIND_LOOP) || !can_return_below(rl, ci))) return false;
    struct rv fv = rl_get(rl, a);
    for (int n = 1; n <= nargs; n++) rl_get(rl, a + (unsigned)n);
    rl_guard_func(rl, fv.ref, f);
    rl->tail = true;
    bool done = rl_fast_call(rl, fslot, fslot + 1, f, nargs, -1);
    rl->tail = false;
    if (!done) return rl_failed(rl);
    struct rv v[256];
    int32_t n = rl->open_top - fslot;
    if (n > 250) rl_fail(rl, JITSTAT_A_FRAMES);
    if (rl_failed(rl)) return true;
    for (int32_t j = 0; j < n; j++) {
        struct jit_rec_slot *s = jit_rec_slot(r, fslot + j);
        v[j] = (struct rv){s->ref, s->tag};
    }
    if (r->nframes == 1) {
        struct jit_resume_frame *fr = &r->frames[0];
        fr->flags |= LJF_OPEN;
        fr->aux[1] = (uint32_t)rl->open_top;
        r->resume_dirty = true;
        jit_rec_begin_ins(r, pc_index(rl) + 1, r->cur_line, r->top < rl->open_top ? rl->open_top : r->top);
        r->ops_executed--;
    }
    rl->open = rl->opened = false;
    if (r->nframes > 1) return_inlined(rl, v, n);
    else return_below(rl, v, n);
    return true;
}

/* `return f(...)` of an unknown C function in an inlined frame: the helper makes the call and the return. */
static bool tail_c_call(struct rec_lua *rl, unsigned a, const struct value *f, int nargs)
{
    struct jit_recorder *r = rl->r;
    struct jit_resume_frame old = r->frames[r->nframes - 1];
    if (r->nframes == 1 || old.flags & CIST_CONT || switches(rl, f) || rl_failed(rl)) return false;
    struct rv fv = rl_get(rl, a);
    for (int n = 1; n <= nargs; n++) rl_get(rl, a + (unsigned)n);
    rl_guard_func(rl, fv.ref, f);
    if (rl_failed(rl)) return true;
    jit_ref args[3] = {trh_context(rl), jit_rec_ki(r, rl_slot(rl, a) - r->base), jit_rec_ki(r, nargs)};
    rl->pend_ref = jit_rec_call(r, &d_call_tail_ccall, (const void *)trh_tail_ccall, args, 3);
    jit_rec_pop_frame(r);
    rl->ci = rl->L->ci->prev;
    expect_results(rl, original_func(&old), (int)(old.aux[0] & 0xffff) - 1);
    return true;
}

/* A tail call in the lowest frame: its record in memory stays as it is until the trace is left. */
static bool tail_lowest(struct rec_lua *rl, unsigned a, const struct value *f, int nargs)
{
    struct jit_recorder *r = rl->r;
    struct jit_resume_frame old = r->frames[0], now;
    const struct callinfo *ci = rl->L->ci;
    int32_t to = old.base - 1;
    struct rv v[256];
    if (r->nframes != 1 || (!r->parent && r->place == JITSTAT_KIND_LOOP) || !may_inline(rl, f->lcl->p)) return false;
    if (ci->status & (CIST_FIN | CIST_HOOKED | CIST_CLOSERET | CIST_TAILRET)) return false;
    for (int n = 0; n <= nargs; n++) v[n] = rl_get(rl, a + (unsigned)n);
    rl_guard_func(rl, v[0].ref, f);
    if (rl->p->is_vararg) {
        if (!(old.flags & JIT_FRAME_MAKE)) jit_rec_guard_value(r, jit_rec_get(r, &d_ci_nvarargs, lowest_record(rl)), jit_rec_ki(r, ci->nvarargs));
        to -= ci->nvarargs + rl->p->numparams + 1;
    }
    if (to < -JIT_REC_SLOTS_BELOW + 8) rl_fail(rl, JITSTAT_A_FRAMES);
    if (rl_failed(rl)) return true;
    for (int n = 0; n <= nargs; n++) jit_rec_set(r, to + n, v[n].ref, v[n].tag);
    frame_of(&now, to + 1, f->lcl->p, 0, (old.flags & 0xffffff & ~(uint32_t)CIST_VARARG) | CIST_TAIL | JIT_FRAME_MAKE);
    now.aux[0] = old.aux[0] & 0xffff;
    jit_rec_return_below(r, &now);
    enter_lua(rl, to, f->lcl->p, nargs);
    rl->ntail++;
    return true;
}

void rl_op_tailcall(struct rec_lua *rl)
{
    lua_ins i = *rl->pc;
    struct jit_recorder *r = rl->r;
    unsigned a = ins_a(i);
    const struct value *f = &rl->base[a];
    struct jit_resume_frame old = r->frames[r->nframes - 1];
    int nargs = call_nargs(rl, a, ins_b(i));
    bool own = in_entry_frame(r) && f->tag == T_LCL && f->lcl->p == rl->p && function_place(r, rl->p) && !rl->p->is_vararg;
    if ((f->tag == T_LCF || f->tag == T_CCL) && !ins_c(i) && nargs <= 250 && tail_fast_call(rl, a, f, nargs)) return;
    if ((f->tag == T_LCF || f->tag == T_CCL) && !ins_c(i) && nargs <= 250 && tail_c_call(rl, a, f, nargs)) return;
    if (f->tag == T_LCL && !ins_c(i) && nargs <= 250 && !own && tail_lowest(rl, a, f, nargs)) return;
    if (f->tag != T_LCL || ins_c(i) || nargs > 250 || (r->nframes == 1 && !own)) {
        if (r->parent || r->place == JITSTAT_KIND_ENTRY) rl->end = r->ir.ops.n > 8;
        if (!rl->end) rl_fail(rl, f->tag == T_LCL ? JITSTAT_A_ESCAPE : JITSTAT_A_NYI_CALL);
        return;
    }
    struct rv v[256];
    for (int n = 0; n <= nargs; n++) v[n] = rl_get(rl, a + (unsigned)n);
    rl_guard_func(rl, v[0].ref, f);
    if (rl_failed(rl)) return;
    int32_t fslot = original_func(&old);
    int want = (int)(old.aux[0] & 0xffff) - 1;
    uint32_t status = (old.flags & 0xffff & ~(uint32_t)CIST_VARARG) | CIST_TAIL;
    struct callinfo *ci = rl->L->ci;
    for (int n = 0; n <= nargs; n++) jit_rec_set(r, fslot + n, v[n].ref, v[n].tag);
    if (own) {
        for (int n = nargs; n < rl->p->numparams; n++) jit_rec_set(r, 1 + n - 1, JIT_NOREF, T_NIL);
        rl->entered = true;
        return;
    }
    jit_rec_pop_frame(r);
    uint64_t caller_pc = r->frames[r->nframes - 1].pc;
    call_lua(rl, fslot, f->lcl, nargs, want, status);
    if (rl_failed(rl)) return;
    r->frames[r->nframes - 2].pc = caller_pc;
    rl->ci = ci; /* the frame record stays */
    rl->ci_new = false;
}
