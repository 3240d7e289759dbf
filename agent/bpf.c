/* bpf.c: loads the BPF programs, attaches them by the event table, and reads their maps.
 *
 * Attaching to a file reaches every process that maps it (pid -1) and raises the probes'
 * semaphores there; events of other processes than the watched ones are dropped in the kernel
 * first thing.
 *
 * Invariants
 *  1. Nothing counts before agent_bpf_arm, and nothing of a file before all probes of its events are
 *     attached (image_armed): no event is seen whose sisters are not.
 *  2. `count`, which has a semaphore and no events, is attached last, when its file is armed: to a
 *     program, its rise says that every event from now on is seen (by an agent that is armed).
 *
 * Before it: bpf/jitstat.bpf.c. After it: merge.c.
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "agent/remote.h"
#include "agent/watch.h"
#include "jitstat.skel.h"

#define TRIES 100
#define SEARCH_NS 1000000000u

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
    a->skel->rodata->notes_wanted = o->notes;
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

static void image_detach(struct agent *a, struct image *im)
{
    a->skel->bss->image_armed[im - a->images] = 0;
    for (size_t i = 0; i < JITSTAT_NEVENTS; i++)
        bpf_link__destroy(im->links[i]);
    if (im->taken)
        close(im->fd);
    *im = (struct image){0};
}

void bpf_fini(struct agent *a)
{
    while (a->nimages)
        image_detach(a, &a->images[--a->nimages]);
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

static bool same_file(const struct image *im, const struct stat *st)
{
    return im->dev == st->st_dev && im->ino == st->st_ino && im->changed.tv_sec == st->st_ctim.tv_sec &&
           im->changed.tv_nsec == st->st_ctim.tv_nsec;
}

struct pid_of {
    struct agent *a;
    pid_t pid;
};

/* Through the mapping: also for deleted files and other mount namespaces. */
static void map_files_path(char *path, size_t size, pid_t pid, const struct mapping *m)
{
    snprintf(path, size, "/proc/%d/map_files/%llx-%llx", (int)pid, (unsigned long long)m->start, (unsigned long long)m->end);
}

static struct image *image_known(const struct agent *a, const struct stat *st, pid_t pid)
{
    for (size_t i = 0; i < a->nimages; i++)
        if (a->images[i].taken && same_file(&a->images[i], st) && (a->images[i].pid == -1 || a->images[i].pid == pid))
            return &a->images[i];
    return NULL;
}

static bool is_stranger(const struct agent *a, const struct stat *st)
{
    for (size_t i = 0; a->strangers && i < STRANGERS; i++)
        if (same_file(&a->strangers[i], st))
            return true;
    return false;
}

static void remember_stranger(struct agent *a, const struct stat *st)
{
    if (!a->strangers && !(a->strangers = calloc(STRANGERS, sizeof *a->strangers)))
        return;
    a->strangers[a->next_stranger++ % STRANGERS] = (struct image){.dev = st->st_dev, .ino = st->st_ino, .changed = st->st_ctim};
}

#define HELD_LEN 32
static const char *held_path(char room[HELD_LEN], int fd)
{
    snprintf(room, HELD_LEN, "/proc/self/fd/%d", fd);
    return room;
}

/* One probe. A file of an older version may lack it: that is no error. The cookie is the file's place in the
 * array. Through our own descriptor: the process by whose mapping the file was found may end any time. */
static int attach_event(struct agent *a, struct image *im, const char *path, pid_t pid, enum jitstat_event e)
{
    char held[HELD_LEN];
    LIBBPF_OPTS(bpf_usdt_opts, opts, .usdt_cookie = (uint64_t)(im - a->images));
    struct {
        const char *name;
        struct bpf_program *prog;
    } table[] = {
#define JITSTAT_EVENT(name, hook, args) {#name, a->skel->progs.on_##name},
#include <jitstat/events.def>
    };
    im->links[e] = bpf_program__attach_usdt(table[e].prog, pid, held_path(held, im->fd), "jitstat", table[e].name, &opts);
    if (im->links[e] || errno == ENOENT)
        return 0;
    return agent_fail(a, errno, "probe %s of %s cannot be attached: %s", table[e].name, path, strerror(errno));
}

static uint64_t boottime_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_BOOTTIME, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* ---- room for another file ---- */

static int mark_mapped(void *arg, const struct mapping *m)
{
    struct stat st;
    const struct pid_of *of = arg;
    char path[128];
    if (m->path[0] != '/' || m->perms[2] != 'x')
        return 0;
    map_files_path(path, sizeof path, of->pid, m);
    for (size_t i = 0; stat(path, &st) == 0 && i < of->a->nimages; i++)
        of->a->images[i].mapped |= same_file(&of->a->images[i], &st);
    return 0;
}

/* Leaves the files that no process maps any more: of containers that are gone, of versions that were replaced. */
static void drop_unmapped(struct agent *a)
{
    DIR *d = opendir("/proc");
    struct pid_of of = {a, 0};
    for (size_t i = 0; i < a->nimages; i++)
        a->images[i].mapped = false;
    for (struct dirent *e; d && (e = readdir(d));)
        if ((of.pid = atoi(e->d_name)) > 0)
            proc_maps(of.pid, mark_mapped, &of);
    for (size_t i = 0; d && i < a->nimages; i++)
        if (a->images[i].taken && !a->images[i].mapped)
            image_detach(a, &a->images[i]);
    if (d)
        closedir(d);
}

static struct image *free_image(struct agent *a)
{
    size_t most = a->options.max_files && a->options.max_files < IMAGES_MAX ? a->options.max_files : IMAGES_MAX;
    for (size_t i = 0; i < a->nimages; i++)
        if (!a->images[i].taken)
            return &a->images[i];
    return a->nimages < most ? agent_push(&a->images, &a->nimages, sizeof *a->images) : NULL;
}

/* Looked for no more often than every second: who fills the places does not also take our time. */
static struct image *image_place(struct agent *a)
{
    struct image *im = free_image(a);
    if (im || agent_now_ns() - a->images_searched_ns < SEARCH_NS)
        return im;
    drop_unmapped(a);
    a->images_searched_ns = agent_now_ns();
    return free_image(a);
}

/* All probes of a file, or none: half of them would look like loss. */
static int attach_and_arm(struct agent *a, struct image *im, const char *path, pid_t pid, bool counts)
{
    int r = 0;
    watch_await(a);
    for (int e = 0; r == 0 && e < JITSTAT_NEVENTS; e++)
        if (e != JITSTAT_E_count) {
            r = attach_event(a, im, path, pid, e);
            watch_glance(a);
        }
    im->armed_ns = boottime_ns();
    if (r == 0)
        a->skel->bss->image_armed[im - a->images] = im->armed_ns;
    if (r == 0 && counts)
        r = attach_event(a, im, path, pid, JITSTAT_E_count);
    if (r < 0)
        image_detach(a, im);
    return r;
}

/* fd becomes the image's, or is closed. */
static int attach_file(struct agent *a, const char *path, int fd, const struct stat *st, pid_t pid, bool counts)
{
    struct image *im = image_place(a);
    if (!im) {
        close(fd);
        return agent_fail(a, ENOSPC, "%s: probes are attached to %zu files already", path, a->nimages);
    }
    *im = (struct image){.dev = st->st_dev, .ino = st->st_ino, .changed = st->st_ctim, .pid = pid, .fd = fd, .taken = true};
    int r = attach_and_arm(a, im, path, pid, counts);
    return r < 0 ? r : 1;
}

int agent_attach_image(struct agent *a, const char *path, pid_t pid, bool counts)
{
    struct stat st;
    char held[HELD_LEN];
    if (stat(path, &st) != 0)
        return agent_fail(a, errno, "%s: %s", path, strerror(errno));
    if (!S_ISREG(st.st_mode) || image_known(a, &st, pid) || is_stranger(a, &st))
        return 0;
    int fd = open(path, O_PATH | O_CLOEXEC); /* from here on it is this file, whoever ends and whatever is renamed */
    if (fd < 0 || fstat(fd, &st) != 0) {
        int e = errno;
        if (fd >= 0)
            close(fd);
        return agent_fail(a, e, "%s: %s", path, strerror(e));
    }
    int has = agent_image_has_probes(held_path(held, fd));
    if (has == 1)
        return attach_file(a, path, fd, &st, pid, counts);
    if (has == 0)
        remember_stranger(a, &st);
    close(fd);
    return 0;
}

uint64_t bpf_image_armed(const struct agent *a, const char *path)
{
    struct stat st;
    const struct image *im = stat(path, &st) == 0 ? image_known(a, &st, -1) : NULL;
    return im ? im->armed_ns : 0;
}

struct attach_search {
    struct agent *a;
    pid_t pid, only;
    bool counts;
    int attached, known, error;
    uint64_t armed_ns; /* the latest of its files */
    dev_t dev;
    ino_t ino;
};

bool bpf_path_wanted(const struct agent *a, const char *path)
{
    const char *only = a->options.files;
    return path[0] == '/' && strncmp(path, "/memfd:", 7) != 0 && (!only || strncmp(path, only, strlen(only)) == 0);
}

/* Each mapped file once; through map_files, which also reaches deleted files and other mount
 * namespaces. */
static int attach_mapping(void *arg, const struct mapping *m)
{
    struct attach_search *s = arg;
    char path[128];
    if (m->perms[2] != 'x' || !bpf_path_wanted(s->a, m->path))
        return 0;
    if (m->dev == s->dev && m->ino == s->ino)
        return 0;
    s->dev = m->dev;
    s->ino = m->ino;
    map_files_path(path, sizeof path, s->pid, m);
    int r = agent_attach_image(s->a, path, s->only, s->counts);
    s->attached += r == 1;
    uint64_t armed_ns = r < 0 ? 0 : bpf_image_armed(s->a, path);
    s->known += armed_ns != 0;
    if (armed_ns > s->armed_ns)
        s->armed_ns = armed_ns;
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

int bpf_attach_process(struct agent *a, pid_t pid, bool counts, uint64_t *armed_ns)
{
    struct attach_search s = {.a = a, .pid = pid, .only = -1, .counts = counts};
    int r = proc_maps(pid, attach_mapping, &s);
    *armed_ns = s.armed_ns;
    return r < 0 ? r : s.known ? s.known
                   : s.error   ? s.error
                               : -ENOENT;
}

/* ---- run counts for others ---- */

static int count_one(struct agent *a, const struct image *im, pid_t pid, struct count_link **links, size_t *n)
{
    char held[HELD_LEN];
    for (size_t i = 0; i < *n; i++)
        if ((*links)[i].dev == im->dev && (*links)[i].ino == im->ino && (*links)[i].pid == pid)
            return 0;
    struct bpf_link *link = bpf_program__attach_usdt(a->skel->progs.on_count, pid, held_path(held, im->fd), "jitstat", "count", NULL);
    struct count_link *l = link ? agent_push(links, n, sizeof *l) : NULL;
    if (link && !l)
        bpf_link__destroy(link);
    if (l)
        *l = (struct count_link){im->dev, im->ino, pid, link};
    return l ? 0 : -errno;
}

struct count_search {
    struct agent *a;
    pid_t pid;
    struct count_link **links;
    size_t *n;
};

static int count_mapping(void *arg, const struct mapping *m)
{
    struct count_search *s = arg;
    char path[128];
    struct stat st;
    if (m->path[0] != '/' || m->perms[2] != 'x')
        return 0;
    map_files_path(path, sizeof path, s->pid, m);
    const struct image *im = stat(path, &st) == 0 ? image_known(s->a, &st, -1) : NULL;
    return im ? count_one(s->a, im, s->pid, s->links, s->n) : 0;
}

int bpf_counts_attach(struct agent *a, pid_t pid, struct count_link **links, size_t *n)
{
    struct count_search s = {a, pid, links, n};
    int r = 0;
    if (pid != -1)
        return proc_maps(pid, count_mapping, &s);
    for (size_t i = 0; i < a->nimages && r == 0; i++)
        r = !a->images[i].taken ? 0 : count_one(a, &a->images[i], -1, links, n);
    return r;
}

void bpf_counts_free(struct count_link **links, size_t *n)
{
    while (*n)
        bpf_link__destroy((*links)[--*n].link);
    free(*links);
    *links = NULL;
}

int agent_bpf_arm(struct agent *a)
{
    a->skel->bss->armed_ns = boottime_ns();
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

bool bpf_counts(const struct agent *a)
{
    return a->remote ? a->info.bpf : a->armed;
}

int bpf_read_vm(struct agent *a, const struct vm_id *id, struct vm_stat *stat)
{
    if (a->remote)
        return remote_read_vm(a, id, stat);
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

int bpf_vm_keys(struct agent *a, struct vm_id **keys, size_t *n)
{
    struct vm_id key, *from = NULL;
    int fd = bpf_map__fd(a->skel->maps.vms);
    for (; bpf_map_get_next_key(fd, from, &key) == 0; from = &key) {
        struct vm_id *k = agent_push(keys, n, sizeof *k);
        if (!k)
            return -ENOMEM;
        *k = key;
    }
    return 0;
}

int bpf_read_vms(struct agent *a, struct vm_entry **entries, size_t *n)
{
    struct vm_id *keys = NULL;
    size_t nkeys = 0;
    if (a->remote)
        return remote_read_vms(a, entries, n);
    int r = bpf_vm_keys(a, &keys, &nkeys);
    for (size_t i = 0; r == 0 && i < nkeys; i++) {
        struct vm_entry *e = agent_push(entries, n, sizeof *e);
        if (!e || !(e->stat = malloc(sizeof *e->stat)))
            r = -ENOMEM;
        else if (bpf_read_vm(a, &keys[i], e->stat) == -ENOENT)
            free(e->stat), --*n;
        else
            e->id = keys[i];
    }
    free(keys);
    return r;
}

int bpf_read_loops(struct agent *a, const struct vm_id *id, struct agent_vm *vm)
{
    if (a->remote)
        return remote_read_loops(a, id, vm);
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
    if (a->remote)
        return remote_read_aborts(a, id, vm);
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
    if (a->remote)
        remote_read_lost(a, out);
    else
        *out = a->skel->bss->lost;
}
