/* block.c: reads a stats block that a stranger wrote.
 *
 * The other side may be buggy, hostile, or in the middle of a change. So: the file must be sealed
 * against shrinking (else reading could raise SIGBUS); every offset is checked against the mapped
 * size before use; every word is loaded once and the copy is what is checked and used; a chain that
 * comes back to where it was is left; records are copied between two reads of their
 * seq and given up, and counted as late, after 100 tries. Honest records do not overlap, so from one
 * segment no more than its size is copied (`room`): what a block claims beyond is counted as late.
 *
 * Before it: jit/obs/segment.c (the writer). After it: merge.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "agent/internal.h"

/* ---- the mapping ---- */

static const char *distrust(const struct jitstat_seg *s, size_t size)
{
    uint64_t vm_off = word(&s->vm_off);
    if (word(&s->magic) != JITSTAT_MAGIC)
        return "it does not begin like one";
    if (half(&s->layout) != JITSTAT_LAYOUT)
        return "its layout is another version's: use the jitstat of that version";
    if (word(&s->size) != size || half(&s->header_size) != sizeof *s || half(&s->vm_size) != sizeof(struct jitstat_vm))
        return "its sizes contradict its layout";
    if (vm_off < sizeof *s || vm_off % 8 || vm_off > size || size - vm_off < JITSTAT_VM_MAX * sizeof(struct jitstat_vm))
        return "its directory lies outside of it";
    return NULL;
}

int block_map(struct agent *a, struct target *t, int fd)
{
    struct stat st;
    struct statfs fs;
    int seals = fcntl(fd, F_GET_SEALS);
    if (fstatfs(fd, &fs) != 0 || fs.f_type != TMPFS_MAGIC) /* huge pages could run out: SIGBUS */
        return agent_fail(a, EPROTO, "process %d: its stats block is no plain memfd: ignored", t->pid);
    if (seals < 0 || !(seals & F_SEAL_SHRINK))
        return agent_fail(a, EPROTO, "process %d: its stats block is not sealed: ignored", t->pid);
    if (fstat(fd, &st) != 0 || (size_t)st.st_size < sizeof(struct jitstat_seg))
        return agent_fail(a, EPROTO, "process %d: its stats block is too small: ignored", t->pid);
    if ((size_t)st.st_size > JITSTAT_SEG_SIZE)
        return agent_fail(a, EPROTO, "process %d: its stats block is larger than any: ignored", t->pid);
    t->size = (size_t)st.st_size;
    void *p = mmap(NULL, t->size, PROT_READ, MAP_SHARED, fd, 0);
    if (p == MAP_FAILED)
        return agent_fail(a, errno, "process %d: its stats block cannot be mapped: %s", t->pid, strerror(errno));
    t->seg = p;
    struct jitstat_seg head = *t->seg; /* what is checked is what is used */
    const char *why = distrust(&head, t->size);
    if (why) {
        block_unmap(t);
        return agent_fail(a, EPROTO, "process %d: its stats block cannot be trusted: %s", t->pid, why);
    }
    t->vm_off = head.vm_off;
    t->seg_start_ns = head.start_ns;
    t->owner_pid = head.owner_pid;
    return 0;
}

void block_unmap(struct target *t)
{
    if (t->seg)
        munmap((void *)t->seg, t->size);
    t->seg = NULL;
}

uint64_t block_memory(const struct target *t)
{
    struct stat st;
    return t->fd >= 0 && fstat(t->fd, &st) == 0 ? (uint64_t)st.st_blocks * 512 : t->size;
}

/* ---- lists ---- */

/* One VM as it is read. room: bytes that may still be copied from this segment. */
struct reading {
    const struct target *t;
    struct agent_vm *vm;
    uint64_t *room;
};

static bool take_room(struct reading *r, uint64_t size)
{
    if (size > *r->room)
        return false;
    *r->room -= size;
    return true;
}

/* Follows a list of chunks {next, used, records}; calls each for every record in use. */
struct walk {
    struct reading *r;
    size_t chunk_size, record_size;
    uint64_t per_chunk;
    int (*each)(struct reading *r, const void *record);
};

static int walk_chunks(const struct walk *w, uint64_t off)
{
    uint64_t milestone = 0; /* an offset passed before: set anew at every power of two */
    for (uint64_t n = 1; off; n++) {
        if (off == milestone)
            return -EPROTO; /* a ring */
        if ((n & (n - 1)) == 0)
            milestone = off;
        const __u64 *chunk = inside(w->r->t, off, w->chunk_size);
        if (!chunk || !take_room(w->r, w->chunk_size))
            return -EPROTO;
        uint64_t used = word(&chunk[1]);
        if (used > w->per_chunk)
            used = w->per_chunk;
        for (uint64_t i = 0; i < used; i++) {
            int r = w->each(w->r, (const char *)(chunk + 2) + i * w->record_size);
            if (r < 0)
                return r;
        }
        off = word(&chunk[0]);
    }
    return 0;
}

/* A string of at most size - 1 bytes at off, on the heap; NULL: none, or no memory. */
static char *string_at(const struct target *t, uint64_t off, size_t size)
{
    if (off == 0 || off >= t->size)
        return NULL;
    size_t room = t->size - off < size ? t->size - off : size;
    return strndup((const char *)t->seg + off, room - 1);
}

static void drop_exits(struct agent_vm *vm, size_t from)
{
    while (vm->nexits > from)
        free(vm->exits[--vm->nexits].file);
}

/* The guards of the last loop that were left. */
static int read_exits(struct reading *r, const struct jitstat_loop *l)
{
    struct agent_vm *vm = r->vm;
    uint64_t size = l->nguards * sizeof(struct jitstat_guard);
    const struct jitstat_guard *g = inside(r->t, l->guards, size);
    if (l->nguards && (!g || !take_room(r, size))) {
        vm->loss.late++;
        return 0;
    }
    for (uint32_t i = 0; i < l->nguards; i++) {
        uint64_t exits = word(&g[i].exits);
        if (!exits)
            continue;
        struct agent_exit *e = agent_push(&vm->exits, &vm->nexits, sizeof *e);
        if (!e)
            return -ENOMEM;
        *e = (struct agent_exit){vm->nloops - 1, i, half(&g[i].line), half(&g[i].op), exits,
                                 string_at(r->t, word(&g[i].file_off), JITSTAT_ABORT_FILE_LEN), half(&g[i].kind)};
    }
    return 0;
}

/* The guards are the record's only if it is still the same record after they were read. */
static bool copy_loop(struct reading *r, struct jitstat_loop *l, const struct jitstat_loop *from)
{
    size_t exits = r->vm->nexits;
    uint64_t room = *r->room;
    for (int i = 0; i < BLOCK_TRIES; i++, *r->room = room) {
        if (copy_record(l, from, sizeof *l) && read_exits(r, l) == 0 && half(&from->seq) == l->seq)
            return true;
        drop_exits(r->vm, exits);
    }
    return false;
}

static int each_loop(struct reading *r, const void *record)
{
    struct agent_vm *vm = r->vm;
    struct jitstat_loop *l = agent_push(&vm->loops, &vm->nloops, sizeof *l);
    if (!l)
        return -ENOMEM;
    if (!copy_loop(r, l, record)) {
        vm->nloops--;
        vm->loss.late++;
        return 0;
    }
    l->name[sizeof l->name - 1] = 0;
    return 0;
}

static int each_abort(struct reading *r, const void *record)
{
    struct agent_vm *vm = r->vm;
    struct jitstat_abort_site *s = agent_push(&vm->aborts, &vm->naborts, sizeof *s);
    if (!s)
        return -ENOMEM;
    if (!copy_record(s, record, sizeof *s)) {
        vm->naborts--;
        vm->loss.late++;
        return 0;
    }
    s->file[sizeof s->file - 1] = 0;
    return 0;
}

static void read_lists(struct reading *r, const struct jitstat_vm *v, bool totals_only)
{
    struct walk loops = {r, sizeof(struct jitstat_loop_chunk), sizeof(struct jitstat_loop), JITSTAT_LOOPS_PER_CHUNK, each_loop};
    struct walk aborts = {r, sizeof(struct jitstat_abort_chunk), sizeof(struct jitstat_abort_site), JITSTAT_ABORTS_PER_CHUNK, each_abort};
    if (!totals_only && walk_chunks(&loops, v->loops) < 0)
        r->vm->loss.late++; /* what was read until there stands */
    if (walk_chunks(&aborts, v->aborts) < 0)
        r->vm->loss.late++;
}

static void read_alarms(const struct jitstat_vm *v, struct agent_vm *out)
{
    for (int i = 0; i < JITSTAT_ALARMS; i++) {
        struct jitstat_alarm_rec *r = &out->alarms[out->nalarms];
        *r = v->alarms[i];
        r->file[sizeof r->file - 1] = r->detail[sizeof r->detail - 1] = 0;
        if (r->alarm != JITSTAT_AL_NONE && r->alarm < JITSTAT_NALARMS)
            out->nalarms++;
    }
}

/* ---- VMs ---- */

static const struct jitstat_vm *slot(const struct target *t, uint32_t i)
{
    return (const struct jitstat_vm *)((const char *)t->seg + t->vm_off) + i;
}

static uint32_t slots_used(const struct target *t)
{
    uint32_t n = half(&t->seg->vms_used);
    return n < JITSTAT_VM_MAX ? n : JITSTAT_VM_MAX;
}

static void totals_subtract(struct jitstat_totals *out, const struct jitstat_totals *a, const struct jitstat_totals *b)
{
    for (size_t i = 0; i < TOTAL_WORDS; i++)
        ((__u64 *)out)[i] = ((const __u64 *)a)[i] - ((const __u64 *)b)[i];
}

static void vm_fill(struct agent_vm *out, const struct jitstat_vm *v)
{
    out->id = v->id;
    out->state = v->state;
    out->from_block = true;
    memcpy(out->guest, v->guest, sizeof out->guest);
    out->guest[sizeof out->guest - 1] = 0;
    totals_subtract(&out->own, &v->total, &v->inherited);
    out->inherited = v->inherited;
    out->loops_lost = v->loops_lost;
    out->aborts_lost = v->aborts_lost;
}

/* One slot: its lists belong to the VM only if the same VM is still there after they were read. */
static int vm_read(const struct target *t, uint32_t i, struct agent_vm *out, struct jitstat_vm *copy, uint64_t *room, bool totals_only)
{
    const struct jitstat_vm *at = slot(t, i);
    struct reading r = {.t = t, .vm = out, .room = room};
    for (int tries = 0; tries < 3; tries++) {
        bool still = copy_record(copy, at, sizeof *copy);
        if (copy->state == 0)
            return 0;
        vm_fill(out, copy);
        out->loss.late += !still;
        read_lists(&r, copy, totals_only);
        read_alarms(copy, out);
        if (half(&at->id) == copy->id)
            return 1;
        agent_vm_clear(out);
    }
    return 0;
}

int block_read(const struct target *t, struct agent_process *p, bool totals_only)
{
    uint32_t n = slots_used(t);
    uint64_t room = t->size;
    struct jitstat_vm *copy = malloc(sizeof *copy);
    if (!copy)
        return -ENOMEM;
    for (uint32_t i = 0; i < n; i++) {
        struct agent_vm *vm = agent_push(&p->vms, &p->nvms, sizeof *vm);
        if (!vm || vm_read(t, i, vm, copy, &room, totals_only) == 0)
            p->nvms -= vm != NULL;
    }
    p->vms_lost = half(&t->seg->vms_lost);
    free(copy);
    return 0;
}

int block_baselines(struct target *t)
{
    uint32_t n = slots_used(t);
    for (uint32_t i = 0; i < n; i++) {
        struct baseline *b = agent_push(&t->baselines, &t->nbaselines, sizeof *b);
        if (!b)
            return -ENOMEM;
        b->vm = half(&slot(t, i)->id);
        for (int e = 0; e < JITSTAT_EVENTS_MAX; e++)
            b->events[e] = word(&slot(t, i)->total.events[e]);
    }
    t->has_baselines = true;
    return 0;
}
