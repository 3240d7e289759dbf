/* run.c: `jitstat run -- CMD`: CMD watched from its first instruction to its last, then the
 * snapshot.
 *
 * CMD is the foreground program: it reads the terminal and gets its keys. A Ctrl-C reaches it from
 * the terminal, so jitstat does not forward it but lives on to print; a signal that somebody sends
 * to jitstat is passed on to CMD.
 *
 * Before it: agent/launch.c. After it: text.c, json.c.
 */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/cli.h"

struct run {
    struct agent *agent;
    struct agent_command cmd;
    struct agent_launch child;
    FILE *out;
    const char *out_path;
    bool json, counts, core, maps;
    bool bpf; /* programs are loaded */
    int images; /* files attached to before CMD began */
    char core_dir[PATH_MAX];
};

/* ---- options ---- */

static int parse(struct run *r, int argc, char **argv)
{
    static const struct option longs[] = {{"json", no_argument, 0, 'j'}, {"output", required_argument, 0, 'o'}, {"no-counts", no_argument, 0, 'n'}, {"core", no_argument, 0, 'c'}, {"maps", no_argument, 0, 'm'}, {"help", no_argument, 0, 'h'}, {0}};
    int o;
    opterr = 0;
    r->counts = true;
    while ((o = getopt_long(argc, argv, "+:jo:h", longs, NULL)) != -1)
        switch (o) {
        case 'j': r->json = true; break;
        case 'o': r->out_path = optarg; break;
        case 'n': r->counts = false; break;
        case 'c': r->core = true; break;
        case 'm': r->maps = r->json = true; break;
        case 'h': help(&cmd_run); return -1;
        case ':': return misuse(&cmd_run, "run: %s wants a value", argv[optind - 1]);
        default: return misuse(&cmd_run, "run: no option %s", argv[optind - 1]);
        }
    if (optind == argc)
        return misuse(&cmd_run, "run: no command given");
    r->cmd.argv = argv + optind;
    r->cmd.as_invoker = true;
    return 0;
}

/* Where jitstat itself stands, without a slash at the end. */
static void own_folder(char *dir, size_t size)
{
    ssize_t n = readlink("/proc/self/exe", dir, size - 1);
    dir[n < 0 ? 0 : n] = 0;
    char *slash = strrchr(dir, '/');
    if (slash)
        *slash = 0;
}

/* The library stands beside jitstat while it is being built, and in ../lib/jitstat once installed. */
static bool core_folder(char *dir, size_t size)
{
    static const char *const places[] = {"", "/../lib/jitstat"};
    char own[PATH_MAX - 64], path[PATH_MAX];
    own_folder(own, sizeof own);
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        snprintf(path, sizeof path, "%s%s/liblua5.4.so.0", own, places[i]);
        if (access(path, R_OK) == 0)
            return snprintf(dir, size, "%s%s", own, places[i]) < (int)size;
    }
    return false;
}

static int find_core(struct run *r)
{
    char own[PATH_MAX - 64];
    own_folder(own, sizeof own);
    if (!core_folder(r->core_dir, sizeof r->core_dir))
        return fail(EXIT_OWN, "run --core: liblua5.4.so.0 is neither in %s nor in %s/../lib/jitstat: build or install it first", own, own);
    r->cmd.library_path = r->core_dir;
    return 0;
}

/* ---- attaching ---- */

static void attach_found(void *arg, const char *path)
{
    struct run *r = arg;
    int n = agent_attach_image(r->agent, path, -1, r->counts);
    if (n < 0)
        fail(0, "%s", agent_error(r->agent));
    r->images += n == 1;
}

static void attach_in(struct run *r, const char *dir, const char *name)
{
    char path[PATH_MAX];
    if (snprintf(path, sizeof path, "%s/%s", dir, name) < (int)sizeof path && access(path, R_OK) == 0)
        attach_found(r, path);
}

/* CMD may be a wrapper that starts jitlua, or a program with our library: the ones that belong to
 * this jitstat are attached in any case. */
static void attach_neighbours(struct run *r)
{
    char dir[PATH_MAX - 64];
    own_folder(dir, sizeof dir);
    attach_in(r, dir, "jitlua");
    if (core_folder(dir, sizeof dir))
        attach_in(r, dir, "liblua5.4.so.0");
}

static void start_bpf(struct run *r)
{
    struct agent_bpf_options o = {.only_watched = true, .from_start = true};
    int e = agent_bpf_load(r->agent, &o);
    if (e < 0) {
        fail(0, "%s; without it: no run counts, no loss check, no times from outside", agent_error(r->agent));
        return;
    }
    r->bpf = true;
    agent_command_images(r->agent, &r->cmd, attach_found, r);
    if (r->images == 0)
        attach_neighbours(r);
    if (agent_watch(r->agent, r->child.pid) < 0 || agent_bpf_arm(r->agent) < 0)
        fail(0, "%s", agent_error(r->agent));
}

/* A process of the family has a VM in a file that was not foreseen. */
static void see_segment(void *arg, pid_t pid)
{
    struct run *r = arg;
    if (r->bpf)
        agent_attach_process(r->agent, pid, -1, r->counts);
}

static void see_event(void *arg, const struct follow_event *e)
{
    struct run *r = arg;
    char path[64];
    if (e->event != FOLLOW_EXEC)
        return;
    snprintf(path, sizeof path, "/proc/%u/exe", e->id.process.tgid);
    agent_attach_image(r->agent, path, -1, r->counts); /* gone already: its segment will tell */
}

/* ---- waiting ---- */

static void forward(const struct run *r, int signals)
{
    struct signalfd_siginfo si;
    while (read(signals, &si, sizeof si) == sizeof si) {
        bool from_terminal = si.ssi_code == SI_KERNEL; /* CMD has got it as well */
        if (si.ssi_signo != SIGCHLD && !from_terminal)
            kill(r->child.pid, (int)si.ssi_signo);
    }
}

static bool child_ended(const struct run *r)
{
    siginfo_t si = {0};
    return waitid(P_PID, (id_t)r->child.pid, &si, WEXITED | WNOWAIT | WNOHANG) == 0 && si.si_pid == r->child.pid;
}

static int signals_open(sigset_t *old)
{
    static const int caught[] = {SIGCHLD, SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGCONT, SIGWINCH, SIGALRM};
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof caught / sizeof caught[0]; i++)
        sigaddset(&set, caught[i]);
    sigprocmask(SIG_BLOCK, &set, old);
    return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

static int wait_child(struct run *r, int signals)
{
    struct pollfd fds[] = {{.fd = signals, .events = POLLIN}, {.fd = r->child.socket, .events = POLLIN}, {.fd = agent_bpf_fd(r->agent), .events = POLLIN}};
    int status;
    while (!child_ended(r)) {
        poll(fds, 3, -1);
        forward(r, signals);
        agent_launch_receive(r->agent, &r->child, see_segment, r);
        agent_bpf_consume(r->agent, see_event, r);
        if (fds[1].revents & POLLHUP)
            fds[1].fd = -1; /* nobody is left who could send */
    }
    agent_launch_receive(r->agent, &r->child, see_segment, r); /* sent before it ended: all there */
    waitpid(r->child.pid, &status, 0);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* ---- the whole ---- */

static int show(struct run *r)
{
    struct agent_snapshot *s = agent_snapshot_take(r->agent);
    if (!s)
        return fail(EXIT_OWN, "%s", agent_error(r->agent));
    if (s->nprocesses == 0)
        fail(0, "%s began no VM of ours: run it with jitlua, or with --core if it links the Lua library", r->cmd.argv[0]);
    if (r->json)
        json_snapshot(r->out, s, r->maps);
    else if (s->nprocesses)
        text_snapshot(r->out, s);
    agent_snapshot_free(s);
    return fflush(r->out) == 0 && !ferror(r->out) ? 0 : fail(EXIT_OWN, "the snapshot could not be written: %s", strerror(errno));
}

static int execute(struct run *r)
{
    sigset_t old;
    int signals = signals_open(&old), status = EXIT_OWN;
    r->cmd.mask = &old;
    if (signals < 0 || agent_launch_prepare(r->agent, &r->cmd, &r->child) < 0)
        return fail(EXIT_OWN, "%s", signals < 0 ? strerror(errno) : agent_error(r->agent));
    start_bpf(r);
    int e = agent_launch_go(&r->child);
    if (e < 0) {
        waitpid(r->child.pid, NULL, 0);
        status = fail(e == -ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE, "%s: %s", r->cmd.argv[0], strerror(-e));
    } else {
        status = wait_child(r, signals);
        int shown = show(r);
        status = shown ? shown : status;
    }
    agent_launch_close(&r->child);
    close(signals);
    return status;
}

static int run(int argc, char **argv)
{
    struct run r = {.out = stderr};
    int e = parse(&r, argc, argv);
    if (e)
        return e < 0 ? EXIT_OK : e;
    if (r.core && (e = find_core(&r)))
        return e;
    if (r.out_path && !(r.out = fopen(r.out_path, "we")))
        return fail(EXIT_OWN, "%s cannot be written: %s", r.out_path, strerror(errno));
    if (agent_new(&r.agent) < 0)
        return fail(EXIT_OWN, "out of memory");
    e = execute(&r);
    agent_free(r.agent);
    if (r.out_path && fclose(r.out) != 0)
        return fail(EXIT_OWN, "%s could not be written: %s", r.out_path, strerror(errno));
    return e;
}

const struct command cmd_run = {
    .name = "run",
    .run = run,
    .summary = "run a program watched, then show what its JIT did",
    .usage = "run [-j] [-o FILE] [--no-counts] [--core] [--maps] -- CMD [ARGS]\n"
             "Runs CMD watched and shows the snapshot when it has ended, on stderr.\n\n"
             "  -j, --json       the snapshot as JSON\n"
             "  -o, --output F   write it to file F\n"
             "      --no-counts  leave run counts off (they cost some 2 %)\n"
             "      --core       put our liblua5.4.so.0 before the system's\n"
             "      --maps       JSON with what the BPF maps hold besides\n\n"
             "Exits with CMD's status, 128+n if signal n ended it, 125 if jitstat itself\n"
             "failed, 126 if CMD cannot be executed, 127 if it is not found.\n"
             "Under sudo CMD runs as the user who called it.\n\n"
             "examples:\n"
             "  sudo jitstat run -- jitlua prog.lua\n"
             "  sudo jitstat run -j -o prog.json -- ./start-server 8080\n",
};
