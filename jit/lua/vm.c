/* vm.c: the interpreter, and the operations with metamethods that the C API shares with it.
 *
 * One function, vm_execute, runs all Lua frames of one C activation. Its hot state (registers, pc, constants, dispatch
 * table) lives in locals; each instruction does its common case inline and goes through the label
 * `slow` for the rest. The rest are functions of this file that see a frame in memory with its pc saved.
 *
 * A Lua function that an instruction has to call as a metamethod is not run by a recursion: its frame is set up with
 * CIST_CONT, the interpreter goes on in it, and when it returns vm_continue finishes the instruction. The slow functions tell
 * this by returning SLOW_FRAME. A yield in a metamethod that is a C function ends in the same vm_continue.
 *
 * Debug hooks and the recorder are not asked about at each instruction: they are a second dispatch table all of whose
 * entries lead to one place (`watched`). The table is chosen where either may have changed: after calls of C functions,
 * at back edges and on entering functions.
 *
 * Invariants
 *  1. ci->pc and L->top are stale while instructions run inline; SAVE() makes them right. It stands before everything
 *     that can raise, allocate, call or be seen by debug functions.
 *  2. `base` is dead after anything that can move the stack.
 *  3. L->top is meaningful in a Lua frame only between an instruction that leaves an open number of values and the next one,
 *     which takes them.
 *  4. Where a slow function writes a result it recomputes the register's address from L->ci.
 *
 * Before on the walk: codegen.c, opcodes.def. After: call.c, jit.c.
 */
#pragma GCC visibility push(default)
#include <lua5.4/lua.h>
#pragma GCC visibility pop
#include <math.h>
#include <stdlib.h>
#include "lua/fastfunc.h"
#include "lua/jit.h"

#define MAX_META_CHAIN 2000

/* No metamethod asks for new fields of h, as far as is known without looking. */
#define NO_NEWINDEX(h) ((h)->meta == NULL || ((h)->meta->nomm & 1u << MM_NEWINDEX))

static inline bool in_lua_code(const struct lua_State *L) { return !(L->ci->status & (CIST_C | CIST_HOOKED)); }
static inline struct value *reg_of(struct lua_State *L, unsigned r) { return L->ci->func + 1 + r; }

/* ---- comparisons of numbers, exact for mixed operands ---- */

#define TWO63 9223372036854775808.0

static inline bool fits53(int64_t i)
{
    return (uint64_t)i + (1ull << 53) <= 1ull << 54;
}

static bool int_lt_flt(int64_t i, double f)
{
    if (fits53(i))
        return (double)i < f;
    if (f >= TWO63)
        return true;
    return f > -TWO63 && i < (int64_t)ceil(f); /* NaN fails both */
}

static bool int_le_flt(int64_t i, double f)
{
    if (fits53(i))
        return (double)i <= f;
    if (f >= TWO63)
        return true;
    return f >= -TWO63 && i <= (int64_t)floor(f);
}

static bool flt_lt_int(double f, int64_t i)
{
    if (fits53(i))
        return f < (double)i;
    if (f >= TWO63)
        return false;
    return f >= -TWO63 ? (int64_t)floor(f) < i : f < 0;
}

static bool flt_le_int(double f, int64_t i)
{
    if (fits53(i))
        return f <= (double)i;
    if (f >= TWO63)
        return false;
    return f >= -TWO63 ? (int64_t)ceil(f) <= i : f < 0;
}

bool num_lt(const struct value *a, const struct value *b)
{
    if (a->tag == T_INT)
        return b->tag == T_INT ? a->i < b->i : int_lt_flt(a->i, b->n);
    return b->tag == T_FLT ? a->n < b->n : flt_lt_int(a->n, b->i);
}

bool num_le(const struct value *a, const struct value *b)
{
    if (a->tag == T_INT)
        return b->tag == T_INT ? a->i <= b->i : int_le_flt(a->i, b->n);
    return b->tag == T_FLT ? a->n <= b->n : flt_le_int(a->n, b->i);
}

bool num_eq(const struct value *a, const struct value *b)
{
    int64_t i;
    if (a->tag == b->tag)
        return a->tag == T_INT ? a->i == b->i : a->n == b->n;
    return a->tag == T_INT ? int_of_float(b->n, &i) && i == a->i : int_of_float(a->n, &i) && i == b->i;
}

static bool raw_equal(const struct value *a, const struct value *b)
{
    if (a->tag != b->tag)
        return tag_is_number(a->tag) && tag_is_number(b->tag) && num_eq(a, b);
    switch (a->tag) {
    case T_NIL:
    case T_FALSE:
    case T_TRUE: return true;
    case T_FLT: return a->n == b->n;
    case T_STR: return str_eq(a->s, b->s);
    default: return a->bits == b->bits;
    }
}

/* ---- calling metamethods ---- */

enum { SLOW_DONE = 0,
       SLOW_FRAME = 1 }; /* slow functions; comparisons: 0 false, 1 true, CMP_FRAME */
enum { CMP_FRAME = 2 };

/* Calls f(a, b) or f(a, b, c), pushing at L->top. From Lua code a Lua function gets a frame and the call is still
 * to be made: true. Otherwise false, and a result (nres = 1) is at L->top - 1. */
static bool call_mm(struct lua_State *L, const struct value *f, const struct value *a, const struct value *b,
                    const struct value *c, int nres)
{
    struct value *func = L->top;
    setval(func, f);
    setval(func + 1, a);
    setval(func + 2, b);
    if (c != NULL)
        setval(func + 3, c);
    L->top = func + (c != NULL ? 4 : 3);
    bool from_lua = in_lua_code(L);
    if (from_lua && func->tag == T_LCL) {
        call_precall(L, func, nres)->status |= CIST_CONT;
        return true;
    }
    call_function(L, func, nres, from_lua);
    return false;
}

/* The same with the result stored to *res, a stack slot. */
static bool call_mm_to(struct lua_State *L, const struct value *f, const struct value *a, const struct value *b,
                       struct value *res)
{
    ptrdiff_t at = stack_save(L, res);
    if (call_mm(L, f, a, b, NULL, 1))
        return true;
    L->top--;
    setval(stack_restore(L, at), L->top);
    return false;
}

/* ---- reading and writing tables ---- */

static bool index_value(struct lua_State *L, const struct value *t, const struct value *key, struct value *res)
{
    for (int n = 0; n < MAX_META_CHAIN; n++) {
        const struct value *tm;
        if (t->tag == T_TABLE) {
            const struct value *v = table_get(t->t, key);
            if (v->tag != T_NIL) {
                setval(res, v);
                return false;
            }
            tm = meta_fast(L, t->t->meta, MM_INDEX);
            if (tm == NULL) {
                setnil(res);
                return false;
            }
        } else {
            tm = meta_of(L, t, MM_INDEX);
            if (unlikely(tm->tag == T_NIL))
                dbg_typeerror(L, t, "index");
        }
        if (tag_is_function(tm->tag))
            return call_mm_to(L, tm, t, key, res);
        t = tm;
    }
    dbg_runerror(L, "'__index' chain too long; possible loop");
}

static bool store_value(struct lua_State *L, const struct value *t, const struct value *key, const struct value *val)
{
    for (int n = 0; n < MAX_META_CHAIN; n++) {
        const struct value *tm;
        if (t->tag == T_TABLE) {
            struct table *h = t->t;
            struct value *old = (struct value *)table_get(h, key);
            if (old->tag != T_NIL && val->tag != T_NIL && !(h->flags & TF_CLASS)) {
                setval(old, val);
                gc_barrier_back(L, h, val);
                return false;
            }
            if (old->tag != T_NIL || (tm = meta_fast(L, h->meta, MM_NEWINDEX)) == NULL) {
                table_set(L, h, key, val);
                return false;
            }
        } else {
            tm = meta_of(L, t, MM_NEWINDEX);
            if (unlikely(tm->tag == T_NIL))
                dbg_typeerror(L, t, "index");
        }
        if (tag_is_function(tm->tag))
            return call_mm(L, tm, t, key, val, 0);
        t = tm;
    }
    dbg_runerror(L, "'__newindex' chain too long; possible loop");
}

void vm_get(struct lua_State *L, const struct value *t, const struct value *key, struct value *res)
{
    index_value(L, t, key, res);
}

void vm_set(struct lua_State *L, const struct value *t, const struct value *key, const struct value *val)
{
    store_value(L, t, key, val);
}

/* ---- the field cache ----
 * An inline cache knows one shape. Where tables of many shapes come by, the answer to "where is field k of a table with shape s
 * and metatable m" is looked up here before shapes and metatables are searched: one direct-mapped table for the
 * universe, made when first needed. Entries hold what struct icache holds, and the same conditions make them valid. */
#define FIELD_ENTRIES 512
struct field_entry {
    struct shape *shape;
    struct lstr *key;
    struct table *meta; /* NULL: own field at `slot`; else at `holder`, through this metatable */
    struct value *holder;
    uint32_t slot, epoch; /* or holder is &absent_value: the chain has no such field; slot - 1: the own one, if there is one */
};
struct field_cache {
    uint32_t tick;
    struct field_entry at[FIELD_ENTRIES];
};

void vm_fields_clear(struct global *g)
{
    if (g->fields != NULL)
        memset(g->fields, 0, sizeof *g->fields);
}

void vm_fields_free(struct global *g)
{
    free(g->fields);
    g->fields = NULL;
}

static inline struct field_entry *field_entry(struct field_cache *c, const void *shape, const void *key, const void *meta)
{
    uintptr_t h = (uintptr_t)shape >> 4 ^ (uintptr_t)key >> 3 ^ (uintptr_t)meta >> 5;
    return &c->at[(h ^ h >> 9) % FIELD_ENTRIES];
}

/* The value of t[key], or NULL: not cached. Now and then the inline cache is told, so that it follows a program
 * that has moved on to another shape. */
static __attribute__((noinline)) const struct value *field_find(struct global *g, struct table *t, struct lstr *key,
                                                                struct icache *ic)
{
    struct field_cache *c = g->fields;
    if (c == NULL || t->shape == NULL)
        return NULL;
    const struct field_entry *e = field_entry(c, t->shape, key, NULL);
    const struct value *v;
    if (e->shape == t->shape && e->key == key && e->meta == NULL) {
        v = &t->slots[e->slot];
    } else {
        v = &absent_value;
    }
    if (v->tag == T_NIL) {
        if (t->meta == NULL)
            return NULL;
        e = field_entry(c, t->shape, key, t->meta);
        if (e->shape != t->shape || e->key != key || e->meta != t->meta || e->epoch != g->class_epoch)
            return NULL;
        v = e->holder;
        if (v == &absent_value)
            return e->slot == 0 ? v : &t->slots[e->slot - 1];
    }
    if (v->tag == T_NIL)
        return NULL;
    if (unlikely((++c->tick & 15) == 0))
        *ic = (struct icache){.shape = e->shape, .meta = e->meta, .holder = e->holder, .slot = e->slot, .epoch = e->epoch};
    return v;
}

/* Slot of an own field, for stores; -1: not cached. */
static inline int field_slot(const struct global *g, const struct table *t, const struct lstr *key)
{
    struct field_cache *c = g->fields;
    if (c == NULL)
        return -1;
    const struct field_entry *e = field_entry(c, t->shape, key, NULL);
    return e->shape == t->shape && e->key == key && e->meta == NULL && t->shape != NULL ? (int)e->slot : -1;
}

/* Keeps what an inline cache was filled with (a get, or a store to an existing field). */
static void field_note(struct global *g, const struct icache *ic, struct lstr *key)
{
    if (g->fields == NULL && (g->fields = calloc(1, sizeof *g->fields)) == NULL)
        return;
    *field_entry(g->fields, ic->shape, key, ic->meta) =
        (struct field_entry){ic->shape, key, ic->meta, ic->holder, ic->slot, ic->epoch};
}

/* Nothing on the __index chain of t has the field: remembered as well, for fields that are nil now and then. */
static void note_absent(struct lua_State *L, struct table *t, struct lstr *key)
{
    struct table *mt = t->meta;
    for (int depth = 0; mt != NULL; depth++) {
        class_mark(L, mt);
        const struct value *index = meta_fast(L, mt, MM_INDEX);
        if (index == NULL)
            break;
        if (index->tag != T_TABLE || depth == 20)
            return;
        class_mark(L, index->t);
        if (table_getshort(index->t, key)->tag != T_NIL)
            return;
        mt = index->t->meta;
    }
    struct icache ic = {.shape = t->shape, .meta = t->meta, .holder = (struct value *)&absent_value, .epoch = L->g->class_epoch};
    ic.slot = (uint32_t)(shape_find(t->shape, key) + 1);
    field_note(L->g, &ic, key);
}

static inline void own_field(struct icache *ic, struct table *t, const struct value *v)
{
    *ic = (struct icache){.shape = t->shape, .slot = (uint32_t)(v - t->slots)};
}

/* GETFIELD and its like missed their caches. */
static __attribute__((noinline)) int slow_getfield(struct lua_State *L, lua_ins i, const struct value *t,
                                                   struct value *key, struct icache *ic)
{
    if (t->tag == T_TABLE) {
        struct table *h = t->t;
        const struct value *v = table_getshort(h, key->s);
        if (v->tag != T_NIL || h->meta == NULL) {
            setval(reg_of(L, ins_a(i)), v);
            if (h->shape != NULL && v->tag != T_NIL) {
                bool polymorphic = ic->shape != NULL;
                own_field(ic, h, v);
                if (polymorphic)
                    field_note(L->g, ic, key->s);
            }
            return SLOW_DONE;
        }
        if (h->shape != NULL) {
            bool polymorphic = ic->shape != NULL;
            icache_fill_get(L, ic, h, key->s);
            if (ic->shape == h->shape && ic->meta == h->meta) {
                if (polymorphic)
                    field_note(L->g, ic, key->s);
            } else {
                note_absent(L, h, key->s);
            }
        }
    } else if (t->tag == T_STR) { /* methods of strings: cached under shape NULL */
        struct table *mt = L->g->mt[LUA_TSTRING];
        const struct value *index = meta_fast(L, mt, MM_INDEX);
        if (index != NULL && index->tag == T_TABLE) {
            struct value *v = (struct value *)table_getshort(index->t, key->s);
            if (v->tag != T_NIL) {
                class_mark(L, mt);
                class_mark(L, index->t);
                ic->shape = NULL;
                ic->meta = mt;
                ic->holder = v;
                ic->epoch = L->g->class_epoch;
            }
        }
    }
    return index_value(L, t, key, reg_of(L, ins_a(i)));
}

static __attribute__((noinline)) int slow_get(struct lua_State *L, lua_ins i, const struct value *t,
                                              const struct value *key)
{
    return index_value(L, t, key, reg_of(L, ins_a(i)));
}

static __attribute__((noinline)) int slow_getint(struct lua_State *L, lua_ins i, const struct value *t)
{
    struct value key;
    setint(&key, ins_c(i));
    return index_value(L, t, &key, reg_of(L, ins_a(i)));
}

/* GETTABLE with a short string as key. */
static __attribute__((noinline)) int slow_getstr(struct lua_State *L, lua_ins i, const struct value *t,
                                                 const struct value *key, struct icache *ic)
{
    if (t->tag == T_TABLE) {
        struct table *h = t->t;
        const struct value *v = table_getshort(h, key->s);
        if (v->tag != T_NIL) {
            setval(reg_of(L, ins_a(i)), v);
            if (h->shape != NULL) {
                own_field(ic, h, v);
                field_note(L->g, ic, key->s);
            }
            return SLOW_DONE;
        }
        if (h->meta == NULL) {
            setnil(reg_of(L, ins_a(i)));
            return SLOW_DONE;
        }
    }
    return index_value(L, t, key, reg_of(L, ins_a(i)));
}

static __attribute__((noinline)) int slow_setfield(struct lua_State *L, const struct value *t, struct value *key,
                                                   const struct value *val, struct icache *ic)
{
    if (t->tag == T_TABLE) {
        struct table *h = t->t;
        int slot = field_slot(L->g, h, key->s);
        if (slot >= 0 && !(h->flags & TF_CLASS) && (h->slots[slot].tag != T_NIL || NO_NEWINDEX(h))) {
            setval(&h->slots[slot], val);
            gc_barrier_back(L, h, val);
            return SLOW_DONE;
        }
        if (h->meta == NULL || table_getshort(h, key->s)->tag != T_NIL || meta_fast(L, h->meta, MM_NEWINDEX) == NULL) {
            bool polymorphic = ic->shape != NULL;
            table_setfield_ic(L, ic, h, key->s, val);
            if (polymorphic && ic->shape == h->shape && ic->next == NULL)
                field_note(L->g, ic, key->s);
            return SLOW_DONE;
        }
    }
    return store_value(L, t, key, val);
}

static __attribute__((noinline)) int slow_set(struct lua_State *L, const struct value *t, const struct value *key,
                                              const struct value *val)
{
    return store_value(L, t, key, val);
}

static __attribute__((noinline)) int slow_setint(struct lua_State *L, lua_ins i, const struct value *t, int64_t n,
                                                 const struct value *val)
{
    struct value key;
    if (t->tag == T_TABLE && t->t->meta == NULL) {
        table_setint(L, t->t, n, val);
        return SLOW_DONE;
    }
    setint(&key, n);
    return store_value(L, t, &key, val);
}

/* A constructor's items first + 1, ..., first + n: always array elements, so that #{nil, x} is 2. */
static void set_list(struct lua_State *L, struct table *t, const struct value *from, uint32_t first, uint32_t n)
{
    if (first + n > t->acap)
        table_resize(L, t, first + n, 0);
    for (; t->alen < first; t->alen++)
        setnil(&t->arr[t->alen]);
    for (uint32_t j = 0; j < n; j++) {
        setval(&t->arr[first + j], &from[j]);
        gc_barrier_back(L, t, &from[j]);
    }
    while (n > 0 && from[n - 1].tag == T_NIL)
        n--;
    if (t->alen < first + n)
        t->alen = first + n;
}

/* ---- arithmetic ---- */

static _Noreturn void arith_error(struct lua_State *L, const struct value *a, const struct value *b, enum metamethod e)
{
    if (e == MM_CONCAT)
        dbg_concaterror(L, a, b);
    bool bitwise = (e >= MM_BAND && e <= MM_SHR) || e == MM_BNOT;
    if (bitwise && tag_is_number(a->tag) && tag_is_number(b->tag))
        dbg_tointerror(L, a, b);
    dbg_opinterror(L, a, b, bitwise ? "perform bitwise operation on" : "perform arithmetic on");
}

static const struct value *binary_mm(struct lua_State *L, const struct value *a, const struct value *b, enum metamethod e)
{
    const struct value *tm = meta_of(L, a, e);
    if (tm->tag == T_NIL)
        tm = meta_of(L, b, e);
    return tm;
}

static bool arith_value(struct lua_State *L, enum metamethod e, const struct value *a, const struct value *b,
                        struct value *res)
{
    struct value v;
    if (tag_is_number(a->tag) && tag_is_number(b->tag) && num_arith_raw(L, LUA_OPADD + (int)(e - MM_ADD), a, b, &v)) {
        setval(res, &v);
        return false;
    }
    const struct value *tm = binary_mm(L, a, b, e);
    if (unlikely(tm->tag == T_NIL))
        arith_error(L, a, b, e);
    return call_mm_to(L, tm, a, b, res);
}

_Static_assert((int)MM_BNOT - (int)MM_ADD == LUA_OPBNOT - LUA_OPADD, "arithmetic events are in the order of the API's operators");

void vm_arith(struct lua_State *L, int lua_op, const struct value *a, const struct value *b, struct value *res)
{
    arith_value(L, (enum metamethod)(MM_ADD + (lua_op - LUA_OPADD)), a, b, res);
}

static inline enum metamethod arith_event(enum opcode op)
{
    return op == OP_UNM ? MM_UNM : op == OP_BNOT ? MM_BNOT
                                                 : (enum metamethod)(MM_ADD + (op - OP_ADD) % (OP_SHR - OP_ADD + 1));
}

static __attribute__((noinline)) int slow_arith(struct lua_State *L, lua_ins i, const struct value *a,
                                                const struct value *b)
{
    return arith_value(L, arith_event(ins_op(i)), a, b, reg_of(L, ins_a(i)));
}

static bool len_value(struct lua_State *L, const struct value *v, struct value *res)
{
    const struct value *tm;
    if (v->tag == T_STR) {
        setint(res, (int64_t)v->s->len);
        return false;
    }
    if (v->tag == T_TABLE) {
        tm = meta_fast(L, v->t->meta, MM_LEN);
        if (tm == NULL) {
            setint(res, (int64_t)table_len(v->t));
            return false;
        }
    } else {
        tm = meta_of(L, v, MM_LEN);
        if (unlikely(tm->tag == T_NIL))
            dbg_typeerror(L, v, "get length of");
    }
    return call_mm_to(L, tm, v, v, res);
}

void vm_len(struct lua_State *L, struct value *res, const struct value *v)
{
    len_value(L, v, res);
}

static __attribute__((noinline)) int slow_len(struct lua_State *L, lua_ins i, const struct value *v)
{
    return len_value(L, v, reg_of(L, ins_a(i)));
}

/* ---- comparisons with metamethods: 0, 1 or CMP_FRAME ---- */

static int call_cmp(struct lua_State *L, const struct value *tm, const struct value *a, const struct value *b)
{
    if (call_mm(L, tm, a, b, NULL, 1))
        return CMP_FRAME;
    L->top--;
    return !tag_is_false(L->top->tag);
}

static int equal_values(struct lua_State *L, const struct value *a, const struct value *b)
{
    struct table *ma, *mb;
    if (raw_equal(a, b))
        return 1;
    if (L == NULL || a->tag != b->tag)
        return 0;
    if (a->tag == T_TABLE)
        ma = a->t->meta, mb = b->t->meta;
    else if (a->tag == T_UDATA)
        ma = a->u->meta, mb = b->u->meta;
    else
        return 0;
    const struct value *tm = meta_fast(L, ma, MM_EQ);
    if (tm == NULL)
        tm = meta_fast(L, mb, MM_EQ);
    return tm == NULL ? 0 : call_cmp(L, tm, a, b);
}

/* a < b or a <= b when they are not both numbers. A missing __le is made of not (b < a), as the distribution's
 * library does (LUA_COMPAT_LT_LE). */
static int order_values(struct lua_State *L, const struct value *a, const struct value *b, enum metamethod e)
{
    if (a->tag == T_STR && b->tag == T_STR) {
        int c = str_cmp(a->s, b->s);
        return e == MM_LT ? c < 0 : c <= 0;
    }
    const struct value *tm = binary_mm(L, a, b, e);
    if (tm->tag != T_NIL)
        return call_cmp(L, tm, a, b);
    if (e == MM_LE) {
        tm = binary_mm(L, b, a, MM_LT);
        if (tm->tag != T_NIL) {
            struct callinfo *ci = L->ci;
            ci->status |= CIST_LEQ;
            int r = call_cmp(L, tm, b, a);
            if (r == CMP_FRAME)
                return r;
            ci->status &= (uint16_t)~CIST_LEQ;
            return !r;
        }
    }
    dbg_ordererror(L, a, b);
}

static int less_values(struct lua_State *L, const struct value *a, const struct value *b)
{
    if (tag_is_number(a->tag) && tag_is_number(b->tag))
        return num_lt(a, b);
    return order_values(L, a, b, MM_LT);
}

static int lesseq_values(struct lua_State *L, const struct value *a, const struct value *b)
{
    if (tag_is_number(a->tag) && tag_is_number(b->tag))
        return num_le(a, b);
    return order_values(L, a, b, MM_LE);
}

bool vm_equal(struct lua_State *L, const struct value *a, const struct value *b)
{
    return equal_values(L, a, b) != 0;
}

bool vm_less(struct lua_State *L, const struct value *a, const struct value *b)
{
    return less_values(L, a, b) != 0;
}

bool vm_lesseq(struct lua_State *L, const struct value *a, const struct value *b)
{
    return lesseq_values(L, a, b) != 0;
}

/* ---- concatenation ---- */

static inline bool can_concat(const struct value *v) { return v->tag == T_STR || tag_is_number(v->tag); }

#define NUM_ROOM 6 /* numbers of one concatenation that need no string of their own */

/* The n operands that end at top are strings or numbers; the result replaces the first. */
static void join(struct lua_State *L, struct value *top, int n)
{
    char text[NUM_ROOM][48];
    int textlen[NUM_ROOM], nums = 0;
    struct value *first = top - n;
    size_t len = 0;
    for (int j = 0; j < n; j++) {
        struct value *v = first + j;
        size_t l;
        if (v->tag == T_STR) {
            l = v->s->len;
        } else if (nums < NUM_ROOM) {
            l = (size_t)(textlen[nums] = num_to_buf(v, text[nums]));
            nums++;
        } else {
            struct lstr *s = num_to_str(L, v);
            setstr(v, s);
            l = s->len;
        }
        if (unlikely(l >= (size_t)PTRDIFF_MAX - sizeof(struct lstr) - len))
            dbg_runerror(L, "string length overflow");
        len += l;
    }
    char small[STR_SHORT_MAX], *out = small;
    struct lstr *s = NULL;
    if (len > STR_SHORT_MAX) {
        s = str_new_buffer(L, len);
        out = s->data;
    }
    nums = 0;
    for (int j = 0; j < n; j++) {
        const struct value *v = first + j;
        if (v->tag == T_STR) {
            memcpy(out, v->s->data, v->s->len);
            out += v->s->len;
        } else {
            memcpy(out, text[nums], (size_t)textlen[nums]);
            out += textlen[nums++];
        }
    }
    setstr(first, s != NULL ? s : str_new(L, small, len));
}

/* The last `total` values at the top become one. */
static bool concat_values(struct lua_State *L, int total)
{
    while (total > 1) {
        struct value *top = L->top;
        int n = 2;
        if (can_concat(top - 2) && can_concat(top - 1)) {
            if (top[-1].tag == T_STR && top[-2].tag == T_STR && (top[-1].s->len == 0 || top[-2].s->len == 0)) {
                if (top[-2].s->len == 0)
                    setval(top - 2, top - 1);
            } else {
                while (n < total && can_concat(top - n - 1))
                    n++;
                join(L, top, n);
            }
        } else {
            const struct value *tm = binary_mm(L, top - 2, top - 1, MM_CONCAT);
            if (unlikely(tm->tag == T_NIL))
                arith_error(L, top - 2, top - 1, MM_CONCAT);
            if (call_mm(L, tm, top - 2, top - 1, NULL, 1))
                return true;
            top = L->top - 1;
            setval(top - 2, top);
        }
        L->top = top - (n - 1);
        total -= n - 1;
    }
    return false;
}

void vm_concat(struct lua_State *L, int n)
{
    concat_values(L, n);
}

/* A collector step of an instruction: registers from `end` on hold what nobody wants any more, and must not keep objects
 * alive for long loops. */
static __attribute__((noinline)) void collect(struct lua_State *L, struct value *end)
{
    struct callinfo *ci = L->ci;
    L->top = end;
    ci->status |= CIST_EXACT;
    gc_step(L);
    ci->status &= (uint16_t)~CIST_EXACT;
}

/* Finishes CONCAT: the result is in the first operand's register. */
static int concat_done(struct lua_State *L, lua_ins i)
{
    struct value *base = L->ci->func + 1;
    unsigned a = ins_a(i), b = ins_b(i);
    setval(base + a, base + b);
    if (unlikely(L->g->gc_debt > 0))
        collect(L, base + (a > b ? a : b) + 1);
    return SLOW_DONE;
}

static __attribute__((noinline)) int slow_concat(struct lua_State *L, lua_ins i)
{
    L->top = reg_of(L, ins_b(i) + ins_c(i));
    if (concat_values(L, (int)ins_c(i)))
        return SLOW_FRAME;
    return concat_done(L, i);
}

/* ---- numeric for ---- */

/* The limit of an integer loop, clipped to the integers; true: the loop does not run. */
static bool for_limit(struct lua_State *L, int64_t init, const struct value *lim, int64_t step, int64_t *out)
{
    struct value v;
    setval(&v, lim);
    if (v.tag == T_STR && num_from_str(v.s->data, &v) != lim->s->len + 1)
        setval(&v, lim);
    if (v.tag == T_INT) {
        *out = v.i;
    } else if (v.tag == T_FLT) {
        double f = step < 0 ? ceil(v.n) : floor(v.n);
        if (!int_of_float(f, out)) { /* out of range, or NaN */
            if (v.n > 0 ? step < 0 : step > 0)
                return true;
            *out = v.n > 0 ? INT64_MAX : INT64_MIN;
        }
    } else {
        dbg_forerror(L, lim, "limit");
    }
    return step > 0 ? init > *out : init < *out;
}

static bool for_prep_int(struct lua_State *L, struct value *ra)
{
    int64_t init = ra[0].i, step = ra[2].i, limit;
    if (unlikely(step == 0))
        dbg_runerror(L, "'for' step is zero");
    if (for_limit(L, init, ra + 1, step, &limit))
        return false;
    uint64_t count;
    if (step > 0) {
        count = (uint64_t)limit - (uint64_t)init;
        if (step != 1)
            count /= (uint64_t)step;
    } else {
        count = (uint64_t)init - (uint64_t)limit;
        count /= (uint64_t)(-(step + 1)) + 1u;
    }
    setint(ra + 1, (int64_t)count);
    setint(ra + 3, init);
    return true;
}

static bool for_prep_flt(struct lua_State *L, struct value *ra)
{
    double init, limit, step;
    if (!num_of_value(ra + 1, &limit))
        dbg_forerror(L, ra + 1, "limit");
    if (!num_of_value(ra + 2, &step))
        dbg_forerror(L, ra + 2, "step");
    if (!num_of_value(ra, &init))
        dbg_forerror(L, ra, "initial");
    if (step == 0)
        dbg_runerror(L, "'for' step is zero");
    if (step > 0 ? limit < init : init < limit)
        return false;
    setflt(ra, init);
    setflt(ra + 1, limit);
    setflt(ra + 2, step);
    setflt(ra + 3, init);
    return true;
}

bool vm_forprep(struct lua_State *L, struct value *ra)
{
    return ra[0].tag == T_INT && ra[2].tag == T_INT ? for_prep_int(L, ra) : for_prep_flt(L, ra);
}

/* ---- closures and varargs ---- */

static void make_closure(struct lua_State *L, struct lclosure *cl, struct proto *p, unsigned a)
{
    struct lclosure *f = func_new_lua(L, p->nupvals);
    struct value *base = L->ci->func + 1;
    f->p = p;
    setgc(base + a, f, T_LCL); /* anchored */
    for (unsigned n = 0; n < p->nupvals; n++) {
        const struct upvaldesc *u = &p->upvals[n];
        f->upvals[n] = u->instack ? func_find_upval(L, base + u->idx) : cl->upvals[u->idx];
        gc_barrier_obj(L, f, f->upvals[n]);
    }
    if (unlikely(L->g->gc_debt > 0))
        collect(L, base + a + 1);
}

/* The frame moves above its extra arguments: [func, fixed, extra, func', fixed']. */
static void adjust_varargs(struct lua_State *L, struct callinfo *ci, struct proto *p)
{
    ptrdiff_t nfix = p->numparams, actual = L->top - ci->func - 1;
    if (actual < nfix)
        actual = nfix; /* the caller has filled them with nil */
    L->top = ci->func + 1 + actual;
    stack_check(L, p->maxstack + 1);
    struct value *from = ci->func, *to = from + 1 + actual;
    setval(to, from);
    for (ptrdiff_t j = 1; j <= nfix; j++) {
        setval(to + j, from + j);
        setnil(from + j);
    }
    ci->nvarargs = (int32_t)(actual - nfix);
    ci->status |= CIST_VARARG;
    ci->func = to;
    ci->top = to + 1 + p->maxstack;
    L->top = ci->top;
}

/* All varargs to R[a] and up, setting top; the caller handles a fixed number. */
static void open_varargs(struct lua_State *L, struct callinfo *ci, unsigned a)
{
    int n = ci->nvarargs;
    L->top = ci->func + 1 + a;
    stack_check(L, n);
    struct value *to = ci->func + 1 + a, *from = ci->func - n;
    for (int j = 0; j < n; j++)
        setval(to + j, from + j);
    L->top = to + n;
}

/* ---- finishing an instruction ---- */

static void finish_compare(struct callinfo *ci, lua_ins i, bool res)
{
    if (ci->status & CIST_LEQ) {
        ci->status &= (uint16_t)~CIST_LEQ;
        res = !res;
    }
    if (res != op_negates(ins_op(i)))
        ci->pc += ins_e(i);
}

/* The metamethod was called right above the operands that were left. */
static void finish_concat(struct lua_State *L, struct callinfo *ci, lua_ins i)
{
    struct value *top = L->top - 1;
    int left = (int)(top - (ci->func + 1 + ins_b(i)));
    setval(top - 2, top);
    L->top = top - 1;
    if (left <= 2 || !concat_values(L, left - 1))
        concat_done(L, i);
}

void vm_continue(struct lua_State *L)
{
    struct callinfo *ci = L->ci;
    lua_ins i = ci->pc[-1];
    enum opcode op = ins_op(i);
    switch (op) {
    case OP_GETTABUP:
    case OP_GETTABLE:
    case OP_GETFIELD:
    case OP_GETINT:
    case OP_SELF:
    case OP_ADD ... OP_BNOT:
    case OP_LEN:
        L->top--;
        setval(ci->func + 1 + ins_a(i), L->top);
        break;
    case OP_JEQ ... OP_JNGEK:
        L->top--;
        finish_compare(ci, i, !tag_is_false(L->top->tag));
        break;
    case OP_CONCAT:
        finish_concat(L, ci, i);
        break;
    case OP_TAILCALL:
        ci->status |= CIST_TAILRET;
        break;
    case OP_CLOSE: /* closes what is left */
        ci->pc--;
        break;
    case OP_RETURN: /* the same, then returns what was saved */
        L->top = ci->func + 1 + ins_a(i) + ci->u2.nres;
        ci->status |= CIST_TAILRET;
        break;
    default: /* calls and stores: nothing is left to do */
        break;
    }
}

/* ---- C functions that the interpreter runs itself ---- */

static lua_CFunction fn_pcall, fn_xpcall, fn_next, fn_ipairs_step, fn_yield, fn_resume, fn_wrapped;
lua_CFunction vm_sort_function, vm_gsub_function;
static uint64_t special_functions = ~0ull; /* a bit for each of those that CALL treats specially; at first all are looked at */

#define LEARN_AFTER 32 /* calls of C functions: short scripts are not worth a scratch universe */

static inline uint64_t function_bit(lua_CFunction f)
{
    return 1ull << ((uintptr_t)f >> 4 & 63);
}

void vm_know_functions(struct lua_State *L)
{
    if (fn_pcall != NULL)
        return;
    fn_next = fastfunc_ptr(L, FF_base_next);
    fn_ipairs_step = fastfunc_ptr(L, FF_ipairs_iter);
    fn_xpcall = fastfunc_ptr(L, FF_base_xpcall);
    fn_yield = fastfunc_ptr(L, FF_coroutine_yield);
    fn_resume = fastfunc_ptr(L, FF_coroutine_resume);
    fn_wrapped = fastfunc_ptr(L, FF_wrap_func);
    vm_sort_function = fastfunc_ptr(L, FF_table_sort);
    vm_gsub_function = fastfunc_ptr(L, FF_string_gsub);
    fn_pcall = fastfunc_ptr(L, FF_base_pcall);
    special_functions = function_bit(fn_pcall) | function_bit(fn_xpcall) | function_bit(fn_yield) | function_bit(fn_resume) |
                        function_bit(fn_wrapped) | function_bit(vm_sort_function) | function_bit(vm_gsub_function);
}

static void find_functions(struct lua_State *L)
{
    static unsigned calls; /* of the process; it need not be exact */
    if (++calls >= LEARN_AFTER)
        vm_know_functions(L);
}

/* One step of next() in a generic for: out[0], out[1] are the variables, out[-2] the control value. The payload of the
 * closing value out[-1] (nil, so nobody sees it) remembers the position after that key, so that no key is searched for;
 * record_iter.c shares it. False: next itself must do it, because it raises or knows the key of a dead object. */
static inline bool step_next(struct table *t, struct value *out)
{
    const struct value *key = out - 2;
    uint32_t pos = 0;
    if (key->tag == T_INT && (uint64_t)key->i - 1 < t->acap) {
        pos = (uint32_t)key->i;
    } else if (key->tag != T_NIL) {
        pos = out[-1].tag == T_NIL ? (uint32_t)out[-1].bits : 0;
        uint32_t at = pos - 1 - t->acap, nslots = t->shape != NULL ? t->shape->nslots : 0;
        bool holds = at < nslots ? key->tag == T_STR && shape_key(t->shape, at) == key->s
                                 : at - nslots < t->nused && t->node[at - nslots].kbits == key->bits &&
                                       t->node[at - nslots].ktag == key->tag;
        if (unlikely(!holds)) {
            if (table_get(t, key) == &absent_value)
                return false;
            pos = (uint32_t)table_pos_of(NULL, t, key); /* it is there: raises nothing */
        }
    }
    pos = table_next_at(t, pos, out);
    if (pos == 0)
        setnil(out);
    if (likely(out[-1].tag == T_NIL))
        out[-1].bits = pos;
    return true;
}

/* coroutine.yield where no C activation is between it and the resume: its frame stays, as a yield in a C function leaves it. */
static void yield_frame(struct lua_State *L, int nargs, int nres)
{
    if (unlikely(L->g->recording && L->g->rec_L == L))
        lua_jit_abort(L, JITSTAT_A_COROUTINE);
    stack_check(L, LUA_MINSTACK);
    struct callinfo *ci = ci_next(L);
    ci->func = L->top - nargs - 1;
    ci->nresults = (int16_t)nres;
    ci->status = CIST_C;
    ci->top = L->top + LUA_MINSTACK;
    ci->k = NULL;
    ci->u2.nyield = nargs;
    L->ci = ci;
    L->status = LUA_YIELD;
}

/* The call of fn, if it yields or resumes and that can be done here: the thread that goes on. NULL: an ordinary call. */
static struct lua_State *switch_thread(struct lua_State *L, struct value *fn, int nres)
{
    lua_CFunction f = fn->tag == T_LCF ? fn->f : fn->tag == T_CCL ? fn->ccl->f
                                                                  : NULL;
    if (f == NULL)
        return NULL;
    if (f == fn_yield && L->nCcalls == L->resume_ccalls) {
        int n = (int)(L->top - fn) - 1;
        yield_frame(L, n, nres);
        return likely(L->resumer != NULL) ? coro_leave(L, n) : L;
    }
    return f == fn_resume || f == fn_wrapped ? coro_enter(L, fn, nres) : NULL;
}

static inline bool step_ipairs(struct table *t, struct value *out)
{
    uint64_t n = (uint64_t)out[-2].i;
    if (out[-2].tag != T_INT || n >= t->alen || t->arr[n].tag == T_NIL)
        return false;
    setint(out, (int64_t)n + 1);
    setval(out + 1, &t->arr[n]);
    return true;
}

/* ---- the interpreter ---- */

static inline bool is_watched(const struct lua_State *L)
{
    return L->hookmask != 0 || (L->g->recording && L->g->rec_L == L);
}

/* Remainder with the sign of the divisor, b not 0 and not -1. 32-bit division is several times faster. */
static inline int64_t mod_int(int64_t a, int64_t b)
{
    if ((((uint64_t)a | (uint64_t)b) >> 32) == 0)
        return (uint32_t)a % (uint32_t)b;
    int64_t m = a % b;
    return m != 0 && (m ^ b) < 0 ? m + b : m;
}

static inline int64_t div_int(int64_t a, int64_t b)
{
    if ((((uint64_t)a | (uint64_t)b) >> 32) == 0)
        return (uint32_t)a / (uint32_t)b;
    int64_t q = a / b;
    return (a ^ b) < 0 && q * b != a ? q - 1 : q;
}

#define REG(shift) ((struct value *)((char *)base + ((i >> (shift)) & 0xffff0)))
#define KST(shift) ((struct value *)((char *)k + ((i >> (shift)) & 0xffff0)))
#define RA ((struct value *)((char *)base + ((i >> 4) & 0xff0)))
#define RB REG(12)
#define RC REG(28)
#define KB KST(12)
#define KC KST(28)
#define RKC ((struct value *)((char *)(i & (uint64_t)OPK_BIT << 32 ? k : base) + ((i >> 28) & 0x7fff0)))
#define JUMP() (pc += (int64_t)i >> 32)
#define IC() (&cl->p->ic[i >> 48])
#define NEXT() \
    do { \
        i = *pc++; \
        goto *dispatch[(uint8_t)i]; \
    } while (0)
#define SAVE() (ci->pc = pc, L->top = ci->top)
#define SLOW(call) \
    do { \
        SAVE(); \
        slow_result = (call); \
        goto slow; \
    } while (0)
#define COMPARE(call) \
    do { \
        SAVE(); \
        slow_result = (call); \
        goto slow_compare; \
    } while (0)
#define BRANCH(cond) \
    do { \
        if (cond) { \
            JUMP(); \
            NEXT(); \
        } \
        NEXT(); \
    } while (0)
#define OPCASE(name) L_##name

void vm_execute(struct lua_State *L, struct callinfo *ci)
{
    static const void *const plain_table[] = {
#define OP(name, format, what) &&L_##name,
#include "lua/opcodes.def"
    };
    static const void *const watched_table[] = {
#define OP(name, format, what) &&watched,
#include "lua/opcodes.def"
    };
    struct value *base, *k;
    lua_ins *pc, i;
    const void *const *dispatch;
    struct lclosure *cl;
    struct value *callee; /* of a pcall */
    int slow_result;

    if (unlikely(ci->status & CIST_TAILRET))
        goto return_all;
    if (ci->pc == ci->func->lcl->p->code)
        goto entered;

/* Goes on wherever the thread is now. */
reload:
    ci = L->ci;
    cl = ci->func->lcl;
    k = cl->p->k;
    base = ci->func + 1;
    pc = ci->pc;
    dispatch = unlikely(is_watched(L)) ? watched_table : plain_table;
    NEXT();

/* A Lua frame was set up at L->ci. */
entered:
    ci = L->ci;
    cl = ci->func->lcl;
    k = cl->p->k;
    pc = cl->p->code;
    ci->pc = pc;
    dispatch = unlikely(is_watched(L)) ? watched_table : plain_table;
    if (!cl->p->is_vararg) {
        if (unlikely(L->hookmask != 0))
            call_enter_hook(L, ci);
        if (unlikely(--cl->p->fhot.count == 0))
            goto hot_function;
    }
    base = ci->func + 1;
    NEXT();

hot_function: /* ci->pc is saved */
    L->top = ci->top;
    lua_jit_func(L, ci);
    goto reload;

hot_loop : {
    struct hot *h = &cl->p->hot[ins_b(i)];
    ci->pc = pc;
    L->top = ci->top;
    lua_jit_loop(L, ci, h, pc);
    goto reload;
}

/* A slow function has run. */
slow:
    if (slow_result != SLOW_DONE)
        goto entered;
    base = ci->func + 1;
    if (unlikely(is_watched(L)))
        dispatch = watched_table;
    NEXT();

slow_compare:
    if (slow_result == CMP_FRAME)
        goto entered;
    base = ci->func + 1;
    if (unlikely(is_watched(L)))
        dispatch = watched_table;
    BRANCH(slow_result != (int)op_negates((enum opcode)(uint8_t)i));

/* Hooks and the recorder, before each instruction. */
watched:
    if (L->hookmask != 0) {
        if ((uint8_t)i != OP_VARARGPREP && (L->hookmask & (LUA_MASKLINE | LUA_MASKCOUNT)))
            dbg_trace_exec(L, pc - 1);
        base = ci->func + 1;
    } else if (!is_watched(L)) {
        dispatch = plain_table;
    }
    if (L->g->recording && L->g->rec_L == L) {
        ci->pc = pc - 1;
        lua_jit_record(L, ci);
        base = ci->func + 1;
        i = pc[-1];
    }
    goto *plain_table[(uint8_t)i];

    /* ---- moves and constants ---- */
    OPCASE(MOVE) : setval(RA, RB);
    NEXT();
    OPCASE(LOADI) : setint(RA, (int64_t)i >> 32);
    NEXT();
    OPCASE(LOADF) : setflt(RA, (double)((int64_t)i >> 32));
    NEXT();
    OPCASE(LOADK) : setval(RA, &k[(uint32_t)(i >> 32)]);
    NEXT();
    OPCASE(LOADNIL) :
    {
        struct value *ra = RA;
        unsigned n = ins_b(i);
        do {
            setnil(ra++);
        } while (n-- > 0);
        NEXT();
    }
    OPCASE(LOADFALSE) : RA->tag = T_FALSE;
    NEXT();
    OPCASE(LOADTRUE) : RA->tag = T_TRUE;
    NEXT();
    OPCASE(GETUPVAL) : setval(RA, cl->upvals[ins_b(i)]->v);
    NEXT();
    OPCASE(SETUPVAL) :
    {
        struct upval *u = cl->upvals[ins_b(i)];
        struct value *ra = RA;
        setval(u->v, ra);
        gc_barrier(L, u, ra);
        NEXT();
    }

/* ---- reading tables ---- */
#define GET_CACHED(tv, key) \
    struct icache *ic = IC(); \
    if (likely((tv)->tag == T_TABLE)) { \
        struct table *h = (tv)->t; \
        struct shape *sh = h->shape; \
        if (likely(sh == ic->shape && sh != NULL)) { \
            if (likely(ic->meta == NULL)) { \
                const struct value *v = &h->slots[ic->slot]; \
                if (likely(v->tag != T_NIL || h->meta == NULL)) { \
                    setval(RA, v); \
                    NEXT(); \
                } \
            } else if (ic->meta == h->meta && ic->epoch == L->g->class_epoch && ic->holder->tag != T_NIL) { \
                setval(RA, ic->holder); \
                NEXT(); \
            } \
        } \
        const struct value *v = field_find(L->g, h, (key)->s, ic); \
        if (likely(v != NULL)) { \
            setval(RA, v); \
            NEXT(); \
        } \
    } \
    SLOW(slow_getfield(L, i, (tv), (key), ic))

    OPCASE(GETTABUP) :
    {
        const struct value *t = cl->upvals[ins_b(i)]->v;
        GET_CACHED(t, KC);
    }
    OPCASE(GETFIELD) :
    {
        const struct value *t = RB;
        GET_CACHED(t, KC);
    }
    OPCASE(SELF) :
    {
        const struct value *t = RB;
        struct value *ra = RA;
        struct icache *ic = IC();
        if (likely(t->tag == T_TABLE)) {
            struct table *h = t->t;
            struct shape *sh = h->shape;
            settable(ra + 1, h);
            if (likely(sh == ic->shape && sh != NULL)) {
                if (likely(ic->meta == h->meta && ic->meta != NULL)) {
                    if (likely(ic->epoch == L->g->class_epoch && ic->holder->tag != T_NIL)) {
                        setval(ra, ic->holder);
                        NEXT();
                    }
                } else if (ic->meta == NULL) {
                    const struct value *v = &h->slots[ic->slot];
                    if (likely(v->tag != T_NIL)) {
                        setval(ra, v);
                        NEXT();
                    }
                }
            }
            const struct value *v = field_find(L->g, h, KC->s, ic);
            if (likely(v != NULL)) {
                setval(ra, v);
                NEXT();
            }
        } else {
            setval(ra + 1, t);
            if (t->tag == T_STR && ic->shape == NULL && ic->meta == L->g->mt[LUA_TSTRING] && ic->meta != NULL &&
                ic->epoch == L->g->class_epoch && ic->holder->tag != T_NIL) {
                setval(ra, ic->holder);
                NEXT();
            }
        }
        SLOW(slow_getfield(L, i, t, KC, ic));
    }
    OPCASE(GETTABLE) :
    {
        const struct value *t = RB, *key = RC;
        if (likely(t->tag == T_TABLE)) {
            struct table *h = t->t;
            if (likely(key->tag == T_INT)) {
                uint64_t n = (uint64_t)key->i - 1;
                if (likely(n < h->alen)) {
                    const struct value *v = &h->arr[n];
                    if (likely(v->tag != T_NIL || h->meta == NULL)) {
                        setval(RA, v);
                        NEXT();
                    }
                }
            } else if (key->tag == T_STR && key->s->is_short) {
                struct icache *ic = IC();
                struct shape *sh = h->shape;
                if (sh != NULL && sh == ic->shape && ic->meta == NULL && sh->keys != NULL && sh->keys[ic->slot] == key->s) {
                    const struct value *v = &h->slots[ic->slot];
                    if (likely(v->tag != T_NIL)) {
                        setval(RA, v);
                        NEXT();
                    }
                }
                const struct value *v = field_find(L->g, h, key->s, ic);
                if (likely(v != NULL)) {
                    setval(RA, v);
                    NEXT();
                }
                SLOW(slow_getstr(L, i, t, key, ic));
            }
        }
        SLOW(slow_get(L, i, t, key));
    }
    OPCASE(GETINT) :
    {
        const struct value *t = RB;
        if (likely(t->tag == T_TABLE)) {
            struct table *h = t->t;
            uint32_t n = ins_c(i) - 1;
            if (likely(n < h->alen)) {
                const struct value *v = &h->arr[n];
                if (likely(v->tag != T_NIL || h->meta == NULL)) {
                    setval(RA, v);
                    NEXT();
                }
            }
        }
        SLOW(slow_getint(L, i, t));
    }

/* ---- writing tables ---- */
#define SET_CACHED(tv, key) \
    struct icache *ic = IC(); \
    const struct value *val = RKC; \
    if (likely((tv)->tag == T_TABLE)) { \
        struct table *h = (tv)->t; \
        struct shape *sh = h->shape; \
        if (likely(sh == ic->shape && sh != NULL && !(h->flags & TF_CLASS))) { \
            struct value *v = &h->slots[ic->slot]; \
            if (likely(ic->next == NULL)) { \
                if (likely(v->tag != T_NIL || NO_NEWINDEX(h))) { \
                    setval(v, val); \
                    gc_barrier_back(L, h, val); \
                    NEXT(); \
                } \
            } else if (likely(ic->slot < h->slotcap && val->tag != T_NIL && NO_NEWINDEX(h))) { \
                h->shape = ic->next; \
                setval(v, val); \
                if (unlikely(gc_is_black(h))) \
                    gc_barrier_back_(L, (struct gcobj *)h); /* for the shape too */ \
                NEXT(); \
            } \
        } \
    } \
    SLOW(slow_setfield(L, (tv), (key), val, ic))

    OPCASE(SETTABUP) :
    {
        const struct value *t = cl->upvals[ins_a(i)]->v;
        SET_CACHED(t, KB);
    }
    OPCASE(SETFIELD) :
    {
        const struct value *t = RA;
        SET_CACHED(t, KB);
    }
#define SET_ARRAY(h, n, val) \
    if (likely((n) < (h)->alen)) { \
        struct value *v = &(h)->arr[n]; \
        if (likely((v->tag != T_NIL || NO_NEWINDEX(h)) && !((h)->flags & TF_CLASS))) { \
            setval(v, val); \
            gc_barrier_back(L, h, val); \
            NEXT(); \
        } \
    } else if ((n) == (h)->alen && (n) < (h)->acap && val->tag != T_NIL && NO_NEWINDEX(h) && \
               !((h)->flags & TF_CLASS)) { \
        setval(&(h)->arr[n], val); \
        (h)->alen = (uint32_t)(n) + 1; \
        gc_barrier_back(L, h, val); \
        NEXT(); \
    }
    OPCASE(SETTABLE) :
    {
        const struct value *t = RA, *key = RB, *val = RKC;
        if (likely(t->tag == T_TABLE && key->tag == T_INT)) {
            struct table *h = t->t;
            uint64_t n = (uint64_t)key->i - 1;
            SET_ARRAY(h, n, val)
            SLOW(slow_setint(L, i, t, key->i, val));
        }
        SLOW(slow_set(L, t, key, val));
    }
    OPCASE(SETINT) :
    {
        const struct value *t = RA, *val = RKC;
        if (likely(t->tag == T_TABLE)) {
            struct table *h = t->t;
            uint32_t n = ins_b(i) - 1;
            SET_ARRAY(h, n, val)
        }
        SLOW(slow_setint(L, i, t, ins_b(i), val));
    }
    OPCASE(NEWTABLE) :
    {
        SAVE();
        struct table *h = table_new(L, ins_c(i), ins_b(i));
        settable(RA, h);
        if (unlikely(L->g->gc_debt > 0)) {
            collect(L, RA + 1);
            base = ci->func + 1;
        }
        NEXT();
    }
    OPCASE(SETLIST) :
    {
        struct value *ra = RA;
        uint32_t n = ins_b(i);
        ci->pc = pc;
        if (n == 0)
            n = (uint32_t)(L->top - ra) - 1;
        else
            L->top = ci->top;
        set_list(L, ra->t, ra + 1, (uint32_t)(i >> 32), n);
        NEXT();
    }

/* ---- arithmetic: three instructions per operator ---- */
#define ARITH(name, body) \
    OPCASE(name) : \
    { \
        const struct value *b = RB, *c = RC; \
        body \
    } \
    OPCASE(name##K) : \
    { \
        const struct value *b = RB, *c = KC; \
        body \
    } \
    OPCASE(K##name) : \
    { \
        const struct value *b = KB, *c = RC; \
        body \
    }
#define FLOATS(expr) \
    double x, y; \
    if (b->tag == T_FLT) { \
        x = b->n; \
        if (c->tag == T_FLT) \
            y = c->n; \
        else if (c->tag == T_INT) \
            y = (double)c->i; \
        else \
            SLOW(slow_arith(L, i, b, c)); \
    } else if (b->tag == T_INT && c->tag == T_FLT) { \
        x = (double)b->i; \
        y = c->n; \
    } else \
        SLOW(slow_arith(L, i, b, c)); \
    setflt(RA, expr); \
    NEXT();
#define BOTH_INT (b->tag == T_INT && c->tag == T_INT)
#define WRAPPING(op) \
    if (likely(BOTH_INT)) { \
        setint(RA, (int64_t)((uint64_t)b->i op(uint64_t) c->i)); \
        NEXT(); \
    } \
    FLOATS(x op y)
    ARITH(ADD, WRAPPING(+))
    ARITH(SUB, WRAPPING(-))
    ARITH(MUL, WRAPPING(*))
#define MODULO \
    if (likely(BOTH_INT && (uint64_t)c->i + 1 > 1)) { \
        int64_t d = c->i; \
        setint(RA, d > 0 && (d & (d - 1)) == 0 ? b->i & (d - 1) : mod_int(b->i, d)); \
        NEXT(); \
    } \
    if (b->tag == T_FLT && c->tag == T_FLT) { \
        setflt(RA, flt_mod(b->n, c->n)); \
        NEXT(); \
    } \
    SLOW(slow_arith(L, i, b, c));
    ARITH(MOD, MODULO)
#define POWER \
    if (c->tag == T_FLT && b->tag == T_FLT) { \
        setflt(RA, c->n == 2 ? b->n * b->n : flt_pow(b->n, c->n)); \
        NEXT(); \
    } \
    if (c->tag == T_INT && c->i == 2 && tag_is_number(b->tag)) { \
        double x = b->tag == T_FLT ? b->n : (double)b->i; \
        setflt(RA, x *x); \
        NEXT(); \
    } \
    SLOW(slow_arith(L, i, b, c));
    ARITH(POW, POWER)
#define DIVIDE \
    if (BOTH_INT) { \
        setflt(RA, (double)b->i / (double)c->i); \
        NEXT(); \
    } \
    FLOATS(x / y)
    ARITH(DIV, DIVIDE)
#define FLOOR_DIVIDE \
    if (likely(BOTH_INT && (uint64_t)c->i + 1 > 1)) { \
        setint(RA, div_int(b->i, c->i)); \
        NEXT(); \
    } \
    if (b->tag == T_FLT && c->tag == T_FLT) { \
        setflt(RA, floor(b->n / c->n)); \
        NEXT(); \
    } \
    SLOW(slow_arith(L, i, b, c));
    ARITH(IDIV, FLOOR_DIVIDE)
#define BITS(expr) \
    if (likely(BOTH_INT)) { \
        uint64_t x = (uint64_t)b->i, y = (uint64_t)c->i; \
        setint(RA, (int64_t)(expr)); \
        NEXT(); \
    } \
    SLOW(slow_arith(L, i, b, c));
    ARITH(BAND, BITS(x & y))
    ARITH(BOR, BITS(x | y))
    ARITH(BXOR, BITS(x ^ y))
    ARITH(SHL, BITS(likely(y < 64) ? x << y : (uint64_t)int_shl((int64_t)x, (int64_t)y)))
    ARITH(SHR, BITS(likely(y < 64) ? x >> y : y == 1ull << 63 ? 0
                                                              : (uint64_t)int_shl((int64_t)x, -(int64_t)y)))
    OPCASE(UNM) :
    {
        const struct value *b = RB;
        if (b->tag == T_INT) {
            setint(RA, (int64_t)(0 - (uint64_t)b->i));
            NEXT();
        }
        if (likely(b->tag == T_FLT)) {
            setflt(RA, -b->n);
            NEXT();
        }
        SLOW(slow_arith(L, i, b, b));
    }
    OPCASE(BNOT) :
    {
        const struct value *b = RB;
        if (likely(b->tag == T_INT)) {
            setint(RA, ~b->i);
            NEXT();
        }
        SLOW(slow_arith(L, i, b, b));
    }
    OPCASE(NOT) : RA->tag = tag_is_false(RB->tag) ? T_TRUE : T_FALSE;
    NEXT();
    OPCASE(LEN) :
    {
        const struct value *b = RB;
        if (b->tag == T_TABLE) {
            struct table *h = b->t;
            if (likely(h->meta == NULL && h->alen > 0 && h->nints == 0 && h->arr[h->alen - 1].tag != T_NIL)) {
                setint(RA, h->alen);
                NEXT();
            }
        } else if (likely(b->tag == T_STR)) {
            setint(RA, (int64_t)b->s->len);
            NEXT();
        }
        SLOW(slow_len(L, i, b));
    }
    OPCASE(CONCAT) : SLOW(slow_concat(L, i));

    /* ---- jumps ---- */
    OPCASE(JMP) : JUMP();
    NEXT();
    OPCASE(LOOP) : JUMP();
    if (unlikely(L->hookmask != 0))
        dispatch = watched_table;
    if (unlikely(--cl->p->hot[ins_b(i)].count == 0))
        goto hot_loop;
    NEXT();
    OPCASE(JT) : BRANCH(!tag_is_false(RA->tag));
    OPCASE(JF) : BRANCH(tag_is_false(RA->tag));
    OPCASE(JTS) :
    {
        const struct value *b = RB;
        if (!tag_is_false(b->tag)) {
            setval(RA, b);
            JUMP();
        }
        NEXT();
    }
    OPCASE(JFS) :
    {
        const struct value *b = RB;
        if (tag_is_false(b->tag)) {
            setval(RA, b);
            JUMP();
        }
        NEXT();
    }
#define EQUAL(negate) \
    const struct value *a = RA, *b = RB; \
    if (a->tag == b->tag) { \
        if (a->bits == b->bits && a->tag != T_FLT) \
            BRANCH(!negate); \
        if (a->tag == T_INT) \
            BRANCH(negate); \
        if (a->tag == T_FLT) \
            BRANCH((a->n == b->n) != negate); \
        if (a->tag <= T_TRUE) \
            BRANCH(!negate); \
        if (a->tag == T_STR && (a->s->is_short || b->s->is_short)) \
            BRANCH(negate); \
    } else if (a->tag <= T_TRUE || b->tag <= T_TRUE) { \
        BRANCH(negate); \
    } \
    COMPARE(equal_values(L, a, b))
    OPCASE(JEQ) :
    {
        EQUAL(0);
    }
    OPCASE(JNE) : { EQUAL(1); }
#define EQUAL_K(negate) \
    const struct value *a = RA, *b = KB; \
    if (a->tag == b->tag && a->tag != T_FLT) { \
        if (a->bits == b->bits || a->tag <= T_TRUE) \
            BRANCH(!negate); \
        if (a->tag != T_STR || b->s->is_short) \
            BRANCH(negate); \
    } else if (a->tag <= T_TRUE || b->tag == T_STR) { \
        BRANCH(negate); \
    } \
    BRANCH(raw_equal(a, b) != negate)
    OPCASE(JEQK) :
    {
        EQUAL_K(0);
    }
    OPCASE(JNEK) : { EQUAL_K(1); }
#define ORDER(x, y, op, values, negate) \
    const struct value *a = (x), *b = (y); \
    if (likely(a->tag == T_INT && b->tag == T_INT)) \
        BRANCH((a->i op b->i) != negate); \
    if (a->tag == T_FLT && b->tag == T_FLT) \
        BRANCH((a->n op b->n) != negate); \
    COMPARE(values(L, a, b))
    OPCASE(JLT) :
    {
        ORDER(RA, RB, <, less_values, 0);
    }
    OPCASE(JNLT) : { ORDER(RA, RB, <, less_values, 1); }
    OPCASE(JLE) : { ORDER(RA, RB, <=, lesseq_values, 0); }
    OPCASE(JNLE) : { ORDER(RA, RB, <=, lesseq_values, 1); }
    OPCASE(JLTK) : { ORDER(RA, KB, <, less_values, 0); }
    OPCASE(JNLTK) : { ORDER(RA, KB, <, less_values, 1); }
    OPCASE(JLEK) : { ORDER(RA, KB, <=, lesseq_values, 0); }
    OPCASE(JNLEK) : { ORDER(RA, KB, <=, lesseq_values, 1); }
    OPCASE(JGTK) : { ORDER(KB, RA, <, less_values, 0); }
    OPCASE(JNGTK) : { ORDER(KB, RA, <, less_values, 1); }
    OPCASE(JGEK) : { ORDER(KB, RA, <=, lesseq_values, 0); }
    OPCASE(JNGEK) : { ORDER(KB, RA, <=, lesseq_values, 1); }

    /* ---- calls ---- */
    {
        struct value *fn;
        int nargs, nres;
        OPCASE(CALL) : fn = RA;
        nres = (int)ins_c(i) - 1;
        nargs = (int)ins_b(i) - 1;
        if (likely(nargs >= 0))
            L->top = fn + 1 + nargs;
        else
            nargs = (int)(L->top - fn) - 1;
call:
        ci->pc = pc;
        if (likely(fn->tag == T_LCL)) {
            struct lclosure *callee = fn->lcl;
            struct proto *p = callee->p;
            struct callinfo *next = ci->next;
            if (unlikely(next == NULL || L->stack_last - L->top <= p->maxstack)) {
                call_precall(L, fn, nres);
                goto entered;
            }
            next->func = fn;
            next->nresults = (int16_t)nres;
            next->status = 0;
            base = fn + 1;
            next->top = base + p->maxstack;
            for (int np = p->numparams; nargs < np; nargs++)
                setnil(base + nargs);
            cl = callee;
            L->ci = ci = next;
            k = p->k;
            pc = p->code;
            if (unlikely(L->hookmask != 0))
                goto entered;
            if (!p->is_vararg && unlikely(--p->fhot.count == 0)) {
                ci->pc = pc;
                goto hot_function;
            }
            NEXT();
        }
        lua_CFunction f;
        if (fn->tag == T_LCF)
            f = fn->f;
        else if (fn->tag == T_CCL)
            f = fn->ccl->f;
        else
            goto call_any;
        if (unlikely(special_functions & function_bit(f)) && L->hookmask == 0) {
            if (unlikely(fn_pcall == NULL))
                find_functions(L);
            if (f == fn_pcall || f == fn_xpcall) {
                if (call_pcall_possible(L, fn, f == fn_xpcall)) {
                    callee = call_pcall(L, fn, nres, f == fn_xpcall);
                    goto pcall;
                }
            } else if (f == fn_yield || f == fn_resume || f == fn_wrapped) {
                struct lua_State *th = switch_thread(L, fn, nres);
                if (likely(th != NULL)) {
                    L = th;
                    goto switched;
                }
                if (f != fn_yield)
                    f = f == fn_resume ? coro_resume : coro_wrap;
            } else {
                f = vm_own_function(f);
            }
        }
        {
            struct callinfo *next = ci->next;
            if (unlikely(next == NULL || L->hookmask != 0 || L->stack_last - L->top <= LUA_MINSTACK))
                goto call_any;
            next->func = fn;
            next->nresults = (int16_t)nres;
            next->status = CIST_C;
            next->top = L->top + LUA_MINSTACK;
            L->ci = next;
            int n = f(L);
            next = ci->next;
            if (unlikely(L->hookmask != 0 || L->tbclist != 0)) {
                call_poscall(L, next, n);
            } else {
                struct value *res = next->func, *from = L->top - n;
                L->ci = ci;
                nres = next->nresults;
                if (nres == 1) {
                    if (likely(n > 0))
                        setval(res, from);
                    else
                        setnil(res);
                } else if (nres != 0) {
                    int want = nres < 0 ? n : nres, j;
                    for (j = 0; j < want && j < n; j++)
                        setval(res + j, from + j);
                    for (; j < want; j++)
                        setnil(res + j);
                    L->top = res + want;
                }
            }
        }
call_done:
        base = ci->func + 1;
        if (unlikely(is_watched(L)))
            dispatch = watched_table;
        NEXT();
call_any:
        if (call_precall(L, fn, nres) != NULL)
            goto entered;
        goto call_done;

pcall : { /* the frame of pcall or xpcall is there */
    struct lua_State *th = switch_thread(L, callee, LUA_MULTRET);
    if (unlikely(th != NULL)) {
        L = th;
        goto switched;
    }
    if (call_pcall_run(L, callee) != NULL)
        goto entered;
    ci = L->ci;
    if ((uint8_t)ci->pc[-1] == OP_TAILCALL)
        goto return_all;
    goto call_done;
}

/* L has been made the running thread, or has yielded to C. */
switched:
        if (unlikely(L->status == LUA_YIELD))
            return;
        ci = L->ci;
        if (unlikely(ci->status & CIST_TAILRET))
            goto return_all;
        if (ci->pc == ci->func->lcl->p->code)
            goto entered;
        goto reload;

        OPCASE(TFORCALL) : fn = RA + 4;
        if (likely(fn[-4].tag == T_LCF && fn[-3].tag == T_TABLE && L->hookmask == 0)) {
            if (fn[-4].f == fn_next ? step_next(fn[-3].t, fn) : fn[-4].f == fn_ipairs_step && step_ipairs(fn[-3].t, fn)) {
                for (unsigned n = 2; unlikely(n < ins_c(i)); n++)
                    setnil(fn + n);
                NEXT();
            }
        }
        setval(fn, fn - 4);
        setval(fn + 1, fn - 3);
        setval(fn + 2, fn - 2);
        nres = (int)ins_c(i);
        nargs = 2;
        L->top = fn + 3;
        goto call;
    }
    OPCASE(TAILCALL) :
    {
        struct value *fn = RA;
        ci->pc = pc;
        if (ins_b(i) != 0)
            L->top = fn + ins_b(i);
        if (ins_c(i) != 0)
            func_close_upvals(L, base);
        while (!tag_is_function(fn->tag)) {
            fn = call_metamethod(L, fn);
            base = ci->func + 1;
        }
        if (fn->tag != T_LCL) {
            lua_CFunction f = fn->tag == T_LCF ? fn->f : NULL;
            if (unlikely(fn_pcall == NULL))
                find_functions(L);
            if ((f == fn_pcall || f == fn_xpcall) && f != NULL && call_pcall_possible(L, fn, f == fn_xpcall)) {
                callee = call_pcall(L, fn, LUA_MULTRET, f == fn_xpcall);
                goto pcall;
            }
            struct lua_State *th = L->hookmask == 0 ? switch_thread(L, fn, LUA_MULTRET) : NULL;
            if (th != NULL) {
                L = th;
                goto switched;
            }
            call_precall(L, fn, LUA_MULTRET);
            goto return_all;
        }
        struct value *to = ci->func;
        ptrdiff_t n = L->top - fn;
        if (ci->status & CIST_VARARG)
            to -= ci->nvarargs + cl->p->numparams + 1;
        for (ptrdiff_t j = 0; j < n; j++)
            setval(to + j, fn + j);
        struct proto *p = to->lcl->p;
        ci->func = to;
        L->top = to + n;
        if (unlikely(L->stack_last - L->top <= p->maxstack)) {
            stack_grow(L, p->maxstack);
            to = ci->func;
        }
        ci->top = to + 1 + p->maxstack;
        ci->status = (uint16_t)((ci->status & ~CIST_VARARG) | CIST_TAIL);
        for (; n <= p->numparams; n++)
            setnil(to + n);
        goto entered;
    }

    /* ---- returns ---- */
    {
        struct value *from;
        int n;
        OPCASE(RETURN1) : from = RA;
        n = 1;
        if (unlikely(ci->status & (CIST_FRESH | CIST_CONT | CIST_VARARG) || dispatch != plain_table))
            goto return_other;
        {
            struct value *res = base - 1;
            int nres = ci->nresults;
            L->ci = ci = ci->prev;
            if (likely(nres == 1)) {
                setval(res, from);
            } else if (nres != 0) {
                setval(res, from);
                if (nres < 0) {
                    L->top = res + 1;
                } else {
                    for (int j = 1; j < nres; j++)
                        setnil(res + j);
                }
            }
        }
        goto returned;
        OPCASE(RETURN0) : from = base;
        n = 0;
        if (unlikely(ci->status & (CIST_FRESH | CIST_CONT | CIST_VARARG) || dispatch != plain_table))
            goto return_other;
        {
            struct value *res = base - 1;
            int nres = ci->nresults;
            L->ci = ci = ci->prev;
            if (nres < 0)
                L->top = res;
            for (int j = 0; j < nres; j++)
                setnil(res + j);
        }
returned:
        base = ci->func + 1;
        cl = ci->func->lcl;
        k = cl->p->k;
        pc = ci->pc;
        NEXT();
        OPCASE(RETURN) : from = RA;
        n = (int)ins_b(i) - 1;
        if (n < 0)
            n = (int)(L->top - from);
        if (ins_c(i) != 0) {
            ci->pc = pc;
            ci->u2.nres = n;
            L->top = from + n < ci->top ? ci->top : from + n;
            func_close(L, base, CLOSE_KEEP_TOP, true);
            base = ci->func + 1;
            from = RA;
            if (unlikely(is_watched(L)))
                dispatch = watched_table;
        }
        if (unlikely(ci->status & (CIST_FRESH | CIST_CONT) || dispatch != plain_table))
            goto return_save;
        {
            struct value *res = base - 1;
            int nres = ci->nresults;
            if (ci->status & CIST_VARARG)
                res -= ci->nvarargs + cl->p->numparams + 1;
            L->ci = ci = ci->prev;
            int want = nres < 0 ? n : nres, j;
            for (j = 0; j < want && j < n; j++)
                setval(res + j, from + j);
            for (; j < want; j++)
                setnil(res + j);
            L->top = res + want;
        }
        goto returned;

/* L->ci is a Lua frame whose TAILCALL (or RETURN, closed by now) has left its results up to top. */
return_all:
        ci = L->ci;
        ci->status &= (uint16_t)~CIST_TAILRET;
        i = ci->pc[-1];
        base = ci->func + 1;
        from = RA;
        n = (int)(L->top - from);
        dispatch = unlikely(is_watched(L)) ? watched_table : plain_table;
        if (unlikely((uint8_t)i == OP_RETURN)) { /* closing was interrupted by a yield */
            ci->u2.nres = n;
            func_close(L, base, CLOSE_KEEP_TOP, true);
            base = ci->func + 1;
            from = RA;
        }

        goto return_slow;

return_other: /* most often the end of a call from C, as of sort's comparisons */
        if (likely(!(ci->status & (CIST_CONT | CIST_VARARG)) && dispatch == plain_table)) {
            struct value *res = ci->func;
            int want = ci->nresults < 0 ? n : ci->nresults, j;
            L->ci = ci->prev;
            for (j = 0; j < want && j < n; j++)
                setval(res + j, from + j);
            for (; j < want; j++)
                setnil(res + j);
            L->top = res + want;
            goto fresh_returned;
        }
return_save:
        ci->pc = pc;
return_slow: /* hooks, the end of this activation, frames that finish an instruction */
        L->top = from + n;
        if (ci->status & CIST_VARARG)
            ci->func -= ci->nvarargs + ci->func->lcl->p->numparams + 1;
        call_poscall(L, ci, n);
        unsigned status = ci->status;
        ci = L->ci;
        if (status & CIST_FRESH)
            goto fresh_returned;
        if (status & CIST_CONT) {
            if (ci->status & CIST_C)
                call_pcall_finish(L);
            vm_continue(L);
            ci = L->ci;
            if (unlikely(ci->status & CIST_TAILRET))
                goto return_all;
        }
        goto reload;

fresh_returned: /* to C, unless the C activation is gone or never was (coro.c) */
        if (likely(L->resumer == NULL || L->nCcalls != L->resume_ccalls))
            return;
        L = coro_settle(L);
        goto switched;
    }
    OPCASE(VARARGPREP) :
    {
        struct proto *p = cl->p;
        ci->pc = pc;
        adjust_varargs(L, ci, p);
        if (unlikely(L->hookmask != 0)) {
            call_enter_hook(L, ci);
            L->oldpc = 1; /* the next instruction begins a line */
        }
        if (unlikely(--p->fhot.count == 0))
            goto hot_function;
        base = ci->func + 1;
        NEXT();
    }
    OPCASE(VARARG) :
    {
        int want = (int)ins_c(i) - 1;
        if (want < 0) {
            ci->pc = pc;
            open_varargs(L, ci, ins_a(i));
            base = ci->func + 1;
            NEXT();
        }
        struct value *ra = RA, *from = ci->func - ci->nvarargs;
        int n = ci->nvarargs, j;
        for (j = 0; j < want && j < n; j++)
            setval(ra + j, from + j);
        for (; j < want; j++)
            setnil(ra + j);
        NEXT();
    }
    OPCASE(CLOSURE) :
    {
        SAVE();
        make_closure(L, cl, cl->p->protos[(uint32_t)(i >> 32)], ins_a(i));
        base = ci->func + 1;
        NEXT();
    }
    OPCASE(CLOSE) :
    {
        SAVE();
        func_close(L, RA, CLOSE_KEEP_TOP, true);
        base = ci->func + 1;
        if (unlikely(is_watched(L)))
            dispatch = watched_table;
        NEXT();
    }
    OPCASE(TBC) :
    {
        SAVE();
        func_new_tbc(L, RA);
        NEXT();
    }

    /* ---- loops ---- */
    OPCASE(FORPREP) :
    {
        struct value *ra = RA;
        if (likely(ra[0].tag == T_INT && ra[1].tag == T_INT && ra[2].tag == T_INT && ra[2].i == 1)) {
            if (ra[0].i > ra[1].i) {
                JUMP();
                NEXT();
            }
            ra[1].i = (int64_t)((uint64_t)ra[1].i - (uint64_t)ra[0].i);
            setint(ra + 3, ra[0].i);
            NEXT();
        }
        SAVE();
        if (!vm_forprep(L, ra))
            JUMP();
        NEXT();
    }
    OPCASE(FORLOOP) :
    {
        struct value *ra = RA;
        if (likely(ra[2].tag == T_INT)) {
            uint64_t left = (uint64_t)ra[1].i;
            if (likely(left != 0)) {
                int64_t n = (int64_t)((uint64_t)ra[0].i + (uint64_t)ra[2].i);
                ra[1].i = (int64_t)(left - 1);
                ra[0].i = n;
                setint(ra + 3, n);
                goto looped;
            }
            NEXT();
        }
        double n = ra[0].n + ra[2].n;
        if (ra[2].n > 0 ? n <= ra[1].n : ra[1].n <= n) {
            ra[0].n = n;
            setflt(ra + 3, n);
            goto looped;
        }
        NEXT();
    }
    OPCASE(TFORPREP) :
    {
        struct value *ra = RA;
        if (!tag_is_false(ra[3].tag)) {
            SAVE();
            func_new_tbc(L, ra + 3);
        }
        JUMP();
        NEXT();
    }
    OPCASE(TFORLOOP) :
    {
        struct value *ra = RA;
        if (ra[4].tag == T_NIL)
            NEXT();
        setval(ra + 2, ra + 4);
    }
looped:
    JUMP();
    if (unlikely(L->hookmask != 0))
        dispatch = watched_table;
    if (unlikely(--cl->p->hot[ins_b(i)].count == 0))
        goto hot_loop;
    NEXT();
}
