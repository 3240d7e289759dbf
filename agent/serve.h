/* serve.h: see serve.c. Internal to the daemon. */
#ifndef AGENT_SERVE_H
#define AGENT_SERVE_H

#include "agent/internal.h"

struct server;

/* Listens at path, which nobody else may hold (the caller has the lock). epoll gets the descriptors of
 * the listener and the clients, each with its struct as data.ptr. 0 or -errno. */
int serve_open(struct server **out, struct agent *a, int epoll, const char *path);
void serve_close(struct server *s);
/* A descriptor of ours is ready: ptr is what epoll said. */
void serve_ready(struct server *s, void *ptr, uint32_t events);
/* Sends the events that have come to those who follow. */
void serve_events(struct server *s);
/* From time to time: drops clients that do not read. */
void serve_tick(struct server *s);

#endif
