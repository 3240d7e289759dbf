/* driver.c: the guest as the engine sees it: descriptors of its memory, source places, frames.
 *
 * Invariants
 *  1. A descriptor's alias class names the kind of memory, so that a store into an array never
 *     stands in the way of a load from a table's header.
 *     All but nodes (and entries, which may point into them) are reached by their start only.
 *  2. restore_frames makes the same frame records as the interpreter's calls would, from the frame in
 *     which machine code was entered (L->jit_ci) on; it never raises: records that memory refuses
 *     come from the reserve.
 *
 * Before: record.c (uses the descriptors). After: jit.c.
 */
#include <stdio.h>
#include "lua/jit.h"
#include "lua/collect.h"

#define WHOLE JIT_DF_WHOLE
#define VALUE_TAGS (1u << T_NIL | 1u << T_FALSE | 1u << T_TRUE)
#define FIELD(var, nm, str, field, ty, sz, al, fl) \
    const struct jit_descr var = {.name = nm, .kind = JIT_D_FIELD, .type = ty, .size = sz, .flags = fl, .offset = (int32_t)offsetof(struct str, field), .alias = al}
#define ITEM(var, nm, ty, sz, off, str, al, fl) \
    const struct jit_descr var = {.name = nm, .kind = JIT_D_ARRAY, .type = ty, .size = sz, .flags = fl, .offset = (int32_t)(off), .stride = str, .alias = al}

FIELD(d_table_flags, "table.flags", table, flags, 'i', 1, AL_TABLE, WHOLE);
FIELD(d_table_nomm, "table.nomm", table, nomm, 'i', 1, AL_TABLE, WHOLE);
FIELD(d_table_alen, "table.alen", table, alen, 'i', 4, AL_TABLE, WHOLE);
FIELD(d_table_arr, "table.arr", table, arr, 'r', 8, AL_TABLE, WHOLE);
FIELD(d_table_shape, "table.shape", table, shape, 'r', 8, AL_TABLE, WHOLE);
FIELD(d_table_slots, "table.slots", table, slots, 'r', 8, AL_TABLE, WHOLE);
FIELD(d_table_meta, "table.meta", table, meta, 'r', 8, AL_TABLE, WHOLE);
FIELD(d_table_acap, "table.acap", table, acap, 'i', 4, AL_TABLE, WHOLE);
FIELD(d_table_slotcap, "table.slotcap", table, slotcap, 'i', 2, AL_TABLE, WHOLE);
FIELD(d_table_node, "table.node", table, node, 'r', 8, AL_TABLE, WHOLE);
FIELD(d_table_nused, "table.nused", table, nused, 'i', 4, AL_TABLE, WHOLE);
FIELD(d_table_nints, "table.nints", table, nints, 'i', 4, AL_TABLE, WHOLE);
FIELD(d_gc_mark, "gc.mark", gcobj, mark, 'i', 1, AL_GCHEAD, WHOLE);
FIELD(d_gc_kind, "gc.kind", gcobj, kind, 'i', 1, AL_GCHEAD, JIT_DF_IMMUTABLE | WHOLE);
ITEM(d_arr_tag, "array.tag", 'i', 4, offsetof(struct value, tag), sizeof(struct value), AL_ARRAY, JIT_DF_TAG | WHOLE);
ITEM(d_arr_i, "array.i", 'i', 8, 0, sizeof(struct value), AL_ARRAY, WHOLE);
ITEM(d_arr_f, "array.f", 'f', 8, 0, sizeof(struct value), AL_ARRAY, WHOLE);
ITEM(d_arr_r, "array.r", 'r', 8, 0, sizeof(struct value), AL_ARRAY, WHOLE);
ITEM(d_slot_tag, "slot.tag", 'i', 4, offsetof(struct value, tag), sizeof(struct value), AL_SLOTS, JIT_DF_TAG | WHOLE);
ITEM(d_slot_i, "slot.i", 'i', 8, 0, sizeof(struct value), AL_SLOTS, WHOLE);
ITEM(d_slot_f, "slot.f", 'f', 8, 0, sizeof(struct value), AL_SLOTS, WHOLE);
ITEM(d_slot_r, "slot.r", 'r', 8, 0, sizeof(struct value), AL_SLOTS, WHOLE);
ITEM(d_node_tag, "node.tag", 'i', 4, offsetof(struct node, val_tag), sizeof(struct node), AL_NODES, JIT_DF_TAG);
ITEM(d_node_i, "node.i", 'i', 8, 0, sizeof(struct node), AL_NODES, 0);
ITEM(d_node_f, "node.f", 'f', 8, 0, sizeof(struct node), AL_NODES, 0);
ITEM(d_node_r, "node.r", 'r', 8, 0, sizeof(struct node), AL_NODES, 0);
ITEM(d_node_ktag, "node.ktag", 'i', 4, offsetof(struct node, ktag), sizeof(struct node), AL_NODES, 0);
ITEM(d_node_key, "node.key", 'i', 8, offsetof(struct node, kbits), sizeof(struct node), AL_NODES, 0);
ITEM(d_node_keyr, "node.keyr", 'r', 8, offsetof(struct node, kbits), sizeof(struct node), AL_NODES, 0);
FIELD(d_str_len, "str.len", lstr, len, 'i', 8, AL_STR, JIT_DF_IMMUTABLE | WHOLE);
FIELD(d_str_short, "str.is_short", lstr, is_short, 'i', 1, AL_STR, JIT_DF_IMMUTABLE | WHOLE);
ITEM(d_str_byte, "str.byte", 'i', 1, offsetof(struct lstr, data), 1, AL_STR, JIT_DF_IMMUTABLE | WHOLE);
FIELD(d_lcl_proto, "lcl.proto", lclosure, p, 'r', 8, AL_LCL, JIT_DF_IMMUTABLE | WHOLE);
FIELD(d_ccl_f, "ccl.f", cclosure, f, 'r', 8, AL_LCL, JIT_DF_IMMUTABLE | WHOLE);
ITEM(d_lcl_upval, "lcl.upval", 'r', 8, offsetof(struct lclosure, upvals), 8, AL_LCL, WHOLE);
FIELD(d_upval_v, "upval.v", upval, v, 'r', 8, AL_UPVAL, WHOLE);
FIELD(d_uv_tag, "upvalue.tag", value, tag, 'i', 4, AL_UPVALUE, JIT_DF_TAG | WHOLE);
FIELD(d_uv_i, "upvalue.i", value, i, 'i', 8, AL_UPVALUE, WHOLE);
FIELD(d_uv_f, "upvalue.f", value, n, 'f', 8, AL_UPVALUE, WHOLE);
FIELD(d_uv_r, "upvalue.r", value, p, 'r', 8, AL_UPVALUE, WHOLE);
FIELD(d_state_ci, "state.ci", lua_State, ci, 'r', 8, AL_STATE, WHOLE);
FIELD(d_state_jitci, "state.jit_ci", lua_State, jit_ci, 'r', 8, AL_STATE, WHOLE);
FIELD(d_state_top, "state.top", lua_State, top, 'r', 8, AL_STATE, WHOLE);
FIELD(d_state_hookmask, "state.hookmask", lua_State, hookmask, 'i', 4, AL_STATE, WHOLE);
FIELD(d_ci_func, "ci.func", callinfo, func, 'r', 8, AL_CI, WHOLE);
FIELD(d_ci_prev, "ci.prev", callinfo, prev, 'r', 8, AL_CI, WHOLE);
FIELD(d_ci_pc, "ci.pc", callinfo, pc, 'r', 8, AL_CI, WHOLE);
FIELD(d_ci_status, "ci.status", callinfo, status, 'i', 2, AL_CI, WHOLE);
FIELD(d_ci_nresults, "ci.nresults", callinfo, nresults, 'i', 2, AL_CI, JIT_DF_SIGNED | WHOLE);
FIELD(d_ci_nvarargs, "ci.nvarargs", callinfo, nvarargs, 'i', 4, AL_CI, JIT_DF_SIGNED | WHOLE);
FIELD(d_udata_meta, "udata.meta", udata, meta, 'r', 8, AL_UDATA, WHOLE);
FIELD(d_udata_len, "udata.len", udata, len, 'i', 8, AL_UDATA, JIT_DF_IMMUTABLE | WHOLE);
FIELD(d_global_debt, "global.gc_debt", global, gc_debt, 'i', 8, AL_GLOBAL, WHOLE);

extern const struct jit_descr d_nv_tag, d_nv_i, d_nv_f, d_nv_r;
static const struct jit_descr *const all_descrs[] = {
    &d_nv_tag, &d_nv_i, &d_nv_f, &d_nv_r,
#define X(name) &name,
    LUA_DESCRS(X)
#undef X
        NULL};

/* ---- places ---- */

static void lua_place(void *code, uint64_t pc, const char **file, int *line)
{
    const struct proto *p = code;
    static _Thread_local char buf[LUA_IDSIZE];
    *line = 0;
    *file = "?";
    if (!p) return;
    if (p->source && p->source->len && (p->source->data[0] == '@' || p->source->data[0] == '=')) {
        *file = p->source->data + 1;
    } else if (p->source) {
        dbg_chunkid(buf, p->source->data, p->source->len);
        *file = buf;
    }
    if (p->lineinfo && pc < p->ncode) *line = p->lineinfo[pc];
    else *line = p->linedefined;
}

static void lua_describe(void *code, uint64_t pc, char *buf, size_t size)
{
    const struct proto *p = code;
    if (p && pc < p->ncode) snprintf(buf, size, "%s", opcode_name(ins_op(p->code[pc])));
}

static const char *lua_tag_name(uint32_t tag)
{
    static const char *const names[] = {"nil", "false", "true", "lightud", "int", "flt", "lcf", "?", "str", "table", "lcl", "ccl", "udata", "thread"};
    return tag < sizeof names / sizeof names[0] ? names[tag] : "?";
}

/* ---- hot counters ---- */

struct hot *lua_hot_of(struct jit_key key, int kind)
{
    struct proto *p = key.code;
    if (kind == JITSTAT_KIND_ENTRY) return key.pc == p->is_vararg ? &p->fhot : NULL; /* NULL: entered by links only */
    for (uint32_t i = 0; i < p->nhot; i++)
        if (p->hot[i].pc == key.pc) return &p->hot[i];
    return NULL;
}

static void lua_install(void *user, struct jit_key key, int kind, struct jit_trace *trace)
{
    (void)user;
    struct hot *h = lua_hot_of(key, kind);
    if (!h) return;
    h->trace = trace;
    h->count = trace ? 1 : h->start;
}

static void lua_back_off(void *user, struct jit_key key, int kind, uint32_t ticks)
{
    (void)user;
    struct hot *h = lua_hot_of(key, kind);
    if (h) h->count = ticks == 0 || ticks > 65535 ? 65535 : (uint16_t)ticks;
}

/* ---- frames ---- */

uint64_t lua_frame_pc(const struct callinfo *ci)
{
    return (uint64_t)(ci->pc - ci->func->lcl->p->code);
}

/* The record after `at`. Without memory it comes from the reserve, if that may be used; NULL: it may not. */
static __attribute__((noinline)) struct callinfo *frame_record(struct lua_State *L, struct callinfo *at, bool reserve)
{
    if (at->next) return at->next;
    struct callinfo *ci = mem_alloc_optional(L->g, sizeof *ci); /* no collection: the stack is not complete */
    if (!ci) {
        if (!reserve) return NULL;
        ci = L->g->ci_reserve;
        L->g->ci_reserve = ci->next;
        L->g->ci_nreserve--;
    }
    ci->next = NULL;
    ci->prev = at;
    ci->trap = 0;
    at->next = ci;
    L->nci++;
    return ci;
}

/* Returned below: the entry's func may be stale, its record was not in use. */
static inline struct callinfo *lowest_frame(struct callinfo *ci, const struct jit_resume_frame *f)
{
    for (uint32_t hops = f->flags >> 16 & 0xff; hops; hops--) ci = ci->prev;
    return ci;
}

/* The frame of a pcall or xpcall as call_pcall makes it. If an object could not be rebuilt it catches nothing: the error ends
 * all frames of the trace, so that none goes on without what it had. */
static __attribute__((noinline)) void pcall_fill(struct lua_State *L, struct callinfo *ci, struct value *base, const struct jit_resume_frame *f)
{
    bool is_xpcall = f->aux[1] != 0;
    ci->func = base + f->base - 1;
    ci->top = ci->func + LUA_MINSTACK < L->stack_last ? ci->func + LUA_MINSTACK : L->stack_last;
    ci->nresults = (int16_t)((int)(f->aux[0] & 0xffff) - 1);
    ci->nvarargs = 0;
    ci->status = L->jit_nomem ? CIST_C : CIST_C | CIST_PCALL;
    ci->k = NULL;
    ci->pstatus = LUA_OK;
    ci->old_errfunc = L->errfunc;
    ci->old_allowhook = L->allowhook;
    ci->ctx = L->pcall_depth++;
    ci->u2.funcidx = (int)stack_save(L, ci->func + 1 + is_xpcall);
    L->errfunc = is_xpcall ? stack_save(L, ci->func + 1) : 0;
}

/* The lowest frame has made a tail call on the trace: its record becomes the callee's. */
static __attribute__((noinline)) void tail_fill(struct callinfo *ci, struct value *base, const struct jit_resume_frame *f)
{
    const struct proto *p = (const struct proto *)(uintptr_t)f->code;
    ci->func = base + f->base - 1;
    ci->top = base + f->base + p->maxstack;
    ci->nvarargs = (int32_t)(f->aux[0] >> 16);
    ci->status = (uint16_t)((ci->status & ~CIST_VARARG) | CIST_TAIL | (f->flags & CIST_VARARG));
}

/* Inlined twice: each link of a recursion runs it. */
static inline __attribute__((always_inline)) void frames_fill(struct lua_State *L, struct callinfo *ci, struct value *base,
                                                              const struct jit_resume_frame *f, uint32_t n)
{
    const struct jit_resume_frame *last = f + n - 1;
    ci = lowest_frame(ci, f);
    L->errfunc = L->jit_errfunc;
    L->pcall_depth = L->jit_pdepth;
    if (unlikely(f->flags & JIT_FRAME_MAKE)) tail_fill(ci, base, f);
    ci->pc = ((struct proto *)(uintptr_t)f->code)->code + f->pc;
    while (f++ < last) {
        const struct proto *p = (const struct proto *)(uintptr_t)f->code;
        struct value *first = base + f->base;
        ci = likely(ci->next != NULL) ? ci->next : frame_record(L, ci, true);
        if (unlikely(f->flags & CIST_C)) {
            pcall_fill(L, ci, base, f);
            continue;
        }
        ci->func = first - 1;
        ci->top = first + p->maxstack;
        ci->pc = p->code + f->pc;
        ci->nresults = (int16_t)((int)(f->aux[0] & 0xffff) - 1);
        ci->nvarargs = (int32_t)(f->aux[0] >> 16);
        ci->status = (uint16_t)f->flags;
        ci->trap = L->hookmask != 0;
    }
    L->ci = ci;
    if (last->flags & LJF_KEEPTOP) return;
    L->top = last->flags & LJF_OPEN ? base + (int32_t)last->aux[1] : ci->top;
}

int lua_restore_frames_at(struct lua_State *L, struct callinfo *entry, struct value *base, const struct jit_resume_frame *f, uint32_t n)
{
    frames_fill(L, entry, base, f, n);
    return 0;
}

static void lua_restore_frames(void *ctx, const struct jit_resume_frame *f, uint32_t n)
{
    struct lua_State *L = ctx;
    lua_restore_frames_at(L, L->jit_ci, L->jit_base, f, n);
}

void lua_sync_frames(struct lua_State *L)
{
    lua_restore_frames_at(L, L->jit_ci, L->jit_base, L->jit_resume->frames, L->jit_resume->nframes);
}

/* Frames that stay cannot come from the reserve, which the next exit needs: their records are made first. */
static bool records_there(struct lua_State *L, const struct jit_resume_frame *f, uint32_t n)
{
    struct callinfo *ci = lowest_frame(L->jit_ci, f);
    for (uint32_t i = 1; i < n && ci; i++) ci = likely(ci->next != NULL) ? ci->next : frame_record(L, ci, false);
    return ci != NULL;
}

static int lua_link_frames(void *ctx, const struct jit_resume_frame *f, uint32_t n)
{
    struct lua_State *L = ctx;
    if (!records_there(L, f, n)) return 1;
    frames_fill(L, L->jit_ci, L->jit_base, f, n);
    L->jit_ci = L->ci;
    L->jit_base = L->ci->func + 1;
    L->jit_errfunc = L->errfunc;
    L->jit_pdepth = L->pcall_depth;
    return 0;
}

/* ---- the same as steps for machine code ---- */

struct steps {
    struct jit_step *at;
    uint32_t n;
};

static void step(struct steps *s, enum jit_step_kind kind, size_t off, int64_t value)
{
    s->at[s->n++] = (struct jit_step){.kind = (uint8_t)kind, .off = (int32_t)off, .value = value};
}

#define CI(field) offsetof(struct callinfo, field)
#define LS(field) offsetof(struct lua_State, field)

static int64_t frame_pc(const struct jit_resume_frame *f)
{
    return (int64_t)(intptr_t)(((struct proto *)(uintptr_t)f->code)->code + f->pc);
}

/* lowest_frame, tail_fill. */
static void steps_lowest(struct steps *s, const struct jit_resume_frame *f)
{
    step(s, JIT_STEP_LOAD, LS(jit_ci), 0);
    for (uint32_t hops = f->flags >> 16 & 0xff; hops; hops--) step(s, JIT_STEP_UP, CI(prev), 0);
    if (f->flags & JIT_FRAME_MAKE) {
        step(s, JIT_STEP_PUT_SLOT, CI(func), f->base - 1);
        step(s, JIT_STEP_PUT_SLOT, CI(top), f->base + ((struct proto *)(uintptr_t)f->code)->maxstack);
        step(s, JIT_STEP_PUT32, CI(nvarargs), f->aux[0] >> 16);
        step(s, JIT_STEP_AND16, CI(status), (int16_t)~CIST_VARARG);
        step(s, JIT_STEP_OR16, CI(status), CIST_TAIL | (f->flags & CIST_VARARG));
    }
    step(s, JIT_STEP_PUT64, CI(pc), frame_pc(f));
}

_Static_assert(CI(status) == CI(nresults) + 2 && CI(nvarargs) == CI(nresults) + 4 && CI(nresults) % 8 == 0, "one word of a frame record");

static void steps_frame(struct steps *s, const struct jit_resume_frame *f)
{
    uint64_t nresults = (uint16_t)((f->aux[0] & 0xffff) - 1), status = (uint16_t)f->flags, nvarargs = f->aux[0] >> 16;
    step(s, JIT_STEP_FOLLOW, CI(next), 0);
    step(s, JIT_STEP_PUT_SLOT, CI(func), f->base - 1);
    step(s, JIT_STEP_PUT_SLOT, CI(top), f->base + ((struct proto *)(uintptr_t)f->code)->maxstack);
    step(s, JIT_STEP_PUT64, CI(pc), frame_pc(f));
    step(s, JIT_STEP_PUT64, CI(nresults), (int64_t)(nresults | status << 16 | nvarargs << 32));
    step(s, JIT_STEP_COPY32, CI(trap), LS(hookmask));
}

#define STEPS_FRAMES 6 /* more are few; nine steps for the lowest frame's return and tail call, six for each other, six at the end */
#define STEPS_HOPS 8
_Static_assert(STEPS_HOPS + 7 + 6 * (STEPS_FRAMES - 1) + 6 <= JIT_STEPS_MAX, "room for the steps");

/* lua_link_frames, for frames of Lua functions whose records are there. */
static uint32_t lua_link_steps(const struct jit_resume_frame *f, uint32_t n, struct jit_step *out)
{
    struct steps s = {out, 0};
    const struct jit_resume_frame *last = f + n - 1;
    if (n > STEPS_FRAMES || (f->flags >> 16 & 0xff) > STEPS_HOPS || last->flags & (LJF_OPEN | LJF_KEEPTOP)) return 0;
    for (uint32_t i = 1; i < n; i++)
        if (f[i].flags & CIST_C) return 0;
    steps_lowest(&s, f);
    for (uint32_t i = 1; i < n; i++) steps_frame(&s, f + i);
    step(&s, JIT_STEP_SET, LS(ci), 0);
    step(&s, JIT_STEP_SET, LS(jit_ci), 0);
    step(&s, JIT_STEP_SET_SLOT, LS(top), last->base + ((struct proto *)(uintptr_t)last->code)->maxstack);
    step(&s, JIT_STEP_MOVE64, LS(errfunc), LS(jit_errfunc));
    step(&s, JIT_STEP_MOVE32, LS(pcall_depth), LS(jit_pdepth));
    return s.n;
}

/* lua_jit_enter raises the error when machine code has been left. */
static void lua_no_memory(void *ctx) { ((struct lua_State *)ctx)->jit_nomem = 1; }

const struct jit_driver lua_driver = {
    .name = "lua",
    .layout = {.slot_size = sizeof(struct value), .payload_off = 0, .tag_off = offsetof(struct value, tag), .tag_size = 4, .ctx_base_off = offsetof(struct lua_State, jit_base), .ctx_resume_off = offsetof(struct lua_State, jit_resume), .ctx_stack_end_off = offsetof(struct lua_State, stack_last), .value_tags = VALUE_TAGS},
    .descrs = all_descrs,
    .place = lua_place,
    .describe = lua_describe,
    .install = lua_install,
    .back_off = lua_back_off,
    .restore_frames = lua_restore_frames,
    .no_memory = lua_no_memory,
    .link_frames = lua_link_frames,
    .link_steps = lua_link_steps,
    .tag_name = lua_tag_name,
};
