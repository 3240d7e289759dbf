/* chain.h: what the passes share. Private to opt/.
 *
 * An operation travels as a struct opt_op: arguments are already values of the output. Each pass
 * looks at it and says what becomes of it (enum opt_verdict). What survives is appended to the
 * output; then the passes are told (opt_*_note), so that they learn from what really runs.
 *
 * Round 1 reads the recorded trace. Round 2 (peel.c) reads the first round's output: every value v
 * there has a second-iteration substitute, vals[v].subst.
 *
 * Facts. Everything a pass remembers is one of two kinds:
 *  - facts about values (equations between pure operations, conditions of guards): they stay true
 *    as long as the names keep their meaning, and, as peel.c shows, for loop-carried names as well;
 *  - facts about memory (what a cell holds, that nothing was invalidated): stores and calls end
 *    them, and those that round 2 carried over the label are checked by peel.c when it ends.
 */
#ifndef JIT_OPT_CHAIN_H
#define JIT_OPT_CHAIN_H
#include "opt/opt.h"

enum opt_rule {
#define JIT_RULE(pass, name, from, to) RULE_##name,
#include "opt/rules.def"
    OPT_NRULES
};
/* How often each rule applied; counted only while jit_opt_verify is set (tests). */
extern unsigned long jit_opt_rule_hits[OPT_NRULES];
extern const char *const jit_opt_rule_names[OPT_NRULES];

static inline void opt_hit(enum opt_rule rule)
{
    if (__builtin_expect(jit_opt_verify, 0))
        __atomic_add_fetch(&jit_opt_rule_hits[rule], 1, __ATOMIC_RELAXED);
}

enum opt_verdict {
    OPT_NEXT, /* to the next pass */
    OPT_AGAIN, /* changed: from the first pass on */
    OPT_VALUE, /* not needed: op->value is its result */
    OPT_DROP, /* not needed, has no result */
    OPT_FAIL /* a guard that can never hold */
};

struct opt_op {
    uint16_t opcode, nargs;
    uint32_t line;
    jit_ref *args; /* in opt->args: free to be rewritten */
    const struct jit_descr *descr;
    uint32_t resume; /* index into the source's resumes */
    jit_ref value;
};

enum { /* opt_val.flags */
       OPT_DEAD = 1, /* appended, then found to be unnecessary: skipped when the output is compacted */
       OPT_FRESH = 2, /* result of an allocating call */
       OPT_ESCAPED = 4, /* fresh, but others may know it by now */
       OPT_NONNULL = 8,
       OPT_BASE = 16 /* memory at it is known */
};

/* What is known about value n of the output. */
struct opt_val {
    int64_t lo, hi; /* integers: signed range, inclusive */
    jit_ref repl; /* constant that stands for it from now on, or JIT_NOREF */
    jit_ref subst; /* round 2: its value one iteration later */
    uint32_t edges; /* guards.c: first upper bound + 1 */
    uint32_t chain; /* cse.c: next in the bucket + 1 */
    uint32_t nonnull_guard; /* guards.c: its guard_nonnull + 1 */
    jit_ref owner; /* heap.c: memory that belongs to this new object alone; JIT_NOREF: none */
    uint8_t flags;
};
JIT_VECTOR(struct opt_val, opt_vals);

/* guards.c: a <= b + c for the value that owns the list. */
struct opt_edge {
    jit_ref b;
    uint32_t next;
    int64_t c;
};
JIT_VECTOR(struct opt_edge, opt_edges);
/* guards.c: possible outcomes of comparing a with b (a < b by number). */
struct opt_pair {
    jit_ref a, b;
    uint8_t mask, used;
};
struct opt_pairs {
    struct opt_pair *v;
    uint32_t n, size;
};

/* heap.c: a place in memory: base + off [+ idx * stride]. */
struct opt_cell {
    jit_ref base, idx; /* idx: JIT_NOREF when constant (then it is in off) */
    int64_t off;
    uint32_t stride;
    uint8_t size, alias;
    bool whole; /* JIT_DF_WHOLE */
};
struct opt_known {
    struct opt_cell cell;
    jit_ref value;
    char type;
    uint8_t flags; /* JIT_DF_IMMUTABLE, JIT_DF_SIGNED of the descriptor */
    bool exact; /* a load gives `value` (narrow cells may have cut it) */
    bool stored;
    uint32_t label_fact; /* index + 1 into opt_heap.label_facts: known since before the label */
};
/* heap.c: a new object that nobody else knows refers to another one. */
struct opt_hold {
    jit_ref by, held;
};
JIT_VECTOR(struct opt_hold, opt_holds);
struct opt_label_fact {
    struct opt_known k;
    bool used, checked, fails;
};
enum { OPT_HEAP_PENDING = 16,
       OPT_HEAP_CALLS = 16,
       OPT_HEAP_ADDRS = 16 };
/* Cells known per alias class; then the oldest goes. Tests make it small. */
extern unsigned jit_opt_heap_room;
struct opt_heap {
    struct {
        struct opt_known *v;
        uint16_t n, cap, next;
    } known[64]; /* by alias class */
    struct {
        struct opt_cell cell;
        jit_ref op;
    } pending[OPT_HEAP_PENDING]; /* stores nobody has seen yet */
    uint32_t npending;
    jit_ref calls[OPT_HEAP_CALLS]; /* calls that only read, still valid */
    uint32_t ncalls;
    struct opt_label_fact *label_facts;
    uint32_t nlabel_facts;
    struct opt_holds holds;
    jit_ref addrs[OPT_HEAP_ADDRS]; /* getframeaddr: valid until a call moves the frame */
    uint32_t naddrs;
    bool addrs_used, addrs_moved; /* one from before the label was used; the loop has such a call */
};

struct opt {
    const struct jit_ir *in;
    struct jit_ir *out;
    struct jit_arena *arena;
    unsigned passes;
    int round; /* 1, 2 */
    uint32_t label; /* round 2: index of the label, all below is the preamble */
    bool failed; /* memory; sticky */
    struct opt_vals vals; /* parallel to out->ops */
    jit_ref *map; /* round 1: recorded operation -> output value */
    jit_ref *kmap; /* recorded constant -> output constant */
    jit_ref *args; /* room for the longest argument list */
    uint32_t *resume_map; /* source's resume -> output's + 1 */
    uint32_t nresume_map;
    /* guards.c */
    struct opt_edges edges;
    struct opt_pairs pairs;
    int valid, valid_used; /* not_invalidated: 0 no, 1 since before the label, 2 in this round */
    int64_t stack_room; /* guard_stack */
    int stack_valid, stack_used;
    /* cse.c */
    uint32_t *buckets, nbuckets;
    /* heap.c */
    struct opt_heap heap;
    /* peel.c: the jump's resume data, in the output */
    uint32_t jump_resume;
    bool synced; /* round 2: a SYNC call stored the previous iteration's slots; memory is newer now */
    struct opt_known *forbidden; /* facts that did not survive the loop; kept over attempts */
    uint32_t nforbidden;
    bool forget_all, forget_valid;
    int32_t slot_lo; /* of jump_resume; slot_at[slot - slot_lo] is its index + 1 */
    uint32_t nslot_at;
    uint32_t *slot_at, *slot_stamp, stamp;
    int32_t listed_lo; /* slots in any recorded resume data: listed[slot - listed_lo] */
    uint32_t nlisted;
    uint8_t *listed;
};

static inline bool opt_on(const struct opt *o, int pass) { return o->passes >> pass & 1; }

/* The value r stands for now: the constant it is known to be, or itself. */
static inline jit_ref opt_resolve(const struct opt *o, jit_ref r)
{
    return jit_ref_is_const(r) || r == JIT_NOREF || o->vals.v[r].repl == JIT_NOREF ? r : o->vals.v[r].repl;
}
static inline bool opt_is_value(jit_ref r) { return !(r & JIT_K); }

/* opt.c */
void *opt_alloc(struct opt *o, size_t size);
/* Sends op through the chain. *result: the value that stands for it (JIT_NOREF for none). False: OPT_FAIL. */
bool opt_push(struct opt *o, struct opt_op *op, jit_ref *result);
/* Appends without looking at it; tells the passes. resume: index into the output's. */
jit_ref opt_append(struct opt *o, enum jit_opcode opcode, const jit_ref *args, unsigned nargs,
                   const struct jit_descr *descr, uint32_t resume, uint32_t line);
void opt_check(struct opt *o, bool open, const char *where); /* verifies if jit_opt_verify */
/* The operation that defines r if it is in this round and of this kind, else NULL. Rules that make new uses
 * of an operation's arguments ask with this: looking over the label would make values loop-carried. */
const struct jit_op *opt_def(const struct opt *o, jit_ref r, enum jit_opcode opcode);
int64_t opt_ki(const struct opt *o, jit_ref k);
void opt_range(const struct opt *o, jit_ref r, int64_t *lo, int64_t *hi);
static inline bool opt_is_bool(const struct opt *o, jit_ref r)
{
    int64_t lo, hi;
    opt_range(o, r, &lo, &hi);
    return lo >= 0 && hi <= 1;
}

/* passes */
enum opt_verdict opt_fold(struct opt *o, struct opt_op *op);
enum opt_verdict opt_rules(struct opt *o, struct opt_op *op);
enum opt_verdict opt_guards(struct opt *o, struct opt_op *op);
enum opt_verdict opt_cse(struct opt *o, struct opt_op *op);
enum opt_verdict opt_heap(struct opt *o, struct opt_op *op);
void opt_range_init(struct opt *o, jit_ref r); /* guards.c: what the operation alone says */
void opt_guards_note(struct opt *o, jit_ref r);
bool opt_cse_init(struct opt *o);
void opt_cse_note(struct opt *o, jit_ref r);
void opt_heap_note(struct opt *o, jit_ref r);
bool opt_heap_at_label(struct opt *o); /* false: memory */
bool opt_heap_check(struct opt *o); /* false: facts were added to forbidden, try again */

/* virtuals.c: objects that only exits need leave the output. True: done or nothing to do; false: memory. */
bool opt_virtuals(struct opt *o);
/* The field of the allocated object's that points to its own memory at this offset; NULL: none. */
const struct jit_descr *opt_part(const struct jit_op *alloc, int64_t offset);

enum opt_peel { OPT_PEELED,
                OPT_UNPEELED,
                OPT_REDO };
enum opt_peel opt_peel(struct opt *o);
/* Drops what nobody uses (if dce is on) and what is marked dead; renumbers. False: memory. */
bool opt_dce(struct opt *o);

#endif
