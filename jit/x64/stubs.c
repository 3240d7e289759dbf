/* stubs.c: the three routines that all traces of a VM share: into machine code, out of it, and the poll.
 *
 *   enter(ctx, frame, code)   makes the machine frame and jumps to code
 *   common_exit               r11: the exit. All registers go to the state, the handler runs, enter returns
 *   poll_common               called by poll stubs, r11: the trace, state.exit: which poll. Keeps every register
 *                             and leaves "not equal" in the flags when the handler returned nonzero
 *
 * The state lies at rsp, so no stub computes its address. What poll_common saves goes there too: the state is unused
 * while a trace runs.
 *
 * Before: lower.c jumps here. After: trace/exit.c.
 */
#include "x64/stubs.h"

static const uint8_t kept[] = {X_RBX, X_R12, X_R13, X_R14, X_R15};
#define NKEPT ((int)sizeof kept)

static struct enc_mem state_gpr(int r)
{
    return enc_m(X_RBP, STUB_STATE_OFF + 8 * r);
}
static struct enc_mem state_xmm(int x) { return enc_m(X_RBP, STUB_STATE_OFF + (int)offsetof(struct jit_exit_state, xmm) + 8 * x); }

static void call_c(struct enc *e, const void *fn)
{
    enc_mov_imm(e, X_RAX, (int64_t)(intptr_t)fn);
    enc_call_r(e, X_RAX);
}

static void emit_enter(struct enc *e)
{
    enc_push_r(e, X_RBP);
    enc_mov_rr(e, X_RBP, X_RSP);
    for (int i = 0; i < NKEPT; i++) enc_push_r(e, kept[i]);
    enc_sub_ri(e, X_RSP, -STUB_STATE_OFF - STUB_SAVED);
    enc_mov_rr(e, X_R15, X_RDI);
    enc_mov_rr(e, X_R14, X_RSI);
    enc_jmp_r(e, X_RDX);
}

static void emit_common_exit(struct enc *e, struct jit_backend *be)
{
    enc_mov_mr(e, enc_m(X_RBP, STUB_EXIT_OFF), X_R11);
    for (int r = 0; r < 16; r++) enc_mov_mr(e, state_gpr(r), r);
    for (int x = 0; x < 16; x++) enc_movsd_mx(e, state_xmm(x), x);
    enc_mov_rr(e, X_RDI, X_RSP);
    call_c(e, (const void *)(uintptr_t)be->exit_handler);
    enc_mov_rm(e, X_RAX, enc_m(X_RBP, STUB_EXIT_OFF));
    enc_lea_rm(e, X_RSP, enc_m(X_RBP, -STUB_SAVED));
    for (int i = NKEPT - 1; i >= 0; i--) enc_pop_r(e, kept[i]);
    enc_pop_r(e, X_RBP);
    enc_ret(e);
}

static bool call_keeps(int r)
{
    return r == X_RBX || r == X_RSP || r == X_RBP || r >= X_R11;
}

static void emit_poll_common(struct enc *e, struct jit_backend *be)
{
    for (int r = 0; r < 16; r++)
        if (!call_keeps(r)) enc_mov_mr(e, state_gpr(r), r);
    for (int x = 0; x < 15; x++) enc_movsd_mx(e, state_xmm(x), x);
    enc_lea_rm(e, X_RSP, enc_m(X_RSP, -8)); /* the return address made it uneven */
    enc_mov_rr(e, X_RDI, X_R11);
    enc_mov32_rm(e, X_RSI, enc_m(X_RBP, STUB_EXIT_OFF));
    call_c(e, (const void *)(uintptr_t)be->poll_handler);
    enc_test32_rr(e, X_RAX, X_RAX); /* nothing below touches the flags */
    for (int r = 0; r < 16; r++)
        if (!call_keeps(r)) enc_mov_rm(e, r, state_gpr(r));
    for (int x = 0; x < 15; x++) enc_movsd_xm(e, x, state_xmm(x));
    enc_lea_rm(e, X_RSP, enc_m(X_RSP, 8));
    enc_ret(e);
}

void stubs_emit(struct enc *e, struct jit_backend *be)
{
    be->enter = e->p;
    emit_enter(e);
    be->common_exit = e->p;
    emit_common_exit(e, be);
    be->poll_common = e->p;
    emit_poll_common(e, be);
}
