/* opt.h: from recorded to optimized operations.
 *
 * The optimizer is a chain: each recorded operation goes through the passes of passes.def in order
 * (each may replace it by a value, change it, drop it) and is appended to the output. A loop is then
 * peeled: the recorded body is sent through the same chain a second time with the values of the
 * first round's end in place of frame reads, so everything that does not change stays in the first
 * round (the preamble) and the second becomes the loop behind `label`.
 *
 * Invariants
 *  1. The output verifies (ir/verifier.c); in test builds (jit_opt_verify != 0) after every step.
 *  2. Guards keep resume data that give the interpreter the same state as without optimization.
 *  3. Deterministic: the same input gives the same output.
 *
 * Before: trace/recorder.c. After: the optimize hook (trace/hooks.c), x64/.
 */
#ifndef JIT_OPT_OPT_H
#define JIT_OPT_OPT_H
#include "ir/ir.h"

enum { /* JIT_OPT_*: which passes run; JIT_OPT_ALL is the default. One per row of passes.def. */
#define JIT_PASS(NAME, name, help) JIT_OPT_BIT_##NAME,
#include "opt/passes.def"
       JIT_OPT_NPASSES
};
#define JIT_OPT_ALL ((1u << JIT_OPT_NPASSES) - 1)

enum jit_opt_status {
    JIT_OPT_OK,
    JIT_OPT_NOMEM,
    JIT_OPT_BAD_LOOP /* a guard is known to fail always: the trace can never run as recorded */
};

/* in: recorded trace (not changed). out: initialised by the callee in arena. peel: loops only; when
 * the second round shows that types change from iteration to iteration the loop is left unpeeled
 * (link LOOP without label: the machine code jumps to its own start through memory). */
enum jit_opt_status jit_optimize(const struct jit_ir *in, struct jit_ir *out, struct jit_arena *arena,
                                 unsigned passes, bool peel);
/* n bytes in the spelling of PyPy's enable_opts: "all", "none" or "fold:cse:..."; false on an unknown or empty name. */
bool jit_opt_parse_passes(const char *s, size_t n, unsigned *passes);
extern int jit_opt_verify;

#endif
