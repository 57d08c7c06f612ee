/*
 * The machines that coherence is tested on: every protocol, every directory
 * organisation, both ways of a line to its reader, both kinds of evictions.
 * One row a machine; a setting that a row does not name keeps its default.
 */
#ifndef TESSERA_COHERENCE_MACHINES_H
#define TESSERA_COHERENCE_MACHINES_H

#include <criterion/criterion.h>

#include "sim/base/config.h"

enum { MACHINE_SETTINGS = 8 };

struct machine {
    bool quick; /* explored further than the others in every test */
    const char *name;
    const char *setting[MACHINE_SETTINGS]; /* up to the first NULL */
};

#define DIRECTORY(name) "coherence.directory=" name
#define POINTERS(n)     "coherence.pointers=" #n
#define GROUP(n)        "coherence.group=" #n
#define NOISY           "coherence.clean_evictions=noisy"
#define FOUR_HOPS       "coherence.hops=four"
#define SPARSE                                                                                     \
    DIRECTORY("sparse"), "coherence.sparse_sets=1", "coherence.sparse_ways=1", "coherence.mshrs=2"

static const struct machine machines[] = {
    {true, "full", {DIRECTORY("full")}},
    {false, "full, noisy", {DIRECTORY("full"), NOISY}},
    {false, "full, four hops", {DIRECTORY("full"), FOUR_HOPS}},
    {false, "limited-b 1", {DIRECTORY("limited-b"), POINTERS(1)}},
    {true,
     "limited-b 1, noisy, four hops",
     {DIRECTORY("limited-b"), POINTERS(1), NOISY, FOUR_HOPS}},
    {false, "limited-nb 1", {DIRECTORY("limited-nb"), POINTERS(1)}},
    {false, "limited-nb 1, four hops", {DIRECTORY("limited-nb"), POINTERS(1), FOUR_HOPS}},
    {false, "limited-nb 2", {DIRECTORY("limited-nb"), POINTERS(2)}},
    {true, "limited-nb 2, noisy", {DIRECTORY("limited-nb"), POINTERS(2), NOISY}},
    {false, "coarse 2", {DIRECTORY("coarse"), GROUP(2)}},
    {false, "coarse 2, noisy", {DIRECTORY("coarse"), GROUP(2), NOISY}},
    {true, "sparse", {SPARSE}},
    {false, "sparse, noisy, four hops", {SPARSE, NOISY, FOUR_HOPS}},
    {false, "sparse of limited-b 1", {SPARSE, "coherence.sparse_sharers=limited-b", POINTERS(1)}},
    {false, "sparse of limited-nb 1", {SPARSE, "coherence.sparse_sharers=limited-nb", POINTERS(1)}},
    {false, "sparse of coarse 2", {SPARSE, "coherence.sparse_sharers=coarse", GROUP(2)}},
    {true,
     "sparse of limited-b 2, noisy",
     {SPARSE, "coherence.sparse_sharers=limited-b", POINTERS(2), NOISY}},
    {false,
     "sparse of coarse 2, four hops",
     {SPARSE, "coherence.sparse_sharers=coarse", GROUP(2), FOUR_HOPS}},
    {true, "probe", {DIRECTORY("probe")}},
};
enum { MACHINES = sizeof machines / sizeof *machines };

static inline void machine_configure(const struct machine *machine, struct config *cfg)
{
    struct error e = {0};
    for (unsigned i = 0; i < MACHINE_SETTINGS && machine->setting[i]; i++)
        cr_assert(config_set(cfg, machine->setting[i], "machines.h", &e), "%s", e.text);
    cr_assert(config_check(cfg, machine->name, &e), "%s", e.text);
}

#endif
