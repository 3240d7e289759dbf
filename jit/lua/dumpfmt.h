/* dumpfmt.h: the format of precompiled chunks, shared by dump.c and undump.c.
 *
 *    header, 31 bytes, byte for byte the reference implementation's (programs look at it):
 *      ESC "Lua" | 0x54 | 0 | 19 93 \r \n 1a \n | 4 8 8 | integer 0x5678 | number 370.5
 *    number of upvalues of the main function, 1 byte
 *    "jitstat" and DUMP_VERSION, 8 bytes: what follows is ours; the reference's chunks are refused here
 *    length of the body, 8 bytes | the same, inverted
 *    checksum of the body and of the number of upvalues, 8 bytes
 *    body: the main function
 *
 * All words are little-endian. In the body, numbers are variable-length (7 bits a byte, low first), a string is its
 * length + 1 (0: none) and its bytes, and a function is
 *      source (0: as the function around it) | linedefined lastlinedefined numparams is_vararg maxstack nic nhot
 *      | n, code (8 bytes each) | n, constants (tag, payload) | n, upvalues (name instack idx kind) | n, functions
 *      | n, lines (differences, zigzag) | n, local variables (name start end)
 * Every byte is covered: by a comparison, by the inverted length or by the checksum.
 */
#ifndef JIT_LUA_DUMPFMT_H
#define JIT_LUA_DUMPFMT_H
#include "lua/guest.h"

#define DUMP_DATA "\x19\x93\r\n\x1a\n"
#define DUMP_OWN "jitstat"
#define DUMP_VERSION 1
#define DUMP_INT 0x5678
#define DUMP_NUM 370.5

/* Every step is a bijection of the sum for given bytes and of the bytes for a given sum, so no change within one
 * 8-byte word goes unseen. */
static inline uint64_t dump_sum(uint64_t h, const void *data, size_t n)
{
    const char *p = data;
    for (; n >= 8; n -= 8, p += 8) {
        uint64_t w;
        memcpy(&w, p, 8);
        h = (h ^ w) * 0x9E3779B97F4A7C15u;
        h ^= h >> 29;
    }
    for (; n > 0; n--, p++) {
        h = (h ^ (unsigned char)*p) * 0x9E3779B97F4A7C15u;
        h ^= h >> 29;
    }
    return h;
}
#endif
