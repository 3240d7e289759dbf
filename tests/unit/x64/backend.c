/* The back end, case by case: every operation on edge values, guards with what they leave behind, loops and their
 * parallel moves, calls, links, polls, bridges, and what happens when there is no room. (random.c mixes all of it.) */
#include <Zydis/Zydis.h>
#include "rig.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define SETUP .init = rig_setup, .fini = rig_fini

static union rig_val values[1024];

static void unit_text(struct unit *u, const char *text, const struct jit_exit *parent, const struct unit *target)
{
    char err[200];
    unit_begin(u, parent ? JITSTAT_KIND_BRIDGE : JITSTAT_KIND_LOOP);
    cr_assert(jit_ir_parse(&u->ir, text, rig_all, err, sizeof err), "%s in\n%s", err, text);
    unit_compile(u, parent, target);
    cr_assert_eq(u->why, -1, "abort row %d for\n%s", u->why, text);
}

static void fill(void)
{
    memset(&mem, 0, sizeof mem);
    ctx.sync = NULL;
    for (int i = 0; i < RIG_SLOTS; i++) mem.frame[i] = (struct rig_slot){.i = i * 3 + 1, .tag = 1};
    for (int i = 0; i < RIG_HEAP; i++) {
        mem.ints[i] = i * 1000003 - 7;
        mem.floats[i] = i / 4.0;
        mem.ptrs[i] = &mem;
        for (int k = 0; k < 8; k++) mem.bytes[8 * i + k] = (uint8_t)(i * 37 + k * 91);
    }
}

/* Runs text on `mem` as it is and as the evaluator says; returns the exit. u stays for more. */
static struct jit_exit *agree(struct unit *u, const char *text)
{
    static struct rig_memory start, want;
    unit_text(u, text, NULL, NULL);
    start = mem;
    uint32_t at = evaluate(&u->ir, values);
    want = mem;
    mem = start;
    ctx.sync = NULL;
    struct jit_exit *e = unit_run(u);
    cr_assert_eq(e->op, at, "left at %u, should be %u:\n%s", e->op, at, text);
    for (int i = 0; i < RIG_SLOTS; i++)
        cr_assert(mem.frame[i].tag == want.frame[i].tag && (mem.frame[i].bits == want.frame[i].bits || (mem.frame[i].tag == 2 && mem.frame[i].f != mem.frame[i].f && want.frame[i].f != want.frame[i].f)),
                  "slot %d: %lx/%d, should be %lx/%d:\n%s", i, mem.frame[i].bits, mem.frame[i].tag, want.frame[i].bits, want.frame[i].tag, text);
    cr_assert(!memcmp(&mem.ints, &want.ints, sizeof want - offsetof(struct rig_memory, ints)), "memory differs:\n%s", text);
    return e;
}

static void agree_once(const char *text)
{
    struct unit u;
    agree(&u, text);
    unit_end(&u);
}

/* ---- operations ---- */

static const int64_t ints[] = {0, 1, -1, 2, 3, 7, -7, 63, 64, 127, 128, -128, -129, INT32_MAX, INT32_MIN, (int64_t)1 << 31, UINT32_MAX, (int64_t)1 << 32, INT64_MAX, INT64_MIN, INT64_MIN + 1, 1000000007};
static const char *const floats[] = {"0.0", "-0.0", "1.0", "-1.5", "0.5", "-0.5", "1e300", "-1e300", "inf", "-inf", "nan(0x7ff8000000000000)", "9223372036854775808.0", "-9223372036854775808.0", "4503599627370497.5", "2.0", "-3.7"};

static double fval(const char *s) { return strncmp(s, "nan", 3) ? strcmp(s, "inf") ? strcmp(s, "-inf") ? atof(s) : -INFINITY : INFINITY : NAN; }

/* name(a, b) with a and b in registers, as constants, as spill slots are left to random.c */
static void binary(const char *name, char type, const char *res)
{
    char text[512];
    bool f = type == 'f', div = strstr(name, "div") || strstr(name, "mod"), shift = strstr(name, "shift");
    unsigned n = f ? COUNT(floats) : COUNT(ints);
    for (unsigned i = 0; i < n; i++)
        for (unsigned j = 0; j < n; j++) {
            if (!f && div && ints[j] == 0) continue;
            if (shift && (ints[j] < 0 || ints[j] > 63)) continue;
            for (int form = 0; form < 4; form++) {
                char a[64], b[64];
                if (form & 1) f ? snprintf(a, sizeof a, "%s", floats[i]) : snprintf(a, sizeof a, "%ld", ints[i]);
                else snprintf(a, sizeof a, "%c0", type);
                if (form & 2) f ? snprintf(b, sizeof b, "%s", floats[j]) : snprintf(b, sizeof b, "%ld", ints[j]);
                else snprintf(b, sizeof b, "%c1", type);
                snprintf(text, sizeof text, "%c0 = getframe_%c(100)\n%c1 = getframe_%c(101)\n%s2 = %s(%s, %s)\njump() [pc=1 base=0 0:%s2/%d 1:%c0/2 2:%c1/2]\n# link=interp\n",
                         type, type, type, type, res, name, a, b, res, *res == 'f' ? 2 : 1, type, type);
                fill();
                if (f) mem.frame[100].f = fval(floats[i]), mem.frame[101].f = fval(floats[j]);
                else mem.frame[100].i = ints[i], mem.frame[101].i = ints[j];
                agree_once(text);
            }
        }
}

#define BINARY(op, t, r) \
    Test(backend_ops, op, SETUP) { binary(#op, t, r); }
/* clang-format off */
BINARY(int_add, 'i', "i") BINARY(int_sub, 'i', "i") BINARY(int_mul, 'i', "i") BINARY(int_and, 'i', "i") BINARY(int_or, 'i', "i") BINARY(int_xor, 'i', "i")
BINARY(int_lshift, 'i', "i") BINARY(int_rshift, 'i', "i") BINARY(uint_rshift, 'i', "i") BINARY(int_floordiv, 'i', "i") BINARY(int_mod, 'i', "i")
BINARY(int_lt, 'i', "i") BINARY(int_le, 'i', "i") BINARY(int_eq, 'i', "i") BINARY(int_ne, 'i', "i") BINARY(int_gt, 'i', "i") BINARY(int_ge, 'i', "i")
BINARY(uint_lt, 'i', "i") BINARY(uint_le, 'i', "i") BINARY(uint_gt, 'i', "i") BINARY(uint_ge, 'i', "i")
BINARY(float_add, 'f', "f") BINARY(float_sub, 'f', "f") BINARY(float_mul, 'f', "f") BINARY(float_truediv, 'f', "f")
BINARY(float_lt, 'f', "i") BINARY(float_le, 'f', "i") BINARY(float_eq, 'f', "i") BINARY(float_ne, 'f', "i") BINARY(float_gt, 'f', "i") BINARY(float_ge, 'f', "i")
    /* clang-format on */

    static void unary(const char *name, char type, char res)
{
    char text[300];
    unsigned n = type == 'f' ? COUNT(floats) : COUNT(ints);
    for (unsigned i = 0; i < n; i++)
        for (int keep = 0; keep < 2; keep++) {
            snprintf(text, sizeof text, "%c0 = getframe_%c(100)\n%c1 = %s(%c0)\njump() [pc=1 base=0 0:%c1/%d%s]\n# link=interp\n", type, type, res, name, type, res,
                     res == 'f' ? 2 : 1, !keep ? "" : type == 'f' ? " 1:f0/2"
                                                  : type == 'r'   ? " 1:r0/3"
                                                                  : " 1:i0/1");
            fill();
            if (type == 'f') mem.frame[100].f = fval(floats[i]);
            else mem.frame[100].i = ints[i];
            agree_once(text);
        }
}

Test(backend_ops, unary, SETUP)
{
    for (jit_x64_no_sse41 = false;; jit_x64_no_sse41 = true) {
        unary("float_floor", 'f', 'f'), unary("float_ceil", 'f', 'f');
        if (jit_x64_no_sse41) break;
    }
    jit_x64_no_sse41 = false;
    unary("int_neg", 'i', 'i'), unary("int_invert", 'i', 'i'), unary("int_is_zero", 'i', 'i'), unary("int_is_true", 'i', 'i');
    unary("float_neg", 'f', 'f'), unary("float_abs", 'f', 'f'), unary("float_sqrt", 'f', 'f');
    unary("cast_int_to_float", 'i', 'f'), unary("cast_float_to_int", 'f', 'i');
    unary("convert_float_bytes_to_longlong", 'f', 'i'), unary("convert_longlong_bytes_to_float", 'i', 'f');
    unary("cast_ptr_to_int", 'r', 'i'), unary("cast_int_to_ptr", 'i', 'r'), unary("same_as_i", 'i', 'i'), unary("same_as_f", 'f', 'f'), unary("same_as_r", 'r', 'r');
}

/* Division by constants: multiplications. Divisors around powers of two and dividends around their multiples. */
Test(backend_ops, constant_divisors, SETUP)
{
    static const int64_t ds[] = {1, 2, 3, 5, 6, 7, 9, 10, 11, 60, 100, 641, 1000, 3600, 65535, 65537, 1000003, 0x7fffffff, 0x80000001, 0x100000001, 0x7fffffffffffffff, 0x4000000000000001, 0x3fffffffffffffff, -3, -10};
    char text[300];
    for (unsigned k = 0; k < COUNT(ds); k++) {
        struct unit u;
        snprintf(text, sizeof text, "i0 = getframe_i(100)\ni1 = int_floordiv(i0, %ld)\ni2 = int_mod(i0, %ld)\njump() [pc=1 base=0 0:i1/1 1:i2/1 2:i0/1]\n# link=interp\n", ds[k], ds[k]);
        fill();
        unit_text(&u, text, NULL, NULL);
        for (unsigned i = 0; i < COUNT(ints); i++)
            for (int64_t m = -3; m <= 3; m++)
                for (int64_t d = -1; d <= 1; d++) {
                    int64_t x = (int64_t)((uint64_t)ints[i] + (uint64_t)m * (uint64_t)ds[k] + (uint64_t)d);
                    mem.frame[100].i = x;
                    unit_run(&u);
                    cr_assert_eq(mem.frame[0].i, ev_floordiv(x, ds[k]), "%ld // %ld", x, ds[k]);
                    cr_assert_eq(mem.frame[1].i, ev_mod(x, ds[k]), "%ld %% %ld", x, ds[k]);
                }
        unit_end(&u);
    }
}

/* Each comparison fused with each guard. */
Test(backend_ops, fused_guards, SETUP)
{
    static const char *const ops[] = {"int_lt", "int_le", "int_eq", "int_ne", "int_gt", "int_ge", "uint_lt", "uint_le", "uint_gt", "uint_ge", "float_lt", "float_le", "float_eq", "float_ne", "float_gt", "float_ge"};
    static const int64_t iv[] = {0, 1, -1, INT64_MIN, INT64_MAX};
    static const double fv[] = {0.0, 1.0, -1.0, NAN, INFINITY};
    char text[400];
    for (unsigned k = 0; k < COUNT(ops) * 8; k++) {
        const char *op = ops[k / 8];
        char t = *op == 'f' ? 'f' : 'i';
        const char *kb = k & 2 ? t == 'f' ? "1.0" : "0" : t == 'f' ? "f1"
                                                                   : "i1",
                   *ka = k & 4 ? t == 'f' ? "-1.0" : "1" : t == 'f' ? "f0"
                                                                    : "i0";
        snprintf(text, sizeof text, "%c0 = getframe_%c(100)\n%c1 = getframe_%c(101)\ni2 = %s(%s, %s)\n%s(i2) [pc=1 base=0 0:%c1/2]\njump() [pc=2 base=0 1:5/1]\n# link=interp\n", t, t, t, t, op, ka, kb,
                 k & 1 ? "guard_true" : "guard_false", t);
        for (int i = 0; i < 25; i++) {
            fill();
            if (t == 'f') mem.frame[100].f = fv[i / 5], mem.frame[101].f = fv[i % 5];
            else mem.frame[100].i = iv[i / 5], mem.frame[101].i = iv[i % 5];
            agree_once(text);
        }
    }
}

static const char *const mem_guards[] = {
    "i1 = getfield_gc_i(r0, descr=%s)\nguard_value(i1, %ld) [pc=1 base=0]\n",
    "i1 = getfield_gc_i(r0, descr=%s)\nguard_true(i1) [pc=1 base=0 3:%ld/1]\n",
    "i1 = getfield_gc_i(r0, descr=%s)\ni2 = int_eq(i1, %ld)\nguard_true(i2) [pc=1 base=0]\n",
    "i1 = getfield_gc_i(r0, descr=%s)\ni2 = int_lt(i1, %ld)\nguard_false(i2) [pc=1 base=0]\n",
    "i1 = getfield_gc_i(r0, descr=%s)\ni2 = int_is_zero(i1)\nguard_false(i2) [pc=1 base=0 3:%ld/1]\n",
};

Test(backend_ops, guards_on_memory, SETUP)
{
    static const char *const fields[] = {"f8", "u1", "u2", "u4", "s1", "s2", "s4"};
    static const int64_t vs[] = {0, 1, -1, 127, 128, 255, 256, 65535, -32768, UINT32_MAX, INT32_MIN, (int64_t)1 << 40, INT64_MIN};
    char body[300], text[500];
    for (unsigned f = 0; f < COUNT(fields); f++)
        for (unsigned v = 0; v < COUNT(vs); v++)
            for (unsigned g = 0; g < COUNT(mem_guards); g++)
                for (unsigned w = 0; w < COUNT(vs); w++) {
                    snprintf(body, sizeof body, mem_guards[g], fields[f], vs[v]);
                    snprintf(text, sizeof text, "r0 = getframe_r(100)\n%sjump() [pc=2 base=0 1:5/1]\n# link=interp\n", body);
                    fill();
                    mem.frame[100].p = &mem;
                    mem.ints[3] = vs[w];
                    memcpy(mem.bytes + 1, &vs[w], 1), memcpy(mem.bytes + 2, &vs[w], 2), memcpy(mem.bytes + 4, &vs[w], 4);
                    memcpy(mem.bytes + 9, &vs[w], 1), memcpy(mem.bytes + 10, &vs[w], 2), memcpy(mem.bytes + 12, &vs[w], 4);
                    agree_once(text);
                }
}

/* ---- memory ---- */

Test(backend_memory, loads_and_stores, SETUP)
{
    char text[2000];
    for (int d = 0; d < RIG_NMEM; d++) {
        const struct jit_descr *s = &rig_descrs[d];
        bool array = s->kind == JIT_D_ARRAY;
        for (int form = 0; form < 8; form++) {
            char idx[40] = "", base[40];
            snprintf(base, sizeof base, form & 1 ? "ptr(%p)" : "r0", (void *)&mem);
            if (array) snprintf(idx, sizeof idx, form & 2 ? ", 5" : form & 4 ? ", i2"
                                                                             : ", i1");
            const char *k = s->type == 'i' ? form & 4 ? "81985529216486895" : "-2" : s->type == 'f' ? "1.25"
                                                                                 : form & 2         ? "ptr(0)"
                                                                                                    : "r0";
            snprintf(text, sizeof text,
                     "r0 = getframe_r(100)\ni1 = getframe_i(101)\ni2 = int_add(i1, 3)\n%c3 = %s_gc_%c(%s%s, descr=%s)\n%s_gc(%s%s, %s, descr=%s)\n%c5 = %s_gc_%c(r0%s, descr=%s)\n"
                     "%s_gc(r0%s, %c3, descr=%s)\njump() [pc=1 base=0 0:%c3/1 1:%c5/1 2:i1/1]\n# link=interp\n",
                     s->type, array ? "getarrayitem" : "getfield", s->type, base, idx, s->name, array ? "setarrayitem" : "setfield", base, idx, k, s->name, s->type,
                     array ? "getarrayitem" : "getfield", s->type, array ? ", 2" : "", s->name, array ? "setarrayitem" : "setfield", array ? ", i2" : "", s->type, s->name, s->type, s->type);
            fill();
            mem.frame[100].p = &mem;
            mem.frame[101].i = 2;
            agree_once(text);
        }
    }
}

Test(backend_memory, far_offsets_and_odd_strides, SETUP)
{
    static struct jit_descr far = {.name = "far", .kind = JIT_D_ARRAY, .type = 'i', .size = 8, .stride = 0x10000001, .offset = INT32_MAX};
    struct unit u;
    char text[600], err[100];
    const struct jit_descr *all[] = {&far, NULL};
    fill();
    for (int k = 0; k < 3; k++) {
        int64_t idx = k == 2 ? 40 : k;
        char *base = (char *)&mem.ints[4] - INT32_MAX - idx * 0x10000001;
        snprintf(text, sizeof text, "r0 = getframe_r(100)\ni1 = getframe_i(101)\ni2 = getarrayitem_gc_i(r0, i1, descr=far)\ni3 = getarrayitem_gc_i(r0, %ld, descr=far)\n"
                                    "i4 = getarrayitem_gc_i(ptr(%p), i1, descr=far)\njump() [pc=1 base=0 0:i2/1 1:i3/1 2:i4/1]\n# link=interp\n",
                 idx, (void *)base);
        unit_begin(&u, JITSTAT_KIND_LOOP);
        cr_assert(jit_ir_parse(&u.ir, text, all, err, sizeof err), "%s", err);
        unit_compile(&u, NULL, NULL);
        mem.frame[100].p = base;
        mem.frame[101].i = idx;
        unit_run(&u);
        for (int i = 0; i < 3; i++) cr_assert_eq(mem.frame[i].i, mem.ints[4]);
        unit_end(&u);
    }
}

Test(backend_memory, frame_context_and_tags, SETUP)
{
    static const struct jit_descr slot = {.name = "slot", .kind = JIT_D_FIELD, .type = 'i', .size = 8, .offset = 0};
    struct unit u;
    char err[100];
    const struct jit_descr *all[] = {&slot, NULL};
    fill();
    for (int tag_size = 1; tag_size <= 4; tag_size += 3) {
        be.layout.tag_size = tag_size;
        unit_begin(&u, JITSTAT_KIND_LOOP);
        cr_assert(jit_ir_parse(&u.ir, "r0 = getcontext()\nr1 = getframeaddr(7)\ni2 = getfield_gc_i(r1, descr=slot)\nr3 = getframeaddr(8)\ni4 = getframetag(9)\nguard_value(i4, 77) [pc=1 base=0 20:-/9]\n"
                                      "i6 = getframetag(10)\njump() [pc=1 base=0 0:r0/3 1:i2/1 2:r3/3 3:i6/1 4:-/66]\n# link=interp\n",
                               all, err, sizeof err),
                  "%s", err);
        unit_compile(&u, NULL, NULL);
        mem.frame[9].tag = 77, mem.frame[10].tag = 200;
        unit_run(&u);
        cr_assert_eq(mem.frame[0].p, &ctx);
        cr_assert_eq(mem.frame[1].i, 7 * 3 + 1);
        cr_assert_eq(mem.frame[2].p, &mem.frame[8]);
        cr_assert_eq(mem.frame[3].i, 200);
        cr_assert_eq(mem.frame[4].tag, 66);
        cr_assert_eq(mem.frame[20].tag, 1);
        mem.frame[9].tag = 78;
        unit_run(&u);
        cr_assert_eq(mem.frame[20].tag, 9);
        mem.frame[20].tag = 1;
        unit_end(&u);
    }
}

/* ---- registers ---- */

/* n values alive at once, ints and floats in turn, all used afterwards in another order. */
static int pressure(unsigned n, bool loop)
{
    size_t size = 200 * n + 4096, at = 0;
    char *text = malloc(size);
    struct unit u;
    char err[200];
    at += (size_t)sprintf(text + at, "i0 = getframe_i(100)\nf1 = getframe_f(101)\n");
    for (unsigned i = 0; i < n; i++) at += (size_t)sprintf(text + at, i & 1 ? "f%u = float_add(f1, %u.5)\n" : "i%u = int_mul(i0, %u)\n", i + 2, i + 11);
    if (loop) {
        at += (size_t)sprintf(text + at, "label(i0, f1");
        for (unsigned i = 0; i < n; i += 2) at += (size_t)sprintf(text + at, ", %c%u", i & 1 ? 'f' : 'i', i + 2);
        at += (size_t)sprintf(text + at, ")\n");
    }
    unsigned k = 3000, ki = 0, kf = 1;
    for (unsigned i = n; i-- > 0; k++) {
        unsigned *acc = i & 1 ? &kf : &ki;
        at += (size_t)sprintf(text + at, i & 1 ? "f%u = float_sub(f%u, f%u)\n" : "i%u = int_sub(i%u, i%u)\n", k, i + 2, *acc);
        *acc = k;
    }
    if (loop) {
        at += (size_t)sprintf(text + at, "i9000 = int_sub(i0, 1)\ni9001 = int_gt(i9000, 0)\nguard_true(i9001) [pc=1 base=0 0:i%u/1 1:f%u/2]\njump(i9000, f%u", ki, kf, kf);
        for (unsigned i = 0; i < n; i += 2) at += (size_t)sprintf(text + at, ", i%u", (i + 2) % n / 2 * 2 + 2);
        sprintf(text + at, ")\n");
    } else {
        sprintf(text + at, "jump() [pc=1 base=0 0:i%u/1 1:f%u/2]\n# link=interp\n", ki, kf);
    }
    unit_begin(&u, JITSTAT_KIND_LOOP);
    cr_assert(jit_ir_parse(&u.ir, text, rig_all, err, sizeof err), "%s", err);
    unit_compile(&u, NULL, NULL);
    if (u.why < 0) {
        fill();
        mem.frame[100].i = 5, mem.frame[101].f = 0.25;
        struct rig_memory start = mem;
        union rig_val *v = calloc(u.ir.ops.n, sizeof *v);
        evaluate(&u.ir, v);
        struct rig_memory want = mem;
        mem = start;
        unit_run(&u);
        cr_assert_eq(mem.frame[0].i, want.frame[0].i);
        cr_assert_eq(mem.frame[1].bits, want.frame[1].bits);
        free(v);
    }
    unit_end(&u);
    free(text);
    return u.why;
}

Test(backend_registers, many_live_values, SETUP)
{
    for (unsigned n = 2; n <= 240; n += n < 40 ? 2 : 20)
        for (int loop = 0; loop < 2; loop++) cr_assert_eq(pressure(n, loop), -1, "%u values", n);
    cr_assert_eq(pressure(600, false), JITSTAT_A_SPILLS);
    cr_assert_eq(pressure(600, true), JITSTAT_A_SPILLS);
}

static void permutation_loop(const int *p, int n, char t)
{
    char text[1200];
    int at = 0;
    at += sprintf(text + at, "i0 = getframe_i(100)\n");
    for (int i = 0; i < n; i++) at += sprintf(text + at, "%c%d = getframe_%c(%d)\n", t, i + 1, t, 101 + i);
    at += sprintf(text + at, "label(i0");
    for (int i = 0; i < n; i++) at += sprintf(text + at, ", %c%d", t, i + 1);
    at += sprintf(text + at, ")\ni90 = int_sub(i0, 1)\ni91 = int_gt(i90, 0)\nguard_true(i91) [pc=1 base=0");
    for (int i = 0; i < n; i++) at += sprintf(text + at, " %d:%c%d/%d", i, t, i + 1, t == 'f' ? 2 : 1);
    at += sprintf(text + at, "]\njump(i90");
    for (int i = 0; i < n; i++) at += p[i] < 0 ? sprintf(text + at, t == 'f' ? ", 7.5" : ", 75") : sprintf(text + at, ", %c%d", t, p[i] + 1);
    sprintf(text + at, ")\n");
    for (int rounds = 1; rounds < 5; rounds++) {
        fill();
        mem.frame[100].i = rounds;
        for (int i = 0; i < n; i++) mem.frame[101 + i].bits = 0x4000000000000000u + (uint64_t)i;
        agree_once(text);
    }
}

/* Every map of four values (and a constant) onto four, and rings of all sizes up to where slots are in them. */
Test(backend_registers, jumps_move_in_parallel, SETUP)
{
    for (int code = 0; code < 625; code++) {
        int p[4] = {code % 5 - 1, code / 5 % 5 - 1, code / 25 % 5 - 1, code / 125 - 1};
        permutation_loop(p, 4, code & 1 ? 'f' : 'i');
    }
    for (int n = 2; n <= 26; n++)
        for (int step = 1; step < 4; step++) {
            int p[26];
            for (int i = 0; i < n; i++) p[i] = (i + step) % n;
            permutation_loop(p, n, 'i');
            permutation_loop(p, n, 'f');
        }
}

/* ---- what the loops look like ---- */

struct shape {
    int instructions, memory, stack, moves;
};

/* Counts the instructions from the label to the jump back. */
static struct shape loop_shape(const struct unit *u)
{
    struct shape s = {0};
    ZydisDecoder dec;
    ZydisDecodedInstruction in;
    ZydisDecodedOperand ops[ZYDIS_MAX_OPERAND_COUNT];
    ZydisDecoderInit(&dec, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    for (const uint8_t *p = u->code.label;; p += in.length) {
        cr_assert(ZYAN_SUCCESS(ZydisDecoderDecodeFull(&dec, p, 15, &in, ops)));
        s.instructions++;
        for (int i = 0; i < in.operand_count_visible; i++)
            if (ops[i].type == ZYDIS_OPERAND_TYPE_MEMORY && in.mnemonic != ZYDIS_MNEMONIC_LEA) {
                s.memory++;
                s.stack += ops[i].mem.base == ZYDIS_REGISTER_RBP;
            }
        s.moves += (in.mnemonic == ZYDIS_MNEMONIC_MOV || in.mnemonic == ZYDIS_MNEMONIC_MOVAPS) && ops[0].type == ops[1].type;
        ZyanU64 to;
        if ((in.mnemonic == ZYDIS_MNEMONIC_JZ || in.mnemonic == ZYDIS_MNEMONIC_JNZ) && ZYAN_SUCCESS(ZydisCalcAbsoluteAddress(&in, &ops[0], (ZyanU64)(uintptr_t)p, &to)) && to == (uintptr_t)u->code.label) return s;
    }
}

Test(backend_shape, integer_loop, SETUP)
{
    struct unit u;
    unit_text(&u, "i0 = getframe_i(0)\ni1 = getframe_i(1)\ni2 = getframe_i(2)\nlabel(i0, i1) [pc=1 base=0 0:i0/1 1:i1/1]\ni3 = int_add(i0, i1)\ni4 = int_lt(i1, i2)\n"
                  "guard_true(i4) [pc=2 base=0 0:i3/1 1:i1/1]\ni5 = int_add(i1, 1)\njump(i3, i5)\n",
              NULL, NULL);
    struct shape s = loop_shape(&u);
    cr_assert_eq(s.instructions, 6); /* add cmp jge inc, cmp je for the poll */
    cr_assert_eq(s.memory, 1);
    fill();
    mem.frame[0].i = 0, mem.frame[1].i = 1, mem.frame[2].i = 100;
    unit_run(&u);
    cr_assert_eq(mem.frame[0].i, 5050);
    unit_end(&u);
}

Test(backend_shape, float_loop, SETUP)
{
    struct unit u;
    unit_text(&u, "f0 = getframe_f(0)\ni1 = getframe_i(1)\ni2 = getframe_i(2)\nf3 = getframe_f(3)\nr4 = getframe_r(4)\nlabel(f0, i1) [pc=1 base=0 0:f0/2 1:i1/1]\n"
                  "f5 = getarrayitem_gc_f(r4, i1, descr=af)\nf6 = float_mul(f5, f3)\nf7 = float_add(f0, f6)\ni8 = int_add(i1, 1)\ni9 = int_lt(i8, i2)\nguard_true(i9) [pc=2 base=0 0:f7/2 1:i8/1]\njump(f7, i8)\n",
              NULL, NULL);
    struct shape s = loop_shape(&u);
    cr_assert_eq(s.stack, 0);
    cr_assert_leq(s.moves, 1); /* f3 stays, f6 starts as its copy */
    cr_assert_leq(s.instructions, 8); /* movaps mulsd addsd inc cmp jge, cmp je */
    unit_end(&u);
}

/* Twenty invariants that only exits want cost nothing in the loop. */
Test(backend_shape, what_only_exits_want_is_not_in_registers, SETUP)
{
    struct unit u;
    char text[2000];
    int at = sprintf(text, "i0 = getframe_i(100)\ni1 = getframe_i(101)\n");
    for (int i = 2; i < 22; i++) at += sprintf(text + at, "i%d = int_mul(i1, %d)\n", i, i + 1);
    at += sprintf(text + at, "label(i0)\ni30 = int_sub(i0, 1)\ni31 = int_gt(i30, 0)\nguard_true(i31) [pc=1 base=0");
    for (int i = 2; i < 22; i++) at += sprintf(text + at, " %d:i%d/1", i, i);
    sprintf(text + at, "]\njump(i30)\n");
    fill();
    mem.frame[100].i = 10;
    struct jit_exit *e = agree(&u, text);
    cr_assert_eq(e->kind, JIT_EXIT_GUARD);
    struct shape s = loop_shape(&u);
    cr_assert_leq(s.instructions, 6);
    cr_assert_eq(s.stack, 0);
    unit_end(&u);
}

/* ---- exits ---- */

Test(backend_exits, numbers_lines_and_offsets, SETUP)
{
    struct unit u;
    char err[100];
    unit_begin(&u, JITSTAT_KIND_LOOP);
    cr_assert(jit_ir_parse(&u.ir, "i0 = getframe_i(1)\nguard_true(i0) [pc=1 base=0 | pc=2 base=3 code=9 flags=1]\nguard_false(i0) [pc=3 base=0]\njump() [pc=4 base=0]\n# link=interp\n", rig_all, err, sizeof err), "%s", err);
    for (uint32_t i = 0; i < u.ir.ops.n; i++) u.ir.ops.v[i].line = 10 + i;
    unit_compile(&u, NULL, NULL);
    cr_assert_eq(u.code.nexits, 3);
    for (uint32_t i = 0; i < 3; i++) {
        const struct jit_exit *e = &u.code.exits[i];
        cr_assert_eq(jit_exit_number(e), i);
        cr_assert_eq(e->op, i + 1);
        cr_assert_eq(e->line, i + 11);
        cr_assert_eq(e->code->trace, (struct jit_trace *)&u);
        cr_assert_eq(e->kind, i == 2 ? JIT_EXIT_INTERP : JIT_EXIT_GUARD);
        cr_assert_eq(e->patch == 0, i == 2);
        cr_assert_eq(e->nframes, i == 0 ? 2u : 1u);
    }
    cr_assert_eq(jit_exit_frames(&u.code.exits[0])[1].base, 3);
    for (uint32_t i = 1; i < u.ir.ops.n; i++) cr_assert(u.code.op_offset[i] > u.code.op_offset[i - 1] && u.code.op_offset[i] < u.code.size);
    fill();
    mem.frame[1].i = 0;
    cr_assert_eq(jit_exit_number(unit_run(&u)), 0);
    mem.frame[1].i = 1;
    cr_assert_eq(jit_exit_number(unit_run(&u)), 1);
    unit_end(&u);
}

Test(backend_exits, stack_invalidated_always, SETUP)
{
    struct unit u;
    uint32_t *far = malloc(sizeof *far);
    fill();
    *far = 0;
    unit_begin(&u, JITSTAT_KIND_LOOP);
    char err[100];
    cr_assert(jit_ir_parse(&u.ir, "guard_stack(50) [pc=1 base=0]\nguard_not_invalidated() [pc=2 base=0]\nguard_always_fails() [pc=3 base=0]\njump() [pc=4 base=0]\n# link=interp\n", rig_all, err, sizeof err), "%s", err);
    u.why = jit_backend_compile(&be, &u.ir, (struct jit_trace *)&u, NULL, far, NULL, &u.arena, &u.code);
    cr_assert_eq(u.why, -1);
    ctx.stack_end = (char *)(mem.frame + 50) - 1;
    cr_assert_eq(jit_exit_number(unit_run(&u)), 0);
    ctx.stack_end++;
    cr_assert_eq(jit_exit_number(unit_run(&u)), 2);
    *far = 1;
    cr_assert_eq(jit_exit_number(unit_run(&u)), 1);
    unit_end(&u);
    free(far);
}

/* The counter makes guards fail in turn, and is set again. */
Test(backend_exits, torture, SETUP)
{
    struct unit u;
    be.torture_counter = &torture_counter;
    be.torture_reset = 2;
    torture_counter = 2;
    fill();
    mem.frame[1].i = 1;
    unit_text(&u, "i0 = getframe_i(1)\nguard_true(i0) [pc=1 base=0]\nguard_true(i0) [pc=2 base=0]\nguard_true(i0) [pc=3 base=0]\njump() [pc=4 base=0]\n# link=interp\n", NULL, NULL);
    cr_assert_eq(jit_exit_number(unit_run(&u)), 1);
    cr_assert_eq(torture_counter, 2);
    torture_counter = 3;
    cr_assert_eq(jit_exit_number(unit_run(&u)), 2);
    torture_counter = 4;
    cr_assert_eq(unit_run(&u)->kind, JIT_EXIT_INTERP);
    cr_assert_eq(torture_counter, 1);
    unit_end(&u);
}

/* ---- calls ---- */

static struct rig_slot moved_frame[RIG_SLOTS];
static const struct jit_resume_frame *seen_frames;
static int64_t seen_slots[3];
static int64_t moves_frame(int64_t a)
{
    seen_frames = ctx.sync->frames;
    for (int i = 0; i < 3; i++) seen_slots[i] = mem.frame[i].i;
    memcpy(moved_frame, mem.frame, sizeof moved_frame);
    memset(mem.frame, 0x77, sizeof mem.frame);
    ctx.base = moved_frame;
    destroy();
    return a + 1;
}

Test(backend_calls, sync_writes_first_and_reloads_the_frame, SETUP)
{
    static const struct jit_descr call = {.name = "mv", .kind = JIT_D_CALL, .type = 'i', .args = "i", .effects = JIT_EF_SYNC};
    const struct jit_descr *all[] = {&call, NULL};
    struct unit u;
    char text[600], err[100];
    snprintf(text, sizeof text, "i0 = getframe_i(100)\ni1 = int_add(i0, 1)\ni2 = call_i(ptr(%p), i1, descr=mv) [pc=5 base=0 0:i1/1 1:77/1 2:-/9 | pc=6 base=4]\n"
                                "i3 = int_add(i2, i1)\njump() [pc=1 base=0 3:i3/1 4:i0/1]\n# link=interp\n",
             (void *)(uintptr_t)moves_frame);
    fill();
    mem.frame[100].i = 41;
    unit_begin(&u, JITSTAT_KIND_LOOP);
    cr_assert(jit_ir_parse(&u.ir, text, all, err, sizeof err), "%s", err);
    unit_compile(&u, NULL, NULL);
    unit_run(&u);
    cr_assert_eq(seen_slots[0], 42);
    cr_assert_eq(seen_slots[1], 77);
    cr_assert_eq(seen_slots[2], 7);
    cr_assert_eq(seen_frames[1].base, 4);
    cr_assert_eq(seen_frames[0].pc, 5);
    cr_assert_eq(ctx.sync->nframes, 2);
    cr_assert_eq(moved_frame[2].tag, 9);
    cr_assert_eq(moved_frame[3].i, 85);
    cr_assert_eq(moved_frame[4].i, 41);
    cr_assert_eq(mem.frame[3].bits, 0x7777777777777777u);
    unit_end(&u);
}

Test(backend_calls, arguments_on_the_stack, SETUP)
{
    char text[1200];
    snprintf(text, sizeof text, "i0 = getframe_i(100)\ni1 = int_add(i0, 1)\ni2 = int_add(i0, 2)\nf3 = getframe_f(101)\nf4 = float_add(f3, 1.0)\n"
                                "i5 = call_i(ptr(%p), i2, i1, i0, 4, i0, i1, i2, 81985529216486895, -3, descr=c_many)\n"
                                "f6 = call_f(ptr(%p), f4, f3, 1.5, f4, f3, f4, 0.0, f3, f4, 2.5, i5, descr=c_floats)\njump() [pc=1 base=0 0:i5/1 1:f6/2 2:i1/1 3:f4/2 4:i2/1 5:f3/2]\n# link=interp\n",
             (void *)(uintptr_t)c_many, (void *)(uintptr_t)c_floats);
    fill();
    mem.frame[101].f = 3.5;
    agree_once(text);
}

/* ---- links ---- */

Test(backend_links, to_another_trace, SETUP)
{
    struct unit t, u;
    fill();
    unit_text(&t, "i0 = getframe_i(3)\ni1 = int_mul(i0, 2)\njump() [pc=9 base=0 5:i1/1]\n# link=interp\n", NULL, NULL);
    unit_text(&u, "i0 = getframe_i(100)\ni1 = int_add(i0, 1)\njump() [pc=9 base=0 3:i1/1 4:-/6]\n# link=trace\n", NULL, &t);
    mem.frame[100].i = 20;
    struct jit_exit *e = unit_run(&u);
    cr_assert(e >= t.code.exits && e < t.code.exits + t.code.nexits);
    cr_assert_eq(mem.frame[3].i, 21);
    cr_assert_eq(mem.frame[4].tag, 6);
    cr_assert_eq(mem.frame[5].i, 42);
    cr_assert_null(linked_frames);
    unit_end(&u);
    unit_end(&t);
}

Test(backend_links, into_an_inner_frame, SETUP)
{
    struct unit t, u;
    fill();
    linked_frames = NULL;
    unit_text(&t, "i0 = getframe_i(3)\ni1 = int_mul(i0, 2)\njump() [pc=9 base=0 5:i1/1]\n# link=interp\n", NULL, NULL);
    unit_text(&u, "i0 = getframe_i(100)\ni1 = int_add(i0, 1)\njump() [pc=8 base=0 13:i1/1 | pc=9 base=10]\n# link=trace\n", NULL, &t);
    mem.frame[100].i = 20;
    struct jit_exit *e = unit_run(&u);
    cr_assert(e >= t.code.exits && e < t.code.exits + t.code.nexits);
    cr_assert_eq(linked_n, 2);
    cr_assert_eq(mem.frame[13].i, 21);
    cr_assert_eq(mem.frame[15].i, 42);
    link_answer = 1;
    e = unit_run(&u);
    cr_assert(e >= u.code.exits && e < u.code.exits + u.code.nexits);
    cr_assert_eq(e->kind, JIT_EXIT_INTERP);
    cr_assert_eq(e->nframes, 2);
    unit_end(&u);
    unit_end(&t);
}

/* Frame records of the guest, each reached from the one before; the last word says what is next. */
static struct record {
    uint64_t w[4];
    struct record *up, *next;
} records[3];

static uint32_t steps_given(const struct jit_resume_frame *f, uint32_t n, struct jit_step *out)
{
    const struct jit_step steps[] = {
        {JIT_STEP_LOAD, offsetof(struct rig_ctx, words), 0},
        {JIT_STEP_UP, offsetof(struct record, up), 0},
        {JIT_STEP_PUT64, 0, 0x123456789abcdef0},
        {JIT_STEP_AND16, 8, (int16_t)0xff0f},
        {JIT_STEP_OR16, 8, 0x21},
        {JIT_STEP_FOLLOW, offsetof(struct record, next), 0},
        {JIT_STEP_FOLLOW, offsetof(struct record, next), 0},
        {JIT_STEP_PUT_SLOT, 0, f[n - 1].base - 1},
        {JIT_STEP_PUT64, 8, -5},
        {JIT_STEP_PUT32, 16, 77},
        {JIT_STEP_COPY32, 20, offsetof(struct rig_ctx, words) + 8},
        {JIT_STEP_SET, offsetof(struct rig_ctx, words), 0},
        {JIT_STEP_SET_SLOT, offsetof(struct rig_ctx, words) + 24, 7},
        {JIT_STEP_MOVE32, offsetof(struct rig_ctx, words) + 16, offsetof(struct rig_ctx, words) + 8},
        {JIT_STEP_MOVE64, offsetof(struct rig_ctx, pad), offsetof(struct rig_ctx, words) + 8},
    };
    memcpy(out, steps, sizeof steps);
    return sizeof steps / sizeof steps[0];
}

Test(backend_links, frames_by_steps, SETUP)
{
    struct unit t, u;
    fill();
    be.link_steps = steps_given;
    unit_text(&t, "i0 = getframe_i(3)\ni1 = int_mul(i0, 2)\njump() [pc=9 base=0 5:i1/1]\n# link=interp\n", NULL, NULL);
    unit_text(&u, "i0 = getframe_i(100)\ni1 = int_add(i0, 1)\njump() [pc=8 base=0 13:i1/1 | pc=9 base=10]\n# link=trace\n", NULL, &t);
    mem.frame[100].i = 20;
    records[0] = (struct record){{0, 0x1234567}, NULL, &records[1]};
    records[1] = (struct record){{0}, &records[0], &records[2]};
    records[2] = (struct record){{1, 2, ~0ull, 4}, &records[1], NULL};
    ctx.words[0] = (uint64_t)(uintptr_t)&records[1], ctx.words[1] = 0x5500000066, ctx.words[2] = ~0ull;
    struct jit_exit *e = unit_run(&u);
    cr_assert(e >= t.code.exits && e < t.code.exits + t.code.nexits);
    cr_assert_null(linked_frames, "no call");
    cr_assert_eq(ctx.base, mem.frame + 10);
    cr_assert_eq(mem.frame[15].i, 42);
    cr_assert_eq(records[0].w[0], 0x123456789abcdef0);
    cr_assert_eq(records[0].w[1], 0x1230000 + ((0x4567 & 0xff0f) | 0x21));
    cr_assert_eq(records[2].w[0], (uint64_t)(uintptr_t)(mem.frame + 9));
    cr_assert_eq(records[2].w[1], (uint64_t)-5);
    cr_assert_eq(records[2].w[2], 0x66ull << 32 | 77);
    cr_assert_eq(records[2].w[3], 4);
    cr_assert_eq(ctx.words[0], (uint64_t)(uintptr_t)&records[2]);
    cr_assert_eq(ctx.words[2], 0xffffffff00000066);
    cr_assert_eq(ctx.words[3], (uint64_t)(uintptr_t)(mem.frame + 7));
    cr_assert_eq(ctx.pad, 0x5500000066);
    e = unit_run(&u); /* the chain ends too soon: the guest is called */
    cr_assert_eq(linked_n, 2);
    cr_assert_eq(ctx.words[0], (uint64_t)(uintptr_t)&records[2]);
    cr_assert(e >= t.code.exits && e < t.code.exits + t.code.nexits);
    link_answer = 1;
    e = unit_run(&u);
    cr_assert(e >= u.code.exits && e < u.code.exits + u.code.nexits);
    unit_end(&u);
    unit_end(&t);
}

/* Without a label the loop goes through its slots. */
Test(backend_links, loop_through_memory, SETUP)
{
    struct unit u;
    fill();
    unit_text(&u, "i0 = getframe_i(3)\ni1 = int_sub(i0, 1)\ni2 = int_gt(i1, 0)\nguard_true(i2) [pc=1 base=0 4:i1/1]\njump() [pc=1 base=0 3:i1/1]\n", NULL, NULL);
    mem.frame[3].i = 10;
    struct jit_exit *e = unit_run(&u);
    cr_assert_eq(jit_exit_number(e), 0);
    cr_assert_eq(mem.frame[3].i, 1);
    poll_word = POLL_ALL, poll_answer = 0;
    mem.frame[3].i = 10;
    unit_run(&u);
    cr_assert_eq(polled['l'], 9);
    poll_answer = 1;
    mem.frame[3].i = 10;
    e = unit_run(&u);
    cr_assert_eq(e->kind, JIT_EXIT_POLL);
    cr_assert_eq(mem.frame[3].i, 9);
    unit_end(&u);
}

/* ---- polls ---- */

static const char poll_loop[] = "i0 = getframe_i(0)\nf1 = getframe_f(1)\ni2 = getframe_i(2)\nlabel(i0, f1)%s\ni5 = int_sub(i0, 1)\nf6 = float_add(f1, 1.0)\ni7 = int_gt(i5, i2)\n"
                                "guard_true(i7) [pc=3 base=0 0:i5/1 1:f6/2]\njump(i5, f6)%s\n";

static void poll_leaves(const char *label, const char *jump, int64_t want_i, double want_f)
{
    struct unit u;
    char text[600];
    snprintf(text, sizeof text, poll_loop, label, jump);
    memset(polled, 0, sizeof polled);
    fill();
    mem.frame[0].i = 100, mem.frame[1].f = 0.5, mem.frame[2].i = 0;
    poll_word = POLL_ALL, poll_answer = 0;
    unit_text(&u, text, NULL, NULL);
    cr_assert_eq(unit_run(&u)->kind, JIT_EXIT_GUARD);
    cr_assert_eq(polled['l'], 99);
    cr_assert_eq(mem.frame[1].f, 100.5);
    mem.frame[0].i = 100, mem.frame[1].f = 0.5;
    poll_answer = 1;
    struct jit_exit *e = unit_run(&u);
    if (want_i) {
        cr_assert_eq(e->kind, JIT_EXIT_POLL);
        cr_assert_eq(mem.frame[0].i, want_i);
        cr_assert_eq(mem.frame[1].f, want_f);
        cr_assert_eq(mem.frame[3].tag, 8);
    } else {
        cr_assert_eq(e->kind, JIT_EXIT_GUARD);
    }
    poll_word = 0, poll_answer = 0;
    unit_end(&u);
}

Test(backend_polls, leave_with_the_labels_state, SETUP)
{
    poll_leaves(" [pc=2 base=0 0:i0/1 1:f1/2 2:i2/1 3:-/8]", "", 99, 1.5);
    poll_leaves("", " [pc=2 base=0 0:i5/1 1:f6/2 2:i2/1 3:-/8]", 99, 1.5);
    poll_leaves("", "", 0, 0);
}

/* With values in every register that a loop can have. */
Test(backend_polls, keep_every_register, SETUP)
{
    int p[15];
    poll_word = POLL_ALL;
    for (int i = 0; i < 15; i++) p[i] = (i + 1) % 15;
    permutation_loop(p, 15, 'f');
    for (int i = 0; i < 11; i++) p[i] = (i + 1) % 11;
    permutation_loop(p, 11, 'i');
    cr_assert_gt(polled['l'], 10);
}

/* ---- bridges ---- */

static const char root[] = "i0 = getframe_i(0)\nf1 = getframe_f(1)\ni2 = getframe_i(2)\nlabel(i0, f1) [pc=1 base=0 0:i0/1 1:f1/2]\ni5 = int_sub(i0, 1)\nf6 = float_add(f1, 1.0)\ni7 = int_and(i5, 1)\n"
                           "guard_true(i7) [pc=3 base=0 0:i5/1 1:f6/2 4:7/1]\ni9 = int_gt(i5, i2)\nguard_true(i9) [pc=4 base=0 0:i5/1 1:f6/2]\njump(i5, f6)\n";

Test(backend_bridges, attach_run_detach, SETUP)
{
    struct unit u, b;
    fill();
    unit_text(&u, root, NULL, NULL);
    struct jit_exit *g = &u.code.exits[0];
    cr_assert_neq(g->stub, 0);
    unit_text(&b, "i0 = inputarg_i(0)\nf1 = inputarg_f(1)\nf2 = float_mul(f1, 2.0)\njump() [pc=1 base=0 0:i0/1 1:f2/2]\n# link=trace\n", g, &u);
    cr_assert_eq(jit_backend_patch(&be, g, b.code.entry), 0);
    mem.frame[0].i = 9, mem.frame[1].f = 1.0, mem.frame[2].i = 1;
    poll_word = POLL_ALL;
    struct jit_exit *e = unit_run(&u);
    cr_assert_eq(e, &u.code.exits[1]); /* 8: bridge, 7: round, 6: bridge, ..., 1: out */
    cr_assert_eq(mem.frame[0].i, 1);
    double f = 1.0;
    for (int i = 8; i > 1; i--) f = i & 1 ? f + 1 : (f + 1) * 2;
    cr_assert_eq(mem.frame[1].f, f + 1);
    cr_assert_eq(polled['b'], 4);
    cr_assert_eq(polled['j'], 4);
    /* interrupted in the bridge: out through the guard's own exit, nothing done twice */
    poll_answer = 1;
    mem.frame[0].i = 9, mem.frame[1].f = 1.0;
    e = unit_run(&u);
    cr_assert_eq(e, g);
    cr_assert_eq(mem.frame[0].i, 8);
    cr_assert_eq(mem.frame[1].f, 2.0);
    poll_word = 0, poll_answer = 0;
    cr_assert_eq(jit_backend_patch(&be, g, NULL), 0);
    mem.frame[0].i = 9, mem.frame[1].f = 1.0;
    cr_assert_eq(unit_run(&u), g);
    cr_assert_eq(mem.frame[1].f, 2.0);
    unit_end(&b);
    unit_end(&u);
}

/* ---- run counts without the handler ---- */

static void counts_setup(void)
{
    rig_setup();
    rig_counts(0);
}

/* A loop whose every other round goes through a bridge back to its start: from 9, four bridges and three jumps to the label. */
static void counts_of(struct unit *u, struct unit *b, uint64_t word, uint64_t e, uint64_t l, uint64_t bridges)
{
    memset(polled, 0, sizeof polled);
    u->e = u->lb = b->lb = 0;
    poll_word = word;
    mem.frame[0].i = 9, mem.frame[1].f = 1.0, mem.frame[2].i = 1;
    cr_assert_eq(unit_run(u), &u->code.exits[1]);
    poll_word = 0;
    cr_assert(u->e == e && u->lb == l && b->lb == bridges, "word %lx: e=%lu l=%lu b=%lu", word, u->e, u->lb, b->lb);
}

/* The rounds in front of the first bridge and behind the last are counted with those between, whatever the batch: a bridge that
 * comes back to the loop leaves their number as it is. */
static void who_is_counted(const char *loop, int batch)
{
    static const uint64_t everybody = 1, somebody = 0x10000, interrupts = (uint64_t)1 << 32;
    struct unit u, b;
    fill();
    rig_counts(batch);
    unit_text(&u, loop, NULL, NULL);
    struct jit_exit *g = &u.code.exits[0];
    unit_text(&b, "i0 = inputarg_i(0)\nf1 = inputarg_f(1)\njump() [pc=1 base=0 0:i0/1 1:f1/2]\n# link=trace\n", g, &u);
    cr_assert_eq(jit_backend_patch(&be, g, b.code.entry), 0);
    cr_assert_eq(b.code.keeps, batch != 0);
    counts_of(&u, &b, 0, 0, 0, 0);
    counts_of(&u, &b, everybody, 1, 3, 4);
    counts_of(&u, &b, somebody, 0, 0, 0);
    counts_of(&u, &b, interrupts, 0, 0, 0);
    counts_of(&u, &b, everybody | interrupts, 1, 3, 4); /* another VM is interrupted */
    u.counted = b.counted = true;
    counts_of(&u, &b, somebody, 1, 3, 4);
    counts_of(&u, &b, everybody | somebody | interrupts, 1, 3, 4);
    for (int i = 0; i < 128; i++) cr_assert_eq(polled[i], 0);
    unit_end(&b);
    unit_end(&u);
}

Test(backend_counts, who_is_counted, SETUP)
{
    for (int batch = 0; batch < 7; batch++) who_is_counted(root, batch);
}

/* The same loop without a register to spare: seven values live across a call. */
Test(backend_counts, in_the_frame, SETUP)
{
    static const char crowded[] = "i0 = getframe_i(0)\nf1 = getframe_f(1)\ni2 = getframe_i(2)\ni3 = getframe_i(3)\ni4 = getframe_i(4)\ni5 = getframe_i(5)\ni6 = getframe_i(6)\n"
                                  "label(i0, f1, i3, i4, i5, i6) [pc=1 base=0 0:i0/1 1:f1/2]\ni8 = int_sub(i0, 1)\nf9 = float_add(f1, 1.0)\n"
                                  "i10 = call_i(ptr(%p), i8, i3, descr=c_i)\ni11 = int_add(i3, 1)\ni12 = int_add(i4, i11)\ni13 = int_add(i5, i12)\ni14 = int_xor(i6, i13)\ni15 = int_and(i8, 1)\n"
                                  "guard_true(i15) [pc=3 base=0 0:i8/1 1:f9/2 3:i11/1 4:i12/1 5:i13/1 6:i14/1]\ni17 = int_gt(i8, i2)\nguard_true(i17) [pc=4 base=0 0:i8/1 1:f9/2]\n"
                                  "jump(i8, f9, i11, i12, i13, i14)\n";
    char text[1000];
    struct unit u;
    fill();
    snprintf(text, sizeof text, crowded, (void *)(uintptr_t)c_i);
    rig_counts(256);
    unit_text(&u, text, NULL, NULL);
    cr_assert_eq(u.code.exits[0].left_reg, JIT_LEFT_KEPT);
    cr_assert_eq(u.code.exits[0].batch, 16);
    unit_end(&u);
    for (int batch = 0; batch < 7; batch++) who_is_counted(text, batch);
}

/* Whoever is interrupted asks the handler and is counted all the same; a jump that does not take place counts no entry. */
Test(backend_counts, interrupted, .init = counts_setup, .fini = rig_fini)
{
    struct unit t, u;
    fill();
    unit_text(&t, "i0 = getframe_i(3)\nguard_true(i0) [pc=1 base=0 5:i0/1]\njump() [pc=9 base=0 5:i0/1]\n# link=interp\n", NULL, NULL);
    unit_text(&u, "i0 = getframe_i(3)\njump() [pc=9 base=0 6:i0/1]\n# link=trace\n", NULL, &t);
    poll_word = POLL_ALL, interrupted = 1, poll_answer = 0;
    cr_assert_eq(unit_run(&u)->code->trace, (struct jit_trace *)&t);
    cr_assert(u.e == 1 && t.e == 1 && polled['j'] == 1);
    poll_answer = 1;
    cr_assert_eq(unit_run(&u)->kind, JIT_EXIT_POLL);
    cr_assert(u.e == 2 && t.e == 1 && polled['j'] == 2);
    poll_word = 0, poll_answer = 0;
    unit_end(&u);
    unit_end(&t);
}

/* The register counts whatever the batch is, wherever the loop is left, to the handler or to a bridge. */
static void batches(const char *text, int batch)
{
    struct unit u, b;
    rig_counts(batch);
    unit_text(&u, text, NULL, NULL);
    for (int exit = -1; exit < 2; exit++) {
        struct jit_exit *g = exit < 0 ? NULL : &u.code.exits[exit];
        if (g) unit_text(&b, "i0 = inputarg_i(0)\njump() [pc=7 base=0 5:i0/1]\n# link=interp\n", g, NULL);
        if (g) cr_assert_eq(jit_backend_patch(&be, g, b.code.entry), 0);
        for (int n = 1; n < 40; n++) {
            mem.frame[0].i = n, mem.frame[1].i = n == 20 || n == 31 ? n / 2 : -1, u.lb = 0;
            poll_word = 1;
            unit_run(&u);
            poll_word = 0;
            uint64_t rounds = mem.frame[1].i > 0 ? (uint64_t)(n - mem.frame[1].i - 1) : (uint64_t)n - 1;
            cr_assert_eq(u.lb, rounds, "batch %d, bridge at %d, n=%d: %lu rounds, not %lu", batch, exit, n, u.lb, rounds);
            unit_run(&u);
            cr_assert_eq(u.lb, rounds); /* nobody counts */
        }
        if (g) cr_assert_eq(b.lb, exit ? 37 : 2);
        if (g) jit_backend_patch(&be, g, NULL);
        if (g) unit_end(&b);
    }
    unit_end(&u);
}

#define BATCH_LOOP(label, jump) \
    "i0 = getframe_i(0)\ni1 = getframe_i(1)\nlabel(i0)" label "\ni3 = int_sub(i0, 1)\ni4 = int_ne(i3, i1)\n" \
    "guard_true(i4) [pc=3 base=0 5:i3/1]\ni6 = int_gt(i3, 0)\nguard_true(i6) [pc=4 base=0 5:i3/1]\njump(i3)" jump "\n"
static const char batch_label[] = BATCH_LOOP(" [pc=2 base=0 5:i0/1]", ""); /* where an interrupt may leave */
static const char batch_jump[] = BATCH_LOOP("", " [pc=2 base=0 5:i3/1]");
static const char batch_none[] = BATCH_LOOP("", "");

Test(backend_counts, in_a_register, SETUP)
{
    fill();
    for (int batch = 0; batch < 6; batch++) {
        batches(batch_label, batch);
        batches(batch_jump, batch);
        batches(batch_none, batch);
    }
}

/* What it is for: the loop has no look at memory. */
Test(backend_counts, in_a_register_without_memory, SETUP)
{
    struct unit u;
    char text[600];
    fill();
    rig_counts(256);
    unit_text(&u, batch_label, NULL, NULL);
    cr_assert_eq(u.code.exits[0].batch, 256);
    struct shape s = loop_shape(&u);
    cr_assert_eq(s.instructions, 7); /* dec cmp je test jle, dec jne for the count */
    cr_assert_eq(s.memory, 0);
    unit_end(&u);
    /* a call that may look: each round for itself */
    snprintf(text, sizeof text, "i0 = getframe_i(0)\nlabel(i0)\ni2 = int_sub(i0, 1)\ni3 = call_i(ptr(%p), i2, descr=c_sync) [pc=1 base=0 0:i2/1]\ni4 = int_gt(i2, 0)\n"
                                "guard_true(i4) [pc=3 base=0 5:i2/1]\njump(i2)\n",
             (void *)(uintptr_t)c_sync);
    unit_text(&u, text, NULL, NULL);
    cr_assert_eq(u.code.exits[0].batch, 0);
    unit_end(&u);
}

/* An interrupt waits until the batch is over; all rounds before it are counted. */
Test(backend_counts, a_batch_is_interrupted_at_its_end, SETUP)
{
    struct unit u;
    fill();
    rig_counts(8);
    unit_text(&u, batch_label, NULL, NULL);
    mem.frame[0].i = 100, mem.frame[1].i = 0;
    poll_word = POLL_ALL, interrupted = 1, poll_answer = 1;
    cr_assert_eq(unit_run(&u)->kind, JIT_EXIT_POLL);
    poll_word = 0, poll_answer = 0;
    cr_assert_eq(mem.frame[5].i, 92);
    cr_assert_eq(u.lb, 8);
    unit_end(&u);
}

/* A ring of traces that only jump to each other can be interrupted. */
Test(backend_bridges, rings_of_links_poll, SETUP)
{
    struct unit t, u;
    fill();
    unit_text(&t, "i0 = getframe_i(3)\nguard_true(i0) [pc=1 base=0 5:i0/1]\njump() [pc=9 base=0 5:i0/1]\n# link=interp\n", NULL, NULL);
    unit_text(&u, "i0 = getframe_i(3)\njump() [pc=9 base=0 6:i0/1]\n# link=trace\n", NULL, &t);
    poll_word = POLL_ALL, poll_answer = 1;
    struct jit_exit *e = unit_run(&u);
    cr_assert_eq(e->kind, JIT_EXIT_POLL);
    cr_assert_eq(polled['j'], 1);
    cr_assert_eq(mem.frame[6].i, mem.frame[3].i);
    poll_word = 0, poll_answer = 0;
    unit_end(&u);
    unit_end(&t);
}

/* ---- no room ---- */

Test(backend_room, area_full)
{
    rig_setup();
    code_area_fini(&area);
    cr_assert_eq(code_area_init(&area, (const void *)rig_setup, 64 * 1024), 0);
    cr_assert_eq(jit_backend_init(&be), 0);
    struct unit u[600];
    int n = 0, why = -1;
    fill();
    while (n < 600 && why < 0) {
        char err[100];
        unit_begin(&u[n], JITSTAT_KIND_LOOP);
        cr_assert(jit_ir_parse(&u[n].ir, root, rig_all, err, sizeof err));
        unit_compile(&u[n], NULL, NULL);
        why = u[n++].why;
    }
    cr_assert_eq(why, JITSTAT_A_CODE_FULL);
    cr_assert_gt(n, 20);
    mem.frame[0].i = 10, mem.frame[2].i = 0;
    unit_run(&u[0]); /* what is there still runs */
    while (n--) unit_end(&u[n]);
    unit_text(&u[0], root, NULL, NULL); /* and there is room again */
    unit_end(&u[0]);
    rig_fini();
}

Test(backend_room, every_allocation_fails_once, SETUP)
{
    int failures = 0;
    fill();
    size_t used = code_used(&area);
    for (long n = 1;; n++) {
        struct unit u;
        char err[100];
        unit_begin(&u, JITSTAT_KIND_LOOP);
        cr_assert(jit_ir_parse(&u.ir, root, rig_all, err, sizeof err));
        jit_arena_fail_after = n;
        unit_compile(&u, NULL, NULL);
        bool reached = jit_arena_fail_after == 0;
        jit_arena_fail_after = 0;
        cr_assert_eq(u.why, reached ? JITSTAT_A_NO_MEMORY : -1);
        failures += reached;
        unit_end(&u);
        cr_assert_eq(code_used(&area), used);
        cr_assert_not(code_is_open(&area));
        if (!reached) break;
    }
    cr_assert_gt(failures, 10);
}
