/* list.c: `jitstat list`: the processes that run a JIT of ours and that the caller may read. */
#include <getopt.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

static int run(int argc, char **argv)
{
    static const struct option longs[] = {{"json", no_argument, 0, 'j'}, {"help", no_argument, 0, 'h'}, {0}};
    bool json = false;
    struct agent *a;
    size_t refused = 0;
    int o;
    opterr = 0;
    while ((o = getopt_long(argc, argv, "+:jh", longs, NULL)) != -1)
        switch (o) {
        case 'j': json = true; break;
        case 'h': return help(&cmd_list);
        default: return misuse(&cmd_list, "list: no option %s", argv[optind - 1]);
        }
    if (optind < argc)
        return misuse(&cmd_list, "list: what is %s?", argv[optind]);
    if (agent_new(&a) < 0)
        return fail(EXIT_FAILED, "out of memory");
    int e = agent_add_all(a, &refused);
    struct agent_snapshot *s = e < 0 ? NULL : agent_snapshot_take(a);
    if (!s)
        e = fail(EXIT_FAILED, "%s", agent_error(a));
    else {
        (json ? json_list : text_list)(stdout, s);
        if (!json && refused && geteuid() != 0)
            fail(0, "processes of other users are not shown: run as root to see them");
        e = EXIT_OK;
    }
    agent_snapshot_free(s);
    agent_free(a);
    return e;
}

const struct command cmd_list = {
    .name = "list",
    .run = run,
    .summary = "list the processes that run a JIT of ours",
    .usage = "list [-j]\n"
             "Lists the processes that run a JIT of ours.\n\n"
             "  -j, --json  as JSON\n\n"
             "example:\n"
             "  jitstat list\n",
};
