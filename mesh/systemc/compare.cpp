#include "mesh/systemc/compare.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <sys/wait.h>
#include <unistd.h>

#include "mesh/systemc/network.hpp"

extern "C" {
#include "mesh/mesh.h"
}

/* The library asks for it; here a design is built and run without it. */
int sc_main(int, char **)
{
    return 0;
}

namespace reference
{
namespace
{

enum : uint64_t { CYCLES_MAX = 1000000, NEVER = UINT64_MAX };

/* What happened in a mesh, in a form that is the same for both. */
struct record {
    std::map<std::pair<unsigned, unsigned>, uint64_t> ejected; /* last flit, by (packet, node) */
    /* Flits that crossed a router, by (cycle, router, port). */
    std::map<std::tuple<uint64_t, unsigned, unsigned>, unsigned> crossed;
    uint64_t rest = NEVER;                 /* the first cycle that begins with nothing on its way */
    uint64_t kept = 0;                     /* output VCs, for multicasts */
    std::vector<router::vc_counts> counts; /* of every input VC, if the mesh counts */
};

/* ---- the simulator's mesh ------------------------------------------------------- */

void choose(config &cfg, const std::string &assignment)
{
    error e;
    if (!config_set(&cfg, assignment.c_str(), "compare", &e)) {
        fprintf(stderr, "%s\n", e.text);
        abort();
    }
}

config config_of(const shape &shape)
{
    config cfg;
    config_defaults(&cfg);
    cfg.mesh_width = shape.width;
    cfg.mesh_height = shape.height;
    cfg.mesh_concentration = shape.concentration;
    cfg.mesh_router_cycles = shape.router_cycles;
    cfg.mesh_link_cycles_x = shape.link_cycles_x;
    cfg.mesh_link_cycles_y = shape.link_cycles_y;
    cfg.mesh_vcs = shape.vcs;
    cfg.mesh_buffer_flits = shape.buffer_flits;
    cfg.mesh_counters = shape.counts;
    choose(cfg, std::string("mesh.routing=") + routing_names[static_cast<int>(shape.ways)]);
    choose(cfg, std::string("mesh.arbiter=") + arbiter_names[static_cast<int>(shape.first)]);
    choose(cfg, std::string("mesh.multicast=") + (shape.routers_copy ? "routers" : "copies"));
    choose(cfg, "mesh.vnet_priority=" + priorities(shape));
    return cfg;
}

/* Notes the flits that the mesh has counted since the last look. */
void note_crossings(const struct mesh *mesh, const shape &shape, uint64_t cycle,
                    std::vector<uint64_t> &seen, record &r)
{
    for (unsigned router = 0; router < shape.routers(); router++)
        for (unsigned port = 0; port < shape.ports(); port++) {
            uint64_t &before = seen[router * shape.ports() + port];
            uint64_t count = mesh_link_flits(mesh, router, port);
            if (count != before)
                r.crossed[{cycle, router, port}] += static_cast<unsigned>(count - before);
            before = count;
        }
}

/* For each input VC of a mesh that counts. */
template <typename function>
std::vector<router::vc_counts> all_counts(const shape &shape, function counts_of)
{
    std::vector<router::vc_counts> all;
    for (unsigned r = 0; shape.counts && r < shape.routers(); r++)
        for (unsigned port = 0; port < shape.ports(); port++)
            for (unsigned vc = 0; vc < shape.all_vcs(); vc++)
                all.push_back(counts_of(r, port, vc));
    return all;
}

void send(struct mesh *mesh, const packet &p)
{
    auto from = static_cast<tile_id>(p.from), to = static_cast<tile_id>(p.to);
    mesh_set set = {};
    set.word[0] = p.set;
    if (p.set)
        mesh_send_multicast(mesh, from, &set, p.vnet, p.flits, p.id, false);
    else
        mesh_send(mesh, from, to, p.vnet, p.flits, p.id);
}

uint64_t vcs_kept(const struct mesh *mesh)
{
    struct stats stats = {};
    uint64_t kept = 0;
    mesh_stats(mesh, &stats);
    for (unsigned k = 0; k < stats.count; k++)
        if (std::string(stats.item[k].name) == "mesh.vcs_kept")
            kept = stats.item[k].value;
    stats_free(&stats);
    return kept;
}

record run_mesh(const experiment &e)
{
    record r;
    config cfg = config_of(e.mesh);
    arena *memory = arena_create();
    struct mesh *mesh = mesh_create(memory, &cfg, e.mesh.vnets);
    std::vector<uint64_t> seen(e.mesh.routers() * e.mesh.ports());
    size_t sent = 0;
    while (mesh_now(mesh) < CYCLES_MAX && (sent < e.packets.size() || !mesh_is_idle(mesh))) {
        if (mesh_is_idle(mesh) && e.seed % 2)
            mesh_skip_to(mesh, e.packets[sent].birth);
        uint64_t now = mesh_now(mesh);
        for (; sent < e.packets.size() && e.packets[sent].birth == now; sent++)
            send(mesh, e.packets[sent]);
        const mesh_arrival *arrivals;
        unsigned count = mesh_step(mesh, &arrivals);
        for (unsigned k = 0; k < count; k++)
            r.ejected[{arrivals[k].payload, arrivals[k].node}] = now;
        note_crossings(mesh, e.mesh, now, seen, r);
    }
    if (mesh_is_idle(mesh))
        r.rest = mesh_now(mesh);
    r.kept = vcs_kept(mesh);
    r.counts = all_counts(e.mesh, [&](unsigned router, unsigned port, unsigned vc) {
        mesh_counts counts = mesh_vc_counts(mesh, router, port, vc);
        return router::vc_counts{counts.flits, counts.occupancy_cycles};
    });
    arena_destroy(memory);
    return r;
}

/* ---- the reference ------------------------------------------------------------------ */

record run_reference(const experiment &e)
{
    record r;
    network net("mesh", e.mesh);
    for (const packet &p : e.packets)
        net.give(p);
    while (net.now() < CYCLES_MAX && !net.is_at_rest())
        net.run(1);
    if (net.is_at_rest())
        r.rest = net.now();
    r.kept = net.vcs_kept;
    r.counts = all_counts(e.mesh, [&](unsigned router, unsigned port, unsigned vc) {
        return net.counts(router, port, vc);
    });
    for (const crossing &c : net.crossings)
        r.crossed[{c.cycle, c.router, c.port}]++;
    for (const ejection &x : net.ejections)
        if (x.tail)
            r.ejected[{x.packet, x.node}] = x.cycle;
    return r;
}

/* ---- side by side ------------------------------------------------------------------------ */

std::string cycle_text(uint64_t cycle)
{
    return cycle == NEVER ? "never" : std::to_string(cycle);
}

uint64_t ejection_of(const record &r, unsigned packet, unsigned node)
{
    auto found = r.ejected.find({packet, node});
    return found == r.ejected.end() ? uint64_t(NEVER) : found->second;
}

/* An arrival that should not be, or one too few or too many, is a difference as well. */
bool arrives_as_it_should(const experiment &e, const record &r)
{
    size_t due = 0;
    for (const packet &p : e.packets)
        for (unsigned node = 0; node < e.mesh.nodes(); node++) {
            due += p.is_for(node);
            if (p.is_for(node) != (ejection_of(r, p.id, node) != NEVER))
                return false;
        }
    return due == r.ejected.size();
}

/* The packet that differs first in time, if one does. */
std::string packet_difference(const experiment &e, const record &mesh, const record &ref)
{
    const packet *first = nullptr;
    unsigned where = 0;
    uint64_t when = NEVER;
    for (const packet &p : e.packets)
        for (unsigned node = 0; node < e.mesh.nodes(); node++) {
            uint64_t a = ejection_of(mesh, p.id, node), b = ejection_of(ref, p.id, node);
            if (a != b && (!first || std::min(a, b) < when)) {
                first = &p;
                where = node;
                when = std::min(a, b);
            }
        }
    if (!first)
        return arrives_as_it_should(e, ref) ? "" : "both meshes lose packets, or misdirect them\n";
    return "packet " + std::to_string(first->id) + " (born " + std::to_string(first->birth) +
           (first->set ? ", multicast, node " : ", node ") + std::to_string(first->from) + " to " +
           std::to_string(where) + ", " + std::to_string(first->flits) +
           " flits, virtual network " + std::to_string(first->vnet) + ") leaves the mesh at " +
           cycle_text(ejection_of(mesh, first->id, where)) + ", the reference at " +
           cycle_text(ejection_of(ref, first->id, where)) + "\n";
}

/* The first crossing that only one of them has. */
std::string crossing_difference(const record &mesh, const record &ref)
{
    auto a = mesh.crossed.begin(), b = ref.crossed.begin();
    while (a != mesh.crossed.end() && b != ref.crossed.end() && *a == *b)
        a++, b++;
    if (a == mesh.crossed.end() && b == ref.crossed.end())
        return "";
    bool only_mesh = b == ref.crossed.end() || (a != mesh.crossed.end() && a->first < b->first);
    auto [cycle, router, port] = only_mesh ? a->first : b->first;
    return "a flit crosses router " + std::to_string(router) + " to port " + std::to_string(port) +
           " in cycle " + std::to_string(cycle) + " in the " + (only_mesh ? "mesh" : "reference") +
           " only\n";
}

/* The simulator's mesh leaves credits of sinks out where there are enough of
 * them, so it may rest while the reference's last ones are on their way. */
enum { SINK_CREDIT_CYCLES = 2 };

std::string rest_difference(const record &mesh, const record &ref)
{
    if (ref.rest != NEVER && ref.rest >= mesh.rest && ref.rest - mesh.rest <= SINK_CREDIT_CYCLES)
        return "";
    return "the mesh is at rest at " + cycle_text(mesh.rest) + ", the reference at " +
           cycle_text(ref.rest) + "\n";
}

std::string kept_difference(const record &mesh, const record &ref)
{
    if (mesh.kept == ref.kept)
        return "";
    return "the mesh keeps " + std::to_string(mesh.kept) + " VCs for multicasts, the reference " +
           std::to_string(ref.kept) + "\n";
}

std::string counts_difference(const record &mesh, const record &ref)
{
    return mesh.counts == ref.counts ? "" : "input VCs count other flits in the two meshes\n";
}

/* How many VCs were kept, in a line of its own, and what differs. */
std::string result_of(const experiment &e)
{
    record mesh = run_mesh(e), ref = run_reference(e);
    return std::to_string(ref.kept) + "\n" + packet_difference(e, mesh, ref) +
           crossing_difference(mesh, ref) + rest_difference(mesh, ref) +
           kept_difference(mesh, ref) + counts_difference(mesh, ref);
}

/* Runs `work` in a child; what it returns comes back. */
template <typename function> std::string in_a_process(function work)
{
    int ends[2];
    if (pipe(ends) != 0)
        return "no pipe";
    fflush(nullptr);
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        std::string text = work();
        ssize_t written = write(ends[1], text.data(), text.size());
        _exit(written == static_cast<ssize_t>(text.size()) ? 0 : 1);
    }
    close(ends[1]);
    std::string text;
    char buffer[4096];
    for (ssize_t got; (got = read(ends[0], buffer, sizeof buffer)) > 0;)
        text.append(buffer, static_cast<size_t>(got));
    close(ends[0]);
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
        text += "the run broke off\n";
    return text;
}

} // namespace

verdict compare(uint64_t seed, fault planted)
{
    experiment e = experiment_of(seed);
    e.mesh.planted = planted;
    std::string result = in_a_process([&] { return result_of(e); });
    char *rest;
    uint64_t kept = strtoull(result.c_str(), &rest, 10);
    std::string difference =
        *rest == '\n' ? rest + 1 : rest; /* a run that broke off has no count */
    std::string text = "seed " + std::to_string(seed) + ": " + describe(e.mesh) + "; " +
                       std::to_string(e.packets.size()) + " packets, " + e.traffic + "\n";
    return {difference.empty(), text + difference, kept};
}

} // namespace reference
