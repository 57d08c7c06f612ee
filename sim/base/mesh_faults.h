/*
 * The text of mesh.faults: what is broken in a mesh, and from when on.  Items
 * are separated by semicolons:
 *
 *   link X,Y DIRECTION [@CYCLE]   the link between router (X, Y) and its
 *                                 neighbour in the east (x+1), west (x-1),
 *                                 north (y+1) or south (y-1), both ways
 *   router X,Y [@CYCLE]           a router, its links and its nodes
 *   drop CHANCE                   a flit is lost on a link, with this chance
 *   corrupt CHANCE                a flit's data are damaged on a link
 *   seed N                        of these chances (1 unless given)
 *
 * Without @CYCLE a thing is broken from the start.
 */
#ifndef TESSERA_MESH_FAULTS_H
#define TESSERA_MESH_FAULTS_H

#include <stddef.h>

#include "sim/base/types.h"

enum { MESH_FAULTS_MAX = 64 };

/* In the order of a router's ports. */
enum mesh_direction { MESH_EAST, MESH_WEST, MESH_NORTH, MESH_SOUTH, MESH_DIRECTIONS };
enum mesh_fault_kind { MESH_FAULT_LINK, MESH_FAULT_ROUTER };

struct mesh_fault {
    enum mesh_fault_kind kind;
    unsigned x, y;
    enum mesh_direction direction; /* of a link */
    cycle_t at;                    /* 0: from the start */
};

struct mesh_faults {
    unsigned count;
    struct mesh_fault item[MESH_FAULTS_MAX]; /* as they are written */
    uint64_t drop, corrupt;                  /* chance a flit and link, in 1 / 2^64 */
    uint32_t seed;
};

/* Reads `text` for a mesh of width x height routers.  False with what is wrong
 * and what would be right in `problem`. */
bool mesh_faults_parse(const char *text, unsigned width, unsigned height,
                       struct mesh_faults *faults, char *problem, size_t bytes);

#endif
