/* ra_loop.c: the label and the jump back to it: which values get which home, and bringing them there.
 *
 * Candidates are the values that are alive at the label and needed behind it. How many fit is found by counting, at
 * every operation of the loop, what is alive there; while that is more than there are registers, the candidate with
 * the fewest uses of those alive at the worst place is sent to a slot. Then
 *   - those that live across calls compete for the kept registers and go to slots if they lose;
 *   - everybody else keeps the register that it is in, if nothing in the loop wants that one for itself (shift counts
 *     and division), or gets another.
 * If then a register is free at every place of the loop, and another one for what comes and goes, it may count the rounds.
 * What may still be evicted in the loop and never changes is stored before the loop, not in it.
 *
 * Before: regalloc.c. After: moves.c.
 */
#include <assert.h>
#include <string.h>
#include "x64/ra_priv.h"

struct cand {
    jit_ref v;
    uint32_t score; /* uses of a register in the loop */
    uint32_t end; /* last operation that needs it */
    bool crosses; /* lives across a call in the loop */
    bool slot; /* its home is a slot */
    jit_loc reg; /* its home; -1: not yet chosen */
};

struct loop {
    struct cand *c;
    unsigned n;
    int16_t *alive[2]; /* by class and operation: values in registers, if all candidates are */
    uint32_t len;
    uint32_t fixed; /* registers that operations of the loop want for themselves */
    bool tight[2]; /* more values than registers */
    uint32_t taken;
};

static int limit_of(const struct loop *lp, int cls)
{
    return cls ? __builtin_popcount(RA_XMM) : __builtin_popcount(RA_GPR & ~lp->fixed);
}

static void fixed_scan(struct ra *ra, struct loop *lp)
{
    for (uint32_t n = ra->label + 1; n < ra->jump; n++) lp->fixed |= ra_fixed(ra->ir, &ra->ir->ops.v[n]);
}

static void cand_add(struct ra *ra, struct loop *lp, jit_ref v)
{
    struct ra_val *val = &ra->vals[v];
    struct cand c = {.v = v, .reg = -1, .end = val->last, .score = val->phi};
    for (uint32_t u = val->loop_use; u; u = ra->uses[u].next) c.score += 2;
    c.crosses = ra->calls[c.end] > ra->calls[ra->label];
    c.slot = !c.score; /* only exits want it */
    lp->c[lp->n++] = c;
}

static bool in_resume(struct ra *ra, jit_ref v)
{
    const struct jit_op *op = &ra->ir->ops.v[ra->label];
    if (!sel_has_resume(ra->ir, ra->label)) return false;
    const struct jit_resume *r = &ra->ir->resumes.v[op->resume];
    for (uint32_t i = 0; i < r->nslots; i++)
        if (ra->ir->slots.v[r->slots + i].ref == v) return true;
    return false;
}

static void cands_collect(struct ra *ra, struct loop *lp)
{
    for (jit_ref v = 0; v < ra->label; v++) {
        struct ra_val *val = &ra->vals[v];
        if (ra_loc(ra, v) == JIT_LOC_NONE) continue;
        if (!val->phi && val->reg >= 0 && ra->owner[val->reg] != v) continue; /* r15 stays */
        if (val->last > ra->label || (val->phi && in_resume(ra, v))) cand_add(ra, lp, v);
        else ra_kill(ra, v);
    }
}

/* Alive in [from, to). */
static void alive_add(struct loop *lp, int cls, uint32_t from, uint32_t to, int by)
{
    for (uint32_t p = from; p < to && p < lp->len; p++) lp->alive[cls][p] = (int16_t)(lp->alive[cls][p] + by);
}

static void cand_alive(struct ra *ra, struct loop *lp, const struct cand *c, int by)
{
    uint32_t to = ra->vals[c->v].invariant ? lp->len : c->end - ra->label;
    alive_add(lp, ra->vals[c->v].xmm, 0, to, by);
}

static void alive_scan(struct ra *ra, struct loop *lp)
{
    for (uint32_t n = ra->label + 1; n < ra->jump; n++) {
        if (ra->sel[n] != SEL_EMIT || jit_opinfo[ra->ir->ops.v[n].opcode].result == 'v') continue;
        uint32_t from = n - ra->label, to = ra->vals[n].last - ra->label;
        alive_add(lp, ra->vals[n].xmm, from, to > from ? to : from + 1, 1);
    }
    for (unsigned i = 0; i < lp->n; i++)
        if (!lp->c[i].slot) cand_alive(ra, lp, &lp->c[i], 1);
}

static uint32_t worst_place(const struct loop *lp, int cls)
{
    uint32_t w = 0;
    for (uint32_t p = 1; p < lp->len; p++)
        if (lp->alive[cls][p] > lp->alive[cls][w]) w = p;
    return w;
}

/* Sends candidates to slots until the rest fits. */
static void relieve(struct ra *ra, struct loop *lp, int cls)
{
    for (;;) {
        uint32_t w = worst_place(lp, cls);
        struct cand *least = NULL;
        if (lp->alive[cls][w] <= limit_of(lp, cls)) return;
        lp->tight[cls] = true;
        for (unsigned i = 0; i < lp->n; i++) {
            struct cand *c = &lp->c[i];
            bool there = ra->vals[c->v].invariant || c->end - ra->label > w;
            if (!c->slot && ra->vals[c->v].xmm == cls && there && (!least || c->score < least->score)) least = c;
        }
        if (!least) return;
        least->slot = true;
        cand_alive(ra, lp, least, -1);
    }
}

static void home_take(struct loop *lp, struct cand *c, jit_loc reg)
{
    c->reg = reg;
    lp->taken |= RA_BIT(reg);
}

static struct cand *best_crossing(struct ra *ra, struct loop *lp)
{
    struct cand *best = NULL;
    for (unsigned i = 0; i < lp->n; i++) {
        struct cand *c = &lp->c[i];
        if (c->crosses && !c->slot && c->reg < 0 && !ra->vals[c->v].xmm && (!best || c->score > best->score)) best = c;
    }
    return best;
}

static void homes_kept(struct ra *ra, struct loop *lp)
{
    struct cand *chosen[4];
    unsigned n = 0;
    for (struct cand *c; n < 3 && (c = best_crossing(ra, lp)); chosen[n++] = c) c->reg = X_R11; /* a mark */
    for (unsigned i = 0; i < n; i++) {
        jit_loc now = ra->vals[chosen[i]->v].reg;
        chosen[i]->reg = -1;
        if (now >= 0 && RA_KEPT & RA_BIT(now)) home_take(lp, chosen[i], now);
    }
    for (unsigned i = 0; i < n; i++)
        if (chosen[i]->reg < 0) home_take(lp, chosen[i], (jit_loc)__builtin_ctz(RA_KEPT & ~lp->taken));
    for (unsigned i = 0; i < lp->n; i++)
        if (lp->c[i].crosses && lp->c[i].reg < 0) lp->c[i].slot = true;
}

static void homes_stay(struct ra *ra, struct loop *lp)
{
    for (unsigned i = 0; i < lp->n; i++) {
        struct cand *c = &lp->c[i];
        jit_loc now = ra->vals[c->v].reg;
        if (c->slot || c->reg >= 0 || now < 0 || ra->owner[now] != c->v || RA_BIT(now) & (lp->taken | lp->fixed)) continue;
        home_take(lp, c, now);
    }
}

static void homes_rest(struct ra *ra, struct loop *lp)
{
    for (unsigned i = 0; i < lp->n; i++) {
        struct cand *c = &lp->c[i];
        if (c->slot || c->reg >= 0) continue;
        uint32_t set = (ra->vals[c->v].xmm ? RA_XMM : RA_GPR) & ~lp->taken;
        if (set & ~lp->fixed) set &= ~lp->fixed;
        if (set & ~RA_KEPT) set &= ~RA_KEPT;
        if (set) home_take(lp, c, (jit_loc)__builtin_ctz(set));
        else c->slot = true;
    }
}

/* Stores what lives in slots and what may have to give way in the loop. */
static void homes_store(struct ra *ra, struct loop *lp)
{
    bool calls = ra->calls[ra->jump] > ra->calls[ra->label];
    for (unsigned i = 0; i < lp->n; i++) {
        struct cand *c = &lp->c[i];
        bool risk = lp->tight[ra->vals[c->v].xmm] || (calls && !(RA_KEPT & RA_BIT(c->reg >= 0 ? c->reg : 0)));
        if (c->slot || (risk && ra->vals[c->v].invariant)) ra_store(ra, c->v);
        if (c->slot && ra->vals[c->v].phi) ra->slot_phi[ra->vals[c->v].slot] = true;
    }
}

static void homes_move(struct ra *ra, struct loop *lp)
{
    struct ra_move m[32];
    unsigned n = 0;
    for (unsigned i = 0; i < lp->n; i++)
        if (!lp->c[i].slot) m[n++] = (struct ra_move){.dst = lp->c[i].reg, .src = ra_loc(ra, lp->c[i].v)};
    ra_moves(ra, m, n);
    for (unsigned i = 0; i < lp->n; i++) ra_unclaim(ra, lp->c[i].v);
    for (unsigned i = 0; i < lp->n; i++) {
        struct cand *c = &lp->c[i];
        if (c->slot) continue;
        ra_claim(ra, c->v, c->reg);
        if (ra->vals[c->v].phi) ra_slot_free(ra, c->v);
        else ra->homes[ra->nhomes++] = (struct ra_home){.v = c->v, .reg = c->reg};
    }
}

/* ---- a register for counting ---- */

#define COUNTER_CALLS 8 /* more calls in a round: counting in memory is the least of its costs, and looking costs time here */

/* Values that want a register that calls keep, at the call n. */
static unsigned crossing(const struct ra *ra, const struct loop *lp, uint32_t n)
{
    unsigned values = 0;
    for (unsigned i = 0; i < lp->n; i++)
        values += !lp->c[i].slot && !ra->vals[lp->c[i].v].xmm && (ra->vals[lp->c[i].v].invariant || lp->c[i].end > n);
    for (uint32_t v = ra->label + 1; v < n; v++)
        values += ra->sel[v] == SEL_EMIT && jit_opinfo[ra->ir->ops.v[v].opcode].result != 'v' && !ra->vals[v].xmm && ra->vals[v].last > n;
    return values;
}

static bool counter_fits(const struct ra *ra, const struct loop *lp)
{
    uint32_t calls = ra->calls[ra->jump] - ra->calls[ra->label];
    if (lp->alive[0][worst_place(lp, 0)] + 1 > limit_of(lp, 0) || calls > COUNTER_CALLS) return false;
    for (uint32_t n = ra->label + 1; calls && n < ra->jump; n++)
        if (ra->calls[n + 1] != ra->calls[n] && crossing(ra, lp, n) >= (unsigned)__builtin_popcount(RA_KEPT)) return false;
    return true;
}

static void counter_take(struct ra *ra, const struct loop *lp)
{
    uint32_t set = RA_GPR & ra->free & ~(lp->taken | lp->fixed);
    if (ra->calls[ra->jump] > ra->calls[ra->label]) set &= RA_KEPT;
    if (!ra->wants_counter || !set || !counter_fits(ra, lp)) return;
    ra->counter = (jit_loc)(31 - __builtin_clz(set));
    ra->reserved = RA_BIT(ra->counter);
    ra->free &= ~ra->reserved;
}

void ra_label(struct ra *ra, const jit_ref *args, unsigned n)
{
    struct loop lp = {.len = ra->jump - ra->label};
    lp.c = jit_arena_alloc(ra->scratch, (ra->label + 1) * sizeof *lp.c);
    lp.alive[0] = jit_arena_alloc(ra->scratch, lp.len * sizeof **lp.alive);
    lp.alive[1] = jit_arena_alloc(ra->scratch, lp.len * sizeof **lp.alive);
    if (!lp.c || !lp.alive[0] || !lp.alive[1]) {
        ra->failed = true;
        return;
    }
    fixed_scan(ra, &lp);
    cands_collect(ra, &lp);
    alive_scan(ra, &lp);
    relieve(ra, &lp, 0);
    relieve(ra, &lp, 1);
    homes_kept(ra, &lp);
    homes_stay(ra, &lp);
    homes_rest(ra, &lp);
    homes_store(ra, &lp);
    homes_move(ra, &lp);
    counter_take(ra, &lp);
    for (unsigned i = 0; i < n; i++) {
        ra->phi_home[i] = ra_loc(ra, args[i]);
        if (ra->phi_home[i] >= 0 && ra->phi_home[i] < JIT_LOC_SPILL) ra->phi_regs |= RA_BIT(ra->phi_home[i]);
    }
}

void ra_jump(struct ra *ra, const jit_ref *args, unsigned n)
{
    struct ra_move *m = jit_arena_alloc(ra->scratch, (n + ra->nhomes + 1) * sizeof *m);
    unsigned k = 0;
    if (!m) {
        ra->failed = true;
        return;
    }
    for (unsigned i = 0; i < n; i++) {
        if (ra->phi_home[i] == JIT_LOC_NONE) continue;
        m[k++] = jit_ref_is_const(args[i]) ? (struct ra_move){.dst = ra->phi_home[i], .src = JIT_LOC_NONE, .konst = args[i]}
                                           : (struct ra_move){.dst = ra->phi_home[i], .src = ra_loc(ra, args[i])};
    }
    for (uint32_t i = 0; i < ra->nhomes; i++)
        m[k++] = (struct ra_move){.dst = ra->homes[i].reg, .src = ra_loc(ra, ra->homes[i].v)};
    ra_moves(ra, m, k);
}
