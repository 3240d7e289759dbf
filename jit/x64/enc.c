/* enc.c - one instruction from one row of enc.def. The interface is enc.h.
 *
 * An x86-64 instruction, with what decides each part:
 *
 *     prefix | REX 0100WRXB        | opcode (+cc, +reg) | ModRM mod reg rm | SIB scale index base | disp | imm
 *     row    | row, high registers | row, short imm     | shape            | memory               |      | kind
 *
 * What a RIP-relative field holds depends on where the instruction ends, and an instruction that does not fit must not
 * be begun: it is put together behind what is there, or, where there may not be room for it, in a small array. Four corners of ModRM and SIB are special:
 *   - base rsp or r12 has the pattern (100) that says "SIB follows", so it needs a SIB with index "none" (also 100);
 *   - base rbp or r13 without displacement has the pattern (101) for RIP or "no base", so it gets a zero disp8;
 *   - no base at all is SIB base 101 with mod 00 and always has four displacement bytes;
 *   - spl, bpl, sil, dil are ah, ch, dh, bh unless there is a REX, even an empty one.
 */
#include <assert.h>

#include "x64/enc.h"

const struct enc_row enc_rows[ENC_FORMS] = {
#define ROW(name, mnemonic, shape, k0, k1, k2, prefix, w, opcode, ext) \
    {#name, opcode, ENC_S_##shape, {ENC_K_##k0, ENC_K_##k1, ENC_K_##k2}, prefix, w, ext},
#include "x64/enc.def"
};

/* Where a shape finds its operands: indexes into kind[], -1 for none. */
static const struct shape {
    int8_t reg, rm, mem, imm;
    bool opreg; /* rm sits in the opcode, there is no ModRM */
} shapes[] = {
    [ENC_S_ZO] = {-1, -1, -1, -1, false},
    [ENC_S_R] = {-1, 0, -1, -1, false},
    [ENC_S_M] = {-1, -1, 0, -1, false},
    [ENC_S_RR] = {0, 1, -1, -1, false},
    [ENC_S_RRV] = {1, 0, -1, -1, false},
    [ENC_S_RM] = {0, -1, 1, -1, false},
    [ENC_S_MR] = {1, -1, 0, -1, false},
    [ENC_S_RI] = {-1, 0, -1, 1, false},
    [ENC_S_MI] = {-1, -1, 0, 1, false},
    [ENC_S_RRI] = {0, 1, -1, 2, false},
    [ENC_S_RMI] = {0, -1, 1, 2, false},
    [ENC_S_O] = {-1, 0, -1, -1, true},
    [ENC_S_OI] = {-1, 0, -1, 1, true},
    [ENC_S_I] = {-1, -1, -1, 0, false},
    [ENC_S_D] = {-1, -1, -1, 0, false},
    [ENC_S_CR] = {-1, 0, -1, -1, false},
    [ENC_S_CM] = {-1, -1, 0, -1, false},
    [ENC_S_CRR] = {0, 1, -1, -1, false},
    [ENC_S_CRM] = {0, -1, 1, -1, false},
    [ENC_S_CD] = {-1, -1, -1, 0, false},
};

/* What an immediate may be and how many bytes it takes; brief ones have a one-byte form. */
static const struct imm {
    int64_t min, max;
    uint8_t size;
    bool brief;
} imms[] = {
    [ENC_K_I8] = {INT8_MIN, UINT8_MAX, 1, false},
    [ENC_K_U8] = {0, UINT8_MAX, 1, false},
    [ENC_K_I16] = {INT16_MIN, UINT16_MAX, 2, false},
    [ENC_K_I16S] = {INT16_MIN, UINT16_MAX, 2, true},
    [ENC_K_I32] = {INT32_MIN, UINT32_MAX, 4, false},
    [ENC_K_I32S] = {INT32_MIN, UINT32_MAX, 4, true},
    [ENC_K_S32] = {INT32_MIN, INT32_MAX, 4, false},
    [ENC_K_S32S] = {INT32_MIN, INT32_MAX, 4, true},
    [ENC_K_I64] = {INT64_MIN, INT64_MAX, 8, false},
};

/* An instruction in the making. Fields are written with whole words: what is too much is written over or cut off. */
enum { INSN_ROOM = 32 }; /* bytes: more than an instruction and a word */
struct insn {
    uint8_t *p; /* end of what there is */
    uint8_t *rel; /* the relative field, NULL if there is none */
    uint8_t rel_size; /* 1 or 4 */
    uint64_t target;
};

static inline void put_byte(struct insn *in, unsigned v)
{
    *in->p++ = (uint8_t)v;
}

/* size bytes, least significant first */
static inline void put_int(struct insn *in, int64_t v, unsigned size)
{
    memcpy(in->p, &v, sizeof v); /* both sides are little-endian */
    in->p += size;
}

static inline void put_rel(struct insn *in, unsigned size, uint64_t target)
{
    in->rel = in->p;
    in->rel_size = (uint8_t)size;
    in->target = target;
    in->p += size;
}

static bool fits8(int64_t v)
{
    return v == (int8_t)v;
}

static bool wants_rex(enum enc_kind kind, unsigned r)
{
    return kind == ENC_K_R8 && r >= X_RSP && r <= X_RDI;
}

static void put_rex(struct insn *in, const struct enc_row *row, const struct shape *s, const struct enc_args *a)
{
    unsigned rex = (unsigned)row->w << 3 | (a->reg >> 3) << 2;
    bool always = (s->reg >= 0 && wants_rex(row->kind[s->reg], a->reg)) ||
                  (s->rm >= 0 && wants_rex(row->kind[s->rm], a->rm));

    if (s->mem < 0)
        rex |= a->rm >> 3;
    else
        rex |= (unsigned)(a->mem.index >= X_R8) << 1 | (a->mem.base >= X_R8);
    if (rex || always)
        put_byte(in, 0x40 | rex);
}

static void put_opcode(struct insn *in, uint32_t op)
{
    if (op > 0xffff)
        put_byte(in, op >> 16);
    if (op > 0xff)
        put_byte(in, op >> 8);
    put_byte(in, op);
}

/* ModRM, SIB and displacement of a memory operand; field is ModRM.reg, in place. */
static void put_mem(struct insn *in, unsigned field, const struct enc_mem *m)
{
    bool sib = m->index >= 0 || m->base < 0 || (m->base & 7) == X_RSP;
    unsigned mod, index = m->index < 0 ? 4 : (unsigned)m->index & 7, base = m->base < 0 ? 5 : (unsigned)m->base & 7;

    if (m->rip) {
        put_byte(in, field | 5);
        put_rel(in, 4, m->target);
        return;
    }
    if (m->base < 0 || (m->disp == 0 && base != X_RBP))
        mod = 0;
    else
        mod = fits8(m->disp) ? 1 : 2;
    put_byte(in, mod << 6 | field | (sib ? 4 : base));
    if (sib)
        put_byte(in, (m->index < 0 ? 0u : m->scale) << 6 | index << 3 | base);
    if (mod == 1)
        put_int(in, m->disp, 1);
    else if (mod == 2 || m->base < 0)
        put_int(in, m->disp, 4);
}

static void check_args(const struct shape *s, const struct enc_args *a)
{
    assert(a->reg < 16 && a->rm < 16 && a->cc < 16);
    if (s->mem < 0 || a->mem.rip)
        return;
    assert(a->mem.base >= X_NONE && a->mem.base < 16);
    assert(a->mem.index >= X_NONE && a->mem.index < 16 && a->mem.index != X_RSP && a->mem.scale < 4);
}

/* Fills in the relative field, now that the end is known: the instruction will stand at `at`. */
static bool fix_rel(struct insn *in, const uint8_t *at, unsigned n)
{
    int64_t d = (int64_t)(in->target - (uintptr_t)(at + n));

    if (in->rel_size == 1 ? !fits8(d) : d != (int32_t)d)
        return false;
    if (in->rel_size == 1)
        *in->rel = (uint8_t)d;
    else
        memcpy(in->rel, &d, 4);
    return true;
}

/* Takes what stands from `start` on, which is e->p or elsewhere. */
static void append(struct enc *e, struct insn *in, const uint8_t *start)
{
    unsigned n = (unsigned)(in->p - start);

    if (in->rel && !fix_rel(in, e->p, n)) {
        e->range = true;
        return;
    }
    if (start != e->p) {
        if ((size_t)(e->end - e->p) < n) {
            e->overflow = true;
            return;
        }
        memcpy(e->p, start, n);
    }
    if (in->rel)
        e->rel = e->p + (in->rel - start);
    e->p += n;
}

void enc_put(struct enc *e, enum enc_form form, const struct enc_args *a)
{
    const struct enc_row *row = &enc_rows[form];
    const struct shape *s = &shapes[row->shape];
    enum enc_kind ik = s->imm < 0 ? ENC_K_NO : row->kind[s->imm];
    bool rel = ik == ENC_K_D8 || ik == ENC_K_D32;
    unsigned field = (row->ext < 0 ? a->reg & 7u : (unsigned)row->ext) << 3;
    uint32_t op = row->opcode + a->cc;
    uint8_t elsewhere[INSN_ROOM], *start = e->end - e->p < INSN_ROOM ? elsewhere : e->p;
    struct insn in = {.p = start};
    int64_t v = a->imm;
    unsigned size = 0;

    if (!enc_ok(e))
        return;
    check_args(s, a);
    if (ik != ENC_K_NO && !rel) {
        size = imms[ik].size;
        if (v < imms[ik].min || v > imms[ik].max) {
            e->range = true;
            return;
        }
        /* 0xffff and -1 are the same I16, and both have the short form */
        v = size == 2 ? (int16_t)v : size == 4 ? (int32_t)v
                                               : v;
        if (imms[ik].brief && fits8(v)) {
            size = 1;
            op |= 2;
        }
    }
    if (row->prefix)
        put_byte(&in, row->prefix);
    put_rex(&in, row, s, a);
    put_opcode(&in, s->opreg ? op + (a->rm & 7) : op);
    if (s->mem >= 0)
        put_mem(&in, field, &a->mem);
    else if (s->rm >= 0 && !s->opreg)
        put_byte(&in, 0xc0 | field | (a->rm & 7));
    if (rel)
        put_rel(&in, ik == ENC_K_D8 ? 1 : 4, (uint64_t)a->imm);
    else if (size)
        put_int(&in, v, size);
    append(e, &in, start);
}

void enc_mov_imm(struct enc *e, int r, int64_t v)
{
    if (v == (uint32_t)v)
        enc_mov32_ri(e, r, v);
    else if (v == (int32_t)v)
        enc_mov_ri32(e, r, v);
    else
        enc_mov_ri64(e, r, v);
}

void enc_nops(struct enc *e, size_t n)
{
    /* 90 alone and with 66; from three bytes on 0f 1f /0 with ever longer addresses of [rax] */
    static const uint8_t nops[9][9] = {
        {0x90},
        {0x66, 0x90},
        {0x0f, 0x1f, 0x00},
        {0x0f, 0x1f, 0x40},
        {0x0f, 0x1f, 0x44},
        {0x66, 0x0f, 0x1f, 0x44},
        {0x0f, 0x1f, 0x80},
        {0x0f, 0x1f, 0x84},
        {0x66, 0x0f, 0x1f, 0x84},
    };

    while (n && enc_ok(e)) {
        size_t size = n < 9 ? n : 9;
        struct insn in = {.p = (uint8_t *)nops[size - 1] + size};

        n -= size;
        append(e, &in, nops[size - 1]);
    }
}

/* The jump just written leads to an open label: put its field in front of the list. */
static void label_wait(struct enc *e, struct enc_label *l)
{
    if (l->at || !enc_ok(e))
        return;
    enc_patch_rel32(e->rel, l->last ? l->last : e->rel);
    l->last = e->rel;
}

void enc_jmp_to(struct enc *e, struct enc_label *l)
{
    enc_jmp(e, l->at ? l->at : e->p);
    label_wait(e, l);
}

void enc_jcc_to(struct enc *e, enum enc_cc cc, struct enc_label *l)
{
    enc_jcc(e, cc, l->at ? l->at : e->p);
    label_wait(e, l);
}

void enc_bind(struct enc *e, struct enc_label *l)
{
    assert(!l->at);
    for (uint8_t *site = l->last, *next; site; site = next) {
        next = rel32_read(site);
        if (next == site)
            next = NULL;
        /* A buffer of 2 GB would be needed to fail here. */
        if (!enc_patch_rel32(site, e->p))
            e->range = true;
    }
    l->last = NULL;
    l->at = e->p;
}
