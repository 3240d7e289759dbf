/* driver.h: what a guest tells the engine about itself. The engine knows guests only through this.
 *
 * Ownership: the guest owns the struct (static) and everything it points to.
 */
#ifndef JIT_TRACE_DRIVER_H
#define JIT_TRACE_DRIVER_H
#include "ir/ir.h"
#include "x64/backend.h"

struct jit_vm;
struct jit_trace;
struct jit_recorder;

/* A place in the guest's program where loops start: code object and position in it. */
struct jit_key {
    void *code;
    uint64_t pc;
};

struct jit_driver {
    const char *name; /* "lua" */
    struct jit_frame_layout layout;
    const struct jit_descr *const *descrs; /* NULL-terminated: all static descriptors */
    /* Source place of a key: file and line ("" and 0 if unknown). The string must stay valid for the call. */
    void (*place)(void *code, uint64_t pc, const char **file, int *line);
    /* Printable text of the instruction at a place, for dumps and merge points; may be NULL. */
    void (*describe)(void *code, uint64_t pc, char *buf, size_t size);
    /* The trace of a key is there (or, NULL, is gone): the guest makes its hot counter enter it. */
    void (*install)(void *user, struct jit_key key, int kind, struct jit_trace *trace);
    /* The place will not be tried for `ticks` more (back-off). ticks 0: never again (blacklisted). */
    void (*back_off)(void *user, struct jit_key key, int kind, uint32_t ticks);
    /* After an exit: make the guest's frames as described, so that its interpreter can go on. Slots have been
     * written. Must not raise. */
    void (*restore_frames)(void *ctx, const struct jit_resume_frame *frames, uint32_t n);
    /* An exit could not rebuild an object that its trace had removed: the guest raises its memory error when machine code
     * has been left. Slots that should hold such objects have tag 0 until then, which must be one without payload. */
    void (*no_memory)(void *ctx);
    /* Before a trace jumps to another trace's start in another frame: makes frames real (as restore_frames), sets the
     * context's base word to the innermost frame. Nonzero: not possible now, the trace is left instead. */
    int (*link_frames)(void *ctx, const struct jit_resume_frame *frames, uint32_t n);
    /* link_frames as steps for machine code (x64/backend.h); may be NULL. */
    uint32_t (*link_steps)(const struct jit_resume_frame *frames, uint32_t n, struct jit_step *out);
    /* Guest's value of a tag for printing; may be NULL. */
    const char *(*tag_name)(uint32_t tag);
};

#endif
