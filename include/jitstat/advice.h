/* advice.h: whose advice an alarm has. A place is blacklisted because of its aborts, whose reason is in the alarm's detail:
 * then what that abort asks for is the advice, not the row of alarms.def.
 *
 * Which of two rows speaks is decided here for the process that raises the alarm and for those that show it, so that the
 * `alarm` event, the in-process snapshot and the command never say two things.
 *
 * Included by: jit/obs/obs.c, cli/names.c.
 */
#ifndef JITSTAT_ADVICE_H
#define JITSTAT_ADVICE_H

#include <string.h>

#include "stats.h"

/* An advice of aborts.def that begins so asks for nothing. */
#define JITSTAT_NO_ADVICE "none needed"

/* The enum jitstat_abort whose advice an alarm has; -1: its own. detail may be NULL. */
static inline int jitstat_alarm_cause(__u32 alarm, const char *detail)
{
    static const struct {
        const char *name, *advice;
    } rows[JITSTAT_NABORTS] = {
#define JITSTAT_ABORT(NAME, help, advice) {"ABORT_" #NAME, advice},
#define JITSTAT_ABORT_PYPY JITSTAT_ABORT
#include "aborts.def"
#undef JITSTAT_ABORT_PYPY
#undef JITSTAT_ABORT
    };
    for (int i = 0; alarm == JITSTAT_AL_BLACKLISTED && detail && i < JITSTAT_NABORTS; i++)
        if (strcmp(rows[i].name, detail) == 0)
            return strncmp(rows[i].advice, JITSTAT_NO_ADVICE, strlen(JITSTAT_NO_ADVICE)) != 0 ? i : -1;
    return -1;
}

#endif
