#include "mesh/systemc/endpoints.hpp"

#include <cassert>

namespace reference
{

source::source(sc_core::sc_module_name name, const shape &of)
    : sc_core::sc_module(name), mesh(of), queues(of.vnets), credits(of.all_vcs(), of.buffer_flits)
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
        queues[unborn.front().vnet].waiting.push_back(unborn.front());
    if (credit_in.read().valid)
        credits[credit_in.read().vc]++;
    flit f;
    for (unsigned k = 0; k < mesh.vnets && !f.valid; k++) {
        unsigned vnet = (next_vnet + k) % mesh.vnets, vc;
        if (find_vc(vnet, vc))
            f = send(vnet, vc);
    }
    flit_out.write(f);
    now++;
}

/* The VC on which a virtual network can send a flit now. */
bool source::find_vc(unsigned vnet, unsigned &vc) const
{
    const queue &q = queues[vnet];
    if (q.waiting.empty())
        return false;
    vc = q.vc;
    if (q.sent)
        return credits[vc] > 0;
    unsigned first = vnet * mesh.vcs;
    unsigned last = mesh.planted == fault::source_first_fit ? mesh.vcs - 1 : q.vc - first;
    for (unsigned k = 1; k <= mesh.vcs; k++) {
        vc = first + (last + k) % mesh.vcs;
        if (credits[vc])
            return true;
    }
    return false;
}

flit source::send(unsigned vnet, unsigned vc)
{
    queue &q = queues[vnet];
    const packet &p = q.waiting.front();
    flit f;
    f.valid = true;
    f.head = q.sent == 0;
    f.tail = q.sent + 1 == p.flits;
    f.vc = vc;
    f.to = p.to;
    f.packet = p.id;
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
        assert(f.to == node);
        observer.ejected(node, f);
    }
    credit_out.write({f.valid, f.vc});
}

} // namespace reference
