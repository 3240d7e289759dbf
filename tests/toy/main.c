/* main.c: toy PROGRAM [N]: runs a built-in program or a file, then says in one line of JSON what
 * jitstat_get_stats_snapshot gives. JITSTAT=... sets parameters. Exit status: 0, 1 an error of the program, 2 usage.
 *
 * Before: the command line. After: asm.c, interp.c.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "opt/opt.h"
#include "toy/toy.h"

static char *read_file(const char *name)
{
    FILE *f = fopen(name, "r");
    char *text = NULL;
    size_t n = 0;
    if (!f) return NULL;
    if (getdelim(&text, &n, 0, f) < 0) {
        free(text);
        text = NULL;
    }
    fclose(f);
    return text;
}

static void print_group(const char *name, const uint64_t *v, int n, const char *(*text)(int))
{
    printf(",\"%s\":{", name);
    for (int i = 0; i < n; i++) printf("%s\"%s\":%llu", i ? "," : "", text(i), (unsigned long long)v[i]);
    printf("}");
}

static const char *counter(int i) { return jitstat_counter_name(i); }
static const char *event(int i) { return obs_event_name((enum jitstat_event)i); }
static const char *timer(int i) { return i == JITSTAT_T_TRACING ? "TRACING" : i == JITSTAT_T_BACKEND ? "BACKEND"
                                                                                                     : "OPTIMIZE"; }

static void print_snapshot(struct toy *t)
{
    struct jitstat_snapshot *s;
    if (jitstat_get_stats_snapshot(t->vm, &s) != 0) return;
    printf("{\"vm\":%u,\"pid\":%d", t->vm->obs->blk->id, (int)getpid());
    print_group("counters", (const uint64_t *)s->totals.counters, JITSTAT_NCOUNTERS, counter);
    print_group("times_ns", (const uint64_t *)s->totals.times_ns, JITSTAT_NTIMES, timer);
    print_group("events", (const uint64_t *)s->totals.events, JITSTAT_NEVENTS, event);
    printf(",\"trace_entries\":%llu,\"guard_exits\":%llu}\n", (unsigned long long)s->totals.trace_entries, (unsigned long long)s->totals.guard_exits);
    jitstat_snapshot_free(s);
}

static int usage(void)
{
    fprintf(stderr, "usage: toy PROGRAM [N]\n  a file, or one of:");
    for (int i = 0; toy_program_names[i]; i++) fprintf(stderr, " %s", toy_program_names[i]);
    fputc('\n', stderr);
    return 2;
}

int main(int argc, char **argv)
{
    int64_t n = 0;
    if (argc < 2 || argc > 3) return usage();
    char *text = toy_program(argv[1], &n);
    if (!text) text = read_file(argv[1]);
    if (!text) return usage();
    if (argc == 3) n = atoll(argv[2]);
    jit_opt_verify = 1;
    struct toy *t = toy_new(argv[1], secure_getenv("JITSTAT"), stdout);
    bool ok = t && toy_load(t, text) && toy_call(t, "main", &n, 1, NULL);
    if (!ok) fprintf(stderr, "%s\n", t ? t->error : "no memory");
    if (t) print_snapshot(t);
    toy_free(t);
    free(text);
    return ok ? 0 : 1;
}
