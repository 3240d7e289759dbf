/* cli.h: what the commands share. One file per command, one per output form; main.c has the table.
 *
 * Exit status: 0 ok, 1 failed (one line on stderr that says what to do), 2 wrong usage. `run`
 * exits with its command's status.
 *
 * Before it on the walk: agent/.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdio.h>

#include "agent/agent.h"

enum { EXIT_OK = 0,
       EXIT_FAILED = 1,
       EXIT_USAGE = 2,
       EXIT_OWN = 125,
       EXIT_NOT_EXECUTABLE = 126,
       EXIT_NOT_FOUND = 127 };

struct command {
    const char *name;
    int (*run)(int argc, char **argv); /* argv[0] is the command's name; returns the exit status */
    const char *summary;
    const char *usage; /* printed after "usage: jitstat " */
};
extern const struct command cmd_run, cmd_snapshot, cmd_list, cmd_dump;

/* Prints "jitstat: ..." as one line on stderr and returns status. */
int fail(int status, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A usage error: the line, where to find help, EXIT_USAGE. */
int misuse(const struct command *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Prints the command's help on stdout; returns EXIT_OK. */
int help(const struct command *c);
/* A decimal number from min to max; false if text is anything else. */
bool number(const char *text, long min, long max, long *out);

/* ---- output forms ---- */
void json_snapshot(FILE *f, const struct agent_snapshot *s, bool maps);
void text_snapshot(FILE *f, const struct agent_snapshot *s);
void text_list(FILE *f, const struct agent_snapshot *s);
void json_list(FILE *f, const struct agent_snapshot *s);

/* ---- print.c: strings that other processes wrote ---- */
/* Prints s, at most width columns (0: all), its head cut away if longer; what is not printable
 * UTF-8 becomes '?'. Returns the columns printed. */
int print_clean(FILE *f, const char *s, int width);
/* Prints s as a JSON string. */
void print_json_string(FILE *f, const char *s);
/* 1234567 as "1.2M": bytes with base 1024. */
const char *human_bytes(uint64_t n, char room[16]);
/* Nanoseconds as "12.3 ms". */
const char *human_ns(uint64_t ns, char room[16]);

#endif
