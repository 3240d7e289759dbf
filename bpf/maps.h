/* maps.h: what the BPF programs keep, shared with the agent (through the skeleton and directly).
 *
 * One vm_stat per VM of every watched process. Beside the process's own word (`total`, a copy of
 * its block) stands what BPF counted itself (`seen`), so that
 *
 *     loss = total - base - seen
 *
 * is a measurement and not a hope. `base` is what the block held when counting began, taken by the
 * program itself at the first event it sees, so that nothing can happen in between.
 *
 * A VM belongs to one thread at a time, so a vm_stat has one writer and its scratch room needs no
 * lock (per-CPU scratch would: a uprobe's program can be preempted).
 */
#ifndef JITSTAT_MAPS_H
#define JITSTAT_MAPS_H

#include <jitstat/args.h>

#define TOTAL_WORDS (sizeof(struct jitstat_totals) / sizeof(__u64))
#define HIST_SLOTS 40 /* slot n: [2^n, 2^(n+1)) ns */
#define PHASE_DEPTH 8 /* phases nest: optimize in tracing, a hook's own tracing in that */
#define EXIT_VMS 4096 /* VMs of one process whose last copy is taken at its exit */
#define EXIT_CHUNKS 1024 /* chunks of loop records per VM that are copied then */
#define COMM_LEN 16
#define IMAGES_MAX 128 /* files attached to at one time */
#define PROCESS_VMS_MAX 1024 /* entries that one process may have: it cannot push out the others */

/* A process between two execs: a pid alone can be reused, a start time outlives an exec. */
struct process_id {
    __u32 tgid; /* in the host's pid namespace */
    __u32 pad;
    __u64 start_ns; /* boot time at which the process began */
    __u64 exec; /* the kernel's count of its execs */
};

struct vm_id {
    struct process_id process;
    __u64 vm; /* jitstat_vm.id */
};

/* BPF's own begin-to-end measurement of one timer, exclusive as the process's own. */
struct phase_stat {
    __u64 count;
    __u64 ns;
    __u64 hist[HIST_SLOTS];
};

struct phase_frame {
    __u64 since, ns;
    __u64 timer;
};

struct abort_key {
    struct vm_id id;
    __u32 reason, line, kind, pad;
    char file[JITSTAT_ABORT_FILE_LEN];
};
struct abort_stat {
    __u64 count, ns;
};

struct loop_key {
    struct vm_id id;
    __u64 number;
};
struct loop_stat {
    struct jitstat_loop rec; /* from the compile event; from the block at exit */
    __u64 from_block; /* 1: rec is a copy of the block's record, runs included */
};

enum {
    VM_SEEN_BEGIN = 1, /* watched since vm__begin */
    VM_TRACING_BASED = 2, /* base of the counters that come with tracing__end is set */
    VM_OPTIMIZE_BASED = 4,
    VM_BACKEND_BASED = 8,
    VM_ENDED = 16,
    VM_LAST_COPY = 32, /* process exited, total was copied then */
    VM_HAS_SNAP = 64,
};

struct vm_stat {
    __u32 seq; /* odd while an event is worked in */
    __u32 flags;
    __u64 address; /* of the block in the process */
    __u64 self_off; /* its offset in the segment, 0: private memory */
    __u64 seg_start_ns; /* jitstat_seg.start_ns: names the segment, 0: unknown */
    char guest[16];
    char comm[COMM_LEN];
    __u32 uid; /* of the process; 0 also where its user ids differ */
    __u32 pad;
    struct jitstat_totals total; /* copied from the block at every event */
    struct jitstat_totals inherited; /* the block's, at the first event */
    struct jitstat_totals base;
    struct jitstat_totals seen;
    struct jitstat_totals snap; /* carried by the last `snapshot` event */
    struct phase_stat phase[JITSTAT_TIMES_MAX];
    struct phase_frame frames[PHASE_DEPTH];
    __u64 depth;
    __u64 ring_full; /* events that followers did not get */
    __u64 map_full; /* loops and abort sites that found no room */
    __u64 unread; /* user memory that could not be read */
    union {
        struct jitstat_counts delta;
        struct abort_key abort;
        struct {
            struct loop_key key;
            struct loop_stat stat;
        } loop;
    } scratch;
};

/* Per process: how to find its VMs when it exits. */
struct process_stat {
    __u64 last_vm; /* highest id seen */
    __u32 vms; /* entries made */
    __u32 mapped; /* 1: the agent holds the segment; no copy of its records is needed */
};

/* For the agent that looks after processes that come and go. */
enum { NOTE_VM = 1, /* a process has a VM that was not known */
       NOTE_FORK, /* it is a known process's child */
       NOTE_EXIT }; /* a known process ended */
struct note {
    struct process_id process;
    __u64 what;
};

/* What followers read from the ring. */
enum { FOLLOW_EXEC = 1000, /* a watched process has a new image; else enum jitstat_event */
       FOLLOW_ALARM }; /* from the block: kind is an enum jitstat_alarm, file and line its place, text its detail */
struct follow_event {
    __u64 time_ns;
    struct vm_id id;
    __u32 event;
    __u32 kind;
    __u64 number;
    __u64 line;
    __u64 count; /* how many; more than 1 only where blocks are polled */
    __u32 uid; /* the process's; 0 also where its user ids differ */
    __u32 pad;
    __u64 args[JITSTAT_ARGS_MAX - JITSTAT_ARGS_COMMON];
    char comm[COMM_LEN];
    char name[JITSTAT_NAME_LEN];
    char file[JITSTAT_ABORT_FILE_LEN];
    char text[JITSTAT_ABORT_FILE_LEN]; /* first string argument; of an alarm its detail */
};

/* Process-wide losses; no VM to blame them on. */
struct lost {
    __u64 vm_map_full; /* events of VMs that found no room */
    __u64 unread; /* events whose block could not be read */
    __u64 ring_full;
    __u64 notes; /* notes that found no room: the agent looks at every process again */
};

#endif
