/* eval.h: a small evaluator of IR for tests: what a trace means, said once more and as plainly as
 * possible, independent of optimizer and backend. Memory is real memory; functions are called with
 * the world and their argument words; guest frames are two arrays.
 */
#ifndef TESTS_OPT_EVAL_H
#define TESTS_OPT_EVAL_H
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ir/ir.h"

enum { EVAL_SLOTS = 16 };

struct eval_world {
    uint64_t payload[EVAL_SLOTS];
    uint32_t tag[EVAL_SLOTS];
    int invalid; /* guard_not_invalidated fails */
    long fuel; /* times the loop's head may be passed before it is left there */
    uint64_t pc; /* after an exit */
    unsigned long ops, iterations, charged;
    uint32_t torture; /* not 0: about one guard in `torture` fails although it holds: every exit must be right */
    uint32_t dice;
};

typedef uint64_t (*eval_fn)(struct eval_world *, const uint64_t *args);

static inline double eval_f(uint64_t bits)
{
    double f;
    memcpy(&f, &bits, 8);
    return f;
}
static inline uint64_t eval_b(double f)
{
    uint64_t b;
    memcpy(&b, &f, 8);
    return b;
}

static inline int64_t eval_floordiv(int64_t a, int64_t b)
{
    assert(b != 0);
    if (b == -1) return (int64_t)(0 - (uint64_t)a);
    return a / b - ((a % b != 0) & ((a < 0) != (b < 0)));
}
static inline int64_t eval_mod(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a - (uint64_t)eval_floordiv(a, b) * (uint64_t)b);
}
static inline int64_t eval_truncate(double f)
{
    return f >= -9223372036854775808.0 && f < 9223372036854775808.0 ? (int64_t)f : INT64_MIN;
}

/* Operations without memory. */
static uint64_t eval_pure(enum jit_opcode op, uint64_t x, uint64_t y)
{
    int64_t a = (int64_t)x, b = (int64_t)y;
    double f = eval_f(x), g = eval_f(y);
    switch (op) {
    case JIT_int_add: return x + y;
    case JIT_int_sub: return x - y;
    case JIT_int_mul: return x * y;
    case JIT_int_neg: return 0 - x;
    case JIT_int_and: return x & y;
    case JIT_int_or: return x | y;
    case JIT_int_xor: return x ^ y;
    case JIT_int_invert: return ~x;
    case JIT_int_lshift: assert(y < 64); return x << y;
    case JIT_int_rshift: assert(y < 64); return (uint64_t)(a >> b);
    case JIT_uint_rshift: assert(y < 64); return x >> y;
    case JIT_int_floordiv: return (uint64_t)eval_floordiv(a, b);
    case JIT_int_mod: return (uint64_t)eval_mod(a, b);
    case JIT_int_lt: return a < b;
    case JIT_int_le: return a <= b;
    case JIT_int_eq:
    case JIT_ptr_eq: return x == y;
    case JIT_int_ne:
    case JIT_ptr_ne: return x != y;
    case JIT_int_gt: return a > b;
    case JIT_int_ge: return a >= b;
    case JIT_uint_lt: return x < y;
    case JIT_uint_le: return x <= y;
    case JIT_uint_gt: return x > y;
    case JIT_uint_ge: return x >= y;
    case JIT_int_is_zero: return x == 0;
    case JIT_int_is_true: return x != 0;
    case JIT_float_add: return eval_b(f + g);
    case JIT_float_sub: return eval_b(f - g);
    case JIT_float_mul: return eval_b(f * g);
    case JIT_float_truediv: return eval_b(f / g);
    case JIT_float_neg: return x ^ (uint64_t)1 << 63;
    case JIT_float_abs: return x & ~((uint64_t)1 << 63);
    case JIT_float_sqrt: return eval_b(sqrt(f));
    case JIT_float_floor: return eval_b(floor(f));
    case JIT_float_ceil: return eval_b(ceil(f));
    case JIT_float_lt: return f < g;
    case JIT_float_le: return f <= g;
    case JIT_float_eq: return f == g;
    case JIT_float_ne: return f != g;
    case JIT_float_gt: return f > g;
    case JIT_float_ge: return f >= g;
    case JIT_cast_int_to_float: return eval_b((double)a);
    case JIT_cast_float_to_int: return (uint64_t)eval_truncate(f);
    case JIT_convert_float_bytes_to_longlong:
    case JIT_convert_longlong_bytes_to_float:
    case JIT_cast_ptr_to_int:
    case JIT_cast_int_to_ptr:
    case JIT_same_as_i:
    case JIT_same_as_f:
    case JIT_same_as_r: return x;
    case JIT_int_add_ptr: return x + y;
    default: fprintf(stderr, "eval: %s?\n", jit_opinfo[op].name); abort();
    }
}

static char *eval_address(const struct jit_op *op, const uint64_t *a)
{
    uint64_t at = a[0] + (uint64_t)(int64_t)op->descr->offset;
    if (op->descr->kind == JIT_D_ARRAY)
        at += a[1] * op->descr->stride;
    return (char *)(uintptr_t)at;
}

static uint64_t eval_load(const struct jit_op *op, const uint64_t *a)
{
    const char *p = eval_address(op, a);
    bool s = op->descr->flags & JIT_DF_SIGNED;
    switch (op->descr->size) {
    case 1: return s ? (uint64_t) * (const int8_t *)p : *(const uint8_t *)p;
    case 2: return s ? (uint64_t) * (const int16_t *)p : *(const uint16_t *)p;
    case 4: return s ? (uint64_t) * (const int32_t *)p : *(const uint32_t *)p;
    default: return *(const uint64_t *)p;
    }
}

static void eval_store(const struct jit_op *op, const uint64_t *a)
{
    memcpy(eval_address(op, a), &a[op->nargs - 1], op->descr->size);
}

static uint64_t eval_ref(const struct jit_ir *ir, const uint64_t *vals, jit_ref r)
{
    return jit_ref_is_const(r) ? jit_ref_const(ir, r)->bits : vals[r];
}

/* A removed object as an exit makes it; made[]: those that were made for this exit already. */
static uint64_t eval_rebuild(const struct jit_ir *ir, const uint64_t *vals, jit_ref r, uint64_t *made, struct eval_world *w)
{
    if (jit_ref_is_const(r) || !jit_ref_is_virtual(ir, r)) return eval_ref(ir, vals, r);
    const struct jit_op *op = &ir->ops.v[r];
    const jit_ref *args = jit_op_args(ir, op);
    uint64_t a[8];
    if (made[r]) return made[r];
    if (op->opcode == JIT_virtual_new) {
        for (unsigned i = 0; i < op->nargs; i++) a[i] = eval_ref(ir, vals, args[i]);
        return made[r] = ((eval_fn)(uintptr_t)a[0])(w, a + 1);
    }
    uint64_t o = eval_rebuild(ir, vals, args[0], made, w), v = eval_rebuild(ir, vals, args[op->nargs - 1], made, w);
    char *at = (char *)(uintptr_t)o;
    if (op->opcode == JIT_virtual_item) at = *(char **)(at + jit_ref_const(ir, args[1])->i) + jit_ref_const(ir, args[2])->i * op->descr->stride;
    memcpy(at + op->descr->offset, &v, op->descr->size);
    return made[r] = o;
}

/* Makes memory's frame what the resume data say. */
static void eval_resume(const struct jit_ir *ir, const uint64_t *vals, uint32_t resume, struct eval_world *w)
{
    const struct jit_resume *r = &ir->resumes.v[resume];
    uint64_t *made = calloc(ir->ops.n + 1, sizeof *made);
    for (uint32_t i = 0; i < r->nslots; i++) {
        const struct jit_slot_val *v = &ir->slots.v[r->slots + i];
        assert(v->slot >= 0 && v->slot < EVAL_SLOTS);
        w->payload[v->slot] = v->ref == JIT_NOREF ? 0 : eval_rebuild(ir, vals, v->ref, made, w);
        w->tag[v->slot] = v->tag;
    }
    free(made);
    w->pc = ir->frames.v[r->frames + r->nframes - 1].pc;
}

static bool eval_guard(const struct jit_op *op, const uint64_t *a, struct eval_world *w)
{
    if (w->torture && (w->dice = w->dice * 1103515245 + 12345) >> 8 < (1u << 24) / w->torture)
        return false;
    switch (op->opcode) {
    case JIT_guard_true:
    case JIT_guard_nonnull: return a[0] != 0;
    case JIT_guard_false:
    case JIT_guard_isnull: return a[0] == 0;
    case JIT_guard_value: return a[0] == a[1];
    case JIT_guard_not_invalidated: return !w->invalid;
    case JIT_guard_stack:
    case JIT_guard_not_due: return true;
    default: return false;
    }
}

static uint64_t eval_value(const struct jit_ir *ir, const struct jit_op *op, const uint64_t *a, struct eval_world *w)
{
    switch (jit_opinfo[op->opcode].effects) {
    case JIT_PURE: return op->opcode == JIT_getcontext ? (uint64_t)(uintptr_t)w : eval_pure(op->opcode, a[0], op->nargs > 1 ? a[1] : 0);
    case JIT_LOAD:
        if (op->opcode == JIT_getframetag) return w->tag[a[0]];
        return op->opcode >= JIT_getframe_i ? w->payload[a[0]] : eval_load(op, a);
    case JIT_STORE: eval_store(op, a); return 0;
    case JIT_CALL: return ((eval_fn)(uintptr_t)a[0])(w, a + 1);
    default:
        if (op->opcode == JIT_charge) w->charged += a[1];
        (void)ir;
        return 0;
    }
}

/* Runs the trace until it is left; w->pc says where the interpreter goes on. */
static void eval_run(const struct jit_ir *ir, struct eval_world *w)
{
    uint64_t *vals = calloc(ir->ops.n + 1, sizeof *vals), a[32], next[256];
    uint32_t label = jit_ir_label(ir);
    for (uint32_t i = 0;; i++) {
        const struct jit_op *op = &ir->ops.v[i];
        const jit_ref *args = jit_op_args(ir, op);
        w->ops++;
        assert(op->nargs < 256);
        for (unsigned k = 0; k < op->nargs; k++)
            next[k] = eval_ref(ir, vals, args[k]);
        memcpy(a, next, sizeof a);
        if (jit_op_is_guard(op) && !eval_guard(op, a, w)) {
            eval_resume(ir, vals, op->resume, w);
            break;
        }
        if (jit_opinfo[op->opcode].effects == JIT_CALL && op->descr->effects & JIT_EF_SYNC)
            eval_resume(ir, vals, op->resume, w);
        if (op->opcode == JIT_jump) {
            assert(ir->link == JIT_LINK_LOOP);
            w->iterations++;
            if (label == JIT_NOREF) {
                eval_resume(ir, vals, op->resume, w);
                if (w->fuel-- <= 0)
                    break;
                i = UINT32_MAX;
                continue;
            }
            const jit_ref *la = jit_op_args(ir, &ir->ops.v[label]);
            for (unsigned k = 0; k < op->nargs; k++)
                vals[la[k]] = next[k];
            i = label;
            op = &ir->ops.v[label];
        }
        if (op->opcode == JIT_label) {
            if (w->fuel-- > 0)
                continue;
            eval_resume(ir, vals, op->resume, w);
            break;
        }
        vals[i] = eval_value(ir, op, a, w);
    }
    free(vals);
}
#endif
