/* meta.c: metatables, the names of metamethods and of types.
 *
 * Invariants
 *  1. table.nomm is trusted: a bit set there says that the metamethod is absent. Every metatable is a class table
 *     (class_mark), so each write to one passes class_written, which clears the bits.
 *  2. The names in g->mmname are fixed strings; debug.c prints them without the two underscores.
 *
 * Before on the walk: table.c, class.c. After: vm.c.
 */
#include "lua/guest.h"

const char *const type_names[LUA_NUMTYPES + 1] = {
    "no value",
    "nil",
    "boolean",
    "userdata",
    "number",
    "string",
    "table",
    "function",
    "userdata",
    "thread",
};

const uint8_t type_of_tag[T_DEAD] = {
    [T_NIL] = LUA_TNIL,
    [T_FALSE] = LUA_TBOOLEAN,
    [T_TRUE] = LUA_TBOOLEAN,
    [T_LIGHTUD] = LUA_TLIGHTUSERDATA,
    [T_INT] = LUA_TNUMBER,
    [T_FLT] = LUA_TNUMBER,
    [T_LCF] = LUA_TFUNCTION,
    [T_STR] = LUA_TSTRING,
    [T_TABLE] = LUA_TTABLE,
    [T_LCL] = LUA_TFUNCTION,
    [T_CCL] = LUA_TFUNCTION,
    [T_UDATA] = LUA_TUSERDATA,
    [T_THREAD] = LUA_TTHREAD,
    [T_PROTO] = LUA_NUMTYPES + 1,
    [T_UPVAL] = LUA_NUMTYPES,
    [T_SHAPE] = LUA_NUMTYPES + 2,
};

struct table *metatable_of(struct lua_State *L, const struct value *v)
{
    switch (v->tag) {
    case T_TABLE: return v->t->meta;
    case T_UDATA: return v->u->meta;
    default: return L->g->mt[type_of_tag[v->tag]];
    }
}

const struct value *meta_of(struct lua_State *L, const struct value *v, enum metamethod e)
{
    struct table *mt = metatable_of(L, v);
    return mt == NULL ? &absent_value : table_getshort(mt, L->g->mmname[e]);
}

const struct value *meta_fast_(struct table *mt, enum metamethod e, struct lstr *name)
{
    const struct value *v = table_getshort(mt, name);
    if (v->tag != T_NIL)
        return v;
    mt->nomm |= (uint8_t)(1u << e);
    return NULL;
}

const char *meta_typename(struct lua_State *L, const struct value *v)
{
    if (v->tag == T_TABLE || v->tag == T_UDATA) {
        const struct value *name = meta_of(L, v, MM_NAME);
        if (name->tag == T_STR)
            return name->s->data;
    }
    return type_names[type_of_tag[v->tag] + 1];
}

void meta_init(struct lua_State *L)
{
    static const char *const names[NUM_MM] = {
        "__index",
        "__newindex",
        "__gc",
        "__mode",
        "__len",
        "__eq",
        "__call",
        "__metatable",
        "__add",
        "__sub",
        "__mul",
        "__mod",
        "__pow",
        "__div",
        "__idiv",
        "__band",
        "__bor",
        "__bxor",
        "__shl",
        "__shr",
        "__unm",
        "__bnot",
        "__lt",
        "__le",
        "__concat",
        "__close",
        "__name",
    };
    for (int e = 0; e < NUM_MM; e++) {
        L->g->mmname[e] = str_newz(L, names[e]);
        gc_fix(L, (struct gcobj *)L->g->mmname[e]);
    }
}
