/* record.c: what each of the toy's instructions means as operations. It runs before the interpreter executes the
 * instruction, looks at the values of the moment and guards that they are of these types.
 *
 * Invariant: all guards of an instruction come before its effects; they resume AT it.
 *
 * Before: interp.c. After: trace/recorder.c.
 */
#include <string.h>
#include "toy/toy.h"

struct rv {
    jit_ref ref;
    uint8_t tag;
};

static char type_of(uint8_t tag) { return tag == TOY_INT ? 'i' : tag == TOY_FLT ? 'f'
                                                             : tag == TOY_OBJ   ? 'r'
                                                                                : 'v'; }

static struct rv reg_get(struct toy *t, unsigned reg)
{
    struct jit_recorder *r = t->vm->rec;
    uint8_t now = t->frame->base[reg].tag;
    int32_t slot = r->base + (int32_t)reg;
    const struct jit_rec_slot *s = jit_rec_slot(r, slot);
    if ((s->flags & JIT_SL_KNOWN) && s->tag != now) jit_rec_fail(r, JITSTAT_A_BAD_LOOP); /* cannot be: the frame is mirrored */
    return (struct rv){jit_rec_load(r, slot, now, type_of(now)), now};
}

static void reg_set(struct toy *t, unsigned reg, jit_ref ref, uint8_t tag) { jit_rec_set(t->vm->rec, t->vm->rec->base + (int32_t)reg, ref, tag); }

static jit_ref constant(struct jit_recorder *r, uint8_t tag, uint64_t bits)
{
    double f;
    memcpy(&f, &bits, 8);
    if (tag == TOY_INT) return jit_rec_ki(r, (int64_t)bits);
    if (tag == TOY_FLT) return jit_rec_kf(r, f);
    return tag == TOY_OBJ ? jit_rec_kr(r, (void *)(uintptr_t)bits, true) : JIT_NOREF;
}

static jit_ref as_float(struct jit_recorder *r, struct rv v) { return v.tag == TOY_FLT ? v.ref : jit_rec_op1(r, JIT_cast_int_to_float, v.ref); }

/* ---- helpers of machine code ---- */

static struct toy_obj *help_new(struct toy *t, struct toy_class *cls) { return toy_new_object(t, cls); }

/* Frames as the interpreter has them while an instruction executes: past it. */
static void sync_frames(struct toy *t)
{
    toy_restore(t, t->jit_resume->frames, t->jit_resume->nframes);
    t->frame->pc++;
}

static void help_setc(struct toy *t, struct toy_class *cls, int64_t n, int64_t tag, int64_t bits)
{
    sync_frames(t);
    toy_set_const(t, cls, n, (uint8_t)tag, (uint64_t)bits);
}

static void help_native(struct toy *t, int64_t which, int64_t reg)
{
    sync_frames(t);
    toy_natives[which].fn(t, t->frame->base + reg);
}

/* ---- instructions ---- */

static void rec_arith(struct toy *t, enum toy_op op, unsigned a, struct rv x, struct rv y, bool zero)
{
    static const enum jit_opcode ints[] = {JIT_int_add, JIT_int_sub, JIT_int_mul};
    static const enum jit_opcode floats[] = {JIT_float_add, JIT_float_sub, JIT_float_mul, JIT_float_truediv};
    struct jit_recorder *r = t->vm->rec;
    if (!toy_is_number(x.tag) || !toy_is_number(y.tag) || (op == TOY_mod && (x.tag != TOY_INT || y.tag != TOY_INT || zero))) {
        jit_rec_fail(r, JITSTAT_A_NYI_TYPE);
    } else if (op == TOY_mod) {
        jit_rec_guard_true(r, jit_rec_op1(r, JIT_int_is_true, y.ref));
        reg_set(t, a, jit_rec_op2(r, JIT_int_mod, x.ref, y.ref), TOY_INT);
    } else if (x.tag == TOY_INT && y.tag == TOY_INT && op != TOY_div) {
        reg_set(t, a, jit_rec_op2(r, ints[op - TOY_add], x.ref, y.ref), TOY_INT);
    } else {
        reg_set(t, a, jit_rec_op2(r, floats[op - TOY_add], as_float(r, x), as_float(r, y)), TOY_FLT);
    }
}

static void rec_compare(struct toy *t, const struct toy_ins *i)
{
    static const enum jit_opcode ints[] = {JIT_int_lt, JIT_int_le, JIT_int_eq, JIT_int_ne};
    static const enum jit_opcode floats[] = {JIT_float_lt, JIT_float_le, JIT_float_eq, JIT_float_ne};
    struct jit_recorder *r = t->vm->rec;
    const struct toy_val *b = t->frame->base;
    struct rv x = reg_get(t, i->a), y = reg_get(t, i->b);
    bool ok, taken = toy_compare(i->op, &b[i->a], &b[i->b], &ok);
    jit_ref c;
    if (!ok) {
        jit_rec_fail(r, JITSTAT_A_NYI_TYPE);
        return;
    }
    if (x.tag == TOY_INT && y.tag == TOY_INT) c = jit_rec_op2(r, ints[i->op - TOY_jlt], x.ref, y.ref);
    else if (toy_is_number(x.tag) && toy_is_number(y.tag)) c = jit_rec_op2(r, floats[i->op - TOY_jlt], as_float(r, x), as_float(r, y));
    else if (x.tag == TOY_OBJ && y.tag == TOY_OBJ) c = jit_rec_op2(r, i->op == TOY_jeq ? JIT_ptr_eq : JIT_ptr_ne, x.ref, y.ref);
    else return; /* the tags decide, and they are guarded */
    if (taken) jit_rec_guard_true(r, c);
    else jit_rec_guard_false(r, c);
}

/* The object in a register, of the class that it has now; NULL: the recording has failed. */
static struct toy_obj *rec_object(struct toy *t, unsigned reg, int64_t field, jit_ref *ref)
{
    struct jit_recorder *r = t->vm->rec;
    struct rv v = reg_get(t, reg);
    struct toy_obj *o = t->frame->base[reg].o;
    if (v.tag != TOY_OBJ || field >= (int64_t)o->cls->nfields) {
        jit_rec_fail(r, JITSTAT_A_NYI_TYPE);
        return NULL;
    }
    jit_rec_guard_value(r, jit_rec_get(r, &toy_d_class, v.ref), jit_rec_kr(r, o->cls, false));
    *ref = v.ref;
    return o;
}

static const struct jit_descr *payload(int64_t field, uint8_t tag)
{
    return &toy_d_field[field][tag == TOY_INT ? TOY_F_INT : tag == TOY_FLT ? TOY_F_FLT
                                                                           : TOY_F_OBJ];
}

static void rec_get(struct toy *t, const struct toy_ins *i)
{
    struct jit_recorder *r = t->vm->rec;
    jit_ref obj;
    struct toy_obj *o = rec_object(t, i->b, i->v.i, &obj);
    if (!o) return;
    uint8_t tag = o->f[i->v.i].tag;
    jit_rec_guard_value(r, jit_rec_get(r, &toy_d_field[i->v.i][TOY_F_TAG], obj), jit_rec_ki(r, tag));
    reg_set(t, i->a, tag == TOY_NIL ? JIT_NOREF : jit_rec_get(r, payload(i->v.i, tag), obj), tag);
}

static void rec_put(struct toy *t, const struct toy_ins *i)
{
    struct jit_recorder *r = t->vm->rec;
    jit_ref obj;
    struct rv v = reg_get(t, i->b);
    if (!rec_object(t, i->a, i->v.i, &obj)) return;
    if (v.ref != JIT_NOREF) jit_rec_put(r, payload(i->v.i, v.tag), obj, v.ref);
    jit_rec_put(r, &toy_d_field[i->v.i][TOY_F_TAG], obj, jit_rec_ki(r, v.tag));
}

static void rec_getc(struct toy *t, const struct toy_ins *i)
{
    struct jit_recorder *r = t->vm->rec;
    jit_ref obj;
    struct toy_obj *o = rec_object(t, i->b, -1, &obj);
    if (!o) return;
    jit_rec_depend(r, o->cls);
    const struct toy_cell *c = &o->cls->consts[i->v.i];
    reg_set(t, i->a, constant(r, c->tag, c->bits), c->tag);
}

static jit_ref context(struct toy *t) { return jit_ir_emit(&t->vm->rec->ir, JIT_getcontext, NULL, 0, NULL, JIT_NORESUME); }

static void rec_new(struct toy *t, const struct toy_ins *i)
{
    struct jit_recorder *r = t->vm->rec;
    jit_rec_guard_not_due(r, jit_rec_kr(r, &t->due, false));
    jit_ref args[2] = {context(t), jit_rec_kr(r, t->classes[i->k], false)};
    jit_ref o = jit_rec_call(r, &toy_d_call_new, (const void *)help_new, args, 2);
    jit_rec_guard_nonnull(r, o);
    reg_set(t, i->a, o, TOY_OBJ);
}

static void rec_setc(struct toy *t, const struct toy_ins *i)
{
    struct jit_recorder *r = t->vm->rec;
    struct rv v = reg_get(t, i->a);
    jit_ref bits = v.tag == TOY_FLT   ? jit_rec_op1(r, JIT_convert_float_bytes_to_longlong, v.ref)
                   : v.tag == TOY_OBJ ? jit_rec_op1(r, JIT_cast_ptr_to_int, v.ref)
                   : v.tag == TOY_INT ? v.ref
                                      : jit_rec_ki(r, 0);
    jit_ref args[5] = {context(t), jit_rec_kr(r, t->classes[i->k], false), jit_rec_ki(r, i->v.i), jit_rec_ki(r, v.tag), bits};
    jit_rec_call(r, &toy_d_call_setc, (const void *)help_setc, args, 5);
    t->rec.pending = true;
    t->rec.pending_slot = INT32_MIN;
}

/* The result's type is known when the interpreter has made the call: at the next instruction. */
static void rec_native(struct toy *t, const struct toy_ins *i)
{
    struct jit_recorder *r = t->vm->rec;
    for (unsigned n = 0; n < toy_natives[i->k].nargs; n++) reg_get(t, i->a + 1 + n);
    jit_ref args[3] = {context(t), jit_rec_ki(r, i->k), jit_rec_ki(r, i->a + 1)};
    jit_rec_call(r, &toy_d_call_native, (const void *)help_native, args, 3);
    jit_rec_forget(r, r->base + i->a, r->slot_hi);
    t->rec.pending = true;
    t->rec.pending_slot = r->base + i->a;
}

static void rec_pending(struct toy *t)
{
    struct jit_recorder *r = t->vm->rec;
    int32_t slot = t->rec.pending_slot;
    t->rec.pending = false;
    if (r->ndeps) jit_rec_depend(r, r->deps[0]); /* classes may have changed */
    if (slot == INT32_MIN) return;
    uint8_t tag = t->frame->base[slot - r->base].tag;
    jit_rec_reload(r, slot, tag, type_of(tag));
}

/* ---- calls and returns ---- */

static void rec_call(struct toy *t, const struct toy_ins *i)
{
    struct jit_recorder *r = t->vm->rec;
    struct toy_func *fn = t->funcs[i->k];
    if (!r->vm->params.inlining) {
        jit_rec_fail(r, JITSTAT_A_NYI_CALL);
        return;
    }
    for (unsigned n = 0; n < fn->nparams; n++) reg_get(t, i->a + 1 + n); /* known: they become the callee's */
    struct jit_resume_frame f = {.base = r->base + i->a + 1, .code = (uint64_t)(uintptr_t)fn};
    r->frames[r->nframes - 1].pc = t->frame->pc + 1;
    if (!jit_rec_push_frame(r, &f)) return;
    jit_rec_forget(r, f.base + (int32_t)fn->nparams, r->slot_hi);
    t->rec.entered = true;
}

/* The caller of the entry frame must be the one of now, at run time too. */
static void rec_guard_caller(struct toy *t, const struct toy_frame *caller)
{
    struct jit_recorder *r = t->vm->rec;
    const struct jit_descr *d = toy_d_caller[t->rec.returns++];
    jit_ref fr = jit_rec_get(r, &toy_d_jit_frame, context(t));
    jit_rec_guard_value(r, jit_rec_get(r, &d[0], fr), jit_rec_kr(r, caller->fn, false));
    jit_rec_guard_value(r, jit_rec_get(r, &d[1], fr), jit_rec_ki(r, (int64_t)caller->pc));
}

/* True: the recording has ended. */
static bool rec_return(struct toy *t, const struct toy_ins *i)
{
    struct jit_recorder *r = t->vm->rec;
    struct toy_frame *caller = t->frame - 1;
    struct rv v = reg_get(t, i->a);
    int32_t to = r->base - 1;
    if (r->nframes > 1) {
        jit_rec_pop_frame(r);
    } else if (!r->parent && r->place == JITSTAT_KIND_LOOP) {
        jit_rec_fail(r, JITSTAT_A_ESCAPE);
        return false;
    } else if (t->frame->fresh || t->rec.returns >= 4) {
        jit_rec_close_interp(r);
        return true;
    } else {
        rec_guard_caller(t, caller);
        struct jit_resume_frame f = {.base = to - caller->fn->code[caller->pc - 1].a, .code = (uint64_t)(uintptr_t)caller->fn, .pc = caller->pc};
        jit_rec_return_below(r, &f);
    }
    jit_rec_set(r, to, v.ref, v.tag);
    jit_rec_forget(r, to + 1, r->slot_hi);
    return false;
}

/* ---- heads of loops and functions ---- */

static bool in_entry_frame(const struct jit_recorder *r) { return r->nframes == 1 && r->base == 0; }

/* A loop without a trace goes round in this recording a few times if it began here; else it is traced first. */
static void unroll(struct toy *t)
{
    struct jit_recorder *r = t->vm->rec;
    struct toy_frame *f = t->frame;
    int i = 0;
    while (i < TOY_UNROLLS && t->rec.unroll[i].fn && (t->rec.unroll[i].fn != f->fn || t->rec.unroll[i].pc != f->pc)) i++;
    if (i < TOY_UNROLLS) {
        t->rec.unroll[i].fn = f->fn;
        t->rec.unroll[i].pc = f->pc;
        if (++t->rec.unroll[i].n <= r->vm->params.max_unroll_loops) return;
    }
    struct jit_key key = {.code = f->fn, .pc = f->pc};
    if (f->fn->loops[f->pc].count) toy_driver.back_off(t, key, JITSTAT_KIND_LOOP, 2);
    jit_rec_fail(r, JITSTAT_A_INNER_LOOP);
}

static bool at_function(struct toy *t)
{
    struct jit_recorder *r = t->vm->rec;
    struct toy_func *fn = t->frame->fn;
    struct jit_key key = {.code = fn, .pc = 0};
    int64_t depth = 0;
    for (uint32_t i = 0; i < r->nframes; i++) depth += r->frames[i].code == (uint64_t)(uintptr_t)fn;
    bool own = !r->parent && r->place == JITSTAT_KIND_ENTRY && r->key.code == fn;
    if (depth <= r->vm->params.max_unroll_recursion && !(own && in_entry_frame(r))) return false;
    struct jit_trace *other = jit_trace_of(r->vm, key, JITSTAT_KIND_ENTRY);
    if (own) jit_rec_close_loop(r);
    else if (other) jit_rec_close_link(r, other);
    else jit_rec_fail(r, JITSTAT_A_RECURSION);
    return own || other;
}

/* True: the recording has ended at a head. */
static bool at_head(struct toy *t)
{
    struct jit_recorder *r = t->vm->rec;
    struct toy_rec rec = t->rec;
    struct jit_key key = {.code = t->frame->fn, .pc = t->frame->pc};
    t->rec.first = t->rec.at_loop = t->rec.entered = false;
    if (rec.entered) return at_function(t);
    if (!rec.at_loop || rec.first) return false;
    if (!r->parent && r->place == JITSTAT_KIND_LOOP && r->key.code == key.code && r->key.pc == key.pc && in_entry_frame(r)) {
        jit_rec_close_loop(r);
        return true;
    }
    struct jit_trace *other = jit_trace_of(r->vm, key, JITSTAT_KIND_LOOP);
    if (other) jit_rec_close_link(r, other);
    else unroll(t);
    return other != NULL;
}

/* ---- one instruction ---- */

/* True: the recording has ended. */
static bool rec_one(struct toy *t, const struct toy_ins *i)
{
    struct jit_recorder *r = t->vm->rec;
    struct rv v;
    switch ((enum toy_op)i->op) {
    case TOY_nil: reg_set(t, i->a, JIT_NOREF, TOY_NIL); break;
    case TOY_int: reg_set(t, i->a, jit_rec_ki(r, i->v.i), TOY_INT); break;
    case TOY_flt: reg_set(t, i->a, jit_rec_kf(r, i->v.f), TOY_FLT); break;
    case TOY_move: v = reg_get(t, i->b), reg_set(t, i->a, v.ref, v.tag); break;
    case TOY_add:
    case TOY_sub:
    case TOY_mul:
    case TOY_div:
    case TOY_mod:
        v = reg_get(t, i->b), rec_arith(t, i->op, i->a, v, reg_get(t, i->c), t->frame->base[i->c].bits == 0);
        break;
    case TOY_addi: rec_arith(t, TOY_add, i->a, reg_get(t, i->b), (struct rv){jit_rec_ki(r, i->v.i), TOY_INT}, false); break;
    case TOY_jlt:
    case TOY_jle:
    case TOY_jeq:
    case TOY_jne: rec_compare(t, i); break;
    case TOY_jmp: break;
    case TOY_loop: t->rec.at_loop = true; break;
    case TOY_new: rec_new(t, i); break;
    case TOY_get: rec_get(t, i); break;
    case TOY_put: rec_put(t, i); break;
    case TOY_getc: rec_getc(t, i); break;
    case TOY_setc: rec_setc(t, i); break;
    case TOY_call: rec_call(t, i); break;
    case TOY_native: rec_native(t, i); break;
    case TOY_ret: return rec_return(t, i);
    case TOY_opaque:
    case TOY_NOPS: jit_rec_fail(r, JITSTAT_A_NYI_BYTECODE); break;
    }
    return false;
}

void toy_record_start(struct toy *t)
{
    t->rec = (struct toy_rec){.r = t->vm->rec, .depth = t->depth, .first = true, .returns = t->vm->rec->parent ? t->returned : 0};
}

void toy_record(struct toy *t)
{
    struct jit_recorder *r = t->vm->rec;
    struct toy_frame *f = t->frame;
    const struct toy_ins *i = &f->fn->code[f->pc];
    jit_rec_begin_ins(r, f->pc, (uint32_t)i->line, r->base + (int32_t)f->fn->nregs);
    if (t->rec.pending) rec_pending(t);
    if (r->status < 0) {
        if (at_head(t)) return;
        jit_rec_merge_point(r);
        if (r->status < 0 && rec_one(t, i)) return;
    }
    if (r->status >= 0) jit_rec_abort(r, (enum jitstat_abort)r->status);
}
