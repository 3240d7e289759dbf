/* trace_join.c: one string out of many pieces, for the concatenation operator and string.format.
 *
 * What the pieces are is known when the trace is recorded and is written down in a string, the plan, which is a
 * constant of the trace; the helper gets it with the pieces' payloads and makes the result at once. So numbers
 * do not become strings of their own first. The plan, piece by piece:
 *
 *   T n bytes         text                          S      the next payload is a string
 *   I                 an integer, as tostring does  F      a float, as tostring does
 *   d n spec 0        integer by printf's spec      f n spec 0   float by printf's spec
 *   X width prec n spec 0   float, "%width.precf": done here where it is exact, else by printf
 *   N letter flag width  integer by %d, %x, %X; flag: '-', '0' or a blank         C      the byte of an integer
 *   P flag width prec    the string or number that follows has width bytes at least, prec at most (JOIN_NO_PREC: all)
 *
 * Invariants
 *  1. A number's text is what the library would make, to the last digit, in the program's locale.
 *  2. Nothing raises: NULL if memory is short or a number needs more room than there is; the interpreter then does it.
 *
 * Before: record_table.c, record_str.c. After: string.c, number.c.
 */
#include <langinfo.h>
#include <stdarg.h>
#include <stdio.h>
#include "lua/record.h"

#define JOIN_DESCR(n, as) \
    { \
        .name = "call_join" #n, .kind = JIT_D_CALL, .type = 'r', .args = as, .effects = JIT_EF_ALLOC \
    }
static const struct jit_descr d_call_join[JOIN_MAX + 1] = {
    JOIN_DESCR(0, "rr"),
    JOIN_DESCR(1, "rri"),
    JOIN_DESCR(2, "rrii"),
    JOIN_DESCR(3, "rriii"),
    JOIN_DESCR(4, "rriiii"),
    JOIN_DESCR(5, "rriiiii"),
    JOIN_DESCR(6, "rriiiiii"),
    JOIN_DESCR(7, "rriiiiiii"),
    JOIN_DESCR(8, "rriiiiiiii"),
    JOIN_DESCR(9, "rriiiiiiiii"),
    JOIN_DESCR(10, "rriiiiiiiiii"),
    JOIN_DESCR(11, "rriiiiiiiiiii"),
    JOIN_DESCR(12, "rriiiiiiiiiiii"),
};

/* ---- recording: writing the plan ---- */

static bool plan_put(struct join *j, const void *p, size_t n)
{
    if (j->len + n > sizeof j->plan) return false;
    memcpy(j->plan + j->len, p, n);
    j->len += (unsigned)n;
    return true;
}

static bool piece(struct join *j, char kind)
{
    if (j->n == JOIN_PIECES) return false;
    j->n++;
    return plan_put(j, &kind, 1);
}

bool join_text(struct join *j, const char *s, size_t n)
{
    unsigned char c = (unsigned char)n;
    return n == 0 || (n < 256 && piece(j, 'T') && plan_put(j, &c, 1) && plan_put(j, s, n));
}

static bool payload(struct rec_lua *rl, struct join *j, struct rv v)
{
    if (j->nbits == JOIN_MAX) return false;
    j->bits[j->nbits++] = trh_bits(rl, v);
    return true;
}

static bool value_piece(struct rec_lua *rl, struct join *j, struct rv v)
{
    return piece(j, v.tag == T_STR ? 'S' : v.tag == T_INT ? 'I'
                                                          : 'F') &&
           payload(rl, j, v);
}

bool join_value(struct rec_lua *rl, struct join *j, struct rv v)
{
    if (v.tag == T_STR && jit_ref_is_const(v.ref)) {
        const struct lstr *s = jit_ref_const(&rl->r->ir, v.ref)->p;
        if (s->len < 64) return join_text(j, s->data, s->len);
    }
    return value_piece(rl, j, v);
}

static char flag_of(const struct join_spec *f) { return f->left ? '-' : f->zero ? '0'
                                                                                : ' '; }

bool join_padded(struct rec_lua *rl, struct join *j, struct rv v, const struct join_spec *f)
{
    const uint8_t head[4] = {'P', (uint8_t)flag_of(f), f->width, f->prec};
    return plan_put(j, head, sizeof head) && value_piece(rl, j, v);
}

bool join_byte(struct rec_lua *rl, struct join *j, struct rv v) { return piece(j, 'C') && payload(rl, j, v); }

bool join_printf(struct rec_lua *rl, struct join *j, struct rv v, const struct join_spec *f, const char *spec)
{
    if (v.tag == T_INT && !f->other && f->prec == JOIN_NO_PREC && strchr("dixX", f->conv)) {
        const uint8_t how[3] = {(uint8_t)f->conv, (uint8_t)flag_of(f), f->width};
        return piece(j, 'N') && plan_put(j, how, sizeof how) && payload(rl, j, v);
    }
    /* "%f", "%.3f", "%8.3f": no flags, at most nine decimals */
    unsigned char n = (unsigned char)strlen(spec), wp[2] = {f->width, f->prec == JOIN_NO_PREC ? 6 : f->prec};
    bool fixed = v.tag == T_FLT && f->conv == 'f' && !f->left && !f->zero && !f->other && wp[1] <= 9;
    return piece(j, fixed ? 'X' : v.tag == T_FLT ? 'f'
                                                 : 'd') &&
           (!fixed || plan_put(j, wp, 2)) && plan_put(j, &n, 1) &&
           plan_put(j, spec, n + 1u) && payload(rl, j, v);
}

jit_ref join_make(struct rec_lua *rl, struct join *j)
{
    struct lstr *plan = trh_str(rl->L, j->plan, j->len);
    if (!plan) rl_fail(rl, JITSTAT_A_NO_MEMORY);
    if (rl_failed(rl)) return JIT_NOREF;
    jit_ref args[JOIN_MAX + 2] = {trh_context(rl), jit_rec_kr(rl->r, plan, true)};
    memcpy(args + 2, j->bits, j->nbits * sizeof *args);
    jit_ref s = jit_rec_call(rl->r, &d_call_join[j->nbits], (const void *)trh_join, args, j->nbits + 2);
    jit_rec_guard_nonnull(rl->r, s);
    return s;
}

/* ---- running ---- */

/* "%width.precf" of x. A double is m * 2^-s, so m * 10^prec shifted right by s is its decimal, and what is shifted
 * out says how to round: exactly, ties to even. -1: not here. */
static int fixed_point(char *out, double x, unsigned width, unsigned prec)
{
    static const uint32_t pow10[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000};
    uint64_t bits;
    memcpy(&bits, &x, 8);
    unsigned e = bits >> 52 & 0x7ff;
    if (e == 0x7ff || e >= 1075 || (e == 0 && bits << 1)) return -1;
    unsigned __int128 p = (unsigned __int128)((bits & ((1ull << 52) - 1)) | (e ? 1ull << 52 : 0)) * pow10[prec], q = 0;
    unsigned s = 1075 - e;
    if (s < 127) {
        unsigned __int128 rest = p & (((unsigned __int128)1 << s) - 1), half = (unsigned __int128)1 << (s - 1);
        q = p >> s;
        if (rest > half || (rest == half && (q & 1))) q++;
    }
    if (q >> 63) return -1;
    char buf[32], *d = buf + sizeof buf;
    uint64_t u = (uint64_t)q;
    for (unsigned n = 0; n <= prec || u; n++) {
        if (n == prec && prec) *--d = '.';
        *--d = (char)('0' + u % 10);
        u /= 10;
    }
    if (bits >> 63) *--d = '-';
    int len = (int)(buf + sizeof buf - d), pad = (int)width > len ? (int)width - len : 0;
    memset(out, ' ', (size_t)pad);
    memcpy(out + pad, d, (size_t)len);
    return pad + len;
}

/* "%width" of an integer; letter: d, i, x or X. At most 99 bytes. */
static int integer_text(char *out, int64_t v, char letter, char flag, unsigned width)
{
    bool hex = letter == 'x' || letter == 'X', neg = !hex && v < 0;
    const char *digits = letter == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
    char buf[24], *d = buf + sizeof buf;
    uint64_t u = neg ? 0 - (uint64_t)v : (uint64_t)v;
    do {
        *--d = digits[hex ? u & 15 : u % 10];
        u = hex ? u >> 4 : u / 10;
    } while (u);
    size_t n = (size_t)(buf + sizeof buf - d), pad = width > n + neg ? width - n - neg : 0;
    char *p = out;
    if (flag == ' ') p = (char *)memset(p, ' ', pad) + pad;
    if (neg) *p++ = '-';
    if (flag == '0') p = (char *)memset(p, '0', pad) + pad;
    p = (char *)memcpy(p, d, n) + n;
    if (flag == '-') p = (char *)memset(p, ' ', pad) + pad;
    return (int)(p - out);
}

static int number_text(char *out, size_t room, char kind, const char **plan, uint64_t bits)
{
    struct value v = {.bits = bits, .tag = kind == 'I' || kind == 'd' ? T_INT : T_FLT};
    if (room < 128) return -1;
    if (kind == 'I' || kind == 'F') return num_to_buf(&v, out);
    if (kind == 'C') return *out = (char)bits, 1;
    if (kind == 'N') {
        const char *how = *plan;
        *plan += 3;
        return integer_text(out, (int64_t)bits, how[0], how[1], (unsigned char)how[2]);
    }
    unsigned width = 0, prec = 0;
    if (kind == 'X') width = (unsigned char)(*plan)[0], prec = (unsigned char)(*plan)[1], *plan += 2;
    size_t n = (unsigned char)**plan;
    const char *spec = *plan + 1;
    *plan = spec + n + 1;
    int len = -1;
    if (kind == 'X' && !strcmp(nl_langinfo(RADIXCHAR), ".")) len = fixed_point(out, v.n, width, prec);
    if (len < 0) len = kind == 'd' ? snprintf(out, room, spec, (long long)v.i) : snprintf(out, room, spec, v.n);
    return len < 0 || (size_t)len >= room ? -1 : len;
}

struct part {
    const char *s;
    size_t n;
};

struct joining {
    struct part part[JOIN_PIECES * 2]; /* blanks of padded pieces are parts of their own */
    unsigned n;
    size_t total; /* bytes of all parts */
    char text[1024]; /* of numbers */
    size_t used;
    const char *plan; /* the next piece */
    va_list ap;
};

static bool add_part(struct joining *w, const char *s, size_t n)
{
    w->part[w->n++] = (struct part){s, n};
    w->total += n;
    return w->total <= (size_t)1 << 40;
}

/* What was asked of a piece by 'P'. */
static bool add_padded(struct joining *w, const char *s, size_t n, const char *how)
{
    static const char blanks[] = "                                                                                                   ";
    size_t width = (uint8_t)how[1], prec = (uint8_t)how[2];
    if (memchr(s, 0, n)) return false; /* the library raises */
    if (prec != JOIN_NO_PREC && n > prec) n = prec;
    size_t pad = width > n ? width - n : 0;
    if (how[0] != '-' && pad) add_part(w, blanks, pad);
    bool ok = add_part(w, s, n);
    return how[0] == '-' && pad ? add_part(w, blanks, pad) : ok;
}

/* The plan's next piece; false: the result cannot be made here. */
static bool next_piece(struct joining *w)
{
    const char *how = *w->plan == 'P' ? w->plan + 1 : NULL, *s;
    if (how) w->plan += 4;
    char kind = *w->plan++;
    size_t n;
    if (kind == 'T') {
        s = w->plan + 1;
        n = (unsigned char)*w->plan;
        w->plan += 1 + n;
    } else if (kind == 'S') {
        const struct lstr *str = va_arg(w->ap, const struct lstr *);
        s = str->data;
        n = str->len;
    } else {
        char *out = w->text + w->used;
        int len = number_text(out, sizeof w->text - w->used, kind, &w->plan, va_arg(w->ap, uint64_t));
        if (len < 0) return false;
        w->used += (size_t)len;
        s = out;
        n = (size_t)len;
    }
    return how ? add_padded(w, s, n, how) : add_part(w, s, n);
}

static struct lstr *glue(struct lua_State *L, const struct joining *w)
{
    char buf[STR_SHORT_MAX], *p = buf;
    struct lstr *out = NULL;
    if (w->total > STR_SHORT_MAX) {
        out = trh_str(L, NULL, w->total);
        if (!out) return NULL;
        p = out->data;
    }
    for (unsigned i = 0; i < w->n; i++) p = trh_copy(p, w->part[i].s, w->part[i].n);
    return out ? out : trh_str(L, buf, w->total);
}

struct lstr *trh_join(struct lua_State *L, const struct lstr *plan, ...)
{
    struct joining w;
    w.n = 0;
    w.total = w.used = 0;
    w.plan = plan->data;
    const char *end = plan->data + plan->len;
    bool ok = true;
    va_start(w.ap, plan);
    while (ok && w.plan < end) ok = next_piece(&w);
    va_end(w.ap);
    return ok ? glue(L, &w) : NULL;
}
