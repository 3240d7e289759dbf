/* ra_priv.h: what regalloc.c offers ra_loop.c and nobody else. */
#ifndef JIT_X64_RA_PRIV_H
#define JIT_X64_RA_PRIV_H
#include "x64/regalloc.h"

void ra_claim(struct ra *ra, jit_ref v, jit_loc reg);
void ra_unclaim(struct ra *ra, jit_ref v);
void ra_kill(struct ra *ra, jit_ref v);
void ra_slot_free(struct ra *ra, jit_ref v);
uint32_t ra_fixed(const struct jit_ir *ir, const struct jit_op *op); /* registers it wants for itself */
void ra_store(struct ra *ra, jit_ref v); /* its slot holds it, too */
#endif
