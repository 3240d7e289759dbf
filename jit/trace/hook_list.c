/* hook_list.c: the list of operations that an optimize hook returns, as a trace: written out as text, parsed and verified as
 * a golden test is.
 *
 * The obvious way, to patch the trace in place, would have to check by hand what the parser and the verifier check already,
 * and a value's name in the text is the number of its operation, which moves when one is put before it. So every entry is one
 * line, and names are changed on the way: the value that entry n defines is number n.
 *
 * Invariants
 *  1. Entry, line and operation have the same number (the first line is line 1, the first operation 0): so a refusal can name
 *     the entry and its operation.
 *  2. Frames, slots and descriptors in the list are those of the trace or of the driver; none can be made up.
 *  3. A list is taken as a whole or not at all.
 *
 * Before: hooks.c. After: pipeline.c.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "trace/engine.h"

#define MAX_NUMBER 1000000 /* of a value that an entry defines */

struct definition {
    int64_t entry; /* that defines the value, -1: none */
    char letter; /* its type */
};

struct renamer {
    struct definition *map; /* by number in the entries */
    size_t nmap;
    char *out; /* the text */
    size_t n, cap;
    char *why; /* of a refusal */
    size_t whysize;
};

/* ---- entries to text ---- */

static bool is_name_char(int c) { return isalnum(c) || c == '_' || c == '.'; }

static bool out_add(struct renamer *w, const char *s, size_t n)
{
    if (w->n + n + 1 > w->cap) {
        size_t cap = (w->cap + n) * 2 + 256;
        char *p = realloc(w->out, cap);
        if (!p) return false;
        w->out = p;
        w->cap = cap;
    }
    memcpy(w->out + w->n, s, n);
    w->n += n;
    w->out[w->n] = 0;
    return true;
}

static bool map_grow(struct renamer *w, size_t n)
{
    struct definition *m = realloc(w->map, n * sizeof *m);
    if (!m) return false;
    while (w->nmap < n) m[w->nmap++].entry = -1;
    w->map = m;
    return true;
}

static bool define(struct renamer *w, long long no, char letter, int64_t entry)
{
    if (no > MAX_NUMBER) {
        snprintf(w->why, w->whysize, "value number %lld is too large", no);
        return false;
    }
    if ((size_t)no >= w->nmap && !map_grow(w, (size_t)no + 64)) return false;
    w->map[no] = (struct definition){entry, letter};
    return true;
}

/* Is a value's name at s, in text? Then *no is its number; returns the name's end, or NULL. */
static const char *value_name(const char *text, const char *s, long long *no)
{
    char *end;
    if (s > text && is_name_char((unsigned char)s[-1])) return NULL;
    if (!*s || !strchr("ifr", *s) || !isdigit((unsigned char)s[1])) return NULL;
    *no = strtoll(s + 1, &end, 10);
    return is_name_char((unsigned char)*end) ? NULL : end;
}

static bool use(struct renamer *w, const char *s, const char *end, long long no)
{
    char buf[32];
    int n = (int)(end - s > 20 ? 20 : end - s);
    const struct definition *d = (size_t)no < w->nmap && w->map[no].entry >= 0 ? &w->map[no] : NULL;
    if (!d) snprintf(w->why, w->whysize, "value %.*s is used but not defined before", n, s);
    else if (d->letter != *s) snprintf(w->why, w->whysize, "value %.*s is used here, but defined as %c%lld", n, s, d->letter, no);
    else return out_add(w, buf, (size_t)snprintf(buf, sizeof buf, "%c%lld", *s, (long long)d->entry));
    return false;
}

/* One entry as a line. What it defines is known to the entries behind it, not to itself. */
static bool entry_line(struct renamer *w, const char *text, int64_t entry)
{
    const char *eq = strstr(text, " = "), *end;
    long long no, defines = -1;
    char head[32], letter = 0;
    for (const char *s = text; *s; s = end) {
        end = value_name(text, s, &no);
        bool ok;
        if (!end) ok = out_add(w, s, 1), end = s + 1;
        else if (eq && s < eq) ok = out_add(w, head, (size_t)snprintf(head, sizeof head, "%c%lld", *s, (long long)entry)), defines = no, letter = *s;
        else ok = use(w, s, end, no);
        if (!ok) return false;
    }
    return (defines < 0 || define(w, defines, letter, entry)) && out_add(w, "\n", 1);
}

/* The text of entry i, NULL and a reason if it has none that can be one operation. */
static const char *entry_text(const struct hook_list *l, int64_t i, struct renamer *w)
{
    const struct jitstat_newop *e = &l->list[i];
    if (e->index >= 0 && (uint64_t)e->index >= l->nops) {
        snprintf(w->why, w->whysize, "the trace has no operation %lld", (long long)e->index);
        return NULL;
    }
    const char *text = e->index >= 0 ? l->ops[e->index].text : e->text;
    const char *start = text ? text + strspn(text, " \t") : "";
    bool one = *start && *start != '#' && strncmp(start, "link=", 5) != 0 && !strchr(start, '\n');
    if (!one) snprintf(w->why, w->whysize, "%s", *start ? "not one operation" : "empty");
    return one ? text : NULL;
}

/* The name of the operation that entry i seems to be, *n bytes; 0: none. */
static const char *entry_name(const struct hook_list *l, int64_t i, int *n)
{
    const struct jitstat_newop *e = &l->list[i];
    bool known = e->index < 0 ? e->text != NULL : (uint64_t)e->index < l->nops;
    const char *text = !known ? "" : e->index < 0 ? e->text
                                                  : l->ops[e->index].text;
    const char *eq = strstr(text, " = "), *open = strchr(text, '(');
    const char *name = eq && (!open || eq < open) ? eq + 3 : text;
    for (*n = 0; *n < 32 && is_name_char((unsigned char)name[*n]);) ++*n;
    return name;
}

/* "entry 6 (int_add): why" into err, where why may lie. */
static void at_entry(const struct hook_list *l, int64_t i, const char *why, char *err, size_t errsize)
{
    char copy[160];
    int n = 0;
    const char *name = i < l->n ? entry_name(l, i, &n) : NULL;
    snprintf(copy, sizeof copy, "%s", why);
    if (!name) snprintf(err, errsize, "behind entry %lld: %s", (long long)i, copy);
    else if (n == 0) snprintf(err, errsize, "entry %lld: %s", (long long)i + 1, copy);
    else snprintf(err, errsize, "entry %lld (%.*s): %s", (long long)i + 1, n, name, copy);
}

/* A message of the parser ("line 6: ") or of the verifier ("op 5: ") names the entry instead. */
static void place_entry(const struct hook_list *l, char *err, size_t errsize)
{
    unsigned at;
    int n = 0;
    if (sscanf(err, "line %u: %n", &at, &n) == 1 && n) at_entry(l, (int64_t)at - 1, err + n, err, errsize);
    else if (sscanf(err, "op %u: %n", &at, &n) == 1 && n) at_entry(l, at, err + n, err, errsize);
}

static bool list_to_text(struct renamer *w, const struct hook_list *l, char *err, size_t errsize)
{
    for (int64_t i = 0; i < l->n; i++) {
        char why[120] = "no memory";
        w->why = why, w->whysize = sizeof why;
        const char *text = entry_text(l, i, w);
        if (text && entry_line(w, text, i)) continue;
        at_entry(l, i, why, err, errsize);
        return false;
    }
    return true;
}

/* ---- text to a trace ---- */

/* Descriptors that may be named: the driver's, the engine's own, and those the trace already uses. */
static const struct jit_descr **descr_list(const struct jit_vm *vm, const struct jit_ir *ir)
{
    size_t n = 0;
    while (vm->driver->descrs[n]) n++;
    const struct jit_descr **v = calloc(n + 5 + ir->ops.n, sizeof *v);
    if (!v) return NULL;
    memcpy(v, vm->driver->descrs, n * sizeof *v);
    v[n++] = &vm->frame_i, v[n++] = &vm->frame_f, v[n++] = &vm->frame_r, v[n++] = &vm->frame_tag;
    for (uint32_t i = 0; i < ir->ops.n; i++)
        if (ir->ops.v[i].descr) v[n++] = ir->ops.v[i].descr;
    return v;
}

/* Frames and slots are the guest's: a list may use those that the trace has, and make up none. */
static bool frames_known(const struct jit_ir *out, const struct jit_resume *r, const struct jit_ir *old)
{
    for (uint32_t i = 0; i < old->resumes.n; i++) {
        const struct jit_resume *q = &old->resumes.v[i];
        if (q->nframes == r->nframes && !memcmp(old->frames.v + q->frames, out->frames.v + r->frames, r->nframes * sizeof *out->frames.v)) return true;
    }
    return false;
}

static bool slot_known(const struct jit_ir *out, const struct jit_slot_val *v, const struct jit_ir *old)
{
    for (uint32_t i = 0; i < old->slots.n; i++) {
        const struct jit_slot_val *q = &old->slots.v[i];
        if (q->slot != v->slot || q->tag != v->tag || (q->ref == JIT_NOREF) != (v->ref == JIT_NOREF)) continue;
        if (v->ref == JIT_NOREF || jit_ref_type(old, q->ref) == jit_ref_type(out, v->ref)) return true;
    }
    return false;
}

static bool resumes_known(const struct jit_ir *out, const struct jit_ir *old, char *err, size_t errsize)
{
    for (uint32_t n = 0; n < out->ops.n; n++) {
        if (out->ops.v[n].resume == JIT_NORESUME) continue;
        const struct jit_resume *r = &out->resumes.v[out->ops.v[n].resume];
        if (!frames_known(out, r, old)) {
            snprintf(err, errsize, "op %u: resume data with frames that the trace does not have", n);
            return false;
        }
        for (uint32_t i = 0; i < r->nslots; i++) {
            const struct jit_slot_val *v = &out->slots.v[r->slots + i];
            if (slot_known(out, v, old)) continue;
            snprintf(err, errsize, "op %u: resume data with a slot %d of tag %u that the trace does not have", n, v->slot, v->tag);
            return false;
        }
    }
    return true;
}

/* Exits write the guest's stack as far as guard_stack has looked: it stays first, behind a bridge's inputs. */
static int64_t stack_room(const struct jit_ir *ir)
{
    uint32_t i = 0;
    while (i < ir->ops.n && ir->ops.v[i].opcode >= JIT_inputarg_i && ir->ops.v[i].opcode <= JIT_inputarg_r) i++;
    return i < ir->ops.n && ir->ops.v[i].opcode == JIT_guard_stack ? jit_ref_const(ir, ir->ops.v[i].arg[0])->i : INT64_MIN;
}

static bool stack_guarded(const struct jit_ir *out, const struct jit_ir *old, char *err, size_t errsize)
{
    bool ok = stack_room(out) >= stack_room(old);
    if (!ok) snprintf(err, errsize, "guard_stack(%lld) must stay first", (long long)stack_room(old));
    return ok;
}

static bool text_to_ir(struct jit_vm *vm, const struct hook_list *l, const char *text, struct jit_ir *out, char *err, size_t errsize)
{
    const struct jit_ir *old = l->old;
    const struct jit_descr **descrs = descr_list(vm, old);
    bool ok = descrs && jit_ir_parse(out, text, descrs, err, errsize);
    if (!descrs) snprintf(err, errsize, "no memory");
    free(descrs);
    if (!ok) return false;
    out->kind = old->kind;
    out->link = old->link;
    out->merges = old->merges;
    return jit_ir_verify(out, err, errsize) && resumes_known(out, old, err, errsize) && stack_guarded(out, old, err, errsize);
}

/* Constants of collectable objects keep their root flag; source lines survive for unchanged operations. */
static void ir_adopt(struct jit_ir *out, const struct hook_list *l)
{
    const struct jit_ir *old = l->old;
    for (int64_t i = 0; i < l->n && i < out->ops.n; i++)
        if (l->list[i].index >= 0) out->ops.v[i].line = old->ops.v[l->list[i].index].line;
    for (uint32_t i = 0; i < out->consts.n; i++)
        for (uint32_t j = 0; j < old->consts.n; j++)
            if (out->consts.v[i].type == 'r' && old->consts.v[j].type == 'r' && out->consts.v[i].p == old->consts.v[j].p) out->consts.v[i].gc |= old->consts.v[j].gc;
}

bool hook_list_take(struct jit_vm *vm, const struct hook_list *l, struct jit_ir *out, struct jit_arena *arena, char *err, size_t errsize)
{
    struct renamer w = {0};
    bool ok = map_grow(&w, l->old->ops.n + 1) && out_add(&w, "", 0);
    if (ok) {
        jit_ir_init(out, arena, l->old->kind);
        ok = list_to_text(&w, l, err, errsize);
        if (ok && !(ok = text_to_ir(vm, l, w.out, out, err, errsize))) place_entry(l, err, errsize);
    } else {
        snprintf(err, errsize, "no memory");
    }
    if (ok) ir_adopt(out, l);
    free(w.map);
    free(w.out);
    return ok;
}
