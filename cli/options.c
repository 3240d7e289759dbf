/* options.c: the options that most commands share: one meaning, one spelling, one error message.
 *
 * A command says which letters it accepts; what it does not accept is a usage error. I stands for
 * INTERVAL [COUNT] behind the options, N for an INTERVAL alone, F for files.
 */
#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

static const struct option longs[] = {
    {"pid", required_argument, 0, 'p'},
    {"all", no_argument, 0, 'a'},
    {"json", no_argument, 0, 'j'},
    {"timestamp", no_argument, 0, 'T'},
    {"rows", required_argument, 0, 'r'},
    {"sort", required_argument, 0, 'S'},
    {"input", required_argument, 0, 'i'},
    {"columns", required_argument, 0, 'C'},
    {"events", required_argument, 0, 'e'},
    {"counts", no_argument, 0, 'c'},
    {"help", no_argument, 0, 'h'},
    {0},
};

static int take_pids(const struct command *c, struct options *o, char *list)
{
    for (char *save, *p = strtok_r(list, ",", &save); p; p = strtok_r(NULL, ",", &save)) {
        long pid;
        if (!number(p, 1, 0x7fffffff, &pid))
            return misuse(c, "%s is no process id", p);
        if (o->npids == OPTIONS_PIDS)
            return misuse(c, "more than %d processes: use -a", OPTIONS_PIDS);
        o->pids[o->npids++] = (pid_t)pid;
    }
    return o->npids ? 0 : misuse(c, "-p wants a process id");
}

/* INTERVAL [COUNT], as in vmstat(8); seconds may have a fraction. */
static int take_interval(const struct command *c, struct options *o, char **argv, int n)
{
    char *end;
    if (n == 0)
        return 0;
    bool several = strchr(c->accepts, 'I');
    if (!several && !strchr(c->accepts, 'N'))
        return misuse(c, "what is %s?", argv[0]);
    double seconds = strtod(argv[0], &end);
    if (*end || end == argv[0] || !(seconds >= 0.01 && seconds <= 1e6))
        return misuse(c, "%s is no interval: seconds, from 0.01", argv[0]);
    o->interval_ms = lround(seconds * 1000);
    if (several && n > 1 && !number(argv[1], 1, 1000000000, &o->count))
        return misuse(c, "%s is no count", argv[1]);
    return n > 1 + several ? misuse(c, "what is %s?", argv[1 + several]) : 0;
}

static int take(const struct command *c, struct options *o, int letter)
{
    switch (letter) {
    case 'p': return take_pids(c, o, optarg);
    case 'a': o->all = true; return 0;
    case 'j': o->json = true; return 0;
    case 'T': o->stamps = true; return 0;
    case 'c': o->counts = true; return 0;
    case 'S': o->sort = optarg; return 0;
    case 'i': o->input = optarg; return 0;
    case 'C': o->columns = optarg; return 0;
    case 'e': o->events = optarg; return 0;
    default: return number(optarg, 0, 1000000000, &o->rows) ? 0 : misuse(c, "-r wants a number of rows, 0 for all, not %s", optarg);
    }
}

/* The option as it was typed, which getopt has stepped over, with its value if that stands apart. */
static int refuse(const struct command *c, char **argv, int letter)
{
    const char *word = argv[optind - 1];
    if (letter == '?' && optopt && optopt < 128)
        return misuse(c, "no option -%c", optopt);
    if (letter != '?' && optarg == word)
        word = argv[optind - 2];
    if (strncmp(word, "--", 2) == 0 || letter == '?')
        return misuse(c, "no option %.*s", (int)strcspn(word, "="), word);
    return misuse(c, "no option -%c", letter);
}

/* Processes are named, all are meant, or a file is read. */
static int check_subject(const struct command *c, const struct options *o)
{
    if (o->input && (o->npids || o->all))
        return misuse(c, "-i reads a file, -p and -a look at processes: one of them");
    if (o->input && (o->counts || o->nfiles))
        return misuse(c, "-i reads a file, in which nothing happens any more: no -c, no seconds");
    return o->npids && o->all ? misuse(c, "-a is all processes and -p some: one of them") : 0;
}

int options_parse(const struct command *c, struct options *o, int argc, char **argv)
{
    int letter, e = 0;
    opterr = 0;
    optind = 1;
    while (!e && (letter = getopt_long(argc, argv, ":p:ajTr:S:i:C:e:ch", longs, NULL)) != -1) {
        if (letter == 'h') {
            help(c);
            return -1;
        }
        if (letter == ':')
            return misuse(c, "%s wants a value", argv[optind - 1]);
        if (letter == '?' || !strchr(c->accepts, letter))
            return refuse(c, argv, letter);
        e = take(c, o, letter);
    }
    o->files = argv + optind;
    o->nfiles = (size_t)(argc - optind);
    if (!e)
        e = check_subject(c, o);
    if (!e && !strchr(c->accepts, 'F'))
        e = take_interval(c, o, o->files, (int)o->nfiles);
    return e;
}
