/* watch.h: see watch.c. Internal to agent/. */
#ifndef AGENT_WATCH_H
#define AGENT_WATCH_H

#include "agent/internal.h"

/* After agent_bpf_load with `notes`, before agent_bpf_arm: finds all processes that run, and reports
 * of those to come. 0 or -errno with agent_error. */
int watch_open(struct agent *a);
void watch_fini(struct agent *a);
/* Readable when watch_step has something to do. */
int watch_fd(const struct agent *a);
void watch_step(struct agent *a);
/* Looks for the block of the process whose file is being attached to; nothing if there is none such. */
void watch_glance(struct agent *a);
/* The same, and waits for it for some milliseconds. */
void watch_await(struct agent *a);
/* Everything that has happened until now, for a snapshot that is asked for now. */
void watch_catch_up(struct agent *a);
/* Looks at every process. */
void watch_all(struct agent *a);
/* Forgets BPF's entries of processes that ended too long ago. */
void watch_prune(struct agent *a);
/* The block of t, which ended, is dropped: what BPF has of the process goes at the next watch_prune. */
void watch_let_go(struct agent *a, const struct target *t);

#endif
