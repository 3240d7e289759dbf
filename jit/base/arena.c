/* arena.c: chunks of anonymous memory, handed out from front to back, given back all at once.
 *
 * Why not malloc: traces are made inside a program that may have replaced malloc or be in the
 * middle of it, and a trace's memory dies as one. Why not the guest's allocator: DESIGN.md,
 * "IR, traces and code come from mmap".
 *
 * Invariants
 *  1. What is handed out is zero: fresh pages are, and a reset clears what was used.
 *  2. Nothing moves: growing an array leaves the old room readable until the arena dies, so a
 *     caller may pass pointers into an array to the function that grows it.
 *  3. After a failure everything stays usable that was usable before it (vectors keep their room).
 *
 * Before it: nothing. After it: everything that has a trace in its hands.
 */
#include "base/arena.h"
#include <string.h>
#include <sys/mman.h>

struct jit_arena_chunk {
    struct jit_arena_chunk *older;
    size_t size; /* bytes mapped, this header included */
};

enum { ALIGN = 16,
       FIRST_CHUNK = 64 * 1024,
       MAX_CHUNK = 4 * 1024 * 1024 };

long jit_arena_fail_after;

/* Counts the torture parameter down; true exactly once, at the n-th allocation. */
static bool must_fail(void)
{
    if (__atomic_load_n(&jit_arena_fail_after, __ATOMIC_RELAXED) <= 0)
        return false;
    return __atomic_sub_fetch(&jit_arena_fail_after, 1, __ATOMIC_RELAXED) == 0;
}

void jit_arena_init(struct jit_arena *a)
{
    memset(a, 0, sizeof *a);
}

static void chunk_use(struct jit_arena *a, struct jit_arena_chunk *c)
{
    a->p = (char *)c + ((sizeof *c + ALIGN - 1) & ~(size_t)(ALIGN - 1));
    a->end = (char *)c + c->size;
}

void jit_arena_fini(struct jit_arena *a)
{
    struct jit_arena_chunk *c = a->chunks;
    while (c) {
        struct jit_arena_chunk *older = c->older;
        munmap(c, c->size);
        c = older;
    }
    jit_arena_init(a);
}

void jit_arena_reset(struct jit_arena *a)
{
    struct jit_arena_chunk *c = a->chunks;
    bool only = c && !c->older;
    while (c && c->older) {
        struct jit_arena_chunk *older = c->older;
        munmap(c, c->size);
        c = older;
    }
    char *used = only ? a->p : c ? (char *)c + c->size
                                 : NULL;
    a->chunks = c;
    a->p = a->end = NULL;
    a->total = c ? c->size : 0;
    a->failed = false;
    if (c) {
        chunk_use(a, c);
        memset(a->p, 0, (size_t)(used - a->p));
    }
}

/* A new chunk with room for `size` bytes; chunks double, so that their number stays small. */
static bool chunk_add(struct jit_arena *a, size_t size)
{
    size_t want = a->chunks ? a->chunks->size * 2 : FIRST_CHUNK;
    if (want > MAX_CHUNK)
        want = MAX_CHUNK;
    if (want < size + 2 * ALIGN + sizeof(struct jit_arena_chunk))
        want = (size + 2 * ALIGN + sizeof(struct jit_arena_chunk) + 4095) & ~(size_t)4095;
    void *m = mmap(NULL, want, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (m == MAP_FAILED)
        return false;
    struct jit_arena_chunk *c = m;
    c->older = a->chunks;
    c->size = want;
    a->chunks = c;
    a->total += want;
    chunk_use(a, c);
    return true;
}

void *jit_arena_alloc(struct jit_arena *a, size_t size)
{
    if (must_fail() || size > SIZE_MAX / 2) {
        a->failed = true;
        return NULL;
    }
    size = size ? (size + ALIGN - 1) & ~(size_t)(ALIGN - 1) : ALIGN;
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
    void *w = jit_arena_alloc(a, room * elem);
    if (!w)
        return v;
    if (n)
        memcpy(w, v, n * elem);
    *cap = room;
    return w;
}
