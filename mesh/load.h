/*
 * Inside mesh/: a load, which hands packets to the mesh and knows when each was
 * born.  There are three, chosen when a run begins:
 *   open loop    every node bears packets at its own pace   (open_loop.c)
 *   closed loop  a window of requests, each answered        (closed_loop.c)
 *   replay       packets and times from a file              (replay.c)
 */
#ifndef TESSERA_MESH_LOAD_H
#define TESSERA_MESH_LOAD_H

#include "mesh/injection.h"
#include "mesh/measure.h"
#include "mesh/mesh_internal.h"
#include "mesh/pace.h"
#include "mesh/pattern.h"
#include "mesh/wheel.h"

struct load;

struct load_kind {
    unsigned vnets;
    void (*start)(struct load *load, struct arena *arena);
    void (*send)(struct load *load, cycle_t now); /* what is due */
    void (*left)(struct load *load, const struct departure *d, cycle_t now);
    void (*arrived)(struct load *load, const struct mesh_arrival *a, cycle_t now);
    void (*lost)(struct load *load, const struct mesh_notice *n, cycle_t now);
    void (*state)(const struct load *load, struct load_state *state);
};

extern const struct load_kind load_open_loop, load_closed_loop, load_replay;

struct open_source;
struct closed_loop;
struct replay;

struct load {
    const struct load_kind *kind;
    const struct mesh_traffic *traffic;
    struct mesh *mesh;
    bool finished; /* a replay: every packet has arrived */
    struct meter meter;
    struct pace pace;
    uint64_t *lag; /* of each node of an open loop, when the state was last asked for */
    struct pattern pattern;
    struct injection injection;
    struct wheel wheel;
    union {
        struct open_source *open_source; /* one a node */
        struct closed_loop *closed_loop;
        struct replay *replay;
    };
};

/* A mesh with nothing in it and a load that is about to begin, both in the
 * arena; `traffic` must outlive them.  NULL after filling `e`. */
struct load *load_create(struct arena *arena, const struct config *cfg,
                         const struct mesh_traffic *traffic, struct error *e);

void load_cycle(struct load *load);

/* Asks for the state and lets the pace look at it; every 1,024 cycles. */
void load_look(struct load *load, struct load_state *state);

/* False with status 76 when the mesh is deadlocked; explained on `report` unless NULL. */
bool load_is_alive(const struct load *load, FILE *report, struct error *e);

/* Reads a file of packets (replay.c has the format) into the arena.  NULL with
 * status 65 and the line when it cannot be used with so many nodes. */
struct replay *replay_read(const char *path, unsigned nodes, struct arena *arena, struct error *e);

/* What the mesh must be able to carry. */
unsigned replay_vnets(const struct replay *replay);
unsigned replay_flits_max(const struct replay *replay);

#endif
