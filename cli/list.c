/* list.c: `jitstat list`: the processes that run a JIT of ours and that the caller may read. */
#include "cli/cli.h"

static int show(const struct options *o, const struct agent_snapshot *s)
{
    (o->json ? json_list : text_list)(stdout, s);
    return EXIT_OK;
}

static int run(int argc, char **argv)
{
    struct options o = {.rows = 0};
    int e = options_parse(&cmd_list, &o, argc, argv);
    return e ? (e < 0 ? EXIT_OK : e) : feed_once(&o, FEED_TOTALS, show);
}

const struct command cmd_list = {
    .name = "list",
    .run = run,
    .accepts = "ji",
    .summary = "list the processes that run a JIT of ours",
    .usage = "list [-j] [-i FILE]\n"
             "Lists the processes that run a JIT of ours and that you may read.\n\n"
             "  -i, --input FILE  those of a saved snapshot (- is stdin)\n"
             "  -j, --json        as JSON\n\n"
             "example:\n"
             "  jitstat list\n",
};
