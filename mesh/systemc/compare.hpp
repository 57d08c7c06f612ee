/*
 * One experiment on both meshes, the simulator's (mesh/mesh.h) and the
 * reference: the same packets at the same cycles.  Equal means that every
 * packet leaves in the same cycle and that every flit crosses every router in
 * the same cycle.
 */
#ifndef TESSERA_SYSTEMC_COMPARE_HPP
#define TESSERA_SYSTEMC_COMPARE_HPP

#include <string>

#include "mesh/systemc/experiment.hpp"

namespace reference
{

struct verdict {
    bool equal;
    std::string text; /* what the experiment is, and what differs first */
    uint64_t kept;    /* output VCs that were kept for multicasts */
};

/* Runs an experiment in a process of its own, because SystemC builds one design
 * a process.  `planted` is put into the reference. */
verdict compare(uint64_t seed, fault planted = fault::none);

} // namespace reference

#endif
