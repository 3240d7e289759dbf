/* lower_div.c: int_floordiv and int_mod, which round to minus infinity, where the processor rounds to zero.
 *
 * A power of two is a shift or a mask. Another positive constant is a multiplication: for x >= 0 below 2^63, with
 * l = ceil(log2 d) and m = floor(2^(63+l) / d) + 1, x / d is the high word of m * x, shifted right by l - 1 (Granlund
 * and Montgomery 1994, theorem 4.2, N = 63). A negative x is reflected: floor(x / d) = ~(~x / d).
 *
 * Everything else divides. -1 is asked for first, because minimum / -1 traps; operands that both fit in 32 bits, which
 * is nearly always so, take the short division, several times as fast on many processors.
 *
 * Before: lower.c. After: enc.c.
 */
#include "x64/lower.h"

static void magic_of(uint64_t d, uint64_t *m, int *shift)
{
    int log = 64 - __builtin_clzll(d - 1);
    *m = (uint64_t)(((unsigned __int128)1 << (63 + log)) / d) + 1;
    *shift = log - 1;
}

/* rax and rdx for the instruction; whoever was there goes elsewhere, but for a dividend in rax that dies. Returns the
 * dividend's register. */
static int take_rax_rdx(struct lower *l, jit_ref x, bool x_stays, jit_ref d)
{
    lower_r11(l);
    bool there = !jit_ref_is_const(x) && l->ra.vals[x].reg == X_RAX && ra_dies(&l->ra, x) && x != d && !x_stays;
    if (there) ra_lock(&l->ra, x);
    else ra_take(&l->ra, X_RAX, RA_BIT(X_RDX));
    ra_take(&l->ra, X_RDX, RA_BIT(X_RAX));
    return ra_use(&l->ra, x);
}

static void result_in(struct lower *l, uint32_t n, jit_ref x, int reg)
{
    if (!jit_ref_is_const(x) && l->ra.vals[x].reg == X_RAX) ra_drop(&l->ra, x);
    ra_def_at(&l->ra, n, (jit_loc)reg);
}

static void div_power(struct lower *l, uint32_t n, int shift)
{
    const struct jit_op *op = lower_op(l, n);
    int d = ra_def_from(&l->ra, n, op->arg[0], 0);
    int64_t mask = (int64_t)(((uint64_t)1 << shift) - 1);
    if (op->opcode == JIT_int_floordiv) {
        if (shift) enc_sar_ri(&l->e, d, shift);
    } else if (mask == UINT32_MAX) {
        enc_mov32_rr(&l->e, d, d);
    } else if (fits32(mask)) {
        enc_and_ri(&l->e, d, mask);
    } else {
        enc_and_rr(&l->e, d, lower_imm_reg(l, mask));
    }
}

/* rdx = floor(x / d); rax is lost, and r11 is. */
static void quotient_by_multiplication(struct enc *e, int x, uint64_t d)
{
    uint64_t m;
    int shift;
    magic_of(d, &m, &shift);
    enc_mov_rr(e, X_R11, x);
    enc_sar_ri(e, X_R11, 63);
    enc_mov_rr(e, X_RDX, x);
    enc_xor_rr(e, X_RDX, X_R11);
    enc_mov_imm(e, X_RAX, (int64_t)m);
    enc_mul_r(e, X_RDX);
    if (shift) enc_shr_ri(e, X_RDX, shift);
    enc_xor_rr(e, X_RDX, X_R11);
}

static void div_constant(struct lower *l, uint32_t n, int64_t d)
{
    const struct jit_op *op = lower_op(l, n);
    struct enc *e = &l->e;
    int x = take_rax_rdx(l, op->arg[0], op->opcode == JIT_int_mod, op->arg[1]);
    quotient_by_multiplication(e, x, (uint64_t)d);
    if (op->opcode == JIT_int_floordiv) {
        result_in(l, n, op->arg[0], X_RDX);
        return;
    }
    if (fits32(d)) {
        enc_imul_rri(e, X_RDX, X_RDX, d);
    } else {
        enc_mov_imm(e, X_RAX, d);
        enc_imul_rr(e, X_RDX, X_RAX);
    }
    enc_mov_rr(e, X_RAX, x);
    enc_sub_rr(e, X_RAX, X_RDX);
    result_in(l, n, op->arg[0], X_RAX);
}

/* After idiv by d: the quotient in rax, the remainder in rdx; to floor. r11: all ones where signs differ and the
 * division was not exact. */
static void fix_floor(struct enc *e, int d, bool mod)
{
    enc_mov_rr(e, X_R11, X_RDX);
    enc_xor_rr(e, X_R11, d);
    enc_sar_ri(e, X_R11, 63);
    enc_test_rr(e, X_RDX, X_RDX);
    enc_cmovcc_rr(e, XCC_E, X_R11, X_RDX);
    if (mod) enc_and_rr(e, X_R11, d);
    if (mod) enc_add_rr(e, X_RDX, X_R11);
    else enc_add_rr(e, X_RAX, X_R11);
}

static void div_general(struct lower *l, uint32_t n)
{
    const struct jit_op *op = lower_op(l, n);
    struct enc *e = &l->e;
    bool mod = op->opcode == JIT_int_mod;
    struct enc_label wide = {0}, minus = {0}, done = {0};
    int x = take_rax_rdx(l, op->arg[0], false, op->arg[1]), d = ra_use(&l->ra, op->arg[1]);
    enc_mov_rr(e, X_R11, x);
    enc_or_rr(e, X_R11, d);
    if (x != X_RAX) enc_mov_rr(e, X_RAX, x);
    enc_shr_ri(e, X_R11, 32);
    enc_jcc_to(e, XCC_NE, &wide);
    enc_xor32_rr(e, X_RDX, X_RDX);
    enc_div32_r(e, d);
    enc_jmp_to(e, &done);
    enc_bind(e, &wide);
    enc_cmp_ri(e, d, -1);
    enc_jcc_to(e, XCC_E, &minus);
    enc_cqo(e);
    enc_idiv_r(e, d);
    fix_floor(e, d, mod);
    enc_jmp_to(e, &done);
    enc_bind(e, &minus);
    if (mod) enc_xor32_rr(e, X_RDX, X_RDX);
    else enc_neg_r(e, X_RAX);
    enc_bind(e, &done);
    result_in(l, n, op->arg[0], mod ? X_RDX : X_RAX);
}

void lower_div(struct lower *l, uint32_t n)
{
    const struct jit_op *op = lower_op(l, n);
    int64_t d = jit_ref_is_const(op->arg[1]) ? jit_ref_const(l->ir, op->arg[1])->i : 0;
    if (d > 0 && (d & (d - 1)) == 0) div_power(l, n, __builtin_ctzll((uint64_t)d));
    else if (d > 0) div_constant(l, n, d);
    else div_general(l, n);
}
