/* gdb.h - names, source lines and frames of machine code for gdb, through its JIT interface: opt-in.
 *
 * gdb finds two symbols in every file that it loads: the head of a list of object files in memory, and an empty function
 * that it stops at to read what has changed in the list. So every block of code gets an object file of its own:
 *
 *     header | section table | .text (no bytes: the code's addresses) | .symtab .strtab | .eh_frame | .debug_*
 *
 * One object for a whole area would be cheaper for gdb, which needs quadratic time for many, but it would have to be
 * taken back and made anew with every trace. There is a bound instead.
 *
 * Invariants
 *  1. What is in the list is whole: an object is entered when it is complete and freed when it is out of the list.
 *  2. At most GDB_OBJECTS objects and GDB_BYTES bytes of the process are in the list; what comes after goes without.
 *  3. The list changes under one lock only. No fork happens in a change: the child's list is whole, and stands for the
 *     code that it has inherited.
 *  4. Every address of the code is in a frame as x64/ makes it: rbp leads to the caller's, and the five registers
 *     that a callee keeps lie below it.
 *
 * Before this on the walk: trace/names.c. After it: gdb.
 */
#ifndef JIT_CODE_GDB_H
#define JIT_CODE_GDB_H

#include "code/symbols.h"

enum {
    GDB_OBJECTS = 500, /* gdb 13 reads as many in 2 s, twice as many in 20 s */
    GDB_BYTES = 8 << 20, /* of all objects together */
};

struct gdb_object;

/* Shows s to gdb until gdb_remove; s and what it points to are copied. NULL: no memory, or too many. */
struct gdb_object *gdb_add(const struct symbol *s);

/* Before the code is freed. NULL is no object. */
void gdb_remove(struct gdb_object *o);

#endif
