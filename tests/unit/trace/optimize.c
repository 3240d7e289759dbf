/* The optimize hook from C: an operation that it changes is really compiled, and a broken list of any kind is refused
 * with the reason and leaves the loop as it was. */
#include "rig.h"

#define MAX 200
struct edit {
    const char *find, *replace; /* in an operation's text: replaced in the first or in all that contain it */
    bool all;
    uint32_t line; /* only operations of this source line; 0: of any */
    struct jitstat_newop extra;
    const char *before; /* name of the operation before which extra is put */
    struct jitstat_newop list[MAX];
    char text[MAX][200];
    int edits, calls;
    bool ok; /* what the hook got was as it must be */
};

static void entry_of(struct edit *e, const struct jitstat_op *o, int64_t n)
{
    e->list[n] = (struct jitstat_newop){.index = o->index};
    const char *at = e->find && (e->all || !e->edits) && (!e->line || e->line == o->line) ? strstr(o->text, e->find) : NULL;
    if (!at) return;
    snprintf(e->text[n], sizeof e->text[n], "%.*s%s%s", (int)(at - o->text), o->text, e->replace, at + strlen(e->find));
    e->list[n] = (struct jitstat_newop){.index = -1, .text = e->text[n]};
    e->edits++;
}

static int64_t edit(const struct jitstat_loop_info *info, const struct jitstat_newop **list, void *ud)
{
    struct edit *e = ud;
    int64_t n = 0;
    e->ok = !info->asmaddr && !info->asmlen && info->noperations > 0 && strcmp(info->type, "loop") == 0 && strcmp(info->jitdriver_name, "toy") == 0;
    e->calls++;
    for (size_t i = 0; i < info->noperations; i++) {
        if (e->before && strcmp(info->operations[i].name, e->before) == 0) e->list[n++] = e->extra;
        e->ok &= info->operations[i].offset == -1;
        entry_of(e, &info->operations[i], n++);
    }
    *list = e->list;
    return n;
}

struct code {
    uint8_t bytes[4096];
    size_t n;
    char ops[MAX][60];
    size_t nops;
};

static void keep_code(const struct jitstat_loop_info *info, void *ud)
{
    struct code *c = ud;
    c->n = info->asmlen < sizeof c->bytes ? info->asmlen : sizeof c->bytes;
    memcpy(c->bytes, info->asmaddr, c->n);
    c->nops = info->noperations;
    for (size_t i = 0; i < info->noperations && i < MAX; i++) snprintf(c->ops[i], sizeof c->ops[0], "%s", info->operations[i].name);
}

static size_t named(const struct code *c, const char *name)
{
    size_t n = 0;
    for (size_t i = 0; i < c->nops; i++) n += strcmp(c->ops[i], name) == 0;
    return n;
}

/* 1000 rounds of the loop with the edit. */
static int64_t run_edited(struct edit *e, struct code *c, struct jitstat_totals *totals)
{
    struct rig g = rig_new("prog", LOOP_TEXT, NULL);
    if (e) jitstat_set_optimize_hook(g.t->vm, edit, e);
    jitstat_set_compile_hook(g.t->vm, keep_code, c, true);
    int64_t v = rig_run(&g, 1000);
    if (totals) *totals = *rig_total(&g);
    rig_free(&g);
    return v;
}

Test(optimize, a_changed_operation_is_compiled)
{
    static struct edit e = {.find = "int_add(i", .replace = "int_xor(i", .all = true, .line = 7};
    static struct code before, after;
    struct jitstat_totals t;
    cr_assert_eq(run_edited(NULL, &before, NULL), 500500);
    int64_t v = run_edited(&e, &after, &t);
    cr_assert(e.ok);
    cr_assert_eq(e.calls, 1);
    cr_assert_gt(e.edits, 1);
    cr_assert_eq(t.hooks_failed[JITSTAT_H_OPTIMIZE], 0);
    cr_assert_eq(t.counters[JITSTAT_C_TOTAL_COMPILED_LOOPS], 1);
    cr_assert_eq(named(&before, "int_xor"), 0);
    cr_assert_eq(named(&after, "int_xor"), (size_t)e.edits, "in the preamble and in the loop");
    cr_assert_eq(named(&after, "int_add") + named(&after, "int_xor"), named(&before, "int_add"));
    cr_assert(before.n != after.n || memcmp(before.bytes, after.bytes, before.n) != 0, "the machine code changed");
    /* The interpreter adds the first k numbers, the machine code makes exclusive ors with the others. */
    int64_t k = 0, x;
    do {
        x = k * (k + 1) / 2;
        for (int64_t i = ++k; i <= 1000; i++) x ^= i;
    } while (x != v && k < 1000);
    k--;
    cr_assert(k >= 61 && k <= 63, "the result is that of the changed operation, not %lld", (long long)v);
}

static uint64_t counted;

Test(optimize, a_new_operation_runs)
{
    static struct edit e;
    static struct code c;
    static char text[60];
    struct jitstat_totals t;
    snprintf(text, sizeof text, "increment_counter(ptr(0x%lx))", (unsigned long)(uintptr_t)&counted);
    e.extra = (struct jitstat_newop){.index = -1, .text = text};
    e.before = "jump";
    cr_assert_eq(run_edited(&e, &c, &t), 500500, "the result is the same");
    cr_assert_eq(t.hooks_failed[JITSTAT_H_OPTIMIZE], 0);
    cr_assert_eq(named(&c, "increment_counter"), 1);
    cr_assert(counted > 900 && counted < 1000, "once per round of the compiled loop, not %lu times", (unsigned long)counted);
}

Test(optimize, unchanged_is_minus_one)
{
    static struct code before, after;
    static struct edit e = {.find = NULL};
    run_edited(NULL, &before, NULL);
    struct jitstat_totals t;
    cr_assert_eq(run_edited(&e, &after, &t), 500500, "all operations by their index");
    cr_assert_eq(t.hooks_failed[JITSTAT_H_OPTIMIZE], 0);
    cr_assert_eq(before.nops, after.nops);
    cr_assert_eq(t.hooks_called[JITSTAT_H_OPTIMIZE], t.events[JITSTAT_E_backend__begin]);
}

/* ---- broken lists ---- */

static void refused(struct edit *e, const char *why)
{
    static struct code before, after;
    struct jitstat_totals t;
    cr_assert_eq(run_edited(NULL, &before, NULL), 500500);
    capture_begin();
    int64_t v = run_edited(e, &after, &t);
    char *said = capture_end();
    static const char refusal[] = "jit hook (optimize): the list for prog:5 is refused: ";
    const char *at = strstr(said, refusal);
    cr_assert(at, "%s: said '%s'", why, said);
    at += strlen(refusal);
    cr_assert(strncmp(at, "entry ", 6) == 0 || strncmp(at, "guard_stack(", 12) == 0, "no place: '%s'", at);
    cr_assert(strstr(said, why), "'%s' is not in '%s'", why, said);
    cr_assert_eq(strchr(said, '\n')[1], 0, "one line");
    cr_assert_eq(t.hooks_failed[JITSTAT_H_OPTIMIZE], 1);
    cr_assert_eq(v, 500500);
    cr_assert_eq(t.counters[JITSTAT_C_TOTAL_COMPILED_LOOPS], 1, "compiled as it was");
    cr_assert_eq(before.nops, after.nops);
    for (size_t i = 0; i < before.nops; i++) cr_assert_str_eq(before.ops[i], after.ops[i]);
    free(said);
}

static void refused_extra(const char *text, const char *why)
{
    static struct edit e;
    memset(&e, 0, sizeof e);
    e.extra = (struct jitstat_newop){.index = -1, .text = text};
    e.before = "jump";
    refused(&e, why);
}

static void refused_change(const char *find, const char *replace, const char *why)
{
    static struct edit e;
    memset(&e, 0, sizeof e);
    e.find = find, e.replace = replace;
    refused(&e, why);
    cr_assert_eq(e.edits, 1, "%s", find);
}

Test(broken, values)
{
    refused_extra("i900 = int_add(i901, 1)", "(int_add): value i901 is used but not defined before");
    refused_extra("i900 = int_add(f1, 1)", "value f1 is used but not defined before");
    refused_extra("f900 = float_add(i2, 1.5)", "argument 1 is i, not f");
    refused_extra("i90000000 = int_add(1, 2)", "value number 90000000 is too large");
    refused_extra("i900 = int_add(1)", "has 1 arguments, too few");
    refused_extra("f900 = int_add(1, 2)", "int_add gives i, not f");
}

Test(broken, operations)
{
    refused_extra("i900 = int_frobnicate(1, 2)", "int_frobnicate");
    refused_extra("no operation at all", "(no): unknown operation 'no'");
    refused_extra("i900 = getfield_gc_i(ptr(0x10), descr=no.such)", "no.such");
    refused_extra("i900 = getfield_gc_i(ptr(0x10))", "without its kind of descriptor");
    refused_extra("setfield_gc(ptr(0x10), 1, descr=object.class)", "object.class holds r, not i");
    refused_extra("i900 = call_i(ptr(0x10), descr=call_new)", "call_new gives r");
    refused_extra("debug_merge_point(5000)", "merge point does not exist");
    refused_extra("i900 = inputarg_i(0)", "inputarg outside a bridge");
    refused_extra("i900 = getframe_i(0)", "getframe_i after the label");
}

Test(broken, guards)
{
    refused_extra("guard_true(1)", "guard_true without resume data");
    refused_extra("guard_true(1) [pc=2 base=0 code=0x1 0:i900/3]", "i900");
    refused_extra("guard_value(1, 2.5) [pc=2 base=0 code=0x1]", "guard_value compares i with f");
    refused_extra("guard_true(1) [pc=2 base=0 code=0x1]", "frames that the trace does not have");
    refused_change("pc=", "pc=1", "frames that the trace does not have");
    refused_change("/3", "/200", "a slot 2 of tag 200 that the trace does not have");
    refused_change("guard_stack(", "guard_stack(-", "must stay first");
    refused_change("guard_stack", "debug_merge_point(0)\nguard_stack", "(debug_merge_point): not one operation");
}

Test(broken, control)
{
    refused_change("jump(i", "jump(f", "is used here, but defined as i");
    refused_change("jump(", "jump(1, ", "jump has 3 arguments, the label 2");
    refused_change("label(", "label(5, ", "label argument 1 is a constant");
    refused_extra("jump()", "jump is not the last operation");
    refused_extra("label()", "a second label");
}

static int64_t bad_index(const struct jitstat_loop_info *info, const struct jitstat_newop **list, void *ud)
{
    static struct jitstat_newop l[2];
    l[1].index = (int64_t)info->noperations;
    *list = l;
    *(int64_t *)ud += 1;
    return 2;
}

static int64_t no_text(const struct jitstat_loop_info *info, const struct jitstat_newop **list, void *ud)
{
    static const struct jitstat_newop l[1] = {{.index = -1}};
    (void)info;
    *list = l;
    *(int64_t *)ud += 1;
    return 1;
}

static int64_t nothing(const struct jitstat_loop_info *info, const struct jitstat_newop **list, void *ud)
{
    (void)info, (void)list;
    *(int64_t *)ud += 1;
    return 0;
}

Test(broken, lists)
{
    static const struct {
        jitstat_optimize_fn fn;
        const char *why;
    } cases[] = {{bad_index, "entry 2: the trace has no operation"}, {no_text, "entry 1: empty"}, {nothing, "refused"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rig g = rig_new("prog", LOOP_TEXT, NULL);
        int64_t calls = 0;
        jitstat_set_optimize_hook(g.t->vm, cases[i].fn, &calls);
        capture_begin();
        int64_t v = rig_run(&g, 1000);
        char *said = capture_end();
        cr_assert(strstr(said, cases[i].why), "'%s' is not in '%s'", cases[i].why, said);
        cr_assert_eq(v, 500500);
        cr_assert_eq(calls, 1);
        cr_assert_eq(rig_total(&g)->hooks_failed[JITSTAT_H_OPTIMIZE], 1);
        cr_assert_eq(rig_count(&g, JITSTAT_C_TOTAL_COMPILED_LOOPS), 1);
        free(said);
        rig_free(&g);
    }
}
