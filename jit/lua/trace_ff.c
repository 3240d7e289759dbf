/* trace_ff.c: helpers of machine code that stand for the standard library (contract: trace_help.c's opening).
 *
 * They do the plain case of a library function on values whose types the trace has guarded. Whatever is
 * not plain (no memory, positions out of range, holes) gives NULL, 0 or -1, and the interpreter calls the library.
 *
 * Before: record_ff.c. After: table.c, string.c, number.c.
 */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include "lua/record_ff.h"

VALUE_FIELDS(d_walk, "walk", AL_MATCH);
CALL(d_call_f_f, "call_f_f", 'f', "f", 0, 0, 0);
CALL(d_call_i_r, "call_i_r", 'i', "r", 0, 0, 0);
CALL(d_call_i_rri, "call_i_rri", 'i', "rri", 0, 0, 0);
CALL(d_call_r_ri, "call_r_ri", 'r', "ri", 0, 0, 0);
CALL(d_call_str_i, "call_str_i", 'r', "ri", JIT_EF_ALLOC, 0, 0);
CALL(d_call_str_ri, "call_str_ri", 'r', "rri", JIT_EF_ALLOC, 0, 0);
CALL(d_call_str_rii, "call_str_rii", 'r', "rrii", JIT_EF_ALLOC, 0, 0);
CALL(d_call_str_rir, "call_str_rir", 'r', "rrir", JIT_EF_ALLOC, 0, 0);
CALL(d_call_str_table, "call_str_table", 'r', "rrrii", JIT_EF_ALLOC | JIT_EF_READS, TABLE_MEM, 0);
CALL(d_call_next_pos, "call_next_pos", 'i', "ri", JIT_EF_READS, TABLE_MEM, 0);
CALL(d_call_pos_of, "call_pos_of", 'i', "rii", JIT_EF_READS, TABLE_MEM, 0);
CALL(d_call_walk, "call_walk", 'i', "rriii", JIT_EF_READS | JIT_EF_WRITES | JIT_EF_KEEP, TABLE_MEM, ALS(AL_MATCH));
CALL(d_call_unpack, "call_unpack", 'i', "rrrii", JIT_EF_READS | JIT_EF_WRITES | JIT_EF_KEEP, TABLE_MEM, TABLE_MEM | ALS(AL_GCHEAD));
CALL(d_call_append, "call_append", 'i', "rrii", JIT_EF_READS | JIT_EF_WRITES | JIT_EF_KEEP, TABLE_MEM, TABLE_MEM | ALS(AL_GCHEAD));
CALL(d_call_insert, "call_insert", 'v', "rriii", JIT_EF_READS | JIT_EF_WRITES | JIT_EF_KEEP, TABLE_MEM, TABLE_MEM | ALS(AL_GCHEAD));
CALL(d_call_remove, "call_remove", 'v', "ri", JIT_EF_READS | JIT_EF_WRITES | JIT_EF_KEEP, TABLE_MEM, ALS(AL_TABLE) | ALS(AL_ARRAY));
CALL(d_call_setmeta, "call_setmeta", 'v', "rrr", JIT_EF_READS | JIT_EF_WRITES | JIT_EF_KEEP, TABLE_MEM, ALS(AL_TABLE) | ALS(AL_GCHEAD));

/* ---- math ---- */

int64_t trh_fmod(int64_t a, int64_t b) { return b == -1 ? 0 : a % b; } /* b is not 0 */
double trh_atan(double y) { return atan2(y, 1.0); }
double trh_log_base(double x, double b) { return b == 2.0 ? log2(x) : b == 10.0 ? log10(x)
                                                                                : log(x) / log(b); }

/* ---- strings ---- */

struct lstr *trh_char(struct lua_State *L, int64_t c)
{
    char b = (char)c;
    return trh_str(L, &b, 1);
}

/* string.sub's i and j; len: of the string. */
static void sub_range(int64_t *i, int64_t *j, size_t n)
{
    int64_t len = (int64_t)n;
    if (*i < 0) *i = *i < -len ? 1 : len + *i + 1;
    else if (*i == 0) *i = 1;
    if (*j > len) *j = len;
    else if (*j < 0) *j = *j < -len ? 0 : len + *j + 1;
}

struct lstr *trh_sub(struct lua_State *L, struct lstr *s, int64_t i, int64_t j)
{
    sub_range(&i, &j, s->len);
    if (i > j) return trh_str(L, "", 0);
    if (i == 1 && j == (int64_t)s->len) return s;
    return trh_str(L, s->data + i - 1, (size_t)(j - i + 1));
}

/* A string of n bytes to be filled: short ones in buf first. */
static char *fill_begin(struct lua_State *L, size_t n, char *buf, struct lstr **out)
{
    *out = NULL;
    if (n <= STR_SHORT_MAX) return buf;
    *out = trh_str(L, NULL, n);
    return *out ? (*out)->data : NULL;
}

static struct lstr *fill_end(struct lua_State *L, struct lstr *out, const char *buf, size_t n) { return out ? out : trh_str(L, buf, n); }

#define MAX_MADE ((size_t)1 << 30) /* longer results are the library's */

struct lstr *trh_rep(struct lua_State *L, const struct lstr *s, int64_t n, const struct lstr *sep)
{
    char buf[STR_SHORT_MAX + 1], *p;
    struct lstr *out;
    size_t ls = sep ? sep->len : 0;
    if (n <= 0) return trh_str(L, "", 0);
    if (s->len + ls > MAX_MADE || (uint64_t)n > MAX_MADE / (s->len + ls + 1)) return NULL;
    size_t len = (size_t)n * s->len + (size_t)(n - 1) * ls;
    if (!(p = fill_begin(L, len, buf, &out))) return NULL;
    while (n-- > 0) {
        memcpy(p, s->data, s->len);
        p += s->len;
        if (n && ls) memcpy(p, sep->data, ls);
        p += ls;
    }
    return fill_end(L, out, buf, len);
}

struct lstr *trh_case(struct lua_State *L, const struct lstr *s, int64_t how)
{
    char buf[STR_SHORT_MAX + 1], *p;
    struct lstr *out;
    size_t n = s->len;
    if (!(p = fill_begin(L, n, buf, &out))) return NULL;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s->data[i];
        if (how == CASE_REVERSE) p[n - 1 - i] = (char)c;
        else p[i] = (char)(how == CASE_UPPER ? toupper(c) : tolower(c));
    }
    return fill_end(L, out, buf, n);
}

/* One conversion of string.format, as the library hands it to snprintf. */

/* Position (from 1) of p in s at or after init (from 1, in range), 0: none. */
int64_t trh_find(const struct lstr *s, const struct lstr *p, int64_t init)
{
    const char *from = s->data + init - 1, *at = memmem(from, s->len - (size_t)(init - 1), p->data, p->len);
    return at ? at - s->data + 1 : 0;
}

/* A string as a number: its tag (T_NIL: none) and payload. Both are functions of the string alone. */
int64_t trh_tonum_tag(const struct lstr *s)
{
    struct value v;
    return num_from_str(s->data, &v) == s->len + 1 ? (int64_t)v.tag : T_NIL;
}

int64_t trh_tonum_bits(const struct lstr *s)
{
    struct value v = {.bits = 0};
    num_from_str(s->data, &v);
    return (int64_t)v.bits;
}

/* ---- tables ---- */

/* Is the table nothing but its array, so that its border is alen? */
static bool plain_array(const struct table *t)
{
    return t->nints == 0 && t->alen > 0 && t->arr[t->alen - 1].tag != T_NIL && !(t->flags & TF_CLASS);
}

/* How many places of a plain array with room for one more table.insert may push up, else 0. Asked by a guard before
 * trh_insert, which the interpreter could not do again. */
int64_t trh_insert_room(struct table *t) { return plain_array(t) && t->alen < t->acap ? t->alen : 0; }

/* table.insert(t, pos, v) inside the array; v is not nil. */
void trh_insert(struct lua_State *L, struct table *t, int64_t pos, int64_t vtag, uint64_t vbits)
{
    struct value v = {.bits = vbits, .tag = (uint32_t)vtag};
    memmove(&t->arr[pos], &t->arr[pos - 1], (t->alen - (size_t)pos + 1) * sizeof *t->arr);
    setval(&t->arr[pos - 1], &v);
    t->alen++;
    gc_barrier_back(L, t, &v);
}

/* How many elements table.remove may take from: the border of a plain array, else 0. */
int64_t trh_plain_len(struct table *t) { return plain_array(t) ? t->alen : 0; }

/* Takes element pos out; the array is plain and has it. */
void trh_remove(struct table *t, int64_t pos)
{
    memmove(&t->arr[pos - 1], &t->arr[pos], (t->alen - (size_t)pos) * sizeof *t->arr);
    t->alen--; /* holes in front of the last element come to the end: table_len looks downwards */
}

/* table.concat of strings and numbers in the array part. */
struct lstr *trh_table_concat(struct lua_State *L, struct table *t, const struct lstr *sep, int64_t i, int64_t j)
{
    size_t len = 0, ls = sep ? sep->len : 0;
    char num[64], buf[STR_SHORT_MAX + 1], *p;
    struct lstr *out;
    if (i > j) return trh_str(L, "", 0);
    if (i < 1 || j > (int64_t)t->alen) return NULL;
    for (int64_t n = i - 1; n < j; n++) {
        const struct value *v = &t->arr[n];
        if (v->tag != T_STR && !tag_is_number(v->tag)) return NULL;
        len += v->tag == T_STR ? v->s->len : (size_t)num_to_buf(v, num);
        if (len > MAX_MADE) return NULL;
    }
    len += (size_t)(j - i) * ls;
    if (len > MAX_MADE || !(p = fill_begin(L, len, buf, &out))) return NULL;
    for (int64_t n = i - 1; n < j; n++) {
        const struct value *v = &t->arr[n];
        if (v->tag == T_STR) {
            memcpy(p, v->s->data, v->s->len);
            p += v->s->len;
        } else {
            size_t k = (size_t)num_to_buf(v, num);
            memcpy(p, num, k);
            p += k;
        }
        if (n + 1 < j && ls) {
            memcpy(p, sep->data, ls);
            p += ls;
        }
    }
    return fill_end(L, out, buf, len);
}

/* table_next_at without the values. */
int64_t trh_next_pos(struct table *t, int64_t pos)
{
    struct value out[2];
    return table_next_at(t, (uint32_t)pos, out);
}

/* Position after a key, -1: it is not in the table. */
int64_t trh_pos_of(struct table *t, int64_t ktag, uint64_t kbits)
{
    struct value k = {.bits = kbits, .tag = (uint32_t)ktag};
    if (ktag == T_INT && kbits - 1 < t->acap) return (int64_t)kbits;
    if (table_get(t, &k) == &absent_value) return -1;
    return table_pos_of(NULL, t, &k); /* raises only if the key is absent */
}

/* Does the entry before pos have the key? */
static bool walk_at(const struct table *t, uint32_t pos, const struct value *k)
{
    uint32_t at = pos - 1 - t->acap, nslots = t->shape ? t->shape->nslots : 0;
    if (pos <= t->acap) return false; /* the key says it */
    if (at < nslots) return k->tag == T_STR && shape_key(t->shape, at) == k->s;
    return at - nslots < t->nused && t->node[at - nslots].ktag == k->tag && t->node[at - nslots].kbits == k->bits;
}

int64_t trh_walk(struct lua_State *L, struct table *t, int64_t pos, int64_t ktag, uint64_t kbits)
{
    struct value k = {.bits = kbits, .tag = (uint32_t)ktag};
    if (ktag == T_NIL) pos = 0;
    else if (ktag <= T_TRUE || !walk_at(t, (uint32_t)pos, &k)) pos = trh_pos_of(t, ktag, kbits);
    if (pos < 0) return -1;
    return table_next_at(t, (uint32_t)pos, L->g->walk);
}

int64_t trh_unpack(struct lua_State *L, struct table *to, struct table *from, int64_t i, int64_t j)
{
    int64_t n = j - i + 1;
    bool gc = false;
    if (i < 1 || j > (int64_t)from->alen || n > UNPACK_MAX || to->alen != 0 || to->nints != 0) return 0;
    if (n <= 0) return 1;
    if (!trh_array_room(L, to, n)) return 0;
    for (int64_t k = 0; k < n; k++) {
        setval(&to->arr[k], &from->arr[i - 1 + k]);
        gc |= tag_is_gc(to->arr[k].tag);
    }
    while (n > 0 && to->arr[n - 1].tag == T_NIL) n--;
    to->alen = (uint32_t)n;
    if (gc && gc_is_black(to)) gc_barrier_back_(L, (struct gcobj *)to);
    return 1;
}

struct lstr *trh_shape_key(struct shape *s, int64_t slot) { return shape_key(s, (uint32_t)slot); }

void trh_setmeta(struct lua_State *L, struct table *t, struct table *mt) { table_setmeta(L, t, mt); }
