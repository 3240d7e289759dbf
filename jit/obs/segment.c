/* segment.c: one sealed memfd per process holds the stats blocks of all its VMs.
 *
 * Why a memfd and not a heap struct: a reader of the same user finds it by its name in
 * /proc/PID/maps and maps it through /proc/PID/fd without any privilege, and a reader that keeps
 * its mapping can still read after the process has been killed. Seals make it safe for both
 * sides: it never shrinks under a reader (SHRINK), and nobody but the owner's first mapping can
 * write to it (FUTURE_WRITE).
 *
 * fork: the child must not write into its parent's block. It gets a new segment with a copy of
 * the old one's contents at the same address, so all pointers into it stay valid. The fork
 * handler does it; children made behind its back (raw clone) are noticed by a page that the
 * kernel wipes on fork, which obs_own() tests.
 *
 * Invariants
 *  1. `segment` never moves and is never unmapped.
 *  2. Everything in the arena is reached by offsets from the segment's start; room is handed out
 *     in four sizes for each power of two and recycled per size, so it never fragments across sizes.
 *  3. The lock guards the directory, the arena and the list of live VMs. Nothing is called out
 *     while it is held.
 *  4. Where memfd is refused (seccomp, limits) the same layout stands in private memory.
 *
 * Before it: obs.c, records.c. After it: agent/block.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "obs/segment.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif
#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif

#define FD_FLOOR 100 /* programs may count on low descriptor numbers */
#define PAGE 4096u
#define CLASSES (4 * 20 + 1) /* of pieces; the largest is the whole segment */
#define SMALLEST_SEG (4u << 20)

struct jitstat_seg *segment;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct obs_vm *live_vms;
static uint32_t last_id;
static int seg_fd = -1; /* -1: private memory */
static struct stat seg_stat;
static uint64_t free_list[CLASSES]; /* offset of the first free piece; its first word is the next */

static volatile uint32_t no_mark = 1; /* until there is a segment, nothing can be a child's */
volatile uint32_t *obs_own_mark = &no_mark;

/* ---- the mapping ---- */

/* A memfd of that size, or -1. ftruncate past RLIMIT_FSIZE would raise SIGXFSZ: asked first. */
static int memfd_new(size_t size)
{
    struct rlimit rl;
    if (getrlimit(RLIMIT_FSIZE, &rl) == 0 && rl.rlim_cur < size)
        return -1;
    int fd = (int)syscall(SYS_memfd_create, JITSTAT_SEG_NAME, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
    if (fd < 0)
        fd = (int)syscall(SYS_memfd_create, JITSTAT_SEG_NAME, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return -1;
    int high = fcntl(fd, F_DUPFD_CLOEXEC, FD_FLOOR);
    if (high >= 0) {
        close(fd);
        fd = high;
    }
    if (ftruncate(fd, (off_t)size) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static void memfd_adopt(int fd)
{
    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL);
    seg_fd = fd;
    fstat(fd, &seg_stat);
}

/* Hands the segment to the `jitstat run` that started this process: it names its end of a socket
 * in the environment. So even a program that lives for a millisecond is read to its end. */
static void announce(void)
{
    const char *s = secure_getenv("JITSTAT_RUN_FD");
    if (!s || seg_fd < 0)
        return;
    struct stat st;
    int sock = atoi(s);
    if (sock <= 2 || fstat(sock, &st) != 0 || !S_ISSOCK(st.st_mode))
        return;
    char text[] = JITSTAT_SEG_NAME;
    struct iovec iov = {text, sizeof text};
    union {
        struct cmsghdr h;
        char room[CMSG_SPACE(sizeof(int))];
    } control = {.h = {.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
    memcpy(CMSG_DATA(&control.h), &seg_fd, sizeof seg_fd);
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control.room};
    ssize_t n = sendmsg(sock, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
    (void)n; /* nobody listens any more: then nobody misses it */
}

static uint64_t boottime_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_BOOTTIME, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void header_init(struct jitstat_seg *s, size_t size)
{
    size_t dir = (sizeof *s + 63) & ~(size_t)63;
    s->layout = JITSTAT_LAYOUT;
    s->owner_pid = (uint32_t)getpid();
    s->size = size;
    s->start_ns = boottime_ns();
    s->header_size = sizeof *s;
    s->vm_size = sizeof(struct jitstat_vm);
    s->ncounters = JITSTAT_NCOUNTERS;
    s->nevents = JITSTAT_NEVENTS;
    s->naborts = JITSTAT_NABORTS;
    s->ntimes = JITSTAT_NTIMES;
    s->vm_off = dir;
    s->arena_off = s->arena_used = (dir + JITSTAT_VM_MAX * sizeof(struct jitstat_vm) + PAGE - 1) & ~(uint64_t)(PAGE - 1);
    __atomic_store_n(&s->magic, JITSTAT_MAGIC, __ATOMIC_RELEASE);
}

/* Where machine code, which is within 1 GB of the image, reaches the words that it counts in with 32 bits. Above stands the
 * heap, right below are libraries and the code itself. A wish: it goes elsewhere too. */
static void *near_code(size_t size)
{
    uintptr_t image = (uintptr_t)&jit_poll_word & ~(uintptr_t)0x1fffff;
    return image > ((uintptr_t)4 << 30) ? (void *)(image - ((uintptr_t)768 << 20) - size) : NULL;
}

static struct jitstat_seg *map_new(size_t size)
{
    void *near = near_code(size);
    int fd = memfd_new(size);
    void *p = MAP_FAILED;
    if (fd >= 0) {
        p = mmap(near, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (p == MAP_FAILED)
            close(fd);
        else
            memfd_adopt(fd);
    }
    if (p == MAP_FAILED)
        p = mmap(near, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

/* ---- fork ---- */

static void before_fork(void)
{
    pthread_mutex_lock(&lock);
}
static void after_fork_parent(void)
{
    pthread_mutex_unlock(&lock);
}
static void after_fork_child(void)
{
    pthread_mutex_init(&lock, NULL);
    obs_after_fork();
}

/* The two used parts of the segment: header with directory, and arena. */
static size_t used_head(const struct jitstat_seg *s)
{
    return s->vm_off + (size_t)s->vms_used * s->vm_size;
}

static int write_all(int fd, const char *p, size_t n, off_t at)
{
    while (n) {
        ssize_t w = pwrite(fd, p, n, at);
        if (w < 0 && errno == EINTR)
            continue;
        if (w <= 0)
            return -1;
        p += w, at += w, n -= (size_t)w;
    }
    return 0;
}

/* Puts a copy of the parent's segment over our mapping of it: memfd first, else private memory,
 * else at least a copy-on-write view. */
static void remap_own(size_t size)
{
    const char *old = (const char *)segment;
    int fd = memfd_new(size);
    if (fd >= 0) {
        if (write_all(fd, old, used_head(segment), 0) == 0 && write_all(fd, old + segment->arena_off, segment->arena_used - segment->arena_off, (off_t)segment->arena_off) == 0 && mmap(segment, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) == segment) {
            memfd_adopt(fd);
            return;
        }
        close(fd);
    }
    char *copy = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (copy != MAP_FAILED) {
        memcpy(copy, old, used_head(segment));
        memcpy(copy + segment->arena_off, old + segment->arena_off, segment->arena_used - segment->arena_off);
        if (mremap(copy, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, segment) != MAP_FAILED)
            return;
        munmap(copy, size);
    }
    if (seg_fd >= 0 && mmap(segment, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, seg_fd, 0) == MAP_FAILED)
        return;
}

/* BPF cannot fault pages in: every page that is in use gets its entry in our page table now. */
static void touch_pages(void)
{
    const volatile char *p = (const volatile char *)segment;
    for (size_t at = 0; at < used_head(segment); at += PAGE)
        (void)p[at];
    for (size_t at = segment->arena_off; at < segment->arena_used; at += PAGE)
        (void)p[at];
}

static void even(__u32 *seq)
{
    *seq += *seq & 1;
}

/* Compiled traces are ours as well; what the parent's ran is not. */
static void disown_loops(struct jitstat_vm *v)
{
    for (struct jitstat_loop_chunk *c = segment_at(v->loops); c; c = segment_at(c->next))
        for (uint64_t i = 0; i < c->used; i++) {
            struct jitstat_loop *l = &c->loop[i];
            struct jitstat_guard *g = segment_at(l->guards);
            even(&l->seq);
            word_set(&l->runs, 0);
            word_set(&l->entry_runs, 0);
            for (uint32_t k = 0; g && k < l->nguards; k++)
                word_set(&g[k].exits, 0);
        }
}

static void disown_vm(struct jitstat_vm *v)
{
    even(&v->seq);
    v->owner_pid = (uint32_t)getpid();
    v->inherited = v->total;
    v->inherited.code_allocated = v->inherited.code_used = v->inherited.listing_bytes = 0; /* sizes, not sums */
    if (v->self_off == 0)
        return; /* no directory slot: nobody can follow its lists */
    disown_loops(v);
    v->aborts = v->aborts_n = v->aborts_lost = 0; /* their room goes with the next recycling */
    memset(v->alarms, 0, sizeof v->alarms);
    v->alarms_n = 0;
    v->generation++;
}

void obs_after_fork(void)
{
    /* The page's word tells for sure; pids repeat from one pid namespace to the next. */
    bool ours = obs_own_mark != &no_mark ? *obs_own_mark != 0 : segment && segment->owner_pid == (uint32_t)getpid();
    if (!segment || ours)
        return;
    pthread_mutex_init(&lock, NULL); /* after a raw clone its holder may not exist here */
    *obs_own_mark = 1;
    int old_fd = seg_fd;
    struct stat old = seg_stat, now;
    if (seg_fd >= 0) {
        seg_fd = -1;
        remap_own(segment->size);
        if (fstat(old_fd, &now) == 0 && now.st_ino == old.st_ino && now.st_dev == old.st_dev)
            close(old_fd);
        touch_pages();
    }
    segment->owner_pid = (uint32_t)getpid();
    segment->start_ns = boottime_ns();
    segment->forks++;
    struct jitstat_vm *dir = segment_at(segment->vm_off);
    for (uint32_t i = 0; i < segment->vms_used; i++)
        disown_vm(&dir[i]);
    for (struct obs_vm *vm = live_vms; vm; vm = vm->next) {
        if (vm->blk->self_off == 0)
            disown_vm(vm->blk);
        vm->aborts_tail = NULL;
    }
    announce();
}

/* ---- making it ---- */

static void mark_new(void)
{
    uint32_t *m = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (m == MAP_FAILED)
        return;
    *m = 1;
    if (madvise(m, PAGE, MADV_WIPEONFORK) != 0)
        munmap(m, PAGE); /* the fork handler alone must do */
    else
        obs_own_mark = m;
}

/* Under the lock. */
static int segment_make(void)
{
    struct jitstat_seg *s = NULL;
    size_t size = JITSTAT_SEG_SIZE;
    while (!(s = map_new(size)) && size > SMALLEST_SEG)
        size /= 4; /* a tight RLIMIT_AS: fewer records, same layout */
    if (!s)
        return -ENOMEM;
    header_init(s, size);
    segment = s;
    mark_new();
    pthread_atfork(before_fork, after_fork_parent, after_fork_child);
    announce();
    return 0;
}

/* The library is unloaded (or the program ends): with no VM left, nothing of it stays behind. */
__attribute__((destructor)) static void segment_unmake(void)
{
    pthread_mutex_lock(&lock);
    if (segment && !live_vms) {
        munmap(segment, segment->size);
        segment = NULL;
        struct stat st;
        if (seg_fd >= 0 && fstat(seg_fd, &st) == 0 && st.st_ino == seg_stat.st_ino && st.st_dev == seg_stat.st_dev)
            close(seg_fd); /* and not what the program opened there after it closed all it knew */
        seg_fd = -1;
        if (obs_own_mark != &no_mark)
            munmap((void *)obs_own_mark, PAGE);
        obs_own_mark = &no_mark;
    }
    pthread_mutex_unlock(&lock);
}

/* ---- the arena ---- */

/* Pieces have 64, 80, 96, 112, 128, 160, 192, 224, 256, 320 ... bytes: a tenth is lost between them, where powers of two
 * would lose a third. */
static int size_class(size_t size)
{
    int twice = 0;
    while (((size_t)128 << twice) < size)
        twice++;
    size_t base = (size_t)64 << twice, step = (size_t)16 << twice;
    return 4 * twice + (size <= base ? 0 : (int)((size - base + step - 1) / step));
}

static size_t class_room(int c)
{
    return (size_t)(64 + 16 * (c % 4)) << (c / 4);
}

size_t segment_room(size_t size)
{
    return class_room(size_class(size));
}

static void *alloc_locked(size_t size)
{
    int c = size_class(size);
    if (c >= CLASSES)
        return NULL;
    if (free_list[c]) {
        uint64_t *p = segment_at(free_list[c]);
        free_list[c] = *p;
        memset(p, 0, class_room(c));
        return p;
    }
    uint64_t room = class_room(c);
    if (room > segment->size - segment->arena_used)
        return NULL;
    void *p = segment_at(segment->arena_used);
    word_set(&segment->arena_used, segment->arena_used + room);
    return p;
}

static void free_locked(void *p, size_t size)
{
    int c = size_class(size);
    *(uint64_t *)p = free_list[c];
    free_list[c] = segment_offset(p);
}

void *segment_alloc(size_t size)
{
    pthread_mutex_lock(&lock);
    void *p = alloc_locked(size);
    pthread_mutex_unlock(&lock);
    return p;
}

void segment_free(void *p, size_t size)
{
    pthread_mutex_lock(&lock);
    free_locked(p, size);
    pthread_mutex_unlock(&lock);
}

void obs_op_names(const char *names, size_t size, uint32_t n)
{
    pthread_mutex_lock(&lock);
    void *p = segment && !segment->op_names ? alloc_locked(size) : NULL;
    if (p) {
        memcpy(p, names, size);
        segment->op_names_size = (uint32_t)size;
        segment->op_names_n = n;
        __atomic_store_n((uint64_t *)&segment->op_names, segment_offset(p), __ATOMIC_RELEASE);
    }
    pthread_mutex_unlock(&lock);
}

/* ---- the directory ---- */

/* Gives the records of an ended VM back. Strings of guards' files stay: they are few. */
static void recycle(struct jitstat_vm *v)
{
    uint64_t next;
    for (struct jitstat_loop_chunk *c = segment_at(v->loops); c; c = segment_at(next)) {
        next = c->next;
        for (uint64_t i = 0; i < c->used; i++) {
            struct jitstat_loop *l = &c->loop[i];
            struct jitstat_listing *p = segment_at(l->listing);
            if (l->guards)
                free_locked(segment_at(l->guards), l->nguards * sizeof(struct jitstat_guard));
            if (p)
                free_locked(p, p->size);
        }
        free_locked(c, sizeof *c);
    }
    for (struct jitstat_abort_chunk *c = segment_at(v->aborts); c; c = segment_at(next)) {
        next = c->next;
        free_locked(c, sizeof *c);
    }
}

/* A slot never used, else the one that ended first. */
static struct jitstat_vm *find_slot(void)
{
    struct jitstat_vm *dir = segment_at(segment->vm_off), *best = NULL;
    if (segment->vms_used < JITSTAT_VM_MAX) {
        struct jitstat_vm *v = &dir[segment->vms_used];
        return v;
    }
    for (uint32_t i = 0; i < JITSTAT_VM_MAX; i++)
        if (dir[i].state == 2 && (!best || dir[i].id < best->id))
            best = &dir[i];
    return best;
}

static void slot_init(struct jitstat_vm *v, const char *guest)
{
    uint32_t seq = v->seq;
    uint64_t generation = v->generation;
    memset((char *)v + sizeof v->seq, 0, sizeof *v - sizeof v->seq);
    v->seq = seq;
    v->generation = generation + 1;
    v->id = ++last_id;
    v->owner_pid = (uint32_t)getpid();
    strncpy(v->guest, guest, sizeof v->guest - 1);
}

static int take_locked(struct obs_vm *vm, const char *guest)
{
    if (!segment && segment_make() != 0)
        segment = NULL;
    struct jitstat_vm *v = segment ? find_slot() : NULL;
    if (!v) {
        v = calloc(1, sizeof *v);
        if (!v)
            return -ENOMEM;
        if (segment)
            segment->vms_lost++;
        slot_init(v, guest);
        v->state = 1;
    } else {
        record_begin(&v->seq);
        if (v->state == 2)
            recycle(v);
        slot_init(v, guest);
        v->self_off = segment_offset(v);
        __atomic_store_n(&v->state, 1, __ATOMIC_RELEASE);
        record_end(&v->seq);
        uint32_t slot = (uint32_t)((v->self_off - segment->vm_off) / sizeof *v);
        if (slot >= segment->vms_used)
            __atomic_store_n(&segment->vms_used, slot + 1, __ATOMIC_RELEASE);
    }
    vm->blk = v;
    vm->next = live_vms;
    live_vms = vm;
    return 0;
}

int segment_vm_take(struct obs_vm *vm, const char *guest)
{
    obs_own();
    pthread_mutex_lock(&lock);
    int r = take_locked(vm, guest);
    pthread_mutex_unlock(&lock);
    return r;
}

void segment_vm_end(struct obs_vm *vm)
{
    pthread_mutex_lock(&lock);
    for (struct obs_vm **p = &live_vms; *p; p = &(*p)->next)
        if (*p == vm) {
            *p = vm->next;
            break;
        }
    struct jitstat_vm *v = vm->blk;
    record_begin(&v->seq);
    v->state = 2;
    v->generation++;
    record_end(&v->seq);
    pthread_mutex_unlock(&lock);
    if (v->self_off == 0)
        free(v);
}
