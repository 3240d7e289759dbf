/* record_table.c: tables, strings and what metatables make of them.
 *
 * A field access is one guard on the shape and a load at a constant place. What is found through a
 * metatable is a constant: the tables on the way are class tables, and the trace depends on them
 * (guard_not_invalidated) instead of looking again.
 *
 * Invariants
 *  1. A table's shape says which string keys it has; a slot may still hold nil.
 *  2. Function and table values of class tables are constants on traces, other values are loaded.
 *  3. Whatever may need memory is a helper that returns 0 or NULL when there is none, and a guard leaves then.
 *
 * Before: record.c. After: trace_help.c.
 */
#include <string.h>
#include "lua/record.h"

#define MAX_CHAIN 10
#define MANY_METAS 8 /* with the same keys, each the metatable of one object: the next one is for one as well */

static jit_ref kp(struct rec_lua *rl, void *p) { return jit_rec_kr(rl->r, p, true); }
static jit_ref ki(struct rec_lua *rl, int64_t i) { return jit_rec_ki(rl->r, i); }

/* ---- metatables ---- */

static struct rv load_slot(struct rec_lua *rl, jit_ref t, const struct table *h, uint32_t slot);

bool rl_many_metas(const struct table *mt) { return mt->shape && mt->shape->nalone >= MANY_METAS && !(mt->flags & TF_SHARED); }

struct table *rl_guard_meta(struct rec_lua *rl, struct rv v, const struct value *now, jit_ref *ref)
{
    struct jit_recorder *r = rl->r;
    struct table *mt;
    struct fresh *f = rl_fresh_table(rl, v.ref);
    bool object = now->tag == T_TABLE || now->tag == T_UDATA; /* changing that of others flushes */
    mt = now->tag == T_TABLE ? now->t->meta : now->tag == T_UDATA ? now->u->meta
                                                                  : metatable_of(rl->L, now);
    *ref = kp(rl, mt);
    if (!object || (f && !f->meta_open && f->meta == mt)) return mt;
    if (jit_ref_is_const(v.ref) && now->tag == T_TABLE && now->t->flags & TF_CLASS) {
        jit_rec_depend(r, now->t); /* class_meta_changed tells */
        return mt;
    }
    jit_ref m = jit_rec_get(r, now->tag == T_TABLE ? &d_table_meta : &d_udata_meta, v.ref);
    if (!mt) {
        jit_rec_guard_isnull(r, m);
    } else if (rl_many_metas(mt)) {
        jit_rec_guard_nonnull(r, m);
        jit_rec_guard_value(r, jit_rec_get(r, &d_table_shape, m), kp(rl, mt->shape));
        *ref = m;
    } else {
        jit_rec_guard_value(r, m, *ref);
    }
    return mt;
}

bool rl_metafield(struct rec_lua *rl, struct rv v, const struct value *now, struct lstr *name, const struct value **field, struct rv *out)
{
    jit_ref m;
    struct table *mt = rl_guard_meta(rl, v, now, &m);
    *out = RV_NIL;
    if (!mt) return false;
    *field = table_getshort(mt, name);
    if (m == JIT_NOREF) {
        rl_fail(rl, JITSTAT_A_NO_MEMORY);
        return false;
    }
    if (!jit_ref_is_const(m)) {
        int slot = shape_find(mt->shape, name);
        if (slot >= 0) *out = load_slot(rl, m, mt, (uint32_t)slot);
        return out->tag != T_NIL;
    }
    class_mark(rl->L, mt);
    jit_rec_depend(rl->r, mt);
    if ((*field)->tag != T_NIL) *out = rl_const(rl, *field);
    return out->tag != T_NIL;
}

bool rl_metamethod(struct rec_lua *rl, struct rv v, const struct value *now, enum metamethod e, const struct value **f, jit_ref *fref)
{
    struct rv out;
    if (!rl_metafield(rl, v, now, rl->L->g->mmname[e], f, &out)) return false;
    if (!tag_is_function(out.tag) && out.tag != T_TABLE) {
        rl_fail(rl, JITSTAT_A_NYI_META);
        return false;
    }
    *fref = out.ref;
    return true;
}

/* ---- reading ---- */

/* A key: a constant short string, or any value. */
struct tkey {
    struct rv v;
    const struct value *now;
    struct lstr *str;
};

static void guard_shape(struct rec_lua *rl, struct rv t, const struct table *h)
{
    struct fresh *f = rl_fresh_table(rl, t.ref);
    if (f && f->shape == h->shape) return;
    jit_rec_guard_value(rl->r, jit_rec_get(rl->r, &d_table_shape, t.ref), kp(rl, h->shape));
}

static struct rv load_slot(struct rec_lua *rl, jit_ref t, const struct table *h, uint32_t slot)
{
    jit_ref slots = jit_rec_get(rl->r, &d_table_slots, t);
    return rl_load_items(rl, slots, ki(rl, slot), &h->slots[slot], &d_slot_tag, &d_slot_i, &d_slot_f, &d_slot_r);
}

static struct rv load_pointer(struct rec_lua *rl, jit_ref p, const struct value *now)
{
    return rl_load_fields(rl, p, now, &d_nv_tag, &d_nv_i, &d_nv_f, &d_nv_r);
}

/* Looks key up in table h itself. */
static struct rv raw_get(struct rec_lua *rl, struct rv t, struct table *h, const struct tkey *k)
{
    struct jit_recorder *r = rl->r;
    if (k->str && jit_ref_is_const(t.ref) && h->flags & TF_CLASS) {
        const struct value *v = table_getshort(h, k->str);
        if (v->tag == T_NIL || v->tag == T_TABLE || tag_is_function(v->tag)) {
            jit_rec_depend(r, h);
            return rl_const(rl, v);
        }
    }
    if (k->str && h->shape) {
        guard_shape(rl, t, h);
        int slot = shape_find(h->shape, k->str);
        return slot < 0 ? RV_NIL : load_slot(rl, t.ref, h, (uint32_t)slot);
    }
    int64_t n = 0;
    bool is_int = k->now->tag == T_INT || (k->now->tag == T_FLT && int_of_float(k->now->n, &n));
    if (k->now->tag == T_INT) n = k->now->i;
    jit_ref args[4] = {t.ref, k->v.ref};
    if (is_int && k->now->tag == T_INT) {
        jit_ref idx = jit_rec_op2(r, JIT_int_sub, k->v.ref, ki(rl, 1));
        jit_ref len = jit_rec_get(r, &d_table_alen, t.ref);
        jit_ref in = jit_rec_op2(r, JIT_uint_lt, idx, len);
        if ((uint64_t)n - 1 < h->alen) {
            jit_rec_guard_true(r, in);
            return rl_load_items(rl, jit_rec_get(r, &d_table_arr, t.ref), idx, &h->arr[n - 1], &d_arr_tag, &d_arr_i, &d_arr_f, &d_arr_r);
        }
        return load_pointer(rl, jit_rec_call(r, &d_call_get_i, (const void *)table_getint, args, 2), table_getint(h, n));
    }
    if (k->now->tag == T_STR) return load_pointer(rl, jit_rec_call(r, &d_call_get_r, (const void *)table_getstr, args, 2), table_getstr(h, k->now->s));
    args[1] = ki(rl, k->v.tag);
    args[2] = trh_bits(rl, k->v);
    return load_pointer(rl, jit_rec_call(r, &d_call_get_v, (const void *)trh_get, args, 3), table_get(h, k->now));
}

/* The look-up of a name in an object whose shapes and classes are many, as a call that does not care. False: a function or
 * something else than tables has a say. */
static bool get_of_many(struct rec_lua *rl, struct rv t, const struct value *now, const struct tkey *k, struct rv *out)
{
    struct lstr *index = rl->L->g->mmname[MM_INDEX];
    if (!rl->many || !k->str || now->tag != T_TABLE || jit_ref_is_const(t.ref)) return false;
    const struct value *v = trh_field(now->t, k->str, index);
    if (!v) return false;
    jit_ref args[3] = {t.ref, k->v.ref, kp(rl, index)};
    jit_ref p = jit_rec_call(rl->r, &d_call_field, (const void *)trh_field, args, 3);
    jit_rec_guard_nonnull(rl->r, p);
    *out = load_pointer(rl, p, v);
    return true;
}

/* The whole look-up. False: a Lua function was called, which delivers the result later. */
static bool get_value(struct rec_lua *rl, struct rv t, const struct value *now, const struct tkey *k, struct rv *out)
{
    if (get_of_many(rl, t, now, k, out)) return true;
    for (int n = 0; n < MAX_CHAIN && !rl_failed(rl); n++) {
        if (now->tag == T_TABLE) {
            *out = raw_get(rl, t, now->t, k);
            if (out->tag != T_NIL) return true;
        }
        const struct value *f;
        jit_ref fref;
        if (!rl_metamethod(rl, t, now, MM_INDEX, &f, &fref)) {
            if (now->tag != T_TABLE) rl_fail(rl, JITSTAT_A_ERROR);
            return true;
        }
        if (tag_is_function(f->tag)) {
            struct rv args[2] = {t, k->v};
            rl_call_meta(rl, f, fref, args, 2);
            return false;
        }
        if (jit_ref_is_const(fref)) class_mark(rl->L, f->t);
        t = (struct rv){fref, T_TABLE};
        now = f;
    }
    rl_fail(rl, JITSTAT_A_NYI_META);
    return true;
}

static void key_const(struct rec_lua *rl, struct tkey *k, const struct value *v)
{
    *k = (struct tkey){.v = rl_const(rl, v), .now = v, .str = v->tag == T_STR && v->s->is_short ? v->s : NULL};
}

static void key_reg(struct rec_lua *rl, struct tkey *k, unsigned reg)
{
    k->v = rl_get(rl, reg);
    k->now = &rl->base[reg];
    k->str = NULL;
    if (k->now->tag == T_STR && jit_ref_is_const(k->v.ref) && k->now->s->is_short) k->str = k->now->s;
}

static const struct value *upvalue_now(const struct rec_lua *rl, unsigned idx) { return rl->L->ci->func->lcl->upvals[idx]->v; }

void rl_op_gettable(struct rec_lua *rl)
{
    lua_ins i = *rl->pc;
    enum opcode op = ins_op(i);
    unsigned a = ins_a(i);
    struct rv t, out = RV_NIL;
    const struct value *now;
    struct tkey k;
    struct value ik;
    if (op == OP_GETTABUP) {
        t = rl_upvalue(rl, ins_b(i));
        now = upvalue_now(rl, ins_b(i));
    } else {
        t = rl_get(rl, ins_b(i));
        now = &rl->base[ins_b(i)];
    }
    if (op == OP_GETTABLE) {
        key_reg(rl, &k, ins_c(i));
    } else if (op == OP_GETINT) {
        setint(&ik, ins_c(i));
        key_const(rl, &k, &ik);
    } else {
        key_const(rl, &k, &rl->p->k[ins_c(i)]);
    }
    if (rl_failed(rl)) return;
    if (op == OP_SELF) {
        /* the function's look-up may call: the object goes to its place first, which no guard after it minds */
        struct rv self = t;
        bool direct = get_value(rl, t, now, &k, &out);
        if (rl_failed(rl)) return;
        if (direct) {
            rl_set(rl, a + 1, self);
            rl_set(rl, a, out);
        } else {
            jit_rec_set(rl->r, rl->r->frames[rl->r->nframes - 2].base + (int32_t)a + 1, self.ref, self.tag);
        }
        return;
    }
    if (get_value(rl, t, now, &k, &out) && !rl_failed(rl)) rl_set(rl, a, out);
}

/* ---- writing ---- */

static void store_flags(struct rec_lua *rl, struct rv t, const struct table *h)
{
    if (rl_fresh_table(rl, t.ref)) return; /* no class yet */
    jit_ref class_bit = jit_rec_op2(rl->r, JIT_int_and, jit_rec_get(rl->r, &d_table_flags, t.ref), ki(rl, TF_CLASS));
    jit_rec_guard_value(rl->r, class_bit, ki(rl, h->flags & TF_CLASS));
}

/* May a present-or-not entry be written without asking __newindex? *f: the function to be called, or NULL. */
static bool newindex_free(struct rec_lua *rl, struct rv t, const struct value *now, const struct value **f, jit_ref *fref)
{
    *f = NULL;
    return !rl_metamethod(rl, t, now, MM_NEWINDEX, f, fref);
}

static void helper_set(struct rec_lua *rl, struct rv t, const struct tkey *k, struct rv v)
{
    jit_ref args[6] = {trh_context(rl), t.ref, ki(rl, k->v.tag), trh_bits(rl, k->v), ki(rl, v.tag), trh_bits(rl, v)};
    jit_rec_guard_true(rl->r, jit_rec_call(rl->r, &d_call_set, (const void *)trh_set, args, 6));
    rl_table_changes(rl, JIT_NOREF);
}

/* A table that was made on this trace is made with room for the fields it gets, so that nothing has to grow, even if it has been
 * where others change it: its room never gets less. What the interpreter's has (h) may be less or more. False: made elsewhere. */
static bool make_room(struct rec_lua *rl, struct fresh *f, jit_ref t, uint32_t nslots)
{
    struct jit_recorder *r = rl->r;
    jit_ref args[5];
    if (jit_ref_is_const(t) || r->ir.ops.v[t].descr != &d_call_newtable || rl_failed(rl)) return false;
    memcpy(args, jit_op_args(&r->ir, &r->ir.ops.v[t]), sizeof args);
    if (jit_ref_const(&r->ir, args[3])->i < nslots) {
        args[3] = ki(rl, nslots);
        jit_ir_set_args(&r->ir, t, args, 5);
    }
    if (f && f->slotcap < nslots) f->slotcap = nslots;
    return true;
}

/* A new field: room is made by a helper where there is none, then it is three stores. */
static void store_new_field(struct rec_lua *rl, struct rv t, const struct table *h, struct shape *next, struct rv v)
{
    struct jit_recorder *r = rl->r;
    struct fresh *f = rl_fresh_table(rl, t.ref);
    jit_ref args[3] = {trh_context(rl), t.ref, kp(rl, next)};
    bool barrier = rl_barrier_before(rl, t.ref, h, (struct rv){args[2], T_SHAPE});
    bool made = make_room(rl, f, t.ref, next->nslots);
    bool sure = f && f->slotcap >= next->nslots;
    if (!sure && !made && next->nslots > h->slotcap) jit_rec_guard_true(r, jit_rec_call(r, &d_call_room, (const void *)trh_add_slot, args, 3));
    else if (!sure) jit_rec_guard_true(r, jit_rec_op2(r, JIT_uint_ge, jit_rec_get(r, &d_table_slotcap, t.ref), ki(rl, next->nslots)));
    rl_store_items(rl, jit_rec_get(r, &d_table_slots, t.ref), ki(rl, next->nslots - 1), v, &d_slot_tag, &d_slot_i, &d_slot_f, &d_slot_r);
    jit_rec_put(r, &d_table_shape, t.ref, args[2]);
    if (barrier) {
        rl_barrier_back(rl, t.ref, (struct rv){args[2], T_SHAPE});
        if (tag_is_gc(v.tag)) rl_barrier_back(rl, t.ref, v);
    }
    rl_table_changes(rl, t.ref);
    if (f) f->shape = next;
}

static void store_field(struct rec_lua *rl, struct rv t, struct table *h, const struct tkey *k, struct rv v)
{
    struct jit_recorder *r = rl->r;
    int slot = shape_find(h->shape, k->str);
    if (slot < 0 && v.tag == T_NIL) return;
    if (h->flags & TF_CLASS) {
        const struct value *old = slot < 0 ? &absent_value : &h->slots[slot];
        if (old->tag == T_NIL || old->tag == T_TABLE || tag_is_function(old->tag)) {
            rl_fail(rl, JITSTAT_A_FORCE_QUASIIMMUT);
            return;
        }
        load_slot(rl, t.ref, h, (uint32_t)slot); /* guards that it is no function now */
    }
    if (slot >= 0) {
        bool barrier = rl_barrier_before(rl, t.ref, h, v);
        rl_store_items(rl, jit_rec_get(r, &d_table_slots, t.ref), ki(rl, slot), v, &d_slot_tag, &d_slot_i, &d_slot_f, &d_slot_r);
        if (barrier) rl_barrier_back(rl, t.ref, v);
        return;
    }
    struct shape *next = shape_add(rl->L, h->shape, k->str);
    if (!next || h->flags & TF_DICTHINT) helper_set(rl, t, k, v);
    else store_new_field(rl, t, h, next, v);
}

/* Does storing v under n stay within the array? The last entry's nil makes it shorter. */
static bool in_array(const struct table *h, int64_t n, struct rv v)
{
    return (uint64_t)n - 1 < h->alen && !(v.tag == T_NIL && (uint64_t)n == h->alen);
}

static void store_int(struct rec_lua *rl, struct rv t, struct table *h, const struct tkey *k, struct rv v, bool meta_asked)
{
    struct jit_recorder *r = rl->r;
    int64_t n = k->now->i;
    jit_ref idx = jit_rec_op2(r, JIT_int_sub, k->v.ref, ki(rl, 1));
    jit_ref len = jit_rec_get(r, &d_table_alen, t.ref);
    if (in_array(h, n, v)) {
        jit_rec_guard_true(r, jit_rec_op2(r, JIT_uint_lt, idx, len));
        if (v.tag == T_NIL) jit_rec_guard_false(r, jit_rec_op2(r, JIT_int_eq, k->v.ref, len));
        jit_ref arr = jit_rec_get(r, &d_table_arr, t.ref);
        if (!meta_asked) /* an entry that is there: no __newindex */
            jit_rec_guard_true(r, jit_rec_op1(r, JIT_int_is_true, jit_rec_aget(r, &d_arr_tag, arr, idx)));
        bool barrier = rl_barrier_before(rl, t.ref, h, v);
        rl_store_items(rl, arr, idx, v, &d_arr_tag, &d_arr_i, &d_arr_f, &d_arr_r);
        if (barrier) rl_barrier_back(rl, t.ref, v);
        return;
    }
    if ((uint64_t)n - 1 == h->alen && v.tag != T_NIL && meta_asked) {
        jit_rec_guard_true(r, jit_rec_op2(r, JIT_int_eq, idx, len));
        if (n - 1 < h->acap) jit_rec_guard_true(r, jit_rec_op2(r, JIT_uint_lt, idx, jit_rec_get(r, &d_table_acap, t.ref)));
        else {
            helper_set(rl, t, k, v);
            return;
        }
        bool barrier = rl_barrier_before(rl, t.ref, h, v);
        rl_store_items(rl, jit_rec_get(r, &d_table_arr, t.ref), idx, v, &d_arr_tag, &d_arr_i, &d_arr_f, &d_arr_r);
        jit_rec_put(r, &d_table_alen, t.ref, k->v.ref);
        if (barrier) rl_barrier_back(rl, t.ref, v);
        return;
    }
    helper_set(rl, t, k, v);
}

struct rv rl_raw_get(struct rec_lua *rl, struct rv t, struct table *h, struct rv key, const struct value *know)
{
    struct tkey k = {.v = key, .now = know};
    if (know->tag == T_STR && jit_ref_is_const(key.ref) && know->s->is_short) k.str = know->s;
    return raw_get(rl, t, h, &k);
}

void rl_raw_set(struct rec_lua *rl, struct rv t, struct table *h, struct rv key, const struct value *know, struct rv v)
{
    struct tkey k = {.v = key, .now = know};
    if (know->tag == T_STR && jit_ref_is_const(key.ref) && know->s->is_short) k.str = know->s;
    if (k.str && h->shape) {
        guard_shape(rl, t, h);
        store_flags(rl, t, h);
        store_field(rl, t, h, &k, v);
    } else if (know->tag == T_INT) {
        store_int(rl, t, h, &k, v, true);
    } else {
        store_flags(rl, t, h);
        helper_set(rl, t, &k, v);
    }
}

void rl_append(struct rec_lua *rl, struct rv t, struct table *h, struct rv v)
{
    struct value kv;
    setint(&kv, (int64_t)table_len(h) + 1);
    if ((uint64_t)kv.i - 1 >= h->acap) { /* growing and appending in one helper could not be done again by a guard behind it */
        rl_fail(rl, JITSTAT_A_RETRY);
        return;
    }
    jit_ref n = jit_rec_op2(rl->r, JIT_int_add, rl_table_len(rl, t.ref, h), ki(rl, 1));
    rl_raw_set(rl, t, h, (struct rv){n, T_INT}, &kv, v);
}

/* A field that the object has gets another value: nobody else is asked, whatever its shape and class. */
static bool set_of_many(struct rec_lua *rl, struct rv t, const struct value *now, const struct tkey *k, struct rv v)
{
    if (!rl->many || !k->str || now->tag != T_TABLE || v.tag == T_NIL || now->t->flags & TF_CLASS || table_getshort(now->t, k->str)->tag == T_NIL) return false;
    jit_ref args[5] = {trh_context(rl), t.ref, k->v.ref, ki(rl, v.tag), trh_bits(rl, v)};
    jit_rec_guard_true(rl->r, jit_rec_call(rl->r, &d_call_set_field, (const void *)trh_set_field, args, 5));
    return true;
}

static void set_value(struct rec_lua *rl, struct rv t, const struct value *now, const struct tkey *k, struct rv v)
{
    const struct value *f = NULL;
    jit_ref fref = JIT_NOREF;
    if (set_of_many(rl, t, now, k, v)) return;
    for (int n = 0; n < MAX_CHAIN && !rl_failed(rl); n++) {
        bool free = true;
        if (now->tag == T_TABLE) {
            struct table *h = now->t;
            const struct value *old = table_get(h, k->now);
            bool array = k->now->tag == T_INT && in_array(h, k->now->i, v) && old->tag != T_NIL; /* store_int guards that it is there */
            bool asked = !array || !h->meta;
            if (asked) free = newindex_free(rl, t, now, &f, &fref);
            if (free || old->tag != T_NIL) {
                if (!free) raw_get(rl, t, h, k); /* the entry is there: guarded by its tag */
                if (k->str && h->shape) {
                    guard_shape(rl, t, h);
                    store_flags(rl, t, h);
                    store_field(rl, t, h, k, v);
                } else if (k->now->tag == T_INT) {
                    store_int(rl, t, h, k, v, asked && free);
                } else if (k->now->tag == T_NIL || (k->now->tag == T_FLT && k->now->n != k->now->n)) {
                    rl_fail(rl, JITSTAT_A_ERROR);
                } else if (h->flags & TF_CLASS) {
                    rl_fail(rl, JITSTAT_A_FORCE_QUASIIMMUT);
                } else {
                    store_flags(rl, t, h);
                    helper_set(rl, t, k, v);
                }
                return;
            }
            raw_get(rl, t, h, k); /* it is absent: else nobody would be asked */
        } else if (newindex_free(rl, t, now, &f, &fref)) {
            rl_fail(rl, JITSTAT_A_ERROR);
            return;
        }
        if (!f || rl_failed(rl)) return;
        if (tag_is_function(f->tag)) {
            struct rv args[3] = {t, k->v, v};
            rl_call_meta_n(rl, f, fref, args, 3, 0);
            return;
        }
        t = (struct rv){fref, T_TABLE};
        now = f;
    }
    rl_fail(rl, JITSTAT_A_NYI_META);
}

void rl_op_settable(struct rec_lua *rl)
{
    lua_ins i = *rl->pc;
    enum opcode op = ins_op(i);
    struct rv t, v;
    const struct value *now, *vnow;
    struct tkey k;
    struct value ik;
    if (op == OP_SETTABUP) {
        t = rl_upvalue(rl, ins_a(i));
        now = upvalue_now(rl, ins_a(i));
    } else {
        t = rl_get(rl, ins_a(i));
        now = &rl->base[ins_a(i)];
    }
    if (op == OP_SETTABLE) {
        key_reg(rl, &k, ins_b(i));
    } else if (op == OP_SETINT) {
        setint(&ik, ins_b(i));
        key_const(rl, &k, &ik);
    } else {
        key_const(rl, &k, &rl->p->k[ins_b(i)]);
    }
    v = rl_rkc(rl, ins_c(i), &vnow);
    if (!rl_failed(rl)) set_value(rl, t, now, &k, v);
}

/* ---- constructors ---- */

void rl_op_newtable(struct rec_lua *rl)
{
    lua_ins i = *rl->pc;
    jit_ref args[4] = {trh_context(rl), ki(rl, ins_c(i)), ki(rl, ins_b(i)), kp(rl, rl->L->g->root_shape)};
    bool removable = rl->L->g->own_alloc && ins_b(i) <= SHAPE_MAX_SLOTS;
    jit_ref t = jit_rec_call(rl->r, removable ? &d_call_newtable : &d_call_newtable_kept, (const void *)trh_newtable, args, 4);
    jit_rec_guard_nonnull(rl->r, t);
    struct fresh *f = rl_made_fresh(rl, t);
    f->known = ins_b(i) <= SHAPE_MAX_SLOTS;
    f->shape = rl->L->g->root_shape;
    f->slotcap = ins_b(i);
    f->acap = ins_c(i);
    rl_set(rl, ins_a(i), (struct rv){t, T_TABLE});
    rl_gc_check(rl);
}

void rl_op_setlist(struct rec_lua *rl)
{
    lua_ins i = *rl->pc;
    struct jit_recorder *r = rl->r;
    unsigned a = ins_a(i);
    int32_t n = ins_b(i) ? (int32_t)ins_b(i) : rl->open_top - rl_slot(rl, a) - 1, first = ins_e(i);
    struct rv t = rl_get(rl, a);
    const struct table *h = rl->base[a].t;
    struct rv v[256];
    if (rl->listed) {
        rl->listed = false;
        return;
    }
    if (n > 250 || rl_failed(rl)) {
        rl_fail(rl, JITSTAT_A_FRAMES);
        return;
    }
    for (int32_t j = 0; j < n; j++) v[j] = rl_get(rl, a + 1 + (unsigned)j);
    int32_t used = n;
    while (used > 0 && v[used - 1].tag == T_NIL) used--;
    if (used == 0) return;
    if (h->alen != (uint32_t)first || h->nints != 0) {
        rl_fail(rl, JITSTAT_A_NYI_BYTECODE);
        return;
    }
    jit_rec_guard_value(r, jit_rec_get(r, &d_table_alen, t.ref), ki(rl, first));
    struct fresh *f = rl_fresh_table(rl, t.ref);
    if ((uint32_t)(first + n) > h->acap) { /* all of them become array elements, so that #{nil, x} is 2 */
        jit_ref args[3] = {trh_context(rl), t.ref, ki(rl, first + n)};
        jit_rec_guard_true(r, jit_rec_call(r, &d_call_array_room, (const void *)trh_array_room, args, 3));
        if (f) f->acap = (uint32_t)(first + n);
    } else if (!f || f->acap < (uint32_t)(first + n)) jit_rec_guard_true(r, jit_rec_op2(r, JIT_uint_ge, jit_rec_get(r, &d_table_acap, t.ref), ki(rl, first + n)));
    bool barrier = false;
    for (int32_t j = 0; j < used; j++) barrier |= rl_barrier_before(rl, t.ref, h, v[j]);
    jit_ref arr = jit_rec_get(r, &d_table_arr, t.ref);
    for (int32_t j = 0; j < used; j++) {
        rl_store_items(rl, arr, ki(rl, first + j), v[j], &d_arr_tag, &d_arr_i, &d_arr_f, &d_arr_r);
        if (barrier && tag_is_gc(v[j].tag)) rl_barrier_back(rl, t.ref, v[j]);
    }
    jit_rec_put(r, &d_table_alen, t.ref, ki(rl, first + used));
}

/* ---- length, concatenation, equality ---- */

/* A table that is all array: its border is alen if the last element is there. */
jit_ref rl_table_len(struct rec_lua *rl, jit_ref t, struct table *h)
{
    struct jit_recorder *r = rl->r;
    if (h->nints || (h->alen && h->arr[h->alen - 1].tag == T_NIL)) return jit_rec_call(r, &d_call_len, (const void *)table_len, &t, 1);
    jit_rec_guard_false(r, jit_rec_op1(r, JIT_int_is_true, jit_rec_get(r, &d_table_nints, t)));
    jit_ref len = jit_rec_get(r, &d_table_alen, t), some = jit_rec_op1(r, JIT_int_is_true, len);
    if (h->alen == 0) {
        jit_rec_guard_false(r, some);
        return ki(rl, 0);
    }
    jit_rec_guard_true(r, some);
    jit_ref last = jit_rec_aget(r, &d_arr_tag, jit_rec_get(r, &d_table_arr, t), jit_rec_op2(r, JIT_int_sub, len, ki(rl, 1)));
    jit_rec_guard_true(r, jit_rec_op1(r, JIT_int_is_true, last));
    return len;
}

void rl_op_len(struct rec_lua *rl)
{
    lua_ins i = *rl->pc;
    struct rv v = rl_get(rl, ins_b(i));
    const struct value *now = &rl->base[ins_b(i)], *f;
    jit_ref fref;
    if (v.tag == T_STR) {
        rl_set(rl, ins_a(i), (struct rv){jit_rec_get(rl->r, &d_str_len, v.ref), T_INT});
        return;
    }
    if (rl_metamethod(rl, v, now, MM_LEN, &f, &fref)) {
        struct rv args[2] = {v, v};
        rl_call_meta(rl, f, fref, args, 2);
        return;
    }
    if (v.tag != T_TABLE) {
        rl_fail(rl, JITSTAT_A_ERROR);
        return;
    }
    rl_set(rl, ins_a(i), (struct rv){rl_table_len(rl, v.ref, now->t), T_INT});
}

/* Of strings and numbers; overwrites s. The last four (or fewer) become one; an intermediate result is never visible. */
jit_ref rl_concat(struct rec_lua *rl, struct rv *s, unsigned n)
{
    while (n > 1 || s[0].tag != T_STR) {
        unsigned m = n < 4 ? n : 4;
        int64_t tags = 0;
        jit_ref args[6] = {trh_context(rl), 0, ki(rl, 0), ki(rl, 0), ki(rl, 0), ki(rl, 0)};
        for (unsigned j = 0; j < m; j++) {
            tags |= (int64_t)s[n - m + j].tag << (8 * j);
            args[2 + j] = trh_bits(rl, s[n - m + j]);
        }
        args[1] = ki(rl, tags);
        jit_ref c = jit_rec_call(rl->r, &d_call_concat, (const void *)trh_concat, args, 6);
        jit_rec_guard_nonnull(rl->r, c);
        n -= m - 1;
        s[n - 1] = (struct rv){c, T_STR};
    }
    return s[0].ref;
}

void rl_op_concat(struct rec_lua *rl)
{
    lua_ins i = *rl->pc;
    unsigned b = ins_b(i), n = ins_c(i);
    struct rv s[64];
    if (n > 60) {
        rl_fail(rl, JITSTAT_A_FRAMES);
        return;
    }
    for (unsigned j = 0; j < n; j++) {
        s[j] = rl_get(rl, b + j);
        if (s[j].tag != T_STR && !tag_is_number(s[j].tag)) rl_fail(rl, JITSTAT_A_NYI_META);
    }
    if (rl_failed(rl)) return;
    rl_set(rl, ins_a(i), (struct rv){rl_concat(rl, s, n), T_STR});
    rl_gc_check(rl);
}

static bool equal_now(const struct value *a, const struct value *b)
{
    if (a->tag != b->tag) return false;
    if (a->tag <= T_TRUE) return true;
    if (a->tag == T_STR) return str_eq(a->s, b->s);
    return a->bits == b->bits;
}

static bool is_short_const(const struct rec_lua *rl, struct rv v, const struct value *now)
{
    (void)rl;
    return jit_ref_is_const(v.ref) && now->s->is_short;
}

void rl_op_equal(struct rec_lua *rl)
{
    lua_ins i = *rl->pc;
    struct jit_recorder *r = rl->r;
    bool k = ins_op(i) == OP_JEQK || ins_op(i) == OP_JNEK;
    const struct value *na = &rl->base[ins_a(i)], *nb = k ? &rl->p->k[ins_b(i)] : &rl->base[ins_b(i)], *f;
    struct rv a = rl_get(rl, ins_a(i)), b = k ? rl_const(rl, nb) : rl_get(rl, ins_b(i));
    if (na->tag != nb->tag || na->tag <= T_TRUE) return; /* the tags decide, and are guarded */
    bool eq = equal_now(na, nb);
    if (a.tag == T_STR && !(is_short_const(rl, a, na) || is_short_const(rl, b, nb))) {
        jit_ref args[2] = {a.ref, b.ref};
        jit_ref c = jit_rec_call(r, &d_call_i_rr, (const void *)trh_str_eq, args, 2);
        if (eq) jit_rec_guard_true(r, c);
        else jit_rec_guard_false(r, c);
        return;
    }
    jit_ref c = jit_rec_op2(r, JIT_ptr_eq, a.ref, b.ref);
    if (eq) {
        jit_rec_guard_true(r, c);
        return;
    }
    jit_rec_guard_false(r, c);
    if (k || (a.tag != T_TABLE && a.tag != T_UDATA)) return;
    jit_ref fref;
    if (rl_metamethod(rl, a, na, MM_EQ, &f, &fref) || rl_metamethod(rl, b, nb, MM_EQ, &f, &fref)) {
        struct rv args[2] = {a, b};
        if (!rl_failed(rl)) rl_call_meta(rl, f, fref, args, 2);
    }
}
