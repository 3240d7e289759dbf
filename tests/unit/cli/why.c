/* Findings: what one place has is said once. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

static struct jitstat_loop loops[2] = {
    {.kind = 'l', .number = 1, .state = 1, .line = 12, .name = "a.lua:12"},
    {.kind = 'l', .number = 2, .state = 1, .line = 3, .name = "a.lua:3"},
};
static struct agent_exit exits[4] = {{.loop = 0, .guard = 2, .line = 13, .exits = 30000},
                                     {.loop = 0, .guard = 3, .line = 13, .exits = 20000},
                                     {.loop = 0, .guard = 4, .line = 13, .exits = 9000, .kind = JITSTAT_X_END},
                                     {.loop = 1, .guard = 1, .line = 4, .exits = 40000}};
static struct agent_vm vm;
static struct agent_process process = {.pid = 12, .vms = &vm, .nvms = 1};
static struct agent_snapshot snapshot = {.processes = &process, .nprocesses = 1};

static void fill(size_t nalarms)
{
    vm = (struct agent_vm){.id = 1, .state = 1, .loops = loops, .nloops = 2, .exits = exits, .nexits = 4, .nalarms = nalarms};
    vm.alarms[0] = (struct jitstat_alarm_rec){.alarm = JITSTAT_AL_CODE_NEARLY_FULL, .count = 1};
    vm.alarms[1] = (struct jitstat_alarm_rec){.alarm = JITSTAT_AL_EXIT_STORM, .line = 13, .count = 1, .file = "a.lua", .detail = "guard 2 of loop 1, 16384 exits"};
    vm.own.counters[JITSTAT_C_TRACING] = 2;
    vm.own.guard_exits = 100000;
}

/* The findings as text; freed by the caller. */
static char *findings(void)
{
    struct rows r;
    char *text = NULL;
    size_t size;
    FILE *f = open_memstream(&text, &size);
    cr_assert(rows_make(&r, &snapshot, NULL));
    out_set_width(1000);
    text_why(f, &r, 0);
    fclose(f);
    rows_free(&r);
    return text;
}

static int times(const char *text, const char *what)
{
    int n = 0;
    for (; (text = strstr(text, what)); text++)
        n++;
    return n;
}

Test(why, a_storm_of_exits_and_its_guards_are_one_finding)
{
    fill(2);
    char *text = findings();
    cr_assert_eq(times(text, " a.lua:13\n"), 2, "the storm, and the end of a trace in the same line, which is another thing: %s", text);
    cr_assert(strstr(text, "guard 2 of loop 1, 16384 exits; this line has 2 guards and 50000 exits, 50% of all\n"), "%s", text);
    cr_assert_eq(strncmp(text, " 1. a.lua:13\n", 13), 0, "storms come first of the alarms: %s", text);
    cr_assert_eq(times(text, "1 guard of this line fails and no bridge took over (40000 exits"), 1, "a place without an alarm: %s", text);
    free(text);
}

Test(why, without_the_alarm_the_guards_are_a_finding)
{
    fill(1);
    char *text = findings();
    cr_assert_eq(times(text, "2 guards of this line fail and no bridge took over (50000 exits, 50% of all)"), 1, "%s", text);
    free(text);
}

Test(why, a_name_that_the_alarm_cut_is_known_by_its_tail)
{
    fill(2);
    memset(loops[0].name, 'd', 100);
    strcpy(loops[0].name + 95, "z.lua:12");
    strcpy(vm.alarms[1].file, "...ddddz.lua");
    char *text = findings();
    cr_assert_eq(times(text, "2 guards and 50000 exits"), 1, "%s", text);
    cr_assert_eq(times(text, "no bridge took over"), 1, "%s", text);
    free(text);
    strcpy(vm.alarms[1].file, "...dddez.lua");
    text = findings();
    cr_assert_eq(times(text, "no bridge took over"), 2, "another file: %s", text);
    free(text);
}
