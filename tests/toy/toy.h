/* toy.h: the engine's second guest: a register machine small enough to be read in one sitting, and as unlike
 * Lua as the engine's contracts allow. It shares nothing with jit/lua; what works here works because
 * trace/driver.h says so.
 *
 *    a slot of the stack, 24 bytes:   | tag, 1 byte | 7 unused | payload, 8 bytes | canary, 8 bytes |
 *    a field of an object, 16 bytes:  | payload | tag |
 *    frames are records in an array; a call at register a runs on registers a+1.., the result goes to a
 *
 * Values are integers (64 bit, wrapping), floats, objects with up to three fields, nil. Classes hold constants
 * that traces may rely on (GETC) and that may change all the same (SETC invalidates).
 *
 * Invariants
 *  1. Nobody writes a canary: not the interpreter, not the exits, not the machine code. toy_free checks them all.
 *  2. The stack does not move; a call leaves the caller's registers above a undefined.
 *  3. A trace never leaves through a C frame: natives are SYNC calls, errors longjmp to toy_call or `protect`.
 *  4. An object is made where the collector has had its turn: `due` <= 0 at every NEW of a trace, as in step().
 *  5. toy->frame describes real frames only between instructions of the interpreter and in SYNC calls.
 *
 * Files: asm.c (text to code), interp.c, driver.c (what the engine is told), record.c, programs.c, main.c.
 */
#ifndef TOY_TOY_H
#define TOY_TOY_H
#include <setjmp.h>
#include <stdio.h>
#include "trace/recorder.h"

/* TOY_OP(name, operands): r a register (into a, b, c in this order), i an integer and f a float (into v), l a label, F a
 * function, C a class, N a native (into k). Included by the enum, the assembler's table and the describer. */
/* clang-format off */
#define TOY_OPS(TOY_OP) \
    TOY_OP(nil, "r") TOY_OP(int, "ri") TOY_OP(flt, "rf") TOY_OP(move, "rr") \
    TOY_OP(add, "rrr") TOY_OP(sub, "rrr") TOY_OP(mul, "rrr") TOY_OP(div, "rrr") TOY_OP(mod, "rrr") TOY_OP(addi, "rri") \
    TOY_OP(jlt, "rrl") TOY_OP(jle, "rrl") TOY_OP(jeq, "rrl") TOY_OP(jne, "rrl") TOY_OP(jmp, "l") \
    TOY_OP(loop, "l")   /* jump back; counts the loop at the label */ \
    TOY_OP(new, "rC") TOY_OP(get, "rri") TOY_OP(put, "rri") /* put object value field */ \
    TOY_OP(getc, "rri") TOY_OP(setc, "Cri")                 /* a constant of an object's class; setc class value number */ \
    TOY_OP(call, "rF") TOY_OP(native, "rN") TOY_OP(ret, "r") \
    TOY_OP(opaque, "r")                                     /* adds 1; the recorder does not know it */
/* clang-format on */

enum toy_op {
#define TOY_OP(name, operands) TOY_##name,
    TOY_OPS(TOY_OP)
#undef TOY_OP
        TOY_NOPS
};
enum toy_tag { TOY_NIL = 0,
               TOY_INT = 3,
               TOY_FLT = 5,
               TOY_OBJ = 200 };

struct toy_val {
    uint8_t tag; /* enum toy_tag */
    union {
        int64_t i;
        double f;
        struct toy_obj *o;
        uint64_t bits;
    };
    uint64_t canary;
};
#define TOY_CANARY 0xc0ffee0ddba11ull
struct toy_cell {
    union {
        int64_t i;
        double f;
        struct toy_obj *o;
        uint64_t bits;
    };
    uint8_t tag;
};
#define TOY_FIELDS 3
#define TOY_CONSTS 4
struct toy_class {
    char *name;
    uint32_t nfields;
    struct toy_cell consts[TOY_CONSTS];
};
struct toy_obj {
    struct toy_obj *next;
    struct toy_class *cls;
    struct toy_cell f[TOY_FIELDS];
};

struct toy_ins {
    uint8_t op, a, b, c;
    int32_t k, line;
    union {
        int64_t i;
        double f;
    } v;
};
struct toy_hot {
    uint32_t count, start;
    struct jit_trace *trace;
}; /* count 0: never again */
struct toy_func {
    char *name;
    uint32_t nparams, nregs, ncode;
    struct toy_ins *code;
    struct toy_hot *loops; /* [ncode], used at loop heads */
    struct toy_hot entry;
    struct toy *toy;
};
struct toy_frame {
    struct toy_func *fn;
    uint64_t pc; /* of the next instruction */
    struct toy_val *base;
    bool fresh; /* its return ends a toy_call */
};
struct toy_native {
    const char *name;
    unsigned nargs;
    void (*fn)(struct toy *t, struct toy_val *args);
}; /* result: args[-1] */
extern const struct toy_native toy_natives[];

#define TOY_UNROLLS 8
/* What record.c remembers from one instruction of a recording to the next. */
struct toy_rec {
    const struct jit_recorder *r; /* of vm->rec: whose these are */
    unsigned depth; /* C activation that is recorded */
    bool first, at_loop, entered, pending;
    int32_t pending_slot;
    ptrdiff_t returns; /* below the entry frame, by the traces that led here too */
    struct {
        struct toy_func *fn;
        uint64_t pc;
        int64_t n;
    } unroll[TOY_UNROLLS];
};

#define TOY_TURN 4096 /* bytes */
#define TOY_STACK 40000
#define TOY_FRAMES 2000 /* deeper calls are an error */
struct toy {
    struct toy_val *jit_base; /* layout.ctx_base_off */
    struct jit_sync *jit_resume; /* layout.ctx_resume_off */
    struct toy_val *stack_end; /* layout.ctx_stack_end_off */
    struct toy_frame *jit_frame; /* the frame in which machine code was entered */
    ptrdiff_t returned; /* how many frames below it the last exit was */
    struct jit_vm *vm;
    struct toy_val *stack;
    struct toy_frame *frames, *frame; /* frame: the innermost */
    struct toy_func **funcs;
    struct toy_class **classes;
    unsigned nfuncs, nclasses;
    struct toy_obj *objects; /* all, freed at the end */
    int64_t due; /* bytes of objects since the last turn, less TOY_TURN */
    uint64_t turns; /* of a collector that would stand in NEW: they are only counted */
    uint64_t objects_left; /* that there is memory for: a test's */
    bool no_memory; /* an exit could not make an object that its trace had left out */
    unsigned depth; /* nested toy_call */
    jmp_buf *jmp; /* where errors go, and to which depth */
    unsigned jmp_depth;
    char error[200];
    FILE *out;
    const char *file; /* name of the program */
    struct toy_rec rec;
};

/* NULL: no memory. out: where `print` writes. params as JITSTAT=...; NULL: none; an error is told on stderr and ends. */
struct toy *toy_new(const char *file, const char *params, FILE *out);
void toy_free(struct toy *t); /* NULL-safe; aborts if a canary was overwritten */
/* Assembles text. false: t->error says line and cause. The text need not outlive the call. */
bool toy_load(struct toy *t, const char *text);
/* Calls a function with integer arguments. false: t->error. */
bool toy_call(struct toy *t, const char *func, const int64_t *args, unsigned n, struct toy_val *result);
/* Text of the built-in program of that name and its usual argument, or NULL. Owned by the caller: free(). */
char *toy_program(const char *name, int64_t *usual);
extern const char *const toy_program_names[];

/* interp.c, for the other files */
void toy_error(struct toy *t, const char *fmt, ...) __attribute__((noreturn, format(printf, 2, 3)));
struct toy_obj *toy_new_object(struct toy *t, struct toy_class *cls); /* NULL: no memory */
void toy_set_const(struct toy *t, struct toy_class *cls, int64_t n, uint8_t tag, uint64_t bits);
bool toy_compare(enum toy_op op, const struct toy_val *a, const struct toy_val *b, bool *ok);
static inline bool toy_is_number(uint8_t tag) { return tag == TOY_INT || tag == TOY_FLT; }
static inline double toy_number(const struct toy_val *v) { return v->tag == TOY_INT ? (double)v->i : v->f; }

/* driver.c */
extern const struct jit_driver toy_driver;
extern const struct jit_descr toy_d_class, toy_d_field[TOY_FIELDS][4], toy_d_jit_frame, toy_d_caller[4][2], toy_d_call_new, toy_d_call_setc,
    toy_d_call_native;
enum { TOY_F_TAG,
       TOY_F_INT,
       TOY_F_FLT,
       TOY_F_OBJ }; /* toy_d_field[n][.] */
void toy_restore(struct toy *t, const struct jit_resume_frame *f, uint32_t n);
const char *toy_op_name(enum toy_op op);

/* record.c */
void toy_record_start(struct toy *t);
void toy_record(struct toy *t); /* before each instruction of the recorded activation */
#endif
