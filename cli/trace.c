/* trace.c: `jitstat trace`: the events as they happen, one line each.
 *
 * With BPF (own or a daemon's) every event comes with all its arguments. Without it the blocks are
 * polled: then there are the outcomes only (compile, abort, free, flush, blacklist, alarm), and one
 * line on stderr says so. What the arguments of an event are called comes from events.def.
 *
 * Before it: agent/events.c.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/cli.h"

struct tracer {
    const struct options *o;
    struct feed *src;
    uint64_t wanted; /* bit per event, the highest for alarms of blocks */
    uint64_t shown;
    uint64_t began_ns;
    int width; /* of the wanted events' names */
};

#define ALARM_BIT 63

/* ---- which events ---- */

static int want_event(struct tracer *t, const char *name)
{
    int e = event_number(name);
    if (strcmp(name, "alarm") == 0) {
        t->wanted |= 1ull << ALARM_BIT;
        return 0;
    }
    if (e >= 0)
        t->wanted |= 1ull << e;
    for (int k = 0; e < 0 && k < JITSTAT_NEVENTS; k++) /* "tracing" stands for its begin and end */
        if (strncmp(event_name(k), name, strlen(name)) == 0 && strncmp(event_name(k) + strlen(name), "__", 2) == 0)
            t->wanted |= 1ull << k, e = EXIT_OK - 2;
    return e == -1 ? misuse(&cmd_trace, "no event %s: docs/probes.md lists them", name) : 0;
}

/* By default what changes the state of the JIT; begins, ends and counts of phases are asked for. */
static int choose_events(struct tracer *t)
{
    char *list = strdup(t->o->events ? t->o->events : "compile,abort,free,flush,blacklist,exit__hot,alarm");
    int e = list ? 0 : fail(EXIT_FAILED, "out of memory");
    for (char *save, *p = list ? strtok_r(list, ",", &save) : NULL; p && !e; p = strtok_r(NULL, ",", &save)) {
        if (strcmp(p, "all") == 0)
            t->wanted = ~0ull;
        else
            e = want_event(t, p);
    }
    for (int k = 0; k < JITSTAT_NEVENTS; k++)
        if (t->wanted >> k & 1 && (int)strlen(event_name(k)) > t->width)
            t->width = (int)strlen(event_name(k));
    free(list);
    return e;
}

static bool wanted(const struct tracer *t, const struct follow_event *e)
{
    int bit = e->event == FOLLOW_ALARM ? ALARM_BIT : (int)e->event;
    bool known = e->event == FOLLOW_ALARM || e->event < JITSTAT_NEVENTS;
    return known && (t->wanted >> bit & 1) && feed_wants(t->src, (pid_t)e->id.process.tgid);
}

static const char *name_of(const struct follow_event *e)
{
    return e->event == FOLLOW_ALARM ? "alarm" : event_name((int)e->event);
}

/* ---- as text ---- */

/* What a line has room for, in short; JSON has everything. */
static const char *short_name(const struct follow_event *e, const char *name)
{
    static const char *const hidden[] = {"addr", "size", "reason_id"}, *const of_loops[] = {"ops", "guards"};
    bool bridge = e->kind == JITSTAT_KIND_BRIDGE;
    for (size_t i = 0; i < sizeof hidden / sizeof hidden[0]; i++)
        if (strcmp(name, hidden[i]) == 0)
            return NULL;
    for (size_t i = 0; bridge && i < sizeof of_loops / sizeof of_loops[0]; i++)
        if (strcmp(name, of_loops[i]) == 0)
            return NULL;
    if (e->event == JITSTAT_E_compile && !bridge && (strcmp(name, "parent") == 0 || strcmp(name, "guard_number") == 0))
        return NULL;
    return strcmp(name, "guard_number") == 0 ? "guard" : strcmp(name, "abort_line") == 0 ? "line"
                                                                                         : name;
}

static void text_details(FILE *f, const struct follow_event *e)
{
    const uint64_t *arg = (const uint64_t *)e->args;
    char room[16];
    for (int i = 0; i < event_args((int)e->event); i++) {
        const struct event_arg *a = event_arg((int)e->event, i);
        const char *name = a->type == ARG_NUMBER ? short_name(e, a->name) : NULL;
        if (!name)
            continue;
        if (strcmp(name, "ns") == 0)
            fprintf(f, " %s", human_ns(arg[i], room));
        else
            fprintf(f, " %s=%" PRIu64, name, arg[i]);
    }
    if (e->count > 1)
        fprintf(f, " (%" PRIu64 "x)", (uint64_t)e->count);
}

static char *details_of(const struct follow_event *e)
{
    const char *text = strncmp(e->text, "ABORT_", 6) == 0 ? e->text + 6 : e->text;
    char *details = NULL;
    size_t size;
    FILE *f = open_memstream(&details, &size);
    if (!f)
        return NULL;
    if (e->event == FOLLOW_ALARM)
        fprintf(f, " %s", alarm_row(e->kind)->name);
    if (text[0])
        fputc(' ', f), print_clean(f, text, 24);
    if (e->event != FOLLOW_ALARM)
        text_details(f, e);
    fclose(f);
    return details;
}

/* Details are made first: how long they are says what is left for the place. */
static void text_event(struct tracer *t, const struct follow_event *e)
{
    char place[JITSTAT_NAME_LEN + 16] = "", who[24];
    char *details = details_of(e);
    if (!details)
        return;
    if (e->name[0])
        snprintf(place, sizeof place, "%.*s", JITSTAT_NAME_LEN - 1, e->name);
    else if (e->file[0])
        snprintf(place, sizeof place, "%.*s:%" PRIu64, JITSTAT_ABORT_FILE_LEN - 1, e->file, (uint64_t)e->line);
    if (t->o->npids == 1)
        snprintf(who, sizeof who, "%" PRIu64, (uint64_t)e->id.vm);
    else
        snprintf(who, sizeof who, "%u.%" PRIu64, e->id.process.tgid, (uint64_t)e->id.vm);
    int at = printf("%8.3f %*s %-*s ", (double)(e->time_ns - t->began_ns) / 1e9, t->o->npids == 1 ? 2 : 9, who, t->width, name_of(e));
    if (e->event != FOLLOW_ALARM && e->kind)
        at += printf("%c%-5" PRIu64 " ", kind_letter(e->kind), (uint64_t)e->number);
    int left = out_width(stdout) - at - (int)strlen(details);
    print_clean(stdout, place, left > 12 ? left : 12);
    fputs(details, stdout);
    putchar('\n');
    free(details);
    if (e->event == FOLLOW_ALARM)
        print_wrapped(stdout, 19, alarm_advice(e->kind, e->text));
}

/* ---- as JSON ---- */

static void json_event(const struct follow_event *e)
{
    struct json j = {stdout, false};
    const uint64_t *arg = (const uint64_t *)e->args;
    json_open(&j, NULL, '{');
    json_seconds(&j, "time", e->time_ns);
    json_string(&j, "event", name_of(e));
    json_u64(&j, "pid", e->id.process.tgid);
    json_string(&j, "comm", e->comm);
    json_u64(&j, "vm", e->id.vm);
    json_u64(&j, "times", e->count ? e->count : 1);
    if (e->event == FOLLOW_ALARM) {
        json_string(&j, "alarm", alarm_row(e->kind)->name);
        json_string(&j, "detail", e->text);
        json_string(&j, "advice", alarm_advice(e->kind, e->text));
    } else {
        json_string(&j, "kind", e->kind ? (char[]){kind_letter(e->kind), 0} : "");
        json_u64(&j, "number", e->number);
        json_string(&j, "name", e->name);
    }
    json_string(&j, "file", e->file);
    json_u64(&j, "line", e->line);
    bool text = false; /* the first string is carried */
    for (int i = 0; e->event != FOLLOW_ALARM && i < event_args((int)e->event); i++) {
        const struct event_arg *a = event_arg((int)e->event, i);
        if (a->type == ARG_NUMBER)
            json_u64(&j, a->name, arg[i]);
        else if (a->type == ARG_STRING && !text) {
            json_string(&j, a->name, e->text);
            text = true;
        }
    }
    json_close(&j, '{');
    putchar('\n');
}

/* How it ended, and what was not seen: after the last event. */
static void text_end(const struct tracer *t, const struct agent_snapshot *s)
{
    printf("%" PRIu64 " events\n", t->shown);
    text_tail(stdout, s, true);
    printf("events that came too late to be shown: %" PRIu64 "\n", agent_info(feed_agent(t->src))->events_lost);
}

static void json_end(const struct tracer *t, const struct agent_snapshot *s)
{
    struct json j = {stdout, false};
    json_open(&j, NULL, '{');
    json_string(&j, "event", "end");
    json_u64(&j, "events", t->shown);
    json_u64(&j, "events_lost", agent_info(feed_agent(t->src))->events_lost);
    json_all_alarms(&j, s);
    json_loss(&j, &s->loss);
    json_close(&j, '{');
    putchar('\n');
}

/* ---- following ---- */

/* With BPF an alarm comes twice: at once as an event, and once more when its block is looked at. */
static bool seen_before(struct tracer *t, struct follow_event *e)
{
    if (e->event == FOLLOW_ALARM)
        return agent_info(feed_agent(t->src))->bpf;
    if (e->event == JITSTAT_E_alarm) {
        e->event = FOLLOW_ALARM;
        e->kind = (uint32_t)((const struct jitstat_arg_alarm *)e->args)->alarm_id;
    }
    return false;
}

static void see(void *arg, const struct follow_event *from)
{
    struct tracer *t = arg;
    struct follow_event e = *from;
    if (seen_before(t, &e))
        return;
    e.comm[sizeof e.comm - 1] = e.name[sizeof e.name - 1] = e.file[sizeof e.file - 1] = e.text[sizeof e.text - 1] = 0;
    if (e.event == JITSTAT_E_abort && !e.line) /* from the block: only where it was given up is known */
        e.line = ((const struct jitstat_arg_abort *)e.args)->abort_line;
    if (!wanted(t, &e) || (t->o->rows && t->shown >= (uint64_t)t->o->rows))
        return;
    t->shown++;
    if (t->o->json)
        json_event(&e);
    else
        text_event(t, &e);
}

static volatile sig_atomic_t interrupted;
static void interrupt(int sig)
{
    interrupted = sig;
}

static bool target_lives(const struct tracer *t)
{
    return t->o->npids != 1 || kill(t->o->pids[0], 0) == 0 || errno == EPERM;
}

static int follow(struct tracer *t)
{
    struct agent *a = feed_agent(t->src);
    struct sigaction sa = {.sa_handler = interrupt}; /* without SA_RESTART: poll returns */
    sigaction(SIGINT, &sa, NULL);
    sigaction(SIGTERM, &sa, NULL);
    int r = agent_events(a, 0, see, t);
    fail(0, "following%s; Ctrl-C ends", agent_info(a)->bpf ? "" : " outcomes in stats blocks; all events need BPF: sudo");
    while (r >= 0 && !interrupted && !(t->o->rows && t->shown >= (uint64_t)t->o->rows)) {
        bool lives = target_lives(t);
        r = agent_events(a, lives ? 100 : 0, see, t);
        fflush(stdout);
        if (!lives)
            break;
    }
    if (interrupted) /* what happened before Ctrl-C is shown */
        r = agent_events(a, 0, see, t);
    return r < 0 && r != -EINTR ? fail(EXIT_FAILED, "%s", agent_error(a)) : EXIT_OK;
}

static int run(int argc, char **argv)
{
    struct options o = {.rows = 0};
    struct tracer t = {.o = &o, .width = 5};
    struct timespec now;
    int e = options_parse(&cmd_trace, &o, argc, argv);
    if (e)
        return e < 0 ? EXIT_OK : e;
    clock_gettime(CLOCK_MONOTONIC, &now);
    t.began_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
    if ((e = choose_events(&t)) || (e = feed_open(&t.src, &o, FEED_EVENTS)))
        return e;
    e = follow(&t);
    struct agent_snapshot *s = feed_take(t.src);
    if (s)
        (o.json ? json_end : text_end)(&t, s);
    agent_snapshot_free(s);
    feed_close(t.src);
    return e;
}

const struct command cmd_trace = {
    .name = "trace",
    .run = run,
    .accepts = "pajre",
    .summary = "show events as they happen: compiles, aborts, flushes, alarms",
    .usage = "trace [-p PID | -a] [-e EVENTS] [-r N] [-j]\n"
             "Shows events as they happen, a line each: seconds, process and VM, event, trace\n"
             "(l loop, e entry, b bridge, and its number), place, and what it carries.\n\n"
             "  -p, --pid PID      of these processes (a list, or several times)\n"
             "  -a, --all          of all that may be read, those that start later too\n"
             "  -e, --events LIST  these: names of docs/probes.md, tracing for its begin and\n"
             "                     end, or all (without: compile, abort, free, flush,\n"
             "                     blacklist, exit__hot, alarm)\n"
             "  -r, --rows N       end after N events\n"
             "  -j, --json         a JSON object per line; the last one, of event \"end\", has\n"
             "                     the alarms and the loss\n\n"
             "All events need BPF (root). Without it the stats blocks tell outcomes only.\n\n"
             "examples:\n"
             "  sudo jitstat trace -p 1234\n"
             "  sudo jitstat trace -e abort,blacklist -j | jq -r '.file + \" \" + .reason'\n"
             "  jitstat trace -e alarm -r 1   # waits for an alarm\n",
};
