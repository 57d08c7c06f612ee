#include "mesh/systemc/network.hpp"

namespace reference
{

network::network(sc_core::sc_module_name module_name, const shape &of)
    : sc_core::sc_module(module_name), mesh(of)
{
    for (unsigned r = 0; r < mesh.routers(); r++) {
        routers.push_back(std::make_unique<router>(sc_core::sc_gen_unique_name("router"), mesh, r,
                                                   static_cast<switch_observer &>(*this)));
        routers[r]->clock(clock);
    }
    for (unsigned n = 0; n < mesh.nodes(); n++) {
        sources.push_back(std::make_unique<source>(sc_core::sc_gen_unique_name("source"), mesh, n));
        sinks.push_back(std::make_unique<sink>(sc_core::sc_gen_unique_name("sink"), n,
                                               static_cast<sink_observer &>(*this)));
        sources[n]->clock(clock);
        sinks[n]->clock(clock);
    }
    for (unsigned r = 0; r < mesh.routers(); r++) {
        connect_nodes(r);
        connect_neighbours(r);
    }
}

/* ---- wiring --------------------------------------------------------------- */

network::channel &network::add_dangling_channel()
{
    channels.push_back(std::make_unique<channel>());
    return *channels.back();
}

network::channel &network::add_channel(unsigned cycles)
{
    channel &c = add_dangling_channel();
    links.push_back(std::make_unique<link>(sc_core::sc_gen_unique_name("link"), cycles));
    links.back()->clock(clock);
    links.back()->flits.in(c.near_flit);
    links.back()->flits.out(c.far_flit);
    links.back()->credits.in(c.far_credit);
    links.back()->credits.out(c.near_credit);
    return c;
}

/* The channel's flits come out of this port. */
void network::leave(unsigned r, unsigned port, channel &c)
{
    routers[r]->flit_out[port](c.near_flit);
    routers[r]->credit_in[port](c.near_credit);
}

/* The channel's flits go into this port. */
void network::enter(unsigned r, unsigned port, channel &c)
{
    routers[r]->flit_in[port](c.far_flit);
    routers[r]->credit_out[port](c.far_credit);
}

void network::connect_nodes(unsigned r)
{
    for (unsigned port = LOCAL; port < mesh.ports(); port++) {
        unsigned node = r * mesh.concentration + port - LOCAL;
        channel &injection = add_channel(mesh.link_cycles(port));
        sources[node]->flit_out(injection.near_flit);
        sources[node]->credit_in(injection.near_credit);
        enter(r, port, injection);
        channel &ejection = add_channel(mesh.link_cycles(port));
        leave(r, port, ejection);
        sinks[node]->flit_in(ejection.far_flit);
        sinks[node]->credit_out(ejection.far_credit);
    }
}

/* The channels that leave router r; where the mesh ends, no wire ever moves. */
void network::connect_neighbours(unsigned r)
{
    for (unsigned port = 0; port < LOCAL; port++) {
        unsigned there = mesh.neighbour(r, port);
        if (there < mesh.routers()) {
            channel &c = add_channel(mesh.link_cycles(port));
            leave(r, port, c);
            enter(there, shape::facing(port), c);
        } else {
            leave(r, port, add_dangling_channel());
            enter(r, port, add_dangling_channel());
        }
    }
}

/* ---- time and record --------------------------------------------------------- */

void network::run(unsigned cycles)
{
    sc_core::sc_start(period * cycles);
    done += cycles;
}

uint64_t network::cycle_now() const
{
    return sc_core::sc_time_stamp().value() / period.value();
}

void network::crossed(unsigned router, unsigned port)
{
    crossings.push_back({cycle_now(), router, port});
}

void network::ejected(unsigned node, const flit &f)
{
    ejections.push_back({cycle_now(), node, f.packet, f.tail});
}

bool network::is_at_rest() const
{
    for (const auto &r : routers)
        if (!r->is_at_rest())
            return false;
    for (const auto &s : sources)
        if (!s->is_at_rest())
            return false;
    return true;
}

} // namespace reference
