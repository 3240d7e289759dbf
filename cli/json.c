/* json.c: a snapshot as JSON, one line, keys that never change their meaning. Numbers are exact:
 * counters as integers, seconds with nine decimals.
 *
 * Before it: agent/merge.c.
 */
#include <inttypes.h>
#include <string.h>

#include "cli/cli.h"

static void totals_counters(FILE *f, const struct jitstat_totals *t)
{
    static const char *const names[] = {
#define JITSTAT_COUNTER(NAME, source, help) #NAME,
#include <jitstat/counters.def>
    };
    fputs("\"counters\":{", f);
    for (int c = 0; c < JITSTAT_NCOUNTERS; c++)
        fprintf(f, "%s\"%s\":%" PRIu64, c ? "," : "", names[c], (uint64_t)t->counters[c]);
    fputc('}', f);
}

static void totals_times(FILE *f, const struct jitstat_totals *t)
{
#define SECONDS(ns) (uint64_t)(ns) / 1000000000u, (uint64_t)(ns) % 1000000000u
    fprintf(f, "\"counter_times\":{\"TRACING\":%" PRIu64 ".%09" PRIu64 ",\"BACKEND\":%" PRIu64 ".%09" PRIu64 ",\"OPTIMIZE\":%" PRIu64 ".%09" PRIu64 "}",
            SECONDS(t->times_ns[JITSTAT_T_TRACING]), SECONDS(t->times_ns[JITSTAT_T_BACKEND]),
            SECONDS(t->times_ns[JITSTAT_T_OPTIMIZE]));
}

static void totals_events(FILE *f, const struct jitstat_totals *t)
{
    static const char *const names[] = {
#define JITSTAT_EVENT(name, hook, args) #name,
#include <jitstat/events.def>
    };
    fputs("\"events\":{", f);
    for (int e = 0; e < JITSTAT_NEVENTS; e++)
        fprintf(f, "%s\"%s\":%" PRIu64, e ? "," : "", names[e], (uint64_t)t->events[e]);
    fputc('}', f);
}

static void run_time(FILE *f, char kind, const struct jitstat_loop *l, uint64_t runs, bool first)
{
    fprintf(f, "%s{\"kind\":\"%c\",\"number\":%" PRIu64 ",\"runs\":%" PRIu64 ",\"greenkey\":", first ? "" : ",", kind,
            (uint64_t)l->number, runs);
    print_json_string(f, l->name);
    fputc('}', f);
}

/* A loop counts its label ('l') and, where it was entered while counts were on, its entries. */
static void vm_run_times(FILE *f, const struct agent_vm *vm)
{
    bool first = true;
    fputs("\"loop_run_times\":[", f);
    for (size_t i = 0; i < vm->nloops; i++) {
        const struct jitstat_loop *l = &vm->loops[i];
        char kind = l->kind == JITSTAT_KIND_ENTRY ? 'e' : l->kind == JITSTAT_KIND_BRIDGE ? 'b'
                                                                                         : 'l';
        run_time(f, kind, l, l->runs, first);
        first = false;
        if (kind == 'l' && l->entry_runs)
            run_time(f, 'e', l, l->entry_runs, false);
    }
    fputc(']', f);
}

static void loss_json(FILE *f, const struct agent_loss *l)
{
    fprintf(f, "\"loss\":{\"missed\":%" PRIu64 ",\"ring_full\":%" PRIu64 ",\"map_full\":%" PRIu64 ",\"late\":%" PRIu64 "}",
            l->missed, l->ring_full, l->map_full, l->late);
}

/* ---- --maps: what the BPF maps hold ---- */

static void map_totals(FILE *f, const char *name, const struct jitstat_totals *t)
{
    fprintf(f, "\"%s\":{", name);
    totals_counters(f, t);
    fprintf(f, ",\"times_ns\":{\"TRACING\":%" PRIu64 ",\"BACKEND\":%" PRIu64 ",\"OPTIMIZE\":%" PRIu64 "},",
            (uint64_t)t->times_ns[JITSTAT_T_TRACING], (uint64_t)t->times_ns[JITSTAT_T_BACKEND],
            (uint64_t)t->times_ns[JITSTAT_T_OPTIMIZE]);
    totals_events(f, t);
    fputc('}', f);
}

static void map_phases(FILE *f, const struct vm_stat *v)
{
    static const char *const names[] = {"TRACING", "BACKEND", "OPTIMIZE"};
    fputs("\"phases\":{", f);
    for (int t = 0; t < JITSTAT_NTIMES; t++) {
        const struct phase_stat *p = &v->phase[t];
        fprintf(f, "%s\"%s\":{\"count\":%" PRIu64 ",\"ns\":%" PRIu64 ",\"log2\":[", t ? "," : "", names[t], (uint64_t)p->count,
                (uint64_t)p->ns);
        for (int i = 0; i < HIST_SLOTS; i++)
            fprintf(f, "%s%" PRIu64, i ? "," : "", (uint64_t)p->hist[i]);
        fputs("]}", f);
    }
    fputc('}', f);
}

static void vm_maps(FILE *f, const struct vm_stat *v)
{
    if (!v) {
        fputs(",\"maps\":null", f);
        return;
    }
    fputs(",\"maps\":{", f);
    map_totals(f, "total", &v->total);
    fputc(',', f);
    map_totals(f, "base", &v->base);
    fputc(',', f);
    map_totals(f, "seen", &v->seen);
    fputc(',', f);
    map_totals(f, "inherited", &v->inherited);
    fputc(',', f);
    if (v->flags & VM_HAS_SNAP)
        map_totals(f, "snapshot", &v->snap);
    else
        fputs("\"snapshot\":null", f);
    fputc(',', f);
    map_phases(f, v);
    fputc('}', f);
}

static void vm_json(FILE *f, const struct agent_vm *vm, bool maps)
{
    fprintf(f, "{\"vm\":%u,", vm->id);
    totals_counters(f, &vm->own);
    fputc(',', f);
    totals_times(f, &vm->own);
    fputc(',', f);
    vm_run_times(f, vm);
    fputc(',', f);
    loss_json(f, &vm->loss);
    if (maps)
        vm_maps(f, vm->bpf);
    fputc('}', f);
}

static void process_head(FILE *f, const struct agent_process *p)
{
    fprintf(f, "{\"pid\":%d,\"comm\":", (int)p->pid);
    print_json_string(f, p->comm);
}

void json_snapshot(FILE *f, const struct agent_snapshot *s, bool maps)
{
    fputs("{\"version\":1,\"processes\":[", f);
    for (size_t i = 0; i < s->nprocesses; i++) {
        const struct agent_process *p = &s->processes[i];
        fputs(i ? "," : "", f);
        process_head(f, p);
        fputs(",\"vms\":[", f);
        for (size_t k = 0; k < p->nvms; k++) {
            fputs(k ? "," : "", f);
            vm_json(f, &p->vms[k], maps);
        }
        fputs("]}", f);
    }
    fputs("]}\n", f);
}

void json_list(FILE *f, const struct agent_snapshot *s)
{
    fputs("{\"version\":1,\"processes\":[", f);
    for (size_t i = 0; i < s->nprocesses; i++) {
        const struct agent_process *p = &s->processes[i];
        fputs(i ? "," : "", f);
        process_head(f, p);
        fprintf(f, ",\"uid\":%u,\"vms\":%zu}", p->uid, p->nvms);
    }
    fputs("]}\n", f);
}
