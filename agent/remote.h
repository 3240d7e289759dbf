/* remote.h: see remote.c. Internal to agent/. */
#ifndef AGENT_REMOTE_H
#define AGENT_REMOTE_H

#include "agent/internal.h"

/* Connects to a jitstatd. 0; -ECONNREFUSED: none runs or none may be trusted; -EPROTO: it is another
 * version's. With agent_error. */
int remote_open(struct agent *a);
void remote_fini(struct agent *a);
/* Brings the targets up to date. */
int remote_refresh(struct agent *a);
/* As the functions of bpf.c. */
int remote_read_vms(struct agent *a, struct vm_entry **entries, size_t *n);
int remote_read_vm(struct agent *a, const struct vm_id *id, struct vm_stat *stat);
int remote_read_loops(struct agent *a, const struct vm_id *id, struct agent_vm *vm);
int remote_read_aborts(struct agent *a, const struct vm_id *id, struct agent_vm *vm);
void remote_read_lost(struct agent *a, struct lost *out);
/* Events: a connection of their own. */
int remote_follow(struct agent *a);
int remote_follow_fd(const struct agent *a);
int remote_consume(struct agent *a, void (*see)(void *arg, const struct follow_event *e), void *arg);

#endif
