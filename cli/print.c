/* print.c: strings and numbers on a terminal.
 *
 * Names come from other processes, which may lie: no control character, no escape sequence and no
 * broken or direction-changing UTF-8 reaches a terminal or a JSON reader.
 */
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/cli.h"

/* Decodes one character. Returns its bytes; *c gets it, or -1 if it is no valid UTF-8. */
static int decode(const char *s, long *c)
{
    const unsigned char *p = (const unsigned char *)s;
    int n = p[0] < 0x80 ? 1 : (p[0] & 0xe0) == 0xc0 ? 2
                          : (p[0] & 0xf0) == 0xe0   ? 3
                          : (p[0] & 0xf8) == 0xf0   ? 4
                                                    : 0;
    static const long least[] = {0, 0, 0x80, 0x800, 0x10000};
    *c = -1;
    if (n == 0)
        return 1;
    long v = n == 1 ? p[0] : p[0] & (0x7f >> n);
    for (int i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 1;
        v = v << 6 | (p[i] & 0x3f);
    }
    if (v < least[n] || v > 0x10ffff || (v >= 0xd800 && v <= 0xdfff))
        return 1;
    *c = v;
    return n;
}

static bool harmless(long c)
{
    bool control = c < 0x20 || (c >= 0x7f && c < 0xa0);
    bool directs = (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff;
    return !control && !directs;
}

static int columns(const char *s)
{
    long c;
    int n = 0;
    for (; *s; n++)
        s += decode(s, &c);
    return n;
}

int print_clean(FILE *f, const char *s, int width)
{
    int have = columns(s), shown = 0;
    long c;
    if (width > 3 && have > width) {
        for (int skip = have - (width - 3); skip > 0; skip--)
            s += decode(s, &c);
        shown = fprintf(f, "...");
    }
    while (*s) {
        int n = decode(s, &c);
        if (c >= 0 && harmless(c))
            fwrite(s, 1, (size_t)n, f);
        else
            fputc('?', f);
        s += n;
        shown++;
    }
    return shown;
}

void print_json_string(FILE *f, const char *s)
{
    long c;
    fputc('"', f);
    while (*s) {
        int n = decode(s, &c);
        if (c == '"' || c == '\\')
            fprintf(f, "\\%c", (int)c);
        else if (c < 0)
            fputs("\\ufffd", f);
        else if (harmless(c))
            fwrite(s, 1, (size_t)n, f);
        else
            fprintf(f, "\\u%04lx", c);
        s += n;
    }
    fputc('"', f);
}

const char *human_bytes(uint64_t n, char room[16])
{
    static const char unit[] = "BKMGTP";
    double v = (double)n;
    int i = 0;
    for (; v >= 1024 && i < 5; i++)
        v /= 1024;
    snprintf(room, 16, i ? "%.1f%c" : "%.0f%c", v, unit[i]);
    return room;
}

const char *human_ns(uint64_t ns, char room[16])
{
    if (ns < 1000)
        snprintf(room, 16, "%u ns", (unsigned)ns);
    else if (ns < 1000000)
        snprintf(room, 16, "%.1f us", (double)ns / 1e3);
    else if (ns < 1000000000)
        snprintf(room, 16, "%.1f ms", (double)ns / 1e6);
    else
        snprintf(room, 16, "%.3g s", (double)ns / 1e9);
    return room;
}

const char *human_count(uint64_t n, char room[16])
{
    static const char unit[] = " kMGTPE";
    double v = (double)n;
    int i = 0;
    if (n < 100000) {
        snprintf(room, 16, "%u", (unsigned)n);
        return room;
    }
    for (; v >= 999.5 && i < 6; i++)
        v /= 1000;
    snprintf(room, 16, "%.*f%c", v < 9.995 ? 2 : v < 99.95 ? 1
                                                           : 0,
             v, unit[i]);
    return room;
}

void print_padded(FILE *f, const char *s, int width)
{
    for (int n = print_clean(f, s, width); n < width; n++)
        fputc(' ', f);
}

/* ---- the terminal ---- */

static int width_set;

void out_set_width(int columns)
{
    width_set = columns;
}

int out_width(FILE *f)
{
    struct winsize w;
    if (width_set)
        return width_set;
    if (isatty(fileno(f)) && ioctl(fileno(f), TIOCGWINSZ, &w) == 0 && w.ws_col >= 40)
        return w.ws_col - 1;
    return 79;
}

void ink(FILE *f, enum ink i)
{
    static const char *const codes[] = {"\033[0m", "\033[1m", "\033[31m", "\033[33m", "\033[7m"};
    const char *term = getenv("TERM"), *no = getenv("NO_COLOR");
    if (isatty(fileno(f)) && term && strcmp(term, "dumb") != 0 && !(no && *no))
        fputs(codes[i], f);
}

void print_head(FILE *f, const char *fmt, ...)
{
    char line[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    ink(f, INK_BOLD);
    print_clean(f, line, 0);
    ink(f, INK_PLAIN);
    fputc('\n', f);
}

/* The length of the line that begins at s: to the last blank before width. */
static int line_length(const char *s, int width)
{
    int n = (int)strlen(s);
    if (n <= width)
        return n;
    for (n = width; n > 0 && s[n] != ' ';)
        n--;
    return n ? n : width;
}

void print_words(FILE *f, int indent, const char *fmt, ...)
{
    char text[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    print_wrapped(f, indent, text);
}

void print_wrapped(FILE *f, int indent, const char *text)
{
    int width = out_width(f) - indent;
    char line[512];
    while (*text) {
        int n = line_length(text, width > 20 ? width : 20);
        snprintf(line, sizeof line, "%.*s", n, text);
        fprintf(f, "%*s", indent, "");
        print_clean(f, line, 0);
        fputc('\n', f);
        for (text += n; *text == ' ';)
            text++;
    }
}
