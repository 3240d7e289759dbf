/* record_arith.c: arithmetic and comparisons. Lua 5.4's semantics exactly: integers wrap, // and %
 * round to minus infinity, integers and floats compare by value, not by conversion.
 *
 * Operations that the IR has not (float %, ^, shifts by a variable, mixed comparisons) are pure
 * helper functions, so that they are shared and hoisted like operations.
 *
 * Before: record.c. After: trace/recorder.c.
 */
#include <math.h>
#include "lua/record.h"

/* One operand: its value now and in the recording. */
struct operand {
    struct rv v;
    const struct value *now;
};

static struct operand reg_operand(struct rec_lua *rl, unsigned reg) { return (struct operand){rl_get(rl, reg), &rl->base[reg]}; }
static struct operand const_operand(struct rec_lua *rl, unsigned k) { return (struct operand){rl_const(rl, &rl->p->k[k]), &rl->p->k[k]}; }

static jit_ref to_float(struct rec_lua *rl, struct rv v)
{
    if (v.tag == T_FLT) return v.ref;
    if (jit_ref_is_const(v.ref)) return jit_rec_kf(rl->r, (double)jit_ref_const(&rl->r->ir, v.ref)->i);
    return jit_rec_op1(rl->r, JIT_cast_int_to_float, v.ref);
}

/* An integer operand of a bitwise operation; a float must be integral. */
static bool to_int(struct rec_lua *rl, struct operand *o, jit_ref *out)
{
    struct jit_recorder *r = rl->r;
    int64_t i;
    *out = o->v.ref;
    if (o->v.tag == T_INT) return true;
    if (o->v.tag != T_FLT || !int_of_float(o->now->n, &i) || i == INT64_MIN) return false;
    if (jit_ref_is_const(o->v.ref)) {
        *out = jit_rec_ki(r, i);
        return true;
    }
    *out = jit_rec_op1(r, JIT_cast_float_to_int, o->v.ref);
    jit_rec_guard_true(r, jit_rec_op2(r, JIT_float_eq, jit_rec_op1(r, JIT_cast_int_to_float, *out), o->v.ref));
    return true;
}

static struct rv rv_int(jit_ref r) { return (struct rv){r, T_INT}; }
static struct rv rv_flt(jit_ref r) { return (struct rv){r, T_FLT}; }

static jit_ref call_ff(struct rec_lua *rl, const void *fn, jit_ref a, jit_ref b)
{
    jit_ref args[2] = {a, b};
    return jit_rec_call(rl->r, &d_call_f_ff, fn, args, 2);
}

static void guard_nonzero(struct rec_lua *rl, struct operand *b)
{
    jit_rec_guard_true(rl->r, jit_rec_op1(rl->r, JIT_int_is_true, b->v.ref));
}

static struct rv int_arith(struct rec_lua *rl, enum metamethod e, struct operand *a, struct operand *b)
{
    struct jit_recorder *r = rl->r;
    jit_ref x = a->v.ref, y = b->v.ref;
    switch (e) {
    case MM_ADD: return rv_int(jit_rec_op2(r, JIT_int_add, x, y));
    case MM_SUB: return rv_int(jit_rec_op2(r, JIT_int_sub, x, y));
    case MM_MUL: return rv_int(jit_rec_op2(r, JIT_int_mul, x, y));
    default: break;
    }
    if (b->now->i == 0) { /* raises: the interpreter does it */
        rl_fail(rl, JITSTAT_A_ERROR);
        return a->v;
    }
    if (!jit_ref_is_const(y)) guard_nonzero(rl, b);
    return rv_int(jit_rec_op2(r, e == MM_MOD ? JIT_int_mod : JIT_int_floordiv, x, y));
}

static struct rv float_arith(struct rec_lua *rl, enum metamethod e, struct operand *a, struct operand *b)
{
    struct jit_recorder *r = rl->r;
    jit_ref x = to_float(rl, a->v);
    if (e == MM_POW && jit_ref_is_const(b->v.ref)) {
        double k = b->now->tag == T_INT ? (double)b->now->i : b->now->n;
        if (k == 2) return rv_flt(jit_rec_op2(r, JIT_float_mul, x, x));
    }
    jit_ref y = to_float(rl, b->v);
    switch (e) {
    case MM_ADD: return rv_flt(jit_rec_op2(r, JIT_float_add, x, y));
    case MM_SUB: return rv_flt(jit_rec_op2(r, JIT_float_sub, x, y));
    case MM_MUL: return rv_flt(jit_rec_op2(r, JIT_float_mul, x, y));
    case MM_DIV: return rv_flt(jit_rec_op2(r, JIT_float_truediv, x, y));
    case MM_IDIV: return rv_flt(jit_rec_op1(r, JIT_float_floor, jit_rec_op2(r, JIT_float_truediv, x, y)));
    case MM_MOD: return rv_flt(call_ff(rl, (const void *)flt_mod, x, y));
    default: return rv_flt(call_ff(rl, (const void *)flt_pow, x, y));
    }
}

static struct rv shift(struct rec_lua *rl, jit_ref x, jit_ref y, bool left)
{
    struct jit_recorder *r = rl->r;
    if (!jit_ref_is_const(y)) {
        jit_ref args[2] = {x, left ? y : jit_rec_op1(r, JIT_int_neg, y)};
        /* -min is min: a shift by min to the left and to the right both give 0 */
        return rv_int(jit_rec_call(r, &d_call_i_ii, (const void *)int_shl, args, 2));
    }
    int64_t n = jit_ref_const(&r->ir, y)->i;
    if (n <= -64 || n >= 64) return rv_int(jit_rec_ki(r, 0));
    if (!left) n = -n;
    if (n >= 0) return rv_int(jit_rec_op2(r, JIT_int_lshift, x, jit_rec_ki(r, n)));
    return rv_int(jit_rec_op2(r, JIT_uint_rshift, x, jit_rec_ki(r, -n)));
}

static bool is_bitwise(enum metamethod e) { return e >= MM_BAND && e <= MM_SHR; }

/* false: not numbers (or not integral): a metamethod or an error. */
static bool arith(struct rec_lua *rl, enum metamethod e, struct operand *a, struct operand *b, struct rv *out)
{
    struct jit_recorder *r = rl->r;
    if (!tag_is_number(a->v.tag) || !tag_is_number(b->v.tag)) return false;
    if (is_bitwise(e)) {
        jit_ref x, y;
        if (!to_int(rl, a, &x) || !to_int(rl, b, &y)) {
            rl_fail(rl, JITSTAT_A_NYI_TYPE);
            return true;
        }
        switch (e) {
        case MM_BAND: *out = rv_int(jit_rec_op2(r, JIT_int_and, x, y)); break;
        case MM_BOR: *out = rv_int(jit_rec_op2(r, JIT_int_or, x, y)); break;
        case MM_BXOR: *out = rv_int(jit_rec_op2(r, JIT_int_xor, x, y)); break;
        default: *out = shift(rl, x, y, e == MM_SHL); break;
        }
        return true;
    }
    if (a->v.tag == T_INT && b->v.tag == T_INT && e != MM_DIV && e != MM_POW) *out = int_arith(rl, e, a, b);
    else *out = float_arith(rl, e, a, b);
    return true;
}

static void arith_meta(struct rec_lua *rl, enum metamethod e, struct operand *a, struct operand *b)
{
    const struct value *f;
    jit_ref fref;
    if (a->v.tag == T_STR || b->v.tag == T_STR) {
        rl_fail(rl, JITSTAT_A_NYI_TYPE);
        return;
    }
    if (!rl_metamethod(rl, a->v, a->now, e, &f, &fref) && !rl_metamethod(rl, b->v, b->now, e, &f, &fref)) {
        rl_fail(rl, JITSTAT_A_ERROR);
        return;
    }
    struct rv args[2] = {a->v, b->v};
    rl_call_meta(rl, f, fref, args, 2);
}

static void unary(struct rec_lua *rl, lua_ins i)
{
    struct jit_recorder *r = rl->r;
    struct operand a = reg_operand(rl, ins_b(i));
    if (ins_op(i) == OP_UNM) {
        if (a.v.tag == T_INT) rl_set(rl, ins_a(i), rv_int(jit_rec_op1(r, JIT_int_neg, a.v.ref)));
        else if (a.v.tag == T_FLT) rl_set(rl, ins_a(i), rv_flt(jit_rec_op1(r, JIT_float_neg, a.v.ref)));
        else arith_meta(rl, MM_UNM, &a, &a);
        return;
    }
    jit_ref x;
    if (!tag_is_number(a.v.tag)) arith_meta(rl, MM_BNOT, &a, &a);
    else if (to_int(rl, &a, &x)) rl_set(rl, ins_a(i), rv_int(jit_rec_op1(r, JIT_int_invert, x)));
    else rl_fail(rl, JITSTAT_A_NYI_TYPE);
}

void rl_op_arith(struct rec_lua *rl)
{
    lua_ins i = *rl->pc;
    enum opcode op = ins_op(i);
    if (op == OP_UNM || op == OP_BNOT) {
        unary(rl, i);
        return;
    }
    struct operand a, b;
    enum metamethod e;
    if (op >= OP_KADD) {
        e = (enum metamethod)(MM_ADD + (op - OP_KADD));
        a = const_operand(rl, ins_b(i));
        b = reg_operand(rl, ins_c(i));
    } else if (op >= OP_ADDK) {
        e = (enum metamethod)(MM_ADD + (op - OP_ADDK));
        a = reg_operand(rl, ins_b(i));
        b = const_operand(rl, ins_c(i));
    } else {
        e = (enum metamethod)(MM_ADD + (op - OP_ADD));
        a = reg_operand(rl, ins_b(i));
        b = reg_operand(rl, ins_c(i));
    }
    struct rv out;
    if (!arith(rl, e, &a, &b, &out)) arith_meta(rl, e, &a, &b);
    else if (!rl_failed(rl)) rl_set(rl, ins_a(i), out);
}

/* ---- order ---- */

static int64_t lt_if(int64_t a, double b)
{
    struct value x, y;
    setint(&x, a);
    setflt(&y, b);
    return num_lt(&x, &y);
}
static int64_t le_if(int64_t a, double b)
{
    struct value x, y;
    setint(&x, a);
    setflt(&y, b);
    return num_le(&x, &y);
}
static int64_t lt_fi(double a, int64_t b)
{
    struct value x, y;
    setflt(&x, a);
    setint(&y, b);
    return num_lt(&x, &y);
}
static int64_t le_fi(double a, int64_t b)
{
    struct value x, y;
    setflt(&x, a);
    setint(&y, b);
    return num_le(&x, &y);
}
static int64_t eq_if(int64_t a, double b)
{
    struct value x, y;
    setint(&x, a);
    setflt(&y, b);
    return num_eq(&x, &y);
}
static int64_t lt_ss(const struct lstr *a, const struct lstr *b) { return str_cmp(a, b) < 0; }
static int64_t le_ss(const struct lstr *a, const struct lstr *b) { return str_cmp(a, b) <= 0; }

static bool small_const(const struct rec_lua *rl, struct rv v)
{
    if (!jit_ref_is_const(v.ref)) return false;
    int64_t i = jit_ref_const(&rl->r->ir, v.ref)->i;
    return i >= -(1ll << 53) && i <= 1ll << 53;
}

/* The condition a < b or a <= b of two numbers or two strings. JIT_NOREF: neither. */
static jit_ref order(struct rec_lua *rl, struct rv a, struct rv b, bool or_equal)
{
    struct jit_recorder *r = rl->r;
    jit_ref args[2] = {a.ref, b.ref};
    if (a.tag == T_INT && b.tag == T_INT) return jit_rec_op2(r, or_equal ? JIT_int_le : JIT_int_lt, a.ref, b.ref);
    if (a.tag == T_STR && b.tag == T_STR) return jit_rec_call(r, &d_call_i_rr, or_equal ? (const void *)le_ss : (const void *)lt_ss, args, 2);
    if (!tag_is_number(a.tag) || !tag_is_number(b.tag)) return JIT_NOREF;
    if ((a.tag == T_FLT || small_const(rl, a)) && (b.tag == T_FLT || small_const(rl, b)))
        return jit_rec_op2(r, or_equal ? JIT_float_le : JIT_float_lt, to_float(rl, a), to_float(rl, b));
    if (a.tag == T_INT) return jit_rec_call(r, &d_call_i_if, or_equal ? (const void *)le_if : (const void *)lt_if, args, 2);
    return jit_rec_call(r, &d_call_i_fi, or_equal ? (const void *)le_fi : (const void *)lt_fi, args, 2);
}

/* Numbers only; everything else is record_table.c's. */
static bool compare_equal(struct rec_lua *rl, lua_ins i)
{
    struct jit_recorder *r = rl->r;
    bool k = ins_op(i) == OP_JEQK || ins_op(i) == OP_JNEK;
    const struct value *na = &rl->base[ins_a(i)], *nb = k ? &rl->p->k[ins_b(i)] : &rl->base[ins_b(i)];
    if (!tag_is_number(na->tag) || !tag_is_number(nb->tag)) return false;
    struct rv a = rl_get(rl, ins_a(i)), b = k ? rl_const(rl, nb) : rl_get(rl, ins_b(i));
    bool eq = num_eq(na, nb);
    jit_ref c;
    if (a.tag == T_INT && b.tag == T_INT) c = jit_rec_op2(r, JIT_int_eq, a.ref, b.ref);
    else if ((a.tag == T_FLT || small_const(rl, a)) && (b.tag == T_FLT || small_const(rl, b))) c = jit_rec_op2(r, JIT_float_eq, to_float(rl, a), to_float(rl, b));
    else {
        jit_ref args[2] = {a.tag == T_INT ? a.ref : b.ref, a.tag == T_INT ? b.ref : a.ref};
        c = jit_rec_call(r, &d_call_i_if, (const void *)eq_if, args, 2);
    }
    if (eq) jit_rec_guard_true(r, c);
    else jit_rec_guard_false(r, c);
    return true;
}

static void compare_meta(struct rec_lua *rl, struct rv a, const struct value *na, struct rv b, const struct value *nb, bool or_equal)
{
    const struct value *f;
    jit_ref fref;
    enum metamethod e = or_equal ? MM_LE : MM_LT;
    if (!rl_metamethod(rl, a, na, e, &f, &fref) && !rl_metamethod(rl, b, nb, e, &f, &fref)) {
        rl_fail(rl, JITSTAT_A_ERROR);
        return;
    }
    struct rv args[2] = {a, b};
    rl_call_meta(rl, f, fref, args, 2);
}

void rl_op_compare(struct rec_lua *rl)
{
    lua_ins i = *rl->pc;
    enum opcode op = ins_op(i);
    if (op >= OP_JEQ && op <= OP_JNEK) {
        if (!compare_equal(rl, i)) rl_op_equal(rl);
        return;
    }
    const struct value *na = &rl->base[ins_a(i)], *nb;
    struct rv a = rl_get(rl, ins_a(i)), b;
    if (op >= OP_JLTK) {
        nb = &rl->p->k[ins_b(i)];
        b = rl_const(rl, nb);
    } else {
        nb = &rl->base[ins_b(i)];
        b = rl_get(rl, ins_b(i));
    }
    bool or_equal = op == OP_JLE || op == OP_JNLE || op == OP_JLEK || op == OP_JNLEK || op == OP_JGEK || op == OP_JNGEK;
    if (op >= OP_JGTK) { /* a > k is k < a */
        struct rv t = a;
        const struct value *n = na;
        a = b, na = nb, b = t, nb = n;
    }
    jit_ref c = order(rl, a, b, or_equal);
    if (c == JIT_NOREF) {
        if (!rl_failed(rl)) compare_meta(rl, a, na, b, nb, or_equal);
        return;
    }
    bool holds = na->tag == T_STR ? (or_equal ? str_cmp(na->s, nb->s) <= 0 : str_cmp(na->s, nb->s) < 0) : or_equal ? num_le(na, nb)
                                                                                                                   : num_lt(na, nb);
    if (holds) jit_rec_guard_true(rl->r, c);
    else jit_rec_guard_false(rl->r, c);
}
