/* Parameters: every name, every error, all or nothing. And the snapshot, which is a copy. */
#include <errno.h>
#include "rig.h"

Test(params, defaults_are_the_table)
{
    struct rig g = rig_new("prog", LOOP_TEXT, NULL);
    struct jit_params *p = &g.t->vm->params;
#define JITSTAT_PARAM(name, def, min, max, help) cr_assert_eq(p->name, def, #name);
#include <jitstat/params.def>
    rig_free(&g);
}

static void sets(struct rig *g, const char *name, int64_t value, const int64_t *where)
{
    char text[80];
    const char *err = "?";
    snprintf(text, sizeof text, "%s=%lld", name, (long long)value);
    cr_assert_eq(jitstat_set_param(g->t->vm, text, &err), 0, "%s: %s", text, err);
    cr_assert_eq(*where, value, "%s", text);
}

static void refuses(struct rig *g, const char *text, const char *why)
{
    const char *err = NULL;
    struct jit_params before = g->t->vm->params;
    cr_assert_eq(jitstat_set_param(g->t->vm, text, &err), -EINVAL, "%s", text);
    cr_assert_not_null(err);
    cr_assert_str_eq(err, why);
    cr_assert_arr_eq(&before, &g->t->vm->params, sizeof before, "all or nothing: %s", text);
}

Test(params, each_takes_its_limits_and_refuses_what_is_beyond)
{
    struct rig g = rig_new("prog", LOOP_TEXT, NULL);
    struct jit_params *p = &g.t->vm->params;
    char text[80], why[200];
#define JITSTAT_PARAM(name, def, min, max, help) \
    sets(&g, #name, max, &p->name); \
    sets(&g, #name, min, &p->name); \
    snprintf(text, sizeof text, #name "=%lld", (long long)(max) + 1); \
    snprintf(why, sizeof why, #name " wants a whole number from %lld to %lld, not '%lld'", (long long)(min), (long long)(max), (long long)(max) + 1); \
    refuses(&g, text, why); \
    snprintf(text, sizeof text, #name "=%lld", (long long)(min)-1); \
    snprintf(why, sizeof why, #name " wants a whole number from %lld to %lld, not '%lld'", (long long)(min), (long long)(max), (long long)(min)-1); \
    refuses(&g, text, why);
#include <jitstat/params.def>
    jit_arena_fail_after = 0;
    rig_free(&g);
}

#define PASSES "enable_opts wants \"all\", \"none\" or passes joined by ':' (of fold rules guards cse heap virtuals peel dce), not "

Test(params, errors_name_the_bad_part)
{
    struct rig g = rig_new("prog", LOOP_TEXT, NULL);
    refuses(&g, "threshold", "'threshold' is not name=value, \"off\" or \"default\"");
    refuses(&g, "offf", "'offf' is not name=value, \"off\" or \"default\"");
    static const char *const numbers[] = {"", "12x", "99999999999999999999", " 7", "7 ", "+7", "0x7", "-", "1e3"};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        char text[80], why[160];
        snprintf(text, sizeof text, "threshold=%s", numbers[i]);
        snprintf(why, sizeof why, "threshold wants a whole number from 1 to 65000, not '%s'", numbers[i]);
        refuses(&g, text, why);
    }
    refuses(&g, "enable_opts=fold:frob", PASSES "'fold:frob'");
    refuses(&g, "enable_opts=", PASSES "''");
    rig_free(&g);
}

/* Too long for a number: not cut off and taken. */
Test(params, many_zeros)
{
    struct rig g = rig_new("prog", LOOP_TEXT, NULL);
    char text[100] = "decay=";
    const char *err;
    memset(text + 6, '0', 80);
    text[86] = '5';
    cr_assert_eq(jitstat_set_param(g.t->vm, text, &err), -EINVAL);
    cr_assert_eq(g.t->vm->params.decay, 40);
    rig_free(&g);
}

Test(params, an_unknown_name_is_told_the_known_ones)
{
    struct rig g = rig_new("prog", LOOP_TEXT, NULL);
    static const char known[] = " (there are "
#define JITSTAT_PARAM(name, def, min, max, help) #name ", "
#include <jitstat/params.def>
                                "enable_opts)";
    static const char *const bad[][2] = {{"treshold=3", "treshold"}, {"threshold=3,frob=1", "frob"}, {"=3", ""}, {"threshold =3", "threshold "}, {"off=1", "off"}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char why[1024];
        snprintf(why, sizeof why, "no parameter '%s'%s", bad[i][1], known);
        refuses(&g, bad[i][0], why);
    }
    rig_free(&g);
}

Test(params, lists)
{
    struct rig g = rig_new("prog", LOOP_TEXT, NULL);
    const char *err;
    struct jit_params *p = &g.t->vm->params;
    cr_assert_eq(jitstat_set_param(g.t->vm, "threshold=7,,trace_limit=500,", &err), 0);
    cr_assert(p->threshold == 7 && p->trace_limit == 500);
    cr_assert_eq(jitstat_set_param(g.t->vm, "default,threshold=9", &err), 0);
    cr_assert(p->threshold == 9 && p->trace_limit == 6000);
    cr_assert_eq(jitstat_set_param(g.t->vm, "off", &err), 0);
    cr_assert_eq(p->jit, 0);
    cr_assert_eq(jitstat_set_param(g.t->vm, "enable_opts=fold", &err), 0);
    cr_assert_eq(p->enable_opts, 1u << JIT_OPT_BIT_FOLD);
    cr_assert_eq(jitstat_set_param(g.t->vm, "enable_opts=all", NULL), 0);
    cr_assert_eq(p->enable_opts, JIT_OPT_ALL);
    cr_assert_eq(jitstat_set_param(g.t->vm, "enable_opts=none", NULL), 0);
    cr_assert_eq(p->enable_opts, 0);
    cr_assert_eq(jitstat_set_param(g.t->vm, "frob=1", NULL), -EINVAL, "err may be NULL");
    cr_assert_eq(jitstat_set_param(g.t->vm, "", &err), 0);
    rig_free(&g);
}

Test(names, come_from_the_tables)
{
    cr_assert_str_eq(jitstat_counter_name(JITSTAT_C_TRACING), "TRACING");
    cr_assert_str_eq(jitstat_counter_name(JITSTAT_NCOUNTERS - 1), "ABORT_RETRY");
    cr_assert_null(jitstat_counter_name(JITSTAT_NCOUNTERS));
    cr_assert_null(jitstat_counter_name(-1));
    cr_assert_str_eq(jitstat_abort_reason(JITSTAT_A_TOO_LONG), "ABORT_TOO_LONG");
    cr_assert_null(jitstat_abort_reason(JITSTAT_NABORTS));
    cr_assert_null(jitstat_abort_reason(-1));
}

Test(snapshot, is_a_copy_of_the_moment)
{
    struct rig g = rig_new("primes", NULL, NULL);
    struct jitstat_snapshot *a, *b;
    rig_run(&g, 100);
    cr_assert_eq(jitstat_get_stats_snapshot(g.t->vm, &a), 0);
    struct jitstat_snapshot copy = *a;
    cr_assert_arr_eq(a->totals.counters, rig_total(&g)->counters, sizeof a->totals.counters);
    cr_assert_eq(a->nloop_run_times, 0, "counts were never on");
    rig_run(&g, 400);
    cr_assert_arr_eq(&copy, a, sizeof copy, "nothing in it moved");
    cr_assert_eq(jitstat_get_stats_snapshot(g.t->vm, &b), 0);
    cr_assert_gt(b->totals.counters[JITSTAT_C_TRACING], a->totals.counters[JITSTAT_C_TRACING]);
    cr_assert_eq(rig_event(&g, JITSTAT_E_snapshot), 2);
    cr_assert_eq(b->totals.counters[JITSTAT_C_TRACING], b->totals.events[JITSTAT_E_tracing__begin]);
    cr_assert_eq(b->totals.counters[JITSTAT_C_BACKEND], b->totals.events[JITSTAT_E_backend__begin]);
    jitstat_snapshot_free(a);
    jitstat_snapshot_free(b);
    jitstat_snapshot_free(NULL);
    rig_free(&g);
}

/* ---- run counts ---- */

static uint64_t runs(struct rig *g, int kind, uint64_t number)
{
    struct jitstat_snapshot *s;
    uint64_t n = UINT64_MAX;
    cr_assert_eq(jitstat_get_stats_snapshot(g->t->vm, &s), 0);
    for (size_t i = 0; i < s->nloop_run_times; i++)
        if (s->loop_run_times[i].kind == kind && s->loop_run_times[i].number == number) {
            cr_assert_eq(strncmp(s->loop_run_times[i].greenkey, "prog:", 5), 0);
            n = s->loop_run_times[i].runs;
        }
    jitstat_snapshot_free(s);
    return n;
}

Test(debug, runs_of_a_loop_and_its_entry)
{
    struct rig g = rig_new("prog", LOOP_TEXT, NULL);
    rig_run(&g, 1000);
    cr_assert_eq(runs(&g, 'l', 1), UINT64_MAX, "empty until enable_debug");
    jitstat_enable_debug(g.t->vm);
    cr_assert_eq(runs(&g, 'l', 1), 0);
    rig_run(&g, 1000);
    uint64_t l = runs(&g, 'l', 1);
    cr_assert_eq(runs(&g, 'e', 1), 1, "entered once, from the first back edge on");
    /* 1000 rounds: the first is interpreted, the second stands before the label; the rest jumps back but the last. */
    cr_assert_eq(l, 998, "%lu", (unsigned long)l);
    rig_run(&g, 1000);
    cr_assert_eq(runs(&g, 'l', 1), 2 * l);
    cr_assert_eq(runs(&g, 'e', 1), 2);
    jitstat_disable_debug(g.t->vm);
    rig_run(&g, 1000);
    cr_assert_eq(runs(&g, 'l', 1), 2 * l, "off again; what was counted stays");
    rig_free(&g);
}

Test(debug, runs_of_a_bridge)
{
    struct rig g = rig_new("prog", BRANCH_TEXT, NULL);
    rig_run(&g, 400);
    cr_assert_eq(rig_count(&g, JITSTAT_C_TOTAL_COMPILED_BRIDGES), 1);
    jitstat_enable_debug(g.t->vm);
    rig_run(&g, 400);
    uint64_t b = runs(&g, 'b', 2);
    cr_assert_eq(b, 100, "every fourth time, not %lu times", (unsigned long)b);
    cr_assert_eq(runs(&g, 'e', 1), 1, "each bridge ends in the loop's start, which is no entry");
    rig_free(&g);
}

Test(debug, runs_of_an_entry_bridge)
{
    struct rig g = rig_new("prog", ENTRY_TEXT, "function_threshold=50,threshold=60000");
    rig_run(&g, 60);
    jitstat_enable_debug(g.t->vm);
    rig_run(&g, 100);
    cr_assert_eq(g.t->vm->traces->kind, 'e');
    cr_assert_eq(runs(&g, 'e', 1), 100);
    rig_free(&g);
}

Test(debug, works_at_once_for_code_that_is_compiled_later)
{
    struct rig g = rig_new("prog", LOOP_TEXT, NULL);
    jitstat_enable_debug(g.t->vm);
    rig_run(&g, 1000);
    uint64_t l = runs(&g, 'l', 1);
    cr_assert(l >= 930 && l < 940, "%lu", (unsigned long)l);
    rig_free(&g);
}

static uint64_t exits_of_records(struct rig *g)
{
    uint64_t sum = 0;
    for (struct jit_trace *t = g->t->vm->traces; t; t = t->next)
        for (uint32_t i = 0; i < t->code.nexits; i++) {
            const struct jitstat_guard *r = &t->guards[i];
            sum += r->exits;
            cr_assert_eq(r->bridge, t->code.exits[i].bridge ? t->code.exits[i].bridge->number : 0);
            cr_assert(r->op < t->ir.ops.n);
            cr_assert(r->kind != JITSTAT_X_GUARD || jit_ref_type(&t->ir, r->op) == 0, "a guard has no value");
        }
    return sum;
}

Test(exits, of_all_guards_sum_to_the_total)
{
    static const char *const names[] = {"sum", "nested", "objects", "calls", "fib", "deep", "unstable", "natives"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        int64_t usual;
        free(toy_program(names[i], &usual));
        struct rig g = rig_new(names[i], NULL, "threshold=10,trace_eagerness=3");
        rig_run(&g, usual);
        cr_assert_gt(rig_total(&g)->guard_exits, 0, "%s", names[i]);
        cr_assert_eq(rig_count(&g, JITSTAT_C_TOTAL_FREED_LOOPS) + rig_count(&g, JITSTAT_C_TOTAL_FREED_BRIDGES), 0, "%s", names[i]);
        cr_assert_eq(exits_of_records(&g), rig_total(&g)->guard_exits, "%s", names[i]);
        rig_free(&g);
    }
}

Test(exits, stop_where_a_bridge_takes_over)
{
    struct rig g = rig_new("prog", BRANCH_TEXT, "trace_eagerness=12");
    rig_run(&g, 400);
    const struct jitstat_guard *taken = NULL;
    struct jit_trace *loop = g.t->vm->traces->parent;
    for (uint32_t i = 0; i < loop->code.nexits; i++)
        if (loop->guards[i].bridge) taken = &loop->guards[i];
    cr_assert(taken && taken->bridge == 2 && taken->line > 0);
    uint64_t before = taken->exits;
    cr_assert_eq(before, 12, "that many exits, then the bridge");
    rig_run(&g, 400);
    cr_assert_eq(taken->exits, before);
    rig_free(&g);
}
