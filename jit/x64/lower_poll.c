/* lower_poll.c: polls: run counts and interrupts.
 *
 * Machine code looks at the poll word (obs/obs.h) where it jumps back, where it jumps to another trace and, if it must, where
 * a bridge begins: one instruction says that nobody counts and nobody is interrupted. Entries from outside are counted in C (trace/exit.c), so a trace has no look at its own entry.
 *
 *   which  counts                               leaves
 *   'l'    a run (a round)                      by the label's or the jump's exit, and has counted
 *   'j'    what is owed, the target's entry     by the jump's exit, and has not counted
 *   'b'    what is owed                         by the exit of the guard that the bridge belongs to, and has not counted
 *
 * With run counts on these are the program's costs, so the way of a trace that is counted for everybody is short: no
 * call, no flag of the trace. Who is counted because of enable_debug asks the trace's byte, and only who is
 * interrupted calls the handler.
 *
 * Owing. A bridge is counted when it ends, together with the entry that its jump makes: one look instead of two. It ends
 * in a jump to another trace, or in an exit, whose handler counts it (struct jit_code has `owed`), or in another
 * bridge, which takes the debt over. A bridge that calls what may look, or whose debt would get long, counts at its
 * beginning.
 *
 * Coming back. Most bridges end in a jump to the loop of their own tree. That is no entry (who is in the tree entered it
 * once), so it is not counted as one.
 *
 * Batches. One more instruction on memory makes a loop of four instructions half as fast again, and even the test is a
 * fourth of it. So a loop in which nobody can look (it calls nothing that runs guest code, hooks or the collector) counts down
 * what is left of a batch, in a register if it has one to spare, else in the machine frame; at zero the stub adds the
 * batch to the word and looks at everything else. That replaces the test: such a loop is faster than before with run
 * counts off, and nearly the same with run counts on. A bridge that comes back leaves what is left as it is: it is in the machine
 * frame while the bridge and what stands before the label run. (Run counts cost intsum 20 % when such a bridge counted the loop's
 * rounds and an entry besides itself, now 5 %; pcallloop, which has no register to spare, 12 % and 1 %.)
 *
 * Invariants
 *  1. Behind the label the register or the frame's word holds what is left of the batch; the count lacks batch - left rounds.
 *  2. Whoever leaves from there adds them, if runs are counted then: the exit handler (struct jit_exit says where they are and the
 *     batch), or the bridge that took the exit over: they are part of what it owes, and jit_exit_state.left holds what is left.
 *  3. Who enters a root trace fills the word first; who comes `again` has left it there. A loop before whose label somebody can look
 *     has no `again`: its batch begins at the label.
 *  4. No guest code runs while something is owed or in the register. So in the process the counts are always exact. Who looks
 *     from outside may see up to batch - 1 rounds and a few bridges less, and who attaches or goes in the middle of a
 *     batch has it counted as a whole or not at all. An interrupt waits as long; in a loop with calls, whose rounds may
 *     be long, the batch is small.
 *
 * Before: lower_guard.c, lower_call.c. After: stubs.c.
 */
#include "x64/lower.h"

#define EVERYBODY 0xffff /* the poll word is not above: nothing but the probe's semaphore, its low 16 bits, is up */

static struct enc_mem poll_word(struct lower *l) { return lower_abs(l, (const void *)l->be->poll_word); }

/* ---- counting ---- */

static struct enc_mem count_word(struct lower *l, const struct jit_trace *t, int32_t off)
{
    return lower_abs(l, *(uint64_t *const *)((const char *)t + off));
}

static struct enc_mem left_word(void) { return enc_m(X_RBP, STUB_LEFT_OFF); }

static void count_run(struct lower *l)
{
    struct enc_mem m = count_word(l, l->trace, l->be->runs_off);
    if (l->batch) enc_add_mi(&l->e, m, l->batch);
    else enc_inc_m(&l->e, m);
}

/* The rounds of the loop that the first of the bridges left; `left` holds what was left of them, and is used up. */
static void count_rounds(struct lower *l, const struct jit_exit *from, int left)
{
    enc_sub_ri(&l->e, left, from->batch);
    enc_sub_mr(&l->e, count_word(l, from->code->trace, l->be->runs_off), left);
}

/* rax may be used if it is free; at the beginning of a bridge it is not. */
static void count_owed(struct lower *l, const struct jit_owed *o, bool rax_free)
{
    struct enc *e = &l->e;
    for (; o; o = o->up) {
        enc_inc_m(e, count_word(l, o->trace, l->be->runs_off));
        if (l->out->keeps) continue;
        if (o->from && o->from == l->parent && !rax_free && o->from->left_reg != JIT_LEFT_KEPT) {
            count_rounds(l, o->from, o->from->left_reg);
        } else if (o->from) {
            if (!rax_free) enc_push_r(e, X_RAX);
            enc_mov_rm(e, X_RAX, left_word());
            count_rounds(l, o->from, X_RAX);
            if (!rax_free) enc_pop_r(e, X_RAX);
        }
    }
}

static void count(struct lower *l, const struct poll_stub *p)
{
    if (p->which == 'l') count_run(l);
    if (p->which == 'b') count_owed(l, l->owed, false);
    if (p->which != 'j') return;
    count_owed(l, l->out->owed, true);
    if (!l->out->returns) enc_inc_m(&l->e, count_word(l, l->target->trace, l->be->entries_off));
}

/* ---- the handler ---- */

static void ask_handler(struct lower *l, const struct poll_stub *p)
{
    enc_mov32_mi(&l->e, enc_m(X_RBP, STUB_EXIT_OFF), p->which);
    enc_mov_imm(&l->e, X_R11, (int64_t)(intptr_t)l->trace);
    enc_call(&l->e, l->be->poll_common);
    if (p->leave && p->leave == l->parent) enc_jcc(&l->e, XCC_NE, p->leave->code->start + p->leave->stub);
    else if (p->leave) enc_jcc_to(&l->e, XCC_NE, &l->stubs[jit_exit_number(p->leave)].at);
}

/* If this VM is the one that is interrupted. */
static void interrupt(struct lower *l, const struct poll_stub *p)
{
    struct enc_label no = {0};
    enc_cmp8_mi(&l->e, lower_abs(l, (const void *)l->be->interrupt), 0);
    enc_jcc_to(&l->e, XCC_E, &no);
    ask_handler(l, p);
    enc_bind(&l->e, &no);
}

/* Jumps to yes or no; ends the code. */
static void is_counted(struct lower *l, struct enc_label *yes, struct enc_label *no)
{
    enc_cmp16_mi(&l->e, poll_word(l), 0);
    enc_jcc_to(&l->e, XCC_NE, yes);
    enc_mov_imm(&l->e, X_R11, (int64_t)(intptr_t)l->trace);
    enc_cmp8_mi(&l->e, enc_m(X_R11, l->be->counted_off), 0);
    enc_jcc_to(&l->e, XCC_NE, yes);
    enc_jmp_to(&l->e, no);
}

/* ---- what follows when a test was not zero; ends with jumps to `back` ---- */

static void rest_slow(struct lower *l, const struct poll_stub *p, const uint8_t *back)
{
    struct enc_label yes = {0}, no = {0};
    if (p->which != 'l') interrupt(l, p);
    is_counted(l, &yes, &no);
    enc_bind(&l->e, &yes);
    count(l, p);
    enc_bind(&l->e, &no);
    if (p->which == 'l') interrupt(l, p);
    enc_jmp(&l->e, back);
}

static void rest(struct lower *l, const struct poll_stub *p, const uint8_t *back)
{
    struct enc_label slow = {0};
    if (!l->be->counted_off) {
        ask_handler(l, p);
        enc_jmp(&l->e, back);
        return;
    }
    if (p->which == 'j') enc_cmp_ri(&l->e, X_RAX, EVERYBODY);
    else enc_cmp_mi(&l->e, poll_word(l), EVERYBODY);
    enc_jcc_to(&l->e, XCC_A, &slow);
    count(l, p);
    enc_jmp(&l->e, back);
    enc_bind(&l->e, &slow);
    rest_slow(l, p, back);
}

static void batch_fill(struct lower *l)
{
    if (l->left_reg == JIT_LEFT_KEPT) enc_mov_mi32(&l->e, left_word(), l->batch);
    else enc_mov32_ri(&l->e, l->left_reg, l->batch);
}

/* A batch is over: the next one, and whether there is anything to do. */
static void batch_next(struct lower *l, const uint8_t *back)
{
    batch_fill(l);
    enc_cmp_mi(&l->e, poll_word(l), 0);
    enc_jcc(&l->e, XCC_E, back);
}

/* ---- polls with a stub behind the body ---- */

/* The condition under which the stub is wanted. */
static enum enc_cc poll_test(struct lower *l, char which)
{
    if (which == 'l' && l->batch) {
        if (l->left_reg == JIT_LEFT_KEPT) enc_dec32_m(&l->e, left_word());
        else enc_dec32_r(&l->e, l->left_reg);
        return XCC_E;
    }
    if (which == 'j') { /* all values are in the frame */
        enc_mov_rm(&l->e, X_RAX, poll_word(l));
        enc_test_rr(&l->e, X_RAX, X_RAX);
    } else {
        enc_cmp_mi(&l->e, poll_word(l), 0);
    }
    return XCC_NE;
}

void lower_poll(struct lower *l, int k, char which, const struct jit_exit *leave)
{
    struct poll_stub *p = &l->polls[k];
    p->used = true;
    p->which = which;
    p->leave = leave;
    enc_jcc_to(&l->e, poll_test(l, which), &p->at);
    p->back = l->e.p;
}

static void poll_stub(struct lower *l, struct poll_stub *p)
{
    if (!p->used) return;
    enc_bind(&l->e, &p->at);
    if (p->which == 'l' && l->batch) batch_next(l, p->back);
    rest(l, p, p->back);
}

void lower_poll_stubs(struct lower *l)
{
    for (int k = 0; k < POLL_KINDS; k++) poll_stub(l, &l->polls[k]);
}

/* ---- bridges ---- */

#define OWED_MOST 4 /* bridges on each other that are counted at the end of the last */

/* Guest code may run in [from, to). */
static bool may_look(const struct lower *l, uint32_t from, uint32_t to)
{
    for (uint32_t n = from; n < to; n++) {
        const struct jit_op *op = lower_op(l, n);
        if (jit_opinfo[op->opcode].effects == JIT_CALL && op->descr->effects & JIT_EF_SYNC) return true;
    }
    return false;
}

static const struct jit_owed *owed_of(const struct lower *l, const struct jit_trace *t)
{
    return *(const struct jit_owed *const *)((const char *)t + l->be->owed_off);
}

void lower_bridge_begin(struct lower *l)
{
    const struct jit_owed *up = l->be->counted_off ? owed_of(l, l->parent->code->trace) : NULL;
    struct jit_owed o = {.up = up, .trace = l->trace, .from = l->parent->batch ? l->parent : NULL, .n = up ? up->n + 1 : 1};
    bool late = l->be->counted_off && l->ir->link != JIT_LINK_LOOP && o.n <= OWED_MOST && !may_look(l, 0, l->ra.n);
    struct jit_owed *kept = jit_arena_alloc(late ? l->arena : l->scratch, sizeof *kept);
    if (!kept) {
        l->no_memory = true;
        return;
    }
    *kept = o;
    l->owed = kept;
    if (!late) {
        lower_poll(l, POLL_ENTRY, 'b', l->parent);
        return;
    }
    l->out->owed = kept;
    l->out->keeps = l->out->returns && l->target->code->again && jit_owed_from(kept) && jit_owed_from(kept)->code == l->target->code;
    if (o.from && o.from->left_reg != JIT_LEFT_KEPT) enc_mov_mr(&l->e, left_word(), o.from->left_reg);
}

/* ---- jumps ---- */

/* The jump is the only one that is taken; behind it stands what the stub would be. */
void lower_poll_jump(struct lower *l, char which, const struct jit_exit *leave, const uint8_t *to)
{
    struct poll_stub p = {.which = which, .leave = leave};
    enum enc_cc on = enc_cc_not(poll_test(l, which));
    if (to >= l->out->start && to < l->e.p && l->e.p - to < 120) enc_jcc8(&l->e, on, to);
    else enc_jcc(&l->e, on, to);
    if (which == 'l' && l->batch) batch_next(l, to);
    rest(l, &p, to);
}

/* ---- batches ---- */

#define CALLS_SHARE 16 /* a batch is so much smaller where there are calls */

uint16_t lower_batch(const struct lower *l)
{
    uint16_t batch = l->be->counted_off ? l->be->batch : 0;
    if (!batch || may_look(l, l->ra.label, l->ra.jump)) return 0;
    return batch > CALLS_SHARE && l->ra.calls[l->ra.jump] > l->ra.calls[l->ra.label] ? batch / CALLS_SHARE : batch;
}

void lower_batch_entry(struct lower *l)
{
    uint16_t batch = l->ra.label != JIT_NOREF ? lower_batch(l) : 0;
    if (!batch || may_look(l, 0, l->ra.label)) return;
    l->batch = batch;
    l->left_reg = JIT_LEFT_KEPT;
    batch_fill(l);
    l->out->again = l->e.p;
}

void lower_batch_begin(struct lower *l, uint16_t batch)
{
    bool kept = l->ra.counter < 0;
    l->batch = batch;
    l->left_reg = kept ? JIT_LEFT_KEPT : l->ra.counter;
    if (batch && !l->out->again) batch_fill(l);
    else if (batch && !kept) enc_mov32_rm(&l->e, l->left_reg, left_word());
}
