/*
 * What a home does in a transition, one function an action, and the tables
 * made of them.  An action sees the line as it was; the next state is entered
 * after the last one.  step->in is the request being processed or the response
 * that came; step->mshr names the requester of the transaction in either case.
 */
#include "coherence/agents.h"

static struct coh_msg *send(struct home_step *step, enum coh_type type, tile_id to)
{
    struct coh_msg *msg = out_add(step->out, type, step->in->line, step->tile, to);
    msg->requester = step->mshr->requester;
    msg->slot = step->mshr->slot;
    msg->delay = step->delay;
    return msg;
}

/* ---- memory -------------------------------------------------------------------- */

/* Memory is asked once for all requests that wait for a line. */
static void read_memory(struct home_step *step)
{
    step->answered = step->mshr->kept;
    if (!step->answered)
        send(step, COH_MemRead, coherence_controller(step->coh, step->in->line));
}

static void write_memory(struct home_step *step)
{
    struct coh_msg *msg = send(step, COH_MemWrite, coherence_controller(step->coh, step->in->line));
    memcpy(msg->data, step->in->data, LINE_BYTES);
    msg->mask = step->in->mask;
}

static void forget_line(struct home_step *step)
{
    step->mshr->kept = false;
}

/* The line that has come equals memory, and stays here while requests wait. */
static void keep_line(struct home_step *step)
{
    step->mshr->kept = true;
    memcpy(step->mshr->data, step->in->data, LINE_BYTES);
}

/* ---- the requester ---------------------------------------------------------------- */

static struct coh_msg *send_line(struct home_step *step, enum coh_type type)
{
    struct coh_msg *msg = send(step, type, step->mshr->requester);
    memcpy(msg->data, step->in->data, LINE_BYTES);
    return msg;
}

static void send_DataS(struct home_step *step)
{
    send_line(step, COH_DataS);
}

static void send_DataE(struct home_step *step)
{
    send_line(step, COH_DataE);
}

static void send_DataM(struct home_step *step)
{
    send_line(step, COH_DataM)->acks = step->mshr->acks;
}

static void send_DataOnce(struct home_step *step)
{
    send_line(step, COH_DataOnce);
}

static void send_Data(struct home_step *step)
{
    send_line(step, COH_Data);
}

static void send_WriteAck(struct home_step *step)
{
    send(step, COH_WriteAck, step->mshr->requester);
}

static void send_AckCount(struct home_step *step)
{
    send(step, COH_AckCount, step->mshr->requester)->acks = step->mshr->acks;
}

static void send_PutAck(struct home_step *step)
{
    send(step, COH_PutAck, step->mshr->requester);
}

/* ---- owner and sharers --------------------------------------------------------------- */

static void forward_GetS(struct home_step *step)
{
    send(step, COH_FwdGetS, step->entry->owner);
}

static void forward_GetM(struct home_step *step)
{
    send(step, COH_FwdGetM, step->entry->owner);
}

static void forward_ReadOnce(struct home_step *step)
{
    send(step, COH_FwdReadOnce, step->entry->owner);
}

static void invalidate_sharers(struct home_step *step)
{
    const struct directory *dir = &step->coh->dir;
    for (tile_id tile = directory_next_sharer(dir, step->number, 0); tile != TILE_NONE;
         tile = directory_next_sharer(dir, step->number, tile + 1u)) {
        if (tile == step->mshr->requester)
            continue;
        send(step, COH_Inv, tile);
        step->mshr->acks++;
    }
}

/* ---- the directory entry ---------------------------------------------------------------- */

static void set_owner(struct home_step *step)
{
    step->mshr->kept = false;
    directory_clear_sharers(&step->coh->dir, step->number);
    step->entry->owner = step->mshr->requester;
}

static void clear_owner(struct home_step *step)
{
    step->entry->owner = TILE_NONE;
}

static void add_sharer(struct home_step *step)
{
    directory_add_sharer(&step->coh->dir, step->number, step->mshr->requester);
}

static void remove_sharer(struct home_step *step)
{
    directory_remove_sharer(&step->coh->dir, step->number, step->mshr->requester);
}

static void share_with_owner(struct home_step *step)
{
    directory_add_sharer(&step->coh->dir, step->number, step->entry->owner);
    add_sharer(step);
    clear_owner(step);
}

/* ---- tables --------------------------------------------------------------------------------- */

const struct home_row mesi_home[HOME_STATES][HOME_EVENTS] = {
#define ROW(state, event, next, ...)                                                               \
    [HOME_STATE_##state][HOME_EVENT_##event] = {true, HOME_STATE_##next, {__VA_ARGS__}},
#include "coherence/mesi_home.def"
};

const struct home_row none_home[HOME_STATES][HOME_EVENTS] = {
#define ROW(state, event, next, ...)                                                               \
    [HOME_STATE_##state][HOME_EVENT_##event] = {true, HOME_STATE_##next, {__VA_ARGS__}},
#include "coherence/none_home.def"
};
