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
 * Time.  The host looks at memory that belongs to all tiles, so it may do so
 * only where all of them stand: `lookahead` cycles after the store, which no
 * hart can have passed, and which none passes before the request is served.
 * So is what the oracle is told (oracle.h): it looks into all tiles' TLBs.
 * A line whose value is on its way in a message cannot be looked at or changed;
 * the request is then tried again a cycle later, and those behind it wait.  The
 * end of the run takes effect after `lookahead` cycles for the same reason.
 */
#include "sim/tile/htif.h"

#include <stdarg.h>
#include <stdio.h>

#include "sim/base/arena.h"
#include "sim/tile/stale_reads.h"
#include "sim/tile/tile.h"

enum { CALL_WRITE = 64, CALL_WORDS = 4, WRITE_MAX = 4096 };

/* ---- the end of the run ------------------------------------------------------ */

/* False: another end came earlier. */
static bool end_run(struct tile *t, enum htif_end end, uint64_t code, cycle_t now)
{
    struct htif *htif = t->htif;
    bool earlier = now < htif->end_cycle || (now == htif->end_cycle && t->id < htif->end_tile);
    if (htif->end != HTIF_RUNS && !earlier)
        return false;
    htif->end = end;
    htif->exit_code = code;
    htif->end_cycle = now;
    htif->end_tile = t->id;
    if (now + t->lookahead < htif->stop_at)
        htif->stop_at = now + t->lookahead;
    if (t->hart->until > htif->stop_at)
        t->hart->until = htif->stop_at;
    return true;
}

void htif_trap_loop(struct tile *t)
{
    end_run(t, HTIF_TRAP_LOOP, 0, t->hart->cycle);
}

bool htif_stale_translation(struct tile *t, cycle_t at)
{
    return end_run(t, HTIF_STALE_TRANSLATION, 0, at);
}

void htif_stale_read(struct tile *t, cycle_t at)
{
    end_run(t, HTIF_STALE_READ, 0, at);
}

void htif_fault(struct tile *t, const char *format, ...)
{
    if (!end_run(t, HTIF_FAULT, 0, t->hart->cycle))
        return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(t->htif->fault, sizeof t->htif->fault, format, arguments);
    va_end(arguments);
}

/* ---- requests ------------------------------------------------------------------ */

static bool in_dram(const struct tile *t, paddr_t address, uint64_t bytes)
{
    return coherence_has(t->coherence, address) && bytes <= UINT64_MAX - address &&
           (bytes == 0 || coherence_has(t->coherence, address + bytes - 1));
}

static bool is_after(const struct htif_request *a, const struct htif_request *b)
{
    return a->at > b->at || (a->at == b->at && a->tile > b->tile);
}

/* Nobody runs past the time of the first request. */
static void request_service(struct tile *t, struct htif_request r)
{
    struct htif *htif = t->htif;
    r.tile = t->id;
    r.at = t->hart->cycle + t->lookahead;
    if (htif->requests == htif->capacity) {
        htif->capacity = htif->capacity ? 2 * htif->capacity : 16;
        htif->request = mem_resize(htif->request, htif->capacity * sizeof *htif->request);
    }
    unsigned i = htif->requests++;
    for (; i && is_after(&htif->request[i - 1], &r); i--)
        htif->request[i] = htif->request[i - 1];
    htif->request[i] = r;
    if (i == 0)
        htif->serve_at = r.at;
    if (t->hart->until > htif->serve_at)
        t->hart->until = htif->serve_at;
}

void htif_declare(struct tile *t, const struct shootdown *shootdown)
{
    request_service(t, (struct htif_request){.declares = true, .shootdown = *shootdown});
}

static void put(struct tile *t, uint8_t byte, cycle_t now)
{
    simctl_write(t, SIMCTL_CONSOLE, byte, now);
}

void htif_stored(struct tile *t, paddr_t address, uint64_t value)
{
    struct htif *htif = t->htif;
    if (!htif->tohost || address != htif->tohost || (uint32_t)value == 0)
        return;
    if (value >> 48 == 0x0101) {
        put(t, (uint8_t)value, t->hart->cycle);
        request_service(t, (struct htif_request){.performed = true,
                                                 .answer = value & ~UINT64_C(0xffffffffffff)});
    } else if (value & 1) {
        end_run(t, HTIF_EXIT, (value & 0xffffffffffffu) >> 1, t->hart->cycle);
    } else if (in_dram(t, value, CALL_WORDS * sizeof value)) {
        request_service(t, (struct htif_request){.word = value, .answer = 1});
    } else {
        htif_fault(t, "tohost word 0x%llx is not understood", (unsigned long long)value);
    }
}

/* ---- serving --------------------------------------------------------------------- */

static bool write_memory(struct tile *t, paddr_t address, uint64_t value, cycle_t now)
{
    if (!coherence_poke(t->coherence, address, &value, sizeof value))
        return false;
    stale_reads_poke(t->stale_reads, address, sizeof value, now);
    return true;
}

/* The call's words are at `block`; false: a line of it is on its way. */
static bool perform(struct tile *t, paddr_t block, cycle_t now)
{
    uint64_t call[CALL_WORDS], result = UINT64_MAX, length = 0;
    uint8_t text[WRITE_MAX];
    if (!coherence_peek(t->coherence, block, call, sizeof call))
        return false;
    if (call[0] == CALL_WRITE && call[3] <= WRITE_MAX && in_dram(t, call[2], call[3])) {
        length = result = call[3];
        if (!coherence_peek(t->coherence, call[2], text, length))
            return false;
    }
    if (!write_memory(t, block, result, now))
        return false;
    for (uint64_t i = 0; i < length; i++)
        put(t, text[i], now);
    return true;
}

static bool answer(struct tile *t, paddr_t fromhost, uint64_t value, cycle_t now)
{
    return !in_dram(t, fromhost, sizeof value) || write_memory(t, fromhost, value, now);
}

/* False: to be tried again. */
static bool serve(struct htif *htif, struct htif_request *r, struct tile *tiles, cycle_t now)
{
    struct tile *t = &tiles[r->tile];
    if (r->declares)
        return oracle_judge(tiles, &r->shootdown, now);
    r->performed = r->performed || perform(t, r->word, now);
    return r->performed && answer(t, htif->fromhost, r->answer, now);
}

void htif_serve(struct htif *htif, struct tile *tiles, cycle_t now)
{
    unsigned served = 0;
    while (served < htif->requests && htif->request[served].at <= now &&
           serve(htif, &htif->request[served], tiles, now))
        served++;
    htif->requests -= served;
    for (unsigned i = 0; i < htif->requests; i++)
        htif->request[i] = htif->request[i + served];
    cycle_t next = htif->requests ? htif->request[0].at : CYCLE_NEVER;
    htif->serve_at = next > now ? next : now + 1;
}
