/* load.c: a snapshot from the JSON that `snapshot -j` or `run -j` wrote, so that every view can be
 * made of a saved one, and two can be compared.
 *
 * Unknown keys, counters and reasons are skipped: a newer jitstat may have written the file.
 *
 * Before it: jread.c. After it: rows.c.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

static void copy(char *to, size_t size, const char *from)
{
    snprintf(to, size, "%s", from);
}

static size_t length(const struct jnode *list)
{
    size_t n = 0;
    for (const struct jnode *c = list ? list->child : NULL; c; c = c->next)
        n++;
    return n;
}

/* Room for the elements of a list; *n gets their number, 0 if there is no memory. */
static void *room_for(const struct jnode *list, size_t size, size_t *n)
{
    *n = length(list);
    void *p = *n ? calloc(*n, size) : NULL;
    if (!p)
        *n = 0;
    return p;
}

/* ---- totals ---- */

static void load_totals(struct jitstat_totals *t, const struct jnode *v)
{
    const struct jnode *counters = jget(v, "counters"), *events = jget(v, "events"), *code = jget(v, "code");
    for (int c = 0; c < JITSTAT_NCOUNTERS; c++)
        t->counters[c] = jnumber(counters, counter_name(c));
    for (int e = 0; e < JITSTAT_NEVENTS; e++)
        t->events[e] = jnumber(events, event_name(e));
    for (int i = 0; i < JITSTAT_NTIMES; i++)
        t->times_ns[i] = jnanoseconds(jget(v, "counter_times"), time_name(i));
    for (int h = 0; h < JITSTAT_NHOOKS; h++) {
        const struct jnode *hook = jget(jget(v, "hooks"), hook_name(h));
        t->hooks_called[h] = jnumber(hook, "called");
        t->hooks_suppressed[h] = jnumber(hook, "suppressed");
        t->hooks_failed[h] = jnumber(hook, "failed");
    }
    t->code_allocated = jnumber(code, "allocated");
    t->code_used = jnumber(code, "used");
    t->code_refused = jnumber(code, "refused");
    t->trace_entries = jnumber(v, "entries");
    t->guard_exits = jnumber(v, "exits");
    t->flushes = jnumber(v, "flushes");
    t->blacklisted = jnumber(v, "blacklisted");
}

static void load_loss(struct agent_loss *l, const struct jnode *n)
{
    l->missed = jnumber(n, "missed");
    l->ring_full = jnumber(n, "ring_full");
    l->map_full = jnumber(n, "map_full");
    l->late = jnumber(n, "late");
}

/* What BPF measured from outside, the one part of its entry that is saved. */
static void load_outside(struct agent_vm *vm, const struct jnode *n)
{
    if (!n || n->type != J_OBJECT || !(vm->bpf = calloc(1, sizeof *vm->bpf)))
        return;
    for (int t = 0; t < JITSTAT_NTIMES; t++) {
        const struct jnode *phase = jget(n, time_name(t)), *hist = jget(phase, "log2");
        struct phase_stat *p = &vm->bpf->phase[t];
        p->count = jnumber(phase, "count");
        p->ns = jnumber(phase, "ns");
        hist = hist ? hist->child : NULL;
        for (int i = 0; hist && i < HIST_SLOTS; i++, hist = hist->next)
            p->hist[i] = hist->type == J_NUMBER ? strtoull(hist->text, NULL, 10) : 0;
    }
}

/* ---- records ---- */

static void load_loop(struct jitstat_loop *l, const struct jnode *n)
{
    l->number = jnumber(n, "number");
    l->kind = (uint32_t)(unsigned char)jstring(n, "kind")[0];
    copy(l->name, sizeof l->name, jstring(n, "greenkey"));
    l->line = (uint32_t)jnumber(n, "line");
    l->state = strcmp(jstring(n, "state"), "freed") == 0 ? 2 : 1;
    l->runs = jnumber(n, "runs");
    l->entry_runs = jnumber(n, "entry_runs");
    l->nops = (uint32_t)jnumber(n, "ops");
    l->nguards = (uint32_t)jnumber(n, "guards");
    l->code_size = jnumber(n, "code_size");
    l->code_addr = jnumber(n, "code_addr");
    l->parent = jnumber(n, "parent");
    l->guard_number = (uint32_t)jnumber(n, "guard");
}

static bool load_exit(struct agent_exit *e, const struct jnode *n, const struct agent_vm *vm)
{
    uint64_t number = jnumber(n, "number");
    for (e->loop = 0; e->loop < vm->nloops && vm->loops[e->loop].number != number; e->loop++)
        ;
    e->guard = (uint32_t)jnumber(n, "guard");
    e->op = (uint32_t)jnumber(n, "op");
    e->line = (uint32_t)jnumber(n, "line");
    e->exits = jnumber(n, "exits");
    for (uint32_t k = JITSTAT_X_GUARD; k <= JITSTAT_X_DUE; k++)
        if (strcmp(jstring(n, "exit"), exit_name(k)) == 0)
            e->kind = k;
    e->file = jstring(n, "file")[0] ? strdup(jstring(n, "file")) : NULL;
    return e->loop < vm->nloops;
}

static void load_abort(struct jitstat_abort_site *s, const struct jnode *n)
{
    int reason = abort_number(jstring(n, "reason"));
    s->reason = reason < 0 ? JITSTAT_NABORTS : (uint32_t)reason;
    s->kind = (uint32_t)(unsigned char)jstring(n, "kind")[0];
    s->line = (uint32_t)jnumber(n, "line");
    s->count = jnumber(n, "count");
    s->ns_lost = jnanoseconds(n, "seconds_lost");
    copy(s->file, sizeof s->file, jstring(n, "file"));
}

static void load_alarms(struct agent_vm *vm, const struct jnode *list)
{
    for (const struct jnode *n = list ? list->child : NULL; n && vm->nalarms < JITSTAT_ALARMS; n = n->next) {
        int alarm = alarm_number(jstring(n, "alarm"));
        struct jitstat_alarm_rec *r = &vm->alarms[vm->nalarms];
        if (alarm <= 0)
            continue;
        r->alarm = (uint32_t)alarm;
        r->line = (uint32_t)jnumber(n, "line");
        r->count = jnumber(n, "count");
        r->number = jnumber(n, "number");
        copy(r->file, sizeof r->file, jstring(n, "file"));
        copy(r->detail, sizeof r->detail, jstring(n, "detail"));
        vm->nalarms++;
    }
}

static void load_exits(struct agent_vm *vm, const struct jnode *list)
{
    size_t n;
    vm->exits = room_for(list, sizeof *vm->exits, &n);
    for (const struct jnode *c = n ? list->child : NULL; c; c = c->next) {
        if (load_exit(&vm->exits[vm->nexits], c, vm))
            vm->nexits++;
        else
            free(vm->exits[vm->nexits].file);
    }
}

static void load_vm(struct agent_vm *vm, const struct jnode *v)
{
    const struct jnode *loops = jget(v, "loops"), *aborts = jget(v, "aborts");
    vm->id = (uint32_t)jnumber(v, "vm");
    vm->state = strcmp(jstring(v, "state"), "ended") == 0 ? 2 : 1;
    const struct jnode *from_block = jget(v, "from_block");
    vm->from_block = !from_block || from_block->truth;
    copy(vm->guest, sizeof vm->guest, jstring(v, "guest"));
    load_totals(&vm->own, v);
    load_loss(&vm->loss, jget(v, "loss"));
    vm->loops = room_for(loops, sizeof *vm->loops, &vm->nloops);
    const struct jnode *n = loops ? loops->child : NULL;
    for (size_t i = 0; i < vm->nloops; i++, n = n->next)
        load_loop(&vm->loops[i], n);
    vm->loops_lost = jnumber(v, "loops_lost");
    load_exits(vm, jget(v, "guard_exits"));
    vm->aborts = room_for(aborts, sizeof *vm->aborts, &vm->naborts);
    n = aborts ? aborts->child : NULL;
    for (size_t i = 0; i < vm->naborts; i++, n = n->next)
        load_abort(&vm->aborts[i], n);
    vm->aborts_lost = jnumber(v, "aborts_lost");
    load_alarms(vm, jget(v, "alarms"));
    load_outside(vm, jget(v, "outside"));
}

static void load_process(struct agent_process *p, const struct jnode *n)
{
    const struct jnode *vms = jget(n, "vms"), *exited = jget(n, "exited");
    p->pid = (pid_t)jnumber(n, "pid");
    p->uid = (uid_t)jnumber(n, "uid");
    p->exited = exited && exited->truth;
    copy(p->comm, sizeof p->comm, jstring(n, "comm"));
    p->vms = room_for(vms, sizeof *p->vms, &p->nvms);
    const struct jnode *v = vms ? vms->child : NULL;
    for (size_t i = 0; i < p->nvms; i++, v = v->next)
        load_vm(&p->vms[i], v);
    p->vms_lost = jnumber(n, "vms_lost");
}

static struct agent_snapshot *load_tree(const struct jnode *root)
{
    struct agent_snapshot *s = calloc(1, sizeof *s);
    const struct jnode *list = jget(root, "processes"), *bpf = jget(root, "bpf");
    if (!s)
        return NULL;
    s->processes = room_for(list, sizeof *s->processes, &s->nprocesses);
    const struct jnode *n = list->child;
    for (size_t i = 0; i < s->nprocesses; i++, n = n->next)
        load_process(&s->processes[i], n);
    load_loss(&s->loss, jget(root, "loss"));
    s->bpf = bpf && bpf->truth;
    return s;
}

/* ---- the file ---- */

static char *refuse(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static char *refuse(const char *fmt, ...)
{
    char *line = NULL;
    va_list ap;
    va_start(ap, fmt);
    if (vasprintf(&line, fmt, ap) < 0)
        line = NULL;
    va_end(ap);
    return line;
}

/* Is it one of ours? A vms list that is a number is `list -j`. */
static char *distrust(const struct jnode *root, const char *name)
{
    const struct jnode *list = jget(root, "processes");
    if (!list || list->type != J_ARRAY)
        return refuse("%s is no snapshot of jitstat: make one with `jitstat snapshot -a -j`", name);
    if (jnumber(root, "version") != 1)
        return refuse("%s has version %u, this jitstat reads 1: use the jitstat that wrote it", name, (unsigned)jnumber(root, "version"));
    for (const struct jnode *p = list->child; p; p = p->next)
        if (!jget(p, "vms") || jget(p, "vms")->type != J_ARRAY)
            return refuse("%s is a list of processes, no snapshot: make one with `jitstat snapshot -a -j`", name);
    for (const struct jnode *p = list->child; p; p = p->next)
        for (const struct jnode *v = jget(p, "vms")->child; v; v = v->next)
            if (!jget(v, "counters"))
                return refuse("%s is damaged: a VM without counters", name);
    return NULL;
}

static char *read_all(FILE *f)
{
    char *text = NULL;
    size_t room = 0;
    ssize_t n = getdelim(&text, &room, 0, f);
    if (n < 0) {
        free(text);
        return ferror(f) ? NULL : strdup("");
    }
    return text;
}

struct agent_snapshot *load_snapshot(FILE *f, const char *name, char **error)
{
    const char *why = NULL;
    struct agent_snapshot *s = NULL;
    char *text = read_all(f);
    if (!text) {
        *error = refuse("%s cannot be read: %s", name, strerror(errno));
        return NULL;
    }
    struct jnode *root = jparse(text, &why);
    *error = root ? distrust(root, name) : refuse("%s is no JSON: %s", name, text[0] ? why : "it is empty");
    if (root && !*error && !(s = load_tree(root)))
        *error = refuse("out of memory");
    jfree(root);
    free(text);
    return s;
}
