/* descrs.h: the descriptors that golden tests name. */
#ifndef TESTS_OPT_DESCRS_H
#define TESTS_OPT_DESCRS_H
#include "ir/ir.h"

#define FIELD(ident, nm, ty, sz, off, al, fl) \
    static const struct jit_descr ident = {.name = nm, .kind = JIT_D_FIELD, .type = ty, .size = sz, .offset = off, .alias = al, .flags = fl}
#define ARRAY(ident, nm, ty, sz, off, str, al) \
    static const struct jit_descr ident = {.name = nm, .kind = JIT_D_ARRAY, .type = ty, .size = sz, .offset = off, .stride = str, .alias = al}
#define CALL(ident, nm, ty, ar, ...) \
    static const struct jit_descr ident = {.name = nm, .kind = JIT_D_CALL, .type = ty, .args = ar, __VA_ARGS__}

/* alias classes: 1 x, 2 y, 3 f, 4 r, 5 small cells, 6 immutable, 7 elements */
FIELD(o_x, "o.x", 'i', 8, 8, 1, 0);
FIELD(o_y, "o.y", 'i', 8, 16, 2, 0);
FIELD(o_f, "o.f", 'f', 8, 24, 3, 0);
FIELD(o_r, "o.r", 'r', 8, 32, 4, 0);
FIELD(o_u1, "o.u1", 'i', 1, 40, 5, 0);
FIELD(o_s1, "o.s1", 'i', 1, 40, 5, JIT_DF_SIGNED);
FIELD(o_len, "o.len", 'i', 4, 44, 5, 0);
FIELD(o_shape, "o.shape", 'r', 8, 48, 6, JIT_DF_IMMUTABLE);
ARRAY(a_i, "a.i", 'i', 8, 0, 16, 7);
ARRAY(a_f, "a.f", 'f', 8, 0, 16, 7);
ARRAY(a_tag, "a.tag", 'i', 1, 8, 16, 7);
CALL(pure, "pure", 'i', "ii", .effects = 0);
CALL(pure_f, "pure_f", 'f', "f", .effects = 0);
CALL(reads_x, "reads_x", 'i', "r", .effects = JIT_EF_READS, .reads = 1 << 1);
CALL(writes_x, "writes_x", 'v', "r", .effects = JIT_EF_WRITES, .writes = 1 << 1);
CALL(keep, "keep", 'i', "i", .effects = JIT_EF_KEEP);
CALL(alloc, "alloc", 'r', "", .effects = JIT_EF_ALLOC);
CALL(unknown, "unknown", 'v', "r", .effects = JIT_EF_SYNC);

/* a box: x is 0, y what the call was given; p points to its own elements */
FIELD(b_p, "b.p", 'r', 8, 56, 4, 0);
static const struct jit_made_cell box_cells[] = {{&o_x, -1, 0}, {&o_y, 0, 0}};
static const struct jit_descr *const box_parts[] = {&b_p};
static const struct jit_made box_made = {.cells = box_cells, .ncells = 2, .parts = box_parts, .nparts = 1, .bytes = 64, .bytes_per = {16}};
CALL(box, "box", 'r', "i", .effects = JIT_EF_ALLOC, .made = &box_made);
/* whole objects: w.a and w.b in one class */
FIELD(w_a, "w.a", 'i', 8, 8, 8, JIT_DF_WHOLE);
FIELD(w_b, "w.b", 'i', 8, 16, 8, JIT_DF_WHOLE);
static const struct jit_descr w_i = {.name = "w.i", .kind = JIT_D_ARRAY, .type = 'i', .size = 8, .offset = 0, .stride = 16, .alias = 9, .flags = JIT_DF_WHOLE};
static const struct jit_descr w_tag = {.name = "w.tag", .kind = JIT_D_ARRAY, .type = 'i', .size = 1, .offset = 8, .stride = 16, .alias = 9, .flags = JIT_DF_WHOLE};
static const struct jit_descr *const test_descrs[] = {&w_a, &w_b, &w_i, &w_tag, &b_p, &box, &o_x, &o_y, &o_f, &o_r, &o_u1, &o_s1, &o_len, &o_shape, &a_i, &a_f, &a_tag,
                                                      &pure, &pure_f, &reads_x, &writes_x, &keep, &alloc, &unknown, NULL};
#endif
