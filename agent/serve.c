/* serve.c: the daemon's clients, one thread, nobody waited for.
 *
 * Answers are made message by message, each when the client has room for it, from a cursor; so a
 * client costs a few hundred bytes, and a slow one nothing else. Events that a follower has no room for
 * are counted for it.
 *
 * Invariants
 *  1. A client sees what its uid (SO_PEERCRED) owns: processes whose /proc/PID it owns, entries of BPF
 *     whose process had all user ids its own. Root sees all.
 *  2. A client has at most one request in work; what is no request ends the connection.
 *  3. At most CLIENTS connections, USER_CLIENTS of one ordinary user; who does not read for STALL_NS
 *     is dropped.
 *
 * Before it: watch.c, wire.h. After it: remote.c.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/serve.h"
#include "agent/watch.h"
#include "agent/wire.h"

#define CLIENTS 64
#define USER_CLIENTS 16
#define USER_COUNTED 64 /* processes in which one ordinary client may turn counts on */
#define STALL_NS 10000000000u
#define LOOK_NS 100000000u /* ends are looked for no more often, however many ask */
#define FOLLOW_ROOM (2 << 20) /* bytes of events that wait for a follower */

struct client {
    struct server *server;
    int fd;
    uid_t uid;
    struct wire_request q;
    bool busy, follows;
    uint64_t serial, base; /* cursor: last target sent, bases of it sent */
    size_t at; /* cursor in keys or records */
    struct vm_id *keys;
    size_t nkeys;
    struct agent_vm records; /* WIRE_LOOPS, WIRE_ABORTS */
    uint64_t cut; /* of them */
    uint64_t since_ns; /* it has not read since then, 0: it has */
    uint64_t lost; /* events */
    struct count_link *counts;
    size_t ncounts;
};

struct server {
    struct agent *agent;
    int listener, epoll;
    char path[108];
    struct client *clients[CLIENTS];
    uint64_t looked_ns;
    struct {
        struct wire_head head;
        char body[WIRE_MESSAGE_MAX];
    } m; /* the message in the making */
    int fds[WIRE_FDS_MAX];
    size_t nfds;
};

/* ---- who may see what ---- */

static bool sees_target(const struct client *c, const struct target *t)
{
    return (c->uid == 0 || t->uid == c->uid) && (!c->q.pid || t->pid == c->q.pid);
}

static bool sees_entry(const struct client *c, const struct process_id *id, uid_t uid)
{
    const struct agent *a = c->server->agent;
    if (c->q.pid && (pid_t)id->tgid != c->q.pid)
        return false;
    if (c->uid == 0)
        return true;
    for (size_t i = 0; i < a->ntargets; i++)
        if (a->targets[i].pid == (pid_t)id->tgid && a->targets[i].start_ticks == id->start_ns / TICK_NS)
            return a->targets[i].uid == c->uid;
    return uid == c->uid;
}

/* ---- answers ---- */

/* Each makes the next message in s->m: returns how many records, sets *last, and has advanced the
 * client's cursor. */
typedef uint32_t answer(struct client *c, bool *last);

static uint32_t say_hello(struct client *c, bool *last)
{
    struct agent *a = c->server->agent;
    *(uint64_t *)c->server->m.body = a->info.bpf;
    *last = true;
    return 1;
}

static uint32_t say_targets(struct client *c, bool *last)
{
    struct server *s = c->server;
    struct wire_target *w = (struct wire_target *)s->m.body;
    uint32_t n = 0;
    for (size_t i = 0; i < s->agent->ntargets; i++) {
        const struct target *t = &s->agent->targets[i];
        if (t->serial <= c->serial || !sees_target(c, t))
            continue;
        bool fresh = t->serial > c->q.after && t->fd >= 0;
        if (n == WIRE_ROOM(*w) || (fresh && s->nfds == WIRE_FDS_MAX))
            return n;
        w[n] = (struct wire_target){.serial = t->serial, .start_ticks = t->start_ticks, .exited_ns = t->exited_ns, .pid = t->pid, .uid = t->uid, .has_fd = fresh};
        memcpy(w[n++].comm, t->comm, sizeof w->comm);
        if (fresh)
            s->fds[s->nfds++] = t->fd;
        c->serial = t->serial;
    }
    *last = true;
    return n;
}

static uint32_t say_bases(struct client *c, bool *last)
{
    struct server *s = c->server;
    struct wire_base *w = (struct wire_base *)s->m.body;
    uint32_t n = 0;
    for (size_t i = 0; i < s->agent->ntargets; i++) {
        const struct target *t = &s->agent->targets[i];
        if (t->serial < c->serial || t->serial <= c->q.after || !sees_target(c, t))
            continue;
        if (t->serial > c->serial)
            c->base = 0;
        c->serial = t->serial;
        for (; c->base < t->nbaselines; c->base++) {
            if (n == WIRE_ROOM(*w))
                return n;
            w[n++] = (struct wire_base){t->serial, t->baselines[c->base]};
        }
    }
    *last = true;
    return n;
}

static uint32_t say_lost(struct client *c, bool *last)
{
    struct lost lost = {0};
    if (c->uid == 0 && c->server->agent->info.bpf)
        bpf_read_lost(c->server->agent, &lost);
    memcpy(c->server->m.body, &lost, sizeof lost);
    *last = true;
    return 1;
}

static uint32_t say_vms(struct client *c, bool *last)
{
    struct server *s = c->server;
    struct wire_vms *w = (struct wire_vms *)s->m.body;
    uint32_t n = 0;
    for (; c->at < c->nkeys; c->at++) {
        if (n == WIRE_ROOM(*w))
            return n;
        w[n].id = c->keys[c->at];
        if (bpf_read_vm(s->agent, &w[n].id, &w[n].stat) != -ENOENT && sees_entry(c, &w[n].id.process, w[n].stat.uid))
            n++;
    }
    *last = true;
    return n;
}

static uint32_t say_records(struct client *c, bool *last, const void *records, size_t have, size_t size)
{
    size_t room = (WIRE_MESSAGE_MAX - sizeof(struct wire_head)) / size, n = have - c->at < room ? have - c->at : room;
    if (n)
        memcpy(c->server->m.body, (const char *)records + c->at * size, n * size);
    c->at += n;
    *last = c->at == have;
    c->server->m.head.lost = *last ? c->cut : 0;
    return (uint32_t)n;
}

static uint32_t say_loops(struct client *c, bool *last)
{
    return say_records(c, last, c->records.loops, c->records.nloops, sizeof *c->records.loops);
}

static uint32_t say_aborts(struct client *c, bool *last)
{
    return say_records(c, last, c->records.aborts, c->records.naborts, sizeof *c->records.aborts);
}

static uint32_t say_done(struct client *c, bool *last)
{
    *last = true;
    return 0;
}

static const struct {
    answer *next;
    size_t size; /* of a record */
} answers[] = {
    [WIRE_HELLO] = {say_hello, sizeof(uint64_t)},
    [WIRE_TARGETS] = {say_targets, sizeof(struct wire_target)},
    [WIRE_BASES] = {say_bases, sizeof(struct wire_base)},
    [WIRE_LOST] = {say_lost, sizeof(struct lost)},
    [WIRE_VMS] = {say_vms, sizeof(struct wire_vms)},
    [WIRE_VM] = {say_vms, sizeof(struct wire_vms)},
    [WIRE_LOOPS] = {say_loops, sizeof(struct jitstat_loop)},
    [WIRE_ABORTS] = {say_aborts, sizeof(struct jitstat_abort_site)},
    [WIRE_COUNTS] = {say_done, 0},
    [WIRE_FOLLOW] = {say_done, 0},
};

/* ---- sending ---- */

/* -EAGAIN: it has no room. */
static int send_message(struct server *s, int fd, size_t body)
{
    struct iovec iov = {&s->m, sizeof s->m.head + body};
    union {
        struct cmsghdr h;
        char room[CMSG_SPACE(WIRE_FDS_MAX * sizeof(int))];
    } control;
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
    if (s->nfds) {
        msg.msg_control = &control;
        msg.msg_controllen = CMSG_SPACE(s->nfds * sizeof(int));
        memset(&control, 0, msg.msg_controllen);
        control.h = (struct cmsghdr){CMSG_LEN(s->nfds * sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
        memcpy(CMSG_DATA(&control.h), s->fds, s->nfds * sizeof(int));
    }
    return sendmsg(fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static void listen_for(struct client *c, uint32_t events)
{
    struct epoll_event e = {.events = events, .data.ptr = c};
    epoll_ctl(c->server->epoll, EPOLL_CTL_MOD, c->fd, &e);
}

static void answer_end(struct client *c)
{
    c->busy = false;
    c->since_ns = 0;
    free(c->keys);
    c->keys = NULL;
    c->nkeys = c->at = c->serial = c->base = c->cut = 0;
    agent_vm_clear(&c->records);
    listen_for(c, EPOLLIN);
}

/* Sends as much of the answer as there is room for. A message that found none is made again later,
 * from the cursor as it was. */
static int answer_on(struct client *c)
{
    struct server *s = c->server;
    for (bool last = false; !last;) {
        size_t at = c->at;
        uint64_t serial = c->serial, base = c->base;
        s->nfds = 0;
        s->m.head = (struct wire_head){.magic = WIRE_MAGIC, .what = c->q.what};
        s->m.head.n = answers[c->q.what].next(c, &last);
        s->m.head.last = last;
        int r = send_message(s, c->fd, s->m.head.n * answers[c->q.what].size);
        if (r == -EAGAIN) {
            c->at = at, c->serial = serial, c->base = base;
            c->since_ns = c->since_ns ? c->since_ns : agent_now_ns();
            listen_for(c, EPOLLOUT);
            return 0;
        }
        if (r < 0)
            return r;
        c->since_ns = 0;
    }
    answer_end(c);
    return 0;
}

static int answer_error(struct client *c, int status)
{
    struct server *s = c->server;
    s->nfds = 0;
    s->m.head = (struct wire_head){.magic = WIRE_MAGIC, .what = c->q.what, .status = status, .last = 1};
    int r = send_message(s, c->fd, 0);
    answer_end(c);
    return r;
}

/* ---- requests ---- */

static void look_again(struct server *s)
{
    uint64_t now = agent_now_ns();
    if (s->agent->watch)
        watch_catch_up(s->agent);
    else
        source_refresh(s->agent);
    if (now - s->looked_ns > LOOK_NS)
        source_note_ends(s->agent);
    s->looked_ns = now;
}

static void cut(size_t *n, uint64_t *lost)
{
    *lost = *n > WIRE_RECORDS_MAX ? *n - WIRE_RECORDS_MAX : 0;
    *n -= *lost;
}

static int prepare_records(struct client *c)
{
    struct vm_stat stat;
    struct agent *a = c->server->agent;
    if (!a->info.bpf || bpf_read_vm(a, &c->q.id, &stat) == -ENOENT || !sees_entry(c, &c->q.id.process, stat.uid))
        return -ENOENT;
    if (c->q.what == WIRE_LOOPS)
        bpf_read_loops(a, &c->q.id, &c->records);
    else
        bpf_read_aborts(a, &c->q.id, &c->records);
    cut(c->q.what == WIRE_LOOPS ? &c->records.nloops : &c->records.naborts, &c->cut);
    return 0;
}

static int prepare_keys(struct client *c, bool one)
{
    struct agent *a = c->server->agent;
    if (!a->info.bpf)
        return 0;
    if (!one)
        return bpf_vm_keys(a, &c->keys, &c->nkeys);
    struct vm_id *key = agent_push(&c->keys, &c->nkeys, sizeof *key);
    if (key)
        *key = c->q.id;
    return key ? 0 : -ENOMEM;
}

/* Root's counts for all are one link per file; an ordinary user's are per process. */
static int turn_counts_on(struct client *c)
{
    struct agent *a = c->server->agent;
    size_t done = 0;
    if (!a->info.bpf)
        return -ENOTSUP;
    if (c->uid == 0 && !c->q.pid)
        return bpf_counts_attach(a, -1, &c->counts, &c->ncounts);
    for (size_t i = 0; i < a->ntargets; i++)
        if (!a->targets[i].exited_ns && sees_target(c, &a->targets[i]) && done++ < USER_COUNTED)
            bpf_counts_attach(a, a->targets[i].pid, &c->counts, &c->ncounts);
    return done ? 0 : -ESRCH;
}

static void follow_on(struct server *s)
{
    bool any = false;
    for (size_t i = 0; i < CLIENTS; i++)
        any |= s->clients[i] && s->clients[i]->follows;
    agent_follow(s->agent, any);
}

static int begin_follow(struct client *c)
{
    int room = FOLLOW_ROOM;
    if (!c->server->agent->info.bpf)
        return -ENOTSUP;
    setsockopt(c->fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room);
    c->follows = true;
    follow_on(c->server);
    return 0;
}

static int prepare(struct client *c)
{
    switch (c->q.what) {
    case WIRE_HELLO: return c->q.version == WIRE_VERSION ? 0 : -EPROTO;
    case WIRE_TARGETS:
        serve_events(c->server); /* who follows has what happened until now */
        look_again(c->server);
        return 0;
    case WIRE_VMS: return prepare_keys(c, false);
    case WIRE_VM: return prepare_keys(c, true);
    case WIRE_LOOPS:
    case WIRE_ABORTS: return prepare_records(c);
    case WIRE_COUNTS: return turn_counts_on(c);
    case WIRE_FOLLOW: return c->q.version == WIRE_VERSION ? begin_follow(c) : -EPROTO;
    default: return 0;
    }
}

static int take_request(struct client *c)
{
    ssize_t n = recv(c->fd, &c->q, sizeof c->q, MSG_DONTWAIT | MSG_TRUNC);
    if (n < 0)
        return errno == EAGAIN ? 0 : -errno;
    if (n != sizeof c->q || c->q.magic != WIRE_MAGIC || c->q.what < WIRE_HELLO || c->q.what > WIRE_FOLLOW || c->follows)
        return -EPROTO;
    c->busy = true;
    int r = prepare(c);
    return r < 0 ? answer_error(c, r) : answer_on(c);
}

/* ---- clients ---- */

static void drop(struct client *c)
{
    struct server *s = c->server;
    for (size_t i = 0; i < CLIENTS; i++)
        if (s->clients[i] == c)
            s->clients[i] = NULL;
    close(c->fd);
    bpf_counts_free(&c->counts, &c->ncounts);
    free(c->keys);
    agent_vm_clear(&c->records);
    if (c->follows)
        follow_on(s);
    free(c);
}

static struct client **free_slot(struct server *s, uid_t uid)
{
    struct client **slot = NULL;
    size_t of_user = 0;
    for (size_t i = 0; i < CLIENTS; i++)
        if (!s->clients[i])
            slot = &s->clients[i];
        else
            of_user += s->clients[i]->uid == uid;
    return uid && of_user >= USER_CLIENTS ? NULL : slot;
}

static void take_client(struct server *s)
{
    struct ucred who;
    socklen_t n = sizeof who;
    int fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return;
    struct client **slot = getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n) == 0 ? free_slot(s, who.uid) : NULL;
    struct client *c = slot ? calloc(1, sizeof *c) : NULL;
    if (!c) {
        close(fd);
        return;
    }
    *c = (struct client){.server = s, .fd = fd, .uid = who.uid};
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};
    *slot = c;
    if (epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &e) != 0)
        drop(c);
}

void serve_ready(struct server *s, void *ptr, uint32_t events)
{
    struct client *c = NULL;
    if (ptr == s) {
        take_client(s);
        return;
    }
    for (size_t i = 0; i < CLIENTS; i++)
        if (s->clients[i] == ptr)
            c = ptr;
    if (!c)
        return; /* dropped while its turn was waited for */
    int r = (events & (EPOLLERR | EPOLLHUP)) ? -EPIPE : c->busy ? answer_on(c)
                                                                : take_request(c);
    if (r < 0)
        drop(c);
}

void serve_tick(struct server *s)
{
    uint64_t now = agent_now_ns();
    for (size_t i = 0; i < CLIENTS; i++)
        if (s->clients[i] && s->clients[i]->since_ns && now - s->clients[i]->since_ns > STALL_NS)
            drop(s->clients[i]);
}

/* ---- events ---- */

static void send_event(struct client *c, const struct follow_event *e)
{
    struct server *s = c->server;
    s->nfds = 0;
    s->m.head = (struct wire_head){.magic = WIRE_MAGIC, .what = WIRE_FOLLOW, .n = 1, .lost = c->lost};
    memcpy(s->m.body, e, sizeof *e);
    c->lost += send_message(s, c->fd, sizeof *e) < 0;
}

static void see_event(void *arg, const struct follow_event *e)
{
    struct server *s = arg;
    for (size_t i = 0; i < CLIENTS; i++) {
        struct client *c = s->clients[i];
        if (c && c->follows && sees_entry(c, &e->id.process, e->uid))
            send_event(c, e);
    }
}

void serve_events(struct server *s)
{
    agent_bpf_consume(s->agent, see_event, s);
}

/* ---- the listener ---- */

int serve_open(struct server **out, struct agent *a, int epoll, const char *path)
{
    struct server *s = *out = calloc(1, sizeof *s);
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    if (!s)
        return -ENOMEM;
    s->agent = a;
    s->epoll = epoll;
    s->listener = -1;
    if (strlen(path) >= sizeof sa.sun_path)
        return -ENAMETOOLONG;
    strcpy(sa.sun_path, path);
    strcpy(s->path, path);
    unlink(path); /* of one that was killed: the lock says that it is gone */
    s->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    mode_t mask = umask(0111); /* anyone may ask */
    int r = s->listener < 0 || bind(s->listener, (struct sockaddr *)&sa, sizeof sa) != 0 || listen(s->listener, 16) != 0 ? -errno : 0;
    umask(mask);
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = s};
    if (r == 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, s->listener, &e) != 0)
        r = -errno;
    return r;
}

void serve_close(struct server *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < CLIENTS; i++)
        if (s->clients[i])
            drop(s->clients[i]);
    if (s->listener >= 0) {
        unlink(s->path);
        close(s->listener);
    }
    free(s);
}
