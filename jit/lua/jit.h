/* jit.h: between the files of the guest's JIT side: jit.c (entering and leaving), driver.c (what the
 * engine is told), record*.c (the recorder), fastfunc.c, jitstat_lib.c.
 *
 * Resume frames as this guest fills them (struct jit_resume_frame):
 *   base   first register, in slots relative to the entry frame; base - 1 holds the function
 *   code   struct proto *      pc   index of the instruction to be executed next
 *   flags  low 16 bits: callinfo status; LJF_OPEN: aux[1] is L->top (slot relative to the entry
 *          frame), because the next instruction takes everything up to top; JIT_FRAME_MAKE: the lowest frame has
 *          made a tail call
 *   aux[0] (nresults + 1) | nvarargs << 16
 * A pcall or xpcall that a trace inlined is a frame as well, below its callee's: flags CIST_C | CIST_PCALL, no code,
 * aux[0] nresults + 1, aux[1] 1 for xpcall.
 */
#ifndef JIT_LUA_JIT_H
#define JIT_LUA_JIT_H
#include "lua/guest.h"
#include "trace/recorder.h"

#define LJF_OPEN 0x80000000u
#define LJF_KEEPTOP 0x40000000u /* L->top is in memory as it must be (results of a C call) */

/* Descriptors of the guest's memory: driver.c. Alias classes: one per kind of memory. */
enum lua_alias {
    AL_GCHEAD = 1,
    AL_TABLE,
    AL_SLOTS,
    AL_ARRAY,
    AL_NODES,
    AL_STR,
    AL_LCL,
    AL_UPVAL,
    AL_UPVALUE /* values behind upvalues */,
    AL_STATE,
    AL_CI,
    AL_UDATA,
    AL_GLOBAL,
    AL_PROTO,
    AL_MATCH /* the state's match record, and its walk */
};
#define ALS(x) (1ull << (x))
#define TABLE_MEM (ALS(AL_TABLE) | ALS(AL_SLOTS) | ALS(AL_ARRAY) | ALS(AL_NODES))
/* clang-format off */
#define LUA_DESCRS(X) \
    X(d_table_flags) X(d_table_nomm) X(d_table_alen) X(d_table_arr) X(d_table_shape) X(d_table_slots) X(d_table_meta) X(d_table_acap) X(d_table_slotcap) \
    X(d_table_node) X(d_table_nused) X(d_table_nints) X(d_gc_mark) X(d_gc_kind) X(d_arr_tag) X(d_arr_i) X(d_arr_f) X(d_arr_r) \
    X(d_slot_tag) X(d_slot_i) X(d_slot_f) X(d_slot_r) X(d_node_tag) X(d_node_i) X(d_node_f) X(d_node_r) X(d_node_ktag) X(d_node_key) X(d_node_keyr) \
    X(d_str_len) X(d_str_byte) X(d_str_short) X(d_lcl_proto) X(d_ccl_f) X(d_lcl_upval) X(d_upval_v) X(d_uv_tag) X(d_uv_i) X(d_uv_f) X(d_uv_r) \
    X(d_state_ci) X(d_state_jitci) X(d_state_top) X(d_state_hookmask) X(d_ci_func) X(d_ci_prev) X(d_ci_pc) X(d_ci_status) X(d_ci_nresults) X(d_ci_nvarargs) X(d_udata_meta) X(d_udata_len) X(d_global_debt)
/* clang-format on */
#define X(name) extern const struct jit_descr name;
LUA_DESCRS(X)
#undef X
extern const struct jit_driver lua_driver;

/* driver.c */
struct hot *lua_hot_of(struct jit_key key, int kind); /* the place's counter; NULL: it has none */
uint64_t lua_frame_pc(const struct callinfo *ci); /* index of the next instruction */
int lua_restore_frames_at(struct lua_State *L, struct callinfo *entry, struct value *base, const struct jit_resume_frame *f, uint32_t n);
void lua_sync_frames(struct lua_State *L); /* first thing in every SYNC helper: makes frames of L->jit_resume real, L->ci = innermost */

/* record.c */
void rec_lua_start(struct lua_State *L, struct jit_recorder *r); /* a recording has begun at L->ci (loop, function or bridge) */
void rec_lua_ins(struct lua_State *L, struct jit_recorder *r, struct callinfo *ci); /* before each instruction */

/* jit.c */
void lua_jit_recording(struct lua_State *L, bool on); /* g->recording follows vm->rec */
void lua_jit_proto_init(struct lua_State *L, struct proto *p); /* hot counters; with all inner prototypes */
int lua_jit_set_param(struct lua_State *L, const char *text, const char **err); /* 0 or -1 */
struct lua_jit_unwind {
    uint32_t running, pdepth;
    ptrdiff_t base, errfunc;
    struct callinfo *ci;
};
void lua_jit_unwind_save(struct lua_State *L, struct lua_jit_unwind *u); /* before setjmp */
void lua_jit_unwind_restore(struct lua_State *L, const struct lua_jit_unwind *u); /* after longjmp */
/* jitstat_place.c: functions of the module */
int js_trace_next_iteration(struct lua_State *L);
int js_dont_trace_here(struct lua_State *L);
int js_get_jitcell_at_key(struct lua_State *L);
int js_residual_call(struct lua_State *L);
/* jitstat_lib.c */
int luaopen_jitstat(struct lua_State *L);
void lua_jit_preload(struct lua_State *L); /* makes it known to `require`; raises */
#endif
