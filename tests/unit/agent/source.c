/* Opening a source without BPF and without a daemon, in one process: guards that lie, and events made of what the
 * blocks say. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/agent.h"
#include "obs/obs.h"

struct got {
    unsigned n, compiles, alarms;
    uint64_t aborts, frees, last;
    char name[JITSTAT_NAME_LEN], text[JITSTAT_ABORT_FILE_LEN];
};

static void see(void *arg, const struct follow_event *e)
{
    struct got *g = arg;
    g->n++;
    g->compiles += e->event == JITSTAT_E_compile;
    g->aborts += e->event == JITSTAT_E_abort ? e->count : 0;
    g->frees += e->event == JITSTAT_E_free ? e->count : 0;
    g->alarms += e->event == FOLLOW_ALARM && e->kind == JITSTAT_AL_FLUSH_STORM;
    if (e->event == JITSTAT_E_compile) {
        g->last = e->number;
        memcpy(g->name, e->name, sizeof g->name);
    } else if (e->event == JITSTAT_E_abort)
        memcpy(g->text, e->text, sizeof g->text);
}

static struct jitstat_loop *compile(struct obs_vm *vm, uint64_t n, uint32_t nguards, struct jitstat_guard **guards)
{
    char name[32];
    snprintf(name, sizeof name, "f.lua:%u", (unsigned)n);
    struct obs_place at = {'l', n, name, "f.lua", (int)n};
    struct jitstat_loop *l = obs_loop_add(vm, &at, vm, n, 3, 0, 0, nguards, guards);
    obs_ev_compile(vm, &at, vm, n, 3, nguards, 0, 0);
    return l;
}

static struct agent *open_us(void)
{
    struct agent *a;
    struct agent_open_options o = {.pid = getpid()};
    cr_assert_eq(agent_open(&a, &o), 0, "%s", agent_error(a));
    return a;
}

Test(source, guards_that_lie)
{
    struct obs_vm *vm = obs_vm_begin("lua");
    struct jitstat_guard *g;
    struct jitstat_loop *l = compile(vm, 1, 3, &g);
    static const uint64_t offs[] = {1, 8, JITSTAT_SEG_SIZE - 8, ~0ull, ~0ull - 7};
    struct agent *a = open_us();
    for (size_t i = 0; i < sizeof offs / sizeof offs[0]; i++) {
        l->guards = offs[i];
        l->nguards = i == 1 ? ~0u : 3;
        struct agent_snapshot *s = agent_snapshot_take(a);
        const struct agent_vm *v = &s->processes[0].vms[0];
        cr_assert_eq(v->nloops, 1);
        cr_assert_eq(v->nexits, 0);
        cr_assert_eq(v->loss.late, 1);
        agent_snapshot_free(s);
    }
    agent_free(a);
    obs_vm_end(vm);
}

Test(source, a_block_cannot_claim_more_than_its_size)
{
    struct obs_vm *vm = obs_vm_begin("lua");
    struct jitstat_guard *g;
    struct jitstat_loop *l[32];
    for (uint64_t n = 1; n <= 32; n++)
        l[n - 1] = compile(vm, n, 1, &g);
    for (int i = 0; i < 32; i++) { /* all the same 24 MB of guards */
        l[i]->guards = 64;
        l[i]->nguards = (24u << 20) / sizeof *g;
    }
    struct agent *a = open_us();
    struct agent_snapshot *s = agent_snapshot_take(a);
    const struct agent_vm *v = &s->processes[0].vms[0];
    cr_assert_eq(v->nloops, 32);
    cr_assert_eq(v->loss.late, 30, "two of 24 MB each fit into 64 MB");
    agent_snapshot_free(s);
    agent_free(a);
    obs_vm_end(vm);
}

Test(source, events_without_bpf)
{
    struct obs_vm *vm = obs_vm_begin("lua"), *late;
    struct got g = {0};
    struct jitstat_loop *l = compile(vm, 1, 0, NULL);
    obs_ev_abort(vm, NULL, JITSTAT_A_NYI_CALL, 10, "g.lua", 1);
    struct agent *a = open_us();
    cr_assert_not(agent_info(a)->bpf);
    cr_assert_eq(agent_events_fd(a), -1);
    cr_assert_eq(agent_events(a, 0, see, &g), 0, "what was there is not new");
    for (uint64_t n = 2; n <= 24; n++)
        compile(vm, n, 0, NULL);
    for (int i = 0; i < 7; i++)
        obs_ev_abort(vm, NULL, JITSTAT_A_NYI_CALL, 10, "g.lua", i % 3);
    obs_ev_free(vm, &(struct obs_place){'l', 1, "f.lua:1", "f.lua", 1}, NULL, 1);
    obs_loop_freed(vm, l);
    obs_alarm(vm, JITSTAT_AL_FLUSH_STORM, &(struct obs_place){.file = "f.lua", .line = 3}, "a reason");
    late = obs_vm_begin("two");
    compile(late, 1, 0, NULL);
    cr_assert_eq(agent_events(a, -1, see, &g), (int)g.n);
    cr_assert_eq(g.compiles, 23 + 1);
    cr_assert_eq(g.aborts, 7);
    cr_assert_eq(g.frees, 1);
    cr_assert_eq(g.alarms, 1);
    cr_assert_str_eq(g.text, "ABORT_NYI_CALL");
    cr_assert_str_eq(g.name, "f.lua:1");
    unsigned before = g.n;
    cr_assert_eq(agent_events(a, 0, see, &g), 0);
    cr_assert_eq(g.n, before, "nothing comes twice");
    agent_free(a);
    obs_vm_end(late);
    obs_vm_end(vm);
}

Test(source, what_cannot_be_had)
{
    struct agent *a;
    struct agent_open_options o = {.pid = getpid()};
    cr_assert_eq(agent_open(&a, &o), -ENOENT, "no VM");
    cr_assert(strstr(agent_error(a), "has no VM of ours"));
    agent_free(a);
    o.daemon = AGENT_MUST;
    setenv("JITSTAT_DIR", "/nonexistent", 1);
    cr_assert_eq(agent_open(&a, &o), -ECONNREFUSED);
    cr_assert(strstr(agent_error(a), "jitstatd"));
    agent_free(a);
}
