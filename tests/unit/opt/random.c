/* The optimizer against random programs.
 *
 * A tiny dynamically typed language (slots, objects, branches, calls) has an interpreter and a
 * recorder, both below. Each seed makes a program that is one loop, runs it in the interpreter, then
 * again with its recorded and optimized trace: at the loop's head the trace is entered and evaluated
 * (eval.h), at its exits the interpreter goes on from the resume data. Frames and memory must end
 * up bit for bit equal. Passes are switched off at random; the verifier runs after every step.
 *
 *   OPT_SEED=n   one seed, with all its traces on stderr
 *   OPT_SEEDS=n  that many (default 6000)
 */
#include <criterion/criterion.h>
#include <stdarg.h>

#include "eval.h"
#include "jitstat/stats.h"
#include "opt/chain.h"

/* ---- the language ---- */

enum { NIL,
       INT = 3,
       FLT = 4,
       OBJ = 5 };
enum { NSLOTS = 9,
       NOBJ = 2048,
       NELEM = 4,
       NFIRST = 6,
       MAXINS = 24 };

struct element {
    int64_t i;
    double f;
};
struct object {
    int64_t i;
    double f;
    struct object *r;
    int64_t imm;
    uint32_t u4, len;
    int16_t s2;
    uint8_t u1;
    struct element elem[NELEM], *more; /* more: memory of its own, as long */
};

enum { A_I = 1,
       A_F,
       A_R,
       A_SMALL,
       A_LEN,
       A_ELEM,
       A_IMM };
#define FIELD(nm, ty, member, al, fl) \
    static const struct jit_descr d_##member = {.name = nm, .kind = JIT_D_FIELD, .type = ty, .size = sizeof((struct object){0}).member, .flags = fl, .offset = offsetof(struct object, member), .alias = al}
FIELD("o.i", 'i', i, A_I, 0);
FIELD("o.f", 'f', f, A_F, 0);
FIELD("o.r", 'r', r, A_R, 0);
FIELD("o.imm", 'i', imm, A_IMM, JIT_DF_IMMUTABLE);
FIELD("o.u4", 'i', u4, A_SMALL, 0);
FIELD("o.s2", 'i', s2, A_SMALL, JIT_DF_SIGNED);
FIELD("o.u1", 'i', u1, A_SMALL, 0);
FIELD("o.len", 'i', len, A_LEN, 0);
FIELD("o.more", 'r', more, A_LEN, 0);
static const struct jit_descr d_mi = {.name = "m.i", .kind = JIT_D_ARRAY, .type = 'i', .size = 8, .offset = 0, .stride = 16, .alias = A_ELEM};
static const struct jit_descr d_mf = {.name = "m.f", .kind = JIT_D_ARRAY, .type = 'f', .size = 8, .offset = 8, .stride = 16, .alias = A_ELEM};
static const struct jit_descr d_ei = {.name = "e.i", .kind = JIT_D_ARRAY, .type = 'i', .size = 8, .offset = offsetof(struct object, elem), .stride = 16, .alias = A_ELEM};
static const struct jit_descr d_ef = {.name = "e.f", .kind = JIT_D_ARRAY, .type = 'f', .size = 8, .offset = offsetof(struct object, elem) + 8, .stride = 16, .alias = A_ELEM};
static const struct jit_made_cell new_cells[] = {{&d_i, -1, 0}, {&d_r, -1, 0}, {&d_u4, -1, 0}, {&d_s2, -1, 0}, {&d_u1, -1, 0}, {&d_len, -1, NELEM}};
static const struct jit_descr *const new_parts[] = {&d_more};
static const struct jit_made new_made = {.cells = new_cells, .ncells = 6, .parts = new_parts, .nparts = 1, .bytes = 8};
static const struct jit_descr c_new = {.name = "new", .kind = JIT_D_CALL, .type = 'r', .args = "", .effects = JIT_EF_ALLOC, .made = &new_made};
static const struct jit_descr c_hash = {.name = "hash", .kind = JIT_D_CALL, .type = 'i', .args = "ii"};
static const struct jit_descr c_sum = {.name = "sum", .kind = JIT_D_CALL, .type = 'i', .args = "r", .effects = JIT_EF_READS, .reads = 1 << A_I | 1 << A_SMALL};
static const struct jit_descr c_mix = {.name = "mix", .kind = JIT_D_CALL, .type = 'v', .args = "ri", .effects = JIT_EF_READS | JIT_EF_WRITES, .reads = 1 << A_I | 1 << A_R, .writes = 1 << A_I};
static const struct jit_descr c_link = {.name = "link", .kind = JIT_D_CALL, .type = 'v', .args = "rr", .effects = JIT_EF_WRITES, .writes = 1 << A_R};
static const struct jit_descr c_sync = {.name = "sync", .kind = JIT_D_CALL, .type = 'i', .args = "i", .effects = JIT_EF_SYNC};

struct machine {
    struct eval_world w; /* first: functions get it */
    struct object heap[NOBJ];
    struct element more[NOBJ][NELEM];
    uint32_t nobj;
    int64_t class_const; /* what a trace treats as constant until w.invalid */
};
static struct machine vm, start, expected;

static uint64_t fn_new(struct eval_world *w, const uint64_t *a)
{
    struct machine *m = (struct machine *)w;
    (void)a;
    assert(m->nobj < NOBJ);
    struct object *o = &m->heap[m->nobj++];
    o->len = NELEM;
    o->more = m->more[o - m->heap];
    return (uint64_t)(uintptr_t)o;
}
static uint64_t fn_hash(struct eval_world *w, const uint64_t *a)
{
    (void)w;
    return (a[0] * 31 ^ a[1]) & 0xffff;
}
static uint64_t fn_sum(struct eval_world *w, const uint64_t *a)
{
    const struct object *o = (const struct object *)(uintptr_t)a[0];
    (void)w;
    return (uint64_t)o->i + o->u4 + (uint64_t)o->s2;
}
static uint64_t fn_mix(struct eval_world *w, const uint64_t *a)
{
    struct object *o = (struct object *)(uintptr_t)a[0];
    (void)w;
    o->i = (int64_t)((uint64_t)o->i * 3 + a[1]);
    if (o->r) o->r->i ^= 1;
    return 0;
}
static uint64_t fn_link(struct eval_world *w, const uint64_t *a)
{
    struct machine *m = (struct machine *)w;
    ((struct object *)(uintptr_t)a[0])->r = (struct object *)(uintptr_t)a[1];
    m->heap[0].r = (struct object *)(uintptr_t)a[1];
    return 0;
}
/* Sees the whole frame, its objects and those that were there at the start; changes some, now and then the class constant.
 * (Others may have been removed.) */
static uint64_t fn_sync(struct eval_world *w, const uint64_t *a)
{
    struct machine *m = (struct machine *)w;
    uint64_t h = a[0];
    for (int i = 0; i < NSLOTS; i++)
        h = (h ^ w->tag[i]) * 31 + (w->tag[i] == INT || w->tag[i] == FLT ? w->payload[i] : 0);
    for (uint32_t i = 0; i < NFIRST; i++)
        h = h * 7 + (uint64_t)m->heap[i].i + m->heap[i].u1;
    for (int i = 0; i < NSLOTS; i++)
        if (w->tag[i] == OBJ)
            h = h * 5 + (uint64_t)((struct object *)(uintptr_t)w->payload[i])->i;
    struct object *o = &m->heap[h % NFIRST];
    o->i = (int64_t)(h >> 8 & 0xff);
    o->u1 = (uint8_t)h;
    if (h % 11 == 0) {
        m->class_const++;
        w->invalid = 1;
    }
    return h >> 4 & 0xfff;
}

enum kind { MOVE,
            SET_I,
            SET_F,
            SET_NIL,
            ARITH,
            ARITH_K,
            UNARY,
            TO_F,
            TO_I,
            LESS,
            LESS_K,
            SAME,
            TRUTHY,
            GET,
            PUT,
            AGET,
            APUT,
            NEW,
            HASH,
            SUM,
            MIX,
            LINK,
            SYNC,
            CLASS,
            NKINDS };
struct ins {
    uint8_t kind, op, dst, a, b, skip;
    int64_t k;
    double f;
};
static struct ins prog[MAXINS + 1];
static int nprog;

/* ---- random numbers ---- */

static uint64_t rng;
static uint32_t rnd(uint32_t n)
{
    rng ^= rng << 13, rng ^= rng >> 7, rng ^= rng << 17;
    return (uint32_t)((rng >> 20) % n);
}
static int profile;
static int64_t rnd_k(void)
{
    if (profile == 3 && rnd(2)) return (int64_t)((uint64_t)1 << (59 + rnd(5)));
    static const int64_t odd[] = {0, 1, -1, 2, 4, 8, 3, -2, 7, 255, 256, INT64_MAX, INT64_MIN, 1ll << 53, 1ll << 32, 65535};
    return rnd(3) ? odd[rnd(16)] : (int64_t)rnd(40) - 20;
}
static double rnd_f(void)
{
    static const double odd[] = {0.0, -0.0, 1.0, -1.0, 2.0, 0.5, 0.25, 3.0, 1e300, -1e300, 1e-310, 0.1, 4.0, INFINITY, 9007199254740993.0, -2.5};
    return odd[rnd(16)];
}

/* What a program is mostly about; with few slots and cells, so that things meet. */
static const uint8_t about_heap[] = {GET, GET, GET, PUT, PUT, PUT, MOVE, NEW, SUM, MIX, LINK, SAME, ARITH_K, PUT, GET, TRUTHY, LESS_K, PUT};
static const uint8_t about_arrays[] = {AGET, AGET, APUT, APUT, APUT, ARITH_K, LESS, MOVE, GET, NEW, LESS_K, APUT};
static const uint8_t about_order[] = {LESS, LESS, LESS_K, LESS_K, ARITH_K, ARITH_K, MOVE, SET_I, TRUTHY, ARITH, UNARY};
static const uint8_t about_doubles[] = {TO_F, TO_I, ARITH, ARITH, LESS, LESS, UNARY, UNARY, SET_F, MOVE, ARITH_K};
static struct {
    const uint8_t *kinds;
    unsigned n;
} const profiles[] = {
    {NULL, NKINDS}, {about_heap, sizeof about_heap}, {about_arrays, sizeof about_arrays}, {about_order, sizeof about_order}, {about_doubles, sizeof about_doubles}};
static const struct jit_descr *fields[4];

static void tame(struct ins *p)
{
    if (p->kind == GET || p->kind == PUT || p->kind == AGET || p->kind == APUT || p->kind == SUM || p->kind == MIX || p->kind == LINK || p->kind == SAME) p->a = (uint8_t)(7 + rnd(2));
    if (p->kind == LINK || p->kind == SAME) p->b = (uint8_t)(7 + rnd(2));
    if (p->kind == NEW) p->dst = (uint8_t)(7 + rnd(2));
    if (p->kind == GET) p->dst = (uint8_t)(fields[p->op % 4]->type == 'i' ? 2 + rnd(3) : fields[p->op % 4]->type == 'f' ? 5 + rnd(2)
                                                                                                                        : 7 + rnd(2));
    if (p->kind == AGET || p->kind == APUT) p->dst = (uint8_t)(p->op & 8 ? 5 + rnd(2) : 2 + rnd(3)), p->b = (uint8_t)rnd(4);
    if (p->kind == ARITH_K || p->kind == HASH || p->kind == SUM || p->kind == CLASS || p->kind == SET_I || p->kind == SYNC) p->dst = (uint8_t)(2 + rnd(3));
    if (p->kind == ARITH_K || p->kind == LESS_K || p->kind == TRUTHY) p->a = (uint8_t)rnd(5);
    if (p->kind == ARITH || p->kind == LESS) p->a = (uint8_t)rnd(rnd(3) ? 5 : 7), p->b = (uint8_t)rnd(rnd(3) ? 5 : 7);
    if (p->kind == MOVE || p->kind == UNARY) p->a = p->dst > 6 ? (uint8_t)(7 + rnd(2)) : p->dst > 4 ? (uint8_t)(5 + rnd(2))
                                                                                                    : (uint8_t)rnd(5);
    if (p->kind == TO_F || p->kind == SET_F || (p->kind == ARITH && (p->a > 4 || p->b > 4))) p->dst = (uint8_t)(5 + rnd(2));
    else if (p->kind == ARITH || p->kind == TO_I) p->dst = (uint8_t)(2 + rnd(3));
    if (profile == 3 && (p->kind == LESS || p->kind == LESS_K)) p->a = (uint8_t)(2 * rnd(2) + rnd(2) / 2), p->b = 2 + 1 * (p->a == 2);
    if (profile == 3 && p->kind == ARITH_K) p->a = (uint8_t)(2 + rnd(2)), p->dst = rnd(3) ? p->a : 5 - p->a;
    if (profile == 4 && p->kind == TO_I) p->a = (uint8_t)(5 + rnd(2));
    if (profile == 4 && p->kind == LESS) p->a = (uint8_t)(5 + rnd(2)), p->b = (uint8_t)(5 + rnd(2));
    if (profile == 4 && p->kind == UNARY) p->dst = p->a = (uint8_t)(5 + rnd(2));
    if (profile == 4 && p->kind == ARITH && rnd(2)) p->dst = 5, p->a = (uint8_t)(5 + rnd(2)), p->b = (uint8_t)(5 + rnd(2));
}

static void make_program(void)
{
    static const struct jit_descr *const all[] = {&d_i, &d_f, &d_r, &d_u4, &d_s2, &d_u1, &d_imm, &d_i, &d_i};
    profile = (int)rnd(5);
    for (int i = 0; i < 4; i++)
        fields[i] = i == 3 ? &d_r : all[rnd(profile == 1 && i ? 3 : 9)];
    nprog = 3 + (int)rnd(rnd(3) ? 10 : MAXINS - 3);
    for (int i = 0; i < nprog; i++) {
        struct ins *p = &prog[i];
        *p = (struct ins){.kind = (uint8_t)rnd(NKINDS), .op = (uint8_t)rnd(64), .dst = (uint8_t)(2 + rnd(NSLOTS - 2)), .a = (uint8_t)rnd(NSLOTS), .b = (uint8_t)rnd(NSLOTS), .skip = (uint8_t)(1 + rnd(3)), .k = rnd_k(), .f = rnd_f()};
        if (profiles[profile].kinds && rnd(10)) p->kind = profiles[profile].kinds[rnd(profiles[profile].n)];
        if (p->kind == SYNC && rnd(3)) p->kind = ARITH;
        if (p->kind == SET_NIL && rnd(3)) p->kind = GET;
        /* slots mostly keep their kinds: 2..4 integers, 5 6 doubles, 7 8 objects */
        if (rnd(12)) tame(p);
    }
}

static void make_state(void)
{
    memset(&vm, 0, sizeof vm);
    vm.class_const = rnd(10);
    for (int i = 0; i < NFIRST; i++) {
        struct object *o = (struct object *)(uintptr_t)fn_new(&vm.w, NULL);
        o->i = rnd_k(), o->f = rnd_f(), o->imm = rnd_k();
        o->u4 = rnd(1000), o->s2 = (int16_t)rnd(65536), o->u1 = (uint8_t)rnd(256);
        o->r = rnd(3) ? &vm.heap[rnd(6)] : NULL;
        for (int k = 0; k < NELEM; k++) o->elem[k].i = rnd_k(), o->elem[k].f = rnd_f();
    }
    for (int i = 0; i < NSLOTS; i++) {
        vm.w.tag[i] = i < 5 ? INT : i < 7 ? FLT
                                          : OBJ;
        vm.w.payload[i] = i < 5 ? (uint64_t)rnd_k() : i < 7 ? eval_b(rnd_f())
                                                            : (uint64_t)(uintptr_t)&vm.heap[rnd(6)];
    }
    vm.w.payload[0] = 0;
    vm.w.payload[1] = 10 + rnd(40);
}

/* ---- one instruction, executed and, if rec is set, recorded ---- */

struct slot {
    jit_ref ref;
    uint32_t tag;
    bool known, written;
};
struct rec {
    struct jit_ir ir;
    struct slot slot[NSLOTS];
    uint32_t resume; /* of the present pc */
    uint64_t pc;
};
static struct rec *rec; /* NULL: interpret only */

struct val {
    uint64_t bits;
    jit_ref ref;
};

static jit_ref ki(int64_t v) { return rec ? jit_ir_const_i(&rec->ir, v) : 0; }

static jit_ref emit(enum jit_opcode op, const struct jit_descr *d, uint32_t resume, unsigned n, ...)
{
    jit_ref args[4];
    va_list ap;
    if (!rec) return 0;
    va_start(ap, n);
    for (unsigned i = 0; i < n; i++) args[i] = va_arg(ap, jit_ref);
    va_end(ap);
    return jit_ir_emit(&rec->ir, op, args, n, d, resume);
}

static uint32_t capture(void)
{
    struct jit_ir *ir = &rec->ir;
    if (rec->resume != JIT_NORESUME) return rec->resume;
    struct jit_resume r = {.slots = ir->slots.n, .frames = ir->frames.n, .nframes = 1};
    bool room = jit_vec_reserve(ir->arena, &ir->slots, NSLOTS) && jit_vec_reserve(ir->arena, &ir->frames, 1) &&
                jit_vec_reserve(ir->arena, &ir->resumes, 1);
    cr_assert(room);
    for (int i = 0; i < NSLOTS; i++)
        if (rec->slot[i].written)
            ir->slots.v[ir->slots.n++] = (struct jit_slot_val){.slot = i, .ref = rec->slot[i].ref, .tag = rec->slot[i].tag}, r.nslots++;
    ir->frames.v[ir->frames.n++] = (struct jit_resume_frame){.pc = rec->pc};
    ir->resumes.v[ir->resumes.n] = r;
    return rec->resume = ir->resumes.n++;
}

static void guard(enum jit_opcode op, jit_ref a)
{
    if (rec) emit(op, NULL, capture(), 1, a);
}
static bool guard_cond(bool holds, jit_ref c)
{
    guard(holds ? JIT_guard_true : JIT_guard_false, c);
    return holds;
}

/* The slot's tag, guarded. */
static uint32_t tag_of(int s)
{
    if (rec && !rec->slot[s].known) {
        jit_ref t = emit(JIT_getframetag, NULL, JIT_NORESUME, 1, ki(s));
        emit(JIT_guard_value, NULL, capture(), 2, t, ki(vm.w.tag[s]));
        enum jit_opcode op = vm.w.tag[s] == INT ? JIT_getframe_i : vm.w.tag[s] == FLT ? JIT_getframe_f
                                                                                      : JIT_getframe_r;
        rec->slot[s] = (struct slot){vm.w.tag[s] == NIL ? JIT_NOREF : emit(op, NULL, JIT_NORESUME, 1, ki(s)), vm.w.tag[s], true, false};
    }
    return vm.w.tag[s];
}
static struct val read_slot(int s)
{
    return (struct val){vm.w.payload[s], rec ? rec->slot[s].ref : 0};
}
static void write_slot(int s, struct val v, uint32_t tag)
{
    vm.w.payload[s] = tag == NIL ? 0 : v.bits;
    vm.w.tag[s] = tag;
    if (rec) {
        rec->slot[s] = (struct slot){tag == NIL ? JIT_NOREF : v.ref, tag, true, true};
        rec->resume = JIT_NORESUME;
    }
}
static struct val pure1(enum jit_opcode op, struct val a)
{
    return (struct val){eval_pure(op, a.bits, 0), emit(op, NULL, JIT_NORESUME, 1, a.ref)};
}
static struct val pure2(enum jit_opcode op, struct val a, struct val b)
{
    return (struct val){eval_pure(op, a.bits, b.bits), emit(op, NULL, JIT_NORESUME, 2, a.ref, b.ref)};
}
static struct val const_i(int64_t k) { return (struct val){(uint64_t)k, ki(k)}; }

/* dst = x op y for two integers or two doubles. */
static void arith(const struct ins *p, uint32_t tag, struct val x, struct val y)
{
    static const uint8_t fs[] = {JIT_float_add, JIT_float_sub, JIT_float_mul, JIT_float_truediv};
    static const uint8_t is[] = {JIT_int_add, JIT_int_sub, JIT_int_mul, JIT_int_and, JIT_int_or, JIT_int_xor, JIT_int_add, JIT_int_sub};
    static const uint8_t cs[] = {JIT_int_lt, JIT_int_le, JIT_int_eq, JIT_int_ne, JIT_int_gt, JIT_int_ge, JIT_uint_lt, JIT_uint_le, JIT_uint_gt, JIT_uint_ge};
    if (tag == FLT) {
        write_slot(p->dst, pure2(fs[p->op % 4], x, y), FLT);
        return;
    }
    if (p->op >= 56) {
        write_slot(p->dst, pure2(cs[p->b % 10], x, y), INT);
        return;
    }
    write_slot(p->dst, pure2(is[p->op % 8], x, y), INT);
}

static void arith_k(const struct ins *p, struct val x)
{
    static const uint8_t ops[] = {JIT_int_lshift, JIT_int_rshift, JIT_uint_rshift, JIT_int_floordiv, JIT_int_mod, JIT_int_add, JIT_int_sub, JIT_int_mul, JIT_int_and, JIT_int_or};
    enum jit_opcode op = profile == 3 && p->op < 40 ? (p->op & 32 ? JIT_int_sub : JIT_int_add) : ops[p->op % 10];
    int64_t k = p->k;
    if (op == JIT_int_lshift || op == JIT_int_rshift || op == JIT_uint_rshift) k &= 63;
    if ((op == JIT_int_floordiv || op == JIT_int_mod) && k == 0) k = 5;
    bool swap = op >= JIT_int_add && op <= JIT_int_xor && op != JIT_int_sub && (p->op & 16);
    write_slot(p->dst, swap ? pure2(op, const_i(k), x) : pure2(op, x, const_i(k)), INT);
}

static void unary(const struct ins *p, uint32_t tag, struct val x)
{
    static const uint8_t fs[] = {JIT_float_neg, JIT_float_abs, JIT_float_floor, JIT_float_ceil};
    static const uint8_t is[] = {JIT_int_neg, JIT_int_invert, JIT_int_is_zero, JIT_int_is_true};
    write_slot(p->dst, pure1(tag == FLT ? fs[p->op % 4] : is[p->op % 4], x), tag);
}

static enum jit_opcode loader(char type, bool array)
{
    if (array) return type == 'i' ? JIT_getarrayitem_gc_i : JIT_getarrayitem_gc_f;
    return type == 'i' ? JIT_getfield_gc_i : type == 'f' ? JIT_getfield_gc_f
                                                         : JIT_getfield_gc_r;
}

static struct val load(const struct jit_descr *d, struct val o, struct val idx)
{
    struct jit_op op = {.descr = d, .nargs = 2};
    uint64_t a[2] = {o.bits, idx.bits};
    bool array = d->kind == JIT_D_ARRAY;
    return (struct val){eval_load(&op, a), array ? emit(loader(d->type, true), d, JIT_NORESUME, 2, o.ref, idx.ref) : emit(loader(d->type, false), d, JIT_NORESUME, 1, o.ref)};
}

static void store(const struct jit_descr *d, struct val o, struct val idx, struct val v)
{
    bool array = d->kind == JIT_D_ARRAY;
    struct jit_op op = {.descr = d, .nargs = array ? 3 : 2};
    uint64_t a[3] = {o.bits, array ? idx.bits : v.bits, v.bits};
    eval_store(&op, a);
    if (array) emit(JIT_setarrayitem_gc, d, JIT_NORESUME, 3, o.ref, idx.ref, v.ref);
    else emit(JIT_setfield_gc, d, JIT_NORESUME, 2, o.ref, v.ref);
}

static void get(const struct ins *p, struct val o)
{
    const struct jit_descr *d = fields[p->op % 4];
    struct val v = load(d, o, o);
    if (d->type == 'r') guard(v.bits ? JIT_guard_nonnull : JIT_guard_isnull, v.ref);
    write_slot(p->dst, v, d->type == 'i' ? INT : d->type == 'f' ? FLT
                                             : v.bits           ? OBJ
                                                                : NIL);
}

static void put(const struct ins *p, struct val o)
{
    uint32_t t = tag_of(p->b);
    struct val v = read_slot(p->b);
    const struct jit_descr *d = fields[p->op % 4];
    char type = t == INT ? 'i' : t == FLT ? 'f'
                                          : 'r';
    if (t == NIL) return;
    if (d->type != type || d == &d_imm) d = t == INT ? &d_i : t == FLT ? &d_f
                                                                       : &d_r;
    store(d, o, o, v);
}

static int64_t due;
static jit_ref fn_ref(eval_fn f) { return rec ? jit_ir_const_r(&rec->ir, (void *)(uintptr_t)f, false) : 0; }

/* Index slot b minus one (or k), checked against the length: then the element, else nothing happens. */
static bool element(const struct ins *p, struct val o, struct val *idx)
{
    if (tag_of(p->b) != INT) return false;
    *idx = read_slot(p->b);
    if (p->op & 1) *idx = pure2(JIT_int_sub, *idx, const_i(1));
    if (p->op & 2) *idx = pure2(JIT_int_and, *idx, const_i(p->op & 4 ? 3 : 7));
    struct val len = load(&d_len, o, o), c = pure2(JIT_uint_lt, *idx, len);
    return guard_cond(c.bits, c.ref);
}

/* Of the object or of its own memory; with a constant index or as above. */
static bool place(const struct ins *p, struct val *o, struct val *idx)
{
    *idx = const_i(p->k & 3);
    if (!(p->op & 16) && !element(p, *o, idx)) return false;
    if (p->op & 32) *o = load(&d_more, *o, *o);
    return true;
}
static const struct jit_descr *place_descr(const struct ins *p, bool f)
{
    return p->op & 32 ? (f ? &d_mf : &d_mi) : f ? &d_ef
                                                : &d_ei;
}

static bool less(const struct ins *p, uint32_t tag, struct val x, struct val y)
{
    static const uint8_t is[] = {JIT_int_lt, JIT_int_le, JIT_int_eq, JIT_int_ne, JIT_int_gt, JIT_int_ge, JIT_uint_lt, JIT_uint_le, JIT_uint_gt, JIT_uint_ge};
    static const uint8_t fs[] = {JIT_float_lt, JIT_float_le, JIT_float_eq, JIT_float_ne, JIT_float_gt, JIT_float_ge};
    struct val c = pure2(tag == FLT ? fs[p->op % 6] : is[p->op % 10], x, y);
    if (p->op >= 48) c = pure1(p->op >= 56 ? JIT_int_is_zero : JIT_int_is_true, c);
    return guard_cond(c.bits, c.ref);
}

/* Returns how many instructions to skip. */
static int step(const struct ins *p)
{
    uint32_t ta, tb;
    struct val x, y, idx;
    switch ((enum kind)p->kind) {
    case MOVE: ta = tag_of(p->a), write_slot(p->dst, read_slot(p->a), ta); return 0;
    case SET_I: write_slot(p->dst, const_i(p->k), INT); return 0;
    case SET_F: write_slot(p->dst, (struct val){eval_b(p->f), rec ? jit_ir_const_f(&rec->ir, p->f) : 0}, FLT); return 0;
    case SET_NIL: write_slot(p->dst, (struct val){0, 0}, NIL); return 0;
    case ARITH:
    case LESS:
        ta = tag_of(p->a), tb = tag_of(p->b);
        if ((ta != INT && ta != FLT) || (tb != INT && tb != FLT)) return 0;
        x = read_slot(p->a), y = read_slot(p->b);
        if (ta != tb) {
            if (ta == INT) x = pure1(JIT_cast_int_to_float, x);
            if (tb == INT) y = pure1(JIT_cast_int_to_float, y);
            ta = FLT;
        }
        if (p->kind == LESS) return less(p, ta, x, y) ? p->skip : 0;
        arith(p, ta, x, y);
        return 0;
    case ARITH_K:
        if (tag_of(p->a) == INT) arith_k(p, read_slot(p->a));
        return 0;
    case LESS_K: return tag_of(p->a) == INT && less(p, INT, read_slot(p->a), const_i(p->k)) ? p->skip : 0;
    case UNARY:
        ta = tag_of(p->a);
        if (ta == INT || ta == FLT) unary(p, ta, read_slot(p->a));
        return 0;
    case TO_F:
        if (tag_of(p->a) == INT) write_slot(p->dst, pure1(JIT_cast_int_to_float, read_slot(p->a)), FLT);
        return 0;
    case TO_I:
        if (tag_of(p->a) == FLT) write_slot(p->dst, pure1(JIT_cast_float_to_int, read_slot(p->a)), INT);
        return 0;
    case SAME:
        if (tag_of(p->a) != OBJ || tag_of(p->b) != OBJ) return 0;
        x = pure2(p->op & 1 ? JIT_ptr_eq : JIT_ptr_ne, read_slot(p->a), read_slot(p->b));
        return guard_cond(x.bits, x.ref) ? p->skip : 0;
    case TRUTHY:
        if (tag_of(p->a) != INT) return 0;
        x = read_slot(p->a);
        return guard_cond(x.bits != 0, x.ref) ? p->skip : 0;
    case GET:
        if (tag_of(p->a) == OBJ) get(p, read_slot(p->a));
        return 0;
    case PUT:
        if (tag_of(p->a) == OBJ) put(p, read_slot(p->a));
        return 0;
    case AGET:
        if (tag_of(p->a) != OBJ || (x = read_slot(p->a), !place(p, &x, &idx))) return 0;
        write_slot(p->dst, load(place_descr(p, p->op & 8), x, idx), p->op & 8 ? FLT : INT);
        return 0;
    case APUT:
        ta = tag_of(p->dst);
        if ((ta != INT && ta != FLT) || tag_of(p->a) != OBJ || (x = read_slot(p->a), !place(p, &x, &idx))) return 0;
        store(place_descr(p, ta == FLT), x, idx, read_slot(p->dst));
        return 0;
    case NEW:
        x = (struct val){fn_new(&vm.w, NULL), emit(JIT_call_r, &c_new, JIT_NORESUME, 1, fn_ref(fn_new))};
        store(&d_imm, x, x, const_i(p->k));
        write_slot(p->dst, x, OBJ);
        if (rec) { /* goes on behind the instruction */
            rec->pc++;
            rec->resume = JIT_NORESUME;
            emit(JIT_guard_not_due, NULL, capture(), 1, jit_ir_const_r(&rec->ir, &due, false));
            rec->pc--;
        }
        return 0;
    case HASH:
        if (tag_of(p->a) != INT || tag_of(p->b) != INT) return 0;
        x = read_slot(p->a), y = read_slot(p->b);
        write_slot(p->dst, (struct val){fn_hash(&vm.w, (uint64_t[]){x.bits, y.bits}), emit(JIT_call_i, &c_hash, JIT_NORESUME, 3, fn_ref(fn_hash), x.ref, y.ref)}, INT);
        return 0;
    case SUM:
        if (tag_of(p->a) != OBJ) return 0;
        x = read_slot(p->a);
        write_slot(p->dst, (struct val){fn_sum(&vm.w, &x.bits), emit(JIT_call_i, &c_sum, JIT_NORESUME, 2, fn_ref(fn_sum), x.ref)}, INT);
        return 0;
    case MIX:
        if (tag_of(p->a) != OBJ || tag_of(p->b) != INT) return 0;
        x = read_slot(p->a), y = read_slot(p->b);
        fn_mix(&vm.w, (uint64_t[]){x.bits, y.bits});
        emit(JIT_call_n, &c_mix, JIT_NORESUME, 3, fn_ref(fn_mix), x.ref, y.ref);
        return 0;
    case LINK:
        if (tag_of(p->a) != OBJ || tag_of(p->b) != OBJ) return 0;
        x = read_slot(p->a), y = read_slot(p->b);
        fn_link(&vm.w, (uint64_t[]){x.bits, y.bits});
        emit(JIT_call_n, &c_link, JIT_NORESUME, 3, fn_ref(fn_link), x.ref, y.ref);
        return 0;
    case SYNC: /* the frame in memory is always right here; the trace makes it so */
        if (tag_of(p->a) != INT) return 0;
        x = read_slot(p->a);
        y.ref = rec ? emit(JIT_call_i, &c_sync, capture(), 2, fn_ref(fn_sync), x.ref) : 0;
        y.bits = fn_sync(&vm.w, &x.bits);
        write_slot(p->dst, y, INT);
        return 0;
    case CLASS:
        if (rec) emit(JIT_guard_not_invalidated, NULL, capture(), 0);
        write_slot(p->dst, const_i(vm.class_const), INT);
        return 0;
    case NKINDS: break;
    }
    return 0;
}

/* From pc to the end of the iteration. True: once more. */
static bool iterate(uint64_t pc)
{
    for (int i = (int)pc; i < nprog; i++) {
        if (rec) rec->pc = (uint64_t)i, rec->resume = JIT_NORESUME;
        i += step(&prog[i]);
    }
    if (pc > (uint64_t)nprog) return true; /* left at the loop's head */
    if (rec) rec->pc = (uint64_t)nprog, rec->resume = JIT_NORESUME;
    tag_of(0), tag_of(1);
    struct val n = pure2(JIT_int_add, read_slot(0), const_i(1));
    struct val c = pure2(JIT_int_lt, n, read_slot(1));
    guard_cond(c.bits, c.ref);
    write_slot(0, n, INT);
    return c.bits;
}

/* ---- the test ---- */

static unsigned long n_peeled, n_ops_in, n_ops_out, n_iterations, n_virtuals, n_charged;
static bool verbose;

/* Records the next iteration while executing it. False: the loop ended. */
static bool record(struct rec *r, struct jit_arena *arena)
{
    memset(r, 0, sizeof *r);
    jit_ir_init(&r->ir, arena, JITSTAT_KIND_LOOP);
    rec = r;
    r->resume = JIT_NORESUME;
    bool more = iterate(0);
    r->pc = 1000; /* the loop's head: all of it is to be done */
    r->resume = JIT_NORESUME;
    jit_ir_emit(&r->ir, JIT_jump, NULL, 0, NULL, capture());
    rec = NULL;
    return more;
}

static void run_with_trace(const struct jit_ir *ir)
{
    bool more = true;
    while (more) {
        if (vm.w.invalid) {
            more = iterate(0);
            continue;
        }
        vm.w.fuel = (long)rnd(12);
        eval_run(ir, &vm.w);
        more = vm.w.pc == 1000 ? true : iterate(vm.w.pc);
    }
}

/* Objects by the way that leads to them: those that were removed have no number. twin[i]: object i's in `expected`, + 1. */
static uint32_t twin[NOBJ], back[NOBJ];

static bool same_object(const struct object *a, const struct object *b)
{
    if (!a || !b) return a == b;
    uint32_t i = (uint32_t)(a - vm.heap), k = (uint32_t)(b - vm.heap);
    if (twin[i] || back[k]) return twin[i] == k + 1 && back[k] == i + 1;
    twin[i] = k + 1, back[k] = i + 1;
    b = &expected.heap[k];
    bool same = a->i == b->i && !memcmp(&a->f, &b->f, sizeof a->f) && a->imm == b->imm && a->u4 == b->u4 && a->len == b->len &&
                a->s2 == b->s2 && a->u1 == b->u1 && !memcmp(a->elem, b->elem, sizeof a->elem) &&
                !memcmp(vm.more[i], expected.more[k], sizeof vm.more[i]);
    return same && same_object(a->r, b->r);
}

static void compare(uint64_t seed, unsigned passes)
{
    bool same = vm.class_const == expected.class_const;
    memset(twin, 0, sizeof twin);
    memset(back, 0, sizeof back);
    for (uint32_t i = 0; i < NFIRST; i++)
        same &= same_object(&vm.heap[i], &vm.heap[i]);
    for (int i = 0; i < NSLOTS; i++) {
        same &= vm.w.tag[i] == expected.w.tag[i];
        if (same && vm.w.tag[i] == OBJ)
            same = same_object((struct object *)(uintptr_t)vm.w.payload[i], (struct object *)(uintptr_t)expected.w.payload[i]);
        else if (vm.w.tag[i] != NIL)
            same &= vm.w.payload[i] == expected.w.payload[i];
    }
    for (int i = 0; !same && i < NSLOTS; i++)
        fprintf(stderr, "slot %d: %u %llx, expected %u %llx\n", i, vm.w.tag[i], (unsigned long long)vm.w.payload[i], expected.w.tag[i], (unsigned long long)expected.w.payload[i]);
    cr_assert(same, "state differs: OPT_SEED=%llu passes=%x", (unsigned long long)seed, passes);
}

static void one_seed(uint64_t seed)
{
    static struct rec r;
    struct jit_arena arena;
    struct jit_ir out;
    rng = seed * 0x9e3779b97f4a7c15u + 1;
    rnd(2), rnd(2);
    make_program();
    make_state();
    start = vm;
    while (iterate(0)) {}
    expected = vm;

    vm = start;
    jit_arena_init(&arena);
    bool more = true;
    for (int warm = (int)rnd(3); warm > 0 && more; warm--) more = iterate(0);
    vm.w.invalid = 0;
    vm.w.torture = rnd(2) ? 30 : 0;
    vm.w.dice = rnd(1 << 30);
    unsigned passes = rnd(4) ? JIT_OPT_ALL : (unsigned)rnd(JIT_OPT_ALL + 1);
    jit_opt_heap_room = rnd(3) ? 128 : 1 + rnd(5); /* little room: what is known at the label is lost in the loop */
    if (more && record(&r, &arena)) {
        if (verbose) jit_ir_dump(&r.ir, "recorded");
        enum jit_opt_status st = jit_optimize(&r.ir, &out, &arena, passes, true);
        cr_assert_eq(st, JIT_OPT_OK, "status %d: OPT_SEED=%llu passes=%x", st, (unsigned long long)seed, passes);
        if (verbose) jit_ir_dump(&out, "optimized");
        n_peeled += jit_ir_label(&out) != JIT_NOREF;
        n_ops_in += r.ir.ops.n;
        n_ops_out += out.ops.n - (jit_ir_label(&out) == JIT_NOREF ? 0 : jit_ir_label(&out));
        run_with_trace(&out);
        n_iterations += vm.w.iterations;
        n_virtuals += out.n_virtuals;
        n_charged += vm.w.charged;
        compare(seed, passes);
    }
    jit_arena_fini(&arena);
}

Test(opt_random, traces_do_what_the_interpreter_does, .timeout = 300)
{
    const char *one = getenv("OPT_SEED"), *many = getenv("OPT_SEEDS");
    jit_opt_verify = 1;
    if (one) {
        verbose = true;
        jit_opt_verify = 2;
        one_seed(strtoull(one, NULL, 10));
        return;
    }
    uint64_t n = many ? strtoull(many, NULL, 10) : 6000;
    for (uint64_t seed = 1; seed <= n; seed++)
        one_seed(seed);
    /* the mechanism ran: most loops are peeled, loops are shorter than what was recorded, iterations happen in them */
    cr_assert_gt(n_peeled, n / 4);
    cr_assert_lt(n_ops_out, n_ops_in);
    cr_assert_gt(n_iterations, n);
    cr_assert_gt(n_virtuals, n / 20);
    cr_assert_gt(n_charged, n);
    cr_assert_gt(jit_opt_rule_hits[RULE_peel_redo], n / 1000);
}

/* Whichever allocation of the optimizer fails: no crash, and it says so. */
Test(opt_random, every_allocation_fails_once)
{
    static struct rec r;
    unsigned failures = 0;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct jit_arena in;
        rng = seed * 77;
        do {
            make_program();
            make_state();
            jit_arena_init(&in);
        } while (!record(&r, &in) && (jit_arena_fini(&in), true));
        for (long n = 1;; n++) {
            struct jit_arena arena;
            struct jit_ir out;
            jit_arena_init(&arena);
            jit_arena_fail_after = n;
            enum jit_opt_status st = jit_optimize(&r.ir, &out, &arena, JIT_OPT_ALL, true);
            bool reached = jit_arena_fail_after == 0;
            jit_arena_fail_after = 0;
            cr_assert_eq(st, reached ? JIT_OPT_NOMEM : JIT_OPT_OK, "seed %llu allocation %ld", (unsigned long long)seed, n);
            jit_arena_fini(&arena);
            failures += reached;
            if (!reached)
                break;
        }
        jit_arena_fini(&in);
    }
    cr_assert_gt(failures, 50);
}
