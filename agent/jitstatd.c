/* jitstatd.c: the agent as a daemon, for all processes of the machine and all who want to look.
 *
 * It is the same agent that `jitstat -a` carries, opened for every process, with a socket before it.
 * It keeps nothing on disk: totals, records and run counts are in the processes' own blocks, so a
 * daemon that was killed finds them all again when it is started. What it alone had, the last numbers
 * of processes that had ended and BPF's own measurements, begins anew.
 *
 * Before it: serve.c, watch.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/serve.h"
#include "agent/watch.h"
#include "agent/wire.h"

#define TICK_S 5

struct daemon {
    struct agent *agent;
    struct server *server;
    struct agent_keep keep;
    uint64_t max_vms, max_files;
    const char *dir, *files;
    int lock, epoll, signals, timer;
    bool bpf;
};

static int say(int status, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static int say(int status, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fputs("jitstatd: ", stderr);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
    va_end(ap);
    return status;
}

/* ---- one at a time ---- */

/* Ours alone to write: what stands in it is believed. */
static int open_dir(const char *dir)
{
    struct stat st;
    if (mkdir(dir, 0755) != 0 && errno != EEXIST)
        return say(-1, "%s cannot be made: %s", dir, strerror(errno));
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0) {
        say(-1, "%s is no directory that can be used: %s", dir, strerror(errno));
    } else if (st.st_uid != geteuid() || (st.st_mode & 022)) {
        say(-1, "%s belongs to user %u, mode %o: it must be root's, and nobody else's to write", dir, st.st_uid, st.st_mode & 07777);
        close(fd);
        fd = -1;
    }
    return fd;
}

static int take_lock(struct daemon *d)
{
    char pid[16] = "";
    int dir = open_dir(d->dir);
    if (dir < 0)
        return -1;
    d->lock = openat(dir, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);
    close(dir);
    if (d->lock < 0)
        return say(-1, "%s/lock cannot be opened: %s", d->dir, strerror(errno));
    if (flock(d->lock, LOCK_EX | LOCK_NB) != 0) {
        ssize_t n = pread(d->lock, pid, sizeof pid - 1, 0);
        pid[n > 0 ? strcspn(pid, "\n") : 0] = 0;
        return say(-1, "one is running already (process %s): stop it first, there can be one at a time in %s", pid, d->dir);
    }
    int n = snprintf(pid, sizeof pid, "%d\n", (int)getpid());
    if (ftruncate(d->lock, 0) != 0 || pwrite(d->lock, pid, (size_t)n, 0) != n)
        return say(-1, "%s/lock cannot be written: %s", d->dir, strerror(errno));
    return 0;
}

/* ---- life ---- */

/* One descriptor per process that is watched. */
static void raise_limits(void)
{
    struct rlimit rl;
    if (getrlimit(RLIMIT_NOFILE, &rl) == 0) {
        rl.rlim_cur = rl.rlim_max;
        setrlimit(RLIMIT_NOFILE, &rl);
    }
}

/* Tells whoever waits for us: systemd, by its protocol; a person or a test, by a line. */
static void say_ready(const struct daemon *d)
{
    const char *to = getenv("NOTIFY_SOCKET");
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    printf("ready: %zu processes, %s\n", d->agent->ntargets, d->agent->info.bpf ? "BPF" : "no BPF");
    fflush(stdout);
    if (!to || strlen(to) >= sizeof sa.sun_path)
        return;
    memcpy(sa.sun_path, to, strlen(to));
    if (sa.sun_path[0] == '@')
        sa.sun_path[0] = 0;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd >= 0) {
        sendto(fd, "READY=1", 7, MSG_NOSIGNAL, (struct sockaddr *)&sa, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(to)));
        close(fd);
    }
}

static int add_fd(struct daemon *d, int fd, void *ptr)
{
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = ptr};
    return fd < 0 || epoll_ctl(d->epoll, EPOLL_CTL_ADD, fd, &e) != 0 ? say(-1, "descriptors cannot be waited for: %s", strerror(errno)) : 0;
}

static int open_agent(struct daemon *d)
{
    struct agent_open_options o = {.bpf = d->bpf ? AGENT_TRY : AGENT_NOT, .daemon = AGENT_NOT, .serve = true, .files = d->files, .max_vms = (uint32_t)d->max_vms, .max_files = (uint32_t)d->max_files};
    if (agent_open(&d->agent, &o) < 0)
        return say(-1, "%s", d->agent ? agent_error(d->agent) : "out of memory");
    if (d->agent->info.note[0])
        say(0, "%s; going on with what the stats blocks say", d->agent->info.note);
    d->agent->keep = d->keep;
    return 0;
}

static int open_all(struct daemon *d)
{
    char path[108];
    struct itimerspec tick = {{TICK_S, 0}, {TICK_S, 0}};
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    raise_limits();
    d->epoll = epoll_create1(EPOLL_CLOEXEC);
    d->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    d->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    timerfd_settime(d->timer, 0, &tick, NULL);
    if (take_lock(d) < 0 || open_agent(d) < 0)
        return -1;
    if (snprintf(path, sizeof path, "%s/%s", d->dir, WIRE_SOCKET) >= (int)sizeof path)
        return say(-1, "%s: too long a name", d->dir);
    int r = serve_open(&d->server, d->agent, d->epoll, path);
    if (r < 0)
        return say(-1, "%s cannot be listened at: %s", path, strerror(-r));
    if (d->agent->watch && add_fd(d, watch_fd(d->agent), &d->agent) < 0)
        return -1;
    if (d->agent->info.bpf && add_fd(d, agent_bpf_fd(d->agent), &d->keep) < 0)
        return -1;
    return add_fd(d, d->signals, &d->signals) < 0 ? -1 : add_fd(d, d->timer, &d->timer);
}

static void tick(struct daemon *d)
{
    uint64_t n;
    if (read(d->timer, &n, sizeof n) != sizeof n)
        return;
    serve_tick(d->server);
    source_refresh(d->agent);
}

static int run(struct daemon *d)
{
    struct epoll_event e[16];
    for (;;) {
        int n = epoll_wait(d->epoll, e, 16, -1);
        if (n < 0 && errno != EINTR)
            return say(1, "%s", strerror(errno));
        for (int i = 0; i < n; i++) {
            void *p = e[i].data.ptr;
            if (p == &d->signals)
                return 0;
            if (p == &d->timer)
                tick(d);
            else if (p == &d->agent)
                watch_step(d->agent);
            else if (p == &d->keep)
                serve_events(d->server);
            else
                serve_ready(d->server, p, e[i].events);
        }
    }
}

/* ---- options ---- */

static const char usage[] =
    "usage: jitstatd [--dir DIR] [--keep SECONDS] [--keep-processes N] [--keep-bytes N]\n"
    "                [--max-vms N] [--max-files N] [--files PREFIX]\n"
    "                [--no-bpf]\n"
    "Watches all processes that run a JIT of ours, and serves `jitstat`.\n\n"
    "      --dir DIR           lock and socket are here (" WIRE_DIR ", or $JITSTAT_DIR)\n"
    "      --keep SECONDS      keep the last numbers of ended processes for so long (600)\n"
    "      --keep-processes N  and of no more than so many (1024)\n"
    "      --keep-bytes N      and in no more memory (268435456)\n"
    "      --max-vms N         count the events of no more VMs at one time (16384)\n"
    "      --max-files N       attach to no more programs and libraries at one time (128)\n"
    "      --files PREFIX      only processes that map a program or library whose path\n"
    "                          begins so\n"
    "      --no-bpf            read stats blocks only\n"
    "  -h, --help              this\n"
    "  -V, --version           the version\n\n"
    "example:\n"
    "  sudo jitstatd\n";

static int number(const char *text, uint64_t *out, uint64_t unit, uint64_t least)
{
    char *end;
    errno = 0;
    unsigned long long v = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end || errno || v < least || v > UINT64_MAX / unit)
        return say(2, "%s is no number that can be used (see --help)", text);
    *out = v * unit;
    return 0;
}

static int parse(struct daemon *d, int argc, char **argv)
{
    static const struct option longs[] = {
        {"dir", required_argument, 0, 'd'},
        {"keep", required_argument, 0, 'k'},
        {"keep-processes", required_argument, 0, 'p'},
        {"keep-bytes", required_argument, 0, 'b'},
        {"max-vms", required_argument, 0, 'm'},
        {"max-files", required_argument, 0, 'F'},
        {"files", required_argument, 0, 'f'},
        {"no-bpf", no_argument, 0, 'n'},
        {"help", no_argument, 0, 'h'},
        {"version", no_argument, 0, 'V'},
        {0},
    };
    int o, r = 0;
    opterr = 0;
    while (r == 0 && (o = getopt_long(argc, argv, ":hV", longs, NULL)) != -1)
        switch (o) {
        case 'd': d->dir = optarg; break;
        case 'k': r = number(optarg, &d->keep.ns, 1000000000u, 0); break;
        case 'p': r = number(optarg, &d->keep.processes, 1, 0); break;
        case 'b': r = number(optarg, &d->keep.bytes, 1, 0); break;
        case 'm': r = number(optarg, &d->max_vms, 1, 1); break;
        case 'F': r = number(optarg, &d->max_files, 1, 1); break;
        case 'f': d->files = optarg; break;
        case 'n': d->bpf = false; break;
        case 'h': fputs(usage, stdout); return -1;
        case 'V': puts("jitstatd " JITSTAT_VERSION); return -1;
        case ':': return say(2, "%s wants a value (see --help)", argv[optind - 1]);
        default: return say(2, "no option %s (see --help)", argv[optind - 1]);
        }
    if (r == 0 && optind < argc)
        return say(2, "what is %s? (see --help)", argv[optind]);
    return r;
}

int main(int argc, char **argv)
{
    const char *dir = secure_getenv("JITSTAT_DIR");
    struct daemon d = {.dir = dir && *dir ? dir : WIRE_DIR, .keep = KEEP_DEFAULT, .bpf = true, .lock = -1};
    int r = parse(&d, argc, argv);
    if (r)
        return r < 0 ? 0 : r;
    if (geteuid() != 0)
        return say(1, "looking at all processes needs root: sudo jitstatd, or systemctl start jitstatd");
    r = open_all(&d) < 0;
    if (r == 0) {
        say_ready(&d);
        r = run(&d);
    }
    serve_close(d.server);
    fflush(NULL);
    _exit(r); /* the kernel takes the probes away, after the lock: it is slower than whoever comes next */
}
