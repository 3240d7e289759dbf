/* stubs.h: the machine frame's layout and the code that is made once per VM (drawn in backend.h). */
#ifndef JIT_X64_STUBS_H
#define JIT_X64_STUBS_H
#include "x64/backend.h"
#include "x64/enc.h"

enum {
    STUB_SAVED = 5 * 8, /* rbx r12 r13 r14 r15 below rbp */
    STUB_STATE_OFF = -(int)((STUB_SAVED + sizeof(struct jit_exit_state) + 15) / 16 * 16), /* state from rbp; rsp is there */
    STUB_SPILL_OFF = STUB_STATE_OFF + (int)offsetof(struct jit_exit_state, spill),
    STUB_EXIT_OFF = STUB_STATE_OFF + (int)offsetof(struct jit_exit_state, exit),
    STUB_LEFT_OFF = STUB_STATE_OFF + (int)offsetof(struct jit_exit_state, left)
};

/* Writes enter, common_exit and poll_common; sets them in be. */
void stubs_emit(struct enc *e, struct jit_backend *be);
#endif
