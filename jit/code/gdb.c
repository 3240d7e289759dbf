/* gdb.c - writing the object files of gdb.h, and the list of them. The few forms of ELF and DWARF that gdb needs are written
 * here: the engine links nothing but libc, and a library for them is larger than the engine.
 */
#include <elf.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "code/gdb.h"

/* --- gdb's interface: names and layout from "JIT Compilation Interface" of its manual --- */

enum { JIT_NOACTION,
       JIT_REGISTER,
       JIT_UNREGISTER };
struct jit_code_entry {
    struct jit_code_entry *next, *prev;
    const void *symfile_addr;
    uint64_t symfile_size;
};
struct jit_descriptor {
    uint32_t version, action_flag;
    struct jit_code_entry *relevant_entry, *first_entry;
};
struct jit_descriptor __jit_debug_descriptor = {1, JIT_NOACTION, NULL, NULL};
void __jit_debug_register_code(void);

/* gdb has a breakpoint here; the barrier keeps calls of an empty function. */
__attribute__((noinline)) void __jit_debug_register_code(void)
{
    __asm__ volatile("" ::
                         : "memory");
}

struct gdb_object {
    struct jit_code_entry entry; /* first: gdb's pointers are ours */
    uint8_t *image;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned objects;
static size_t bytes;

/* --- a buffer that grows; a failure sticks --- */

struct image {
    uint8_t *p;
    size_t n, max;
    bool bad;
};

static void put(struct image *m, const void *p, size_t size)
{
    if (!m->bad && size > m->max - m->n) {
        size_t max = 2 * m->max + size + 1024;
        uint8_t *more = realloc(m->p, max);
        m->bad = !more;
        if (more) m->p = more, m->max = max;
    }
    if (m->bad || !size) return;
    memcpy(m->p + m->n, p, size);
    m->n += size;
}

static void put1(struct image *m, unsigned v) { put(m, &(uint8_t){(uint8_t)v}, 1); }
static void put2(struct image *m, unsigned v) { put(m, &(uint16_t){(uint16_t)v}, 2); }
static void put4(struct image *m, uint32_t v) { put(m, &v, 4); }
static void put8(struct image *m, uint64_t v) { put(m, &v, 8); }
static void put_text(struct image *m, const char *s) { put(m, s, strlen(s) + 1); }

static void put_uleb(struct image *m, uint64_t v)
{
    for (; v >= 0x80; v >>= 7) put1(m, (unsigned)(v & 0x7f) | 0x80);
    put1(m, (unsigned)v);
}

static void put_sleb(struct image *m, int64_t v)
{
    for (; v < -64 || v > 63; v >>= 7) put1(m, (unsigned)(v & 0x7f) | 0x80);
    put1(m, (unsigned)v & 0x7f);
}

/* A length that is known when what it counts is written. */
static size_t length_begin(struct image *m)
{
    put4(m, 0);
    return m->n;
}

static void length_end(struct image *m, size_t from)
{
    uint32_t size = (uint32_t)(m->n - from);
    if (!m->bad) memcpy(m->p + from - 4, &size, 4);
}

/* --- DWARF, version 4 --- */

enum { TAG_COMPILE_UNIT = 0x11,
       TAG_SUBPROGRAM = 0x2e,
       AT_NAME = 0x03,
       AT_STMT_LIST = 0x10,
       AT_LOW_PC = 0x11,
       AT_HIGH_PC = 0x12,
       AT_LANGUAGE = 0x13,
       FORM_ADDR = 0x01,
       FORM_DATA8 = 0x07,
       FORM_STRING = 0x08,
       FORM_DATA1 = 0x0b,
       FORM_SEC_OFFSET = 0x17,
       LANG_C99 = 0x0c,
       LNS_COPY = 1,
       LNS_ADVANCE_PC = 2,
       LNS_ADVANCE_LINE = 3,
       LNS_SET_FILE = 4,
       LNE_END_SEQUENCE = 1,
       LNE_SET_ADDRESS = 2,
       CFA_DEF_CFA = 0x0c,
       CFA_OFFSET = 0x80 };

static uint64_t code_at(const struct symbol *s) { return (uint64_t)(uintptr_t)s->code; }
static const char *first_file(const struct symbol *s) { return s->nlines ? s->lines[0].file : "?"; }

/* Which attributes the two entries of .debug_info have. */
static void put_abbrev(struct image *m, const struct symbol *s)
{
    static const uint8_t table[] = {
        1, TAG_COMPILE_UNIT, 1, AT_NAME, FORM_STRING, AT_LANGUAGE, FORM_DATA1, AT_STMT_LIST, FORM_SEC_OFFSET, AT_LOW_PC, FORM_ADDR, AT_HIGH_PC, FORM_DATA8, 0, 0,
        2, TAG_SUBPROGRAM, 0, AT_NAME, FORM_STRING, AT_LOW_PC, FORM_ADDR, AT_HIGH_PC, FORM_DATA8, 0, 0,
        0};
    put(m, table, sizeof table);
}

static void put_info(struct image *m, const struct symbol *s)
{
    size_t from = length_begin(m);
    put2(m, 4); /* version */
    put4(m, 0); /* where in .debug_abbrev */
    put1(m, 8); /* bytes of an address */
    put_uleb(m, 1);
    put_text(m, first_file(s));
    put1(m, LANG_C99);
    put4(m, 0); /* where in .debug_line */
    put8(m, code_at(s));
    put8(m, s->size);
    put_uleb(m, 2);
    put_text(m, s->name);
    put8(m, code_at(s));
    put8(m, s->size);
    put_uleb(m, 0);
    length_end(m, from);
}

/* The files of s, each once: what a line's file is in the table, from 1 on. A trace has few; past the end of the table stands
 * the first. */
struct files {
    const char *v[64];
    unsigned n;
};

static unsigned file_number(struct files *f, const char *file)
{
    for (unsigned i = 0; i < f->n; i++)
        if (f->v[i] == file) return i + 1;
    if (f->n == sizeof f->v / sizeof *f->v) return 1;
    f->v[f->n++] = file;
    return f->n;
}

static void put_line_header(struct image *m, const struct symbol *s, struct files *f)
{
    static const uint8_t operands[] = {0, 1, 1, 1, 1, 0, 0, 0, 1}; /* of the opcodes 1 to 9 */
    put2(m, 4); /* version */
    size_t from = length_begin(m);
    put(m, (uint8_t[]){1, 1, 1, 0, 1, sizeof operands + 1}, 6); /* byte steps, statements, no special opcodes */
    put(m, operands, sizeof operands);
    put1(m, 0); /* no folders */
    for (size_t i = 0; i < s->nlines; i++) file_number(f, s->lines[i].file);
    for (unsigned i = 0; i < f->n; i++) {
        put_text(m, f->v[i]);
        put(m, (uint8_t[]){0, 0, 0}, 3); /* folder, time, size */
    }
    put1(m, 0);
    length_end(m, from);
}

static void put_extended(struct image *m, unsigned op, const void *p, unsigned size)
{
    put1(m, 0);
    put_uleb(m, size + 1);
    put1(m, op);
    put(m, p, size);
}

/* What comes before the first line's code belongs to it too. */
static void put_line(struct image *m, const struct symbol *s)
{
    struct files f = {.n = 0};
    size_t from = length_begin(m);
    uint32_t at = 0, line = 1;
    put_line_header(m, s, &f);
    put_extended(m, LNE_SET_ADDRESS, &(uint64_t){code_at(s)}, 8);
    for (size_t i = 0; i < s->nlines; i++) {
        const struct symbol_line *l = &s->lines[i];
        put1(m, LNS_SET_FILE);
        put_uleb(m, file_number(&f, l->file));
        put1(m, LNS_ADVANCE_LINE);
        put_sleb(m, (int64_t)l->line - line);
        put1(m, LNS_ADVANCE_PC);
        put_uleb(m, i ? l->offset - at : 0);
        put1(m, LNS_COPY);
        at = i ? l->offset : 0;
        line = l->line;
    }
    put1(m, LNS_ADVANCE_PC);
    put_uleb(m, s->size - at);
    put_extended(m, LNE_END_SEQUENCE, NULL, 0);
    length_end(m, from);
}

static void pad(struct image *m)
{
    while (m->n % 8 && !m->bad) put1(m, 0); /* in .eh_frame: no operation */
}

/* The machine frame of x64/backend.h: the caller's is at rbp + 16, and the registers saved below rbp in this order. */
static void put_frame(struct image *m, const struct symbol *s)
{
    static const uint8_t saved[] = {16, 6, 3, 12, 13, 14, 15}; /* DWARF's numbers of: return address, rbp, rbx, r12 to r15 */
    size_t at = m->n, from = length_begin(m);
    put4(m, 0); /* a common part */
    put(m, (uint8_t[]){1, 0, 1, 0x78, 16}, 5); /* version, no augmentation, code step 1, data step -8, return address */
    put(m, (uint8_t[]){CFA_DEF_CFA, 6, 16}, 3);
    for (unsigned i = 0; i < sizeof saved; i++) put(m, (uint8_t[]){CFA_OFFSET | saved[i], (uint8_t)(i + 1)}, 2);
    pad(m);
    length_end(m, from);
    from = length_begin(m);
    put4(m, (uint32_t)(m->n - at)); /* back to the common part */
    put8(m, code_at(s));
    put8(m, s->size);
    pad(m);
    length_end(m, from);
    put4(m, 0);
}

/* --- ELF --- */

enum { SEC_TEXT = 1,
       SEC_STRTAB = 3,
       SEC_EH_FRAME = 4 };

static void put_symtab(struct image *m, const struct symbol *s)
{
    Elf64_Sym none = {0}, code = {.st_name = 1, .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), .st_shndx = SEC_TEXT, .st_size = s->size};
    put(m, &none, sizeof none);
    put(m, &code, sizeof code);
}

static void put_strtab(struct image *m, const struct symbol *s);
static const struct section {
    const char *name;
    uint32_t type, flags, link, info, entsize;
    void (*put)(struct image *, const struct symbol *);
} sections[] = {
    {.name = ""},
    [SEC_TEXT] = {".text", SHT_NOBITS, SHF_ALLOC | SHF_EXECINSTR, 0, 0, 0, NULL},
    {".symtab", SHT_SYMTAB, 0, SEC_STRTAB, 1, sizeof(Elf64_Sym), put_symtab},
    [SEC_STRTAB] = {".strtab", SHT_STRTAB, 0, 0, 0, 0, put_strtab},
    [SEC_EH_FRAME] = {".eh_frame", SHT_PROGBITS, SHF_ALLOC, 0, 0, 0, put_frame},
    {".debug_abbrev", SHT_PROGBITS, 0, 0, 0, 0, put_abbrev},
    {".debug_info", SHT_PROGBITS, 0, 0, 0, 0, put_info},
    {".debug_line", SHT_PROGBITS, 0, 0, 0, 0, put_line},
};
enum { NSECTIONS = sizeof sections / sizeof *sections };

/* The symbol's name, then those of the sections. */
static void put_strtab(struct image *m, const struct symbol *s)
{
    put1(m, 0);
    put_text(m, s->name);
    for (unsigned i = 1; i < NSECTIONS; i++) put_text(m, sections[i].name);
}

static void sections_put(struct image *m, const struct symbol *s, Elf64_Shdr *h)
{
    uint32_t name = 1 + (uint32_t)strlen(s->name) + 1;
    for (unsigned i = 1; i < NSECTIONS; i++) {
        const struct section *c = &sections[i];
        pad(m);
        h[i] = (Elf64_Shdr){.sh_name = name, .sh_type = c->type, .sh_flags = c->flags, .sh_offset = m->n, .sh_link = c->link, .sh_info = c->info, .sh_addralign = 1, .sh_entsize = c->entsize};
        if (c->put) c->put(m, s);
        h[i].sh_size = m->n - h[i].sh_offset;
        name += (uint32_t)strlen(c->name) + 1;
    }
    h[SEC_TEXT].sh_addr = code_at(s);
    h[SEC_TEXT].sh_size = s->size;
}

/* The whole object; NULL: no memory. */
static uint8_t *image_make(const struct symbol *s, size_t *size)
{
    struct image m = {.n = 0};
    Elf64_Ehdr e = {.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT}, .e_type = ET_REL, .e_machine = EM_X86_64, .e_version = EV_CURRENT, .e_shoff = sizeof e, .e_ehsize = sizeof e, .e_shentsize = sizeof(Elf64_Shdr), .e_shnum = NSECTIONS, .e_shstrndx = SEC_STRTAB};
    Elf64_Shdr h[NSECTIONS] = {0};
    put(&m, &e, sizeof e);
    put(&m, h, sizeof h);
    sections_put(&m, s, h);
    if (m.bad) {
        free(m.p);
        return NULL;
    }
    h[SEC_EH_FRAME].sh_addr = (uint64_t)(uintptr_t)m.p + h[SEC_EH_FRAME].sh_offset;
    memcpy(m.p + sizeof e, h, sizeof h);
    *size = m.n;
    return m.p;
}

/* --- the list --- */

static void hold(void) { pthread_mutex_lock(&lock); }
static void let_go(void) { pthread_mutex_unlock(&lock); }
static void once(void) { pthread_atfork(hold, let_go, let_go); }

static void tell(uint32_t action, struct jit_code_entry *e)
{
    __jit_debug_descriptor.relevant_entry = e;
    __jit_debug_descriptor.action_flag = action;
    __jit_debug_register_code();
    __jit_debug_descriptor.action_flag = JIT_NOACTION;
    __jit_debug_descriptor.relevant_entry = NULL;
}

static bool list_add(struct jit_code_entry *e)
{
    struct jit_code_entry **first = &__jit_debug_descriptor.first_entry;
    hold();
    bool room = objects < GDB_OBJECTS && e->symfile_size <= GDB_BYTES - bytes;
    if (room) {
        objects++;
        bytes += e->symfile_size;
        e->next = *first;
        if (e->next) e->next->prev = e;
        *first = e;
        tell(JIT_REGISTER, e);
    }
    let_go();
    return room;
}

static void list_remove(struct jit_code_entry *e)
{
    hold();
    objects--;
    bytes -= e->symfile_size;
    if (e->prev)
        e->prev->next = e->next;
    else
        __jit_debug_descriptor.first_entry = e->next;
    if (e->next) e->next->prev = e->prev;
    tell(JIT_UNREGISTER, e);
    let_go();
}

static void object_free(struct gdb_object *o)
{
    free(o->image);
    free(o);
}

struct gdb_object *gdb_add(const struct symbol *s)
{
    static pthread_once_t ready = PTHREAD_ONCE_INIT;
    struct gdb_object *o = calloc(1, sizeof *o);
    size_t size = 0;
    if (!o) return NULL;
    pthread_once(&ready, once);
    o->image = image_make(s, &size);
    o->entry.symfile_addr = o->image;
    o->entry.symfile_size = size;
    if (o->image && list_add(&o->entry)) return o;
    object_free(o);
    return NULL;
}

void gdb_remove(struct gdb_object *o)
{
    if (!o) return;
    list_remove(&o->entry);
    object_free(o);
}
