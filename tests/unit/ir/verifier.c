/* The verifier: each invariant of ir.h broken on its own, each found and named; and what is right passes. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "ir/ir.h"
#include "jitstat/stats.h"

static const struct jit_descr fi = {.name = "o.i", .kind = JIT_D_FIELD, .type = 'i', .size = 4};
static const struct jit_descr f3 = {.name = "o.three", .kind = JIT_D_FIELD, .type = 'i', .size = 3};
static const struct jit_descr f64 = {.name = "o.class64", .kind = JIT_D_FIELD, .type = 'i', .size = 8, .alias = 64};
static const struct jit_descr ai = {.name = "a[]", .kind = JIT_D_ARRAY, .type = 'i', .size = 8, .stride = 8};
static const struct jit_descr sync = {.name = "sync", .kind = JIT_D_CALL, .type = 'v', .args = "i", .effects = JIT_EF_SYNC};
static const struct jit_descr pure = {.name = "pure", .kind = JIT_D_CALL, .type = 'f', .args = "fr"};
static const struct jit_descr new = {.name = "new", .kind = JIT_D_CALL, .type = 'r', .args = "i", .effects = JIT_EF_ALLOC};
static const struct jit_descr *const descrs[] = {&new, &fi, &f3, &f64, &ai, &sync, &pure, NULL};

static const char good[] =
    "# loop link=loop\n# merge pc=1 code=0 depth=0 line=1\n"
    "guard_stack(20) [pc=1]\n"
    "r0 = getframe_r(0)\ni1 = getframe_i(1)\ni2 = getframetag(1)\n"
    "guard_value(i2, 3) [pc=1]\n"
    "debug_merge_point(0)\n"
    "i3 = getfield_gc_i(r0, descr=o.i)\n"
    "setarrayitem_gc(r0, i1, i3, descr=a[])\n"
    "f4 = call_f(ptr(1), 1.5, r0, descr=pure)\n"
    "call_n(ptr(2), i1, descr=sync) [pc=2 1:i3/3 2:f4/4 3:-/0]\n"
    "label(i1)\n"
    "i5 = int_add(i1, 1)\n"
    "jump(i5)\n";

static void check(const char *text, const char *want)
{
    struct jit_arena a;
    struct jit_ir ir;
    char err[200];
    jit_arena_init(&a);
    jit_ir_init(&ir, &a, JITSTAT_KIND_LOOP);
    cr_assert(jit_ir_parse(&ir, text, descrs, err, sizeof err), "%s\n%s", err, text);
    bool ok = jit_ir_verify(&ir, err, sizeof err);
    cr_assert_eq(ok, want == NULL, "%s\n%s", err, text);
    if (want)
        cr_assert_str_eq(err, want);
    jit_arena_fini(&a);
}

Test(verifier, accepts_what_is_right)
{
    check(good, NULL);
}

#define J "jump() [pc=1]"
Test(verifier, names_what_is_wrong)
{
    static const struct {
        const char *text, *err;
    } bad[] = {
        {"i0 = int_add(1)\n" J, "op 0: invariant 1: int_add has 1 arguments, too few"},
        {"i0 = int_add(1, 2, 3)\n" J, "op 0: invariant 1: int_add has 3 arguments, too many"},
        {"i0 = int_add(1, 2.5)\n" J, "op 0: invariant 1: argument 2 is f, not i"},
        {"i0 = getframe_i(1)\ni1 = getframe_i(i0)\n" J, "op 1: invariant 1: argument 1 must be a constant"},
        {"r0 = getframe_r(1)\nr1 = getframe_r(2)\nguard_value(r0, r1) [pc=1]\n" J, "op 2: invariant 1: argument 2 must be a constant"},
        {"f0 = getframe_f(1)\nguard_value(f0, 1.5) [pc=1]\n" J, "op 1: invariant 1: guard_value compares f with f"},
        {"debug_merge_point(0)\n" J, "op 0: invariant 1: merge point does not exist"},
        {"f0 = call_f(ptr(1), 1.5, descr=pure)\n" J, "op 0: invariant 2: pure takes 2 arguments, not 1"},
        {"f0 = call_f(ptr(1), 1.5, 1, descr=pure)\n" J, "op 0: invariant 2: argument 3 is i, not r"},
        {"i0 = call_i(ptr(1), 1.5, ptr(1), descr=pure)\n" J, "op 0: invariant 2: pure gives f"},
        {"call_n(ptr(1), 1)\n" J, "op 0: invariant 2: call without a call descriptor"},
        {"r0 = getframe_r(1)\ncall_n(r0, 1, descr=sync) [pc=1]\n" J, "op 1: invariant 2: the function is no constant"},
        {"guard_true(1)\n" J, "op 0: invariant 3: guard_true without resume data"},
        {"call_n(ptr(1), 1, descr=sync)\n" J, "op 0: invariant 3: call_n without resume data"},
        {"jump()", "op 0: invariant 3: jump without resume data"},
        {"# loop link=trace\nlabel()\njump()", "op 1: invariant 3: jump without resume data"},
        {"guard_true(1) [pc=1 0:1/3 1:-/0 0:2/3]\n" J, "op 0: invariant 3: slot 0 is listed twice"},
        {"r0 = virtual_new(ptr(3), 1, descr=new)\nr1 = virtual_field(r0, r0, descr=o.i)\n" J, "op 1: invariant 8: virtual_field without its kind of descriptor"},
        {"r0 = getframe_r(0)\nr1 = virtual_field(r0, 1, descr=o.i)\n" J, "op 1: invariant 8: argument 1 is no removed object"},
        {"i0 = getframe_i(0)\nr1 = virtual_new(ptr(3), i0, descr=new)\n" J, "op 1: invariant 8: argument 2 is neither a constant nor the context"},
        {"i0 = getframe_i(0)\nr1 = virtual_new(ptr(3), 1, descr=new)\nr2 = virtual_item(r1, 8, i0, 1, descr=a[])\n" J, "op 2: invariant 8: the place in a removed object is no constant"},
        {"r0 = virtual_new(ptr(3), 1, descr=new)\ni1 = ptr_eq(r0, r0)\n" J, "op 1: invariant 8: argument 1 is a removed object"},
        {"r0 = virtual_new(ptr(3), 1, descr=new)\ncall_n(ptr(2), 1, descr=sync) [pc=2 1:r0/3]\n" J, "op 1: invariant 8: call_n needs a removed object"},
        {"label()\nlabel()\njump()", "op 1: invariant 4: a second label"},
        {"label(1)\njump(1)", "op 0: invariant 4: label argument 1 is a constant"},
        {"i0 = getframe_i(1)\nlabel(i0, i0)\njump(i0, i0)", "op 1: invariant 4: label argument 2 is there twice"},
        {"i0 = getframe_i(1)\nlabel(i0)\njump()", "op 2: invariant 4: jump has 0 arguments, the label 1"},
        {"i0 = getframe_i(1)\nlabel(i0)\njump(1.5)", "op 2: invariant 4: argument 1 is f, the label's i"},
        {J "\n" J, "op 0: invariant 4: jump is not the last operation"},
        {"i0 = getframe_i(1)", "op 1: invariant 4: no jump at the end"},
        {"i0 = inputarg_i(0)\n" J, "op 0: invariant 5: inputarg outside a bridge"},
        {"# bridge link=trace\ni0 = getframe_i(0)\ni1 = inputarg_i(0)\n" J, "op 1: invariant 5: inputarg after other operations"},
        {"i0 = getfield_gc_i(ptr(1))\n" J, "op 0: invariant 6: getfield_gc_i without its kind of descriptor"},
        {"i0 = getfield_gc_i(ptr(1), descr=a[])\n" J, "op 0: invariant 6: getfield_gc_i without its kind of descriptor"},
        {"f0 = getfield_gc_f(ptr(1), descr=o.i)\n" J, "op 0: invariant 6: o.i holds i, not f"},
        {"setfield_gc(ptr(1), 1.5, descr=o.i)\n" J, "op 0: invariant 6: o.i holds i, not f"},
        {"i0 = getfield_gc_i(ptr(1), descr=o.three)\n" J, "op 0: invariant 6: o.three has cells of 3 bytes"},
        {"i0 = getfield_gc_i(ptr(1), descr=o.class64)\n" J, "op 0: invariant 6: o.class64 has alias class 64"},
        {"label()\ni0 = getframe_i(1)\njump()", "op 1: invariant 7: getframe_i after the label"},
        {"i0 = getframe_i(1)\nf1 = getframe_f(1)\n" J, "op 1: invariant 7: operation 0 reads the slot already"},
        {"i0 = getframetag(1)\ni1 = getframe_i(1)\ni2 = getframetag(1)\n" J, "op 2: invariant 7: operation 0 reads the slot already"},
    };
    for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++)
        check(bad[i].text, bad[i].err);
}

/* What no text can say. */
Test(verifier, finds_raw_damage)
{
    struct jit_arena a;
    struct jit_ir ir;
    char err[100], want[100];
    jit_arena_init(&a);
    jit_ir_init(&ir, &a, JITSTAT_KIND_LOOP);
    jit_ref late[2] = {0, 5};
    jit_ir_emit(&ir, JIT_int_add, late, 2, NULL, JIT_NORESUME);
    cr_assert_not(jit_ir_verify(&ir, err, sizeof err));
    cr_assert_str_eq(err, "op 0: invariant 1: value 0 is used before it is defined");
    ir.ops.v[0].arg[0] = JIT_K | 7;
    cr_assert_not(jit_ir_verify(&ir, err, sizeof err));
    cr_assert_str_eq(err, "op 0: invariant 1: constant 7 does not exist");
    ir.ops.v[0].opcode = JIT_NOPCODES;
    cr_assert_not(jit_ir_verify(&ir, err, sizeof err));
    snprintf(want, sizeof want, "op 0: invariant 1: unknown operation %u", JIT_NOPCODES);
    cr_assert_str_eq(err, want);
    ir.ops.v[0] = (struct jit_op){.opcode = JIT_guard_not_invalidated, .resume = 3};
    cr_assert_not(jit_ir_verify(&ir, err, sizeof err));
    cr_assert_str_eq(err, "op 0: invariant 3: resume data 3 do not exist");
    ir.failed = true;
    cr_assert_not(jit_ir_verify(&ir, err, sizeof err));
    cr_assert_str_eq(err, "op 0: invariant 0: memory ran out while the trace was made");
    jit_arena_fini(&a);
}

Test(verifier, open_traces_may_lack_the_jump)
{
    struct jit_arena a;
    struct jit_ir ir;
    char err[100];
    jit_arena_init(&a);
    jit_ir_init(&ir, &a, JITSTAT_KIND_LOOP);
    cr_assert(jit_ir_parse(&ir, "i0 = getframe_i(1)", descrs, err, sizeof err));
    cr_assert(jit_ir_verify_open(&ir, err, sizeof err));
    cr_assert_not(jit_ir_verify(&ir, err, sizeof err));
    jit_arena_fini(&a);
}
