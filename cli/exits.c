/* exits.c: `jitstat exits`: the guards through which machine code is left most, and whether a bridge
 * took over. A guard with a bridge is no longer counted: its count is what it had until then. The
 * other ways out stand among them by what they are: end (of the trace, the interpreter goes on),
 * poll (an interrupt at a back edge), due (the collector wanted its turn).
 *
 * Before it: rows.c.
 */
#include <inttypes.h>
#include <string.h>

#include "cli/cli.h"

static void text_exit(FILE *f, const struct rows *r, const struct row_exit *x)
{
    char exits[16], guard[16], bridge[24] = "-", place[JITSTAT_NAME_LEN + 16];
    int at = text_whose(f, r, &x->of);
    snprintf(guard, sizeof guard, "%u", x->e->guard);
    if (x->bridge)
        snprintf(bridge, sizeof bridge, "%" PRIu64, (uint64_t)x->bridge->number);
    double share = r->exits_total ? 100.0 * (double)x->e->exits / (double)r->exits_total : 0;
    if (out_width(f) < OUT_NARROW)
        at += fprintf(f, "%6s %5.1f%% ", human_count(x->e->exits, exits), share);
    else
        at += fprintf(f, "%6s %5.1f%% %-6s %6" PRIu64 " %5s %6s ", human_count(x->e->exits, exits),
                      share, kind_name(x->l->kind), (uint64_t)x->l->number,
                      x->e->kind == JITSTAT_X_GUARD ? guard : exit_name(x->e->kind), bridge);
    print_clean(f, exit_place(x, place), out_width(f) - at);
    fputc('\n', f);
}

void text_exits(FILE *f, const struct rows *r, size_t n)
{
    ink(f, INK_BOLD);
    text_whose(f, r, NULL);
    if (out_width(f) < OUT_NARROW)
        fprintf(f, "%6s %6s %s", "EXITS", "SHARE", "SOURCE");
    else
        fprintf(f, "%6s %6s %-6s %6s %5s %6s %s", "EXITS", "SHARE", "KIND", "NUMBER", "GUARD", "BRIDGE", "SOURCE");
    ink(f, INK_PLAIN);
    fputc('\n', f);
    n = n && n < r->nexits ? n : r->nexits;
    for (size_t i = 0; i < n; i++)
        text_exit(f, r, &r->exits[i]);
    if (n < r->nexits)
        fprintf(f, "and %zu more guards\n", r->nexits - n);
}

static void text(const struct rows *r, size_t n, const struct agent_snapshot *s)
{
    print_words(stdout, 0, "%" PRIu64 " exits from machine code through %zu guard%s", r->exits_total, r->nexits, r->nexits == 1 ? "" : "s");
    if (r->nexits)
        text_exits(stdout, r, n);
}

static void json(struct json *j, const struct rows *r, size_t n)
{
    for (size_t i = 0; i < r->nexits && (!n || i < n); i++)
        json_exit(j, &r->exits[i], true);
}

static int show(const struct options *o, const struct agent_snapshot *s)
{
    return view_show(&(struct view){"exits", text, json, false}, o, s);
}

static int run(int argc, char **argv)
{
    struct options o = {.rows = 20};
    int e = options_parse(&cmd_exits, &o, argc, argv);
    return e ? (e < 0 ? EXIT_OK : e) : feed_once(&o, FEED_ALL, show);
}

const struct command cmd_exits = {
    .name = "exits",
    .run = run,
    .accepts = "pajriN",
    .summary = "show the guards that machine code is left through most",
    .usage = "exits [-p PID | -a | -i FILE] [-r ROWS] [-j] [SECONDS]\n"
             "Shows the guards through which machine code is left most, with their source\n"
             "line, their share of all exits, and the bridge that took over (-: none). GUARD\n"
             "is its number, or: end (of the trace), poll (an interrupt), due (the collector).\n"
             "With SECONDS: those of so long from now on, not all since the process began.\n\n"
             "  -p, --pid PID     of these processes (a list, or several times)\n"
             "  -a, --all         of all that may be read (the default)\n"
             "  -i, --input FILE  of a saved snapshot (- is stdin)\n"
             "  -r, --rows N      at most N rows (20; 0: all)\n"
             "  -j, --json        as JSON\n\n"
             "examples:\n"
             "  jitstat exits -p 1234 5\n"
             "  jitstat exits -j | jq '.exits[] | select(.share > 0.1 and .bridge == null)'\n",
};
