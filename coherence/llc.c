/*
 * The slice's look-up costs the home nothing besides its own, which goes on at the same
 * time; a hit is answered llc_cycles later, by a message that the home sends to itself.
 * So whatever waits for memory waits for it here too, in the same states.
 */
#include "coherence/llc.h"

#include "coherence/agents.h"

enum llc_state { LLC_CLEAN, LLC_DIRTY };

void llc_init(struct llc *llc, struct arena *arena, const struct config *cfg, tile_id tile)
{
    for (unsigned i = 0; i < LLC_VICTIMS; i++)
        llc->victim[i].line = NO_LINE;
    if (!cfg->llc_kib)
        return;
    cache_array_init(&llc->array, arena, cfg->llc_kib, cfg->llc_ways);
    cache_array_replace_by(&llc->array, arena, cfg->llc_replacement,
                           ((uint64_t)cfg->llc_replacement_seed << 16) + tile);
}

/* ---- where a line is ------------------------------------------------------------- */

static bool is_present(const struct llc *llc)
{
    return llc->array.ways > 0;
}

/* The name of a line in the array: its place among the lines of its home. */
static paddr_t key_of(const struct coherence *coh, paddr_t line)
{
    return placement_index(&coh->place, line_number(line)) << LINE_SHIFT;
}

static paddr_t line_of_key(const struct coherence *coh, tile_id home, paddr_t key)
{
    return MAP_DRAM_BASE + (placement_line(&coh->place, home, key >> LINE_SHIFT) << LINE_SHIFT);
}

static int find_frame(const struct coherence *coh, const struct llc *llc, paddr_t line)
{
    return is_present(llc) ? cache_find(&llc->array, key_of(coh, line)) : NO_FRAME;
}

static uint8_t *frame_data(const struct llc *llc, int frame)
{
    return cache_data(&llc->array, (uint64_t)frame / llc->array.ways, frame);
}

/* The victim entry of a line; of NO_LINE: a free one.  NULL: there is none. */
static struct llc_victim *find_victim(struct llc *llc, paddr_t line)
{
    for (unsigned i = 0; i < LLC_VICTIMS; i++)
        if (llc->victim[i].line == line)
            return &llc->victim[i];
    return NULL;
}

static void touch(struct llc *llc, int frame)
{
    cache_promote(&llc->array, (uint64_t)frame / llc->array.ways, frame);
}

/* ---- messages ---------------------------------------------------------------------- */

static struct coh_msg *send(struct home_step *step, enum coh_type type, paddr_t line, tile_id to)
{
    struct coh_msg *msg = out_add(step->out, type, line, step->tile, to);
    msg->requester = step->mshr ? step->mshr->requester : step->tile;
    msg->slot = step->mshr ? step->mshr->slot : 0;
    msg->delay = step->delay;
    return msg;
}

static struct coh_msg *ask_controller(struct home_step *step, enum coh_type type, paddr_t line)
{
    return send(step, type, line, coherence_controller(step->coh, line));
}

static struct coh_msg *answer_home(struct home_step *step, enum coh_type type)
{
    struct coh_msg *msg = send(step, type, step->mshr->line, step->tile);
    msg->delay += step->coh->llc_cycles;
    return msg;
}

static void send_victim(struct home_step *step, struct llc_victim *victim)
{
    struct coh_msg *msg = ask_controller(step, COH_MemEvict, victim->line);
    msg->mask = UINT64_MAX;
    memcpy(msg->data, victim->data, LINE_BYTES);
    victim->again = false;
}

/* ---- room -------------------------------------------------------------------------- */

static void evict(struct home_step *step, int frame, struct llc_victim *victim)
{
    struct llc *llc = &step->home->llc;
    victim->line = line_of_key(step->coh, step->tile, llc->array.line[frame]);
    memcpy(victim->data, frame_data(llc, frame), LINE_BYTES);
    llc->evictions++;
    send_victim(step, victim);
}

/* Takes a line in, as the most recently used: false, and nothing done, when there is no
 * frame whose line could go. */
static bool take_in(struct home_step *step, const uint8_t data[LINE_BYTES], enum llc_state state)
{
    struct llc *llc = &step->home->llc;
    struct llc_victim *victim = find_victim(llc, NO_LINE);
    paddr_t key = key_of(step->coh, step->mshr->line);
    int frame = cache_victim(&llc->array, key,
                             victim ? 1u << LLC_CLEAN | 1u << LLC_DIRTY : 1u << LLC_CLEAN);
    if (frame == NO_FRAME)
        return false;
    if (llc->array.line[frame] != NO_LINE && llc->array.state[frame] == LLC_DIRTY)
        evict(step, frame, victim);
    llc->array.fills++;
    llc->array.line[frame] = key;
    llc->array.state[frame] = (uint8_t)state;
    memcpy(frame_data(llc, frame), data, LINE_BYTES);
    touch(llc, frame);
    return true;
}

/* ---- reads --------------------------------------------------------------------------- */

void llc_read(struct home_step *step)
{
    struct llc *llc = &step->home->llc;
    paddr_t line = step->mshr->line;
    int frame = find_frame(step->coh, llc, line);
    struct llc_victim *victim = find_victim(llc, line);
    if (frame == NO_FRAME && !victim) {
        step->mshr->fills = is_present(llc);
        llc->misses += is_present(llc);
        ask_controller(step, COH_MemRead, line);
        return;
    }
    llc->hits++;
    memcpy(answer_home(step, COH_MemData)->data,
           frame == NO_FRAME ? victim->data : frame_data(llc, frame), LINE_BYTES);
    if (frame != NO_FRAME)
        touch(llc, frame);
}

/* What has come equals memory, unless the host has written since: then memory counts. */
void llc_fill(struct home_step *step)
{
    if (!step->mshr->fills)
        return;
    step->mshr->fills = false;
    take_in(step, dram_line(step->coh, step->mshr->line), LLC_CLEAN);
}

/* ---- writes ---------------------------------------------------------------------------- */

/* Puts a write into the line, wherever the slice has it, or can have it whole. */
static bool accept(struct home_step *step, const uint8_t data[LINE_BYTES], uint64_t mask)
{
    struct llc *llc = &step->home->llc;
    paddr_t line = step->mshr->line;
    int frame = find_frame(step->coh, llc, line);
    struct llc_victim *victim = find_victim(llc, line);
    if (frame != NO_FRAME) {
        llc->array.state[frame] = LLC_DIRTY;
        copy_bytes(frame_data(llc, frame), data, mask);
        touch(llc, frame);
        return true;
    }
    if (victim) {
        victim->again = true;
        copy_bytes(victim->data, data, mask);
        return true;
    }
    return mask == UINT64_MAX && take_in(step, data, LLC_DIRTY);
}

void llc_write(struct home_step *step, const uint8_t data[LINE_BYTES], uint64_t mask)
{
    struct llc *llc = &step->home->llc;
    if (is_present(llc) && accept(step, data, mask)) {
        llc->writes++;
        answer_home(step, COH_MemAck)->mask = mask; /* for whoever looks on */
        return;
    }
    llc->passed_by += is_present(llc);
    struct coh_msg *msg = ask_controller(step, COH_MemWrite, step->mshr->line);
    msg->mask = mask;
    memcpy(msg->data, data, LINE_BYTES);
}

void llc_end_eviction(struct home_step *step)
{
    struct llc_victim *victim = find_victim(&step->home->llc, step->in->line);
    if (!victim)
        coherence_violate(step->coh, "home of tile %u: MemEvicted of a line that was not, %#llx",
                          step->tile, (unsigned long long)step->in->line);
    else if (victim->again)
        send_victim(step, victim);
    else
        victim->line = NO_LINE;
}

/* ---- memory, from outside ------------------------------------------------------------------ */

static uint8_t *held(const struct coherence *coh, paddr_t line)
{
    struct llc *llc = &coh->home[coherence_home(coh, line)].llc;
    int frame = find_frame(coh, llc, line);
    struct llc_victim *victim = find_victim(llc, line);
    return frame != NO_FRAME ? frame_data(llc, frame) : victim ? victim->data : NULL;
}

const uint8_t *llc_memory(const struct coherence *coh, paddr_t line)
{
    const uint8_t *data = held(coh, line);
    return data ? data : dram_line(coh, line);
}

/* A victim's message may be under way with the old value. */
void llc_poke(struct coherence *coh, paddr_t address, const void *from, size_t bytes)
{
    paddr_t line = line_of(address);
    struct llc_victim *victim = find_victim(&coh->home[coherence_home(coh, line)].llc, line);
    uint8_t *data = held(coh, line);
    if (data)
        memcpy(data + address % LINE_BYTES, from, bytes);
    if (victim)
        victim->again = true;
    memcpy(dram_line(coh, line) + address % LINE_BYTES, from, bytes);
}

unsigned llc_out_max(const struct coherence *coh)
{
    return is_present(&coh->home[0].llc) ? coh->home[0].mshrs + 1 : 0;
}

bool llc_is_busy(const struct llc *llc)
{
    for (unsigned i = 0; i < LLC_VICTIMS; i++)
        if (llc->victim[i].line != NO_LINE)
            return true;
    return false;
}

paddr_t llc_find_stale(const struct coherence *coh, tile_id tile)
{
    const struct llc *llc = &coh->home[tile].llc;
    int frames = is_present(llc) ? (int)((llc->array.set_mask + 1) * llc->array.ways) : 0;
    for (int frame = 0; frame < frames; frame++) {
        if (llc->array.line[frame] == NO_LINE || llc->array.state[frame] != LLC_CLEAN)
            continue;
        paddr_t line = line_of_key(coh, tile, llc->array.line[frame]);
        if (memcmp(frame_data(llc, frame), dram_line(coh, line), LINE_BYTES) != 0)
            return line;
    }
    return NO_LINE;
}
