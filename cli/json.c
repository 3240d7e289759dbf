/* json.c: a snapshot as JSON, one line, keys that never change their meaning. Everything that a
 * view shows is in it, so that load.c can make the views of a saved one.
 *
 * Before it: agent/merge.c, jwrite.c.
 */
#include <time.h>

#include "cli/cli.h"

static void totals_events(struct json *j, const struct jitstat_totals *t)
{
    json_open(j, "events", '{');
    for (int e = 0; e < JITSTAT_NEVENTS; e++)
        json_u64(j, event_name(e), t->events[e]);
    json_close(j, '{');
}

static void run_time(struct json *j, char kind, const struct jitstat_loop *l, uint64_t runs)
{
    json_open(j, NULL, '{');
    json_string(j, "kind", (char[]){kind, 0});
    json_u64(j, "number", l->number);
    json_u64(j, "runs", runs);
    json_string(j, "greenkey", l->name);
    json_close(j, '{');
}

/* A loop counts its label ('l') and, where it was entered while counts were on, its entries. */
static void vm_run_times(struct json *j, const struct agent_vm *vm)
{
    json_open(j, "loop_run_times", '[');
    for (size_t i = 0; i < vm->nloops; i++) {
        const struct jitstat_loop *l = &vm->loops[i];
        run_time(j, kind_letter(l->kind), l, l->runs);
        if (kind_letter(l->kind) == 'l' && l->entry_runs)
            run_time(j, 'e', l, l->entry_runs);
    }
    json_close(j, '[');
}

/* ---- what BPF measured ---- */

static void phases(struct json *j, const char *key, const struct vm_stat *v)
{
    if (!v) {
        json_null(j, key);
        return;
    }
    json_open(j, key, '{');
    for (int t = 0; t < JITSTAT_NTIMES; t++) {
        const struct phase_stat *p = &v->phase[t];
        json_open(j, time_name(t), '{');
        json_u64(j, "count", p->count);
        json_u64(j, "ns", p->ns);
        json_open(j, "log2", '[');
        for (int i = 0; i < HIST_SLOTS; i++)
            json_u64(j, NULL, p->hist[i]);
        json_close(j, '[');
        json_close(j, '{');
    }
    json_close(j, '{');
}

/* ---- --maps: what the BPF maps hold ---- */

static void map_totals(struct json *j, const char *name, const struct jitstat_totals *t)
{
    json_open(j, name, '{');
    json_counters(j, t);
    json_open(j, "times_ns", '{');
    for (int i = 0; i < JITSTAT_NTIMES; i++)
        json_u64(j, time_name(i), t->times_ns[i]);
    json_close(j, '{');
    totals_events(j, t);
    json_close(j, '{');
}

static void vm_maps(struct json *j, const struct vm_stat *v)
{
    if (!v) {
        json_null(j, "maps");
        return;
    }
    json_open(j, "maps", '{');
    map_totals(j, "total", &v->total);
    map_totals(j, "base", &v->base);
    map_totals(j, "seen", &v->seen);
    map_totals(j, "inherited", &v->inherited);
    if (v->flags & VM_HAS_SNAP)
        map_totals(j, "snapshot", &v->snap);
    else
        json_null(j, "snapshot");
    phases(j, "phases", v);
    json_close(j, '{');
}

/* ---- a VM ---- */

static void vm_hooks(struct json *j, const struct jitstat_totals *t)
{
    json_open(j, "hooks", '{');
    for (int h = 0; h < JITSTAT_NHOOKS; h++) {
        json_open(j, hook_name(h), '{');
        json_u64(j, "called", t->hooks_called[h]);
        json_u64(j, "suppressed", t->hooks_suppressed[h]);
        json_u64(j, "failed", t->hooks_failed[h]);
        json_close(j, '{');
    }
    json_close(j, '{');
}

static void vm_state(struct json *j, const struct agent_vm *vm)
{
    const struct jitstat_totals *t = &vm->own;
    json_string(j, "guest", vm->guest);
    json_string(j, "state", vm->state == 2 ? "ended" : "live");
    json_bool(j, "from_block", vm->from_block);
    json_u64(j, "entries", t->trace_entries);
    json_u64(j, "exits", t->guard_exits);
    json_u64(j, "flushes", t->flushes);
    json_u64(j, "blacklisted", t->blacklisted);
    json_open(j, "code", '{');
    json_u64(j, "allocated", t->code_allocated);
    json_u64(j, "used", t->code_used);
    json_u64(j, "refused", t->code_refused);
    json_close(j, '{');
    vm_hooks(j, t);
}

static void vm_records(struct json *j, const struct agent_process *p, const struct agent_vm *vm)
{
    struct agent_process one = *p;
    struct agent_snapshot only = {.processes = &one, .nprocesses = 1};
    struct rows r;
    one.vms = (struct agent_vm *)vm;
    one.nvms = 1;
    if (!rows_make(&r, &only, "number"))
        return;
    json_open(j, "loops", '[');
    for (size_t i = 0; i < r.nloops; i++)
        json_loop(j, &r.loops[i], false);
    json_close(j, '[');
    json_u64(j, "loops_lost", vm->loops_lost);
    json_open(j, "guard_exits", '[');
    for (size_t i = 0; i < r.nexits; i++)
        json_exit(j, &r.exits[i], false);
    json_close(j, '[');
    json_open(j, "aborts", '[');
    for (size_t i = 0; i < r.naborts; i++)
        json_abort(j, &r.aborts[i], false);
    json_close(j, '[');
    json_u64(j, "aborts_lost", vm->aborts_lost);
    json_alarms(j, &(struct row_vm){p, vm}, false);
    rows_free(&r);
}

static void vm_json(struct json *j, const struct agent_process *p, const struct agent_vm *vm, bool maps)
{
    json_open(j, NULL, '{');
    json_u64(j, "vm", vm->id);
    json_counters(j, &vm->own);
    json_times(j, &vm->own);
    vm_run_times(j, vm);
    json_loss(j, &vm->loss);
    vm_state(j, vm);
    totals_events(j, &vm->own);
    vm_records(j, p, vm);
    phases(j, "outside", vm->bpf);
    if (maps)
        vm_maps(j, vm->bpf);
    json_close(j, '{');
}

static void process_head(struct json *j, const struct agent_process *p)
{
    json_open(j, NULL, '{');
    json_u64(j, "pid", (uint64_t)p->pid);
    json_string(j, "comm", p->comm);
    json_u64(j, "uid", p->uid);
    json_bool(j, "exited", p->exited);
}

void json_snapshot(FILE *f, const struct agent_snapshot *s, bool maps)
{
    struct json j = {f, false};
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    json_open(&j, NULL, '{');
    json_u64(&j, "version", 1);
    json_open(&j, "processes", '[');
    for (size_t i = 0; i < s->nprocesses; i++) {
        const struct agent_process *p = &s->processes[i];
        process_head(&j, p);
        json_open(&j, "vms", '[');
        for (size_t k = 0; k < p->nvms; k++)
            vm_json(&j, p, &p->vms[k], maps);
        json_close(&j, '[');
        json_u64(&j, "vms_lost", p->vms_lost);
        json_close(&j, '{');
    }
    json_close(&j, '[');
    json_loss(&j, &s->loss);
    json_bool(&j, "bpf", s->bpf);
    json_seconds(&j, "time", (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec);
    json_close(&j, '{');
    fputc('\n', f);
}

void json_list(FILE *f, const struct agent_snapshot *s)
{
    struct json j = {f, false};
    json_open(&j, NULL, '{');
    json_u64(&j, "version", 1);
    json_open(&j, "processes", '[');
    for (size_t i = 0; i < s->nprocesses; i++) {
        process_head(&j, &s->processes[i]);
        json_u64(&j, "vms", s->processes[i].nvms);
        json_close(&j, '{');
    }
    json_close(&j, '[');
    json_all_alarms(&j, s);
    json_loss(&j, &s->loss);
    json_close(&j, '{');
    fputc('\n', f);
}
