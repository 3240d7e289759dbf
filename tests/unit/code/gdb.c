/* gdb's list: whole at every moment, bounded in number and bytes, the child's of a fork as well. What gdb makes of it is
 * tests/e2e/gdb.sh. */
#include <criterion/criterion.h>
#include <elf.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "code/gdb.h"

struct jit_code_entry {
    struct jit_code_entry *next, *prev;
    const uint8_t *symfile_addr;
    uint64_t symfile_size;
};
extern struct {
    uint32_t version, action_flag;
    struct jit_code_entry *relevant_entry, *first_entry;
} __jit_debug_descriptor;

static uint8_t code[64];
static const struct symbol_line lines[] = {{0, 3, "a.x"}, {4, 4, "b.x"}, {40, 2, "a.x"}};
static const struct symbol small = {"x_loop_1:a.x:3", code, sizeof code, lines, 3};

/* Walks the list; how many, and their bytes. */
static unsigned walk(uint64_t *bytes)
{
    unsigned n = 0;
    struct jit_code_entry *prev = NULL;
    *bytes = 0;
    for (struct jit_code_entry *e = __jit_debug_descriptor.first_entry; e; prev = e, e = e->next, n++) {
        cr_assert_eq(e->prev, prev);
        *bytes += e->symfile_size;
    }
    return n;
}

static void is(unsigned want)
{
    uint64_t bytes;
    cr_assert_eq(walk(&bytes), want);
}

Test(gdb, an_object_is_elf_with_the_code_s_address)
{
    struct gdb_object *o = gdb_add(&small);
    const struct jit_code_entry *e = __jit_debug_descriptor.first_entry;
    const Elf64_Ehdr *h = (const void *)e->symfile_addr;
    const Elf64_Shdr *s = (const void *)(e->symfile_addr + h->e_shoff);
    const char *names = (const char *)e->symfile_addr + s[h->e_shstrndx].sh_offset;
    bool text = false;
    cr_assert_not_null(o);
    cr_assert_eq(memcmp(h->e_ident, ELFMAG, SELFMAG), 0);
    for (unsigned i = 1; i < h->e_shnum; i++) {
        if (s[i].sh_type != SHT_NOBITS) cr_assert_leq(s[i].sh_offset + s[i].sh_size, e->symfile_size);
        if (strcmp(names + s[i].sh_name, ".text")) continue;
        text = true;
        cr_assert_eq(s[i].sh_addr, (uint64_t)(uintptr_t)code);
        cr_assert_eq(s[i].sh_size, sizeof code);
    }
    cr_assert(text);
    gdb_remove(o);
    is(0);
    gdb_remove(NULL);
}

Test(gdb, no_more_objects_than_the_bound_and_room_again_after_a_removal)
{
    static struct gdb_object *o[GDB_OBJECTS];
    for (unsigned i = 0; i < GDB_OBJECTS; i++) cr_assert_not_null(o[i] = gdb_add(&small));
    cr_assert_null(gdb_add(&small));
    is(GDB_OBJECTS);
    for (unsigned i = 1; i < GDB_OBJECTS; i += 2) gdb_remove(o[i]);
    is(GDB_OBJECTS / 2);
    for (unsigned i = 1; i < GDB_OBJECTS; i += 2) cr_assert_not_null(o[i] = gdb_add(&small));
    cr_assert_null(gdb_add(&small));
    for (unsigned i = 0; i < GDB_OBJECTS; i++) gdb_remove(o[GDB_OBJECTS - 1 - i]);
    is(0);
}

Test(gdb, no_more_bytes_than_the_bound)
{
    enum { MANY = 60000 };
    struct symbol_line *l = calloc(MANY, sizeof *l);
    struct gdb_object *o[GDB_OBJECTS];
    unsigned n = 0;
    uint64_t bytes;
    for (uint32_t i = 0; i < MANY; i++) l[i] = (struct symbol_line){i, i % 1000, "a.x"};
    while (n < GDB_OBJECTS && (o[n] = gdb_add(&(struct symbol){"x", code, MANY, l, MANY}))) n++;
    cr_assert(n > 1 && n < GDB_OBJECTS, "%u", n);
    cr_assert_eq(walk(&bytes), n);
    cr_assert_leq(bytes, (uint64_t)GDB_BYTES);
    cr_assert_gt(bytes, (uint64_t)GDB_BYTES / 2);
    while (n) gdb_remove(o[--n]);
    is(0);
    free(l);
}

static volatile bool stop;
static void *change(void *arg)
{
    while (!stop) gdb_remove(gdb_add(&small));
    return arg;
}

/* In the child only this thread lives: it must find the lock free and the list whole. */
static void child(void)
{
    uint64_t bytes;
    alarm(20);
    unsigned n = walk(&bytes);
    struct gdb_object *o = gdb_add(&small);
    _exit(n > 2 || !o || walk(&bytes) != n + 1);
}

Test(gdb, the_child_of_a_fork_has_a_whole_list)
{
    struct gdb_object *o = gdb_add(&small);
    pthread_t t;
    int status;
    cr_assert_eq(pthread_create(&t, NULL, change, NULL), 0);
    for (int i = 0; i < 200; i++) {
        pid_t pid = fork();
        if (pid == 0) child();
        cr_assert_eq(waitpid(pid, &status, 0), pid);
        cr_assert_eq(status, 0);
    }
    stop = true;
    pthread_join(t, NULL);
    gdb_remove(o);
    is(0);
}
