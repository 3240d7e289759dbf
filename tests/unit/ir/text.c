/* Printer and parser: what is printed reads back to the same text, errors name their line. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ir/ir.h"
#include "jitstat/stats.h"

static const struct jit_descr shape = {.name = "table.shape", .kind = JIT_D_FIELD, .type = 'r', .size = 8, .offset = 16};
static const struct jit_descr concat = {.name = "call_concat", .kind = JIT_D_CALL, .type = 'r', .args = "rrif", .effects = JIT_EF_SYNC};
static const struct jit_descr *const descrs[] = {&shape, &concat, NULL};

static const char canonical[] =
    "# bridge link=trace\n"
    "# merge pc=12 code=0x7fff12345678 depth=1 line=3 file.lua:3 local x\n"
    "# merge pc=0x7fff12345678 code=0 depth=0 line=0\n"
    "i0 = inputarg_i(0)\n"
    "r1 = inputarg_r(1)\n"
    "f2 = getframe_f(3)\n"
    "debug_merge_point(0)  # file.lua:3 local x\n"
    "i4 = int_add(i0, -9223372036854775808)\n"
    "guard_true(i4) [pc=12 base=0 0:i4/4 1:-/0 -2:1.5/3 3:f2/3 | pc=0x7fff12345678 base=5 flags=3 code=0x7fff12345678 aux=1,2 5:r1/5 7:gcptr(0x1234)/5]\n"
    "f6 = float_add(f2, 1e+300)\n"
    "f7 = float_add(f6, -0.0)\n"
    "f8 = float_add(f7, 0.1)\n"
    "f9 = float_add(f8, nan(0xfff8000000000001))\n"
    "f10 = float_add(f9, -inf)\n"
    "r11 = getfield_gc_r(r1, descr=table.shape)\n"
    "r12 = call_r(ptr(0xdead), r1, r11, 3, f10, descr=call_concat) [pc=3 base=0]\n"
    "guard_not_invalidated() []\n"
    "jump() [pc=1 base=0 0:3/4]\n";

static char *reprint(const char *text)
{
    struct jit_arena a;
    struct jit_ir ir;
    char err[200];
    jit_arena_init(&a);
    jit_ir_init(&ir, &a, JITSTAT_KIND_LOOP);
    cr_assert(jit_ir_parse(&ir, text, descrs, err, sizeof err), "%s", err);
    size_t n = jit_ir_print(&ir, NULL, 0) + 1;
    char *buf = malloc(n);
    cr_assert_eq(jit_ir_print(&ir, buf, n), n - 1);
    jit_arena_fini(&a);
    return buf;
}

Test(ir_text, round_trip)
{
    char *once = reprint(canonical);
    cr_assert_str_eq(once, canonical);
    free(once);
}

Test(ir_text, any_numbers_and_comments)
{
    char *got = reprint("link=interp   # words\n# a comment\n\n i7=getframe_i( 3 )\ni9 = int_add(i7,0x10)\njump() [ 0:i9/4 ] # end\n");
    cr_assert_str_eq(got, "# loop link=interp\ni0 = getframe_i(3)\ni1 = int_add(i0, 16)\njump() [0:i1/4]\n");
    free(got);
}

Test(ir_text, print_cuts_like_snprintf)
{
    struct jit_arena a;
    struct jit_ir ir;
    char err[100], buf[10];
    jit_arena_init(&a);
    jit_ir_init(&ir, &a, JITSTAT_KIND_LOOP);
    cr_assert(jit_ir_parse(&ir, "i0 = getframe_i(3)", descrs, err, sizeof err));
    cr_assert_eq(jit_ir_print_op(&ir, 0, buf, sizeof buf), strlen("i0 = getframe_i(3)"));
    cr_assert_str_eq(buf, "i0 = getf");
    cr_assert_eq(jit_ir_print_op(&ir, 0, NULL, 0), strlen("i0 = getframe_i(3)"));
    jit_arena_fini(&a);
}

Test(ir_text, errors_name_their_line)
{
    static const struct {
        const char *text, *err;
    } bad[] = {
        {"\nfoo(1)\n", "line 2: unknown operation 'foo'"},
        {"i0 = int_add(i1, 2)", "line 1: i1 is not defined"},
        {"i0 = getframe_i(1)\nf1 = float_neg(f0)", "line 2: f0 is of type i"},
        {"f0 = int_add(1, 2)", "line 1: int_add gives i, not f"},
        {"i0 = getframe_i(1)\ni0 = getframe_i(2)", "line 2: value number 0 is defined twice"},
        {"i9999999 = getframe_i(1)", "line 1: value number 9999999 is too large"},
        {"i0 = getframe_i(1", "line 1: expected ')' before ''"},
        {"i0 = getframe_i(12q)", "line 1: malformed number '12q'"},
        {"i0 = getframe_i(99999999999999999999)", "line 1: number out of range"},
        {"i0 = getframe_i()) x", "line 1: unexpected ') x'"},
        {"guard_always_fails() [pc=1 32767:-/65535 32768:-/0]", "line 1: slot or tag out of range"},
        {"guard_always_fails() [pc=1 -32768:-/0]", "line 1: slot or tag out of range"},
        {"guard_always_fails() [pc=1 -32767:-/65536]", "line 1: slot or tag out of range"},
        {"i0 getframe_i(1)", "line 1: expected '=' before 'getframe_i(1'"},
        {"r0 = getfield_gc_r(ptr(1), descr=nix)", "line 1: unknown descriptor 'nix'"},
        {"guard_true(1) [pc=1", "line 1: resume data without ']'"},
        {"guard_true(1) [pc=1 0=5]", "line 1: expected ':' before '=5]'"},
        {"guard_true(1) [pc=1 0:5]", "line 1: expected '/' before ']'"},
        {"guard_true(1) [pc=x]", "line 1: expected a number before 'x]'"},
        {"guard_true(?) [pc=x]", "line 1: expected a value before '?) [pc=x]'"},
        {"# loop link=nowhere", "line 1: unexpected 'link=nowhere'"},
        {"# merge pc=1", "line 1: expected 'code=' before ''"},
    };
    for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct jit_arena a;
        struct jit_ir ir;
        char err[200];
        jit_arena_init(&a);
        jit_ir_init(&ir, &a, JITSTAT_KIND_LOOP);
        cr_assert_not(jit_ir_parse(&ir, bad[i].text, descrs, err, sizeof err), "%s", bad[i].text);
        cr_assert_str_eq(err, bad[i].err);
        jit_arena_fini(&a);
    }
}

Test(ir_text, constants_are_shared_and_copies_are_equal)
{
    struct jit_arena a, b;
    struct jit_ir ir, copy;
    jit_arena_init(&a);
    jit_arena_init(&b);
    jit_ir_init(&ir, &a, JITSTAT_KIND_LOOP);
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < 1000; i++) {
            cr_assert_eq(jit_ir_const_i(&ir, i), JIT_K | (uint32_t)(4 * i));
            cr_assert_eq(jit_ir_const_f(&ir, i ? i : -0.0), JIT_K | (uint32_t)(4 * i + 1));
            cr_assert_eq(jit_ir_const_r(&ir, (void *)(intptr_t)i, false), JIT_K | (uint32_t)(4 * i + 2));
            cr_assert_eq(jit_ir_const_r(&ir, (void *)(intptr_t)i, true), JIT_K | (uint32_t)(4 * i + 3));
        }
    cr_assert(jit_ir_copy(&copy, &ir, &b));
    jit_arena_fini(&a);
    cr_assert_eq(jit_ir_const_i(&copy, 999), JIT_K | 3996u);
    cr_assert_eq(jit_ir_const_i(&copy, 1000), JIT_K | 4000u);
    jit_arena_fini(&b);
}

/* Whichever allocation fails, parsing says so and nothing crashes. */
Test(ir_text, every_allocation_fails_once)
{
    int failures = 0;
    for (int n = 1;; n++) {
        struct jit_arena a, b;
        struct jit_ir ir, copy;
        char err[200];
        jit_arena_init(&a);
        jit_arena_init(&b);
        jit_ir_init(&ir, &a, JITSTAT_KIND_LOOP);
        jit_arena_fail_after = n;
        bool ok = jit_ir_parse(&ir, canonical, descrs, err, sizeof err) && jit_ir_copy(&copy, &ir, &b);
        bool reached = jit_arena_fail_after == 0;
        jit_arena_fail_after = 0;
        cr_assert_eq(ok, !reached);
        cr_assert_eq(a.failed || b.failed, reached);
        jit_arena_fini(&a);
        jit_arena_fini(&b);
        failures += reached;
        if (!reached)
            break;
    }
    cr_assert_gt(failures, 10);
}
