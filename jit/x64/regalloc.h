/* regalloc.h: where values live while machine code is made.
 *
 * One pass over the linear trace, hand in hand with lower.c: lowering asks for operands in registers and for a place
 * for the result; what must be stored, loaded or moved for that is emitted at once, before the instruction. A value
 * keeps its register until a value whose next use is nearer needs it (the furthest next use goes first), and it is
 * stored to its spill slot at most once, for it never changes.
 *
 * The textbook way would colour intervals first and lower then. A trace is linear but for one back edge, so looking
 * ahead is looking along a list, and the registers' contents are known at every exit without further tables.
 *
 * The loop: at the label every value that the loop needs gets the place in which it must be again at the jump.
 *   - a value that only resume data want, and is not carried, goes to its slot: it costs nothing in the loop;
 *   - if more values are live at some point of the loop than there are registers, those with the fewest uses go to
 *     slots, until the rest fits, so that no value is stored and loaded in each round;
 *   - values that live across calls get the three registers that calls keep;
 *   - a register that nobody misses may count the rounds.
 * A value that flows into a carried one is computed in that one's register where that is free.
 *
 * Invariants
 *  1. owner[r] == v if and only if vals[v].reg == r, for all allocatable r; r is then not in `free`.
 *  2. A value that is needed later has a register or a slot or both, and both hold the same bits.
 *  3. Registers in `lock` are operands of the current operation: they are not taken for anything else.
 *
 * Locations are jit_loc of backend.h: 0..15 general, 16..31 xmm, 32.. spill slots.
 * Before: select.c. After: the encoder.
 */
#ifndef JIT_X64_REGALLOC_H
#define JIT_X64_REGALLOC_H
#include "ir/ir.h"
#include "x64/backend.h"
#include "x64/enc.h"

#define RA_BIT(r) (1u << (r))
#define RA_GPR (0xffffu & ~(RA_BIT(X_RSP) | RA_BIT(X_RBP) | RA_BIT(X_R11) | RA_BIT(X_R14) | RA_BIT(X_R15)))
#define RA_XMM 0x7fff0000u
#define RA_KEPT (RA_BIT(X_RBX) | RA_BIT(X_R12) | RA_BIT(X_R13)) /* calls keep these */
#define RA_LOCS (JIT_LOC_SPILL + JIT_SPILLS)

/* What selection decided for an operation. */
enum sel {
    SEL_EMIT,
    SEL_SUNK, /* part of the one operation that uses it */
    SEL_GONE /* dead, or a constant offset that went into the addresses that use it */
};

struct ra_val {
    jit_loc reg; /* -1: in no register */
    jit_loc slot; /* spill slot number that holds it; -1: none */
    int16_t hint; /* index of the label argument it flows into; -1 */
    jit_loc want; /* argument register of the call at want_at; -1 */
    uint32_t want_at;
    bool xmm;
    bool phi; /* label argument */
    bool invariant; /* made before the label, needed in the loop, not carried */
    uint32_t use; /* first of its uses in registers that are still to come: index into uses, 0 none */
    uint32_t loop_use; /* the first of them behind the label */
    uint32_t last; /* operation after which it is dead */
    uint32_t dies; /* next value that dies there */
};
struct ra_use {
    uint32_t pos, next;
};
struct ra_home {
    jit_ref v;
    jit_loc reg;
}; /* an invariant's register at the label */

/* Owned by the compilation; all memory from its scratch arena. */
struct ra {
    const struct jit_ir *ir;
    struct enc *e;
    const uint8_t *sel; /* enum sel by operation */
    const uint8_t *const *pool; /* address of float constants by constant number, NULL: not in the pool */
    struct jit_arena *scratch;
    uint32_t n, label, jump; /* label: JIT_NOREF if there is none */
    uint32_t cur;
    struct ra_val *vals;
    struct ra_use *uses; /* [0] is the end of lists */
    uint32_t nuses, capuses;
    uint32_t *dying; /* by position: 1 + first value that dies there, 0 none */
    uint32_t *calls; /* calls[i]: operations before i that clobber registers */
    uint32_t *divs, *shifts; /* the same, that want rax and rdx, rcx for themselves */
    jit_ref owner[32];
    uint32_t free, lock, temps; /* sets of registers */
    uint32_t reserved; /* set of registers that hold no values in the loop: the counter */
    bool wants_counter; /* the loop would like to have a register of its own for counting its rounds */
    jit_loc counter; /* what it got at the label; -1: there is none to spare */
    jit_ref slot_owner[JIT_SPILLS];
    bool slot_phi[JIT_SPILLS]; /* a label argument's home */
    jit_loc *phi_home; /* by label argument; JIT_LOC_NONE: nobody reads it */
    uint32_t phi_regs;
    struct ra_home *homes;
    uint32_t nhomes;
    uint64_t torture; /* state of the random choice of registers; 0: the best one */
    bool failed; /* sticky: no memory */
    bool no_slots; /* sticky: more than JIT_SPILLS values at a time */
};

struct ra_move {
    jit_loc dst, src;
    jit_ref konst;
}; /* src JIT_LOC_NONE: the constant */

/* ---- bytes ---- */
struct enc_mem ra_slot_mem(int slot);
void ra_emit_move(struct ra *ra, jit_loc dst, jit_loc src);
void ra_emit_const(struct ra *ra, jit_loc dst, jit_ref k);
/* All at once: every source is read before it is overwritten. Uses r11 and xmm15. m is used up. */
void ra_moves(struct ra *ra, struct ra_move *m, unsigned n);

/* ---- life ---- */
/* The fields ir .. jump and torture have been set. clobbers(ir, op): does it make a call? */
void ra_init(struct ra *ra, bool (*clobbers)(const struct jit_ir *, const struct jit_op *));
void ra_begin(struct ra *ra, uint32_t pos);
void ra_end(struct ra *ra); /* values whose last use this was are dead, temporaries free */
/* The value is at loc now (input of a bridge). */
void ra_place(struct ra *ra, jit_ref v, jit_loc loc);

/* ---- operands and results of the current operation ---- */
int ra_use(struct ra *ra, jit_ref r); /* in a register, locked; a constant gets a temporary */
int ra_temp(struct ra *ra, bool xmm); /* a register until ra_end */
bool ra_dies(const struct ra *ra, jit_ref r); /* a value not needed after the current operation */
bool ra_used_later(struct ra *ra, jit_ref r); /* in a register */
bool ra_has_free(const struct ra *ra, bool xmm);
void ra_lock(struct ra *ra, jit_ref r); /* its register, if it has one */
void ra_drop(struct ra *ra, jit_ref r); /* was read: if it dies here its register may hold the result */
int ra_def(struct ra *ra, jit_ref v);
/* A register for v that holds src's bits and is not in avoid: src's own if src dies. */
int ra_def_from(struct ra *ra, jit_ref v, jit_ref src, uint32_t avoid);
void ra_def_at(struct ra *ra, jit_ref v, jit_loc reg); /* reg is a temporary of ra_take or free */
void ra_def_fixed(struct ra *ra, jit_ref v, jit_loc reg); /* a register that is not allocated (r15) */
/* Frees a certain register and makes it a temporary; who was in it goes to a register not in avoid, or to its slot. */
void ra_take(struct ra *ra, jit_loc reg, uint32_t avoid);
/* Register in which v should be computed, if it is free now; else -1. */
jit_loc ra_hint(const struct ra *ra, jit_ref v);

jit_loc ra_loc(const struct ra *ra, jit_ref v); /* for exits; JIT_LOC_NONE: nowhere */

/* ---- calls: save, move the arguments, call, clobbered ---- */
void ra_call_save(struct ra *ra);
void ra_call_clobbered(struct ra *ra);

/* ---- the loop ---- */
void ra_label(struct ra *ra, const jit_ref *args, unsigned n);
void ra_jump(struct ra *ra, const jit_ref *args, unsigned n);

/* select.c. The base and constant that a SEL_GONE address or index stands for; false: it is getframeaddr (*base
 * unset, *k its slot number). */
bool sel_folded(const struct jit_ir *ir, jit_ref r, jit_ref *base, int64_t *k);
void select_ops(const struct jit_ir *ir, const struct jit_frame_layout *layout, uint8_t *sel, struct jit_arena *scratch);
/* Does a resume of this operation count? (A jump to the own label uses the label's.) */
bool sel_has_resume(const struct jit_ir *ir, uint32_t n);
#endif
