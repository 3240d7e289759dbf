/* names.c: tells Linux's own tools what the machine code of a trace is (code/symbols.h): the trace's place as its name,
 * its operations' source lines. Opt-in by the parameters perfmap, jitdump and gdb.
 *
 * Before: pipeline.c. After: perf, bpftrace, gdb.
 */
#include <stdio.h>
#include "code/gdb.h"
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

/* A name that gdb takes for one word, as far as the file's is one. */
static struct gdb_object *trace_show(const struct jit_trace *t, struct symbol s)
{
    char name[256];
    const char *kind = t->kind == JITSTAT_KIND_LOOP ? "loop" : t->kind == JITSTAT_KIND_ENTRY ? "entry"
                                                                                             : "bridge";
    snprintf(name, sizeof name, "%s_%s_%llu:%s", t->vm->driver->name, kind, (unsigned long long)t->number, t->name);
    one_line(name);
    s.name = name;
    return gdb_add(&s);
}

void trace_name(struct jit_trace *t, struct jit_recorder *r)
{
    char name[256];
    int which = wanted(t->vm);
    bool show = t->vm->params.gdb;
    struct symbol_line *lines = which || show ? jit_arena_alloc(&r->arena, (t->ir.ops.n + 1) * sizeof *lines) : NULL;
    if (!lines) return;
    struct symbol s = {name, t->code.start, t->code.size, lines, lines_fill(t, r, lines)};
    snprintf(name, sizeof name, "%s:%s %c%llu", t->vm->driver->name, t->name, t->kind, (unsigned long long)t->number);
    one_line(name);
    if (which) symbols_add(which, &s);
    if (show) t->shown = trace_show(t, s);
}

void trace_unname(struct jit_trace *t)
{
    gdb_remove(t->shown);
    t->shown = NULL;
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
