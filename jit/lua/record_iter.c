/* record_iter.c: traversals and the table library on traces.
 *
 * next() has to find the key it is given before it can step. A traversal by `for` knows where it stands: the position
 * after the control key is kept as the payload of the loop's fourth hidden register (the closing value, when that is
 * nil, so that nobody can see its payload). Interpreter and traces share this: whoever takes over checks that the
 * entry before the position has the control key, else the key is searched for.
 *
 * Invariants
 *  1. A position is only a hint: every step checks bounds and the control key, so whatever a program does to the table or
 *     (with the debug library) to the hidden registers in between, memory is safe and the step is next()'s.
 *  2. In a loop without stores to tables the check is answered by what the step before loaded.
 *
 * Before: record_ff.c. After: trace_ff.c, vm.c (step_next).
 */
#include "lua/record_ff.h"

struct walk {
    struct rv t;
    struct table *h;
    jit_ref pos; /* position after the control key */
    uint32_t now;
    uint32_t nslots;
    bool shape_known;
};

static jit_ref get(struct ff *c, const struct jit_descr *d, jit_ref obj) { return jit_rec_get(c->r, d, obj); }
static jit_ref op2(struct ff *c, enum jit_opcode op, jit_ref a, jit_ref b) { return jit_rec_op2(c->r, op, a, b); }
static jit_ref kshape(struct ff *c, const struct walk *w) { return jit_rec_kr(c->r, w->h->shape, true); }

static void guard_shape(struct ff *c, struct walk *w)
{
    if (w->shape_known) return;
    w->shape_known = true;
    jit_ref s = get(c, &d_table_shape, w->t.ref);
    if (w->h->shape) jit_rec_guard_value(c->r, s, kshape(c, w));
    else jit_rec_guard_isnull(c->r, s);
}

/* pos - acap - less */
static jit_ref beyond_array(struct ff *c, const struct walk *w, jit_ref pos, uint32_t less)
{
    return op2(c, JIT_int_sub, op2(c, JIT_int_sub, pos, get(c, &d_table_acap, w->t.ref)), ff_ki(c, less));
}

static bool is_node(const struct walk *w, uint32_t pos) { return pos >= w->h->acap + w->nslots + 1; }

/* Payload of a node's key as raw bits, to compare. */
static void guard_node_key(struct ff *c, struct walk *w, jit_ref i, struct rv key)
{
    jit_ref node = get(c, &d_table_node, w->t.ref);
    jit_rec_guard_value(c->r, jit_rec_aget(c->r, &d_node_ktag, node, i), ff_ki(c, key.tag));
    switch (tag_type(key.tag)) {
    case 'r': jit_rec_guard_true(c->r, op2(c, JIT_ptr_eq, jit_rec_aget(c->r, &d_node_keyr, node, i), key.ref)); break;
    case 'i': jit_rec_guard_true(c->r, op2(c, JIT_int_eq, jit_rec_aget(c->r, &d_node_key, node, i), key.ref)); break;
    case 'f': jit_rec_guard_true(c->r, op2(c, JIT_int_eq, jit_rec_aget(c->r, &d_node_key, node, i), trh_bits(c->rl, key))); break;
    default: break;
    }
}

/* Does the entry before position pos have the control key? (What the checks on the trace will ask.) */
static bool position_holds(const struct walk *w, uint64_t pos, const struct value *key)
{
    const struct table *h = w->h;
    uint64_t i = pos - h->acap - 1;
    if (i < w->nslots) return key->tag == T_STR && shape_key(h->shape, (uint32_t)i) == key->s;
    i -= w->nslots;
    return pos > h->acap && i < h->nused && h->node[i].ktag == key->tag && (key->tag <= T_TRUE || h->node[i].kbits == key->bits);
}

static void guard_position(struct ff *c, struct walk *w, struct rv key)
{
    guard_shape(c, w);
    if (is_node(w, w->now)) {
        jit_ref i = beyond_array(c, w, w->pos, w->nslots + 1);
        jit_rec_guard_true(c->r, op2(c, JIT_uint_lt, i, get(c, &d_table_nused, w->t.ref)));
        guard_node_key(c, w, i, key);
        return;
    }
    jit_ref i = beyond_array(c, w, w->pos, 1);
    jit_rec_guard_true(c->r, op2(c, JIT_uint_lt, i, ff_ki(c, w->nslots)));
    jit_ref args[2] = {kshape(c, w), i};
    jit_rec_guard_true(c->r, op2(c, JIT_ptr_eq, jit_rec_call(c->r, &d_call_r_ri, (const void *)trh_shape_key, args, 2), key.ref));
}

/* Where the traversal stands. iter: of a generic for. False: an invalid key. */
static bool walk_start(struct ff *c, struct walk *w, bool iter)
{
    struct rv key = ff_arg(c, 1);
    const struct value *now = &c->now[1];
    if (key.tag == T_NIL) {
        w->pos = ff_ki(c, 0);
        return true;
    }
    if (key.tag == T_INT && (uint64_t)now->i - 1 < w->h->acap) {
        jit_rec_guard_true(c->r, op2(c, JIT_uint_lt, op2(c, JIT_int_sub, key.ref, ff_ki(c, 1)), get(c, &d_table_acap, w->t.ref)));
        w->pos = key.ref;
        w->now = (uint32_t)now->i;
        return true;
    }
    if (iter && c->now[2].tag == T_NIL && position_holds(w, c->now[2].bits, now)) {
        w->pos = jit_rec_load(c->r, c->args + 2, T_NIL, 'i');
        w->now = (uint32_t)c->now[2].bits;
        if (w->pos != JIT_NOREF) {
            guard_position(c, w, key);
            return true;
        }
    }
    int64_t pos = trh_pos_of(w->h, now->tag, now->bits);
    if (pos < 0) return false;
    jit_ref args[3] = {w->t.ref, ff_ki(c, key.tag), trh_bits(c->rl, key)};
    w->pos = jit_rec_call(c->r, &d_call_pos_of, (const void *)trh_pos_of, args, 3);
    w->now = (uint32_t)pos;
    jit_rec_guard_true(c->r, op2(c, JIT_int_ge, w->pos, ff_ki(c, 0)));
    return true;
}

/* The found entry's value: specialised if somebody wants it. */
static struct rv entry_value(struct ff *c, jit_ref arr, jit_ref i, const struct value *now, const struct jit_descr *dt, const struct jit_descr *di,
                             const struct jit_descr *df, const struct jit_descr *dr)
{
    if (c->want < 0 || c->want > 1) return rl_load_items(c->rl, arr, i, now, dt, di, df, dr);
    jit_rec_guard_true(c->r, jit_rec_op1(c->r, JIT_int_is_true, jit_rec_aget(c->r, dt, arr, i)));
    return RV_NIL;
}

static struct rv node_key(struct ff *c, jit_ref node, jit_ref i, uint32_t tag)
{
    jit_rec_guard_value(c->r, jit_rec_aget(c->r, &d_node_ktag, node, i), ff_ki(c, tag));
    switch (tag_type(tag)) {
    case 'r': return (struct rv){jit_rec_aget(c->r, &d_node_keyr, node, i), tag};
    case 'i': return (struct rv){jit_rec_aget(c->r, &d_node_key, node, i), tag};
    case 'f': return (struct rv){jit_rec_op1(c->r, JIT_convert_longlong_bytes_to_float, jit_rec_aget(c->r, &d_node_key, node, i)), tag};
    default: return (struct rv){JIT_NOREF, tag};
    }
}

/* Position of the next entry. One further on: the checks of the entry itself are enough; else it is searched for. */
static jit_ref step(struct ff *c, const struct walk *w, uint32_t found)
{
    if (found == w->now + 1) return op2(c, JIT_int_add, w->pos, ff_ki(c, 1));
    jit_ref args[2] = {w->t.ref, w->pos};
    return jit_rec_call(c->r, &d_call_next_pos, (const void *)trh_next_pos, args, 2);
}

static void entry_array(struct ff *c, const struct walk *w, jit_ref pos, uint32_t found, struct rv *out)
{
    jit_ref i = op2(c, JIT_int_sub, pos, ff_ki(c, 1));
    jit_rec_guard_true(c->r, op2(c, JIT_uint_lt, i, get(c, &d_table_alen, w->t.ref)));
    out[0] = (struct rv){pos, T_INT};
    out[1] = entry_value(c, get(c, &d_table_arr, w->t.ref), i, &w->h->arr[found - 1], &d_arr_tag, &d_arr_i, &d_arr_f, &d_arr_r);
}

static void entry_slot(struct ff *c, struct walk *w, jit_ref pos, uint32_t found, struct rv *out)
{
    uint32_t n = found - 1 - w->h->acap;
    guard_shape(c, w);
    jit_ref i = beyond_array(c, w, pos, 1), args[2] = {kshape(c, w), i};
    jit_rec_guard_true(c->r, op2(c, JIT_uint_lt, i, ff_ki(c, w->nslots)));
    out[0] = (struct rv){jit_rec_call(c->r, &d_call_r_ri, (const void *)trh_shape_key, args, 2), T_STR};
    out[1] = entry_value(c, get(c, &d_table_slots, w->t.ref), i, &w->h->slots[n], &d_slot_tag, &d_slot_i, &d_slot_f, &d_slot_r);
}

static void entry_node(struct ff *c, struct walk *w, jit_ref pos, uint32_t found, struct rv *out)
{
    const struct node *nd = &w->h->node[found - 1 - w->h->acap - w->nslots];
    guard_shape(c, w);
    jit_ref i = beyond_array(c, w, pos, w->nslots + 1);
    jit_rec_guard_true(c->r, op2(c, JIT_uint_lt, i, get(c, &d_table_nused, w->t.ref)));
    jit_ref node = get(c, &d_table_node, w->t.ref);
    out[1] = entry_value(c, node, i, &nd->val, &d_node_tag, &d_node_i, &d_node_f, &d_node_r);
    out[0] = node_key(c, node, i, nd->ktag);
}

static jit_ref hint(struct ff *c)
{
    jit_ref pos = c->now[2].tag == T_NIL ? jit_rec_load(c->r, c->args + 2, T_NIL, 'i') : JIT_NOREF;
    return pos == JIT_NOREF ? ff_ki(c, 0) : pos;
}

/* The step of a traversal that has met many shapes of tables: a call that does not care where the entry is. */
static bool step_of_many(struct ff *c, struct walk *w)
{
    struct lua_State *L = c->rl->L;
    struct rv key = ff_arg(c, 1), v[2] = {RV_NIL, RV_NIL};
    jit_ref args[5] = {trh_context(c->rl), w->t.ref, hint(c), ff_ki(c, key.tag), trh_bits(c->rl, key)};
    int64_t now = trh_walk(L, w->h, c->now[2].tag == T_NIL ? (int64_t)c->now[2].bits : 0, key.tag, c->now[1].bits);
    if (now < 0) return false;
    jit_ref pos = jit_rec_call(c->r, &d_call_walk, (const void *)trh_walk, args, 5);
    if (now == 0) {
        jit_rec_guard_value(c->r, pos, ff_ki(c, 0));
        return ff_result(c, RV_NIL);
    }
    jit_rec_guard_true(c->r, op2(c, JIT_int_gt, pos, ff_ki(c, 0)));
    for (int i = 0; i < (c->want == 1 ? 1 : 2); i++)
        v[i] = rl_load_fields(c->rl, jit_rec_kr(c->r, &L->g->walk[i], false), &L->g->walk[i], &d_walk_tag, &d_walk_i, &d_walk_f, &d_walk_r);
    ff_results(c, v, 2);
    jit_rec_set(c->r, c->args + 2, pos, T_NIL);
    return true;
}

/* A step that leaves one part of the table and enters another starts where the parts meet, which is not where the step one
 * further on is looked for: the search does it. */
static bool crosses(const struct walk *w, uint32_t found)
{
    const struct table *h = w->h;
    return (w->now < h->acap) != (found - 1 < h->acap) || is_node(w, w->now + 1) != is_node(w, found);
}

static bool ff_next(struct ff *c)
{
    struct walk w = {.t = ff_arg(c, 0), .h = c->now[0].t};
    struct value out[2];
    struct rv v[2] = {RV_NIL, RV_NIL};
    bool iter = c->args + 3 == c->fslot;
    if (ff_tag(c, 0) != T_TABLE) return false;
    if (c->rl->many && iter && c->now[2].tag == T_NIL) return step_of_many(c, &w);
    w.nslots = w.h->shape ? w.h->shape->nslots : 0;
    if (!walk_start(c, &w, iter)) return false;
    uint32_t found = table_next_at(w.h, w.now, out);
    if (found == 0) {
        jit_ref args[2] = {w.t.ref, w.pos};
        jit_rec_guard_false(c->r, jit_rec_call(c->r, &d_call_next_pos, (const void *)trh_next_pos, args, 2));
        return ff_result(c, RV_NIL);
    }
    jit_ref pos = step(c, &w, crosses(&w, found) ? 0 : found);
    if (found - 1 < w.h->acap) entry_array(c, &w, pos, found, v);
    else if (is_node(&w, found)) entry_node(c, &w, pos, found, v);
    else entry_slot(c, &w, pos, found, v);
    ff_results(c, v, 2);
    if (iter) jit_rec_set(c->r, c->args + 2, pos, T_NIL);
    return true;
}

static bool ff_pairs(struct ff *c)
{
    struct rec_lua *rl = c->rl;
    lua_CFunction next = fastfunc_ptr(rl->L, FF_base_next);
    if (ff_tag(c, 0) != T_TABLE || !next || !ff_no_metafield(c, 0, "__pairs")) return false;
    struct rv v[3] = {{jit_rec_kr(c->r, (void *)(uintptr_t)next, false), T_LCF}, ff_arg(c, 0), RV_NIL};
    return ff_results(c, v, 3);
}

static bool ff_ipairs(struct ff *c)
{
    lua_CFunction step = fastfunc_ptr(c->rl->L, FF_ipairs_iter);
    if (c->nargs < 1 || !step) return false;
    struct rv v[3] = {{jit_rec_kr(c->r, (void *)(uintptr_t)step, false), T_LCF}, ff_arg(c, 0), {ff_ki(c, 0), T_INT}};
    return ff_results(c, v, 3);
}

static bool ff_ipairs_step(struct ff *c)
{
    struct rv t = ff_arg(c, 0), i = ff_arg(c, 1), v;
    const struct value *f;
    jit_ref fref;
    if (ff_tag(c, 0) != T_TABLE || ff_tag(c, 1) != T_INT) return false;
    struct table *h = c->now[0].t;
    struct value key;
    setint(&key, (int64_t)((uint64_t)c->now[1].i + 1));
    struct rv k = {op2(c, JIT_int_add, i.ref, ff_ki(c, 1)), T_INT};
    v = rl_raw_get(c->rl, t, h, k, &key);
    if (v.tag != T_NIL) return ff_results(c, (struct rv[]){k, v}, 2);
    if (rl_metamethod(c->rl, t, &c->now[0], MM_INDEX, &f, &fref)) return false;
    return ff_result(c, RV_NIL);
}

/* ---- the table library: tables without metatables ---- */

/* Argument 0 is a table without metatable, guarded. */
static bool bare_table(struct ff *c)
{
    jit_ref none;
    return ff_tag(c, 0) == T_TABLE && !c->now[0].t->meta && !rl_guard_meta(c->rl, ff_arg(c, 0), &c->now[0], &none);
}

static bool plain_now(const struct table *t) { return trh_plain_len((struct table *)t) != 0; }

static bool ff_insert(struct ff *c)
{
    struct rv t = ff_arg(c, 0), v = ff_arg(c, c->nargs - 1);
    if (c->nargs < 2 || c->nargs > 3 || !bare_table(c) || v.tag == T_NIL) return false;
    if (c->nargs == 2) {
        rl_append(c->rl, t, c->now[0].t, v);
        return ff_results(c, NULL, 0);
    }
    struct table *h = c->now[0].t;
    if (ff_tag(c, 1) != T_INT || (uint64_t)c->now[1].i - 1 >= (uint64_t)trh_insert_room(h)) return false;
    jit_ref room = jit_rec_call(c->r, &d_call_len, (const void *)trh_insert_room, &t.ref, 1);
    jit_rec_guard_true(c->r, op2(c, JIT_uint_lt, op2(c, JIT_int_sub, ff_arg(c, 1).ref, ff_ki(c, 1)), room));
    jit_ref args[5] = {trh_context(c->rl), t.ref, ff_arg(c, 1).ref, ff_ki(c, v.tag), trh_bits(c->rl, v)};
    jit_rec_call(c->r, &d_call_insert, (const void *)trh_insert, args, 5);
    return ff_results(c, NULL, 0);
}

static bool ff_remove(struct ff *c)
{
    struct rv t = ff_arg(c, 0);
    struct table *h = c->now[0].t;
    if (c->nargs < 1 || c->nargs > 2 || !bare_table(c) || !plain_now(h)) return false;
    int64_t at = h->alen;
    jit_ref n = jit_rec_call(c->r, &d_call_len, (const void *)trh_plain_len, &t.ref, 1), pos = n;
    if (c->nargs == 2) {
        if (ff_tag(c, 1) != T_INT) return false;
        at = c->now[1].i;
        pos = ff_arg(c, 1).ref;
    }
    if ((uint64_t)at - 1 >= h->alen) return false;
    jit_ref i = op2(c, JIT_int_sub, pos, ff_ki(c, 1));
    jit_rec_guard_true(c->r, op2(c, JIT_uint_lt, i, n)); /* n is 0 where the table is not plain */
    struct rv v = rl_load_items(c->rl, get(c, &d_table_arr, t.ref), i, &h->arr[at - 1], &d_arr_tag, &d_arr_i, &d_arr_f, &d_arr_r);
    jit_ref args[2] = {t.ref, pos};
    jit_rec_call(c->r, &d_call_remove, (const void *)trh_remove, args, 2);
    return ff_result(c, v);
}

#define UNPACK_FEW 8 /* elements that become values of the trace */

/* { table.unpack(t, i, j) }: the elements do not go through registers. The list is new and has nothing yet. */
static bool unpack_list(struct ff *c, jit_ref from, jit_ref to, int64_t i, int64_t j)
{
    struct rec_lua *rl = c->rl;
    lua_ins next = rl->pc[1];
    const struct value *list = rl->base + ins_a(next);
    if (c->want >= 0 || rl->tail || ins_op(next) != OP_SETLIST || ins_b(next) != 0 || ins_e(next) != 0 || c->fslot != rl_slot(rl, ins_a(next)) + 1) return false;
    if (list->tag != T_TABLE || list->t->alen != 0 || list->t->nints != 0 || i < 1 || j > (int64_t)c->now[0].t->alen || j - i >= UNPACK_MAX) return false;
    jit_ref args[5] = {trh_context(rl), rl_get(rl, ins_a(next)).ref, ff_arg(c, 0).ref, from, to};
    jit_rec_guard_true(c->r, jit_rec_call(c->r, &d_call_unpack, (const void *)trh_unpack, args, 5));
    jit_rec_forget(c->r, c->fslot, c->r->slot_hi);
    rl->listed = true;
    return true;
}

static bool ff_unpack(struct ff *c)
{
    struct rv t = ff_arg(c, 0), v[64];
    struct table *h = c->now[0].t;
    jit_ref from, to;
    int64_t i, j;
    if (!bare_table(c) || !ff_integer(c, 1, 1, &from, &i)) return false;
    if (ff_tag(c, 2) == T_DEAD || ff_tag(c, 2) == T_NIL) {
        j = (int64_t)table_len(h);
        to = rl_table_len(c->rl, t.ref, h);
    } else if (!ff_integer(c, 2, 0, &to, &j)) {
        return false;
    }
    if (j - i >= UNPACK_FEW && unpack_list(c, from, to, i, j)) return true;
    if (i < 1 || j > (int64_t)h->alen || j - i >= 60) return false;
    jit_rec_guard_value(c->r, from, ff_ki(c, i));
    jit_rec_guard_value(c->r, to, ff_ki(c, j));
    int n = 0;
    if (i <= j) jit_rec_guard_true(c->r, op2(c, JIT_uint_ge, get(c, &d_table_alen, t.ref), ff_ki(c, j)));
    jit_ref arr = get(c, &d_table_arr, t.ref);
    for (; i <= j; i++) v[n++] = rl_load_items(c->rl, arr, ff_ki(c, i - 1), &h->arr[i - 1], &d_arr_tag, &d_arr_i, &d_arr_f, &d_arr_r);
    return ff_results(c, v, n);
}

static bool ff_concat(struct ff *c)
{
    struct rv t = ff_arg(c, 0), sep = ff_arg(c, 1);
    struct table *h = c->now[0].t;
    jit_ref from, to;
    int64_t i, j;
    if (!bare_table(c) || (sep.tag != T_STR && sep.tag != T_NIL) || !ff_integer(c, 2, 1, &from, &i)) return false;
    if (ff_tag(c, 3) == T_DEAD || ff_tag(c, 3) == T_NIL) {
        j = (int64_t)table_len(h);
        to = rl_table_len(c->rl, t.ref, h);
    } else if (!ff_integer(c, 3, 0, &to, &j)) {
        return false;
    }
    if (i <= j && (i < 1 || j > (int64_t)h->alen)) return false;
    for (int64_t n = i; n <= j; n++)
        if (h->arr[n - 1].tag != T_STR && !tag_is_number(h->arr[n - 1].tag)) return false;
    jit_ref args[5] = {trh_context(c->rl), t.ref, sep.tag == T_STR ? sep.ref : jit_rec_kr(c->r, NULL, false), from, to};
    return ff_made(c, jit_rec_call(c->r, &d_call_str_table, (const void *)trh_table_concat, args, 5), T_STR);
}

bool ff_table(struct ff *c, int id)
{
    switch (id) {
    case FF_base_next: return ff_next(c);
    case FF_base_pairs: return ff_pairs(c);
    case FF_base_ipairs: return ff_ipairs(c);
    case FF_ipairs_iter: return ff_ipairs_step(c);
    case FF_table_insert: return ff_insert(c);
    case FF_table_remove: return ff_remove(c);
    case FF_table_unpack: return ff_unpack(c);
    case FF_table_concat: return ff_concat(c);
    default: return false;
    }
}
