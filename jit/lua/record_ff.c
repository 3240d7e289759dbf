/* record_ff.c: calls of the standard library's C functions that traces make without the library.
 *
 * Before: record_call.c. After: trace_ff.c.
 */
#include "lua/record.h"

bool rl_fast_call(struct rec_lua *rl, int32_t fslot, const struct value *f, int nargs, int nresults)
{
    return false;
}
