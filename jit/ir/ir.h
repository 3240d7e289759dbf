/* ir.h: traces in memory.
 *
 * A trace is a list of operations in SSA form: operation n defines value n. There is at most one
 * label (the loop's head after peeling); its arguments are values defined before it that the jump
 * redefines: after the label the name stands for this iteration's value.
 *
 *     i0 = getframe_i(3)                         number of the operation: 0
 *     i1 = int_add(i0, 1)                        constants are written as numbers, 1.5, ptr(0x..)
 *     i2 = int_lt(i1, 100)
 *     guard_true(i2) [pc=12 0:i1/4]              resume data: frames' pcs and slot:value/tag
 *     label(i1)
 *     ...
 *     jump(i7)
 *
 * Invariants (the verifier quotes their numbers)
 *  1. A value is defined before it is used; arguments have the types of ir.def's row.
 *  2. Variadic calls match their descriptor's argument letters and result.
 *  3. Every guard, every call with JIT_EF_SYNC and a jump that does not link to the own label has
 *     resume data; every resume slot names a defined value or a constant, at most once per slot.
 *  4. label at most once, jump exactly once and last; with link LOOP their argument counts and types are equal,
 *     and label arguments are values, not constants, each at most once.
 *  5. inputarg_* stand only at the start of bridges.
 *  6. Memory operations have a descriptor whose type fits.
 *  7. getframe* stand before the label only and read each slot's payload and tag at most once.
 *  8. Removed objects (virtual_*) stand only in each other and in resume data of guards, of the label and of a jump to
 *     the interpreter: where the exit's handler rebuilds them. A virtual_new's arguments are constants or the context.
 *
 * Traces own all their memory through an arena (base/arena.h); they are freed at once.
 * Before it on the walk: trace/recorder.c. After it: opt/.
 */
#ifndef JIT_IR_IR_H
#define JIT_IR_IR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/arena.h"

enum jit_opcode {
#define JIT_OP(name, result, args, effects) JIT_##name,
#include "ir/ir.def"
    JIT_NOPCODES
};
enum jit_effects { JIT_PURE,
                   JIT_LOAD,
                   JIT_STORE,
                   JIT_GUARD,
                   JIT_CALL,
                   JIT_CTRL };

struct jit_opinfo {
    const char *name;
    char result; /* v i f r */
    const char *args;
    uint8_t effects; /* enum jit_effects */
};
extern const struct jit_opinfo jit_opinfo[JIT_NOPCODES];

/* A reference to a value: the number of the defining operation, or JIT_K | index into consts. */
typedef uint32_t jit_ref;
#define JIT_K 0x80000000u
#define JIT_MAX_OPS 0x40000000u
#define JIT_NOREF 0xffffffffu
static inline bool jit_ref_is_const(jit_ref r)
{
    return (r & JIT_K) && r != JIT_NOREF;
}

struct jit_const {
    char type; /* i f r */
    bool gc; /* r: a collectable object: a root while the trace lives */
    union {
        int64_t i;
        double f;
        void *p;
        uint64_t bits;
    };
};

/* ---- descriptors: what memory and calls are. Owned by the driver (static) or by a trace's arena. ---- */
enum jit_descr_kind { JIT_D_FIELD,
                      JIT_D_ARRAY,
                      JIT_D_CALL };
enum { /* flags of fields and arrays */
       JIT_DF_IMMUTABLE = 1, /* never changes once the object is visible: loads are pure */
       JIT_DF_SIGNED = 2, /* sign-extend loads of 1, 2, 4 bytes */
       JIT_DF_TAG = 8, /* tags of values: what a guard on it decides are types */
       JIT_DF_WHOLE = 4 /* objects of this alias class are only ever reached by the address of their start: different
                           offsets (array elements: modulo a stride that all of the class share) never meet */
};
enum { /* effects of calls; none = pure function of its arguments (may be shared and dropped) */
       JIT_EF_READS = 1, /* reads heap memory named by `reads` */
       JIT_EF_WRITES = 2, /* writes heap memory named by `writes` */
       JIT_EF_ALLOC = 4, /* makes a new object: result is fresh, not shareable; may be dropped if unused */
       JIT_EF_KEEP = 8, /* must not be dropped or shared even if unused */
       JIT_EF_SYNC = 16, /* unknown code: all slots, frames and pc are written before (resume data); may raise,
                             re-enter, collect; everything in memory may change; the frame may move */
       JIT_EF_MOVES = 32 /* may move the frame (reload the frame register); implied by SYNC */
};
/* What an allocating call makes, so that the optimizer can do without: cells that hold something known, pointers to
 * memory of the object's own, and what the collector counts. Contents that are not listed are unknown. */
struct jit_made_cell {
    const struct jit_descr *field;
    int arg; /* >= 0: the call's argument of that number (0 is the first after the address), else `bits` */
    uint64_t bits;
};
struct jit_made {
    const struct jit_made_cell *cells;
    const struct jit_descr *const *parts; /* fields that point to memory that only the object points to */
    uint16_t ncells, nparts;
    uint32_t bytes; /* of the object itself */
    uint32_t bytes_per[4]; /* for each of the first four arguments after the address: bytes per unit of it */
};
struct jit_descr {
    const char *name; /* unique among the driver's descriptors: "table.shape", "call_concat" */
    uint8_t kind; /* enum jit_descr_kind */
    char type; /* field/array: i f r of the value; call: result v i f r */
    uint8_t size; /* bytes of the memory cell: 1 2 4 8 */
    uint8_t flags; /* JIT_DF_* */
    int32_t offset;
    uint32_t stride; /* arrays: bytes per element, any value */
    uint8_t alias; /* 0..63: accesses alias only if their class is equal (and, for constant
                             offsets/indices of the same base, their offsets overlap) */
    uint16_t effects; /* calls: JIT_EF_* */
    uint64_t reads, writes; /* calls: sets of alias classes */
    const char *args; /* calls: letters of the arguments after the address, "rii" */
    const struct jit_made *made; /* calls with JIT_EF_ALLOC alone that may be removed; else NULL */
};

/* ---- resume data ---- */
#define JIT_SLOT_PART INT16_MIN /* no slot: a value that a removed object in the same resume data needs (jit_ir_spread) */
struct jit_slot_val { /* there are many: 8 bytes */
    int16_t slot; /* relative to the entry frame; negative below it */
    uint16_t tag; /* the guest's tag, written with the value */
    jit_ref ref; /* value or constant; JIT_NOREF: tag only (nil, false, true) */
};
/* One frame, outermost first. The first is the frame in which the trace was entered, or, when the trace
 * returned below it, an outer one. Opaque to the engine but for printing. */
struct jit_resume_frame {
    int32_t base; /* slot number of its first register */
    uint32_t flags; /* guest's, but for JIT_FRAME_MAKE */
    uint64_t pc; /* guest's: where to go on */
    uint64_t code; /* guest's: what it runs */
    uint32_t aux[2]; /* guest's */
};
#define JIT_FRAME_MAKE 0x20000000u /* outermost frame: what memory has of it is another's (it made a tail call), so it is to be made as well */
struct jit_resume {
    uint32_t slots, nslots; /* into trace->slots */
    uint32_t frames, nframes; /* into trace->frames */
};
#define JIT_NORESUME 0xffffffffu

/* ---- operations ---- */
struct jit_op {
    uint16_t opcode;
    uint16_t nargs;
    uint32_t descr_id; /* for printing; unused otherwise */
    jit_ref arg[3]; /* nargs <= 3 */
    uint32_t ext; /* nargs > 3: arguments are trace->args[ext .. ext+nargs) */
    const struct jit_descr *descr; /* memory and calls */
    uint32_t resume; /* index into trace->resumes or JIT_NORESUME */
    uint32_t line; /* guest's source place while it was recorded: jit_op_line, jit_op_file */
};
#define JIT_LINE_BITS 24
/* Source line, 0 unknown; number of its file among the recorder's files, 0: the trace's own. */
static inline uint32_t jit_op_line(const struct jit_op *op) { return op->line & ((1u << JIT_LINE_BITS) - 1); }
static inline uint32_t jit_op_file(const struct jit_op *op) { return op->line >> JIT_LINE_BITS; }

/* Where a merge point was: for dumps and hooks. */
struct jit_merge {
    uint64_t code;
    uint64_t pc;
    uint32_t depth;
    uint32_t line;
    const char *text; /* arena; may be NULL */
};

enum jit_link {
    JIT_LINK_LOOP, /* to the own label (or, without a label, to the own start through memory) */
    JIT_LINK_TRACE, /* to the start of trace->target through memory: slots and frames are written, see backend.h link_frames */
    JIT_LINK_INTERP /* back to the interpreter: as an exit that never becomes a bridge */
};

JIT_VECTOR(struct jit_op, jit_ops);
JIT_VECTOR(struct jit_const, jit_consts);
JIT_VECTOR(jit_ref, jit_refs);
JIT_VECTOR(struct jit_slot_val, jit_slots);
JIT_VECTOR(struct jit_resume_frame, jit_frames);
JIT_VECTOR(struct jit_resume, jit_resumes);
JIT_VECTOR(struct jit_merge, jit_merges);

/* The operations of a trace and what they refer to. */
struct jit_ir {
    struct jit_arena *arena;
    struct jit_ops ops;
    struct jit_consts consts;
    struct jit_refs args;
    struct jit_slots slots;
    struct jit_frames frames;
    struct jit_resumes resumes;
    struct jit_merges merges;
    uint8_t kind; /* JITSTAT_KIND_* */
    uint8_t link; /* enum jit_link */
    bool failed; /* sticky: memory ran out; contents are then not to be used */
    jit_ref impossible; /* after JIT_OPT_BAD_LOOP: the recorded guard that can never hold */
    char *types; /* [ops.n] of the operations' results; jit_ir_keep makes it, else NULL */
    /* counted for totals */
    uint32_t n_shared, n_forcings, n_virtuals, n_holes, n_reused, n_heapcached;
    uint32_t *const_hash; /* ir.c: open addressing, index into consts + 1; NULL until the first constant */
    uint32_t const_hash_size;
};

void jit_ir_init(struct jit_ir *ir, struct jit_arena *arena, int kind);
/* Deep copy into another arena. */
bool jit_ir_copy(struct jit_ir *dst, const struct jit_ir *src, struct jit_arena *arena);
/* What exits need of src while its machine code lives goes into arena: constants, slots, frames, the types of values, and
 * where objects were removed the operations as well. All else is src's until jit_ir_strip leaves only that. */
bool jit_ir_keep(struct jit_ir *dst, const struct jit_ir *src, struct jit_arena *arena);
void jit_ir_strip(struct jit_ir *ir);
size_t jit_ir_kept_size(const struct jit_ir *ir); /* bytes that jit_ir_keep takes, removed objects not counted */
/* Before machine code is made: resume data get an entry JIT_SLOT_PART for every value that their removed objects hold,
 * so that whoever reads them sees all values an exit needs. Counts virtuals. False: memory. */
bool jit_ir_spread(struct jit_ir *ir);

jit_ref jit_ir_const_i(struct jit_ir *ir, int64_t v); /* shared: equal constants have equal refs */
jit_ref jit_ir_const_f(struct jit_ir *ir, double v); /* by bits */
jit_ref jit_ir_const_r(struct jit_ir *ir, void *p, bool gc);
/* Appends; returns its number. args are copied. Sticky failure returns JIT_NOREF. */
jit_ref jit_ir_emit(struct jit_ir *ir, enum jit_opcode op, const jit_ref *args, unsigned nargs,
                    const struct jit_descr *descr, uint32_t resume);
/* Gives operation r other arguments; false: memory. */
bool jit_ir_set_args(struct jit_ir *ir, jit_ref r, const jit_ref *args, unsigned nargs);
static inline const jit_ref *jit_op_args(const struct jit_ir *ir, const struct jit_op *op)
{
    return op->nargs <= 3 ? op->arg : ir->args.v + op->ext;
}
static inline jit_ref *jit_op_args_mut(struct jit_ir *ir, struct jit_op *op) { return op->nargs <= 3 ? op->arg : ir->args.v + op->ext; }
char jit_ref_type(const struct jit_ir *ir, jit_ref r); /* i f r; 0 invalid */
static inline const struct jit_const *jit_ref_const(const struct jit_ir *ir, jit_ref r) { return &ir->consts.v[r & ~JIT_K]; }
static inline bool jit_op_is_virtual(const struct jit_op *op) { return op->opcode >= JIT_virtual_new && op->opcode <= JIT_virtual_item; }
static inline bool jit_ref_is_virtual(const struct jit_ir *ir, jit_ref r) { return !(r & JIT_K) && ir->ops.v && jit_op_is_virtual(&ir->ops.v[r]); }
static inline bool jit_op_is_guard(const struct jit_op *op) { return jit_opinfo[op->opcode].effects == JIT_GUARD; }
/* From memory; of slots it is getframetag. */
static inline bool jit_op_loads_tag(const struct jit_op *op) { return jit_opinfo[op->opcode].effects == JIT_LOAD && op->descr && op->descr->flags & JIT_DF_TAG; }
uint32_t jit_ir_count_guards(const struct jit_ir *ir);
uint32_t jit_ir_label(const struct jit_ir *ir); /* index of the label or JIT_NOREF */

/* printer.c: one operation per line as above, after a header line `# loop link=loop`, `# bridge link=trace`
 * or `# entry link=interp` and one line `# merge pc=.. code=.. depth=.. line=.. text` per merge point. Resume data
 * print as [pc=12 base=0 0:i1/4 3:f2/5 4:-/0 | pc=7 base=5 flags=1 6:5/4]: frames outermost first, each with the
 * slots from its base on; slot:value/tag, - for tag only. Constants: 5, 1.5, inf, nan(0x..), ptr(0x1234),
 * gcptr(0x..). buf may be NULL/0; returns the length it needs, like snprintf. */
size_t jit_ir_print_op(const struct jit_ir *ir, jit_ref n, char *buf, size_t size);
size_t jit_ir_print(const struct jit_ir *ir, char *buf, size_t size);
void jit_ir_dump(const struct jit_ir *ir, const char *title); /* stderr; JIT_DUMP */

/* parser.c: the printer's syntax. descrs: NULL-terminated list for names (descr=NAME).
 * Returns false and an error text "line 3: ..." in err. */
bool jit_ir_parse(struct jit_ir *ir, const char *text, const struct jit_descr *const *descrs, char *err, size_t errsize);

/* verifier.c: true if the invariants hold; else false and "op 7: invariant 1: ..." in err. */
bool jit_ir_verify(const struct jit_ir *ir, char *err, size_t errsize);
/* The same for a trace that is still being built: the jump may be missing and label and jump need not agree. */
bool jit_ir_verify_open(const struct jit_ir *ir, char *err, size_t errsize);

#endif
