/*
 * Who of several was served longest ago, in two bytes each.
 *
 *   | stamp of 0 | stamp of 1 | ... | stamp of n - 1 | the last one given |
 *
 * Whoever is served gets a stamp one greater than the last one; 0 has never been served,
 * and of those the lowest number goes first.  Stamps run out after 16 x n; they
 * are then numbered anew, 1 for the one served longest ago, so that only their order counts.
 * Of several that are served in the same cycle the one that is noted first counts as served
 * earlier: let that be the lowest number.
 */
#ifndef TESSERA_MESH_RECENCY_H
#define TESSERA_MESH_RECENCY_H

#include <stddef.h>
#include <stdint.h>

enum { RECENCY_MEMBERS_MAX = 12 * 32, RECENCY_STAMPS_A_MEMBER = 16 };

static inline size_t recency_row_bytes(unsigned members)
{
    return (members + 1) * sizeof(uint16_t);
}

static inline uint16_t *recency_row(uint16_t *rows, size_t number, unsigned members)
{
    return &rows[number * (members + 1)];
}

static inline void recency_number_anew(uint16_t *row, unsigned members)
{
    uint16_t anew[RECENCY_MEMBERS_MAX], last = 0;
    for (unsigned k = 0; k < members; k++) {
        anew[k] = row[k] != 0;
        last = (uint16_t)(last + anew[k]);
        for (unsigned other = 0; row[k] && other < members; other++)
            anew[k] = (uint16_t)(anew[k] + (row[other] && row[other] < row[k]));
    }
    for (unsigned k = 0; k < members; k++)
        row[k] = anew[k];
    row[members] = last;
}

static inline void recency_serve(uint16_t *row, unsigned members, unsigned k)
{
    if (row[members] == RECENCY_STAMPS_A_MEMBER * members)
        recency_number_anew(row, members);
    row[k] = ++row[members];
}

/* Of the members in `mask`, not 0. */
static inline unsigned recency_least(const uint16_t *row, uint32_t mask)
{
    unsigned best = (unsigned)__builtin_ctz(mask);
    for (mask &= mask - 1; mask; mask &= mask - 1) {
        unsigned k = (unsigned)__builtin_ctz(mask);
        best = row[k] < row[best] ? k : best;
    }
    return best;
}

#endif
