/* enc.h - the x86-64 encoder: operands in, bytes out. It knows no IR and no allocation.
 *
 * There is one inline function per row of enc.def, so an instruction form that has no row cannot be asked for,
 * and none is emitted that the test has not seen decoded:
 *
 *     struct enc e;
 *     enc_init(&e, buf, size);
 *     enc_mov_rm(&e, X_RAX, enc_m(X_RBX, 8));        mov rax, [rbx + 8]
 *     enc_cmp8_mi(&e, enc_m(X_RBX, 0), 3);           cmp byte [rbx], 3
 *     enc_jcc(&e, XCC_NE, stub);                     jne stub
 *     if (!enc_ok(&e)) ...
 *
 * Invariants
 *  1. Bytes run where they are written: relative fields count from the buffer's own addresses.
 *  2. Errors are sticky and checked once per phase: after the first one nothing more is written, p stays behind
 *     the last whole instruction. No room left is `overflow` (take a bigger buffer), an immediate or a target that
 *     does not fit its field is `range` (choose another form).
 *  3. A register outside 0..15 or rsp as an index is a bug of the caller and an assertion.
 *  4. The shortest encoding of a form is chosen, except that jmp, jcc and call always carry four bytes, so that
 *     they can be patched. No form touches flags that its mnemonic does not touch.
 *
 * Before this on the walk: the register allocator and the lowering (x64/). After it: code/code.h.
 */
#ifndef JIT_X64_ENC_H
#define JIT_X64_ENC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "code/rel32.h"

enum enc_reg {
    X_RAX,
    X_RCX,
    X_RDX,
    X_RBX,
    X_RSP,
    X_RBP,
    X_RSI,
    X_RDI,
    X_R8,
    X_R9,
    X_R10,
    X_R11,
    X_R12,
    X_R13,
    X_R14,
    X_R15,
    X_NONE = -1, /* no base or no index in a struct enc_mem */
};

enum enc_xmm {
    X_XMM0,
    X_XMM1,
    X_XMM2,
    X_XMM3,
    X_XMM4,
    X_XMM5,
    X_XMM6,
    X_XMM7,
    X_XMM8,
    X_XMM9,
    X_XMM10,
    X_XMM11,
    X_XMM12,
    X_XMM13,
    X_XMM14,
    X_XMM15,
};

/* Conditions as the opcode holds them: cc ^ 1 is the opposite. After ucomisd: A AE B BE, and P for unordered. */
enum enc_cc {
    XCC_O,
    XCC_NO,
    XCC_B,
    XCC_AE,
    XCC_E,
    XCC_NE,
    XCC_BE,
    XCC_A,
    XCC_S,
    XCC_NS,
    XCC_P,
    XCC_NP,
    XCC_L,
    XCC_GE,
    XCC_LE,
    XCC_G,
};

static inline enum enc_cc enc_cc_not(enum enc_cc cc)
{
    return (enum enc_cc)(cc ^ 1);
}

/* The output. Owned by the caller, as is the buffer; `start`, `p`, `rel` may be read at any time. */
struct enc {
    uint8_t *p; /* the next byte */
    uint8_t *end; /* behind the buffer */
    uint8_t *start; /* the buffer */
    uint8_t *rel; /* relative field (D32, D8 or RIP) of the last instruction that has one, NULL if none yet */
    bool overflow; /* sticky: the buffer is too small */
    bool range; /* sticky: an immediate or a target did not fit */
};

/* A memory operand: [base + (index << scale) + disp], or [rip -> target]. Build it with the functions below. */
struct enc_mem {
    int8_t base; /* enum enc_reg or X_NONE */
    int8_t index; /* enum enc_reg but X_RSP, or X_NONE */
    uint8_t scale; /* 0..3, log2 of the factor; not looked at without index */
    bool rip; /* only target counts */
    int32_t disp; /* bytes */
    uint64_t target; /* absolute address, within 2 GB of the instruction */
};

static inline struct enc_mem enc_m(int base, int32_t disp)
{
    return (struct enc_mem){.base = (int8_t)base, .index = X_NONE, .disp = disp};
}

static inline struct enc_mem enc_mx(int base, int index, int scale, int32_t disp)
{
    return (struct enc_mem){.base = (int8_t)base, .index = (int8_t)index, .scale = (uint8_t)scale, .disp = disp};
}

static inline struct enc_mem enc_mrip(const void *target)
{
    return (struct enc_mem){.base = X_NONE, .index = X_NONE, .rip = true, .target = (uintptr_t)target};
}

/* --- the rows --- */

enum enc_shape {
    ENC_S_ZO,
    ENC_S_R,
    ENC_S_M,
    ENC_S_RR,
    ENC_S_RRV,
    ENC_S_RM,
    ENC_S_MR,
    ENC_S_RI,
    ENC_S_MI,
    ENC_S_RRI,
    ENC_S_RMI,
    ENC_S_O,
    ENC_S_OI,
    ENC_S_I,
    ENC_S_D,
    ENC_S_CR,
    ENC_S_CM,
    ENC_S_CRR,
    ENC_S_CRM,
    ENC_S_CD,
};

enum enc_kind {
    ENC_K_NO,
    ENC_K_R64,
    ENC_K_R32,
    ENC_K_R16,
    ENC_K_R8,
    ENC_K_XMM,
    ENC_K_CL,
    ENC_K_M128,
    ENC_K_M64,
    ENC_K_M32,
    ENC_K_M16,
    ENC_K_M8,
    ENC_K_MA,
    ENC_K_I8,
    ENC_K_U8,
    ENC_K_I16,
    ENC_K_I16S,
    ENC_K_I32,
    ENC_K_I32S,
    ENC_K_S32,
    ENC_K_S32S,
    ENC_K_I64,
    ENC_K_D8,
    ENC_K_D32,
};

enum enc_form {
#define ROW(name, ...) ENC_##name,
#include "x64/enc.def"
    ENC_FORMS
};

/* A row of enc.def; the columns are explained there. */
struct enc_row {
    const char *name;
    uint32_t opcode;
    uint8_t shape; /* enum enc_shape */
    uint8_t kind[3]; /* enum enc_kind */
    uint8_t prefix;
    uint8_t w;
    int8_t ext;
};
extern const struct enc_row enc_rows[ENC_FORMS];

/* What a row's shape asks for; fields that it does not ask for are zero. */
struct enc_args {
    uint8_t cc, reg, rm;
    struct enc_mem mem;
    int64_t imm; /* or the target's address */
};

/* Appends one instruction. The functions below are how to call it. */
void enc_put(struct enc *e, enum enc_form form, const struct enc_args *a);

#define ENC_FN(n, params, ...) \
    static inline void enc_##n params { enc_put(e, ENC_##n, &(struct enc_args){__VA_ARGS__}); }
#define ENC_FN_ZO(n) ENC_FN(n, (struct enc * e), .imm = 0)
#define ENC_FN_R(n) ENC_FN(n, (struct enc * e, int r), .rm = (uint8_t)r)
#define ENC_FN_O(n) ENC_FN_R(n)
#define ENC_FN_M(n) ENC_FN(n, (struct enc * e, struct enc_mem m), .mem = m)
#define ENC_FN_RR(n) ENC_FN(n, (struct enc * e, int r, int s), .reg = (uint8_t)r, .rm = (uint8_t)s)
#define ENC_FN_RRV(n) ENC_FN(n, (struct enc * e, int r, int s), .reg = (uint8_t)s, .rm = (uint8_t)r)
#define ENC_FN_RM(n) ENC_FN(n, (struct enc * e, int r, struct enc_mem m), .reg = (uint8_t)r, .mem = m)
#define ENC_FN_MR(n) ENC_FN(n, (struct enc * e, struct enc_mem m, int r), .reg = (uint8_t)r, .mem = m)
#define ENC_FN_RI(n) ENC_FN(n, (struct enc * e, int r, int64_t imm), .rm = (uint8_t)r, .imm = imm)
#define ENC_FN_OI(n) ENC_FN_RI(n)
#define ENC_FN_MI(n) ENC_FN(n, (struct enc * e, struct enc_mem m, int64_t imm), .mem = m, .imm = imm)
#define ENC_FN_RRI(n) ENC_FN(n, (struct enc * e, int r, int s, int64_t imm), \
                             .reg = (uint8_t)r, .rm = (uint8_t)s, .imm = imm)
#define ENC_FN_RMI(n) ENC_FN(n, (struct enc * e, int r, struct enc_mem m, int64_t imm), \
                             .reg = (uint8_t)r, .mem = m, .imm = imm)
#define ENC_FN_I(n) ENC_FN(n, (struct enc * e, int64_t imm), .imm = imm)
#define ENC_FN_D(n) ENC_FN(n, (struct enc * e, const void *target), .imm = (intptr_t)target)
#define ENC_FN_CR(n) ENC_FN(n, (struct enc * e, enum enc_cc cc, int r), .cc = (uint8_t)cc, .rm = (uint8_t)r)
#define ENC_FN_CM(n) ENC_FN(n, (struct enc * e, enum enc_cc cc, struct enc_mem m), .cc = (uint8_t)cc, .mem = m)
#define ENC_FN_CRR(n) ENC_FN(n, (struct enc * e, enum enc_cc cc, int r, int s), \
                             .cc = (uint8_t)cc, .reg = (uint8_t)r, .rm = (uint8_t)s)
#define ENC_FN_CRM(n) ENC_FN(n, (struct enc * e, enum enc_cc cc, int r, struct enc_mem m), \
                             .cc = (uint8_t)cc, .reg = (uint8_t)r, .mem = m)
#define ENC_FN_CD(n) ENC_FN(n, (struct enc * e, enum enc_cc cc, const void *target), \
                            .cc = (uint8_t)cc, .imm = (intptr_t)target)

#define ROW(name, mnemonic, shape, ...) ENC_FN_##shape(name)
#include "x64/enc.def"

/* --- around the rows --- */

static inline void enc_init(struct enc *e, uint8_t *buf, size_t size)
{
    *e = (struct enc){.p = buf, .end = buf + size, .start = buf};
}

static inline bool enc_ok(const struct enc *e)
{
    return !e->overflow && !e->range;
}

/* Bytes written so far. */
static inline size_t enc_size(const struct enc *e)
{
    return (size_t)(e->p - e->start);
}

/* Offset in the buffer of the last relative field (see struct enc), -1 if there is none. */
static inline ptrdiff_t enc_last_rel(const struct enc *e)
{
    return e->rel ? e->rel - e->start : -1;
}

/* r = v in the shortest way that leaves the flags alone (so never xor): 5, 6, 7 or 10 bytes. */
void enc_mov_imm(struct enc *e, int r, int64_t v);

/* n bytes that do nothing, in instructions of up to 9 bytes. */
void enc_nops(struct enc *e, size_t n);

/* Makes the four bytes at site lead to target; false, and nothing written, if it is out of reach. For code
 * in a buffer that is being written; code memory has code_patch_rel32. */
static inline bool enc_patch_rel32(uint8_t *site, const void *target)
{
    return rel32_write(site, target);
}

/* A place in the same buffer that may be jumped to before it is known. While it is open, the rel32 fields of the jumps
 * to it are a list: each leads to the one before, the first to itself. {0} is a new label; it needs no freeing. */
struct enc_label {
    uint8_t *at; /* the place, NULL while open */
    uint8_t *last; /* the last field waiting for it, NULL if none */
};

void enc_jmp_to(struct enc *e, struct enc_label *l);
void enc_jcc_to(struct enc *e, enum enc_cc cc, struct enc_label *l);
/* The label is here. Once per label. */
void enc_bind(struct enc *e, struct enc_label *l);

#endif
