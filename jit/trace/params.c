/* params.c: the JIT's parameters, from text: what set_param, -j of jitlua and JITSTAT= in the environment take.
 *
 * Names, defaults and limits are rows of params.def; enable_opts alone is no number, but a set of passes of passes.def.
 *
 * Invariants
 *  1. A text is taken as a whole or not at all.
 *  2. A refusal names the bad part and says what would be right.
 *
 * Before: vm.c, the guest. After: hot.c and everything that reads vm->params.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "opt/opt.h"
#include "trace/engine.h"

struct param_row {
    const char *name;
    size_t off;
    int64_t def, min, max;
};
static const struct param_row param_rows[] = {
#define JITSTAT_PARAM(name, def, min, max, help) {#name, offsetof(struct jit_params, name), def, min, max},
#include <jitstat/params.def>
};
#define NPARAMS (sizeof param_rows / sizeof param_rows[0])
#define SHOWN 80 /* bytes of a bad part that are repeated in a message */

/* A piece of the text. */
struct part {
    const char *s;
    size_t n;
};

/* A text in the making of parameters. */
struct reading {
    struct jit_params p;
    char *err; /* JIT_PARAM_ERROR bytes: why a part is refused */
};

static bool part_is(struct part a, const char *word) { return strlen(word) == a.n && !memcmp(word, a.s, a.n); }
static int part_shown(struct part a) { return a.n > SHOWN ? SHOWN : (int)a.n; }

static int64_t *param_at(struct jit_params *p, const struct param_row *row) { return (int64_t *)((char *)p + row->off); }

void params_default(struct jit_params *p)
{
    for (size_t i = 0; i < NPARAMS; i++) *param_at(p, &param_rows[i]) = param_rows[i].def;
    p->enable_opts = JIT_OPT_ALL;
}

static bool unknown(struct reading *r, struct part name)
{
    static const char known[] =
#define JITSTAT_PARAM(name, def, min, max, help) #name ", "
#include <jitstat/params.def>
        "enable_opts";
    snprintf(r->err, JIT_PARAM_ERROR, "no parameter '%.*s' (there are %s)", part_shown(name), name.s, known);
    return false;
}

static bool set_passes(struct reading *r, struct part value)
{
    static const char passes[] =
#define JIT_PASS(NAME, name, help) " " #name
#include "opt/passes.def"
        ;
    if (jit_opt_parse_passes(value.s, value.n, &r->p.enable_opts)) return true;
    snprintf(r->err, JIT_PARAM_ERROR, "enable_opts wants \"all\", \"none\" or passes joined by ':' (of%s), not '%.*s'", passes,
             part_shown(value), value.s);
    return false;
}

/* Digits, perhaps behind a minus: no spaces, no plus, no other base. */
static bool parse_whole(struct part value, int64_t *out)
{
    char buf[32], *end;
    const char *digits = value.s + (value.n > 1 && *value.s == '-');
    if (value.n == 0 || value.n >= sizeof buf || *digits < '0' || *digits > '9') return false;
    memcpy(buf, value.s, value.n);
    buf[value.n] = 0;
    errno = 0;
    *out = strtoll(buf, &end, 10);
    return !*end && !errno;
}

static bool set_number(struct reading *r, const struct param_row *row, struct part value)
{
    int64_t v;
    if (parse_whole(value, &v) && v >= row->min && v <= row->max) {
        *param_at(&r->p, row) = v;
        return true;
    }
    snprintf(r->err, JIT_PARAM_ERROR, "%s wants a whole number from %lld to %lld, not '%.*s'", row->name, (long long)row->min,
             (long long)row->max, part_shown(value), value.s);
    return false;
}

/* One "name=value", "off" or "default". */
static bool set_one(struct reading *r, struct part text)
{
    const char *eq = memchr(text.s, '=', text.n);
    if (part_is(text, "off")) {
        r->p.jit = 0;
        return true;
    }
    if (part_is(text, "default")) {
        params_default(&r->p);
        return true;
    }
    if (!eq) {
        snprintf(r->err, JIT_PARAM_ERROR, "'%.*s' is not name=value, \"off\" or \"default\"", part_shown(text), text.s);
        return false;
    }
    struct part name = {text.s, (size_t)(eq - text.s)}, value = {eq + 1, text.n - name.n - 1};
    if (part_is(name, "enable_opts")) return set_passes(r, value);
    for (size_t i = 0; i < NPARAMS; i++)
        if (part_is(name, param_rows[i].name)) return set_number(r, &param_rows[i], value);
    return unknown(r, name);
}

bool jit_set_param(struct jit_vm *vm, const char *text, const char **err)
{
    struct reading r = {vm->params, vm->param_error};
    for (const char *s = text; *s;) {
        size_t n = strcspn(s, ",");
        if (n && !set_one(&r, (struct part){s, n})) {
            if (err) *err = r.err;
            return false;
        }
        s += n + (s[n] == ',');
    }
    vm->params = r.p;
    if (r.p.torture_alloc) jit_arena_fail_after = r.p.torture_alloc;
    if (!r.p.jit) jit_flush(vm, "off", NULL, 0);
    return true;
}
