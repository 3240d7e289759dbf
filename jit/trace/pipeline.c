/* pipeline.c: from a closed recording to an installed trace: optimize, optimize hook, backend,
 * publish. The whole life of a compilation is on this screen; whatever fails names a row of
 * aborts.def in r->status and leaves nothing behind.
 *
 * Order of events (all of it inside tracing__begin .. tracing__end):
 *   optimize__begin optimize__end, [optimize hook] backend__begin backend__end
 * then tracing__end, [compile hook] compile.
 * Hooks may run guest code, which may record and compile, invalidate and collect: vm->compiling is a list.
 *
 * Before: recorder.c, opt/, hooks.c. After: x64/, exit.c.
 */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/dump.h"
#include "opt/opt.h"
#include "trace/engine.h"

void trace_place(const struct jit_trace *t, struct obs_place *at)
{
    *at = (struct obs_place){.kind = t->kind, .number = t->number, .name = t->name, .file = t->file, .line = t->line};
}

static bool step_optimize(struct jit_recorder *r, struct jit_ir *out, struct jit_arena *arena)
{
    struct jit_vm *vm = r->vm;
    struct obs_place at;
    rec_place(r, &at);
    bool peel = r->kind == JITSTAT_KIND_LOOP && r->nframes == 1 && r->base == 0 && r->ir.link == JIT_LINK_LOOP && r->ir.ops.n <= (uint64_t)vm->params.disable_unrolling;
    if (jit_dump_wants("rec")) jit_ir_dump(&r->ir, r->name);
    obs_timer_enter(vm->obs, JITSTAT_T_OPTIMIZE);
    obs_ev_optimize_begin(vm->obs, &at);
    enum jit_opt_status st = jit_optimize(&r->ir, out, arena, vm->params.enable_opts, peel);
    if (st == JIT_OPT_OK) {
        obs_count(vm->obs, JITSTAT_C_OPT_OPS, out->ops.n);
        obs_count(vm->obs, JITSTAT_C_OPT_GUARDS, jit_ir_count_guards(out));
        obs_count(vm->obs, JITSTAT_C_OPT_GUARDS_SHARED, out->n_shared + r->ir.n_shared);
        obs_count(vm->obs, JITSTAT_C_OPT_FORCINGS, out->n_forcings);
        obs_count(vm->obs, JITSTAT_C_NVIRTUALS, out->n_virtuals);
        obs_count(vm->obs, JITSTAT_C_NVHOLES, out->n_holes);
        obs_count(vm->obs, JITSTAT_C_NVREUSED, out->n_reused);
    }
    obs_ev_optimize_end(vm->obs, &at, obs_timer_leave(vm->obs, JITSTAT_T_OPTIMIZE));
    if (st == JIT_OPT_OK && jit_dump_wants("opt")) jit_ir_dump(out, r->name);
    if (st == JIT_OPT_BAD_LOOP) rec_dump_bad(r, out->impossible);
    if (st != JIT_OPT_OK) jit_rec_fail(r, st == JIT_OPT_NOMEM ? JITSTAT_A_NO_MEMORY : r->parent ? JITSTAT_A_BRIDGE
                                                                                                : JITSTAT_A_BAD_LOOP);
    return st == JIT_OPT_OK;
}

/* The collector asks in every cycle: it shall not have to look through all constants. */
static void trace_roots(struct jit_trace *t)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < t->ir.consts.n; i++) n += t->ir.consts.v[i].gc;
    t->roots = jit_arena_alloc(&t->arena, n * sizeof *t->roots);
    for (uint32_t i = 0; t->roots && i < t->ir.consts.n; i++)
        if (t->ir.consts.v[i].gc && t->ir.consts.v[i].p) t->roots[t->nroots++] = t->ir.consts.v[i].p;
}

/* Bytes that most traces need. */
static size_t trace_size(const struct jit_recorder *r, const struct jit_ir *ir)
{
    uint32_t nroots = 0;
    for (uint32_t i = 0; i < ir->consts.n; i++) nroots += ir->consts.v[i].gc;
    return jit_backend_kept_size(ir) + jit_ir_kept_size(ir) + (r->ndeps + nroots) * sizeof(void *) + strlen(r->name) + strlen(r->file) + 192;
}

/* All of the trace's data; its operations stay in the recorder's memory and go with it. */
static struct jit_trace *trace_new(struct jit_recorder *r, struct jit_ir *ir, struct jit_trace *target)
{
    struct jit_trace *t = calloc(1, sizeof *t);
    if (!t) return NULL;
    jit_arena_init_fit(&t->arena, trace_size(r, ir));
    t->vm = r->vm, t->kind = r->kind, t->place = r->place, t->number = r->number, t->key = r->key, t->line = r->line;
    t->name = jit_arena_strdup(&t->arena, r->name);
    t->file = jit_arena_strdup(&t->arena, r->file);
    t->target = target;
    t->ndeps = r->ndeps;
    t->deps = jit_arena_alloc(&t->arena, (r->ndeps + 1) * sizeof *t->deps);
    if (r->parent) {
        t->parent = r->parent->code->trace;
        t->parent_exit = jit_exit_number(r->parent);
    }
    if (jit_ir_spread(ir) && jit_ir_keep(&t->ir, ir, &t->arena)) trace_roots(t);
    if (!t->roots || t->arena.failed) {
        jit_arena_fini(&t->arena);
        free(t);
        return NULL;
    }
    if (r->ndeps > 0)
        memcpy(t->deps, r->deps, r->ndeps * sizeof *t->deps);
    return t;
}

/* Nine tenths in use: said once, and again after it was less. */
static void code_room(struct jit_vm *vm, const struct obs_place *at)
{
    struct jitstat_totals *t = &vm->obs->blk->total;
    __atomic_store_n(&t->code_allocated, code_allocated(&vm->area), __ATOMIC_RELAXED);
    __atomic_store_n(&t->code_used, code_used(&vm->area), __ATOMIC_RELAXED);
    bool full = vm->area.base && code_used(&vm->area) >= vm->area.max - vm->area.max / 10;
    if (full && !vm->nearly_full) obs_alarm(vm->obs, JITSTAT_AL_CODE_NEARLY_FULL, at, NULL);
    vm->nearly_full = full;
}

/* The area could not be closed: code of other traces may stand in pages that were open, and none may be entered. */
static int area_lost(struct jit_recorder *r, int err)
{
    if (r->parent) r->parent->bridge = NULL;
    traces_drop(r->vm, "the kernel took machine code away", NULL, 0);
    return err == -EPERM ? JITSTAT_A_CODE_REFUSED : JITSTAT_A_NO_MEMORY;
}

/* The machine code, and the jump of the guard that leads to it. The area is opened once for both. */
static int compile_and_attach(struct jit_recorder *r, struct jit_trace *t)
{
    struct jit_vm *vm = r->vm;
    struct jit_target to = {.trace = t->target, .code = t->target ? &t->target->code : NULL};
    bool open = code_open(&vm->area) == 0; /* if not, the backend says why */
    int why = jit_backend_compile(&vm->backend, &t->ir, t, r->parent, &t->invalid, t->target ? &to : NULL, &t->arena, &t->code);
    if (why < 0 && r->parent && jit_backend_patch(&vm->backend, r->parent, t->code.entry) == 0) r->parent->bridge = t;
    int err = open ? code_close(&vm->area) : 0;
    return err < 0 ? area_lost(r, err) : why;
}

/* The words that machine code and exits count in. False: there is no memory for them. */
static bool room_take(struct jit_recorder *r, struct jit_trace *t)
{
    uint32_t nexits = jit_ir_count_guards(&t->ir) + JIT_MORE_EXITS;
    obs_loop_take(r->vm->obs, nexits, &r->room);
    t->lost = !r->room.loop;
    t->rec = t->lost ? jit_arena_alloc(&t->arena, sizeof *t->rec) : r->room.loop;
    t->guards = t->lost ? jit_arena_alloc(&t->arena, nexits * sizeof *t->guards) : r->room.guards;
    if (!t->rec || !t->guards) return false;
    t->runs = (uint64_t *)&t->rec->runs;
    t->entries = t->kind == JITSTAT_KIND_LOOP ? (uint64_t *)&t->rec->entry_runs : t->runs;
    return true;
}

/* t NULL: what the optimize hook did ended the compilation; the events are the same, so that each call of the hook has
 * its backend__begin. */
static bool step_backend(struct jit_recorder *r, struct jit_trace *t)
{
    static const struct jit_code none;
    const struct jit_code *code = t ? &t->code : &none;
    struct jit_vm *vm = r->vm;
    struct obs_place at;
    rec_place(r, &at);
    vm->backend.torture_counter = vm->params.torture_guard ? &vm->torture_counter : NULL;
    vm->backend.torture_reset = vm->params.torture_guard;
    vm->backend.torture_regs = vm->params.torture_regs ? (uint64_t)vm->params.torture_regs * 0x9e3779b97f4a7c15u + r->number : 0;
    if (vm->torture_counter <= 0) vm->torture_counter = vm->params.torture_guard;
    obs_timer_enter(vm->obs, JITSTAT_T_BACKEND);
    obs_ev_backend_begin(vm->obs, &at);
    int why = !t ? r->status : room_take(r, t) ? compile_and_attach(r, t)
                                               : JITSTAT_A_NO_MEMORY;
    obs_ev_backend_end(vm->obs, &at, obs_timer_leave(vm->obs, JITSTAT_T_BACKEND), code->start, code->size);
    code_room(vm, &at);
    if (why < 0 || !t) return t != NULL;
    obs_loop_give_back(&r->room);
    if (why == JITSTAT_A_CODE_FULL && doubled(vm->obs->blk->total.counters[JITSTAT_C_ABORT_CODE_FULL] + 1)) obs_alarm(vm->obs, JITSTAT_AL_CODE_FULL, &at, NULL);
    if (vm->area.refused && !vm->refused) {
        vm->refused = true;
        obs_add(&vm->obs->blk->total.code_refused, 1);
        obs_alarm(vm->obs, JITSTAT_AL_CODE_REFUSED, &at, NULL);
    }
    jit_rec_fail(r, (enum jitstat_abort)why);
    return false;
}

/* The exit's record: who it is, and its place when that is in another file. */
static void guard_fill(struct jit_trace *t, uint32_t i)
{
    static const uint8_t kinds[] = {[JIT_EXIT_GUARD] = JITSTAT_X_GUARD, [JIT_EXIT_INTERP] = JITSTAT_X_END, [JIT_EXIT_POLL] = JITSTAT_X_POLL, [JIT_EXIT_DUE] = JITSTAT_X_DUE};
    const struct jit_exit *e = &t->code.exits[i];
    struct jitstat_guard *g = &t->guards[i];
    const char *file;
    int line;
    exit_place(e, &file, &line);
    g->line = (uint32_t)line;
    g->op = e->op;
    g->kind = kinds[e->kind];
    if (!t->lost && strcmp(file, t->file) != 0) g->file_off = obs_string(t->vm->obs, file);
}

static void exits_init(struct jit_trace *t)
{
    struct jit_vm *vm = t->vm;
    for (uint32_t i = 0; i < t->code.nexits; i++) {
        struct jit_exit *e = &t->code.exits[i];
        e->hot_limit = (uint32_t)vm->params.trace_eagerness;
        if (t->ir.ops.v[e->op].opcode == JIT_guard_stack) e->kind = JIT_EXIT_INTERP; /* the guest grows its stack: no bridge */
        if (t->ir.ops.v[e->op].opcode == JIT_guard_not_due) e->kind = JIT_EXIT_DUE;
        guard_fill(t, i);
    }
}

struct jit_trace *pipeline_compile(struct jit_recorder *r, enum jit_link link, struct jit_trace *target)
{
    struct jit_vm *vm = r->vm;
    struct jit_ir opt;
    struct jit_trace *t = NULL;
    char err[160];
    r->ir.link = link;
    /* What a trace links to may have gone while it was recorded. */
    if (target && target->state != JIT_TR_LIVE) jit_rec_fail(r, JITSTAT_A_RELEASED);
    if (r->parent && r->parent->code->trace->state != JIT_TR_LIVE) jit_rec_fail(r, JITSTAT_A_RELEASED);
    if (r->status < 0 && step_optimize(r, &opt, &r->scratch)) {
        hooks_optimize(vm, r, &opt, &r->scratch);
        if (target && target->state != JIT_TR_LIVE) jit_rec_fail(r, JITSTAT_A_RELEASED);
        if (r->parent && (r->parent->code->trace->state != JIT_TR_LIVE || r->parent->bridge)) jit_rec_fail(r, JITSTAT_A_RELEASED);
        if (jit_opt_verify && !jit_ir_verify(&opt, err, sizeof err)) {
            jit_ir_dump(&opt, err);
            abort();
        }
        if (r->status < 0 && !(t = trace_new(r, &opt, target))) jit_rec_fail(r, JITSTAT_A_NO_MEMORY);
        if (!step_backend(r, t) && t) {
            jit_arena_fini(&t->arena);
            free(t);
            t = NULL;
        }
    }
    return t;
}

static void recompiled(const struct jit_trace *t, unsigned times)
{
    char detail[JITSTAT_DETAIL_LEN];
    struct obs_place at;
    if (times < 8 || !doubled(times)) return;
    trace_place(t, &at);
    snprintf(detail, sizeof detail, "%u times", times);
    obs_alarm(t->vm->obs, JITSTAT_AL_RECOMPILE, &at, detail);
}

void trace_publish(struct jit_trace *t, struct jit_recorder *r)
{
    struct jit_vm *vm = t->vm;
    struct obs_place at;
    trace_place(t, &at);
    assert(t->code.nexits <= jit_ir_count_guards(&t->ir) + JIT_MORE_EXITS);
    obs_loop_fill(vm->obs, &r->room, &at, t->code.start, t->code.size, t->ir.ops.n, t->parent ? t->parent->number : 0, t->parent_exit, t->code.nexits, &t->guards);
    t->counted = vm->debug;
    exits_init(t);
    listing_keep(r, t);
    trace_name(t, r);
    for (uint32_t i = 0; i < t->ir.ops.n && !t->stack_room; i++)
        if (t->ir.ops.v[i].opcode == JIT_guard_stack) t->stack_room = (uint32_t)jit_ref_const(&t->ir, t->ir.ops.v[i].arg[0])->i;
    t->next = vm->traces;
    vm->traces = t;
    if (t->parent) {
        const struct jit_exit *e = &t->parent->code.exits[t->parent_exit];
        if (e->bridge == t) __atomic_store_n((uint64_t *)&t->parent->guards[t->parent_exit].bridge, t->number, __ATOMIC_RELAXED);
    } else {
        struct jit_cell *c = cell_find(vm, t->key, t->place, true);
        if (c) {
            c->older = c->trace;
            c->trace = t;
            c->aborts = 0;
            recompiled(t, ++c->compiles);
            vm->driver->install(vm->user, t->key, t->place, t);
        }
    }
    uint32_t nguards = jit_ir_count_guards(&t->ir);
    hooks_compile(t);
    jit_ir_strip(&t->ir); /* the recorder's memory goes now */
    t->code.op_offset = NULL;
    obs_ev_compile(vm->obs, &at, t->code.start, t->code.size, t->ir.ops.n, nguards, t->parent ? t->parent->number : 0, t->parent_exit);
    jit_hooks_safe_point(vm);
    trace_release_dead(vm);
}
