/* dump.c: reads JIT_DUMP (dump.h). Before: whoever prints. After: the environment. */
#include "base/dump.h"
#include <stdlib.h>
#include <string.h>

bool jit_dump_wants(const char *word)
{
    const char *s = secure_getenv("JIT_DUMP");
    size_t want = strlen(word);
    while (s && *s) {
        size_t n = strcspn(s, ",");
        if (n == want && !memcmp(s, word, n)) return true;
        s += n + (s[n] == ',');
    }
    return false;
}
