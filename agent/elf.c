/* elf.c: does a file have our probes? Read with libelf, which takes broken files. */
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <string.h>
#include <unistd.h>

#include "agent/agent.h"

#define STAPSDT_TYPE 3
#define STAPSDT_ADDRESSES 24 /* location, base, semaphore; then provider and name */

static bool notes_name_us(Elf_Data *data)
{
    GElf_Nhdr note;
    size_t name, desc, next = 0;
    for (size_t at = 0; (next = gelf_getnote(data, at, &note, &name, &desc)) > 0; at = next) {
        const char *provider = (const char *)data->d_buf + desc + STAPSDT_ADDRESSES;
        size_t room = note.n_descsz > STAPSDT_ADDRESSES ? note.n_descsz - STAPSDT_ADDRESSES : 0;
        if (note.n_type == STAPSDT_TYPE && room > sizeof "jitstat" && memcmp(provider, "jitstat", sizeof "jitstat") == 0)
            return true;
    }
    return false;
}

static bool sections_name_us(Elf *elf)
{
    size_t names;
    Elf_Scn *s = NULL;
    if (elf_getshdrstrndx(elf, &names) != 0)
        return false;
    while ((s = elf_nextscn(elf, s))) {
        GElf_Shdr h;
        const char *name = gelf_getshdr(s, &h) ? elf_strptr(elf, names, h.sh_name) : NULL;
        if (!name || strcmp(name, ".note.stapsdt") != 0)
            continue;
        Elf_Data *data = elf_getdata(s, NULL);
        if (data && notes_name_us(data))
            return true;
    }
    return false;
}

int agent_image_has_probes(const char *path)
{
    if (elf_version(EV_CURRENT) == EV_NONE)
        return -ENOTSUP;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return -errno;
    Elf *elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
    int has = elf && elf_kind(elf) == ELF_K_ELF && sections_name_us(elf);
    elf_end(elf);
    close(fd);
    return has;
}
