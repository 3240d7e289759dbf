/* stats.h: the stats block, the truth about every VM of a process.
 *
 * One segment per process: a sealed memfd of JITSTAT_SEG_SIZE bytes, mapped under the name
 * "jitstat:2" (so /proc/PID/maps shows "/memfd:jitstat:2 (deleted)"). Readers map it read-only
 * through /proc/PID/fd/N or map_files; nobody but the owner can write it. All offsets are bytes
 * from the segment's start; 0 means none. Where memfd is refused the same structures stand in
 * private memory and only probes and hooks lead to them.
 *
 *   segment:  [ jitstat_seg | vm[0] .. vm[JITSTAT_VM_MAX-1] | arena: pieces that never move ]
 *   vm:       [ header | totals | inherited | lists of chunks: loops, aborts, alarms ]
 *   loop:     [ record | guards | listing: operations, machine code ]
 *
 * Rules for readers (they trust nothing):
 *  1. magic, layout and owner_pid must match; owner_pid is compared with the pid that was asked
 *     for in the owner's pid namespace (a forked child has a segment of its own).
 *  2. single words are stored with 8-byte atomic stores and can be read at any time;
 *  3. records have `seq`: odd while they change; read seq, record, seq again, retry 100 times,
 *     then report the record as "changing";
 *  4. every offset, count and index is checked against the segment's size before use, chains are
 *     followed for at most JITSTAT_CHAIN_MAX chunks, strings end at their array's end.
 *  5. own value = total - inherited (what the parent had at fork).
 *  6. guards and the listing of a loop may go, and their room serve another, while they are copied:
 *     the copy counts if the loop's seq is the same and even before and after.
 *
 * Shared by the engine (writer), the BPF programs and the agent (readers). Only __u32/__u64 here:
 * BPF code includes it after vmlinux.h.
 */
#ifndef JITSTAT_STATS_H
#define JITSTAT_STATS_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

#define JITSTAT_MAGIC 0x74617473746a696aULL
#define JITSTAT_LAYOUT 2
#define JITSTAT_SEG_NAME "jitstat:2"
#define JITSTAT_SEG_SIZE (64u << 20) /* sparse: only touched pages cost memory */
#define JITSTAT_VM_MAX 256
#define JITSTAT_CHAIN_MAX 65536
#define JITSTAT_NAME_LEN 112 /* green key with its NUL; longer ones keep their tail behind "..." */
#define JITSTAT_ABORT_FILE_LEN 96
#define JITSTAT_DETAIL_LEN 64

enum jitstat_counter {
#define JITSTAT_COUNTER(NAME, source, help) JITSTAT_C_##NAME,
#include "counters.def"
    JITSTAT_NCOUNTERS
};
#define JITSTAT_COUNTERS_MAX 64 /* array size in the layout; rows may be appended up to here */

enum jitstat_abort {
#define JITSTAT_ABORT_PYPY(NAME, help, advice) JITSTAT_A_##NAME,
#define JITSTAT_ABORT(NAME, help, advice) JITSTAT_A_##NAME,
#include "aborts.def"
#undef JITSTAT_ABORT_PYPY
#undef JITSTAT_ABORT
    JITSTAT_NABORTS
};

enum jitstat_event {
#define JITSTAT_EVENT(name, hook, args) JITSTAT_E_##name,
#include "events.def"
    JITSTAT_NEVENTS
};
#define JITSTAT_EVENTS_MAX 32

enum jitstat_time { JITSTAT_T_TRACING,
                    JITSTAT_T_BACKEND,
                    JITSTAT_T_OPTIMIZE,
                    JITSTAT_NTIMES };
#define JITSTAT_TIMES_MAX 4

/* Trace kinds, as in events, loop records and JSON. */
#define JITSTAT_KIND_LOOP 'l'
#define JITSTAT_KIND_ENTRY 'e'
#define JITSTAT_KIND_BRIDGE 'b'

/* What one phase added: the `delta` argument of tracing__end and optimize__end. */
struct jitstat_counts {
    __u64 counters[JITSTAT_COUNTERS_MAX]; /* by enum jitstat_counter; increments */
};

/* All that is a plain total. get_stats_snapshot copies it, the `snapshot` event carries the copy. */
struct jitstat_totals {
    __u64 counters[JITSTAT_COUNTERS_MAX]; /* by enum jitstat_counter */
    __u64 times_ns[JITSTAT_TIMES_MAX]; /* by enum jitstat_time; exclusive wall-clock ns */
    __u64 events[JITSTAT_EVENTS_MAX]; /* events fired, by enum jitstat_event */
    __u64 hooks_called[4]; /* by enum jitstat_hook */
    __u64 hooks_suppressed[4]; /* the hook was set but already running */
    __u64 hooks_failed[4]; /* the hook raised an error or returned a broken list */
    __u64 code_allocated; /* bytes of machine-code area mapped */
    __u64 code_used; /* bytes of it in use */
    __u64 code_refused; /* times the kernel refused executable memory */
    __u64 trace_entries; /* entries from the interpreter into machine code */
    __u64 guard_exits; /* exits from machine code through guards */
    __u64 flushes;
    __u64 blacklisted;
    __u64 alarms; /* raised */
    __u64 listing_bytes; /* room that listings take now */
    __u64 listings_lost; /* traces without a listing: the budget (listing_size) was used up */
    __u64 reserved[10];
};

enum jitstat_hook { JITSTAT_H_OPTIMIZE,
                    JITSTAT_H_COMPILE,
                    JITSTAT_H_ABORT,
                    JITSTAT_H_TOO_LONG,
                    JITSTAT_NHOOKS };

enum jitstat_alarm {
    JITSTAT_AL_NONE,
#define JITSTAT_ALARM(NAME, what, advice) JITSTAT_AL_##NAME,
#include "alarms.def"
    JITSTAT_NALARMS
};

/* What leads out of a trace. */
enum jitstat_exit {
    JITSTAT_X_GUARD, /* a guard that failed */
    JITSTAT_X_END, /* the trace's end, where the interpreter goes on, or no room on the guest's stack */
    JITSTAT_X_POLL, /* an interrupt at a back edge */
    JITSTAT_X_DUE /* the guest's collector wanted its turn */
};

/* One way out of a compiled trace: its guards in the order of their numbers, then the others. The
 * exits of all records sum to totals.guard_exits, as long as no trace went without a record. */
struct jitstat_guard {
    __u64 exits; /* times left to the interpreter; counted on the exit path, always. A bridge takes
                    over from there: it counts as its own `runs`, while run counts are on */
    __u64 bridge; /* number of the bridge that starts here, 0: none */
    __u32 line; /* source line; the file is the loop's unless file_off says otherwise */
    __u32 op; /* index of the guard among the trace's operations */
    __u32 kind; /* enum jitstat_exit */
    __u32 pad;
    __u64 file_off; /* NUL-terminated string in the arena, 0: the loop's own file */
};

/* One compiled trace. Records stay where they are until the VM ends; freed traces keep theirs
 * (state says so) until the arena needs the room, then they fold into the totals as lost. */
struct jitstat_loop {
    __u32 seq;
    __u32 kind; /* JITSTAT_KIND_* */
    __u64 number; /* in its VM; never reused */
    __u64 runs; /* counted while run counts are on: 'l' jumps back to the label, 'e' and 'b' entered */
    __u64 code_addr;
    __u64 code_size; /* bytes */
    __u32 state; /* 1 live, 2 freed */
    __u32 line; /* of the green key; for a bridge of its guard */
    __u64 parent; /* bridge: number of the trace it leaves */
    __u32 guard_number; /* bridge: guard of the parent */
    __u32 nguards;
    __u64 guards; /* offset of struct jitstat_guard[nguards] */
    __u32 nops; /* operations after optimization */
    __u32 name_cut; /* 1: name was longer and lost its head */
    char name[JITSTAT_NAME_LEN]; /* "file.lua:12" */
    __u64 entry_runs; /* loops: times entered while run counts are on; not by bridges of their own tree, which come back */
    __u64 listing; /* offset of its struct jitstat_listing, 0: none */
    __u64 reserved[2];
};

/* What was compiled: operations as recorded and as compiled, their source lines, a copy of the
 * machine code as it was made (guards that got a bridge since are patched in the original). One
 * piece; all offsets are bytes from its start, checked against `size`, which is checked against the
 * segment.
 *
 *   [ jitstat_listing | before: operations | after: operations | strings | code ]
 *
 * Operations are a stream of bytes. v is an unsigned number, 7 bits per byte, lowest first, high bit
 * set on all bytes but the last; s is a signed one as v (n << 1 ^ n >> 63).
 *   operation  v opcode << 2 | has a file << 1 | has a text;  [v file]  [v text]
 *              s line - line of the operation before;  v number of arguments;  arguments
 *              after only: v 1 + offset of its machine code from start (0: none)
 *   argument   v payload << 2 | 0: the value of operation (own index - payload)
 *              v payload << 2 | 1: an integer, payload as in s
 *              v payload << 2 | 2: 8 bytes follow; payload 0 an integer, 1 a double, 2 an address, 3
 *              the address of an object
 *              v 3: none
 * Opcodes index the names at jitstat_seg.op_names. A file holds for the operations that follow, too. A
 * text is the descriptor's name, of a merge point the guest's instruction. Both are offsets into
 * strings, each string ends with NUL; offset 0 is "", as file: the trace's own. */
struct jitstat_listing {
    __u32 size; /* of the whole piece */
    __u32 before, before_size, before_n; /* offset, bytes, operations */
    __u32 after, after_size, after_n;
    __u32 strings, strings_size;
    __u32 code, code_size; /* code_size == jitstat_loop.code_size */
    __u32 entry; /* offset in the code where the trace is entered */
    __u32 label; /* offset in the code of the loop's head; 0: none */
    __u32 link; /* 0 to itself, 1 to the trace `target`, 2 to the interpreter */
    __u64 target;
};

#define JITSTAT_LOOPS_PER_CHUNK 32
struct jitstat_loop_chunk {
    __u64 next; /* offset of the next chunk; published with a release store */
    __u64 used; /* records in use, published after the record is complete */
    struct jitstat_loop loop[JITSTAT_LOOPS_PER_CHUNK];
};

/* Aborts of one reason at one source place. */
struct jitstat_abort_site {
    __u32 seq;
    __u32 reason; /* enum jitstat_abort */
    __u32 line;
    __u32 kind; /* kind of the trace that was recorded */
    __u64 count;
    __u64 ns_lost; /* tracing time that led to nothing */
    char file[JITSTAT_ABORT_FILE_LEN];
};
#define JITSTAT_ABORTS_PER_CHUNK 32
struct jitstat_abort_chunk {
    __u64 next, used;
    struct jitstat_abort_site site[JITSTAT_ABORTS_PER_CHUNK];
};

struct jitstat_alarm_rec {
    __u32 seq;
    __u32 alarm; /* enum jitstat_alarm */
    __u32 line; /* source place, 0 and "" where there is none */
    __u32 kind; /* JITSTAT_KIND_* of the trace it is about, 0: none */
    __u64 number; /* of that trace, 0: none */
    __u64 count; /* times raised for this place */
    __u64 time_ns; /* CLOCK_MONOTONIC of the last one */
    char file[JITSTAT_ABORT_FILE_LEN];
    char detail[JITSTAT_DETAIL_LEN]; /* of the last one: a reason, a guard */
};
#define JITSTAT_ALARMS 16

struct jitstat_vm {
    __u32 seq;
    __u32 state; /* 0 never used, 1 live, 2 ended (totals stay until the slot is reused) */
    __u32 id; /* 1, 2, 3 ... in the process; never reused */
    __u32 owner_pid; /* as the process sees itself */
    __u64 generation; /* grows at every begin, end, flush and compile */
    char guest[16]; /* driver's name, "lua" */
    struct jitstat_totals total;
    struct jitstat_totals inherited; /* what the parent had at fork; zero elsewhere */
    __u64 loops; /* first struct jitstat_loop_chunk */
    __u64 loops_n; /* records published */
    __u64 loops_lost; /* traces that found no room for a record */
    __u64 aborts; /* first struct jitstat_abort_chunk */
    __u64 aborts_n;
    __u64 aborts_lost;
    struct jitstat_alarm_rec alarms[JITSTAT_ALARMS];
    __u64 alarms_n;
    __u64 self_off; /* of this struct from the segment's start; 0: the directory was full, private memory */
    __u64 reserved[15];
};

struct jitstat_seg {
    __u64 magic;
    __u32 layout;
    __u32 owner_pid;
    __u64 size; /* of the segment */
    __u64 start_ns; /* CLOCK_BOOTTIME when it was made */
    __u32 header_size; /* sizeof(struct jitstat_seg), vm_size: sizeof(struct jitstat_vm) */
    __u32 vm_size;
    __u32 ncounters, nevents, naborts, ntimes;
    __u32 vms_used; /* highest directory slot ever used + 1 */
    __u32 vms_lost; /* VMs that found no slot */
    __u64 vm_off; /* offset of vm[0] */
    __u64 arena_off, arena_used;
    __u64 forks; /* segments of the same line before this one */
    __u64 op_names; /* offset of op_names_n strings, one after the other: two letters and a name, "i-int_add". */
    __u32 op_names_size, op_names_n; /* First letter: type of the result (v none, i f r); second: G a guard, - not */
    __u64 reserved[6];
};

#endif
