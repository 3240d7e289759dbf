/* Allocations of the engine that fail: every one in turn, for whole programs. The output never changes, the reason
 * is counted, and nothing is left behind. */
#include "rig.h"

/* One run with the n-th allocation failing. False: there were fewer. */
static bool one(const char *name, int64_t arg, int64_t want, const char *out, long n, unsigned *counted)
{
    struct rig g = rig_new(name, NULL, "trace_eagerness=3");
    char text[60];
    jit_opt_verify = 1;
    snprintf(text, sizeof text, "torture_alloc=%ld", n);
    cr_assert(jit_set_param(g.t->vm, text, NULL));
    int64_t got = rig_run(&g, arg);
    bool failed = jit_arena_fail_after <= 0;
    jit_arena_fail_after = 0;
    cr_assert_eq(got, want, "%s, allocation %ld: %lld", name, n, (long long)got);
    cr_assert_str_eq(g.out->text, out, "%s, allocation %ld", name, n);
    cr_assert_leq(rig_count(&g, JITSTAT_C_ABORT_NO_MEMORY), failed);
    *counted += rig_count(&g, JITSTAT_C_ABORT_NO_MEMORY) > 0;
    cr_assert_eq(rig_event(&g, JITSTAT_E_abort), rig_aborts(&g));
    for (int e = JITSTAT_E_tracing__begin; e <= JITSTAT_E_backend__end; e += 2)
        cr_assert_eq(rig_total(&g)->events[e], rig_total(&g)->events[e + 1], "%s, allocation %ld: event %d", name, n, e);
    jitstat_releaseall(g.t->vm);
    cr_assert_eq(rig_count(&g, JITSTAT_C_TOTAL_FREED_LOOPS), rig_count(&g, JITSTAT_C_TOTAL_COMPILED_LOOPS));
    cr_assert_eq(rig_count(&g, JITSTAT_C_TOTAL_FREED_BRIDGES), rig_count(&g, JITSTAT_C_TOTAL_COMPILED_BRIDGES));
    rig_free(&g);
    return failed;
}

static void all(const char *name, int64_t arg)
{
    struct rig g = rig_new(name, NULL, "off");
    int64_t want = rig_run(&g, arg);
    unsigned counted = 0;
    long n = 1;
    while (one(name, arg, want, g.out->text, n, &counted)) n++;
    cr_assert_gt(n, 20, "%s: only %ld allocations", name, n);
    cr_assert_gt(counted, (unsigned)n * 3 / 4, "%s: ABORT_NO_MEMORY was counted %u times of %ld", name, counted, n);
    rig_free(&g);
}

Test(memory, sum) { all("sum", 200); }
Test(memory, nested) { all("nested", 90); }
Test(memory, objects) { all("objects", 200); }
Test(memory, calls) { all("calls", 200); }
Test(memory, fib) { all("fib", 12); }
Test(memory, natives) { all("natives", 150); }
Test(memory, classes) { all("classes", 900); }
Test(memory, flush) { all("flush", 700); }

/* 500 loops, one after the other: more than 64 KB of code. */
static char *many_loops(void)
{
    char *text;
    size_t size;
    FILE *f = open_memstream(&text, &size);
    fprintf(f, "func main 1\n int r1 0\n int r3 3\n");
    for (int i = 0; i < 500; i++)
        fprintf(f, " int r2 0\nn%d:\n jle r0 r2 o%d\n addi r2 r2 1\n mul r4 r2 r3\n add r1 r1 r4\n mod r1 r1 r0\n loop n%d\no%d:\n", i, i, i, i);
    fprintf(f, " ret r1\n");
    fclose(f);
    return text;
}

Test(memory, a_code_area_that_is_too_small)
{
    char *text = many_loops();
    struct rig g = rig_new("prog", text, "code_size=65536,threshold=15");
    jit_opt_verify = 0;
    cr_assert_eq(rig_run(&g, 40), rig_interpreted("prog", text, 40));
    uint64_t loops = rig_count(&g, JITSTAT_C_TOTAL_COMPILED_LOOPS), full = rig_count(&g, JITSTAT_C_ABORT_CODE_FULL);
    cr_assert_gt(loops, 50);
    cr_assert_gt(full, 0, "%lu loops fit into 64 KB", (unsigned long)loops);
    cr_assert_eq(loops + full, 500);
    cr_assert(rig_alarm(&g, JITSTAT_AL_CODE_FULL));
    size_t allocated, used;
    jitstat_get_stats_asmmemmgr(g.t->vm, &allocated, &used);
    cr_assert(used <= allocated && allocated <= 65536);
    jitstat_releaseall(g.t->vm);
    rig_run(&g, 40);
    cr_assert_gt(rig_count(&g, JITSTAT_C_TOTAL_COMPILED_LOOPS), loops + 50, "the room is used again");
    rig_free(&g);
    free(text);
}
