/*
 * One iteration of iSLIP (McKeown, "The iSLIP scheduling algorithm for
 * input-queued switches", 1999): every output grants the first of its
 * requesters from its pointer on, every input accepts the first of the outputs
 * that granted to it from its own pointer on.  Pointers move one past the
 * partner, and only when a grant is accepted.
 */
#ifndef TESSERA_SYSTEMC_ISLIP_HPP
#define TESSERA_SYSTEMC_ISLIP_HPP

#include <utility>
#include <vector>

namespace reference
{

struct pairing {
    unsigned input, output;
};

class islip
{
  public:
    islip(unsigned inputs, unsigned outputs, bool grant_moves_unaccepted)
        : accept_from(inputs, 0), grant_from(outputs, 0), careless(grant_moves_unaccepted)
    {
    }

    std::vector<pairing> match(const std::vector<pairing> &requests)
    {
        std::vector<unsigned> granted = choose(requests, grant_from, inputs(), to_output);
        std::vector<pairing> grants;
        for (unsigned o = 0; o < outputs(); o++)
            if (granted[o] != inputs())
                grants.push_back({granted[o], o});
        std::vector<unsigned> accepted = choose(grants, accept_from, outputs(), to_input);
        std::vector<pairing> matches;
        for (unsigned i = 0; i < inputs(); i++)
            if (accepted[i] != outputs())
                matches.push_back({i, accepted[i]});
        move_pointers(careless ? grants : matches, matches);
        return matches;
    }

  private:
    std::vector<unsigned> accept_from, grant_from;
    bool careless;

    unsigned inputs() const { return static_cast<unsigned>(accept_from.size()); }
    unsigned outputs() const { return static_cast<unsigned>(grant_from.size()); }

    /* Both ways to look at a pair: (who chooses, whom). */
    static std::pair<unsigned, unsigned> to_output(pairing p) { return {p.output, p.input}; }
    static std::pair<unsigned, unsigned> to_input(pairing p) { return {p.input, p.output}; }

    /* For each chooser, the first of its partners from its pointer on, or
     * `partners` if it has none. */
    template <typename view>
    static std::vector<unsigned> choose(const std::vector<pairing> &pairs,
                                        const std::vector<unsigned> &pointer, unsigned partners,
                                        view seen_by)
    {
        std::vector<unsigned> chosen(pointer.size(), partners);
        for (pairing p : pairs) {
            auto [who, whom] = seen_by(p);
            auto distance = [&, first = pointer[who]](unsigned partner) {
                return (partner + partners - first) % partners;
            };
            if (chosen[who] == partners || distance(whom) < distance(chosen[who]))
                chosen[who] = whom;
        }
        return chosen;
    }

    void move_pointers(const std::vector<pairing> &of_outputs,
                       const std::vector<pairing> &of_inputs)
    {
        for (pairing p : of_outputs)
            grant_from[p.output] = (p.input + 1) % inputs();
        for (pairing p : of_inputs)
            accept_from[p.input] = (p.output + 1) % outputs();
    }
};

} // namespace reference

#endif
