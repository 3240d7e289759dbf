/* lower_poll.c: polls: run counts and interrupts.
 *
 * Machine code looks at the poll word (obs/obs.h) where it is entered, where a bridge is entered, where it jumps to another
 * trace and where it jumps back. Each of these places tests, with one instruction, the part of the word that can matter
 * there; the rest stands behind the body: it counts, and sees whether anything else is wanted.
 *
 *   which  tests    counts              leaves
 *   'e'    counting entries             no
 *   'b'    both     runs                by the exit of the guard that the bridge belongs to
 *   'l'    both     runs                by the label's or the jump's exit
 *   'j'    both     the target's        by the jump's exit, before it counts; the target is entered behind its own poll
 *                   entries
 *   'f'    interrupts nothing           by the jump's exit; the target's poll counts, when its frames have been made
 *
 * With run counts on these are the program's costs, so the way through a stub that only counts for everybody is short:
 * no call, no flag of the trace. Who is counted because of enable_debug asks the trace's byte, and only who is
 * interrupted calls the handler.
 *
 * Before: lower_guard.c, lower_call.c. After: stubs.c.
 */
#include "x64/lower.h"

/* Offsets in the poll word. */
enum { COUNTING = 0,
       INTERRUPTS = 4 };

static struct enc_mem part(struct lower *l, int which) { return lower_abs(l, (const char *)l->be->poll_word + which); }

/* ---- the test in the body ---- */

static void poll_test(struct lower *l, char which)
{
    if (which == 'e') enc_cmp32_mi(&l->e, part(l, COUNTING), 0);
    else if (which == 'f') enc_cmp32_mi(&l->e, part(l, INTERRUPTS), 0);
    else enc_cmp_mi(&l->e, part(l, 0), 0);
}

void lower_poll(struct lower *l, int k, char which, const struct jit_exit *leave)
{
    struct poll_stub *p = &l->polls[k];
    p->used = true;
    p->which = which;
    p->leave = leave;
    poll_test(l, which);
    enc_jcc_to(&l->e, XCC_NE, &p->at);
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

static void count_add(struct lower *l, char which)
{
    const struct jit_trace *t = which == 'j' ? l->target->trace : l->trace;
    bool entries = which == 'e' || which == 'j';
    enc_mov_imm(&l->e, X_R11, (int64_t)(intptr_t)t);
    enc_mov_rm(&l->e, X_R11, enc_m(X_R11, entries ? l->be->entries_off : l->be->runs_off));
    enc_inc_m(&l->e, enc_m(X_R11, 0));
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

static void poll_stub(struct lower *l, struct poll_stub *p)
{
    if (!p->used) return;
    enc_bind(&l->e, &p->at);
    poll_rest(l, p, p->back);
}

void lower_poll_stubs(struct lower *l)
{
    for (int k = 0; k < POLL_KINDS; k++) poll_stub(l, &l->polls[k]);
}

/* ---- back edges ---- */

static void back_to_label(struct lower *l, enum enc_cc cc)
{
    if (l->e.p - l->out->label < 120) enc_jcc8(&l->e, cc, l->out->label);
    else enc_jcc(&l->e, cc, l->out->label);
}

/* `je` to the label is the loop's only taken jump; behind it stands the stub. */
void lower_back_edge(struct lower *l, const struct jit_exit *leave)
{
    struct poll_stub p = {.which = 'l', .leave = leave};
    poll_test(l, 'l');
    back_to_label(l, XCC_E);
    poll_rest(l, &p, l->out->label);
}
