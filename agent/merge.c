/* merge.c: makes a snapshot of blocks and maps.
 *
 * Numbers come from the block where there is one. BPF's entry of the same VM (same process, same
 * segment by its start time, same id) adds its own measurements and the loss:
 *
 *     missed = (map's total - base - seen)      events that the map knows were not seen
 *            + (block's total - map's total)    events after the last one that was seen
 *
 * The second term is tried again for a moment, because an event that is just being delivered is
 * not lost. VMs that only BPF saw (private memory, or gone before anybody mapped them) come from
 * the maps alone.
 *
 * Before it: block.c, bpf.c. After it: cli/.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agent/internal.h"

#define SETTLE_TRIES 20
#define SETTLE_NS 200000

struct merge {
    struct agent *a;
    struct agent_snapshot *s;
    struct vm_entry *entries;
    size_t nentries;
    uint64_t vm_map_full; /* not yet blamed on a VM */
};

static uint64_t positive(uint64_t a, uint64_t b)
{
    return a > b ? a - b : 0;
}

/* ---- loss ---- */

static uint64_t missed_by_map(const struct vm_stat *v)
{
    uint64_t n = 0;
    for (int e = 0; e < JITSTAT_NEVENTS; e++)
        n += positive(v->total.events[e], v->base.events[e] + v->seen.events[e]);
    return n;
}

static uint64_t missed_between(const struct jitstat_totals *now, const struct jitstat_totals *then)
{
    uint64_t n = 0;
    for (int e = 0; e < JITSTAT_NEVENTS; e++)
        n += positive(now->events[e], then->events[e]);
    return n;
}

/* Events of the block that the map has not got, after those on their way have arrived. */
static uint64_t missed_after(struct merge *m, struct vm_entry *e, const struct jitstat_totals *block)
{
    struct timespec pause = {0, SETTLE_NS};
    uint64_t n = missed_between(block, &e->stat->total);
    for (int i = 0; n && i < SETTLE_TRIES; i++) {
        nanosleep(&pause, NULL);
        if (bpf_read_vm(m->a, &e->id, e->stat) < 0)
            break;
        n = missed_between(block, &e->stat->total);
    }
    return n;
}

static const uint64_t *baseline_of(const struct target *t, uint32_t vm)
{
    for (size_t i = 0; i < t->nbaselines; i++)
        if (t->baselines[i].vm == vm)
            return t->baselines[i].events;
    return NULL;
}

/* A VM that BPF has no entry of: everything since the base is lost. */
static void loss_without_entry(struct merge *m, const struct target *t, struct agent_vm *vm)
{
    const uint64_t *base = baseline_of(t, vm->id);
    uint64_t n = 0;
    for (int e = 0; e < JITSTAT_NEVENTS; e++)
        n += base ? positive(vm->own.events[e] + vm->inherited.events[e], base[e]) : vm->own.events[e];
    uint64_t full = n < m->vm_map_full ? n : m->vm_map_full;
    m->vm_map_full -= full;
    vm->loss.map_full += full;
    vm->loss.missed += n - full;
}

static void take_entry(struct merge *m, struct vm_entry *e, struct agent_vm *vm)
{
    e->taken = true;
    vm->bpf = e->stat;
    vm->loss.missed += missed_by_map(e->stat);
    vm->loss.ring_full += e->stat->ring_full;
    vm->loss.map_full += vm->from_block ? 0 : e->stat->map_full; /* the block has the records */
    vm->loss.late += e->stat->unread;
}

static struct vm_entry *entry_of(struct merge *m, const struct target *t, uint32_t vm)
{
    for (size_t i = 0; i < m->nentries; i++) {
        struct vm_entry *e = &m->entries[i];
        if (!e->taken && e->id.vm == vm && (pid_t)e->id.process.tgid == t->pid && e->stat->seg_start_ns == t->seg_start_ns)
            return e;
    }
    return NULL;
}

static void merge_vm(struct merge *m, const struct target *t, struct agent_vm *vm)
{
    struct jitstat_totals raw;
    struct vm_entry *e = entry_of(m, t, vm->id);
    if (!e) {
        loss_without_entry(m, t, vm);
        return;
    }
    for (size_t i = 0; i < TOTAL_WORDS; i++)
        ((__u64 *)&raw)[i] = ((__u64 *)&vm->own)[i] + ((__u64 *)&vm->inherited)[i];
    uint64_t after = missed_after(m, e, &raw);
    take_entry(m, e, vm);
    vm->loss.missed += after;
}

/* ---- processes ---- */

static int by_id(const void *a, const void *b)
{
    const struct agent_vm *x = a, *y = b;
    return (x->id > y->id) - (x->id < y->id);
}

static int read_target(struct merge *m, const struct target *t)
{
    struct agent_process *p = agent_push(&m->s->processes, &m->s->nprocesses, sizeof *p);
    if (!p)
        return -ENOMEM;
    p->pid = t->pid;
    p->uid = t->uid;
    p->exited = t->exited_ns || !proc_alive(t->pid, t->start_ticks);
    memcpy(p->comm, t->comm, sizeof p->comm);
    p->start_ticks = t->start_ticks;
    int r = block_read(t, p, m->a->options.totals_only);
    if (r == 0 && p->nvms)
        qsort(p->vms, p->nvms, sizeof *p->vms, by_id);
    return r;
}

static void merge_target(struct merge *m, const struct target *t, struct agent_process *p)
{
    for (size_t i = 0; i < p->nvms; i++)
        merge_vm(m, t, &p->vms[i]);
    if (!p->comm[0] && p->nvms && p->vms[0].bpf) { /* a short process was gone before we looked */
        memcpy(p->comm, p->vms[0].bpf->comm, sizeof p->comm);
        p->comm[sizeof p->comm - 1] = 0;
    }
}

/* ---- VMs that only BPF saw ---- */

static int add_bpf_vm(struct merge *m, struct agent_process *p, struct vm_entry *e)
{
    struct agent_vm *vm = agent_push(&p->vms, &p->nvms, sizeof *vm);
    if (!vm)
        return -ENOMEM;
    vm->id = (uint32_t)e->id.vm;
    vm->state = e->stat->flags & VM_ENDED ? 2 : 1;
    memcpy(vm->guest, e->stat->guest, sizeof vm->guest);
    vm->guest[sizeof vm->guest - 1] = 0;
    for (size_t i = 0; i < TOTAL_WORDS; i++)
        ((__u64 *)&vm->own)[i] = ((__u64 *)&e->stat->total)[i] - ((__u64 *)&e->stat->inherited)[i];
    take_entry(m, e, vm);
    if (p->exited && !(e->stat->flags & (VM_ENDED | VM_LAST_COPY)))
        vm->loss.late++;
    int r = bpf_read_loops(m->a, &e->id, vm);
    if (r == 0)
        r = bpf_read_aborts(m->a, &e->id, vm);
    if (r != -ENOENT)
        return r;
    vm->loss.late++; /* jitstatd forgot it in between */
    return 0;
}

static int add_bpf_process(struct merge *m, const struct vm_entry *first)
{
    struct agent_process *p = agent_push(&m->s->processes, &m->s->nprocesses, sizeof *p);
    if (!p)
        return -ENOMEM;
    struct target who = {0};
    p->pid = (pid_t)first->id.process.tgid;
    memcpy(p->comm, first->stat->comm, sizeof p->comm);
    p->comm[sizeof p->comm - 1] = 0;
    p->start_ticks = first->id.process.start_ns / TICK_NS;
    p->exited = proc_describe(p->pid, &who) < 0 || who.start_ticks != p->start_ticks ||
                (first->stat->flags & VM_LAST_COPY); /* executed another image */
    p->uid = p->exited ? first->stat->uid : who.uid;
    for (size_t i = 0; i < m->nentries; i++) {
        struct vm_entry *e = &m->entries[i];
        if (e->taken || memcmp(&e->id.process, &first->id.process, sizeof first->id.process) != 0)
            continue;
        int r = add_bpf_vm(m, p, e);
        if (r < 0)
            return r;
    }
    qsort(p->vms, p->nvms, sizeof *p->vms, by_id);
    return 0;
}

/* ---- the whole ---- */

static void loss_add(struct agent_loss *to, const struct agent_loss *l)
{
    to->missed += l->missed;
    to->ring_full += l->ring_full;
    to->map_full += l->map_full;
    to->late += l->late;
}

static void sum_up(struct merge *m)
{
    struct agent_snapshot *s = m->s;
    for (size_t i = 0; i < s->nprocesses; i++)
        for (size_t k = 0; k < s->processes[i].nvms; k++)
            loss_add(&s->loss, &s->processes[i].vms[k].loss);
    if (!bpf_counts(m->a))
        return;
    struct lost lost;
    bpf_read_lost(m->a, &lost);
    s->loss.map_full += m->vm_map_full;
    s->loss.late += lost.unread;
    s->loss.ring_full += lost.ring_full;
}

/* All blocks first, then the maps: so a VM or an event that a block has must be in a map too. */
static int merge_all(struct merge *m)
{
    int r = 0;
    size_t blocks = m->a->ntargets;
    for (size_t i = 0; r == 0 && i < blocks; i++)
        r = read_target(m, &m->a->targets[i]);
    if (r < 0 || !bpf_counts(m->a))
        return r;
    struct lost lost;
    m->s->bpf = true;
    r = bpf_read_vms(m->a, &m->entries, &m->nentries);
    bpf_read_lost(m->a, &lost);
    m->vm_map_full = lost.vm_map_full;
    for (size_t i = 0; r == 0 && i < blocks; i++)
        merge_target(m, &m->a->targets[i], &m->s->processes[i]);
    for (size_t i = 0; r == 0 && i < m->nentries; i++)
        if (!m->entries[i].taken)
            r = add_bpf_process(m, &m->entries[i]);
    return r;
}

struct agent_snapshot *agent_snapshot_take(struct agent *a)
{
    struct merge m = {.a = a, .s = calloc(1, sizeof *m.s)};
    if (a->opened)
        source_refresh(a);
    int r = m.s ? merge_all(&m) : -ENOMEM;
    for (size_t i = 0; i < m.nentries; i++)
        if (!m.entries[i].taken)
            free(m.entries[i].stat);
    free(m.entries);
    if (r == 0) {
        sum_up(&m);
        m.s->time_ns = agent_now_ns();
        return m.s;
    }
    agent_fail(a, -r, "the processes cannot be read: %s", strerror(-r));
    agent_snapshot_free(m.s);
    return NULL;
}

void agent_vm_clear(struct agent_vm *vm)
{
    for (size_t i = 0; i < vm->nexits; i++)
        free(vm->exits[i].file);
    free(vm->exits);
    free(vm->loops);
    free(vm->aborts);
    free(vm->bpf);
    memset(vm, 0, sizeof *vm);
}

void agent_process_clear(struct agent_process *p)
{
    for (size_t i = 0; i < p->nvms; i++)
        agent_vm_clear(&p->vms[i]);
    free(p->vms);
    memset(p, 0, sizeof *p);
}

void agent_snapshot_free(struct agent_snapshot *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->nprocesses; i++)
        agent_process_clear(&s->processes[i]);
    free(s->processes);
    free(s);
}
