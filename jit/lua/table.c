/* table.c: tables: array part, named slots through a shape, hash.
 *
 * Invariants (table_check verifies them)
 *  1. The hash holds no integer key in 1..acap and, in shape form, no short string. So an inline
 *     append (key == alen + 1, alen < acap) needs no look into the hash.
 *  2. nints >= number of integer keys among the nodes: nints == 0 means that an integer key beyond
 *     the array is absent.
 *  3. A table without hash has ilog == 0 and node == &no_node, so look-ups need no test.
 *  4. nodes and index are one block: table_ncap() nodes, then twice as many numbers.
 *  5. Nothing is changed before all memory for the change is there: a failed allocation leaves the
 *     table as it was. An emergency collection while a part grows may set entries to nil, not more.
 *  6. When the hash is full, or an append does not fit into the array, the array gets the largest
 *     power of two of which more than half is used by integer keys. Between that, appends double.
 *  7. next() goes by position: array [0, acap), slots, nodes. acap, not alen: alen may shrink when
 *     trailing nils are seen, and a traversal may clear fields.
 *  8. What a constructor asks for lies in the table's own block: one block, one free, and the collector finds the values
 *     behind the header it has just read. A part that grows moves out and does not come back.
 *  9. A key is where its hash says or, with others in the way, at the next free entry. An integer has a place of its own
 *     before that, by its value, where its neighbours are beside it; there only, it does not push others on (runs that
 *     overlap would walk over each other's whole length).
 * 10. An entry of the index is a node's number in its lower ilog bits and, above them, what the key's hash has there: keys
 *     that are in the way are told without a look at their nodes.
 */
#include "lua/pool.h"
#include "lua/collect.h"

const struct value absent_value = {.tag = T_NIL};
static struct node no_node; /* its first word is an index of one empty entry */

#define MAX_ARRAY (1u << 30)
#define MAX_INDEX (1u << 31)
#define DICT_ADDS 12 /* so many keys added by computed names make a dictionary */
#define ADDS_SHIFT 2 /* their count lives in the upper bits of flags */
#define FIRST_ARRAY 4
#define AHEAD 8 /* nodes between the one that is copied and the one whose key is fetched */
#define MAX_ROOM ((512 - sizeof(struct table)) / sizeof(struct value)) /* values in a table's own block */

/* ---- sizes ------------------------------------------------------------------------------------- */
static inline uint32_t nodes_of(uint32_t isize) { return isize / 2; }
static inline size_t block_bytes(uint32_t isize) { return nodes_of(isize) * sizeof(struct node) + isize * sizeof(uint32_t); }

static inline size_t own_bytes(const struct table *t) { return sizeof *t + (size_t)t->room * sizeof(struct value); }
static size_t hash_bytes(const struct table *t) { return t->ilog ? block_bytes(1u << t->ilog) : 0; }
static inline uint32_t index_mask(const struct table *t) { return (1u << t->ilog) - 1; }

size_t table_bytes(const struct table *t)
{
    size_t n = own_bytes(t) + hash_bytes(t);
    if (!table_is_inside(t, t->arr))
        n += (size_t)t->acap * sizeof *t->arr;
    if (!table_is_inside(t, t->slots))
        n += (size_t)t->slotcap * sizeof *t->slots;
    return n;
}

static inline uint32_t hash_bits(uint64_t bits)
{
    return (uint32_t)((bits * 0x9E3779B97F4A7C15u) >> 32);
}

static inline uint32_t hash_key(uint32_t tag, uint64_t bits)
{
    return tag == T_STR ? str_hash((struct lstr *)(uintptr_t)bits) : hash_bits(bits);
}

/* Where a look for an integer begins: neighbours lie side by side (a queue's window, a sparse row), each power of two of
 * them beginning one place further on, so that a stride spreads as well. What is beyond that many squared is mixed. */
static inline uint32_t int_place(uint64_t key, uint32_t ilog)
{
    return (uint32_t)(key + (key >> ilog)) + hash_bits(key >> ilog >> ilog);
}

/* ---- a new hash block -------------------------------------------------------------------------- */
struct block {
    struct node *node;
    uint32_t *index;
    uint32_t isize, used, nints;
};

/* Smallest index size whose nodes hold n with a quarter to spare, if there is one (exact: just n). */
static uint32_t index_size(struct lua_State *L, uint64_t n, bool exact)
{
    uint32_t isize = 4;
    if (n > nodes_of(MAX_INDEX))
        dbg_runerror(L, "table overflow");
    while (isize < MAX_INDEX && nodes_of(isize) < (exact ? n : n + (n + 2) / 3))
        isize *= 2;
    return isize;
}

static void block_init(struct block *b, void *mem, uint32_t isize)
{
    *b = (struct block){.node = mem, .isize = isize};
    b->index = (uint32_t *)(b->node + nodes_of(isize));
    memset(b->index, 0, isize * sizeof *b->index);
}

/* Does the entry, which is not empty, say that its key may have this hash (invariant 10)? */
static inline bool entry_fits(uint32_t entry, uint32_t hash, uint32_t mask) { return ((entry ^ hash) & ~mask) == 0; }

/* Node number `number` (from 1 on) gets an entry; its key is absent. An integer's is at its own place if nobody is there
 * (invariant 9). */
static inline void link_node(uint32_t *index, uint32_t ilog, uint32_t tag, uint64_t bits, uint32_t number)
{
    uint32_t mask = (1u << ilog) - 1, hash = hash_key(tag, bits), i = int_place(bits, ilog) & mask;
    if (tag != T_INT || index[i] != 0)
        for (i = hash & mask; index[i]; i = (i + 1) & mask)
            continue;
    index[i] = number | (hash & ~mask);
}

static inline struct node *block_put(struct block *b, uint32_t tag, uint64_t bits)
{
    struct node *nd = &b->node[b->used++];
    link_node(b->index, (uint32_t)__builtin_ctz(b->isize), tag, bits, b->used);
    nd->ktag = tag;
    nd->kbits = bits;
    b->nints += tag == T_INT;
    return nd;
}

/* The table takes the block; its old one is freed. b->isize == 0: no hash. */
static void block_install(struct lua_State *L, struct table *t, const struct block *b)
{
    void *old = t->node;
    size_t bytes = hash_bytes(t);
    if (b->isize == 0) {
        t->node = &no_node;
        t->ilog = 0;
        t->nused = t->nints = 0;
    } else {
        t->node = b->node;
        t->ilog = (uint8_t)__builtin_ctz(b->isize);
        t->nused = b->used;
        t->nints = b->nints;
    }
    mem_free(L, old, bytes);
}

/* ---- making and freeing ------------------------------------------------------------------------ */
/* Memory for a table that nobody holds yet: if it takes a collection to get it, the table is pinned meanwhile. */
static void *alloc_for_new(struct lua_State *L, struct table *t, size_t size)
{
    void *p = mem_alloc_optional(L->g, size);
    if (likely(p != NULL))
        return p;
    t->mark |= GC_FIXED;
    p = mem_try_realloc(L, NULL, 0, size);
    t->mark &= (uint8_t)~GC_FIXED;
    if (p == NULL)
        call_throw(L, LUA_ERRMEM);
    return p;
}

static void new_array(struct lua_State *L, struct table *t, uint32_t n)
{
    if (n > MAX_ARRAY)
        dbg_runerror(L, "table overflow");
    t->arr = alloc_for_new(L, t, (size_t)n * sizeof *t->arr);
    t->acap = n;
}

static void new_fields(struct lua_State *L, struct table *t, uint32_t n)
{
    if (n <= SHAPE_MAX_SLOTS) {
        t->slots = alloc_for_new(L, t, n * sizeof *t->slots);
        t->slotcap = (uint16_t)n;
        return;
    }
    uint32_t isize = index_size(L, n, true);
    struct block b;
    block_init(&b, alloc_for_new(L, t, block_bytes(isize)), isize);
    t->shape = NULL;
    block_install(L, t, &b);
}

static inline void table_init(struct lua_State *L, struct table *t, uint32_t narr, uint32_t nfields)
{
    t->flags = t->nomm = 0;
    t->alen = t->nused = t->nints = 0;
    t->ilog = 0;
    t->room = (uint8_t)(narr + nfields);
    t->arr = narr ? (struct value *)(t + 1) : NULL;
    t->acap = narr;
    t->slots = nfields ? (struct value *)(t + 1) + narr : NULL;
    t->slotcap = (uint16_t)nfields;
    t->shape = L->g->root_shape;
    t->meta = NULL;
    t->node = &no_node;
    t->gclist = NULL;
}

/* Does all that a constructor asks for go into one block? */
static inline bool fits_inside(uint32_t narr, uint32_t nhash) { return narr <= MAX_ROOM && nhash <= MAX_ROOM - narr; }

struct table *table_new(struct lua_State *L, uint32_t narr, uint32_t nhash)
{
    bool inside = fits_inside(narr, nhash);
    struct table *t = inside ? mem_take(L->g, sizeof *t + (narr + nhash) * sizeof(struct value)) : NULL;
    if (likely(t != NULL)) {
        gc_link(L->g, (struct gcobj *)t, T_TABLE);
        table_init(L, t, narr, nhash);
        return t;
    }
    t = (struct table *)gc_new(L, sizeof *t + (inside ? narr + nhash : 0) * sizeof(struct value), T_TABLE);
    table_init(L, t, inside ? narr : 0, inside ? nhash : 0);
    if (inside)
        return t;
    if (narr)
        new_array(L, t, narr);
    if (nhash)
        new_fields(L, t, nhash);
    return t;
}

struct table *table_new_quiet(struct lua_State *L, uint32_t narr, uint32_t nhash)
{
    size_t size = sizeof(struct table) + (narr + nhash) * sizeof(struct value);
    if (unlikely(!fits_inside(narr, nhash) || !L->g->own_alloc))
        return NULL;
    struct table *t = mem_take(L->g, size);
    if (unlikely(t == NULL && (t = mem_alloc_optional(L->g, size)) == NULL))
        return NULL;
    gc_link(L->g, (struct gcobj *)t, T_TABLE);
    table_init(L, t, narr, nhash);
    return t;
}

static inline void free_values(struct lua_State *L, const struct table *t, struct value *p, uint32_t cap)
{
    if (cap != 0 && !table_is_inside(t, p))
        mem_free(L, p, (size_t)cap * sizeof *p);
}

void table_free(struct lua_State *L, struct table *t)
{
    free_values(L, t, t->arr, t->acap);
    free_values(L, t, t->slots, t->slotcap);
    if (t->ilog)
        mem_free(L, t->node, hash_bytes(t));
    mem_give(L, t, own_bytes(t));
}

/* p, the array or the fields, gets n > cap places. */
static struct value *grow_values(struct lua_State *L, const struct table *t, struct value *p, uint32_t cap, uint32_t n)
{
    if (!table_is_inside(t, p))
        return mem_realloc(L, p, (size_t)cap * sizeof *p, (size_t)n * sizeof *p);
    struct value *q = mem_alloc(L, (size_t)n * sizeof *q, 0);
    memcpy(q, p, (size_t)cap * sizeof *q);
    return q;
}

/* ---- keys in the hash -------------------------------------------------------------------------- */
static inline struct node *find_bits(const struct table *t, uint32_t tag, uint64_t bits, uint32_t hash)
{
    const uint32_t mask = index_mask(t), *index = table_index(t);
    for (uint32_t i = hash & mask;; i = (i + 1) & mask) {
        uint32_t n = index[i];
        if (n == 0)
            return NULL;
        struct node *nd = &t->node[(n & mask) - 1];
        if (entry_fits(n, hash, mask) && nd->kbits == bits && nd->ktag == tag)
            return nd;
    }
}

static inline struct node *find_int(const struct table *t, int64_t key)
{
    const uint32_t mask = index_mask(t), hash = hash_bits((uint64_t)key);
    uint32_t n = table_index(t)[int_place((uint64_t)key, t->ilog) & mask];
    if (n == 0)
        return NULL;
    struct node *nd = &t->node[(n & mask) - 1];
    if (entry_fits(n, hash, mask) && nd->ki == key && nd->ktag == T_INT)
        return nd;
    return find_bits(t, T_INT, (uint64_t)key, hash);
}

static struct node *find_long(const struct table *t, struct lstr *s)
{
    const uint32_t mask = index_mask(t), *index = table_index(t);
    if (mask == 0)
        return NULL;
    const uint32_t hash = str_hash(s);
    for (uint32_t i = hash & mask;; i = (i + 1) & mask) {
        uint32_t n = index[i];
        if (n == 0)
            return NULL;
        struct node *nd = &t->node[(n & mask) - 1];
        if (entry_fits(n, hash, mask) && nd->ktag == T_STR && str_eq(nd->ks, s))
            return nd;
    }
}

/* Keys as the hash has them: booleans without payload (it is undefined in values). */
static inline uint64_t key_bits(const struct value *k) { return k->tag == T_TRUE || k->tag == T_FALSE ? 0 : k->bits; }

/* Any key but short strings in shape form and integers in the array; floats are not integral. */
static struct node *find_node(const struct table *t, const struct value *k)
{
    if (k->tag == T_STR && !k->s->is_short)
        return find_long(t, k->s);
    if (k->tag == T_INT)
        return find_int(t, k->i);
    uint64_t bits = key_bits(k);
    return find_bits(t, k->tag, bits, hash_key(k->tag, bits));
}

/* A float with an integral value is the integer. */
static inline const struct value *normal_key(const struct value *k, struct value *tmp)
{
    int64_t i;
    if (k->tag != T_FLT || !int_of_float(k->n, &i))
        return k;
    setint(tmp, i);
    return tmp;
}

/* ---- reading ----------------------------------------------------------------------------------- */
static inline const struct value *value_of(const struct node *nd) { return nd ? &nd->val : &absent_value; }

const struct value *table_getshort(struct table *t, struct lstr *key)
{
    if (t->shape == NULL)
        return value_of(find_bits(t, T_STR, (uintptr_t)key, key->hash));
    int slot = shape_find(t->shape, key);
    return slot >= 0 ? &t->slots[slot] : &absent_value;
}

const struct value *table_getstr(struct table *t, struct lstr *key)
{
    return key->is_short ? table_getshort(t, key) : value_of(find_long(t, key));
}

const struct value *table_getint(struct table *t, int64_t key)
{
    if ((uint64_t)key - 1 < t->alen)
        return &t->arr[key - 1];
    if (t->nints == 0)
        return &absent_value;
    return value_of(find_int(t, key));
}

const struct value *table_get(struct table *t, const struct value *key)
{
    int64_t i;
    switch (key->tag) {
    case T_STR: return table_getstr(t, key->s);
    case T_INT: return table_getint(t, key->i);
    case T_NIL: return &absent_value;
    case T_FLT:
        if (int_of_float(key->n, &i))
            return table_getint(t, i);
        break;
    default: break;
    }
    return value_of(find_node(t, key));
}

/* ---- rehashing ---------------------------------------------------------------------------------- */
static uint32_t live_nodes(const struct table *t)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < t->nused; i++)
        n += t->node[i].val_tag != T_NIL;
    return n;
}

static void copy_nodes(const struct table *t, struct block *b)
{
    for (uint32_t i = 0; i < t->nused; i++) {
        const struct node *o = &t->node[i];
        if (i + AHEAD < t->nused && o[AHEAD].ktag == T_STR)
            __builtin_prefetch(o[AHEAD].kp); /* its hash is needed */
        if (o->val_tag == T_NIL)
            continue;
        struct node *nd = block_put(b, o->ktag, o->kbits);
        nd->val_bits = o->val_bits;
        nd->val_tag = o->val_tag;
    }
}

/* Same array, hash with room for `extra` more. */
static void grow_hash(struct lua_State *L, struct table *t, uint32_t extra, bool exact)
{
    uint32_t isize = index_size(L, (uint64_t)live_nodes(t) + extra, exact);
    struct block b;
    block_init(&b, mem_alloc(L, block_bytes(isize), 0), isize);
    copy_nodes(t, &b);
    block_install(L, t, &b);
}

/* ---- choosing the array's size ----------------------------------------------------------------- */
static void trim(struct table *t)
{
    uint32_t n = t->alen;
    while (n > 0 && t->arr[n - 1].tag == T_NIL)
        n--;
    t->alen = n;
}

/* Class of an integer key: c with 2^(c-1) < key <= 2^c, or -1 when it cannot be an array index. */
static inline int int_class(int64_t k)
{
    if ((uint64_t)k - 1 >= MAX_ARRAY)
        return -1;
    return k == 1 ? 0 : 64 - __builtin_clzll((uint64_t)k - 1);
}

static uint32_t count_array(const struct table *t, uint32_t *nums)
{
    uint32_t total = 0, i = 0, lim = 1;
    for (int c = 0; i < t->alen; c++, lim *= 2) {
        uint32_t n = 0, end = lim < t->alen ? lim : t->alen;
        for (; i < end; i++)
            n += t->arr[i].tag != T_NIL;
        nums[c] += n;
        total += n;
    }
    return total;
}

static uint32_t count_hash(const struct table *t, uint32_t *nums)
{
    uint32_t total = 0;
    for (uint32_t i = 0, left = t->nints; left > 0 && i < t->nused; i++) {
        const struct node *nd = &t->node[i];
        left -= nd->ktag == T_INT;
        if (nd->ktag == T_INT && nd->val_tag != T_NIL) {
            int c = int_class(nd->ki);
            if (c >= 0)
                nums[c]++, total++;
        }
    }
    return total;
}

/* Invariant 6. key: an integer about to be added. */
static uint32_t best_array(const struct table *t, int64_t key)
{
    if (t->alen == 0 && t->nints == 0)
        return key == 1;
    uint32_t nums[32] = {0}, sum = 0, best = 0;
    int kc = int_class(key);
    uint32_t total = count_array(t, nums) + count_hash(t, nums) + (kc >= 0);
    if (kc >= 0)
        nums[kc]++;
    for (int c = 0; c <= 30 && total > (1u << c) / 2; c++) {
        sum += nums[c];
        if (sum > (1u << c) / 2)
            best = 1u << c;
    }
    return best;
}

/* Array elements from `from` on that are not nil. */
static uint32_t live_array(const struct table *t, uint32_t from)
{
    uint32_t n = 0;
    for (uint32_t i = from; i < t->alen; i++)
        n += t->arr[i].tag != T_NIL;
    return n;
}

/* Integer keys of the hash that the array now covers move there. */
static void migrate_ints(struct table *t)
{
    uint32_t left = 0;
    for (uint32_t i = 0; i < t->nused; i++) {
        struct node *nd = &t->node[i];
        if (nd->ktag != T_INT)
            continue;
        if ((uint64_t)nd->ki - 1 >= t->acap) {
            left++;
            continue;
        }
        if (nd->val_tag != T_NIL) {
            uint32_t at = (uint32_t)(nd->ki - 1);
            for (; t->alen <= at; t->alen++)
                setnil(&t->arr[t->alen]);
            setval(&t->arr[at], &nd->val);
            setnil(&nd->val);
        }
        nd->ktag = T_DEAD; /* 1: not even an entry without value; no key has these bits in use */
        nd->kbits = 0;
    }
    t->nints = left;
}

static void set_array(struct lua_State *L, struct table *t, uint32_t n)
{
    t->arr = grow_values(L, t, t->arr, t->acap, n);
    t->acap = n;
}

static void grow_array(struct lua_State *L, struct table *t, uint32_t n)
{
    if (n > MAX_ARRAY)
        dbg_runerror(L, "table overflow");
    set_array(L, t, n);
    if (t->nints)
        migrate_ints(t);
}

/* The array is too sparse: what lies beyond n goes into the hash. */
static void shrink_array(struct lua_State *L, struct table *t, uint32_t n)
{
    uint32_t isize = index_size(L, (uint64_t)live_nodes(t) + live_array(t, n) + 1, false);
    struct block b;
    block_init(&b, mem_alloc(L, block_bytes(isize), 0), isize);
    copy_nodes(t, &b);
    for (uint32_t i = n; i < t->alen; i++)
        if (t->arr[i].tag != T_NIL)
            setval(&block_put(&b, T_INT, (uint64_t)i + 1)->val, &t->arr[i]);
    block_install(L, t, &b);
    if (t->alen > n)
        t->alen = n;
    trim(t);
    void *arr = NULL;
    if (n == 0)
        free_values(L, t, t->arr, t->acap);
    else if (table_is_inside(t, t->arr))
        arr = t->arr;
    else
        arr = mem_try_realloc(L, t->arr, (size_t)t->acap * sizeof *t->arr, (size_t)n * sizeof *t->arr);
    if (n == 0 || arr != NULL) {
        t->arr = arr;
        t->acap = n;
    } else {
        grow_array(L, t, t->acap); /* no memory for less: take the keys back; cannot fail */
    }
}

/* ---- new keys ---------------------------------------------------------------------------------- */
static void put_node(struct lua_State *L, struct table *t, const struct value *key, const struct value *val)
{
    uint64_t bits = key_bits(key);
    struct node *nd = &t->node[t->nused++];
    link_node(table_index(t), t->ilog, key->tag, bits, t->nused);
    nd->ktag = key->tag;
    nd->kbits = bits;
    setval(&nd->val, val);
    t->nints += key->tag == T_INT;
    gc_barrier_back(L, t, key);
    gc_barrier_back(L, t, val);
}

static void new_in_hash(struct lua_State *L, struct table *t, const struct value *key, const struct value *val)
{
    if (t->nused == table_ncap(t)) {
        if (t->nints) {
            uint32_t best = best_array(t, 0);
            if (best > t->acap)
                grow_array(L, t, best);
        }
        grow_hash(L, t, 1, false);
    }
    put_node(L, t, key, val);
}

static void put_in_array(struct lua_State *L, struct table *t, uint64_t key, const struct value *val)
{
    while (t->alen < key)
        setnil(&t->arr[t->alen++]);
    setval(&t->arr[key - 1], val);
    gc_barrier_back(L, t, val);
}

/* An integer key that is absent. */
static void new_int(struct lua_State *L, struct table *t, int64_t key, const struct value *val)
{
    if ((uint64_t)key - 1 < t->acap) {
        put_in_array(L, t, (uint64_t)key, val);
        return;
    }
    bool append = (uint64_t)key - 1 == t->alen; /* so alen == acap */
    if (append && t->nints == 0 && (t->acap < 16 || live_array(t, 0) > t->acap / 2)) {
        grow_array(L, t, t->acap < FIRST_ARRAY ? FIRST_ARRAY : t->acap * 2);
        put_in_array(L, t, (uint64_t)key, val);
        return;
    }
    if (append || t->nused == table_ncap(t)) {
        uint32_t best = best_array(t, key);
        if (best > t->acap)
            grow_array(L, t, best);
        else if (append && best < t->acap && t->acap >= 16)
            shrink_array(L, t, best);
        if ((uint64_t)key - 1 < t->acap) {
            put_in_array(L, t, (uint64_t)key, val);
            return;
        }
        if (t->nused == table_ncap(t))
            grow_hash(L, t, 1, false);
    }
    struct value k;
    setint(&k, key);
    put_node(L, t, &k, val);
}

void table_grow_slots(struct lua_State *L, struct table *t, uint32_t cap)
{
    t->slots = grow_values(L, t, t->slots, t->slotcap, cap);
    t->slotcap = (uint16_t)cap;
}

static void reserve_slot(struct lua_State *L, struct table *t, const struct lstr *key)
{
    if (t->shape->nslots >= t->slotcap)
        table_grow_slots(L, t, shape_room(t->shape, key));
}

/* A new short-string key in shape form; false: the table must become a dictionary. */
static bool new_slot(struct lua_State *L, struct table *t, struct lstr *key, const struct value *val)
{
    reserve_slot(L, t, key);
    struct shape *next = shape_add(L, t->shape, key);
    if (next == NULL)
        return false;
    setval(&t->slots[t->shape->nslots], val);
    t->shape = next;
    gc_barrier_obj(L, t, next);
    gc_barrier_back(L, t, val);
    return true;
}

static void to_dict(struct lua_State *L, struct table *t)
{
    if (t->shape == NULL)
        return;
    uint32_t nslots = t->shape->nslots;
    shape_use(t->shape);
    uint32_t isize = index_size(L, (uint64_t)live_nodes(t) + nslots + 1, false);
    struct block b;
    block_init(&b, mem_alloc(L, block_bytes(isize), 0), isize);
    for (uint32_t i = 0; i < nslots; i++) {
        if (t->slots[i].tag == T_NIL)
            continue;
        struct lstr *key = shape_key(t->shape, i);
        setval(&block_put(&b, T_STR, (uintptr_t)key)->val, &t->slots[i]);
        if (gc_is_black(t) && gc_is_white(key))
            gc_barrier_back_(L, (struct gcobj *)t);
    }
    copy_nodes(t, &b);
    block_install(L, t, &b);
    free_values(L, t, t->slots, t->slotcap);
    t->slots = NULL;
    t->slotcap = 0;
    t->shape = NULL;
}

/* A program that adds names it computes uses the table as a map. */
static bool becomes_map(struct table *t)
{
    unsigned adds = (t->flags >> ADDS_SHIFT) + 1;
    if (adds > DICT_ADDS)
        t->flags |= TF_DICTHINT;
    else
        t->flags = (uint8_t)((t->flags & ((1 << ADDS_SHIFT) - 1)) | adds << ADDS_SHIFT);
    return t->flags & TF_DICTHINT;
}

static void new_short(struct lua_State *L, struct table *t, struct lstr *key, const struct value *val, bool computed)
{
    struct value k;
    setstr(&k, key);
    if (t->shape != NULL) {
        if (!(computed && becomes_map(t)) && new_slot(L, t, key, val))
            return;
        to_dict(L, t);
    }
    new_in_hash(L, t, &k, val);
}

/* key is normal and absent, val is not nil. */
static void new_key(struct lua_State *L, struct table *t, const struct value *key, const struct value *val, bool computed)
{
    t->nomm = 0;
    switch (key->tag) {
    case T_INT: new_int(L, t, key->i, val); return;
    case T_STR:
        if (key->s->is_short) {
            new_short(L, t, key->s, val, computed);
            return;
        }
        break;
    case T_NIL: dbg_runerror(L, "table index is nil");
    case T_FLT:
        if (key->n != key->n)
            dbg_runerror(L, "table index is NaN");
        break;
    default: break;
    }
    new_in_hash(L, t, key, val);
}

/* ---- writing ----------------------------------------------------------------------------------- */
static inline void store(struct lua_State *L, struct table *t, const struct value *old, const struct value *val)
{
    if (old->tag == T_NIL)
        t->nomm = 0;
    setval((struct value *)old, val);
    gc_barrier_back(L, t, val);
}

static inline void set_at(struct lua_State *L, struct table *t, const struct value *key, const struct value *old, const struct value *val, bool computed)
{
    if (unlikely(t->flags & TF_CLASS))
        class_written(L, t, key, old);
    if (old != &absent_value)
        store(L, t, old, val);
    else if (val->tag != T_NIL || key->tag == T_NIL || key->tag == T_FLT)
        new_key(L, t, key, val, computed);
}

void table_set(struct lua_State *L, struct table *t, const struct value *key, const struct value *val)
{
    struct value tmp;
    key = normal_key(key, &tmp);
    const struct value *old = table_get(t, key);
    if (old == &absent_value && val->tag == T_NIL && (key->tag != T_NIL && (key->tag != T_FLT || key->n == key->n)))
        return;
    set_at(L, t, key, old, val, true);
}

void table_setint(struct lua_State *L, struct table *t, int64_t key, const struct value *val)
{
    const struct value *old = table_getint(t, key);
    if (likely(old != &absent_value && !(t->flags & TF_CLASS))) {
        setval((struct value *)old, val);
        gc_barrier_back(L, t, val);
        return;
    }
    struct value k;
    setint(&k, key);
    if (old == &absent_value && val->tag == T_NIL)
        return;
    set_at(L, t, &k, old, val, true);
}

void table_setstr(struct lua_State *L, struct table *t, struct lstr *key, const struct value *val)
{
    const struct value *old = table_getstr(t, key);
    if (old == &absent_value && val->tag == T_NIL)
        return;
    struct value k;
    setstr(&k, key);
    set_at(L, t, &k, old, val, false);
}

void table_setmeta(struct lua_State *L, struct table *t, struct table *mt)
{
    if (mt == t->meta && (mt == NULL || (mt->flags & TF_CLASS)))
        goto finalizer;
    if (mt != NULL) {
        class_mark(L, mt);
        class_of_one_more(mt);
    }
    class_meta_changed(L, t);
    t->meta = mt;
finalizer:
    if (mt == NULL)
        return;
    gc_barrier_obj(L, t, mt);
    gc_check_finalizer(L, (struct gcobj *)t, mt);
}

void table_resize(struct lua_State *L, struct table *t, uint32_t narr, uint32_t nhash)
{
    if (narr > t->acap)
        grow_array(L, t, narr);
    if (nhash == 0)
        return;
    if (t->shape != NULL && nhash <= SHAPE_MAX_SLOTS) {
        if (nhash > t->slotcap)
            table_grow_slots(L, t, nhash);
        return;
    }
    if (t->flags & TF_CLASS)
        class_meta_changed(L, t);
    to_dict(L, t);
    if (table_ncap(t) - t->nused < nhash)
        grow_hash(L, t, nhash, true);
}

/* ---- length and traversal ---------------------------------------------------------------------- */
static bool has_int(struct table *t, uint64_t k) { return table_getint(t, (int64_t)k)->tag != T_NIL; }

/* n is present in the hash: a border above it. */
static uint64_t search_border(struct table *t, uint64_t n)
{
    uint64_t lo = n, hi;
    for (;; lo = hi) {
        hi = lo > (uint64_t)INT64_MAX / 2 ? (uint64_t)INT64_MAX : lo * 2;
        if (!has_int(t, hi))
            break;
        if (hi == (uint64_t)INT64_MAX)
            return hi;
    }
    while (hi - lo > 1) {
        uint64_t mid = lo + (hi - lo) / 2;
        if (has_int(t, mid))
            lo = mid;
        else
            hi = mid;
    }
    return lo;
}

uint64_t table_len(struct table *t)
{
    if (t->alen > 0 && t->arr[t->alen - 1].tag == T_NIL)
        trim(t);
    uint64_t n = t->alen;
    if (likely(t->nints == 0) || !has_int(t, n + 1))
        return n;
    return search_border(t, n + 1);
}

static uint32_t nslots_of(const struct table *t) { return t->shape ? t->shape->nslots : 0; }

uint32_t table_next_at(struct table *t, uint32_t pos, struct value *out)
{
    for (; pos < t->alen; pos++)
        if (t->arr[pos].tag != T_NIL) {
            setint(&out[0], (int64_t)pos + 1);
            setval(&out[1], &t->arr[pos]);
            return pos + 1;
        }
    uint32_t i = pos < t->acap ? 0 : pos - t->acap, n = nslots_of(t);
    for (; i < n; i++)
        if (t->slots[i].tag != T_NIL) {
            setstr(&out[0], shape_key(t->shape, i));
            setval(&out[1], &t->slots[i]);
            return t->acap + i + 1;
        }
    for (i -= n; i < t->nused; i++) {
        const struct node *nd = &t->node[i];
        if (nd->val_tag != T_NIL) {
            out[0].bits = nd->kbits;
            out[0].tag = nd->ktag;
            setval(&out[1], &nd->val);
            return t->acap + n + i + 1;
        }
    }
    return 0;
}

/* A key whose object may have been collected since: it is compared by address only. */
static const struct node *find_dead(const struct table *t, const struct value *key)
{
    const uint32_t mask = index_mask(t), *index = table_index(t);
    if (!tag_is_gc(key->tag) || mask == 0)
        return NULL;
    for (uint32_t i = hash_key(key->tag, key->bits) & mask;; i = (i + 1) & mask) {
        uint32_t n = index[i];
        if (n == 0)
            return NULL;
        const struct node *nd = &t->node[(n & mask) - 1];
        if (nd->ktag == T_DEAD && nd->kbits == key->bits)
            return nd;
    }
}

int64_t table_pos_of(struct lua_State *L, struct table *t, const struct value *key)
{
    struct value tmp;
    key = normal_key(key, &tmp);
    if (key->tag == T_NIL)
        return 0;
    if (key->tag == T_INT && (uint64_t)key->i - 1 < t->acap)
        return key->i;
    if (key->tag == T_STR && key->s->is_short && t->shape != NULL) {
        int slot = shape_find(t->shape, key->s);
        if (slot >= 0)
            return (int64_t)t->acap + slot + 1;
    } else {
        const struct node *nd = find_node(t, key);
        if (nd == NULL)
            nd = find_dead(t, key);
        if (nd != NULL)
            return (int64_t)t->acap + nslots_of(t) + (nd - t->node) + 1;
    }
    dbg_runerror(L, "invalid key to 'next'");
}

int table_next(struct lua_State *L, struct table *t, const struct value *key, struct value *out)
{
    return table_next_at(t, (uint32_t)table_pos_of(L, t, key), out) != 0;
}

/* ---- inline caches ----------------------------------------------------------------------------- */
static void fill_own(struct icache *ic, struct shape *s, struct shape *next, uint32_t slot)
{
    ic->shape = s;
    ic->next = next;
    ic->meta = NULL;
    ic->holder = NULL;
    ic->slot = slot;
}

/* The field comes from a table on the __index chain of t. Every table on the way becomes a class, so
 * that class_epoch stands for "nothing on the way has changed its structure". */
static void fill_chain(struct lua_State *L, struct icache *ic, struct table *t, struct lstr *key)
{
    struct lstr *index_name = L->g->mmname[MM_INDEX];
    struct table *mt = t->meta;
    for (int depth = 0; mt != NULL && depth < 20; depth++) {
        class_mark(L, mt);
        const struct value *index = table_getshort(mt, index_name);
        if (index->tag != T_TABLE)
            return;
        class_mark(L, index->t);
        const struct value *v = table_getshort(index->t, key);
        if (v->tag != T_NIL) {
            ic->shape = t->shape;
            ic->next = NULL;
            ic->meta = t->meta;
            ic->holder = (struct value *)v;
            ic->slot = 0;
            ic->epoch = L->g->class_epoch;
            return;
        }
        mt = index->t->meta;
    }
}

void icache_fill_get(struct lua_State *L, struct icache *ic, struct table *t, struct lstr *key)
{
    if (t->shape == NULL)
        return;
    int slot = shape_find(t->shape, key);
    if (slot >= 0) {
        if (t->slots[slot].tag != T_NIL)
            fill_own(ic, t->shape, NULL, (uint32_t)slot);
        return;
    }
    if (t->meta != NULL)
        fill_chain(L, ic, t, key);
}

void table_setfield_ic(struct lua_State *L, struct icache *ic, struct table *t, struct lstr *key, const struct value *val)
{
    struct value k;
    const struct value *old = table_getshort(t, key);
    if (old == &absent_value && val->tag == T_NIL)
        return;
    struct shape *before = t->shape;
    setstr(&k, key);
    set_at(L, t, &k, old, val, false);
    if (before == NULL || t->shape == NULL)
        return;
    if (old != &absent_value)
        fill_own(ic, before, NULL, (uint32_t)(old - t->slots));
    else
        fill_own(ic, before, t->shape, before->nslots);
}

/* ---- checking (tests) -------------------------------------------------------------------------- */
bool table_check(struct global *g, const struct table *t)
{
    if (t->alen > t->acap || t->nused > table_ncap(t) || (t->shape == NULL && t->slots != NULL))
        return false;
    if (t->shape != NULL && t->shape->nslots > t->slotcap)
        return false;
    uint32_t nints = 0, linked = 0;
    for (uint32_t i = 0; t->ilog && i <= index_mask(t); i++)
        linked += table_index(t)[i] != 0;
    for (uint32_t i = 0; i < t->nused; i++) {
        const struct node *nd = &t->node[i];
        if (nd->ktag == T_INT && (uint64_t)nd->ki - 1 < t->acap)
            return false;
        if (nd->ktag == T_STR && t->shape != NULL && nd->ks->is_short)
            return false;
        if (nd->ktag == T_DEAD && nd->val_tag != T_NIL)
            return false;
        nints += nd->ktag == T_INT;
        if (nd->ktag != T_DEAD && nd->val_tag != T_NIL) {
            struct value k = {.bits = nd->kbits, .tag = nd->ktag};
            if (find_node(t, &k) != nd)
                return false;
        }
    }
    return nints <= t->nints && linked == t->nused;
}
