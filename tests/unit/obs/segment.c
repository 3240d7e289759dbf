/* The segment as others see it: sealed, found by name, read-only for everybody, own after fork. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "obs/segment.h"

/* Opens the process's memfd by the name in its fd directory; -1: none, more than one: -2. */
static int open_own(int flags)
{
    int found = -1;
    for (int fd = 3; fd < 1024; fd++) {
        char path[64], to[128];
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        ssize_t n = readlink(path, to, sizeof to - 1);
        if (n <= 0)
            continue;
        to[n] = 0;
        if (strncmp(to, "/memfd:" JITSTAT_SEG_NAME, 16) == 0)
            found = found == -1 ? fd : -2;
    }
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", found);
    return found < 0 ? found : open(path, flags | O_CLOEXEC);
}

Test(segment, header)
{
    struct obs_vm *vm = obs_vm_begin("lua");
    cr_assert_eq(segment->magic, JITSTAT_MAGIC);
    cr_assert_eq(segment->layout, JITSTAT_LAYOUT);
    cr_assert_eq(segment->owner_pid, (uint32_t)getpid());
    cr_assert_eq(segment->size, JITSTAT_SEG_SIZE);
    cr_assert_eq(segment->vm_size, sizeof(struct jitstat_vm));
    cr_assert_eq(segment_at(vm->blk->self_off), vm->blk);
    cr_assert_eq((uintptr_t)vm->blk % 8, 0);
    obs_vm_end(vm);
}

Test(segment, pieces_lose_little)
{
    size_t before = 0;
    for (size_t size = 1; size < 200000; size++) {
        size_t room = segment_room(size);
        cr_assert(room >= size && room % 16 == 0 && room >= before, "%zu", size);
        cr_assert(room == 64 || room * 4 < size * 5 + 4, "%zu gets %zu", size, room);
        cr_assert_eq(segment_room(room), room);
        before = room;
    }
    struct obs_vm *vm = obs_vm_begin("lua");
    void *p = segment_alloc(1000), *q;
    segment_free(p, 1020); /* of the same class */
    cr_assert_neq(q = segment_alloc(890), p, "another class");
    cr_assert_eq(segment_alloc(1024), p);
    cr_assert_null(segment_alloc((size_t)JITSTAT_SEG_SIZE * 64));
    segment_free(q, 890);
    obs_vm_end(vm);
}

Test(segment, sealed_against_readers)
{
    struct obs_vm *vm = obs_vm_begin("lua");
    int fd = open_own(O_RDWR);
    cr_assert_geq(fd, 0);
    cr_assert_eq(fcntl(fd, F_GET_SEALS) & 0x1f, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL | 0x10);
    cr_assert_eq(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
    cr_assert_eq(pwrite(fd, "x", 1, 0), -1);
    cr_assert_neq(ftruncate(fd, 0), 0);
    close(fd);
    int ro = open_own(O_RDONLY);
    struct jitstat_seg *view = mmap(NULL, JITSTAT_SEG_SIZE, PROT_READ, MAP_SHARED, ro, 0);
    cr_assert_neq(view, MAP_FAILED);
    cr_assert_eq(mprotect(view, 4096, PROT_READ | PROT_WRITE), -1, "a read-only view stays read-only");
    struct jitstat_vm *v = (struct jitstat_vm *)((char *)view + view->vm_off);
    obs_count(vm, JITSTAT_C_OPS, 23);
    cr_assert_eq(v->total.counters[JITSTAT_C_OPS], 23, "the view is live");
    obs_vm_end(vm);
}

Test(segment, shows_in_maps_and_not_after_exec)
{
    struct obs_vm *vm = obs_vm_begin("lua");
    char line[512];
    bool found = false;
    FILE *f = fopen("/proc/self/maps", "r");
    while (fgets(line, sizeof line, f))
        found |= strstr(line, "/memfd:" JITSTAT_SEG_NAME " (deleted)") != NULL;
    fclose(f);
    cr_assert(found);
    int fd = open_own(O_RDONLY);
    close(fd);
    for (fd = 3; fd < 1024; fd++) {
        int flags = fcntl(fd, F_GETFD);
        char path[64], to[128];
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        ssize_t n = flags < 0 ? -1 : readlink(path, to, sizeof to);
        if (n > 16 && strncmp(to, "/memfd:" JITSTAT_SEG_NAME, 16) == 0)
            cr_assert(flags & FD_CLOEXEC);
    }
    obs_vm_end(vm);
}

static void child_reports(int fd, bool ok)
{
    char c = ok ? 'y' : 'n';
    if (write(fd, &c, 1) != 1)
        _exit(2);
    _exit(0);
}

/* Runs body in a forked child that answers yes or no. */
#define IN_CHILD(make, body) \
    do { \
        int pipe_fds[2]; \
        char answer = 0; \
        cr_assert_eq(pipe(pipe_fds), 0); \
        pid_t child = (make); \
        if (child == 0) { \
            bool ok = true; \
            body child_reports(pipe_fds[1], ok); \
        } \
        cr_assert_eq(waitpid(child, NULL, 0), child); \
        cr_assert_eq(read(pipe_fds[0], &answer, 1), 1); \
        cr_assert_eq(answer, 'y'); \
    } while (0)

static void fork_test(pid_t (*make)(void))
{
    struct obs_vm *vm = obs_vm_begin("lua");
    struct obs_place at = {'l', 1, "f.lua:1", "f.lua", 1};
    struct jitstat_guard *g;
    struct jitstat_loop *l = obs_loop_add(vm, &at, vm, 64, 3, 0, 0, 2, &g);
    l->runs = 1000;
    obs_count(vm, JITSTAT_C_OPS, 50);
    obs_ev_abort(vm, &at, JITSTAT_A_ERROR, 5, "f.lua", 1);
    IN_CHILD(make(), {
        obs_count(vm, JITSTAT_C_OPS, 7);
        struct jitstat_totals t;
        obs_ev_snapshot(vm, &t);
        ok = ok && segment->owner_pid == (uint32_t)getpid() && vm->blk->owner_pid == (uint32_t)getpid();
        ok = ok && segment->forks == 1;
        ok = ok && vm->blk->inherited.counters[JITSTAT_C_OPS] == 50;
        ok = ok && vm->blk->total.counters[JITSTAT_C_OPS] == 57;
        ok = ok && t.counters[JITSTAT_C_OPS] == 7 && t.events[JITSTAT_E_snapshot] == 1 && t.events[JITSTAT_E_abort] == 0;
        ok = ok && l->runs == 0 && l->number == 1 && vm->blk->loops_n == 1;
        ok = ok && vm->blk->aborts_n == 0;
        obs_ev_abort(vm, &at, JITSTAT_A_ERROR, 5, "f.lua", 1);
        ok = ok && vm->blk->aborts_n == 1;
        int fd = open_own(O_RDONLY); /* exactly one: the parent's was closed */
        ok = ok && fd >= 0;
    });
    cr_assert_eq(vm->blk->total.counters[JITSTAT_C_OPS], 50, "the child wrote into its parent's block");
    cr_assert_eq(vm->blk->total.events[JITSTAT_E_abort], 1);
    cr_assert_eq(l->runs, 1000);
    obs_vm_end(vm);
}

static pid_t plain_fork(void)
{
    return fork();
}
static pid_t raw_clone(void)
{
    return (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
}

Test(segment, fork_gives_the_child_its_own)
{
    fork_test(plain_fork);
}

Test(segment, a_raw_clone_is_noticed)
{
    fork_test(raw_clone);
}

Test(segment, fork_of_a_fork)
{
    struct obs_vm *vm = obs_vm_begin("lua");
    obs_count(vm, JITSTAT_C_OPS, 1);
    IN_CHILD(fork(), {
        obs_count(vm, JITSTAT_C_OPS, 1);
        pid_t grandchild = fork();
        if (grandchild == 0) {
            obs_count(vm, JITSTAT_C_OPS, 1);
            _exit(vm->blk->inherited.counters[JITSTAT_C_OPS] == 2 && vm->blk->total.counters[JITSTAT_C_OPS] == 3 && segment->forks == 2 ? 0 : 1);
        }
        int status = -1;
        waitpid(grandchild, &status, 0);
        ok = status == 0 && vm->blk->total.counters[JITSTAT_C_OPS] == 2;
    });
    obs_vm_end(vm);
}

Test(segment, a_new_vm_in_a_child_without_parent_vms)
{
    obs_vm_end(obs_vm_begin("lua"));
    IN_CHILD(fork(), {
        struct obs_vm *vm = obs_vm_begin("lua");
        ok = vm->blk->total.events[JITSTAT_E_vm__begin] == 1 && vm->blk->inherited.events[JITSTAT_E_vm__begin] == 0;
        obs_vm_end(vm);
    });
}

/* Limits of the file size refuse the memfd: same layout, private memory, also over a fork. */
Test(segment, private_memory_where_memfd_is_refused)
{
    struct rlimit none = {0, 0};
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &none), 0);
    struct obs_vm *vm = obs_vm_begin("lua");
    cr_assert_not_null(vm);
    cr_assert_eq(open_own(O_RDONLY), -1);
    obs_count(vm, JITSTAT_C_OPS, 5);
    struct obs_place at = {'l', 1, "f.lua:1", "f.lua", 1};
    cr_assert_not_null(obs_loop_add(vm, &at, vm, 64, 3, 0, 0, 0, NULL));
    IN_CHILD(fork(), {
        obs_count(vm, JITSTAT_C_OPS, 2);
        ok = vm->blk->inherited.counters[JITSTAT_C_OPS] == 5 && vm->blk->total.counters[JITSTAT_C_OPS] == 7;
    });
    cr_assert_eq(vm->blk->total.counters[JITSTAT_C_OPS], 5);
    obs_vm_end(vm);
}

Test(segment, a_child_falls_back_to_private_memory)
{
    struct obs_vm *vm = obs_vm_begin("lua");
    obs_count(vm, JITSTAT_C_OPS, 5);
    struct rlimit none = {0, 0};
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &none), 0);
    IN_CHILD(fork(), {
        obs_count(vm, JITSTAT_C_OPS, 2);
        ok = vm->blk->inherited.counters[JITSTAT_C_OPS] == 5 && vm->blk->total.counters[JITSTAT_C_OPS] == 7;
        ok = ok && open_own(O_RDONLY) == -1;
    });
    cr_assert_eq(vm->blk->total.counters[JITSTAT_C_OPS], 5);
    obs_vm_end(vm);
}

Test(segment, a_tight_address_space_gets_a_smaller_segment)
{
    struct rlimit tight = {0, 0};
    long pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    cr_assert_eq(fscanf(f, "%ld", &pages), 1);
    fclose(f);
    tight.rlim_cur = tight.rlim_max = (rlim_t)pages * 4096 + (30u << 20);
    cr_assert_eq(setrlimit(RLIMIT_AS, &tight), 0);
    struct obs_vm *vm = obs_vm_begin("lua");
    cr_assert_not_null(vm);
    cr_assert_eq(segment->size, 16u << 20);
    obs_vm_end(vm);
}

/* The segment is handed to the `jitstat run` that started the process. */
Test(segment, announced_to_run)
{
    int s[2], got = -1;
    char text[32], number[16];
    cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s), 0);
    snprintf(number, sizeof number, "%d", s[1]);
    setenv("JITSTAT_RUN_FD", number, 1);
    struct obs_vm *vm = obs_vm_begin("lua");
    union {
        struct cmsghdr h;
        char room[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec iov = {text, sizeof text};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    cr_assert_eq(recvmsg(s[0], &msg, MSG_DONTWAIT), (ssize_t)sizeof JITSTAT_SEG_NAME);
    memcpy(&got, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof got);
    struct jitstat_seg *view = mmap(NULL, JITSTAT_SEG_SIZE, PROT_READ, MAP_SHARED, got, 0);
    cr_assert_neq(view, MAP_FAILED);
    cr_assert_eq(view->owner_pid, (uint32_t)getpid());
    obs_vm_end(vm);
}
