#include "mesh/systemc/router.hpp"

#include <cassert>

namespace reference
{

router::router(sc_core::sc_module_name name, const shape &of, unsigned router_number,
               switch_observer &who)
    : sc_core::sc_module(name), flit_in("flit_in", of.ports()),
      credit_out("credit_out", of.ports()), flit_out("flit_out", of.ports()),
      credit_in("credit_in", of.ports()), mesh(of), number(router_number), to(of, router_number),
      observer(who), crossbar("crossbar", of.ports()),
      inputs(of.ports(), std::vector<input_vc>(of.all_vcs())),
      outputs(of.ports(), std::vector<output_vc>(of.all_vcs(), output_vc{of.buffer_flits, false})),
      next_vc(of.ports(), 0), vc_served(of.ports(), std::vector<uint64_t>(of.all_vcs(), 0)),
      head_served(of.ports(), std::vector<uint64_t>(of.ports() * of.all_vcs(), 0)),
      vc_allocator(arbiter::round_robin, of.ports() * of.all_vcs(), of.ports() * of.all_vcs(),
                   of.planted == fault::vc_grant_moves),
      switch_allocator(of.first, of.ports(), of.ports(), of.planted == fault::switch_grant_moves)
{
    SC_METHOD(evaluate);
    sensitive << clock.pos();
    dont_initialize();
    if (mesh.router_cycles > 1) { /* else the crossbar is crossed in the cycle of the win */
        SC_METHOD(traverse);
        sensitive << clock.pos();
        dont_initialize();
    }
}

/* ---- one clock edge ------------------------------------------------------- */

void router::evaluate()
{
    store_flits();
    take_credits();
    choose_ways();
    now++;

    std::vector<pairing> vcs = allocate_vcs();
    std::vector<std::vector<switch_request>> requests = switch_requests();
    std::vector<pairing> crossings = allocate_switch(requests);

    finish_routes();
    hand_out_vcs(vcs);
    std::vector<flit> leaving(mesh.ports());
    std::vector<credit> returned(mesh.ports());
    for (pairing match : crossings)
        win(match, requests[match.input][match.output], leaving, returned);
    for (unsigned p = 0; p < mesh.ports(); p++) {
        credit_out[p].write(returned[p]);
        if (mesh.router_cycles > 1)
            crossbar[p].write(leaving[p]);
        else
            flit_out[p].write(leaving[p]);
    }
}

/* The switch's second half, a cycle after the win. */
void router::traverse()
{
    for (unsigned p = 0; p < mesh.ports(); p++)
        flit_out[p].write(crossbar[p].read());
}

/* ---- what the wires show ---------------------------------------------------- */

void router::store_flits()
{
    for (unsigned p = 0; p < mesh.ports(); p++) {
        const flit &f = flit_in[p].read();
        if (!f.valid)
            continue;
        input_vc &in = inputs[p][f.vc];
        assert(in.buffer.size() < mesh.buffer_flits);
        in.buffer.push_back(f);
        if (in.at == stage::idle)
            begin_packet(in, p);
    }
}

void router::take_credits()
{
    for (unsigned p = 0; p < mesh.ports(); p++) {
        const credit &c = credit_in[p].read();
        if (!c.valid)
            continue;
        outputs[p][c.vc].credits++;
        assert(outputs[p][c.vc].credits <= mesh.buffer_flits);
    }
}

/* A head has come to the front.  A router of four cycles spends the first on
 * its route; the others know it when the flit arrives. */
void router::begin_packet(input_vc &in, unsigned port) const
{
    assert(in.buffer.front().head);
    in.at = mesh.router_cycles == 4 ? stage::routing : stage::waiting;
    in.ways = to.towards(in.buffer.front().to, port);
    in.port = in.ways.front();
}

/* How good a port is for a head: 0 when no VC is free, else more for each credit. */
uint64_t router::worth(unsigned port, unsigned vnet) const
{
    uint64_t credits = 0;
    bool free = false;
    for (unsigned o = vnet * mesh.vcs; o < (vnet + 1) * mesh.vcs; o++) {
        credits += outputs[port][o].credits;
        free |= !outputs[port][o].taken;
    }
    if (mesh.planted == fault::takes_first_way)
        credits = 0;
    return free ? 1 + credits : 0;
}

/* A head that may go several ways takes the best in each cycle anew. */
void router::choose_ways()
{
    for (auto &port : inputs)
        for (unsigned v = 0; v < mesh.all_vcs(); v++) {
            input_vc &in = port[v];
            if (in.at != stage::waiting || in.ways.size() == 1)
                continue;
            uint64_t best = 0;
            in.port = NOWHERE;
            for (unsigned way : in.ways)
                if (worth(way, v / mesh.vcs) > best) {
                    best = worth(way, v / mesh.vcs);
                    in.port = way;
                }
        }
}

/* ---- VC allocation ----------------------------------------------------------- */

/* A waiting head asks for every free VC of its virtual network at its port. */
std::vector<pairing> router::allocate_vcs()
{
    std::vector<pairing> requests;
    for (unsigned p = 0; p < mesh.ports(); p++)
        for (unsigned v = 0; v < mesh.all_vcs(); v++) {
            const input_vc &in = inputs[p][v];
            if (in.at != stage::waiting || in.port == NOWHERE)
                continue;
            unsigned first = v / mesh.vcs * mesh.vcs;
            for (unsigned o = first; o < first + mesh.vcs; o++) {
                const output_vc &out = outputs[in.port][o];
                bool refused = mesh.planted == fault::allocation_wants_credit && !out.credits;
                if (!out.taken && !refused)
                    requests.push_back(
                        {index_of(p, v), index_of(in.port, o), in.buffer.front().birth});
            }
        }
    return mesh.first == arbiter::round_robin ? vc_allocator.match(requests) : in_order(requests);
}

/* Matrix and age: the heads at an output port in the order of their last success
 * there, or of their births; and its VCs, one after the other, go to the first head
 * that may have them. */
std::vector<pairing> router::in_order(const std::vector<pairing> &requests)
{
    std::vector<pairing> matches;
    std::vector<bool> served(mesh.ports() * mesh.all_vcs(), false);
    for (unsigned output = 0; output < served.size(); output++) {
        const pairing *best = nullptr;
        auto &last = head_served[output / mesh.all_vcs()];
        auto rank_of = [&](const pairing &p) {
            if (mesh.planted == fault::lowest_goes_first)
                return std::pair(uint64_t(0), p.input);
            return std::pair(mesh.first == arbiter::age ? p.birth : last[p.input], p.input);
        };
        for (const pairing &p : requests)
            if (p.output == output && !served[p.input] && (!best || rank_of(p) < rank_of(*best)))
                best = &p;
        if (best) {
            served[best->input] = true;
            matches.push_back(*best);
        }
    }
    for (pairing p : matches)
        head_served[p.output / mesh.all_vcs()][p.input] = now;
    return matches;
}

void router::hand_out_vcs(const std::vector<pairing> &matches)
{
    for (pairing match : matches) {
        input_vc &in = inputs[match.input / mesh.all_vcs()][match.input % mesh.all_vcs()];
        in.at = stage::active;
        in.vc = match.output % mesh.all_vcs();
        outputs[in.port][in.vc].taken = true;
    }
}

void router::finish_routes()
{
    for (auto &port : inputs)
        for (input_vc &in : port)
            if (in.at == stage::routing)
                in.at = stage::waiting;
}

/* ---- switch allocation ------------------------------------------------------- */

bool router::may_speculate(unsigned port, unsigned vnet) const
{
    if (mesh.planted == fault::speculates_blindly)
        return true;
    for (unsigned o = vnet * mesh.vcs; o < (vnet + 1) * mesh.vcs; o++)
        if (!outputs[port][o].taken && outputs[port][o].credits)
            return true;
    return false;
}

/* What an input VC wants of the switch in this cycle. */
router::switch_request router::request_of(unsigned port, unsigned vc) const
{
    const input_vc &in = inputs[port][vc];
    switch_request request;
    request.vc = vc;
    request.speculative = in.at == stage::waiting;
    request.birth = in.buffer.empty() ? 0 : in.buffer.front().birth;
    if (in.at == stage::active)
        request.wanted = !in.buffer.empty() && outputs[in.port][in.vc].credits;
    else if (in.at == stage::waiting)
        request.wanted = mesh.router_cycles <= 2 && may_speculate(in.port, vc / mesh.vcs);
    return request;
}

/* What is less goes first. */
uint64_t router::rank(unsigned port, const switch_request &request) const
{
    switch (mesh.first) {
    case arbiter::matrix:
        return vc_served[port][request.vc];
    case arbiter::age:
        return request.birth;
    default:
        return (request.vc + mesh.all_vcs() - next_vc[port]) % mesh.all_vcs();
    }
}

/* Of the VCs of an input port that want the same output: a committed one before
 * a speculative one, then the first by rank. */
router::switch_request router::request_between(unsigned input, unsigned output) const
{
    switch_request best;
    for (unsigned v = 0; v < mesh.all_vcs(); v++) {
        if (inputs[input][v].port != output)
            continue;
        switch_request request = request_of(input, v);
        bool equal =
            request.speculative == best.speculative || mesh.planted == fault::speculation_is_equal;
        bool beats = equal ? rank(input, request) < rank(input, best) : best.speculative;
        if (request.wanted && (!best.wanted || beats))
            best = request;
    }
    return best;
}

std::vector<std::vector<router::switch_request>> router::switch_requests() const
{
    std::vector<std::vector<switch_request>> requests(mesh.ports());
    for (unsigned i = 0; i < mesh.ports(); i++)
        for (unsigned o = 0; o < mesh.ports(); o++)
            requests[i].push_back(request_between(i, o));
    return requests;
}

std::vector<pairing>
router::allocate_switch(const std::vector<std::vector<switch_request>> &requests)
{
    std::vector<pairing> wanted;
    for (unsigned i = 0; i < mesh.ports(); i++)
        for (unsigned o = 0; o < mesh.ports(); o++)
            if (requests[i][o].wanted)
                wanted.push_back({i, o, requests[i][o].birth});
    return switch_allocator.match(wanted);
}

/* A crossing that was won.  A speculative one is lost when the head got no VC
 * in the same cycle, or one without a credit; the pointers have moved all the
 * same. */
void router::win(pairing match, const switch_request &request, std::vector<flit> &leaving,
                 std::vector<credit> &returned)
{
    if (mesh.planted != fault::vc_pointer_stays)
        next_vc[match.input] = (request.vc + 1) % mesh.all_vcs();
    vc_served[match.input][request.vc] = now;
    input_vc &in = inputs[match.input][request.vc];
    if (in.at != stage::active || !outputs[in.port][in.vc].credits)
        return;

    flit f = in.buffer.front();
    in.buffer.pop_front();
    outputs[in.port][in.vc].credits--;
    returned[match.input] = {true, request.vc};
    f.vc = in.vc;
    leaving[match.output] = f;
    observer.crossed(number, match.output);
    if (!f.tail)
        return;
    outputs[in.port][in.vc].taken = false;
    in.at = stage::idle;
    if (!in.buffer.empty())
        begin_packet(in, match.input);
}

bool router::is_at_rest() const
{
    for (const auto &port : inputs)
        for (const input_vc &in : port)
            if (in.at != stage::idle || !in.buffer.empty())
                return false;
    for (const auto &port : outputs)
        for (const output_vc &out : port)
            if (out.taken || out.credits != mesh.buffer_flits)
                return false;
    return true;
}

} // namespace reference
