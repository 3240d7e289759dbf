/* backend.c: one compilation from start to end: space, constants, lowering, and again with more space if that was not
 * enough. (The contract is backend.h.)
 *
 * A block of code:
 *
 *     | masks, float constants | entry, body ... | cold: polls, exit stubs |
 *                              start, 16-byte aligned                      start + size
 *
 * Before: trace/pipeline.c. After: select.c, lower.c, code/.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/dump.h"
#include "x64/lower.h"

static int abort_of(ssize_t err)
{
    return err == -EPERM ? JITSTAT_A_CODE_REFUSED : err == -ENOSPC ? JITSTAT_A_CODE_FULL
                                                                   : JITSTAT_A_NO_MEMORY;
}

int jit_backend_init(struct jit_backend *be)
{
    uint8_t *p;
    struct enc e;
    int r = code_open(be->area);
    if (r < 0) return r;
    ssize_t room = code_alloc(be->area, 2048, &p);
    if (room >= 0) {
        enc_init(&e, p, (size_t)room);
        stubs_emit(&e, be);
        code_commit(be->area, enc_size(&e));
    }
    r = code_close(be->area);
    return room < 0 ? (int)room : r;
}

/* ---- constants ---- */

/* A double with all bits zero is made without memory. */
static bool wants_pool(const struct jit_ir *ir, jit_ref r)
{
    return jit_ref_is_const(r) && jit_ref_const(ir, r)->type == 'f' && jit_ref_const(ir, r)->bits;
}

static void pool_masks(struct lower *l)
{
    static const uint64_t masks[4] = {0x8000000000000000u, 0x8000000000000000u, 0x7fffffffffffffffu, 0x7fffffffffffffffu};
    bool need = false;
    for (uint32_t n = 0; n < l->ir->ops.n; n++) need |= lower_op(l, n)->opcode == JIT_float_neg || lower_op(l, n)->opcode == JIT_float_abs;
    if (!need) return;
    memcpy(l->e.p, masks, sizeof masks);
    l->sign_mask = l->e.p;
    l->abs_mask = l->e.p + 16;
    l->e.p += sizeof masks;
}

static void pool_constants(struct lower *l)
{
    for (uint32_t n = 0; n < l->ir->ops.n; n++) {
        const struct jit_op *op = lower_op(l, n);
        const jit_ref *args = jit_op_args(l->ir, op);
        for (unsigned i = 0; i < op->nargs; i++) {
            uint32_t k = args[i] & ~JIT_K;
            if (!wants_pool(l->ir, args[i]) || l->pool[k]) continue;
            memcpy(l->e.p, &l->ir->consts.v[k].bits, 8);
            l->pool[k] = l->e.p;
            l->e.p += 8;
        }
    }
}

/* ---- sizes ---- */

static size_t pool_size(const struct jit_ir *ir) { return 48 + 8 * (size_t)ir->consts.n; }

/* Bytes that are nearly always enough. */
static size_t size_guess(const struct jit_ir *ir)
{
    size_t size = 512 + pool_size(ir);
    for (uint32_t n = 0; n < ir->ops.n; n++) {
        const struct jit_op *op = &ir->ops.v[n];
        bool writes = op->opcode == JIT_jump || jit_opinfo[op->opcode].effects == JIT_CALL;
        size += 80 + 16 * (size_t)op->nargs;
        if (writes && op->resume != JIT_NORESUME) size += 28 * (size_t)ir->resumes.v[op->resume].nslots;
    }
    return size;
}

/* ---- one attempt ---- */

static bool lower_prepare(struct lower *l)
{
    const struct jit_ir *ir = l->ir;
    uint32_t guards = jit_ir_count_guards(ir), n = ir->ops.n;
    l->next_extra = guards;
    l->stubs = jit_arena_alloc(l->scratch, (guards + JIT_MORE_EXITS) * sizeof *l->stubs);
    l->sel = jit_arena_alloc(l->scratch, n + 1);
    l->pool = jit_arena_alloc(l->scratch, (ir->consts.n + 1) * sizeof *l->pool);
    if (!l->stubs || !l->sel || !l->pool) return false;
    select_ops(ir, &l->be->layout, l->sel, l->scratch);
    l->ra.ir = ir, l->ra.e = &l->e, l->ra.sel = l->sel, l->ra.pool = l->pool, l->ra.scratch = l->scratch;
    l->ra.n = n, l->ra.jump = n - 1;
    l->ra.label = ir->link == JIT_LINK_LOOP ? jit_ir_label(ir) : JIT_NOREF;
    l->ra.torture = l->be->torture_regs;
    ra_init(&l->ra, lower_clobbers);
    return !l->scratch->failed;
}

/* -1, an abort row, or -2: more space. */
static int attempt(struct lower *l, uint8_t *p, size_t room)
{
    enc_init(&l->e, p, room);
    if (!lower_prepare(l)) return JITSTAT_A_NO_MEMORY;
    pool_masks(l);
    pool_constants(l);
    while ((uintptr_t)l->e.p & 15) l->e.p++;
    l->out->start = l->e.p;
    lower_all(l);
    if (l->no_memory || l->ra.failed) return JITSTAT_A_NO_MEMORY;
    if (l->ra.no_slots) return JITSTAT_A_SPILLS;
    if (l->e.overflow) return -2;
    if (l->e.range) return JITSTAT_A_CODE_FULL;
    l->out->size = (size_t)(l->e.p - l->out->start);
    l->out->nexits = l->next_extra;
    return -1;
}

static void dump_bytes(const struct lower *l)
{
    fprintf(stderr, "machine code %p, %zu bytes, %u exits\n", (void *)l->out->start, l->out->size, l->out->nexits);
    for (size_t i = 0; i < l->out->size; i++) fprintf(stderr, "%02x%s", l->out->start[i], i % 32 == 31 ? "\n" : "");
    fprintf(stderr, "\n");
}

static int compile_into(const struct lower *proto, size_t size)
{
    for (;; size *= 2) {
        struct jit_arena scratch;
        struct lower l = *proto;
        uint8_t *p;
        ssize_t room = code_alloc(l.be->area, size, &p);
        if (room < 0) return abort_of(room);
        jit_arena_init_pooled(&scratch, l.be->scratch);
        l.scratch = &scratch;
        int why = attempt(&l, p, (size_t)room);
        jit_arena_fini(&scratch);
        l.out->block = code_commit(l.be->area, why == -1 ? (size_t)(l.e.p - p) : 0);
        if (why == -1 && jit_dump_wants("asm")) dump_bytes(&l);
        if (why != -2) return why;
    }
}

static bool has_virtual(const struct jit_ir *ir, const struct jit_resume *r)
{
    for (uint32_t i = 0; i < r->nslots; i++)
        if (ir->slots.v[r->slots + i].ref != JIT_NOREF && jit_ref_is_virtual(ir, ir->slots.v[r->slots + i].ref)) return true;
    return false;
}

/* Slots that the exits list together. *longest: of one exit with removed objects; 0: there is none. */
static uint32_t exits_slots(const struct jit_ir *ir, uint32_t *longest)
{
    uint32_t sum = 0;
    *longest = 0;
    for (uint32_t n = 0; n < ir->ops.n; n++) {
        const struct jit_op *op = &ir->ops.v[n];
        if (op->resume == JIT_NORESUME || !(jit_op_is_guard(op) || op->opcode == JIT_label || op->opcode == JIT_jump)) continue;
        const struct jit_resume *r = &ir->resumes.v[op->resume];
        sum += r->nslots;
        if (r->nslots > *longest && has_virtual(ir, r)) *longest = r->nslots;
    }
    return sum;
}

static bool out_prepare(struct lower *l)
{
    const struct jit_ir *ir = l->ir;
    uint32_t longest, nlocs = exits_slots(ir, &longest);
    struct jit_code *out = l->out;
    *out = (struct jit_code){.trace = l->trace, .slots = ir->slots.v, .frames = ir->frames.v, .consts = ir->consts.v};
    out->exits = jit_arena_alloc(l->arena, (jit_ir_count_guards(ir) + JIT_MORE_EXITS) * sizeof *out->exits);
    out->locs = jit_arena_alloc(l->arena, nlocs * sizeof *out->locs);
    out->op_offset = jit_arena_alloc(ir->arena, (ir->ops.n + 1) * sizeof *out->op_offset);
    bool ok = out->exits && out->locs && out->op_offset;
    if (longest) ok &= (out->made = jit_arena_alloc(l->arena, longest * sizeof *out->made)) != NULL;
    return ok;
}

size_t jit_backend_kept_size(const struct jit_ir *ir)
{
    uint32_t longest, nlocs = exits_slots(ir, &longest);
    return (jit_ir_count_guards(ir) + JIT_MORE_EXITS) * sizeof(struct jit_exit) + nlocs * sizeof(jit_loc) + longest * sizeof(uint64_t);
}

int jit_backend_compile(struct jit_backend *be, const struct jit_ir *ir, struct jit_trace *trace, const struct jit_exit *parent,
                        const uint32_t *invalid_word, const struct jit_target *target, struct jit_arena *arena, struct jit_code *out)
{
    struct lower l = {.be = be, .ir = ir, .trace = trace, .parent = parent, .invalid_word = invalid_word, .target = target, .arena = arena, .out = out, .dump = jit_dump_wants("ra")};
    if (!out_prepare(&l)) return JITSTAT_A_NO_MEMORY;
    out->root = parent ? parent->code->root : trace;
    out->returns = parent && target && target->trace == out->root && target->code->label;
    int r = code_open(be->area);
    if (r < 0) return abort_of(r);
    int why = compile_into(&l, size_guess(ir));
    r = code_close(be->area);
    if (r < 0 && why < 0) why = abort_of(r);
    return why;
}

int jit_backend_patch(struct jit_backend *be, struct jit_exit *exit, const void *entry)
{
    const uint8_t *start = exit->code->start;
    if (!exit->patch) return -EINVAL;
    int r = code_open(be->area);
    if (r < 0) return r;
    r = code_patch_rel32(be->area, exit->code->start + exit->patch, entry ? entry : start + exit->stub);
    int c = code_close(be->area);
    return r < 0 ? r : c;
}

void jit_backend_free(struct jit_backend *be, struct jit_code *code)
{
    code_free(be->area, code->block);
    code->block = NULL;
}
