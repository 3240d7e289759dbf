/* args.h: the arguments of every event from the seventh on, as one struct per row of events.def.
 *
 * struct jitstat_arg_<event> holds one 8-byte word per JITSTAT_ARG, in the row's order: numbers as
 * they are, strings and structs as addresses in the traced process. The engine fills it before it
 * fires a probe; the BPF programs read the same words back by name, so an argument that is added
 * to a row needs no second list. All words are unsigned and 8 bytes wide: libbpf, bpftrace and
 * perf then agree about them.
 *
 * Included by: jit/obs/ (writer), bpf/ (reader), agent/ (names).
 */
#ifndef JITSTAT_ARGS_H
#define JITSTAT_ARGS_H

#include "stats.h"

#define JITSTAT_ARG(type, name) __u64 name;
#define JITSTAT_EVENT(name, hook, args) \
    struct jitstat_arg_##name { \
        args \
    };
#include "events.def"

#define JITSTAT_ARGS_COMMON 6 /* vm kind number name file line */
#define JITSTAT_ARGS_MAX 12

#endif
