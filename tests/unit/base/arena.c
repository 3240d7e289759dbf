/* Arenas: zeroed, aligned, cut off cleanly when an allocation fails. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/arena.h"

JIT_VECTOR(uint64_t, words);

Test(arena, memory_is_zero_aligned_and_distinct)
{
    struct jit_arena a;
    struct jit_arena_pool pool = {0};
    for (int round = 0; round < 6; round++) {
        jit_arena_init_pooled(&a, round % 3 == 2 ? NULL : &pool);
        for (size_t size = 0; size < 3000; size += 7) {
            unsigned char *p = jit_arena_alloc(&a, size);
            cr_assert_not_null(p);
            cr_assert_eq((uintptr_t)p % 16, 0);
            for (size_t i = 0; i < size; i++)
                cr_assert_eq(p[i], 0);
            memset(p, 0xa5, size);
        }
        cr_assert_not_null(jit_arena_alloc(&a, 10 << 20));
        jit_arena_fini(&a);
        cr_assert_eq(a.total, 0);
        cr_assert_gt(pool.kept, 0, "chunks wait for the next arena");
    }
    jit_arena_pool_fini(&pool);
    cr_assert_eq(pool.kept, 0);
}

Test(arena, large_chunks_are_used_again)
{
    struct jit_arena a;
    struct jit_arena_pool pool = {0};
    for (int round = 0; round < 3; round++) {
        jit_arena_init_pooled(&a, &pool);
        unsigned char *small = jit_arena_alloc(&a, 100), *large = jit_arena_alloc(&a, 100000);
        cr_assert(small && large);
        cr_assert_eq(pool.kept, 0, "round %d took what there was", round);
        for (size_t i = 0; i < 100000; i++)
            cr_assert_eq(large[i], 0);
        memset(large, 0xa5, 100000);
        jit_arena_fini(&a);
        cr_assert_geq(pool.kept, 100000);
    }
    jit_arena_init_pooled(&a, &pool);
    cr_assert_not_null(jit_arena_alloc(&a, 100));
    cr_assert_geq(pool.kept, 100000, "a small one leaves the large chunk to others");
    jit_arena_fini(&a);
    jit_arena_pool_fini(&pool);
}

Test(arena, a_chunk_keeps_its_size)
{
    struct jit_arena a;
    struct jit_arena_pool pool = {0};
    jit_arena_init_pooled(&a, &pool);
    cr_assert_not_null(jit_arena_alloc(&a, 50000));
    jit_arena_fini(&a);
    size_t kept = pool.kept;
    for (int round = 0; round < 3; round++) {
        jit_arena_init_pooled(&a, &pool);
        cr_assert_not_null(jit_arena_alloc(&a, 100));
        cr_assert_eq(pool.kept, 0, "it serves one that needs less");
        cr_assert_eq(a.total, kept);
        jit_arena_fini(&a);
        cr_assert_eq(pool.kept, kept, "round %d gave back all of it", round);
    }
    jit_arena_pool_fini(&pool);
}

Test(arena, vectors_grow_and_survive_failure)
{
    struct jit_arena a;
    struct words w = {0};
    jit_arena_init(&a);
    for (uint64_t i = 0; i < 100000; i++) {
        cr_assert(jit_vec_reserve(&a, &w, 1));
        w.v[w.n++] = i;
    }
    for (uint64_t i = 0; i < w.n; i++)
        cr_assert_eq(w.v[i], i);
    uint64_t *v = w.v;
    uint32_t cap = w.cap;
    jit_arena_fail_after = 1;
    cr_assert_not(jit_vec_reserve(&a, &w, cap));
    cr_assert_eq(jit_arena_fail_after, 0);
    cr_assert(a.failed);
    cr_assert_eq(w.v, v);
    cr_assert_eq(w.cap, cap);
    cr_assert_eq(w.v[5], 5);
    jit_arena_fini(&a);
}

Test(arena, n_th_allocation_fails_once)
{
    struct jit_arena a;
    jit_arena_init(&a);
    jit_arena_fail_after = 3;
    cr_assert_not_null(jit_arena_alloc(&a, 1));
    cr_assert_not_null(jit_arena_alloc(&a, 1));
    cr_assert_null(jit_arena_alloc(&a, 1));
    cr_assert(a.failed);
    cr_assert_not_null(jit_arena_alloc(&a, 1));
    cr_assert_null(jit_arena_alloc(&a, SIZE_MAX));
    jit_arena_fini(&a);
}
