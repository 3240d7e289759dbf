/* launch.c: starts a program so that nothing of it is missed.
 *
 * The child waits on a pipe before its exec; meanwhile its images are found, the probes attached
 * and its pid put into the filter. Every process of its family that runs our code hands its
 * stats block over through a socket that it finds in JITSTAT_RUN_FD: so its last numbers can be
 * read after it has ended, also by an ordinary user and however short its life was.
 *
 * Which files to attach to is asked from the dynamic loader itself (`ld.so --list`), which knows
 * LD_LIBRARY_PATH, LD_PRELOAD, rpaths and its cache better than we could. It maps the files and
 * runs none of their code; it is started with the rights of the program to come.
 *
 * Before it: agent.c. After it: cli/run.c.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/internal.h"

#define LOADER "/lib64/ld-linux-x86-64.so.2"
#define SOCKET_FLOOR 200 /* out of the way of programs that count on low numbers */
#define SCRIPT_DEPTH 4

/* ---- the child's side ---- */

/* Under sudo: back to who called it, groups and home included. */
static int become_invoker(void)
{
    const char *uid = getenv("SUDO_UID"), *gid = getenv("SUDO_GID");
    if (geteuid() != 0 || !uid || !gid)
        return 0;
    uid_t u = (uid_t)strtoul(uid, NULL, 10);
    gid_t g = (gid_t)strtoul(gid, NULL, 10);
    struct passwd *pw = getpwuid(u);
    if (pw ? initgroups(pw->pw_name, g) : setgroups(1, &g))
        return -1;
    if (setgid(g) != 0 || setuid(u) != 0)
        return -1;
    if (pw) {
        setenv("HOME", pw->pw_dir, 1);
        setenv("USER", pw->pw_name, 1);
        setenv("LOGNAME", pw->pw_name, 1);
    }
    return 0;
}

static void put_library_path(const char *dir)
{
    const char *old = getenv("LD_LIBRARY_PATH");
    char path[2 * PATH_MAX];
    snprintf(path, sizeof path, "%s%s%s", dir, old && *old ? ":" : "", old ? old : "");
    setenv("LD_LIBRARY_PATH", path, 1);
}

/* Environment and rights of the program to come. */
static int dress(const struct agent_command *c)
{
    if (c->as_invoker && become_invoker() != 0)
        return -1;
    if (c->library_path)
        put_library_path(c->library_path);
    return 0;
}

static void child_wait_and_exec(const struct agent_command *c, int socket, int go, int failed)
{
    char number[16], byte;
    if (c->mask)
        sigprocmask(SIG_SETMASK, c->mask, NULL);
    snprintf(number, sizeof number, "%d", socket);
    if (read(go, &byte, 1) != 1)
        _exit(125); /* the agent gave up, and has said why */
    close(go);
    int r = dress(c);
    if (r == 0 && setenv("JITSTAT_RUN_FD", number, 1) == 0)
        execvp(c->argv[0], c->argv);
    int err = errno ? errno : EPERM;
    ssize_t n = write(failed, &err, sizeof err);
    _exit(n > 0 && err == ENOENT ? 127 : 126);
}

/* ---- our side ---- */

int agent_launch_prepare(struct agent *a, const struct agent_command *c, struct agent_launch *l)
{
    int s[2] = {-1, -1}, go[2] = {-1, -1}, failed[2] = {-1, -1}, on = 1, far = -1;
    *l = (struct agent_launch){.name = c->argv[0], .pid = -1, .socket = -1, .go = -1, .failed = -1};
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, s) != 0 || pipe2(go, O_CLOEXEC) != 0 || pipe2(failed, O_CLOEXEC) != 0 || setsockopt(s[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0)
        goto out;
    far = fcntl(s[1], F_DUPFD, SOCKET_FLOOR); /* survives exec */
    if (far < 0)
        far = dup(s[1]);
    l->pid = far < 0 ? -1 : fork();
    if (l->pid == 0)
        child_wait_and_exec(c, far, go[0], failed[1]);
out:
    if (l->pid > 0) {
        l->socket = s[0], l->go = go[1], l->failed = failed[0];
        close(s[1]), close(far), close(go[0]), close(failed[1]);
        return 0;
    }
    int err = errno, all[] = {s[0], s[1], go[0], go[1], failed[0], failed[1], far};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (all[i] >= 0)
            close(all[i]);
    return agent_fail(a, err, "%s cannot be started: %s", c->argv[0], strerror(err));
}

int agent_launch_go(struct agent_launch *l)
{
    int err = 0;
    ssize_t n = write(l->go, "g", 1);
    close(l->go);
    l->go = -1;
    if (n == 1)
        n = read(l->failed, &err, sizeof err); /* ends with the exec, which closes it */
    close(l->failed);
    l->failed = -1;
    return n > 0 ? -err : 0;
}

/* One message: a segment and, attested by the kernel, whose. -EAGAIN: none waits. */
static int receive_one(int socket, int *fd, pid_t *pid)
{
    char text[64];
    union {
        struct cmsghdr h;
        char room[CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(struct ucred))];
    } control;
    struct iovec iov = {text, sizeof text};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    *fd = -1;
    *pid = 0;
    ssize_t n = recvmsg(socket, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (n <= 0)
        return n < 0 ? -errno : -EPIPE;
    for (struct cmsghdr *h = CMSG_FIRSTHDR(&msg); h; h = CMSG_NXTHDR(&msg, h)) {
        struct ucred who;
        if (h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_RIGHTS)
            memcpy(fd, CMSG_DATA(h), sizeof *fd);
        if (h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_CREDENTIALS) {
            memcpy(&who, CMSG_DATA(h), sizeof who);
            *pid = who.pid;
        }
    }
    return 0;
}

int agent_launch_receive(struct agent *a, struct agent_launch *l, void (*see)(void *arg, pid_t pid), void *arg)
{
    int fd, added = 0;
    pid_t pid;
    while (receive_one(l->socket, &fd, &pid) == 0) {
        if (fd < 0)
            continue;
        if (agent_add_segment(a, fd, pid) == 1) {
            struct target *t = &a->targets[a->ntargets - 1];
            const char *base = strrchr(l->name, '/');
            if (!t->comm[0] && pid == l->pid)
                snprintf(t->comm, sizeof t->comm, "%s", base ? base + 1 : l->name);
            added++;
            if (see)
                see(arg, pid);
        }
    }
    return added;
}

void agent_launch_close(struct agent_launch *l)
{
    int all[] = {l->socket, l->go, l->failed};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (all[i] >= 0)
            close(all[i]);
    l->socket = l->go = l->failed = -1;
}

/* ---- which files ---- */

/* As execvp finds it. */
static int find_program(const char *name, char *path, size_t size)
{
    if (strchr(name, '/'))
        return snprintf(path, size, "%s", name) < (int)size && access(path, X_OK) == 0 ? 0 : -ENOENT;
    const char *dirs = getenv("PATH");
    for (dirs = dirs ? dirs : "/bin:/usr/bin"; *dirs;) {
        size_t n = strcspn(dirs, ":");
        int k = snprintf(path, size, "%.*s%s%s", (int)n, dirs, n ? "/" : "./", name);
        if (k < (int)size && access(path, X_OK) == 0)
            return 0;
        dirs += n + (dirs[n] == ':');
    }
    return -ENOENT;
}

/* The interpreter of a script, `env NAME` looked through; -ENOENT: not a script. */
static int script_interpreter(const char *script, char *path, size_t size)
{
    char line[256] = "", arg[256] = "", word[256] = "";
    FILE *f = fopen(script, "re");
    bool is = f && fgets(line, sizeof line, f) && line[0] == '#' && line[1] == '!';
    if (f)
        fclose(f);
    if (!is || sscanf(line + 2, " %255s %255s", word, arg) < 1)
        return -ENOENT;
    const char *base = strrchr(word, '/');
    if (base && strcmp(base, "/env") == 0 && arg[0])
        return find_program(arg, path, size);
    return find_program(word, path, size);
}

static bool is_elf(const char *path)
{
    unsigned char id[SELFMAG] = {0};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t n = fd < 0 ? -1 : read(fd, id, sizeof id);
    if (fd >= 0)
        close(fd);
    return n == SELFMAG && memcmp(id, ELFMAG, SELFMAG) == 0;
}

/* Reads `name => /path (0x...)` and `/path (0x...)`. */
static bool listed_path(char *line, char *path, size_t size)
{
    char *from = strstr(line, "=> "), *end = strstr(line, " (0x");
    from = from ? from + 3 : line + strspn(line, " \t");
    if (!end || *from != '/' || end <= from)
        return false;
    return snprintf(path, size, "%.*s", (int)(end - from), from) < (int)size;
}

static int list_libraries(const char *program, const struct agent_command *c,
                          void (*found)(void *arg, const char *path), void *arg)
{
    int out[2], n = 0;
    char line[PATH_MAX + 256], path[PATH_MAX];
    if (pipe2(out, O_CLOEXEC) != 0)
        return -errno;
    pid_t pid = fork();
    if (pid == 0) {
        int null = open("/dev/null", O_RDWR);
        if (dress(c) == 0 && dup2(out[1], 1) >= 0 && dup2(null, 2) >= 0)
            execl(LOADER, LOADER, "--list", program, (char *)NULL);
        _exit(127);
    }
    close(out[1]);
    FILE *f = pid < 0 ? NULL : fdopen(out[0], "r");
    while (f && fgets(line, sizeof line, f))
        if (listed_path(line, path, sizeof path) && agent_image_has_probes(path) == 1) {
            found(arg, path);
            n++;
        }
    if (f)
        fclose(f);
    else
        close(out[0]);
    if (pid > 0)
        waitpid(pid, NULL, 0);
    return n;
}

int agent_command_images(struct agent *a, const struct agent_command *c,
                         void (*found)(void *arg, const char *path), void *arg)
{
    char path[PATH_MAX], next[PATH_MAX];
    if (find_program(c->argv[0], path, sizeof path) < 0)
        return agent_fail(a, ENOENT, "%s: not found", c->argv[0]);
    for (int depth = 0; depth < SCRIPT_DEPTH && !is_elf(path); depth++) {
        if (script_interpreter(path, next, sizeof next) < 0)
            return 0;
        memcpy(path, next, sizeof path);
    }
    if (!is_elf(path))
        return 0;
    int n = agent_image_has_probes(path) == 1;
    if (n)
        found(arg, path);
    int libraries = list_libraries(path, c, found, arg);
    return n + (libraries > 0 ? libraries : 0);
}
