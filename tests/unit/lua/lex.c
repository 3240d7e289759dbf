/* tests/unit/lua/lex.c: the scanner alone, token by token. Every text is also fed in pieces of every small size, because
 * what is whole in a piece and what is split take different ways through the code.
 */
#include <criterion/criterion.h>
#include <lua5.4/lauxlib.h>
#include <stdio.h>
#include "lua/lex.h"

struct pieces {
    const char *text;
    size_t len, at, size;
    char copy[4096];
};

/* Each piece lies in memory that the next call overwrites, as a reader may do. */
static const char *reader(lua_State *L, void *ud, size_t *n)
{
    (void)L;
    struct pieces *p = ud;
    size_t left = p->len - p->at;
    *n = left < p->size ? left : p->size;
    memset(p->copy, '#', sizeof p->copy);
    memcpy(p->copy, p->text + p->at, *n);
    p->at += *n;
    return *n > 0 ? p->copy : NULL;
}

struct scan_job {
    struct pieces pieces;
    char out[8192];
};

static void describe(struct lexer *ls, char *out, size_t size)
{
    size_t at = strlen(out);
    switch (ls->t.type) {
    case TK_NAME: snprintf(out + at, size - at, "%d:name(%s) ", ls->line, ls->t.s->data); break;
    case TK_STRING: snprintf(out + at, size - at, "%d:str(%s)%zu ", ls->line, ls->t.s->data, ls->t.s->len); break;
    case TK_INT: snprintf(out + at, size - at, "%d:int(%lld) ", ls->line, (long long)ls->t.i); break;
    case TK_FLT: snprintf(out + at, size - at, "%d:flt(%a) ", ls->line, ls->t.n); break;
    default: snprintf(out + at, size - at, "%d:%s ", ls->line, lex_token_text(ls, ls->t.type)); lua_settop(ls->L, 3);
    }
}

static void scan_all(struct lua_State *L, struct lexer *ls, struct scan_job *job)
{
    struct zio z = {.reader = reader, .data = &job->pieces, .L = L};
    lua_newtable(L);
    lua_pushliteral(L, "=test");
    struct table *anchor = L->top[-2].t;
    lex_start(ls, L, &z, anchor, L->top[-1].s, zio_getc(&z));
    do {
        lex_next(ls);
        describe(ls, job->out, sizeof job->out);
    } while (ls->t.type != TK_EOS);
    lex_fini(ls);
}

static int scan_protected(lua_State *L)
{
    struct lexer ls;
    scan_all(L, &ls, lua_touserdata(L, 1));
    return 0;
}

/* The tokens of a text, or the message. */
static void expect_tokens(const char *text, size_t len, const char *want)
{
    static struct scan_job job;
    for (size_t size = 1; size <= len + 1; size++) {
        lua_State *L = luaL_newstate();
        memset(&job, 0, sizeof job);
        job.pieces = (struct pieces){.text = text, .len = len, .size = size};
        lua_pushcfunction(L, scan_protected);
        lua_pushlightuserdata(L, &job);
        const char *got = lua_pcall(L, 1, 0, 0) == LUA_OK ? job.out : lua_tostring(L, -1);
        cr_expect_str_eq(got, want, "in pieces of %zu: %s\nnot: %s", size, got, want);
        lua_close(L);
    }
}
#define TOKENS(text, want) expect_tokens(text, sizeof(text) - 1, want)

Test(lex, names_and_words)
{
    TOKENS("local _a1 end0 end", "1:'local' 1:name(_a1) 1:name(end0) 1:'end' 1:<eof> ");
    TOKENS("a\nb\r\nc\n\rd\re", "1:name(a) 2:name(b) 3:name(c) 4:name(d) 5:name(e) 5:<eof> ");
    TOKENS("a_name_of_more_than_forty_characters_in_all_", "1:name(a_name_of_more_than_forty_characters_in_all_) 1:<eof> ");
}

Test(lex, operators)
{
    TOKENS("..=...<<=>>~=//::~", "1:'..' 1:'=' 1:'...' 1:'<<' 1:'=' 1:'>>' 1:'~=' 1:'//' 1:'::' 1:'~' 1:<eof> ");
    TOKENS("a.b..c", "1:name(a) 1:'.' 1:name(b) 1:'..' 1:name(c) 1:<eof> ");
    TOKENS("-\1@", "1:'-' 1:'<\\1>' 1:'@' 1:<eof> ");
}

Test(lex, numbers)
{
    TOKENS("0 007 123456789012345678 9223372036854775807", "1:int(0) 1:int(7) 1:int(123456789012345678) 1:int(9223372036854775807) 1:<eof> ");
    TOKENS("9223372036854775808 0xffffffffffffffffff", "1:flt(0x1p+63) 1:int(-1) 1:<eof> ");
    TOKENS(".5 3. 1e2 0x.8p1 0xA.8 1E+1-1", "1:flt(0x1p-1) 1:flt(0x1.8p+1) 1:flt(0x1.9p+6) 1:flt(0x1p+0) 1:flt(0x1.5p+3) 1:flt(0x1.4p+3) 1:'-' 1:int(1) 1:<eof> ");
    TOKENS("x = 3x", "test:1: malformed number near '3x'");
    TOKENS("0x", "test:1: malformed number near '0x'");
    TOKENS("1..2", "test:1: malformed number near '1..2'");
    TOKENS(".0x1p4", "test:1: malformed number near '.0x1p4'");
    TOKENS("1e", "test:1: malformed number near '1e'");
}

Test(lex, strings)
{
    TOKENS("'a\"b' \"c'd\" ''", "1:str(a\"b)3 1:str(c'd)3 1:str()0 1:<eof> ");
    TOKENS("'\\a\\n\\\\\\'\\x41\\65\\10\\u{48}\\u{20AC}'", "1:str(\a\n\\'AA\nH\xE2\x82\xAC)11 1:<eof> ");
    TOKENS("'a\\z  \n\t b' 'x\\\ny'", "2:str(ab)2 3:str(x\ny)3 3:<eof> ");
    TOKENS("'\\u{7FFFFFFF}'", "1:str(\xFD\xBF\xBF\xBF\xBF\xBF)6 1:<eof> ");
    TOKENS("'\\0x'", "1:str()2 1:<eof> ");
    TOKENS("[[\na]b]] [==[]]]=]\r\n]==]", "2:str(a]b)3 3:str(]]]=]\n)6 3:<eof> ");
    TOKENS("'abc\ndef'", "test:1: unfinished string near ''abc'");
    TOKENS("'abc", "test:1: unfinished string near <eof>");
    TOKENS("'\\q'", "test:1: invalid escape sequence near ''\\q'");
    TOKENS("'\\300'", "test:1: decimal escape too large near ''\\300''");
    TOKENS("'\\x4g'", "test:1: hexadecimal digit expected near ''\\x4g'");
    TOKENS("'\\u48'", "test:1: missing '{' near ''\\u4'");
    TOKENS("'\\u{48'", "test:1: missing '}' near ''\\u{48''");
    TOKENS("'\\u{800000000}'", "test:1: UTF-8 value too large near ''\\u{80000000'");
    TOKENS("\n[=[ab\n]]", "test:3: unfinished long string (starting at line 2) near <eof>");
    TOKENS("[=ab", "test:1: invalid long string delimiter near '[='");
}

Test(lex, comments)
{
    TOKENS("--a\nb--[c\nd--[[e\nf]]g--[==[h]]\n]==]i", "2:name(b) 3:name(d) 4:name(g) 5:name(i) 5:<eof> ");
    TOKENS("--[[a\n", "test:2: unfinished long comment (starting at line 1) near <eof>");
    TOKENS("x--", "1:name(x) 1:<eof> ");
}
