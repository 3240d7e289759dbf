/* unload.c PATH: a program that loads the library at PATH, runs Lua in it, closes the state and unloads the library, many
 * times. Nothing of the library may be left: no mapping, no handler that a fork would call. Prints what Lua computed. */
#include <dlfcn.h>
#include <lua5.4/lua.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHECK(x) ((x) ? (void)0 : failed(__LINE__, #x))
static _Noreturn void failed(int line, const char *what)
{
    fprintf(stderr, "unload.c:%d: not so: %s\n", line, what);
    exit(1);
}

static bool mapped(const char *what)
{
    FILE *f = fopen("/proc/self/maps", "r");
    char line[512];
    bool found = false;
    CHECK(f != NULL);
    while (fgets(line, sizeof line, f)) found |= strstr(line, what) != NULL;
    fclose(f);
    return found;
}

#define SYMBOL(name) __typeof__(&name) name##_ = (__typeof__(&name))dlsym(lib, #name)

static void once(const char *path)
{
    void *lib = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!lib) fprintf(stderr, "%s\n", dlerror());
    CHECK(lib != NULL);
    lua_State *(*newstate)(void) = (lua_State * (*)(void)) dlsym(lib, "luaL_newstate");
    void (*openlibs)(lua_State *) = (void (*)(lua_State *))dlsym(lib, "luaL_openlibs");
    int (*loadstring)(lua_State *, const char *) = (int (*)(lua_State *, const char *))dlsym(lib, "luaL_loadstring");
    SYMBOL(lua_pcallk);
    SYMBOL(lua_tointegerx);
    SYMBOL(lua_close);
    lua_State *L = newstate();
    CHECK(L != NULL);
    openlibs(L);
    CHECK(loadstring(L, "local s = 0 for i = 1, 1000 do s = s + #tostring(i) end return s") == LUA_OK);
    CHECK(lua_pcallk_(L, 0, 1, 0, 0, NULL) == LUA_OK);
    printf("%lld\n", (long long)lua_tointegerx_(L, -1, NULL));
    lua_close_(L);
    CHECK(dlclose(lib) == 0);
    CHECK(!mapped("liblua5.4"));
    CHECK(!mapped("memfd:jitstat:"));
    fflush(stdout);
    pid_t p = fork(); /* nobody's handlers are left */
    int status;
    if (p == 0) _exit(0);
    CHECK(waitpid(p, &status, 0) == p && status == 0);
}

int main(int argc, char **argv)
{
    CHECK(argc == 2);
    for (int i = 0; i < 20; i++) once(argv[1]);
    return 0;
}
