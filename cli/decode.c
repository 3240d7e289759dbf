/* decode.c: the contract is decode.h, the format stats.h.
 *
 * Before it: agent/listing.c. After it: dump.c.
 */
#include "cli/decode.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- bytes ---- */

/* Sticky: after the first byte that is not there everything reads as 0. */
struct reader {
    const unsigned char *p, *end;
    bool bad;
};

static uint64_t get_v(struct reader *r)
{
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (r->p == r->end)
            break;
        unsigned char c = *r->p++;
        v |= (uint64_t)(c & 0x7f) << shift;
        if (c < 0x80)
            return v;
    }
    r->bad = true;
    return 0;
}

static int64_t unzigzag(uint64_t v)
{
    return (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
}

/* A piece [at, at + size) of the listing, behind its head. */
static bool piece(const struct agent_listing *l, uint32_t at, uint32_t size)
{
    return at >= sizeof(struct jitstat_listing) && at <= l->size && size <= l->size - at;
}

/* Strings go to terminals. */
static void make_printable(char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (s[i] && (s[i] < ' ' || s[i] > '~'))
            s[i] = '?';
}

/* ---- names ---- */

static int read_names(const struct agent_listing *l, struct decoded *d)
{
    for (size_t i = 0; i < l->op_names_size; i++)
        d->nnames += l->op_names[i] == 0;
    d->names = calloc(d->nnames + 1, sizeof *d->names);
    if (!d->names)
        return -ENOMEM;
    make_printable(l->op_names, l->op_names_size);
    char *s = l->op_names;
    for (uint32_t i = 0; i < d->nnames; i++, s += strlen(s) + 1)
        d->names[i] = s;
    return 0;
}

static int read_strings(const struct agent_listing *l, struct decoded *d)
{
    const struct jitstat_listing *h = &d->head;
    d->strings = malloc((size_t)h->strings_size + 1);
    if (!d->strings)
        return -ENOMEM;
    memcpy(d->strings, l->bytes + h->strings, h->strings_size);
    d->strings[h->strings_size] = 0;
    make_printable(d->strings, h->strings_size);
    return 0;
}

static const char *string(const struct decoded *d, uint64_t off)
{
    return off < d->head.strings_size ? d->strings + off : "?";
}

/* ---- operations ---- */

static void read_arg(struct reader *r, uint32_t n, struct decode_arg *a)
{
    uint64_t v = get_v(r), payload = v >> 2;
    static const enum decode_arg_kind words[] = {DECODE_INT, DECODE_FLOAT, DECODE_PTR, DECODE_OBJECT};
    switch (v & 3) {
    case 0:
        r->bad |= payload > n;
        *a = (struct decode_arg){DECODE_VALUE, n - payload};
        break;
    case 1: *a = (struct decode_arg){DECODE_INT, (uint64_t)unzigzag(payload)}; break;
    case 2:
        if (payload > 3 || r->end - r->p < 8) {
            r->bad = true;
            break;
        }
        a->kind = words[payload];
        memcpy(&a->bits, r->p, 8);
        r->p += 8;
        break;
    default: a->kind = DECODE_NONE;
    }
}

/* What the operation before left to this one. */
struct place {
    const char *file;
    uint32_t line;
};

static void read_op(struct reader *r, const struct decoded *d, struct decode_list *list, uint32_t *nargs, struct place *at, bool code)
{
    struct decode_op *op = &list->ops[list->n];
    uint64_t head = get_v(r), opcode = head >> 2;
    const char *name = opcode < d->nnames && strlen(d->names[opcode]) > 2 ? d->names[opcode] : "v-?";
    if (head & 2)
        at->file = string(d, get_v(r));
    *op = (struct decode_op){.name = name + 2, .result = name[0], .guard = name[1] == 'G', .file = at->file, .text = "", .code = -1};
    if (head & 1)
        op->text = string(d, get_v(r));
    at->line += (uint32_t)unzigzag(get_v(r));
    op->line = at->line;
    uint64_t n = get_v(r);
    if (n > (uint64_t)(r->end - r->p)) {
        r->bad = true;
        return;
    }
    op->args = *nargs;
    op->nargs = (uint32_t)n;
    for (uint32_t i = 0; i < op->nargs && !r->bad; i++)
        read_arg(r, list->n, &list->args[(*nargs)++]);
    uint64_t offset = code ? get_v(r) : 0;
    if (offset > d->head.code_size)
        r->bad = true;
    op->code = (int64_t)offset - 1;
}

static int read_list(const struct agent_listing *l, const struct decoded *d, uint32_t at, uint32_t size, uint32_t n, bool code, struct decode_list *list)
{
    struct reader r = {l->bytes + at, l->bytes + at + size, false};
    struct place place = {"", 0};
    uint32_t nargs = 0;
    if (n > size)
        return -EPROTO;
    list->ops = calloc((size_t)n + 1, sizeof *list->ops);
    list->args = calloc((size_t)size + 1, sizeof *list->args); /* no argument is shorter than a byte */
    if (!list->ops || !list->args)
        return -ENOMEM;
    for (; list->n < n && !r.bad; list->n++)
        read_op(&r, d, list, &nargs, &place, code);
    return r.bad || r.p != r.end ? -EPROTO : 0;
}

int decode(const struct agent_listing *l, struct decoded *d)
{
    struct jitstat_listing *h = &d->head;
    memset(d, 0, sizeof *d);
    if (l->size < sizeof *h)
        return -EPROTO;
    memcpy(h, l->bytes, sizeof *h);
    if (!piece(l, h->before, h->before_size) || !piece(l, h->after, h->after_size) || !piece(l, h->strings, h->strings_size) ||
        !piece(l, h->code, h->code_size) || h->entry > h->code_size || h->label > h->code_size)
        return -EPROTO;
    d->code = l->bytes + h->code;
    int r = read_names(l, d);
    if (r == 0)
        r = read_strings(l, d);
    if (r == 0)
        r = read_list(l, d, h->before, h->before_size, h->before_n, false, &d->before);
    if (r == 0)
        r = read_list(l, d, h->after, h->after_size, h->after_n, true, &d->after);
    return r;
}

void decoded_fini(struct decoded *d)
{
    free(d->before.ops);
    free(d->before.args);
    free(d->after.ops);
    free(d->after.args);
    free(d->strings);
    free(d->names);
    memset(d, 0, sizeof *d);
}

/* ---- text ---- */

struct sink {
    char *buf;
    size_t size, n;
};

__attribute__((format(printf, 2, 3))) static void put(struct sink *s, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = s->n < s->size ? vsnprintf(s->buf + s->n, s->size - s->n, fmt, ap) : 0;
    va_end(ap);
    s->n += n > 0 ? (size_t)n : 0;
}

static void put_float(struct sink *s, uint64_t bits)
{
    double x;
    char buf[40];
    memcpy(&x, &bits, sizeof x);
    for (int digits = 6; digits <= 17; digits++) {
        snprintf(buf, sizeof buf, "%.*g", digits, x);
        if (strtod(buf, NULL) == x)
            break;
    }
    put(s, "%s%s", buf, isfinite(x) && !strpbrk(buf, ".e") ? ".0" : "");
}

static void put_arg(struct sink *s, const struct decode_list *l, const struct decode_arg *a)
{
    switch (a->kind) {
    case DECODE_VALUE: put(s, "%c%" PRIu64, a->bits < l->n ? l->ops[a->bits].result : '?', a->bits); break;
    case DECODE_INT: put(s, "%" PRId64, (int64_t)a->bits); break;
    case DECODE_FLOAT: put_float(s, a->bits); break;
    case DECODE_PTR: put(s, "ptr(0x%" PRIx64 ")", a->bits); break;
    case DECODE_OBJECT: put(s, "gcptr(0x%" PRIx64 ")", a->bits); break;
    case DECODE_NONE: put(s, "-");
    }
}

void decode_op_text(const struct decode_list *l, uint32_t n, char *buf, size_t size)
{
    const struct decode_op *op = &l->ops[n];
    bool merge = strcmp(op->name, "debug_merge_point") == 0;
    struct sink s = {buf, size, 0};
    buf[0] = 0;
    if (op->result != 'v')
        put(&s, "%c%u = ", op->result, n);
    put(&s, "%s(", op->name);
    for (uint32_t i = 0; i < op->nargs; i++) {
        put(&s, "%s", i ? ", " : "");
        put_arg(&s, l, &l->args[op->args + i]);
    }
    if (op->text[0] && !merge)
        put(&s, "%sdescr=%s", op->nargs ? ", " : "", op->text);
    put(&s, ")");
    if (op->text[0] && merge)
        put(&s, "  # %s", op->text);
}
