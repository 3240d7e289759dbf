/* metrics.c: `jitstat metrics`: the state as Prometheus text, for a node exporter's textfile folder
 * or a scrape by a wrapper. No library in the application.
 *
 * Base units, counters end in _total, and a label is never a source place: its values would be
 * without bound. One series per VM; what has a small closed set of values (reason, phase, alarm) is
 * a label.
 *
 * Before it: rows.c.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

/* A label's value: what print_json_string writes is more than the format allows, so by hand. */
static void label_value(const char *s)
{
    char *clean = NULL;
    size_t size;
    FILE *f = open_memstream(&clean, &size);
    if (!f)
        return;
    print_clean(f, s, 0);
    fclose(f);
    for (const char *c = clean; *c; c++) {
        if (*c == '"' || *c == '\\')
            putchar('\\');
        putchar(*c);
    }
    free(clean);
}

static void labels(const struct row_vm *of, const char *key, const char *value)
{
    printf("{pid=\"%d\",comm=\"", (int)of->p->pid);
    label_value(of->p->comm);
    printf("\",vm=\"%u\",guest=\"", of->vm->id);
    label_value(of->vm->guest);
    putchar('"');
    if (key) {
        printf(",%s=\"", key);
        for (const char *c = value; *c; c++)
            putchar(tolower((unsigned char)*c));
        putchar('"');
    }
    fputs("} ", stdout);
}

static void family(const char *name, const char *type, const char *help)
{
    printf("# HELP jitstat_%s %s\n# TYPE jitstat_%s %s\n", name, help, name, type);
}

/* One value per VM, at its offset in the totals. */
struct simple {
    const char *name, *type, *help;
    size_t word;
};
#define WORD(field) offsetof(struct jitstat_totals, field) / sizeof(__u64)
static const struct simple simples[] = {
    {"compiled_loops_total", "counter", "Loops and entry bridges compiled.", WORD(counters[JITSTAT_C_TOTAL_COMPILED_LOOPS])},
    {"compiled_bridges_total", "counter", "Bridges compiled.", WORD(counters[JITSTAT_C_TOTAL_COMPILED_BRIDGES])},
    {"freed_loops_total", "counter", "Loops and entry bridges freed.", WORD(counters[JITSTAT_C_TOTAL_FREED_LOOPS])},
    {"freed_bridges_total", "counter", "Bridges freed.", WORD(counters[JITSTAT_C_TOTAL_FREED_BRIDGES])},
    {"code_used_bytes", "gauge", "Machine code in use.", WORD(code_used)},
    {"code_allocated_bytes", "gauge", "Machine-code area mapped.", WORD(code_allocated)},
    {"code_refused_total", "counter", "Times the kernel refused executable memory.", WORD(code_refused)},
    {"trace_entries_total", "counter", "Entries from the interpreter into machine code.", WORD(trace_entries)},
    {"guard_exits_total", "counter", "Exits from machine code through guards.", WORD(guard_exits)},
    {"flushes_total", "counter", "Times all code was thrown away.", WORD(flushes)},
    {"blacklisted_total", "counter", "Places that are not tried any more.", WORD(blacklisted)},
};

static void write_simples(const struct rows *r)
{
    for (size_t m = 0; m < sizeof simples / sizeof simples[0]; m++) {
        family(simples[m].name, simples[m].type, simples[m].help);
        for (size_t i = 0; i < r->nvms; i++) {
            printf("jitstat_%s", simples[m].name);
            labels(&r->vms[i], NULL, NULL);
            printf("%" PRIu64 "\n", (uint64_t)((const __u64 *)&r->vms[i].vm->own)[simples[m].word]);
        }
    }
}

static void write_times(const struct rows *r)
{
    family("compilation_time_seconds_total", "counter", "Wall-clock time in a phase, exclusive.");
    for (size_t i = 0; i < r->nvms; i++)
        for (int t = 0; t < JITSTAT_NTIMES; t++) {
            uint64_t ns = r->vms[i].vm->own.times_ns[t];
            fputs("jitstat_compilation_time_seconds_total", stdout);
            labels(&r->vms[i], "phase", time_name(t));
            printf("%" PRIu64 ".%09" PRIu64 "\n", ns / 1000000000u, ns % 1000000000u);
        }
}

static void write_aborts(const struct rows *r)
{
    family("aborts_total", "counter", "Recordings given up, by reason.");
    for (size_t i = 0; i < r->nvms; i++)
        for (int a = 0; a < JITSTAT_NABORTS; a++) {
            char name[48];
            snprintf(name, sizeof name, "ABORT_%s", abort_row((uint32_t)a)->name);
            fputs("jitstat_aborts_total", stdout);
            labels(&r->vms[i], "reason", abort_row((uint32_t)a)->name);
            printf("%" PRIu64 "\n", (uint64_t)r->vms[i].vm->own.counters[counter_number(name)]);
        }
}

static uint64_t alarm_count(const struct agent_vm *vm, uint32_t alarm)
{
    uint64_t n = 0;
    for (size_t i = 0; i < vm->nalarms; i++)
        n += vm->alarms[i].alarm == alarm ? vm->alarms[i].count : 0;
    return n;
}

static void write_alarms(const struct rows *r)
{
    family("alarms_total", "counter", "Alarms raised, by kind.");
    for (size_t i = 0; i < r->nvms; i++)
        for (uint32_t a = 1; a < JITSTAT_NALARMS; a++) {
            fputs("jitstat_alarms_total", stdout);
            labels(&r->vms[i], "alarm", alarm_row(a)->name);
            printf("%" PRIu64 "\n", alarm_count(r->vms[i].vm, a));
        }
}

static void write_loss(const struct agent_snapshot *s)
{
    family("lost_total", "counter", "What was not seen, by cause.");
    printf("jitstat_lost_total{cause=\"missed\"} %" PRIu64 "\njitstat_lost_total{cause=\"ring_full\"} %" PRIu64
           "\njitstat_lost_total{cause=\"map_full\"} %" PRIu64 "\njitstat_lost_total{cause=\"late\"} %" PRIu64 "\n",
           s->loss.missed, s->loss.ring_full, s->loss.map_full, s->loss.late);
}

static int show(const struct options *o, const struct agent_snapshot *s)
{
    struct rows r;
    struct sum sum;
    if (!rows_make(&r, s, NULL))
        return fail(EXIT_FAILED, "out of memory");
    sum_make(&sum, s);
    family("processes", "gauge", "Processes that run a JIT of ours.");
    printf("jitstat_processes %zu\n", sum.processes);
    write_simples(&r);
    write_times(&r);
    write_aborts(&r);
    write_alarms(&r);
    write_loss(s);
    rows_free(&r);
    return EXIT_OK;
}

static int run(int argc, char **argv)
{
    struct options o = {.json = false};
    int e = options_parse(&cmd_metrics, &o, argc, argv);
    return e ? (e < 0 ? EXIT_OK : e) : feed_once(&o, FEED_TOTALS, show);
}

const struct command cmd_metrics = {
    .name = "metrics",
    .run = run,
    .accepts = "pai",
    .summary = "print everything as Prometheus metrics",
    .usage = "metrics [-p PID | -a | -i FILE]\n"
             "Prints counters, times, aborts and alarms in Prometheus' text format: base\n"
             "units, one series per VM, never a source place as a label.\n\n"
             "  -p, --pid PID     of these processes (a list, or several times)\n"
             "  -a, --all         of all that may be read (the default)\n"
             "  -i, --input FILE  of a saved snapshot (- is stdin)\n\n"
             "examples:\n"
             "  sudo jitstat metrics > /var/lib/node_exporter/jitstat.prom.new\n"
             "  jitstat metrics -p 1234 | grep aborts_total\n",
};
