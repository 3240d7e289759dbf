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
#include <string.h>
#include "trace/engine.h"

static uint64_t value_at(const struct jit_exit_state *st, jit_loc loc)
{
    if (loc < JIT_LOC_XMM) return st->gpr[loc];
    if (loc >= JIT_LOC_SPILL) return st->spill[loc - JIT_LOC_SPILL];
    uint64_t bits;
    memcpy(&bits, &st->xmm[loc - JIT_LOC_XMM], 8);
    return bits;
}

static void write_slots(const struct jit_exit_state *st, const struct jit_exit *e, const struct jit_frame_layout *l, char *base)
{
    for (uint32_t i = 0; i < e->nslots; i++) {
        const struct jit_slot_val *sv = &e->slots[i];
        char *slot = base + (int64_t)sv->slot * l->slot_size;
        if (sv->ref != JIT_NOREF) {
            uint64_t bits = jit_ref_is_const(sv->ref) ? e->consts[sv->ref & ~JIT_K] : value_at(st, e->locs[i]);
            memcpy(slot + l->payload_off, &bits, 8);
        }
        memcpy(slot + l->tag_off, &sv->tag, (size_t)l->tag_size);
    }
}

void exit_handler(struct jit_exit_state *st)
{
    struct jit_exit *e = st->exit;
    struct jit_vm *vm = e->trace->vm;
    __atomic_store_n(e->count, *e->count + 1, __ATOMIC_RELAXED);
    obs_add(&vm->obs->blk->total.guard_exits, 1);
    write_slots(st, e, &vm->driver->layout, (char *)st->gpr[14]);
    vm->driver->restore_frames((void *)st->gpr[15], e->frames, e->nframes);
}

int exit_poll(struct jit_trace *t, int which)
{
    struct jit_vm *vm = t->vm;
    if (which != 'j' && (vm->debug || jit_poll_word.count_semaphore)) { /* j: the target counts its entry itself */
        __u64 *word = which == 'e' && t->kind == JITSTAT_KIND_LOOP ? &t->rec->entry_runs : &t->rec->runs;
        obs_add(word, 1);
    }
    return vm->interrupt;
}

/* Starts a bridge recording when the exit has got hot. */
static bool exit_hot(struct jit_vm *vm, void *ctx, struct jit_exit *e)
{
    if (e->kind != JIT_EXIT_GUARD || e->bridge || !e->patch || e->trace->state != JIT_TR_LIVE) return false;
    if (++e->hot < e->hot_limit || vm->rec || vm->interrupt || !vm->params.jit || vm->refused) return false;
    struct jit_trace *t = e->trace, *root = t;
    while (root->parent) root = root->parent;
    if (root->nbridges >= vm->params.max_bridges) { /* values that never repeat: more bridges would not end it */
        if (root->nbridges++ == vm->params.max_bridges) obs_alarm(vm->obs, JITSTAT_AL_EXIT_STORM, t->file, t->line);
        e->hot_limit = UINT32_MAX;
        return false;
    }
    root->nbridges++;
    struct obs_place at;
    trace_place(t, &at);
    obs_ev_exit_hot(vm->obs, &at, e->number, *e->count);
    return rec_new(vm, ctx, t->key, JITSTAT_KIND_BRIDGE, e) != NULL;
}

enum jit_exit_kind jit_run(struct jit_vm *vm, void *ctx, void *frame, struct jit_trace *trace, bool *record)
{
    obs_add(&vm->obs->blk->total.trace_entries, 1);
    uint32_t depth = vm->running++;
    struct jit_exit *e = ((jit_enter_fn)(uintptr_t)vm->backend.enter)(ctx, frame, trace->code.entry);
    vm->running = depth;
    enum jit_exit_kind kind = (enum jit_exit_kind)e->kind;
    *record = exit_hot(vm, ctx, e);
    if (vm->dead_traces && !*record) trace_release_dead(vm);
    return kind; /* the exit itself may have been freed */
}
