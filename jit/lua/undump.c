/* undump.c: bytes back to a prototype; the format is in dumpfmt.h.
 *
 * The body is first read whole, into a string on the Lua stack that grows as bytes arrive (a false length cannot ask
 * for more memory than there are bytes), and its checksum compared: what is decoded after that is
 * what dump.c wrote, or made by hand. Against the latter every count is checked against the bytes that are left and
 * every instruction against the sizes of its function.
 *
 * Invariants
 *  1. A prototype is linked to its parent (or to the closure on the stack) before anything is allocated for it.
 *  2. Its counts are the sizes of its arrays, and these hold something harmless (nil, the proto itself, a fixed
 *     string) until they are read, so it may be traversed at any time and freed after any error.
 *
 * Walk: load_protected (call.c) -> here -> a proto as compile_text makes it.
 */
#include "lua/codegen.h"
#include "lua/dumpfmt.h"
#include "lua/jit.h"

struct source {
    struct lua_State *L;
    struct zio *z;
    const char *name;
    const char *p, *end; /* rest of the body */
    int depth;
};

_Noreturn static void bad(struct source *s, const char *why)
{
    lex_pushf(s->L, "%s: bad binary format (%s)", s->name, why);
    call_throw(s->L, LUA_ERRSYNTAX);
}

/* ---- from the reader ---- */

static void read_bytes(struct source *s, void *to, size_t n)
{
    char *p = to;
    while (n > 0) {
        if (s->z->n == 0) {
            int c = zio_fill(s->z);
            if (c < 0)
                bad(s, "truncated chunk");
            *p++ = (char)c;
            n--;
            continue;
        }
        size_t part = n < s->z->n ? n : s->z->n;
        memcpy(p, s->z->p, part);
        s->z->p += part;
        s->z->n -= part;
        p += part;
        n -= part;
    }
}

static void check_bytes(struct source *s, const void *want, size_t n, const char *why)
{
    char got[16];
    read_bytes(s, got, n);
    if (memcmp(got, want, n) != 0)
        bad(s, why);
}

static void check_header(struct source *s)
{
    int64_t i = DUMP_INT;
    double n = DUMP_NUM;
    check_bytes(s, &LUA_SIGNATURE[1], 3, "not a binary chunk"); /* the first byte has been read */
    check_bytes(s, "\x54", 1, "version mismatch");
    check_bytes(s, "\0", 1, "format mismatch");
    check_bytes(s, DUMP_DATA, sizeof DUMP_DATA - 1, "corrupted chunk");
    check_bytes(s, "\4", 1, "Instruction size mismatch");
    check_bytes(s, "\10", 1, "lua_Integer size mismatch");
    check_bytes(s, "\10", 1, "lua_Number size mismatch");
    check_bytes(s, &i, 8, "integer format mismatch");
    check_bytes(s, &n, 8, "float format mismatch");
}

/* The body as a string at top-1. */
static void read_body(struct source *s, uint64_t length)
{
    size_t cap = length < 4096 ? 4096 : length < s->z->n ? (size_t)length
                                    : s->z->n < 4096     ? 4096
                                                         : s->z->n;
    struct lstr *body = str_new_buffer(s->L, cap);
    setstr(s->L->top++, body);
    for (uint64_t have = 0; have < length;) {
        if (have == cap) {
            struct lstr *more = str_new_buffer(s->L, cap * 2);
            memcpy(more->data, body->data, cap);
            setstr(s->L->top - 1, more);
            body = more;
            cap *= 2;
        }
        size_t part = length - have < cap - have ? (size_t)(length - have) : cap - (size_t)have;
        read_bytes(s, body->data + have, part);
        have += part;
    }
    s->p = body->data;
    s->end = body->data + length;
}

/* ---- from the body ---- */

static void get(struct source *s, void *to, size_t n)
{
    if ((size_t)(s->end - s->p) < n)
        bad(s, "corrupted chunk");
    memcpy(to, s->p, n);
    s->p += n;
}

static unsigned get_byte(struct source *s)
{
    unsigned char c;
    get(s, &c, 1);
    return c;
}

static uint64_t get_number(struct source *s)
{
    uint64_t x = 0;
    for (int shift = 0; shift < 64; shift += 7) {
        unsigned b = get_byte(s);
        x |= (uint64_t)(b & 0x7f) << shift;
        if (b < 0x80)
            return x;
    }
    bad(s, "corrupted chunk");
}

static uint32_t get_limited(struct source *s, uint32_t max)
{
    uint64_t x = get_number(s);
    if (x > max)
        bad(s, "corrupted chunk");
    return (uint32_t)x;
}

/* A count of things of which each takes at least `size` bytes of the body. */
static uint32_t get_count(struct source *s, size_t size)
{
    uint64_t n = get_number(s);
    if (n > (uint64_t)(s->end - s->p) / size || n > INT32_MAX)
        bad(s, "corrupted chunk");
    return (uint32_t)n;
}

/* NULL if there is none. Not anchored. */
static struct lstr *get_string(struct source *s)
{
    uint64_t n = get_number(s);
    if (n == 0)
        return NULL;
    if (--n > (uint64_t)(s->end - s->p))
        bad(s, "corrupted chunk");
    struct lstr *str = str_new(s->L, s->p, (size_t)n);
    s->p += n;
    return str;
}

static void *new_array(struct source *s, uint32_t n, size_t size)
{
    return n == 0 ? NULL : memset(mem_alloc(s->L, n * size, 0), 0, n * size);
}

static void get_constants(struct source *s, struct proto *p)
{
    uint32_t n = get_count(s, 1);
    p->k = new_array(s, n, sizeof *p->k);
    p->nk = n; /* all nil */
    for (uint32_t i = 0; i < n; i++) {
        struct value v = {.tag = get_byte(s)};
        switch (v.tag) {
        case T_NIL:
        case T_FALSE:
        case T_TRUE: break;
        case T_INT:
        case T_FLT: get(s, &v.bits, 8); break;
        case T_STR:
            v.s = get_string(s);
            if (v.s != NULL)
                break;
            /* fallthrough */
        default: bad(s, "corrupted chunk");
        }
        setval(&p->k[i], &v);
        gc_barrier(s->L, p, &p->k[i]);
    }
}

static void get_upvalues(struct source *s, struct proto *p)
{
    uint32_t n = get_count(s, 4);
    if (n > 255)
        bad(s, "corrupted chunk");
    p->upvals = new_array(s, n, sizeof *p->upvals);
    p->nupvals = n;
    for (uint32_t i = 0; i < n; i++) {
        struct upvaldesc *u = &p->upvals[i];
        u->name = get_string(s);
        if (u->name != NULL)
            gc_barrier_obj(s->L, p, u->name);
        u->instack = (uint8_t)(get_byte(s) != 0);
        u->idx = (uint8_t)get_byte(s);
        u->kind = (uint8_t)get_byte(s);
    }
}

static void get_lines(struct source *s, struct proto *p)
{
    uint32_t n = get_count(s, 1);
    if (n != 0 && n != p->ncode)
        bad(s, "corrupted chunk");
    int64_t line = p->linedefined;
    p->lineinfo = new_array(s, n, sizeof *p->lineinfo);
    p->nlineinfo = n;
    for (uint32_t i = 0; i < n; i++) {
        uint64_t z = get_number(s);
        line += (int64_t)(z >> 1) ^ -(int64_t)(z & 1);
        p->lineinfo[i] = (int32_t)line;
    }
}

static void get_locvars(struct source *s, struct proto *p)
{
    uint32_t n = get_count(s, 3);
    p->locvars = new_array(s, n, sizeof *p->locvars);
    for (uint32_t i = 0; i < n; i++)
        p->locvars[i].name = s->L->g->memerrmsg; /* any string that lives */
    p->nlocvars = n;
    for (uint32_t i = 0; i < n; i++) {
        struct lstr *name = get_string(s);
        if (name == NULL)
            bad(s, "corrupted chunk");
        p->locvars[i].name = name;
        gc_barrier_obj(s->L, p, name);
        p->locvars[i].startpc = (int32_t)get_limited(s, p->ncode);
        p->locvars[i].endpc = (int32_t)get_limited(s, p->ncode);
    }
}

/* ---- instructions ---- */

struct operand_check {
    struct source *s;
    const struct proto *p;
    lua_ins i;
    int64_t pc;
};

static void want(const struct operand_check *c, bool ok)
{
    if (unlikely(!ok))
        bad(c->s, "corrupted chunk");
}

/* The formats of opcodes.def as bits, so that checking costs no string work. */
enum { F_RA = 1,
       F_RB = 2,
       F_RC = 4,
       F_RKC = 8,
       F_KB = 16,
       F_KC = 32,
       F_UB = 64,
       F_D = 128,
       F_J = 256 };
#define HAS(format, word) (strstr(" " format " ", " " word " ") != NULL)
#define BITS(f) \
    ((HAS(f, "Ra") ? F_RA : 0) | (HAS(f, "Rb") ? F_RB : 0) | (HAS(f, "Rc") ? F_RC : 0) | (HAS(f, "RKc") ? F_RKC : 0) | \
     (HAS(f, "Kb") ? F_KB : 0) | (HAS(f, "Kc") ? F_KC : 0) | (HAS(f, "Ub") ? F_UB : 0) | (HAS(f, "D") ? F_D : 0) | \
     (HAS(f, "J") ? F_J : 0))

static unsigned format_bits(enum opcode op)
{
    switch (op) {
#define OP(name, format, what) \
    case OP_##name: \
        return BITS(format);
#include "lua/opcodes.def"
    default: return 0;
    }
}

static void check_operands(const struct operand_check *c, unsigned bits)
{
    const struct proto *p = c->p;
    unsigned a = ins_a(c->i), b = ins_b(c->i), cc = ins_c(c->i);
    int64_t to = c->pc + 1 + ins_e(c->i);
    want(c, !(bits & F_RA) || a < p->maxstack);
    want(c, !(bits & F_RB) || b < p->maxstack);
    want(c, !(bits & F_RC) || cc < p->maxstack);
    want(c, !(bits & F_RKC) || (cc & OPK_BIT ? (cc & ~OPK_BIT) < p->nk : cc < p->maxstack));
    want(c, !(bits & F_KB) || b < p->nk);
    want(c, !(bits & F_KC) || cc < p->nk);
    want(c, !(bits & F_UB) || b < p->nupvals);
    want(c, !(bits & F_D) || ins_d(c->i) < p->nic);
    want(c, !(bits & F_J) || (to >= 0 && to < p->ncode));
}

static void check_special(const struct operand_check *c)
{
    const struct proto *p = c->p;
    switch (ins_op(c->i)) {
    case OP_LOADK: want(c, (uint32_t)ins_e(c->i) < p->nk); break;
    case OP_CLOSURE: want(c, (uint32_t)ins_e(c->i) < p->np); break;
    case OP_SETTABUP: want(c, ins_a(c->i) < p->nupvals && ins_b(c->i) < p->nk); break;
    case OP_LOADNIL: want(c, ins_a(c->i) + ins_b(c->i) < p->maxstack); break;
    case OP_CONCAT: want(c, ins_b(c->i) + ins_c(c->i) <= p->maxstack); break;
    case OP_SELF: want(c, ins_a(c->i) + 1 < p->maxstack); break;
    case OP_SETLIST: want(c, ins_a(c->i) + ins_b(c->i) < p->maxstack); break;
    case OP_CALL:
    case OP_TAILCALL: want(c, ins_a(c->i) + ins_b(c->i) <= p->maxstack + 0u); break;
    case OP_RETURN: want(c, ins_a(c->i) + ins_b(c->i) <= (unsigned)p->maxstack + 1); break;
    case OP_FORPREP:
    case OP_FORLOOP: want(c, ins_a(c->i) + 3 < p->maxstack && ins_b(c->i) < p->nhot); break;
    case OP_TFORCALL: want(c, ins_a(c->i) + 6 < p->maxstack + 0u); break;
    case OP_TFORLOOP: want(c, ins_a(c->i) + 4 < p->maxstack && ins_b(c->i) < p->nhot); break;
    case OP_LOOP: want(c, ins_b(c->i) < p->nhot); break;
    default: break;
    }
}

static void check_code(struct source *s, const struct proto *p)
{
    for (uint32_t pc = 0; pc < p->ncode; pc++) {
        struct operand_check c = {s, p, p->code[pc], pc};
        want(&c, ins_op(c.i) < NUM_OPCODES);
        bool empty_return = ins_op(c.i) == OP_RETURN && ins_b(c.i) == 1; /* its A may be behind the registers */
        check_operands(&c, empty_return ? 0 : format_bits(ins_op(c.i)));
        check_special(&c);
    }
    enum opcode last = p->ncode > 0 ? ins_op(p->code[p->ncode - 1]) : OP_MOVE;
    if (last != OP_RETURN && last != OP_RETURN0 && last != OP_RETURN1 && last != OP_LOOP)
        bad(s, "corrupted chunk");
}

/* ---- functions ---- */

static void get_function(struct source *s, struct proto *p, struct lstr *outer_source)
{
    if (++s->depth > 200)
        bad(s, "corrupted chunk");
    p->source = get_string(s);
    if (p->source == NULL)
        p->source = outer_source;
    if (p->source != NULL)
        gc_barrier_obj(s->L, p, p->source);
    p->linedefined = (int32_t)get_limited(s, INT32_MAX);
    p->lastlinedefined = (int32_t)get_limited(s, INT32_MAX);
    p->numparams = (uint8_t)get_byte(s);
    p->is_vararg = (uint8_t)get_byte(s);
    p->maxstack = (uint8_t)get_byte(s);
    uint32_t nic = get_limited(s, 65536), nhot = get_limited(s, 65535), ncode = get_count(s, sizeof *p->code);
    if (p->maxstack < 2 || p->numparams > p->maxstack)
        bad(s, "corrupted chunk");
    p->code = new_array(s, ncode, sizeof *p->code);
    p->ncode = ncode;
    get(s, p->code, ncode * sizeof *p->code);
    p->ic = new_array(s, nic, sizeof *p->ic);
    p->nic = nic;
    p->hot = new_array(s, nhot, sizeof *p->hot);
    p->nhot = nhot;
    get_constants(s, p);
    get_upvalues(s, p);
    uint32_t np = get_count(s, 8);
    p->protos = new_array(s, np, sizeof *p->protos);
    for (uint32_t i = 0; i < np; i++)
        p->protos[i] = p;
    p->np = np;
    for (uint32_t i = 0; i < np; i++) {
        p->protos[i] = func_new_proto(s->L);
        gc_barrier_obj(s->L, p, p->protos[i]);
        get_function(s, p->protos[i], p->source);
    }
    get_lines(s, p);
    get_locvars(s, p);
    check_code(s, p);
    proto_init_hot(p);
    s->depth--;
}

struct lclosure *proto_undump(struct lua_State *L, struct zio *z, const char *name)
{
    struct source s = {.L = L, .z = z, .name = name};
    if (*name == '@' || *name == '=')
        s.name = name + 1;
    else if (*name == LUA_SIGNATURE[0])
        s.name = "binary string";
    stack_check(L, 4);
    check_header(&s);
    unsigned char nupvals;
    uint64_t length, inverted, sum;
    read_bytes(&s, &nupvals, 1);
    check_bytes(&s, DUMP_OWN, 7, "not a chunk of this implementation");
    check_bytes(&s, (const char[]){DUMP_VERSION}, 1, "version mismatch");
    read_bytes(&s, &length, 8);
    read_bytes(&s, &inverted, 8);
    if (length != ~inverted)
        bad(&s, "corrupted chunk");
    read_bytes(&s, &sum, 8);
    read_body(&s, length);
    if (sum != dump_sum(dump_sum(0, &nupvals, 1), s.p, (size_t)length))
        bad(&s, "corrupted chunk");
    struct lclosure *cl = func_new_lua(L, nupvals);
    setgc(L->top++, cl, T_LCL);
    cl->p = func_new_proto(L);
    gc_barrier_obj(L, cl, cl->p);
    get_function(&s, cl->p, NULL);
    if (cl->p->nupvals != nupvals || s.p != s.end)
        bad(&s, "corrupted chunk");
    lua_jit_proto_init(L, cl->p);
    setval(L->top - 2, L->top - 1);
    L->top--;
    return cl;
}
