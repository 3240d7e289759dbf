/* sections.h: the main of programs that run on both libraries: a table of sections, each one function with a state of its own,
 * so that one section's failure does not hide the next one's. An argument names the only section that runs. */
#ifndef TESTS_E2E_SECTIONS_H
#define TESTS_E2E_SECTIONS_H
#include <lua5.4/lauxlib.h>
#include <lua5.4/lualib.h>
#include <stdio.h>
#include <string.h>

struct section {
    const char *name;
    void (*f)(lua_State *L);
};

static inline void sections_run(const struct section *s, size_t n, int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (size_t i = 0; i < n; i++) {
        if (argc > 1 && strcmp(argv[1], s[i].name) != 0) continue;
        printf("== %s\n", s[i].name);
        lua_State *L = luaL_newstate();
        luaL_openlibs(L);
        s[i].f(L);
        lua_close(L);
    }
}

#endif
