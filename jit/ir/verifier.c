/* verifier.c: holds a trace against the invariants of ir.h; messages quote their numbers.
 *
 * Run on every recorded trace and between the optimizer's steps in test builds, and always on
 * what an optimize hook gives back. One walk in order: a value is defined when the walk has
 * passed its operation, so "before" needs no table.
 *
 * Before it: recorder, parser, opt/. After it: whoever trusts the trace.
 */
#include "ir/ir.h"
#include "jitstat/stats.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct verifier {
    const struct jit_ir *ir;
    uint32_t at; /* the operation looked at */
    uint32_t label; /* or JIT_NOREF: not passed yet */
    bool open; /* still being built */
    bool body; /* past the bridge's inputs */
    char *err;
    size_t errsize;
};

__attribute__((format(printf, 3, 4))) static bool broken(struct verifier *v, int invariant, const char *fmt, ...)
{
    int n = v->errsize ? snprintf(v->err, v->errsize, "op %u: invariant %d: ", v->at, invariant) : 0;
    if (n < 0 || (size_t)n >= v->errsize)
        return false;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(v->err + n, v->errsize - (size_t)n, fmt, ap);
    va_end(ap);
    return false;
}

static const struct jit_op *this_op(const struct verifier *v)
{
    return &v->ir->ops.v[v->at];
}

/* ---- 1: definitions and types ---- */

static bool check_ref(struct verifier *v, int invariant, jit_ref r, char *type)
{
    bool is_const = jit_ref_is_const(r);
    *type = 0;
    if (is_const && (r & ~JIT_K) >= v->ir->consts.n)
        return broken(v, invariant, "constant %u does not exist", r & ~JIT_K);
    if (!is_const && r >= v->at)
        return broken(v, invariant, "value %u is used before it is defined", r);
    *type = jit_ref_type(v->ir, r);
    return *type || broken(v, invariant, "operation %u gives no value", r);
}

static bool check_arg(struct verifier *v, int invariant, unsigned i, jit_ref r, char want)
{
    char type;
    if (!check_ref(v, invariant, r, &type))
        return false;
    return want == '*' || want == type || broken(v, invariant, "argument %u is %c, not %c", i + 1, type, want);
}

static bool check_args(struct verifier *v)
{
    const struct jit_op *op = this_op(v);
    const jit_ref *args = jit_op_args(v->ir, op);
    const char *letters = jit_opinfo[op->opcode].args;
    unsigned i = 0;
    if (op->nargs > 3 && ((uint64_t)op->ext + op->nargs > v->ir->args.n))
        return broken(v, 1, "arguments out of range");
    for (; letters[i] && letters[i] != '.'; i++) {
        if (i >= op->nargs)
            return broken(v, 1, "%s has %u arguments, too few", jit_opinfo[op->opcode].name, op->nargs);
        if (!check_arg(v, 1, i, args[i], letters[i]))
            return false;
    }
    if (!letters[i] && i != op->nargs)
        return broken(v, 1, "%s has %u arguments, too many", jit_opinfo[op->opcode].name, op->nargs);
    for (; i < op->nargs; i++)
        if (!check_arg(v, 1, i, args[i], '*'))
            return false;
    return true;
}

static bool check_const_arg(struct verifier *v, unsigned i)
{
    return jit_ref_is_const(this_op(v)->arg[i]) || broken(v, 1, "argument %u must be a constant", i + 1);
}

static bool check_guard_value(struct verifier *v)
{
    const struct jit_op *op = this_op(v);
    char a = jit_ref_type(v->ir, op->arg[0]), b = jit_ref_type(v->ir, op->arg[1]);
    if (a != b || a == 'f')
        return broken(v, 1, "guard_value compares %c with %c", a, b);
    return check_const_arg(v, 1);
}

/* ---- 2: calls ---- */

static bool check_call(struct verifier *v)
{
    const struct jit_op *op = this_op(v);
    const struct jit_descr *d = op->descr;
    const jit_ref *args = jit_op_args(v->ir, op);
    if (!d || d->kind != JIT_D_CALL || !d->args)
        return broken(v, 2, "call without a call descriptor");
    if (d->type != jit_opinfo[op->opcode].result)
        return broken(v, 2, "%s gives %c", d->name, d->type);
    if (!jit_ref_is_const(args[0]))
        return broken(v, 2, "the function is no constant");
    if (strlen(d->args) != op->nargs - 1u)
        return broken(v, 2, "%s takes %zu arguments, not %u", d->name, strlen(d->args), op->nargs - 1u);
    for (unsigned i = 1; i < op->nargs; i++)
        if (!check_arg(v, 2, i, args[i], d->args[i - 1]))
            return false;
    return true;
}

/* ---- 3: resume data ---- */

static bool resume_wanted(const struct verifier *v, const struct jit_op *op)
{
    switch (jit_opinfo[op->opcode].effects) {
    case JIT_GUARD:
        return true;
    case JIT_CALL:
        return op->descr && (op->descr->effects & JIT_EF_SYNC);
    default:
        return op->opcode == JIT_jump && (v->ir->link != JIT_LINK_LOOP || v->label == JIT_NOREF);
    }
}

/* At most once per slot. Lists are short; the quadratic walk needs no memory. */
static bool check_slot_once(struct verifier *v, const struct jit_slot_val *s, uint32_t i)
{
    for (uint32_t j = 0; j < i; j++)
        if (s[j].slot == s[i].slot && s[i].slot != JIT_SLOT_PART)
            return broken(v, 3, "slot %d is listed twice", s[i].slot);
    return true;
}

static bool check_resume(struct verifier *v)
{
    const struct jit_op *op = this_op(v);
    char type;
    if (op->resume == JIT_NORESUME)
        return !resume_wanted(v, op) || broken(v, 3, "%s without resume data", jit_opinfo[op->opcode].name);
    if (op->resume >= v->ir->resumes.n)
        return broken(v, 3, "resume data %u do not exist", op->resume);
    const struct jit_resume *r = &v->ir->resumes.v[op->resume];
    if ((uint64_t)r->slots + r->nslots > v->ir->slots.n || (uint64_t)r->frames + r->nframes > v->ir->frames.n)
        return broken(v, 3, "resume data out of range");
    const struct jit_slot_val *s = v->ir->slots.v + r->slots;
    for (uint32_t i = 0; i < r->nslots; i++)
        if ((s[i].ref != JIT_NOREF && !check_ref(v, 3, s[i].ref, &type)) || !check_slot_once(v, s, i))
            return false;
    return true;
}

/* ---- 8: removed objects ---- */

/* May the operation's resume data name removed objects? */
static bool rebuilds(const struct verifier *v, const struct jit_op *op)
{
    return jit_op_is_guard(op) || op->opcode == JIT_label || (op->opcode == JIT_jump && v->ir->link == JIT_LINK_INTERP);
}

static bool check_virtual_uses(struct verifier *v)
{
    const struct jit_op *op = this_op(v);
    const jit_ref *args = jit_op_args(v->ir, op);
    for (unsigned i = 0; i < op->nargs && !jit_op_is_virtual(op); i++)
        if (jit_ref_is_virtual(v->ir, args[i]))
            return broken(v, 8, "argument %u is a removed object", i + 1);
    if (op->resume == JIT_NORESUME || rebuilds(v, op))
        return true;
    const struct jit_resume *r = &v->ir->resumes.v[op->resume];
    for (uint32_t i = 0; i < r->nslots; i++)
        if (v->ir->slots.v[r->slots + i].ref != JIT_NOREF && jit_ref_is_virtual(v->ir, v->ir->slots.v[r->slots + i].ref))
            return broken(v, 8, "%s needs a removed object", jit_opinfo[op->opcode].name);
    return true;
}

static bool check_virtual_cell(struct verifier *v, int kind)
{
    const struct jit_op *op = this_op(v);
    const jit_ref *args = jit_op_args(v->ir, op);
    const struct jit_descr *d = op->descr;
    if (jit_ref_is_const(args[0]) || !jit_op_is_virtual(&v->ir->ops.v[args[0]]))
        return broken(v, 8, "argument 1 is no removed object");
    if (kind == JIT_D_ARRAY && (!jit_ref_is_const(args[1]) || !jit_ref_is_const(args[2])))
        return broken(v, 8, "the place in a removed object is no constant");
    if (!d || d->kind != kind || d->type != jit_ref_type(v->ir, args[op->nargs - 1]))
        return broken(v, 8, "%s without its kind of descriptor", jit_opinfo[op->opcode].name);
    return true;
}

/* ---- 4: label and jump ---- */

static bool check_label(struct verifier *v)
{
    const struct jit_op *op = this_op(v);
    const jit_ref *args = jit_op_args(v->ir, op);
    if (v->label != JIT_NOREF)
        return broken(v, 4, "a second label");
    for (unsigned i = 0; i < op->nargs; i++) {
        if (jit_ref_is_const(args[i]))
            return broken(v, 4, "label argument %u is a constant", i + 1);
        for (unsigned j = 0; j < i; j++)
            if (args[j] == args[i])
                return broken(v, 4, "label argument %u is there twice", i + 1);
    }
    v->label = v->at;
    return true;
}

static bool check_jump(struct verifier *v)
{
    const struct jit_op *op = this_op(v);
    if (v->at + 1 != v->ir->ops.n)
        return broken(v, 4, "jump is not the last operation");
    if (v->ir->link > JIT_LINK_INTERP)
        return broken(v, 4, "unknown link %u", v->ir->link);
    if (v->label == JIT_NOREF || v->ir->link != JIT_LINK_LOOP || v->open)
        return true;
    const struct jit_op *label = &v->ir->ops.v[v->label];
    if (label->nargs != op->nargs)
        return broken(v, 4, "jump has %u arguments, the label %u", op->nargs, label->nargs);
    const jit_ref *la = jit_op_args(v->ir, label), *ja = jit_op_args(v->ir, op);
    for (unsigned i = 0; i < op->nargs; i++)
        if (jit_ref_type(v->ir, la[i]) != jit_ref_type(v->ir, ja[i]))
            return broken(v, 4, "argument %u is %c, the label's %c", i + 1, jit_ref_type(v->ir, ja[i]), jit_ref_type(v->ir, la[i]));
    return true;
}

/* ---- 5: inputs of bridges ---- */

static bool check_input(struct verifier *v)
{
    if (v->ir->kind != JITSTAT_KIND_BRIDGE)
        return broken(v, 5, "inputarg outside a bridge");
    return !v->body ? check_const_arg(v, 0) : broken(v, 5, "inputarg after other operations");
}

/* ---- 6: memory ---- */

static bool check_memory(struct verifier *v, int kind)
{
    const struct jit_op *op = this_op(v);
    const struct jit_descr *d = op->descr;
    bool store = jit_opinfo[op->opcode].effects == JIT_STORE;
    char type = store ? jit_ref_type(v->ir, op->arg[op->nargs - 1]) : jit_opinfo[op->opcode].result;
    if (!d || d->kind != kind)
        return broken(v, 6, "%s without its kind of descriptor", jit_opinfo[op->opcode].name);
    if (d->type != type)
        return broken(v, 6, "%s holds %c, not %c", d->name, d->type, type);
    if (d->alias > 63)
        return broken(v, 6, "%s has alias class %u", d->name, d->alias);
    bool fits = type == 'i' ? d->size == 1 || d->size == 2 || d->size == 4 || d->size == 8 : d->size == 8;
    return fits || broken(v, 6, "%s has cells of %u bytes", d->name, d->size);
}

/* ---- 7: frame reads ---- */

static bool reads_same_slot(const struct jit_op *a, const struct jit_op *b)
{
    bool tag = a->opcode == JIT_getframetag;
    if (b->opcode < JIT_getframe_i || b->opcode > JIT_getframetag || a->arg[0] != b->arg[0])
        return false;
    return tag == (b->opcode == JIT_getframetag);
}

static bool check_frame_read(struct verifier *v)
{
    const struct jit_op *op = this_op(v);
    if (!check_const_arg(v, 0))
        return false;
    if (v->label != JIT_NOREF)
        return broken(v, 7, "%s after the label", jit_opinfo[op->opcode].name);
    for (uint32_t i = 0; i < v->at; i++)
        if (reads_same_slot(op, &v->ir->ops.v[i]))
            return broken(v, 7, "operation %u reads the slot already", i);
    return true;
}

static bool check_merge(struct verifier *v)
{
    const struct jit_op *op = this_op(v);
    if (!check_const_arg(v, 0))
        return false;
    return jit_ref_const(v->ir, op->arg[0])->bits < v->ir->merges.n || broken(v, 1, "merge point does not exist");
}

static bool check_virtual_new(struct verifier *v)
{
    const struct jit_op *op = this_op(v);
    const jit_ref *args = jit_op_args(v->ir, op);
    if (!check_call(v))
        return false;
    for (unsigned i = 0; i < op->nargs; i++)
        if (!jit_ref_is_const(args[i]) && v->ir->ops.v[args[i]].opcode != JIT_getcontext)
            return broken(v, 8, "argument %u is neither a constant nor the context", i + 1);
    return op->nargs <= 7 || broken(v, 8, "a removed object has more than 6 arguments");
}

static bool check_special(struct verifier *v)
{
    switch (this_op(v)->opcode) {
    case JIT_label: return check_label(v);
    case JIT_jump: return check_jump(v);
    case JIT_debug_merge_point: return check_merge(v);
    case JIT_inputarg_i:
    case JIT_inputarg_f:
    case JIT_inputarg_r: return check_input(v);
    case JIT_getfield_gc_i:
    case JIT_getfield_gc_f:
    case JIT_getfield_gc_r:
    case JIT_setfield_gc: return check_memory(v, JIT_D_FIELD);
    case JIT_getarrayitem_gc_i:
    case JIT_getarrayitem_gc_f:
    case JIT_getarrayitem_gc_r:
    case JIT_setarrayitem_gc: return check_memory(v, JIT_D_ARRAY);
    case JIT_getframe_i:
    case JIT_getframe_f:
    case JIT_getframe_r:
    case JIT_getframetag: return check_frame_read(v);
    case JIT_getframeaddr:
    case JIT_increment_counter:
    case JIT_guard_stack: return check_const_arg(v, 0);
    case JIT_call_n:
    case JIT_call_i:
    case JIT_call_f:
    case JIT_call_r: return check_call(v);
    case JIT_guard_value: return check_guard_value(v);
    case JIT_virtual_new: return check_virtual_new(v);
    case JIT_virtual_field: return check_virtual_cell(v, JIT_D_FIELD);
    case JIT_virtual_item: return check_virtual_cell(v, JIT_D_ARRAY);
    case JIT_charge: return check_const_arg(v, 0) && check_const_arg(v, 1);
    default: return true;
    }
}

static bool verify(const struct jit_ir *ir, bool open, char *err, size_t errsize)
{
    struct verifier v = {.ir = ir, .label = JIT_NOREF, .open = open, .err = err, .errsize = errsize};
    if (errsize)
        err[0] = 0;
    if (ir->failed)
        return broken(&v, 0, "memory ran out while the trace was made");
    for (; v.at < ir->ops.n; v.at++) {
        if (this_op(&v)->opcode >= JIT_NOPCODES)
            return broken(&v, 1, "unknown operation %u", this_op(&v)->opcode);
        if (!check_args(&v) || !check_special(&v) || !check_resume(&v) || !check_virtual_uses(&v))
            return false;
        v.body |= this_op(&v)->opcode < JIT_inputarg_i || this_op(&v)->opcode > JIT_inputarg_r;
    }
    if (!open && (ir->ops.n == 0 || ir->ops.v[ir->ops.n - 1].opcode != JIT_jump))
        return broken(&v, 4, "no jump at the end");
    return true;
}

bool jit_ir_verify(const struct jit_ir *ir, char *err, size_t errsize)
{
    return verify(ir, false, err, errsize);
}

bool jit_ir_verify_open(const struct jit_ir *ir, char *err, size_t errsize)
{
    return verify(ir, true, err, errsize);
}
