/* guest.h: what the files of the guest offer each other. One section per file; "raises" = may
 * throw a Lua error (longjmp); "collects" = may run a collector step (so unanchored objects die).
 */
#ifndef JIT_LUA_GUEST_H
#define JIT_LUA_GUEST_H
#include <stdarg.h>
#include <string.h>
#include "lua/state.h"

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

/* ---- mem.c: memory. All of it is counted in g->total_bytes and g->gc_debt. raises LUA_ERRMEM after an
 * emergency collection. */
void *mem_alloc(struct lua_State *L, size_t size, int lua_type_hint); /* hint: LUA_T* for new objects, 0 */
void *mem_realloc(struct lua_State *L, void *p, size_t osize, size_t nsize); /* raises */
void *mem_try_realloc(struct lua_State *L, void *p, size_t osize, size_t nsize); /* NULL on failure */
void mem_free(struct lua_State *L, void *p, size_t osize);
void mem_pool_init(struct global *g); /* when g->own_alloc */
void mem_pool_fini(struct global *g);
bool mem_is_standard_alloc(lua_Alloc f); /* is it luaL_newstate's? */
void mem_set_alloc(struct lua_State *L, lua_Alloc f, void *ud); /* lua_setallocf: what the pools hold stays theirs */

/* ---- gc.c ---- */
/* Links a new object of `size` bytes; no step is run here. */
struct gcobj *gc_new(struct lua_State *L, size_t size, enum tag kind);
void gc_step(struct lua_State *L); /* runs a step if g->gc_debt > 0; L->top and ci->top must cover what lives; may call finalizers */
#define gc_check(L) \
    do { \
        if (unlikely((L)->g->gc_debt > 0)) gc_step(L); \
    } while (0)
void gc_full(struct lua_State *L, bool emergency);
void gc_barrier_(struct lua_State *L, struct gcobj *o, struct gcobj *v); /* forward */
void gc_barrier_back_(struct lua_State *L, struct gcobj *o); /* o becomes gray again */
#define GC_WHITE 3u
#define GC_BLACK 4u
#define gc_is_white(o) (((struct gcobj *)(o))->mark & GC_WHITE)
#define gc_is_black(o) (((struct gcobj *)(o))->mark & GC_BLACK)
/* After storing value v into object o (tables and other containers that are written often: back barrier). */
#define gc_barrier_back(L, o, v) \
    do { \
        if (tag_is_gc((v)->tag) && gc_is_black(o) && gc_is_white((v)->gc)) gc_barrier_back_(L, (struct gcobj *)(o)); \
    } while (0)
#define gc_barrier(L, o, v) \
    do { \
        if (tag_is_gc((v)->tag) && gc_is_black(o) && gc_is_white((v)->gc)) gc_barrier_(L, (struct gcobj *)(o), (v)->gc); \
    } while (0)
#define gc_barrier_obj(L, o, x) \
    do { \
        if (gc_is_black(o) && gc_is_white(x)) gc_barrier_(L, (struct gcobj *)(o), (struct gcobj *)(x)); \
    } while (0)
void gc_check_finalizer(struct lua_State *L, struct gcobj *o, struct table *mt); /* called by setmetatable */
void gc_free_all(struct lua_State *L); /* close: runs finalizers, frees all objects */
int gc_control(struct lua_State *L, int what, va_list ap); /* lua_gc */
void gc_fix(struct lua_State *L, struct gcobj *o);
int gc_heap_check(struct lua_State *L); /* walks everything, asserts the colour invariant; returns objects seen (tests) */

/* ---- string.c ---- */
struct lstr *str_new(struct lua_State *L, const char *s, size_t len); /* interned if short; raises */
struct lstr *str_newz(struct lua_State *L, const char *s);
struct lstr *str_new_buffer(struct lua_State *L, size_t len); /* long string to be filled (len > STR_SHORT_MAX) */
uint32_t str_hash(struct lstr *s);
bool str_eq_long(const struct lstr *a, const struct lstr *b);
static inline bool str_eq(const struct lstr *a, const struct lstr *b) { return a == b || (!a->is_short && !b->is_short && str_eq_long(a, b)); }
int str_cmp(const struct lstr *a, const struct lstr *b); /* strcoll order, embedded NULs respected */
void strtab_init(struct lua_State *L);
void strtab_fini(struct lua_State *L);
void strtab_shrink(struct lua_State *L);

/* ---- shape.c ---- */
int shape_find(struct shape *s, const struct lstr *key); /* slot or -1 */
struct lstr *shape_key(struct shape *s, uint32_t slot);
struct shape *shape_add(struct lua_State *L, struct shape *s, struct lstr *key); /* NULL: too many slots, use dictionary. raises */
/* How many places a table of shape s that gets `key`, and has no place left, should have. */
uint32_t shape_room(const struct shape *s, const struct lstr *key);
void shape_free(struct lua_State *L, struct shape *s);
struct shape *shape_new_root(struct lua_State *L);

/* ---- table.c. Raw access; none runs metamethods. Setters do NOT run the barrier or class watch unless said. */
struct table *table_new(struct lua_State *L, uint32_t narr, uint32_t nhash); /* raises */
struct table *table_new_quiet(struct lua_State *L, uint32_t narr, uint32_t nhash); /* NULL: no memory, not from the pools, or too large for one block */
void table_grow_slots(struct lua_State *L, struct table *t, uint32_t cap); /* shape form, cap > slotcap; raises */
void table_free(struct lua_State *L, struct table *t);
const struct value *table_get(struct table *t, const struct value *key); /* never NULL; absent: &nil */
const struct value *table_getint(struct table *t, int64_t key);
const struct value *table_getshort(struct table *t, struct lstr *key); /* short string */
const struct value *table_getstr(struct table *t, struct lstr *key); /* any string */
extern const struct value absent_value; /* what absent keys return: T_NIL; compare addresses */
/* Raw set, creating the key if needed (value nil deletes); runs the back barrier and the class watch.
 * raises "index is nil"/"index is NaN" and memory. */
void table_set(struct lua_State *L, struct table *t, const struct value *key, const struct value *val);
void table_setint(struct lua_State *L, struct table *t, int64_t key, const struct value *val);
void table_setstr(struct lua_State *L, struct table *t, struct lstr *key, const struct value *val);
static inline const struct value *table_getint_fast(struct table *t, int64_t k) { return (uint64_t)k - 1 < t->alen ? &t->arr[k - 1] : table_getint(t, k); }
/* lua_setmetatable on a table: sets t->meta (NULL: none), marks mt as a class, tells who watches t, barrier, finalizer. */
void table_setmeta(struct lua_State *L, struct table *t, struct table *mt);
uint64_t table_len(struct table *t); /* a border */
/* next(): key nil starts. Returns 0 at the end. Writes key to out[0], value to out[1]. raises on an invalid key.
 * table_next_at iterates by position (0 starts; returns the next position, 0 at the end): the order is the
 * same: array, slots, nodes. A position is alen-independent as long as no key is added. */
int table_next(struct lua_State *L, struct table *t, const struct value *key, struct value *out);
uint32_t table_next_at(struct table *t, uint32_t pos, struct value *out);
int64_t table_pos_of(struct lua_State *L, struct table *t, const struct value *key); /* position after key; raises */
void table_resize(struct lua_State *L, struct table *t, uint32_t narr, uint32_t nhash); /* hints for createtable */
size_t table_bytes(const struct table *t);
/* Inline caches: fill after a slow access (no-op when the access cannot be cached). A hit whose value is T_NIL is
 * a miss (the field was removed): take the slow path. */
void icache_fill_get(struct lua_State *L, struct icache *ic, struct table *t, struct lstr *key);
/* Field store of key (short string) into t without metamethods involved; fills the cache, handles transitions. */
void table_setfield_ic(struct lua_State *L, struct icache *ic, struct table *t, struct lstr *key, const struct value *val);

/* ---- class.c: class tables (DESIGN: metatables and __index tables are constants on traces) ---- */
void class_mark(struct lua_State *L, struct table *t); /* t is now a metatable or an __index table */
void class_of_one_more(struct table *mt); /* another object gets this metatable */
/* Called by every write to a table with TF_CLASS: before the write. old is the present value, or absent. */
void class_written(struct lua_State *L, struct table *t, const struct value *key, const struct value *old);

/* ---- func.c ---- */
struct lclosure *func_new_lua(struct lua_State *L, uint32_t nupvals); /* upvalues NULL */
struct cclosure *func_new_c(struct lua_State *L, uint32_t nupvals);
struct upval *func_new_upval(struct lua_State *L); /* closed, nil */
struct upval *func_find_upval(struct lua_State *L, struct value *level); /* open one for a stack slot */
void func_close_upvals(struct lua_State *L, struct value *level); /* close all >= level; no tbc */
struct value *func_close(struct lua_State *L, struct value *level, int status, bool yieldable); /* upvalues and tbc; calls __close; returns level (stack may move) */
#define CLOSE_KEEP_TOP (-1) /* func_close's status when nothing failed: no error object, L->top is kept (lua_settop, CLOSE, returns) */
void func_new_tbc(struct lua_State *L, struct value *level); /* raises if no __close */
struct proto *func_new_proto(struct lua_State *L);
void func_free_proto(struct lua_State *L, struct proto *p);
const char *func_local_name(const struct proto *p, int n, int pc); /* n-th active local at pc, or NULL */

/* ---- number.c ---- */
size_t num_from_str(const char *s, struct value *out); /* length + 1 consumed if the whole string is a numeral, else 0 */
bool num_of_value(const struct value *v, double *out); /* number or convertible string */
bool int_of_value(const struct value *v, int64_t *out); /* exact only; strings converted */
bool int_of_float(double n, int64_t *out); /* exact only */
int num_to_buf(const struct value *v, char *buf); /* "%d" / "%.14g" + ".0"; at least 48 bytes; returns length */
struct lstr *num_to_str(struct lua_State *L, const struct value *v);
int64_t int_floordiv(struct lua_State *L, int64_t a, int64_t b); /* raises on b == 0 */
int64_t int_mod(struct lua_State *L, int64_t a, int64_t b);
double flt_mod(double a, double b);
double flt_pow(double a, double b);
int64_t int_shl(int64_t a, int64_t b); /* logical, b may be negative or >= 64 */
bool num_arith_raw(struct lua_State *L, int lua_op, const struct value *a, const struct value *b, struct value *out); /* numbers only; false: not possible without metamethods/errors */

/* ---- state.c ---- */
struct callinfo *ci_extend(struct lua_State *L); /* next frame record after L->ci; raises */
static inline struct callinfo *ci_next(struct lua_State *L) { return L->ci->next ? L->ci->next : ci_extend(L); }
void stack_grow(struct lua_State *L, int n); /* room for n more slots above L->top; raises stack overflow. Moves the stack: updates top, ci's, upvalues, jit_base, tbclist */
#define stack_check(L, n) \
    do { \
        if (unlikely((L)->stack_last - (L)->top <= (n))) stack_grow(L, n); \
    } while (0)
void stack_shrink(struct lua_State *L);
int stack_realloc(struct lua_State *L, int newsize, bool raise);
static inline ptrdiff_t stack_save(struct lua_State *L, struct value *v) { return (char *)v - (char *)L->stack; }
static inline struct value *stack_restore(struct lua_State *L, ptrdiff_t o) { return (struct value *)((char *)L->stack + o); }
void thread_free(struct lua_State *L, struct lua_State *th);
size_t thread_bytes(struct lua_State *th);

/* ---- call.c: calls, errors, coroutines ---- */
#ifndef LUAI_MAXCCALLS
#define LUAI_MAXCCALLS 200
#endif
/* C activations */
static inline uint32_t call_depth(const struct lua_State *L) { return L->nCcalls & 0xffff; }
static inline bool call_is_error(int status) { return status > LUA_YIELD; }
_Noreturn void call_throw(struct lua_State *L, int status); /* error value is at top-1 (LUA_ERRMEM: set by the catcher) */
_Noreturn void call_error(struct lua_State *L); /* runs the message handler on top-1, then throws LUA_ERRRUN */
typedef void (*call_pfunc)(struct lua_State *L, void *ud);
int call_protected(struct lua_State *L, call_pfunc f, void *ud, ptrdiff_t old_top, ptrdiff_t errfunc); /* closes upvalues and tbc on error */
/* For helpers of compiled code: f fails for lack of memory only (then false). Nothing is closed, no stack slot is
 * touched, and no emergency collection runs, because the stack does not show what lives in machine registers. */
bool call_try(struct lua_State *L, call_pfunc f, void *ud);
void call_function(struct lua_State *L, struct value *func, int nresults, bool yieldable); /* from C; args func+1..top; results from func */
int call_close_protected(struct lua_State *L, ptrdiff_t level, int status); /* func_close down to level after an error, as often as it fails itself; returns the last status */
int call_reset_thread(struct lua_State *L, int status); /* lua_resetthread, also for a thread that died without a catcher: unwinds and closes all; the stack is [nil] or [nil, error] */
void call_set_error(struct lua_State *L, int status, struct value *oldtop); /* puts the error object at oldtop, top = oldtop+1 */
void call_hook(struct lua_State *L, int event, int line, int ftransfer, int ntransfer);
/* Prepares a call from the interpreter. Returns the new Lua frame to run, or NULL when a C function
 * has run and its results are in place. */
struct callinfo *call_precall(struct lua_State *L, struct value *func, int nresults);
/* func is not a function: puts its __call there and func behind it; returns func (the stack may move). raises */
struct value *call_metamethod(struct lua_State *L, struct value *func);
void call_enter_hook(struct lua_State *L, struct callinfo *ci); /* call hook of a Lua frame at its first instruction */
/* pcall and xpcall as frames (state.h, 2). call_pcall: the call at func, arguments up to top, may it run as a frame?
 * Then it sets that up and returns the callee; call_pcall_run returns that one's Lua frame to run, or NULL when all is done.
 * call_pcall_possible asks first.
 * call_pcall_finish: L->ci is the CIST_PCALL frame whose callee has returned, results end at top. */
bool call_pcall_possible(struct lua_State *L, const struct value *func, bool is_xpcall);
bool call_pcall_here(const struct lua_State *L, uint32_t depth); /* the part that the arguments do not matter to; depth: pcall frames */
struct value *call_pcall(struct lua_State *L, struct value *func, int nresults, bool is_xpcall);
struct callinfo *call_pcall_run(struct lua_State *L, struct value *callee);
void call_pcall_finish(struct lua_State *L);
/* No C activation but the interpreter's own is between the running Lua function and the catcher of L. */
bool call_direct(const struct lua_State *L);
/* th has returned from a Lua frame whose C activation is gone: finishes the C functions above the next Lua frame. False: none. */
bool call_finish(struct lua_State *th);
/* Finishes a frame: moves nres results (ending at top) to ci->func as wanted; L->ci = ci->prev. */
void call_poscall(struct lua_State *L, struct callinfo *ci, int nres);

/* ---- coro.c: switching without C ---- */
/* The call of coroutine.resume or of a coroutine.wrap function that stands at fn, arguments up to top, above L's running Lua
 * function or its pcall: makes co the running thread and returns the one that goes on, settled; that one's frame is to be entered
 * (pc at its code's start), reloaded or (CIST_TAILRET) returned from. NULL, and nothing has changed: the C function must do it.
 * May raise in co. */
struct lua_State *coro_enter(struct lua_State *L, struct value *fn, int nres);
/* The n values at co's top become the results of the call that resumed it; returns the thread that goes on, settled. May raise. */
struct lua_State *coro_leave(struct lua_State *co, int n);
/* The same for a coroutine that may have jumped out of C functions: its status, the error on its top. Returns the resumer. */
struct lua_State *coro_deliver(struct lua_State *co, int status);
/* What th, which no C activation waits for, called has returned: finishes C functions, the Lua frame's instruction, and
 * coroutines that have come to their ends, until there is a Lua frame to go on with; returns its thread. May raise there. */
struct lua_State *coro_settle(struct lua_State *th);
/* What coroutine.resume and the functions of coroutine.wrap do, without the C API between. To be called in their frames. */
int coro_resume(struct lua_State *L);
int coro_wrap(struct lua_State *L);

/* ---- sort.c, gsub.c: stand in for table.sort and string.gsub; to be called in their frames ---- */
extern lua_CFunction vm_sort_function, vm_gsub_function; /* the library's, once they are known; vm.c */
int sort_call(struct lua_State *L);
int gsub_call(struct lua_State *L);
static inline int vm_library(struct lua_State *L) /* what they stand in for */
{
    const struct value *f = L->ci->func;
    return (f->tag == T_CCL ? f->ccl->f : f->f)(L);
}
static inline lua_CFunction vm_own_function(lua_CFunction f)
{
    return unlikely(f == vm_sort_function) ? sort_call : unlikely(f == vm_gsub_function) ? gsub_call
                                                                                         : f;
}

/* ---- meta.c ---- */
const struct value *meta_of(struct lua_State *L, const struct value *v, enum metamethod e); /* absent: T_NIL value */
const struct value *meta_fast_(struct table *mt, enum metamethod e, struct lstr *name);
/* e < 8 only: NULL if the metatable has none (cached in nomm). */
#define meta_fast(L, mt, e) ((mt) == NULL || ((mt)->nomm & (1u << (e))) ? NULL : meta_fast_(mt, e, (L)->g->mmname[e]))
extern const uint8_t type_of_tag[T_DEAD]; /* LUA_T*; what no value has: numbers from LUA_NUMTYPES on, for lua_Alloc's osize */
struct table *metatable_of(struct lua_State *L, const struct value *v);
const char *meta_typename(struct lua_State *L, const struct value *v); /* honours __name */
void meta_init(struct lua_State *L);
extern const char *const type_names[LUA_NUMTYPES + 1];

/* ---- vm.c ---- */
void vm_execute(struct lua_State *L, struct callinfo *ci); /* runs until a CIST_FRESH frame returns, or, under lua_resume, until L->status is LUA_YIELD */
void vm_know_functions(struct lua_State *L); /* pcall and others by address: before a recording, which takes them for frames */
void vm_continue(struct lua_State *L); /* finishes the interrupted instruction of L->ci with the value at top-1 (invariant 1 of state.h) */
void vm_fields_clear(struct global *g); /* atomic phase: shapes and keys may die */
void vm_fields_free(struct global *g);
/* For the C API: complete operations with metamethods; may call, yield only where the API may. Results to *res (a stack slot). */
void vm_get(struct lua_State *L, const struct value *t, const struct value *key, struct value *res);
void vm_set(struct lua_State *L, const struct value *t, const struct value *key, const struct value *val);
bool vm_equal(struct lua_State *L, const struct value *a, const struct value *b); /* L == NULL: raw */
bool vm_less(struct lua_State *L, const struct value *a, const struct value *b);
bool vm_lesseq(struct lua_State *L, const struct value *a, const struct value *b);
void vm_arith(struct lua_State *L, int lua_op, const struct value *a, const struct value *b, struct value *res);
void vm_concat(struct lua_State *L, int n); /* top n values -> one */
void vm_len(struct lua_State *L, struct value *res, const struct value *v);
/* Pure comparisons of numbers, exact for mixed int/float. */
bool num_lt(const struct value *a, const struct value *b);
bool num_le(const struct value *a, const struct value *b);
bool num_eq(const struct value *a, const struct value *b);
/* FORPREP of an integer loop: false = does not run. */
bool vm_forprep(struct lua_State *L, struct value *ra);

/* ---- debug.c ---- */
_Noreturn void dbg_typeerror(struct lua_State *L, const struct value *o, const char *op); /* "attempt to %s a %s value (local 'x')" */
_Noreturn void dbg_callerror(struct lua_State *L, const struct value *o);
_Noreturn void dbg_forerror(struct lua_State *L, const struct value *o, const char *what);
_Noreturn void dbg_concaterror(struct lua_State *L, const struct value *a, const struct value *b);
_Noreturn void dbg_opinterror(struct lua_State *L, const struct value *a, const struct value *b, const char *msg);
_Noreturn void dbg_tointerror(struct lua_State *L, const struct value *a, const struct value *b);
_Noreturn void dbg_ordererror(struct lua_State *L, const struct value *a, const struct value *b);
_Noreturn void dbg_runerror(struct lua_State *L, const char *fmt, ...) __attribute__((format(printf, 2, 3))); /* adds "src:line:" */
const char *dbg_addinfo(struct lua_State *L, const char *msg, struct lstr *src, int line); /* pushes */
int dbg_trace_exec(struct lua_State *L, const lua_ins *pc); /* count and line hooks before an instruction; returns new trap */
void dbg_chunkid(char *out, const char *source, size_t srclen); /* LUA_IDSIZE */

/* ---- api.c ---- */
const char *api_pushvf(struct lua_State *L, const char *fmt, va_list ap); /* lua_pushvfstring */

/* ---- lex.c parse.c codegen.c ---- */
struct zio {
    lua_Reader reader;
    void *data;
    struct lua_State *L;
    const char *p;
    size_t n;
};
int zio_fill(struct zio *z); /* next byte or -1 */
static inline int zio_getc(struct zio *z) { return z->n-- > 0 ? (unsigned char)*z->p++ : zio_fill(z); }
/* Compiles; pushes nothing; the closure is anchored at top-1 by the callee on return. firstchar already read. raises LUA_ERRSYNTAX. */
struct lclosure *compile_text(struct lua_State *L, struct zio *z, const char *chunkname, int firstchar);
void lex_init(struct lua_State *L); /* reserved words fixed */
/* ---- dump.c undump.c ---- */
int proto_dump(struct lua_State *L, const struct proto *p, lua_Writer w, void *data, int strip);
struct lclosure *proto_undump(struct lua_State *L, struct zio *z, const char *name); /* raises; checks every byte */
/* load.c part of call.c: mode "b", "t", "bt" or NULL; returns status, closure or message at top-1. */
int load_protected(struct lua_State *L, struct zio *z, const char *chunkname, const char *mode);
/* ---- print.c ---- */
void proto_print(const struct proto *p); /* with the inner ones, on stderr: JIT_DUMP=bc */

/* ---- jit.c: the guest's side of the JIT (all no-ops returning 0/NULL when g->vm == NULL) ---- */
void lua_jit_open(struct lua_State *L); /* from lua_newstate: makes g->vm, reads JITSTAT= */
void lua_jit_close(struct lua_State *L);
/* Slow paths of hot counters (count reached 0). A vararg function ticks after its VARARGPREP (ci->pc is then code + 1). They may enter compiled code. The interpreter must have
 * saved ci->pc and must reload ci, base and pc from L->ci afterwards (pc from ci->pc): compiled code may leave in another
 * frame. pc: of the loop's first instruction for loops (frame state is "about to execute it"). For functions:
 * called when the frame is complete, before its first instruction. */
void lua_jit_loop(struct lua_State *L, struct callinfo *ci, struct hot *h, lua_ins *pc);
void lua_jit_func(struct lua_State *L, struct callinfo *ci);
/* While g->recording: before each instruction of a thread; ci->pc is saved and points AT the instruction to be
 * executed. */
void lua_jit_record(struct lua_State *L, struct callinfo *ci);
/* Things that end a recording or make compiled code invalid. */
void lua_jit_abort(struct lua_State *L, int jitstat_abort);
bool lua_jit_catches(struct lua_State *L); /* the recording has taken the error that is about to be raised into account */
void lua_jit_class_changed(struct lua_State *L, struct table *t);
void lua_jit_protos_free(struct lua_State *L, void **protos, uint32_t n); /* sorts them */
void live_forget(const struct proto *p); /* live.c: the prototype dies */
void lua_jit_mark(struct lua_State *L, void (*mark)(struct lua_State *, struct gcobj *)); /* atomic phase: constants of traces, hooks */
void lua_jit_flush(struct lua_State *L, const char *why); /* basic metatable changed, debug.setupvalue ... */
void lua_jit_hook_set(struct lua_State *L); /* lua_sethook (async-signal-safe): makes compiled loops leave */

#endif
