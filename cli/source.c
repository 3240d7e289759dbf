/* source.c: reads the source files that a trace names, to show lines beside operations.
 *
 * The names come from the process, which may lie. So a file is opened below the process's own root and working
 * directory, with the rights of the process's user (a process of somebody else must not make root read what its
 * owner may not), never waited for (a fifo), and only if it is a plain file of a reasonable size.
 *
 * Before it: dump.c.
 */
#include "cli/source.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

#define LARGEST (8 << 20)

struct source_file {
    struct source_file *next;
    char *text; /* lines end with NUL; NULL: it cannot be read */
    const char **lines;
    uint32_t n;
    char name[]; /* as the trace names it */
};

struct source {
    pid_t pid;
    uid_t uid;
    char *own;
    struct source_file *files;
};

struct source *source_new(pid_t pid, uid_t uid, const char *name)
{
    struct source *s = calloc(1, sizeof *s);
    const char *colon = strrchr(name, ':');
    if (!s || !(s->own = strndup(name, colon ? (size_t)(colon - name) : strlen(name)))) {
        free(s);
        return NULL;
    }
    s->pid = pid;
    s->uid = uid;
    return s;
}

/* Opens as the process's user would. File system ids are this thread's own and change nothing else. */
static int open_as(const struct source *s, const char *path)
{
    char proc[32];
    struct stat st;
    snprintf(proc, sizeof proc, "/proc/%d", (int)s->pid);
    bool root = geteuid() == 0 && s->uid != 0;
    if (root) {
        if (stat(proc, &st) != 0)
            return -1;
        setfsgid(st.st_gid);
        setfsuid(s->uid);
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (root) {
        setfsuid(0);
        setfsgid(getegid());
    }
    return fd;
}

static int open_file(const struct source *s, const char *name)
{
    char path[PATH_MAX];
    int n = snprintf(path, sizeof path, "/proc/%d/%s/%s", (int)s->pid, name[0] == '/' ? "root" : "cwd", name);
    struct stat st;
    int fd = n > 0 && (size_t)n < sizeof path ? open_as(s, path) : -1;
    if (fd >= 0 && (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size > LARGEST)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static char *read_text(int fd, size_t *size)
{
    char *text = malloc(LARGEST + 1);
    ssize_t n;
    *size = 0;
    while (text && *size < LARGEST && (n = read(fd, text + *size, LARGEST - *size)) > 0)
        *size += (size_t)n;
    if (text)
        text[*size] = 0;
    return text;
}

static void split_lines(struct source_file *f, size_t size)
{
    uint32_t n = 1;
    for (size_t i = 0; i < size; i++)
        n += f->text[i] == '\n';
    f->lines = calloc(n, sizeof *f->lines);
    if (!f->lines)
        return;
    for (char *p = f->text, *end = f->text + size; f->n < n && p <= end;) {
        char *nl = memchr(p, '\n', (size_t)(end - p));
        f->lines[f->n++] = p;
        if (!nl)
            break;
        *nl = 0;
        p = nl + 1;
    }
}

static struct source_file *file_of(struct source *s, const char *name)
{
    for (struct source_file *f = s->files; f; f = f->next)
        if (strcmp(f->name, name) == 0)
            return f;
    struct source_file *f = calloc(1, sizeof *f + strlen(name) + 1);
    if (!f)
        return NULL;
    strcpy(f->name, name);
    f->next = s->files;
    s->files = f;
    int fd = open_file(s, name);
    size_t size;
    if (fd < 0)
        return f;
    f->text = read_text(fd, &size);
    close(fd);
    if (f->text)
        split_lines(f, size);
    return f;
}

const char *source_line(struct source *s, const char *file, uint32_t line)
{
    struct source_file *f = file_of(s, file[0] ? file : s->own);
    return f && line >= 1 && line <= f->n ? f->lines[line - 1] : "";
}

void source_free(struct source *s)
{
    if (!s)
        return;
    for (struct source_file *f = s->files, *next; f; f = next) {
        next = f->next;
        free(f->text);
        free(f->lines);
        free(f);
    }
    free(s->own);
    free(s);
}
