#include "mesh/systemc/router.hpp"

#include <algorithm>
#include <cassert>

namespace reference
{

/* Cycles that a copy asks in vain before an output VC is kept for it. */
enum : unsigned { PATIENCE = 64 };

router::router(sc_core::sc_module_name name, const shape &of, unsigned router_number,
               switch_observer &who)
    : sc_core::sc_module(name), flit_in("flit_in", of.ports()),
      credit_out("credit_out", of.ports()), flit_out("flit_out", of.ports()),
      credit_in("credit_in", of.ports()), mesh(of), number(router_number), to(of, router_number),
      observer(who), crossbar("crossbar", of.ports()),
      inputs(of.ports(), std::vector<input_vc>(of.all_vcs())),
      outputs(of.ports(), std::vector<output_vc>(of.all_vcs(), output_vc{of.buffer_flits})),
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

    std::vector<std::vector<switch_request>> requests = switch_requests();
    std::vector<pairing> crossings = allocate_switch(requests);
    keep_vcs();
    std::vector<pairing> vcs = allocate_vcs();

    count();
    finish_routes();
    hand_out_vcs(vcs);
    std::vector<flit> leaving(mesh.ports());
    std::vector<credit> returned(mesh.ports());
    std::vector<unsigned> winners(mesh.ports(), NOWHERE);
    note_winners(crossings, requests, winners);
    for (pairing match : crossings)
        win(match, winners[match.input], leaving, returned);
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
    const flit &head = in.buffer.front();
    assert(head.head);
    unsigned vnet = head.vc / mesh.vcs;
    in.at = mesh.router_cycles == 4 ? stage::routing : stage::directed;
    in.ways.clear();
    in.released = in.asked = 0;
    if (!head.set) {
        in.ways = to.towards(head.to, port, mesh.class_of(head.vc));
        in.copies.push_back({NOWHERE});
        return;
    }
    for (const routes::branch &b : to.branches(head.set))
        in.copies.push_back({b.port, b.set});
    in.vcs = mesh.vcs_of(vnet, 0);
    in.room = mesh.planted == fault::copies_want_no_room ? 0 : head.flits;
}

/* The VCs of a port that a head may have now. */
std::vector<unsigned> router::open_vcs(unsigned port, const input_vc &in) const
{
    std::vector<unsigned> open;
    for (unsigned v = in.vcs.first; v < in.vcs.end; v++) {
        const output_vc &out = outputs[port][v];
        bool his = !out.kept_for || out.kept_for == &in;
        if (!out.taken && his && (is_endless(port) || out.credits >= in.room))
            open.push_back(v);
    }
    return open;
}

/* A port to a sink whose buffers always have room. */
bool router::is_endless(unsigned port) const
{
    return port >= LOCAL && mesh.sinks_never_fill() && mesh.planted != fault::sinks_fill_up;
}

/* How good a port is for a head: 0 when it may have no VC, else more for each credit. */
unsigned router::worth(unsigned port, const input_vc &in) const
{
    unsigned credits = 0;
    for (unsigned v = in.vcs.first; v < in.vcs.end; v++)
        credits += outputs[port][v].credits;
    if (mesh.planted == fault::takes_first_way)
        credits = 0;
    return open_vcs(port, in).empty() ? 0 : 1 + credits;
}

unsigned router::best_way(const input_vc &in) const
{
    unsigned best = 0, best_way = NOWHERE;
    for (unsigned way : in.ways)
        if (worth(way, in) > best) {
            best = worth(way, in);
            best_way = way;
        }
    return best_way;
}

/* A head that may go several ways takes the best in each cycle anew; with adaptive
 * routing the escape, when none is open. */
void router::choose_way(input_vc &in, unsigned vc)
{
    const flit &head = in.buffer.front();
    unsigned vnet = vc / mesh.vcs, &way = in.copies.front().port;
    bool adaptive = mesh.ways == routing::adaptive;
    bool fits_anywhere = !adaptive || mesh.planted == fault::enters_without_room;
    in.vcs = mesh.vcs_of(vnet, adaptive ? 1 : mesh.class_of(vc));
    in.room = fits_anywhere ? 0 : std::min(head.flits, mesh.buffer_flits);
    way = best_way(in);
    if (!adaptive || (way != NOWHERE && mesh.planted != fault::escapes_first))
        return;
    input_vc escape;
    escape.vcs = mesh.vcs_of(vnet, 0);
    if (open_vcs(to.xy(head.to), escape).empty())
        return;
    in.vcs = escape.vcs;
    in.room = 0;
    way = to.xy(head.to);
}

void router::choose_ways()
{
    for (auto &port : inputs)
        for (unsigned v = 0; v < mesh.all_vcs(); v++) {
            input_vc &in = port[v];
            if (in.at == stage::directed && !in.ways.empty() && !in.copies.front().active)
                choose_way(in, v);
        }
}

/* ---- VCs that are kept --------------------------------------------------------- */

/* The copy for an output port that has asked longest for a VC of this virtual network; none
 * unless for so many cycles. */
const router::input_vc *router::most_patient(unsigned output, unsigned vnet) const
{
    bool hasty = mesh.planted == fault::patience_is_63;
    const input_vc *best = nullptr;
    for (const auto &port : inputs)
        for (unsigned v = vnet * mesh.vcs; v < (vnet + 1) * mesh.vcs; v++) {
            const copy *c = copy_towards(port[v], output);
            if (!c || c->active || !c->set || port[v].asked + hasty < PATIENCE)
                continue;
            bool longer = !best || port[v].asked > best->asked;
            bool tie = best && port[v].asked == best->asked;
            if (longer || (tie && mesh.planted == fault::keeps_for_the_last))
                best = &port[v];
        }
    return best;
}

/* The free VC of a group that will have drained first, nullptr if there is none to be kept. */
router::output_vc *router::vc_to_keep(unsigned output, vc_range group)
{
    output_vc *best = nullptr;
    bool all_equal = is_endless(output) || mesh.planted == fault::keeps_the_lowest;
    for (unsigned v = group.first; v < group.end; v++) {
        output_vc &out = outputs[output][v];
        if (out.kept_for && mesh.planted != fault::keeps_several)
            return nullptr;
        if (!out.taken && !out.kept_for && (!best || (!all_equal && out.credits > best->credits)))
            best = &out;
    }
    return best;
}

/* Before free VCs are granted, each output keeps one of each group for the copy that has
 * waited long enough, and longest. */
void router::keep_vcs()
{
    if (mesh.planted == fault::nothing_is_kept)
        return;
    for (unsigned output = 0; output < mesh.ports(); output++)
        for (unsigned vnet = 0; vnet < mesh.vnets; vnet++) {
            const input_vc *in = most_patient(output, vnet);
            output_vc *out = vc_to_keep(output, mesh.vcs_of(vnet, 0));
            if (!in || !out)
                continue;
            out->kept_for = in;
            observer.kept();
        }
}

/* What is kept for a copy that has a VC now is for all again. */
void router::keep_no_longer(unsigned output, const input_vc &in)
{
    for (output_vc &out : outputs[output])
        if (out.kept_for == &in)
            out.kept_for = nullptr;
}

void router::count()
{
    for (auto &port : inputs)
        for (input_vc &in : port) {
            in.asked += in.at == stage::directed;
            bool less = mesh.planted == fault::counts_no_front && !in.buffer.empty();
            in.counts.buffered += in.buffer.size() - less;
        }
}

/* ---- VC allocation ----------------------------------------------------------- */

/* A head, or a copy that has none yet, asks for every VC of its port that it may have. */
std::vector<pairing> router::vc_requests(unsigned output) const
{
    std::vector<pairing> requests;
    for (unsigned p = 0; p < mesh.ports(); p++)
        for (unsigned v = 0; v < mesh.all_vcs(); v++) {
            const input_vc &in = inputs[p][v];
            const copy *c = copy_towards(in, output);
            if (!c || c->active)
                continue;
            for (unsigned o : open_vcs(output, in)) {
                bool refused =
                    mesh.planted == fault::allocation_wants_credit && !outputs[output][o].credits;
                if (!refused)
                    requests.push_back(
                        {index_of(p, v), index_of(output, o), in.buffer.front().birth, 0});
            }
        }
    return requests;
}

/* Output ports are independent of each other, for the copies of a multicast too: one input
 * VC may be given a VC of each. */
std::vector<pairing> router::allocate_vcs()
{
    std::vector<pairing> matches;
    auto branches = [&](pairing p) {
        return input_at(p.input).copies.size() > 1 && mesh.planted != fault::copies_move_pointer;
    };
    auto alone = [](pairing, pairing) { return false; };
    for (unsigned output = 0; output < mesh.ports(); output++) {
        std::vector<pairing> requests = vc_requests(output);
        for (pairing p : mesh.first == arbiter::round_robin
                             ? vc_allocator.match(requests, branches, alone)
                             : in_order(requests))
            matches.push_back(p);
    }
    return matches;
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
        unsigned port = match.output / mesh.all_vcs();
        copy &c = *copy_towards(input_at(match.input), port);
        c.active = true;
        c.vc = match.output % mesh.all_vcs();
        outputs[port][c.vc].taken = true;
        keep_no_longer(port, input_at(match.input));
    }
}

void router::finish_routes()
{
    for (auto &port : inputs)
        for (input_vc &in : port)
            if (in.at == stage::routing)
                in.at = stage::directed;
}

/* ---- switch allocation ------------------------------------------------------- */

bool router::may_speculate(unsigned port, const input_vc &in) const
{
    if (mesh.planted == fault::speculates_blindly)
        return true;
    for (unsigned o : open_vcs(port, in))
        if (outputs[port][o].credits)
            return true;
    return false;
}

/* What an input VC wants of the switch to an output in this cycle. */
router::switch_request router::request_of(unsigned port, unsigned vc, unsigned output) const
{
    const input_vc &in = inputs[port][vc];
    const copy *c = copy_towards(in, output);
    switch_request request;
    if (!c)
        return request;
    request.vc = vc;
    request.level = mesh.planted == fault::switch_has_no_levels ? 0 : mesh.level(vc / mesh.vcs);
    request.sent = c->sent;
    request.speculative = !c->active;
    request.birth = in.buffer.empty() ? 0 : in.buffer.front().birth;
    request.wanted =
        c->active ? in.buffer.size() > c->sent - in.released && outputs[output][c->vc].credits
                  : speculates() && may_speculate(output, in);
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
 * a speculative one, then the highest priority, then the first by rank. */
router::switch_request router::request_between(unsigned input, unsigned output) const
{
    switch_request best;
    auto order = [&](const switch_request &r) {
        bool later = r.speculative && mesh.planted != fault::speculation_is_equal;
        return std::tuple(later, r.level, rank(input, r));
    };
    for (unsigned v = 0; v < mesh.all_vcs(); v++) {
        switch_request request = request_of(input, v, output);
        if (request.wanted && (!best.wanted || order(request) < order(best)))
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

/* A VC that crosses to one output sends the same flit of a multicast to another that has
 * granted its input, where it asks too: for a committed VC a speculative one stands back. */
bool router::goes_along(const switch_request &with, const switch_request &best,
                        pairing granted) const
{
    switch_request own = request_of(granted.input, with.vc, granted.output);
    return own.wanted && own.sent == with.sent && (!own.speculative || best.speculative) &&
           mesh.planted != fault::copies_go_alone;
}

std::vector<pairing>
router::allocate_switch(const std::vector<std::vector<switch_request>> &requests)
{
    std::vector<pairing> wanted;
    for (unsigned i = 0; i < mesh.ports(); i++)
        for (unsigned o = 0; o < mesh.ports(); o++)
            if (requests[i][o].wanted)
                wanted.push_back({i, o, requests[i][o].birth, requests[i][o].level});
    return switch_allocator.match(
        wanted, [](pairing) { return false; },
        [&](pairing match, pairing granted) {
            return goes_along(requests[match.input][match.output],
                              requests[granted.input][granted.output], granted);
        });
}

/* The VC of each input that crosses: that of the first match, which the others go along with. */
void router::note_winners(const std::vector<pairing> &matches,
                          const std::vector<std::vector<switch_request>> &requests,
                          std::vector<unsigned> &vcs)
{
    for (pairing match : matches) {
        unsigned &vc = vcs[match.input];
        if (vc != NOWHERE)
            continue;
        vc = requests[match.input][match.output].vc;
        vc_served[match.input][vc] = now;
        if (mesh.planted != fault::vc_pointer_stays)
            next_vc[match.input] = (vc + 1) % mesh.all_vcs();
    }
}

/* A crossing that was won.  A speculative one is lost when the head got no VC
 * in the same cycle, or one without a credit; the pointers have moved all the
 * same. */
void router::win(pairing match, unsigned vc, std::vector<flit> &leaving,
                 std::vector<credit> &returned)
{
    input_vc &in = inputs[match.input][vc];
    copy &c = *copy_towards(in, match.output);
    if (!c.active || !outputs[c.port][c.vc].credits)
        return;
    flit f = in.buffer[c.sent - in.released];
    c.sent++;
    outputs[c.port][c.vc].credits--;
    f.vc = c.vc;
    f.set = c.set;
    leaving[match.output] = f;
    observer.crossed(number, match.output);
    in.counts.sent++;
    if (f.tail) {
        outputs[c.port][c.vc].taken = false;
        c.port = NOWHERE;
    }
    release(match.input, vc, returned);
}

/* The flit in front leaves its buffer when all copies have sent it. */
void router::release(unsigned port, unsigned vc, std::vector<credit> &returned)
{
    input_vc &in = inputs[port][vc];
    for (const copy &c : in.copies)
        if (c.sent == in.released)
            return;
    bool tail = in.buffer.front().tail;
    in.buffer.pop_front();
    in.released++;
    returned[port] = {true, vc};
    if (!tail)
        return;
    in.at = stage::idle;
    in.copies.clear();
    if (!in.buffer.empty())
        begin_packet(in, port);
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
