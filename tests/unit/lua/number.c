/* Numbers: numerals in, text out, integer and float arithmetic at the edges. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <lua5.4/lauxlib.h>
#include "lua/guest.h"

static bool parse(const char *s, struct value *v) { return num_from_str(s, v) == strlen(s) + 1; }

static void is_int(const char *s, int64_t want)
{
    struct value v;
    cr_assert(parse(s, &v), "'%s' is a numeral", s);
    cr_assert(v.tag == T_INT && v.i == want, "'%s' -> tag %u %ld", s, v.tag, (long)v.i);
}

static void is_flt(const char *s, double want)
{
    struct value v;
    cr_assert(parse(s, &v), "'%s' is a numeral", s);
    cr_assert(v.tag == T_FLT && memcmp(&v.n, &want, 8) == 0, "'%s' -> tag %u %a, not %a", s, v.tag, v.n, want);
}

Test(number, integers)
{
    is_int("0", 0);
    is_int("  42  ", 42);
    is_int("-7", -7);
    is_int("+7\n", 7);
    is_int("0x10", 16);
    is_int("-0xA", -10);
    is_int("9223372036854775807", INT64_MAX);
    is_int("-9223372036854775808", INT64_MIN);
    is_int("0xffffffffffffffff", -1);
    is_int("0x1ffffffffffffffff", -1); /* hexadecimal wraps */
}

Test(number, floats)
{
    is_flt("9223372036854775808", 0x1p63);
    is_flt("-9223372036854775809", -0x1p63);
    is_flt("1.", 1);
    is_flt(".5", 0.5);
    is_flt("-.5", -0.5);
    is_flt("-0.0", -0.0);
    is_flt("1e2", 100);
    is_flt("0x.8p1", 1);
    is_flt("0xA.8", 10.5);
    is_flt("0x1p-2", 0.25);
    is_flt(" 3.25 ", 3.25);
    is_flt("1e400", INFINITY);
    is_flt("0.1", 0.1);
    is_flt("123456789012345678.5", 123456789012345678.5);
}

Test(number, no_numerals)
{
    const char *const bad[] = {"", " ", "+", "-", ".", "0x", "1e", "1e+", "inf", "nan", "NaN", "-inf", "1 2", "1a", "0x1g", "--1", "1..2", "1_000", "e5", "0x.p1"};
    struct value v;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_assert(!parse(bad[i], &v), "'%s' is no numeral", bad[i]);
}

static void reference_text(double n, char *buf)
{
    snprintf(buf, 48, "%.14g", n);
    if (buf[strspn(buf, "-0123456789")] == '\0')
        strcat(buf, ".0");
}

static void check_text(double n)
{
    char want[64], got[48];
    struct value v;
    setflt(&v, n);
    int len = num_to_buf(&v, got);
    reference_text(n, want);
    cr_assert_str_eq(got, want);
    cr_assert_eq((size_t)len, strlen(want));
}

Test(number, floats_as_text)
{
    const double special[] = {0.0, -0.0, 1, -1, 0.5, 0.1, 1e14, 1e15, 99999999999999.0, 123456.789, 1e-4, 1e-5, 0.00012, -2.5, 1.0 / 3,
                              1e100, INFINITY, -INFINITY, 5e-324, 12345678901234.5, 9999999999.9999, 0.9999, 1e10, 0.0001, 100.25};
    for (size_t i = 0; i < sizeof special / sizeof *special; i++)
        check_text(special[i]);
    uint64_t x = 88172645463325252u;
    for (int i = 0; i < 200000; i++) {
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        double d;
        memcpy(&d, &x, 8);
        if (!isnan(d))
            check_text(d);
        check_text((double)(int64_t)(x >> 40) / 10000); /* few places */
        check_text((double)(int64_t)(x >> 44) / 128);
        check_text((double)(int32_t)x * 0.01);
    }
}

Test(number, integers_as_text)
{
    const int64_t special[] = {0, 9, 10, 99, 100, -1, -10, INT64_MAX, INT64_MIN, 1000000007};
    for (size_t i = 0; i < sizeof special / sizeof *special; i++) {
        char want[32], got[48];
        struct value v;
        setint(&v, special[i]);
        cr_assert_eq(num_to_buf(&v, got), snprintf(want, sizeof want, "%lld", (long long)special[i]));
        cr_assert_str_eq(got, want);
    }
}

Test(number, decimal_text_reads_back)
{
    uint64_t x = 1;
    for (int i = 0; i < 100000; i++) {
        x = x * 6364136223846793005u + 1442695040888963407u;
        char buf[40];
        snprintf(buf, sizeof buf, "%d.%0*d", (int)(x >> 48), 1 + (int)(x & 7), (int)(x >> 12 & 0xff));
        is_flt(buf, strtod(buf, NULL));
    }
}

Test(number, division_rounds_down)
{
    const int64_t a[] = {7, -7, 0, 1, -1, INT64_MAX, INT64_MIN, 6, -6}, b[] = {3, -3, 1, -1, 2, -2, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < sizeof a / sizeof *a; i++)
        for (size_t j = 0; j < sizeof b / sizeof *b; j++) {
            __int128 q = (__int128)a[i] / b[j], r = (__int128)a[i] % b[j];
            if (r != 0 && (r < 0) != (b[j] < 0))
                q--, r += b[j];
            cr_assert_eq(int_floordiv(NULL, a[i], b[j]), (int64_t)q);
            cr_assert_eq(int_mod(NULL, a[i], b[j]), (int64_t)r);
        }
}

Test(number, float_modulo_has_the_divisors_sign)
{
    cr_assert_eq(flt_mod(5.5, 2), 1.5);
    cr_assert_eq(flt_mod(-5.5, 2), 0.5);
    cr_assert_eq(flt_mod(5.5, -2), -0.5);
    cr_assert_eq(flt_mod(-5.5, -2), -1.5);
    cr_assert_eq(flt_mod(1, INFINITY), 1);
    cr_assert_eq(flt_mod(-1, INFINITY), INFINITY);
    cr_assert_eq(flt_mod(1, -INFINITY), -INFINITY);
    cr_assert_eq(flt_mod(-1e-310, 1e-310), 0);
    cr_assert(isnan(flt_mod(1, 0)));
    cr_assert(signbit(flt_mod(-6, 2)));
}

Test(number, shifts_are_logical)
{
    cr_assert_eq(int_shl(1, 63), INT64_MIN);
    cr_assert_eq(int_shl(1, 64), 0);
    cr_assert_eq(int_shl(-1, -1), INT64_MAX);
    cr_assert_eq(int_shl(-1, -63), 1);
    cr_assert_eq(int_shl(-1, -64), 0);
    cr_assert_eq(int_shl(1, INT64_MIN), 0);
    struct value a, b, r;
    setint(&a, 1);
    setint(&b, INT64_MIN);
    cr_assert(num_arith_raw(NULL, LUA_OPSHR, &a, &b, &r) && r.i == 0);
    setint(&b, -3);
    cr_assert(num_arith_raw(NULL, LUA_OPSHR, &a, &b, &r) && r.i == 8);
}

Test(number, raw_arithmetic_keeps_the_kinds)
{
    struct value a, b, r;
    setint(&a, INT64_MAX);
    setint(&b, 1);
    cr_assert(num_arith_raw(NULL, LUA_OPADD, &a, &b, &r) && r.tag == T_INT && r.i == INT64_MIN);
    cr_assert(num_arith_raw(NULL, LUA_OPDIV, &a, &b, &r) && r.tag == T_FLT && r.n == 0x1p63);
    setflt(&b, 2.0);
    cr_assert(num_arith_raw(NULL, LUA_OPBAND, &a, &b, &r) && r.tag == T_INT && r.i == 2);
    setflt(&b, 2.5);
    cr_assert(!num_arith_raw(NULL, LUA_OPBAND, &a, &b, &r));
    setint(&a, 3);
    cr_assert(num_arith_raw(NULL, LUA_OPPOW, &a, &a, &r) && r.tag == T_FLT && r.n == 27);
    setflt(&a, 7.5);
    setflt(&b, -2);
    cr_assert(num_arith_raw(NULL, LUA_OPIDIV, &a, &b, &r) && r.n == -4);
    setbool(&b, true);
    cr_assert(!num_arith_raw(NULL, LUA_OPADD, &a, &b, &r));
}

Test(number, exact_integers_only)
{
    int64_t i;
    cr_assert(int_of_float(-0x1p63, &i) && i == INT64_MIN);
    cr_assert(!int_of_float(0x1p63, &i));
    cr_assert(!int_of_float(0.5, &i));
    cr_assert(!int_of_float(NAN, &i));
    cr_assert(!int_of_float(INFINITY, &i));
    lua_State *L = luaL_newstate();
    struct value v;
    setstr(&v, str_newz(L, " 0x10 "));
    cr_assert(int_of_value(&v, &i) && i == 16);
    setstr(&v, str_newz(L, "3.0"));
    cr_assert(int_of_value(&v, &i) && i == 3);
    setstr(&v, str_newz(L, "3.5"));
    double d;
    cr_assert(!int_of_value(&v, &i) && num_of_value(&v, &d) && d == 3.5);
    lua_close(L);
}
