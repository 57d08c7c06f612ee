/*
 * The tile's message unit, handed out.  The driver alone configures it; user
 * code gets numbers of queues and endpoints that carry the user bit, and can
 * send nowhere else.  Queues, endpoints and the slots that queues share are
 * given out in order and counted, never taken back.
 */
#include "guest-os/cpu/core.h"

#include "guest-os/lib/machine.h"
#include "guest-os/lib/riscv.h"

#define REFUSED (-1)

int64_t message_unit_open_queue(struct core *core, uint64_t depth)
{
    const struct bootinfo *m = machine();
    if (core->queues_used == m->mu_queues || !depth || depth > m->mu_slots - core->slots_used)
        return REFUSED;
    csr_write(CSR_SMU_RQ, core->queues_used);
    csr_write(CSR_SMU_RQ_CONF, MU_RQ_VALID | MU_RQ_USER | depth << MU_RQ_DEPTH_SHIFT);
    core->slots_used += (uint32_t)depth;
    return core->queues_used++;
}

int64_t message_unit_open_endpoint(struct core *core, uint64_t tile, uint64_t queue, uint64_t label,
                                   uint64_t credits)
{
    const struct bootinfo *m = machine();
    if (core->endpoints_used == m->mu_endpoints || tile >= m->tiles || queue >= m->mu_queues ||
        !credits || credits > m->mu_slots)
        return REFUSED;
    csr_write(CSR_SMU_EP, core->endpoints_used);
    csr_write(CSR_SMU_EP_DEST, tile | queue << MU_DEST_QUEUE_SHIFT);
    csr_write(CSR_SMU_EP_LABEL, label);
    csr_write(CSR_SMU_EP_CREDITS, credits);
    csr_write(CSR_SMU_EP_CONF, MU_EP_VALID | MU_EP_USER);
    return core->endpoints_used++;
}
