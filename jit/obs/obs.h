/* obs.h: how the engine tells the world. The stats block is written here and nowhere else, the
 * probes stand here and nowhere else (obs/ is the only user of sys/sdt.h).
 *
 * Invariants
 *  1. Every event is counted in totals.events[] and fires its probe from the same function, so
 *     hook + suppressed = event = probe (the hook itself is called by trace/hooks.c just before).
 *  2. Every begin has one end. Timers are exclusive: entering a timer pauses the one that runs;
 *     obs_timer_leave returns the nanoseconds that it added, which the end event carries.
 *  3. Strings that go to a probe have been touched; no string is built unless somebody watches.
 *  4. Words of the block are single 8-byte relaxed atomic stores; records are bracketed by seq.
 *  5. After fork() the child's first event or count finds a foreign owner pid (or the fork
 *     handler has already run) and gives the process a segment of its own at the same address,
 *     so pointers into the block stay valid in the child.
 *
 * Before it on the walk: trace/. After it: bpf/ and agent/.
 */
#ifndef JIT_OBS_OBS_H
#define JIT_OBS_OBS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <jitstat/stats.h>

/* The poll word: its lower half says that runs are counted (16 bits are the semaphore of the `count` probe, which the kernel
 * raises while somebody is attached, 16 bits count the VMs that are in enable_debug: so there may be 65000 of them), its
 * upper half that somebody is to be interrupted. Machine code tests at back edges, entries and bridges what can happen
 * there, with one instruction: zero means nothing to do. */
union jit_poll {
    uint64_t word;
    struct {
        uint16_t count_semaphore;
        uint16_t debug; /* VMs that are in enable_debug */
        uint32_t interrupts; /* VMs with a pending interrupt */
    };
};
extern union jit_poll jit_poll_word __attribute__((visibility("hidden")));

/* A VM as obs knows it. Owned by obs; valid from obs_vm_begin to obs_vm_end. */
struct obs_vm {
    struct jitstat_vm *blk; /* in the segment or in private memory; never NULL */
    struct jitstat_counts reported; /* counters at the last TRACING_END / OPTIMIZE_END */
    struct jitstat_counts delta; /* what the last end event carried */
    struct {
        int timer;
        uint64_t since, ns;
    } timers[8]; /* stack: the top one runs; timer -1 is a hook */
    int ntimers;
    /* caches of the chunk lists, see records.c */
    struct jitstat_loop_chunk *loops_tail;
    struct records_cursor {
        struct jitstat_loop_chunk *chunk;
        uint32_t index;
    } reuse, evict; /* where the searches for a freed record go on: for its room, for its listing's */
    uint32_t freed_listings; /* records of freed traces that still have a listing: what `evict` may find */
    struct jitstat_abort_chunk *aborts_tail;
    struct {
        uint64_t off;
        char text[JITSTAT_ABORT_FILE_LEN];
    } strings[8]; /* last obs_string results */
    unsigned nstrings;
    struct obs_vm *next; /* all live VMs of the process, under the segment's lock */
};

/* guest: driver name, at most 15 bytes. Fires vm__begin. Never fails: without a segment it falls
 * back to private memory. Returns NULL only when malloc fails. */
struct obs_vm *obs_vm_begin(const char *guest);
/* Fires vm__end, marks the slot ended and frees vm. */
void obs_vm_end(struct obs_vm *vm);

/* 0 after a fork that nobody told us of (the page is wiped by the kernel), else 1. */
extern volatile uint32_t *obs_own_mark __attribute__((visibility("hidden")));
/* Gives a forked child a segment of its own at the same address; does nothing in its owner. */
void obs_after_fork(void);
static inline void obs_own(void)
{
    if (__builtin_expect(!*obs_own_mark, 0))
        obs_after_fork();
}

static inline void obs_count(struct obs_vm *vm, enum jitstat_counter c, uint64_t n)
{
    obs_own();
    uint64_t *p = (uint64_t *)&vm->blk->total.counters[c];
    __atomic_store_n(p, *p + n, __ATOMIC_RELAXED);
}
/* Adds to one of the other words of struct jitstat_totals: obs_add(&vm->blk->total.flushes, 1). */
static inline void obs_add(__u64 *word, uint64_t n)
{
    obs_own();
    __atomic_store_n((uint64_t *)word, *word + n, __ATOMIC_RELAXED);
}

/* Exclusive timers. leave must name the timer entered last; returns exclusive ns added to it.
 * obs_timer_pause/resume bracket hook calls (hook time belongs to no timer). */
void obs_timer_enter(struct obs_vm *vm, enum jitstat_time t);
uint64_t obs_timer_leave(struct obs_vm *vm, enum jitstat_time t);
void obs_timer_pause(struct obs_vm *vm);
void obs_timer_resume(struct obs_vm *vm);

/* What the first six arguments say. name and file must stay valid during the call only. */
struct obs_place {
    int kind; /* JITSTAT_KIND_* or 0 */
    uint64_t number; /* 0: none yet */
    const char *name; /* green key or "" */
    const char *file; /* or "" */
    int line;
};

void obs_ev_tracing_begin(struct obs_vm *vm, const struct obs_place *at); /* counts TRACING */
void obs_ev_tracing_end(struct obs_vm *vm, const struct obs_place *at, uint64_t ns);
void obs_ev_optimize_begin(struct obs_vm *vm, const struct obs_place *at);
void obs_ev_optimize_end(struct obs_vm *vm, const struct obs_place *at, uint64_t ns);
void obs_ev_backend_begin(struct obs_vm *vm, const struct obs_place *at); /* counts BACKEND */
void obs_ev_backend_end(struct obs_vm *vm, const struct obs_place *at, uint64_t ns, const void *addr, size_t size);
/* counts TOTAL_COMPILED_LOOPS / _BRIDGES by at->kind. */
void obs_ev_compile(struct obs_vm *vm, const struct obs_place *at, const void *addr, size_t size,
                    uint32_t ops, uint32_t guards, uint64_t parent, uint32_t guard_number);
/* counts ABORT_<reason>; records the abort site (abort_file:abort_line) with ns of lost tracing. */
void obs_ev_abort(struct obs_vm *vm, const struct obs_place *at, enum jitstat_abort reason,
                  uint64_t ns, const char *abort_file, int abort_line);
/* counts TOTAL_FREED_*. */
void obs_ev_free(struct obs_vm *vm, const struct obs_place *at, const void *addr, size_t size);
void obs_ev_flush(struct obs_vm *vm, const char *why, uint64_t traces);
void obs_ev_blacklist(struct obs_vm *vm, const struct obs_place *at, const char *reason, uint64_t tries);
void obs_ev_exit_hot(struct obs_vm *vm, const struct obs_place *at, uint32_t guard_number, uint64_t count);
/* Copies own totals (total - inherited) into *out, then fires `snapshot` with that copy. */
void obs_ev_snapshot(struct obs_vm *vm, struct jitstat_totals *out);

/* Is anyone watching event e through a probe? (semaphore) Costly strings are built only then. */
bool obs_watched(enum jitstat_event e);

/* Room for a trace's record, from before it is compiled, so that its machine code can count there: nobody sees it until
 * obs_loop_fill. One at a time per VM; to be filled or given back. */
struct obs_loop_room {
    struct jitstat_loop *loop; /* NULL: there is no room */
    struct jitstat_guard *guards;
    uint32_t nguards; /* at most */
    bool fresh; /* not a freed trace's */
};
void obs_loop_take(struct obs_vm *vm, uint32_t nguards, struct obs_loop_room *room);
void obs_loop_give_back(struct obs_loop_room *room);
/* As obs_loop_add, in the room that was taken for at least as many guards. */
struct jitstat_loop *obs_loop_fill(struct obs_vm *vm, const struct obs_loop_room *room, const struct obs_place *at, const void *addr,
                                   size_t size, uint32_t nops, uint64_t parent, uint32_t guard_number, uint32_t nguards,
                                   struct jitstat_guard **guards);

/* Publishes a record for a compiled trace with room for nguards guards (zeroed). NULL: no room
 * (counted as lost): the caller then uses scratch counters of its own. *guards gets the array. */
struct jitstat_loop *obs_loop_add(struct obs_vm *vm, const struct obs_place *at, const void *addr, size_t size,
                                  uint32_t nops, uint64_t parent, uint32_t guard_number,
                                  uint32_t nguards, struct jitstat_guard **guards);
void obs_loop_freed(struct obs_vm *vm, struct jitstat_loop *rec);

/* Offset in the segment of a copy of s (for jitstat_guard.file_off; at most 95 bytes, longer ones
 * keep their tail). The last few strings of a VM are shared. 0: no room. */
uint64_t obs_string(struct obs_vm *vm, const char *s);

/* Raises an alarm at a place (NULL: none): record, totals and event. detail: one line or NULL. */
void obs_alarm(struct obs_vm *vm, enum jitstat_alarm a, const struct obs_place *at, const char *detail);

/* Names of the operations in listings, as struct jitstat_seg says; kept once per process. */
void obs_op_names(const char *names, size_t size, uint32_t n);
/* Keeps a listing (its first word is its size) for a published trace. budget: bytes that the VM's listings may take;
 * those of freed traces go first. False: no room, counted in listings_lost. */
bool obs_listing_add(struct obs_vm *vm, struct jitstat_loop *rec, const struct jitstat_listing *l, uint64_t budget);

/* Names from the tables. */
const char *obs_counter_name(enum jitstat_counter c);
const char *obs_abort_name(enum jitstat_abort a); /* "ABORT_TOO_LONG" */
const char *obs_alarm_name(enum jitstat_alarm a); /* "FLUSH_STORM" */
/* For a blacklisted place that of the abort which detail names. detail NULL: the table's. */
const char *obs_alarm_advice(enum jitstat_alarm a, const char *detail);
const char *obs_event_name(enum jitstat_event e);
enum jitstat_counter obs_abort_counter(enum jitstat_abort a);

uint64_t obs_now_ns(void); /* CLOCK_MONOTONIC */

#endif
