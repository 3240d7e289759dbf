/* dce.c: drops what nobody uses and packs the output.
 *
 * Marking starts at what must stay (guards, stores, calls with effects, control) and follows
 * arguments and resume data. A label argument has two lives: in the preamble the name is the
 * operation's value; behind the label it is this iteration's, and what keeps it alive there is the
 * jump's argument. So a use behind the label marks both, and a label argument that only feeds
 * itself around the loop is never reached: it goes, with its jump argument.
 *
 * If the pass is switched off everything is marked, and only stores that heap.c found dead go.
 *
 * Before: peel.c. After: opt.c hands the trace on.
 */
#include <string.h>

#include "opt/chain.h"

struct dce {
    struct opt *o;
    struct jit_ir *ir;
    uint32_t label;
    const struct jit_op *jump;
    uint8_t *live; /* [ops] */
    uint8_t *carried; /* [ops] label argument in use behind the label */
    uint32_t *label_pos; /* [ops] position among the label's arguments + 1 */
    uint32_t *stack, nstack;
    uint32_t *number; /* [ops] new number */
    uint8_t *seen; /* [resumes] marked already: 1, as behind the label 2; neighbours share them */
};

static void mark(struct dce *d, jit_ref r, bool behind)
{
    if (r == JIT_NOREF || !opt_is_value(r))
        return;
    if (!d->live[r]) {
        d->live[r] = 1;
        d->stack[d->nstack++] = r;
    }
    if (behind && jit_ref_is_virtual(d->ir, r) && !d->carried[r]) { /* written before the label for the label's own exit */
        const struct jit_op *op = &d->ir->ops.v[r];
        d->carried[r] = 1;
        for (unsigned i = 0; i < op->nargs; i++)
            mark(d, jit_op_args(d->ir, op)[i], true);
    }
    while (behind && d->label_pos[r] && !d->carried[r]) {
        d->carried[r] = 1;
        r = jit_op_args(d->ir, d->jump)[d->label_pos[r] - 1];
        if (!d->live[r]) {
            d->live[r] = 1;
            d->stack[d->nstack++] = r;
        }
    }
}

static void mark_uses(struct dce *d, uint32_t r)
{
    const struct jit_op *op = &d->ir->ops.v[r];
    const jit_ref *args = jit_op_args(d->ir, op);
    bool behind = d->label != JIT_NOREF && r >= d->label;
    bool loop_args = r == d->label || (op == d->jump && d->label != JIT_NOREF && d->ir->link == JIT_LINK_LOOP);
    for (unsigned i = 0; i < op->nargs && !loop_args; i++)
        mark(d, args[i], behind);
    if (op->resume == JIT_NORESUME)
        return;
    if (d->seen[op->resume] > behind)
        return;
    d->seen[op->resume] = 1 + behind;
    const struct jit_resume *res = &d->ir->resumes.v[op->resume];
    for (uint32_t i = 0; i < res->nslots; i++)
        mark(d, d->ir->slots.v[res->slots + i].ref, behind);
}

static bool must_stay(const struct jit_op *op)
{
    switch (jit_opinfo[op->opcode].effects) {
    case JIT_PURE:
    case JIT_LOAD: return false;
    case JIT_CALL: return op->descr->effects & (JIT_EF_KEEP | JIT_EF_SYNC | JIT_EF_WRITES);
    case JIT_CTRL: return !jit_op_is_virtual(op) && op->opcode != JIT_getframeaddr && op->opcode != JIT_inputarg_i && op->opcode != JIT_inputarg_f && op->opcode != JIT_inputarg_r;
    default: return true;
    }
}

static void mark_all(struct dce *d)
{
    bool off = !opt_on(d->o, JIT_OPT_BIT_DCE);
    for (uint32_t r = 0; r < d->ir->ops.n; r++) {
        if ((d->o->vals.v[r].flags & OPT_DEAD) || !(off || must_stay(&d->ir->ops.v[r])))
            continue;
        if (!d->live[r]) {
            d->live[r] = 1;
            d->stack[d->nstack++] = r;
        }
        if (off)
            memset(d->carried, 1, d->ir->ops.n);
        while (d->nstack)
            mark_uses(d, d->stack[--d->nstack]);
    }
}

/* ---- packing ---- */

static jit_ref renumber(const struct dce *d, jit_ref r)
{
    return r == JIT_NOREF || !opt_is_value(r) ? r : d->number[r];
}

static void pack_loop_args(struct dce *d)
{
    if (d->label == JIT_NOREF || d->ir->link != JIT_LINK_LOOP)
        return;
    struct jit_op *label = &d->ir->ops.v[d->label], *jump = &d->ir->ops.v[d->ir->ops.n - 1];
    jit_ref *la = jit_op_args_mut(d->ir, label), *ja = jit_op_args_mut(d->ir, jump);
    unsigned n = 0, before = label->nargs;
    for (unsigned i = 0; i < before; i++) {
        if (!d->carried[la[i]]) {
            opt_hit(RULE_dce_label_arg);
            continue;
        }
        la[n] = la[i];
        ja[n++] = ja[i];
    }
    if (before > 3 && n <= 3) { /* short lists stand in the operation */
        memcpy(label->arg, la, n * sizeof *la);
        memcpy(jump->arg, ja, n * sizeof *ja);
    }
    label->nargs = jump->nargs = (uint16_t)n;
}

static void pack_ops(struct dce *d)
{
    uint32_t n = 0;
    for (uint32_t r = 0; r < d->ir->ops.n; r++) {
        d->number[r] = n;
        n += d->live[r];
    }
    n = 0;
    for (uint32_t r = 0; r < d->ir->ops.n; r++) {
        struct jit_op op = d->ir->ops.v[r];
        if (!d->live[r]) {
            opt_hit(RULE_dce_op);
            continue;
        }
        jit_ref *args = jit_op_args_mut(d->ir, &op);
        for (unsigned i = 0; i < op.nargs; i++)
            args[i] = renumber(d, args[i]);
        d->ir->ops.v[n++] = op;
    }
    d->ir->ops.n = n;
}

/* Resume data that no operation names any more go; the rest moves down, in order, so nothing is overwritten early. */
static bool pack_resumes(struct dce *d)
{
    struct jit_ir *ir = d->ir;
    uint32_t n = 0, slots = 0, frames = 0;
    uint32_t *number = opt_alloc(d->o, (ir->resumes.n + 1) * sizeof *number);
    if (!number)
        return false;
    for (uint32_t r = 0; r < ir->ops.n; r++)
        if (ir->ops.v[r].resume != JIT_NORESUME)
            number[ir->ops.v[r].resume] = 1;
    for (uint32_t i = 0; i < ir->resumes.n; i++) {
        struct jit_resume res = ir->resumes.v[i];
        if (!number[i])
            continue;
        if (res.nslots)
            memmove(ir->slots.v + slots, ir->slots.v + res.slots, res.nslots * sizeof *ir->slots.v);
        if (res.nframes)
            memmove(ir->frames.v + frames, ir->frames.v + res.frames, res.nframes * sizeof *ir->frames.v);
        for (uint32_t k = 0; k < res.nslots; k++)
            ir->slots.v[slots + k].ref = renumber(d, ir->slots.v[slots + k].ref);
        ir->resumes.v[n] = (struct jit_resume){slots, res.nslots, frames, res.nframes};
        slots += res.nslots;
        frames += res.nframes;
        number[i] = n++;
    }
    for (uint32_t r = 0; r < ir->ops.n; r++)
        if (ir->ops.v[r].resume != JIT_NORESUME)
            ir->ops.v[r].resume = number[ir->ops.v[r].resume];
    ir->resumes.n = n;
    ir->slots.n = slots;
    ir->frames.n = frames;
    return true;
}

bool opt_dce(struct opt *o)
{
    struct jit_ir *ir = o->out;
    uint32_t n = ir->ops.n;
    if (n == 0 || o->failed)
        return !o->failed;
    struct dce d = {.o = o, .ir = ir, .label = jit_ir_label(ir), .jump = &ir->ops.v[n - 1]};
    d.live = opt_alloc(o, n);
    d.carried = opt_alloc(o, n);
    d.label_pos = opt_alloc(o, n * sizeof *d.label_pos);
    d.stack = opt_alloc(o, n * sizeof *d.stack);
    d.number = opt_alloc(o, n * sizeof *d.number);
    d.seen = opt_alloc(o, ir->resumes.n + 1);
    if (o->failed)
        return false;
    if (d.label != JIT_NOREF && ir->link == JIT_LINK_LOOP)
        for (unsigned i = 0; i < ir->ops.v[d.label].nargs; i++)
            d.label_pos[jit_op_args(ir, &ir->ops.v[d.label])[i]] = i + 1;
    mark_all(&d);
    pack_loop_args(&d);
    pack_ops(&d);
    return pack_resumes(&d);
}
