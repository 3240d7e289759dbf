/* term.h: a terminal as a screen: raw keys, the alternate screen, and always back again. For top.c.
 *
 * One per process. While it is open, signals that end or stop jitstat arrive through term_wait, which
 * puts the terminal back before it stops.
 */
#ifndef CLI_TERM_H
#define CLI_TERM_H

#include <stdbool.h>
#include <stddef.h>

enum {
    KEY_NONE,
    KEY_ESCAPE = 27,
    KEY_UP = 256,
    KEY_DOWN,
    KEY_LEFT,
    KEY_RIGHT,
    KEY_PAGE_UP,
    KEY_PAGE_DOWN,
    KEY_END_OF_INPUT, /* the terminal is gone, or a signal asks to end */
    KEY_RESIZED
};

/* 0, or -errno: stdin or stdout is no terminal, or one that cannot move its cursor (-ENOTTY). */
int term_open(void);
void term_close(void);
void term_size(int *rows, int *columns);
/* Waits at most timeout_ms for a key; KEY_NONE: the time is over. */
int term_wait(int timeout_ms);
/* Shows n lines from the top, each cut at the width, and clears the rest. A line begins with the
 * letter of its colour: ' ' plain, 'b' bold, 'r' red, 'y' yellow, 'i' inverse. */
void term_show(char *const *lines, size_t n);

#endif
