/*
 * One router of the reference mesh, written from the facts of README.md.
 *
 *        flit_in[p] --> input VCs --\                /-> crossbar --> flit_out[p]
 *        credit_out[p] <-------------+- allocation -+
 *                       output VCs --/                <------------- credit_in[p]
 *
 * At a clock edge: flits and credits that the wires show are taken in; then
 * everything is evaluated on that state (routes, VC allocation, switch
 * allocation); then everything is updated at once.
 */
#ifndef TESSERA_SYSTEMC_ROUTER_HPP
#define TESSERA_SYSTEMC_ROUTER_HPP

#include <deque>
#include <vector>

#include "mesh/systemc/allocators.hpp"
#include "mesh/systemc/routes.hpp"
#include "mesh/systemc/wires.hpp"

namespace reference
{

/* Hears of every flit in the cycle in which it wins the switch, and of output VCs that are kept
 * for a multicast. */
struct switch_observer {
    virtual void crossed(unsigned router, unsigned port) = 0;
    virtual void kept() = 0;

  protected:
    ~switch_observer() = default;
};

class router : public sc_core::sc_module
{
  public:
    sc_core::sc_in<bool> clock{"clock"};
    sc_core::sc_vector<sc_core::sc_in<flit>> flit_in;
    sc_core::sc_vector<sc_core::sc_out<credit>> credit_out;
    sc_core::sc_vector<sc_core::sc_out<flit>> flit_out;
    sc_core::sc_vector<sc_core::sc_in<credit>> credit_in;

    using SC_CURRENT_USER_MODULE = router; /* for SC_METHOD */
    router(sc_core::sc_module_name name, const shape &mesh, unsigned number,
           switch_observer &observer);

    /* Of an input VC, so far: flits that it has sent, a copy each, and the sum of the flits in its
     * buffer over cycles. */
    struct vc_counts {
        uint64_t sent = 0, buffered = 0;
        bool operator==(const vc_counts &o) const
        {
            return sent == o.sent && buffered == o.buffered;
        }
    };
    const vc_counts &counts(unsigned port, unsigned vc) const { return inputs[port][vc].counts; }

    /* True when no flit is buffered, no output VC taken and every credit home. */
    bool is_at_rest() const;

  private:
    enum class stage { idle, routing, directed }; /* of the packet at an input VC's front */

    /* A packet on its way out through one port; a multicast may have several of them. */
    struct copy {
        unsigned port;    /* NOWHERE if it asks for none in this cycle */
        uint64_t set = 0; /* nodes behind it, of a multicast */
        bool active = false;
        unsigned vc = 0;   /* when active */
        unsigned sent = 0; /* flits */
    };

    struct input_vc {
        std::deque<flit> buffer;
        stage at = stage::idle;
        std::vector<unsigned> ways; /* ports of which a packet that is no multicast takes one */
        std::vector<copy> copies;
        unsigned released = 0; /* flits that all copies have sent */
        vc_range vcs;          /* of the output port that it may have ... */
        unsigned room = 0;     /* ... if they have so many credits */
        unsigned asked = 0;    /* cycles since it has begun to ask for VCs */
        vc_counts counts;
    };

    struct output_vc {
        unsigned credits;
        bool taken = false;
        const input_vc *kept_for = nullptr; /* nobody else may have it */
    };

    struct switch_request {
        bool wanted = false, speculative = false;
        unsigned vc = 0, level = 0, sent = 0;
        uint64_t birth = 0;
    };

    enum : unsigned { NOWHERE = ~0u };

    const shape mesh;
    const unsigned number;
    const routes to;
    switch_observer &observer;
    sc_core::sc_vector<sc_core::sc_signal<flit>> crossbar; /* between switch win and traversal */
    std::vector<std::vector<input_vc>> inputs;             /* [port][VC] */
    std::vector<std::vector<output_vc>> outputs;           /* [port][VC] */
    std::vector<unsigned> next_vc;                         /* of each input port, for the switch */
    std::vector<std::vector<uint64_t>> vc_served;          /* [port][VC] of an input: when, or 0 */
    std::vector<std::vector<uint64_t>> head_served;        /* [output port][index of an input VC] */
    uint64_t now = 0;
    allocator vc_allocator, switch_allocator;

    bool speculates() const { return mesh.router_cycles <= 2; }
    unsigned index_of(unsigned port, unsigned vc) const { return port * mesh.all_vcs() + vc; }

    void evaluate();
    void traverse();

    void store_flits();
    void take_credits();
    void begin_packet(input_vc &in, unsigned port) const;
    void choose_ways();
    void choose_way(input_vc &in, unsigned vc);
    unsigned best_way(const input_vc &in) const;
    unsigned worth(unsigned port, const input_vc &in) const;
    std::vector<unsigned> open_vcs(unsigned port, const input_vc &in) const;
    bool is_endless(unsigned port) const;

    const input_vc *most_patient(unsigned output, unsigned vnet) const;
    output_vc *vc_to_keep(unsigned output, vc_range group);
    void keep_vcs();
    void keep_no_longer(unsigned output, const input_vc &in);
    void count();

    std::vector<pairing> vc_requests(unsigned output) const;
    std::vector<pairing> allocate_vcs();
    std::vector<pairing> in_order(const std::vector<pairing> &requests);
    bool may_speculate(unsigned port, const input_vc &in) const;
    switch_request request_of(unsigned port, unsigned vc, unsigned output) const;
    uint64_t rank(unsigned port, const switch_request &request) const;
    switch_request request_between(unsigned input, unsigned output) const;
    std::vector<std::vector<switch_request>> switch_requests() const;
    bool goes_along(const switch_request &with, const switch_request &best, pairing granted) const;
    std::vector<pairing> allocate_switch(const std::vector<std::vector<switch_request>> &requests);

    void finish_routes();
    void hand_out_vcs(const std::vector<pairing> &matches);
    void note_winners(const std::vector<pairing> &matches,
                      const std::vector<std::vector<switch_request>> &requests,
                      std::vector<unsigned> &vcs);
    void win(pairing match, unsigned vc, std::vector<flit> &leaving, std::vector<credit> &returned);
    void release(unsigned port, unsigned vc, std::vector<credit> &returned);

    /* Of the packet in front of an input VC: what goes to this port, or nullptr. */
    template <typename vc_of> static auto *copy_towards(vc_of &in, unsigned port)
    {
        decltype(in.copies.data()) found = nullptr;
        for (auto &c : in.copies)
            if (in.at == stage::directed && c.port == port)
                found = &c;
        return found;
    }
    input_vc &input_at(unsigned index)
    {
        return inputs[index / mesh.all_vcs()][index % mesh.all_vcs()];
    }
};

} // namespace reference

#endif
