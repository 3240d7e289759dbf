/* wire.h: what jitstatd and its clients say to each other over a SOCK_SEQPACKET socket.
 *
 * The daemon does not read the blocks for its clients: it hands them the memfds, read-only, and they
 * read for themselves. So a reader costs the daemon next to nothing, whatever it asks for, and
 * sees the present instead of a copy. What only the daemon has, BPF's entries, comes as messages.
 *
 * One request is answered by one or more messages, the last of which says so. A connection that asked
 * for WIRE_FOLLOW gets events from then on and asks nothing more. Both sides check sizes; a message
 * that is none ends the connection. Both ends are of the same build: the version covers the layouts.
 */
#ifndef AGENT_WIRE_H
#define AGENT_WIRE_H

#include "agent/internal.h"

#define WIRE_MAGIC 0x6a69740au
#define WIRE_VERSION ((uint32_t)(JITSTAT_LAYOUT << 24 ^ sizeof(struct vm_stat) << 8 ^ sizeof(struct follow_event) ^ 1))
#define WIRE_DIR "/run/jitstat" /* or $JITSTAT_DIR */
#define WIRE_SOCKET "socket"

enum { WIRE_HELLO = 1,
       WIRE_TARGETS, /* after: those with a higher serial come with their descriptor */
       WIRE_BASES, /* of targets with a higher serial than after: see struct baseline */
       WIRE_LOST, /* what no VM can be blamed for; zero for all but root */
       WIRE_VMS, /* BPF's entries */
       WIRE_VM, /* one of them: id */
       WIRE_LOOPS, /* records that only BPF has: id */
       WIRE_ABORTS,
       WIRE_COUNTS, /* run counts on as long as this connection stands; again: in new processes too */
       WIRE_FOLLOW };

struct wire_request {
    uint32_t magic, what;
    uint32_t version; /* of the client, in WIRE_HELLO */
    int32_t pid; /* 0: all that the client may see */
    uint64_t after;
    struct vm_id id;
};

struct wire_head {
    uint32_t magic, what;
    int32_t status; /* 0 or -errno */
    uint32_t n; /* records that follow */
    uint32_t last; /* 1: the answer ends with this message */
    uint32_t pad;
    uint64_t lost; /* events, or records beyond WIRE_RECORDS_MAX, that this client does not get */
};

struct wire_target {
    uint64_t serial, start_ticks, exited_ns;
    int32_t pid;
    uint32_t uid;
    char comm[COMM_LEN];
    uint64_t has_fd; /* one of the message's descriptors is its segment's, in the records' order */
};

struct wire_base {
    uint64_t serial; /* of its target */
    struct baseline base;
};

struct wire_vms {
    struct vm_id id;
    struct vm_stat stat;
};

#define WIRE_MESSAGE_MAX (96u << 10)
#define WIRE_FDS_MAX 64
#define WIRE_RECORDS_MAX 16384 /* loops or abort sites of one VM */

/* What fits into one message. */
#define WIRE_ROOM(type) ((WIRE_MESSAGE_MAX - sizeof(struct wire_head)) / sizeof(type))

/* Path of the socket: 0, or -ENAMETOOLONG. */
int wire_path(char *path, size_t size, const char *file);

#endif
