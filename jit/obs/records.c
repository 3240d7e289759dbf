/* records.c: the parts of a VM's block that are lists: compiled traces, abort sites, alarms.
 *
 * Records stand in chunks that never move and are only appended, so a reader follows `next` and
 * `used` without a lock; a record that changes brackets itself with its seq. Only the VM's own
 * thread writes them. When the arena is full, the record of a freed trace is taken over and
 * counted as lost; a view is then incomplete and says so.
 *
 * Before it: trace/ (through obs.h) and events.c. After it: agent/block.c.
 */
#include <string.h>

#include "obs/segment.h"

#define ABORT_SITES_MAX 4096 /* the search is linear */
#define ALARM_SHARE 4 /* records of one alarm */

/* Copies s; what does not fit loses its head, because a path's tail tells more. Returns whether
 * it was cut. */
static bool copy_tail(char *to, size_t size, const char *s)
{
    size_t n = strlen(s);
    bool cut = n >= size;
    memset(to, 0, size);
    if (!cut)
        memcpy(to, s, n);
    else {
        memcpy(to, "...", 3);
        memcpy(to + 3, s + n - (size - 4), size - 4);
    }
    return cut;
}

/* ---- loops ---- */

/* Appends a zeroed chunk to a list. *head: the offset field that leads to it. */
static void *chunk_append(__u64 *head, size_t size)
{
    void *c = segment_alloc(size);
    if (c)
        __atomic_store_n((uint64_t *)head, segment_offset(c), __ATOMIC_RELEASE);
    return c;
}

static struct jitstat_loop *fresh_record(struct obs_vm *vm)
{
    struct jitstat_loop_chunk *c = vm->loops_tail;
    if (!c || c->used == JITSTAT_LOOPS_PER_CHUNK) {
        c = chunk_append(c ? &c->next : &vm->blk->loops, sizeof *c);
        if (!c)
            return NULL;
        vm->loops_tail = c;
    }
    return &c->loop[c->used];
}

/* The record after the cursor's, round and round. There is at least one. */
static struct jitstat_loop *next_record(struct obs_vm *vm, struct records_cursor *at)
{
    if (at->chunk && ++at->index >= at->chunk->used) {
        at->chunk = segment_at(at->chunk->next);
        at->index = 0;
    }
    if (!at->chunk) {
        at->chunk = segment_at(vm->blk->loops);
        at->index = 0;
    }
    return &at->chunk->loop[at->index];
}

/* The next freed trace's record; a round at most. */
static struct jitstat_loop *freed_record(struct obs_vm *vm, struct records_cursor *at, bool listed)
{
    for (uint64_t steps = vm->blk->loops_n; steps--;) {
        struct jitstat_loop *l = next_record(vm, at);
        if (l->state == 2 && (l->listing || !listed))
            return l;
    }
    return NULL;
}

/* ---- listings ---- */

/* Inside the brackets of l's seq: a reader that copies the listing sees that it went. */
static void listing_drop(struct obs_vm *vm, struct jitstat_loop *l)
{
    struct jitstat_listing *p = segment_at(l->listing);
    if (!p)
        return;
    word_set(&vm->blk->total.listing_bytes, vm->blk->total.listing_bytes - segment_room(p->size));
    if (l->state == 2)
        vm->freed_listings--;
    l->listing = 0;
    segment_free(p, p->size);
}

/* The listing of a freed trace goes; false: there is none. */
static bool listing_evict(struct obs_vm *vm)
{
    struct jitstat_loop *l = vm->freed_listings ? freed_record(vm, &vm->evict, true) : NULL;
    if (!l)
        return false;
    record_begin(&l->seq);
    listing_drop(vm, l);
    record_end(&l->seq);
    return true;
}

bool obs_listing_add(struct obs_vm *vm, struct jitstat_loop *rec, const struct jitstat_listing *l, uint64_t budget)
{
    obs_own();
    uint64_t room = segment_room(l->size);
    bool fits = vm->blk->self_off && room <= budget;
    while (fits && vm->blk->total.listing_bytes + room > budget)
        fits = listing_evict(vm);
    struct jitstat_listing *p = fits ? segment_alloc(l->size) : NULL;
    if (!p) {
        obs_add(&vm->blk->total.listings_lost, 1);
        return false;
    }
    memcpy(p, l, l->size);
    obs_add(&vm->blk->total.listing_bytes, room);
    record_begin(&rec->seq);
    rec->listing = segment_offset(p);
    record_end(&rec->seq);
    return true;
}

static void loop_fill(struct jitstat_loop *l, const struct obs_place *at, const void *addr, size_t size, uint32_t nops,
                      uint64_t parent, uint32_t guard_number)
{
    l->kind = (uint32_t)at->kind;
    l->number = at->number;
    word_set(&l->runs, 0);
    word_set(&l->entry_runs, 0);
    l->code_addr = (uint64_t)(uintptr_t)addr;
    l->code_size = size;
    l->line = (uint32_t)at->line;
    l->parent = parent;
    l->guard_number = guard_number;
    l->nops = nops;
    l->name_cut = copy_tail(l->name, sizeof l->name, at->name ? at->name : "");
    l->state = 1;
}

void obs_loop_take(struct obs_vm *vm, uint32_t nguards, struct obs_loop_room *room)
{
    obs_own();
    struct jitstat_vm *v = vm->blk;
    *room = (struct obs_loop_room){.nguards = nguards};
    struct jitstat_loop *l = v->self_off ? fresh_record(vm) : NULL;
    if (l && nguards)
        room->guards = segment_alloc(nguards * sizeof *room->guards);
    room->fresh = l && (room->guards || !nguards);
    if (!room->fresh) {
        l = v->self_off ? freed_record(vm, &vm->reuse, false) : NULL;
        if (!l || l->nguards < nguards)
            return;
        room->guards = segment_at(l->guards);
    }
    room->loop = l;
}

void obs_loop_give_back(struct obs_loop_room *room)
{
    if (room->fresh && room->guards)
        segment_free(room->guards, room->nguards * sizeof *room->guards);
    *room = (struct obs_loop_room){0};
}

/* Takes the room for n of the guards in exchange for the room for more, if that is less: the record says n, and what is given
 * back by its number must be what was taken. */
static struct jitstat_guard *guards_trim(const struct obs_loop_room *room, uint32_t n)
{
    size_t size = n * sizeof *room->guards, was = room->nguards * sizeof *room->guards;
    struct jitstat_guard *less = n && segment_room(size) < segment_room(was) ? segment_alloc(size) : NULL;
    if (!less)
        return room->guards;
    segment_free(room->guards, was);
    return less;
}

struct jitstat_loop *obs_loop_fill(struct obs_vm *vm, const struct obs_loop_room *room, const struct obs_place *at, const void *addr,
                                   size_t size, uint32_t nops, uint64_t parent, uint32_t guard_number, uint32_t nguards,
                                   struct jitstat_guard **guards)
{
    struct jitstat_vm *v = vm->blk;
    struct jitstat_loop *l = room->loop;
    struct jitstat_guard *kept = room->fresh ? guards_trim(room, nguards) : room->guards;
    if (!room->fresh)
        obs_add(&v->loops_lost, 1);
    if (!l)
        return NULL;
    record_begin(&l->seq);
    listing_drop(vm, l);
    loop_fill(l, at, addr, size, nops, parent, guard_number);
    if (room->fresh) {
        l->guards = segment_offset(kept);
        l->nguards = nguards;
    } else if (room->guards)
        memset(room->guards, 0, l->nguards * sizeof *room->guards); /* keeps its size: the room is one piece */
    record_end(&l->seq);
    if (room->fresh) {
        __atomic_store_n((uint64_t *)&vm->loops_tail->used, vm->loops_tail->used + 1, __ATOMIC_RELEASE);
        obs_add(&v->loops_n, 1);
    }
    obs_add(&v->generation, 1);
    if (guards)
        *guards = kept;
    return l;
}

struct jitstat_loop *obs_loop_add(struct obs_vm *vm, const struct obs_place *at, const void *addr, size_t size,
                                  uint32_t nops, uint64_t parent, uint32_t guard_number,
                                  uint32_t nguards, struct jitstat_guard **guards)
{
    struct obs_loop_room room;
    obs_loop_take(vm, nguards, &room);
    return obs_loop_fill(vm, &room, at, addr, size, nops, parent, guard_number, nguards, guards);
}

void obs_loop_freed(struct obs_vm *vm, struct jitstat_loop *rec)
{
    obs_own();
    if (!rec)
        return;
    record_begin(&rec->seq);
    rec->state = 2;
    if (rec->listing)
        vm->freed_listings++;
    record_end(&rec->seq);
    obs_add(&vm->blk->generation, 1);
}

uint64_t obs_string(struct obs_vm *vm, const char *s)
{
    char text[JITSTAT_ABORT_FILE_LEN];
    const unsigned slots = sizeof vm->strings / sizeof vm->strings[0];
    copy_tail(text, sizeof text, s);
    for (unsigned i = 0; i < slots && i < vm->nstrings; i++)
        if (strcmp(vm->strings[i].text, text) == 0)
            return vm->strings[i].off;
    obs_own();
    char *p = vm->blk->self_off ? segment_alloc(strlen(text) + 1) : NULL;
    if (!p)
        return 0;
    strcpy(p, text);
    unsigned i = vm->nstrings++ % slots;
    memcpy(vm->strings[i].text, text, sizeof text);
    return vm->strings[i].off = segment_offset(p);
}

/* ---- aborts ---- */

static struct jitstat_abort_site *site_find(struct obs_vm *vm, const struct jitstat_abort_site *key)
{
    for (struct jitstat_abort_chunk *c = segment_at(vm->blk->aborts); c; c = segment_at(c->next))
        for (uint64_t i = 0; i < c->used; i++) {
            struct jitstat_abort_site *s = &c->site[i];
            if (s->reason == key->reason && s->line == key->line && s->kind == key->kind && strcmp(s->file, key->file) == 0)
                return s;
        }
    return NULL;
}

static struct jitstat_abort_site *site_new(struct obs_vm *vm, const struct jitstat_abort_site *key)
{
    struct jitstat_abort_chunk *c = vm->aborts_tail;
    if (vm->blk->aborts_n >= ABORT_SITES_MAX)
        return NULL;
    if (!c || c->used == JITSTAT_ABORTS_PER_CHUNK) {
        c = chunk_append(c ? &c->next : &vm->blk->aborts, sizeof *c);
        if (!c)
            return NULL;
        vm->aborts_tail = c;
    }
    struct jitstat_abort_site *s = &c->site[c->used];
    *s = *key;
    __atomic_store_n((uint64_t *)&c->used, c->used + 1, __ATOMIC_RELEASE);
    obs_add(&vm->blk->aborts_n, 1);
    return s;
}

/* Counts one abort at its site; ns: tracing time that led to nothing. */
void records_abort(struct obs_vm *vm, int kind, enum jitstat_abort reason, uint64_t ns, const char *file, int line)
{
    struct jitstat_abort_site key = {.reason = reason, .line = (uint32_t)line, .kind = (uint32_t)kind};
    copy_tail(key.file, sizeof key.file, file);
    struct jitstat_abort_site *s = NULL;
    if (vm->blk->self_off && !(s = site_find(vm, &key)))
        s = site_new(vm, &key);
    if (!s) {
        obs_add(&vm->blk->aborts_lost, 1);
        return;
    }
    record_begin(&s->seq);
    obs_add(&s->count, 1);
    obs_add(&s->ns_lost, ns);
    record_end(&s->seq);
}

/* ---- alarms ---- */

/* The record of this alarm at this place, else an unused one, else the one that was raised longest ago: of the same
 * alarm if that has its share of the records, so that a frequent one does not hide the others. */
static struct jitstat_alarm_rec *alarm_record(struct obs_vm *vm, enum jitstat_alarm a, const char *file, uint32_t line)
{
    struct jitstat_alarm_rec *oldest = vm->blk->alarms, *oldest_same = NULL;
    int same = 0;
    for (int i = 0; i < JITSTAT_ALARMS; i++) {
        struct jitstat_alarm_rec *q = &vm->blk->alarms[i];
        if (q->alarm == a && q->line == line && strcmp(q->file, file) == 0)
            return q;
        same += q->alarm == a;
        if (q->alarm == a && (!oldest_same || q->time_ns < oldest_same->time_ns))
            oldest_same = q;
        if (q->time_ns < oldest->time_ns)
            oldest = q;
    }
    return same >= ALARM_SHARE ? oldest_same : oldest;
}

/* Notes an alarm; returns how often it was raised for this place. */
uint64_t records_alarm(struct obs_vm *vm, enum jitstat_alarm a, const struct obs_place *at, const char *detail)
{
    char file[JITSTAT_ABORT_FILE_LEN];
    uint32_t line = (uint32_t)at->line;
    obs_own();
    copy_tail(file, sizeof file, at->file);
    struct jitstat_alarm_rec *r = alarm_record(vm, a, file, line);
    bool known = r->alarm == a && r->line == line && strcmp(r->file, file) == 0;
    record_begin(&r->seq);
    r->alarm = a;
    r->line = line;
    r->kind = (uint32_t)at->kind;
    word_set(&r->number, at->number);
    memcpy(r->file, file, sizeof file);
    copy_tail(r->detail, sizeof r->detail, detail);
    word_set(&r->count, known ? r->count + 1 : 1);
    word_set(&r->time_ns, obs_now_ns());
    record_end(&r->seq);
    obs_add(&vm->blk->alarms_n, 1);
    return r->count;
}
