/* opcodes.c: names, operand formats and flags out of opcodes.def. */
#include "lua/opcodes.h"

static const char *const names[] = {
#define OP(name, format, what) #name,
#include "opcodes.def"
};

static const char *const formats[] = {
#define OP(name, format, what) format,
#include "opcodes.def"
};

const uint8_t opcode_flags[NUM_OPCODES] = {
#define OP(name, format, what) 0,
#define CMP(event, name, format, what) OPF_COMPARE,
#define CMPK(event, name, format, what) OPF_COMPARE | OPF_CONSTANT,
#include "opcodes.def"
};

const char *opcode_name(enum opcode op)
{
    return (unsigned)op < NUM_OPCODES ? names[op] : "?";
}

const char *opcode_format(enum opcode op)
{
    return (unsigned)op < NUM_OPCODES ? formats[op] : "";
}
