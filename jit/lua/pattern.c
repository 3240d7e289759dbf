/* pattern.c: Lua patterns for compiled code.
 *
 * The library reads a pattern again for every byte it tries. On a trace the pattern is a constant: it is compiled once, into
 * a program that is itself a string and so lives and dies as a constant of the trace, and the match fills a
 * record of offsets from which the trace makes only the strings it wants. Whatever is an error, or might be called too
 * complex, has no program: the library is called and raises.
 *
 * A program is its head, items of four bytes and sets of 32:
 *   item   op, repetition (0 ? * + -), two arguments
 *   set    one bit per byte value: a class, a bracket set, a frontier's set
 * Nothing but items with a repetition needs to be tried again, and captures in front of them are always set anew on the
 * way forward, so failing restores nothing.
 *
 * Invariants
 *  1. A program has at most MAX_ITEMS items, so it recurses less deep than the library may (200): no pattern that has a
 *     program is too complex.
 *  2. Classes are the locale's at compile time; a match in another locale is refused.
 *  3. Programs have no alignment: everything in them is bytes.
 *
 * Before: record_pat.c. After: string.c.
 */
#include <ctype.h>
#include <stdlib.h>
#include "lua/pattern.h"
#include "lua/record.h"

#define MAX_ITEMS 100
#define MAX_SETS 16
enum { P_CHAR,
       P_ANY,
       P_SET,
       P_END /* the subject's end */,
       P_OPEN,
       P_POS,
       P_CLOSE,
       P_BACK,
       P_BALANCE,
       P_FRONTIER,
       P_DONE };
#define ITEMS(program) ((program) + sizeof(struct pattern_head))
#define HAS(set, c) ((set)[(uint8_t)(c) >> 3] >> ((c)&7) & 1)

static const void *locale_classes(void)
{
    return *__ctype_b_loc();
}

/* ---- compiling ---- */

struct compiler {
    const char *p, *end;
    struct pattern_head head;
    uint8_t items[MAX_ITEMS * 4], sets[MAX_SETS * 32];
    unsigned nsets, nopen;
    uint8_t open[PATTERN_CAPTURES];
    bool closed[PATTERN_CAPTURES];
    bool bad;
};

static void item(struct compiler *c, int op, int a, int b)
{
    if (c->head.nitems == MAX_ITEMS) c->bad = true;
    if (c->bad) return;
    memcpy(c->items + 4 * c->head.nitems++, (uint8_t[]){(uint8_t)op, 0, (uint8_t)a, (uint8_t)b}, 4);
}

/* Is c in the class of that letter? -1: the letter names none. */
static int in_class(int c, int letter)
{
    switch (tolower(letter)) {
    case 'a': return isalpha(c) != 0;
    case 'c': return iscntrl(c) != 0;
    case 'd': return isdigit(c) != 0;
    case 'g': return isgraph(c) != 0;
    case 'l': return islower(c) != 0;
    case 'p': return ispunct(c) != 0;
    case 's': return isspace(c) != 0;
    case 'u': return isupper(c) != 0;
    case 'w': return isalnum(c) != 0;
    case 'x': return isxdigit(c) != 0;
    case 'z': return c == 0;
    default: return -1;
    }
}

static void set_add(uint8_t *set, unsigned from, unsigned to)
{
    for (unsigned v = from; v <= to; v++) set[v >> 3] |= (uint8_t)(1 << (v & 7));
}

/* %letter: a class, or the letter itself. */
static void set_add_class(uint8_t *set, int letter)
{
    if (in_class('a', letter) < 0) {
        set_add(set, (uint8_t)letter, (uint8_t)letter);
        return;
    }
    for (int v = 0; v < 256; v++)
        if (in_class(v, letter) == !isupper(letter)) set_add(set, (unsigned)v, (unsigned)v);
}

static uint8_t *set_new(struct compiler *c)
{
    if (c->nsets == MAX_SETS) {
        c->bad = true;
        return c->sets;
    }
    return c->sets + 32 * c->nsets++;
}

/* Behind the '[': to behind the ']'. A ']' that comes first is itself one of the set. */
static unsigned bracket_set(struct compiler *c)
{
    bool not = c->p < c->end && *c->p == '^';
    c->p += not ;
    const char *e = c->p; /* first the closing bracket: a range does not reach over it */
    do {
        if (e >= c->end) c->bad = true;
        if (c->bad) return 0;
        if (*e++ == '%') e++;
    } while (e < c->end ? *e != ']' : true);
    uint8_t *set = set_new(c);
    for (; c->p < e; c->p++) {
        if (*c->p == '%') {
            set_add_class(set, (uint8_t) * ++c->p);
        } else if (e - c->p > 2 && c->p[1] == '-') {
            set_add(set, (uint8_t)c->p[0], (uint8_t)c->p[2]);
            c->p += 2;
        } else {
            set_add(set, (uint8_t)*c->p, (uint8_t)*c->p);
        }
    }
    for (int i = 0; not &&i < 32; i++) set[i] = (uint8_t)~set[i];
    c->p++;
    return c->nsets - 1;
}

static void capture_open(struct compiler *c)
{
    unsigned n = c->head.ncaps++;
    if (n == PATTERN_CAPTURES) c->bad = true;
    if (c->bad) return;
    c->head.is_pos[n] = c->p < c->end && *c->p == ')';
    if (c->head.is_pos[n]) {
        c->p++;
        c->closed[n] = true;
        item(c, P_POS, (int)n, 0);
    } else {
        c->open[c->nopen++] = (uint8_t)n;
        item(c, P_OPEN, (int)n, 0);
    }
}

static void capture_close(struct compiler *c)
{
    if (c->nopen == 0) {
        c->bad = true;
        return;
    }
    unsigned n = c->open[--c->nopen];
    c->closed[n] = true;
    item(c, P_CLOSE, (int)n, 0);
}

/* Behind a '%'. True: what stands there is one byte that may be repeated. */
static bool escape(struct compiler *c)
{
    if (c->p >= c->end) c->bad = true;
    if (c->bad) return false;
    int letter = (uint8_t)*c->p++;
    if (letter == 'b') {
        if (c->end - c->p < 2) c->bad = true;
        else item(c, P_BALANCE, c->p[0], c->p[1]);
        c->p += 2;
        return false;
    }
    if (letter == 'f') {
        if (c->p >= c->end || *c->p++ != '[') c->bad = true;
        if (!c->bad) item(c, P_FRONTIER, (int)bracket_set(c), 0);
        return false;
    }
    if (letter >= '0' && letter <= '9') {
        unsigned n = (unsigned)(letter - '1');
        if (n >= c->head.ncaps || !c->closed[n] || c->head.is_pos[n]) c->bad = true;
        item(c, P_BACK, (int)n, 0);
        return false;
    }
    if (in_class('a', letter) < 0) {
        item(c, P_CHAR, letter, 0);
    } else {
        unsigned n = c->nsets;
        set_add_class(set_new(c), letter);
        item(c, P_SET, (int)n, 0);
    }
    return true;
}

/* One item of the pattern. True: it may be repeated. */
static bool next_item(struct compiler *c)
{
    char ch = *c->p++;
    switch (ch) {
    case '(': capture_open(c); return false;
    case ')': capture_close(c); return false;
    case '%': return escape(c);
    case '[': {
        unsigned n = bracket_set(c);
        item(c, P_SET, (int)n, 0);
        return true;
    }
    case '.': item(c, P_ANY, 0, 0); return true;
    case '$':
        if (c->p == c->end) {
            item(c, P_END, 0, 0);
            return false;
        } /* fallthrough */
    default: item(c, P_CHAR, ch, 0); return true;
    }
}

size_t pattern_compile(const char *p, size_t n, bool gmatch, uint8_t *out)
{
    struct compiler c = {.p = p, .end = p + n, .head.ctype = locale_classes()};
    if (n && *p == '^' && !gmatch) c.head.anchored = 1, c.p++;
    while (c.p < c.end && !c.bad)
        if (next_item(&c) && !c.bad && c.p < c.end && strchr("*+?-", *c.p) && *c.p) c.items[4 * c.head.nitems - 3] = (uint8_t)*c.p++;
    item(&c, P_DONE, 0, 0);
    if (c.bad || c.nopen) return 0;
    size_t items = 4u * c.head.nitems, sets = 32u * c.nsets;
    memcpy(out, &c.head, sizeof c.head);
    memcpy(ITEMS(out), c.items, items);
    memcpy(ITEMS(out) + items, c.sets, sets);
    return sizeof c.head + items + sets;
}

/* ---- matching ---- */

struct matcher {
    const char *s, *end;
    const uint8_t *sets;
    struct pattern_match *m;
};

static inline bool one(const struct matcher *m, const uint8_t *it, const char *s)
{
    return it[0] == P_CHAR ? (uint8_t)*s == it[2] : it[0] == P_ANY || HAS(m->sets + 32 * it[2], (uint8_t)*s);
}

static const char *balance(const struct matcher *m, const uint8_t *it, const char *s)
{
    if (s >= m->end || (uint8_t)*s != it[2]) return NULL;
    size_t depth = 1;
    while (++s < m->end) {
        if ((uint8_t)*s == it[3]) {
            if (--depth == 0) return s + 1;
        } else if ((uint8_t)*s == it[2]) {
            depth++;
        }
    }
    return NULL;
}

static const char *same_again(const struct matcher *m, const uint8_t *it, const char *s)
{
    int64_t len = m->m->cap[it[2]].len;
    return m->end - s >= len && !memcmp(m->s + m->m->cap[it[2]].at, s, (size_t)len) ? s + len : NULL;
}

static bool frontier(const struct matcher *m, const uint8_t *it, const char *s)
{
    const uint8_t *set = m->sets + 32 * it[2];
    uint8_t before = s == m->s ? 0 : (uint8_t)s[-1], now = s == m->end ? 0 : (uint8_t)*s;
    return !HAS(set, before) && HAS(set, now);
}

static const char *run(const struct matcher *m, const uint8_t *it, const char *s);

/* The byte that a match of the items from `it` on begins with is one that this item takes; NULL: it need not take any. */
static const uint8_t *needed(const uint8_t *it)
{
    while (it[0] == P_OPEN || it[0] == P_POS || it[0] == P_CLOSE) it += 4;
    return it[0] <= P_SET && (it[1] == 0 || it[1] == '+') ? it : NULL;
}

/* The first byte from s on that the item takes, or NULL. */
static const char *scan(const struct matcher *m, const uint8_t *it, const char *s)
{
    if (it[0] == P_CHAR) return memchr(s, it[2], (size_t)(m->end - s));
    if (it[0] == P_SET) {
        const uint8_t *set = m->sets + 32 * it[2];
        while (s < m->end && !HAS(set, *s)) s++;
    }
    return s < m->end ? s : NULL;
}

/* Behind the bytes from s on that the item takes. */
static const char *span(const struct matcher *m, const uint8_t *it, const char *s)
{
    if (it[0] == P_ANY) return m->end;
    if (it[0] == P_SET) {
        const uint8_t *set = m->sets + 32 * it[2];
        while (s < m->end && HAS(set, *s)) s++;
        return s;
    }
    while (s < m->end && (uint8_t)*s == it[2]) s++;
    return s;
}

/* As many as there are, then fewer. What must follow tells where it can go on at all: a byte that the item does not take
 * follows behind the last one only. */
static const char *longest(const struct matcher *m, const uint8_t *it, const char *s)
{
    const char *from = s + (it[1] == '+'), *e = span(m, it, s);
    const uint8_t *next = it + 4, *need = needed(next);
    if (e < from || next[0] == P_DONE) return e < from ? NULL : e;
    if (need && need[0] == P_CHAR && !one(m, it, (const char *)&need[2])) return e < m->end && (uint8_t)*e == need[2] ? run(m, next, e) : NULL;
    for (; e >= from; e--) {
        if (need && (e == m->end || !one(m, need, e))) continue;
        const char *r = run(m, next, e);
        if (r) return r;
    }
    return NULL;
}

static const char *shortest(const struct matcher *m, const uint8_t *it, const char *s)
{
    for (;; s++) {
        const char *r = run(m, it + 4, s);
        if (r) return r;
        if (s >= m->end || !one(m, it, s)) return NULL;
    }
}

/* Where the match that begins at s with item it ends, or NULL. */
static const char *run(const struct matcher *m, const uint8_t *it, const char *s)
{
    const char *r;
    for (;; it += 4) {
        switch (it[0]) {
        case P_DONE: return s;
        case P_END:
            if (s != m->end) return NULL;
            continue;
        case P_OPEN: m->m->cap[it[2]].at = s - m->s; continue;
        case P_CLOSE: m->m->cap[it[2]].len = s - m->s - m->m->cap[it[2]].at; continue;
        case P_POS:
            m->m->cap[it[2]].at = s - m->s + 1;
            m->m->cap[it[2]].len = -1;
            continue;
        case P_BACK:
            if (!(s = same_again(m, it, s))) return NULL;
            continue;
        case P_BALANCE:
            if (!(s = balance(m, it, s))) return NULL;
            continue;
        case P_FRONTIER:
            if (!frontier(m, it, s)) return NULL;
            continue;
        default: break;
        }
        switch (it[1]) {
        case '*':
        case '+': return longest(m, it, s);
        case '-': return shortest(m, it, s);
        case '?':
            if (s < m->end && one(m, it, s) && (r = run(m, it + 4, s + 1))) return r;
            continue;
        default:
            if (s >= m->end || !one(m, it, s)) return NULL;
            s++;
        }
    }
}

bool pattern_current(const struct pattern_head *h) { return h->ctype == locale_classes(); }

static bool matcher_init(struct matcher *m, struct pattern_head *h, const uint8_t *program, const char *s, size_t n, struct pattern_match *out)
{
    pattern_head(program, h);
    *m = (struct matcher){s, s + n, ITEMS(program) + 4 * h->nitems, out};
    return pattern_current(h);
}

/* The first match from s + from on that does not end at `last`. */
static int find_from(const struct matcher *m, const uint8_t *it, bool anchored, size_t from, const char *last)
{
    const uint8_t *need = anchored ? NULL : needed(it);
    for (const char *at = m->s + from;; at++) {
        if (need && !(at = scan(m, need, at))) return 0;
        const char *e = run(m, it, at);
        if (e && e != last) {
            m->m->from = at - m->s;
            m->m->to = e - m->s;
            return 1;
        }
        if (anchored || at >= m->end) return 0;
    }
}

int pattern_find(const uint8_t *program, const char *s, size_t n, size_t init, struct pattern_match *out)
{
    return pattern_next(program, s, n, init, -1, out);
}

int pattern_next(const uint8_t *program, const char *s, size_t n, size_t from, int64_t last, struct pattern_match *out)
{
    struct matcher m;
    struct pattern_head h;
    if (!matcher_init(&m, &h, program, s, n, out)) return -1;
    return find_from(&m, ITEMS(program), h.anchored, from, last < 0 ? NULL : s + last);
}

/* ---- gsub ---- */

struct buffer {
    char *p, fixed[512];
    size_t n, room;
    bool failed;
};

static void put(struct buffer *b, const char *s, size_t n)
{
    if (n > b->room - b->n) {
        size_t room = (b->n + n) * 2;
        char *p = room > (size_t)1 << 30 ? NULL : realloc(b->p == b->fixed ? NULL : b->p, room);
        if (!p) {
            b->failed = true;
            return;
        }
        if (b->p == b->fixed) memcpy(p, b->fixed, b->n);
        b->p = p;
        b->room = room;
    }
    memcpy(b->p + b->n, s, n);
    b->n += n;
}

/* Capture n (0: the first, which without captures is the whole match) as bytes; position captures in num. */
static bool capture(const struct matcher *m, const struct pattern_head *h, unsigned n, const char **s, size_t *len, char *num)
{
    if (n == 0 && h->ncaps == 0) {
        *s = m->s + m->m->from;
        *len = (size_t)(m->m->to - m->m->from);
        return true;
    }
    if (n >= h->ncaps) return false;
    if (h->is_pos[n]) {
        struct value v;
        setint(&v, m->m->cap[n].at);
        *s = num;
        *len = (size_t)num_to_buf(&v, num);
    } else {
        *s = m->s + m->m->cap[n].at;
        *len = (size_t)m->m->cap[n].len;
    }
    return true;
}

static void put_template(struct buffer *b, const struct matcher *m, const struct pattern_head *h, const struct lstr *repl)
{
    const char *p = repl->data, *end = p + repl->len, *s;
    size_t n;
    char num[64];
    while (p < end) {
        const char *esc = memchr(p, '%', (size_t)(end - p));
        if (!esc) esc = end;
        put(b, p, (size_t)(esc - p));
        if (esc == end) return;
        p = esc + 1;
        if (p < end && *p == '%') put(b, p, 1);
        else if (p < end && *p == '0') put(b, m->s + m->m->from, (size_t)(m->m->to - m->m->from));
        else if (p < end && *p >= '1' && *p <= '9' && capture(m, h, (unsigned)(*p - '1'), &s, &n, num)) put(b, s, n);
        else b->failed = true;
        p++;
    }
}

/* What the table has for the first capture. False: it keeps the original. */
static bool put_mapped(struct lua_State *L, struct buffer *b, const struct matcher *m, const struct pattern_head *h, struct table *map)
{
    const char *s = NULL;
    size_t n = 0;
    char num[64];
    struct value key;
    if (h->ncaps && h->is_pos[0]) {
        setint(&key, m->m->cap[0].at);
    } else {
        capture(m, h, 0, &s, &n, num);
        key.s = trh_str(L, s, n);
        key.tag = T_STR;
        if (!key.s) b->failed = true;
    }
    if (b->failed) return true;
    const struct value *v = table_get(map, &key);
    if (tag_is_false(v->tag)) return false;
    if (v->tag == T_STR) put(b, v->s->data, v->s->len);
    else if (tag_is_number(v->tag)) put(b, num, (size_t)num_to_buf(v, num));
    else b->failed = true;
    return true;
}

static void substitute(struct lua_State *L, struct buffer *b, const struct matcher *m, const struct pattern_head *h, const uint8_t *program,
                       const struct lstr *repl, struct table *map, int64_t most, bool *changed)
{
    const char *at = m->s, *last = NULL;
    const uint8_t *need = h->anchored ? NULL : needed(ITEMS(program));
    while (m->m->count < most && !b->failed) {
        const char *to = need ? scan(m, need, at) : at;
        if (!to) break;
        put(b, at, (size_t)(to - at));
        at = to;
        const char *e = run(m, ITEMS(program), at);
        if (e && e != last) {
            m->m->count++;
            m->m->from = at - m->s;
            m->m->to = e - m->s;
            bool put_some = true;
            if (repl) put_template(b, m, h, repl);
            else put_some = put_mapped(L, b, m, h, map);
            if (put_some) *changed = true;
            else put(b, at, (size_t)(e - at));
            at = last = e;
        } else if (at < m->end) {
            put(b, at++, 1);
        } else {
            break;
        }
        if (h->anchored) break;
    }
    put(b, at, (size_t)(m->end - at));
}

struct lstr *pattern_gsub(struct lua_State *L, const uint8_t *program, struct lstr *s, const struct lstr *repl, struct table *map, int64_t most,
                          struct pattern_match *out)
{
    struct matcher m;
    struct pattern_head h;
    struct buffer b = {.p = b.fixed, .room = sizeof b.fixed};
    bool changed = false;
    out->count = 0;
    if (!matcher_init(&m, &h, program, s->data, s->len, out)) return NULL;
    substitute(L, &b, &m, &h, program, repl, map, most, &changed);
    if (changed && !b.failed) s = trh_str(L, b.p, b.n);
    if (b.p != b.fixed) free(b.p);
    return b.failed ? NULL : s;
}
