/* lex.h: the scanner, as the parser sees it.
 *
 * Ownership: a struct lexer lives in the C frame of compile_text; its buffers come from mem.c and are
 * freed by lex_fini, also after an error. Every string that it hands out is anchored in the table
 * `anchor` on the Lua stack until the compilation ends, so a collection that a reader function or
 * an emergency starts cannot take it.
 */
#ifndef JIT_LUA_LEX_H
#define JIT_LUA_LEX_H
#include "lua/guest.h"

enum token_type { /* single characters stand for themselves */
                  TK_AND = 256,
                  TK_BREAK,
                  TK_DO,
                  TK_ELSE,
                  TK_ELSEIF,
                  TK_END,
                  TK_FALSE,
                  TK_FOR,
                  TK_FUNCTION,
                  TK_GOTO,
                  TK_IF,
                  TK_IN,
                  TK_LOCAL,
                  TK_NIL,
                  TK_NOT,
                  TK_OR,
                  TK_REPEAT,
                  TK_RETURN,
                  TK_THEN,
                  TK_TRUE,
                  TK_UNTIL,
                  TK_WHILE,
                  TK_IDIV,
                  TK_CONCAT,
                  TK_DOTS,
                  TK_EQ,
                  TK_GE,
                  TK_LE,
                  TK_NE,
                  TK_SHL,
                  TK_SHR,
                  TK_DBCOLON,
                  TK_EOS,
                  TK_FLT,
                  TK_INT,
                  TK_NAME,
                  TK_STRING
};
#define NUM_RESERVED (TK_WHILE - TK_AND + 1)

struct token {
    int type; /* 0 in `ahead`: none; 0 in `t`: leave "near ..." out of the message */
    union {
        double n;
        int64_t i;
        struct lstr *s;
    };
};

struct lexer {
    struct lua_State *L;
    struct zio *z;
    int c; /* current character or -1; `p` is behind it */
    const char *p, *end; /* rest of the reader's current piece */
    const char *piece; /* its first byte: characters before it cannot be looked at again */
    int line; /* line of the current character */
    int lastline; /* line where the last consumed token ended */
    struct token t, ahead;
    const char *text; /* spelling of the last scanned name, number or string, for messages; in */
    size_t textlen; /* `buf` or in the current piece */
    char *buf;
    size_t nbuf, capbuf;
    struct interned {
        struct lstr *s;
        uint32_t hash;
    } * strs; /* strings of this chunk by content, open addressing */
    uint32_t nstrs, strmask;
    struct table *anchor; /* on the Lua stack; sequence of all objects of this compilation */
    int64_t nanchor;
    struct lstr *source;
    struct interned strs0[64];
    char buf0[200];
};

/* anchor and source must be anchored by the caller. firstchar has been read from z already. */
void lex_start(struct lexer *ls, struct lua_State *L, struct zio *z, struct table *anchor, struct lstr *source, int firstchar);
void lex_fini(struct lexer *ls);
void lex_next(struct lexer *ls);
int lex_peek(struct lexer *ls); /* type of the token after the current one; only once before lex_next */
/* The string of these bytes, one per content and compilation (long ones too). */
struct lstr *lex_string(struct lexer *ls, const char *s, size_t len);
void lex_anchor(struct lexer *ls, void *object, enum tag tag);
const char *lex_token_text(struct lexer *ls, int type); /* for messages: quoted where the reference quotes */
_Noreturn void lex_error(struct lexer *ls, const char *msg, int type); /* near that token; type 0: without */
_Noreturn void lex_syntax_error(struct lexer *ls, const char *msg); /* near the current token */
const char *lex_pushf(struct lua_State *L, const char *fmt, ...); /* lua_pushfstring */
#endif
