/* object.h: how Lua values and objects look in memory. The interpreter, the collector, the C API
 * and the machine code (through the descriptors in driver.c) all rely on these layouts.
 *
 * Invariants
 *  1. Objects never move and begin with struct gcobj.
 *  2. tag <= T_TRUE-1 ... : `tag_is_false(tag)` is tag <= T_FALSE; tag >= T_STR is collectable.
 *  3. A value is written as payload and tag (12 bytes); bytes 12..15 belong to whoever holds the
 *     value (hash nodes keep the key's tag there): use setval(), never a struct assignment into a
 *     node.
 *  4. nil, false and true have an undefined payload; compare them by tag only.
 *  5. An absent table entry is T_NIL. Array elements [0, alen) are initialised; elements beyond
 *     alen are not looked at.
 *  6. Strings of at most STR_SHORT_MAX bytes are interned: equal means same address.
 */
#ifndef JIT_LUA_OBJECT_H
#define JIT_LUA_OBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <lua5.4/lua.h>
#include "lua/opcodes.h"

enum tag {
    T_NIL = 0,
    T_FALSE = 1,
    T_TRUE = 2,
    T_LIGHTUD = 3,
    T_INT = 4,
    T_FLT = 5,
    T_LCF = 6, /* light C function: payload.f */
    T_STR = 8, /* collectable from here */
    T_TABLE = 9,
    T_LCL = 10, /* Lua closure */
    T_CCL = 11, /* C closure */
    T_UDATA = 12,
    T_THREAD = 13,
    T_PROTO = 14, /* never in a register */
    T_UPVAL = 15,
    T_SHAPE = 16,
    T_DEAD = 17 /* hash node whose key was collected: key keeps its address for next() */
};

struct value {
    union {
        int64_t i;
        double n;
        void *p;
        lua_CFunction f;
        struct gcobj *gc;
        struct lstr *s;
        struct table *t;
        struct lclosure *lcl;
        struct cclosure *ccl;
        struct udata *u;
        struct lua_State *th;
        uint64_t bits;
    };
    uint32_t tag;
    uint32_t extra; /* not part of the value, see 3 */
};

static inline bool tag_is_false(uint32_t tag) { return tag <= T_FALSE; }
static inline bool tag_is_gc(uint32_t tag) { return tag >= T_STR; }
static inline bool tag_is_number(uint32_t tag) { return tag == T_INT || tag == T_FLT; }
static inline bool tag_is_function(uint32_t tag) { return tag == T_LCF || tag == T_LCL || tag == T_CCL; }

static inline void setval(struct value *d, const struct value *s)
{
    d->bits = s->bits;
    d->tag = s->tag;
}
static inline void setnil(struct value *d) { d->tag = T_NIL; }
static inline void setbool(struct value *d, bool b) { d->tag = b ? T_TRUE : T_FALSE; }
static inline void setint(struct value *d, int64_t i)
{
    d->i = i;
    d->tag = T_INT;
}
static inline void setflt(struct value *d, double n)
{
    d->n = n;
    d->tag = T_FLT;
}
static inline void setgc(struct value *d, void *o, uint32_t tag)
{
    d->p = o;
    d->tag = tag;
}
static inline void setstr(struct value *d, struct lstr *s) { setgc(d, s, T_STR); }
static inline void settable(struct value *d, struct table *t) { setgc(d, t, T_TABLE); }

/* ---- every collectable object ---------------------------------------------------------------
 *   0        8      9      10     11     12
 *  [ next   | kind | mark | f1   | f2   | f4 ...
 * kind is an enum tag; mark see gc.h; f1 f2 belong to the kind. */
struct gcobj {
    struct gcobj *next;
    uint8_t kind;
    uint8_t mark; /* bits 0-1 white0 white1, 2 black, 3 finalizer registered, 4 fixed, 5-7 age */
};
#define GCOBJ_HEADER \
    struct gcobj *next; \
    uint8_t kind; \
    uint8_t mark

/* struct gcobj's fields, but a short string is on no list: its first word is the chain in the string table. */
struct lstr {
    union {
        struct gcobj *next; /* long */
        struct lstr *hnext; /* short */
    };
    uint8_t kind, mark;
    uint8_t is_short;
    uint8_t reserved : 7; /* != 0: reserved word number, for the lexer (short strings) */
    uint8_t has_hash : 1;
    uint32_t hash; /* short: always; long: computed when is hashed (has_hash) */
    size_t len;
    char data[]; /* len bytes and a NUL */
};
#define STR_SHORT_MAX 40

/* ---- tables -----------------------------------------------------------------------------------
 * Three parts: array arr[0, alen) for keys 1..alen (acap allocated); named slots for short-string
 * keys through a shape; a hash (node + index) for everything else. A table is in *shape form*
 * (shape != NULL, slots[shape->nslots] valid, no short string in the hash) or in *dictionary form*
 * (shape == NULL, all string keys in the hash, slots == NULL). An empty table starts in shape form
 * with the root shape and slots == NULL.
 * alen is the border hint: slots of the array may hold nil inside, but arr[alen-1] is not nil
 * except while a traversal clears fields (table_len then searches downwards).
 * The hash is insertion-ordered: node[0, nused) in order of insertion, index[] of 32-bit node
 * numbers + 1 (open addressing, size a power of two, twice the nodes), bits of the keys' hashes above. A removed entry keeps its node with
 * a nil value until the next rehash; next() walks nodes in order. */
struct node {
    union { /* the value: overlays struct value; its `extra` is the key's tag */
        struct value val;
        struct {
            uint64_t val_bits;
            uint32_t val_tag;
            uint32_t ktag;
        };
    };
    union {
        uint64_t kbits;
        int64_t ki;
        double kn;
        struct lstr *ks;
        struct gcobj *kgc;
        void *kp;
    };
};

struct shape;
enum {
    TF_CLASS = 1, /* used as a metatable or as __index: writes are watched (class.c) */
    TF_DICTHINT = 2, /* grows by computed keys: prefers the dictionary form */
    TF_META = 4, /* the metatable of an object */
    TF_SHARED = 8 /* of more than one */
};
struct table {
    GCOBJ_HEADER;
    uint8_t flags; /* TF_* */
    uint8_t nomm; /* bit e: metamethod e (enum metamethod < 8) is known to be absent in this table */
    uint32_t alen; /* elements of the array part */
    struct value *arr;
    struct shape *shape; /* NULL: dictionary form */
    struct value *slots; /* shape form: capacity slotcap */
    struct table *meta;
    struct node *node; /* never NULL: table_index needs no test */
    uint32_t acap;
    uint16_t slotcap;
    uint8_t room; /* values behind this struct, in its own block: what the constructor asked for. arr and slots lie there
                   * until they grow (table_is_inside) */
    uint8_t ilog; /* 1 << ilog: entries of the index; 0: no hash */
    uint32_t nused; /* nodes in use, of table_ncap() */
    uint32_t nints; /* integer keys among the nodes (may overcount) */
    struct gcobj *gclist;
};

static inline uint32_t table_ncap(const struct table *t) { return (1u << t->ilog) / 2; }
/* Behind the nodes: numbers of nodes from 1 on in the lower ilog bits, 0 = empty; a single 0 without hash. */
static inline uint32_t *table_index(const struct table *t) { return (uint32_t *)(t->node + table_ncap(t)); }
/* Is p (t->arr or t->slots) part of the table's own block? */
static inline bool table_is_inside(const struct table *t, const struct value *p)
{
    return (uintptr_t)p - (uintptr_t)(t + 1) < t->room * sizeof *p;
}

/* A shape: an ordered set of short-string keys, slot number = position. Shapes form a tree from the
 * root shape; each knows its last key. `keys` (all keys in order) and `find` are built on demand and
 * may be shared with the parent chain. Children are weak. */
#define SHAPE_MAX_SLOTS 128
struct shape {
    GCOBJ_HEADER;
    uint16_t nslots;
    uint16_t nalone; /* tables of the shape that became the metatable of one object each, up to 65535; a guess for the recorder */
    struct shape *parent;
    struct lstr *key; /* the key of slot nslots-1; NULL in the root */
    struct lstr **keys; /* [nslots], own memory, built when first needed */
    uint8_t *find; /* open-addressing table of slot+1 by hash, findmask+1 entries */
    uint32_t findmask;
    struct shape **kids; /* weak; open addressing by key's hash, kidmask+1 entries, NULL = empty */
    uint32_t kidmask, nkids;
    struct gcobj *gclist;
    struct global *g; /* whose memory find and keys are */
};

struct udata {
    GCOBJ_HEADER;
    uint16_t nuv;
    size_t len;
    struct table *meta;
    struct gcobj *gclist;
    struct value uv[]; /* nuv user values, then the block, 16-byte aligned */
};
static inline void *udata_block(struct udata *u) { return (char *)u + ((offsetof(struct udata, uv) + 15) & ~(size_t)15) + sizeof(struct value) * u->nuv; }

struct upval {
    GCOBJ_HEADER;
    uint8_t open;
    struct value *v; /* into the stack while open, else &closed */
    union {
        struct value closed;
        struct {
            struct upval *onext;
            struct upval **oprev;
        }; /* open list of the thread, by level, highest first */
    };
};

struct proto;
struct lclosure {
    GCOBJ_HEADER;
    uint8_t nupvals;
    struct gcobj *gclist;
    struct proto *p;
    struct upval *upvals[];
};
struct cclosure {
    GCOBJ_HEADER;
    uint8_t nupvals;
    struct gcobj *gclist;
    lua_CFunction f;
    struct value upvals[];
};

/* Inline cache of one table access. Valid when the table's shape is `shape` and
 *  - own hit:   meta == NULL: value at slots[slot]
 *  - own add (stores): next != NULL: the key is new, the table becomes `next`, value at slots[slot]
 *  - chain hit: meta != NULL: table's meta is `meta`, epoch is global's class_epoch: value at *holder
 * Shapes and tables named here are weak: the collector clears caches in its atomic phase. */
struct icache {
    struct shape *shape;
    struct shape *next;
    struct table *meta;
    struct value *holder;
    uint32_t slot;
    uint32_t epoch;
};

/* Hot counter of one loop, or of the function. When count reaches 0 the slow path runs, which
 * enters the trace if there is one (count is then kept at 1) or starts recording. */
struct hot {
    uint16_t count;
    uint16_t start; /* what count was reset to (back-off) */
    uint32_t pc; /* of the loop's first instruction (target of the backward jump); 0 for functions */
    struct jit_trace *trace; /* installed trace or NULL; maintained by trace/ through the driver */
};

struct upvaldesc {
    struct lstr *name;
    uint8_t instack;
    uint8_t idx;
    uint8_t kind;
};
struct locvar {
    struct lstr *name;
    int32_t startpc, endpc;
};

struct proto {
    GCOBJ_HEADER;
    uint8_t numparams;
    uint8_t is_vararg;
    uint8_t maxstack; /* registers, >= 2 */
    uint8_t nojit; /* do not trace */
    uint8_t hidden; /* its frames belong to the C function below them: the debug interface does not show them (sort.c) */
    uint32_t ncode, nk, np, nlineinfo, nlocvars, nic, nhot;
    uint32_t nupvals;
    int32_t linedefined, lastlinedefined;
    lua_ins *code;
    struct value *k;
    struct proto **protos;
    struct upvaldesc *upvals;
    struct icache *ic;
    struct hot *hot; /* one per loop */
    struct hot fhot; /* function entry */
    int32_t *lineinfo; /* [ncode] line of each instruction; NULL when stripped */
    struct locvar *locvars;
    struct lstr *source; /* may be NULL when stripped */
    struct gcobj *gclist;
    struct lclosure *sorter; /* the table.sort for comparison functions of this prototype, or NULL; sort.c */
    uint32_t nsorted; /* elements sorted by them, until there is one */
    void *live; /* live.c: live registers by instruction; NULL: not analysed */
};

#endif
