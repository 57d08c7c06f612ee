/*
 * What an L1 data cache does in a transition, one function an action, and the
 * tables made of them.  An action sees the line as it was; the next state is
 * entered after the last one.
 *
 * Who is answered: a request goes to the line's home; what an owner or sharer
 * sends in answer to a forward goes to the requester the forward names, and to
 * the home where memory must learn of it.
 */
#include "coherence/l1_actions.h"

#include "coherence/checker.h"

/* ---- the hart's access ------------------------------------------------------ */

static void promote(struct l1_step *step)
{
    struct cache_array *array = &step->l1->array;
    cache_promote(array, step->set, step->frame);
    step->frame = cache_front(array, step->set);
    step->state = &array->state[step->frame];
    step->data = cache_data(array, step->set, step->frame);
}

static void hit(struct l1_step *step)
{
    promote(step);
    step->answer = L1_READY;
}

l1_action *const l1_hit = hit;

static void wait(struct l1_step *step)
{
    step->answer = L1_MISS;
}

static void refuse(struct l1_step *step)
{
    step->l1->refused++;
    step->answer = L1_BUSY;
}

/* ---- requests --------------------------------------------------------------- */

static struct coh_msg *send_request(struct l1_step *step, enum coh_type type, unsigned slot)
{
    struct l1 *l1 = step->l1;
    struct coh_msg *msg =
        out_add(step->out, type, step->line, l1->tile, coherence_home(l1->coh, step->line));
    msg->requester = l1->tile;
    msg->slot = (uint8_t)slot;
    msg->delay = l1->coh->miss_cycles;
    return msg;
}

static void send_miss(struct l1_step *step, enum coh_type type)
{
    send_request(step, type, (unsigned)(step->mshr - step->l1->mshr));
}

static void send_GetS(struct l1_step *step)
{
    send_miss(step, COH_GetS);
}

static void send_GetM(struct l1_step *step)
{
    send_miss(step, COH_GetM);
}

static void send_Upgrade(struct l1_step *step)
{
    send_miss(step, COH_Upgrade);
}

/* Moves the line from its frame to the write-back entry set aside for it. */
static void to_writeback(struct l1_step *step)
{
    struct l1_writeback *entry = step->spare;
    entry->line = step->line;
    memcpy(entry->data, step->data, LINE_BYTES);
    step->l1->array.line[step->frame] = NO_LINE;
    step->l1->array.state[step->frame] = L1_STATE_I;
    step->frame = NO_FRAME;
    step->writeback = entry;
    step->state = &entry->state;
    step->data = entry->data;
}

static struct coh_msg *send_put(struct l1_step *step, enum coh_type type)
{
    struct l1 *l1 = step->l1;
    return send_request(step, type, l1->mshrs + (unsigned)(step->writeback - l1->writeback));
}

static void send_PutE(struct l1_step *step)
{
    send_put(step, COH_PutE);
}

/* A home without a directory cannot tell whether the line is still this L1's
 * when it hears of it, and comes for it. */
static void send_PutM(struct l1_step *step)
{
    if (step->l1->coh->probes)
        send_put(step, COH_Put);
    else
        memcpy(send_put(step, COH_PutM)->data, step->data, LINE_BYTES);
}

static void send_PutS(struct l1_step *step)
{
    send_put(step, COH_PutS);
}

/* ---- answers to forwards ------------------------------------------------------ */

static struct coh_msg *answer(struct l1_step *step, enum coh_type type, tile_id to)
{
    struct coh_msg *msg = out_add(step->out, type, step->line, step->l1->tile, to);
    msg->requester = step->in->requester;
    msg->slot = step->in->slot;
    msg->delay = step->l1->coh->probe_cycles;
    return msg;
}

static struct coh_msg *answer_with_line(struct l1_step *step, enum coh_type type, tile_id to)
{
    struct coh_msg *msg = answer(step, type, to);
    memcpy(msg->data, step->data, LINE_BYTES);
    return msg;
}

static void send_DataS(struct l1_step *step)
{
    answer_with_line(step, COH_DataS, step->in->requester);
}

static void send_DataM(struct l1_step *step)
{
    answer_with_line(step, COH_DataM, step->in->requester)->acks = step->in->acks;
}

static void send_DataOnce(struct l1_step *step)
{
    answer_with_line(step, COH_DataOnce, step->in->requester);
}

static void send_CopyBack(struct l1_step *step)
{
    answer_with_line(step, COH_CopyBack, step->in->from);
}

static void send_Downgrade(struct l1_step *step)
{
    answer(step, COH_Downgrade, step->in->from);
}

static void send_Owned(struct l1_step *step)
{
    answer(step, COH_Owned, step->in->from);
}

static void send_InvAck(struct l1_step *step)
{
    answer(step, COH_InvAck, step->in->requester);
}

/* ---- answers to the home ------------------------------------------------------- */

static void send_ProbeGone(struct l1_step *step)
{
    answer(step, COH_ProbeGone, step->in->from);
}

static void send_ProbeKept(struct l1_step *step)
{
    answer(step, COH_ProbeKept, step->in->from);
}

static void send_ProbeClean(struct l1_step *step)
{
    answer_with_line(step, COH_ProbeClean, step->in->from);
}

static void send_ProbeDirty(struct l1_step *step)
{
    answer_with_line(step, COH_ProbeDirty, step->in->from);
}

/* ---- the end of a miss --------------------------------------------------------- */

static void fill(struct l1_step *step)
{
    memcpy(step->data, step->in->data, LINE_BYTES);
}

/* The count adds, each acknowledgement takes one away. */
static void count_acks(struct l1_step *step)
{
    if (step->in->type == COH_InvAck)
        step->mshr->acks--;
    else
        step->mshr->acks += step->in->acks;
}

static void complete(struct l1_step *step)
{
    struct l1 *l1 = step->l1;
    struct coh_msg *msg =
        out_add(step->out, COH_Unblock, step->line, l1->tile, coherence_home(l1->coh, step->line));
    msg->requester = l1->tile;
    msg->slot = step->in->slot;
    msg->delay = l1->coh->fill_cycles;
    step->mshr->line = NO_LINE;
    promote(step);
    step->done = true;
    if (l1->coh->checker)
        checker_check_fill(l1->coh, step->line, l1->tile, step->data);
}

/* ---- tables --------------------------------------------------------------------- */

#define ROW(state, event, next, ...)                                                               \
    [L1_STATE_##state][L1_EVENT_##event] = {true, L1_STATE_##next, {__VA_ARGS__}},

const struct l1_row mesi_l1[L1_STATES][L1_EVENTS] = {
#include "coherence/mesi_l1.def"
};

const struct l1_row msi_l1[L1_STATES][L1_EVENTS] = {
#include "coherence/msi_l1.def"
};

const struct l1_row moesi_l1[L1_STATES][L1_EVENTS] = {
#include "coherence/moesi_l1.def"
};
