/* events.c: events as they happen, for `jitstat trace` and for alarms.
 *
 * With BPF each event comes through a ring, with all its arguments. Without it nothing is pushed to
 * us, but the blocks tell what has changed since the last look: records of traces have growing
 * numbers, abort sites and plain totals have growing counts. So an ordinary user sees what was
 * compiled, aborted, freed and flushed too, a moment later and without begin and end. Alarms stand
 * in the blocks only and are looked for in them in every case.
 *
 * Invariants
 *  1. What a block holds at the first look is not an event.
 *  2. The counts of events of one kind add up to the growth of the block's total.
 *
 * Before it: block.c, bpf.c. After it: cli/.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "agent/remote.h"

#define POLL_NS 50000000u
#define ALARMS_NS 500000000u

/* One VM as it was at the last look. */
struct looked {
    uint64_t segment; /* jitstat_seg.start_ns */
    pid_t pid;
    uint32_t vm;
    uint64_t events[JITSTAT_EVENTS_MAX];
    uint64_t last_number; /* highest trace number delivered */
    struct jitstat_abort_site *aborts;
    size_t naborts;
    struct jitstat_alarm_rec alarms[JITSTAT_ALARMS];
    size_t nalarms;
    bool there; /* seen in this look */
};

struct follow {
    struct looked *looked;
    size_t nlooked, hint;
    uint64_t next_ns; /* time of the next look */
    bool began; /* the first look is done */
    int delivered;
    void (*see)(void *arg, const struct follow_event *e);
    void *arg;
};

/* ---- making events ---- */

static void deliver(struct follow *f, const struct follow_event *e)
{
    f->see(f->arg, e);
    f->delivered++;
}

static struct follow_event event_of(const struct target *t, uint32_t vm, uint32_t event, uint64_t count)
{
    struct follow_event e = {.event = event, .count = count, .time_ns = agent_now_ns(), .uid = t->uid};
    e.id.process.tgid = (uint32_t)t->pid;
    e.id.process.start_ns = t->start_ticks * TICK_NS;
    e.id.vm = vm;
    memcpy(e.comm, t->comm, sizeof e.comm);
    return e;
}

static void compiled(struct follow *f, const struct target *t, uint32_t vm, const struct jitstat_loop *l)
{
    struct follow_event e = event_of(t, vm, JITSTAT_E_compile, 1);
    struct jitstat_arg_compile *arg = (struct jitstat_arg_compile *)e.args;
    e.kind = l->kind;
    e.number = l->number;
    e.line = l->line;
    *arg = (struct jitstat_arg_compile){l->code_addr, l->code_size, l->nops, l->nguards, l->parent, l->guard_number};
    memcpy(e.name, l->name, sizeof e.name);
    deliver(f, &e);
}

static void aborted(struct follow *f, const struct target *t, uint32_t vm, const struct jitstat_abort_site *s,
                    const struct jitstat_abort_site *before)
{
    static const char *const names[] = {
#define JITSTAT_ABORT_PYPY(NAME, help, advice) "ABORT_" #NAME,
#define JITSTAT_ABORT(NAME, help, advice) "ABORT_" #NAME,
#include <jitstat/aborts.def>
    };
    uint64_t count = s->count - (before ? before->count : 0);
    if (count == 0 || s->reason >= JITSTAT_NABORTS)
        return;
    struct follow_event e = event_of(t, vm, JITSTAT_E_abort, count);
    struct jitstat_arg_abort *arg = (struct jitstat_arg_abort *)e.args;
    e.kind = s->kind;
    arg->reason_id = s->reason;
    arg->ns = s->ns_lost - (before ? before->ns_lost : 0);
    arg->abort_line = s->line;
    memcpy(e.file, s->file, sizeof e.file);
    memcpy(e.text, names[s->reason], strlen(names[s->reason]) + 1);
    deliver(f, &e);
}

static void alarmed(struct follow *f, const struct target *t, uint32_t vm, const struct jitstat_alarm_rec *r, uint64_t count)
{
    struct follow_event e = event_of(t, vm, FOLLOW_ALARM, count);
    e.kind = r->alarm;
    e.line = r->line;
    memcpy(e.file, r->file, sizeof e.file);
    memcpy(e.text, r->detail, sizeof r->detail);
    deliver(f, &e);
}

/* ---- comparing with the last look ---- */

static const struct jitstat_abort_site *site_before(const struct looked *l, size_t i, const struct jitstat_abort_site *s)
{
    const struct jitstat_abort_site *b = &l->aborts[i]; /* sites stay where they are */
    return i < l->naborts && b->reason == s->reason && b->line == s->line && b->count <= s->count ? b : NULL;
}

static void compare_traces(struct follow *f, const struct target *t, struct looked *l, const struct agent_vm *vm)
{
    uint64_t highest = l->last_number;
    for (size_t i = 0; i < vm->nloops; i++) {
        if (vm->loops[i].number <= l->last_number)
            continue;
        compiled(f, t, vm->id, &vm->loops[i]);
        if (vm->loops[i].number > highest)
            highest = vm->loops[i].number;
    }
    l->last_number = highest;
}

static void compare_totals(struct follow *f, const struct target *t, const struct looked *l, const struct agent_vm *vm)
{
    static const int plain[] = {JITSTAT_E_free, JITSTAT_E_flush, JITSTAT_E_blacklist, JITSTAT_E_exit__hot};
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
        uint64_t more = vm->own.events[plain[i]] - l->events[plain[i]];
        if (!more || more > UINT64_MAX / 2)
            continue;
        struct follow_event e = event_of(t, vm->id, (uint32_t)plain[i], more);
        deliver(f, &e);
    }
    for (size_t i = 0; i < vm->naborts; i++)
        aborted(f, t, vm->id, &vm->aborts[i], site_before(l, i, &vm->aborts[i]));
}

static void compare_alarms(struct follow *f, const struct target *t, const struct looked *l, const struct agent_vm *vm)
{
    for (size_t i = 0; i < vm->nalarms; i++) {
        const struct jitstat_alarm_rec *now = &vm->alarms[i];
        uint64_t before = 0;
        for (size_t k = 0; k < l->nalarms; k++)
            if (l->alarms[k].alarm == now->alarm && l->alarms[k].line == now->line && strcmp(l->alarms[k].file, now->file) == 0)
                before = l->alarms[k].count;
        if (now->count > before)
            alarmed(f, t, vm->id, now, now->count - before);
    }
}

static void remember(struct looked *l, struct agent_vm *vm)
{
    memcpy(l->events, vm->own.events, sizeof l->events);
    memcpy(l->alarms, vm->alarms, sizeof l->alarms);
    l->nalarms = vm->nalarms;
    free(l->aborts);
    l->aborts = vm->aborts;
    l->naborts = vm->naborts;
    vm->aborts = NULL;
    vm->naborts = 0;
}

/* Targets keep their order, so the one after the last is nearly always the one that is asked for. */
static struct looked *looked_at(struct follow *f, const struct target *t, uint32_t vm)
{
    for (size_t n = 0; n < f->nlooked; n++) {
        size_t i = (f->hint + n) % f->nlooked;
        struct looked *l = &f->looked[i];
        if (l->segment != t->seg_start_ns || l->pid != t->pid || l->vm != vm)
            continue;
        f->hint = i + 1;
        return l;
    }
    return NULL;
}

static struct looked *looked_new(struct follow *f, const struct target *t, uint32_t vm)
{
    struct looked *l = agent_push(&f->looked, &f->nlooked, sizeof *l);
    if (l) {
        l->segment = t->seg_start_ns;
        l->pid = t->pid;
        l->vm = vm;
    }
    return l;
}

/* ---- looking ---- */

static uint64_t highest_number(const struct agent_vm *vm)
{
    uint64_t n = 0;
    for (size_t i = 0; i < vm->nloops; i++)
        if (vm->loops[i].number > n)
            n = vm->loops[i].number;
    return n;
}

static void look_vm(struct agent *a, const struct target *t, struct agent_vm *vm)
{
    struct follow *f = a->follow;
    struct looked *l = looked_at(f, t, vm->id);
    bool fresh = !l;
    if (fresh && !(l = looked_new(f, t, vm->id)))
        return;
    l->there = true;
    if (fresh && !f->began) {
        l->last_number = highest_number(vm);
    } else {
        compare_alarms(f, t, l, vm);
        if (!a->info.bpf) {
            compare_traces(f, t, l, vm);
            compare_totals(f, t, l, vm);
        }
    }
    remember(l, vm);
}

static bool compiled_more(struct follow *f, const struct target *t, const struct agent_process *p)
{
    for (size_t i = 0; i < p->nvms; i++) {
        const struct looked *l = looked_at(f, t, p->vms[i].id);
        if (!l || l->events[JITSTAT_E_compile] != p->vms[i].own.events[JITSTAT_E_compile])
            return true;
    }
    return false;
}

/* Totals first; the records only of a process that compiled something. */
static void look_target(struct agent *a, const struct target *t)
{
    struct agent_process p = {0};
    int r = block_read(t, &p, true);
    if (r == 0 && !a->info.bpf && compiled_more(a->follow, t, &p)) {
        agent_process_clear(&p);
        r = block_read(t, &p, false);
    }
    for (size_t i = 0; r == 0 && i < p.nvms; i++)
        look_vm(a, t, &p.vms[i]);
    agent_process_clear(&p);
}

static void look(struct agent *a)
{
    struct follow *f = a->follow;
    source_refresh(a);
    for (size_t i = 0; i < f->nlooked; i++)
        f->looked[i].there = false;
    for (size_t i = 0; i < a->ntargets; i++)
        look_target(a, &a->targets[i]);
    for (size_t i = f->nlooked; i-- > 0;)
        if (!f->looked[i].there) {
            free(f->looked[i].aborts);
            f->looked[i] = f->looked[--f->nlooked];
        }
    f->began = true;
    f->next_ns = agent_now_ns() + (a->info.bpf ? ALARMS_NS : POLL_NS);
}

void follow_fini(struct agent *a)
{
    for (size_t i = 0; a->follow && i < a->follow->nlooked; i++)
        free(a->follow->looked[i].aborts);
    if (a->follow)
        free(a->follow->looked);
    free(a->follow);
    a->follow = NULL;
}

/* ---- waiting ---- */

static int follow_init(struct agent *a)
{
    if (a->follow)
        return 0;
    a->follow = calloc(1, sizeof *a->follow);
    if (!a->follow)
        return agent_fail(a, ENOMEM, "out of memory");
    if (a->info.bpf && a->remote) {
        int r = remote_follow(a);
        if (r < 0)
            return r;
    } else if (a->info.bpf)
        agent_follow(a, true);
    look(a); /* begins: what is there is not new */
    return 0;
}

static void from_ring(void *arg, const struct follow_event *e)
{
    struct agent *a = arg;
    if (e->event == FOLLOW_EXEC || (a->options.pid && e->id.process.tgid != (uint32_t)a->options.pid))
        return;
    deliver(a->follow, e);
}

static int take(struct agent *a)
{
    int r = 0;
    if (a->info.bpf)
        r = a->remote ? remote_consume(a, from_ring, a) : agent_bpf_consume(a, from_ring, a);
    if (r >= 0 && agent_now_ns() >= a->follow->next_ns)
        look(a);
    return r < 0 ? r : a->follow->delivered;
}

static int milliseconds(uint64_t now, uint64_t until)
{
    return until <= now ? 0 : (int)((until - now) / 1000000 + 1);
}

/* Until the next look at the blocks, the caller's limit, or an event. */
static int wait_a_little(struct agent *a, uint64_t limit)
{
    struct pollfd p = {.fd = agent_events_fd(a), .events = POLLIN};
    uint64_t until = a->follow->next_ns < limit ? a->follow->next_ns : limit;
    return poll(&p, 1, milliseconds(agent_now_ns(), until)) < 0 ? -errno : 0;
}

int agent_events(struct agent *a, int timeout_ms, void (*see)(void *arg, const struct follow_event *e), void *arg)
{
    uint64_t limit = timeout_ms < 0 ? UINT64_MAX : agent_now_ns() + (uint64_t)timeout_ms * 1000000u;
    int r = follow_init(a);
    if (r < 0)
        return r;
    if (timeout_ms == 0 && a->info.bpf && a->remote)
        remote_refresh(a); /* the daemon sends the events that it has before it answers */
    a->follow->see = see;
    a->follow->arg = arg;
    a->follow->delivered = 0;
    while ((r = take(a)) == 0 && agent_now_ns() < limit)
        if ((r = wait_a_little(a, limit)) < 0)
            break;
    return r;
}

int agent_events_fd(const struct agent *a)
{
    if (!a->info.bpf)
        return -1;
    return a->remote ? remote_follow_fd(a) : agent_bpf_fd(a);
}
