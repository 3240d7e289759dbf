/* segment.h: where the stats block lives. Internal to obs/. */
#ifndef JIT_OBS_SEGMENT_H
#define JIT_OBS_SEGMENT_H

#include "obs/obs.h"

/* The process's segment, made by the first segment_vm_take; NULL before. Shared memfd or private
 * memory, at one address for the life of the process. */
extern struct jitstat_seg *segment;

/* Takes a directory slot for vm, makes it live and sets vm->blk; private memory when the
 * directory is full. Links vm into the list of live VMs. Returns 0 or -ENOMEM. */
int segment_vm_take(struct obs_vm *vm, const char *guest);
/* Marks the slot ended and unlinks vm. Totals and records stay until the slot is reused. */
void segment_vm_end(struct obs_vm *vm);

/* Zeroed room in the arena that never moves, 16-byte aligned; NULL when it is full. Sizes are rounded up to
 * segment_room(size), at least 64 bytes; room of VMs whose slot is reused is handed out again. */
void *segment_alloc(size_t size);
void segment_free(void *p, size_t size);
/* What size bytes take. */
size_t segment_room(size_t size);

static inline uint64_t segment_offset(const void *p)
{
    return p ? (uint64_t)((const char *)p - (const char *)segment) : 0;
}
static inline void *segment_at(uint64_t off)
{
    return off ? (char *)segment + off : NULL;
}

/* Brackets of a record that changes: readers see an odd seq and retry. */
static inline void record_begin(__u32 *seq)
{
    __atomic_store_n(seq, *seq + 1, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_RELEASE);
}
static inline void record_end(__u32 *seq)
{
    __atomic_store_n(seq, *seq + 1, __ATOMIC_RELEASE);
}
/* A single word of the block; every store goes through here or obs_add. */
static inline void word_set(__u64 *word, uint64_t v)
{
    __atomic_store_n((uint64_t *)word, v, __ATOMIC_RELAXED);
}

#endif
