/* code.h - the memory that machine code lives in: one area per VM, near the library, never writable and executable
 * at the same time.
 *
 *     base                     base+top          base+allocated            base+max
 *     | block | hole | block ... | free, committed | reserved, PROT_NONE ... | probe page |
 *
 * The whole area is reserved at once, within 1 GB of an address in the library's image. So every call of a helper,
 * every RIP-relative word and every jump between two blocks reaches with 32 bits, and no code address ever moves.
 * Memory is committed in chunks as it fills.
 *
 * The obvious ways are not taken: a second mapping of the same memory (one writable, one executable) is what hardened
 * services forbid and what an attacker looks for; changing the whole committed part at once makes the kernel walk all of it
 * for each compilation, which took a tenth of a program's time where a thousand traces were there already. So those pages
 * become writable that are written to, and the few stretches that are open stand in a short list.
 *
 * A kernel may refuse executable memory from the start (SELinux, systemd's MemoryDenyWriteExecute, seccomp), or from
 * some moment on, when a program locks itself in after its start-up. The second would be deadly: code that was made
 * writable could never run again, with activations of it on the stack. So code_open first tries the whole change on
 * the probe page, which holds no code, and the area is touched only if that worked.
 *
 * Invariants
 *  1. No page is ever writable and executable, not for one moment.
 *  2. Code in the area can run whenever the area is not open. A refused area keeps running the code it has.
 *  3. All bookkeeping is outside the area, so code that runs wild or a reader of it changes no list.
 *  4. Extents (blocks and holes) are contiguous from base to base + top, no two holes are neighbours, and the last
 *     extent is a block.
 *
 * An area belongs to one VM and is used by one thread at a time; it has no lock. It is private anonymous memory: the
 * child of a fork has its own copy at the same place, and nothing needs doing. It has no name (PR_SET_VMA_ANON_NAME)
 * because perf looks for /tmp/perf-PID.map only where the mapping is anonymous without one.
 *
 * Before this on the walk: x64/ fills the space. After it: trace/ installs the block.
 */
#ifndef JIT_CODE_CODE_H
#define JIT_CODE_CODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "code/rel32.h"

enum {
    CODE_ALIGN = 16, /* of every block; its padding is int3 */
    CODE_CHUNK = 256 * 1024, /* committed at a time */
    CODE_OPEN = 8, /* stretches that are open at a time; what is too much joins another one */
};

/* A stretch of an area. Blocks are handed out by code_commit and owned by whoever got them until code_free; callers
 * read p and size only. */
struct code_block {
    uint8_t *p;
    size_t size; /* bytes, a multiple of CODE_ALIGN */
    struct code_block *prev, *next; /* all extents by address */
    struct code_block *hprev, *hnext; /* holes, the latest first; NULL in blocks */
    bool hole;
};

/* Pages that are writable: bytes from base. */
struct code_open_pages {
    size_t from, to;
};

/* Owned by the VM, in place. Callers read base and max; the rest has functions. */
struct code_area {
    uint8_t *base; /* NULL: nothing reserved (refused, no room, or finished) */
    size_t max; /* bytes that blocks can have at most */
    size_t allocated; /* bytes committed so far, from base */
    size_t top; /* bytes from base that extents cover */
    size_t used; /* bytes in blocks */
    unsigned depth; /* nested code_open */
    unsigned nopen; /* 0 unless depth > 0 */
    struct code_open_pages open[CODE_OPEN];
    bool refused; /* sticky: the kernel does not give executable memory (any more) */
    bool lost; /* sticky: and some of the code cannot run, because it could not be closed */
    struct code_block *first, *last; /* extents */
    struct code_block *holes;
    struct code_block *pending; /* space between code_alloc and code_commit */
    struct code_block *spare; /* for the rest of a split, so that code_commit cannot fail */
};

/* Reserves an area of max bytes (rounded up to pages) of which every byte is within 1 GB of near. If that much is not
 * free there, halves max until it is (a->max says what came of it). Sixteen areas of 64 MB would fill that neighbourhood:
 * so the n-th area of a process has at most 128 MB / n (a power of two), and there is room for more than a thousand VMs.
 * Reserve late, when a VM first compiles.
 * 0; -EPERM: the kernel refuses executable memory; -ENOMEM: no room near, or no memory. After an error the area is
 * valid, every code_open and code_alloc gives the same error, and code_area_fini need not be called. */
int code_area_init(struct code_area *a, const void *near, size_t max);

/* Gives everything back, blocks too. Nothing may be running in it. */
void code_area_fini(struct code_area *a);

/* Until the matching code_close (pairs nest) the functions below may make pages of the area writable and not
 * executable. Nothing in the area runs in between: no hook, no guest code.
 * 0; -EPERM: refused, from now on for good; -ENOMEM. After an error nothing is open and all code still runs. */
int code_open(struct code_area *a);

/* All of the area is executable again with the last of nested pairs. 0, or -errno: the kernel refused what it had allowed
 * at code_open, which needs another thread to lock the process in between; a->refused and a->lost are set and no code
 * in the area may be entered. */
int code_close(struct code_area *a);

/* Space for max bytes of code, CODE_ALIGN-aligned, at *p, while the area is open. One space at a time: code_commit
 * ends it, before the area is closed. Gives the bytes there are, at least max, all writable; -ENOSPC: the area is full;
 * -ENOMEM: no memory; or the area's error. */
ssize_t code_alloc(struct code_area *a, size_t max, uint8_t **p);

/* Keeps the first used bytes of the space as a block, which starts where the space did, and takes the rest back.
 * NULL if used is 0: all of it is taken back. */
struct code_block *code_commit(struct code_area *a, size_t used);

/* The block's bytes may be used again. Open or not; nothing may run there or lead there. NULL is no block. */
void code_free(struct code_area *a, struct code_block *b);

/* Relinks a jump, call or RIP-relative word of code in an open area: the four bytes at site lead to target. 0, or
 * -ERANGE, -ENOMEM or -EPERM and nothing written. */
int code_patch_rel32(struct code_area *a, uint8_t *site, const void *target);

/* Bytes in blocks; bytes the kernel gave for them. */
static inline size_t code_used(const struct code_area *a)
{
    return a->used;
}

static inline size_t code_allocated(const struct code_area *a)
{
    return a->allocated;
}

static inline bool code_is_open(const struct code_area *a)
{
    return a->depth > 0;
}

/* Is p in the area? For signal handlers and unwinders: reads two words that do not change. */
static inline bool code_contains(const struct code_area *a, const void *p)
{
    return (uintptr_t)p - (uintptr_t)a->base < a->max;
}

#endif
