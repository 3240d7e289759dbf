/* opcodes.c: names and operand formats out of opcodes.def. */
#include "lua/opcodes.h"

static const char *const names[] = {
#define OP(name, format, what) #name,
#include "opcodes.def"
};

static const char *const formats[] = {
#define OP(name, format, what) format,
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
