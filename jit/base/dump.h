/* dump.h: what of its work the JIT prints on stderr, for people who look into it: JIT_DUMP=word,word in the environment.
 * The words: bc (the guest's code when it is loaded), rec, opt (operations), ra (registers), asm (machine code, hex), exit (each
 * guard that is left), bad (a recording with a guard that can never hold: an error of the guest's recorder or of the optimizer).
 */
#ifndef JIT_BASE_DUMP_H
#define JIT_BASE_DUMP_H
#include <stdbool.h>

/* Is word one of JIT_DUMP's? Looks into the environment: not for hot places. */
bool jit_dump_wants(const char *word);
#endif
