/* listing.c: what `jitstat dump` shows of a trace, kept in the stats block from the moment it is compiled, so that it
 * is there for whoever looks later, from outside and without any privilege over the process.
 *
 * The engine's own data cannot serve: they are pointers into memory that nobody else may read. Printed text
 * could (hooks get it), but costs ten times the room and most of a compilation's time. So operations are packed into bytes,
 * about seven each; include/jitstat/stats.h draws the format (struct jitstat_listing). The room is bounded by
 * the parameter listing_size; a trace that finds none is counted in listings_lost and runs as well.
 *
 * Invariants
 *  1. A reader that checks every offset against the listing's size can decode it without any of our tables: names of
 *     operations stand in the segment, all other names in the listing.
 *  2. Nothing here can fail a compilation.
 *
 * Before: pipeline.c. After: agent/listing.c, cli/dump.c.
 */
#include <string.h>
#include "trace/engine.h"

#define CACHE 64 /* strings that are not written twice; a power of two */

JIT_VECTOR(uint8_t, listing_bytes);

struct writer {
    struct jit_recorder *r;
    struct listing_bytes out, strings;
    struct {
        const void *key;
        uint32_t off;
    } cache[CACHE];
    uint32_t line, file; /* of the operation before */
};

/* ---- bytes ---- */

/* These write at p, where there is room, and return the place behind. */
static inline uint8_t *put_v(uint8_t *p, uint64_t v)
{
    if (__builtin_expect(v < 0x80, 1)) {
        *p = (uint8_t)v;
        return p + 1;
    }
    for (; v >= 0x80; v >>= 7) *p++ = (uint8_t)(v | 0x80);
    *p++ = (uint8_t)v;
    return p;
}

static uint64_t zigzag(int64_t n) { return (uint64_t)n << 1 ^ (uint64_t)(n >> 63); }

/* Offset of s among the strings. key: what stands for it; equal keys have equal strings. 0, which is "", if there is no memory. */
static uint32_t put_string(struct writer *w, const void *key, const char *s)
{
    unsigned i = (unsigned)((uintptr_t)key >> 4 ^ (uintptr_t)key >> 10) % CACHE;
    uint32_t n = (uint32_t)strlen(s) + 1;
    if (w->cache[i].key == key) return w->cache[i].off;
    if (!jit_vec_reserve(&w->r->arena, &w->strings, n)) return 0;
    memcpy(w->strings.v + w->strings.n, s, n);
    w->cache[i].key = key;
    w->cache[i].off = w->strings.n;
    w->strings.n += n;
    return w->cache[i].off;
}

/* ---- operations ---- */

enum { ARG_VALUE,
       ARG_INT,
       ARG_WORD,
       ARG_NONE };

static uint8_t *put_word(uint8_t *p, unsigned type, uint64_t bits)
{
    p = put_v(p, (uint64_t)type << 2 | ARG_WORD);
    memcpy(p, &bits, sizeof bits);
    return p + sizeof bits;
}

static inline uint8_t *put_arg(uint8_t *p, const struct jit_ir *ir, uint32_t n, jit_ref a)
{
    if (!(a & JIT_K)) return put_v(p, (uint64_t)(n - a) << 2 | ARG_VALUE);
    if (a == JIT_NOREF) return put_v(p, ARG_NONE);
    const struct jit_const *k = jit_ref_const(ir, a);
    if (k->type != 'i') return put_word(p, k->type == 'f' ? 1 : k->gc ? 3
                                                                      : 2,
                                        k->bits);
    return zigzag(k->i) >> 61 ? put_word(p, 0, k->bits) : put_v(p, zigzag(k->i) << 2 | ARG_INT);
}

/* What stands beside an operation: its descriptor's name, a merge point's instruction. */
static uint32_t op_text(struct writer *w, const struct jit_ir *ir, const struct jit_op *op)
{
    if (op->descr) return put_string(w, op->descr, op->descr->name);
    if (op->opcode != JIT_debug_merge_point) return 0;
    const struct jit_merge *m = &ir->merges.v[jit_ref_const(ir, op->arg[0])->i];
    return m->text ? put_string(w, m->text, m->text) : 0;
}

static uint32_t file_text(struct writer *w, uint32_t file)
{
    const char *s = file ? w->r->files[file] : NULL;
    return s ? put_string(w, s, s) : 0;
}

#define OP_BYTES 32 /* more than an operation without arguments takes */
#define ARG_BYTES 12

static bool put_op(struct writer *w, const struct jit_ir *ir, uint32_t n, const struct jit_code *code)
{
    const struct jit_op *op = &ir->ops.v[n];
    const jit_ref *args = jit_op_args(ir, op);
    uint32_t line = jit_op_line(op), file = jit_op_file(op), text = op_text(w, ir, op);
    if (!jit_vec_reserve(&w->r->arena, &w->out, OP_BYTES + ARG_BYTES * (uint32_t)op->nargs)) return false;
    uint8_t *p = w->out.v + w->out.n;
    p = put_v(p, (uint64_t)op->opcode << 2 | (file != w->file) << 1 | (text != 0));
    if (file != w->file) p = put_v(p, file_text(w, file));
    if (text) p = put_v(p, text);
    p = put_v(p, zigzag((int64_t)line - w->line));
    p = put_v(p, op->nargs);
    for (unsigned i = 0; i < op->nargs; i++) p = put_arg(p, ir, n, args[i]);
    if (code) p = put_v(p, code->op_offset[n] == UINT32_MAX ? 0 : (uint64_t)code->op_offset[n] + 1);
    w->out.n = (uint32_t)(p - w->out.v);
    w->line = line;
    w->file = file;
    return true;
}

/* Appends all operations; code NULL: as recorded. Returns their bytes, 0: no memory. */
static uint32_t put_ops(struct writer *w, const struct jit_ir *ir, const struct jit_code *code)
{
    uint32_t from = w->out.n;
    w->line = w->file = 0;
    for (uint32_t n = 0; n < ir->ops.n; n++)
        if (!put_op(w, ir, n, code)) return 0;
    return w->out.n - from;
}

static uint32_t put_bytes(struct writer *w, const void *p, size_t size)
{
    uint32_t at = w->out.n;
    if (!jit_vec_reserve(&w->r->arena, &w->out, (uint32_t)size)) return 0;
    memcpy(w->out.v + at, p, size);
    w->out.n += (uint32_t)size;
    return at;
}

static bool listing_write(struct writer *w, const struct jit_trace *t)
{
    struct jitstat_listing l = {.before = sizeof l, .before_n = w->r->ir.ops.n, .after_n = t->ir.ops.n};
    uint32_t guess = sizeof l + 16 * (l.before_n + l.after_n) + (uint32_t)t->code.size;
    if (!jit_vec_reserve(&w->r->arena, &w->out, guess)) return false;
    put_string(w, "", "");
    put_bytes(w, &l, sizeof l);
    l.before_size = put_ops(w, &w->r->ir, NULL);
    l.after = w->out.n;
    l.after_size = put_ops(w, &t->ir, &t->code);
    l.strings = put_bytes(w, w->strings.v, w->strings.n);
    l.strings_size = w->strings.n;
    l.code = put_bytes(w, t->code.start, t->code.size);
    l.code_size = (uint32_t)t->code.size;
    l.entry = (uint32_t)(t->code.entry - t->code.start);
    l.label = t->code.label ? (uint32_t)(t->code.label - t->code.start) : 0;
    l.link = t->ir.link;
    l.target = t->target ? t->target->number : 0;
    l.size = w->out.n;
    if (!l.before_size || !l.after_size || !l.strings || !l.code) return false;
    memcpy(w->out.v, &l, sizeof l);
    return true;
}

void listing_keep(struct jit_recorder *r, struct jit_trace *t)
{
    struct jit_vm *vm = t->vm;
    struct writer w = {.r = r};
    if (t->lost || vm->params.listing_size == 0) return;
    if (listing_write(&w, t)) obs_listing_add(vm->obs, t->rec, (const struct jitstat_listing *)w.out.v, (uint64_t)vm->params.listing_size);
    else obs_add(&vm->obs->blk->total.listings_lost, 1);
}

#define RES_v "v"
#define RES_i "i"
#define RES_f "f"
#define RES_r "r"
#define EFF_PURE "-"
#define EFF_LOAD "-"
#define EFF_STORE "-"
#define EFF_GUARD "G"
#define EFF_CALL "-"
#define EFF_CTRL "-"

void listing_names(void)
{
    static const char names[] =
#define JIT_OP(name, result, args, effects) RES_##result EFF_##effects #name "\0"
#include "ir/ir.def"
        ;
    obs_op_names(names, sizeof names - 1, JIT_NOPCODES);
}
