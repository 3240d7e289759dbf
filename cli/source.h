/* source.h: source lines of the files that a process names. */
#ifndef CLI_SOURCE_H
#define CLI_SOURCE_H

#include <stdint.h>
#include <sys/types.h>

struct source;
/* name: a green key, "file.lua:12"; its file is what "" stands for. NULL: no memory. */
struct source *source_new(pid_t pid, uid_t uid, const char *name);
/* The line without its end; "" if the file cannot be read (by the process's user) or has no such line. Valid until
 * source_free. */
const char *source_line(struct source *s, const char *file, uint32_t line);
void source_free(struct source *s); /* NULL-safe */

#endif
