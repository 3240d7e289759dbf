/* shape.c: shapes (hidden classes): which short-string keys a table has, in which order.
 *
 * Tables that get the same keys in the same order share one shape, so an inline cache or a trace
 * checks one pointer instead of hashing. Shapes form a tree: the root is the empty table, a child
 * has one key more.
 *
 * Invariants
 *  1. shape->nslots == parent->nslots + 1; the keys of a shape never change.
 *  2. A child keeps its parent alive; a parent's kids are weak: the atomic phase forgets the ones
 *     that were not marked before anything is freed (shape_drop_dead_kids).
 *  3. keys and find are accelerators: without memory for them look-ups walk the parents.
 *  4. A shape has at most MAX_KIDS kids: tables used as maps would make one shape per key; they
 *     take the dictionary form instead.
 */
#include "lua/collect.h"

#define MAX_KIDS 64
#define MAX_KIDS_ROOT 512
#define FIRST_SLOTS 4
#define LINEAR 8 /* up to so many slots keys are compared one by one */

struct shape *shape_new_root(struct lua_State *L)
{
    struct shape *s = (struct shape *)gc_new(L, sizeof *s, T_SHAPE);
    memset((char *)s + offsetof(struct shape, nslots), 0, sizeof *s - offsetof(struct shape, nslots));
    s->g = L->g;
    return s;
}

static size_t find_size(const struct shape *s) { return s->find ? s->findmask + 1 : 0; }

size_t shape_bytes(const struct shape *s)
{
    return sizeof *s + (s->keys ? s->nslots * sizeof *s->keys : 0) + find_size(s) + (s->kids ? (s->kidmask + 1) * sizeof *s->kids : 0);
}

void shape_free(struct lua_State *L, struct shape *s)
{
    if (s->keys)
        mem_free(L, s->keys, s->nslots * sizeof *s->keys);
    mem_free(L, s->find, find_size(s));
    if (s->kids)
        mem_free(L, s->kids, (s->kidmask + 1) * sizeof *s->kids);
    mem_free(L, s, sizeof *s);
}

/* ---- looking up -------------------------------------------------------------------------------- */
static void make_keys(struct shape *s)
{
    struct lstr **keys = mem_alloc_optional(s->g, s->nslots * sizeof *keys);
    if (keys == NULL)
        return;
    for (struct shape *p = s; p->nslots > 0; p = p->parent)
        keys[p->nslots - 1] = p->key;
    s->keys = keys;
}

static void make_find(struct shape *s)
{
    uint32_t size = 16;
    while (size < s->nslots * 2u)
        size *= 2;
    uint8_t *find = mem_alloc_optional(s->g, size);
    if (find == NULL)
        return;
    memset(find, 0, size);
    for (uint32_t slot = 0; slot < s->nslots; slot++) {
        uint32_t i = s->keys[slot]->hash & (size - 1);
        while (find[i])
            i = (i + 1) & (size - 1);
        find[i] = (uint8_t)(slot + 1);
    }
    s->find = find;
    s->findmask = size - 1;
}

void shape_use(struct shape *s)
{
    if (s->keys == NULL && s->nslots > 0)
        make_keys(s);
    if (s->find == NULL && s->nslots > LINEAR && s->keys != NULL)
        make_find(s);
}

static int find_walking(const struct shape *s, const struct lstr *key)
{
    for (; s->nslots > 0; s = s->parent)
        if (s->key == key)
            return s->nslots - 1;
    return -1;
}

int shape_find(struct shape *s, const struct lstr *key)
{
    uint32_t n = s->nslots;
    if (n <= LINEAR) {
        if (n <= 2 || unlikely(s->keys == NULL && (make_keys(s), s->keys == NULL)))
            return find_walking(s, key);
        struct lstr **keys = s->keys;
        for (uint32_t i = 0; i < n; i++)
            if (keys[i] == key)
                return (int)i;
        return -1;
    }
    if (unlikely(s->find == NULL)) {
        shape_use(s);
        if (s->find == NULL)
            return find_walking(s, key);
    }
    for (uint32_t i = key->hash & s->findmask;; i = (i + 1) & s->findmask) {
        uint8_t slot = s->find[i];
        if (slot == 0)
            return -1;
        if (s->keys[slot - 1] == key)
            return slot - 1;
    }
}

struct lstr *shape_key(struct shape *s, uint32_t slot)
{
    if (s->keys == NULL)
        make_keys(s);
    if (s->keys != NULL)
        return s->keys[slot];
    while (s->nslots != slot + 1)
        s = s->parent;
    return s->key;
}

/* ---- growing the tree -------------------------------------------------------------------------- */
static struct shape *find_kid(const struct shape *s, const struct lstr *key)
{
    if (s->kids == NULL)
        return NULL;
    for (uint32_t i = key->hash & s->kidmask;; i = (i + 1) & s->kidmask) {
        struct shape *k = s->kids[i];
        if (k == NULL || k->key == key)
            return k;
    }
}

static void put_kid(struct shape **kids, uint32_t mask, struct shape *k)
{
    uint32_t i = k->key->hash & mask;
    while (kids[i] != NULL)
        i = (i + 1) & mask;
    kids[i] = k;
}

/* Room for one more: at most three quarters full. The collector may drop kids while memory is asked for. */
static void reserve_kid(struct lua_State *L, struct shape *s)
{
    uint32_t osize = s->kids ? s->kidmask + 1 : 0;
    if ((s->nkids + 1) * 4 <= osize * 3)
        return;
    uint32_t nsize = osize ? osize * 2 : 2;
    struct shape **kids = mem_alloc(L, nsize * sizeof *kids, 0);
    memset(kids, 0, nsize * sizeof *kids);
    osize = s->kids ? s->kidmask + 1 : 0;
    for (uint32_t i = 0; i < osize; i++)
        if (s->kids[i] != NULL)
            put_kid(kids, nsize - 1, s->kids[i]);
    if (s->kids)
        mem_free(L, s->kids, osize * sizeof *kids);
    s->kids = kids;
    s->kidmask = nsize - 1;
}

static const struct shape *only_kid(const struct shape *s)
{
    for (uint32_t i = 0; i <= s->kidmask; i++)
        if (s->kids[i] != NULL)
            return s->kids[i];
    return NULL;
}

/* The tree tells what other tables with these keys got next: room for all of it is made at once, and no more than that,
 * as long as there was but one way. Where ways part, or nobody has been yet, it is doubled. */
uint32_t shape_room(const struct shape *s, const struct lstr *key)
{
    const struct shape *kid = find_kid(s, key);
    uint32_t usual = s->nslots ? s->nslots * 2 : FIRST_SLOTS;
    if (kid == NULL)
        return usual;
    while (kid->nkids == 1)
        kid = only_kid(kid);
    return kid->nkids == 0 || kid->nslots > usual ? kid->nslots : usual;
}

struct shape *shape_add(struct lua_State *L, struct shape *s, struct lstr *key)
{
    struct shape *k = find_kid(s, key);
    if (k != NULL)
        return k; /* never a dead one: the atomic phase took those out */
    if (s->nslots >= SHAPE_MAX_SLOTS || s->nkids >= (s->nslots == 0 ? MAX_KIDS_ROOT : MAX_KIDS))
        return NULL;
    reserve_kid(L, s);
    k = (struct shape *)gc_new(L, sizeof *k, T_SHAPE);
    memset((char *)k + offsetof(struct shape, nslots), 0, sizeof *k - offsetof(struct shape, nslots));
    k->nslots = (uint16_t)(s->nslots + 1);
    k->parent = s;
    k->key = key;
    k->g = L->g;
    put_kid(s->kids, s->kidmask, k);
    s->nkids++;
    return k;
}

/* ---- the collector's part ---------------------------------------------------------------------- */
/* Forgets the kids of s that were not marked. */
static void drop_kids_of(struct shape *s)
{
    struct shape *live[MAX_KIDS_ROOT];
    uint32_t n = 0;
    for (uint32_t i = 0; i <= s->kidmask; i++)
        if (s->kids[i] != NULL && !gc_is_white(s->kids[i]))
            live[n++] = s->kids[i];
    if (n == s->nkids)
        return;
    memset(s->kids, 0, (s->kidmask + 1) * sizeof *s->kids); /* holes would break the probe sequences */
    for (uint32_t i = 0; i < n; i++)
        put_kid(s->kids, s->kidmask, live[i]);
    s->nkids = n;
}

static void drop_below(struct shape *s)
{
    if (s->kids == NULL)
        return;
    drop_kids_of(s);
    for (uint32_t i = 0; i <= s->kidmask; i++)
        if (s->kids[i] != NULL)
            drop_below(s->kids[i]); /* at most SHAPE_MAX_SLOTS deep */
}

void shape_drop_dead_kids(struct global *g)
{
    if (g->root_shape != NULL)
        drop_below(g->root_shape);
}
