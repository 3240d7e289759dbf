/* cli.h: what the commands share. One file per command, one per output form; main.c has the table.
 *
 * The way of every view:
 *     options.c  what was asked for     feed.c    snapshots: of processes, or of a saved file (load.c)
 *     since.c    what happened in an interval               rows.c     what is to be shown, as sorted rows
 *     COMMAND.c  shows them: text, or JSON by jwrite.c
 *
 * Exit status: 0 ok, 1 failed (one line on stderr that says what to do), 2 wrong usage. `run`
 * exits with its command's status.
 *
 * Invariants
 *   1. strings that other processes wrote are printed by print_clean and print_json_string only;
 *   2. every view ends with the alarms and the loss, also when there are none;
 *   3. text stays below 80 columns unless the terminal is wider; colours only on a terminal.
 *
 * Before it on the walk: agent/.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdio.h>

#include "agent/agent.h"

enum { EXIT_OK = 0,
       EXIT_FAILED = 1,
       EXIT_USAGE = 2,
       EXIT_OWN = 125,
       EXIT_NOT_EXECUTABLE = 126,
       EXIT_NOT_FOUND = 127 };

struct command {
    const char *name;
    int (*run)(int argc, char **argv); /* argv[0] is the command's name; returns the exit status */
    const char *summary;
    const char *usage; /* printed after "usage: jitstat " */
    const char *accepts; /* options of options.c, their letters; NULL: parses its own */
};
extern const struct command cmd_run, cmd_snapshot, cmd_list, cmd_stat, cmd_loops, cmd_aborts, cmd_exits, cmd_why, cmd_trace, cmd_top,
    cmd_diff, cmd_doctor, cmd_metrics, cmd_dump;

/* ---- say.c ---- */
/* Prints "jitstat: ..." as one line on stderr and returns status. */
int fail(int status, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A usage error: the line, where to find help, EXIT_USAGE. */
int misuse(const struct command *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Prints the command's help on stdout; returns EXIT_OK. */
int help(const struct command *c);
/* A decimal number from min to max; false if text is anything else. */
bool number(const char *text, long min, long max, long *out);

/* ---- options.c: the options that most commands share ---- */
#define OPTIONS_PIDS 64
struct options {
    pid_t pids[OPTIONS_PIDS]; /* -p, several times or as a list */
    size_t npids; /* 0: all that may be read */
    bool all; /* -a: said aloud */
    bool json; /* -j */
    bool stamps; /* -T */
    bool counts; /* -c: with run counts */
    long rows; /* -r; 0: all */
    const char *sort; /* -S; NULL: the command's own */
    const char *input; /* -i: a saved snapshot */
    const char *columns; /* -C */
    const char *events; /* -e */
    char **files; /* arguments behind the options */
    size_t nfiles;
    long interval_ms; /* first argument, seconds; 0: none */
    long count; /* second argument; 0: for ever */
    double watched; /* seconds that feed_once looked on before it showed; 0: shown is all since the start */
};
/* Parses argv as c->accepts allows. Returns 0 to go on, -1 when help was shown, else the status. */
int options_parse(const struct command *c, struct options *o, int argc, char **argv);

/* ---- feed.c: where snapshots come from ---- */
struct feed;
enum feed_want { FEED_ALL,
                 FEED_TOTALS, /* snapshots without loops and exits: for sums and rates */
                 FEED_EVENTS }; /* for agent_events, with BPF if it may be had */
/* Opens what o asks for. Returns 0, or the exit status after one line on stderr. */
int feed_open(struct feed **out, const struct options *o, enum feed_want want);
/* The state now; processes that came since are in it, those that ended stay. NULL: said why. */
struct agent_snapshot *feed_take(struct feed *s);
bool feed_wants(const struct feed *s, pid_t pid);
/* What the caller does not see, and what it needs, one line; "": sees all. feed_note says it on
 * stderr. */
const char *feed_lacks(const struct feed *s);
void feed_note(const struct feed *s);
/* Says that there is no process to be seen. */
void feed_nothing(void);
struct agent *feed_agent(struct feed *s);
void feed_close(struct feed *s);
/* For commands that look once: opens, takes, calls show, closes. With an interval show gets what
 * happened in it (Ctrl-C shortens it). Returns the exit status. */
int feed_once(const struct options *o, enum feed_want want, int (*show)(const struct options *o, const struct agent_snapshot *s));

/* ---- since.c ---- */
/* Leaves in now what happened since then; levels stay. Both are of one source. */
void snapshot_since(struct agent_snapshot *now, const struct agent_snapshot *then);

/* ---- load.c: a snapshot from its JSON ---- */
/* Freed with agent_snapshot_free. NULL: *error has one line, to be freed. */
struct agent_snapshot *load_snapshot(FILE *f, const char *name, char **error);

/* ---- names.c: what the tables say ---- */
struct abort_row {
    const char *name, *help, *advice;
};
struct alarm_row {
    const char *name, *what, *advice;
};
const char *counter_name(int c);
const char *event_name(int e);
struct event_arg {
    enum { ARG_NUMBER,
           ARG_STRING,
           ARG_POINTER } type;
    const char *name;
};
/* What an event carries beside the common arguments. */
int event_args(int e);
const struct event_arg *event_arg(int e, int i);
const char *time_name(int t);
const char *hook_name(int h);
const char *kind_name(uint32_t kind);
char kind_letter(uint32_t kind);
const char *exit_name(uint32_t kind); /* of enum jitstat_exit: guard, end, poll, due */
const struct abort_row *abort_row(uint32_t reason); /* never NULL */
const struct alarm_row *alarm_row(uint32_t alarm); /* never NULL */
/* Is there nothing to do about such an abort? */
bool abort_needs_nothing(const struct abort_row *row);
/* Why a blacklisted place was given up; NULL: another alarm, or nothing is to be done about it. */
const struct abort_row *alarm_cause(uint32_t alarm, const char *detail);
/* What to do about an alarm: what its cause asks for, else what its row says. Never NULL. */
const char *alarm_advice(uint32_t alarm, const char *detail);
/* By name; -1: there is none. */
int counter_number(const char *name);
int event_number(const char *name);
int abort_number(const char *name);
int alarm_number(const char *name);

/* ---- jwrite.c: JSON with its commas in the right places ---- */
struct json {
    FILE *f;
    bool comma; /* before the next member */
};
/* key NULL: an element of an array, or the outermost. bracket is '{' or '['. */
void json_open(struct json *j, const char *key, char bracket);
void json_close(struct json *j, char bracket);
void json_u64(struct json *j, const char *key, uint64_t n);
void json_double(struct json *j, const char *key, double n);
void json_seconds(struct json *j, const char *key, uint64_t ns);
void json_bool(struct json *j, const char *key, bool b);
void json_null(struct json *j, const char *key);
void json_string(struct json *j, const char *key, const char *s);
/* ---- rows.c: what the views show ---- */
struct row_vm {
    const struct agent_process *p;
    const struct agent_vm *vm;
};
struct row_loop {
    struct row_vm of;
    const struct jitstat_loop *l;
    uint64_t exits; /* of all its guards */
};
struct row_abort {
    struct row_vm of;
    const struct jitstat_abort_site *site;
};
struct row_exit {
    struct row_vm of;
    const struct jitstat_loop *l;
    const struct agent_exit *e;
    const struct jitstat_loop *bridge; /* that took over, NULL: none */
};
struct rows {
    size_t nvms, nloops, naborts, nexits, nalarms;
    struct row_vm *vms;
    struct row_loop *loops;
    struct row_abort *aborts;
    struct row_exit *exits;
    uint64_t exits_total; /* exits through guards, of all VMs */
    uint64_t runs_total; /* 0: counts were never on */
};
/* Makes the rows of s, sorted: loops by o->sort (runs), aborts by time lost, exits by count. They
 * point into s. Returns false if there is no memory. */
bool rows_make(struct rows *r, const struct agent_snapshot *s, const char *loop_sort);
void rows_free(struct rows *r);
bool rows_sort_known(const char *loop_sort);
/* The loop's name without its ":line". */
const char *loop_file(const struct jitstat_loop *l, char room[JITSTAT_NAME_LEN]);
/* Where a guard's exit is: "file.lua:12". */
const char *exit_place(const struct row_exit *x, char room[JITSTAT_NAME_LEN + 16]);

/* ---- view.c: subject, rows, alarms, loss: one frame for all views ---- */
struct view {
    const char *name; /* the key of its rows in JSON */
    void (*text)(const struct rows *r, size_t n, const struct agent_snapshot *s); /* n rows, 0: all */
    void (*json)(struct json *j, const struct rows *r, size_t n);
    bool has_alarms; /* its text shows them itself */
};
int view_show(const struct view *v, const struct options *o, const struct agent_snapshot *s);

/* Of all VMs together. */
struct sum {
    struct jitstat_totals t;
    size_t processes, vms; /* that live */
    uint64_t alarms;
};
void sum_make(struct sum *out, const struct agent_snapshot *s);
/* What VMs did between two snapshots of one source; prev may be NULL: since their start. */
void sum_since(struct sum *out, const struct agent_snapshot *prev, const struct agent_snapshot *now);
const struct agent_vm *vm_before(const struct agent_snapshot *prev, const struct agent_process *p, const struct agent_vm *vm);
uint64_t totals_aborts(const struct jitstat_totals *t);

/* ---- output forms ---- */
void json_snapshot(FILE *f, const struct agent_snapshot *s, bool maps);
void text_snapshot(FILE *f, const struct agent_snapshot *s);
void text_list(FILE *f, const struct agent_snapshot *s);
void json_list(FILE *f, const struct agent_snapshot *s);
/* The end of every view. */
void text_tail(FILE *f, const struct agent_snapshot *s, bool details);
void text_loss(FILE *f, const struct agent_loss *l);
/* "process 12 (jitlua), VM 1 (lua)", or how many processes and VMs, as a line; and the seconds that
 * were watched, if any. */
void text_subject(FILE *f, const struct rows *r, const struct agent_snapshot *s, double watched);
/* The column that says whose a row is, if there is more than one VM, and its title (of NULL). */
int text_whose(FILE *f, const struct rows *r, const struct row_vm *of);
/* Rows of the views, the first n (0: all), and how many were left out. */
void text_loops(FILE *f, const struct rows *r, size_t n);
void text_aborts(FILE *f, const struct rows *r, size_t n);
void text_exits(FILE *f, const struct rows *r, size_t n);
void text_why(FILE *f, const struct rows *r, size_t n);
/* Below this many columns rows have only what matters most, and the place. */
#define OUT_NARROW 60

/* ---- jwrite.c: members that several commands write alike ---- */
void json_counters(struct json *j, const struct jitstat_totals *t);
void json_times(struct json *j, const struct jitstat_totals *t);
void json_loss(struct json *j, const struct agent_loss *l);
void json_alarms(struct json *j, const struct row_vm *of, bool with_pid);
void json_all_alarms(struct json *j, const struct agent_snapshot *s);
void json_loop(struct json *j, const struct row_loop *r, bool with_pid);
void json_abort(struct json *j, const struct row_abort *r, bool with_pid);
void json_exit(struct json *j, const struct row_exit *r, bool with_pid);

/* ---- jread.c: JSON in ---- */
struct jnode {
    enum { J_NULL,
           J_BOOL,
           J_NUMBER,
           J_STRING,
           J_ARRAY,
           J_OBJECT } type;
    char *key; /* of a member, NULL in arrays */
    char *text; /* of strings and numbers */
    bool truth;
    struct jnode *child, *next; /* first member or element; the next of the same parent */
};
/* Parses the one value that text holds. NULL: *error says why. Freed with jfree. */
struct jnode *jparse(const char *text, const char **error);
void jfree(struct jnode *n);
/* A member of an object; NULL: there is none, or n is no object. */
const struct jnode *jget(const struct jnode *n, const char *key);
uint64_t jnumber(const struct jnode *n, const char *key); /* 0: there is none */
uint64_t jnanoseconds(const struct jnode *n, const char *key);
const char *jstring(const struct jnode *n, const char *key); /* "": there is none */

/* ---- print.c: strings that other processes wrote, numbers, the terminal ---- */
/* Prints s, at most width columns (0: all), its head cut away if longer; what is not printable
 * UTF-8 becomes '?'. Returns the columns printed. */
int print_clean(FILE *f, const char *s, int width);
/* The same, then blanks up to width. */
void print_padded(FILE *f, const char *s, int width);
/* Prints s as a JSON string. */
void print_json_string(FILE *f, const char *s);
/* 1234567 as "1.2M": bytes with base 1024. */
const char *human_bytes(uint64_t n, char room[16]);
/* 1234567 as "1.2M", at most five columns; up to 99999 as it is. */
const char *human_count(uint64_t n, char room[16]);
/* Nanoseconds as "12.3 ms". */
const char *human_ns(uint64_t ns, char room[16]);
/* Columns that a line may have: the terminal's less one, 79 elsewhere. */
int out_width(FILE *f);
void out_set_width(int columns); /* from here on; 0: as the terminal is */
/* Colours, if f is a terminal that has them and NO_COLOR is not set. */
enum ink { INK_PLAIN,
           INK_BOLD,
           INK_RED,
           INK_YELLOW,
           INK_REVERSE };
void ink(FILE *f, enum ink i);
/* Cleaned as by print_clean, in lines of the width. */
void print_wrapped(FILE *f, int indent, const char *text);
void print_words(FILE *f, int indent, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* A line of its own in bold. */
void print_head(FILE *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
