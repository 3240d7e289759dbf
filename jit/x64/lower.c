/* lower.c: from operations to instructions, one case each.
 *
 * An operation asks the register allocator for its operands, then for its result's place, and emits. Second operands
 * may be registers, memory (a sunk load, a spill slot, a float constant beside the code) or immediates.
 *
 * Before: select.c, regalloc.c. After: enc.c.
 */
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include "x64/lower.h"

/* ---- operands ---- */

bool lower_reaches(const struct lower *l, const void *p)
{
    const struct code_area *a = l->be->area;
    intptr_t low = (intptr_t)p - (intptr_t)a->base, high = (intptr_t)p - (intptr_t)(a->base + a->max);
    return low < INT32_MAX - 64 && high > INT32_MIN + 64;
}

struct enc_mem lower_abs(struct lower *l, const void *p)
{
    if (lower_reaches(l, p)) return enc_mrip(p);
    enc_mov_imm(&l->e, lower_r11(l), (int64_t)(intptr_t)p);
    return enc_m(X_R11, 0);
}

int lower_imm_reg(struct lower *l, int64_t v)
{
    int r = l->r11_busy ? ra_temp(&l->ra, false) : lower_r11(l);
    l->r11_busy = true;
    enc_mov_imm(&l->e, r, v);
    return r;
}

static struct opnd operand_value(struct lower *l, jit_ref r)
{
    struct ra_val *v = &l->ra.vals[r];
    if (l->sel[r] == SEL_SUNK) return (struct opnd){.kind = OP_MEM, .mem = lower_address(l, lower_op(l, r))};
    if (v->reg < 0 && (!ra_used_later(&l->ra, r) || !ra_has_free(&l->ra, v->xmm))) {
        assert(v->slot >= 0);
        return (struct opnd){.kind = OP_MEM, .mem = ra_slot_mem(v->slot)};
    }
    return (struct opnd){.kind = OP_REG, .reg = ra_use(&l->ra, r)};
}

struct opnd lower_operand(struct lower *l, jit_ref r)
{
    if (!jit_ref_is_const(r)) return operand_value(l, r);
    int64_t v = jit_ref_const(l->ir, r)->i;
    if (fits32(v)) return (struct opnd){.kind = OP_IMM, .imm = v};
    return (struct opnd){.kind = OP_REG, .reg = lower_imm_reg(l, v)};
}

struct opnd lower_operand_f(struct lower *l, jit_ref r)
{
    if (!jit_ref_is_const(r)) return operand_value(l, r);
    if (l->pool[r & ~JIT_K]) return (struct opnd){.kind = OP_MEM, .mem = enc_mrip(l->pool[r & ~JIT_K])};
    return (struct opnd){.kind = OP_REG, .reg = ra_use(&l->ra, r)};
}

/* ---- integers ---- */

struct forms {
    enum enc_form rr, rm, ri;
    bool commutes;
};

static void put(struct lower *l, const struct forms *f, int r, const struct opnd *o)
{
    struct enc *e = &l->e;
    if (o->kind == OP_REG) enc_put(e, f->rr, &(struct enc_args){.reg = (uint8_t)r, .rm = (uint8_t)o->reg});
    else if (o->kind == OP_MEM) enc_put(e, f->rm, &(struct enc_args){.reg = (uint8_t)r, .mem = o->mem});
    else enc_put(e, f->ri, &(struct enc_args){.rm = (uint8_t)r, .imm = o->imm});
}

static const struct forms *int_forms(int opc)
{
    static const struct forms add = {ENC_add_rr, ENC_add_rm, ENC_add_ri, true}, sub = {ENC_sub_rr, ENC_sub_rm, ENC_sub_ri, false},
                              and = {ENC_and_rr, ENC_and_rm, ENC_and_ri, true}, or = {ENC_or_rr, ENC_or_rm, ENC_or_ri, true},
                              xor = {ENC_xor_rr, ENC_xor_rm, ENC_xor_ri, true}, mul = {ENC_imul_rr, ENC_imul_rm, ENC_FORMS, true};
    switch (opc) {
    case JIT_int_sub: return &sub;
    case JIT_int_and: return &and;
    case JIT_int_or: return & or ;
    case JIT_int_xor: return &xor;
    case JIT_int_mul: return &mul;
    default: return &add;
    }
}

static bool in_reg(const struct lower *l, jit_ref r) { return !jit_ref_is_const(r) && l->ra.vals[r].reg >= 0; }
static bool sunk(const struct lower *l, jit_ref r) { return !jit_ref_is_const(r) && l->sel[r] == SEL_SUNK; }

/* Which operand of a commutative operation should be overwritten: second = true. */
static bool second_first(const struct lower *l, jit_ref v, jit_ref a, jit_ref b)
{
    if (jit_ref_is_const(b) || sunk(l, b)) return false;
    if (jit_ref_is_const(a) || sunk(l, a)) return true;
    bool da = ra_dies(&l->ra, a) && in_reg(l, a), db = ra_dies(&l->ra, b) && in_reg(l, b);
    if (da && db) { /* the one that is where the result shall be */
        int h = l->ra.vals[v].hint;
        return h >= 0 && l->ra.cur > l->ra.label && l->ra.vals[b].reg == l->ra.phi_home[h];
    }
    return db || (!da && !in_reg(l, a) && in_reg(l, b));
}

/* Can the result take a's register as it is? */
static bool in_place(const struct lower *l, jit_ref v, jit_ref a)
{
    return ra_dies(&l->ra, a) && in_reg(l, a) && l->ra.owner[l->ra.vals[a].reg] == a && ra_hint(&l->ra, v) < 0;
}

static void lower_add_imm(struct lower *l, uint32_t n, jit_ref a, int64_t k)
{
    if (in_place(l, n, a) || (!in_reg(l, a) && !ra_used_later(&l->ra, a))) {
        int d = ra_def_from(&l->ra, n, a, 0);
        if (k == 1) enc_inc_r(&l->e, d);
        else if (k == -1) enc_dec_r(&l->e, d);
        else if (k == 128) enc_sub_ri(&l->e, d, -128);
        else if (k) enc_add_ri(&l->e, d, k);
        return;
    }
    int r = ra_use(&l->ra, a);
    enc_lea_rm(&l->e, ra_def(&l->ra, n), enc_m(r, (int32_t)k));
}

static void lower_mul_imm(struct lower *l, uint32_t n, jit_ref a, int64_t k)
{
    struct enc *e = &l->e;
    if (k > 0 && (k & (k - 1)) == 0) {
        int d = ra_def_from(&l->ra, n, a, 0), s = __builtin_ctzll((uint64_t)k);
        if (s == 1) enc_add_rr(e, d, d);
        else if (s) enc_shl_ri(e, d, s);
        return;
    }
    int r = ra_use(&l->ra, a);
    ra_drop(&l->ra, a);
    int d = ra_def(&l->ra, n);
    if (k == 3 || k == 5 || k == 9) enc_lea_rm(e, d, enc_mx(r, r, k == 3 ? 1 : k == 5 ? 2
                                                                                      : 3,
                                                            0));
    else enc_imul_rri(e, d, r, k);
}

/* k fits in 32 bits. */
static bool lower_int_imm(struct lower *l, uint32_t n, int opc, jit_ref a, int64_t k)
{
    if (opc == JIT_int_add || opc == JIT_int_add_ptr) lower_add_imm(l, n, a, k);
    else if (opc == JIT_int_sub && k != INT32_MIN) lower_add_imm(l, n, a, -k);
    else if (opc == JIT_int_mul) lower_mul_imm(l, n, a, k);
    else return false;
    return true;
}

static void lower_int(struct lower *l, uint32_t n)
{
    const struct jit_op *op = lower_op(l, n);
    const struct forms *f = int_forms(op->opcode);
    bool swap = f->commutes && second_first(l, n, op->arg[0], op->arg[1]);
    jit_ref a = op->arg[swap], b = op->arg[!swap];
    if (!jit_ref_is_const(a) && jit_ref_is_const(b) && fits32(jit_ref_const(l->ir, b)->i) &&
        lower_int_imm(l, n, op->opcode, a, jit_ref_const(l->ir, b)->i))
        return;
    ra_lock(&l->ra, a);
    struct opnd o = lower_operand(l, b);
    if (f->rr == ENC_add_rr && o.kind == OP_REG && in_reg(l, a) && !in_place(l, n, a)) {
        int r = ra_use(&l->ra, a);
        enc_lea_rm(&l->e, ra_def(&l->ra, n), enc_mx(r, o.reg, 0, 0));
        return;
    }
    if (f->ri == ENC_FORMS && o.kind == OP_IMM) o = (struct opnd){.kind = OP_REG, .reg = lower_imm_reg(l, o.imm)};
    put(l, f, ra_def_from(&l->ra, n, a, 0), &o);
}

static void lower_shift(struct lower *l, uint32_t n)
{
    const struct jit_op *op = lower_op(l, n);
    jit_ref a = op->arg[0], b = op->arg[1];
    struct enc *e = &l->e;
    int opc = op->opcode;
    if (jit_ref_is_const(b)) {
        int s = (int)(jit_ref_const(l->ir, b)->i & 63), d = ra_def_from(&l->ra, n, a, 0);
        if (!s) return;
        opc == JIT_int_lshift ? enc_shl_ri(e, d, s) : opc == JIT_int_rshift ? enc_sar_ri(e, d, s)
                                                                            : enc_shr_ri(e, d, s);
        return;
    }
    if (l->ra.vals[b].reg == X_RCX) {
        ra_lock(&l->ra, b);
    } else {
        ra_take(&l->ra, X_RCX, 0);
        ra_emit_move(&l->ra, X_RCX, ra_loc(&l->ra, b));
    }
    int d = ra_def_from(&l->ra, n, a, RA_BIT(X_RCX));
    opc == JIT_int_lshift ? enc_shl_rcl(e, d) : opc == JIT_int_rshift ? enc_sar_rcl(e, d)
                                                                      : enc_shr_rcl(e, d);
}

static void lower_unary(struct lower *l, uint32_t n)
{
    const struct jit_op *op = lower_op(l, n);
    int d = ra_def_from(&l->ra, n, op->arg[0], 0);
    if (op->opcode == JIT_int_neg) enc_neg_r(&l->e, d);
    else if (op->opcode == JIT_int_invert) enc_not_r(&l->e, d);
}

/* 0 or 1 from the flags. */
static void lower_setcc(struct lower *l, uint32_t n)
{
    const struct jit_op *op = lower_op(l, n);
    struct cond c = lower_compare(l, n);
    struct enc *e = &l->e;
    for (unsigned i = 0; i < op->nargs; i++)
        if (!jit_ref_is_const(op->arg[i]) && l->sel[op->arg[i]] == SEL_EMIT) ra_drop(&l->ra, op->arg[i]);
    int d = ra_def(&l->ra, n);
    enc_setcc_r(e, c.cc, d);
    if (c.eq_f || c.ne_f) {
        enc_setcc_r(e, c.eq_f ? XCC_NP : XCC_P, lower_r11(l));
        c.eq_f ? enc_and32_rr(e, d, X_R11) : enc_or32_rr(e, d, X_R11);
    }
    enc_movzx8_rr(e, d, d);
}

/* ---- doubles ---- */

static const struct forms *float_forms(int opc)
{
    static const struct forms add = {ENC_addsd_xx, ENC_addsd_xm, ENC_FORMS, true}, sub = {ENC_subsd_xx, ENC_subsd_xm, ENC_FORMS, false},
                              mul = {ENC_mulsd_xx, ENC_mulsd_xm, ENC_FORMS, true}, div = {ENC_divsd_xx, ENC_divsd_xm, ENC_FORMS, false};
    switch (opc) {
    case JIT_float_sub: return &sub;
    case JIT_float_mul: return &mul;
    case JIT_float_truediv: return &div;
    default: return &add;
    }
}

static void lower_float(struct lower *l, uint32_t n)
{
    const struct jit_op *op = lower_op(l, n);
    const struct forms *f = float_forms(op->opcode);
    bool swap = f->commutes && second_first(l, n, op->arg[0], op->arg[1]);
    jit_ref a = op->arg[swap], b = op->arg[!swap];
    ra_lock(&l->ra, a);
    struct opnd o = lower_operand_f(l, b);
    put(l, f, ra_def_from(&l->ra, n, a, 0), &o);
}

static void lower_float_mask(struct lower *l, uint32_t n)
{
    const struct jit_op *op = lower_op(l, n);
    int d = ra_def_from(&l->ra, n, op->arg[0], 0);
    if (op->opcode == JIT_float_neg) enc_xorpd_xm(&l->e, d, enc_mrip(l->sign_mask));
    else enc_andpd_xm(&l->e, d, enc_mrip(l->abs_mask));
}

/* The upper half of the result would depend on what was there: it is cleared first, or comes from the operand. */
static void lower_float_unary(struct lower *l, uint32_t n)
{
    const struct jit_op *op = lower_op(l, n);
    int x = ra_use(&l->ra, op->arg[0]);
    ra_drop(&l->ra, op->arg[0]);
    int d = ra_def(&l->ra, n);
    if (op->opcode == JIT_float_sqrt) {
        if (d != x) enc_xorps_xx(&l->e, d, d);
        enc_sqrtsd_xx(&l->e, d, x);
    } else {
        if (d != x) enc_xorps_xx(&l->e, d, d);
        enc_roundsd_xxi(&l->e, d, x, op->opcode == JIT_float_floor ? 9 : 10);
    }
}

/* Without SSE4.1. */
static void lower_round_call(struct lower *l, uint32_t n)
{
    const struct jit_op *op = lower_op(l, n);
    lower_r11(l);
    double (*fn)(double) = op->opcode == JIT_float_floor ? floor : ceil;
    jit_ref a = op->arg[0];
    bool k = jit_ref_is_const(a);
    ra_call_save(&l->ra);
    struct ra_move m = {.dst = JIT_LOC_XMM, .src = k ? JIT_LOC_NONE : ra_loc(&l->ra, a), .konst = a};
    ra_moves(&l->ra, &m, 1);
    lower_call_fn(l, (const void *)(uintptr_t)fn);
    ra_call_clobbered(&l->ra);
    ra_def_at(&l->ra, n, JIT_LOC_XMM);
}

static void lower_convert(struct lower *l, uint32_t n)
{
    const struct jit_op *op = lower_op(l, n);
    struct enc *e = &l->e;
    int s = ra_use(&l->ra, op->arg[0]), d = ra_def(&l->ra, n);
    switch (op->opcode) {
    case JIT_cast_int_to_float:
        enc_xorps_xx(e, d, d);
        enc_cvtsi2sd_xr(e, d, s);
        break;
    case JIT_cast_float_to_int: enc_cvttsd2si_rx(e, d, s); break;
    case JIT_convert_float_bytes_to_longlong: enc_movq_rx(e, d, s); break;
    default: enc_movq_xr(e, d, s);
    }
}

/* ---- the rest ---- */

static void lower_frameaddr(struct lower *l, uint32_t n)
{
    int64_t off = jit_ref_const(l->ir, lower_op(l, n)->arg[0])->i * l->be->layout.slot_size;
    int d = ra_def(&l->ra, n);
    if (fits32(off)) {
        enc_lea_rm(&l->e, d, enc_m(X_R14, (int32_t)off));
    } else {
        enc_mov_imm(&l->e, d, off);
        enc_add_rr(&l->e, d, X_R14);
    }
}

static void lower_label(struct lower *l, uint32_t n)
{
    const struct jit_op *op = lower_op(l, n);
    if (l->ra.label == JIT_NOREF) return; /* nothing comes back */
    uint16_t batch = lower_batch(l);
    l->ra.wants_counter = batch != 0;
    ra_label(&l->ra, jit_op_args(l->ir, op), op->nargs);
    l->batch = 0; /* a poll leaves when all rounds are counted */
    if (op->resume != JIT_NORESUME) l->label_exit = lower_exit(l, l->next_extra++, n, JIT_EXIT_POLL, true);
    lower_batch_begin(l, batch);
    lower_r11(l);
    enc_nops(&l->e, -(uintptr_t)l->e.p & 15);
    l->out->label = l->e.p;
}

static void lower_inputs(struct lower *l)
{
    for (uint32_t n = 0; n < l->ra.n; n++) {
        const struct jit_op *op = lower_op(l, n);
        if (op->opcode < JIT_inputarg_i || op->opcode > JIT_inputarg_r) continue;
        ra_place(&l->ra, n, jit_exit_locs(l->parent)[jit_ref_const(l->ir, op->arg[0])->i]);
    }
}

static void lower_charge(struct lower *l, const struct jit_op *op)
{
    enc_add_mi(&l->e, lower_abs(l, jit_ref_const(l->ir, op->arg[0])->p), (int32_t)jit_ref_const(l->ir, op->arg[1])->i);
}

static void lower_one(struct lower *l, uint32_t n)
{
    const struct jit_op *op = lower_op(l, n);
    if (jit_op_is_guard(op)) {
        lower_guard(l, n);
        return;
    }
    if (lower_is_compare(op->opcode)) {
        lower_setcc(l, n);
        return;
    }
    switch (op->opcode) {
    case JIT_label: lower_label(l, n); break;
    case JIT_jump: lower_jump(l, n); break;
    case JIT_debug_merge_point:
    case JIT_inputarg_i:
    case JIT_inputarg_f:
    case JIT_inputarg_r: break;
    case JIT_int_add:
    case JIT_int_sub:
    case JIT_int_mul:
    case JIT_int_and:
    case JIT_int_or:
    case JIT_int_xor:
    case JIT_int_add_ptr:
        lower_int(l, n);
        break;
    case JIT_int_lshift:
    case JIT_int_rshift:
    case JIT_uint_rshift: lower_shift(l, n); break;
    case JIT_int_neg:
    case JIT_int_invert:
    case JIT_cast_ptr_to_int:
    case JIT_cast_int_to_ptr:
    case JIT_same_as_i:
    case JIT_same_as_f:
    case JIT_same_as_r:
        lower_unary(l, n);
        break;
    case JIT_int_floordiv:
    case JIT_int_mod: lower_div(l, n); break;
    case JIT_float_add:
    case JIT_float_sub:
    case JIT_float_mul:
    case JIT_float_truediv: lower_float(l, n); break;
    case JIT_float_neg:
    case JIT_float_abs: lower_float_mask(l, n); break;
    case JIT_float_sqrt: lower_float_unary(l, n); break;
    case JIT_float_floor:
    case JIT_float_ceil:
        lower_clobbers(l->ir, op) ? lower_round_call(l, n) : lower_float_unary(l, n);
        break;
    case JIT_cast_int_to_float:
    case JIT_cast_float_to_int:
    case JIT_convert_float_bytes_to_longlong:
    case JIT_convert_longlong_bytes_to_float:
        lower_convert(l, n);
        break;
    case JIT_getfield_gc_i:
    case JIT_getfield_gc_f:
    case JIT_getfield_gc_r:
    case JIT_getarrayitem_gc_i:
    case JIT_getarrayitem_gc_f:
    case JIT_getarrayitem_gc_r:
    case JIT_getframe_i:
    case JIT_getframe_f:
    case JIT_getframe_r:
    case JIT_getframetag:
        lower_load(l, n);
        break;
    case JIT_setfield_gc:
    case JIT_setarrayitem_gc: lower_store(l, n); break;
    case JIT_getcontext: ra_def_fixed(&l->ra, n, X_R15); break;
    case JIT_getframeaddr: lower_frameaddr(l, n); break;
    case JIT_call_n:
    case JIT_call_i:
    case JIT_call_f:
    case JIT_call_r: lower_call(l, n); break;
    case JIT_charge: lower_charge(l, op); break;
    case JIT_increment_counter: enc_inc_m(&l->e, lower_abs(l, jit_ref_const(l->ir, op->arg[0])->p)); break;
    default: assert(!"an operation without lowering");
    }
}

static void dump_one(const struct lower *l, uint32_t n)
{
    char text[160];
    jit_ir_print_op(l->ir, n, text, sizeof text);
    fprintf(stderr, "%4u %-5s loc %3d  %s\n", n, l->sel[n] == SEL_EMIT ? "" : l->sel[n] == SEL_SUNK ? "sunk"
                                                                                                    : "gone",
            ra_loc(&l->ra, n), text);
}

static bool failed(const struct lower *l)
{
    return l->no_memory || l->ra.failed || l->ra.no_slots || !enc_ok(&l->e);
}

void lower_all(struct lower *l)
{
    l->out->entry = l->e.p;
    lower_r11(l);
    if (l->parent) lower_inputs(l);
    if (l->parent) lower_bridge_begin(l);
    else lower_batch_entry(l);
    l->body = l->e.p;
    for (uint32_t n = 0; n < l->ra.n && !failed(l); n++) {
        ra_begin(&l->ra, n);
        l->r11_busy = false;
        l->out->op_offset[n] = UINT32_MAX;
        uint8_t *before = l->e.p;
        if (l->sel[n] == SEL_EMIT) lower_one(l, n);
        if (l->e.p != before) l->out->op_offset[n] = (uint32_t)(before - l->out->start);
        if (l->dump) dump_one(l, n);
        ra_end(&l->ra);
    }
    if (!failed(l)) lower_stubs(l);
}
