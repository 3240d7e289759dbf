/* The agent's reader against the engine's writer, in one process: equal numbers, nothing torn
 * while the writer is at work, nothing believed that is not sealed. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "agent/internal.h"
#include "obs/obs.h"

static struct agent_snapshot *snapshot_of_us(struct agent **a)
{
    cr_assert_eq(agent_new(a), 0);
    cr_assert_eq(agent_add_pid(*a, getpid()), 0, "%s", agent_error(*a));
    return agent_snapshot_take(*a);
}

Test(block, reads_what_was_written)
{
    struct obs_vm *vm = obs_vm_begin("lua"), *other = obs_vm_begin("two");
    char name[32];
    for (uint64_t n = 1; n <= 101; n++) {
        snprintf(name, sizeof name, "f.lua:%u", (unsigned)n);
        struct obs_place at = {n % 3 ? 'l' : 'b', n, name, "f.lua", (int)n};
        struct jitstat_guard *guards;
        struct jitstat_loop *l = obs_loop_add(vm, &at, vm, n, 3, 0, 0, 2, &guards);
        l->runs = n * n;
        guards[1].exits = n == 7 ? 70 : 0;
        guards[1].line = 17;
        guards[1].file_off = n == 7 ? obs_string(vm, "inlined.lua") : 0;
        obs_ev_compile(vm, &at, vm, n, 3, 2, 0, 0);
        obs_ev_abort(vm, NULL, JITSTAT_A_NYI_CALL, 10, "g.lua", (int)(n % 70));
    }
    obs_alarm(vm, JITSTAT_AL_FLUSH_STORM, &(struct obs_place){.file = "f.lua", .line = 3}, "a reason");
    obs_vm_end(other);
    struct agent *a;
    struct agent_snapshot *s = snapshot_of_us(&a);
    cr_assert_eq(s->nprocesses, 1);
    cr_assert_eq(s->processes[0].nvms, 2);
    cr_assert_eq(s->processes[0].exited, false);
    struct agent_vm *v = &s->processes[0].vms[0];
    cr_assert_eq(memcmp(&v->own, &vm->blk->total, sizeof v->own), 0);
    cr_assert_eq(v->nloops, 101);
    for (size_t i = 0; i < v->nloops; i++) {
        snprintf(name, sizeof name, "f.lua:%u", (unsigned)i + 1);
        cr_assert_eq(v->loops[i].number, i + 1);
        cr_assert_eq(v->loops[i].runs, (i + 1) * (i + 1));
        cr_assert_str_eq(v->loops[i].name, name);
    }
    cr_assert_eq(v->nexits, 1, "only guards that were left");
    cr_assert_eq(v->exits[0].loop, 6);
    cr_assert_eq(v->exits[0].guard, 1);
    cr_assert_eq(v->exits[0].exits, 70);
    cr_assert_eq(v->exits[0].line, 17);
    cr_assert_str_eq(v->exits[0].file, "inlined.lua");
    cr_assert_eq(v->naborts, 70);
    cr_assert_eq(v->nalarms, 1);
    cr_assert_eq(s->processes[0].vms[1].state, 2);
    cr_assert_str_eq(s->processes[0].vms[1].guest, "two");
    cr_assert_eq(s->loss.late, 0);
    agent_snapshot_free(s);
    agent_free(a);
    obs_vm_end(vm);
}

/* A writer that never rests: records whose fields belong together. */
static volatile int stop;
static void *writer(void *arg)
{
    struct obs_vm *vm = arg;
    struct jitstat_loop *kept[40] = {0};
    for (uint64_t n = 1; !stop; n++) {
        char name[32];
        snprintf(name, sizeof name, "f.lua:%llu", (unsigned long long)n);
        struct obs_place at = {'l', n, name, "f.lua", (int)n};
        struct jitstat_loop *l = obs_loop_add(vm, &at, (void *)(n * 16), n, (uint32_t)n, 0, 0, 60000, NULL);
        if (l)
            obs_loop_freed(vm, kept[n % 40]), kept[n % 40] = l;
        obs_ev_abort(vm, &at, JITSTAT_A_NYI_CALL, 10, "g.lua", 1);
    }
    return NULL;
}

Test(block, nothing_is_torn_while_the_writer_works)
{
    struct obs_vm *vm = obs_vm_begin("lua");
    pthread_t thread;
    struct agent *a;
    size_t read = 0;
    cr_assert_eq(pthread_create(&thread, NULL, writer, vm), 0);
    cr_assert_eq(agent_new(&a), 0);
    cr_assert_eq(agent_add_pid(a, getpid()), 0);
    while (read < 20000) {
        struct agent_snapshot *s = agent_snapshot_take(a);
        struct agent_vm *v = &s->processes[0].vms[0];
        for (size_t i = 0; i < v->nloops; i++, read++) {
            const struct jitstat_loop *l = &v->loops[i];
            char name[32];
            snprintf(name, sizeof name, "f.lua:%llu", (unsigned long long)l->number);
            cr_assert_str_eq(l->name, name);
            cr_assert_eq(l->code_addr, l->number * 16);
            cr_assert_eq(l->nops, (uint32_t)l->number);
        }
        for (size_t i = 0; i < v->naborts; i++)
            cr_assert_eq(v->aborts[i].ns_lost, v->aborts[i].count * 10);
        agent_snapshot_free(s);
    }
    stop = 1;
    pthread_join(thread, NULL);
    agent_free(a);
    obs_vm_end(vm);
}

static int add_memfd(struct agent *a, size_t size, int seals)
{
    int fd = memfd_create(JITSTAT_SEG_NAME, MFD_ALLOW_SEALING | MFD_CLOEXEC);
    cr_assert_eq(ftruncate(fd, (off_t)size), 0);
    cr_assert_eq(fcntl(fd, F_ADD_SEALS, seals), 0);
    return agent_add_segment(a, fd, getpid());
}

Test(block, distrust)
{
    struct agent *a;
    cr_assert_eq(agent_new(&a), 0);
    cr_assert_eq(add_memfd(a, JITSTAT_SEG_SIZE, F_SEAL_GROW), -EPROTO, "it could shrink under us");
    cr_assert_not_null(strstr(agent_error(a), "not sealed"));
    cr_assert_eq(add_memfd(a, 16, F_SEAL_SHRINK), -EPROTO);
    cr_assert_not_null(strstr(agent_error(a), "too small"));
    cr_assert_eq(add_memfd(a, JITSTAT_SEG_SIZE + 4096, F_SEAL_SHRINK), -EPROTO);
    cr_assert_not_null(strstr(agent_error(a), "larger than any"));
    cr_assert_eq(add_memfd(a, JITSTAT_SEG_SIZE, F_SEAL_SHRINK), -EPROTO);
    cr_assert_not_null(strstr(agent_error(a), "does not begin like one"));
    cr_assert_eq(agent_add_segment(a, open("/dev/zero", O_RDONLY), getpid()), -EPROTO);
    cr_assert_eq(agent_add_pid(a, getpid()), -ENOENT, "we have no VM");
    cr_assert_eq(agent_add_pid(a, 0x7fffffff), -ESRCH);
    agent_free(a);
}

Test(block, images)
{
    cr_assert_eq(agent_image_has_probes("/proc/self/exe"), 1);
    cr_assert_eq(agent_image_has_probes("/bin/true"), 0);
    cr_assert_eq(agent_image_has_probes("/etc/passwd"), 0);
    cr_assert_eq(agent_image_has_probes("/nowhere"), -ENOENT);
}
