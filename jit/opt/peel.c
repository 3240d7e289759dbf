/* peel.c: loops lose their first iteration, and with it everything that does not change.
 *
 * The problem: in for i = 1, n do x = x + t.y end nearly all work is the same in every iteration:
 * tags, the shape of t, the load of y. Moving invariant code out of a loop the textbook way needs
 * to know what is invariant, that it is executed anyway, and where a guard that is moved would
 * resume. On a trace there is a simpler way. Run the loop's operations a second time through the
 * same optimizer, right behind the first, with the values that the first iteration ended with where
 * it read the frame. What the second copy needs and the first one computed already is found by the
 * passes as they find any repetition, and vanishes. The first copy is the preamble; what is left of
 * the second is the loop.
 *
 *     preamble   P     i0 = getframe_i(0)         S(i0) = i1, the value slot 0 ends with
 *                      r1 = getframe_r(1)         S(r1) = r1, not assigned in the loop
 *                      i2 = getfield_gc_i(r1)     S(i2) = i2, found again
 *                      i1 = int_add(i0, i2)       S(i1) = i4
 *     label(i1)
 *     loop       B     i4 = int_add(i1, i2)
 *     jump(i4)
 *
 * S maps every value of the preamble to its value one iteration later. If B uses v and S(v) is not
 * v, then v is a label argument and the jump passes S(v), which makes S(v) used as well if it is
 * of the preamble; this is followed to the end. All other values that B uses have S(v) = v: they
 * are invariant.
 *
 * Why the facts of the preamble may be used in B for loop-carried values, although their names mean
 * something else in each iteration: call E(k) the values that the preamble's names have at the
 * label the k-th time. E(1) satisfies every equation v = op(..) of pure operations in P and the
 * condition of every guard in P, since P computed and tested them. Let E(k) do so. B is P with S
 * applied, each operation either there, or replaced by a value that is equal, or (guards) dropped
 * because it follows, both by facts that hold for E(k). So when B ends, S(v) = op(S(..)) for every
 * equation and the condition holds for the S(..) of every guard: that is E(k+1). What follows
 * logically from equations and guards of P holds at the label forever.
 *
 * Memory is no such fact: at the label a cell may hold v the first time only. So facts about cells
 * that B used are checked when B is done: the cell, said with S applied, must be known to hold S(v).
 * Then the same induction works. If it does not hold, everything is done again without that fact
 * (rare: mostly what is known at the end of P is known again at the end of B). The same goes for
 * guard_not_invalidated, guard_stack and the frame's addresses (a call may move it).
 *
 * Resume data in B: memory still has the frame as it was at entry, so a guard must list, besides its own slots (with
 * S), every slot that the previous iteration assigned: those of the recorded jump. A SYNC call stores them all; behind it
 * memory is newer than the list, so guards there list their own slots only. A SYNC call stores them all, and
 * its own results on top of them: guards behind it must not list them again.
 *
 * Refused, and the loop stays as recorded, jumping to its own start through memory: a slot that has
 * another type at the end than the loop reads; a guard that is known to fail in B (mostly a tag).
 *
 * Before: the chain's first round. After: dce.c.
 */
#include <string.h>

#include "opt/chain.h"

/* Where the output can be cut off again. */
struct cut {
    uint32_t ops, args, slots, frames, resumes, vals;
};

static struct cut cut_here(const struct opt *o)
{
    const struct jit_ir *ir = o->out;
    return (struct cut){ir->ops.n, ir->args.n, ir->slots.n, ir->frames.n, ir->resumes.n, o->vals.n};
}

static enum opt_peel refuse(struct opt *o, const struct cut *c)
{
    struct jit_ir *ir = o->out;
    ir->ops.n = c->ops;
    ir->args.n = c->args;
    ir->slots.n = c->slots;
    ir->frames.n = c->frames;
    ir->resumes.n = c->resumes;
    o->vals.n = c->vals;
    o->round = 1;
    o->label = JIT_NOREF;
    opt_hit(RULE_peel_refused);
    return OPT_UNPEELED;
}

/* ---- slots at the end of the iteration ---- */

static const struct jit_slot_val *slot_at_end(const struct opt *o, int64_t slot)
{
    int64_t i = slot - o->slot_lo;
    if (i < 0 || i >= o->nslot_at || !o->slot_at[i])
        return NULL;
    return &o->out->slots.v[o->out->resumes.v[o->jump_resume].slots + o->slot_at[i] - 1];
}

/* Range of n slots' numbers; false: too wide for tables. */
static bool slots_span(const struct jit_slot_val *v, uint32_t n, int32_t *lo, uint32_t *len)
{
    int32_t hi = -1;
    *lo = 0;
    for (uint32_t i = 0; i < n; i++) {
        *lo = i == 0 || v[i].slot < *lo ? v[i].slot : *lo;
        hi = i == 0 || v[i].slot > hi ? v[i].slot : hi;
    }
    *len = (uint32_t)((int64_t)hi - *lo + 1);
    return (int64_t)hi - *lo < 1 << 20;
}

static bool slots_index(struct opt *o)
{
    const struct jit_resume *r = &o->out->resumes.v[o->jump_resume];
    const struct jit_slot_val *v = o->out->slots.v + r->slots;
    if (!slots_span(v, r->nslots, &o->slot_lo, &o->nslot_at) ||
        !slots_span(o->in->slots.v, o->in->slots.n, &o->listed_lo, &o->nlisted))
        return false;
    o->stamp = 0;
    o->slot_at = opt_alloc(o, (o->nslot_at + 1) * sizeof *o->slot_at);
    o->slot_stamp = opt_alloc(o, (o->nslot_at + 1) * sizeof *o->slot_stamp);
    o->listed = opt_alloc(o, o->nlisted + 1);
    if (o->failed)
        return false;
    for (uint32_t i = 0; i < r->nslots; i++)
        o->slot_at[v[i].slot - o->slot_lo] = i + 1;
    for (uint32_t i = 0; i < o->in->slots.n; i++)
        o->listed[o->in->slots.v[i].slot - o->listed_lo] = 1;
    return true;
}

/* A slot that some exit lists but the jump does not was assigned and is dead at the loop's head: what memory has there
 * depends on the calls in between. */
static bool reads_dead_slot(const struct opt *o, int64_t slot)
{
    int64_t i = slot - o->listed_lo;
    return !slot_at_end(o, slot) && i >= 0 && i < o->nlisted && o->listed[i];
}

/* Round 2's value of a frame read; false: the loop cannot be peeled. */
static bool read_slot(struct opt *o, const struct jit_op *op, jit_ref r, jit_ref *result)
{
    int64_t slot = opt_ki(o, op->arg[0]);
    const struct jit_slot_val *v = slot_at_end(o, slot);
    *result = opt_resolve(o, r);
    if (!v)
        return !reads_dead_slot(o, slot);
    if (op->opcode == JIT_getframetag) {
        *result = jit_ir_const_i(o->out, v->tag);
        return *result != JIT_NOREF;
    }
    *result = opt_resolve(o, v->ref);
    return v->ref != JIT_NOREF && jit_ref_type(o->out, v->ref) == jit_opinfo[op->opcode].result;
}

/* ---- the second round ---- */

static bool push_again(struct opt *o, jit_ref r)
{
    struct jit_op from = o->out->ops.v[r];
    const jit_ref *args = jit_op_args(o->out, &from);
    struct opt_op op = {.opcode = from.opcode, .nargs = from.nargs, .line = from.line, .args = o->args, .descr = from.descr, .resume = from.resume};
    jit_ref later;
    for (unsigned k = 0; k < from.nargs; k++)
        op.args[k] = jit_ref_is_const(args[k]) ? args[k] : opt_resolve(o, o->vals.v[args[k]].subst);
    if (!opt_push(o, &op, &later))
        return false;
    o->vals.v[r].subst = later;
    return true;
}

static bool round_two(struct opt *o)
{
    for (uint32_t r = 0; r < o->label && !o->failed; r++) {
        struct jit_op op = o->out->ops.v[r];
        jit_ref later;
        if (o->vals.v[r].flags & OPT_DEAD)
            continue;
        if (op.opcode >= JIT_getframe_i && op.opcode <= JIT_getframetag) {
            if (!read_slot(o, &op, r, &later))
                return false;
            o->vals.v[r].subst = later;
        } else if (!push_again(o, r)) {
            return false;
        }
    }
    return true;
}

static void begin_label(struct opt *o)
{
    o->label = o->out->ops.n;
    uint32_t line = o->label ? o->out->ops.v[0].line : 0;
    opt_append(o, JIT_label, NULL, 0, NULL, o->jump_resume, line);
    o->round = 2;
    o->synced = false;
    o->nresume_map = o->out->resumes.n;
    o->resume_map = opt_alloc(o, (o->nresume_map + 1) * sizeof *o->resume_map);
    if (o->forget_valid)
        o->valid = o->stack_valid = 0;
    if (!o->failed)
        opt_heap_at_label(o);
}

/* Facts about the world that round 2 relied on must hold at its end. */
static bool world_holds(struct opt *o)
{
    bool heap = !opt_on(o, JIT_OPT_BIT_HEAP) || opt_heap_check(o);
    bool rest = !(o->valid_used && !o->valid) && !(o->stack_used && !o->stack_valid) && !(o->heap.addrs_used && o->heap.addrs_moved);
    o->forget_valid |= !rest;
    return heap && rest;
}

/* ---- label arguments ---- */

struct carried {
    uint8_t *is;
    const struct opt *o;
};

/* r is used behind the label. */
static void use(struct carried *c, jit_ref r)
{
    const struct opt *o = c->o;
    if (opt_is_value(r) && jit_ref_is_virtual(o->out, r)) { /* what it holds is */
        const struct jit_op *op = &o->out->ops.v[r];
        for (unsigned k = 0; k < op->nargs; k++)
            use(c, jit_op_args(o->out, op)[k]);
        return;
    }
    while (opt_is_value(r) && r < o->label && !c->is[r] && o->vals.v[r].subst != r) {
        c->is[r] = 1;
        r = o->vals.v[r].subst;
    }
}

static void use_resume(struct carried *c, uint32_t resume)
{
    if (resume == JIT_NORESUME)
        return;
    const struct jit_resume *r = &c->o->out->resumes.v[resume];
    for (uint32_t i = 0; i < r->nslots; i++) {
        jit_ref v = c->o->out->slots.v[r->slots + i].ref;
        if (v != JIT_NOREF)
            use(c, v);
    }
}

static void use_all(struct carried *c)
{
    const struct opt *o = c->o;
    for (uint32_t r = o->label; r < o->out->ops.n; r++) {
        const struct jit_op *op = &o->out->ops.v[r];
        const jit_ref *args = jit_op_args(o->out, op);
        if (o->vals.v[r].flags & OPT_DEAD)
            continue;
        for (unsigned k = 0; k < op->nargs; k++)
            use(c, args[k]);
        use_resume(c, op->resume);
    }
}

/* The jump's argument for label argument v: a value. */
static jit_ref jump_arg(struct opt *o, jit_ref v, uint32_t line)
{
    jit_ref later = o->vals.v[v].subst;
    if (!jit_ref_is_const(later))
        return later;
    char t = jit_ref_type(o->out, later);
    return opt_append(o, t == 'i' ? JIT_same_as_i : t == 'f' ? JIT_same_as_f
                                                             : JIT_same_as_r,
                      &later, 1, NULL, JIT_NORESUME, line);
}

static void close_loop(struct opt *o)
{
    uint32_t line = o->in->ops.v[o->in->ops.n - 1].line, n = 0;
    struct carried c = {.o = o, .is = opt_alloc(o, o->label + 1)};
    jit_ref *label = opt_alloc(o, (o->label + 1) * sizeof *label), *jump = opt_alloc(o, (o->label + 1) * sizeof *jump);
    if (o->failed)
        return;
    use_all(&c);
    for (uint32_t r = 0; r < o->label; r++)
        if (c.is[r]) {
            label[n] = r;
            jump[n++] = jump_arg(o, r, line);
        }
    if (!o->failed && !jit_ir_set_args(o->out, o->label, label, n))
        o->failed = true;
    opt_append(o, JIT_jump, jump, n, NULL, JIT_NORESUME, line);
}

enum opt_peel opt_peel(struct opt *o)
{
    struct cut cut = cut_here(o);
    if (o->failed || !slots_index(o))
        return refuse(o, &cut);
    begin_label(o);
    if (o->failed || !round_two(o))
        return refuse(o, &cut);
    if (o->failed)
        return OPT_PEELED;
    if (!world_holds(o)) {
        opt_hit(RULE_peel_redo);
        return OPT_REDO;
    }
    if (opt_virtuals(o))
        close_loop(o);
    opt_hit(RULE_peel_loop);
    opt_check(o, false, "peel");
    return OPT_PEELED;
}
