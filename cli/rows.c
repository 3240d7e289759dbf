/* rows.c: what the views show, as flat, sorted lists over all processes and VMs. Sorting is total
 * (equal rows by pid, VM and number), so that the same state gives the same text.
 *
 * Before it: agent/merge.c or load.c. After it: the commands.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

static int descending(uint64_t a, uint64_t b)
{
    return (a < b) - (a > b);
}

static int by_vm(const struct row_vm *a, const struct row_vm *b)
{
    if (a->p->pid != b->p->pid)
        return a->p->pid < b->p->pid ? -1 : 1;
    return (a->vm->id > b->vm->id) - (a->vm->id < b->vm->id);
}

/* ---- loops ---- */

static int by_number(const void *a, const void *b)
{
    const struct row_loop *x = a, *y = b;
    int o = by_vm(&x->of, &y->of);
    return o ? o : (x->l->number > y->l->number) - (x->l->number < y->l->number);
}

#define LOOP_ORDER(NAME, field) \
    static int by_##NAME(const void *a, const void *b) \
    { \
        const struct row_loop *x = a, *y = b; \
        int o = descending((uint64_t)x->field, (uint64_t)y->field); \
        return o ? o : by_number(a, b); \
    }
LOOP_ORDER(runs, l->runs)
LOOP_ORDER(exits, exits)
LOOP_ORDER(size, l->code_size)
LOOP_ORDER(ops, l->nops)
LOOP_ORDER(guards, l->nguards)

static int by_source(const void *a, const void *b)
{
    const struct row_loop *x = a, *y = b;
    char f[JITSTAT_NAME_LEN], g[JITSTAT_NAME_LEN];
    int o = strcmp(loop_file(x->l, f), loop_file(y->l, g));
    if (o == 0)
        o = (x->l->line > y->l->line) - (x->l->line < y->l->line);
    return o ? o : by_number(a, b);
}

static const struct {
    const char *name;
    int (*order)(const void *a, const void *b);
} orders[] = {{"runs", by_runs}, {"exits", by_exits}, {"size", by_size}, {"ops", by_ops}, {"guards", by_guards}, {"source", by_source}, {"number", by_number}};

static int (*order_of(const char *name))(const void *, const void *)
{
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++)
        if (strcmp(orders[i].name, name) == 0)
            return orders[i].order;
    return NULL;
}

bool rows_sort_known(const char *loop_sort)
{
    return order_of(loop_sort) != NULL;
}

/* ---- aborts and exits ---- */

static int by_cost(const void *a, const void *b)
{
    const struct row_abort *x = a, *y = b;
    int o = descending(x->site->ns_lost, y->site->ns_lost);
    if (o == 0)
        o = descending(x->site->count, y->site->count);
    if (o == 0)
        o = by_vm(&x->of, &y->of);
    return o ? o : (x->site > y->site) - (x->site < y->site);
}

static int by_count(const void *a, const void *b)
{
    const struct row_exit *x = a, *y = b;
    int o = descending(x->e->exits, y->e->exits);
    if (o == 0)
        o = by_vm(&x->of, &y->of);
    return o ? o : (x->e > y->e) - (x->e < y->e);
}

/* Bridges of one VM in the order of what they leave, so that a guard finds its own: also freed ones,
 * for the guard's trace may be freed itself. A trace's number and its guards' are never reused. */
static int by_parent(const void *a, const void *b)
{
    const struct jitstat_loop *x = *(const struct jitstat_loop *const *)a, *y = *(const struct jitstat_loop *const *)b;
    if (x->parent != y->parent)
        return x->parent < y->parent ? -1 : 1;
    return (x->guard_number > y->guard_number) - (x->guard_number < y->guard_number);
}

static size_t bridges_of(const struct agent_vm *vm, const struct jitstat_loop **out)
{
    size_t n = 0;
    for (size_t i = 0; i < vm->nloops; i++)
        if (vm->loops[i].kind == JITSTAT_KIND_BRIDGE)
            out[n++] = &vm->loops[i];
    qsort(out, n, sizeof *out, by_parent);
    return n;
}

static bool add_exits(struct rows *r, const struct row_vm *of)
{
    const struct agent_vm *vm = of->vm;
    const struct jitstat_loop **bridges = malloc((vm->nloops + 1) * sizeof *bridges);
    if (!bridges)
        return false;
    size_t n = bridges_of(vm, bridges);
    for (size_t i = 0; i < vm->nexits; i++) {
        const struct agent_exit *e = &vm->exits[i];
        const struct jitstat_loop *l = &vm->loops[e->loop], key = {.parent = l->number, .guard_number = e->guard}, *k = &key;
        const struct jitstat_loop **found = bsearch(&k, bridges, n, sizeof *bridges, by_parent);
        r->exits[r->nexits++] = (struct row_exit){*of, l, e, found ? *found : NULL};
    }
    free(bridges);
    return true;
}

/* ---- all ---- */

static bool add_vm(struct rows *r, const struct row_vm *of)
{
    const struct agent_vm *vm = of->vm;
    struct row_loop *first = r->loops + r->nloops;
    r->vms[r->nvms++] = *of;
    r->nalarms += vm->nalarms;
    r->exits_total += vm->own.guard_exits;
    for (size_t i = 0; i < vm->nloops; i++) {
        r->loops[r->nloops++] = (struct row_loop){*of, &vm->loops[i], 0};
        r->runs_total += vm->loops[i].runs;
    }
    for (size_t i = 0; i < vm->nexits; i++)
        first[vm->exits[i].loop].exits += vm->exits[i].exits;
    for (size_t i = 0; i < vm->naborts; i++)
        r->aborts[r->naborts++] = (struct row_abort){*of, &vm->aborts[i]};
    return add_exits(r, of);
}

static bool rows_room(struct rows *r, const struct agent_snapshot *s)
{
    size_t vms = 0, loops = 0, aborts = 0, exits = 0;
    for (size_t i = 0; i < s->nprocesses; i++)
        for (size_t k = 0; k < s->processes[i].nvms; k++) {
            const struct agent_vm *vm = &s->processes[i].vms[k];
            vms++;
            loops += vm->nloops;
            aborts += vm->naborts;
            exits += vm->nexits;
        }
    r->vms = calloc(vms + 1, sizeof *r->vms);
    r->loops = calloc(loops + 1, sizeof *r->loops);
    r->aborts = calloc(aborts + 1, sizeof *r->aborts);
    r->exits = calloc(exits + 1, sizeof *r->exits);
    return r->vms && r->loops && r->aborts && r->exits;
}

bool rows_make(struct rows *r, const struct agent_snapshot *s, const char *loop_sort)
{
    memset(r, 0, sizeof *r);
    bool good = rows_room(r, s);
    for (size_t i = 0; good && i < s->nprocesses; i++)
        for (size_t k = 0; good && k < s->processes[i].nvms; k++)
            good = add_vm(r, &(struct row_vm){&s->processes[i], &s->processes[i].vms[k]});
    if (!good) {
        rows_free(r);
        return false;
    }
    qsort(r->loops, r->nloops, sizeof *r->loops, order_of(loop_sort ? loop_sort : "runs"));
    qsort(r->aborts, r->naborts, sizeof *r->aborts, by_cost);
    qsort(r->exits, r->nexits, sizeof *r->exits, by_count);
    return true;
}

void rows_free(struct rows *r)
{
    free(r->vms);
    free(r->loops);
    free(r->aborts);
    free(r->exits);
    memset(r, 0, sizeof *r);
}

/* ---- places ---- */

const char *loop_file(const struct jitstat_loop *l, char room[JITSTAT_NAME_LEN])
{
    snprintf(room, JITSTAT_NAME_LEN, "%s", l->name);
    char *colon = strrchr(room, ':');
    if (colon && colon[1] && strspn(colon + 1, "0123456789") == strlen(colon + 1))
        *colon = 0;
    return room;
}

const char *exit_place(const struct row_exit *x, char room[JITSTAT_NAME_LEN + 16])
{
    char file[JITSTAT_NAME_LEN];
    snprintf(room, JITSTAT_NAME_LEN + 16, "%.*s:%u", JITSTAT_NAME_LEN - 1, x->e->file ? x->e->file : loop_file(x->l, file), x->e->line);
    return room;
}

/* ---- sums ---- */

uint64_t totals_aborts(const struct jitstat_totals *t)
{
    return t->events[JITSTAT_E_abort];
}

/* The same VM in an earlier snapshot. A pid that was reused shows in totals that went down. */
const struct agent_vm *vm_before(const struct agent_snapshot *prev, const struct agent_process *p, const struct agent_vm *vm)
{
    for (size_t i = 0; prev && i < prev->nprocesses; i++) {
        const struct agent_process *q = &prev->processes[i];
        if (q->pid != p->pid || strcmp(q->comm, p->comm) != 0)
            continue;
        for (size_t k = 0; k < q->nvms; k++)
            if (q->vms[k].id == vm->id && q->vms[k].own.events[JITSTAT_E_tracing__begin] <= vm->own.events[JITSTAT_E_tracing__begin])
                return &q->vms[k];
    }
    return NULL;
}

static void add_since(struct jitstat_totals *to, const struct jitstat_totals *then, const struct jitstat_totals *now)
{
    for (size_t i = 0; i < TOTAL_WORDS; i++) {
        uint64_t was = then ? ((const __u64 *)then)[i] : 0, is = ((const __u64 *)now)[i];
        ((__u64 *)to)[i] += is > was ? is - was : 0;
    }
}

void sum_since(struct sum *out, const struct agent_snapshot *prev, const struct agent_snapshot *now)
{
    uint64_t used = 0, allocated = 0;
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < now->nprocesses; i++) {
        const struct agent_process *p = &now->processes[i];
        out->processes += !p->exited;
        for (size_t k = 0; k < p->nvms; k++) {
            const struct agent_vm *vm = &p->vms[k], *was = vm_before(prev, p, vm);
            bool lives = !p->exited && vm->state != 2;
            add_since(&out->t, was ? &was->own : NULL, &vm->own);
            out->vms += lives;
            out->alarms += vm->nalarms;
            used += lives ? vm->own.code_used : 0; /* levels, not counts */
            allocated += lives ? vm->own.code_allocated : 0;
        }
    }
    out->t.code_used = used;
    out->t.code_allocated = allocated;
}

void sum_make(struct sum *out, const struct agent_snapshot *s)
{
    sum_since(out, NULL, s);
}
