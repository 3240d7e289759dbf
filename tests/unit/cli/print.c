/* Nothing that another process wrote reaches a terminal or a JSON reader as it is. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

static char *text; /* of the last call */
static size_t size;

static const char *clean(const char *s, int width)
{
    free(text);
    FILE *f = open_memstream(&text, &size);
    int n = print_clean(f, s, width);
    fclose(f);
    cr_assert(width == 0 || n <= width);
    return text;
}

static const char *json(const char *s)
{
    free(text);
    FILE *f = open_memstream(&text, &size);
    print_json_string(f, s);
    fclose(f);
    return text;
}

Test(print, clean)
{
    cr_assert_str_eq(clean("file.lua:12", 0), "file.lua:12");
    cr_assert_str_eq(clean("a\033[2Jb\rc\nd\x7f", 0), "a?[2Jb?c?d?");
    cr_assert_str_eq(clean("gr\303\274n", 0), "gr\303\274n", "valid UTF-8 stays");
    cr_assert_str_eq(clean("\302\233"
                           "31m",
                           0),
                     "?31m", "a C1 control in UTF-8");
    cr_assert_str_eq(clean("\342\200\256"
                           "abc",
                           0),
                     "?abc", "writing direction");
    cr_assert_str_eq(clean("\233\377\300\200", 0), "????", "no UTF-8");
    cr_assert_str_eq(clean("\342\202", 0), "??", "cut off");
    cr_assert_str_eq(clean("\355\240\200", 0), "???", "half of a surrogate pair");
}

Test(print, width)
{
    cr_assert_str_eq(clean("very/long/path/file.lua:12", 14), "...file.lua:12");
    cr_assert_str_eq(clean("file.lua:12", 11), "file.lua:12");
}

Test(print, json_strings)
{
    cr_assert_str_eq(json("a\"b\\c"), "\"a\\\"b\\\\c\"");
    cr_assert_str_eq(json("\n\033\x01"), "\"\\u000a\\u001b\\u0001\"");
    cr_assert_str_eq(json("\377x"), "\"\\ufffdx\"");
    cr_assert_str_eq(json("gr\303\274n"), "\"gr\303\274n\"");
}

Test(print, numbers)
{
    char room[16];
    cr_assert_str_eq(human_bytes(0, room), "0B");
    cr_assert_str_eq(human_bytes(1536, room), "1.5K");
    cr_assert_str_eq(human_bytes(~0ull, room), "16384.0P");
    static const struct {
        uint64_t n;
        const char *text;
    } counts[] = {{0, "0"}, {23, "23"}, {99999, "99999"}, {100000, "100k"}, {999499, "999k"}, {999500, "1.00M"}, {12345678, "12.3M"}, {~0ull, "18.4E"}};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        cr_assert_str_eq(human_count(counts[i].n, room), counts[i].text);
    cr_assert_str_eq(human_ns(999, room), "999 ns");
    cr_assert_str_eq(human_ns(1500000, room), "1.5 ms");
    cr_assert_str_eq(human_ns(61000000000ull, room), "61 s");
}

Test(print, wrapped)
{
    free(text);
    FILE *f = open_memstream(&text, &size);
    print_wrapped(f, 10, "one two three four five six seven one two three four five six seven one two three four five six seven");
    fclose(f);
    cr_assert_str_eq(text, "          one two three four five six seven one two three four five six seven\n"
                           "          one two three four five six seven\n");
}

Test(print, padded)
{
    free(text);
    FILE *f = open_memstream(&text, &size);
    print_padded(f, "ab", 4);
    print_padded(f, "abcdefgh", 5);
    print_padded(f, "\033x", 4);
    fclose(f);
    cr_assert_str_eq(text, "ab  ...gh?x  ");
}
