/*
 * The host interface.  A word w stored to tohost means
 *     device 1, command 1     console byte (w >> 56 = 1, w >> 48 & 0xff = 1)
 *     bit 0 set               the run ends with code w >> 1
 *     otherwise               address of eight 64-bit words {call, a0, a1, a2, ...};
 *                             64 = write(fd, buffer, length); the result goes to
 *                             word 0 and 1 to fromhost
 * A 32-bit guest stores the low word first and may never store the high one,
 * so a non-zero low word is enough.
 *
 * The end takes effect `lookahead` cycles after the store: no hart can have run
 * further by then, so all of them stop at one well-defined cycle.
 */
#include "sim/tile/htif.h"

#include "sim/tile/tile.h"

enum { CALL_WRITE = 64, WRITE_MAX = 4096 };

static void end_run(struct tile *t, enum htif_end end, uint64_t code)
{
    struct htif *htif = t->htif;
    cycle_t now = t->hart->cycle;
    bool earlier = now < htif->end_cycle || (now == htif->end_cycle && t->id < htif->end_tile);
    if (htif->end != HTIF_RUNS && !earlier)
        return;
    htif->end = end;
    htif->exit_code = code;
    htif->end_cycle = now;
    htif->end_tile = t->id;
    if (now + t->lookahead < htif->stop_at)
        htif->stop_at = now + t->lookahead;
    if (t->hart->until > htif->stop_at)
        t->hart->until = htif->stop_at;
}

static void answer(struct tile *t, uint64_t value)
{
    if (t->htif->fromhost)
        coherence_poke(t->coherence, t->htif->fromhost, &value, sizeof value);
}

static void put(struct tile *t, uint8_t byte)
{
    simctl_write(t, SIMCTL_CONSOLE, byte, t->hart->cycle);
}

static void serve(struct tile *t, paddr_t block)
{
    uint64_t call[4] = {0};
    uint8_t byte;
    if (!coherence_peek(t->coherence, block, call, sizeof call))
        return;
    uint64_t result = UINT64_MAX;
    if (call[0] == CALL_WRITE && call[3] <= WRITE_MAX) {
        result = call[3];
        for (uint64_t i = 0; i < call[3] && coherence_peek(t->coherence, call[2] + i, &byte, 1);
             i++)
            put(t, byte);
    }
    coherence_poke(t->coherence, block, &result, sizeof result);
    answer(t, 1);
}

void htif_stored(struct tile *t, paddr_t address, uint64_t value)
{
    struct htif *htif = t->htif;
    if (!htif->tohost || address != htif->tohost || (uint32_t)value == 0)
        return;
    if (value >> 48 == 0x0101) {
        put(t, (uint8_t)value);
        answer(t, value & ~UINT64_C(0xffffffffffff));
    } else if (value & 1) {
        end_run(t, HTIF_EXIT, (value & 0xffffffffffffu) >> 1);
    } else {
        serve(t, value);
    }
}

void htif_trap_loop(struct tile *t)
{
    end_run(t, HTIF_TRAP_LOOP, 0);
}
