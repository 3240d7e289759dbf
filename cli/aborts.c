/* aborts.c: `jitstat aborts`: what was given up: reason x source line x count x tracing time lost,
 * ranked by the time, each with what to do about it.
 *
 * Before it: rows.c.
 */
#include <inttypes.h>
#include <string.h>

#include "cli/cli.h"

static void text_abort(FILE *f, const struct rows *r, const struct row_abort *row)
{
    const struct jitstat_abort_site *s = row->site;
    const struct abort_row *why = abort_row(s->reason);
    char count[16], lost[16], line[16], advice[256];
    int at = text_whose(f, r, &row->of);
    if (out_width(f) < OUT_NARROW)
        at += fprintf(f, "%6s %-10.10s ", human_count(s->count, count), why->name);
    else
        at += fprintf(f, "%6s %9s %-16s %-6s ", human_count(s->count, count), human_ns(s->ns_lost, lost), why->name, kind_name(s->kind));
    snprintf(line, sizeof line, ":%u", s->line);
    print_clean(f, s->file, out_width(f) - at - (int)strlen(line));
    fprintf(f, "%s\n", line);
    snprintf(advice, sizeof advice, "%s: %s", why->help, why->advice);
    print_wrapped(f, 7, advice);
}

void text_aborts(FILE *f, const struct rows *r, size_t n)
{
    ink(f, INK_BOLD);
    text_whose(f, r, NULL);
    if (out_width(f) < OUT_NARROW)
        fprintf(f, "%6s %-10s %s", "COUNT", "REASON", "SOURCE");
    else
        fprintf(f, "%6s %9s %-16s %-6s %s", "COUNT", "LOST", "REASON", "KIND", "SOURCE");
    ink(f, INK_PLAIN);
    fputc('\n', f);
    n = n && n < r->naborts ? n : r->naborts;
    for (size_t i = 0; i < n; i++)
        text_abort(f, r, &r->aborts[i]);
    if (n < r->naborts)
        fprintf(f, "and %zu more places\n", r->naborts - n);
    uint64_t folded = 0;
    for (size_t i = 0; i < r->nvms; i++)
        folded += r->vms[i].vm->aborts_lost;
    if (folded)
        fprintf(f, "and %" PRIu64 " that found no room in the stats block\n", folded);
}

/* How much of all tracing led to nothing. */
static void text_cost(FILE *f, const struct rows *r, const struct agent_snapshot *s)
{
    struct sum sum;
    uint64_t lost = 0, tracing;
    char time[16];
    sum_make(&sum, s);
    for (size_t i = 0; i < r->naborts; i++)
        lost += r->aborts[i].site->ns_lost;
    tracing = sum.t.times_ns[JITSTAT_T_TRACING];
    print_words(f, 0, "%" PRIu64 " of %" PRIu64 " recordings aborted at %zu place%s, %s lost (%.0f %% of tracing)", totals_aborts(&sum.t),
                (uint64_t)sum.t.counters[JITSTAT_C_TRACING], r->naborts, r->naborts == 1 ? "" : "s", human_ns(lost, time),
                tracing ? 100.0 * (double)lost / (double)tracing : 0);
}

static void text(const struct rows *r, size_t n, const struct agent_snapshot *s)
{
    text_cost(stdout, r, s);
    if (r->naborts)
        text_aborts(stdout, r, n);
}

static void json(struct json *j, const struct rows *r, size_t n)
{
    for (size_t i = 0; i < r->naborts && (!n || i < n); i++)
        json_abort(j, &r->aborts[i], true);
}

static int show(const struct options *o, const struct agent_snapshot *s)
{
    return view_show(&(struct view){"aborts", text, json, false}, o, s);
}

static int run(int argc, char **argv)
{
    struct options o = {.rows = 10};
    int e = options_parse(&cmd_aborts, &o, argc, argv);
    return e ? (e < 0 ? EXIT_OK : e) : feed_once(&o, FEED_TOTALS, show);
}

const struct command cmd_aborts = {
    .name = "aborts",
    .run = run,
    .accepts = "pajriN",
    .summary = "show what was given up: reason, source line, time lost, advice",
    .usage = "aborts [-p PID | -a | -i FILE] [-r ROWS] [-j] [SECONDS]\n"
             "Shows where recordings were given up: how often, the tracing time that led to\n"
             "nothing, why, and what to do about it. Most expensive first. With SECONDS: those\n"
             "of so long from now on, not all since the process began.\n\n"
             "  -p, --pid PID     of these processes (a list, or several times)\n"
             "  -a, --all         of all that may be read (the default)\n"
             "  -i, --input FILE  of a saved snapshot (- is stdin)\n"
             "  -r, --rows N      at most N rows (10; 0: all)\n"
             "  -j, --json        as JSON\n\n"
             "examples:\n"
             "  jitstat aborts -p 1234\n"
             "  jitstat run -j -o out.json -- jitlua prog.lua; jitstat aborts -i out.json\n",
};
