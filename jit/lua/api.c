/* api.c: the C API, that is the lua_* functions on values and tables. (Those on calls, errors and coroutines are in
 * call.c, those that make and destroy states and threads in state.c, the debug interface in debug.c.)
 *
 * These functions are called from the distribution's standard library and from C modules for every
 * argument they look at, so the common ones are straight line code: an index becomes an address with one
 * compare, a Lua type is a table lookup by tag, and a table access looks into the table before it thinks of
 * metamethods.
 *
 * Invariants
 *  1. index_value never fails: what is not there is the address of absent_value. Nobody writes to it.
 *  2. Whatever may collect has its operands on the stack; a function that allocates pushes its result and
 *     calls gc_check afterwards.
 *  3. vm_get, vm_set and the like may move the stack: addresses from index_value are dead after them.
 *  4. Stores into tables that others rely on (TF_CLASS) go through table_set*, which watches them.
 *
 * Before on the walk: guest.h. After: debug.c.
 */
#pragma GCC visibility push(default)
#include <lua5.4/lua.h>
#pragma GCC visibility pop
#include <lua5.4/lauxlib.h>
#include <limits.h>
#include <stdio.h>
#include "lua/guest.h"

_Static_assert(sizeof(lua_Debug) == 136, "ABI: lua_Debug");
_Static_assert(offsetof(lua_Debug, i_ci) == 128, "ABI: lua_Debug.i_ci");
_Static_assert(sizeof(luaL_Buffer) == 1056, "ABI: luaL_Buffer");
_Static_assert(sizeof(luaL_Stream) == 16, "ABI: luaL_Stream");
_Static_assert(LUA_REGISTRYINDEX == -1001000, "ABI: pseudo-indices");
_Static_assert(LUA_EXTRASPACE == 8, "ABI: extra space below a lua_State");
_Static_assert(sizeof(struct value) == 16, "value layout");

const char lua_ident[] = "$LuaVersion: " LUA_COPYRIGHT " $"
                         "$LuaAuthors: " LUA_AUTHORS " $";

#define NONE ((struct value *)&absent_value)

/* The value at a pseudo-index: registry or upvalue of the running C function. */
static __attribute__((noinline)) struct value *pseudo_value(lua_State *L, int idx)
{
    if (idx == LUA_REGISTRYINDEX)
        return &L->g->registry;
    unsigned n = (unsigned)(LUA_REGISTRYINDEX - idx);
    const struct value *f = L->ci->func;
    if (f->tag != T_CCL || n > f->ccl->nupvals)
        return NONE;
    return &f->ccl->upvals[n - 1];
}

static inline struct value *index_value(lua_State *L, int idx)
{
    if (likely(idx > 0)) {
        struct value *o = L->ci->func + idx;
        return o < L->top ? o : NONE;
    }
    if (likely(idx > LUA_REGISTRYINDEX))
        return L->top + idx;
    return pseudo_value(L, idx);
}

/* Like index_value for an index that names a stack slot. */
static inline struct value *index_slot(lua_State *L, int idx)
{
    return idx > 0 ? L->ci->func + idx : L->top + idx;
}

static inline void push(lua_State *L, const struct value *v)
{
    setval(L->top, v);
    L->top++;
}

static inline int push_typed(lua_State *L, const struct value *v)
{
    push(L, v);
    return type_of_tag[v->tag];
}

static inline struct table *globals_of(lua_State *L, struct value *out)
{
    setval(out, table_getint_fast(L->g->registry.t, LUA_RIDX_GLOBALS));
    return out->t;
}

/* ---- the state ---- */

lua_CFunction lua_atpanic(lua_State *L, lua_CFunction panicf)
{
    lua_CFunction old = L->g->panic;
    L->g->panic = panicf;
    return old;
}

lua_Number lua_version(lua_State *L)
{
    return LUA_VERSION_NUM;
}

lua_Alloc lua_getallocf(lua_State *L, void **ud)
{
    if (ud != NULL)
        *ud = L->g->ud;
    return L->g->frealloc;
}

/* Traces made for pools leave out tables that their exits make, where nothing can be collected if f has no memory. */
void lua_setallocf(lua_State *L, lua_Alloc f, void *ud)
{
    bool pools = L->g->own_alloc;
    mem_set_alloc(L, f, ud);
    if (pools && !L->g->own_alloc)
        lua_jit_flush(L, "lua_setallocf");
}

void lua_setwarnf(lua_State *L, lua_WarnFunction f, void *ud)
{
    L->g->ud_warn = ud;
    L->g->warnf = f;
}

void lua_warning(lua_State *L, const char *msg, int tocont)
{
    lua_WarnFunction f = L->g->warnf;
    if (f != NULL)
        f(L->g->ud_warn, msg, tocont);
}

int lua_gc(lua_State *L, int what, ...)
{
    va_list ap;
    va_start(ap, what);
    int r = gc_control(L, what, ap);
    va_end(ap);
    return r;
}

/* ---- the stack ---- */

int lua_absindex(lua_State *L, int idx)
{
    return idx > 0 || idx <= LUA_REGISTRYINDEX ? idx : (int)(L->top - L->ci->func) + idx;
}

int lua_gettop(lua_State *L)
{
    return (int)(L->top - (L->ci->func + 1));
}

/* Room for n more slots, for C code: no error, and the frame's guaranteed part grows. */
int lua_checkstack(lua_State *L, int n)
{
    if (L->stack_last - L->top <= n) {
        int used = (int)(L->top - L->stack) + STACK_EXTRA;
        if (n > LUAI_MAXSTACK - used)
            return 0;
        int size = 2 * L->stacksize;
        if (size < used + n)
            size = used + n;
        if (size > LUAI_MAXSTACK)
            size = LUAI_MAXSTACK;
        if (!stack_realloc(L, size, false))
            return 0;
    }
    if (L->ci->top < L->top + n)
        L->ci->top = L->top + n;
    return 1;
}

void lua_settop(lua_State *L, int idx)
{
    struct value *newtop = idx >= 0 ? L->ci->func + 1 + idx : L->top + 1 + idx;
    struct value *top = L->top;
    while (top < newtop)
        setnil(top++);
    if (unlikely(L->tbclist != 0 && newtop < L->top && L->stack + L->tbclist >= newtop))
        newtop = func_close(L, newtop, CLOSE_KEEP_TOP, false);
    L->top = newtop;
}

void lua_closeslot(lua_State *L, int idx)
{
    struct value *level = func_close(L, index_slot(L, idx), CLOSE_KEEP_TOP, false);
    setnil(level);
}

void lua_toclose(lua_State *L, int idx)
{
    func_new_tbc(L, index_slot(L, idx));
}

void lua_pushvalue(lua_State *L, int idx)
{
    push(L, index_value(L, idx));
}

static void reverse_slots(struct value *from, struct value *to)
{
    for (; from < to; from++, to--) {
        struct value t;
        setval(&t, from);
        setval(from, to);
        setval(to, &t);
    }
}

void lua_rotate(lua_State *L, int idx, int n)
{
    struct value *last = L->top - 1, *first = index_slot(L, idx);
    if (n == 1) { /* lua_insert */
        struct value t;
        setval(&t, last);
        for (struct value *p = last; p > first; p--)
            setval(p, p - 1);
        setval(first, &t);
    } else if (n == -1) { /* lua_remove */
        struct value t;
        setval(&t, first);
        for (struct value *p = first; p < last; p++)
            setval(p, p + 1);
        setval(last, &t);
    } else {
        struct value *mid = n >= 0 ? last - n : first - n - 1;
        reverse_slots(first, mid);
        reverse_slots(mid + 1, last);
        reverse_slots(first, last);
    }
}

void lua_copy(lua_State *L, int fromidx, int toidx)
{
    struct value *from = index_value(L, fromidx), *to = index_value(L, toidx);
    setval(to, from);
    if (toidx < LUA_REGISTRYINDEX)
        gc_barrier(L, L->ci->func->ccl, from);
}

void lua_xmove(lua_State *from, lua_State *to, int n)
{
    if (from == to)
        return;
    from->top -= n;
    for (int i = 0; i < n; i++)
        push(to, from->top + i);
}

/* ---- what a value is ---- */

int lua_type(lua_State *L, int idx)
{
    const struct value *o = index_value(L, idx);
    return unlikely(o == NONE) ? LUA_TNONE : type_of_tag[o->tag];
}

const char *lua_typename(lua_State *L, int t)
{
    static const char *const names[] = {"no value", "nil", "boolean", "userdata", "number",
                                        "string", "table", "function", "userdata", "thread"};
    return names[t + 1];
}

int lua_iscfunction(lua_State *L, int idx)
{
    uint32_t tag = index_value(L, idx)->tag;
    return tag == T_LCF || tag == T_CCL;
}

int lua_isinteger(lua_State *L, int idx)
{
    return index_value(L, idx)->tag == T_INT;
}

int lua_isnumber(lua_State *L, int idx)
{
    const struct value *o = index_value(L, idx);
    double n;
    return tag_is_number(o->tag) || (o->tag == T_STR && num_of_value(o, &n));
}

int lua_isstring(lua_State *L, int idx)
{
    uint32_t tag = index_value(L, idx)->tag;
    return tag == T_STR || tag_is_number(tag);
}

int lua_isuserdata(lua_State *L, int idx)
{
    uint32_t tag = index_value(L, idx)->tag;
    return tag == T_UDATA || tag == T_LIGHTUD;
}

int lua_rawequal(lua_State *L, int idx1, int idx2)
{
    const struct value *a = index_value(L, idx1), *b = index_value(L, idx2);
    return a != NONE && b != NONE && vm_equal(NULL, a, b);
}

int lua_compare(lua_State *L, int idx1, int idx2, int op)
{
    const struct value *a = index_value(L, idx1), *b = index_value(L, idx2);
    if (a == NONE || b == NONE)
        return 0;
    switch (op) {
    case LUA_OPEQ: return vm_equal(L, a, b);
    case LUA_OPLT: return vm_less(L, a, b);
    default: return vm_lesseq(L, a, b);
    }
}

void lua_arith(lua_State *L, int op)
{
    if (op == LUA_OPUNM || op == LUA_OPBNOT)
        push(L, L->top - 1); /* the second operand of a unary operation is the first */
    vm_arith(L, op, L->top - 2, L->top - 1, L->top - 2);
    L->top--;
}

/* ---- conversions ---- */

size_t lua_stringtonumber(lua_State *L, const char *s)
{
    size_t n = num_from_str(s, L->top);
    if (n != 0)
        L->top++;
    return n;
}

lua_Number lua_tonumberx(lua_State *L, int idx, int *isnum)
{
    const struct value *o = index_value(L, idx);
    double n = 0;
    int ok = 1;
    if (o->tag == T_FLT)
        n = o->n;
    else if (o->tag == T_INT)
        n = (double)o->i;
    else if (o->tag != T_STR || !num_of_value(o, &n))
        ok = 0, n = 0;
    if (isnum != NULL)
        *isnum = ok;
    return n;
}

lua_Integer lua_tointegerx(lua_State *L, int idx, int *isnum)
{
    const struct value *o = index_value(L, idx);
    int64_t i = 0;
    int ok = 1;
    if (likely(o->tag == T_INT))
        i = o->i;
    else if (!int_of_value(o, &i))
        ok = 0, i = 0;
    if (isnum != NULL)
        *isnum = ok;
    return i;
}

int lua_toboolean(lua_State *L, int idx)
{
    return !tag_is_false(index_value(L, idx)->tag);
}

/* A number becomes a string in its place; the slow part of lua_tolstring. */
static __attribute__((noinline)) const char *number_tolstring(lua_State *L, int idx, size_t *len)
{
    struct value *o = index_value(L, idx);
    if (!tag_is_number(o->tag)) {
        if (len != NULL)
            *len = 0;
        return NULL;
    }
    struct lstr *s = num_to_str(L, o);
    setstr(o, s);
    if (idx < LUA_REGISTRYINDEX)
        gc_barrier(L, L->ci->func->ccl, o);
    gc_check(L);
    if (len != NULL)
        *len = s->len;
    return s->data;
}

const char *lua_tolstring(lua_State *L, int idx, size_t *len)
{
    const struct value *o = index_value(L, idx);
    if (unlikely(o->tag != T_STR))
        return number_tolstring(L, idx, len);
    if (len != NULL)
        *len = o->s->len;
    return o->s->data;
}

lua_Unsigned lua_rawlen(lua_State *L, int idx)
{
    const struct value *o = index_value(L, idx);
    switch (o->tag) {
    case T_STR: return o->s->len;
    case T_UDATA: return o->u->len;
    case T_TABLE: return table_len(o->t);
    default: return 0;
    }
}

lua_CFunction lua_tocfunction(lua_State *L, int idx)
{
    const struct value *o = index_value(L, idx);
    return o->tag == T_LCF ? o->f : o->tag == T_CCL ? o->ccl->f
                                                    : NULL;
}

void *lua_touserdata(lua_State *L, int idx)
{
    const struct value *o = index_value(L, idx);
    return o->tag == T_UDATA ? udata_block(o->u) : o->tag == T_LIGHTUD ? o->p
                                                                       : NULL;
}

lua_State *lua_tothread(lua_State *L, int idx)
{
    const struct value *o = index_value(L, idx);
    return o->tag == T_THREAD ? o->th : NULL;
}

const void *lua_topointer(lua_State *L, int idx)
{
    const struct value *o = index_value(L, idx);
    switch (o->tag) {
    case T_LCF: return (const void *)(size_t)o->f;
    case T_UDATA: return udata_block(o->u);
    case T_LIGHTUD: return o->p;
    default: return tag_is_gc(o->tag) ? o->p : NULL;
    }
}

/* ---- pushing ---- */

void lua_pushnil(lua_State *L)
{
    setnil(L->top++);
}

void lua_pushnumber(lua_State *L, lua_Number n)
{
    setflt(L->top++, n);
}

void lua_pushinteger(lua_State *L, lua_Integer n)
{
    setint(L->top++, n);
}

void lua_pushboolean(lua_State *L, int b)
{
    setbool(L->top++, b != 0);
}

void lua_pushlightuserdata(lua_State *L, void *p)
{
    setgc(L->top++, p, T_LIGHTUD);
}

int lua_pushthread(lua_State *L)
{
    setgc(L->top++, L, T_THREAD);
    return L->g->mainthread == L;
}

const char *lua_pushlstring(lua_State *L, const char *s, size_t len)
{
    struct lstr *str = str_new(L, len == 0 ? "" : s, len);
    setstr(L->top++, str);
    gc_check(L);
    return str->data;
}

const char *lua_pushstring(lua_State *L, const char *s)
{
    if (s == NULL) {
        lua_pushnil(L);
        return NULL;
    }
    struct lstr *str = str_newz(L, s);
    setstr(L->top++, str);
    gc_check(L);
    return str->data;
}

void lua_pushcclosure(lua_State *L, lua_CFunction fn, int n)
{
    if (n == 0) {
        L->top->f = fn;
        L->top++->tag = T_LCF;
        return;
    }
    struct cclosure *c = func_new_c(L, (uint32_t)n);
    c->f = fn;
    L->top -= n;
    for (int i = 0; i < n; i++)
        setval(&c->upvals[i], L->top + i);
    setgc(L->top++, c, T_CCL);
    gc_check(L);
}

/* Text that is counted while it is written: what does not fit is counted only. */
struct text {
    char *buf;
    size_t cap, len;
};

static void text_add(struct text *t, const char *s, size_t n)
{
    if (t->len < t->cap) {
        size_t room = t->cap - t->len;
        memcpy(t->buf + t->len, s, n < room ? n : room);
    }
    t->len += n;
}

static void text_add_value(struct text *t, const struct value *v)
{
    char b[64];
    text_add(t, b, (size_t)num_to_buf(v, b));
}

/* UTF-8 of code point x (up to 2^31): one to six bytes. */
static void text_add_utf8(struct text *t, unsigned long x)
{
    char b[8];
    int at = 8;
    if (x < 0x80) {
        b[--at] = (char)x;
    } else {
        unsigned first_max = 0x3f; /* what fits into the first byte */
        do {
            b[--at] = (char)(0x80 | (x & 0x3f));
            x >>= 6;
            first_max >>= 1;
        } while (x > first_max);
        b[--at] = (char)((~first_max << 1) | x);
    }
    text_add(t, b + at, (size_t)(8 - at));
}

/* One conversion of lua_pushfstring; c is the letter. */
static void text_convert(lua_State *L, struct text *t, char c, va_list *ap)
{
    struct value v;
    char b[64];
    switch (c) {
    case 's': {
        const char *s = va_arg(*ap, const char *);
        if (s == NULL)
            s = "(null)";
        text_add(t, s, strlen(s));
        break;
    }
    case 'c':
        b[0] = (char)va_arg(*ap, int);
        text_add(t, b, 1);
        break;
    case 'd':
        setint(&v, va_arg(*ap, int));
        text_add_value(t, &v);
        break;
    case 'I':
        setint(&v, va_arg(*ap, lua_Integer));
        text_add_value(t, &v);
        break;
    case 'f':
        setflt(&v, va_arg(*ap, lua_Number));
        text_add_value(t, &v);
        break;
    case 'p':
        text_add(t, b, (size_t)snprintf(b, sizeof b, "%p", va_arg(*ap, void *)));
        break;
    case 'U':
        text_add_utf8(t, va_arg(*ap, unsigned long));
        break;
    case '%':
        text_add(t, "%", 1);
        break;
    default:
        dbg_runerror(L, "invalid option '%%%c' to 'lua_pushfstring'", c);
    }
}

static void text_format(lua_State *L, struct text *t, const char *fmt, va_list *ap)
{
    for (;;) {
        const char *e = strchr(fmt, '%');
        if (e == NULL)
            break;
        text_add(t, fmt, (size_t)(e - fmt));
        text_convert(L, t, e[1], ap);
        fmt = e + 2;
    }
    text_add(t, fmt, strlen(fmt));
}

/* Formats into a buffer on the C stack; a text that is longer is formatted a second time into its string, so that
 * nothing needs freeing when memory runs out. */
const char *api_pushvf(lua_State *L, const char *fmt, va_list ap)
{
    char buf[512];
    struct text t = {buf, sizeof buf, 0};
    struct lstr *s;
    va_list again;
    va_copy(again, ap);
    text_format(L, &t, fmt, &again);
    va_end(again);
    if (t.len <= sizeof buf) {
        s = str_new(L, buf, t.len);
    } else {
        s = str_new_buffer(L, t.len);
        t = (struct text){s->data, s->len, 0};
        va_copy(again, ap);
        text_format(L, &t, fmt, &again);
        va_end(again);
    }
    setstr(L->top++, s);
    return s->data;
}

const char *lua_pushvfstring(lua_State *L, const char *fmt, va_list argp)
{
    const char *s = api_pushvf(L, fmt, argp);
    gc_check(L);
    return s;
}

const char *lua_pushfstring(lua_State *L, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    const char *s = api_pushvf(L, fmt, ap);
    va_end(ap);
    gc_check(L);
    return s;
}

/* ---- reading tables ---- */

/* t[key], key a string. The fast way out is a value in the table itself. */
static int get_string_key(lua_State *L, const struct value *t, const char *key)
{
    struct lstr *s = str_newz(L, key);
    if (likely(t->tag == T_TABLE)) {
        const struct value *v = table_getstr(t->t, s);
        if (v->tag != T_NIL || t->t->meta == NULL)
            return push_typed(L, v);
    }
    setstr(L->top++, s);
    vm_get(L, t, L->top - 1, L->top - 1);
    return type_of_tag[L->top[-1].tag];
}

int lua_getglobal(lua_State *L, const char *name)
{
    struct value g;
    globals_of(L, &g);
    return get_string_key(L, &g, name);
}

int lua_getfield(lua_State *L, int idx, const char *k)
{
    return get_string_key(L, index_value(L, idx), k);
}

int lua_gettable(lua_State *L, int idx)
{
    const struct value *t = index_value(L, idx);
    struct value *key = L->top - 1;
    if (likely(t->tag == T_TABLE)) {
        const struct value *v = table_get(t->t, key);
        if (v->tag != T_NIL || t->t->meta == NULL) {
            setval(key, v);
            return type_of_tag[v->tag];
        }
    }
    vm_get(L, t, key, key);
    return type_of_tag[L->top[-1].tag];
}

int lua_geti(lua_State *L, int idx, lua_Integer n)
{
    const struct value *t = index_value(L, idx);
    if (likely(t->tag == T_TABLE)) {
        const struct value *v = table_getint_fast(t->t, n);
        if (v->tag != T_NIL || t->t->meta == NULL)
            return push_typed(L, v);
    }
    struct value key;
    setint(&key, n);
    setnil(L->top++);
    vm_get(L, t, &key, L->top - 1);
    return type_of_tag[L->top[-1].tag];
}

int lua_rawget(lua_State *L, int idx)
{
    const struct value *v = table_get(index_value(L, idx)->t, L->top - 1);
    setval(L->top - 1, v);
    return type_of_tag[v->tag];
}

int lua_rawgeti(lua_State *L, int idx, lua_Integer n)
{
    return push_typed(L, table_getint_fast(index_value(L, idx)->t, n));
}

int lua_rawgetp(lua_State *L, int idx, const void *p)
{
    struct value k;
    setgc(&k, (void *)p, T_LIGHTUD);
    return push_typed(L, table_get(index_value(L, idx)->t, &k));
}

int lua_next(lua_State *L, int idx)
{
    struct table *t = index_value(L, idx)->t;
    int more = table_next(L, t, L->top - 1, L->top - 1);
    L->top += more ? 1 : -1;
    return more;
}

void lua_len(lua_State *L, int idx)
{
    const struct value *t = index_value(L, idx);
    if (t->tag == T_TABLE && t->t->meta == NULL) {
        setint(L->top++, (int64_t)table_len(t->t));
        return;
    }
    setnil(L->top++);
    vm_len(L, L->top - 1, t);
}

void lua_concat(lua_State *L, int n)
{
    if (n == 0)
        setstr(L->top++, str_new(L, "", 0));
    else if (n >= 2)
        vm_concat(L, n);
    gc_check(L);
}

/* ---- writing tables ---- */

/* A store into an entry that exists and that nobody relies on; false: the caller goes the long way. */
static inline bool store_existing(lua_State *L, struct table *t, const struct value *old, const struct value *val)
{
    if (old->tag == T_NIL || val->tag == T_NIL || (t->flags & TF_CLASS))
        return false;
    setval((struct value *)old, val);
    gc_barrier_back(L, t, val);
    return true;
}

/* t[key] = the value at the top, which is popped. */
static void set_string_key(lua_State *L, const struct value *t, const char *key)
{
    struct lstr *s = str_newz(L, key);
    if (t->tag == T_TABLE && store_existing(L, t->t, table_getstr(t->t, s), L->top - 1)) {
        L->top--;
        return;
    }
    setstr(L->top++, s);
    if (t->tag == T_TABLE && t->t->meta == NULL)
        table_setstr(L, t->t, s, L->top - 2); /* a name of the C program's text: the table stays in shape form */
    else
        vm_set(L, t, L->top - 1, L->top - 2);
    L->top -= 2;
}

void lua_setglobal(lua_State *L, const char *name)
{
    struct value g;
    globals_of(L, &g);
    set_string_key(L, &g, name);
}

void lua_setfield(lua_State *L, int idx, const char *k)
{
    set_string_key(L, index_value(L, idx), k);
}

void lua_settable(lua_State *L, int idx)
{
    const struct value *t = index_value(L, idx);
    if (t->tag != T_TABLE || !store_existing(L, t->t, table_get(t->t, L->top - 2), L->top - 1))
        vm_set(L, t, L->top - 2, L->top - 1);
    L->top -= 2;
}

void lua_seti(lua_State *L, int idx, lua_Integer n)
{
    const struct value *t = index_value(L, idx);
    if (likely(t->tag == T_TABLE) && store_existing(L, t->t, table_getint_fast(t->t, n), L->top - 1)) {
        L->top--;
        return;
    }
    if (t->tag == T_TABLE && t->t->meta == NULL) {
        table_setint(L, t->t, n, L->top - 1);
    } else {
        struct value key;
        setint(&key, n);
        vm_set(L, t, &key, L->top - 1);
    }
    L->top--;
}

void lua_rawset(lua_State *L, int idx)
{
    struct table *t = index_value(L, idx)->t;
    if (!store_existing(L, t, table_get(t, L->top - 2), L->top - 1))
        table_set(L, t, L->top - 2, L->top - 1);
    L->top -= 2;
}

void lua_rawseti(lua_State *L, int idx, lua_Integer n)
{
    struct table *t = index_value(L, idx)->t;
    if (!store_existing(L, t, table_getint_fast(t, n), L->top - 1))
        table_setint(L, t, n, L->top - 1);
    L->top--;
}

void lua_rawsetp(lua_State *L, int idx, const void *p)
{
    struct value k;
    setgc(&k, (void *)p, T_LIGHTUD);
    table_set(L, index_value(L, idx)->t, &k, L->top - 1);
    L->top--;
}

/* ---- objects ---- */

void lua_createtable(lua_State *L, int narr, int nrec)
{
    struct table *t = table_new(L, narr > 0 ? (uint32_t)narr : 0, nrec > 0 ? (uint32_t)nrec : 0);
    settable(L->top++, t);
    gc_check(L);
}

void *lua_newuserdatauv(lua_State *L, size_t sz, int nuvalue)
{
    struct udata shape = {.nuv = (uint16_t)nuvalue};
    size_t head = (size_t)((char *)udata_block(&shape) - (char *)&shape);
    if (sz > (size_t)PTRDIFF_MAX - head)
        dbg_runerror(L, "memory allocation error: block too big");
    struct udata *u = (struct udata *)gc_new(L, head + sz, T_UDATA);
    u->nuv = (uint16_t)nuvalue;
    u->len = sz;
    u->meta = NULL;
    for (int i = 0; i < nuvalue; i++)
        setnil(&u->uv[i]);
    setgc(L->top++, u, T_UDATA);
    gc_check(L);
    return udata_block(u);
}

int lua_getiuservalue(lua_State *L, int idx, int n)
{
    const struct udata *u = index_value(L, idx)->u;
    if (n <= 0 || n > u->nuv) {
        lua_pushnil(L);
        return LUA_TNONE;
    }
    return push_typed(L, &u->uv[n - 1]);
}

int lua_setiuservalue(lua_State *L, int idx, int n)
{
    struct udata *u = index_value(L, idx)->u;
    const struct value *v = --L->top;
    if (n <= 0 || n > u->nuv)
        return 0;
    setval(&u->uv[n - 1], v);
    gc_barrier_back(L, u, v);
    return 1;
}

int lua_getmetatable(lua_State *L, int objindex)
{
    struct table *mt = metatable_of(L, index_value(L, objindex));
    if (mt == NULL)
        return 0;
    settable(L->top++, mt);
    return 1;
}

/* A new metatable and the tables its __index leads to are class tables from now on. What joins such a chain later is
 * marked by whoever looks through it first (table.c). */
static void mark_class_chain(lua_State *L, struct table *mt)
{
    while (mt != NULL && !(mt->flags & TF_CLASS)) {
        class_mark(L, mt);
        const struct value *index = table_getshort(mt, L->g->mmname[MM_INDEX]);
        mt = index->tag == T_TABLE ? index->t : NULL;
    }
}

int lua_setmetatable(lua_State *L, int objindex)
{
    struct value *obj = index_value(L, objindex);
    struct table *mt = L->top[-1].tag == T_NIL ? NULL : L->top[-1].t;
    mark_class_chain(L, mt);
    switch (obj->tag) {
    case T_TABLE:
        table_setmeta(L, obj->t, mt);
        break;
    case T_UDATA:
        obj->u->meta = mt;
        if (mt != NULL) {
            gc_barrier_obj(L, obj->u, mt);
            gc_check_finalizer(L, obj->gc, mt);
        }
        break;
    default:
        if (L->g->mt[type_of_tag[obj->tag]] != mt) {
            L->g->mt[type_of_tag[obj->tag]] = mt;
            lua_jit_flush(L, "metatable of a basic type changed");
        }
        break;
    }
    L->top--;
    return 1;
}

/* ---- chunks ---- */

int lua_load(lua_State *L, lua_Reader reader, void *data, const char *chunkname, const char *mode)
{
    struct zio z = {.reader = reader, .data = data, .L = L};
    int status = load_protected(L, &z, chunkname != NULL ? chunkname : "?", mode);
    if (status == LUA_OK) {
        struct lclosure *f = L->top[-1].lcl;
        if (f->nupvals >= 1) { /* the first upvalue is _ENV */
            struct value g;
            globals_of(L, &g);
            setval(f->upvals[0]->v, &g);
            gc_barrier(L, f->upvals[0], &g);
        }
    }
    gc_check(L); /* nothing of the compiler asks, and a program may do little else */
    return status;
}

int lua_dump(lua_State *L, lua_Writer writer, void *data, int strip)
{
    const struct value *f = L->top - 1;
    return f->tag == T_LCL ? proto_dump(L, f->lcl->p, writer, data, strip) : 1;
}

/* ---- upvalues ---- */

/* Upvalue n of function f: its name, its place, and the object to keep the colour invariant for. NULL: no such. */
static const char *upvalue_at(const struct value *f, int n, struct value **place, struct gcobj **owner)
{
    if (f->tag == T_CCL) {
        if (n < 1 || n > f->ccl->nupvals)
            return NULL;
        *place = &f->ccl->upvals[n - 1];
        *owner = f->gc;
        return "";
    }
    if (f->tag != T_LCL || n < 1 || n > f->lcl->nupvals)
        return NULL;
    *place = f->lcl->upvals[n - 1]->v;
    *owner = (struct gcobj *)f->lcl->upvals[n - 1];
    const struct lstr *name = f->lcl->p->upvals[n - 1].name;
    return name != NULL ? name->data : "(no name)";
}

const char *lua_getupvalue(lua_State *L, int funcindex, int n)
{
    struct value *place;
    struct gcobj *owner;
    const char *name = upvalue_at(index_value(L, funcindex), n, &place, &owner);
    if (name != NULL)
        push(L, place);
    return name;
}

/* Compiled code reads upvalues anew after each call of a C function, so it needs no telling. */
const char *lua_setupvalue(lua_State *L, int funcindex, int n)
{
    struct value *place;
    struct gcobj *owner;
    const char *name = upvalue_at(index_value(L, funcindex), n, &place, &owner);
    if (name != NULL) {
        L->top--;
        setval(place, L->top);
        gc_barrier(L, owner, L->top);
    }
    return name;
}

static struct upval **upval_ref(const struct value *f, int n)
{
    return f->tag == T_LCL && n >= 1 && n <= f->lcl->nupvals ? &f->lcl->upvals[n - 1] : NULL;
}

void *lua_upvalueid(lua_State *L, int fidx, int n)
{
    const struct value *f = index_value(L, fidx);
    if (f->tag == T_CCL)
        return n >= 1 && n <= f->ccl->nupvals ? &f->ccl->upvals[n - 1] : NULL;
    struct upval **r = upval_ref(f, n);
    return r != NULL ? *r : NULL;
}

/* Which upvalue object a known closure has is a constant of compiled code. */
void lua_upvaluejoin(lua_State *L, int fidx1, int n1, int fidx2, int n2)
{
    const struct value *f1 = index_value(L, fidx1);
    struct upval **to = upval_ref(f1, n1), **from = upval_ref(index_value(L, fidx2), n2);
    if (to == NULL || from == NULL)
        return;
    *to = *from;
    gc_barrier_obj(L, f1->lcl, *to);
    lua_jit_flush(L, "upvalues joined");
}
