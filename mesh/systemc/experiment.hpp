/*
 * A random experiment: a mesh of some shape and packets for it, both drawn
 * from a seed.
 */
#ifndef TESSERA_SYSTEMC_EXPERIMENT_HPP
#define TESSERA_SYSTEMC_EXPERIMENT_HPP

#include <string>
#include <vector>

#include "mesh/systemc/endpoints.hpp"
#include "mesh/systemc/shape.hpp"

namespace reference
{

struct experiment {
    uint64_t seed;
    shape mesh;
    std::string traffic;         /* what kind, in words */
    std::vector<packet> packets; /* by birth; a packet's id is its index */
};

experiment experiment_of(uint64_t seed);

/* As mesh.vnet_priority lists them. */
std::string priorities(const shape &mesh);

std::string describe(const shape &mesh);

} // namespace reference

#endif
