/* Rows, sums, and a snapshot that is written and read back: the same rows. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

static struct jitstat_loop loops[4] = {
    {.kind = 'l', .number = 1, .runs = 5, .code_size = 300, .nops = 9, .nguards = 3, .state = 1, .line = 12, .name = "a.lua:12"},
    {.kind = 'b', .number = 2, .runs = 50, .code_size = 100, .nops = 30, .nguards = 1, .state = 1, .parent = 1, .guard_number = 2, .line = 7, .name = "b:c.lua:7"},
    {.kind = 'e', .number = 3, .runs = 50, .code_size = 200, .nops = 20, .nguards = 2, .state = 2, .line = 3, .name = "a.lua:3"},
    {.kind = 'l', .number = 4, .runs = 1, .code_size = 50, .nops = 1, .nguards = 9, .state = 1, .line = 1, .name = "nocolon"},
};
static struct agent_exit exits[3] = {{.loop = 0, .guard = 2, .line = 13, .op = 4, .exits = 12},
                                     {.loop = 1, .line = 8, .op = 1, .exits = 700},
                                     {.loop = 3, .guard = 8, .line = 2, .op = 3, .exits = 30, .kind = JITSTAT_X_DUE}};
static struct jitstat_abort_site aborts[2] = {{.reason = JITSTAT_A_NYI_CALL, .line = 4, .kind = 'l', .count = 6, .ns_lost = 100, .file = "x.lua"},
                                              {.reason = JITSTAT_A_ESCAPE, .line = 5, .kind = 'b', .count = 2, .ns_lost = 1234567891, .file = "y.lua"}};
static struct agent_vm vm = {.id = 1, .guest = "lua", .state = 1, .from_block = true, .loops = loops, .nloops = 4, .exits = exits, .nexits = 3, .aborts = aborts, .naborts = 2, .nalarms = 1, .alarms = {{.alarm = JITSTAT_AL_EXIT_STORM, .line = 8, .count = 3, .number = 2, .file = "c.lua", .detail = "guard 3"}}, .loss = {.missed = 1, .late = 2}};
static struct agent_process process = {.pid = 12, .uid = 1000, .comm = "jit\"lua", .vms = &vm, .nvms = 1};
static struct agent_snapshot snapshot = {.processes = &process, .nprocesses = 1, .loss = {.missed = 1, .late = 2}, .bpf = true};

static void fill(void)
{
    for (size_t i = 0; i < TOTAL_WORDS; i++)
        ((__u64 *)&vm.own)[i] = i < JITSTAT_NCOUNTERS ? i * i + 1 : 0;
    vm.own.times_ns[JITSTAT_T_TRACING] = 1234567890123;
    vm.own.guard_exits = 742;
    vm.own.trace_entries = 3;
    vm.own.events[JITSTAT_E_abort] = 8;
    vm.own.code_used = 650;
}

Test(rows, orders)
{
    static const struct {
        const char *sort;
        uint64_t numbers[4];
    } wanted[] = {{"runs", {2, 3, 1, 4}}, {"size", {1, 3, 2, 4}}, {"exits", {2, 4, 1, 3}}, {"ops", {2, 3, 1, 4}}, {"guards", {4, 1, 3, 2}}, {"source", {3, 1, 2, 4}}, {"number", {1, 2, 3, 4}}};
    fill();
    for (size_t w = 0; w < sizeof wanted / sizeof wanted[0]; w++) {
        struct rows r;
        cr_assert(rows_make(&r, &snapshot, wanted[w].sort));
        for (int i = 0; i < 4; i++)
            cr_assert_eq(r.loops[i].l->number, wanted[w].numbers[i], "%s: row %d is %d", wanted[w].sort, i, (int)r.loops[i].l->number);
        rows_free(&r);
    }
    cr_assert(rows_sort_known("exits"));
    cr_assert_not(rows_sort_known("frob"));
}

Test(rows, exits_and_their_bridges)
{
    struct rows r;
    char room[JITSTAT_NAME_LEN + 16];
    fill();
    cr_assert(rows_make(&r, &snapshot, NULL));
    cr_assert_eq(r.nexits, 3);
    cr_assert_eq(r.exits[0].e->exits, 700);
    cr_assert_null(r.exits[0].bridge);
    cr_assert_str_eq(exit_place(&r.exits[0], room), "b:c.lua:8");
    cr_assert_str_eq(exit_place(&r.exits[1], room), "nocolon:2");
    cr_assert_eq(r.exits[2].bridge->number, 2);
    cr_assert_eq(r.exits_total, 742);
    rows_free(&r);
}

Test(rows, aborts_by_time_lost)
{
    struct rows r;
    fill();
    cr_assert(rows_make(&r, &snapshot, NULL));
    cr_assert_eq(r.aborts[0].site->reason, JITSTAT_A_ESCAPE);
    cr_assert_eq(r.aborts[1].site->reason, JITSTAT_A_NYI_CALL);
    rows_free(&r);
}

static char *as_json(const struct agent_snapshot *s)
{
    char *text = NULL;
    size_t size;
    FILE *f = open_memstream(&text, &size);
    json_snapshot(f, s, false);
    fclose(f);
    *strstr(text, ",\"time\":") = 0; /* of writing */
    return text;
}

Test(load, a_snapshot_survives_being_saved)
{
    fill();
    char *before = as_json(&snapshot), *error = NULL, *whole = NULL;
    cr_assert(asprintf(&whole, "%s}", before) > 0);
    FILE *f = fmemopen(whole, strlen(whole), "r");
    struct agent_snapshot *s = load_snapshot(f, "test", &error);
    fclose(f);
    cr_assert(s, "%s", error);
    char *after = as_json(s);
    cr_assert_str_eq(after, before);
    cr_assert_eq(s->processes[0].vms[0].own.times_ns[JITSTAT_T_TRACING], 1234567890123);
    agent_snapshot_free(s);
    free(before);
    free(after);
    free(whole);
}

Test(sum, since)
{
    struct sum sum;
    fill();
    struct agent_vm then_vm = vm;
    struct agent_process then_process = process;
    struct agent_snapshot then = {.processes = &then_process, .nprocesses = 1};
    then_process.vms = &then_vm;
    then_vm.own.counters[JITSTAT_C_TOTAL_COMPILED_LOOPS] -= 23;
    then_vm.own.guard_exits -= 7;
    sum_since(&sum, &then, &snapshot);
    cr_assert_eq(sum.t.counters[JITSTAT_C_TOTAL_COMPILED_LOOPS], 23);
    cr_assert_eq(sum.t.counters[JITSTAT_C_OPS], 0);
    cr_assert_eq(sum.t.guard_exits, 7);
    cr_assert_eq(sum.t.code_used, 650, "a level, no count");
    cr_assert_eq(sum.vms, 1);
    then_vm.own.events[JITSTAT_E_tracing__begin] = 1000; /* another process under the same pid */
    sum_since(&sum, &then, &snapshot);
    cr_assert_eq(sum.t.guard_exits, 742, "counted from its start");
}

/* What was there before, with less of everything. */
static void earlier(struct agent_snapshot *then, struct agent_process *p, struct agent_vm *v, struct jitstat_loop l[2], struct agent_exit x[2], struct jitstat_abort_site *site)
{
    l[0] = loops[2]; /* another order, and one trace less */
    l[1] = loops[0];
    l[0].runs = 20;
    l[1].runs = 5;
    x[0] = (struct agent_exit){.loop = 1, .guard = 1, .exits = 3};
    x[1] = (struct agent_exit){.loop = 1, .guard = 2, .exits = 2};
    *site = aborts[0];
    site->count = 6;
    *v = vm;
    v->loops = l, v->nloops = 2, v->exits = x, v->nexits = 2, v->aborts = site, v->naborts = 1;
    v->own.guard_exits -= 42;
    *p = process;
    p->vms = v;
    *then = (struct agent_snapshot){.processes = p, .nprocesses = 1};
}

Test(since, what_happened_in_between)
{
    struct agent_snapshot then;
    struct agent_process p;
    struct agent_vm v;
    struct jitstat_loop l[2];
    struct agent_exit x[2];
    struct jitstat_abort_site site;
    fill();
    earlier(&then, &p, &v, l, x, &site);
    snapshot_since(&snapshot, &then);
    cr_assert_eq(loops[0].runs, 0);
    cr_assert_eq(loops[1].runs, 50, "it was not there before");
    cr_assert_eq(loops[2].runs, 30);
    cr_assert_eq(vm.nexits, 3);
    cr_assert_eq(exits[0].exits, 10);
    cr_assert_eq(exits[1].exits, 700);
    cr_assert_eq(vm.naborts, 1, "what did not happen again is left out");
    cr_assert_eq(aborts[0].reason, JITSTAT_A_ESCAPE);
    cr_assert_eq(vm.own.guard_exits, 42);
    cr_assert_eq(vm.own.counters[JITSTAT_C_OPS], 0);
    cr_assert_eq(vm.own.code_used, 650, "a level stays");
}

Test(load, what_bpf_measured_survives_being_saved)
{
    struct vm_stat bpf = {.phase[JITSTAT_T_BACKEND] = {.count = 3, .ns = 4567, .hist = {[9] = 2, [11] = 1}}};
    fill();
    vm.bpf = &bpf;
    char *text = as_json(&snapshot), *error = NULL, *whole = NULL;
    cr_assert(asprintf(&whole, "%s}", text) > 0);
    FILE *f = fmemopen(whole, strlen(whole), "r");
    struct agent_snapshot *s = load_snapshot(f, "test", &error);
    fclose(f);
    cr_assert(s, "%s", error);
    const struct vm_stat *got = s->processes[0].vms[0].bpf;
    cr_assert(got && memcmp(got->phase, bpf.phase, sizeof bpf.phase) == 0);
    agent_snapshot_free(s);
    free(text);
    free(whole);
}
