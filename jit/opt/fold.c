/* fold.c: operations whose arguments are all constants are done now, guards on constants decided.
 *
 * What is computed here must be bit for bit what the machine code would compute: integers wrap (so
 * everything goes through unsigned), floor division rounds down, shifts outside 0..63 and division
 * by zero are left alone (the recorder guards against them; unreachable code may still say them),
 * doubles are computed with the same SSE2 instructions.
 *
 * The address of a collectable object is folded only into comparisons: as a number or an inner
 * address it would no longer be a root.
 *
 * Before: opt.c. After: rules.c, which has the cases with one constant.
 */
#include <math.h>
#include <string.h>

#include "opt/chain.h"


static int64_t floordiv(int64_t a, int64_t b)
{
    if (b == -1)
        return (int64_t)(0 - (uint64_t)a);
    int64_t q = a / b;
    return q - (a % b != 0 && (a ^ b) < 0);
}

static int64_t floormod(int64_t a, int64_t b)
{
    if (b == -1)
        return 0;
    int64_t m = a % b;
    return m != 0 && (m ^ b) < 0 ? m + b : m;
}

static bool fold_i(enum jit_opcode op, int64_t a, int64_t b, int64_t *r)
{
    uint64_t x = (uint64_t)a, y = (uint64_t)b;
    bool count = y < 64;
    switch (op) {
    case JIT_int_add: *r = (int64_t)(x + y); return true;
    case JIT_int_sub: *r = (int64_t)(x - y); return true;
    case JIT_int_mul: *r = (int64_t)(x * y); return true;
    case JIT_int_neg: *r = (int64_t)(0 - x); return true;
    case JIT_int_and: *r = a & b; return true;
    case JIT_int_or: *r = a | b; return true;
    case JIT_int_xor: *r = a ^ b; return true;
    case JIT_int_invert: *r = ~a; return true;
    case JIT_int_lshift:
        if (count) *r = (int64_t)(x << y);
        return count;
    case JIT_int_rshift:
        if (count) *r = a >> y;
        return count;
    case JIT_uint_rshift:
        if (count) *r = (int64_t)(x >> y);
        return count;
    case JIT_int_floordiv:
        if (b) *r = floordiv(a, b);
        return b != 0;
    case JIT_int_mod:
        if (b) *r = floormod(a, b);
        return b != 0;
    default: return false;
    }
}

static bool compare_i(enum jit_opcode op, int64_t a, int64_t b, int64_t *r)
{
    uint64_t x = (uint64_t)a, y = (uint64_t)b;
    switch (op) {
    case JIT_int_lt: *r = a < b; return true;
    case JIT_int_le: *r = a <= b; return true;
    case JIT_int_eq: *r = a == b; return true;
    case JIT_int_ne: *r = a != b; return true;
    case JIT_int_gt: *r = a > b; return true;
    case JIT_int_ge: *r = a >= b; return true;
    case JIT_uint_lt: *r = x < y; return true;
    case JIT_uint_le: *r = x <= y; return true;
    case JIT_uint_gt: *r = x > y; return true;
    case JIT_uint_ge: *r = x >= y; return true;
    case JIT_int_is_zero: *r = a == 0; return true;
    case JIT_int_is_true: *r = a != 0; return true;
    default: return false;
    }
}

static bool fold_f(enum jit_opcode op, double a, double b, double *r)
{
    switch (op) {
    case JIT_float_add: *r = a + b; return true;
    case JIT_float_sub: *r = a - b; return true;
    case JIT_float_mul: *r = a * b; return true;
    case JIT_float_truediv: *r = a / b; return true;
    case JIT_float_neg: *r = -a; return true;
    case JIT_float_abs: *r = fabs(a); return true;
    case JIT_float_sqrt: *r = sqrt(a); return true;
    case JIT_float_floor: *r = floor(a); return true;
    case JIT_float_ceil: *r = ceil(a); return true;
    default: return false;
    }
}

static bool compare_f(enum jit_opcode op, double a, double b, int64_t *r)
{
    switch (op) {
    case JIT_float_lt: *r = a < b; return true;
    case JIT_float_le: *r = a <= b; return true;
    case JIT_float_eq: *r = a == b; return true;
    case JIT_float_ne: *r = a != b; return true;
    case JIT_float_gt: *r = a > b; return true;
    case JIT_float_ge: *r = a >= b; return true;
    default: return false;
    }
}

/* As cvttsd2si does it. */
static int64_t truncate(double f)
{
    return f >= -0x1p63 && f < 0x1p63 ? (int64_t)f : INT64_MIN;
}

static enum opt_verdict becomes(struct opt_op *op, jit_ref k, enum opt_rule rule)
{
    op->value = k;
    opt_hit(rule);
    return k == JIT_NOREF ? OPT_NEXT : OPT_VALUE;
}

static enum opt_verdict fold_convert(struct opt *o, struct opt_op *op, const struct jit_const *a)
{
    struct jit_const k = *a;
    switch (op->opcode) {
    case JIT_cast_int_to_float: return becomes(op, jit_ir_const_f(o->out, (double)a->i), RULE_fold_convert);
    case JIT_cast_float_to_int: return becomes(op, jit_ir_const_i(o->out, truncate(a->f)), RULE_fold_convert);
    case JIT_convert_float_bytes_to_longlong: return becomes(op, jit_ir_const_i(o->out, k.i), RULE_fold_convert);
    case JIT_convert_longlong_bytes_to_float: return becomes(op, jit_ir_const_f(o->out, k.f), RULE_fold_convert);
    case JIT_same_as_i:
    case JIT_same_as_f:
    case JIT_same_as_r: return becomes(op, op->args[0], RULE_fold_convert);
    default: return OPT_NEXT;
    }
}

static enum opt_verdict fold_ptr(struct opt *o, struct opt_op *op, const struct jit_const *a, const struct jit_const *b)
{
    switch (op->opcode) {
    case JIT_ptr_eq: return becomes(op, jit_ir_const_i(o->out, a->p == b->p), RULE_fold_ptr);
    case JIT_ptr_ne: return becomes(op, jit_ir_const_i(o->out, a->p != b->p), RULE_fold_ptr);
    case JIT_cast_int_to_ptr: return becomes(op, jit_ir_const_r(o->out, a->p, false), RULE_fold_ptr);
    case JIT_cast_ptr_to_int:
        return a->gc ? OPT_NEXT : becomes(op, jit_ir_const_i(o->out, a->i), RULE_fold_ptr);
    case JIT_int_add_ptr:
        return a->gc ? OPT_NEXT : becomes(op, jit_ir_const_r(o->out, (char *)a->p + b->i, false), RULE_fold_ptr);
    default: return OPT_NEXT;
    }
}

/* 1 holds, 0 fails, -1 not decided by constants. */
static int guard_holds(const struct opt *o, const struct opt_op *op)
{
    if (op->nargs == 0 || !jit_ref_is_const(op->args[0]))
        return -1;
    const struct jit_const *a = jit_ref_const(o->out, op->args[0]);
    switch (op->opcode) {
    case JIT_guard_true: return a->i != 0;
    case JIT_guard_false: return a->i == 0;
    case JIT_guard_nonnull: return a->p != NULL;
    case JIT_guard_isnull: return a->p == NULL;
    case JIT_guard_value: return a->bits == jit_ref_const(o->out, op->args[1])->bits;
    default: return -1;
    }
}

static enum opt_verdict fold_guard(const struct opt *o, const struct opt_op *op)
{
    int holds = guard_holds(o, op);
    if (holds < 0)
        return OPT_NEXT;
    opt_hit(holds ? RULE_fold_guard : RULE_fold_guard_fails);
    return holds ? OPT_DROP : OPT_FAIL;
}

enum opt_verdict opt_fold(struct opt *o, struct opt_op *op)
{
    uint8_t effects = jit_opinfo[op->opcode].effects;
    int64_t i;
    double f;
    if (effects == JIT_GUARD)
        return fold_guard(o, op);
    if (effects != JIT_PURE || op->nargs == 0)
        return OPT_NEXT;
    for (unsigned k = 0; k < op->nargs; k++)
        if (!jit_ref_is_const(op->args[k]))
            return OPT_NEXT;
    struct jit_const a = *jit_ref_const(o->out, op->args[0]), b = *jit_ref_const(o->out, op->args[op->nargs - 1]);
    if (a.type == 'i' && fold_i(op->opcode, a.i, b.i, &i))
        return becomes(op, jit_ir_const_i(o->out, i), RULE_fold_int);
    if (a.type == 'i' && compare_i(op->opcode, a.i, b.i, &i))
        return becomes(op, jit_ir_const_i(o->out, i), RULE_fold_compare);
    if (a.type == 'f' && fold_f(op->opcode, a.f, b.f, &f))
        return becomes(op, jit_ir_const_f(o->out, f), RULE_fold_float);
    if (a.type == 'f' && compare_f(op->opcode, a.f, b.f, &i))
        return becomes(op, jit_ir_const_i(o->out, i), RULE_fold_compare);
    enum opt_verdict v = fold_convert(o, op, &a);
    return v == OPT_NEXT ? fold_ptr(o, op, &a, &b) : v;
}
