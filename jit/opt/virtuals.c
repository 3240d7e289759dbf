/* virtuals.c: objects that nobody needs are not made.
 *
 * The problem: p = p + vec(1, 2) makes a table in every iteration, and the next iteration reads two
 * fields of it and throws it away. heap.c has answered the reads from the stores already, over the
 * loop's back edge as well, so what keeps the table alive is that an exit may need it.
 *
 * The idea: leave the call and the stores out, and describe the object to the exits: resume data
 * name a chain of virtual_* operations, which say what call and which stores make it (ir.def). An
 * exit runs them; a bridge begins with such an object, and its own optimizer may remove it again.
 * What the object would have cost the collector is still charged (charge), or finalizers that a
 * program waits for would never run.
 *
 * Two walks over the finished rounds, before peel.c chooses the label's arguments.
 *   look    which allocations may go. An object stays when its address is needed: it is an argument,
 *           is stored into something that stays, is compared or loaded from, is in resume data that
 *           machine code writes to memory itself (SYNC calls, jumps). An object that only another
 *           one refers to goes with that one.
 *   write   copies the operations without them, with a chain in front of each operation whose
 *           resume data name a removed object, unless an earlier chain still says the same.
 *
 * Loops. Behind the label, A of the preamble means the object of the iteration before. If exits
 * there name A, then what A holds must be known by names that work in each iteration: for every
 * cell that holds v at the label, the loop's A' (A one iteration later) must hold S(v) at the end
 * (S: peel.c). Else both stay. And no other value may become A' at the back edge.
 *
 * Invariants
 *  1. A chain is built from its object's state at the operation whose resume data name it.
 *  2. Cells of a removed object are told apart by their offset; two that overlap in part keep it.
 *  3. No object refers to itself through others: chains end.
 *
 * Before: heap.c and the rounds. After: peel.c chooses label arguments, dce.c drops unused chains.
 */
#include <string.h>

#include "opt/chain.h"

#define NOT_PART INT64_MIN
enum { MAX_NESTING = 16 };

struct vcell {
    int64_t part, off; /* offset of the pointer to the memory it is in, or NOT_PART; offset there */
    const struct jit_descr *descr;
    jit_ref idx; /* arrays */
    jit_ref value; /* old number */
    jit_ref written; /* new number when the chain was written */
};
JIT_VECTOR(struct vcell, vcells);

struct vobj {
    jit_ref alloc;
    bool keep;
    bool used; /* resume data behind the label name it (allocated before) */
    struct vcells now, at_label;
    jit_ref chain; /* new number, or JIT_NOREF: to be written */
    bool named; /* by some exit */
};

struct virtuals {
    struct opt *o;
    struct jit_ir *ir;
    struct vobj *objs;
    uint32_t nobjs;
    uint32_t *obj_of; /* [ops] object + 1: it is the allocation */
    uint32_t *part_of; /* [ops] object + 1: loads a pointer to its memory */
    uint8_t *carried; /* [ops] will be a label argument */
    jit_ref due; /* the word that is charged: a constant */
    bool changed;
    bool behind; /* the walk is behind the label */
    /* write */
    struct jit_ops ops;
    struct opt_vals vals;
    jit_ref *map; /* [old ops] */
    uint8_t *resume_mapped;
};

static struct vobj *object_at(const struct virtuals *v, jit_ref r)
{
    return r == JIT_NOREF || !opt_is_value(r) || !v->obj_of[r] ? NULL : &v->objs[v->obj_of[r] - 1];
}

/* The removable object that r is, else NULL. */
static struct vobj *removable(const struct virtuals *v, jit_ref r)
{
    struct vobj *a = object_at(v, r);
    return a && !a->keep ? a : NULL;
}

/* The object whose cell a store or load touches. */
static struct vobj *base_of(const struct virtuals *v, jit_ref base)
{
    if (!opt_is_value(base))
        return NULL;
    return v->part_of[base] ? &v->objs[v->part_of[base] - 1] : object_at(v, base);
}

static void keep(struct virtuals *v, struct vobj *a)
{
    if (!a || a->keep)
        return;
    a->keep = true;
    v->changed = true;
}

static bool is_dead(const struct virtuals *v, jit_ref r) { return v->o->vals.v[r].flags & OPT_DEAD; }

/* ---- which may go ---- */

static bool arguments_known(const struct jit_ir *ir, const struct jit_op *op)
{
    const jit_ref *args = jit_op_args(ir, op);
    for (unsigned i = 0; i < op->nargs; i++)
        if (!jit_ref_is_const(args[i]) && ir->ops.v[args[i]].opcode != JIT_getcontext)
            return false;
    return op->nargs <= 7;
}

static bool collect(struct virtuals *v)
{
    struct jit_ir *ir = v->ir;
    uint32_t n = 0;
    v->due = JIT_NOREF;
    for (uint32_t r = 0; r < ir->ops.n; r++) {
        n += ir->ops.v[r].descr && ir->ops.v[r].descr->kind == JIT_D_CALL && ir->ops.v[r].descr->made;
        if (ir->ops.v[r].opcode == JIT_guard_not_due)
            v->due = ir->ops.v[r].arg[0];
    }
    if (n == 0 || v->due == JIT_NOREF)
        return false;
    v->objs = opt_alloc(v->o, (n + 1) * sizeof *v->objs);
    v->obj_of = opt_alloc(v->o, (ir->ops.n + 1) * sizeof *v->obj_of);
    v->part_of = opt_alloc(v->o, (ir->ops.n + 1) * sizeof *v->part_of);
    v->carried = opt_alloc(v->o, ir->ops.n + 1);
    if (v->o->failed)
        return false;
    for (uint32_t r = 0; r < ir->ops.n; r++) {
        const struct jit_op *op = &ir->ops.v[r];
        if (op->opcode != JIT_call_r || !op->descr->made || is_dead(v, r) || !arguments_known(ir, op))
            continue;
        v->objs[v->nobjs] = (struct vobj){.alloc = r};
        v->obj_of[r] = ++v->nobjs;
    }
    return v->nobjs > 0;
}

/* Resume data that an exit's handler reads, so that it can rebuild. */
static bool rebuilds(const struct virtuals *v, const struct jit_op *op)
{
    return jit_op_is_guard(op) || op->opcode == JIT_label || (op->opcode == JIT_jump && v->ir->link == JIT_LINK_INTERP);
}

static void look_resume(struct virtuals *v, const struct jit_op *op)
{
    if (op->resume == JIT_NORESUME || rebuilds(v, op))
        return;
    const struct jit_resume *r = &v->ir->resumes.v[op->resume];
    for (uint32_t i = 0; i < r->nslots; i++)
        keep(v, object_at(v, v->ir->slots.v[r->slots + i].ref));
}

/* A store is part of its object if the place is constant; the object then holds the value. */
static void look_store(struct virtuals *v, const struct jit_op *op)
{
    const jit_ref *args = jit_op_args(v->ir, op);
    struct vobj *a = base_of(v, args[0]), *held = object_at(v, args[op->nargs - 1]);
    bool array = op->descr->kind == JIT_D_ARRAY, own = a && v->part_of[args[0]];
    if (a && ((array && (!jit_ref_is_const(args[1]) || !own)) || (!array && (own || opt_part(&v->ir->ops.v[a->alloc], op->descr->offset)))))
        keep(v, a);
    if (!a || a->keep)
        keep(v, held);
    if (opt_is_value(args[op->nargs - 1]) && v->part_of[args[op->nargs - 1]])
        keep(v, base_of(v, args[op->nargs - 1]));
}

static void look_load(struct virtuals *v, const struct jit_op *op, jit_ref r)
{
    jit_ref base = jit_op_args(v->ir, op)[0];
    struct vobj *a = base_of(v, base);
    if (!a)
        return;
    if (!v->part_of[base] && op->descr->kind == JIT_D_FIELD && opt_part(&v->ir->ops.v[a->alloc], op->descr->offset))
        v->part_of[r] = (uint32_t)(a - v->objs) + 1;
    else
        keep(v, a);
}

static void look_op(struct virtuals *v, jit_ref r)
{
    const struct jit_op *op = &v->ir->ops.v[r];
    const jit_ref *args = jit_op_args(v->ir, op);
    uint8_t effects = jit_opinfo[op->opcode].effects;
    if (effects == JIT_STORE) {
        look_store(v, op);
    } else if (effects == JIT_LOAD && op->descr) {
        look_load(v, op, r);
    } else if (op->opcode != JIT_guard_nonnull) {
        for (unsigned i = 0; i < op->nargs; i++)
            keep(v, base_of(v, args[i]));
    }
    look_resume(v, op);
}

/* ---- states ---- */

static struct vcell *cell_find(struct vcells *cells, int64_t part, int64_t off)
{
    for (uint32_t i = 0; i < cells->n; i++)
        if (cells->v[i].part == part && cells->v[i].off == off)
            return &cells->v[i];
    return NULL;
}

static bool overlaps_in_part(const struct vcells *cells, const struct vcell *c)
{
    for (uint32_t i = 0; i < cells->n; i++) {
        const struct vcell *q = &cells->v[i];
        bool meet = q->part == c->part && q->off < c->off + c->descr->size && c->off < q->off + q->descr->size;
        if (meet && (q->off != c->off || q->descr->size != c->descr->size))
            return true;
    }
    return false;
}

static int64_t part_offset(const struct virtuals *v, jit_ref base)
{
    return v->part_of[base] ? v->ir->ops.v[base].descr->offset : NOT_PART;
}

static void state_store(struct virtuals *v, const struct jit_op *op)
{
    const jit_ref *args = jit_op_args(v->ir, op);
    struct vobj *a = base_of(v, args[0]);
    bool array = op->descr->kind == JIT_D_ARRAY;
    struct vcell c = {.part = part_offset(v, args[0]), .off = op->descr->offset, .descr = op->descr, .idx = JIT_NOREF, .value = args[op->nargs - 1]};
    if (array) {
        c.idx = args[1];
        c.off += opt_ki(v->o, args[1]) * (int64_t)op->descr->stride;
    }
    struct vcell *old = cell_find(&a->now, c.part, c.off);
    a->chain = JIT_NOREF;
    if (overlaps_in_part(&a->now, &c)) {
        keep(v, a);
    } else if (old) {
        *old = c;
    } else if (jit_vec_reserve(v->o->arena, &a->now, 1)) {
        a->now.v[a->now.n++] = c;
    } else {
        v->o->failed = true;
    }
}

static bool cells_copy(struct virtuals *v, struct vcells *to, const struct vcells *from)
{
    to->n = 0;
    if (!jit_vec_reserve(v->o->arena, to, from->n + 1)) {
        v->o->failed = true;
        return false;
    }
    if (from->n)
        memcpy(to->v, from->v, from->n * sizeof *from->v);
    to->n = from->n;
    return true;
}

/* ---- the loop ---- */

/* r is needed at this point of the walk; behind the label that may make it a label argument. */
static void need(struct virtuals *v, jit_ref r, int depth)
{
    const struct opt *o = v->o;
    struct vobj *a = removable(v, r);
    if (a) {
        a->used |= v->behind && a->alloc < o->label;
        if (depth > MAX_NESTING)
            keep(v, a);
        for (uint32_t i = 0; i < a->now.n && !a->keep; i++)
            need(v, a->now.v[i].value, depth + 1);
        return;
    }
    while (v->behind && r != JIT_NOREF && opt_is_value(r) && r < o->label && !v->carried[r] && o->vals.v[r].subst != r) {
        v->carried[r] = 1;
        r = o->vals.v[r].subst;
        keep(v, object_at(v, r)); /* it would have to be passed along the back edge */
    }
}

static void need_uses(struct virtuals *v, jit_ref r)
{
    const struct jit_op *op = &v->ir->ops.v[r];
    const jit_ref *args = jit_op_args(v->ir, op);
    bool store = jit_opinfo[op->opcode].effects == JIT_STORE && base_of(v, args[0]) && !base_of(v, args[0])->keep;
    for (unsigned i = 0; i < op->nargs && v->behind && !store; i++)
        if (!removable(v, args[i]))
            need(v, args[i], 0);
    if (op->resume == JIT_NORESUME)
        return;
    const struct jit_resume *res = &v->ir->resumes.v[op->resume];
    for (uint32_t i = 0; i < res->nslots; i++) {
        jit_ref ref = v->ir->slots.v[res->slots + i].ref;
        if (ref != JIT_NOREF && (v->behind || removable(v, ref)))
            need(v, ref, 0);
    }
}

static jit_ref one_later(const struct opt *o, jit_ref r)
{
    return r == JIT_NOREF || !opt_is_value(r) || r > o->label ? r : o->vals.v[r].subst;
}

/* What A holds at the label, said one iteration later, is what A' holds at the end. */
static bool state_comes_again(const struct virtuals *v, const struct vobj *a, struct vobj *later)
{
    if (!later || later->keep || later->alloc < v->o->label || a->at_label.n != later->now.n)
        return false;
    for (uint32_t i = 0; i < a->at_label.n; i++) {
        const struct vcell *c = &a->at_label.v[i], *q = cell_find(&later->now, c->part, c->off);
        if (!q || q->descr != c->descr || opt_resolve(v->o, q->value) != opt_resolve(v->o, one_later(v->o, c->value)))
            return false;
    }
    return true;
}

static void look_states(struct virtuals *v)
{
    const struct opt *o = v->o;
    bool loop = o->round == 2;
    memset(v->carried, 0, v->ir->ops.n);
    for (uint32_t i = 0; i < v->nobjs; i++)
        v->objs[i].now.n = 0, v->objs[i].used = false;
    for (jit_ref r = 0; r < v->ir->ops.n && !o->failed; r++) {
        const struct jit_op *op = &v->ir->ops.v[r];
        if (is_dead(v, r))
            continue;
        if (loop && r == o->label)
            for (uint32_t i = 0; i < v->nobjs; i++)
                cells_copy(v, &v->objs[i].at_label, &v->objs[i].now);
        v->behind = loop && r >= o->label;
        need_uses(v, r);
        if (jit_opinfo[op->opcode].effects == JIT_STORE && base_of(v, jit_op_args(v->ir, op)[0]) && !base_of(v, jit_op_args(v->ir, op)[0])->keep)
            state_store(v, op);
    }
    for (uint32_t i = 0; i < v->nobjs && loop; i++) {
        struct vobj *a = &v->objs[i], *later = object_at(v, o->vals.v[a->alloc].subst);
        if (!a->used || a->keep || a->alloc > o->label)
            continue;
        if (!state_comes_again(v, a, later)) {
            keep(v, a);
            keep(v, later);
        }
    }
}

static bool some_removable(const struct virtuals *v)
{
    for (uint32_t i = 0; i < v->nobjs; i++)
        if (!v->objs[i].keep)
            return true;
    return false;
}

/* Until nothing changes: each time at least one more stays. */
static bool look(struct virtuals *v)
{
    do {
        v->changed = false;
        for (jit_ref r = 0; r < v->ir->ops.n; r++)
            if (!is_dead(v, r))
                look_op(v, r);
        if (!v->changed)
            look_states(v);
    } while (v->changed && !v->o->failed && some_removable(v));
    return some_removable(v);
}

/* ---- writing ---- */

static jit_ref mapped(const struct virtuals *v, jit_ref r)
{
    return r == JIT_NOREF || !opt_is_value(r) ? r : v->map[r];
}

/* Appends an operation that the source does not have. */
static jit_ref write_new(struct virtuals *v, enum jit_opcode opcode, const jit_ref *args, unsigned nargs, const struct jit_descr *descr, uint32_t line)
{
    struct opt *o = v->o;
    struct jit_ops ops = v->ir->ops;
    v->ir->ops = v->ops; /* jit_ir_emit takes arguments and all */
    jit_ref r = jit_ir_emit(v->ir, opcode, args, nargs, descr, JIT_NORESUME);
    v->ops = v->ir->ops;
    v->ir->ops = ops;
    if (r == JIT_NOREF || !jit_vec_reserve(o->arena, &v->vals, 1)) {
        o->failed = true;
        return 0;
    }
    v->ops.v[r].line = line;
    v->vals.v[v->vals.n++] = (struct opt_val){.lo = INT64_MIN, .hi = INT64_MAX, .repl = JIT_NOREF, .subst = r, .owner = JIT_NOREF};
    return r;
}

static jit_ref write_chain(struct virtuals *v, struct vobj *a, uint32_t line);

/* A cell's value in the output; objects by their present chain. (Not the constant that a later guard made of it.) */
static jit_ref cell_value(struct virtuals *v, const struct vcell *c, uint32_t line)
{
    struct vobj *held = removable(v, c->value);
    return held ? write_chain(v, held, line) : mapped(v, c->value);
}

static jit_ref write_cell(struct virtuals *v, jit_ref chain, const struct vcell *c, uint32_t line)
{
    if (c->part == NOT_PART && c->descr->kind == JIT_D_FIELD) {
        jit_ref args[2] = {chain, c->written};
        return write_new(v, JIT_virtual_field, args, 2, c->descr, line);
    }
    jit_ref args[4] = {chain, jit_ir_const_i(v->ir, c->part), c->idx, c->written};
    return write_new(v, JIT_virtual_item, args, 4, c->descr, line);
}

static jit_ref write_chain(struct virtuals *v, struct vobj *a, uint32_t line)
{
    bool same = a->chain != JIT_NOREF;
    for (uint32_t i = 0; i < a->now.n; i++) {
        struct vcell *c = &a->now.v[i];
        jit_ref value = cell_value(v, c, line);
        same &= value == c->written;
        c->written = value;
    }
    if (same) {
        v->ir->n_reused++;
        return a->chain;
    }
    struct jit_op op = v->ir->ops.v[a->alloc];
    jit_ref args[8];
    for (unsigned i = 0; i < op.nargs; i++)
        args[i] = mapped(v, jit_op_args(v->ir, &op)[i]);
    a->chain = write_new(v, JIT_virtual_new, args, op.nargs, op.descr, line);
    for (uint32_t i = 0; i < a->now.n; i++)
        a->chain = write_cell(v, a->chain, &a->now.v[i], line);
    v->ir->n_virtuals++;
    a->named = true;
    return a->chain;
}

static bool names_removed(const struct virtuals *v, const struct jit_resume *r)
{
    for (uint32_t i = 0; i < r->nslots; i++)
        if (removable(v, v->ir->slots.v[r->slots + i].ref))
            return true;
    return false;
}

/* Resume data in new numbers: those without removed objects once and in place, the others afresh each time. */
static uint32_t write_resume(struct virtuals *v, uint32_t resume, uint32_t line)
{
    struct jit_ir *ir = v->ir;
    if (resume == JIT_NORESUME || v->resume_mapped[resume])
        return resume;
    struct jit_resume r = ir->resumes.v[resume];
    if (!names_removed(v, &r)) {
        for (uint32_t i = 0; i < r.nslots; i++)
            ir->slots.v[r.slots + i].ref = mapped(v, ir->slots.v[r.slots + i].ref);
        v->resume_mapped[resume] = 1;
        return resume;
    }
    struct jit_resume to = {.slots = ir->slots.n, .frames = ir->frames.n, .nframes = r.nframes};
    if (!jit_vec_reserve(ir->arena, &ir->slots, r.nslots) || !jit_vec_reserve(ir->arena, &ir->resumes, 1) ||
        !jit_vec_reserve(ir->arena, &ir->frames, r.nframes)) {
        v->o->failed = true;
        return resume;
    }
    if (r.nframes)
        memcpy(ir->frames.v + to.frames, ir->frames.v + r.frames, r.nframes * sizeof *ir->frames.v);
    ir->frames.n += r.nframes;
    for (uint32_t i = 0; i < r.nslots; i++) {
        struct jit_slot_val s = ir->slots.v[r.slots + i];
        struct vobj *a = removable(v, s.ref);
        s.ref = a ? write_chain(v, a, line) : mapped(v, s.ref);
        ir->slots.v[to.slots + to.nslots++] = s;
    }
    ir->slots.n += to.nslots;
    ir->resumes.v[ir->resumes.n] = to;
    return ir->resumes.n++;
}

/* What the allocation would have added to the collector's count. */
static void write_charge(struct virtuals *v, const struct jit_op *op)
{
    const struct jit_made *m = op->descr->made;
    const jit_ref *args = jit_op_args(v->ir, op);
    int64_t bytes = m->bytes;
    for (unsigned i = 1; i < op->nargs && i <= 4; i++)
        if (m->bytes_per[i - 1])
            bytes += (int64_t)m->bytes_per[i - 1] * opt_ki(v->o, args[i]);
    jit_ref a[2] = {v->due, jit_ir_const_i(v->ir, bytes)};
    write_new(v, JIT_charge, a, 2, NULL, op->line);
}

static bool write_removed(struct virtuals *v, jit_ref r)
{
    const struct jit_op *op = &v->ir->ops.v[r];
    const jit_ref *args = jit_op_args(v->ir, op);
    if (removable(v, r)) {
        write_charge(v, op);
        opt_hit(RULE_virtual_new);
        return true;
    }
    if (v->part_of[r] && !v->objs[v->part_of[r] - 1].keep)
        return true;
    if (op->nargs == 0 || !opt_is_value(args[0]) || !base_of(v, args[0]) || base_of(v, args[0])->keep)
        return false;
    if (op->opcode == JIT_guard_nonnull)
        return true;
    if (jit_opinfo[op->opcode].effects != JIT_STORE)
        return false;
    state_store(v, op);
    return true;
}

static void write_op(struct virtuals *v, jit_ref r)
{
    struct opt *o = v->o;
    if (is_dead(v, r) || write_removed(v, r))
        return;
    struct jit_op op = v->ir->ops.v[r];
    op.resume = write_resume(v, op.resume, op.line);
    if (o->round == 2 && r == o->label)
        for (uint32_t i = 0; i < v->nobjs; i++)
            v->objs[i].chain = JIT_NOREF; /* uses behind the label mean the loop's values */
    jit_ref *args = jit_op_args_mut(v->ir, &op);
    for (unsigned i = 0; i < op.nargs; i++)
        args[i] = mapped(v, args[i]);
    if (o->failed || !jit_vec_reserve(o->arena, &v->ops, 1) || !jit_vec_reserve(o->arena, &v->vals, 1)) {
        o->failed = true;
        return;
    }
    v->map[r] = v->ops.n;
    v->ops.v[v->ops.n++] = op;
    v->vals.v[v->vals.n++] = o->vals.v[r];
}

static void write_all(struct virtuals *v)
{
    struct opt *o = v->o;
    uint32_t n = v->ir->ops.n;
    v->map = opt_alloc(o, (n + 1) * sizeof *v->map);
    v->resume_mapped = opt_alloc(o, v->ir->resumes.n + 1);
    for (uint32_t i = 0; i < v->nobjs; i++) {
        v->objs[i].now.n = 0;
        v->objs[i].chain = JIT_NOREF;
    }
    for (jit_ref r = 0; r < n && !o->failed; r++) {
        v->map[r] = JIT_NOREF;
        write_op(v, r);
    }
    if (o->failed)
        return;
    for (jit_ref r = 0; r < n; r++) /* S in new numbers; a removed object's is never asked for */
        if (v->map[r] != JIT_NOREF)
            v->vals.v[v->map[r]].subst = mapped(v, o->vals.v[r].subst);
    if (o->round == 2)
        o->label = v->map[o->label];
    v->ir->ops = v->ops;
    o->vals = v->vals;
}

bool opt_virtuals(struct opt *o)
{
    struct virtuals v = {.o = o, .ir = o->out};
    if (o->failed || !opt_on(o, JIT_OPT_BIT_VIRTUALS) || !opt_on(o, JIT_OPT_BIT_HEAP))
        return !o->failed;
    if (collect(&v) && look(&v))
        write_all(&v);
    for (uint32_t i = 0; i < v.nobjs; i++) {
        o->out->n_forcings += v.objs[i].keep;
        o->out->n_holes += !v.objs[i].keep && !v.objs[i].named;
    }
    return !o->failed;
}
