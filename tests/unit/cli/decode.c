/* A listing is decoded as it was written, and whatever else stands in its bytes is refused or decoded inside them. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "cli/decode.h"

#define PAGE 4096
static const char names[] = "i-int_add\0vGguard_true\0v-debug_merge_point\0f-getfield_gc_f\0v-label\0";

/* i0 = int_add(-5, 0x7fffffffffffffff); guard_true(i0) at another.lua:12; f2 = getfield_gc_f(gcptr(0x1234), descr=node.f);
 * label(i0, f2, 1.5, -) back at line 10 */
static const unsigned char ops[] = {
    0 << 2, 20 /* line 10 */, 2, 9 << 2 | 1, 2, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, /* 0x7fff.. as 8 bytes */
    1 << 2 | 2, 1, 4 /* +2 */, 1, 1 << 2,
    3 << 2 | 1, 13, 0, 1, 3 << 2 | 2, 0x34, 0x12, 0, 0, 0, 0, 0, 0,
    4 << 2, 3 /* -2 */, 4, 3 << 2, 1 << 2, 1 << 2 | 2, 0, 0, 0, 0, 0, 0, 0xf8, 0x3f, 3};
static const char strings[] = "\0another.lua\0node.f";

/* The same with the code offsets that the second list has. */
static size_t with_code(unsigned char *out)
{
    static const size_t ends[] = {13, 18, 31, sizeof ops};
    size_t n = 0, at = 0;
    for (int i = 0; i < 4; i++) {
        memcpy(out + n, ops + at, ends[i] - at);
        n += ends[i] - at;
        at = ends[i];
        out[n++] = i == 3 ? 0 : (unsigned char)(i * 2 + 1);
    }
    return n;
}

/* Bytes that end where memory ends: reading behind them is a crash. */
static unsigned char *at_the_edge(const void *from, size_t n)
{
    size_t room = (n + PAGE - 1) / PAGE * PAGE;
    unsigned char *p = mmap(NULL, room + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mprotect(p + room, PAGE, PROT_NONE);
    return memcpy(p + room - n, from, n);
}

static size_t build(unsigned char *out)
{
    unsigned char after[sizeof ops + 4];
    size_t n = with_code(after);
    struct jitstat_listing h = {.before = sizeof h, .before_size = sizeof ops, .before_n = 4};
    h.after = h.before + h.before_size, h.after_size = (uint32_t)n, h.after_n = 4;
    h.strings = h.after + h.after_size, h.strings_size = sizeof strings;
    h.code = h.strings + h.strings_size, h.code_size = 6;
    h.size = h.code + h.code_size;
    memcpy(out, &h, sizeof h);
    memcpy(out + h.before, ops, sizeof ops);
    memcpy(out + h.after, after, n);
    memcpy(out + h.strings, strings, sizeof strings);
    memset(out + h.code, 0x90, 6);
    return h.size;
}

static struct agent_listing listing(const unsigned char *bytes, size_t n)
{
    struct agent_listing l = {.size = n, .op_names_size = sizeof names - 1};
    l.bytes = at_the_edge(bytes, n);
    l.op_names = (char *)at_the_edge(names, sizeof names - 1);
    return l;
}

static void listing_unmap(struct agent_listing *l)
{
    munmap((void *)((uintptr_t)l->bytes & ~(uintptr_t)(PAGE - 1)), 2 * PAGE);
    munmap((void *)((uintptr_t)l->op_names & ~(uintptr_t)(PAGE - 1)), 2 * PAGE);
}

Test(decode, what_was_written)
{
    static const char *const want[] = {"i0 = int_add(-5, 9223372036854775807)", "guard_true(i0)", "f2 = getfield_gc_f(gcptr(0x1234), descr=node.f)", "label(i0, f2, 1.5, -)"};
    unsigned char bytes[1024];
    char text[200];
    struct decoded d;
    struct agent_listing l = listing(bytes, build(bytes));
    cr_assert_eq(decode(&l, &d), 0);
    cr_assert_eq(d.before.n, 4);
    cr_assert_eq(d.after.n, 4);
    for (uint32_t i = 0; i < 4; i++) {
        decode_op_text(&d.before, i, text, sizeof text);
        cr_assert_str_eq(text, want[i]);
        decode_op_text(&d.after, i, text, sizeof text);
        cr_assert_str_eq(text, want[i]);
        cr_assert_eq(d.before.ops[i].code, -1);
        cr_assert_eq(d.after.ops[i].code, i == 3 ? -1 : (int64_t)i * 2);
    }
    cr_assert_str_eq(d.after.ops[0].file, "");
    cr_assert_str_eq(d.after.ops[1].file, "another.lua");
    cr_assert_eq(d.after.ops[0].line, 10);
    cr_assert_eq(d.after.ops[1].line, 12);
    cr_assert_eq(d.after.ops[3].line, 10);
    cr_assert(d.after.ops[1].guard && !d.after.ops[0].guard);
    decode_op_text(&d.after, 2, text, 8);
    cr_assert_str_eq(text, "f2 = ge");
    decoded_fini(&d);
    listing_unmap(&l);
}

static int try(const unsigned char *bytes, size_t n)
{
    char text[100];
    struct decoded d;
    struct agent_listing l = listing(bytes, n);
    int r = decode(&l, &d);
    cr_assert(r == 0 || r == -EPROTO);
    for (uint32_t i = 0; r == 0 && i < d.after.n; i++) {
        decode_op_text(&d.after, i, text, sizeof text);
        for (const char *s = text; *s; s++) cr_assert(*s >= ' ' && *s <= '~');
        cr_assert(d.after.ops[i].code <= (int64_t)d.head.code_size);
    }
    decoded_fini(&d);
    listing_unmap(&l);
    return r;
}

Test(decode, cut_short)
{
    unsigned char bytes[1024];
    size_t n = build(bytes);
    for (size_t i = 1; i < n; i++)
        cr_assert_eq(try(bytes, i), -EPROTO, "%zu of %zu bytes", i, n);
    cr_assert_eq(try(bytes, n), 0);
}

Test(decode, every_byte_changed)
{
    static const unsigned char values[] = {0, 1, 2, 3, 0x1b, 0x7f, 0x80, 0xfe, 0xff};
    unsigned char bytes[1024];
    size_t n = build(bytes);
    int refused = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < sizeof values; k++) {
            unsigned char was = bytes[i];
            bytes[i] = values[k];
            refused += try(bytes, n) != 0;
            bytes[i] = was;
        }
    cr_assert_gt(refused, 100);
}
