/* class.c: class tables: metatables and the tables that __index leads to.
 *
 * What a program calls methods through hardly ever changes, so inline caches remember where a method
 * was found and traces treat it as a constant. The price is paid by the rare write.
 *
 * Invariants
 *  1. Every table that an inline cache or a trace looked through has TF_CLASS; the flag stays.
 *  2. class_epoch changes whenever a look-up through class tables could end elsewhere, or an entry
 *     could have moved in memory: a key appears, a table or function is overwritten or removed, a
 *     metatable of a class table changes. Compiled code is told at the same moments.
 *  3. TF_META, TF_SHARED and shape->nalone are for guesses only: many metatables of one object each, with the same keys, are
 *     made with their objects (scopes, proxies), and no trace should be for one of them.
 *  4. An existing number, string or boolean may change or vanish without any of that: who relies on
 *     an entry reads the value anew and takes nil for a miss.
 */
#include "lua/collect.h"

static void changed(struct lua_State *L, struct table *t)
{
    struct global *g = L->g;
    if (++g->class_epoch == 0)
        g->class_epoch = 1; /* 0: never valid */
    if (g->vm != NULL)
        lua_jit_class_changed(L, t);
}

void class_mark(struct lua_State *L, struct table *t)
{
    t->flags |= TF_CLASS;
}

void class_of_one_more(struct table *mt)
{
    struct shape *s = mt->shape;
    if (mt->flags & TF_SHARED)
        return;
    if (!(mt->flags & TF_META)) {
        mt->flags |= TF_META;
        if (s != NULL && s->nalone < UINT16_MAX)
            s->nalone++;
    } else {
        mt->flags |= TF_SHARED;
        if (s != NULL && s->nalone > 0)
            s->nalone--;
    }
}

void class_written(struct lua_State *L, struct table *t, const struct value *key, const struct value *old)
{
    if (old->tag == T_NIL) {
        t->nomm = 0;
        changed(L, t);
    } else if (old->tag == T_TABLE || tag_is_function(old->tag)) {
        changed(L, t);
    }
}

void class_meta_changed(struct lua_State *L, struct table *t)
{
    if (t->flags & TF_CLASS)
        changed(L, t);
}
