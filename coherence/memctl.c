/*
 * The memory controller.  With memory.timing=simple it is latency and
 * bandwidth: it starts one line every line_cycles, in order of arrival, and
 * answers latency_cycles after the start; reads and writes cost the same.  A
 * request that arrives at `now` therefore leaves as an answer at
 *     max(now, end of the previous start) + latency_cycles.
 * With memory.timing=banks its time is that of banks, rows and a bus (dram.h).
 * The DRAM image changes in order of arrival; since a home waits for MemAck
 * before it asks for the line again, that is also the order of the line.
 */
#include "coherence/agents.h"

void memctl_init(struct memctl *ctl, struct arena *arena, const struct coherence *coh)
{
    if (coh->banked)
        dram_init(&ctl->dram, arena, &coh->dram_timing);
}

static uint32_t service_cycles(struct coherence *coh, struct memctl *ctl, paddr_t line, bool write,
                               cycle_t now)
{
    if (coh->banked)
        return dram_access(&ctl->dram, &coh->dram_timing, coherence_controller_line(coh, line),
                           write, now, &ctl->queued_cycles);
    cycle_t start = now > ctl->free_at ? now : ctl->free_at;
    ctl->free_at = start + coh->memory_line_cycles;
    ctl->queued_cycles += start - now;
    return (uint32_t)(start - now) + coh->memory_latency_cycles;
}

void memctl_receive(struct coherence *coh, tile_id tile, const struct coh_msg *in, cycle_t now,
                    struct coh_out *out)
{
    assert(coh_msg_info[in->type].to == AGENT_MEMORY && in->to == tile);
    assert(coherence_has(coh, in->line) && coherence_controller(coh, in->line) == tile);
    struct memctl *ctl = &coh->memctl[tile];
    bool reads = in->type == COH_MemRead;
    struct coh_msg *msg = out_add(out, reads ? COH_MemData : COH_MemAck, in->line, tile, in->from);
    msg->requester = in->requester;
    msg->slot = in->slot;
    msg->delay = service_cycles(coh, ctl, in->line, !reads, now);
    msg->memory_cycles += msg->delay;
    if (reads) {
        ctl->reads++;
        memcpy(msg->data, dram_line(coh, in->line), LINE_BYTES);
    } else {
        ctl->writes++;
        memcpy(dram_line(coh, in->line), in->data, LINE_BYTES);
    }
}
