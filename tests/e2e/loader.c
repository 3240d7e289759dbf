/* loader.c: a program that loads the emitter's library late: `wait` as in emitter.c, then dlopen=FILE and the emitter's
 * steps. */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    char line[64];
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "wait") == 0) {
            puts("ready");
            fflush(stdout);
            if (!fgets(line, sizeof line, stdin))
                return 1;
        } else if (strncmp(argv[i], "dlopen=", 7) == 0) {
            void *library = dlopen(argv[i] + 7, RTLD_NOW);
            int (*emit)(int, char **) = library ? (int (*)(int, char **))dlsym(library, "emitter_main") : NULL;
            if (!emit)
                return fprintf(stderr, "%s\n", dlerror()), 1;
            return emit(argc - i, argv + i);
        }
    return 2;
}
