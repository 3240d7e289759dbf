/* Golden tests of the optimizer: tests/ir/<pass>/ holds .ir files, each with cases of the form
 *
 *     ---- what it shows
 *     passes=fold:rules room=48      (room: cells known per alias class; left out mostly)
 *     operations (ir.h's syntax)
 *     ==>
 *     operations after optimization, as the printer writes them; or: bad loop
 *
 * Loops are peeled when peel is among the passes. TEST_IR_DIR: where the folders are (default: tests/ir).
 * GOLDEN_UPDATE=1 writes what came out into the files instead of failing: read the diff.
 */
#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "descrs.h"
#include "jitstat/stats.h"
#include "opt/chain.h"

static char *read_whole(const char *path)
{
    FILE *f = fopen(path, "r");
    cr_assert_not_null(f, "%s", path);
    char *text = calloc(1, 1 << 20);
    size_t n = fread(text, 1, (1 << 20) - 1, f);
    fclose(f);
    text[n] = 0;
    return text;
}

/* Prints both with a mark at the first line that differs. */
static void show_difference(const char *want, const char *got)
{
    int line = 1;
    size_t i = 0;
    for (; want[i] && want[i] == got[i]; i++)
        line += want[i] == '\n';
    fprintf(stderr, "first difference in line %d\n---- expected\n%s---- got\n%s", line, want, got);
}

struct golden {
    int cases, failed, update;
};

/* The case's result as text, with a first line "# kind link=..." left out when it says nothing new. */
static char *run_case(const char *where, const char *passes_text, const char *input)
{
    struct jit_arena a, b;
    struct jit_ir in, out;
    char err[256];
    unsigned passes;
    cr_assert(jit_opt_parse_passes(passes_text, strlen(passes_text), &passes), "%s: passes=%s", where, passes_text);
    jit_arena_init(&a);
    jit_arena_init(&b);
    jit_ir_init(&in, &a, JITSTAT_KIND_LOOP);
    cr_assert(jit_ir_parse(&in, input, test_descrs, err, sizeof err), "%s: %s", where, err);
    cr_assert(jit_ir_verify(&in, err, sizeof err), "%s: %s", where, err);
    char *text = calloc(1, 1 << 18);
    enum jit_opt_status st = jit_optimize(&in, &out, &b, passes, true);
    jit_arena_fini(&a); /* the output must stand alone */
    if (st == JIT_OPT_BAD_LOOP)
        strcpy(text, "bad loop\n");
    else
        jit_ir_print(&out, text, 1 << 18);
    cr_assert_neq(st, JIT_OPT_NOMEM);
    jit_arena_fini(&b);
    static const char usual[] = "# loop link=loop\n";
    char *rest = strdup(strncmp(text, usual, sizeof usual - 1) ? text : text + sizeof usual - 1);
    free(text);
    return rest;
}

/* One case: text from its ---- line to the next one; the new text goes to `update`. */
static void one_case(struct golden *g, const char *path, char *text, FILE *update)
{
    char where[2048], passes[128], *arrow = strstr(text, "==>\n"), *input = strchr(text, '\n') + 1;
    snprintf(where, sizeof where, "%s: %.*s", path, (int)strcspn(text, "\n"), text);
    cr_assert_not_null(arrow, "%s: no ==>", where);
    jit_opt_heap_room = 128;
    cr_assert_geq(sscanf(input, "passes=%127s room=%u\n", passes, &jit_opt_heap_room), 1, "%s: no passes=", where);
    input = strchr(input, '\n') + 1;
    char *want = arrow + 4, *body = strndup(input, (size_t)(arrow - input));
    char *got = run_case(where, passes, body);
    g->cases++;
    if (update)
        fprintf(update, "%.*s==>\n%s", (int)(arrow - text), text, got);
    else if (strcmp(want, got) != 0) {
        fprintf(stderr, "%s\n", where);
        show_difference(want, got);
        g->failed++;
    }
    free(body);
    free(got);
}

static void one_file(struct golden *g, const char *path)
{
    char *text = read_whole(path), *p = !strncmp(text, "---- ", 5) ? text : strstr(text, "\n---- ");
    FILE *update = g->update ? fopen(path, "w") : NULL;
    cr_assert_not_null(p, "%s: no case", path);
    p += *p == '\n';
    if (update)
        fprintf(update, "%.*s", (int)(p - text), text);
    while (p) {
        char *next = strstr(p, "\n---- ");
        if (next)
            *next++ = 0;
        size_t n = strlen(p);
        char *one = malloc(n + 2);
        memcpy(one, p, n + 1);
        if (next)
            strcpy(one + n, "\n");
        one_case(g, path, one, update);
        free(one);
        p = next;
    }
    if (update)
        fclose(update);
    free(text);
}

static void one_folder(struct golden *g, const char *dir)
{
    struct dirent **names;
    int n = scandir(dir, &names, NULL, alphasort);
    cr_assert_geq(n, 0, "%s", dir);
    for (int i = 0; i < n; i++) {
        char path[1024];
        size_t len = strlen(names[i]->d_name);
        snprintf(path, sizeof path, "%s/%s", dir, names[i]->d_name);
        if (len > 3 && !strcmp(names[i]->d_name + len - 3, ".ir"))
            one_file(g, path);
        free(names[i]);
    }
    free(names);
}

Test(opt_golden, files_and_every_rule_hit)
{
    static const char *const folders[] = {
#define JIT_PASS(NAME, name, help) #name,
#include "opt/passes.def"
    };
    struct golden g = {.update = getenv("GOLDEN_UPDATE") != NULL};
    const char *dir = getenv("TEST_IR_DIR") ? getenv("TEST_IR_DIR") : "tests/ir";
    jit_opt_verify = 2;
    for (unsigned i = 0; i < sizeof folders / sizeof *folders; i++) {
        char path[512];
        int before = g.cases;
        snprintf(path, sizeof path, "%s/%s", dir, folders[i]);
        one_folder(&g, path);
        cr_expect_gt(g.cases, before, "%s: no golden file", path);
    }
    for (int i = 0; i < OPT_NRULES; i++)
        cr_expect_gt(jit_opt_rule_hits[i], 0, "no golden file reaches rule %s", jit_opt_rule_names[i]);
    cr_assert_eq(g.failed, 0, "%d of %d golden cases failed", g.failed, g.cases);
}

static void names(const char *text, unsigned want)
{
    unsigned passes = ~0u;
    cr_assert(jit_opt_parse_passes(text, strlen(text), &passes), "%s", text);
    cr_assert_eq(passes, want, "%s", text);
}

Test(opt_golden, pass_names)
{
    static const char *const bad[] = {"", ":", "fold:nix", "fold:", ":fold", "fold::dce", "all:", "all:fold", "none:fold", "fol"};
    names("all", JIT_OPT_ALL);
    names("none", 0);
    names("fold:dce", 1u << JIT_OPT_BIT_FOLD | 1u << JIT_OPT_BIT_DCE);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        unsigned passes = 77;
        cr_assert_not(jit_opt_parse_passes(bad[i], strlen(bad[i]), &passes), "%s", bad[i]);
        cr_assert_eq(passes, 77);
    }
}
