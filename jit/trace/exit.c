/* exit.c: into machine code and out of it.
 *
 * An exit costs a few dozen nanoseconds: all registers are stored, the resume data are walked, the
 * guest makes its frames. That is meant for cold guards; a guard that is left often gets a bridge,
 * whose machine code takes the values where they are.
 *
 * Invariants
 *  1. The handler writes only what the resume data name; memory and resume data together are the state.
 *  2. Nothing here raises or collects.
 *
 * Before: x64/. After: the guest's interpreter.
 */
#include <stdio.h>
#include <string.h>
#include "trace/engine.h"

#define EXIT_STORM (1u << 14) /* exits of one guard that has no bridge */
#define MAX_SAME_PLACE 12 /* bridges of one instruction that hang on each other */
#define BRIDGES_DOUBLE 8 /* a tree with so many bridges wants twice the exits for the next one */
#define FEW 16 /* bridges of a VM that do not matter */
#define BRIDGES_DEARER 8 /* then so many cost the next one trace_eagerness exits more, ... */
#define DEAREST 16 /* ... up to so many times: then an exit has cost what a bridge costs */
#define EAGER 16 /* below: who sets trace_eagerness so low wants all bridges at once */

/* Locations number the state's words in their order: general registers, xmm registers, spill slots. */
_Static_assert(offsetof(struct jit_exit_state, xmm) == 8 * JIT_LOC_XMM && offsetof(struct jit_exit_state, spill) == 8 * JIT_LOC_SPILL, "state in order of locations");

/* ---- removed objects ----
 * An exit makes those that its resume data name: the calls that the trace left out, then the stores. Each object that a
 * slot or another object wants has an entry in the exit (jit_ir_spread); one that several slots name is made for the first.
 * All are made before anything is stored: when memory is short in the middle, what is there is empty and can be forgotten. */

struct rebuild {
    const struct jit_exit_state *st;
    const struct jit_exit *e;
    const struct jit_ir *ir;
};

static uint64_t exit_value(const struct rebuild *b, jit_ref v)
{
    if (jit_ref_is_const(v)) return b->e->code->consts[v & ~JIT_K].bits;
    uint32_t i = jit_exit_entry(b->e, v);
    return jit_ref_is_virtual(b->ir, v) ? b->e->code->made[i] : ((const uint64_t *)b->st)[jit_exit_locs(b->e)[i]];
}

/* The call at the beginning of v's chain. */
static uint64_t object_new(const struct rebuild *b, jit_ref v)
{
    uint64_t a[7] = {0};
    const struct jit_op *op = &b->ir->ops.v[v];
    while (op->opcode != JIT_virtual_new) op = &b->ir->ops.v[jit_op_args(b->ir, op)[0]];
    const jit_ref *args = jit_op_args(b->ir, op);
    for (unsigned i = 0; i < op->nargs; i++) a[i] = jit_ref_is_const(args[i]) ? b->e->code->consts[args[i] & ~JIT_K].bits : b->st->gpr[15];
    return ((uint64_t(*)(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t))(uintptr_t)a[0])(a[1], a[2], a[3], a[4], a[5], a[6]);
}

static void cell_fill(char *at, const struct jit_descr *d, uint64_t v) { memcpy(at, &v, d->size); }

/* The stores of v's chain, from its beginning. */
static void object_fill(const struct rebuild *b, char *o, jit_ref v)
{
    const struct jit_op *op = &b->ir->ops.v[v];
    const jit_ref *args = jit_op_args(b->ir, op);
    if (op->opcode == JIT_virtual_new) return;
    object_fill(b, o, args[0]);
    uint64_t value = exit_value(b, args[op->nargs - 1]);
    if (op->opcode == JIT_virtual_field) {
        cell_fill(o + op->descr->offset, op->descr, value);
    } else {
        char *part;
        memcpy(&part, o + (int64_t)b->e->code->consts[args[1] & ~JIT_K].i, sizeof part);
        cell_fill(part + op->descr->offset + (int64_t)b->e->code->consts[args[2] & ~JIT_K].i * op->descr->stride, op->descr, value);
    }
}

/* False: the guest has no memory, and none of the objects is in a slot. */
static bool rebuild_all(const struct jit_exit_state *st, const struct jit_exit *e)
{
    struct rebuild b = {st, e, &e->code->trace->ir};
    const struct jit_slot_val *slots = jit_exit_slots(e);
    uint64_t *made = e->code->made;
    memset(made, 0, e->nslots * sizeof *made);
    for (uint32_t i = 0; i < e->nslots; i++) {
        jit_ref v = slots[i].ref;
        if (v == JIT_NOREF || !jit_ref_is_virtual(b.ir, v)) continue;
        uint32_t first = jit_exit_entry(e, v);
        made[i] = first < i ? made[first] : object_new(&b, v);
        if (made[i]) continue;
        memset(made, 0, e->nslots * sizeof *made);
        return false;
    }
    for (uint32_t i = 0; i < e->nslots; i++)
        if (made[i] && jit_exit_entry(e, slots[i].ref) == i) object_fill(&b, (char *)(uintptr_t)made[i], slots[i].ref);
    return true;
}

/* ---- leaving ---- */

static void write_slots(const struct jit_exit_state *st, const struct jit_exit *e, const struct jit_frame_layout *l, char *base)
{
    const uint64_t *words = (const uint64_t *)st, *made = e->code->made;
    const struct jit_const *consts = e->code->consts;
    const jit_loc *locs = jit_exit_locs(e);
    for (uint32_t i = 0; i < e->nslots; i++) {
        const struct jit_slot_val *sv = jit_exit_slots(e) + i;
        if (sv->slot == JIT_SLOT_PART) continue;
        char *slot = base + (int64_t)sv->slot * l->slot_size;
        if (sv->ref != JIT_NOREF)
            *(uint64_t *)(slot + l->payload_off) = jit_ref_is_const(sv->ref) ? consts[sv->ref & ~JIT_K].bits
                                                   : locs[i] == JIT_LOC_NONE ? made[i]
                                                                             : words[locs[i]];
        bool lost = sv->ref != JIT_NOREF && !jit_ref_is_const(sv->ref) && locs[i] == JIT_LOC_NONE && !made[i];
        uint32_t tag = lost ? 0 : sv->tag;
        if (l->tag_size == 4) *(uint32_t *)(slot + l->tag_off) = tag;
        else *(uint8_t *)(slot + l->tag_off) = (uint8_t)tag;
    }
}

/* ---- run counts: what machine code leaves to C (x64/lower_poll.c) ---- */

static bool is_counted(const struct jit_trace *t) { return jit_poll_word.count_semaphore || t->counted; }

/* Exits taken. */
static uint64_t *exit_count(const struct jit_exit *e) { return (uint64_t *)&e->code->trace->guards[jit_exit_number(e)].exits; }

static void count(uint64_t *word, uint64_t n) { __atomic_store_n(word, *word + n, __ATOMIC_RELAXED); }

/* What is owed at an exit. */
static void count_exit(const struct jit_exit_state *st, const struct jit_exit *e)
{
    const struct jit_trace *t = e->code->trace;
    if (!is_counted(t)) return;
    if (e->paid) {
        if (t->code.keeps) count(t->target->runs, jit_owed_from(t->code.owed)->batch - st->left);
        if (!t->code.returns) count(t->target ? t->target->entries : t->runs, (uint64_t)-1);
        return;
    }
    if (e->batch) count(t->runs, jit_exit_rounds(e, st));
    for (const struct jit_owed *o = t->code.owed; o; o = o->up) {
        count(o->trace->runs, 1);
        if (o->from) count(o->from->code->trace->runs, o->from->batch - st->left);
    }
}

static void dump_exit(const struct jit_exit *e)
{
    const char *file = "";
    int line = 0;
    exit_place(e, &file, &line);
    const struct jit_trace *t = e->code->trace;
    fprintf(stderr, "exit %c%llu guard %u %s:%d\n", t->kind, (unsigned long long)t->number, jit_exit_number(e), file, line);
}

void exit_handler(struct jit_exit_state *st)
{
    struct jit_exit *e = st->exit;
    struct jit_vm *vm = e->code->trace->vm;
    count(exit_count(e), 1);
    obs_add(&vm->obs->blk->total.guard_exits, 1);
    if (vm->dump_exits) dump_exit(e);
    count_exit(st, e);
    if (e->virtuals && !rebuild_all(st, e)) vm->driver->no_memory((void *)st->gpr[15]);
    write_slots(st, e, &vm->driver->layout, (char *)st->gpr[14]);
    vm->driver->restore_frames((void *)st->gpr[15], jit_exit_frames(e), e->nframes);
}

/* Machine code has counted already. */
int exit_poll(struct jit_trace *t, int which)
{
    (void)which;
    return t->vm->interrupt;
}

/* How many bridges in a row, up from e, were made for the same instruction in the same frames: a value that never
 * repeats gets a bridge for each of its values, and each run tests all of them. */
static uint32_t same_place(const struct jit_exit *e)
{
    uint32_t n = 0;
    const struct jit_resume_frame *f = &jit_exit_frames(e)[e->nframes - 1];
    for (const struct jit_trace *t = e->code->trace; t->parent; t = t->parent, n++) {
        const struct jit_exit *up = &t->parent->code.exits[t->parent_exit];
        const struct jit_resume_frame *g = &jit_exit_frames(up)[up->nframes - 1];
        if (up->nframes != e->nframes || g->code != f->code || g->pc != f->pc) break;
    }
    return n;
}

uint32_t jit_rec_same_place(const struct jit_recorder *r) { return r->parent ? same_place(r->parent) : 0; }

/* How often a guard must be left before its bridge is worth being made. A bridge costs what some hundred exits cost, and
 * saves its price only if it is left less often than it is entered. In a tree that keeps growing the next bridge is
 * less and less likely to be the one that ends it: so each makes the following ones dearer, and what a program spends
 * on bridges stays in proportion to the exits that it really has. (Measured on 33 programs of 50-300 ms: 12 exits for each
 * bridge cost 13 % more than this, and ten times as many bridges where functions call themselves.)
 *
 * The same holds for the whole program: one with a handful of hot places gets its bridges at once; one that spreads its
 * time over a hundred places runs each of them a hundredth of the time, and most of its bridges would never pay. (Twelve
 * programs of 50-130 ms: 7 % less time and 18 % less memory, and those that were slower than interpreted no longer are.) */
static uint32_t exits_wanted(const struct jit_vm *vm, const struct jit_trace *root)
{
    uint32_t n = (uint32_t)vm->params.trace_eagerness;
    uint32_t tree = root->nbridges < 1000 ? root->nbridges : 1000, all = vm->nbridges < FEW ? 0 : vm->nbridges / BRIDGES_DEARER;
    if (n < EAGER) return n;
    return n + n * tree / BRIDGES_DOUBLE + n * (all < DEAREST ? all : DEAREST);
}

void exit_place(const struct jit_exit *e, const char **file, int *line)
{
    const struct jit_resume_frame *f = &jit_exit_frames(e)[e->nframes - 1];
    e->code->trace->vm->driver->place((void *)(uintptr_t)f->code, f->pc, file, line);
    if (e->line) *line = (int)e->line;
}

/* A guard that is left again and again costs more than the loop gains: raised at every doubling. */
static void exit_storm(struct jit_vm *vm, const struct jit_exit *e)
{
    char detail[JITSTAT_DETAIL_LEN];
    struct obs_place at;
    trace_place(e->code->trace, &at);
    exit_place(e, &at.file, &at.line);
    snprintf(detail, sizeof detail, "guard %u of %s %llu, %llu exits", jit_exit_number(e), at.kind == JITSTAT_KIND_BRIDGE ? "bridge" : "loop",
             (unsigned long long)at.number, (unsigned long long)*exit_count(e));
    obs_alarm(vm->obs, JITSTAT_AL_EXIT_STORM, &at, detail);
}

/* Starts a bridge recording when the exit has got hot. */
static bool exit_hot(struct jit_vm *vm, void *ctx, struct jit_exit *e)
{
    if (e->kind != JIT_EXIT_GUARD || e->bridge || !e->patch || e->code->trace->state != JIT_TR_LIVE) return false;
    if (++e->hot < e->hot_limit || vm->rec || vm->interrupt || !vm->params.jit || vm->refused) return false;
    struct jit_trace *t = e->code->trace, *root = t;
    while (root->parent) root = root->parent;
    if (e->hot < exits_wanted(vm, root)) {
        e->hot_limit = exits_wanted(vm, root);
        return false;
    }
    /* Values that never repeat: more bridges would not end it. */
    if (root->nbridges >= vm->params.max_bridges || same_place(e) >= MAX_SAME_PLACE) {
        e->hot_limit = UINT32_MAX;
        return false;
    }
    root->nbridges++;
    vm->nbridges++;
    struct obs_place at;
    trace_place(t, &at);
    obs_ev_exit_hot(vm->obs, &at, jit_exit_number(e), *exit_count(e));
    return rec_new(vm, ctx, t->key, JITSTAT_KIND_BRIDGE, e) != NULL;
}

enum jit_exit_kind jit_run(struct jit_vm *vm, void *ctx, void *frame, struct jit_trace *trace, bool *record)
{
    obs_add(&vm->obs->blk->total.trace_entries, 1);
    if (is_counted(trace)) count(trace->entries, 1);
    uint32_t depth = vm->running++;
    struct jit_exit *e = ((jit_enter_fn)(uintptr_t)vm->backend.enter)(ctx, frame, trace->code.entry);
    vm->running = depth;
    uint64_t taken = *exit_count(e);
    if (taken >= EXIT_STORM && doubled(taken) && e->kind == JIT_EXIT_GUARD) exit_storm(vm, e);
    enum jit_exit_kind kind = (enum jit_exit_kind)e->kind;
    *record = exit_hot(vm, ctx, e);
    if (vm->dead_traces && !*record) trace_release_dead(vm);
    return kind; /* the exit itself may have been freed */
}
