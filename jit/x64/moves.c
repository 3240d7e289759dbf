/* moves.c: single moves between locations, and many at once.
 *
 * Many at once: emit what overwrites nothing that is still to be read; when nothing of that kind is left, all that
 * remains are rings, and saving one member of a ring in r11 opens it. Slot to slot goes through xmm15, so that the two
 * never meet.
 *
 * Before: regalloc.c. After: enc.c.
 */
#include <assert.h>
#include <string.h>
#include "x64/regalloc.h"
#include "x64/stubs.h"

struct enc_mem ra_slot_mem(int slot)
{
    return enc_m(X_RBP, STUB_SPILL_OFF + 8 * slot);
}

static struct enc_mem mem_of(jit_loc loc)
{
    return ra_slot_mem(loc - JIT_LOC_SPILL);
}

static bool is_xmm(jit_loc l) { return l >= JIT_LOC_XMM && l < JIT_LOC_SPILL; }
static bool is_slot(jit_loc l) { return l >= JIT_LOC_SPILL; }

void ra_emit_move(struct ra *ra, jit_loc dst, jit_loc src)
{
    struct enc *e = ra->e;
    int d = dst & 15, s = src & 15;
    if (dst == src) return;
    if (is_slot(dst) && is_slot(src)) {
        enc_movsd_xm(e, X_XMM15, mem_of(src));
        enc_movsd_mx(e, mem_of(dst), X_XMM15);
    } else if (is_slot(dst)) {
        is_xmm(src) ? enc_movsd_mx(e, mem_of(dst), s) : enc_mov_mr(e, mem_of(dst), s);
    } else if (is_slot(src)) {
        is_xmm(dst) ? enc_movsd_xm(e, d, mem_of(src)) : enc_mov_rm(e, d, mem_of(src));
    } else if (is_xmm(dst)) {
        is_xmm(src) ? enc_movaps_xx(e, d, s) : enc_movq_xr(e, d, s);
    } else {
        is_xmm(src) ? enc_movq_rx(e, d, s) : enc_mov_rr(e, d, s);
    }
}

static void slot_const(struct enc *e, struct enc_mem m, int64_t v)
{
    if (v == (int32_t)v) {
        enc_mov_mi32(e, m, v);
        return;
    }
    enc_mov32_mi(e, m, (int32_t)v);
    m.disp += 4;
    enc_mov32_mi(e, m, (int32_t)(v >> 32));
}

void ra_emit_const(struct ra *ra, jit_loc dst, jit_ref k)
{
    const struct jit_const *c = jit_ref_const(ra->ir, k);
    if (is_slot(dst)) {
        slot_const(ra->e, mem_of(dst), c->i);
    } else if (!is_xmm(dst)) {
        enc_mov_imm(ra->e, dst, c->i);
    } else if (c->bits == 0) {
        enc_xorps_xx(ra->e, dst & 15, dst & 15);
    } else {
        assert(ra->pool[k & ~JIT_K]);
        enc_movsd_xm(ra->e, dst & 15, enc_mrip(ra->pool[k & ~JIT_K]));
    }
}

static unsigned moves_ready(struct ra *ra, struct ra_move *m, unsigned n, uint16_t *readers)
{
    unsigned left = 0;
    for (unsigned i = 0; i < n; i++) {
        if (readers[m[i].dst]) {
            m[left++] = m[i];
        } else if (m[i].src == JIT_LOC_NONE) {
            ra_emit_const(ra, m[i].dst, m[i].konst);
        } else {
            ra_emit_move(ra, m[i].dst, m[i].src);
            readers[m[i].src]--;
        }
    }
    return left;
}

static void ring_open(struct ra *ra, struct ra_move *m, uint16_t *readers)
{
    while (m->src == JIT_LOC_NONE) m++; /* waits for a ring, is in none */
    ra_emit_move(ra, X_R11, m->src);
    readers[m->src]--;
    readers[X_R11]++;
    m->src = X_R11;
}

void ra_moves(struct ra *ra, struct ra_move *m, unsigned n)
{
    uint16_t readers[RA_LOCS] = {0};
    unsigned left = 0;
    for (unsigned i = 0; i < n; i++)
        if (m[i].src != m[i].dst) {
            m[left++] = m[i];
            if (m[i].src != JIT_LOC_NONE) readers[m[i].src]++;
        }
    while (left) {
        unsigned before = left;
        left = moves_ready(ra, m, left, readers);
        if (left == before) ring_open(ra, m, readers);
    }
}
