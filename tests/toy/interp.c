/* interp.c: the toy's interpreter: the oracle of what its programs mean, and the place where machine
 * code is entered.
 *
 * Before: asm.c. After: record.c, driver.c.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include "toy/toy.h"

#define NO_MEMORY "not enough memory"

void toy_error(struct toy *t, const char *fmt, ...)
{
    char what[160];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    const struct toy_frame *f = t->frame;
    int line = f->fn && f->pc ? f->fn->code[f->pc - 1].line : 0;
    snprintf(t->error, sizeof t->error, "%s:%d: %s", t->file, line, what);
    if (t->vm->rec && t->rec.depth > t->jmp_depth) jit_rec_abort(t->vm->rec, JITSTAT_A_ERROR);
    longjmp(*t->jmp, 1);
}

struct toy_obj *toy_new_object(struct toy *t, struct toy_class *cls)
{
    struct toy_obj *o = t->objects_left ? calloc(1, sizeof *o) : NULL;
    if (!o) return NULL;
    t->objects_left--;
    t->due += (int64_t)sizeof *o;
    o->cls = cls;
    o->next = t->objects;
    return t->objects = o;
}

void toy_set_const(struct toy *t, struct toy_class *cls, int64_t n, uint8_t tag, uint64_t bits)
{
    cls->consts[n].tag = tag;
    cls->consts[n].bits = bits;
    jit_invalidate(t->vm, cls);
}

/* ---- machine code ---- */

static void enter(struct toy *t, struct jit_trace *trace)
{
    struct toy_val *old_base = t->jit_base;
    struct toy_frame *old_frame = t->jit_frame;
    bool record;
    t->jit_base = t->frame->base;
    t->jit_frame = t->frame;
    jit_run(t->vm, t, t->jit_base, trace, &record);
    t->jit_base = old_base;
    t->jit_frame = old_frame;
    if (t->no_memory) {
        t->no_memory = false;
        toy_error(t, NO_MEMORY);
    }
    if (record) toy_record_start(t);
}

/* A counter at the frame's current place has been passed. */
static void tick(struct toy *t, struct toy_hot *h, int kind)
{
    struct jit_vm *vm = t->vm;
    if (h->count == 0 || --h->count) return;
    h->count = h->start;
    struct jit_key key = {.code = t->frame->fn, .pc = t->frame->pc};
    bool record = false;
    struct jit_trace *trace = vm->rec ? NULL : jit_hot(vm, t, key, kind, &record);
    if (h->trace || vm->rec) h->count = 1;
    if (record) toy_record_start(t);
    /* The stack is of fixed size: where it ends the interpreter goes on, to the error if there is one. */
    else if (trace && t->stack_end - t->frame->base > (ptrdiff_t)trace->stack_room) enter(t, trace);
}

/* ---- natives ---- */

static void nat_print(struct toy *t, struct toy_val *args)
{
    if (args->tag == TOY_INT) fprintf(t->out, "%lld\n", (long long)args->i);
    else if (args->tag == TOY_FLT) fprintf(t->out, "%.14g\n", args->f != args->f ? __builtin_nan("") : args->f); /* NaNs have no sign here */
    else fprintf(t->out, "%s\n", args->tag == TOY_NIL ? "nil" : args->o->cls->name);
    args[-1].tag = TOY_NIL;
}

static void nat_flush(struct toy *t, struct toy_val *args)
{
    jitstat_releaseall(t->vm);
    args[-1].tag = TOY_NIL;
}

/* x, but 0.5 more as a float where x is a multiple of 8: a result whose type changes. */
static void nat_blur(struct toy *t, struct toy_val *args)
{
    if (args->tag != TOY_INT) toy_error(t, "blur wants an integer");
    args[-1].tag = args->i % 8 ? TOY_INT : TOY_FLT;
    if (args->i % 8) args[-1].i = args->i;
    else args[-1].f = (double)args->i + 0.5;
}

static void push(struct toy *t, struct toy_func *fn, struct toy_val *base, bool fresh)
{
    if (t->frame - t->frames >= TOY_FRAMES - 1 || t->stack_end - base <= (ptrdiff_t)fn->nregs) toy_error(t, "stack overflow");
    *++t->frame = (struct toy_frame){.fn = fn, .base = base, .fresh = fresh};
}

static void run(struct toy *t);

static struct toy_func *func_find(struct toy *t, const char *name)
{
    for (unsigned i = 0; i < t->nfuncs; i++)
        if (strcmp(t->funcs[i]->name, name) == 0) return t->funcs[i];
    toy_error(t, "no function %s", name);
}

/* Calls `callback` with the argument, from C: machine code below, machine code above. */
static void nat_reenter(struct toy *t, struct toy_val *args)
{
    struct toy_func *fn = func_find(t, "callback");
    struct toy_val *base = t->frame->base + t->frame->fn->nregs + 1;
    base->tag = args->tag, base->bits = args->bits;
    push(t, fn, base, true);
    run(t);
    args[-1].tag = base[-1].tag, args[-1].bits = base[-1].bits;
}

/* The same, but an error in it is its result, nil. */
static void nat_protect(struct toy *t, struct toy_val *args)
{
    jmp_buf here, *outer = t->jmp;
    struct toy save = *t;
    uint32_t running = t->vm->running;
    t->jmp = &here;
    t->jmp_depth = t->depth;
    if (setjmp(here) == 0) {
        nat_reenter(t, args);
    } else {
        t->vm->running = running;
        t->jit_base = save.jit_base, t->jit_frame = save.jit_frame, t->jit_resume = save.jit_resume;
        t->frame = save.frame, t->depth = save.depth;
        args[-1].tag = TOY_NIL;
    }
    t->jmp = outer;
    t->jmp_depth = save.jmp_depth;
}

const struct toy_native toy_natives[] = {{"print", 1, nat_print}, {"flush", 0, nat_flush}, {"blur", 1, nat_blur}, {"reenter", 1, nat_reenter}, {"protect", 1, nat_protect}, {NULL, 0, NULL}};

/* ---- instructions ---- */

static void arith(struct toy *t, enum toy_op op, struct toy_val *r, const struct toy_val *a, const struct toy_val *b)
{
    if (!toy_is_number(a->tag) || !toy_is_number(b->tag)) toy_error(t, "arithmetic on something else than numbers");
    if (op == TOY_mod) {
        if (a->tag != TOY_INT || b->tag != TOY_INT || b->i == 0) toy_error(t, "mod wants integers, and not 0");
        int64_t m = b->i == -1 ? 0 : a->i % b->i;
        r->i = m && (m < 0) != (b->i < 0) ? m + b->i : m;
        r->tag = TOY_INT;
    } else if (a->tag == TOY_INT && b->tag == TOY_INT && op != TOY_div) {
        uint64_t x = a->bits, y = b->bits;
        r->bits = op == TOY_add ? x + y : op == TOY_sub ? x - y
                                                        : x * y;
        r->tag = TOY_INT;
    } else {
        double x = toy_number(a), y = toy_number(b);
        r->f = op == TOY_add ? x + y : op == TOY_sub ? x - y
                                   : op == TOY_mul   ? x * y
                                                     : x / y;
        r->tag = TOY_FLT;
    }
}

bool toy_compare(enum toy_op op, const struct toy_val *a, const struct toy_val *b, bool *ok)
{
    bool numbers = toy_is_number(a->tag) && toy_is_number(b->tag), order = op == TOY_jlt || op == TOY_jle;
    *ok = numbers || !order;
    if (!numbers) return (a->tag == b->tag && (a->tag == TOY_NIL || a->bits == b->bits)) == (op == TOY_jeq);
    bool ints = a->tag == TOY_INT && b->tag == TOY_INT;
    double x = toy_number(a), y = toy_number(b);
    if (op == TOY_jlt) return ints ? a->i < b->i : x < y;
    if (op == TOY_jle) return ints ? a->i <= b->i : x <= y;
    return (ints ? a->i == b->i : x == y) == (op == TOY_jeq);
}

static struct toy_obj *object(struct toy *t, const struct toy_val *v)
{
    if (v->tag != TOY_OBJ) toy_error(t, "not an object");
    return v->o;
}

static struct toy_cell *field(struct toy *t, const struct toy_val *v, int64_t n)
{
    struct toy_obj *o = object(t, v);
    if (n >= (int64_t)o->cls->nfields) toy_error(t, "%s has no field %d", o->cls->name, (int)n);
    return &o->f[n];
}

static void copy(struct toy_val *to, uint8_t tag, uint64_t bits) { to->tag = tag, to->bits = bits; }

static void jump(struct toy *t, const struct toy_ins *i)
{
    struct toy_frame *f = t->frame;
    bool ok = true, taken = i->op == TOY_jmp || i->op == TOY_loop || toy_compare(i->op, &f->base[i->a], &f->base[i->b], &ok);
    if (!ok) toy_error(t, "cannot compare");
    if (!taken) return;
    f->pc = (uint64_t)i->k;
    if (i->op == TOY_loop) tick(t, &f->fn->loops[i->k], JITSTAT_KIND_LOOP);
}

static void call(struct toy *t, const struct toy_ins *i)
{
    struct toy_func *fn = t->funcs[i->k];
    push(t, fn, t->frame->base + i->a + 1, false);
    tick(t, &fn->entry, JITSTAT_KIND_ENTRY);
}

static void fresh_object(struct toy *t, struct toy_val *to, struct toy_class *cls)
{
    if (t->due > 0) {
        t->due = -TOY_TURN;
        t->turns++;
    }
    struct toy_obj *o = toy_new_object(t, cls);
    if (!o) toy_error(t, NO_MEMORY);
    to->tag = TOY_OBJ, to->o = o;
}

static void step(struct toy *t, const struct toy_ins *i)
{
    struct toy_val *b = t->frame->base, *a = b + i->a, tmp = {.tag = TOY_INT, .i = i->v.i};
    struct toy_cell *c;
    switch ((enum toy_op)i->op) {
    case TOY_nil: a->tag = TOY_NIL; break;
    case TOY_int: copy(a, TOY_INT, (uint64_t)i->v.i); break;
    case TOY_flt: a->tag = TOY_FLT, a->f = i->v.f; break;
    case TOY_move: copy(a, b[i->b].tag, b[i->b].bits); break;
    case TOY_add:
    case TOY_sub:
    case TOY_mul:
    case TOY_div:
    case TOY_mod: arith(t, i->op, a, &b[i->b], &b[i->c]); break;
    case TOY_addi: arith(t, TOY_add, a, &b[i->b], &tmp); break;
    case TOY_jlt:
    case TOY_jle:
    case TOY_jeq:
    case TOY_jne:
    case TOY_jmp:
    case TOY_loop: jump(t, i); break;
    case TOY_new: fresh_object(t, a, t->classes[i->k]); break;
    case TOY_get: c = field(t, &b[i->b], i->v.i), copy(a, c->tag, c->bits); break;
    case TOY_put: c = field(t, a, i->v.i), c->tag = b[i->b].tag, c->bits = b[i->b].bits; break;
    case TOY_getc: c = &object(t, &b[i->b])->cls->consts[i->v.i], copy(a, c->tag, c->bits); break;
    case TOY_setc: toy_set_const(t, t->classes[i->k], i->v.i, a->tag, a->bits); break;
    case TOY_call: call(t, i); break;
    case TOY_native: toy_natives[i->k].fn(t, a + 1); break;
    case TOY_ret: copy(&t->frame->base[-1], a->tag, a->bits), t->frame--; break;
    case TOY_opaque: a->i++; break;
    case TOY_NOPS: break;
    }
}

/* Runs the innermost frame until it returns. */
static void run(struct toy *t)
{
    t->depth++;
    for (;;) {
        if (t->vm->rec && t->rec.depth == t->depth) toy_record(t);
        struct toy_frame *f = t->frame;
        const struct toy_ins *i = &f->fn->code[f->pc++];
        bool last = i->op == TOY_ret && f->fresh;
        step(t, i);
        if (last) break;
    }
    t->depth--;
}

/* ---- from outside ---- */

struct toy *toy_new(const char *file, const char *params, FILE *out)
{
    const char *err;
    struct toy *t = calloc(1, sizeof *t);
    t->file = file, t->out = out;
    t->stack = calloc(TOY_STACK, sizeof *t->stack);
    t->frames = calloc(TOY_FRAMES + JIT_REC_MAX_FRAMES, sizeof *t->frames); /* exits make frames past the limit */
    for (int i = 0; i < TOY_STACK; i++) t->stack[i].canary = TOY_CANARY;
    t->stack_end = t->stack + TOY_STACK;
    t->due = -TOY_TURN;
    t->objects_left = UINT64_MAX;
    t->frame = t->frames;
    t->frame->base = t->stack;
    t->vm = jit_vm_new(&toy_driver, t);
    if (!t->vm) return NULL;
    if (params && !jit_set_param(t->vm, params, &err)) {
        fprintf(stderr, "toy: %s\n", err);
        exit(2);
    }
    return t;
}

bool toy_call(struct toy *t, const char *func, const int64_t *args, unsigned n, struct toy_val *result)
{
    jmp_buf here, *outer = t->jmp;
    struct toy_frame *frame = t->frame;
    unsigned depth = t->depth, jmp_depth = t->jmp_depth;
    t->jmp = &here;
    t->jmp_depth = depth;
    bool ok = setjmp(here) == 0;
    if (ok) {
        struct toy_val *base = t->frame->base + (t->frame->fn ? t->frame->fn->nregs : 0) + 1;
        for (unsigned i = 0; i < n; i++) copy(&base[i], TOY_INT, (uint64_t)args[i]);
        push(t, func_find(t, func), base, true);
        run(t);
        if (result) *result = base[-1];
    } else {
        t->vm->running = 0;
        t->frame = frame, t->depth = depth;
    }
    t->jmp = outer;
    t->jmp_depth = jmp_depth;
    return ok;
}

void toy_free(struct toy *t)
{
    if (!t) return;
    jit_vm_free(t->vm);
    for (int i = 0; i < TOY_STACK; i++)
        if (t->stack[i].canary != TOY_CANARY) {
            fprintf(stderr, "toy: canary of slot %d overwritten\n", i);
            abort();
        }
    for (unsigned i = 0; i < t->nfuncs; free(t->funcs[i++])) free(t->funcs[i]->name), free(t->funcs[i]->code), free(t->funcs[i]->loops);
    for (unsigned i = 0; i < t->nclasses; free(t->classes[i++])) free(t->classes[i]->name);
    for (struct toy_obj *o = t->objects, *next; o; o = next) next = o->next, free(o);
    free(t->funcs), free(t->classes), free(t->stack), free(t->frames);
    free(t);
}
