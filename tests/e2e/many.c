/* many.c: many processes at once, as cheap as they can be: each has a VM, compiles, waits for the word, and compiles
 * again.
 *
 *   many N LOOPS MORE      forks N processes that have a VM each (the parent has none), LOOPS traces each; prints
 *                          "ready" when all have compiled them; reads a line; each compiles MORE; prints "ready";
 *                          reads a line; all end.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "emitter.h"

/* The emitter's steps do the work; its "ready" lines and waits go through two pipes that all share. */
static void child(int done, int word, char *loops, char *more)
{
    char *argv[] = {"many", loops, "wait", more, "wait", NULL};
    if (dup2(word, 0) < 0 || dup2(done, 1) < 0)
        _exit(1);
    _exit(emitter_main(5, argv));
}

static int await(int done, int n)
{
    char room[4096];
    int lines = 0;
    while (lines < n) {
        ssize_t got = read(done, room, sizeof room);
        if (got <= 0)
            return 1;
        for (ssize_t i = 0; i < got; i++)
            lines += room[i] == '\n';
    }
    puts("ready");
    return fflush(stdout);
}

/* The word from outside, passed on to each. */
static int tell(int (*word)[2], int n)
{
    char line[64];
    if (!fgets(line, sizeof line, stdin))
        return 1;
    for (int i = 0; i < n; i++)
        if (write(word[i][1], "\n", 1) != 1)
            return 1;
    return 0;
}

int main(int argc, char **argv)
{
    int done[2], n = argc == 4 ? atoi(argv[1]) : 0, status, bad = 0;
    char loops[32], more[32];
    if (n <= 0 || pipe(done) != 0)
        return 2;
    int(*word)[2] = calloc((size_t)n, sizeof *word);
    snprintf(loops, sizeof loops, "loops=%s", argv[2]);
    snprintf(more, sizeof more, "loops=%s", argv[3]);
    for (int i = 0; i < n; i++) {
        if (pipe(word[i]) != 0)
            return 2;
        if (fork() == 0)
            child(done[1], word[i][0], loops, more);
        close(word[i][0]);
    }
    close(done[1]);
    for (int round = 0; round < 2; round++)
        if (await(done[0], n) != 0 || tell(word, n) != 0)
            return 1;
    for (int i = 0; i < n; i++)
        bad |= wait(&status) < 0 || status != 0;
    return bad;
}
