/* ir.c: traces in memory: tables of operations, appending, constants, copies.
 *
 * Constants are shared by bits through a small open hash, so that everything after the recorder
 * may compare constants by reference. An object's address and the same bits as raw memory are
 * different constants: the first is a root of the collector.
 *
 * Invariants
 *  1. ir->failed is set as soon as one allocation for the trace failed; from then on nothing is
 *     appended and functions return JIT_NOREF.
 *  2. Equal constants (type, bits, gc) have equal references.
 *
 * Before it: trace/recorder.c calls it. After it: printer.c, parser.c, verifier.c, opt/.
 */
#include "ir/ir.h"
#include <string.h>

const struct jit_opinfo jit_opinfo[JIT_NOPCODES] = {
#define RES_v 'v'
#define RES_i 'i'
#define RES_f 'f'
#define RES_r 'r'
#define JIT_OP(name, result, args, effects) {#name, RES_##result, args, JIT_##effects},
#include "ir/ir.def"
};

void jit_ir_init(struct jit_ir *ir, struct jit_arena *arena, int kind)
{
    memset(ir, 0, sizeof *ir);
    ir->arena = arena;
    ir->kind = (uint8_t)kind;
}

/* ---- constants ---- */

static uint32_t const_hash(const struct jit_const *k)
{
    uint64_t h = (k->bits ^ (uint64_t)k->type << 56 ^ (uint64_t)k->gc << 48) * 0x9e3779b97f4a7c15u;
    return (uint32_t)(h >> 32);
}

static bool const_same(const struct jit_const *a, const struct jit_const *b)
{
    return a->bits == b->bits && a->type == b->type && a->gc == b->gc;
}

/* The place of k in the hash: holds its index + 1, or 0 where it belongs. */
static uint32_t *const_place(const struct jit_ir *ir, uint32_t *hash, uint32_t size, const struct jit_const *k)
{
    uint32_t i = const_hash(k) & (size - 1);
    while (hash[i] && !const_same(&ir->consts.v[hash[i] - 1], k))
        i = (i + 1) & (size - 1);
    return &hash[i];
}

static bool const_rehash(struct jit_ir *ir)
{
    uint32_t size = 32;
    while (size < 4 * (ir->consts.n + 1))
        size *= 2;
    uint32_t *hash = jit_arena_alloc(ir->arena, size * sizeof *hash);
    if (!hash)
        return false;
    for (uint32_t i = 0; i < ir->consts.n; i++)
        *const_place(ir, hash, size, &ir->consts.v[i]) = i + 1;
    ir->const_hash = hash;
    ir->const_hash_size = size;
    return true;
}

static jit_ref const_get(struct jit_ir *ir, const struct jit_const *k)
{
    if (ir->failed)
        return JIT_NOREF;
    if ((ir->consts.n + 1) * 2 > ir->const_hash_size && !const_rehash(ir)) {
        ir->failed = true;
        return JIT_NOREF;
    }
    uint32_t *place = const_place(ir, ir->const_hash, ir->const_hash_size, k);
    if (*place)
        return JIT_K | (*place - 1);
    if (!jit_vec_reserve(ir->arena, &ir->consts, 1)) {
        ir->failed = true;
        return JIT_NOREF;
    }
    ir->consts.v[ir->consts.n] = *k;
    *place = ++ir->consts.n;
    return JIT_K | (ir->consts.n - 1);
}

jit_ref jit_ir_const_i(struct jit_ir *ir, int64_t v)
{
    struct jit_const k = {.type = 'i', .i = v};
    return const_get(ir, &k);
}

jit_ref jit_ir_const_f(struct jit_ir *ir, double v)
{
    struct jit_const k = {.type = 'f', .f = v};
    return const_get(ir, &k);
}

jit_ref jit_ir_const_r(struct jit_ir *ir, void *p, bool gc)
{
    struct jit_const k = {.type = 'r', .gc = gc, .p = p};
    return const_get(ir, &k);
}

/* ---- operations ---- */

/* Puts the arguments into op, beside it when there are more than three. */
static bool op_set_args(struct jit_ir *ir, struct jit_op *op, const jit_ref *args, unsigned nargs)
{
    op->nargs = (uint16_t)nargs;
    if (nargs <= 3) {
        for (unsigned i = 0; i < 3; i++)
            op->arg[i] = i < nargs ? args[i] : JIT_NOREF;
        return true;
    }
    if (nargs > UINT16_MAX || !jit_vec_reserve(ir->arena, &ir->args, nargs))
        return false;
    op->ext = ir->args.n;
    memcpy(ir->args.v + ir->args.n, args, nargs * sizeof *args);
    ir->args.n += nargs;
    return true;
}

jit_ref jit_ir_emit(struct jit_ir *ir, enum jit_opcode opcode, const jit_ref *args, unsigned nargs,
                    const struct jit_descr *descr, uint32_t resume)
{
    struct jit_op op = {.opcode = (uint16_t)opcode, .descr = descr, .resume = resume};
    if (ir->failed)
        return JIT_NOREF;
    if (ir->ops.n >= JIT_MAX_OPS || !op_set_args(ir, &op, args, nargs) || !jit_vec_reserve(ir->arena, &ir->ops, 1)) {
        ir->failed = true;
        return JIT_NOREF;
    }
    ir->ops.v[ir->ops.n] = op;
    return ir->ops.n++;
}

bool jit_ir_set_args(struct jit_ir *ir, jit_ref r, const jit_ref *args, unsigned nargs)
{
    if (!ir->failed && op_set_args(ir, &ir->ops.v[r], args, nargs))
        return true;
    ir->failed = true;
    return false;
}

char jit_ref_type(const struct jit_ir *ir, jit_ref r)
{
    if (jit_ref_is_const(r))
        return (r & ~JIT_K) < ir->consts.n ? ir->consts.v[r & ~JIT_K].type : 0;
    if (r >= ir->ops.n)
        return 0;
    char t = ir->types ? ir->types[r] : jit_opinfo[ir->ops.v[r].opcode].result;
    return t == 'v' ? 0 : t;
}

uint32_t jit_ir_count_guards(const struct jit_ir *ir)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < ir->ops.n; i++)
        n += jit_op_is_guard(&ir->ops.v[i]);
    return n;
}

uint32_t jit_ir_label(const struct jit_ir *ir)
{
    for (uint32_t i = 0; i < ir->ops.n; i++)
        if (ir->ops.v[i].opcode == JIT_label)
            return i;
    return JIT_NOREF;
}

/* ---- copies ---- */

static bool array_copy(struct jit_arena *arena, void **v, uint32_t *cap, uint32_t n, size_t elem)
{
    const void *from = *v;
    *cap = n;
    *v = NULL;
    if (n == 0)
        return true;
    *v = jit_arena_alloc(arena, n * elem);
    if (!*v)
        return false;
    memcpy(*v, from, n * elem);
    return true;
}
#define VECTOR_COPY(vec) array_copy(arena, (void **)&(vec)->v, &(vec)->cap, (vec)->n, sizeof *(vec)->v)

static bool merges_copy_texts(struct jit_ir *ir)
{
    for (uint32_t i = 0; i < ir->merges.n; i++) {
        struct jit_merge *m = &ir->merges.v[i];
        if (m->text && !(m->text = jit_arena_strdup(ir->arena, m->text)))
            return false;
    }
    return true;
}

bool jit_ir_copy(struct jit_ir *dst, const struct jit_ir *src, struct jit_arena *arena)
{
    *dst = *src;
    dst->arena = arena;
    dst->const_hash = NULL;
    dst->const_hash_size = 0;
    bool ok = !src->failed && VECTOR_COPY(&dst->ops) && VECTOR_COPY(&dst->consts) && VECTOR_COPY(&dst->args) &&
              VECTOR_COPY(&dst->slots) && VECTOR_COPY(&dst->frames) && VECTOR_COPY(&dst->resumes) &&
              VECTOR_COPY(&dst->merges) && merges_copy_texts(dst);
    if (!ok || !const_rehash(dst)) {
        jit_ir_init(dst, arena, src->kind);
        dst->failed = true;
    }
    return !dst->failed;
}

/* ---- what stays of a compiled trace ---- */

size_t jit_ir_kept_size(const struct jit_ir *ir)
{
    return ir->consts.n * sizeof *ir->consts.v + ir->slots.n * sizeof *ir->slots.v + ir->frames.n * sizeof *ir->frames.v + ir->ops.n;
}

static bool has_virtual(const struct jit_ir *ir)
{
    for (uint32_t i = 0; i < ir->ops.n; i++)
        if (jit_op_is_virtual(&ir->ops.v[i]))
            return true;
    return false;
}

bool jit_ir_keep(struct jit_ir *dst, const struct jit_ir *src, struct jit_arena *arena)
{
    *dst = *src;
    dst->types = jit_arena_alloc(arena, src->ops.n);
    if (!dst->types || !(VECTOR_COPY(&dst->consts) && VECTOR_COPY(&dst->slots) && VECTOR_COPY(&dst->frames)))
        return false;
    for (uint32_t i = 0; i < src->ops.n; i++)
        dst->types[i] = jit_opinfo[src->ops.v[i].opcode].result;
    return !has_virtual(src) || (VECTOR_COPY(&dst->ops) && VECTOR_COPY(&dst->args));
}

void jit_ir_strip(struct jit_ir *ir)
{
    if (!has_virtual(ir)) {
        ir->ops.v = NULL;
        ir->args = (struct jit_refs){0};
    }
    ir->arena = NULL;
    ir->const_hash = NULL;
    ir->const_hash_size = 0;
    ir->resumes = (struct jit_resumes){0};
    ir->merges = (struct jit_merges){0};
}

/* ---- removed objects ---- */

static bool resume_has(const struct jit_ir *ir, const struct jit_resume *r, jit_ref v)
{
    for (uint32_t i = 0; i < r->nslots; i++)
        if (ir->slots.v[r->slots + i].ref == v)
            return true;
    return false;
}

static bool resume_add(struct jit_ir *ir, struct jit_resume *r, jit_ref v)
{
    if (jit_ref_is_const(v) || resume_has(ir, r, v))
        return true;
    if (!jit_vec_reserve(ir->arena, &ir->slots, 1))
        return false;
    ir->slots.v[ir->slots.n++] = (struct jit_slot_val){.slot = JIT_SLOT_PART, .ref = v};
    r->nslots++;
    return true;
}

/* The list grows while it is walked: objects in objects come at its end. */
static bool spread_one(struct jit_ir *ir, struct jit_resume *r)
{
    struct jit_resume to = {.slots = ir->slots.n, .nslots = r->nslots, .frames = r->frames, .nframes = r->nframes};
    if (!jit_vec_reserve(ir->arena, &ir->slots, r->nslots))
        return false;
    memcpy(ir->slots.v + to.slots, ir->slots.v + r->slots, r->nslots * sizeof *ir->slots.v);
    ir->slots.n += r->nslots;
    for (uint32_t i = 0; i < to.nslots; i++) {
        jit_ref v = ir->slots.v[to.slots + i].ref;
        if (v == JIT_NOREF || !jit_ref_is_virtual(ir, v))
            continue;
        const struct jit_op *op = &ir->ops.v[v];
        for (; op->opcode != JIT_virtual_new; op = &ir->ops.v[op->nargs <= 3 ? op->arg[0] : ir->args.v[op->ext]])
            if (!resume_add(ir, &to, jit_op_args(ir, op)[op->nargs - 1]))
                return false;
    }
    *r = to;
    return true;
}

static bool resume_virtual(const struct jit_ir *ir, const struct jit_resume *r)
{
    for (uint32_t i = 0; i < r->nslots; i++)
        if (ir->slots.v[r->slots + i].ref != JIT_NOREF && jit_ref_is_virtual(ir, ir->slots.v[r->slots + i].ref))
            return true;
    return false;
}

bool jit_ir_spread(struct jit_ir *ir)
{
    for (uint32_t i = 0; i < ir->resumes.n; i++)
        if (resume_virtual(ir, &ir->resumes.v[i]) && !spread_one(ir, &ir->resumes.v[i]))
            return false;
    return true;
}
