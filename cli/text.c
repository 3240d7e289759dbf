/* text.c: a snapshot for a person, below 80 columns: what was compiled, what it cost, what ran,
 * what was given up and what to do about it, and what of all this was lost.
 *
 * Before it: agent/merge.c.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

#define TOP_LOOPS 10
#define TOP_ABORTS 10
#define WIDTH 79

static const char *const counter_names[] = {
#define JITSTAT_COUNTER(NAME, source, help) #NAME,
#include <jitstat/counters.def>
};

struct abort_row {
    const char *name, *advice;
};
static const struct abort_row abort_rows[] = {
#define JITSTAT_ABORT(NAME, help, advice) {#NAME, advice},
#define JITSTAT_ABORT_PYPY JITSTAT_ABORT
#include <jitstat/aborts.def>
#undef JITSTAT_ABORT_PYPY
#undef JITSTAT_ABORT
};

struct alarm_row {
    const char *what, *advice;
};
static const struct alarm_row alarm_rows[JITSTAT_NALARMS] = {
    [JITSTAT_AL_NONE] = {"?", ""},
#define JITSTAT_ALARM(NAME, what, advice) [JITSTAT_AL_##NAME] = {what, advice},
#include <jitstat/alarms.def>
};

/* ---- counters and times ---- */

static void show_counters(FILE *f, const struct agent_vm *vm)
{
    int shown = 0, zero = 0;
    for (int c = 0; c < JITSTAT_NCOUNTERS; c++) {
        if (!vm->own.counters[c]) {
            zero++;
            continue;
        }
        fprintf(f, "%s%-24s %10" PRIu64, shown % 2 ? "   " : "    ", counter_names[c], (uint64_t)vm->own.counters[c]);
        if (++shown % 2 == 0)
            fputc('\n', f);
    }
    if (shown % 2)
        fputc('\n', f);
    int column = fprintf(f, "    zero:");
    for (int c = 0; zero && c < JITSTAT_NCOUNTERS; c++) {
        if (vm->own.counters[c])
            continue;
        if (column + 1 + (int)strlen(counter_names[c]) > WIDTH)
            column = (fputc('\n', f), fprintf(f, "      "));
        column += fprintf(f, " %s", counter_names[c]);
    }
    fputs(zero ? "\n" : " none\n", f);
}

/* The upper end of the slot that holds the median. */
static uint64_t median(const struct phase_stat *p)
{
    uint64_t n = 0;
    for (int i = 0; i < HIST_SLOTS; i++)
        if ((n += p->hist[i]) * 2 >= p->count)
            return 2ull << i;
    return 0;
}

static void show_times(FILE *f, const struct agent_vm *vm)
{
    static const char *const names[] = {"TRACING", "BACKEND", "OPTIMIZE"};
    static const int order[] = {JITSTAT_T_TRACING, JITSTAT_T_OPTIMIZE, JITSTAT_T_BACKEND};
    for (int i = 0; i < JITSTAT_NTIMES; i++) {
        int t = order[i];
        char own[16], outside[16], half[16];
        fprintf(f, "    %-10s %10s", names[t], human_ns(vm->own.times_ns[t], own));
        if (vm->bpf && vm->bpf->phase[t].count)
            fprintf(f, "   outside: %10s in %" PRIu64 ", half < %s", human_ns(vm->bpf->phase[t].ns, outside),
                    (uint64_t)vm->bpf->phase[t].count, human_ns(median(&vm->bpf->phase[t]), half));
        fputc('\n', f);
    }
}

/* ---- loops ---- */

static int by_runs(const void *a, const void *b)
{
    const struct jitstat_loop *x = *(const struct jitstat_loop *const *)a, *y = *(const struct jitstat_loop *const *)b;
    if (x->runs != y->runs)
        return x->runs < y->runs ? 1 : -1;
    return (x->number > y->number) - (x->number < y->number);
}

static const char *kind_name(uint32_t kind)
{
    return kind == JITSTAT_KIND_BRIDGE ? "bridge" : kind == JITSTAT_KIND_ENTRY ? "entry"
                                                                               : "loop";
}

static void show_loops(FILE *f, const struct agent_vm *vm)
{
    const struct jitstat_loop **l = malloc((vm->nloops + 1) * sizeof *l);
    uint64_t runs = 0;
    if (!l)
        return;
    for (size_t i = 0; i < vm->nloops; i++) {
        l[i] = &vm->loops[i];
        runs += vm->loops[i].runs;
    }
    qsort(l, vm->nloops, sizeof *l, by_runs);
    if (vm->nloops)
        fprintf(f, "  loops, by runs%s\n%14s  %-6s %6s %5s %6s %7s  %s\n", runs ? "" : " (counts were off)", "runs", "kind",
                "number", "ops", "guards", "code", "source");
    for (size_t i = 0; i < vm->nloops && i < TOP_LOOPS; i++) {
        char code[16];
        int at = fprintf(f, "%14" PRIu64 "  %-6s %6" PRIu64 " %5u %6u %7s  ", (uint64_t)l[i]->runs, kind_name(l[i]->kind),
                         (uint64_t)l[i]->number, l[i]->nops, l[i]->nguards, human_bytes(l[i]->code_size, code));
        print_clean(f, l[i]->name, WIDTH - at - (l[i]->state == 2 ? 6 : 0));
        fputs(l[i]->state == 2 ? " freed\n" : "\n", f);
    }
    if (vm->nloops > TOP_LOOPS)
        fprintf(f, "    and %zu more\n", vm->nloops - TOP_LOOPS);
    if (vm->loops_lost)
        fprintf(f, "    and %" PRIu64 " that found no room in the stats block\n", vm->loops_lost);
    free(l);
}

/* ---- aborts and alarms ---- */

static int by_cost(const void *a, const void *b)
{
    const struct jitstat_abort_site *x = a, *y = b;
    if (x->count != y->count)
        return x->count < y->count ? 1 : -1;
    return (x->ns_lost < y->ns_lost) - (x->ns_lost > y->ns_lost);
}

static void show_aborts(FILE *f, const struct agent_vm *vm)
{
    if (vm->naborts)
        fprintf(f, "  aborts\n%10s %10s  %-16s %s\n", "count", "lost", "reason", "source");
    for (size_t i = 0; i < vm->naborts && i < TOP_ABORTS; i++) {
        const struct jitstat_abort_site *s = &vm->aborts[i];
        const struct abort_row *row = s->reason < JITSTAT_NABORTS ? &abort_rows[s->reason] : NULL;
        char lost[16], line[16];
        int at = fprintf(f, "%10" PRIu64 " %10s  %-16s ", (uint64_t)s->count, human_ns(s->ns_lost, lost), row ? row->name : "?");
        snprintf(line, sizeof line, ":%u", s->line);
        print_clean(f, s->file, WIDTH - at - (int)strlen(line));
        fprintf(f, "%s\n", line);
        if (row)
            fprintf(f, "      %s\n", row->advice);
    }
    if (vm->naborts > TOP_ABORTS)
        fprintf(f, "    and %zu more places\n", vm->naborts - TOP_ABORTS);
    if (vm->aborts_lost)
        fprintf(f, "    and %" PRIu64 " that found no room in the stats block\n", vm->aborts_lost);
}

static void show_alarms(FILE *f, const struct agent_vm *vm)
{
    for (size_t i = 0; i < vm->nalarms; i++) {
        const struct jitstat_alarm_rec *r = &vm->alarms[i];
        fprintf(f, "  ALARM: %s", alarm_rows[r->alarm].what);
        if (r->file[0]) {
            fputs(": ", f);
            print_clean(f, r->file, 40);
            fprintf(f, ":%u", r->line);
        }
        if (r->detail[0]) {
            fputs(", ", f);
            print_clean(f, r->detail, 40);
        }
        fprintf(f, " (%" PRIu64 " times)\n         %s\n", (uint64_t)r->count, alarm_rows[r->alarm].advice);
    }
}

/* ---- the whole ---- */

static void show_vm(FILE *f, const struct agent_vm *vm)
{
    char used[16], of[16];
    const struct jitstat_totals *t = &vm->own;
    fprintf(f, "  VM %u (", vm->id);
    print_clean(f, vm->guest, 0);
    fprintf(f, ")%s%s\n", vm->state == 2 ? ", ended" : "", vm->from_block ? "" : ", seen by probes only");
    fprintf(f, "  %" PRIu64 " loops and %" PRIu64 " bridges compiled, %s of machine code in use of %s\n",
            (uint64_t)t->counters[JITSTAT_C_TOTAL_COMPILED_LOOPS], (uint64_t)t->counters[JITSTAT_C_TOTAL_COMPILED_BRIDGES],
            human_bytes(t->code_used, used), human_bytes(t->code_allocated, of));
    fprintf(f, "  %" PRIu64 " entries into machine code, %" PRIu64 " exits through guards\n", (uint64_t)t->trace_entries,
            (uint64_t)t->guard_exits);
    show_alarms(f, vm);
    if (!t->counters[JITSTAT_C_TRACING] && !vm->nloops && !vm->naborts) {
        fputs("  nothing was traced\n", f);
        return;
    }
    fputs("  times\n", f);
    show_times(f, vm);
    fputs("  counters\n", f);
    show_counters(f, vm);
    show_loops(f, vm);
    if (vm->naborts)
        qsort(vm->aborts, vm->naborts, sizeof *vm->aborts, by_cost);
    show_aborts(f, vm);
}

static void show_loss(FILE *f, const struct agent_snapshot *s)
{
    const struct agent_loss *l = &s->loss;
    fprintf(f, "loss: missed %" PRIu64 ", ring full %" PRIu64 ", map full %" PRIu64 ", late %" PRIu64 "\n", l->missed, l->ring_full,
            l->map_full, l->late);
}

static void show_process_head(FILE *f, const struct agent_process *p)
{
    fprintf(f, "process %d (", (int)p->pid);
    print_clean(f, p->comm, 0);
    fprintf(f, ")%s", p->exited ? ", exited" : "");
}

void text_snapshot(FILE *f, const struct agent_snapshot *s)
{
    for (size_t i = 0; i < s->nprocesses; i++) {
        const struct agent_process *p = &s->processes[i];
        show_process_head(f, p);
        fprintf(f, ", %zu VM%s\n", p->nvms, p->nvms == 1 ? "" : "s");
        for (size_t k = 0; k < p->nvms; k++)
            show_vm(f, &p->vms[k]);
        if (p->vms_lost)
            fprintf(f, "  and %" PRIu64 " VMs that found no room in the stats block\n", p->vms_lost);
    }
    show_loss(f, s);
}

void text_list(FILE *f, const struct agent_snapshot *s)
{
    fprintf(f, "%7s %6s %-15s %4s %7s %7s %7s %8s\n", "PID", "UID", "COMM", "VMS", "LOOPS", "BRIDGES", "ABORTS", "CODE");
    for (size_t i = 0; i < s->nprocesses; i++) {
        const struct agent_process *p = &s->processes[i];
        uint64_t loops = 0, bridges = 0, aborts = 0, code = 0;
        char used[16];
        for (size_t k = 0; k < p->nvms; k++) {
            const struct jitstat_totals *t = &p->vms[k].own;
            loops += t->counters[JITSTAT_C_TOTAL_COMPILED_LOOPS];
            bridges += t->counters[JITSTAT_C_TOTAL_COMPILED_BRIDGES];
            aborts += t->events[JITSTAT_E_abort];
            code += t->code_used;
        }
        fprintf(f, "%7d %6u ", (int)p->pid, p->uid);
        for (int n = print_clean(f, p->comm, 15); n < 15; n++)
            fputc(' ', f);
        fprintf(f, " %4zu %7" PRIu64 " %7" PRIu64 " %7" PRIu64 " %8s\n", p->nvms, loops, bridges, aborts, human_bytes(code, used));
    }
}
