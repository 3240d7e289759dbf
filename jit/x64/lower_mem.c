/* lower_mem.c: addresses, loads and stores.
 *
 * An address is base + index * stride + constant. The processor has factors 1, 2, 4, 8; a stride of 16 or 24 is a lea
 * into r11 (2 or 3 times the index) and the factor 8, others are multiplied out into r11. It stays there: an element's
 * tag and its payload are mostly read one after the other.
 *
 * Before: lower.c. After: enc.c.
 */
#include "x64/lower.h"

int lower_load_size(const struct lower *l, const struct jit_op *op)
{
    if (op->opcode == JIT_getframetag) return l->be->layout.tag_size;
    return op->opcode >= JIT_getframe_i && op->opcode <= JIT_getframe_r ? 8 : op->descr->size;
}

static bool is_frame(const struct jit_op *op) { return op->opcode >= JIT_getframe_i && op->opcode <= JIT_getframetag; }
static bool is_array(const struct jit_op *op) { return op->opcode >= JIT_getarrayitem_gc_i && op->opcode <= JIT_setarrayitem_gc; }

/* Adds the constant part of a folded value to *disp; returns what remains (JIT_NOREF: the frame register). */
static jit_ref unfold(const struct lower *l, jit_ref r, int64_t factor, int64_t *disp)
{
    jit_ref base;
    int64_t k;
    if (jit_ref_is_const(r) || l->sel[r] != SEL_GONE) return r;
    if (sel_folded(l->ir, r, &base, &k)) {
        *disp += k * factor;
        return base;
    }
    *disp += k * l->be->layout.slot_size;
    return JIT_NOREF;
}

/* What of the stride the addressing mode does itself, as a shift. */
static int index_scale(uint32_t stride)
{
    return stride % 8 == 0 ? 3 : stride % 4 == 0 ? 2
                             : stride % 2 == 0   ? 1
                                                 : 0;
}

/* The index's register, multiplied by what the addressing mode cannot do. */
static int index_reg(struct lower *l, jit_ref index, uint32_t rest)
{
    bool busy = l->r11_busy;
    if (rest == 1) return ra_use(&l->ra, index);
    l->r11_busy = true;
    if (!busy && l->r11_index == index && l->r11_rest == rest) return X_R11;
    int x = ra_use(&l->ra, index), t = busy ? ra_temp(&l->ra, false) : X_R11;
    if (!busy) {
        l->r11_index = index;
        l->r11_rest = rest;
    }
    if (rest == 2 || rest == 3 || rest == 5 || rest == 9)
        enc_lea_rm(&l->e, t, enc_mx(x, x, rest == 2 ? 0 : rest == 3 ? 1
                                                      : rest == 5   ? 2
                                                                    : 3,
                                    0));
    else if (rest <= INT32_MAX)
        enc_imul_rri(&l->e, t, x, rest);
    else {
        enc_mov_imm(&l->e, t, rest);
        enc_imul_rr(&l->e, t, x);
    }
    return t;
}

static struct enc_mem mem_far(struct lower *l, int base, int index, int scale, int64_t disp)
{
    if (fits32(disp)) return index < 0 ? enc_m(base, (int32_t)disp) : enc_mx(base, index, scale, (int32_t)disp);
    int t = ra_temp(&l->ra, false);
    enc_mov_imm(&l->e, t, disp);
    if (base >= 0) enc_add_rr(&l->e, t, base);
    return index < 0 ? enc_m(t, 0) : enc_mx(t, index, scale, 0);
}

struct enc_mem lower_address(struct lower *l, const struct jit_op *op)
{
    const struct jit_frame_layout *fl = &l->be->layout;
    if (is_frame(op)) {
        int64_t slot = jit_ref_const(l->ir, op->arg[0])->i;
        return mem_far(l, X_R14, -1, 0, slot * fl->slot_size + (op->opcode == JIT_getframetag ? fl->tag_off : fl->payload_off));
    }
    int64_t disp = op->descr->offset;
    jit_ref base = unfold(l, op->arg[0], 1, &disp), index = JIT_NOREF;
    uint32_t stride = 0;
    if (is_array(op)) {
        stride = op->descr->stride;
        index = unfold(l, op->arg[1], stride, &disp);
        if (jit_ref_is_const(index)) {
            disp = (int64_t)((uint64_t)disp + (uint64_t)jit_ref_const(l->ir, index)->i * stride);
            index = JIT_NOREF;
        }
    }
    int b = X_R14, x = -1, scale = 0;
    if (base != JIT_NOREF && jit_ref_is_const(base)) {
        disp = (int64_t)((uint64_t)disp + jit_ref_const(l->ir, base)->bits);
        b = X_NONE;
    } else if (base != JIT_NOREF) {
        b = ra_use(&l->ra, base);
    }
    if (index != JIT_NOREF && stride) {
        scale = index_scale(stride);
        x = index_reg(l, index, stride >> scale);
    }
    if (b == X_NONE && !fits32(disp)) {
        b = lower_imm_reg(l, disp);
        disp = 0;
    }
    return mem_far(l, b, x, scale, disp);
}

/* The address's registers may hold the result. */
static void address_drop(struct lower *l, const struct jit_op *op)
{
    int64_t k = 0;
    if (is_frame(op)) return;
    for (int i = 0; i < 1 + is_array(op); i++) {
        jit_ref r = unfold(l, op->arg[i], 1, &k);
        if (r != JIT_NOREF && !jit_ref_is_const(r)) ra_drop(&l->ra, r);
    }
}

static void load_int(struct lower *l, const struct jit_op *op, int d, struct enc_mem m)
{
    struct enc *e = &l->e;
    bool sign = !is_frame(op) && op->descr->flags & JIT_DF_SIGNED;
    switch (lower_load_size(l, op)) {
    case 1: sign ? enc_movsx8_rm(e, d, m) : enc_movzx8_rm(e, d, m); break;
    case 2: sign ? enc_movsx16_rm(e, d, m) : enc_movzx16_rm(e, d, m); break;
    case 4: sign ? enc_movsxd_rm(e, d, m) : enc_mov32_rm(e, d, m); break;
    default: enc_mov_rm(e, d, m);
    }
}

void lower_load(struct lower *l, uint32_t n)
{
    const struct jit_op *op = lower_op(l, n);
    struct enc_mem m = lower_address(l, op);
    address_drop(l, op);
    int d = ra_def(&l->ra, n);
    if (!l->ra.vals[n].xmm) load_int(l, op, d, m);
    else enc_movsd_xm(&l->e, d, m);
}

static void store_imm(struct lower *l, struct enc_mem m, int size, int64_t v)
{
    struct enc *e = &l->e;
    switch (size) {
    case 1: enc_mov8_mi(e, m, (int8_t)v); break;
    case 2: enc_mov16_mi(e, m, (int16_t)v); break;
    case 4: enc_mov32_mi(e, m, (int32_t)v); break;
    default:
        if (fits32(v)) enc_mov_mi32(e, m, v);
        else enc_mov_mr(e, m, lower_imm_reg(l, v));
    }
}

static void store_reg(struct lower *l, struct enc_mem m, int size, int r)
{
    struct enc *e = &l->e;
    switch (size) {
    case 1: enc_mov8_mr(e, m, r); break;
    case 2: enc_mov16_mr(e, m, r); break;
    case 4: enc_mov32_mr(e, m, r); break;
    default: enc_mov_mr(e, m, r);
    }
}

void lower_store(struct lower *l, uint32_t n)
{
    const struct jit_op *op = lower_op(l, n);
    jit_ref v = op->arg[op->nargs - 1];
    int size = op->descr->size;
    bool f = jit_ref_type(l->ir, v) == 'f', k = jit_ref_is_const(v);
    if (!k) ra_lock(&l->ra, v); /* do not make room for the address with it */
    struct enc_mem m = lower_address(l, op);
    if (k) store_imm(l, m, size, jit_ref_const(l->ir, v)->i);
    else if (f) enc_movsd_mx(&l->e, m, ra_use(&l->ra, v));
    else store_reg(l, m, size, ra_use(&l->ra, v));
}
