/* gsub.c: string.gsub.
 *
 * The library goes through the pattern's text at every position of the subject. Here the pattern becomes a small program
 * first (pattern.c), as on traces, and a Lua function that makes the replacements is called without the API between.
 *
 * Invariants
 *  1. The function is called for the same matches with the same values as by the library, from a frame of the program's
 *     string.gsub.
 *  2. Whatever is not the plain case (other types, a debug hook, a pattern that is no program) is the library's.
 *
 * Before: vm.c, call.c. After: pattern.c.
 */
#include <stdlib.h>
#pragma GCC visibility push(default)
#include <lua5.4/lua.h>
#include <lua5.4/lauxlib.h>
#pragma GCC visibility pop
#include "lua/pattern.h"

/* Patterns that were met lately, by their text: to make a program costs as much as many a match. */
#define KNOWN 16
#define KNOWN_TEXT 40
struct known_pattern {
    uint8_t len, text[KNOWN_TEXT];
    uint16_t size; /* of the program */
    uint8_t program[500];
};

/* The program of pattern p, or false. */
static bool program_of(struct global *g, struct lstr *p, uint8_t *program)
{
    if (!g->patterns) g->patterns = calloc(KNOWN, sizeof *g->patterns);
    struct known_pattern *k = g->patterns ? &g->patterns[str_hash(p) % KNOWN] : NULL;
    if (k && p->len > 0 && k->len == p->len && memcmp(k->text, p->data, p->len) == 0) {
        struct pattern_head h;
        pattern_head(k->program, &h);
        memcpy(program, k->program, k->size);
        if (pattern_current(&h)) return true;
    }
    size_t n = pattern_compile(p->data, p->len, false, program);
    if (k && n > 0 && n <= sizeof k->program && p->len <= KNOWN_TEXT) {
        k->len = (uint8_t)p->len;
        k->size = (uint16_t)n;
        memcpy(k->text, p->data, p->len);
        memcpy(k->program, program, n);
    }
    return n > 0;
}

struct subst {
    const struct lstr *s, *p;
    uint8_t program[PATTERN_BYTES];
    struct pattern_head head;
    struct pattern_match m;
    luaL_Buffer out;
    bool changed;
};

static void push_captures(struct lua_State *L, const struct subst *g)
{
    if (g->head.ncaps == 0) lua_pushlstring(L, g->s->data + g->m.from, (size_t)(g->m.to - g->m.from));
    for (unsigned n = 0; n < g->head.ncaps; n++) {
        if (g->head.is_pos[n]) lua_pushinteger(L, g->m.cap[n].at);
        else lua_pushlstring(L, g->s->data + g->m.cap[n].at, (size_t)g->m.cap[n].len);
    }
}

/* What the function (argument 3) makes of the match. */
static void replace(struct lua_State *L, struct subst *g)
{
    stack_check(L, PATTERN_CAPTURES + 2);
    ptrdiff_t func = stack_save(L, L->top);
    const struct value *f = L->ci->func + 3;
    setval(L->top, f);
    L->top++;
    push_captures(L, g);
    call_function(L, stack_restore(L, func), 1, false);
    const struct value *v = L->top - 1;
    if (tag_is_false(v->tag)) {
        L->top--;
        luaL_addlstring(&g->out, g->s->data + g->m.from, (size_t)(g->m.to - g->m.from));
    } else if (v->tag == T_STR || tag_is_number(v->tag)) {
        luaL_addvalue(&g->out);
        g->changed = true;
    } else {
        luaL_error(L, "invalid replacement value (a %s)", luaL_typename(L, -1));
    }
}

/* The function may have changed the locale, which the program knows. */
static int find_next(struct subst *g, size_t from, int64_t last)
{
    int found = pattern_next(g->program, g->s->data, g->s->len, from, last, &g->m);
    if (found >= 0) return found;
    pattern_compile(g->p->data, g->p->len, false, g->program);
    return pattern_next(g->program, g->s->data, g->s->len, from, last, &g->m);
}

static int substitute(struct lua_State *L, struct subst *g, int64_t most)
{
    size_t from = 0;
    int64_t last = -1, count = 0;
    luaL_buffinit(L, &g->out);
    while (count < most && find_next(g, from, last) == 1) {
        count++;
        luaL_addlstring(&g->out, g->s->data + from, (size_t)g->m.from - from);
        last = g->m.to;
        replace(L, g);
        from = (size_t)last;
        if (g->head.anchored) break;
    }
    if (g->changed) {
        luaL_addlstring(&g->out, g->s->data + from, g->s->len - from);
        luaL_pushresult(&g->out);
    } else {
        lua_pushvalue(L, 1);
    }
    lua_pushinteger(L, count);
    return 2;
}

/* Replacements by a string or a table. False: something that the library is to do. */
static bool substitute_plain(struct lua_State *L, struct subst *g, const struct value *by, int64_t most)
{
    struct lstr *out = pattern_gsub(L, g->program, (struct lstr *)g->s, by->tag == T_STR ? by->s : NULL, by->tag == T_STR ? NULL : by->t, most, &g->m);
    if (!out) return false;
    setstr(L->top, out);
    L->top++;
    lua_pushinteger(L, g->m.count);
    gc_check(L);
    return true;
}

int gsub_call(struct lua_State *L)
{
    const struct value *arg = L->ci->func + 1;
    ptrdiff_t n = L->top - arg;
    struct subst g;
    bool plain = n >= 3 && (arg[2].tag == T_STR || (arg[2].tag == T_TABLE && !arg[2].t->meta));
    bool usual = n >= 3 && n <= 4 && arg[0].tag == T_STR && arg[1].tag == T_STR && (n == 3 || arg[3].tag == T_INT) && L->hookmask == 0;
    int64_t most = usual && n == 4 ? arg[3].i : INT64_MAX;
    if (usual && (plain || arg[2].tag == T_LCL) && program_of(L->g, arg[1].s, g.program)) {
        g.s = arg[0].s;
        g.p = arg[1].s;
        g.changed = false;
        pattern_head(g.program, &g.head);
        if (!plain) return substitute(L, &g, most);
        if (substitute_plain(L, &g, &arg[2], most)) return 2;
    }
    return vm_library(L);
}
