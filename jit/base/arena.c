/* arena.c: chunks of anonymous memory, handed out from front to back, given back all at once.
 *
 * Why not single blocks of malloc: a trace's memory dies as one. Why not the guest's allocator: DESIGN.md,
 * "IR, traces and code come from mmap".
 *
 * A compilation's scratch memory comes and goes hundreds of times in a program's first second, and
 * fresh pages cost more than what is computed in them. So arenas may share a pool: what one gives
 * back, cleared, the next one takes, the large chunks of long traces too. What a trace keeps is a few kilobytes of known size, far less
 * than a page's granularity: these arenas take blocks of malloc, as the traces themselves are.
 *
 * Invariants
 *  1. What is handed out is zero: fresh pages are, and a chunk is cleared on its way to the pool.
 *  2. Nothing moves: growing an array leaves the old room readable until the arena dies, so a
 *     caller may pass pointers into an array to the function that grows it.
 *  3. After a failure everything stays usable that was usable before it (vectors keep their room).
 *
 * Before it: nothing. After it: everything that has a trace in its hands.
 */
#include "base/arena.h"
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

struct jit_arena_chunk {
    struct jit_arena_chunk *older;
    size_t size; /* bytes mapped, this header included */
    char *used; /* end of what was handed out; the arena's newest chunk: see its p */
};

enum { ALIGN = 16,
       FIRST_CHUNK = 64 * 1024,
       MAX_CHUNK = 4 * 1024 * 1024,
       NEXT_FIT = 1024, /* behind the first chunk of an arena that fits */
       POOL_CHUNK = 32 * 1024, /* in pools; or, for large arrays, a power of two times as large */
       POOL_KEEPS = 512 * 1024 }; /* bytes */

long jit_arena_fail_after;

/* Counts the torture parameter down; true exactly once, at the n-th allocation. */
static bool must_fail(void)
{
    if (__atomic_load_n(&jit_arena_fail_after, __ATOMIC_RELAXED) <= 0)
        return false;
    return __atomic_sub_fetch(&jit_arena_fail_after, 1, __ATOMIC_RELAXED) == 0;
}

static size_t round_up(size_t size) { return (size + ALIGN - 1) & ~(size_t)(ALIGN - 1); }

void jit_arena_init(struct jit_arena *a)
{
    memset(a, 0, sizeof *a);
}

void jit_arena_init_pooled(struct jit_arena *a, struct jit_arena_pool *pool)
{
    memset(a, 0, sizeof *a);
    a->pool = pool;
}

static char *chunk_start(struct jit_arena_chunk *c) { return (char *)c + round_up(sizeof *c); }

/* ---- pools ---- */

static bool pool_put(struct jit_arena_pool *pool, struct jit_arena_chunk *c)
{
    if (!pool || pool->kept + c->size > POOL_KEEPS)
        return false;
    memset(chunk_start(c), 0, (size_t)(c->used - chunk_start(c)));
    c->older = pool->spare;
    pool->spare = c;
    pool->kept += c->size;
    return true;
}

/* One that has `size` bytes, and is not so large that somebody else will miss it. */
static struct jit_arena_chunk *pool_take(struct jit_arena_pool *pool, size_t size)
{
    for (struct jit_arena_chunk **p = &pool->spare, *c; (c = *p); p = &c->older)
        if (c->size >= size && c->size / 2 <= size) {
            *p = c->older;
            pool->kept -= c->size;
            return c;
        }
    return NULL;
}

void jit_arena_pool_fini(struct jit_arena_pool *pool)
{
    while (pool->spare) {
        struct jit_arena_chunk *c = pool->spare;
        pool->spare = c->older;
        munmap(c, c->size);
    }
    pool->kept = 0;
}

/* ---- chunks ---- */

void jit_arena_init_fit(struct jit_arena *a, size_t size)
{
    memset(a, 0, sizeof *a);
    a->fit = round_up(size ? size : 1);
}

void jit_arena_fini(struct jit_arena *a)
{
    struct jit_arena_chunk *c = a->chunks;
    if (c)
        c->used = a->p;
    while (c) {
        struct jit_arena_chunk *older = c->older;
        if (a->fit)
            free(c);
        else if (!pool_put(a->pool, c))
            munmap(c, c->size);
        c = older;
    }
    jit_arena_init(a);
}

static struct jit_arena_chunk *chunk_map(struct jit_arena *a, size_t size)
{
    struct jit_arena_chunk *c = a->pool ? pool_take(a->pool, size) : NULL;
    if (c)
        return c; /* it may be larger, and is given back as large as it is */
    c = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (c == MAP_FAILED)
        return NULL;
    c->size = size;
    return c;
}

static struct jit_arena_chunk *chunk_fit(size_t size)
{
    struct jit_arena_chunk *c = calloc(1, size);
    if (c)
        c->size = size;
    return c;
}

/* Pooled chunks have few sizes, so that they serve others later; else chunks double, so that their number stays small. */
static size_t chunk_size(const struct jit_arena *a, size_t need)
{
    if (a->fit) {
        size_t fit = a->chunks ? NEXT_FIT : a->fit;
        return (fit < need ? need : fit) + ALIGN + sizeof(struct jit_arena_chunk);
    }
    size_t want = a->pool ? POOL_CHUNK : a->chunks ? a->chunks->size * 2
                                                   : FIRST_CHUNK;
    if (want > MAX_CHUNK)
        want = MAX_CHUNK;
    need += ALIGN + sizeof(struct jit_arena_chunk);
    while (a->pool && want < need && want < SIZE_MAX / 2)
        want *= 2;
    return want < need ? (need + 4095) & ~(size_t)4095 : want;
}

/* A new chunk with room for `size` bytes. */
static bool chunk_add(struct jit_arena *a, size_t size)
{
    size_t want = chunk_size(a, size);
    struct jit_arena_chunk *c = a->fit ? chunk_fit(want) : chunk_map(a, want);
    if (!c)
        return false;
    if (a->chunks)
        a->chunks->used = a->p;
    c->older = a->chunks;
    a->chunks = c;
    a->total += c->size;
    a->p = chunk_start(c);
    a->end = (char *)c + c->size;
    return true;
}

void *jit_arena_alloc(struct jit_arena *a, size_t size)
{
    if (must_fail() || size > SIZE_MAX / 2) {
        a->failed = true;
        return NULL;
    }
    size = size ? round_up(size) : ALIGN;
    if ((size_t)(a->end - a->p) < size && !chunk_add(a, size)) {
        a->failed = true;
        return NULL;
    }
    void *p = a->p;
    a->p += size;
    return p;
}

char *jit_arena_strdup(struct jit_arena *a, const char *s)
{
    size_t n = strlen(s) + 1;
    char *p = jit_arena_alloc(a, n);
    return p ? memcpy(p, s, n) : NULL;
}

/* Is the array the last thing that was handed out, and is there room behind it? Then it grows where it is. */
static bool vec_extends(const struct jit_arena *a, const void *v, size_t old, size_t size)
{
    return (const char *)v + old == a->p && (size_t)(a->end - a->p) >= size - old;
}

void *jit_vec_grow_(struct jit_arena *a, void *v, uint32_t n, uint32_t *cap, size_t elem, uint32_t need)
{
    uint32_t room = *cap ? *cap : 16;
    while (room < need) {
        if (room > UINT32_MAX / 2) {
            a->failed = true;
            return v;
        }
        room *= 2;
    }
    size_t old = round_up(*cap * elem), size = round_up(room * elem);
    if (*cap && vec_extends(a, v, old, size)) {
        a->failed |= must_fail();
        if (!a->failed) {
            a->p += size - old;
            *cap = room;
        }
        return v;
    }
    void *w = jit_arena_alloc(a, size);
    if (!w)
        return v;
    if (n)
        memcpy(w, v, n * elem);
    *cap = room;
    return w;
}
