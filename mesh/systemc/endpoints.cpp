#include "mesh/systemc/endpoints.hpp"

#include <cassert>

extern "C" {
#include "sim/base/hash.h"
}

namespace reference
{

enum : unsigned { NO_LEVEL = ~0u };

source::source(sc_core::sc_module_name name, const shape &of, unsigned node_number)
    : sc_core::sc_module(name), mesh(of), node(node_number), queues(of.vnets),
      credits(of.all_vcs(), of.buffer_flits)
{
    for (unsigned n = 0; n < mesh.vnets; n++) /* the first packet takes the first VC */
        queues[n].vc = (n + 1) * mesh.vcs - 1;
    SC_METHOD(clock_edge);
    sensitive << clock.pos();
    dont_initialize();
}

void source::clock_edge()
{
    for (; !unborn.empty() && unborn.front().birth <= now; unborn.pop_front())
        enqueue(unborn.front());
    if (credit_in.read().valid)
        credits[credit_in.read().vc]++;
    unsigned best = 0, best_vc = 0, best_level = NO_LEVEL;
    for (unsigned k = 0; k < mesh.vnets; k++) {
        unsigned vnet = (next_vnet + k) % mesh.vnets, vc;
        unsigned level = mesh.planted == fault::sources_have_no_levels ? 0 : mesh.level(vnet);
        if (level < best_level && find_vc(vnet, vc)) {
            best = vnet;
            best_vc = vc;
            best_level = level;
        }
    }
    flit_out.write(best_level == NO_LEVEL ? flit() : send(best, best_vc));
    now++;
}

/* ---- packets ---------------------------------------------------------------- */

/* The lots of o1turn: a hash of the node and of how many it has drawn. */
unsigned source::draw_class()
{
    uint64_t number = drawn++;
    if (mesh.ways != routing::o1turn)
        return 0;
    if (mesh.planted == fault::sources_alternate)
        return number % 2;
    return hash_u64(hash_u64(HASH_SEED, node), number) >> 32 & 1;
}

void source::enqueue(const packet &p)
{
    auto &waiting = queues[p.vnet].waiting;
    if (!p.set) {
        waiting.push_back({p, draw_class()});
    } else if (mesh.copied_by_routers(p.flits)) {
        if (mesh.planted != fault::multicasts_draw_no_lot)
            draw_class(); /* the tree is xy's whatever it says */
        waiting.push_back({p, 0});
    } else {
        for (unsigned n = 0; n < mesh.nodes(); n++)
            if (p.is_for(n)) {
                packet own = p;
                own.set = 0;
                own.to = n;
                waiting.push_back({own, draw_class()});
            }
    }
}

/* ---- VCs ---------------------------------------------------------------------- */

/* Those that a packet may be injected into. */
vc_range source::vcs_for(const drawn_packet &p) const
{
    bool one_class = p.set || mesh.ways == routing::o1turn;
    return one_class ? mesh.vcs_of(p.vnet, p.vc_class) : mesh.vcs_of(p.vnet);
}

/* The VC on which a virtual network can send a flit now. */
bool source::find_vc(unsigned vnet, unsigned &vc) const
{
    const queue &q = queues[vnet];
    if (q.waiting.empty())
        return false;
    vc = q.vc;
    return q.sent ? credits[vc] > 0 : find_first_vc(q, vc);
}

/* For a head: the first after the one used last. */
bool source::find_first_vc(const queue &q, unsigned &vc) const
{
    const drawn_packet &p = q.waiting.front();
    vc_range usable = vcs_for(p);
    unsigned room = p.set && mesh.planted != fault::copies_want_no_room ? p.flits : 1;
    unsigned first = p.vnet * mesh.vcs;
    unsigned last = mesh.planted == fault::source_first_fit ? mesh.vcs - 1 : q.vc - first;
    for (unsigned k = 1; k <= mesh.vcs; k++) {
        vc = first + (last + k) % mesh.vcs;
        if (vc >= usable.first && vc < usable.end && credits[vc] >= room)
            return true;
    }
    return false;
}

flit source::send(unsigned vnet, unsigned vc)
{
    queue &q = queues[vnet];
    const drawn_packet &p = q.waiting.front();
    flit f;
    f.valid = true;
    f.head = q.sent == 0;
    f.tail = q.sent + 1 == p.flits;
    f.vc = vc;
    f.to = p.to;
    f.set = p.set;
    f.packet = p.id;
    f.flits = p.flits;
    f.birth = p.birth;
    q.vc = vc;
    q.sent++;
    if (f.tail) {
        q.waiting.pop_front();
        q.sent = 0;
    }
    credits[vc]--;
    if (mesh.planted != fault::source_prefers_vnet_0)
        next_vnet = (vnet + 1) % mesh.vnets;
    return f;
}

bool source::is_at_rest() const
{
    for (const queue &q : queues)
        if (!q.waiting.empty())
            return false;
    for (unsigned c : credits)
        if (c != mesh.buffer_flits)
            return false;
    return unborn.empty();
}

sink::sink(sc_core::sc_module_name name, unsigned node_number, sink_observer &who)
    : sc_core::sc_module(name), node(node_number), observer(who)
{
    SC_METHOD(clock_edge);
    sensitive << clock.pos();
    dont_initialize();
}

void sink::clock_edge()
{
    const flit &f = flit_in.read();
    if (f.valid) {
        assert(f.set ? f.set == uint64_t(1) << node : f.to == node);
        observer.ejected(node, f);
    }
    credit_out.write({f.valid, f.vc});
}

} // namespace reference
