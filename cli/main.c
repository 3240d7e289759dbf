/* main.c: the table of sub-commands, help and version. A command slots in as one file and one row. */
#include <errno.h>
#include <string.h>

#include "cli/cli.h"

static const struct command *const commands[] = {&cmd_stat, &cmd_list, &cmd_run, &cmd_snapshot, &cmd_why, &cmd_loops, &cmd_aborts, &cmd_exits,
                                                 &cmd_dump, &cmd_top, &cmd_trace, &cmd_diff, &cmd_metrics, &cmd_doctor};
#define NCOMMANDS (sizeof commands / sizeof commands[0])

static int main_help(FILE *f)
{
    fputs("usage: jitstat [-p PID] [INTERVAL [COUNT]]\n"
          "       jitstat COMMAND [OPTIONS]\n"
          "See what a tracing JIT does, from outside the process.\n\n",
          f);
    for (size_t i = 0; i < NCOMMANDS; i++)
        fprintf(f, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
    fputs("\n`jitstat COMMAND --help` tells more; jitstat(1) has every field.\n\n"
          "examples:\n"
          "  jitstat 1                             what all JITs do, a line per second\n"
          "  jitstat why -p 1234                   why is process 1234 slow?\n"
          "  jitstat run -- jitlua prog.lua        run a program and show what was compiled\n"
          "  jitstat run -j -o out.json -- prog    the same as JSON into a file\n"
          "  jitstat aborts -i out.json            and what was given up there, with advice\n",
          f);
    return EXIT_OK;
}

/* ---- finding the command ---- */

/* How many letters have to be changed, added or left out (Levenshtein); names are short. */
static int distance(const char *a, const char *b)
{
    int row[32], n = (int)strlen(b);
    if (n > 30)
        return 99;
    for (int k = 0; k <= n; k++)
        row[k] = k;
    for (int i = 1; a[i - 1]; i++) {
        int diagonal = row[0];
        row[0] = i;
        for (int k = 1; k <= n; k++) {
            int best = diagonal + (a[i - 1] != b[k - 1]);
            diagonal = row[k];
            best = row[k] + 1 < best ? row[k] + 1 : best;
            row[k] = row[k - 1] + 1 < best ? row[k - 1] + 1 : best;
        }
    }
    return row[n];
}

static int unknown(const char *name)
{
    const char *nearest = NULL;
    int least = 3;
    for (size_t i = 0; i < NCOMMANDS; i++) {
        int d = distance(name, commands[i]->name);
        if (d < least || (strlen(name) > 2 && strncmp(name, commands[i]->name, strlen(name)) == 0)) {
            least = d;
            nearest = commands[i]->name;
        }
    }
    if (nearest)
        return fail(EXIT_USAGE, "no command %s: did you mean `jitstat %s`?", name, nearest);
    return fail(EXIT_USAGE, "no command %s: see `jitstat --help`", name);
}

static const struct command *command_named(const char *name)
{
    for (size_t i = 0; i < NCOMMANDS; i++)
        if (strcmp(name, commands[i]->name) == 0)
            return commands[i];
    return NULL;
}

static int dispatch(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || (strcmp(name, "help") == 0 && argc < 3))
        return main_help(stdout);
    if (strcmp(name, "help") == 0)
        return command_named(argv[2]) ? help(command_named(argv[2])) : unknown(argv[2]);
    if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0)
        return printf("jitstat " JITSTAT_VERSION " (stats block layout %d)\n", JITSTAT_LAYOUT) < 0;
    if (argc < 2 || name[0] == '-' || (name[0] >= '0' && name[0] <= '9') || name[0] == '.')
        return cmd_stat.run(argc, argv);
    return command_named(name) ? command_named(name)->run(argc - 1, argv + 1) : unknown(name);
}

int main(int argc, char **argv)
{
    int status = dispatch(argc, argv);
    if (fflush(stdout) != 0 || ferror(stdout))
        return status ? status : fail(EXIT_FAILED, "the output could not be written: %s", strerror(errno));
    return status;
}
