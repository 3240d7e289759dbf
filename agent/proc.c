/* proc.c: what /proc says about a process. Everything there may vanish between two reads. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "agent/internal.h"

static FILE *proc_file(pid_t pid, const char *name)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
    return fopen(path, "re");
}

static bool mapping_parse(const char *line, struct mapping *m)
{
    unsigned long long start, end, offset, ino;
    unsigned major, minor;
    int at = 0;
    if (sscanf(line, "%llx-%llx %4s %llx %x:%x %llu %n", &start, &end, m->perms, &offset, &major, &minor, &ino, &at) != 7)
        return false;
    m->start = start;
    m->end = end;
    m->dev = makedev(major, minor);
    m->ino = ino;
    snprintf(m->path, sizeof m->path, "%s", line + at);
    m->path[strcspn(m->path, "\n")] = 0;
    return true;
}

int proc_maps(pid_t pid, int (*each)(void *arg, const struct mapping *m), void *arg)
{
    FILE *f = proc_file(pid, "maps");
    if (!f)
        return -errno;
    char *line = NULL;
    size_t room = 0;
    int r = 0;
    errno = 0;
    while (r == 0 && getline(&line, &room, f) > 0) {
        struct mapping m;
        if (mapping_parse(line, &m))
            r = each(arg, &m);
    }
    if (r == 0 && ferror(f))
        r = -(errno ? errno : EIO);
    free(line);
    fclose(f);
    return r;
}

/* The 22nd field of stat; comm before it may hold anything, so count from the last ')'. */
static uint64_t start_ticks(pid_t pid)
{
    char text[1024];
    FILE *f = proc_file(pid, "stat");
    if (!f)
        return 0;
    size_t n = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    text[n] = 0;
    char *p = strrchr(text, ')');
    for (int field = 2; p && field < 22; field++)
        p = strchr(p + 1, ' ');
    return p ? strtoull(p + 1, NULL, 10) : 0;
}

int proc_describe(pid_t pid, struct target *t)
{
    char path[64];
    struct stat st;
    snprintf(path, sizeof path, "/proc/%d", (int)pid);
    if (pid <= 0 || stat(path, &st) != 0)
        return -ESRCH;
    t->uid = st.st_uid;
    t->start_ticks = start_ticks(pid);
    FILE *f = proc_file(pid, "comm");
    if (f) {
        if (fgets(t->comm, sizeof t->comm, f))
            t->comm[strcspn(t->comm, "\n")] = 0;
        fclose(f);
    }
    return 0;
}

bool proc_alive(pid_t pid, uint64_t ticks)
{
    char text[1024];
    FILE *f = proc_file(pid, "stat");
    if (!f)
        return false;
    size_t n = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    text[n] = 0;
    char *p = strrchr(text, ')');
    return p && p[1] == ' ' && p[2] != 'Z' && p[2] != 'X' && (!ticks || start_ticks(pid) == ticks);
}

pid_t proc_own_pid(pid_t pid)
{
    char line[512];
    pid_t own = pid;
    FILE *f = proc_file(pid, "status");
    if (!f)
        return own;
    while (fgets(line, sizeof line, f))
        if (strncmp(line, "NSpid:", 6) == 0) {
            char *last = strrchr(line, '\t');
            own = last ? atoi(last + 1) : own;
        }
    fclose(f);
    return own;
}

/* ---- segments ---- */

/* memfds live in one file system of the kernel's, which no mount can imitate. */
static dev_t memfd_device(void)
{
    static dev_t dev;
    struct stat st;
    int fd = dev ? -1 : memfd_create("jitstat-probe", MFD_CLOEXEC);
    if (fd >= 0 && fstat(fd, &st) == 0)
        dev = st.st_dev;
    if (fd >= 0)
        close(fd);
    return dev;
}

bool proc_is_segment(const struct mapping *m)
{
    static const char name[] = "/memfd:" JITSTAT_SEG_NAME;
    return strncmp(m->path, name, sizeof name - 1) == 0 && m->path[sizeof name - 1] == ' ' && m->dev == memfd_device();
}

unsigned proc_other_layout(const struct mapping *m)
{
    static const char name[] = "/memfd:jitstat:";
    char *end;
    if (strncmp(m->path, name, sizeof name - 1) != 0 || m->dev != memfd_device() || proc_is_segment(m))
        return 0;
    unsigned long layout = strtoul(m->path + sizeof name - 1, &end, 10);
    return *end == ' ' && layout < 100000 ? (unsigned)layout : 0;
}

static int same_segment(void *arg, const struct mapping *m)
{
    const struct target *t = arg;
    return m->dev == t->dev && m->ino == t->ino;
}

bool proc_has_segment(const struct target *t)
{
    return proc_alive(t->pid, t->start_ticks) && proc_maps(t->pid, same_segment, (void *)t) == 1;
}

/* Opens path for reading if it leads to that memfd. Looked at without asking its file system first: a
 * process may hold files whose server never answers. */
static int open_if_same(int dir, const char *path, const struct mapping *m)
{
    struct statx st;
    char own[32];
    int at = openat(dir, path, O_PATH | O_CLOEXEC), fd = -ENOENT;
    if (at < 0)
        return -errno;
    if (statx(at, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_INO, &st) == 0 && st.stx_ino == m->ino &&
        makedev(st.stx_dev_major, st.stx_dev_minor) == m->dev) {
        snprintf(own, sizeof own, "/proc/self/fd/%d", at);
        fd = open(own, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        fd = fd < 0 ? -errno : fd;
    }
    close(at);
    return fd;
}

static int open_by_fd(pid_t pid, const struct mapping *m)
{
    char dir[64], to[64];
    snprintf(dir, sizeof dir, "/proc/%d/fd", (int)pid);
    DIR *d = opendir(dir);
    if (!d)
        return -errno;
    int found = -ENOENT;
    for (struct dirent *e; found < 0 && (e = readdir(d));) {
        ssize_t n = readlinkat(dirfd(d), e->d_name, to, sizeof to);
        if (n > 7 && memcmp(to, "/memfd:", 7) == 0) {
            int fd = open_if_same(dirfd(d), e->d_name, m);
            found = fd == -ENOENT ? found : fd;
        }
    }
    closedir(d);
    return found;
}

int proc_open_mapping(pid_t pid, const struct mapping *m)
{
    char path[128];
    snprintf(path, sizeof path, "/proc/%d/map_files/%llx-%llx", (int)pid, (unsigned long long)m->start,
             (unsigned long long)m->end);
    int through = open_if_same(AT_FDCWD, path, m);
    return through >= 0 ? through : open_by_fd(pid, m);
}
