/* lower.h: what the files of the lowering share: one compilation's state, and who does what.
 *
 *   lower.c        the switch, arithmetic, results of comparisons
 *   lower_div.c    floor division and modulo
 *   lower_mem.c    addresses, loads, stores
 *   lower_guard.c  comparisons, guards, exits
 *   lower_poll.c   polls and run counts
 *   lower_call.c   calls, writing slots to memory, the trace's end
 *   lower_steps.c  frames made real at a jump to another trace
 */
#ifndef JIT_X64_LOWER_H
#define JIT_X64_LOWER_H
#include "x64/regalloc.h"
#include "x64/stubs.h"

/* A way out whose stub stands behind the body. */
struct stub {
    struct enc_label at;
    bool used;
};
enum { POLL_ENTRY,
       POLL_LEAVE,
       POLL_KINDS }; /* of a bridge; at a jump */
struct poll_stub {
    struct enc_label at;
    uint8_t *back;
    char which;
    bool used;
    const struct jit_exit *leave; /* exit to take when the handler says so, or NULL */
};

/* One compilation. */
struct lower {
    struct enc e;
    struct ra ra;
    struct jit_backend *be;
    const struct jit_ir *ir;
    struct jit_trace *trace;
    const struct jit_exit *parent;
    const struct jit_owed *owed; /* of a bridge: what is counted with it */
    const uint32_t *invalid_word;
    const struct jit_target *target;
    struct jit_arena *arena, *scratch; /* what exits need; what goes with the compilation */
    uint8_t *sel;
    struct jit_code *out;
    const uint8_t **pool; /* address of float constants */
    const uint8_t *sign_mask, *abs_mask;
    struct stub *stubs; /* by exit */
    uint32_t next_guard, next_extra; /* numbers of exits: guards first, then the others */
    uint32_t nlocs; /* of their slots so far */
    struct poll_stub polls[POLL_KINDS];
    uint8_t *body; /* the first operation */
    struct jit_exit *label_exit; /* where a poll at the label leaves, or NULL */
    int left_reg, batch; /* behind the label: the register that holds what is left of so many rounds (JIT_LEFT_KEPT: none does); batch 0: each round for itself */
    bool r11_busy; /* an address of the current operation needs it */
    jit_ref r11_index; /* r11 holds r11_rest times this value; JIT_NOREF: something else */
    uint32_t r11_rest;
    bool no_memory; /* sticky */
    bool dump; /* JIT_DUMP=ra */
};

/* The second operand of an instruction. */
enum opnd_kind { OP_REG,
                 OP_MEM,
                 OP_IMM };
struct opnd {
    enum opnd_kind kind;
    int reg;
    struct enc_mem mem;
    int64_t imm;
};

static inline const struct jit_op *lower_op(const struct lower *l, uint32_t n) { return &l->ir->ops.v[n]; }
static inline bool fits32(int64_t v) { return v == (int32_t)v; }

/* r11 is about to be written. */
static inline int lower_r11(struct lower *l)
{
    l->r11_index = JIT_NOREF;
    return X_R11;
}

/* lower.c */
void lower_all(struct lower *l);
struct opnd lower_operand(struct lower *l, jit_ref r); /* integer or address: register, memory or 32-bit immediate */
struct opnd lower_operand_f(struct lower *l, jit_ref r); /* register or memory */
int lower_imm_reg(struct lower *l, int64_t v); /* a constant in r11, or in a temporary when that is taken */
struct enc_mem lower_abs(struct lower *l, const void *p); /* a fixed address: rip-relative or through r11 */
bool lower_reaches(const struct lower *l, const void *p);

/* lower_mem.c */
struct enc_mem lower_address(struct lower *l, const struct jit_op *op); /* of a load or store; locks its registers */
int lower_load_size(const struct lower *l, const struct jit_op *op);
void lower_load(struct lower *l, uint32_t n);
void lower_store(struct lower *l, uint32_t n);

/* lower_div.c */
void lower_div(struct lower *l, uint32_t n);

/* lower_guard.c */
struct cond {
    enum enc_cc cc;
    bool eq_f, ne_f;
}; /* holds; eq_f, ne_f: floats, the parity flag counts too */
bool lower_is_compare(int opcode);
struct cond lower_compare(struct lower *l, uint32_t n);
void lower_guard(struct lower *l, uint32_t n);
struct jit_exit *lower_exit(struct lower *l, uint32_t number, uint32_t n, int kind, bool with_slots);
void lower_stubs(struct lower *l);

/* lower_poll.c */
uint16_t lower_batch(const struct lower *l); /* rounds that the loop may count at once; 0: each for itself */
void lower_batch_entry(struct lower *l); /* first thing of a root trace */
void lower_batch_begin(struct lower *l, uint16_t batch); /* in front of the label */
void lower_poll(struct lower *l, int k, char which, const struct jit_exit *leave);
void lower_poll_stubs(struct lower *l);
void lower_bridge_begin(struct lower *l);
void lower_poll_jump(struct lower *l, char which, const struct jit_exit *leave, const uint8_t *to); /* a poll, and on to code that is there */

/* lower_call.c */
bool lower_clobbers(const struct jit_ir *ir, const struct jit_op *op);
void lower_call(struct lower *l, uint32_t n);
void lower_call_fn(struct lower *l, const void *fn);
void lower_jump(struct lower *l, uint32_t n);

/* lower_steps.c: false: the guest has no steps for these frames. `call`: where it goes on if they do not work out. */
bool lower_steps(struct lower *l, const struct jit_resume *r, struct enc_label *call);
#endif
