/* cse.c: what was computed already is not computed again.
 *
 * Pure operations, calls without effects and loads of immutable cells are keyed by operation,
 * descriptor and arguments in a chained hash over the output's own operations: the table holds no
 * keys, only numbers. Arguments of commutative integer operations are ordered first, so that x+y
 * finds y+x. Additions of doubles are not: with two NaNs the order decides which one comes out.
 *
 * A value found in the preamble by round 2 may be loop-carried; that is right (see peel.c).
 *
 * Before: guards.c. After: heap.c.
 */
#include "opt/chain.h"

bool opt_cse_init(struct opt *o)
{
    uint32_t n = 64;
    while (n < 2 * o->in->ops.n && n < 16384)
        n *= 2;
    o->nbuckets = n;
    o->buckets = opt_alloc(o, n * sizeof *o->buckets);
    return o->buckets != NULL;
}

static bool is_shareable(unsigned opcode, const struct jit_descr *d)
{
    switch (jit_opinfo[opcode].effects) {
    case JIT_PURE: return opcode != JIT_same_as_i && opcode != JIT_same_as_f && opcode != JIT_same_as_r;
    case JIT_LOAD: return d && (d->flags & JIT_DF_IMMUTABLE);
    case JIT_CALL: return d->effects == 0 && d->type != 'v';
    default: return false;
    }
}

static uint32_t *bucket(const struct opt *o, unsigned opcode, const struct jit_descr *d, const jit_ref *args, unsigned nargs)
{
    uint64_t h = opcode * 0x9e3779b97f4a7c15u ^ (uintptr_t)d;
    for (unsigned i = 0; i < nargs; i++)
        h = (h ^ args[i]) * 0xff51afd7ed558ccdu;
    return &o->buckets[h >> 32 & (o->nbuckets - 1)];
}

static bool same(const struct opt *o, const struct jit_op *a, const struct opt_op *b)
{
    if (a->opcode != b->opcode || a->nargs != b->nargs || a->descr != b->descr)
        return false;
    const jit_ref *args = jit_op_args(o->out, a);
    for (unsigned i = 0; i < a->nargs; i++)
        if (args[i] != b->args[i])
            return false;
    return true;
}

static bool is_commutative(unsigned opcode)
{
    switch (opcode) {
    case JIT_int_add:
    case JIT_int_mul:
    case JIT_int_and:
    case JIT_int_or:
    case JIT_int_xor:
    case JIT_int_eq:
    case JIT_int_ne:
    case JIT_ptr_eq:
    case JIT_ptr_ne:
    case JIT_float_eq:
    case JIT_float_ne: return true;
    default: return false;
    }
}

/* Constants have the highest numbers, so they end up on the right. */
static void order(struct opt_op *op)
{
    if (!is_commutative(op->opcode) || op->args[0] <= op->args[1])
        return;
    jit_ref a = op->args[0];
    op->args[0] = op->args[1];
    op->args[1] = a;
    opt_hit(RULE_cse_order);
}

static enum opt_rule rule_of(unsigned opcode)
{
    uint8_t effects = jit_opinfo[opcode].effects;
    return effects == JIT_PURE ? RULE_cse_op : effects == JIT_CALL ? RULE_cse_call
                                                                   : RULE_cse_immutable;
}

enum opt_verdict opt_cse(struct opt *o, struct opt_op *op)
{
    if (!is_shareable(op->opcode, op->descr))
        return OPT_NEXT;
    order(op);
    for (uint32_t i = *bucket(o, op->opcode, op->descr, op->args, op->nargs); i; i = o->vals.v[i - 1].chain) {
        if (!same(o, &o->out->ops.v[i - 1], op))
            continue;
        op->value = i - 1;
        opt_hit(rule_of(op->opcode));
        return OPT_VALUE;
    }
    return OPT_NEXT;
}

void opt_cse_note(struct opt *o, jit_ref r)
{
    const struct jit_op *op = &o->out->ops.v[r];
    if (!is_shareable(op->opcode, op->descr))
        return;
    uint32_t *b = bucket(o, op->opcode, op->descr, jit_op_args(o->out, op), op->nargs);
    o->vals.v[r].chain = *b;
    *b = r + 1;
}
