/*
 * A chip's worth of coherence agents with a network made of nothing but a bag
 * of messages: every message is given a random flight time, now and then a
 * very long one, so no two keep their order.  Time only serves to pick the
 * next delivery.
 *
 * A run is a function of its seed.
 */
#ifndef TESSERA_COHERENCE_HARNESS_H
#define TESSERA_COHERENCE_HARNESS_H

#include <criterion/criterion.h>
#include <string.h>

#include "coherence/agents.h"
#include "sim/base/rng.h"

struct flight {
    cycle_t at;
    uint64_t serial; /* of messages that arrive in one cycle, the first sent is the first */
    struct coh_msg msg;
};

struct world {
    struct arena *arena;
    struct config cfg;
    struct coherence *coh;
    struct rng rng;
    cycle_t now;
    uint32_t flight_cycles_max; /* 0: every message takes its delay only */
    uint32_t put_ack_cycles;    /* a PutAck takes this much longer: the races with later requests */
    struct flight *flight;      /* a heap: the next to arrive is the first */
    unsigned flights, flights_max;
    uint64_t sent;
    struct coh_out out;
    uint64_t delivered;
};

static inline struct config world_config(uint32_t width, uint32_t height)
{
    struct config cfg;
    config_defaults(&cfg);
    cfg.mesh_width = width;
    cfg.mesh_height = height;
    cfg.memory_dram_mib = 1;
    cfg.sim_check = true;
    return cfg;
}

static inline void world_create(struct world *w, const struct config *cfg, uint64_t seed)
{
    *w = (struct world){.cfg = *cfg, .rng = rng_stream(seed, 0), .flight_cycles_max = 200};
    w->arena = arena_create();
    w->coh = coherence_create(w->arena, cfg);
    w->flights_max = config_tiles(cfg) * (64 + 8 * config_tiles(cfg));
    w->flight = arena_alloc(w->arena, w->flights_max, sizeof *w->flight);
    w->out.capacity = coherence_out_max(w->coh);
    w->out.msg = arena_alloc(w->arena, w->out.capacity, sizeof *w->out.msg);
}

static inline void world_destroy(struct world *w)
{
    arena_destroy(w->arena);
}

static inline paddr_t world_line(unsigned number)
{
    return MAP_DRAM_BASE + (paddr_t)number * LINE_BYTES;
}

static inline cycle_t world_flight_cycles(struct world *w)
{
    if (w->flight_cycles_max == 0)
        return 0;
    cycle_t cycles = rng_below(&w->rng, w->flight_cycles_max);
    return rng_below(&w->rng, 16) == 0 ? cycles * 20 : cycles;
}

static inline bool flight_is_before(const struct flight *a, const struct flight *b)
{
    return a->at < b->at || (a->at == b->at && a->serial < b->serial);
}

static inline void flight_insert(struct world *w, const struct flight *f)
{
    cr_assert_lt(w->flights, w->flights_max);
    unsigned at = w->flights++;
    for (; at > 0 && flight_is_before(f, &w->flight[(at - 1) / 2]); at = (at - 1) / 2)
        w->flight[at] = w->flight[(at - 1) / 2];
    w->flight[at] = *f;
}

static inline struct flight flight_take_first(struct world *w)
{
    struct flight first = w->flight[0], last = w->flight[--w->flights];
    unsigned at = 0;
    for (unsigned child; (child = 2 * at + 1) < w->flights; at = child) {
        if (child + 1 < w->flights && flight_is_before(&w->flight[child + 1], &w->flight[child]))
            child++;
        if (!flight_is_before(&w->flight[child], &last))
            break;
        w->flight[at] = w->flight[child];
    }
    w->flight[at] = last;
    return first;
}

/* Puts what an agent has just sent into the network. */
static inline void world_send_out(struct world *w)
{
    for (unsigned i = 0; i < w->out.count; i++) {
        struct flight f = {.serial = w->sent++, .msg = w->out.msg[i]};
        f.at = w->now + f.msg.delay + world_flight_cycles(w);
        if (f.msg.type == COH_PutAck)
            f.at += w->put_ack_cycles;
        flight_insert(w, &f);
    }
    w->out.count = 0;
}

/* Takes the message that arrives next out of the network. */
static inline struct coh_msg world_take_next(struct world *w)
{
    struct flight taken = flight_take_first(w);
    if (taken.at > w->now)
        w->now = taken.at;
    return taken.msg;
}

/* Hands a message to its agent; true when it completed a miss or a fetch. */
static inline bool world_deliver(struct world *w, const struct coh_msg *msg)
{
    bool done = false;
    w->delivered++;
    switch ((enum coh_agent)coh_msg_info[msg->type].to) {
    case AGENT_HOME:
        home_receive(w->coh, msg->to, msg, w->now, &w->out);
        break;
    case AGENT_MEMORY:
        memctl_receive(w->coh, msg->to, msg, w->now, &w->out);
        break;
    case AGENT_L1D:
        done = l1_receive(coherence_l1(w->coh, msg->to), msg, &w->out);
        break;
    case AGENT_L1I:
        done = icache_receive(coherence_icache(w->coh, msg->to), msg, &w->out);
        break;
    }
    world_send_out(w);
    return done;
}

static inline enum l1_answer world_access(struct world *w, tile_id tile, paddr_t line,
                                          enum l1_op op)
{
    enum l1_answer answer = l1_access(coherence_l1(w->coh, tile), line, op, &w->out);
    world_send_out(w);
    return answer;
}

static inline int world_fetch(struct world *w, tile_id tile, paddr_t line)
{
    int index = icache_access(coherence_icache(w->coh, tile), line, &w->out);
    world_send_out(w);
    return index;
}

/* The bytes of a line that l1_access has just made ready. */
static inline uint8_t *world_bytes(struct world *w, tile_id tile, paddr_t address)
{
    const struct l1_window *window = l1_window(coherence_l1(w->coh, tile));
    uint64_t set = (address >> LINE_SHIFT) & window->set_mask;
    return window->data + set * LINE_BYTES + address % LINE_BYTES;
}

static inline uint64_t world_load(struct world *w, tile_id tile, paddr_t address)
{
    uint64_t value;
    memcpy(&value, world_bytes(w, tile, address), sizeof value);
    l1_checked_load(coherence_l1(w->coh, tile), address, sizeof value, value);
    return value;
}

static inline void world_store(struct world *w, tile_id tile, paddr_t address, uint64_t value)
{
    memcpy(world_bytes(w, tile, address), &value, sizeof value);
    l1_checked_store(coherence_l1(w->coh, tile), address, sizeof value, value);
}

/* Delivers everything that is in flight and whatever follows from it. */
static inline void world_drain(struct world *w)
{
    while (w->flights > 0) {
        struct coh_msg msg = world_take_next(w);
        world_deliver(w, &msg);
    }
}

/* One access, to its end, with nothing else going on. */
static inline void world_access_alone(struct world *w, tile_id tile, paddr_t line, enum l1_op op)
{
    if (world_access(w, tile, line, op) == L1_READY)
        return;
    world_drain(w);
    cr_assert_eq(world_access(w, tile, line, op), L1_READY);
}

static inline void world_assert_sound(struct world *w)
{
    const char *violation = coherence_violation(w->coh);
    cr_assert_null(violation, "%s", violation ? violation : "");
}

static inline void world_assert_quiet(struct world *w)
{
    world_assert_sound(w);
    const char *fault = coherence_check_quiet(w->coh);
    cr_assert_null(fault, "%s", fault ? fault : "");
}

#endif
