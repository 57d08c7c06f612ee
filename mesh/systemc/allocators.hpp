/*
 * Who gets what, when several want the same: a matching of inputs and outputs,
 * each of which finds one partner at most.
 *
 * All of them work in two halves: every output grants one of its requesters, every
 * input accepts one of the outputs that granted.  They differ in whom they
 * prefer:
 *
 *   round-robin  the first from a pointer on, which moves one past the partner, and
 *                only when the grant is accepted: one iteration of iSLIP (McKeown,
 *                "The iSLIP scheduling algorithm for input-queued switches", 1999)
 *   matrix       the partner with whom the last match is longest ago
 *   age          the request with the oldest packet
 *
 * and for the last two, at a tie, the lowest number.  A level of priority stands above all.
 */
#ifndef TESSERA_SYSTEMC_ALLOCATORS_HPP
#define TESSERA_SYSTEMC_ALLOCATORS_HPP

#include <tuple>
#include <utility>
#include <vector>

#include "mesh/systemc/shape.hpp"

namespace reference
{

struct pairing {
    unsigned input, output;
    uint64_t birth; /* of the oldest packet that asks for it */
    unsigned level; /* of priority: what is less goes first, whatever the arbiter */
};

class allocator
{
  public:
    allocator(arbiter kind, unsigned inputs, unsigned outputs, bool grant_moves_unaccepted)
        : first(kind), accept_from(inputs, 0), grant_from(outputs, 0),
          served(inputs, std::vector<uint64_t>(outputs, 0)), careless(grant_moves_unaccepted)
    {
    }

    std::vector<pairing> match(const std::vector<pairing> &requests)
    {
        return match(
            requests, [](pairing) { return false; }, [](pairing, pairing) { return false; });
    }

    /* Inputs of pairs that are `light` keep their pointer.  And an input takes, `along` with
     * the output that it has accepted, others that granted it: they follow it in the result. */
    template <typename light_fn, typename along_fn>
    std::vector<pairing> match(const std::vector<pairing> &requests, light_fn light, along_fn along)
    {
        std::vector<pairing> grants = choose(requests, grant_from, inputs(), by_output);
        std::vector<pairing> matches;
        std::vector<pairing> accepted = choose(grants, accept_from, outputs(), by_input);
        now++;
        for (pairing p : accepted) {
            if (!light(p))
                accept_from[p.input] = (p.output + 1) % outputs();
            matches.push_back(p);
            for (pairing g : grants)
                if (g.input == p.input && g.output != p.output && along(p, g))
                    matches.push_back(g);
        }
        for (pairing p : matches)
            served[p.input][p.output] = now;
        for (pairing p : careless ? grants : matches)
            grant_from[p.output] = (p.input + 1) % inputs();
        return matches;
    }

  private:
    arbiter first;
    std::vector<unsigned> accept_from, grant_from;
    std::vector<std::vector<uint64_t>> served; /* [input][output]: when, or 0 */
    bool careless;
    uint64_t now = 0;

    unsigned inputs() const { return static_cast<unsigned>(accept_from.size()); }
    unsigned outputs() const { return static_cast<unsigned>(grant_from.size()); }

    /* Both ways to look at a pair: (who chooses, whom). */
    static std::pair<unsigned, unsigned> by_output(pairing p) { return {p.output, p.input}; }
    static std::pair<unsigned, unsigned> by_input(pairing p) { return {p.input, p.output}; }

    /* What is less is preferred. */
    std::tuple<unsigned, uint64_t, unsigned> rank(pairing p, unsigned whom, unsigned pointer,
                                                  unsigned partners) const
    {
        switch (first) {
        case arbiter::matrix:
            return {p.level, served[p.input][p.output], whom};
        case arbiter::age:
            return {p.level, p.birth, whom};
        default:
            return {p.level, 0, (whom + partners - pointer) % partners};
        }
    }

    /* For each that chooses, the pair it prefers; in the order of those who choose. */
    template <typename view>
    std::vector<pairing> choose(const std::vector<pairing> &pairs,
                                const std::vector<unsigned> &pointer, unsigned partners,
                                view seen_by) const
    {
        std::vector<const pairing *> best(pointer.size(), nullptr);
        for (const pairing &p : pairs) {
            auto [who, whom] = seen_by(p);
            if (!best[who] ||
                rank(p, whom, pointer[who], partners) <
                    rank(*best[who], seen_by(*best[who]).second, pointer[who], partners))
                best[who] = &p;
        }
        std::vector<pairing> chosen;
        for (const pairing *p : best)
            if (p)
                chosen.push_back(*p);
        return chosen;
    }
};

} // namespace reference

#endif
