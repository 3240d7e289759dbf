/* lower_poll.c: polls: run counts and interrupts.
 *
 * Machine code looks at the poll word (obs/obs.h) where it is entered, where a bridge is entered, where it jumps to another
 * trace and where it jumps back. Each of these places tests, with one instruction, the part of the word that can matter
 * there; the rest stands behind the body: it counts, and sees whether anything else is wanted.
 *
 *   which  tests    counts              leaves
 *   'e'    counting entries             no
 *   'b'    both     runs                by the exit of the guard that the bridge belongs to
 *   'l'    both     runs                by the label's or the jump's exit; short loops: see below
 *   'j'    both     the target's        by the jump's exit, before it counts; the target is entered behind its own poll
 *                   entries
 *   'f'    interrupts nothing           by the jump's exit; the target's poll counts, when its frames have been made
 *
 * With run counts on these are the program's costs, so the way through a stub that only counts for everybody is short:
 * no call, no flag of the trace. Who is counted because of enable_debug asks the trace's byte, and only who is
 * interrupted calls the handler.
 *
 * Short loops. One more instruction on memory makes a loop of four instructions half as fast again, and even the test is a
 * fourth of it. So a loop that has a register to spare, and in which nobody can look (it calls nothing that runs guest
 * code, hooks or the collector), counts there: the register begins with the batch at the label, each jump back takes one
 * off, and at zero the stub adds the batch to the word and looks at everything else. That replaces the test: such a loop
 * is faster than before with run counts off, and nearly the same with run counts on.
 *
 * Invariants
 *  1. Behind the label the register holds what is left of the batch; the word lacks batch - register rounds.
 *  2. Whoever leaves from there adds them, if runs are counted then: the exit handler (struct jit_exit says register and
 *     batch), or the bridge that took the exit over, with its own first poll, which sets the register back, for it may
 *     leave by its guard's exit and be added once more.
 *  3. Nobody comes to the label but from above, where the register is set.
 *  4. So in the process the counts are always exact. Who looks from outside may see up to batch - 1 rounds less, and who
 *     attaches or goes in the middle of a batch has it counted as a whole or not at all. An interrupt waits as long; in a
 *     loop with calls, whose rounds may be long, the batch is small.
 *
 * Before: lower_guard.c, lower_call.c. After: stubs.c.
 */
#include "x64/lower.h"

/* Offsets in the poll word. */
enum { COUNTING = 0,
       INTERRUPTS = 4 };

static struct enc_mem part(struct lower *l, int which) { return lower_abs(l, (const char *)l->be->poll_word + which); }

/* ---- the test in the body ---- */

/* The condition under which the stub is wanted. */
static enum enc_cc poll_test(struct lower *l, char which)
{
    if (which == 'l' && l->batch) {
        enc_dec32_r(&l->e, l->left_reg);
        return XCC_E;
    }
    if (which == 'e') enc_cmp32_mi(&l->e, part(l, COUNTING), 0);
    else if (which == 'f') enc_cmp32_mi(&l->e, part(l, INTERRUPTS), 0);
    else enc_cmp_mi(&l->e, part(l, 0), 0);
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

/* ---- the stub ---- */

static void leave_if_told(struct lower *l, const struct jit_exit *x)
{
    if (x && x == l->parent) enc_jcc(&l->e, XCC_NE, x->stub);
    else if (x) enc_jcc_to(&l->e, XCC_NE, &l->stubs[x->number].at);
}

static void ask_handler(struct lower *l, const struct poll_stub *p)
{
    enc_mov32_mi(&l->e, enc_m(X_RBP, STUB_EXIT_OFF), p->which);
    enc_mov_imm(&l->e, X_R11, (int64_t)(intptr_t)l->trace);
    enc_call(&l->e, l->be->poll_common);
    leave_if_told(l, p->leave);
}

static struct enc_mem count_word(struct lower *l, const struct jit_trace *t, int32_t off)
{
    enc_mov_imm(&l->e, X_R11, (int64_t)(intptr_t)t);
    enc_mov_rm(&l->e, X_R11, enc_m(X_R11, off));
    return enc_m(X_R11, 0);
}

/* The rounds of the loop that a bridge comes from. */
static void count_parent(struct lower *l)
{
    int left = l->parent->left_reg, batch = l->parent->batch;
    struct enc_mem m = count_word(l, l->parent->trace, l->be->runs_off);
    enc_sub_ri(&l->e, left, batch);
    enc_sub_mr(&l->e, m, left);
    enc_mov32_ri(&l->e, left, batch);
}

static void count_add(struct lower *l, char which)
{
    struct enc *e = &l->e;
    switch (which) {
    case 'e': enc_inc_m(e, count_word(l, l->trace, l->be->entries_off)); break;
    case 'j': enc_inc_m(e, count_word(l, l->target->trace, l->be->entries_off)); break;
    case 'b':
        enc_inc_m(e, count_word(l, l->trace, l->be->runs_off));
        if (l->parent->batch) count_parent(l);
        break;
    default: enc_add_mi(e, count_word(l, l->trace, l->be->runs_off), l->batch ? l->batch : 1);
    }
}

static void interrupt(struct lower *l, const struct poll_stub *p, const uint8_t *back)
{
    enc_cmp8_mi(&l->e, lower_abs(l, (const void *)l->be->interrupt), 0);
    enc_jcc(&l->e, XCC_E, back);
    ask_handler(l, p);
}

/* Ends with a jump to `back`. */
static void count(struct lower *l, const struct poll_stub *p, const uint8_t *back)
{
    struct enc *e = &l->e;
    struct enc_label own = {0}, yes = {0}, counted = {0};
    bool asks = p->which == 'b' || p->which == 'l';
    enc_cmp16_mi(e, part(l, COUNTING), 0);
    enc_jcc_to(e, XCC_E, &own);
    enc_bind(e, &yes);
    count_add(l, p->which);
    enc_bind(e, &counted);
    if (asks) {
        enc_cmp32_mi(e, part(l, INTERRUPTS), 0);
        enc_jcc(e, XCC_E, back);
        interrupt(l, p, back);
    }
    enc_jmp(e, back);
    enc_bind(e, &own);
    enc_mov_imm(e, X_R11, (int64_t)(intptr_t)l->trace);
    enc_cmp8_mi(e, enc_m(X_R11, l->be->counted_off), 0);
    enc_jcc_to(e, XCC_NE, &yes);
    enc_jmp_to(e, &counted);
}

/* All that a poll whose test was not zero does. */
static void poll_rest(struct lower *l, const struct poll_stub *p, const uint8_t *back)
{
    struct enc *e = &l->e;
    struct enc_label ask = {0};
    if (!l->be->counted_off) {
        ask_handler(l, p);
        enc_jmp(e, back);
    } else if (p->which == 'f') {
        interrupt(l, p, back);
        enc_jmp(e, back);
    } else if (p->which == 'j') {
        enc_cmp32_mi(e, part(l, INTERRUPTS), 0);
        enc_jcc_to(e, XCC_NE, &ask);
        uint8_t *counting = e->p;
        count(l, p, back);
        enc_bind(e, &ask);
        interrupt(l, p, counting);
        enc_jmp(e, counting);
    } else {
        count(l, p, back);
    }
}

/* A batch is over: the next one, and whether there is anything to do. */
static void batch_next(struct lower *l, const uint8_t *back)
{
    enc_mov32_ri(&l->e, l->left_reg, l->batch);
    enc_cmp_mi(&l->e, part(l, 0), 0);
    enc_jcc(&l->e, XCC_E, back);
}

static void poll_stub(struct lower *l, struct poll_stub *p)
{
    if (!p->used) return;
    enc_bind(&l->e, &p->at);
    if (p->which == 'l' && l->batch) batch_next(l, p->back);
    poll_rest(l, p, p->back);
}

void lower_poll_stubs(struct lower *l)
{
    for (int k = 0; k < POLL_KINDS; k++) poll_stub(l, &l->polls[k]);
}

/* ---- back edges ---- */

#define CALLS_SHARE 16 /* a batch is so much smaller where there are calls */

uint16_t lower_batch(const struct lower *l)
{
    uint16_t batch = l->be->counted_off ? l->be->batch : 0;
    for (uint32_t n = l->ra.label + 1; batch && n < l->ra.jump; n++) {
        const struct jit_op *op = lower_op(l, n);
        if (jit_opinfo[op->opcode].effects == JIT_CALL && op->descr->effects & JIT_EF_SYNC) return 0;
    }
    if (batch > CALLS_SHARE && l->ra.calls[l->ra.jump] > l->ra.calls[l->ra.label]) batch /= CALLS_SHARE;
    return batch;
}

void lower_batch_begin(struct lower *l, uint16_t batch)
{
    if (l->ra.counter < 0) return;
    l->left_reg = l->ra.counter;
    l->batch = batch;
    enc_mov32_ri(&l->e, l->left_reg, batch);
}

static void back_to_label(struct lower *l, enum enc_cc cc)
{
    if (l->e.p - l->out->label < 120) enc_jcc8(&l->e, cc, l->out->label);
    else enc_jcc(&l->e, cc, l->out->label);
}

/* The jump to the label is the loop's only taken one; behind it stands the stub. */
void lower_back_edge(struct lower *l, const struct jit_exit *leave)
{
    struct poll_stub p = {.which = 'l', .leave = leave};
    back_to_label(l, enc_cc_not(poll_test(l, 'l')));
    if (l->batch) batch_next(l, l->out->label);
    poll_rest(l, &p, l->out->label);
}
