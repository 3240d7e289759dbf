/* JSON in: what is written is read back, what is no JSON is refused with a reason. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

static struct jnode *good(const char *text)
{
    const char *error;
    struct jnode *n = jparse(text, &error);
    cr_assert(n, "%s: %s", text, error);
    return n;
}

Test(jread, values)
{
    struct jnode *n = good(" { \"a\" : [1, 2.5 ,\"x\"], \"b\":{\"c\":true},\"d\":null, \"n\":18446744073709551615, \"s\":3.000000123 } ");
    cr_assert_eq(n->type, J_OBJECT);
    const struct jnode *a = jget(n, "a");
    cr_assert_eq(a->type, J_ARRAY);
    cr_assert_str_eq(a->child->next->text, "2.5");
    cr_assert_str_eq(a->child->next->next->text, "x");
    cr_assert(jget(jget(n, "b"), "c")->truth);
    cr_assert_eq(jget(n, "d")->type, J_NULL);
    cr_assert_null(jget(n, "e"));
    cr_assert_null(jget(a, "e"), "no object");
    cr_assert_eq(jnumber(n, "n"), ~0ull, "64 bits, no double");
    cr_assert_eq(jnanoseconds(n, "s"), 3000000123ull);
    cr_assert_eq(jnumber(n, "e"), 0);
    cr_assert_str_eq(jstring(n, "a"), "");
    jfree(n);
}

Test(jread, strings)
{
    struct jnode *n = good("[\"a\\\"b\\\\c\\n\\/\", \"\\u0041\\u00fc\\u20ac\", \"\", \"gr\303\274n\"]");
    static const char *const wanted[] = {"a\"b\\c\n/", "A\303\274\342\202\254", "", "gr\303\274n"};
    int i = 0;
    for (struct jnode *s = n->child; s; s = s->next)
        cr_assert_str_eq(s->text, wanted[i++]);
    cr_assert_eq(i, 4);
    jfree(n);
}

Test(jread, what_print_writes_is_read_back)
{
    static const char *const strings[] = {"file.lua:12", "a\"b\\c", "\033[31m\n\t\x01", "gr\303\274n", ""};
    for (size_t i = 0; i < sizeof strings / sizeof strings[0]; i++) {
        char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);
        print_json_string(f, strings[i]);
        fclose(f);
        struct jnode *n = good(text);
        cr_assert_str_eq(n->text, strings[i]);
        jfree(n);
        free(text);
    }
}

Test(jread, refused)
{
    static const char *const bad[] = {"", " ", "{", "{\"a\":1", "[1,]", "{\"a\" 1}", "{a:1}", "[1 2]", "\"abc", "\"abc\\\"", "\"\\x\"", "\"\\u12\"",
                                      "tru", "1 2", "}", "{\"a\":}", "{\"a\":1,}", "[\"a", "\"\\"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const char *error = NULL;
        cr_assert_null(jparse(bad[i], &error), "%s", bad[i]);
        cr_assert(error && *error, "%s: no reason", bad[i]);
    }
}

Test(jread, deep_nesting_is_refused)
{
    static char text[100001];
    const char *error = NULL;
    memset(text, '[', 100000);
    cr_assert_null(jparse(text, &error));
    cr_assert_str_eq(error, "it is nested too deeply");
}
