/* The tables as the views use them: every reason and alarm has words that fit their line. */
#include <criterion/criterion.h>
#include <string.h>

#include "cli/cli.h"

Test(names, every_abort_says_what_happened_and_what_to_do)
{
    for (uint32_t r = 0; r < JITSTAT_NABORTS; r++) {
        const struct abort_row *row = abort_row(r);
        cr_assert(row->help[0] && row->advice[0], "%s", row->name);
        cr_assert(strlen(row->help) + strlen(row->advice) + 3 < 256, "%s does not fit the line of `aborts`", row->name);
        cr_assert(strlen(row->advice) < 200, "%s does not fit the line of `why`", row->name);
        cr_assert_eq(abort_number(row->name), (int)r);
    }
}
