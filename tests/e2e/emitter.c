/* emitter.c: a program that has no engine and fires its events, so that the chain from the stats
 * block to the command line is tested by numbers that are known beforehand.
 *
 * The arguments are steps, done one after the other:
 *   loops=N bridges=N entries=N  compiles N traces of that kind (tracing, optimize, backend, compile)
 *   aborts=N                     aborts N recordings, the reasons in turn, three source places
 *   free=N flush=N blacklist=N exits=N alarms=N   as their names say
 *   vm=guest                     begins another VM and goes on with it
 *   end                          ends the VM of the moment
 *   snapshot                     get_stats_snapshot: fires the event, prints the copy as JSON
 *   runs=N                       N runs of every loop if counts are on (`count` watched)
 *   leave=N                      N + n exits through guard 1 of the n-th trace, at line 200 + n
 *   wait                         prints "ready", reads a line or the end of stdin
 *   until=EVENT                  returns when EVENT's probe is watched; until=-EVENT: is not
 *   thread=N                     N threads with a VM and 5 loops each
 *   fork                         forks; the child does the remaining steps, the parent waits for it first
 *   nest                         a tracing in a hook in a tracing
 *   evil=WHAT                    damages the block: magic, chain, seq, names, count, size
 *   exec=PROGRAM                 executes PROGRAM with the remaining steps
 *   bigkey=N                     compiles a loop whose green key has N bytes
 *   unlink=FILE                  removes it (its own program, say)
 *   kill=N exit=N                ends
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "emitter.h"
#include "obs/obs.h"

struct state {
    struct obs_vm *vm;
    uint64_t number;
    struct jitstat_loop *recs[4096];
    struct jitstat_guard *guards[4096]; /* three of each */
    uint64_t nrecs;
};

static void compile_one(struct state *s, char kind)
{
    char name[64];
    int line = 10 + (int)(s->number % 50);
    snprintf(name, sizeof name, "prog.lua:%d", line);
    struct obs_place at = {kind, 0, name, "prog.lua", line};
    struct obs_vm *vm = s->vm;
    struct jitstat_guard *guards;
    void *code = (void *)(0x10000 + s->number * 256);
    obs_timer_enter(vm, JITSTAT_T_TRACING);
    obs_ev_tracing_begin(vm, &at);
    obs_count(vm, JITSTAT_C_OPS, 31);
    obs_count(vm, JITSTAT_C_RECORDED_OPS, 29);
    obs_count(vm, JITSTAT_C_GUARDS, 5);
    at.number = ++s->number;
    obs_timer_enter(vm, JITSTAT_T_OPTIMIZE);
    obs_ev_optimize_begin(vm, &at);
    obs_count(vm, JITSTAT_C_OPT_OPS, 17);
    obs_count(vm, JITSTAT_C_OPT_GUARDS, 3);
    obs_ev_optimize_end(vm, &at, obs_timer_leave(vm, JITSTAT_T_OPTIMIZE));
    obs_timer_enter(vm, JITSTAT_T_BACKEND);
    obs_ev_backend_begin(vm, &at);
    obs_ev_backend_end(vm, &at, obs_timer_leave(vm, JITSTAT_T_BACKEND), code, 128);
    struct jitstat_loop *l = obs_loop_add(vm, &at, code, 128, 17, kind == 'b', 2, 3, &guards);
    if (l && s->nrecs < sizeof s->recs / sizeof s->recs[0]) {
        s->guards[s->nrecs] = guards;
        s->recs[s->nrecs++] = l;
    }
    obs_ev_compile(vm, &at, code, 128, 17, 3, kind == 'b', kind == 'b' ? 2 : 0);
    obs_ev_tracing_end(vm, &at, obs_timer_leave(vm, JITSTAT_T_TRACING));
}

static void big_key(struct state *s, size_t n)
{
    char *name = malloc(n + 1);
    memset(name, 'k', n);
    memcpy(name + n - 7, "end:123", 8);
    struct obs_place at = {'l', ++s->number, name, name, 123};
    obs_ev_tracing_begin(s->vm, &at);
    struct jitstat_loop *l = obs_loop_add(s->vm, &at, NULL, 128, 17, 0, 0, 0, NULL);
    if (l && s->nrecs < sizeof s->recs / sizeof s->recs[0])
        s->recs[s->nrecs++] = l;
    obs_ev_compile(s->vm, &at, NULL, 128, 17, 0, 0, 0);
    obs_ev_abort(s->vm, &at, JITSTAT_A_NYI_CALL, 1, name, 123);
    obs_ev_tracing_end(s->vm, &at, 0);
    free(name);
}

static void abort_one(struct state *s, int i)
{
    struct obs_place at = {'l', 0, "prog.lua:7", "prog.lua", 7};
    obs_timer_enter(s->vm, JITSTAT_T_TRACING);
    obs_ev_tracing_begin(s->vm, &at);
    obs_count(s->vm, JITSTAT_C_OPS, 13);
    uint64_t ns = obs_timer_leave(s->vm, JITSTAT_T_TRACING);
    obs_ev_abort(s->vm, &at, i % JITSTAT_NABORTS, ns, "lib/slow.lua", 100 + i % 3);
    obs_ev_tracing_end(s->vm, &at, ns);
}

/* A hook that runs code which is traced itself: its time belongs to the inner tracing only. */
static void nest(struct state *s)
{
    struct obs_place at = {'l', 0, "prog.lua:8", "prog.lua", 8};
    obs_timer_enter(s->vm, JITSTAT_T_TRACING);
    obs_ev_tracing_begin(s->vm, &at);
    obs_timer_pause(s->vm);
    compile_one(s, 'l');
    obs_timer_resume(s->vm);
    obs_ev_tracing_end(s->vm, &at, obs_timer_leave(s->vm, JITSTAT_T_TRACING));
}

static void print_snapshot(struct state *s)
{
    struct jitstat_totals t;
    obs_ev_snapshot(s->vm, &t);
    printf("{\"vm\":%u,\"pid\":%d,\"counters\":{", s->vm->blk->id, (int)getpid());
    for (int c = 0; c < JITSTAT_NCOUNTERS; c++)
        printf("%s\"%s\":%llu", c ? "," : "", obs_counter_name(c), (unsigned long long)t.counters[c]);
    printf("},\"times_ns\":{\"TRACING\":%llu,\"BACKEND\":%llu,\"OPTIMIZE\":%llu},\"events\":{",
           (unsigned long long)t.times_ns[JITSTAT_T_TRACING], (unsigned long long)t.times_ns[JITSTAT_T_BACKEND],
           (unsigned long long)t.times_ns[JITSTAT_T_OPTIMIZE]);
    for (int e = 0; e < JITSTAT_NEVENTS; e++)
        printf("%s\"%s\":%llu", e ? "," : "", obs_event_name(e), (unsigned long long)t.events[e]);
    printf("}}\n");
    fflush(stdout);
}

static void run_loops(struct state *s, uint64_t n)
{
    if (!jit_poll_word.count_semaphore)
        return;
    for (uint64_t i = 0; i < s->nrecs; i++) {
        obs_add(&s->recs[i]->runs, n + i);
        if (s->recs[i]->kind == JITSTAT_KIND_LOOP)
            obs_add(&s->recs[i]->entry_runs, 1);
    }
}

static void leave(struct state *s, uint64_t n)
{
    for (uint64_t i = 0; i < s->nrecs; i++) {
        struct jitstat_guard *g = &s->guards[i][1];
        g->line = (uint32_t)(201 + i);
        obs_add(&g->exits, n + i + 1);
        obs_add(&s->vm->blk->total.guard_exits, n + i + 1);
    }
}

static void until(const char *what)
{
    bool want = *what != '-';
    what += !want;
    for (int e = 0; e < JITSTAT_NEVENTS; e++)
        if (strcmp(obs_event_name(e), what) == 0)
            while (obs_watched(e) != want)
                sched_yield();
}

static void *thread_body(void *arg)
{
    struct state *s = calloc(1, sizeof *s);
    s->vm = obs_vm_begin("thread");
    for (int i = 0; i < 5; i++)
        compile_one(s, 'l');
    obs_vm_end(s->vm);
    free(s);
    return arg;
}

static void threads(int n)
{
    pthread_t id[64];
    for (int i = 0; i < n && i < 64; i++)
        if (pthread_create(&id[i], NULL, thread_body, NULL) != 0)
            exit(99);
    for (int i = 0; i < n && i < 64; i++)
        pthread_join(id[i], NULL);
}

static void fork_and_wait(void)
{
    fflush(stdout);
    pid_t child = fork();
    if (child > 0)
        waitpid(child, NULL, 0);
}

static void wait_line(void)
{
    char line[256];
    printf("ready\n");
    fflush(stdout);
    if (!fgets(line, sizeof line, stdin))
        clearerr(stdin);
}

/* Every string that the process writes is made of control characters. */
static void evil_names(struct state *s, struct jitstat_seg *seg)
{
    static const char bad[] = "\033\x9b\xff\n";
    struct jitstat_vm *v = s->vm->blk;
    struct jitstat_abort_chunk *c = v->aborts ? (struct jitstat_abort_chunk *)((char *)seg + v->aborts) : NULL;
    for (uint64_t i = 0; i < s->nrecs; i++)
        memset(s->recs[i]->name, bad[i % 4], JITSTAT_NAME_LEN);
    for (uint64_t i = 0; c && i < c->used; i++)
        memset(c->site[i].file, bad[i % 4], JITSTAT_ABORT_FILE_LEN);
    for (int i = 0; i < JITSTAT_ALARMS; i++) {
        memset(v->alarms[i].file, bad[i % 4], JITSTAT_ABORT_FILE_LEN);
        memset(v->alarms[i].detail, bad[i % 4], JITSTAT_DETAIL_LEN);
    }
    memset(v->guest, '\033', sizeof v->guest);
    prctl(PR_SET_NAME, "\033[31m\x9b\n\"");
}

/* Lies that a reader has to survive. */
static void evil(struct state *s, const char *what)
{
    struct jitstat_vm *v = s->vm->blk;
    struct jitstat_seg *seg = (struct jitstat_seg *)((char *)v - v->self_off);
    if (strcmp(what, "magic") == 0)
        seg->magic = 1;
    else if (strcmp(what, "size") == 0)
        seg->size = ~0ull, seg->vm_size = 8, seg->vm_off = ~0ull - 100;
    else if (strcmp(what, "count") == 0)
        seg->vms_used = ~0u, v->loops_n = ~0ull, v->aborts_n = ~0ull;
    else if (strcmp(what, "chain") == 0 && s->nrecs) {
        struct jitstat_loop_chunk *c = (struct jitstat_loop_chunk *)((char *)seg + v->loops);
        c->next = v->loops, c->used = ~0ull; /* a ring of chunks, too many records */
        v->aborts = seg->size - 8;
    } else if (strcmp(what, "seq") == 0)
        v->seq |= 1;
    else if (strcmp(what, "names") == 0)
        evil_names(s, seg);
}

static void many(struct state *s, const char *what, int n)
{
    struct obs_place at = {'l', 1, "prog.lua:10", "prog.lua", 10};
    for (int i = 0; i < n; i++) {
        if (strcmp(what, "loops") == 0)
            compile_one(s, 'l');
        else if (strcmp(what, "bridges") == 0)
            compile_one(s, 'b');
        else if (strcmp(what, "entries") == 0)
            compile_one(s, 'e');
        else if (strcmp(what, "aborts") == 0)
            abort_one(s, i);
        else if (strcmp(what, "free") == 0) {
            obs_loop_freed(s->vm, (uint64_t)i < s->nrecs ? s->recs[i] : NULL);
            at.number = (uint64_t)i + 1;
            obs_ev_free(s->vm, &at, NULL, 128);
        } else if (strcmp(what, "flush") == 0)
            obs_ev_flush(s->vm, "test", 1);
        else if (strcmp(what, "blacklist") == 0)
            obs_ev_blacklist(s->vm, &at, obs_abort_name(JITSTAT_A_NYI_CALL), 6);
        else if (strcmp(what, "exits") == 0)
            obs_ev_exit_hot(s->vm, &at, 2, 12);
        else if (strcmp(what, "alarms") == 0)
            obs_alarm(s->vm, JITSTAT_AL_BLACKLISTED, &(struct obs_place){.file = "prog.lua", .line = i}, "ABORT_NYI_CALL");
        else
            exit(98);
    }
}

static void step(struct state *s, char **argv)
{
    char what[32] = "";
    const char *eq = strchr(argv[0], '=');
    const char *value = eq ? eq + 1 : "1";
    snprintf(what, sizeof what, "%.*s", eq ? (int)(eq - argv[0]) : 31, argv[0]);
    int n = atoi(value);
    if (argv[0][0] == '/' || strcmp(what, "dlopen") == 0)
        return; /* started by #!: the script itself; or by loader.c */
    if (strcmp(what, "vm") == 0) {
        memset(s, 0, sizeof *s);
        s->vm = obs_vm_begin(value);
    } else if (strcmp(what, "end") == 0)
        obs_vm_end(s->vm), s->vm = NULL;
    else if (strcmp(what, "snapshot") == 0)
        print_snapshot(s);
    else if (strcmp(what, "runs") == 0)
        run_loops(s, (uint64_t)n);
    else if (strcmp(what, "leave") == 0)
        leave(s, (uint64_t)n);
    else if (strcmp(what, "wait") == 0)
        wait_line();
    else if (strcmp(what, "until") == 0)
        until(value);
    else if (strcmp(what, "thread") == 0)
        threads(n);
    else if (strcmp(what, "fork") == 0)
        fork_and_wait();
    else if (strcmp(what, "nest") == 0)
        nest(s);
    else if (strcmp(what, "evil") == 0)
        evil(s, value);
    else if (strcmp(what, "exec") == 0) {
        argv[0] = (char *)value;
        execv(value, argv);
        exit(97);
    } else if (strcmp(what, "bigkey") == 0)
        big_key(s, (size_t)n);
    else if (strcmp(what, "unlink") == 0)
        unlink(value);
    else if (strcmp(what, "kill") == 0)
        kill(getpid(), n);
    else if (strcmp(what, "exit") == 0)
        exit(n);
    else
        many(s, what, n);
}

__attribute__((visibility("default"))) int emitter_main(int argc, char **argv)
{
    static struct state s;
    s.vm = obs_vm_begin("emit");
    for (int i = 1; i < argc; i++)
        step(&s, argv + i);
    if (s.vm)
        obs_vm_end(s.vm);
    return 0;
}
