/* fastfunc.h: numbers of the standard library's C functions (fastfunc.c). */
#ifndef JIT_LUA_FASTFUNC_H
#define JIT_LUA_FASTFUNC_H
#include "lua/guest.h"

enum fastfunc {
    FF_NONE,
#define FF(name) FF_##name,
#include "lua/fastfunc.def"
    NUM_FF
};
/* Both know nothing (FF_NONE, NULL) where memory for the scratch state is short; that may change later. */
int fastfunc_id(struct lua_State *L, lua_CFunction f);
lua_CFunction fastfunc_ptr(struct lua_State *L, int id);
/* An iterator of string.gmatch keeps where it stands in a block of its own: {where to go on, the pattern, the end of the
 * last match}. True: this library's does, as was tried out. */
struct gmatch_state {
    const char *src, *p, *last;
};
bool fastfunc_gmatch_known(struct lua_State *L);
bool fastfunc_in_scratch(void); /* this thread is opening the scratch state */
#endif
