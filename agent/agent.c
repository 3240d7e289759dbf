/* agent.c: making and freeing an agent, its targets, its error line. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "agent/remote.h"
#include "agent/watch.h"

int agent_new(struct agent **out)
{
    *out = calloc(1, sizeof **out);
    if (!*out)
        return -ENOMEM;
    (*out)->keep = KEEP_DEFAULT;
    return 0;
}

void agent_free(struct agent *a)
{
    if (!a)
        return;
    follow_fini(a);
    watch_fini(a);
    remote_fini(a);
    bpf_fini(a);
    while (a->ntargets)
        agent_drop_target(a, a->ntargets - 1);
    free(a->targets);
    free(a->images);
    free(a->strangers);
    free(a);
}

const char *agent_error(const struct agent *a)
{
    return a->error;
}

int agent_fail(struct agent *a, int err, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(a->error, sizeof a->error, fmt, ap);
    va_end(ap);
    return -err;
}

static size_t room_for(size_t n)
{
    size_t room = n > 0;
    while (room < n)
        room *= 2;
    return room;
}

void *agent_extend(void *array_p, size_t *n, size_t size, size_t add)
{
    char **array = array_p;
    size_t room = room_for(*n + add);
    if (room > room_for(*n) || (*n == 0 && add)) {
        char *grown = reallocarray(*array, room, size);
        if (!grown)
            return NULL;
        *array = grown;
    }
    char *first = *array + *n * size;
    *n += add;
    return first;
}

void *agent_push(void *array_p, size_t *n, size_t size)
{
    void *e = agent_extend(array_p, n, size, 1);
    return e ? memset(e, 0, size) : NULL;
}

uint64_t agent_now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void agent_drop_target(struct agent *a, size_t i)
{
    block_unmap(&a->targets[i]);
    if (a->targets[i].fd >= 0)
        close(a->targets[i].fd);
    free(a->targets[i].baselines);
    memmove(&a->targets[i], &a->targets[i + 1], (--a->ntargets - i) * sizeof *a->targets);
}

static bool known_segment(const struct agent *a, pid_t pid, dev_t dev, ino_t ino)
{
    for (size_t i = 0; i < a->ntargets; i++)
        if (a->targets[i].pid == pid && a->targets[i].dev == dev && a->targets[i].ino == ino)
            return true;
    return false;
}

/* fd stays the caller's. The process must be the same one before and after its segment was opened:
 * before_ticks is its start before, 0: unknown. */
static int add_target(struct agent *a, int fd, pid_t pid, uint64_t before_ticks)
{
    struct target t = {.pid = pid, .fd = -1};
    struct stat st;
    if (fstat(fd, &st) != 0)
        return agent_fail(a, errno, "process %d: its stats block cannot be read: %s", pid, strerror(errno));
    if (known_segment(a, pid, st.st_dev, st.st_ino))
        return 0;
    t.dev = st.st_dev;
    t.ino = st.st_ino;
    proc_describe(pid, &t);
    if (before_ticks && t.start_ticks != before_ticks)
        return agent_fail(a, ESRCH, "process %d ended", pid);
    int r = block_map(a, &t, fd);
    if (r < 0)
        return r;
    struct target *slot = agent_push(&a->targets, &a->ntargets, sizeof *slot);
    if (!slot) {
        block_unmap(&t);
        return agent_fail(a, ENOMEM, "out of memory");
    }
    t.serial = ++a->next_serial;
    t.fd = a->options.serve ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : -1;
    *slot = t;
    return 1;
}

int agent_add_segment(struct agent *a, int fd, pid_t pid)
{
    int r = add_target(a, fd, pid, 0);
    close(fd);
    return r;
}

/* ---- by pid ---- */

struct search {
    struct agent *a;
    pid_t pid, own_pid;
    uint64_t start_ticks;
    int found, refused, error;
};

static int each_mapping(void *arg, const struct mapping *m)
{
    struct search *s = arg;
    unsigned other = proc_other_layout(m);
    if (other)
        s->error = agent_fail(s->a, EPROTO, "process %d: its stats block has layout %u, this jitstat reads %d: use the jitstat of its version", s->pid, other,
                              JITSTAT_LAYOUT);
    if (!proc_is_segment(m))
        return 0;
    int fd = proc_open_mapping(s->pid, m);
    if (fd < 0) {
        s->refused++;
        s->error = agent_fail(s->a, EACCES, "process %d: its stats block cannot be opened (%s): run as root or as its user",
                              s->pid, strerror(-fd));
        return 0;
    }
    int r = add_target(s->a, fd, s->pid, s->start_ticks);
    close(fd);
    if (r < 0) {
        s->error = r;
        return 0;
    }
    struct target *t = &s->a->targets[s->a->ntargets - 1];
    if (r == 1 && t->owner_pid != (uint32_t)s->own_pid) {
        agent_drop_target(s->a, s->a->ntargets - 1); /* a child that has not fired an event since a raw clone */
        return 0;
    }
    s->found++;
    return 0;
}

/* Root, or its own user: then it has privileges that we lack. */
static int refused(struct agent *a, pid_t pid, const struct target *who)
{
    if (geteuid() != 0 && geteuid() != who->uid)
        return agent_fail(a, EACCES, "process %d (%s) belongs to user %u: run as root or as that user", pid, who->comm, who->uid);
    return agent_fail(a, EACCES, "process %d (%s) may not be looked into: that needs CAP_SYS_PTRACE%s", pid, who->comm,
                      geteuid() != 0 ? ", use sudo" : " in its namespaces");
}

int agent_add_pid(struct agent *a, pid_t pid)
{
    struct search s = {.a = a, .pid = pid, .own_pid = proc_own_pid(pid)};
    struct target who = {0};
    if (proc_describe(pid, &who) < 0)
        return agent_fail(a, ESRCH, "no process %d: see `jitstat list` for those that can be read", pid);
    s.start_ticks = who.start_ticks;
    int r = proc_maps(pid, each_mapping, &s);
    if (r == -EACCES || r == -EPERM)
        return refused(a, pid, &who);
    if (r < 0)
        return agent_fail(a, ESRCH, "process %d ended", pid);
    if (s.found)
        return 0;
    if (s.error)
        return s.error;
    return agent_fail(a, ENOENT, "process %d (%s) has no VM of ours: start it with jitlua, or with `jitstat run --core`", pid,
                      who.comm);
}

static int each_file(void *arg, const struct mapping *m)
{
    return m->perms[2] == 'x' && bpf_path_wanted(arg, m->path);
}

/* Does it map one of the files that the agent was opened for? */
static bool is_wanted(struct agent *a, pid_t pid)
{
    return !a->options.files || proc_maps(pid, each_file, a) == 1;
}

int agent_add_all(struct agent *a, size_t *refused)
{
    DIR *d = opendir("/proc");
    if (!d)
        return agent_fail(a, errno, "/proc cannot be read: %s: mount it", strerror(errno));
    size_t before = a->ntargets, no = 0;
    for (struct dirent *e; (e = readdir(d));) {
        pid_t pid = atoi(e->d_name);
        if (pid <= 0 || !is_wanted(a, pid))
            continue;
        int r = agent_add_pid(a, pid);
        no += r == -EACCES;
    }
    closedir(d);
    if (refused)
        *refused = no;
    return (int)(a->ntargets - before);
}
