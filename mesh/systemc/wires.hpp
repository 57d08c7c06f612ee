/*
 * What a wire of the reference mesh carries in one cycle: a flit or nothing in
 * one direction of a channel, a credit or nothing in the other.  A wire is an
 * sc_signal: written at one clock edge, it is read at the next.
 */
#ifndef TESSERA_SYSTEMC_WIRES_HPP
#define TESSERA_SYSTEMC_WIRES_HPP

#include <cstdint>
#include <string>
#include <systemc>

namespace reference
{

struct flit {
    bool valid = false, head = false, tail = false;
    unsigned vc = 0;  /* of the channel it is on */
    unsigned to = 0;  /* node */
    uint64_t set = 0; /* of a multicast instead: the nodes to which it is to go from here */
    unsigned packet = 0, flits = 0;
    uint64_t birth = 0; /* of the packet */

    bool operator==(const flit &o) const
    {
        return valid == o.valid && head == o.head && tail == o.tail && vc == o.vc && to == o.to &&
               set == o.set && packet == o.packet && flits == o.flits && birth == o.birth;
    }
};

struct credit {
    bool valid = false;
    unsigned vc = 0;

    bool operator==(const credit &o) const { return valid == o.valid && vc == o.vc; }
};

inline std::ostream &operator<<(std::ostream &out, const flit &f)
{
    return f.valid ? out << "packet " << f.packet << " to " << f.to << " on VC " << f.vc
                   : out << "-";
}

inline std::ostream &operator<<(std::ostream &out, const credit &c)
{
    return c.valid ? out << "credit of VC " << c.vc : out << "-";
}

/* What a wave viewer is shown of a wire. */
inline void sc_trace(sc_core::sc_trace_file *file, const flit &f, const std::string &name)
{
    sc_core::sc_trace(file, f.valid, name + ".valid");
    sc_core::sc_trace(file, f.head, name + ".head");
    sc_core::sc_trace(file, f.tail, name + ".tail");
    sc_core::sc_trace(file, f.vc, name + ".vc");
    sc_core::sc_trace(file, f.to, name + ".to");
    sc_core::sc_trace(file, f.set, name + ".set");
    sc_core::sc_trace(file, f.packet, name + ".packet");
}

inline void sc_trace(sc_core::sc_trace_file *file, const credit &c, const std::string &name)
{
    sc_core::sc_trace(file, c.valid, name + ".valid");
    sc_core::sc_trace(file, c.vc, name + ".vc");
}

} // namespace reference

#endif
