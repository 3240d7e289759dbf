/* main.c: the table of sub-commands, help and version. A command slots in as one file and one row. */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

static const struct command *const commands[] = {&cmd_run, &cmd_snapshot, &cmd_list, &cmd_dump};
#define NCOMMANDS (sizeof commands / sizeof commands[0])

static void say(const char *fmt, va_list ap)
{
    fputs("jitstat: ", stderr);
    char line[1024];
    vsnprintf(line, sizeof line, fmt, ap);
    print_clean(stderr, line, 0);
    fputc('\n', stderr);
}

int fail(int status, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    say(fmt, ap);
    va_end(ap);
    return status;
}

int misuse(const struct command *c, const char *fmt, ...)
{
    char line[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    return fail(EXIT_USAGE, "%s (see `jitstat %s --help`)", line, c->name);
}

int help(const struct command *c)
{
    printf("usage: jitstat %s", c->usage);
    return EXIT_OK;
}

bool number(const char *text, long min, long max, long *out)
{
    char *end;
    errno = 0;
    *out = strtol(text, &end, 10);
    return *text && *end == 0 && errno == 0 && *out >= min && *out <= max;
}

static int main_help(FILE *f)
{
    fputs("usage: jitstat COMMAND [OPTIONS]\n"
          "See what a tracing JIT does, from outside the process.\n\n",
          f);
    for (size_t i = 0; i < NCOMMANDS; i++)
        fprintf(f, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
    fputs("\n`jitstat COMMAND --help` tells more; jitstat(1) has examples and every field.\n\n"
          "examples:\n"
          "  jitstat run -- jitlua prog.lua        run a program and show what was compiled\n"
          "  jitstat run -j -o out.json -- prog    the same as JSON into a file\n"
          "  jitstat list                          processes with a JIT of ours\n"
          "  jitstat snapshot -p 1234              what the JIT of process 1234 did so far\n",
          f);
    return EXIT_OK;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        main_help(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0)
        return main_help(stdout);
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0)
        return printf("jitstat " JITSTAT_VERSION " (stats block layout %d)\n", JITSTAT_LAYOUT) < 0;
    for (size_t i = 0; i < NCOMMANDS; i++)
        if (strcmp(argv[1], commands[i]->name) == 0) {
            int status = commands[i]->run(argc - 1, argv + 1);
            if (fflush(stdout) != 0 || ferror(stdout))
                return status ? status : fail(EXIT_FAILED, "the output could not be written: %s", strerror(errno));
            return status;
        }
    return fail(EXIT_USAGE, "no command %s: see `jitstat --help`", argv[1]);
}
