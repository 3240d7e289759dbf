/* record_ff.h: between record_ff*.c: one call of a known C function. */
#ifndef JIT_LUA_RECORD_FF_H
#define JIT_LUA_RECORD_FF_H
#include "lua/record.h"

struct ff {
    struct rec_lua *rl;
    struct jit_recorder *r;
    int32_t fslot; /* results begin there */
    int32_t args; /* slot of the first argument */
    int nargs, want; /* want: -1 all results */
    const struct value *now; /* the arguments as they are in memory */
};

struct rv ff_arg(const struct ff *c, int n); /* nil when there are fewer */
uint32_t ff_tag(const struct ff *c, int n); /* T_DEAD: no such argument */
jit_ref ff_ki(const struct ff *c, int64_t i);
void ff_guard(struct ff *c, jit_ref cond, bool now);
bool ff_integer(struct ff *c, int n, int64_t def, jit_ref *out, int64_t *now);
/* Results; all return true, so that a handler can end with them. */
bool ff_results(struct ff *c, const struct rv *v, int n);
bool ff_result(struct ff *c, struct rv v);
bool ff_int(struct ff *c, jit_ref r);
bool ff_made(struct ff *c, jit_ref made, uint32_t tag); /* one result that an allocating helper has made; NULL: leaves the trace */

bool ff_made_all(struct ff *c, const struct rv *v, int n); /* results, some of them made by helpers; guarded already */

bool ff_no_metafield(struct ff *c, int n, const char *name); /* the library would find no such field in the metatable; guarded */

/* Handlers of a library's functions: true, recorded. */
bool ff_string(struct ff *c, int id); /* record_str.c */
bool ff_match(struct ff *c, bool find); /* record_pat.c */
bool ff_gsub(struct ff *c);
bool ff_gmatch_step(struct ff *c);
bool ff_table(struct ff *c, int id); /* record_iter.c: tables and iteration */

#define UNPACK_MAX 10000 /* elements that a list gets from table.unpack without the stack */

/* trace_ff.c */
extern const struct jit_descr d_call_f_f, d_call_i_r, d_call_i_rri, d_call_r_ri, d_call_str_i, d_call_str_ri, d_call_str_rii, d_call_str_rir,
    d_call_str_table, d_call_next_pos, d_call_pos_of, d_call_walk, d_walk_tag, d_walk_i, d_walk_f, d_walk_r, d_call_unpack, d_call_append, d_call_insert, d_call_remove, d_call_setmeta;
int64_t trh_fmod(int64_t a, int64_t b);
double trh_atan(double y);
double trh_log_base(double x, double b);
struct lstr *trh_char(struct lua_State *L, int64_t c);
struct lstr *trh_sub(struct lua_State *L, struct lstr *s, int64_t i, int64_t j);
struct lstr *trh_rep(struct lua_State *L, const struct lstr *s, int64_t n, const struct lstr *sep);
enum { CASE_UPPER,
       CASE_LOWER,
       CASE_REVERSE };
struct lstr *trh_case(struct lua_State *L, const struct lstr *s, int64_t how);
int64_t trh_find(const struct lstr *s, const struct lstr *p, int64_t init);
int64_t trh_tonum_tag(const struct lstr *s);
int64_t trh_tonum_bits(const struct lstr *s);
int64_t trh_insert_room(struct table *t);
void trh_insert(struct lua_State *L, struct table *t, int64_t pos, int64_t vtag, uint64_t vbits);
int64_t trh_plain_len(struct table *t);
void trh_remove(struct table *t, int64_t pos);
struct lstr *trh_table_concat(struct lua_State *L, struct table *t, const struct lstr *sep, int64_t i, int64_t j);
int64_t trh_next_pos(struct table *t, int64_t pos);
int64_t trh_pos_of(struct table *t, int64_t ktag, uint64_t kbits);
/* The entry after a key (nil: the first), which may be the one before pos: its own position, with what it holds in g->walk; 0: there
 * is none; -1: no such key. */
int64_t trh_walk(struct lua_State *L, struct table *t, int64_t pos, int64_t ktag, uint64_t kbits);
int64_t trh_unpack(struct lua_State *L, struct table *to, struct table *from, int64_t i, int64_t j); /* a new list of from[i] ... from[j]; 0: not so simple */
struct lstr *trh_shape_key(struct shape *s, int64_t slot);
void trh_setmeta(struct lua_State *L, struct table *t, struct table *mt);
#endif
