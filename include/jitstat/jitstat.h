/* jitstat.h: hooks and snapshots of a tracing JIT, in the process, from C.
 *
 * Follows PyPy's pypyjit module (JIT hooks, JitLoopInfo, JitInfoSnapshot); what differs is said at
 * each function. The same points are USDT probes (events.def) and stand in the stats block
 * (stats.h).
 *
 * All functions are declared weak, so that a program which includes this header also runs with the
 * stock Lua library: test `if (jitstat_vm_of_lua)` first.
 *
 * Only from Lua (docs/hooks.md), since they take a function, or a level of the running program:
 * residual_call, trace_next_iteration, dont_trace_here, get_jitcell_at_key.
 *
 * Threads: a VM belongs to the thread that runs its guest; call these functions there.
 * Ownership: pointers that a hook gets are valid during the call only.
 */
#ifndef JITSTAT_JITSTAT_H
#define JITSTAT_JITSTAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <jitstat/stats.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifndef JITSTAT_API
#define JITSTAT_API __attribute__((weak, visibility("default")))
#endif

struct jit_vm; /* opaque here */
struct lua_State;

/* What kind of operation a struct jitstat_op is (PyPy: ResOperation, GuardOp, DebugMergePoint). */
enum jitstat_op_kind { JITSTAT_OP_PLAIN,
                       JITSTAT_OP_GUARD,
                       JITSTAT_OP_MERGE_POINT };

/* One operation of a trace. */
struct jitstat_op {
    uint32_t index; /* in the trace; the name of its result */
    enum jitstat_op_kind kind;
    const char *name; /* "int_add" */
    const char *text; /* printable form, "i5 = int_add(i3, 1)" */
    int64_t offset; /* bytes from asmaddr, -1: no code or not compiled yet */
    uint64_t hash; /* guards: identity of the guard in its VM; 0 otherwise */
    uint32_t line; /* guest's source line, 0: unknown */
    /* merge points */
    const char *greenkey; /* "file.lua:12"; NULL otherwise */
    uint64_t bytecode_no; /* position in the code object */
    uint32_t call_depth; /* inlined calls around it */
    uint64_t call_id; /* the trace's number of that frame */
};

/* PyPy's JitLoopInfo. */
struct jitstat_loop_info {
    struct jit_vm *vm;
    const char *jitdriver_name; /* "lua" */
    const char *type; /* "loop", "entry bridge" or "bridge" */
    uint64_t loop_no; /* the trace's number (for a bridge: of the loop it leaves) */
    uint64_t bridge_no; /* bridges: the trace's own number; 0 otherwise */
    uint32_t guard_number; /* bridges: the guard of the parent */
    const char *greenkey_name; /* "file.lua:12"; bridges: the guard's source place */
    void *greenkey_code; /* guest's code object; NULL for a bridge */
    uint64_t greenkey_position;
    bool is_being_profiled; /* always false */
    const struct jitstat_op *operations; /* NULL in the light mode of the compile hook */
    size_t noperations;
    const void *asmaddr; /* compile hook only; NULL in the optimize hook */
    size_t asmlen; /* bytes */
    const char *reason; /* abort hook: the counter's name, "ABORT_TOO_LONG" */
    const char *abort_place; /* abort hook: where recording stopped, "file.lua:12" */
    void *priv;
};

/* An operation that an optimize hook returns: either an unchanged one of the list (index) or a new one by text. */
struct jitstat_newop {
    int64_t index; /* >= 0: operations[index] as it is */
    const char *text; /* index < 0: the operation's printable form. A value it defines is named by the
                         form's own number; numbers not used in the list are free for new values */
};

/* optimize: before machine code is made. Return < 0 for "unchanged", else the number of entries put
 * into *list (memory of the callee, read before the next hook call). The list is verified: types, defined before use,
 * resume data of guards. A broken list is refused with a message, the trace is compiled as it was. */
typedef int64_t (*jitstat_optimize_fn)(const struct jitstat_loop_info *info, const struct jitstat_newop **list, void *ud);
typedef void (*jitstat_compile_fn)(const struct jitstat_loop_info *info, void *ud);
typedef void (*jitstat_abort_fn)(const struct jitstat_loop_info *info, void *ud); /* also for bridges */
typedef void (*jitstat_too_long_fn)(const struct jitstat_loop_info *info, void *ud);

/* A NULL fn removes the hook. Hooks are not reentrant: while one runs no other is called (counted in
 * hooks_suppressed). operations false: light mode, info->operations is NULL. */
JITSTAT_API void jitstat_set_optimize_hook(struct jit_vm *vm, jitstat_optimize_fn fn, void *ud);
JITSTAT_API void jitstat_set_compile_hook(struct jit_vm *vm, jitstat_compile_fn fn, void *ud, bool operations);
JITSTAT_API void jitstat_set_abort_hook(struct jit_vm *vm, jitstat_abort_fn fn, void *ud);
JITSTAT_API void jitstat_set_trace_too_long_hook(struct jit_vm *vm, jitstat_too_long_fn fn, void *ud);

JITSTAT_API void jitstat_enable_debug(struct jit_vm *vm); /* run counts on, for all code at once */
JITSTAT_API void jitstat_disable_debug(struct jit_vm *vm);

struct jitstat_run {
    int kind; /* 'e' entry, 'l' loop label, 'b' bridge */
    uint64_t number;
    uint64_t runs;
    const char *greenkey;
};
/* PyPy's JitInfoSnapshot: a copy of the moment. */
struct jitstat_snapshot {
    struct jitstat_totals totals;
    struct jitstat_run *loop_run_times; /* traces that exist, with runs since run counts were first on; empty
                                           unless enable_debug was called */
    size_t nloop_run_times;
    struct jitstat_alarm_rec *alarms; /* raised in this process: the last one for each place, at most JITSTAT_ALARMS */
    size_t nalarms;
};
/* 0 or -errno. Free with jitstat_snapshot_free. Fires the `snapshot` event with the copy. */
JITSTAT_API int jitstat_get_stats_snapshot(struct jit_vm *vm, struct jitstat_snapshot **out);
JITSTAT_API void jitstat_snapshot_free(struct jitstat_snapshot *s); /* NULL-safe */

/* "threshold=100,trace_limit=4000", "off", "default". 0, or -EINVAL and *err says what is wrong (static memory). */
JITSTAT_API int jitstat_set_param(struct jit_vm *vm, const char *text, const char **err);
JITSTAT_API void jitstat_get_stats_asmmemmgr(struct jit_vm *vm, size_t *allocated, size_t *used); /* bytes */
JITSTAT_API void jitstat_releaseall(struct jit_vm *vm); /* drops all machine code at the next safe point */

/* Names from the tables; NULL out of range. */
JITSTAT_API const char *jitstat_counter_name(int counter);
JITSTAT_API const char *jitstat_abort_reason(int abort);
JITSTAT_API const char *jitstat_alarm_name(int alarm);
JITSTAT_API const char *jitstat_alarm_advice(int alarm);
/* What to do about an alarm that was raised: for a blacklisted place what its aborts ask for. Never NULL. */
JITSTAT_API const char *jitstat_alarm_rec_advice(const struct jitstat_alarm_rec *r);

/* The VM of a Lua state; NULL if the state runs without JIT. */
JITSTAT_API struct jit_vm *jitstat_vm_of_lua(struct lua_State *L);

#ifdef __cplusplus
}
#endif
#endif
