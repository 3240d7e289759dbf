/* rig.h: what the tests of trace/ share: a toy that runs a program, its numbers, and what went to stderr. */
#ifndef UNIT_TRACE_RIG_H
#define UNIT_TRACE_RIG_H
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "opt/opt.h"
#include "toy/toy.h"

struct rig_out {
    char *text;
    size_t size;
};
struct rig {
    struct toy *t;
    struct rig_out *out;
    FILE *f;
};

/* A toy with a program: a built-in one by name, or text. */
static inline struct rig rig_new(const char *name, const char *text, const char *params)
{
    struct rig g = {0};
    int64_t usual;
    char *builtin = text ? NULL : toy_program(name, &usual);
    jit_opt_verify = 2; /* after every operation */
    g.out = calloc(1, sizeof *g.out);
    g.f = open_memstream(&g.out->text, &g.out->size);
    g.t = toy_new(name, params, g.f);
    cr_assert(text || builtin);
    cr_assert(toy_load(g.t, text ? text : builtin), "%s", g.t->error);
    free(builtin);
    return g;
}

static inline int64_t rig_run(struct rig *g, int64_t n)
{
    struct toy_val v = {0};
    cr_assert(toy_call(g->t, "main", &n, 1, &v), "%s", g->t->error);
    fflush(g->f);
    return v.tag == TOY_INT ? v.i : 0;
}

static inline void rig_free(struct rig *g)
{
    toy_free(g->t);
    fclose(g->f);
    free(g->out->text);
    free(g->out);
}

static inline struct jitstat_totals *rig_total(struct rig *g) { return &g->t->vm->obs->blk->total; }
static inline uint64_t rig_count(struct rig *g, enum jitstat_counter c) { return rig_total(g)->counters[c]; }
static inline uint64_t rig_event(struct rig *g, enum jitstat_event e) { return rig_total(g)->events[e]; }
static inline uint64_t rig_aborts(struct rig *g)
{
    uint64_t n = 0;
    for (int a = 0; a < JITSTAT_NABORTS; a++) n += rig_count(g, obs_abort_counter((enum jitstat_abort)a));
    return n;
}

/* What the program gives without a JIT. */
static inline int64_t rig_interpreted(const char *name, const char *text, int64_t n)
{
    struct rig g = rig_new(name, text, "off");
    int64_t v = rig_run(&g, n);
    cr_assert_eq(rig_count(&g, JITSTAT_C_TRACING), 0);
    rig_free(&g);
    return v;
}

static inline bool rig_alarm(struct rig *g, enum jitstat_alarm a)
{
    for (int i = 0; i < JITSTAT_ALARMS; i++)
        if (g->t->vm->obs->blk->alarms[i].alarm == (uint32_t)a && g->t->vm->obs->blk->alarms[i].count) return true;
    return false;
}

/* stderr goes to memory between the two. The text is the caller's: free(). */
static int capture_fd = -1, capture_old = -1;
static inline void capture_begin(void)
{
    fflush(stderr);
    capture_fd = memfd_create("stderr", 0);
    capture_old = dup(2);
    dup2(capture_fd, 2);
}
static inline char *capture_end(void)
{
    fflush(stderr);
    off_t n = lseek(capture_fd, 0, SEEK_END);
    char *s = calloc(1, (size_t)n + 1);
    cr_assert_eq(pread(capture_fd, s, (size_t)n, 0), n);
    dup2(capture_old, 2);
    close(capture_old);
    close(capture_fd);
    return s;
}

#define LOOP_TEXT /* 1: sum of 1..n */ \
    "func main 1\n int r1 0\n int r2 0\nnext:\n jle r0 r2 out\n addi r2 r2 1\n add r1 r1 r2\n loop next\nout:\n ret r1\n"
#define OPAQUE_TEXT /* a loop that the recorder gives up at line 7 */ \
    "func main 1\n int r1 0\n int r2 0\nnext:\n jle r0 r2 out\n addi r2 r2 1\n opaque r1\n loop next\nout:\n ret r1\n"
#define BRANCH_TEXT /* another way every fourth time: a bridge */ \
    "func main 1\n int r1 0\n int r2 0\n int r3 4\n int r4 0\nnext:\n jle r0 r2 out\n addi r2 r2 1\n mod r5 r2 r3\n jne r5 r4 same\n addi r1 r1 7\n" \
    "same:\n add r1 r1 r2\n loop next\nout:\n ret r1\n"
#define OPAQUE_BRIDGE_TEXT /* the other way cannot be recorded */ \
    "func main 1\n int r1 0\n int r2 0\n int r3 4\n int r4 0\nnext:\n jle r0 r2 out\n addi r2 r2 1\n mod r5 r2 r3\n jne r5 r4 same\n opaque r1\n" \
    "same:\n add r1 r1 r2\n loop next\nout:\n ret r1\n"
#define ENTRY_TEXT /* g gets hot by its calls; its trace ends where callback returns to C */ \
    "func g 1\n add r1 r0 r0\n ret r1\n" \
    "func callback 1\n move r2 r0\n call r1 g\n ret r1\n" \
    "func main 1\n int r1 0\n int r2 0\nnext:\n jle r0 r2 out\n addi r2 r2 1\n move r4 r2\n native r3 reenter\n opaque r3\n add r1 r1 r3\n loop next\nout:\n ret r1\n"
#endif
