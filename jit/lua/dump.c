/* dump.c: a prototype to bytes (string.dump, luac). The format is in dumpfmt.h.
 *
 * The body is walked twice: first counting its length and checksum, then writing, so that nothing of the size of the
 * chunk is kept in memory. A writer that returns nonzero stops everything.
 *
 * Walk: lua_dump (api.c) -> here; back through undump.c.
 */
#include "lua/dumpfmt.h"

/* Bytes leave through a buffer; a pass without a writer only counts. */
struct sink {
    struct lua_State *L;
    lua_Writer writer;
    void *data;
    int status;
    bool strip;
    uint64_t length, sum;
    char buf[512];
    size_t n;
};

static void flush(struct sink *s)
{
    if (s->n == 0)
        return;
    if (s->writer == NULL)
        s->sum = dump_sum(s->sum, s->buf, s->n);
    else if (s->status == 0)
        s->status = s->writer(s->L, s->buf, s->n, s->data);
    s->n = 0;
}

static void put(struct sink *s, const void *data, size_t n)
{
    const char *p = data;
    s->length += n;
    while (n > 0) {
        size_t room = sizeof s->buf - s->n, part = n < room ? n : room;
        memcpy(s->buf + s->n, p, part);
        s->n += part;
        p += part;
        n -= part;
        if (s->n == sizeof s->buf)
            flush(s);
    }
}

static void put_byte(struct sink *s, unsigned b)
{
    unsigned char c = (unsigned char)b;
    put(s, &c, 1);
}

static void put_number(struct sink *s, uint64_t x)
{
    for (; x >= 0x80; x >>= 7)
        put_byte(s, (unsigned)(x & 0x7f) | 0x80);
    put_byte(s, (unsigned)x);
}

static void put_string(struct sink *s, const struct lstr *str)
{
    if (str == NULL) {
        put_number(s, 0);
        return;
    }
    put_number(s, (uint64_t)str->len + 1);
    put(s, str->data, str->len);
}

static void put_constants(struct sink *s, const struct proto *p)
{
    put_number(s, p->nk);
    for (uint32_t i = 0; i < p->nk; i++) {
        const struct value *v = &p->k[i];
        put_byte(s, v->tag);
        if (v->tag == T_STR)
            put_string(s, v->s);
        else if (v->tag == T_INT || v->tag == T_FLT)
            put(s, &v->bits, 8);
    }
}

static void put_upvalues(struct sink *s, const struct proto *p)
{
    put_number(s, p->nupvals);
    for (uint32_t i = 0; i < p->nupvals; i++) {
        const struct upvaldesc *u = &p->upvals[i];
        put_string(s, s->strip ? NULL : u->name);
        put_byte(s, u->instack);
        put_byte(s, u->idx);
        put_byte(s, u->kind);
    }
}

static void put_debug(struct sink *s, const struct proto *p)
{
    uint32_t nlines = s->strip ? 0 : p->nlineinfo, nvars = s->strip ? 0 : p->nlocvars;
    int64_t last = p->linedefined;
    put_number(s, nlines);
    for (uint32_t i = 0; i < nlines; i++) {
        int64_t d = p->lineinfo[i] - last;
        put_number(s, (uint64_t)d << 1 ^ (uint64_t)(d >> 63));
        last = p->lineinfo[i];
    }
    put_number(s, nvars);
    for (uint32_t i = 0; i < nvars; i++) {
        put_string(s, p->locvars[i].name);
        put_number(s, (uint32_t)p->locvars[i].startpc);
        put_number(s, (uint32_t)p->locvars[i].endpc);
    }
}

static void put_function(struct sink *s, const struct proto *p, const struct lstr *outer_source)
{
    put_string(s, s->strip || p->source == outer_source ? NULL : p->source);
    put_number(s, (uint32_t)p->linedefined);
    put_number(s, (uint32_t)p->lastlinedefined);
    put_byte(s, p->numparams);
    put_byte(s, p->is_vararg);
    put_byte(s, p->maxstack);
    put_number(s, p->nic);
    put_number(s, p->nhot);
    put_number(s, p->ncode);
    put(s, p->code, p->ncode * sizeof *p->code);
    put_constants(s, p);
    put_upvalues(s, p);
    put_number(s, p->np);
    for (uint32_t i = 0; i < p->np; i++)
        put_function(s, p->protos[i], p->source);
    put_debug(s, p);
}

static void put_header(struct sink *s)
{
    static const char sizes[] = {4, 8, 8}; /* the reference's, instruction included */
    int64_t i = DUMP_INT;
    double n = DUMP_NUM;
    put(s, LUA_SIGNATURE, 4);
    put_byte(s, 0x54);
    put_byte(s, 0);
    put(s, DUMP_DATA, sizeof DUMP_DATA - 1);
    put(s, sizes, sizeof sizes);
    put(s, &i, 8);
    put(s, &n, 8);
}

int proto_dump(struct lua_State *L, const struct proto *p, lua_Writer w, void *data, int strip)
{
    unsigned char nupvals = (unsigned char)p->nupvals;
    struct sink count = {.L = L, .strip = strip != 0};
    count.sum = dump_sum(0, &nupvals, 1);
    put_function(&count, p, NULL);
    flush(&count);
    uint64_t inverted = ~count.length;

    struct sink s = {.L = L, .writer = w, .data = data, .strip = strip != 0};
    put_header(&s);
    put_byte(&s, nupvals);
    put(&s, DUMP_OWN, 7);
    put_byte(&s, DUMP_VERSION);
    put(&s, &count.length, 8);
    put(&s, &inverted, 8);
    put(&s, &count.sum, 8);
    put_function(&s, p, NULL);
    flush(&s);
    return s.status;
}
