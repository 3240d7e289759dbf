/* lower_steps.c: a jump to another trace makes the frames of its resume data real.
 *
 * Functions that call themselves make such a jump at each call and each return. To call the guest for it, which reads the
 * frames' description word by word, took nearly half of such a program's time; here the description becomes stores of
 * constants. What is rare (no record is there yet, frames of another kind) stays with the guest's function.
 *
 * Invariants
 *  1. The slots are in memory, no register holds anything that is still needed.
 *  2. Until the last FOLLOW nothing is written that the guest's function, called in place of the rest, would not write again.
 *
 * Before: lower_call.c. After: enc.c.
 */
#include <assert.h>
#include "x64/lower.h"

#define RECORD X_RAX
#define TEMP X_RCX

static void slot_address(struct lower *l, int reg, int64_t slot)
{
    int64_t bytes = slot * l->be->layout.slot_size;
    assert(fits32(bytes));
    enc_lea_rm(&l->e, reg, enc_m(X_R14, (int32_t)bytes));
}

static void put64(struct lower *l, struct enc_mem m, int64_t value)
{
    if (fits32(value)) {
        enc_mov_mi32(&l->e, m, value);
        return;
    }
    enc_mov_imm(&l->e, TEMP, value);
    enc_mov_mr(&l->e, m, TEMP);
}

static void one_step(struct lower *l, const struct jit_step *s, struct enc_label *call)
{
    struct enc *e = &l->e;
    struct enc_mem rec = enc_m(RECORD, s->off), ctx = enc_m(X_R15, s->off);
    switch ((enum jit_step_kind)s->kind) {
    case JIT_STEP_LOAD: enc_mov_rm(e, RECORD, ctx); break;
    case JIT_STEP_UP: enc_mov_rm(e, RECORD, rec); break;
    case JIT_STEP_FOLLOW:
        enc_mov_rm(e, RECORD, rec);
        enc_test_rr(e, RECORD, RECORD);
        enc_jcc_to(e, XCC_E, call);
        break;
    case JIT_STEP_PUT32: enc_mov32_mi(e, rec, s->value); break;
    case JIT_STEP_PUT64: put64(l, rec, s->value); break;
    case JIT_STEP_PUT_SLOT:
        slot_address(l, TEMP, s->value);
        enc_mov_mr(e, rec, TEMP);
        break;
    case JIT_STEP_COPY32:
        enc_mov32_rm(e, TEMP, enc_m(X_R15, (int32_t)s->value));
        enc_mov32_mr(e, rec, TEMP);
        break;
    case JIT_STEP_AND16: enc_and16_mi(e, rec, (int16_t)s->value); break;
    case JIT_STEP_OR16: enc_or16_mi(e, rec, (int16_t)s->value); break;
    case JIT_STEP_SET: enc_mov_mr(e, ctx, RECORD); break;
    case JIT_STEP_SET_SLOT:
        slot_address(l, TEMP, s->value);
        enc_mov_mr(e, ctx, TEMP);
        break;
    case JIT_STEP_MOVE32:
        enc_mov32_rm(e, TEMP, enc_m(X_R15, (int32_t)s->value));
        enc_mov32_mr(e, ctx, TEMP);
        break;
    case JIT_STEP_MOVE64:
        enc_mov_rm(e, TEMP, enc_m(X_R15, (int32_t)s->value));
        enc_mov_mr(e, ctx, TEMP);
        break;
    }
}

bool lower_steps(struct lower *l, const struct jit_resume *r, struct enc_label *call)
{
    struct jit_step steps[JIT_STEPS_MAX];
    const struct jit_resume_frame *f = l->ir->frames.v + r->frames;
    uint32_t n = l->be->link_steps ? l->be->link_steps(f, r->nframes, steps) : 0;
    if (!n) return false;
    lower_r11(l);
    for (uint32_t i = 0; i < n; i++) one_step(l, &steps[i], call);
    slot_address(l, X_R14, f[r->nframes - 1].base);
    enc_mov_mr(&l->e, enc_m(X_R15, l->be->layout.ctx_base_off), X_R14);
    return true;
}
