/* The toy's programs under every way to be traced: the interpreter's output, always; and machine code really ran. */
#include "rig.h"

static const char *const ways[] = {
    "default",
    "threshold=1,function_threshold=1,trace_eagerness=1",
    "torture_guard=1",
    "torture_guard=2,trace_eagerness=3",
    "torture_guard=3",
    "torture_guard=7,threshold=5",
    "torture_guard=101,threshold=2",
    "max_unroll_recursion=0,trace_eagerness=2",
    "max_unroll_recursion=7,function_threshold=5",
    "max_unroll_loops=0,threshold=10",
    "max_unroll_loops=50,threshold=3",
    "trace_limit=40",
    "inlining=0",
    "disable_unrolling=0",
    "enable_opts=fold",
    "enable_opts=fold:cse:heap:peel",
    "enable_opts=guards:peel:dce",
    "code_size=65536,threshold=1",
    "max_aborts=1,threshold=7",
};

static void every_way(const char *name, int64_t n)
{
    struct rig off = rig_new(name, NULL, "off");
    rig_run(&off, n);
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        struct rig g = rig_new(name, NULL, ways[i]);
        jit_opt_verify = 1;
        rig_run(&g, n);
        cr_assert_str_eq(g.out->text, off.out->text, "%s, %s", name, ways[i]);
        cr_assert_gt(rig_count(&g, JITSTAT_C_TRACING), 0, "%s, %s", name, ways[i]);
        if (i == 0) cr_assert_gt(rig_total(&g)->trace_entries, 0);
        cr_assert_eq(rig_event(&g, JITSTAT_E_abort), rig_aborts(&g));
        for (int e = JITSTAT_E_tracing__begin; e <= JITSTAT_E_backend__end; e += 2) cr_assert_eq(rig_total(&g)->events[e], rig_total(&g)->events[e + 1]);
        rig_free(&g);
    }
    rig_free(&off);
}

Test(programs, sum) { every_way("sum", 3000); }
Test(programs, nested) { every_way("nested", 150); }
Test(programs, objects) { every_way("objects", 2000); }
Test(programs, calls) { every_way("calls", 2000); }
Test(programs, fib) { every_way("fib", 17); }
Test(programs, deep) { every_way("deep", 1500); }
Test(programs, unstable) { every_way("unstable", 2000); }
Test(programs, natives) { every_way("natives", 500); }
Test(programs, classes) { every_way("classes", 3000); }
Test(programs, flush) { every_way("flush", 2500); }
Test(programs, primes) { every_way("primes", 400); }

/* Deeper than there are frames: the error of the interpreter, from machine code too. */
Test(programs, stack_overflow)
{
    static const char *const how[] = {"off", "default", "function_threshold=1", "max_unroll_recursion=0", "torture_guard=5"};
    for (int i = 0; i < 5; i++) {
        struct rig g = rig_new("deep", NULL, how[i]);
        int64_t n = 5000;
        cr_assert_not(toy_call(g.t, "main", &n, 1, NULL), "%s", how[i]);
        cr_assert_str_eq(g.t->error, "deep:5: stack overflow", "%s: %s", how[i], g.t->error);
        n = 1000; /* and everything still works */
        struct toy_val v;
        cr_assert(toy_call(g.t, "main", &n, 1, &v), "%s: %s", how[i], g.t->error);
        rig_free(&g);
    }
}

/* Objects that nobody needs are not made, for a guest that is not Lua either, but for those that exits need: the program's
 * answer and the collector's turns are those of the interpreter. */
static uint64_t made(const struct rig *g) { return UINT64_MAX - g->t->objects_left; }

Test(programs, objects_are_left_out)
{
    struct rig off = rig_new("objects", NULL, "off"), on = rig_new("objects", NULL, NULL), often = rig_new("objects", NULL, "torture_guard=5");
    int64_t want = rig_run(&off, 5000);
    cr_assert_eq(rig_run(&on, 5000), want);
    cr_assert_eq(rig_run(&often, 5000), want);
    cr_assert_eq(made(&off), 5001);
    cr_assert_lt(made(&on), 500, "%lu objects", (unsigned long)made(&on));
    cr_assert_gt(rig_count(&on, JITSTAT_C_NVIRTUALS), 0);
    cr_assert_gt(made(&often), made(&on), "exits make them");
    cr_assert_gt(off.t->turns, 50);
    cr_assert_lt(llabs((int64_t)(on.t->turns - off.t->turns)), 3, "%lu turns of %lu", (unsigned long)on.t->turns, (unsigned long)off.t->turns);
    rig_free(&off);
    rig_free(&on);
    rig_free(&often);
}

/* An exit that gets no memory for one raises the guest's error, and nothing is half made. */
Test(programs, no_memory_for_an_object)
{
    static const char *const how[] = {"off", "torture_guard=3", "torture_guard=7", "threshold=1"};
    for (int i = 0; i < 4; i++)
        for (uint64_t left = 0; left < 12; left++) {
            struct rig g = rig_new("objects", NULL, how[i]);
            int64_t n = 5000;
            g.t->objects_left = left;
            bool ok = toy_call(g.t, "main", &n, 1, NULL);
            cr_assert(i ? ok || strstr(g.t->error, "not enough memory") : !ok, "%s, %lu: %s", how[i], (unsigned long)left, g.t->error);
            g.t->objects_left = UINT64_MAX;
            n = 300;
            cr_assert(toy_call(g.t, "main", &n, 1, NULL), "%s: and everything still works: %s", how[i], g.t->error);
            rig_free(&g);
        }
}
