/* record_pat.c: string.find, match and gsub with patterns on traces.
 *
 * The pattern is a constant of the trace, compiled to a program (pattern.c). The helper leaves offsets in the state's match
 * record; captures that the program asks for become strings, and of those nobody reads the string is never made where
 * the optimizer sees it. Whether it matched is guarded to be as now, so what follows is compiled for one outcome.
 *
 * Invariants
 *  1. Only what the library would not raise for gets here: strings as arguments, a start inside the subject.
 *  2. The match record is read right behind the call that fills it.
 *
 * Before: record_str.c. After: pattern.c.
 */
#include "lua/pattern.h"
#include "lua/record_ff.h"

#define FIELD(var, nm, off) \
    static const struct jit_descr var = {.name = nm, .kind = JIT_D_FIELD, .type = 'i', .size = 8, .offset = (int32_t)(off), .alias = AL_MATCH}
FIELD(d_match_from, "match.from", offsetof(struct pattern_match, from));
FIELD(d_match_to, "match.to", offsetof(struct pattern_match, to));
FIELD(d_match_count, "match.count", offsetof(struct pattern_match, count));
static const struct jit_descr d_ccl_upval = {.name = "ccl.upval", .kind = JIT_D_ARRAY, .type = 'r', .size = 8, .stride = sizeof(struct value), .offset = (int32_t)offsetof(struct cclosure, upvals), .alias = AL_LCL};
static const struct jit_descr d_match_at = {.name = "match.at", .kind = JIT_D_ARRAY, .type = 'i', .size = 8, .stride = 16, .offset = (int32_t)offsetof(struct pattern_match, cap[0].at), .alias = AL_MATCH};
static const struct jit_descr d_match_len = {.name = "match.len", .kind = JIT_D_ARRAY, .type = 'i', .size = 8, .stride = 16, .offset = (int32_t)offsetof(struct pattern_match, cap[0].len), .alias = AL_MATCH};
static CALL(d_call_match, "call_match", 'i', "rrri", JIT_EF_READS | JIT_EF_WRITES | JIT_EF_KEEP, 0, ALS(AL_MATCH));
static CALL(d_call_gmatch, "call_gmatch", 'i', "rrrr", JIT_EF_READS | JIT_EF_WRITES | JIT_EF_KEEP, ALS(AL_UDATA), ALS(AL_MATCH));
static CALL(d_call_gmatch_step, "call_gmatch_step", 'v', "ri", JIT_EF_WRITES | JIT_EF_KEEP, 0, ALS(AL_UDATA));
static CALL(d_call_gsub, "call_gsub", 'r', "rrrrri", JIT_EF_ALLOC | JIT_EF_READS | JIT_EF_WRITES | JIT_EF_KEEP, TABLE_MEM, ALS(AL_MATCH));
static CALL(d_call_piece, "call_piece", 'r', "rrii", JIT_EF_ALLOC, 0, 0);

/* ---- running ---- */

static int64_t trh_match(struct lua_State *L, const struct lstr *s, const struct lstr *program, int64_t init)
{
    return pattern_find((const uint8_t *)program->data, s->data, s->len, (size_t)init - 1, L->g->match);
}

/* gmatch's iterators: their block is read by the first helper and written by the second, behind the last guard. */
static int64_t trh_gmatch(struct lua_State *L, const struct cclosure *it, const struct lstr *p, const struct lstr *program)
{
    const struct lstr *s = it->upvals[0].s;
    const struct gmatch_state *g = udata_block(it->upvals[2].u);
    if (it->upvals[1].tag != T_STR || it->upvals[0].tag != T_STR || it->upvals[1].s != p || g->p != p->data) return -1;
    if (g->src < s->data || g->src > s->data + s->len) return g->src == s->data + s->len + 1 ? 0 : -1;
    return pattern_next((const uint8_t *)program->data, s->data, s->len, (size_t)(g->src - s->data), g->last ? g->last - s->data : -1, L->g->match);
}

static void trh_gmatch_step(const struct cclosure *it, int64_t to)
{
    struct gmatch_state *g = udata_block(it->upvals[2].u);
    g->src = g->last = it->upvals[0].s->data + to;
}

static struct lstr *trh_piece(struct lua_State *L, struct lstr *s, int64_t at, int64_t len)
{
    return len == (int64_t)s->len ? s : trh_str(L, s->data + at, (size_t)len);
}

static struct lstr *trh_gsub(struct lua_State *L, struct lstr *s, const struct lstr *program, const struct lstr *repl, struct table *map, int64_t most)
{
    return pattern_gsub(L, (const uint8_t *)program->data, s, repl, map, most, L->g->match);
}

/* ---- recording ---- */

struct use {
    jit_ref s, program, match; /* subject, program, the match record */
    const struct lstr *now; /* the program itself: its constant is none when memory ran out */
    struct pattern_head head;
    uint8_t code[PATTERN_BYTES];
};

/* The pattern's program and the match record as constants. False: it has none. */
static bool use_program(struct ff *c, struct use *u, const struct lstr *p, bool gmatch)
{
    struct global *g = c->rl->L->g;
    size_t n = pattern_compile(p->data, p->len, gmatch, u->code);
    if (!n) return false;
    struct lstr *k = trh_str(c->rl->L, (const char *)u->code, n);
    if (!g->match) g->match = mem_try_realloc(c->rl->L, NULL, 0, sizeof *g->match);
    if (!k || !g->match) return false;
    pattern_head(u->code, &u->head);
    u->now = k;
    u->program = jit_rec_kr(c->r, k, true);
    u->match = jit_rec_kr(c->r, g->match, false);
    return true;
}

/* Arguments 0 and 1 are a subject and a pattern that has a program. Nothing is guarded yet. */
static bool use_pattern(struct ff *c, struct use *u)
{
    if (ff_tag(c, 0) != T_STR || ff_tag(c, 1) != T_STR) return false;
    u->s = ff_arg(c, 0).ref;
    return use_program(c, u, c->now[1].s, false);
}

static void guard_pattern(struct ff *c) { jit_rec_guard_value(c->r, ff_arg(c, 1).ref, jit_rec_kr(c->r, c->now[1].s, true)); }

/* Capture n, or the whole match. */
static struct rv capture(struct ff *c, const struct use *u, int n)
{
    struct jit_recorder *r = c->r;
    jit_ref at, len;
    if (u->head.ncaps == 0) {
        at = jit_rec_get(r, &d_match_from, u->match);
        len = jit_rec_op2(r, JIT_int_sub, jit_rec_get(r, &d_match_to, u->match), at);
    } else {
        at = jit_rec_aget(r, &d_match_at, u->match, ff_ki(c, n));
        if (u->head.is_pos[n]) return (struct rv){at, T_INT};
        len = jit_rec_aget(r, &d_match_len, u->match, ff_ki(c, n));
    }
    jit_ref args[4] = {trh_context(c->rl), u->s, at, len}, made;
    made = jit_rec_call(r, &d_call_piece, (const void *)trh_piece, args, 4);
    jit_rec_guard_nonnull(r, made);
    return (struct rv){made, T_STR};
}

bool ff_match(struct ff *c, bool find)
{
    struct jit_recorder *r = c->r;
    struct use u;
    struct rv v[PATTERN_CAPTURES + 2];
    jit_ref init;
    int64_t now;
    int n = 0;
    if (!use_pattern(c, &u) || !ff_integer(c, 2, 1, &init, &now) || now < 1 || (uint64_t)now - 1 > c->now[0].s->len) return false;
    guard_pattern(c);
    jit_rec_guard_true(r, jit_rec_op2(r, JIT_uint_le, jit_rec_op2(r, JIT_int_sub, init, ff_ki(c, 1)), jit_rec_get(r, &d_str_len, u.s)));
    jit_ref args[4] = {trh_context(c->rl), u.s, u.program, init};
    bool found = pattern_find(u.code, c->now[0].s->data, c->now[0].s->len, (size_t)now - 1, c->rl->L->g->match) == 1;
    jit_rec_guard_value(r, jit_rec_call(r, &d_call_match, (const void *)trh_match, args, 4), ff_ki(c, found));
    if (!found) return ff_result(c, RV_NIL);
    if (find) {
        v[n++] = (struct rv){jit_rec_op2(r, JIT_int_add, jit_rec_get(r, &d_match_from, u.match), ff_ki(c, 1)), T_INT};
        v[n++] = (struct rv){jit_rec_get(r, &d_match_to, u.match), T_INT};
    }
    int caps = u.head.ncaps == 0 && !find ? 1 : u.head.ncaps;
    for (int i = 0; i < caps; i++, n++) v[n] = c->want >= 0 && n >= c->want ? RV_NIL : capture(c, &u, i);
    return ff_made_all(c, v, n);
}

/* A step of an iterator that string.gmatch has made; its pattern is a constant of the trace. */
bool ff_gmatch_step(struct ff *c)
{
    struct jit_recorder *r = c->r;
    const struct cclosure *it = c->now[-1].ccl;
    struct use u;
    struct rv v[PATTERN_CAPTURES];
    if (c->now[-1].tag != T_CCL || !fastfunc_gmatch_known(c->rl->L) || it->nupvals != 3) return false;
    if (it->upvals[0].tag != T_STR || it->upvals[1].tag != T_STR || it->upvals[2].tag != T_UDATA || !use_program(c, &u, it->upvals[1].s, true)) return false;
    jit_ref f = jit_rec_slot(r, c->args - 1)->ref, args[4] = {trh_context(c->rl), f, jit_rec_kr(r, it->upvals[1].s, true), u.program};
    int64_t found = trh_gmatch(c->rl->L, it, it->upvals[1].s, u.now);
    if (found < 0) return false;
    jit_rec_guard_value(r, jit_rec_call(r, &d_call_gmatch, (const void *)trh_gmatch, args, 4), ff_ki(c, found));
    if (!found) return ff_result(c, RV_NIL);
    u.s = jit_rec_aget(r, &d_ccl_upval, f, ff_ki(c, 0));
    int n = u.head.ncaps ? u.head.ncaps : 1;
    for (int i = 0; i < n; i++) v[i] = c->want >= 0 && i >= c->want ? RV_NIL : capture(c, &u, i);
    jit_ref step[2] = {f, jit_rec_get(r, &d_match_to, u.match)};
    jit_rec_call(r, &d_call_gmatch_step, (const void *)trh_gmatch_step, step, 2);
    return ff_made_all(c, v, n);
}

bool ff_gsub(struct ff *c)
{
    struct jit_recorder *r = c->r;
    struct rv repl = ff_arg(c, 2);
    struct use u;
    jit_ref most;
    int64_t now;
    bool string = ff_tag(c, 2) == T_STR;
    if (!string && (ff_tag(c, 2) != T_TABLE || c->now[2].t->meta)) return false;
    if (!use_pattern(c, &u) || !ff_integer(c, 3, INT64_MAX, &most, &now)) return false;
    guard_pattern(c);
    jit_ref none = jit_rec_kr(r, NULL, false), no_meta;
    if (!string) rl_guard_meta(c->rl, repl, &c->now[2], &no_meta);
    jit_ref args[6] = {trh_context(c->rl), u.s, u.program, string ? repl.ref : none, string ? none : repl.ref, most};
    jit_ref out = jit_rec_call(r, &d_call_gsub, (const void *)trh_gsub, args, 6);
    jit_rec_guard_nonnull(r, out);
    return ff_made_all(c, (struct rv[]){{out, T_STR}, {jit_rec_get(r, &d_match_count, u.match), T_INT}}, 2);
}
