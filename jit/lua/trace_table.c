/* trace_table.c: helpers of machine code for tables and strings (contract: trace_help.c's opening).
 *
 * Before: record_table.c. After: table.c, string.c.
 */
#include "lua/pool.h"
#include "lua/record.h"

VALUE_FIELDS(d_nv, "entry", AL_NODES);
CALL(d_call_get_i, "call_getint", 'r', "ri", JIT_EF_READS, TABLE_MEM, 0);
CALL(d_call_get_r, "call_getstr", 'r', "rr", JIT_EF_READS, TABLE_MEM, 0);
CALL(d_call_get_v, "call_get", 'r', "rii", JIT_EF_READS, TABLE_MEM, 0);
CALL(d_call_set, "call_set", 'i', "rriiii", JIT_EF_READS | JIT_EF_WRITES | JIT_EF_KEEP, TABLE_MEM, TABLE_MEM | ALS(AL_GCHEAD));
CALL(d_call_field, "call_field", 'r', "rrr", JIT_EF_READS, TABLE_MEM, 0);
CALL(d_call_set_field, "call_set_field", 'i', "rrrii", JIT_EF_READS | JIT_EF_WRITES | JIT_EF_KEEP, TABLE_MEM, TABLE_MEM | ALS(AL_GCHEAD));
CALL(d_call_room, "call_add_slot", 'i', "rrr", JIT_EF_READS | JIT_EF_WRITES | JIT_EF_KEEP, TABLE_MEM, ALS(AL_TABLE) | ALS(AL_SLOTS) | ALS(AL_GCHEAD));
CALL(d_call_array_room, "call_array_room", 'i', "rri", JIT_EF_READS | JIT_EF_WRITES | JIT_EF_KEEP, TABLE_MEM, ALS(AL_TABLE) | ALS(AL_ARRAY) | ALS(AL_NODES));
CALL(d_call_newtable_kept, "call_newtable_kept", 'r', "riir", JIT_EF_ALLOC, 0, 0); /* in dictionary form from the start, or of a user's allocator: an exit cannot collect when it fails */
CALL(d_call_len, "call_len", 'i', "r", JIT_EF_READS, TABLE_MEM, 0);
CALL(d_call_tostr, "call_tostr", 'r', "rii", JIT_EF_ALLOC, 0, 0);
CALL(d_call_concat, "call_concat", 'r', "riiiii", JIT_EF_ALLOC, 0, 0);

static const struct jit_made_cell table_cells[] = {
    {&d_table_flags, -1, 0}, {&d_table_nomm, -1, 0}, {&d_table_alen, -1, 0}, {&d_table_meta, -1, 0}, {&d_table_nused, -1, 0}, {&d_table_nints, -1, 0}, {&d_gc_kind, -1, T_TABLE}, {&d_table_acap, 1, 0}, {&d_table_slotcap, 2, 0}, {&d_table_shape, 3, 0}};
static const struct jit_descr *const table_parts[] = {&d_table_arr, &d_table_slots};
static const struct jit_made table_made = {
    .cells = table_cells,
    .ncells = sizeof table_cells / sizeof *table_cells,
    .parts = table_parts,
    .nparts = 2,
    .bytes = sizeof(struct table),
    .bytes_per = {0, sizeof(struct value), sizeof(struct value), 0},
};
/* context, places of the array, fields, the root shape (which the caller knows, and the optimizer has to) */
const struct jit_descr d_call_newtable = {.name = "call_newtable", .kind = JIT_D_CALL, .type = 'r', .args = "riir", .effects = JIT_EF_ALLOC, .made = &table_made};

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

struct try_set {
    struct table *t;
    struct value k, v;
};
static void set_body(struct lua_State *L, void *ud)
{
    struct try_set *s = ud;
    table_set(L, s->t, &s->k, &s->v);
}

/* A new key that goes into a free place of the array or the hash. */
static bool no_memory_needed(const struct table *t, const struct value *k)
{
    if (t->flags & TF_CLASS) return false;
    if (k->tag == T_INT) return k->bits - 1 < t->acap || (t->nused < table_ncap(t) && k->bits - 1 != t->alen);
    return t->nused < table_ncap(t) && k->tag == T_STR && (t->shape == NULL || !k->s->is_short);
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
    if (no_memory_needed(t, &s.k)) {
        set_body(L, &s);
        return 1;
    }
    return trh_try(L, set_body, &s);
}

#define MAX_CHAIN 20

const struct value *trh_field(struct table *t, struct lstr *key, struct lstr *index)
{
    for (int n = 0; n < MAX_CHAIN; n++) {
        const struct value *v = table_getshort(t, key);
        if (v->tag != T_NIL || !t->meta) return v;
        const struct value *next = table_getshort(t->meta, index);
        if (next->tag == T_NIL) return v;
        if (next->tag != T_TABLE) return NULL;
        t = next->t;
    }
    return NULL;
}

int64_t trh_set_field(struct lua_State *L, struct table *t, struct lstr *key, int64_t vtag, uint64_t vbits)
{
    struct value v = {.bits = vbits, .tag = (uint32_t)vtag}, *old = (struct value *)table_getshort(t, key);
    if (old->tag == T_NIL || t->flags & TF_CLASS) return 0;
    setval(old, &v);
    gc_barrier_back(L, t, &v);
    return 1;
}

struct try_room {
    struct table *t;
    uint32_t cap;
};
static void room_body(struct lua_State *L, void *ud)
{
    struct try_room *s = ud;
    table_grow_slots(L, s->t, s->cap);
}

int64_t trh_add_slot(struct lua_State *L, struct table *t, struct shape *next)
{
    if (gc_is_black(t) && gc_is_white(next)) gc_barrier_back_(L, (struct gcobj *)t);
    if (next->nslots <= t->slotcap) return 1;
    struct try_room s = {t, shape_room(next->parent, next->key)};
    if (!trh_sure(L, s.cap * sizeof(struct value), 1)) return trh_try(L, room_body, &s);
    room_body(L, &s);
    return 1;
}

struct try_array {
    struct table *t;
    uint32_t n;
};
static void array_body(struct lua_State *L, void *ud)
{
    struct try_array *s = ud;
    table_resize(L, s->t, s->n, 0);
}

int64_t trh_array_room(struct lua_State *L, struct table *t, int64_t n)
{
    struct try_array s = {t, (uint32_t)n};
    if (s.n <= t->acap) return 1;
    if (t->acap || !trh_sure(L, (size_t)n * sizeof(struct value), 1)) return trh_try(L, array_body, &s);
    array_body(L, &s);
    return 1;
}

struct try_new {
    uint32_t narr, nhash;
    struct table *t;
};
static void new_body(struct lua_State *L, void *ud)
{
    struct try_new *s = ud;
    s->t = table_new(L, s->narr, s->nhash);
}

struct table *trh_newtable(struct lua_State *L, int64_t narr, int64_t nhash, const struct shape *root)
{
    (void)root;
    struct table *t = table_new_quiet(L, (uint32_t)narr, (uint32_t)nhash);
    if (likely(t != NULL)) return t;
    struct try_new s = {(uint32_t)narr, (uint32_t)nhash, NULL};
    trh_try(L, new_body, &s);
    return s.t;
}

int64_t trh_str_eq(const struct lstr *a, const struct lstr *b) { return str_eq(a, b); }

struct try_str {
    const char *s;
    size_t n;
    struct lstr *out;
};
static void str_body(struct lua_State *L, void *ud)
{
    struct try_str *s = ud;
    s->out = s->s ? str_new(L, s->s, s->n) : str_new_buffer(L, s->n);
}

struct lstr *trh_str(struct lua_State *L, const char *s, size_t n)
{
    struct try_str t = {s, n, NULL};
    if (trh_sure(L, offsetof(struct lstr, data) + n + 1, 1)) return s ? str_new(L, s, n) : str_new_buffer(L, n);
    trh_try(L, str_body, &t);
    return t.out;
}

struct lstr *trh_tostr(struct lua_State *L, int64_t tag, uint64_t bits)
{
    char buf[64];
    struct value v = {.bits = bits, .tag = (uint32_t)tag};
    return trh_str(L, buf, (size_t)num_to_buf(&v, buf));
}

/* Bytes of one operand: a string's own, a number's in buf. */
static const char *operand(uint32_t tag, uint64_t bits, char *buf, size_t *n)
{
    if (tag == T_STR) {
        const struct lstr *s = (const struct lstr *)(uintptr_t)bits;
        *n = s->len;
        return s->data;
    }
    struct value v = {.bits = bits, .tag = tag};
    *n = (size_t)num_to_buf(&v, buf);
    return buf;
}

/* Up to four strings and numbers in a row; tags: one byte each, 0 behind the last. */
struct lstr *trh_concat(struct lua_State *L, int64_t tags, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    const uint64_t bits[4] = {a, b, c, d};
    const char *from[4];
    char num[4][64], buf[STR_SHORT_MAX + 1], *p = buf;
    size_t len[4], n = 0, count = 0;
    for (; count < 4 && tags & 0xff; count++, tags >>= 8) {
        from[count] = operand((uint32_t)(tags & 0xff), bits[count], num[count], &len[count]);
        n += len[count];
    }
    struct lstr *out = NULL;
    if (n > STR_SHORT_MAX) {
        if (n > (size_t)1 << 40 || !(out = trh_str(L, NULL, n))) return NULL;
        p = out->data;
    }
    for (size_t i = 0; i < count; i++) p = trh_copy(p, from[i], len[i]);
    return out ? out : trh_str(L, buf, n);
}
