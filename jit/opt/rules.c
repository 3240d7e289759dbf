/* rules.c: algebra: identities, strength reduction, canonical forms. The list with its names is
 * rules.def; here are the conditions.
 *
 * Every rule replaces one operation by one value or one cheaper operation: nothing is inserted, so
 * the chain stays a walk. Canonical forms exist for the passes behind: a constant stands on the
 * right (x+c, x<c), x-c is x+(-c), x>y is y<x, so that equal things look equal to cse.c and
 * guards.c.
 *
 * Integers wrap, so sums of constants may be reassociated freely. Doubles obey almost no algebra:
 * x+0.0 is not x for x = -0.0, x*0.0 is not 0.0, x-x is not 0.0 for infinities, and -1.0*x has
 * another NaN than -x. What is left is exact for every bit pattern.
 *
 * Rules that look at the operation behind an argument use opt_def: not over the label.
 *
 * Before: fold.c (so at most one argument is constant here). After: guards.c.
 */
#include <math.h>

#include "opt/chain.h"

/* ---- verdicts ---- */

static enum opt_verdict value(struct opt_op *op, jit_ref v, enum opt_rule rule)
{
    if (v == JIT_NOREF) /* no memory for a constant */
        return OPT_NEXT;
    opt_hit(rule);
    op->value = v;
    return OPT_VALUE;
}

static enum opt_verdict constant(struct opt *o, struct opt_op *op, int64_t k, enum opt_rule rule)
{
    return value(op, jit_ir_const_i(o->out, k), rule);
}

static enum opt_verdict unary(struct opt_op *op, enum jit_opcode opcode, jit_ref a, enum opt_rule rule)
{
    opt_hit(rule);
    op->opcode = (uint16_t)opcode;
    op->nargs = 1;
    op->args[0] = a;
    return OPT_AGAIN;
}

static enum opt_verdict binary(struct opt_op *op, enum jit_opcode opcode, jit_ref a, jit_ref b, enum opt_rule rule)
{
    if (b == JIT_NOREF)
        return OPT_NEXT;
    opt_hit(rule);
    op->opcode = (uint16_t)opcode;
    op->nargs = 2;
    op->args[0] = a;
    op->args[1] = b;
    return OPT_AGAIN;
}

/* x op k with another constant. */
static enum opt_verdict binary_k(struct opt *o, struct opt_op *op, enum jit_opcode opcode, jit_ref x, int64_t k, enum opt_rule rule)
{
    return binary(op, opcode, x, jit_ir_const_i(o->out, k), rule);
}

/* ---- questions ---- */

static bool is_k(const struct opt *o, jit_ref r, int64_t k)
{
    return jit_ref_is_const(r) && opt_ki(o, r) == k;
}

static bool is_kf(const struct opt *o, jit_ref r, double f)
{
    struct jit_const k = {.type = 'f', .f = f};
    return jit_ref_is_const(r) && jit_ref_const(o->out, r)->bits == k.bits;
}

static bool is_null(const struct opt *o, jit_ref r)
{
    return jit_ref_is_const(r) && !jit_ref_const(o->out, r)->p;
}

/* k = log2(c) if c is a power of two, as an unsigned number. */
static bool log2_of(const struct opt *o, jit_ref r, int *k)
{
    if (!jit_ref_is_const(r))
        return false;
    uint64_t c = (uint64_t)opt_ki(o, r);
    *k = c ? __builtin_ctzll(c) : 0;
    return c && !(c & (c - 1));
}

static jit_ref arg(const struct opt *o, const struct jit_op *d, unsigned i)
{
    return opt_resolve(o, jit_op_args(o->out, d)[i]);
}

/* r = x opcode c: gives x and c. */
static bool with_const(const struct opt *o, jit_ref r, enum jit_opcode opcode, jit_ref *x, int64_t *c)
{
    const struct jit_op *d = opt_def(o, r, opcode);
    if (!d || !jit_ref_is_const(arg(o, d, 1)))
        return false;
    *x = arg(o, d, 0);
    *c = opt_ki(o, arg(o, d, 1));
    return true;
}

/* ---- integers ---- */

static enum opt_verdict rule_add(struct opt *o, struct opt_op *op)
{
    jit_ref a = op->args[0], b = op->args[1], x;
    const struct jit_op *d;
    int64_t c;
    if (is_k(o, b, 0))
        return value(op, a, RULE_add_zero);
    if (jit_ref_is_const(b) && with_const(o, a, JIT_int_add, &x, &c))
        return binary_k(o, op, JIT_int_add, x, (int64_t)((uint64_t)c + (uint64_t)opt_ki(o, b)), RULE_add_add);
    if ((d = opt_def(o, b, JIT_int_neg)))
        return binary(op, JIT_int_sub, a, arg(o, d, 0), RULE_add_neg);
    if ((d = opt_def(o, a, JIT_int_neg)) && !jit_ref_is_const(b))
        return binary(op, JIT_int_sub, b, arg(o, d, 0), RULE_add_neg);
    return OPT_NEXT;
}

static enum opt_verdict rule_sub(struct opt *o, struct opt_op *op)
{
    jit_ref a = op->args[0], b = op->args[1];
    const struct jit_op *d;
    if (jit_ref_is_const(b))
        return binary_k(o, op, JIT_int_add, a, (int64_t)(0 - (uint64_t)opt_ki(o, b)), RULE_sub_const);
    if (a == b)
        return constant(o, op, 0, RULE_sub_self);
    if (is_k(o, a, 0))
        return unary(op, JIT_int_neg, b, RULE_sub_from_zero);
    if ((d = opt_def(o, b, JIT_int_neg)))
        return binary(op, JIT_int_add, a, arg(o, d, 0), RULE_sub_neg);
    if ((d = opt_def(o, a, JIT_int_add)) && arg(o, d, 1) == b)
        return value(op, arg(o, d, 0), RULE_sub_add);
    if (d && arg(o, d, 0) == b)
        return value(op, arg(o, d, 1), RULE_sub_add);
    return OPT_NEXT;
}

static enum opt_verdict rule_mul(struct opt *o, struct opt_op *op)
{
    jit_ref a = op->args[0], b = op->args[1];
    int k;
    if (is_k(o, b, 0))
        return value(op, b, RULE_mul_zero);
    if (is_k(o, b, 1))
        return value(op, a, RULE_mul_one);
    if (is_k(o, b, -1))
        return unary(op, JIT_int_neg, a, RULE_mul_minus_one);
    if (log2_of(o, b, &k))
        return binary_k(o, op, JIT_int_lshift, a, k, RULE_mul_pow2);
    return OPT_NEXT;
}

static enum opt_verdict rule_neg(struct opt *o, struct opt_op *op)
{
    const struct jit_op *d;
    if ((d = opt_def(o, op->args[0], JIT_int_neg)))
        return value(op, arg(o, d, 0), RULE_neg_neg);
    if ((d = opt_def(o, op->args[0], JIT_int_sub)))
        return binary(op, JIT_int_sub, arg(o, d, 1), arg(o, d, 0), RULE_neg_sub);
    return OPT_NEXT;
}

/* All bits that a value of the range can have, for ranges without negative numbers. */
static uint64_t bits_of_range(int64_t lo, int64_t hi)
{
    return lo < 0 ? UINT64_MAX : hi == 0 ? 0
                                         : UINT64_MAX >> __builtin_clzll((uint64_t)hi);
}

static enum opt_verdict rule_and(struct opt *o, struct opt_op *op)
{
    jit_ref a = op->args[0], b = op->args[1], x;
    int64_t c, lo, hi;
    if (a == b)
        return value(op, a, RULE_and_self);
    if (!jit_ref_is_const(b))
        return OPT_NEXT;
    if (is_k(o, b, 0))
        return value(op, b, RULE_and_zero);
    opt_range(o, a, &lo, &hi);
    if (!(bits_of_range(lo, hi) & ~(uint64_t)opt_ki(o, b)))
        return value(op, a, RULE_and_mask);
    if (with_const(o, a, JIT_int_and, &x, &c))
        return binary_k(o, op, JIT_int_and, x, c & opt_ki(o, b), RULE_and_and);
    return OPT_NEXT;
}

static enum opt_verdict rule_or(struct opt *o, struct opt_op *op)
{
    jit_ref a = op->args[0], b = op->args[1], x;
    int64_t c;
    if (a == b)
        return value(op, a, RULE_or_self);
    if (is_k(o, b, 0))
        return value(op, a, RULE_or_zero);
    if (is_k(o, b, -1))
        return value(op, b, RULE_or_ones);
    if (jit_ref_is_const(b) && with_const(o, a, JIT_int_or, &x, &c))
        return binary_k(o, op, JIT_int_or, x, c | opt_ki(o, b), RULE_or_or);
    return OPT_NEXT;
}

static enum opt_verdict rule_xor(struct opt *o, struct opt_op *op)
{
    jit_ref a = op->args[0], b = op->args[1], x;
    int64_t c;
    if (a == b)
        return constant(o, op, 0, RULE_xor_self);
    if (is_k(o, b, 0))
        return value(op, a, RULE_xor_zero);
    if (is_k(o, b, -1))
        return unary(op, JIT_int_invert, a, RULE_xor_ones);
    if (jit_ref_is_const(b) && with_const(o, a, JIT_int_xor, &x, &c))
        return binary_k(o, op, JIT_int_xor, x, c ^ opt_ki(o, b), RULE_xor_xor);
    return OPT_NEXT;
}

static enum opt_verdict rule_invert(struct opt *o, struct opt_op *op)
{
    const struct jit_op *d = opt_def(o, op->args[0], JIT_int_invert);
    return d ? value(op, arg(o, d, 0), RULE_invert_invert) : OPT_NEXT;
}

static enum opt_verdict rule_shift(struct opt *o, struct opt_op *op)
{
    jit_ref a = op->args[0], b = op->args[1], x;
    int64_t c, k;
    if (is_k(o, b, 0))
        return value(op, a, RULE_shift_zero);
    if (is_k(o, a, 0))
        return value(op, a, RULE_shift_of_zero);
    if (!jit_ref_is_const(b) || !with_const(o, a, op->opcode, &x, &c))
        return OPT_NEXT;
    k = opt_ki(o, b);
    if (c < 0 || c > 63 || k < 0 || k > 63)
        return OPT_NEXT;
    if (c + k <= 63)
        return binary_k(o, op, op->opcode, x, c + k, RULE_shift_shift);
    if (op->opcode == JIT_int_rshift)
        return binary_k(o, op, op->opcode, x, 63, RULE_shift_shift);
    return constant(o, op, 0, RULE_shift_shift);
}

static enum opt_verdict rule_floordiv(struct opt *o, struct opt_op *op)
{
    jit_ref a = op->args[0], b = op->args[1];
    int k;
    if (is_k(o, b, 1))
        return value(op, a, RULE_floordiv_one);
    if (is_k(o, b, -1))
        return unary(op, JIT_int_neg, a, RULE_floordiv_minus_one);
    if (log2_of(o, b, &k) && k < 63)
        return binary_k(o, op, JIT_int_rshift, a, k, RULE_floordiv_pow2);
    return OPT_NEXT;
}

static enum opt_verdict rule_mod(struct opt *o, struct opt_op *op)
{
    jit_ref a = op->args[0], b = op->args[1];
    int k;
    if (is_k(o, b, 1) || is_k(o, b, -1))
        return constant(o, op, 0, RULE_mod_one);
    if (log2_of(o, b, &k) && k < 63)
        return binary_k(o, op, JIT_int_and, a, ((int64_t)1 << k) - 1, RULE_mod_pow2);
    return OPT_NEXT;
}

/* ---- comparisons ---- */

/* mirror: x op y == y mirror x; inverse: x op y == !(x inverse y), integers and addresses only. */
struct compare {
    uint8_t mirror, inverse;
    bool reflexive;
    char type;
};
static const struct compare compares[JIT_NOPCODES] = {
    [JIT_int_lt] = {JIT_int_gt, JIT_int_ge, false, 'i'},
    [JIT_int_le] = {JIT_int_ge, JIT_int_gt, true, 'i'},
    [JIT_int_eq] = {JIT_int_eq, JIT_int_ne, true, 'i'},
    [JIT_int_ne] = {JIT_int_ne, JIT_int_eq, false, 'i'},
    [JIT_int_gt] = {JIT_int_lt, JIT_int_le, false, 'i'},
    [JIT_int_ge] = {JIT_int_le, JIT_int_lt, true, 'i'},
    [JIT_uint_lt] = {JIT_uint_gt, JIT_uint_ge, false, 'i'},
    [JIT_uint_le] = {JIT_uint_ge, JIT_uint_gt, true, 'i'},
    [JIT_uint_gt] = {JIT_uint_lt, JIT_uint_le, false, 'i'},
    [JIT_uint_ge] = {JIT_uint_le, JIT_uint_lt, true, 'i'},
    [JIT_float_lt] = {JIT_float_gt, 0, false, 'f'},
    [JIT_float_le] = {JIT_float_ge, 0, false, 'f'},
    [JIT_float_eq] = {JIT_float_eq, JIT_float_ne, false, 'f'},
    [JIT_float_ne] = {JIT_float_ne, JIT_float_eq, false, 'f'},
    [JIT_float_gt] = {JIT_float_lt, 0, false, 'f'},
    [JIT_float_ge] = {JIT_float_le, 0, false, 'f'},
    [JIT_ptr_eq] = {JIT_ptr_eq, JIT_ptr_ne, true, 'r'},
    [JIT_ptr_ne] = {JIT_ptr_ne, JIT_ptr_eq, false, 'r'},
};
_Static_assert(JIT_NOPCODES <= 256, "operations fit a byte");

static bool inverse_of(enum jit_opcode cmp, enum jit_opcode *inverse)
{
    *inverse = compares[cmp].inverse;
    return compares[cmp].inverse != 0;
}

static bool is_greater(unsigned opcode)
{
    switch (opcode) {
    case JIT_int_gt:
    case JIT_int_ge:
    case JIT_uint_gt:
    case JIT_uint_ge:
    case JIT_float_gt:
    case JIT_float_ge: return true;
    default: return false;
    }
}

static enum opt_verdict rule_equal_const(struct opt *o, struct opt_op *op)
{
    bool eq = op->opcode == JIT_int_eq;
    jit_ref a = op->args[0], b = op->args[1], x;
    int64_t c;
    if (is_k(o, b, 0))
        return unary(op, eq ? JIT_int_is_zero : JIT_int_is_true, a, RULE_cmp_zero);
    if (is_k(o, b, 1) && opt_is_bool(o, a))
        return eq ? value(op, a, RULE_cmp_bool) : unary(op, JIT_int_is_zero, a, RULE_cmp_bool);
    if (with_const(o, a, JIT_int_add, &x, &c))
        return binary_k(o, op, op->opcode, x, (int64_t)((uint64_t)opt_ki(o, b) - (uint64_t)c), RULE_cmp_add);
    return OPT_NEXT;
}

static enum opt_verdict rule_unsigned_const(struct opt *o, struct opt_op *op)
{
    jit_ref a = op->args[0], b = op->args[1];
    bool zero = is_k(o, b, 0);
    switch (op->opcode) {
    case JIT_uint_lt:
        if (zero)
            return constant(o, op, 0, RULE_cmp_unsigned_zero);
        return is_k(o, b, 1) ? unary(op, JIT_int_is_zero, a, RULE_cmp_unsigned_zero) : OPT_NEXT;
    case JIT_uint_ge:
        if (zero)
            return constant(o, op, 1, RULE_cmp_unsigned_zero);
        return is_k(o, b, 1) ? unary(op, JIT_int_is_true, a, RULE_cmp_unsigned_zero) : OPT_NEXT;
    case JIT_uint_gt:
        return zero ? unary(op, JIT_int_is_true, a, RULE_cmp_unsigned_zero) : OPT_NEXT;
    case JIT_uint_le:
        return zero ? unary(op, JIT_int_is_zero, a, RULE_cmp_unsigned_zero) : OPT_NEXT;
    default:
        return OPT_NEXT;
    }
}

static enum opt_verdict rule_compare(struct opt *o, struct opt_op *op)
{
    const struct compare *c = &compares[op->opcode];
    jit_ref a = op->args[0], b = op->args[1];
    if (a == b && c->type != 'f')
        return constant(o, op, c->reflexive, RULE_cmp_self);
    if (jit_ref_is_const(a))
        return jit_ref_is_const(b) ? OPT_NEXT : binary(op, c->mirror, b, a, RULE_cmp_const_right);
    if (!jit_ref_is_const(b))
        return is_greater(op->opcode) ? binary(op, c->mirror, b, a, RULE_cmp_flip) : OPT_NEXT;
    if (op->opcode == JIT_int_eq || op->opcode == JIT_int_ne)
        return rule_equal_const(o, op);
    return c->type == 'i' ? rule_unsigned_const(o, op) : OPT_NEXT;
}

static enum opt_verdict rule_is_zero(struct opt *o, struct opt_op *op)
{
    jit_ref x = op->args[0];
    if (!opt_is_value(x) || (o->round == 2 && x <= o->label))
        return OPT_NEXT;
    const struct jit_op *d = &o->out->ops.v[x];
    enum jit_opcode inverse;
    if (inverse_of(d->opcode, &inverse))
        return binary(op, inverse, arg(o, d, 0), arg(o, d, 1), RULE_is_zero_cmp);
    if (d->opcode == JIT_int_is_zero)
        return unary(op, JIT_int_is_true, arg(o, d, 0), RULE_is_zero_cmp);
    if (d->opcode == JIT_int_is_true)
        return unary(op, JIT_int_is_zero, arg(o, d, 0), RULE_is_zero_cmp);
    return OPT_NEXT;
}

/* ---- doubles ---- */

/* 1/c is exact: then x/c and x*(1/c) round the same real number. */
static bool exact_reciprocal(const struct opt *o, jit_ref r, double *inverse)
{
    int e;
    if (!jit_ref_is_const(r))
        return false;
    double c = jit_ref_const(o->out, r)->f;
    *inverse = 1 / c;
    return isnormal(c) && isnormal(*inverse) && fabs(frexp(c, &e)) == 0.5;
}

static enum opt_verdict rule_float(struct opt *o, struct opt_op *op)
{
    jit_ref a = op->args[0], b = op->args[op->nargs - 1];
    double inverse;
    switch (op->opcode) {
    case JIT_float_add:
        return is_kf(o, b, -0.0) ? value(op, a, RULE_float_add_minus_zero) : OPT_NEXT;
    case JIT_float_sub:
        return is_kf(o, b, 0.0) ? value(op, a, RULE_float_sub_zero) : OPT_NEXT;
    case JIT_float_mul:
        return is_kf(o, b, 1.0) ? value(op, a, RULE_float_mul_one) : OPT_NEXT;
    case JIT_float_truediv:
        if (is_kf(o, b, 1.0))
            return value(op, a, RULE_float_div_one);
        if (exact_reciprocal(o, b, &inverse))
            return binary(op, JIT_float_mul, a, jit_ir_const_f(o->out, inverse), RULE_float_div_pow2);
        return OPT_NEXT;
    default:
        return OPT_NEXT;
    }
}

static enum opt_verdict rule_float_unary(struct opt *o, struct opt_op *op)
{
    static const uint16_t whole[] = {JIT_float_floor, JIT_float_ceil, JIT_cast_int_to_float};
    const struct jit_op *d;
    switch (op->opcode) {
    case JIT_float_neg:
        d = opt_def(o, op->args[0], JIT_float_neg);
        return d ? value(op, arg(o, d, 0), RULE_float_neg_neg) : OPT_NEXT;
    case JIT_float_abs:
        if ((d = opt_def(o, op->args[0], JIT_float_abs)))
            return value(op, op->args[0], RULE_float_abs_neg);
        d = opt_def(o, op->args[0], JIT_float_neg);
        return d ? unary(op, JIT_float_abs, arg(o, d, 0), RULE_float_abs_neg) : OPT_NEXT;
    default: /* floor, ceil */
        for (unsigned i = 0; i < sizeof whole / sizeof *whole; i++)
            if (opt_def(o, op->args[0], whole[i]))
                return value(op, op->args[0], RULE_float_floor_whole);
        return OPT_NEXT;
    }
}

/* ---- conversions and addresses ---- */

static enum opt_verdict rule_cast_to_int(struct opt *o, struct opt_op *op)
{
    const struct jit_op *d = opt_def(o, op->args[0], JIT_cast_int_to_float);
    int64_t lo, hi, exact = (int64_t)1 << 53;
    if (!d)
        return OPT_NEXT;
    opt_range(o, arg(o, d, 0), &lo, &hi);
    return lo >= -exact && hi <= exact ? value(op, arg(o, d, 0), RULE_cast_round_trip) : OPT_NEXT;
}

/* f(g(x)) is x. */
static enum opt_verdict rule_undo(struct opt *o, struct opt_op *op, enum jit_opcode g, enum opt_rule rule)
{
    const struct jit_op *d = opt_def(o, op->args[0], g);
    return d ? value(op, arg(o, d, 0), rule) : OPT_NEXT;
}

static enum opt_verdict rule_add_ptr(struct opt *o, struct opt_op *op)
{
    jit_ref x;
    int64_t c;
    if (is_k(o, op->args[1], 0))
        return value(op, op->args[0], RULE_ptr_add_zero);
    if (jit_ref_is_const(op->args[1]) && with_const(o, op->args[0], JIT_int_add_ptr, &x, &c))
        return binary_k(o, op, JIT_int_add_ptr, x, (int64_t)((uint64_t)c + (uint64_t)opt_ki(o, op->args[1])), RULE_ptr_add_add);
    return OPT_NEXT;
}

/* ---- guards ---- */

static enum opt_verdict guard_ptr_compare(struct opt *o, struct opt_op *op, bool holds_if_null)
{
    const struct jit_op *d = opt_def(o, op->args[0], holds_if_null ? JIT_ptr_eq : JIT_ptr_ne);
    if (!d)
        return OPT_NEXT;
    jit_ref a = arg(o, d, 0), b = arg(o, d, 1);
    if (!is_null(o, a) && !is_null(o, b))
        return OPT_NEXT;
    return unary(op, op->opcode == JIT_guard_true ? (holds_if_null ? JIT_guard_isnull : JIT_guard_nonnull) : (holds_if_null ? JIT_guard_nonnull : JIT_guard_isnull),
                 is_null(o, a) ? b : a, RULE_guard_null);
}

static enum opt_verdict rule_guard_bool(struct opt *o, struct opt_op *op)
{
    const struct jit_op *d;
    if ((d = opt_def(o, op->args[0], JIT_int_is_true)))
        return unary(op, op->opcode, arg(o, d, 0), RULE_guard_is_true);
    if ((d = opt_def(o, op->args[0], JIT_int_is_zero)))
        return unary(op, op->opcode == JIT_guard_true ? JIT_guard_false : JIT_guard_true, arg(o, d, 0), RULE_guard_is_zero);
    enum opt_verdict v = guard_ptr_compare(o, op, true);
    return v == OPT_NEXT ? guard_ptr_compare(o, op, false) : v;
}

static enum opt_verdict rule_guard_value(struct opt *o, struct opt_op *op)
{
    if (jit_ref_const(o->out, op->args[1])->type == 'r')
        return is_null(o, op->args[1]) ? unary(op, JIT_guard_isnull, op->args[0], RULE_guard_value_null) : OPT_NEXT;
    if (!opt_is_bool(o, op->args[0]))
        return OPT_NEXT;
    if (is_k(o, op->args[1], 1))
        return unary(op, JIT_guard_true, op->args[0], RULE_guard_value_bool);
    if (is_k(o, op->args[1], 0))
        return unary(op, JIT_guard_false, op->args[0], RULE_guard_value_bool);
    return OPT_NEXT;
}

/* ---- all ---- */

/* Constants to the right. NaN stays where it is: with two NaNs the first argument comes out. */
static bool const_right(const struct opt *o, struct opt_op *op)
{
    switch (op->opcode) {
    case JIT_int_add:
    case JIT_int_mul:
    case JIT_int_and:
    case JIT_int_or:
    case JIT_int_xor:
    case JIT_float_add:
    case JIT_float_mul: break;
    default: return false;
    }
    jit_ref a = op->args[0];
    if (!jit_ref_is_const(a) || jit_ref_is_const(op->args[1]))
        return false;
    const struct jit_const *k = jit_ref_const(o->out, a);
    if (k->type == 'f' && isnan(k->f))
        return false;
    op->args[0] = op->args[1];
    op->args[1] = a;
    opt_hit(RULE_const_right);
    return true;
}

enum opt_verdict opt_rules(struct opt *o, struct opt_op *op)
{
    const_right(o, op);
    if (compares[op->opcode].mirror)
        return rule_compare(o, op);
    switch (op->opcode) {
    case JIT_int_add: return rule_add(o, op);
    case JIT_int_sub: return rule_sub(o, op);
    case JIT_int_mul: return rule_mul(o, op);
    case JIT_int_neg: return rule_neg(o, op);
    case JIT_int_and: return rule_and(o, op);
    case JIT_int_or: return rule_or(o, op);
    case JIT_int_xor: return rule_xor(o, op);
    case JIT_int_invert: return rule_invert(o, op);
    case JIT_int_lshift:
    case JIT_int_rshift:
    case JIT_uint_rshift: return rule_shift(o, op);
    case JIT_int_floordiv: return rule_floordiv(o, op);
    case JIT_int_mod: return rule_mod(o, op);
    case JIT_int_is_zero: return rule_is_zero(o, op);
    case JIT_int_is_true: return opt_is_bool(o, op->args[0]) ? value(op, op->args[0], RULE_is_true_bool) : OPT_NEXT;
    case JIT_float_add:
    case JIT_float_sub:
    case JIT_float_mul:
    case JIT_float_truediv: return rule_float(o, op);
    case JIT_float_neg:
    case JIT_float_abs:
    case JIT_float_floor:
    case JIT_float_ceil: return rule_float_unary(o, op);
    case JIT_cast_float_to_int: return rule_cast_to_int(o, op);
    case JIT_convert_float_bytes_to_longlong: return rule_undo(o, op, JIT_convert_longlong_bytes_to_float, RULE_bytes_round_trip);
    case JIT_convert_longlong_bytes_to_float: return rule_undo(o, op, JIT_convert_float_bytes_to_longlong, RULE_bytes_round_trip);
    case JIT_cast_ptr_to_int: return rule_undo(o, op, JIT_cast_int_to_ptr, RULE_ptr_int_round_trip);
    case JIT_cast_int_to_ptr: return rule_undo(o, op, JIT_cast_ptr_to_int, RULE_ptr_int_round_trip);
    case JIT_int_add_ptr: return rule_add_ptr(o, op);
    case JIT_same_as_i:
    case JIT_same_as_f:
    case JIT_same_as_r: return value(op, op->args[0], RULE_same_as);
    case JIT_guard_true:
    case JIT_guard_false: return rule_guard_bool(o, op);
    case JIT_guard_value: return rule_guard_value(o, op);
    default: return OPT_NEXT;
    }
}
