/* Events count what their row says, exactly once, and cost no record where there is none. */
#include <criterion/criterion.h>
#include <string.h>

#include "obs/obs.h"
#include "obs/probes.h"

static const struct obs_place loop_at = {'l', 1, "a.lua:3", "a.lua", 3};
static const struct obs_place bridge_at = {'b', 2, "a.lua:5", "a.lua", 5};

static uint64_t counter(const struct obs_vm *vm, enum jitstat_counter c)
{
    return vm->blk->total.counters[c];
}

Test(events, begin_and_end_of_a_vm)
{
    struct obs_vm *vm = obs_vm_begin("a guest with too long a name");
    struct jitstat_vm *b = vm->blk;
    cr_assert_eq(b->state, 1);
    cr_assert_eq(b->id, 1);
    cr_assert_str_eq(b->guest, "a guest with to");
    cr_assert_eq(b->total.events[JITSTAT_E_vm__begin], 1);
    obs_vm_end(vm);
    cr_assert_eq(b->state, 2);
    cr_assert_eq(b->total.events[JITSTAT_E_vm__end], 1);
    vm = obs_vm_begin("lua");
    cr_assert_eq(vm->blk->id, 2, "ids are never reused");
    cr_assert_neq(vm->blk, b, "slots are reused only when none is left");
    obs_vm_end(vm);
}

Test(events, counters_by_source)
{
    struct obs_vm *vm = obs_vm_begin("lua");
    obs_ev_tracing_begin(vm, &loop_at);
    obs_count(vm, JITSTAT_C_OPS, 40);
    obs_count(vm, JITSTAT_C_GUARDS, 3);
    obs_ev_optimize_begin(vm, &loop_at);
    obs_count(vm, JITSTAT_C_OPT_OPS, 20);
    obs_ev_optimize_end(vm, &loop_at, 5);
    cr_assert_eq(vm->delta.counters[JITSTAT_C_OPT_OPS], 20);
    cr_assert_eq(vm->delta.counters[JITSTAT_C_OPS], 0, "tracing's counters are not the optimizer's");
    obs_ev_backend_begin(vm, &loop_at);
    obs_ev_backend_end(vm, &loop_at, 6, vm, 64);
    obs_ev_compile(vm, &loop_at, vm, 64, 20, 3, 0, 0);
    obs_ev_tracing_end(vm, &loop_at, 7);
    cr_assert_eq(vm->delta.counters[JITSTAT_C_OPS], 40);
    cr_assert_eq(vm->delta.counters[JITSTAT_C_GUARDS], 3);
    obs_ev_compile(vm, &bridge_at, vm, 64, 20, 3, 1, 0);
    obs_ev_free(vm, &bridge_at, vm, 64);
    obs_ev_tracing_end(vm, &loop_at, 7);
    cr_assert_eq(vm->delta.counters[JITSTAT_C_OPS], 0, "an increment is carried once");
    cr_assert_eq(counter(vm, JITSTAT_C_TRACING), 1);
    cr_assert_eq(counter(vm, JITSTAT_C_BACKEND), 1);
    cr_assert_eq(counter(vm, JITSTAT_C_TOTAL_COMPILED_LOOPS), 1);
    cr_assert_eq(counter(vm, JITSTAT_C_TOTAL_COMPILED_BRIDGES), 1);
    cr_assert_eq(counter(vm, JITSTAT_C_TOTAL_FREED_BRIDGES), 1);
    cr_assert_eq(counter(vm, JITSTAT_C_TOTAL_FREED_LOOPS), 0);
    cr_assert_eq(vm->blk->total.events[JITSTAT_E_compile], 2);
    obs_vm_end(vm);
}

Test(events, aborts_sum_up_to_the_events)
{
    struct obs_vm *vm = obs_vm_begin("lua");
    for (int a = 0; a < JITSTAT_NABORTS; a++)
        for (int i = 0; i <= a; i++)
            obs_ev_abort(vm, &loop_at, a, 10, "b.lua", a);
    uint64_t sum = 0;
    for (int c = 0; c < JITSTAT_NCOUNTERS; c++)
        if (strncmp(obs_counter_name(c), "ABORT_", 6) == 0)
            sum += counter(vm, c);
    cr_assert_eq(sum, JITSTAT_NABORTS * (JITSTAT_NABORTS + 1) / 2);
    cr_assert_eq(sum, vm->blk->total.events[JITSTAT_E_abort]);
    for (int a = 0; a < JITSTAT_NABORTS; a++) {
        cr_assert_eq(counter(vm, obs_abort_counter(a)), (uint64_t)a + 1);
        cr_assert_str_eq(obs_counter_name(obs_abort_counter(a)), obs_abort_name(a));
    }
    obs_vm_end(vm);
}

Test(events, snapshot_holds_its_own_event)
{
    struct obs_vm *vm = obs_vm_begin("lua");
    struct jitstat_totals t;
    obs_ev_flush(vm, "test", 4);
    obs_ev_blacklist(vm, &loop_at, obs_abort_name(JITSTAT_A_NYI_CALL), 6);
    obs_ev_exit_hot(vm, &loop_at, 2, 12);
    obs_ev_snapshot(vm, &t);
    cr_assert_eq(t.flushes, 1);
    cr_assert_eq(t.blacklisted, 1);
    cr_assert_eq(t.events[JITSTAT_E_snapshot], 1);
    cr_assert_eq(memcmp(&t, &vm->blk->total, sizeof t), 0, "nothing is inherited here");
    obs_vm_end(vm);
}

Test(events, names)
{
    cr_assert_str_eq(obs_counter_name(JITSTAT_C_TRACING), "TRACING");
    cr_assert_eq((int)JITSTAT_C_TOTAL_FREED_BRIDGES, 25, "PyPy's 26 counters come first");
    cr_assert_str_eq(obs_counter_name(JITSTAT_NCOUNTERS), "?");
    cr_assert_str_eq(obs_event_name(JITSTAT_E_exit__hot), "exit__hot");
    cr_assert_str_eq(obs_event_name(JITSTAT_NEVENTS), "?");
}

/* The kernel raises a semaphore for whoever watches the probe: a jitstatd that runs on this machine may have. */
Test(events, watched_is_what_the_semaphore_says)
{
    volatile unsigned short *const semaphore[JITSTAT_NEVENTS] = {
#define JITSTAT_EVENT(name, hook, args) [JITSTAT_E_##name] = &jitstat_##name##_semaphore,
#include <jitstat/events.def>
    };
    for (int e = 0; e < JITSTAT_NEVENTS; e++)
        *semaphore[e] = 0;
    for (int e = 0; e < JITSTAT_NEVENTS; e++) {
        cr_assert(!obs_watched(e), "%s", obs_event_name(e));
        *semaphore[e] = 1;
        cr_assert(obs_watched(e), "%s", obs_event_name(e));
        cr_assert_eq(jit_poll_word.count_semaphore, e == JITSTAT_E_count, "%s", obs_event_name(e));
        cr_assert_eq(jit_poll_word.word, e == JITSTAT_E_count, "%s", obs_event_name(e));
        *semaphore[e] = 0;
    }
}
