/* internal.h: what the files of agent/ share. */
#ifndef AGENT_INTERNAL_H
#define AGENT_INTERNAL_H

#include <string.h>
#include <sys/stat.h>

#include "agent/agent.h"

struct jitstat_bpf;
struct bpf_link;
struct ring_buffer;

#define TICK_NS 10000000u /* of /proc/PID/stat's start time */

/* How long the last numbers of ended processes are kept. */
struct agent_keep {
    uint64_t ns; /* since the end */
    uint64_t processes;
    uint64_t bytes; /* of their blocks, which nobody else holds any more */
};
#define KEEP_DEFAULT \
    (struct agent_keep) \
    { \
        600 * 1000000000ull, 1024, 256ull << 20 \
    }

/* Events of a VM's block when BPF began to count in that process. */
struct baseline {
    uint64_t vm;
    uint64_t events[JITSTAT_EVENTS_MAX];
};

/* One segment of one process. Owned by the agent; stays mapped after the process has ended. */
struct target {
    pid_t pid;
    uid_t uid;
    char comm[COMM_LEN];
    uint64_t start_ticks; /* of the process, 0: it was gone before we looked */
    const struct jitstat_seg *seg;
    size_t size;
    uint64_t vm_off;
    uint32_t owner_pid; /* as the process sees itself */
    uint64_t seg_start_ns; /* names the segment in BPF's entries */
    dev_t dev;
    ino_t ino;
    struct baseline *baselines; /* taken by agent_bpf_arm */
    size_t nbaselines;
    bool has_baselines;
    uint64_t serial; /* grows from target to target, never used again */
    int fd; /* of the segment, kept for a daemon's clients; -1 */
    uint64_t exited_ns; /* CLOCK_MONOTONIC when its end was noticed, 0: it lives */
};

/* A file that was looked at. */
struct image {
    dev_t dev;
    ino_t ino;
    struct timespec changed;
    pid_t pid; /* attached to in this process only, -1: wherever it is mapped */
    uint64_t armed_ns; /* CLOCK_BOOTTIME at which all its probes were attached */
    int fd; /* O_PATH: to attach to it again, also when it has no name any more */
    struct bpf_link *links[JITSTAT_NEVENTS];
    bool taken; /* else the place is free: the others keep theirs, which is the cookie of their probes */
    bool mapped; /* scratch of the search for those that nobody maps */
};
#define STRANGERS 1024 /* files without our probes that are remembered */

struct agent {
    char error[320];
    struct target *targets;
    size_t ntargets;
    struct jitstat_bpf *skel;
    bool armed, from_start;
    struct bpf_link **links;
    size_t nlinks;
    struct image *images; /* at most IMAGES_MAX */
    size_t nimages;
    uint64_t images_searched_ns; /* last time that unused ones were looked for */
    struct image *strangers;
    size_t next_stranger;
    struct ring_buffer *ring;
    void (*see)(void *arg, const struct follow_event *e);
    void *see_arg;
    /* an agent that was opened, not made from pieces */
    bool opened;
    struct agent_open_options options;
    struct agent_info info;
    struct agent_keep keep;
    uint64_t next_serial; /* of the next target */
    struct watch *watch; /* watch.c: processes that come and go, NULL: looked for at every snapshot */
    struct remote *remote; /* remote.c: a daemon does the work */
    struct follow *follow; /* events.c: what was delivered last, NULL: nobody asked yet */
};

/* Keeps one line for a person and returns -err. */
int agent_fail(struct agent *a, int err, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Grows an array by one zeroed element and returns it; NULL: no memory. */
void *agent_push(void *array_p, size_t *n, size_t size);
/* The same for add elements, which are not zeroed. Grows by powers of two. */
void *agent_extend(void *array_p, size_t *n, size_t size, size_t add);
uint64_t agent_now_ns(void); /* CLOCK_MONOTONIC */
/* Removes target i; the others keep their order. */
void agent_drop_target(struct agent *a, size_t i);
/* Frees what a VM of a snapshot owns and zeroes it. */
void agent_vm_clear(struct agent_vm *vm);
void agent_process_clear(struct agent_process *p);

/* ---- proc.c ---- */
struct mapping {
    uint64_t start, end;
    dev_t dev;
    ino_t ino;
    char perms[5];
    char path[512];
};
/* Calls each for every mapping of pid until it returns non-zero, which is then returned. */
int proc_maps(pid_t pid, int (*each)(void *arg, const struct mapping *m), void *arg);
/* comm, uid, start: 0 or -errno. */
int proc_describe(pid_t pid, struct target *t);
bool proc_alive(pid_t pid, uint64_t start_ticks);
/* Is it named and placed like a segment of ours? */
bool proc_is_segment(const struct mapping *m);
/* The layout of a stats block that another version of ours wrote; 0: it is none. */
unsigned proc_other_layout(const struct mapping *m);
/* Does the process still map that segment? */
bool proc_has_segment(const struct target *t);
/* The pid by which the process knows itself. */
pid_t proc_own_pid(pid_t pid);
/* Opens a segment that pid maps, for reading: through map_files, else by its descriptor. */
int proc_open_mapping(pid_t pid, const struct mapping *m);

/* ---- block.c ---- */
/* Checks and maps fd; fills t->seg and its companions. Does not close fd. */
int block_map(struct agent *a, struct target *t, int fd);
void block_unmap(struct target *t);
/* Bytes of memory that the segment holds. */
uint64_t block_memory(const struct target *t);
/* Reads every VM of the segment into p->vms, without loops if totals_only. */
int block_read(const struct target *t, struct agent_process *p, bool totals_only);
/* Reads the totals of all VMs as they are now. */
int block_baselines(struct target *t);

/* ---- reading what a stranger writes: every word once, every offset checked (block.c says why) ---- */
#define BLOCK_TRIES 100

static inline uint64_t word(const __u64 *p)
{
    return __atomic_load_n((const uint64_t *)p, __ATOMIC_ACQUIRE);
}
static inline uint32_t half(const __u32 *p)
{
    return __atomic_load_n((const uint32_t *)p, __ATOMIC_ACQUIRE);
}

/* The size bytes at off, or NULL if they are not inside the segment. */
static inline const void *inside(const struct target *t, uint64_t off, uint64_t size)
{
    if (off == 0 || off % 8 || off > t->size || size > t->size - off)
        return NULL;
    return (const char *)t->seg + off;
}

/* Copies a record whose first word is its seq. Returns false if it never stood still. */
static inline bool copy_record(void *to, const void *from, size_t size)
{
    const __u32 *seq = from;
    for (int i = 0; i < BLOCK_TRIES; i++) {
        uint32_t before = half(seq);
        memcpy(to, from, size);
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        if (!(before & 1) && half(seq) == before)
            return true;
    }
    return false;
}

/* ---- source.c ---- */
/* Brings an opened agent's targets up to date. */
void source_refresh(struct agent *a);
/* Notices which processes have ended. */
void source_note_ends(struct agent *a);
/* Drops what ended too long ago. */
void source_prune(struct agent *a);
/* Opens all that a local agent needs. */
int source_open_local(struct agent *a);

/* ---- events.c ---- */
void follow_fini(struct agent *a);

/* ---- bpf.c ---- */
void bpf_fini(struct agent *a);
/* All entries: an array of keys and one of values, to be freed by the caller. */
struct vm_entry {
    struct vm_id id;
    struct vm_stat *stat; /* on the heap */
    bool taken;
};
/* Attaches to all files of a process that have our probes, wherever they are mapped. Returns how many
 * it has, -ENOENT: none, or -errno; *armed_ns gets the boot time at which the last was attached. */
int bpf_attach_process(struct agent *a, pid_t pid, bool counts, uint64_t *armed_ns);
/* Run counts, for a daemon's clients: attaches to `count` of all files of a process, or (pid -1) of all
 * files wherever they are mapped, unless *links has it already. To be freed with bpf_counts_free. */
struct count_link {
    dev_t dev;
    ino_t ino;
    pid_t pid;
    struct bpf_link *link;
};
int bpf_counts_attach(struct agent *a, pid_t pid, struct count_link **links, size_t *n);
void bpf_counts_free(struct count_link **links, size_t *n);
/* Is that a path of a file, and of one that the agent was opened for? */
bool bpf_path_wanted(const struct agent *a, const char *path);
/* When the file's probes were attached wherever it is mapped, 0: they are not. */
uint64_t bpf_image_armed(const struct agent *a, const char *path);
/* Events are counted, here or by the daemon. */
bool bpf_counts(const struct agent *a);
/* The keys of all entries, to be freed by the caller. */
int bpf_vm_keys(struct agent *a, struct vm_id **keys, size_t *n);
int bpf_read_vms(struct agent *a, struct vm_entry **entries, size_t *n);
int bpf_read_vm(struct agent *a, const struct vm_id *id, struct vm_stat *stat);
int bpf_read_loops(struct agent *a, const struct vm_id *id, struct agent_vm *vm);
int bpf_read_aborts(struct agent *a, const struct vm_id *id, struct agent_vm *vm);
void bpf_read_lost(struct agent *a, struct lost *out);

#endif
