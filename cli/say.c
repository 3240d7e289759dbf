/* say.c: messages: one line on stderr, and what the command exits with. */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>

#include "cli/cli.h"

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
