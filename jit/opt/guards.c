/* guards.c: what guards have shown need not be tested again.
 *
 * Most of a recorded trace is guards, and most of them follow from others: the tag was checked, the
 * index was compared with the length, the same branch was taken on the same value. This pass keeps
 * four kinds of facts about values and decides comparisons and guards by them:
 *
 *   range    lo <= x <= hi, signed, from the operation (loads of small cells, masks, comparisons)
 *            and from guards;
 *   pair     the outcomes that comparing x with y can still have, as a set of five: signed and
 *            unsigned order together, so that one guard on unsigned numbers says something about
 *            signed ones and the other way round (for doubles: less, equal, greater, unordered);
 *   bound    x <= y + c as mathematical integers. Values that are x + c without overflow are
 *            taken apart first, and bounds are chained a few steps: this is what makes the test
 *            (unsigned)(i - 1) < length go away in a loop that is guarded by i <= length;
 *   constant x is known to be c: everything behind uses c.
 *
 * All are facts about values, so they hold for loop-carried values, too (peel.c says why), and may
 * look at operations on the other side of the label: a fact makes no new use of a value.
 *
 * Invariants
 *  1. A guard is dropped only if it follows from guards and operations that are in the output, or
 *     from accesses that were recorded and would have crashed otherwise.
 *  2. Facts are added when the operation is appended, never when it is looked at.
 *
 * Before: rules.c. After: cse.c.
 */
#include "opt/chain.h"

/* ---- ranges ---- */

static bool add_fits(int64_t lo, int64_t hi, int64_t c)
{
    int64_t x;
    return !__builtin_add_overflow(lo, c, &x) && !__builtin_add_overflow(hi, c, &x);
}

static void range_of_cell(const struct jit_descr *d, struct opt_val *v)
{
    if (d->size >= 8)
        return;
    unsigned bits = d->size * 8u;
    v->lo = d->flags & JIT_DF_SIGNED ? -((int64_t)1 << (bits - 1)) : 0;
    v->hi = d->flags & JIT_DF_SIGNED ? ((int64_t)1 << (bits - 1)) - 1 : ((int64_t)1 << bits) - 1;
}

static void range_of_shift(const struct jit_op *op, int64_t lo, int64_t hi, int64_t k, struct opt_val *v)
{
    if (k < 0 || k > 63)
        return;
    if (op->opcode == JIT_int_rshift || lo >= 0) {
        v->lo = lo >> k;
        v->hi = hi >> k;
    } else if (k > 0) {
        v->lo = 0;
        v->hi = INT64_MAX >> (k - 1);
    }
}

static void range_of_binary(struct opt *o, const struct jit_op *op, struct opt_val *v)
{
    int64_t lo, hi, k, l2, h2;
    opt_range(o, op->arg[0], &lo, &hi);
    opt_range(o, op->arg[1], &l2, &h2);
    k = l2;
    switch (op->opcode) {
    case JIT_int_add:
        if (!__builtin_add_overflow(lo, l2, &l2) && !__builtin_add_overflow(hi, h2, &h2))
            v->lo = l2, v->hi = h2;
        break;
    case JIT_int_sub:
        if (!__builtin_sub_overflow(lo, h2, &lo) && !__builtin_sub_overflow(hi, l2, &hi))
            v->lo = lo, v->hi = hi;
        break;
    case JIT_int_and:
        if (l2 >= 0)
            v->lo = 0, v->hi = h2;
        if (lo >= 0)
            v->lo = 0, v->hi = hi < v->hi ? hi : v->hi;
        break;
    case JIT_int_mod:
        if (l2 > 0)
            v->lo = 0, v->hi = h2 - 1;
        break;
    case JIT_int_rshift:
    case JIT_uint_rshift:
        if (k == h2)
            range_of_shift(op, lo, hi, k, v);
        break;
    default:
        break;
    }
}

static bool is_test(unsigned opcode)
{
    return (opcode >= JIT_int_lt && opcode <= JIT_int_is_true) || (opcode >= JIT_float_lt && opcode <= JIT_float_ge) ||
           opcode == JIT_ptr_eq || opcode == JIT_ptr_ne;
}

void opt_range_init(struct opt *o, jit_ref r)
{
    const struct jit_op *op = &o->out->ops.v[r];
    struct opt_val *v = &o->vals.v[r];
    if (jit_opinfo[op->opcode].result != 'i')
        return;
    if (is_test(op->opcode))
        v->lo = 0, v->hi = 1;
    else if (op->opcode == JIT_getfield_gc_i || op->opcode == JIT_getarrayitem_gc_i)
        range_of_cell(op->descr, v);
    else if (op->nargs == 2 && jit_opinfo[op->opcode].effects == JIT_PURE && op->opcode < JIT_int_lt)
        range_of_binary(o, op, v);
}

/* ---- sums: a value as base + off, when no addition on the way can wrap ---- */

struct sum {
    jit_ref base;
    int64_t off;
}; /* base JIT_NOREF: a constant */

static struct sum sum_of(const struct opt *o, jit_ref r)
{
    struct sum s = {r, 0};
    int64_t lo, hi;
    for (int i = 0; i < 8 && opt_is_value(s.base); i++) {
        const struct jit_op *op = &o->out->ops.v[s.base];
        if (op->opcode != JIT_int_add || !jit_ref_is_const(op->arg[1]))
            break;
        opt_range(o, op->arg[0], &lo, &hi);
        int64_t c = opt_ki(o, op->arg[1]), off;
        if (!add_fits(lo, hi, c) || __builtin_add_overflow(s.off, c, &off))
            break;
        s = (struct sum){op->arg[0], off};
    }
    int64_t off;
    if (jit_ref_is_const(s.base) && !__builtin_add_overflow(s.off, opt_ki(o, s.base), &off))
        s = (struct sum){JIT_NOREF, off};
    return s;
}

static void base_range(const struct opt *o, jit_ref base, int64_t *lo, int64_t *hi)
{
    if (base == JIT_NOREF)
        *lo = *hi = 0;
    else
        opt_range(o, base, lo, hi);
}

/* ---- bounds ---- */

enum { BOUND_DEPTH = 3,
       BOUND_STEPS = 24 };

/* Is a <= b + c for sure? Follows at most *steps bounds. */
static bool bound_proves(const struct opt *o, jit_ref a, jit_ref b, __int128 c, int depth, int *steps)
{
    int64_t alo, ahi, blo, bhi;
    if (a == b)
        return c >= 0;
    base_range(o, a, &alo, &ahi);
    base_range(o, b, &blo, &bhi);
    if ((__int128)ahi <= blo + c)
        return true;
    if (a == JIT_NOREF || jit_ref_is_const(a) || depth == 0)
        return false;
    for (uint32_t e = o->vals.v[a].edges; e && --*steps > 0; e = o->edges.v[e - 1].next)
        if (bound_proves(o, o->edges.v[e - 1].b, b, c - o->edges.v[e - 1].c, depth - 1, steps))
            return true;
    return false;
}

static bool proves_le(const struct opt *o, struct sum a, struct sum b, int strict)
{
    int steps = BOUND_STEPS;
    return bound_proves(o, a.base, b.base, (__int128)b.off - a.off - strict, BOUND_DEPTH, &steps);
}

/* a <= b - strict from now on. */
static void bound_add(struct opt *o, struct sum a, struct sum b, int strict)
{
    int64_t c;
    if (!opt_is_value(a.base) || !opt_is_value(b.base) || a.base == b.base)
        return;
    if (__builtin_sub_overflow(b.off, a.off, &c) || __builtin_sub_overflow(c, (int64_t)strict, &c))
        return;
    if (!jit_vec_reserve(o->arena, &o->edges, 1)) {
        o->failed = true;
        return;
    }
    struct opt_val *v = &o->vals.v[a.base];
    o->edges.v[o->edges.n] = (struct opt_edge){.b = b.base, .next = v->edges, .c = c};
    v->edges = ++o->edges.n;
}

/* ---- pairs ---- */

enum { /* outcomes: signed, unsigned */
       LL = 1, /* a < b both ways; for doubles: less; for addresses: not equal */
       LG = 2, /* a < b signed, a > b unsigned */
       EQ = 4,
       GL = 8,
       GG = 16, /* for doubles: greater */
       UN = 32, /* doubles: unordered */
       ANY_I = LL | LG | EQ | GL | GG,
       ANY_F = LL | EQ | GG | UN,
       ANY_R = LL | EQ | GG
};

static uint8_t mirrored(uint8_t m)
{
    return (uint8_t)((m & (EQ | UN)) | (m & LL ? GG : 0) | (m & GG ? LL : 0) | (m & LG ? GL : 0) | (m & GL ? LG : 0));
}

/* A comparison: of what, true for which outcomes out of which. */
struct test {
    jit_ref a, b;
    uint8_t when, any;
};

static bool test_of(struct opt *o, unsigned opcode, const jit_ref *args, struct test *t)
{
    static const uint8_t when[JIT_NOPCODES] = {
        [JIT_int_lt] = LL | LG,
        [JIT_int_le] = LL | LG | EQ,
        [JIT_int_gt] = GL | GG,
        [JIT_int_ge] = GL | GG | EQ,
        [JIT_int_eq] = EQ,
        [JIT_int_ne] = ANY_I & ~EQ,
        [JIT_uint_lt] = LL | GL,
        [JIT_uint_le] = LL | GL | EQ,
        [JIT_uint_gt] = LG | GG,
        [JIT_uint_ge] = LG | GG | EQ,
        [JIT_int_is_zero] = EQ,
        [JIT_int_is_true] = ANY_I & ~EQ,
        [JIT_float_lt] = LL,
        [JIT_float_le] = LL | EQ,
        [JIT_float_gt] = GG,
        [JIT_float_ge] = GG | EQ,
        [JIT_float_eq] = EQ,
        [JIT_float_ne] = ANY_F & ~EQ,
        [JIT_ptr_eq] = EQ,
        [JIT_ptr_ne] = ANY_R & ~EQ,
    };
    if (!is_test(opcode))
        return false;
    t->a = opt_resolve(o, args[0]);
    if (opcode == JIT_int_is_zero || opcode == JIT_int_is_true)
        t->b = jit_ir_const_i(o->out, 0);
    else
        t->b = opt_resolve(o, args[1]);
    t->when = when[opcode];
    t->any = opcode >= JIT_ptr_eq ? ANY_R : opcode >= JIT_float_lt ? ANY_F
                                                                   : ANY_I;
    return t->b != JIT_NOREF;
}

static uint32_t pair_hash(jit_ref a, jit_ref b)
{
    return (uint32_t)(((uint64_t)a << 32 ^ b) * 0x9e3779b97f4a7c15u >> 32);
}

static struct opt_pair *pair_place(const struct opt_pairs *p, jit_ref a, jit_ref b)
{
    uint32_t i = pair_hash(a, b) & (p->size - 1);
    while (p->v[i].used && (p->v[i].a != a || p->v[i].b != b))
        i = (i + 1) & (p->size - 1);
    return &p->v[i];
}

static bool pairs_grow(struct opt *o)
{
    struct opt_pairs p = {.n = o->pairs.n, .size = o->pairs.size ? o->pairs.size * 2 : 64};
    p.v = opt_alloc(o, p.size * sizeof *p.v);
    if (!p.v)
        return false;
    for (uint32_t i = 0; i < o->pairs.size; i++)
        if (o->pairs.v[i].used)
            *pair_place(&p, o->pairs.v[i].a, o->pairs.v[i].b) = o->pairs.v[i];
    o->pairs = p;
    return true;
}

static uint8_t pair_get(const struct opt *o, jit_ref a, jit_ref b, uint8_t any)
{
    if (!o->pairs.size)
        return any;
    const struct opt_pair *p = a < b ? pair_place(&o->pairs, a, b) : pair_place(&o->pairs, b, a);
    return !p->used ? any : a < b ? p->mask
                                  : mirrored(p->mask);
}

static void pair_set(struct opt *o, jit_ref a, jit_ref b, uint8_t mask)
{
    if (4 * (o->pairs.n + 1) > 3 * o->pairs.size && !pairs_grow(o))
        return;
    if (a > b) {
        jit_ref x = a;
        a = b, b = x;
        mask = mirrored(mask);
    }
    struct opt_pair *p = pair_place(&o->pairs, a, b);
    o->pairs.n += !p->used;
    *p = (struct opt_pair){a, b, mask, 1};
}

static uint8_t possible_by_range(const struct opt *o, jit_ref a, jit_ref b)
{
    int64_t al, ah, bl, bh;
    opt_range(o, a, &al, &ah);
    opt_range(o, b, &bl, &bh);
    bool same_sign = (al < 0 && bl < 0) || (ah >= 0 && bh >= 0);
    uint8_t m = 0;
    if (same_sign)
        m |= (al < bh ? LL : 0) | (ah > bl ? GG : 0);
    m |= al < 0 && bh >= 0 ? LG : 0;
    m |= ah >= 0 && bl < 0 ? GL : 0;
    m |= al <= bh && bl <= ah ? EQ : 0;
    return m;
}

static uint8_t possible_by_bounds(const struct opt *o, jit_ref a, jit_ref b)
{
    struct sum x = sum_of(o, a), y = sum_of(o, b);
    uint8_t m = ANY_I;
    if (proves_le(o, x, y, 0))
        m &= (uint8_t) ~(GL | GG | (proves_le(o, x, y, 1) ? EQ : 0));
    if (proves_le(o, y, x, 0))
        m &= (uint8_t) ~(LL | LG | (proves_le(o, y, x, 1) ? EQ : 0));
    return m;
}

static bool is_nonnull(const struct opt *o, jit_ref r)
{
    return jit_ref_is_const(r) ? jit_ref_const(o->out, r)->p != NULL : (o->vals.v[r].flags & OPT_NONNULL) != 0;
}

static bool is_null(const struct opt *o, jit_ref r)
{
    return jit_ref_is_const(r) && !jit_ref_const(o->out, r)->p;
}

/* Outcomes that comparing a with b can have. Never empty: what contradicts itself never runs. */
static uint8_t possible(const struct opt *o, const struct test *t)
{
    uint8_t m = t->any;
    if (t->a == t->b)
        return t->any == ANY_F ? EQ | UN : EQ;
    m &= pair_get(o, t->a, t->b, t->any);
    if (t->any == ANY_I) {
        m &= possible_by_range(o, t->a, t->b);
        if (m & (m - 1)) /* not decided yet */
            m &= possible_by_bounds(o, t->a, t->b);
    }
    if (t->any == ANY_R && ((is_null(o, t->b) && is_nonnull(o, t->a)) || (is_null(o, t->a) && is_nonnull(o, t->b))))
        m &= (uint8_t)~EQ;
    return m ? m : t->any;
}

/* ---- learning ---- */

static void learn_range(struct opt *o, jit_ref r, int64_t lo, int64_t hi)
{
    for (int i = 0; i < 8 && opt_is_value(r); i++) {
        struct opt_val *v = &o->vals.v[r];
        lo = v->lo > lo ? v->lo : lo;
        hi = v->hi < hi ? v->hi : hi;
        if (lo > hi || v->repl != JIT_NOREF)
            return;
        v->lo = lo;
        v->hi = hi;
        if (lo == hi) {
            v->repl = jit_ir_const_i(o->out, lo);
            opt_hit(RULE_known_value);
        }
        /* r = x + c wraps nowhere in its range: so x is r - c exactly */
        const struct jit_op *op = &o->out->ops.v[r];
        if (op->opcode != JIT_int_add || !jit_ref_is_const(op->arg[1]))
            return;
        int64_t c = opt_ki(o, op->arg[1]);
        if (__builtin_sub_overflow(lo, c, &lo) || __builtin_sub_overflow(hi, c, &hi))
            return;
        r = op->arg[0];
    }
}

/* a <= b - strict */
static void learn_le(struct opt *o, jit_ref a, jit_ref b, int strict)
{
    int64_t al, ah, bl, bh, x;
    opt_range(o, a, &al, &ah);
    opt_range(o, b, &bl, &bh);
    if (!__builtin_sub_overflow(bh, (int64_t)strict, &x))
        learn_range(o, a, INT64_MIN, x);
    if (!__builtin_add_overflow(al, (int64_t)strict, &x))
        learn_range(o, b, x, INT64_MAX);
    bound_add(o, sum_of(o, a), sum_of(o, b), strict);
}

static void learn_same_sign(struct opt *o, jit_ref a, jit_ref b)
{
    int64_t lo, hi;
    opt_range(o, b, &lo, &hi);
    if (lo >= 0)
        learn_range(o, a, 0, INT64_MAX);
    else if (hi < 0)
        learn_range(o, a, INT64_MIN, -1);
}

static void learn_not_equal(struct opt *o, jit_ref a, jit_ref k)
{
    int64_t lo, hi, c;
    if (!jit_ref_is_const(k))
        return;
    opt_range(o, a, &lo, &hi);
    c = opt_ki(o, k);
    learn_range(o, a, lo == c && c < INT64_MAX ? c + 1 : lo, hi == c && c > INT64_MIN ? c - 1 : hi);
}

static void learn_i(struct opt *o, jit_ref a, jit_ref b, uint8_t m)
{
    int64_t lo, hi;
    if (!(m & (LG | GL))) {
        learn_same_sign(o, a, b);
        learn_same_sign(o, b, a);
    }
    if (!(m & (GL | GG)))
        learn_le(o, a, b, !(m & EQ));
    if (!(m & (LL | LG)))
        learn_le(o, b, a, !(m & EQ));
    if (!(m & EQ)) {
        learn_not_equal(o, a, b);
        learn_not_equal(o, b, a);
    }
    if (m == EQ) {
        opt_range(o, b, &lo, &hi);
        learn_range(o, a, lo, hi);
        opt_range(o, a, &lo, &hi);
        learn_range(o, b, lo, hi);
    }
}

static void learn_const_r(struct opt *o, jit_ref r, jit_ref k)
{
    if (!opt_is_value(r))
        return;
    o->vals.v[r].repl = k;
    opt_hit(RULE_known_value);
}

/* The comparison came out as one of `when`. */
static void learn(struct opt *o, const struct test *t, uint8_t when)
{
    uint8_t m = when & possible(o, t);
    if (!m || t->a == t->b)
        return;
    if (!jit_ref_is_const(t->a) || !jit_ref_is_const(t->b))
        pair_set(o, t->a, t->b, m);
    if (t->any == ANY_I)
        learn_i(o, t->a, t->b, m);
    else if (t->any == ANY_R && m == EQ && jit_ref_is_const(t->b))
        learn_const_r(o, t->a, t->b);
    else if (t->any == ANY_R && m == EQ && jit_ref_is_const(t->a))
        learn_const_r(o, t->b, t->a);
    else if (t->any == ANY_R && !(m & EQ)) {
        if (is_null(o, t->b) && opt_is_value(t->a))
            o->vals.v[t->a].flags |= OPT_NONNULL;
        if (is_null(o, t->a) && opt_is_value(t->b))
            o->vals.v[t->b].flags |= OPT_NONNULL;
    }
}

/* x was found to be true or false. */
static void learn_truth(struct opt *o, jit_ref x, bool is_true)
{
    struct test t, of_x = {.a = x, .b = jit_ir_const_i(o->out, 0), .any = ANY_I};
    if (!opt_is_value(x) || of_x.b == JIT_NOREF)
        return;
    const struct jit_op *op = &o->out->ops.v[x];
    if (test_of(o, op->opcode, jit_op_args(o->out, op), &t))
        learn(o, &t, is_true ? t.when : t.any & ~t.when);
    learn(o, &of_x, is_true ? ANY_I & ~EQ : EQ);
}

static void learn_value(struct opt *o, jit_ref x, jit_ref k)
{
    if (!opt_is_value(x))
        return;
    if (jit_ref_const(o->out, k)->type == 'i')
        learn_range(o, x, opt_ki(o, k), opt_ki(o, k));
    else
        learn_const_r(o, x, k);
    if (jit_ref_const(o->out, k)->type == 'i' && opt_ki(o, k) >= 0 && opt_ki(o, k) <= 1) {
        struct test t;
        const struct jit_op *op = &o->out->ops.v[x];
        if (test_of(o, op->opcode, jit_op_args(o->out, op), &t))
            learn(o, &t, opt_ki(o, k) ? t.when : t.any & ~t.when);
    }
}

static void learn_nonnull(struct opt *o, jit_ref r)
{
    if (opt_is_value(r))
        o->vals.v[r].flags |= OPT_NONNULL;
}

static void learn_call(struct opt *o, const struct jit_descr *d)
{
    if (d->effects & JIT_EF_SYNC)
        o->valid = 0;
    if (d->effects & (JIT_EF_SYNC | JIT_EF_MOVES))
        o->stack_valid = 0;
}

void opt_guards_note(struct opt *o, jit_ref r)
{
    const struct jit_op *op = &o->out->ops.v[r];
    switch (op->opcode) {
    case JIT_guard_true: learn_truth(o, op->arg[0], true); break;
    case JIT_guard_false: learn_truth(o, op->arg[0], false); break;
    case JIT_guard_value: learn_value(o, op->arg[0], op->arg[1]); break;
    case JIT_guard_nonnull:
        learn_nonnull(o, op->arg[0]);
        if (opt_is_value(op->arg[0]))
            o->vals.v[op->arg[0]].nonnull_guard = r + 1;
        break;
    case JIT_guard_isnull: {
        jit_ref null = jit_ir_const_r(o->out, NULL, false);
        if (null != JIT_NOREF)
            learn_const_r(o, o->out->ops.v[r].arg[0], null);
        break;
    }
    case JIT_guard_not_invalidated: o->valid = o->round == 2 ? 2 : 1; break;
    case JIT_guard_stack:
        o->stack_valid = o->round == 2 ? 2 : 1;
        o->stack_room = opt_ki(o, op->arg[0]);
        break;
    case JIT_getfield_gc_i:
    case JIT_getfield_gc_f:
    case JIT_getfield_gc_r:
    case JIT_setfield_gc:
    case JIT_getarrayitem_gc_i:
    case JIT_getarrayitem_gc_f:
    case JIT_getarrayitem_gc_r:
    case JIT_setarrayitem_gc:
        learn_nonnull(o, op->arg[0]);
        break;
    case JIT_getframeaddr:
    case JIT_getcontext: learn_nonnull(o, r); break;
    case JIT_call_n:
    case JIT_call_i:
    case JIT_call_f:
    case JIT_call_r: learn_call(o, op->descr); break;
    default: break;
    }
}

/* ---- deciding ---- */

static enum opt_verdict decide_test(struct opt *o, struct opt_op *op)
{
    struct test t;
    if (!test_of(o, op->opcode, op->args, &t))
        return OPT_NEXT;
    uint8_t m = possible(o, &t);
    if ((m & t.when) && (m & ~t.when))
        return OPT_NEXT;
    op->value = jit_ir_const_i(o->out, (m & t.when) != 0);
    if (op->value == JIT_NOREF)
        return OPT_NEXT;
    opt_hit(RULE_known_compare);
    return OPT_VALUE;
}

static enum opt_verdict impossible(void)
{
    opt_hit(RULE_guard_impossible);
    return OPT_FAIL;
}

static enum opt_verdict redundant(enum opt_rule rule)
{
    opt_hit(rule);
    return OPT_DROP;
}

/* Can x be zero? */
static bool can_be_zero(struct opt *o, jit_ref x)
{
    struct test t = {.a = x, .b = jit_ir_const_i(o->out, 0), .any = ANY_I};
    return t.b == JIT_NOREF || (possible(o, &t) & EQ);
}

static bool same_round(const struct opt *o, jit_ref r)
{
    return o->round == 1 || r > o->label;
}

/* Leaving at the earlier guard is as good: its resume data are right there, and the constant is the same everywhere. */
static enum opt_verdict strengthen(struct opt *o, struct opt_op *op)
{
    uint32_t g = o->vals.v[op->args[0]].nonnull_guard;
    if (!g || !same_round(o, g - 1))
        return OPT_NEXT;
    struct jit_op *guard = &o->out->ops.v[g - 1];
    guard->opcode = JIT_guard_value;
    guard->nargs = 2;
    guard->arg[1] = op->args[1];
    opt_guards_note(o, g - 1);
    return redundant(RULE_strengthen_nonnull);
}

static enum opt_verdict decide_value(struct opt *o, struct opt_op *op)
{
    struct test t = {.a = op->args[0], .b = op->args[1]};
    bool r = jit_ref_const(o->out, op->args[1])->type == 'r';
    if (!opt_is_value(op->args[0]))
        return OPT_NEXT;
    t.any = r ? ANY_R : ANY_I;
    if (!(possible(o, &t) & EQ))
        return impossible();
    return r ? strengthen(o, op) : OPT_NEXT;
}

static enum opt_verdict decide_valid(struct opt *o)
{
    if (!o->valid)
        return OPT_NEXT;
    o->valid_used |= o->round == 2 && o->valid == 1;
    return redundant(RULE_known_valid);
}

static enum opt_verdict decide_stack(struct opt *o, const struct opt_op *op)
{
    if (!o->stack_valid || opt_ki(o, op->args[0]) > o->stack_room)
        return OPT_NEXT;
    o->stack_used |= o->round == 2 && o->stack_valid == 1;
    return redundant(RULE_known_stack);
}

enum opt_verdict opt_guards(struct opt *o, struct opt_op *op)
{
    jit_ref x = op->nargs ? op->args[0] : JIT_NOREF;
    switch (op->opcode) {
    case JIT_guard_true:
        return can_be_zero(o, x) ? OPT_NEXT : redundant(RULE_known_true);
    case JIT_guard_false:
        return can_be_zero(o, x) ? OPT_NEXT : impossible();
    case JIT_guard_value: return decide_value(o, op);
    case JIT_guard_nonnull: return is_nonnull(o, x) ? redundant(RULE_known_nonnull) : OPT_NEXT;
    case JIT_guard_isnull: return is_nonnull(o, x) ? impossible() : OPT_NEXT;
    case JIT_guard_not_invalidated: return decide_valid(o);
    case JIT_guard_stack: return decide_stack(o, op);
    case JIT_guard_not_due: return OPT_NEXT;
    default: return decide_test(o, op);
    }
}
