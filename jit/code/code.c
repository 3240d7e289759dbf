/* code.c - reserving near, opening and closing, and the extents of code.h. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "code/code.h"

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

enum {
    REACH = 1 << 30, /* every byte is this near; two areas, or an area and the library, reach each other */
    STEP = 2 << 20, /* between two places that are tried, at most */
    SMALLEST = 64 * 1024, /* halving max stops here, and two places are never nearer */
    FILL = 0xcc, /* int3, where no code is */
    SHARES = 128 << 20, /* the n-th area has at most this by n, ... */
    SHARE_LEAST = 256 * 1024, /* ... but this: a thousand of them together have less than REACH */
    GAP = 64 * 1024, /* bytes between two open stretches that cost less than a system call for each */
};

static unsigned areas; /* that this process has */

static size_t round_up(size_t n, size_t to)
{
    return (n + to - 1) / to * to;
}

static size_t page_size(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

static int area_error(const struct code_area *a)
{
    return a->refused ? -EPERM : a->base ? 0
                                         : -ENOMEM;
}

/* --- reserving --- */

/* Reserves size bytes at exactly addr if nothing is there. */
static uint8_t *reserve_at(uintptr_t addr, size_t size)
{
    void *p = mmap((void *)addr, size, PROT_NONE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);

    if (p == MAP_FAILED)
        return NULL;
    if ((uintptr_t)p == addr)
        return p;
    munmap(p, size); /* a kernel before 4.17 takes the address for a hint */
    return NULL;
}

/* Below first, from near to far: there the kernel puts libraries, downwards. Above from far to near, so that the heap
 * of a program that is linked low (it grows upwards from the image) is in nobody's way for long. */
static uint8_t *reserve_near(uintptr_t near, size_t size)
{
    uintptr_t at = near & ~(uintptr_t)(STEP - 1), step = SMALLEST;
    uint8_t *p;

    while (step < size && step < STEP)
        step *= 2;
    for (uintptr_t off = round_up(size, step); off <= REACH - STEP; off += step)
        if (off < at && (p = reserve_at(at - off, size)))
            return p;
    for (uintptr_t off = (REACH - size) & ~(uintptr_t)(STEP - 1); off >= STEP; off -= step)
        if (at + off > at && (p = reserve_at(at + off, size)))
            return p;
    return NULL;
}

static uint8_t *probe_page(const struct code_area *a)
{
    return a->base + a->max;
}

/* mprotect; -EPERM if it is a policy that says no (SELinux and MDWE say EACCES, seccomp what it is told to). */
static int protect(uint8_t *p, size_t size, int prot)
{
    if (size == 0 || mprotect(p, size, prot) == 0)
        return 0;
    return errno == ENOMEM ? -ENOMEM : -EPERM;
}

/* Would the kernel let a written page run? Tried where there is no code. */
static int probe(struct code_area *a)
{
    int r = protect(probe_page(a), page_size(), PROT_READ | PROT_WRITE);

    if (r == 0)
        r = protect(probe_page(a), page_size(), PROT_READ | PROT_EXEC);
    if (r == -EPERM)
        a->refused = true;
    return r;
}

static void unreserve(struct code_area *a)
{
    munmap(a->base, a->max + page_size());
    __atomic_sub_fetch(&areas, 1, __ATOMIC_RELAXED);
    a->base = NULL;
    a->max = 0;
}

/* What the next area may have, its probe page included: a power of two, so that areas of all sizes leave no gaps. */
static size_t share(void)
{
    size_t n = __atomic_load_n(&areas, __ATOMIC_RELAXED) + 1, size = SHARES;

    while (size > SHARE_LEAST && size > SHARES / n)
        size /= 2;
    return size;
}

int code_area_init(struct code_area *a, const void *near, size_t max)
{
    size_t page = page_size();
    bool first = __atomic_load_n(&areas, __ATOMIC_RELAXED) == 0;
    int r;

    *a = (struct code_area){0};
    if (max > REACH / 2)
        max = REACH / 2;
    if (!first && max > share() - page)
        max = share() - page;
    max = round_up(max ? max : 1, page);
    while (!(a->base = reserve_near((uintptr_t)near, max + page))) {
        if (max / 2 < SMALLEST)
            return -ENOMEM;
        max = round_up(max / 2, page);
    }
    a->max = max;
    __atomic_add_fetch(&areas, 1, __ATOMIC_RELAXED);
    r = probe(a);
    if (r < 0)
        unreserve(a);
    return r;
}

void code_area_fini(struct code_area *a)
{
    assert(!a->pending);
    for (struct code_block *b = a->first, *next; b; b = next) {
        next = b->next;
        free(b);
    }
    free(a->spare);
    if (a->base)
        unreserve(a);
    *a = (struct code_area){0};
}

/* --- open and closed --- */

int code_open(struct code_area *a)
{
    int r = area_error(a);

    if (r == 0 && a->depth == 0)
        r = probe(a);
    if (r == 0)
        a->depth++;
    return r;
}

/* The open stretch that [from, to) joins: one that is near, or any if the table is full. NULL: a new one. */
static struct code_open_pages *stretch_near(struct code_area *a, size_t from, size_t to)
{
    for (unsigned i = 0; i < a->nopen; i++)
        if (from <= a->open[i].to + GAP && a->open[i].from <= to + GAP)
            return &a->open[i];
    return a->nopen < CODE_OPEN ? NULL : &a->open[0];
}

/* The pages of these bytes become writable until the area is closed. */
static int pages_open(struct code_area *a, const uint8_t *p, size_t size)
{
    size_t page = page_size(), from = (size_t)(p - a->base) / page * page, to = round_up((size_t)(p - a->base) + size, page);
    struct code_open_pages *s = stretch_near(a, from, to);
    int r;

    if (s && s->from <= from && to <= s->to)
        return 0;
    if (s && s->from < from)
        from = s->from;
    if (s && s->to > to)
        to = s->to;
    r = protect(a->base + from, to - from, PROT_READ | PROT_WRITE);
    if (r < 0)
        return r;
    if (!s)
        s = &a->open[a->nopen++];
    *s = (struct code_open_pages){from, to};
    return 0;
}

int code_close(struct code_area *a)
{
    int r = 0;

    assert(a->depth > 0);
    if (--a->depth > 0)
        return 0;
    assert(!a->pending);
    while (a->nopen > 0) {
        const struct code_open_pages *s = &a->open[--a->nopen];
        int err = protect(a->base + s->from, s->to - s->from, PROT_READ | PROT_EXEC);

        r = err < 0 ? err : r;
    }
    if (r < 0)
        a->refused = a->lost = true;
    return r;
}

/* Commits the chunks up to `upto` bytes from base: closed, as all that is there. */
static int commit_chunks(struct code_area *a, size_t upto)
{
    size_t want = round_up(upto, CODE_CHUNK);
    int r;

    if (upto <= a->allocated)
        return 0;
    if (want > a->max)
        want = a->max;
    r = protect(a->base + a->allocated, want - a->allocated, PROT_READ | PROT_EXEC);
    if (r == -EPERM)
        a->refused = true;
    if (r == 0)
        a->allocated = want;
    return r;
}

/* --- extents --- */

static void hole_add(struct code_area *a, struct code_block *b)
{
    b->hole = true;
    b->hprev = NULL;
    b->hnext = a->holes;
    if (a->holes)
        a->holes->hprev = b;
    a->holes = b;
}

static void hole_remove(struct code_area *a, struct code_block *b)
{
    if (b->hprev)
        b->hprev->hnext = b->hnext;
    else
        a->holes = b->hnext;
    if (b->hnext)
        b->hnext->hprev = b->hprev;
    b->hprev = b->hnext = NULL;
    b->hole = false;
}

static void extent_insert_after(struct code_area *a, struct code_block *prev, struct code_block *b)
{
    b->prev = prev;
    b->next = prev ? prev->next : a->first;
    if (b->next)
        b->next->prev = b;
    else
        a->last = b;
    if (prev)
        prev->next = b;
    else
        a->first = b;
}

static void extent_remove(struct code_area *a, struct code_block *b)
{
    if (b->prev)
        b->prev->next = b->next;
    else
        a->first = b->next;
    if (b->next)
        b->next->prev = b->prev;
    else
        a->last = b->prev;
    free(b);
}

/* b, which is no hole, becomes one, or one with its neighbours, or the free rest of the area. */
static void extent_release(struct code_area *a, struct code_block *b)
{
    if (b->prev && b->prev->hole) {
        struct code_block *left = b->prev;

        hole_remove(a, left);
        left->size += b->size;
        extent_remove(a, b);
        b = left;
    }
    if (b->next && b->next->hole) {
        b->size += b->next->size;
        hole_remove(a, b->next);
        extent_remove(a, b->next);
    }
    if (b->next) {
        hole_add(a, b);
    } else {
        a->top = (size_t)(b->p - a->base);
        extent_remove(a, b);
    }
}

/* The first hole that is large enough; NULL if there is none. */
static struct code_block *take_hole(struct code_area *a, size_t size)
{
    for (struct code_block *b = a->holes; b; b = b->hnext)
        if (b->size >= size) {
            hole_remove(a, b);
            return b;
        }
    return NULL;
}

/* An extent behind the last one. The caller has seen to the room. */
static struct code_block *take_top(struct code_area *a, size_t size)
{
    struct code_block *b = calloc(1, sizeof *b);

    if (!b)
        return NULL;
    b->p = a->base + a->top;
    b->size = size;
    extent_insert_after(a, a->last, b);
    a->top += size;
    return b;
}

ssize_t code_alloc(struct code_area *a, size_t max, uint8_t **p)
{
    size_t size = round_up(max ? max : 1, CODE_ALIGN);
    int r = area_error(a);

    if (r < 0)
        return r;
    assert(a->depth > 0 && !a->pending);
    if (!a->spare && !(a->spare = calloc(1, sizeof *a->spare)))
        return -ENOMEM;
    a->pending = take_hole(a, size);
    if (!a->pending) {
        if (size < max || size > a->max - a->top)
            return -ENOSPC;
        r = commit_chunks(a, a->top + size);
        if (r < 0)
            return r;
        a->pending = take_top(a, size);
        if (!a->pending)
            return -ENOMEM;
    }
    r = pages_open(a, a->pending->p, a->pending->size);
    if (r < 0) {
        code_commit(a, 0);
        return r;
    }
    *p = a->pending->p;
    return (ssize_t)a->pending->size;
}

struct code_block *code_commit(struct code_area *a, size_t used)
{
    struct code_block *b = a->pending, *rest = a->spare;
    size_t size = round_up(used, CODE_ALIGN);

    assert(b && used <= b->size);
    a->pending = NULL;
    if (used == 0) {
        extent_release(a, b);
        return NULL;
    }
    memset(b->p + used, FILL, size - used);
    if (size < b->size) {
        a->spare = NULL;
        rest->p = b->p + size;
        rest->size = b->size - size;
        b->size = size;
        extent_insert_after(a, b, rest);
        extent_release(a, rest);
    }
    a->used += size;
    return b;
}

void code_free(struct code_area *a, struct code_block *b)
{
    if (!b)
        return;
    assert(!b->hole && b != a->pending);
    if (a->depth > 0 && pages_open(a, b->p, b->size) == 0)
        memset(b->p, FILL, b->size); /* what still leads there stops at once */
    a->used -= b->size;
    extent_release(a, b);
}

int code_patch_rel32(struct code_area *a, uint8_t *site, const void *target)
{
    int r;

    assert(a->depth > 0 && code_contains(a, site));
    r = pages_open(a, site, 4);
    if (r < 0)
        return r;
    return rel32_write(site, target) ? 0 : -ERANGE;
}
