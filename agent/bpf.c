/* bpf.c: loads the BPF programs, attaches them by the event table, and reads their maps.
 *
 * Attaching to a file reaches every process that maps it (pid -1) and raises the probes'
 * semaphores there; events of other processes than the watched ones are dropped in the kernel
 * first thing. Nothing counts before agent_bpf_arm: by then every probe is attached, so no event
 * is seen whose sisters are not.
 *
 * Before it: bpf/jitstat.bpf.c. After it: merge.c.
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "agent/internal.h"
#include "jitstat.skel.h"

#define TRIES 100

/* libbpf's warnings are for developers: JITSTAT_DEBUG shows them, a person gets agent_error. */
static int quiet(enum libbpf_print_level level, const char *fmt, va_list ap)
{
    if (level == LIBBPF_DEBUG || !secure_getenv("JITSTAT_DEBUG"))
        return 0;
    return vfprintf(stderr, fmt, ap);
}

static bool privileged(void)
{
    const unsigned long long admin = 1ull << 21; /* CAP_SYS_ADMIN: attaching a uprobe wants it */
    unsigned long long caps = 0;
    char line[256];
    FILE *f = fopen("/proc/self/status", "re");
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "CapEff: %llx", &caps) == 1)
            break;
    if (f)
        fclose(f);
    return caps & admin;
}

static bool kernel_has_tracepoint(const char *name)
{
    char type[64];
    struct btf *btf = btf__load_vmlinux_btf();
    snprintf(type, sizeof type, "btf_trace_%s", name);
    bool has = btf && btf__find_by_name_kind(btf, type, BTF_KIND_TYPEDEF) > 0;
    btf__free(btf);
    return has;
}

static int configure(struct agent *a, const struct agent_bpf_options *o)
{
    a->skel->rodata->only_watched = o->only_watched;
    a->skel->rodata->from_start = o->from_start;
    a->from_start = o->from_start;
    if (!kernel_has_tracepoint("sched_prepare_exec"))
        bpf_program__set_autoload(a->skel->progs.process_leaves_image, false);
    if (o->max_vms) {
        bpf_map__set_max_entries(a->skel->maps.vms, o->max_vms);
        bpf_map__set_max_entries(a->skel->maps.processes, o->max_vms);
    }
    return 0;
}

static int attach_tracepoints(struct agent *a)
{
    struct bpf_program *progs[] = {a->skel->progs.process_exit, a->skel->progs.process_fork, a->skel->progs.process_exec,
                                   a->skel->progs.process_leaves_image};
    for (size_t i = 0; i < sizeof progs / sizeof progs[0]; i++) {
        if (!bpf_program__autoload(progs[i]))
            continue;
        struct bpf_link *link = bpf_program__attach(progs[i]);
        if (!link)
            return -errno;
        struct bpf_link **slot = agent_push(&a->links, &a->nlinks, sizeof *slot);
        if (!slot) {
            bpf_link__destroy(link);
            return -ENOMEM;
        }
        *slot = link;
    }
    return 0;
}

static int to_ring_user(void *ctx, void *data, size_t size)
{
    struct agent *a = ctx;
    if (a->see && size >= sizeof(struct follow_event))
        a->see(a->see_arg, data);
    return 0;
}

int agent_bpf_load(struct agent *a, const struct agent_bpf_options *o)
{
    libbpf_set_print(quiet);
    if (!privileged())
        return agent_fail(a, EPERM, "counting with BPF needs root (CAP_SYS_ADMIN): use sudo");
    if (access("/sys/kernel/btf/vmlinux", R_OK) != 0)
        return agent_fail(a, ENOTSUP, "counting with BPF needs a kernel with BTF: /sys/kernel/btf/vmlinux is missing");
    a->skel = jitstat_bpf__open();
    if (!a->skel)
        return agent_fail(a, errno, "the BPF programs cannot be opened: %s", strerror(errno));
    configure(a, o);
    int r = jitstat_bpf__load(a->skel);
    if (r == 0)
        r = attach_tracepoints(a);
    if (r == 0) {
        a->ring = ring_buffer__new(bpf_map__fd(a->skel->maps.ring), to_ring_user, a, NULL);
        r = a->ring ? 0 : -errno;
    }
    if (r < 0) {
        bpf_fini(a);
        if (r == -EPERM || r == -EACCES)
            return agent_fail(a, EPERM, "the kernel refuses BPF programs (%s): run as root, outside of a container",
                              strerror(-r));
        return agent_fail(a, ENOTSUP, "the kernel does not take the BPF programs (%s): JITSTAT_DEBUG=1 shows why", strerror(-r));
    }
    return 0;
}

void bpf_fini(struct agent *a)
{
    for (size_t i = 0; i < a->nlinks; i++)
        bpf_link__destroy(a->links[i]);
    free(a->links);
    a->links = NULL;
    a->nlinks = 0;
    ring_buffer__free(a->ring);
    a->ring = NULL;
    jitstat_bpf__destroy(a->skel);
    a->skel = NULL;
}

int agent_watch(struct agent *a, pid_t pid)
{
    uint32_t key = (uint32_t)pid, one = 1;
    int r = bpf_map_update_elem(bpf_map__fd(a->skel->maps.watched), &key, &one, BPF_ANY);
    return r ? agent_fail(a, errno, "process %d cannot be watched: %s", pid, strerror(errno)) : 0;
}

/* ---- attaching ---- */

static bool image_known(const struct agent *a, const struct stat *st, pid_t pid)
{
    for (size_t i = 0; i < a->nimages; i++)
        if (a->images[i].dev == st->st_dev && a->images[i].ino == st->st_ino && (a->images[i].pid == -1 || a->images[i].pid == pid))
            return true;
    return false;
}

/* One probe. A file of an older version may lack it: that is no error. */
static int attach_event(struct agent *a, struct bpf_program *prog, const char *name, const char *path, pid_t pid)
{
    struct bpf_link *link = bpf_program__attach_usdt(prog, pid, path, "jitstat", name, NULL);
    if (!link)
        return errno == ENOENT ? 0 : -errno;
    struct bpf_link **slot = agent_push(&a->links, &a->nlinks, sizeof *slot);
    if (!slot) {
        bpf_link__destroy(link);
        return -ENOMEM;
    }
    *slot = link;
    return 1;
}

int agent_attach_image(struct agent *a, const char *path, pid_t pid, bool counts)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return agent_fail(a, errno, "%s: %s", path, strerror(errno));
    if (image_known(a, &st, pid) || agent_image_has_probes(path) != 1)
        return 0;
    struct {
        const char *name;
        struct bpf_program *prog;
    } table[] = {
#define JITSTAT_EVENT(name, hook, args) {#name, a->skel->progs.on_##name},
#include <jitstat/events.def>
    };
    for (size_t i = 0; i < JITSTAT_NEVENTS; i++) {
        if (i == JITSTAT_E_count && !counts)
            continue;
        int r = attach_event(a, table[i].prog, table[i].name, path, pid);
        if (r < 0)
            return agent_fail(a, -r, "probe %s of %s cannot be attached: %s", table[i].name, path, strerror(-r));
    }
    struct image *im = agent_push(&a->images, &a->nimages, sizeof *im);
    if (im)
        *im = (struct image){st.st_dev, st.st_ino, pid};
    return 1;
}

struct attach_search {
    struct agent *a;
    pid_t pid, only;
    bool counts;
    int attached, error;
    dev_t dev;
    ino_t ino;
};

/* Each mapped file once; through map_files, which also reaches deleted files and other mount
 * namespaces. */
static int attach_mapping(void *arg, const struct mapping *m)
{
    struct attach_search *s = arg;
    char path[128];
    if (m->path[0] != '/' || m->perms[2] != 'x' || strncmp(m->path, "/memfd:", 7) == 0)
        return 0;
    if (m->dev == s->dev && m->ino == s->ino)
        return 0;
    s->dev = m->dev;
    s->ino = m->ino;
    snprintf(path, sizeof path, "/proc/%d/map_files/%llx-%llx", (int)s->pid, (unsigned long long)m->start,
             (unsigned long long)m->end);
    int r = agent_attach_image(s->a, path, s->only, s->counts);
    s->attached += r == 1;
    if (r < 0 && r != -ENOENT)
        s->error = r;
    return 0;
}

int agent_attach_process(struct agent *a, pid_t pid, pid_t only, bool counts)
{
    struct attach_search s = {.a = a, .pid = pid, .only = only, .counts = counts};
    int r = proc_maps(pid, attach_mapping, &s);
    if (r < 0)
        return agent_fail(a, -r, "process %d: %s", pid, strerror(-r));
    return s.attached ? s.attached : s.error;
}

int agent_bpf_arm(struct agent *a)
{
    struct timespec t;
    clock_gettime(CLOCK_BOOTTIME, &t);
    a->skel->bss->armed_ns = (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
    a->armed = true;
    for (size_t i = 0; i < a->ntargets; i++)
        if (block_baselines(&a->targets[i]) < 0)
            return agent_fail(a, ENOMEM, "out of memory");
    return 0;
}

/* ---- reading ---- */

int agent_bpf_fd(const struct agent *a)
{
    return a->ring ? ring_buffer__epoll_fd(a->ring) : -1;
}

int agent_bpf_consume(struct agent *a, void (*see)(void *arg, const struct follow_event *e), void *arg)
{
    if (!a->ring)
        return 0;
    a->see = see;
    a->see_arg = arg;
    int r = ring_buffer__consume(a->ring);
    a->see = NULL;
    return r;
}

void agent_follow(struct agent *a, bool on)
{
    if (a->skel)
        a->skel->bss->followers = on;
}

int bpf_read_vm(struct agent *a, const struct vm_id *id, struct vm_stat *stat)
{
    int fd = bpf_map__fd(a->skel->maps.vms);
    uint32_t before = 1;
    for (int i = 0; i < TRIES; i++) {
        if (bpf_map_lookup_elem(fd, id, stat) != 0)
            return -errno;
        if (!(stat->seq & 1) && stat->seq == before)
            return 0; /* two equal copies in a row: nothing moved while the second was made */
        before = stat->seq;
    }
    return -EAGAIN;
}

int bpf_read_vms(struct agent *a, struct vm_entry **entries, size_t *n)
{
    struct vm_id key, *from = NULL;
    int fd = bpf_map__fd(a->skel->maps.vms);
    while (bpf_map_get_next_key(fd, from, &key) == 0) {
        struct vm_entry *e = agent_push(entries, n, sizeof *e);
        if (!e || !(e->stat = malloc(sizeof *e->stat)))
            return -ENOMEM;
        e->id = key;
        bpf_read_vm(a, &key, e->stat);
        from = &key;
    }
    return 0;
}

int bpf_read_loops(struct agent *a, const struct vm_id *id, struct agent_vm *vm)
{
    struct loop_key key, *from = NULL;
    struct loop_stat s;
    int fd = bpf_map__fd(a->skel->maps.loops);
    for (; bpf_map_get_next_key(fd, from, &key) == 0; from = &key) {
        if (memcmp(&key.id, id, sizeof *id) != 0 || bpf_map_lookup_elem(fd, &key, &s) != 0)
            continue;
        struct jitstat_loop *l = agent_push(&vm->loops, &vm->nloops, sizeof *l);
        if (!l)
            return -ENOMEM;
        *l = s.rec;
        l->name[sizeof l->name - 1] = 0;
    }
    return 0;
}

int bpf_read_aborts(struct agent *a, const struct vm_id *id, struct agent_vm *vm)
{
    struct abort_key key, *from = NULL;
    struct abort_stat s;
    int fd = bpf_map__fd(a->skel->maps.aborts);
    for (; bpf_map_get_next_key(fd, from, &key) == 0; from = &key) {
        if (memcmp(&key.id, id, sizeof *id) != 0 || bpf_map_lookup_elem(fd, &key, &s) != 0)
            continue;
        struct jitstat_abort_site *site = agent_push(&vm->aborts, &vm->naborts, sizeof *site);
        if (!site)
            return -ENOMEM;
        site->reason = key.reason;
        site->line = key.line;
        site->kind = key.kind;
        site->count = s.count;
        site->ns_lost = s.ns;
        memcpy(site->file, key.file, sizeof site->file);
        site->file[sizeof site->file - 1] = 0;
    }
    return 0;
}

void bpf_read_lost(struct agent *a, struct lost *out)
{
    *out = a->skel->bss->lost;
}
