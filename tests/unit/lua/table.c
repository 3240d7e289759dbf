/* Tables: the three parts, how they grow, traversal, shapes and inline caches. */
#include <criterion/criterion.h>
#include <math.h>
#include <lua5.4/lauxlib.h>
#include <lua5.4/lualib.h>
#include "lua/guest.h"
#include "lua/collect.h"

static struct lua_State *L;
static struct table *T; /* anchored on the stack */

static struct table *fresh(void)
{
    lua_createtable(L, 0, 0);
    return L->top[-1].t;
}

static void setup(void)
{
    L = luaL_newstate();
    luaL_checkstack(L, 100, NULL);
    T = fresh();
}

static void teardown(void)
{
    cr_assert(table_check(L->g, T));
    gc_heap_check(L);
    lua_close(L);
}

TestSuite(table, .init = setup, .fini = teardown);

static void put_int(struct table *t, int64_t k, int64_t v)
{
    struct value x;
    setint(&x, v);
    table_setint(L, t, k, &x);
}

static void del_int(struct table *t, int64_t k)
{
    struct value x;
    setnil(&x);
    table_setint(L, t, k, &x);
}

static struct lstr *name(const char *fmt, int i)
{
    char buf[100];
    snprintf(buf, sizeof buf, fmt, i);
    return str_newz(L, buf);
}

/* Keys through the general door: computed. */
static void put_name(struct table *t, const char *fmt, int i, int64_t v)
{
    setstr(L->top++, name(fmt, i));
    struct value x;
    setint(&x, v);
    table_set(L, t, L->top - 1, &x);
    L->top--;
}

static int64_t get_name(struct table *t, const char *fmt, int i)
{
    const struct value *v = table_getstr(t, name(fmt, i));
    return v->tag == T_INT ? v->i : -1;
}

static int count(struct table *t)
{
    struct value out[2];
    int n = 0;
    for (uint32_t pos = 0; (pos = table_next_at(t, pos, out)) != 0;)
        n++;
    return n;
}

Test(table, appends_fill_the_array_by_doubling)
{
    for (int i = 1; i <= 1000; i++)
        put_int(T, i, i);
    cr_assert_eq(T->alen, 1000);
    cr_assert_eq(T->acap, 1024);
    cr_assert_eq(T->ilog, 0);
    cr_assert_eq(table_len(T), 1000);
}

Test(table, keys_before_the_first_migrate)
{
    for (int i = 2; i <= 600; i++)
        put_int(T, i, i);
    put_int(T, 1, 1);
    cr_assert(T->acap >= 600, "acap %u", T->acap);
    cr_assert_eq(T->nints, 0);
    cr_assert_eq(table_len(T), 600);
    for (int i = 1; i <= 600; i++)
        cr_assert_eq(table_getint(T, i)->i, i);
}

Test(table, descending_fill_ends_in_the_array)
{
    for (int i = 500; i >= 1; i--)
        put_int(T, i, i);
    cr_assert(T->acap >= 500);
    cr_assert_eq(table_len(T), 500);
    cr_assert_eq(count(T), 500);
}

/* Entries of the index whose right neighbour holds the next integer. */
static int in_a_row(const struct table *t)
{
    int n = 0;
    for (uint32_t i = 0; i + 1 < 1u << t->ilog; i++) {
        uint32_t mask = (1u << t->ilog) - 1, a = table_index(t)[i] & mask, b = table_index(t)[i + 1] & mask;
        n += a != 0 && b != 0 && t->node[b - 1].ktag == T_INT && t->node[b - 1].ki == t->node[a - 1].ki + 1;
    }
    return n;
}

Test(table, neighbours_in_the_hash_lie_side_by_side)
{
    for (int64_t i = 1000000000; i < 1000000000 + 3000; i++)
        put_int(T, i, i);
    cr_assert_eq(count(T), 3000);
    cr_assert_geq(in_a_row(T), 2990, "%d", in_a_row(T));
}

/* Keys of all strides and of rows that overlap, as x * 1000 + y has them, are all found; nobody is where he is not. */
Test(table, integers_of_any_stride_are_found)
{
    for (int shift = 0; shift < 58; shift++)
        for (int64_t i = -20; i < 20; i++)
            put_int(T, i * (INT64_C(1) << shift), i * 256 + shift);
    for (int64_t x = 0; x < 60; x++)
        for (int64_t y = 0; y < 60; y++)
            put_int(T, 5000000 + x * 1000 + y, -1);
    cr_assert(table_check(L->g, T));
    cr_assert_eq(table_getint(T, 19 * (INT64_C(1) << 57))->i, 19 << 8 | 57);
    cr_assert_eq(table_getint(T, 5000000 + 59 * 1000 + 59)->i, -1);
    cr_assert_eq(table_getint(T, 5000000 + 59 * 1000 + 60)->tag, T_NIL);
}

Test(table, a_sliding_window_does_not_grow)
{
    for (int i = 1; i <= 300000; i++) {
        put_int(T, i, i);
        if (i > 20)
            del_int(T, i - 20);
    }
    cr_assert(table_bytes(T) < 8192, "%zu bytes", table_bytes(T));
    cr_assert_eq(count(T), 20);
}

Test(table, a_stack_shrinks_its_length)
{
    for (int i = 1; i <= 100; i++)
        put_int(T, i, i);
    for (int i = 100; i >= 51; i--) {
        del_int(T, i);
        cr_assert_eq(table_len(T), i - 1);
    }
    cr_assert_eq(T->alen, 50);
    put_int(T, 51, 1);
    cr_assert_eq(table_len(T), 51);
}

Test(table, length_is_a_border)
{
    unsigned seed = 7;
    for (int round = 0; round < 3000; round++) {
        int64_t k = 1 + (seed = seed * 1103515245 + 12345) / 65536 % 70;
        if (seed & 0x40000000)
            put_int(T, k, 1);
        else
            del_int(T, k);
        int64_t n = (int64_t)table_len(T);
        cr_assert(n == 0 || table_getint(T, n)->tag != T_NIL, "n %ld", (long)n);
        cr_assert(table_getint(T, n + 1)->tag == T_NIL, "n + 1 of %ld", (long)n);
    }
}

Test(table, border_at_the_greatest_integer)
{
    put_int(T, INT64_MAX, 1);
    cr_assert_eq(table_len(T), 0);
    for (int64_t k = 1; k > 0 && k <= INT64_MAX / 2; k *= 2)
        put_int(T, k, 1);
    uint64_t n = table_len(T);
    cr_assert(table_getint(T, (int64_t)n)->tag != T_NIL);
    cr_assert(n == INT64_MAX || table_getint(T, (int64_t)n + 1)->tag == T_NIL);
}

Test(table, floats_with_integral_values_are_integers)
{
    struct value k, v;
    setint(&v, 5);
    setflt(&k, 3.0);
    table_set(L, T, &k, &v);
    cr_assert_eq(table_getint(T, 3)->i, 5);
    setflt(&k, -0.0);
    table_set(L, T, &k, &v);
    cr_assert_eq(table_getint(T, 0)->i, 5);
    setflt(&k, 0x1p53);
    table_set(L, T, &k, &v);
    cr_assert_eq(table_getint(T, (int64_t)1 << 53)->i, 5);
    setflt(&k, 2.5);
    table_set(L, T, &k, &v);
    cr_assert_eq(table_get(T, &k)->i, 5);
    setflt(&k, NAN);
    cr_assert_eq(table_get(T, &k), &absent_value);
    cr_assert_eq(count(T), 4);
}

Test(table, booleans_compare_without_payload)
{
    struct value k = {.bits = 0x1234, .tag = T_TRUE}, v;
    setint(&v, 1);
    table_set(L, T, &k, &v);
    k.bits = 99;
    cr_assert_eq(table_get(T, &k)->i, 1);
    k.tag = T_FALSE;
    cr_assert_eq(table_get(T, &k), &absent_value);
}

static int set_bad_key(lua_State *l)
{
    if (lua_toboolean(l, 1))
        lua_pushnumber(l, NAN);
    else
        lua_pushnil(l);
    lua_newtable(l);
    lua_insert(l, -2);
    lua_pushinteger(l, 1);
    lua_rawset(l, -3);
    return 0;
}

Test(table, nil_and_nan_are_no_keys)
{
    for (int nan = 0; nan < 2; nan++) {
        lua_pushcfunction(L, set_bad_key);
        lua_pushboolean(L, nan);
        cr_assert_eq(lua_pcall(L, 1, 0, 0), LUA_ERRRUN);
        cr_assert(strstr(lua_tostring(L, -1), nan ? "index is NaN" : "index is nil"));
        lua_pop(L, 1);
    }
}

Test(table, long_strings_are_keys_by_content)
{
    char text[200];
    memset(text, 'x', sizeof text);
    for (int i = 0; i < 50; i++) {
        text[100] = (char)('0' + i);
        lua_pushlstring(L, text, sizeof text);
        lua_pushinteger(L, i);
        lua_rawset(L, -3);
    }
    for (int i = 0; i < 50; i++) {
        text[100] = (char)('0' + i);
        lua_pushlstring(L, text, sizeof text); /* another object */
        cr_assert_eq(lua_rawget(L, -2), LUA_TNUMBER);
        cr_assert_eq(lua_tointeger(L, -1), i);
        lua_pop(L, 1);
    }
}

/* Random operations against a plain array as the model, all kinds of keys. */
enum { MODEL = 400 };
static const struct value *model_key(int i, struct value *k)
{
    switch (i % 4) {
    case 0: setint(k, i / 4 - 10); break;
    case 1: setflt(k, i + 0.5); break;
    case 2: setgc(k, (void *)(uintptr_t)(i * 16), T_LIGHTUD); break;
    default: setstr(k, name("key%d", i)); break;
    }
    return k;
}

Test(table, behaves_like_a_map)
{
    static int64_t model[MODEL];
    unsigned seed = 1;
    for (int op = 0; op < 40000; op++) {
        seed = seed * 1664525 + 1013904223;
        int i = (int)(seed >> 16) % MODEL;
        struct value *k = L->top++, v;
        setnil(k);
        model_key(i, k);
        model[i] = seed & 0x1000 ? op + 1 : 0;
        if (model[i])
            setint(&v, model[i]);
        else
            setnil(&v);
        table_set(L, T, k, &v);
        L->top--;
        if (op % 4000 == 0)
            gc_full(L, false);
        if (op % 97)
            continue;
        cr_assert(table_check(L->g, T));
        int want = 0;
        for (int j = 0; j < MODEL; j++) {
            struct value kk;
            const struct value *got = table_get(T, model_key(j, &kk));
            cr_assert(model[j] ? got->tag == T_INT && got->i == model[j] : got->tag == T_NIL, "key %d", j);
            want += model[j] != 0;
        }
        cr_assert_eq(count(T), want);
    }
}

/* ---- traversal ---- */
Test(table, fields_may_be_cleared_while_traversed)
{
    for (int i = 1; i <= 50; i++) {
        put_int(T, i, i);
        put_name(T, "n%d", i, i);
        put_int(T, i * 1000, i);
    }
    int seen = 0;
    lua_pushnil(L);
    while (lua_next(L, -2)) {
        seen++;
        lua_pop(L, 1);
        lua_pushvalue(L, -1);
        lua_pushnil(L);
        lua_rawset(L, -4);
        table_len(T); /* may take the array's end back */
        if (seen % 10 == 0)
            lua_gc(L, LUA_GCCOLLECT); /* the current key's object may only be on the stack */
    }
    cr_assert_eq(seen, 150);
    cr_assert_eq(count(T), 0);
}

Test(table, a_collected_key_still_has_its_place)
{
    for (int i = 0; i < 20; i++) { /* table keys */
        lua_newtable(L);
        lua_pushinteger(L, i);
        lua_rawset(L, -3);
    }
    int seen = 0;
    lua_pushnil(L);
    while (lua_next(L, -2)) {
        seen++;
        lua_pop(L, 1);
        lua_pushvalue(L, -1);
        lua_pushnil(L);
        lua_rawset(L, -4);
        lua_gc(L, LUA_GCCOLLECT);
        cr_assert_eq(T->node[seen - 1].ktag, T_DEAD);
    }
    cr_assert_eq(seen, 20);
}

static int next_of_foreign_key(lua_State *l)
{
    lua_newtable(l);
    lua_pushliteral(l, "no such key");
    lua_next(l, -2);
    return 0;
}

Test(table, next_refuses_a_foreign_key)
{
    lua_pushcfunction(L, next_of_foreign_key);
    cr_assert_eq(lua_pcall(L, 0, 0, 0), LUA_ERRRUN);
    cr_assert(strstr(lua_tostring(L, -1), "invalid key to 'next'"));
    lua_pop(L, 1);
}

/* ---- shapes ---- */
static void put_field(struct table *t, const char *fmt, int i)
{
    setstr(L->top++, name(fmt, i));
    struct value x;
    setint(&x, i);
    table_setstr(L, t, L->top[-1].s, &x);
    L->top--;
}

static struct table *with_fields(const char *fmt, int n)
{
    struct table *t = table_new(L, 0, 0);
    settable(L->top++, t);
    for (int i = 1; i <= n; i++)
        put_field(t, fmt, i);
    return t;
}

Test(table, fields_get_the_room_that_others_of_their_kind_needed)
{
    cr_assert_eq(with_fields("f%d", 1)->slotcap, 4);
    with_fields("g%d", 11);
    cr_assert_eq(with_fields("g%d", 1)->slotcap, 11, "one way only");
    struct table *t = with_fields("g%d", 9);
    put_field(t, "other%d", 1);
    cr_assert_eq(with_fields("g%d", 1)->slotcap, 9, "ways part behind nine");
    t = with_fields("g%d", 10);
    cr_assert_eq(t->slotcap, 11);
    put_field(t, "g%d", 11);
    cr_assert_eq(t->slotcap, 11);
    put_field(t, "g%d", 12);
    cr_assert_eq(t->slotcap, 22, "nobody was there yet");
}

Test(table, same_keys_same_shape)
{
    struct table *u = fresh();
    for (int i = 0; i < 20; i++)
        put_field(T, "f%d", i);
    for (int i = 0; i < 20; i++)
        put_field(u, "f%d", i);
    cr_assert_eq(T->shape, u->shape);
    cr_assert_eq(T->shape->nslots, 20);
    for (int i = 0; i < 20; i++) {
        cr_assert_eq(shape_find(T->shape, name("f%d", i)), i);
        cr_assert_eq(shape_key(T->shape, (uint32_t)i), name("f%d", i));
    }
    cr_assert_eq(shape_find(T->shape, name("g%d", 0)), -1);
    L->top--;
}

Test(table, too_many_fields_make_a_dictionary)
{
    for (int i = 0; i < SHAPE_MAX_SLOTS; i++)
        put_field(T, "f%d", i);
    cr_assert_not_null(T->shape);
    put_field(T, "f%d", SHAPE_MAX_SLOTS);
    cr_assert_null(T->shape);
    for (int i = 0; i <= SHAPE_MAX_SLOTS; i++)
        cr_assert_eq(get_name(T, "f%d", i), i);
}

Test(table, computed_names_make_a_dictionary)
{
    for (int i = 0; i < 12; i++)
        put_name(T, "c%d", i, i);
    cr_assert_not_null(T->shape);
    put_name(T, "c%d", 12, 12);
    cr_assert_null(T->shape);
    cr_assert(T->flags & TF_DICTHINT);
    for (int i = 0; i <= 12; i++)
        cr_assert_eq(get_name(T, "c%d", i), i);
}

Test(table, shapes_nobody_has_are_freed)
{
    lua_gc(L, LUA_GCCOLLECT);
    uint32_t before = L->g->root_shape->nkids;
    for (int i = 0; i < 200; i++) {
        put_field(fresh(), "kid%d", i);
        L->top--;
    }
    cr_assert_eq(L->g->root_shape->nkids, before + 200);
    lua_gc(L, LUA_GCCOLLECT);
    cr_assert_eq(L->g->root_shape->nkids, before);
}

/* ---- inline caches ---- */
Test(table, caches_own_fields_and_additions)
{
    struct icache ic = {0};
    struct lstr *x = name("x", 0), *y = name("y", 0);
    struct value v;
    setint(&v, 1);
    table_setfield_ic(L, &ic, T, x, &v);
    cr_assert_eq(ic.next, T->shape);
    cr_assert_eq(ic.shape, L->g->root_shape);
    table_setfield_ic(L, &ic, T, x, &v);
    cr_assert(ic.shape == T->shape && ic.next == NULL && ic.slot == 0);
    put_field(T, "y", 0);
    ic = (struct icache){0};
    icache_fill_get(L, &ic, T, y);
    cr_assert(ic.shape == T->shape && ic.meta == NULL && ic.slot == 1);
    ic = (struct icache){0};
    icache_fill_get(L, &ic, T, name("z", 0));
    cr_assert_null(ic.shape);
}

static struct table *make_class(void) /* pushes class with __index = itself and m = true */
{
    struct table *c = fresh();
    struct value v;
    settable(&v, c);
    table_setstr(L, c, L->g->mmname[MM_INDEX], &v);
    setbool(&v, true);
    table_setstr(L, c, name("m", 0), &v);
    return c;
}

Test(table, caches_a_method_until_the_class_changes)
{
    struct table *c = make_class();
    struct icache ic = {0};
    struct lstr *m = name("m", 0);
    table_setmeta(L, T, c);
    cr_assert(c->flags & TF_CLASS);
    icache_fill_get(L, &ic, T, m);
    cr_assert(ic.meta == c && ic.holder == table_getshort(c, m) && ic.epoch == L->g->class_epoch);
    struct value v;
    setint(&v, 3);
    table_setstr(L, c, m, &v); /* plain data: the holder shows it */
    cr_assert(ic.epoch == L->g->class_epoch && ic.holder->i == 3);
    table_setstr(L, c, name("new", 0), &v);
    cr_assert_neq(ic.epoch, L->g->class_epoch);
    uint32_t epoch = L->g->class_epoch;
    table_setmeta(L, c, fresh()); /* what is behind the class changes */
    cr_assert_neq(epoch, L->g->class_epoch);
    epoch = L->g->class_epoch;
    setnil(&v);
    table_setstr(L, c, L->g->mmname[MM_INDEX], &v);
    cr_assert_neq(epoch, L->g->class_epoch);
    L->top -= 2;
}

Test(table, known_absent_metamethods_are_forgotten_on_writes)
{
    struct table *c = fresh();
    table_setmeta(L, T, c);
    cr_assert_null(meta_fast(L, c, MM_LEN));
    cr_assert(c->nomm & 1u << MM_LEN);
    struct value v;
    setbool(&v, true);
    table_setstr(L, c, L->g->mmname[MM_LEN], &v);
    cr_assert_not_null(meta_fast(L, c, MM_LEN));
    L->top--;
}

/* ---- failing allocation ---- */
static long fail_after;
static void *failing(void *ud, void *p, size_t osize, size_t nsize)
{
    (void)ud;
    (void)osize;
    if (nsize == 0) {
        free(p);
        return NULL;
    }
    if (fail_after > 0 && --fail_after == 0)
        return NULL;
    return realloc(p, nsize);
}

static int add_keys(lua_State *l)
{
    struct table *t = l->stack[1].t;
    struct value v;
    setint(&v, 1);
    for (int i = 0; i < 40; i++) {
        char buf[20];
        snprintf(buf, sizeof buf, "k%d", i);
        setstr(l->top++, str_newz(l, buf));
        table_set(l, t, l->top - 1, &v);
        l->top--;
        table_setint(l, t, i * 3 + 2, &v);
        table_setint(l, t, i + 1, &v);
    }
    return 0;
}

Test(table, out_of_memory_leaves_it_whole)
{
    int failures = 0;
    for (int n = 1;; n++) {
        fail_after = 0;
        lua_State *l = lua_newstate(failing, NULL);
        lua_newtable(l);
        struct table *t = l->stack[1].t;
        lua_gc(l, LUA_GCSTOP);
        lua_pushcfunction(l, add_keys);
        fail_after = n;
        int status = lua_pcall(l, 0, 0, 0);
        bool hit = fail_after == 0;
        fail_after = 0;
        cr_assert(table_check(l->g, t), "after failure %d", n);
        failures += hit;
        if (status == LUA_OK)
            lua_settop(l, 1);
        gc_heap_check(l);
        lua_close(l);
        if (!hit)
            break;
    }
    cr_assert(failures > 30, "%d allocations failed", failures);
}
