/* asm.c: text to code, in two rounds over the lines: names first, then instructions.
 *
 *     class point 2              fields
 *     func main 1                parameters, in r0..
 *     next:                      a label, known in its function
 *         addi r1 r1 -5          ; a comment
 *
 * Before: main.c, tests. After: interp.c.
 */
#include <stdlib.h>
#include <string.h>
#include "toy/toy.h"

static const struct {
    const char *name, *operands;
} ops[TOY_NOPS] = {
#define TOY_OP(name, operands) {#name, operands},
    TOY_OPS(TOY_OP)
#undef TOY_OP
};

#define WORDS 6
#define LABELS 1200
struct label {
    struct toy_func *fn;
    char name[24];
    int32_t pc;
};
struct assembler {
    struct toy *t;
    struct toy_func *fn;
    int line;
    char *word[WORDS];
    int nwords;
    struct label labels[LABELS];
    int nlabels;
};

static bool bad(struct assembler *as, const char *what)
{
    snprintf(as->t->error, sizeof as->t->error, "%s:%d: %s", as->t->file, as->line, what);
    return false;
}

static void split(struct assembler *as, char *line)
{
    as->nwords = 0;
    char *save, *comment = strchr(line, ';');
    if (comment) *comment = 0;
    for (char *w = strtok_r(line, " \t,", &save); w && as->nwords < WORDS; w = strtok_r(NULL, " \t,", &save)) as->word[as->nwords++] = w;
}

static struct toy_func *func_add(struct toy *t, const char *name, uint32_t nparams)
{
    t->funcs = realloc(t->funcs, (t->nfuncs + 1) * sizeof *t->funcs);
    struct toy_func *fn = t->funcs[t->nfuncs++] = calloc(1, sizeof *fn);
    fn->name = strdup(name);
    fn->nparams = fn->nregs = nparams;
    fn->toy = t;
    return fn;
}

static void class_add(struct toy *t, const char *name, uint32_t nfields)
{
    t->classes = realloc(t->classes, (t->nclasses + 1) * sizeof *t->classes);
    struct toy_class *c = t->classes[t->nclasses++] = calloc(1, sizeof *c);
    c->name = strdup(name);
    c->nfields = nfields;
}

/* First round: functions, classes, labels, sizes. */
static bool declare(struct assembler *as)
{
    if (!as->nwords) return true;
    char *w = as->word[0];
    size_t n = strlen(w);
    if (strcmp(w, "func") == 0 && as->nwords == 3) {
        as->fn = func_add(as->t, as->word[1], (uint32_t)atoi(as->word[2]));
    } else if (strcmp(w, "class") == 0 && as->nwords == 3) {
        if (atoi(as->word[2]) > TOY_FIELDS) return bad(as, "too many fields");
        class_add(as->t, as->word[1], (uint32_t)atoi(as->word[2]));
    } else if (!as->fn) {
        return bad(as, "no function yet");
    } else if (w[n - 1] == ':') {
        if (as->nlabels == LABELS || n > 23) return bad(as, "too many labels, or one too long");
        struct label *l = &as->labels[as->nlabels++];
        *l = (struct label){.fn = as->fn, .pc = (int32_t)as->fn->ncode};
        memcpy(l->name, w, n - 1);
    } else {
        as->fn->ncode++;
    }
    return true;
}

static bool operand(struct assembler *as, struct toy_ins *ins, char kind, char *w, int *reg)
{
    char *end = w;
    if (kind == 'r') {
        long n = w[0] == 'r' ? strtol(w + 1, &end, 10) : -1;
        if (n < 0 || n > 200 || *end) return bad(as, "a register is wanted");
        *(*reg == 0 ? &ins->a : *reg == 1 ? &ins->b
                                          : &ins->c) = (uint8_t)n;
        ++*reg;
        if ((uint32_t)n >= as->fn->nregs) as->fn->nregs = (uint32_t)n + 1;
        return true;
    }
    if (kind == 'i') ins->v.i = strtoll(w, &end, 10);
    if (kind == 'f') ins->v.f = strtod(w, &end);
    if (kind == 'i' || kind == 'f') return end != w && !*end ? true : bad(as, "a number is wanted");
    ins->k = -1;
    for (int i = 0; kind == 'l' && i < as->nlabels; i++)
        if (as->labels[i].fn == as->fn && strcmp(as->labels[i].name, w) == 0) ins->k = as->labels[i].pc;
    for (unsigned i = 0; kind == 'F' && i < as->t->nfuncs; i++)
        if (strcmp(as->t->funcs[i]->name, w) == 0) ins->k = (int32_t)i;
    for (unsigned i = 0; kind == 'C' && i < as->t->nclasses; i++)
        if (strcmp(as->t->classes[i]->name, w) == 0) ins->k = (int32_t)i;
    for (int i = 0; kind == 'N' && toy_natives[i].name; i++)
        if (strcmp(toy_natives[i].name, w) == 0) ins->k = i;
    return ins->k >= 0 ? true : bad(as, "unknown name");
}

static bool instruction(struct assembler *as, struct toy_ins *ins)
{
    int reg = 0;
    ins->line = as->line;
    for (ins->op = 0; ins->op < TOY_NOPS; ins->op++)
        if (strcmp(ops[ins->op].name, as->word[0]) == 0) break;
    if (ins->op == TOY_NOPS) return bad(as, "unknown instruction");
    const char *kinds = ops[ins->op].operands;
    if ((int)strlen(kinds) != as->nwords - 1) return bad(as, "wrong number of operands");
    for (int i = 0; kinds[i]; i++)
        if (!operand(as, ins, kinds[i], as->word[i + 1], &reg)) return false;
    bool field = ins->op == TOY_get || ins->op == TOY_put, constant = ins->op == TOY_getc || ins->op == TOY_setc;
    if ((field || constant) && (uint64_t)ins->v.i >= (field ? TOY_FIELDS : TOY_CONSTS)) return bad(as, "no such field");
    return true;
}

/* Second round: code. */
static bool define(struct assembler *as)
{
    if (!as->nwords) return true;
    char *w = as->word[0];
    if (strcmp(w, "class") == 0 || w[strlen(w) - 1] == ':') return true;
    if (strcmp(w, "func") == 0) {
        unsigned i = 0;
        while (strcmp(as->t->funcs[i]->name, as->word[1]) != 0) i++;
        as->fn = as->t->funcs[i];
        as->fn->code = calloc(as->fn->ncode + 1, sizeof *as->fn->code);
        as->fn->loops = calloc(as->fn->ncode + 1, sizeof *as->fn->loops);
        as->fn->ncode = 0;
        return true;
    }
    return instruction(as, &as->fn->code[as->fn->ncode++]);
}

static bool round_of(struct assembler *as, const char *text, bool (*each)(struct assembler *))
{
    as->line = 0;
    as->fn = NULL;
    for (const char *s = text; *s;) {
        size_t n = strcspn(s, "\n");
        char buf[200];
        snprintf(buf, sizeof buf, "%.*s", (int)n, s);
        s += n + (s[n] == '\n');
        as->line++;
        split(as, buf);
        if (!each(as)) return false;
    }
    return true;
}

bool toy_load(struct toy *t, const char *text)
{
    struct assembler *as = calloc(1, sizeof *as);
    as->t = t;
    bool ok = round_of(as, text, declare) && round_of(as, text, define);
    free(as);
    for (unsigned i = 0; ok && i < t->nfuncs; i++) {
        struct toy_func *fn = t->funcs[i];
        fn->entry.count = fn->entry.start = t->vm ? (uint32_t)t->vm->params.function_threshold : 0;
        for (uint32_t pc = 0; pc < fn->ncode; pc++) fn->loops[pc].count = fn->loops[pc].start = t->vm ? (uint32_t)t->vm->params.threshold : 0;
    }
    return ok;
}

const char *toy_op_name(enum toy_op op) { return ops[op].name; }
