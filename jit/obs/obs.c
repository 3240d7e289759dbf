/* obs.c: the events. Each function counts what the event means in the VM's block, counts the
 * event itself, and fires the probe if somebody watches: in this order, so that whoever the probe
 * wakes reads a block in which the event has already happened.
 *
 * Also here: VMs, the exclusive timers, and the names from the tables. The lists of the block are
 * in records.c, its memory in segment.c, the probe sites in probes.c.
 *
 * Before it on the walk: trace/. After it: bpf/jitstat.bpf.c and agent/.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jitstat/advice.h>

#include "obs/probes.h"
#include "obs/segment.h"

#define HOOK_TIMER (-1)
#define TIMER_DEPTH ((int)(sizeof((struct obs_vm *)0)->timers / sizeof((struct obs_vm *)0)->timers[0]))

void records_abort(struct obs_vm *vm, int kind, enum jitstat_abort reason, uint64_t ns, const char *file, int line);
uint64_t records_alarm(struct obs_vm *vm, enum jitstat_alarm a, const struct obs_place *at, const char *detail);

static const struct obs_place nowhere = {.name = "", .file = ""};

/* Counts event ev of vm and fires its probe. at may be NULL; the rest are the row's arguments. */
#define EVENT(ev, vm, at, ...) \
    do { \
        obs_add(&(vm)->blk->total.events[JITSTAT_E_##ev], 1); \
        if (__builtin_expect(jitstat_##ev##_semaphore, 0)) { \
            struct obs_place place = whole(at); \
            probe_##ev((vm)->blk, &place, &(struct jitstat_arg_##ev){__VA_ARGS__}); \
        } \
    } while (0)
#define ADDRESS(p) (uint64_t)(uintptr_t)(p)

static struct obs_place whole(const struct obs_place *at)
{
    struct obs_place p = at ? *at : nowhere;
    p.name = p.name ? p.name : "";
    p.file = p.file ? p.file : "";
    return p;
}

/* ---- VMs ---- */

struct obs_vm *obs_vm_begin(const char *guest)
{
    struct obs_vm *vm = calloc(1, sizeof *vm);
    if (!vm)
        return NULL;
    if (segment_vm_take(vm, guest) != 0) {
        free(vm);
        return NULL;
    }
    EVENT(vm__begin, vm, NULL);
    return vm;
}

void obs_vm_end(struct obs_vm *vm)
{
    if (!vm)
        return;
    EVENT(vm__end, vm, NULL);
    segment_vm_end(vm);
    free(vm);
}

/* ---- timers ---- */

uint64_t obs_now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Nesting deeper than the stack is counted but not timed: its time stays with the deepest timer. */
static void timer_push(struct obs_vm *vm, int timer)
{
    int n = vm->ntimers++;
    if (n >= TIMER_DEPTH)
        return;
    uint64_t now = obs_now_ns();
    if (n > 0)
        vm->timers[n - 1].ns += now - vm->timers[n - 1].since;
    vm->timers[n].timer = timer;
    vm->timers[n].since = now;
    vm->timers[n].ns = 0;
}

static uint64_t timer_pop(struct obs_vm *vm)
{
    if (vm->ntimers == 0 || --vm->ntimers >= TIMER_DEPTH)
        return 0;
    int n = vm->ntimers;
    uint64_t now = obs_now_ns();
    if (n > 0)
        vm->timers[n - 1].since = now;
    return vm->timers[n].ns + (now - vm->timers[n].since);
}

void obs_timer_enter(struct obs_vm *vm, enum jitstat_time t)
{
    timer_push(vm, (int)t);
}

uint64_t obs_timer_leave(struct obs_vm *vm, enum jitstat_time t)
{
    uint64_t ns = timer_pop(vm);
    obs_add(&vm->blk->total.times_ns[t], ns);
    return ns;
}

void obs_timer_pause(struct obs_vm *vm)
{
    timer_push(vm, HOOK_TIMER);
}

void obs_timer_resume(struct obs_vm *vm)
{
    timer_pop(vm);
}

/* ---- phases ---- */

enum phase { PHASE_TRACING,
             PHASE_OPTIMIZE,
             PHASE_OTHER };

/* Which end event carries a counter's increments: the `source` column. */
#define PHASE_OF_TRACING_END PHASE_TRACING
#define PHASE_OF_OPTIMIZE_END PHASE_OPTIMIZE
#define PHASE_OF_BEGIN_TRACING PHASE_OTHER
#define PHASE_OF_BEGIN_BACKEND PHASE_OTHER
#define PHASE_OF_COMPILE PHASE_OTHER
#define PHASE_OF_ABORT PHASE_OTHER
#define PHASE_OF_FREE PHASE_OTHER
#define PHASE_OF_EVENT PHASE_OTHER
static const unsigned char counter_phase[JITSTAT_NCOUNTERS] = {
#define JITSTAT_COUNTER(NAME, source, help) [JITSTAT_C_##NAME] = PHASE_OF_##source,
#include <jitstat/counters.def>
};

/* What was added to the phase's counters since its last end event. */
static const struct jitstat_counts *phase_delta(struct obs_vm *vm, enum phase phase)
{
    for (int c = 0; c < JITSTAT_NCOUNTERS; c++) {
        vm->delta.counters[c] = 0;
        if (counter_phase[c] != phase)
            continue;
        vm->delta.counters[c] = vm->blk->total.counters[c] - vm->reported.counters[c];
        vm->reported.counters[c] = vm->blk->total.counters[c];
    }
    return &vm->delta;
}

void obs_ev_tracing_begin(struct obs_vm *vm, const struct obs_place *at)
{
    obs_count(vm, JITSTAT_C_TRACING, 1);
    EVENT(tracing__begin, vm, at);
}

void obs_ev_tracing_end(struct obs_vm *vm, const struct obs_place *at, uint64_t ns)
{
    const struct jitstat_counts *delta = phase_delta(vm, PHASE_TRACING);
    EVENT(tracing__end, vm, at, .ns = ns, .delta = ADDRESS(delta));
}

void obs_ev_optimize_begin(struct obs_vm *vm, const struct obs_place *at)
{
    EVENT(optimize__begin, vm, at);
}

void obs_ev_optimize_end(struct obs_vm *vm, const struct obs_place *at, uint64_t ns)
{
    const struct jitstat_counts *delta = phase_delta(vm, PHASE_OPTIMIZE);
    EVENT(optimize__end, vm, at, .ns = ns, .delta = ADDRESS(delta));
}

void obs_ev_backend_begin(struct obs_vm *vm, const struct obs_place *at)
{
    obs_count(vm, JITSTAT_C_BACKEND, 1);
    EVENT(backend__begin, vm, at);
}

void obs_ev_backend_end(struct obs_vm *vm, const struct obs_place *at, uint64_t ns, const void *addr, size_t size)
{
    EVENT(backend__end, vm, at, .ns = ns, .addr = ADDRESS(addr), .size = size);
}

/* ---- what becomes of a trace ---- */

void obs_ev_compile(struct obs_vm *vm, const struct obs_place *at, const void *addr, size_t size,
                    uint32_t ops, uint32_t guards, uint64_t parent, uint32_t guard_number)
{
    bool bridge = at->kind == JITSTAT_KIND_BRIDGE;
    obs_count(vm, bridge ? JITSTAT_C_TOTAL_COMPILED_BRIDGES : JITSTAT_C_TOTAL_COMPILED_LOOPS, 1);
    obs_add(&vm->blk->generation, 1);
    EVENT(compile, vm, at, .addr = ADDRESS(addr), .size = size, .ops = ops, .guards = guards, .parent = parent,
          .guard_number = guard_number);
}

void obs_ev_abort(struct obs_vm *vm, const struct obs_place *at, enum jitstat_abort reason,
                  uint64_t ns, const char *abort_file, int abort_line)
{
    abort_file = abort_file ? abort_file : "";
    obs_count(vm, obs_abort_counter(reason), 1);
    records_abort(vm, at ? at->kind : 0, reason, ns, abort_file, abort_line);
    EVENT(abort, vm, at, .reason = ADDRESS(obs_abort_name(reason)), .reason_id = reason, .ns = ns,
          .abort_file = ADDRESS(abort_file), .abort_line = (uint64_t)abort_line);
}

void obs_ev_free(struct obs_vm *vm, const struct obs_place *at, const void *addr, size_t size)
{
    bool bridge = at->kind == JITSTAT_KIND_BRIDGE;
    obs_count(vm, bridge ? JITSTAT_C_TOTAL_FREED_BRIDGES : JITSTAT_C_TOTAL_FREED_LOOPS, 1);
    EVENT(free, vm, at, .addr = ADDRESS(addr), .size = size);
}

void obs_ev_flush(struct obs_vm *vm, const char *why, uint64_t traces)
{
    obs_add(&vm->blk->total.flushes, 1);
    obs_add(&vm->blk->generation, 1);
    EVENT(flush, vm, NULL, .why = ADDRESS(why ? why : ""), .traces = traces);
}

void obs_ev_blacklist(struct obs_vm *vm, const struct obs_place *at, const char *reason, uint64_t tries)
{
    obs_add(&vm->blk->total.blacklisted, 1);
    EVENT(blacklist, vm, at, .reason = ADDRESS(reason), .tries = tries);
}

void obs_ev_exit_hot(struct obs_vm *vm, const struct obs_place *at, uint32_t guard_number, uint64_t count)
{
    EVENT(exit__hot, vm, at, .guard_number = guard_number, .count = count);
}

void obs_alarm(struct obs_vm *vm, enum jitstat_alarm a, const struct obs_place *at, const char *detail)
{
    struct obs_place p = whole(at);
    detail = detail ? detail : "";
    uint64_t count = records_alarm(vm, a, &p, detail);
    obs_add(&vm->blk->total.alarms, 1);
    EVENT(alarm, vm, &p, .alarm = ADDRESS(obs_alarm_name(a)), .alarm_id = a, .count = count, .detail = ADDRESS(detail),
          .advice = ADDRESS(obs_alarm_advice(a, detail)));
}

void obs_ev_snapshot(struct obs_vm *vm, struct jitstat_totals *out)
{
    obs_own(); /* before the copy: in a child it changes `inherited` */
    const __u64 *total = (const __u64 *)&vm->blk->total, *inherited = (const __u64 *)&vm->blk->inherited;
    for (size_t i = 0; i < sizeof *out / sizeof *total; i++)
        ((__u64 *)out)[i] = total[i] - inherited[i];
    out->events[JITSTAT_E_snapshot]++; /* the copy holds the event that carries it */
    EVENT(snapshot, vm, NULL, .totals = ADDRESS(out), .size = sizeof *out);
}

/* ---- names ---- */

bool obs_watched(enum jitstat_event e)
{
    static volatile unsigned short *const semaphore[JITSTAT_NEVENTS] = {
#define JITSTAT_EVENT(name, hook, args) [JITSTAT_E_##name] = &jitstat_##name##_semaphore,
#include <jitstat/events.def>
    };
    return *semaphore[e] != 0;
}

const char *obs_counter_name(enum jitstat_counter c)
{
    static const char *const names[JITSTAT_NCOUNTERS] = {
#define JITSTAT_COUNTER(NAME, source, help) [JITSTAT_C_##NAME] = #NAME,
#include <jitstat/counters.def>
    };
    return (unsigned)c < JITSTAT_NCOUNTERS ? names[c] : "?";
}

const char *obs_event_name(enum jitstat_event e)
{
    static const char *const names[JITSTAT_NEVENTS] = {
#define JITSTAT_EVENT(name, hook, args) [JITSTAT_E_##name] = #name,
#include <jitstat/events.def>
    };
    return (unsigned)e < JITSTAT_NEVENTS ? names[e] : "?";
}

struct abort_row {
    const char *name, *advice;
    enum jitstat_counter counter;
};
static const struct abort_row abort_rows[JITSTAT_NABORTS] = {
#define JITSTAT_ABORT(NAME, help, advice) [JITSTAT_A_##NAME] = {"ABORT_" #NAME, advice, JITSTAT_C_ABORT_##NAME},
#define JITSTAT_ABORT_PYPY JITSTAT_ABORT
#include <jitstat/aborts.def>
#undef JITSTAT_ABORT_PYPY
#undef JITSTAT_ABORT
};

const char *obs_abort_name(enum jitstat_abort a)
{
    return (unsigned)a < JITSTAT_NABORTS ? abort_rows[a].name : "?";
}

enum jitstat_counter obs_abort_counter(enum jitstat_abort a)
{
    return abort_rows[a].counter;
}

struct alarm_row {
    const char *name, *advice;
};
static const struct alarm_row alarm_rows[JITSTAT_NALARMS] = {
    [JITSTAT_AL_NONE] = {"?", ""},
#define JITSTAT_ALARM(NAME, what, advice) [JITSTAT_AL_##NAME] = {#NAME, advice},
#include <jitstat/alarms.def>
};

const char *obs_alarm_name(enum jitstat_alarm a)
{
    return alarm_rows[(unsigned)a < JITSTAT_NALARMS ? a : JITSTAT_AL_NONE].name;
}

const char *obs_alarm_advice(enum jitstat_alarm a, const char *detail)
{
    int cause = jitstat_alarm_cause(a, detail);
    return cause >= 0 ? abort_rows[cause].advice : alarm_rows[(unsigned)a < JITSTAT_NALARMS ? a : JITSTAT_AL_NONE].advice;
}
