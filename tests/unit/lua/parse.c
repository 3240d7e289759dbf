/* tests/unit/lua/parse.c: the compiler as a whole (lex.c, parse.c, codegen.c) and precompiled chunks: messages, the
 * shape of the code, debug information, memory that runs out, bytes that are damaged.
 */
#include <criterion/criterion.h>
#include <lua5.4/lauxlib.h>
#include <lua5.4/lualib.h>
#include <stdio.h>
#include <stdlib.h>
#include "lua/guest.h"

static lua_State *L;

static void setup(void)
{
    L = luaL_newstate();
    luaL_openlibs(L);
}

static void teardown(void) { lua_close(L); }

TestSuite(parse, .init = setup, .fini = teardown);

static const struct proto *compile(const char *text)
{
    int status = luaL_loadbuffer(L, text, strlen(text), "=t");
    cr_assert_eq(status, LUA_OK, "%s", lua_tostring(L, -1));
    return L->top[-1].lcl->p;
}

/* ---- messages: the reference's, word for word ---- */

static const struct {
    const char *text, *message;
} messages[] = {
    {"x = }", "t:1: unexpected symbol near '}'"},
    {"x", "t:1: syntax error near <eof>"},
    {"a.b", "t:1: syntax error near <eof>"},
    {"(a) = 1", "t:1: syntax error near '='"},
    {"a() = 1", "t:1: syntax error near '='"},
    {"a:b", "t:1: function arguments expected near <eof>"},
    {"end", "t:1: <eof> expected near 'end'"},
    {"f(\n1", "t:2: ')' expected (to close '(' at line 1) near <eof>"},
    {"x = {a\n,b c", "t:2: '}' expected (to close '{' at line 1) near 'c'"},
    {"while x\n do", "t:2: 'end' expected (to close 'while' at line 1) near <eof>"},
    {"if x do end", "t:1: 'then' expected near 'do'"},
    {"for i = 1 do end", "t:1: ',' expected near 'do'"},
    {"for a b", "t:1: '=' or 'in' expected near 'b'"},
    {"local function end", "t:1: <name> expected near 'end'"},
    {"a = function(x,1) end", "t:1: <name> or '...' expected near '1'"},
    {"function f() return ... end", "t:1: cannot use '...' outside a vararg function near '...'"},
    {"return 1 x = 2", "t:1: <eof> expected near 'x'"},
    {"goto x", "t:1: no visible label 'x' for <goto> at line 1"},
    {"break", "t:1: break outside loop at line 1"},
    {"\n\nwhile 1 do local function f() break end end", "t:3: break outside loop at line 3"},
    {"::a::\n::a::", "t:2: label 'a' already defined on line 2"},
    {"::a:: x = 1\n::a::", "t:2: label 'a' already defined on line 1"},
    {"do goto a; local x ::a:: print(x) end", "t:1: <goto a> at line 1 jumps into the scope of local 'x'"},
    {"repeat goto a; local x; ::a:: until x", "t:1: <goto a> at line 1 jumps into the scope of local 'x'"},
    {"local a <foo> = 1", "t:1: unknown attribute 'foo'"},
    {"local a <const> = 1; a = 2", "t:1: attempt to assign to const variable 'a'"},
    {"local a <const> = {}; function f() a = 2 end", "t:1: attempt to assign to const variable 'a'"},
    {"local a <close> = nil; a = 1", "t:1: attempt to assign to const variable 'a'"},
    {"local a <close>, b <close> = 1", "t:1: multiple to-be-closed variables in local list"},
};

Test(parse, messages_are_the_references)
{
    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++) {
        int status = luaL_loadbuffer(L, messages[i].text, strlen(messages[i].text), "=t");
        cr_expect_eq(status, LUA_ERRSYNTAX, "%s", messages[i].text);
        cr_expect_str_eq(lua_tostring(L, -1), messages[i].message);
        lua_settop(L, 0);
    }
}

/* n times a piece of text. */
static char *repeated(const char *before, const char *piece, int n, const char *after)
{
    char *s = malloc(strlen(before) + strlen(piece) * (size_t)n + strlen(after) + 1), *p = stpcpy(s, before);
    while (n-- > 0)
        p = stpcpy(p, piece);
    strcpy(p, after);
    return s;
}

static void expect_limit(char *text, const char *message)
{
    int status = luaL_loadbuffer(L, text, strlen(text), "=t");
    if (message == NULL) {
        cr_expect_eq(status, LUA_OK, "%s", lua_tostring(L, -1));
    } else {
        cr_expect_neq(status, LUA_OK);
        cr_expect_not_null(strstr(lua_tostring(L, -1), message), "%s", lua_tostring(L, -1));
    }
    lua_settop(L, 0);
    free(text);
}

static char *locals(int n)
{
    char *s = malloc((size_t)n * 24 + 1), *p = s;
    *p = '\0';
    for (int i = 0; i < n; i++)
        p += sprintf(p, "local v%d\n", i);
    return s;
}

Test(parse, limits)
{
    expect_limit(locals(200), NULL);
    expect_limit(locals(201), "t:202: too many local variables (limit is 200) in main function near <eof>");
    expect_limit(repeated("x = ", "(", 150, ""), "unexpected symbol near <eof>");
    expect_limit(repeated("x = ", "(", 250, ""), "C stack overflow");
    expect_limit(repeated("", "do ", 250, ""), "C stack overflow");
    expect_limit(repeated("a = f(x", ",x", 240, ")"), NULL);
    expect_limit(repeated("a = f(x", ",x", 260, ")"), "t:1: function or expression needs too many registers near ");
    expect_limit(repeated("local a; a", ",a", 250, " = 1"), "C stack overflow");
    expect_limit(repeated("local t = {", "1,", 100000, "}"), NULL);
}

Test(parse, many_upvalues)
{
    const char *make = "local n, s = ..., {}\n"
                       "for i = 1, n do s[#s + 1] = (i % 100 == 1 and 'local function f' .. i .. '()\\n' or '') .. 'local v' .. i .. ' = ' .. i end\n"
                       "s[#s + 1] = 'return function() local r = 0'\n"
                       "for i = 1, n do s[#s + 1] = 'r = r + v' .. i end\n"
                       "s[#s + 1] = 'return r end'\n"
                       "for i = 1, (n + 99) // 100 do s[#s + 1] = 'end' end\n"
                       "return load(table.concat(s, '\\n'), '=t')";
    for (int n = 255; n <= 256; n++) {
        cr_assert_eq(luaL_loadstring(L, make), LUA_OK);
        lua_pushinteger(L, n);
        cr_assert_eq(lua_pcall(L, 1, 2, 0), LUA_OK, "%s", lua_tostring(L, -1));
        if (n == 255)
            cr_expect_eq(lua_type(L, -2), LUA_TFUNCTION, "%s", lua_tostring(L, -1));
        else
            cr_expect_not_null(strstr(lua_tostring(L, -1), "too many upvalues (limit is 255) in function at line"));
        lua_settop(L, 0);
    }
}

/* ---- the code ---- */

static int count_ops(const struct proto *p, enum opcode op)
{
    int n = 0;
    for (uint32_t i = 0; i < p->ncode; i++)
        n += ins_op(p->code[i]) == op;
    return n;
}

Test(parse, comparisons_are_one_instruction)
{
    const struct proto *p = compile("local a, b = ...; if a < b and a ~= 3 and not (b >= 2) then return a end");
    cr_expect_eq(count_ops(p, OP_JNLT), 1);
    cr_expect_eq(count_ops(p, OP_JEQK), 1);
    cr_expect_eq(count_ops(p, OP_JGEK), 1);
    cr_expect_eq(count_ops(p, OP_NOT) + count_ops(p, OP_JMP) + count_ops(p, OP_LOADTRUE), 0);
}

Test(parse, concatenation_is_one_instruction)
{
    const struct proto *p = compile("local a, b = ...; return a .. b .. 1 .. (a .. b)");
    cr_expect_eq(count_ops(p, OP_CONCAT), 1);
}

Test(parse, constants_are_folded_where_it_is_safe)
{
    const struct proto *p = compile("local k <const> = 3; return k * 2 + 1 << 4 | 1, -k, ~k, 2^10 // 1");
    cr_expect_eq(p->ncode, 7, "%u instructions", p->ncode); /* VARARGPREP, 4 loads, RETURN, RETURN */
    p = compile("return 1 // 0, 1 % 0, 0.0 * -1, 1 / 0, 0 / 0, 1.5 | 1");
    cr_expect_eq(count_ops(p, OP_IDIVK), 1);
    cr_expect_eq(count_ops(p, OP_MODK), 1);
    cr_expect_eq(count_ops(p, OP_MULK), 1);
    cr_expect_eq(count_ops(p, OP_DIVK), 2);
    cr_expect_eq(count_ops(p, OP_BORK), 1);
}

Test(parse, only_returns_that_must_close_do)
{
    const struct proto *p = compile("return function(t) if t == nil then return end for k in pairs(t) do if k then return k end end return t end");
    p = p->protos[0];
    cr_expect_eq(count_ops(p, OP_RETURN0), 2); /* the empty one and the last */
    cr_expect_eq(count_ops(p, OP_RETURN1), 1);
    cr_expect_eq(count_ops(p, OP_RETURN), 1); /* inside the generic for */
    for (uint32_t i = 0; i < p->ncode; i++)
        cr_expect(ins_op(p->code[i]) != OP_RETURN || ins_c(p->code[i]) == 1);
}

Test(parse, every_way_back_has_a_counter)
{
    const struct proto *p = compile("local a = ... while a do if a then a = nil\n end\n end repeat until a ::x:: if a then goto x end for i = 1, 2 do end for k in a do end");
    cr_expect_eq(p->nhot, 5);
    for (uint32_t pc = 0; pc < p->ncode; pc++) {
        enum opcode op = ins_op(p->code[pc]);
        bool back = op == OP_LOOP || op == OP_FORLOOP || op == OP_TFORLOOP;
        bool jump = op == OP_JMP || (op >= OP_JT && op <= OP_JNGEK);
        if (jump)
            cr_expect_geq(ins_e(p->code[pc]), 0, "%s at %u", opcode_name(op), pc);
        if (back) {
            cr_expect_lt(ins_e(p->code[pc]), 0);
            cr_expect_eq(p->hot[ins_b(p->code[pc])].pc, pc + 1 + (uint32_t)ins_e(p->code[pc]));
        }
    }
}

Test(parse, close_before_goto_only_if_something_is_captured)
{
    const struct proto *p = compile("::a:: local x = 1; if x then goto a end");
    cr_expect_eq(count_ops(p, OP_CLOSE), 0);
    p = compile("::a:: local x = 1; local f = function() return x end; if x then goto a end");
    cr_expect_eq(count_ops(p, OP_CLOSE), 1);
}

Test(parse, constants_are_shared_within_a_function_only)
{
    const struct proto *p = compile("x = 1; y = function() x = 1; return 'x', 1.5, 1.5 end; x = 1");
    cr_expect_eq(p->nk, 3); /* x 1 y */
    cr_expect_eq(p->protos[0]->nk, 3); /* x 1 1.5 */
}

/* ---- debug information ---- */

static void expect_lines(const char *text, const char *want)
{
    const struct proto *p = compile(text);
    char got[512] = "";
    for (uint32_t i = 0; i < p->ncode; i++)
        if (i == 0 || p->lineinfo[i] != p->lineinfo[i - 1])
            sprintf(got + strlen(got), "%d ", p->lineinfo[i]);
    cr_expect_str_eq(got, want, "%s\n%s not %s", text, got, want);
}

/* As luac5.4 -l prints them. */
Test(parse, lines)
{
    expect_lines("local f\nf\n(\n1\n)\n", "1 2 5 2 5 ");
    expect_lines("local f\nlocal x = f.a\n .b\n + 1\n", "1 2 4 ");
    expect_lines("function a.b\n()\nend\n", "1 3 1 3 ");
    expect_lines("for i = 1,\n2 do\nprint(i)\nend", "1 2 3 1 4 ");
    expect_lines("local a\nif a\nthen a = 1\nelse\n a = 2\nend", "1 3 5 6 ");
}

Test(parse, active_locals)
{
    const struct proto *p = compile("local a; for i = 1, 2 do local b <const>, c = 1, {} end for k in nil do end local function f() end");
    static const char *const want[] = {"a", "(for state)", "(for state)", "(for state)", "i", "b", "c",
                                       "(for state)", "(for state)", "(for state)", "(for state)", "k", "f"};
    cr_assert_eq(p->nlocvars, sizeof want / sizeof *want);
    for (uint32_t i = 0; i < p->nlocvars; i++)
        cr_expect_str_eq(p->locvars[i].name->data, want[i]);
}

Test(parse, upvalues_in_order_of_use)
{
    const struct proto *p = compile("local a, b, c; return function() return function() return c, x, a, c end, b end")->protos[0];
    static const char *const want[] = {"c", "_ENV", "a", "b"};
    cr_assert_eq(p->nupvals, 4);
    for (int i = 0; i < 4; i++)
        cr_expect_str_eq(p->upvals[i].name->data, want[i]);
    cr_assert_eq(p->protos[0]->nupvals, 3);
    cr_expect(!p->protos[0]->upvals[2].instack && p->protos[0]->upvals[2].idx == 2);
}

Test(parse, more_inline_caches_than_an_instruction_can_name)
{
    char *s = repeated("local t = {f = 1}\nlocal n = 0\n", "n = n + t.f\n", 66000, "return n");
    cr_assert_eq(luaL_loadbuffer(L, s, strlen(s), "=t"), LUA_OK);
    lua_call(L, 0, 1);
    cr_expect_eq(lua_tointeger(L, -1), 66000);
    free(s);
}

Test(parse, more_constants_than_an_operand_can_name)
{
    cr_assert_eq(luaL_dostring(L, "local s = {'local t, n = {}, 0 '} for i = 1, 70000 do s[#s + 1] = 't[' .. i .. '.5] = \"k' .. i .. '\" ' end\n"
                                  "s[#s + 1] = ' n = n + 70000.25 t.last = n if n == 70000.25 and t.last < 70001.25 then t:f() end return t'\n"
                                  "local f = assert(load(table.concat(s))) return f"),
                 LUA_OK, "%s", lua_tostring(L, -1));
    cr_expect_eq(lua_pcall(L, 0, 1, 0), LUA_ERRRUN);
    cr_expect_not_null(strstr(lua_tostring(L, -1), "attempt to call a nil value"), "%s", lua_tostring(L, -1));
}

/* ---- precompiled chunks ---- */

struct bytes {
    char *at;
    size_t n, cap;
};

static int collect(lua_State *l, const void *p, size_t n, void *ud)
{
    (void)l;
    struct bytes *b = ud;
    if (b->n + n > b->cap)
        b->at = realloc(b->at, b->cap = (b->n + n) * 2);
    memcpy(b->at + b->n, p, n);
    b->n += n;
    return 0;
}

#define LONG "a string of more than forty characters, so that it is a long one"
#define SAMPLE \
    "local a, k <const> = ..., 7\n" \
    "local s = '" LONG "'\n" \
    "return function(...) for i = 1, 3 do a = a + i * 2.5 end local t = {x = a, ...} return t.x, s, nil, true end"

static struct bytes dump_sample(int strip)
{
    struct bytes b = {0};
    compile(SAMPLE);
    cr_assert_eq(lua_dump(L, collect, &b, strip), 0);
    lua_settop(L, 0);
    return b;
}

Test(parse, dump_and_load_again)
{
    for (int strip = 0; strip <= 1; strip++) {
        struct bytes b = dump_sample(strip), again = {0};
        cr_assert_eq(luaL_loadbufferx(L, b.at, b.n, "=x", "b"), LUA_OK, "%s", lua_tostring(L, -1));
        cr_assert_eq(lua_dump(L, collect, &again, strip), 0);
        cr_expect(again.n == b.n && memcmp(again.at, b.at, b.n) == 0);
        lua_pushinteger(L, 1);
        lua_call(L, 1, 1);
        lua_call(L, 0, 4);
        cr_expect_eq(lua_tonumber(L, 1), 16.0);
        cr_expect_str_eq(lua_tostring(L, 2), LONG);
        cr_expect(lua_isnil(L, 3) && lua_toboolean(L, 4));
        lua_settop(L, 0);
        free(b.at);
        free(again.at);
    }
}

Test(parse, header_is_the_references)
{
    struct bytes b = dump_sample(0);
    int64_t i = 0x5678;
    double n = 370.5;
    cr_assert_gt(b.n, 32);
    cr_expect_eq(memcmp(b.at, "\33Lua\x54\0\x19\x93\r\n\x1a\n\4\10\10", 15), 0);
    cr_expect(memcmp(b.at + 15, &i, 8) == 0 && memcmp(b.at + 23, &n, 8) == 0 && b.at[31] == 1);
    free(b.at);
}

Test(parse, every_damaged_byte_is_refused)
{
    struct bytes b = dump_sample(0);
    for (size_t i = 1; i < b.n; i++) {
        for (int bit = 0; bit < 8; bit++) {
            b.at[i] ^= (char)(1 << bit);
            cr_expect_eq(luaL_loadbufferx(L, b.at, b.n, "=x", "b"), LUA_ERRSYNTAX, "byte %zu bit %d", i, bit);
            cr_expect_not_null(strstr(lua_tostring(L, -1), "x: bad binary format ("));
            lua_settop(L, 0);
            b.at[i] ^= (char)(1 << bit);
        }
    }
    for (size_t n = 1; n < b.n; n++) {
        cr_expect_eq(luaL_loadbufferx(L, b.at, n, "=x", "b"), LUA_ERRSYNTAX);
        cr_expect_str_eq(lua_tostring(L, -1), "x: bad binary format (truncated chunk)");
        lua_settop(L, 0);
    }
    free(b.at);
}

/* ---- memory that runs out ---- */

struct budget {
    int64_t left;
    size_t in_use;
};

static void *scarce(void *ud, void *p, size_t osize, size_t nsize)
{
    struct budget *b = ud;
    if (p == NULL)
        osize = 0;
    if (nsize == 0) {
        b->in_use -= osize;
        free(p);
        return NULL;
    }
    if (nsize > osize && b->left >= 0 && b->left-- == 0) {
        b->left = 0;
        return NULL;
    }
    void *q = realloc(p, nsize);
    if (q != NULL)
        b->in_use += nsize - osize;
    return q;
}

static char *long_program(void)
{
    char *p = malloc(200000), *at = p;
    for (int i = 0; i < 120; i++)
        at += sprintf(at, "local function f%d(a, b) local t = {x%d = a, '%d', b .. 'long string number %d, long enough to be one'} goto l%d ::l%d:: return function() return t, a.y%d + %d.5 end end f%d = nil\n",
                      i % 60, i, i, i, i, i, i, i, i + 1000);
    return p;
}

/* Fails the n-th allocation from the start of a load on, for all n until it succeeds. Returns how often it failed. */
static int starve(const char *text, size_t len)
{
    int failures = 0;
    for (int64_t n = 0;; n += 1 + n / 30) {
        struct budget b = {.left = -1};
        lua_State *l = lua_newstate(scarce, &b);
        cr_assert_not_null(l);
        b.left = n;
        int status = luaL_loadbuffer(l, text, len, "=t");
        b.left = -1;
        if (status != LUA_OK) {
            cr_expect_eq(status, LUA_ERRMEM);
            cr_expect_str_eq(lua_tostring(l, -1), "not enough memory");
            failures++;
            lua_settop(l, 0);
        }
        lua_gc(l, LUA_GCCOLLECT);
        cr_expect_gt(gc_heap_check(l), 0);
        lua_close(l);
        cr_expect_eq(b.in_use, 0, "%zu bytes left after failure %lld", b.in_use, (long long)n);
        if (status == LUA_OK)
            return failures;
    }
}

Test(parse, compiling_without_memory)
{
    char *text = long_program();
    cr_expect_gt(starve(text, strlen(text)), 50);
    free(text);
}

Test(parse, undumping_without_memory)
{
    struct bytes b = {0};
    char *text = long_program();
    compile(text);
    lua_dump(L, collect, &b, 0);
    cr_expect_gt(starve(b.at, b.n), 50);
    free(text);
    free(b.at);
}

/* ---- a collector that runs in the middle ---- */

struct greedy {
    const char *text;
    size_t at, len;
};

static const char *collecting_reader(lua_State *l, void *ud, size_t *n)
{
    struct greedy *g = ud;
    lua_gc(l, LUA_GCCOLLECT);
    *n = g->at < g->len ? 1 : 0;
    return g->text + g->at++;
}

Test(parse, collections_during_a_compilation)
{
    struct greedy g = {.text = SAMPLE, .len = sizeof SAMPLE - 1};
    for (int gen = 0; gen <= 1; gen++) {
        lua_gc(L, gen ? LUA_GCGEN : LUA_GCINC, 0, 0, 0);
        g.at = 0;
        cr_assert_eq(lua_load(L, collecting_reader, &g, "=t", "t"), LUA_OK, "%s", lua_tostring(L, -1));
        lua_gc(L, LUA_GCCOLLECT);
        cr_expect_gt(gc_heap_check(L), 0);
        lua_pushinteger(L, 1);
        lua_call(L, 1, 1);
        lua_call(L, 0, 4);
        cr_expect_eq(lua_tonumber(L, 1), 16.0);
        lua_settop(L, 0);
    }
}
