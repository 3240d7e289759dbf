/* feed.c: where snapshots come from: the processes that were asked for, all that may be read (both
 * through agent_open, from a daemon or by ourselves), or a saved file. The one place of cli/ that
 * opens an agent to look; run.c and snapshot --for have their own to start and to attach.
 *
 * Before it: agent/. After it: rows.c.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"

struct feed {
    const struct options *o;
    struct agent *agent; /* NULL: a file */
};

/* Several processes: all are opened, and the others left out of every snapshot. */
static int find_pids(struct feed *s)
{
    size_t found = 0;
    for (size_t i = 0; i < s->o->npids; i++) {
        if (agent_add_pid(s->agent, s->o->pids[i]) == 0)
            found++;
        else
            fail(0, "%s", agent_error(s->agent));
    }
    return found ? 0 : EXIT_FAILED;
}

static int open_agent(struct feed *s, enum feed_want kind)
{
    const struct options *o = s->o;
    struct agent_open_options want = {.pid = o->npids == 1 ? o->pids[0] : 0, .daemon = AGENT_TRY, .counts = o->counts};
    want.totals_only = kind == FEED_TOTALS;
    want.bpf = o->counts ? AGENT_MUST : kind == FEED_EVENTS ? AGENT_TRY
                                                            : AGENT_NOT;
    if (agent_open(&s->agent, &want) < 0)
        return fail(EXIT_FAILED, "%s", s->agent ? agent_error(s->agent) : "out of memory");
    return o->npids > 1 ? find_pids(s) : 0;
}

int feed_open(struct feed **out, const struct options *o, enum feed_want want)
{
    struct feed *s = *out = calloc(1, sizeof *s);
    if (!s)
        return fail(EXIT_FAILED, "out of memory");
    s->o = o;
    int e = o->input ? 0 : open_agent(s, want);
    if (e) {
        feed_close(s);
        *out = NULL;
    }
    return e;
}

static struct agent_snapshot *take_file(const char *name)
{
    char *error = NULL;
    FILE *f = strcmp(name, "-") == 0 ? stdin : fopen(name, "re");
    if (!f) {
        fail(0, "%s cannot be read: %s", name, strerror(errno));
        return NULL;
    }
    struct agent_snapshot *snap = load_snapshot(f, strcmp(name, "-") == 0 ? "stdin" : name, &error);
    if (f != stdin)
        fclose(f);
    if (!snap)
        fail(0, "%s", error ? error : "out of memory");
    free(error);
    return snap;
}

bool feed_wants(const struct feed *s, pid_t pid)
{
    for (size_t i = 0; i < s->o->npids; i++)
        if (s->o->pids[i] == pid)
            return true;
    return s->o->npids == 0;
}

/* Frees the processes that nobody asked for. */
static void leave_out(const struct feed *s, struct agent_snapshot *snap)
{
    struct agent_snapshot *rest = calloc(1, sizeof *rest);
    size_t kept = 0;
    if (!rest || !(rest->processes = calloc(snap->nprocesses + 1, sizeof *rest->processes))) {
        free(rest);
        return;
    }
    for (size_t i = 0; i < snap->nprocesses; i++) {
        if (feed_wants(s, snap->processes[i].pid))
            snap->processes[kept++] = snap->processes[i];
        else
            rest->processes[rest->nprocesses++] = snap->processes[i];
    }
    snap->nprocesses = kept;
    agent_snapshot_free(rest);
}

struct agent_snapshot *feed_take(struct feed *s)
{
    if (s->o->input)
        return take_file(s->o->input);
    struct agent_snapshot *snap = agent_snapshot_take(s->agent);
    if (!snap)
        fail(0, "%s", agent_error(s->agent));
    else if (s->o->npids > 1)
        leave_out(s, snap);
    return snap;
}

const char *feed_lacks(const struct feed *s)
{
    if (s->o->input)
        return "";
    const struct agent_info *info = agent_info(s->agent);
    if (info->note[0])
        return info->note;
    if (geteuid() == 0)
        return "";
    if (info->daemon || info->bpf)
        return s->o->npids ? "" : "only your own processes; all of them: sudo";
    if (!s->o->npids && info->refused)
        return "only your own processes; all of them, loss check and run counts: sudo";
    return "from the stats block; loss, run counts, outside times need BPF: sudo, jitstatd";
}

void feed_note(const struct feed *s)
{
    if (feed_lacks(s)[0])
        fail(0, "%s", feed_lacks(s));
}

void feed_nothing(void)
{
    fail(0, "no process runs a JIT of ours: start one with jitlua, or see `jitstat --help`");
}

struct agent *feed_agent(struct feed *s)
{
    return s->agent;
}

void feed_close(struct feed *s)
{
    if (!s)
        return;
    agent_free(s->agent);
    free(s);
}

/* Until the time is over, or Ctrl-C, which then only ends the waiting. */
static void look_on(long ms)
{
    struct timespec wait = {ms / 1000, ms % 1000 * 1000000};
    sigset_t set, old;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, &old);
    fail(0, "watching for %.1f s; Ctrl-C ends it sooner", (double)ms / 1000);
    sigtimedwait(&set, NULL, &wait);
    sigprocmask(SIG_SETMASK, &old, NULL);
}

/* What happens from now on for o->interval_ms. */
static struct agent_snapshot *take_interval(struct feed *s, struct options *o)
{
    struct agent_snapshot *then = feed_take(s), *now;
    if (!then)
        return NULL;
    look_on(o->interval_ms);
    if ((now = feed_take(s))) {
        o->watched = (double)(now->time_ns - then->time_ns) / 1e9;
        snapshot_since(now, then);
    }
    agent_snapshot_free(then);
    return now;
}

int feed_once(const struct options *asked, enum feed_want want, int (*show)(const struct options *o, const struct agent_snapshot *s))
{
    struct feed *s;
    struct options mine = *asked, *o = &mine;
    int e = feed_open(&s, o, want);
    if (e)
        return e;
    struct agent_snapshot *snap = o->interval_ms ? take_interval(s, o) : feed_take(s);
    e = snap ? show(o, snap) : EXIT_FAILED;
    if (snap && !e && !o->json) {
        fflush(stdout);
        if (!snap->nprocesses && !o->input)
            feed_nothing();
        feed_note(s);
    }
    agent_snapshot_free(snap);
    feed_close(s);
    return e;
}
