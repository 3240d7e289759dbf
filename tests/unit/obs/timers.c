/* Timers are exclusive, hooks belong to none, and every nanosecond is given out once. */
#include <criterion/criterion.h>

#include "obs/obs.h"

static void spin(uint64_t ns)
{
    for (uint64_t until = obs_now_ns() + ns; obs_now_ns() < until;)
        ;
}

Test(timers, exclusive)
{
    struct obs_vm *vm = obs_vm_begin("lua");
    uint64_t t0 = obs_now_ns();
    obs_timer_enter(vm, JITSTAT_T_TRACING);
    spin(2000000);
    obs_timer_enter(vm, JITSTAT_T_BACKEND);
    spin(6000000);
    uint64_t backend = obs_timer_leave(vm, JITSTAT_T_BACKEND);
    uint64_t tracing = obs_timer_leave(vm, JITSTAT_T_TRACING);
    uint64_t wall = obs_now_ns() - t0;
    cr_assert_geq(backend, 6000000);
    cr_assert_geq(tracing, 2000000);
    cr_assert_leq(backend + tracing, wall, "no nanosecond counts twice");
    cr_assert_eq(vm->blk->total.times_ns[JITSTAT_T_BACKEND], backend);
    cr_assert_eq(vm->blk->total.times_ns[JITSTAT_T_TRACING], tracing);
    obs_vm_end(vm);
}

Test(timers, hook_time_belongs_to_no_timer)
{
    struct obs_vm *vm = obs_vm_begin("lua");
    uint64_t t0 = obs_now_ns();
    obs_timer_enter(vm, JITSTAT_T_OPTIMIZE);
    obs_timer_pause(vm);
    spin(5000000);
    obs_timer_enter(vm, JITSTAT_T_TRACING); /* code inside a hook may be traced */
    spin(1000000);
    uint64_t inner = obs_timer_leave(vm, JITSTAT_T_TRACING);
    obs_timer_resume(vm);
    uint64_t outer = obs_timer_leave(vm, JITSTAT_T_OPTIMIZE);
    uint64_t wall = obs_now_ns() - t0;
    cr_assert_geq(inner, 1000000);
    cr_assert_leq(outer + inner + 5000000, wall);
    obs_vm_end(vm);
}

Test(timers, deeper_than_the_stack)
{
    struct obs_vm *vm = obs_vm_begin("lua");
    uint64_t sum = 0, t0 = obs_now_ns();
    for (int i = 0; i < 20; i++)
        obs_timer_enter(vm, JITSTAT_T_TRACING);
    for (int i = 0; i < 20; i++)
        sum += obs_timer_leave(vm, JITSTAT_T_TRACING);
    cr_assert_eq(vm->ntimers, 0);
    cr_assert_leq(sum, obs_now_ns() - t0);
    cr_assert_eq(vm->blk->total.times_ns[JITSTAT_T_TRACING], sum);
    obs_vm_end(vm);
}
