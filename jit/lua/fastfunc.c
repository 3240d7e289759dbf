/* fastfunc.c: which C functions are the standard library's.
 *
 * The library is the distribution's and its functions are static there: no linker symbol leads to them. All states of a
 * process share their addresses, so a scratch state is opened once, every function is looked up by its name, and
 * the address becomes a small number (fastfunc.def) that interpreter and recorder can switch on.
 *
 * Invariants
 *  1. The table is complete before anyone can see it, and never changes again.
 *  2. The scratch state has no JIT and leaves no trace in the stats block (fastfunc_in_scratch).
 *  3. Without memory for the scratch state nothing is known, all functions are called as they are, and the next caller
 *     tries again.
 *
 * Before: vm.c, record_call.c. After: the standard library.
 */
#pragma GCC visibility push(default)
#include <lua5.4/lua.h>
#include <lua5.4/lauxlib.h>
#include <lua5.4/lualib.h>
#pragma GCC visibility pop
#include <pthread.h>
#include <stdlib.h>
#include "lua/fastfunc.h"

#define HASH_SIZE 256 /* > 2 * NUM_FF */
_Static_assert(NUM_FF * 2 < HASH_SIZE, "the hash of fast functions is too full");

static const char *const ff_names[NUM_FF] = {
    "",
#define FF(name) #name,
#include "lua/fastfunc.def"
};

static pthread_mutex_t ff_lock = PTHREAD_MUTEX_INITIALIZER;
static bool ff_gmatch; /* struct gmatch_state is right */
static bool ff_known; /* written under the lock, read without */
static lua_CFunction ff_ptr[NUM_FF];
static struct {
    lua_CFunction f;
    int id;
} ff_hash[HASH_SIZE];
static _Thread_local bool ff_scratch;

bool fastfunc_in_scratch(void) { return ff_scratch; }

static unsigned hash_of(lua_CFunction f) { return (unsigned)(((uintptr_t)f * 0x9E3779B97F4A7C15ull) >> 56) % HASH_SIZE; }

static void *scratch_alloc(void *ud, void *p, size_t osize, size_t nsize)
{
    if (nsize == 0) {
        free(p);
        return NULL;
    }
    return realloc(p, nsize);
}

/* The top of the stack is a function: it is number id. */
static void learn(struct lua_State *L, int id)
{
    lua_CFunction f = lua_tocfunction(L, -1);
    if (!f || ff_ptr[id]) return;
    unsigned h = hash_of(f);
    while (ff_hash[h].f && ff_hash[h].f != f) h = (h + 1) % HASH_SIZE;
    if (ff_hash[h].f) return; /* one address, two names: the first stands */
    ff_hash[h].f = f;
    ff_hash[h].id = id;
    ff_ptr[id] = f;
}

/* lib_name: a function of a global table, or of the globals for `base`. */
static void learn_named(struct lua_State *L, int id)
{
    const char *name = strchr(ff_names[id], '_') + 1;
    char lib[16];
    size_t n = (size_t)(name - 1 - ff_names[id]);
    memcpy(lib, ff_names[id], n);
    lib[n] = 0;
    lua_getglobal(L, strcmp(lib, "base") == 0 ? "_G" : lib);
    if (lua_istable(L, -1)) {
        lua_getfield(L, -1, name);
        learn(L, id);
    }
    lua_settop(L, 0);
}

static bool gmatch_is(const struct cclosure *it, const char *src, const char *p, const char *last)
{
    if (it->nupvals != 3 || it->upvals[2].tag != T_UDATA || it->upvals[2].u->len < sizeof(struct gmatch_state)) return false;
    const struct gmatch_state *g = udata_block(it->upvals[2].u);
    return g->src == src && g->p == p && g->last == last;
}

/* Goes once round an iterator over "xay" and looks whether its block holds what it should. */
static void learn_gmatch(struct lua_State *L)
{
    const char *s = lua_pushliteral(L, "xay"), *p = lua_pushliteral(L, "a()");
    lua_getglobal(L, "string");
    lua_getfield(L, -1, "gmatch");
    lua_pushvalue(L, 1);
    lua_pushvalue(L, 2);
    lua_call(L, 2, 1);
    learn(L, FF_gmatch_iter);
    const struct cclosure *it = L->top[-1].ccl;
    ff_gmatch = L->top[-1].tag == T_CCL && gmatch_is(it, s, p, NULL);
    lua_call(L, 0, 1);
    ff_gmatch = ff_gmatch && gmatch_is(it, s + 2, p, s + 2);
    lua_settop(L, 0);
}

/* Functions that have no name: what ipairs, coroutine.wrap and string.gmatch return. */
static int learn_all(struct lua_State *L)
{
    static const luaL_Reg libs[] = {{LUA_GNAME, luaopen_base}, {LUA_TABLIBNAME, luaopen_table}, {LUA_STRLIBNAME, luaopen_string}, {LUA_MATHLIBNAME, luaopen_math}, {LUA_COLIBNAME, luaopen_coroutine}, {LUA_UTF8LIBNAME, luaopen_utf8}, {LUA_OSLIBNAME, luaopen_os}};
    for (size_t i = 0; i < sizeof libs / sizeof libs[0]; i++) luaL_requiref(L, libs[i].name, libs[i].func, 1);
    lua_settop(L, 0);
    for (int id = 1; id < NUM_FF; id++) learn_named(L, id);
    lua_getglobal(L, "ipairs");
    lua_newtable(L);
    lua_call(L, 1, 1);
    learn(L, FF_ipairs_iter);
    lua_getglobal(L, "coroutine");
    lua_getfield(L, -1, "wrap");
    lua_getglobal(L, "print");
    lua_call(L, 1, 1);
    learn(L, FF_wrap_func);
    lua_settop(L, 0);
    learn_gmatch(L);
    return 0;
}

static bool find_all(void)
{
    ff_scratch = true;
    struct lua_State *L = lua_newstate(scratch_alloc, NULL);
    bool ok = false;
    if (L) {
        lua_pushcfunction(L, learn_all);
        ok = lua_pcall(L, 0, 0, 0) == LUA_OK;
        lua_close(L);
    }
    ff_scratch = false;
    return ok;
}

static bool known(void)
{
    if (__atomic_load_n(&ff_known, __ATOMIC_ACQUIRE)) return true;
    if (ff_scratch) return false; /* the scratch state itself */
    pthread_mutex_lock(&ff_lock);
    if (!ff_known) __atomic_store_n(&ff_known, find_all(), __ATOMIC_RELEASE);
    pthread_mutex_unlock(&ff_lock);
    return ff_known;
}

int fastfunc_id(struct lua_State *L, lua_CFunction f)
{
    (void)L;
    if (!known()) return FF_NONE;
    for (unsigned h = hash_of(f); ff_hash[h].f; h = (h + 1) % HASH_SIZE)
        if (ff_hash[h].f == f) return ff_hash[h].id;
    return FF_NONE;
}

bool fastfunc_gmatch_known(struct lua_State *L)
{
    (void)L;
    return known() && ff_gmatch;
}

lua_CFunction fastfunc_ptr(struct lua_State *L, int id)
{
    (void)L;
    return known() && id > 0 && id < NUM_FF ? ff_ptr[id] : NULL;
}
