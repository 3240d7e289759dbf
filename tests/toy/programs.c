/* programs.c: the toy's built-in programs. main takes one integer.
 *
 * Before: main.c, tests. After: asm.c.
 */
#include <stdlib.h>
#include <string.h>
#include "toy/toy.h"

static const struct {
    const char *name;
    int64_t usual;
    const char *text;
} programs[] = {
    {"sum", 1000,
     "func main 1\n int r1 0\n int r2 0\n"
     "next:\n jle r0 r2 out\n addi r2 r2 1\n add r1 r1 r2\n loop next\n"
     "out:\n move r4 r1\n native r3 print\n ret r1\n"},
    {"nested", 200,
     "func main 1\n int r1 0\n int r2 0\n int r9 1000003\n"
     "outer:\n jle r0 r2 out\n addi r2 r2 1\n int r3 0\n"
     "inner:\n jle r2 r3 done\n addi r3 r3 1\n mul r4 r2 r3\n add r1 r1 r4\n mod r1 r1 r9\n loop inner\n"
     "done:\n loop outer\n"
     "out:\n move r6 r1\n native r5 print\n ret r1\n"},
    {"objects", 1000,
     "class point 3\n"
     "func main 1\n new r1 point\n flt r2 0.5\n int r3 0\n put r1 r2 0\n put r1 r3 1\n"
     "next:\n jle r0 r3 out\n addi r3 r3 1\n get r4 r1 0\n add r4 r4 r2\n put r1 r4 0\n get r5 r1 1\n add r5 r5 r3\n put r1 r5 1\n"
     " put r1 r1 2\n get r6 r1 2\n get r7 r6 1\n new r8 point\n put r8 r7 1\n get r5 r8 1\n put r1 r5 1\n loop next\n"
     "out:\n get r10 r1 0\n native r9 print\n get r10 r1 1\n native r9 print\n ret r5\n"},
    {"calls", 1000,
     "func twice 1\n add r1 r0 r0\n ret r1\n"
     "func step 2\n move r3 r1\n call r2 twice\n add r2 r2 r0\n ret r2\n"
     "func main 1\n int r1 0\n int r2 0\n"
     "next:\n jle r0 r2 out\n addi r2 r2 1\n move r4 r1\n move r5 r2\n call r3 step\n move r1 r3\n loop next\n"
     "out:\n move r4 r1\n native r3 print\n ret r1\n"},
    {"fib", 20,
     "func fib 1\n int r1 2\n jlt r0 r1 small\n addi r3 r0 -1\n call r2 fib\n addi r4 r0 -2\n call r3 fib\n add r1 r2 r3\n ret r1\n"
     "small:\n ret r0\n"
     "func main 1\n move r2 r0\n call r1 fib\n move r3 r1\n native r2 print\n ret r1\n"},
    {"deep", 1500,
     "func down 1\n int r1 0\n jle r0 r1 stop\n addi r3 r0 -1\n call r2 down\n add r1 r2 r0\n ret r1\n"
     "stop:\n ret r1\n"
     "func main 1\n int r1 0\n"
     "next:\n move r3 r0\n call r2 down\n move r4 r2\n native r3 print\n addi r1 r1 1\n int r5 4\n jle r5 r1 out\n loop next\n"
     "out:\n ret r1\n"},
    {"unstable", 1000, /* an integer that becomes a float */
     "func main 1\n int r1 0\n int r2 0\n int r5 500\n flt r6 0.25\n"
     "next:\n jle r0 r2 out\n addi r2 r2 1\n add r1 r1 r2\n jne r2 r5 same\n add r1 r1 r6\n"
     "same:\n loop next\n"
     "out:\n move r4 r1\n native r3 print\n ret r1\n"},
    {"natives", 600, /* results of changing type, calls from C into machine code, errors through it */
     "func callback 1\n int r1 0\n int r2 0\n int r4 13\n mod r3 r0 r4\n jeq r3 r1 fail\n"
     "next:\n jle r0 r2 out\n addi r2 r2 1\n add r1 r1 r2\n loop next\n"
     "out:\n ret r1\n"
     "fail:\n get r1 r0 0\n ret r1\n"
     "func main 1\n int r1 0\n int r2 0\n int r7 0\n int r8 17\n"
     "next:\n jle r0 r2 out\n addi r2 r2 1\n move r4 r2\n native r3 blur\n add r1 r1 r3\n"
     " mod r4 r2 r8\n addi r4 r4 1\n native r3 protect\n nil r5\n jne r3 r5 good\n addi r7 r7 1\n int r3 0\n"
     "good:\n add r1 r1 r3\n loop next\n"
     "out:\n move r4 r1\n native r3 print\n move r4 r7\n native r3 print\n ret r1\n"},
    {"classes", 2000, /* constants of a class that change now and then, in a loop that has been compiled from them */
     "class shape 1\n"
     "func main 1\n new r1 shape\n int r2 0\n int r3 0\n int r4 3\n setc shape r4 1\n int r8 700\n int r9 0\n"
     "next:\n jle r0 r2 out\n addi r2 r2 1\n getc r5 r1 1\n add r3 r3 r5\n mod r6 r2 r8\n jne r6 r9 same\n addi r4 r4 2\n setc shape r4 1\n"
     "same:\n getc r5 r1 1\n add r3 r3 r5\n loop next\n"
     "out:\n move r4 r3\n native r3 print\n ret r4\n"},
    {"flush", 2000, /* all machine code goes now and then, from inside of it */
     "func main 1\n int r2 0\n int r3 0\n int r8 300\n int r9 0\n"
     "next:\n jle r0 r2 out\n addi r2 r2 1\n add r3 r3 r2\n mod r6 r2 r8\n jne r6 r9 same\n native r6 flush\n"
     "same:\n loop next\n"
     "out:\n move r4 r3\n native r3 print\n ret r4\n"},
    {"long", 1000000000, /* in one compiled loop until somebody ends it */
     "func main 1\n int r1 0\n int r2 0\n int r9 1000003\n"
     "next:\n jle r0 r2 out\n addi r2 r2 1\n add r1 r1 r2\n mod r1 r1 r9\n loop next\n"
     "out:\n move r4 r1\n native r3 print\n ret r1\n"},
};

/* 23 loops of which 11 take another way every fourth time and get one bridge each; 7 loops more that the recorder gives up. */
static void primes(FILE *f)
{
    fprintf(f, "func main 1\n int r1 0\n int r7 4\n int r8 0\n");
    for (int i = 0; i < 23; i++) {
        fprintf(f, " int r2 0\nn%d:\n jle r0 r2 o%d\n addi r2 r2 1\n", i, i);
        if (i < 11) fprintf(f, " mod r3 r2 r7\n jne r3 r8 s%d\n addi r1 r1 %d\ns%d:\n", i, i, i);
        fprintf(f, " add r1 r1 r2\n loop n%d\no%d:\n", i, i);
    }
    for (int i = 0; i < 7; i++)
        fprintf(f, " int r2 0\n int r3 100\na%d:\n jle r3 r2 e%d\n addi r2 r2 1\n opaque r1\n loop a%d\ne%d:\n", i, i, i, i);
    fprintf(f, " move r4 r1\n native r3 print\n ret r1\n");
}

const char *const toy_program_names[] = {"sum", "nested", "objects", "calls", "fib", "deep", "unstable", "natives", "classes", "flush", "primes", "long", NULL};

char *toy_program(const char *name, int64_t *usual)
{
    for (size_t i = 0; i < sizeof programs / sizeof programs[0]; i++)
        if (strcmp(programs[i].name, name) == 0) {
            *usual = programs[i].usual;
            return strdup(programs[i].text);
        }
    if (strcmp(name, "primes") != 0) return NULL;
    char *text = NULL;
    size_t n;
    FILE *f = open_memstream(&text, &n);
    primes(f);
    fclose(f);
    *usual = 400;
    return text;
}
