/* A kernel that refuses executable memory: the program runs interpreted, with a counter and an alarm, never an error. */
#include "../../noexec.h"
#include "rig.h"

static void no_executable_memory(void)
{
    cr_assert(forbid_exec(EPERM, NULL));
    cr_assert_eq(mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), MAP_FAILED);
}

Test(refused, from_the_start)
{
    int64_t want = rig_interpreted("primes", NULL, 400);
    struct rig g = rig_new("primes", NULL, NULL);
    no_executable_memory();
    cr_assert_eq(rig_run(&g, 400), want);
    cr_assert_eq(rig_total(&g)->code_refused, 1, "asked once");
    cr_assert(rig_alarm(&g, JITSTAT_AL_CODE_REFUSED));
    cr_assert_eq(rig_count(&g, JITSTAT_C_TOTAL_COMPILED_LOOPS), 0);
    cr_assert_eq(rig_count(&g, JITSTAT_C_TRACING), 0, "nothing is recorded for nothing");
    rig_free(&g);
}

/* Nothing is refused here: the neighbourhood of the library is full. */
Test(refused, no_room)
{
    const size_t step = 64 * 1024, reach = (size_t)1 << 30;
    uintptr_t near = (uintptr_t)&jit_poll_word & ~(step - 1);
    int64_t want = rig_interpreted("primes", NULL, 400);
    struct rig g = rig_new("primes", NULL, NULL);
    for (uintptr_t at = near - reach; at < near + reach; at += step)
        mmap((void *)at, step, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
    cr_assert_eq(rig_run(&g, 400), want);
    cr_assert_eq(rig_total(&g)->code_refused, 0);
    cr_assert(rig_alarm(&g, JITSTAT_AL_CODE_NO_ROOM));
    cr_assert(!rig_alarm(&g, JITSTAT_AL_CODE_REFUSED));
    cr_assert_eq(rig_count(&g, JITSTAT_C_TRACING), 0, "nothing is recorded for nothing");
    rig_free(&g);
}

Test(refused, from_some_moment_on)
{
    int64_t want = rig_interpreted("primes", NULL, 400);
    struct rig g = rig_new("primes", NULL, NULL);
    cr_assert_eq(rig_run(&g, 90), rig_interpreted("primes", NULL, 90));
    uint64_t compiled = rig_count(&g, JITSTAT_C_TOTAL_COMPILED_LOOPS);
    cr_assert_eq(compiled, 23);
    cr_assert_eq(rig_count(&g, JITSTAT_C_TOTAL_COMPILED_BRIDGES), 0);
    no_executable_memory();
    uint64_t entries = rig_total(&g)->trace_entries;
    cr_assert_eq(rig_run(&g, 400), want);
    cr_assert_eq(rig_count(&g, JITSTAT_C_ABORT_CODE_REFUSED), 1, "the first bridge");
    cr_assert_eq(rig_total(&g)->code_refused, 1);
    cr_assert(rig_alarm(&g, JITSTAT_AL_CODE_REFUSED));
    cr_assert_eq(rig_count(&g, JITSTAT_C_TOTAL_COMPILED_BRIDGES), 0);
    cr_assert_gt(rig_total(&g)->trace_entries, entries, "what there is goes on running");
    rig_free(&g);
}

/* A loop with a bridge that was compiled from constants; `set` changes them, so that the bridge dies. */
static struct rig rig_dying_bridge(void)
{
    static const char text[] =
        "class c 1\nfunc main 1\n int r1 0\n int r2 0\n int r3 4\n int r4 0\n new r6 c\nnext:\n jle r0 r2 out\n addi r2 r2 1\n mod r5 r2 r3\n jne r5 r4 same\n"
        " getc r7 r6 0\n add r1 r1 r7\nsame:\n add r1 r1 r2\n loop next\nout:\n ret r1\nfunc set 1\n setc c r0 0\n ret r0\n"
        "func other 1\n int r1 0\n int r2 0\nagain:\n jle r0 r2 done\n addi r2 r2 1\n add r1 r1 r2\n loop again\ndone:\n ret r1\n";
    struct rig g = rig_new("prog", text, NULL);
    struct toy_val v;
    cr_assert(toy_call(g.t, "set", &(int64_t){7}, 1, &v));
    cr_assert_eq(rig_run(&g, 1000), 500500 + 250 * 7);
    cr_assert_eq(rig_count(&g, JITSTAT_C_TOTAL_COMPILED_BRIDGES), 1);
    cr_assert(toy_call(g.t, "other", &(int64_t){100}, 1, &v));
    cr_assert_eq(rig_count(&g, JITSTAT_C_TOTAL_COMPILED_LOOPS), 2);
    return g;
}

/* The guard that leads to the bridge cannot be written any more: `but` is what the kernel still allows, `loops` how many die. */
static void kill_bridge(struct rig *g, const void *but, uint64_t loops)
{
    struct toy_val v;
    cr_assert(forbid_exec(EPERM, but));
    cr_assert(toy_call(g->t, "set", &(int64_t){11}, 1, &v));
    cr_assert_eq(rig_count(g, JITSTAT_C_TOTAL_FREED_BRIDGES), 1);
    cr_assert_eq(rig_count(g, JITSTAT_C_TOTAL_FREED_LOOPS), loops);
    cr_assert_eq(rig_run(g, 1000), 500500 + 250 * 11);
    cr_assert(toy_call(g->t, "other", &(int64_t){100}, 1, &v));
    rig_free(g);
}

/* The loop still jumps into it. */
Test(refused, a_dead_bridge_takes_its_loop_with_it)
{
    struct rig g = rig_dying_bridge();
    kill_bridge(&g, NULL, 1);
}

/* The page was opened for the jump and stays so: the other loop is in it too. */
Test(refused, a_dead_bridge_between_opening_and_closing)
{
    struct rig g = rig_dying_bridge();
    kill_bridge(&g, g.t->vm->area.base + g.t->vm->area.max, 2);
}

/* Another thread locks the process in while a bridge is written: code in its pages can never run again. That the change was tried
 * before says nothing then: only the page of the trial is spared here. */
Test(refused, between_opening_and_closing)
{
    int64_t want = rig_interpreted("primes", NULL, 400);
    struct rig g = rig_new("primes", NULL, NULL);
    rig_run(&g, 90);
    const struct code_area *a = &g.t->vm->area;
    cr_assert(forbid_exec(EPERM, a->base + a->max));
    cr_assert_eq(rig_run(&g, 400), want);
    cr_assert_eq(rig_count(&g, JITSTAT_C_ABORT_CODE_REFUSED), 1, "the first bridge");
    cr_assert_eq(rig_total(&g)->code_refused, 1);
    cr_assert(rig_alarm(&g, JITSTAT_AL_CODE_REFUSED));
    cr_assert_eq(rig_count(&g, JITSTAT_C_TOTAL_FREED_LOOPS), rig_count(&g, JITSTAT_C_TOTAL_COMPILED_LOOPS));
    uint64_t entries = rig_total(&g)->trace_entries;
    cr_assert_eq(rig_run(&g, 400), want);
    cr_assert_eq(rig_total(&g)->trace_entries, entries, "no code is entered any more");
    rig_free(&g);
}
