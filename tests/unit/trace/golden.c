/* Golden dumps: what JIT_DUMP=rec,opt says of the toy's programs, compared with tests/trace/NAME.dump. Addresses stand as
 * @1, @2 .. in the order in which a dump first has them. After a change that is meant:
 *     GOLDEN=update build/unit/trace/golden
 * and read the difference. */
#include <ctype.h>
#include "rig.h"

struct addresses {
    char text[64][20];
    int n;
};

static int address_number(struct addresses *a, const char *s, size_t len)
{
    for (int i = 0; i < a->n; i++)
        if (strlen(a->text[i]) == len && memcmp(a->text[i], s, len) == 0) return i + 1;
    cr_assert_lt(a->n, 64);
    cr_assert_lt(len, sizeof a->text[0]);
    memcpy(a->text[a->n], s, len);
    return ++a->n;
}

/* 0x... longer than 4 digits is an address. In place: the result is never longer. */
static void normalize(char *text)
{
    static struct addresses a;
    char *to = text;
    memset(&a, 0, sizeof a);
    for (const char *s = text; *s;) {
        size_t n = 2;
        if (s[0] == '0' && s[1] == 'x')
            while (isxdigit((unsigned char)s[n])) n++;
        if (n > 6) {
            to += sprintf(to, "@%d", address_number(&a, s, n));
            s += n;
        } else {
            *to++ = *s++;
        }
    }
    *to = 0;
}

static char *dump_of(const char *name, const char *text, int64_t n, const char *params)
{
    setenv("JIT_DUMP", "rec,opt", 1);
    struct rig g = rig_new(name, text, params);
    jit_opt_verify = 1;
    capture_begin();
    rig_run(&g, n);
    char *said = capture_end();
    rig_free(&g);
    normalize(said);
    return said;
}

static char *file_read(const char *path)
{
    char *text = NULL;
    size_t size = 0;
    FILE *f = fopen(path, "r");
    if (!f) return NULL;
    if (getdelim(&text, &size, 0, f) < 0) *(text = realloc(text, 1)) = 0;
    fclose(f);
    return text;
}

/* The first line that differs, for the message. */
static int differs_at(const char *a, const char *b)
{
    int line = 1;
    for (; *a && *a == *b; a++, b++) line += *a == '\n';
    return line;
}

static void golden(const char *file, const char *name, const char *text, int64_t n, const char *params)
{
    char path[200];
    const char *update = getenv("GOLDEN");
    char *got = dump_of(name, text, n, params);
    cr_assert_gt(strlen(got), 100, "%s: nothing was traced", file);
    snprintf(path, sizeof path, "%.*s../../trace/%s.dump", (int)(strrchr(__FILE__, '/') + 1 - __FILE__), __FILE__, file);
    if (update && strcmp(update, "update") == 0) {
        FILE *f = fopen(path, "w");
        cr_assert_not_null(f, "%s", path);
        fputs(got, f);
        fclose(f);
    }
    char *want = file_read(path);
    cr_assert_not_null(want, "no %s", path);
    cr_assert(strcmp(got, want) == 0, "%s differs from line %d on. Now:\n%s", path, differs_at(got, want), got);
    free(got);
    free(want);
}

Test(golden, sum) { golden("sum", "sum", NULL, 100, NULL); }
Test(golden, nested) { golden("nested", "nested", NULL, 80, "trace_eagerness=12"); }
Test(golden, objects) { golden("objects", "objects", NULL, 100, NULL); }
Test(golden, calls) { golden("calls", "calls", NULL, 100, NULL); }
Test(golden, fib) { golden("fib", "fib", NULL, 9, "function_threshold=20,trace_eagerness=100"); }
Test(golden, deep) { golden("deep", "deep", NULL, 200, "function_threshold=150"); }
Test(golden, natives) { golden("natives", "natives", NULL, 62, "trace_eagerness=1000"); }
Test(golden, classes) { golden("classes", "classes", NULL, 100, NULL); }
Test(golden, bridge) { golden("bridge", "prog", BRANCH_TEXT, 130, "trace_eagerness=12"); }
Test(golden, entry) { golden("entry", "prog", ENTRY_TEXT, 60, "function_threshold=50,threshold=60000"); }
