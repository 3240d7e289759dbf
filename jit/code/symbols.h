/* symbols.h - names of machine code for Linux's own tools: the perf map and the jitdump file, both opt-in.
 *
 *   perf map  /tmp/perf-PID.map, a line per trace: what `perf report`, `perf top` and bpftrace's ustack read. Names only, and
 *             without times: when a trace is freed and its addresses serve another one, perf goes on with the first name
 *             (of lines for the same addresses it keeps the first). Nothing is taken back: most readers come when the
 *             process has ended and all of its traces are freed.
 *   jitdump   jit-PID.dump in /tmp/jitstat-UID, with times, code bytes and source lines: `perf record -k 1`, then
 *             `perf inject --jit`. Addresses that serve another trace later stay right.
 *
 * Both belong to the process (perf finds them by its pid), are written under one lock, and are made anew in a forked child at
 * its first trace. Both are bounded: what comes after SYMBOLS_MAX bytes is not written.
 *
 * Nobody else can make us write elsewhere: files are made, never opened (O_EXCL), no link is followed, and the
 * folder must be a folder of our own that nobody else can write.
 */
#ifndef JIT_CODE_SYMBOLS_H
#define JIT_CODE_SYMBOLS_H

#include <stddef.h>
#include <stdint.h>

#define SYMBOLS_MAX (64u << 20) /* bytes of one file */
enum { SYMBOLS_PERFMAP = 1,
       SYMBOLS_JITDUMP = 2 };

/* A place in the code from which on it belongs to a source line. */
struct symbol_line {
    uint32_t offset; /* ascending */
    uint32_t line;
    const char *file;
};

struct symbol {
    const char *name; /* one line */
    const void *code;
    size_t size;
    const struct symbol_line *lines;
    size_t nlines;
};

/* Writes s to the files of `which`; what cannot be written is left out. */
void symbols_add(int which, const struct symbol *s);

#endif
