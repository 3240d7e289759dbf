/* probes.h: one semaphore and one firing function per row of events.def.
 *
 * A site costs one load and one untaken branch while nobody watches: the caller tests
 * jitstat_<event>_semaphore inline and only then calls the noinline function that holds the
 * event's single probe site. The functions take structs, so the registers of the site are loaded
 * inside them and callers stay small.
 *
 * Before it: obs.c. After it: bpf/jitstat.bpf.c.
 */
#ifndef JIT_OBS_PROBES_H
#define JIT_OBS_PROBES_H

#include <jitstat/args.h>
#include "obs/obs.h"

/* Raised by the kernel while somebody is attached to the probe of that name. The one of `count`
 * is the first 16 bits of jit_poll_word. */
#define JITSTAT_EVENT(name, hook, args) \
    extern volatile unsigned short jitstat_##name##_semaphore __attribute__((visibility("hidden")));
#include <jitstat/events.def>

/* Fires the probe, whether or not anybody watches. at and arg are not NULL; name and file in at
 * are readable strings. */
#define JITSTAT_EVENT(ev, hook, args) \
    void probe_##ev(const struct jitstat_vm *vm, const struct obs_place *at, const struct jitstat_arg_##ev *arg);
#include <jitstat/events.def>

#endif
