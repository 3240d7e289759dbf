/* watch.c: processes that come and go, for an agent that looks at all of them.
 *
 * A file that has our probes is attached to wherever it is mapped, also in processes to come. So two
 * things must be noticed: a file that was not known (a copy, another version, one in a container),
 * and a process that begins a VM. The first is told by a dummy perf event per CPU that reports
 * every executable mapping, exec and dlopen alike; the second by the BPF programs' notes. Nothing is
 * polled: a machine on which nothing happens wakes nobody.
 *
 * Invariants
 *  1. The perf events are open before the first look at /proc: what that misses, they report.
 *  2. A report that was lost (full buffers) makes us look at every process again.
 *  3. What a process held is kept when it ends: its block stays mapped, with the numbers of its last
 *     instant. agent.keep bounds how long, how many and how many bytes.
 *  4. Attaching to a file takes longer than a short program lives: the block of the process that
 *     brought the file is looked for between any two probes (watch_glance), and held from then on.
 *  5. No answer of a process is waited for, and a path of its choosing is opened only through its
 *     own mapping.
 *
 * Before it: bpf.c, proc.c. After it: source.c, serve.c.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "agent/watch.h"
#include "jitstat.skel.h"

#define PERF_PAGES 32 /* per CPU; a power of two */
#define PERF_REST_NS 20000000 /* busy machines execute often: looked at no more often than that */
#define AWAIT_MS 5 /* from the mapping of a program to its first VM it takes one or two */
#define PENDING_MAX 4096
#define TARGETS_MAX 8192
#define DEAD_MAX 4096

struct cpu_ring {
    int fd;
    struct perf_event_mmap_page *page;
};

/* A process that ended and has entries in the maps. */
struct dead {
    struct process_id id;
    uint64_t since_ns; /* 0: its block was let go, and they go too */
};

struct watch {
    int epoll, perf_epoll, timer;
    struct cpu_ring *cpus;
    size_t ncpus;
    struct ring_buffer *notes;
    uint64_t notes_lost;
    bool look_at_all;
    pid_t arriving; /* whose file is being attached to, 0: nobody's */
    pid_t *pending; /* have a file of ours, and no VM yet */
    size_t npending;
    struct dead *dead;
    size_t ndead;
};

/* ---- one process ---- */

static void pending_add(struct watch *w, pid_t pid)
{
    for (size_t i = 0; i < w->npending; i++)
        if (w->pending[i] == pid)
            return;
    if (w->npending == PENDING_MAX) {
        w->look_at_all = true; /* at the next snapshot, instead of remembering each */
        return;
    }
    pid_t *p = agent_push(&w->pending, &w->npending, sizeof *p);
    if (p)
        *p = pid;
}

/* Another segment of the same process: it has executed a new image. */
static void note_exec(struct agent *a, const struct target *now)
{
    for (size_t i = 0; i < a->ntargets; i++) {
        struct target *t = &a->targets[i];
        if (t != now && t->pid == now->pid && !t->exited_ns)
            t->exited_ns = agent_now_ns();
    }
}

/* What began before the probes of its files were attached has a base, not a loss. */
static void set_base(struct agent *a, struct target *t, uint64_t armed_ns)
{
    if (a->armed && t->start_ticks * TICK_NS <= armed_ns)
        block_baselines(t);
}

/* The targets from one on were added before the probes of their file were all attached. */
static void settle(struct agent *a, size_t from)
{
    for (; from < a->ntargets; from++) {
        if (a->armed)
            block_baselines(&a->targets[from]);
        note_exec(a, &a->targets[from]);
    }
}

void watch_glance(struct agent *a)
{
    struct watch *w = a->watch;
    if (w && w->arriving && a->ntargets < TARGETS_MAX && agent_add_pid(a, w->arriving) == 0)
        w->arriving = 0;
}

void watch_await(struct agent *a)
{
    const struct timespec step = {.tv_nsec = 1000000};
    watch_glance(a);
    for (int i = 0; a->watch && a->watch->arriving && i < AWAIT_MS; i++) {
        nanosleep(&step, NULL);
        watch_glance(a);
    }
}

/* Attaches to the files of the process and adds its segment. Returns true if it needs no more looks. */
static bool consider(struct agent *a, pid_t pid)
{
    size_t before = a->ntargets;
    uint64_t armed_ns = 0;
    int attached = bpf_attach_process(a, pid, a->options.counts, &armed_ns);
    if (a->ntargets >= TARGETS_MAX || (a->options.files && attached < 0))
        return true;
    int r = agent_add_pid(a, pid);
    for (size_t i = before; i < a->ntargets; i++) {
        set_base(a, &a->targets[i], armed_ns);
        note_exec(a, &a->targets[i]);
    }
    return r == 0 || r == -ESRCH || (r == -ENOENT && attached < 0);
}

static void consider_soon(struct agent *a, pid_t pid)
{
    if (!consider(a, pid))
        pending_add(a->watch, pid);
}

void watch_all(struct agent *a)
{
    DIR *d = opendir("/proc");
    a->watch->look_at_all = false;
    a->info.refused = 0;
    for (struct dirent *e; d && (e = readdir(d));) {
        pid_t pid = atoi(e->d_name);
        if (pid > 0)
            consider(a, pid);
    }
    if (d)
        closedir(d);
}

static void try_pending(struct agent *a)
{
    struct watch *w = a->watch;
    for (size_t i = w->npending; i-- > 0;)
        if (consider(a, w->pending[i]))
            w->pending[i] = w->pending[--w->npending];
}

/* ---- executable mappings, from perf ---- */

struct mmap2_record {
    struct perf_event_header header;
    uint32_t pid, tid;
    uint64_t addr, len, pgoff;
    uint32_t maj, min;
    uint64_t ino, ino_generation;
    uint32_t prot, flags;
    char name[PATH_MAX];
};

/* Through the mapping itself, which no path can mislead; or, if the loader has split it meanwhile, by
 * its name as the process sees it. */
static void mapped(struct agent *a, const struct mmap2_record *r)
{
    char path[PATH_MAX + 64];
    size_t before = a->ntargets;
    if (r->name[1] == '/' || !bpf_path_wanted(a, r->name)) /* "//anon": machine code, whose pages each compilation protects anew */
        return;
    a->watch->arriving = (pid_t)r->pid;
    snprintf(path, sizeof path, "/proc/%u/map_files/%llx-%llx", r->pid, (unsigned long long)r->addr, (unsigned long long)(r->addr + r->len));
    int got = agent_attach_image(a, path, -1, a->options.counts);
    if (got == -ENOENT) {
        snprintf(path, sizeof path, "/proc/%u/root%s", r->pid, r->name);
        got = agent_attach_image(a, path, -1, a->options.counts);
    }
    a->watch->arriving = 0;
    settle(a, before);
    if (got == 1 || (got == 0 && bpf_image_armed(a, path)))
        consider_soon(a, (pid_t)r->pid);
}

static void perf_record(struct agent *a, struct mmap2_record *r, size_t size)
{
    if (r->header.type == PERF_RECORD_LOST)
        a->watch->look_at_all = true;
    if (r->header.type != PERF_RECORD_MMAP2 || size <= offsetof(struct mmap2_record, name))
        return;
    ((char *)r)[size - 1] = 0;
    mapped(a, r);
}

static void perf_take(struct agent *a, struct cpu_ring *c)
{
    static struct mmap2_record r; /* large; one agent belongs to one thread */
    const char *data = (const char *)c->page + c->page->data_offset;
    uint64_t size = c->page->data_size, head = __atomic_load_n(&c->page->data_head, __ATOMIC_ACQUIRE), tail = c->page->data_tail;
    while (tail < head) {
        struct perf_event_header h;
        for (size_t i = 0; i < sizeof h; i++)
            ((char *)&h)[i] = data[(tail + i) % size];
        size_t n = h.size < sizeof r ? h.size : sizeof r;
        for (size_t i = 0; i < n; i++)
            ((char *)&r)[i] = data[(tail + i) % size];
        perf_record(a, &r, n);
        tail += h.size ? h.size : head - tail;
    }
    __atomic_store_n(&c->page->data_tail, tail, __ATOMIC_RELEASE);
}

/* Then a rest, during which reports gather. */
static void perf_take_all(struct agent *a)
{
    struct watch *w = a->watch;
    struct itimerspec rest = {.it_value.tv_nsec = PERF_REST_NS};
    struct epoll_event off = {0};
    for (size_t i = 0; i < w->ncpus; i++)
        perf_take(a, &w->cpus[i]);
    epoll_ctl(w->epoll, EPOLL_CTL_MOD, w->perf_epoll, &off);
    timerfd_settime(w->timer, 0, &rest, NULL);
}

static void perf_rested(struct watch *w)
{
    uint64_t n;
    struct epoll_event on = {.events = EPOLLIN, .data.fd = w->perf_epoll};
    if (read(w->timer, &n, sizeof n) == sizeof n)
        epoll_ctl(w->epoll, EPOLL_CTL_MOD, w->perf_epoll, &on);
}

static int perf_open_cpu(struct watch *w, int cpu)
{
    struct perf_event_attr attr = {.size = sizeof attr, .type = PERF_TYPE_SOFTWARE, .config = PERF_COUNT_SW_DUMMY, .mmap = 1, .mmap2 = 1, .watermark = 1, .wakeup_watermark = 1};
    size_t size = (size_t)(PERF_PAGES + 1) * (size_t)getpagesize();
    int fd = (int)syscall(SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
    if (fd < 0)
        return errno == ENODEV ? 0 : -errno; /* that CPU is off */
    void *page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    struct cpu_ring *c = page == MAP_FAILED ? NULL : agent_push(&w->cpus, &w->ncpus, sizeof *c);
    if (!c) {
        int err = errno;
        close(fd);
        return -err;
    }
    *c = (struct cpu_ring){fd, page};
    struct epoll_event e = {.events = EPOLLIN, .data.fd = fd};
    return epoll_ctl(w->perf_epoll, EPOLL_CTL_ADD, fd, &e) ? -errno : 0;
}

/* ---- the programs' notes ---- */

/* The copies of its records that were made before its block was mapped: nobody will read them. */
static void purge_loops(struct agent *a, const struct process_id *id, const struct target *t)
{
    struct agent_process p = {0};
    struct loop_key key = {.id.process = *id};
    int fd = bpf_map__fd(a->skel->maps.loops);
    if (block_read(t, &p, false) == 0)
        for (size_t i = 0; i < p.nvms; i++)
            for (size_t k = 0; k < p.vms[i].nloops; k++) {
                key.id.vm = p.vms[i].id;
                key.number = p.vms[i].loops[k].number;
                bpf_map_delete_elem(fd, &key);
            }
    agent_process_clear(&p);
}

static void set_mapped(struct agent *a, const struct process_id *id, const struct target *t)
{
    struct process_stat p;
    int fd = bpf_map__fd(a->skel->maps.processes);
    if (bpf_map_lookup_elem(fd, id, &p) != 0 || p.mapped)
        return;
    p.mapped = 1;
    if (bpf_map_update_elem(fd, id, &p, BPF_EXIST) == 0)
        purge_loops(a, id, t);
}

static const struct target *target_now(const struct agent *a, const struct process_id *id)
{
    for (size_t i = 0; i < a->ntargets; i++)
        if (a->targets[i].pid == (pid_t)id->tgid && !a->targets[i].exited_ns)
            return &a->targets[i];
    return NULL;
}

static void ended(struct agent *a, const struct process_id *id)
{
    struct watch *w = a->watch;
    struct dead *d = w->ndead < DEAD_MAX ? agent_push(&w->dead, &w->ndead, sizeof *d) : NULL;
    if (d)
        *d = (struct dead){*id, agent_now_ns()};
    for (size_t i = 0; i < a->ntargets; i++) {
        struct target *t = &a->targets[i];
        if (t->pid == (pid_t)id->tgid && t->start_ticks == id->start_ns / TICK_NS && !t->exited_ns && !proc_has_segment(t))
            t->exited_ns = agent_now_ns();
    }
}

static int take_note(void *ctx, void *data, size_t size)
{
    struct agent *a = ctx;
    const struct note *n = data;
    if (size < sizeof *n)
        return 0;
    pid_t pid = (pid_t)n->process.tgid;
    if (n->what == NOTE_EXIT)
        ended(a, &n->process);
    else if (n->what == NOTE_FORK)
        pending_add(a->watch, pid); /* its segment is made a moment later */
    else {
        consider_soon(a, pid);
        const struct target *t = target_now(a, &n->process);
        if (t)
            set_mapped(a, &n->process, t);
    }
    return 0;
}

/* ---- forgetting ---- */

/* Deletes from one map the entries whose keys begin with one of the processes. */
static void forget_in(int fd, size_t key_size, const struct dead *dead, size_t n)
{
    union {
        struct process_id id;
        char room[sizeof(struct abort_key)];
    } key, next;
    bool more = bpf_map_get_next_key(fd, NULL, &next) == 0;
    while (more) {
        memcpy(&key, &next, key_size);
        more = bpf_map_get_next_key(fd, &key, &next) == 0;
        for (size_t i = 0; i < n; i++)
            if (memcmp(&key.id, &dead[i].id, sizeof key.id) == 0) {
                bpf_map_delete_elem(fd, &key);
                break;
            }
    }
}

static bool is_of(const struct dead *d, const struct target *t)
{
    return t->pid == (pid_t)d->id.tgid && t->start_ticks == d->id.start_ns / TICK_NS;
}

void watch_let_go(struct agent *a, const struct target *t)
{
    for (size_t i = 0; i < a->watch->ndead; i++)
        if (is_of(&a->watch->dead[i], t))
            a->watch->dead[i].since_ns = 0;
}

/* Half a process would look like loss: blocks go with the entries, and with them those of its other programs. */
static void drop_targets(struct agent *a, const struct dead *d)
{
    for (size_t i = 0; i < a->ntargets;)
        if (a->targets[i].exited_ns && is_of(d, &a->targets[i])) {
            watch_let_go(a, &a->targets[i]);
            agent_drop_target(a, i);
        } else
            i++;
}

void watch_prune(struct agent *a)
{
    struct watch *w = a->watch;
    uint64_t now = agent_now_ns();
    size_t n = 0, kept = 0, many = w->ndead > a->keep.processes ? w->ndead - a->keep.processes : 0;
    struct dead *over = w->ndead ? malloc(w->ndead * sizeof *over) : NULL;
    if (!over)
        return;
    for (size_t i = 0; i < w->ndead; i++) /* they stand in the order of their ends */
        if (i < many || w->dead[i].since_ns + a->keep.ns < now)
            drop_targets(a, &w->dead[i]), w->dead[i].since_ns = 0;
    for (size_t i = 0; i < w->ndead; i++)
        if (w->dead[i].since_ns)
            w->dead[kept++] = w->dead[i];
        else
            over[n++] = w->dead[i];
    w->ndead = kept;
    if (n) {
        forget_in(bpf_map__fd(a->skel->maps.vms), sizeof(struct vm_id), over, n);
        forget_in(bpf_map__fd(a->skel->maps.loops), sizeof(struct loop_key), over, n);
        forget_in(bpf_map__fd(a->skel->maps.aborts), sizeof(struct abort_key), over, n);
        forget_in(bpf_map__fd(a->skel->maps.processes), sizeof(struct process_id), over, n);
    }
    free(over);
}

/* ---- the whole ---- */

int watch_fd(const struct agent *a)
{
    return a->watch->epoll;
}

void watch_step(struct agent *a)
{
    struct watch *w = a->watch;
    struct epoll_event e[4];
    int n = epoll_wait(w->epoll, e, 4, 0);
    for (int i = 0; i < n; i++)
        if (e[i].data.fd == w->timer)
            perf_rested(w);
        else if (e[i].data.fd == w->perf_epoll)
            perf_take_all(a);
    ring_buffer__consume(w->notes);
    uint64_t lost = a->skel->bss->lost.notes;
    w->look_at_all |= lost != w->notes_lost;
    w->notes_lost = lost;
}

void watch_catch_up(struct agent *a)
{
    watch_step(a);
    for (size_t i = 0; i < a->watch->ncpus; i++)
        perf_take(a, &a->watch->cpus[i]);
    if (a->watch->look_at_all)
        watch_all(a);
    try_pending(a);
}

static int add_fd(struct watch *w, int fd)
{
    struct epoll_event e = {.events = EPOLLIN, .data.fd = fd};
    return fd < 0 || epoll_ctl(w->epoll, EPOLL_CTL_ADD, fd, &e) ? -errno : 0;
}

int watch_open(struct agent *a)
{
    struct watch *w = a->watch = calloc(1, sizeof *w);
    if (!w)
        return agent_fail(a, ENOMEM, "out of memory");
    w->epoll = epoll_create1(EPOLL_CLOEXEC);
    w->perf_epoll = epoll_create1(EPOLL_CLOEXEC);
    w->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    w->notes = ring_buffer__new(bpf_map__fd(a->skel->maps.notes), take_note, a, NULL);
    int r = w->notes ? 0 : -errno;
    for (int cpu = 0, n = (int)sysconf(_SC_NPROCESSORS_CONF); r == 0 && cpu < n; cpu++)
        r = perf_open_cpu(w, cpu);
    if (r == 0 && (r = add_fd(w, w->perf_epoll)) == 0 && (r = add_fd(w, w->timer)) == 0)
        r = add_fd(w, ring_buffer__epoll_fd(w->notes));
    if (r < 0)
        return agent_fail(a, -r, "the mappings of other processes are not reported: %s", strerror(-r));
    watch_all(a);
    return 0;
}

void watch_fini(struct agent *a)
{
    struct watch *w = a->watch;
    if (!w)
        return;
    for (size_t i = 0; i < w->ncpus; i++) {
        munmap(w->cpus[i].page, (size_t)(PERF_PAGES + 1) * (size_t)getpagesize());
        close(w->cpus[i].fd);
    }
    ring_buffer__free(w->notes);
    close(w->timer);
    close(w->perf_epoll);
    close(w->epoll);
    free(w->cpus);
    free(w->pending);
    free(w->dead);
    free(w);
    a->watch = NULL;
}
