/* names.c: tells Linux's own tools what the machine code of a trace is (code/symbols.h): the trace's place as its name,
 * its operations' source lines. Opt-in by the parameters perfmap and jitdump.
 *
 * Before: pipeline.c. After: perf, bpftrace.
 */
#include <stdio.h>
#include "code/symbols.h"
#include "trace/engine.h"

static int wanted(const struct jit_vm *vm)
{
    return (vm->params.perfmap ? SYMBOLS_PERFMAP : 0) | (vm->params.jitdump ? SYMBOLS_JITDUMP : 0);
}

/* A line of a file: nothing in a guest's name may end it. */
static void one_line(char *s)
{
    for (; *s; s++)
        if ((unsigned char)*s < ' ' || *s == 127) *s = '?';
}

/* Where the code of another line begins. Returns how many. */
static size_t lines_fill(const struct jit_trace *t, const struct jit_recorder *r, struct symbol_line *out)
{
    size_t n = 0;
    for (uint32_t i = 0; i < t->ir.ops.n; i++) {
        const struct jit_op *op = &t->ir.ops.v[i];
        uint32_t offset = t->code.op_offset[i], line = jit_op_line(op);
        const char *file = r->files[jit_op_file(op)];
        if (offset == UINT32_MAX || !line || (n && (out[n - 1].offset > offset || (out[n - 1].line == line && out[n - 1].file == file)))) continue;
        if (n && out[n - 1].offset == offset) n--;
        out[n++] = (struct symbol_line){.offset = offset, .line = line, .file = file};
    }
    return n;
}

void trace_name(struct jit_trace *t, struct jit_recorder *r)
{
    char name[256];
    int which = wanted(t->vm);
    struct symbol_line *lines = which ? jit_arena_alloc(&r->arena, (t->ir.ops.n + 1) * sizeof *lines) : NULL;
    if (!lines) return;
    snprintf(name, sizeof name, "%s:%s %c%llu", t->vm->driver->name, t->name, t->kind, (unsigned long long)t->number);
    one_line(name);
    symbols_add(which, &(struct symbol){name, t->code.start, t->code.size, lines, lines_fill(t, r, lines)});
}

void stubs_name(struct jit_vm *vm)
{
    char name[64];
    const struct code_block *b = vm->area.first;
    int which = wanted(vm);
    if (!which || !b) return;
    snprintf(name, sizeof name, "%s:enter", vm->driver->name);
    symbols_add(which, &(struct symbol){.name = name, .code = b->p, .size = b->size});
}
