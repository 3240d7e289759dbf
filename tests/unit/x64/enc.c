/* The encoder against Zydis: every row of enc.def, over every register, every shape of memory operand and the
 * boundary values of its immediates and targets, must decode to the same mnemonic, operands, widths and length, and
 * must be as short as its form allows. The rows drive the test; nothing here names an instruction except where a
 * mnemonic depends on a condition. */
#include <criterion/criterion.h>
#include <Zydis/Zydis.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "x64/enc.h"

/* One choice of operands for a row. v: register number, immediate or target of operand i. */
struct ops {
    int cc;
    int64_t v[3];
    struct enc_mem m;
};

/* --- rows as the test sees them --- */

enum { JCC = ZYDIS_MNEMONIC_MAX_VALUE + 1,
       SETCC,
       CMOVCC };
#define ZYDIS_MNEMONIC_JCC JCC
#define ZYDIS_MNEMONIC_SETCC SETCC
#define ZYDIS_MNEMONIC_CMOVCC CMOVCC

static const int mnemonics[] = {
#define ROW(name, mnemonic, ...) ZYDIS_MNEMONIC_##mnemonic,
#include "x64/enc.def"
};

#define BY_CC(J) \
    { \
        ZYDIS_MNEMONIC_##J##O, ZYDIS_MNEMONIC_##J##NO, ZYDIS_MNEMONIC_##J##B, ZYDIS_MNEMONIC_##J##NB, \
            ZYDIS_MNEMONIC_##J##Z, ZYDIS_MNEMONIC_##J##NZ, ZYDIS_MNEMONIC_##J##BE, ZYDIS_MNEMONIC_##J##NBE, \
            ZYDIS_MNEMONIC_##J##S, ZYDIS_MNEMONIC_##J##NS, ZYDIS_MNEMONIC_##J##P, ZYDIS_MNEMONIC_##J##NP, \
            ZYDIS_MNEMONIC_##J##L, ZYDIS_MNEMONIC_##J##NL, ZYDIS_MNEMONIC_##J##LE, ZYDIS_MNEMONIC_##J##NLE \
    }
static const int by_cc[3][16] = {BY_CC(J), BY_CC(SET), BY_CC(CMOV)};

static int mnemonic_of(enum enc_form f, const struct ops *o)
{
    return mnemonics[f] >= JCC ? by_cc[mnemonics[f] - JCC][o->cc] : mnemonics[f];
}

/* Calls the row's own function, so that the generated wrappers are under test too. */
#define TARGET(i) ((const void *)(uintptr_t)o->v[i])
#define CALL_ZO(n) enc_##n(e)
#define CALL_R(n) enc_##n(e, (int)o->v[0])
#define CALL_O(n) enc_##n(e, (int)o->v[0])
#define CALL_M(n) enc_##n(e, o->m)
#define CALL_RR(n) enc_##n(e, (int)o->v[0], (int)o->v[1])
#define CALL_RRV(n) enc_##n(e, (int)o->v[0], (int)o->v[1])
#define CALL_RM(n) enc_##n(e, (int)o->v[0], o->m)
#define CALL_MR(n) enc_##n(e, o->m, (int)o->v[1])
#define CALL_RI(n) enc_##n(e, (int)o->v[0], o->v[1])
#define CALL_OI(n) enc_##n(e, (int)o->v[0], o->v[1])
#define CALL_MI(n) enc_##n(e, o->m, o->v[1])
#define CALL_RRI(n) enc_##n(e, (int)o->v[0], (int)o->v[1], o->v[2])
#define CALL_RMI(n) enc_##n(e, (int)o->v[0], o->m, o->v[2])
#define CALL_I(n) enc_##n(e, o->v[0])
#define CALL_D(n) enc_##n(e, TARGET(0))
#define CALL_CR(n) enc_##n(e, o->cc, (int)o->v[0])
#define CALL_CM(n) enc_##n(e, o->cc, o->m)
#define CALL_CRR(n) enc_##n(e, o->cc, (int)o->v[0], (int)o->v[1])
#define CALL_CRM(n) enc_##n(e, o->cc, (int)o->v[0], o->m)
#define CALL_CD(n) enc_##n(e, o->cc, TARGET(0))

#define ROW(name, mnemonic, shape, ...) \
    static void call_##name(struct enc *e, const struct ops *o) \
    { \
        (void)o; \
        CALL_##shape(name); \
    }
#include "x64/enc.def"

static void (*const calls[])(struct enc *, const struct ops *) = {
#define ROW(name, ...) call_##name,
#include "x64/enc.def"
};

static bool has_cc(enum enc_form f)
{
    return enc_rows[f].shape >= ENC_S_CR;
}

/* --- what the operands can be --- */

static const int32_t disps[] = {0, 1, -1, 127, 128, -128, -129, INT32_MAX, INT32_MIN};
#define COUNT(a) (sizeof(a) / sizeof *(a))

/* Where test instructions are written; RIP targets and jumps are measured from here. */
static uint8_t buf[64];

static struct enc_mem *mems;
static size_t mem_count;

/* every base x index x scale x displacement, then the RIP targets */
static void make_mems(void)
{
    size_t max = 17 * (1 + 15 * 4) * COUNT(disps) + COUNT(disps);

    mems = calloc(max, sizeof *mems);
    for (int base = X_NONE; base <= X_R15; base++)
        for (int index = X_NONE; index <= X_R15; index++)
            for (int scale = 0; scale < (index == X_NONE ? 1 : index == X_RSP ? 0
                                                                              : 4);
                 scale++)
                for (size_t d = 0; d < COUNT(disps); d++)
                    mems[mem_count++] = enc_mx(base, index, scale, disps[d]);
    /* an instruction is at most 15 bytes long, so these are within the limits, whatever its length */
    for (size_t d = 0; d < COUNT(disps); d++) {
        int64_t off = disps[d] == INT32_MIN ? disps[d] + 15 : disps[d];

        mems[mem_count++] = enc_mrip((void *)(uintptr_t)((intptr_t)buf + off));
    }
    cr_assert_eq(mem_count, max);
}

enum { MAX_VALUES = 16 };

/* the limits of a kind of immediate, written down independently of enc.c */
static const struct limits {
    int64_t min, max;
    unsigned bits; /* what of it the instruction uses */
    bool brief;
} limits[] = {
    [ENC_K_I8] = {-128, 255, 8, false},
    [ENC_K_U8] = {0, 255, 8, false},
    [ENC_K_I16] = {-32768, 65535, 16, false},
    [ENC_K_I16S] = {-32768, 65535, 16, true},
    [ENC_K_I32] = {-2147483648LL, 4294967295LL, 32, false},
    [ENC_K_I32S] = {-2147483648LL, 4294967295LL, 32, true},
    [ENC_K_S32] = {-2147483648LL, 2147483647LL, 64, false},
    [ENC_K_S32S] = {-2147483648LL, 2147483647LL, 64, true},
    [ENC_K_I64] = {INT64_MIN, INT64_MAX, 64, false},
};

static int imm_values(enum enc_kind k, int64_t out[MAX_VALUES])
{
    const struct limits *l = &limits[k];
    int64_t all[] = {l->min, l->max, 0, 1, -1, 2, 127, 128, 255, -127, -128, -129, INT16_MAX, INT32_MAX,
                     l->max - 127, l->max - 128};
    int n = 0;

    for (size_t i = 0; i < COUNT(all); i++)
        if (all[i] >= l->min && all[i] <= l->max)
            out[n++] = all[i];
    return n;
}

static bool is_reg(enum enc_kind k)
{
    return k >= ENC_K_R64 && k <= ENC_K_XMM;
}

static bool is_mem(enum enc_kind k)
{
    return k >= ENC_K_M128 && k <= ENC_K_MA;
}

static bool is_imm(enum enc_kind k)
{
    return k >= ENC_K_I8 && k <= ENC_K_I64;
}

static unsigned mem_bits(enum enc_kind k)
{
    static const unsigned bits[] = {[ENC_K_M128] = 128, [ENC_K_M64] = 64, [ENC_K_M32] = 32, [ENC_K_M16] = 16, [ENC_K_M8] = 8, [ENC_K_MA] = 0};
    return bits[k];
}

/* --- the judge --- */

static ZydisDecoder decoder;
static uint64_t checked[ENC_FORMS];
static int complaints;

static ZydisRegister reg_of(enum enc_kind k, int64_t r)
{
    static const ZydisRegister bytes[16] = {
        ZYDIS_REGISTER_AL,
        ZYDIS_REGISTER_CL,
        ZYDIS_REGISTER_DL,
        ZYDIS_REGISTER_BL,
        ZYDIS_REGISTER_SPL,
        ZYDIS_REGISTER_BPL,
        ZYDIS_REGISTER_SIL,
        ZYDIS_REGISTER_DIL,
        ZYDIS_REGISTER_R8B,
        ZYDIS_REGISTER_R9B,
        ZYDIS_REGISTER_R10B,
        ZYDIS_REGISTER_R11B,
        ZYDIS_REGISTER_R12B,
        ZYDIS_REGISTER_R13B,
        ZYDIS_REGISTER_R14B,
        ZYDIS_REGISTER_R15B,
    };

    switch (k) {
    case ENC_K_R64: return ZYDIS_REGISTER_RAX + r;
    case ENC_K_R32: return ZYDIS_REGISTER_EAX + r;
    case ENC_K_R16: return ZYDIS_REGISTER_AX + r;
    case ENC_K_XMM: return ZYDIS_REGISTER_XMM0 + r;
    case ENC_K_CL: return ZYDIS_REGISTER_CL;
    default: return bytes[r];
    }
}

static bool mem_same(const struct enc_mem *m, unsigned len, const ZydisDecodedOperand *d, enum enc_kind k)
{
    ZydisRegister base = m->base < 0 ? ZYDIS_REGISTER_NONE : ZYDIS_REGISTER_RAX + m->base;

    if (d->type != ZYDIS_OPERAND_TYPE_MEMORY)
        return false;
    if (k == ENC_K_MA ? d->mem.type != ZYDIS_MEMOP_TYPE_AGEN
                      : d->mem.type != ZYDIS_MEMOP_TYPE_MEM || d->size != mem_bits(k))
        return false;
    if (m->rip)
        return d->mem.base == ZYDIS_REGISTER_RIP && d->mem.index == ZYDIS_REGISTER_NONE &&
               (uint64_t)(uintptr_t)buf + len + (uint64_t)d->mem.disp.value == m->target;
    if (m->index >= 0 && ((int)d->mem.index != ZYDIS_REGISTER_RAX + m->index || d->mem.scale != 1 << m->scale))
        return false;
    if (m->index < 0 && d->mem.index != ZYDIS_REGISTER_NONE)
        return false;
    return d->mem.base == base && d->mem.disp.value == m->disp;
}

static bool operand_same(enum enc_kind k, const struct ops *o, int i, unsigned len, const ZydisDecodedOperand *d)
{
    if (is_reg(k) || k == ENC_K_CL)
        return d->type == ZYDIS_OPERAND_TYPE_REGISTER && d->reg.value == reg_of(k, o->v[i]);
    if (is_mem(k))
        return mem_same(&o->m, len, d, k);
    if (d->type != ZYDIS_OPERAND_TYPE_IMMEDIATE)
        return false;
    if (is_imm(k))
        return ((d->imm.value.u ^ (uint64_t)o->v[i]) << (64 - limits[k].bits)) == 0;
    return d->imm.is_relative && (uint64_t)(uintptr_t)buf + len + d->imm.value.u == (uint64_t)o->v[i];
}

/* No wider displacement, immediate or REX than the operands need. */
static bool shortest(enum enc_form f, const struct ops *o, const ZydisDecodedInstruction *in)
{
    bool rex_used = in->raw.rex.W || in->raw.rex.R || in->raw.rex.X || in->raw.rex.B;

    for (int i = 0; i < 3; i++) {
        enum enc_kind k = enc_rows[f].kind[i];

        if (k == ENC_K_R8 && o->v[i] >= 4)
            rex_used = true;
        if (is_mem(k) && !o->m.rip && o->m.base >= 0) {
            bool none = o->m.disp == 0 && (o->m.base & 7) != X_RBP;
            bool small = o->m.disp >= INT8_MIN && o->m.disp <= INT8_MAX;

            if (in->raw.disp.size != (none ? 0 : small ? 8
                                                       : 32))
                return false;
        }
        if (is_imm(k) && limits[k].brief) {
            unsigned bits = limits[k].bits;
            int64_t v = (int64_t)((uint64_t)o->v[i] << (64 - bits)) >> (64 - bits);
            if (v >= INT8_MIN && v <= INT8_MAX && in->raw.imm[0].size != 8)
                return false;
        }
    }
    return rex_used || !(in->attributes & ZYDIS_ATTRIB_HAS_REX);
}

static const char *wrong(enum enc_form f, const struct ops *o, const struct enc *e)
{
    ZydisDecodedInstruction in;
    ZydisDecodedOperand ops[ZYDIS_MAX_OPERAND_COUNT];
    int want = 0;

    if (!enc_ok(e))
        return "refused";
    if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, buf, enc_size(e), &in, ops)))
        return "not an instruction";
    if ((int)in.mnemonic != mnemonic_of(f, o))
        return "mnemonic";
    if (in.length != enc_size(e))
        return "length";
    while (want < 3 && enc_rows[f].kind[want] != ENC_K_NO)
        want++;
    if (in.operand_count_visible != want)
        return "number of operands";
    for (int i = 0; i < want; i++)
        if (!operand_same(enc_rows[f].kind[i], o, i, in.length, &ops[i]))
            return "operand";
    return shortest(f, o, &in) ? NULL : "longer than needed";
}

static void complain(enum enc_form f, const struct ops *o, const struct enc *e, const char *what)
{
    if (complaints++ > 20)
        return;
    fprintf(stderr, "%s: %s: cc %d, v %" PRId64 " %" PRId64 " %" PRId64 ", base %d index %d scale %d disp %d rip %d:",
            enc_rows[f].name, what, o->cc, o->v[0], o->v[1], o->v[2], o->m.base, o->m.index, o->m.scale, o->m.disp,
            o->m.rip);
    for (uint8_t *p = buf; p < e->p; p++)
        fprintf(stderr, " %02x", *p);
    fprintf(stderr, "\n");
}

static void check(enum enc_form f, const struct ops *o)
{
    struct enc e;
    const char *what;

    enc_init(&e, buf, sizeof buf);
    calls[f](&e, o);
    what = wrong(f, o, &e);
    if (what)
        complain(f, o, &e, what);
    checked[f]++;
}

/* How long a jump of this row is: its target counts from there. */
static unsigned jump_len(enum enc_form f)
{
    struct ops o = {.v = {(intptr_t)buf}};
    struct enc e;

    enc_init(&e, buf, sizeof buf);
    calls[f](&e, &o);
    return (unsigned)enc_size(&e);
}

/* All values of operands i and up. */
static void drive(enum enc_form f, struct ops *o, int i)
{
    enum enc_kind k = i < 3 ? enc_rows[f].kind[i] : ENC_K_NO;

    if (k == ENC_K_NO) {
        check(f, o);
    } else if (is_reg(k)) {
        for (o->v[i] = 0; o->v[i] < 16; o->v[i]++)
            drive(f, o, i + 1);
    } else if (k == ENC_K_CL) {
        drive(f, o, i + 1);
    } else if (is_mem(k)) {
        for (size_t m = 0; m < mem_count; m++) {
            o->m = mems[m];
            drive(f, o, i + 1);
        }
    } else if (is_imm(k)) {
        int64_t v[MAX_VALUES];
        int n = imm_values(k, v);

        while (n--) {
            o->v[i] = v[n];
            drive(f, o, i + 1);
        }
    } else {
        static const int64_t far[] = {0, 1, -1, 127, -128, 128, -129, INT32_MAX, INT32_MIN};

        for (size_t t = 0; t < (k == ENC_K_D8 ? 5 : COUNT(far)); t++) {
            o->v[i] = (intptr_t)buf + jump_len(f) + far[t];
            drive(f, o, i + 1);
        }
    }
}

Test(enc, every_row_decodes_to_itself)
{
    uint64_t total = 0;
    int forms = 0;

    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    make_mems();
    for (int f = 0; f < ENC_FORMS; f++) {
        struct ops o = {0};

        for (o.cc = 0; o.cc < (has_cc(f) ? 16 : 1); o.cc++)
            drive(f, &o, 0);
        cr_expect(checked[f] > 0, "%s was never exercised", enc_rows[f].name);
        forms += checked[f] > 0;
        total += checked[f];
    }
    fprintf(stderr, "x64/enc: %d of %d forms, %" PRIu64 " instructions decoded\n", forms, ENC_FORMS, total);
    cr_assert_eq(forms, ENC_FORMS);
    cr_assert_eq(complaints, 0, "%d instructions are wrong", complaints);
    free(mems);
}

/* --- what does not fit --- */

static void expect_range(enum enc_form f, struct ops *o)
{
    struct enc e;

    enc_init(&e, buf, sizeof buf);
    calls[f](&e, o);
    cr_expect(e.range && !e.overflow && e.p == buf, "%s takes what does not fit", enc_rows[f].name);
    enc_ret(&e);
    cr_expect(e.p == buf, "errors are sticky");
}

Test(enc, values_that_do_not_fit_are_refused)
{
    int refused = 0;

    for (int f = 0; f < ENC_FORMS; f++)
        for (int i = 0; i < 3; i++) {
            struct ops o = {.m = enc_m(X_RAX, 0)};
            enum enc_kind k = enc_rows[f].kind[i];
            int64_t len, lo, hi;

            if (is_imm(k) && k != ENC_K_I64) {
                lo = limits[k].min - 1;
                hi = limits[k].max + 1;
            } else if (k == ENC_K_D8 || k == ENC_K_D32) {
                len = jump_len(f);
                lo = (intptr_t)buf + len + (k == ENC_K_D8 ? INT8_MIN : INT32_MIN) - 1;
                hi = (intptr_t)buf + len + (k == ENC_K_D8 ? INT8_MAX : INT32_MAX) + 1;
            } else {
                continue;
            }
            o.v[i] = lo;
            expect_range(f, &o);
            o.v[i] = hi;
            expect_range(f, &o);
            refused += 2;
        }
    cr_assert_gt(refused, 100);
}

/* The RIP displacement counts from behind the immediate. */
Test(enc, rip_reaches_exactly_two_gigabytes)
{
    static const int64_t edge[] = {INT32_MAX, INT32_MIN};

    for (int i = 0; i < 2; i++)
        for (int past = 0; past < 2; past++) {
            int64_t off = edge[i] + (past ? (edge[i] > 0 ? 1 : -1) : 0);
            struct enc e;
            unsigned len;

            enc_init(&e, buf, sizeof buf);
            enc_cmp_mi(&e, enc_mrip(buf), 1000);
            len = (unsigned)enc_size(&e);
            enc_init(&e, buf, sizeof buf);
            enc_cmp_mi(&e, enc_mrip((void *)(uintptr_t)((intptr_t)buf + len + off)), 1000);
            cr_expect_eq(e.range, past == 1);
            cr_expect_eq(enc_size(&e), past ? 0 : len);
        }
}

/* Every row into every buffer that is too small, and into one that just fits. */
Test(enc, overflow_is_sticky_and_leaves_nothing_behind)
{
    for (int f = 0; f < ENC_FORMS; f++) {
        struct ops o = {.m = enc_mx(X_R12, X_R13, 3, INT32_MAX)};
        size_t len;
        struct enc e;

        if (enc_rows[f].kind[0] == ENC_K_D8 || enc_rows[f].kind[0] == ENC_K_D32)
            o.v[0] = (intptr_t)buf;
        enc_init(&e, buf, sizeof buf);
        calls[f](&e, &o);
        len = enc_size(&e);
        for (size_t room = 0; room <= len; room++) {
            memset(buf, 0xa5, sizeof buf);
            enc_init(&e, buf, room);
            calls[f](&e, &o);
            cr_expect_eq(e.overflow, room < len, "%s", enc_rows[f].name);
            cr_expect_eq(enc_size(&e), room < len ? 0 : len);
            cr_expect_eq(buf[room], 0xa5, "%s writes behind the end", enc_rows[f].name);
            if (room < len) {
                cr_expect_eq(buf[0], 0xa5);
                enc_nops(&e, 1);
                cr_expect_eq(enc_size(&e), 0, "errors are sticky");
            }
        }
    }
}

Test(enc, rsp_as_index_is_a_bug, .signal = SIGABRT)
{
    struct enc e;

    enc_init(&e, buf, sizeof buf);
    enc_lea_rm(&e, X_RAX, enc_mx(X_RAX, X_RSP, 0, 0));
}

Test(enc, a_register_of_16_is_a_bug, .signal = SIGABRT)
{
    struct enc e;

    enc_init(&e, buf, sizeof buf);
    enc_add_rr(&e, 16, X_RAX);
}

/* --- around the rows --- */

Test(enc, mov_imm_takes_the_shortest_form)
{
    static const struct {
        int64_t v;
        size_t low, high;
    } want[] = {
        {0, 5, 6},
        {1, 5, 6},
        {UINT32_MAX, 5, 6},
        {INT32_MAX, 5, 6},
        {-1, 7, 7},
        {INT32_MIN, 7, 7},
        {(int64_t)INT32_MIN - 1, 10, 10},
        {(int64_t)UINT32_MAX + 1, 10, 10},
        {INT64_MIN, 10, 10},
    };

    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    for (size_t i = 0; i < COUNT(want); i++)
        for (int r = 0; r < 16; r++) {
            ZydisDecodedInstruction in;
            ZydisDecodedOperand ops[ZYDIS_MAX_OPERAND_COUNT];
            struct enc e;

            enc_init(&e, buf, sizeof buf);
            enc_mov_imm(&e, r, want[i].v);
            cr_expect_eq(enc_size(&e), r < 8 ? want[i].low : want[i].high);
            cr_assert(ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, buf, enc_size(&e), &in, ops)));
            cr_expect_eq(in.mnemonic, ZYDIS_MNEMONIC_MOV);
            cr_expect_eq(in.length, enc_size(&e));
            cr_expect_eq(ops[0].reg.value, reg_of(ops[0].size == 32 ? ENC_K_R32 : ENC_K_R64, r));
            cr_expect_eq(ops[0].size == 32 ? (uint32_t)ops[1].imm.value.u : ops[1].imm.value.u,
                         (uint64_t)want[i].v);
        }
}

Test(enc, nops_fill_exactly_with_few_instructions)
{
    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    for (size_t n = 0; n <= 40; n++) {
        ZydisDecodedInstruction in;
        ZydisDecodedOperand ops[ZYDIS_MAX_OPERAND_COUNT];
        size_t count = 0;
        struct enc e;

        enc_init(&e, buf, sizeof buf);
        enc_nops(&e, n);
        cr_assert_eq(enc_size(&e), n);
        for (uint8_t *p = buf; p < e.p; p += in.length, count++) {
            cr_assert(ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, p, (size_t)(e.p - p), &in, ops)));
            cr_expect_eq(in.mnemonic, ZYDIS_MNEMONIC_NOP);
        }
        cr_expect_eq(count, (n + 8) / 9);
    }
}

Test(enc, the_last_relative_field_is_reported)
{
    struct enc e;

    enc_init(&e, buf, sizeof buf);
    cr_expect_eq(enc_last_rel(&e), -1);
    enc_nop(&e);
    cr_expect_eq(enc_last_rel(&e), -1);
    enc_jmp(&e, buf);
    cr_expect_eq(enc_last_rel(&e), 2);
    enc_jcc(&e, XCC_G, buf);
    cr_expect_eq(enc_last_rel(&e), 8);
    enc_jcc8(&e, XCC_G, buf);
    cr_expect_eq(enc_last_rel(&e), 13);
    enc_cmp_mi(&e, enc_mrip(buf), 1000);
    cr_expect_eq(enc_last_rel(&e), 17);
    enc_add_rr(&e, X_RAX, X_RAX);
    cr_expect_eq(enc_last_rel(&e), 17);
}

Test(enc, patching_changes_where_a_jump_leads)
{
    uint8_t *far = (uint8_t *)((uintptr_t)buf + (uintptr_t)INT32_MAX);
    struct enc e;
    uint8_t *site;

    enc_init(&e, buf, sizeof buf);
    enc_jmp(&e, buf);
    site = e.rel;
    cr_expect_eq(rel32_read(site), buf);
    cr_expect(enc_patch_rel32(site, buf + 40));
    cr_expect_eq(rel32_read(site), buf + 40);
    cr_expect(enc_patch_rel32(site, far));
    cr_expect_eq(rel32_read(site), far);
    cr_expect(!enc_patch_rel32(site, far + 6));
    cr_expect_eq(rel32_read(site), far);
}

Test(enc, labels_join_all_jumps_before_and_after)
{
    struct enc_label l = {0}, unused = {0};
    uint8_t *sites[6], *here;
    struct enc e;

    enc_init(&e, buf, sizeof buf);
    for (int i = 0; i < 4; i++) {
        if (i & 1)
            enc_jmp_to(&e, &l);
        else
            enc_jcc_to(&e, XCC_E, &l);
        sites[i] = e.rel;
    }
    enc_bind(&e, &unused);
    here = e.p;
    enc_bind(&e, &l);
    enc_nop(&e);
    enc_jmp_to(&e, &l);
    sites[4] = e.rel;
    enc_jcc_to(&e, XCC_NE, &l);
    sites[5] = e.rel;
    cr_assert(enc_ok(&e));
    for (int i = 0; i < 6; i++)
        cr_expect_eq(rel32_read(sites[i]), here);
    cr_expect_eq(l.at, here);
}

Test(enc, a_label_in_a_full_buffer_stays_harmless)
{
    struct enc_label l = {0};
    struct enc e;

    enc_init(&e, buf, 12);
    enc_jmp_to(&e, &l);
    enc_jmp_to(&e, &l);
    enc_jmp_to(&e, &l);
    cr_expect(e.overflow);
    enc_bind(&e, &l);
    cr_expect_eq(rel32_read(buf + 1), e.p);
    cr_expect_eq(rel32_read(buf + 6), e.p);
}

Test(enc, conditions_come_in_pairs)
{
    cr_expect_eq(enc_cc_not(XCC_E), XCC_NE);
    cr_expect_eq(enc_cc_not(XCC_GE), XCC_L);
    cr_expect_eq(enc_cc_not(XCC_A), XCC_BE);
    cr_expect_eq(enc_cc_not(XCC_P), XCC_NP);
}
