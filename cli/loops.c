/* loops.c: `jitstat loops`: every compiled trace: where it comes from, how large it is, how often it
 * ran and was left.
 *
 * Before it: rows.c.
 */
#include <inttypes.h>
#include <string.h>

#include "cli/cli.h"

#define COUNT_MS 1000 /* -c without SECONDS */

static void text_loop(FILE *f, const struct rows *r, const struct row_loop *row)
{
    const struct jitstat_loop *l = row->l;
    char runs[16], exits[16], code[16];
    int at = text_whose(f, r, &row->of);
    const char *ran = r->runs_total ? human_count(l->runs, runs) : "-";
    if (out_width(f) < OUT_NARROW)
        at += fprintf(f, "%6s %6s ", ran, human_count(row->exits, exits));
    else
        at += fprintf(f, "%6s %6s %-6s %6" PRIu64 " %5u %6u %7s %-5s ", ran,
                      human_count(row->exits, exits), kind_name(l->kind), (uint64_t)l->number, l->nops, l->nguards,
                      human_bytes(l->code_size, code), l->state == 2 ? "freed" : "live");
    print_clean(f, l->name, out_width(f) - at);
    fputc('\n', f);
}

void text_loops(FILE *f, const struct rows *r, size_t n)
{
    ink(f, INK_BOLD);
    text_whose(f, r, NULL);
    if (out_width(f) < OUT_NARROW)
        fprintf(f, "%6s %6s %s", "RUNS", "EXITS", "SOURCE");
    else
        fprintf(f, "%6s %6s %-6s %6s %5s %6s %7s %-5s %s", "RUNS", "EXITS", "KIND", "NUMBER", "OPS", "GUARDS", "CODE", "STATE", "SOURCE");
    ink(f, INK_PLAIN);
    fputc('\n', f);
    n = n && n < r->nloops ? n : r->nloops;
    for (size_t i = 0; i < n; i++)
        text_loop(f, r, &r->loops[i]);
    if (n < r->nloops)
        fprintf(f, "and %zu more\n", r->nloops - n);
    uint64_t lost = 0;
    for (size_t i = 0; i < r->nvms; i++)
        lost += r->vms[i].vm->loops_lost;
    if (lost)
        fprintf(f, "and %" PRIu64 " that found no room in the stats block\n", lost);
    if (r->nloops && !r->runs_total)
        print_words(f, 0, "RUNS: counts were not on; `jitstat loops -c 5` counts for 5 seconds");
}

static void text(const struct rows *r, size_t n, const struct agent_snapshot *s)
{
    text_loops(stdout, r, n);
}

static void json(struct json *j, const struct rows *r, size_t n)
{
    for (size_t i = 0; i < r->nloops && (!n || i < n); i++)
        json_loop(j, &r->loops[i], true);
}

static int show(const struct options *o, const struct agent_snapshot *s)
{
    return view_show(&(struct view){"loops", text, json, false}, o, s);
}

static int run(int argc, char **argv)
{
    struct options o = {.rows = 20};
    int e = options_parse(&cmd_loops, &o, argc, argv);
    if (e)
        return e < 0 ? EXIT_OK : e;
    if (o.sort && !rows_sort_known(o.sort))
        return misuse(&cmd_loops, "cannot sort by %s: runs, exits, size, ops, guards, source or number", o.sort);
    if (o.counts && !o.interval_ms)
        o.interval_ms = COUNT_MS;
    return feed_once(&o, FEED_ALL, show);
}

const struct command cmd_loops = {
    .name = "loops",
    .run = run,
    .accepts = "pajSricN",
    .summary = "show every compiled trace: source, size, runs, exits",
    .usage = "loops [-p PID | -a | -i FILE] [-S KEY] [-r N] [-j] [-c] [SECONDS]\n"
             "Shows compiled loops, entries and bridges: how often they ran and were left, how\n"
             "large they are and where they come from. With SECONDS: what happens in them.\n\n"
             "  -p, --pid PID     of these processes (a list, or several times)\n"
             "  -a, --all         of all that may be read (the default)\n"
             "  -i, --input FILE  of a saved snapshot (- is stdin)\n"
             "  -S, --sort KEY    runs (default), exits, size, ops, guards, source, number\n"
             "  -r, --rows N      at most N rows (20; 0: all)\n"
             "  -c, --counts      turn run counts on for SECONDS (1): needs root or jitstatd;\n"
             "                    costs some 2 % meanwhile\n"
             "  -j, --json        as JSON\n\n"
             "RUNS are counted while somebody asks: -c, `jitstat run`, `jitstat top -c`,\n"
             "js.enable_debug() in the program. EXITS are counted always.\n\n"
             "examples:\n"
             "  sudo jitstat loops -p 1234 -c 5\n"
             "  jitstat loops -p 1234 -S exits\n"
             "  jitstat loops -S size -r 5\n",
};
