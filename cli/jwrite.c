/* jwrite.c: JSON with its commas in the right places, and the members that several commands write
 * alike, so that a key means the same everywhere. Numbers are exact: counts as integers, seconds
 * with nine decimals.
 */
#include <inttypes.h>
#include <string.h>

#include "cli/cli.h"

static void member(struct json *j, const char *key)
{
    if (j->comma)
        fputc(',', j->f);
    j->comma = true;
    if (key)
        fprintf(j->f, "\"%s\":", key);
}

void json_open(struct json *j, const char *key, char bracket)
{
    member(j, key);
    fputc(bracket, j->f);
    j->comma = false;
}

void json_close(struct json *j, char bracket)
{
    fputc(bracket == '{' ? '}' : ']', j->f);
    j->comma = true;
}

void json_u64(struct json *j, const char *key, uint64_t n)
{
    member(j, key);
    fprintf(j->f, "%" PRIu64, n);
}

void json_double(struct json *j, const char *key, double n)
{
    member(j, key);
    fprintf(j->f, "%.6g", n);
}

void json_seconds(struct json *j, const char *key, uint64_t ns)
{
    member(j, key);
    fprintf(j->f, "%" PRIu64 ".%09" PRIu64, ns / 1000000000u, ns % 1000000000u);
}

void json_bool(struct json *j, const char *key, bool b)
{
    member(j, key);
    fputs(b ? "true" : "false", j->f);
}

void json_null(struct json *j, const char *key)
{
    member(j, key);
    fputs("null", j->f);
}

void json_string(struct json *j, const char *key, const char *s)
{
    member(j, key);
    print_json_string(j->f, s);
}

/* ---- totals ---- */

void json_counters(struct json *j, const struct jitstat_totals *t)
{
    json_open(j, "counters", '{');
    for (int c = 0; c < JITSTAT_NCOUNTERS; c++)
        json_u64(j, counter_name(c), t->counters[c]);
    json_close(j, '{');
}

void json_times(struct json *j, const struct jitstat_totals *t)
{
    json_open(j, "counter_times", '{');
    for (int i = 0; i < JITSTAT_NTIMES; i++)
        json_seconds(j, time_name(i), t->times_ns[i]);
    json_close(j, '{');
}

void json_loss(struct json *j, const struct agent_loss *l)
{
    json_open(j, "loss", '{');
    json_u64(j, "missed", l->missed);
    json_u64(j, "ring_full", l->ring_full);
    json_u64(j, "map_full", l->map_full);
    json_u64(j, "late", l->late);
    json_close(j, '{');
}

/* ---- records ---- */

static void whose(struct json *j, const struct row_vm *of, bool with_pid)
{
    if (!with_pid)
        return;
    json_u64(j, "pid", (uint64_t)of->p->pid);
    json_string(j, "comm", of->p->comm);
    json_u64(j, "vm", of->vm->id);
}

static void json_kind(struct json *j, uint32_t kind)
{
    json_string(j, "kind", (char[]){kind_letter(kind), 0});
}

static void alarm_members(struct json *j, const struct row_vm *of, bool with_pid)
{
    for (size_t i = 0; i < of->vm->nalarms; i++) {
        const struct jitstat_alarm_rec *r = &of->vm->alarms[i];
        json_open(j, NULL, '{');
        whose(j, of, with_pid);
        json_string(j, "alarm", alarm_row(r->alarm)->name);
        json_string(j, "what", alarm_row(r->alarm)->what);
        json_string(j, "file", r->file);
        json_u64(j, "line", r->line);
        json_u64(j, "count", r->count);
        json_string(j, "detail", r->detail);
        if (r->number)
            json_u64(j, "number", r->number);
        json_string(j, "advice", alarm_advice(r->alarm, r->detail));
        json_close(j, '{');
    }
}

void json_alarms(struct json *j, const struct row_vm *of, bool with_pid)
{
    json_open(j, "alarms", '[');
    alarm_members(j, of, with_pid);
    json_close(j, '[');
}

void json_all_alarms(struct json *j, const struct agent_snapshot *s)
{
    json_open(j, "alarms", '[');
    for (size_t i = 0; i < s->nprocesses; i++)
        for (size_t k = 0; k < s->processes[i].nvms; k++)
            alarm_members(j, &(struct row_vm){&s->processes[i], &s->processes[i].vms[k]}, true);
    json_close(j, '[');
}

void json_loop(struct json *j, const struct row_loop *r, bool with_pid)
{
    const struct jitstat_loop *l = r->l;
    json_open(j, NULL, '{');
    whose(j, &r->of, with_pid);
    json_u64(j, "number", l->number);
    json_kind(j, l->kind);
    json_string(j, "greenkey", l->name);
    json_u64(j, "line", l->line);
    json_string(j, "state", l->state == 2 ? "freed" : "live");
    json_u64(j, "runs", l->runs);
    json_u64(j, "entry_runs", l->entry_runs);
    json_u64(j, "exits", r->exits);
    json_u64(j, "ops", l->nops);
    json_u64(j, "guards", l->nguards);
    json_u64(j, "code_size", l->code_size);
    json_u64(j, "code_addr", l->code_addr);
    if (l->kind == JITSTAT_KIND_BRIDGE) {
        json_u64(j, "parent", l->parent);
        json_u64(j, "guard", l->guard_number);
    }
    json_close(j, '{');
}

void json_abort(struct json *j, const struct row_abort *r, bool with_pid)
{
    const struct jitstat_abort_site *s = r->site;
    json_open(j, NULL, '{');
    whose(j, &r->of, with_pid);
    json_string(j, "reason", abort_row(s->reason)->name);
    json_kind(j, s->kind);
    json_string(j, "file", s->file);
    json_u64(j, "line", s->line);
    json_u64(j, "count", s->count);
    json_seconds(j, "seconds_lost", s->ns_lost);
    json_string(j, "what", abort_row(s->reason)->help);
    json_string(j, "advice", abort_row(s->reason)->advice);
    json_close(j, '{');
}

void json_exit(struct json *j, const struct row_exit *r, bool with_pid)
{
    char room[JITSTAT_NAME_LEN];
    uint64_t all = r->of.vm->own.guard_exits;
    json_open(j, NULL, '{');
    whose(j, &r->of, with_pid);
    json_u64(j, "number", r->l->number);
    json_kind(j, r->l->kind);
    json_string(j, "greenkey", r->l->name);
    json_u64(j, "guard", r->e->guard);
    json_string(j, "exit", exit_name(r->e->kind));
    json_u64(j, "op", r->e->op);
    json_string(j, "file", r->e->file ? r->e->file : loop_file(r->l, room));
    json_u64(j, "line", r->e->line);
    json_u64(j, "exits", r->e->exits);
    json_double(j, "share", all ? (double)r->e->exits / (double)all : 0);
    if (r->bridge)
        json_u64(j, "bridge", r->bridge->number);
    else
        json_null(j, "bridge");
    json_u64(j, "bridge_runs", r->bridge ? r->bridge->runs : 0);
    json_close(j, '{');
}
