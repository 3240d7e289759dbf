/* remote.c: the client's side of a running jitstatd; wire.h says what is exchanged.
 *
 * The daemon is believed (it is root's or our own user's, which is checked), but not with our memory:
 * sizes are checked as if it were not. The blocks that come through it are a stranger's as ever.
 *
 * Before it: serve.c. After it: source.c, merge.c.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/remote.h"
#include "agent/wire.h"

#define ANSWER_MS 10000

struct remote {
    int fd, follow_fd;
    struct {
        struct wire_head head;
        char body[WIRE_MESSAGE_MAX];
    } m; /* the last message */
    size_t body; /* its bytes */
    int fds[WIRE_FDS_MAX];
    size_t nfds;
};

int wire_path(char *path, size_t size, const char *file)
{
    const char *dir = secure_getenv("JITSTAT_DIR");
    int n = snprintf(path, size, "%s/%s", dir && *dir ? dir : WIRE_DIR, file);
    return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

/* ---- messages ---- */

static void drop_fds(struct remote *r)
{
    while (r->nfds)
        close(r->fds[--r->nfds]);
}

static void take_fds(struct remote *r, struct msghdr *msg)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c))
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS) {
            r->nfds = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
            memcpy(r->fds, CMSG_DATA(c), r->nfds * sizeof(int));
        }
}

/* Receives one message of what was asked for. */
static int receive(struct remote *r, int fd, uint32_t what, int flags)
{
    struct iovec iov = {&r->m, sizeof r->m};
    union {
        struct cmsghdr h;
        char room[CMSG_SPACE(WIRE_FDS_MAX * sizeof(int))];
    } control;
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    drop_fds(r);
    ssize_t n = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC | flags);
    if (n < 0)
        return -errno;
    take_fds(r, &msg);
    if (n == 0)
        return -ECONNRESET;
    if ((size_t)n < sizeof r->m.head || (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) || r->m.head.magic != WIRE_MAGIC || r->m.head.what != what)
        return -EPROTO;
    r->body = (size_t)n - sizeof r->m.head;
    return r->m.head.status;
}

/* Waits for it, but not for ever: a daemon may hang. */
static int next_message(struct remote *r, uint32_t what)
{
    struct pollfd p = {.fd = r->fd, .events = POLLIN};
    int n = poll(&p, 1, ANSWER_MS);
    return n < 0 ? -errno : n == 0 ? -ETIMEDOUT
                                   : receive(r, r->fd, what, MSG_DONTWAIT);
}

static int request(int fd, struct wire_request q)
{
    q.magic = WIRE_MAGIC;
    return send(fd, &q, sizeof q, MSG_NOSIGNAL) == sizeof q ? 0 : -errno;
}

/* Asks, and calls each with every message of the answer: n records of that size. */
static int ask(struct agent *a, struct wire_request q, size_t size, int (*each)(struct agent *a, const void *records, size_t n, void *arg), void *arg)
{
    struct remote *r = a->remote;
    int e = request(r->fd, q);
    do {
        if (e == 0)
            e = next_message(r, q.what);
        if (e == 0 && r->m.head.n * (uint64_t)size != r->body)
            e = -EPROTO;
        if (e == 0 && each)
            e = each(a, r->m.body, r->m.head.n, arg);
    } while (e == 0 && !r->m.head.last);
    drop_fds(r);
    return e;
}

/* ---- connecting ---- */

/* A socket that somebody else put there would tell us lies. */
static int connect_trusted(void)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    struct ucred who;
    socklen_t n = sizeof who;
    int r = wire_path(sa.sun_path, sizeof sa.sun_path, WIRE_SOCKET);
    int fd = r < 0 ? -1 : socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return r < 0 ? r : -errno;
    if (connect(fd, (struct sockaddr *)&sa, sizeof sa) != 0 || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n) != 0)
        r = -errno;
    else if (who.uid != 0 && who.uid != geteuid())
        r = -EACCES;
    if (r == 0)
        return fd;
    close(fd);
    return r;
}

static int hello(struct agent *a, const void *records, size_t n, void *arg)
{
    if (n == 1)
        a->info.bpf = *(const uint64_t *)records & 1;
    return n == 1 ? 0 : -EPROTO;
}

int remote_open(struct agent *a)
{
    struct remote *r = calloc(1, sizeof *r);
    if (!r)
        return agent_fail(a, ENOMEM, "out of memory");
    r->follow_fd = -1;
    r->fd = connect_trusted();
    if (r->fd < 0) {
        int e = r->fd;
        free(r);
        return agent_fail(a, ECONNREFUSED, "no jitstatd can be reached (%s): start it as root (systemctl start jitstatd)", strerror(-e));
    }
    a->remote = r;
    int e = ask(a, (struct wire_request){.what = WIRE_HELLO, .version = WIRE_VERSION}, sizeof(uint64_t), hello, NULL);
    if (e == 0 && a->options.counts)
        a->info.counts = ask(a, (struct wire_request){.what = WIRE_COUNTS, .pid = a->options.pid}, 0, NULL, NULL) == 0;
    if (e == 0) {
        a->info.daemon = true;
        return 0;
    }
    remote_fini(a);
    return agent_fail(a, -e, "the jitstatd that runs %s", e == -EPROTO ? "is of another version: restart it" : strerror(-e));
}

void remote_fini(struct agent *a)
{
    struct remote *r = a->remote;
    if (!r)
        return;
    drop_fds(r);
    close(r->fd);
    if (r->follow_fd >= 0)
        close(r->follow_fd);
    free(r);
    a->remote = NULL;
}

/* ---- targets ---- */

static struct target *target_of(struct agent *a, uint64_t serial)
{
    for (size_t i = 0; i < a->ntargets; i++)
        if (a->targets[i].serial == serial)
            return &a->targets[i];
    return NULL;
}

static void add_remote_target(struct agent *a, const struct wire_target *w, int fd)
{
    struct stat st;
    struct target t = {.pid = w->pid, .uid = w->uid, .start_ticks = w->start_ticks, .exited_ns = w->exited_ns, .serial = w->serial, .fd = -1};
    memcpy(t.comm, w->comm, sizeof t.comm);
    t.comm[sizeof t.comm - 1] = 0;
    if (fstat(fd, &st) != 0 || block_map(a, &t, fd) < 0)
        return; /* the process lies, as the daemon found out before us */
    t.dev = st.st_dev;
    t.ino = st.st_ino;
    struct target *slot = agent_push(&a->targets, &a->ntargets, sizeof *slot);
    if (slot)
        *slot = t;
    else
        block_unmap(&t);
}

/* The serials that the daemon still has, in their order. */
struct sync {
    uint64_t after;
    uint64_t *serials;
    size_t n;
};

static int take_targets(struct agent *a, const void *records, size_t n, void *arg)
{
    struct sync *s = arg;
    struct remote *r = a->remote;
    const struct wire_target *w = records;
    size_t fd = 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t *serial = agent_push(&s->serials, &s->n, sizeof *serial);
        if (!serial)
            return -ENOMEM;
        *serial = w[i].serial;
        struct target *t = target_of(a, w[i].serial);
        if (t)
            t->exited_ns = w[i].exited_ns;
        if (w[i].has_fd && fd < r->nfds && !t)
            add_remote_target(a, &w[i], r->fds[fd]);
        fd += w[i].has_fd != 0;
    }
    return 0;
}

static int take_bases(struct agent *a, const void *records, size_t n, void *arg)
{
    const struct wire_base *w = records;
    for (size_t i = 0; i < n; i++) {
        struct target *t = target_of(a, w[i].serial);
        struct baseline *b = t ? agent_push(&t->baselines, &t->nbaselines, sizeof *b) : NULL;
        if (b)
            *b = w[i].base;
    }
    return 0;
}

static bool listed(const struct sync *s, uint64_t serial)
{
    size_t low = 0, high = s->n; /* the daemon lists them in their order */
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (s->serials[mid] < serial)
            low = mid + 1;
        else
            high = mid;
    }
    return low < s->n && s->serials[low] == serial;
}

int remote_refresh(struct agent *a)
{
    struct sync s = {0};
    for (size_t i = 0; i < a->ntargets; i++)
        if (a->targets[i].serial > s.after)
            s.after = a->targets[i].serial;
    struct wire_request q = {.what = WIRE_TARGETS, .pid = a->options.pid, .after = s.after};
    int e = ask(a, q, sizeof(struct wire_target), take_targets, &s);
    for (size_t i = a->ntargets; e == 0 && i-- > 0;)
        if (!listed(&s, a->targets[i].serial))
            agent_drop_target(a, i);
    free(s.serials);
    q.what = WIRE_BASES;
    if (e == 0 && a->info.bpf)
        e = ask(a, q, sizeof(struct wire_base), take_bases, NULL);
    if (e == 0 && a->options.counts && a->info.counts) {
        q.what = WIRE_COUNTS; /* processes that came since then */
        ask(a, q, 0, NULL, NULL);
    }
    return e < 0 ? agent_fail(a, -e, "jitstatd does not answer: %s", strerror(-e)) : 0;
}

/* ---- entries ---- */

struct entries {
    struct vm_entry **entries;
    size_t *n;
};

static int take_vms(struct agent *a, const void *records, size_t n, void *arg)
{
    struct entries *to = arg;
    const struct wire_vms *w = records;
    for (size_t i = 0; i < n; i++) {
        struct vm_entry *e = agent_push(to->entries, to->n, sizeof *e);
        if (!e || !(e->stat = malloc(sizeof *e->stat)))
            return -ENOMEM;
        e->id = w[i].id;
        *e->stat = w[i].stat;
    }
    return 0;
}

int remote_read_vms(struct agent *a, struct vm_entry **entries, size_t *n)
{
    struct entries to = {entries, n};
    return ask(a, (struct wire_request){.what = WIRE_VMS, .pid = a->options.pid}, sizeof(struct wire_vms), take_vms, &to);
}

static int take_vm(struct agent *a, const void *records, size_t n, void *arg)
{
    if (n == 1)
        memcpy(arg, &((const struct wire_vms *)records)->stat, sizeof(struct vm_stat));
    return n == 1 ? 0 : -ENOENT;
}

int remote_read_vm(struct agent *a, const struct vm_id *id, struct vm_stat *stat)
{
    return ask(a, (struct wire_request){.what = WIRE_VM, .id = *id}, sizeof(struct wire_vms), take_vm, stat);
}

static int take_loops(struct agent *a, const void *records, size_t n, void *arg)
{
    struct agent_vm *vm = arg;
    struct jitstat_loop *to = agent_extend(&vm->loops, &vm->nloops, sizeof *to, n);
    if (!to && n)
        return -ENOMEM;
    memcpy(to, records, n * sizeof *to);
    for (size_t i = 0; i < n; i++)
        to[i].name[sizeof to[i].name - 1] = 0;
    vm->loops_lost += a->remote->m.head.lost;
    return 0;
}

static int take_aborts(struct agent *a, const void *records, size_t n, void *arg)
{
    struct agent_vm *vm = arg;
    struct jitstat_abort_site *to = agent_extend(&vm->aborts, &vm->naborts, sizeof *to, n);
    if (!to && n)
        return -ENOMEM;
    memcpy(to, records, n * sizeof *to);
    for (size_t i = 0; i < n; i++)
        to[i].file[sizeof to[i].file - 1] = 0;
    vm->aborts_lost += a->remote->m.head.lost;
    return 0;
}

int remote_read_loops(struct agent *a, const struct vm_id *id, struct agent_vm *vm)
{
    return ask(a, (struct wire_request){.what = WIRE_LOOPS, .id = *id}, sizeof(struct jitstat_loop), take_loops, vm);
}

int remote_read_aborts(struct agent *a, const struct vm_id *id, struct agent_vm *vm)
{
    return ask(a, (struct wire_request){.what = WIRE_ABORTS, .id = *id}, sizeof(struct jitstat_abort_site), take_aborts, vm);
}

static int take_lost(struct agent *a, const void *records, size_t n, void *arg)
{
    if (n == 1)
        memcpy(arg, records, sizeof(struct lost));
    return 0;
}

void remote_read_lost(struct agent *a, struct lost *out)
{
    *out = (struct lost){0};
    ask(a, (struct wire_request){.what = WIRE_LOST}, sizeof *out, take_lost, out);
}

/* ---- events ---- */

int remote_follow(struct agent *a)
{
    struct remote *r = a->remote;
    if (r->follow_fd >= 0)
        return 0;
    r->follow_fd = connect_trusted();
    if (r->follow_fd < 0)
        return agent_fail(a, -r->follow_fd, "jitstatd cannot be reached: %s", strerror(-r->follow_fd));
    int e = request(r->follow_fd, (struct wire_request){.what = WIRE_FOLLOW, .version = WIRE_VERSION, .pid = a->options.pid});
    struct pollfd p = {.fd = r->follow_fd, .events = POLLIN};
    if (e == 0 && (poll(&p, 1, ANSWER_MS) != 1 || (e = receive(r, r->follow_fd, WIRE_FOLLOW, MSG_DONTWAIT)) < 0))
        e = e ? e : -ETIMEDOUT;
    return e < 0 ? agent_fail(a, -e, "jitstatd does not send events: %s", strerror(-e)) : 0;
}

int remote_follow_fd(const struct agent *a)
{
    return a->remote->follow_fd;
}

int remote_consume(struct agent *a, void (*see)(void *arg, const struct follow_event *e), void *arg)
{
    struct remote *r = a->remote;
    int n = 0, e;
    while ((e = receive(r, r->follow_fd, WIRE_FOLLOW, MSG_DONTWAIT)) == 0) {
        const struct follow_event *events = (const struct follow_event *)r->m.body;
        a->info.events_lost = r->m.head.lost;
        for (size_t i = 0; i < r->m.head.n && (i + 1) * sizeof *events <= r->body; i++, n++)
            see(arg, &events[i]);
    }
    return e == -EAGAIN || n ? n : agent_fail(a, -e, "jitstatd has ended");
}
