/* rel32.h - the 32-bit field that x86 jumps, calls and RIP-relative operands share.
 *
 * Its value counts from the byte after the field. One place writes it, for the encoder (x64/enc.h), which links
 * labels in code it is still writing, and for the code memory (code.h), which relinks code that has run.
 */
#ifndef JIT_CODE_REL32_H
#define JIT_CODE_REL32_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Makes the field at site lead to target. False, and nothing written, if target is out of reach. */
static inline bool rel32_write(uint8_t *site, const void *target)
{
    int64_t d = (int64_t)((uintptr_t)target - (uintptr_t)(site + 4));
    int32_t v = (int32_t)d;

    if (v != d)
        return false;
    memcpy(site, &v, sizeof v);
    return true;
}

/* Where the field at site leads. */
static inline uint8_t *rel32_read(const uint8_t *site)
{
    int32_t v;

    memcpy(&v, site, sizeof v);
    return (uint8_t *)((uintptr_t)site + 4 + (intptr_t)v);
}

#endif
