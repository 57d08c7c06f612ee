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

/* Hears of every flit in the cycle in which it wins the switch. */
struct switch_observer {
    virtual void crossed(unsigned router, unsigned port) = 0;

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

    /* True when no flit is buffered, no output VC taken and every credit home. */
    bool is_at_rest() const;

  private:
    enum class stage { idle, routing, waiting, active }; /* of the packet at an input VC's front */

    struct input_vc {
        std::deque<flit> buffer;
        stage at = stage::idle;
        std::vector<unsigned> ways; /* from routing on: ports that the packet may take */
        unsigned port = 0;          /* the one it asks for, NOWHERE if for none in this cycle */
        unsigned vc = 0;            /* when active */
    };

    struct output_vc {
        unsigned credits;
        bool taken = false;
    };

    struct switch_request {
        bool wanted = false, speculative = false;
        unsigned vc = 0;
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
    uint64_t worth(unsigned port, unsigned vnet) const;

    std::vector<pairing> allocate_vcs();
    std::vector<pairing> in_order(const std::vector<pairing> &requests);
    bool may_speculate(unsigned port, unsigned vnet) const;
    switch_request request_of(unsigned port, unsigned vc) const;
    uint64_t rank(unsigned port, const switch_request &request) const;
    switch_request request_between(unsigned input, unsigned output) const;
    std::vector<std::vector<switch_request>> switch_requests() const;
    std::vector<pairing> allocate_switch(const std::vector<std::vector<switch_request>> &requests);

    void finish_routes();
    void hand_out_vcs(const std::vector<pairing> &matches);
    void win(pairing match, const switch_request &request, std::vector<flit> &leaving,
             std::vector<credit> &returned);
};

} // namespace reference

#endif
