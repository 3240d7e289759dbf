/* jitstat_lib.c: the module `jitstat` for Lua programs: PyPy's hooks and snapshots with Lua values.
 *
 *    local js = require "jitstat"
 *    js.set_compile_hook(function(info) print(info.type, info.greenkey and info.greenkey.name, info.asmlen) end)
 *
 * A hook is called in the middle of the engine's work, while some thread is between two instructions. It
 * therefore runs on a coroutine of its own, under a protected call, with recording off: nothing that it does (raise, yield,
 * collect, compile) reaches the thread that was interrupted.
 *
 * Invariants
 *  1. Hooks, their coroutine and the list that an optimize hook returned last are reachable from the
 *     registry; nothing here keeps a pointer to a Lua value anywhere else.
 *  2. Everything that needs memory or may raise happens inside the protected call.
 *  3. Tables given to a hook are copies: what a program does to them afterwards has no effect.
 *
 * Before: trace/hooks.c. After: the program.
 */
#pragma GCC visibility push(default)
#include <lua5.4/lua.h>
#include <lua5.4/lauxlib.h>
#pragma GCC visibility pop
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "ir/ir.h"
#include "lua/jit.h"

enum { UV_OPTIMIZE = 1,
       UV_COMPILE,
       UV_ABORT,
       UV_TOO_LONG,
       UV_THREAD,
       UV_LIST,
       NUM_UV = UV_LIST };
#define FIRST_FREE_VALUE 500000 /* numbers of values that ResOperation makes; traces are shorter */

struct js_state {
    struct jit_vm *vm;
    struct lua_State *co; /* where hooks run */
    struct lua_State *rec; /* the thread that the running hook's trace belongs to, NULL: unknown */
    struct jitstat_newop *list; /* what the optimize hook returned last; texts are held by UV_LIST */
    size_t listcap;
    int64_t serial; /* of the list of operations that the running hook sees */
    int64_t next_value;
};

static const char state_key = 0;
static const char *const op_classes[] = {"jitstat.ResOperation", "jitstat.GuardOp", "jitstat.DebugMergePoint"};
#define INFO_CLASS "jitstat.JitLoopInfo"

/* Pushes the state's userdata. */
static struct js_state *js_get(lua_State *L)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &state_key);
    struct js_state *js = lua_touserdata(L, -1);
    if (!js) luaL_error(L, "the jitstat module is not open");
    return js;
}

static struct jit_vm *js_vm(lua_State *L)
{
    struct jit_vm *vm = jitstat_vm_of_lua(L);
    if (!vm) luaL_error(L, "this state has no JIT");
    return vm;
}

/* ---- operations as Lua objects ---- */

static void set_str(lua_State *L, const char *field, const char *s)
{
    lua_pushstring(L, s);
    lua_setfield(L, -2, field);
}

static void set_int(lua_State *L, const char *field, int64_t i)
{
    lua_pushinteger(L, i);
    lua_setfield(L, -2, field);
}

static void set_bool(lua_State *L, const char *field, bool b)
{
    lua_pushboolean(L, b);
    lua_setfield(L, -2, field);
}

/* The text of the operation at op, or NULL. */
static const char *op_text_if(lua_State *L, int op)
{
    const char *s = lua_getfield(L, op, "text") == LUA_TSTRING ? lua_tostring(L, -1) : NULL;
    if (s && strlen(s) != lua_rawlen(L, -1)) s = NULL; /* a NUL in it */
    lua_pop(L, 1); /* the object keeps it */
    return s;
}

static const char *op_text(lua_State *L, int op)
{
    const char *s = op_text_if(L, op);
    if (!s) luaL_error(L, "not an operation (it has no text)");
    return s;
}

static int op_tostring(lua_State *L)
{
    lua_pushstring(L, op_text(L, 1));
    return 1;
}

/* Parts of a printed operation: [result = ] name ( args ) tail. */
struct op_parts {
    const char *result;
    size_t nresult;
    const char *args, *args_end, *tail;
};

static bool op_split(const char *s, struct op_parts *p)
{
    const char *open = strchr(s, '('), *eq = strstr(s, " = ");
    if (!open) return false;
    *p = (struct op_parts){.args = open + 1};
    if (eq && eq < open) p->result = s, p->nresult = (size_t)(eq - s);
    int depth = 1;
    const char *e = open + 1;
    for (; *e && depth; e++) depth += (*e == '(') - (*e == ')');
    p->args_end = e - 1;
    p->tail = e;
    return depth == 0;
}

static void push_arg(lua_State *L, const char *s, size_t n)
{
    lua_pushlstring(L, s, n);
    lua_pushvalue(L, -1);
    bool number = n && (isdigit((unsigned char)*s) || (*s == '-' && n > 1 && isdigit((unsigned char)s[1])));
    if (number && lua_stringtonumber(L, lua_tostring(L, -1))) lua_replace(L, -3);
    lua_pop(L, 1);
}

static int push_args(lua_State *L, const struct op_parts *p)
{
    lua_newtable(L);
    const char *from = p->args;
    int depth = 0;
    lua_Integer n = 0;
    for (const char *s = from; s <= p->args_end && from < p->args_end; s++) {
        depth += (*s == '(') - (*s == ')' && s < p->args_end);
        if (s < p->args_end && (depth || *s != ',')) continue;
        push_arg(L, from, (size_t)(s - from));
        lua_rawseti(L, -2, ++n);
        from = s + 1;
        while (*from == ' ') from++;
    }
    return 1;
}

/* args: list of numbers and names; result: the name of the value it defines; tail: resume data. Made when asked for. */
static int op_index(lua_State *L)
{
    struct op_parts p;
    const char *k = luaL_checkstring(L, 2);
    if (strcmp(k, "text") == 0 || !op_split(op_text(L, 1), &p)) return 0;
    if (strcmp(k, "args") == 0) return push_args(L, &p);
    if (strcmp(k, "result") == 0 && p.result) {
        lua_pushlstring(L, p.result, p.nresult);
        return 1;
    }
    if (strcmp(k, "tail") != 0) return 0;
    lua_pushstring(L, p.tail);
    return 1;
}

static void push_name_key(lua_State *L, const char *name)
{
    lua_newtable(L);
    set_str(L, "name", name);
    set_bool(L, "is_being_profiled", false);
}

static void push_op(lua_State *L, const struct jitstat_op *o, const char *driver, int64_t serial)
{
    lua_createtable(L, 0, 8);
    set_str(L, "name", o->name);
    set_str(L, "text", o->text);
    set_int(L, "offset", o->offset);
    set_int(L, "index", o->index);
    set_int(L, "line", o->line);
    set_int(L, "list", serial);
    if (o->kind == JITSTAT_OP_GUARD) set_int(L, "hash", (int64_t)o->hash);
    if (o->kind == JITSTAT_OP_MERGE_POINT) {
        push_name_key(L, o->greenkey);
        set_int(L, "position", (int64_t)o->bytecode_no);
        lua_setfield(L, -2, "greenkey");
        set_int(L, "bytecode_no", (int64_t)o->bytecode_no);
        set_int(L, "call_depth", o->call_depth);
        set_int(L, "call_id", (int64_t)o->call_id);
        set_str(L, "jitdriver_name", driver);
    }
    luaL_setmetatable(L, op_classes[o->kind]);
}

static void push_ops(lua_State *L, struct js_state *js, const struct jitstat_loop_info *info)
{
    if (!info->operations) {
        lua_pushnil(L);
        return;
    }
    js->serial++;
    lua_createtable(L, (int)info->noperations, 0);
    for (size_t i = 0; i < info->noperations; i++) {
        push_op(L, &info->operations[i], info->jitdriver_name, js->serial);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

/* ---- ResOperation ---- */

static int find_opcode(const char *name)
{
    for (int i = 0; i < JIT_NOPCODES; i++)
        if (strcmp(jit_opinfo[i].name, name) == 0) return i;
    return -1;
}

/* Pushes x so that the parser reads the same float. */
static void push_float_text(lua_State *L, double x)
{
    char buf[40];
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    if (isnan(x)) snprintf(buf, sizeof buf, "nan(0x%llx)", (unsigned long long)bits);
    else snprintf(buf, sizeof buf, "%.17g", x);
    lua_pushfstring(L, isfinite(x) && !strpbrk(buf, ".e") ? "%s.0" : "%s", buf);
}

/* Pushes the printed form of args[n] of an operation `name`. */
static void push_arg_text(lua_State *L, const char *name, int args, lua_Integer n)
{
    struct op_parts p;
    int type = lua_rawgeti(L, args, n);
    if (type == LUA_TTABLE) {
        const char *text = op_text_if(L, lua_gettop(L));
        if (!text) luaL_error(L, "argument %d of %s is a table that is no operation (it has no text)", (int)n, name);
        if (!op_split(text, &p) || !p.result) luaL_error(L, "argument %d of %s gives no value: %s", (int)n, name, text);
        lua_pushlstring(L, p.result, p.nresult);
    } else if (lua_isinteger(L, -1)) {
        lua_pushfstring(L, "%I", (LUAI_UACINT)lua_tointeger(L, -1));
    } else if (type == LUA_TNUMBER) {
        push_float_text(L, lua_tonumber(L, -1));
    } else if (type == LUA_TSTRING) {
        if (strlen(lua_tostring(L, -1)) != lua_rawlen(L, -1)) luaL_error(L, "argument %d of %s: a NUL in the text", (int)n, name);
        lua_pushvalue(L, -1);
    } else {
        luaL_error(L, "argument %d of %s: a number, an operation or its printed form expected, got %s", (int)n, name, luaL_typename(L, -1));
    }
    lua_remove(L, -2);
}

/* The number that the new operation's result takes: of an operation it replaces, as given, or a new one. */
static int64_t result_number(lua_State *L, struct js_state *js, int arg, const char **tail)
{
    struct op_parts p;
    if (lua_isnoneornil(L, arg)) return js->next_value++;
    if (lua_isinteger(L, arg)) return lua_tointeger(L, arg);
    luaL_checktype(L, arg, LUA_TTABLE);
    const char *text = op_text_if(L, arg);
    luaL_argcheck(L, text && op_split(text, &p), arg, "not an operation");
    *tail = p.tail;
    return p.result ? strtoll(p.result + 1, NULL, 10) : js->next_value++;
}

/* ResOperation(name, args [, replaces [, tail]]): an operation for the optimize hook's list. args: numbers, operations (their
 * results) or texts. replaces: an operation whose result's name and resume data it takes over, or a number for the result. */
static int js_resoperation(lua_State *L)
{
    char head[96];
    const char *name = luaL_checkstring(L, 1), *tail = "";
    luaL_checktype(L, 2, LUA_TTABLE);
    int op = find_opcode(name);
    if (op < 0) return luaL_argerror(L, 1, lua_pushfstring(L, "no operation '%s'", name));
    lua_settop(L, 4);
    struct js_state *js = js_get(L);
    int64_t number = result_number(L, js, 3, &tail);
    tail = luaL_optstring(L, 4, tail);
    lua_settop(L, 4);
    lua_newtable(L);
    head[0] = 0;
    if (jit_opinfo[op].result != 'v') snprintf(head, sizeof head, "%c%lld = ", jit_opinfo[op].result, (long long)number);
    lua_Integer nargs = luaL_len(L, 2);
    lua_pushfstring(L, "%s%s(", head, name);
    for (lua_Integer i = 1; i <= nargs; i++) {
        lua_pushstring(L, i > 1 ? ", " : "");
        push_arg_text(L, name, 2, i);
        lua_concat(L, 3);
    }
    lua_pushfstring(L, ")%s", tail);
    lua_concat(L, 2);
    lua_setfield(L, 5, "text");
    lua_settop(L, 5);
    set_str(L, "name", name);
    set_int(L, "offset", -1);
    luaL_setmetatable(L, op_classes[jit_opinfo[op].effects == JIT_GUARD]);
    return 1;
}

/* ---- JitLoopInfo ---- */

static int info_index(lua_State *L)
{
    if (lua_type(L, 2) == LUA_TSTRING && strcmp(lua_tostring(L, 2), "bridge_no") == 0) return luaL_error(L, "not a bridge");
    return 0;
}

static int info_tostring(lua_State *L)
{
    lua_getfield(L, 1, "type");
    lua_getfield(L, 1, "loop_no");
    lua_getfield(L, 1, "name");
    lua_pushfstring(L, "JitLoopInfo: %s %d of %s", lua_tostring(L, -3), (int)lua_tointeger(L, -2), lua_tostring(L, -1));
    return 1;
}

/* Pushes the function that runs code, if the recorded thread has it among its frames. */
static bool push_code(lua_State *L, const struct js_state *js, const void *code)
{
    if (!js->rec || !code || !lua_checkstack(L, 4)) return false;
    for (struct callinfo *ci = js->rec->ci; ci; ci = ci->prev)
        if (!(ci->status & CIST_C) && ci->func->tag == T_LCL && ci->func->lcl->p == code) {
            setval(L->top, ci->func);
            L->top++;
            return true;
        }
    return false;
}

/* {code, position, is_being_profiled, name}; of a bridge: {guard_number, name}. */
static void push_greenkey(lua_State *L, const struct js_state *js, const struct jitstat_loop_info *info)
{
    push_name_key(L, info->greenkey_name);
    if (info->bridge_no) {
        set_int(L, "guard_number", info->guard_number);
        set_int(L, "loop_no", (int64_t)info->loop_no);
        return;
    }
    set_int(L, "position", (int64_t)info->greenkey_position);
    if (push_code(L, js, info->greenkey_code)) lua_setfield(L, -2, "code");
}

static void push_info(lua_State *L, struct js_state *js, const struct jitstat_loop_info *info)
{
    lua_createtable(L, 0, 12);
    set_str(L, "jitdriver_name", info->jitdriver_name);
    set_str(L, "type", info->type);
    set_str(L, "name", info->greenkey_name);
    set_int(L, "loop_no", (int64_t)info->loop_no);
    if (info->bridge_no) {
        set_int(L, "bridge_no", (int64_t)info->bridge_no);
        set_int(L, "guard_number", info->guard_number);
    } else {
        push_greenkey(L, js, info);
        lua_setfield(L, -2, "greenkey");
    }
    push_ops(L, js, info);
    lua_setfield(L, -2, "operations");
    if (info->asmaddr) {
        set_int(L, "asmaddr", (int64_t)(uintptr_t)info->asmaddr);
        set_int(L, "asmlen", (int64_t)info->asmlen);
    }
    luaL_setmetatable(L, INFO_CLASS);
}

/* ---- running hooks ---- */

struct hook_call {
    struct js_state *js;
    int which; /* UV_* */
    const struct jitstat_loop_info *info;
    int64_t n; /* optimize: entries returned, -1 none */
};

static void take_entry(lua_State *L, struct js_state *js, const struct jitstat_loop_info *info, lua_Integer i)
{
    struct jitstat_newop *e = &js->list[i - 1];
    if (lua_rawgeti(L, -1, i) != LUA_TTABLE) luaL_error(L, "entry %d of the list is a %s, no operation", (int)i, luaL_typename(L, -1));
    *e = (struct jitstat_newop){.index = -1, .text = op_text_if(L, lua_gettop(L))};
    if (!e->text) luaL_error(L, "entry %d of the list is no operation (it has no text)", (int)i);
    lua_getfield(L, -1, "list");
    bool own = lua_isinteger(L, -1) && lua_tointeger(L, -1) == js->serial;
    lua_getfield(L, -2, "index");
    uint64_t index = (uint64_t)lua_tointeger(L, -1);
    if (own && index < info->noperations && strcmp(info->operations[index].text, e->text) == 0) e->index = (int64_t)index;
    lua_pop(L, 3);
}

/* The optimize hook's result is at the top. */
static int64_t take_list(lua_State *L, struct js_state *js, const struct jitstat_loop_info *info)
{
    if (lua_isnil(L, -1)) return -1;
    if (!lua_istable(L, -1)) luaL_error(L, "a list of operations or nil expected, got %s", luaL_typename(L, -1));
    lua_Unsigned n = lua_rawlen(L, -1);
    if (n > js->listcap) {
        struct jitstat_newop *v = n < 1000000 ? realloc(js->list, n * sizeof *v) : NULL;
        if (!v) luaL_error(L, "no memory for %d operations", (int)n);
        js->list = v;
        js->listcap = n;
    }
    for (lua_Unsigned i = 1; i <= n; i++) take_entry(L, js, info, (lua_Integer)i);
    return (int64_t)n;
}

static int call_hook_body(lua_State *L)
{
    struct hook_call *c = lua_touserdata(L, 1);
    luaL_checkstack(L, 20, "jit hook");
    struct js_state *js = js_get(L);
    int nargs = 1;
    if (lua_getiuservalue(L, -1, c->which) == LUA_TNIL) return 0;
    switch (c->which) {
    case UV_OPTIMIZE:
    case UV_COMPILE: push_info(L, js, c->info); break;
    default:
        lua_pushstring(L, c->info->jitdriver_name);
        push_greenkey(L, js, c->info);
        nargs = 2;
    }
    if (c->which == UV_ABORT) {
        lua_pushstring(L, c->info->reason);
        push_ops(L, js, c->info);
        nargs = 4;
    }
    lua_call(L, nargs, c->which == UV_OPTIMIZE);
    if (c->which != UV_OPTIMIZE) return 0;
    c->n = take_list(L, js, c->info);
    lua_setiuservalue(L, -2, UV_LIST); /* holds the texts */
    return 0;
}

static void hook_report(lua_State *co, const struct hook_call *c)
{
    static const int hooks[] = {[UV_OPTIMIZE] = JITSTAT_H_OPTIMIZE, [UV_COMPILE] = JITSTAT_H_COMPILE, [UV_ABORT] = JITSTAT_H_ABORT, [UV_TOO_LONG] = JITSTAT_H_TOO_LONG};
    const char *msg = lua_type(co, -1) == LUA_TSTRING || lua_type(co, -1) == LUA_TNUMBER ? lua_tostring(co, -1) : NULL;
    if (msg) jit_hook_failed(c->js->vm, (enum jitstat_hook)hooks[c->which], "%s", msg);
    else jit_hook_failed(c->js->vm, (enum jitstat_hook)hooks[c->which], "(error object is a %s value)", luaL_typename(co, -1));
}

static int64_t run_hook(struct js_state *js, int which, const struct jitstat_loop_info *info)
{
    struct hook_call c = {js, which, info, -1};
    struct lua_State *co = js->co;
    struct global *g = co->g;
    js->rec = g->rec_L;
    js->next_value = FIRST_FREE_VALUE;
    lua_jit_recording(co, false);
    lua_settop(co, 0);
    lua_pushcfunction(co, call_hook_body);
    lua_pushlightuserdata(co, &c);
    if (lua_pcall(co, 1, 0, 0) != LUA_OK) {
        c.n = -1;
        hook_report(co, &c);
    }
    if (js->vm->rec && g->rec_L == co) lua_jit_abort(co, JITSTAT_A_ESCAPE); /* the hook returned in the middle of a recording */
    lua_settop(co, 0);
    lua_jit_recording(js->rec ? js->rec : co, false);
    js->rec = NULL;
    return c.n;
}

static int64_t on_optimize(const struct jitstat_loop_info *info, const struct jitstat_newop **list, void *ud)
{
    struct js_state *js = ud;
    int64_t n = run_hook(js, UV_OPTIMIZE, info);
    *list = js->list;
    return n;
}

static void on_compile(const struct jitstat_loop_info *info, void *ud) { run_hook(ud, UV_COMPILE, info); }
static void on_abort(const struct jitstat_loop_info *info, void *ud) { run_hook(ud, UV_ABORT, info); }
static void on_too_long(const struct jitstat_loop_info *info, void *ud) { run_hook(ud, UV_TOO_LONG, info); }

/* ---- functions of the module ---- */

/* Argument 1 becomes the hook `which`; returns the state, true in *set if there is one. */
static struct js_state *set_hook(lua_State *L, int which, bool *set)
{
    *set = !lua_isnoneornil(L, 1);
    if (*set && !lua_isfunction(L, 1) && luaL_getmetafield(L, 1, "__call") == LUA_TNIL) luaL_typeerror(L, 1, "function");
    lua_settop(L, 1);
    struct js_state *js = js_get(L);
    lua_pushvalue(L, 1); /* nil: no hook */
    lua_setiuservalue(L, 2, which);
    js_vm(L);
    return js;
}

static int js_set_optimize_hook(lua_State *L)
{
    bool set;
    struct js_state *js = set_hook(L, UV_OPTIMIZE, &set);
    jitstat_set_optimize_hook(js->vm, set ? on_optimize : NULL, js);
    return 0;
}

static int js_set_compile_hook(lua_State *L)
{
    bool set, ops = lua_isnone(L, 2) || lua_isnil(L, 2) || lua_toboolean(L, 2);
    struct js_state *js = set_hook(L, UV_COMPILE, &set);
    jitstat_set_compile_hook(js->vm, set ? on_compile : NULL, js, ops);
    return 0;
}

static int js_set_abort_hook(lua_State *L)
{
    bool set;
    struct js_state *js = set_hook(L, UV_ABORT, &set);
    jitstat_set_abort_hook(js->vm, set ? on_abort : NULL, js);
    return 0;
}

static int js_set_trace_too_long_hook(lua_State *L)
{
    bool set;
    struct js_state *js = set_hook(L, UV_TOO_LONG, &set);
    jitstat_set_trace_too_long_hook(js->vm, set ? on_too_long : NULL, js);
    return 0;
}

static int js_enable_debug(lua_State *L) { return jitstat_enable_debug(js_vm(L)), 0; }
static int js_disable_debug(lua_State *L) { return jitstat_disable_debug(js_vm(L)), 0; }
static int js_releaseall(lua_State *L) { return js_vm(L), lua_jit_flush(L, "releaseall"), 0; }

static int js_set_param(lua_State *L)
{
    const char *err;
    luaL_checktype(L, 1, LUA_TSTRING);
    const char *text = lua_tostring(L, 1);
    luaL_argcheck(L, strlen(text) == lua_rawlen(L, 1), 1, "a NUL in the text");
    if (jitstat_set_param(js_vm(L), text, &err) != 0) return luaL_argerror(L, 1, err);
    return 0;
}

static int js_get_stats_asmmemmgr(lua_State *L)
{
    size_t allocated, used;
    jitstat_get_stats_asmmemmgr(js_vm(L), &allocated, &used);
    lua_pushinteger(L, (lua_Integer)allocated);
    lua_pushinteger(L, (lua_Integer)used);
    return 2;
}

static void push_hook_counts(lua_State *L, const struct jitstat_totals *t)
{
    static const char *const names[] = {"optimize", "compile", "abort", "trace_too_long"};
    lua_newtable(L);
    for (int i = 0; i < JITSTAT_NHOOKS; i++) {
        lua_newtable(L);
        set_int(L, "called", (int64_t)t->hooks_called[i]);
        set_int(L, "suppressed", (int64_t)t->hooks_suppressed[i]);
        set_int(L, "failed", (int64_t)t->hooks_failed[i]);
        lua_setfield(L, -2, names[i]);
    }
}

static void push_runs(lua_State *L, const struct jitstat_snapshot *s)
{
    lua_newtable(L);
    for (size_t i = 0; i < s->nloop_run_times; i++) {
        const struct jitstat_run *r = &s->loop_run_times[i];
        char kind[2] = {(char)r->kind, 0};
        lua_newtable(L);
        set_str(L, "kind", kind);
        set_int(L, "number", (int64_t)r->number);
        set_int(L, "runs", (int64_t)r->runs);
        set_str(L, "greenkey", r->greenkey);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

static void push_times(lua_State *L, const struct jitstat_totals *t)
{
    static const char *const names[] = {[JITSTAT_T_TRACING] = "TRACING", [JITSTAT_T_BACKEND] = "BACKEND", [JITSTAT_T_OPTIMIZE] = "OPTIMIZE"};
    lua_newtable(L);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        lua_pushnumber(L, (double)t->times_ns[i] * 1e-9);
        lua_setfield(L, -2, names[i]);
    }
}

/* alarms: list of {alarm, file, line, count, detail, advice}. */
static void push_alarms(lua_State *L, const struct jitstat_snapshot *s)
{
    lua_newtable(L);
    for (size_t i = 0; i < s->nalarms; i++) {
        const struct jitstat_alarm_rec *r = &s->alarms[i];
        lua_createtable(L, 0, 8);
        set_str(L, "alarm", jitstat_alarm_name((int)r->alarm));
        set_str(L, "file", r->file);
        set_int(L, "line", r->line);
        set_int(L, "number", (int64_t)r->number);
        set_int(L, "count", (int64_t)r->count);
        set_str(L, "detail", r->detail);
        set_str(L, "advice", jitstat_alarm_rec_advice(r));
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

/* A snapshot is a copy of all totals in a userdata; the tables that a program asks it for are made then. So taking one
 * costs little, and what it says is of the moment in which it was taken. User value 1: the tables made so far. */
#define SNAPSHOT_CLASS "jitstat.JitInfoSnapshot"

static void push_counters(lua_State *L, const struct jitstat_totals *t)
{
    lua_createtable(L, 0, JITSTAT_NCOUNTERS);
    for (int i = 0; i < JITSTAT_NCOUNTERS; i++) set_int(L, jitstat_counter_name(i), (int64_t)t->counters[i]);
}

static const struct {
    const char *name;
    size_t off; /* of a word in the totals */
    void (*push)(lua_State *L, const struct jitstat_totals *t); /* or a table */
} snapshot_fields[] = {
    {"counters", 0, push_counters},
    {"counter_times", 0, push_times},
    {"hooks", 0, push_hook_counts},
    {"trace_entries", offsetof(struct jitstat_totals, trace_entries), NULL},
    {"guard_exits", offsetof(struct jitstat_totals, guard_exits), NULL},
    {"flushes", offsetof(struct jitstat_totals, flushes), NULL},
    {"blacklisted", offsetof(struct jitstat_totals, blacklisted), NULL},
    {"code_used", offsetof(struct jitstat_totals, code_used), NULL},
    {"listing_bytes", offsetof(struct jitstat_totals, listing_bytes), NULL},
};
#define NFIELDS (sizeof snapshot_fields / sizeof snapshot_fields[0])

/* Pushes the table of what was made so far of the snapshot at 1. */
static void snapshot_cache(lua_State *L)
{
    if (lua_getiuservalue(L, 1, 1) == LUA_TTABLE) return;
    lua_pop(L, 1);
    lua_newtable(L);
    lua_pushvalue(L, -1);
    lua_setiuservalue(L, 1, 1);
}

static int snapshot_index(lua_State *L)
{
    const struct jitstat_totals *t = luaL_checkudata(L, 1, SNAPSHOT_CLASS);
    const char *key = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "";
    lua_settop(L, 2);
    snapshot_cache(L);
    lua_pushvalue(L, 2);
    if (lua_rawget(L, 3) != LUA_TNIL) return 1;
    for (size_t i = 0; i < NFIELDS; i++) {
        if (strcmp(snapshot_fields[i].name, key) != 0) continue;
        if (snapshot_fields[i].push) snapshot_fields[i].push(L, t);
        else lua_pushinteger(L, *(const int64_t *)((const char *)t + snapshot_fields[i].off));
        lua_pushvalue(L, -1);
        lua_setfield(L, 3, key);
        return 1;
    }
    if (strcmp(key, "loop_run_times") != 0 && strcmp(key, "alarms") != 0) return 0;
    lua_newtable(L); /* there were none: else they are in the cache */
    lua_pushvalue(L, -1);
    lua_setfield(L, 3, key);
    return 1;
}

static int snapshot_next(lua_State *L)
{
    lua_settop(L, 2);
    return lua_next(L, 1) ? 2 : (lua_pushnil(L), 1);
}

/* All fields, whether or not they were asked for. */
static int snapshot_pairs(lua_State *L)
{
    luaL_checkudata(L, 1, SNAPSHOT_CLASS);
    for (size_t i = 0; i < NFIELDS; i++) lua_getfield(L, 1, snapshot_fields[i].name), lua_pop(L, 1);
    lua_getfield(L, 1, "loop_run_times");
    lua_getfield(L, 1, "alarms");
    lua_settop(L, 1);
    lua_pushcfunction(L, snapshot_next);
    snapshot_cache(L);
    return 2;
}

/* What is a list in the snapshot goes into the tables at once. */
static int snapshot_lists(lua_State *L)
{
    const struct jitstat_snapshot *s = lua_touserdata(L, 2);
    snapshot_cache(L);
    push_runs(L, s);
    lua_setfield(L, -2, "loop_run_times");
    push_alarms(L, s);
    lua_setfield(L, -2, "alarms");
    return 0;
}

static int js_get_stats_snapshot(lua_State *L)
{
    struct jitstat_snapshot *s;
    struct jit_vm *vm = js_vm(L);
    luaL_checkstack(L, 10, NULL);
    lua_settop(L, 0);
    struct jitstat_totals *t = lua_newuserdatauv(L, sizeof *t, 1);
    luaL_setmetatable(L, SNAPSHOT_CLASS);
    if (jitstat_get_stats_snapshot(vm, &s) != 0) return luaL_error(L, "not enough memory");
    *t = s->totals;
    int status = LUA_OK;
    if (s->nloop_run_times || s->nalarms) {
        lua_pushcfunction(L, snapshot_lists);
        lua_pushvalue(L, 1);
        lua_pushlightuserdata(L, s);
        status = lua_pcall(L, 2, 0, 0);
    }
    jitstat_snapshot_free(s);
    return status == LUA_OK ? 1 : lua_error(L);
}

/* The machine code of a compiled trace, as long as it exists. */
static int js_code_bytes(lua_State *L)
{
    struct jit_vm *vm = js_vm(L);
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_getfield(L, 1, "asmaddr");
    lua_getfield(L, 1, "asmlen");
    uint64_t addr = (uint64_t)lua_tointeger(L, -2), len = (uint64_t)lua_tointeger(L, -1);
    for (const struct jit_trace *t = vm->traces; t && addr; t = t->next)
        if (t->state != JIT_TR_FREED && (uint64_t)(uintptr_t)t->code.start == addr && t->code.size == len) {
            lua_pushlstring(L, (const char *)t->code.start, t->code.size);
            return 1;
        }
    lua_pushnil(L);
    return 1;
}

/* ---- opening ---- */

static int js_gc(lua_State *L)
{
    struct js_state *js = lua_touserdata(L, 1);
    struct jit_vm *vm = jitstat_vm_of_lua(L);
    if (vm) {
        jitstat_set_optimize_hook(vm, NULL, NULL);
        jitstat_set_compile_hook(vm, NULL, NULL, false);
        jitstat_set_abort_hook(vm, NULL, NULL);
        jitstat_set_trace_too_long_hook(vm, NULL, NULL);
    }
    free(js->list);
    js->list = NULL;
    js->listcap = 0;
    return 0;
}

static void open_class(lua_State *L, const char *name, const char *event, lua_CFunction f, lua_CFunction index)
{
    luaL_newmetatable(L, name);
    lua_pushcfunction(L, f);
    lua_setfield(L, -2, event);
    lua_pushcfunction(L, index);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
}

static void open_classes(lua_State *L)
{
    for (int i = 0; i < 3; i++) open_class(L, op_classes[i], "__tostring", op_tostring, op_index);
    open_class(L, SNAPSHOT_CLASS, "__pairs", snapshot_pairs, snapshot_index);
    open_class(L, INFO_CLASS, "__tostring", info_tostring, info_index);
}

static void open_state(lua_State *L)
{
    struct js_state *js = lua_newuserdatauv(L, sizeof *js, NUM_UV);
    *js = (struct js_state){.vm = jitstat_vm_of_lua(L)};
    lua_newtable(L);
    lua_pushcfunction(L, js_gc);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2);
    js->co = lua_newthread(L);
    lua_setiuservalue(L, -2, UV_THREAD);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &state_key);
}

int luaopen_jitstat(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"set_optimize_hook", js_set_optimize_hook},
        {"set_compile_hook", js_set_compile_hook},
        {"set_abort_hook", js_set_abort_hook},
        {"set_trace_too_long_hook", js_set_trace_too_long_hook},
        {"enable_debug", js_enable_debug},
        {"disable_debug", js_disable_debug},
        {"get_stats_snapshot", js_get_stats_snapshot},
        {"get_stats_asmmemmgr", js_get_stats_asmmemmgr},
        {"set_param", js_set_param},
        {"releaseall", js_releaseall},
        {"trace_next_iteration", js_trace_next_iteration},
        {"dont_trace_here", js_dont_trace_here},
        {"get_jitcell_at_key", js_get_jitcell_at_key},
        {"residual_call", js_residual_call},
        {"ResOperation", js_resoperation},
        {"code_bytes", js_code_bytes},
        {NULL, NULL}};
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &state_key) == LUA_TNIL) {
        open_classes(L);
        open_state(L);
    }
    luaL_newlib(L, functions);
    return 1;
}

/* require finds the module here: the library's `package` keeps the table. */
void lua_jit_preload(struct lua_State *L)
{
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, luaopen_jitstat);
    lua_setfield(L, -2, "jitstat");
    lua_setfield(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
}
