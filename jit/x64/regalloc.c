/* regalloc.c: lives, registers and slots (regalloc.h tells how and why). The loop's part is ra_loop.c. */
#include <assert.h>
#include <string.h>
#include "x64/ra_priv.h"

/* ---- lives ---- */

static void use_add(struct ra *ra, jit_ref v, uint32_t pos)
{
    if (ra->nuses == ra->capuses) {
        uint32_t cap = ra->capuses * 2;
        struct ra_use *more = jit_arena_alloc(ra->scratch, cap * sizeof *more);
        if (!more) {
            ra->failed = true;
            return;
        }
        memcpy(more, ra->uses, ra->nuses * sizeof *more);
        ra->uses = more;
        ra->capuses = cap;
    }
    struct ra_val *val = &ra->vals[v];
    ra->uses[ra->nuses] = (struct ra_use){.pos = pos, .next = val->use};
    val->use = ra->nuses++;
    if (val->last < pos) val->last = pos;
}

/* Arguments of operation n, which is emitted at pos. */
static void uses_of(struct ra *ra, uint32_t n, uint32_t pos)
{
    const struct jit_op *op = &ra->ir->ops.v[n];
    const jit_ref *args = jit_op_args(ra->ir, op);
    for (unsigned i = 0; i < op->nargs; i++) {
        jit_ref a = args[i], base;
        int64_t k;
        if (jit_ref_is_const(a)) continue;
        if (ra->sel[a] == SEL_SUNK) uses_of(ra, a, pos);
        else if (ra->sel[a] == SEL_EMIT) use_add(ra, a, pos);
        else if (sel_folded(ra->ir, a, &base, &k)) use_add(ra, base, pos);
    }
}

static void uses_of_resume(struct ra *ra, uint32_t n)
{
    const struct jit_ir *ir = ra->ir;
    const struct jit_resume *r = &ir->resumes.v[ir->ops.v[n].resume];
    for (uint32_t i = 0; i < r->nslots; i++) {
        jit_ref v = ir->slots.v[r->slots + i].ref;
        if (v == JIT_NOREF || jit_ref_is_const(v) || jit_ref_is_virtual(ir, v)) continue;
        /* the label's data are used on the way back too */
        uint32_t pos = n == ra->label && !ra->vals[v].phi ? ra->jump : n;
        if (ra->vals[v].last < pos) ra->vals[v].last = pos;
    }
}

static void lives_scan(struct ra *ra)
{
    const struct jit_ir *ir = ra->ir;
    uint32_t known = JIT_NORESUME; /* a later operation's: an earlier one makes nothing live longer */
    for (uint32_t n = ra->n; n-- > 0;) {
        const struct jit_op *op = &ir->ops.v[n];
        if (ra->sel[n] != SEL_EMIT) continue;
        if ((op->resume != known || n == ra->label) && sel_has_resume(ir, n)) {
            uses_of_resume(ra, n);
            known = op->resume;
        }
        if (op->opcode == JIT_label || (op->opcode == JIT_jump && ir->link != JIT_LINK_LOOP)) continue;
        uses_of(ra, n, n);
    }
}

/* Values before the label: carried ones live at the label, others that the loop uses as long as it runs. */
static void lives_loop(struct ra *ra)
{
    for (uint32_t v = 0; v < ra->label; v++) {
        struct ra_val *val = &ra->vals[v];
        uint32_t u = val->use;
        while (u && ra->uses[u].pos <= ra->label) u = ra->uses[u].next;
        val->loop_use = u;
        if (val->phi) {
            if (val->last < ra->label) val->last = ra->label;
        } else if (val->last > ra->label) {
            val->invariant = true;
            val->last = ra->jump;
        }
    }
}

/* An operation whose result takes its first operand's register. */
static bool is_two_operand(int opcode)
{
    return (opcode >= JIT_int_add && opcode <= JIT_uint_rshift) || (opcode >= JIT_float_add && opcode <= JIT_float_abs) ||
           (opcode >= JIT_cast_ptr_to_int && opcode <= JIT_same_as_r);
}

static bool is_commutative(int opcode)
{
    return opcode == JIT_int_add || opcode == JIT_int_mul || opcode == JIT_int_and || opcode == JIT_int_or || opcode == JIT_int_xor ||
           opcode == JIT_float_add || opcode == JIT_float_mul;
}

static bool hint_pass(struct ra *ra, uint32_t n, jit_ref a)
{
    if (jit_ref_is_const(a) || a <= ra->label || ra->vals[a].hint >= 0 || ra->vals[a].last != n || ra->sel[a] != SEL_EMIT) return false;
    if (ra->vals[a].xmm != ra->vals[n].xmm) return false;
    ra->vals[a].hint = ra->vals[n].hint;
    return true;
}

/* Values that end up in a label argument know it, and so do those that they are computed from in place. */
static void hints_scan(struct ra *ra)
{
    const struct jit_op *jump = &ra->ir->ops.v[ra->jump];
    const jit_ref *args = jit_op_args(ra->ir, jump);
    for (unsigned i = 0; i < jump->nargs; i++)
        if (!jit_ref_is_const(args[i]) && args[i] > ra->label && ra->vals[args[i]].hint < 0) ra->vals[args[i]].hint = (int16_t)i;
    for (uint32_t n = ra->jump; n-- > ra->label + 1;) {
        const struct jit_op *op = &ra->ir->ops.v[n];
        if (ra->vals[n].hint < 0 || ra->sel[n] != SEL_EMIT || !is_two_operand(op->opcode)) continue;
        if (!hint_pass(ra, n, op->arg[0]) && is_commutative(op->opcode)) hint_pass(ra, n, op->arg[1]);
    }
}

static const uint8_t arg_regs[6] = {X_RDI, X_RSI, X_RDX, X_RCX, X_R8, X_R9};

static void want(struct ra *ra, jit_ref v, jit_loc reg, uint32_t at)
{
    if (jit_ref_is_const(v)) return;
    ra->vals[v].want = reg;
    ra->vals[v].want_at = at;
}

/* Arguments of calls like to be made where the call wants them. */
static void wants_scan(struct ra *ra, uint32_t n)
{
    const struct jit_op *op = &ra->ir->ops.v[n];
    const jit_ref *args = jit_op_args(ra->ir, op);
    unsigned ni = 0, nf = 0;
    for (unsigned i = 1; i < op->nargs; i++) {
        bool xmm = jit_ref_type(ra->ir, args[i]) == 'f';
        jit_loc r = xmm ? (nf < 8 ? (jit_loc)(JIT_LOC_XMM + nf) : JIT_LOC_NONE) : ni < 6 ? arg_regs[ni]
                                                                                         : JIT_LOC_NONE;
        xmm ? nf++ : ni++;
        want(ra, args[i], r, n);
    }
}

uint32_t ra_fixed(const struct jit_ir *ir, const struct jit_op *op)
{
    if (op->opcode >= JIT_int_lshift && op->opcode <= JIT_uint_rshift && !jit_ref_is_const(op->arg[1])) return RA_BIT(X_RCX);
    if (op->opcode != JIT_int_floordiv && op->opcode != JIT_int_mod) return 0;
    int64_t d = jit_ref_is_const(op->arg[1]) ? jit_ref_const(ir, op->arg[1])->i : 0;
    return d > 0 && (d & (d - 1)) == 0 ? 0 : RA_BIT(X_RAX) | RA_BIT(X_RDX);
}

static void vals_init(struct ra *ra)
{
    for (uint32_t v = 0; v < ra->n; v++)
        ra->vals[v] = (struct ra_val){.reg = -1, .slot = -1, .hint = -1, .want = -1, .last = v, .xmm = jit_opinfo[ra->ir->ops.v[v].opcode].result == 'f'};
    if (ra->label == JIT_NOREF) return;
    const struct jit_op *op = &ra->ir->ops.v[ra->label];
    for (unsigned i = 0; i < op->nargs; i++) ra->vals[jit_op_args(ra->ir, op)[i]].phi = true;
}

static void calls_scan(struct ra *ra, bool (*clobbers)(const struct jit_ir *, const struct jit_op *))
{
    for (uint32_t i = 0; i < ra->n; i++) {
        uint32_t fixed = ra_fixed(ra->ir, &ra->ir->ops.v[i]);
        ra->divs[i + 1] = ra->divs[i] + (fixed >> X_RAX & 1);
        ra->shifts[i + 1] = ra->shifts[i] + (fixed >> X_RCX & 1);
        if (fixed & RA_BIT(X_RCX)) want(ra, ra->ir->ops.v[i].arg[1], X_RCX, i);
        if (fixed & RA_BIT(X_RAX) && !jit_ref_is_const(ra->ir->ops.v[i].arg[1])) want(ra, ra->ir->ops.v[i].arg[0], X_RAX, i);
    }
    for (uint32_t i = 0; i < ra->n; i++)
        ra->calls[i + 1] = ra->calls[i] + (ra->sel[i] == SEL_EMIT && clobbers(ra->ir, &ra->ir->ops.v[i]));
    for (uint32_t i = ra->n; i-- > 0;)
        if (ra->calls[i + 1] != ra->calls[i] && jit_opinfo[ra->ir->ops.v[i].opcode].effects == JIT_CALL) wants_scan(ra, i);
}

static bool memory_init(struct ra *ra)
{
    size_t n = ra->n + 1, nphi = ra->label == JIT_NOREF ? 0 : ra->ir->ops.v[ra->label].nargs;
    ra->capuses = 3 * (uint32_t)n + 16;
    ra->nuses = 1;
    ra->vals = jit_arena_alloc(ra->scratch, n * sizeof *ra->vals);
    ra->uses = jit_arena_alloc(ra->scratch, ra->capuses * sizeof *ra->uses);
    ra->dying = jit_arena_alloc(ra->scratch, n * sizeof *ra->dying);
    ra->calls = jit_arena_alloc(ra->scratch, (n + 1) * sizeof *ra->calls);
    ra->divs = jit_arena_alloc(ra->scratch, (n + 1) * sizeof *ra->divs);
    ra->shifts = jit_arena_alloc(ra->scratch, (n + 1) * sizeof *ra->shifts);
    ra->phi_home = jit_arena_alloc(ra->scratch, (nphi + 1) * sizeof *ra->phi_home);
    ra->homes = jit_arena_alloc(ra->scratch, 32 * sizeof *ra->homes);
    for (size_t i = 0; ra->phi_home && i < nphi; i++) ra->phi_home[i] = JIT_LOC_NONE;
    return ra->vals && ra->uses && ra->dying && ra->calls && ra->divs && ra->shifts && ra->phi_home && ra->homes;
}

void ra_init(struct ra *ra, bool (*clobbers)(const struct jit_ir *, const struct jit_op *))
{
    ra->free = RA_GPR | RA_XMM;
    ra->counter = -1;
    for (int r = 0; r < 32; r++) ra->owner[r] = JIT_NOREF;
    for (int s = 0; s < JIT_SPILLS; s++) ra->slot_owner[s] = JIT_NOREF;
    if (!memory_init(ra)) {
        ra->failed = true;
        return;
    }
    vals_init(ra);
    lives_scan(ra);
    calls_scan(ra, clobbers);
    if (ra->label != JIT_NOREF) {
        lives_loop(ra);
        hints_scan(ra);
    }
    for (uint32_t v = 0; v < ra->n; v++) {
        ra->vals[v].dies = ra->dying[ra->vals[v].last];
        ra->dying[ra->vals[v].last] = v + 1;
    }
}

/* ---- registers and slots ---- */

void ra_claim(struct ra *ra, jit_ref v, jit_loc reg)
{
    ra->owner[reg] = v;
    ra->vals[v].reg = reg;
    ra->free &= ~RA_BIT(reg);
}

void ra_unclaim(struct ra *ra, jit_ref v)
{
    jit_loc reg = ra->vals[v].reg;
    ra->vals[v].reg = -1;
    if (reg < 0 || ra->owner[reg] != v) return;
    ra->owner[reg] = JIT_NOREF;
    ra->free |= RA_BIT(reg);
    ra->lock &= ~RA_BIT(reg);
}

void ra_slot_free(struct ra *ra, jit_ref v)
{
    jit_loc s = ra->vals[v].slot;
    if (s >= 0) ra->slot_owner[s] = JIT_NOREF;
    ra->vals[v].slot = -1;
}

void ra_kill(struct ra *ra, jit_ref v)
{
    ra_unclaim(ra, v);
    ra_slot_free(ra, v);
}

static int slot_find(struct ra *ra, jit_ref v)
{
    int h = ra->vals[v].hint;
    if (h >= 0 && ra->phi_home[h] >= JIT_LOC_SPILL && ra->slot_owner[ra->phi_home[h] - JIT_LOC_SPILL] == JIT_NOREF)
        return ra->phi_home[h] - JIT_LOC_SPILL;
    /* high slots are nearest to rbp: short displacements */
    for (int phi = 0; phi < 2; phi++)
        for (int s = JIT_SPILLS - 1; s >= 0; s--)
            if (ra->slot_owner[s] == JIT_NOREF && ra->slot_phi[s] == phi) return s;
    ra->no_slots = true;
    return 0;
}

static int slot_new(struct ra *ra, jit_ref v)
{
    int s = slot_find(ra, v);
    ra->slot_owner[s] = v;
    ra->vals[v].slot = (jit_loc)s;
    return s;
}

void ra_store(struct ra *ra, jit_ref v)
{
    if (ra->vals[v].slot >= 0) return;
    assert(ra->vals[v].reg >= 0);
    int s = slot_new(ra, v);
    ra_emit_move(ra, (jit_loc)(JIT_LOC_SPILL + s), ra->vals[v].reg);
}

/* Position of the next use in a register, from the current operation on; UINT32_MAX: only exits want it. */
static uint32_t next_use(struct ra *ra, jit_ref v)
{
    struct ra_val *val = &ra->vals[v];
    while (val->use && ra->uses[val->use].pos < ra->cur) val->use = ra->uses[val->use].next;
    if (val->use) return ra->uses[val->use].pos;
    if (val->invariant && val->loop_use && ra->cur > ra->label) return ra->jump + (ra->uses[val->loop_use].pos - ra->label);
    return UINT32_MAX;
}

/* Makes one register of the set free: the one that is needed last; of equals one that needs no store. */
static jit_loc evict(struct ra *ra, uint32_t set)
{
    jit_loc best = -1;
    uint64_t best_score = 0;
    set &= ~(ra->free | ra->lock | ra->temps);
    for (jit_loc r = 0; r < 32; r++) {
        if (!(set & RA_BIT(r))) continue;
        uint64_t score = (uint64_t)next_use(ra, ra->owner[r]) * 2 + (ra->vals[ra->owner[r]].slot >= 0) + 1;
        if (score > best_score) best_score = score, best = r;
    }
    assert(best >= 0);
    ra_store(ra, ra->owner[best]);
    ra_unclaim(ra, ra->owner[best]);
    return best;
}

/* Will v be read in a register after a call? */
static bool crosses_call(struct ra *ra, jit_ref v)
{
    uint32_t last = ra->cur;
    for (uint32_t u = ra->vals[v].use; u; u = ra->uses[u].next) last = ra->uses[u].pos;
    return last > ra->cur && ra->calls[last] > ra->calls[ra->cur + 1];
}

/* The torture parameter: any free register will do, whatever the value would like. */
static uint32_t torture_random(struct ra *ra, uint32_t below)
{
    ra->torture = ra->torture * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(ra->torture >> 33) % below;
}

static jit_loc pick(struct ra *ra, uint32_t set)
{
    if (ra->torture)
        for (int n = (int)torture_random(ra, (uint32_t)__builtin_popcount(set)); n > 0; n--) set &= set - 1;
    return (jit_loc)__builtin_ctz(set);
}

jit_loc ra_hint(const struct ra *ra, jit_ref v)
{
    int h = ra->vals[v].hint;
    if (h < 0 || ra->cur <= ra->label || ra->phi_home[h] < 0 || ra->phi_home[h] >= JIT_LOC_SPILL) return -1;
    return ra->free & ~ra->lock & RA_BIT(ra->phi_home[h]) ? ra->phi_home[h] : -1;
}

/* Registers that operations want for themselves while v lives. */
static uint32_t fixed_during(const struct ra *ra, jit_ref v)
{
    uint32_t set = 0, last = ra->vals[v].last;
    if (last <= ra->cur) return 0;
    if (ra->divs[last] > ra->divs[ra->cur + 1]) set |= RA_BIT(X_RAX) | RA_BIT(X_RDX);
    if (ra->shifts[last] > ra->shifts[ra->cur + 1]) set |= RA_BIT(X_RCX);
    return set;
}

/* A free register of v's class; v NOREF: for a temporary of class xmm. */
static jit_loc reg_find(struct ra *ra, jit_ref v, bool xmm, uint32_t avoid)
{
    uint32_t all = (xmm ? RA_XMM : RA_GPR) & ~(avoid | ra->reserved), set = all & ra->free & ~ra->lock;
    if (!set) return evict(ra, all);
    if (ra->torture && torture_random(ra, 2)) return pick(ra, set);
    if (v != JIT_NOREF) {
        struct ra_val *val = &ra->vals[v];
        jit_loc h = ra_hint(ra, v);
        if (h >= 0 && set & RA_BIT(h)) return h;
        if (val->want >= 0 && val->want_at > ra->cur && set & RA_BIT(val->want) && ra->calls[val->want_at] == ra->calls[ra->cur + 1])
            return val->want;
        if (!xmm && set & ~fixed_during(ra, v)) set &= ~fixed_during(ra, v);
        if (!xmm && set & RA_KEPT && crosses_call(ra, v)) return pick(ra, set & RA_KEPT & ~ra->phi_regs ? set & RA_KEPT & ~ra->phi_regs : set & RA_KEPT);
    }
    if (set & ~ra->phi_regs) set &= ~ra->phi_regs;
    if (set & ~RA_KEPT) set &= ~RA_KEPT;
    return pick(ra, set);
}

/* ---- the current operation ---- */

void ra_begin(struct ra *ra, uint32_t pos)
{
    ra->cur = pos;
    ra->lock = ra->temps = 0;
}

void ra_end(struct ra *ra)
{
    ra->free |= ra->temps;
    ra->lock = ra->temps = 0;
    for (uint32_t v = ra->dying[ra->cur]; v; v = ra->vals[v - 1].dies) ra_kill(ra, v - 1);
}

void ra_place(struct ra *ra, jit_ref v, jit_loc loc)
{
    if (loc >= JIT_LOC_SPILL) {
        ra->vals[v].slot = (jit_loc)(loc - JIT_LOC_SPILL);
        ra->slot_owner[loc - JIT_LOC_SPILL] = v;
    } else if ((RA_GPR | RA_XMM) & RA_BIT(loc)) {
        ra_claim(ra, v, loc);
    } else {
        ra_def_fixed(ra, v, loc);
    }
}

int ra_temp(struct ra *ra, bool xmm)
{
    jit_loc r = reg_find(ra, JIT_NOREF, xmm, 0);
    ra->free &= ~RA_BIT(r);
    ra->temps |= RA_BIT(r);
    ra->lock |= RA_BIT(r);
    return r & 15;
}

int ra_use(struct ra *ra, jit_ref r)
{
    if (jit_ref_is_const(r)) {
        bool xmm = jit_ref_const(ra->ir, r)->type == 'f';
        int t = ra_temp(ra, xmm);
        ra_emit_const(ra, (jit_loc)(xmm ? JIT_LOC_XMM + t : t), r);
        return t;
    }
    struct ra_val *val = &ra->vals[r];
    if (val->reg < 0) {
        assert(val->slot >= 0);
        ra_claim(ra, r, reg_find(ra, r, val->xmm, 0));
        ra_emit_move(ra, val->reg, (jit_loc)(JIT_LOC_SPILL + val->slot));
    }
    ra_lock(ra, r);
    return val->reg & 15;
}

bool ra_dies(const struct ra *ra, jit_ref r)
{
    return !jit_ref_is_const(r) && ra->vals[r].last <= ra->cur;
}

bool ra_used_later(struct ra *ra, jit_ref r)
{
    struct ra_val *val = &ra->vals[r];
    uint32_t u = val->use;
    while (u && ra->uses[u].pos <= ra->cur) u = ra->uses[u].next;
    return u != 0;
}

bool ra_has_free(const struct ra *ra, bool xmm)
{
    return ra->free & (xmm ? RA_XMM : RA_GPR);
}

void ra_lock(struct ra *ra, jit_ref r)
{
    if (!jit_ref_is_const(r) && ra->vals[r].reg >= 0) ra->lock |= RA_BIT(ra->vals[r].reg) & (RA_GPR | RA_XMM);
}

void ra_drop(struct ra *ra, jit_ref r)
{
    if (ra_dies(ra, r)) ra_unclaim(ra, r);
}

void ra_def_at(struct ra *ra, jit_ref v, jit_loc reg)
{
    ra->temps &= ~RA_BIT(reg);
    ra_claim(ra, v, reg);
    ra->lock |= RA_BIT(reg);
}

void ra_def_fixed(struct ra *ra, jit_ref v, jit_loc reg)
{
    ra->vals[v].reg = reg;
}

int ra_def(struct ra *ra, jit_ref v)
{
    ra_def_at(ra, v, reg_find(ra, v, ra->vals[v].xmm, 0));
    return ra->vals[v].reg & 15;
}

/* src's register becomes v's. */
static bool def_in_place(struct ra *ra, jit_ref v, jit_ref src, uint32_t avoid)
{
    jit_loc reg = ra->vals[src].reg;
    if (reg < 0 || !ra_dies(ra, src) || RA_BIT(reg) & avoid || ra->owner[reg] != src || ra->vals[src].xmm != ra->vals[v].xmm) return false;
    jit_loc h = ra_hint(ra, v);
    if (h >= 0 && !(RA_BIT(h) & avoid)) return false;
    ra_unclaim(ra, src);
    ra_def_at(ra, v, reg);
    return true;
}

int ra_def_from(struct ra *ra, jit_ref v, jit_ref src, uint32_t avoid)
{
    struct ra_val *val = &ra->vals[v];
    if (jit_ref_is_const(src)) {
        ra_def_at(ra, v, reg_find(ra, v, val->xmm, avoid));
        ra_emit_const(ra, val->reg, src);
        return val->reg & 15;
    }
    if (def_in_place(ra, v, src, avoid)) return val->reg & 15;
    ra_lock(ra, src);
    if (ra->vals[src].reg < 0 && ra_used_later(ra, src) && ra_has_free(ra, ra->vals[src].xmm)) ra_use(ra, src);
    ra_def_at(ra, v, reg_find(ra, v, val->xmm, avoid));
    ra_emit_move(ra, val->reg, ra_loc(ra, src));
    return val->reg & 15;
}

void ra_take(struct ra *ra, jit_loc reg, uint32_t avoid)
{
    jit_ref v = ra->owner[reg];
    assert(!(ra->lock & RA_BIT(reg)));
    if (v != JIT_NOREF) {
        uint32_t set = (reg < JIT_LOC_XMM ? RA_GPR : RA_XMM) & ra->free & ~(ra->lock | avoid);
        bool wanted = next_use(ra, v) != UINT32_MAX;
        if (!set || (!wanted && ra->vals[v].slot >= 0)) {
            ra_store(ra, v);
            ra_unclaim(ra, v);
        } else {
            jit_loc to = pick(ra, set & ~ra->phi_regs ? set & ~ra->phi_regs : set);
            ra_emit_move(ra, to, reg);
            ra_unclaim(ra, v);
            ra_claim(ra, v, to);
        }
    }
    ra->free &= ~RA_BIT(reg);
    ra->temps |= RA_BIT(reg);
    ra->lock |= RA_BIT(reg);
}

jit_loc ra_loc(const struct ra *ra, jit_ref v)
{
    const struct ra_val *val = &ra->vals[v];
    return val->reg >= 0 ? val->reg : val->slot >= 0 ? (jit_loc)(JIT_LOC_SPILL + val->slot)
                                                     : JIT_LOC_NONE;
}

/* ---- calls ---- */

void ra_call_save(struct ra *ra)
{
    for (jit_loc r = 0; r < 32; r++) {
        jit_ref v = ra->owner[r];
        if (v == JIT_NOREF || RA_KEPT & RA_BIT(r) || ra->vals[v].last <= ra->cur || ra->vals[v].slot >= 0) continue;
        uint32_t kept = RA_KEPT & ra->free;
        if (r < JIT_LOC_XMM && kept && ra_used_later(ra, v)) {
            jit_loc to = pick(ra, kept & ~ra->phi_regs ? kept & ~ra->phi_regs : kept);
            ra_emit_move(ra, to, r);
            ra_unclaim(ra, v);
            ra_claim(ra, v, to);
        } else {
            ra_store(ra, v);
        }
    }
}

void ra_call_clobbered(struct ra *ra)
{
    for (jit_loc r = 0; r < 32; r++)
        if (ra->owner[r] != JIT_NOREF && !(RA_KEPT & RA_BIT(r))) ra_unclaim(ra, ra->owner[r]);
}
