/* jitstat.bpf.c: what runs in the kernel at every event of a watched VM.
 *
 * One program per row of events.def, all of them thin: they name the event and go through
 * event(), which finds the VM's entry, counts what was seen, copies the process's own totals, and
 * passes the event on to followers. Which counter an event counts for is the `source` column of
 * counters.def; nothing here repeats the tables.
 *
 * Invariants
 *  1. The engine counts first and fires then; so a copy of the block taken here contains the event.
 *  2. base + seen == total after every event, unless an event was missed.
 *  3. Events before `armed_ns` and their file's `image_armed` are set are ignored: all probes are
 *     attached by then.
 *  4. Nothing that was read from a process is used as an index unmasked.
 *
 * Before it: jit/obs/probes.c. After it: agent/bpf.c.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#define BPF_USDT_MAX_SPEC_CNT 2048 /* 16 probes in each of 128 images */
#include <bpf/usdt.bpf.h>

#include "maps.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

/* Knobs, set before loading. */
const volatile __u32 only_watched = 0; /* 1: processes in `watched` and their children only */
const volatile __u32 from_start = 0; /* 1: watched processes are watched since they began */
const volatile __u32 notes_wanted = 0; /* 1: somebody reads `notes`, and maps the blocks of those it reads of */

/* Set by the agent while running. */
__u64 armed_ns = 0; /* boot time at which all probes were attached, 0: not yet */
__u64 image_armed[IMAGES_MAX] = {}; /* by the cookie of the probes: boot time at which all of the file were attached */
__u32 followers = 0; /* somebody reads the ring for events */
struct lost lost = {};

static struct vm_stat empty_vm;
static struct process_stat empty_process;

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 16384);
    __uint(map_flags, BPF_F_NO_PREALLOC);
    __type(key, struct vm_id);
    __type(value, struct vm_stat);
} vms SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 16384);
    __uint(map_flags, BPF_F_NO_PREALLOC);
    __type(key, struct process_id);
    __type(value, struct process_stat);
} processes SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 262144);
    __uint(map_flags, BPF_F_NO_PREALLOC);
    __type(key, struct loop_key);
    __type(value, struct loop_stat);
} loops SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 65536);
    __uint(map_flags, BPF_F_NO_PREALLOC);
    __type(key, struct abort_key);
    __type(value, struct abort_stat);
} aborts SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 65536);
    __uint(map_flags, BPF_F_NO_PREALLOC);
    __type(key, __u32); /* tgid */
    __type(value, __u32);
} watched SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, 1 << 20);
} ring SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, 1 << 18);
} notes SEC(".maps");

/* The event as it stands at the site. */
struct ev {
    __u64 vm, kind, number, name, file, line;
    __u64 arg[JITSTAT_ARGS_MAX - JITSTAT_ARGS_COMMON];
};
#define ARGS(ev, name) ((const struct jitstat_arg_##name *)(ev)->arg)

/* The part of struct jitstat_vm that says who it is. */
struct vm_head {
    __u32 seq, state, id, owner_pid;
    __u64 generation;
    char guest[16];
};

/* ---- who ---- */

static __always_inline void process_of(struct task_struct *task, struct process_id *p)
{
    p->tgid = BPF_CORE_READ(task, tgid);
    p->pad = 0;
    p->start_ns = BPF_CORE_READ(task, group_leader, start_boottime);
    p->exec = BPF_CORE_READ(task, self_exec_id);
}

static __always_inline bool is_watched(__u32 tgid)
{
    return !only_watched || bpf_map_lookup_elem(&watched, &tgid);
}

/* base := what was there before the first event that we count. */
static __always_inline void base_all(struct vm_stat *v, bool since_start)
{
    __u64 *base = (__u64 *)&v->base, *total = (__u64 *)&v->total, *seen = (__u64 *)&v->seen;
    __u64 *inherited = (__u64 *)&v->inherited;
    for (__u32 i = 0; i < TOTAL_WORDS; i++)
        base[i] = since_start ? inherited[i] : total[i] - seen[i];
}

static __always_inline void make_note(const struct process_id *p, __u64 what)
{
    struct note *n = notes_wanted ? bpf_ringbuf_reserve(&notes, sizeof *n, 0) : NULL;
    if (!n) {
        if (notes_wanted)
            __sync_fetch_and_add(&lost.notes, 1);
        return;
    }
    n->process = *p;
    n->what = what;
    bpf_ringbuf_submit(n, 0);
}

/* Returns false if the process has had its share of entries. */
static __always_inline bool remember_process(const struct vm_id *id)
{
    struct process_stat *p = bpf_map_lookup_elem(&processes, &id->process);
    if (!p) {
        bpf_map_update_elem(&processes, &id->process, &empty_process, BPF_NOEXIST);
        p = bpf_map_lookup_elem(&processes, &id->process);
    }
    if (!p)
        return true;
    if (notes_wanted && p->vms >= PROCESS_VMS_MAX)
        return false;
    __sync_fetch_and_add(&p->vms, 1);
    if (id->vm > p->last_vm)
        p->last_vm = id->vm;
    return true;
}

/* Then its records are read where they are. */
static __always_inline bool is_mapped(const struct process_id *id)
{
    struct process_stat *p = bpf_map_lookup_elem(&processes, id);
    return p && p->mapped;
}

/* Who may be told of it: only a process all of whose user ids are one user's is that user's. */
static __always_inline __u32 own_uid(void)
{
    const struct cred *c = BPF_CORE_READ((struct task_struct *)bpf_get_current_task(), real_cred);
    __u32 uid = BPF_CORE_READ(c, uid.val);
    return uid == BPF_CORE_READ(c, euid.val) && uid == BPF_CORE_READ(c, suid.val) ? uid : 0;
}

/* Makes the entry of a VM that was not known. */
static __noinline struct vm_stat *vm_new(const struct vm_id *id, __u64 address)
{
    if (!remember_process(id))
        return NULL;
    bpf_map_update_elem(&vms, id, &empty_vm, BPF_NOEXIST);
    struct vm_stat *v = bpf_map_lookup_elem(&vms, id);
    if (!v)
        return NULL;
    v->address = address;
    v->uid = own_uid();
    bpf_get_current_comm(v->comm, sizeof v->comm);
    bpf_probe_read_user(v->guest, sizeof v->guest, (void *)(address + offsetof(struct jitstat_vm, guest)));
    bpf_probe_read_user(&v->self_off, sizeof v->self_off, (void *)(address + offsetof(struct jitstat_vm, self_off)));
    if (v->self_off)
        bpf_probe_read_user(&v->seg_start_ns, sizeof v->seg_start_ns,
                            (void *)(address - v->self_off + offsetof(struct jitstat_seg, start_ns)));
    bpf_probe_read_user(&v->inherited, sizeof v->inherited, (void *)(address + offsetof(struct jitstat_vm, inherited)));
    make_note(&id->process, NOTE_VM);
    return v;
}

/* ---- what was seen ---- */

static const __u32 abort_counter[JITSTAT_NABORTS] = {
#define JITSTAT_ABORT(NAME, help, advice) [JITSTAT_A_##NAME] = JITSTAT_C_ABORT_##NAME,
#define JITSTAT_ABORT_PYPY JITSTAT_ABORT
#include <jitstat/aborts.def>
#undef JITSTAT_ABORT_PYPY
#undef JITSTAT_ABORT
};

/* Counters that count a begin event: the rows say which. */
static __always_inline void seen_begin(struct vm_stat *v, __u32 id)
{
#define FROM_BEGIN_TRACING(c) \
    if (id == JITSTAT_E_tracing__begin) v->seen.counters[c]++;
#define FROM_BEGIN_BACKEND(c) \
    if (id == JITSTAT_E_backend__begin) v->seen.counters[c]++;
#define FROM_COMPILE(c)
#define FROM_FREE(c)
#define FROM_ABORT(c)
#define FROM_TRACING_END(c)
#define FROM_OPTIMIZE_END(c)
#define FROM_EVENT(c)
#define JITSTAT_COUNTER(NAME, source, help) FROM_##source(JITSTAT_C_##NAME)
#include <jitstat/counters.def>
#undef FROM_BEGIN_TRACING
#undef FROM_BEGIN_BACKEND
#undef FROM_TRACING_END
#undef FROM_OPTIMIZE_END
}

/* The end event carries what its phase added. */
static __always_inline void seen_delta(struct vm_stat *v, __u64 delta)
{
    if (bpf_probe_read_user(&v->scratch.delta, sizeof v->scratch.delta, (void *)delta)) {
        v->unread++;
        return;
    }
    for (__u32 i = 0; i < JITSTAT_COUNTERS_MAX; i++)
        v->seen.counters[i] += v->scratch.delta.counters[i];
}

static __always_inline void seen(struct vm_stat *v, __u32 id, const struct ev *e)
{
    bool bridge = e->kind == JITSTAT_KIND_BRIDGE;
    v->seen.events[id & (JITSTAT_EVENTS_MAX - 1)]++;
    seen_begin(v, id);
    switch (id) {
    case JITSTAT_E_tracing__end:
        v->seen.times_ns[JITSTAT_T_TRACING] += ARGS(e, tracing__end)->ns;
        seen_delta(v, ARGS(e, tracing__end)->delta);
        break;
    case JITSTAT_E_optimize__end:
        v->seen.times_ns[JITSTAT_T_OPTIMIZE] += ARGS(e, optimize__end)->ns;
        seen_delta(v, ARGS(e, optimize__end)->delta);
        break;
    case JITSTAT_E_backend__end:
        v->seen.times_ns[JITSTAT_T_BACKEND] += ARGS(e, backend__end)->ns;
        break;
    case JITSTAT_E_compile:
        v->seen.counters[bridge ? JITSTAT_C_TOTAL_COMPILED_BRIDGES : JITSTAT_C_TOTAL_COMPILED_LOOPS]++;
        break;
    case JITSTAT_E_free:
        v->seen.counters[bridge ? JITSTAT_C_TOTAL_FREED_BRIDGES : JITSTAT_C_TOTAL_FREED_LOOPS]++;
        break;
    case JITSTAT_E_abort: {
        __u64 reason = ARGS(e, abort)->reason_id;
        if (reason < JITSTAT_NABORTS)
            v->seen.counters[abort_counter[reason] & (JITSTAT_COUNTERS_MAX - 1)]++;
        break;
    }
    case JITSTAT_E_flush:
        v->seen.flushes++;
        break;
    case JITSTAT_E_blacklist:
        v->seen.blacklisted++;
        break;
    }
}

/* Late attach: counters that come with an end event may have grown before their phase began to be
 * watched; their base is known exactly at the first such end. */
static __always_inline void base_phase(struct vm_stat *v, __u32 id)
{
    __u32 bit = id == JITSTAT_E_tracing__end    ? VM_TRACING_BASED
                : id == JITSTAT_E_optimize__end ? VM_OPTIMIZE_BASED
                : id == JITSTAT_E_backend__end  ? VM_BACKEND_BASED
                                                : 0;
    if (!bit || (v->flags & bit))
        return;
    v->flags |= bit;
#define REBASE(field) v->base.field = v->total.field - v->seen.field;
#define FROM_BEGIN_TRACING(c)
#define FROM_BEGIN_BACKEND(c)
#define FROM_TRACING_END(c) \
    if (id == JITSTAT_E_tracing__end) REBASE(counters[c])
#define FROM_OPTIMIZE_END(c) \
    if (id == JITSTAT_E_optimize__end) REBASE(counters[c])
#define JITSTAT_COUNTER(NAME, source, help) FROM_##source(JITSTAT_C_##NAME)
#include <jitstat/counters.def>
    if (id == JITSTAT_E_tracing__end)
        REBASE(times_ns[JITSTAT_T_TRACING])
    if (id == JITSTAT_E_optimize__end)
        REBASE(times_ns[JITSTAT_T_OPTIMIZE])
    if (id == JITSTAT_E_backend__end)
        REBASE(times_ns[JITSTAT_T_BACKEND])
}

/* ---- our own clock ---- */

static __always_inline __u32 log2_slot(__u64 ns)
{
    __u32 slot = 0;
    for (int shift = 32; shift; shift >>= 1)
        if (ns >> shift) {
            ns >>= shift;
            slot += shift;
        }
    return slot < HIST_SLOTS ? slot : HIST_SLOTS - 1;
}

static __always_inline void phase_begin(struct vm_stat *v, __u32 timer)
{
    __u64 now = bpf_ktime_get_ns(), d = v->depth++;
    if (d >= PHASE_DEPTH)
        return;
    if (d > 0) {
        struct phase_frame *below = &v->frames[(d - 1) & (PHASE_DEPTH - 1)];
        below->ns += now - below->since;
    }
    struct phase_frame *f = &v->frames[d & (PHASE_DEPTH - 1)];
    f->timer = timer;
    f->since = now;
    f->ns = 0;
}

static __always_inline void phase_end(struct vm_stat *v, __u32 timer)
{
    __u64 now = bpf_ktime_get_ns();
    if (v->depth == 0)
        return; /* began before we attached */
    __u64 d = --v->depth;
    if (d >= PHASE_DEPTH)
        return;
    struct phase_frame *f = &v->frames[d & (PHASE_DEPTH - 1)];
    if (d > 0)
        v->frames[(d - 1) & (PHASE_DEPTH - 1)].since = now;
    if (f->timer != timer) {
        v->depth = 0; /* a begin or an end was missed: start anew */
        return;
    }
    __u64 ns = f->ns + (now - f->since);
    struct phase_stat *p = &v->phase[timer & (JITSTAT_TIMES_MAX - 1)];
    p->count++;
    p->ns += ns;
    p->hist[log2_slot(ns)]++;
}

static __always_inline void clock(struct vm_stat *v, __u32 id)
{
    switch (id) {
    case JITSTAT_E_tracing__begin: phase_begin(v, JITSTAT_T_TRACING); break;
    case JITSTAT_E_tracing__end: phase_end(v, JITSTAT_T_TRACING); break;
    case JITSTAT_E_optimize__begin: phase_begin(v, JITSTAT_T_OPTIMIZE); break;
    case JITSTAT_E_optimize__end: phase_end(v, JITSTAT_T_OPTIMIZE); break;
    case JITSTAT_E_backend__begin: phase_begin(v, JITSTAT_T_BACKEND); break;
    case JITSTAT_E_backend__end: phase_end(v, JITSTAT_T_BACKEND); break;
    }
}

/* ---- records ---- */

static __always_inline void loop_compiled(struct vm_stat *v, const struct vm_id *id, const struct ev *e)
{
    struct loop_key *key = &v->scratch.loop.key;
    struct loop_stat *s = &v->scratch.loop.stat;
    if (notes_wanted && is_mapped(&id->process))
        return;
    __builtin_memset(&v->scratch.loop, 0, sizeof v->scratch.loop);
    key->id = *id;
    key->number = e->number;
    s->rec.kind = e->kind;
    s->rec.number = e->number;
    s->rec.state = 1;
    s->rec.line = e->line;
    s->rec.code_addr = ARGS(e, compile)->addr;
    s->rec.code_size = ARGS(e, compile)->size;
    s->rec.nops = ARGS(e, compile)->ops;
    s->rec.nguards = ARGS(e, compile)->guards;
    s->rec.parent = ARGS(e, compile)->parent;
    s->rec.guard_number = ARGS(e, compile)->guard_number;
    if (bpf_probe_read_user_str(s->rec.name, sizeof s->rec.name, (void *)e->name) < 0)
        v->unread++;
    if (bpf_map_update_elem(&loops, key, s, BPF_ANY))
        v->map_full++;
}

static __always_inline void loop_freed(const struct vm_id *id, const struct ev *e)
{
    struct loop_key key = {.id = *id, .number = e->number};
    struct loop_stat *s = bpf_map_lookup_elem(&loops, &key);
    if (s)
        s->rec.state = 2;
}

static __always_inline void abort_site(struct vm_stat *v, const struct vm_id *id, const struct ev *e)
{
    struct abort_key *key = &v->scratch.abort;
    if (notes_wanted && is_mapped(&id->process))
        return;
    __builtin_memset(key, 0, sizeof *key);
    key->id = *id;
    key->reason = ARGS(e, abort)->reason_id;
    key->line = ARGS(e, abort)->abort_line;
    key->kind = e->kind;
    if (bpf_probe_read_user_str(key->file, sizeof key->file, (void *)ARGS(e, abort)->abort_file) < 0)
        v->unread++;
    struct abort_stat *s = bpf_map_lookup_elem(&aborts, key);
    if (!s) {
        struct abort_stat zero = {};
        bpf_map_update_elem(&aborts, key, &zero, BPF_NOEXIST);
        s = bpf_map_lookup_elem(&aborts, key);
    }
    if (!s) {
        v->map_full++;
        return;
    }
    s->count++;
    s->ns += ARGS(e, abort)->ns;
}

static __always_inline void snapshot(struct vm_stat *v, const struct ev *e)
{
    if (ARGS(e, snapshot)->size < sizeof v->snap)
        return;
    if (bpf_probe_read_user(&v->snap, sizeof v->snap, (void *)ARGS(e, snapshot)->totals))
        v->unread++;
    else
        v->flags |= VM_HAS_SNAP;
}

static __always_inline void record(struct vm_stat *v, const struct vm_id *vm, __u32 id, const struct ev *e)
{
    switch (id) {
    case JITSTAT_E_compile: loop_compiled(v, vm, e); break;
    case JITSTAT_E_free: loop_freed(vm, e); break;
    case JITSTAT_E_abort: abort_site(v, vm, e); break;
    case JITSTAT_E_snapshot: snapshot(v, e); break;
    case JITSTAT_E_vm__end: v->flags |= VM_ENDED; break;
    }
}

static __always_inline void follow(struct vm_stat *v, const struct vm_id *vm, __u32 id, const struct ev *e)
{
    if (!followers)
        return;
    struct follow_event *f = bpf_ringbuf_reserve(&ring, sizeof *f, 0);
    if (!f) {
        v->ring_full++;
        return;
    }
    f->time_ns = bpf_ktime_get_ns();
    f->id = *vm;
    f->event = id;
    f->kind = e->kind;
    f->number = e->number;
    f->line = e->line;
    f->count = 1;
    f->uid = own_uid();
    f->pad = 0;
    __builtin_memcpy(f->args, e->arg, sizeof f->args);
    __builtin_memcpy(f->comm, v->comm, sizeof f->comm);
    f->name[0] = f->file[0] = f->text[0] = 0;
    bpf_probe_read_user_str(f->name, sizeof f->name, (void *)e->name);
    bpf_probe_read_user_str(f->file, sizeof f->file, (void *)e->file);
    __u64 text = id == JITSTAT_E_abort       ? ARGS(e, abort)->reason
                 : id == JITSTAT_E_flush     ? ARGS(e, flush)->why
                 : id == JITSTAT_E_blacklist ? ARGS(e, blacklist)->reason
                 : id == JITSTAT_E_alarm     ? ARGS(e, alarm)->detail
                                             : 0;
    if (text)
        bpf_probe_read_user_str(f->text, sizeof f->text, (void *)text);
    bpf_ringbuf_submit(f, 0);
}

/* ---- one event ---- */

static __always_inline void args_read(struct pt_regs *ctx, struct ev *e, __u32 nargs)
{
    __u64 *to = (__u64 *)e;
#pragma unroll
    for (__u32 i = 0; i < JITSTAT_ARGS_MAX; i++) {
        long v = 0;
        if (i < nargs)
            bpf_usdt_arg(ctx, i, &v);
        to[i] = v;
    }
}

static __always_inline int event(struct pt_regs *ctx, __u32 id, __u32 nargs)
{
    struct ev e;
    struct vm_id vm;
    struct vm_head head;
    __u64 armed = image_armed[bpf_usdt_cookie(ctx) & (IMAGES_MAX - 1)];
    if (!armed_ns || !armed)
        return 0;
    if (armed < armed_ns)
        armed = armed_ns;
    process_of((struct task_struct *)bpf_get_current_task(), &vm.process);
    if (!is_watched(vm.process.tgid))
        return 0;
    args_read(ctx, &e, nargs);
    if (bpf_probe_read_user(&head, sizeof head, (void *)e.vm)) {
        __sync_fetch_and_add(&lost.unread, 1);
        return 0;
    }
    vm.vm = head.id;
    struct vm_stat *v = bpf_map_lookup_elem(&vms, &vm);
    bool fresh = !v;
    if (!v && !(v = vm_new(&vm, e.vm))) {
        __sync_fetch_and_add(&lost.vm_map_full, 1);
        return 0;
    }
    v->seq++;
    seen(v, id, &e);
    if (bpf_probe_read_user(&v->total, sizeof v->total, (void *)(e.vm + offsetof(struct jitstat_vm, total))))
        v->unread++;
    if (fresh) {
        bool began = id == JITSTAT_E_vm__begin || from_start || vm.process.start_ns > armed;
        base_all(v, began);
        v->flags |= began ? VM_SEEN_BEGIN | VM_TRACING_BASED | VM_OPTIMIZE_BASED | VM_BACKEND_BASED : 0;
    }
    base_phase(v, id);
    clock(v, id);
    record(v, &vm, id, &e);
    follow(v, &vm, id, &e);
    v->seq++;
    return 0;
}

#define JITSTAT_EVENT(name, hook, args) \
    SEC("usdt") \
    int on_##name(struct pt_regs *ctx) \
    { \
        return event(ctx, JITSTAT_E_##name, JITSTAT_ARGS_COMMON + sizeof(struct jitstat_arg_##name) / sizeof(__u64)); \
    }
#include <jitstat/events.def>

/* ---- processes ---- */

/* The last copy of a VM's run counts: walks its chunks in the dying process. */
struct chunk_walk {
    struct vm_stat *v;
    struct vm_id *id;
    __u64 segment; /* its address */
    __u64 next; /* offset of the next chunk */
    __u64 used;
    __u64 index;
    __u64 chunk;
};

static long last_loop(__u32 i, struct chunk_walk *w)
{
    struct vm_stat *v = w->v;
    if (i >= w->used)
        return 1;
    __u64 at = w->chunk + offsetof(struct jitstat_loop_chunk, loop) + i * sizeof(struct jitstat_loop);
    __builtin_memset(&v->scratch.loop.key, 0, sizeof v->scratch.loop.key);
    if (bpf_probe_read_user(&v->scratch.loop.stat.rec, sizeof v->scratch.loop.stat.rec, (void *)at)) {
        v->unread++;
        return 1;
    }
    v->scratch.loop.stat.from_block = 1;
    v->scratch.loop.key.id = *w->id;
    v->scratch.loop.key.number = v->scratch.loop.stat.rec.number;
    if (bpf_map_update_elem(&loops, &v->scratch.loop.key, &v->scratch.loop.stat, BPF_ANY))
        v->map_full++;
    return 0;
}

static long last_chunk(__u32 i, struct chunk_walk *w)
{
    __u64 head[2]; /* next, used */
    if (!w->next)
        return 1;
    w->chunk = w->segment + w->next;
    if (bpf_probe_read_user(head, sizeof head, (void *)w->chunk))
        return 1;
    w->next = head[0];
    w->used = head[1] < JITSTAT_LOOPS_PER_CHUNK ? head[1] : JITSTAT_LOOPS_PER_CHUNK;
    bpf_loop(JITSTAT_LOOPS_PER_CHUNK, last_loop, w, 0);
    return 0;
}

struct exit_walk {
    struct vm_id id;
    __u64 mapped;
};

static long last_vm(__u32 i, struct exit_walk *x)
{
    struct vm_head head;
    x->id.vm = i + 1;
    struct vm_stat *v = bpf_map_lookup_elem(&vms, &x->id);
    if (!v)
        return 0;
    __u64 at = v->address;
    if (bpf_probe_read_user(&head, sizeof head, (void *)at) || head.id != x->id.vm)
        return 0; /* its slot serves a later VM: the copy at vm__end is the last one */
    v->seq++;
    if (bpf_probe_read_user(&v->total, sizeof v->total, (void *)(at + offsetof(struct jitstat_vm, total))))
        v->unread++;
    else
        v->flags |= VM_LAST_COPY;
    if (v->self_off && !x->mapped) {
        struct chunk_walk w = {.v = v, .id = &x->id, .segment = at - v->self_off};
        bpf_probe_read_user(&w.next, sizeof w.next, (void *)(at + offsetof(struct jitstat_vm, loops)));
        bpf_loop(EXIT_CHUNKS, last_chunk, &w, 0);
    }
    v->seq++;
    return 0;
}

static __always_inline void note_of(struct task_struct *task, struct task_struct *known, __u64 what)
{
    struct process_id id;
    if (!notes_wanted)
        return;
    process_of(known, &id);
    if (!bpf_map_lookup_elem(&processes, &id))
        return;
    process_of(task, &id);
    make_note(&id, what);
}

static __always_inline void last_copy(struct task_struct *task)
{
    struct exit_walk x = {};
    process_of(task, &x.id.process);
    struct process_stat *p = bpf_map_lookup_elem(&processes, &x.id.process);
    if (!p)
        return;
    x.mapped = p->mapped;
    bpf_loop(p->last_vm < EXIT_VMS ? p->last_vm : EXIT_VMS, last_vm, &x, 0);
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(process_exit, struct task_struct *task)
{
    if (BPF_CORE_READ(task, signal, live.counter) > 0)
        return 0; /* other threads go on */
    last_copy(task);
    note_of(task, task, NOTE_EXIT);
    if (only_watched) {
        __u32 tgid = BPF_CORE_READ(task, tgid);
        bpf_map_delete_elem(&watched, &tgid);
    }
    return 0;
}

/* Children of watched processes are watched. */
SEC("tp_btf/sched_process_fork")
int BPF_PROG(process_fork, struct task_struct *parent, struct task_struct *child)
{
    __u32 from = BPF_CORE_READ(parent, tgid), to = BPF_CORE_READ(child, tgid), one = 1;
    if (only_watched && from != to && bpf_map_lookup_elem(&watched, &from))
        if (bpf_map_update_elem(&watched, &to, &one, BPF_ANY))
            __sync_fetch_and_add(&lost.vm_map_full, 1);
    if (from != to)
        note_of(child, parent, NOTE_FORK);
    return 0;
}

/* A new image may need probes that are not attached yet: the agent looks. */
SEC("tp_btf/sched_process_exec")
int BPF_PROG(process_exec, struct task_struct *task, int old_pid)
{
    __u32 tgid = BPF_CORE_READ(task, tgid);
    if (!armed_ns || !only_watched || !bpf_map_lookup_elem(&watched, &tgid))
        return 0;
    struct follow_event *f = bpf_ringbuf_reserve(&ring, sizeof *f, 0);
    if (!f) {
        __sync_fetch_and_add(&lost.ring_full, 1);
        return 0;
    }
    __builtin_memset(f, 0, sizeof *f);
    f->time_ns = bpf_ktime_get_ns();
    f->event = FOLLOW_EXEC;
    process_of(task, &f->id.process);
    bpf_ringbuf_submit(f, 0);
    return 0;
}

/* The old image's memory is still there now (newer kernels only; else the copy made at its last
 * event stands). */
SEC("tp_btf/sched_prepare_exec")
int BPF_PROG(process_leaves_image, struct task_struct *task)
{
    last_copy(task);
    return 0;
}
