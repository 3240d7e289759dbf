/* Hot places: the schedule of back-off and blacklisting, which is fixed, so that a program always gives the same traces. */
#include "rig.h"

static struct {
    uint32_t ticks[32];
    int n;
} backed;

static void spy(void *user, struct jit_key key, int kind, uint32_t ticks)
{
    if (backed.n < 32) backed.ticks[backed.n++] = ticks;
    toy_driver.back_off(user, key, kind, ticks);
}

static struct rig spied(const char *text, const char *params)
{
    static struct jit_driver d;
    struct rig g = rig_new("prog", text, params);
    d = toy_driver;
    d.back_off = spy;
    g.t->vm->driver = &d;
    backed.n = 0;
    return g;
}

Test(hot, a_loop_is_traced_at_its_threshold)
{
    struct rig g = rig_new("prog", LOOP_TEXT, "threshold=200");
    rig_run(&g, 199);
    cr_assert_eq(rig_count(&g, JITSTAT_C_TRACING), 0, "199 back edges");
    rig_free(&g);
    g = rig_new("prog", LOOP_TEXT, "threshold=200");
    rig_run(&g, 201);
    cr_assert_eq(rig_count(&g, JITSTAT_C_TRACING), 1);
    rig_free(&g);
}

Test(hot, back_off_doubles_and_ends_in_the_blacklist)
{
    static const uint32_t want[] = {121, 242, 483, 964, 1925, 0}; /* doubled, and one more for each try: see below */
    struct rig g = spied(OPAQUE_TEXT, "threshold=60,max_aborts=6");
    rig_run(&g, 10000);
    cr_assert_eq(backed.n, 6, "%d", backed.n);
    for (int i = 0; i < 6; i++) cr_assert_eq(backed.ticks[i], want[i], "try %d: %u", i + 1, backed.ticks[i]);
    cr_assert_eq(rig_count(&g, JITSTAT_C_ABORT_NYI_BYTECODE), 6);
    cr_assert_eq(rig_total(&g)->blacklisted, 1);
    cr_assert_eq(rig_event(&g, JITSTAT_E_blacklist), 1);
    cr_assert(rig_alarm(&g, JITSTAT_AL_BLACKLISTED));
    rig_free(&g);
}

Test(hot, each_try_comes_when_it_is_due)
{
    /* 60 back edges to the first try, then 121 more, 242 more: 423. The try itself begins behind that back edge. */
    static const struct {
        int64_t n;
        uint64_t tries;
    } at[] = {{59, 0}, {61, 1}, {180, 1}, {182, 2}, {422, 2}, {424, 3}};
    for (size_t i = 0; i < sizeof at / sizeof at[0]; i++) {
        struct rig g = rig_new("prog", OPAQUE_TEXT, "threshold=60");
        rig_run(&g, at[i].n);
        cr_assert_eq(rig_aborts(&g), at[i].tries, "%d rounds: %lu", (int)at[i].n, (unsigned long)rig_aborts(&g));
        rig_free(&g);
    }
}

Test(hot, ticks_never_pass_65000)
{
    struct rig g = spied(OPAQUE_TEXT, "threshold=30000,max_aborts=100");
    rig_run(&g, 200000);
    cr_assert_geq(backed.n, 3);
    cr_assert_eq(backed.ticks[0], 60001);
    cr_assert_eq(backed.ticks[1], 65000);
    cr_assert_eq(backed.ticks[2], 65000);
    rig_free(&g);
}

Test(hot, a_guard_backs_off_too)
{
    struct rig g = rig_new("prog", OPAQUE_BRIDGE_TEXT, "trace_eagerness=4,max_aborts=3");
    int64_t want = rig_interpreted("prog", OPAQUE_BRIDGE_TEXT, 1000);
    cr_assert_eq(rig_run(&g, 1000), want);
    /* 4, 8 and 16 exits; then never again. */
    cr_assert_eq(rig_count(&g, JITSTAT_C_ABORT_NYI_BYTECODE), 3);
    cr_assert_eq(rig_event(&g, JITSTAT_E_exit__hot), 3);
    cr_assert_gt(rig_total(&g)->guard_exits, 200);
    cr_assert_eq(rig_total(&g)->blacklisted, 0, "the loop itself is fine");
    cr_assert_eq(rig_event(&g, JITSTAT_E_tracing__begin), 4);
    rig_free(&g);
}

/* After 40 recordings elsewhere a place waits for its threshold, then once for two of them. */
Test(hot, where_many_were_recorded_the_next_waits_longer)
{
    static const uint32_t want[] = {120, 121, 242};
    struct rig g = spied(OPAQUE_TEXT, "threshold=60");
    g.t->vm->nroots = 40;
    rig_run(&g, 60 + 120 - 1);
    cr_assert_eq(rig_aborts(&g), 0);
    rig_run(&g, 2 + 121 + 1);
    cr_assert_eq(rig_aborts(&g), 2, "the tries come as ever");
    cr_assert_eq(backed.n, 3);
    for (int i = 0; i < 3; i++) cr_assert_eq(backed.ticks[i], want[i], "%d: %u", i, backed.ticks[i]);
    rig_free(&g);
    g = spied(LOOP_TEXT, "threshold=60");
    g.t->vm->nroots = 1000000;
    rig_run(&g, 1000);
    cr_assert_eq(rig_count(&g, JITSTAT_C_TOTAL_COMPILED_LOOPS), 1);
    cr_assert_eq(backed.ticks[0], 480, "not for ever");
    rig_free(&g);
    g = spied(LOOP_TEXT, "threshold=10");
    g.t->vm->nroots = 1000000;
    rig_run(&g, 12);
    cr_assert_eq(rig_count(&g, JITSTAT_C_TRACING), 1, "so low a threshold wants all");
    rig_free(&g);
}

/* Where code that had traces was collected again and again, the next loop waits for 64 thresholds. */
Test(hot, where_code_dies_the_next_waits_long)
{
    for (int died = 0; died < 2; died++) {
        struct rig g = spied(LOOP_TEXT, "threshold=60");
        g.t->vm->nroots = 40;
        g.t->vm->ndied = died ? 10 : 9; /* one in four recordings */
        rig_run(&g, 2000);
        cr_assert_eq(backed.ticks[0], died ? 60 * 64 : 120, "%u", backed.ticks[0]);
        cr_assert_eq(rig_count(&g, JITSTAT_C_TOTAL_COMPILED_LOOPS), !died);
        rig_run(&g, 2000);
        cr_assert_eq(rig_count(&g, JITSTAT_C_TOTAL_COMPILED_LOOPS), 1, "it lives long enough");
        void *code[] = {g.t->funcs[0]};
        uint32_t before = g.t->vm->ndied;
        jit_forget_code(g.t->vm, code, 1);
        cr_assert_eq(g.t->vm->ndied, before + 1, "its own death counts");
        rig_free(&g);
    }
}

Test(hot, where_many_bridges_are_the_next_wants_more_exits)
{
    static const struct {
        uint32_t bridges;
        int64_t exits;
    } at[] = {{0, 20}, {16, 60}, {1000000, 340}};
    for (size_t i = 0; i < sizeof at / sizeof at[0]; i++) {
        for (int enough = 0; enough < 2; enough++) {
            struct rig g = rig_new("prog", OPAQUE_BRIDGE_TEXT, "trace_eagerness=20,max_aborts=1");
            g.t->vm->nbridges = at[i].bridges;
            rig_run(&g, 60 + 4 * at[i].exits + (enough ? 8 : -8)); /* one exit in four rounds, once the loop is compiled */
            cr_assert_eq(rig_event(&g, JITSTAT_E_exit__hot), enough, "%d exits", (int)at[i].exits);
            rig_free(&g);
        }
    }
}

Test(hot, the_same_program_gives_the_same_traces)
{
    for (int p = 0; toy_program_names[p] && strcmp(toy_program_names[p], "long") != 0; p++) {
        struct jitstat_totals first;
        for (int round = 0; round < 2; round++) {
            struct rig g = rig_new(toy_program_names[p], NULL, NULL);
            rig_run(&g, strcmp(toy_program_names[p], "fib") == 0 ? 15 : 400);
            if (round == 0) first = *rig_total(&g);
            else cr_assert_arr_eq(first.counters, rig_total(&g)->counters, sizeof first.counters, "%s", toy_program_names[p]);
            if (round == 1) cr_assert_arr_eq(first.events, rig_total(&g)->events, sizeof first.events, "%s", toy_program_names[p]);
            rig_free(&g);
        }
    }
}

Test(hot, primes_are_23_loops_11_bridges_7_aborts)
{
    struct rig g = rig_new("primes", NULL, NULL);
    cr_assert_eq(rig_run(&g, 400), rig_interpreted("primes", NULL, 400));
    cr_assert_eq(rig_count(&g, JITSTAT_C_TOTAL_COMPILED_LOOPS), 23);
    cr_assert_eq(rig_count(&g, JITSTAT_C_TOTAL_COMPILED_BRIDGES), 11);
    cr_assert_eq(rig_aborts(&g), 7);
    cr_assert_eq(rig_event(&g, JITSTAT_E_compile), 34);
    rig_free(&g);
}

Test(hot, numbers_are_never_reused)
{
    struct rig g = rig_new("prog", LOOP_TEXT, NULL);
    rig_run(&g, 1000);
    cr_assert_eq(g.t->vm->traces->number, 1);
    jitstat_releaseall(g.t->vm);
    cr_assert_null(g.t->vm->traces);
    rig_run(&g, 1000);
    cr_assert_eq(g.t->vm->traces->number, 2);
    rig_free(&g);
}

Test(hot, off_records_nothing_and_on_again_goes_on)
{
    struct rig g = rig_new("prog", LOOP_TEXT, "off");
    const char *err = NULL;
    cr_assert_eq(rig_run(&g, 1000), 500500);
    cr_assert_eq(rig_count(&g, JITSTAT_C_TRACING), 0);
    cr_assert_eq(jitstat_set_param(g.t->vm, "default", &err), 0);
    cr_assert_eq(rig_run(&g, 200000), 20000100000);
    cr_assert_eq(rig_count(&g, JITSTAT_C_TOTAL_COMPILED_LOOPS), 1);
    cr_assert_eq(jitstat_set_param(g.t->vm, "off", &err), 0);
    cr_assert_eq(rig_count(&g, JITSTAT_C_TOTAL_FREED_LOOPS), 1, "off drops what there is");
    uint64_t entries = rig_total(&g)->trace_entries;
    cr_assert_eq(rig_run(&g, 1000), 500500);
    cr_assert_eq(rig_total(&g)->trace_entries, entries);
    rig_free(&g);
}
