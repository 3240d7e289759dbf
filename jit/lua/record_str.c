/* record_str.c: the string library on traces.
 *
 * Strings are immutable, so lengths and bytes are plain loads and everything that makes a string is a helper without
 * other effects. string.format is taken apart at recording time: its format is a constant, each conversion becomes one
 * piece of a plan (trace_join.c).
 *
 * Before: record_ff.c. After: trace_ff.c, trace_join.c.
 */
#include <stdio.h>
#include "lua/record_ff.h"

static jit_ref op2(struct ff *c, enum jit_opcode op, jit_ref a, jit_ref b) { return jit_rec_op2(c->r, op, a, b); }

static bool ff_byte(struct ff *c)
{
    struct rv s = ff_arg(c, 0);
    jit_ref i;
    int64_t now;
    if (ff_tag(c, 0) != T_STR || c->nargs > 2 || !ff_integer(c, 1, 1, &i, &now)) return false;
    int64_t n = (int64_t)c->now[0].s->len;
    jit_ref len = jit_rec_get(c->r, &d_str_len, s.ref), at;
    if (now < 0) { /* from the end */
        jit_rec_guard_true(c->r, op2(c, JIT_int_lt, i, ff_ki(c, 0)));
        at = op2(c, JIT_int_add, len, i);
        now += n + 1;
    } else {
        at = op2(c, JIT_int_sub, i, ff_ki(c, 1));
    }
    bool in = (uint64_t)now - 1 < (uint64_t)n;
    if (!in && now <= 0) return false; /* the end's positions below the string's begin */
    if (!in) jit_rec_guard_true(c->r, op2(c, JIT_int_ge, i, ff_ki(c, 0))); /* one from the end is there, maybe */
    ff_guard(c, op2(c, JIT_uint_lt, at, len), in);
    if (!in) return ff_results(c, NULL, 0);
    return ff_int(c, jit_rec_aget(c->r, &d_str_byte, s.ref, at));
}

static bool ff_char(struct ff *c)
{
    if (c->nargs != 1 || ff_tag(c, 0) != T_INT || (uint64_t)c->now[0].i > 255) return false;
    jit_ref ch = ff_arg(c, 0).ref;
    jit_rec_guard_true(c->r, op2(c, JIT_uint_lt, ch, ff_ki(c, 256)));
    jit_ref args[2] = {trh_context(c->rl), ch};
    return ff_made(c, jit_rec_call(c->r, &d_call_str_i, (const void *)trh_char, args, 2), T_STR);
}

static bool ff_sub(struct ff *c)
{
    jit_ref args[4] = {trh_context(c->rl), ff_arg(c, 0).ref};
    int64_t i, j;
    if (ff_tag(c, 0) != T_STR || ff_tag(c, 1) == T_DEAD || ff_tag(c, 1) == T_NIL) return false;
    if (!ff_integer(c, 1, 1, &args[2], &i) || !ff_integer(c, 2, -1, &args[3], &j)) return false;
    return ff_made(c, jit_rec_call(c->r, &d_call_str_rii, (const void *)trh_sub, args, 4), T_STR);
}

static bool ff_rep(struct ff *c)
{
    struct rv sep = ff_arg(c, 2);
    jit_ref args[4] = {trh_context(c->rl), ff_arg(c, 0).ref, 0, sep.tag == T_STR ? sep.ref : jit_rec_kr(c->r, NULL, false)};
    int64_t n;
    if (ff_tag(c, 0) != T_STR || ff_tag(c, 1) == T_DEAD || ff_tag(c, 1) == T_NIL || (sep.tag != T_STR && sep.tag != T_NIL)) return false;
    if (!ff_integer(c, 1, 0, &args[2], &n)) return false;
    if (n > 0 && (uint64_t)n * (c->now[0].s->len + (sep.tag == T_STR ? c->now[2].s->len : 0)) > 1 << 24) return false;
    return ff_made(c, jit_rec_call(c->r, &d_call_str_rir, (const void *)trh_rep, args, 4), T_STR);
}

static bool ff_case(struct ff *c, int how)
{
    jit_ref args[3] = {trh_context(c->rl), ff_arg(c, 0).ref, ff_ki(c, how)};
    if (ff_tag(c, 0) != T_STR) return false;
    return ff_made(c, jit_rec_call(c->r, &d_call_str_ri, (const void *)trh_case, args, 3), T_STR);
}

/* Plain searches: told so, or the pattern is a constant without magic. */
static bool ff_find(struct ff *c)
{
    struct rv s = ff_arg(c, 0), p = ff_arg(c, 1);
    jit_ref init;
    int64_t now;
    bool plain = c->nargs > 3 && !tag_is_false(ff_tag(c, 3));
    if (ff_tag(c, 0) != T_STR || ff_tag(c, 1) != T_STR) return false;
    const struct lstr *ps = c->now[1].s, *ss = c->now[0].s;
    if (!plain && (strpbrk(ps->data, "^$*+?.([%-") || strlen(ps->data) != ps->len)) return ff_match(c, true);
    if (!ff_integer(c, 2, 1, &init, &now) || now < 1 || (uint64_t)now - 1 > ss->len) return false;
    if (!plain) jit_rec_guard_value(c->r, p.ref, jit_rec_kr(c->r, (void *)ps, true));
    jit_rec_guard_true(c->r, op2(c, JIT_uint_le, op2(c, JIT_int_sub, init, ff_ki(c, 1)), jit_rec_get(c->r, &d_str_len, s.ref)));
    jit_ref args[3] = {s.ref, p.ref, init};
    jit_ref at = jit_rec_call(c->r, &d_call_i_rri, (const void *)trh_find, args, 3);
    bool found = trh_find(ss, ps, now) != 0;
    ff_guard(c, jit_rec_op1(c->r, JIT_int_is_true, at), found);
    if (!found) return ff_result(c, RV_NIL);
    jit_ref end = op2(c, JIT_int_add, at, op2(c, JIT_int_sub, jit_rec_get(c->r, &d_str_len, p.ref), ff_ki(c, 1)));
    return ff_results(c, (struct rv[]){{at, T_INT}, {end, T_INT}}, 2);
}

/* ---- format ---- */

/* "%s" of what needs no metamethod. */
static bool add_string(struct ff *c, struct join *j, int n, const struct join_spec *f)
{
    struct rv v = ff_arg(c, n);
    bool plain = f->width == 0 && f->prec == JOIN_NO_PREC;
    if (!ff_no_metafield(c, n, "__tostring")) return false;
    if (v.tag <= T_TRUE && plain) return v.tag == T_NIL ? join_text(j, "nil", 3) : v.tag == T_TRUE ? join_text(j, "true", 4)
                                                                                                   : join_text(j, "false", 5);
    if (v.tag != T_STR && !tag_is_number(v.tag)) return false;
    return plain ? join_value(c->rl, j, v) : join_padded(c->rl, j, v, f);
}

static uint8_t two_digits(const char **s)
{
    uint8_t n = 0;
    while (**s >= '0' && **s <= '9') n = (uint8_t)(n * 10 + *(*s)++ - '0');
    return n;
}

/* s is behind the '%' of a conversion that conversion_end has accepted. */
static struct join_spec spec_of(const char *s)
{
    struct join_spec f = {.prec = JOIN_NO_PREC};
    for (; *s && strchr("-+ #0", *s); s++) {
        if (*s == '-') f.left = true;
        else if (*s == '0') f.zero = true;
        else f.other = true;
    }
    f.width = two_digits(&s);
    if (*s == '.') s++, f.prec = two_digits(&s);
    f.conv = *s;
    return f;
}

/* One conversion [s, end): s is behind the '%', end[-1] the letter. */
static bool add_conversion(struct ff *c, struct join *j, const char *s, const char *end, int n)
{
    char spec[32];
    int64_t now;
    int len = (int)(end - s);
    struct join_spec f = spec_of(s);
    char conv = f.conv;
    jit_ref i;
    if (n >= c->nargs || len > 16) return false;
    if (conv == 's') return add_string(c, j, n, &f);
    if (!tag_is_number(ff_tag(c, n))) return false;
    if (strchr("eEfgG", conv)) {
        struct rv v = ff_arg(c, n);
        snprintf(spec, sizeof spec, "%%%.*s", len, s);
        if (v.tag == T_INT) v = (struct rv){jit_rec_op1(c->r, JIT_cast_int_to_float, v.ref), T_FLT};
        return join_printf(c->rl, j, v, &f, spec);
    }
    if (!ff_integer(c, n, 0, &i, &now)) return false;
    if (conv == 'c') return join_byte(c->rl, j, (struct rv){i, T_INT});
    if (len == 1 && (conv == 'd' || conv == 'i')) return join_value(c->rl, j, (struct rv){i, T_INT});
    snprintf(spec, sizeof spec, "%%%.*sll%c", len - 1, s, conv);
    return join_printf(c->rl, j, (struct rv){i, T_INT}, &f, spec);
}

/* The end of a conversion that the library accepts, or NULL: flags by letter, at most two digits of width and precision. */
static const char *conversion_end(const char *s)
{
    const char *flags = s, *p = s;
    while (*p && strchr("-+ #0", *p)) p++;
    size_t nflags = (size_t)(p - flags);
    for (int i = 0; i < 2 && *p >= '0' && *p <= '9'; i++) p++;
    if (*p == '.') {
        p++;
        for (int i = 0; i < 2 && *p >= '0' && *p <= '9'; i++) p++;
    }
    const char *may = strchr("di", *p) ? "-+0 " : strchr("xXo", *p) ? "-#0"
                                              : strchr("eEfgG", *p) ? "-+ #0"
                                              : *p == 's'           ? "-"
                                              : *p == 'c'           ? ""
                                                                    : NULL;
    if (!*p || !may || strspn(flags, may) < nflags || nflags > 4) return NULL;
    if (*p == 'c' && p != s) return NULL; /* padded bytes are the library's */
    return p + 1;
}

static bool format_pieces(struct ff *c, struct join *j, const char *f, const char *end)
{
    char text[256];
    size_t nt = 0;
    int n = 1;
    while (f < end) {
        if (*f != '%' || f[1] == '%') {
            if (nt == sizeof text - 1) return false;
            text[nt++] = *f;
            f += *f == '%' ? 2 : 1;
            continue;
        }
        const char *e = conversion_end(++f);
        if (!e || !join_text(j, text, nt) || !add_conversion(c, j, f, e, n++)) return false;
        nt = 0;
        f = e;
    }
    return join_text(j, text, nt);
}

static bool ff_format(struct ff *c)
{
    struct join j = {.n = 0};
    if (ff_tag(c, 0) != T_STR) return false;
    const struct lstr *f = c->now[0].s;
    if (strlen(f->data) != f->len) return false;
    jit_rec_guard_value(c->r, ff_arg(c, 0).ref, jit_rec_kr(c->r, (void *)f, true));
    if (!format_pieces(c, &j, f->data, f->data + f->len)) return false;
    return ff_made(c, join_make(c->rl, &j), T_STR);
}

bool ff_string(struct ff *c, int id)
{
    switch (id) {
    case FF_string_len: return ff_tag(c, 0) == T_STR && ff_int(c, jit_rec_get(c->r, &d_str_len, ff_arg(c, 0).ref));
    case FF_string_byte: return ff_byte(c);
    case FF_string_char: return ff_char(c);
    case FF_string_sub: return ff_sub(c);
    case FF_string_rep: return ff_rep(c);
    case FF_string_upper: return ff_case(c, CASE_UPPER);
    case FF_string_lower: return ff_case(c, CASE_LOWER);
    case FF_string_reverse: return ff_case(c, CASE_REVERSE);
    case FF_string_find: return ff_find(c);
    case FF_string_match: return ff_match(c, false);
    case FF_string_gsub: return ff_gsub(c);
    case FF_gmatch_iter: return ff_gmatch_step(c);
    case FF_string_format: return ff_format(c);
    default: return false;
    }
}
