/* lex.c: characters to tokens.
 *
 * Start-up time is mostly this file, so names, plain strings and short integers are taken straight out of the
 * reader's piece without copying; only what is split over two pieces or holds escapes goes through the
 * buffer byte by byte. Strings are interned a second time per chunk (lex_string): that finds a repeated name
 * without asking the global string table, and tells which strings still need an anchor.
 *
 * Invariants
 *  1. `c` is the current character, already counted out of the piece; p[-1] == c when p > piece.
 *  2. `text` never outlives the piece that it points into (refill resets it).
 *  3. `line` counts the line breaks before `c`.
 *
 * Walk: compile_text (parse.c) -> here -> parse.c.
 */
#include <limits.h>
#include "lua/lex.h"

static const char *const token_names[] = {
    "and",
    "break",
    "do",
    "else",
    "elseif",
    "end",
    "false",
    "for",
    "function",
    "goto",
    "if",
    "in",
    "local",
    "nil",
    "not",
    "or",
    "repeat",
    "return",
    "then",
    "true",
    "until",
    "while",
    "//",
    "..",
    "...",
    "==",
    ">=",
    "<=",
    "~=",
    "<<",
    ">>",
    "::",
    "<eof>",
    "<number>",
    "<integer>",
    "<name>",
    "<string>",
};

enum { C_ALPHA = 1,
       C_DIGIT = 2,
       C_HEX = 4,
       C_SPACE = 8,
       C_PRINT = 16,
       C_STOP = 32 };
/* Classes are those of the C locale whatever the process has set. C_STOP ends a plain run in a quoted string. */
#define R4(x) (x), (x), (x), (x)
#define R8(x) R4(x), R4(x)
static const uint8_t classes[256] = {
    R8(0),
    0,
    C_SPACE,
    C_SPACE | C_STOP,
    C_SPACE,
    C_SPACE,
    C_SPACE | C_STOP,
    0,
    0,
    R8(0),
    R8(0),
    C_PRINT | C_SPACE,
    C_PRINT,
    C_PRINT | C_STOP,
    C_PRINT,
    C_PRINT,
    C_PRINT,
    C_PRINT,
    C_PRINT | C_STOP,
    R8(C_PRINT),
    R8(C_DIGIT | C_HEX | C_PRINT),
    C_DIGIT | C_HEX | C_PRINT,
    C_DIGIT | C_HEX | C_PRINT,
    C_PRINT,
    C_PRINT,
    C_PRINT,
    C_PRINT,
    C_PRINT,
    C_PRINT,
    C_PRINT,
    C_ALPHA | C_HEX | C_PRINT,
    C_ALPHA | C_HEX | C_PRINT,
    C_ALPHA | C_HEX | C_PRINT,
    C_ALPHA | C_HEX | C_PRINT,
    C_ALPHA | C_HEX | C_PRINT,
    C_ALPHA | C_HEX | C_PRINT,
    C_ALPHA | C_PRINT,
    R8(C_ALPHA | C_PRINT),
    R8(C_ALPHA | C_PRINT),
    C_ALPHA | C_PRINT,
    C_ALPHA | C_PRINT,
    C_ALPHA | C_PRINT,
    C_PRINT,
    C_PRINT | C_STOP,
    C_PRINT,
    C_PRINT,
    C_ALPHA | C_PRINT,
    C_PRINT,
    C_ALPHA | C_HEX | C_PRINT,
    C_ALPHA | C_HEX | C_PRINT,
    C_ALPHA | C_HEX | C_PRINT,
    C_ALPHA | C_HEX | C_PRINT,
    C_ALPHA | C_HEX | C_PRINT,
    C_ALPHA | C_HEX | C_PRINT,
    C_ALPHA | C_PRINT,
    R8(C_ALPHA | C_PRINT),
    R8(C_ALPHA | C_PRINT),
    C_ALPHA | C_PRINT,
    C_ALPHA | C_PRINT,
    C_ALPHA | C_PRINT,
    C_PRINT,
    C_PRINT,
    C_PRINT,
    C_PRINT,
    0,
};
/* c may be -1 (end of input): no class. */
static inline bool is(int c, int class) { return c >= 0 && (classes[c] & class) != 0; }

int zio_fill(struct zio *z)
{
    size_t n = 0;
    const char *p = z->reader(z->L, z->data, &n);
    if (p == NULL || n == 0) {
        z->n = 0;
        return -1;
    }
    z->p = p + 1;
    z->n = n - 1;
    return (unsigned char)*p;
}

void lex_init(struct lua_State *L)
{
    for (int i = 0; i < NUM_RESERVED; i++) {
        struct lstr *s = str_newz(L, token_names[i]);
        gc_fix(L, (struct gcobj *)s);
        s->reserved = (uint8_t)(i + 1);
    }
}

/* ---- strings of this chunk ---- */

static inline uint32_t hash_step(uint32_t h, unsigned char c) { return (h ^ c) * 16777619u; }
#define HASH_START 2166136261u

void lex_anchor(struct lexer *ls, void *object, enum tag tag)
{
    struct value v;
    setgc(&v, object, tag);
    setval(ls->L->top++, &v); /* growing the table may run an emergency collection */
    table_setint(ls->L, ls->anchor, ++ls->nanchor, &v);
    ls->L->top--;
}

static void grow_strs(struct lexer *ls)
{
    uint32_t size = (ls->strmask + 1) * 2;
    struct interned *fresh = mem_alloc(ls->L, size * sizeof *fresh, 0);
    memset(fresh, 0, size * sizeof *fresh);
    for (uint32_t i = 0; i <= ls->strmask; i++) {
        if (ls->strs[i].s == NULL)
            continue;
        uint32_t at = ls->strs[i].hash & (size - 1);
        while (fresh[at].s != NULL)
            at = (at + 1) & (size - 1);
        fresh[at] = ls->strs[i];
    }
    if (ls->strs != ls->strs0)
        mem_free(ls->L, ls->strs, (ls->strmask + 1) * sizeof *fresh);
    ls->strs = fresh;
    ls->strmask = size - 1;
}

static struct lstr *intern(struct lexer *ls, const char *s, size_t len, uint32_t hash)
{
    uint32_t at = (hash ^ hash >> 15) & ls->strmask;
    for (; ls->strs[at].s != NULL; at = (at + 1) & ls->strmask) {
        struct lstr *o = ls->strs[at].s;
        if (ls->strs[at].hash == (hash ^ hash >> 15) && o->len == len && memcmp(o->data, s, len) == 0)
            return o;
    }
    struct lstr *o = str_new(ls->L, s, len);
    lex_anchor(ls, o, T_STR);
    ls->strs[at] = (struct interned){o, hash ^ hash >> 15};
    if (++ls->nstrs * 4 > ls->strmask * 3)
        grow_strs(ls);
    return o;
}

struct lstr *lex_string(struct lexer *ls, const char *s, size_t len)
{
    uint32_t h = HASH_START;
    for (size_t i = 0; i < len; i++)
        h = hash_step(h, (unsigned char)s[i]);
    return intern(ls, s, len, h);
}

/* ---- messages ---- */

const char *lex_pushf(struct lua_State *L, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    const char *s = api_pushvf(L, fmt, ap);
    va_end(ap);
    return s;
}

const char *lex_token_text(struct lexer *ls, int type)
{
    if (type < TK_AND)
        return is(type, C_PRINT) ? lex_pushf(ls->L, "'%c'", type) : lex_pushf(ls->L, "'<\\%d>'", type);
    const char *name = token_names[type - TK_AND];
    return type < TK_EOS ? lex_pushf(ls->L, "'%s'", name) : name;
}

static void save(struct lexer *ls, int c);

static const char *near_text(struct lexer *ls, int type)
{
    if (type != TK_NAME && type != TK_STRING && type != TK_FLT && type != TK_INT)
        return lex_token_text(ls, type);
    if (ls->text != ls->buf) {
        const char *text = ls->text;
        size_t len = ls->textlen; /* save() counts it anew */
        ls->nbuf = 0;
        for (size_t i = 0; i < len; i++)
            save(ls, (unsigned char)text[i]);
    }
    save(ls, '\0');
    return lex_pushf(ls->L, "'%s'", ls->buf);
}

void lex_error(struct lexer *ls, const char *msg, int type)
{
    msg = dbg_addinfo(ls->L, msg, ls->source, ls->line);
    if (type != 0)
        lex_pushf(ls->L, "%s near %s", msg, near_text(ls, type));
    call_throw(ls->L, LUA_ERRSYNTAX);
}

void lex_syntax_error(struct lexer *ls, const char *msg)
{
    lex_error(ls, msg, ls->t.type);
}

/* ---- characters ---- */

static int refill(struct lexer *ls)
{
    if (ls->text != ls->buf) {
        ls->text = ls->buf;
        ls->textlen = 0;
    }
    ls->z->n = 0;
    int c = zio_fill(ls->z);
    ls->p = ls->z->p;
    ls->end = ls->p + ls->z->n;
    ls->piece = c < 0 ? ls->p : ls->p - 1;
    return c;
}

static inline void advance(struct lexer *ls)
{
    ls->c = ls->p < ls->end ? (unsigned char)*ls->p++ : refill(ls);
}

static void save(struct lexer *ls, int c)
{
    if (ls->nbuf == ls->capbuf) {
        if (ls->capbuf > SIZE_MAX / 4)
            lex_error(ls, "lexical element too long", 0);
        size_t cap = ls->capbuf * 2;
        bool was_text = ls->text == ls->buf;
        if (ls->buf == ls->buf0) {
            char *b = mem_alloc(ls->L, cap, 0);
            memcpy(b, ls->buf0, ls->nbuf);
            ls->buf = b;
        } else {
            ls->buf = mem_realloc(ls->L, ls->buf, ls->capbuf, cap);
        }
        ls->capbuf = cap;
        if (was_text)
            ls->text = ls->buf;
    }
    ls->buf[ls->nbuf++] = (char)c;
    ls->textlen = ls->nbuf;
}

static void save_advance(struct lexer *ls)
{
    save(ls, ls->c);
    advance(ls);
}

static void start_buffer(struct lexer *ls)
{
    ls->nbuf = 0;
    ls->text = ls->buf;
    ls->textlen = 0;
}

static void newline(struct lexer *ls)
{
    int old = ls->c;
    advance(ls);
    if ((ls->c == '\n' || ls->c == '\r') && ls->c != old)
        advance(ls);
    if (++ls->line >= INT_MAX)
        lex_error(ls, "chunk has too many lines", 0);
}

/* ---- names ---- */

static int name_token(struct token *t, struct lstr *s)
{
    t->s = s;
    return s->is_short && s->reserved > 0 ? s->reserved - 1 + TK_AND : TK_NAME;
}

static int name_slow(struct lexer *ls, struct token *t)
{
    start_buffer(ls);
    do
        save_advance(ls);
    while (is(ls->c, C_ALPHA | C_DIGIT));
    return name_token(t, lex_string(ls, ls->buf, ls->nbuf));
}

static int scan_name(struct lexer *ls, struct token *t)
{
    if (ls->p == ls->piece)
        return name_slow(ls, t);
    const char *s = ls->p - 1, *p = ls->p, *end = ls->end;
    uint32_t h = hash_step(HASH_START, (unsigned char)*s);
    while (p < end && (classes[(unsigned char)*p] & (C_ALPHA | C_DIGIT)) != 0)
        h = hash_step(h, (unsigned char)*p++);
    if (p == end)
        return name_slow(ls, t);
    ls->c = (unsigned char)*p;
    ls->p = p + 1;
    ls->text = s;
    ls->textlen = (size_t)(p - s);
    return name_token(t, intern(ls, s, (size_t)(p - s), h));
}

/* ---- numbers ---- */

static bool accept2(struct lexer *ls, const char *set)
{
    if (ls->c != set[0] && ls->c != set[1])
        return false;
    save_advance(ls);
    return true;
}

/* At a digit; the buffer may hold a '.' already. Takes whatever could belong to a numeral and leaves the judgement to num_from_str. */
static int number_rest(struct lexer *ls, struct token *t)
{
    const char *expo = "eE";
    int first = ls->c;
    save_advance(ls);
    if (first == '0' && accept2(ls, "xX"))
        expo = "pP";
    for (;;) {
        if (accept2(ls, expo))
            accept2(ls, "-+");
        else if (is(ls->c, C_HEX) || ls->c == '.')
            save_advance(ls);
        else
            break;
    }
    if (is(ls->c, C_ALPHA))
        save_advance(ls); /* touches a name: certainly malformed */
    save(ls, '\0');
    ls->nbuf--;
    ls->textlen = ls->nbuf;
    struct value v;
    if (num_from_str(ls->buf, &v) != ls->nbuf + 1)
        lex_error(ls, "malformed number", TK_FLT);
    if (v.tag == T_INT) {
        t->i = v.i;
        return TK_INT;
    }
    t->n = v.n;
    return TK_FLT;
}

static int scan_number(struct lexer *ls, struct token *t)
{
    if (ls->p > ls->piece) {
        const char *s = ls->p - 1, *p = ls->p;
        const char *end = ls->end - p > 17 ? p + 17 : ls->end;
        int64_t i = ls->c - '0';
        while (p < end && (classes[(unsigned char)*p] & C_DIGIT) != 0)
            i = i * 10 + (*p++ - '0');
        if (p < end && *p != '.' && (classes[(unsigned char)*p] & (C_ALPHA | C_DIGIT)) == 0) {
            ls->c = (unsigned char)*p;
            ls->p = p + 1;
            ls->text = s;
            ls->textlen = (size_t)(p - s);
            t->i = i;
            return TK_INT;
        }
    }
    start_buffer(ls);
    return number_rest(ls, t);
}

/* ---- strings ---- */

/* At '[' or ']': takes it and the '=' behind. Returns their count + 2 if the same bracket follows (not taken),
 * 1 for a lone bracket, 0 for a bracket with '=' and nothing behind. */
static size_t long_bracket(struct lexer *ls)
{
    size_t level = 0;
    int bracket = ls->c;
    save_advance(ls);
    while (ls->c == '=') {
        save_advance(ls);
        level++;
    }
    return ls->c == bracket ? level + 2 : level == 0 ? 1
                                                     : 0;
}

/* The rest of a long string (t != NULL) or comment; the current character is the second '['. */
static void long_text(struct lexer *ls, struct token *t, size_t sep)
{
    int first_line = ls->line;
    save_advance(ls);
    if (ls->c == '\n' || ls->c == '\r')
        newline(ls);
    for (;;) {
        switch (ls->c) {
        case -1:
            lex_error(ls, lex_pushf(ls->L, "unfinished long %s (starting at line %d)", t != NULL ? "string" : "comment", first_line), TK_EOS);
        case ']':
            if (long_bracket(ls) == sep) {
                save_advance(ls);
                if (t != NULL)
                    t->s = lex_string(ls, ls->buf + sep, ls->nbuf - 2 * sep);
                return;
            }
            break;
        case '\n':
        case '\r':
            save(ls, '\n');
            newline(ls);
            if (t == NULL)
                start_buffer(ls);
            break;
        default:
            if (t != NULL)
                save_advance(ls);
            else
                advance(ls);
        }
    }
}

static int hex_value(int c) { return c <= '9' ? c - '0' : (c | 32) - 'a' + 10; }

static void escape_check(struct lexer *ls, bool ok, const char *msg)
{
    if (ok)
        return;
    if (ls->c >= 0)
        save_advance(ls); /* shown in the message */
    lex_error(ls, msg, TK_STRING);
}

static int hex_digit(struct lexer *ls)
{
    save_advance(ls);
    escape_check(ls, is(ls->c, C_HEX), "hexadecimal digit expected");
    return hex_value(ls->c);
}

static void save_utf8(struct lexer *ls, uint32_t x)
{
    char tail[8];
    int n = 0;
    if (x < 0x80) {
        save(ls, (int)x);
        return;
    }
    uint32_t first_max = 0x3f; /* what fits into the first byte beside the length bits */
    do {
        tail[n++] = (char)(0x80 | (x & 0x3f));
        x >>= 6;
        first_max >>= 1;
    } while (x > first_max);
    save(ls, (int)((~first_max << 1 | x) & 0xff));
    while (n > 0)
        save(ls, (unsigned char)tail[--n]);
}

/* The current character is the 'u'; `start` is where the backslash stands in the buffer. */
static void utf8_escape(struct lexer *ls, size_t start)
{
    save_advance(ls);
    escape_check(ls, ls->c == '{', "missing '{'");
    uint32_t x = (uint32_t)hex_digit(ls);
    for (save_advance(ls); is(ls->c, C_HEX); save_advance(ls)) {
        escape_check(ls, x <= 0x7FFFFFFFu >> 4, "UTF-8 value too large");
        x = x << 4 | (uint32_t)hex_value(ls->c);
    }
    escape_check(ls, ls->c == '}', "missing '}'");
    advance(ls);
    ls->nbuf = start;
    save_utf8(ls, x);
}

static int decimal_escape(struct lexer *ls)
{
    int x = 0;
    for (int i = 0; i < 3 && is(ls->c, C_DIGIT); i++) {
        x = x * 10 + ls->c - '0';
        save_advance(ls);
    }
    escape_check(ls, x <= UCHAR_MAX, "decimal escape too large");
    return x;
}

/* At a backslash. What is read stays in the buffer until the escape is known to be good. */
static void escape(struct lexer *ls)
{
    static const char from[] = "abfnrtv\\\"'", to[] = "\a\b\f\n\r\t\v\\\"'";
    size_t start = ls->nbuf;
    save_advance(ls);
    int c = ls->c;
    const char *simple = c > 0 ? memchr(from, c, sizeof from - 1) : NULL;
    if (simple != NULL) {
        advance(ls);
        c = (unsigned char)to[simple - from];
    } else if (c == '\n' || c == '\r') {
        newline(ls);
        c = '\n';
    } else if (c == 'x') {
        c = hex_digit(ls);
        c = c << 4 | hex_digit(ls);
        advance(ls);
    } else if (c == 'u') {
        utf8_escape(ls, start);
        return;
    } else if (c == 'z') {
        ls->nbuf = start;
        advance(ls);
        while (is(ls->c, C_SPACE)) {
            if (ls->c == '\n' || ls->c == '\r')
                newline(ls);
            else
                advance(ls);
        }
        return;
    } else if (c < 0) {
        return; /* the caller reports the end of the text */
    } else {
        escape_check(ls, is(c, C_DIGIT), "invalid escape sequence");
        c = decimal_escape(ls);
    }
    ls->nbuf = start;
    save(ls, c);
}

static void string_slow(struct lexer *ls, struct token *t)
{
    int quote = ls->c;
    start_buffer(ls);
    save_advance(ls);
    while (ls->c != quote) {
        switch (ls->c) {
        case -1: lex_error(ls, "unfinished string", TK_EOS);
        case '\n':
        case '\r': lex_error(ls, "unfinished string", TK_STRING);
        case '\\': escape(ls); break;
        default: save_advance(ls);
        }
    }
    save_advance(ls);
    t->s = lex_string(ls, ls->buf + 1, ls->nbuf - 2);
}

static int scan_string(struct lexer *ls, struct token *t)
{
    if (ls->p > ls->piece) {
        const char *s = ls->p, *p = s, *end = ls->end;
        uint32_t h = HASH_START;
        while (p < end && ((classes[(unsigned char)*p] & C_STOP) == 0 || (*p != ls->c && (*p == '"' || *p == '\''))))
            h = hash_step(h, (unsigned char)*p++);
        if (p < end && *p == ls->c) {
            ls->text = s - 1;
            ls->textlen = (size_t)(p - s) + 2;
            t->s = intern(ls, s, (size_t)(p - s), h);
            ls->p = p + 1;
            /* The spelling must survive the refill that this may cause. */
            if (ls->p == ls->end) {
                start_buffer(ls);
                for (p = s - 1; p < ls->end; p++)
                    save(ls, (unsigned char)*p);
            }
            advance(ls);
            return TK_STRING;
        }
    }
    string_slow(ls, t);
    return TK_STRING;
}

/* ---- tokens ---- */

static void skip_line(struct lexer *ls)
{
    while (ls->c != '\n' && ls->c != '\r' && ls->c >= 0) {
        const char *p = ls->p;
        while (p < ls->end && *p != '\n' && *p != '\r')
            p++;
        ls->p = p;
        advance(ls);
    }
}

/* Behind "--". */
static void comment(struct lexer *ls)
{
    if (ls->c == '[') {
        start_buffer(ls);
        size_t sep = long_bracket(ls);
        if (sep >= 2) {
            start_buffer(ls);
            long_text(ls, NULL, sep);
            return;
        }
    }
    skip_line(ls);
}

/* A two-character operator: `c` taken if it follows. */
static inline bool follows(struct lexer *ls, int c)
{
    if (ls->c != c)
        return false;
    advance(ls);
    return true;
}

static int dots(struct lexer *ls, struct token *t)
{
    start_buffer(ls);
    save_advance(ls);
    if (follows(ls, '.'))
        return follows(ls, '.') ? TK_DOTS : TK_CONCAT;
    return is(ls->c, C_DIGIT) ? number_rest(ls, t) : '.';
}

static int long_string(struct lexer *ls, struct token *t)
{
    start_buffer(ls);
    size_t sep = long_bracket(ls);
    if (sep == 1)
        return '[';
    if (sep == 0)
        lex_error(ls, "invalid long string delimiter", TK_STRING);
    long_text(ls, t, sep);
    return TK_STRING;
}

static int scan(struct lexer *ls, struct token *t)
{
    for (;;) {
        int c = ls->c;
        switch (c) {
        case -1: return TK_EOS;
        case '\n':
        case '\r': newline(ls); continue;
        case ' ':
        case '\t':
        case '\v':
        case '\f': advance(ls); continue;
        case '-':
            advance(ls);
            if (!follows(ls, '-'))
                return '-';
            comment(ls);
            continue;
        case '[': return long_string(ls, t);
        case '=': advance(ls); return follows(ls, '=') ? TK_EQ : '=';
        case '<': advance(ls); return follows(ls, '=') ? TK_LE : follows(ls, '<') ? TK_SHL
                                                                                  : '<';
        case '>': advance(ls); return follows(ls, '=') ? TK_GE : follows(ls, '>') ? TK_SHR
                                                                                  : '>';
        case '/': advance(ls); return follows(ls, '/') ? TK_IDIV : '/';
        case '~': advance(ls); return follows(ls, '=') ? TK_NE : '~';
        case ':': advance(ls); return follows(ls, ':') ? TK_DBCOLON : ':';
        case '"':
        case '\'': return scan_string(ls, t);
        case '.': return dots(ls, t);
        default:
            if (classes[c] & C_ALPHA)
                return scan_name(ls, t);
            if (classes[c] & C_DIGIT)
                return scan_number(ls, t);
            advance(ls);
            return c;
        }
    }
}

void lex_next(struct lexer *ls)
{
    ls->lastline = ls->line;
    if (unlikely(ls->ahead.type != 0)) {
        ls->t = ls->ahead;
        ls->ahead.type = 0;
    } else {
        ls->t.type = scan(ls, &ls->t);
    }
}

int lex_peek(struct lexer *ls)
{
    return ls->ahead.type = scan(ls, &ls->ahead);
}

void lex_start(struct lexer *ls, struct lua_State *L, struct zio *z, struct table *anchor, struct lstr *source, int firstchar)
{
    ls->L = L;
    ls->z = z;
    ls->c = firstchar;
    ls->p = ls->piece = z->p;
    ls->end = z->p + z->n;
    ls->line = ls->lastline = 1;
    ls->t.type = ls->ahead.type = 0;
    ls->buf = ls->buf0;
    ls->capbuf = sizeof ls->buf0;
    ls->strs = ls->strs0;
    ls->strmask = sizeof ls->strs0 / sizeof *ls->strs0 - 1;
    ls->nstrs = 0;
    memset(ls->strs0, 0, sizeof ls->strs0);
    ls->anchor = anchor;
    ls->nanchor = 0;
    ls->source = source;
    start_buffer(ls);
}

void lex_fini(struct lexer *ls)
{
    if (ls->buf != ls->buf0)
        mem_free(ls->L, ls->buf, ls->capbuf);
    if (ls->strs != ls->strs0)
        mem_free(ls->L, ls->strs, (ls->strmask + 1) * sizeof *ls->strs);
}
