/* pattern.h: Lua patterns as small programs (pattern.c). */
#ifndef JIT_LUA_PATTERN_H
#define JIT_LUA_PATTERN_H
#include "lua/guest.h"

#define PATTERN_CAPTURES 16
#define PATTERN_BYTES 1200 /* longest program */

/* What a match found: offsets from the subject's beginning. Of a position capture, at is the position and len is -1. */
struct pattern_match {
    int64_t from, to; /* first byte, and the one behind the last */
    int64_t count; /* gsub: replacements */
    struct {
        int64_t at, len;
    } cap[PATTERN_CAPTURES];
};

struct pattern_head {
    const void *ctype; /* the locale's character classes when it was compiled */
    uint8_t nitems, ncaps, anchored;
    uint8_t is_pos[PATTERN_CAPTURES]; /* capture n is a position */
};

/* The program of a pattern into out (PATTERN_BYTES): its length, or 0: malformed, or too long to be sure that the
 * library would not call it too complex. gmatch: a leading ^ means itself. */
size_t pattern_compile(const char *p, size_t n, bool gmatch, uint8_t *out);
static inline void pattern_head(const void *program, struct pattern_head *h) { memcpy(h, program, sizeof *h); }
bool pattern_current(const struct pattern_head *h); /* the classes are still those for which it was compiled */
/* The first match at or after offset init (<= n). 1: found, 0: none, -1: the classes have changed since it was compiled. */
int pattern_find(const uint8_t *program, const char *s, size_t n, size_t init, struct pattern_match *m);
/* The same for string.gmatch, whose last match ended at `last` (-1: none yet). */
int pattern_next(const uint8_t *program, const char *s, size_t n, size_t from, int64_t last, struct pattern_match *m);
/* As string.gsub with a string or a table (without metatable) as replacement; m->count. NULL: something that the library
 * is to do (an error, no memory). */
struct lstr *pattern_gsub(struct lua_State *L, const uint8_t *program, struct lstr *s, const struct lstr *repl, struct table *map, int64_t most,
                          struct pattern_match *m);
#endif
