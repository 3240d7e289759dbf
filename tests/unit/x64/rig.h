/* rig.h: a guest made of nothing: a frame of slots, a context, an exit handler that writes slots and notes the exit.
 * And an evaluator of IR, which says what machine code must do. Included by the back end's tests. */
#ifndef TESTS_X64_RIG_H
#define TESTS_X64_RIG_H
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "ir/ir.h"
#include "x64/backend.h"

enum { RIG_SLOTS = 128,
       RIG_HEAP = 128 };

struct rig_slot {
    union {
        int64_t i;
        double f;
        void *p;
        uint64_t bits;
    };
    uint8_t tag;
    uint8_t pad[7];
};
struct rig_ctx {
    uint64_t pad;
    struct rig_slot *base;
    const struct jit_sync *sync;
    char *stack_end;
    uint64_t words[4]; /* of steps */
};
/* What the guest's memory is: compared as a whole between machine code and evaluator. */
struct rig_memory {
    struct rig_slot frame[RIG_SLOTS];
    int64_t gap0[8], ints[RIG_HEAP], gap1[8];
    double floats[RIG_HEAP], gap2[8];
    void *ptrs[RIG_HEAP], *gap3[8];
    uint8_t bytes[RIG_HEAP * 8], gap4[64];
    uint64_t calls, call_hash;
};

/* A compiled trace. */
struct unit {
    struct jit_arena arena;
    struct jit_ir ir;
    struct jit_code code;
    int why;
    bool counted; /* what machine code wants of a trace that it counts */
    uint64_t e, lb, *entries, *runs;
};

static struct rig_memory mem;
static struct rig_ctx ctx;
static struct code_area area;
static struct jit_backend be;
static volatile uint64_t poll_word;
#define POLL_ALL (1 | (uint64_t)1 << 32) /* runs are counted, and somebody is interrupted */
static volatile uint8_t interrupted;
static uint32_t invalid_word;
static uint64_t polled[128];
static int poll_answer;
static int64_t torture_counter;
static struct jit_exit *rig_exit;
static struct jit_exit_state rig_state;
static const struct jit_resume_frame *linked_frames;
static uint32_t linked_n;
static int link_answer;

static uint64_t rig_value(const struct jit_exit_state *st, const struct jit_exit *e, uint32_t i)
{
    const struct jit_slot_val *sv = &jit_exit_slots(e)[i];
    if (jit_ref_is_const(sv->ref)) return e->code->consts[sv->ref & ~JIT_K].bits;
    jit_loc loc = jit_exit_locs(e)[i];
    cr_assert_neq(loc, JIT_LOC_NONE);
    if (loc < JIT_LOC_XMM) return st->gpr[loc];
    if (loc >= JIT_LOC_SPILL) return st->spill[loc - JIT_LOC_SPILL];
    uint64_t bits;
    memcpy(&bits, &st->xmm[loc - JIT_LOC_XMM], 8);
    return bits;
}

static void rig_handler(struct jit_exit_state *st)
{
    struct jit_exit *e = st->exit;
    rig_exit = e;
    rig_state = *st;
    struct rig_slot *base = (struct rig_slot *)st->gpr[14];
    cr_assert_eq((void *)st->gpr[15], (void *)&ctx);
    for (uint32_t i = 0; i < e->nslots; i++) {
        if (jit_exit_slots(e)[i].ref != JIT_NOREF) base[jit_exit_slots(e)[i].slot].bits = rig_value(st, e, i);
        base[jit_exit_slots(e)[i].slot].tag = (uint8_t)jit_exit_slots(e)[i].tag;
    }
    struct unit *u = (struct unit *)e->code->trace;
    if (!(uint16_t)poll_word && !u->counted) return;
    if (e->batch) *u->runs += jit_exit_rounds(e, st);
    for (const struct jit_owed *o = u->code.owed; o; o = o->up) {
        ++*((struct unit *)o->trace)->runs;
        if (o->from) *((struct unit *)o->from->code->trace)->runs += o->from->batch - st->left;
    }
}

static int rig_poll(struct jit_trace *t, int which)
{
    polled[which & 127]++;
    /* all that a C function may destroy */
    __asm__ volatile("mov $-1, %%rax\n mov %%rax, %%rcx\n mov %%rax, %%rdx\n mov %%rax, %%rsi\n mov %%rax, %%rdi\n mov %%rax, %%r8\n"
                     "mov %%rax, %%r9\n mov %%rax, %%r10\n mov %%rax, %%r11\n" ::
                         : "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11");
    __asm__ volatile("pxor %%xmm0, %%xmm0\n pxor %%xmm1, %%xmm1\n pxor %%xmm2, %%xmm2\n pxor %%xmm7, %%xmm7\n pxor %%xmm14, %%xmm14\n" ::
                         : "xmm0", "xmm1", "xmm2", "xmm7", "xmm14");
    return poll_answer;
}

static int rig_link(void *c, const struct jit_resume_frame *frames, uint32_t n)
{
    cr_assert_eq(c, (void *)&ctx);
    linked_frames = frames;
    linked_n = n;
    if (!link_answer) ctx.base = mem.frame + frames[n - 1].base;
    return link_answer;
}

/* ---- descriptors of the rig's memory ---- */
#define RIG_FIELD(n, t, sz, off, fl) \
    { \
        .name = #n, .kind = JIT_D_FIELD, .type = t, .size = sz, .offset = off, .flags = fl \
    }
#define RIG_ARRAY(n, t, sz, st, off, fl) \
    { \
        .name = #n, .kind = JIT_D_ARRAY, .type = t, .size = sz, .stride = st, .offset = off, .flags = fl \
    }
#define OFF(m) (int32_t) offsetof(struct rig_memory, m)
static const struct jit_descr rig_descrs[] = {
    RIG_FIELD(f8, 'i', 8, OFF(ints[3]), 0),
    RIG_FIELD(ff, 'f', 8, OFF(floats[3]), 0),
    RIG_FIELD(fr, 'r', 8, OFF(ptrs[3]), 0),
    RIG_FIELD(u1, 'i', 1, OFF(bytes[1]), 0),
    RIG_FIELD(u2, 'i', 2, OFF(bytes[2]), 0),
    RIG_FIELD(u4, 'i', 4, OFF(bytes[4]), 0),
    RIG_FIELD(s1, 'i', 1, OFF(bytes[9]), JIT_DF_SIGNED),
    RIG_FIELD(s2, 'i', 2, OFF(bytes[10]), JIT_DF_SIGNED),
    RIG_FIELD(s4, 'i', 4, OFF(bytes[12]), JIT_DF_SIGNED),
    RIG_ARRAY(a8, 'i', 8, 8, OFF(ints), 0),
    RIG_ARRAY(af, 'f', 8, 8, OFF(floats), 0),
    RIG_ARRAY(ar, 'r', 8, 8, OFF(ptrs), 0),
    RIG_ARRAY(a1, 'i', 1, 1, OFF(bytes), 0),
    RIG_ARRAY(a2, 'i', 2, 2, OFF(bytes), JIT_DF_SIGNED),
    RIG_ARRAY(a4, 'i', 4, 4, OFF(bytes), 0),
    RIG_ARRAY(a16, 'i', 8, 16, OFF(ints), 0),
    RIG_ARRAY(a24, 'i', 8, 24, OFF(ints), 0),
    RIG_ARRAY(a40, 'f', 8, 40, OFF(floats), 0),
    RIG_FIELD(slot, 'i', 8, 0, 0),
    RIG_ARRAY(a56, 'i', 8, 56, OFF(ints), 0),
    RIG_ARRAY(a3, 'i', 1, 3, OFF(bytes), 0),
    RIG_ARRAY(a12, 'i', 4, 12, OFF(bytes), JIT_DF_SIGNED),
};
enum { RIG_NMEM = sizeof rig_descrs / sizeof *rig_descrs };

static uint64_t hash_in(uint64_t v)
{
    mem.calls++;
    mem.call_hash = (mem.call_hash ^ v) * 0x9e3779b97f4a7c15u;
    return mem.call_hash;
}
static void destroy(void)
{
    __asm__ volatile("mov $0x5a5a5a5a, %%rax\n mov %%rax, %%rcx\n mov %%rax, %%rdx\n mov %%rax, %%rsi\n mov %%rax, %%rdi\n mov %%rax, %%r8\n"
                     "mov %%rax, %%r9\n mov %%rax, %%r10\n mov %%rax, %%r11\n movq %%rax, %%xmm0\n movq %%rax, %%xmm1\n movq %%rax, %%xmm2\n"
                     "movq %%rax, %%xmm3\n movq %%rax, %%xmm4\n movq %%rax, %%xmm5\n movq %%rax, %%xmm6\n movq %%rax, %%xmm7\n"
                     "movq %%rax, %%xmm8\n movq %%rax, %%xmm9\n movq %%rax, %%xmm10\n movq %%rax, %%xmm11\n movq %%rax, %%xmm12\n"
                     "movq %%rax, %%xmm13\n movq %%rax, %%xmm14\n movq %%rax, %%xmm15\n" ::
                         : "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5",
                           "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
}
static uint64_t fbits(double f)
{
    uint64_t b;
    memcpy(&b, &f, 8);
    return f != f ? 1 : b;
}
static void c_n(int64_t a)
{
    hash_in((uint64_t)a);
    destroy();
}
static int64_t c_i(int64_t a, int64_t b)
{
    int64_t r = (int64_t)(hash_in((uint64_t)a * 3 + (uint64_t)b) >> 40);
    destroy();
    return r;
}
static double c_f(double a, int64_t b)
{
    double r = (double)(int64_t)(hash_in(fbits(a) + (uint64_t)b) >> 50);
    destroy();
    return r;
}
static void *c_r(void *p, int64_t a)
{
    hash_in((uint64_t)a);
    destroy();
    return p;
}
static int64_t c_many(int64_t a, int64_t b, int64_t c, int64_t d, int64_t e, int64_t f, int64_t g, int64_t h, int64_t i)
{
    static const uint64_t k[9] = {1, 2, 3, 5, 7, 11, 13, 17, 19};
    const int64_t all[9] = {a, b, c, d, e, f, g, h, i};
    uint64_t v = 0;
    for (int n = 0; n < 9; n++) v += k[n] * (uint64_t)all[n];
    int64_t r = (int64_t)(hash_in(v) >> 30);
    destroy();
    return r;
}
static double c_floats(double a, double b, double c, double d, double e, double f, double g, double h, double i, double j, int64_t k)
{
    uint64_t v = 0;
    double all[10] = {a, b, c, d, e, f, g, h, i, j};
    for (int n = 0; n < 10; n++) v = v * 31 + fbits(all[n]);
    double r = (double)(hash_in(v + (uint64_t)k) >> 44);
    destroy();
    return r;
}
static uint64_t sync_sum(void)
{
    uint64_t v = ctx.sync ? ctx.sync->nframes : 0;
    for (int i = 0; i < 48; i++) v = v * 31 + (mem.frame[i].tag == 2 ? fbits(mem.frame[i].f) : mem.frame[i].bits) + mem.frame[i].tag;
    return v;
}
static int64_t c_sync(int64_t a)
{
    int64_t r = (int64_t)(hash_in(sync_sum() + (uint64_t)a) >> 48);
    destroy();
    return r;
}

#define RIG_CALL(n, t, as, ef) \
    { \
        .name = #n, .kind = JIT_D_CALL, .type = t, .args = as, .effects = ef \
    }
static const struct jit_descr rig_calls[] = {
    RIG_CALL(c_n, 'v', "i", JIT_EF_KEEP),
    RIG_CALL(c_i, 'i', "ii", JIT_EF_KEEP),
    RIG_CALL(c_f, 'f', "fi", JIT_EF_KEEP),
    RIG_CALL(c_r, 'r', "ri", JIT_EF_KEEP | JIT_EF_MOVES),
    RIG_CALL(c_many, 'i', "iiiiiiiii", JIT_EF_KEEP),
    RIG_CALL(c_floats, 'f', "ffffffffffi", JIT_EF_KEEP),
    RIG_CALL(c_sync, 'i', "i", JIT_EF_SYNC),
};
static void *const rig_fns[] = {c_n, c_i, c_f, c_r, c_many, c_floats, c_sync};
enum { RIG_NCALLS = sizeof rig_calls / sizeof *rig_calls };

static const struct jit_descr *rig_all[RIG_NMEM + RIG_NCALLS + 1];

static void rig_setup(void)
{
    memset(&mem, 0, sizeof mem);
    ctx = (struct rig_ctx){.base = mem.frame, .stack_end = (char *)(mem.frame + RIG_SLOTS)};
    be = (struct jit_backend){.area = &area, .exit_handler = rig_handler, .poll_handler = rig_poll, .link_frames = rig_link, .poll_word = &poll_word, .layout = {.slot_size = 16, .payload_off = 0, .tag_off = 8, .tag_size = 1, .ctx_base_off = offsetof(struct rig_ctx, base), .ctx_resume_off = offsetof(struct rig_ctx, sync), .ctx_stack_end_off = offsetof(struct rig_ctx, stack_end)}};
    cr_assert_eq(code_area_init(&area, (const void *)rig_setup, 4 << 20), 0);
    cr_assert_eq(jit_backend_init(&be), 0);
    for (int i = 0; i < RIG_NMEM; i++) rig_all[i] = &rig_descrs[i];
    for (int i = 0; i < RIG_NCALLS; i++) rig_all[RIG_NMEM + i] = &rig_calls[i];
    poll_word = 0, invalid_word = 0, poll_answer = 0, link_answer = 0, linked_frames = NULL, linked_n = 0;
    memset(polled, 0, sizeof polled);
}

/* Machine code counts, as it does for a real guest. */
static void rig_counts(int batch)
{
    be.interrupt = &interrupted;
    be.counted_off = offsetof(struct unit, counted);
    be.entries_off = offsetof(struct unit, entries);
    be.runs_off = offsetof(struct unit, runs);
    be.owed_off = offsetof(struct unit, code.owed);
    be.batch = (uint16_t)batch;
    interrupted = 0;
}

static void rig_fini(void)
{
    code_area_fini(&area);
}

/* A unit stands for its trace, too. */
static void unit_compile(struct unit *u, const struct jit_exit *parent, const struct unit *target)
{
    struct jit_target to = {.trace = (const struct jit_trace *)target, .code = target ? &target->code : NULL};
    char err[200];
    if (!jit_ir_verify(&u->ir, err, sizeof err)) {
        jit_ir_dump(&u->ir, err);
        cr_assert_fail("%s", err);
    }
    u->why = jit_backend_compile(&be, &u->ir, (struct jit_trace *)u, parent, &invalid_word, target ? &to : NULL, &u->arena, &u->code);
}

static void unit_begin(struct unit *u, int kind)
{
    jit_arena_init(&u->arena);
    jit_ir_init(&u->ir, &u->arena, kind);
    u->counted = false;
    u->e = u->lb = 0, u->entries = &u->e, u->runs = &u->lb;
}

static void unit_end(struct unit *u)
{
    jit_backend_free(&be, &u->code);
    jit_arena_fini(&u->arena);
}

static struct jit_exit *unit_run(struct unit *u)
{
    rig_exit = NULL;
    ctx.base = mem.frame;
    if ((uint16_t)poll_word || u->counted) ++*u->entries;
    struct jit_exit *e = ((jit_enter_fn)(uintptr_t)be.enter)(&ctx, mem.frame, u->code.entry);
    cr_assert_eq(e, rig_exit);
    return e;
}

/* ---- the evaluator ---- */
union rig_val {
    int64_t i;
    uint64_t u;
    double f;
    char *p;
};

static union rig_val ev_ref(const struct jit_ir *ir, const union rig_val *v, jit_ref r)
{
    if (!jit_ref_is_const(r)) return v[r];
    return (union rig_val){.u = jit_ref_const(ir, r)->bits};
}
static int64_t ev_floordiv(int64_t a, int64_t b)
{
    if (b == -1) return (int64_t)(0 - (uint64_t)a);
    int64_t q = a / b;
    return q - (a % b != 0 && ((a % b) ^ b) < 0);
}
static int64_t ev_mod(int64_t a, int64_t b)
{
    if (b == -1) return 0;
    int64_t m = a % b;
    return m != 0 && (m ^ b) < 0 ? m + b : m;
}
static int64_t ev_toint(double f)
{
    return f >= -0x1p63 && f < 0x1p63 ? (int64_t)f : INT64_MIN;
}

static union rig_val ev_pure(int opc, union rig_val a, union rig_val b)
{
    union rig_val r = {.u = 0};
    switch (opc) {
    case JIT_int_add:
    case JIT_int_add_ptr: r.u = a.u + b.u; break;
    case JIT_int_sub: r.u = a.u - b.u; break;
    case JIT_int_mul: r.u = a.u * b.u; break;
    case JIT_int_neg: r.u = 0 - a.u; break;
    case JIT_int_and: r.u = a.u & b.u; break;
    case JIT_int_or: r.u = a.u | b.u; break;
    case JIT_int_xor: r.u = a.u ^ b.u; break;
    case JIT_int_invert: r.u = ~a.u; break;
    case JIT_int_lshift: r.u = a.u << b.u; break;
    case JIT_int_rshift: r.i = a.i >> b.u; break;
    case JIT_uint_rshift: r.u = a.u >> b.u; break;
    case JIT_int_floordiv: r.i = ev_floordiv(a.i, b.i); break;
    case JIT_int_mod: r.i = ev_mod(a.i, b.i); break;
    case JIT_int_lt: r.i = a.i < b.i; break;
    case JIT_int_le: r.i = a.i <= b.i; break;
    case JIT_int_gt: r.i = a.i > b.i; break;
    case JIT_int_ge: r.i = a.i >= b.i; break;
    case JIT_int_eq:
    case JIT_ptr_eq: r.i = a.i == b.i; break;
    case JIT_int_ne:
    case JIT_ptr_ne: r.i = a.i != b.i; break;
    case JIT_uint_lt: r.i = a.u < b.u; break;
    case JIT_uint_le: r.i = a.u <= b.u; break;
    case JIT_uint_gt: r.i = a.u > b.u; break;
    case JIT_uint_ge: r.i = a.u >= b.u; break;
    case JIT_int_is_zero: r.i = a.i == 0; break;
    case JIT_int_is_true: r.i = a.i != 0; break;
    case JIT_float_add: r.f = a.f + b.f; break;
    case JIT_float_sub: r.f = a.f - b.f; break;
    case JIT_float_mul: r.f = a.f * b.f; break;
    case JIT_float_truediv: r.f = a.f / b.f; break;
    case JIT_float_neg: r.f = -a.f; break;
    case JIT_float_abs: r.f = fabs(a.f); break;
    case JIT_float_sqrt: r.f = sqrt(a.f); break;
    case JIT_float_floor: r.f = floor(a.f); break;
    case JIT_float_ceil: r.f = ceil(a.f); break;
    case JIT_float_lt: r.i = a.f < b.f; break;
    case JIT_float_le: r.i = a.f <= b.f; break;
    case JIT_float_eq: r.i = a.f == b.f; break;
    case JIT_float_ne: r.i = a.f != b.f; break;
    case JIT_float_gt: r.i = a.f > b.f; break;
    case JIT_float_ge: r.i = a.f >= b.f; break;
    case JIT_cast_int_to_float: r.f = (double)a.i; break;
    case JIT_cast_float_to_int: r.i = ev_toint(a.f); break;
    case JIT_convert_float_bytes_to_longlong:
    case JIT_convert_longlong_bytes_to_float:
    case JIT_cast_ptr_to_int:
    case JIT_cast_int_to_ptr:
    case JIT_same_as_i:
    case JIT_same_as_f:
    case JIT_same_as_r:
        r = a;
        break;
    default: cr_assert_fail("evaluator: operation %s", jit_opinfo[opc].name);
    }
    return r;
}

static union rig_val ev_load(const struct jit_descr *d, const char *p)
{
    union rig_val r = {.u = 0};
    memcpy(&r.u, p, d->size);
    if (d->flags & JIT_DF_SIGNED) r.i = d->size == 1 ? (int8_t)r.i : d->size == 2 ? (int16_t)r.i
                                                                                  : (int32_t)r.i;
    return r;
}
static void ev_store(const struct jit_descr *d, char *p, union rig_val v)
{
    memcpy(p, &v.u, d->size);
}
static void ev_write(const struct jit_ir *ir, const union rig_val *v, uint32_t resume)
{
    const struct jit_resume *r = &ir->resumes.v[resume];
    for (uint32_t i = 0; i < r->nslots; i++) {
        const struct jit_slot_val *sv = &ir->slots.v[r->slots + i];
        if (sv->ref != JIT_NOREF) mem.frame[sv->slot].bits = ev_ref(ir, v, sv->ref).u;
        mem.frame[sv->slot].tag = (uint8_t)sv->tag;
    }
}
static union rig_val ev_call(const struct jit_ir *ir, const struct jit_op *op, const union rig_val *v)
{
    union rig_val a[12] = {{0}}, r = {.u = 0};
    const jit_ref *args = jit_op_args(ir, op);
    for (unsigned i = 1; i < op->nargs; i++) a[i - 1] = ev_ref(ir, v, args[i]);
    void *fn = jit_ref_const(ir, args[0])->p;
    if (op->descr->effects & JIT_EF_SYNC) {
        static struct jit_sync s;
        ev_write(ir, v, op->resume);
        s.nframes = ir->resumes.v[op->resume].nframes;
        ctx.sync = &s;
    }
    if (fn == c_n) c_n(a[0].i);
    else if (fn == c_i) r.i = c_i(a[0].i, a[1].i);
    else if (fn == c_f) r.f = c_f(a[0].f, a[1].i);
    else if (fn == c_r) r.p = c_r(a[0].p, a[1].i);
    else if (fn == c_many) r.i = c_many(a[0].i, a[1].i, a[2].i, a[3].i, a[4].i, a[5].i, a[6].i, a[7].i, a[8].i);
    else if (fn == c_floats) r.f = c_floats(a[0].f, a[1].f, a[2].f, a[3].f, a[4].f, a[5].f, a[6].f, a[7].f, a[8].f, a[9].f, a[10].i);
    else r.i = c_sync(a[0].i);
    return r;
}

static uint64_t ev_rounds; /* jumps back to the label */
static int64_t ev_torture; /* > 0: guards that hold count down and fail at zero */
static const union rig_val *ev_parent; /* of a bridge: the parent's values */
static const struct jit_ir *ev_parent_ir;
static const struct jit_exit *ev_parent_exit;

/* Runs ir on `mem`; returns the operation at which it left and writes that one's slots. */
static uint32_t evaluate(const struct jit_ir *ir, union rig_val *v)
{
    uint32_t label = jit_ir_label(ir);
    ev_rounds = 0;
    for (uint32_t n = 0;; n++) {
        const struct jit_op *op = &ir->ops.v[n];
        const jit_ref *args = jit_op_args(ir, op);
        union rig_val a = op->nargs > 0 ? ev_ref(ir, v, args[0]) : (union rig_val){0}, b = op->nargs > 1 ? ev_ref(ir, v, args[1]) : (union rig_val){0};
        bool leave = false;
        switch (op->opcode) {
        case JIT_label:
        case JIT_debug_merge_point: break;
        case JIT_getframe_i:
        case JIT_getframe_f:
        case JIT_getframe_r: v[n].u = mem.frame[a.i].bits; break;
        case JIT_getframetag: v[n].u = mem.frame[a.i].tag; break;
        case JIT_inputarg_i:
        case JIT_inputarg_f:
        case JIT_inputarg_r:
            v[n] = ev_ref(ev_parent_ir, ev_parent, jit_exit_slots(ev_parent_exit)[a.i].ref);
            break;
        case JIT_getcontext: v[n].p = (char *)&ctx; break;
        case JIT_getframeaddr: v[n].p = (char *)(mem.frame + a.i); break;
        case JIT_getfield_gc_i:
        case JIT_getfield_gc_f:
        case JIT_getfield_gc_r: v[n] = ev_load(op->descr, a.p + op->descr->offset); break;
        case JIT_setfield_gc: ev_store(op->descr, a.p + op->descr->offset, b); break;
        case JIT_getarrayitem_gc_i:
        case JIT_getarrayitem_gc_f:
        case JIT_getarrayitem_gc_r:
            v[n] = ev_load(op->descr, a.p + op->descr->offset + b.i * op->descr->stride);
            break;
        case JIT_setarrayitem_gc: ev_store(op->descr, a.p + op->descr->offset + b.i * op->descr->stride, ev_ref(ir, v, args[2])); break;
        case JIT_call_n:
        case JIT_call_i:
        case JIT_call_f:
        case JIT_call_r: v[n] = ev_call(ir, op, v); break;
        case JIT_guard_true:
        case JIT_guard_nonnull: leave = !a.u; break;
        case JIT_guard_false:
        case JIT_guard_isnull: leave = a.u; break;
        case JIT_guard_value: leave = a.u != b.u; break;
        case JIT_guard_not_invalidated: leave = invalid_word; break;
        case JIT_guard_always_fails: leave = true; break;
        case JIT_guard_stack: leave = (char *)(mem.frame + a.i) > ctx.stack_end; break;
        case JIT_increment_counter: ++*(uint64_t *)a.p; break;
        case JIT_jump:
            if (ir->link != JIT_LINK_LOOP) {
                leave = true;
                break;
            }
            cr_assert_neq(label, JIT_NOREF);
            union rig_val next[128];
            for (unsigned i = 0; i < op->nargs; i++) next[i] = ev_ref(ir, v, args[i]);
            for (unsigned i = 0; i < op->nargs; i++) v[jit_op_args(ir, &ir->ops.v[label])[i]] = next[i];
            n = label;
            ev_rounds++;
            break;
        default: v[n] = ev_pure(op->opcode, a, b);
        }
        if (jit_op_is_guard(op) && !leave && ev_torture > 0) leave = --ev_torture == 0;
        if (leave) {
            ev_write(ir, v, op->resume);
            return n;
        }
    }
}
#endif
