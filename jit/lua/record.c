/* record.c: the guest's recorder: what each bytecode instruction means as operations.
 *
 * It is called before the interpreter executes an instruction, looks at the values that are in the
 * registers now, emits guards that let the trace run only for such values, and then what the
 * instruction does. It never changes the guest's state, so the interpreter stays the oracle.
 *
 * Invariants
 *  1. All guards of an instruction come before its effects: they resume AT the instruction.
 *  2. Effects on registers are symbolic (jit_rec_set); on the heap they are store operations.
 *  3. Registers that an inner function may have captured are synchronised with memory before code runs that
 *     may read them there, and read again after code ran that may have written them.
 *  4. What is not understood ends the recording with a named reason, never with a guess.
 *
 * Files: record_arith.c, record_call.c (calls, returns, loops), record_table.c, record_ff.c and the libraries' record_str.c,
 * record_pat.c, record_iter.c, trace_help.c
 * (functions that machine code calls). Before: vm.c. After: trace/recorder.c.
 */
#include "lua/record.h"

#define LONG_TRACE 40 /* instructions that are worth a way in and out per turn of a loop */
#define MANY_BRIDGES 3 /* of one instruction: the next one does for all objects */
#define SHORT_TRACE 20 /* instructions: about what entering and leaving costs the interpreter */

void rl_fail(struct rec_lua *rl, enum jitstat_abort why) { jit_rec_fail(rl->r, why); }
bool rl_failed(struct rec_lua *rl) { return rl->r->status >= 0; }

/* ---- values ---- */

/* The symbolic frame and the real one must agree. */
static bool same_constant(const struct rec_lua *rl, jit_ref ref, const struct value *now)
{
    return ref == JIT_NOREF || !jit_ref_is_const(ref) || now->tag <= T_TRUE || jit_ref_const(&rl->r->ir, ref)->bits == now->bits;
}

struct rv rl_get(struct rec_lua *rl, unsigned reg)
{
    int32_t slot = rl_slot(rl, reg);
    struct jit_rec_slot *s = jit_rec_slot(rl->r, slot);
    uint32_t now = rl->base[reg].tag;
    if (s->flags & JIT_SL_KNOWN) {
        if (s->tag != now || !same_constant(rl, s->ref, &rl->base[reg])) jit_rec_disagrees(rl->r);
        rl->r->ir.n_heapcached++;
        return (struct rv){s->ref, s->tag};
    }
    return (struct rv){jit_rec_load(rl->r, slot, now, tag_type(now)), now};
}

struct rv rl_const(struct rec_lua *rl, const struct value *k)
{
    struct jit_recorder *r = rl->r;
    switch (tag_type(k->tag)) {
    case 'v': return (struct rv){JIT_NOREF, k->tag};
    case 'i': return (struct rv){jit_rec_ki(r, k->i), k->tag};
    case 'f': return (struct rv){jit_rec_kf(r, k->n), k->tag};
    default: return (struct rv){jit_rec_kr(r, k->p, tag_is_gc(k->tag)), k->tag};
    }
}

struct rv rl_rkc(struct rec_lua *rl, unsigned c, const struct value **now)
{
    if (c & OPK_BIT) {
        *now = &rl->p->k[c & ~OPK_BIT];
        return rl_const(rl, *now);
    }
    *now = &rl->base[c];
    return rl_get(rl, c);
}

void rl_set(struct rec_lua *rl, unsigned reg, struct rv v) { jit_rec_set(rl->r, rl_slot(rl, reg), v.ref, v.tag); }

static const struct jit_descr *by_type(uint32_t tag, const struct jit_descr *di, const struct jit_descr *df, const struct jit_descr *dr)
{
    char t = tag_type(tag);
    return t == 'i' ? di : t == 'f' ? df
                                    : dr;
}

struct rv rl_load_fields(struct rec_lua *rl, jit_ref obj, const struct value *now, const struct jit_descr *dt, const struct jit_descr *di,
                         const struct jit_descr *df, const struct jit_descr *dr)
{
    jit_rec_guard_value(rl->r, jit_rec_get(rl->r, dt, obj), jit_rec_ki(rl->r, now->tag));
    if (tag_type(now->tag) == 'v') return (struct rv){JIT_NOREF, now->tag};
    return (struct rv){jit_rec_get(rl->r, by_type(now->tag, di, df, dr), obj), now->tag};
}

struct rv rl_load_items(struct rec_lua *rl, jit_ref arr, jit_ref idx, const struct value *now, const struct jit_descr *dt,
                        const struct jit_descr *di, const struct jit_descr *df, const struct jit_descr *dr)
{
    jit_rec_guard_value(rl->r, jit_rec_aget(rl->r, dt, arr, idx), jit_rec_ki(rl->r, now->tag));
    if (tag_type(now->tag) == 'v') return (struct rv){JIT_NOREF, now->tag};
    return (struct rv){jit_rec_aget(rl->r, by_type(now->tag, di, df, dr), arr, idx), now->tag};
}

static void store_fields(struct rec_lua *rl, jit_ref obj, struct rv v, const struct jit_descr *dt, const struct jit_descr *di,
                         const struct jit_descr *df, const struct jit_descr *dr)
{
    if (v.ref != JIT_NOREF) jit_rec_put(rl->r, by_type(v.tag, di, df, dr), obj, v.ref);
    jit_rec_put(rl->r, dt, obj, jit_rec_ki(rl->r, v.tag));
}

void rl_store_items(struct rec_lua *rl, jit_ref arr, jit_ref idx, struct rv v, const struct jit_descr *dt, const struct jit_descr *di,
                    const struct jit_descr *df, const struct jit_descr *dr)
{
    if (v.ref != JIT_NOREF) jit_rec_aput(rl->r, by_type(v.tag, di, df, dr), arr, idx, v.ref);
    jit_rec_aput(rl->r, dt, arr, idx, jit_rec_ki(rl->r, v.tag));
}

/* ---- the running function and its upvalues ---- */

jit_ref rl_func(struct rec_lua *rl)
{
    int32_t slot = rl->r->base - 1;
    struct jit_rec_slot *s = jit_rec_slot(rl->r, slot);
    if (s->flags & JIT_SL_KNOWN) return s->ref;
    return jit_rec_load(rl->r, slot, T_LCL, 'r');
}

/* Bottom of the frames that the recording knows: slots at and above are symbolic. */
static int32_t lowest_slot(const struct rec_lua *rl) { return rl->r->frames[0].base - 1; }

static jit_ref frame_addr(struct rec_lua *rl, int32_t slot)
{
    jit_ref k = jit_rec_ki(rl->r, slot);
    return jit_rec_op1(rl->r, JIT_getframeaddr, k);
}

/* Where upvalue idx lives: *slot is its register when it is an open one in the traced frames (then memory
 * is not read), else INT32_MIN and *addr points to its value. */
static struct upval *upvalue_place(struct rec_lua *rl, unsigned idx, int32_t *slot, jit_ref *uvref, jit_ref *addr)
{
    struct jit_recorder *r = rl->r;
    struct lclosure *cl = rl->L->ci->func->lcl;
    struct upval *uv = cl->upvals[idx];
    jit_ref f = rl_func(rl);
    *uvref = jit_ref_is_const(f) ? jit_rec_kr(r, uv, true) : jit_rec_aget(r, &d_lcl_upval, f, jit_rec_ki(r, idx));
    *addr = jit_rec_get(r, &d_upval_v, *uvref);
    *slot = INT32_MIN;
    if (!uv->open) {
        jit_rec_guard_true(r, jit_rec_op2(r, JIT_ptr_eq, *addr, jit_rec_op2(r, JIT_int_add_ptr, *uvref, jit_rec_ki(r, offsetof(struct upval, closed)))));
        return uv;
    }
    const struct value *entry = rl->base - r->base;
    ptrdiff_t d = uv->v - entry;
    bool here = uv->v >= rl->L->stack && uv->v < rl->L->stack_last + STACK_EXTRA;
    if (here && d >= lowest_slot(rl) && d < JIT_REC_SLOTS_ABOVE) {
        *slot = (int32_t)d;
        jit_rec_guard_true(r, jit_rec_op2(r, JIT_ptr_eq, *addr, frame_addr(rl, *slot)));
        return uv;
    }
    jit_ref low = jit_rec_op1(r, JIT_cast_ptr_to_int, frame_addr(rl, lowest_slot(rl)));
    jit_ref off = jit_rec_op2(r, JIT_int_sub, jit_rec_op1(r, JIT_cast_ptr_to_int, *addr), low);
    jit_rec_guard_true(r, jit_rec_op2(r, JIT_uint_ge, off, jit_rec_ki(r, (int64_t)sizeof(struct value) * (JIT_REC_SLOTS_ABOVE + JIT_REC_SLOTS_BELOW))));
    return uv;
}

struct rv rl_upvalue(struct rec_lua *rl, unsigned idx)
{
    int32_t slot;
    jit_ref uvref, addr;
    struct upval *uv = upvalue_place(rl, idx, &slot, &uvref, &addr);
    if (slot == INT32_MIN) return rl_load_fields(rl, addr, uv->v, &d_uv_tag, &d_uv_i, &d_uv_f, &d_uv_r);
    struct jit_rec_slot *s = jit_rec_slot(rl->r, slot);
    uint32_t now = uv->v->tag;
    if (s->flags & JIT_SL_KNOWN) {
        if (s->tag != now || !same_constant(rl, s->ref, uv->v)) jit_rec_disagrees(rl->r);
        return (struct rv){s->ref, s->tag};
    }
    return (struct rv){jit_rec_load(rl->r, slot, now, tag_type(now)), now};
}

static void op_setupval(struct rec_lua *rl, unsigned idx, unsigned reg)
{
    int32_t slot;
    jit_ref uvref, addr;
    struct rv v = rl_get(rl, reg);
    upvalue_place(rl, idx, &slot, &uvref, &addr);
    if (slot != INT32_MIN) {
        jit_rec_set(rl->r, slot, v.ref, v.tag);
        return;
    }
    bool barrier = rl_barrier_before(rl, uvref, rl->L->ci->func->lcl->upvals[idx], v);
    store_fields(rl, addr, v, &d_uv_tag, &d_uv_i, &d_uv_f, &d_uv_r);
    if (barrier) rl_barrier_back(rl, uvref, v);
}

/* ---- captured registers ---- */

/* May an inner function capture the register? */
static bool proto_captures(const struct proto *p, unsigned reg)
{
    for (uint32_t i = 0; i < p->np; i++)
        for (uint32_t u = 0; u < p->protos[i]->nupvals; u++)
            if (p->protos[i]->upvals[u].instack && p->protos[i]->upvals[u].idx == reg) return true;
    return false;
}

/* Does an open upvalue point to this place now? */
static bool has_open_upvalue(const struct rec_lua *rl, const struct value *v)
{
    const struct upval *uv = rl->L->openupval;
    while (uv && uv->v > v) uv = uv->onext;
    return uv && uv->v == v;
}

/* Captured registers at and above `from` go to memory now. Known ones are stored even if nothing was written: in a peeled
 * loop their value comes from the round before, and memory does not have it. */
static void sync_captured(struct rec_lua *rl, int32_t from)
{
    struct jit_recorder *r = rl->r;
    const struct jit_resume_frame *f = &r->frames[r->nframes - 1];
    const struct proto *p = (const struct proto *)(uintptr_t)f->code;
    if (!p->np) return;
    for (int32_t reg = 0; reg < p->maxstack; reg++) {
        struct jit_rec_slot *s = jit_rec_slot(r, f->base + reg);
        if (f->base + reg < from || !proto_captures(p, (unsigned)reg)) continue;
        if (!(s->flags & JIT_SL_KNOWN) && has_open_upvalue(rl, rl->base + reg)) rl_get(rl, (unsigned)reg);
        if (!(s->flags & JIT_SL_KNOWN)) continue;
        struct rv v = {s->ref, s->tag};
        store_fields(rl, frame_addr(rl, f->base + reg), v, &r->vm->frame_tag, &r->vm->frame_i, &r->vm->frame_f, &r->vm->frame_r);
    }
}

void rl_reload_captured(struct rec_lua *rl)
{
    struct jit_recorder *r = rl->r;
    const struct value *entry = rl->base - r->base;
    for (uint32_t i = 0; i < r->nframes; i++) {
        const struct jit_resume_frame *f = &r->frames[i];
        const struct proto *p = (const struct proto *)(uintptr_t)f->code;
        for (int32_t reg = 0; p && p->np && reg < p->maxstack; reg++) {
            int32_t slot = f->base + reg;
            if (!proto_captures(p, (unsigned)reg) || !(jit_rec_slot(r, slot)->flags & JIT_SL_KNOWN)) continue;
            if (!live_reg(p, f->pc, (unsigned)reg)) continue;
            jit_rec_reload(r, slot, entry[slot].tag, tag_type(entry[slot].tag));
        }
    }
}

static void op_closure(struct rec_lua *rl, unsigned a, uint32_t n)
{
    struct jit_recorder *r = rl->r;
    struct proto *p = rl->p->protos[n];
    jit_ref args[4] = {trh_context(rl), jit_rec_kr(r, p, true), rl_func(rl), 0};
    for (uint32_t u = 0; u < p->nupvals; u++)
        if (p->upvals[u].instack && p->upvals[u].idx != a) rl_get(rl, p->upvals[u].idx); /* known, so that sync_captured stores what was written */
    sync_captured(rl, INT32_MIN);
    args[3] = frame_addr(rl, r->base);
    jit_ref cl = jit_rec_call(r, &d_call_closure, (const void *)trh_closure, args, 4);
    jit_rec_guard_nonnull(r, cl);
    rl_made_fresh(rl, cl);
    rl_set(rl, a, (struct rv){cl, T_LCL});
    rl_gc_check(rl);
}

/* Stops before an instruction that no trace can go through: a switch of coroutines, a variable to be closed. What was
 * recorded up to here is worth having where it may end: a guard that is left for this path would otherwise be left for ever,
 * and each try at its bridge given up here. A loop's own trace has to come round; only its last try takes what there is. */
void rl_end_before(struct rec_lua *rl, enum jitstat_abort why)
{
    const struct jit_recorder *r = rl->r;
    bool loop = !r->parent && r->place == JITSTAT_KIND_LOOP;
    if (loop) rl->end = r->ops_executed >= LONG_TRACE && jit_aborts_at(r->vm, r->key, r->place) + 1 >= (uint32_t)r->vm->params.max_aborts;
    else rl->end = r->ir.ops.n > 8;
    if (!rl->end) rl_fail(rl, why);
}

static void op_close(struct rec_lua *rl, unsigned a)
{
    if (rl->L->tbclist > (rl->base + a) - rl->L->stack) {
        rl_end_before(rl, JITSTAT_A_NYI_BYTECODE);
        return;
    }
    rl_close_upvalues(rl, rl_slot(rl, a));
}

void rl_close_upvalues(struct rec_lua *rl, int32_t from)
{
    sync_captured(rl, from);
    jit_ref args[2] = {trh_context(rl), frame_addr(rl, from)};
    jit_rec_call(rl->r, &d_call_close, (const void *)trh_close, args, 2);
}

/* ---- memory upkeep ---- */

/* Black objects are rare: the collector blackens each once per cycle, and a store of something white turns a table gray
 * again. So the trace just looks at the mark, which loops without calls do once, and leaves where it is black; a
 * bridge from there makes the call. */
bool rl_barrier_before(struct rec_lua *rl, jit_ref obj, const void *now, struct rv v)
{
    struct jit_recorder *r = rl->r;
    if (!tag_is_gc(v.tag) || rl_fresh(rl, obj)) return false;
    if (gc_is_black(now)) return true;
    jit_ref mark = jit_rec_get(r, &d_gc_mark, obj);
    jit_rec_guard_false(r, jit_rec_op2(r, JIT_int_and, mark, jit_rec_ki(r, GC_BLACK)));
    return false;
}

void rl_barrier_back(struct rec_lua *rl, jit_ref obj, struct rv v)
{
    jit_ref args[3] = {trh_context(rl), obj, v.ref};
    jit_rec_call(rl->r, &d_call_barrier, (const void *)trh_barrier_back, args, 3);
}

struct fresh *rl_made_fresh(struct rec_lua *rl, jit_ref o)
{
    struct fresh *f = &rl->fresh[rl->nfresh++ % 8];
    *f = (struct fresh){.ref = o};
    return f;
}

struct fresh *rl_fresh(struct rec_lua *rl, jit_ref o)
{
    for (uint32_t i = 0; i < rl->nfresh && i < 8; i++)
        if (rl->fresh[i].ref == o) return &rl->fresh[i];
    return NULL;
}

struct fresh *rl_fresh_table(struct rec_lua *rl, jit_ref o)
{
    struct fresh *f = rl_fresh(rl, o);
    return f && f->known ? f : NULL;
}

void rl_table_changes(struct rec_lua *rl, jit_ref t)
{
    for (uint32_t i = 0; i < 8; i++)
        if (rl->fresh[i].ref != t) rl->fresh[i].known = false;
}

void rl_gc_check(struct rec_lua *rl)
{
    struct jit_recorder *r = rl->r;
    if (rl_failed(rl)) return;
    jit_rec_begin_ins(r, r->pc + 1, r->cur_line, r->top); /* resumes at the next instruction */
    r->ops_executed--;
    jit_rec_guard_not_due(r, jit_rec_kr(r, &rl->L->g->gc_debt, false));
}

/* ---- instructions ---- */

static void op_loadk(struct rec_lua *rl, lua_ins i) { rl_set(rl, ins_a(i), rl_const(rl, &rl->p->k[ins_e(i)])); }

static bool tag_truth(const struct rec_lua *rl, unsigned reg) { return !tag_is_false(rl->base[reg].tag); }

/* Conditional jumps on truth need no guard of their own: reading the register guards its tag. */
static void op_test(struct rec_lua *rl, lua_ins i)
{
    enum opcode op = ins_op(i);
    if (op == OP_JT || op == OP_JF) {
        rl_get(rl, ins_a(i));
        return;
    }
    struct rv v = rl_get(rl, ins_b(i));
    if (tag_truth(rl, ins_b(i)) == (op == OP_JTS)) rl_set(rl, ins_a(i), v);
}

static void op_not(struct rec_lua *rl, lua_ins i)
{
    struct rv v = rl_get(rl, ins_b(i));
    rl_set(rl, ins_a(i), RV_BOOL(tag_is_false(v.tag)));
}

static void op_loop(struct rec_lua *rl, lua_ins i) { rl_back_edge(rl, rl->pc + 1 + ins_e(i)); }

static void record_one(struct rec_lua *rl, lua_ins i)
{
    unsigned a = ins_a(i), b = ins_b(i);
    switch (ins_op(i)) {
    case OP_MOVE: rl_set(rl, a, rl_get(rl, b)); break;
    case OP_LOADI: rl_set(rl, a, (struct rv){jit_rec_ki(rl->r, ins_e(i)), T_INT}); break;
    case OP_LOADF: rl_set(rl, a, (struct rv){jit_rec_kf(rl->r, (double)ins_e(i)), T_FLT}); break;
    case OP_LOADK: op_loadk(rl, i); break;
    case OP_LOADNIL:
        for (unsigned n = a; n <= a + b; n++) rl_set(rl, n, RV_NIL);
        break;
    case OP_LOADFALSE: rl_set(rl, a, RV_BOOL(false)); break;
    case OP_LOADTRUE: rl_set(rl, a, RV_BOOL(true)); break;
    case OP_GETUPVAL: rl_set(rl, a, rl_upvalue(rl, b)); break;
    case OP_SETUPVAL: op_setupval(rl, b, a); break;
    case OP_GETTABUP:
    case OP_GETTABLE:
    case OP_GETFIELD:
    case OP_GETINT:
    case OP_SELF: rl_op_gettable(rl); break;
    case OP_SETTABUP:
    case OP_SETTABLE:
    case OP_SETFIELD:
    case OP_SETINT: rl_op_settable(rl); break;
    case OP_NEWTABLE: rl_op_newtable(rl); break;
    case OP_SETLIST: rl_op_setlist(rl); break;
    case OP_NOT: op_not(rl, i); break;
    case OP_LEN: rl_op_len(rl); break;
    case OP_CONCAT: rl_op_concat(rl); break;
    case OP_JMP: break;
    case OP_LOOP: op_loop(rl, i); break;
    case OP_JT:
    case OP_JF:
    case OP_JTS:
    case OP_JFS: op_test(rl, i); break;
    case OP_CALL: rl_op_call(rl); break;
    case OP_TAILCALL: rl_op_tailcall(rl); break;
    case OP_RETURN:
    case OP_RETURN0:
    case OP_RETURN1: rl_op_return(rl); break;
    case OP_VARARGPREP: rl_op_varargprep(rl); break;
    case OP_VARARG: rl_op_vararg(rl); break;
    case OP_CLOSURE: op_closure(rl, a, (uint32_t)ins_e(i)); break;
    case OP_CLOSE: op_close(rl, a); break;
    case OP_FORPREP: rl_op_forprep(rl); break;
    case OP_FORLOOP: rl_op_forloop(rl); break;
    case OP_TFORPREP:
        if (rl->base[a + 3].tag > T_FALSE) rl_end_before(rl, JITSTAT_A_NYI_BYTECODE);
        else rl_get(rl, a + 3);
        break;
    case OP_TFORCALL: rl_op_tforcall(rl); break;
    case OP_TBC: rl_end_before(rl, JITSTAT_A_NYI_BYTECODE); break;
    case OP_TFORLOOP: rl_op_tforloop(rl); break;
    default:
        if (op_compares(ins_op(i))) rl_op_compare(rl);
        else if ((ins_op(i) >= OP_ADD && ins_op(i) <= OP_KSHR) || ins_op(i) == OP_UNM || ins_op(i) == OP_BNOT) rl_op_arith(rl);
        else rl_fail(rl, JITSTAT_A_NYI_BYTECODE);
    }
}

/* ---- the loop over instructions ---- */

/* Registers of local variables in scope: debug.getlocal sees them even when no instruction reads them again. */
static int32_t active_locals(const struct proto *p, uint64_t pc)
{
    int32_t n = 0;
    for (uint32_t i = 0; i < p->nlocvars && p->locvars[i].startpc <= (int32_t)pc; i++) n += (int32_t)pc < p->locvars[i].endpc;
    return n;
}

/* Temporaries that nobody reads any more leave the resume data. */
static void drop_dead(struct rec_lua *rl, uint64_t pc)
{
    struct jit_recorder *r = rl->r;
    int32_t end = rl->open ? rl->open_top : r->base + rl->p->maxstack;
    for (int32_t reg = active_locals(rl->p, pc); reg < rl->p->maxstack; reg++) {
        int32_t slot = r->base + reg;
        if (slot >= r->slot_hi) break;
        if (slot < r->slot_lo || !r->slots[slot + JIT_REC_SLOTS_BELOW].flags) continue;
        if (rl->open && slot < end && slot >= rl->open_top - 255) continue;
        if (!live_reg(rl->p, pc, (unsigned)reg)) jit_rec_forget(r, slot, slot + 1);
    }
    if (r->slot_hi > end) jit_rec_forget(r, end, r->slot_hi);
}

/* How the frame must look if the next instruction takes everything up to top. */
static void mark_open(struct rec_lua *rl)
{
    struct jit_resume_frame *f = &rl->r->frames[rl->r->nframes - 1];
    f->flags &= ~(LJF_OPEN | LJF_KEEPTOP);
    f->aux[1] = 0;
    if (!rl->open) return;
    f->flags |= LJF_OPEN;
    f->aux[1] = (uint32_t)rl->open_top;
}

static bool frame_expected(const struct rec_lua *rl, const struct callinfo *ci)
{
    const struct callinfo *caller = ci->prev;
    if (rl->via_pcall && caller && caller->status & CIST_PCALL) caller = caller->prev;
    if (rl->ci_new ? caller != rl->caller : ci != rl->ci) return false;
    return ci->func->tag == T_LCL && (uint64_t)(uintptr_t)ci->func->lcl->p == rl->r->code;
}

/* The C function that the trace calls here is running Lua code (pcall's function, a comparator): not part of the trace. For a
 * while only, since nothing else is traced meanwhile. */
static bool inside_c_call(struct rec_lua *rl, const struct callinfo *ci)
{
    if (!rl->pending || rl->ci_new || ci == rl->ci || ++rl->npaused > 1000) return false;
    while (ci && ci != rl->ci) ci = ci->prev;
    return ci != NULL;
}

void rec_lua_start(struct lua_State *L, struct jit_recorder *r)
{
    struct rec_lua *rl = jit_arena_alloc(&r->arena, sizeof *rl);
    if (!rl) {
        jit_rec_abort(r, JITSTAT_A_NO_MEMORY);
        return;
    }
    r->guest = rl;
    rl->L = L;
    rl->r = r;
    rl->first = true;
    rl->ci = L->ci;
    if (!r->parent) {
        r->frames[0].flags = L->ci->status;
        r->frames[0].aux[0] = (uint32_t)(uint16_t)(L->ci->nresults + 1) | (L->ci->status & CIST_VARARG ? (uint32_t)L->ci->nvarargs << 16 : 0);
    } else {
        const struct jit_resume_frame *f = &r->frames[r->nframes - 1];
        for (jit_ref n = 0; n < r->ir.ops.n; n++) /* objects that the trace before had removed */
            if (r->ir.ops.v[n].opcode == JIT_call_r) rl_made_fresh(rl, n);
        rl->open = f->flags & LJF_OPEN;
        rl->open_top = (int32_t)f->aux[1];
        if (f->flags & LJF_KEEPTOP) rl->pending = rl_results_at_top;
        rl->many = jit_rec_same_place(r) >= MANY_BRIDGES;
    }
}

/* A function that returns to C after a few instructions is not worth the way in and out of machine code: a sort's
 * comparison, say. Who asks for traces of everything gets them. */
static bool too_short(const struct jit_recorder *r)
{
    return !r->parent && r->vm->params.function_threshold > 8 && r->ops_executed < SHORT_TRACE;
}

/* A recording that starts at this instruction, which is no loop's or function's head, or is that of a loop for other types. */
static void restart_here(struct lua_State *L, struct callinfo *ci, uint64_t pc, int kind)
{
    struct jit_vm *vm = L->g->vm;
    struct jit_key key = {.code = ci->func->lcl->p, .pc = pc};
    bool record;
    if (kind == JITSTAT_KIND_LOOP) record = jit_hot_again(vm, L, key, kind);
    else jit_hot(vm, L, key, kind, &record);
    if (!record) return;
    lua_jit_recording(L, true); /* the abort hook may have run in between */
    rec_lua_start(L, vm->rec);
    if (vm->rec) rec_lua_ins(L, vm->rec, ci);
}

void rec_lua_ins(struct lua_State *L, struct jit_recorder *r, struct callinfo *ci)
{
    struct rec_lua *rl = r->guest;
    if (!rl_failed(rl) && inside_c_call(rl, ci)) return;
    if (L->hookmask) rl_fail(rl, JITSTAT_A_DEBUG_HOOK);
    if (!frame_expected(rl, ci)) rl_fail(rl, JITSTAT_A_ESCAPE);
    if (rl_failed(rl)) {
        jit_rec_abort(r, (enum jitstat_abort)r->status);
        return;
    }
    rl->ci = ci;
    rl->ci_new = rl->via_pcall = rl->throws = false;
    rl->p = ci->func->lcl->p;
    rl->pc = ci->pc;
    rl->base = ci->func + 1;
    uint64_t pc = (uint64_t)(rl->pc - rl->p->code);
    bool open = rl->open;
    mark_open(rl);
    drop_dead(rl, pc);
    int32_t end = r->base + rl->p->maxstack;
    jit_rec_begin_ins(r, pc, rl->p->lineinfo ? (uint32_t)rl->p->lineinfo[pc] : 0, open && rl->open_top > end ? rl->open_top : end);
    if (rl->pending) {
        void (*f)(struct rec_lua *) = rl->pending;
        rl->pending = NULL;
        f(rl);
        open = rl->open;
    }
    if (rl->first) rl->typed = rl_typed_tag(rl);
    else if (rl_at_head(rl)) return; /* r is gone */
    if (rl->first || (rl->p->lineinfo && rl->last_line != rl->p->lineinfo[pc])) {
        jit_rec_merge_point(r);
        rl->last_line = rl->p->lineinfo ? rl->p->lineinfo[pc] : 0;
    }
    rl->first = false;
    if (!rl->end) record_one(rl, *rl->pc);
    rl->many = false;
    if (open && rl->open && !rl->opened) rl->open = false;
    rl->opened = false;
    if (rl->end) {
        if (too_short(r)) jit_rec_abort(r, JITSTAT_A_ESCAPE);
        else jit_rec_close_interp(r);
        return;
    }
    if (!rl_failed(rl)) return;
    char again = rl->restart;
    jit_rec_abort(r, (enum jitstat_abort)r->status);
    if (again) restart_here(L, ci, pc, again);
}
