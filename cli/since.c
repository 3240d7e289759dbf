/* since.c: a snapshot less an earlier one of the same source: what happened in between, so that `loops
 * 5` says what runs now and not what ran since the process began.
 *
 * Traces are matched by their number, ways out by trace and guard, aborts by reason and place. What
 * was not there before counts whole; ways out and aborts that did not happen again are left out.
 * Levels (code in use, alarms, loss) stay as they are.
 *
 * Before it: feed.c. After it: rows.c.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

/* Where a trace of the earlier snapshot stands, and the first of its ways out. */
struct was {
    uint64_t number;
    const struct jitstat_loop *loop;
    const struct agent_exit *exits;
    size_t nexits;
};

static int by_number(const void *a, const void *b)
{
    const struct was *x = a, *y = b;
    return (x->number > y->number) - (x->number < y->number);
}

/* Ways out stand in the order of their loops. NULL: no memory, or no loops. */
static struct was *index_of(const struct agent_vm *then)
{
    struct was *all = then->nloops ? calloc(then->nloops, sizeof *all) : NULL;
    size_t at = 0;
    for (size_t i = 0; all && i < then->nloops; i++) {
        all[i] = (struct was){then->loops[i].number, &then->loops[i], then->exits + at, 0};
        for (; at < then->nexits && then->exits[at].loop == i; at++)
            all[i].nexits++;
    }
    if (all)
        qsort(all, then->nloops, sizeof *all, by_number);
    return all;
}

static const struct was *find(const struct was *all, size_t n, uint64_t number)
{
    struct was key = {.number = number};
    return all ? bsearch(&key, all, n, sizeof *all, by_number) : NULL;
}

static uint64_t less(uint64_t now, uint64_t then)
{
    return now > then ? now - then : 0;
}

static uint64_t exits_then(const struct was *w, const struct agent_exit *e)
{
    for (size_t i = 0; w && i < w->nexits; i++)
        if (w->exits[i].guard == e->guard && w->exits[i].kind == e->kind)
            return w->exits[i].exits;
    return 0;
}

static void since_loops(struct agent_vm *now, const struct agent_vm *then)
{
    struct was *all = index_of(then);
    size_t kept = 0;
    for (size_t i = 0; i < now->nexits; i++) {
        struct agent_exit *e = &now->exits[i];
        e->exits = less(e->exits, exits_then(find(all, then->nloops, now->loops[e->loop].number), e));
        if (e->exits)
            now->exits[kept++] = *e;
        else
            free(e->file);
    }
    now->nexits = kept;
    for (size_t i = 0; i < now->nloops; i++) {
        const struct was *w = find(all, then->nloops, now->loops[i].number);
        now->loops[i].runs = less(now->loops[i].runs, w ? w->loop->runs : 0);
        now->loops[i].entry_runs = less(now->loops[i].entry_runs, w ? w->loop->entry_runs : 0);
    }
    free(all);
}

static bool same_site(const struct jitstat_abort_site *a, const struct jitstat_abort_site *b)
{
    return a->reason == b->reason && a->kind == b->kind && a->line == b->line && strcmp(a->file, b->file) == 0;
}

static void since_aborts(struct agent_vm *now, const struct agent_vm *then)
{
    size_t kept = 0;
    for (size_t i = 0; i < now->naborts; i++) {
        struct jitstat_abort_site *s = &now->aborts[i];
        for (size_t k = 0; k < then->naborts; k++)
            if (same_site(s, &then->aborts[k])) {
                s->count = less(s->count, then->aborts[k].count);
                s->ns_lost = less(s->ns_lost, then->aborts[k].ns_lost);
                break;
            }
        if (s->count)
            now->aborts[kept++] = *s;
    }
    now->naborts = kept;
}

static void since_totals(struct jitstat_totals *now, const struct jitstat_totals *then)
{
    uint64_t used = now->code_used, allocated = now->code_allocated;
    for (size_t i = 0; i < TOTAL_WORDS; i++)
        ((__u64 *)now)[i] = less(((__u64 *)now)[i], ((const __u64 *)then)[i]);
    now->code_used = used;
    now->code_allocated = allocated;
}

void snapshot_since(struct agent_snapshot *now, const struct agent_snapshot *then)
{
    for (size_t i = 0; i < now->nprocesses; i++)
        for (size_t k = 0; k < now->processes[i].nvms; k++) {
            struct agent_vm *vm = &now->processes[i].vms[k];
            const struct agent_vm *was = vm_before(then, &now->processes[i], vm);
            if (!was)
                continue;
            since_loops(vm, was);
            since_aborts(vm, was);
            since_totals(&vm->own, &was->own);
        }
}
