/* Traces that must go: constants that change, flush, code objects that die, and what the collector must see. */
#include "rig.h"

Test(invalidate, a_changed_constant_ends_what_was_compiled_from_it)
{
    struct rig g = rig_new("classes", NULL, NULL);
    cr_assert_eq(rig_run(&g, 2000), rig_interpreted("classes", NULL, 2000));
    cr_assert_eq(rig_count(&g, JITSTAT_C_TOTAL_COMPILED_LOOPS), 3, "first, and after each of the two changes");
    cr_assert_eq(rig_count(&g, JITSTAT_C_TOTAL_FREED_LOOPS), 2);
    cr_assert_eq(rig_event(&g, JITSTAT_E_free), 2);
    cr_assert_gt(rig_total(&g)->trace_entries, 2);
    rig_free(&g);
}

#define READ_TEXT \
    "class c 1\nclass d 1\nfunc main 1\n int r2 0\n int r1 0\n int r5 5\n setc c r5 0\n new r3 c\nnext:\n jle r0 r2 out\n addi r2 r2 1\n getc r4 r3 0\n" \
    " add r1 r1 r4\n loop next\nout:\n ret r1\n" \
    "func other 1\n setc d r0 0\n ret r0\nfunc same 1\n setc c r0 0\n ret r0\n"

static void call(struct rig *g, const char *fn, int64_t n)
{
    cr_assert(toy_call(g->t, fn, &n, 1, NULL), "%s", g->t->error);
}

Test(invalidate, only_what_depends_on_it)
{
    struct rig g = rig_new("prog", READ_TEXT, NULL);
    cr_assert_eq(rig_run(&g, 1000), 5000);
    cr_assert_eq(g.t->vm->traces->ndeps, 1);
    cr_assert_eq(g.t->vm->traces->deps[0], g.t->classes[0]);
    call(&g, "other", 3);
    cr_assert_eq(rig_count(&g, JITSTAT_C_TOTAL_FREED_LOOPS), 0);
    call(&g, "same", 3);
    cr_assert_eq(rig_count(&g, JITSTAT_C_TOTAL_FREED_LOOPS), 1, "nothing runs: freed at once");
    cr_assert_null(g.t->vm->traces);
    cr_assert_null(g.t->funcs[0]->loops[6].trace, "and unlinked from the counter");
    size_t allocated, used;
    jitstat_get_stats_asmmemmgr(g.t->vm, &allocated, &used);
    cr_assert_eq(used, rig_total(&g)->code_used);
    rig_free(&g);
}

Test(invalidate, code_that_runs_is_freed_when_it_has_ended)
{
    struct rig g = rig_new("flush", NULL, NULL);
    cr_assert_eq(rig_run(&g, 2000), rig_interpreted("flush", NULL, 2000));
    cr_assert_eq(rig_count(&g, JITSTAT_C_TOTAL_COMPILED_LOOPS), rig_count(&g, JITSTAT_C_TOTAL_FREED_LOOPS) + 1);
    cr_assert_gt(rig_event(&g, JITSTAT_E_flush), 4);
    cr_assert_eq(rig_event(&g, JITSTAT_E_flush), rig_total(&g)->flushes);
    rig_free(&g);
}

Test(invalidate, bridges_die_with_what_they_leave)
{
    struct rig g = rig_new("prog", BRANCH_TEXT, NULL);
    rig_run(&g, 1000);
    cr_assert_eq(rig_count(&g, JITSTAT_C_TOTAL_COMPILED_BRIDGES), 1);
    size_t allocated, used, after;
    jitstat_get_stats_asmmemmgr(g.t->vm, &allocated, &used);
    jitstat_releaseall(g.t->vm);
    jitstat_get_stats_asmmemmgr(g.t->vm, &allocated, &after);
    cr_assert_lt(after, used);
    cr_assert_eq(rig_count(&g, JITSTAT_C_TOTAL_FREED_LOOPS), 1);
    cr_assert_eq(rig_count(&g, JITSTAT_C_TOTAL_FREED_BRIDGES), 1);
    cr_assert_eq(rig_event(&g, JITSTAT_E_free), 2);
    cr_assert_eq(rig_run(&g, 1000), rig_interpreted("prog", BRANCH_TEXT, 1000));
    rig_free(&g);
}

Test(invalidate, the_end_of_a_vm_frees_everything)
{
    struct rig g = rig_new("primes", NULL, NULL);
    rig_run(&g, 400);
    struct obs_vm *obs = g.t->vm->obs;
    struct jitstat_vm *blk = obs->blk; /* stays readable when the VM has ended */
    rig_free(&g);
    cr_assert_eq(blk->total.counters[JITSTAT_C_TOTAL_FREED_LOOPS], 23);
    cr_assert_eq(blk->total.counters[JITSTAT_C_TOTAL_FREED_BRIDGES], 11);
    cr_assert_eq(blk->total.events[JITSTAT_E_free], 34);
    cr_assert_lt(blk->total.code_used, 1024, "only the trampolines were left");
    cr_assert_eq(blk->state, 2);
}

Test(invalidate, a_code_object_dies)
{
    struct rig g = rig_new("prog", LOOP_TEXT, NULL);
    rig_run(&g, 1000);
    void *others[] = {g.t->classes, &g}, *codes[] = {&g, g.t->funcs[0], g.t->classes};
    jit_forget_code(g.t->vm, others, 2);
    cr_assert_eq(rig_count(&g, JITSTAT_C_TOTAL_FREED_LOOPS), 0);
    jit_forget_code(g.t->vm, codes, 3);
    cr_assert_eq(rig_count(&g, JITSTAT_C_TOTAL_FREED_LOOPS), 1);
    cr_assert_eq(g.t->vm->ncells, 0);
    rig_free(&g);
}

Test(invalidate, changing_too_often_is_an_alarm)
{
    struct rig g = rig_new("prog", READ_TEXT, NULL);
    for (int i = 0; i < 8; i++) {
        cr_assert_eq(rig_alarm(&g, JITSTAT_AL_RECOMPILE), false, "round %d", i);
        cr_assert_eq(rig_run(&g, 1000), 5000);
        if (i < 7) call(&g, "same", i);
    }
    cr_assert(rig_alarm(&g, JITSTAT_AL_RECOMPILE), "compiled 8 times at one place");
    rig_free(&g);
}

/* ---- what the collector must keep ---- */

struct marked {
    int n;
    void *last[32];
};
static void mark(void *arg, void *object)
{
    struct marked *m = arg;
    if (m->n < 32) m->last[m->n++] = object;
}

static bool has(const struct marked *m, const void *p)
{
    for (int i = 0; i < m->n; i++)
        if (m->last[i] == p) return true;
    return false;
}

Test(mark, constants_and_dependencies_of_traces)
{
    struct rig g = rig_new("prog",
                           "class c 1\nclass k 1\nfunc main 1\n int r2 0\n new r5 k\n setc c r5 0\n new r3 c\nnext:\n jle r0 r2 out\n addi r2 r2 1\n getc r4 r3 0\n"
                           " jeq r4 r3 out\n loop next\nout:\n ret r2\n",
                           NULL);
    struct marked m = {0};
    jit_mark(g.t->vm, mark, &m);
    cr_assert_eq(m.n, 0);
    rig_run(&g, 1000);
    cr_assert_eq(rig_count(&g, JITSTAT_C_TOTAL_COMPILED_LOOPS), 1);
    jit_mark(g.t->vm, mark, &m);
    cr_assert(has(&m, g.t->classes[0]), "what the trace depends on");
    cr_assert(has(&m, g.t->classes[0]->consts[0].o), "the constant object in it");
    m.n = 0;
    jitstat_releaseall(g.t->vm);
    jit_mark(g.t->vm, mark, &m);
    cr_assert_eq(m.n, 0, "freed traces keep nothing");
    rig_free(&g);
}

/* ---- interrupts ---- */

struct stop {
    struct toy *t;
    int n;
};
static void interrupt(const struct jitstat_loop_info *info, void *ud)
{
    struct stop *s = ud;
    s->n++;
    jit_interrupt(info->vm, true);
}

Test(interrupt, compiled_loops_leave_and_nothing_is_entered_until_it_is_cleared)
{
    struct rig g = rig_new("prog", LOOP_TEXT, NULL);
    struct stop s = {.t = g.t};
    jitstat_set_compile_hook(g.t->vm, interrupt, &s, false);
    cr_assert_eq(rig_run(&g, 1000), 500500);
    cr_assert_eq(s.n, 1);
    cr_assert_eq(rig_total(&g)->trace_entries, 0, "interpreted while it is pending");
    jit_interrupt(g.t->vm, false);
    cr_assert_eq(rig_run(&g, 1000), 500500);
    cr_assert_gt(rig_total(&g)->trace_entries, 0);
    rig_free(&g);
}

/* ---- while the optimize hook runs, the recording belongs to nobody else ---- */

struct in_hook {
    struct rig *g;
    int n;
    struct marked m;
    const char *run;
};
static int64_t in_hook(const struct jitstat_loop_info *info, const struct jitstat_newop **list, void *ud)
{
    struct in_hook *h = ud;
    (void)list;
    if (h->n++ == 0) {
        jit_mark(info->vm, mark, &h->m);
        if (h->run) call(h->g, h->run, 9);
    }
    return -1;
}

Test(invalidate, constants_that_change_in_the_optimize_hook)
{
    struct rig g = rig_new("prog", READ_TEXT, "threshold=50");
    struct in_hook h = {.g = &g, .run = "same"};
    jitstat_set_optimize_hook(g.t->vm, in_hook, &h);
    /* 51 rounds with 5 until the hook has run, then 9. */
    int64_t got = rig_run(&g, 1000), first = (1000 * 9 - got) / 4;
    cr_assert(got == first * 5 + (1000 - first) * 9 && first >= 50 && first <= 52, "%lld", (long long)got);
    cr_assert_eq(rig_count(&g, JITSTAT_C_ABORT_FORCE_QUASIIMMUT), 1);
    cr_assert_eq(rig_count(&g, JITSTAT_C_TOTAL_COMPILED_LOOPS), 1, "later, with the new constant");
    cr_assert_eq(rig_total(&g)->hooks_called[JITSTAT_H_OPTIMIZE], rig_event(&g, JITSTAT_E_backend__begin), "one probe for each call");
    cr_assert_eq(rig_event(&g, JITSTAT_E_backend__begin), rig_event(&g, JITSTAT_E_backend__end));
    rig_free(&g);
}

Test(mark, a_recording_whose_optimize_hook_runs)
{
    struct rig g = rig_new("prog", READ_TEXT, NULL);
    struct in_hook h = {.g = &g};
    jitstat_set_optimize_hook(g.t->vm, in_hook, &h);
    cr_assert_eq(rig_run(&g, 1000), 5000);
    cr_assert(has(&h.m, g.t->classes[0]));
    rig_free(&g);
}
