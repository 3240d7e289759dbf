/* recorder.h: the engine's half of recording. The guest walks its own instructions and says here
 * what they do; this half keeps the symbolic frame, resume data, limits and status.
 *
 * How a guest records one instruction (before its interpreter executes it):
 *    jit_rec_begin_ins(rec, pc, line, top)     all guards until the next begin resume AT pc
 *    ... jit_rec_slot(), jit_rec_op*(), jit_rec_guard*() ...
 *    jit_rec_set(rec, slot, ref, tag)          results; after the last guard of the instruction
 * A guard after an effect (results of a SYNC call) needs jit_rec_begin_ins with the next pc first.
 *
 * Slots are numbered relative to the current frame's registers by the guest's choice: all functions here take
 * numbers relative to the *entry* frame; rec->base is the current frame's offset to add. Tags fit into 16 bits.
 *
 * Status is sticky: after jit_rec_fail (or a limit, or memory) every call is a harmless no-op returning
 * JIT_NOREF-safe dummies, and the guest ends with jit_rec_abort. Nothing here longjmps.
 */
#ifndef JIT_TRACE_RECORDER_H
#define JIT_TRACE_RECORDER_H
#include "trace/trace.h"

#define JIT_REC_SLOTS_BELOW 512 /* lowest slot is -512 */
#define JIT_REC_SLOTS_ABOVE 2048 /* highest + 1 */
#define JIT_REC_MAX_FRAMES 64
#define JIT_REC_MAX_FILES 64 /* source files of the functions that are inlined; at most 1 << (32 - JIT_LINE_BITS) */

enum { JIT_SL_KNOWN = 1 /* ref and tag are valid */,
       JIT_SL_WRITTEN = 2 /* differs from memory */ };
struct jit_rec_slot {
    jit_ref ref;
    uint32_t tag;
    uint8_t flags;
};

struct jit_recorder {
    struct jit_vm *vm;
    void *ctx; /* the guest's thread that is recorded */
    struct jit_arena arena, scratch; /* scratch: the optimizer's, and the trace's operations until it is published */
    struct jit_ir ir;
    struct obs_loop_room room; /* of the trace's record, from the backend to trace_publish */
    uint8_t kind;
    uint8_t place; /* what key is: KIND_LOOP a loop's head, KIND_ENTRY a function's entry. kind is decided at
                                    the end: 'l' if it closes on itself, else 'e' */
    struct jit_key key; /* where it started */
    struct jit_exit *parent; /* bridges */
    uint64_t number; /* reserved for this trace */
    char *name, *file;
    int line; /* of the start */
    int status; /* -1 fine, else enum jitstat_abort */
    /* current instruction */
    uint64_t pc, code;
    uint32_t cur_line;
    uint32_t cur_file; /* number among files of what code belongs to */
    const char *files[JIT_REC_MAX_FILES]; /* from the arena; 0 is the trace's own; the last stands for all that did not fit */
    uint32_t nfiles;
    int32_t base; /* current frame's first register, relative to the entry frame */
    int32_t top; /* slots at and above are dead (relative to the entry frame) */
    struct jit_resume_frame frames[JIT_REC_MAX_FRAMES]; /* frames[nframes-1] is the current one: its pc is set by begin_ins */
    uint32_t nframes;
    struct jit_rec_slot *slots; /* indexed slot + JIT_REC_SLOTS_BELOW */
    int32_t slot_lo, slot_hi; /* range of slots that were touched */
    uint32_t last_resume; /* shared while nothing changed */
    bool resume_dirty;
    bool synced; /* a SYNC call was recorded: unread slots may have changed in memory */
    void **deps;
    uint32_t ndeps, capdeps;
    uint64_t ops_executed; /* guest operations seen (counter OPS) */
    int32_t max_top; /* highest top so far: room that the trace needs */
    jit_ref guard_stack; /* the trace's guard_stack */
    uint64_t ns_tracing; /* exclusive time, known at the end */
    struct jit_recorder *outer; /* vm->compiling before this one */
    void *guest; /* guest's own data for the recording (from the arena) */
};

/* How many bridges in a row, up from this one, were made for the instruction at which it begins: each of them tests for one more
 * of a value's values. A guest that sees many may record something that does for all. */
uint32_t jit_rec_same_place(const struct jit_recorder *r);
/* The bridge begins at a guard on a type in front of t's label and has come back to t's head, where another trace for the types of
 * now is worth more (tag: of the guard's slot now, if it is about one): *other, or if that is NULL, one that is to be recorded (jit_hot_again). */
bool jit_rec_outdated(const struct jit_recorder *r, const struct jit_trace *t, uint32_t tag, struct jit_trace **other);

/* ---- slots ---- */
struct jit_rec_slot *jit_rec_slot(struct jit_recorder *r, int32_t slot); /* never NULL */
/* Reads a frame slot that is not KNOWN: emits getframetag + guard_value(tag) (+ getframe of type unless type is 'v').
 * tag is what the slot holds right now. Returns its value (JIT_NOREF for 'v'). Known slots return what is known. */
jit_ref jit_rec_load(struct jit_recorder *r, int32_t slot, uint32_t tag, char type);
void jit_rec_set(struct jit_recorder *r, int32_t slot, jit_ref ref, uint32_t tag); /* marks WRITTEN */
void jit_rec_forget(struct jit_recorder *r, int32_t from, int32_t to); /* slots are dead: not in resume data, unknown */
/* After a SYNC call wrote results to the frame in memory: slots [from,to) are read again from memory.
 * (getframe stands before the label only: such slots are read through jit_rec_reload: getframeaddr + field loads.) */
jit_ref jit_rec_reload(struct jit_recorder *r, int32_t slot, uint32_t tag, char type);

/* ---- frames ---- */
void jit_rec_begin_ins(struct jit_recorder *r, uint64_t pc, uint32_t line, int32_t top);
bool jit_rec_push_frame(struct jit_recorder *r, const struct jit_resume_frame *f); /* false: too deep (status set) */
void jit_rec_pop_frame(struct jit_recorder *r); /* nframes > 1 */
/* Return below the entry frame: f becomes the only frame. */
void jit_rec_return_below(struct jit_recorder *r, const struct jit_resume_frame *f);
void jit_rec_merge_point(struct jit_recorder *r); /* debug_merge_point for the current instruction */

/* ---- operations ---- */
jit_ref jit_rec_ki(struct jit_recorder *r, int64_t v);
jit_ref jit_rec_kf(struct jit_recorder *r, double v);
jit_ref jit_rec_kr(struct jit_recorder *r, void *p, bool gc);
jit_ref jit_rec_op1(struct jit_recorder *r, enum jit_opcode op, jit_ref a);
jit_ref jit_rec_op2(struct jit_recorder *r, enum jit_opcode op, jit_ref a, jit_ref b);
jit_ref jit_rec_get(struct jit_recorder *r, const struct jit_descr *d, jit_ref obj); /* getfield by d->type */
void jit_rec_put(struct jit_recorder *r, const struct jit_descr *d, jit_ref obj, jit_ref val); /* setfield */
jit_ref jit_rec_aget(struct jit_recorder *r, const struct jit_descr *d, jit_ref arr, jit_ref idx);
void jit_rec_aput(struct jit_recorder *r, const struct jit_descr *d, jit_ref arr, jit_ref idx, jit_ref val);
/* fn's address becomes a constant; args as d->args. SYNC calls get resume data of the current state. */
jit_ref jit_rec_call(struct jit_recorder *r, const struct jit_descr *d, const void *fn, const jit_ref *args, unsigned n);
void jit_rec_guard_true(struct jit_recorder *r, jit_ref c);
void jit_rec_guard_false(struct jit_recorder *r, jit_ref c);
void jit_rec_guard_value(struct jit_recorder *r, jit_ref v, jit_ref k);
void jit_rec_guard_nonnull(struct jit_recorder *r, jit_ref v);
void jit_rec_guard_isnull(struct jit_recorder *r, jit_ref v);
void jit_rec_guard_not_due(struct jit_recorder *r, jit_ref addr); /* see ir.def */
/* Constants of object were used: guard_not_invalidated, and the trace depends on it. */
void jit_rec_depend(struct jit_recorder *r, void *object);
/* The trace knows the object by address (a code object in its resume data): the collector keeps it while the trace lives. */
void jit_rec_keep(struct jit_recorder *r, void *object);

/* ---- ends ---- */
void jit_rec_fail(struct jit_recorder *r, enum jitstat_abort why); /* sticky */
void jit_rec_disagrees(struct jit_recorder *r); /* recording and interpreter contradict each other: ABORT_BAD_LOOP; with -DJIT_STRICT the end */
/* Each ends the recording (vm->rec becomes NULL), compiles and installs, or aborts; returns the new trace or NULL.
 * The current state must be "about to execute pc" of the last begin_ins. */
struct jit_trace *jit_rec_close_loop(struct jit_recorder *r); /* back at the start, same frame */
struct jit_trace *jit_rec_close_link(struct jit_recorder *r, struct jit_trace *target); /* at target's key in the innermost frame */
struct jit_trace *jit_rec_close_interp(struct jit_recorder *r); /* the interpreter goes on here */
/* Gives up. place: where (the current instruction). Fires abort, backs off or blacklists. */
void jit_rec_abort(struct jit_recorder *r, enum jitstat_abort why);

#endif
