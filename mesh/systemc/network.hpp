/*
 * A reference mesh: routers, sources, sinks and the links between them, wired
 * as `shape` says, and a record of what happened when.
 */
#ifndef TESSERA_SYSTEMC_NETWORK_HPP
#define TESSERA_SYSTEMC_NETWORK_HPP

#include <memory>
#include <vector>

#include "mesh/systemc/endpoints.hpp"
#include "mesh/systemc/link.hpp"
#include "mesh/systemc/router.hpp"

namespace reference
{

/* A flit that won the switch of a router towards a port. */
struct crossing {
    uint64_t cycle;
    unsigned router, port;
};

/* A flit that left the network. */
struct ejection {
    uint64_t cycle;
    unsigned node, packet;
    bool tail;
};

class network : public sc_core::sc_module, private switch_observer, private sink_observer
{
  public:
    network(sc_core::sc_module_name name, const shape &mesh);

    void give(const packet &p) { sources[p.from]->give(p); }

    /* Simulates `cycles` more clock edges. */
    void run(unsigned cycles);
    uint64_t now() const { return done; } /* the next cycle to be simulated */

    const router::vc_counts &counts(unsigned router, unsigned port, unsigned vc) const
    {
        return routers[router]->counts(port, vc);
    }

    /* True when every packet has left and every credit is home. */
    bool is_at_rest() const;

    std::vector<crossing> crossings; /* in the order of cycles */
    std::vector<ejection> ejections;
    uint64_t vcs_kept = 0; /* for multicasts, so far */

  private:
    const shape mesh;
    uint64_t done = 0;
    const sc_core::sc_time period{1, sc_core::SC_NS};
    /* Edges in the middle of a cycle, so that no run ends upon one. */
    sc_core::sc_clock clock{"clock", period, 0.5, period / 2, true};
    std::vector<std::unique_ptr<router>> routers;
    std::vector<std::unique_ptr<source>> sources;
    std::vector<std::unique_ptr<sink>> sinks;
    std::vector<std::unique_ptr<link>> links;
    /* A channel has wires at its near end, where flits enter, and at its far end. */
    struct channel {
        sc_core::sc_signal<flit> near_flit, far_flit;
        sc_core::sc_signal<credit> near_credit, far_credit;
    };
    std::vector<std::unique_ptr<channel>> channels;

    channel &add_channel(unsigned cycles);
    channel &add_dangling_channel();
    void connect_nodes(unsigned r);
    void connect_neighbours(unsigned r);
    void leave(unsigned r, unsigned port, channel &c);
    void enter(unsigned r, unsigned port, channel &c);

    uint64_t cycle_now() const;
    void crossed(unsigned router, unsigned port) override;
    void kept() override { vcs_kept++; }
    void ejected(unsigned node, const flit &f) override;
};

} // namespace reference

#endif
