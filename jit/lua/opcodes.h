/* opcodes.h: instruction words (see opcodes.def for the picture). */
#ifndef JIT_LUA_OPCODES_H
#define JIT_LUA_OPCODES_H
#include <stdbool.h>
#include <stdint.h>

enum opcode {
#define OP(name, format, what) OP_##name,
#include "opcodes.def"
    NUM_OPCODES
};

typedef uint64_t lua_ins; /* one instruction */

#define OPK_BIT 0x8000u /* in an RK operand: a constant */

static inline enum opcode ins_op(lua_ins i)
{
    return (enum opcode)(i & 0xff);
}
static inline unsigned ins_a(lua_ins i) { return (unsigned)(i >> 8) & 0xff; }
static inline unsigned ins_b(lua_ins i) { return (unsigned)(i >> 16) & 0xffff; }
static inline unsigned ins_c(lua_ins i) { return (unsigned)(i >> 32) & 0xffff; }
static inline unsigned ins_d(lua_ins i) { return (unsigned)(i >> 48); }
static inline int32_t ins_e(lua_ins i) { return (int32_t)(i >> 32); }
static inline lua_ins ins_abcd(enum opcode op, unsigned a, unsigned b, unsigned c, unsigned d)
{
    return (uint64_t)op | (uint64_t)a << 8 | (uint64_t)b << 16 | (uint64_t)c << 32 | (uint64_t)d << 48;
}
static inline lua_ins ins_abe(enum opcode op, unsigned a, unsigned b, int32_t e)
{
    return (uint64_t)op | (uint64_t)a << 8 | (uint64_t)b << 16 | (uint64_t)(uint32_t)e << 32;
}
enum { OPF_COMPARE = 1, /* a jump that compares R[A] ... */
       OPF_CONSTANT = 2 /* ... with K[B], not with R[B] */ };
extern const uint8_t opcode_flags[NUM_OPCODES];
static inline bool op_compares(enum opcode op) { return opcode_flags[op] & OPF_COMPARE; }
/* Of a jump that compares: does it go when the condition is false? */
static inline bool op_negates(enum opcode op) { return (op - OP_JEQ) & 1; }
static inline enum opcode op_negated(enum opcode op) { return (enum opcode)(OP_JEQ + ((op - OP_JEQ) ^ 1)); }

const char *opcode_name(enum opcode op);
const char *opcode_format(enum opcode op);
#endif
