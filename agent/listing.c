/* listing.c: one trace out of a stats block: its record, all its ways out, and what was compiled.
 *
 * The pieces that a record leads to may go while they are copied, when the trace is freed and another needs the room.
 * So everything is copied between two looks at the record's seq, and thrown away if that changed. What the copy
 * holds is a stranger's word: whoever decodes it checks every offset (cli/decode.c).
 *
 * Before it: jit/trace/listing.c (the writer), block.c. After it: cli/dump.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/internal.h"

#define GUARDS_MAX 65536 /* of one trace; ours have a few hundred */
#define NAMES_MAX (1u << 20)
#define LISTING_MAX (16u << 20)

static const struct jitstat_loop *find_loop(const struct target *t, uint64_t off, uint64_t number)
{
    for (int n = 0; off && n < JITSTAT_CHAIN_MAX; n++) {
        const struct jitstat_loop_chunk *c = inside(t, off, sizeof *c);
        if (!c)
            return NULL;
        uint64_t used = word(&c->used);
        for (uint64_t i = 0; i < used && i < JITSTAT_LOOPS_PER_CHUNK; i++)
            if (word(&c->loop[i].number) == number)
                return &c->loop[i];
        off = word(&c->next);
    }
    return NULL;
}

static const struct jitstat_vm *find_vm(const struct target *t, uint32_t id)
{
    const struct jitstat_vm *v = (const struct jitstat_vm *)((const char *)t->seg + t->vm_off);
    for (uint32_t i = 0; i < JITSTAT_VM_MAX; i++)
        if (half(&v[i].id) == id)
            return &v[i];
    return NULL;
}

/* A copy of size bytes at off, on the heap; NULL: outside, or no memory. */
static void *copy_piece(const struct target *t, uint64_t off, uint64_t size)
{
    const void *p = inside(t, off, size);
    void *copy = p && size ? malloc(size) : NULL;
    return copy ? memcpy(copy, p, size) : NULL;
}

static int read_ways(const struct target *t, struct agent_listing *l)
{
    const struct jitstat_guard *g = inside(t, l->loop.guards, l->loop.nguards * sizeof *g);
    if (!l->loop.nguards)
        return 0;
    if (!g || l->loop.nguards > GUARDS_MAX)
        return -EPROTO;
    l->exits = calloc(l->loop.nguards, sizeof *l->exits);
    for (uint32_t i = 0; l->exits && i < l->loop.nguards; i++) {
        struct agent_way_out *x = &l->exits[i];
        x->guard = g[i];
        uint64_t off = x->guard.file_off, room = off && off < t->size ? t->size - off : 0;
        if (room)
            memcpy(x->file, (const char *)t->seg + off, room < sizeof x->file ? room : sizeof x->file);
        x->file[sizeof x->file - 1] = 0;
    }
    return l->exits ? 0 : -ENOMEM;
}

static int read_bytes(const struct target *t, struct agent_listing *l)
{
    const struct jitstat_listing *head = inside(t, l->loop.listing, sizeof *head);
    uint32_t size = head ? half(&head->size) : 0;
    if (!l->loop.listing)
        return 0;
    if (!head || size < sizeof *head || size > LISTING_MAX || !inside(t, l->loop.listing, size))
        return -EPROTO;
    l->bytes = copy_piece(t, l->loop.listing, size);
    l->size = l->bytes ? size : 0;
    return l->bytes ? 0 : -ENOMEM;
}

static int read_once(const struct target *t, const struct jitstat_loop *at, uint64_t number, struct agent_listing *l)
{
    if (!copy_record(&l->loop, at, sizeof l->loop) || l->loop.number != number)
        return -EAGAIN;
    l->loop.name[sizeof l->loop.name - 1] = 0;
    int r = read_ways(t, l);
    if (r == 0)
        r = read_bytes(t, l);
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    return half(&at->seq) != l->loop.seq ? -EAGAIN : r;
}

static int read_names(const struct target *t, struct agent_listing *l)
{
    uint64_t off = word(&t->seg->op_names);
    uint32_t size = half(&t->seg->op_names_size);
    l->op_names = off && size && size < NAMES_MAX ? copy_piece(t, off, size) : NULL;
    if (!l->op_names)
        return off ? -EPROTO : 0;
    l->op_names_size = size;
    l->op_names[size - 1] = 0;
    return 0;
}

int agent_listing_read(struct agent *a, pid_t pid, uint32_t vm, uint64_t number, struct agent_listing *out)
{
    int r = -ENOENT;
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < a->ntargets; i++) {
        const struct target *t = &a->targets[i];
        const struct jitstat_vm *v = t->pid == pid ? find_vm(t, vm) : NULL;
        const struct jitstat_loop *at = v ? find_loop(t, word(&v->loops), number) : NULL;
        if (!at)
            continue;
        r = -EAGAIN;
        for (int tries = 0; tries < BLOCK_TRIES && r == -EAGAIN; tries++) {
            agent_listing_fini(out);
            r = read_once(t, at, number, out);
        }
        if (r == 0)
            r = read_names(t, out);
        break;
    }
    if (r < 0)
        agent_fail(a, -r, "process %d, VM %u, trace %llu: %s", pid, vm, (unsigned long long)number,
                   r == -ENOENT ? "there is none" : r == -EAGAIN ? "keeps changing"
                                                : r == -ENOMEM   ? "out of memory"
                                                                 : "its record cannot be trusted");
    return r;
}

void agent_listing_fini(struct agent_listing *l)
{
    free(l->exits);
    free(l->bytes);
    free(l->op_names);
    memset(l, 0, sizeof *l);
}
