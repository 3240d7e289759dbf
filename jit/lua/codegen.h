/* codegen.h: the compiler's middle: functions under construction, operands whose code is not written yet,
 * jump lists, registers. parse.c decides what is meant, codegen.c which instructions say it.
 *
 * One struct compiler per chunk. All growing arrays are stacks shared by the nested functions: an inner
 * function begins where the outer one stopped and is cut off, as a finished proto, before the outer goes on.
 * So there is no allocation per function but the proto itself.
 */
#ifndef JIT_LUA_CODEGEN_H
#define JIT_LUA_CODEGEN_H
#include "lua/lex.h"

/* An expression on its way into a register. Nothing is loaded before it is known where it is wanted.
 * jt and jf list the jumps (pc, linked through E, -1 ends) taken when it is already known to be true or false. */
enum operand_kind {
    X_VOID, /* empty expression list */
    X_NIL,
    X_FALSE,
    X_TRUE,
    X_INT,
    X_FLT,
    X_STR, /* constants: i, n, s */
    X_CONST, /* compile-time constant: var = index into vars[] */
    X_REG, /* value in reg */
    X_LOCAL, /* variable in reg; var = index into vars[] */
    X_UPVAL, /* idx */
    X_UPFIELD, /* upvalue idx, field K[key] */
    X_FIELD, /* register tab, field K[key] */
    X_ATINT, /* register tab, integer key */
    X_INDEX, /* register tab, register key */
    X_TEST, /* compare-and-jump at pc, jumps when true */
    X_OPEN, /* instruction at pc, its A still open */
    X_CALL,
    X_VARARG /* instruction at pc, number of results still open */
};
struct operand {
    enum operand_kind kind;
    int jt, jf;
    union {
        int64_t i;
        double n;
        struct lstr *s;
        int pc;
        int idx;
        struct {
            int reg, var;
        };
        struct {
            int tab, key;
        }; /* tab: register, or upvalue of X_UPFIELD */
    };
};

enum binary { /* arithmetic: order of LUA_OP* and of the opcodes */
              B_ADD,
              B_SUB,
              B_MUL,
              B_MOD,
              B_POW,
              B_DIV,
              B_IDIV,
              B_BAND,
              B_BOR,
              B_BXOR,
              B_SHL,
              B_SHR,
              B_CONCAT,
              B_EQ,
              B_NE,
              B_LT,
              B_LE,
              B_GT,
              B_GE,
              B_AND,
              B_OR,
              B_NONE
};
enum unary { U_NEG,
             U_BNOT,
             U_NOT,
             U_LEN,
             U_NONE };

enum var_kind { VAR_PLAIN,
                VAR_CONST,
                VAR_TBC,
                VAR_CTC }; /* also the upvalue's kind. VAR_CTC: has no register */

struct active_var {
    struct lstr *name;
    uint8_t kind;
    uint8_t reg; /* not VAR_CTC */
    int32_t locvar; /* index into the function's locvars; not VAR_CTC */
    struct value k; /* VAR_CTC */
};
struct label {
    struct lstr *name;
    int pc, line, nactive, hot;
}; /* hot: of the loop that jumps back here make, or -1 */
struct pending_goto {
    struct lstr *name;
    int list, line, nactive;
    bool close;
};
struct pc_range {
    int from, to;
};

struct block {
    struct block *prev;
    int start_pc;
    int first_label, first_goto; /* indexes into labels[] and gotos[] */
    int nactive; /* variables outside */
    bool has_upval; /* something in it is captured or to be closed */
    bool is_loop;
    bool inside_tbc;
};

struct function {
    struct function *prev;
    struct block *block;
    struct proto *p; /* anchored; filled by gen_finish */
    int code0, k0, proto0, upval0, locvar0, var0, label0, range0; /* where its parts begin in the shared stacks */
    int pc; /* instructions so far */
    int target; /* no instruction before this pc may be changed: something jumps here */
    int freereg, nactive, nic, nhot, maxstack, nfixed; /* nfixed: registers of active variables */
    int last_loop; /* pc that the newest hot counter is for */
};

#define STACK_OF(type) \
    struct { \
        type *at; \
        int n, cap; \
        type *first; \
    }
struct compiler {
    struct lua_State *L;
    struct function *f;
    struct lexer ls;
    struct lstr *env, *break_name, *for_state;
    STACK_OF(lua_ins)
    code;
    STACK_OF(int32_t)
    lines; /* parallel to code */
    STACK_OF(struct value)
    k;
    STACK_OF(int32_t)
    knext; /* parallel to k: chain of the hash, newest first */
    STACK_OF(struct proto *)
    protos;
    STACK_OF(struct upvaldesc)
    upvals;
    STACK_OF(struct locvar)
    locvars;
    STACK_OF(struct active_var)
    vars;
    STACK_OF(struct label)
    labels;
    STACK_OF(struct pending_goto)
    gotos;
    STACK_OF(struct pc_range)
    ranges; /* where returns must close something */
    int32_t *khash; /* heads of chains: index into k, or -1 */
    uint32_t kmask;
    lua_ins code0[192];
    int32_t lines0[192];
    struct value k0[64];
    int32_t knext0[64];
    int32_t khash0[64];
    struct proto *protos0[16];
    struct upvaldesc upvals0[32];
    struct locvar locvars0[64];
    struct active_var vars0[48];
    struct label labels0[8];
    struct pending_goto gotos0[8];
    struct pc_range ranges0[16];
};

void compiler_init(struct compiler *c, struct lua_State *L);
void compiler_fini(struct compiler *c);
/* One more element on a stack; returns its address (valid until the next push). */
void stack_more(struct lua_State *L, void *stack, size_t elem);
#define PUSH(c, s) ((c)->s.n == (c)->s.cap ? stack_more((c)->L, &(c)->s, sizeof *(c)->s.at) : (void)0, &(c)->s.at[(c)->s.n++])

/* ---- functions ---- */
void gen_open(struct compiler *c, struct function *f, int linedefined);
struct proto *gen_finish(struct compiler *c); /* completes and pops c->f; the proto is anchored */
void gen_close_range(struct compiler *c, int from); /* returns at pc >= from, up to here, close upvalues */
void gen_limit(struct compiler *c, int n, int limit, const char *what); /* raises if n > limit */

/* ---- instructions ---- */
int gen_abcd(struct compiler *c, enum opcode op, int a, int b, int cc, int d); /* returns its pc */
int gen_abe(struct compiler *c, enum opcode op, int a, int b, int32_t e);
void gen_line(struct compiler *c, int line); /* of the last instruction */
static inline lua_ins *gen_at(struct compiler *c, int pc) { return &c->code.at[c->f->code0 + pc]; }
int gen_here(struct compiler *c); /* pc, now a jump target */
int gen_new_hot(struct compiler *c, int pc); /* counter of a loop whose first instruction is at pc */
void gen_reserve(struct compiler *c, int n);
void gen_check_stack(struct compiler *c, int n);
void gen_nil(struct compiler *c, int from, int n);
void gen_return(struct compiler *c, int first, int nret); /* nret -1: up to top */

/* ---- jumps ---- */
int gen_jump(struct compiler *c);
void gen_loop(struct compiler *c, int target, int hot, bool thread); /* back to target; thread: jumps to it may go there at once */
void gen_concat(struct compiler *c, int *list, int more);
void gen_patch(struct compiler *c, int list, int target);
void gen_patch_here(struct compiler *c, int list);
void gen_go_if_true(struct compiler *c, struct operand *e); /* falls through if true; jumps of e->jf if not */
void gen_go_if_false(struct compiler *c, struct operand *e); /* the other way; e->jt */

/* ---- operands ---- */
static inline void operand_init(struct operand *e, enum operand_kind kind)
{
    e->kind = kind;
    e->jt = e->jf = -1;
}
static inline bool operand_is_multi(const struct operand *e) { return e->kind == X_CALL || e->kind == X_VARARG; }
void gen_discharge(struct compiler *c, struct operand *e); /* no variable any more, perhaps still X_OPEN, X_TEST or constant */
void gen_to_val(struct compiler *c, struct operand *e); /* like discharge; jumps settled */
int gen_to_any(struct compiler *c, struct operand *e); /* some register */
void gen_to_any_or_upval(struct compiler *c, struct operand *e);
void gen_to_next(struct compiler *c, struct operand *e); /* the next free register */
void gen_set_results(struct compiler *c, struct operand *e, int n); /* of a multi operand; -1: all */
void gen_index(struct compiler *c, struct operand *t, struct operand *key); /* t := t[key] */
void gen_self(struct compiler *c, struct operand *e, struct lstr *name);
void gen_store(struct compiler *c, const struct operand *var, struct operand *e);
bool gen_constant(struct compiler *c, const struct operand *e, struct value *out); /* compile-time constant? */
void gen_unary(struct compiler *c, enum unary op, struct operand *e, int line);
void gen_infix(struct compiler *c, enum binary op, struct operand *left); /* operator seen, right operand not yet */
void gen_binary(struct compiler *c, enum binary op, struct operand *left, struct operand *right, int line); /* result in left */

/* Sets hot[].pc of a complete proto from its loop instructions (undump.c as well). */
void proto_init_hot(struct proto *p);
#endif
