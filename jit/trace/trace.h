/* trace.h: the engine as the guest sees it: VMs, compiled traces, hot places, entering and leaving
 * machine code, parameters. (Recording: recorder.h. Hooks: include/jitstat/jitstat.h.)
 *
 * The life of a trace:
 *   guest's counter -> jit_hot                       may say "enter this trace" or start recording
 *   guest records each instruction                    recorder.h
 *   jit_rec_close*                                    pipeline.c: optimize, hooks, compile, install
 *   jit_run                                           enters; returns when the interpreter must go on
 *   exit gets hot                                     jit_run starts a bridge recording by itself
 *   invalidated / flushed                             unlinked at once, freed when nothing runs in it
 */
#ifndef JIT_TRACE_TRACE_H
#define JIT_TRACE_TRACE_H
#include <jitstat/jitstat.h>
#include "obs/obs.h"
#include "trace/driver.h"

struct jit_params {
#define JITSTAT_PARAM(name, def, min, max, help) int64_t name;
#include <jitstat/params.def>
    unsigned enable_opts; /* JIT_OPT_* */
};

enum jit_trace_state { JIT_TR_LIVE,
                       JIT_TR_INVALID /* unlinked, waits for activations */,
                       JIT_TR_FREED };

struct jit_trace {
    struct jit_vm *vm;
    uint8_t kind; /* JITSTAT_KIND_* */
    uint8_t state;
    uint8_t place; /* what key is: KIND_LOOP a loop's head, KIND_ENTRY a function's entry (root traces) */
    uint32_t invalid; /* word that guard_not_invalidated tests */
    bool counted; /* machine code reads it: runs are counted even if nobody is attached to the `count` probe */
    uint64_t *entries, *runs; /* words of rec that machine code counts in: entered; label passed or bridge entered */
    uint64_t number;
    struct jit_key key; /* bridges: key of the root trace */
    char *name; /* "file.lua:12" */
    char *file;
    int line;
    struct jit_arena arena; /* everything below */
    struct jit_ir ir; /* optimized; as soon as the trace is published what jit_ir_strip leaves */
    struct jit_code code;
    struct gdb_object *shown; /* what gdb sees of code; or NULL */
    struct jit_trace *parent; /* bridges */
    uint32_t parent_exit;
    struct jit_trace *target; /* link TRACE */
    struct jit_trace *next; /* all traces of the VM, newest first */
    struct jitstat_loop *rec; /* in the stats block, or, if there was no room, in the arena */
    struct jitstat_guard *guards; /* [code.nexits], there too */
    bool lost; /* they are in the arena: nobody sees them */
    void **deps; /* objects whose constants were used */
    uint32_t ndeps;
    void **roots; /* collectable constants of ir, each once */
    uint32_t nroots;
    uint32_t nbridges; /* root traces: bridges recorded in this tree, dead ones included */
    bool doomed; /* scratch of invalidate.c */
    uint32_t stack_room; /* slots above the frame register that the trace needs (its guard_stack) */
};

#define JIT_FLUSH_STORM 8 /* flushes within JIT_FLUSH_STORM_NS raise an alarm */
#define JIT_FLUSH_STORM_NS 10000000000u

#define JIT_PARAM_ERROR 1024

struct jit_vm {
    const struct jit_driver *driver;
    void *user; /* guest's: passed to install and back_off */
    struct obs_vm *obs;
    struct jit_params params;
    char param_error[JIT_PARAM_ERROR]; /* why set_param refused the last text */
    struct code_area area;
    struct jit_backend backend;
    bool backend_ok, refused; /* area and trampolines exist; the kernel refuses executable memory */
    struct jit_recorder *rec; /* != NULL: recording */
    struct jit_arena_pool scratch; /* memory of recordings and compilations */
    struct jit_rec_slot *spare_slots; /* of the last recording, all zero; or NULL */
    struct jit_recorder *compiling; /* closed recordings whose optimize hook runs, innermost first: still to be invalidated and marked */
    struct jit_trace *traces;
    uint64_t next_number;
    uint32_t nroots, nbridges; /* recordings begun: from loops and entries, from guards */
    uint32_t ndied; /* traces of loops and entries whose code was collected */
    struct jit_cell **cells; /* hash of keys: counters of aborts, trace */
    uint32_t ncells, cellmask;
    uint32_t running; /* depth of jit_run. A guest that unwinds past jit_run (longjmp) restores what it was */
    bool dead_traces; /* some are JIT_TR_INVALID */
    struct jit_descr frame_tag, frame_i, frame_f, frame_r; /* a slot in memory, for jit_rec_reload */
    uint8_t debug; /* enable_debug is on */
    volatile uint8_t interrupt; /* guest wants compiled loops to leave */
    uint8_t in_hook, want_flush;
    const char *flush_why;
    int64_t torture_counter;
    struct jit_hooks *hooks; /* hooks.c */
    bool dump_exits; /* JIT_DUMP=exit */
    bool nearly_full; /* the alarm for it was raised */
    uint64_t flushes_since; /* ns: when the flushes began that are counted for an alarm */
    uint32_t nflushes; /* that dropped code since then */
};

/* NULL if memory is short. params may be changed before the first trace. */
struct jit_vm *jit_vm_new(const struct jit_driver *driver, void *user);
void jit_vm_free(struct jit_vm *vm);

/* "name=value,name=value", "off", "default", enable_opts=...; on error false and *err a message that names
 * the bad part and what is allowed. All or nothing. */
bool jit_set_param(struct jit_vm *vm, const char *text, const char **err);

/* A hot counter ran out at key (kind JITSTAT_KIND_LOOP: back edge; JITSTAT_KIND_ENTRY: function entry).
 * Returns the trace to enter, or NULL; when *record is set the guest starts to call its recorder for every
 * instruction (vm->rec exists). */
struct jit_trace *jit_hot(struct jit_vm *vm, void *ctx, struct jit_key key, int kind, bool *record);

/* Starts to record a second trace for a place that has one (jit_rec_outdated). False: not now, or it has been tried. */
bool jit_hot_again(struct jit_vm *vm, void *ctx, struct jit_key key, int kind);

/* Enters a root trace. frame: address of slot 0. The context's base word (layout.ctx_base_off) must already hold frame.
 * On return the guest's frames are as restore_frames left them. *record: a bridge recording has begun at this exit. */
enum jit_exit_kind jit_run(struct jit_vm *vm, void *ctx, void *frame, struct jit_trace *trace, bool *record);

/* A trace for this key, or NULL (for linking). */
struct jit_trace *jit_trace_of(struct jit_vm *vm, struct jit_key key, int kind);

/* How often in a row recording failed at a place (0: never, or it has a trace). */
uint32_t jit_aborts_at(struct jit_vm *vm, struct jit_key key, int place);

/* The place is traced the next time that it is reached. False: it has a trace, is blacklisted, or nothing is compiled. */
bool jit_trace_next(struct jit_vm *vm, struct jit_key key, int kind);

/* Blacklists the place: no recording starts there any more, and one that did is given up. A trace that is there stays.
 * Fires `blacklist` with the reason "dont_trace_here"; no alarm, it is what was asked for. False: no memory. */
bool jit_dont_trace(struct jit_vm *vm, struct jit_key key, int kind);

struct jit_place_info {
    bool blacklisted;
    uint32_t aborts; /* in a row */
    uint64_t loop_no; /* of the place's trace; 0: none */
};
void jit_place_info(struct jit_vm *vm, struct jit_key key, int kind, struct jit_place_info *info);

/* The guest changed an object that traces depend on: they are unlinked and leave at the next guard_not_invalidated. */
void jit_invalidate(struct jit_vm *vm, void *object);
/* All traces go (deferred while a hook runs). file and line: who asked for it, for the alarm; NULL, 0: unknown. */
void jit_flush(struct jit_vm *vm, const char *why, const char *file, int line);
/* Code objects die: their traces and cells go. One call for many: it goes through all traces. codes gets sorted. */
void jit_forget_code(struct jit_vm *vm, void **codes, uint32_t n);
/* Collector: calls mark for every collectable constant of live traces and of the recording. */
void jit_mark(struct jit_vm *vm, void (*mark)(void *arg, void *object), void *arg);
/* Async-signal-safe: compiled loops leave at their next back edge until cleared. */
void jit_interrupt(struct jit_vm *vm, bool on);
/* enable_debug/disable_debug: run counts. */
void jit_debug(struct jit_vm *vm, bool on);
/* A guest's hook wrapper reports an error of its callback: counted, one line on stderr. */
void jit_hook_failed(struct jit_vm *vm, enum jitstat_hook which, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
