/* main.c: jitlua, the stand-alone program: runs scripts and an interactive prompt. Options and behaviour are lua(1)'s, so
 * that it can take its place, and three more: -j for the JIT's parameters, --version and --help.
 *
 * Everything runs inside one protected call (run_all), so running out of memory at any point is a message and exit
 * status 1, not an abort. Ctrl-C sets a debug hook from the signal handler; the hook raises "interrupted!" at the next
 * instruction of whatever runs. A second Ctrl-C kills the process.
 *
 * Lines are read with readline, which is loaded when the prompt starts: scripts would pay half of their start-up for it.
 *
 * This file uses the public API only. Before on the walk: nothing, it is the entrance. After: call.c.
 */
#include <lua5.4/lua.h>
#include <lua5.4/lauxlib.h>
#include <lua5.4/lualib.h>
#include <dlfcn.h>
#include <readline/readline.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef JITSTAT_VERSION
#define JITSTAT_VERSION "unknown"
#endif

#define INIT_VAR "LUA_INIT"
#define INIT_VAR_VERSIONED INIT_VAR "_" LUA_VERSION_MAJOR "_" LUA_VERSION_MINOR
#define EOF_MARK "<eof>" /* how a syntax error that more input may cure ends */

/* Sets parameters as in JITSTAT=; 0, or -1 with a reason in *err. jit.c has it; a jitlua without JIT has not. */
int lua_jit_set_param(lua_State *L, const char *params, const char **err) __attribute__((weak));

static lua_State *interrupted_state; /* for the signal handler */
static const char *progname = "jitlua";

/* ---- messages ---- */

static void print_message(const char *pname, const char *msg)
{
    if (pname != NULL)
        fprintf(stderr, "%s: ", pname);
    fprintf(stderr, "%s\n", msg);
    fflush(stderr);
}

/* Prints the error object at the top, if status is one, and pops it. */
static int report(lua_State *L, int status)
{
    if (status != LUA_OK) {
        const char *msg = lua_tostring(L, -1);
        print_message(progname, msg != NULL ? msg : "(error message is not a string)");
        lua_pop(L, 1);
    }
    return status;
}

static void print_version(void)
{
    printf("%s\n", LUA_COPYRIGHT);
    fflush(stdout);
}

static void print_usage(FILE *out)
{
    fprintf(out,
            "usage: %s [options] [script [args]]\n"
            "Options:\n"
            "  -e stat     execute the string 'stat'\n"
            "  -i          prompt for more after the script\n"
            "  -l mod      require module 'mod' into the global 'mod'\n"
            "  -l g=mod    require module 'mod' into the global 'g'\n"
            "  -v          show the version of Lua\n"
            "  -E          ignore environment variables\n"
            "  -W          turn warnings on\n"
            "  -j params   set parameters of the JIT: off, threshold=100, ...\n"
            "  --version   show the versions of Lua and jitstat\n"
            "  --help      show this\n"
            "  --          end of options\n"
            "  -           end of options; execute the standard input\n",
            progname);
    fflush(out);
}

static void refuse_option(const char *bad)
{
    bool known = strcmp(bad, "-e") == 0 || strcmp(bad, "-l") == 0 || strcmp(bad, "-j") == 0;
    fprintf(stderr, known ? "%s: '%s' needs argument\n" : "%s: unrecognized option '%s'\n", progname, bad);
    print_usage(stderr);
}

/* ---- protected calls ---- */

/* Message handler: strings get a traceback; other error objects are turned into text if they know how. */
static int add_traceback(lua_State *L)
{
    const char *msg = lua_tostring(L, 1);
    if (msg == NULL) {
        if (luaL_callmeta(L, 1, "__tostring") && lua_type(L, -1) == LUA_TSTRING)
            return 1;
        msg = lua_pushfstring(L, "(error object is a %s value)", luaL_typename(L, 1));
    }
    luaL_traceback(L, L, msg, 1);
    return 1;
}

static void interrupt_hook(lua_State *L, lua_Debug *ar)
{
    (void)ar;
    lua_sethook(L, NULL, 0, 0);
    luaL_error(L, "interrupted!");
}

static void set_signal(int sig, void (*handler)(int))
{
    struct sigaction sa = {.sa_handler = handler};
    sigemptyset(&sa.sa_mask);
    sigaction(sig, &sa, NULL);
}

static void on_interrupt(int sig)
{
    set_signal(sig, SIG_DFL);
    lua_sethook(interrupted_state, interrupt_hook, LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT, 1);
}

/* Calls the function below its narg arguments, interruptible. */
static int call_interruptible(lua_State *L, int narg, int nres)
{
    int base = lua_gettop(L) - narg;
    lua_pushcfunction(L, add_traceback);
    lua_insert(L, base);
    interrupted_state = L;
    set_signal(SIGINT, on_interrupt);
    int status = lua_pcall(L, narg, nres, base);
    set_signal(SIGINT, SIG_DFL);
    lua_remove(L, base);
    return status;
}

/* ---- chunks, modules, the script ---- */

static int run_loaded(lua_State *L, int status)
{
    if (status == LUA_OK)
        status = call_interruptible(L, 0, 0);
    return report(L, status);
}

static int run_file(lua_State *L, const char *name)
{
    return run_loaded(L, luaL_loadfile(L, name));
}

static int run_string(lua_State *L, const char *s, const char *chunkname)
{
    return run_loaded(L, luaL_loadbuffer(L, s, strlen(s), chunkname));
}

/* "mod" or "global=mod". */
static int run_library(lua_State *L, const char *spec)
{
    const char *eq = strchr(spec, '=');
    const char *module = eq != NULL ? eq + 1 : spec;
    if (eq != NULL)
        lua_pushlstring(L, spec, (size_t)(eq - spec));
    else
        lua_pushstring(L, spec);
    lua_getglobal(L, "require");
    lua_pushstring(L, module);
    int status = call_interruptible(L, 1, 1);
    if (status == LUA_OK)
        lua_setglobal(L, lua_tostring(L, -2));
    else
        report(L, status);
    lua_pop(L, 1); /* the name */
    return status;
}

/* Global arg: the script at 0, its arguments from 1, what came before it below 0. */
static void make_arg_table(lua_State *L, char **argv, int argc, int script)
{
    if (script == argc)
        script = 0; /* no script: the program's name is at 0 */
    lua_createtable(L, argc - script, script + 1);
    for (int i = 0; i < argc; i++) {
        lua_pushstring(L, argv[i]);
        lua_rawseti(L, -2, i - script);
    }
    lua_setglobal(L, "arg");
}

/* Pushes what the script shall see as its arguments: the present contents of `arg`. */
static int push_arguments(lua_State *L)
{
    if (lua_getglobal(L, "arg") != LUA_TTABLE)
        luaL_error(L, "'arg' is not a table");
    int n = (int)luaL_len(L, -1);
    luaL_checkstack(L, n + 3, "too many arguments to script");
    for (int i = 1; i <= n; i++)
        lua_rawgeti(L, -i, i);
    lua_remove(L, -n - 1);
    return n;
}

static int run_script(lua_State *L, char **argv)
{
    const char *name = argv[0];
    if (strcmp(name, "-") == 0 && strcmp(argv[-1], "--") != 0)
        name = NULL; /* the standard input */
    int status = luaL_loadfile(L, name);
    if (status == LUA_OK) {
        int n = push_arguments(L);
        status = call_interruptible(L, n, LUA_MULTRET);
    }
    return report(L, status);
}

static int run_init_variable(lua_State *L)
{
    const char *name = "=" INIT_VAR_VERSIONED;
    const char *init = getenv(name + 1);
    if (init == NULL) {
        name = "=" INIT_VAR;
        init = getenv(name + 1);
    }
    if (init == NULL)
        return LUA_OK;
    return init[0] == '@' ? run_file(L, init + 1) : run_string(L, init, name);
}

/* ---- options ---- */

struct options {
    bool bad; /* argv[first] is not an option of ours */
    bool interactive; /* -i */
    bool version; /* -v, -i */
    bool own_version; /* --version */
    bool help; /* --help */
    bool execute; /* -e */
    bool no_env; /* -E */
    int first; /* index of the script, or argc */
};

/* Options with an argument: returns the index of the last word they take, 0 if it is missing. */
static int option_end(char **argv, int i)
{
    if (argv[i][2] != '\0')
        return i;
    return argv[i + 1] != NULL && argv[i + 1][0] != '-' ? i + 1 : 0;
}

static bool option_flag(struct options *o, const char *word)
{
    if (strcmp(word, "--version") == 0)
        return o->own_version = true;
    if (strcmp(word, "--help") == 0)
        return o->help = true;
    if (word[2] != '\0')
        return false;
    switch (word[1]) {
    case 'E': return o->no_env = true;
    case 'W': return true;
    case 'i': return o->interactive = o->version = true;
    case 'v': return o->version = true;
    default: return false;
    }
}

static struct options parse_options(char **argv)
{
    struct options o = {0};
    int i;
    for (i = 1; argv[i] != NULL; i++) {
        char letter = argv[i][1];
        if (argv[i][0] != '-' || letter == '\0')
            break;
        if (strcmp(argv[i], "--") == 0) {
            i++;
            break;
        }
        if (letter == 'e' || letter == 'l' || letter == 'j') {
            int end = option_end(argv, i);
            o.bad = end == 0;
            o.execute |= letter == 'e';
            i = end != 0 ? end : i;
        } else {
            o.bad = !option_flag(&o, argv[i]);
        }
        if (o.bad)
            break;
    }
    o.first = i;
    return o;
}

static bool set_jit_params(lua_State *L, const char *params)
{
    const char *err = "this program has no JIT";
    if (lua_jit_set_param != NULL && lua_jit_set_param(L, params, &err) == 0)
        return true;
    print_message(progname, lua_pushfstring(L, "-j %s: %s", params, err));
    return false;
}

/* Runs -e, -l, -W in their order. */
static bool run_options(lua_State *L, char **argv, int n)
{
    for (int i = 1; i < n; i++) {
        char letter = argv[i][1];
        if (letter == 'W')
            lua_warning(L, "@on", 0);
        if (letter != 'e' && letter != 'l' && letter != 'j')
            continue;
        const char *word = argv[i][2] != '\0' ? argv[i] + 2 : argv[++i];
        if (letter != 'j' && (letter == 'e' ? run_string(L, word, "=(command line)") : run_library(L, word)) != LUA_OK)
            return false;
    }
    return true;
}

/* -j comes before everything else that runs, wherever it stands. */
static bool run_jit_options(lua_State *L, char **argv, int n)
{
    for (int i = 1; i < n; i++) {
        char letter = argv[i][1];
        if (letter != 'e' && letter != 'l' && letter != 'j')
            continue;
        const char *word = argv[i][2] != '\0' ? argv[i] + 2 : argv[++i];
        if (letter == 'j' && !set_jit_params(L, word))
            return false;
    }
    return true;
}

/* ---- the prompt ---- */

/* Pushes the prompt: globals _PROMPT and _PROMPT2, any value. */
static const char *push_prompt(lua_State *L, bool first)
{
    if (lua_getglobal(L, first ? "_PROMPT" : "_PROMPT2") == LUA_TNIL) {
        lua_pop(L, 1);
        return lua_pushstring(L, first ? "> " : ">> ");
    }
    const char *s = luaL_tolstring(L, -1, NULL);
    lua_remove(L, -2);
    return s;
}

#define STRING_OF(x) #x
#define SONAME_OF(major) "libreadline.so." STRING_OF(major)

/* Without the library: as much of a line as one read gives; malloc'ed. */
static char *read_plain(const char *prompt)
{
    char *line = NULL;
    size_t room = 0;
    fputs(prompt, stdout);
    fflush(stdout);
    ssize_t n = getline(&line, &room, stdin);
    if (n < 0) {
        free(line);
        return NULL;
    }
    if (n > 0 && line[n - 1] == '\n')
        line[n - 1] = '\0';
    return line;
}
static void forget_line(const char *line) {}

/* What reads lines (prompt: malloc'ed line or NULL) and what puts them into the history. */
static char *(*read_line)(const char *prompt) = read_plain;
static void (*remember_line)(const char *line) = forget_line;

/* The library stays loaded; it restores the terminal when the process ends. */
static void load_readline(void)
{
    void *lib = dlopen(SONAME_OF(RL_VERSION_MAJOR), RTLD_NOW);
    if (lib == NULL)
        return;
    __typeof__(&readline) line = (__typeof__(&readline))dlsym(lib, "readline");
    __typeof__(remember_line) history = (__typeof__(remember_line))dlsym(lib, "add_history");
    __typeof__(&rl_bind_key) bind = (__typeof__(&rl_bind_key))dlsym(lib, "rl_bind_key");
    __typeof__(&rl_insert) insert = (__typeof__(&rl_insert))dlsym(lib, "rl_insert");
    const char **name = dlsym(lib, "rl_readline_name");
    if (!line || !history || !bind || !insert || !name)
        return;
    *name = "lua";
    bind('\t', insert);
    read_line = line;
    remember_line = history;
}

/* Reads a line and pushes it; false at the end of input. "=x" as a first line means "return x". */
static bool push_line(lua_State *L, bool first)
{
    char *line = read_line(push_prompt(L, first));
    lua_pop(L, 1);
    if (line == NULL)
        return false;
    if (first && line[0] == '=')
        lua_pushfstring(L, "return %s", line + 1);
    else
        lua_pushstring(L, line);
    free(line);
    return true;
}

/* Tries the line at 1 as an expression; leaves the function or the error at 2. */
static int load_expression(lua_State *L)
{
    const char *line = lua_tostring(L, -1);
    const char *chunk = lua_pushfstring(L, "return %s;", line);
    int status = luaL_loadbuffer(L, chunk, strlen(chunk), "=stdin");
    lua_remove(L, -2);
    if (status == LUA_OK) {
        if (line[0] != '\0')
            remember_line(line);
    } else {
        lua_pop(L, 1);
    }
    return status;
}

static bool is_incomplete(lua_State *L, int status)
{
    size_t len;
    if (status != LUA_ERRSYNTAX)
        return false;
    const char *msg = lua_tolstring(L, -1, &len);
    const size_t mark = strlen(EOF_MARK);
    return len >= mark && strcmp(msg + len - mark, EOF_MARK) == 0;
}

/* Loads the line at 1 as statements, asking for more lines while they are not complete. */
static int load_statements(lua_State *L)
{
    for (;;) {
        size_t len;
        const char *text = lua_tolstring(L, 1, &len);
        int status = luaL_loadbuffer(L, text, len, "=stdin");
        if (!is_incomplete(L, status) || !push_line(L, false)) {
            if (text[0] != '\0')
                remember_line(text);
            return status;
        }
        lua_remove(L, -2); /* the error message */
        lua_pushliteral(L, "\n");
        lua_insert(L, -2);
        lua_concat(L, 3);
    }
}

/* Reads one complete chunk; -1 at the end of input, else its status with the function or error alone on the stack. */
static int read_chunk(lua_State *L)
{
    lua_settop(L, 0);
    if (!push_line(L, true))
        return -1;
    int status = load_expression(L);
    if (status != LUA_OK)
        status = load_statements(L);
    lua_remove(L, 1);
    return status;
}

static void print_results(lua_State *L)
{
    int n = lua_gettop(L);
    if (n == 0)
        return;
    luaL_checkstack(L, LUA_MINSTACK, "too many results to print");
    lua_getglobal(L, "print");
    lua_insert(L, 1);
    if (lua_pcall(L, n, 0, 0) != LUA_OK)
        print_message(progname, lua_pushfstring(L, "error calling 'print' (%s)", lua_tostring(L, -1)));
}

static void run_prompt(lua_State *L)
{
    int status;
    const char *pname = progname;
    progname = NULL; /* messages of the prompt have no program name */
    load_readline();
    while ((status = read_chunk(L)) != -1) {
        if (status == LUA_OK)
            status = call_interruptible(L, 0, LUA_MULTRET);
        if (status == LUA_OK)
            print_results(L);
        else
            report(L, status);
    }
    lua_settop(L, 0);
    printf("\n");
    fflush(stdout);
    progname = pname;
}

/* ---- the program ---- */

/* Prints what the options ask for before anything runs. */
static void print_versions(const struct options *o)
{
    if (o->version || o->own_version)
        print_version();
    if (o->own_version)
        printf("jitstat %s\n", JITSTAT_VERSION);
}

static bool run_program(lua_State *L, int argc, char **argv, const struct options *o)
{
    if (!run_jit_options(L, argv, o->first))
        return false;
    if (!o->no_env && run_init_variable(L) != LUA_OK)
        return false;
    if (!run_options(L, argv, o->first))
        return false;
    if (o->first < argc && run_script(L, argv + o->first) != LUA_OK)
        return false;
    if (o->interactive) {
        run_prompt(L);
    } else if (o->first == argc && !o->execute && !o->version && !o->own_version) {
        if (isatty(STDIN_FILENO)) {
            print_version();
            run_prompt(L);
        } else {
            run_file(L, NULL);
        }
    }
    return true;
}

/* Arguments: argc, argv. Returns whether everything went well. */
static int run_all(lua_State *L)
{
    int argc = (int)lua_tointeger(L, 1);
    char **argv = lua_touserdata(L, 2);
    struct options o = parse_options(argv);
    luaL_checkversion(L);
    if (argv[0] != NULL && argv[0][0] != '\0')
        progname = argv[0];
    if (o.bad) {
        refuse_option(argv[o.first]);
        return 0;
    }
    if (o.help) {
        print_usage(stdout);
        lua_pushboolean(L, 1);
        return 1;
    }
    print_versions(&o);
    if (o.no_env) { /* the libraries look for this */
        lua_pushboolean(L, 1);
        lua_setfield(L, LUA_REGISTRYINDEX, "LUA_NOENV");
    }
    luaL_openlibs(L);
    make_arg_table(L, argv, argc, o.first);
    lua_gc(L, LUA_GCGEN, 0, 0);
    lua_pushboolean(L, run_program(L, argc, argv, &o));
    return 1;
}

int main(int argc, char **argv)
{
    lua_State *L = luaL_newstate();
    if (L == NULL) {
        print_message(argv[0], "cannot create state: not enough memory");
        return EXIT_FAILURE;
    }
    lua_pushcfunction(L, run_all);
    lua_pushinteger(L, argc);
    lua_pushlightuserdata(L, argv);
    int status = lua_pcall(L, 2, 1, 0);
    bool ok = lua_toboolean(L, -1);
    report(L, status);
    lua_close(L);
    return ok && status == LUA_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
