/* lower_call.c: calls, slots to memory, and the trace's end.
 *
 * A SYNC call may raise, yield or re-enter: before it, everything its resume data name is written to the frame and the
 * context learns where frames and pc are described. Nothing in the machine frame needs cleaning up.
 *
 * A jump to the start of a trace (the own one without label, or another) goes through memory: slots are written as at
 * an exit. It polls, for a ring of traces linked that way has no other back edge.
 *
 * Before: lower.c. After: enc.c.
 */
#include <assert.h>
#include "x64/lower.h"

bool jit_x64_no_sse41;

bool lower_clobbers(const struct jit_ir *ir, const struct jit_op *op)
{
    if (op->opcode == JIT_float_floor || op->opcode == JIT_float_ceil) return jit_x64_no_sse41 || !__builtin_cpu_supports("sse4.1");
    return jit_opinfo[op->opcode].effects == JIT_CALL;
}

static void write_bits(struct enc *e, struct enc_mem m, int64_t v)
{
    if (fits32(v)) {
        enc_mov_mi32(e, m, v);
        return;
    }
    enc_mov_imm(e, X_R11, v);
    enc_mov_mr(e, m, X_R11);
}

static void write_loc(struct enc *e, struct enc_mem m, jit_loc loc)
{
    assert(loc != JIT_LOC_NONE);
    if (loc < JIT_LOC_XMM) {
        enc_mov_mr(e, m, loc);
    } else if (loc < JIT_LOC_SPILL) {
        enc_movsd_mx(e, m, loc & 15);
    } else {
        enc_mov_rm(e, X_R11, ra_slot_mem(loc - JIT_LOC_SPILL));
        enc_mov_mr(e, m, X_R11);
    }
}

static void write_slot(struct lower *l, const struct jit_slot_val *sv)
{
    const struct jit_frame_layout *fl = &l->be->layout;
    int32_t at = sv->slot * fl->slot_size;
    if (sv->ref != JIT_NOREF) {
        struct enc_mem m = enc_m(X_R14, at + fl->payload_off);
        if (jit_ref_is_const(sv->ref)) write_bits(&l->e, m, jit_ref_const(l->ir, sv->ref)->i);
        else write_loc(&l->e, m, ra_loc(&l->ra, sv->ref));
    }
    struct enc_mem tag = enc_m(X_R14, at + fl->tag_off);
    if (fl->tag_size == 1) enc_mov8_mi(&l->e, tag, (int8_t)sv->tag);
    else enc_mov32_mi(&l->e, tag, (int32_t)sv->tag);
}

static void write_slots(struct lower *l, const struct jit_resume *r)
{
    for (uint32_t i = 0; i < r->nslots; i++) write_slot(l, &l->ir->slots.v[r->slots + i]);
}

static void sync_memory(struct lower *l, const struct jit_op *op)
{
    const struct jit_resume *r = &l->ir->resumes.v[op->resume];
    struct jit_sync *s = jit_arena_alloc(l->arena, sizeof *s);
    if (!s) {
        l->no_memory = true;
        return;
    }
    *s = (struct jit_sync){.frames = l->ir->frames.v + r->frames, .nframes = r->nframes};
    write_slots(l, r);
    enc_mov_imm(&l->e, X_R11, (int64_t)(intptr_t)s);
    enc_mov_mr(&l->e, enc_m(X_R15, l->be->layout.ctx_resume_off), X_R11);
}

static void reload_frame(struct lower *l)
{
    enc_mov_rm(&l->e, X_R14, enc_m(X_R15, l->be->layout.ctx_base_off));
}

void lower_call_fn(struct lower *l, const void *fn)
{
    if (lower_reaches(l, fn)) {
        enc_call(&l->e, fn);
    } else {
        enc_mov_imm(&l->e, X_R11, (int64_t)(intptr_t)fn);
        enc_call_r(&l->e, X_R11);
    }
}

static const uint8_t arg_regs[6] = {X_RDI, X_RSI, X_RDX, X_RCX, X_R8, X_R9};

struct args {
    struct ra_move *m;
    unsigned n; /* moves to registers */
    jit_ref *stack;
    unsigned nstack;
};

static void args_sort(struct lower *l, const struct jit_op *op, struct args *a)
{
    const jit_ref *v = jit_op_args(l->ir, op);
    unsigned ni = 0, nf = 0;
    for (unsigned i = 1; i < op->nargs; i++) {
        bool f = jit_ref_type(l->ir, v[i]) == 'f';
        if (f ? nf == 8 : ni == 6) {
            a->stack[a->nstack++] = v[i];
            continue;
        }
        jit_loc dst = f ? (jit_loc)(JIT_LOC_XMM + nf++) : arg_regs[ni++];
        bool k = jit_ref_is_const(v[i]);
        a->m[a->n++] = (struct ra_move){.dst = dst, .src = k ? JIT_LOC_NONE : ra_loc(&l->ra, v[i]), .konst = v[i]};
    }
}

static int args_push(struct lower *l, const struct args *a)
{
    int bytes = (int)(a->nstack + 1) / 2 * 16;
    if (!bytes) return 0;
    enc_sub_ri(&l->e, X_RSP, bytes);
    for (unsigned i = 0; i < a->nstack; i++) {
        struct enc_mem m = enc_m(X_RSP, 8 * (int32_t)i);
        if (jit_ref_is_const(a->stack[i])) write_bits(&l->e, m, jit_ref_const(l->ir, a->stack[i])->i);
        else write_loc(&l->e, m, ra_loc(&l->ra, a->stack[i]));
    }
    return bytes;
}

void lower_call(struct lower *l, uint32_t n)
{
    const struct jit_op *op = lower_op(l, n);
    struct args a = {.m = jit_arena_alloc(l->scratch, op->nargs * sizeof *a.m),
                     .stack = jit_arena_alloc(l->scratch, op->nargs * sizeof *a.stack)};
    if (!a.m || !a.stack) {
        l->no_memory = true;
        return;
    }
    bool sync = op->descr->effects & JIT_EF_SYNC;
    lower_r11(l);
    if (sync) sync_memory(l, op);
    ra_call_save(&l->ra);
    args_sort(l, op, &a);
    int pushed = args_push(l, &a);
    ra_moves(&l->ra, a.m, a.n);
    jit_ref fn = jit_op_args(l->ir, op)[0];
    assert(jit_ref_is_const(fn));
    lower_call_fn(l, jit_ref_const(l->ir, fn)->p);
    if (pushed) enc_add_ri(&l->e, X_RSP, pushed);
    ra_call_clobbered(&l->ra);
    if (sync || op->descr->effects & JIT_EF_MOVES) reload_frame(l);
    if (jit_opinfo[op->opcode].result != 'v') ra_def_at(&l->ra, n, l->ra.vals[n].xmm ? JIT_LOC_XMM : X_RAX);
}

/* Slots are in memory; the frames too, unless the target's frame is the entry frame. */
static bool link_makes_frames(const struct jit_resume *r, const struct jit_resume_frame *f)
{
    return r->nframes != 1 || f->base != 0 || f->flags & JIT_FRAME_MAKE;
}

static void link_goto(struct lower *l, const uint8_t *to)
{
    if (lower_reaches(l, to)) {
        enc_jmp(&l->e, to);
    } else {
        enc_mov_imm(&l->e, X_R11, (int64_t)(intptr_t)to);
        enc_jmp_r(&l->e, X_R11);
    }
}

/* By steps, which end with the jump, and behind them or in their place the call. */
static void link_frames(struct lower *l, uint32_t n, const struct jit_resume *r, const uint8_t *to)
{
    struct enc *e = &l->e;
    struct jit_exit *x = lower_exit(l, l->next_extra++, n, JIT_EXIT_INTERP, false);
    x->paid = true;
    struct enc_label call = {0};
    if (lower_steps(l, r, &call)) {
        link_goto(l, to);
        enc_bind(e, &call);
    }
    enc_mov_rr(e, X_RDI, X_R15);
    enc_mov_imm(e, X_RSI, (int64_t)(intptr_t)(l->ir->frames.v + r->frames));
    enc_mov_imm(e, X_RDX, r->nframes);
    lower_call_fn(l, (const void *)(uintptr_t)l->be->link_frames);
    enc_test32_rr(e, X_RAX, X_RAX);
    enc_jcc_to(e, XCC_NE, &l->stubs[jit_exit_number(x)].at);
    reload_frame(l);
}

/* To a trace's start, in memory: slots are written, then the poll, then the frames, if there are any to be made. */
static void link_memory(struct lower *l, uint32_t n, const uint8_t *to, char which)
{
    const struct jit_resume *r = &l->ir->resumes.v[lower_op(l, n)->resume];
    write_slots(l, r);
    const struct jit_exit *leave = lower_exit(l, l->next_extra++, n, JIT_EXIT_POLL, false);
    if (link_makes_frames(r, l->ir->frames.v + r->frames)) {
        lower_poll(l, POLL_LEAVE, which, leave);
        link_frames(l, n, r, to);
        link_goto(l, to);
    } else {
        lower_poll_jump(l, which, leave, to);
    }
}

/* Back to the label. The poll may leave with the label's state, or with what the jump's own resume data say, or not at all. */
static void link_label(struct lower *l, uint32_t n)
{
    const struct jit_op *op = lower_op(l, n);
    bool before = !l->label_exit && op->resume != JIT_NORESUME && sel_has_resume(l->ir, n);
    if (before) lower_poll(l, POLL_LEAVE, 'l', lower_exit(l, l->next_extra++, n, JIT_EXIT_POLL, true));
    ra_jump(&l->ra, jit_op_args(l->ir, op), op->nargs);
    if (before) enc_jmp(&l->e, l->out->label);
    else lower_poll_jump(l, 'l', l->label_exit, l->out->label);
}

void lower_jump(struct lower *l, uint32_t n)
{
    if (l->ir->link == JIT_LINK_TRACE) {
        link_memory(l, n, l->out->keeps ? l->target->code->again : l->target->code->entry, 'j');
    } else if (l->ir->link == JIT_LINK_INTERP) {
        struct jit_exit *x = lower_exit(l, l->next_extra++, n, JIT_EXIT_INTERP, true);
        enc_jmp_to(&l->e, &l->stubs[jit_exit_number(x)].at);
    } else if (l->ra.label != JIT_NOREF) {
        link_label(l, n);
    } else {
        link_memory(l, n, l->body, 'l');
    }
}
