/* parser.c: reads the printer's syntax (ir.h draws it): for golden tests, for the optimizer's hook
 * that edits text, for reproducing a dump.
 *
 * Names are a type letter and a number. The number need not be the operation's: a map leads from
 * it to the operation, so that hand-written traces can count values only. Types of arguments are
 * the verifier's business; the parser insists on syntax, known operations, known descriptors and
 * defined names. The first error wins; it carries the line.
 *
 * Before it: text. After it: verifier.c.
 */
#include "ir/ir.h"
#include "jitstat/stats.h"
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_NUMBER = 1 << 20 };

struct names {
    jit_ref *v;
    uint32_t n, cap;
}; /* number in the text -> reference + 1 */

struct parser {
    struct jit_ir *ir;
    const struct jit_descr *const *descrs;
    const char *p; /* in the current line */
    int line;
    struct names names;
    struct jit_refs args; /* of the current operation */
    char *err;
    size_t errsize;
    bool bad;
};

__attribute__((format(printf, 2, 3))) static bool fail(struct parser *p, const char *fmt, ...)
{
    if (p->bad)
        return false;
    p->bad = true;
    int n = p->errsize ? snprintf(p->err, p->errsize, "line %d: ", p->line) : 0;
    if (n < 0 || (size_t)n >= p->errsize)
        return false;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(p->err + n, p->errsize - (size_t)n, fmt, ap);
    va_end(ap);
    return false;
}

static bool out_of_memory(struct parser *p)
{
    p->ir->failed = true;
    return fail(p, "out of memory");
}

/* ---- words ---- */

/* How much of what follows in the line stands in a message. */
static int shown(const struct parser *p)
{
    size_t n = strcspn(p->p, "\n");
    return n < 12 ? (int)n : 12;
}

static void skip_space(struct parser *p)
{
    while (*p->p == ' ' || *p->p == '\t')
        p->p++;
}

static bool accept(struct parser *p, const char *s)
{
    skip_space(p);
    size_t n = strlen(s);
    if (strncmp(p->p, s, n) != 0)
        return false;
    p->p += n;
    return true;
}

static bool expect(struct parser *p, const char *s)
{
    return accept(p, s) || fail(p, "expected '%s' before '%.*s'", s, shown(p), p->p);
}

static bool at_end(struct parser *p)
{
    skip_space(p);
    return *p->p == '\n' || *p->p == 0 || *p->p == '#';
}

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '.';
}

static size_t word_length(const char *s)
{
    size_t n = 0;
    while (is_word(s[n]))
        n++;
    return n;
}

static bool parse_u64(struct parser *p, uint64_t *v)
{
    char *end;
    skip_space(p);
    if (!isdigit((unsigned char)*p->p))
        return fail(p, "expected a number before '%.*s'", shown(p), p->p);
    errno = 0;
    *v = strtoull(p->p, &end, 0);
    p->p = end;
    return errno == 0 || fail(p, "number out of range");
}

static bool parse_i64(struct parser *p, int64_t *v)
{
    char *end;
    skip_space(p);
    if (!isdigit((unsigned char)p->p[*p->p == '-']))
        return fail(p, "expected a number before '%.*s'", shown(p), p->p);
    errno = 0;
    *v = strtoll(p->p, &end, 0);
    p->p = end;
    return errno == 0 || fail(p, "number out of range");
}

static bool parse_u32(struct parser *p, uint32_t *v)
{
    uint64_t x = 0;
    if (!parse_u64(p, &x))
        return false;
    *v = (uint32_t)x;
    return x <= UINT32_MAX || fail(p, "number out of range");
}

static bool parse_i32(struct parser *p, int32_t *v)
{
    int64_t x = 0;
    if (!parse_i64(p, &x))
        return false;
    *v = (int32_t)x;
    return x == *v || fail(p, "number out of range");
}

/* ---- values ---- */

static bool name_define(struct parser *p, uint32_t number, jit_ref r)
{
    struct names *m = &p->names;
    if (number >= MAX_NUMBER)
        return fail(p, "value number %u is too large", number);
    while (m->n <= number) {
        if (!jit_vec_reserve(p->ir->arena, m, 1))
            return out_of_memory(p);
        m->v[m->n++] = 0;
    }
    if (m->v[number])
        return fail(p, "value number %u is defined twice", number);
    m->v[number] = r + 1;
    return true;
}

static bool name_use(struct parser *p, jit_ref *r)
{
    char letter = *p->p++;
    uint32_t number;
    if (!parse_u32(p, &number))
        return false;
    if (number >= p->names.n || !p->names.v[number])
        return fail(p, "%c%u is not defined", letter, number);
    *r = p->names.v[number] - 1;
    char t = jit_ref_type(p->ir, *r);
    return t == letter || fail(p, "%c%u is of type %c", letter, number, t);
}

/* nan(0x7ff8..), ptr(0x..), gcptr(0x..): the bits in parentheses. */
static bool parse_bits(struct parser *p, uint64_t *v)
{
    return expect(p, "(") && parse_u64(p, v) && expect(p, ")");
}

static bool parse_number(struct parser *p, jit_ref *r)
{
    const char *s = p->p + (*p->p == '-' || *p->p == '+');
    size_t n = 0;
    bool hex = s[0] == '0' && (s[1] == 'x' || s[1] == 'X');
    while (isalnum((unsigned char)s[n]) || s[n] == '.' || ((s[n] == '-' || s[n] == '+') && n && (s[n - 1] == 'e' || s[n - 1] == 'E')))
        n++;
    bool is_float = !hex && (memchr(s, '.', n) || memchr(s, 'e', n) || (n >= 3 && !strncmp(s, "inf", 3)));
    char *end;
    errno = 0;
    if (is_float) {
        *r = jit_ir_const_f(p->ir, strtod(p->p, &end));
    } else if (isdigit((unsigned char)*s)) {
        long long v = strtoll(p->p, &end, 0);
        *r = jit_ir_const_i(p->ir, v);
        if (errno)
            return fail(p, "number out of range");
    } else {
        return fail(p, "expected a value before '%.*s'", shown(p), p->p);
    }
    if (end != s + n)
        return fail(p, "malformed number '%.*s'", (int)n, s);
    p->p = end;
    return *r != JIT_NOREF || out_of_memory(p);
}

static bool parse_value(struct parser *p, jit_ref *r)
{
    uint64_t bits;
    skip_space(p);
    if (strchr("ifr", *p->p) && *p->p && isdigit((unsigned char)p->p[1]))
        return name_use(p, r);
    if (accept(p, "gcptr")) {
        *r = parse_bits(p, &bits) ? jit_ir_const_r(p->ir, (void *)(uintptr_t)bits, true) : JIT_NOREF;
    } else if (accept(p, "ptr")) {
        *r = parse_bits(p, &bits) ? jit_ir_const_r(p->ir, (void *)(uintptr_t)bits, false) : JIT_NOREF;
    } else if (accept(p, "nan")) {
        double f = 0;
        if (parse_bits(p, &bits))
            memcpy(&f, &bits, sizeof f);
        *r = jit_ir_const_f(p->ir, f);
    } else {
        return parse_number(p, r);
    }
    return !p->bad && (*r != JIT_NOREF || out_of_memory(p));
}

/* ---- resume data ---- */

static bool parse_frame(struct parser *p, struct jit_resume *r)
{
    struct jit_resume_frame f = {0};
    if (!parse_u64(p, &f.pc))
        return false;
    for (bool more = true; more && !p->bad;) {
        if (accept(p, "base="))
            parse_i32(p, &f.base);
        else if (accept(p, "flags="))
            parse_u32(p, &f.flags);
        else if (accept(p, "code="))
            parse_u64(p, &f.code);
        else if (accept(p, "aux="))
            (void)(parse_u32(p, &f.aux[0]) && expect(p, ",") && parse_u32(p, &f.aux[1]));
        else
            more = false;
    }
    if (!jit_vec_reserve(p->ir->arena, &p->ir->frames, 1))
        return out_of_memory(p);
    p->ir->frames.v[p->ir->frames.n++] = f;
    r->nframes++;
    return !p->bad;
}

static bool parse_slot(struct parser *p, struct jit_resume *r)
{
    struct jit_slot_val v = {.ref = JIT_NOREF};
    int32_t slot;
    uint32_t tag;
    if (!parse_i32(p, &slot) || !expect(p, ":"))
        return false;
    skip_space(p);
    bool none = p->p[0] == '-' && p->p[1] == '/';
    if (none)
        p->p++;
    else if (!parse_value(p, &v.ref))
        return false;
    if (!expect(p, "/") || !parse_u32(p, &tag))
        return false;
    v.slot = (int16_t)slot, v.tag = (uint16_t)tag;
    if (v.slot != slot || slot == JIT_SLOT_PART || v.tag != tag)
        return fail(p, "slot or tag out of range");
    if (!jit_vec_reserve(p->ir->arena, &p->ir->slots, 1))
        return out_of_memory(p);
    p->ir->slots.v[p->ir->slots.n++] = v;
    r->nslots++;
    return true;
}

static bool parse_resume(struct parser *p, uint32_t *resume)
{
    struct jit_resume r = {.slots = p->ir->slots.n, .frames = p->ir->frames.n};
    while (!accept(p, "]")) {
        if (accept(p, "|"))
            continue;
        if (at_end(p))
            return fail(p, "resume data without ']'");
        if (!(accept(p, "pc=") ? parse_frame(p, &r) : parse_slot(p, &r)))
            return false;
    }
    if (!jit_vec_reserve(p->ir->arena, &p->ir->resumes, 1))
        return out_of_memory(p);
    *resume = p->ir->resumes.n;
    p->ir->resumes.v[p->ir->resumes.n++] = r;
    return true;
}

/* ---- operations ---- */

static bool parse_descr(struct parser *p, const struct jit_descr **descr)
{
    size_t n = strcspn(p->p, "), \n");
    for (unsigned i = 0; p->descrs && p->descrs[i]; i++)
        if (strlen(p->descrs[i]->name) == n && !memcmp(p->descrs[i]->name, p->p, n)) {
            *descr = p->descrs[i];
            p->p += n;
            return true;
        }
    return fail(p, "unknown descriptor '%.*s'", (int)n, p->p);
}

static bool parse_args(struct parser *p, const struct jit_descr **descr)
{
    p->args.n = 0;
    if (accept(p, ")"))
        return true;
    do {
        if (accept(p, "descr="))
            return parse_descr(p, descr) && expect(p, ")");
        jit_ref r;
        if (!parse_value(p, &r))
            return false;
        if (!jit_vec_reserve(p->ir->arena, &p->args, 1))
            return out_of_memory(p);
        p->args.v[p->args.n++] = r;
    } while (accept(p, ","));
    return expect(p, ")");
}

static bool parse_opcode(struct parser *p, unsigned *opcode)
{
    skip_space(p);
    size_t n = word_length(p->p);
    for (unsigned i = 0; i < JIT_NOPCODES; i++)
        if (strlen(jit_opinfo[i].name) == n && !memcmp(jit_opinfo[i].name, p->p, n)) {
            *opcode = i;
            p->p += n;
            return true;
        }
    return fail(p, "unknown operation '%.*s'", (int)n, p->p);
}

static bool parse_result(struct parser *p, char *letter, uint32_t *number)
{
    *letter = 'v';
    if (!strchr("ifr", *p->p) || !isdigit((unsigned char)p->p[1]))
        return true;
    *letter = *p->p++;
    return parse_u32(p, number) && expect(p, "=");
}

static bool parse_op(struct parser *p)
{
    char letter;
    uint32_t number = 0, resume = JIT_NORESUME;
    unsigned opcode = 0;
    const struct jit_descr *descr = NULL;
    if (!parse_result(p, &letter, &number) || !parse_opcode(p, &opcode))
        return false;
    if (jit_opinfo[opcode].result != letter)
        return fail(p, "%s gives %c, not %c", jit_opinfo[opcode].name, jit_opinfo[opcode].result, letter);
    if (!expect(p, "(") || !parse_args(p, &descr))
        return false;
    if (accept(p, "[") && !parse_resume(p, &resume))
        return false;
    if (!at_end(p))
        return fail(p, "unexpected '%.*s'", shown(p), p->p);
    jit_ref r = jit_ir_emit(p->ir, opcode, p->args.v, p->args.n, descr, resume);
    if (r == JIT_NOREF)
        return out_of_memory(p);
    return letter == 'v' || name_define(p, number, r);
}

/* ---- header lines ---- */

static bool parse_merge(struct parser *p)
{
    struct jit_merge m = {0};
    if (!(expect(p, "pc=") && parse_u64(p, &m.pc) && expect(p, "code=") && parse_u64(p, &m.code) &&
          expect(p, "depth=") && parse_u32(p, &m.depth) && expect(p, "line=") && parse_u32(p, &m.line)))
        return false;
    skip_space(p);
    size_t n = strcspn(p->p, "\n");
    if (n) {
        char *text = jit_arena_alloc(p->ir->arena, n + 1);
        if (!text)
            return out_of_memory(p);
        m.text = memcpy(text, p->p, n);
    }
    if (!jit_vec_reserve(p->ir->arena, &p->ir->merges, 1))
        return out_of_memory(p);
    p->ir->merges.v[p->ir->merges.n++] = m;
    return true;
}

static bool parse_link(struct parser *p)
{
    while (!at_end(p)) {
        if (accept(p, "link=loop"))
            p->ir->link = JIT_LINK_LOOP;
        else if (accept(p, "link=trace"))
            p->ir->link = JIT_LINK_TRACE;
        else if (accept(p, "link=interp"))
            p->ir->link = JIT_LINK_INTERP;
        else
            return fail(p, "unexpected '%.*s'", shown(p), p->p);
    }
    return true;
}

/* A line that starts with # and none of these words is a comment. */
static bool parse_header(struct parser *p)
{
    skip_space(p);
    if (accept(p, "merge "))
        return parse_merge(p);
    if (accept(p, "loop"))
        p->ir->kind = JITSTAT_KIND_LOOP;
    else if (accept(p, "bridge"))
        p->ir->kind = JITSTAT_KIND_BRIDGE;
    else if (accept(p, "entry"))
        p->ir->kind = JITSTAT_KIND_ENTRY;
    else if (strncmp(p->p, "link=", 5) != 0)
        return true;
    return parse_link(p);
}

static bool parse_line(struct parser *p)
{
    skip_space(p);
    if (accept(p, "#"))
        return parse_header(p);
    if (strncmp(p->p, "link=", 5) == 0)
        return parse_link(p);
    return at_end(p) || parse_op(p);
}

/* ir must be initialised; what the header does not say stays as it is there. */
bool jit_ir_parse(struct jit_ir *ir, const char *text, const struct jit_descr *const *descrs, char *err, size_t errsize)
{
    struct parser p = {.ir = ir, .descrs = descrs, .p = text, .err = err, .errsize = errsize};
    if (errsize)
        err[0] = 0;
    while (*text) {
        p.line++;
        p.p = text;
        if (!parse_line(&p))
            return false;
        text += strcspn(text, "\n");
        text += *text == '\n';
    }
    return true;
}
