/*
 * A channel's wires over a distance: registers, one for each cycle of flight,
 * for flits in one direction and for credits in the other.
 */
#ifndef TESSERA_SYSTEMC_LINK_HPP
#define TESSERA_SYSTEMC_LINK_HPP

#include <deque>

#include "mesh/systemc/wires.hpp"

namespace reference
{

/* A chain of `cycles` registers; the last one drives the output wire. */
template <typename value> class delay_line : public sc_core::sc_module
{
  public:
    sc_core::sc_in<bool> clock{"clock"};
    sc_core::sc_in<value> in{"in"};
    sc_core::sc_out<value> out{"out"};

    using SC_CURRENT_USER_MODULE = delay_line; /* for SC_METHOD */
    delay_line(sc_core::sc_module_name name, unsigned cycles)
        : sc_core::sc_module(name), inner(cycles - 1)
    {
        SC_METHOD(shift);
        sensitive << clock.pos();
        dont_initialize();
    }

  private:
    std::deque<value> inner; /* the registers before the last, the oldest in front */

    void shift()
    {
        inner.push_back(in.read());
        out.write(inner.front());
        inner.pop_front();
    }
};

SC_MODULE(link)
{
    sc_core::sc_in<bool> clock{"clock"};
    delay_line<flit> flits;
    delay_line<credit> credits;

    link(sc_core::sc_module_name name, unsigned cycles)
        : sc_core::sc_module(name), flits("flits", cycles), credits("credits", cycles)
    {
        flits.clock(clock);
        credits.clock(clock);
    }
};

} // namespace reference

#endif
