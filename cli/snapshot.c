/* snapshot.c: `jitstat snapshot -p PID`: what the JIT of a running process did since it began.
 *
 * The totals come from its stats block at once. With --for, BPF is attached and watches for a
 * while first: then the snapshot also says what happened meanwhile, measured from outside, and
 * what of it was lost.
 */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cli/cli.h"

struct look {
    struct agent *agent;
    long pid, seconds;
    bool json, maps, counts, all;
    const char *input;
};

static int check(const struct look *l)
{
    if (!l->pid && !l->all && !l->input)
        return misuse(&cmd_snapshot, "snapshot: which process? -p PID, or -a for all");
    if (!l->pid + !l->all + !l->input != 2)
        return misuse(&cmd_snapshot, "snapshot: -p, -a or -i: one of them");
    if (!l->pid && (l->seconds || l->maps))
        return misuse(&cmd_snapshot, "snapshot: %s is of one process: -p PID", l->maps ? "--maps" : "--for");
    return l->counts && !l->seconds ? misuse(&cmd_snapshot, "snapshot: --counts counts while --for lasts: --for SECONDS") : 0;
}

static int parse(struct look *l, int argc, char **argv)
{
    static const struct option longs[] = {{"json", no_argument, 0, 'j'}, {"pid", required_argument, 0, 'p'}, {"all", no_argument, 0, 'a'}, {"input", required_argument, 0, 'i'}, {"for", required_argument, 0, 'f'}, {"counts", no_argument, 0, 'c'}, {"maps", no_argument, 0, 'm'}, {"help", no_argument, 0, 'h'}, {0}};
    int o;
    opterr = 0;
    while ((o = getopt_long(argc, argv, ":jp:ai:h", longs, NULL)) != -1)
        switch (o) {
        case 'j': l->json = true; break;
        case 'm': l->maps = l->json = true; break;
        case 'c': l->counts = true; break;
        case 'a': l->all = true; break;
        case 'i': l->input = optarg; break;
        case 'p':
            if (!number(optarg, 1, 0x7fffffff, &l->pid))
                return misuse(&cmd_snapshot, "snapshot: %s is no process id", optarg);
            break;
        case 'f':
            if (!number(optarg, 0, 1000000, &l->seconds))
                return misuse(&cmd_snapshot, "snapshot: --for wants seconds, not %s", optarg);
            l->seconds = l->seconds ? l->seconds : -1;
            break;
        case 'h': help(&cmd_snapshot); return -1;
        case ':': return misuse(&cmd_snapshot, "snapshot: %s wants a value", argv[optind - 1]);
        default: return misuse(&cmd_snapshot, "snapshot: no option %s", argv[optind - 1]);
        }
    if (optind < argc)
        return misuse(&cmd_snapshot, "snapshot: what is %s?", argv[optind]);
    return check(l);
}

/* Attached, until the time is over, Ctrl-C, or the process has ended. */
static int watch(struct look *l)
{
    struct agent_bpf_options o = {.only_watched = true};
    if (agent_bpf_load(l->agent, &o) < 0)
        return fail(EXIT_FAILED, "%s", agent_error(l->agent));
    int n = agent_attach_process(l->agent, (pid_t)l->pid, (pid_t)l->pid, l->counts);
    if (n <= 0)
        return fail(EXIT_FAILED, "%s", n ? agent_error(l->agent) : "no file of the process has probes of ours");
    if (agent_watch(l->agent, (pid_t)l->pid) < 0 || agent_bpf_arm(l->agent) < 0)
        return fail(EXIT_FAILED, "%s", agent_error(l->agent));
    sigset_t set, old;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, &old);
    int signals = signalfd(-1, &set, SFD_CLOEXEC), process = (int)syscall(SYS_pidfd_open, (pid_t)l->pid, 0);
    fail(0, "watching process %ld%s", l->pid, l->seconds > 0 ? "" : " until Ctrl-C");
    struct pollfd fds[] = {{.fd = signals, .events = POLLIN}, {.fd = process, .events = POLLIN}};
    poll(fds, 2, l->seconds > 0 ? (int)l->seconds * 1000 : -1);
    close(signals);
    close(process);
    sigprocmask(SIG_SETMASK, &old, NULL);
    return 0;
}

static int look(struct look *l)
{
    int e = agent_add_pid(l->agent, (pid_t)l->pid);
    if (e < 0 && !(e == -ENOENT && l->seconds))
        return fail(EXIT_FAILED, "%s", agent_error(l->agent));
    if (l->seconds && (e = watch(l)))
        return e;
    struct agent_snapshot *s = agent_snapshot_take(l->agent);
    if (!s)
        return fail(EXIT_FAILED, "%s", agent_error(l->agent));
    if (s->nprocesses == 0)
        e = fail(EXIT_FAILED, "process %ld has no VM of ours, and fired no event", l->pid);
    else if (l->json)
        json_snapshot(stdout, s, l->maps);
    else
        text_snapshot(stdout, s);
    agent_snapshot_free(s);
    return e > 0 ? e : EXIT_OK;
}

static int show_all(const struct options *o, const struct agent_snapshot *s)
{
    if (o->json)
        json_snapshot(stdout, s, false);
    else
        text_snapshot(stdout, s);
    return EXIT_OK;
}

static int run(int argc, char **argv)
{
    struct look l = {0};
    int e = parse(&l, argc, argv);
    if (e)
        return e < 0 ? EXIT_OK : e;
    if (!l.seconds && !l.maps) /* a daemon may know more */
        return feed_once(&(struct options){.json = l.json, .pids = {(pid_t)l.pid}, .npids = l.pid != 0, .input = l.input}, FEED_ALL, show_all);
    if (agent_new(&l.agent) < 0)
        return fail(EXIT_FAILED, "out of memory");
    e = look(&l);
    agent_free(l.agent);
    return e;
}

const struct command cmd_snapshot = {
    .name = "snapshot",
    .run = run,
    .summary = "show what the JIT of a running process did so far",
    .usage = "snapshot -p PID [-j] [--for SECONDS [--counts]] [--maps]\n"
             "       jitstat snapshot {-a | -i FILE} [-j]\n"
             "Shows what the JIT of process PID did since it began.\n\n"
             "  -p, --pid PID    the process\n"
             "  -a, --all        all that may be read\n"
             "  -i, --input FILE a saved snapshot (- is stdin)\n"
             "  -j, --json       as JSON\n"
             "      --for SECS   watch with BPF for so long first (0: until Ctrl-C)\n"
             "      --counts     count runs meanwhile\n"
             "      --maps       JSON with what the BPF maps hold besides\n\n"
             "Processes of the same user need no privilege, others and --for need root.\n\n"
             "examples:\n"
             "  jitstat snapshot -p 1234\n"
             "  sudo jitstat snapshot -p 1234 --for 10 --counts\n"
             "  jitstat snapshot -a -j > before.json; jitstat snapshot -i before.json\n",
};
