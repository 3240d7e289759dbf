/* hooks.c: the in-process hooks and the snapshot (contract: include/jitstat/jitstat.h).
 *
 * A hook sees a trace as text and numbers, never the engine's own memory, and what an optimize hook
 * gives back is text as well: it is parsed and verified like a golden test. PyPy took the hook's
 * list as it was and had to remove the hook for it; here a broken list costs a message.
 *
 * Invariants
 *  1. Not reentrant: while a hook runs, further calls are counted as suppressed.
 *  2. Hook time belongs to no timer.
 *  3. Arguments are built only when the hook is set.
 *  4. hooks_called + hooks_suppressed grows by one at each event of the hook's kind while it is set.
 *
 * Before: pipeline.c, recorder.c. After: the program; hook_list.c for what an optimize hook returns.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define JITSTAT_API __attribute__((visibility("default")))
#include "trace/engine.h"

struct jit_hooks {
    jitstat_optimize_fn optimize;
    void *optimize_ud;
    jitstat_compile_fn compile;
    void *compile_ud;
    bool compile_ops;
    jitstat_abort_fn abort;
    void *abort_ud;
    jitstat_too_long_fn too_long;
    void *too_long_ud;
    bool counted; /* enable_debug was called at least once */
};

struct jit_hooks *hooks_new(struct jit_vm *vm)
{
    (void)vm;
    return calloc(1, sizeof(struct jit_hooks));
}

void hooks_free(struct jit_hooks *h) { free(h); }

static bool hook_enter(struct jit_vm *vm, bool set, enum jitstat_hook which)
{
    if (!set) return false;
    struct jitstat_totals *t = &vm->obs->blk->total;
    if (vm->in_hook) {
        obs_add(&t->hooks_suppressed[which], 1);
        return false;
    }
    obs_add(&t->hooks_called[which], 1);
    obs_timer_pause(vm->obs);
    vm->in_hook = 1;
    return true;
}

static void hook_leave(struct jit_vm *vm)
{
    vm->in_hook = 0;
    obs_timer_resume(vm->obs);
}

void jit_hooks_safe_point(struct jit_vm *vm)
{
    if (!vm->want_flush || vm->in_hook) return;
    vm->want_flush = false;
    jit_flush(vm, vm->flush_why, NULL, 0);
}

void jit_hook_failed(struct jit_vm *vm, enum jitstat_hook which, const char *fmt, ...)
{
    static const char *const names[] = {"optimize", "compile", "abort", "trace_too_long"};
    va_list ap;
    obs_add(&vm->obs->blk->total.hooks_failed[which], 1);
    fprintf(stderr, "jit hook (%s): ", names[which]);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
}

/* ---- what a hook gets ---- */

struct op_list {
    struct jitstat_op *ops;
    char *text; /* all strings */
    size_t n;
};

static void op_list_fini(struct op_list *l)
{
    free(l->ops);
    free(l->text);
}

static size_t merge_name(const struct jit_vm *vm, const struct jit_merge *m, char *buf, size_t size)
{
    const char *file = "";
    int line = 0;
    vm->driver->place((void *)(uintptr_t)m->code, m->pc, &file, &line);
    return (size_t)snprintf(buf, size, "%s:%d", file, line) + 1;
}

static size_t op_strings(const struct jit_vm *vm, const struct jit_ir *ir, uint32_t i, char *buf, size_t size)
{
    size_t n = jit_ir_print_op(ir, i, buf, size) + 1;
    if (ir->ops.v[i].opcode == JIT_debug_merge_point) {
        const struct jit_merge *m = &ir->merges.v[jit_ref_const(ir, ir->ops.v[i].arg[0])->i];
        n += merge_name(vm, m, buf ? buf + n : NULL, size > n ? size - n : 0);
    }
    return n;
}

static void op_describe(struct jitstat_op *o, const struct jit_ir *ir, uint32_t i, const uint32_t *offsets, uint64_t number, char *text)
{
    const struct jit_op *op = &ir->ops.v[i];
    *o = (struct jitstat_op){.index = i, .name = jit_opinfo[op->opcode].name, .text = text, .offset = -1, .line = jit_op_line(op)};
    if (offsets && offsets[i] != 0xffffffffu) o->offset = offsets[i];
    if (jit_op_is_guard(op)) {
        o->kind = JITSTAT_OP_GUARD;
        o->hash = (number << 20 | i) + 1;
    } else if (op->opcode == JIT_debug_merge_point) {
        const struct jit_merge *m = &ir->merges.v[jit_ref_const(ir, op->arg[0])->i];
        o->kind = JITSTAT_OP_MERGE_POINT;
        o->greenkey = text + strlen(text) + 1;
        o->bytecode_no = m->pc;
        o->call_depth = m->depth;
        o->call_id = number;
    }
}

static bool op_list_make(struct op_list *l, const struct jit_vm *vm, const struct jit_ir *ir, const uint32_t *offsets, uint64_t number)
{
    size_t size = 0;
    *l = (struct op_list){.n = ir->ops.n};
    for (uint32_t i = 0; i < ir->ops.n; i++) size += op_strings(vm, ir, i, NULL, 0);
    l->ops = calloc(ir->ops.n + 1, sizeof *l->ops);
    l->text = malloc(size + 1);
    if (!l->ops || !l->text) {
        op_list_fini(l);
        return false;
    }
    char *p = l->text, *end = l->text + size + 1;
    for (uint32_t i = 0; i < ir->ops.n; i++) {
        size_t n = op_strings(vm, ir, i, p, (size_t)(end - p));
        op_describe(&l->ops[i], ir, i, offsets, number, p);
        p += n;
    }
    return true;
}

static const char *type_name(int kind)
{
    return kind == JITSTAT_KIND_LOOP ? "loop" : kind == JITSTAT_KIND_ENTRY ? "entry bridge"
                                                                           : "bridge";
}

static void info_fill(struct jitstat_loop_info *info, struct jit_vm *vm, int kind, uint64_t number, const char *name, struct jit_key key,
                      uint64_t parent, uint32_t guard)
{
    *info = (struct jitstat_loop_info){.vm = vm, .jitdriver_name = vm->driver->name, .type = type_name(kind), .loop_no = number, .greenkey_name = name};
    if (kind == JITSTAT_KIND_BRIDGE) {
        info->loop_no = parent;
        info->bridge_no = number;
        info->guard_number = guard;
    } else {
        info->greenkey_code = key.code;
        info->greenkey_position = key.pc;
    }
}

static void info_of_recorder(struct jitstat_loop_info *info, struct jit_recorder *r)
{
    info_fill(info, r->vm, r->kind, r->number, r->name, r->key, r->parent ? r->parent->code->trace->number : 0, r->parent ? jit_exit_number(r->parent) : 0);
}

void hooks_optimize(struct jit_vm *vm, struct jit_recorder *r, struct jit_ir *ir, struct jit_arena *arena)
{
    struct jit_hooks *h = vm->hooks;
    if (!hook_enter(vm, h->optimize != NULL, JITSTAT_H_OPTIMIZE)) return;
    struct op_list ops;
    struct jitstat_loop_info info;
    info_of_recorder(&info, r);
    if (op_list_make(&ops, vm, ir, NULL, r->number)) {
        const struct jitstat_newop *list = NULL;
        info.operations = ops.ops;
        info.noperations = ops.n;
        int64_t n = h->optimize(&info, &list, h->optimize_ud);
        if (n >= 0) {
            struct jit_ir out;
            char err[200] = "";
            struct hook_list l = {ir, ops.ops, ops.n, list, n};
            if (hook_list_take(vm, &l, &out, arena, err, sizeof err)) *ir = out;
            else
                jit_hook_failed(vm, JITSTAT_H_OPTIMIZE, "the list for %s is refused: %s; compiled as it was", info.greenkey_name, err);
        }
        op_list_fini(&ops);
    }
    hook_leave(vm);
}

void hooks_compile(struct jit_trace *t)
{
    struct jit_vm *vm = t->vm;
    struct jit_hooks *h = vm->hooks;
    if (!hook_enter(vm, h->compile != NULL, JITSTAT_H_COMPILE)) return;
    struct op_list ops = {0};
    struct jitstat_loop_info info;
    info_fill(&info, vm, t->kind, t->number, t->name, t->key, t->parent ? t->parent->number : 0, t->parent_exit);
    if (h->compile_ops && op_list_make(&ops, vm, &t->ir, t->code.op_offset, t->number)) {
        info.operations = ops.ops;
        info.noperations = ops.n;
    }
    info.asmaddr = t->code.start;
    info.asmlen = t->code.size;
    h->compile(&info, h->compile_ud);
    op_list_fini(&ops);
    hook_leave(vm);
}

void hooks_abort(struct jit_recorder *r, enum jitstat_abort why, const char *file, int line)
{
    struct jit_vm *vm = r->vm;
    struct jit_hooks *h = vm->hooks;
    struct jitstat_loop_info info;
    char place[300];
    info_of_recorder(&info, r);
    snprintf(place, sizeof place, "%s:%d", file, line);
    info.reason = obs_abort_name(why);
    info.abort_place = place;
    if (why == JITSTAT_A_TOO_LONG && hook_enter(vm, h->too_long != NULL, JITSTAT_H_TOO_LONG)) {
        h->too_long(&info, h->too_long_ud);
        hook_leave(vm);
    }
    if (!hook_enter(vm, h->abort != NULL, JITSTAT_H_ABORT)) return;
    struct op_list ops = {0};
    if (!r->ir.failed && op_list_make(&ops, vm, &r->ir, NULL, r->number)) {
        info.operations = ops.ops;
        info.noperations = ops.n;
    }
    h->abort(&info, h->abort_ud);
    op_list_fini(&ops);
    hook_leave(vm);
}

/* ---- the public functions ---- */

void jitstat_set_optimize_hook(struct jit_vm *vm, jitstat_optimize_fn fn, void *ud) { vm->hooks->optimize = fn, vm->hooks->optimize_ud = ud; }
void jitstat_set_abort_hook(struct jit_vm *vm, jitstat_abort_fn fn, void *ud) { vm->hooks->abort = fn, vm->hooks->abort_ud = ud; }
void jitstat_set_trace_too_long_hook(struct jit_vm *vm, jitstat_too_long_fn fn, void *ud) { vm->hooks->too_long = fn, vm->hooks->too_long_ud = ud; }
void jitstat_set_compile_hook(struct jit_vm *vm, jitstat_compile_fn fn, void *ud, bool operations)
{
    vm->hooks->compile = fn, vm->hooks->compile_ud = ud, vm->hooks->compile_ops = operations;
}

void jitstat_enable_debug(struct jit_vm *vm)
{
    vm->hooks->counted = true;
    jit_debug(vm, true);
}

void jitstat_disable_debug(struct jit_vm *vm) { jit_debug(vm, false); }
void jitstat_releaseall(struct jit_vm *vm) { jit_flush(vm, "releaseall", NULL, 0); }

int jitstat_set_param(struct jit_vm *vm, const char *text, const char **err) { return jit_set_param(vm, text, err) ? 0 : -EINVAL; }

void jitstat_get_stats_asmmemmgr(struct jit_vm *vm, size_t *allocated, size_t *used)
{
    *allocated = vm->backend_ok ? code_allocated(&vm->area) : 0;
    *used = vm->backend_ok ? code_used(&vm->area) : 0;
}

const char *jitstat_counter_name(int c) { return c >= 0 && c < JITSTAT_NCOUNTERS ? obs_counter_name((enum jitstat_counter)c) : NULL; }
const char *jitstat_abort_reason(int a) { return a >= 0 && a < JITSTAT_NABORTS ? obs_abort_name((enum jitstat_abort)a) : NULL; }
const char *jitstat_alarm_name(int a) { return a > 0 && a < JITSTAT_NALARMS ? obs_alarm_name((enum jitstat_alarm)a) : NULL; }
const char *jitstat_alarm_advice(int a) { return a > 0 && a < JITSTAT_NALARMS ? obs_alarm_advice((enum jitstat_alarm)a, NULL) : NULL; }
const char *jitstat_alarm_rec_advice(const struct jitstat_alarm_rec *r) { return obs_alarm_advice((enum jitstat_alarm)r->alarm, r->detail); }

static void run_add(struct jitstat_snapshot *s, char **text, const struct jit_trace *t, int kind, uint64_t runs)
{
    size_t n = strlen(t->name) + 1;
    s->loop_run_times[s->nloop_run_times++] = (struct jitstat_run){.kind = kind, .number = t->number, .runs = runs, .greenkey = memcpy(*text, t->name, n)};
    *text += n;
}

static void runs_fill(struct jit_vm *vm, struct jitstat_snapshot *s, char *text)
{
    for (struct jit_trace *t = vm->traces; t; t = t->next) {
        if (t->state == JIT_TR_FREED) continue;
        run_add(s, &text, t, t->kind, t->rec->runs);
        if (t->kind == JITSTAT_KIND_LOOP) run_add(s, &text, t, JITSTAT_KIND_ENTRY, t->rec->entry_runs);
    }
}

static void alarms_fill(const struct jitstat_vm *blk, struct jitstat_snapshot *s)
{
    for (int i = 0; i < JITSTAT_ALARMS; i++)
        if (blk->alarms[i].alarm != JITSTAT_AL_NONE) s->alarms[s->nalarms++] = blk->alarms[i];
}

int jitstat_get_stats_snapshot(struct jit_vm *vm, struct jitstat_snapshot **out)
{
    size_t n = 0, text = 0, alarms = vm->obs->blk->alarms_n ? JITSTAT_ALARMS : 0;
    if (vm->hooks->counted)
        for (struct jit_trace *t = vm->traces; t; t = t->next, n += 2) text += 2 * (strlen(t->name) + 1);
    struct jitstat_snapshot *s = calloc(1, sizeof *s + alarms * sizeof *s->alarms + n * sizeof *s->loop_run_times + text);
    *out = s;
    if (!s) return -ENOMEM;
    s->alarms = (struct jitstat_alarm_rec *)(s + 1);
    s->loop_run_times = (struct jitstat_run *)(s->alarms + alarms);
    if (alarms) alarms_fill(vm->obs->blk, s);
    if (n) runs_fill(vm, s, (char *)(s->loop_run_times + n));
    obs_ev_snapshot(vm->obs, &s->totals);
    return 0;
}

void jitstat_snapshot_free(struct jitstat_snapshot *s) { free(s); }
