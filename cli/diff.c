/* diff.c: `jitstat diff A.json B.json`: what is different in B: counters, times, loops that are new,
 * gone or changed, aborts.
 *
 * The two may be the same process at two times, or two runs of a program before and after a change.
 * So nothing is matched by pid or number: counters are summed over all VMs; loops are the same if
 * kind and source place are (several at one place are taken together), aborts if reason and place
 * are.
 *
 * Before it: load.c.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

/* What stands at one key in A and in B. */
struct pair {
    char key[JITSTAT_NAME_LEN + 48];
    uint64_t n[2]; /* traces, or aborts */
    uint64_t runs[2], ops[2], size[2], exits[2]; /* of loops */
    uint64_t ns[2]; /* of aborts */
};
struct pairs {
    struct pair *p;
    size_t n, room;
};

static int by_key(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;
    return strcmp(x->key, y->key);
}

/* All entries of one side are appended; merge sorts and folds equal keys. */
static struct pair *append(struct pairs *all)
{
    if (all->n == all->room) {
        size_t room = all->room ? 2 * all->room : 64;
        struct pair *p = realloc(all->p, room * sizeof *p);
        if (!p)
            return NULL;
        all->p = p;
        all->room = room;
    }
    memset(&all->p[all->n], 0, sizeof *all->p);
    return &all->p[all->n++];
}

static void fold(struct pairs *all)
{
    size_t out = 0;
    if (all->n)
        qsort(all->p, all->n, sizeof *all->p, by_key);
    for (size_t i = 0; i < all->n; i++) {
        struct pair *to = out ? &all->p[out - 1] : NULL, *from = &all->p[i];
        if (!to || strcmp(to->key, from->key) != 0) {
            all->p[out++] = *from;
            continue;
        }
        for (int side = 0; side < 2; side++) {
            to->n[side] += from->n[side];
            to->runs[side] += from->runs[side];
            to->ops[side] += from->ops[side];
            to->size[side] += from->size[side];
            to->exits[side] += from->exits[side];
            to->ns[side] += from->ns[side];
        }
    }
    all->n = out;
}

static bool collect_loops(struct pairs *all, const struct rows *r, int side)
{
    for (size_t i = 0; i < r->nloops; i++) {
        const struct jitstat_loop *l = r->loops[i].l;
        struct pair *p = append(all);
        if (!p)
            return false;
        snprintf(p->key, sizeof p->key, "%-6s %s", kind_name(l->kind), l->name);
        p->n[side] = 1;
        p->runs[side] = l->runs;
        p->ops[side] = l->nops;
        p->size[side] = l->code_size;
        p->exits[side] = r->loops[i].exits;
    }
    return true;
}

static bool collect_aborts(struct pairs *all, const struct rows *r, int side)
{
    for (size_t i = 0; i < r->naborts; i++) {
        const struct jitstat_abort_site *s = r->aborts[i].site;
        struct pair *p = append(all);
        if (!p)
            return false;
        snprintf(p->key, sizeof p->key, "%-16s %s:%u", abort_row(s->reason)->name, s->file, s->line);
        p->n[side] = s->count;
        p->ns[side] = s->ns_lost;
    }
    return true;
}

struct diff {
    struct agent_snapshot *s[2];
    struct sum sum[2];
    struct pairs loops, aborts;
};

static bool diff_make(struct diff *d)
{
    bool good = true;
    for (int side = 0; good && side < 2; side++) {
        struct rows r;
        sum_make(&d->sum[side], d->s[side]);
        if (!rows_make(&r, d->s[side], "number"))
            return false;
        good = collect_loops(&d->loops, &r, side) && collect_aborts(&d->aborts, &r, side);
        rows_free(&r);
    }
    fold(&d->loops);
    fold(&d->aborts);
    return good;
}

/* Compiled code is changed when its shape is; how often it ran is not its shape. */
static const char *loop_state(const struct pair *p)
{
    if (!p->n[0])
        return "new";
    if (!p->n[1])
        return "gone";
    return p->n[0] != p->n[1] || p->ops[0] != p->ops[1] || p->size[0] != p->size[1] ? "changed" : NULL;
}

static bool abort_differs(const struct pair *p)
{
    return p->n[0] != p->n[1];
}

/* ---- text ---- */

/* Returns whether there was something to show. */
static bool text_number(const char *name, uint64_t a, uint64_t b)
{
    if (a == b)
        return false;
    printf("  %-24s %12" PRIu64 " %12" PRIu64 " %+13" PRId64, name, a, b, (int64_t)(b - a));
    if (a)
        printf(" %+8.1f%%", 100.0 * ((double)b - (double)a) / (double)a);
    putchar('\n');
    return true;
}

static void text_numbers(const struct diff *d)
{
    const struct jitstat_totals *a = &d->sum[0].t, *b = &d->sum[1].t;
    print_head(stdout, "  %-24s %12s %12s %13s %9s", "COUNTER", "A", "B", "B - A", "");
    bool some = false;
    for (int c = 0; c < JITSTAT_NCOUNTERS; c++)
        some |= text_number(counter_name(c), a->counters[c], b->counters[c]);
    for (int t = 0; t < JITSTAT_NTIMES; t++) {
        char name[32];
        snprintf(name, sizeof name, "%s us", time_name(t));
        some |= text_number(name, a->times_ns[t] / 1000, b->times_ns[t] / 1000);
    }
    some |= text_number("code used", a->code_used, b->code_used);
    some |= text_number("entries", a->trace_entries, b->trace_entries);
    some |= text_number("exits", a->guard_exits, b->guard_exits);
    some |= text_number("flushes", a->flushes, b->flushes);
    some |= text_number("blacklisted", a->blacklisted, b->blacklisted);
    if (!some)
        puts("  no difference");
}

static void text_loop_diff(const struct pair *p)
{
    char ops[32], size[40], a[16], b[16];
    snprintf(ops, sizeof ops, "%" PRIu64 ">%" PRIu64, p->ops[0], p->ops[1]);
    snprintf(size, sizeof size, "%s>%s", human_bytes(p->size[0], a), human_bytes(p->size[1], b));
    int at = printf("  %-8s %11s %15s ", loop_state(p), ops, size);
    print_clean(stdout, p->key, out_width(stdout) - at);
    putchar('\n');
}

static void text_loops_diff(const struct diff *d)
{
    size_t changes = 0;
    for (size_t i = 0; i < d->loops.n; i++)
        changes += loop_state(&d->loops.p[i]) != NULL;
    printf("loops: %zu places, %zu differ\n", d->loops.n, changes);
    if (changes)
        print_head(stdout, "  %-8s %11s %15s %-6s %s", "STATE", "OPS A>B", "CODE A>B", "KIND", "SOURCE");
    for (size_t i = 0; i < d->loops.n; i++)
        if (loop_state(&d->loops.p[i]))
            text_loop_diff(&d->loops.p[i]);
}

static void text_aborts_diff(const struct diff *d)
{
    size_t changes = 0;
    for (size_t i = 0; i < d->aborts.n; i++)
        changes += abort_differs(&d->aborts.p[i]);
    printf("aborts: %zu places, %zu differ\n", d->aborts.n, changes);
    if (changes)
        print_head(stdout, "  %7s %7s %19s %-16s %s", "COUNT A", "B", "LOST A>B", "REASON", "SOURCE");
    for (size_t i = 0; i < d->aborts.n; i++) {
        const struct pair *p = &d->aborts.p[i];
        char a[16], b[16], lost[40], na[16], nb[16];
        if (!abort_differs(p))
            continue;
        snprintf(lost, sizeof lost, "%s>%s", human_ns(p->ns[0], a), human_ns(p->ns[1], b));
        int at = printf("  %7s %7s %19s ", human_count(p->n[0], na), human_count(p->n[1], nb), lost);
        print_clean(stdout, p->key, out_width(stdout) - at);
        putchar('\n');
    }
}

/* Alarms and loss of either side. */
static void text_ends(const struct diff *d)
{
    printf("alarms: %" PRIu64 " in A, %" PRIu64 " in B\n", d->sum[0].alarms, d->sum[1].alarms);
    for (int side = 0; side < 2; side++) {
        printf("%c ", "AB"[side]);
        text_loss(stdout, &d->s[side]->loss);
    }
}

/* ---- JSON ---- */

static void json_two(struct json *j, const char *key, const uint64_t n[2])
{
    json_open(j, key, '[');
    json_u64(j, NULL, n[0]);
    json_u64(j, NULL, n[1]);
    json_close(j, '[');
}

static void json_ends(struct json *j, const struct diff *d)
{
    const struct agent_loss *a = &d->s[0]->loss, *b = &d->s[1]->loss;
    json_two(j, "alarms", (uint64_t[2]){d->sum[0].alarms, d->sum[1].alarms});
    json_open(j, "loss", '{');
    json_two(j, "missed", (uint64_t[2]){a->missed, b->missed});
    json_two(j, "ring_full", (uint64_t[2]){a->ring_full, b->ring_full});
    json_two(j, "map_full", (uint64_t[2]){a->map_full, b->map_full});
    json_two(j, "late", (uint64_t[2]){a->late, b->late});
    json_close(j, '{');
}

static void json_numbers(struct json *j, const struct diff *d)
{
    json_open(j, "counters", '{');
    for (int c = 0; c < JITSTAT_NCOUNTERS; c++)
        json_two(j, counter_name(c), (uint64_t[2]){d->sum[0].t.counters[c], d->sum[1].t.counters[c]});
    json_close(j, '{');
    json_open(j, "counter_times", '{');
    for (int t = 0; t < JITSTAT_NTIMES; t++) {
        json_open(j, time_name(t), '[');
        json_seconds(j, NULL, d->sum[0].t.times_ns[t]);
        json_seconds(j, NULL, d->sum[1].t.times_ns[t]);
        json_close(j, '[');
    }
    json_close(j, '{');
    json_two(j, "code_used", (uint64_t[2]){d->sum[0].t.code_used, d->sum[1].t.code_used});
    json_two(j, "entries", (uint64_t[2]){d->sum[0].t.trace_entries, d->sum[1].t.trace_entries});
    json_two(j, "exits", (uint64_t[2]){d->sum[0].t.guard_exits, d->sum[1].t.guard_exits});
    json_two(j, "flushes", (uint64_t[2]){d->sum[0].t.flushes, d->sum[1].t.flushes});
    json_two(j, "blacklisted", (uint64_t[2]){d->sum[0].t.blacklisted, d->sum[1].t.blacklisted});
}

static void json_diff(const struct diff *d)
{
    struct json j = {stdout, false};
    json_open(&j, NULL, '{');
    json_u64(&j, "version", 1);
    json_numbers(&j, d);
    json_open(&j, "loops", '[');
    for (size_t i = 0; i < d->loops.n; i++) {
        const struct pair *p = &d->loops.p[i];
        json_open(&j, NULL, '{');
        json_string(&j, "kind", (char[]){p->key[0], 0});
        json_string(&j, "greenkey", p->key + 7);
        json_string(&j, "state", loop_state(p) ? loop_state(p) : "same");
        json_two(&j, "traces", p->n);
        json_two(&j, "ops", p->ops);
        json_two(&j, "code_size", p->size);
        json_two(&j, "runs", p->runs);
        json_two(&j, "exits", p->exits);
        json_close(&j, '{');
    }
    json_close(&j, '[');
    json_open(&j, "aborts", '[');
    for (size_t i = 0; i < d->aborts.n; i++) {
        const struct pair *p = &d->aborts.p[i];
        char reason[20] = "";
        sscanf(p->key, "%19s", reason);
        json_open(&j, NULL, '{');
        json_string(&j, "reason", reason);
        json_string(&j, "source", p->key + 17);
        json_two(&j, "count", p->n);
        json_open(&j, "seconds_lost", '[');
        json_seconds(&j, NULL, p->ns[0]);
        json_seconds(&j, NULL, p->ns[1]);
        json_close(&j, '[');
        json_close(&j, '{');
    }
    json_close(&j, '[');
    json_ends(&j, d);
    json_close(&j, '{');
    putchar('\n');
}

/* ---- the command ---- */

static struct agent_snapshot *load(const char *name)
{
    struct options o = {.input = name};
    struct feed *src;
    if (feed_open(&src, &o, FEED_ALL))
        return NULL;
    struct agent_snapshot *s = feed_take(src);
    feed_close(src);
    return s;
}

static void diff_free(struct diff *d)
{
    free(d->loops.p);
    free(d->aborts.p);
    agent_snapshot_free(d->s[0]);
    agent_snapshot_free(d->s[1]);
}

static int run(int argc, char **argv)
{
    struct options o = {.rows = 0};
    struct diff d = {.loops = {0}};
    int e = options_parse(&cmd_diff, &o, argc, argv);
    if (e)
        return e < 0 ? EXIT_OK : e;
    if (o.nfiles != 2)
        return misuse(&cmd_diff, "two files are wanted, not %zu", o.nfiles);
    e = EXIT_FAILED;
    if (!(d.s[0] = load(o.files[0])) || !(d.s[1] = load(o.files[1])))
        goto out;
    e = diff_make(&d) ? EXIT_OK : fail(EXIT_FAILED, "out of memory");
    if (!e && o.json)
        json_diff(&d);
    else if (!e) {
        text_numbers(&d);
        text_loops_diff(&d);
        text_aborts_diff(&d);
        text_ends(&d);
    }
out:
    diff_free(&d);
    return e;
}

const struct command cmd_diff = {
    .name = "diff",
    .run = run,
    .accepts = "jF",
    .summary = "compare two saved snapshots",
    .usage = "diff [-j] A.json B.json\n"
             "Shows what is different in B: counters and times, loops that are new, gone or\n"
             "compiled differently, aborts. Made of `snapshot -j` or `run -j`, of one process\n"
             "at two times, or of two runs: loops and aborts are matched by source place.\n\n"
             "  -j, --json  as JSON, [A, B] for every number\n\n"
             "examples:\n"
             "  jitstat run -j -o a.json -- jitlua old.lua\n"
             "  jitstat run -j -o b.json -- jitlua new.lua\n"
             "  jitstat diff a.json b.json\n",
};
