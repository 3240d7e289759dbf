/* record.h: between the files of the guest's recorder. r->guest is a struct rec_lua. */
#ifndef JIT_LUA_RECORD_H
#define JIT_LUA_RECORD_H
#include "lua/fastfunc.h"
#include "lua/jit.h"

/* Rows of descriptors: a call, and the parts of a struct value somewhere. */
#define CALL(var, nm, ret, as, ef, rd, wr) \
    const struct jit_descr var = {.name = nm, .kind = JIT_D_CALL, .type = ret, .args = as, .effects = ef, .reads = rd, .writes = wr}
#define VALUE_FIELD(var, nm, field, ty, sz, al) \
    const struct jit_descr var = {.name = nm, .kind = JIT_D_FIELD, .type = ty, .size = sz, .offset = (int32_t)offsetof(struct value, field), .alias = al}
#define VALUE_FIELDS(var, nm, al) \
    VALUE_FIELD(var##_tag, nm ".tag", tag, 'i', 4, al); \
    VALUE_FIELD(var##_i, nm ".i", i, 'i', 8, al); \
    VALUE_FIELD(var##_f, nm ".f", n, 'f', 8, al); \
    VALUE_FIELD(var##_r, nm ".r", p, 'r', 8, al)

/* An object that the trace has made. It is white until a collection, so stores into it need no barrier. Of a table that only
 * its own reference has changed, the recorder knows more than the machine code could ask. */
struct fresh {
    jit_ref ref;
    bool known; /* a table: the rest holds */
    struct shape *shape;
    struct table *meta;
    bool meta_open; /* it has one, another in each run */
    uint32_t slotcap, acap;
};

struct rec_lua {
    struct lua_State *L;
    struct jit_recorder *r;
    struct callinfo *ci; /* the frame that must run next */
    struct proto *p; /* its prototype */
    lua_ins *pc; /* the instruction being recorded */
    struct value *base; /* its registers in memory, now */
    bool first; /* nothing recorded yet */
    void (*pending)(struct rec_lua *rl); /* to be done before the next instruction (results of calls) */
    int32_t pend_slot, pend_n, pend_op;
    uint32_t pend_aux;
    uint32_t npaused; /* instructions passed over inside C calls */
    uint32_t nret_below, ntail; /* returns and tail calls of the lowest frame so far */
    uint32_t nargs; /* arguments of the call that was just inlined, for its VARARGPREP */
    int32_t last_line;
    bool entered; /* a function was entered: its first instruction is next */
    bool returned; /* the instruction before returned below the entry frame */
    uint32_t typed; /* rl_typed_tag at the start */
    char restart; /* the recording failed because one that starts here is worth more: JITSTAT_KIND_ENTRY, or JITSTAT_KIND_LOOP as jit_hot_again; 0: no */
    bool at_loop; /* the instruction before jumped back */
    const struct callinfo *caller; /* ci_new: its predecessor */
    bool via_pcall; /* ci_new: with the frame of a pcall between */
    bool ci_new; /* rl->ci is not known yet: the interpreter makes the frame now */
    jit_ref pend_ref;
    bool many; /* the instruction has met many shapes or classes of objects: it is recorded for all of them */
    bool listed; /* the call before has put its results into the list that this SETLIST makes */
    bool throws; /* the instruction raises an error that an inlined pcall catches: the recording goes on behind that */
    bool end; /* the instruction cannot be recorded but the trace may end before it */
    bool tail; /* a tail call is being recorded */
    bool opened; /* the instruction has set open for the next one */
    bool open; /* the instruction takes everything up to open_top */
    int32_t open_top; /* slot relative to the entry frame */
    struct {
        const lua_ins *head;
        uint32_t count;
        bool few; /* it began in this recording and is known to go round no more often than may be unrolled */
    } unroll[16];
    struct fresh fresh[8]; /* the last objects made on this trace since the collector may have run */
    uint32_t nfresh; /* how many were made */
};

/* A value in the recording: ref is JIT_NOREF for nil, false, true (tag says which). */
struct rv {
    jit_ref ref;
    uint32_t tag;
};

static inline char tag_type(uint32_t tag) { return tag <= T_TRUE ? 'v' : tag == T_INT ? 'i'
                                                                     : tag == T_FLT   ? 'f'
                                                                                      : 'r'; }
/* The register's value, specialised on its present tag. */
struct rv rl_get(struct rec_lua *rl, unsigned reg);
struct rv rl_const(struct rec_lua *rl, const struct value *k); /* a constant of the program */
struct rv rl_rkc(struct rec_lua *rl, unsigned c, const struct value **now); /* RK operand; *now: the value at this moment */
void rl_set(struct rec_lua *rl, unsigned reg, struct rv v);
static inline int32_t rl_slot(struct rec_lua *rl, unsigned reg) { return rl->r->base + (int32_t)reg; }
void rl_fail(struct rec_lua *rl, enum jitstat_abort why);
void rl_end_before(struct rec_lua *rl, enum jitstat_abort why); /* ends the trace before this instruction if it may, else fails */
bool rl_failed(struct rec_lua *rl);
/* Loads a tagged value from memory, specialised on what *now holds: tag from dt, payload from di/df/dr, fields of an
 * address (obj) or items of an array (arr, idx). Emits the tag guard. */
struct rv rl_load_fields(struct rec_lua *rl, jit_ref obj, const struct value *now, const struct jit_descr *dt,
                         const struct jit_descr *di, const struct jit_descr *df, const struct jit_descr *dr);
struct rv rl_load_items(struct rec_lua *rl, jit_ref arr, jit_ref idx, const struct value *now, const struct jit_descr *dt,
                        const struct jit_descr *di, const struct jit_descr *df, const struct jit_descr *dr);
void rl_store_items(struct rec_lua *rl, jit_ref arr, jit_ref idx, struct rv v, const struct jit_descr *dt, const struct jit_descr *di,
                    const struct jit_descr *df, const struct jit_descr *dr);
/* Storing v into obj (now: the object). before: emits what must stand before the store; true: `rl_barrier_back` must follow it. */
bool rl_barrier_before(struct rec_lua *rl, jit_ref obj, const void *now, struct rv v);
void rl_barrier_back(struct rec_lua *rl, jit_ref obj, struct rv v);
void rl_gc_check(struct rec_lua *rl); /* after an allocation; last thing of an instruction: guard resumes at the next */
/* pcall or xpcall (f: where it is now) of a Lua function as two frames; false: not possible. */
bool rl_call_pcall(struct rec_lua *rl, int32_t fslot, const struct value *f, int nargs, int nresults, bool is_xpcall);
/* May the instruction raise an error for which an inlined pcall of this recording is there? Raises v then: the frames above it go. */
bool rl_can_throw(const struct rec_lua *rl);
void rl_throw(struct rec_lua *rl, struct rv v);
void rl_guard_func(struct rec_lua *rl, jit_ref f, const struct value *now);
void rl_results_at_top(struct rec_lua *rl); /* a bridge starts behind a C call: L->top tells how many results there are */
/* Results of a call go to slot `to` as the instruction wants them (-1: all). */
void rl_place_results(struct rec_lua *rl, int32_t to, const struct rv *v, int32_t n, int want);
struct rv rl_upvalue(struct rec_lua *rl, unsigned idx);
jit_ref rl_func(struct rec_lua *rl); /* the running closure */
/* A Lua metamethod call f(a, b) whose result goes where the present instruction says (CIST_CONT). */
void rl_call_meta(struct rec_lua *rl, const struct value *f, jit_ref fref, const struct rv *args, int nargs);
void rl_call_meta_n(struct rec_lua *rl, const struct value *f, jit_ref fref, const struct rv *args, int nargs, int nresults);

void rl_close_upvalues(struct rec_lua *rl, int32_t from); /* slot relative to the entry frame */

/* trace_help.c: functions that machine code calls, and their descriptors. None raises unless it is SYNC. */
jit_ref trh_context(struct rec_lua *rl); /* the thread as a value */
extern const struct jit_descr d_call_pcall, d_call_closure, d_call_close, d_call_barrier, d_call_ccall, d_call_tail_ccall, d_call_i_ii, d_call_f_ff, d_call_i_if, d_call_i_fi, d_call_i_rr;
struct lclosure *trh_closure(struct lua_State *L, struct proto *p, struct lclosure *encl, struct value *base); /* NULL: no memory */
void trh_close(struct lua_State *L, struct value *level);
void trh_barrier_back(struct lua_State *L, struct gcobj *o, struct gcobj *v);
int64_t trh_pcall_here(struct lua_State *L, int64_t n); /* is a pcall as a frame possible, the n-th of the trace? */
int64_t trh_udiv(uint64_t a, uint64_t b);
bool trh_sure(const struct lua_State *L, size_t size, unsigned n); /* n blocks of that size are there for the taking */
bool trh_try(struct lua_State *L, call_pfunc f, void *ud); /* runs f, which may fail for lack of memory only; false: it did */
int64_t trh_tail_ccall(struct lua_State *L, int64_t a, int64_t nargs); /* SYNC; the frame returns what the function does */
int64_t trh_ccall(struct lua_State *L, int64_t a, int64_t nargs, int64_t nresults); /* SYNC; number of results */

/* trace_table.c */
extern const struct jit_descr d_nv_tag, d_nv_i, d_nv_f, d_nv_r, d_call_get_i, d_call_get_r, d_call_get_v, d_call_set, d_call_field, d_call_set_field, d_call_room, d_call_array_room,
    d_call_newtable, d_call_newtable_kept, d_call_len, d_call_tostr, d_call_concat;
jit_ref trh_bits(struct rec_lua *rl, struct rv v);
const struct value *trh_get(struct table *t, int64_t ktag, uint64_t kbits);
int64_t trh_set(struct lua_State *L, struct table *t, int64_t ktag, uint64_t kbits, int64_t vtag, uint64_t vbits); /* 0: no memory */
const struct value *trh_field(struct table *t, struct lstr *key, struct lstr *index); /* through tables as __index; NULL: a function is asked */
int64_t trh_set_field(struct lua_State *L, struct table *t, struct lstr *key, int64_t vtag, uint64_t vbits); /* that is there; 0: it is not */
int64_t trh_add_slot(struct lua_State *L, struct table *t, struct shape *next); /* room for next's slots; 0: no memory */
int64_t trh_array_room(struct lua_State *L, struct table *t, int64_t n); /* for the items 1 ... n; 0: no memory */
struct table *trh_newtable(struct lua_State *L, int64_t narr, int64_t nhash, const struct shape *root);
int64_t trh_str_eq(const struct lstr *a, const struct lstr *b);
struct lstr *trh_str(struct lua_State *L, const char *s, size_t n); /* s NULL: a buffer; NULL: no memory */
struct lstr *trh_tostr(struct lua_State *L, int64_t tag, uint64_t bits);
struct lstr *trh_concat(struct lua_State *L, int64_t tags, uint64_t a, uint64_t b, uint64_t c, uint64_t d);
/* Most pieces of strings are a few bytes: then a call would cost more than the copy. Returns the end. */
static inline char *trh_copy(char *to, const char *from, size_t n)
{
    if (n > 16) {
        memcpy(to, from, n);
    } else if (n >= 8) {
        memcpy(to, from, 8);
        memcpy(to + n - 8, from + n - 8, 8);
    } else if (n >= 4) {
        memcpy(to, from, 4);
        memcpy(to + n - 4, from + n - 4, 4);
    } else {
        for (size_t i = 0; i < n; i++) to[i] = from[i];
    }
    return to + n;
}

/* trace_join.c: a string of pieces. False: too many, nothing is lost. */
#define JOIN_MAX 12 /* pieces that are not text */
#define JOIN_PIECES 32
struct join {
    char plan[480];
    jit_ref bits[JOIN_MAX];
    unsigned len, n, nbits;
};
bool join_text(struct join *j, const char *s, size_t n);
bool join_value(struct rec_lua *rl, struct join *j, struct rv v); /* a string or number, as tostring makes it */
/* One conversion of a format. */
struct join_spec {
    bool left, zero, other; /* flags '-', '0', any of "+ #" */
    char conv; /* the letter */
    uint8_t width, prec; /* 0 ... 99; prec JOIN_NO_PREC: none */
};
#define JOIN_NO_PREC 255
bool join_padded(struct rec_lua *rl, struct join *j, struct rv v, const struct join_spec *f); /* "%-9.3s" of what join_value takes */
bool join_byte(struct rec_lua *rl, struct join *j, struct rv v); /* an integer by "%c" */
bool join_printf(struct rec_lua *rl, struct join *j, struct rv v, const struct join_spec *f, const char *spec); /* integers: spec with ll */
jit_ref join_make(struct rec_lua *rl, struct join *j);
struct lstr *trh_join(struct lua_State *L, const struct lstr *plan, ...); /* NULL: no memory, or a very long number */

/* live.c: may the register be read before it is written, from instruction pc on? */
bool live_reg(const struct proto *p, uint64_t pc, unsigned reg);
void live_forget(const struct proto *p); /* the prototype dies */

/* record_arith.c */
void rl_op_arith(struct rec_lua *rl); /* binary and unary arithmetic */
void rl_op_compare(struct rec_lua *rl); /* JLT ... JNGEK */
/* record_call.c */
void rl_op_call(struct rec_lua *rl);
void rl_op_tailcall(struct rec_lua *rl);
void rl_op_return(struct rec_lua *rl);
void rl_op_vararg(struct rec_lua *rl);
void rl_op_varargprep(struct rec_lua *rl);
void rl_op_forprep(struct rec_lua *rl);
void rl_op_forloop(struct rec_lua *rl);
void rl_op_tforcall(struct rec_lua *rl);
void rl_op_tforloop(struct rec_lua *rl);
uint32_t rl_typed_tag(const struct rec_lua *rl);
bool rl_at_head(struct rec_lua *rl); /* true: the recording ended here (a loop closed or linked), rl is gone */
void rl_back_edge(struct rec_lua *rl, const lua_ins *head); /* the instruction jumps back to head */
void rl_reload_captured(struct rec_lua *rl); /* after unknown code ran: read them again */
#define RV_NIL ((struct rv){JIT_NOREF, T_NIL})
#define RV_BOOL(b) ((struct rv){JIT_NOREF, (b) ? T_TRUE : T_FALSE})

/* record_table.c: each records the instruction rl->pc. */
void rl_op_gettable(struct rec_lua *rl); /* GETTABLE GETFIELD GETINT GETTABUP SELF */
void rl_op_settable(struct rec_lua *rl); /* SETTABLE SETFIELD SETINT SETTABUP */
void rl_op_newtable(struct rec_lua *rl);
void rl_op_setlist(struct rec_lua *rl);
void rl_op_len(struct rec_lua *rl);
void rl_op_concat(struct rec_lua *rl);
void rl_op_equal(struct rec_lua *rl); /* JEQ JNE JEQK JNEK of non-numbers; taken or not is decided by the present values */
struct rv rl_get_str(struct rec_lua *rl, struct rv t, const struct value *tnow, struct lstr *key, bool *meta_called);
/* Metamethod lookup: value now and a ref guarded/constant; false: none (guarded to stay so). */
bool rl_metamethod(struct rec_lua *rl, struct rv v, const struct value *now, enum metamethod e, const struct value **f, jit_ref *fref);

/* v's metatable as it is now; NULL: none. *ref: it, a constant from here on; but where each object has its own (rl_many_metas) it is
 * loaded, and only its shape is fixed. */
struct table *rl_guard_meta(struct rec_lua *rl, struct rv v, const struct value *now, jit_ref *ref);
bool rl_many_metas(const struct table *mt); /* is it one of many that are made alike, one for each object? */
/* The field of v's metatable: *field where it is now, *out its value on the trace. False: there is none, guarded to stay so. */
bool rl_metafield(struct rec_lua *rl, struct rv v, const struct value *now, struct lstr *name, const struct value **field, struct rv *out);
/* Access without metamethods; raw_set: not to class tables, key not nil or NaN. */
struct rv rl_raw_get(struct rec_lua *rl, struct rv t, struct table *h, struct rv key, const struct value *know);
void rl_raw_set(struct rec_lua *rl, struct rv t, struct table *h, struct rv key, const struct value *know, struct rv v);
jit_ref rl_table_len(struct rec_lua *rl, jit_ref t, struct table *h); /* a border, as now */
void rl_append(struct rec_lua *rl, struct rv t, struct table *h, struct rv v); /* t[#t + 1] = v, v is not nil */
jit_ref rl_concat(struct rec_lua *rl, struct rv *s, unsigned n); /* of strings and numbers; overwrites s */
struct fresh *rl_made_fresh(struct rec_lua *rl, jit_ref o);
struct fresh *rl_fresh(struct rec_lua *rl, jit_ref o); /* NULL: not made here, or the collector may have run since */
struct fresh *rl_fresh_table(struct rec_lua *rl, jit_ref o); /* one whose fields are known; NULL */
void rl_table_changes(struct rec_lua *rl, jit_ref t); /* t gets a key or a metatable: others may be the same table */

/* record_ff.c: calls of C functions that are known. True: recorded (results set, nothing pending). */
bool rl_fast_call(struct rec_lua *rl, int32_t fslot, int32_t args, const struct value *f, int nargs, int nresults); /* args: first argument's slot */
#endif
