/* hot.c: places that got hot. The counters themselves live in the guest's code objects; here is what
 * is known about a place beyond a number: its trace, how often recording it failed.
 *
 * A place where recording failed is tried again after twice as many ticks each time; after
 * max_aborts failures in a row it is blacklisted, which is an event, an alarm and a counter, so that
 * nobody has to ask why a program got slow after some hours. A program that has many hot places finds each less often
 * worth its price: after the first ones they wait longer. The schedule is fixed: the same program gives the same traces.
 *
 * Before: the guest's counters. After: recorder.c, pipeline.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include "trace/engine.h"

#define FEW 32 /* recordings from loops and entries that wait for nothing */
#define ROOTS_DEARER 16 /* then so many make the next ones wait for a threshold more, ... */
#define DEAREST 8 /* ... up to so many */
#define EAGER 16 /* ticks */
#define DIED_FEW 8 /* traces of loops and entries whose code died ... */
#define DIED_MANY 4 /* ... and one in so many recordings: code lives short here */
#define WAIT_TO_LIVE 64 /* thresholds: what a trace costs has been spent interpreting then, and again at most */

static uint32_t key_hash(struct jit_key key, int kind)
{
    uint64_t h = (uint64_t)(uintptr_t)key.code * 0x9e3779b97f4a7c15u ^ key.pc * 0xff51afd7ed558ccdu ^ (unsigned)kind;
    return (uint32_t)(h >> 32) ^ (uint32_t)h;
}

static bool cells_grow(struct jit_vm *vm)
{
    uint32_t size = vm->cells ? (vm->cellmask + 1) * 2 : 64;
    struct jit_cell **v = calloc(size, sizeof *v);
    if (!v) return vm->cells != NULL;
    for (uint32_t i = 0; vm->cells && i <= vm->cellmask; i++)
        for (struct jit_cell *c = vm->cells[i], *next; c; c = next) {
            next = c->next;
            struct jit_cell **slot = &v[key_hash(c->key, c->kind) & (size - 1)];
            c->next = *slot;
            *slot = c;
        }
    free(vm->cells);
    vm->cells = v;
    vm->cellmask = size - 1;
    return true;
}

struct jit_cell *cell_find(struct jit_vm *vm, struct jit_key key, int kind, bool create)
{
    if (vm->cells)
        for (struct jit_cell *c = vm->cells[key_hash(key, kind) & vm->cellmask]; c; c = c->next)
            if (c->key.code == key.code && c->key.pc == key.pc && c->kind == kind) return c;
    if (!create) return NULL;
    if ((!vm->cells || vm->ncells > vm->cellmask) && !cells_grow(vm)) return NULL;
    struct jit_cell *c = calloc(1, sizeof *c);
    if (!c) return NULL;
    c->key = key;
    c->kind = (uint8_t)kind;
    struct jit_cell **slot = &vm->cells[key_hash(key, kind) & vm->cellmask];
    c->next = *slot;
    *slot = c;
    vm->ncells++;
    return c;
}

void cells_free(struct jit_vm *vm)
{
    for (uint32_t i = 0; vm->cells && i <= vm->cellmask; i++)
        for (struct jit_cell *c = vm->cells[i], *next; c; c = next) {
            next = c->next;
            free(c);
        }
    free(vm->cells);
    vm->cells = NULL;
    vm->ncells = 0;
}

static uint32_t first_ticks(const struct jit_vm *vm, int kind)
{
    return (uint32_t)(kind == JITSTAT_KIND_LOOP ? vm->params.threshold : vm->params.function_threshold);
}

void cell_aborted(struct jit_vm *vm, struct jit_cell *cell, const struct obs_place *at, enum jitstat_abort why)
{
    cell->aborts++;
    if (cell->aborts >= vm->params.max_aborts) {
        if (!cell->blacklisted) {
            cell->blacklisted = true;
            obs_ev_blacklist(vm->obs, at, obs_abort_name(why), cell->aborts);
            obs_alarm(vm->obs, JITSTAT_AL_BLACKLISTED, at, obs_abort_name(why));
        }
        vm->driver->back_off(vm->user, cell->key, cell->kind, 0);
        return;
    }
    /* Loops of 10, 20 or 60 rounds are common, and a threshold of 60 would meet each of them in its last one, every time. */
    uint64_t ticks = ((uint64_t)first_ticks(vm, cell->kind) << cell->aborts) + cell->aborts;
    vm->driver->back_off(vm->user, cell->key, cell->kind, ticks > 65000 ? 65000 : (uint32_t)ticks);
}

struct jit_trace *jit_trace_of(struct jit_vm *vm, struct jit_key key, int kind)
{
    struct jit_cell *c = cell_find(vm, key, kind, false);
    return c ? c->trace : NULL;
}

uint32_t jit_aborts_at(struct jit_vm *vm, struct jit_key key, int place)
{
    struct jit_cell *c = cell_find(vm, key, place, false);
    return c ? c->aborts : 0;
}

bool jit_trace_next(struct jit_vm *vm, struct jit_key key, int kind)
{
    struct jit_cell *c = cell_find(vm, key, kind, true);
    if (!vm->params.jit || vm->refused || (c && (c->trace || c->blacklisted))) return false;
    if (c) c->waited = true;
    vm->driver->back_off(vm->user, key, kind, 1);
    return true;
}

bool jit_dont_trace(struct jit_vm *vm, struct jit_key key, int kind)
{
    struct jit_cell *c = cell_find(vm, key, kind, true);
    if (!c) return false;
    if (c->blacklisted) return true;
    char name[256];
    struct obs_place at = {.kind = kind, .name = name};
    vm->driver->place(key.code, key.pc, &at.file, &at.line);
    snprintf(name, sizeof name, "%s:%d", at.file, at.line);
    c->blacklisted = true;
    c->aborts = (uint16_t)vm->params.max_aborts; /* recordings that meet the place do not wait for a trace of it */
    obs_ev_blacklist(vm->obs, &at, "dont_trace_here", 0);
    const struct jit_recorder *r = vm->rec;
    if (r && !r->parent && r->key.code == key.code && r->key.pc == key.pc && r->place == kind) jit_rec_fail(vm->rec, JITSTAT_A_RELEASED);
    if (!c->trace) vm->driver->back_off(vm->user, key, kind, 0);
    return true;
}

void jit_place_info(struct jit_vm *vm, struct jit_key key, int kind, struct jit_place_info *info)
{
    const struct jit_cell *c = cell_find(vm, key, kind, false);
    *info = (struct jit_place_info){0};
    if (!c) return;
    info->blacklisted = c->blacklisted;
    info->aborts = c->aborts;
    if (c->trace) info->loop_no = c->trace->number;
}

/* Is what the bridge found where its guard had failed a type? Its first guard on a tag in memory says it. */
static bool first_type(const struct jit_recorder *r)
{
    for (uint32_t n = 0; n < r->ir.ops.n; n++) {
        const struct jit_op *op = &r->ir.ops.v[n];
        const jit_ref *args = jit_op_args(&r->ir, op);
        if (op->opcode == JIT_guard_value && !jit_ref_is_const(args[0]) && jit_op_loads_tag(&r->ir.ops.v[args[0]]))
            return jit_tag_is_type(&r->vm->driver->layout, jit_ref_const(&r->ir, args[1])->bits);
    }
    return false;
}

/* The types with which a loop was recorded are those of some rounds of its first run. If others come and stay, an entry is left at
 * the first guard on a type, and what a bridge there makes of the round leads back to the entry, in every round. So where
 * a bridge is to be recorded from such a guard the loop gets a second trace, for the types of now, which stands at the place from
 * then on; that guard's bridge leads from the first into the second, and those of the second's guards into the first. There is no
 * third: a loop whose types keep changing has bridges. nil and true are values here: which of them an entry meets changes
 * all the time. (A sum over an array of integers and then over one of floats: the second took twice as long when every round
 * of it ran through a bridge.) */
bool jit_rec_outdated(const struct jit_recorder *r, const struct jit_trace *t, uint32_t tag, struct jit_trace **other)
{
    const struct jit_cell *c = cell_find(r->vm, t->key, t->place, false);
    *other = c ? c->older : NULL;
    if (!r->parent || !r->parent->entry_type || r->parent->code->trace != t || !c || c->trace != t || (c->again && !c->older)) return false;
    return r->parent->typed_slot == JIT_SLOT_PART ? first_type(r) : jit_tag_is_type(&r->vm->driver->layout, tag);
}

bool jit_hot_again(struct jit_vm *vm, void *ctx, struct jit_key key, int kind)
{
    struct jit_cell *c = cell_find(vm, key, kind, false);
    if (!c || c->again || vm->rec || vm->interrupt || vm->refused || !vm->params.jit) return false;
    c->again = true;
    vm->nroots++;
    return rec_new(vm, ctx, key, kind, NULL) != NULL;
}

/* Places that come after many others are worth less each: they wait once more, for the threshold times a number that
 * grows with what was recorded. Where code that had traces dies again and again (templates that are loaded anew), the next
 * one has to show first that it lives longer. (Who sets thresholds so low wants all to be traced.) */
static bool wait_longer(struct jit_vm *vm, struct jit_cell *c)
{
    uint32_t ticks = first_ticks(vm, c->kind), times = vm->nroots / ROOTS_DEARER;
    bool young = vm->ndied >= DIED_FEW && vm->ndied >= vm->nroots / DIED_MANY;
    if (c->waited || vm->nroots < FEW || ticks < EAGER) return false;
    c->waited = true;
    ticks *= young ? WAIT_TO_LIVE : times < DEAREST ? times
                                                    : DEAREST;
    vm->driver->back_off(vm->user, c->key, c->kind, ticks < 65000 ? ticks : 65000);
    return true;
}

struct jit_trace *jit_hot(struct jit_vm *vm, void *ctx, struct jit_key key, int kind, bool *record)
{
    *record = false;
    struct jit_cell *c = cell_find(vm, key, kind, true);
    if (!c) return NULL;
    if (c->trace && !vm->rec) return vm->interrupt ? NULL : c->trace;
    if (vm->rec || vm->interrupt || c->trace) { /* somebody records: look again soon */
        vm->driver->back_off(vm->user, key, kind, c->trace ? 1 : 16);
        return NULL;
    }
    if (!vm->params.jit || vm->refused || c->blacklisted || !vm_backend_ready(vm)) {
        vm->driver->back_off(vm->user, key, kind, c->blacklisted ? 0 : 65000);
        return NULL;
    }
    if (wait_longer(vm, c)) return NULL;
    vm->nroots++;
    *record = rec_new(vm, ctx, key, kind, NULL) != NULL;
    if (!*record) vm->driver->back_off(vm->user, key, kind, first_ticks(vm, kind));
    return NULL;
}
