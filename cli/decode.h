/* decode.h: a trace's listing (struct jitstat_listing) as operations that can be printed.
 *
 * The bytes are a stranger's. Whatever they say, decoding stays inside them, takes memory in proportion to them, and
 * ends; what makes no sense is -EPROTO, and strings hold printable ASCII only.
 */
#ifndef CLI_DECODE_H
#define CLI_DECODE_H

#include "agent/agent.h"

enum decode_arg_kind { DECODE_VALUE,
                       DECODE_INT,
                       DECODE_FLOAT,
                       DECODE_PTR,
                       DECODE_OBJECT,
                       DECODE_NONE };
struct decode_arg {
    enum decode_arg_kind kind;
    uint64_t bits; /* DECODE_VALUE: number of the operation */
};

struct decode_op {
    const char *name;
    char result; /* v i f r */
    bool guard;
    const char *file; /* source file, "": the trace's own */
    uint32_t line; /* 0: unknown */
    const char *text; /* descriptor, instruction, or "" */
    uint32_t args, nargs; /* into decode_list.args */
    int64_t code; /* offset of its machine code, -1: none */
};
struct decode_list {
    struct decode_op *ops;
    uint32_t n;
    struct decode_arg *args;
};

/* Owns copies of everything. */
struct decoded {
    struct jitstat_listing head;
    struct decode_list before, after;
    const unsigned char *code; /* in the listing's bytes; head.code_size of them */
    char *strings, **names;
    uint32_t nnames;
};

/* 0, -EPROTO or -ENOMEM. l must outlive d. decoded_fini also after an error. */
int decode(const struct agent_listing *l, struct decoded *d);
void decoded_fini(struct decoded *d);
/* Prints operation n like the engine's dumps, "i5 = int_add(i3, 1)"; always ends with NUL. */
void decode_op_text(const struct decode_list *l, uint32_t n, char *buf, size_t size);

#endif
