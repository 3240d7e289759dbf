/* vm.c: a VM's beginning and end, and its parameters.
 *
 * The machine-code area is made at the first compilation, not here: most programs that start never
 * get hot, and a start-up that reserves memory would be paid by all of them.
 *
 * Before: the guest (lua/jit.c). After: hot.c.
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

static int64_t *param_at(struct jit_params *p, const struct param_row *row)
{
    return (int64_t *)((char *)p + row->off);
}

static void params_default(struct jit_params *p)
{
    for (size_t i = 0; i < NPARAMS; i++) *param_at(p, &param_rows[i]) = param_rows[i].def;
    p->enable_opts = JIT_OPT_ALL;
}

static _Thread_local char param_error[256];

static const struct param_row *param_find(const char *name, size_t len)
{
    for (size_t i = 0; i < NPARAMS; i++)
        if (strlen(param_rows[i].name) == len && !memcmp(param_rows[i].name, name, len)) return &param_rows[i];
    return NULL;
}

/* One "name=value", "off" or "default". */
static bool param_set_one(struct jit_params *p, const char *s, size_t len)
{
    if (len == 3 && !memcmp(s, "off", 3)) {
        p->jit = 0;
        return true;
    }
    if (len == 7 && !memcmp(s, "default", 7)) {
        params_default(p);
        return true;
    }
    const char *eq = memchr(s, '=', len);
    if (!eq) {
        snprintf(param_error, sizeof param_error, "'%.*s' is not name=value, \"off\" or \"default\"", (int)(len > 80 ? 80 : len), s);
        return false;
    }
    size_t nlen = (size_t)(eq - s), vlen = len - nlen - 1;
    char value[64];
    if (vlen >= sizeof value) vlen = sizeof value - 1;
    memcpy(value, eq + 1, vlen);
    value[vlen] = 0;
    if (nlen == 11 && !memcmp(s, "enable_opts", 11)) {
        if (jit_opt_parse_passes(value, &p->enable_opts)) return true;
        snprintf(param_error, sizeof param_error, "enable_opts: no such pass in '%s' (\"all\" or names joined by ':')", value);
        return false;
    }
    const struct param_row *row = param_find(s, nlen);
    if (!row) {
        snprintf(param_error, sizeof param_error, "no parameter '%.*s'", (int)(nlen > 80 ? 80 : nlen), s);
        return false;
    }
    char *end;
    errno = 0;
    long long v = strtoll(value, &end, 10);
    if (end == value || *end || errno || v < row->min || v > row->max) {
        snprintf(param_error, sizeof param_error, "%s wants a whole number from %lld to %lld, not '%s'", row->name,
                 (long long)row->min, (long long)row->max, value);
        return false;
    }
    *param_at(p, row) = v;
    return true;
}

bool jit_set_param(struct jit_vm *vm, const char *text, const char **err)
{
    struct jit_params p = vm->params;
    for (const char *s = text; *s;) {
        size_t len = strcspn(s, ",");
        if (len && !param_set_one(&p, s, len)) {
            if (err) *err = param_error;
            return false;
        }
        s += len;
        if (*s == ',') s++;
    }
    vm->params = p;
    if (p.torture_alloc) jit_arena_fail_after = p.torture_alloc;
    if (!p.jit) jit_flush(vm, "off", NULL, 0);
    return true;
}

/* Slots in memory as fields, for values that calls left in the frame. */
static void frame_descrs(struct jit_vm *vm)
{
    const struct jit_frame_layout *l = &vm->driver->layout;
    struct jit_descr d = {.kind = JIT_D_FIELD, .alias = 63, .flags = JIT_DF_WHOLE, .size = 8, .offset = l->payload_off};
    vm->frame_i = vm->frame_f = vm->frame_r = vm->frame_tag = d;
    vm->frame_i.name = "frame.i", vm->frame_i.type = 'i';
    vm->frame_f.name = "frame.f", vm->frame_f.type = 'f';
    vm->frame_r.name = "frame.r", vm->frame_r.type = 'r';
    vm->frame_tag.name = "frame.tag", vm->frame_tag.type = 'i';
    vm->frame_tag.size = (uint8_t)l->tag_size, vm->frame_tag.offset = l->tag_off;
}

struct jit_vm *jit_vm_new(const struct jit_driver *driver, void *user)
{
    struct jit_vm *vm = calloc(1, sizeof *vm);
    if (!vm) return NULL;
    vm->driver = driver;
    vm->user = user;
    params_default(&vm->params);
    frame_descrs(vm);
    vm->hooks = hooks_new(vm);
    vm->obs = obs_vm_begin(driver->name);
    if (!vm->hooks || !vm->obs) {
        jit_vm_free(vm);
        return NULL;
    }
    return vm;
}

bool vm_backend_ready(struct jit_vm *vm)
{
    if (vm->backend_ok) return true;
    if (vm->refused) return false;
    int rc = code_area_init(&vm->area, (const void *)&jit_poll_word, (size_t)vm->params.code_size);
    if (rc == 0) {
        vm->backend.area = &vm->area;
        vm->backend.scratch = &vm->scratch;
        vm->backend.layout = vm->driver->layout;
        vm->backend.exit_handler = exit_handler;
        vm->backend.poll_handler = exit_poll;
        vm->backend.interrupt = &vm->interrupt;
        vm->backend.counted_off = offsetof(struct jit_trace, counted);
        vm->backend.entries_off = offsetof(struct jit_trace, entries);
        vm->backend.runs_off = offsetof(struct jit_trace, runs);
        vm->backend.link_frames = vm->driver->link_frames;
        vm->backend.poll_word = &jit_poll_word.word;
        rc = jit_backend_init(&vm->backend);
        if (rc) code_area_fini(&vm->area);
    }
    if (rc) {
        vm->refused = true;
        obs_add(&vm->obs->blk->total.code_refused, 1);
        obs_alarm(vm->obs, JITSTAT_AL_CODE_REFUSED, NULL, strerror(-rc));
        return false;
    }
    listing_names();
    stubs_name(vm);
    return vm->backend_ok = true;
}

void jit_vm_free(struct jit_vm *vm)
{
    if (!vm) return;
    if (vm->rec) rec_free(vm->rec);
    vm->running = 0;
    if (vm->obs) {
        jit_debug(vm, false);
        jit_interrupt(vm, false);
        jit_flush(vm, "close", NULL, 0);
        trace_release_dead(vm);
    }
    cells_free(vm);
    if (vm->backend_ok) code_area_fini(&vm->area);
    hooks_free(vm->hooks);
    free(vm->spare_slots);
    jit_arena_pool_fini(&vm->scratch);
    if (vm->obs) obs_vm_end(vm->obs);
    free(vm);
}

void jit_debug(struct jit_vm *vm, bool on)
{
    if (vm->debug == on) return;
    vm->debug = on;
    for (struct jit_trace *t = vm->traces; t; t = t->next) t->counted = on;
    __atomic_fetch_add(&jit_poll_word.users, on ? 1 : -1, __ATOMIC_RELAXED);
}

void jit_interrupt(struct jit_vm *vm, bool on)
{
    if (__atomic_exchange_n(&vm->interrupt, (uint8_t)on, __ATOMIC_RELAXED) == on) return;
    __atomic_fetch_add(&jit_poll_word.users, on ? 1 : -1, __ATOMIC_RELAXED);
}
