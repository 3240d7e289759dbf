/* record_ff.c: calls of the standard library's C functions that traces make without the library.
 *
 * A C function knows nothing of traces: to call it all registers go to memory and all types are guarded
 * again afterwards. For the functions that loops call most, a few operations or a helper do the same on values
 * whose types the trace knows anyway. What is not the plain case (other types, metatables with a say, errors) is
 * left to the function itself: the handler returns false and the call is made through SYNC.
 *
 * Invariants
 *  1. A handler emits all guards before its effects, and nothing but guards and pure operations before it returns
 *     false.
 *  2. Everything a program can see is the same as with the C function, error messages included: where it would raise, a
 *     guard leaves the trace or the C function is called.
 *
 * Before: record_call.c. After: trace_ff.c.
 */
#include <math.h>
#include <stdio.h>
#include "lua/record_ff.h"

/* ---- arguments and results ---- */

struct rv ff_arg(const struct ff *c, int n)
{
    if (n >= c->nargs) return RV_NIL;
    const struct jit_rec_slot *s = jit_rec_slot(c->r, c->args + n);
    return (struct rv){s->ref, s->tag};
}

uint32_t ff_tag(const struct ff *c, int n) { return n < c->nargs ? c->now[n].tag : T_DEAD; } /* T_DEAD: none */

bool ff_results(struct ff *c, const struct rv *v, int n)
{
    rl_place_results(c->rl, c->fslot, v, n, c->want);
    return true;
}

bool ff_result(struct ff *c, struct rv v) { return ff_results(c, &v, 1); }
bool ff_int(struct ff *c, jit_ref r) { return ff_result(c, (struct rv){r, T_INT}); }
static bool ff_flt(struct ff *c, jit_ref r) { return ff_result(c, (struct rv){r, T_FLT}); }

/* The results may have needed memory: the collector's turn after the instruction. */
bool ff_made_all(struct ff *c, const struct rv *v, int n)
{
    struct rec_lua *rl = c->rl;
    ff_results(c, v, n);
    if (rl->opened) { /* the guard resumes at the instruction that takes all results */
        struct jit_resume_frame *f = &c->r->frames[c->r->nframes - 1];
        f->flags |= LJF_OPEN;
        f->aux[1] = (uint32_t)rl->open_top;
        c->r->resume_dirty = true;
        if (c->r->top < rl->open_top) c->r->top = rl->open_top;
    }
    rl_gc_check(rl);
    return true;
}

bool ff_made(struct ff *c, jit_ref made, uint32_t tag)
{
    jit_rec_guard_nonnull(c->r, made);
    return ff_made_all(c, &(struct rv){made, tag}, 1);
}

jit_ref ff_ki(const struct ff *c, int64_t i) { return jit_rec_ki(c->r, i); }

/* c's truth is what it is now. */
void ff_guard(struct ff *c, jit_ref cond, bool now)
{
    if (now) jit_rec_guard_true(c->r, cond);
    else jit_rec_guard_false(c->r, cond);
}

/* A string of the recorder's own as a constant of the trace. */
static bool ff_str(struct ff *c, const char *s)
{
    struct lstr *k = trh_str(c->rl->L, s, strlen(s));
    if (!k) return false;
    return ff_result(c, (struct rv){jit_rec_kr(c->r, k, true), T_STR});
}

/* Argument n as a float; numbers only. */
static bool ff_number(struct ff *c, int n, jit_ref *out)
{
    struct rv v = ff_arg(c, n);
    if (ff_tag(c, n) == T_INT) v.ref = jit_rec_op1(c->r, JIT_cast_int_to_float, v.ref);
    *out = v.ref;
    return ff_tag(c, n) == T_INT || ff_tag(c, n) == T_FLT;
}

/* Argument n as an integer as lua_tointegerx has it, but no strings; absent: def. */
bool ff_integer(struct ff *c, int n, int64_t def, jit_ref *out, int64_t *now)
{
    struct rv v = ff_arg(c, n);
    *out = v.ref;
    *now = def;
    switch (ff_tag(c, n)) {
    case T_DEAD:
    case T_NIL: *out = ff_ki(c, def); return true;
    case T_INT: *now = c->now[n].i; return true;
    case T_FLT:
        if (!int_of_float(c->now[n].n, now) || *now == INT64_MIN) return false;
        *out = jit_rec_op1(c->r, JIT_cast_float_to_int, v.ref);
        jit_rec_guard_true(c->r, jit_rec_op2(c->r, JIT_float_eq, jit_rec_op1(c->r, JIT_cast_int_to_float, *out), v.ref));
        return true;
    default: return false;
    }
}

/* v has no metatable field of that name that the library would ask for: as now, guarded. */
bool ff_no_metafield(struct ff *c, int n, const char *name)
{
    const struct value *field;
    struct rv v;
    struct lstr *s = trh_str(c->rl->L, name, strlen(name));
    return s && !rl_metafield(c->rl, ff_arg(c, n), &c->now[n], s, &field, &v);
}

/* ---- basic functions ---- */

static bool ff_type(struct ff *c)
{
    static const char *const names[] = {[T_NIL] = "nil", [T_FALSE] = "boolean", [T_TRUE] = "boolean", [T_LIGHTUD] = "userdata", [T_INT] = "number", [T_FLT] = "number", [T_LCF] = "function", [T_STR] = "string", [T_TABLE] = "table", [T_LCL] = "function", [T_CCL] = "function", [T_UDATA] = "userdata", [T_THREAD] = "thread"};
    return c->nargs > 0 && ff_str(c, names[ff_tag(c, 0)]);
}

static bool ff_select(struct ff *c)
{
    struct rv v[256], n = ff_arg(c, 0);
    int count = c->nargs - 1;
    if (ff_tag(c, 0) == T_STR && c->now[0].s->len == 1 && c->now[0].s->data[0] == '#') {
        jit_rec_guard_value(c->r, n.ref, jit_rec_kr(c->r, c->now[0].s, true));
        return ff_int(c, ff_ki(c, count));
    }
    if (ff_tag(c, 0) != T_INT || count > 250) return false;
    int64_t i = c->now[0].i, from = i < 0 ? count + i : i > count ? count
                                                                  : i - 1;
    if (i == 0 || from < 0) return false;
    jit_rec_guard_value(c->r, n.ref, ff_ki(c, i));
    for (int j = 0; j < count; j++) v[j] = ff_arg(c, j + 1);
    return ff_results(c, v + from, count - (int)from);
}

#define POSITION 96 /* bytes: a chunk's short name, a line */

/* What the library puts before a message: the place of the function at that level, "" if it has none. False: not known here. */
static bool error_position(const struct ff *c, int64_t level, char *text)
{
    const struct jit_recorder *r = c->r;
    uint32_t up = (uint32_t)level - 1;
    char name[LUA_IDSIZE];
    *text = 0;
    if (level == 0) return true;
    if (level < 0 || level > 2 || r->nframes <= up) return false;
    const struct jit_resume_frame *f = &r->frames[r->nframes - 1 - up];
    const struct proto *p = (const struct proto *)(uintptr_t)f->code;
    if (f->flags & CIST_C) return true;
    if (p->hidden || !p->source || !p->lineinfo) return false;
    dbg_chunkid(name, p->source->data, p->source->len);
    snprintf(text, POSITION, "%s:%d: ", name, p->lineinfo[up ? f->pc - 1 : r->pc]);
    return true;
}

/* Raises v as error(v, level) does, below a pcall that the trace made. False: not possible. */
static bool throw_caught(struct ff *c, struct rv v, int64_t level)
{
    char text[POSITION] = "";
    if (!rl_can_throw(c->rl) || (v.tag == T_STR && !error_position(c, level, text))) return false;
    struct lstr *at = *text ? trh_str(c->rl->L, text, strlen(text)) : NULL;
    if (*text && !at) return false;
    if (at) {
        struct rv s[2] = {{jit_rec_kr(c->r, at, true), T_STR}, v};
        v.ref = rl_concat(c->rl, s, 2);
        jit_rec_guard_not_due(c->r, jit_rec_kr(c->r, &c->rl->L->g->gc_debt, false)); /* nothing has happened yet: the call is made again */
    }
    if (!rl_failed(c->rl)) rl_throw(c->rl, v);
    return true;
}

static bool assert_fails(struct ff *c)
{
    static const char text[] = "assertion failed!";
    if (c->nargs > 1) return throw_caught(c, ff_arg(c, 1), 1);
    struct lstr *s = trh_str(c->rl->L, text, sizeof text - 1);
    return s && throw_caught(c, (struct rv){jit_rec_kr(c->r, s, true), T_STR}, 1);
}

static bool ff_assert(struct ff *c)
{
    struct rv v[256];
    if (c->nargs < 1 || c->nargs > 250) return false;
    if (tag_is_false(ff_tag(c, 0))) return assert_fails(c);
    for (int j = 0; j < c->nargs; j++) v[j] = ff_arg(c, j);
    return ff_results(c, v, c->nargs);
}

static bool ff_tostring(struct ff *c)
{
    struct rv v = ff_arg(c, 0);
    uint32_t tag = ff_tag(c, 0);
    if (tag == T_DEAD || (tag != T_STR && !tag_is_number(tag) && tag > T_TRUE)) return false;
    if (!ff_no_metafield(c, 0, "__tostring")) return false;
    if (tag == T_STR) return ff_result(c, v);
    if (tag <= T_TRUE) return ff_str(c, tag == T_NIL ? "nil" : tag == T_TRUE ? "true"
                                                                             : "false");
    jit_ref args[3] = {trh_context(c->rl), ff_ki(c, tag), trh_bits(c->rl, v)};
    return ff_made(c, jit_rec_call(c->r, &d_call_tostr, (const void *)trh_tostr, args, 3), T_STR);
}

static bool ff_tonumber(struct ff *c)
{
    struct rv v = ff_arg(c, 0);
    if (c->nargs != 1) return false;
    if (tag_is_number(v.tag)) return ff_result(c, v);
    if (v.tag != T_STR) return ff_result(c, RV_NIL);
    int64_t tag = trh_tonum_tag(c->now[0].s);
    jit_rec_guard_value(c->r, jit_rec_call(c->r, &d_call_i_r, (const void *)trh_tonum_tag, &v.ref, 1), ff_ki(c, tag));
    if (tag == T_NIL) return ff_result(c, RV_NIL);
    jit_ref bits = jit_rec_call(c->r, &d_call_i_r, (const void *)trh_tonum_bits, &v.ref, 1);
    if (tag == T_INT) return ff_int(c, bits);
    return ff_flt(c, jit_rec_op1(c->r, JIT_convert_longlong_bytes_to_float, bits));
}

static bool ff_rawget(struct ff *c)
{
    if (c->nargs != 2 || ff_tag(c, 0) != T_TABLE) return false;
    return ff_result(c, rl_raw_get(c->rl, ff_arg(c, 0), c->now[0].t, ff_arg(c, 1), &c->now[1]));
}

static bool ff_rawset(struct ff *c)
{
    struct rv t = ff_arg(c, 0);
    if (c->nargs != 3 || ff_tag(c, 0) != T_TABLE || c->now[0].t->flags & TF_CLASS || ff_tag(c, 1) == T_NIL) return false;
    if (ff_tag(c, 1) == T_FLT && c->now[1].n != c->now[1].n) return false;
    rl_raw_set(c->rl, t, c->now[0].t, ff_arg(c, 1), &c->now[1], ff_arg(c, 2));
    return ff_result(c, t);
}

static bool ff_rawequal(struct ff *c)
{
    struct rv a = ff_arg(c, 0), b = ff_arg(c, 1);
    uint32_t ta = ff_tag(c, 0), tb = ff_tag(c, 1);
    if (c->nargs != 2) return false;
    if (tag_is_number(ta) && tag_is_number(tb) && ta != tb) return false;
    if (ta != tb || ta <= T_TRUE) return ff_result(c, RV_BOOL(ta == tb));
    bool eq = ta == T_STR ? str_eq(c->now[0].s, c->now[1].s) : ta == T_FLT ? c->now[0].n == c->now[1].n
                                                                           : c->now[0].bits == c->now[1].bits;
    jit_ref args[2] = {a.ref, b.ref}, r;
    if (ta == T_STR) r = jit_rec_call(c->r, &d_call_i_rr, (const void *)trh_str_eq, args, 2);
    else r = jit_rec_op2(c->r, ta == T_INT ? JIT_int_eq : ta == T_FLT ? JIT_float_eq
                                                                      : JIT_ptr_eq,
                         a.ref, b.ref);
    ff_guard(c, r, eq);
    return ff_result(c, RV_BOOL(eq));
}

static bool ff_rawlen(struct ff *c)
{
    struct rv v = ff_arg(c, 0);
    if (ff_tag(c, 0) == T_STR) return ff_int(c, jit_rec_get(c->r, &d_str_len, v.ref));
    if (ff_tag(c, 0) != T_TABLE) return false;
    return ff_int(c, rl_table_len(c->rl, v.ref, c->now[0].t));
}

static bool ff_getmetatable(struct ff *c)
{
    if (c->nargs < 1) return false;
    if (!ff_no_metafield(c, 0, "__metatable")) return false;
    jit_ref mt;
    if (!rl_guard_meta(c->rl, ff_arg(c, 0), &c->now[0], &mt)) return ff_result(c, RV_NIL);
    return ff_result(c, (struct rv){mt, T_TABLE});
}

/* Is the metatable made for the one object that gets it? */
static bool own_meta(struct ff *c, struct rv mt)
{
    const struct table *now = c->now[1].t;
    return !jit_ref_is_const(mt.ref) && (rl_fresh(c->rl, mt.ref) || (!(now->flags & TF_META) && rl_many_metas(now)));
}

static bool ff_setmetatable(struct ff *c)
{
    struct rv t = ff_arg(c, 0), mt = ff_arg(c, 1);
    struct rec_lua *rl = c->rl;
    if (c->nargs < 2 || ff_tag(c, 0) != T_TABLE || (ff_tag(c, 1) != T_TABLE && ff_tag(c, 1) != T_NIL)) return false;
    if (!ff_no_metafield(c, 0, "__metatable")) return false;
    struct fresh *fresh = rl_fresh(rl, t.ref);
    bool some = ff_tag(c, 1) == T_TABLE, own = some && own_meta(c, mt);
    jit_ref args[3] = {trh_context(rl), t.ref, some ? mt.ref : jit_rec_kr(c->r, NULL, false)};
    if (some && !own) { /* one metatable for all objects: the usual case, and what makes method look-ups constants */
        class_mark(rl->L, c->now[1].t);
        while (!(c->now[1].t->flags & TF_SHARED)) class_of_one_more(c->now[1].t);
        jit_rec_guard_value(c->r, mt.ref, jit_rec_kr(c->r, c->now[1].t, true));
        args[2] = jit_rec_kr(c->r, c->now[1].t, true);
        jit_rec_depend(c->r, c->now[1].t);
    }
    bool plain = some && !own && table_getshort(c->now[1].t, rl->L->g->mmname[MM_GC])->tag == T_NIL;
    if (fresh && (plain || !some)) jit_rec_put(c->r, &d_table_meta, t.ref, args[2]);
    else jit_rec_call(c->r, &d_call_setmeta, (const void *)trh_setmeta, args, 3);
    rl_table_changes(rl, t.ref);
    if (fresh) {
        fresh->meta = some ? c->now[1].t : NULL;
        fresh->meta_open = own;
    }
    return ff_result(c, t);
}

/* A hot way to an error: a bridge ends in front of it. */
static bool ff_error(struct ff *c)
{
    uint32_t by = ff_tag(c, 1);
    int64_t level = by == T_INT ? c->now[1].i : 1;
    if (c->rl->tail) return false;
    if (by == T_INT) jit_rec_guard_value(c->r, ff_arg(c, 1).ref, ff_ki(c, level));
    if ((by == T_INT || by == T_NIL || by == T_DEAD) && throw_caught(c, ff_arg(c, 0), level)) return true;
    if (c->r->parent) c->rl->end = true;
    else rl_fail(c->rl, JITSTAT_A_ERROR);
    return true;
}

/* ---- math ---- */

/* x rounded, as an integer where it fits: guarded to be of the kind that it is now. */
static struct rv rounded(struct ff *c, jit_ref x, double now, bool up)
{
    struct jit_recorder *r = c->r;
    int64_t i;
    jit_ref f = jit_rec_op1(r, up ? JIT_float_ceil : JIT_float_floor, x);
    jit_ref n = jit_rec_op1(r, JIT_cast_float_to_int, f);
    bool fits = int_of_float(up ? ceil(now) : floor(now), &i);
    ff_guard(c, jit_rec_op2(r, JIT_float_eq, jit_rec_op1(r, JIT_cast_int_to_float, n), f), fits);
    return fits ? (struct rv){n, T_INT} : (struct rv){f, T_FLT};
}

static bool ff_round(struct ff *c, bool up)
{
    struct rv v = ff_arg(c, 0);
    if (ff_tag(c, 0) == T_INT) return ff_result(c, v);
    return ff_tag(c, 0) == T_FLT && ff_result(c, rounded(c, v.ref, c->now[0].n, up));
}

static bool ff_abs(struct ff *c)
{
    struct jit_recorder *r = c->r;
    struct rv v = ff_arg(c, 0);
    if (ff_tag(c, 0) == T_FLT) return ff_flt(c, jit_rec_op1(r, JIT_float_abs, v.ref));
    if (ff_tag(c, 0) != T_INT) return false;
    jit_ref sign = jit_rec_op2(r, JIT_int_rshift, v.ref, ff_ki(c, 63));
    return ff_int(c, jit_rec_op2(r, JIT_int_sub, jit_rec_op2(r, JIT_int_xor, v.ref, sign), sign));
}

/* Numbers of one kind: chosen without a branch, x ^ ((x ^ y) & -(y is better)). */
static bool ff_minmax(struct ff *c, bool max)
{
    struct jit_recorder *r = c->r;
    uint32_t tag = ff_tag(c, 0);
    if (c->nargs < 1 || c->nargs > 16 || !tag_is_number(tag)) return false;
    for (int n = 1; n < c->nargs; n++)
        if (ff_tag(c, n) != tag) return false;
    jit_ref best = ff_arg(c, 0).ref;
    for (int n = 1; n < c->nargs; n++) {
        jit_ref y = ff_arg(c, n).ref, xi = best, yi = y;
        jit_ref better = jit_rec_op2(r, tag == T_INT ? JIT_int_lt : JIT_float_lt, max ? best : y, max ? y : best);
        if (tag == T_FLT) {
            xi = jit_rec_op1(r, JIT_convert_float_bytes_to_longlong, best);
            yi = jit_rec_op1(r, JIT_convert_float_bytes_to_longlong, y);
        }
        jit_ref mask = jit_rec_op1(r, JIT_int_neg, better);
        best = jit_rec_op2(r, JIT_int_xor, xi, jit_rec_op2(r, JIT_int_and, jit_rec_op2(r, JIT_int_xor, xi, yi), mask));
        if (tag == T_FLT) best = jit_rec_op1(r, JIT_convert_longlong_bytes_to_float, best);
    }
    return ff_result(c, (struct rv){best, tag});
}

static bool ff_float_fn(struct ff *c, double (*fn)(double))
{
    jit_ref x;
    if (!ff_number(c, 0, &x)) return false;
    return ff_flt(c, jit_rec_call(c->r, &d_call_f_f, (const void *)fn, &x, 1));
}

static bool ff_sqrt(struct ff *c)
{
    jit_ref x;
    return ff_number(c, 0, &x) && ff_flt(c, jit_rec_op1(c->r, JIT_float_sqrt, x));
}

static bool ff_float_fn2(struct ff *c, double (*fn)(double, double))
{
    jit_ref x[2];
    if (!ff_number(c, 0, &x[0]) || !ff_number(c, 1, &x[1])) return false;
    return ff_flt(c, jit_rec_call(c->r, &d_call_f_ff, (const void *)fn, x, 2));
}

static bool ff_fmod(struct ff *c)
{
    if (ff_tag(c, 0) != T_INT || ff_tag(c, 1) != T_INT) return ff_float_fn2(c, fmod);
    jit_ref args[2] = {ff_arg(c, 0).ref, ff_arg(c, 1).ref};
    if (c->now[1].i == 0) return false;
    jit_rec_guard_true(c->r, jit_rec_op1(c->r, JIT_int_is_true, args[1]));
    return ff_int(c, jit_rec_call(c->r, &d_call_i_ii, (const void *)trh_fmod, args, 2));
}

static bool ff_modf(struct ff *c)
{
    struct jit_recorder *r = c->r;
    struct rv x = ff_arg(c, 0);
    if (ff_tag(c, 0) == T_INT) return ff_results(c, (struct rv[]){x, {jit_rec_kf(r, 0.0), T_FLT}}, 2);
    if (ff_tag(c, 0) != T_FLT || !isfinite(c->now[0].n)) return false;
    bool neg = c->now[0].n < 0;
    ff_guard(c, jit_rec_op2(r, JIT_float_lt, x.ref, jit_rec_kf(r, 0.0)), neg);
    jit_rec_guard_true(r, jit_rec_op2(r, JIT_float_lt, jit_rec_op1(r, JIT_float_abs, x.ref), jit_rec_kf(r, INFINITY)));
    struct rv n = rounded(c, x.ref, c->now[0].n, neg);
    jit_ref whole = jit_rec_op1(r, neg ? JIT_float_ceil : JIT_float_floor, x.ref); /* once more: of -0.0 it is -0.0 */
    return ff_results(c, (struct rv[]){n, {jit_rec_op2(r, JIT_float_sub, x.ref, whole), T_FLT}}, 2);
}

static bool ff_tointeger(struct ff *c)
{
    struct rv v = ff_arg(c, 0);
    int64_t i;
    if (ff_tag(c, 0) == T_INT) return ff_result(c, v);
    if (ff_tag(c, 0) != T_FLT) return false;
    bool ok = int_of_float(c->now[0].n, &i);
    jit_ref n = jit_rec_op1(c->r, JIT_cast_float_to_int, v.ref);
    ff_guard(c, jit_rec_op2(c->r, JIT_float_eq, jit_rec_op1(c->r, JIT_cast_int_to_float, n), v.ref), ok);
    return ok ? ff_int(c, n) : ff_result(c, RV_NIL);
}

static bool ff_mathtype(struct ff *c)
{
    if (c->nargs < 1) return false;
    if (!tag_is_number(ff_tag(c, 0))) return ff_result(c, RV_NIL);
    return ff_str(c, ff_tag(c, 0) == T_INT ? "integer" : "float");
}

static bool ff_ult(struct ff *c)
{
    jit_ref a, b;
    int64_t x, y;
    if (c->nargs < 2 || ff_tag(c, 0) == T_NIL || ff_tag(c, 1) == T_NIL || !ff_integer(c, 0, 0, &a, &x) || !ff_integer(c, 1, 0, &b, &y)) return false;
    ff_guard(c, jit_rec_op2(c->r, JIT_uint_lt, a, b), (uint64_t)x < (uint64_t)y);
    return ff_result(c, RV_BOOL((uint64_t)x < (uint64_t)y));
}

/* ---- the table of handlers ---- */

static bool ff_math(struct ff *c, int id)
{
    switch (id) {
    case FF_math_abs: return ff_abs(c);
    case FF_math_floor: return ff_round(c, false);
    case FF_math_ceil: return ff_round(c, true);
    case FF_math_sqrt: return ff_sqrt(c);
    case FF_math_max: return ff_minmax(c, true);
    case FF_math_min: return ff_minmax(c, false);
    case FF_math_fmod: return ff_fmod(c);
    case FF_math_modf: return ff_modf(c);
    case FF_math_sin: return ff_float_fn(c, sin);
    case FF_math_cos: return ff_float_fn(c, cos);
    case FF_math_tan: return ff_float_fn(c, tan);
    case FF_math_asin: return ff_float_fn(c, asin);
    case FF_math_acos: return ff_float_fn(c, acos);
    case FF_math_exp: return ff_float_fn(c, exp);
    case FF_math_atan: return c->nargs > 1 && ff_tag(c, 1) != T_NIL ? ff_float_fn2(c, atan2) : ff_float_fn(c, trh_atan);
    case FF_math_log: return c->nargs > 1 && ff_tag(c, 1) != T_NIL ? ff_float_fn2(c, trh_log_base) : ff_float_fn(c, log);
    case FF_math_tointeger: return ff_tointeger(c);
    case FF_math_type: return ff_mathtype(c);
    case FF_math_ult: return ff_ult(c);
    default: return false;
    }
}

static bool ff_base(struct ff *c, int id)
{
    switch (id) {
    case FF_base_type: return ff_type(c);
    case FF_base_select: return ff_select(c);
    case FF_base_assert: return ff_assert(c);
    case FF_base_tostring: return ff_tostring(c);
    case FF_base_tonumber: return ff_tonumber(c);
    case FF_base_rawget: return ff_rawget(c);
    case FF_base_rawset: return ff_rawset(c);
    case FF_base_rawequal: return ff_rawequal(c);
    case FF_base_rawlen: return ff_rawlen(c);
    case FF_base_getmetatable: return ff_getmetatable(c);
    case FF_base_setmetatable: return ff_setmetatable(c);
    case FF_base_pcall: return rl_call_pcall(c->rl, c->fslot, c->now - 1, c->nargs, c->want, false);
    case FF_base_xpcall: return rl_call_pcall(c->rl, c->fslot, c->now - 1, c->nargs, c->want, true);
    case FF_base_error: return ff_error(c);
    default: return false;
    }
}

bool rl_fast_call(struct rec_lua *rl, int32_t fslot, int32_t args, const struct value *f, int nargs, int nresults)
{
    struct ff c = {rl, rl->r, fslot, args, nargs, nresults, f + 1};
    int id = fastfunc_id(rl->L, f->tag == T_LCF ? f->f : f->ccl->f);
    if (id == FF_NONE) return false;
    return ff_base(&c, id) || ff_math(&c, id) || ff_string(&c, id) || ff_table(&c, id);
}
