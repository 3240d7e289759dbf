/* Random traces against the evaluator: same exit, same slots, same memory, same calls; alone, with every n-th guard
 * failing, and with a random bridge where they left. BACKEND_SEED=n runs that seed and prints the trace;
 * BACKEND_SEEDS=n runs more of them. */
#include "rig.h"

static uint64_t rnd_state;
static uint64_t rnd(void)
{
    rnd_state ^= rnd_state << 13, rnd_state ^= rnd_state >> 7, rnd_state ^= rnd_state << 17;
    return rnd_state * 0x2545f4914f6cdd1du >> 11;
}
static unsigned below(unsigned n) { return (unsigned)(rnd() % n); }

struct pool {
    jit_ref v[2048];
    unsigned n;
};
struct gen {
    struct jit_ir *ir;
    struct pool i, f, r, x, small, o; /* x: 0..7, indices; small: floats that are whole numbers; o: addresses not to be read */
    unsigned frame_slot;
    int pressure; /* 0..2: how far back operands are looked for */
    bool calls;
    uint32_t last_guard; /* the one that counts the loop's rounds */
};

enum { RIG_SLOT = RIG_NMEM - 4 }; /* the descriptor that is for slots */

static const int64_t edge_ints[] = {0, 1, -1, 2, 7, 8, 10, 16, 127, 128, -128, -129, 1000, INT32_MAX, INT32_MIN, (int64_t)UINT32_MAX, (int64_t)1 << 40, INT64_MAX, INT64_MIN, -10};
static const double edge_floats[] = {0.0, -0.0, 1.0, -1.5, 1e300, -1e300, INFINITY, -INFINITY, NAN, 0.1, 9223372036854775808.0, 3.0};
#define COUNT(a) (sizeof(a) / sizeof *(a))

static jit_ref k_int(struct gen *g)
{
    return jit_ir_const_i(g->ir, below(3) ? (int64_t)below(20) - 4 : edge_ints[below(COUNT(edge_ints))]);
}
static jit_ref k_float(struct gen *g) { return jit_ir_const_f(g->ir, edge_floats[below(COUNT(edge_floats))]); }

static jit_ref from(struct gen *g, struct pool *p)
{
    unsigned far = g->pressure == 0 ? 6 : g->pressure == 1 ? 30
                                                           : p->n;
    return p->v[p->n - 1 - below(far < p->n ? far : p->n)];
}
static jit_ref any_i(struct gen *g) { return below(6) == 0 ? k_int(g) : below(8) == 0 && g->x.n ? from(g, &g->x)
                                                                                                : from(g, &g->i); }
static jit_ref any_f(struct gen *g) { return below(6) == 0 ? k_float(g) : below(8) == 0 && g->small.n ? from(g, &g->small)
                                                                                                      : from(g, &g->f); }
static jit_ref any_r(struct gen *g) { return below(10) == 0 ? jit_ir_const_r(g->ir, &mem, false) : from(g, &g->r); }

static jit_ref emit(struct gen *g, enum jit_opcode opc, unsigned n, jit_ref a, jit_ref b, jit_ref c, const struct jit_descr *d)
{
    jit_ref args[3] = {a, b, c};
    return jit_ir_emit(g->ir, opc, args, n, d, JIT_NORESUME);
}
static void add(struct pool *p, jit_ref v)
{
    if (p->n < COUNT(p->v)) p->v[p->n++] = v;
}

static uint32_t resume(struct gen *g)
{
    struct jit_ir *ir = g->ir;
    struct jit_resume r = {.slots = ir->slots.n, .frames = ir->frames.n, .nframes = 1};
    cr_assert(jit_vec_reserve(ir->arena, &ir->slots, 48) && jit_vec_reserve(ir->arena, &ir->frames, 1) && jit_vec_reserve(ir->arena, &ir->resumes, 1));
    unsigned want = below(4) ? below(5) : below(40);
    for (int32_t s = 0; s < 48 && want; s++) {
        if (below(3)) continue;
        want--;
        unsigned t = below(8);
        struct jit_slot_val sv = {.slot = s, .ref = JIT_NOREF, .tag = 4};
        if (t < 4) sv.ref = any_i(g), sv.tag = 1;
        else if (t < 6) sv.ref = any_f(g), sv.tag = 2;
        else if (t < 7) sv.ref = g->o.n && below(2) ? from(g, &g->o) : any_r(g), sv.tag = 3;
        ir->slots.v[ir->slots.n++] = sv;
    }
    r.nslots = ir->slots.n - r.slots;
    ir->frames.v[ir->frames.n++] = (struct jit_resume_frame){.pc = ir->resumes.n};
    ir->resumes.v[ir->resumes.n] = r;
    return ir->resumes.n++;
}

static jit_ref compare(struct gen *g)
{
    unsigned t = below(8);
    if (t < 5) return emit(g, (enum jit_opcode)(JIT_int_lt + below(10)), 2, any_i(g), any_i(g), 0, NULL);
    if (t == 5) return emit(g, below(2) ? JIT_int_is_zero : JIT_int_is_true, 1, any_i(g), 0, 0, NULL);
    if (t == 6) return emit(g, below(2) ? JIT_ptr_eq : JIT_ptr_ne, 2, any_r(g), g->o.n && below(2) ? from(g, &g->o) : any_r(g), 0, NULL);
    return emit(g, (enum jit_opcode)(JIT_float_lt + below(6)), 2, any_f(g), any_f(g), 0, NULL);
}

static void gen_guard(struct gen *g)
{
    bool made = below(5);
    jit_ref c = made ? compare(g) : any_i(g);
    uint32_t v;
    if (below(3) == 0 && made) add(&g->i, c);
    uint32_t res = resume(g);
    jit_ref a[2] = {c, 0};
    switch (below(6)) {
    case 0:
        a[0] = from(g, &g->i), a[1] = k_int(g);
        jit_ir_emit(g->ir, JIT_guard_value, a, 2, NULL, res);
        return;
    case 1:
        a[0] = any_r(g);
        jit_ir_emit(g->ir, JIT_guard_nonnull, a, 1, NULL, res);
        return;
    case 2:
        v = below(10) ? JIT_guard_not_invalidated : JIT_guard_true;
        jit_ir_emit(g->ir, (enum jit_opcode)v, a, v == JIT_guard_true, NULL, res);
        return;
    default: jit_ir_emit(g->ir, below(2) ? JIT_guard_true : JIT_guard_false, a, 1, NULL, res);
    }
}

static void gen_int(struct gen *g)
{
    static const uint8_t two[] = {JIT_int_add, JIT_int_sub, JIT_int_mul, JIT_int_and, JIT_int_or, JIT_int_xor, JIT_int_add, JIT_int_sub};
    static const int64_t divisors[] = {1, 2, 3, 7, 8, 10, 100, 641, 1000000007, (int64_t)1 << 32, ((int64_t)1 << 32) + 1, INT64_MAX, -1, -2, -7, INT64_MIN, 5, (int64_t)1 << 62};
    jit_ref a, v;
    switch (below(8)) {
    case 0: v = emit(g, below(2) ? JIT_int_neg : JIT_int_invert, 1, any_i(g), 0, 0, NULL); break;
    case 1:
        a = below(2) ? jit_ir_const_i(g->ir, below(64)) : g->x.n ? from(g, &g->x)
                                                                 : jit_ir_const_i(g->ir, 3);
        v = emit(g, (enum jit_opcode)(JIT_int_lshift + below(3)), 2, any_i(g), a, 0, NULL);
        break;
    case 2:
        a = jit_ir_const_i(g->ir, divisors[below(COUNT(divisors))]);
        if (below(3) == 0) a = emit(g, JIT_int_or, 2, any_i(g), jit_ir_const_i(g->ir, 1), 0, NULL);
        v = emit(g, below(2) ? JIT_int_floordiv : JIT_int_mod, 2, any_i(g), a, 0, NULL);
        break;
    case 3: v = compare(g); break;
    case 4:
        v = emit(g, JIT_int_and, 2, any_i(g), jit_ir_const_i(g->ir, 7), 0, NULL);
        add(&g->x, v);
        return;
    default: v = emit(g, (enum jit_opcode)two[below(COUNT(two))], 2, any_i(g), any_i(g), 0, NULL);
    }
    add(&g->i, v);
}

static void gen_float(struct gen *g)
{
    switch (below(7)) {
    case 0: add(&g->f, emit(g, (enum jit_opcode)(JIT_float_neg + below(5)), 1, any_f(g), 0, 0, NULL)); break;
    case 1: add(&g->small, emit(g, JIT_cast_int_to_float, 1, any_i(g), 0, 0, NULL)); break;
    case 2: add(&g->i, emit(g, JIT_cast_float_to_int, 1, any_f(g), 0, 0, NULL)); break;
    case 3:
        if (g->small.n) add(&g->i, emit(g, JIT_convert_float_bytes_to_longlong, 1, from(g, &g->small), 0, 0, NULL));
        break;
    default: add(&g->f, emit(g, (enum jit_opcode)(JIT_float_add + below(4)), 2, any_f(g), any_f(g), 0, NULL));
    }
}

static jit_ref base_of(struct gen *g)
{
    if (below(4)) return any_r(g);
    return emit(g, JIT_int_add_ptr, 2, any_r(g), jit_ir_const_i(g->ir, 8 * (int64_t)below(4)), 0, NULL);
}

static void gen_memory(struct gen *g)
{
    const struct jit_descr *d = &rig_descrs[below(RIG_NMEM)];
    if (d == &rig_descrs[RIG_SLOT]) return;
    bool array = d->kind == JIT_D_ARRAY, store = below(3) == 0;
    int t = d->type == 'i' ? 0 : d->type == 'f' ? 1
                                                : 2;
    jit_ref base = d->type == 'r' ? any_r(g) : base_of(g), index = JIT_NOREF, v;
    if (array) {
        index = below(3) && g->x.n ? from(g, &g->x) : jit_ir_const_i(g->ir, below(8));
        if (below(3) == 0 && !jit_ref_is_const(index))
            index = emit(g, below(2) ? JIT_int_add : JIT_int_sub, 2, index, jit_ir_const_i(g->ir, below(4)), 0, NULL);
        if (!jit_ref_is_const(index) && g->ir->ops.v[index].opcode == JIT_int_sub) /* not below zero */
            index = emit(g, JIT_int_and, 2, index, jit_ir_const_i(g->ir, 7), 0, NULL);
    }
    if (store) {
        v = t == 0 ? any_i(g) : t == 2 ? any_r(g)
                                       : any_f(g);
        if (array) emit(g, JIT_setarrayitem_gc, 3, base, index, v, d);
        else emit(g, JIT_setfield_gc, 2, base, v, 0, d);
        return;
    }
    v = emit(g, (enum jit_opcode)((array ? JIT_getarrayitem_gc_i : JIT_getfield_gc_i) + t), array ? 2 : 1, base, index, 0, d);
    add(t == 0 ? &g->i : t == 1 ? &g->f
                                : &g->r,
        v);
    if (t != 1 && below(3) == 0) { /* what the recorder does with tags */
        jit_ref a[2] = {v, t ? jit_ir_const_r(g->ir, &mem, false) : k_int(g)};
        jit_ir_emit(g->ir, below(2) ? JIT_guard_value : t ? JIT_guard_nonnull
                                                          : JIT_guard_true,
                    a, 2, NULL, resume(g));
        if (g->ir->ops.v[g->ir->ops.n - 1].opcode != JIT_guard_value) g->ir->ops.v[g->ir->ops.n - 1].nargs = 1;
    }
}

static void gen_call(struct gen *g)
{
    unsigned c = below(RIG_NCALLS);
    const struct jit_descr *d = &rig_calls[c];
    jit_ref a[16] = {jit_ir_const_r(g->ir, rig_fns[c], false)};
    unsigned n = 1;
    for (const char *p = d->args; *p; p++) a[n++] = *p == 'i' ? any_i(g) : *p == 'f' ? any_f(g)
                                                                                     : any_r(g);
    uint32_t res = d->effects & JIT_EF_SYNC ? resume(g) : JIT_NORESUME;
    jit_ref v = jit_ir_emit(g->ir, d->type == 'v' ? JIT_call_n : d->type == 'i' ? JIT_call_i
                                                             : d->type == 'f'   ? JIT_call_f
                                                                                : JIT_call_r,
                            a, n, d, res);
    if (d->type != 'v') add(d->type == 'i' ? &g->i : d->type == 'f' ? &g->f
                                                                    : &g->r,
                            v);
}

static void gen_context(struct gen *g)
{
    jit_ref a;
    switch (below(4)) {
    case 0: add(&g->o, emit(g, JIT_getcontext, 0, 0, 0, 0, NULL)); break;
    case 1: add(&g->o, emit(g, JIT_getframeaddr, 1, jit_ir_const_i(g->ir, below(64)), 0, 0, NULL)); break;
    case 2:
        if (g->o.n) add(&g->o, emit(g, JIT_same_as_r, 1, from(g, &g->o), 0, 0, NULL));
        break;
    default: /* a slot that nothing writes, read in memory */
        a = emit(g, JIT_getframeaddr, 1, jit_ir_const_i(g->ir, 50 + below(10)), 0, 0, NULL);
        if (below(3) == 0) add(&g->o, a);
        add(&g->i, emit(g, JIT_getfield_gc_i, 1, a, 0, 0, &rig_descrs[RIG_SLOT]));
    }
}

static void gen_ops(struct gen *g, unsigned n)
{
    while (n--) {
        unsigned t = below(20);
        if (t < 7) gen_int(g);
        else if (t < 11) gen_float(g);
        else if (t < 15) gen_memory(g);
        else if (t < 18) gen_guard(g);
        else if (t < 19 && g->calls) gen_call(g);
        else if (below(3) == 0) gen_context(g);
        else if (below(4) == 0) add(&g->r, emit(g, JIT_same_as_r, 1, any_r(g), 0, 0, NULL));
        else if (below(4) == 0) emit(g, JIT_increment_counter, 1, jit_ir_const_r(g->ir, &mem.calls, false), 0, 0, NULL);
        else add(&g->f, emit(g, JIT_same_as_f, 1, any_f(g), 0, 0, NULL));
    }
}

static void gen_inputs(struct gen *g)
{
    jit_ref k;
    for (int n = 1 + (int)below(6); n--;) k = jit_ir_const_i(g->ir, 64 + g->frame_slot++), add(&g->i, emit(g, JIT_getframe_i, 1, k, 0, 0, NULL));
    for (int n = 1 + (int)below(6); n--;) k = jit_ir_const_i(g->ir, 64 + g->frame_slot++), add(&g->f, emit(g, JIT_getframe_f, 1, k, 0, 0, NULL));
    for (int n = 1 + (int)below(2); n--;) k = jit_ir_const_i(g->ir, 64 + g->frame_slot++), add(&g->r, emit(g, JIT_getframe_r, 1, k, 0, 0, NULL));
}

static void frame_fill(void)
{
    memset(&mem, 0, sizeof mem);
    ctx.sync = NULL;
    for (int i = 0; i < RIG_HEAP; i++) {
        mem.ints[i] = below(2) ? (int64_t)below(100) : edge_ints[below(COUNT(edge_ints))];
        mem.floats[i] = below(2) ? (double)below(100) / 8 : edge_floats[below(COUNT(edge_floats))];
        mem.ptrs[i] = &mem;
        for (int k = 0; k < 8; k++) mem.bytes[8 * i + k] = (uint8_t)rnd();
    }
    for (int i = 0; i < 64; i++) mem.frame[i] = (struct rig_slot){.i = (int64_t)below(50), .tag = 1};
}

/* Values of frame slots by the getframes that read them. */
static void frame_inputs(const struct jit_ir *ir)
{
    for (uint32_t n = 0; n < ir->ops.n; n++) {
        const struct jit_op *op = &ir->ops.v[n];
        if (op->opcode < JIT_getframe_i || op->opcode > JIT_getframe_r) continue;
        struct rig_slot *s = &mem.frame[jit_ref_const(ir, op->arg[0])->i];
        if (op->opcode == JIT_getframe_r) s->p = &mem;
        else if (op->opcode == JIT_getframe_i) s->i = n == 0 ? 1 + (int64_t)below(6) : below(2) ? (int64_t)below(1000) - 100
                                                                                                : edge_ints[below(COUNT(edge_ints))];
        else s->f = below(2) ? (double)below(1000) / 4 : edge_floats[below(COUNT(edge_floats))];
    }
}

static void gen_loop(struct gen *g)
{
    jit_ref args[40], next[40];
    unsigned n = 0;
    jit_ref count = emit(g, JIT_getframe_i, 1, jit_ir_const_i(g->ir, 64 + g->frame_slot++), 0, 0, NULL);
    add(&g->i, count);
    gen_inputs(g);
    gen_ops(g, below(g->pressure == 2 ? 60 : 20));
    args[n++] = count;
    unsigned want = 1 + below(g->pressure == 2 ? 34 : 8);
    for (unsigned tries = 0; n < want && tries < 200; tries++) {
        unsigned t = below(5);
        jit_ref v = t < 3 ? from(g, &g->i) : t < 4                 ? from(g, &g->f)
                                         : g->o.n && below(3) == 0 ? from(g, &g->o)
                                                                   : from(g, &g->r);
        bool twice = jit_ref_is_const(v);
        for (unsigned i = 0; i < n; i++) twice |= args[i] == v;
        if (!twice) args[n++] = v;
    }
    /* what was carried has no longer the range it had */
    jit_ir_emit(g->ir, JIT_label, args, n, NULL, below(2) ? resume(g) : JIT_NORESUME);
    gen_ops(g, 2 + below(g->pressure == 2 ? 80 : 25));
    jit_ref less = emit(g, JIT_int_sub, 2, count, jit_ir_const_i(g->ir, 1), 0, NULL);
    jit_ref c = emit(g, JIT_int_gt, 2, less, jit_ir_const_i(g->ir, 0), 0, NULL);
    g->last_guard = jit_ir_emit(g->ir, JIT_guard_true, &c, 1, NULL, resume(g));
    gen_ops(g, below(4));
    next[0] = less;
    for (unsigned i = 1; i < n; i++) {
        char t = jit_ref_type(g->ir, args[i]);
        bool opaque = false;
        for (unsigned k = 0; k < g->o.n; k++) opaque |= g->o.v[k] == args[i];
        if (opaque) {
            next[i] = from(g, &g->o);
            continue;
        }
        next[i] = below(5) == 0 ? args[1 + below(n - 1)] : t == 'i' ? any_i(g)
                                                       : t == 'f'   ? any_f(g)
                                                                    : any_r(g);
        for (unsigned k = 0; k < g->o.n; k++) opaque |= g->o.v[k] == next[i];
        if (opaque || jit_ref_type(g->ir, next[i]) != t) next[i] = args[i];
    }
    jit_ir_emit(g->ir, JIT_jump, next, n, NULL, below(2) ? resume(g) : JIT_NORESUME);
    g->ir->link = JIT_LINK_LOOP;
}

static void gen_straight(struct gen *g)
{
    gen_ops(g, below(g->pressure == 2 ? 120 : 30));
    jit_ir_emit(g->ir, JIT_jump, NULL, 0, NULL, resume(g));
    g->ir->link = JIT_LINK_INTERP;
}

/* Guards that fail at once teach nothing: most of them are turned round. */
static bool repair(struct jit_ir *ir, uint32_t n, const union rig_val *v)
{
    struct jit_op *op = &ir->ops.v[n];
    switch (op->opcode) {
    case JIT_guard_true: op->opcode = JIT_guard_false; return true;
    case JIT_guard_false: op->opcode = JIT_guard_true; return true;
    case JIT_guard_value:
        if (jit_ref_is_const(op->arg[0])) return false;
        op->arg[1] = jit_ref_type(ir, op->arg[0]) == 'i' ? jit_ir_const_i(ir, v[op->arg[0]].i) : jit_ir_const_r(ir, v[op->arg[0]].p, false);
        return true;
    default: return false;
    }
}

static struct rig_memory start, want, got;
static union rig_val values[4096], bridge_values[4096];

static void run_start(void)
{
    mem = start;
    ctx.sync = NULL;
    ctx.base = mem.frame;
}

static void same_memory(uint64_t seed, const char *what)
{
    for (int i = 0; i < RIG_SLOTS; i++) {
        const struct rig_slot *a = &want.frame[i], *b = &got.frame[i];
        bool same = a->tag == b->tag && (a->bits == b->bits || (a->tag == 2 && a->f != a->f && b->f != b->f));
        cr_assert(same, "seed %lu %s: slot %d is %lx/%d, should be %lx/%d", seed, what, i, b->bits, b->tag, a->bits, a->tag);
    }
    for (int i = 0; i < RIG_HEAP; i++) {
        cr_assert_eq(want.ints[i], got.ints[i], "seed %lu %s: ints[%d]", seed, what, i);
        cr_assert(want.floats[i] == got.floats[i] || (want.floats[i] != want.floats[i] && got.floats[i] != got.floats[i]), "seed %lu %s: floats[%d]", seed, what, i);
        cr_assert_eq(want.ptrs[i], got.ptrs[i], "seed %lu %s: ptrs[%d]", seed, what, i);
    }
    cr_assert(!memcmp(want.bytes, got.bytes, sizeof want.bytes), "seed %lu %s: bytes", seed, what);
    cr_assert(want.calls == got.calls && want.call_hash == got.call_hash, "seed %lu %s: calls", seed, what);
}

static bool has_sync(const struct jit_ir *ir)
{
    for (uint32_t n = 0; n < ir->ops.n; n++)
        if (jit_opinfo[ir->ops.v[n].opcode].effects == JIT_CALL && ir->ops.v[n].descr->effects & JIT_EF_SYNC) return true;
    return false;
}

static uint32_t expect(const struct jit_ir *ir)
{
    run_start();
    uint32_t at = evaluate(ir, values);
    want = mem;
    return at;
}

static void check(struct unit *u, uint32_t at, uint64_t seed, const char *what)
{
    run_start();
    struct jit_exit *e = unit_run(u);
    got = mem;
    cr_assert_eq(e->op, at, "seed %lu %s: left at %u, should be %u", seed, what, e->op, at);
    same_memory(seed, what);
}

static void make(struct unit *u, struct gen *g, uint64_t seed)
{
    rnd_state = seed * 0x9e3779b97f4a7c15u + 12345;
    for (int i = 0; i < 10; i++) rnd();
    unit_begin(u, JITSTAT_KIND_LOOP);
    *g = (struct gen){.ir = &u->ir, .pressure = (int)below(3), .calls = below(2)};
    if (below(4)) {
        gen_loop(g);
    } else {
        gen_inputs(g);
        gen_straight(g);
    }
    frame_fill();
    frame_inputs(&u->ir);
    start = mem;
    for (int i = 0; i < 40; i++) {
        uint32_t at = expect(&u->ir);
        if (below(8) == 0 || at == g->last_guard || !repair(&u->ir, at, values)) break;
    }
}

/* A bridge from the exit that is taken. */
static void try_bridge(struct unit *u, uint64_t seed)
{
    uint32_t at = expect(&u->ir);
    struct jit_exit *e = NULL;
    for (uint32_t i = 0; i < u->code.nexits; i++)
        if (u->code.exits[i].op == at && u->code.exits[i].kind == JIT_EXIT_GUARD) e = &u->code.exits[i];
    if (!e) return;
    struct unit b;
    unit_begin(&b, JITSTAT_KIND_BRIDGE);
    struct gen g = {.ir = &b.ir, .pressure = (int)below(3), .calls = below(2)};
    for (uint32_t i = 0; i < e->nslots; i++) {
        jit_ref ref = jit_exit_slots(e)[i].ref, k;
        bool twice = ref == JIT_NOREF || jit_ref_is_const(ref);
        for (uint32_t j = 0; j < i; j++) twice |= jit_exit_slots(e)[j].ref == ref;
        if (twice) continue;
        char t = jit_ref_type(&u->ir, ref);
        k = jit_ir_const_i(&b.ir, i);
        add(t == 'i' ? &g.i : t == 'f' ? &g.f
                                       : &g.o,
            jit_ir_emit(&b.ir, t == 'i' ? JIT_inputarg_i : t == 'f' ? JIT_inputarg_f
                                                                    : JIT_inputarg_r,
                        &k, 1, NULL, JIT_NORESUME));
    }
    g.frame_slot = 40; /* the trace reads others */
    gen_inputs(&g);
    gen_straight(&g);
    for (uint32_t n = 0; n < b.ir.ops.n; n++) { /* the new inputs */
        const struct jit_op *op = &b.ir.ops.v[n];
        if (op->opcode == JIT_getframe_r) start.frame[jit_ref_const(&b.ir, op->arg[0])->i].p = &mem;
        if (op->opcode == JIT_getframe_f) start.frame[jit_ref_const(&b.ir, op->arg[0])->i].f = 1.5;
    }
    unit_compile(&b, e, NULL);
    cr_assert_eq(b.why, -1, "seed %lu bridge: row %d", seed, b.why);
    cr_assert_eq(jit_backend_patch(&be, e, b.code.entry), 0);
    run_start();
    /* the evaluator writes the guard's slots, machine code does not: they are put back */
    evaluate(&u->ir, values);
    struct rig_memory after = mem;
    for (uint32_t i = 0; i < e->nslots; i++) after.frame[jit_exit_slots(e)[i].slot] = start.frame[jit_exit_slots(e)[i].slot];
    if (has_sync(&u->ir)) { /* then it may be written or not: leave this one */
        jit_backend_patch(&be, e, NULL);
        unit_end(&b);
        return;
    }
    mem = after;
    ev_parent = values, ev_parent_ir = &u->ir, ev_parent_exit = e;
    uint32_t left = evaluate(&b.ir, bridge_values);
    want = mem;
    run_start();
    struct jit_exit *x = unit_run(u);
    got = mem;
    const struct jit_op *cond = &u->ir.ops.v[u->ir.ops.v[at].nargs && !jit_ref_is_const(u->ir.ops.v[at].arg[0]) ? u->ir.ops.v[at].arg[0] : 0];
    if (x == e && (cond->opcode == JIT_float_eq || cond->opcode == JIT_float_ne)) { /* NaN leaves through the stub */
        jit_backend_patch(&be, e, NULL);
        unit_end(&b);
        return;
    }
    cr_assert(x >= b.code.exits && x < b.code.exits + b.code.nexits, "seed %lu: not in the bridge", seed);
    cr_assert_eq(x->op, left, "seed %lu bridge: left at %u, should be %u", seed, x->op, left);
    same_memory(seed, "bridge");
    cr_assert_eq(jit_backend_patch(&be, e, NULL), 0);
    check(u, expect(&u->ir), seed, "bridge gone");
    unit_end(&b);
}

/* Rounds are counted in a register, or in memory where there is none or somebody may look. */
static void counted(struct unit *u, uint64_t seed)
{
    rig_counts((int)(seed % 5));
    unit_compile(u, NULL, NULL);
    cr_assert_eq(u->why, -1);
    uint32_t at = expect(&u->ir);
    uint64_t rounds = ev_rounds;
    u->lb = 0;
    poll_word = 1;
    check(u, at, seed, "counted");
    poll_word = 0;
    cr_assert_eq(u->lb, rounds, "seed %lu: %lu rounds, not %lu", seed, u->lb, rounds);
    jit_backend_free(&be, &u->code);
    be.counted_off = 0;
}

static void one_seed(uint64_t seed, bool show)
{
    struct unit u;
    struct gen g;
    make(&u, &g, seed);
    if (show) jit_ir_dump(&u.ir, "random");
    be.torture_counter = NULL;
    unit_compile(&u, NULL, NULL);
    cr_assert_eq(u.why, -1, "seed %lu: row %d", seed, u.why);
    check(&u, expect(&u.ir), seed, "plain");
    try_bridge(&u, seed);
    /* polls keep everything */
    poll_word = POLL_ALL;
    check(&u, expect(&u.ir), seed, "polled");
    poll_word = 0;
    jit_backend_free(&be, &u.code);
    counted(&u, seed);
    /* the n-th guard fails */
    be.torture_counter = &torture_counter;
    be.torture_reset = 1000000;
    unit_compile(&u, NULL, NULL);
    cr_assert_eq(u.why, -1);
    for (int n = 1; n < 6; n++) {
        ev_torture = n * 2 - 1;
        uint32_t at = expect(&u.ir);
        ev_torture = 0;
        torture_counter = n * 2 - 1;
        check(&u, at, seed, "torture");
    }
    unit_end(&u);
}

Test(backend_random, evaluator_agrees, .init = rig_setup, .fini = rig_fini, .timeout = 300)
{
    const char *seed = getenv("BACKEND_SEED"), *seeds = getenv("BACKEND_SEEDS");
    if (seed) {
        one_seed(strtoull(seed, NULL, 0), true);
        return;
    }
    uint64_t n = seeds ? strtoull(seeds, NULL, 0) : 4000;
    for (uint64_t s = 1; s <= n; s++) {
        if (getenv("BACKEND_VERBOSE")) fprintf(stderr, "seed %lu\n", s);
        one_seed(s, false);
    }
}
