/* parse.c: the grammar, scopes and labels. Recursive descent in one pass; what is read is handed to codegen.c
 * at once.
 *
 * Scopes. c->vars is the stack of active variables of all open functions, innermost on top; a compile-time
 * constant (<const> with a constant value) is there without a register. c->labels holds the visible labels,
 * c->gotos the forward gotos (a break is a goto to the name "break") that wait for theirs. A goto that leaves a block
 * takes with it whether the block has something to close; the label that ends it then writes the CLOSE.
 *
 * Functions without anything to close anywhere around a return get the short returns; gen_close_range tells
 * where that is not so.
 *
 * Walk: load_protected (call.c) -> compile_text -> lex.c, codegen.c -> a proto.
 */
#include "lua/codegen.h"
#include "lua/jit.h"

#ifndef LUAI_MAXCCALLS
#define LUAI_MAXCCALLS 200
#endif
#define MAX_LOCALS 200
#define MAX_UPVALS 255
#define LIST_BATCH 50 /* array items of a constructor that wait in registers */

static void statement(struct compiler *c);
static void expr(struct compiler *c, struct operand *e);

/* ---- tokens ---- */

static inline int token(struct compiler *c) { return c->ls.t.type; }
static inline void next(struct compiler *c) { lex_next(&c->ls); }

_Noreturn static void expected(struct compiler *c, int type)
{
    lex_syntax_error(&c->ls, lex_pushf(c->L, "%s expected", lex_token_text(&c->ls, type)));
}

/* An error of meaning: without "near". */
_Noreturn static void meaning_error(struct compiler *c, const char *msg)
{
    lex_error(&c->ls, msg, 0);
}

static bool accept(struct compiler *c, int type)
{
    if (token(c) != type)
        return false;
    next(c);
    return true;
}

static void check(struct compiler *c, int type)
{
    if (token(c) != type)
        expected(c, type);
}

static void expect(struct compiler *c, int type)
{
    check(c, type);
    next(c);
}

static void check_that(struct compiler *c, bool ok, const char *msg)
{
    if (!ok)
        lex_syntax_error(&c->ls, msg);
}

/* The end of a construct that began with `what` on a line. */
static void expect_close(struct compiler *c, int type, int what, int line)
{
    if (likely(accept(c, type)))
        return;
    if (line == c->ls.line)
        expected(c, type);
    const char *want = lex_token_text(&c->ls, type), *open = lex_token_text(&c->ls, what);
    lex_syntax_error(&c->ls, lex_pushf(c->L, "%s expected (to close %s at line %d)", want, open, line));
}

static struct lstr *expect_name(struct compiler *c)
{
    check(c, TK_NAME);
    struct lstr *s = c->ls.t.s;
    next(c);
    return s;
}

static void enter_level(struct compiler *c)
{
    if (unlikely((++c->L->nCcalls & 0xffff) >= LUAI_MAXCCALLS))
        dbg_runerror(c->L, "C stack overflow");
}

static void leave_level(struct compiler *c) { c->L->nCcalls--; }

/* ---- variables ---- */

/* Declares a variable of the current function; it is not active yet. Returns its index in vars. */
static int new_local(struct compiler *c, struct lstr *name)
{
    gen_limit(c, c->vars.n + 1 - c->f->var0, MAX_LOCALS, "local variables");
    struct active_var *v = PUSH(c, vars);
    *v = (struct active_var){.name = name, .kind = VAR_PLAIN};
    return c->vars.n - 1;
}

static int declare(struct compiler *c, struct active_var *v)
{
    struct function *f = c->f;
    struct locvar *l = PUSH(c, locvars);
    *l = (struct locvar){v->name, f->pc, 0};
    return c->locvars.n - 1 - f->locvar0;
}

/* The next n declared variables begin to be visible, in the registers that follow. */
static void activate(struct compiler *c, int n)
{
    struct function *f = c->f;
    while (n-- > 0) {
        struct active_var *v = &c->vars.at[f->var0 + f->nactive++];
        v->reg = (uint8_t)f->nfixed++;
        v->locvar = declare(c, v);
    }
}

/* Registers of the first n active variables. */
static int registers_of(struct compiler *c, struct function *f, int n)
{
    while (n-- > 0) {
        struct active_var *v = &c->vars.at[f->var0 + n];
        if (v->kind != VAR_CTC)
            return v->reg + 1;
    }
    return 0;
}

static void deactivate(struct compiler *c, int down_to)
{
    struct function *f = c->f;
    while (f->nactive > down_to) {
        struct active_var *v = &c->vars.at[f->var0 + --f->nactive];
        if (v->kind != VAR_CTC)
            c->locvars.at[f->locvar0 + v->locvar].endpc = f->pc;
    }
    c->vars.n = f->var0 + down_to;
    f->nfixed = registers_of(c, f, down_to);
}

static int find_local(struct compiler *c, struct function *f, struct lstr *name)
{
    for (int i = f->var0 + f->nactive - 1; i >= f->var0; i--)
        if (c->vars.at[i].name == name)
            return i;
    return -1;
}

/* The upvalues of open functions lie on one stack, but an inner function's end where it begins; an outer one
 * may get more while an inner is open, so the inner ones' move up. */
static int upval_count(struct compiler *c, struct function *f)
{
    struct function *inner = c->f;
    if (inner == f)
        return c->upvals.n - f->upval0;
    while (inner->prev != f)
        inner = inner->prev;
    return inner->upval0 - f->upval0;
}

static int find_upval(struct compiler *c, struct function *f, struct lstr *name)
{
    int n = upval_count(c, f);
    for (int i = 0; i < n; i++)
        if (c->upvals.at[f->upval0 + i].name == name)
            return i;
    return -1;
}

static int new_upval(struct compiler *c, struct function *f, struct lstr *name, bool instack, int idx, int kind)
{
    int n = upval_count(c, f);
    if (unlikely(n + 1 > MAX_UPVALS)) {
        c->f = f; /* whose limit it is */
        gen_limit(c, n + 1, MAX_UPVALS, "upvalues");
    }
    PUSH(c, upvals);
    struct upvaldesc *u = &c->upvals.at[f->upval0 + n];
    memmove(u + 1, u, sizeof *u * (size_t)(&c->upvals.at[c->upvals.n - 1] - u));
    for (struct function *inner = c->f; inner != f; inner = inner->prev)
        inner->upval0++;
    *u = (struct upvaldesc){.name = name, .instack = instack, .idx = (uint8_t)idx, .kind = (uint8_t)kind};
    return n;
}

/* A function inside uses variable v: its block must close it. */
static void mark_captured(struct function *f, int nth)
{
    struct block *b = f->block;
    while (b->nactive > nth)
        b = b->prev;
    b->has_upval = true;
}

/* Looks a name up from function f outwards. X_VOID: a global. */
static void resolve(struct compiler *c, struct function *f, struct lstr *name, struct operand *e, bool own)
{
    if (f == NULL) {
        operand_init(e, X_VOID);
        return;
    }
    int v = find_local(c, f, name);
    if (v >= 0) {
        bool ctc = c->vars.at[v].kind == VAR_CTC;
        operand_init(e, ctc ? X_CONST : X_LOCAL);
        e->var = v;
        e->reg = c->vars.at[v].reg;
        if (!own && !ctc)
            mark_captured(f, v - f->var0);
        return;
    }
    int idx = find_upval(c, f, name);
    if (idx < 0) {
        resolve(c, f->prev, name, e, false);
        if (e->kind == X_LOCAL)
            idx = new_upval(c, f, name, true, e->reg, c->vars.at[e->var].kind);
        else if (e->kind == X_UPVAL)
            idx = new_upval(c, f, name, false, e->idx, c->upvals.at[f->prev->upval0 + e->idx].kind);
        else
            return; /* global or compile-time constant */
    }
    operand_init(e, X_UPVAL);
    e->idx = idx;
}

static void string_operand(struct operand *e, struct lstr *s)
{
    operand_init(e, X_STR);
    e->s = s;
}

static void variable(struct compiler *c, struct operand *e)
{
    struct lstr *name = expect_name(c);
    resolve(c, c->f, name, e, true);
    if (e->kind != X_VOID)
        return;
    struct operand key;
    resolve(c, c->f, c->env, e, true);
    gen_to_any_or_upval(c, e); /* _ENV may be a constant */
    string_operand(&key, name);
    gen_index(c, e, &key);
}

static void check_assignable(struct compiler *c, const struct operand *e)
{
    struct lstr *name = NULL;
    if (e->kind == X_CONST || (e->kind == X_LOCAL && c->vars.at[e->var].kind != VAR_PLAIN)) {
        name = c->vars.at[e->var].name;
    } else if (e->kind == X_UPVAL) {
        struct upvaldesc *u = &c->upvals.at[c->f->upval0 + e->idx];
        if (u->kind != VAR_PLAIN)
            name = u->name;
    }
    if (name != NULL)
        meaning_error(c, lex_pushf(c->L, "attempt to assign to const variable '%s'", name->data));
}

/* nexps expressions, the last one in e, must give nvars values in the registers from freereg on. */
static void adjust(struct compiler *c, int nvars, int nexps, struct operand *e)
{
    int needed = nvars - nexps;
    if (operand_is_multi(e)) {
        int extra = needed + 1;
        gen_set_results(c, e, extra < 0 ? 0 : extra);
    } else {
        if (e->kind != X_VOID)
            gen_to_next(c, e);
        if (needed > 0)
            gen_nil(c, c->f->freereg, needed);
    }
    if (needed > 0)
        gen_reserve(c, needed);
    else
        c->f->freereg += needed;
}

/* ---- blocks and labels ---- */

static void enter_block(struct compiler *c, struct block *b, bool is_loop)
{
    struct function *f = c->f;
    *b = (struct block){.prev = f->block, .start_pc = f->pc, .first_label = c->labels.n, .first_goto = c->gotos.n, .nactive = f->nactive, .is_loop = is_loop, .inside_tbc = f->block != NULL && f->block->inside_tbc};
    f->block = b;
}

_Noreturn static void jumps_into_scope(struct compiler *c, const struct pending_goto *g)
{
    struct lstr *var = c->vars.at[c->f->var0 + g->nactive].name;
    meaning_error(c, lex_pushf(c->L, "<goto %s> at line %d jumps into the scope of local '%s'", g->name->data, g->line, var->data));
}

/* A label at the current place: ends the waiting gotos of the block that name it. Returns whether one of them needs a close. */
static bool solve_gotos(struct compiler *c, struct lstr *name, int pc, int nactive)
{
    bool close = false;
    int keep = c->f->block->first_goto;
    for (int i = keep; i < c->gotos.n; i++) {
        struct pending_goto g = c->gotos.at[i];
        if (g.name != name) {
            c->gotos.at[keep++] = g;
            continue;
        }
        if (g.nactive < nactive)
            jumps_into_scope(c, &g);
        close |= g.close;
        gen_patch(c, g.list, pc);
    }
    c->gotos.n = keep;
    return close;
}

/* nactive: the variables that a jump here may find. Returns whether a CLOSE (down to register level) was written. */
static bool new_label(struct compiler *c, struct lstr *name, int line, int nactive, int level)
{
    struct label *l = PUSH(c, labels);
    int pc = gen_here(c);
    *l = (struct label){name, pc, line, nactive, -1};
    if (!solve_gotos(c, name, pc, nactive))
        return false;
    gen_abcd(c, OP_CLOSE, level, 0, 0, 0);
    return true;
}

static struct label *find_label(struct compiler *c, struct lstr *name)
{
    for (int i = c->f->label0; i < c->labels.n; i++)
        if (c->labels.at[i].name == name)
            return &c->labels.at[i];
    return NULL;
}

static void new_goto(struct compiler *c, struct lstr *name, int line, int list)
{
    struct pending_goto *g = PUSH(c, gotos);
    *g = (struct pending_goto){name, list, line, c->f->nactive, false};
}

_Noreturn static void undefined_goto(struct compiler *c, const struct pending_goto *g)
{
    const char *msg;
    if (g->name == c->break_name)
        msg = lex_pushf(c->L, "break outside loop at line %d", g->line);
    else
        msg = lex_pushf(c->L, "no visible label '%s' for <goto> at line %d", g->name->data, g->line);
    meaning_error(c, msg);
}

/* The gotos that are left after block b wait on in the block around it. (b's variables are no longer active but still
 * described above the top of vars: nothing has been declared since.) */
static void move_gotos_out(struct compiler *c, struct block *b)
{
    for (int i = b->first_goto; i < c->gotos.n; i++) {
        struct pending_goto *g = &c->gotos.at[i];
        if (registers_of(c, c->f, g->nactive) > registers_of(c, c->f, b->nactive))
            g->close |= b->has_upval;
        g->nactive = b->nactive;
    }
}

static void leave_block(struct compiler *c)
{
    struct function *f = c->f;
    struct block *b = f->block;
    int level = registers_of(c, f, b->nactive);
    if (b->has_upval)
        gen_close_range(c, b->start_pc);
    bool closed = b->is_loop && new_label(c, c->break_name, 0, b->nactive, level);
    if (!closed && b->prev != NULL && b->has_upval)
        gen_abcd(c, OP_CLOSE, level, 0, 0, 0);
    deactivate(c, b->nactive); /* the debugger still sees the variables at the CLOSE */
    f->freereg = level;
    c->labels.n = b->first_label;
    f->block = b->prev;
    if (b->prev != NULL)
        move_gotos_out(c, b);
    else if (c->gotos.n > b->first_goto)
        undefined_goto(c, &c->gotos.at[b->first_goto]);
}

static bool block_follows(struct compiler *c, bool with_until)
{
    switch (token(c)) {
    case TK_ELSE:
    case TK_ELSEIF:
    case TK_END:
    case TK_EOS: return true;
    case TK_UNTIL: return with_until;
    default: return false;
    }
}

static void statements(struct compiler *c)
{
    while (!block_follows(c, true)) {
        if (token(c) == TK_RETURN) { /* must be the last */
            statement(c);
            return;
        }
        statement(c);
    }
}

static void block(struct compiler *c)
{
    struct block b;
    enter_block(c, &b, false);
    statements(c);
    leave_block(c);
}

/* ---- functions ---- */

static void open_function(struct compiler *c, struct function *f, struct block *b, int line)
{
    gen_open(c, f, line);
    enter_block(c, b, false);
}

static struct proto *close_function(struct compiler *c)
{
    gen_return(c, c->f->nfixed, 0);
    leave_block(c);
    return gen_finish(c);
}

static void parameters(struct compiler *c)
{
    struct function *f = c->f;
    int n = 0;
    bool vararg = false;
    if (token(c) != ')') {
        do {
            switch (token(c)) {
            case TK_NAME:
                new_local(c, expect_name(c));
                n++;
                break;
            case TK_DOTS:
                next(c);
                vararg = true;
                break;
            default: lex_syntax_error(&c->ls, "<name> or '...' expected");
            }
        } while (!vararg && accept(c, ','));
    }
    activate(c, n);
    f->p->numparams = (uint8_t)f->nactive;
    if (vararg) {
        f->p->is_vararg = 1;
        gen_abcd(c, OP_VARARGPREP, f->p->numparams, 0, 0, 0);
    }
    gen_reserve(c, f->nactive);
}

static void body(struct compiler *c, struct operand *e, bool method, int line)
{
    struct function f;
    struct block b;
    open_function(c, &f, &b, line);
    expect(c, '(');
    if (method) {
        new_local(c, lex_string(&c->ls, "self", 4));
        activate(c, 1);
    }
    parameters(c);
    expect(c, ')');
    statements(c);
    f.p->lastlinedefined = c->ls.line;
    expect_close(c, TK_END, TK_FUNCTION, line);
    struct proto *p = close_function(c);
    struct proto **at = PUSH(c, protos);
    *at = p;
    operand_init(e, X_OPEN);
    e->pc = gen_abe(c, OP_CLOSURE, 0, 0, c->protos.n - 1 - c->f->proto0);
    gen_to_next(c, e); /* the last register: a recursive local function finds itself there */
}

/* ---- expressions ---- */

static int expr_list(struct compiler *c, struct operand *e)
{
    int n = 1;
    expr(c, e);
    while (accept(c, ',')) {
        gen_to_next(c, e);
        expr(c, e);
        n++;
    }
    return n;
}

static void bracket_key(struct compiler *c, struct operand *e)
{
    next(c);
    expr(c, e);
    gen_to_val(c, e);
    expect(c, ']');
}

static void dot_field(struct compiler *c, struct operand *e)
{
    struct operand key;
    gen_to_any_or_upval(c, e);
    next(c); /* '.' or ':' */
    string_operand(&key, expect_name(c));
    gen_index(c, e, &key);
}

struct constructor {
    struct operand item; /* last array item read, X_VOID if it has been placed */
    struct operand table;
    int pc, nhash, narray, waiting;
};

static void named_field(struct compiler *c, struct constructor *k)
{
    struct operand table = k->table, key, val;
    int reg = c->f->freereg;
    if (token(c) == TK_NAME)
        string_operand(&key, expect_name(c));
    else
        bracket_key(c, &key);
    k->nhash++;
    expect(c, '=');
    gen_index(c, &table, &key);
    expr(c, &val);
    gen_store(c, &table, &val);
    c->f->freereg = reg;
}

static void set_list(struct compiler *c, struct constructor *k, int n)
{
    gen_abe(c, OP_SETLIST, k->table.reg, n, k->narray);
    c->f->freereg = k->table.reg + 1;
}

static void place_item(struct compiler *c, struct constructor *k)
{
    if (k->item.kind == X_VOID)
        return;
    gen_to_next(c, &k->item);
    k->item.kind = X_VOID;
    if (k->waiting == LIST_BATCH) {
        set_list(c, k, k->waiting);
        k->narray += k->waiting;
        k->waiting = 0;
    }
}

static void last_item(struct compiler *c, struct constructor *k)
{
    if (k->waiting == 0)
        return;
    if (operand_is_multi(&k->item)) {
        gen_set_results(c, &k->item, -1);
        set_list(c, k, 0);
        k->narray--; /* not counted: unknown how many */
    } else {
        if (k->item.kind != X_VOID)
            gen_to_next(c, &k->item);
        set_list(c, k, k->waiting);
    }
    k->narray += k->waiting;
}

static void field(struct compiler *c, struct constructor *k)
{
    bool named = token(c) == '[' || (token(c) == TK_NAME && lex_peek(&c->ls) == '=');
    if (named) {
        named_field(c, k);
    } else {
        expr(c, &k->item);
        k->waiting++;
    }
}

static int capped(int n, int max) { return n > max ? max : n; }

static void constructor(struct compiler *c, struct operand *e)
{
    struct constructor k = {.pc = gen_abcd(c, OP_NEWTABLE, 0, 0, 0, 0)};
    int line = c->ls.line;
    operand_init(e, X_REG);
    e->reg = c->f->freereg;
    gen_reserve(c, 1);
    k.table = *e;
    operand_init(&k.item, X_VOID);
    expect(c, '{');
    while (token(c) != '}') {
        place_item(c, &k);
        field(c, &k);
        if (!accept(c, ',') && !accept(c, ';'))
            break;
    }
    expect_close(c, '}', '{', line);
    last_item(c, &k);
    *gen_at(c, k.pc) = ins_abcd(OP_NEWTABLE, (unsigned)e->reg, (unsigned)capped(k.nhash, 0xffff), (unsigned)capped(k.narray, 0xffff), 0);
}

/* The arguments of a call of the function (and self) in e. line: where the called expression began. */
static void arguments(struct compiler *c, struct operand *e, int line)
{
    struct operand args;
    operand_init(&args, X_VOID);
    switch (token(c)) {
    case '(':
        next(c);
        if (token(c) != ')') {
            expr_list(c, &args);
            if (operand_is_multi(&args))
                gen_set_results(c, &args, -1);
        }
        expect_close(c, ')', '(', line);
        break;
    case '{': constructor(c, &args); break;
    case TK_STRING:
        string_operand(&args, c->ls.t.s);
        next(c);
        break;
    default: lex_syntax_error(&c->ls, "function arguments expected");
    }
    int base = e->reg, n = 0;
    if (!operand_is_multi(&args)) {
        if (args.kind != X_VOID)
            gen_to_next(c, &args);
        n = c->f->freereg - base;
    }
    operand_init(e, X_CALL);
    e->pc = gen_abcd(c, OP_CALL, base, n, 2, 0);
    gen_line(c, line);
    c->f->freereg = base + 1; /* the call takes the function and its arguments and leaves one value */
}

static void primary(struct compiler *c, struct operand *e)
{
    if (token(c) == TK_NAME) {
        variable(c, e);
        return;
    }
    check_that(c, token(c) == '(', "unexpected symbol");
    int line = c->ls.line;
    next(c);
    expr(c, e);
    expect_close(c, ')', '(', line);
    gen_discharge(c, e); /* one value, no variable */
}

static void suffixed(struct compiler *c, struct operand *e)
{
    int line = c->ls.line;
    primary(c, e);
    for (;;) {
        switch (token(c)) {
        case '.': dot_field(c, e); break;
        case '[': {
            struct operand key;
            gen_to_any_or_upval(c, e);
            bracket_key(c, &key);
            gen_index(c, e, &key);
            break;
        }
        case ':':
            next(c);
            gen_self(c, e, expect_name(c));
            arguments(c, e, line);
            break;
        case '(':
        case '{':
        case TK_STRING:
            gen_to_next(c, e);
            arguments(c, e, line);
            break;
        default: return;
        }
    }
}

static void simple(struct compiler *c, struct operand *e)
{
    switch (token(c)) {
    case TK_FLT:
        operand_init(e, X_FLT);
        e->n = c->ls.t.n;
        break;
    case TK_INT:
        operand_init(e, X_INT);
        e->i = c->ls.t.i;
        break;
    case TK_STRING: string_operand(e, c->ls.t.s); break;
    case TK_NIL: operand_init(e, X_NIL); break;
    case TK_TRUE: operand_init(e, X_TRUE); break;
    case TK_FALSE: operand_init(e, X_FALSE); break;
    case TK_DOTS:
        check_that(c, c->f->p->is_vararg, "cannot use '...' outside a vararg function");
        operand_init(e, X_VARARG);
        e->pc = gen_abcd(c, OP_VARARG, 0, 0, 2, 0);
        break;
    case '{': constructor(c, e); return;
    case TK_FUNCTION:
        next(c);
        body(c, e, false, c->ls.line);
        return;
    default: suffixed(c, e); return;
    }
    next(c);
}

static enum unary unary_of(int type)
{
    switch (type) {
    case TK_NOT: return U_NOT;
    case '-': return U_NEG;
    case '~': return U_BNOT;
    case '#': return U_LEN;
    default: return U_NONE;
    }
}

static enum binary binary_of(int type)
{
    switch (type) {
    case '+': return B_ADD;
    case '-': return B_SUB;
    case '*': return B_MUL;
    case '%': return B_MOD;
    case '^': return B_POW;
    case '/': return B_DIV;
    case TK_IDIV: return B_IDIV;
    case '&': return B_BAND;
    case '|': return B_BOR;
    case '~': return B_BXOR;
    case TK_SHL: return B_SHL;
    case TK_SHR: return B_SHR;
    case TK_CONCAT: return B_CONCAT;
    case TK_NE: return B_NE;
    case TK_EQ: return B_EQ;
    case '<': return B_LT;
    case TK_LE: return B_LE;
    case '>': return B_GT;
    case TK_GE: return B_GE;
    case TK_AND: return B_AND;
    case TK_OR: return B_OR;
    default: return B_NONE;
    }
}

/* How tightly an operator holds what stands left and right of it; a right-associative one holds less on its right. */
static const struct {
    uint8_t left, right;
} binds[] = {
    [B_OR] = {1, 1},
    [B_AND] = {2, 2},
    [B_EQ] = {3, 3},
    [B_NE] = {3, 3},
    [B_LT] = {3, 3},
    [B_LE] = {3, 3},
    [B_GT] = {3, 3},
    [B_GE] = {3, 3},
    [B_BOR] = {4, 4},
    [B_BXOR] = {5, 5},
    [B_BAND] = {6, 6},
    [B_SHL] = {7, 7},
    [B_SHR] = {7, 7},
    [B_CONCAT] = {9, 8},
    [B_ADD] = {10, 10},
    [B_SUB] = {10, 10},
    [B_MUL] = {11, 11},
    [B_DIV] = {11, 11},
    [B_IDIV] = {11, 11},
    [B_MOD] = {11, 11},
    [B_POW] = {14, 13},
    [B_NONE] = {0, 0},
};
#define UNARY_BINDS 12

/* Reads an expression whose operators bind tighter than limit; returns the operator that ended it. */
static enum binary sub_expr(struct compiler *c, struct operand *e, int limit)
{
    enter_level(c);
    enum unary u = unary_of(token(c));
    if (u != U_NONE) {
        int line = c->ls.line;
        next(c);
        sub_expr(c, e, UNARY_BINDS);
        gen_unary(c, u, e, line);
    } else {
        simple(c, e);
    }
    enum binary op = binary_of(token(c));
    while (binds[op].left > limit) {
        struct operand right;
        int line = c->ls.line;
        next(c);
        gen_infix(c, op, e);
        enum binary after = sub_expr(c, &right, binds[op].right);
        gen_binary(c, op, e, &right, line);
        op = after;
    }
    leave_level(c);
    return op;
}

static void expr(struct compiler *c, struct operand *e)
{
    sub_expr(c, e, 0);
}

/* ---- assignments ---- */

struct target {
    struct target *prev;
    struct operand var;
};

/* `a.x, a = ...`: the tables and keys of targets on the left are taken before anything is assigned, but they are
 * still the variable itself. Gives them a copy. */
static void save_conflicts(struct compiler *c, struct target *t, const struct operand *var)
{
    int copy = c->f->freereg;
    bool conflict = false;
    for (; t != NULL; t = t->prev) {
        enum operand_kind kind = t->var.kind;
        if (kind == X_UPFIELD) {
            if (var->kind == X_UPVAL && t->var.tab == var->idx) {
                conflict = true;
                t->var.kind = X_FIELD;
                t->var.tab = copy;
            }
        } else if (kind >= X_FIELD && kind <= X_INDEX && var->kind == X_LOCAL) {
            if (t->var.tab == var->reg) {
                conflict = true;
                t->var.tab = copy;
            }
            if (kind == X_INDEX && t->var.key == var->reg) {
                conflict = true;
                t->var.key = copy;
            }
        }
    }
    if (!conflict)
        return;
    if (var->kind == X_LOCAL)
        gen_abcd(c, OP_MOVE, copy, var->reg, 0, 0);
    else
        gen_abcd(c, OP_GETUPVAL, copy, var->idx, 0, 0);
    gen_reserve(c, 1);
}

static void assignment(struct compiler *c, struct target *t, int nvars)
{
    struct operand e;
    check_that(c, t->var.kind >= X_CONST && t->var.kind <= X_INDEX && t->var.kind != X_REG, "syntax error");
    check_assignable(c, &t->var);
    if (accept(c, ',')) {
        struct target more = {.prev = t};
        suffixed(c, &more.var);
        if (more.var.kind == X_LOCAL || more.var.kind == X_UPVAL)
            save_conflicts(c, t, &more.var);
        enter_level(c);
        assignment(c, &more, nvars + 1);
        leave_level(c);
    } else {
        expect(c, '=');
        int nexps = expr_list(c, &e);
        if (nexps == nvars) {
            if (operand_is_multi(&e))
                gen_discharge(c, &e); /* one value */
            gen_store(c, &t->var, &e);
            return;
        }
        adjust(c, nvars, nexps, &e);
    }
    operand_init(&e, X_REG);
    e.reg = c->f->freereg - 1;
    gen_store(c, &t->var, &e);
}

static void expression_statement(struct compiler *c)
{
    struct target t = {.prev = NULL};
    suffixed(c, &t.var);
    if (token(c) == '=' || token(c) == ',') {
        assignment(c, &t, 1);
    } else {
        check_that(c, t.var.kind == X_CALL, "syntax error");
        gen_set_results(c, &t.var, 0);
    }
}

/* ---- control ---- */

/* Falls through if e is true; returns the jumps that are taken when it is false. */
static int branch_if_false(struct compiler *c, struct operand *e)
{
    if ((e->kind == X_NIL || e->kind == X_FALSE) && e->jt == e->jf)
        return gen_jump(c);
    gen_go_if_true(c, e);
    return e->jf;
}

static bool always_true(const struct operand *e)
{
    return e->kind >= X_TRUE && e->kind <= X_STR && e->jt == e->jf;
}

static int branch_if_true(struct compiler *c, struct operand *e)
{
    if (always_true(e))
        return gen_jump(c);
    gen_go_if_false(c, e);
    return e->jt;
}

static void goto_statement(struct compiler *c)
{
    int line = c->ls.line;
    struct lstr *name = expect_name(c);
    struct label *l = find_label(c, name);
    if (l == NULL) {
        new_goto(c, name, line, gen_jump(c));
        return;
    }
    int level = registers_of(c, c->f, l->nactive);
    if (c->f->nfixed > level)
        gen_abcd(c, OP_CLOSE, level, 1, 0, 0); /* B: perhaps not needed, see finish_close */
    if (l->hot < 0)
        l->hot = gen_new_hot(c, l->pc);
    gen_loop(c, l->pc, l->hot, true);
}

static void break_statement(struct compiler *c)
{
    int line = c->ls.line;
    next(c);
    new_goto(c, c->break_name, line, gen_jump(c));
}

static void label_statement(struct compiler *c, struct lstr *name, int line)
{
    expect(c, TK_DBCOLON);
    while (token(c) == ';' || token(c) == TK_DBCOLON)
        statement(c);
    struct label *l = find_label(c, name);
    if (l != NULL)
        meaning_error(c, lex_pushf(c->L, "label '%s' already defined on line %d", name->data, l->line));
    bool last = block_follows(c, false); /* then the block's variables count as gone */
    new_label(c, name, line, last ? c->f->block->nactive : c->f->nactive, c->f->nfixed);
}

static void while_statement(struct compiler *c, int line)
{
    struct block b;
    next(c);
    struct operand e;
    int start = gen_here(c), hot = gen_new_hot(c, start);
    expr(c, &e);
    int out = branch_if_false(c, &e);
    enter_block(c, &b, true);
    expect(c, TK_DO);
    block(c);
    gen_loop(c, start, hot, true);
    expect_close(c, TK_END, TK_WHILE, line);
    leave_block(c);
    gen_patch_here(c, out);
}

/* The condition sees the body's variables, so they are closed on both ways out of it. */
static void repeat_statement(struct compiler *c, int line)
{
    struct block loop, scope;
    struct operand e;
    int start = gen_here(c), hot = gen_new_hot(c, start);
    enter_block(c, &loop, true);
    enter_block(c, &scope, false);
    next(c);
    statements(c);
    expect_close(c, TK_UNTIL, TK_REPEAT, line);
    int cond = c->f->pc;
    expr(c, &e);
    if (!always_true(&e)) { /* else it does not repeat */
        int out = branch_if_true(c, &e);
        int cond_line = c->f->pc > cond ? c->lines.at[c->lines.n - 1] : c->ls.lastline;
        if (scope.has_upval)
            gen_abcd(c, OP_CLOSE, registers_of(c, c->f, scope.nactive), 0, 0, 0);
        gen_loop(c, start, hot, c->f->pc > cond);
        gen_line(c, scope.has_upval ? c->ls.lastline : cond_line);
        gen_patch_here(c, out);
    }
    leave_block(c); /* writes the CLOSE of the way out */
    leave_block(c);
}

static void expr_to_next(struct compiler *c)
{
    struct operand e;
    expr(c, &e);
    gen_to_next(c, &e);
}

/* From DO to the back edge; both kinds. Sets prep's and loop's jumps. */
static void for_body(struct compiler *c, int base, int line, int nvars, bool generic)
{
    struct block b;
    expect(c, TK_DO);
    int hot = gen_new_hot(c, c->f->pc + 1);
    int prep = gen_abe(c, generic ? OP_TFORPREP : OP_FORPREP, base, generic ? 0 : hot, 0);
    gen_here(c); /* the body is jumped to */
    enter_block(c, &b, false);
    activate(c, nvars);
    gen_reserve(c, nvars);
    block(c);
    leave_block(c);
    gen_here(c);
    if (generic) {
        *gen_at(c, prep) = ins_abe(OP_TFORPREP, (unsigned)base, 0, c->f->pc - (prep + 1));
        gen_abcd(c, OP_TFORCALL, base, 0, nvars, 0);
        gen_line(c, line);
    }
    int loop = gen_abe(c, generic ? OP_TFORLOOP : OP_FORLOOP, base, hot, prep + 1 - (c->f->pc + 1));
    gen_line(c, line);
    if (!generic)
        *gen_at(c, prep) = ins_abe(OP_FORPREP, (unsigned)base, (unsigned)hot, loop + 1 - (prep + 1));
    gen_here(c);
}

static void numeric_for(struct compiler *c, struct lstr *name, int line)
{
    int base = c->f->freereg;
    for (int i = 0; i < 3; i++)
        new_local(c, c->for_state);
    new_local(c, name);
    expect(c, '=');
    expr_to_next(c);
    expect(c, ',');
    expr_to_next(c);
    if (accept(c, ',')) {
        expr_to_next(c);
    } else {
        gen_abe(c, OP_LOADI, c->f->freereg, 0, 1);
        gen_reserve(c, 1);
    }
    activate(c, 3);
    for_body(c, base, line, 1, false);
}

static void mark_tbc(struct compiler *c)
{
    struct block *b = c->f->block;
    b->has_upval = true;
    b->inside_tbc = true;
}

static void generic_for(struct compiler *c, struct lstr *name)
{
    struct operand e;
    int base = c->f->freereg, nvars = 1;
    for (int i = 0; i < 4; i++)
        new_local(c, c->for_state);
    new_local(c, name);
    while (accept(c, ',')) {
        new_local(c, expect_name(c));
        nvars++;
    }
    expect(c, TK_IN);
    int line = c->ls.line;
    adjust(c, 4, expr_list(c, &e), &e);
    activate(c, 4);
    mark_tbc(c);
    gen_check_stack(c, 3); /* for the call of the iterator */
    for_body(c, base, line, nvars, true);
}

static void for_statement(struct compiler *c, int line)
{
    struct block b;
    enter_block(c, &b, true);
    next(c);
    struct lstr *name = expect_name(c);
    switch (token(c)) {
    case '=': numeric_for(c, name, line); break;
    case ',':
    case TK_IN: generic_for(c, name); break;
    default: lex_syntax_error(&c->ls, "'=' or 'in' expected");
    }
    expect_close(c, TK_END, TK_FOR, line);
    leave_block(c);
}

/* One `if` or `elseif` with its block. *escape: jumps to the end of the whole statement. */
static void test_then(struct compiler *c, int *escape)
{
    struct block b;
    struct operand e;
    int over;
    next(c);
    expr(c, &e);
    expect(c, TK_THEN);
    if (token(c) == TK_BREAK) { /* the condition itself jumps out of the loop */
        int line = c->ls.line, out = branch_if_true(c, &e);
        next(c);
        enter_block(c, &b, false);
        if (out >= 0)
            new_goto(c, c->break_name, line, out);
        while (accept(c, ';'))
            ;
        if (block_follows(c, false)) {
            leave_block(c);
            return;
        }
        over = gen_jump(c);
    } else {
        over = branch_if_false(c, &e);
        enter_block(c, &b, false);
    }
    statements(c);
    leave_block(c);
    if (token(c) == TK_ELSE || token(c) == TK_ELSEIF)
        gen_concat(c, escape, gen_jump(c));
    gen_patch_here(c, over);
}

static void if_statement(struct compiler *c, int line)
{
    int escape = -1;
    test_then(c, &escape);
    while (token(c) == TK_ELSEIF)
        test_then(c, &escape);
    if (accept(c, TK_ELSE))
        block(c);
    expect_close(c, TK_END, TK_IF, line);
    gen_patch_here(c, escape);
}

/* ---- declarations ---- */

static void local_function(struct compiler *c)
{
    struct operand e;
    int v = new_local(c, expect_name(c));
    activate(c, 1);
    body(c, &e, false, c->ls.line);
    /* for the debugger the variable begins when it has its value */
    c->locvars.at[c->f->locvar0 + c->vars.at[v].locvar].startpc = c->f->pc;
}

static enum var_kind attribute(struct compiler *c)
{
    if (!accept(c, '<'))
        return VAR_PLAIN;
    struct lstr *s = expect_name(c);
    expect(c, '>');
    if (strcmp(s->data, "const") == 0)
        return VAR_CONST;
    if (strcmp(s->data, "close") == 0)
        return VAR_TBC;
    meaning_error(c, lex_pushf(c->L, "unknown attribute '%s'", s->data));
}

static void local_statement(struct compiler *c)
{
    struct operand e;
    int nvars = 0, nexps, tbc = -1, last;
    do {
        last = new_local(c, expect_name(c));
        enum var_kind kind = attribute(c);
        c->vars.at[last].kind = kind;
        if (kind == VAR_TBC) {
            if (tbc >= 0)
                meaning_error(c, "multiple to-be-closed variables in local list");
            tbc = c->f->nactive + nvars;
        }
        nvars++;
    } while (accept(c, ','));
    if (accept(c, '=')) {
        nexps = expr_list(c, &e);
    } else {
        operand_init(&e, X_VOID);
        nexps = 0;
    }
    struct value k;
    if (nvars == nexps && c->vars.at[last].kind == VAR_CONST && gen_constant(c, &e, &k)) {
        c->vars.at[last].kind = VAR_CTC;
        c->vars.at[last].k = k;
        activate(c, nvars - 1);
        c->f->nactive++;
    } else {
        adjust(c, nvars, nexps, &e);
        activate(c, nvars);
    }
    if (tbc >= 0) {
        mark_tbc(c);
        gen_abcd(c, OP_TBC, registers_of(c, c->f, tbc), 0, 0, 0);
    }
}

static void function_statement(struct compiler *c, int line)
{
    struct operand var, e;
    bool method = false;
    next(c);
    variable(c, &var);
    while (token(c) == '.')
        dot_field(c, &var);
    if (token(c) == ':') {
        method = true;
        dot_field(c, &var);
    }
    body(c, &e, method, line);
    check_assignable(c, &var);
    gen_store(c, &var, &e);
    gen_line(c, line); /* the definition happens on its first line */
}

static void return_statement(struct compiler *c)
{
    struct operand e;
    int n = 0, first = c->f->nfixed;
    if (!block_follows(c, true) && token(c) != ';') {
        n = expr_list(c, &e);
        if (operand_is_multi(&e)) {
            gen_set_results(c, &e, -1);
            if (e.kind == X_CALL && n == 1 && !c->f->block->inside_tbc) {
                lua_ins call = *gen_at(c, e.pc);
                *gen_at(c, e.pc) = ins_abcd(OP_TAILCALL, ins_a(call), ins_b(call), 0, 0);
            }
            n = -1;
        } else if (n == 1) {
            first = gen_to_any(c, &e);
        } else {
            gen_to_next(c, &e);
        }
    }
    gen_return(c, first, n);
    accept(c, ';');
}

/* ---- statements ---- */

static void statement(struct compiler *c)
{
    int line = c->ls.line;
    enter_level(c);
    switch (token(c)) {
    case ';': next(c); break;
    case TK_IF: if_statement(c, line); break;
    case TK_WHILE: while_statement(c, line); break;
    case TK_DO:
        next(c);
        block(c);
        expect_close(c, TK_END, TK_DO, line);
        break;
    case TK_FOR: for_statement(c, line); break;
    case TK_REPEAT: repeat_statement(c, line); break;
    case TK_FUNCTION: function_statement(c, line); break;
    case TK_LOCAL:
        next(c);
        if (accept(c, TK_FUNCTION))
            local_function(c);
        else
            local_statement(c);
        break;
    case TK_DBCOLON:
        next(c);
        label_statement(c, expect_name(c), line);
        break;
    case TK_RETURN:
        next(c);
        return_statement(c);
        break;
    case TK_BREAK: break_statement(c); break;
    case TK_GOTO:
        next(c);
        goto_statement(c);
        break;
    default: expression_statement(c);
    }
    c->f->freereg = c->f->nfixed; /* temporaries are gone */
    leave_level(c);
}

/* ---- the chunk ---- */

struct compile_job {
    struct compiler *c;
    struct zio *z;
    const char *name;
    int firstchar;
    struct lclosure *cl;
};

static void main_function(struct compiler *c, struct compile_job *job)
{
    struct function f;
    struct block b;
    open_function(c, &f, &b, 0);
    f.p->is_vararg = 1;
    gen_abcd(c, OP_VARARGPREP, 0, 0, 0, 0);
    new_upval(c, &f, c->env, true, 0, VAR_PLAIN);
    next(c);
    statements(c);
    check(c, TK_EOS);
    job->cl->p = close_function(c);
}

static void compile_body(struct lua_State *L, void *ud)
{
    struct compile_job *job = ud;
    struct compiler *c = job->c;
    stack_check(L, 10);
    struct table *anchor = table_new(L, 0, 0);
    settable(L->top++, anchor);
    struct lstr *source = str_newz(L, job->name);
    setstr(L->top++, source);
    lex_start(&c->ls, L, job->z, anchor, source, job->firstchar);
    c->env = lex_string(&c->ls, "_ENV", 4);
    c->break_name = lex_string(&c->ls, "break", 5);
    c->for_state = lex_string(&c->ls, "(for state)", 11);
    lex_anchor(&c->ls, source, T_STR);
    job->cl = func_new_lua(L, 1);
    setgc(L->top - 1, job->cl, T_LCL); /* takes the place of the source name */
    main_function(c, job);
    gc_barrier_obj(L, job->cl, job->cl->p);
    lua_jit_proto_init(L, job->cl->p);
    setval(L->top - 2, L->top - 1);
    L->top--;
}

struct lclosure *compile_text(struct lua_State *L, struct zio *z, const char *chunkname, int firstchar)
{
    struct compiler c;
    struct compile_job job = {&c, z, chunkname, firstchar, NULL};
    compiler_init(&c, L);
    int status = call_protected(L, compile_body, &job, stack_save(L, L->top), L->errfunc);
    compiler_fini(&c);
    if (status != LUA_OK)
        call_throw(L, status);
    return job.cl;
}
