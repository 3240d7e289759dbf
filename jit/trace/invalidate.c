/* invalidate.c: traces that must not run any more. They are unlinked at once (the guest's counters,
 * the guards that lead into them, other traces' jumps) and freed when no machine code is active;
 * the `free` event fires then.
 *
 * A trace that is active somewhere below on the C stack goes on running after it was invalidated:
 * guard_not_invalidated makes it leave where it would rely on what changed.
 *
 * Invariant: whatever jumps into a dead trace is dead itself or has been pointed elsewhere. So
 * bridges die with what they leave, and traces that link to a dead one die with it.
 *
 * Before: the guest's writes to classes, flush. After: code/ (memory is reused).
 */
#include <stdlib.h>
#include "trace/engine.h"

/* False: the guard that leads to a bridge cannot be pointed back (the kernel refuses now to let code be written). */
static bool trace_unlink(struct jit_trace *t)
{
    struct jit_vm *vm = t->vm;
    t->invalid = 1;
    t->state = JIT_TR_INVALID;
    vm->dead_traces = true;
    if (t->parent) {
        struct jit_exit *e = &t->parent->code.exits[t->parent_exit];
        if (e->bridge == t) {
            e->bridge = NULL;
            e->hot = 0;
            __atomic_store_n((uint64_t *)&t->parent->guards[t->parent_exit].bridge, 0, __ATOMIC_RELAXED);
            return t->parent->doomed || jit_backend_patch(&vm->backend, e, NULL) == 0;
        }
        return true;
    }
    struct jit_cell *c = cell_find(vm, t->key, t->place, false);
    if (c && c->older == t) c->older = NULL;
    if (c && c->trace == t) {
        c->trace = NULL;
        c->again = false;
        vm->driver->install(vm->user, t->key, t->place, NULL);
    }
    return true;
}

/* Spreads `doomed` along parents and links until nothing changes; to all, when code was lost. */
static void doom_spread(struct jit_vm *vm)
{
    for (bool more = true; more;) {
        more = false;
        for (struct jit_trace *t = vm->traces; t; t = t->next)
            if (!t->doomed && (vm->area.lost || (t->parent && t->parent->doomed) || (t->target && t->target->doomed))) t->doomed = more = true;
    }
}

/* Unlinks what is doomed. A trace that goes on leading into a dead one is doomed as well. */
static uint32_t traces_kill(struct jit_vm *vm)
{
    uint32_t n = 0;
    for (bool more = true; more;) {
        more = false;
        doom_spread(vm);
        for (struct jit_trace *t = vm->traces; t; t = t->next)
            if (t->doomed && t->state == JIT_TR_LIVE) {
                if (!trace_unlink(t)) t->parent->doomed = more = true;
                n++;
            }
    }
    if (vm->rec && vm->rec->parent && vm->rec->parent->code->trace->state != JIT_TR_LIVE) jit_rec_fail(vm->rec, JITSTAT_A_RELEASED);
    return n;
}

/* Fires `free`; off all lists already. */
static void trace_free(struct jit_trace *t)
{
    struct jit_vm *vm = t->vm;
    struct obs_place at;
    trace_place(t, &at);
    t->state = JIT_TR_FREED;
    obs_loop_freed(vm->obs, t->lost ? NULL : t->rec);
    obs_ev_free(vm->obs, &at, t->code.start, t->code.size);
    trace_unname(t);
    jit_backend_free(&vm->backend, &t->code);
    jit_arena_fini(&t->arena);
    free(t);
}

void trace_release_dead(struct jit_vm *vm)
{
    if (!vm->dead_traces || vm->running || vm->rec || vm->compiling || vm->in_hook) return;
    vm->dead_traces = false;
    struct jit_trace *dead = NULL;
    for (struct jit_trace **p = &vm->traces; *p;) {
        struct jit_trace *t = *p;
        if (t->state == JIT_TR_INVALID) {
            *p = t->next;
            t->next = dead;
            dead = t;
        } else {
            p = &t->next;
        }
    }
    while (dead) {
        struct jit_trace *t = dead;
        dead = t->next;
        trace_free(t);
    }
    __atomic_store_n(&vm->obs->blk->total.code_used, code_used(&vm->area), __ATOMIC_RELAXED);
}

static void rec_invalidate(struct jit_recorder *r, void *object)
{
    for (uint32_t i = 0; i < r->ndeps; i++)
        if (r->deps[i] == object) jit_rec_fail(r, JITSTAT_A_FORCE_QUASIIMMUT);
}

void jit_invalidate(struct jit_vm *vm, void *object)
{
    if (vm->rec) rec_invalidate(vm->rec, object);
    for (struct jit_recorder *r = vm->compiling; r; r = r->outer) rec_invalidate(r, object);
    bool any = false;
    for (struct jit_trace *t = vm->traces; t; t = t->next)
        for (uint32_t i = 0; i < t->ndeps && t->state == JIT_TR_LIVE; i++)
            if (t->deps[i] == object) t->doomed = any = true;
    if (any) traces_kill(vm);
    trace_release_dead(vm);
}

/* Many flushes in a short time: whatever is compiled is thrown away before it has paid. */
static void flush_storm(struct jit_vm *vm, const char *why, const char *file, int line)
{
    uint64_t now = obs_now_ns();
    struct obs_place at = {.file = file, .line = line};
    if (now - vm->flushes_since > JIT_FLUSH_STORM_NS) vm->flushes_since = now, vm->nflushes = 0;
    if (++vm->nflushes % JIT_FLUSH_STORM == 0) obs_alarm(vm->obs, JITSTAT_AL_FLUSH_STORM, &at, why);
}

void traces_drop(struct jit_vm *vm, const char *why, const char *file, int line)
{
    if (vm->rec) jit_rec_fail(vm->rec, JITSTAT_A_RELEASED);
    if (!vm->traces) return;
    for (struct jit_trace *t = vm->traces; t; t = t->next) t->doomed = true;
    uint32_t n = traces_kill(vm);
    obs_ev_flush(vm->obs, why, n);
    if (n) flush_storm(vm, why, file, line);
    trace_release_dead(vm);
}

void jit_flush(struct jit_vm *vm, const char *why, const char *file, int line)
{
    if (!vm->in_hook) {
        traces_drop(vm, why, file, line);
        return;
    }
    vm->want_flush = true; /* at the next safe point: when the hook has returned */
    vm->flush_why = why;
}

static int by_address(const void *a, const void *b)
{
    uintptr_t x = (uintptr_t) * (void *const *)a, y = (uintptr_t) * (void *const *)b;
    return (x > y) - (x < y);
}

static bool is_among(void *code, void **codes, uint32_t n)
{
    return code >= codes[0] && code <= codes[n - 1] && bsearch(&code, codes, n, sizeof *codes, by_address);
}

static void recs_forget(struct jit_vm *vm, void **codes, uint32_t n)
{
    if (vm->rec && is_among(vm->rec->key.code, codes, n)) jit_rec_fail(vm->rec, JITSTAT_A_RELEASED);
    for (struct jit_recorder *r = vm->compiling; r; r = r->outer)
        if (is_among(r->key.code, codes, n)) jit_rec_fail(r, JITSTAT_A_RELEASED);
}

void jit_forget_code(struct jit_vm *vm, void **codes, uint32_t n)
{
    bool any = false;
    if (!n) return;
    qsort(codes, n, sizeof *codes, by_address);
    recs_forget(vm, codes, n);
    for (struct jit_trace *t = vm->traces; t; t = t->next)
        if (t->state == JIT_TR_LIVE && is_among(t->key.code, codes, n)) {
            t->doomed = any = true;
            vm->ndied += !t->parent;
        }
    if (any) traces_kill(vm);
    for (uint32_t i = 0; vm->cells && i <= vm->cellmask; i++)
        for (struct jit_cell **p = &vm->cells[i]; *p;) {
            struct jit_cell *c = *p;
            if (is_among(c->key.code, codes, n)) {
                *p = c->next;
                vm->ncells--;
                free(c);
            } else {
                p = &c->next;
            }
        }
    trace_release_dead(vm);
}

static void mark_ir(const struct jit_ir *ir, void (*mark)(void *, void *), void *arg)
{
    for (uint32_t i = 0; i < ir->consts.n; i++)
        if (ir->consts.v[i].gc && ir->consts.v[i].p) mark(arg, ir->consts.v[i].p);
}

static void mark_rec(const struct jit_recorder *r, void (*mark)(void *, void *), void *arg)
{
    mark_ir(&r->ir, mark, arg);
    for (uint32_t i = 0; i < r->ndeps; i++) mark(arg, r->deps[i]);
}

void jit_mark(struct jit_vm *vm, void (*mark)(void *arg, void *object), void *arg)
{
    for (struct jit_trace *t = vm->traces; t; t = t->next) {
        for (uint32_t i = 0; i < t->nroots; i++) mark(arg, t->roots[i]);
        for (uint32_t i = 0; i < t->ndeps; i++) mark(arg, t->deps[i]);
    }
    if (vm->rec) mark_rec(vm->rec, mark, arg);
    for (struct jit_recorder *r = vm->compiling; r; r = r->outer) mark_rec(r, mark, arg);
}
