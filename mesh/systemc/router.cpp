#include "mesh/systemc/router.hpp"

#include <cassert>

namespace reference
{

router::router(sc_core::sc_module_name name, const shape &of, unsigned router_number,
               switch_observer &who)
    : sc_core::sc_module(name), flit_in("flit_in", of.ports()),
      credit_out("credit_out", of.ports()), flit_out("flit_out", of.ports()),
      credit_in("credit_in", of.ports()), mesh(of), number(router_number), observer(who),
      crossbar("crossbar", of.ports()), inputs(of.ports(), std::vector<input_vc>(of.all_vcs())),
      outputs(of.ports(), std::vector<output_vc>(of.all_vcs(), output_vc{of.buffer_flits, false})),
      next_vc(of.ports(), 0), vc_allocator(of.ports() * of.all_vcs(), of.ports() * of.all_vcs(),
                                           of.planted == fault::vc_grant_moves),
      switch_allocator(of.ports(), of.ports(), of.planted == fault::switch_grant_moves)
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
            begin_packet(in);
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
void router::begin_packet(input_vc &in) const
{
    assert(in.buffer.front().head);
    in.at = mesh.router_cycles == 4 ? stage::routing : stage::waiting;
    in.port = route(in.buffer.front().to);
}

unsigned router::route(unsigned to) const
{
    unsigned target = to / mesh.concentration;
    unsigned x = number % mesh.width, y = number / mesh.width;
    unsigned target_x = target % mesh.width, target_y = target / mesh.width;
    if (x != target_x)
        return x < target_x ? EAST : WEST;
    if (y != target_y)
        return y < target_y ? SOUTH : NORTH;
    return LOCAL + to % mesh.concentration;
}

/* ---- VC allocation ----------------------------------------------------------- */

/* A waiting head asks for every free VC of its virtual network at its port. */
std::vector<pairing> router::allocate_vcs()
{
    std::vector<pairing> requests;
    for (unsigned p = 0; p < mesh.ports(); p++)
        for (unsigned v = 0; v < mesh.all_vcs(); v++) {
            const input_vc &in = inputs[p][v];
            if (in.at != stage::waiting)
                continue;
            unsigned first = v / mesh.vcs * mesh.vcs;
            for (unsigned o = first; o < first + mesh.vcs; o++) {
                const output_vc &out = outputs[in.port][o];
                bool refused = mesh.planted == fault::allocation_wants_credit && !out.credits;
                if (!out.taken && !refused)
                    requests.push_back({index_of(p, v), index_of(in.port, o)});
            }
        }
    return vc_allocator.match(requests);
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
    if (in.at == stage::active)
        request.wanted = !in.buffer.empty() && outputs[in.port][in.vc].credits;
    else if (in.at == stage::waiting)
        request.wanted = mesh.router_cycles <= 2 && may_speculate(in.port, vc / mesh.vcs);
    return request;
}

/* Of the VCs of an input port that want the same output: a committed one before
 * a speculative one, then the first from the port's pointer on. */
router::switch_request router::request_between(unsigned input, unsigned output) const
{
    switch_request best;
    for (unsigned k = 0; k < mesh.all_vcs(); k++) {
        unsigned v = (next_vc[input] + k) % mesh.all_vcs();
        if (inputs[input][v].port != output)
            continue;
        switch_request request = request_of(input, v);
        bool beats =
            best.speculative && !request.speculative && mesh.planted != fault::speculation_is_equal;
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
                wanted.push_back({i, o});
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
        begin_packet(in);
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
