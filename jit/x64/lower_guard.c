/* lower_guard.c: comparisons, guards and exits.
 *
 * ucomisd says "unordered" by setting all three of ZF, PF, CF. So a < b is asked as b > a (`ja`: neither ZF nor CF),
 * which is false for NaN without a further look; only equality must look at PF as well.
 *
 * A guard is one jcc to its stub behind the body; that jcc is what a bridge is patched into. Where PF needs a second
 * jump, that one stays with the stub: NaN is rare, and the exit is right there too.
 *
 * Before: lower.c. After: lower_poll.c, stubs.c.
 */
#include <assert.h>
#include "x64/lower.h"

/* ---- comparisons ---- */

bool lower_is_compare(int opc)
{
    return (opc >= JIT_int_lt && opc <= JIT_int_is_true) || (opc >= JIT_float_lt && opc <= JIT_float_ge) || opc == JIT_ptr_eq ||
           opc == JIT_ptr_ne;
}

static enum enc_cc cc_of(int opc)
{
    switch (opc) {
    case JIT_int_lt: return XCC_L;
    case JIT_int_le: return XCC_LE;
    case JIT_int_gt: return XCC_G;
    case JIT_int_ge: return XCC_GE;
    case JIT_uint_lt: return XCC_B;
    case JIT_uint_le: return XCC_BE;
    case JIT_uint_gt: return XCC_A;
    case JIT_uint_ge: return XCC_AE;
    case JIT_int_ne:
    case JIT_ptr_ne:
    case JIT_int_is_true: return XCC_NE;
    default: return XCC_E;
    }
}

/* The same question with the operands exchanged. */
static enum enc_cc cc_swap(enum enc_cc cc)
{
    switch (cc) {
    case XCC_L: return XCC_G;
    case XCC_G: return XCC_L;
    case XCC_LE: return XCC_GE;
    case XCC_GE: return XCC_LE;
    case XCC_B: return XCC_A;
    case XCC_A: return XCC_B;
    case XCC_BE: return XCC_AE;
    case XCC_AE: return XCC_BE;
    default: return cc;
    }
}

static bool sunk(const struct lower *l, jit_ref r) { return !jit_ref_is_const(r) && l->sel[r] == SEL_SUNK; }

static void cmp_mem_imm(struct lower *l, struct enc_mem m, int size, int64_t v)
{
    struct enc *e = &l->e;
    switch (size) {
    case 1: enc_cmp8_mi(e, m, (int8_t)v); break;
    case 2: enc_cmp16_mi(e, m, (int16_t)v); break;
    case 4: enc_cmp32_mi(e, m, (int32_t)v); break;
    default:
        if (fits32(v)) enc_cmp_mi(e, m, v);
        else enc_cmp_mr(e, m, lower_imm_reg(l, v));
    }
}

static void cmp_operand(struct lower *l, int r, const struct opnd *o)
{
    if (o->kind == OP_REG) enc_cmp_rr(&l->e, r, o->reg);
    else if (o->kind == OP_MEM) enc_cmp_rm(&l->e, r, o->mem);
    else if (o->imm == 0) enc_test_rr(&l->e, r, r);
    else enc_cmp_ri(&l->e, r, o->imm);
}

/* Flags of a compared with b. a may be a sunk load. */
static void cmp_int(struct lower *l, jit_ref a, jit_ref b)
{
    if (sunk(l, a)) {
        const struct jit_op *load = lower_op(l, a);
        if (!jit_ref_is_const(b)) ra_lock(&l->ra, b);
        struct enc_mem m = lower_address(l, load);
        if (jit_ref_is_const(b)) cmp_mem_imm(l, m, lower_load_size(l, load), jit_ref_const(l->ir, b)->i);
        else enc_cmp_mr(&l->e, m, ra_use(&l->ra, b));
        return;
    }
    if (!jit_ref_is_const(a) && l->ra.vals[a].reg < 0 && jit_ref_is_const(b) && !ra_used_later(&l->ra, a)) {
        cmp_mem_imm(l, ra_slot_mem(l->ra.vals[a].slot), 8, jit_ref_const(l->ir, b)->i);
        return;
    }
    ra_lock(&l->ra, b);
    int r = ra_use(&l->ra, a);
    struct opnd o = lower_operand(l, b);
    cmp_operand(l, r, &o);
}

static void cmp_zero(struct lower *l, jit_ref a)
{
    if (sunk(l, a)) {
        const struct jit_op *load = lower_op(l, a);
        cmp_mem_imm(l, lower_address(l, load), lower_load_size(l, load), 0);
    } else if (!jit_ref_is_const(a) && l->ra.vals[a].reg < 0 && !ra_used_later(&l->ra, a)) {
        enc_cmp_mi(&l->e, ra_slot_mem(l->ra.vals[a].slot), 0);
    } else {
        int r = ra_use(&l->ra, a);
        enc_test_rr(&l->e, r, r);
    }
}

static struct cond compare_float(struct lower *l, const struct jit_op *op)
{
    jit_ref a = op->arg[0], b = op->arg[1];
    bool eq = op->opcode == JIT_float_eq, ne = op->opcode == JIT_float_ne;
    bool swap = op->opcode == JIT_float_lt || op->opcode == JIT_float_le || ((eq || ne) && (sunk(l, a) || jit_ref_is_const(a)));
    jit_ref left = swap ? b : a, right = swap ? a : b;
    ra_lock(&l->ra, right);
    int x = ra_use(&l->ra, left);
    struct opnd o = lower_operand_f(l, right);
    if (o.kind == OP_REG) enc_ucomisd_xx(&l->e, x, o.reg);
    else enc_ucomisd_xm(&l->e, x, o.mem);
    if (eq || ne) return (struct cond){.cc = eq ? XCC_E : XCC_NE, .eq_f = eq, .ne_f = ne};
    return (struct cond){.cc = op->opcode == JIT_float_lt || op->opcode == JIT_float_gt ? XCC_A : XCC_AE};
}

struct cond lower_compare(struct lower *l, uint32_t n)
{
    const struct jit_op *op = lower_op(l, n);
    enum enc_cc cc = cc_of(op->opcode);
    if (op->opcode >= JIT_float_lt && op->opcode <= JIT_float_ge) return compare_float(l, op);
    if (op->opcode == JIT_int_is_zero || op->opcode == JIT_int_is_true) {
        cmp_zero(l, op->arg[0]);
        return (struct cond){.cc = cc};
    }
    bool swap = jit_ref_is_const(op->arg[0]) && !jit_ref_is_const(op->arg[1]);
    cmp_int(l, op->arg[swap], op->arg[!swap]);
    return (struct cond){.cc = swap ? cc_swap(cc) : cc};
}

/* ---- exits ---- */

/* Where the values of the exit's slots are now. */
static void exit_locate(struct lower *l, struct jit_exit *x, uint32_t nslots)
{
    jit_loc *locs = l->out->locs + l->nlocs;
    x->locs = l->nlocs;
    x->nslots = nslots;
    l->nlocs += nslots;
    for (uint32_t i = 0; i < nslots; i++) {
        jit_ref v = jit_exit_slots(x)[i].ref;
        bool removed = v != JIT_NOREF && jit_ref_is_virtual(l->ir, v);
        locs[i] = v == JIT_NOREF || jit_ref_is_const(v) || removed ? JIT_LOC_NONE : ra_loc(&l->ra, v);
        x->virtuals |= removed;
    }
}

/* Is it a guard on a type that stands before the label? */
static void exit_type(const struct lower *l, struct jit_exit *x, const struct jit_op *guard)
{
    if (l->parent || l->ra.label == JIT_NOREF || x->op > l->ra.label || guard->opcode != JIT_guard_value) return;
    const jit_ref *args = jit_op_args(l->ir, guard);
    if (jit_ref_is_const(args[0]) || !jit_tag_is_type(&l->be->layout, jit_ref_const(l->ir, args[1])->bits)) return;
    const struct jit_op *op = lower_op(l, args[0]);
    bool of_slot = op->opcode == JIT_getframetag;
    x->entry_type = of_slot || jit_op_loads_tag(op);
    x->typed_slot = of_slot ? (int16_t)jit_ref_const(l->ir, op->arg[0])->i : JIT_SLOT_PART;
}

struct jit_exit *lower_exit(struct lower *l, uint32_t number, uint32_t n, int kind, bool with_slots)
{
    const struct jit_op *op = lower_op(l, n);
    const struct jit_resume *r = &l->ir->resumes.v[op->resume];
    struct jit_exit *x = &l->out->exits[number];
    *x = (struct jit_exit){.code = l->out, .op = n, .slots = r->slots, .frames = r->frames, .nframes = (uint8_t)r->nframes, .line = jit_op_line(op), .kind = (uint8_t)kind, .left_reg = (uint8_t)l->left_reg, .batch = (uint16_t)l->batch};
    assert(x->nframes == r->nframes);
    exit_type(l, x, op);
    l->stubs[number].used = true;
    if (with_slots) exit_locate(l, x, r->nslots);
    return x;
}

/* ---- guards ---- */

/* Where the jump to the stub that was just written leads. */
static uint32_t exit_patch(const struct lower *l) { return enc_ok(&l->e) ? (uint32_t)(l->e.rel - l->out->start) : 0; }

static void guard_jcc(struct lower *l, struct jit_exit *x, enum enc_cc cc)
{
    enc_jcc_to(&l->e, cc, &l->stubs[jit_exit_number(x)].at);
    x->patch = exit_patch(l);
}

/* Leaves unless the condition is `wanted`. */
static void guard_cond(struct lower *l, struct jit_exit *x, struct cond c, bool wanted)
{
    struct enc_label on = {0};
    if ((c.eq_f && wanted) || (c.ne_f && !wanted)) { /* must be equal and ordered */
        enc_jcc_to(&l->e, XCC_P, &l->stubs[jit_exit_number(x)].at);
        guard_jcc(l, x, XCC_NE);
    } else if (c.eq_f || c.ne_f) { /* must be unequal or unordered */
        enc_jcc_to(&l->e, XCC_P, &on);
        guard_jcc(l, x, XCC_E);
        enc_bind(&l->e, &on);
    } else {
        guard_jcc(l, x, wanted ? enc_cc_not(c.cc) : c.cc);
    }
}

static struct cond guard_compare(struct lower *l, const struct jit_op *op)
{
    jit_ref a = op->arg[0];
    if (op->opcode == JIT_guard_value) {
        cmp_int(l, a, op->arg[1]);
        return (struct cond){.cc = XCC_E};
    }
    if (sunk(l, a) && lower_is_compare(lower_op(l, a)->opcode)) return lower_compare(l, a);
    cmp_zero(l, a);
    return (struct cond){.cc = XCC_NE};
}

static struct cond guard_stack(struct lower *l, const struct jit_op *op)
{
    const struct jit_frame_layout *fl = &l->be->layout;
    int64_t bytes = jit_ref_const(l->ir, op->arg[0])->i * fl->slot_size;
    lower_r11(l);
    if (fits32(bytes)) {
        enc_lea_rm(&l->e, X_R11, enc_m(X_R14, (int32_t)bytes));
    } else {
        enc_mov_imm(&l->e, X_R11, bytes);
        enc_add_rr(&l->e, X_R11, X_R14);
    }
    enc_cmp_rm(&l->e, X_R11, enc_m(X_R15, fl->ctx_stack_end_off));
    return (struct cond){.cc = XCC_BE};
}

/* Every guard fails when the counter comes to zero. Behind the guard's own jump: the state is the same. */
static void torture(struct lower *l, struct jit_exit *x)
{
    struct enc_label on = {0};
    struct enc_mem m = enc_m(X_R11, 0);
    if (!l->be->torture_counter) return;
    lower_r11(l);
    enc_mov_imm(&l->e, X_R11, (int64_t)(intptr_t)l->be->torture_counter);
    enc_dec_m(&l->e, m);
    enc_jcc_to(&l->e, XCC_NE, &on);
    enc_mov_mi32(&l->e, m, l->be->torture_reset);
    enc_jmp_to(&l->e, &l->stubs[jit_exit_number(x)].at);
    enc_bind(&l->e, &on);
}

void lower_guard(struct lower *l, uint32_t n)
{
    const struct jit_op *op = lower_op(l, n);
    struct cond c = {.cc = XCC_E};
    bool wanted = op->opcode != JIT_guard_false && op->opcode != JIT_guard_isnull;
    uint32_t number = l->next_guard++;
    if (op->opcode == JIT_guard_stack) c = guard_stack(l, op);
    else if (op->opcode == JIT_guard_not_invalidated) enc_cmp32_mi(&l->e, lower_abs(l, l->invalid_word), 0);
    else if (op->opcode == JIT_guard_not_due) {
        enc_cmp_mi(&l->e, lower_abs(l, jit_ref_const(l->ir, op->arg[0])->p), 0);
        c.cc = XCC_LE;
    } else if (op->opcode != JIT_guard_always_fails) c = guard_compare(l, op);
    struct jit_exit *x = lower_exit(l, number, n, JIT_EXIT_GUARD, true);
    if (op->opcode == JIT_guard_always_fails) {
        enc_jmp_to(&l->e, &l->stubs[number].at);
        x->patch = exit_patch(l);
        return;
    }
    guard_cond(l, x, c, wanted);
    torture(l, x);
}

void lower_stubs(struct lower *l)
{
    lower_poll_stubs(l);
    for (uint32_t i = 0; i < l->next_extra; i++) {
        struct jit_exit *x = &l->out->exits[i];
        if (!l->stubs[i].used) continue;
        enc_bind(&l->e, &l->stubs[i].at);
        x->stub = (uint32_t)(l->e.p - l->out->start);
        enc_mov_imm(&l->e, X_R11, (int64_t)(intptr_t)x);
        enc_jmp(&l->e, l->be->common_exit);
    }
}
