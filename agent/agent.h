/* agent.h: finds processes that run our code, reads their stats blocks, counts with BPF beside
 * them, and merges both into a snapshot. A library: it never prints, never exits, and never writes
 * into a process that it looks at.
 *
 * Two sources, and what each is for
 *   the stats block  the process's own words, read by mapping its memfd read-only. The truth: all
 *                    numbers shown are the block's, where there is one.
 *   BPF              counts the same events from outside, measures phases with a clock of its own,
 *                    and so knows what was lost; the only source where a process has no memfd.
 *
 * Commands use agent_open, agent_snapshot_take and agent_events; the pieces below it serve `jitstat
 * run` and the daemon.
 *
 * Functions return 0 (or a count) or -errno; agent_error() then has one line for a person that says
 * what to do. Frees accept NULL. Not thread-safe: one agent belongs to one thread.
 *
 * Before it on the walk: bpf/. After it: cli/.
 */
#ifndef AGENT_AGENT_H
#define AGENT_AGENT_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "bpf/maps.h"

struct agent;

/* ---- a snapshot: copies, owned by the snapshot ---- */

struct agent_loss {
    uint64_t missed; /* events that happened while BPF was attached and that it did not see */
    uint64_t ring_full; /* events that followers did not get */
    uint64_t map_full; /* events and records that found no room in a BPF map */
    uint64_t late; /* blocks or records that were gone, or changing, when they were read */
};

/* A way out of a trace that was taken at least once. */
struct agent_exit {
    size_t loop; /* index into agent_vm.loops */
    uint32_t guard; /* number of the guard in its trace */
    uint32_t line, op; /* source line; index of the guard among the trace's operations */
    uint64_t exits;
    char *file; /* where the line is; NULL: the loop's own file */
    uint32_t kind; /* enum jitstat_exit */
};

struct agent_vm {
    uint32_t id;
    char guest[16];
    uint32_t state; /* 1 live, 2 ended */
    bool from_block; /* false: only BPF saw it */
    struct jitstat_totals own; /* total - inherited: what this process did itself */
    struct jitstat_totals inherited; /* what its parent had when it was forked */
    struct jitstat_loop *loops; /* live and freed */
    size_t nloops;
    uint64_t loops_lost; /* traces for which the block had no room */
    struct agent_exit *exits; /* in the order of their loops */
    size_t nexits;
    struct jitstat_abort_site *aborts;
    size_t naborts;
    uint64_t aborts_lost;
    struct jitstat_alarm_rec alarms[JITSTAT_ALARMS];
    size_t nalarms;
    struct agent_loss loss;
    struct vm_stat *bpf; /* BPF's entry, NULL: none */
};

struct agent_process {
    pid_t pid; /* in the reader's pid namespace */
    uint64_t start_ticks; /* with pid it names a process for good, reused pids included; 0: unknown */
    uid_t uid;
    char comm[COMM_LEN];
    bool exited;
    struct agent_vm *vms; /* in the order of their ids */
    size_t nvms;
    uint64_t vms_lost; /* VMs that found no slot in the directory */
};

struct agent_snapshot {
    struct agent_process *processes;
    size_t nprocesses;
    struct agent_loss loss; /* the sum over all VMs, plus what belongs to none */
    bool bpf; /* BPF was counting */
    uint64_t time_ns; /* CLOCK_MONOTONIC when it was taken: for rates between two */
};

/* ---- a source of snapshots: what commands open ----
 *
 * The same functions whether a running jitstatd serves or this process does the work itself:
 *
 *     struct agent_open_options o = {.pid = pid, .bpf = AGENT_TRY, .daemon = AGENT_TRY};
 *     if (agent_open(&a, &o) < 0) { ... agent_error(a) ...; agent_free(a); }
 *     for (;;) { s = agent_snapshot_take(a); ...; agent_snapshot_free(s); }
 *     agent_free(a);
 */
enum agent_want { AGENT_NOT,
                  AGENT_TRY, /* do without if it cannot be had; agent_info says why */
                  AGENT_MUST };
struct agent_open_options {
    pid_t pid; /* 0: every process that the caller may see, also those that start later */
    enum agent_want bpf; /* count with BPF beside the blocks; a daemon always does */
    enum agent_want daemon; /* use the jitstatd that runs */
    bool counts; /* turn run counts on while the agent is open (2 %, at worst a tenth: jitstatd(8)); wants BPF */
    const char *files; /* of all processes only those that map a file whose path begins so; NULL: any; kept by the caller */
    uint32_t max_vms; /* that BPF counts at one time; 0: 16384 */
    uint32_t max_files; /* attached to at one time; 0: IMAGES_MAX */
    bool serve; /* jitstatd itself: blocks are held to be handed on */
    bool totals_only; /* snapshots without loops and guards: for lists and for rates */
};
struct agent_info {
    bool daemon; /* a daemon serves */
    bool bpf; /* events are counted from outside: loss, phase times and histograms are there */
    bool counts; /* run counts are on because of us */
    size_t refused; /* processes that the caller may not look into, at the last snapshot */
    uint64_t events_lost; /* events that agent_events could not deliver in time */
    char note[256]; /* what is missing and what it needs, one line for a person; "": nothing */
};
/* *out is set also when it fails, so that agent_error says why (NULL: out of memory). -ESRCH,
 * -EACCES, -ENOENT, -EPROTO: as agent_add_pid; -EPERM: BPF must be and may not; -ECONNREFUSED: a
 * daemon must be and is not. */
int agent_open(struct agent **out, const struct agent_open_options *o);
const struct agent_info *agent_info(const struct agent *a);
/* Events as they happen, of the processes that the agent was opened for. Waits for the first one at most timeout_ms
 * (-1: for ever; 0: no time, but what has happened comes, also what the daemon has not sent yet), calls see for each,
 * returns their number, 0 when the time is over, or -EINTR after a signal. From BPF (own or the daemon's) every event
 * comes with all its arguments. Without BPF the blocks are looked at every 50 ms: then there are compile, free, abort,
 * flush and blacklist only, `count` says how many, and begin and end are unknown. Alarms come either way, as
 * FOLLOW_ALARM. */
int agent_events(struct agent *a, int timeout_ms, void (*see)(void *arg, const struct follow_event *e), void *arg);
/* To poll beside other descriptors: readable when agent_events(a, 0, ...) has something. Also then
 * call it at least every 500 ms: alarms are looked for. -1: blocks are polled, call every 50 ms. */
int agent_events_fd(const struct agent *a);

/* ---- the agent, piece by piece ---- */

int agent_new(struct agent **out);
void agent_free(struct agent *a);
const char *agent_error(const struct agent *a);

/* Adds a process that runs: maps its segment. -ESRCH: no such process; -EACCES: another user's;
 * -ENOENT: it has no VM; -EPROTO: it has a segment that cannot be trusted or read. */
int agent_add_pid(struct agent *a, pid_t pid);
/* Adds every process whose segment may be read; returns how many were added. *refused (may be
 * NULL) gets the number of processes that could not be looked into. */
int agent_add_all(struct agent *a, size_t *refused);
/* Adds a segment that a process handed over. Owns fd from here on. */
int agent_add_segment(struct agent *a, int fd, pid_t pid);

/* ---- counting with BPF ---- */

struct agent_bpf_options {
    bool only_watched; /* count processes given to agent_watch and their children only */
    bool from_start; /* they are watched since they began: nothing was there before */
    bool notes; /* what processes come and go is told: see watch.c */
    uint32_t max_vms; /* 0: default sizes of the maps */
};
/* Loads the programs. -EPERM: not privileged; -ENOTSUP: this kernel cannot. */
int agent_bpf_load(struct agent *a, const struct agent_bpf_options *o);
int agent_watch(struct agent *a, pid_t pid);
/* Attaches to a program or library that has our probes. pid -1: wherever the file is mapped; else
 * in that process only. counts: also to `count`, which turns run counts on. Returns 1 if attached,
 * 0 if the file has no probes of ours or was attached before, else -errno. */
int agent_attach_image(struct agent *a, const char *path, pid_t pid, bool counts);
/* Attaches to every mapped file of a process that has our probes; returns how many. */
int agent_attach_process(struct agent *a, pid_t pid, pid_t only, bool counts);
/* From here on events count; what blocks hold now is the base. */
int agent_bpf_arm(struct agent *a);
/* A descriptor to poll for, and the function to call then or from time to time. */
int agent_bpf_fd(const struct agent *a);
int agent_bpf_consume(struct agent *a, void (*see)(void *arg, const struct follow_event *e), void *arg);
/* Followers of single events: on makes the programs write them to the ring. */
void agent_follow(struct agent *a, bool on);

struct agent_snapshot *agent_snapshot_take(struct agent *a);
void agent_snapshot_free(struct agent_snapshot *s);

/* ---- one trace, with what was compiled ---- */

struct agent_way_out {
    struct jitstat_guard guard;
    char file[JITSTAT_ABORT_FILE_LEN]; /* "": the trace's own */
};
struct agent_listing {
    struct jitstat_loop loop;
    struct agent_way_out *exits; /* [loop.nguards], by number */
    unsigned char *bytes; /* copy of its struct jitstat_listing with all that belongs to it: still a stranger's */
    size_t size; /* 0: no listing is kept of this trace */
    char *op_names; /* as at jitstat_seg.op_names */
    size_t op_names_size;
};
/* Reads trace `number` of a VM of a process that was added. -ENOENT: no such trace; -EAGAIN: it kept changing;
 * -EPROTO: its record cannot be trusted. agent_listing_fini also after an error. */
int agent_listing_read(struct agent *a, pid_t pid, uint32_t vm, uint64_t number, struct agent_listing *out);
void agent_listing_fini(struct agent_listing *l);

/* ---- starting a program ---- */

struct agent_command {
    char **argv;
    const char *library_path; /* put before LD_LIBRARY_PATH, or NULL */
    bool as_invoker; /* under sudo: as the user who called it */
    const sigset_t *mask; /* signals blocked in it; NULL: as in us */
};
struct agent_launch {
    pid_t pid;
    const char *name; /* argv[0], for a process that was gone before its name was read */
    int socket; /* segments arrive here */
    int go; /* internal: releases the child */
    int failed; /* internal: errno of its exec */
};
/* Forks; the child waits before its exec until agent_launch_go. */
int agent_launch_prepare(struct agent *a, const struct agent_command *c, struct agent_launch *l);
/* Lets it run. Returns 0, or -errno of its exec (the child has ended then: reap it). */
int agent_launch_go(struct agent_launch *l);
/* Takes all segments that have arrived; returns how many. */
int agent_launch_receive(struct agent *a, struct agent_launch *l, void (*see)(void *arg, pid_t pid), void *arg);
void agent_launch_close(struct agent_launch *l);

/* The files that CMD will map and that may have our probes: the program itself, a script's
 * interpreter, and the libraries the loader finds for it. Calls found for each with probes;
 * returns how many, or -errno. */
int agent_command_images(struct agent *a, const struct agent_command *c,
                         void (*found)(void *arg, const char *path), void *arg);
/* Does the ELF file have probes of provider jitstat? 1, 0 or -errno. */
int agent_image_has_probes(const char *path);

#endif
