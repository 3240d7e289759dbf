/* printer.c: traces as text: for dumps, hooks, documents and golden tests, in the one syntax
 * that parser.c reads back (ir.h draws it). Printing what was parsed from printed text gives the
 * same text again.
 *
 * Before it: any stage. After it: people.
 */
#include "ir/ir.h"
#include "jitstat/stats.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Writes what fits and counts everything, like snprintf. */
struct sink {
    char *buf;
    size_t size, n;
};

__attribute__((format(printf, 2, 3))) static void put(struct sink *s, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    size_t room = s->n < s->size ? s->size - s->n : 0;
    int n = vsnprintf(room ? s->buf + s->n : NULL, room, fmt, ap);
    va_end(ap);
    if (n > 0)
        s->n += (size_t)n;
}

/* Shortest digits that read back to the same double; always with a point or exponent, so that it is no integer. */
static void put_float(struct sink *s, const struct jit_const *k)
{
    char buf[40];
    if (isnan(k->f)) {
        put(s, "nan(0x%llx)", (unsigned long long)k->bits);
        return;
    }
    if (isinf(k->f)) {
        put(s, "%s", k->f < 0 ? "-inf" : "inf");
        return;
    }
    for (int digits = 6; digits <= 17; digits++) {
        snprintf(buf, sizeof buf, "%.*g", digits, k->f);
        if (strtod(buf, NULL) == k->f)
            break;
    }
    put(s, "%s%s", buf, strpbrk(buf, ".e") ? "" : ".0");
}

static void put_const(struct sink *s, const struct jit_const *k)
{
    if (k->type == 'f')
        put_float(s, k);
    else if (k->type == 'i')
        put(s, "%lld", (long long)k->i);
    else
        put(s, "%s(0x%llx)", k->gc ? "gcptr" : "ptr", (unsigned long long)k->bits);
}

static void put_ref(struct sink *s, const struct jit_ir *ir, jit_ref r)
{
    char t = jit_ref_type(ir, r);
    if (r == JIT_NOREF)
        put(s, "-");
    else if (t && jit_ref_is_const(r))
        put_const(s, jit_ref_const(ir, r));
    else
        put(s, "%c%u", t ? t : '?', r & ~JIT_K);
}

/* Small numbers as they are, addresses in hexadecimal. */
static void put_word(struct sink *s, const char *name, uint64_t v)
{
    put(s, v < 1u << 20 ? "%s=%llu" : "%s=0x%llx", name, (unsigned long long)v);
}

static void put_frame(struct sink *s, const struct jit_resume_frame *f)
{
    put_word(s, "pc", f->pc);
    put(s, " base=%d", f->base);
    if (f->flags)
        put(s, " flags=%u", f->flags);
    if (f->code) {
        put(s, " ");
        put_word(s, "code", f->code);
    }
    if (f->aux[0] || f->aux[1])
        put(s, " aux=%u,%u", f->aux[0], f->aux[1]);
}

/* The frame a slot is printed with: the innermost one that starts at or below it. */
static uint32_t slot_frame(const struct jit_resume_frame *f, uint32_t n, int32_t slot)
{
    for (uint32_t k = n; k-- > 1;)
        if (f[k].base <= slot)
            return k;
    return 0;
}

static void put_resume(struct sink *s, const struct jit_ir *ir, const struct jit_resume *r)
{
    const struct jit_resume_frame *f = ir->frames.v + r->frames;
    const char *space = "";
    put(s, " [");
    for (uint32_t k = 0; k < r->nframes || k == 0; k++) {
        if (k)
            put(s, " | ");
        if (k < r->nframes) {
            put_frame(s, &f[k]);
            space = " ";
        }
        for (uint32_t i = 0; i < r->nslots; i++) {
            const struct jit_slot_val *v = &ir->slots.v[r->slots + i];
            if (v->slot == JIT_SLOT_PART || slot_frame(f, r->nframes, v->slot) != k)
                continue;
            put(s, "%s%d:", space, v->slot);
            put_ref(s, ir, v->ref);
            put(s, "/%u", v->tag);
            space = " ";
        }
    }
    put(s, "]");
}

/* Texts come from the guest: one line, printable. */
static void put_text(struct sink *s, const char *text)
{
    for (; *text; text++)
        put(s, "%c", (unsigned char)*text < ' ' || *text == 127 ? '?' : *text);
}

static void put_merge_note(struct sink *s, const struct jit_ir *ir, const struct jit_op *op)
{
    if (op->nargs != 1 || !jit_ref_is_const(op->arg[0]) || !jit_ref_type(ir, op->arg[0]))
        return;
    uint64_t i = jit_ref_const(ir, op->arg[0])->bits;
    if (i >= ir->merges.n || !ir->merges.v[i].text)
        return;
    put(s, "  # ");
    put_text(s, ir->merges.v[i].text);
}

static void put_op(struct sink *s, const struct jit_ir *ir, jit_ref n)
{
    const struct jit_op *op = &ir->ops.v[n];
    const jit_ref *args = jit_op_args(ir, op);
    if (jit_opinfo[op->opcode].result != 'v')
        put(s, "%c%u = ", jit_opinfo[op->opcode].result, n);
    put(s, "%s(", jit_opinfo[op->opcode].name);
    for (unsigned i = 0; i < op->nargs; i++) {
        put(s, i ? ", " : "");
        put_ref(s, ir, args[i]);
    }
    if (op->descr)
        put(s, "%sdescr=%s", op->nargs ? ", " : "", op->descr->name);
    put(s, ")");
    if (op->resume != JIT_NORESUME)
        put_resume(s, ir, &ir->resumes.v[op->resume]);
    if (op->opcode == JIT_debug_merge_point)
        put_merge_note(s, ir, op);
}

static void put_header(struct sink *s, const struct jit_ir *ir)
{
    static const char *const links[] = {"loop", "trace", "interp"};
    const char *kind = ir->kind == JITSTAT_KIND_BRIDGE ? "bridge" : ir->kind == JITSTAT_KIND_ENTRY ? "entry"
                                                                                                   : "loop";
    put(s, "# %s link=%s\n", kind, ir->link <= JIT_LINK_INTERP ? links[ir->link] : "?");
    for (uint32_t i = 0; i < ir->merges.n; i++) {
        const struct jit_merge *m = &ir->merges.v[i];
        put(s, "# merge ");
        put_word(s, "pc", m->pc);
        put(s, " ");
        put_word(s, "code", m->code);
        put(s, " depth=%u line=%u", m->depth, m->line);
        if (m->text) {
            put(s, " ");
            put_text(s, m->text);
        }
        put(s, "\n");
    }
}

static size_t sink_end(struct sink *s)
{
    if (s->size)
        s->buf[s->n < s->size ? s->n : s->size - 1] = 0;
    return s->n;
}

size_t jit_ir_print_op(const struct jit_ir *ir, jit_ref n, char *buf, size_t size)
{
    struct sink s = {buf, size, 0};
    put_op(&s, ir, n);
    return sink_end(&s);
}

size_t jit_ir_print(const struct jit_ir *ir, char *buf, size_t size)
{
    struct sink s = {buf, size, 0};
    put_header(&s, ir);
    for (uint32_t i = 0; i < ir->ops.n; i++) {
        put_op(&s, ir, i);
        put(&s, "\n");
    }
    return sink_end(&s);
}

void jit_ir_dump(const struct jit_ir *ir, const char *title)
{
    size_t n = jit_ir_print(ir, NULL, 0) + 1;
    char *buf = malloc(n);
    if (!buf)
        return;
    jit_ir_print(ir, buf, n);
    fprintf(stderr, "---- %s\n%s", title, buf);
    free(buf);
}
