/*
 * A 64-bit hash of bytes, the same on every host: identities of runs, guests
 * and configurations, and interning tables.  Not for adversaries.
 */
#ifndef TESSERA_HASH_H
#define TESSERA_HASH_H

#include <stddef.h>
#include <stdint.h>

#define HASH_SEED 0x746573736572610bu

/* Hash of `bytes` bytes that follow what `hash` already covers. */
uint64_t hash_bytes(uint64_t hash, const void *data, size_t bytes);
uint64_t hash_u64(uint64_t hash, uint64_t value);

#endif
