/* source.c: a source of snapshots, opened with one call: whatever is at hand that serves best.
 *
 * A running jitstatd is asked first: it has watched since before we came. Else this process reads
 * the blocks itself, and counts with BPF beside them where it may. What could not be had is one line
 * in agent_info()->note, because a view that silently shows less is worse than none.
 *
 * Before it: agent.c, bpf.c. After it: merge.c, events.c.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/remote.h"
#include "agent/watch.h"

static void note(struct agent *a, const char *text)
{
    size_t n = strlen(a->info.note);
    snprintf(a->info.note + n, sizeof a->info.note - n, "%s%s", n ? "; " : "", text);
}

/* ---- finding again ---- */

static int add_wanted(struct agent *a)
{
    if (a->options.pid)
        return agent_add_pid(a, a->options.pid);
    a->info.refused = 0;
    int r = agent_add_all(a, &a->info.refused);
    return r < 0 ? r : 0;
}

/* An end is noticed once: the pid may be another process's later. */
void source_note_ends(struct agent *a)
{
    for (size_t i = 0; i < a->ntargets; i++) {
        struct target *t = &a->targets[i];
        if (!t->exited_ns && !proc_alive(t->pid, t->start_ticks))
            t->exited_ns = agent_now_ns();
    }
}

/* ---- what ended ---- */

static size_t oldest_ended(const struct agent *a)
{
    size_t oldest = a->ntargets;
    for (size_t i = 0; i < a->ntargets; i++)
        if (a->targets[i].exited_ns && (oldest == a->ntargets || a->targets[i].exited_ns < a->targets[oldest].exited_ns))
            oldest = i;
    return oldest;
}

void source_prune(struct agent *a)
{
    const struct agent_keep *keep = &a->keep;
    uint64_t now = agent_now_ns(), n = 0, bytes = 0;
    for (size_t i = 0; i < a->ntargets; i++)
        if (a->targets[i].exited_ns) {
            n++;
            bytes += block_memory(&a->targets[i]);
        }
    for (size_t i; n && (i = oldest_ended(a)) < a->ntargets; n--) {
        if (a->targets[i].exited_ns + keep->ns >= now && n <= keep->processes && bytes <= keep->bytes)
            break;
        bytes -= block_memory(&a->targets[i]);
        if (a->watch)
            watch_let_go(a, &a->targets[i]);
        agent_drop_target(a, i);
    }
    if (a->watch)
        watch_prune(a);
}

void source_refresh(struct agent *a)
{
    char error[sizeof a->error];
    memcpy(error, a->error, sizeof error);
    if (a->remote) {
        remote_refresh(a);
        return;
    }
    source_note_ends(a);
    if (a->watch)
        watch_catch_up(a);
    else
        add_wanted(a); /* what is gone by now has its last numbers in its mapped block */
    source_prune(a);
    memcpy(a->error, error, sizeof error);
}

/* ---- opening ---- */

static int attach_wanted(struct agent *a)
{
    if (a->options.pid) {
        int n = agent_attach_process(a, a->options.pid, a->options.pid, a->options.counts);
        if (n == 0)
            return agent_fail(a, ENOENT, "no file of process %d has probes of ours", a->options.pid);
        return n < 0 ? n : agent_watch(a, a->options.pid);
    }
    return watch_open(a);
}

static int open_bpf(struct agent *a)
{
    struct agent_bpf_options o = {.only_watched = a->options.pid != 0, .notes = a->options.pid == 0, .max_vms = a->options.max_vms};
    int r = agent_bpf_load(a, &o);
    if (r == 0)
        r = attach_wanted(a);
    if (r == 0)
        r = agent_bpf_arm(a);
    if (r == 0) {
        a->info.bpf = true;
        a->info.counts = a->options.counts;
        return 0;
    }
    watch_fini(a);
    bpf_fini(a);
    if (a->options.bpf == AGENT_MUST)
        return r;
    note(a, a->error);
    return 0;
}

/* A process without a block can still be watched through its events. */
static int open_process(struct agent *a)
{
    char error[sizeof a->error];
    int r = add_wanted(a);
    if (a->options.bpf == AGENT_NOT || (r < 0 && r != -ENOENT))
        return r;
    memcpy(error, a->error, sizeof error);
    int b = open_bpf(a);
    if (b == 0 && r < 0 && !a->info.bpf) {
        memcpy(a->error, error, sizeof error);
        return r;
    }
    return b;
}

int source_open_local(struct agent *a)
{
    if (a->options.pid)
        return open_process(a);
    int r = a->options.bpf == AGENT_NOT ? 0 : open_bpf(a);
    return r == 0 && !a->watch ? add_wanted(a) : r; /* with BPF the watch has looked at all */
}

static bool remote_has_entries(struct agent *a)
{
    struct vm_entry *entries = NULL;
    size_t n = 0;
    remote_read_vms(a, &entries, &n);
    for (size_t i = 0; i < n; i++)
        free(entries[i].stat);
    free(entries);
    return n > 0;
}

/* A process that the daemon does not show has no VM, or is another user's: asked here, it says which. */
static int open_remote(struct agent *a)
{
    int r = remote_refresh(a);
    if (r < 0)
        return r;
    if (a->options.pid && !a->ntargets && !remote_has_entries(a)) {
        remote_fini(a);
        a->info = (struct agent_info){0};
        return source_open_local(a);
    }
    if (!a->info.bpf)
        note(a, "jitstatd counts without BPF: its log says why");
    return 0;
}

int agent_open(struct agent **out, const struct agent_open_options *o)
{
    int r = agent_new(out);
    struct agent *a = *out;
    if (r < 0)
        return r;
    a->options = *o;
    a->opened = true;
    r = o->daemon == AGENT_NOT ? -ECONNREFUSED : remote_open(a);
    if (r == 0)
        return open_remote(a);
    if (o->daemon == AGENT_MUST)
        return r;
    if (r == -EPROTO)
        note(a, a->error);
    return source_open_local(a);
}

const struct agent_info *agent_info(const struct agent *a)
{
    return &a->info;
}
