/* text.c: a snapshot for a person: what was compiled, what it cost, what ran, what was given up
 * and what to do about it, and what of all this was lost; and what every other view begins and ends
 * with.
 *
 * Before it: agent/merge.c.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

#define TOP_ROWS 10
#define TAIL_ALARMS ((size_t)4)
#define PLACE_LEAST 12 /* columns for a place beside other words; with fewer left it has its own line */

/* ---- counters and times ---- */

static void show_counters(FILE *f, const struct agent_vm *vm)
{
    int shown = 0, zero = 0, beside = out_width(f) < OUT_NARROW ? 1 : 2;
    for (int c = 0; c < JITSTAT_NCOUNTERS; c++) {
        if (!vm->own.counters[c]) {
            zero++;
            continue;
        }
        fprintf(f, "%s%-24s %10" PRIu64, shown % beside ? "   " : "    ", counter_name(c), (uint64_t)vm->own.counters[c]);
        if (++shown % beside == 0)
            fputc('\n', f);
    }
    if (shown % beside)
        fputc('\n', f);
    int column = fprintf(f, "    zero:");
    for (int c = 0; zero && c < JITSTAT_NCOUNTERS; c++) {
        if (vm->own.counters[c])
            continue;
        if (column + 1 + (int)strlen(counter_name(c)) > out_width(f))
            column = (fputc('\n', f), fprintf(f, "      "));
        column += fprintf(f, " %s", counter_name(c));
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
    static const int order[] = {JITSTAT_T_TRACING, JITSTAT_T_OPTIMIZE, JITSTAT_T_BACKEND};
    for (int i = 0; i < JITSTAT_NTIMES; i++) {
        int t = order[i];
        char own[16], ns[16], half[16], outside[80] = "";
        const struct phase_stat *p = vm->bpf ? &vm->bpf->phase[t] : NULL;
        if (p && p->count)
            snprintf(outside, sizeof outside, "   outside: %10s in %" PRIu64 ", half < %s", human_ns(p->ns, ns), (uint64_t)p->count,
                     human_ns(median(p), half));
        print_words(f, 4, "%-10s %10s%s", time_name(t), human_ns(vm->own.times_ns[t], own), outside);
    }
}

/* ---- what every view begins and ends with ---- */

void text_subject(FILE *f, const struct rows *r, const struct agent_snapshot *s, double watched)
{
    ink(f, INK_BOLD);
    if (r->nvms == 1) {
        const struct row_vm *of = &r->vms[0];
        fprintf(f, "process %d (", (int)of->p->pid);
        print_clean(f, of->p->comm, 0);
        fprintf(f, ")%s, VM %u (", of->p->exited ? ", exited" : "", of->vm->id);
        print_clean(f, of->vm->guest, 0);
        fprintf(f, ")%s", of->vm->state == 2 ? ", ended" : "");
    } else
        fprintf(f, "%zu processes, %zu VMs", s->nprocesses, r->nvms);
    if (watched > 0)
        fprintf(f, ", in %.1f s", watched);
    ink(f, INK_PLAIN);
    fputc('\n', f);
}

int text_whose(FILE *f, const struct rows *r, const struct row_vm *of)
{
    char whose[24];
    if (r->nvms < 2)
        return 0;
    if (of)
        snprintf(whose, sizeof whose, "%d.%u", (int)of->p->pid, of->vm->id);
    return fprintf(f, "%9s ", of ? whose : "PID.VM");
}

static void text_alarm(FILE *f, const struct row_vm *of, const struct jitstat_alarm_rec *r, bool with_pid)
{
    char head[160], line[16];
    int at = snprintf(head, sizeof head, "  ALARM: ");
    if (with_pid)
        at += snprintf(head + at, sizeof head - (size_t)at, "%d.%u ", (int)of->p->pid, of->vm->id);
    at += snprintf(head + at, sizeof head - (size_t)at, "%s (%" PRIu64 "x)", alarm_row(r->alarm)->what, (uint64_t)r->count);
    snprintf(line, sizeof line, ":%u", r->line);
    int left = out_width(f) - at - 2 - (int)strlen(line);
    bool beside = r->file[0] && left >= PLACE_LEAST;
    ink(f, INK_RED);
    if (beside)
        fprintf(f, "%s: ", head);
    else
        print_words(f, 2, "%s", head + 2);
    if (r->file[0]) {
        fprintf(f, "%*s", beside ? 0 : 9, "");
        print_clean(f, r->file, beside ? left : out_width(f) - 9 - (int)strlen(line));
        fprintf(f, "%s\n", line);
    }
    ink(f, INK_PLAIN);
    if (r->detail[0])
        print_wrapped(f, 9, r->detail);
    print_wrapped(f, 9, alarm_advice(r->alarm, r->detail));
}

/* At most n; returns how many were shown. */
static size_t text_alarms(FILE *f, const struct row_vm *of, size_t n, bool with_pid)
{
    n = n < of->vm->nalarms ? n : of->vm->nalarms;
    for (size_t i = 0; i < n; i++)
        text_alarm(f, of, &of->vm->alarms[i], with_pid);
    return n;
}

void text_loss(FILE *f, const struct agent_loss *l)
{
    bool some = l->missed || l->ring_full || l->map_full || l->late;
    ink(f, some ? INK_YELLOW : INK_PLAIN);
    print_words(f, 0, "loss: missed %" PRIu64 ", ring full %" PRIu64 ", map full %" PRIu64 ", late %" PRIu64, l->missed, l->ring_full,
                l->map_full, l->late);
    ink(f, INK_PLAIN);
}

void text_tail(FILE *f, const struct agent_snapshot *s, bool details)
{
    struct rows r;
    if (!rows_make(&r, s, NULL))
        return;
    fprintf(f, "alarms: %zu\n", r.nalarms);
    size_t shown = 0;
    for (size_t i = 0; details && i < r.nvms; i++)
        shown += text_alarms(f, &r.vms[i], TAIL_ALARMS - shown, r.nvms > 1);
    if (details && shown < r.nalarms)
        fprintf(f, "  and %zu more: see `jitstat why`\n", r.nalarms - shown);
    text_loss(f, &s->loss);
    rows_free(&r);
}

/* ---- the whole ---- */

static void show_records(FILE *f, const struct row_vm *of)
{
    struct agent_process one = *of->p;
    struct agent_snapshot only = {.processes = &one, .nprocesses = 1};
    struct rows r;
    one.vms = (struct agent_vm *)of->vm;
    one.nvms = 1;
    if (!rows_make(&r, &only, NULL))
        return;
    if (r.nloops)
        fputs("  loops, by runs\n", f), text_loops(f, &r, TOP_ROWS);
    if (r.nexits)
        fputs("  exits\n", f), text_exits(f, &r, TOP_ROWS);
    if (r.naborts)
        fputs("  aborts\n", f), text_aborts(f, &r, TOP_ROWS);
    rows_free(&r);
}

static void show_vm(FILE *f, const struct row_vm *of)
{
    char used[16], room[16];
    const struct agent_vm *vm = of->vm;
    const struct jitstat_totals *t = &vm->own;
    fprintf(f, "  VM %u (", vm->id);
    print_clean(f, vm->guest, 0);
    fprintf(f, ")%s%s\n", vm->state == 2 ? ", ended" : "", vm->from_block ? "" : ", seen by probes only");
    print_words(f, 2, "%" PRIu64 " loops and %" PRIu64 " bridges compiled, %s of machine code in use of %s",
                (uint64_t)t->counters[JITSTAT_C_TOTAL_COMPILED_LOOPS], (uint64_t)t->counters[JITSTAT_C_TOTAL_COMPILED_BRIDGES],
                human_bytes(t->code_used, used), human_bytes(t->code_allocated, room));
    print_words(f, 2, "%" PRIu64 " entries into machine code, %" PRIu64 " exits through guards", (uint64_t)t->trace_entries,
                (uint64_t)t->guard_exits);
    text_alarms(f, of, JITSTAT_ALARMS, false);
    if (!t->counters[JITSTAT_C_TRACING] && !vm->nloops && !vm->naborts) {
        fputs("  nothing was traced\n", f);
        return;
    }
    fputs("  times\n", f);
    show_times(f, vm);
    fputs("  counters\n", f);
    show_counters(f, vm);
    show_records(f, of);
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
            show_vm(f, &(struct row_vm){p, &p->vms[k]});
        if (p->vms_lost)
            fprintf(f, "  and %" PRIu64 " VMs that found no room in the stats block\n", p->vms_lost);
    }
    text_tail(f, s, false);
}

void text_list(FILE *f, const struct agent_snapshot *s)
{
    bool narrow = out_width(f) < OUT_NARROW;
    if (narrow)
        fprintf(f, "%7s %-10s %5s %6s %6s\n", "PID", "COMM", "LOOPS", "ABORTS", "CODE");
    else
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
        fprintf(f, narrow ? "%7d " : "%7d %6u ", (int)p->pid, p->uid);
        print_padded(f, p->comm, narrow ? 10 : 15);
        if (narrow)
            fprintf(f, " %5" PRIu64 " %6" PRIu64 " %6s\n", loops, aborts, human_bytes(code, used));
        else
            fprintf(f, " %4zu %7" PRIu64 " %7" PRIu64 " %7" PRIu64 " %8s\n", p->nvms, loops, bridges, aborts, human_bytes(code, used));
    }
    text_tail(f, s, true);
}
