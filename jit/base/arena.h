/* arena.h: memory of traces and their machine code's tables: chunks from mmap, freed all at once.
 * Never from the guest's allocator. Allocation failure returns NULL and sets `failed` (sticky);
 * callers check it once per phase. The torture parameter makes the n-th allocation fail.
 */
#ifndef JIT_BASE_ARENA_H
#define JIT_BASE_ARENA_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct jit_arena_chunk;
/* Spare chunks that arenas share, one owner, one thread at a time. All zero: empty. */
struct jit_arena_pool {
    struct jit_arena_chunk *spare;
    size_t kept; /* bytes */
};
struct jit_arena {
    struct jit_arena_pool *pool; /* where chunks come from and go to, or NULL */
    size_t fit; /* not 0: chunks are malloc'ed, the first with just so many bytes */
    struct jit_arena_chunk *chunks;
    char *p, *end;
    size_t total; /* bytes mapped */
    bool failed;
};
void jit_arena_init(struct jit_arena *a);
void jit_arena_init_pooled(struct jit_arena *a, struct jit_arena_pool *pool); /* pool may be NULL */
/* For what is small and stays: no more is taken from the system than `size`, and little at a time behind it. */
void jit_arena_init_fit(struct jit_arena *a, size_t size);
void jit_arena_fini(struct jit_arena *a);
void jit_arena_pool_fini(struct jit_arena_pool *pool); /* after the last of its arenas */
void *jit_arena_alloc(struct jit_arena *a, size_t size); /* 16-byte aligned, zeroed; NULL: failed */
char *jit_arena_strdup(struct jit_arena *a, const char *s);
/* > 0: the n-th allocation from now fails, once (test builds and torture_alloc). Process wide. */
extern long jit_arena_fail_after;

/* Growable arrays in an arena: JIT_VECTOR(type, name) makes struct name {type *v; uint32_t n, cap;}.
 * Growing copies; the old room stays in the arena. */
#define JIT_VECTOR(type, name) \
    struct name { \
        type *v; \
        uint32_t n, cap; \
    }
void *jit_vec_grow_(struct jit_arena *a, void *v, uint32_t n, uint32_t *cap, size_t elem, uint32_t need);
/* Makes room for k more; false: failed. */
#define jit_vec_reserve(a, vec, k) ((vec)->n + (k) <= (vec)->cap || ((vec)->v = jit_vec_grow_((a), (vec)->v, (vec)->n, &(vec)->cap, sizeof *(vec)->v, (vec)->n + (k)), !(a)->failed))
#endif
