/* The boot arguments: words `key=value` with spaces between, from the rows of
 * args.def.  Read once by core 0, constant afterwards. */
#ifndef GUEST_ARGS_H
#define GUEST_ARGS_H

#include "sim/abi/bootinfo.h"
#include "sim/abi/memmap.h"

#define ARGS_WORD_BYTES 16

struct args {
#define WORD(name, value, meaning)             char name[ARGS_WORD_BYTES];
#define NUMBER(name, value, min, max, meaning) uint64_t name;
#include "guest-os/boot/args.def"
#undef WORD
#undef NUMBER
} __attribute__((aligned(LINE_BYTES)));

extern struct args args;

/* Fills `args`, or ends the run with one line that names what is wrong. */
void args_read(const struct bootinfo *machine);

#endif
