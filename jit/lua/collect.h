/* collect.h: what the collector and the files that own objects' memory know of each other beyond
 * guest.h (included by mem.c gc.c string.c shape.c table.c class.c func.c state.c only). */
#ifndef JIT_LUA_COLLECT_H
#define JIT_LUA_COLLECT_H
#include "lua/guest.h"

#define GC_FIN 8u /* a finalizer is registered: the object is in finobj or tobefnz */
#define GC_FIXED 16u /* never collected */

/* gc_stop: reasons why no step runs */
#define GCSTOP_USER 1 /* collectgarbage("stop") */
#define GCSTOP_INNER 2 /* building the universe, or a finalizer runs */
#define GCSTOP_CLOSE 4 /* lua_close */

static inline uint8_t gc_other_white(const struct global *g) { return g->current_white ^ GC_WHITE; }
/* Dead: white of the last cycle while this one sweeps; a table that finds such a string may take it back. */
static inline bool gc_is_dead(const struct global *g, const void *o)
{
    return (((const struct gcobj *)o)->mark & (gc_other_white(g) | GC_FIXED)) == gc_other_white(g);
}
/* Black objects exist and must not point to white ones: between start of marking and end of atomic. */
static inline bool gc_keeps_invariant(const struct global *g) { return g->gc_state == GCS_PROPAGATE || g->gc_state == GCS_ENTER_ATOMIC; }

/* A new object joins those that are swept. */
static inline void gc_link(struct global *g, struct gcobj *o, enum tag kind)
{
    o->kind = (uint8_t)kind;
    o->mark = g->current_white;
    o->next = g->all;
    g->all = o;
}

/* mem.c */
bool mem_probe_note(lua_Alloc f); /* lua_newstate: only noting the allocator? */
void mem_trim(struct global *g, bool all); /* a cycle ended: idle pages go back to the system */
void *mem_alloc_optional(struct global *g, size_t size); /* NULL: go without */

/* shape.c */
void shape_drop_dead_kids(struct global *g); /* atomic: forgets children that were not marked */
void shape_use(struct shape *s); /* makes keys and find (as far as memory allows) */
size_t shape_bytes(const struct shape *s);

/* string.c */
size_t str_bytes(const struct lstr *s);
void str_clear_cache(struct global *g); /* atomic: strcache entries that die */
static inline uint8_t *strtab_seen(struct lstr **hash, uint32_t size) { return (uint8_t *)(hash + size); } /* a byte per bucket (string.c, 4) */
static inline uint8_t strtab_bit(uint32_t h) { return (uint8_t)(1u << (h >> 29)); }
uint32_t strtab_sweep(struct lua_State *L, uint32_t from, uint32_t n); /* sweeps n buckets; returns the next one */

/* table.c */
bool table_check(struct global *g, const struct table *t); /* invariants hold (tests) */

/* func.c */
size_t func_proto_bytes(const struct proto *p);

/* class.c */
void class_meta_changed(struct lua_State *L, struct table *t); /* t's metatable is about to change */

/* state.c */
void stack_shrink_unused(struct lua_State *th); /* collector: gives back stack and frames that lie idle */

#endif
