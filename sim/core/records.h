/*
 * A line's records: what decode.c says of its words one by one, chained, in the forms
 * that neighbours and the kind of core ask for, each with its handler and its twin.
 */
#ifndef TESSERA_RECORDS_H
#define TESSERA_RECORDS_H

#include "sim/core/decode.h"

/* From the bytes of a new line of these options' table. */
void decode_line(struct code_line *code, const struct code_options *options);

/* One instruction, and then the next line from its second halfword on. */
void decode_straddle(struct code_line *code, uint32_t bits, const struct code_options *options);

static inline bool is_compressed(uint32_t bits)
{
    return (bits & 3) != 3;
}

static inline uint32_t code_halfword(const struct code_line *code, unsigned half)
{
    return code->bytes[2 * half] | (uint32_t)code->bytes[2 * half + 1] << 8;
}

#endif
