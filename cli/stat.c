/* stat.c: `jitstat [-p PID] [INTERVAL [COUNT]]`: one line per interval, as vmstat(8): the first since
 * the processes began, the others what happened since the line before.
 *
 * Processes come and go: the numbers of those that ended stay in the sum, so that no line goes
 * backwards. Ctrl-C ends it with one more line, the sum of all intervals.
 *
 * Before it: rows.c (sums), columns.def.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"

struct sample {
    struct sum sum;
    uint64_t lost;
    double seconds; /* of the interval; 0: since start */
};

static uint64_t sample_time(const struct sample *s)
{
    uint64_t ns = 0;
    for (int t = 0; t < JITSTAT_NTIMES; t++)
        ns += s->sum.t.times_ns[t];
    return ns;
}

enum form { COUNT,
            RATE,
            LEVEL,
            TIME,
            BYTES };
struct column {
    const char *name, *title;
    int width;
    enum form form;
    int shown;
    uint64_t (*value)(const struct sample *s);
    int counter; /* without value: of counters.def */
};

#define STAT_COLUMN(name, TITLE, width, form, shown, expression, help) \
    static uint64_t value_##name(const struct sample *s) \
    { \
        return expression; \
    }
#include "cli/columns.def"
static const struct column all_columns[] = {
#define STAT_COLUMN(name, TITLE, width, form, shown, expression, help) {#name, #TITLE, width, form, shown, value_##name, 0},
#include "cli/columns.def"
};
#define NALL (sizeof all_columns / sizeof all_columns[0])
#define COLUMNS_MAX 32
#define STAMP_WIDTH 8 /* and a blank */

struct stat_view {
    const struct options *o;
    struct column columns[COLUMNS_MAX + 1];
    size_t ncolumns;
    int lines; /* below the header */
    struct agent_snapshot *first, *prev;
    struct timespec began, last;
    sigset_t signals; /* that end it */
    bool interrupted;
};

/* ---- columns ---- */

static bool column_named(struct column *out, const char *name)
{
    for (size_t i = 0; i < NALL; i++)
        if (strcmp(all_columns[i].name, name) == 0) {
            *out = all_columns[i];
            return true;
        }
    int counter = counter_number(name);
    if (counter < 0)
        return false;
    *out = (struct column){counter_name(counter), counter_name(counter), (int)strlen(name), COUNT, 0, NULL, counter};
    out->width = out->width < 6 ? 6 : out->width;
    return true;
}

/* The loss is in every view: also among columns that do not name it. */
static void add_lost(struct stat_view *v)
{
    for (size_t i = 0; i < v->ncolumns; i++)
        if (strcmp(v->columns[i].name, "lost") == 0)
            return;
    column_named(&v->columns[v->ncolumns++], "lost");
}

static int width_of(int least, bool stamps)
{
    int width = stamps ? STAMP_WIDTH : -1; /* each column but the first follows a blank */
    for (size_t i = 0; i < NALL; i++)
        width += all_columns[i].shown >= least ? all_columns[i].width + 1 : 0;
    return width;
}

static int choose_columns(struct stat_view *v)
{
    char *list = v->o->columns ? strdup(v->o->columns) : NULL;
    int least = 1, e = 0;
    while (least < 4 && width_of(least, v->o->stamps) > out_width(stdout))
        least++;
    for (size_t i = 0; !list && i < NALL; i++)
        if (all_columns[i].shown >= least)
            v->columns[v->ncolumns++] = all_columns[i];
    for (char *save, *p = list ? strtok_r(list, ",", &save) : NULL; p && !e; p = strtok_r(NULL, ",", &save)) {
        if (v->ncolumns == COLUMNS_MAX)
            e = misuse(&cmd_stat, "more than %d columns", COLUMNS_MAX);
        else if (!column_named(&v->columns[v->ncolumns++], p))
            e = misuse(&cmd_stat, "no column %s: jitstat(1) lists them", p);
    }
    if (list && !e)
        add_lost(v);
    free(list);
    return e;
}

static uint64_t column_value(const struct column *c, const struct sample *s)
{
    return c->value ? c->value(s) : s->sum.t.counters[c->counter];
}

/* ---- text ---- */

static void text_header(const struct stat_view *v)
{
    ink(stdout, INK_BOLD);
    if (v->o->stamps)
        printf("%-*s ", STAMP_WIDTH, "TIME");
    for (size_t i = 0; i < v->ncolumns; i++)
        printf("%s%*s", i ? " " : "", v->columns[i].width, v->columns[i].title);
    ink(stdout, INK_PLAIN);
    putchar('\n');
}

static const char *cell(const struct column *c, const struct sample *s, char room[16])
{
    uint64_t n = column_value(c, s);
    double ms = (double)n / 1e6;
    switch (c->form) {
    case RATE: return human_count(s->seconds > 0 ? (uint64_t)llround((double)n / s->seconds) : n, room);
    case BYTES: return human_bytes(n, room);
    case TIME: snprintf(room, 16, "%.*f", ms < 9999 ? 1 : 0, ms); return room;
    default: return human_count(n, room);
    }
}

static void text_line(struct stat_view *v, const struct sample *s)
{
    char room[16], stamp[16];
    time_t now = time(NULL);
    struct winsize w;
    int page = isatty(1) && ioctl(1, TIOCGWINSZ, &w) == 0 && w.ws_row > 4 ? w.ws_row - 2 : 20;
    if (v->lines++ % page == 0)
        text_header(v);
    if (v->o->stamps && strftime(stamp, sizeof stamp, "%H:%M:%S", localtime(&now)))
        printf("%s ", stamp);
    for (size_t i = 0; i < v->ncolumns; i++)
        printf("%s%*s", i ? " " : "", v->columns[i].width, cell(&v->columns[i], s, room));
    putchar('\n');
    fflush(stdout);
}

/* ---- JSON: a line per interval ---- */

static void json_line(const struct sample *s, const struct agent_snapshot *snap)
{
    struct json j = {stdout, false};
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    json_open(&j, NULL, '{');
    json_u64(&j, "version", 1);
    json_seconds(&j, "time", (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec);
    json_double(&j, "interval", s->seconds);
    for (size_t i = 0; i < NALL; i++)
        if (all_columns[i].form == TIME)
            json_seconds(&j, all_columns[i].name, column_value(&all_columns[i], s));
        else if (strcmp(all_columns[i].name, "alarms") != 0)
            json_u64(&j, all_columns[i].name, column_value(&all_columns[i], s));
    json_counters(&j, &s->sum.t);
    json_all_alarms(&j, snap);
    json_loss(&j, &snap->loss);
    json_close(&j, '{');
    putchar('\n');
    fflush(stdout);
}

/* ---- sampling ---- */

static double seconds_between(const struct timespec *a, const struct timespec *b)
{
    return (double)(b->tv_sec - a->tv_sec) + (double)(b->tv_nsec - a->tv_nsec) / 1e9;
}

static uint64_t lost_of(const struct agent_snapshot *s)
{
    return s ? s->loss.missed + s->loss.ring_full + s->loss.map_full + s->loss.late : 0;
}

static void sample_make(struct sample *s, const struct agent_snapshot *prev, const struct agent_snapshot *now)
{
    sum_since(&s->sum, prev, now);
    s->lost = lost_of(now) > lost_of(prev) ? lost_of(now) - lost_of(prev) : 0;
}

static void show(struct stat_view *v, const struct sample *s, const struct agent_snapshot *now)
{
    if (v->o->json)
        json_line(s, now);
    else
        text_line(v, s);
}

/* Waits for the next multiple of the interval: who was held up, by a stopped terminal or a suspended machine, leaves out the
 * lines that are over, instead of a burst of empty ones. false: a signal came. Signals are blocked but here, so none can
 * come in between and be slept over. */
static bool next_tick(struct stat_view *v, struct timespec *at)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    double late = seconds_between(at, &now) * 1000 / (double)v->o->interval_ms;
    long ms = v->o->interval_ms * ((late > 0 ? (long)late : 0) + 1);
    at->tv_nsec += ms % 1000 * 1000000;
    at->tv_sec += ms / 1000 + at->tv_nsec / 1000000000;
    at->tv_nsec %= 1000000000;
    double left = seconds_between(&now, at);
    struct timespec wait = {left > 0 ? (time_t)left : 0, left > 0 ? (long)((left - (double)(time_t)left) * 1e9) : 0};
    v->interrupted = sigtimedwait(&v->signals, NULL, &wait) > 0;
    return !v->interrupted;
}

static bool all_ended(const struct agent_snapshot *s)
{
    for (size_t i = 0; i < s->nprocesses; i++)
        if (!s->processes[i].exited)
            return false;
    return true;
}

/* One more line; false: the end, after which there is nothing to see, or no snapshot. */
static bool line(struct stat_view *v, struct feed *src)
{
    struct sample s = {.seconds = 0};
    struct timespec now;
    struct agent_snapshot *snap = feed_take(src);
    if (!snap)
        return false;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (v->prev)
        s.seconds = seconds_between(&v->last, &now);
    else
        v->began = now;
    sample_make(&s, v->prev, snap);
    show(v, &s, snap);
    if (v->prev != v->first)
        agent_snapshot_free(v->prev);
    if (!v->first)
        v->first = snap;
    v->prev = snap;
    v->last = now;
    return !(v->o->npids && all_ended(snap));
}

static void total_line(struct stat_view *v)
{
    struct sample s = {.seconds = seconds_between(&v->began, &v->last)};
    if (v->o->json || v->prev == v->first)
        return;
    sample_make(&s, v->first, v->prev);
    printf("all %.1f s:\n", s.seconds);
    v->lines = 0;
    text_line(v, &s);
}

static int watch(struct stat_view *v, struct feed *src)
{
    struct timespec at;
    sigemptyset(&v->signals);
    sigaddset(&v->signals, SIGINT);
    sigaddset(&v->signals, SIGTERM);
    sigprocmask(SIG_BLOCK, &v->signals, NULL);
    clock_gettime(CLOCK_MONOTONIC, &at);
    bool more = line(v, src);
    for (long n = 1; more && v->o->interval_ms && (!v->o->count || n < v->o->count); n++)
        more = next_tick(v, &at) && line(v, src);
    if (v->interrupted)
        total_line(v);
    else if (v->prev && v->prev->nprocesses == 0 && !v->o->json)
        feed_nothing();
    return v->prev ? EXIT_OK : EXIT_FAILED;
}

static int run(int argc, char **argv)
{
    struct options o = {.rows = 0};
    struct stat_view v = {.o = &o};
    struct feed *src;
    int e = options_parse(&cmd_stat, &o, argc, argv);
    if (e)
        return e < 0 ? EXIT_OK : e;
    if ((e = choose_columns(&v)) || (e = feed_open(&src, &o, FEED_TOTALS)))
        return e;
    e = watch(&v, src);
    if (!o.json)
        feed_note(src);
    if (v.prev != v.first)
        agent_snapshot_free(v.prev);
    agent_snapshot_free(v.first);
    feed_close(src);
    return e;
}

const struct command cmd_stat = {
    .name = "stat",
    .run = run,
    .accepts = "pajTCI",
    .summary = "one line per interval, as vmstat; the command when none is named",
    .usage = "[stat] [-p PID | -a] [-T] [-C COLUMNS] [-j] [INTERVAL [COUNT]]\n"
             "One line per INTERVAL seconds, COUNT of them or until Ctrl-C: the first since\n"
             "the processes began, the others what happened since the line before.\n\n"
             "  -p, --pid PID       these processes (a list, or several times)\n"
             "  -a, --all           all that may be read (the default)\n"
             "  -T, --timestamp     begin lines with the time\n"
             "  -C, --columns LIST  these columns: names of jitstat(1), or any counter's\n"
             "  -j, --json          a JSON object per line\n\n"
             "columns of -C, beside all counters by their names:\n"
#define STAT_COLUMN(name, TITLE, width, form, shown, expression, help) "  " #name " (" #TITLE "): " help "\n"
#include "cli/columns.def"
             "\nexamples:\n"
             "  jitstat 1\n"
             "  jitstat -p 1234 -T 5 12\n"
             "  jitstat -C loops,OPS,OPT_OPS,OPT_GUARDS 1\n",
};
