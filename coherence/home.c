/*
 * The home: the directory's half of a tile.  A line is busy from the moment
 * its home processes a request until the transaction's last response; requests
 * that come meanwhile wait.  So there is never more than one transaction of a
 * line, and the races that remain are the few that mesi_l1.def lists.
 *
 *      request --> [overflow] --> bank --> line busy? --> [line's queue]
 *                   no MSHR        |            no
 *                                  |             `--> row of the table --> out
 *      response ------------------bank --> row --> line stable again? --> next of
 *                                                  the line's queue, then overflow
 *
 * Memory is read once for all that wait: the MSHR keeps the line that it has
 * seen come from memory or on its way there, until the line gets an owner or
 * nobody waits any more.
 *
 * Arrival order is kept: once a request waits for an MSHR, all that come after
 * it wait behind it, whatever their line.  Otherwise requests for busy lines
 * could keep every MSHR in use for ever.
 *
 * The bank is a resource.  Every message that it looks at occupies it for
 * home_occupancy_cycles, one after the other; what a request makes the home
 * send leaves home_cycles after its turn (directory look-up), what a response
 * makes it send leaves after the occupancy alone (it finds its MSHR).  A
 * request that had to wait is looked up again, and pays again, when its turn
 * comes.  State changes in order of arrival, which is the order of service, so
 * only delays have to be computed.
 */
#include "coherence/agents.h"

enum { NONE_WAITS = 0 };

void home_init(struct home *home, struct arena *arena, const struct config *cfg)
{
    *home = (struct home){.mshrs = cfg->coherence_mshrs};
    home->table = protocol_find(cfg->coherence_protocol)->home;
    home->mshr = arena_alloc(arena, home->mshrs, sizeof *home->mshr);
    home->rows = arena_alloc(arena, HOME_STATES * HOME_EVENTS, sizeof *home->rows);
    for (uint32_t i = 0; i < home->mshrs; i++)
        home->mshr[i].line = NO_LINE;
}

/* ---- waiting requests -------------------------------------------------------- */

static void fifo_put(struct home_step *step, struct fifo *fifo, const struct coh_msg *request)
{
    struct coherence *coh = step->coh;
    uint32_t index = request->requester * coh->slots + request->slot;
    coh->waiting[index] = (struct waiting){*request, NONE_WAITS, step->now};
    if (fifo->first == NONE_WAITS)
        fifo->first = index + 1;
    else
        coh->waiting[fifo->last - 1].next = index + 1;
    fifo->last = index + 1;
}

static const struct coh_msg *fifo_take(struct home_step *step, struct fifo *fifo)
{
    struct waiting *head = &step->coh->waiting[fifo->first - 1];
    fifo->first = head->next;
    step->home->waited_cycles += step->now - head->since;
    return &head->request;
}

/* ---- the bank and the MSHRs ---------------------------------------------------- */

static void bank_take(struct home_step *step, uint32_t latency_cycles)
{
    struct home *home = step->home;
    cycle_t start = step->now > home->bank_free ? step->now : home->bank_free;
    home->bank_free = start + step->coh->home_occupancy_cycles;
    home->bank_cycles += step->coh->home_occupancy_cycles;
    home->queued_cycles += start - step->now;
    step->delay = (uint32_t)(start - step->now) + latency_cycles;
}

static struct home_mshr *mshr_take(struct home_step *step)
{
    struct home *home = step->home;
    uint32_t i = 0;
    while (home->mshr[i].line != NO_LINE)
        i++;
    home->mshrs_used++;
    home->mshr[i] = (struct home_mshr){.line = step->in->line};
    step->entry->mshr = (uint8_t)i;
    return &home->mshr[i];
}

static void mshr_release(struct home *home, struct home_mshr *mshr)
{
    mshr->line = NO_LINE;
    home->mshrs_used--;
}

static bool is_busy(const struct dir_entry *entry)
{
    return home_state_info[entry->state].busy;
}

/* ---- taking a row ----------------------------------------------------------------- */

static void look_up(struct home_step *step, const struct coh_msg *in)
{
    step->in = in;
    step->out->network_cycles = in->network_cycles;
    step->out->memory_cycles = in->memory_cycles;
    step->number = line_number(in->line);
    step->entry = &step->coh->dir.entry[step->number];
}

static bool owns(const struct home_step *step)
{
    return step->entry->state == HOME_STATE_X && step->entry->owner == step->in->requester;
}

static bool others_have_it(const struct home_step *step)
{
    return step->entry->state == HOME_STATE_X ||
           directory_is_shared_by_others(&step->coh->dir, step->number, step->in->requester);
}

static bool shares(const struct home_step *step)
{
    return directory_is_sharer(&step->coh->dir, step->number, step->in->requester);
}

static enum home_event classify(const struct home_step *step)
{
    switch ((enum coh_type)step->in->type) {
    case COH_GetS:
        return others_have_it(step) ? HOME_EVENT_GetS : HOME_EVENT_GetS_alone;
    case COH_GetM:
        return HOME_EVENT_GetM;
    case COH_Upgrade:
        return shares(step) ? HOME_EVENT_Upgrade : HOME_EVENT_Upgrade_lost;
    case COH_ReadOnce:
        return HOME_EVENT_ReadOnce;
    case COH_Read:
        return HOME_EVENT_Read;
    case COH_Write:
        return HOME_EVENT_Write;
    case COH_PutM:
        return owns(step) ? HOME_EVENT_PutM_owner : HOME_EVENT_PutM_stale;
    case COH_PutE:
        return owns(step) ? HOME_EVENT_PutE_owner : HOME_EVENT_PutE_stale;
    case COH_MemData:
        return HOME_EVENT_MemData;
    case COH_MemAck:
        return HOME_EVENT_MemAck;
    case COH_CopyBack:
        return HOME_EVENT_CopyBack;
    case COH_Downgrade:
        return HOME_EVENT_Downgrade;
    case COH_Unblock:
        return HOME_EVENT_Unblock;
    default:
        return HOME_EVENTS;
    }
}

static void take_row(struct home_step *step)
{
    enum home_event event = classify(step);
    uint8_t from = step->entry->state;
    const struct home_row *row = &step->home->table[from][event];
    if (!row->legal) {
        coherence_violate(
            step->coh, "home of tile %u: no transition for %s from tile %u in state %s, line %#llx",
            step->tile, home_event_info[event].name, step->in->from, home_state_info[from].name,
            (unsigned long long)step->in->line);
        return;
    }
    step->home->rows[from * HOME_EVENTS + event]++;
    for (unsigned i = 0; i < ROW_ACTIONS_MAX && row->action[i]; i++)
        row->action[i](step);
    step->entry->state = row->next;
    step->home->owned += (row->next == HOME_STATE_X) - (from == HOME_STATE_X);
}

/* What memory would answer, at once: the MSHR has the line from the transaction
 * before.  (`kept` may be gone already, if this request makes an owner.) */
static void answer_for_memory(struct home_step *step)
{
    struct coh_msg answer = {
        .line = step->in->line, .type = COH_MemData, .from = step->tile, .to = step->tile};
    memcpy(answer.data, step->mshr->data, LINE_BYTES);
    step->in = &answer;
    step->home->kept_answers++;
    take_row(step);
}

static void process_request(struct home_step *step)
{
    if (home_is_word(step->in->type)) {
        home_begin_word(step);
        return;
    }
    step->mshr->requester = step->in->requester;
    step->mshr->slot = step->in->slot;
    step->mshr->acks = 0;
    step->answered = false;
    take_row(step);
    if (step->answered)
        answer_for_memory(step);
}

const struct coh_msg *home_take_word(struct home_step *step)
{
    struct fifo *queue = &step->mshr->queue;
    if (queue->first == NONE_WAITS ||
        !home_is_word(step->coh->waiting[queue->first - 1].request.type))
        return NULL;
    look_up(step, fifo_take(step, queue));
    bank_take(step, step->coh->home_cycles);
    return step->in;
}

/* ---- whose turn it is ---------------------------------------------------------------- */

/* The line of step->mshr is stable: the requests that wait for it, until one
 * makes it busy again. */
static void serve_line(struct home_step *step)
{
    struct home_mshr *mshr = step->mshr;
    while (!is_busy(step->entry) && mshr->queue.first != NONE_WAITS) {
        look_up(step, fifo_take(step, &mshr->queue));
        bank_take(step, step->coh->home_cycles);
        process_request(step);
    }
    if (!is_busy(step->entry))
        mshr_release(step->home, mshr);
}

/* A request gets its look-up: it is processed, or waits for its busy line. */
static void admit(struct home_step *step, const struct coh_msg *request)
{
    look_up(step, request);
    bank_take(step, step->coh->home_cycles);
    if (is_busy(step->entry)) {
        step->home->waited++;
        fifo_put(step, &step->home->mshr[step->entry->mshr].queue, request);
        return;
    }
    step->mshr = mshr_take(step);
    process_request(step);
    serve_line(step);
}

static bool can_admit(const struct home_step *step, const struct coh_msg *request)
{
    return step->home->mshrs_used < step->home->mshrs ||
           is_busy(&step->coh->dir.entry[line_number(request->line)]);
}

static void serve_overflow(struct home_step *step)
{
    struct fifo *overflow = &step->home->overflow;
    while (overflow->first != NONE_WAITS &&
           can_admit(step, &step->coh->waiting[overflow->first - 1].request)) {
        /* A copy: the request's own place may be needed for the line's queue. */
        struct coh_msg request = *fifo_take(step, overflow);
        admit(step, &request);
    }
}

static void receive_request(struct home_step *step, const struct coh_msg *in)
{
    struct home *home = step->home;
    home->requests++;
    if (home->overflow.first == NONE_WAITS && can_admit(step, in)) {
        admit(step, in);
        return;
    }
    home->overflowed++;
    fifo_put(step, &home->overflow, in);
}

static void receive_response(struct home_step *step, const struct coh_msg *in)
{
    look_up(step, in);
    if (!is_busy(step->entry)) {
        coherence_violate(step->coh, "home of tile %u: %s for a line that is not busy, line %#llx",
                          step->tile, coh_msg_info[in->type].name, (unsigned long long)in->line);
        return;
    }
    step->mshr = &step->home->mshr[step->entry->mshr];
    bank_take(step, step->coh->home_occupancy_cycles);
    if (home_is_busy_with_words(step->entry->state))
        home_continue_words(step);
    else
        take_row(step);
    if (!is_busy(step->entry)) {
        serve_line(step);
        serve_overflow(step);
    }
}

void home_receive(struct coherence *coh, tile_id tile, const struct coh_msg *in, cycle_t now,
                  struct coh_out *out)
{
    assert(coh_msg_info[in->type].to == AGENT_HOME && in->to == tile);
    struct home_step step = {
        .coh = coh, .home = &coh->home[tile], .tile = tile, .now = now, .out = out};
    if (coherence_is_scratchpad(coh, in->line)) {
        home_access_scratchpad(&step, in);
        return;
    }
    assert(coherence_has(coh, in->line) && coherence_home(coh, in->line) == tile);
    if (coh_msg_info[in->type].vnet == VNET_REQUEST)
        receive_request(&step, in);
    else
        receive_response(&step, in);
}
