/* names.c: what the tables say about numbers: names of counters, events, times and kinds, reasons
 * of aborts and alarms with their advice. The only file of cli/ that includes the tables.
 */
#include <string.h>

#include <jitstat/advice.h>

#include "cli/cli.h"

static const char *const counter_names[] = {
#define JITSTAT_COUNTER(NAME, source, help) #NAME,
#include <jitstat/counters.def>
};

static const char *const event_names[] = {
#define JITSTAT_EVENT(name, hook, args) #name,
#include <jitstat/events.def>
};

/* The arguments from the seventh on; type names of the table become the enum's. */
#define TYPE_u64 ARG_NUMBER
#define TYPE_str ARG_STRING
#define TYPE_ptr ARG_POINTER
static const struct event_arg args[][JITSTAT_ARGS_MAX - JITSTAT_ARGS_COMMON + 1] = {
#define JITSTAT_ARG(type, name) {TYPE_##type, #name},
#define JITSTAT_EVENT(name, hook, args) {args{0}},
#include <jitstat/events.def>
};

static const struct abort_row abort_rows[] = {
#define JITSTAT_ABORT(NAME, help, advice) {#NAME, help, advice},
#define JITSTAT_ABORT_PYPY JITSTAT_ABORT
#include <jitstat/aborts.def>
#undef JITSTAT_ABORT_PYPY
#undef JITSTAT_ABORT
};

static const struct alarm_row alarm_rows[] = {
    {"NONE", "no alarm", ""},
#define JITSTAT_ALARM(NAME, what, advice) {#NAME, what, advice},
#include <jitstat/alarms.def>
};

const char *counter_name(int c)
{
    return counter_names[c];
}

const char *event_name(int e)
{
    return event_names[e];
}

int event_args(int e)
{
    int n = 0;
    while (args[e][n].name)
        n++;
    return n;
}

const struct event_arg *event_arg(int e, int i)
{
    return &args[e][i];
}

const char *time_name(int t)
{
    static const char *const names[] = {
        [JITSTAT_T_TRACING] = "TRACING", [JITSTAT_T_BACKEND] = "BACKEND", [JITSTAT_T_OPTIMIZE] = "OPTIMIZE"};
    return names[t];
}

const char *hook_name(int h)
{
    static const char *const names[] = {
        [JITSTAT_H_OPTIMIZE] = "optimize", [JITSTAT_H_COMPILE] = "compile", [JITSTAT_H_ABORT] = "abort", [JITSTAT_H_TOO_LONG] = "too_long"};
    return names[h];
}

static int position(const char *const *names, int n, const char *name)
{
    for (int i = 0; i < n; i++)
        if (strcmp(names[i], name) == 0)
            return i;
    return -1;
}

int counter_number(const char *name)
{
    return position(counter_names, JITSTAT_NCOUNTERS, name);
}

int event_number(const char *name)
{
    return position(event_names, JITSTAT_NEVENTS, name);
}

const struct abort_row *abort_row(uint32_t reason)
{
    static const struct abort_row unknown = {"?", "a reason of another version", "use the jitstat of the program's version"};
    return reason < JITSTAT_NABORTS ? &abort_rows[reason] : &unknown;
}

int abort_number(const char *name)
{
    for (int i = 0; i < JITSTAT_NABORTS; i++)
        if (strcmp(abort_rows[i].name, name) == 0)
            return i;
    return -1;
}

const struct alarm_row *alarm_row(uint32_t alarm)
{
    static const struct alarm_row unknown = {"?", "an alarm of another version", "use the jitstat of the program's version"};
    return alarm < JITSTAT_NALARMS ? &alarm_rows[alarm] : &unknown;
}

bool abort_needs_nothing(const struct abort_row *row)
{
    return strncmp(row->advice, JITSTAT_NO_ADVICE, strlen(JITSTAT_NO_ADVICE)) == 0;
}

const struct abort_row *alarm_cause(uint32_t alarm, const char *detail)
{
    int cause = jitstat_alarm_cause(alarm, detail);
    return cause >= 0 ? &abort_rows[cause] : NULL;
}

const char *alarm_advice(uint32_t alarm, const char *detail)
{
    const struct abort_row *cause = alarm_cause(alarm, detail);
    return cause ? cause->advice : alarm_row(alarm)->advice;
}

int alarm_number(const char *name)
{
    for (int i = 0; i < JITSTAT_NALARMS; i++)
        if (strcmp(alarm_rows[i].name, name) == 0)
            return i;
    return -1;
}

const char *exit_name(uint32_t kind)
{
    static const char *const names[] = {
        [JITSTAT_X_GUARD] = "guard", [JITSTAT_X_END] = "end", [JITSTAT_X_POLL] = "poll", [JITSTAT_X_DUE] = "due"};
    return kind < sizeof names / sizeof names[0] ? names[kind] : "?";
}

/* A liar's kind is not a letter of ours: it becomes a loop. */
char kind_letter(uint32_t kind)
{
    return kind == JITSTAT_KIND_BRIDGE ? 'b' : kind == JITSTAT_KIND_ENTRY ? 'e'
                                                                          : 'l';
}

const char *kind_name(uint32_t kind)
{
    return kind == JITSTAT_KIND_BRIDGE ? "bridge" : kind == JITSTAT_KIND_ENTRY ? "entry"
                                                                               : "loop";
}
