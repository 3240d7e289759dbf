/* jitstat_place.c: the functions of the module `jitstat` that speak of one place of a program: a loop's head or a function's
 * entry, which have a counter each. PyPy names such a place by the values of its driver's green variables; a Lua program
 * has functions and levels at hand, and of a loop mostly knows that it runs in it, so that is how it says which.
 *
 * Invariants
 *  1. A place has a counter in its prototype: what the engine is asked about is always something that could get hot.
 *  2. Nothing here starts or ends a recording of another place.
 *
 * Before: jitstat_lib.c. After: trace/hot.c.
 */
#pragma GCC visibility push(default)
#include <lua5.4/lua.h>
#include <lua5.4/lauxlib.h>
#pragma GCC visibility pop
#include <limits.h>
#include "lua/jit.h"
#include "lua/opcodes.h"

struct place {
    struct jit_vm *vm;
    struct jit_key key;
    int kind; /* JITSTAT_KIND_LOOP or _ENTRY */
    const struct hot *hot;
};

/* Head of the innermost loop around the instruction before pc: the first jump back from there on that leads before it. */
static bool loop_around(const struct proto *p, uint64_t pc, uint64_t *head)
{
    for (uint64_t n = pc; n < p->ncode; n++) {
        lua_ins i = p->code[n];
        enum opcode op = ins_op(i);
        if (op != OP_LOOP && op != OP_FORLOOP && op != OP_TFORLOOP) continue;
        *head = (uint64_t)((int64_t)n + 1 + ins_e(i));
        if (*head < pc) return true;
    }
    return false;
}

/* The prototype that argument 1 means; a level: where it is in *pc, else -1. */
static struct proto *proto_arg(lua_State *L, int64_t *pc)
{
    *pc = -1;
    if (lua_isfunction(L, 1)) {
        luaL_argcheck(L, !lua_iscfunction(L, 1), 1, "a C function is never traced");
        return ((const struct lclosure *)lua_topointer(L, 1))->p;
    }
    if (!lua_isnoneornil(L, 1) && lua_type(L, 1) != LUA_TNUMBER) luaL_typeerror(L, 1, "function or level");
    lua_Integer level = luaL_optinteger(L, 1, 1);
    lua_Debug ar;
    luaL_argcheck(L, level >= 0 && level < INT_MAX && lua_getstack(L, (int)level, &ar), 1, "no function at this level");
    const struct callinfo *ci = (const struct callinfo *)ar.i_ci;
    luaL_argcheck(L, !(ci->status & CIST_C) && ci->func->tag == T_LCL, 1, "the function at this level is a C function");
    *pc = (int64_t)lua_frame_pc(ci);
    return ci->func->lcl->p;
}

/* Arguments (where, position). False: there is no loop's head and no entry at that position. */
static bool place_arg(lua_State *L, struct place *at)
{
    int64_t pc;
    uint64_t head;
    at->vm = jitstat_vm_of_lua(L);
    if (!at->vm) luaL_error(L, "this state has no JIT");
    struct proto *p = proto_arg(L, &pc);
    at->key = (struct jit_key){p, p->is_vararg};
    at->kind = JITSTAT_KIND_LOOP;
    if (!lua_isnoneornil(L, 2)) at->key.pc = (uint64_t)luaL_checkinteger(L, 2);
    else if (pc >= 0 && loop_around(p, (uint64_t)pc, &head)) at->key.pc = head;
    else at->kind = JITSTAT_KIND_ENTRY;
    at->hot = lua_hot_of(at->key, at->kind);
    if (!at->hot) at->hot = lua_hot_of(at->key, at->kind = JITSTAT_KIND_ENTRY);
    return at->hot != NULL;
}

static void place_check(lua_State *L, struct place *at)
{
    if (!place_arg(L, at)) luaL_argerror(L, 2, "neither a loop nor the function's entry is at this position");
}

int js_trace_next_iteration(lua_State *L)
{
    struct place at;
    place_check(L, &at);
    lua_pushboolean(L, jit_trace_next(at.vm, at.key, at.kind));
    return 1;
}

int js_dont_trace_here(lua_State *L)
{
    struct place at;
    place_check(L, &at);
    if (!jit_dont_trace(at.vm, at.key, at.kind)) return luaL_error(L, "not enough memory");
    return 0;
}

int js_get_jitcell_at_key(lua_State *L)
{
    struct place at;
    if (!place_arg(L, &at)) return lua_pushnil(L), 1;
    struct jit_place_info info;
    jit_place_info(at.vm, at.key, at.kind, &info);
    lua_createtable(L, 0, 6);
    lua_pushstring(L, at.kind == JITSTAT_KIND_LOOP ? "loop" : "entry");
    lua_setfield(L, -2, "kind");
    lua_pushinteger(L, (lua_Integer)at.key.pc);
    lua_setfield(L, -2, "position");
    lua_pushinteger(L, at.hot->count);
    lua_setfield(L, -2, "counter");
    lua_pushboolean(L, info.blacklisted);
    lua_setfield(L, -2, "blacklisted");
    lua_pushinteger(L, info.aborts);
    lua_setfield(L, -2, "aborts");
    if (!info.loop_no) return 1;
    lua_pushinteger(L, (lua_Integer)info.loop_no);
    lua_setfield(L, -2, "loop_no");
    return 1;
}

/* A recording takes the call of this function as one operation, whatever the function is that it calls. Without a
 * continuation, so that a yield in there is an error in the interpreter as it is below machine code. */
int js_residual_call(lua_State *L)
{
    luaL_checkany(L, 1);
    if (!lua_isfunction(L, 1) && luaL_getmetafield(L, 1, "__call") == LUA_TNIL) luaL_typeerror(L, 1, "function");
    if (!lua_isfunction(L, 1)) lua_pop(L, 1);
    lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
    return lua_gettop(L);
}
