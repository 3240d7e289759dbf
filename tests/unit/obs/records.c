/* Lists of the block: appended, found again, bounded; what does not fit is counted. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "obs/segment.h"

static struct obs_place place(char kind, uint64_t number)
{
    return (struct obs_place){kind, number, "dir/file.lua:12", "dir/file.lua", 12};
}

static uint64_t loops_seen(const struct obs_vm *vm)
{
    uint64_t n = 0;
    for (struct jitstat_loop_chunk *c = segment_at(vm->blk->loops); c; c = segment_at(c->next))
        for (uint64_t i = 0; i < c->used; i++, n++)
            cr_assert_eq(c->loop[i].number, n + 1);
    return n;
}

Test(records, loops_stay_where_they_are)
{
    struct obs_vm *vm = obs_vm_begin("lua");
    struct jitstat_loop *first = NULL;
    for (uint64_t n = 1; n <= 101; n++) {
        struct obs_place at = place('l', n);
        struct jitstat_guard *g = NULL;
        struct jitstat_loop *l = obs_loop_add(vm, &at, vm, 100 + n, 30, 0, 0, 5, &g);
        cr_assert_not_null(l);
        cr_assert_eq(segment_at(l->guards), g);
        cr_assert_eq(g[4].exits, 0);
        g[4].exits = n;
        first = first ? first : l;
    }
    cr_assert_eq(vm->blk->loops_n, 101);
    cr_assert_eq(loops_seen(vm), 101);
    cr_assert_eq(first->number, 1);
    cr_assert_eq(first->seq & 1, 0);
    cr_assert_str_eq(first->name, "dir/file.lua:12");
    obs_loop_freed(vm, first);
    cr_assert_eq(first->state, 2);
    obs_vm_end(vm);
}

/* Room for a few exits more than a trace has in the end goes back before anybody sees the record. */
Test(records, guards_that_are_not_there_take_no_room)
{
    struct obs_vm *vm = obs_vm_begin("lua");
    struct obs_place at = place('l', 1);
    struct obs_loop_room room;
    struct jitstat_guard *g;
    obs_loop_take(vm, 30, &room);
    void *wide = room.guards;
    struct jitstat_loop *l = obs_loop_fill(vm, &room, &at, vm, 100, 30, 0, 0, 20, &g);
    cr_assert_eq(l, room.loop);
    cr_assert_eq(l->nguards, 20);
    cr_assert_eq(segment_at(l->guards), g);
    cr_assert_neq(g, wide);
    cr_assert_eq(segment_alloc(30 * sizeof *g), wide, "it waits for the next one");
    obs_vm_end(vm);
}

Test(records, long_names_keep_their_tail)
{
    struct obs_vm *vm = obs_vm_begin("lua");
    char name[1000];
    memset(name, 'x', sizeof name);
    strcpy(name + sizeof name - 8, "end:123");
    struct obs_place at = {'l', 1, name, "f", 123};
    struct jitstat_loop *l = obs_loop_add(vm, &at, vm, 1, 1, 0, 0, 0, NULL);
    cr_assert_eq(l->name_cut, 1);
    cr_assert_eq(strlen(l->name), JITSTAT_NAME_LEN - 1);
    cr_assert_eq(strncmp(l->name, "...x", 4), 0);
    cr_assert_str_eq(l->name + JITSTAT_NAME_LEN - 8, "end:123");
    obs_vm_end(vm);
}

Test(records, a_full_arena_is_counted_and_freed_records_are_taken_over)
{
    struct obs_vm *vm = obs_vm_begin("lua");
    struct jitstat_loop *l, *last = NULL;
    struct jitstat_guard *g;
    uint64_t n = 0;
    struct obs_place at;
    do {
        at = place('l', ++n);
        l = obs_loop_add(vm, &at, vm, 1, 1, 0, 0, 20000, &g);
        last = l ? l : last;
    } while (l && n < 10000);
    cr_assert_null(l, "20000 guards each: the arena must fill");
    cr_assert_eq(vm->blk->loops_lost, 1);
    cr_assert_eq(vm->blk->loops_n, n - 1);
    last->runs = 77;
    obs_loop_freed(vm, last);
    at = place('l', ++n);
    l = obs_loop_add(vm, &at, vm, 1, 1, 0, 0, 20000, &g);
    cr_assert_eq(l, last);
    cr_assert_eq(l->number, n);
    cr_assert_eq(l->state, 1);
    cr_assert_eq(l->runs, 0);
    cr_assert_eq(vm->blk->loops_lost, 2);
    obs_vm_end(vm);
}

Test(records, room_of_ended_vms_is_used_again)
{
    for (int i = 0; i < 4 * JITSTAT_VM_MAX; i++) {
        struct obs_vm *vm = obs_vm_begin("lua");
        cr_assert_neq(vm->blk->self_off, 0);
        struct obs_place at = place('l', 1);
        struct jitstat_guard *g;
        for (int k = 0; k < 40; k++)
            cr_assert_not_null(obs_loop_add(vm, &at, vm, 1, 1, 0, 0, 50, &g));
        cr_assert_eq(g[49].exits, 0);
        g[49].exits = 1;
        obs_ev_abort(vm, &at, JITSTAT_A_NYI_CALL, 1, "f.lua", 1);
        cr_assert_eq(vm->blk->aborts_n, 1);
        obs_vm_end(vm);
    }
    cr_assert_eq(segment->vms_used, JITSTAT_VM_MAX);
    cr_assert_eq(segment->vms_lost, 0);
    cr_assert_lt(segment->arena_used, 48u << 20);
}

Test(records, more_live_vms_than_slots)
{
    static struct obs_vm *vms[JITSTAT_VM_MAX + 3];
    for (int i = 0; i < JITSTAT_VM_MAX + 3; i++)
        cr_assert_not_null(vms[i] = obs_vm_begin("lua"));
    cr_assert_eq(segment->vms_lost, 3);
    struct obs_vm *extra = vms[JITSTAT_VM_MAX];
    struct obs_place at = place('l', 1);
    cr_assert_eq(extra->blk->self_off, 0);
    cr_assert_null(obs_loop_add(extra, &at, vms, 1, 1, 0, 0, 0, NULL));
    cr_assert_eq(extra->blk->loops_lost, 1);
    obs_ev_abort(extra, &at, JITSTAT_A_ERROR, 1, "f", 1);
    cr_assert_eq(extra->blk->aborts_lost, 1);
    for (int i = 0; i < JITSTAT_VM_MAX + 3; i++)
        obs_vm_end(vms[i]);
}

Test(records, abort_sites)
{
    struct obs_vm *vm = obs_vm_begin("lua");
    struct obs_place at = place('l', 0);
    for (int round = 0; round < 3; round++)
        for (int line = 0; line < 70; line++)
            obs_ev_abort(vm, &at, JITSTAT_A_NYI_CALL, 100, "f.lua", line);
    cr_assert_eq(vm->blk->aborts_n, 70);
    struct jitstat_abort_chunk *c = segment_at(vm->blk->aborts);
    cr_assert_eq(c->site[0].count, 3);
    cr_assert_eq(c->site[0].ns_lost, 300);
    cr_assert_eq(c->site[31].line, 31);
    cr_assert_str_eq(c->site[31].file, "f.lua");
    obs_vm_end(vm);
}

Test(records, alarms)
{
    struct obs_vm *vm = obs_vm_begin("lua");
    struct obs_place at = {'l', 7, "f.lua:9", "f.lua", 9};
    obs_alarm(vm, JITSTAT_AL_FLUSH_STORM, NULL, NULL);
    obs_alarm(vm, JITSTAT_AL_FLUSH_STORM, &(struct obs_place){.file = NULL}, "why");
    obs_alarm(vm, JITSTAT_AL_BLACKLISTED, &at, "ABORT_NYI_CALL");
    const struct jitstat_alarm_rec *r = vm->blk->alarms;
    cr_assert_eq(vm->blk->alarms_n, 3);
    cr_assert_eq(vm->blk->total.alarms, 3);
    cr_assert_eq(vm->blk->total.events[JITSTAT_E_alarm], 3);
    cr_assert_eq(r[0].count, 2);
    cr_assert_str_eq(r[0].detail, "why");
    cr_assert_eq(r[1].alarm, JITSTAT_AL_BLACKLISTED);
    cr_assert_eq(r[1].number, 7);
    cr_assert_eq(r[1].kind, 'l');
    cr_assert_str_eq(r[1].detail, "ABORT_NYI_CALL");
    at.file = "g.lua";
    for (at.line = 0; at.line < 40; at.line++)
        obs_alarm(vm, JITSTAT_AL_BLACKLISTED, &at, "");
    bool found = false;
    for (int i = 0; i < JITSTAT_ALARMS; i++)
        found |= r[i].line == 39;
    cr_assert(found, "the newest is there when all slots were taken");
    cr_assert_eq(r[0].alarm, JITSTAT_AL_FLUSH_STORM, "a frequent alarm leaves the others their records");
    for (int a = 1; a < JITSTAT_NALARMS; a++)
        cr_assert(strlen(obs_alarm_name(a)) > 3 && strlen(obs_alarm_advice(a, NULL)) > 10);
    cr_assert_str_eq(obs_alarm_name(JITSTAT_NALARMS), "?");
    const char *table = obs_alarm_advice(JITSTAT_AL_BLACKLISTED, NULL);
    cr_assert_str_eq(obs_alarm_advice(JITSTAT_AL_BLACKLISTED, "ABORT_NYI_CALL"), "move the call out of the hot loop", "what the aborts ask for");
    cr_assert_str_eq(obs_alarm_advice(JITSTAT_AL_BLACKLISTED, "ABORT_GC"), table, "that needs nothing");
    cr_assert_str_eq(obs_alarm_advice(JITSTAT_AL_BLACKLISTED, "ABORT_"), table);
    cr_assert_str_eq(obs_alarm_advice(JITSTAT_AL_CODE_FULL, "ABORT_NYI_CALL"), obs_alarm_advice(JITSTAT_AL_CODE_FULL, NULL));
    obs_vm_end(vm);
}

static struct jitstat_loop *listed(struct obs_vm *vm, uint64_t number, size_t size, uint64_t budget, bool *kept)
{
    struct obs_place at = {'l', number, "f.lua:1", "f.lua", 1};
    struct jitstat_loop *l = obs_loop_add(vm, &at, vm, 16, 3, 0, 0, 1, NULL);
    struct jitstat_listing *p = calloc(1, size);
    p->size = (uint32_t)size;
    memset(p + 1, (int)number, size - sizeof *p);
    *kept = obs_listing_add(vm, l, p, budget);
    free(p);
    return l;
}

Test(records, listings_have_a_budget)
{
    struct obs_vm *vm = obs_vm_begin("lua");
    bool kept;
    struct jitstat_loop *l[10];
    for (int i = 0; i < 4; i++) {
        l[i] = listed(vm, (uint64_t)i + 1, 250, 1024, &kept);
        cr_assert(kept, "listing %d: 256 bytes of 1024", i);
    }
    cr_assert_eq(vm->blk->total.listing_bytes, 1024);
    l[4] = listed(vm, 5, 250, 1024, &kept);
    cr_assert(!kept && !l[4]->listing, "no room, and nobody is freed");
    cr_assert_eq(vm->blk->total.listings_lost, 1);
    obs_loop_freed(vm, l[2]);
    cr_assert(l[2]->listing, "a freed trace keeps its listing");
    l[5] = listed(vm, 6, 250, 1024, &kept);
    cr_assert(kept && !l[2]->listing, "until another trace needs the room");
    const unsigned char *p = segment_at(l[5]->listing);
    cr_assert_eq(p[249], 6);
    cr_assert_eq(l[5]->seq % 2, 0);
    listed(vm, 7, 2000, 1024, &kept);
    cr_assert(!kept, "larger than the budget");
    cr_assert_eq(vm->blk->total.listing_bytes, 1024);
    cr_assert_eq(vm->blk->total.listings_lost, 2);
    obs_vm_end(vm);
}

Test(records, strings_are_shared)
{
    struct obs_vm *vm = obs_vm_begin("lua");
    uint64_t a = obs_string(vm, "a.lua"), b = obs_string(vm, "b.lua");
    cr_assert_neq(a, 0);
    cr_assert_neq(a, b);
    cr_assert_eq(obs_string(vm, "a.lua"), a);
    cr_assert_str_eq((char *)segment_at(a), "a.lua");
    obs_vm_end(vm);
}
