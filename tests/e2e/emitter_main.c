/* emitter_main.c: starts the emitter, so that it can also stand in a library of its own. */
#include "emitter.h"

int main(int argc, char **argv)
{
    return emitter_main(argc, argv);
}
