/* term.c: a terminal as a screen, with plain ANSI sequences and termios; a library for it would be
 * more than what is used of it.
 *
 * Invariants
 *  1. what term_open changed, term_close puts back, also at exit() and on signals that end us;
 *  2. a frame is one write: no flicker, and never half a frame;
 *  3. lines are cut before they reach the width, and wrapping is off: a name with characters of two
 *     columns cannot break the screen.
 */
#include "cli/term.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

static struct {
    struct termios before;
    sigset_t mask;
    int signals;
    bool open;
    char keys[32]; /* read and not yet taken */
    size_t nkeys;
} term;

static void put(const char *s, size_t n)
{
    while (n > 0) {
        ssize_t w = write(STDOUT_FILENO, s, n);
        if (w < 0 && errno == EINTR)
            continue;
        if (w <= 0)
            return; /* the terminal is gone: reading says so */
        s += w;
        n -= (size_t)w;
    }
}

#define PUT(text) put(text, strlen(text))

/* Alternate screen, no cursor, no wrapping; Ctrl-C and Ctrl-Z stay signals. */
static void enter(void)
{
    struct termios raw = term.before;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    raw.c_cc[VMIN] = 0;
    raw.c_cc[VTIME] = 0;
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw);
    PUT("\033[?1049h\033[?25l\033[?7l\033[2J");
}

static void leave(void)
{
    PUT("\033[0m\033[?7h\033[?25h\033[?1049l");
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &term.before);
}

int term_open(void)
{
    static const int caught[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGWINCH};
    const char *name = getenv("TERM");
    sigset_t set;
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) || !name || strcmp(name, "dumb") == 0)
        return -ENOTTY;
    if (tcgetattr(STDIN_FILENO, &term.before) != 0)
        return -errno;
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof caught / sizeof caught[0]; i++)
        sigaddset(&set, caught[i]);
    sigprocmask(SIG_BLOCK, &set, &term.mask);
    term.signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (term.signals < 0)
        return -errno;
    term.open = true;
    atexit(term_close);
    enter();
    return 0;
}

void term_close(void)
{
    if (!term.open)
        return;
    term.open = false;
    leave();
    close(term.signals);
    sigprocmask(SIG_SETMASK, &term.mask, NULL);
}

void term_size(int *rows, int *columns)
{
    struct winsize w;
    bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_row && w.ws_col;
    *rows = known ? w.ws_row : 24;
    *columns = known ? w.ws_col : 80;
}

/* ---- keys ---- */

static void take_bytes(size_t n)
{
    term.nkeys -= n;
    memmove(term.keys, term.keys + n, term.nkeys);
}

static int take_key(void)
{
    static const struct {
        const char *bytes;
        int key;
    } sequences[] = {{"\033[A", KEY_UP}, {"\033[B", KEY_DOWN}, {"\033[C", KEY_RIGHT}, {"\033[D", KEY_LEFT}, {"\033OA", KEY_UP}, {"\033OB", KEY_DOWN}, {"\033OC", KEY_RIGHT}, {"\033OD", KEY_LEFT}, {"\033[5~", KEY_PAGE_UP}, {"\033[6~", KEY_PAGE_DOWN}};
    for (size_t i = 0; i < sizeof sequences / sizeof sequences[0]; i++) {
        size_t n = strlen(sequences[i].bytes);
        if (term.nkeys >= n && memcmp(term.keys, sequences[i].bytes, n) == 0) {
            take_bytes(n);
            return sequences[i].key;
        }
    }
    int key = (unsigned char)term.keys[0];
    if (key == KEY_ESCAPE && term.nkeys > 1 && (term.keys[1] == '[' || term.keys[1] == 'O')) {
        term.nkeys = 0; /* a key that we do not know */
        return ' ';
    }
    take_bytes(1);
    return key;
}

static int signal_key(void)
{
    struct signalfd_siginfo si;
    int key = KEY_NONE;
    while (read(term.signals, &si, sizeof si) == sizeof si) {
        if (si.ssi_signo == SIGTSTP) {
            leave();
            raise(SIGSTOP);
            enter();
        }
        if (key != KEY_END_OF_INPUT)
            key = si.ssi_signo == SIGWINCH || si.ssi_signo == SIGTSTP ? KEY_RESIZED : KEY_END_OF_INPUT;
    }
    return key;
}

int term_wait(int timeout_ms)
{
    struct pollfd fds[] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = term.signals, .events = POLLIN}};
    if (term.nkeys)
        return take_key();
    if (poll(fds, 2, timeout_ms) <= 0)
        return KEY_NONE;
    int key = fds[1].revents ? signal_key() : KEY_NONE;
    if (key != KEY_NONE || !fds[0].revents)
        return key;
    ssize_t n = read(STDIN_FILENO, term.keys, sizeof term.keys);
    if (n <= 0)
        return KEY_END_OF_INPUT;
    term.nkeys = (size_t)n;
    return take_key();
}

/* ---- frames ---- */

static void put_line(FILE *f, const char *line, int columns)
{
    static const char letters[] = "bryi", *const codes[] = {"\033[1m", "\033[31m", "\033[33m", "\033[7m"};
    const char *colour = line[0] ? strchr(letters, line[0]) : NULL, *text = line + (line[0] != 0);
    bool inks = !(getenv("NO_COLOR") && *getenv("NO_COLOR")) || line[0] == 'i';
    fputs("\033[K", f); /* before the text: behind a full line it would take its last character */
    if (colour && inks)
        fputs(codes[colour - letters], f);
    int n = 0;
    for (const char *c = text; *c; c++) {
        bool first_byte = ((unsigned char)*c & 0xc0) != 0x80;
        if (first_byte && n++ == columns)
            break;
        fputc(*c, f);
    }
    if (colour && line[0] == 'i') /* the bar goes to the edge */
        for (; n < columns; n++)
            fputc(' ', f);
    fputs("\033[0m", f);
}

void term_show(char *const *lines, size_t n)
{
    char *frame = NULL;
    size_t size;
    int rows, columns;
    FILE *f = open_memstream(&frame, &size);
    if (!f)
        return;
    term_size(&rows, &columns);
    fputs("\033[H", f);
    for (size_t i = 0; i < n && i < (size_t)rows; i++) {
        if (i)
            fputs("\r\n", f);
        put_line(f, lines[i], columns);
    }
    if (n < (size_t)rows)
        fputs("\r\n\033[J", f);
    fclose(f);
    put(frame, size);
    free(frame);
}
