/*
 * The two ends of a node's channel: a source with unbounded queues in front of
 * the injection link, and a sink that always accepts.
 *
 * A source sends one flit a cycle.  Its virtual networks take turns, flit by
 * flit; within one, packets leave in order and one at a time.  A head takes
 * the first VC after the one used last that has a credit, and its packet keeps
 * it.
 */
#ifndef TESSERA_SYSTEMC_ENDPOINTS_HPP
#define TESSERA_SYSTEMC_ENDPOINTS_HPP

#include <deque>
#include <vector>

#include "mesh/systemc/shape.hpp"
#include "mesh/systemc/wires.hpp"

namespace reference
{

struct packet {
    uint64_t birth; /* cycle */
    unsigned from, to, vnet, flits;
    unsigned id;
};

/* Hears of every flit in the cycle in which it leaves the network. */
struct sink_observer {
    virtual void ejected(unsigned node, const flit &f) = 0;

  protected:
    ~sink_observer() = default;
};

class source : public sc_core::sc_module
{
  public:
    sc_core::sc_in<bool> clock{"clock"};
    sc_core::sc_out<flit> flit_out{"flit_out"};
    sc_core::sc_in<credit> credit_in{"credit_in"};

    using SC_CURRENT_USER_MODULE = source; /* for SC_METHOD */
    source(sc_core::sc_module_name name, const shape &mesh);

    /* Packets are given in the order of their births, before their birth. */
    void give(const packet &p) { unborn.push_back(p); }

    bool is_at_rest() const;

  private:
    struct queue {
        std::deque<packet> waiting;
        unsigned sent = 0; /* flits of the packet in front */
        unsigned vc = 0;   /* used by it, or last */
    };

    const shape mesh;
    uint64_t now = 0;
    std::deque<packet> unborn;
    std::vector<queue> queues; /* of each virtual network */
    std::vector<unsigned> credits;
    unsigned next_vnet = 0;

    void clock_edge();
    bool find_vc(unsigned vnet, unsigned &vc) const;
    flit send(unsigned vnet, unsigned vc);
};

class sink : public sc_core::sc_module
{
  public:
    sc_core::sc_in<bool> clock{"clock"};
    sc_core::sc_in<flit> flit_in{"flit_in"};
    sc_core::sc_out<credit> credit_out{"credit_out"};

    using SC_CURRENT_USER_MODULE = sink; /* for SC_METHOD */
    sink(sc_core::sc_module_name name, unsigned node, sink_observer &observer);

  private:
    const unsigned node;
    sink_observer &observer;

    void clock_edge();
};

} // namespace reference

#endif
