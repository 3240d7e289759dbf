/* trace_table.c: helpers of machine code for tables and strings (contract: trace_help.c's opening).
 *
 * Before: record_table.c. After: table.c, string.c.
 */
#include "lua/record.h"

#define CALL(var, nm, ret, as, ef, rd, wr) \
    const struct jit_descr var = {.name = nm, .kind = JIT_D_CALL, .type = ret, .args = as, .effects = ef, .reads = rd, .writes = wr}
#define FIELD(var, nm, field, ty, sz) \
    const struct jit_descr var = {.name = nm, .kind = JIT_D_FIELD, .type = ty, .size = sz, .offset = (int32_t)offsetof(struct value, field), .alias = AL_NODES}
#define TABLE_MEM (ALS(AL_TABLE) | ALS(AL_SLOTS) | ALS(AL_ARRAY) | ALS(AL_NODES))

FIELD(d_nv_tag, "entry.tag", tag, 'i', 4);
FIELD(d_nv_i, "entry.i", i, 'i', 8);
FIELD(d_nv_f, "entry.f", n, 'f', 8);
FIELD(d_nv_r, "entry.r", p, 'r', 8);
CALL(d_call_get_i, "call_getint", 'r', "ri", JIT_EF_READS, TABLE_MEM, 0);
CALL(d_call_get_r, "call_getstr", 'r', "rr", JIT_EF_READS, TABLE_MEM, 0);
CALL(d_call_get_v, "call_get", 'r', "rii", JIT_EF_READS, TABLE_MEM, 0);
CALL(d_call_set, "call_set", 'i', "rriiii", JIT_EF_READS | JIT_EF_WRITES | JIT_EF_KEEP, TABLE_MEM, TABLE_MEM | ALS(AL_GCHEAD));
CALL(d_call_room, "call_add_slot", 'i', "rrr", JIT_EF_READS | JIT_EF_WRITES | JIT_EF_KEEP, TABLE_MEM, ALS(AL_TABLE) | ALS(AL_SLOTS) | ALS(AL_GCHEAD));
CALL(d_call_newtable, "call_newtable", 'r', "rii", JIT_EF_ALLOC, 0, 0);
CALL(d_call_len, "call_len", 'i', "r", JIT_EF_READS, TABLE_MEM, 0);
CALL(d_call_tostr, "call_tostr", 'r', "rii", JIT_EF_ALLOC, 0, 0);
CALL(d_call_concat, "call_concat", 'r', "rrrrr", JIT_EF_ALLOC, 0, 0);

/* The payload of a value as an integer, whatever its type. */
jit_ref trh_bits(struct rec_lua *rl, struct rv v)
{
    switch (tag_type(v.tag)) {
    case 'v': return jit_rec_ki(rl->r, 0);
    case 'i': return v.ref;
    case 'f': return jit_rec_op1(rl->r, JIT_convert_float_bytes_to_longlong, v.ref);
    default: return jit_rec_op1(rl->r, JIT_cast_ptr_to_int, v.ref);
    }
}

const struct value *trh_get(struct table *t, int64_t ktag, uint64_t kbits)
{
    struct value k = {.bits = kbits, .tag = (uint32_t)ktag};
    return table_get(t, &k);
}

struct try_set { struct table *t; struct value k, v; };
static void set_body(struct lua_State *L, void *ud)
{
    struct try_set *s = ud;
    table_set(L, s->t, &s->k, &s->v);
}

int64_t trh_set(struct lua_State *L, struct table *t, int64_t ktag, uint64_t kbits, int64_t vtag, uint64_t vbits)
{
    struct try_set s = {t, {.bits = kbits, .tag = (uint32_t)ktag}, {.bits = vbits, .tag = (uint32_t)vtag}};
    struct value *old = (struct value *)table_get(t, &s.k);
    if (old != &absent_value && old->tag != T_NIL && s.v.tag != T_NIL && !(t->flags & TF_CLASS)) {
        setval(old, &s.v);
        gc_barrier_back(L, t, &s.v);
        return 1;
    }
    if (ktag == T_INT && kbits - 1 == t->alen && t->alen < t->acap && s.v.tag != T_NIL) {
        setval(&t->arr[t->alen++], &s.v);
        gc_barrier_back(L, t, &s.v);
        return 1;
    }
    return trh_try(L, set_body, &s);
}

struct try_room { struct table *t; uint32_t cap; };
static void room_body(struct lua_State *L, void *ud)
{
    struct try_room *s = ud;
    s->t->slots = mem_realloc(L, s->t->slots, s->t->slotcap * sizeof(struct value), s->cap * sizeof(struct value));
    s->t->slotcap = s->cap;
}

int64_t trh_add_slot(struct lua_State *L, struct table *t, struct shape *next)
{
    if (gc_is_black(t) && gc_is_white(next)) gc_barrier_back_(L, (struct gcobj *)t);
    if (next->nslots <= t->slotcap) return 1;
    struct try_room s = {t, t->slotcap ? t->slotcap * 2 : 4};
    return trh_try(L, room_body, &s);
}

struct try_new { uint32_t narr, nhash; struct table *t; };
static void new_body(struct lua_State *L, void *ud)
{
    struct try_new *s = ud;
    s->t = table_new(L, s->narr, s->nhash);
}

struct table *trh_newtable(struct lua_State *L, int64_t narr, int64_t nhash)
{
    struct try_new s = {(uint32_t)narr, (uint32_t)nhash, NULL};
    trh_try(L, new_body, &s);
    return s.t;
}

int64_t trh_str_eq(const struct lstr *a, const struct lstr *b) { return str_eq(a, b); }

struct try_str { const char *s; size_t n; struct lstr *out; };
static void str_body(struct lua_State *L, void *ud)
{
    struct try_str *s = ud;
    s->out = s->s ? str_new(L, s->s, s->n) : str_new_buffer(L, s->n);
}

struct lstr *trh_str(struct lua_State *L, const char *s, size_t n)
{
    struct try_str t = {s, n, NULL};
    trh_try(L, str_body, &t);
    return t.out;
}

struct lstr *trh_tostr(struct lua_State *L, int64_t tag, uint64_t bits)
{
    char buf[64];
    struct value v = {.bits = bits, .tag = (uint32_t)tag};
    return trh_str(L, buf, (size_t)num_to_buf(&v, buf));
}

struct lstr *trh_concat(struct lua_State *L, const struct lstr *a, const struct lstr *b, const struct lstr *c, const struct lstr *d)
{
    size_t la = a->len, lb = b->len, lc = c ? c->len : 0, ld = d ? d->len : 0, n = la + lb + lc + ld;
    char buf[STR_SHORT_MAX + 1], *p = buf;
    struct lstr *out = NULL;
    if (n < la || n > (size_t)1 << 40) return NULL;
    if (n > STR_SHORT_MAX) {
        out = trh_str(L, NULL, n);
        if (!out) return NULL;
        p = out->data;
    }
    memcpy(p, a->data, la);
    memcpy(p + la, b->data, lb);
    if (c) memcpy(p + la + lb, c->data, lc);
    if (d) memcpy(p + la + lb + lc, d->data, ld);
    return out ? out : trh_str(L, buf, n);
}
