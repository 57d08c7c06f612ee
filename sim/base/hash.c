/*
 * Eight bytes at a time, little endian by definition, each step a multiply
 * and a shift that spreads every input bit over the state.
 */
#include "sim/base/hash.h"

uint64_t hash_u64(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * 0x9fb21c651e98df25u;
    hash ^= hash >> 29;
    hash *= 0xd6e8feb86659fd93u;
    return hash ^ (hash >> 32);
}

uint64_t hash_bytes(uint64_t hash, const void *data, size_t bytes)
{
    const unsigned char *p = data;
    size_t left = bytes;
    for (; left >= 8; left -= 8, p += 8) {
        uint64_t word = 0;
        for (unsigned i = 0; i < 8; i++)
            word |= (uint64_t)p[i] << (8 * i);
        hash = hash_u64(hash, word);
    }
    uint64_t tail = 0;
    for (unsigned i = 0; i < left; i++)
        tail |= (uint64_t)p[i] << (8 * i);
    return hash_u64(hash_u64(hash, tail), bytes);
}
