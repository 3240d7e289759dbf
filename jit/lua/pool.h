/* pool.h: small blocks of one universe by size class. For mem.c and those that make and free objects by the million.
 *
 * Programs allocate and free millions of objects of a few sizes. A general allocator pays a header
 * and a lock-free dance for each; here a block costs two loads and two stores.
 *
 *   segment (1 MB, mmap) = 16 pages of 64 KB, aligned to 64 KB
 *   page = [struct pool_page | block | block | ...] all blocks of one class (class = size / 8)
 *   mixed page: the first few blocks of every class. A small program uses forty sizes, a few times each, and would
 *   touch forty pages.
 *
 * Invariants
 *  1. The page of a block is its address with the low 16 bits cleared: free needs no look-up.
 *  2. A page is in exactly one place: current of its class, on the class's list of pages with room,
 *     full (nowhere), or in the stack of empty pages.
 *  3. `alarm` is the value of `live` at or below which a free needs the slow path: 0 for pages with
 *     room (the page became empty), UINT32_MAX for full pages (there is room again) and for the mixed page.
 *  4. Blocks whose size is a multiple of 16 are aligned to 16.
 * One universe is used by one thread at a time, so nothing here locks.
 */
#ifndef JIT_LUA_POOL_H
#define JIT_LUA_POOL_H
#include "lua/guest.h"

#define POOL_PAGE_BITS 16
#define POOL_PAGE ((size_t)1 << POOL_PAGE_BITS)
#define POOL_SEGMENT (POOL_PAGE * 16)
#define POOL_MAX 768 /* bytes: a new thread's stack is among them; larger blocks are the system allocator's */
#define POOL_CLASSES (POOL_MAX / 8 + 1)

struct pool_page {
    void *free; /* list of free blocks, linked through their first word */
    uint32_t live, alarm; /* blocks in use; see 3 */
    uint32_t cls; /* 0: the mixed page */
    char *fresh, *end; /* never used part */
    struct pool_page *prev, *next;
} __attribute__((aligned(64)));

struct pool {
    struct pool_page *cur[POOL_CLASSES];
    struct pool_page *room[POOL_CLASSES];
    struct pool_page **empty; /* stack of empty pages; the ones below `cold` gave their memory back */
    uint32_t nempty, cold, emptycap;
    char **segments;
    uint32_t nsegments, segcap;
    char *seg_fresh, *seg_end; /* pages of the newest segment never used */
    uint32_t npages; /* in use (not empty) */
    uint32_t peak; /* most pages in use lately (mem_trim) */
    struct pool_page *mixed; /* or NULL: not needed yet, no memory, or given up */
    void *mixed_free[POOL_CLASSES]; /* free blocks of it, linked as in pages */
    uint16_t mixed_used[POOL_CLASSES]; /* bytes */
};

void *pool_alloc_slow(struct pool *pl, unsigned cls); /* NULL: no memory */
void pool_free_slow(struct pool *pl, struct pool_page *pg, size_t size);

static inline unsigned pool_class(size_t size) { return (unsigned)((size + 7) >> 3); }

/* 0 < size <= POOL_MAX */
static inline void *pool_alloc(struct pool *pl, size_t size)
{
    unsigned cls = pool_class(size);
    struct pool_page *pg = pl->cur[cls];
    void *p = pg->free;
    if (unlikely(p == NULL))
        return pool_alloc_slow(pl, cls);
    pg->free = *(void **)p;
    pg->live++;
    return p;
}

static inline void pool_free(struct pool *pl, void *p, size_t size)
{
    struct pool_page *pg = (struct pool_page *)((uintptr_t)p & ~(POOL_PAGE - 1));
    *(void **)p = pg->free;
    pg->free = p;
    if (unlikely(--pg->live <= pg->alarm))
        pool_free_slow(pl, pg, size);
}

/* The common case in line: a free block of the class's current page, counted. NULL: the long way must be gone. The next
 * free block will be wanted soon, and lists of what was swept lead all over the page. */
static inline void *mem_take(struct global *g, size_t size)
{
    if (unlikely(!g->own_alloc || size > POOL_MAX))
        return NULL;
    struct pool_page *pg = ((struct pool *)g->mempool)->cur[pool_class(size)];
    void *p = pg->free, *next;
    if (unlikely(p == NULL))
        return NULL;
    pg->free = next = *(void **)p;
    __builtin_prefetch(next, 1);
    pg->live++;
    g->total_bytes += (int64_t)size;
    g->gc_debt += (int64_t)size;
    return p;
}

/* mem_free of a block that came from the pool, as nearly all do, in line. size > 0. */
static inline void mem_give(struct lua_State *L, void *p, size_t size)
{
    struct global *g = L->g;
    if (unlikely(!g->own_alloc || size > POOL_MAX)) {
        mem_free(L, p, size);
        return;
    }
    g->total_bytes -= (int64_t)size;
    g->gc_debt -= (int64_t)size;
    pool_free(g->mempool, p, size);
}

/* A new object: like mem_alloc. `size` is counted, psize >= size is what the pool gives. */
void *mem_alloc_object(struct lua_State *L, size_t size, size_t psize, int lua_type_hint);
#endif
