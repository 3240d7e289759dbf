/* heap.c: loads are answered from what was stored or loaded before; stores that nobody can see go.
 *
 * The pass keeps, per alias class, a short list of cells with known contents. A cell is
 * base + offset (+ index * stride); constant indices and additions of constants are folded into
 * the offset, so that a[i] and a[i+1] are the same base and index with different offsets. What a
 * store or call may change is forgotten.
 *
 * Two cells may overlap unless
 *   - their alias classes differ;
 *   - base and index are the same and the byte ranges do not meet;
 *   - the class has whole objects only (JIT_DF_WHOLE) and their offsets do not meet;
 *   - one base was allocated on the trace and the other base is a constant, is older, is another
 *     allocation, or the first has not escaped (was not stored, passed to a call or hidden in
 *     address arithmetic). What was stored into an object that has not escaped escapes with it, or
 *     when such an object is asked for contents that are not known. Memory that a new object has of
 *     its own (jit_made.parts) is as new as the object. Label and jump give second names to objects without harm: the
 *     substitution of peel.c keeps the order in which values came to be.
 *
 * Dead stores: a store may be dropped when the same cell is written again and nothing in between
 * can see it. A guard sees everything (leaving the trace makes memory visible), so does a call
 * that is not pure, and so does the label.
 *
 * Invariants
 *  1. Cells of one byte width never answer loads of another, and a narrow store answers loads only
 *     if the stored value is known to fit.
 *  2. A fact from before the label that round 2 used must hold again at the end of round 2
 *     (opt_heap_check): then it holds at the label in every iteration.
 *
 * Before: cse.c. After: opt.c appends what is left.
 */
#include <string.h>

#include "opt/chain.h"

unsigned jit_opt_heap_room = 128;

/* ---- cells ---- */

/* Folds p + c into the offset. */
static void cell_normalize(const struct opt *o, struct opt_cell *c)
{
    for (int i = 0; i < 8 && opt_is_value(c->base); i++) {
        const struct jit_op *op = &o->out->ops.v[c->base];
        if (op->opcode != JIT_int_add_ptr || !jit_ref_is_const(op->arg[1]))
            break;
        c->off = (int64_t)((uint64_t)c->off + (uint64_t)opt_ki(o, op->arg[1]));
        c->base = op->arg[0];
    }
    for (int i = 0; i < 8 && c->idx != JIT_NOREF && opt_is_value(c->idx); i++) {
        const struct jit_op *op = &o->out->ops.v[c->idx];
        if (op->opcode != JIT_int_add || !jit_ref_is_const(op->arg[1]))
            break;
        c->off = (int64_t)((uint64_t)c->off + (uint64_t)opt_ki(o, op->arg[1]) * c->stride);
        c->idx = opt_resolve(o, op->arg[0]);
    }
    if (c->idx != JIT_NOREF && jit_ref_is_const(c->idx)) {
        c->off = (int64_t)((uint64_t)c->off + (uint64_t)opt_ki(o, c->idx) * c->stride);
        c->idx = JIT_NOREF;
    }
    if (c->idx == JIT_NOREF)
        c->stride = 0;
}

static struct opt_cell cell_of(const struct opt *o, const jit_ref *args, const struct jit_descr *d)
{
    bool array = d->kind == JIT_D_ARRAY;
    struct opt_cell c = {.base = args[0], .idx = array ? args[1] : JIT_NOREF, .off = d->offset, .stride = array ? d->stride : 0, .size = d->size, .alias = d->alias, .whole = d->flags & JIT_DF_WHOLE};
    cell_normalize(o, &c);
    return c;
}

static bool same_cell(const struct opt_cell *a, const struct opt_cell *b)
{
    return a->base == b->base && a->idx == b->idx && a->off == b->off && a->stride == b->stride && a->size == b->size && a->alias == b->alias;
}

static bool is_fresh(const struct opt *o, jit_ref r)
{
    return opt_is_value(r) && (o->vals.v[r].flags & OPT_FRESH);
}

/* The new object that r is, or whose own memory it points to. */
static jit_ref object_of(const struct opt *o, jit_ref r)
{
    return o->vals.v[r].owner == JIT_NOREF ? r : o->vals.v[r].owner;
}

static bool is_private(const struct opt *o, jit_ref r)
{
    return is_fresh(o, r) && !(o->vals.v[r].flags & OPT_ESCAPED) && !(o->vals.v[object_of(o, r)].flags & OPT_ESCAPED);
}

/* a was allocated on the trace: can b be or lead into the same object? */
static bool fresh_is_not(const struct opt *o, jit_ref a, jit_ref b)
{
    if (!is_fresh(o, a))
        return false;
    jit_ref object = object_of(o, a);
    if (jit_ref_is_const(b) || b < object)
        return true;
    return object_of(o, b) != object && (is_fresh(o, b) || is_private(o, a));
}

static bool ranges_meet(int64_t a, unsigned na, int64_t b, unsigned nb)
{
    return (uint64_t)b - (uint64_t)a < na || (uint64_t)a - (uint64_t)b < nb;
}

/* The residues of both offsets modulo the stride: different fields of the elements never meet. */
static bool residues_meet(const struct opt_cell *a, const struct opt_cell *b, uint64_t s)
{
    uint64_t d = (uint64_t)b->off - (uint64_t)a->off;
    if (s == 0 || (s & (s - 1))) /* only powers of two divide 2^64 */
        return true;
    d &= s - 1;
    return d < a->size || s - d < b->size;
}

/* Two objects of which nothing is known but that they are one or apart. */
static bool whole_overlap(const struct opt_cell *a, const struct opt_cell *b)
{
    if (a->idx == JIT_NOREF && b->idx == JIT_NOREF)
        return ranges_meet(a->off, a->size, b->off, b->size);
    if (a->idx != JIT_NOREF && b->idx != JIT_NOREF && a->stride != b->stride)
        return true;
    return residues_meet(a, b, a->idx != JIT_NOREF ? a->stride : b->stride);
}

static bool may_overlap(const struct opt *o, const struct opt_cell *a, const struct opt_cell *b)
{
    if (a->alias != b->alias)
        return false;
    if (a->base != b->base) {
        if (fresh_is_not(o, a->base, b->base) || fresh_is_not(o, b->base, a->base))
            return false;
        if (a->whole && b->whole)
            return whole_overlap(a, b);
        if (!jit_ref_is_const(a->base) || !jit_ref_is_const(b->base) || a->idx != JIT_NOREF || b->idx != JIT_NOREF)
            return true;
        return ranges_meet(opt_ki(o, a->base) + a->off, a->size, opt_ki(o, b->base) + b->off, b->size);
    }
    if (a->idx == b->idx && a->stride == b->stride)
        return ranges_meet(a->off, a->size, b->off, b->size);
    return a->stride != b->stride || residues_meet(a, b, a->stride);
}

/* ---- what is known ---- */

static struct opt_known *known_find(const struct opt *o, const struct opt_cell *c, char type)
{
    for (unsigned i = 0; i < o->heap.known[c->alias].n; i++) {
        struct opt_known *k = &o->heap.known[c->alias].v[i];
        if (k->type == type && same_cell(&k->cell, c))
            return k;
    }
    return NULL;
}

static bool known_grow(struct opt *o, unsigned cls)
{
    unsigned cap = o->heap.known[cls].cap ? 4u * o->heap.known[cls].cap : 8;
    struct opt_known *v = opt_alloc(o, (cap < jit_opt_heap_room ? cap : jit_opt_heap_room) * sizeof *v);
    if (!v)
        return false;
    if (o->heap.known[cls].n)
        memcpy(v, o->heap.known[cls].v, o->heap.known[cls].n * sizeof *v);
    o->heap.known[cls].v = v;
    o->heap.known[cls].cap = (uint16_t)(cap < jit_opt_heap_room ? cap : jit_opt_heap_room);
    return true;
}

static void known_add(struct opt *o, const struct opt_known *k)
{
    unsigned cls = k->cell.alias;
    if (opt_is_value(k->cell.base))
        o->vals.v[k->cell.base].flags |= OPT_BASE;
    if (o->heap.known[cls].n == o->heap.known[cls].cap && o->heap.known[cls].cap < jit_opt_heap_room && !known_grow(o, cls))
        return;
    if (o->heap.known[cls].n < o->heap.known[cls].cap) {
        o->heap.known[cls].v[o->heap.known[cls].n++] = *k;
        return;
    }
    o->heap.known[cls].v[o->heap.known[cls].next] = *k; /* the oldest goes */
    o->heap.known[cls].next = (uint16_t)((o->heap.known[cls].next + 1) % jit_opt_heap_room);
}

static void known_drop(struct opt *o, unsigned cls, unsigned i)
{
    o->heap.known[cls].v[i] = o->heap.known[cls].v[--o->heap.known[cls].n];
    o->heap.known[cls].next = 0;
}

static bool is_immutable(const struct opt_known *k)
{
    return k->flags & JIT_DF_IMMUTABLE;
}

static void forget_overlaps(struct opt *o, const struct opt_cell *c)
{
    for (unsigned i = 0; i < o->heap.known[c->alias].n;) {
        const struct opt_known *k = &o->heap.known[c->alias].v[i];
        bool kept = is_immutable(k) ? !same_cell(&k->cell, c) : !may_overlap(o, &k->cell, c);
        if (kept)
            i++;
        else
            known_drop(o, c->alias, i);
    }
}

/* all: also what only the trace itself knows. */
static void forget_class(struct opt *o, unsigned cls, bool all)
{
    for (unsigned i = 0; i < o->heap.known[cls].n;) {
        const struct opt_known *k = &o->heap.known[cls].v[i];
        if (is_immutable(k) || (!all && is_private(o, k->cell.base)))
            i++;
        else
            known_drop(o, cls, i);
    }
}

static void mark_used(struct opt *o, const struct opt_known *k)
{
    if (o->round == 2 && k->label_fact)
        o->heap.label_facts[k->label_fact - 1].used = true;
}

/* A guard has shown which object r is: what is known at r is known at the constant, by which it is called from now on. */
static void known_rename(struct opt *o, jit_ref r, jit_ref constant)
{
    for (unsigned cls = 0; cls < 64; cls++)
        for (unsigned i = 0; i < o->heap.known[cls].n; i++)
            if (o->heap.known[cls].v[i].cell.base == r)
                o->heap.known[cls].v[i].cell.base = constant;
    opt_hit(RULE_known_rename);
}

/* ---- looking ---- */

static bool same_width(const struct opt_known *k, const struct jit_descr *d)
{
    return d->size == 8 || (k->flags & JIT_DF_SIGNED) == (d->flags & JIT_DF_SIGNED);
}

static enum opt_verdict look_load(struct opt *o, struct opt_op *op)
{
    struct opt_cell c = cell_of(o, op->args, op->descr);
    struct opt_known *k = known_find(o, &c, op->descr->type);
    if (!k || !k->exact || !same_width(k, op->descr))
        return OPT_NEXT;
    mark_used(o, k);
    o->out->n_heapcached++;
    opt_hit(k->stored ? RULE_load_after_store : RULE_load_after_load);
    op->value = k->value;
    return OPT_VALUE;
}

static enum opt_verdict look_store(struct opt *o, struct opt_op *op)
{
    struct opt_cell c = cell_of(o, op->args, op->descr);
    struct opt_known *k = known_find(o, &c, op->descr->type);
    if (!k || opt_resolve(o, k->value) != op->args[op->nargs - 1])
        return OPT_NEXT;
    mark_used(o, k);
    opt_hit(RULE_store_same);
    return OPT_DROP;
}

static bool same_call(const struct opt *o, const struct jit_op *a, const struct opt_op *b)
{
    if (a->opcode != b->opcode || a->descr != b->descr || a->nargs != b->nargs)
        return false;
    return !memcmp(jit_op_args(o->out, a), b->args, a->nargs * sizeof *b->args);
}

static enum opt_verdict look_call(struct opt *o, struct opt_op *op)
{
    if (op->descr->effects != JIT_EF_READS || op->descr->type == 'v')
        return OPT_NEXT;
    for (unsigned i = 0; i < o->heap.ncalls; i++) {
        if (!same_call(o, &o->out->ops.v[o->heap.calls[i]], op))
            continue;
        op->value = o->heap.calls[i];
        opt_hit(RULE_call_again);
        return OPT_VALUE;
    }
    return OPT_NEXT;
}

static enum opt_verdict look_frameaddr(struct opt *o, struct opt_op *op)
{
    struct opt_heap *h = &o->heap;
    for (uint32_t i = 0; i < h->naddrs; i++) {
        if (o->out->ops.v[h->addrs[i]].arg[0] != op->args[0])
            continue;
        h->addrs_used |= o->round == 2 && h->addrs[i] < o->label;
        opt_hit(RULE_frameaddr_again);
        op->value = h->addrs[i];
        return OPT_VALUE;
    }
    return OPT_NEXT;
}

static bool is_cell_load(unsigned opcode)
{
    return jit_opinfo[opcode].effects == JIT_LOAD && opcode < JIT_getframe_i;
}

/* An allocation whose result is never an object that was there before: a guest's strings may be shared when they are equal,
 * what is described is not. */
static bool has_identity(const struct opt *o, jit_ref r)
{
    return is_fresh(o, r) && o->vals.v[r].owner == JIT_NOREF && o->out->ops.v[r].descr->made;
}

static enum opt_verdict look_same(struct opt *o, struct opt_op *op)
{
    jit_ref a = op->args[0], b = op->args[1];
    if (a == b || !((has_identity(o, a) && fresh_is_not(o, a, b)) || (has_identity(o, b) && fresh_is_not(o, b, a))))
        return OPT_NEXT;
    opt_hit(RULE_ptr_eq_new);
    op->value = jit_ir_const_i(o->out, op->opcode == JIT_ptr_ne);
    return OPT_VALUE;
}

enum opt_verdict opt_heap(struct opt *o, struct opt_op *op)
{
    if (is_cell_load(op->opcode))
        return look_load(o, op);
    if (op->opcode == JIT_ptr_eq || op->opcode == JIT_ptr_ne)
        return look_same(o, op);
    if (op->opcode == JIT_getframeaddr)
        return look_frameaddr(o, op);
    switch (jit_opinfo[op->opcode].effects) {
    case JIT_STORE: return look_store(o, op);
    case JIT_CALL: return look_call(o, op);
    default: return OPT_NEXT;
    }
}

/* ---- learning ---- */

static void escape(struct opt *o, jit_ref r);

static void escape_held(struct opt *o, jit_ref by)
{
    for (uint32_t i = 0; i < o->heap.holds.n; i++)
        if (o->heap.holds.v[i].by == by)
            escape(o, o->heap.holds.v[i].held);
}

static void escape(struct opt *o, jit_ref r)
{
    for (int i = 0; i < 64 && opt_is_value(r) && r != JIT_NOREF; i++) {
        if (o->vals.v[r].owner != JIT_NOREF)
            escape(o, o->vals.v[r].owner);
        bool first = !(o->vals.v[r].flags & OPT_ESCAPED);
        o->vals.v[r].flags |= OPT_ESCAPED;
        if (first && is_fresh(o, r))
            escape_held(o, r);
        const struct jit_op *op = &o->out->ops.v[r];
        if (op->opcode != JIT_int_add_ptr)
            return;
        r = op->arg[0];
    }
}

/* v is stored into the object (or its memory) `into`. */
static void escape_into(struct opt *o, jit_ref into, jit_ref v)
{
    if (!opt_is_value(v) || !is_fresh(o, v) || o->vals.v[v].owner != JIT_NOREF || !opt_is_value(into) || !is_private(o, into)) {
        escape(o, v);
        return;
    }
    if (!jit_vec_reserve(o->arena, &o->heap.holds, 1)) {
        o->failed = true;
        return;
    }
    o->heap.holds.v[o->heap.holds.n++] = (struct opt_hold){object_of(o, into), v};
}

/* Something was loaded out of a private object: its own memory, or what only it is known to hold. */
static void load_private(struct opt *o, const struct jit_op *op, jit_ref r)
{
    jit_ref from = object_of(o, op->arg[0]);
    const struct jit_op *alloc = &o->out->ops.v[from];
    if (from == op->arg[0] && op->descr->kind == JIT_D_FIELD && alloc->descr && opt_part(alloc, op->descr->offset)) {
        o->vals.v[r].flags |= OPT_FRESH;
        o->vals.v[r].owner = from;
        return;
    }
    if (o->round == 2 && from < o->label) { /* what it holds by now has other names */
        for (jit_ref v = 0; v < r; v++)
            if (is_private(o, v))
                escape(o, v);
        return;
    }
    escape_held(o, from);
}

const struct jit_descr *opt_part(const struct jit_op *alloc, int64_t offset)
{
    const struct jit_made *m = alloc->descr->made;
    for (unsigned i = 0; m && i < m->nparts; i++)
        if (m->parts[i]->offset == offset)
            return m->parts[i];
    return NULL;
}

static void forget_calls(struct opt *o, uint64_t classes)
{
    for (unsigned i = 0; i < o->heap.ncalls;) {
        const struct jit_op *op = &o->out->ops.v[o->heap.calls[i]];
        if (op->descr->reads & classes)
            o->heap.calls[i] = o->heap.calls[--o->heap.ncalls];
        else
            i++;
    }
}

/* The value is what a load of the cell gives. */
static bool fits_cell(const struct opt *o, const struct jit_descr *d, jit_ref v)
{
    int64_t lo, hi;
    if (d->size == 8)
        return true;
    opt_range(o, v, &lo, &hi);
    int64_t top = (int64_t)1 << (d->size * 8 - 1);
    return d->flags & JIT_DF_SIGNED ? lo >= -top && hi < top : lo >= 0 && hi < 2 * top;
}

/* Kills earlier stores to the same cell that nobody has seen. */
static void pending_store(struct opt *o, const struct opt_cell *c, jit_ref store)
{
    struct opt_heap *h = &o->heap;
    for (unsigned i = 0; i < h->npending;) {
        if (!same_cell(&h->pending[i].cell, c)) {
            i++;
            continue;
        }
        o->vals.v[h->pending[i].op].flags |= OPT_DEAD;
        opt_hit(RULE_store_dead);
        h->pending[i] = h->pending[--h->npending];
    }
    if (h->npending < OPT_HEAP_PENDING) {
        h->pending[h->npending].cell = *c;
        h->pending[h->npending++].op = store;
    }
}

static void pending_seen(struct opt *o, const struct opt_cell *c)
{
    struct opt_heap *h = &o->heap;
    for (unsigned i = 0; i < h->npending;) {
        if (may_overlap(o, &h->pending[i].cell, c))
            h->pending[i] = h->pending[--h->npending];
        else
            i++;
    }
}

static void note_load(struct opt *o, const struct jit_op *op, jit_ref r)
{
    struct opt_known k = {.cell = cell_of(o, jit_op_args(o->out, op), op->descr), .value = r, .type = op->descr->type, .flags = op->descr->flags, .exact = true};
    pending_seen(o, &k.cell);
    if (k.type == 'r' && opt_is_value(op->arg[0]) && is_private(o, op->arg[0]))
        load_private(o, op, r);
    struct opt_known *old = known_find(o, &k.cell, k.type);
    if (old)
        *old = k; /* of another sign, or not exact */
    else
        known_add(o, &k);
}

static void note_store(struct opt *o, const struct jit_op *op, jit_ref r)
{
    const jit_ref *args = jit_op_args(o->out, op);
    jit_ref v = args[op->nargs - 1];
    struct opt_known k = {.cell = cell_of(o, args, op->descr), .value = v, .type = op->descr->type, .flags = op->descr->flags, .exact = fits_cell(o, op->descr, v), .stored = true};
    if (k.type == 'r' && v != JIT_NOREF && opt_is_value(v))
        escape_into(o, args[0], v);
    forget_overlaps(o, &k.cell);
    forget_calls(o, (uint64_t)1 << k.cell.alias);
    pending_store(o, &k.cell, r);
    known_add(o, &k);
}

static void escape_resume(struct opt *o, uint32_t resume)
{
    if (resume == JIT_NORESUME)
        return;
    const struct jit_resume *r = &o->out->resumes.v[resume];
    for (uint32_t i = 0; i < r->nslots; i++) {
        jit_ref v = o->out->slots.v[r->slots + i].ref;
        if (v != JIT_NOREF)
            escape(o, v);
    }
}

/* What a new object is known to hold. */
static void note_made(struct opt *o, jit_ref r)
{
    const struct jit_made *m = o->out->ops.v[r].descr->made;
    for (unsigned i = 0; m && i < m->ncells; i++) {
        const struct jit_made_cell *c = &m->cells[i];
        const struct jit_descr *d = c->field;
        jit_ref v = c->arg >= 0      ? jit_op_args(o->out, &o->out->ops.v[r])[1 + c->arg]
                    : d->type == 'i' ? jit_ir_const_i(o->out, (int64_t)c->bits)
                                     : jit_ir_const_r(o->out, (void *)(uintptr_t)c->bits, false);
        struct opt_known k = {.cell = cell_of(o, &r, d), .value = v, .type = d->type, .flags = d->flags, .exact = true, .stored = true};
        known_add(o, &k);
    }
}

static void note_call(struct opt *o, const struct jit_op *op, jit_ref r)
{
    const struct jit_descr *d = op->descr;
    const jit_ref *args = jit_op_args(o->out, op);
    for (unsigned i = 1; i < op->nargs; i++)
        escape(o, args[i]);
    if (d->effects & JIT_EF_ALLOC)
        o->vals.v[r].flags |= OPT_FRESH;
    note_made(o, r);
    if (!d->effects)
        return;
    o->heap.npending = 0;
    if (d->effects & (JIT_EF_SYNC | JIT_EF_MOVES)) {
        o->heap.naddrs = 0;
        o->heap.addrs_moved = true;
    }
    uint64_t writes = d->effects & JIT_EF_SYNC ? UINT64_MAX : d->effects & JIT_EF_WRITES ? d->writes
                                                                                         : 0;
    if (d->effects & JIT_EF_SYNC)
        escape_resume(o, op->resume);
    for (uint64_t w = writes; w; w &= w - 1)
        forget_class(o, (unsigned)__builtin_ctzll(w), (d->effects & JIT_EF_SYNC) != 0);
    forget_calls(o, writes);
    if (d->effects == JIT_EF_READS && d->type != 'v' && o->heap.ncalls < OPT_HEAP_CALLS)
        o->heap.calls[o->heap.ncalls++] = r;
}

void opt_heap_note(struct opt *o, jit_ref r)
{
    const struct jit_op *op = &o->out->ops.v[r];
    if (is_cell_load(op->opcode)) {
        note_load(o, op, r);
        return;
    }
    switch (op->opcode) {
    case JIT_setfield_gc:
    case JIT_setarrayitem_gc: note_store(o, op, r); break;
    case JIT_call_n:
    case JIT_call_i:
    case JIT_call_f:
    case JIT_call_r: note_call(o, op, r); break;
    case JIT_int_add_ptr: /* with a constant the cell is still known; see escape() for what is made of it */
        if (!jit_ref_is_const(op->arg[1]))
            escape(o, op->arg[0]);
        break;
    case JIT_getframeaddr:
        if (o->heap.naddrs < OPT_HEAP_ADDRS)
            o->heap.addrs[o->heap.naddrs++] = r;
        break;
    case JIT_cast_ptr_to_int:
    case JIT_same_as_r: escape(o, op->arg[0]); break;
    default:
        if (jit_op_is_guard(op))
            o->heap.npending = 0;
        if (op->opcode == JIT_guard_value && opt_is_value(op->arg[0]) && (o->vals.v[op->arg[0]].flags & OPT_BASE) && !is_fresh(o, op->arg[0]))
            known_rename(o, op->arg[0], op->arg[1]);
        break;
    }
}

/* ---- the label ---- */

static bool is_forbidden(const struct opt *o, const struct opt_known *k)
{
    if (o->forget_all)
        return true;
    for (uint32_t i = 0; i < o->nforbidden; i++)
        if (same_cell(&o->forbidden[i].cell, &k->cell) && o->forbidden[i].type == k->type)
            return true;
    return false;
}

static void label_class(struct opt *o, unsigned cls)
{
    struct opt_heap *h = &o->heap;
    for (unsigned i = 0; i < h->known[cls].n;) {
        struct opt_known *k = &h->known[cls].v[i];
        if (is_immutable(k)) {
            i++;
        } else if (is_forbidden(o, k)) {
            known_drop(o, cls, i);
        } else {
            h->label_facts[h->nlabel_facts].k = *k;
            k->label_fact = ++h->nlabel_facts;
            i++;
        }
    }
}

bool opt_heap_at_label(struct opt *o)
{
    struct opt_heap *h = &o->heap;
    uint32_t n = 0;
    for (unsigned cls = 0; cls < 64; cls++)
        n += h->known[cls].n;
    h->npending = 0;
    h->ncalls = 0;
    h->addrs_used = h->addrs_moved = false;
    if (o->forget_valid)
        h->naddrs = 0;
    h->nlabel_facts = 0;
    h->label_facts = opt_alloc(o, (n + 1) * sizeof *h->label_facts);
    if (!h->label_facts)
        return false;
    for (uint32_t r = 0; o->forget_all && r < o->label; r++)
        o->vals.v[r].flags |= OPT_ESCAPED;
    for (unsigned cls = 0; cls < 64; cls++)
        label_class(o, cls);
    return true;
}

static jit_ref one_later(const struct opt *o, jit_ref r)
{
    return jit_ref_is_const(r) || r == JIT_NOREF || r > o->label ? r : opt_resolve(o, o->vals.v[r].subst);
}

/* Does the fact, said of the next iteration's values, hold at the end of round 2? If it does because of another fact
 * from before the label, that one is in use from now on. */
static bool holds_again(struct opt *o, const struct opt_known *k)
{
    struct opt_cell c = k->cell;
    c.base = one_later(o, c.base);
    c.idx = one_later(o, c.idx);
    cell_normalize(o, &c);
    const struct opt_known *now = known_find(o, &c, k->type);
    if (!now || opt_resolve(o, now->value) != one_later(o, k->value))
        return false;
    if (now->exact < k->exact || (c.size < 8 && (now->flags & JIT_DF_SIGNED) != (k->flags & JIT_DF_SIGNED)))
        return false;
    mark_used(o, now);
    return true;
}

/* Was `by` known at the label to refer to something whose later name is `held`? */
static bool held_before(const struct opt *o, jit_ref by, jit_ref held)
{
    for (uint32_t i = 0; i < o->heap.holds.n; i++) {
        const struct opt_hold *h = &o->heap.holds.v[i];
        if (h->by == by && h->held < o->label && o->vals.v[h->held].subst == held)
            return true;
    }
    return false;
}

/* An allocation that was private at the label must be so one iteration later, and hold nothing private that it did not. */
static bool privacy_holds(const struct opt *o)
{
    for (uint32_t i = 0; i < o->label; i++) {
        if (!is_private(o, i))
            continue;
        jit_ref later = o->vals.v[i].subst;
        if (later == JIT_NOREF || jit_ref_is_const(later) || !is_private(o, later))
            return false;
        for (uint32_t k = 0; k < o->heap.holds.n; k++) {
            const struct opt_hold *h = &o->heap.holds.v[k];
            if (h->by == later && is_private(o, h->held) && h->held > o->label && !held_before(o, i, h->held))
                return false;
        }
    }
    return true;
}

static bool forbid(struct opt *o, uint32_t bad)
{
    struct opt_heap *h = &o->heap;
    struct opt_known *v = opt_alloc(o, (o->nforbidden + bad) * sizeof *v);
    if (!v)
        return true;
    if (o->nforbidden)
        memcpy(v, o->forbidden, o->nforbidden * sizeof *v);
    for (uint32_t i = 0; i < h->nlabel_facts; i++)
        if (h->label_facts[i].fails)
            v[o->nforbidden++] = h->label_facts[i].k;
    o->forbidden = v;
    return false;
}

bool opt_heap_check(struct opt *o)
{
    struct opt_heap *h = &o->heap;
    uint32_t bad = 0;
    if (!privacy_holds(o)) {
        o->forget_all = true;
        return false;
    }
    for (bool more = true; more;) {
        more = false;
        for (uint32_t i = 0; i < h->nlabel_facts; i++) {
            struct opt_label_fact *f = &h->label_facts[i];
            if (!f->used || f->checked)
                continue;
            f->checked = more = true;
            f->fails = !holds_again(o, &f->k);
            bad += f->fails;
        }
    }
    return bad == 0 || forbid(o, bad);
}
