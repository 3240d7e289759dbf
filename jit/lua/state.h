/* state.h: threads, frames and the global state of one Lua universe (one VM).
 *
 * Invariants
 *  1. One C activation of vm_execute runs any number of Lua frames; calls between Lua functions and
 *     metamethods that are Lua functions never recurse on the C stack: a frame that an instruction
 *     other than CALL started is marked CIST_CONT and when it returns, vm_continue finishes the
 *     instruction before the caller's saved pc with the returned value (the same after a yield).
 *  2. pcall and xpcall called from Lua code are frames (CIST_PCALL) without a setjmp of their own;
 *     an error unwinds to the innermost setjmp (call_protected), which looks for a CIST_PCALL frame
 *     above its own base frame first.
 *  3. The registers of a Lua frame are [base, base + maxstack); the collector marks all of them (of the
 *     running frame only those below L->top while CIST_EXACT is set) and clears what is above the
 *     thread's used part in its atomic phase.
 *  4. Compiled code runs between jit_base/jit_ci: see trace/driver.h. Whoever restores the state of a
 *     thread after longjmp restores both (call_protected does).
 *  5. A coroutine that Lua code resumes runs in the same activation of vm_execute, without a setjmp (resumer, coro.c);
 *     one that C code resumes has one. A yield that Lua code makes in the activation that the
 *     resume began (nCcalls == resume_ccalls) leaves its C frame behind and switches or returns; any other jumps.
 */
#ifndef JIT_LUA_STATE_H
#define JIT_LUA_STATE_H

#include <setjmp.h>
#include "lua/object.h"

enum metamethod { /* order: the first 8 have a bit in table.nomm */
                  MM_INDEX,
                  MM_NEWINDEX,
                  MM_GC,
                  MM_MODE,
                  MM_LEN,
                  MM_EQ,
                  MM_CALL,
                  MM_METATABLE,
                  MM_ADD,
                  MM_SUB,
                  MM_MUL,
                  MM_MOD,
                  MM_POW,
                  MM_DIV,
                  MM_IDIV,
                  MM_BAND,
                  MM_BOR,
                  MM_BXOR,
                  MM_SHL,
                  MM_SHR,
                  MM_UNM,
                  MM_BNOT,
                  MM_LT,
                  MM_LE,
                  MM_CONCAT,
                  MM_CLOSE,
                  MM_NAME,
                  NUM_MM
};

enum {
    CIST_C = 1, /* a C function */
    CIST_FRESH = 2, /* vm_execute must return to C when this frame returns */
    CIST_CONT = 4, /* finishes an instruction of the Lua frame below (1) */
    CIST_PCALL = 8, /* C frame of pcall/xpcall or lua_pcallk that catches errors */
    CIST_TAIL = 16, /* was tail called */
    CIST_FIN = 32, /* runs a finalizer */
    CIST_HOOKED = 64, /* runs a debug hook */
    CIST_HOOKYIELD = 128,
    CIST_TRAN = 256, /* transfer information is valid */
    CIST_CLOSERET = 512, /* closing tbc variables on return */
    CIST_FASTCALL = 1024, /* free for fast functions that need frames */
    CIST_VARARG = 2048, /* VARARGPREP ran: func was moved up by nvarargs + numparams + 1 */
    CIST_LEQ = 4096, /* vm_continue: the result is of __lt standing in for __le, negate it */
    CIST_TAILRET = 8192, /* vm_continue: the results of a tail call that was no tail call are there, return them */
    CIST_EXACT = 16384 /* during a collector step: registers from L->top on are dead */
};

struct callinfo {
    struct value *func; /* the function; base of the registers is func + 1 */
    struct value *top; /* end of the registers (Lua) or of the guaranteed stack (C) */
    struct callinfo *prev, *next;
    lua_ins *pc; /* Lua: saved pc (next instruction) */
    int16_t nresults; /* wanted; -1: all */
    uint16_t status; /* CIST_* */
    int32_t nvarargs; /* Lua vararg functions: extra arguments, below func */
    int32_t trap; /* hooks or signals want attention */
    lua_KFunction k; /* C: continuation, context, old error function (stack offset) */
    lua_KContext ctx;
    ptrdiff_t old_errfunc;
    union {
        int funcidx;
        struct {
            uint16_t ftransfer, ntransfer;
        };
        int nyield;
        int nres;
    } u2;
    uint8_t old_allowhook;
    int32_t pstatus; /* status kept while a protected frame closes variables */
};

struct longjmp_frame; /* call.c */
struct global;

struct lua_State {
    GCOBJ_HEADER;
    uint8_t status; /* LUA_OK, LUA_YIELD, error */
    uint8_t allowhook;
    struct value *top; /* C functions and multi-value instructions: first free slot */
    struct global *g;
    struct callinfo *ci;
    struct value *stack;
    struct value *stack_last; /* end of the usable part; STACK_EXTRA slots follow */
    struct value *jit_base; /* registers of the frame in which compiled code was entered; moved with the stack */
    struct callinfo *jit_ci; /* that frame */
    ptrdiff_t jit_errfunc; /* errfunc and pcall_depth at that entry: pcall frames that a trace inlined count from there */
    uint32_t jit_pdepth;
    uint8_t jit_nomem; /* an exit could not rebuild an object: to be raised */
    const struct jit_sync *jit_resume; /* frames that a SYNC call makes real first (x64/backend.h) */
    struct upval *openupval;
    ptrdiff_t tbclist; /* stack offset (slots) of the last to-be-closed variable; 0: none. delta in value.extra */
    struct gcobj *gclist;
    struct lua_State *twups; /* threads with open upvalues */
    struct longjmp_frame *errjmp; /* innermost catcher; NULL with a resumer: that one's */
    struct lua_State *resumer; /* the thread whose activation of vm_execute runs this one; else NULL */
    struct callinfo base_ci;
    volatile lua_Hook hook;
    ptrdiff_t errfunc; /* stack offset in bytes of the message handler, 0: none */
    uint32_t nCcalls; /* C calls (low 16) and non-yieldable calls (high 16) */
    int32_t oldpc;
    int32_t nci;
    int32_t basehookcount, hookcount;
    volatile int32_t hookmask;
    int32_t stacksize; /* slots, without STACK_EXTRA */
    uint32_t resume_ccalls; /* nCcalls of the activation that lua_resume started: from there a yield just returns */
    uint32_t pcall_depth; /* CIST_PCALL frames without a C activation (2); counts towards LUAI_MAXCCALLS */
};
#define STACK_EXTRA 5
#define BASIC_STACK 40

struct strtab {
    struct lstr **hash;
    uint32_t nuse, size;
};

enum gc_state { GCS_PAUSE,
                GCS_PROPAGATE,
                GCS_ENTER_ATOMIC,
                GCS_SWEEP,
                GCS_CALLFIN };

struct global {
    lua_Alloc frealloc;
    void *ud;
    bool own_alloc; /* the allocator has always been luaL_newstate's: objects are pooled by size (mem.c) */
    int64_t total_bytes; /* in use */
    int64_t gc_debt; /* > 0: collector wants a step. Allocation adds to both */
    /* collector, see gc.c */
    uint8_t gc_state, current_white, gc_stop, gc_emergency, gc_kind, gc_stepmul_log;
    uint8_t gc_in_step; /* inside a collection: nothing may start another one */
    uint8_t gc_quiet; /* compiled code asks for memory, its frames are not on the stack: no emergency collection */
    int gc_pause, gc_stepmul, gc_stepsize, gc_genminor, gc_genmajor;
    struct gcobj *all, *finobj, *tobefnz, *fixed;
    struct gcobj *dead_protos; /* swept, not freed yet: machine code is asked about many at once */
    uint32_t ndead_protos;
    struct gcobj **sweep;
    struct gcobj *gray, *grayagain, *weak, *ephemeron, *allweak;
    struct gcobj *protos; /* prototypes marked in this cycle: their inline caches are checked by the atomic phase */
    uint32_t sweep_str; /* next bucket of the string table to sweep */
    uint8_t sweep_part; /* which list is being swept */
    int64_t gc_estimate;
    struct lua_State *twups;
    struct strtab strt;
    struct known_pattern *patterns; /* of string.gsub, or NULL: none yet (gsub.c) */
    uint32_t seed;
    struct value registry;
    struct value nilvalue; /* T_NIL once the state is complete */
    struct lua_State *mainthread;
    struct lua_State *thrower; /* the last thread that called call_throw */
    struct lstr *memerrmsg;
    struct lstr *mmname[NUM_MM];
    struct table *mt[LUA_NUMTYPES];
    struct shape *root_shape;
    uint32_t class_epoch; /* bumped when a class table changes structurally; never 0 */
    lua_CFunction panic;
    lua_WarnFunction warnf;
    void *ud_warn;
    struct {
        struct lstr *s[2];
        const char *p;
    } strcache[64];
    struct lstr *bytestr[256]; /* the strings of one byte that exist, or NULL; string.c */
    void *mempool; /* mem.c */
    void *fastfuncs; /* fastfunc.c: C function pointer -> fast function number */
    /* JIT, see jit.c; vm == NULL: no JIT in this universe */
    struct jit_vm *vm;
    uint8_t recording; /* the interpreter calls lua_jit_record before each instruction */
    struct lua_State *rec_L; /* the thread being recorded */
    struct callinfo *ci_reserve; /* frame records for exits when memory is short: JIT_REC_MAX_FRAMES of them whenever */
    uint32_t ci_nreserve; /* compiled code is entered; jit.c */
    struct value walk[2]; /* the entry that compiled code's last trh_walk found */
    struct pattern_match *match; /* what compiled code's last string.find and the like found, or NULL; pattern.h */
    uint32_t jit_max_frames; /* most frames any trace's exit makes; jit.c */
    struct field_cache *fields; /* vm.c: what the inline caches of polymorphic accesses fall back on; may be NULL */
};

#endif
