/* feed.c: where snapshots come from: the processes that were asked for, all that may be read, or
 * a saved file. The one place of cli/ that opens an agent to look (run.c opens its own to start).
 *
 * Before it: agent/. After it: rows.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

struct feed {
    const struct options *o;
    struct agent *agent;
    size_t refused; /* processes of others that may not be looked into */
};

static int open_pids(struct feed *s)
{
    size_t found = 0;
    for (size_t i = 0; i < s->o->npids; i++) {
        if (agent_add_pid(s->agent, s->o->pids[i]) == 0)
            found++;
        else if (s->o->npids > 1)
            fail(0, "%s", agent_error(s->agent)); /* the others are shown all the same */
        else
            return fail(EXIT_FAILED, "%s", agent_error(s->agent));
    }
    return found ? 0 : EXIT_FAILED;
}

int feed_open(struct feed **out, const struct options *o)
{
    struct feed *s = *out = calloc(1, sizeof *s);
    if (!s || (!o->input && agent_new(&s->agent) < 0)) {
        free(s);
        *out = NULL;
        return fail(EXIT_FAILED, "out of memory");
    }
    s->o = o;
    int e = o->input || !o->npids ? 0 : open_pids(s);
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

struct agent_snapshot *feed_take(struct feed *s)
{
    if (s->o->input)
        return take_file(s->o->input);
    if (!s->o->npids && agent_add_all(s->agent, &s->refused) < 0) {
        fail(0, "%s", agent_error(s->agent));
        return NULL;
    }
    struct agent_snapshot *snap = agent_snapshot_take(s->agent);
    if (!snap)
        fail(0, "%s", agent_error(s->agent));
    return snap;
}

void feed_note(const struct feed *s)
{
    if (s->o->input || geteuid() == 0)
        return;
    if (!s->o->npids && s->refused)
        fail(0, "only your own processes are shown: sudo shows all, and what BPF adds (loss check, run counts)");
    else
        fail(0, "from the stats block; loss check, run counts and times from outside need BPF: use sudo");
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

int feed_once(const struct options *o, int (*show)(const struct options *o, const struct agent_snapshot *s))
{
    struct feed *s;
    int e = feed_open(&s, o);
    if (e)
        return e;
    struct agent_snapshot *snap = feed_take(s);
    e = snap ? show(o, snap) : EXIT_FAILED;
    if (snap && !e && !o->json) {
        fflush(stdout);
        feed_note(s);
    }
    agent_snapshot_free(snap);
    feed_close(s);
    return e;
}
