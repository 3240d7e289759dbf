/* driver.c: the toy as the engine sees it (contract: trace/driver.h).
 *
 * Before: record.c (uses the descriptors). After: trace/.
 */
#include <string.h>
#include "toy/toy.h"

enum { AL_OBJECT = 1,
       AL_FIELD,
       AL_TOY,
       AL_FRAME };
#define FIELD(nm, str, at, ty, sz, al, fl) \
    { \
        .name = nm, .kind = JIT_D_FIELD, .type = ty, .size = sz, .flags = fl, .offset = (int32_t)(at), .alias = al \
    }
#define CELL(n) \
    { \
        FIELD("field" #n ".tag", toy_obj, offsetof(struct toy_obj, f[n].tag), 'i', 1, AL_FIELD, 0), \
            FIELD("field" #n ".i", toy_obj, offsetof(struct toy_obj, f[n].i), 'i', 8, AL_FIELD, 0), \
            FIELD("field" #n ".f", toy_obj, offsetof(struct toy_obj, f[n].f), 'f', 8, AL_FIELD, 0), \
            FIELD("field" #n ".o", toy_obj, offsetof(struct toy_obj, f[n].o), 'r', 8, AL_FIELD, 0) \
    }
/* The n-th frame below the one in which machine code was entered. */
#define CALLER(n) \
    { \
        FIELD("caller" #n ".fn", toy_frame, (int64_t)offsetof(struct toy_frame, fn) - n * (int64_t)sizeof(struct toy_frame), 'r', 8, AL_FRAME, 0), \
            FIELD("caller" #n ".pc", toy_frame, (int64_t)offsetof(struct toy_frame, pc) - n * (int64_t)sizeof(struct toy_frame), 'i', 8, AL_FRAME, 0) \
    }

const struct jit_descr toy_d_class = FIELD("object.class", toy_obj, offsetof(struct toy_obj, cls), 'r', 8, AL_OBJECT, JIT_DF_IMMUTABLE);
const struct jit_descr toy_d_field[TOY_FIELDS][4] = {CELL(0), CELL(1), CELL(2)};
const struct jit_descr toy_d_jit_frame = FIELD("toy.jit_frame", toy, offsetof(struct toy, jit_frame), 'r', 8, AL_TOY, 0);
const struct jit_descr toy_d_caller[4][2] = {CALLER(1), CALLER(2), CALLER(3), CALLER(4)};
/* A new object: its class is the call's second argument, its fields are nil. */
static const struct jit_made_cell new_cells[] = {
    {&toy_d_class, 1, 0}, {&toy_d_field[0][TOY_F_TAG], -1, TOY_NIL}, {&toy_d_field[1][TOY_F_TAG], -1, TOY_NIL}, {&toy_d_field[2][TOY_F_TAG], -1, TOY_NIL}};
static const struct jit_made new_made = {.cells = new_cells, .ncells = sizeof new_cells / sizeof new_cells[0], .bytes = sizeof(struct toy_obj)};
const struct jit_descr toy_d_call_new = {.name = "call_new", .kind = JIT_D_CALL, .type = 'r', .effects = JIT_EF_ALLOC, .args = "rr", .made = &new_made};
const struct jit_descr toy_d_call_setc = {.name = "call_setc", .kind = JIT_D_CALL, .type = 'v', .effects = JIT_EF_SYNC | JIT_EF_KEEP, .args = "rriii"};
const struct jit_descr toy_d_call_native = {.name = "call_native", .kind = JIT_D_CALL, .type = 'v', .effects = JIT_EF_SYNC | JIT_EF_KEEP, .args = "rii"};

#define CELL_ROWS(n) &toy_d_field[n][0], &toy_d_field[n][1], &toy_d_field[n][2], &toy_d_field[n][3]
#define CALLER_ROWS(n) &toy_d_caller[n][0], &toy_d_caller[n][1]
static const struct jit_descr *const descrs[] = {
    &toy_d_class, CELL_ROWS(0), CELL_ROWS(1), CELL_ROWS(2), &toy_d_jit_frame, CALLER_ROWS(0), CALLER_ROWS(1), CALLER_ROWS(2), CALLER_ROWS(3),
    &toy_d_call_new, &toy_d_call_setc, &toy_d_call_native, NULL};

static void place(void *code, uint64_t pc, const char **file, int *line)
{
    const struct toy_func *fn = code;
    *file = fn->toy->file;
    *line = pc < fn->ncode ? fn->code[pc].line : 0;
}

static void describe(void *code, uint64_t pc, char *buf, size_t size)
{
    const struct toy_func *fn = code;
    snprintf(buf, size, "%s", pc < fn->ncode ? toy_op_name(fn->code[pc].op) : "?");
}

static struct toy_hot *hot_of(struct jit_key key, int kind)
{
    struct toy_func *fn = key.code;
    return kind == JITSTAT_KIND_ENTRY ? &fn->entry : &fn->loops[key.pc];
}

static void install(void *user, struct jit_key key, int kind, struct jit_trace *trace)
{
    (void)user;
    struct toy_hot *h = hot_of(key, kind);
    h->trace = trace;
    h->count = trace ? 1 : h->start;
}

static void back_off(void *user, struct jit_key key, int kind, uint32_t ticks)
{
    (void)user;
    hot_of(key, kind)->count = ticks;
}

/* From the frame in which machine code was entered: down to the one that resume data begin with, then up. */
void toy_restore(struct toy *t, const struct jit_resume_frame *f, uint32_t n)
{
    struct toy_frame *fr = t->jit_frame;
    while (fr->base > t->jit_base + f->base) fr--;
    t->returned = t->jit_frame - fr;
    fr->pc = f->pc;
    for (uint32_t i = 1; i < n; i++)
        *++fr = (struct toy_frame){.fn = (struct toy_func *)(uintptr_t)f[i].code, .pc = f[i].pc, .base = t->jit_base + f[i].base};
    t->frame = fr;
}

static void restore_frames(void *ctx, const struct jit_resume_frame *f, uint32_t n) { toy_restore(ctx, f, n); }

static void no_memory(void *ctx) { ((struct toy *)ctx)->no_memory = true; }

static int link_frames(void *ctx, const struct jit_resume_frame *f, uint32_t n)
{
    struct toy *t = ctx;
    if (t->jit_frame - t->frames + (ptrdiff_t)n >= TOY_FRAMES) return 1;
    toy_restore(t, f, n);
    t->jit_frame = t->frame;
    t->jit_base = t->frame->base;
    return 0;
}

static const char *tag_name(uint32_t tag) { return tag == TOY_INT ? "int" : tag == TOY_FLT ? "flt"
                                                                        : tag == TOY_OBJ   ? "obj"
                                                                                           : "nil"; }

const struct jit_driver toy_driver = {
    .name = "toy",
    .layout = {.slot_size = sizeof(struct toy_val), .payload_off = offsetof(struct toy_val, bits), .tag_off = offsetof(struct toy_val, tag), .tag_size = 1, .ctx_base_off = offsetof(struct toy, jit_base), .ctx_resume_off = offsetof(struct toy, jit_resume), .ctx_stack_end_off = offsetof(struct toy, stack_end)},
    .descrs = descrs,
    .place = place,
    .describe = describe,
    .install = install,
    .back_off = back_off,
    .restore_frames = restore_frames,
    .no_memory = no_memory,
    .link_frames = link_frames,
    .tag_name = tag_name,
};
