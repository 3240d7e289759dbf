/* string.c: strings. Short ones (up to STR_SHORT_MAX bytes) are interned, so that equality is the
 * address; long ones are plain buffers whose hash is computed when one becomes a key.
 *
 * Invariants
 *  1. A short string is in exactly one chain of g->strt and on no other list: the collector sweeps
 *     the string table by buckets, so a dead string is unlinked where it is found.
 *  2. A look-up may meet a string that died in this cycle and is not swept yet: it is taken back
 *     (its colour flips), never duplicated.
 *  3. The table only grows by doubling while it is swept: what is not swept stays above the cursor.
 *  4. Behind the buckets lies a byte for each: bit b is set if there is a string in the chain whose hash begins with b. Most
 *     look-ups are for strings that do not exist; they end there, without a step through the chain.
 */
#include "lua/pool.h"
#include "lua/collect.h"

#define STRTAB_MIN 128
#define STRTAB_MAX (1u << 30)
#define AHEAD 16 /* buckets between the one that is gone through and the one whose first string is fetched */

size_t str_bytes(const struct lstr *s) { return offsetof(struct lstr, data) + s->len + 1; }

/* ---- hash: 8 bytes per multiplication, folded ------------------------------------------------- */
static inline uint64_t mix(uint64_t a, uint64_t b)
{
    __uint128_t m = (__uint128_t)a * b;
    return (uint64_t)m ^ (uint64_t)(m >> 64);
}

static inline uint64_t load64(const char *p)
{
    uint64_t v;
    memcpy(&v, p, 8);
    return v;
}

static inline uint64_t load_tail(const char *p, size_t n) /* n in 1..7 */
{
    if (n >= 4) {
        uint32_t a, b;
        memcpy(&a, p, 4);
        memcpy(&b, p + n - 4, 4);
        return (uint64_t)a << 32 | b;
    }
    return (uint64_t)(uint8_t)p[0] << 16 | (uint64_t)(uint8_t)p[n >> 1] << 8 | (uint8_t)p[n - 1];
}

static inline uint32_t hash_bytes(const char *p, size_t n, uint32_t seed)
{
    uint64_t h = seed ^ (n * 0x9E3779B97F4A7C15u);
    for (; n >= 8; p += 8, n -= 8)
        h = mix(h ^ load64(p), 0xD6E8FEB86659FD93u);
    if (n > 0)
        h = mix(h ^ load_tail(p, n), 0xA0761D6478BD642Fu);
    h ^= h >> 29;
    return (uint32_t)(h ^ h >> 32);
}

uint32_t str_hash(struct lstr *s)
{
    if (!s->has_hash) {
        s->hash = hash_bytes(s->data, s->len, s->hash); /* a long string's hash field starts as the seed */
        s->has_hash = 1;
    }
    return s->hash;
}

/* ---- the string table -------------------------------------------------------------------------- */
static inline size_t strtab_bytes(uint32_t size) { return size * (sizeof(struct lstr *) + 1); }

/* Doubling: what hangs in bucket i goes to i or to i + osize. No collection here: it would sweep the chains. */
static void strtab_grow(struct lua_State *L)
{
    struct strtab *tb = &L->g->strt;
    uint32_t osize = tb->size, mask = osize * 2 - 1;
    if (osize >= STRTAB_MAX)
        return;
    struct lstr **hash = mem_alloc_optional(L->g, strtab_bytes(mask + 1));
    if (hash == NULL)
        return; /* longer chains, nothing worse */
    memset(hash, 0, strtab_bytes(mask + 1));
    uint8_t *seen = strtab_seen(hash, mask + 1);
    for (uint32_t i = 0; i < osize; i++) {
        if (i + AHEAD < osize)
            __builtin_prefetch(tb->hash[i + AHEAD], 1);
        for (struct lstr *s = tb->hash[i], *next; s != NULL; s = next) {
            next = s->hnext;
            s->hnext = hash[s->hash & mask];
            hash[s->hash & mask] = s;
            seen[s->hash & mask] |= strtab_bit(s->hash);
        }
    }
    mem_free(L, tb->hash, strtab_bytes(osize));
    tb->hash = hash;
    tb->size = mask + 1;
}

/* Only at the end of a cycle (nothing is being swept). */
void strtab_shrink(struct lua_State *L)
{
    struct strtab *tb = &L->g->strt;
    if (tb->size <= STRTAB_MIN || tb->nuse >= tb->size / 4)
        return;
    uint32_t n = tb->size / 2;
    struct lstr **hash = mem_alloc_optional(L->g, strtab_bytes(n));
    if (hash == NULL)
        return;
    const uint8_t *old = strtab_seen(tb->hash, tb->size);
    for (uint32_t i = 0; i < n; i++) {
        struct lstr **end = &tb->hash[i];
        while (*end != NULL)
            end = &(*end)->hnext;
        *end = tb->hash[i + n];
        hash[i] = tb->hash[i];
        strtab_seen(hash, n)[i] = old[i] | old[i + n];
    }
    mem_free(L, tb->hash, strtab_bytes(tb->size));
    tb->hash = hash;
    tb->size = n;
}

void strtab_init(struct lua_State *L)
{
    struct strtab *tb = &L->g->strt;
    tb->hash = mem_alloc(L, strtab_bytes(STRTAB_MIN), 0);
    memset(tb->hash, 0, strtab_bytes(STRTAB_MIN));
    tb->size = STRTAB_MIN;
}

void strtab_fini(struct lua_State *L)
{
    struct strtab *tb = &L->g->strt;
    mem_free(L, tb->hash, strtab_bytes(tb->size));
    *tb = (struct strtab){0};
}

uint32_t strtab_sweep(struct lua_State *L, uint32_t from, uint32_t n)
{
    struct global *g = L->g;
    struct strtab *tb = &g->strt;
    uint8_t white = g->current_white, other = gc_other_white(g);
    uint32_t to = tb->size - from < n ? tb->size : from + n;
    for (uint32_t i = from; i < to; i++) {
        struct lstr **p = &tb->hash[i], *s;
        uint8_t seen = 0;
        if (i + AHEAD < to)
            __builtin_prefetch(tb->hash[i + AHEAD], 1);
        while ((s = *p) != NULL) {
            if ((s->mark & (other | GC_FIXED)) == other) {
                *p = s->hnext;
                tb->nuse--;
                mem_give(L, s, str_bytes(s));
            } else {
                s->mark = (uint8_t)((s->mark & ~(GC_WHITE | GC_BLACK)) | white);
                seen |= strtab_bit(s->hash);
                p = &s->hnext;
            }
        }
        strtab_seen(tb->hash, tb->size)[i] = seen;
    }
    return to;
}

/* ---- making strings ---------------------------------------------------------------------------- */
static inline bool same_bytes(const char *a, const char *b, size_t n)
{
    if (n >= 8) {
        for (size_t i = 0; i + 8 <= n; i += 8)
            if (load64(a + i) != load64(b + i))
                return false;
        return load64(a + n - 8) == load64(b + n - 8);
    }
    return n == 0 || load_tail(a, n) == load_tail(b, n);
}

static struct lstr *new_short(struct lua_State *L, const char *p, size_t len, uint32_t h)
{
    struct global *g = L->g;
    if (unlikely(g->strt.nuse >= g->strt.size))
        strtab_grow(L);
    size_t size = offsetof(struct lstr, data) + len + 1;
    struct lstr *s = mem_take(g, size);
    if (unlikely(s == NULL))
        s = mem_alloc_object(L, size, size, LUA_TSTRING);
    s->kind = T_STR;
    s->mark = g->current_white;
    s->is_short = 1;
    s->reserved = 0;
    s->hash = h;
    s->has_hash = 1;
    s->len = len;
    memcpy(s->data, p, len);
    s->data[len] = '\0';
    struct lstr **head = &g->strt.hash[h & (g->strt.size - 1)];
    strtab_seen(g->strt.hash, g->strt.size)[h & (g->strt.size - 1)] |= strtab_bit(h);
    s->hnext = *head;
    *head = s;
    g->strt.nuse++;
    return s;
}

static struct lstr *intern(struct lua_State *L, const char *p, size_t len)
{
    struct global *g = L->g;
    uint32_t h = hash_bytes(p, len, g->seed);
    uint32_t bucket = h & (g->strt.size - 1);
    if (!(strtab_seen(g->strt.hash, g->strt.size)[bucket] & strtab_bit(h)))
        return new_short(L, p, len, h);
    for (struct lstr *s = g->strt.hash[bucket]; s != NULL; s = s->hnext)
        if (s->hash == h && s->len == len && same_bytes(p, s->data, len)) {
            if (gc_is_dead(g, s))
                s->mark ^= GC_WHITE;
            return s;
        }
    return new_short(L, p, len, h);
}

struct lstr *str_new_buffer(struct lua_State *L, size_t len)
{
    if (unlikely(len >= (size_t)PTRDIFF_MAX - sizeof(struct lstr)))
        call_throw(L, LUA_ERRMEM);
    struct lstr *s = (struct lstr *)gc_new(L, offsetof(struct lstr, data) + len + 1, T_STR);
    s->is_short = 0;
    s->reserved = 0;
    s->hash = L->g->seed;
    s->has_hash = 0;
    s->len = len;
    s->data[len] = '\0';
    return s;
}

/* Programs that look at text byte by byte make these all the time. Weak, as strcache. */
static inline struct lstr *one_byte(struct lua_State *L, const char *p)
{
    struct lstr **c = &L->g->bytestr[(unsigned char)*p];
    if (unlikely(*c == NULL))
        *c = intern(L, p, 1);
    return *c;
}

struct lstr *str_new(struct lua_State *L, const char *p, size_t len)
{
    if (len == 1)
        return one_byte(L, p);
    if (likely(len <= STR_SHORT_MAX))
        return intern(L, p, len);
    struct lstr *s = str_new_buffer(L, len);
    memcpy(s->data, p, len);
    return s;
}

/* C strings come from the same few addresses (API calls with literals): a cache by address saves
 * hashing; the content is compared, since an address may have got other content. */
struct lstr *str_newz(struct lua_State *L, const char *p)
{
    struct global *g = L->g;
    unsigned i = (unsigned)(((uintptr_t)p * 0x9E3779B1u) >> 16) % (sizeof g->strcache / sizeof g->strcache[0]);
    struct lstr **c = g->strcache[i].s;
    for (int j = 0; j < 2; j++)
        if (c[j] != NULL && strcmp(c[j]->data, p) == 0)
            return c[j];
    struct lstr *s = str_new(L, p, strlen(p));
    c[1] = c[0];
    c[0] = s;
    return s;
}

void str_clear_cache(struct global *g)
{
    for (size_t i = 0; i < sizeof g->strcache / sizeof g->strcache[0]; i++)
        for (int j = 0; j < 2; j++)
            if (g->strcache[i].s[j] != NULL && gc_is_white(g->strcache[i].s[j]))
                g->strcache[i].s[j] = NULL;
    for (size_t i = 0; i < 256; i++)
        if (g->bytestr[i] != NULL && gc_is_white(g->bytestr[i]))
            g->bytestr[i] = NULL;
}

/* ---- comparing --------------------------------------------------------------------------------- */
bool str_eq_long(const struct lstr *a, const struct lstr *b)
{
    return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

/* The locale's order, piece by piece between embedded zeros (strcoll stops at each). */
int str_cmp(const struct lstr *a, const struct lstr *b)
{
    const char *p = a->data, *q = b->data;
    size_t n = a->len, m = b->len;
    for (;;) {
        int c = strcoll(p, q);
        if (c != 0)
            return c;
        size_t k = strlen(p); /* equal so far up to the zero in both */
        if (k == m)
            return k == n ? 0 : 1;
        if (k == n)
            return -1;
        k++;
        p += k, n -= k;
        q += k, m -= k;
    }
}
