/* number.c: numbers and numerals, with the exact semantics of Lua 5.4.
 *
 * Decimal floats and hexadecimal floats go through strtod (the C library rounds correctly); what can
 * be done exactly with integers does not.
 */
#include <ctype.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "lua/guest.h"

#define MAX_NUMERAL 200 /* longer numerals with a foreign decimal point are refused */

/* ---- conversions ------------------------------------------------------------------------------- */
bool int_of_float(double n, int64_t *out)
{
    if (!(n >= -9223372036854775808.0 && n < 9223372036854775808.0))
        return false;
    int64_t i = (int64_t)n;
    if ((double)i != n)
        return false;
    *out = i;
    return true;
}

static bool number_of_string(const struct lstr *s, struct value *out)
{
    return num_from_str(s->data, out) == s->len + 1;
}

bool num_of_value(const struct value *v, double *out)
{
    struct value n;
    if (v->tag == T_STR && number_of_string(v->s, &n))
        v = &n;
    if (v->tag == T_FLT)
        *out = v->n;
    else if (v->tag == T_INT)
        *out = (double)v->i;
    else
        return false;
    return true;
}

bool int_of_value(const struct value *v, int64_t *out)
{
    struct value n;
    if (v->tag == T_STR && number_of_string(v->s, &n))
        v = &n;
    if (v->tag == T_INT) {
        *out = v->i;
        return true;
    }
    return v->tag == T_FLT && int_of_float(v->n, out);
}

/* ---- numerals ---------------------------------------------------------------------------------- */
static const char *skip_space(const char *s)
{
    while (isspace((unsigned char)*s))
        s++;
    return s;
}

static inline int hex_digit(int c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* End of an integer numeral, NULL if it is none. Decimal overflow makes it a float; hexadecimal wraps. */
static const char *parse_int(const char *s, int64_t *out)
{
    uint64_t a = 0;
    bool neg = false, any = false;
    s = skip_space(s);
    if (*s == '-' || *s == '+')
        neg = *s++ == '-';
    if (s[0] == '0' && (s[1] | 0x20) == 'x') {
        int d;
        for (s += 2; (d = hex_digit((unsigned char)*s)) >= 0; s++, any = true)
            a = a * 16 + (uint64_t)d;
    } else {
        for (; *s >= '0' && *s <= '9'; s++, any = true) {
            unsigned d = (unsigned)(*s - '0');
            const uint64_t max = INT64_MAX;
            if (a > max / 10 || (a == max / 10 && d > max % 10 + neg))
                return NULL;
            a = a * 10 + d;
        }
    }
    if (!any)
        return NULL;
    s = skip_space(s);
    if (*s != '\0')
        return NULL;
    *out = (int64_t)(neg ? 0 - a : a);
    return s;
}

static const char *parse_with(const char *s, double *out)
{
    char *end;
    *out = strtod(s, &end);
    if (end == s)
        return NULL;
    return *skip_space(end) == '\0' ? skip_space(end) : NULL;
}

/* strtod knows "inf" and "nan", which are no numerals, and the locale's decimal point only. */
static const char *parse_float(const char *s, double *out)
{
    if (strpbrk(s, "nN") != NULL)
        return NULL;
    const char *end = parse_with(s, out);
    if (end != NULL)
        return end;
    const char *dot = strchr(s, '.');
    size_t len = strlen(s);
    char buf[MAX_NUMERAL + 1];
    if (dot == NULL || len > MAX_NUMERAL)
        return NULL;
    memcpy(buf, s, len + 1);
    buf[dot - s] = localeconv()->decimal_point[0];
    end = parse_with(buf, out);
    return end ? s + (end - buf) : NULL;
}

/* Most numerals are short decimals: digits exact below 2^53 and a power of ten that is exact too give
 * the correctly rounded value with one division. */
static const char *parse_simple(const char *s, double *out)
{
    static const double pow10[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    uint64_t a = 0;
    int digits = 0, frac = 0;
    bool neg = *s == '-';
    s += neg;
    for (; *s >= '0' && *s <= '9'; s++, digits++)
        a = a * 10 + (unsigned)(*s - '0');
    if (*s != '.')
        return NULL;
    for (s++; *s >= '0' && *s <= '9'; s++, digits++, frac++)
        a = a * 10 + (unsigned)(*s - '0');
    if (*s != '\0' || digits == 0 || digits > 15)
        return NULL;
    *out = (double)a / pow10[frac];
    if (neg)
        *out = -*out;
    return s;
}

size_t num_from_str(const char *s, struct value *out)
{
    int64_t i;
    double n;
    const char *end = parse_int(s, &i);
    if (end != NULL) {
        setint(out, i);
    } else if ((end = parse_simple(s, &n)) != NULL || (end = parse_float(s, &n)) != NULL) {
        setflt(out, n);
    } else {
        return 0;
    }
    return (size_t)(end - s) + 1;
}

/* ---- numbers to text --------------------------------------------------------------------------- */
static int uint_to_buf(uint64_t u, char *buf)
{
    static const char pairs[] =
        "00010203040506070809101112131415161718192021222324252627282930313233343536373839404142434445464748"
        "49505152535455565758596061626364656667686970717273747576777879808182838485868788899091929394959697"
        "9899";
    char tmp[20], *p = tmp + sizeof tmp;
    while (u >= 100) {
        p -= 2;
        memcpy(p, pairs + u % 100 * 2, 2);
        u /= 100;
    }
    if (u >= 10) {
        p -= 2;
        memcpy(p, pairs + u * 2, 2);
    } else {
        *--p = (char)('0' + u);
    }
    int n = (int)(tmp + sizeof tmp - p);
    memcpy(buf, p, (size_t)n);
    return n;
}

static int int_to_buf(int64_t i, char *buf)
{
    if (i >= 0)
        return uint_to_buf((uint64_t)i, buf);
    buf[0] = '-';
    return 1 + uint_to_buf(0 - (uint64_t)i, buf + 1);
}

/* Decimals with few places: if n is the double nearest to m / 10^k with m below 10^14, its 14 significant
 * digits are those of m (14-digit decimals lie much further apart than doubles). Returns 0: not so. */
static int short_decimal(double n, char *buf)
{
    double a = fabs(n), scale = 1;
    if (!(a >= 1e-4 && a < 1e10))
        return 0;
    for (int k = 1; k <= 4; k++) {
        scale *= 10;
        double m = nearbyint(a * scale);
        if (m / scale != a || m >= 1e14)
            continue;
        char digits[24];
        int len = uint_to_buf((uint64_t)m, digits), at = 0;
        if (n < 0)
            buf[at++] = '-';
        int whole = len - k;
        if (whole <= 0) {
            buf[at++] = '0';
        } else {
            memcpy(buf + at, digits, (size_t)whole);
            at += whole;
        }
        buf[at++] = localeconv()->decimal_point[0];
        for (; whole < 0; whole++)
            buf[at++] = '0';
        memcpy(buf + at, digits + whole, (size_t)(len - whole));
        return at + len - whole;
    }
    return 0;
}

static int flt_to_buf(double n, char *buf)
{
    int len;
    if (n > -1e14 && n < 1e14 && n == (double)(int64_t)n && !(n == 0 && signbit(n))) {
        len = int_to_buf((int64_t)n, buf);
    } else {
        len = short_decimal(n, buf);
        if (len > 0)
            return len;
        len = snprintf(buf, 48, "%.14g", n);
        if (buf[strspn(buf, "-0123456789")] != '\0')
            return len; /* has a point, an exponent, or is inf or nan */
    }
    buf[len++] = localeconv()->decimal_point[0];
    buf[len++] = '0';
    return len;
}

int num_to_buf(const struct value *v, char *buf)
{
    int len = v->tag == T_INT ? int_to_buf(v->i, buf) : flt_to_buf(v->n, buf);
    buf[len] = '\0';
    return len;
}

struct lstr *num_to_str(struct lua_State *L, const struct value *v)
{
    char buf[48];
    return str_new(L, buf, (size_t)num_to_buf(v, buf));
}

/* ---- arithmetic -------------------------------------------------------------------------------- */
int64_t int_floordiv(struct lua_State *L, int64_t a, int64_t b)
{
    if ((uint64_t)b + 1 <= 1) { /* 0 or -1 */
        if (b == 0)
            dbg_runerror(L, "attempt to divide by zero");
        return (int64_t)(0 - (uint64_t)a);
    }
    int64_t q = a / b;
    return (a ^ b) < 0 && q * b != a ? q - 1 : q;
}

int64_t int_mod(struct lua_State *L, int64_t a, int64_t b)
{
    if ((uint64_t)b + 1 <= 1) {
        if (b == 0)
            dbg_runerror(L, "attempt to perform 'n%%0'");
        return 0;
    }
    int64_t r = a % b;
    return r != 0 && (r ^ b) < 0 ? r + b : r;
}

double flt_mod(double a, double b)
{
    double r = fmod(a, b);
    return (r > 0 && b < 0) || (r < 0 && b > 0) ? r + b : r;
}

double flt_pow(double a, double b) { return b == 2 ? a * a : pow(a, b); }

int64_t int_shl(int64_t a, int64_t b)
{
    uint64_t u = (uint64_t)a;
    if (b <= -64 || b >= 64)
        return 0;
    return (int64_t)(b >= 0 ? u << b : u >> -b);
}

static bool arith_int(struct lua_State *L, int op, int64_t a, int64_t b, struct value *out)
{
    uint64_t x = (uint64_t)a, y = (uint64_t)b, r;
    switch (op) {
    case LUA_OPADD: r = x + y; break;
    case LUA_OPSUB: r = x - y; break;
    case LUA_OPMUL: r = x * y; break;
    case LUA_OPMOD: r = (uint64_t)int_mod(L, a, b); break;
    case LUA_OPIDIV: r = (uint64_t)int_floordiv(L, a, b); break;
    case LUA_OPUNM: r = 0 - x; break;
    case LUA_OPBAND: r = x & y; break;
    case LUA_OPBOR: r = x | y; break;
    case LUA_OPBXOR: r = x ^ y; break;
    case LUA_OPSHL: r = (uint64_t)int_shl(a, b); break;
    case LUA_OPSHR: r = (uint64_t)(b == INT64_MIN ? 0 : int_shl(a, -b)); break;
    case LUA_OPBNOT: r = ~x; break;
    default: return false;
    }
    setint(out, (int64_t)r);
    return true;
}

static bool arith_flt(int op, double a, double b, struct value *out)
{
    double r;
    switch (op) {
    case LUA_OPADD: r = a + b; break;
    case LUA_OPSUB: r = a - b; break;
    case LUA_OPMUL: r = a * b; break;
    case LUA_OPDIV: r = a / b; break;
    case LUA_OPPOW: r = flt_pow(a, b); break;
    case LUA_OPIDIV: r = floor(a / b); break;
    case LUA_OPMOD: r = flt_mod(a, b); break;
    case LUA_OPUNM: r = -a; break;
    default: return false;
    }
    setflt(out, r);
    return true;
}

static bool exact_int(const struct value *v, int64_t *out)
{
    if (v->tag == T_INT) {
        *out = v->i;
        return true;
    }
    return v->tag == T_FLT && int_of_float(v->n, out);
}

bool num_arith_raw(struct lua_State *L, int op, const struct value *a, const struct value *b, struct value *out)
{
    int64_t x, y;
    if (!tag_is_number(a->tag) || !tag_is_number(b->tag))
        return false;
    switch (op) {
    case LUA_OPBAND:
    case LUA_OPBOR:
    case LUA_OPBXOR:
    case LUA_OPSHL:
    case LUA_OPSHR:
    case LUA_OPBNOT:
        return exact_int(a, &x) && exact_int(b, &y) && arith_int(L, op, x, y, out);
    case LUA_OPDIV:
    case LUA_OPPOW:
        break;
    default:
        if (a->tag == T_INT && b->tag == T_INT)
            return arith_int(L, op, a->i, b->i, out);
    }
    double m = a->tag == T_INT ? (double)a->i : a->n, n = b->tag == T_INT ? (double)b->i : b->n;
    return arith_flt(op, m, n, out);
}
