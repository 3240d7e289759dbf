/* func.c: closures, upvalues, to-be-closed variables, prototypes.
 *
 * Invariants
 *  1. A thread's open upvalues form a list ordered by stack level, highest first; one per slot.
 *  2. A thread with open upvalues is in g->twups (or L->twups == L: not in it).
 *  3. The to-be-closed variables of a thread form a chain through `extra` of their stack slots
 *     (distance to the previous one in slots, 0 at the end); L->tbclist is the last one's slot number.
 */
#include "lua/collect.h"

/* ---- closures ---------------------------------------------------------------------------------- */
struct lclosure *func_new_lua(struct lua_State *L, uint32_t nupvals)
{
    struct lclosure *c = (struct lclosure *)gc_new(L, sizeof *c + nupvals * sizeof c->upvals[0], T_LCL);
    c->nupvals = (uint8_t)nupvals;
    c->p = NULL;
    for (uint32_t i = 0; i < nupvals; i++)
        c->upvals[i] = NULL;
    return c;
}

struct cclosure *func_new_c(struct lua_State *L, uint32_t nupvals)
{
    struct cclosure *c = (struct cclosure *)gc_new(L, sizeof *c + nupvals * sizeof c->upvals[0], T_CCL);
    c->nupvals = (uint8_t)nupvals;
    c->f = NULL;
    for (uint32_t i = 0; i < nupvals; i++)
        setnil(&c->upvals[i]);
    return c;
}

/* ---- upvalues ---------------------------------------------------------------------------------- */
struct upval *func_new_upval(struct lua_State *L)
{
    struct upval *uv = (struct upval *)gc_new(L, sizeof *uv, T_UPVAL);
    uv->open = 0;
    uv->v = &uv->closed;
    setnil(&uv->closed);
    return uv;
}

static void link_open(struct upval **at, struct upval *uv)
{
    uv->onext = *at;
    uv->oprev = at;
    if (*at)
        (*at)->oprev = &uv->onext;
    *at = uv;
}

struct upval *func_find_upval(struct lua_State *L, struct value *level)
{
    struct upval **at = &L->openupval;
    for (; *at != NULL && (*at)->v >= level; at = &(*at)->onext)
        if ((*at)->v == level)
            return *at;
    ptrdiff_t slot = stack_save(L, level);
    struct upval *uv = (struct upval *)gc_new(L, sizeof *uv, T_UPVAL);
    level = stack_restore(L, slot);
    for (at = &L->openupval; *at != NULL && (*at)->v > level; at = &(*at)->onext)
        ; /* an emergency collection may have closed or freed some */
    uv->open = 1;
    uv->v = level;
    link_open(at, uv);
    if (L->twups == L) {
        L->twups = L->g->twups;
        L->g->twups = L;
    }
    return uv;
}

/* A closed upvalue owns its value. Marked ones (gray while open) turn black. */
static void close_one(struct lua_State *L, struct upval *uv)
{
    *uv->oprev = uv->onext;
    if (uv->onext)
        uv->onext->oprev = uv->oprev;
    const struct value *v = uv->v;
    setval(&uv->closed, v);
    uv->v = &uv->closed;
    uv->open = 0;
    if (!gc_is_white(uv)) {
        uv->mark |= GC_BLACK;
        gc_barrier(L, uv, &uv->closed);
    }
}

void func_close_upvals(struct lua_State *L, struct value *level)
{
    while (L->openupval != NULL && L->openupval->v >= level)
        close_one(L, L->openupval);
}

/* ---- to-be-closed variables -------------------------------------------------------------------- */
static const char *local_name_at(struct lua_State *L, const struct value *level)
{
    const struct callinfo *ci = L->ci;
    const char *name = NULL;
    if (ci->status & CIST_C)
        return "(C temporary)";
    const struct proto *p = ci->func->lcl->p;
    name = func_local_name(p, (int)(level - ci->func), (int)(ci->pc - p->code) - 1);
    return name ? name : "?";
}

void func_new_tbc(struct lua_State *L, struct value *level)
{
    if (tag_is_false(level->tag))
        return;
    if (meta_of(L, level, MM_CLOSE)->tag == T_NIL)
        dbg_runerror(L, "variable '%s' got a non-closable value", local_name_at(L, level));
    ptrdiff_t slot = level - L->stack;
    level->extra = L->tbclist ? (uint32_t)(slot - L->tbclist) : 0;
    L->tbclist = slot;
}

/* Calls obj's __close(obj, err) at the top. */
static void call_close(struct lua_State *L, const struct value *obj, const struct value *err, bool yieldable)
{
    struct value *top = L->top;
    const struct value *tm = meta_of(L, obj, MM_CLOSE);
    setval(top, tm);
    setval(top + 1, obj);
    setval(top + 2, err);
    L->top = top + 3;
    call_function(L, top, 0, yieldable);
}

struct value *func_close(struct lua_State *L, struct value *level, int status, bool yieldable)
{
    ptrdiff_t floor = stack_save(L, level);
    func_close_upvals(L, level);
    while (L->tbclist != 0 && L->stack + L->tbclist >= level) {
        struct value *var = L->stack + L->tbclist;
        L->tbclist = var->extra ? L->tbclist - (ptrdiff_t)var->extra : 0;
        struct value none;
        const struct value *err = &none;
        setnil(&none);
        if (status != CLOSE_KEEP_TOP) {
            call_set_error(L, status, var + 1); /* the top is now right above it */
            err = var + 1;
        }
        call_close(L, var, err, yieldable);
        level = stack_restore(L, floor);
    }
    return level;
}

/* ---- prototypes -------------------------------------------------------------------------------- */
struct proto *func_new_proto(struct lua_State *L)
{
    struct proto *p = (struct proto *)gc_new(L, sizeof *p, T_PROTO);
    memset((char *)p + offsetof(struct proto, numparams), 0, sizeof *p - offsetof(struct proto, numparams));
    p->maxstack = 2;
    return p;
}

size_t func_proto_bytes(const struct proto *p)
{
    return sizeof *p + p->ncode * sizeof *p->code + p->nk * sizeof *p->k + p->np * sizeof *p->protos + p->nupvals * sizeof *p->upvals + p->nic * sizeof *p->ic + p->nhot * sizeof *p->hot + p->nlineinfo * sizeof *p->lineinfo + p->nlocvars * sizeof *p->locvars;
}

void func_free_proto(struct lua_State *L, struct proto *p)
{
    live_forget(p);
    mem_free(L, p->code, p->ncode * sizeof *p->code);
    mem_free(L, p->k, p->nk * sizeof *p->k);
    mem_free(L, p->protos, p->np * sizeof *p->protos);
    mem_free(L, p->upvals, p->nupvals * sizeof *p->upvals);
    mem_free(L, p->ic, p->nic * sizeof *p->ic);
    mem_free(L, p->hot, p->nhot * sizeof *p->hot);
    mem_free(L, p->lineinfo, p->nlineinfo * sizeof *p->lineinfo);
    mem_free(L, p->locvars, p->nlocvars * sizeof *p->locvars);
    mem_free(L, p, sizeof *p);
}

const char *func_local_name(const struct proto *p, int n, int pc)
{
    for (uint32_t i = 0; i < p->nlocvars && p->locvars[i].startpc <= pc; i++)
        if (pc < p->locvars[i].endpc && --n == 0)
            return p->locvars[i].name->data;
    return NULL;
}
