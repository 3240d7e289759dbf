/* opt.c: the chain and the driver of its rounds (opt.h tells the story, chain.h the parts).
 *
 * One walk over the recorded operations does folding, rules, guards, common subexpressions and
 * memory together: each pass sees what the passes before it made of the operation, and knows all
 * that came out before. So nothing is scanned twice, and the cost is a few table look-ups for each
 * operation.
 *
 * Before: trace/pipeline.c. After: x64/.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jitstat/stats.h"
#include "opt/chain.h"

int jit_opt_verify;
unsigned long jit_opt_rule_hits[OPT_NRULES];
const char *const jit_opt_rule_names[OPT_NRULES] = {
#define JIT_RULE(pass, name, from, to) #name,
#include "opt/rules.def"
};

void *opt_alloc(struct opt *o, size_t size)
{
    void *p = jit_arena_alloc(o->arena, size);
    o->failed |= !p;
    return p;
}

/* ---- questions ---- */

const struct jit_op *opt_def(const struct opt *o, jit_ref r, enum jit_opcode opcode)
{
    if (!opt_is_value(r) || (o->round == 2 && r <= o->label))
        return NULL;
    const struct jit_op *op = &o->out->ops.v[r];
    return op->opcode == opcode ? op : NULL;
}

int64_t opt_ki(const struct opt *o, jit_ref k)
{
    return jit_ref_const(o->out, k)->i;
}

void opt_range(const struct opt *o, jit_ref r, int64_t *lo, int64_t *hi)
{
    if (jit_ref_is_const(r)) {
        *lo = *hi = opt_ki(o, r);
    } else {
        *lo = o->vals.v[r].lo;
        *hi = o->vals.v[r].hi;
    }
}

/* ---- resume data ---- */

/* What a value of the source (recorded trace, or preamble in round 2) stands for in the output. */
static jit_ref from_source(const struct opt *o, jit_ref r)
{
    if (r == JIT_NOREF)
        return r;
    if (o->round == 2)
        return jit_ref_is_const(r) ? r : opt_resolve(o, o->vals.v[r].subst);
    return jit_ref_is_const(r) ? o->kmap[r & ~JIT_K] : opt_resolve(o, o->map[r]);
}

static bool slots_add(struct opt *o, struct jit_resume *r, struct jit_slot_val v)
{
    if (!jit_vec_reserve(o->arena, &o->out->slots, 1))
        return false;
    o->out->slots.v[o->out->slots.n++] = v;
    r->nslots++;
    return true;
}

/* Round 2: slots that the previous iteration left and that the guard does not list. Memory still has what it had
 * when the trace was entered, until a SYNC call stores them; then code that we do not know may store others there. */
static bool slots_add_previous(struct opt *o, struct jit_resume *r)
{
    const struct jit_resume *jump = &o->out->resumes.v[o->jump_resume];
    for (uint32_t i = 0; i < jump->nslots; i++) {
        struct jit_slot_val v = o->out->slots.v[jump->slots + i];
        if (o->slot_stamp[v.slot - o->slot_lo] == o->stamp)
            continue;
        v.ref = opt_resolve(o, v.ref);
        if (!slots_add(o, r, v))
            return false;
    }
    return true;
}

static void slot_stamp(struct opt *o, int32_t slot)
{
    int64_t i = (int64_t)slot - o->slot_lo;
    if (i >= 0 && i < o->nslot_at)
        o->slot_stamp[i] = o->stamp;
}

static bool resume_fill(struct opt *o, const struct jit_ir *src, const struct jit_resume *from, struct jit_resume *to)
{
    struct jit_ir *out = o->out;
    *to = (struct jit_resume){.slots = out->slots.n, .frames = out->frames.n, .nframes = from->nframes};
    if (!jit_vec_reserve(o->arena, &out->frames, from->nframes))
        return false;
    for (uint32_t i = 0; i < from->nframes; i++)
        out->frames.v[out->frames.n++] = src->frames.v[from->frames + i];
    o->stamp++;
    for (uint32_t i = 0; i < from->nslots; i++) {
        struct jit_slot_val v = src->slots.v[from->slots + i];
        v.ref = from_source(o, v.ref);
        slot_stamp(o, v.slot);
        if (!slots_add(o, to, v))
            return false;
    }
    return o->round == 1 || o->synced || slots_add_previous(o, to);
}

/* Source's resume data for the output; shared when asked for again. */
static uint32_t resume_out(struct opt *o, uint32_t resume)
{
    const struct jit_ir *src = o->round == 2 ? o->out : o->in;
    if (resume == JIT_NORESUME || o->failed)
        return JIT_NORESUME;
    if (o->resume_map[resume]) {
        o->out->n_shared += o->round == 2;
        return o->resume_map[resume] - 1;
    }
    struct jit_resume from = src->resumes.v[resume], to;
    if (!resume_fill(o, src, &from, &to) || !jit_vec_reserve(o->arena, &o->out->resumes, 1)) {
        o->failed = true;
        return JIT_NORESUME;
    }
    o->out->resumes.v[o->out->resumes.n] = to;
    o->resume_map[resume] = ++o->out->resumes.n;
    return o->out->resumes.n - 1;
}

/* ---- the chain ---- */

jit_ref opt_append(struct opt *o, enum jit_opcode opcode, const jit_ref *args, unsigned nargs,
                   const struct jit_descr *descr, uint32_t resume, uint32_t line)
{
    if (o->failed || !jit_vec_reserve(o->arena, &o->vals, 1)) {
        o->failed = true;
        return JIT_NOREF;
    }
    jit_ref r = jit_ir_emit(o->out, opcode, args, nargs, descr, resume);
    if (r == JIT_NOREF) {
        o->failed = true;
        return JIT_NOREF;
    }
    o->out->ops.v[r].line = line;
    if (o->round == 2 && descr && descr->kind == JIT_D_CALL && (descr->effects & JIT_EF_SYNC) && !o->synced) {
        o->synced = true; /* resume data made so far list more than is right from here on */
        memset(o->resume_map, 0, o->nresume_map * sizeof *o->resume_map);
    }
    o->vals.v[o->vals.n++] = (struct opt_val){.lo = INT64_MIN, .hi = INT64_MAX, .repl = JIT_NOREF, .subst = JIT_NOREF, .owner = JIT_NOREF};
    opt_range_init(o, r);
    if (opt_on(o, JIT_OPT_BIT_GUARDS))
        opt_guards_note(o, r);
    if (opt_on(o, JIT_OPT_BIT_CSE))
        opt_cse_note(o, r);
    if (opt_on(o, JIT_OPT_BIT_HEAP))
        opt_heap_note(o, r);
    if (jit_opt_verify > 1)
        opt_check(o, true, jit_opinfo[opcode].name);
    return r;
}

static enum opt_verdict through_passes(struct opt *o, struct opt_op *op)
{
    static enum opt_verdict (*const passes[])(struct opt *, struct opt_op *) = {
        [JIT_OPT_BIT_FOLD] = opt_fold,
        [JIT_OPT_BIT_RULES] = opt_rules,
        [JIT_OPT_BIT_GUARDS] = opt_guards,
        [JIT_OPT_BIT_CSE] = opt_cse,
        [JIT_OPT_BIT_HEAP] = opt_heap,
    };
    enum opt_verdict v = OPT_NEXT;
    for (unsigned i = 0; v == OPT_NEXT && i < sizeof passes / sizeof *passes; i++)
        if (opt_on(o, (int)i))
            v = passes[i](o, op);
    return v;
}

bool opt_push(struct opt *o, struct opt_op *op, jit_ref *result)
{
    enum opt_verdict v = OPT_AGAIN;
    *result = JIT_NOREF;
    /* Every rule makes the operation cheaper or more canonical; the bound is a seat belt. */
    for (int i = 0; v == OPT_AGAIN && i < 32; i++)
        v = through_passes(o, op);
    switch (v) {
    case OPT_FAIL:
        return false;
    case OPT_VALUE:
        *result = opt_resolve(o, op->value);
        return true;
    case OPT_DROP:
        return true;
    default:
        *result = opt_append(o, op->opcode, op->args, op->nargs, op->descr, resume_out(o, op->resume), op->line);
        return true;
    }
}

/* ---- rounds ---- */

static uint32_t longest_args(const struct jit_ir *ir)
{
    uint32_t n = 4;
    for (uint32_t i = 0; i < ir->ops.n; i++)
        n = ir->ops.v[i].nargs > n ? ir->ops.v[i].nargs : n;
    return n;
}

/* Everything as at the start; what earlier attempts learned to avoid stays. */
static bool round_reset(struct opt *o)
{
    const struct jit_ir *in = o->in;
    jit_ir_init(o->out, o->arena, in->kind);
    o->out->link = in->link;
    o->out->merges = in->merges;
    o->round = 1;
    o->label = JIT_NOREF;
    o->vals.n = 0;
    o->edges.n = 0;
    o->pairs = (struct opt_pairs){0};
    o->heap = (struct opt_heap){0};
    o->valid = o->valid_used = o->stack_valid = o->stack_used = 0;
    o->map = opt_alloc(o, (in->ops.n + 1) * sizeof *o->map);
    o->kmap = opt_alloc(o, (in->consts.n + 1) * sizeof *o->kmap);
    o->args = opt_alloc(o, longest_args(in) * sizeof *o->args);
    o->nresume_map = in->resumes.n;
    o->resume_map = opt_alloc(o, (in->resumes.n + 1) * sizeof *o->resume_map);
    if (o->failed || !opt_cse_init(o))
        return false;
    for (uint32_t i = 0; i < in->consts.n; i++) {
        const struct jit_const *k = &in->consts.v[i];
        o->kmap[i] = k->type == 'i' ? jit_ir_const_i(o->out, k->i) : k->type == 'f' ? jit_ir_const_f(o->out, k->f)
                                                                                    : jit_ir_const_r(o->out, k->p, k->gc);
    }
    return !o->out->failed;
}

/* The recorded operations but the jump. False: a guard can never hold. */
static bool round_one(struct opt *o)
{
    const struct jit_ir *in = o->in;
    for (uint32_t i = 0; i + 1 < in->ops.n && !o->failed; i++) {
        const struct jit_op *from = &in->ops.v[i];
        const jit_ref *args = jit_op_args(in, from);
        struct opt_op op = {.opcode = from->opcode, .nargs = from->nargs, .line = from->line, .args = o->args, .descr = from->descr, .resume = from->resume};
        for (unsigned k = 0; k < from->nargs; k++)
            op.args[k] = from_source(o, args[k]);
        if (!opt_push(o, &op, &o->map[i])) {
            o->out->impossible = i;
            return false;
        }
    }
    return true;
}

/* The merge points' texts move to the output's memory only when both arenas differ in life; the caller copies. */
static bool merges_own(struct opt *o)
{
    struct jit_merges from = o->in->merges;
    o->out->merges = (struct jit_merges){0};
    if (!jit_vec_reserve(o->arena, &o->out->merges, from.n))
        return false;
    for (uint32_t i = 0; i < from.n; i++) {
        struct jit_merge m = from.v[i];
        if (m.text && !(m.text = jit_arena_strdup(o->arena, m.text)))
            return false;
        o->out->merges.v[o->out->merges.n++] = m;
    }
    return true;
}

static void end_unpeeled(struct opt *o)
{
    const struct jit_op *jump = &o->in->ops.v[o->in->ops.n - 1];
    const jit_ref *args = jit_op_args(o->in, jump);
    for (unsigned k = 0; k < jump->nargs; k++)
        o->args[k] = from_source(o, args[k]);
    opt_append(o, JIT_jump, o->args, jump->nargs, NULL, o->jump_resume, jump->line);
}

void opt_check(struct opt *o, bool open, const char *where)
{
    char err[256];
    if (!jit_opt_verify || o->failed)
        return;
    if (open ? jit_ir_verify_open(o->out, err, sizeof err) : jit_ir_verify(o->out, err, sizeof err))
        return;
    fprintf(stderr, "jitstat: optimizer made wrong operations (%s): %s\n", where, err);
    jit_ir_dump(o->out, "optimized");
    abort();
}

/* One attempt. */
static enum jit_opt_status attempt(struct opt *o, bool peel, bool *redo)
{
    if (!round_reset(o))
        return JIT_OPT_NOMEM;
    if (!round_one(o))
        return JIT_OPT_BAD_LOOP;
    o->jump_resume = resume_out(o, o->in->ops.v[o->in->ops.n - 1].resume);
    opt_check(o, true, "round 1");
    enum opt_peel p = OPT_UNPEELED;
    if (peel && !o->failed)
        p = opt_peel(o);
    *redo = p == OPT_REDO;
    if (p == OPT_UNPEELED && !o->failed) {
        end_unpeeled(o);
        opt_virtuals(o);
    }
    return o->failed ? JIT_OPT_NOMEM : JIT_OPT_OK;
}

/* A trace that has a label already went through here before: only dead operations are looked for. */
static bool take_as_is(struct opt *o)
{
    if (!jit_ir_copy(o->out, o->in, o->arena) || !jit_vec_reserve(o->arena, &o->vals, o->in->ops.n))
        return false;
    memset(o->vals.v, 0, o->in->ops.n * sizeof *o->vals.v);
    o->vals.n = o->in->ops.n;
    return true;
}

static bool can_peel(const struct opt *o, bool peel)
{
    const struct jit_op *jump = &o->in->ops.v[o->in->ops.n - 1];
    return peel && opt_on(o, JIT_OPT_BIT_PEEL) && o->in->link == JIT_LINK_LOOP && o->in->kind != JITSTAT_KIND_BRIDGE &&
           jump->nargs == 0 && jump->resume != JIT_NORESUME;
}

static enum jit_opt_status run(struct opt *o, bool peel)
{
    if (jit_ir_label(o->in) != JIT_NOREF)
        return take_as_is(o) ? JIT_OPT_OK : JIT_OPT_NOMEM;
    bool redo = true;
    for (int i = 0; redo; i++) {
        redo = false;
        o->forget_all |= i >= 3;
        enum jit_opt_status st = attempt(o, can_peel(o, peel), &redo);
        if (st != JIT_OPT_OK)
            return st;
    }
    return merges_own(o) ? JIT_OPT_OK : JIT_OPT_NOMEM;
}

enum jit_opt_status jit_optimize(const struct jit_ir *in, struct jit_ir *out, struct jit_arena *arena, unsigned passes, bool peel)
{
    struct opt o = {.in = in, .out = out, .arena = arena, .passes = passes};
    char err[256];
    jit_ir_init(out, arena, in->kind);
    if (jit_opt_verify && !jit_ir_verify(in, err, sizeof err)) {
        fprintf(stderr, "jitstat: wrong operations were recorded: %s\n", err);
        jit_ir_dump(in, "recorded");
        abort();
    }
    enum jit_opt_status st = run(&o, peel);
    if (st == JIT_OPT_OK) {
        opt_check(&o, false, "chain");
        if (!opt_dce(&o) || out->failed || o.failed)
            st = JIT_OPT_NOMEM;
        else
            opt_check(&o, false, "dce");
    }
    if (st != JIT_OPT_OK)
        out->failed = true;
    return st;
}

/* The bit of the pass of that name; 0: there is none. */
static unsigned pass_bit(const char *name, size_t n)
{
    static const char *const names[] = {
#define JIT_PASS(NAME, name, help) #name,
#include "opt/passes.def"
    };
    for (unsigned i = 0; i < JIT_OPT_NPASSES; i++)
        if (strlen(names[i]) == n && !memcmp(names[i], name, n)) return 1u << i;
    return 0;
}

bool jit_opt_parse_passes(const char *s, size_t n, unsigned *passes)
{
    unsigned bits = 0;
    bool all = n == 3 && !memcmp(s, "all", 3), none = n == 4 && !memcmp(s, "none", 4);
    for (size_t i = 0, k; i <= n && !all && !none; i = k + 1) {
        for (k = i; k < n && s[k] != ':';) k++;
        unsigned bit = pass_bit(s + i, k - i);
        if (!bit) return false;
        bits |= bit;
    }
    *passes = all ? JIT_OPT_ALL : bits;
    return true;
}
