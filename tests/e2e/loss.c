/* loss.c: an agent with too little room, so that losses can be made on purpose and compared with
 * what is shown.
 *
 *   loss VMS FOLLOW CMD ARGS...   runs CMD watched with maps for VMS VMs; FOLLOW 1: every event goes
 *                                 to the ring, and nobody reads it; late: the probes are attached
 *                                 when 5 traces have been compiled. Prints the snapshot with --maps.
 */
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "cli/cli.h"

static void attach(void *arg, const char *path)
{
    agent_attach_image(arg, path, -1, true);
}

/* Returns 0 when the child's block says that n traces have been compiled, -1 if it handed over none that can
 * be read. */
static int await_compiled(struct agent *a, struct agent_launch *l, uint64_t n)
{
    struct pollfd socket = {.fd = l->socket, .events = POLLIN};
    if (poll(&socket, 1, -1) != 1 || agent_launch_receive(a, l, NULL, NULL) != 1)
        return -1;
    for (uint64_t have = 0; have < n; sched_yield()) {
        struct agent_snapshot *s = agent_snapshot_take(a);
        if (s && s->nprocesses && s->processes[0].nvms)
            have = s->processes[0].vms[0].own.events[JITSTAT_E_compile];
        agent_snapshot_free(s);
    }
    return 0;
}

static int give_up(const struct agent *a)
{
    fprintf(stderr, "loss: %s\n", agent_error(a));
    return 1;
}

int main(int argc, char **argv)
{
    struct agent *a;
    if (argc < 4 || agent_new(&a) < 0)
        return 2;
    struct agent_bpf_options o = {.only_watched = true, .from_start = true, .max_vms = (uint32_t)atoi(argv[1])};
    struct agent_command c = {.argv = argv + 3};
    struct agent_launch l;
    if (agent_launch_prepare(a, &c, &l) < 0 || agent_bpf_load(a, &o) < 0)
        return give_up(a);
    agent_follow(a, atoi(argv[2]));
    bool late = strcmp(argv[2], "late") == 0;
    if ((!late && agent_command_images(a, &c, attach, a) < 0) || agent_watch(a, l.pid) < 0 || agent_bpf_arm(a) < 0)
        return give_up(a);
    agent_launch_go(&l);
    if (late && (await_compiled(a, &l, 5) < 0 || agent_command_images(a, &c, attach, a) < 0)) {
        kill(l.pid, SIGKILL); /* it waits for us */
        return give_up(a);
    }
    waitpid(l.pid, NULL, 0);
    agent_launch_receive(a, &l, NULL, NULL);
    struct agent_snapshot *s = agent_snapshot_take(a);
    if (!s)
        return give_up(a);
    json_snapshot(stdout, s, true);
    printf("loss missed %llu ring_full %llu map_full %llu late %llu\n", (unsigned long long)s->loss.missed,
           (unsigned long long)s->loss.ring_full, (unsigned long long)s->loss.map_full, (unsigned long long)s->loss.late);
    agent_snapshot_free(s);
    agent_launch_close(&l);
    agent_free(a);
    return 0;
}
