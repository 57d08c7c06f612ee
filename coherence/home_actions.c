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
    send(step, COH_FwdGetM, step->entry->owner)->acks = step->mshr->acks;
}

static void forward_ReadOnce(struct home_step *step)
{
    send(step, COH_FwdReadOnce, step->entry->owner);
}

/* The next sharer that is `from` or above; an owner in O is not one, even where
 * the entry cannot tell. */
static tile_id next_sharer(const struct home_step *step, uint32_t from)
{
    const struct directory *dir = &step->coh->dir;
    tile_id tile = directory_next_sharer(dir, step->number, from);
    if (step->entry->state == HOME_STATE_O && tile == step->entry->owner)
        tile = directory_next_sharer(dir, step->number, tile + 1u);
    return tile;
}

static void invalidate(struct home_step *step, tile_id tile)
{
    send(step, COH_Inv, tile);
    step->mshr->acks++;
}

static void invalidate_sharers(struct home_step *step)
{
    step->home->broadcasts += directory_is_everyone(&step->coh->dir, step->number);
    for (tile_id tile = next_sharer(step, 0); tile != TILE_NONE;
         tile = next_sharer(step, tile + 1u))
        if (tile != step->mshr->requester)
            invalidate(step, tile);
}

/* The writer has the line, as the owner has it. */
static void invalidate_owner(struct home_step *step)
{
    invalidate(step, step->entry->owner);
}

/* Room for one more sharer: the one that came first has to go. */
static void evict_sharer(struct home_step *step)
{
    send(step, COH_Recall, directory_evict_sharer(&step->coh->dir, step->number));
    step->home->recalls++;
}

/* ---- answers that the home collects before it sends its own ------------------------------- */

static void ask(struct home_step *step, enum coh_type type, tile_id to)
{
    send(step, type, to);
    step->mshr->collecting = true;
    step->mshr->awaited++;
    if (type == COH_Recall)
        step->home->recalls++;
    else
        step->home->probes++;
}

static void ask_all_but(struct home_step *step, enum coh_type type, tile_id spared)
{
    step->home->broadcasts++;
    for (uint32_t tile = 0; tile < step->coh->tiles; tile++)
        if (tile != spared)
            ask(step, type, (tile_id)tile);
}

static void probe_others_to_share(struct home_step *step)
{
    step->mshr->sharing = true;
    ask_all_but(step, COH_ProbeS, step->mshr->requester);
}

static void probe_others_to_drop(struct home_step *step)
{
    ask_all_but(step, COH_ProbeM, step->mshr->requester);
}

/* The L1D of the tile whose L1I asks may own the line. */
static void probe_all_to_share(struct home_step *step)
{
    step->mshr->sharing = true;
    ask_all_but(step, COH_ProbeS, TILE_NONE);
}

static void probe_owner_to_share(struct home_step *step)
{
    step->mshr->sharing = true;
    ask(step, COH_ProbeS, step->entry->owner);
}

static void probe_owner_to_drop(struct home_step *step)
{
    ask(step, COH_ProbeM, step->entry->owner);
}

static void probe_requester_to_drop(struct home_step *step)
{
    ask(step, COH_ProbeM, step->mshr->requester);
}

static void recall_sharers(struct home_step *step)
{
    for (tile_id tile = next_sharer(step, 0); tile != TILE_NONE;
         tile = next_sharer(step, tile + 1u))
        ask(step, COH_Recall, tile);
}

static void read_memory_too(struct home_step *step)
{
    send(step, COH_MemRead, coherence_controller(step->coh, step->in->line));
    step->mshr->awaited++;
}

static void take_answer(struct home_step *step)
{
    struct home_mshr *mshr = step->mshr;
    mshr->awaited--;
    mshr->shared |= mshr->sharing && step->in->type != COH_ProbeGone;
    mshr->dirty |= step->in->type == COH_ProbeDirty;
    if (coh_msg_info[step->in->type].carries_data) {
        mshr->fetched = true;
        memcpy(mshr->data, step->in->data, LINE_BYTES);
    }
}

/* An owner's line counts, even a clean one: the host may have written to both since
 * memory was read. */
static void take_memory(struct home_step *step)
{
    step->mshr->awaited--;
    if (!step->mshr->fetched)
        memcpy(step->mshr->data, step->in->data, LINE_BYTES);
}

/* What follows goes to a hart that does not wait for it: it leaves as late as
 * what follows from a request. */
static void look_up_again(struct home_step *step)
{
    step->delay += step->coh->home_cycles;
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
    struct directory *dir = &step->coh->dir;
    directory_add_sharer(dir, step->number, step->mshr->requester);
    tally_add(&step->home->sharers, directory_count_sharers(dir, step->number));
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

/* The owner alone keeps the line, shared. */
static void share_by_owner(struct home_step *step)
{
    directory_add_sharer(&step->coh->dir, step->number, step->entry->owner);
    clear_owner(step);
}

static void forget(struct home_step *step)
{
    directory_clear_sharers(&step->coh->dir, step->number);
    clear_owner(step);
}

/* ---- tables --------------------------------------------------------------------------------- */

#define ROW(state, event, next, ...)                                                               \
    [HOME_STATE_##state][HOME_EVENT_##event] = {true, HOME_STATE_##next, {__VA_ARGS__}},

const struct home_row mesi_home[HOME_STATES][HOME_EVENTS] = {
#include "coherence/mesi_home.def"
};

const struct home_row msi_home[HOME_STATES][HOME_EVENTS] = {
#include "coherence/msi_home.def"
};

const struct home_row moesi_home[HOME_STATES][HOME_EVENTS] = {
#include "coherence/moesi_home.def"
};
