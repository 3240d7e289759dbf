/* source.c: what agent_open gives, as JSON lines, for tests of the daemon that must not depend on how a
 * command shows it.
 *
 *   source [OPTIONS] [STEPS...]
 *     -p PID     one process            -d  a daemon must be     -D  no daemon
 *     -b         BPF must be            -B  no BPF               -c  run counts on        -t  totals only
 *   steps, done one after the other (default: snapshot):
 *     snapshot   one line: info, loss, processes with VMs
 *     sum        one line: processes, VMs, compiles, loops, exited, loss; and how long it took
 *     events=N   prints N events, one line each (alarms too)
 *     drain      takes the events that are there, prints "drained"
 *     total=N    takes events until those that came and those shown as lost are N; prints both
 *     ready      begins to follow, prints "ready"
 *     line       prints "waiting", reads a line
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "agent/agent.h"

static const char *const event_names[] = {
#define JITSTAT_EVENT(name, hook, args) #name,
#include <jitstat/events.def>
};

/* Test programs have harmless names. */
static void string(const char *s)
{
    putchar('"');
    for (; *s; s++)
        putchar(*s == '"' || *s == '\\' || (unsigned char)*s < 0x20 || (unsigned char)*s > 0x7e ? '?' : *s);
    putchar('"');
}

static void print_loss(const struct agent_loss *l)
{
    printf("{\"missed\":%" PRIu64 ",\"ring_full\":%" PRIu64 ",\"map_full\":%" PRIu64 ",\"late\":%" PRIu64 "}", l->missed, l->ring_full, l->map_full, l->late);
}

static uint64_t seen_compiles(const struct agent_vm *v)
{
    return v->bpf ? v->bpf->seen.events[JITSTAT_E_compile] : 0;
}

static void print_vm(const struct agent_vm *v)
{
    uint64_t runs = 0;
    for (size_t i = 0; i < v->nloops; i++)
        runs += v->loops[i].runs;
    printf("{\"vm\":%u,\"guest\":", v->id);
    string(v->guest);
    printf(",\"block\":%d,\"bpf\":%d,\"compiles\":%" PRIu64 ",\"seen\":%" PRIu64 ",\"aborts\":%" PRIu64 ",\"loops\":%zu,\"sites\":%zu,\"runs\":%" PRIu64 ",\"name\":",
           v->from_block, v->bpf != NULL, (uint64_t)v->own.events[JITSTAT_E_compile], seen_compiles(v), (uint64_t)v->own.events[JITSTAT_E_abort], v->nloops, v->naborts, runs);
    string(v->nloops ? v->loops[0].name : "");
    printf(",\"loss\":");
    print_loss(&v->loss);
    putchar('}');
}

static void print_process(const struct agent_process *p)
{
    printf("{\"pid\":%d,\"uid\":%u,\"exited\":%d,\"start\":%" PRIu64 ",\"comm\":", (int)p->pid, p->uid, p->exited, p->start_ticks);
    string(p->comm);
    printf(",\"vms\":[");
    for (size_t i = 0; i < p->nvms; i++) {
        fputs(i ? "," : "", stdout);
        print_vm(&p->vms[i]);
    }
    printf("]}");
}

static void print_info(const struct agent *a)
{
    const struct agent_info *i = agent_info(a);
    printf("\"daemon\":%d,\"bpf\":%d,\"counts\":%d,\"refused\":%zu,\"events_lost\":%" PRIu64 ",\"note\":", i->daemon, i->bpf, i->counts, i->refused, i->events_lost);
    string(i->note);
}

static void print_snapshot(const struct agent *a, const struct agent_snapshot *s)
{
    printf("{");
    print_info(a);
    printf(",\"loss\":");
    print_loss(&s->loss);
    printf(",\"processes\":[");
    for (size_t i = 0; i < s->nprocesses; i++) {
        fputs(i ? "," : "", stdout);
        print_process(&s->processes[i]);
    }
    printf("]}\n");
}

static void print_sum(const struct agent *a, const struct agent_snapshot *s, double ms)
{
    size_t vms = 0, loops = 0, exited = 0;
    uint64_t compiles = 0, seen = 0, aborts = 0;
    for (size_t i = 0; i < s->nprocesses; i++) {
        exited += s->processes[i].exited;
        vms += s->processes[i].nvms;
        for (size_t k = 0; k < s->processes[i].nvms; k++) {
            const struct agent_vm *v = &s->processes[i].vms[k];
            compiles += v->own.events[JITSTAT_E_compile];
            aborts += v->own.events[JITSTAT_E_abort];
            seen += seen_compiles(v);
            loops += v->nloops;
        }
    }
    printf("{");
    print_info(a);
    printf(",\"nprocesses\":%zu,\"exited\":%zu,\"vms\":%zu,\"compiles\":%" PRIu64 ",\"seen\":%" PRIu64 ",\"aborts\":%" PRIu64 ",\"loops\":%zu,\"ms\":%.1f,\"loss\":", s->nprocesses, exited, vms, compiles, seen, aborts, loops, ms);
    print_loss(&s->loss);
    printf("}\n");
}

static void print_event(void *arg, const struct follow_event *e)
{
    printf("{\"event\":\"%s\",\"pid\":%u,\"vm\":%" PRIu64 ",\"number\":%" PRIu64 ",\"count\":%" PRIu64 ",\"name\":", e->event < JITSTAT_NEVENTS ? event_names[e->event] : "alarm",
           e->id.process.tgid, (uint64_t)e->id.vm, (uint64_t)e->number, (uint64_t)e->count);
    string(e->name);
    printf("}\n");
    fflush(stdout);
}

static void count_event(void *arg, const struct follow_event *e)
{
    *(uint64_t *)arg += e->event < JITSTAT_NEVENTS;
}

/* received: since the agent began to follow. */
static int await_total(struct agent *a, uint64_t *received, uint64_t want)
{
    uint64_t ring_full = 0;
    for (int tries = 0; tries < 600 && *received + agent_info(a)->events_lost + ring_full != want; tries++) {
        if (agent_events(a, 50, count_event, received) < 0)
            return -1;
        struct agent_snapshot *s = agent_snapshot_take(a);
        ring_full = s ? s->loss.ring_full : 0;
        agent_snapshot_free(s);
    }
    printf("{\"received\":%" PRIu64 ",\"late\":%" PRIu64 ",\"ring_full\":%" PRIu64 "}\n", *received, agent_info(a)->events_lost, ring_full);
    return 0;
}

static int give_up(const struct agent *a)
{
    fprintf(stderr, "source: %s\n", a ? agent_error(a) : "out of memory");
    return 1;
}

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int step(struct agent *a, const char *what)
{
    static uint64_t received;
    char line[64];
    double from = now_ms();
    int r;
    if (strncmp(what, "events=", 7) == 0) {
        for (int n = atoi(what + 7); n > 0; n -= r)
            if ((r = agent_events(a, -1, print_event, NULL)) < 0)
                return give_up(a);
    } else if (strcmp(what, "drain") == 0) {
        while ((r = agent_events(a, 0, count_event, &received)) > 0)
            ;
        if (r < 0)
            return give_up(a);
        puts("drained");
    } else if (strncmp(what, "total=", 6) == 0) {
        if (await_total(a, &received, strtoull(what + 6, NULL, 10)) < 0)
            return give_up(a);
    } else if (strcmp(what, "ready") == 0) {
        if (agent_events(a, 0, print_event, NULL) < 0)
            return give_up(a);
        puts("ready");
    } else if (strcmp(what, "line") == 0) {
        puts("waiting");
        fflush(stdout);
        if (!fgets(line, sizeof line, stdin))
            return 1;
    } else {
        struct agent_snapshot *s = agent_snapshot_take(a);
        if (!s)
            return give_up(a);
        if (strcmp(what, "sum") == 0)
            print_sum(a, s, now_ms() - from);
        else
            print_snapshot(a, s);
        agent_snapshot_free(s);
    }
    fflush(stdout);
    return 0;
}

int main(int argc, char **argv)
{
    struct agent_open_options o = {.bpf = AGENT_TRY, .daemon = AGENT_TRY};
    struct agent *a;
    int c, r = 0;
    while ((c = getopt(argc, argv, "p:dDbBct")) != -1)
        switch (c) {
        case 'p': o.pid = atoi(optarg); break;
        case 'd': o.daemon = AGENT_MUST; break;
        case 'D': o.daemon = AGENT_NOT; break;
        case 'b': o.bpf = AGENT_MUST; break;
        case 'B': o.bpf = AGENT_NOT; break;
        case 'c': o.counts = true; break;
        case 't': o.totals_only = true; break;
        default: return 2;
        }
    if (agent_open(&a, &o) < 0)
        r = give_up(a);
    else if (optind == argc)
        r = step(a, "snapshot");
    for (; r == 0 && optind < argc; optind++)
        r = step(a, argv[optind]);
    agent_free(a);
    return r;
}
