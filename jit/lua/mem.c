/* mem.c: all memory of a universe, counted.
 *
 * Two modes. If the universe was made with luaL_newstate's allocator nobody can see single blocks,
 * so small ones come from size-class pools (pool.h) and only large ones from the allocator. With any
 * other lua_Alloc every block is exactly one call with the documented osize, because embedders count,
 * limit and fail allocations there.
 *
 * Invariants
 *  1. g->total_bytes is the sum of the sizes asked for; g->gc_debt moves with it.
 *  2. When the allocator says no, one full emergency collection runs, then the block is asked for
 *     again, then LUA_ERRMEM is raised. No collection runs inside a collection or before the
 *     universe is complete (nilvalue is nil), and none while compiled code asks (gc_quiet).
 * Before this on the walk: nothing. After: gc.c.
 */
#include <stdlib.h>
#include <pthread.h>
#include <sys/mman.h>
#include <lua5.4/lauxlib.h>
#include "lua/pool.h"
#include "lua/collect.h"

/* ---- which allocator is luaL_newstate's? -------------------------------------------------------
 * It is a static function of the standard library. luaL_newstate is asked to make a state once while
 * a flag of this thread tells lua_newstate to note the allocator only; it copes with getting NULL. */
static __thread bool probing;
static lua_Alloc standard_alloc;

bool mem_probe_note(lua_Alloc f)
{
    if (!probing)
        return false;
    standard_alloc = f;
    return true;
}

static void probe_standard_alloc(void)
{
    probing = true;
    struct lua_State *L = luaL_newstate();
    probing = false;
    if (L != NULL)
        lua_close(L); /* somebody else's lua_newstate took the call */
}

bool mem_is_standard_alloc(lua_Alloc f)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, probe_standard_alloc);
    return f == standard_alloc;
}

/* ---- pools ------------------------------------------------------------------------------------ */
#define MIXED_PER_CLASS 1024 /* bytes */
#define FAR ((size_t)1 << 36) /* bytes below the library: segments are there, in as much space again */

static struct pool_page no_page; /* current page of a class without pages: always exhausted */

void mem_pool_init(struct global *g)
{
    struct pool *pl = calloc(1, sizeof *pl);
    g->mempool = pl;
    if (pl == NULL) {
        g->own_alloc = false; /* every block is then a call of the allocator: correct, slower */
        return;
    }
    for (unsigned i = 0; i < POOL_CLASSES; i++)
        pl->cur[i] = &no_page;
}

void mem_pool_fini(struct global *g)
{
    struct pool *pl = g->mempool;
    if (pl == NULL)
        return;
    for (uint32_t i = 0; i < pl->nsegments; i++)
        munmap(pl->segments[i], POOL_SEGMENT);
    free(pl->segments);
    free(pl->empty);
    free(pl);
    g->mempool = NULL;
}

static bool grow_vector(void *vec, uint32_t n, uint32_t *cap)
{
    if (n < *cap)
        return true;
    uint32_t c = *cap ? *cap * 2 : 16;
    void *v = realloc(*(void **)vec, c * sizeof(void *));
    if (v == NULL)
        return false;
    *(void **)vec = v;
    *cap = c;
    return true;
}

/* Where the kernel is asked to put a segment: far below the library. Left to itself it puts them directly below, within
 * the reach of code areas (code.h), and some hundred states leave no room for code. Only a hint. */
static void *far_hint(size_t len)
{
    static uintptr_t taken;
    uintptr_t from = (uintptr_t)&no_page, off = FAR + __atomic_add_fetch(&taken, len, __ATOMIC_RELAXED) % FAR;
    return from > 4 * (uintptr_t)FAR ? (void *)((from - off) & ~(POOL_PAGE - 1)) : NULL;
}

static bool new_segment(struct pool *pl)
{
    if (!grow_vector(&pl->segments, pl->nsegments, &pl->segcap))
        return false;
    size_t len = POOL_SEGMENT + POOL_PAGE;
    char *p = mmap(far_hint(len), len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        return false;
    char *q = (char *)(((uintptr_t)p + POOL_PAGE - 1) & ~(POOL_PAGE - 1));
    if (q > p)
        munmap(p, (size_t)(q - p));
    if (q + POOL_SEGMENT < p + len)
        munmap(q + POOL_SEGMENT, (size_t)(p + len - (q + POOL_SEGMENT)));
    pl->segments[pl->nsegments++] = q;
    pl->seg_fresh = q;
    pl->seg_end = q + POOL_SEGMENT;
    return true;
}

static struct pool_page *take_page(struct pool *pl, unsigned cls)
{
    struct pool_page *pg;
    if (pl->nempty > 0) {
        pg = pl->empty[--pl->nempty];
        if (pl->cold > pl->nempty)
            pl->cold = pl->nempty;
    } else {
        if (pl->seg_fresh == pl->seg_end && !new_segment(pl))
            return NULL;
        pg = (struct pool_page *)pl->seg_fresh;
        pl->seg_fresh += POOL_PAGE;
    }
    *pg = (struct pool_page){.cls = cls, .fresh = (char *)pg + sizeof *pg};
    size_t n = (POOL_PAGE - sizeof *pg) / (cls * 8);
    pg->end = pg->fresh + n * cls * 8;
    if (++pl->npages > pl->peak)
        pl->peak = pl->npages;
    return pg;
}

/* Threads the next few blocks of the never used part: what is not needed is not touched. */
static void thread_fresh(struct pool_page *pg)
{
    size_t size = pg->cls * 8;
    size_t n = 2048 / size + 1, left = (size_t)(pg->end - pg->fresh) / size;
    if (n > left)
        n = left;
    if (n == 0)
        return;
    char *p = pg->fresh;
    pg->free = p;
    for (size_t i = 1; i < n; i++, p += size)
        *(void **)p = p + size;
    *(void **)p = NULL;
    pg->fresh = p + size;
}

/* ---- the mixed page: for classes that have no page of their own yet ---- */
static void *mixed_alloc(struct pool *pl, unsigned cls)
{
    void *p = pl->mixed_free[cls];
    struct pool_page *pg = pl->mixed;
    size_t size = cls * 8;
    if (p != NULL) {
        pl->mixed_free[cls] = *(void **)p;
        return p;
    }
    if (pl->cur[cls] != &no_page || pl->mixed_used[cls] + size > MIXED_PER_CLASS)
        return NULL;
    if (pg == NULL) {
        pg = take_page(pl, 1);
        if (pg == NULL)
            return NULL;
        pg->cls = 0;
        pg->alarm = UINT32_MAX;
        pl->mixed = pg;
    }
    char *at = pg->fresh + (cls % 2 == 0 ? (uintptr_t)pg->fresh & 8 : 0);
    if (at + size > pg->end)
        return NULL;
    pg->fresh = at + size;
    pl->mixed_used[cls] += (uint16_t)size;
    return at;
}

/* The block was just put on the page's own list. */
static void mixed_free(struct pool *pl, struct pool_page *pg, size_t size)
{
    void *p = pg->free;
    unsigned cls = pool_class(size);
    pg->free = *(void **)p;
    *(void **)p = pl->mixed_free[cls];
    pl->mixed_free[cls] = p;
}

void *pool_alloc_slow(struct pool *pl, unsigned cls)
{
    struct pool_page *pg = pl->cur[cls];
    void *mixed = mixed_alloc(pl, cls);
    if (mixed != NULL)
        return mixed;
    if (pg != &no_page) {
        thread_fresh(pg);
        if (pg->free == NULL) {
            pg->alarm = UINT32_MAX;
            pg = pl->room[cls];
            if (pg != NULL) {
                pl->room[cls] = pg->next;
                if (pg->next)
                    pg->next->prev = NULL;
                pg->next = NULL;
            }
        }
    } else {
        pg = NULL;
    }
    if (pg == NULL) {
        pg = take_page(pl, cls);
        if (pg == NULL) {
            pl->cur[cls] = &no_page;
            return NULL;
        }
    }
    pl->cur[cls] = pg;
    if (pg->free == NULL)
        thread_fresh(pg);
    void *p = pg->free;
    pg->free = *(void **)p;
    pg->live++;
    return p;
}

/* An empty page waits for reuse by any class. */
static void retire_page(struct pool *pl, struct pool_page *pg)
{
    pl->npages--;
    if (!grow_vector(&pl->empty, pl->nempty, &pl->emptycap))
        return; /* lost until the universe is closed */
    pl->empty[pl->nempty++] = pg;
}

/* The end of a cycle. The heap will most likely grow again to where it was, and a page that was given back and is touched
 * again costs sixteen faults of the processor. So what was needed at most stays, a little less with each cycle that
 * did not need it; of the rest the coldest pages go (all: everything was collected on demand, then a quarter of the
 * pages in use may stay). */
void mem_trim(struct global *g, bool all)
{
    struct pool *pl = g->mempool;
    if (pl == NULL)
        return;
    uint32_t keep = 16 + (all ? pl->npages / 4 : pl->peak - pl->npages);
    for (; pl->nempty > pl->cold + keep; pl->cold++)
        madvise(pl->empty[pl->cold], POOL_PAGE, MADV_DONTNEED);
    pl->peak = all ? pl->npages : pl->npages + (uint32_t)((uint64_t)(pl->peak - pl->npages) * 31 / 32);
}

void pool_free_slow(struct pool *pl, struct pool_page *pg, size_t size)
{
    if (pg->cls == 0) {
        mixed_free(pl, pg, size);
        return;
    }
    if (pg->alarm != 0) { /* was full */
        pg->alarm = 0;
        pg->prev = NULL;
        pg->next = pl->room[pg->cls];
        if (pg->next)
            pg->next->prev = pg;
        pl->room[pg->cls] = pg;
    }
    if (pg->live > 0 || pg == pl->cur[pg->cls])
        return;
    if (pg->prev)
        pg->prev->next = pg->next;
    else
        pl->room[pg->cls] = pg->next;
    if (pg->next)
        pg->next->prev = pg->prev;
    retire_page(pl, pg);
}

static bool pool_owns(const struct pool *pl, const void *p)
{
    for (uint32_t i = 0; i < pl->nsegments; i++)
        if ((size_t)((const char *)p - pl->segments[i]) < POOL_SEGMENT)
            return true;
    return false;
}

/* lua_setallocf. Blocks in pools stay there until they are freed; new ones come from f. With luaL_newstate's allocator back,
 * small blocks of another's are still about, and one look at the size would not tell which: the pools stay closed. */
void mem_set_alloc(struct lua_State *L, lua_Alloc f, void *ud)
{
    struct global *g = L->g;
    if (!mem_is_standard_alloc(f))
        g->own_alloc = false;
    g->frealloc = f;
    g->ud = ud;
}

/* ---- blocks ----------------------------------------------------------------------------------- */
static inline void account(struct global *g, int64_t delta)
{
    g->total_bytes += delta;
    g->gc_debt += delta;
}

static inline bool pooled(const struct global *g, size_t size) { return g->own_alloc && size <= POOL_MAX; }

static void *raw_alloc(struct global *g, size_t size, int hint)
{
    if (pooled(g, size))
        return pool_alloc(g->mempool, size);
    return g->frealloc(g->ud, NULL, (size_t)hint, size);
}

static void raw_free(struct global *g, void *p, size_t size)
{
    if (pooled(g, size) || (unlikely(!g->own_alloc && g->mempool != NULL) && size <= POOL_MAX && pool_owns(g->mempool, p)))
        pool_free(g->mempool, p, size);
    else
        g->frealloc(g->ud, p, size, 0);
}

/* Moves a block when at least one side is pooled; the others are the allocator's own realloc. */
static void *raw_realloc(struct global *g, void *p, size_t osize, size_t nsize)
{
    bool from_pool = pooled(g, osize) || (!g->own_alloc && g->mempool != NULL && osize <= POOL_MAX && pool_owns(g->mempool, p));
    bool to_pool = pooled(g, nsize);
    if (!from_pool && !to_pool)
        return g->frealloc(g->ud, p, osize, nsize);
    if (from_pool && to_pool && pool_class(osize) == pool_class(nsize))
        return p;
    void *q = raw_alloc(g, nsize, 0);
    if (q != NULL) {
        memcpy(q, p, osize < nsize ? osize : nsize);
        raw_free(g, p, osize);
    }
    return q;
}

static bool emergency(struct lua_State *L)
{
    struct global *g = L->g;
    if (g->nilvalue.tag != T_NIL || g->gc_in_step || g->gc_quiet)
        return false;
    gc_full(L, true);
    return true;
}

static __attribute__((noinline, cold)) void *alloc_again(struct lua_State *L, size_t size, int hint)
{
    void *p = emergency(L) ? raw_alloc(L->g, size, hint) : NULL;
    if (p == NULL)
        call_throw(L, LUA_ERRMEM);
    return p;
}

void *mem_alloc(struct lua_State *L, size_t size, int lua_type_hint)
{
    if (size == 0)
        return NULL;
    void *p = raw_alloc(L->g, size, lua_type_hint);
    if (unlikely(p == NULL))
        p = alloc_again(L, size, lua_type_hint);
    account(L->g, (int64_t)size);
    return p;
}

void *mem_alloc_object(struct lua_State *L, size_t size, size_t psize, int lua_type_hint)
{
    struct global *g = L->g;
    void *p;
    if (pooled(g, psize))
        p = pool_alloc(g->mempool, psize);
    else
        p = g->frealloc(g->ud, NULL, (size_t)lua_type_hint, size);
    if (unlikely(p == NULL))
        p = alloc_again(L, g->own_alloc ? psize : size, lua_type_hint);
    account(g, (int64_t)size);
    return p;
}

/* No collection, no error: for look-up tables that only make things faster. */
void *mem_alloc_optional(struct global *g, size_t size)
{
    void *p = raw_alloc(g, size, 0);
    if (p != NULL)
        account(g, (int64_t)size);
    return p;
}

void mem_free(struct lua_State *L, void *p, size_t osize)
{
    if (p == NULL || osize == 0)
        return;
    account(L->g, -(int64_t)osize);
    raw_free(L->g, p, osize);
}

void *mem_try_realloc(struct lua_State *L, void *p, size_t osize, size_t nsize)
{
    struct global *g = L->g;
    if (nsize == 0) {
        mem_free(L, p, osize);
        return NULL;
    }
    bool fresh = p == NULL || osize == 0;
    void *q = fresh ? raw_alloc(g, nsize, 0) : raw_realloc(g, p, osize, nsize);
    if (unlikely(q == NULL)) {
        if (!emergency(L))
            return NULL;
        q = fresh ? raw_alloc(g, nsize, 0) : raw_realloc(g, p, osize, nsize);
        if (q == NULL)
            return NULL;
    }
    account(g, (int64_t)nsize - (fresh ? 0 : (int64_t)osize));
    return q;
}

void *mem_realloc(struct lua_State *L, void *p, size_t osize, size_t nsize)
{
    void *q = mem_try_realloc(L, p, osize, nsize);
    if (unlikely(q == NULL) && nsize > 0)
        call_throw(L, LUA_ERRMEM);
    return q;
}
