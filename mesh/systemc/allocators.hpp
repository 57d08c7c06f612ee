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
 * and for the last two, at a tie, the lowest number.
 */
#ifndef TESSERA_SYSTEMC_ALLOCATORS_HPP
#define TESSERA_SYSTEMC_ALLOCATORS_HPP

#include <utility>
#include <vector>

#include "mesh/systemc/shape.hpp"

namespace reference
{

struct pairing {
    unsigned input, output;
    uint64_t birth; /* of the oldest packet that asks for it */
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
        std::vector<pairing> grants = choose(requests, grant_from, inputs(), by_output);
        std::vector<pairing> matches = choose(grants, accept_from, outputs(), by_input);
        now++;
        for (pairing p : careless ? grants : matches)
            grant_from[p.output] = (p.input + 1) % inputs();
        for (pairing p : matches) {
            accept_from[p.input] = (p.output + 1) % outputs();
            served[p.input][p.output] = now;
        }
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
    std::pair<uint64_t, unsigned> rank(pairing p, unsigned whom, unsigned pointer,
                                       unsigned partners) const
    {
        switch (first) {
        case arbiter::matrix:
            return {served[p.input][p.output], whom};
        case arbiter::age:
            return {p.birth, whom};
        default:
            return {0, (whom + partners - pointer) % partners};
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
