/* recorder.c: the symbolic frame of a recording and its resume data (contract: recorder.h).
 *
 * The recorder never writes the guest's frame: what instructions put into registers is remembered
 * here, slot by slot, and goes into the resume data of guards. Memory and the symbolic frame
 * together are always the state that the interpreter would have.
 *
 * Invariants
 *  1. A slot that is not KNOWN holds in memory what it held at entry, and nobody needs it or it has not been
 *     read yet.
 *  2. WRITTEN slots below top are in every resume; KNOWN but not WRITTEN ones equal memory.
 *  3. Consecutive guards with nothing changed in between share one resume (counted as shared).
 *
 * Before: the guest's recorder. After: pipeline.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/dump.h"
#include "trace/engine.h"

static void rec_revive(struct jit_recorder *r, const jit_ref *seeds, uint32_t n);

#define NSLOTS (JIT_REC_SLOTS_BELOW + JIT_REC_SLOTS_ABOVE)

void rec_place(const struct jit_recorder *r, struct obs_place *at)
{
    *at = (struct obs_place){.kind = r->kind, .number = r->number, .name = r->name, .file = r->file, .line = r->line};
}

/* ---- bridges' beginnings ---- */

static jit_ref seed_const(struct jit_recorder *r, jit_ref ref)
{
    const struct jit_const *k = jit_ref_const(&r->parent->code->trace->ir, ref);
    return k->type == 'i' ? jit_ir_const_i(&r->ir, k->i) : k->type == 'f' ? jit_ir_const_f(&r->ir, k->f)
                                                                          : jit_ir_const_r(&r->ir, k->p, k->gc);
}

/* The parent's value in the bridge: seeds[i] for the i-th entry of the exit's resume data, made when first asked for. */
static jit_ref seed_value(struct jit_recorder *r, jit_ref ref, jit_ref *seeds);

/* Another chain like the parent's. */
static jit_ref seed_chain(struct jit_recorder *r, jit_ref ref, jit_ref *seeds)
{
    const struct jit_ir *pir = &r->parent->code->trace->ir;
    const struct jit_op *op = &pir->ops.v[ref];
    jit_ref args[8];
    if (op->opcode != JIT_virtual_new) args[0] = seed_chain(r, jit_op_args(pir, op)[0], seeds);
    for (unsigned i = op->opcode != JIT_virtual_new; i < op->nargs; i++) {
        jit_ref a = jit_op_args(pir, op)[i];
        bool context = !jit_ref_is_const(a) && pir->ops.v[a].opcode == JIT_getcontext;
        args[i] = context ? jit_ir_emit(&r->ir, JIT_getcontext, NULL, 0, NULL, JIT_NORESUME) : seed_value(r, a, seeds);
    }
    return jit_ir_emit(&r->ir, op->opcode, args, op->nargs, op->descr, JIT_NORESUME);
}

static jit_ref seed_value(struct jit_recorder *r, jit_ref ref, jit_ref *seeds)
{
    const struct jit_exit *e = r->parent;
    if (jit_ref_is_const(ref)) return seed_const(r, ref);
    uint32_t i = jit_exit_entry(e, ref);
    if (seeds[i] == JIT_NOREF && !r->ir.failed && jit_ref_is_virtual(&e->code->trace->ir, ref)) seeds[i] = seed_chain(r, ref, seeds);
    return seeds[i];
}

static void seed_inputs(struct jit_recorder *r, jit_ref *seeds)
{
    const struct jit_exit *e = r->parent;
    const struct jit_ir *pir = &e->code->trace->ir;
    for (uint32_t i = 0; i < e->nslots; i++) {
        jit_ref ref = jit_exit_slots(e)[i].ref;
        seeds[i] = JIT_NOREF;
        if (ref == JIT_NOREF || jit_ref_is_const(ref) || jit_ref_is_virtual(pir, ref)) continue;
        uint32_t j = jit_exit_entry(e, ref);
        char t = jit_ref_type(pir, ref);
        jit_ref k = jit_ir_const_i(&r->ir, i);
        seeds[i] = j < i ? seeds[j] : jit_ir_emit(&r->ir, t == 'i' ? JIT_inputarg_i : t == 'f' ? JIT_inputarg_f
                                                                                               : JIT_inputarg_r,
                                                  &k, 1, NULL, JIT_NORESUME);
    }
}

/* Bridges start with what the parent's resume data say: values in registers, constants, tags, removed objects. */
static void rec_seed_bridge(struct jit_recorder *r, jit_ref *seeds)
{
    const struct jit_exit *e = r->parent;
    seed_inputs(r, seeds);
    for (uint32_t i = 0; i < e->nslots; i++) {
        const struct jit_slot_val *sv = &jit_exit_slots(e)[i];
        if (sv->slot == JIT_SLOT_PART) continue;
        jit_ref ref = sv->ref == JIT_NOREF ? JIT_NOREF : seed_value(r, sv->ref, seeds);
        struct jit_rec_slot *s = jit_rec_slot(r, sv->slot);
        *s = (struct jit_rec_slot){.ref = ref, .tag = sv->tag, .flags = JIT_SL_KNOWN | JIT_SL_WRITTEN};
    }
    memcpy(r->frames, jit_exit_frames(e), e->nframes * sizeof *r->frames);
    r->nframes = e->nframes;
    r->base = r->frames[r->nframes - 1].base;
    r->code = r->frames[r->nframes - 1].code;
    r->pc = r->frames[r->nframes - 1].pc;
}

static bool rec_names(struct jit_recorder *r)
{
    const char *file = "";
    uint64_t pc = r->parent ? r->pc : r->key.pc;
    void *code = r->parent ? (void *)(uintptr_t)r->code : r->key.code;
    r->vm->driver->place(code, pc, &file, &r->line);
    r->file = jit_arena_strdup(&r->arena, file);
    size_t n = strlen(file) + 16;
    r->name = jit_arena_alloc(&r->arena, n);
    if (r->name) snprintf(r->name, n, "%s:%d", file, r->line);
    return r->name && r->file;
}

/* r->code is another function: operations are of its file from here. */
static void rec_file(struct jit_recorder *r)
{
    const char *file = "";
    int line;
    uint32_t i = 0;
    r->vm->driver->place((void *)(uintptr_t)r->code, r->pc, &file, &line);
    while (i < r->nfiles && strcmp(r->files[i], file) != 0) i++;
    if (i == r->nfiles && i < JIT_REC_MAX_FILES) {
        char *s = jit_arena_strdup(&r->arena, i < JIT_REC_MAX_FILES - 1 ? file : "?");
        if (s) r->files[r->nfiles++] = s;
    }
    r->cur_file = i < r->nfiles ? i : r->nfiles - 1;
}

/* The symbolic frame is large and mostly untouched: it goes from recording to recording. */
static bool slots_take(struct jit_recorder *r)
{
    r->slots = r->vm->spare_slots;
    r->vm->spare_slots = NULL;
    if (!r->slots) r->slots = calloc(NSLOTS, sizeof *r->slots);
    return r->slots != NULL;
}

static void slots_put(struct jit_recorder *r)
{
    if (r->vm->spare_slots || !r->slots) {
        free(r->slots);
        return;
    }
    memset(r->slots + r->slot_lo + JIT_REC_SLOTS_BELOW, 0, (size_t)(r->slot_hi - r->slot_lo) * sizeof *r->slots);
    r->vm->spare_slots = r->slots;
}

struct jit_recorder *rec_new(struct jit_vm *vm, void *ctx, struct jit_key key, int kind, struct jit_exit *parent)
{
    struct jit_recorder *r = calloc(1, sizeof *r);
    if (!r) return NULL;
    r->vm = vm, r->ctx = ctx, r->kind = r->place = (uint8_t)kind, r->key = key, r->parent = parent;
    r->status = -1;
    r->slot_lo = r->slot_hi = 0;
    r->last_resume = JIT_NORESUME;
    r->top = JIT_REC_SLOTS_ABOVE; /* until the first begin_ins */
    r->number = vm->next_number + 1;
    jit_arena_init_pooled(&r->arena, &vm->scratch);
    jit_arena_init_pooled(&r->scratch, &vm->scratch);
    jit_ir_init(&r->ir, &r->arena, kind);
    if (!slots_take(r)) {
        rec_free(r);
        return NULL;
    }
    jit_ref *seeds = parent ? jit_arena_alloc(&r->arena, (parent->nslots + 1) * sizeof *seeds) : NULL;
    if (seeds) {
        rec_seed_bridge(r, seeds);
    } else {
        r->nframes = 1;
        r->frames[0] = (struct jit_resume_frame){.pc = key.pc, .code = (uint64_t)(uintptr_t)key.code};
        r->code = (uint64_t)(uintptr_t)key.code;
        r->pc = key.pc;
    }
    if (!rec_names(r) || r->ir.failed || r->arena.failed) {
        rec_free(r);
        return NULL;
    }
    r->files[r->nfiles++] = r->file;
    vm->next_number++;
    vm->rec = r;
    jit_ref k = jit_ir_const_i(&r->ir, INT32_MAX); /* the room is known at the end */
    r->guard_stack = jit_ir_emit(&r->ir, JIT_guard_stack, &k, 1, NULL, rec_capture(r));
    if (parent) rec_revive(r, seeds, parent->nslots);
    struct obs_place at;
    rec_place(r, &at);
    obs_timer_enter(vm->obs, JITSTAT_T_TRACING);
    obs_ev_tracing_begin(vm->obs, &at);
    return r;
}

void rec_free(struct jit_recorder *r)
{
    if (r->vm->rec == r) r->vm->rec = NULL;
    slots_put(r);
    jit_arena_fini(&r->arena);
    jit_arena_fini(&r->scratch);
    free(r);
}

void jit_rec_fail(struct jit_recorder *r, enum jitstat_abort why)
{
    if (r->status < 0) r->status = (int)why;
}

/* The removed objects in the bridge's slots become real, each with a guard that still has all of them removed if memory
 * is short. The optimizer mostly removes them again. */
static jit_ref revive_call(struct jit_recorder *r, jit_ref chain)
{
    const struct jit_op *op = &r->ir.ops.v[chain];
    if (op->opcode != JIT_virtual_new) return revive_call(r, jit_op_args(&r->ir, op)[0]);
    jit_ref args[8];
    memcpy(args, jit_op_args(&r->ir, op), op->nargs * sizeof *args);
    jit_ref o = jit_ir_emit(&r->ir, JIT_call_r, args, op->nargs, op->descr, JIT_NORESUME);
    jit_rec_guard_nonnull(r, o);
    return o;
}

static jit_ref revived(jit_ref v, const jit_ref *chains, const jit_ref *objects, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (chains[i] == v && objects[i] != JIT_NOREF) return objects[i];
    return v;
}

static void revive_cells(struct jit_recorder *r, jit_ref chain, jit_ref o, const jit_ref *chains, const jit_ref *objects, uint32_t n)
{
    struct jit_op op = r->ir.ops.v[chain];
    jit_ref a[4];
    if (op.opcode == JIT_virtual_new) return;
    memcpy(a, jit_op_args(&r->ir, &op), op.nargs * sizeof *a);
    revive_cells(r, a[0], o, chains, objects, n);
    jit_ref value = revived(a[op.nargs - 1], chains, objects, n);
    if (op.opcode == JIT_virtual_field) {
        jit_rec_put(r, op.descr, o, value);
        return;
    }
    const struct jit_op *made = &r->ir.ops.v[o];
    int64_t off = jit_ref_const(&r->ir, a[1])->i;
    for (unsigned i = 0; i < made->descr->made->nparts; i++) {
        const struct jit_descr *d = made->descr->made->parts[i];
        if (d->offset == off) {
            jit_rec_aput(r, op.descr, jit_rec_get(r, d, o), a[2], value);
            return;
        }
    }
}

static bool slot_virtual(const struct jit_recorder *r, const struct jit_rec_slot *s)
{
    return (s->flags & JIT_SL_KNOWN) && s->ref != JIT_NOREF && jit_ref_is_virtual(&r->ir, s->ref);
}

static void rec_revive(struct jit_recorder *r, const jit_ref *seeds, uint32_t n)
{
    jit_ref *objects = jit_arena_alloc(&r->arena, (n + 1) * sizeof *objects);
    if (!objects || r->ir.failed) return;
    for (uint32_t i = 0; i < n; i++)
        objects[i] = seeds[i] != JIT_NOREF && jit_ref_is_virtual(&r->ir, seeds[i]) ? revive_call(r, seeds[i]) : JIT_NOREF;
    for (uint32_t i = 0; i < n && !r->ir.failed; i++)
        if (objects[i] != JIT_NOREF) revive_cells(r, seeds[i], objects[i], seeds, objects, n);
    for (int32_t s = r->slot_lo; s < r->slot_hi; s++) {
        struct jit_rec_slot *slot = &r->slots[s + JIT_REC_SLOTS_BELOW];
        if (slot_virtual(r, slot)) slot->ref = revived(slot->ref, seeds, objects, n);
    }
    r->resume_dirty = true;
}

/* ---- slots ---- */

struct jit_rec_slot *jit_rec_slot(struct jit_recorder *r, int32_t slot)
{
    if (slot < -JIT_REC_SLOTS_BELOW || slot >= JIT_REC_SLOTS_ABOVE) {
        jit_rec_fail(r, JITSTAT_A_FRAMES);
        slot = JIT_REC_SLOTS_ABOVE - 1;
    }
    if (slot < r->slot_lo) r->slot_lo = slot;
    if (slot >= r->slot_hi) r->slot_hi = slot + 1;
    return &r->slots[slot + JIT_REC_SLOTS_BELOW];
}

void jit_rec_set(struct jit_recorder *r, int32_t slot, jit_ref ref, uint32_t tag)
{
    *jit_rec_slot(r, slot) = (struct jit_rec_slot){.ref = ref, .tag = tag, .flags = JIT_SL_KNOWN | JIT_SL_WRITTEN};
    r->resume_dirty = true;
}

void jit_rec_forget(struct jit_recorder *r, int32_t from, int32_t to)
{
    if (from < r->slot_lo) from = r->slot_lo;
    if (to > r->slot_hi) to = r->slot_hi;
    for (int32_t s = from; s < to; s++) r->slots[s + JIT_REC_SLOTS_BELOW].flags = 0;
    r->resume_dirty = true;
}

static jit_ref rec_emit(struct jit_recorder *r, enum jit_opcode op, const jit_ref *args, unsigned n, const struct jit_descr *d, uint32_t resume);

static void rec_guard_tag(struct jit_recorder *r, jit_ref t, uint32_t tag)
{
    jit_rec_guard_value(r, t, jit_rec_ki(r, tag));
}

jit_ref jit_rec_load(struct jit_recorder *r, int32_t slot, uint32_t tag, char type)
{
    struct jit_rec_slot *s = jit_rec_slot(r, slot);
    if (s->flags & JIT_SL_KNOWN) {
        r->ir.n_heapcached++;
        return s->ref;
    }
    if (r->synced) return jit_rec_reload(r, slot, tag, type); /* a frame read means what was there at entry */
    jit_ref k = jit_rec_ki(r, slot);
    rec_guard_tag(r, rec_emit(r, JIT_getframetag, &k, 1, NULL, JIT_NORESUME), tag);
    jit_ref v = JIT_NOREF;
    if (type != 'v') v = rec_emit(r, type == 'i' ? JIT_getframe_i : type == 'f' ? JIT_getframe_f
                                                                                : JIT_getframe_r,
                                  &k, 1, NULL, JIT_NORESUME);
    *s = (struct jit_rec_slot){.ref = v, .tag = tag, .flags = JIT_SL_KNOWN};
    return v;
}

jit_ref jit_rec_reload(struct jit_recorder *r, int32_t slot, uint32_t tag, char type)
{
    jit_ref k = jit_rec_ki(r, slot);
    jit_ref addr = rec_emit(r, JIT_getframeaddr, &k, 1, NULL, JIT_NORESUME);
    rec_guard_tag(r, jit_rec_get(r, &r->vm->frame_tag, addr), tag);
    jit_ref v = JIT_NOREF;
    if (type != 'v') v = jit_rec_get(r, type == 'i' ? &r->vm->frame_i : type == 'f' ? &r->vm->frame_f
                                                                                    : &r->vm->frame_r,
                                     addr);
    jit_rec_set(r, slot, v, tag);
    return v;
}

/* ---- frames ---- */

void jit_rec_begin_ins(struct jit_recorder *r, uint64_t pc, uint32_t line, int32_t top)
{
    if (r->pc != pc || r->top != top) r->resume_dirty = true;
    r->pc = pc;
    r->cur_line = line;
    r->top = top;
    if (top > r->max_top) r->max_top = top;
    r->frames[r->nframes - 1].pc = pc;
    r->ops_executed++;
    if (r->ir.failed || r->arena.failed) jit_rec_fail(r, JITSTAT_A_NO_MEMORY);
    if (r->ir.ops.n > (uint64_t)r->vm->params.trace_limit) jit_rec_fail(r, JITSTAT_A_TOO_LONG);
}

static void rec_current_frame(struct jit_recorder *r)
{
    const struct jit_resume_frame *f = &r->frames[r->nframes - 1];
    bool other = f->code && f->code != r->code;
    r->base = f->base, r->code = f->code, r->pc = f->pc;
    r->resume_dirty = true;
    if (other) rec_file(r);
}

bool jit_rec_push_frame(struct jit_recorder *r, const struct jit_resume_frame *f)
{
    if (r->nframes == JIT_REC_MAX_FRAMES) {
        jit_rec_fail(r, JITSTAT_A_FRAMES);
        return false;
    }
    r->frames[r->nframes++] = *f;
    rec_current_frame(r);
    return true;
}

void jit_rec_pop_frame(struct jit_recorder *r)
{
    r->nframes--;
    rec_current_frame(r);
}

void jit_rec_return_below(struct jit_recorder *r, const struct jit_resume_frame *f)
{
    r->frames[0] = *f;
    r->nframes = 1;
    rec_current_frame(r);
}

void jit_rec_merge_point(struct jit_recorder *r)
{
    if (!jit_vec_reserve(&r->arena, &r->ir.merges, 1)) return;
    char buf[128] = "";
    if (r->vm->driver->describe) r->vm->driver->describe((void *)(uintptr_t)r->code, r->pc, buf, sizeof buf);
    jit_ref k = jit_rec_ki(r, r->ir.merges.n);
    r->ir.merges.v[r->ir.merges.n++] = (struct jit_merge){.code = r->code, .pc = r->pc, .depth = r->nframes - 1, .line = r->cur_line, .text = *buf ? jit_arena_strdup(&r->arena, buf) : NULL};
    rec_emit(r, JIT_debug_merge_point, &k, 1, NULL, JIT_NORESUME);
}

/* ---- resume data ---- */

uint32_t rec_capture(struct jit_recorder *r)
{
    struct jit_ir *ir = &r->ir;
    if (!r->resume_dirty && r->last_resume != JIT_NORESUME) {
        ir->n_shared++;
        return r->last_resume;
    }
    int32_t hi = r->slot_hi < r->top ? r->slot_hi : r->top;
    uint32_t room = hi > r->slot_lo ? (uint32_t)(hi - r->slot_lo) : 0;
    if (!jit_vec_reserve(ir->arena, &ir->slots, room) || !jit_vec_reserve(ir->arena, &ir->frames, r->nframes) ||
        !jit_vec_reserve(ir->arena, &ir->resumes, 1)) {
        ir->failed = true;
        return JIT_NORESUME;
    }
    struct jit_resume res = {.slots = ir->slots.n, .frames = ir->frames.n, .nframes = r->nframes};
    for (int32_t s = r->slot_lo; s < hi; s++) {
        const struct jit_rec_slot *rs = &r->slots[s + JIT_REC_SLOTS_BELOW];
        if (rs->flags & JIT_SL_WRITTEN)
            ir->slots.v[ir->slots.n++] = (struct jit_slot_val){.slot = (int16_t)s, .ref = rs->ref, .tag = (uint16_t)rs->tag};
    }
    res.nslots = ir->slots.n - res.slots;
    memcpy(ir->frames.v + ir->frames.n, r->frames, r->nframes * sizeof *r->frames);
    ir->frames.n += r->nframes;
    r->last_resume = ir->resumes.n;
    ir->resumes.v[ir->resumes.n++] = res;
    r->resume_dirty = false;
    return r->last_resume;
}

/* ---- operations ---- */

static jit_ref rec_emit(struct jit_recorder *r, enum jit_opcode op, const jit_ref *args, unsigned n, const struct jit_descr *d, uint32_t resume)
{
    if (r->status >= 0) return JIT_NOREF;
    jit_ref v = jit_ir_emit(&r->ir, op, args, n, d, resume);
    if (v == JIT_NOREF) jit_rec_fail(r, JITSTAT_A_NO_MEMORY);
    else r->ir.ops.v[v].line = (r->cur_line & ((1u << JIT_LINE_BITS) - 1)) | r->cur_file << JIT_LINE_BITS;
    return v;
}

jit_ref jit_rec_ki(struct jit_recorder *r, int64_t v) { return jit_ir_const_i(&r->ir, v); }
jit_ref jit_rec_kf(struct jit_recorder *r, double v) { return jit_ir_const_f(&r->ir, v); }
jit_ref jit_rec_kr(struct jit_recorder *r, void *p, bool gc) { return jit_ir_const_r(&r->ir, p, gc); }
jit_ref jit_rec_op1(struct jit_recorder *r, enum jit_opcode op, jit_ref a) { return rec_emit(r, op, &a, 1, NULL, JIT_NORESUME); }

jit_ref jit_rec_op2(struct jit_recorder *r, enum jit_opcode op, jit_ref a, jit_ref b)
{
    jit_ref args[2] = {a, b};
    return rec_emit(r, op, args, 2, NULL, JIT_NORESUME);
}

jit_ref jit_rec_get(struct jit_recorder *r, const struct jit_descr *d, jit_ref obj)
{
    return rec_emit(r, d->type == 'i' ? JIT_getfield_gc_i : d->type == 'f' ? JIT_getfield_gc_f
                                                                           : JIT_getfield_gc_r,
                    &obj, 1, d, JIT_NORESUME);
}

void jit_rec_put(struct jit_recorder *r, const struct jit_descr *d, jit_ref obj, jit_ref val)
{
    jit_ref args[2] = {obj, val};
    rec_emit(r, JIT_setfield_gc, args, 2, d, JIT_NORESUME);
}

jit_ref jit_rec_aget(struct jit_recorder *r, const struct jit_descr *d, jit_ref arr, jit_ref idx)
{
    jit_ref args[2] = {arr, idx};
    return rec_emit(r, d->type == 'i' ? JIT_getarrayitem_gc_i : d->type == 'f' ? JIT_getarrayitem_gc_f
                                                                               : JIT_getarrayitem_gc_r,
                    args, 2, d, JIT_NORESUME);
}

void jit_rec_aput(struct jit_recorder *r, const struct jit_descr *d, jit_ref arr, jit_ref idx, jit_ref val)
{
    jit_ref args[3] = {arr, idx, val};
    rec_emit(r, JIT_setarrayitem_gc, args, 3, d, JIT_NORESUME);
}

jit_ref jit_rec_call(struct jit_recorder *r, const struct jit_descr *d, const void *fn, const jit_ref *args, unsigned n)
{
    jit_ref v[16];
    if (n > 15) {
        jit_rec_fail(r, JITSTAT_A_NYI_CALL);
        return JIT_NOREF;
    }
    v[0] = jit_rec_kr(r, (void *)(uintptr_t)fn, false);
    memcpy(v + 1, args, n * sizeof *args);
    enum jit_opcode op = d->type == 'v' ? JIT_call_n : d->type == 'i' ? JIT_call_i
                                                   : d->type == 'f'   ? JIT_call_f
                                                                      : JIT_call_r;
    uint32_t resume = d->effects & JIT_EF_SYNC ? rec_capture(r) : JIT_NORESUME;
    if (d->effects & JIT_EF_SYNC) r->synced = true;
    return rec_emit(r, op, v, n + 1, d, resume);
}

static void rec_guard(struct jit_recorder *r, enum jit_opcode op, const jit_ref *args, unsigned n)
{
    if (r->status >= 0) return;
    rec_emit(r, op, args, n, NULL, rec_capture(r));
}

void rec_dump_bad(const struct jit_recorder *r, jit_ref at)
{
    if (!jit_dump_wants("bad")) return;
    uint32_t line = at < r->ir.ops.n ? jit_op_line(&r->ir.ops.v[at]) : r->cur_line;
    fprintf(stderr, "%s %s: what was recorded contradicts itself: operation %u, line %u\n", r->parent ? "bridge" : "loop", r->name, at, line);
    jit_ir_dump(&r->ir, r->name);
}

void jit_rec_disagrees(struct jit_recorder *r)
{
#ifdef JIT_STRICT
    if (r->status < 0) {
        jit_ir_dump(&r->ir, "recorded, and not what the interpreter sees");
        abort();
    }
#endif
    if (r->status < 0) rec_dump_bad(r, r->ir.ops.n);
    jit_rec_fail(r, JITSTAT_A_BAD_LOOP);
}

/* A guard on constants is decided now: it holds, or recording went wrong in the guest. */
static bool guard_known(struct jit_recorder *r, jit_ref c, bool want)
{
    if (!jit_ref_is_const(c)) return false;
    if ((jit_ref_const(&r->ir, c)->bits != 0) != want) jit_rec_disagrees(r);
    return true;
}

void jit_rec_guard_true(struct jit_recorder *r, jit_ref c)
{
    if (!guard_known(r, c, true)) rec_guard(r, JIT_guard_true, &c, 1);
}
void jit_rec_guard_false(struct jit_recorder *r, jit_ref c)
{
    if (!guard_known(r, c, false)) rec_guard(r, JIT_guard_false, &c, 1);
}
void jit_rec_guard_nonnull(struct jit_recorder *r, jit_ref v)
{
    if (!guard_known(r, v, true)) rec_guard(r, JIT_guard_nonnull, &v, 1);
}
void jit_rec_guard_isnull(struct jit_recorder *r, jit_ref v)
{
    if (!guard_known(r, v, false)) rec_guard(r, JIT_guard_isnull, &v, 1);
}

void jit_rec_guard_not_due(struct jit_recorder *r, jit_ref addr) { rec_guard(r, JIT_guard_not_due, &addr, 1); }

void jit_rec_guard_value(struct jit_recorder *r, jit_ref v, jit_ref k)
{
    if (v == k && jit_ref_is_const(v)) return;
    if (r->status < 0 && jit_ref_is_const(v) && jit_ref_is_const(k)) {
        if (jit_ref_const(&r->ir, v)->bits != jit_ref_const(&r->ir, k)->bits) jit_rec_disagrees(r);
        return;
    }
    jit_ref args[2] = {v, k};
    rec_guard(r, JIT_guard_value, args, 2);
}

void jit_rec_depend(struct jit_recorder *r, void *object)
{
    rec_guard(r, JIT_guard_not_invalidated, NULL, 0);
    jit_rec_keep(r, object);
}

void jit_rec_keep(struct jit_recorder *r, void *object)
{
    for (uint32_t i = 0; i < r->ndeps; i++)
        if (r->deps[i] == object) return;
    if (r->ndeps == r->capdeps) {
        void **v = jit_vec_grow_(&r->arena, r->deps, r->ndeps, &r->capdeps, sizeof *v, r->ndeps + 1);
        r->deps = v;
        if (r->ndeps == r->capdeps) {
            jit_rec_fail(r, JITSTAT_A_NO_MEMORY);
            return;
        }
    }
    r->deps[r->ndeps++] = object;
}

/* ---- ends ---- */

static void rec_end_tracing(struct jit_recorder *r)
{
    struct obs_vm *obs = r->vm->obs;
    obs_count(obs, JITSTAT_C_OPS, r->ops_executed);
    obs_count(obs, JITSTAT_C_RECORDED_OPS, r->ir.ops.n);
    obs_count(obs, JITSTAT_C_GUARDS, jit_ir_count_guards(&r->ir));
    obs_count(obs, JITSTAT_C_HEAPCACHED_OPS, r->ir.n_heapcached);
    struct obs_place at;
    rec_place(r, &at);
    uint64_t ns = obs_timer_leave(obs, JITSTAT_T_TRACING);
    obs_ev_tracing_end(obs, &at, ns);
    r->ns_tracing = ns;
}

void jit_rec_abort(struct jit_recorder *r, enum jitstat_abort why)
{
    struct jit_vm *vm = r->vm;
    vm->rec = NULL;
    rec_end_tracing(r);
    const char *file = "";
    int line = 0;
    vm->driver->place((void *)(uintptr_t)r->code, r->pc, &file, &line);
    hooks_abort(r, why, file, line);
    struct obs_place at;
    rec_place(r, &at);
    obs_ev_abort(vm->obs, &at, why, r->ns_tracing, file, line);
    if (r->parent) {
        struct jit_exit *e = r->parent;
        if (e->aborts < JIT_EXIT_ABORTS && why != JITSTAT_A_RETRY) e->aborts++; /* RETRY: another trace was missing, and comes first */
        e->hot = 0;
        e->hot_limit = e->aborts >= vm->params.max_aborts ? UINT32_MAX : e->hot_limit * 2;
    } else {
        struct jit_cell *c = cell_find(vm, r->key, r->place, false);
        if (c && !c->trace) cell_aborted(vm, c, &at, why); /* else the first trace stays */
    }
    rec_free(r);
    jit_hooks_safe_point(vm);
    trace_release_dead(vm);
}

static struct jit_trace *rec_close(struct jit_recorder *r, enum jit_link link, struct jit_trace *target)
{
    if (r->status < 0) {
        uint32_t resume = rec_capture(r);
        rec_emit(r, JIT_jump, NULL, 0, NULL, resume);
    }
    jit_ref room = jit_rec_ki(r, r->max_top > r->slot_hi ? r->max_top : r->slot_hi);
    if (r->ir.failed || r->arena.failed) jit_rec_fail(r, JITSTAT_A_NO_MEMORY); /* behind the last thing that asks for memory */
    if (r->status < 0) r->ir.ops.v[r->guard_stack].arg[0] = room;
    if (r->status >= 0) {
        jit_rec_abort(r, (enum jitstat_abort)r->status);
        return NULL;
    }
    if (!r->parent) r->kind = r->ir.kind = link == JIT_LINK_LOOP ? JITSTAT_KIND_LOOP : JITSTAT_KIND_ENTRY;
    r->ir.link = link;
    r->vm->rec = NULL;
    r->outer = r->vm->compiling;
    r->vm->compiling = r;
    struct jit_trace *t = pipeline_compile(r, link, target); /* aborts through r->status */
    r->vm->compiling = r->outer;
    if (!t) {
        jit_rec_abort(r, (enum jitstat_abort)r->status);
        return NULL;
    }
    rec_end_tracing(r);
    return t;
}

/* The compile event follows tracing__end: the trace is complete then. */
static struct jit_trace *rec_publish(struct jit_recorder *r, struct jit_trace *t)
{
    if (t) {
        trace_publish(t, r);
        rec_free(r);
    }
    return t;
}

struct jit_trace *jit_rec_close_loop(struct jit_recorder *r) { return rec_publish(r, rec_close(r, JIT_LINK_LOOP, NULL)); }
struct jit_trace *jit_rec_close_link(struct jit_recorder *r, struct jit_trace *target) { return rec_publish(r, rec_close(r, JIT_LINK_TRACE, target)); }
struct jit_trace *jit_rec_close_interp(struct jit_recorder *r) { return rec_publish(r, rec_close(r, JIT_LINK_INTERP, NULL)); }
