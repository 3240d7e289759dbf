/* vm.c: a VM's beginning and end.
 *
 * The machine-code area is made at the first compilation, not here: most programs that start never
 * get hot, and a start-up that reserves memory would be paid by all of them.
 *
 * Before: the guest (lua/jit.c). After: params.c, hot.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/dump.h"
#include "trace/engine.h"

#define BATCH 256 /* rounds: what looking costs is lost in so many, and they take microseconds */

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
    vm->dump_exits = jit_dump_wants("exit");
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
        vm->backend.owed_off = offsetof(struct jit_trace, code.owed);
        vm->backend.batch = BATCH;
        vm->backend.link_frames = vm->driver->link_frames;
        vm->backend.link_steps = vm->driver->link_steps;
        vm->backend.poll_word = &jit_poll_word.word;
        rc = jit_backend_init(&vm->backend);
        if (rc) code_area_fini(&vm->area);
    }
    if (rc) {
        vm->refused = true;
        bool no_room = rc == -ENOMEM || rc == -ENOSPC;
        if (!no_room) obs_add(&vm->obs->blk->total.code_refused, 1);
        obs_alarm(vm->obs, no_room ? JITSTAT_AL_CODE_NO_ROOM : JITSTAT_AL_CODE_REFUSED, NULL, strerror(-rc));
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
    __atomic_fetch_add(&jit_poll_word.debug, on ? 1 : -1, __ATOMIC_RELAXED);
}

void jit_interrupt(struct jit_vm *vm, bool on)
{
    if (__atomic_exchange_n(&vm->interrupt, (uint8_t)on, __ATOMIC_RELAXED) == on) return;
    __atomic_fetch_add(&jit_poll_word.interrupts, on ? 1 : -1, __ATOMIC_RELAXED);
}
