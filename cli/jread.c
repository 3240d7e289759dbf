/* jread.c: JSON in, as a tree. Files come from anywhere: nesting is bounded, numbers stay text until
 * somebody asks for them (64-bit counts do not fit a double), a NUL in a string ends it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

#define NESTING_MAX 64

struct reader {
    const char *p;
    const char *error;
    int depth;
};

static struct jnode *value(struct reader *r);

static void blanks(struct reader *r)
{
    r->p += strspn(r->p, " \t\r\n");
}

static void *refuse(struct reader *r, const char *why)
{
    if (!r->error)
        r->error = why;
    return NULL;
}

static struct jnode *node(struct reader *r, int type)
{
    struct jnode *n = calloc(1, sizeof *n);
    if (!n)
        return refuse(r, "out of memory");
    n->type = type;
    return n;
}

/* ---- strings ---- */

static size_t utf8(char *to, unsigned c)
{
    if (c < 0x80)
        return to[0] = (char)c, 1;
    if (c < 0x800)
        return to[0] = (char)(0xc0 | c >> 6), to[1] = (char)(0x80 | (c & 63)), 2;
    to[0] = (char)(0xe0 | c >> 12);
    to[1] = (char)(0x80 | (c >> 6 & 63));
    to[2] = (char)(0x80 | (c & 63));
    return 3;
}

/* The character behind a backslash, at p; returns how many bytes it wrote, 0: no such escape. */
static size_t escape(const char **p, char *to)
{
    static const char from[] = "\"\\/bfnrt", into[] = "\"\\/\b\f\n\r\t";
    const char *at = **p ? strchr(from, **p) : NULL;
    if (at) {
        *to = into[at - from];
        ++*p;
        return 1;
    }
    char hex[5] = "";
    if (**p != 'u' || strspn(*p + 1, "0123456789abcdefABCDEF") < 4)
        return 0;
    memcpy(hex, *p + 1, 4);
    *p += 5;
    return utf8(to, (unsigned)strtoul(hex, NULL, 16));
}

/* What an escape stands for is never longer than the escape. */
static char *string(struct reader *r)
{
    const char *end = ++r->p;
    while (*end && *end != '"')
        end += *end == '\\' && end[1] ? 2 : 1;
    char *s = malloc((size_t)(end - r->p) + 1);
    size_t n = 0;
    if (!s)
        return refuse(r, "out of memory");
    while (r->p < end) {
        if (*r->p != '\\') {
            s[n++] = *r->p++;
            continue;
        }
        r->p++;
        size_t wrote = escape(&r->p, s + n);
        if (wrote == 0)
            break;
        n += wrote;
    }
    s[n] = 0;
    if (r->p != end || *end != '"') {
        free(s);
        return refuse(r, "a string does not end");
    }
    r->p++;
    return s;
}

/* ---- values ---- */

static struct jnode *number_value(struct reader *r)
{
    size_t n = strspn(r->p, "+-0123456789.eE");
    struct jnode *v = node(r, J_NUMBER);
    if (v && !(v->text = strndup(r->p, n)))
        refuse(r, "out of memory");
    r->p += n;
    return v;
}

static bool word(struct reader *r, const char *w)
{
    size_t n = strlen(w);
    if (strncmp(r->p, w, n) != 0)
        return false;
    r->p += n;
    return true;
}

/* One member or element behind '{', '[' or ','. */
static struct jnode *member(struct reader *r, bool keyed)
{
    char *key = NULL;
    blanks(r);
    if (keyed) {
        if (*r->p != '"')
            return refuse(r, "a key is missing");
        if (!(key = string(r)))
            return NULL;
        blanks(r);
        if (*r->p != ':') {
            free(key);
            return refuse(r, "a colon is missing");
        }
        r->p++;
    }
    struct jnode *n = value(r);
    if (!n)
        free(key);
    else
        n->key = key;
    return n;
}

static struct jnode *list(struct reader *r, char close)
{
    struct jnode *n = node(r, close == '}' ? J_OBJECT : J_ARRAY), **end = n ? &n->child : NULL;
    r->p++;
    blanks(r);
    if (n && *r->p == close) {
        r->p++;
        return n;
    }
    while (n && !r->error) {
        if (!(*end = member(r, close == '}')))
            break;
        end = &(*end)->next;
        blanks(r);
        if (*r->p == close) {
            r->p++;
            return n;
        }
        if (*r->p != ',')
            refuse(r, "a comma is missing");
        else
            r->p++;
    }
    jfree(n);
    return NULL;
}

static struct jnode *value(struct reader *r)
{
    struct jnode *n;
    blanks(r);
    if (r->depth >= NESTING_MAX)
        return refuse(r, "it is nested too deeply");
    if (*r->p == '{' || *r->p == '[') {
        r->depth++;
        n = list(r, *r->p == '{' ? '}' : ']');
        r->depth--;
        return n;
    }
    if (*r->p == '"') {
        if ((n = node(r, J_STRING)) && !(n->text = string(r))) {
            free(n);
            return NULL;
        }
        return n;
    }
    if (*r->p == '-' || (*r->p >= '0' && *r->p <= '9'))
        return number_value(r);
    bool truth = word(r, "true");
    if (truth || word(r, "false")) {
        if ((n = node(r, J_BOOL)))
            n->truth = truth;
        return n;
    }
    return word(r, "null") ? node(r, J_NULL) : refuse(r, "a value is missing");
}

struct jnode *jparse(const char *text, const char **error)
{
    struct reader r = {.p = text};
    struct jnode *n = value(&r);
    blanks(&r);
    if (n && !r.error && *r.p)
        refuse(&r, "there is more behind its end");
    if (r.error) {
        jfree(n);
        n = NULL;
    }
    *error = r.error;
    return n;
}

void jfree(struct jnode *n)
{
    while (n) {
        struct jnode *next = n->next;
        jfree(n->child);
        free(n->key);
        free(n->text);
        free(n);
        n = next;
    }
}

/* ---- reading the tree ---- */

const struct jnode *jget(const struct jnode *n, const char *key)
{
    if (!n || n->type != J_OBJECT)
        return NULL;
    for (const struct jnode *c = n->child; c; c = c->next)
        if (c->key && strcmp(c->key, key) == 0)
            return c;
    return NULL;
}

uint64_t jnumber(const struct jnode *n, const char *key)
{
    const struct jnode *v = jget(n, key);
    return v && v->type == J_NUMBER && v->text[0] != '-' ? strtoull(v->text, NULL, 10) : 0;
}

/* Seconds with decimals, as json_seconds writes them: exact. */
uint64_t jnanoseconds(const struct jnode *n, const char *key)
{
    const struct jnode *v = jget(n, key);
    if (!v || v->type != J_NUMBER || v->text[0] == '-')
        return 0;
    char *end, digits[10] = "000000000";
    uint64_t s = strtoull(v->text, &end, 10);
    if (*end == '.')
        for (int i = 0; i < 9 && end[1 + i] >= '0' && end[1 + i] <= '9'; i++)
            digits[i] = end[1 + i];
    return s * 1000000000u + strtoull(digits, NULL, 10);
}

const char *jstring(const struct jnode *n, const char *key)
{
    const struct jnode *v = jget(n, key);
    return v && v->type == J_STRING ? v->text : "";
}
