/* gc.c: the collector: incremental, tri-colour, mark and sweep; objects never move.
 *
 *   PAUSE -> PROPAGATE -> ENTER_ATOMIC -> SWEEP -> CALLFIN -> PAUSE
 *
 * A cycle starts when the heap has grown by `pause` per cent over what survived the last one. Then
 * every `stepsize` bytes of allocation pay for a step of `stepmul`-fold work.
 *
 * Colours: white (two shades: what is allocated after the flip is not swept away), gray (neither
 * bit: on a list, its references are still to be marked), black.
 * Invariants
 *  1. While marking, no black object points to a white one. Containers that are written often go
 *     back to gray (gc_barrier_back), others push the mark forward (gc_barrier).
 *  2. Threads are never black: they are traversed again in the atomic phase, which also clears what
 *     lies above their stacks' used parts, so that no slot ever names freed memory. For the same
 *     reason an open upvalue is gray, never black.
 *  3. Inline caches, children of shapes, cached C strings and weak entries are dropped in the atomic
 *     phase, before anything is freed.
 *  4. Short strings live in the string table only and are swept there; everything else is on exactly
 *     one of all, finobj (has a finalizer), tobefnz (its finalizer is due).
 *  5. Compiled code does not collect: where it allocates it looks whether a step is due, and leaves for it (jit.c,
 *     collect_due), and a helper that gets no memory fails (gc_quiet). Only C functions that it calls collect, as ever.
 *  6. Strings are values: they are never cleared from weak tables.
 * Generational mode is accepted and answered as the manual says; this algorithm runs beneath it.
 * Before this on the walk: mem.c. After: the objects' files.
 */
#include <assert.h>
#include "lua/pool.h"
#include "lua/collect.h"

#define SWEEP_CHUNK 128 /* objects per unit of sweeping */
#define DEAD_PROTOS 64 /* prototypes that are freed together */
#define SWEEP_BUCKETS 128
#define AHEAD 6 /* values of a row whose objects are on their way to the cache */
#define FINALIZERS_PER_STEP 10
#define FINALIZER_COST 50 /* in units of work: values visited, objects swept */
#define UNIT_BYTES 16 /* allocation that pays for stepmul per cent of one unit */
#define GEN_PAUSE 160 /* generational mode promises a smaller heap */
#define MIN_PAUSE (64 << 10) /* small heaps: not a cycle for every few kilobytes */

enum sweep_part { SWEEP_STRINGS,
                  SWEEP_ALL,
                  SWEEP_FINOBJ,
                  SWEEP_TOBEFNZ,
                  SWEEP_DONE };

#define as(type, o) ((struct type *)(o))

/* ---- birth and death ---------------------------------------------------------------------------- */
struct gcobj *gc_new(struct lua_State *L, size_t size, enum tag kind)
{
    struct gcobj *taken = kind == T_UDATA ? NULL : mem_take(L->g, size);
    if (likely(taken != NULL)) {
        gc_link(L->g, taken, kind);
        return taken;
    }
    size_t psize = kind == T_UDATA ? (size + 15) & ~(size_t)15 : size; /* the block in it is aligned */
    struct gcobj *o = mem_alloc_object(L, size, psize, type_of_tag[kind]);
    gc_link(L->g, o, kind);
    return o;
}

static size_t udata_bytes(const struct udata *u) { return (size_t)((char *)udata_block((struct udata *)u) - (char *)u) + u->len; }

static void free_upval(struct lua_State *L, struct upval *uv)
{
    if (uv->open) {
        *uv->oprev = uv->onext;
        if (uv->onext)
            uv->onext->oprev = uv->oprev;
    }
    mem_give(L, uv, sizeof *uv);
}

/* Prototypes that were swept are freed together: each look for what was compiled from them goes through all traces.
 * Their memory is theirs until then, so that no other object has the address of one that machine code still knows. */
static void free_dead_protos(struct lua_State *L)
{
    struct global *g = L->g;
    while (g->dead_protos != NULL) {
        void *batch[DEAD_PROTOS];
        uint32_t n = 0;
        for (struct gcobj *o = g->dead_protos; o != NULL && n < DEAD_PROTOS; o = o->next)
            batch[n++] = o;
        lua_jit_protos_free(L, batch, n);
        for (uint32_t i = 0; i < n; i++) {
            struct gcobj *o = g->dead_protos;
            g->dead_protos = o->next;
            func_free_proto(L, as(proto, o));
        }
    }
    g->ndead_protos = 0;
}

static void bury_proto(struct lua_State *L, struct gcobj *o)
{
    o->next = L->g->dead_protos;
    L->g->dead_protos = o;
    if (++L->g->ndead_protos >= DEAD_PROTOS)
        free_dead_protos(L);
}

static void free_object(struct lua_State *L, struct gcobj *o)
{
    switch (o->kind) {
    case T_STR: mem_give(L, o, str_bytes(as(lstr, o))); break;
    case T_TABLE: table_free(L, as(table, o)); break;
    case T_LCL: mem_give(L, o, sizeof(struct lclosure) + as(lclosure, o)->nupvals * sizeof(struct upval *)); break;
    case T_CCL: mem_free(L, o, sizeof(struct cclosure) + as(cclosure, o)->nupvals * sizeof(struct value)); break;
    case T_UDATA: mem_free(L, o, udata_bytes(as(udata, o))); break;
    case T_THREAD: thread_free(L, as(lua_State, o)); break;
    case T_PROTO: bury_proto(L, o); break;
    case T_UPVAL: free_upval(L, as(upval, o)); break;
    case T_SHAPE: shape_free(L, as(shape, o)); break;
    default: assert(!"object kind");
    }
}

void gc_fix(struct lua_State *L, struct gcobj *o)
{
    assert(o->kind == T_STR); /* objects with references would have to be roots */
    o->mark |= GC_FIXED;
}

/* ---- marking ------------------------------------------------------------------------------------ */
static inline void set_black(struct gcobj *o) { o->mark = (uint8_t)((o->mark & ~GC_WHITE) | GC_BLACK); }
static inline void set_gray(struct gcobj *o) { o->mark &= (uint8_t) ~(GC_WHITE | GC_BLACK); }
static inline void set_white(struct global *g, struct gcobj *o)
{
    o->mark = (uint8_t)((o->mark & ~(GC_WHITE | GC_BLACK)) | g->current_white);
}

static struct gcobj **gclist_of(struct gcobj *o)
{
    switch (o->kind) {
    case T_TABLE: return &as(table, o)->gclist;
    case T_LCL: return &as(lclosure, o)->gclist;
    case T_CCL: return &as(cclosure, o)->gclist;
    case T_UDATA: return &as(udata, o)->gclist;
    case T_THREAD: return &as(lua_State, o)->gclist;
    case T_PROTO: return &as(proto, o)->gclist;
    default: assert(!"no list for this kind"); return NULL;
    }
}

static inline void link_to(struct gcobj *o, struct gcobj **at, struct gcobj **list)
{
    *at = *list;
    *list = o;
}

static void mark_object(struct global *g, struct gcobj *o);

static inline void mark(struct global *g, void *o)
{
    if (gc_is_white(o))
        mark_object(g, o);
}
static inline void mark_if(struct global *g, void *o)
{
    if (o != NULL)
        mark(g, o);
}

static inline void link_gray(struct global *g, struct table *t)
{
    set_gray((struct gcobj *)t);
    link_to((struct gcobj *)t, &t->gclist, &g->gray);
}

/* What most values are is dealt with in line. */
static inline void mark_value(struct global *g, const struct value *v)
{
    if (!tag_is_gc(v->tag) || !gc_is_white(v->gc))
        return;
    if (v->tag == T_STR)
        set_black(v->gc);
    else if (v->tag == T_TABLE)
        link_gray(g, v->t);
    else
        mark_object(g, v->gc);
}

static inline void mark_shapes(struct global *g, struct shape *s)
{
    for (; s != NULL && gc_is_white(s); s = s->parent) {
        set_black((struct gcobj *)s);
        if (s->key)
            set_black((struct gcobj *)s->key);
    }
}

/* White to gray, or to black at once what has no references worth a list. */
static void mark_object(struct global *g, struct gcobj *o)
{
    switch (o->kind) {
    case T_TABLE: link_gray(g, as(table, o)); return;
    case T_STR: set_black(o); return;
    case T_SHAPE: mark_shapes(g, as(shape, o)); return;
    case T_UPVAL:
        if (as(upval, o)->open)
            set_gray(o);
        else
            set_black(o);
        mark_value(g, as(upval, o)->v);
        return;
    case T_UDATA:
        if (as(udata, o)->nuv == 0) {
            set_black(o);
            mark_if(g, as(udata, o)->meta);
            return;
        }
        break;
    default: break;
    }
    set_gray(o);
    link_to(o, gclist_of(o), &g->gray);
}

static void mark_for_jit(struct lua_State *L, struct gcobj *o) { mark(L->g, o); }

static void mark_roots(struct lua_State *L)
{
    struct global *g = L->g;
    mark(g, g->mainthread);
    mark(g, L);
    mark_value(g, &g->registry);
    mark_if(g, g->root_shape);
    for (int i = 0; i < LUA_NUMTYPES; i++)
        mark_if(g, g->mt[i]);
    for (struct gcobj *o = g->tobefnz; o != NULL; o = o->next)
        mark(g, o);
}

static void start_cycle(struct lua_State *L)
{
    struct global *g = L->g;
    g->gray = g->grayagain = g->weak = g->ephemeron = g->allweak = g->protos = NULL;
    mark_roots(L);
    g->gc_state = GCS_PROPAGATE;
}

/* ---- traversing --------------------------------------------------------------------------------- */
/* The key of an entry without value is not marked; next() may still be asked for it, by address. */
static inline void forget_key(struct node *nd)
{
    if (tag_is_gc(nd->ktag) && nd->ktag != T_DEAD)
        nd->ktag = T_DEAD;
}

/* Would a weak reference to it be cleared? Strings are values: they get marked instead. */
static inline bool is_cleared(struct global *g, uint32_t tag, struct gcobj *o)
{
    if (!tag_is_gc(tag) || tag == T_DEAD)
        return false;
    if (tag == T_STR) {
        mark(g, o);
        return false;
    }
    return gc_is_white(o);
}

static uint32_t nslots_of(const struct table *t) { return t->shape ? t->shape->nslots : 0; }

/* Of a long row the objects ahead are fetched meanwhile: whether they are white stands in each. */
static inline void mark_values(struct global *g, const struct value *v, uint32_t n)
{
    const struct value *end = v + n;
    for (; end - v > AHEAD; v++) {
        if (tag_is_gc(v[AHEAD].tag))
            __builtin_prefetch(v[AHEAD].p, 1);
        mark_value(g, v);
    }
    for (; v < end; v++)
        mark_value(g, v);
}

static void traverse_strong(struct global *g, struct table *t)
{
    mark_values(g, t->arr, t->alen);
    mark_values(g, t->slots, nslots_of(t));
    for (struct node *nd = t->node, *end = nd + t->nused; nd < end; nd++) {
        if (nd->val_tag == T_NIL) {
            forget_key(nd);
            continue;
        }
        if (tag_is_gc(nd->ktag))
            mark(g, nd->kgc);
        mark_value(g, &nd->val);
    }
}

/* Weak values: keys are marked. Anything in the table may have to be cleared. */
static void traverse_weak_values(struct global *g, struct table *t)
{
    bool any = t->alen > 0 || nslots_of(t) > 0;
    for (struct node *nd = t->node, *end = nd + t->nused; nd < end; nd++) {
        if (nd->val_tag == T_NIL) {
            forget_key(nd);
            continue;
        }
        if (tag_is_gc(nd->ktag))
            mark(g, nd->kgc);
        any = any || is_cleared(g, nd->val_tag, nd->val.gc);
    }
    if (g->gc_state == GCS_ENTER_ATOMIC && any)
        link_to((struct gcobj *)t, &t->gclist, &g->weak);
    else
        link_to((struct gcobj *)t, &t->gclist, &g->grayagain);
}

/* Weak keys: a value is marked when its key is. Returns whether something was marked. */
static bool traverse_ephemeron(struct global *g, struct table *t, bool backwards)
{
    bool marked = false, has_clears = false, has_pairs = false;
    for (uint32_t i = 0; i < t->alen; i++)
        if (tag_is_gc(t->arr[i].tag) && gc_is_white(t->arr[i].gc)) {
            marked = true;
            mark_object(g, t->arr[i].gc);
        }
    for (uint32_t i = 0, n = nslots_of(t); i < n; i++)
        if (tag_is_gc(t->slots[i].tag) && gc_is_white(t->slots[i].gc)) {
            marked = true;
            mark_object(g, t->slots[i].gc);
        }
    for (uint32_t j = 0; j < t->nused; j++) {
        struct node *nd = &t->node[backwards ? t->nused - 1 - j : j];
        if (nd->val_tag == T_NIL) {
            forget_key(nd);
        } else if (is_cleared(g, nd->ktag, nd->kgc)) {
            has_clears = true;
            if (tag_is_gc(nd->val_tag) && gc_is_white(nd->val.gc))
                has_pairs = true;
        } else if (tag_is_gc(nd->val_tag) && gc_is_white(nd->val.gc)) {
            marked = true;
            mark_object(g, nd->val.gc);
        }
    }
    struct gcobj *o = (struct gcobj *)t;
    if (g->gc_state == GCS_PROPAGATE)
        link_to(o, &t->gclist, &g->grayagain);
    else if (has_pairs)
        link_to(o, &t->gclist, &g->ephemeron);
    else if (has_clears)
        link_to(o, &t->gclist, &g->allweak);
    else
        set_black(o);
    return marked;
}

static int64_t traverse_table(struct lua_State *L, struct table *t)
{
    struct global *g = L->g;
    const struct value *mode = NULL;
    if (t->meta) {
        mark(g, t->meta);
        mode = meta_fast(L, t->meta, MM_MODE);
    }
    if (t->shape)
        mark_shapes(g, t->shape);
    if (mode != NULL && mode->tag == T_STR) {
        bool wk = strchr(mode->s->data, 'k') != NULL, wv = strchr(mode->s->data, 'v') != NULL;
        if (wk || wv) {
            set_gray((struct gcobj *)t); /* stays gray: it is seen again */
            if (!wk)
                traverse_weak_values(g, t);
            else if (!wv)
                traverse_ephemeron(g, t, false);
            else /* seen again for what it has by then: another metatable, another shape */
                link_to((struct gcobj *)t, &t->gclist, g->gc_state == GCS_PROPAGATE ? &g->grayagain : &g->allweak);
            goto out;
        }
    }
    traverse_strong(g, t);
out:
    return 1 + t->alen + nslots_of(t) + 2 * (int64_t)t->nused;
}

static int64_t traverse_proto(struct global *g, struct proto *p)
{
    mark_if(g, p->source);
    mark_values(g, p->k, p->nk);
    for (uint32_t i = 0; i < p->nupvals; i++)
        mark_if(g, p->upvals[i].name);
    for (uint32_t i = 0; i < p->np; i++)
        mark_if(g, p->protos[i]);
    for (uint32_t i = 0; i < p->nlocvars; i++)
        mark_if(g, p->locvars[i].name);
    mark_if(g, p->sorter);
    link_to((struct gcobj *)p, &p->gclist, &g->protos);
    return 1 + p->nk + p->nupvals + p->np + p->nlocvars + p->nic;
}

static int64_t traverse_lcl(struct global *g, struct lclosure *c)
{
    mark_if(g, c->p);
    for (int i = 0; i < c->nupvals; i++)
        mark_if(g, c->upvals[i]);
    return 1 + c->nupvals;
}

static int64_t traverse_ccl(struct global *g, struct cclosure *c)
{
    mark_values(g, c->upvals, c->nupvals);
    return 1 + c->nupvals;
}

static int64_t traverse_udata(struct global *g, struct udata *u)
{
    mark_if(g, u->meta);
    mark_values(g, u->uv, u->nuv);
    return 1 + u->nuv;
}

/* End of what lives on a stack: a Lua function's registers count to the last. */
static struct value *used_end(struct lua_State *th)
{
    struct value *top = th->top;
    if (!(th->ci->status & (CIST_C | CIST_EXACT)) && th->ci->top > top)
        top = th->ci->top;
    return top;
}

static int64_t traverse_thread(struct global *g, struct lua_State *th)
{
    struct value *v = th->stack;
    set_gray((struct gcobj *)th); /* invariant 2 */
    if (g->gc_state == GCS_PROPAGATE)
        link_to((struct gcobj *)th, &th->gclist, &g->grayagain);
    if (v == NULL)
        return 1; /* not completely built */
    struct value *end = used_end(th);
    mark_values(g, v, (uint32_t)(end - v));
    for (struct upval *uv = th->openupval; uv != NULL; uv = uv->onext)
        mark(g, uv);
    if (g->gc_state == GCS_ENTER_ATOMIC) {
        for (struct value *last = th->stack_last + STACK_EXTRA; end < last; end++)
            setnil(end);
        if (th->twups == th && th->openupval != NULL) {
            th->twups = g->twups;
            g->twups = th;
        }
        if (!g->gc_emergency) /* then the program is in the middle of something */
            stack_shrink_unused(th);
    }
    return 1 + th->stacksize;
}

/* One gray object turns black (or stays gray on another list). Returns the work done. Most objects are tables. */
static inline int64_t propagate_one(struct lua_State *L)
{
    struct global *g = L->g;
    struct gcobj *o = g->gray;
    if (likely(o->kind == T_TABLE)) {
        g->gray = as(table, o)->gclist;
        set_black(o);
        return traverse_table(L, as(table, o));
    }
    g->gray = *gclist_of(o);
    set_black(o);
    switch (o->kind) {
    case T_LCL: return traverse_lcl(g, as(lclosure, o));
    case T_CCL: return traverse_ccl(g, as(cclosure, o));
    case T_UDATA: return traverse_udata(g, as(udata, o));
    case T_PROTO: return traverse_proto(g, as(proto, o));
    case T_THREAD: return traverse_thread(g, as(lua_State, o));
    default: assert(!"gray kind"); return 0;
    }
}

/* Until nothing is gray or `budget` is used up: at least one object, if there is any. */
static int64_t propagate(struct lua_State *L, int64_t budget)
{
    int64_t work = 0;
    while (L->g->gray != NULL && (work == 0 || work < budget))
        work += propagate_one(L);
    return work;
}

static int64_t propagate_all(struct lua_State *L) { return propagate(L, INT64_MAX); }

/* ---- the atomic phase --------------------------------------------------------------------------- */
/* Threads that die may have open upvalues that live: their values must be marked. Dead threads, and
 * those without open upvalues, leave the list. */
static void remark_upvals(struct global *g)
{
    struct lua_State *th, **p = &g->twups;
    while ((th = *p) != NULL) {
        if (!gc_is_white(th) && th->openupval != NULL) {
            p = &th->twups;
            continue;
        }
        *p = th->twups;
        th->twups = th;
        for (struct upval *uv = th->openupval; uv != NULL; uv = uv->onext)
            if (!gc_is_white(uv))
                mark_value(g, uv->v);
    }
}

/* A value of an ephemeron entry may mark the key of another: until nothing changes. */
static void converge_ephemerons(struct lua_State *L)
{
    struct global *g = L->g;
    bool changed, backwards = false;
    do {
        struct gcobj *next = g->ephemeron;
        g->ephemeron = NULL;
        changed = false;
        for (struct gcobj *o; (o = next) != NULL;) {
            next = as(table, o)->gclist;
            if (traverse_ephemeron(g, as(table, o), backwards)) {
                propagate_all(L);
                changed = true;
            }
        }
        backwards = !backwards; /* chains in either direction converge in few rounds */
    } while (changed);
}

static void clear_by_keys(struct global *g, struct gcobj *list)
{
    for (; list != NULL; list = as(table, list)->gclist) {
        struct table *t = as(table, list);
        for (struct node *nd = t->node, *end = nd + t->nused; nd < end; nd++) {
            if (nd->val_tag != T_NIL && is_cleared(g, nd->ktag, nd->kgc))
                setnil(&nd->val);
            if (nd->val_tag == T_NIL)
                forget_key(nd);
        }
    }
}

static void clear_dead_values(struct global *g, struct value *v, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (is_cleared(g, v[i].tag, v[i].gc))
            setnil(&v[i]);
}

static void clear_by_values(struct global *g, struct gcobj *list, struct gcobj *end)
{
    for (; list != end; list = as(table, list)->gclist) {
        struct table *t = as(table, list);
        clear_dead_values(g, t->arr, t->alen);
        clear_dead_values(g, t->slots, nslots_of(t));
        for (uint32_t i = 0; i < t->nused; i++) {
            struct node *nd = &t->node[i];
            if (is_cleared(g, nd->val_tag, nd->val.gc))
                setnil(&nd->val);
            if (nd->val_tag == T_NIL)
                forget_key(nd);
        }
    }
}

/* Unreachable objects with finalizers (all: every one) queue behind those already waiting. finobj has
 * the youngest registration first, so finalizers run in reverse order of marking. */
static void separate_finalizable(struct global *g, bool all)
{
    struct gcobj *o, **p = &g->finobj, **last = &g->tobefnz;
    while (*last != NULL)
        last = &(*last)->next;
    while ((o = *p) != NULL) {
        if (!all && !gc_is_white(o)) {
            p = &o->next;
            continue;
        }
        *p = o->next;
        o->next = NULL;
        *last = o;
        last = &o->next;
    }
}

static bool dies(const void *o) { return o != NULL && gc_is_white(o); }

static void clear_inline_caches(struct global *g)
{
    for (struct gcobj *o = g->protos; o != NULL; o = as(proto, o)->gclist)
        for (struct icache *ic = as(proto, o)->ic, *end = ic + as(proto, o)->nic; ic < end; ic++)
            if (dies(ic->shape) || dies(ic->next) || dies(ic->meta))
                *ic = (struct icache){0};
    g->protos = NULL;
    vm_fields_clear(g);
}

static int64_t atomic(struct lua_State *L)
{
    struct global *g = L->g;
    g->gc_state = GCS_ENTER_ATOMIC;
    struct gcobj *again = g->grayagain;
    g->grayagain = NULL;
    mark_roots(L); /* they are written without barriers */
    if (g->vm != NULL)
        lua_jit_mark(L, mark_for_jit);
    int64_t work = propagate_all(L);
    g->gray = again;
    work += propagate_all(L);
    remark_upvals(g);
    work += propagate_all(L);
    converge_ephemerons(L);
    /* All that programs reach is marked. Values go before resurrection, keys after it. */
    clear_by_values(g, g->weak, NULL);
    clear_by_values(g, g->allweak, NULL);
    struct gcobj *weak = g->weak, *allweak = g->allweak;
    separate_finalizable(g, false);
    for (struct gcobj *o = g->tobefnz; o != NULL; o = o->next)
        mark(g, o);
    work += propagate_all(L);
    converge_ephemerons(L);
    clear_by_keys(g, g->ephemeron);
    clear_by_keys(g, g->allweak);
    clear_by_values(g, g->weak, weak);
    clear_by_values(g, g->allweak, allweak);
    str_clear_cache(g);
    clear_inline_caches(g);
    shape_drop_dead_kids(g);
    g->current_white = gc_other_white(g);
    return work;
}

/* ---- sweeping ----------------------------------------------------------------------------------- */
static struct gcobj **sweep_list(struct lua_State *L, struct gcobj **p, int n)
{
    struct global *g = L->g;
    uint8_t white = g->current_white, other = gc_other_white(g);
    struct gcobj *o;
    while ((o = *p) != NULL && n-- > 0) {
        __builtin_prefetch(o->next);
        if ((o->mark & (other | GC_FIXED)) == other) {
            *p = o->next;
            free_object(L, o);
        } else {
            o->mark = (uint8_t)((o->mark & ~(GC_WHITE | GC_BLACK)) | white);
            p = &o->next;
        }
    }
    return o == NULL ? NULL : p;
}

static void enter_sweep(struct global *g)
{
    g->gc_state = GCS_SWEEP;
    g->sweep_part = SWEEP_STRINGS;
    g->sweep_str = 0;
    g->sweep = NULL;
}

static int64_t sweep_step(struct lua_State *L)
{
    struct global *g = L->g;
    switch (g->sweep_part) {
    case SWEEP_STRINGS:
        g->sweep_str = strtab_sweep(L, g->sweep_str, SWEEP_BUCKETS);
        if (g->sweep_str < g->strt.size)
            return SWEEP_BUCKETS;
        g->sweep = &g->all;
        break;
    case SWEEP_ALL:
        if ((g->sweep = sweep_list(L, g->sweep, SWEEP_CHUNK)) != NULL)
            return SWEEP_CHUNK;
        g->sweep = &g->finobj;
        break;
    case SWEEP_FINOBJ:
        if ((g->sweep = sweep_list(L, g->sweep, SWEEP_CHUNK)) != NULL)
            return SWEEP_CHUNK;
        g->sweep = &g->tobefnz;
        break;
    case SWEEP_TOBEFNZ:
        if ((g->sweep = sweep_list(L, g->sweep, SWEEP_CHUNK)) != NULL)
            return SWEEP_CHUNK;
        break;
    default:
        set_white(g, (struct gcobj *)g->mainthread); /* on no list */
        free_dead_protos(L);
        if (!g->gc_emergency)
            strtab_shrink(L);
        mem_trim(g, false);
        g->gc_estimate = g->total_bytes;
        g->gc_state = GCS_CALLFIN;
        return 1;
    }
    g->sweep_part++;
    return SWEEP_CHUNK;
}

/* ---- finalizers --------------------------------------------------------------------------------- */
void gc_check_finalizer(struct lua_State *L, struct gcobj *o, struct table *mt)
{
    struct global *g = L->g;
    if ((o->mark & GC_FIN) || (g->gc_stop & GCSTOP_CLOSE) || meta_fast(L, mt, MM_GC) == NULL)
        return;
    struct gcobj **p = &g->all;
    while (*p != o) /* usually young: near the head */
        p = &(*p)->next;
    if (g->gc_state == GCS_SWEEP) {
        set_white(g, o); /* it counts as swept */
        if (g->sweep == &o->next)
            g->sweep = p;
    }
    *p = o->next;
    o->next = g->finobj;
    g->finobj = o;
    o->mark |= GC_FIN;
}

/* The next object to finalize is an ordinary one again (its finalizer may register it anew). */
static struct gcobj *take_finalizable(struct global *g)
{
    struct gcobj *o = g->tobefnz;
    if (g->gc_state == GCS_SWEEP) {
        set_white(g, o);
        if (g->sweep == &o->next)
            g->sweep = &g->tobefnz;
    }
    g->tobefnz = o->next;
    o->next = g->all;
    g->all = o;
    o->mark &= (uint8_t)~GC_FIN;
    return o;
}

static void call_body(struct lua_State *L, void *ud) { call_function(L, L->top - 2, 0, false); }

static void warn_error(struct lua_State *L)
{
    const struct value *e = L->top - 1;
    const char *msg = e->tag == T_STR ? e->s->data : "error object is not a string";
    lua_warning(L, "error in ", 1);
    lua_warning(L, "__gc", 1);
    lua_warning(L, " (", 1);
    lua_warning(L, msg, 1);
    lua_warning(L, ")", 0);
}

static void run_finalizer(struct lua_State *L)
{
    struct global *g = L->g;
    struct value v;
    struct gcobj *o = take_finalizable(g);
    setgc(&v, o, o->kind);
    const struct value *tm = meta_of(L, &v, MM_GC);
    if (tm->tag == T_NIL)
        return;
    ptrdiff_t top = stack_save(L, L->top);
    if (!(L->ci->status & CIST_C) && L->top < L->ci->top)
        L->top = L->ci->top; /* above all registers */
    uint8_t allowhook = L->allowhook, stop = g->gc_stop;
    g->gc_stop |= GCSTOP_INNER;
    L->allowhook = 0;
    setval(L->top++, tm);
    setval(L->top++, &v);
    L->ci->status |= CIST_FIN;
    int status = call_protected(L, call_body, NULL, stack_save(L, L->top - 2), 0);
    L->ci->status &= (uint16_t)~CIST_FIN;
    L->allowhook = allowhook;
    g->gc_stop = stop;
    if (status != LUA_OK) {
        warn_error(L);
        L->top--;
    }
    L->top = stack_restore(L, top);
}

/* ---- steps -------------------------------------------------------------------------------------- */
/* Does some work of one phase, marking up to `budget`. Returns its amount. */
static int64_t single_step(struct lua_State *L, int64_t budget)
{
    struct global *g = L->g;
    int64_t work = 0;
    g->gc_in_step = 1;
    switch (g->gc_state) {
    case GCS_PAUSE:
        start_cycle(L);
        work = 1;
        break;
    case GCS_PROPAGATE:
        if (g->gray == NULL)
            g->gc_state = GCS_ENTER_ATOMIC;
        else
            work = propagate(L, budget);
        break;
    case GCS_ENTER_ATOMIC:
        work = atomic(L);
        enter_sweep(g);
        break;
    case GCS_SWEEP: work = sweep_step(L); break;
    case GCS_CALLFIN:
        if (g->tobefnz != NULL && !g->gc_emergency) {
            g->gc_in_step = 0;
            for (int i = 0; i < FINALIZERS_PER_STEP && g->tobefnz != NULL; i++, work += FINALIZER_COST)
                run_finalizer(L);
        } else {
            g->gc_state = GCS_PAUSE;
        }
        break;
    }
    g->gc_in_step = 0;
    return work;
}

static void set_pause(struct global *g)
{
    int pause = g->gc_kind == LUA_GCGEN && g->gc_pause == 200 ? GEN_PAUSE : g->gc_pause;
    int64_t threshold = g->gc_estimate / 100 * pause;
    if (g->gc_pause >= 200 && threshold < g->gc_estimate + MIN_PAUSE)
        threshold = g->gc_estimate + MIN_PAUSE;
    g->gc_debt = g->total_bytes - threshold;
    if (g->gc_debt > 0)
        g->gc_debt = 0;
}

/* Pays the debt with work, and a step ahead. */
static void run_steps(struct lua_State *L)
{
    struct global *g = L->g;
    int64_t stepmul = g->gc_stepmul | 1;
    int64_t debt = g->gc_debt / UNIT_BYTES * stepmul;
    int64_t ahead = g->gc_stepsize < 40 ? ((int64_t)1 << g->gc_stepsize) / UNIT_BYTES * stepmul : INT64_MAX / 4;
    do {
        debt -= single_step(L, debt + ahead);
    } while (debt > -ahead && g->gc_state != GCS_PAUSE);
    if (g->gc_state == GCS_PAUSE)
        set_pause(g);
    else
        g->gc_debt = debt / stepmul * UNIT_BYTES;
}

void gc_step(struct lua_State *L)
{
    struct global *g = L->g;
    if (g->gc_debt <= 0)
        return;
    if (g->gc_stop || g->gc_in_step)
        g->gc_debt = -2000; /* not asked too often */
    else
        run_steps(L);
}

static void run_until(struct lua_State *L, enum gc_state state)
{
    while (L->g->gc_state != state)
        single_step(L, INT64_MAX);
}

void gc_full(struct lua_State *L, bool emergency)
{
    struct global *g = L->g;
    g->gc_emergency = emergency;
    if (gc_keeps_invariant(g))
        enter_sweep(g); /* the colours have not flipped: everything turns white, nothing is freed */
    run_until(L, GCS_PAUSE);
    run_until(L, GCS_CALLFIN);
    run_until(L, GCS_PAUSE);
    while (!emergency && g->gc_state == GCS_PAUSE && g->tobefnz != NULL)
        run_finalizer(L); /* an emergency in a finalizer ended the phase early */
    g->gc_emergency = 0;
    mem_trim(g, true);
    set_pause(g);
}

/* ---- barriers ----------------------------------------------------------------------------------- */
void gc_barrier_(struct lua_State *L, struct gcobj *o, struct gcobj *v)
{
    struct global *g = L->g;
    if (gc_keeps_invariant(g))
        mark(g, v);
    else
        set_white(g, o); /* sweeping: saves further barriers */
}

void gc_barrier_back_(struct lua_State *L, struct gcobj *o)
{
    struct global *g = L->g;
    if (!gc_keeps_invariant(g)) {
        set_white(g, o);
        return;
    }
    set_gray(o);
    link_to(o, gclist_of(o), &g->grayagain);
}

/* ---- closing ------------------------------------------------------------------------------------ */
static void free_list(struct lua_State *L, struct gcobj **list)
{
    for (struct gcobj *o; (o = *list) != NULL;) {
        *list = o->next;
        free_object(L, o);
    }
    free_dead_protos(L);
}

static void free_strings(struct lua_State *L)
{
    struct strtab *tb = &L->g->strt;
    if (L->g->own_alloc) /* all are in the pools, which go as a whole */
        return;
    for (uint32_t i = 0; i < tb->size; i++)
        for (struct lstr *s = tb->hash[i], *next; s != NULL; s = next) {
            next = s->hnext;
            mem_free(L, s, str_bytes(s));
        }
    tb->nuse = 0;
}

void gc_free_all(struct lua_State *L)
{
    struct global *g = L->g;
    if (g->nilvalue.tag == T_NIL) { /* complete: programs ran */
        g->gc_stop = GCSTOP_CLOSE;
        separate_finalizable(g, true);
        while (g->tobefnz != NULL)
            run_finalizer(L);
        lua_jit_close(L);
    }
    g->gc_stop = GCSTOP_CLOSE;
    func_close_upvals(L, L->stack);
    free_list(L, &g->all);
    free_list(L, &g->finobj);
    free_list(L, &g->tobefnz);
    free_strings(L);
}

/* ---- lua_gc ------------------------------------------------------------------------------------- */
static int control_step(struct lua_State *L, int kbytes)
{
    struct global *g = L->g;
    int64_t debt = 1;
    uint8_t stop = g->gc_stop;
    g->gc_stop = 0;
    if (kbytes == 0) { /* one basic step */
        g->gc_debt = 0;
        run_steps(L);
    } else {
        debt = (int64_t)kbytes * 1024 + g->gc_debt;
        g->gc_debt = debt;
        gc_check(L);
    }
    g->gc_stop = stop;
    return debt > 0 && g->gc_state == GCS_PAUSE && g->gc_kind == LUA_GCINC; /* the reference's generational steps never say so */
}

/* What the reference keeps of a percentage, and programs get back: a byte of quarters. */
static int percent_kept(int v) { return (uint8_t)(v / 4) * 4; }

static int swap_percent(int *p, int v)
{
    int old = *p;
    *p = percent_kept(v);
    return old;
}

static int control_mode(struct global *g, int mode, int *params[], va_list ap, int n)
{
    int old = g->gc_kind;
    for (int i = 0; i < n; i++) {
        int v = va_arg(ap, int);
        if (v != 0)
            *params[i] = v;
    }
    g->gc_kind = (uint8_t)mode;
    return old;
}

int gc_control(struct lua_State *L, int what, va_list ap)
{
    struct global *g = L->g;
    if (g->gc_stop & (GCSTOP_INNER | GCSTOP_CLOSE))
        return -1; /* from a finalizer, or while closing */
    switch (what) {
    case LUA_GCSTOP: g->gc_stop = GCSTOP_USER; return 0;
    case LUA_GCRESTART:
        g->gc_debt = 0;
        g->gc_stop = 0;
        return 0;
    case LUA_GCCOLLECT: gc_full(L, false); return 0;
    case LUA_GCCOUNT: return (int)(g->total_bytes >> 10);
    case LUA_GCCOUNTB: return (int)(g->total_bytes & 0x3ff);
    case LUA_GCSTEP: return control_step(L, va_arg(ap, int));
    case LUA_GCSETPAUSE: return swap_percent(&g->gc_pause, va_arg(ap, int));
    case LUA_GCSETSTEPMUL: return swap_percent(&g->gc_stepmul, va_arg(ap, int));
    case LUA_GCISRUNNING: return g->gc_stop == 0;
    case LUA_GCGEN: return control_mode(g, LUA_GCGEN, (int *[]){&g->gc_genminor, &g->gc_genmajor}, ap, 2);
    case LUA_GCINC: {
        int old = control_mode(g, LUA_GCINC, (int *[]){&g->gc_pause, &g->gc_stepmul, &g->gc_stepsize}, ap, 3);
        g->gc_pause = percent_kept(g->gc_pause);
        g->gc_stepmul = percent_kept(g->gc_stepmul);
        return old;
    }
    default: return -1;
    }
}

/* ---- checking the heap (tests) ------------------------------------------------------------------- */
struct check {
    struct global *g;
    struct gcobj *from;
    int objects;
    size_t bytes;
};

static void check_mark(const struct global *g, const struct gcobj *o)
{
    bool white = gc_is_white(o), black = gc_is_black(o);
    assert(!(white && black));
    assert((o->mark & GC_WHITE) != GC_WHITE);
    assert(!(black && o->kind == T_THREAD));
    if (g->gc_state != GCS_SWEEP)
        assert(!white || (o->mark & GC_WHITE) == g->current_white);
    if (g->gc_state == GCS_PAUSE || g->gc_state == GCS_CALLFIN)
        assert(white); /* all were swept */
}

/* from -> o: o must live; while marking, black must not point to white. */
static void check_ref(struct check *c, const void *p)
{
    const struct gcobj *o = p;
    if (o == NULL || gc_is_dead(c->g, c->from))
        return;
    check_mark(c->g, o);
    assert(!gc_is_dead(c->g, o));
    if (gc_keeps_invariant(c->g))
        assert(!(gc_is_black(c->from) && gc_is_white(o)));
}

static void check_values(struct check *c, const struct value *v, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (tag_is_gc(v[i].tag))
            check_ref(c, v[i].gc);
}

static void check_table(struct check *c, struct table *t)
{
    assert(table_check(c->g, t));
    check_ref(c, t->meta);
    check_ref(c, t->shape);
    check_values(c, t->arr, t->alen);
    check_values(c, t->slots, nslots_of(t));
    for (uint32_t i = 0; i < t->nused; i++) {
        if (t->node[i].val_tag == T_NIL)
            continue;
        check_values(c, &t->node[i].val, 1);
        if (tag_is_gc(t->node[i].ktag))
            check_ref(c, t->node[i].kgc);
    }
    c->bytes += table_bytes(t);
}

static void check_proto(struct check *c, struct proto *p)
{
    check_ref(c, p->source);
    check_values(c, p->k, p->nk);
    for (uint32_t i = 0; i < p->np; i++)
        check_ref(c, p->protos[i]);
    for (uint32_t i = 0; i < p->nic; i++) /* weak, but never dangling: nothing but the atomic phase frees */
        for (int j = 0; j < 3; j++) {
            const struct gcobj *o = j == 0 ? (void *)p->ic[i].shape : j == 1 ? (void *)p->ic[i].next
                                                                             : (void *)p->ic[i].meta;
            assert(o == NULL || !gc_is_dead(c->g, o) || gc_is_dead(c->g, p));
        }
    c->bytes += func_proto_bytes(p);
}

static void check_thread(struct check *c, struct lua_State *th)
{
    if (th->stack != NULL)
        check_values(c, th->stack, (uint32_t)(used_end(th) - th->stack));
    const struct value *above = NULL;
    for (struct upval *uv = th->openupval; uv != NULL; uv = uv->onext) {
        assert(uv->open && *uv->oprev == uv && (above == NULL || uv->v < above));
        above = uv->v;
    }
    c->bytes += thread_bytes(th);
}

static void check_object(struct check *c, struct gcobj *o)
{
    check_mark(c->g, o);
    c->from = o;
    c->objects++;
    if (gc_is_dead(c->g, o))
        return; /* waits for the sweep; what it names may be gone */
    switch (o->kind) {
    case T_STR: c->bytes += str_bytes(as(lstr, o)); break;
    case T_TABLE: check_table(c, as(table, o)); break;
    case T_LCL:
        check_ref(c, as(lclosure, o)->p);
        for (int i = 0; i < as(lclosure, o)->nupvals; i++)
            check_ref(c, as(lclosure, o)->upvals[i]);
        c->bytes += sizeof(struct lclosure) + as(lclosure, o)->nupvals * sizeof(void *);
        break;
    case T_CCL:
        check_values(c, as(cclosure, o)->upvals, as(cclosure, o)->nupvals);
        c->bytes += sizeof(struct cclosure) + as(cclosure, o)->nupvals * sizeof(struct value);
        break;
    case T_UDATA:
        check_ref(c, as(udata, o)->meta);
        check_values(c, as(udata, o)->uv, as(udata, o)->nuv);
        c->bytes += udata_bytes(as(udata, o));
        break;
    case T_THREAD: check_thread(c, as(lua_State, o)); break;
    case T_PROTO: check_proto(c, as(proto, o)); break;
    case T_UPVAL:
        check_values(c, as(upval, o)->v, 1);
        c->bytes += sizeof(struct upval);
        break;
    case T_SHAPE:
        check_ref(c, as(shape, o)->parent);
        check_ref(c, as(shape, o)->key);
        c->bytes += shape_bytes(as(shape, o));
        break;
    default: assert(!"kind on a list");
    }
}

int gc_heap_check(struct lua_State *L)
{
    struct global *g = L->g;
    struct check c = {.g = g};
    uint32_t strings = 0;
    for (struct gcobj *o = g->all; o != NULL; o = o->next) {
        assert(!(o->mark & GC_FIN) && !(o->kind == T_STR && as(lstr, o)->is_short));
        check_object(&c, o);
    }
    for (int i = 0; i < 2; i++)
        for (struct gcobj *o = i ? g->tobefnz : g->finobj; o != NULL; o = o->next) {
            assert(o->mark & GC_FIN);
            check_object(&c, o);
        }
    check_object(&c, (struct gcobj *)g->mainthread);
    for (uint32_t i = 0; i < g->strt.size; i++) {
        uint8_t seen = 0;
        for (struct lstr *s = g->strt.hash[i]; s != NULL; s = s->hnext, strings++) {
            seen |= strtab_bit(s->hash);
            assert(s->is_short && s->len <= STR_SHORT_MAX && (s->hash & (g->strt.size - 1)) == i);
            check_object(&c, (struct gcobj *)s);
        }
        assert(seen == strtab_seen(g->strt.hash, g->strt.size)[i]);
    }
    assert(strings == g->strt.nuse);
    assert((int64_t)c.bytes <= g->total_bytes);
    return c.objects;
}
