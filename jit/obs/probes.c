/* probes.c: the USDT sites of provider jitstat, generated from events.def. The only user of
 * sys/sdt.h.
 *
 * Choices, all in this file:
 *  1. Plain 1-byte nops, which is what sys/sdt.h emits. A 5-byte nop would make a hit twice as
 *     cheap, but kernels that optimise it have been seen to overwrite the red zone and to crash
 *     forked children.
 *  2. Arguments are in registers or constants ("nr"): nothing is spilled to the stack for a site
 *     that is a nop most of its life.
 *  3. All arguments are 8 bytes wide and unsigned.
 *  4. Strings are touched first: BPF cannot fault a page in.
 *  5. The semaphore of `count` is not a variable of its own but the first 16 bits of
 *     jit_poll_word, so that machine code tests one word at a back edge for everything.
 *
 * Before it: obs.c. After it: bpf/jitstat.bpf.c.
 */
#define _SDT_HAS_SEMAPHORES 1
#define SDT_USE_VARIADIC 1
#define STAP_SDT_ARG_CONSTRAINT nr
#include <sys/sdt.h>

#include "obs/probes.h"

#define IN_PROBES __attribute__((used, section(".probes"), visibility("hidden")))

#define jitstat_count_semaphore unused_count_semaphore
#define JITSTAT_EVENT(name, hook, args) volatile unsigned short jitstat_##name##_semaphore IN_PROBES;
#include <jitstat/events.def>
#undef jitstat_count_semaphore

union jit_poll jit_poll_word __attribute__((used, section(".probes"), visibility("hidden"), aligned(8)));
_Static_assert(offsetof(union jit_poll, count_semaphore) == 0, "the kernel raises the first 16 bits");
__asm__(".globl jitstat_count_semaphore\n"
        ".hidden jitstat_count_semaphore\n"
        ".set jitstat_count_semaphore, jit_poll_word\n");

/* Reads every page of s, up to its NUL. */
static inline void touch(const char *s)
{
    const volatile char *p = s;
    while (*p)
        p++;
}
#define touch_u64(v) (void)0
#define touch_ptr(v) (void)*(const volatile char *)(uintptr_t)(v)
#define touch_str(v) touch((const char *)(uintptr_t)(v))

#define PROBE(...) STAP_PROBEV(__VA_ARGS__)
#define WORD(p) ((unsigned long)(uintptr_t)(p))

/* Two passes: what must be touched, then the site itself. */
#define JITSTAT_ARG(type, name) touch_##type(arg->name);
#define JITSTAT_EVENT(ev, hook, args) \
    static inline void prepare_##ev(const struct obs_place *at, const struct jitstat_arg_##ev *arg) \
    { \
        touch(at->name); \
        touch(at->file); \
        args \
    }
#include <jitstat/events.def>

#define JITSTAT_ARG(type, name) , (unsigned long)arg->name
#define JITSTAT_EVENT(ev, hook, args) \
    __attribute__((noinline, used)) void probe_##ev(const struct jitstat_vm *vm, const struct obs_place *at, \
                                                    const struct jitstat_arg_##ev *arg) \
    { \
        prepare_##ev(at, arg); \
        PROBE(jitstat, ev, WORD(vm), (unsigned long)at->kind, (unsigned long)at->number, WORD(at->name), \
              WORD(at->file), (unsigned long)at->line args); \
    }
#include <jitstat/events.def>
