/* debug.c: the debug interface (lua_Debug), the line and count hooks, and the words of run-time errors.
 *
 * An error message names the variable that held the wrong value, and a traceback names functions by the variable
 * they were called through. Neither is stored anywhere. Both are found by looking backwards in the bytecode
 * for the instruction that loaded the register in question ("symbolic execution"): a name is given only when
 * that instruction certainly ran.
 *
 * Invariants
 *  1. The saved pc of a Lua frame is the instruction after the one that is executed, so its index is
 *     pc - code - 1. A frame that has not begun counts as being at its first instruction.
 *  2. lua_sethook may be called by a signal handler at any instruction: it only stores words.
 *  3. L->oldpc is the index of the last instruction for which the line hook was considered. call.c sets it to 0 when
 *     a Lua function is entered with hooks, to 1 after the VARARGPREP of one (so that the next instruction is
 *     "not ahead" and counts as a new line), and to the caller's call instruction on return.
 *  4. What dbg_typeerror and its family get is the address of the operand itself (register or upvalue), not a copy:
 *     the address tells which variable it is.
 *
 * Before on the walk: api.c, vm.c (who raises). After: call.c (call_hook, call_error).
 */
#pragma GCC visibility push(default)
#include <lua5.4/lua.h>
#pragma GCC visibility pop
#include <stdio.h>
#include "lua/guest.h"

#define NOT_KNOWN (-1)

static inline bool is_lua(const struct callinfo *ci) { return !(ci->status & CIST_C); }
static inline struct proto *proto_of(const struct callinfo *ci) { return ci->func->lcl->p; }
/* The frame of a Lua function that does the work of the C function below it (sort.c). */
static inline bool is_hidden(const struct callinfo *ci) { return is_lua(ci) && ci->func->tag == T_LCL && proto_of(ci)->hidden; }
static inline struct callinfo *ci_of(const lua_Debug *ar) { return (struct callinfo *)ar->i_ci; }

static int current_pc(const struct callinfo *ci)
{
    ptrdiff_t pc = ci->pc - proto_of(ci)->code - 1;
    return pc < 0 ? 0 : (int)pc;
}

static int line_of(const struct proto *p, int pc)
{
    return p->lineinfo != NULL && (uint32_t)pc < p->nlineinfo ? p->lineinfo[pc] : -1;
}

static int current_line(const struct callinfo *ci)
{
    return line_of(proto_of(ci), current_pc(ci));
}

/* ---- names of chunks ---- */

static char *put(char *out, const char *s, size_t n)
{
    memcpy(out, s, n);
    out[n] = '\0';
    return out + n;
}

/* The printable form of a chunk's source, at most LUA_IDSIZE bytes with its NUL:
 *   "=text" text, cut at the end;  "@file" file, cut at the start;  else [string "first line..."]. */
void dbg_chunkid(char *out, const char *source, size_t srclen)
{
    const size_t max = LUA_IDSIZE - 1;
    if (*source == '=') {
        srclen--;
        put(out, source + 1, srclen <= max ? srclen : max);
    } else if (*source == '@') {
        source++, srclen--;
        if (srclen > max) {
            out = put(out, "...", 3);
            source += srclen - (max - 3);
            srclen = max - 3;
        }
        put(out, source, srclen);
    } else {
        const size_t room = max - strlen("[string \"...\"]");
        const char *nl = memchr(source, '\n', srclen);
        bool whole = nl == NULL && srclen < room; /* one that just fits is shown as cut, as by the distribution */
        if (nl != NULL)
            srclen = (size_t)(nl - source);
        if (srclen > room)
            srclen = room;
        out = put(out, "[string \"", 9);
        out = put(out, source, srclen);
        if (!whole)
            out = put(out, "...", 3);
        put(out, "\"]", 2);
    }
}

/* ---- which variable is in a register ---- */

static const char *upvalue_name(const struct proto *p, unsigned n)
{
    const struct lstr *s = n < p->nupvals ? p->upvals[n].name : NULL;
    return s != NULL ? s->data : "?";
}

static const char *constant_name(const struct proto *p, unsigned k)
{
    return k < p->nk && p->k[k].tag == T_STR ? p->k[k].s->data : "?";
}

/* Does instruction i write register reg when it goes on to the next instruction (or, JTS and JFS, when it jumps)? */
static bool writes_register(lua_ins i, unsigned reg)
{
    unsigned a = ins_a(i);
    if (op_compares(ins_op(i))) return false;
    switch (ins_op(i)) {
    case OP_SETUPVAL:
    case OP_SETTABUP:
    case OP_SETTABLE:
    case OP_SETFIELD:
    case OP_SETINT:
    case OP_SETLIST:
    case OP_JMP:
    case OP_LOOP:
    case OP_JT:
    case OP_JF:
    case OP_RETURN:
    case OP_RETURN0:
    case OP_RETURN1:
    case OP_VARARGPREP:
    case OP_CLOSE:
    case OP_TBC:
    case OP_TFORPREP:
        return false;
    case OP_LOADNIL: return reg >= a && reg <= a + ins_b(i);
    case OP_SELF: return reg == a || reg == a + 1;
    case OP_CALL:
    case OP_TAILCALL:
    case OP_VARARG: return reg >= a;
    case OP_CONCAT: return reg == a || (reg >= ins_b(i) && reg < ins_b(i) + ins_c(i));
    case OP_FORPREP:
    case OP_FORLOOP: return reg >= a && reg <= a + 3;
    case OP_TFORCALL: return reg >= a + 4;
    case OP_TFORLOOP: return reg == a + 2;
    default: return reg == a;
    }
}

/* Target of a forward jump that skips code of an expression or statement, or 0. Loop instructions do not count: what
 * a loop body loads is not looked at after the loop. */
static int jump_target(lua_ins i, int pc)
{
    switch (ins_op(i)) {
    case OP_JMP:
    case OP_JT:
    case OP_JF:
    case OP_JTS:
    case OP_JFS:
        return pc + 1 + ins_e(i);
    default:
        return op_compares(ins_op(i)) ? pc + 1 + ins_e(i) : 0;
    }
}

/* The instruction before `upto` that loaded reg, or NOT_KNOWN when it is not certain that it ran: it stands in code
 * that a jump may have skipped. */
static int find_load(const struct proto *p, int upto, unsigned reg)
{
    int found = NOT_KNOWN, skipped = 0; /* instructions before `skipped` may not have run */
    for (int pc = 0; pc < upto; pc++) {
        lua_ins i = p->code[pc];
        if (writes_register(i, reg))
            found = pc < skipped ? NOT_KNOWN : pc;
        int target = jump_target(i, pc);
        if (target <= upto && target > skipped)
            skipped = target;
    }
    return found;
}

static const char *register_name(const struct proto *p, int pc, unsigned reg, const char **name);

/* Is the indexed variable _ENV, so that its fields are globals? */
static const char *field_kind(const char *table_name)
{
    return table_name != NULL && strcmp(table_name, "_ENV") == 0 ? "global" : "field";
}

/* Name of the key in register reg: only a string constant has one. */
static const char *key_name(const struct proto *p, int pc, unsigned reg)
{
    const char *name, *kind = register_name(p, pc, reg, &name);
    return kind != NULL && strcmp(kind, "constant") == 0 ? name : "?";
}

/* What instruction pc loads: returns the kind of variable and puts its name into *name, or returns NULL. */
static const char *loaded_name(const struct proto *p, int pc, const char **name)
{
    lua_ins i = p->code[pc];
    const char *table = NULL;
    switch (ins_op(i)) {
    case OP_MOVE:
        return ins_b(i) < ins_a(i) ? register_name(p, pc, ins_b(i), name) : NULL;
    case OP_GETUPVAL:
        *name = upvalue_name(p, ins_b(i));
        return "upvalue";
    case OP_GETTABUP:
        *name = constant_name(p, ins_c(i));
        return field_kind(upvalue_name(p, ins_b(i)));
    case OP_GETFIELD:
        *name = constant_name(p, ins_c(i));
        register_name(p, pc, ins_b(i), &table);
        return field_kind(table);
    case OP_GETTABLE:
        *name = key_name(p, pc, ins_c(i));
        register_name(p, pc, ins_b(i), &table);
        return field_kind(table);
    case OP_GETINT:
        *name = ins_c(i) <= UINT8_MAX ? "integer index" : "?"; /* the distribution's has 8 bits for it */
        return "field";
    case OP_SELF:
        *name = constant_name(p, ins_c(i));
        return "method";
    case OP_LOADK:
        if (p->k[ins_e(i)].tag != T_STR)
            return NULL;
        *name = p->k[ins_e(i)].s->data;
        return "constant";
    default:
        return NULL;
    }
}

/* What register reg holds when instruction pc is executed. */
static const char *register_name(const struct proto *p, int pc, unsigned reg, const char **name)
{
    *name = func_local_name(p, (int)reg + 1, pc);
    if (*name != NULL)
        return "local";
    int load = find_load(p, pc, reg);
    return load == NOT_KNOWN ? NULL : loaded_name(p, load, name);
}

/* ---- how a function was called ---- */

static enum metamethod arith_event(enum opcode op)
{
    return (enum metamethod)(MM_ADD + (op - OP_ADD) % (OP_SHR - OP_ADD + 1));
}

/* The metamethod that instruction i may call, or NUM_MM. */
static enum metamethod event_of(lua_ins i)
{
    enum opcode op = ins_op(i);
    if (op >= OP_ADD && op <= OP_KSHR)
        return arith_event(op);
    switch (op) {
    case OP_SELF:
    case OP_GETTABUP:
    case OP_GETTABLE:
    case OP_GETFIELD:
    case OP_GETINT: return MM_INDEX;
    case OP_SETTABUP:
    case OP_SETTABLE:
    case OP_SETFIELD:
    case OP_SETINT: return MM_NEWINDEX;
    case OP_UNM: return MM_UNM;
    case OP_BNOT: return MM_BNOT;
    case OP_LEN: return MM_LEN;
    case OP_CONCAT: return MM_CONCAT;
#define OP(name, format, what)
#define CMP(event, name, format, what) \
    case OP_##name: \
        return MM_##event;
#define CMPK CMP
#include "lua/opcodes.def"
    case OP_CLOSE:
    case OP_RETURN:
    case OP_TAILCALL: return MM_CLOSE;
    default: return NUM_MM;
    }
}

_Static_assert(OP_KSHR - OP_ADD + 1 == 3 * (OP_SHR - OP_ADD + 1), "three groups of arithmetic instructions");
_Static_assert(MM_SHR - MM_ADD == OP_SHR - OP_ADD, "arithmetic events are in the order of the instructions");

/* Name of the function that frame ci is calling. */
static const char *called_name(lua_State *L, const struct callinfo *ci, const char **name)
{
    if (ci->status & CIST_HOOKED) {
        *name = "?";
        return "hook";
    }
    if (ci->status & CIST_FIN) {
        *name = "__gc";
        return "metamethod";
    }
    if (!is_lua(ci) || is_hidden(ci))
        return NULL;
    const struct proto *p = proto_of(ci);
    int pc = current_pc(ci);
    lua_ins i = p->code[pc];
    if (ins_op(i) == OP_CALL || (ins_op(i) == OP_TAILCALL && !(ci->status & CIST_CLOSERET)))
        return register_name(p, pc, ins_a(i), name);
    if (ins_op(i) == OP_TFORCALL) {
        *name = "for iterator";
        return "for iterator";
    }
    enum metamethod e = event_of(i);
    if (e == NUM_MM)
        return NULL;
    *name = L->g->mmname[e]->data + 2; /* without the underscores */
    return "metamethod";
}

/* ---- lua_getinfo ---- */

int lua_getstack(lua_State *L, int level, lua_Debug *ar)
{
    struct callinfo *ci = L->ci;
    if (level < 0)
        return 0;
    for (; ci != &L->base_ci && (level > 0 || is_hidden(ci)); ci = ci->prev)
        level -= !is_hidden(ci);
    if (ci == &L->base_ci)
        return 0;
    ar->i_ci = (struct CallInfo *)ci;
    return 1;
}

static void info_source(lua_Debug *ar, const struct value *f)
{
    if (f->tag != T_LCL) {
        ar->source = "=[C]";
        ar->srclen = strlen(ar->source);
        ar->linedefined = ar->lastlinedefined = -1;
        ar->what = "C";
    } else {
        const struct proto *p = f->lcl->p;
        ar->source = p->source != NULL ? p->source->data : "=?";
        ar->srclen = p->source != NULL ? p->source->len : strlen(ar->source);
        ar->linedefined = p->linedefined;
        ar->lastlinedefined = p->lastlinedefined;
        ar->what = p->linedefined == 0 ? "main" : "Lua";
    }
    dbg_chunkid(ar->short_src, ar->source, ar->srclen);
}

static void info_upvalues(lua_Debug *ar, const struct value *f)
{
    ar->nups = f->tag == T_LCL ? f->lcl->nupvals : f->tag == T_CCL ? f->ccl->nupvals
                                                                   : 0;
    ar->isvararg = f->tag == T_LCL ? f->lcl->p->is_vararg != 0 : 1;
    ar->nparams = f->tag == T_LCL ? f->lcl->p->numparams : 0;
}

static void info_name(lua_State *L, lua_Debug *ar, const struct callinfo *ci)
{
    ar->namewhat = NULL;
    if (ci != NULL && !(ci->status & CIST_TAIL))
        ar->namewhat = called_name(L, ci->prev, &ar->name);
    if (ar->namewhat == NULL) {
        ar->namewhat = "";
        ar->name = NULL;
    }
}

static void info_transfer(lua_Debug *ar, const struct callinfo *ci)
{
    bool valid = ci != NULL && (ci->status & CIST_TRAN);
    ar->ftransfer = valid ? ci->u2.ftransfer : 0;
    ar->ntransfer = valid ? ci->u2.ntransfer : 0;
}

/* Fills what the options ask for; ci is NULL for a function that is not running. 0: an unknown option. */
static int info_fill(lua_State *L, const char *what, lua_Debug *ar, const struct value *f, struct callinfo *ci)
{
    int known = 1;
    for (; *what != '\0'; what++) {
        switch (*what) {
        case 'S': info_source(ar, f); break;
        case 'l': ar->currentline = ci != NULL && is_lua(ci) ? current_line(ci) : -1; break;
        case 'u': info_upvalues(ar, f); break;
        case 't': ar->istailcall = ci != NULL && (ci->status & CIST_TAIL); break;
        case 'n': info_name(L, ar, ci); break;
        case 'r': info_transfer(ar, ci); break;
        case 'L':
        case 'f': break; /* pushed by lua_getinfo */
        default: known = 0; break;
        }
    }
    return known;
}

/* Pushes the set of lines that have code: those on which a line hook can stop. */
static void push_active_lines(lua_State *L, const struct value *f)
{
    if (f->tag != T_LCL) {
        setnil(L->top++);
        return;
    }
    const struct proto *p = f->lcl->p;
    struct table *t = table_new(L, 0, 0);
    struct value yes = {.tag = T_TRUE};
    settable(L->top++, t);
    if (p->lineinfo == NULL)
        return;
    for (uint32_t pc = p->is_vararg ? 1 : 0; pc < p->nlineinfo; pc++) /* VARARGPREP is no line's code */
        table_setint(L, t, p->lineinfo[pc], &yes);
}

int lua_getinfo(lua_State *L, const char *what, lua_Debug *ar)
{
    struct callinfo *ci = NULL;
    struct value f;
    if (*what == '>') {
        what++;
        L->top--;
        setval(&f, L->top);
    } else {
        ci = ci_of(ar);
        setval(&f, ci->func);
    }
    int known = info_fill(L, what, ar, &f, ci);
    bool lines = strchr(what, 'L') != NULL;
    if (strchr(what, 'f') != NULL) {
        setval(L->top++, &f);
        if (lines)
            push_active_lines(L, &f);
    } else if (lines) {
        setval(L->top++, &f); /* keeps the function alive meanwhile */
        push_active_lines(L, &f);
        setval(L->top - 2, L->top - 1);
        L->top--;
    }
    return known;
}

/* ---- local variables ---- */

static const char *find_vararg(struct callinfo *ci, int n, struct value **pos)
{
    if (!proto_of(ci)->is_vararg || n < -ci->nvarargs)
        return NULL;
    *pos = ci->func - ci->nvarargs - (n + 1);
    return "(vararg)";
}

/* Local n of frame ci: its name, and its place in *pos. Values without a name count as temporaries. */
static const char *find_local(lua_State *L, struct callinfo *ci, int n, struct value **pos)
{
    struct value *base = ci->func + 1;
    if (is_lua(ci)) {
        if (n < 0)
            return find_vararg(ci, n, pos);
        const char *name = func_local_name(proto_of(ci), n, current_pc(ci));
        if (name != NULL) {
            *pos = base + (n - 1);
            return name;
        }
    }
    struct value *limit = ci == L->ci ? L->top : ci->next->func;
    if (n <= 0 || limit - base < n)
        return NULL;
    *pos = base + (n - 1);
    return is_lua(ci) ? "(temporary)" : "(C temporary)";
}

const char *lua_getlocal(lua_State *L, const lua_Debug *ar, int n)
{
    if (ar == NULL) { /* parameters of the function at the top */
        const struct value *f = L->top - 1;
        return f->tag == T_LCL ? func_local_name(f->lcl->p, n, 0) : NULL;
    }
    struct value *pos;
    const char *name = find_local(L, ci_of(ar), n, &pos);
    if (name != NULL) {
        setval(L->top, pos);
        L->top++;
    }
    return name;
}

const char *lua_setlocal(lua_State *L, const lua_Debug *ar, int n)
{
    struct value *pos;
    const char *name = find_local(L, ci_of(ar), n, &pos);
    if (name != NULL) {
        L->top--;
        setval(pos, L->top);
        if (L->jit_base != NULL || (L->g->recording && L->g->rec_L == L))
            lua_jit_flush(L, "debug.setlocal"); /* machine code holds registers: it leaves behind the call that led here */
    }
    return name;
}

/* ---- hooks ---- */

/* Async-signal-safe: the running frames get their trap word, compiled loops are told by lua_jit_hook_set. */
void lua_sethook(lua_State *L, lua_Hook func, int mask, int count)
{
    if (func == NULL || mask == 0) {
        mask = 0;
        func = NULL;
    }
    L->hook = func;
    L->basehookcount = count;
    L->hookcount = count;
    L->hookmask = mask;
    if (mask != 0) {
        for (struct callinfo *ci = L->ci; ci != NULL; ci = ci->prev)
            if (is_lua(ci))
                ci->trap = 1;
        lua_jit_hook_set(L);
    }
}

lua_Hook lua_gethook(lua_State *L)
{
    return L->hook;
}

int lua_gethookmask(lua_State *L)
{
    return L->hookmask;
}

int lua_gethookcount(lua_State *L)
{
    return L->basehookcount;
}

/* Does the instruction take values up to L->top? Then a hook must leave L->top as it is. */
static bool uses_top(lua_ins i)
{
    switch (ins_op(i)) {
    case OP_CALL:
    case OP_TAILCALL:
    case OP_RETURN:
    case OP_SETLIST: return ins_b(i) == 0;
    case OP_VARARGPREP: return true;
    default: return false;
    }
}

/* A new line begins at a backward jump or where the line number changes. */
static bool begins_line(const struct proto *p, int oldpc, int pc)
{
    return pc <= oldpc || (p->lineinfo != NULL && p->lineinfo[oldpc] != p->lineinfo[pc]);
}

/* TFORPREP, the first TFORCALL and each TFORLOOP are one step with the instruction before them. */
static bool is_same_step(const struct proto *p, int oldpc, int pc)
{
    enum opcode op = ins_op(p->code[pc]);
    lua_ins before = p->code[oldpc];
    return op == OP_TFORLOOP || (op == OP_TFORCALL && ins_op(before) == OP_TFORPREP && oldpc + 1 + ins_e(before) == pc);
}

static void line_hook(lua_State *L, const struct proto *p, int pc)
{
    int oldpc = (uint32_t)L->oldpc < p->ncode ? L->oldpc : 0; /* may be from another function */
    if (is_same_step(p, oldpc, pc))
        return;
    if (begins_line(p, oldpc, pc))
        call_hook(L, LUA_HOOKLINE, line_of(p, pc), 0, 0);
    L->oldpc = pc;
}

/* Called by the interpreter while ci->trap is set, before it executes the instruction at pc. Returns whether the
 * trap stays on. Hooks may move the stack; a hook that yields does not return: the instruction is then executed
 * after the resume without calling the hook a second time (CIST_HOOKYIELD). */
int dbg_trace_exec(lua_State *L, const lua_ins *pc)
{
    struct callinfo *ci = L->ci;
    int mask = L->hookmask;
    if (!(mask & (LUA_MASKLINE | LUA_MASKCOUNT)) || is_hidden(ci)) {
        ci->trap = 0;
        return 0;
    }
    ci->pc = (lua_ins *)pc + 1;
    bool counted = (mask & LUA_MASKCOUNT) && --L->hookcount == 0;
    if (counted)
        L->hookcount = L->basehookcount;
    else if (!(mask & LUA_MASKLINE))
        return 1;
    if (ci->status & CIST_HOOKYIELD) {
        ci->status &= (uint16_t)~CIST_HOOKYIELD;
        return 1;
    }
    const struct proto *p = proto_of(ci);
    if (!uses_top(*pc))
        L->top = ci->top;
    if (counted)
        call_hook(L, LUA_HOOKCOUNT, -1, 0, 0);
    if (mask & LUA_MASKLINE)
        line_hook(L, p, (int)(pc - p->code));
    if (L->status == LUA_YIELD) {
        if (counted)
            L->hookcount = 1; /* the instruction is counted again after the resume */
        ci->pc = (lua_ins *)pc;
        ci->status |= CIST_HOOKYIELD;
        call_throw(L, LUA_YIELD);
    }
    return 1;
}

/* ---- the words of errors ---- */

/* " (kind 'name')", or "" when there is no name; pushes. */
static const char *format_variable(lua_State *L, const char *kind, const char *name)
{
    return kind == NULL ? "" : lua_pushfstring(L, " (%s '%s')", kind, name);
}

/* Errors of the interpreter may come with L->top below the live registers. */
static void protect_registers(lua_State *L)
{
    if (is_lua(L->ci) && L->top < L->ci->top)
        L->top = L->ci->top;
}

/* Which variable of the running Lua function is at address o? */
static const char *describe_variable(lua_State *L, const struct value *o)
{
    struct callinfo *ci = L->ci;
    const char *name = NULL, *kind = NULL;
    if (!is_lua(ci) || is_hidden(ci))
        return "";
    struct lclosure *f = ci->func->lcl;
    for (unsigned n = 0; n < f->nupvals && kind == NULL; n++) {
        if (f->upvals[n]->v == o) {
            name = upvalue_name(f->p, n);
            kind = "upvalue";
        }
    }
    const struct value *base = ci->func + 1;
    if (kind == NULL && o >= base && o < ci->top)
        kind = register_name(f->p, current_pc(ci), (unsigned)(o - base), &name);
    return format_variable(L, kind, name);
}

static _Noreturn void type_error(lua_State *L, const struct value *o, const char *op, const char *variable)
{
    dbg_runerror(L, "attempt to %s a %s value%s", op, meta_typename(L, o), variable);
}

void dbg_typeerror(lua_State *L, const struct value *o, const char *op)
{
    protect_registers(L);
    type_error(L, o, op, describe_variable(L, o));
}

/* The called value is named by the call instruction, which knows iterators and metamethods too. */
void dbg_callerror(lua_State *L, const struct value *o)
{
    const char *name = NULL, *kind;
    protect_registers(L);
    kind = called_name(L, L->ci, &name);
    type_error(L, o, "call", kind != NULL ? format_variable(L, kind, name) : describe_variable(L, o));
}

void dbg_forerror(lua_State *L, const struct value *o, const char *what)
{
    protect_registers(L);
    dbg_runerror(L, "bad 'for' %s (number expected, got %s)", strcmp(what, "initial") == 0 ? "initial value" : what,
                 meta_typename(L, o));
}

void dbg_concaterror(lua_State *L, const struct value *a, const struct value *b)
{
    bool a_is_fine = a->tag == T_STR || tag_is_number(a->tag);
    dbg_typeerror(L, a_is_fine ? b : a, "concatenate");
}

/* The culprit is the first operand that is not a number. */
void dbg_opinterror(lua_State *L, const struct value *a, const struct value *b, const char *msg)
{
    dbg_typeerror(L, tag_is_number(a->tag) ? b : a, msg);
}

/* Both are numbers; the culprit is the first one without an integer representation. */
void dbg_tointerror(lua_State *L, const struct value *a, const struct value *b)
{
    int64_t i;
    protect_registers(L);
    dbg_runerror(L, "number%s has no integer representation",
                 describe_variable(L, int_of_value(a, &i) ? b : a));
}

void dbg_ordererror(lua_State *L, const struct value *a, const struct value *b)
{
    const char *ta = meta_typename(L, a), *tb = meta_typename(L, b);
    protect_registers(L);
    if (strcmp(ta, tb) == 0)
        dbg_runerror(L, "attempt to compare two %s values", ta);
    dbg_runerror(L, "attempt to compare %s with %s", ta, tb);
}

const char *dbg_addinfo(lua_State *L, const char *msg, struct lstr *src, int line)
{
    char id[LUA_IDSIZE] = "?";
    if (src != NULL)
        dbg_chunkid(id, src->data, src->len);
    return lua_pushfstring(L, "%s:%d: %s", id, line, msg);
}

/* Formats like lua_pushfstring, with the place of the running Lua function in front. */
void dbg_runerror(lua_State *L, const char *fmt, ...)
{
    struct callinfo *ci = L->ci;
    va_list ap;
    protect_registers(L);
    gc_check(L); /* error messages use memory */
    va_start(ap, fmt);
    const char *msg = api_pushvf(L, fmt, ap);
    va_end(ap);
    if (is_lua(ci) && !is_hidden(ci)) {
        dbg_addinfo(L, msg, proto_of(ci)->source, current_line(ci));
        setval(L->top - 2, L->top - 1);
        L->top--;
    }
    call_error(L);
}
