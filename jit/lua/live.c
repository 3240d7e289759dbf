/* live.c: which registers of a function are live before each instruction.
 *
 * Resume data name only live registers: temporaries of finished expressions would otherwise stay in
 * every guard, keep machine registers busy and objects alive. A backward data-flow analysis over
 * the bytecode, done once per prototype when it is first recorded.
 *
 * Invariants
 *  1. A register that an inner function captures is live everywhere (an open upvalue reads it).
 *  2. When in doubt a register is live.
 *
 * Before: codegen.c. After: record.c.
 */
#include <stdlib.h>
#include "lua/record.h"

#define WORDS 4 /* 256 registers */
struct regset {
    uint64_t w[WORDS];
};

static void rs_add(struct regset *s, unsigned r)
{
    if (r < 256) s->w[r >> 6] |= 1ull << (r & 63);
}
static void rs_del(struct regset *s, unsigned r)
{
    if (r < 256) s->w[r >> 6] &= ~(1ull << (r & 63));
}
static void rs_add_range(struct regset *s, unsigned from, unsigned to)
{
    for (unsigned r = from; r < to && r < 256; r++) rs_add(s, r);
}
static void rs_del_range(struct regset *s, unsigned from, unsigned to)
{
    for (unsigned r = from; r < to && r < 256; r++) rs_del(s, r);
}
static void rs_rkc(struct regset *s, unsigned c)
{
    if (!(c & OPK_BIT)) rs_add(s, c);
}

/* live-in from live-out of one instruction: definitions first, then uses. */
static void transfer(lua_ins i, struct regset *s)
{
    unsigned a = ins_a(i), b = ins_b(i), c = ins_c(i);
    if (op_compares(ins_op(i))) {
        rs_add(s, a);
        if (!(opcode_flags[ins_op(i)] & OPF_CONSTANT)) rs_add(s, b);
        return;
    }
    switch (ins_op(i)) {
    case OP_LOADI:
    case OP_LOADF:
    case OP_LOADK:
    case OP_LOADFALSE:
    case OP_LOADTRUE:
    case OP_GETUPVAL:
    case OP_GETTABUP:
    case OP_NEWTABLE:
    case OP_CLOSURE:
        rs_del(s, a);
        break;
    case OP_LOADNIL: rs_del_range(s, a, a + b + 1); break;
    case OP_MOVE:
    case OP_GETFIELD:
    case OP_GETINT:
    case OP_UNM:
    case OP_BNOT:
    case OP_NOT:
    case OP_LEN:
    case OP_ADDK:
    case OP_SUBK:
    case OP_MULK:
    case OP_MODK:
    case OP_POWK:
    case OP_DIVK:
    case OP_IDIVK:
    case OP_BANDK:
    case OP_BORK:
    case OP_BXORK:
    case OP_SHLK:
    case OP_SHRK:
        rs_del(s, a);
        rs_add(s, b);
        break;
    case OP_KADD:
    case OP_KSUB:
    case OP_KMUL:
    case OP_KMOD:
    case OP_KPOW:
    case OP_KDIV:
    case OP_KIDIV:
    case OP_KBAND:
    case OP_KBOR:
    case OP_KBXOR:
    case OP_KSHL:
    case OP_KSHR:
        rs_del(s, a);
        rs_add(s, c);
        break;
    case OP_GETTABLE:
    case OP_ADD:
    case OP_SUB:
    case OP_MUL:
    case OP_MOD:
    case OP_POW:
    case OP_DIV:
    case OP_IDIV:
    case OP_BAND:
    case OP_BOR:
    case OP_BXOR:
    case OP_SHL:
    case OP_SHR:
        rs_del(s, a);
        rs_add(s, b);
        rs_add(s, c);
        break;
    case OP_SETUPVAL: rs_add(s, a); break;
    case OP_SETTABUP: rs_rkc(s, c); break;
    case OP_SETTABLE:
        rs_add(s, a);
        rs_add(s, b);
        rs_rkc(s, c);
        break;
    case OP_SETFIELD:
    case OP_SETINT:
        rs_add(s, a);
        rs_rkc(s, c);
        break;
    case OP_SELF:
        rs_del(s, a);
        rs_del(s, a + 1);
        rs_add(s, b);
        break;
    case OP_SETLIST:
        rs_add(s, a);
        rs_add_range(s, a + 1, b ? a + 1 + b : 256);
        break;
    case OP_CONCAT:
        rs_del(s, a);
        rs_add_range(s, b, b + c);
        break;
    case OP_JT:
    case OP_JF: rs_add(s, a); break;
    case OP_JTS:
    case OP_JFS: rs_add(s, b); break; /* R[A] is set on one way only: stays what the other way wants */
    case OP_CALL:
        rs_del_range(s, a, c ? a + c - 1 : 256);
        rs_add_range(s, a, b ? a + b : 256);
        break;
    case OP_TAILCALL: rs_add_range(s, a, b ? a + b : 256); break;
    case OP_RETURN: rs_add_range(s, a, b ? a + b - 1 : 256); break;
    case OP_RETURN1: rs_add(s, a); break;
    case OP_VARARG: rs_del_range(s, a, c ? a + c - 1 : 256); break;
    case OP_VARARGPREP: rs_add_range(s, 0, a); break;
    case OP_CLOSE:
    case OP_TBC: rs_add(s, a); break;
    case OP_FORPREP: rs_add_range(s, a, a + 3); break;
    case OP_FORLOOP:
        rs_del(s, a + 3);
        rs_add_range(s, a, a + 3);
        break;
    case OP_TFORPREP: rs_add_range(s, a, a + 4); break;
    case OP_TFORCALL:
        rs_del_range(s, a + 4, a + 4 + c);
        rs_add_range(s, a, a + 4);
        break;
    case OP_TFORLOOP:
        rs_add_range(s, a, a + 2);
        rs_add(s, a + 3);
        rs_add(s, a + 4);
        break;
    case OP_JMP:
    case OP_LOOP:
    case OP_RETURN0: break;
    default: memset(s, 0xff, sizeof *s);
    }
}

static bool ends_flow(enum opcode op) { return op == OP_JMP || op == OP_LOOP || op == OP_TAILCALL || op == OP_RETURN || op == OP_RETURN0 || op == OP_RETURN1 || op == OP_TFORPREP; }

static bool jumps(enum opcode op)
{
    return (op >= OP_JMP && op <= OP_JFS) || op_compares(op) || op == OP_FORPREP || op == OP_FORLOOP || op == OP_TFORPREP || op == OP_TFORLOOP;
}

static struct regset *analyse(const struct proto *p)
{
    struct regset *in = calloc(p->ncode + 1, sizeof *in), always = {{0}};
    if (!in) return NULL;
    for (uint32_t i = 0; i < p->np; i++)
        for (uint32_t u = 0; u < p->protos[i]->nupvals; u++)
            if (p->protos[i]->upvals[u].instack) rs_add(&always, p->protos[i]->upvals[u].idx);
    for (bool more = true; more;) {
        more = false;
        for (uint32_t pc = p->ncode; pc-- > 0;) {
            enum opcode op = ins_op(p->code[pc]);
            struct regset s = always;
            if (!ends_flow(op))
                for (int w = 0; w < WORDS; w++) s.w[w] |= in[pc + 1].w[w];
            if (jumps(op)) {
                int64_t to = (int64_t)pc + 1 + ins_e(p->code[pc]);
                for (int w = 0; w < WORDS && to >= 0 && to < p->ncode; w++) s.w[w] |= in[to].w[w];
            }
            transfer(p->code[pc], &s);
            for (int w = 0; w < WORDS; w++) s.w[w] |= always.w[w];
            if (memcmp(&s, &in[pc], sizeof s)) {
                in[pc] = s;
                more = true;
            }
        }
    }
    return in;
}

/* The table belongs to the prototype (its memory may be another prototype's tomorrow) and goes with it. */
bool live_reg(const struct proto *p, uint64_t pc, unsigned reg)
{
    if (!p->live)
        ((struct proto *)p)->live = analyse(p);
    const struct regset *in = p->live;
    return !in || pc >= p->ncode || reg > 255 || (in[pc].w[reg >> 6] >> (reg & 63) & 1);
}

void live_forget(const struct proto *p)
{
    free(p->live);
    ((struct proto *)p)->live = NULL;
}
