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
