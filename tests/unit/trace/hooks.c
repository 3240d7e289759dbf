/* The compile, abort and trace_too_long hooks from C: every attribute of what they get, light mode, no reentrance,
 * releaseall in a hook. */
#include "rig.h"

#define MAX 64
struct seen {
    struct rig *g;
    int n;
    struct {
        char type[16], name[64], reason[40], place[64];
        struct jitstat_loop_info info;
        unsigned guards, merges, depth, coded;
        bool good;
    } at[MAX];
};

static bool op_good(const struct jitstat_loop_info *info, size_t i, struct seen *s)
{
    const struct jitstat_op *o = &info->operations[i];
    bool guard = strncmp(o->name, "guard_", 6) == 0, merge = strcmp(o->name, "debug_merge_point") == 0;
    s->at[s->n].guards += guard;
    s->at[s->n].merges += merge;
    s->at[s->n].coded += o->offset >= 0;
    if (merge && o->call_depth > s->at[s->n].depth) s->at[s->n].depth = o->call_depth;
    bool kind = o->kind == (guard ? JITSTAT_OP_GUARD : merge ? JITSTAT_OP_MERGE_POINT
                                                             : JITSTAT_OP_PLAIN);
    bool offset = o->offset >= -1 && o->offset <= (int64_t)info->asmlen;
    bool place = merge == (o->greenkey != NULL) && (!merge || strncmp(o->greenkey, s->g->t->file, strlen(s->g->t->file)) == 0);
    bool hash = guard == (o->hash != 0);
    for (size_t j = 0; guard && j < i; j++) hash &= info->operations[j].hash != o->hash;
    bool text = strstr(o->text, o->name) != NULL;
    return kind && offset && place && hash && text && o->index == i;
}

static void see(const struct jitstat_loop_info *info, void *ud)
{
    struct seen *s = ud;
    if (s->n == MAX) return;
    s->at[s->n].info = *info;
    s->at[s->n].good = true;
    snprintf(s->at[s->n].type, sizeof s->at[0].type, "%s", info->type);
    snprintf(s->at[s->n].name, sizeof s->at[0].name, "%s", info->greenkey_name);
    snprintf(s->at[s->n].reason, sizeof s->at[0].reason, "%s", info->reason ? info->reason : "");
    snprintf(s->at[s->n].place, sizeof s->at[0].place, "%s", info->abort_place ? info->abort_place : "");
    for (size_t i = 0; i < info->noperations; i++) s->at[s->n].good &= op_good(info, i, s);
    s->n++;
}

Test(hooks, every_attribute_of_a_loop)
{
    struct rig g = rig_new("prog", LOOP_TEXT, NULL);
    struct seen s = {.g = &g};
    jitstat_set_compile_hook(g.t->vm, see, &s, true);
    cr_assert_eq(rig_run(&g, 1000), 500500);
    const struct jitstat_loop_info *i = &s.at[0].info;
    cr_assert_eq(s.n, 1);
    cr_assert_eq(i->vm, g.t->vm);
    cr_assert_str_eq(i->jitdriver_name, "toy");
    cr_assert_str_eq(s.at[0].type, "loop");
    cr_assert_eq(i->loop_no, 1);
    cr_assert_eq(i->bridge_no, 0);
    cr_assert_str_eq(s.at[0].name, "prog:5", "%s", s.at[0].name);
    cr_assert_eq(i->greenkey_code, g.t->funcs[0]);
    cr_assert_eq(i->greenkey_position, 2, "the loop's head");
    cr_assert_not(i->is_being_profiled);
    cr_assert_eq(i->noperations, rig_count(&g, JITSTAT_C_OPT_OPS));
    cr_assert_eq(s.at[0].guards, rig_count(&g, JITSTAT_C_OPT_GUARDS));
    cr_assert_gt(s.at[0].merges, 3);
    cr_assert_eq(s.at[0].depth, 0);
    cr_assert(s.at[0].good);
    cr_assert_gt(s.at[0].coded, 5);
    cr_assert_eq(i->asmaddr, g.t->vm->traces->code.start);
    cr_assert_eq(i->asmlen, g.t->vm->traces->code.size);
    cr_assert_null(i->reason);
    size_t allocated, used;
    jitstat_get_stats_asmmemmgr(g.t->vm, &allocated, &used);
    cr_assert(used >= i->asmlen && allocated >= used);
    rig_free(&g);
}

Test(hooks, light_mode_has_no_operations)
{
    struct rig g = rig_new("prog", LOOP_TEXT, NULL);
    struct seen s = {.g = &g};
    jitstat_set_compile_hook(g.t->vm, see, &s, false);
    rig_run(&g, 1000);
    cr_assert_eq(s.n, 1);
    cr_assert_null(s.at[0].info.operations);
    cr_assert_eq(s.at[0].info.noperations, 0);
    cr_assert_gt(s.at[0].info.asmlen, 0);
    jitstat_set_compile_hook(g.t->vm, NULL, NULL, true);
    jitstat_releaseall(g.t->vm);
    rig_run(&g, 1000);
    cr_assert_eq(s.n, 1, "a removed hook is not called");
    cr_assert_eq(rig_event(&g, JITSTAT_E_compile), 2);
    cr_assert_eq(rig_total(&g)->hooks_called[JITSTAT_H_COMPILE], 1);
    rig_free(&g);
}

Test(hooks, a_bridge_says_which_guard_it_leaves)
{
    struct rig g = rig_new("prog", BRANCH_TEXT, NULL);
    struct seen s = {.g = &g};
    jitstat_set_compile_hook(g.t->vm, see, &s, true);
    cr_assert_eq(rig_run(&g, 1000), rig_interpreted("prog", BRANCH_TEXT, 1000));
    cr_assert_eq(s.n, 2);
    const struct jitstat_loop_info *i = &s.at[1].info;
    cr_assert_str_eq(s.at[1].type, "bridge");
    cr_assert_eq(i->loop_no, 1);
    cr_assert_eq(i->bridge_no, 2);
    cr_assert_null(i->greenkey_code);
    cr_assert_str_eq(s.at[1].name, "prog:10", "the guard's place, not %s", s.at[1].name);
    cr_assert(s.at[1].good);
    const struct jit_trace *loop = g.t->vm->traces->next;
    cr_assert_lt(i->guard_number, loop->code.nexits);
    cr_assert_eq(loop->code.exits[i->guard_number].bridge, g.t->vm->traces);
    rig_free(&g);
}

Test(hooks, an_entry_bridge)
{
    struct rig g = rig_new("prog", ENTRY_TEXT, "function_threshold=50,threshold=60000");
    struct seen s = {.g = &g};
    jitstat_set_compile_hook(g.t->vm, see, &s, true);
    cr_assert_eq(rig_run(&g, 1000), rig_interpreted("prog", ENTRY_TEXT, 1000));
    cr_assert_eq(s.n, 1);
    cr_assert_str_eq(s.at[0].type, "entry bridge");
    cr_assert_str_eq(s.at[0].name, "prog:2");
    cr_assert_eq(s.at[0].info.greenkey_code, g.t->funcs[0]);
    cr_assert_eq(s.at[0].info.greenkey_position, 0);
    cr_assert_eq(rig_count(&g, JITSTAT_C_TOTAL_COMPILED_LOOPS), 1, "entry bridges count as loops");
    cr_assert_gt(rig_total(&g)->trace_entries, 900);
    rig_free(&g);
}

Test(hooks, merge_points_of_inlined_calls)
{
    struct rig g = rig_new("calls", NULL, NULL);
    struct seen s = {.g = &g};
    jitstat_set_compile_hook(g.t->vm, see, &s, true);
    rig_run(&g, 1000);
    cr_assert_eq(s.at[0].depth, 2, "main, step, twice");
    cr_assert(s.at[0].good);
    rig_free(&g);
}

/* ---- aborts ---- */

static void aborts_with(const char *text, const char *params, int64_t n, const char *reason, const char *type, const char *place)
{
    struct rig g = rig_new("prog", text, params);
    struct seen s = {.g = &g};
    struct toy_val v;
    jitstat_set_abort_hook(g.t->vm, see, &s);
    toy_call(g.t, "main", &n, 1, &v);
    cr_assert_geq(s.n, 1, "%s: no abort", reason);
    cr_assert_str_eq(s.at[0].reason, reason);
    cr_assert_str_eq(s.at[0].type, type, "%s: %s", reason, s.at[0].type);
    cr_assert_str_eq(s.at[0].place, place, "%s: %s", reason, s.at[0].place);
    cr_assert_str_eq(s.at[0].info.jitdriver_name, "toy");
    cr_assert_gt(s.at[0].info.noperations, 0);
    cr_assert(s.at[0].good);
    cr_assert_null(s.at[0].info.asmaddr);
    cr_assert_eq(rig_event(&g, JITSTAT_E_abort), rig_aborts(&g), "the sum of the counters is the events");
    cr_assert_eq(rig_total(&g)->hooks_called[JITSTAT_H_ABORT], rig_aborts(&g));
    cr_assert_eq(rig_event(&g, JITSTAT_E_tracing__begin), rig_event(&g, JITSTAT_E_tracing__end));
    rig_free(&g);
}

Test(aborts, reason_and_place)
{
    aborts_with(OPAQUE_TEXT, NULL, 100, "ABORT_NYI_BYTECODE", "loop", "prog:7");
    aborts_with(OPAQUE_BRIDGE_TEXT, NULL, 400, "ABORT_NYI_BYTECODE", "bridge", "prog:11");
    aborts_with("func f 1\n ret r0\nfunc main 1\n int r2 0\nnext:\n jle r0 r2 out\n addi r2 r2 1\n call r3 f\n loop next\nout:\n ret r2\n", "inlining=0", 100,
                "ABORT_NYI_CALL", "loop", "prog:8");
    aborts_with("func main 1\n int r1 0\nnext:\n addi r0 r0 -1\n mul r2 r0 r0\n jle r1 r0 more\n get r2 r1 0\nmore:\n loop next\n ret r1\n", "threshold=50", 50,
                "ABORT_NYI_TYPE", "loop", "prog:7");
    aborts_with("class c 1\nfunc main 1\n int r2 0\n new r3 c\nnext:\n jle r0 r2 out\n addi r2 r2 1\n getc r4 r3 0\n setc c r2 0\n loop next\nout:\n ret r2\n", NULL, 100,
                "ABORT_FORCE_QUASIIMMUT", "loop", "prog:10");
    aborts_with("func main 1\n int r1 1\n int r2 0\n int r4 0\nouter:\n jle r0 r4 out\n addi r4 r4 1\n int r2 0\ninner:\n jle r0 r2 done\n addi r2 r2 1\n add r1 r1 r2\n"
                " loop inner\ndone:\n loop outer\nout:\n ret r1\n",
                "threshold=10,max_unroll_loops=0", 10, "ABORT_INNER_LOOP", "loop", "prog:6");
}

Test(aborts, an_error_while_recording)
{
    aborts_with("func callback 1\n get r1 r0 0\n ret r1\n"
                "func main 1\n int r2 0\n int r5 61\nnext:\n jle r0 r2 out\n addi r2 r2 1\n move r4 r2\n jle r2 r5 same\n native r3 reenter\nsame:\n loop next\nout:\n ret r2\n",
                NULL, 100, "ABORT_ERROR", "loop", "prog:12");
}

Test(aborts, a_loop_that_leaves_its_function)
{
    aborts_with("func f 2\nnext:\n addi r1 r1 -1\n int r2 0\n jle r1 r2 out\n loop next\nout:\n ret r1\n"
                "func main 1\n int r2 0\nagain:\n jle r0 r2 out\n addi r2 r2 1\n int r4 0\n int r5 2\n call r3 f\n loop again\nout:\n ret r2\n",
                "threshold=40,max_unroll_loops=0",
                1000, "ABORT_ESCAPE", "loop", "prog:8");
}

struct long_seen {
    struct seen abort, too_long;
};

Test(aborts, too_long_has_a_hook_of_its_own)
{
    struct rig g = rig_new("calls", NULL, "trace_limit=20");
    static struct long_seen s;
    s.abort.g = s.too_long.g = &g;
    jitstat_set_abort_hook(g.t->vm, see, &s.abort);
    jitstat_set_trace_too_long_hook(g.t->vm, see, &s.too_long);
    rig_run(&g, 100);
    cr_assert_eq(s.too_long.n, 1);
    cr_assert_eq(s.abort.n, 1);
    cr_assert_str_eq(s.too_long.at[0].info.jitdriver_name, "toy");
    cr_assert_eq(s.too_long.at[0].info.greenkey_code, g.t->funcs[2]);
    cr_assert_str_eq(s.abort.at[0].reason, "ABORT_TOO_LONG");
    cr_assert_eq(rig_count(&g, JITSTAT_C_ABORT_TOO_LONG), 1);
    cr_assert_eq(rig_total(&g)->hooks_called[JITSTAT_H_TOO_LONG], 1);
    rig_free(&g);
}

Test(aborts, a_broken_hook_does_not_hide_other_aborts)
{
    struct rig g = rig_new("prog", OPAQUE_TEXT, NULL);
    struct seen s = {.g = &g};
    jitstat_set_trace_too_long_hook(g.t->vm, see, &s);
    rig_run(&g, 100);
    cr_assert_eq(s.n, 0, "only for ABORT_TOO_LONG");
    cr_assert_eq(rig_count(&g, JITSTAT_C_ABORT_NYI_BYTECODE), 1);
    rig_free(&g);
}

/* ---- not reentrant ---- */

struct nest {
    struct rig *g;
    int n;
    int64_t inner;
};

/* The hook runs guest code that gets hot and is compiled; no hook is called for that. */
static void nested(const struct jitstat_loop_info *info, void *ud)
{
    struct nest *s = ud;
    struct toy_val v;
    int64_t n = 500;
    (void)info;
    s->n++;
    cr_assert(toy_call(s->g->t, "other", &n, 1, &v));
    s->inner = v.i;
}

#define NEST_TEXT \
    "func other 1\n int r1 0\n int r2 0\nnext:\n jle r0 r2 out\n addi r2 r2 1\n add r1 r1 r2\n loop next\nout:\n ret r1\n" LOOP_TEXT

static int64_t unchanged(const struct jitstat_loop_info *info, const struct jitstat_newop **list, void *ud)
{
    (void)list;
    nested(info, ud);
    return -1;
}

Test(hooks, not_reentrant_and_suppressed_calls_are_counted)
{
    struct rig g = rig_new("prog", NEST_TEXT, NULL);
    struct nest s = {.g = &g};
    jitstat_set_compile_hook(g.t->vm, nested, &s, true);
    cr_assert_eq(rig_run(&g, 1000), 500500);
    cr_assert_eq(s.n, 1);
    cr_assert_eq(s.inner, 125250);
    cr_assert_eq(rig_event(&g, JITSTAT_E_compile), 2, "the inner loop was compiled all the same");
    cr_assert_eq(rig_total(&g)->hooks_called[JITSTAT_H_COMPILE], 1);
    cr_assert_eq(rig_total(&g)->hooks_suppressed[JITSTAT_H_COMPILE], 1);
    rig_free(&g);
}

Test(hooks, guest_code_compiled_in_the_optimize_hook)
{
    struct rig g = rig_new("prog", NEST_TEXT, NULL);
    struct nest s = {.g = &g};
    jitstat_set_optimize_hook(g.t->vm, unchanged, &s);
    jitstat_set_compile_hook(g.t->vm, nested, &s, true);
    cr_assert_eq(rig_run(&g, 1000), 500500);
    cr_assert_eq(s.n, 2, "optimize and compile of the outer one");
    cr_assert_eq(rig_event(&g, JITSTAT_E_compile), 2);
    cr_assert_eq(rig_total(&g)->hooks_called[JITSTAT_H_OPTIMIZE], 1);
    cr_assert_eq(rig_total(&g)->hooks_suppressed[JITSTAT_H_OPTIMIZE], 1);
    cr_assert_eq(rig_total(&g)->hooks_called[JITSTAT_H_COMPILE] + rig_total(&g)->hooks_suppressed[JITSTAT_H_COMPILE], 2);
    cr_assert_eq(rig_event(&g, JITSTAT_E_tracing__begin), rig_event(&g, JITSTAT_E_tracing__end));
    rig_free(&g);
}

Test(hooks, hook_time_belongs_to_no_timer)
{
    struct rig g = rig_new("prog", NEST_TEXT, NULL);
    struct nest s = {.g = &g};
    jitstat_set_compile_hook(g.t->vm, nested, &s, true);
    uint64_t t0 = obs_now_ns();
    rig_run(&g, 1000);
    uint64_t wall = obs_now_ns() - t0, sum = 0;
    for (int i = 0; i < JITSTAT_NTIMES; i++) sum += rig_total(&g)->times_ns[i];
    cr_assert_gt(sum, 0);
    cr_assert_leq(sum, wall);
    cr_assert_eq(g.t->vm->obs->ntimers, 0, "every timer was left");
    rig_free(&g);
}

/* ---- releaseall in a hook ---- */

struct release {
    struct rig *g;
    int n;
    uint64_t flushes, freed;
    bool readable;
};

static void release(const struct jitstat_loop_info *info, void *ud)
{
    struct release *s = ud;
    if (s->n++ > 0) return;
    jitstat_releaseall(info->vm);
    s->flushes = rig_event(s->g, JITSTAT_E_flush);
    s->freed = rig_count(s->g, JITSTAT_C_TOTAL_FREED_LOOPS);
    unsigned sum = 0;
    for (size_t i = 0; i < info->asmlen; i++) sum += ((const uint8_t *)info->asmaddr)[i];
    s->readable = sum != 0;
}

Test(hooks, releaseall_in_a_hook_waits_for_its_end)
{
    struct rig g = rig_new("prog", LOOP_TEXT, NULL);
    struct release s = {.g = &g};
    jitstat_set_compile_hook(g.t->vm, release, &s, true);
    cr_assert_eq(rig_run(&g, 1000), 500500);
    cr_assert_eq(s.flushes, 0);
    cr_assert_eq(s.freed, 0);
    cr_assert(s.readable);
    cr_assert_eq(rig_event(&g, JITSTAT_E_flush), 1);
    cr_assert_eq(rig_count(&g, JITSTAT_C_TOTAL_FREED_LOOPS), 1);
    cr_assert_eq(s.n, 2, "and the loop was compiled again");
    cr_assert_eq(rig_count(&g, JITSTAT_C_TOTAL_COMPILED_LOOPS), 2);
    rig_free(&g);
}
