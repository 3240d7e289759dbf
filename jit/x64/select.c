/* select.c: which operations are not instructions of their own.
 *
 *   - a result that nobody uses needs no code (SEL_GONE);
 *   - index + constant and address + constant go into the addresses that use them (SEL_GONE);
 *   - a comparison that only one guard uses is made where the guard is, so that the guard's jump takes its flags, and
 *     a load that only one instruction uses becomes that instruction's memory operand (SEL_SUNK).
 *
 * Invariants
 *  1. A load sinks only over operations that write no memory and never out of its side of the label.
 *  2. What is in resume data has a place of its own: it is neither sunk nor gone.
 *  3. An instruction has at most one memory operand: one load sinks into it.
 *
 * Before: the optimizer. After: regalloc.c (lives), lower.c (code).
 */
#include <string.h>
#include "x64/regalloc.h"

enum { SINK_REACH = 24 }; /* operations a load may move over */

struct info {
    const struct jit_ir *ir;
    const struct jit_frame_layout *layout;
    uint8_t *sel;
    uint32_t *uses, *index_uses, *base_uses; /* by value: arguments; as index of an array; as base of a field or array */
    int64_t *fold_max; /* by value: the largest stride it is an index with */
    uint32_t *last_use;
    uint8_t *resumed;
    uint32_t label;
};

bool sel_has_resume(const struct jit_ir *ir, uint32_t n)
{
    const struct jit_op *op = &ir->ops.v[n];
    if (op->resume == JIT_NORESUME) return false;
    if (jit_op_is_guard(op) || op->opcode == JIT_label) return true;
    if (jit_opinfo[op->opcode].effects == JIT_CALL) return op->descr->effects & JIT_EF_SYNC;
    if (op->opcode != JIT_jump) return false;
    uint32_t l = ir->link == JIT_LINK_LOOP ? jit_ir_label(ir) : JIT_NOREF;
    return l == JIT_NOREF || ir->ops.v[l].resume == JIT_NORESUME;
}

bool sel_folded(const struct jit_ir *ir, jit_ref r, jit_ref *base, int64_t *k)
{
    const struct jit_op *op = &ir->ops.v[r];
    if (op->opcode == JIT_getframeaddr) {
        *k = jit_ref_const(ir, op->arg[0])->i;
        return false;
    }
    bool first = jit_ref_is_const(op->arg[0]);
    *base = op->arg[first];
    *k = jit_ref_const(ir, op->arg[!first])->i;
    if (op->opcode == JIT_int_sub) *k = (int64_t)(0 - (uint64_t)*k);
    return true;
}

static bool is_field(int opc) { return (opc >= JIT_getfield_gc_i && opc <= JIT_setfield_gc); }
static bool is_array(int opc) { return (opc >= JIT_getarrayitem_gc_i && opc <= JIT_setarrayitem_gc); }
static bool is_compare(int opc) { return (opc >= JIT_int_lt && opc <= JIT_int_is_true) || (opc >= JIT_float_lt && opc <= JIT_float_ge) || opc == JIT_ptr_eq || opc == JIT_ptr_ne; }
static bool is_load(int opc) { return (opc >= JIT_getfield_gc_i && opc <= JIT_getfield_gc_r) || (opc >= JIT_getarrayitem_gc_i && opc <= JIT_getarrayitem_gc_r) || (opc >= JIT_getframe_i && opc <= JIT_getframetag); }

static void count_args(struct info *in, uint32_t n)
{
    const struct jit_op *op = &in->ir->ops.v[n];
    const jit_ref *args = jit_op_args(in->ir, op);
    for (unsigned i = 0; i < op->nargs && !jit_op_is_virtual(op); i++) { /* resume data have what removed objects need */
        jit_ref a = args[i];
        if (jit_ref_is_const(a)) continue;
        in->uses[a]++;
        in->last_use[a] = n;
        if (i == 0 && (is_field(op->opcode) || is_array(op->opcode))) in->base_uses[a]++;
        if (i == 1 && is_array(op->opcode)) {
            in->index_uses[a]++;
            if (in->fold_max[a] < op->descr->stride) in->fold_max[a] = op->descr->stride;
        }
    }
}

static void count_resume(struct info *in, uint32_t n)
{
    const struct jit_resume *r = &in->ir->resumes.v[in->ir->ops.v[n].resume];
    for (uint32_t i = 0; i < r->nslots; i++) {
        jit_ref v = in->ir->slots.v[r->slots + i].ref;
        if (v != JIT_NOREF && !jit_ref_is_const(v) && !jit_ref_is_virtual(in->ir, v)) in->resumed[v] = 1;
    }
}

static void count(struct info *in)
{
    uint32_t counted = JIT_NORESUME; /* neighbours share resume data */
    for (uint32_t n = 0; n < in->ir->ops.n; n++) {
        count_args(in, n);
        if (in->ir->ops.v[n].resume == counted || !sel_has_resume(in->ir, n)) continue;
        counted = in->ir->ops.v[n].resume;
        count_resume(in, n);
    }
}

static bool droppable(const struct jit_op *op)
{
    uint8_t eff = jit_opinfo[op->opcode].effects;
    return eff == JIT_PURE || eff == JIT_LOAD || op->opcode == JIT_getframeaddr;
}

static void drop_dead(struct info *in)
{
    for (uint32_t n = in->ir->ops.n; n-- > 0;) {
        const struct jit_op *op = &in->ir->ops.v[n];
        if (jit_op_is_virtual(op)) in->sel[n] = SEL_GONE;
        if (!droppable(op) || in->uses[n] || in->resumed[n]) continue;
        in->sel[n] = SEL_GONE;
        const jit_ref *args = jit_op_args(in->ir, op);
        for (unsigned i = 0; i < op->nargs; i++) {
            if (jit_ref_is_const(args[i])) continue;
            in->uses[args[i]]--;
            if (i == 0 && is_load(op->opcode) && op->nargs) in->base_uses[args[i]] -= in->base_uses[args[i]] > 0;
            if (i == 1 && is_array(op->opcode)) in->index_uses[args[i]] -= in->index_uses[args[i]] > 0;
        }
    }
}

static bool same_side(const struct info *in, uint32_t a, uint32_t b)
{
    return in->label == JIT_NOREF || (a > in->label) == (b > in->label);
}

static bool phi(const struct info *in, jit_ref v)
{
    if (in->label == JIT_NOREF) return false;
    const struct jit_op *op = &in->ir->ops.v[in->label];
    for (unsigned i = 0; i < op->nargs; i++)
        if (jit_op_args(in->ir, op)[i] == v) return true;
    return false;
}

static bool small(int64_t v) { return v >= -(1 << 28) && v <= 1 << 28; }

static bool folds(struct info *in, uint32_t n)
{
    const struct jit_op *op = &in->ir->ops.v[n];
    jit_ref base;
    int64_t k;
    if (in->sel[n] != SEL_EMIT || in->resumed[n] || !in->uses[n] || phi(in, n)) return false;
    if (op->opcode == JIT_getframeaddr) {
        if (in->base_uses[n] != in->uses[n] || !same_side(in, n, in->last_use[n])) return false;
        for (uint32_t i = n + 1; i < in->last_use[n]; i++)
            if (jit_opinfo[in->ir->ops.v[i].opcode].effects == JIT_CALL) return false;
        return small(jit_ref_const(in->ir, op->arg[0])->i * in->layout->slot_size);
    }
    bool index = op->opcode == JIT_int_add || op->opcode == JIT_int_sub;
    if (!index && op->opcode != JIT_int_add_ptr) return false;
    if (jit_ref_is_const(op->arg[0]) == jit_ref_is_const(op->arg[1])) return false;
    if (jit_ref_is_const(op->arg[0]) && op->opcode != JIT_int_add) return false;
    if ((index ? in->index_uses : in->base_uses)[n] != in->uses[n]) return false;
    sel_folded(in->ir, n, &base, &k);
    if (phi(in, base) && !same_side(in, n, in->last_use[n])) return false;
    return small(k) && (!index || small(k * in->fold_max[n])) && in->sel[base] == SEL_EMIT;
}

/* No operation between a and b writes memory or is the label. */
static bool quiet(const struct info *in, uint32_t a, uint32_t b)
{
    if (b - a > SINK_REACH) return false;
    for (uint32_t i = a + 1; i < b; i++) {
        const struct jit_op *op = &in->ir->ops.v[i];
        uint8_t eff = jit_opinfo[op->opcode].effects;
        if (eff == JIT_STORE || eff == JIT_CALL || op->opcode == JIT_label || op->opcode == JIT_increment_counter || op->opcode == JIT_charge) return false;
    }
    return true;
}

static bool single(const struct info *in, jit_ref v)
{
    return !jit_ref_is_const(v) && in->uses[v] == 1 && !in->resumed[v] && in->sel[v] == SEL_EMIT;
}

static int load_size(const struct info *in, const struct jit_op *op)
{
    return op->opcode == JIT_getframetag ? in->layout->tag_size : op->descr && op->opcode < JIT_getframe_i ? op->descr->size
                                                                                                           : 8;
}

/* May the load v become a memory operand at n? */
static bool load_sinks(const struct info *in, jit_ref v, uint32_t n, bool any_size)
{
    if (!single(in, v) || !is_load(in->ir->ops.v[v].opcode) || !quiet(in, v, n)) return false;
    return any_size || load_size(in, &in->ir->ops.v[v]) == 8;
}

static bool const_fits(const struct info *in, jit_ref load, jit_ref k)
{
    const struct jit_op *op = &in->ir->ops.v[load];
    int size = load_size(in, op);
    int64_t v = jit_ref_const(in->ir, k)->i;
    bool sign = op->descr && op->opcode < JIT_getframe_i && op->descr->flags & JIT_DF_SIGNED;
    if (size == 8) return true;
    int64_t lim = (int64_t)1 << (8 * size - (sign ? 1 : 0));
    return v < lim && v >= (sign ? -lim : 0);
}

static bool sink_load(struct info *in, jit_ref v, uint32_t at, bool any_size)
{
    if (!load_sinks(in, v, at, any_size)) return false;
    in->sel[v] = SEL_SUNK;
    return true;
}

/* Loads into a comparison that is made at `at`. */
static void sink_compare(struct info *in, uint32_t n, uint32_t at)
{
    const struct jit_op *op = &in->ir->ops.v[n];
    jit_ref a = op->arg[0], b = op->arg[1];
    if (op->nargs == 1) {
        if (single(in, a)) sink_load(in, a, at, true);
        return;
    }
    if (a == b) return;
    int opc = op->opcode;
    if (opc >= JIT_float_lt && opc <= JIT_float_ge) {
        /* ucomisd reads memory on its right; less is greater with sides changed (lower_guard.c) */
        if (opc != JIT_float_lt && opc != JIT_float_le && !jit_ref_is_const(a) && sink_load(in, b, at, false)) return;
        if (opc != JIT_float_gt && opc != JIT_float_ge && !jit_ref_is_const(b)) sink_load(in, a, at, false);
        return;
    }
    bool eq = opc == JIT_int_eq || opc == JIT_int_ne || opc == JIT_ptr_eq || opc == JIT_ptr_ne;
    if (jit_ref_is_const(b)) {
        sink_load(in, a, at, eq && !jit_ref_is_const(a) && is_load(in->ir->ops.v[a].opcode) && const_fits(in, a, b));
        return;
    }
    if (!sink_load(in, b, at, false)) sink_load(in, a, at, false);
}

static void sink_guard(struct info *in, uint32_t n)
{
    const struct jit_op *op = &in->ir->ops.v[n];
    if (op->nargs == 0 || op->opcode == JIT_guard_stack || jit_ref_is_const(op->arg[0])) return;
    jit_ref c = op->arg[0];
    if (!single(in, c) || !same_side(in, c, n)) return;
    int opc = in->ir->ops.v[c].opcode;
    if (is_compare(opc) && (op->opcode == JIT_guard_true || op->opcode == JIT_guard_false)) {
        in->sel[c] = SEL_SUNK;
        in->last_use[c] = n;
        return;
    }
    if (!is_load(opc)) return;
    sink_load(in, c, n, op->opcode != JIT_guard_value || const_fits(in, c, op->arg[1]));
}

static bool commutes(int opc)
{
    return opc == JIT_int_add || opc == JIT_int_mul || opc == JIT_int_and || opc == JIT_int_or || opc == JIT_int_xor ||
           opc == JIT_float_add || opc == JIT_float_mul;
}

static void sink_arith(struct info *in, uint32_t n)
{
    const struct jit_op *op = &in->ir->ops.v[n];
    int opc = op->opcode;
    if (!((opc >= JIT_int_add && opc <= JIT_int_xor && opc != JIT_int_neg) || (opc >= JIT_float_add && opc <= JIT_float_truediv))) return;
    if (op->arg[0] == op->arg[1]) return;
    if (sink_load(in, op->arg[1], n, false)) return;
    if (commutes(opc) && !jit_ref_is_const(op->arg[1])) sink_load(in, op->arg[0], n, false);
}

void select_ops(const struct jit_ir *ir, const struct jit_frame_layout *layout, uint8_t *sel, struct jit_arena *scratch)
{
    size_t n = ir->ops.n + 1;
    struct info in = {.ir = ir, .layout = layout, .sel = sel, .label = jit_ir_label(ir)};
    in.uses = jit_arena_alloc(scratch, n * 4), in.index_uses = jit_arena_alloc(scratch, n * 4);
    in.base_uses = jit_arena_alloc(scratch, n * 4), in.last_use = jit_arena_alloc(scratch, n * 4);
    in.fold_max = jit_arena_alloc(scratch, n * 8), in.resumed = jit_arena_alloc(scratch, n);
    if (!in.uses || !in.index_uses || !in.base_uses || !in.last_use || !in.fold_max || !in.resumed) return;
    count(&in);
    drop_dead(&in);
    for (uint32_t i = 0; i < ir->ops.n; i++)
        if (folds(&in, i)) sel[i] = SEL_GONE;
    /* comparisons first: where they are made is where their loads go */
    uint32_t *at = in.last_use;
    for (uint32_t i = 0; i < ir->ops.n; i++)
        if (jit_op_is_guard(&ir->ops.v[i])) sink_guard(&in, i);
    for (uint32_t i = 0; i < ir->ops.n; i++) {
        if (is_compare(ir->ops.v[i].opcode) && sel[i] != SEL_GONE) sink_compare(&in, i, sel[i] == SEL_SUNK ? at[i] : i);
        else if (sel[i] == SEL_EMIT) sink_arith(&in, i);
    }
}
