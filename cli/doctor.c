/* doctor.c: `jitstat doctor`: what this machine and this user have for watching, what is missing, and
 * the exact command that mends it. Exit status 0: nothing that is needed is missing, else 1.
 *
 * Each check tries the thing itself where it can be tried without leaving a trace (opening, mapping,
 * loading the BPF programs) and reads a setting only where it cannot.
 *
 * Before it: agent/.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "cli/cli.h"

#define BPF_FS 0xcafe4a11
#define TRACE_FS 0x74726163

enum verdict { GOOD,
               LIMITED, /* works, with less */
               MISSING };
struct finding {
    const char *what;
    enum verdict verdict;
    char found[160], mend[160]; /* what is there; the command, "": nothing to do */
};

static void say(char *to, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void say(char *to, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(to, 160, fmt, ap);
    va_end(ap);
}

/* The first line of a file; false: it cannot be read. */
static bool first_line(const char *path, char *line, size_t size)
{
    FILE *f = fopen(path, "re");
    bool good = f && fgets(line, (int)size, f);
    if (f)
        fclose(f);
    if (good)
        line[strcspn(line, "\n")] = 0;
    return good;
}

static bool mounted(const char *path, long magic)
{
    struct statfs fs;
    return statfs(path, &fs) == 0 && fs.f_type == magic;
}

static bool capable(int cap)
{
    struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2];
    return syscall(SYS_capget, &head, data) == 0 && (data[cap / 32].effective >> cap % 32 & 1);
}

/* ---- for everybody ---- */

static void check_kernel(struct finding *f)
{
    struct utsname u;
    int major = 0, minor = 0;
    uname(&u);
    sscanf(u.release, "%d.%d", &major, &minor);
    bool good = major > 5 || (major == 5 && minor >= 15);
    say(f->found, "%s %s", u.sysname, u.release);
    if (!good) {
        f->verdict = MISSING;
        say(f->mend, "install a kernel from 5.15 (ring buffers, CO-RE, memory accounting of maps)");
    }
}

static void check_processor(struct finding *f)
{
    struct utsname u;
    uname(&u);
    say(f->found, "%s", u.machine);
    if (strcmp(u.machine, "x86_64") != 0) {
        f->verdict = LIMITED;
        say(f->mend, "programs run interpreted here: the JIT makes x86-64 code only");
    }
}

static void check_memfd(struct finding *f)
{
    int fd = memfd_create("jitstat-doctor", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    bool good = fd >= 0 && ftruncate(fd, 4096) == 0 && fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) == 0;
    say(f->found, good ? "sealed memfds work" : "refused: %s", strerror(errno));
    if (!good) {
        f->verdict = LIMITED;
        say(f->mend, "allow memfd_create (seccomp) and files of 64 MB (ulimit -f unlimited)");
    }
    if (fd >= 0)
        close(fd);
}

static void check_executable(struct finding *f)
{
    void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    bool good = p != MAP_FAILED && mprotect(p, 4096, PROT_READ | PROT_EXEC) == 0;
    say(f->found, good ? "memory can be made executable" : "refused: %s", strerror(errno));
    if (!good) {
        f->verdict = MISSING;
        say(f->mend, "for a service: systemctl edit UNIT, then MemoryDenyWriteExecute=no");
    }
    if (p != MAP_FAILED)
        munmap(p, 4096);
}

static void check_proc(struct finding *f)
{
    char line[256], options[256] = "";
    FILE *m = fopen("/proc/self/mounts", "re");
    while (m && fgets(line, sizeof line, m))
        if (strncmp(line, "proc /proc ", 11) == 0)
            snprintf(options, sizeof options, "%s", line + 11);
    if (m)
        fclose(m);
    bool hidden = strstr(options, "hidepid=") && !strstr(options, "hidepid=0") && !strstr(options, "hidepid=off");
    say(f->found, hidden ? "processes of others are hidden (hidepid)" : "processes are visible");
    if (hidden && geteuid() != 0) {
        f->verdict = LIMITED;
        say(f->mend, "sudo mount -o remount,hidepid=0 /proc");
    }
}

static void check_ptrace(struct finding *f)
{
    char scope[16];
    bool there = first_line("/proc/sys/kernel/yama/ptrace_scope", scope, sizeof scope);
    say(f->found, there ? "ptrace_scope %s: blocks are read through /proc/PID/fd, which it allows below 3" : "no Yama: blocks are read through /proc/PID/fd", scope);
    if (there && atoi(scope) >= 3) {
        f->verdict = LIMITED;
        say(f->mend, "sudo sysctl kernel.yama.ptrace_scope=1 (3 stays until the next boot)");
    }
}

/* ---- for BPF ---- */

static void check_btf(struct finding *f)
{
    bool good = access("/sys/kernel/btf/vmlinux", R_OK) == 0;
    say(f->found, good ? "/sys/kernel/btf/vmlinux" : "no /sys/kernel/btf/vmlinux");
    if (!good) {
        f->verdict = MISSING;
        say(f->mend, "boot a kernel with CONFIG_DEBUG_INFO_BTF=y");
    }
}

static void check_capabilities(struct finding *f)
{
    bool admin = capable(CAP_SYS_ADMIN);
    say(f->found, admin ? "CAP_SYS_ADMIN" : "no CAP_SYS_ADMIN: own processes, from their stats blocks");
    if (!admin) {
        f->verdict = LIMITED;
        say(f->mend, "sudo jitstat ..., or run jitstatd as root");
    }
}

static void check_lockdown(struct finding *f)
{
    char state[128];
    bool there = first_line("/sys/kernel/security/lockdown", state, sizeof state);
    bool confidential = there && strstr(state, "[confidentiality]");
    say(f->found, there ? "%s" : "off (no lockdown)", state);
    if (confidential) {
        f->verdict = MISSING;
        say(f->mend, "boot with lockdown=integrity: BPF may not read processes in confidentiality mode");
    }
}

static void check_bpffs(struct finding *f)
{
    bool good = mounted("/sys/fs/bpf", BPF_FS);
    say(f->found, good ? "/sys/fs/bpf" : "/sys/fs/bpf is not mounted: needed to pin maps only");
    if (!good) {
        f->verdict = LIMITED;
        say(f->mend, "sudo mount -t bpf bpf /sys/fs/bpf");
    }
}

static void check_tracefs(struct finding *f)
{
    bool good = mounted("/sys/kernel/tracing", TRACE_FS) || mounted("/sys/kernel/debug/tracing", TRACE_FS);
    say(f->found, good ? "/sys/kernel/tracing" : "not mounted: perf and bpftrace want it, jitstat does not");
    if (!good) {
        f->verdict = LIMITED;
        say(f->mend, "sudo mount -t tracefs tracefs /sys/kernel/tracing");
    }
}

/* Maps count as the cgroup's memory from 5.11; the limit matters to bpftrace and older tools. */
static void check_memlock(struct finding *f)
{
    struct rlimit r;
    getrlimit(RLIMIT_MEMLOCK, &r);
    if (r.rlim_cur == RLIM_INFINITY)
        say(f->found, "unlimited");
    else
        say(f->found, "%llu KB: this kernel accounts maps otherwise", (unsigned long long)r.rlim_cur / 1024);
}

static void check_library(struct finding *f)
{
    say(f->found, "libbpf %s, built for %d.%d", libbpf_version_string(), LIBBPF_MAJOR_VERSION, LIBBPF_MINOR_VERSION);
    if (libbpf_major_version() < 1) {
        f->verdict = MISSING;
        say(f->mend, "sudo apt-get install libbpf1");
    }
}

static void check_load(struct finding *f)
{
    struct agent *a;
    struct agent_bpf_options o = {.only_watched = true, .max_vms = 1};
    int e = agent_new(&a);
    if (e == 0)
        e = agent_bpf_load(a, &o);
    if (e == 0)
        say(f->found, "the programs are accepted by the verifier");
    else {
        say(f->found, "%s", a ? agent_error(a) : "out of memory");
        f->verdict = capable(CAP_SYS_ADMIN) ? MISSING : LIMITED;
        say(f->mend, capable(CAP_SYS_ADMIN) ? "JITSTAT_DEBUG=1 jitstat doctor shows the verifier's words" : "sudo jitstat doctor");
    }
    agent_free(a);
}

/* ---- what is seen now ---- */

static void say_processes(struct finding *f, const struct agent *a, const struct agent_snapshot *s)
{
    say(f->found, "%zu with a JIT of ours, %zu that could not be looked into", s->nprocesses, agent_info(a)->refused);
    if (agent_info(a)->refused && geteuid() != 0)
        say(f->mend, "sudo jitstat ... sees the processes of all users");
    else if (agent_info(a)->refused)
        say(f->mend, "give this root CAP_SYS_PTRACE over them (other namespaces, more privileges), or leave them");
}

static void say_alarms(struct finding *f, const struct agent *a, const struct agent_snapshot *s)
{
    struct sum sum;
    sum_make(&sum, s);
    say(f->found, "%" PRIu64 " stand", sum.alarms);
    if (sum.alarms)
        say(f->mend, "jitstat why");
}

/* What was lost makes what BPF measured incomplete, never the totals. The worst cause is mended first. */
static const char *against(const struct agent_loss *l)
{
    if (l->map_full)
        return "run jitstatd with a larger --max-vms: events of VMs that found no room are not counted";
    if (l->ring_full)
        return "follow fewer events: jitstat trace -e abort,flush; totals are right all the same";
    if (l->missed)
        return "restart jitstatd: its times and histograms lack these events; totals are right all the same";
    return l->late ? "look again: a stats block was gone, or changing, when it was read" : "";
}

static void say_loss(struct finding *f, const struct agent *a, const struct agent_snapshot *s)
{
    const struct agent_loss *l = &s->loss;
    say(f->found, "missed %" PRIu64 ", ring full %" PRIu64 ", map full %" PRIu64 ", late %" PRIu64, l->missed, l->ring_full, l->map_full, l->late);
    say(f->mend, "%s", against(l));
    f->verdict = f->mend[0] ? LIMITED : GOOD;
}

/* Looked at once, so that what is said of it is of one instant. */
struct seen {
    struct agent *a;
    struct agent_snapshot *s; /* NULL: a says why */
};

static void see_all(struct seen *seen)
{
    struct agent_open_options o = {.daemon = AGENT_TRY, .totals_only = true};
    int e = agent_open(&seen->a, &o);
    seen->s = e < 0 ? NULL : agent_snapshot_take(seen->a);
}

static void say_unseen(struct finding *f, const struct agent *a)
{
    say(f->found, "%s", a ? agent_error(a) : "out of memory");
    say(f->mend, "JITSTAT_DEBUG=1 jitstat list");
    f->verdict = MISSING;
}

static void check_daemon(struct finding *f)
{
    struct agent *a;
    struct agent_open_options o = {.daemon = AGENT_MUST};
    int e = agent_open(&a, &o);
    say(f->found, e == 0 ? "jitstatd is running" : "no jitstatd: jitstat does the work itself while it runs");
    agent_free(a);
}

static const struct check {
    const char *what;
    void (*look)(struct finding *f); /* NULL: */
    void (*judge)(struct finding *f, const struct agent *a, const struct agent_snapshot *s); /* what all processes show */
} checks[] = {
    {"kernel", check_kernel, NULL},
    {"processor", check_processor, NULL},
    {"stats blocks", check_memfd, NULL},
    {"machine code", check_executable, NULL},
    {"/proc", check_proc, NULL},
    {"ptrace", check_ptrace, NULL},
    {"BTF", check_btf, NULL},
    {"capabilities", check_capabilities, NULL},
    {"lockdown", check_lockdown, NULL},
    {"bpffs", check_bpffs, NULL},
    {"tracefs", check_tracefs, NULL},
    {"memlock", check_memlock, NULL},
    {"libbpf", check_library, NULL},
    {"BPF programs", check_load, NULL},
    {"daemon", check_daemon, NULL},
    {"processes", NULL, say_processes},
    {"alarms", NULL, say_alarms},
    {"loss", NULL, say_loss},
};
#define NCHECKS (sizeof checks / sizeof checks[0])

/* ---- showing ---- */

/* What mends it is not broken into lines, so that it can be copied. */
static void text_finding(const struct finding *f)
{
    static const char *const words[] = {"ok", "less", "MISSING"};
    static const enum ink inks[] = {INK_PLAIN, INK_YELLOW, INK_RED};
    ink(stdout, inks[f->verdict]);
    printf("%-7s", words[f->verdict]);
    ink(stdout, INK_PLAIN);
    int at = printf(" %-12s ", f->what) + 7;
    bool beside = at + (int)strlen(f->found) <= out_width(stdout);
    print_clean(stdout, beside ? f->found : "", 0);
    putchar('\n');
    if (!beside)
        print_wrapped(stdout, 8, f->found);
    if (f->mend[0]) {
        fputs("        ", stdout);
        ink(stdout, INK_BOLD);
        print_clean(stdout, f->mend, 0);
        ink(stdout, INK_PLAIN);
        putchar('\n');
    }
}

static void json_findings(const struct finding *f, bool good)
{
    static const char *const words[] = {"ok", "less", "missing"};
    struct json j = {stdout, false};
    json_open(&j, NULL, '{');
    json_u64(&j, "version", 1);
    json_bool(&j, "ok", good);
    json_open(&j, "checks", '[');
    for (size_t i = 0; i < NCHECKS; i++) {
        json_open(&j, NULL, '{');
        json_string(&j, "what", f[i].what);
        json_string(&j, "verdict", words[f[i].verdict]);
        json_string(&j, "found", f[i].found);
        json_string(&j, "mend", f[i].mend);
        json_close(&j, '{');
    }
    json_close(&j, '[');
    json_close(&j, '{');
    putchar('\n');
}

static int run(int argc, char **argv)
{
    struct options o = {.rows = 0};
    struct finding found[NCHECKS] = {0};
    struct seen seen;
    bool good = true;
    int e = options_parse(&cmd_doctor, &o, argc, argv);
    if (e)
        return e < 0 ? EXIT_OK : e;
    see_all(&seen);
    for (size_t i = 0; i < NCHECKS; i++) {
        found[i].what = checks[i].what;
        if (checks[i].look)
            checks[i].look(&found[i]);
        else if (seen.s)
            checks[i].judge(&found[i], seen.a, seen.s);
        else
            say_unseen(&found[i], seen.a);
        good = good && found[i].verdict != MISSING;
        if (!o.json)
            text_finding(&found[i]);
    }
    agent_snapshot_free(seen.s);
    agent_free(seen.a);
    if (o.json)
        json_findings(found, good);
    else
        puts(good ? "nothing that is needed is missing" : "what is MISSING keeps jitstat from working fully");
    return good ? EXIT_OK : EXIT_FAILED;
}

const struct command cmd_doctor = {
    .name = "doctor",
    .run = run,
    .accepts = "j",
    .summary = "check what watching needs here, and what mends it",
    .usage = "doctor [-j]\n"
             "Checks what this machine and this user have for watching: kernel, BTF, file\n"
             "systems, capabilities, lockdown, the library, whether the BPF programs load, the\n"
             "daemon, and what it sees now. Says what is missing, and the command that mends\n"
             "it. `less`: works, with less. Exit status 0: nothing needed is missing, else 1.\n\n"
             "  -j, --json  as JSON\n\n"
             "examples:\n"
             "  jitstat doctor\n"
             "  sudo jitstat doctor\n",
};
