/* stdio.c: stdin, stdout and stderr for the standard library's objects inside the shared library.
 *
 * The objects come from the distribution's archive, which is made for executables: there the three
 * are variables at a distance known to the linker, and code says so. In a shared library they are
 * reached through a table that this code does not look into. The library is linked with --wrap
 * (mk/library.mk), so that each use of stdin in it means __wrap_stdin: a variable of ours with the
 * same value. Rebuilding the standard library from source would do as well, but then its source would
 * have to be here.
 *
 * Invariants
 *  1. The three are set before any other code of the library runs, and never change: a program that
 *     assigns to stdout itself, which only glibc allows, is not followed.
 *
 * Only in the shared library. Before: nothing. After: the standard library.
 */
#include <stdio.h>

extern FILE *__real_stdin, *__real_stdout, *__real_stderr;
FILE *__wrap_stdin, *__wrap_stdout, *__wrap_stderr;

__attribute__((constructor(101))) static void stdio_init(void)
{
    __wrap_stdin = __real_stdin;
    __wrap_stdout = __real_stdout;
    __wrap_stderr = __real_stderr;
}
