/* backend.h: from optimized operations to machine code.
 *
 * Registers while compiled code runs: r15 context (guest's thread), r14 frame (address of slot 0 of
 * the entry frame), rbp frame pointer of the machine frame, rsp its bottom. r11 and xmm15 are
 * scratch, everything else is allocated.
 *
 * Machine frame: made once by the VM's `enter` trampoline, the same for all traces, so that traces
 * jump to each other and into bridges without touching it:
 *
 *    rbp+8   return address into jit_enter's caller
 *    rbp     saved rbp
 *    rbp-..  saved rbx r12 r13 r14 r15
 *    ...     struct jit_exit_state (registers at an exit; its spill[] is the spill area)
 *    rsp
 *
 * A guard that fails jumps to its stub, which stores the exit's address and goes to the VM's common
 * exit code: that stores all registers into jit_exit_state and calls backend->exit_handler, which
 * writes the guest's frames; then the trampoline returns the exit to jit_enter's caller. A compiled
 * bridge replaces the stub's jump: the guard's jcc is patched to go to the bridge directly.
 *
 * Before: opt/. After: code/, trace/pipeline.c.
 */
#ifndef JIT_X64_BACKEND_H
#define JIT_X64_BACKEND_H
#include <jitstat/stats.h>
#include "code/code.h"
#include "ir/ir.h"

#define JIT_SPILLS 240 /* 8-byte spill slots of the machine frame */

/* Where a value lives at an exit: 0..15 general register, 16..31 xmm register, 32 + n spill slot n. */
typedef int16_t jit_loc;
#define JIT_LOC_XMM 16
#define JIT_LOC_SPILL 32
#define JIT_LOC_NONE (-1) /* constant or tag only */

struct jit_exit_state {
    uint64_t gpr[16];
    double xmm[16];
    uint64_t spill[JIT_SPILLS];
    struct jit_exit *exit;
    uint64_t left; /* what is left of the batch of a loop that counts here; in a bridge that owes rounds: what was left */
};

/* What a bridge that is counted at its end owes: a run of itself, runs of the bridges that it was reached through, and the
 * rounds that the loop below them had counted in a register (x64/lower_poll.c). In the bridge's arena. */
struct jit_owed {
    const struct jit_owed *up;
    struct jit_trace *trace;
    const struct jit_exit *from; /* of that loop; NULL: it had counted them itself */
    uint32_t n; /* bridges from here up */
};

/* One way out of a compiled trace. Lives as long as the trace (in its arena). A third of what is compiled are guards, so what
 * all exits of a trace have in common stands in its struct jit_code, and the rest is numbers relative to that. */
struct jit_exit {
    const struct jit_code *code; /* of the trace, with all its exits */
    struct jit_trace *bridge;
    uint32_t op; /* index of the operation in the optimized IR */
    uint32_t slots, nslots; /* into code->slots: what the slots hold; refs that are constants carry JIT_K */
    uint32_t locs; /* into code->locs, [nslots] */
    uint32_t frames; /* into code->frames */
    uint32_t patch; /* from code->start: the rel32 to patch when a bridge is attached; 0: cannot get one */
    uint32_t stub; /* from code->start: the exit's own code, where patch leads without a bridge */
    uint32_t hot; /* exits since the last look, for trace_eagerness; back-off */
    uint32_t hot_limit;
    uint32_t line : JIT_LINE_BITS;
    uint32_t aborts : 32 - JIT_LINE_BITS; /* bridge recordings that failed here; at most JIT_EXIT_ABORTS */
    uint16_t batch; /* rounds that a loop counts at once (lower_poll.c); the handler counts what was left. 0: counted already */
    uint8_t left_reg; /* behind the label of a loop that counts in batches: the register that holds what is left of `batch`, or JIT_LEFT_KEPT */
    uint8_t nframes;
    uint8_t kind; /* enum jit_exit_kind */
    bool paid : 1; /* the jump that did not take place because its frames could not be made has been counted */
    bool virtuals : 1; /* removed objects are among the slots' values */
    bool entry_type : 1; /* a guard on a type before the loop's label: who enters with another one never gets into the loop */
    int16_t typed_slot; /* whose type; JIT_SLOT_PART: of something in memory */
};
_Static_assert(sizeof(struct jit_exit) <= 64, "an exit takes no more than a cache line");
#define JIT_EXIT_ABORTS 255
#define JIT_LEFT_KEPT 0xff /* jit_exit_state.left holds it */
#define JIT_MORE_EXITS 2 /* that a trace may have besides its guards */
enum jit_exit_kind { JIT_EXIT_GUARD,
                     JIT_EXIT_INTERP /* end of a trace */,
                     JIT_EXIT_POLL /* interrupt at a back edge */,
                     JIT_EXIT_DUE /* guard_not_due: the guest's collector wants its turn */ };

/* What SYNC calls leave in the context at driver->ctx_resume_off before the call. */
struct jit_sync {
    const struct jit_resume_frame *frames;
    uint32_t nframes;
};

/* A jump to another trace makes the guest's frames real. Most often that is a few words in frame records that are there
 * already: the guest says which, once for each jump, and machine code writes them. `record` is an address that the steps move
 * along the guest's chain of records; values that do not fit into 32 bits with sign may be given to PUT64 only. */
enum jit_step_kind {
    JIT_STEP_LOAD, /* record = the context's word at off */
    JIT_STEP_UP, /* record = the record's word at off, which is not zero */
    JIT_STEP_FOLLOW, /* the same; if it is zero, link_frames does it all */
    JIT_STEP_PUT32, /* the record's 32 bits at off = value */
    JIT_STEP_PUT64, /* the record's word at off = value */
    JIT_STEP_PUT_SLOT, /* the record's word at off = address of slot `value` */
    JIT_STEP_COPY32, /* the record's 32 bits at off = the context's at `value` */
    JIT_STEP_AND16, /* the record's 16 bits at off &= value */
    JIT_STEP_OR16, /* the record's 16 bits at off |= value */
    JIT_STEP_SET, /* the context's word at off = record; from here on nothing is zero */
    JIT_STEP_SET_SLOT, /* the context's word at off = address of slot `value` */
    JIT_STEP_MOVE32, /* the context's 32 bits at off = those at `value` */
    JIT_STEP_MOVE64, /* the context's word at off = that at `value` */
};
struct jit_step {
    uint8_t kind; /* enum jit_step_kind */
    int32_t off;
    int64_t value;
};
#define JIT_STEPS_MAX 64

/* How the guest's frames look in memory, from its driver. */
struct jit_frame_layout {
    int32_t slot_size; /* bytes */
    int32_t payload_off; /* 8 bytes */
    int32_t tag_off;
    int32_t tag_size; /* 1 or 4 */
    int32_t ctx_base_off; /* context: address of slot 0 of the entry frame; reloaded after calls that may move it */
    int32_t ctx_resume_off; /* context: struct jit_sync *, stored before SYNC calls */
    int32_t ctx_stack_end_off; /* context: address of the end of the guest's stack (guard_stack) */
    uint32_t value_tags; /* bit n: tag n is a value, not a type (nil, true) */
};

static inline bool jit_tag_is_type(const struct jit_frame_layout *l, uint64_t tag) { return tag >= 32 || !(l->value_tags >> tag & 1); }

/* One per VM. */
struct jit_backend {
    struct code_area *area;
    struct jit_arena_pool *scratch; /* for what goes with a compilation; may be NULL */
    struct jit_frame_layout layout;
    void (*exit_handler)(struct jit_exit_state *); /* writes frames; must not longjmp */
    /* Called by the poll stub. which: 'l' label passed, 'b' bridge entered, 'j' about to enter another trace. Returns
     * nonzero to leave the trace (for 'b' through its guard's exit). */
    int (*poll_handler)(struct jit_trace *, int which);
    /* Link TRACE: slots have been written; makes the frames real and sets the context's base word for the target;
     * the machine code then reloads the frame register and jumps to the target's entry. Nonzero: cannot (no stack):
     * the trace is left through an exit of kind INTERP with the same state. Called only when the jump's resume data
     * have more than one frame or a base other than 0; else slots alone are written. */
    int (*link_frames)(void *ctx, const struct jit_resume_frame *frames, uint32_t n);
    /* The same as steps: writes at most JIT_STEPS_MAX of them and returns how many; the context's base word is not among
     * them, it becomes the address of the innermost frame's slot 0. 0, or NULL: link_frames is called. */
    uint32_t (*link_steps)(const struct jit_resume_frame *frames, uint32_t n, struct jit_step *out);
    const volatile uint64_t *poll_word; /* low 16 bits: runs are counted in all traces; low half: in some; high half: interrupts */
    const volatile uint8_t *interrupt; /* not zero: the handler is to be called */
    /* Counting without a call: offsets in struct jit_trace of a byte (not zero: count this trace even if the low 16 bits of
     * the poll word are 0) and of pointers to the 64-bit words for entries by jumps (those from C are not counted here), and for 'l' and 'b'. Then the handler is called while
     * *interrupt is set only. counted_off 0: it is called for everything. */
    int32_t counted_off, entries_off, runs_off;
    int32_t owed_off; /* and of its code's `owed` */
    uint16_t batch; /* rounds of a loop that are counted at once, where nobody can look in between (lower_poll.c); 0: each for itself */
    int64_t *torture_counter; /* non-NULL: guards decrement it and fail at zero (then reset to *torture_reset) */
    int64_t torture_reset;
    uint64_t torture_regs; /* not 0: registers are chosen at random, from this seed */
    /* made by jit_backend_init */
    void *enter, *common_exit, *poll_common;
};

/* Machine code of one trace. Stays where it is: the exits point to it. */
struct jit_code {
    struct jit_trace *trace;
    uint8_t *entry; /* for the interpreter and for links through memory; bridges: patched into the guard */
    uint8_t *label; /* loop head or NULL */
    uint8_t *start;
    size_t size;
    struct jit_exit *exits; /* [nexits], from the arena given; as locs and made */
    uint32_t nexits;
    jit_loc *locs; /* of all exits */
    uint64_t *made; /* scratch of the handler, as long as the longest exit's slots: removed objects as they are rebuilt; NULL: there are none */
    const struct jit_slot_val *slots; /* the IR's, as frames and consts */
    const struct jit_resume_frame *frames;
    const struct jit_const *consts;
    uint32_t *op_offset; /* [ops] offset of each operation's machine code, 0xffffffff: none; in the IR's arena */
    struct code_block *block;
    const struct jit_owed *owed; /* a bridge that is counted at its end: by its jump, or by the handler of its exits; else NULL */
    const struct jit_trace *root; /* of its tree of bridges; its own trace if it is none */
    uint8_t *again; /* where a bridge of this loop's tree comes back without having counted the loop's rounds; NULL: it must count them */
    bool keeps; /* such a bridge */
    bool returns; /* a bridge that jumps back to the loop of its tree: that is no entry */
};

/* Trampolines. 0 or -errno (-EPERM: executable memory refused). */
int jit_backend_init(struct jit_backend *be);

/* The trace that link TRACE leads to. It stays as long as the code that is made. */
struct jit_target {
    const struct jit_trace *trace;
    const struct jit_code *code;
};

/* The exit that rounds are owed from, or NULL. */
static inline const struct jit_exit *jit_owed_from(const struct jit_owed *o)
{
    while (o && o->up) o = o->up;
    return o ? o->from : NULL;
}
static inline uint32_t jit_exit_number(const struct jit_exit *e) { return (uint32_t)(e - e->code->exits); } /* guards in their order, then the others */
static inline const struct jit_slot_val *jit_exit_slots(const struct jit_exit *e) { return e->code->slots + e->slots; }
/* The first entry of the exit that names the value, which is no constant. jit_ir_spread has put one there. */
static inline uint32_t jit_exit_entry(const struct jit_exit *e, jit_ref v)
{
    uint32_t i = 0;
    while (jit_exit_slots(e)[i].ref != v) i++;
    return i;
}
/* Rounds that the loop that is left at e has not counted yet; e->batch is not 0. */
static inline uint64_t jit_exit_rounds(const struct jit_exit *e, const struct jit_exit_state *st)
{
    return e->batch - (e->left_reg == JIT_LEFT_KEPT ? st->left : st->gpr[e->left_reg]);
}
static inline const jit_loc *jit_exit_locs(const struct jit_exit *e) { return e->code->locs + e->locs; }
static inline const struct jit_resume_frame *jit_exit_frames(const struct jit_exit *e) { return e->code->frames + e->frames; }

/* Compiles ir, whose slots, frames and constants stay as long as the code. trace is only stored in *out; parent: the exit a bridge starts from (else NULL).
 * invalid_word: 32-bit word that guard_not_invalidated tests (nonzero: leave). target: for link TRACE, else NULL.
 * code_open/close are done inside. Returns -1 on success, else the enum jitstat_abort row that says why not. */
int jit_backend_compile(struct jit_backend *be, const struct jit_ir *ir, struct jit_trace *trace,
                        const struct jit_exit *parent, const uint32_t *invalid_word, const struct jit_target *target,
                        struct jit_arena *arena, struct jit_code *out);
/* Bytes of `arena` that this takes, but for what a bridge is counted with. */
size_t jit_backend_kept_size(const struct jit_ir *ir);
/* Points the guard's jump at a bridge, or back at its stub (entry NULL). */
int jit_backend_patch(struct jit_backend *be, struct jit_exit *exit, const void *entry);
void jit_backend_free(struct jit_backend *be, struct jit_code *code);

extern bool jit_x64_no_sse41; /* for tests: as if the processor had no SSE4.1 */

/* Runs compiled code: returns the exit taken. */
typedef struct jit_exit *(*jit_enter_fn)(void *ctx, void *frame, const void *entry);

#endif
