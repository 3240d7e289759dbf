/* symbols.c - writing the two files of symbols.h. Records are put together in memory and written by one write each, so that a
 * reader never sees half of one that was written whole.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "code/symbols.h"

/* The jitdump format: tools/perf/Documentation/jitdump-specification.txt in the kernel. */
enum { DUMP_MAGIC = 0x4A695444,
       DUMP_VERSION = 1,
       DUMP_LOAD = 0,
       DUMP_DEBUG_INFO = 2 };
struct dump_header {
    uint32_t magic, version, total_size, elf_mach, pad, pid;
    uint64_t timestamp, flags;
};
struct dump_prefix {
    uint32_t id, total_size;
    uint64_t timestamp;
};
struct dump_load {
    struct dump_prefix p;
    uint32_t pid, tid;
    uint64_t vma, code_addr, code_size, code_index;
};
struct dump_debug {
    struct dump_prefix p;
    uint64_t code_addr, nr_entry;
};
struct dump_line {
    uint64_t addr;
    uint32_t line, discrim;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct file {
    int fd; /* -1: could not be made, or is full */
    pid_t pid; /* that it was made for; 0: not yet */
    size_t size;
} map, dump;
static uint64_t code_index;

static uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* --- files --- */

/* Makes the file anew in dir. One of ours that is there is an earlier process's with our pid. */
static int make_file(int dir, const char *name)
{
    struct stat st;

    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_uid == geteuid())
        unlinkat(dir, name, 0);
    return openat(dir, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
}

/* Our own folder in /tmp; -1 if somebody else made what is there. */
static int own_folder(void)
{
    char name[64];
    struct stat st;

    snprintf(name, sizeof name, "/tmp/jitstat-%u", (unsigned)geteuid());
    mkdir(name, 0755);
    int fd = open(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0 && (fstat(fd, &st) != 0 || st.st_uid != geteuid() || st.st_mode & 022)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static void file_write(struct file *f, const void *p, size_t size)
{
    if (f->fd < 0)
        return;
    if (size > SYMBOLS_MAX - f->size || write(f->fd, p, size) != (ssize_t)size) {
        close(f->fd); /* full: what is there stays right */
        f->fd = -1;
        return;
    }
    f->size += size;
}

/* Is the file this process's? If it is not made yet, or our parent's, f is set up to be made. */
static int file_due(struct file *f)
{
    pid_t pid = getpid();

    if (f->pid == pid)
        return 0;
    if (f->pid && f->fd >= 0)
        close(f->fd);
    *f = (struct file){.fd = -1, .pid = pid};
    return 1;
}

static void map_open(void)
{
    char name[64];
    int dir = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    snprintf(name, sizeof name, "perf-%d.map", (int)getpid());
    map.fd = dir < 0 ? -1 : make_file(dir, name);
    if (dir >= 0)
        close(dir);
}

/* perf record notices the file by an executable mapping of it. */
static void dump_open(void)
{
    struct dump_header h = {DUMP_MAGIC, DUMP_VERSION, sizeof h, EM_X86_64, 0, (uint32_t)getpid(), now_ns(), 0};
    char name[64];
    int dir = own_folder();

    snprintf(name, sizeof name, "jit-%d.dump", (int)getpid());
    dump.fd = dir < 0 ? -1 : make_file(dir, name);
    if (dir >= 0)
        close(dir);
    file_write(&dump, &h, sizeof h);
    if (dump.fd >= 0 && mmap(NULL, (size_t)sysconf(_SC_PAGESIZE), PROT_READ | PROT_EXEC, MAP_PRIVATE, dump.fd, 0) == MAP_FAILED) {
        close(dump.fd); /* the kernel refuses: perf could not find it */
        dump.fd = -1;
    }
}

/* --- records --- */

static void map_add(const struct symbol *s)
{
    char line[512];
    int n;

    if (file_due(&map))
        map_open();
    n = snprintf(line, sizeof line, "%lx %zx %s", (unsigned long)(uintptr_t)s->code, s->size, s->name);
    if (n >= (int)sizeof line)
        n = sizeof line - 1;
    line[n++] = '\n';
    file_write(&map, line, (size_t)n);
}

static size_t debug_size(const struct symbol *s)
{
    size_t n = sizeof(struct dump_debug) + sizeof(struct dump_line) + 1;

    for (size_t i = 0; i < s->nlines; i++)
        n += sizeof(struct dump_line) + strlen(s->lines[i].file) + 1;
    return n;
}

static char *put_line(char *p, const struct symbol *s, uint32_t offset, uint32_t line, const char *file)
{
    struct dump_line l = {(uint64_t)(uintptr_t)s->code + offset, line, 0};

    memcpy(p, &l, sizeof l);
    return stpcpy(p + sizeof l, file) + 1;
}

/* An entry at the end of the code closes the last line. */
static char *put_debug(char *p, const struct symbol *s, uint64_t now)
{
    struct dump_debug d = {{DUMP_DEBUG_INFO, (uint32_t)debug_size(s), now}, (uint64_t)(uintptr_t)s->code, s->nlines + 1};

    memcpy(p, &d, sizeof d);
    p += sizeof d;
    for (size_t i = 0; i < s->nlines; i++)
        p = put_line(p, s, s->lines[i].offset, s->lines[i].line, s->lines[i].file);
    return put_line(p, s, (uint32_t)s->size, s->nlines ? s->lines[s->nlines - 1].line : 0, "");
}

static char *put_load(char *p, const struct symbol *s, uint64_t now)
{
    uint64_t at = (uint64_t)(uintptr_t)s->code;
    size_t name = strlen(s->name) + 1;
    struct dump_load l = {{DUMP_LOAD, (uint32_t)(sizeof l + name + s->size), now}, (uint32_t)getpid(), (uint32_t)syscall(SYS_gettid), at, at, s->size, ++code_index};

    memcpy(p, &l, sizeof l);
    memcpy(p + sizeof l, s->name, name);
    memcpy(p + sizeof l + name, s->code, s->size);
    return p + sizeof l + name + s->size;
}

static void dump_add(const struct symbol *s)
{
    uint64_t now = now_ns();

    if (file_due(&dump))
        dump_open();
    if (dump.fd < 0)
        return;
    char *room = malloc(debug_size(s) + sizeof(struct dump_load) + strlen(s->name) + 1 + s->size), *p = room;
    if (!room)
        return;
    if (s->nlines)
        p = put_debug(p, s, now);
    p = put_load(p, s, now);
    file_write(&dump, room, (size_t)(p - room));
    free(room);
}

/* No fork happens in a change of ours: the child sees whole what it closes then. */
static void hold(void) { pthread_mutex_lock(&lock); }
static void let_go(void) { pthread_mutex_unlock(&lock); }
static void once(void) { pthread_atfork(hold, let_go, let_go); }

void symbols_add(int which, const struct symbol *s)
{
    static pthread_once_t ready = PTHREAD_ONCE_INIT;

    pthread_once(&ready, once);
    pthread_mutex_lock(&lock);
    if (which & SYMBOLS_PERFMAP)
        map_add(s);
    if (which & SYMBOLS_JITDUMP)
        dump_add(s);
    pthread_mutex_unlock(&lock);
}
