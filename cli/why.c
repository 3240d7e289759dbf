/* why.c: `jitstat why`: why is this program slow? What the other views show in full, as one ranked
 * list of findings, each with its place and what to do: alarms, expensive aborts, guards that keep
 * failing, lines where machine code ends, flushes, and whether there is anything compiled at all.
 *
 * A finding is something that somebody can change. So aborts whose advice is "none needed" and exits
 * that a bridge took over are none. What an alarm says is not said again: a blacklisted place and its
 * aborts are one finding, with their advice, and so are a storm of exits and its guards. The order:
 * alarms (the engine itself found them worth it; storms of exits by their share), then the rest by how
 * much of its kind the place makes up.
 *
 * Before it: rows.c.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

#define FINDINGS_MAX 64
#define EXITS_LEAST 1000 /* fewer are warming up */
#define SHARE_LEAST 0.05

struct finding {
    double weight; /* from 2 on: alarm; else a share of 0 to 1 */
    struct row_vm of;
    const char *kind;
    uint32_t alarm; /* 0: none */
    size_t said; /* a storm: how much of `what` the alarm itself says */
    uint64_t count; /* exits */
    unsigned guards; /* that they went through */
    char what[240], place[JITSTAT_NAME_LEN + 16], advice[200];
};

struct findings {
    size_t n;
    struct finding f[FINDINGS_MAX];
};

static struct finding *find(struct findings *all, const char *kind, double weight, const struct row_vm *of)
{
    static struct finding overflow;
    struct finding *f = all->n < FINDINGS_MAX ? &all->f[all->n++] : &overflow;
    memset(f, 0, sizeof *f);
    f->kind = kind;
    f->weight = weight;
    f->of = *of;
    return f;
}

static void set(char *to, size_t size, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static void set(char *to, size_t size, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(to, size, fmt, ap);
    va_end(ap);
}
#define SET(field, ...) set(field, sizeof field, __VA_ARGS__)

/* ---- what is looked for ---- */

/* Is there an alarm that says the same as the aborts at s? */
static bool alarm_says(const struct agent_vm *vm, const struct jitstat_abort_site *s)
{
    for (size_t i = 0; i < vm->nalarms; i++)
        if (alarm_cause(vm->alarms[i].alarm, vm->alarms[i].detail) == abort_row(s->reason) && vm->alarms[i].line == s->line && strcmp(vm->alarms[i].file, s->file) == 0)
            return true;
    return false;
}

static void find_alarms(struct findings *all, const struct row_vm *of)
{
    for (size_t i = 0; i < of->vm->nalarms; i++) {
        const struct jitstat_alarm_rec *r = &of->vm->alarms[i];
        struct finding *f = find(all, "alarm", 2, of);
        f->alarm = r->alarm;
        SET(f->what, "%s (%" PRIu64 "x)%s%s", alarm_row(r->alarm)->what, (uint64_t)r->count, r->detail[0] ? ": " : "", r->detail);
        if (r->file[0])
            SET(f->place, "%s:%u", r->file, r->line);
        SET(f->advice, "%s", alarm_advice(r->alarm, r->detail));
    }
}

static void find_aborts(struct findings *all, const struct rows *r)
{
    for (size_t i = 0; i < r->naborts; i++) {
        const struct jitstat_abort_site *s = r->aborts[i].site;
        const struct abort_row *row = abort_row(s->reason);
        uint64_t tracing = r->aborts[i].of.vm->own.times_ns[JITSTAT_T_TRACING];
        double share = tracing ? (double)s->ns_lost / (double)tracing : 0;
        char lost[16];
        if (abort_needs_nothing(row) || (share < SHARE_LEAST && s->count < 3) || alarm_says(r->aborts[i].of.vm, s))
            continue;
        struct finding *f = find(all, "abort", share < 1 ? share : 1, &r->aborts[i].of);
        SET(f->what, "%s: %s (%" PRIu64 "x, %s lost)", row->name, row->help, (uint64_t)s->count, human_ns(s->ns_lost, lost));
        SET(f->place, "%s:%u", s->file, s->line);
        SET(f->advice, "%s", row->advice);
    }
}

/* Alarms keep less of a long name than traces do: its tail then decides. */
static bool same_name(const char *a, const char *b)
{
    size_t na = strlen(a), nb = strlen(b);
    if (strncmp(a, "...", 3) == 0 && nb >= na)
        return strcmp(a + 3, b + nb - (na - 3)) == 0;
    return strcmp(a, b) == 0;
}

/* Guards of one line fail for one reason, traces that end in one line end for one: they are one finding. The alarm that
 * is raised when a guard fails all the time says it already. */
static struct finding *same_place(struct findings *all, const struct row_exit *x, const char *kind)
{
    char place[JITSTAT_NAME_LEN + 16];
    exit_place(x, place);
    for (size_t i = 0; i < all->n; i++) {
        struct finding *f = &all->f[i];
        bool storm = f->alarm == JITSTAT_AL_EXIT_STORM && x->e->kind == JITSTAT_X_GUARD;
        if ((storm || strcmp(f->kind, kind) == 0) && f->of.vm == x->of.vm && same_name(f->place, place))
            return f;
    }
    struct finding *f = find(all, kind, 0, &x->of);
    memcpy(f->place, place, sizeof place);
    return f;
}

/* Of two storms the larger comes first. */
static void say_storm(struct finding *f, const char *exits)
{
    if (f->guards == 1)
        f->said = strlen(f->what);
    set(f->what + f->said, sizeof f->what - f->said, "; this line has %u guard%s and %s exits, %.0f%% of all", f->guards, f->guards == 1 ? "" : "s", exits, 100 * f->weight);
    f->weight += 2;
}

static void say_guards(struct finding *f, const char *exits)
{
    SET(f->what, "%u guard%s of this line fail%s and no bridge took over (%s exits, %.0f%% of all)", f->guards, f->guards == 1 ? "" : "s",
        f->guards == 1 ? "s" : "", exits, 100 * f->weight);
    SET(f->advice, "give the variables of this line one type each, and keep rare cases out of it");
}

/* A function that C calls back ends so too: of two places with as many exits the guard is the worse. */
static void say_end(struct finding *f, const char *exits)
{
    SET(f->what, "machine code ends at this line and the interpreter goes on (%s exits, %.0f%% of all)", exits, 100 * f->weight);
    SET(f->advice, "an error, a yield, or the return to a C function that called ends it: test instead of raising, and do more work in each call");
    f->weight /= 2;
}

static void find_exits(struct findings *all, const struct rows *r)
{
    for (size_t i = 0; i < r->nexits; i++) {
        const struct row_exit *x = &r->exits[i];
        uint64_t sum = x->of.vm->own.guard_exits;
        bool end = x->e->kind == JITSTAT_X_END;
        if (x->bridge || (x->e->kind != JITSTAT_X_GUARD && !end) || x->e->exits < EXITS_LEAST || (double)x->e->exits < SHARE_LEAST * (double)sum)
            continue;
        struct finding *f = same_place(all, x, end ? "end" : "exit");
        char exits[16];
        f->count += x->e->exits;
        f->guards++;
        f->weight = f->count < sum ? (double)f->count / (double)sum : 1;
        (f->alarm ? say_storm : end ? say_end
                                    : say_guards)(f, human_count(f->count, exits));
    }
}

static bool stands(const struct agent_vm *vm, uint32_t alarm)
{
    for (size_t i = 0; i < vm->nalarms; i++)
        if (vm->alarms[i].alarm == alarm)
            return true;
    return false;
}

static void find_in_totals(struct findings *all, const struct row_vm *of)
{
    const struct jitstat_totals *t = &of->vm->own;
    uint64_t loops = t->counters[JITSTAT_C_TOTAL_COMPILED_LOOPS], freed = t->counters[JITSTAT_C_TOTAL_FREED_LOOPS];
    if (t->code_refused && !stands(of->vm, JITSTAT_AL_CODE_REFUSED)) {
        struct finding *f = find(all, "code", 1.5, of);
        SET(f->what, "the kernel refused executable memory: everything is interpreted");
        SET(f->advice, "%s", abort_row(JITSTAT_A_CODE_REFUSED)->advice);
    }
    if (t->flushes > 1 && of->vm->state == 1 && !stands(of->vm, JITSTAT_AL_FLUSH_STORM)) {
        struct finding *f = find(all, "flush", 0.9, of);
        SET(f->what, "all code was thrown away %" PRIu64 " times", (uint64_t)t->flushes);
        SET(f->advice, "%s", alarm_row(JITSTAT_AL_FLUSH_STORM)->advice);
    }
    if (freed * 2 > loops && freed > 8 && of->vm->state == 1) {
        struct finding *f = find(all, "freed", 0.8, of);
        SET(f->what, "%" PRIu64 " of %" PRIu64 " compiled loops were freed again", freed, loops);
        SET(f->advice, "%s", alarm_row(JITSTAT_AL_RECOMPILE)->advice);
    }
    if (!t->counters[JITSTAT_C_TRACING] && !of->vm->nalarms) {
        struct finding *f = find(all, "cold", 0.01, of);
        SET(f->what, "nothing became hot: everything is interpreted");
        SET(f->advice, "let it run longer; JITSTAT=off switches the JIT off; C functions are never compiled");
    }
}

static int heavier(const void *a, const void *b)
{
    const struct finding *x = a, *y = b;
    if (x->weight != y->weight)
        return x->weight < y->weight ? 1 : -1;
    return strcmp(x->what, y->what);
}

static void find_all(struct findings *all, const struct rows *r)
{
    for (size_t i = 0; i < r->nvms; i++) {
        find_alarms(all, &r->vms[i]);
        find_in_totals(all, &r->vms[i]);
    }
    find_aborts(all, r);
    find_exits(all, r);
    qsort(all->f, all->n, sizeof *all->f, heavier);
}

/* ---- showing it ---- */

static void text_finding(FILE *out, size_t n, const struct finding *f, bool whose)
{
    fprintf(out, "%2zu. ", n);
    ink(out, f->weight >= 1.5 ? INK_RED : INK_BOLD);
    if (f->place[0])
        print_clean(out, f->place, out_width(out) - 4);
    else
        fprintf(out, "process %d, VM %u", (int)f->of.p->pid, f->of.vm->id);
    ink(out, INK_PLAIN);
    if (f->place[0] && whose)
        fprintf(out, "  (%d.%u)", (int)f->of.p->pid, f->of.vm->id);
    fputc('\n', out);
    print_wrapped(out, 4, f->what);
    ink(out, INK_YELLOW);
    print_wrapped(out, 6, f->advice);
    ink(out, INK_PLAIN);
}

static void text_sum(const struct agent_snapshot *s)
{
    struct sum sum;
    char trace[16], optimize[16], backend[16], used[16];
    sum_make(&sum, s);
    print_words(stdout, 0, "%" PRIu64 " loops and %" PRIu64 " bridges compiled, %" PRIu64 " recordings aborted, %s of code",
                (uint64_t)sum.t.counters[JITSTAT_C_TOTAL_COMPILED_LOOPS], (uint64_t)sum.t.counters[JITSTAT_C_TOTAL_COMPILED_BRIDGES],
                totals_aborts(&sum.t), human_bytes(sum.t.code_used, used));
    print_words(stdout, 0, "tracing %s, optimizing %s, backend %s", human_ns(sum.t.times_ns[JITSTAT_T_TRACING], trace),
                human_ns(sum.t.times_ns[JITSTAT_T_OPTIMIZE], optimize), human_ns(sum.t.times_ns[JITSTAT_T_BACKEND], backend));
}

void text_why(FILE *f, const struct rows *r, size_t n)
{
    struct findings *all = calloc(1, sizeof *all);
    if (!all)
        return;
    find_all(all, r);
    if (all->n == 0)
        print_wrapped(f, 0, "nothing to complain about: see `jitstat loops` for what runs, `jitstat exits` for what leaves it");
    for (size_t i = 0; i < all->n && (!n || i < n); i++)
        text_finding(f, i + 1, &all->f[i], r->nvms > 1);
    if (n && all->n > n)
        fprintf(f, "and %zu more\n", all->n - n);
    free(all);
}

static void text(const struct rows *r, size_t n, const struct agent_snapshot *s)
{
    if (!r->nvms)
        return;
    text_sum(s);
    text_why(stdout, r, n);
}

static void json(struct json *j, const struct rows *r, size_t n)
{
    struct findings *all = calloc(1, sizeof *all);
    if (!all)
        return;
    find_all(all, r);
    for (size_t i = 0; i < all->n && (!n || i < n); i++) {
        const struct finding *f = &all->f[i];
        json_open(j, NULL, '{');
        json_u64(j, "pid", (uint64_t)f->of.p->pid);
        json_string(j, "comm", f->of.p->comm);
        json_u64(j, "vm", f->of.vm->id);
        json_string(j, "finding", f->kind);
        json_string(j, "what", f->what);
        json_string(j, "place", f->place);
        json_string(j, "advice", f->advice);
        json_close(j, '{');
    }
    free(all);
}

static int show(const struct options *o, const struct agent_snapshot *s)
{
    return view_show(&(struct view){"findings", text, json, true}, o, s);
}

static int run(int argc, char **argv)
{
    struct options o = {.rows = 10};
    int e = options_parse(&cmd_why, &o, argc, argv);
    return e ? (e < 0 ? EXIT_OK : e) : feed_once(&o, FEED_ALL, show);
}

const struct command cmd_why = {
    .name = "why",
    .run = run,
    .accepts = "pajri",
    .summary = "why is it slow: the findings of all views, ranked, with advice",
    .usage = "why [-p PID | -a | -i FILE] [-r ROWS] [-j]\n"
             "Why is it slow? Alarms, expensive aborts, guards that keep failing, lines where\n"
             "machine code ends, flushed and freed code: one ranked list, each with its place\n"
             "and what to do about it.\n\n"
             "  -p, --pid PID     of these processes (a list, or several times)\n"
             "  -a, --all         of all that may be read (the default)\n"
             "  -i, --input FILE  of a saved snapshot (- is stdin)\n"
             "  -r, --rows N      at most N findings (10; 0: all)\n"
             "  -j, --json        as JSON\n\n"
             "examples:\n"
             "  jitstat why -p 1234\n"
             "  jitstat run -j -o out.json -- jitlua prog.lua; jitstat why -i out.json\n",
};
