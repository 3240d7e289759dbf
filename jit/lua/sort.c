/* sort.c: table.sort for the two cases that programs have: numbers or strings in their own order, and a Lua function
 * that compares.
 *
 * The library's sort is C that works through the API: with a Lua function each comparison is a call from C into the
 * interpreter, which no trace can contain, and what is around it costs as much again. Here the sort of a Lua function is a Lua
 * function itself: its loops become traces with the comparison inlined. It is compiled once for each comparison
 * function (each prototype), so that sorts by different orders do not share their traces.
 *
 * Invariants
 *  1. Elements are compared and moved in the order of the library's quicksort (middle of three, the smaller part first), since
 *     the order of elements that compare equal is seen. Only its random pivots, which come from the clock there, are others.
 *  2. The debug interface does not show the function: a frame whose prototype is `hidden` belongs to the C function below it.
 *     That one is the program's table.sort, as with the library.
 *  3. Whatever is not the plain case (a metatable, a debug hook, another comparison than a Lua function, mixed types, NaN)
 *     is the library's.
 *
 * Before: vm.c, call.c. After: fastfunc.c.
 */
#pragma GCC visibility push(default)
#include <lua5.4/lua.h>
#include <lua5.4/lauxlib.h>
#pragma GCC visibility pop
#include <limits.h>
#include <math.h>
#include "lua/guest.h"

#define SORTER_WORTH 200 /* elements that a comparison function has sorted before it gets a sort of its own */
#define LARGE 100 /* ranges from here on may get a random pivot */

/* sort(a, lo, up, lt, rnd, sort): true if lt is no order. */
static const char sorter_text[] =
    "local function sort(a, lo, up, lt, rnd, self)\n"
    "  while lo < up do\n"
    "    local low, high = a[lo], a[up]\n"
    "    if lt(high, low) then a[lo], a[up] = high, low end\n"
    "    if up - lo == 1 then return end\n"
    "    local mid = (lo + up) // 2\n"
    "    if rnd ~= 0 and up - lo >= 100 then\n"
    "      local quarter = (up - lo) // 4\n"
    "      mid = rnd % (quarter * 2) + lo + quarter\n"
    "    end\n"
    "    local pivot, other = a[mid], a[lo]\n"
    "    if lt(pivot, other) then a[mid], a[lo] = other, pivot\n"
    "    else\n"
    "      other = a[up]\n"
    "      if lt(other, pivot) then a[mid], a[up] = other, pivot end\n"
    "    end\n"
    "    if up - lo == 2 then return end\n"
    "    local last = up - 1\n"
    "    pivot, other = a[mid], a[last]\n"
    "    a[mid], a[last] = other, pivot\n"
    "    local i, j = lo, last\n"
    "    local left, right\n"
    "    while true do\n"
    "      i = i + 1\n"
    "      left = a[i]\n"
    "      while lt(left, pivot) do\n"
    "        if i == last then return true end\n"
    "        i = i + 1\n"
    "        left = a[i]\n"
    "      end\n"
    "      j = j - 1\n"
    "      right = a[j]\n"
    "      while lt(pivot, right) do\n"
    "        if j < i then return true end\n"
    "        j = j - 1\n"
    "        right = a[j]\n"
    "      end\n"
    "      if j < i then break end\n"
    "      a[i], a[j] = right, left\n"
    "    end\n"
    "    a[last], a[i] = left, a[last]\n"
    "    local n\n"
    "    if i - lo < up - i then\n"
    "      if self(a, lo, i - 1, lt, rnd, self) then return true end\n"
    "      n, lo = i - lo, i + 1\n"
    "    else\n"
    "      if self(a, i + 1, up, lt, rnd, self) then return true end\n"
    "      n, up = up - i, i - 1\n"
    "    end\n"
    "    if up - lo > n * 128 then rnd = (rnd * 1103515245 + 12345) & 0x7fffffff end\n"
    "  end\n"
    "end\n"
    "return sort\n";

struct text {
    const char *s;
    size_t n;
};

static const char *text_read(struct lua_State *L, void *ud, size_t *n)
{
    struct text *t = ud;
    const char *s = t->s;
    (void)L;
    *n = t->n;
    t->s = NULL;
    return s;
}

static void hide(struct proto *p)
{
    p->hidden = 1;
    for (uint32_t i = 0; i < p->np; i++) hide(p->protos[i]);
}

/* Pushes the sort that belongs to the comparison function; false: none, nothing is pushed. */
static bool push_sorter(struct lua_State *L, struct proto *cmp)
{
    struct text t = {sorter_text, sizeof sorter_text - 1};
    if (!cmp->sorter) {
        if (lua_load(L, text_read, &t, "=[sort]", "t") == LUA_OK) {
            hide(L->top[-1].lcl->p);
            call_function(L, L->top - 1, 1, false);
            cmp->sorter = L->top[-1].lcl;
            gc_barrier_obj(L, cmp, cmp->sorter);
        }
        L->top--;
    }
    if (!cmp->sorter) return false;
    setgc(L->top++, cmp->sorter, T_LCL);
    return true;
}

static bool sort_by_function(struct lua_State *L, int64_t n)
{
    struct proto *cmp = L->ci->func[2].lcl->p;
    if (cmp->nsorted < SORTER_WORTH) {
        cmp->nsorted += (uint32_t)(n < SORTER_WORTH ? n : SORTER_WORTH);
        if (cmp->nsorted < SORTER_WORTH) return false;
    }
    lua_settop(L, 2);
    if (!push_sorter(L, cmp)) return false;
    const struct value *arg = L->ci->func + 1;
    struct value *f = L->top - 1;
    setval(f + 1, arg);
    setint(f + 2, 1);
    setint(f + 3, n);
    setval(f + 4, arg + 1);
    setint(f + 5, 0);
    setval(f + 6, f);
    L->top = f + 7;
    call_function(L, f, 1, false);
    if (L->top[-1].tag == T_TRUE) luaL_error(L, "invalid order function for sorting");
    return true;
}

/* ---- numbers and strings in their own order ---- */

typedef bool (*less_fn)(const struct value *a, const struct value *b);

static inline bool less_int(const struct value *a, const struct value *b) { return a->i < b->i; }
static inline bool less_flt(const struct value *a, const struct value *b) { return a->n < b->n; }
static bool less_str(const struct value *a, const struct value *b) { return str_cmp(a->s, b->s) < 0; }

static inline void swap(struct value *a, struct value *b)
{
    uint64_t bits = a->bits;
    a->bits = b->bits;
    b->bits = bits;
}

/* Puts the middle one of three in the middle, then before the last; parts a[lo, up] by it and returns where it stands. */
static inline __attribute__((always_inline)) int64_t part(struct value *a, int64_t lo, int64_t mid, int64_t up, less_fn less)
{
    if (less(&a[mid], &a[lo])) swap(&a[mid], &a[lo]);
    else if (less(&a[up], &a[mid])) swap(&a[up], &a[mid]);
    if (up - lo == 2) return -1;
    int64_t i = lo, j = up - 1;
    swap(&a[mid], &a[j]);
    const struct value *pivot = &a[up - 1];
    for (;;) {
        while (less(&a[++i], pivot) && i < up) {}
        while (less(pivot, &a[--j]) && j > lo) {}
        if (j < i) break;
        swap(&a[i], &a[j]);
    }
    swap(&a[up - 1], &a[i]);
    return i;
}

static inline __attribute__((always_inline)) bool sort_step(struct value *a, int64_t *lo, int64_t *up, int64_t *other, uint64_t *rnd, less_fn less)
{
    int64_t size = *up - *lo, mid = (*lo + *up) / 2;
    if (less(&a[*up], &a[*lo])) swap(&a[*up], &a[*lo]);
    if (size == 1) return false;
    if (*rnd != 0 && size >= LARGE) mid = (int64_t)(*rnd >> 33) % (size / 4 * 2) + *lo + size / 4;
    int64_t at = part(a, *lo, mid, *up, less);
    if (at < 0) return false;
    bool left = at - *lo < *up - at; /* is smaller: it is sorted first */
    other[0] = left ? *lo : at + 1;
    other[1] = left ? at - 1 : *up;
    if (left) *lo = at + 1;
    else *up = at - 1;
    if ((*up - *lo) / 128 > other[1] - other[0]) *rnd = *rnd * 6364136223846793005u + 1442695040888963407u;
    return true;
}

#define SORT(name, less) \
    static void name(struct value *a, int64_t lo, int64_t up, uint64_t rnd) \
    { \
        int64_t other[2]; \
        while (lo < up && sort_step(a, &lo, &up, other, &rnd, less)) name(a, other[0], other[1], rnd); \
    }
SORT(sort_ints, less_int)
SORT(sort_flts, less_flt)
SORT(sort_strs, less_str)

/* All of one type, in the array; floats without NaN and without a negative zero. */
static bool sort_plain(struct table *t, int64_t n)
{
    uint32_t tag = t->arr[0].tag;
    if (n > t->alen || t->flags & TF_CLASS || (!tag_is_number(tag) && tag != T_STR)) return false;
    for (int64_t i = 0; i < n; i++)
        if (t->arr[i].tag != tag || (tag == T_FLT && (isnan(t->arr[i].n) || (t->arr[i].n == 0 && signbit(t->arr[i].n))))) return false;
    if (tag == T_INT) sort_ints(t->arr, 0, n - 1, 0);
    else if (tag == T_FLT) sort_flts(t->arr, 0, n - 1, 0);
    else sort_strs(t->arr, 0, n - 1, 0);
    return true;
}

int sort_call(struct lua_State *L)
{
    struct value *arg = L->ci->func + 1;
    ptrdiff_t nargs = L->top - arg;
    uint32_t by = nargs > 1 ? arg[1].tag : T_NIL;
    struct table *t = nargs > 0 && arg->tag == T_TABLE ? arg->t : NULL;
    int64_t n = t && !t->meta && L->hookmask == 0 ? (int64_t)table_len(t) : 0;
    bool done = n > 1 && n < INT_MAX && ((by == T_NIL && n <= t->alen && sort_plain(t, n)) || (by == T_LCL && sort_by_function(L, n)));
    return done ? 0 : vm_library(L);
}
