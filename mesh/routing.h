/*
 * The outputs of dimension-ordered routing, without a branch.
 */
#ifndef TESSERA_MESH_ROUTING_H
#define TESSERA_MESH_ROUTING_H

#include "mesh/mesh_internal.h"

/* 1 when a < b, both below 2^31; never a branch. */
static inline unsigned below(unsigned a, unsigned b)
{
    return (a - b) >> 31;
}

/* Which ways lead nearer: bits 0 to 3 for ports 0 to 3. */
static inline unsigned nearer(const struct port *at, flit_t flit)
{
    unsigned x = flit_x(flit), y = flit_y(flit);
    return below(at->x, x) | below(x, at->x) << 1 | below(at->y, y) << 2 | below(y, at->y) << 3;
}

/* XY: first along x, then along y, then to the node. */
static inline unsigned route_xy(const struct port *at, flit_t flit)
{
    static const uint8_t number[16] = {
        [0] = 4, [1] = 0, [2] = 1, [4] = 2, [5] = 0, [6] = 1, [8] = 3, [9] = 0, [10] = 1};
    unsigned way = nearer(at, flit);
    return number[way] + (flit_local(flit) & (way - 1) >> 28);
}

/* YX: the other way round. */
static inline unsigned route_yx(const struct port *at, flit_t flit)
{
    static const uint8_t number[16] = {
        [0] = 4, [1] = 0, [2] = 1, [4] = 2, [5] = 2, [6] = 2, [8] = 3, [9] = 3, [10] = 3};
    unsigned way = nearer(at, flit);
    return number[way] + (flit_local(flit) & (way - 1) >> 28);
}

#endif
