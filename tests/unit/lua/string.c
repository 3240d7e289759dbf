/* Strings: interning, the table of strings under the collector, comparison. */
#include <criterion/criterion.h>
#include <lua5.4/lauxlib.h>
#include "lua/guest.h"
#include "lua/collect.h"

static struct lua_State *L;
static void setup(void)
{
    L = luaL_newstate();
    luaL_checkstack(L, 20, NULL);
}
static void teardown(void)
{
    gc_heap_check(L);
    lua_close(L);
}
TestSuite(string, .init = setup, .fini = teardown);

Test(string, short_ones_are_unique)
{
    char buf[64];
    for (size_t n = 0; n <= STR_SHORT_MAX; n++) {
        memset(buf, 'a', n);
        struct lstr *a = str_new(L, buf, n), *b = str_new(L, buf, n);
        cr_assert_eq(a, b);
        cr_assert(a->is_short && a->len == n && a->data[n] == '\0');
        if (n > 0) {
            buf[n - 1] = 'b';
            cr_assert_neq(str_new(L, buf, n), a);
            buf[n - 1] = 'a';
            buf[0] = '\0';
            cr_assert_neq(str_new(L, buf, n), a);
        }
    }
}

Test(string, long_ones_compare_by_content)
{
    char buf[64];
    memset(buf, 'a', sizeof buf);
    struct lstr *a = str_new(L, buf, STR_SHORT_MAX + 1), *b = str_new(L, buf, STR_SHORT_MAX + 1);
    cr_assert_neq(a, b);
    cr_assert(!a->is_short && str_eq(a, b));
    cr_assert_eq(str_hash(a), str_hash(b));
    b->data[40] = 'b';
    cr_assert(!str_eq(a, b));
}

Test(string, hash_spreads)
{
    enum { N = 4096 };
    static int seen[N];
    int most = 0;
    for (int i = 0; i < N; i++) {
        char buf[20];
        struct lstr *s = str_new(L, buf, (size_t)snprintf(buf, sizeof buf, "key%d", i));
        int n = ++seen[s->hash & (N - 1)];
        most = n > most ? n : most;
    }
    cr_assert(most <= 12, "%d in one bucket", most);
}

Test(string, the_table_grows_and_shrinks)
{
    for (int i = 0; i < 20000; i++) {
        char buf[20];
        str_new(L, buf, (size_t)snprintf(buf, sizeof buf, "s%d", i));
    }
    cr_assert(L->g->strt.size >= 16384);
    for (int i = 0; i < 12; i++)
        gc_full(L, false);
    cr_assert(L->g->strt.nuse < 1000, "%u left", L->g->strt.nuse);
    cr_assert(L->g->strt.size <= 4096, "size %u", L->g->strt.size);
}

/* The byte of a bucket says which strings may be there: no more and no less after growing, sweeping and shrinking. */
Test(string, buckets_know_what_hangs_in_them)
{
    lua_gc(L, LUA_GCSTOP);
    struct lstr *s = str_new(L, "all alone in its bucket, or not", 31);
    uint32_t h = s->hash;
    cr_assert(strtab_seen(L->g->strt.hash, L->g->strt.size)[h & (L->g->strt.size - 1)] & strtab_bit(h));
    for (int i = 0; i < 20000; i++) {
        lua_pushfstring(L, "s%d", i);
        lua_pop(L, 1);
    }
    gc_heap_check(L);
    gc_full(L, false);
    gc_heap_check(L);
    int bits = 0;
    for (uint32_t i = 0; i < L->g->strt.size; i++) bits += __builtin_popcount(strtab_seen(L->g->strt.hash, L->g->strt.size)[i]);
    cr_assert_leq(bits, (int)L->g->strt.nuse);
    cr_assert_lt(bits, 1000, "%d bits left", bits);
}

Test(string, a_dead_string_not_swept_yet_is_taken_back)
{
    struct global *g = L->g;
    lua_gc(L, LUA_GCINC, 0, 1, 1);
    struct lstr *s = str_new(L, "phoenix", 7);
    lua_gc(L, LUA_GCSTOP);
    gc_full(L, false);
    s = str_new(L, "phoenix", 7);
    /* flips the white shade as the atomic phase does; sweeping has not begun */
    g->current_white = gc_other_white(g);
    cr_assert(gc_is_dead(g, s));
    struct lstr *again = str_new(L, "phoenix", 7);
    cr_assert_eq(again, s);
    cr_assert(!gc_is_dead(g, s));
    g->current_white = gc_other_white(g);
    s->mark ^= GC_WHITE;
}

Test(string, collected_strings_come_back_as_new_ones)
{
    for (int round = 0; round < 50; round++) {
        lua_pushfstring(L, "temporary %d", round % 3);
        lua_pop(L, 1);
        if (round % 5 == 0)
            gc_full(L, false);
    }
    str_newz(L, "cached literal");
    gc_full(L, false);
    cr_assert_str_eq(str_newz(L, "cached literal")->data, "cached literal");
}

Test(string, address_cache_looks_at_the_content)
{
    char buf[8] = "one";
    struct lstr *one = str_newz(L, buf);
    strcpy(buf, "two");
    struct lstr *two = str_newz(L, buf);
    cr_assert_neq(one, two);
    cr_assert_str_eq(two->data, "two");
}

static int compare(const char *a, size_t n, const char *b, size_t m)
{
    return str_cmp(str_new(L, a, n), str_new(L, b, m));
}

Test(string, order_respects_embedded_zeros)
{
    lua_gc(L, LUA_GCSTOP);
    cr_assert(compare("a", 1, "b", 1) < 0);
    cr_assert(compare("a", 1, "a", 1) == 0);
    cr_assert(compare("a", 1, "ab", 2) < 0);
    cr_assert(compare("", 0, "a", 1) < 0);
    cr_assert(compare("", 0, "", 0) == 0);
    cr_assert(compare("a\0b", 3, "a\0c", 3) < 0);
    cr_assert(compare("a\0b", 3, "a", 1) > 0);
    cr_assert(compare("a", 1, "a\0", 2) < 0);
    cr_assert(compare("\0\0b", 3, "\0\0a", 3) > 0);
    cr_assert(compare("a\0b", 3, "a\0b", 3) == 0);
}
