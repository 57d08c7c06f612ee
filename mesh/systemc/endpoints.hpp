/*
 * The two ends of a node's channel: a source with unbounded queues in front of
 * the injection link, and a sink that always accepts.
 *
 * A source sends one flit a cycle.  Its virtual networks take turns, flit by
 * flit; within one, packets leave in order and one at a time.  A head takes
 * the first VC after the one used last that has a credit, and its packet keeps
 * it.  With priorities, virtual networks of a lower one send when no higher can.
 *
 * A multicast is one packet that the routers copy, and its head wants credits for
 * the whole of it; or the source makes a packet for each of its nodes.  With o1turn lots are
 * drawn for every packet, whether its VCs are those for xy or those for yx.
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
    uint64_t set = 0; /* of a multicast: a bit for each of its nodes, and `to` means nothing */

    bool is_for(unsigned node) const { return set ? set >> node & 1 : node == to; }
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
    source(sc_core::sc_module_name name, const shape &mesh, unsigned node);

    /* Packets are given in the order of their births, before their birth. */
    void give(const packet &p) { unborn.push_back(p); }

    bool is_at_rest() const;

  private:
    struct drawn_packet : packet {
        unsigned vc_class;
    };

    struct queue {
        std::deque<drawn_packet> waiting;
        unsigned sent = 0; /* flits of the packet in front */
        unsigned vc = 0;   /* used by it, or last */
    };

    const shape mesh;
    const unsigned node;
    uint64_t now = 0, drawn = 0; /* lots */
    std::deque<packet> unborn;
    std::vector<queue> queues; /* of each virtual network */
    std::vector<unsigned> credits;
    unsigned next_vnet = 0;

    void clock_edge();
    void enqueue(const packet &p);
    unsigned draw_class();
    vc_range vcs_for(const drawn_packet &p) const;
    bool find_vc(unsigned vnet, unsigned &vc) const;
    bool find_first_vc(const queue &q, unsigned &vc) const;
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
