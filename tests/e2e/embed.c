/* embed.c: a program that embeds Lua and knows lua.h and jitstat/jitstat.h only. Linked with the distribution's library, it
 * runs on that one and on ours; embed.sh compares. Each case prints what Lua computed (the same on both) to standard
 * output; what only ours has is checked here, and a check that fails ends the program with status 1. */
#include <lua5.4/lauxlib.h>
#include <lua5.4/lualib.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <jitstat/jitstat.h>
#include "../noexec.h"

#define CHECK(x) ((x) ? (void)0 : failed(__LINE__, #x))
static _Noreturn void failed(int line, const char *what)
{
    fprintf(stderr, "embed.c:%d: not so: %s\n", line, what);
    exit(1);
}

static bool ours(void) { return jitstat_vm_of_lua != NULL; }

/* ---- states ---- */

static const char work[] =
    "local C = {} C.__index = C function C.new(n) return setmetatable({n = n, list = {}}, C) end\n"
    "function C:add(i) self.n = self.n + i self.list[#self.list + 1] = i .. ':' return self.n end\n"
    "local o, s = C.new(0), 0\n"
    "for i = 1, N do s = s + o:add(i) % 7 if call and i == N // 2 then call() end end\n"
    "local t = {} for i = 1, N do t[i] = function() s = s + 1 return s end end for i = 1, N do t[i]() end\n"
    "local co = coroutine.wrap(function() for i = 1, 50 do for k = 1, 100 do s = s + k % 3 end coroutine.yield(i) end end)\n"
    "for i = 1, 50 do s = s + co() end\n"
    "return s + #table.concat(o.list)";

static lua_State *opened(lua_State *L)
{
    CHECK(L != NULL);
    luaL_openlibs(L);
    return L;
}

static lua_Integer run(lua_State *L, lua_Integer n)
{
    lua_pushinteger(L, n);
    lua_setglobal(L, "N");
    if (luaL_dostring(L, work) != LUA_OK) {
        fprintf(stderr, "%s\n", lua_tostring(L, -1));
        exit(1);
    }
    lua_Integer r = lua_tointeger(L, -1);
    lua_settop(L, 0);
    return r;
}

static struct jitstat_totals totals(lua_State *L)
{
    struct jitstat_snapshot *s;
    CHECK(jitstat_get_stats_snapshot(jitstat_vm_of_lua(L), &s) == 0);
    struct jitstat_totals t = s->totals;
    jitstat_snapshot_free(s);
    return t;
}

static unsigned long long compiled(lua_State *L)
{
    struct jitstat_totals t = totals(L);
    for (int i = 0; jitstat_counter_name(i); i++)
        if (!strcmp(jitstat_counter_name(i), "TOTAL_COMPILED_LOOPS")) return t.counters[i];
    return 0;
}

/* ---- hooks ---- */

struct seen {
    unsigned loops, bridges, optimized, aborts;
};

static void on_compile(const struct jitstat_loop_info *i, void *ud)
{
    struct seen *s = ud;
    CHECK(i->asmlen > 0 && i->noperations > 0 && !strcmp(i->jitdriver_name, "lua"));
    if (i->bridge_no) s->bridges++;
    else s->loops++;
}
static int64_t on_optimize(const struct jitstat_loop_info *i, const struct jitstat_newop **list, void *ud)
{
    (void)i, (void)list;
    ((struct seen *)ud)->optimized++;
    return -1;
}
static void on_abort(const struct jitstat_loop_info *i, void *ud)
{
    CHECK(i->reason != NULL);
    ((struct seen *)ud)->aborts++;
}

static int case_hooks(void)
{
    lua_State *L = opened(luaL_newstate());
    struct seen s = {0, 0, 0, 0};
    if (ours()) {
        jitstat_set_compile_hook(jitstat_vm_of_lua(L), on_compile, &s, true);
        jitstat_set_optimize_hook(jitstat_vm_of_lua(L), on_optimize, &s);
        jitstat_set_abort_hook(jitstat_vm_of_lua(L), on_abort, &s);
    }
    printf("%lld\n", (long long)run(L, 5000));
    if (ours()) {
        CHECK(s.loops > 0 && s.loops == compiled(L));
        CHECK(s.optimized >= s.loops + s.bridges);
        CHECK(totals(L).trace_entries > 0);
    }
    lua_close(L);
    return 0;
}

/* ---- an allocator of its own: every block comes back with the size that it had ---- */

static size_t live, blocks;
static void *own_alloc(void *ud, void *p, size_t osize, size_t nsize)
{
    size_t *b = p ? (size_t *)p - 2 : NULL;
    CHECK(ud == &live);
    if (b) CHECK(*b == osize);
    else CHECK(osize < 16); /* the kind of a new object, or 0 */
    live += nsize - (b ? osize : 0);
    blocks += (nsize != 0) - (b != NULL);
    if (nsize == 0) {
        free(b);
        return NULL;
    }
    b = realloc(b, nsize + 16);
    CHECK(b != NULL);
    *b = nsize;
    return b + 2;
}

static int case_alloc(void)
{
    lua_State *L = opened(lua_newstate(own_alloc, &live));
    printf("%lld\n", (long long)run(L, 3000));
    if (ours()) CHECK(totals(L).trace_entries > 0);
    lua_gc(L, LUA_GCCOLLECT);
    CHECK((size_t)lua_gc(L, LUA_GCCOUNT) * 1024 + (size_t)lua_gc(L, LUA_GCCOUNTB) == live);
    lua_close(L);
    CHECK(live == 0 && blocks == 0);
    return 0;
}

/* ---- many states ---- */

enum { STATES = 300,
       COMPILED = 200 }; /* so many find room for machine code near the library in any case */

static void count_hook(lua_State *L, lua_Debug *ar)
{
    (void)ar;
    lua_sethook(L, NULL, 0, 0);
}

static int case_states(void)
{
    static lua_State *all[STATES];
    lua_Integer sum = 0;
    for (int i = 0; i < STATES; i++) {
        all[i] = opened(luaL_newstate());
        if (ours()) jitstat_enable_debug(jitstat_vm_of_lua(all[i]));
    }
    for (int i = 0; i < STATES; i++) sum += run(all[i], 200 + i);
    for (int i = 0; i < STATES; i++) lua_sethook(all[i], count_hook, LUA_MASKCOUNT, 1); /* all of them want their loops to leave */
    for (int i = 0; i < STATES; i += 7) sum += run(all[i], 100 + i);
    printf("%lld\n", (long long)sum);
    if (ours()) {
        for (int i = 0; i < COMPILED; i++) {
            struct jitstat_snapshot *s;
            CHECK(totals(all[i]).trace_entries > 0);
            CHECK(jitstat_get_stats_snapshot(jitstat_vm_of_lua(all[i]), &s) == 0);
            CHECK(s->nloop_run_times > 0);
            uint64_t runs = 0;
            for (size_t k = 0; k < s->nloop_run_times; k++) runs += s->loop_run_times[k].runs;
            CHECK(runs > 100);
            jitstat_snapshot_free(s);
        }
    }
    for (int i = 0; i < STATES; i++) lua_close(all[(i * 7) % STATES]);
    return 0;
}

/* ---- states on threads ---- */

static void *thread_main(void *arg)
{
    lua_Integer *sum = arg;
    for (int i = 0; i < 8; i++) {
        lua_State *L = opened(luaL_newstate());
        *sum += run(L, 500 + 10 * i) + run(L, 300);
        if (ours()) {
            CHECK(totals(L).trace_entries > 0);
            jitstat_releaseall(jitstat_vm_of_lua(L));
            *sum += run(L, 200) - run(L, 200);
        }
        lua_close(L);
    }
    return NULL;
}

static int case_threads(void)
{
    pthread_t threads[6];
    lua_Integer sums[6] = {0};
    for (int i = 0; i < 6; i++) CHECK(pthread_create(&threads[i], NULL, thread_main, &sums[i]) == 0);
    for (int i = 0; i < 6; i++) pthread_join(threads[i], NULL);
    for (int i = 0; i < 6; i++) CHECK(sums[i] == sums[0]);
    printf("%lld\n", (long long)sums[0]);
    return 0;
}

/* ---- fork in the middle of a hot loop ---- */

/* Inode of the stats segment's mapping, 0: none. */
static unsigned long segment(void)
{
    FILE *f = fopen("/proc/self/maps", "r");
    char line[512];
    unsigned long inode = 0;
    CHECK(f != NULL);
    while (fgets(line, sizeof line, f))
        if (strstr(line, "memfd:jitstat:")) sscanf(line, "%*s %*s %*s %*s %lu", &inode);
    fclose(f);
    return inode;
}

static pid_t child = -1;
static int forking_pipe[2];
static int call_fork(lua_State *L)
{
    (void)L;
    fflush(stdout);
    child = fork();
    CHECK(child >= 0);
    return 0;
}

static int case_fork(void)
{
    lua_State *L = opened(luaL_newstate());
    CHECK(pipe(forking_pipe) == 0);
    lua_pushcfunction(L, call_fork);
    lua_setglobal(L, "call");
    unsigned long before = ours() ? segment() : 0;
    lua_Integer r = run(L, 4000);
    lua_pushnil(L);
    lua_setglobal(L, "call");
    if (child == 0) {
        struct {
            lua_Integer result, again;
            unsigned long segment, compiled;
        } m = {r, run(L, 1000), ours() ? segment() : 0, ours() ? compiled(L) : 0};
        CHECK(write(forking_pipe[1], &m, sizeof m) == sizeof m);
        lua_close(L);
        _exit(0);
    }
    struct {
        lua_Integer result, again;
        unsigned long segment, compiled;
    } m;
    int status;
    CHECK(read(forking_pipe[0], &m, sizeof m) == sizeof m);
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    printf("%lld %lld %lld %lld\n", (long long)r, (long long)m.result, (long long)run(L, 1000), (long long)m.again);
    if (ours()) {
        CHECK(before != 0 && segment() == before);
        CHECK(m.segment != 0 && m.segment != before);
        CHECK(m.compiled > 0);
    }
    lua_close(L);
    return 0;
}

/* ---- executable memory is refused ---- */

static int case_noexec(void)
{
    CHECK(forbid_exec(EACCES, NULL));
    CHECK(mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
    lua_State *L = opened(luaL_newstate());
    printf("%lld\n", (long long)run(L, 3000));
    if (ours()) {
        struct jitstat_totals t = totals(L);
        CHECK(t.trace_entries == 0 && t.code_refused > 0);
    }
    lua_close(L);
    return 0;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*run)(void);
    } cases[] = {{"hooks", case_hooks}, {"alloc", case_alloc}, {"states", case_states}, {"threads", case_threads}, {"fork", case_fork}, {"noexec", case_noexec}};
    if (argc == 2 && !strcmp(argv[1], "kind")) {
        puts(ours() ? "ours" : "stock");
        return 0;
    }
    for (unsigned i = 0; argc == 2 && i < sizeof cases / sizeof *cases; i++)
        if (!strcmp(argv[1], cases[i].name)) return cases[i].run();
    fprintf(stderr, "usage: embed kind|hooks|alloc|states|threads|fork|noexec\n");
    return 2;
}
