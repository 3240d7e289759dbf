/* internal.h: what the files of agent/ share. */
#ifndef AGENT_INTERNAL_H
#define AGENT_INTERNAL_H

#include <string.h>
#include <sys/stat.h>

#include "agent/agent.h"

struct jitstat_bpf;
struct bpf_link;
struct ring_buffer;

/* What a VM's block held when BPF was armed. */
struct baseline {
    uint32_t vm;
    struct jitstat_totals total;
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
};

struct image {
    dev_t dev;
    ino_t ino;
    pid_t pid;
};

struct agent {
    char error[320];
    struct target *targets;
    size_t ntargets;
    struct jitstat_bpf *skel;
    bool armed, from_start;
    struct bpf_link **links;
    size_t nlinks;
    struct image *images;
    size_t nimages;
    struct ring_buffer *ring;
    void (*see)(void *arg, const struct follow_event *e);
    void *see_arg;
};

/* Keeps one line for a person and returns -err. */
int agent_fail(struct agent *a, int err, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Grows an array by one zeroed element and returns it; NULL: no memory. */
void *agent_push(void *array_p, size_t *n, size_t size);
/* Frees what a VM of a snapshot owns and zeroes it. */
void agent_vm_clear(struct agent_vm *vm);

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
/* The pid by which the process knows itself. */
pid_t proc_own_pid(pid_t pid);
/* Opens a mapped file of pid for reading: by its descriptor, else through map_files. */
int proc_open_mapping(pid_t pid, const struct mapping *m);

/* ---- block.c ---- */
/* Checks and maps fd; fills t->seg and its companions. Does not close fd. */
int block_map(struct agent *a, struct target *t, int fd);
void block_unmap(struct target *t);
/* Reads every VM of the segment into p->vms. */
int block_read(const struct target *t, struct agent_process *p);
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

/* ---- bpf.c ---- */
void bpf_fini(struct agent *a);
/* All entries: an array of keys and one of values, to be freed by the caller. */
struct vm_entry {
    struct vm_id id;
    struct vm_stat *stat; /* on the heap */
    bool taken;
};
int bpf_read_vms(struct agent *a, struct vm_entry **entries, size_t *n);
int bpf_read_vm(struct agent *a, const struct vm_id *id, struct vm_stat *stat);
int bpf_read_loops(struct agent *a, const struct vm_id *id, struct agent_vm *vm);
int bpf_read_aborts(struct agent *a, const struct vm_id *id, struct agent_vm *vm);
void bpf_read_lost(struct agent *a, struct lost *out);

#endif
