/* emitter.h: see emitter.c. */
#ifndef EMITTER_H
#define EMITTER_H
int emitter_main(int argc, char **argv);
#endif
