/* codegen.c: operands to instructions.
 *
 * The compiler is one pass over the tokens: parse.c calls here in the order of the text, so there is no syntax
 * tree. What makes good code possible anyway is that an operand (codegen.h) is written as late as possible:
 * a comparison becomes one fused compare-and-jump whose sense is still open, an arithmetic instruction gets its
 * destination when the destination is known, a constant operand goes into the instruction.
 *
 * Debug information is part of the language here (hooks, names in messages), so the moments at which
 * instructions are written follow the reference compiler's: an instruction has the line of the last token
 * consumed when it is written, operators and calls are set right afterwards with gen_line.
 *
 * Invariants
 *  1. Registers below f->nfixed are variables; above, up to freereg, temporaries, freed in the reverse order.
 *  2. A jump that is still in a list holds the next pc of the list in E. JTS and JFS in a list have A = NO_REG until
 *     it is known whether their value is wanted; if not they become JT and JF.
 *  3. An instruction before f->target is never changed or removed, except through its jump list or X_OPEN.
 *  4. Only LOOP, FORLOOP and TFORLOOP jump backwards: every way round a loop passes a hot counter.
 *
 * Walk: lex.c -> parse.c -> here -> vm.c.
 */
#include <math.h>
#include "lua/codegen.h"

#define NO_REG 255
#define MAX_REGS 255
#define MAX_KREF 0xffff /* constants that an instruction can name in B or C */
#define MAX_RK (OPK_BIT - 1)
#define IC_FIELDS 65000 /* from here on fields use GETTABLE and SETTABLE with a common, key-checking cache each */
#define IC_GET 65534
#define IC_SET 65535
#define MAX_HOT 65535

/* ---- the shared stacks ---- */

struct any_stack {
    void *at;
    int n, cap;
    void *first;
};

void stack_more(struct lua_State *L, void *stack, size_t elem)
{
    struct any_stack *s = stack;
    int cap = s->cap * 2;
    if (s->at == s->first) {
        void *p = mem_alloc(L, (size_t)cap * elem, 0);
        memcpy(p, s->first, (size_t)s->n * elem);
        s->at = p;
    } else {
        s->at = mem_realloc(L, s->at, (size_t)s->cap * elem, (size_t)cap * elem);
    }
    s->cap = cap;
}

/* clang-format off */
#define EACH_STACK(X) \
    X(code) X(lines) X(k) X(knext) X(protos) X(upvals) X(locvars) X(vars) X(labels) X(gotos) X(ranges)
/* clang-format on */

void compiler_init(struct compiler *c, struct lua_State *L)
{
    c->L = L;
    c->f = NULL;
#define INIT(s) c->s.at = c->s.first = c->s##0, c->s.n = 0, c->s.cap = (int)(sizeof c->s##0 / sizeof c->s##0 [0]);
    EACH_STACK(INIT)
#undef INIT
    c->khash = c->khash0;
    c->kmask = sizeof c->khash0 / sizeof *c->khash0 - 1;
    memset(c->khash0, -1, sizeof c->khash0);
    c->ls.L = L;
    c->ls.buf = c->ls.buf0;
    c->ls.strs = c->ls.strs0; /* so that lex_fini is right before lex_start */
}

void compiler_fini(struct compiler *c)
{
#define FINI(s) \
    if (c->s.at != c->s.first) mem_free(c->L, c->s.at, (size_t)c->s.cap * sizeof *c->s.at);
    EACH_STACK(FINI)
#undef FINI
    if (c->khash != c->khash0)
        mem_free(c->L, c->khash, (c->kmask + 1) * sizeof *c->khash);
    lex_fini(&c->ls);
}

/* ---- limits ---- */

void gen_limit(struct compiler *c, int n, int limit, const char *what)
{
    if (likely(n <= limit))
        return;
    int line = c->f->p->linedefined;
    const char *where = line == 0 ? "main function" : lex_pushf(c->L, "function at line %d", line);
    lex_syntax_error(&c->ls, lex_pushf(c->L, "too many %s (limit is %d) in %s", what, limit, where));
}

void gen_check_stack(struct compiler *c, int n)
{
    int size = c->f->freereg + n;
    if (size <= c->f->maxstack)
        return;
    if (size >= MAX_REGS)
        lex_syntax_error(&c->ls, "function or expression needs too many registers");
    c->f->maxstack = size;
}

void gen_reserve(struct compiler *c, int n)
{
    gen_check_stack(c, n);
    c->f->freereg += n;
}

static void free_reg(struct compiler *c, int reg)
{
    if (reg >= c->f->nfixed)
        c->f->freereg = reg;
}

static void free_two(struct compiler *c, int r1, int r2)
{
    free_reg(c, r1 > r2 ? r1 : r2);
    free_reg(c, r1 > r2 ? r2 : r1);
}

static void free_operand(struct compiler *c, const struct operand *e)
{
    if (e->kind == X_REG)
        free_reg(c, e->reg);
}

/* ---- constants ---- */

static uint32_t hash_constant(uint32_t tag, uint64_t bits)
{
    uint64_t h = (bits ^ (uint64_t)tag << 56) * 0x9E3779B97F4A7C15u;
    return (uint32_t)(h >> 32);
}

static void rehash_constants(struct compiler *c)
{
    uint32_t size = (c->kmask + 1) * 4;
    int32_t *fresh = mem_alloc(c->L, size * sizeof *fresh, 0);
    if (c->khash != c->khash0)
        mem_free(c->L, c->khash, (c->kmask + 1) * sizeof *fresh);
    c->khash = fresh;
    c->kmask = size - 1;
    memset(fresh, -1, size * sizeof *fresh);
    for (int i = 0; i < c->k.n; i++) { /* in this order, so that chains stay newest first */
        int32_t *head = &fresh[hash_constant(c->k.at[i].tag, c->k.at[i].bits) & c->kmask];
        c->knext.at[i] = *head;
        *head = i;
    }
}

/* Index of a constant of the current function. A chain is in falling order of index, so it is over where the outer
 * functions' constants begin. Floats are told apart by their bits: 0.0 and -0.0 are two constants. */
static int constant(struct compiler *c, uint32_t tag, uint64_t bits)
{
    struct function *f = c->f;
    int32_t *head = &c->khash[hash_constant(tag, bits) & c->kmask];
    for (int32_t i = *head; i >= f->k0; i = c->knext.at[i])
        if (c->k.at[i].bits == bits && c->k.at[i].tag == tag)
            return i - f->k0;
    struct value *v = PUSH(c, k);
    int32_t *next = PUSH(c, knext);
    v->bits = bits;
    v->tag = tag;
    v->extra = 0;
    *next = *head;
    *head = c->k.n - 1;
    int index = c->k.n - 1 - f->k0;
    if ((uint32_t)c->k.n > c->kmask)
        rehash_constants(c);
    return index;
}

static int constant_string(struct compiler *c, struct lstr *s)
{
    struct value v = {.bits = 0};
    v.s = s;
    return constant(c, T_STR, v.bits);
}

/* Takes the function's constants out of the hash and off the stack. */
static void pop_constants(struct compiler *c)
{
    while (c->k.n > c->f->k0) {
        c->k.n--;
        c->knext.n--;
        struct value *v = &c->k.at[c->k.n];
        c->khash[hash_constant(v->tag, v->bits) & c->kmask] = c->knext.at[c->k.n];
    }
}

static bool has_jumps(const struct operand *e) { return e->jt != e->jf; }

static bool is_numeral(const struct operand *e)
{
    return (e->kind == X_INT || e->kind == X_FLT) && !has_jumps(e);
}

static bool is_plain_constant(const struct operand *e)
{
    return e->kind >= X_NIL && e->kind <= X_STR && !has_jumps(e);
}

/* Of a plain constant operand. */
static struct value operand_value(const struct operand *e)
{
    static const uint8_t tags[] = {[X_NIL] = T_NIL, [X_FALSE] = T_FALSE, [X_TRUE] = T_TRUE, [X_INT] = T_INT, [X_FLT] = T_FLT, [X_STR] = T_STR};
    struct value v = {.bits = 0};
    v.tag = tags[e->kind];
    if (e->kind == X_INT)
        v.i = e->i;
    else if (e->kind == X_FLT)
        v.n = e->n;
    else if (e->kind == X_STR)
        v.s = e->s;
    return v;
}

static void set_constant(struct operand *e, const struct value *v)
{
    static const uint8_t kinds[] = {[T_NIL] = X_NIL, [T_FALSE] = X_FALSE, [T_TRUE] = X_TRUE, [T_INT] = X_INT, [T_FLT] = X_FLT, [T_STR] = X_STR};
    e->kind = kinds[v->tag];
    if (v->tag == T_INT)
        e->i = v->i;
    else if (v->tag == T_FLT)
        e->n = v->n;
    else if (v->tag == T_STR)
        e->s = v->s;
}

bool gen_constant(struct compiler *c, const struct operand *e, struct value *out)
{
    if (e->kind == X_CONST && !has_jumps(e)) {
        *out = c->vars.at[e->var].k;
        return true;
    }
    if (!is_plain_constant(e))
        return false;
    *out = operand_value(e);
    return true;
}

/* Constant index of a plain constant, or -1 if an instruction cannot name it. */
static int operand_k(struct compiler *c, const struct operand *e, int max)
{
    struct value v = operand_value(e);
    int k = constant(c, v.tag, v.bits);
    return k <= max ? k : -1;
}

/* ---- instructions ---- */

static int emit(struct compiler *c, lua_ins i)
{
    lua_ins *at = PUSH(c, code);
    *at = i;
    int32_t *line = PUSH(c, lines);
    *line = c->ls.lastline;
    return c->f->pc++;
}

int gen_abcd(struct compiler *c, enum opcode op, int a, int b, int cc, int d)
{
    return emit(c, ins_abcd(op, (unsigned)a, (unsigned)b, (unsigned)cc, (unsigned)d));
}

int gen_abe(struct compiler *c, enum opcode op, int a, int b, int32_t e)
{
    return emit(c, ins_abe(op, (unsigned)a, (unsigned)b, e));
}

void gen_line(struct compiler *c, int line)
{
    c->lines.at[c->lines.n - 1] = line;
}

static void remove_last(struct compiler *c)
{
    c->code.n--;
    c->lines.n--;
    c->f->pc--;
}

static void set_a(lua_ins *i, int a) { *i = (*i & ~(lua_ins)0xff00) | (lua_ins)(unsigned)a << 8; }
static void set_b(lua_ins *i, int b) { *i = (*i & ~((lua_ins)0xffff << 16)) | (lua_ins)(unsigned)b << 16; }
static void set_c(lua_ins *i, int cc) { *i = (*i & ~((lua_ins)0xffff << 32)) | (lua_ins)(unsigned)cc << 32; }
static void set_e(lua_ins *i, int32_t e) { *i = (*i & 0xffffffffu) | (lua_ins)(uint32_t)e << 32; }
static void set_op(lua_ins *i, enum opcode op) { *i = (*i & ~(lua_ins)0xff) | (lua_ins)op; }

int gen_here(struct compiler *c)
{
    return c->f->target = c->f->pc;
}

/* Loops that begin at the same instruction share a counter: the JIT knows loops by that place. */
int gen_new_hot(struct compiler *c, int pc)
{
    struct function *f = c->f;
    if (f->nhot > 0 && f->last_loop == pc)
        return f->nhot - 1;
    gen_limit(c, f->nhot + 1, MAX_HOT, "loops");
    f->last_loop = pc;
    return f->nhot++;
}

/* Inline cache of a field access or, past the limit, of a computed one. */
static int new_ic(struct compiler *c, int shared)
{
    return c->f->nic < (shared >= 0 ? IC_FIELDS : IC_GET) ? c->f->nic++ : shared;
}

void gen_nil(struct compiler *c, int from, int n)
{
    struct function *f = c->f;
    if (f->pc > f->target && f->pc > 0) {
        lua_ins *last = gen_at(c, f->pc - 1);
        if (ins_op(*last) == OP_LOADNIL) {
            int a = (int)ins_a(*last), end = a + (int)ins_b(*last) + 1;
            if (a <= from && from <= end) {
                if (from + n > end)
                    set_b(last, from + n - a - 1);
                return;
            }
        }
    }
    gen_abcd(c, OP_LOADNIL, from, n - 1, 0, 0);
}

void gen_return(struct compiler *c, int first, int nret)
{
    gen_abcd(c, OP_RETURN, first, nret + 1, 0, 0);
}

/* ---- jumps ---- */

int gen_jump(struct compiler *c)
{
    return gen_abe(c, OP_JMP, 0, 0, -1);
}

void gen_loop(struct compiler *c, int target, int hot, bool thread)
{
    int pc = gen_abe(c, OP_LOOP, !thread, hot, 0); /* A is taken back by finish_code */
    set_e(gen_at(c, pc), target - (pc + 1));
}

static int next_jump(struct compiler *c, int pc) { return ins_e(*gen_at(c, pc)); }

void gen_concat(struct compiler *c, int *list, int more)
{
    if (more < 0)
        return;
    if (*list < 0) {
        *list = more;
        return;
    }
    int pc = *list;
    for (int next; (next = next_jump(c, pc)) >= 0; pc = next)
        ;
    set_e(gen_at(c, pc), more);
}

static bool carries_value(lua_ins i) { return ins_op(i) == OP_JTS || ins_op(i) == OP_JFS; }

/* Gives a JTS or JFS its destination; without one (NO_REG, or the value is there already) it becomes a
 * plain test. Returns false for other jumps. */
static bool settle_value(lua_ins *i, int reg)
{
    if (!carries_value(*i))
        return false;
    int from = (int)ins_b(*i);
    if (reg != NO_REG && reg != from) {
        set_a(i, reg);
    } else {
        set_op(i, ins_op(*i) == OP_JTS ? OP_JT : OP_JF);
        set_a(i, from);
        set_b(i, 0);
    }
    return true;
}

static void drop_values(struct compiler *c, int list)
{
    for (; list >= 0; list = next_jump(c, list))
        settle_value(gen_at(c, list), NO_REG);
}

static bool needs_value(struct compiler *c, int list)
{
    for (; list >= 0; list = next_jump(c, list))
        if (!carries_value(*gen_at(c, list)))
            return true;
    return false;
}

/* Jumps that carry a value put it into reg and go to with_value, the others go to target. */
static void patch_values(struct compiler *c, int list, int with_value, int reg, int target)
{
    while (list >= 0) {
        lua_ins *i = gen_at(c, list);
        int next = ins_e(*i);
        set_e(i, (settle_value(i, reg) ? with_value : target) - (list + 1));
        list = next;
    }
}

void gen_patch(struct compiler *c, int list, int target)
{
    patch_values(c, list, target, NO_REG, target);
}

void gen_patch_here(struct compiler *c, int list)
{
    gen_patch(c, list, gen_here(c));
}

static void negate(struct compiler *c, int pc)
{
    lua_ins *i = gen_at(c, pc);
    set_op(i, op_negated(ins_op(*i)));
}

static int jump_if(struct compiler *c, struct operand *e, bool cond)
{
    if (e->kind == X_OPEN) {
        lua_ins i = *gen_at(c, e->pc);
        if (ins_op(i) == OP_NOT) {
            remove_last(c);
            return gen_abe(c, cond ? OP_JF : OP_JT, (int)ins_b(i), 0, -1); /* the value is not that of the register */
        }
    }
    int reg = e->kind == X_REG ? e->reg : -1;
    if (reg < 0) {
        struct operand plain = *e; /* its jumps are not settled here */
        plain.jt = plain.jf = -1;
        reg = gen_to_any(c, &plain);
        e->kind = X_REG;
        e->reg = reg;
    }
    free_operand(c, e);
    return gen_abe(c, cond ? OP_JTS : OP_JFS, NO_REG, reg, -1);
}

void gen_go_if_true(struct compiler *c, struct operand *e)
{
    int pc;
    gen_discharge(c, e);
    switch (e->kind) {
    case X_TEST:
        negate(c, e->pc);
        pc = e->pc;
        break;
    case X_TRUE:
    case X_INT:
    case X_FLT:
    case X_STR: pc = -1; break;
    default: pc = jump_if(c, e, false);
    }
    gen_concat(c, &e->jf, pc);
    gen_patch_here(c, e->jt);
    e->jt = -1;
}

void gen_go_if_false(struct compiler *c, struct operand *e)
{
    int pc;
    gen_discharge(c, e);
    switch (e->kind) {
    case X_TEST: pc = e->pc; break;
    case X_NIL:
    case X_FALSE: pc = -1; break;
    default: pc = jump_if(c, e, true);
    }
    gen_concat(c, &e->jt, pc);
    gen_patch_here(c, e->jf);
    e->jf = -1;
}

/* ---- operands to registers ---- */

void gen_set_results(struct compiler *c, struct operand *e, int n)
{
    lua_ins *i = gen_at(c, e->pc);
    set_c(i, n + 1);
    if (e->kind == X_VARARG) {
        set_a(i, c->f->freereg);
        gen_reserve(c, 1);
    }
}

static void one_result(struct compiler *c, struct operand *e)
{
    lua_ins *i = gen_at(c, e->pc);
    set_c(i, 2);
    if (e->kind == X_VARARG) {
        e->kind = X_OPEN;
    } else {
        e->kind = X_REG;
        e->reg = (int)ins_a(*i);
    }
}

static void open_instruction(struct operand *e, int pc)
{
    e->kind = X_OPEN;
    e->pc = pc;
}

void gen_discharge(struct compiler *c, struct operand *e)
{
    switch (e->kind) {
    case X_CONST: {
        struct value v = c->vars.at[e->var].k;
        set_constant(e, &v);
        break;
    }
    case X_LOCAL: e->kind = X_REG; break;
    case X_UPVAL: open_instruction(e, gen_abcd(c, OP_GETUPVAL, 0, e->idx, 0, 0)); break;
    case X_UPFIELD: open_instruction(e, gen_abcd(c, OP_GETTABUP, 0, e->tab, e->key, new_ic(c, -1))); break;
    case X_FIELD:
        free_reg(c, e->tab);
        open_instruction(e, gen_abcd(c, OP_GETFIELD, 0, e->tab, e->key, new_ic(c, -1)));
        break;
    case X_ATINT:
        free_reg(c, e->tab);
        open_instruction(e, gen_abcd(c, OP_GETINT, 0, e->tab, e->key, 0));
        break;
    case X_INDEX:
        free_two(c, e->tab, e->key);
        open_instruction(e, gen_abcd(c, OP_GETTABLE, 0, e->tab, e->key, new_ic(c, IC_GET)));
        break;
    case X_CALL:
    case X_VARARG: one_result(c, e); break;
    default: break;
    }
}

static void load_number(struct compiler *c, int reg, const struct operand *e)
{
    if (e->kind == X_INT && e->i == (int32_t)e->i) {
        gen_abe(c, OP_LOADI, reg, 0, (int32_t)e->i);
    } else if (e->kind == X_FLT && fabs(e->n) < 1e6 && e->n == (double)(int32_t)e->n && !(e->n == 0 && signbit(e->n))) {
        gen_abe(c, OP_LOADF, reg, 0, (int32_t)e->n);
    } else {
        gen_abe(c, OP_LOADK, reg, 0, operand_k(c, e, INT32_MAX));
    }
}

/* The value without its jumps into reg; X_TEST stays. */
static void place(struct compiler *c, struct operand *e, int reg)
{
    gen_discharge(c, e);
    switch (e->kind) {
    case X_NIL: gen_nil(c, reg, 1); break;
    case X_FALSE: gen_abcd(c, OP_LOADFALSE, reg, 0, 0, 0); break;
    case X_TRUE: gen_abcd(c, OP_LOADTRUE, reg, 0, 0, 0); break;
    case X_STR: gen_abe(c, OP_LOADK, reg, 0, constant_string(c, e->s)); break;
    case X_INT:
    case X_FLT: {
        struct operand plain = *e;
        plain.jt = plain.jf = -1;
        load_number(c, reg, &plain);
        break;
    }
    case X_OPEN: set_a(gen_at(c, e->pc), reg); break;
    case X_REG:
        if (e->reg != reg)
            gen_abcd(c, OP_MOVE, reg, e->reg, 0, 0);
        break;
    default: return; /* X_TEST */
    }
    e->kind = X_REG;
    e->reg = reg;
}

static void to_reg(struct compiler *c, struct operand *e, int reg)
{
    place(c, e, reg);
    bool test = e->kind == X_TEST;
    if (test)
        gen_concat(c, &e->jt, e->pc);
    if (has_jumps(e)) {
        int load_false = -1, load_true = -1;
        if (needs_value(c, e->jt) || needs_value(c, e->jf)) {
            int over = test ? -1 : gen_jump(c);
            load_false = gen_here(c);
            gen_abcd(c, OP_LOADFALSE, reg, 0, 0, 0);
            int skip = gen_jump(c);
            load_true = gen_here(c);
            gen_abcd(c, OP_LOADTRUE, reg, 0, 0, 0);
            gen_patch_here(c, skip);
            gen_patch_here(c, over);
        }
        int end = gen_here(c);
        patch_values(c, e->jf, end, reg, load_false);
        patch_values(c, e->jt, end, reg, load_true);
    }
    e->jt = e->jf = -1;
    e->kind = X_REG;
    e->reg = reg;
}

void gen_to_next(struct compiler *c, struct operand *e)
{
    gen_discharge(c, e);
    free_operand(c, e);
    gen_reserve(c, 1);
    to_reg(c, e, c->f->freereg - 1);
}

int gen_to_any(struct compiler *c, struct operand *e)
{
    gen_discharge(c, e);
    if (e->kind == X_REG) {
        if (!has_jumps(e))
            return e->reg;
        if (e->reg >= c->f->nfixed) { /* not a variable: the jumps' value can go there too */
            to_reg(c, e, e->reg);
            return e->reg;
        }
    }
    gen_to_next(c, e);
    return e->reg;
}

void gen_to_any_or_upval(struct compiler *c, struct operand *e)
{
    if (e->kind != X_UPVAL || has_jumps(e))
        gen_to_any(c, e);
}

void gen_to_val(struct compiler *c, struct operand *e)
{
    if (has_jumps(e))
        gen_to_any(c, e);
    else
        gen_discharge(c, e);
}

/* ---- tables ---- */

static int field_k(struct compiler *c, const struct operand *key)
{
    if (key->kind != X_STR || has_jumps(key) || !key->s->is_short || c->f->nic >= IC_FIELDS)
        return -1;
    return operand_k(c, key, MAX_KREF);
}

void gen_index(struct compiler *c, struct operand *t, struct operand *key)
{
    int k = field_k(c, key);
    if (t->kind == X_UPVAL && k < 0)
        gen_to_any(c, t);
    if (t->kind == X_UPVAL) {
        int idx = t->idx;
        t->kind = X_UPFIELD;
        t->tab = idx;
        t->key = k;
        return;
    }
    int tab = t->reg; /* X_LOCAL or X_REG */
    if (k >= 0) {
        t->kind = X_FIELD;
        t->key = k;
    } else if (key->kind == X_INT && !has_jumps(key) && key->i >= 0 && key->i <= 0xffff) {
        t->kind = X_ATINT;
        t->key = (int)key->i;
    } else {
        t->key = gen_to_any(c, key);
        t->kind = X_INDEX;
    }
    t->tab = tab;
}

void gen_self(struct compiler *c, struct operand *e, struct lstr *name)
{
    struct operand key;
    operand_init(&key, X_STR);
    key.s = name;
    gen_to_any(c, e);
    int obj = e->reg;
    free_operand(c, e);
    e->reg = c->f->freereg;
    e->kind = X_REG;
    gen_reserve(c, 2);
    int k = field_k(c, &key);
    if (k >= 0) {
        gen_abcd(c, OP_SELF, e->reg, obj, k, new_ic(c, -1));
        return;
    }
    gen_abcd(c, OP_MOVE, e->reg + 1, obj, 0, 0);
    int r = gen_to_any(c, &key);
    gen_abcd(c, OP_GETTABLE, e->reg, obj, r, new_ic(c, IC_GET));
    free_operand(c, &key);
}

/* C operand of a store: a constant if there is one, else a register. */
static int to_rk(struct compiler *c, struct operand *e)
{
    gen_to_val(c, e);
    if (is_plain_constant(e)) {
        int k = operand_k(c, e, MAX_RK);
        if (k >= 0)
            return (int)OPK_BIT | k;
    }
    return gen_to_any(c, e);
}

void gen_store(struct compiler *c, const struct operand *var, struct operand *e)
{
    int v;
    switch (var->kind) {
    case X_LOCAL:
        free_operand(c, e);
        to_reg(c, e, var->reg);
        return;
    case X_UPVAL:
        v = gen_to_any(c, e);
        gen_abcd(c, OP_SETUPVAL, v, var->idx, 0, 0);
        break;
    case X_UPFIELD:
        v = to_rk(c, e);
        gen_abcd(c, OP_SETTABUP, var->tab, var->key, v, new_ic(c, -1));
        break;
    case X_FIELD:
        v = to_rk(c, e);
        gen_abcd(c, OP_SETFIELD, var->tab, var->key, v, new_ic(c, -1));
        break;
    case X_ATINT:
        v = to_rk(c, e);
        gen_abcd(c, OP_SETINT, var->tab, var->key, v, 0);
        break;
    default: /* X_INDEX */
        v = to_rk(c, e);
        gen_abcd(c, OP_SETTABLE, var->tab, var->key, v, new_ic(c, IC_SET));
    }
    free_operand(c, e);
}

/* ---- operators ---- */

/* Arithmetic on two numerals at compile time, where nothing can go wrong and the result has one spelling:
 * no division by zero, no NaN, no float zero (its sign would have to survive). */
static bool fold(struct compiler *c, int lua_op, struct operand *a, const struct operand *b)
{
    if (!is_numeral(a) || !is_numeral(b))
        return false;
    struct value x = operand_value(a), y = operand_value(b), r;
    int64_t i;
    switch (lua_op) {
    case LUA_OPBAND:
    case LUA_OPBOR:
    case LUA_OPBXOR:
    case LUA_OPSHL:
    case LUA_OPSHR:
    case LUA_OPBNOT:
        if (!int_of_value(&x, &i) || !int_of_value(&y, &i))
            return false;
        break;
    case LUA_OPDIV:
    case LUA_OPIDIV:
    case LUA_OPMOD:
        if (y.tag == T_INT ? y.i == 0 : y.n == 0)
            return false;
        break;
    default: break;
    }
    if (!num_arith_raw(c->L, lua_op, &x, &y, &r))
        return false;
    if (r.tag == T_FLT && (isnan(r.n) || r.n == 0))
        return false;
    set_constant(a, &r);
    return true;
}

static void unary_value(struct compiler *c, enum opcode op, struct operand *e, int line)
{
    int r = gen_to_any(c, e);
    free_operand(c, e);
    open_instruction(e, gen_abcd(c, op, 0, r, 0, 0));
    gen_line(c, line);
}

static void not_value(struct compiler *c, struct operand *e)
{
    switch (e->kind) {
    case X_NIL:
    case X_FALSE: e->kind = X_TRUE; break;
    case X_TRUE:
    case X_INT:
    case X_FLT:
    case X_STR: e->kind = X_FALSE; break;
    case X_TEST: negate(c, e->pc); break;
    default: { /* X_OPEN, X_REG: the value only, the jumps are swapped below */
        struct operand plain = *e;
        plain.jt = plain.jf = -1;
        int r = gen_to_any(c, &plain);
        free_operand(c, &plain);
        open_instruction(e, gen_abcd(c, OP_NOT, 0, r, 0, 0));
    }
    }
    int t = e->jt;
    e->jt = e->jf;
    e->jf = t;
    drop_values(c, e->jt);
    drop_values(c, e->jf);
}

void gen_unary(struct compiler *c, enum unary op, struct operand *e, int line)
{
    static const struct operand zero = {.kind = X_INT, .jt = -1, .jf = -1, .i = 0};
    gen_discharge(c, e);
    switch (op) {
    case U_NEG:
        if (!fold(c, LUA_OPUNM, e, &zero))
            unary_value(c, OP_UNM, e, line);
        break;
    case U_BNOT:
        if (!fold(c, LUA_OPBNOT, e, &zero))
            unary_value(c, OP_BNOT, e, line);
        break;
    case U_LEN: unary_value(c, OP_LEN, e, line); break;
    default: not_value(c, e);
    }
}

void gen_infix(struct compiler *c, enum binary op, struct operand *left)
{
    gen_discharge(c, left);
    switch (op) {
    case B_AND: gen_go_if_true(c, left); break;
    case B_OR: gen_go_if_false(c, left); break;
    case B_CONCAT: gen_to_next(c, left); break;
    case B_EQ:
    case B_NE:
        if (!is_plain_constant(left))
            gen_to_any(c, left);
        break;
    default:
        if (!is_numeral(left))
            gen_to_any(c, left);
    }
}

static void swap(struct operand *a, struct operand *b)
{
    struct operand t = *a;
    *a = *b;
    *b = t;
}

/* May this numeral be the constant operand? The bitwise instructions want integers there. */
static int arith_k(struct compiler *c, enum binary op, const struct operand *e)
{
    if (!is_numeral(e) || (op >= B_BAND && e->kind != X_INT))
        return -1;
    return operand_k(c, e, MAX_KREF);
}

static void arith(struct compiler *c, enum binary op, struct operand *a, struct operand *b, int line)
{
    int k, r1, r2;
    if ((k = arith_k(c, op, b)) >= 0) {
        r1 = gen_to_any(c, a);
        free_operand(c, a);
        open_instruction(a, gen_abcd(c, (enum opcode)(OP_ADDK + op), 0, r1, k, 0));
    } else if ((k = arith_k(c, op, a)) >= 0) {
        r2 = gen_to_any(c, b);
        free_operand(c, b);
        open_instruction(a, gen_abcd(c, (enum opcode)(OP_KADD + op), 0, k, r2, 0));
    } else {
        r2 = gen_to_any(c, b);
        r1 = gen_to_any(c, a); /* in a register already unless it is a numeral */
        free_two(c, r1, r2);
        open_instruction(a, gen_abcd(c, (enum opcode)(OP_ADD + op), 0, r1, r2, 0));
    }
    gen_line(c, line);
}

static void concat(struct compiler *c, struct operand *a, struct operand *b, int line)
{
    if (b->kind == X_OPEN && !has_jumps(b)) {
        lua_ins *i = gen_at(c, b->pc);
        if (ins_op(*i) == OP_CONCAT && (int)ins_b(*i) == a->reg + 1) { /* a .. (b .. c): one instruction */
            set_b(i, a->reg);
            set_c(i, (int)ins_c(*i) + 1);
            free_operand(c, a);
            open_instruction(a, b->pc);
            return;
        }
    }
    gen_to_next(c, b);
    int first = a->reg;
    free_operand(c, b);
    free_operand(c, a);
    open_instruction(a, gen_abcd(c, OP_CONCAT, 0, first, 2, 0));
    gen_line(c, line);
}

static void test(struct operand *e, int pc)
{
    operand_init(e, X_TEST);
    e->pc = pc;
}

static void equality(struct compiler *c, bool negated, struct operand *a, struct operand *b)
{
    int k = -1;
    if (is_plain_constant(a) && !is_plain_constant(b))
        swap(a, b);
    int r1 = gen_to_any(c, a);
    gen_to_val(c, b);
    if (is_plain_constant(b))
        k = operand_k(c, b, MAX_KREF);
    if (k >= 0) {
        free_operand(c, a);
        test(a, gen_abe(c, negated ? OP_JNEK : OP_JEQK, r1, k, -1));
        return;
    }
    int r2 = gen_to_any(c, b);
    free_two(c, r1, r2);
    test(a, gen_abe(c, negated ? OP_JNE : OP_JEQ, r1, r2, -1));
}

static void order(struct compiler *c, enum binary op, struct operand *a, struct operand *b)
{
    static const uint8_t with_k[] = {OP_JLTK, OP_JLEK, OP_JGTK, OP_JGEK};
    static const uint8_t mirrored[] = {OP_JGTK, OP_JGEK, OP_JLTK, OP_JLEK};
    int k, r;
    if (is_numeral(b) && (k = operand_k(c, b, MAX_KREF)) >= 0) {
        r = gen_to_any(c, a);
        free_operand(c, a);
        test(a, gen_abe(c, (enum opcode)with_k[op - B_LT], r, k, -1));
        return;
    }
    if (is_numeral(a) && (k = operand_k(c, a, MAX_KREF)) >= 0) {
        r = gen_to_any(c, b);
        free_operand(c, b);
        test(a, gen_abe(c, (enum opcode)mirrored[op - B_LT], r, k, -1));
        return;
    }
    int r2 = gen_to_any(c, b), r1 = gen_to_any(c, a);
    free_two(c, r1, r2);
    bool greater = op == B_GT || op == B_GE;
    enum opcode code = op == B_LT || op == B_GT ? OP_JLT : OP_JLE;
    test(a, gen_abe(c, code, greater ? r2 : r1, greater ? r1 : r2, -1));
}

void gen_binary(struct compiler *c, enum binary op, struct operand *left, struct operand *right, int line)
{
    gen_discharge(c, right);
    if (op <= B_SHR && fold(c, (int)op, left, right))
        return;
    switch (op) {
    case B_AND:
        gen_concat(c, &right->jf, left->jf);
        *left = *right;
        break;
    case B_OR:
        gen_concat(c, &right->jt, left->jt);
        *left = *right;
        break;
    case B_CONCAT: concat(c, left, right, line); break;
    case B_EQ:
    case B_NE: equality(c, op == B_NE, left, right); break;
    case B_LT:
    case B_LE:
    case B_GT:
    case B_GE: order(c, op, left, right); break;
    default: arith(c, op, left, right, line);
    }
}

/* ---- functions ---- */

void gen_open(struct compiler *c, struct function *f, int linedefined)
{
    struct proto *p = func_new_proto(c->L);
    lex_anchor(&c->ls, p, T_PROTO);
    p->linedefined = linedefined;
    p->source = c->ls.source;
    gc_barrier_obj(c->L, p, p->source);
    *f = (struct function){.prev = c->f, .p = p, .code0 = c->code.n, .k0 = c->k.n, .proto0 = c->protos.n, .upval0 = c->upvals.n, .locvar0 = c->locvars.n, .var0 = c->vars.n, .label0 = c->labels.n, .range0 = c->ranges.n, .maxstack = 2};
    c->f = f;
}

void gen_close_range(struct compiler *c, int from)
{
    struct pc_range *r = PUSH(c, ranges);
    *r = (struct pc_range){from, c->f->pc};
}

static bool closes(struct compiler *c, int pc)
{
    for (int i = c->f->range0; i < c->ranges.n; i++)
        if (c->ranges.at[i].from <= pc && pc < c->ranges.at[i].to)
            return true;
    return false;
}

static void finish_return(struct compiler *c, int pc, bool vararg)
{
    lua_ins *i = gen_at(c, pc);
    if (closes(c, pc))
        set_c(i, 1);
    else if (ins_op(*i) == OP_RETURN && !vararg && ins_b(*i) == 1)
        *i = ins_abcd(OP_RETURN0, 0, 0, 0, 0);
    else if (ins_op(*i) == OP_RETURN && !vararg && ins_b(*i) == 2)
        set_op(i, OP_RETURN1), set_b(i, 0);
}

/* Makes a jump to a jump go to the end of the chain at once. A jump that ends at a LOOP of another line gets a LOOP
 * with its own line, behind the function's code if it is conditional: else line hooks would see a line
 * that the program's text does not pass there. */
static void finish_jump(struct compiler *c, int pc)
{
    int to = pc + 1 + ins_e(*gen_at(c, pc));
    while (ins_op(*gen_at(c, to)) == OP_JMP)
        to += 1 + ins_e(*gen_at(c, to));
    lua_ins target = *gen_at(c, to), *i = gen_at(c, pc);
    if (ins_op(target) == OP_LOOP && ins_a(target) == 0) {
        int32_t line = c->lines.at[c->f->code0 + pc];
        int back = to + 1 + ins_e(target);
        if (ins_op(*i) == OP_JMP) {
            *i = ins_abe(OP_LOOP, 0, ins_b(target), back - (pc + 1));
            return;
        }
        if (c->lines.at[c->f->code0 + to] != line) {
            to = c->f->pc;
            gen_loop(c, back, (int)ins_b(target), true);
            gen_line(c, line);
        }
    }
    set_e(gen_at(c, pc), to - (pc + 1));
}

/* The CLOSE of a backward goto (B = 1 so far) was written in case something would be captured. */
static void finish_close(struct compiler *c, int pc)
{
    lua_ins *i = gen_at(c, pc), loop = i[1];
    if (ins_b(*i) == 0)
        return;
    if (closes(c, pc))
        set_b(i, 0);
    else
        *i = ins_abe(OP_LOOP, 0, ins_b(loop), ins_e(loop) + 1);
}

static void finish_code(struct compiler *c)
{
    int n = c->f->pc;
    bool vararg = c->f->p->is_vararg;
    for (int pc = 0; pc < n; pc++) {
        enum opcode op = ins_op(*gen_at(c, pc));
        if (op == OP_RETURN || op == OP_TAILCALL)
            finish_return(c, pc, vararg);
        else if (op == OP_JMP || (op >= OP_JT && op <= OP_JNGEK))
            finish_jump(c, pc);
        else if (op == OP_CLOSE)
            finish_close(c, pc);
        else if (op == OP_LOOP)
            set_a(gen_at(c, pc), 0); /* all jumps to it came before */
    }
}

void proto_init_hot(struct proto *p)
{
    for (uint32_t pc = 0; pc < p->ncode; pc++) {
        enum opcode op = ins_op(p->code[pc]);
        if (op == OP_LOOP || op == OP_FORLOOP || op == OP_TFORLOOP)
            p->hot[ins_b(p->code[pc])].pc = (uint32_t)((int32_t)pc + 1 + ins_e(p->code[pc]));
    }
}

/* Copies n elements off the top part of a shared stack into memory of exactly that size. */
#define TAKE(c, field, count, stack, from, n_) \
    do { \
        uint32_t n__ = (uint32_t)(n_); \
        if (n__ > 0) { \
            size_t bytes__ = n__ * sizeof *(c)->stack.at; \
            (field) = memcpy(mem_alloc((c)->L, bytes__, 0), (c)->stack.at + (from), bytes__); \
        } \
        (count) = n__; \
        (c)->stack.n = (from); \
    } while (0)

static void *zeroed(struct lua_State *L, size_t size)
{
    return size == 0 ? NULL : memset(mem_alloc(L, size, 0), 0, size);
}

/* A collection during one of the allocations may have made the proto black. */
static void barriers(struct lua_State *L, struct proto *p)
{
    for (uint32_t i = 0; i < p->nk; i++)
        gc_barrier(L, p, &p->k[i]);
    for (uint32_t i = 0; i < p->np; i++)
        gc_barrier_obj(L, p, p->protos[i]);
    for (uint32_t i = 0; i < p->nupvals; i++)
        gc_barrier_obj(L, p, p->upvals[i].name);
    for (uint32_t i = 0; i < p->nlocvars; i++)
        gc_barrier_obj(L, p, p->locvars[i].name);
}

struct proto *gen_finish(struct compiler *c)
{
    struct function *f = c->f;
    struct proto *p = f->p;
    finish_code(c);
    p->maxstack = (uint8_t)f->maxstack;
    TAKE(c, p->code, p->ncode, code, f->code0, f->pc);
    TAKE(c, p->lineinfo, p->nlineinfo, lines, f->code0, f->pc);
    int nk = c->k.n - f->k0, k_top = c->k.n;
    TAKE(c, p->k, p->nk, k, f->k0, nk);
    c->k.n = k_top;
    pop_constants(c);
    TAKE(c, p->upvals, p->nupvals, upvals, f->upval0, c->upvals.n - f->upval0);
    TAKE(c, p->locvars, p->nlocvars, locvars, f->locvar0, c->locvars.n - f->locvar0);
    int nic = f->nic < IC_FIELDS ? f->nic : IC_SET + 1;
    p->ic = zeroed(c->L, (size_t)nic * sizeof *p->ic);
    p->nic = (uint32_t)nic;
    p->hot = zeroed(c->L, (size_t)f->nhot * sizeof *p->hot);
    p->nhot = (uint32_t)f->nhot;
    TAKE(c, p->protos, p->np, protos, f->proto0, c->protos.n - f->proto0);
    barriers(c->L, p);
    proto_init_hot(p);
    c->ranges.n = f->range0;
    c->f = f->prev;
    return p;
}
