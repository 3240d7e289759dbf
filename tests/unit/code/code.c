/* Code memory: code written by the encoder runs; no page is ever writable and executable; space is reused and
 * coalesced; a kernel that refuses executable memory, from the start or later, costs nothing that runs already. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../noexec.h"
#include "code/code.h"
#include "x64/enc.h"

#ifndef PR_SET_MDWE
#define PR_SET_MDWE 65
#endif

static const size_t MB = 1 << 20;
static int here; /* something in the image */

/* --- what the kernel says --- */

/* The permissions at p, "----" if nothing is mapped. Sets *wx if any page of the process is writable and executable. */
static const char *perms_at(const void *p, bool *wx)
{
    static char found[5];
    FILE *f = fopen("/proc/self/maps", "r");
    char line[512];

    strcpy(found, "----");
    *wx = false;
    while (f && fgets(line, sizeof line, f)) {
        unsigned long lo, hi;
        char perms[5];

        if (sscanf(line, "%lx-%lx %4s", &lo, &hi, perms) != 3)
            continue;
        if (perms[1] == 'w' && perms[2] == 'x')
            *wx = true;
        if ((uintptr_t)p >= lo && (uintptr_t)p < hi)
            memcpy(found, perms, sizeof found);
    }
    if (f)
        fclose(f);
    else
        *wx = true; /* not seen is not proved */
    return found;
}

static void expect_perms(const void *p, const char *want)
{
    bool wx;
    const char *got = perms_at(p, &wx);

    cr_expect_str_eq(got, want);
    cr_expect(!wx, "a page is writable and executable");
}

/* --- small programs --- */

/* A function that returns v, in an area that is open. */
static struct code_block *emit_const(struct code_area *a, int64_t v)
{
    uint8_t *p;
    ssize_t room = code_alloc(a, 64, &p);
    struct enc e;

    if (room < 0)
        return NULL;
    enc_init(&e, p, (size_t)room);
    enc_mov_imm(&e, X_RAX, v);
    enc_ret(&e);
    return code_commit(a, enc_size(&e));
}

static int64_t run(const struct code_block *b)
{
    return ((int64_t(*)(void))(uintptr_t)b->p)();
}

/* The same, in an area that is closed before and after; NULL if any step failed. */
static struct code_block *make_const(struct code_area *a, int64_t v)
{
    struct code_block *b;

    if (code_open(a) < 0)
        return NULL;
    b = emit_const(a, v);
    return code_close(a) == 0 ? b : NULL;
}

static struct code_area new_area(size_t max)
{
    struct code_area a;

    cr_assert_eq(code_area_init(&a, &here, max), 0);
    return a;
}

/* Invariant 4 of code.h, and the sums. */
static void expect_sound(const struct code_area *a)
{
    size_t top = 0, used = 0, holes = 0, listed = 0;
    const struct code_block *prev = NULL;

    for (const struct code_block *b = a->first; b; prev = b, b = b->next) {
        cr_assert_eq(b->p, a->base + top, "extents are contiguous");
        cr_assert_eq(b->prev, prev);
        cr_assert(b->size > 0 && b->size % CODE_ALIGN == 0);
        cr_assert(!(b->hole && prev && prev->hole), "two holes are neighbours");
        top += b->size;
        used += b->hole ? 0 : b->size;
        holes += b->hole;
    }
    for (const struct code_block *b = a->holes; b; b = b->hnext, listed++)
        cr_assert(b->hole);
    cr_assert_eq(a->last, prev);
    cr_assert(!prev || !prev->hole, "the last extent is a block");
    cr_assert_eq(top, a->top);
    cr_assert_eq(used, code_used(a));
    cr_assert_eq(holes, listed);
    cr_assert(a->top <= code_allocated(a) && code_allocated(a) <= a->max);
}

/* --- running --- */

Test(code, a_generated_function_runs)
{
    struct code_area a = new_area(64 * MB);
    struct code_block *b = make_const(&a, 0x123456789abcdef);

    cr_assert(b);
    cr_expect_eq(run(b), 0x123456789abcdef);
    cr_expect_eq((uintptr_t)b->p % CODE_ALIGN, 0);
    cr_expect_eq(code_used(&a), 16);
    cr_expect_eq(code_allocated(&a), CODE_CHUNK);
    cr_expect(code_contains(&a, b->p));
    cr_expect(!code_contains(&a, &here));
    expect_sound(&a);
    code_area_fini(&a);
}

/* A loop with memory, floats, a RIP-relative word of the image and a call of a C function in it. */
static int64_t ticks;
static double halve(double x)
{
    return x / 2;
}

Test(code, a_generated_loop_reaches_the_image)
{
    struct code_area a = new_area(MB);
    struct enc_label again = {0}, out = {0};
    struct code_block *b;
    struct enc e;
    uint8_t *p;
    ssize_t room;

    cr_assert_eq(code_open(&a), 0);
    room = code_alloc(&a, 256, &p);
    cr_assert_geq(room, 256);
    enc_init(&e, p, (size_t)room);
    enc_push_r(&e, X_RBX);
    enc_mov_rr(&e, X_RBX, X_RDI);
    enc_bind(&e, &again);
    enc_test_rr(&e, X_RBX, X_RBX);
    enc_jcc_to(&e, XCC_E, &out);
    enc_inc_m(&e, enc_mrip(&ticks));
    enc_call(&e, (const void *)(uintptr_t)halve);
    enc_sub_ri(&e, X_RBX, 1);
    enc_jmp_to(&e, &again);
    enc_bind(&e, &out);
    enc_pop_r(&e, X_RBX);
    enc_ret(&e);
    cr_assert(enc_ok(&e));
    b = code_commit(&a, enc_size(&e));
    cr_assert_eq(code_close(&a), 0);
    cr_expect_eq(((double (*)(int64_t, double))(uintptr_t)b->p)(10, 1024.0), 1.0);
    cr_expect_eq(ticks, 10);
    code_area_fini(&a);
}

Test(code, a_jump_is_relinked)
{
    struct code_area a = new_area(MB);
    struct code_block *one, *two, *jump;
    uint8_t *p, *site;
    struct enc e;

    cr_assert_eq(code_open(&a), 0);
    one = emit_const(&a, 1);
    two = emit_const(&a, 2);
    cr_assert_geq(code_alloc(&a, 16, &p), 16);
    enc_init(&e, p, 16);
    enc_jmp(&e, one->p);
    site = p + enc_last_rel(&e);
    jump = code_commit(&a, enc_size(&e));
    cr_assert_eq(code_close(&a), 0);
    cr_expect_eq(run(jump), 1);
    cr_assert_eq(code_open(&a), 0);
    cr_expect_eq(code_patch_rel32(&a, site, two->p), 0);
    cr_expect_eq(code_patch_rel32(&a, site, two->p + (5LL << 30)), -ERANGE);
    cr_assert_eq(code_close(&a), 0);
    cr_expect_eq(run(jump), 2);
    code_area_fini(&a);
}

Test(code, patching_a_closed_area_is_a_bug, .signal = SIGABRT)
{
    struct code_area a = new_area(MB);
    struct code_block *b = make_const(&a, 1);

    code_patch_rel32(&a, b->p, b->p);
}

/* --- protection --- */

Test(code, no_page_is_ever_writable_and_executable)
{
    struct code_area a = new_area(4 * MB);
    struct code_block *b;
    uint8_t *p;

    expect_perms(a.base, "---p");
    cr_assert_eq(code_open(&a), 0);
    b = emit_const(&a, 7);
    expect_perms(b->p, "rw-p");
    cr_assert_eq(code_open(&a), 0); /* nested */
    expect_perms(b->p, "rw-p");
    cr_assert_eq(code_close(&a), 0);
    expect_perms(b->p, "rw-p");
    cr_assert_eq(code_alloc(&a, CODE_CHUNK, &p), CODE_CHUNK); /* grows while open */
    expect_perms(p + CODE_CHUNK - 1, "rw-p");
    cr_assert(code_commit(&a, CODE_CHUNK));
    cr_assert_eq(code_close(&a), 0);
    expect_perms(b->p, "r-xp");
    expect_perms(p + CODE_CHUNK - 1, "r-xp");
    expect_perms(a.base + code_allocated(&a), "---p");
    cr_expect_eq(run(b), 7);
    cr_assert_eq(code_open(&a), 0);
    cr_assert(emit_const(&a, 8));
    expect_perms(p + CODE_CHUNK, "rw-p");
    expect_perms(a.base, "r-xp"); /* only what is written to */
    cr_expect_eq(run(b), 7);
    cr_assert_eq(code_close(&a), 0);
    expect_perms(p + CODE_CHUNK, "r-xp");
    expect_sound(&a);
    code_area_fini(&a);
    expect_perms(b, "rw-p");
}

static struct code_block *sealed;

/* The fault itself is wanted, not a sanitizer's report of it. */
static struct code_area area_that_faults(void)
{
    struct code_area a = new_area(MB);

    signal(SIGSEGV, SIG_DFL);
    sealed = make_const(&a, 1);
    cr_assert(sealed);
    return a;
}

Test(code, writing_to_a_closed_area_faults, .signal = SIGSEGV)
{
    area_that_faults();
    *(volatile uint8_t *)sealed->p = 0;
}

Test(code, running_in_an_open_page_faults, .signal = SIGSEGV)
{
    struct code_area a = area_that_faults();

    code_open(&a);
    emit_const(&a, 2);
    run(sealed);
}

/* More stretches than the table has, far from each other: all are written to, all are closed again. */
Test(code, many_open_stretches)
{
    enum { N = 3 * CODE_OPEN };
    struct code_area a = new_area(8 * MB);
    struct code_block *b[N];
    uint8_t *p;

    cr_assert_eq(code_open(&a), 0);
    for (int i = 0; i < N; i++) {
        b[i] = emit_const(&a, i + 1);
        cr_assert_eq(code_alloc(&a, CODE_CHUNK / 2, &p), CODE_CHUNK / 2);
        cr_assert(code_commit(&a, CODE_CHUNK / 2));
    }
    cr_assert_eq(code_close(&a), 0);
    for (int i = 0; i < N; i++)
        expect_perms(b[i]->p, "r-xp");
    cr_assert_eq(code_open(&a), 0);
    for (int i = 0; i < N; i++) {
        int far = (i * 7 + 5) % N;
        uint32_t imm = (uint32_t)(far + 100); /* the constant in mov eax, imm32 */

        cr_assert_eq(code_patch_rel32(&a, b[far]->p + 1, b[far]->p + 5 + imm), 0);
    }
    cr_assert_eq(code_close(&a), 0);
    for (int i = 0; i < N; i++) {
        expect_perms(b[i]->p, "r-xp");
        cr_expect_eq(run(b[i]), i + 100);
    }
    code_area_fini(&a);
}

/* --- place --- */

static void expect_near(const struct code_area *a, uintptr_t near)
{
    uintptr_t lo = (uintptr_t)a->base, hi = lo + a->max;

    cr_expect(lo >= near ? hi - near <= 1 << 30 : near - lo <= 1 << 30, "%p is too far from %#lx", (void *)a->base,
              (unsigned long)near);
}

Test(code, areas_are_near_wherever_the_library_is)
{
    const uintptr_t nears[] = {(uintptr_t)&here, (uintptr_t)printf, (uintptr_t) & (int){0}, 0x400000, 0x10000000,
                               0x7f0000000000, 0x555555554000, (uintptr_t)1 << 46};

    for (size_t i = 0; i < sizeof nears / sizeof *nears; i++)
        for (size_t max = 4096; max <= 256 * MB; max *= 8) {
            struct code_area a;
            struct code_block *b;

            cr_assert_eq(code_area_init(&a, (void *)nears[i], max), 0);
            cr_expect_eq(a.max, max);
            expect_near(&a, nears[i]);
            b = make_const(&a, 5);
            cr_expect(b && run(b) == 5);
            code_area_fini(&a);
        }
}

/* Takes all that is still free within 1 GB of near; what is taken has no code. */
static void fill_neighbourhood(uintptr_t near)
{
    const size_t step = 64 * 1024, reach = (size_t)1 << 30;

    for (uintptr_t at = (near & ~(step - 1)) - reach; at < near + reach; at += step)
        mmap((void *)at, step, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
}

/* A thousand VMs have room, the later ones less; when the neighbourhood is full there is none, and all keep running. */
Test(code, areas_shrink_and_end_when_the_neighbourhood_is_full)
{
    enum { MANY = 1100 };
    struct code_area *areas = calloc(MANY + 1, sizeof *areas);
    struct code_block *blocks[MANY];

    for (int n = 0; n < MANY; n++) {
        cr_assert_eq(code_area_init(&areas[n], &here, 64 * MB), 0, "area %d", n);
        expect_near(&areas[n], (uintptr_t)&here);
        cr_expect(n == 0 || areas[n].max <= areas[n - 1].max);
        cr_expect(areas[n].max >= 200 * 1024);
        cr_expect(n >= 16 || areas[n].max > 7 * MB);
        blocks[n] = make_const(&areas[n], n);
        cr_assert(blocks[n]);
    }
    fill_neighbourhood((uintptr_t)&here);
    cr_expect_eq(code_area_init(&areas[MANY], &here, 64 * MB), -ENOMEM);
    cr_expect_eq(code_open(&areas[MANY]), -ENOMEM);
    cr_expect_eq(code_alloc(&areas[MANY], 16, &(uint8_t *){0}), -ENOMEM);
    code_area_fini(&areas[MANY]);
    for (int i = 0; i < MANY; i++)
        cr_assert_eq(run(blocks[i]), i);
    for (int i = 0; i < MANY; i++)
        code_area_fini(&areas[i]);
    free(areas);
}

/* --- space --- */

Test(code, a_full_area_says_so_and_goes_on_after_a_free)
{
    struct code_area a = new_area(16384);
    struct code_block *b[4];
    uint8_t *p;

    cr_assert_eq(code_open(&a), 0);
    for (int i = 0; i < 4; i++) {
        cr_assert_eq(code_alloc(&a, 4096, &p), 4096);
        b[i] = code_commit(&a, 4096);
    }
    cr_expect_eq(code_allocated(&a), 16384);
    cr_expect_eq(code_used(&a), 16384);
    cr_expect_eq(code_alloc(&a, 1, &p), -ENOSPC);
    cr_expect_eq(code_alloc(&a, SIZE_MAX, &p), -ENOSPC);
    cr_expect_eq(code_alloc(&a, SIZE_MAX - 15, &p), -ENOSPC);
    code_free(&a, b[1]);
    expect_sound(&a);
    cr_expect_eq(code_alloc(&a, 4097, &p), -ENOSPC);
    cr_expect_eq(code_alloc(&a, 100, &p), 4096);
    cr_expect_eq(p, a.base + 4096);
    cr_assert(code_commit(&a, 100));
    expect_sound(&a);
    cr_assert_eq(code_close(&a), 0);
    code_area_fini(&a);
}

Test(code, neighbouring_holes_become_one)
{
    /* every order of freeing three neighbours, with and without one behind them */
    static const int orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};

    for (int o = 0; o < 12; o++) {
        struct code_area a = new_area(MB);
        struct code_block *b[4];
        uint8_t *p;

        cr_assert_eq(code_open(&a), 0);
        for (int i = 0; i < 4; i++)
            b[i] = emit_const(&a, i + 1);
        if (o >= 6)
            code_free(&a, b[3]);
        for (int i = 0; i < 3; i++) {
            code_free(&a, b[orders[o % 6][i]]);
            expect_sound(&a);
        }
        cr_expect_eq(a.top, o >= 6 ? 0 : 64);
        cr_expect_eq(code_used(&a), o >= 6 ? 0 : 16);
        cr_expect_eq(code_alloc(&a, 48, &p), 48);
        cr_expect_eq(p, a.base, "the hole is whole again");
        cr_expect_null(code_commit(&a, 0));
        expect_sound(&a);
        cr_assert_eq(code_close(&a), 0);
        code_area_fini(&a);
    }
}

Test(code, unused_space_goes_back_and_padding_traps)
{
    struct code_area a = new_area(MB);
    struct code_block *b;
    uint8_t *p, *q;

    cr_assert_eq(code_open(&a), 0);
    cr_assert_geq(code_alloc(&a, 10000, &p), 10000);
    memset(p, 0x90, 10000);
    b = code_commit(&a, 17);
    cr_expect_eq(b->size, 32);
    for (int i = 17; i < 32; i++)
        cr_expect_eq(p[i], 0xcc);
    cr_expect_eq(p[16], 0x90);
    cr_assert_geq(code_alloc(&a, 10000, &q), 10000);
    cr_expect_eq(q, p + 32);
    cr_expect_null(code_commit(&a, 0));
    code_free(&a, b);
    cr_expect_eq(p[0], 0xcc, "freed code traps");
    code_free(&a, NULL);
    cr_expect_eq(code_used(&a), 0);
    cr_expect_eq(a.top, 0);
    expect_sound(&a);
    cr_assert_eq(code_close(&a), 0);
    code_area_fini(&a);
}

/* Twenty thousand steps against a model: blocks never overlap, keep their bytes, and are all given back. */
Test(code, random_use_keeps_every_block_whole)
{
    enum { SLOTS = 200 };
    struct code_area a = new_area(MB / 2);
    struct {
        struct code_block *b;
        uint8_t fill;
    } slot[SLOTS] = {0};
    unsigned seed = 12345, full = 0, reused = 0;
    size_t used = 0;

    cr_assert_eq(code_open(&a), 0);
    for (int step = 0; step < 20000; step++) {
        int i = rand_r(&seed) % SLOTS;
        size_t max = 1 + (size_t)rand_r(&seed) % 12000, n = (size_t)rand_r(&seed) % (max + 1), top = a.top;
        ssize_t room;
        uint8_t *p;

        if (slot[i].b) {
            for (size_t k = 0; k < slot[i].b->size; k++)
                cr_assert(slot[i].b->p[k] == slot[i].fill || slot[i].b->p[k] == 0xcc);
            used -= slot[i].b->size;
            code_free(&a, slot[i].b);
            slot[i].b = NULL;
        } else if ((room = code_alloc(&a, max, &p)) >= 0) {
            cr_assert(room >= (ssize_t)max);
            reused += p < a.base + top;
            slot[i].fill = (uint8_t)(step % 200);
            memset(p, slot[i].fill, n);
            slot[i].b = code_commit(&a, n);
            used += slot[i].b ? slot[i].b->size : 0;
        } else {
            cr_assert_eq(room, -ENOSPC);
            full++;
        }
        cr_assert_eq(code_used(&a), used);
        if (step % 64 == 0)
            expect_sound(&a);
    }
    cr_expect(full > 0 && reused > 0, "%u times full, %u holes reused", full, reused);
    for (int i = 0; i < SLOTS; i++)
        code_free(&a, slot[i].b);
    expect_sound(&a);
    cr_expect_eq(a.top, 0);
    cr_expect_null(a.first);
    cr_expect_null(a.holes);
    cr_assert_eq(code_close(&a), 0);
    code_area_fini(&a);
}

/* --- a kernel that says no --- */

/* Runs f in a child that may lock itself in: its result, or -1 if it died. */
static int in_child(int (*f)(int), int arg)
{
    int status;
    pid_t pid = fork();

    if (pid == 0)
        _exit(f(arg));
    cr_assert_gt(pid, 0);
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

#define CHECK(c) \
    do { \
        if (!(c)) { \
            fprintf(stderr, "code.c:%d: not so: %s\n", __LINE__, #c); \
            return 1; \
        } \
    } while (0)

enum { MDWE = -1,
       SKIPPED = 77 };

static int lock_in(int how)
{
    if (how != MDWE)
        return forbid_exec(how, NULL);
    return prctl(PR_SET_MDWE, 1, 0, 0, 0) == 0;
}

static int refused_from_the_start(int how)
{
    struct code_area a;
    uint8_t *p;

    if (!lock_in(how))
        return SKIPPED;
    for (int i = 0; i < 2; i++) {
        CHECK(code_area_init(&a, &here, MB) == -EPERM);
        CHECK(a.refused && !a.base);
        CHECK(code_open(&a) == -EPERM);
        CHECK(code_alloc(&a, 16, &p) == -EPERM);
        CHECK(code_used(&a) == 0 && code_allocated(&a) == 0 && !code_is_open(&a));
        CHECK(!code_contains(&a, &here) && !code_contains(&a, NULL));
        code_area_fini(&a);
    }
    return 0;
}

static int refused_later(int how)
{
    struct code_area a;
    struct code_block *b;
    uint8_t *p;
    bool wx;

    CHECK(code_area_init(&a, &here, MB) == 0);
    b = make_const(&a, 42);
    CHECK(b && run(b) == 42);
    if (!lock_in(how))
        return SKIPPED;
    for (int i = 0; i < 2; i++) {
        CHECK(code_open(&a) == -EPERM);
        CHECK(a.refused && !code_is_open(&a));
        CHECK(code_alloc(&a, 16, &p) == -EPERM);
        CHECK(strcmp(perms_at(b->p, &wx), "r-xp") == 0 && !wx);
        CHECK(run(b) == 42); /* what was compiled goes on */
    }
    code_free(&a, b);
    CHECK(code_used(&a) == 0);
    code_area_fini(&a);
    return 0;
}

static int refused_between_open_and_close(int how)
{
    struct code_area a;
    bool wx;

    CHECK(code_area_init(&a, &here, MB) == 0);
    CHECK(code_open(&a) == 0);
    CHECK(emit_const(&a, 1));
    if (!lock_in(how))
        return SKIPPED;
    CHECK(code_close(&a) == -EPERM);
    CHECK(a.refused && !code_is_open(&a));
    CHECK(code_open(&a) == -EPERM);
    CHECK(strcmp(perms_at(a.base, &wx), "rw-p") == 0 && !wx);
    code_area_fini(&a);
    return 0;
}

Test(code, refusal_from_the_start_is_eperm)
{
    cr_expect_eq(in_child(refused_from_the_start, EPERM), 0);
    cr_expect_eq(in_child(refused_from_the_start, EACCES), 0);
}

Test(code, refusal_later_leaves_code_running)
{
    cr_expect_eq(in_child(refused_later, EPERM), 0);
    cr_expect_eq(in_child(refused_later, EACCES), 0);
}

Test(code, refusal_while_open_is_reported_by_close)
{
    cr_expect_eq(in_child(refused_between_open_and_close, EPERM), 0);
}

Test(code, memory_deny_write_execute_of_the_kernel)
{
    int r = in_child(refused_from_the_start, MDWE);

    if (r == SKIPPED)
        cr_skip_test("this kernel has no PR_SET_MDWE (6.3)");
    cr_expect_eq(r, 0);
    cr_expect_eq(in_child(refused_later, MDWE), 0);
}

/* A kernel that is out of memory says ENOMEM: nobody's policy, so it is no refusal, and may pass. */
static int short_of_memory(int unused)
{
    struct code_area a, late;
    struct code_block *b;

    (void)unused;
    CHECK(code_area_init(&a, &here, MB) == 0);
    b = make_const(&a, 42);
    CHECK(b && forbid_exec(ENOMEM, NULL));
    CHECK(code_open(&a) == -ENOMEM && code_open(&a) == -ENOMEM);
    CHECK(!a.refused && !code_is_open(&a) && run(b) == 42);
    CHECK(code_area_init(&late, &here, MB) == -ENOMEM && !late.refused);
    return 0;
}

Test(code, a_kernel_short_of_memory_is_no_refusal)
{
    cr_expect_eq(in_child(short_of_memory, 0), 0);
}

/* No address space is -ENOMEM, not a refusal: there may be some later. */
static int no_address_space(int unused)
{
    struct rlimit none = {0, RLIM_INFINITY};
    struct code_area a;

    (void)unused;
    CHECK(setrlimit(RLIMIT_AS, &none) == 0);
    CHECK(code_area_init(&a, &here, MB) == -ENOMEM);
    CHECK(!a.refused && code_open(&a) == -ENOMEM);
    return 0;
}

Test(code, no_address_space_is_enomem)
{
    cr_expect_eq(in_child(no_address_space, 0), 0);
}

/* --- fork --- */

static struct code_area shared;
static struct code_block *before_fork;

static int child_has_its_own(int unused)
{
    struct code_block *b;

    (void)unused;
    CHECK(run(before_fork) == 1);
    code_free(&shared, before_fork);
    b = make_const(&shared, 2);
    CHECK(b && b->p == shared.base && run(b) == 2);
    return 0;
}

Test(code, a_child_has_a_copy_of_its_own)
{
    shared = new_area(MB);
    before_fork = make_const(&shared, 1);
    cr_expect_eq(in_child(child_has_its_own, 0), 0);
    cr_expect_eq(run(before_fork), 1);
    code_area_fini(&shared);
}
