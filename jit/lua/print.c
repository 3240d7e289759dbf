/* print.c: a listing of a prototype, driven by the formats of opcodes.def.
 *
 *    pc  [line]  NAME      operands            ; constants and targets
 *
 * For people: JIT_DUMP=bc. Before: parse.c, undump.c. After: nothing.
 */
#include <ctype.h>
#include <stdio.h>
#include "lua/guest.h"

static void print_string(const struct lstr *s)
{
    fputc('"', stderr);
    for (size_t i = 0; i < s->len; i++) {
        unsigned char c = (unsigned char)s->data[i];
        if (c == '"' || c == '\\')
            fprintf(stderr, "\\%c", c);
        else if (c == '\n')
            fprintf(stderr, "\\n");
        else if (isprint(c))
            fputc(c, stderr);
        else
            fprintf(stderr, "\\%03d", c);
    }
    fputc('"', stderr);
}

static void print_constant(const struct proto *p, unsigned k)
{
    char buf[64];
    if (k >= p->nk) {
        fprintf(stderr, "?");
        return;
    }
    const struct value *v = &p->k[k];
    switch (v->tag) {
    case T_NIL: fprintf(stderr, "nil"); break;
    case T_FALSE: fprintf(stderr, "false"); break;
    case T_TRUE: fprintf(stderr, "true"); break;
    case T_STR: print_string(v->s); break;
    default:
        buf[num_to_buf(v, buf)] = '\0';
        fprintf(stderr, "%s", buf);
    }
}

static const char *upvalue_name(const struct proto *p, unsigned i)
{
    return i < p->nupvals && p->upvals[i].name != NULL ? p->upvals[i].name->data : "-";
}

static unsigned field(lua_ins i, char which)
{
    switch (which) {
    case 'A': return ins_a(i);
    case 'B': return ins_b(i);
    case 'C': return ins_c(i);
    default: return ins_d(i);
    }
}

/* One word of a format: Ra, Kb, RKc, Ub, J, E or a plain field. */
static void print_operand(const struct proto *p, lua_ins i, int pc, const char *w, size_t n)
{
    if (w[0] == 'J') {
        fprintf(stderr, " ->%d", pc + 1 + ins_e(i) + 1);
    } else if (w[0] == 'E') {
        fprintf(stderr, " %d", ins_e(i));
    } else if (n == 1) {
        fprintf(stderr, " %u", field(i, w[0]));
    } else {
        unsigned x = field(i, (char)toupper((unsigned char)w[n - 1]));
        bool k = w[0] == 'K' || (n == 3 && (x & OPK_BIT) != 0);
        if (k) {
            fprintf(stderr, " ");
            print_constant(p, x & ~(n == 3 ? OPK_BIT : 0));
        } else {
            fprintf(stderr, w[0] == 'U' ? " u%u" : " r%u", x);
        }
    }
}

static void print_instruction(const struct proto *p, int pc)
{
    lua_ins i = p->code[pc];
    enum opcode op = ins_op(i);
    if (p->lineinfo != NULL)
        fprintf(stderr, "\t%d\t[%d]\t%-10s", pc + 1, p->lineinfo[pc], opcode_name(op));
    else
        fprintf(stderr, "\t%d\t[-]\t%-10s", pc + 1, opcode_name(op));
    for (const char *w = opcode_format(op); *w != '\0';) {
        size_t n = strcspn(w, " ");
        print_operand(p, i, pc, w, n);
        w += n + (w[n] == ' ');
    }
    if (op == OP_LOADK) {
        fprintf(stderr, "\t; ");
        print_constant(p, (unsigned)ins_e(i));
    } else if (op == OP_SETTABUP) {
        fprintf(stderr, "\t; %s ", upvalue_name(p, ins_a(i)));
        print_constant(p, ins_b(i));
    } else if (op == OP_GETTABUP || op == OP_GETUPVAL || op == OP_SETUPVAL) {
        fprintf(stderr, "\t; %s", upvalue_name(p, ins_b(i)));
    }
    fprintf(stderr, "\n");
}

static void print_debug(const struct proto *p)
{
    fprintf(stderr, "constants (%u):\n", p->nk);
    for (unsigned i = 0; i < p->nk; i++) {
        fprintf(stderr, "\t%u\t", i);
        print_constant(p, i);
        fprintf(stderr, "\n");
    }
    fprintf(stderr, "locals (%u):\n", p->nlocvars);
    for (unsigned i = 0; i < p->nlocvars; i++)
        fprintf(stderr, "\t%u\t%s\t%d\t%d\n", i, p->locvars[i].name->data, p->locvars[i].startpc + 1, p->locvars[i].endpc + 1);
    fprintf(stderr, "upvalues (%u):\n", p->nupvals);
    for (unsigned i = 0; i < p->nupvals; i++)
        fprintf(stderr, "\t%u\t%s\t%d\t%d\n", i, upvalue_name(p, i), p->upvals[i].instack, p->upvals[i].idx);
}

void proto_print(const struct proto *p)
{
    const char *src = p->source != NULL ? p->source->data : "?";
    fprintf(stderr, "\n%s <%s:%d,%d> (%u instructions)\n", p->linedefined == 0 ? "main" : "function", src, p->linedefined, p->lastlinedefined, p->ncode);
    fprintf(stderr, "%u%s params, %u slots, %u upvalues, %u locals, %u constants, %u functions\n", p->numparams,
            p->is_vararg ? "+" : "", p->maxstack, p->nupvals, p->nlocvars, p->nk, p->np);
    for (uint32_t pc = 0; pc < p->ncode; pc++)
        print_instruction(p, (int)pc);
    print_debug(p);
    for (uint32_t i = 0; i < p->np; i++)
        proto_print(p->protos[i]);
}
