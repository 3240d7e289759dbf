/* engine.h: what the files of trace/ offer each other and nobody else. */
#ifndef JIT_TRACE_ENGINE_H
#define JIT_TRACE_ENGINE_H
#include "trace/recorder.h"

/* What is known of a place: kept while the VM lives, even without a trace. */
struct jit_cell {
    struct jit_key key;
    uint8_t kind; /* LOOP or ENTRY */
    bool blacklisted;
    bool waited; /* longer than the threshold says: many others were compiled before it */
    uint16_t aborts; /* in a row */
    uint16_t compiles; /* how often a trace was installed here */
    bool again; /* a second trace for other types was recorded here, or tried */
    struct jit_trace *trace;
    struct jit_trace *older; /* the first one then */
    struct jit_cell *next;
};

/* Is n 1, 2, 4, 8 ...: alarms are raised then, so that none becomes a flood. */
static inline bool doubled(uint64_t n) { return n && !(n & (n - 1)); }

/* params.c */
void params_default(struct jit_params *p);

/* hot.c */
struct jit_cell *cell_find(struct jit_vm *vm, struct jit_key key, int kind, bool create); /* NULL: absent or no memory */
void cell_aborted(struct jit_vm *vm, struct jit_cell *cell, const struct obs_place *at, enum jitstat_abort why);
void cells_free(struct jit_vm *vm);
bool vm_backend_ready(struct jit_vm *vm); /* makes area and trampolines at the first need */

/* recorder.c */
struct jit_recorder *rec_new(struct jit_vm *vm, void *ctx, struct jit_key key, int kind, struct jit_exit *parent);
void rec_free(struct jit_recorder *r); /* also takes it off vm->rec */
void rec_place(const struct jit_recorder *r, struct obs_place *at);
void rec_dump_bad(const struct jit_recorder *r, jit_ref at); /* JIT_DUMP=bad: a recording of which guard `at` can never hold */
uint32_t rec_capture(struct jit_recorder *r); /* resume data of now */

/* pipeline.c */
struct jit_trace *pipeline_compile(struct jit_recorder *r, enum jit_link link, struct jit_trace *target);
void trace_place(const struct jit_trace *t, struct obs_place *at);
void trace_publish(struct jit_trace *t, struct jit_recorder *r); /* installs, compile hook and event */

/* listing.c */
void listing_keep(struct jit_recorder *r, struct jit_trace *t); /* t has its record */
void listing_names(void); /* makes the operations' names known to readers */

/* names.c */
void trace_name(struct jit_trace *t, struct jit_recorder *r);
void trace_unname(struct jit_trace *t); /* before its code is freed */
void stubs_name(struct jit_vm *vm);

/* exit.c */
void exit_handler(struct jit_exit_state *st);
void exit_place(const struct jit_exit *e, const char **file, int *line); /* source place of a guard; file is valid for the call */
int exit_poll(struct jit_trace *t, int which);

/* invalidate.c */
void trace_release_dead(struct jit_vm *vm); /* frees INVALID traces if nothing runs, is recorded or compiled */
void traces_drop(struct jit_vm *vm, const char *why, const char *file, int line); /* all, now; as jit_flush */

/* hook_list.c */
struct hook_list {
    const struct jit_ir *old; /* the trace that the hook was shown */
    const struct jitstat_op *ops; /* as it was shown */
    size_t nops;
    const struct jitstat_newop *list; /* what it returned */
    int64_t n;
};
/* *out (initialised here, in arena) is the verified trace of the list; false and the reason in err. */
bool hook_list_take(struct jit_vm *vm, const struct hook_list *l, struct jit_ir *out, struct jit_arena *arena, char *err, size_t errsize);

/* hooks.c */
struct jit_hooks *hooks_new(struct jit_vm *vm);
void hooks_free(struct jit_hooks *h);
/* Runs the optimize hook on ir; may replace *ir (in arena) by a verified list. */
void hooks_optimize(struct jit_vm *vm, struct jit_recorder *r, struct jit_ir *ir, struct jit_arena *arena);
void jit_hooks_safe_point(struct jit_vm *vm); /* a flush that a hook asked for happens here */
void hooks_compile(struct jit_trace *t);
void hooks_abort(struct jit_recorder *r, enum jitstat_abort why, const char *file, int line);
#endif
