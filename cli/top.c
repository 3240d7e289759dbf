/* top.c: `jitstat top`: all processes with a JIT, the busiest first, and what one of them compiled,
 * gave up and leaves its machine code through.
 *
 * A frame is made as text lines (frame_*), then shown at once (term.c), so everything that is shown
 * goes through the same functions as the other commands' output. At 40 columns columns are left out
 * from the right; at 10 rows the hints.
 *
 * Before it: rows.c, loops.c, aborts.c, exits.c, why.c for the views of one process.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/cli.h"
#include "cli/term.h"

enum page { PAGE_PROCESSES,
            PAGE_LOOPS,
            PAGE_ABORTS,
            PAGE_EXITS,
            PAGE_WHY,
            PAGE_HELP };

/* One process: as it is, and what it did since the frame before. */
struct entry {
    const struct agent_process *p;
    struct sum sum, since;
    uint64_t lost;
};

struct top {
    const struct options *o;
    struct feed *src;
    struct agent_snapshot *prev, *now;
    double seconds; /* between them; 0: since start */
    struct timespec taken;
    struct entry *entries;
    size_t nentries;
    enum page page, help_from;
    size_t sort; /* column */
    pid_t selected;
    struct agent *looking; /* at the selected process, for its pages: the others' loops are not read */
    pid_t looked_at;
    struct agent_snapshot *page_now;
    size_t scroll; /* of a process's pages */
    bool paused;
    long interval_ms;
    int rows, columns;
    char **lines; /* of the frame */
    size_t nlines;
};

/* ---- columns of the process page ---- */

static double value_pid(const struct top *t, const struct entry *e)
{
    return e->p->pid;
}
static double value_jit(const struct top *t, const struct entry *e)
{
    double ns = 0;
    for (int i = 0; i < JITSTAT_NTIMES; i++)
        ns += (double)e->since.t.times_ns[i];
    return t->seconds > 0 ? ns / 1e7 / t->seconds : 0;
}
static double value_loops(const struct top *t, const struct entry *e)
{
    return (double)e->sum.t.counters[JITSTAT_C_TOTAL_COMPILED_LOOPS];
}
static double value_bridges(const struct top *t, const struct entry *e)
{
    return (double)e->sum.t.counters[JITSTAT_C_TOTAL_COMPILED_BRIDGES];
}
static double value_aborts(const struct top *t, const struct entry *e)
{
    return (double)totals_aborts(&e->sum.t);
}
static double value_exits(const struct top *t, const struct entry *e)
{
    return t->seconds > 0 ? (double)e->since.t.guard_exits / t->seconds : 0;
}
static double value_code(const struct top *t, const struct entry *e)
{
    return (double)e->sum.t.code_used;
}
static double value_alarms(const struct top *t, const struct entry *e)
{
    return (double)e->sum.alarms;
}
static double value_vms(const struct top *t, const struct entry *e)
{
    return (double)e->sum.vms;
}
static double value_lost(const struct top *t, const struct entry *e)
{
    return (double)e->lost;
}

enum { SORT_PID = 0,
       SORT_JIT = 1 };
static const struct top_column {
    const char *title;
    int width;
    enum { TOP_COUNT,
           TOP_PERCENT,
           TOP_BYTES,
           TOP_NAME } form;
    double (*value)(const struct top *t, const struct entry *e);
} columns[] = {
    {"PID", 7, TOP_COUNT, value_pid},
    {"JIT%", 5, TOP_PERCENT, value_jit},
    {"LOOPS", 5, TOP_COUNT, value_loops},
    {"BRIDG", 5, TOP_COUNT, value_bridges},
    {"ABORT", 5, TOP_COUNT, value_aborts},
    {"ALARM", 5, TOP_COUNT, value_alarms},
    {"EXIT/s", 6, TOP_COUNT, value_exits},
    {"CODE", 6, TOP_BYTES, value_code},
    {"VMS", 3, TOP_COUNT, value_vms},
    {"LOST", 4, TOP_COUNT, value_lost},
};
#define NCOLUMNS (sizeof columns / sizeof columns[0])

/* ---- state ---- */

static const struct top *sorting; /* for qsort */
static int busier(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    double v = columns[sorting->sort].value(sorting, x), w = columns[sorting->sort].value(sorting, y);
    if (v != w)
        return (v < w) != (sorting->sort == SORT_PID) ? 1 : -1;
    return (x->p->pid > y->p->pid) - (x->p->pid < y->p->pid);
}

static void sort_entries(struct top *t)
{
    sorting = t;
    if (t->nentries)
        qsort(t->entries, t->nentries, sizeof *t->entries, busier);
    bool there = false;
    for (size_t i = 0; i < t->nentries; i++)
        there |= t->entries[i].p->pid == t->selected;
    if (!there && t->page == PAGE_PROCESSES)
        t->selected = t->nentries ? t->entries[0].p->pid : 0;
}

static void make_entries(struct top *t)
{
    free(t->entries);
    t->entries = calloc(t->now->nprocesses + 1, sizeof *t->entries);
    t->nentries = t->entries ? t->now->nprocesses : 0;
    for (size_t i = 0; i < t->nentries; i++) {
        struct entry *e = &t->entries[i];
        struct agent_snapshot one = {.processes = &t->now->processes[i], .nprocesses = 1};
        e->p = &t->now->processes[i];
        sum_make(&e->sum, &one);
        sum_since(&e->since, t->prev, &one);
        for (size_t k = 0; k < e->p->nvms; k++) {
            const struct agent_loss *l = &e->p->vms[k].loss;
            e->lost += l->missed + l->ring_full + l->map_full + l->late;
        }
    }
    sort_entries(t);
}

static bool take(struct top *t)
{
    struct timespec now;
    struct agent_snapshot *s = feed_take(t->src);
    if (!s)
        return false;
    clock_gettime(CLOCK_MONOTONIC, &now);
    agent_snapshot_free(t->prev);
    t->prev = t->now;
    t->now = s;
    t->seconds = t->prev ? (double)(now.tv_sec - t->taken.tv_sec) + (double)(now.tv_nsec - t->taken.tv_nsec) / 1e9 : 0;
    t->taken = now;
    make_entries(t);
    return true;
}

/* ---- the frame ---- */

static void frame_line(struct top *t, char colour, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static void frame_line(struct top *t, char colour, const char *fmt, ...)
{
    char *text = NULL, *line = NULL;
    va_list ap;
    va_start(ap, fmt);
    if (vasprintf(&text, fmt, ap) < 0)
        text = NULL;
    va_end(ap);
    char **grown = realloc(t->lines, (t->nlines + 1) * sizeof *grown);
    if (grown)
        t->lines = grown;
    if (text && grown && asprintf(&line, "%c%s", colour, text) >= 0)
        t->lines[t->nlines++] = line;
    free(text);
}

static void frame_clear(struct top *t)
{
    for (size_t i = 0; i < t->nlines; i++)
        free(t->lines[i]);
    t->nlines = 0;
}

/* Foreign strings are cleaned on their way into a line. */
static const char *cleaned(const char *s, int width, char *room, size_t size)
{
    FILE *f = fmemopen(room, size, "w");
    if (!f)
        return "";
    print_padded(f, s, width);
    fclose(f);
    room[size - 1] = 0;
    return room;
}

static void frame_head(struct top *t)
{
    struct sum sum, since;
    char clock[16] = "", code[16], exits[16];
    time_t now = time(NULL);
    double ns = 0;
    sum_make(&sum, t->now);
    sum_since(&since, t->prev, t->now);
    for (int i = 0; i < JITSTAT_NTIMES; i++)
        ns += (double)since.t.times_ns[i];
    strftime(clock, sizeof clock, "%H:%M:%S", localtime(&now));
    frame_line(t, 'b', "jitstat %s  %zu processes  %zu VMs  %s", clock, sum.processes, sum.vms, t->paused ? "PAUSED" : "");
    if (t->rows >= 14)
        frame_line(t, ' ', "+%" PRIu64 " loops +%" PRIu64 " bridges +%" PRIu64 " aborts  JIT %.1f%%  %s exits/s  code %s",
                   (uint64_t)(t->prev ? since.t.counters[JITSTAT_C_TOTAL_COMPILED_LOOPS] : 0),
                   (uint64_t)(t->prev ? since.t.counters[JITSTAT_C_TOTAL_COMPILED_BRIDGES] : 0), t->prev ? totals_aborts(&since.t) : 0,
                   t->seconds > 0 ? ns / 1e7 / t->seconds : 0,
                   human_count(t->seconds > 0 ? (uint64_t)llround((double)since.t.guard_exits / t->seconds) : 0, exits),
                   human_bytes(sum.t.code_used, code));
    const struct agent_loss *l = &t->now->loss;
    bool some = l->missed || l->ring_full || l->map_full || l->late;
    if (t->columns >= 60)
        frame_line(t, some ? 'y' : ' ', "alarms %" PRIu64 "  loss: missed %" PRIu64 ", ring full %" PRIu64 ", map full %" PRIu64 ", late %" PRIu64,
                   sum.alarms, l->missed, l->ring_full, l->map_full, l->late);
    else
        frame_line(t, some ? 'y' : ' ', "alarms %" PRIu64 "  lost %" PRIu64, sum.alarms, l->missed + l->ring_full + l->map_full + l->late);
}

/* In lines of the width, at most `most`; returns how many. */
static int frame_words(struct top *t, char colour, int indent, int most, const char *words)
{
    char *text = NULL, *save;
    size_t size;
    int n = 0;
    FILE *f = open_memstream(&text, &size);
    if (!f)
        return 0;
    print_wrapped(f, indent, words);
    fclose(f);
    for (char *line = text ? strtok_r(text, "\n", &save) : NULL; line && n < most; line = strtok_r(NULL, "\n", &save), n++)
        frame_line(t, colour, "%s", line);
    free(text);
    return n;
}

/* With room for it, the advice has lines of its own. Returns how many lines it took, at most `most`. */
static int frame_alarm(struct top *t, const struct agent_process *p, const struct jitstat_alarm_rec *r, int most)
{
    char file[JITSTAT_ABORT_FILE_LEN * 3], place[sizeof file + 16] = "", head[sizeof place + 160];
    const char *what = alarm_row(r->alarm)->what, *advice = alarm_advice(r->alarm, r->detail);
    if (r->file[0]) {
        FILE *f = fmemopen(file, sizeof file, "w");
        if (f) {
            print_clean(f, r->file, 24);
            fclose(f);
        }
        snprintf(place, sizeof place, " %s:%u", f ? file : "", r->line);
    }
    snprintf(head, sizeof head, "! %d%s %s (%" PRIu64 "x)", (int)p->pid, place, what, (uint64_t)r->count);
    if (most < 3) {
        snprintf(head, sizeof head, "! %d%s %s: %s", (int)p->pid, place, what, advice);
        return frame_words(t, 'r', 0, most, head);
    }
    frame_line(t, 'r', "%s", head);
    return 1 + frame_words(t, ' ', 4, 2, advice);
}

/* The alarms, on about a fifth of the screen; a large one shows each in full. */
static void frame_alarms(struct top *t)
{
    bool large = t->rows >= 20;
    int room = large ? t->rows / 10 * 3 : t->rows / 5, left = 0;
    for (size_t i = 0; i < t->nentries; i++)
        for (size_t k = 0; k < t->entries[i].p->nvms; k++)
            for (size_t n = 0; n < t->entries[i].p->vms[k].nalarms; n++) {
                if (room >= (large ? 3 : 1))
                    room -= frame_alarm(t, t->entries[i].p, &t->entries[i].p->vms[k].alarms[n], large ? 3 : room < 2 ? room
                                                                                                                     : 2);
                else
                    left++;
            }
    if (left && t->rows >= 14)
        frame_line(t, 'r', "! and %d more: Enter, then w", left);
}

/* ---- the process page ---- */

static void cell(FILE *f, const struct top *t, const struct top_column *c, const struct entry *e)
{
    char room[16];
    double v = c->value(t, e);
    if (c->value == value_jit && e->p->exited)
        fprintf(f, "%*s ", c->width, "ended");
    else if (c->form == TOP_PERCENT)
        fprintf(f, "%*.1f ", c->width, v);
    else
        fprintf(f, "%*s ", c->width, c->form == TOP_BYTES ? human_bytes((uint64_t)v, room) : c->value == value_pid ? (snprintf(room, sizeof room, "%.0f", v), room)
                                                                                                                   : human_count((uint64_t)llround(v), room));
}

/* Columns from the left as long as at least eight are left for the name. */
static size_t columns_that_fit(const struct top *t)
{
    int used = 0;
    for (size_t i = 0; i < NCOLUMNS; i++)
        if ((used += columns[i].width + 1) + 8 > t->columns)
            return i;
    return NCOLUMNS;
}

static void frame_entry(struct top *t, const struct entry *e, size_t ncolumns)
{
    char *text = NULL;
    size_t size;
    FILE *f = open_memstream(&text, &size);
    if (!f)
        return;
    for (size_t i = 0; i < ncolumns; i++)
        cell(f, t, &columns[i], e);
    print_clean(f, e->p->comm, 0);
    fclose(f);
    frame_line(t, e->p->pid == t->selected ? 'i' : e->sum.alarms ? 'r'
                                                                 : ' ',
               "%s", text);
    free(text);
}

static void frame_processes(struct top *t)
{
    size_t fit = columns_that_fit(t);
    char *head = NULL;
    size_t size;
    FILE *f = open_memstream(&head, &size);
    if (!f)
        return;
    for (size_t i = 0; i < fit; i++)
        fprintf(f, "%*s%c", columns[i].width, columns[i].title, i == t->sort ? '*' : ' ');
    fprintf(f, "COMM");
    fclose(f);
    frame_line(t, 'b', "%s", head);
    free(head);
    size_t room = t->rows > (int)t->nlines + 1 ? (size_t)t->rows - t->nlines - 1 : 1, at = 0;
    for (size_t i = 0; i < t->nentries; i++)
        if (t->entries[i].p->pid == t->selected)
            at = i;
    size_t first = at >= room ? at - room + 1 : 0;
    for (size_t i = first; i < t->nentries && i < first + room; i++)
        frame_entry(t, &t->entries[i], fit);
    if (t->nentries == 0)
        frame_line(t, ' ', "no process runs a JIT of ours; waiting");
}

/* ---- pages of one process ---- */

static const struct entry *selected_entry(const struct top *t)
{
    for (size_t i = 0; i < t->nentries; i++)
        if (t->entries[i].p->pid == t->selected)
            return &t->entries[i];
    return NULL;
}

/* The selected process with its loops; what was read last, if it has ended. */
static struct agent_snapshot *look(struct top *t)
{
    struct agent_open_options o = {.pid = t->selected, .daemon = AGENT_TRY};
    if (t->looked_at != t->selected) {
        agent_free(t->looking);
        agent_snapshot_free(t->page_now);
        t->looking = NULL;
        t->page_now = NULL;
        t->looked_at = t->selected;
        if (agent_open(&t->looking, &o) < 0) {
            agent_free(t->looking);
            t->looking = NULL;
        }
    }
    struct agent_snapshot *s = t->looking && (!t->paused || !t->page_now) ? agent_snapshot_take(t->looking) : NULL;
    if (s) {
        agent_snapshot_free(t->page_now);
        t->page_now = s;
    }
    return t->page_now;
}

static char *page_text(struct top *t)
{
    struct agent_snapshot *s = look(t);
    struct rows r;
    char *text = NULL;
    size_t size;
    FILE *f = open_memstream(&text, &size);
    if (f && !s)
        fputs("it has ended, and its loops cannot be read any more\n", f);
    if (!f || !s || !rows_make(&r, s, NULL)) {
        if (f)
            fclose(f);
        return text;
    }
    switch (t->page) {
    case PAGE_ABORTS: text_aborts(f, &r, 0); break;
    case PAGE_EXITS: text_exits(f, &r, 0); break;
    case PAGE_WHY: text_why(f, &r, 0); break;
    default: text_loops(f, &r, 0);
    }
    rows_free(&r);
    fclose(f);
    return text;
}

/* A page's first line is its head and stays; the others scroll. */
static void frame_page(struct top *t)
{
    static const char *const names[] = {[PAGE_LOOPS] = "loops", [PAGE_ABORTS] = "aborts", [PAGE_EXITS] = "exits", [PAGE_WHY] = "why"};
    const struct entry *e = selected_entry(t);
    char comm[COMM_LEN * 3];
    if (!e) {
        frame_line(t, 'y', "process %d is gone; Esc goes back", (int)t->selected);
        return;
    }
    frame_line(t, 'b', "%s of process %d (%s)%s", names[t->page], (int)e->p->pid, cleaned(e->p->comm, 0, comm, sizeof comm), e->p->exited ? ", ended" : "");
    char *text = page_text(t), *save;
    size_t room = t->rows > (int)t->nlines + 1 ? (size_t)t->rows - t->nlines - 1 : 1, n = 0;
    bool headed = t->page != PAGE_WHY;
    size_t total = 0;
    for (const char *c = text; c && *c; c++)
        total += *c == '\n';
    if (t->scroll + 1 > total)
        t->scroll = total ? total - 1 : 0;
    for (char *line = text ? strtok_r(text, "\n", &save) : NULL; line; line = strtok_r(NULL, "\n", &save), n++) {
        bool head = headed && n == 0, shown = n >= t->scroll + headed && n < t->scroll + room;
        if (head || shown)
            frame_line(t, head ? 'b' : ' ', "%s", line);
    }
    free(text);
}

static void frame_help(struct top *t)
{
    static const char *const lines[] = {
        "up, down      another process",
        "Enter, right  what it compiled",
        "l a x w       its loops, aborts, exits, why",
        "Esc, left     back to the processes",
        "< >           sort by another column (*)",
        "+ -           longer, shorter interval",
        "p             pause and go on",
        "h ?           this help",
        "q             quit",
        "JIT%: of the time, in the JIT itself",
        "EXIT/s: exits through guards",
        "LOST: events that were not seen",
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        frame_line(t, ' ', "%s", lines[i]);
}

/* Exactly n lines: filled up, or cut. */
static void frame_fit(struct top *t, int n)
{
    while ((int)t->nlines < n)
        frame_line(t, ' ', "%s", "");
    while ((int)t->nlines > n && t->nlines)
        free(t->lines[--t->nlines]);
}

static void draw(struct top *t)
{
    term_size(&t->rows, &t->columns);
    out_set_width(t->columns);
    frame_clear(t);
    if (t->page != PAGE_HELP) {
        frame_head(t);
        if (t->page == PAGE_PROCESSES)
            frame_alarms(t);
    }
    if (t->page == PAGE_HELP)
        frame_help(t);
    else if (t->page == PAGE_PROCESSES)
        frame_processes(t);
    else
        frame_page(t);
    const char *lacks = feed_lacks(t->src);
    bool said = lacks[0] && t->page == PAGE_PROCESSES && t->columns >= 60 && t->rows >= 14;
    frame_fit(t, t->rows - 1 - said);
    if (said)
        frame_line(t, 'y', "%s", lacks);
    frame_line(t, 'y', "q quit  h help  Enter look  <> sort  p pause  every %.1f s", (double)t->interval_ms / 1000);
    term_show(t->lines, t->nlines);
}

/* ---- keys ---- */

static void move(struct top *t, int by)
{
    if (t->page != PAGE_PROCESSES) {
        t->scroll = by < 0 && (size_t)-by > t->scroll ? 0 : t->scroll + (size_t)by;
        return;
    }
    for (size_t i = 0; i < t->nentries; i++)
        if (t->entries[i].p->pid == t->selected) {
            long to = (long)i + by;
            to = to < 0 ? 0 : to >= (long)t->nentries ? (long)t->nentries - 1
                                                      : to;
            t->selected = t->entries[to].p->pid;
            return;
        }
}

static void open_page(struct top *t, enum page page)
{
    if (t->selected || page == PAGE_PROCESSES || page == PAGE_HELP) {
        t->help_from = t->page;
        t->page = page;
        t->scroll = 0;
    }
}

static void back(struct top *t)
{
    t->page = t->page == PAGE_HELP ? t->help_from : PAGE_PROCESSES;
    sort_entries(t);
}

static void sort_by(struct top *t, size_t by)
{
    t->sort = (t->sort + by) % NCOLUMNS;
    sort_entries(t);
}

/* Returns false to end. */
static bool handle(struct top *t, int key)
{
    switch (key) {
    case KEY_END_OF_INPUT:
    case 'q': return false;
    case KEY_UP:
    case 'k': move(t, -1); break;
    case KEY_DOWN:
    case 'j': move(t, 1); break;
    case KEY_PAGE_UP: move(t, -(t->rows - 6 > 1 ? t->rows - 6 : 1)); break;
    case KEY_PAGE_DOWN: move(t, t->rows - 6 > 1 ? t->rows - 6 : 1); break;
    case '\r':
    case '\n':
    case KEY_RIGHT:
        if (t->page == PAGE_PROCESSES)
            open_page(t, PAGE_LOOPS);
        break;
    case 'l': open_page(t, PAGE_LOOPS); break;
    case 'a': open_page(t, PAGE_ABORTS); break;
    case 'x': open_page(t, PAGE_EXITS); break;
    case 'w': open_page(t, PAGE_WHY); break;
    case KEY_ESCAPE:
    case KEY_LEFT:
    case 127: back(t); break;
    case '<': sort_by(t, NCOLUMNS - 1); break;
    case '>':
    case 's': sort_by(t, 1); break;
    case '+': t->interval_ms *= t->interval_ms < 60000 ? 2 : 1; break;
    case '-': t->interval_ms /= t->interval_ms > 200 ? 2 : 1; break;
    case 'p': t->paused = !t->paused; break;
    case 'h':
    case '?':
        if (t->page != PAGE_HELP)
            open_page(t, PAGE_HELP);
        break;
    default: break;
    }
    return true;
}

/* ---- the loop ---- */

static int until_next(const struct top *t)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    double past = (double)(now.tv_sec - t->taken.tv_sec) * 1e3 + (double)(now.tv_nsec - t->taken.tv_nsec) / 1e6;
    return t->paused ? -1 : past >= (double)t->interval_ms ? 0
                                                           : (int)((double)t->interval_ms - past) + 1;
}

static int watch(struct top *t)
{
    bool more = take(t);
    for (long frames = 1; more; frames++) {
        draw(t);
        if (t->o->count && frames > t->o->count)
            break;
        int key = term_wait(until_next(t));
        if (key == KEY_NONE)
            more = take(t);
        else
            more = handle(t, key), frames--;
    }
    return t->now ? EXIT_OK : EXIT_FAILED;
}

static int run(int argc, char **argv)
{
    struct options o = {.rows = 0};
    struct top t = {.o = &o, .sort = SORT_JIT};
    int e = options_parse(&cmd_top, &o, argc, argv);
    if (e)
        return e < 0 ? EXIT_OK : e;
    t.interval_ms = o.interval_ms ? o.interval_ms : 1000;
    if ((e = feed_open(&t.src, &o, FEED_TOTALS)))
        return e;
    if (term_open() < 0)
        e = fail(EXIT_FAILED, "top wants a terminal: `jitstat 1` prints lines, `jitstat -j 1` JSON");
    else {
        e = watch(&t);
        term_close();
    }
    frame_clear(&t);
    free(t.lines);
    free(t.entries);
    agent_snapshot_free(t.prev);
    agent_snapshot_free(t.now);
    agent_snapshot_free(t.page_now);
    agent_free(t.looking);
    feed_close(t.src);
    return e;
}

const struct command cmd_top = {
    .name = "top",
    .run = run,
    .accepts = "pacI",
    .summary = "full screen: the busiest JITs, and what they do",
    .usage = "top [-p PID | -a] [-c] [INTERVAL [COUNT]]\n"
             "Shows the processes with a JIT of ours, the busiest first, and with Enter what\n"
             "one of them compiled, gave up, and leaves its machine code through.\n\n"
             "  -p, --pid PID  these processes (a list, or several times)\n"
             "  -a, --all      all that may be read, those that start later too (the default)\n"
             "  -c, --counts   count runs meanwhile (root or jitstatd; costs some 2 %)\n\n"
             "keys: up, down, Enter; l loops, a aborts, x exits, w why; Esc back; < > sort;\n"
             "      + - interval; p pause; h help; q quit\n\n"
             "For scripts: `jitstat -j 1` prints the same numbers as JSON.\n\n"
             "examples:\n"
             "  jitstat top\n"
             "  sudo jitstat top -p 1234 -c 2\n",
};
